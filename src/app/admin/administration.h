// How a command gets its work done on a data directory: by the server that runs there, through the administrator's socket, or, when none
// runs, by the same application in this process. Either way it speaks the HTTP interface as root.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "http/local_client.h"

namespace bodega::app {

// DATA/bodega.sock
std::string admin_socket(const std::filesystem::path& data);

class Administration {
 public:
  virtual ~Administration() = default;
  // Blocks. Errors are sentences with the next step; an answer with any status is none.
  virtual Result<http::LocalAnswer> call(const http::LocalCall& call) = 0;
  virtual bool server_runs() const = 0;
};

// Makes no data directory. Errors are sentences with the next step: nothing there, in use without a socket, not for this user. `config`
// outlives the result.
Result<std::unique_ptr<Administration>> open_administration(const Config& config);

}  // namespace bodega::app
