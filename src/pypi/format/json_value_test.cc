#include "pypi/format/json_value.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

Json parsed(std::string_view text) { return Json::parse(text).value(); }

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(parsed(R"({"z": 1, "a": {"y": [], "b": {}}, "m": null})").compact(), R"({"z":1,"a":{"y":[],"b":{}},"m":null})");
}

TEST(Json, ThePrettyFormIsPythons) {
  // json.dumps(..., indent=2) of Python 3.11.
  EXPECT_EQ(parsed(R"({"result":{"acl":["a","b"],"empty":[],"none":{},"volatile":true},"type":"indexconfig"})").pretty(),
            "{\n"
            "  \"result\": {\n"
            "    \"acl\": [\n"
            "      \"a\",\n"
            "      \"b\"\n"
            "    ],\n"
            "    \"empty\": [],\n"
            "    \"none\": {},\n"
            "    \"volatile\": true\n"
            "  },\n"
            "  \"type\": \"indexconfig\"\n"
            "}");
}

TEST(Json, StringsAreEscapedAsPythonDoes) {
  EXPECT_EQ(Json("\xC3\xBCser").compact(), R"("\u00fcser")");
  EXPECT_EQ(Json("\xF0\x9F\x93\xA6").compact(), R"("\ud83d\udce6")");
  EXPECT_EQ(Json("\xE2\x82\xAC").compact(), R"("\u20ac")");
  EXPECT_EQ(Json("\"\\/\b\f\n\r\t\x01\x7F").compact(), R"("\"\\/\b\f\n\r\t\u0001\u007f")");
  EXPECT_EQ(Json(std::string("a\0b", 3)).compact(), R"("a\u0000b")");
  EXPECT_EQ(Json("\xFF\xC3").compact(), R"("\ufffd\ufffd")");  // never invalid JSON, whatever was stored
}

TEST(Json, NumbersAreWrittenAsPythonDoes) {
  for (const std::string text : {"0", "-1", "60", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.0", "-0.5",
                                 "0.1", "1e+16", "1.5e+300", "0.0001", "1e-05", "123456789012345.6"}) {
    EXPECT_EQ(parsed(text).compact(), text);
  }
}

TEST(Json, BrokenTextsAreRefused) {
  for (const std::string text :
       {"", " ", "{", "{bad", "notjson", "[1,]", "{\"a\":1,}", "1 2", "\"\xFF\"", "'a'", "NaN", "[1", "\"\\ud800\""}) {
    EXPECT_FALSE(Json::parse(text)) << text;
  }
  EXPECT_TRUE(Json::parse(std::string(Json::kMaxDepth, '[') + std::string(Json::kMaxDepth, ']')));
  EXPECT_FALSE(Json::parse(std::string(5000, '[') + std::string(5000, ']')));
  EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')));
}

TEST(Json, TheLastOfTwoEqualKeysCounts) { EXPECT_EQ(parsed(R"({"a":1,"b":2,"a":3})").compact(), R"({"a":3,"b":2})"); }

TEST(Json, ObjectsAreEqualInAnyOrder) {
  EXPECT_EQ(parsed(R"({"a":1,"b":[1,{"c":2,"d":3}]})"), parsed(R"({"b":[1,{"d":3,"c":2}],"a":1})"));
  EXPECT_FALSE(parsed("[1,2]") == parsed("[2,1]"));
  EXPECT_FALSE(parsed(R"({"a":1})") == parsed(R"({"a":1,"b":null})"));
  EXPECT_FALSE(parsed("1") == parsed("\"1\""));
}

TEST(Json, MembersAreSetRemovedAndFound) {
  Json value = Json::object();
  value.set("a", 1);
  value.set("b", "x");
  value.set("a", true);
  EXPECT_EQ(value.compact(), R"({"a":true,"b":"x"})");
  EXPECT_EQ(value.text("b"), "x");
  EXPECT_EQ(value.text("a"), "");
  EXPECT_TRUE(value.remove("a"));
  EXPECT_FALSE(value.remove("a"));
  EXPECT_EQ(value.find("a"), nullptr);
  EXPECT_EQ(Json(1).find("a"), nullptr);
}

TEST(Json, TruthIsPythons) {
  for (const std::string text : {"null", "false", "0", "0.0", "\"\"", "[]", "{}"}) EXPECT_FALSE(parsed(text).truthy()) << text;
  for (const std::string text : {"true", "1", "-1", "0.5", "\"0\"", "[0]", "{\"a\":null}"}) EXPECT_TRUE(parsed(text).truthy()) << text;
}

TEST(Json, PythonsReprInMessages) {
  EXPECT_EQ(python_repr("bob"), "'bob'");
  EXPECT_EQ(python_repr("it's"), "\"it's\"");
  EXPECT_EQ(python_repr("'\""), "'\\'\"'");
  EXPECT_EQ(python_repr("a\nb\x01\\"), R"('a\nb\x01\\')");
  EXPECT_EQ(python_repr(parsed(R"([null,true,5,"a",{"k":1.5}])")), "[None, True, 5, 'a', {'k': 1.5}]");
  EXPECT_EQ(python_str(Json("a")), "a");
}

}  // namespace
}  // namespace bodega::pypi
