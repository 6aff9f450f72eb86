// devpi's API over a real catalog in a directory of its own, on one loop that is polled by hand, with a clock that stands.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>

#include <gtest/gtest.h>

#include "async/loop.h"
#include "async/offload.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "pypi/api/api.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"
#include "testing/manual_clock.h"
#include "testing/run_task.h"

namespace bodega::pypi {

class TextBody final : public http::RequestBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  // Five bytes at a time: no reader may rely on whole bodies.
  Task<Result<std::string>> read() override {
    std::string piece = text_.substr(at_, 5);
    at_ += piece.size();
    co_return piece;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

struct Call {
  std::string method = "GET";
  std::string path = {};  // with query
  std::string body = {};
  std::string user = {};  // sent as X-Devpi-Auth with `secret`
  std::string secret = {};
  std::string accept = "application/json";  // "" = no header
  std::string client = "10.0.0.1";
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bodega-api-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    open();
  }
  ~ApiTest() override {
    close();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // As at a start of the server; what was committed is all that is left of the time before.
  void open(StartOptions options = {}) {
    auto catalog = catalog::open_catalog({.directory = directory_, .threads = catalog::Threads::inline_writer, .clock = &clock_}, *pool_,
                                         first_ ? catalog::HadData::no : catalog::HadData::yes);
    ASSERT_TRUE(catalog) << catalog.error().describe();
    first_ = false;
    catalog_ = std::move(*catalog);
    facts_ = std::make_unique<cache::Dependencies>();
    registry_ = std::make_unique<Registry>(Registry::Dependencies{*catalog_, *facts_, hasher_, clock_, log_});
    if (options.upstream.host.empty()) options.upstream = Url::parse("https://PYPI_HOST.example/simple/").value();
    if (!options.root_password) options.root_password = Secret("secret");
    options.mirror_web_url_fmt = "https://pypi_host.example/project/{name}/";
    const auto started = bodega::testing::run(loop_, registry_->first_start(std::move(options)));
    ASSERT_TRUE(started) << started.error().describe();
    authenticator_ = std::make_unique<access::Authenticator>(*registry_, hasher_, clock_, access::Authenticator::Options{});
    authenticator_->set_token_key(registry_->token_secret());
    make_api({});
  }
  void make_api(ApiOptions options) {
    options.version = "0.1.0";
    api_ = std::make_unique<Api>(Api::Dependencies{*catalog_, *registry_, *authenticator_, hasher_, clock_, log_}, std::move(options));
  }
  void close() {
    api_.reset();
    authenticator_.reset();
    registry_.reset();
    catalog_.reset();
  }

  http::Response call(const Call& call) {
    http::Request request;
    request.method_text = call.method;
    request.method = method_of(call.method);
    const auto mark = call.path.find('?');
    request.path = call.path.substr(0, mark);
    if (mark != std::string::npos) request.query = call.path.substr(mark + 1);
    request.target = call.path;
    request.trailing_slash = request.path.size() > 1 && request.path.back() == '/';
    for (const auto part : split(request.path, '/')) {
      if (!part.empty()) request.segments.push_back(percent_decode(part).value());
    }
    request.host = "localhost:4141";
    request.peer = {call.client, call.client, false};
    if (!call.accept.empty()) request.headers.add("Accept", call.accept);
    if (!call.user.empty()) request.headers.add("X-Devpi-Auth", base64_encode(call.user + ":" + call.secret));
    TextBody body(call.body);
    if (!call.body.empty()) request.body = &body;
    return bodega::testing::run(loop_, api_->handle(request, find_route(request.segments)));
  }
  // "201 {...}": status and body, without the final newline and what differs from run to run.
  std::string text(const Call& what) {
    const auto response = call(what);
    std::string body = std::get<std::string>(response.body);
    if (!body.empty() && body.back() == '\n') body.pop_back();
    body = std::regex_replace(body, std::regex(R"("bl1\.[^"]*")"), "\"TOKEN\"");
    return std::to_string(response.status) + " " + body;
  }
  // The same with the JSON on one line.
  std::string line(const Call& what) {
    const std::string answer = text(what);
    const auto json = Json::parse(answer.substr(4));
    return json ? answer.substr(0, 4) + json->compact() : answer;
  }
  std::string login(const std::string& user, const std::string& password) {
    const auto response =
        call({.method = "POST", .path = "/+login", .body = R"({"user":")" + user + R"(","password":")" + password + "\"}"});
    EXPECT_EQ(response.status, 200);
    return std::string(Json::parse(std::get<std::string>(response.body)).value().find("result")->text("password"));
  }
  // alice with the password 123; her token.
  std::string make_alice() {
    EXPECT_EQ(call({.method = "PUT", .path = "/alice", .body = R"({"password":"123"})"}).status, 201);
    return login("alice", "123");
  }

  static http::Method method_of(const std::string& name) {
    if (name == "GET") return http::Method::get;
    if (name == "HEAD") return http::Method::head;
    if (name == "POST") return http::Method::post;
    if (name == "PUT") return http::Method::put;
    if (name == "PATCH") return http::Method::patch;
    if (name == "DELETE") return http::Method::del;
    if (name == "OPTIONS") return http::Method::options;
    if (name == "PUSH") return http::Method::push;
    return http::Method::other;
  }

  bool first_ = true;
  std::filesystem::path directory_;
  bodega::testing::ManualClock clock_;
  NullLog log_;
  Loop loop_{"home"};
  std::unique_ptr<Pool> pool_ = make_inline_pool();
  access::PasswordHasher hasher_{*pool_, {{8, 1, 1}, 2, 8}};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<cache::Dependencies> facts_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<access::Authenticator> authenticator_;
  std::unique_ptr<Api> api_;
};

}  // namespace bodega::pypi
