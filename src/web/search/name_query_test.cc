#include "web/search/name_query.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"
#include "web/search/spelling.h"

namespace bodega::web {
namespace {

class Names : public ::testing::Test {
 protected:
  Names() {
    std::filesystem::create_directories(directory_);
    mirror_.user = "root";
    mirror_.index = "pypi";
  }
  ~Names() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path list_path() const { return directory_ / "names"; }
  std::filesystem::path gram_path() const { return directory_ / "grams"; }

  void make(const std::vector<std::string>& names, const std::string& source = "list") {
    NameListBuilder builder;
    for (const auto& name : names) builder.add(name);
    Pace pace;
    ASSERT_TRUE(builder.write(list_path(), Digest::of(source), pace));
    auto list = NameList::load(list_path());
    ASSERT_TRUE(list) << list.error().describe();
    mirror_.names = *list;
  }
  void make_grams() {
    Pace pace;
    ASSERT_TRUE(GramIndex::build(*mirror_.names, gram_path(), pace));
    auto grams = GramIndex::open(gram_path(), *mirror_.names);
    ASSERT_TRUE(grams) << grams.error().describe();
    mirror_.grams = *grams;
  }

  std::string found(const std::string& query, std::size_t limit = 100) const {
    const auto parsed = parse_query(query);
    const auto hits = search_names(mirror_, parsed, limit);
    EXPECT_TRUE(hits) << hits.error().describe();
    std::vector<std::string> out;
    for (const auto id : hits->best) out.emplace_back(mirror_.names->name(id));
    if (mirror_.grams) {
      std::size_t held = 0;
      for (NameId id = 0; id < mirror_.names->size(); ++id) held += holds_name(parsed, "root", "pypi", mirror_.names->name(id)) ? 1 : 0;
      EXPECT_EQ(held, hits->total) << query;
    }
    return join(out, " ");
  }
  std::string nearest(const std::string& name) const {
    const auto near = nearest_name(mirror_, name);
    EXPECT_TRUE(near);
    return *near ? (*near)->name : "";
  }

