// What the process can reach, made small at the start: with Landlock (Linux 5.13 and later) it opens nothing but its data directory, what
// TLS and name resolution read, and the files that the configuration names; and it starts no program. What is open already stays open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace bodega::app {

struct SandboxPaths {
  std::vector<std::filesystem::path> writable;  // directories; everything below
  std::vector<std::filesystem::path> sockets;   // directories in which a socket is made and removed
  std::vector<std::filesystem::path> readable;  // directories, or files that nobody replaces
};

// `certificates`: what the environment says of where they are (SSL_CERT_FILE, SSL_CERT_DIR). Of a file that people replace, its directory:
// rules are bound to inodes. Pure.
SandboxPaths sandbox_paths(const Config& config, const std::vector<std::filesystem::path>& certificates);

// For the calling thread and all it starts from now on: call it before there are others. Paths that do not exist are left out. The version
// of the kernel's Landlock, 0 where it has none or it is switched off. io: it is there and refuses.
Result<int> confine(const SandboxPaths& paths);

}  // namespace bodega::app
