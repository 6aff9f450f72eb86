#include "pypi/index/index_config.h"

#include <array>

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

bool known_base(const std::string& key) { return key == "alice/dev" || key == "root/pypi"; }

Json parsed(std::string_view text) { return Json::parse(text).value(); }

std::string created(std::string_view body) {
  const auto options = new_index_options("alice", parsed(body), known_base);
  return options ? options->compact() : options.error().message;
}

std::string patched(std::string_view current, std::string_view body, NoChange no_change = NoChange::is_fine) {
  const auto options = patched_index_options("alice", parsed(current), parsed(body), known_base, no_change);
  return options ? options->compact() : options.error().message;
}

constexpr std::string_view kDev = R"({"volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice"],)"
                                  R"("mirror_whitelist_inheritance":"intersection","bases":[],"type":"stage"})";

struct Case {
  std::string body;
  std::string expected;
};

TEST(NewIndexOptions, DefaultsAndOrderAsRecorded) {
  EXPECT_EQ(created("{}"), kDev);
  EXPECT_EQ(
      created(
          R"({"volatile":"False","bases":"alice/dev,root/pypi","acl_upload":"alice,:group,:anonymous:","title":"P","mirror_whitelist":"He_llo,*"})"),
      R"({"volatile":false,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":["he-llo","*"],"title":"P",)"
      R"("acl_upload":["alice",":group",":ANONYMOUS:"],"mirror_whitelist_inheritance":"intersection","bases":["alice/dev","root/pypi"],"type":"stage"})");
  EXPECT_EQ(created(R"({"type":"mirror","mirror_url":"http://localhost:4999/simple/","mirror_cache_expiry":"60","title":"M"})"),
            R"({"volatile":true,"mirror_url":"http://localhost:4999/simple/","title":"M","mirror_cache_expiry":60,"type":"mirror"})");
  EXPECT_EQ(created(R"({"type":"mirror"})"), R"({"volatile":true,"type":"mirror"})");
  EXPECT_EQ(created(R"({"type":"mirror","mirror_url":"http://x/","bases":"root/pypi","acl_upload":"x","pypi_whitelist":"*"})"),
            R"({"volatile":true,"mirror_url":"http://x/","type":"mirror"})");
}

TEST(NewIndexOptions, BasesMayBeginAndEndWithASlash) {
  EXPECT_EQ(created(R"({"bases":["/root/pypi","root/pypi/"]})"), created(R"({"bases":["root/pypi","root/pypi"]})"));
  EXPECT_EQ(created(R"({"bases":"/"})"), "invalid base index spec: ''");
}

TEST(NewIndexOptions, MessagesAreDevpis) {
  for (const auto& [body, expected] : std::initializer_list<Case>{
           {R"({"bases":["nope/x","a/b/c"]})", "base index 'nope/x' does not exist, invalid base index spec: 'a/b/c'"},
           {R"({"bases":"justname"})", "invalid base index spec: 'justname'"},
           {R"({"type":"foo"})", "unknown index type 'foo'"},
           {R"({"type":5})", "unknown index type 5"},
           {R"({"foo":"bar","baz":1})", "indexconfig got unexpected keyword arguments: foo=bar, baz=1"},
           {R"({"foo":[true,null,"x"]})", "indexconfig got unexpected keyword arguments: foo=[True, None, 'x']"},
           {R"({"volatile":"maybe"})", "Unknown boolean value 'maybe'."},
           {R"({"volatile":1})", "Unknown boolean value 1."},
           {R"({"acl_upload":5})", "Unknown list value 5."},
           {R"({"acl_upload":[5]})", "Unknown list value [5]."},
           {R"({"mirror_whitelist_inheritance":"foo"})",
            "Unknown value 'foo' for mirror_whitelist_inheritance, must be 'intersection' or 'union'."},
           {R"({"type":"mirror","mirror_url":"ftp://x"})", "'mirror_url' option must be a URL."},
           {R"({"type":"mirror","mirror_url":"http://"})", "'mirror_url' option must be a URL."},
           {R"({"type":"mirror","mirror_url":5})", "'mirror_url' option must be a URL."},
           {R"({"type":"mirror","mirror_cache_expiry":"abc"})", "'mirror_cache_expiry' option must be an integer"},
           {R"({"type":"mirror","mirror_cache_expiry":[]})", "'mirror_cache_expiry' option must be an integer"},
           {R"({"title":null})", "The key 'title' wasn't processed."},
           {R"({"mirror_url":"http://x/"})", "indexconfig got unexpected keyword arguments: mirror_url=http://x/"},
           {R"([])", "Bad request: could not decode json"},
       }) {
    EXPECT_EQ(created(body), expected) << body;
  }
}

TEST(NewIndexOptions, ValuesAreNormalised) {
  for (const auto& [body, key, expected] : std::initializer_list<std::array<std::string, 3>>{
           {R"({"volatile":"YES"})", "volatile", "true"},
           {R"({"volatile":"no"})", "volatile", "false"},
           {R"({"bases":" root/pypi , ,alice/dev,"})", "bases", R"(["root/pypi","alice/dev"])"},
           {R"({"bases":""})", "bases", "[]"},
           {R"({"acl_upload":[":Authenticated:","Bob"]})", "acl_upload", R"([":AUTHENTICATED:","Bob"])"},
           {R"({"mirror_whitelist":["A.B_c","*"]})", "mirror_whitelist", R"(["a-b-c","*"])"},
           {R"({"mirror_whitelist_inheritance":"UNION"})", "mirror_whitelist_inheritance", "\"union\""},
           {R"({"custom_data":{"b":1,"a":2}})", "custom_data", R"({"b":1,"a":2})"},
           {R"({"type":"mirror","mirror_cache_expiry":" +60 "})", "mirror_cache_expiry", "60"},
           {R"({"type":"mirror","mirror_cache_expiry":60.9})", "mirror_cache_expiry", "60"},
           {R"({"type":"mirror","mirror_no_project_list":"true"})", "mirror_no_project_list", "true"},
       }) {
    const auto options = new_index_options("alice", parsed(body), known_base);
    ASSERT_TRUE(options) << body << ": " << options.error().message;
    ASSERT_NE(options->find(key), nullptr) << body;
    EXPECT_EQ(options->find(key)->compact(), expected) << body;
  }
}

TEST(PatchedIndexOptions, ObjectsMergeAndNewKeysComeLast) {
  EXPECT_EQ(patched(kDev, R"({"title":"x","volatile":true})"),
            R"({"volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice"],)"
            R"("mirror_whitelist_inheritance":"intersection","bases":[],"type":"stage","title":"x"})");
  EXPECT_EQ(patched(kDev, R"({"type":"indexconfig","result":{"type":"stage","title":"y"}})"), patched(kDev, R"({"title":"y"})"));
  EXPECT_EQ(patched(kDev, R"({"projects":["a"],"volatile":"yes","mirror_whitelist_inheritance":"Intersection"})"), kDev);
  EXPECT_EQ(patched(kDev, "{}"), kDev);
}

TEST(PatchedIndexOptions, ListsSetAddDeleteAndDrop) {
  const auto step1 = patched(kDev, R"(["title=y","acl_upload+=bob","bases=root/pypi"])");
  EXPECT_EQ(step1, R"({"volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice","bob"],)"
                   R"("mirror_whitelist_inheritance":"intersection","bases":["root/pypi"],"type":"stage","title":"y"})");
  const auto step2 = patched(step1, R"(["acl_upload-=bob","acl_upload+=alice","title-="])");
  EXPECT_EQ(step2, R"({"volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice"],)"
                   R"("mirror_whitelist_inheritance":"intersection","bases":["root/pypi"],"type":"stage"})");
  EXPECT_EQ(patched(kDev, R"(["title=a=b"])"), patched(kDev, R"({"title":"a=b"})"));
  EXPECT_EQ(patched(kDev, R"(["bases+=root/pypi","bases+=alice/dev","bases-=root/pypi"])"), patched(kDev, R"({"bases":"alice/dev"})"));
  EXPECT_EQ(patched(kDev, R"(["title=x","title-="])"), kDev);
  EXPECT_EQ(patched(kDev, R"(["nothing-="])"), kDev);
}

TEST(PatchedIndexOptions, MessagesAreDevpis) {
  for (const auto& [body, expected] : std::initializer_list<Case>{
           {R"(["acl_upload-=bob"])", "The 'acl_upload' setting doesn't have value 'bob'"},
           {R"(["volatile-="])", "Default values can't be removed."},
           {R"(["bases-="])", "Default values can't be removed."},
           {R"(["type-="])", "Default values can't be removed."},
           {R"(["foo=bar"])", "indexconfig got unexpected keyword arguments: foo=bar"},
           {R"(["foo+=bar"])", "indexconfig got unexpected keyword arguments: foo=bar"},
           {R"(["bases+=nope/x"])", "base index 'nope/x' does not exist"},
           {R"({"type":"mirror"})", "the 'type' of an index can't be changed"},
           {R"(["type=mirror"])", "the 'type' of an index can't be changed"},
           {R"(["title+=x"])", "indexconfig got unexpected keyword arguments: title=x"},
           {R"(["volatile+=x"])", "The 'volatile' setting is not a list"},
           {R"([5])", "Bad request: could not decode json"},
           {R"("text")", "Bad request: could not decode json"},
       }) {
    EXPECT_EQ(patched(kDev, body), expected) << body;
  }
}

TEST(PatchedIndexOptions, NoChangeIsAnErrorOnRequest) {
  constexpr std::string_view message = "The requested modifications resulted in no changes";
  EXPECT_EQ(patched(kDev, "[]", NoChange::is_an_error), message);
  EXPECT_EQ(patched(kDev, R"(["acl_upload+=alice"])", NoChange::is_an_error), message);
  EXPECT_EQ(patched(kDev, std::string(kDev), NoChange::is_an_error), message);
  EXPECT_EQ(patched(kDev, R"(["title=x"])", NoChange::is_an_error), patched(kDev, R"({"title":"x"})"));
}

TEST(PatchedIndexOptions, KeysOfPluginsSurvive) {
  const std::string imported = R"({"type":"stage","volatile":false,"acl_pkg_read":["bob"],"constraints":"x<2"})";
  EXPECT_EQ(patched(imported, R"(["title=x"])"),
            R"({"type":"stage","volatile":false,"acl_pkg_read":["bob"],"constraints":"x<2","title":"x"})");
  EXPECT_EQ(patched(imported, imported), imported);
  EXPECT_EQ(patched(imported, R"({"constraints":"y"})"), "indexconfig got unexpected keyword arguments: constraints=y");
}

TEST(IndexCredentials, AreForManagersOnlyAndSurviveARoundTrip) {
  const std::string stored = R"({"volatile":true,"mirror_url":"https://u:p%40w@example.com/simple/","type":"mirror"})";
  const auto config = load_index_config("alice", "mir", stored).value();
  ASSERT_TRUE(config.mirror_url);
  EXPECT_EQ(config.mirror_url->user, "u");
  EXPECT_EQ(config.mirror_url->password.reveal(), "p@w");
  const Json seen = shown_options(config, Viewer::stranger);
  EXPECT_EQ(seen.text("mirror_url"), "https://example.com/simple/");
  EXPECT_EQ(shown_options(config, Viewer::manager).compact(), stored);
  // What a stranger sees, sent back by somebody who may: nothing is lost.
  EXPECT_EQ(patched(stored, seen.compact()), stored);
  EXPECT_EQ(patched(stored, R"(["mirror_url=https://example.com/simple/"])"), stored);
  EXPECT_EQ(patched(stored, R"(["mirror_url=https://example.org/"])"),
            R"({"volatile":true,"mirror_url":"https://example.org/","type":"mirror"})");
}

TEST(IndexCredentials, UserInformationIsCutOutAnywhere) {
  EXPECT_EQ(without_userinfo("http://u@h/x@y"), "http://h/x@y");
  EXPECT_EQ(without_userinfo("http://u:a@b@h?q=@"), "http://h?q=@");
  EXPECT_EQ(without_userinfo("http://h/"), "http://h/");
  EXPECT_EQ(without_userinfo("text"), "text");
  EXPECT_EQ(without_userinfo(""), "");
}

TEST(LoadIndexConfig, ReadsWhatTheRestOfTheServerNeeds) {
  const auto config = load_index_config("alice", "dev", kDev).value();
  EXPECT_EQ(config.key(), "alice/dev");
  EXPECT_FALSE(config.is_mirror());
  EXPECT_TRUE(config.is_volatile);
  EXPECT_EQ(config.acl_upload, std::vector<std::string>{"alice"});
  EXPECT_EQ(config.whitelist_mode, WhitelistMode::intersection);
  EXPECT_FALSE(config.acl_read);

  const auto mirror =
      load_index_config("root", "pypi", R"({"type":"mirror","mirror_url":"https://example.com/simple","mirror_cache_expiry":60})").value();
  EXPECT_TRUE(mirror.is_mirror());
  EXPECT_EQ(mirror.mirror_url->text(), "https://example.com/simple/");
  EXPECT_EQ(mirror.mirror_cache_expiry, std::chrono::seconds(60));
  EXPECT_TRUE(mirror.acl_upload.empty());
}

TEST(LoadIndexConfig, OldAndOddDataIsTolerated) {
  const auto old = load_index_config("a", "b", R"({"type":"stage","volatile":"x","bases":5,"title":7,"mirror_cache_expiry":-3})").value();
  EXPECT_TRUE(old.is_volatile);
  EXPECT_TRUE(old.bases.empty());
  EXPECT_EQ(old.whitelist_mode, WhitelistMode::unite);
  EXPECT_EQ(old.acl_toxresult_upload, std::vector<std::string>{":ANONYMOUS:"});
  EXPECT_FALSE(load_index_config("a", "b", "[]"));
  EXPECT_FALSE(load_index_config("a", "b", "{"));
}

TEST(AccountName, OnlyFourSignsOfAsciiPunctuation) {
  for (const std::string name : {"alice", "a.b", "x@4", "A-_9", "\xC3\xBCser", "\xE6\x97\xA5"})
    EXPECT_TRUE(is_valid_account_name(name)) << name;
  for (const std::string name : {"", "b d", "x+4", "x$", "a/b", "a:b", "a\"b", "a\tb", "a\x7F", "a\\b", "\xFF"})
    EXPECT_FALSE(is_valid_account_name(name)) << name;
  EXPECT_FALSE(is_valid_account_name(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace bodega::pypi
