#include "app/admin/administration.h"

#include <system_error>

#include "app/application.h"
#include "app/data_directory.h"
#include "app/offline_client.h"
#include "async/log_writer.h"
#include "http/target.h"

namespace bodega::app {
namespace {

class OverSocket final : public Administration {
 public:
  explicit OverSocket(std::string path) : path_(std::move(path)) {}
  Result<http::LocalAnswer> call(const http::LocalCall& call) override { return http::call_local(path_, call); }
  bool server_runs() const override { return true; }

 private:
  std::string path_;
};

class TextBody final : public http::RequestBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  Task<Result<std::string>> read() override { co_return std::exchange(text_, {}); }

 private:
  std::string text_;
};

http::Method method_of(std::string_view name) {
  if (name == "GET") return http::Method::get;
  if (name == "POST") return http::Method::post;
  if (name == "PUT") return http::Method::put;
  if (name == "PATCH") return http::Method::patch;
  if (name == "DELETE") return http::Method::del;
  return http::Method::other;
}

Result<http::Request> request_of(const http::LocalCall& call) {
  http::Request request;
  request.id = "command";
  request.method_text = call.method;
  request.method = method_of(call.method);
  request.target = call.target;
  request.path = call.target.substr(0, call.target.find('?'));
  if (request.path.size() < call.target.size()) request.query = call.target.substr(request.path.size() + 1);
  BODEGA_TRY(auto split, http::split_path(request.path));
  request.segments = std::move(split.segments);
  request.trailing_slash = split.trailing_slash;
  request.headers.add("Accept", "application/json");
  request.host = "localhost";
  request.peer = {"unix", "unix", true, true};
  return request;
}

http::LocalAnswer answer_of(http::Response response) {
  http::LocalAnswer out{response.status, std::move(response.headers), {}};
  if (auto* text = std::get_if<std::string>(&response.body)) out.body = std::move(*text);
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) out.body = **shared;
  return out;
}

// The application with everything on the calling thread. Members end in reverse order.
class InProcess final : public Administration {
 public:
  InProcess(const Config& config, std::unique_ptr<DataDirectory> directory) : config_(config), directory_(std::move(directory)) {
    LogWriterOptions options;
    options.format = config.log_format;
    options.level = LogLevel::warning;  // who types a command sees its outcome
    log_ = make_log_writer(options, clock_);
    // Nothing is fetched, and only the server's own options say how logins are signed.
    config_.upstream_credentials_file.reset();
  }
  ~InProcess() override {
    if (!application_) return;
    auto closing = closed(*application_);
    wait_for(std::move(closing));
  }

  Result<void> open() {
    Parts parts{home_, *pool_, *timers_, clock_, *log_, *file_system_, client_, [] { return 0.5; }};
    parts.catalog_threads = catalog::Threads::inline_writer;
    BODEGA_TRY(application_, Application::open(config_, std::move(parts), config_.data, catalog::HadData::yes));
    auto starting = application_->start();
    return wait_for(std::move(starting));
  }

  Result<http::LocalAnswer> call(const http::LocalCall& call) override {
    BODEGA_TRY(auto request, request_of(call));
    TextBody body(call.body);
    if (!call.body.empty()) request.body = &body;
    auto work = application_->handle(request);
    return answer_of(wait_for(std::move(work)));
  }
  bool server_runs() const override { return false; }

 private:
  static Task<bool> closed(Application& application) {
    co_await application.close();
    co_return true;
  }
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  template <class T>
  T wait_for(Task<T> task) {
    std::optional<T> out;
    std::exception_ptr failure;
    bool ended = false;
    auto kept = keep(std::move(task), out);
    // The handler's own end counts, not the value's: until then it holds on to what lies on this stack.
    asio::co_spawn(home_.executor(), std::move(kept), [&failure, &ended](std::exception_ptr error) {
      failure = std::move(error);
      ended = true;
    });
    while (!ended) home_.context().run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*out);
  }

  Config config_;
  std::unique_ptr<DataDirectory> directory_;  // the lock
  SystemClock clock_;
  std::unique_ptr<LogWriter> log_;
  Loop home_{"home"};
  std::unique_ptr<store::FileSystem> file_system_ = store::make_posix_file_system();
  std::unique_ptr<Pool> pool_ = make_inline_pool();
  std::unique_ptr<Timers> timers_ = make_loop_timers(home_, clock_);
  OfflineClient client_;
  std::unique_ptr<Application> application_;
};

Result<std::unique_ptr<Administration>> open_in_process(const Config& config) {
  std::error_code error;
  if (!std::filesystem::exists(config.data / "catalog.db", error)) {
    return fail(Code::not_found,
                "no server runs on " + config.data.string() +
                    ", and it holds no data of a Bodega. Name the right directory with --data, or run \"bodega serve\" once.");
  }
  auto directory = DataDirectory::open(config.data);
  if (!directory && directory.error().code == Code::conflict) {
    return fail(Code::conflict, directory.error().message + " It does not answer on " + admin_socket(config.data) +
                                    ": it is starting or stopping, or another command is at work; try again.");
  }
  if (!directory) return fail(std::move(directory).error());
  auto out = std::make_unique<InProcess>(config, std::move(*directory));
  BODEGA_TRY_VOID(out->open());
  return std::unique_ptr<Administration>(std::move(out));
}

}  // namespace

std::string admin_socket(const std::filesystem::path& data) { return (data / "bodega.sock").string(); }

Result<std::unique_ptr<Administration>> open_administration(const Config& config) {
  auto over_socket = std::make_unique<OverSocket>(admin_socket(config.data));
  const auto answer = over_socket->call({"GET", "/+health/live", {}});
  if (answer) return std::unique_ptr<Administration>(std::move(over_socket));
  if (answer.error().code == Code::forbidden) {
    return fail(Code::forbidden, answer.error().message + ". Run this as the user that runs the server, or as root.");
  }
  if (answer.error().code != Code::not_found) return fail(answer.error());
  return open_in_process(config);
}

}  // namespace bodega::app