  std::filesystem::path directory_ = std::filesystem::path(::testing::TempDir()) / ("names-" + std::to_string(::getpid()));
  MirrorNames mirror_;
};

const std::vector<std::string> kNames = {
    "requests",    "requests-oauthlib", "requests-mock", "request", "grequests",     "my-requests-tool",
    "django",      "django-cms",        "django-filter", "flask",   "flask-login",   "py",
    "pytest",      "python-dateutil",   "a-py",          "x",       "x-ray",         "six",
    "http-client", "client-http",       "numpy",         "2to3",    "zope-interface"};

TEST_F(Names, AreSortedAndWeighed) {
  make({"b", "a", "a-x", "a-x-y", "a1", "b", "Bad_Name", "", "a-"});
  EXPECT_EQ(mirror_.names->size(), 5U);
  EXPECT_EQ(mirror_.names->name(0), "a");
  EXPECT_EQ(mirror_.names->name(1), "a-x");
  EXPECT_EQ(NameReader(*mirror_.names).padded(4), "-b-");
  EXPECT_EQ(mirror_.names->weight(0), 2U);
  EXPECT_EQ(mirror_.names->weight(1), 1U);
  EXPECT_EQ(mirror_.names->weight(4), 0U);
  EXPECT_EQ(mirror_.names->find("a1"), 3U);
  EXPECT_FALSE(mirror_.names->find("aa"));
  EXPECT_EQ(mirror_.names->source(), Digest::of("list"));
}

TEST_F(Names, ManyNamesAreFoundInAnyPlace) {
  std::vector<std::string> many;
  for (int i = 5000; i-- > 0;) many.push_back("name-" + std::to_string(i));
  make(many);
  make_grams();
  for (const auto& name : many) ASSERT_TRUE(mirror_.names->find(name)) << name;
  EXPECT_EQ(found("name-4321"), "name-4321");
  EXPECT_EQ(search_names(mirror_, parse_query("name"), 10)->total, 5000U);
  EXPECT_EQ(search_names(mirror_, parse_query("name"), 10)->best.size(), 10U);
}

TEST_F(Names, AWordMeansNamesThatHoldItBestFirst) {
  make(kNames);
  make_grams();
  EXPECT_EQ(found("requests"), "requests requests-mock requests-oauthlib my-requests-tool grequests");
  EXPECT_EQ(found("Django"), "django django-cms django-filter");
  EXPECT_EQ(found("http client"), "http-client client-http");
  EXPECT_EQ(found("'http client'"), "http-client");
  EXPECT_EQ(found("py"), "py pytest python-dateutil a-py");
  EXPECT_EQ(found("x"), "x x-ray");
  EXPECT_EQ(found("x*"), "x x-ray");
  EXPECT_EQ(found("fl*"), "flask flask-login");
  EXPECT_EQ(found("zope.interface"), "zope-interface");
  EXPECT_EQ(found("straße"), "");
  EXPECT_EQ(found("nothing-like-it"), "");
}

TEST_F(Names, FieldsAndOperators) {
  make(kNames);
  make_grams();
  EXPECT_EQ(found("name:request"), "request");
  EXPECT_EQ(found("name:Request*"), "request requests requests-mock requests-oauthlib");
  EXPECT_EQ(found("path:/root/pypi/six"), "six");
  EXPECT_EQ(found("path:/root/pypi/fl*"), "flask flask-login");
  EXPECT_EQ(found("path:/alice/*"), "");
  EXPECT_EQ(found("flask index:pypi"), "flask flask-login");
  EXPECT_EQ(found("flask index:dev"), "");
  EXPECT_EQ(found("flask index:root/pypi user:root type:project"), "flask flask-login");
  EXPECT_EQ(found("flask type:page"), "");
  EXPECT_EQ(found("keywords:flask"), "");
  EXPECT_EQ(found("django ANDNOT cms"), "django django-filter");
  EXPECT_EQ(found("django NOT cms NOT filter"), "django");
  EXPECT_EQ(found("six OR flask"), "six flask flask-login");
  EXPECT_EQ(found("six ANDMAYBE flask"), "six");
  EXPECT_EQ(search_names(mirror_, parse_query("NOT django"), 3)->total, kNames.size() - 3);
  EXPECT_EQ(search_names(mirror_, parse_query("*"), 3)->total, kNames.size());
  EXPECT_EQ(found("NOT * "), "");
}

TEST_F(Names, UntilTheLettersAreThereWordsMeanBeginnings) {
  make(kNames);
  EXPECT_EQ(found("requests"), "requests requests-mock requests-oauthlib");
  EXPECT_EQ(found("oauthlib"), "");
  EXPECT_EQ(found("name:six"), "six");
  EXPECT_EQ(nearest("reqests"), "requests") << "a letter apart";
  EXPECT_EQ(nearest("htpp-cleint"), "") << "two letters need the grams";
}

TEST_F(Names, PrefixesAreSuggestedWellKnownFirst) {
  make(kNames);
  const auto names = [this](const char* prefix) {
    std::string out;
    for (const auto id : suggest_names(*mirror_.names, prefix, 3)) out += std::string(mirror_.names->name(id)) + " ";
    return out;
  };
  EXPECT_EQ(names("re"), "requests request requests-mock ");
  EXPECT_EQ(names("request"), "request requests requests-mock ");
  EXPECT_EQ(names("q"), "");
}

TEST_F(Names, MisspeltOnesHaveANeighbour) {
  make(kNames);
  make_grams();
  EXPECT_EQ(nearest("reqeusts"), "requests");
  EXPECT_EQ(nearest("requets"), "requests") << "as near as request, and better known";
  EXPECT_EQ(nearest("djnago"), "django");
  EXPECT_EQ(nearest("djang"), "django");
  EXPECT_EQ(nearest("nunpy"), "numpy");
  EXPECT_EQ(nearest("http-cleint"), "http-client");
  EXPECT_EQ(nearest("zxcvbnm"), "");
  EXPECT_EQ(nearest("sx"), "");
}

TEST_F(Names, TheDistanceCountsSwappedLettersOnce) {
  EXPECT_EQ(spelling_distance("abcd", "abdc", 2), 1U);
  EXPECT_EQ(spelling_distance("abcd", "abcd", 2), 0U);
  EXPECT_EQ(spelling_distance("abcd", "bcd", 2), 1U);
  EXPECT_EQ(spelling_distance("abcd", "axcy", 2), 2U);
  EXPECT_EQ(spelling_distance("abcd", "wxyz", 2), 3U);
  EXPECT_EQ(spelling_distance("", "ab", 2), 2U);
  EXPECT_EQ(spelling_distance("", "abcde", 2), 3U);
}

TEST_F(Names, AnEmptyListIsAList) {
  make({});
  make_grams();
  EXPECT_EQ(found("x"), "");
  EXPECT_EQ(found("*"), "");
  EXPECT_EQ(nearest("requests"), "");
}

// A torn or damaged file is noticed when it is opened, and never read beyond its end.
TEST_F(Names, DamageIsNoticed) {
  make(kNames);
  make_grams();
  for (const auto& path : {list_path(), gram_path()}) {
    std::string bytes;
    {
      std::ifstream in(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    for (std::size_t cut : {std::size_t{0}, std::size_t{20}, std::size_t{75}, bytes.size() / 2, bytes.size() - 1}) {
      std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, cut);
      const bool opened = path == list_path() ? NameList::load(path).has_value() : GramIndex::open(path, *mirror_.names).has_value();
      EXPECT_FALSE(opened) << cut;
    }
    auto bent = bytes;
    bent[bytes.size() - 3] ^= 1;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bent;
    const bool opened = path == list_path() ? NameList::load(path).has_value() : GramIndex::open(path, *mirror_.names).has_value();
    EXPECT_FALSE(opened);
  }
  EXPECT_EQ(NameList::load(directory_ / "none").error().code, Code::not_found);
}

TEST_F(Names, LettersOfAnotherListAreRefused) {
  make(kNames);
  make_grams();
  make({"six"}, "another");
  EXPECT_EQ(GramIndex::open(gram_path(), *mirror_.names).error().code, Code::corrupt);
}

}  // namespace
}  // namespace bodega::web
