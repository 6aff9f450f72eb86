#include "ops/transfer/dump.h"

#include <gtest/gtest.h>

#include "ops/transfer/dump_writer_for_test.h"

namespace bodega::ops {
namespace {

using pypi::Json;
using namespace dumped;

std::string shown(const std::string& dump) {
  const auto value = decode_dump(dump);
  return value ? value->compact() : "! " + value.error().context;
}

TEST(Dump, EveryKindOfValue) {
  EXPECT_EQ(shown(none() + "Q"), "null");
  EXPECT_EQ(shown("RQ"), "true");
  EXPECT_EQ(shown("CQ"), "false");
  EXPECT_EQ(shown(integer(-2) + "Q"), "-2");
  EXPECT_EQ(shown("G" + number(7) + "Q"), "7");
  EXPECT_EQ(shown("H" + sized("4294967296") + "Q"), "4294967296");
  EXPECT_EQ(shown("D" + std::string("\x3f\xf8\0\0\0\0\0\0", 8) + "Q"), "1.5");
  EXPECT_EQ(shown(text("f\xc3\xbc") + "Q"), "\"f\\u00fc\"");
  EXPECT_EQ(shown("A" + sized("bytes") + "Q"), "\"bytes\"");
  EXPECT_EQ(shown(tuple({text("a"), integer(1)}) + "Q"), R"(["a",1])");
  EXPECT_EQ(shown(text("a") + text("b") + "O" + number(2) + "Q"), R"(["a","b"])");
  EXPECT_EQ(shown(list({text("a"), list({})}) + "Q"), R"(["a",[]])");
  EXPECT_EQ(shown(dict({{"z", integer(1)}, {"a", dict({})}}) + "Q"), R"({"z":1,"a":{}})");
}

TEST(Dump, AKeySetTwiceHasItsLastValueAtItsFirstPlace) {
  EXPECT_EQ(shown(dict({{"a", integer(1)}, {"b", integer(2)}, {"a", integer(3)}}) + "Q"), R"({"a":3,"b":2})");
}

TEST(Dump, NumbersAsKeysBecomeText) { EXPECT_EQ(shown("J" + integer(5) + "RPQ"), R"({"5":true})"); }

TEST(Dump, WhatIsDamagedIsSaid) {
  for (const std::string& dump : {
           std::string(),
           std::string("R"),
           std::string("RRQ"),
           std::string("Q"),
           std::string("XQ"),
           std::string("N\0\0", 3),
           "N" + number(9) + "abcQ",
           std::string("F\0\0\0", 4),
           "@" + number(1) + "Q",
           "RP" + std::string("Q"),
           text("k") + "RPQ",                  // nothing to put it into
           "R" + text("k") + "RPQ",            // into no container
           tuple({}) + integer(0) + "RPQ",     // a tuple does not change
           "K" + number(0x7fffffff) + "Q",     // a list no data could fill
           list({}) + integer(0) + "RPQ",      // behind the end of the list
           "J" + none() + "RPQ",               // a key that is no text
           "N" + sized("\xff\xfe") + "Q",      // no UTF-8
           "T" + std::string(16, '\0') + "Q",  // a complex number
           "H" + sized("1x") + "Q",
       }) {
    EXPECT_EQ(decode_dump(dump).error().code, Code::corrupt) << dump;
  }
}

TEST(Dump, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    std::string out = tuple({});
    for (std::size_t i = 1; i < depth; ++i) out += "@" + number(1);
    return out + "Q";
  };
  EXPECT_TRUE(decode_dump(nested(Json::kMaxDepth)));
  EXPECT_FALSE(decode_dump(nested(Json::kMaxDepth + 1)));
  std::string lists;
  for (int i = 0; i < 100; ++i) lists += "K" + number(1) + integer(0);
  lists += "R";
  for (int i = 0; i < 100; ++i) lists += "P";
  EXPECT_FALSE(decode_dump(lists + "Q"));
}

TEST(Dump, AnEntryIsFoundWithoutBuildingIt) {
  const std::string value = tuple({text("USER"), integer(-1), dict({{"email", text("a@b")}})});
  const std::string bytes = entry({{"ann/.config", value}, {".config", tuple({text("USERLIST"), integer(-1), none()})}}, {"+files/x-tmp"});
  const auto scanned = scan_entry(bytes);
  ASSERT_TRUE(scanned) << scanned.error().context;
  ASSERT_EQ(scanned->changes.size(), 2U);
  ASSERT_NE(scanned->find("ann/.config"), nullptr);
  EXPECT_EQ(scanned->find("ann/.config")->value, value);
  EXPECT_EQ(scanned->find("ann/"), nullptr);
  EXPECT_EQ(decode_piece(scanned->renames)->compact(), R"(["+files/x-tmp"])");
}

TEST(Dump, OfAKeyWrittenTwiceTheLastValueIsFound) {
  const auto bytes = entry({{"k", integer(1)}, {"k", integer(2)}}, {});
  EXPECT_EQ(decode_piece(scan_entry(bytes)->find("k")->value)->compact(), "2");
}

TEST(Dump, WhatIsNoEntryIsSaid) {
  for (const std::string& bytes :
       {std::string(), none() + "Q", dict({}) + "Q", tuple({dict({})}) + "Q", tuple({list({}), list({})}) + "Q",
        "J" + integer(1) + "RP" + list({}) + "@" + number(2) + "Q", entry({{"k", integer(1)}}, {}).substr(0, 12)}) {
    EXPECT_FALSE(scan_entry(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace bodega::ops
