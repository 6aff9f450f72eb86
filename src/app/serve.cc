#include "app/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/signal_set.hpp>

#include "app/admin/administration.h"
#include "app/application.h"
#include "app/data_directory.h"
#include "app/give_back.h"
#include "app/notify.h"
#include "app/offline_client.h"
#include "app/sandbox.h"
#include "async/log_writer.h"
#include "http/client_options.h"
#include "pypi/index/negotiated.h"

namespace bodega::app {
namespace {

// Before there are threads: it holds for this one and those it starts.
Result<int> enter_sandbox(const Config& config) {
  if (!config.sandbox) return 0;
  BODEGA_TRY_VOID(DataDirectory::make(config.data));
  // SQLite's files of a moment (undo pages, sorting for a new index) have no name, but must be opened where writing is allowed.
  ::setenv("SQLITE_TMPDIR", config.data.c_str(), 1);
  std::vector<std::filesystem::path> certificates;
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (const char* path = std::getenv(name)) certificates.emplace_back(path);
  }
  return confine(sandbox_paths(config, certificates));
}

Exit exit_of(Code code) {
  switch (code) {
    case Code::invalid: return Exit::usage;
    case Code::no_space:
    case Code::corrupt:
    case Code::conflict:
    case Code::not_found:
    case Code::busy:  // the database, by another program
    case Code::io: return Exit::data_unusable;
    default: return Exit::failed;
  }
}

Exit complain(const Error& error, Exit code) {
  std::fprintf(stderr, "bodega: %s\n", error.message.c_str());
  if (!error.context.empty()) std::fprintf(stderr, "        (%s)\n", error.context.c_str());
  return code;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Whether this machine has the IPv6 loopback address: the only default that may be missing.
bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

std::string host_of(const Url& url) {
  const std::string origin = url.origin();
  return origin.substr(origin.find("//") + 2);
}

http::ServerOptions server_options(const Config& config, std::vector<int> handed) {
  http::ServerOptions options;
  for (const auto& address : config.listen) {
    if (address.absence == ListenAddress::Absence::is_error || has_ipv6()) options.listen.push_back(address.text());
  }
  options.listen_fds = std::move(handed);
  if (config.unix_socket)
    options.listen_unix.push_back({config.unix_socket->string(), config.unix_socket_perms.bits, http::Door::everybody});
  if (const auto path = admin_socket(config.data); path.size() <= http::kMaxUnixPath) {
    options.listen_unix.push_back({path, 0600, http::Door::administrator});
  }
  options.front_loops = config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
  if (config.public_url) {
    const auto& path = config.public_url->path;
    options.public_host = host_of(*config.public_url);
    options.public_path = path.substr(0, path.find_last_not_of('/') + 1);
  }
  options.allowed_hosts = config.allowed_hosts;
  for (const auto& network : config.trusted_proxies) options.trusted_proxies.push_back(network.text());
  options.classify = pypi::accept_class;
  // A form may hold as much besides its file.
  constexpr std::uint64_t kFormFields = 64ULL << 20;
  options.max_body_bytes = config.upload_max_size + kFormFields;
  options.hot_bytes = config.hot_memory;
  options.access_log = config.access_log;
  return options;
}

// One thread that leaves the processor to the others. Not SCHED_IDLE: on a busy machine that stands still for minutes, perhaps with a lock
// that somebody waits for.
std::unique_ptr<Pool> make_quiet_pool() {
  auto pool = make_thread_pool(1);
  pool->post([] {
    ::pthread_setname_np(::pthread_self(), "quiet");
    constexpr int kNicest = 19;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNicest);  // on Linux, of the thread
  });
  return pool;
}

// The loops, threads and real seams of one running server; members end in reverse order.
class Running {
 public:
  Running(const Command& command, LogWriter& log) : command_(command), config_(command.config), log_(log) { wait_for_hangup(); }

