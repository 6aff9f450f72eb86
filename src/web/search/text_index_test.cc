#include "web/search/text_index.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"

namespace bodega::web {
namespace {

class Texts : public ::testing::Test {
 protected:
  Texts() { open(); }
  ~Texts() override {
    index_.reset();
    std::filesystem::remove_all(directory_);
  }

  TextIndex::Opened open() {
    index_.reset();
    auto opened = TextIndex::open(directory_);
    EXPECT_TRUE(opened) << opened.error().describe();
    index_ = std::move(opened->index);
    return std::move(*opened);
  }
  void put(const ProjectText& project) { ASSERT_TRUE(index_->put(project)); }
  void commit(const char* note = "") { ASSERT_TRUE(index_->commit(note)); }

  void fill() {
    ProjectText web{"alice/dev", "web-tools", "Web_Tools", "1.2"};
    web.summary = "Helpers for serving animals over HTTP";
    web.keywords = "http, server";
    web.author = "Alice Liddell";
    web.author_email = "alice@example.org";
    web.description = "# Web tools\n\nThey serve zebras and giraffes.\nInstalling them is easy.";
    web.license = "MIT";
    web.classifiers = {"Programming Language :: Python :: 3", "License :: OSI Approved :: MIT License"};
    web.pythons = {"3.11", "3.12"};
    web.docs_version = "1.2";
    web.pages = {{"index.html", "Start", "How to begin with serving."},
                 {"zoo/zebra.html", "Zebras", "A zebra has stripes. Zebra crossing."}};
    web.stamp = "s1";
    put(web);
    ProjectText secret{"bob/closed", "zebra-secrets", "zebra-secrets", "3"};
    secret.summary = "Hidden zebraic things";
    put(secret);
    ProjectText cached{"root/pypi", "zebra", "Zebra", "9.0"};
    cached.origin = Origin::mirrored;
    cached.summary = "A striped database";
    put(cached);
    commit("serial 7");
  }

  std::vector<std::string> everything_ = {"alice/dev", "bob/closed", "root/pypi"};
  std::vector<std::string> open_ = {"alice/dev", "root/pypi"};

  std::string found(const std::string& query, const std::vector<std::string>& readable, const std::string& exact = "") {
    const auto hits = index_->search({parse_query(query), readable, exact}, 0, 10);
    EXPECT_TRUE(hits) << hits.error().describe();
    std::string out = std::to_string(hits->total) + ":";
    for (const auto& hit : hits->hits) out += " " + hit.index + "/" + hit.project;
    return out;
  }
  std::string found(const std::string& query) { return found(query, open_); }

  static std::string text_of(const Excerpt& excerpt) {
    std::string out;
    for (const auto& piece : excerpt) out += piece.marked ? "[" + piece.text + "]" : piece.text;
    return out;
  }

