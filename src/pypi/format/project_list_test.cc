#include "pypi/format/project_list.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

using Names = std::vector<std::string>;

struct Scan {
  bool good = true;
  std::string message;
  Names names;
  std::uint64_t serial = 0;
};

Scan scan(PageFormat format, std::string_view bytes, std::size_t step = 0) {
  ProjectListScanner scanner(format);
  Scan out;
  const auto take = [&](std::string_view name) { out.names.emplace_back(name); };
  if (step == 0) step = bytes.size() + 1;
  Result<void> result;
  for (std::size_t at = 0; at < bytes.size() && result; at += step) result = scanner.feed(bytes.substr(at, step), take);
  if (result) result = scanner.finish();
  out.good = result.has_value();
  if (!result) out.message = result.error().message;
  out.serial = scanner.last_serial();
  EXPECT_EQ(scanner.names(), out.names.size());
  return out;
}

Scan json(std::string_view bytes, std::size_t step = 0) { return scan(PageFormat::json, bytes, step); }
Scan html(std::string_view bytes, std::size_t step = 0) { return scan(PageFormat::html, bytes, step); }

TEST(ProjectListScanner, JsonInAnyOrderAndAnyPieces) {
  const std::string_view lists[] = {
      R"({"meta":{"_last-serial":42,"api-version":"1.4"},"projects":[{"name":"a"},{"_last-serial":7,"name":"B.c"},{"name":"d-1"}]})",
      R"( { "projects" : [ { "name" : "a" , "x" : [ { "name" : "no" } ] , "y" : { "name" : "no" } } , { "name" : "\u0042.c" } , { "name" : "d-1" , "z" : null } ] ,
           "other" : { "projects" : [ { "name" : "no" } ] } , "name" : "no" , "meta" : { "x" : -1.5e+3 , "api-version" : "1.1" , "_last-serial" : 42 } } )",
      "\xEF\xBB\xBF{\"meta\":{\"_last-serial\":42},\"projects\":[{\"name\":\"a\"},{\"name\":\"B\\u002ec\"},{\"name\":\"d-1\"},{\"name\":"
      "\"no\\n\"},{\"name\":7},[\"name\",\"no\"],\"no\"]}",
  };
  for (const auto list : lists) {
    for (const std::size_t step : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
      const Scan result = json(list, step);
      EXPECT_TRUE(result.good) << result.message << " " << list;
      EXPECT_EQ(result.names, (Names{"a", "B.c", "d-1"})) << list;
      EXPECT_EQ(result.serial, 42U);
    }
  }
}

TEST(ProjectListScanner, BrokenJsonIsRefusedInEveryPiece) {
  const std::string deep(70, '[');
  for (const std::string& list : {std::string(""),
                                  std::string("[]"),
                                  std::string("1"),
                                  std::string("{"),
                                  std::string("{}"),
                                  std::string("{\"projects\":{}}"),
                                  std::string("{\"projects\":[]"),
                                  std::string("{\"projects\":[{\"name\":\"a\"}"),
                                  std::string("{\"projects\":[}]}"),
                                  std::string("{\"projects\":[],}"),
                                  std::string("{\"projects\":[1,]}"),
                                  std::string("{\"projects\":[]}}"),
                                  std::string("{\"projects\":[]} x"),
                                  std::string("{\"projects\":[01]}"),
                                  std::string("{\"projects\":[tru]}"),
                                  std::string("{\"projects\":[1.]}"),
                                  std::string("{\"projects\":[-]}"),
                                  std::string("{\"projects\" []}"),
                                  std::string("{projects:[]}"),
                                  std::string("{\"projects\":[\"\\x\"]}"),
                                  std::string("{\"projects\":[\"\\u12g4\"]}"),
                                  std::string("{\"projects\":[\"a\nb\"]}"),
                                  std::string("{\"meta\":{\"api-version\":\"2.0\"},\"projects\":[]}"),
                                  "{\"projects\":" + deep,
                                  std::string("<html>"),
                                  std::string("{\"projects\":[,1]}"),
                                  std::string("\xEF\xBB{}"),
                                  std::string("{\"projects\":[") + std::string(100, '1') + "]}"}) {
    EXPECT_FALSE(json(list).good) << list;
    EXPECT_FALSE(json(list, 1).good) << list;
  }
}

