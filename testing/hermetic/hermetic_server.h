// The whole server in one thread, without sockets, sleeping or luck: the real composition over a manual clock, a scripted upstream and a
// scratch directory. Requests go in as values and come out as what a client would read.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/application.h"
#include "app/config.h"
#include "testing/fault_file_system.h"
#include "testing/manual_clock.h"
#include "testing/manual_timers.h"
#include "testing/memory_log.h"
#include "testing/run_task.h"
#include "testing/scripted_client.h"

namespace bodega::testing {

inline constexpr const char* kUpstream = "http://upstream.test/simple/";
inline constexpr const char* kUpstreamFiles = "http://upstream.test/packages/";
inline constexpr const char* kRootPassword = "correct horse";

struct Got {
  int status = 0;
  std::string reason;
  http::Headers headers;
  std::string body;
  bool broken = false;  // the connection would have been cut before the end of the body
  std::string cache;    // X-Cache
  bool hot = false;     // from now on front loops give this answer to everybody who asks, without asking who
  std::string header(std::string_view name) const { return std::string(headers.get(name)); }
};

struct Ask {
  std::string method = "GET";
  std::string path;  // with query
  http::Headers headers;
  std::string body;
  bool administrator = false;  // through the administrator's socket
};

// One request under way.
class Pending {
 public:
  bool answered() const;  // its head is there
  bool done() const;      // all of it is
  Got get();              // polls until done; the test must have done what it waits for

 private:
  friend class HermeticServer;
  struct State;
  explicit Pending(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// What a server begins with.
struct Beginning {
  std::filesystem::path data;                   // a copy of this directory, which no server has open; empty: nothing
  std::function<void(app::Config&)> configure;  // what is not as usual
};

class HermeticServer {
 public:
  explicit HermeticServer(const Beginning& beginning = {});
  ~HermeticServer();

  // Ends the process and starts it again on the same directory: what is only in memory is gone.
  void restart(const std::function<void()>& in_between = {});
  // Lets time pass; what waits for it goes on.
  void advance(Duration by);
  void poll();

  Pending start(Ask ask);
  Got ask(Ask ask) { return start(std::move(ask)).get(); }
  Got get(const std::string& path, http::Headers headers = {});
  Got get_json(const std::string& path);  // as uv asks for a page

  // Answers that front loops would give without asking the application.
  std::size_t standing_hot() const;

  ScriptedClient& upstream() { return *client_; }
  ManualClock& clock() { return clock_; }
  MemoryLog& log() { return log_; }
  FaultFileSystem& disk() { return disk_; }
  const std::filesystem::path& data() const { return scratch_.path(); }
  app::Application& application() { return *application_; }
  app::Config& config() { return config_; }  // changes count from the next restart() on

 private:
  struct Call;
  void open();
  void close();

  ManualClock clock_;
  MemoryLog log_;
  ScratchDirectory scratch_;
  FaultFileSystem disk_;
  app::Config config_;
  Loop home_{"hermetic"};
  ManualTimers timers_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<ScriptedClient> client_;
  std::unique_ptr<app::Application> application_;
  bool used_ = false;
  std::vector<std::shared_ptr<const http::HotEntry>> hot_;
};

// A project page as the public index sends it, JSON, for files that lie under kUpstreamFiles.
struct UpstreamFile {
  std::string filename;
  std::string bytes;
  std::string metadata;  // of a wheel; empty = none
  bool with_sha256 = true;
  std::string url() const;   // the file host's address
  std::string path() const;  // "packages/aa/bb/<60 hex>/<file name>"
};
std::string upstream_page(const std::string& name, const std::vector<UpstreamFile>& files, const std::string& extra_keys = {});
// What an upstream answers for the page and the files, by URL.
std::vector<std::pair<std::string, Answer>> answers_of(const std::string& name, const std::vector<UpstreamFile>& files);
// Scripts all of it.
void publish(ScriptedClient& upstream, const std::string& name, const std::vector<UpstreamFile>& files);

}  // namespace bodega::testing