  Exit run() {
    auto handed = take_handed_sockets();
    if (!handed) return complain(handed.error(), Exit::usage);
    auto data = DataDirectory::open(config_.data);
    if (!data) return complain(data.error(), Exit::data_unusable);
    http::CurlOptions curl;
    curl.user_agent = "bodega/" + std::string(version());
    if (config_.upstream_ca_file) curl.extra_ca_file = config_.upstream_ca_file->string();
    if (config_.offline) {
      client_ = std::make_unique<OfflineClient>();
    } else {
      auto client = http::make_curl_client(std::move(curl), home_, log_);
      if (!client) return complain(client.error(), Exit::usage);
      client_ = std::move(*client);
    }
    Parts parts{home_, *pool_, *timers_, clock_, log_, *file_system_, *client_, [this] { return uniform_(random_); }};
    parts.quiet_pool = quiet_pool_.get();
    parts.log_lines_dropped = [this] { return log_.dropped(); };
    parts.names_after = std::chrono::minutes(1);
    parts.upstream_is_explicit = command_.upstream_is_explicit;
    auto application = Application::open(config_, std::move(parts), config_.data, (*data)->had_data());
    if (!application) return complain(application.error(), exit_of(application.error().code));
    application_ = std::move(*application);
    server_ = http::make_server(server_options(config_, std::move(handed->fds)), *application_, home_, clock_, log_);
    application_->watch(server_.get());
    if (auto listening = server_->listen(); !listening) return complain(listening.error(), Exit::address_in_use);
    if (const auto path = admin_socket(config_.data); path.size() > http::kMaxUnixPath) {
      log_.warning("server.admin_socket_skipped", {{"path", path}, {"why", "its path is too long for the system"}});
    }
    for (const auto& warning : command_.warnings) log_.warning("config.warning", {{"what", warning}});

    tasks_ = std::make_unique<TaskGroup>(home_, [this](const std::string& what) { log_.error("bug", {{"in", "serve"}, {"what", what}}); });
    auto begun = begin();
    tasks_->spawn(std::move(begun));
    wait_for_signal();
    home_.context().run();  // this thread is the home loop
    if (!closed_) {
      // Tasks were left in the middle, and what they refer to is about to go. A start after a crash is safe, so this end is too.
      log_.flush();
      std::_Exit(static_cast<int>(exit_));
    }
    return exit_;
  }

 private:
  Task<void> begin() {
    auto started = co_await application_->start();
    if (!started) {
      exit_ = complain(started.error(), exit_of(started.error().code));
      home_.stop();
      co_return;
    }
    server_->start();
    announce();
    if (auto told = notifier_.ready(); !told) log_.warning("notify.failed", {{"why", told.error().describe()}});
    auto settling = settle();
    tasks_->spawn(std::move(settling));
    if (!is_beyond_loopback()) co_return;
    if (const bool open = co_await application_->root_password_is_empty(); open) warn_of_empty_password();
  }

  // The rooms that open behind the first answers (search, the look over the store) are done by then, or nearly.
  Task<void> settle() {
    constexpr auto kSettled = std::chrono::seconds(3);
    co_await sleep_until(*timers_, clock_.mono() + kSettled);
    forget_the_start();
    co_await give_back(*quiet_pool_, *timers_, clock_);
  }

  bool is_beyond_loopback() const {
    const auto addresses = server_->addresses();
    return std::any_of(addresses.begin(), addresses.end(), [](const std::string& text) {
      const auto url = Url::parse(text);
      const auto address = url ? IpAddress::parse(url->host) : std::nullopt;
      return address && !address->is_loopback();  // a Unix socket has none
    });
  }

  void warn_of_empty_password() {
    log_.warning("root.password_empty", {{"user", "root"}});
    std::fprintf(
        stderr,
        "bodega: WARNING: the user root has an EMPTY PASSWORD and this server can be reached from other machines: anybody can take\n"
        "        it over. Give root a password: devpi-passwd root, or devpi login root and devpi user -m root password=...\n");
  }