TEST(ProjectListScanner, EveryCutOfTheJsonIsSeen) {
  const std::string list = R"({"meta":{"_last-serial":42,"api-version":"1.4"},"projects":[{"name":"a"},{"name":"b"}]})";
  for (std::size_t length = 0; length < list.size(); ++length) EXPECT_FALSE(json(std::string_view(list).substr(0, length)).good) << length;
}

TEST(ProjectListScanner, LongTextsCostNoMemoryAndAreNoNames) {
  ProjectListScanner scanner(PageFormat::json);
  int names = 0;
  const auto take = [&](std::string_view) { ++names; };
  ASSERT_TRUE(scanner.feed("{\"projects\":[{\"name\":\"", take));
  const std::string piece(1 << 16, 'a');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(scanner.feed(piece, take));
  ASSERT_TRUE(scanner.feed("\"},{\"name\":\"ok\"}]}", take));
  EXPECT_TRUE(scanner.finish());
  EXPECT_EQ(names, 1);
}

TEST(ProjectListScanner, HtmlTakesTheTextAndElseTheLink) {
  const std::string_view list =
      "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.4\"><title>Simple index</title></head><body>\n"
      "<a href=\"/simple/a/\">a</a>\n<a href='/simple/b-c/'>B.c</a><br/><a href=\"d-1/\"> d-1 </a>\n<a href=\"e/\">e name of e</a>"
      "<a href=\"?C=N\">Name</a><a href=\"../\">Parent Directory</a><a href=\"f/\">another</a><a>g</a><!--SERIAL 42-->";
  for (const std::size_t step : {std::size_t{0}, std::size_t{1}, std::size_t{5}}) {
    const Scan result = html(list, step);
    EXPECT_TRUE(result.good) << result.message;
    EXPECT_EQ(result.names, (Names{"a", "B.c", "d-1", "e", "f"}));
    EXPECT_EQ(result.serial, 42U);
  }
}

TEST(ProjectListScanner, HtmlThatIsNoListIsRefused) {
  EXPECT_FALSE(html("").good);
  EXPECT_FALSE(html("<form>sign in</form>").good);
  EXPECT_FALSE(html("<meta name=pypi:repository-version content=2.0><a href=a/>a</a>").good);
  EXPECT_TRUE(html("<meta name=pypi:repository-version content=1.0>").good);
}

TEST(ProjectListWriter, WritesWhatTheScannerReads) {
  for (const PageFormat format : {PageFormat::json, PageFormat::html}) {
    ProjectListWriter writer(format, 99);
    std::string out;
    writer.head(out);
    const Names names = {"a", "Foo.Bar", "z9"};
    for (const auto& name : names) writer.entry(out, name);
    writer.tail(out);
    const Scan result = scan(format, out);
    EXPECT_TRUE(result.good) << result.message;
    EXPECT_EQ(result.names, names);
    EXPECT_EQ(result.serial, 99U);
  }
}

TEST(ProjectListWriter, ExactBytes) {
  ProjectListWriter json_writer(PageFormat::json, 5);
  std::string out;
  json_writer.head(out);
  json_writer.entry(out, "x");
  json_writer.entry(out, "Y.z");
  json_writer.tail(out);
  EXPECT_EQ(out, R"({"meta":{"_last-serial":5,"api-version":"1.4"},"projects":[{"name":"x"},{"name":"Y.z"}]})");
  ProjectListWriter empty(PageFormat::json, 0);
  out.clear();
  empty.head(out);
  empty.tail(out);
  EXPECT_EQ(out, R"({"meta":{"api-version":"1.4"},"projects":[]})");
  ProjectListWriter html_writer(PageFormat::html, 0);
  out.clear();
  html_writer.entry(out, "Y.z");
  EXPECT_EQ(out, "<a href=\"y-z/\">Y.z</a><br>\n");
}

}  // namespace
}  // namespace bodega::pypi
