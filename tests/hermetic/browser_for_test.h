// A browser as far as pages need one: cookies, forms with the word of their session, redirects on demand.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {

class Browser {
 public:
  explicit Browser(HermeticServer& server) : server_(server) {}

  Got get(const std::string& path) { return ask({"GET", path, {}, {}}); }
  // Fields in their order; the word of the last page that had one goes with them, unless a field is one.
  Got post(const std::string& path, std::vector<std::pair<std::string, std::string>> fields) {
    std::string body = "csrf=" + csrf_;
    for (const auto& [name, value] : fields) body += "&" + percent_encode(name) + "=" + percent_encode(value);
    return ask({"POST", path, {{"Content-Type", "application/x-www-form-urlencoded"}}, body});
  }
  Got post_files(const std::string& path, const std::vector<FormFile>& files) {
    std::string body = "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + csrf_ + "\r\n";
    for (const auto& file : files) {
      body += "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"" + file.name + "\"\r\n\r\n" + file.bytes + "\r\n";
    }
    return ask({"POST", path, {{"Content-Type", "multipart/form-data; boundary=b"}}, body + "--b--\r\n"});
  }
  Got log_in(const std::string& user, const std::string& password = "pw") {
    return post("/+manage/login", {{"user", user}, {"password", password}, {"back", "/" + user}});
  }
  // Where a redirect leads, as the browser follows it.
  Got follow(const Got& got) { return get(got.header("Location")); }

  Got ask(Ask request) {
    request.headers.add("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    request.headers.add("User-Agent", "Mozilla/5.0");
    std::string cookies;
    for (const auto& [name, value] : cookies_) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) request.headers.add("Cookie", cookies);
    auto got = server_.ask(std::move(request));
    keep(got);
    return got;
  }

  std::map<std::string, std::string>& cookies() { return cookies_; }
  std::string& csrf() { return csrf_; }

 private:
  void keep(const Got& got) {
    for (const auto& field : got.headers.all()) {
      if (!iequals(field.name, "Set-Cookie")) continue;
      const auto pair = field.value.substr(0, field.value.find(';'));
      const auto name = pair.substr(0, pair.find('='));
      if (field.value.find("Max-Age=0") != std::string::npos) {
        cookies_.erase(name);
      } else {
        cookies_[name] = pair.substr(pair.find('=') + 1);
      }
    }
    const std::string word = "name=\"csrf\" value=\"";
    if (const auto at = got.body.find(word); at != std::string::npos) {
      csrf_ = got.body.substr(at + word.size(), got.body.find('"', at + word.size()) - at - word.size());
    }
  }

  HermeticServer& server_;
  std::map<std::string, std::string> cookies_;
  std::string csrf_;
};

}  // namespace bodega::testing
