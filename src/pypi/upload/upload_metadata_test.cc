#include "pypi/upload/upload_metadata.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

const MetadataKey& key(std::string_view name) { return *find_metadata_key(name); }
Json parsed(const ReleaseMetadata& metadata) { return Json::parse(metadata.json()).value(); }

TEST(MetadataKeys, FieldsAreUnderstoodInEverySpellingClientsUse) {
  const auto meant = [](std::string_view field) {
    const auto* found = key_of_field(field);
    return found ? std::string(found->name) : "";
  };
  EXPECT_EQ(meant("requires_dist"), "requires_dist");
  EXPECT_EQ(meant("Requires-Dist"), "requires_dist");
  EXPECT_EQ(meant("classifier"), "classifiers");
  EXPECT_EQ(meant("classifiers"), "classifiers");
  EXPECT_EQ(meant("Project-URL"), "project_urls");
  EXPECT_EQ(meant("platforms"), "platform");
  EXPECT_EQ(meant("provides_extra"), "provides_extras");
  EXPECT_EQ(meant("Provides-Extra"), "provides_extras");
  EXPECT_EQ(meant("License-File"), "license_file");
  EXPECT_EQ(meant("license_files"), "license_file");
  EXPECT_EQ(meant("Home-page"), "home_page");
  EXPECT_EQ(meant("sha256_digest"), "");
  EXPECT_EQ(meant(""), "");
}

TEST(ReleaseMetadata, HasDevpisKeysInDevpisOrder) {
  const Json json = parsed(ReleaseMetadata());
  ASSERT_EQ(json.members().size(), metadata_keys().size());
  EXPECT_EQ(json.members().front().first, "name");
  EXPECT_EQ(json.members().back().first, "license_file");
  EXPECT_EQ(json.text("summary"), "");
  ASSERT_TRUE(json.find("summary")->is_string());
  EXPECT_TRUE(json.find("classifiers")->is_array());
}

TEST(ReleaseMetadata, UnknownMeansNothingAndEmptyItemsGo) {
  ReleaseMetadata metadata;
  metadata.set(key("license"), {"UNKNOWN"});
  metadata.set(key("summary"), {"first", "last"});
  metadata.set(key("classifiers"), {"A :: B", "", "C"});
  const Json json = parsed(metadata);
  EXPECT_EQ(json.text("license"), "");
  EXPECT_EQ(json.text("summary"), "last");
  EXPECT_EQ(*json.find("classifiers"), Json(std::vector<std::string>{"A :: B", "C"}));
}

TEST(ReleaseMetadata, MergingTouchesOnlyWhatIsSet) {
  auto metadata = ReleaseMetadata::parse(R"({"summary": "old", "author": "ann", "+imported": {"x": 1}})").value();
  ReleaseMetadata sent;
  sent.set(key("summary"), {"new"});
  metadata.merge(sent);
  const Json json = parsed(metadata);
  EXPECT_EQ(json.text("summary"), "new");
  EXPECT_EQ(json.text("author"), "ann");
  EXPECT_EQ(json.find("+imported")->find("x")->integer()[0], 1);
  EXPECT_EQ(json.members().back().first, "+imported");
}

TEST(ReleaseMetadata, SurvivesItsOwnText) {
  ReleaseMetadata metadata;
  metadata.set(key("description"), {"line\n\"quoted\" \xC3\xBC \x01"});
  EXPECT_EQ(ReleaseMetadata::parse(metadata.json()).value().json(), metadata.json());
}

TEST(ReleaseMetadata, WhatIsNoObjectIsDamage) {
  for (const char* text : {"", "[]", "{", "null"}) EXPECT_EQ(ReleaseMetadata::parse(text).error().code, Code::corrupt) << text;
}

// 2026-11-21T02:59:39.5Z
const WallTime kWhen = from_unix_micros(1'795'229'979'500'000);

TEST(UploadLog, ReadsAsDevpis) {
  EXPECT_EQ(upload_log("alice", "alice/up", kWhen, std::nullopt),
            R"([{"what":"upload","who":"alice","when":[2026,11,21,2,59,39],"dst":"alice/up"}])");
  EXPECT_EQ(Json::parse(upload_log("", "a/b", kWhen, std::nullopt))->items()[0].find("who")->is_null(), true);
}

TEST(UploadLog, CountsOverwritesAndForgetsWhatWasReplaced) {
  const auto count = [](const std::string& log) { return *Json::parse(log)->items().at(0).find("count")->integer(); };
  const std::string first = upload_log("alice", "a/b", kWhen, std::nullopt);
  const std::string second = upload_log("bob", "a/b", kWhen, first);
  EXPECT_EQ(count(second), 1);
  const std::string third = upload_log("bob", "a/b", kWhen, second);
  EXPECT_EQ(count(third), 2);
  EXPECT_EQ(Json::parse(third)->items().size(), 2U);
  EXPECT_EQ(Json::parse(third)->items()[0].text("what"), "overwrite");
}

TEST(UploadLog, AStrangeOldLogCountsAsNone) {
  for (const char* log : {"", "{}", "[1]", R"([{"what":"overwrite","count":"x"}])", R"([{"what":"overwrite","count":-5}])"}) {
    EXPECT_NE(upload_log("a", "a/b", kWhen, log).find("\"count\":1}"), std::string::npos) << log;
  }
  const std::string huge = R"([{"what":"overwrite","count":9223372036854775807},{"what":"overwrite","count":9223372036854775807}])";
  EXPECT_NE(upload_log("a", "a/b", kWhen, huge).find("\"count\":1000000001}"), std::string::npos);
}

}  // namespace
}  // namespace bodega::pypi
