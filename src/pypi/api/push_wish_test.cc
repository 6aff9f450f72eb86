#include "pypi/api/push_wish.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

Result<PushWish> wish(const std::string& json) { return read_push_wish(Json::parse(json).value()); }

std::string refusal(const std::string& more) {
  const auto got = wish(R"({"name":"hello","version":"1.0")" + more + "}");
  if (got) return "taken";
  EXPECT_EQ(got.error().code, Code::invalid);
  return got.error().message;
}

TEST(PushWish, WithinTheServer) {
  const auto got = wish(R"({"name":"Hello.World","version":"1.0","targetindex":"a/b","no_docs":true})");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->name, "Hello.World");
  EXPECT_EQ(got->project, "hello-world");
  EXPECT_EQ(got->version, "1.0");
  EXPECT_EQ(got->parts, PushParts::no_docs);
  EXPECT_EQ(std::get<PushInside>(got->to).index, "a/b");
}

TEST(PushWish, ToAnotherServer) {
  const auto got =
      wish(R"({"name":"hello","version":"1.0","posturl":"https://me:mine@up.test:8080/legacy/?a=b#c","username":"u","password":"p",)"
           R"("register_project":true,"only_docs":true,"targetindex":null})");
  EXPECT_FALSE(got) << "a target of null counts as an unknown option beside a posturl";
  const auto plain =
      wish(R"({"name":"hello","version":"1.0","posturl":"https://me:mine@up.test:8080/legacy/?a=b#c","username":"u","password":"",)"
           R"("register_project":true,"only_docs":true})");
  ASSERT_TRUE(plain) << plain.error().message;
  const auto& to = std::get<PushOutside>(plain->to);
  EXPECT_EQ(to.url.text(), "https://up.test:8080/legacy/?a=b");
  EXPECT_TRUE(to.url.user.empty() && to.url.password.empty());
  EXPECT_EQ(to.user, "u");
  EXPECT_EQ(to.registration, Registration::first);
  EXPECT_EQ(plain->parts, PushParts::only_docs);
}

TEST(PushWish, SaysWhatIsWrong) {
  EXPECT_EQ(wish("[]").error().message, "Bad request: could not decode json");
  EXPECT_EQ(wish(R"({"name":"hello"})").error().message, "a push needs \"version\"");
  EXPECT_EQ(wish(R"({"name":{},"version":"1"})").error().message, "\"name\" must be a text");
  EXPECT_EQ(refusal(""), "a push needs \"targetindex\", or \"posturl\", \"username\" and \"password\"");
  EXPECT_EQ(refusal(R"(,"targetindex":"a/b","zoo":1,"foo":2)"), "unknown additional options: foo, zoo");
  EXPECT_EQ(refusal(R"(,"targetindex":"a/b","posturl":"http://x/")"), "unknown additional options: posturl");
  EXPECT_EQ(refusal(R"(,"targetindex":"a/b","no_docs":true,"only_docs":true)"), "can't use 'no_docs' and 'only_docs' together");
  EXPECT_EQ(refusal(R"(,"targetindex":"a/b","only_docs":1)"), "\"only_docs\" must be true or false");
  for (const std::string target : {"a", "a/b/c", "/b", "a/", "", "a/\\u0001"}) {
    EXPECT_EQ(refusal(R"(,"targetindex":")" + target + "\""), "targetindex not in format user/index") << target;
  }
  for (const std::string url : {"", "x", "ftp://x/", "//x/", "http://", "file:///etc/passwd"}) {
    EXPECT_EQ(refusal(R"(,"posturl":")" + url + R"(","username":"u","password":"p")"), "posturl is not an address of a web server") << url;
  }
  EXPECT_EQ(refusal(R"(,"posturl":"http://x/","password":"p")"), "a push needs \"username\"");
  EXPECT_EQ(refusal(R"(,"posturl":"http://x/","username":"u:u","password":"p")"), "username holds what it must not");
  EXPECT_EQ(refusal(R"(,"posturl":"http://x/","username":"u","password":"p\n")"), "password holds what it must not");
  EXPECT_EQ(refusal(R"(,"posturl":"http://x/","username":"u","password":7)"), "\"password\" must be a text");
}

TEST(PushWish, NamesAndVersionsAreBounded) {
  const auto with = [](const std::string& name, const std::string& version) {
    return wish(R"({"name":")" + name + R"(","version":")" + version + R"(","targetindex":"a/b"})").has_value();
  };
  EXPECT_TRUE(with("hello", "1.0-legacy version"));
  EXPECT_FALSE(with("", "1"));
  EXPECT_FALSE(with("hello", ""));
  EXPECT_FALSE(with("he\\nllo", "1"));
  EXPECT_FALSE(with("hello", "1\\u0000"));
  EXPECT_FALSE(with(std::string(1000, 'a'), "1"));
  EXPECT_FALSE(with("hello", std::string(1000, '1')));
}

}  // namespace
}  // namespace bodega::pypi
