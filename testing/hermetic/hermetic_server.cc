#include "testing/hermetic/hermetic_server.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "http/cold_answer.h"
#include "http/hot.h"
#include "http/target.h"
#include "pypi/index/negotiated.h"

namespace bodega::testing {
namespace {

http::Method method_of(const std::string& text) {
  if (text == "GET") return http::Method::get;
  if (text == "HEAD") return http::Method::head;
  if (text == "POST") return http::Method::post;
  if (text == "PUT") return http::Method::put;
  if (text == "PATCH") return http::Method::patch;
  if (text == "DELETE") return http::Method::del;
  if (text == "OPTIONS") return http::Method::options;
  if (text == "PUSH") return http::Method::push;
  return http::Method::other;
}

class StringBody final : public http::RequestBody {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}
  std::optional<std::uint64_t> length() const override { return bytes_.size(); }
  Task<Result<std::string>> read() override {
    constexpr std::size_t kPiece = 1000;  // odd enough to split most things in the middle
    std::string piece = bytes_.substr(at_, kPiece);
    at_ += piece.size();
    co_return piece;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

// "Name: value" lines behind a status line.
void read_head(const std::string& head, Got& got) {
  const auto lines = split(head, '\n');
  const auto words = trim(lines[0]);
  got.status = static_cast<int>(parse_u64(words.substr(9, 3)).value_or(0));
  got.reason = std::string(words.size() > 13 ? words.substr(13) : std::string_view());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto line = trim(lines[i]);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) got.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
}

std::filesystem::path filled(const std::filesystem::path& directory, const std::filesystem::path& from) {
  if (!from.empty()) std::filesystem::copy(from, directory, std::filesystem::copy_options::recursive);
  return directory;
}

}  // namespace

struct Pending::State {
  Loop* loop = nullptr;
  std::vector<std::shared_ptr<const http::HotEntry>>* hot = nullptr;
  Got got;
  bool answered = false;
  bool done = false;
};

bool Pending::answered() const { return state_->answered; }
bool Pending::done() const { return state_->done; }

Got Pending::get() {
  for (int round = 0; !state_->done && round < 10'000; ++round) state_->loop->poll();
  BODEGA_CHECK(state_->done, "a request waits for something that the test does not do");
  return state_->got;
}

// What the connection does in the real server: shape the answer, follow the body.
struct HermeticServer::Call {
  static Task<void> run(app::Application& application, std::shared_ptr<http::Request> request, std::shared_ptr<StringBody> body,
                        std::shared_ptr<Pending::State> state) {
    auto response = co_await application.handle(*request);
    const auto answer = http::shape_answer(*request, response, 1);
    read_head(answer.head, state->got);
    if (response.outcome != http::CacheOutcome::none) state->got.cache = std::string(to_string(response.outcome));
    state->got.hot = response.hot != nullptr;
    if (response.hot) state->hot->push_back(response.hot);
    state->answered = true;
    if (answer.framing != http::Framing::none) co_await read_body(response, answer, state);
    state->done = true;
    (void)body;  // lives as long as the handler
  }

  static Task<void> read_body(const http::Response& response, const http::ColdAnswer& answer, std::shared_ptr<Pending::State> state) {
    if (const auto* text = std::get_if<std::string>(&response.body)) {
      state->got.body = text->substr(answer.first, answer.length.value_or(text->size()));
      co_return;
    }
    if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
      state->got.body = (*shared)->substr(answer.first, answer.length.value_or((*shared)->size()));
      co_return;
    }
    const auto source = std::get<http::FileBody>(response.body).source;
    std::uint64_t at = answer.first;
    while (!answer.length || at < answer.first + *answer.length) {
      auto available = co_await source->wait_beyond(at);
      if (!available) {
        state->got.broken = true;
        co_return;
      }
      if (*available == at) co_return;  // ended here, whole
      std::uint64_t until = *available;
      if (answer.length) until = std::min(until, answer.first + *answer.length);
      const auto part = read_part(*source, at, until - at);
      BODEGA_CHECK(part, "a served file could not be read");
      state->got.body += *part;
      at += part->size();
    }
  }
};

HermeticServer::HermeticServer(const Beginning& beginning)
    : disk_(filled(scratch_.path(), beginning.data)),
      timers_(clock_),
      pool_(make_inline_pool()),
      client_(std::make_unique<ScriptedClient>()),
      used_(!beginning.data.empty()) {
  config_.data = scratch_.path();
  config_.upstream = *Url::parse(kUpstream);
  config_.root_password = Secret(kRootPassword);
  const cache::FreshnessRules rules;
  config_.page_ttl_min = rules.ttl_min;
  config_.page_ttl_max = rules.ttl_max;
  config_.negative_ttl = rules.negative_ttl;
  config_.max_stale = rules.max_stale;
  config_.no_cache_floor = rules.no_cache_floor;
  config_.stale_patience = rules.patience;
  if (beginning.configure) beginning.configure(config_);
  open();
}

HermeticServer::~HermeticServer() { close(); }

void HermeticServer::open() {
  app::Parts parts{home_, *pool_, timers_, clock_, log_, disk_, *client_, [] { return 0.5; }};
  parts.catalog_threads = catalog::Threads::inline_writer;
  auto opened = app::Application::open(config_, std::move(parts), scratch_.path(), used_ ? catalog::HadData::yes : catalog::HadData::no);
  BODEGA_CHECK(opened, opened.error().describe().c_str());
  used_ = true;
  application_ = std::move(*opened);
  auto start = application_->start();
  const auto started = run(home_, std::move(start));
  BODEGA_CHECK(started, started.error().describe().c_str());
}

void HermeticServer::close() {
  if (!application_) return;
  client_->abandon_waiting();
  bool closed = false;
  asio::co_spawn(home_.executor(), application_->close(), [&closed](const std::exception_ptr&) { closed = true; });
  for (int round = 0; !closed && round < 10'000; ++round) {
    home_.poll();
    clock_.advance(std::chrono::seconds(61));  // retries and housekeeping look up and see that it is over
    timers_.fire();
  }
  BODEGA_CHECK(closed, "background work does not end");
  home_.poll();
  application_.reset();
}

void HermeticServer::restart(const std::function<void()>& in_between) {
  close();
  if (in_between) in_between();
  disk_.restart();
  open();
}

std::size_t HermeticServer::standing_hot() const {
  return static_cast<std::size_t>(std::count_if(hot_.begin(), hot_.end(), [](const auto& entry) { return entry->validity->stands(); }));
}

void HermeticServer::poll() {
  while (home_.poll() > 0) {
  }
}

void HermeticServer::advance(Duration by) {
  clock_.advance(by);
  do {
    poll();
  } while (timers_.fire() > 0);
  poll();
}

Pending HermeticServer::start(Ask ask) {
  auto request = std::make_shared<http::Request>();
  request->id = "test";
  request->method_text = ask.method;
  request->method = method_of(ask.method);
  request->target = ask.path;
  request->path = ask.path.substr(0, ask.path.find('?'));
  if (request->path.size() < ask.path.size()) request->query = ask.path.substr(request->path.size() + 1);
  const auto target = http::split_path(request->path);
  BODEGA_CHECK(target, "a test asks for a path that the server would refuse");
  request->segments = target->segments;
  request->trailing_slash = target->trailing_slash;
  request->headers = ask.headers;
  request->peer = {"192.0.2.7", "192.0.2.7", false, ask.administrator};
  request->host = "bodega.test";
  request->accept_class =
      pypi::accept_class(ask.headers.joined("Accept"), ask.headers.joined("Accept-Encoding"), ask.headers.get("User-Agent"));
  request->received = clock_.mono();
  std::shared_ptr<StringBody> body;
  if (!ask.body.empty()) {
    body = std::make_shared<StringBody>(std::move(ask.body));
    request->body = body.get();
  }
  auto state = std::make_shared<Pending::State>();
  state->loop = &home_;
  state->hot = &hot_;
  auto work = Call::run(*application_, request, body, state);
  asio::co_spawn(home_.executor(), std::move(work), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  poll();
  return Pending(state);
}

Got HermeticServer::get(const std::string& path, http::Headers headers) { return ask({"GET", path, std::move(headers), {}}); }

Got HermeticServer::get_json(const std::string& path) {
  return get(path, {{"Accept", "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"},
                    {"User-Agent", "uv/0.13.8"}});
}

std::string UpstreamFile::path() const {
  // The public index names files by BLAKE2b; here any 64 digits that differ for each file will do.
  const std::string hex = Digest::of("path of " + filename).hex();
  return "packages/" + hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex.substr(4) + "/" + filename;
}

std::string UpstreamFile::url() const { return "http://upstream.test/" + path(); }

std::string upstream_page(const std::string& name, const std::vector<UpstreamFile>& files, const std::string& extra_keys) {
  std::string page = R"({"meta":{"api-version":"1.4","_last-serial":42},"name":)" + json_string(name) + extra_keys + R"(,"files":[)";
  for (const auto& file : files) {
    if (&file != &files.front()) page += ",";
    page += R"({"filename":)" + json_string(file.filename) + R"(,"url":)" + json_string(file.url()) + R"(,"hashes":{)";
    if (file.with_sha256) page += R"("sha256":)" + json_string(Digest::of(file.bytes).hex());
    page += "}";
    if (file.with_sha256) page += R"(,"size":)" + std::to_string(file.bytes.size());
    if (!file.metadata.empty()) page += R"(,"core-metadata":{"sha256":)" + json_string(Digest::of(file.metadata).hex()) + "}";
    page += R"(,"upload-time":"2024-05-06T07:08:09.123456Z"})";
  }
  return page + "]}";
}

std::vector<std::pair<std::string, Answer>> answers_of(const std::string& name, const std::vector<UpstreamFile>& files) {
  const auto body = upstream_page(name, files);
  auto page = answer(body, '"' + Digest::of(body).hex().substr(0, 22) + '"');
  page.headers.add("Content-Type", "application/vnd.pypi.simple.v1+json");
  page.headers.add("Cache-Control", "max-age=600, public");
  std::vector<std::pair<std::string, Answer>> answers{{kUpstream + name + "/", std::move(page)}};
  for (const auto& file : files) {
    answers.emplace_back(file.url(), answer(file.bytes, '"' + Digest::of(file.bytes).hex().substr(0, 32) + '"'));
    if (!file.metadata.empty()) answers.emplace_back(file.url() + ".metadata", answer(file.metadata));
  }
  return answers;
}

void publish(ScriptedClient& upstream, const std::string& name, const std::vector<UpstreamFile>& files) {
  for (auto& [url, made] : answers_of(name, files)) upstream.on(url, std::move(made));
}

}  // namespace bodega::testing
