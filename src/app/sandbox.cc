#include "app/sandbox.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kSocket = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
// All that Landlock's first version knows, without device nodes and programs.
constexpr std::uint64_t kWrite = kRead | kSocket | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                 LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kEverything = kWrite | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

constexpr std::uint64_t kTruncate = 1ULL << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE; Debian 12's headers are older than it

// What later versions can tell apart, and so forbid where it is not allowed: from 2 on moving between directories, from 3 on truncating.
std::uint64_t added_since_first(int version) { return (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (version >= 3 ? kTruncate : 0); }

tl::unexpected<Error> refused(const std::string& what) {
  return fail(Code::io, "the sandbox cannot be made; the option sandbox can do without it (off)",
              what + ": " + std::generic_category().message(errno));
}

class Ruleset {
 public:
  explicit Ruleset(std::uint64_t handled) : handled_(handled) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = handled;
    fd_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  }
  ~Ruleset() {
    if (fd_ >= 0) ::close(fd_);
  }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;
  bool is_made() const { return fd_ >= 0; }

  Result<void> allow(const fs::path& path, std::uint64_t access) {
    const int target = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (target < 0) return {};
    struct stat facts {};
    const bool is_directory = ::fstat(target, &facts) == 0 && S_ISDIR(facts.st_mode);
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access & handled_ & (is_directory ? ~std::uint64_t{0} : kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate);
    rule.parent_fd = target;
    const bool done = ::syscall(SYS_landlock_add_rule, fd_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    const int errnum = errno;
    ::close(target);
    errno = errnum;
    if (!done) return refused(path.string());
    return {};
  }

  Result<void> enforce() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS");
    if (::syscall(SYS_landlock_restrict_self, fd_, 0) != 0) return refused("landlock_restrict_self");
    return {};
  }

 private:
  std::uint64_t handled_;
  int fd_ = -1;
};

}  // namespace

SandboxPaths sandbox_paths(const Config& config, const std::vector<fs::path>& certificates) {
  SandboxPaths paths;
  paths.writable = {config.data};
  if (config.unix_socket) paths.sockets = {config.unix_socket->parent_path()};
  // /etc and /run as far as resolvers and TLS read them; /usr and /lib hold what the C library loads late, and time zones.
  paths.readable = {"/etc",
                    "/usr",
                    "/lib",
                    "/lib64",
                    "/run/systemd/resolve",
                    "/run/resolvconf",
                    "/run/NetworkManager",
                    "/run/nscd",
                    "/var/lib/ca-certificates",
                    "/proc/self",
                    "/proc/meminfo",
                    "/sys/fs/cgroup",
                    "/dev/urandom"};
  for (const auto* file : {&config.config_file, &config.root_password_file, &config.token_key_file, &config.upstream_credentials_file,
                           &config.upstream_ca_file}) {
    if (*file) paths.readable.push_back((*file)->parent_path());
  }
  paths.readable.insert(paths.readable.end(), certificates.begin(), certificates.end());
  return paths;
}

Result<int> confine(const SandboxPaths& paths) {
  const auto version = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version <= 0) return 0;
  const std::uint64_t more = added_since_first(version);
  Ruleset rules(kEverything | more);
  if (!rules.is_made()) return refused("landlock_create_ruleset");
  for (const auto& path : paths.writable) BODEGA_TRY_VOID(rules.allow(path, kWrite | more));
  for (const auto& path : paths.sockets) BODEGA_TRY_VOID(rules.allow(path, kRead | kSocket));
  for (const auto& path : paths.readable) BODEGA_TRY_VOID(rules.allow(path, kRead));
  BODEGA_TRY_VOID(rules.allow("/dev/null", kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | more));
  BODEGA_TRY_VOID(rules.enforce());
  return version;
}

}  // namespace bodega::app