  std::filesystem::path directory_ = std::filesystem::path(::testing::TempDir()) / ("texts-" + std::to_string(::getpid()));
  std::unique_ptr<TextIndex> index_;
};

TEST_F(Texts, WordsAreFoundInEveryText) {
  fill();
  for (const auto* query : {"zebras", "giraffe", "http", "liddell", "alice@example.org", "Installing", "install", "web", "tools",
                            "web-tools", "Web.Tools", "'serve zebras'", "gira*", "animals http", "stripes", "eb-to"}) {
    EXPECT_NE(found(query).find("alice/dev/web-tools"), std::string::npos) << query << " " << found(query);
  }
  for (const auto* query : {"elephant", "'zebras serve'", "http elephant", "xy"}) EXPECT_EQ(found(query), "0:") << query;
}

TEST_F(Texts, HostedComeFirstAndTheExactNameBeforeThem) {
  fill();
  EXPECT_EQ(found("zebra"), "2: alice/dev/web-tools root/pypi/zebra");
  EXPECT_EQ(found("zebra", open_, "zebra"), "2: root/pypi/zebra alice/dev/web-tools");
  const auto second = index_->search({parse_query("zebra"), open_, "zebra"}, 1, 1);
  EXPECT_EQ(second->hits.at(0).project, "web-tools");
  EXPECT_EQ(second->exact, 1U);
}

TEST_F(Texts, FieldsSayWhere) {
  fill();
  const std::string web = "1: alice/dev/web-tools";
  for (const auto* query : {"name:web-tools",
                            "name:Web_Tools",
                            "name:web*",
                            "index:dev",
                            "index:alice/dev",
                            "user:alice",
                            "path:/alice/dev/web-tools",
                            "path:/alice/*",
                            "keywords:http",
                            "classifiers:'Programming Language :: Python :: 3'",
                            "classifiers:'programming language'*",
                            "license:MIT",
                            "python:3.12",
                            "user:alice type:project",
                            "type:page stripes",
                            "type:title zebras",
                            "type:summary animals",
                            "type:author alice",
                            "summary:animals",
                            "author:liddell",
                            "type:keywords",
                            "zebras ANDNOT striped",
                            "http ANDMAYBE nothing"}) {
    EXPECT_EQ(found(query), web) << query;
  }
  for (const auto* query : {"name:web", "index:de", "user:ali", "type:summary giraffes", "type:project animals", "type:page animals",
                            "python:2.7", "license:gpl", "keywords:zebra", "classifiers:'Programming :: Nothing'"}) {
    EXPECT_EQ(found(query), "0:") << query;
  }
  EXPECT_EQ(found("*"), "2: alice/dev/web-tools root/pypi/zebra");
  EXPECT_EQ(found("NOT http"), "2: alice/dev/web-tools root/pypi/zebra") << "a page without the word stands for its project";
}

TEST_F(Texts, WhatIsClosedHasNoPartInAnything) {
  fill();
  EXPECT_EQ(found("zebra", everything_), "3: bob/closed/zebra-secrets alice/dev/web-tools root/pypi/zebra");
  EXPECT_EQ(found("secrets"), "0:");
  EXPECT_EQ(found("zebra", {}), "0:");
  EXPECT_EQ(found("*", {}), "0:");
  EXPECT_EQ(index_->names("zeb", open_, Origin::hosted, 5)->size(), 0U);
  EXPECT_EQ(index_->names("zeb", everything_, Origin::hosted, 5)->at(0).name, "zebra-secrets");
  EXPECT_EQ(index_->names("ze", open_, Origin::mirrored, 5)->at(0).name, "zebra");
  EXPECT_EQ(index_->nearest_word("zebriac", everything_)->value_or(""), "zebraic");
  EXPECT_NE(index_->nearest_word("zebriac", open_)->value_or(""), "zebraic");
  EXPECT_EQ(index_->nearest_word("girafes", open_)->value_or(""), "giraffes");
}

TEST_F(Texts, WeightsDoNotDependOnWhatIsHidden) {
  for (int i = 0; i < 5; ++i)
    put({"alice/dev", "p" + std::to_string(i), "p" + std::to_string(i), "1", Origin::hosted, i % 2 == 0 ? "red green" : "green blue blue"});
  commit();
  const auto before = found("red OR blue OR green", open_);
  for (int i = 0; i < 50; ++i) put({"bob/closed", "q" + std::to_string(i), "q" + std::to_string(i), "1", Origin::hosted, "red red red"});
  commit();
  EXPECT_EQ(found("red OR blue OR green", open_), before);
}

TEST_F(Texts, AHitShowsWhereItMatched) {
  fill();
  TextQuestion question{parse_query("zebra"), open_};
  auto hits = index_->search(question, 0, 1);
  auto& hit = hits->hits.at(0);
  EXPECT_EQ(hit.name, "Web_Tools");
  EXPECT_EQ(hit.version, "1.2");
  ASSERT_TRUE(index_->explain(question, hit, 3));
  ASSERT_EQ(hit.sub_total, 2U);
  EXPECT_EQ(hit.sub_hits[0].type, "description");
  EXPECT_EQ(text_of(hit.sub_hits[0].excerpt), "# Web tools They serve [zebras] and giraffes. Installing them is easy.");
  EXPECT_EQ(hit.sub_hits[1].title, "Zebras");
  EXPECT_EQ(hit.sub_hits[1].path, "zoo/zebra.html");
  EXPECT_EQ(text_of(hit.sub_hits[1].excerpt), "A [zebra] has stripes. [Zebra] crossing.");
  TextQuestion only{parse_query("type:page zebra"), open_};
  TextHit again = hit;
  again.sub_hits.clear();
  again.sub_total = 0;
  ASSERT_TRUE(index_->explain(only, again, 3));
  EXPECT_EQ(again.sub_total, 1U);
}

TEST_F(Texts, ChangesAreSeenWithTheCommit) {
  fill();
  put({"alice/dev", "web-tools", "web-tools", "2.0", Origin::hosted, "now about elephants"});
  EXPECT_EQ(found("elephants"), "0:");
  commit();
  EXPECT_EQ(found("elephants"), "1: alice/dev/web-tools");
  EXPECT_EQ(found("giraffes"), "0:");
  ASSERT_TRUE(index_->remove("alice/dev", "web-tools"));
  commit();
  EXPECT_EQ(found("elephants"), "0:");
  ASSERT_TRUE(index_->remove_index("root/pypi"));
  commit("serial 9");
  EXPECT_EQ(found("*", everything_), "1: bob/closed/zebra-secrets");
  EXPECT_EQ(index_->note(), "serial 9");
}

TEST_F(Texts, StayWithTheDirectory) {
  fill();
  const auto opened = open();
  EXPECT_FALSE(opened.fresh);
  EXPECT_EQ(index_->note(), "serial 7");
  EXPECT_EQ(found("giraffes"), "1: alice/dev/web-tools");
  const auto stamps = index_->stamps("alice/dev");
  ASSERT_EQ(stamps->size(), 1U);
  EXPECT_EQ(stamps->at(0), std::make_pair(std::string("web-tools"), std::string("s1")));
  EXPECT_EQ(join(*index_->indexes(), " "), "alice/dev bob/closed root/pypi");
}

// A kill leaves the last commit: the files of the moment are copied and opened elsewhere, as if the process had ended there.
TEST_F(Texts, AKillInTheMiddleLeavesTheLastCommit) {
  fill();
  put({"alice/dev", "half", "half", "1", Origin::hosted, "not committed"});
  const auto copy = directory_.string() + "-killed";
  std::filesystem::remove_all(copy);
  std::filesystem::copy(directory_, copy, std::filesystem::copy_options::recursive);
  auto killed = TextIndex::open(copy);
  ASSERT_TRUE(killed);
  EXPECT_FALSE(killed->fresh);
  EXPECT_EQ(killed->index->note(), "serial 7");
  EXPECT_EQ(killed->index->search({parse_query("committed"), open_}, 0, 10)->total, 0U);
  EXPECT_EQ(killed->index->search({parse_query("giraffes"), open_}, 0, 10)->total, 1U);
  killed->index.reset();
  std::filesystem::remove_all(copy);
}

TEST_F(Texts, DamageIsAnErrorOrAFreshIndexNeverAnEnd) {
  fill();
  index_.reset();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) files.push_back(entry.path());
  ASSERT_GE(files.size(), 3U);
  const auto saved = directory_.string() + "-saved";
  std::filesystem::remove_all(saved);
  std::filesystem::copy(directory_, saved, std::filesystem::copy_options::recursive);
  for (const auto& file : files) {
    for (const char kind : {'e', 't', 'g'}) {
      std::filesystem::remove_all(directory_);
      std::filesystem::copy(saved, directory_, std::filesystem::copy_options::recursive);
      const auto size = std::filesystem::file_size(file);
      if (kind == 'e') std::filesystem::resize_file(file, 0);
      if (kind == 't') std::filesystem::resize_file(file, size / 2);
      if (kind == 'g') std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(size, '\x5a');
      auto opened = TextIndex::open(directory_);
      ASSERT_TRUE(opened) << file;
      const auto hits = opened->index->search({parse_query("zebra"), open_}, 0, 10);
      EXPECT_TRUE(hits || hits.error().code == Code::corrupt) << file << kind;
      (void)opened->index->put({"alice/dev", "x", "x", "1"});
      (void)opened->index->commit("");
    }
  }
  std::filesystem::remove_all(saved);
}

TEST_F(Texts, TheNewestReleasesComeFirstInFeeds) {
  const std::vector<std::pair<const char*, const char*>> dates = {
      {"a", "2026-01-01T00:00:00Z"}, {"b", "2026-03-01T00:00:00Z"}, {"c", "2026-02-01T00:00:00Z"}, {"undated", ""}};
  for (const auto& [name, released] : dates) {
    ProjectText project{"alice/dev", name, name, "1"};
    project.description = "zebras";
    project.released = released;
    project.pages = {{"index.html", "More zebras", "zebras"}};
    put(project);
  }
  commit();
  std::string out;
  const auto newest = index_->newest({parse_query("zebras"), open_}, 10);
  ASSERT_TRUE(newest);
  for (const auto& hit : *newest) out += hit.project + " ";
  EXPECT_EQ(out, "b c a ");
  EXPECT_EQ(index_->newest({parse_query("zebras"), open_}, 2)->size(), 2U);
  EXPECT_TRUE(index_->newest({parse_query("zebras"), {"bob/closed"}}, 10)->empty());
}

// A text made of nothing but different words took seconds of processor time and a hundred megabytes.
TEST_F(Texts, WordsOfATextAreBounded) {
  std::string many;
  for (int i = 0; i < 9000; ++i) many += "w" + std::to_string(i) + " ";
  ProjectText project{"alice/dev", "many", "many", "1"};
  project.description = many;
  put(project);
  commit();
  EXPECT_EQ(found("w3500"), "1: alice/dev/many");
  EXPECT_EQ(found("w4500"), "0:");
}

TEST_F(Texts, MuchTextIsCommittedByItself) {
  fill();
  ProjectText project{"alice/dev", "many", "many", "1"};
  std::string text;
  while (text.size() < 60'000) text += "unusual words ";
  for (int i = 0; i < 6; ++i) project.pages.push_back({"page" + std::to_string(i) + ".html", "Page", text});
  put(project);
  EXPECT_EQ(found("unusual"), "1:") << "pages without their project are counted, and not shown";
  EXPECT_EQ(index_->note(), "serial 7");
  EXPECT_GT(index_->documents(), 5U) << "some are committed";
  commit();
  EXPECT_EQ(found("unusual"), "1: alice/dev/many");
}

}  // namespace
}  // namespace bodega::web
