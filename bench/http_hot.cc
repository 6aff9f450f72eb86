// Serves a 30 KB page from memory, a 480 KB page and a 2 MB file from files, all out of the hot table, until stdin ends. bench/http_hot.sh
// compares it with nginx. Usage: http_hot PORT DIRECTORY [access-log-file]; the directory holds p5, p30, p480 and f2m.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "async/loop.h"
#include "base/text.h"
#include "http/server.h"

namespace {

using namespace bodega;  // NOLINT(google-build-using-namespace): a program of one file
using namespace bodega::http;

class WholeFile final : public FileSource {
 public:
  explicit WholeFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) { ::fstat(fd_, &stat_); }
  ~WholeFile() override { ::close(fd_); }
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  int fd() const override { return fd_; }
  std::optional<std::uint64_t> total() const override { return static_cast<std::uint64_t>(stat_.st_size); }
  std::uint64_t available() const override { return static_cast<std::uint64_t>(stat_.st_size); }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t) const override { co_return available(); }
  bool intact() const override {
    struct stat now {};
    return ::fstat(fd_, &now) == 0 && now.st_ino == stat_.st_ino && now.st_size == stat_.st_size && now.st_ctime == stat_.st_ctime;
  }

 private:
  int fd_;
  struct stat stat_ {};
};

class FileLog final : public Log {
 public:
  explicit FileLog(const char* path) : file_(path == nullptr ? nullptr : std::fopen(path, "w")) {}
  bool wants(LogLevel) const override { return file_ != nullptr; }
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
  void write_line(std::string_view line) override {
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fputc('\n', file_);
  }
  bool json() const override { return true; }

 private:
  FILE* file_;
};

class Files final : public Handler {
 public:
  Files(std::string directory, const Clock& clock)
      : directory_(std::move(directory)), clock_(clock), validity_(std::make_shared<Validity>()) {}
  Task<Response> handle(Request& request) override {
    Response response;
    response.route = "bench";
    response.headers = {{"Content-Type", "application/octet-stream"},
                        {"ETag", "\"0123456789abcdef0123456789abcdef\""},
                        {"Cache-Control", "public, max-age=600"},
                        {"Vary", "Accept, Accept-Encoding"},
                        {"Accept-Ranges", "bytes"}};
    const auto path = directory_ + request.path;
    if (request.path == "/p5" || request.path == "/p30") {
      std::ifstream in(path, std::ios::binary);
      response.body = std::string(std::istreambuf_iterator<char>(in), {});
    } else if (::access(path.c_str(), R_OK) == 0) {
      response.body = FileBody{std::make_shared<WholeFile>(path)};
    } else {
      response.status = 404;
      response.body = std::string("no such file\n");
      co_return response;
    }
    if (request.query.empty()) response.hot = make_hot_entry(response, request.path, 1, validity_, clock_.mono() + std::chrono::hours(1));
    co_return response;
  }

 private:
  std::string directory_;
  const Clock& clock_;
  std::shared_ptr<Validity> validity_;
};

int classify(std::string_view accept, std::string_view, std::string_view) { return accept.empty() ? 0 : 1; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  SystemClock clock;
  FileLog log(argc > 3 ? argv[3] : nullptr);
  Loop home("home");
  home.start();
  Files handler(argv[2], clock);
  ServerOptions options;
  options.listen = {std::string("127.0.0.1:") + argv[1]};
  if (const char* loops = std::getenv("FRONT_LOOPS")) options.front_loops = static_cast<std::size_t>(std::atoi(loops));
  options.classify = [](std::string_view, std::string_view, std::string_view) { return 1; };
  if (std::getenv("ANY_CLASS") != nullptr) options.classify = classify;
  auto server = make_server(std::move(options), handler, home, clock, log);
  if (const auto listening = server->listen(); !listening) {
    std::cerr << listening.error().message << "\n";
    return 1;
  }
  server->start();
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}
