#include "web/search/engine.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"

namespace bodega::web {
namespace {

class Engine : public ::testing::Test {
 protected:
  Engine() {
    std::filesystem::create_directories(directory_);
    auto opened = TextIndex::open(directory_ / "texts");
    texts_ = std::move(opened->index);
    put({"alice/dev", "request-helpers", "Request_Helpers", "1.0", Origin::hosted, "Helpers around requests"});
    put({"alice/dev", "six", "six", "1.0", Origin::hosted, "Our own six"});
    put({"root/pypi", "requests", "requests", "2.32", Origin::mirrored, "HTTP for humans"});
    put({"root/pypi", "urllib3", "urllib3", "2.0", Origin::mirrored, "What requests stands on"});
    put({"bob/closed", "requests-secret", "requests-secret", "1", Origin::hosted, "Nobody knows"});
    EXPECT_TRUE(texts_->commit(""));
    NameListBuilder builder;
    for (const auto* name :
         {"requests", "requests-mock", "requests-oauthlib", "six", "urllib3", "grequests", "django", "django-cms", "reqests"})
      builder.add(name);
    for (int i = 0; i < 70; ++i) builder.add("requests-extra-" + std::to_string(i));
    Pace pace;
    EXPECT_TRUE(builder.write(directory_ / "names", Digest::of("x"), pace));
    mirror_ = {"root", "pypi", *NameList::load(directory_ / "names"), {}};
    EXPECT_TRUE(GramIndex::build(*mirror_.names, directory_ / "grams", pace));
    mirror_.grams = *GramIndex::open(directory_ / "grams", *mirror_.names);
  }
  ~Engine() override {
    texts_.reset();
    std::filesystem::remove_all(directory_);
  }
  void put(const ProjectText& project) { EXPECT_TRUE(texts_->put(project)); }

  SearchQuestion question(const std::string& text) const {
    return {text, parse_query(text), {"alice/dev", "root/pypi"}, texts_, {mirror_}};
  }
  SearchResults search(const std::string& text, std::size_t page = 1) const {
    auto out = run_search(question(text), page);
    EXPECT_TRUE(out) << out.error().describe();
    return std::move(*out);
  }
  static std::string paths(const SearchResults& results) {
    std::string out;
    for (const auto& hit : results.hits) out += (out.empty() ? "" : " ") + hit.index + "/" + hit.project;
    return out;
  }

  std::filesystem::path directory_ = std::filesystem::path(::testing::TempDir()) / ("engine-" + std::to_string(::getpid()));
  std::shared_ptr<TextIndex> texts_;
  MirrorNames mirror_;
};

TEST_F(Engine, TheExactNameThenHostedThenCachedThenNames) {
  const auto results = search("requests");
  EXPECT_EQ(results.total, 2U + 1U + 73U);
  EXPECT_EQ(paths(results).substr(0, 113),
            "root/pypi/requests alice/dev/request-helpers root/pypi/urllib3 root/pypi/requests-mock root/pypi/requests-extra-0");
  EXPECT_EQ(results.hits.size(), 10U);
  EXPECT_EQ(results.hits[0].version, "2.32");
}

TEST_F(Engine, OfAnExactNameTheHostedComesFirst) {
  EXPECT_EQ(paths(search("six")), "alice/dev/six root/pypi/six");
  EXPECT_EQ(search("six").total, 2U);
  EXPECT_EQ(paths(search("six index:pypi")), "root/pypi/six");
}

TEST_F(Engine, EveryHitStandsOnExactlyOnePage) {
  std::set<std::string> seen;
  const auto first = search("requests");
  for (std::size_t page = 1; page <= first.pages; ++page) {
    const auto results = search("requests", page);
    EXPECT_EQ(results.page, page);
    for (const auto& hit : results.hits) EXPECT_TRUE(seen.insert(hit.index + "/" + hit.project).second) << hit.project;
  }
  EXPECT_EQ(seen.size(), first.total);
}

TEST_F(Engine, PagesAreBroughtIntoRange) {
  EXPECT_EQ(search("requests", 99).page, search("requests").pages);
  EXPECT_EQ(search("six", 5).page, 1U);
  EXPECT_EQ(search("nothing-at-all", 3).pages, 1U);
  EXPECT_EQ(search("").total, 0U);
}

TEST_F(Engine, WhatIsClosedIsNowhere) {
  EXPECT_EQ(paths(search("secret")), "");
  EXPECT_EQ(paths(search("name:requests-secret")), "");
  const auto suggested = run_suggest(question(""), "requests-s", 8);
  EXPECT_TRUE(suggested->empty());
}

TEST_F(Engine, MisspeltWordsAreTold) {
  EXPECT_EQ(search("reqeusts").did_you_mean, "requests");
  EXPECT_EQ(search("djnago cms").did_you_mean, "django cms");
  EXPECT_EQ(search("requests").did_you_mean, "");
  EXPECT_EQ(search("reqests").did_you_mean, "requests") << "a name next to a well-known one";
  EXPECT_EQ(search("humens").did_you_mean, "humans");
  EXPECT_EQ(search("zzzzzzzz").did_you_mean, "");
}

TEST_F(Engine, SuggestionsAreHostedOnesThenWellKnownOnes) {
  std::string out;
  const auto suggested = run_suggest(question(""), "Req", 4);
  for (const auto& one : *suggested) out += one.index + "/" + one.name + " ";
  EXPECT_EQ(out, "alice/dev/request-helpers root/pypi/requests root/pypi/reqests root/pypi/requests-mock ");
  EXPECT_TRUE(run_suggest(question(""), "::", 4)->empty());
}

TEST_F(Engine, WithoutTextsOrNamesThereIsAnAnswerAllTheSame) {
  auto only_names = question("requests");
  only_names.texts = nullptr;
  EXPECT_EQ(run_search(only_names, 1)->total, 74U);
  auto only_texts = question("requests");
  only_texts.mirrors.clear();
  EXPECT_EQ(paths(*run_search(only_texts, 1)), "root/pypi/requests alice/dev/request-helpers root/pypi/urllib3");
}

TEST_F(Engine, SubHitsSayWhereItMatched) {
  const auto results = search("helpers");
  ASSERT_EQ(results.hits.size(), 1U);
  ASSERT_EQ(results.hits[0].sub_hits.size(), 1U);
  EXPECT_EQ(results.hits[0].sub_hits[0].type, "summary");
  EXPECT_TRUE(results.hits[0].summary.at(0).marked);
}

}  // namespace
}  // namespace bodega::web