  void announce() {
    const auto addresses = server_->addresses();
    if (!addresses.empty()) application_->listening_on(addresses.front());
    for (const auto& address : addresses) log_.info("server.listening", {{"address", address}});
    const bool by_port = !addresses.empty() && addresses.front().starts_with("http");
    std::string base = by_port ? addresses.front() : std::string("http://127.0.0.1:3141");
    if (!by_port && config_.public_url) base = config_.public_url->origin();
    const std::string index = base + "/root/pypi/+simple/";
    std::printf("Bodega %s listens on", std::string(version()).c_str());
    for (const auto& address : addresses) std::printf(" %s", address.c_str());
    std::printf("\n  data   %s\n  pip    pip install --index-url %s PACKAGE\n  uv     uv pip install --index-url %s PACKAGE\n",
                config_.data.c_str(), index.c_str(), index.c_str());
    const auto& password = application_->generated_password_file();
    if (!password.empty()) std::printf("  root   the generated password is in %s\n", password.c_str());
    std::fflush(stdout);
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      if (draining_) {
        // Somebody insists: whoever is still being served loses.
        log_.warning("server.stop_forced");
        exit_ = Exit::drain_cut_short;
        log_.flush();
        home_.stop();
        return;
      }
      draining_ = true;
      wait_for_signal();
      auto stopping = stop();
      tasks_->spawn(std::move(stopping));
    });
  }

  void wait_for_hangup() {
    hangups_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      wait_for_hangup();
      reload();
    });
  }

  // All of the new configuration is good, or the old one stays.
  void reload() {
    if (!application_ || draining_) return;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(clock_.mono().time_since_epoch()).count();
    if (auto told = notifier_.reloading(micros); !told) log_.warning("notify.failed", {{"why", told.error().describe()}});
    if (auto done = read_again(); done) {
      log_.info("config.reloaded", {{"changed", *done}});
    } else {
      log_.error("config.not_reloaded", {{"why", done.error().describe()}});
    }
    if (auto told = notifier_.ready(); !told) log_.warning("notify.failed", {{"why", told.error().describe()}});
  }

  // The keys that changed.
  Result<std::string> read_again() {
    if (!command_.read_again) return fail(Code::invalid, "a server that was started under devpi's name has to be started again");
    BODEGA_TRY(const Config fresh, command_.read_again());
    const Config old = config_;
    std::string changed;
    for (const auto& option : options()) {
      if (text_of(fresh, option) == text_of(old, option)) continue;
      const bool now = option.reload == Reload::on_hangup;
      if (now) carry_over(option, fresh, config_);
      if (!now) log_.warning("config.needs_restart", {{"option", option.key}});
      if (now) changed += (changed.empty() ? "" : " ") + std::string(option.key);
    }
    if (auto taken = application_->reload(); !taken) {
      config_ = old;
      (void)application_->reload();
      return fail(taken.error());
    }
    log_.set_level(config_.log_level);
    return changed;
  }

  Task<void> stop() {
    log_.info("server.stopping");
    if (auto told = notifier_.stopping(); !told) log_.warning("notify.failed", {{"why", told.error().describe()}});
    application_->set_draining();
    if (config_.drain_delay > Duration(0)) co_await sleep_until(*timers_, clock_.mono() + config_.drain_delay);
    const MonoTime limit = clock_.mono() + config_.drain_timeout;
    co_await server_->drain(config_.drain_timeout);
    const bool in_time = clock_.mono() < limit;
    if (!in_time) exit_ = Exit::drain_cut_short;
    auto closing = close();
    tasks_->spawn(std::move(closing));
    // What still comes in from upstreams is for nobody; it is not waited for long.
    constexpr auto kCloseLimit = std::chrono::seconds(2);
    constexpr auto kLook = std::chrono::milliseconds(5);
    const MonoTime close_limit = clock_.mono() + kCloseLimit;
    while (!closed_ && clock_.mono() < close_limit) co_await sleep_until(*timers_, clock_.mono() + kLook);
    log_.info("server.stopped", {{"complete", in_time}});
    home_.stop();
  }

  Task<void> close() {
    co_await application_->close();
    closed_ = true;
  }

  const Command& command_;
  Config config_;  // with what SIGHUP changed; the application refers to it
  LogWriter& log_;
  Exit exit_ = Exit::ok;
  bool draining_ = false;
  bool closed_ = false;
  SystemClock clock_;
  std::mt19937_64 random_{std::random_device{}()};
  std::uniform_real_distribution<double> uniform_{0.0, 1.0};
  Notifier notifier_{std::getenv("NOTIFY_SOCKET") != nullptr ? std::getenv("NOTIFY_SOCKET") : ""};
  Loop home_{"home"};
  asio::basic_signal_set<Executor> signals_{home_.context(), SIGTERM, SIGINT};
  asio::basic_signal_set<Executor> hangups_{home_.context(), SIGHUP};
  std::unique_ptr<store::FileSystem> file_system_ = store::make_posix_file_system();
  // Blocking work: two threads for each core keep a slow disk from starving short jobs, and at least four let a list be compressed beside.
  std::unique_ptr<Pool> pool_ = make_thread_pool(std::max(4U, 2 * std::thread::hardware_concurrency()));
  std::unique_ptr<Pool> quiet_pool_ = make_quiet_pool();
  std::unique_ptr<Timers> timers_ = make_loop_timers(home_, clock_);
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Application> application_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<TaskGroup> tasks_;
};

}  // namespace

Exit serve(const Command& command) {
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(0077);  // what libraries make in the data directory is nobody else's, too
  tame_malloc();
  raise_descriptor_limit();
  const SystemClock clock;
  LogWriterOptions options;
  options.format = command.config.log_format;
  options.level = command.config.log_level;
  const auto sandbox = enter_sandbox(command.config);
  if (!sandbox) return complain(sandbox.error(), exit_of(sandbox.error().code));
  const auto log = make_log_writer(options, clock);
  if (command.config.sandbox) log->info("sandbox.on", {{"landlock", *sandbox}});
  Running running(command, *log);
  return running.run();
}

}  // namespace bodega::app
