// For tests of hosted indexes: users, indexes and uploads by the API of the whole server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "pypi/upload/upload_test_archives.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {

inline http::Headers login_of(const std::string& user, const std::string& password) {
  return {{"Authorization", "Basic " + base64_encode(user + ":" + password)}, {"Accept", "application/json"}};
}
// The password of users made here is "pw"; its hash is one that costs nothing, which no server makes by itself.
inline constexpr const char* kCheapHash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$hgFjP4udjlqLvF+6Kfk9pQ";
inline http::Headers as(const std::string& user) {
  if (user.empty()) return {{"Accept", "application/json"}};
  return login_of(user, user == "root" ? kRootPassword : "pw");
}

inline void make_user(HermeticServer& server, const std::string& name) {
  const auto got = server.ask({"PUT", "/" + name, as(""), R"({"password": "pw", "pwhash": ")" + std::string(kCheapHash) + "\"}"});
  ASSERT_EQ(got.status, 201) << got.body;
}

// `key` is "user/name"; its owner makes it.
inline void make_index(HermeticServer& server, const std::string& key, const std::string& options = "{}") {
  const auto got = server.ask({"PUT", "/" + key, as(key.substr(0, key.find('/'))), options});
  ASSERT_EQ(got.status, 200) << got.body;
}

inline void change_index(HermeticServer& server, const std::string& key, const std::string& options) {
  const auto got = server.ask({"PATCH", "/" + key, as(key.substr(0, key.find('/'))), options});
  ASSERT_EQ(got.status, 200) << got.body;
}

struct FormFile {
  std::string name;
  std::string bytes;
};
inline Ask form_ask(const std::string& index, const std::string& user, const std::vector<std::pair<std::string, std::string>>& fields,
                    const FormFile& file) {
  const std::string boundary = "boundary-of-a-test";
  std::string body;
  const auto part = [&](const std::string& head, const std::string& value) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + head + "\r\n\r\n" + value + "\r\n";
  };
  for (const auto& [name, value] : fields) part('"' + name + '"', value);
  part("\"content\"; filename=\"" + file.name + '"', file.bytes);
  body += "--" + boundary + "--\r\n";
  auto headers = as(user);
  headers.add("Content-Type", "multipart/form-data; boundary=" + boundary);
  return {"POST", "/" + index + "/", std::move(headers), std::move(body)};
}

inline Ask upload_ask(const std::string& index, const std::string& user, const std::string& project, const std::string& version) {
  std::string module = project;
  for (auto& c : module) c = c == '-' ? '_' : c;
  return form_ask(index, user, {{":action", "file_upload"}, {"name", project}, {"version", version}},
                  {module + "-" + version + "-py3-none-any.whl", pypi::testing::make_wheel(module, version)});
}

inline void put_docs(HermeticServer& server, const std::string& index, const std::string& project, const std::string& version) {
  const auto got =
      server.ask(form_ask(index, index.substr(0, index.find('/')), {{":action", "doc_upload"}, {"name", project}, {"version", version}},
                          {project + ".zip", pypi::testing::make_zip({{"index.html", "<h1>docs</h1>"}})}));
  ASSERT_EQ(got.status, 200) << got.body;
}

// The path of the file that was made.
inline std::string put_wheel(HermeticServer& server, const std::string& index, const std::string& project, const std::string& version) {
  const auto user = index.substr(0, index.find('/'));
  const auto got = server.ask(upload_ask(index, user, project, version));
  EXPECT_EQ(got.status, 200) << got.body;
  auto headers = as(user);
  headers.set("Accept", "application/vnd.pypi.simple.v1+json");
  const auto page = server.get("/" + index + "/+simple/" + project + "/", headers);
  const std::string begin = R"("url":"../../)";
  const auto at = page.body.rfind(begin);
  EXPECT_NE(at, std::string::npos) << page.status << page.body;
  if (at == std::string::npos) return {};
  const auto from = at + begin.size();
  const auto to = page.body.find_first_of("\"#", from);
  return "/" + index + "/" + page.body.substr(from, to - from);
}

// Everything a client can tell two answers apart by, with one name for the index.
inline std::string seen(const Got& got, const std::string& index) {
  std::string out = std::to_string(got.status) + " " + got.reason + "\n";
  for (const auto& field : got.headers.all()) out += field.name + ": " + field.value + "\n";
  out += got.body;
  for (auto at = out.find(index); at != std::string::npos; at = out.find(index)) out.replace(at, index.size(), "INDEX");
  return out;
}

}  // namespace bodega::testing
