#include "web/search/query.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega::web {
namespace {

struct Row {
  const char* text;
  const char* meaning;
};

void expect(std::initializer_list<Row> rows) {
  for (const auto& row : rows) EXPECT_EQ(describe(parse_query(row.text)), row.meaning) << row.text;
}

TEST(Query, WordsAreAllWanted) {
  expect({{"", "nothing"},
          {"  \t ", "nothing"},
          {"hello", "hello"},
          {"hello world", "(and hello world)"},
          {"a b c", "(and a b c)"},
          {"Grüße", "Grüße"},
          {"don't", "don't"},
          {"and or", "(and and or)"}});
}

TEST(Query, FieldsBelongToTheNextTermOrGroup) {
  expect({{"name:devpi-client", "name:devpi-client"},
          {"user:alice type:project", "(and user:alice type:project)"},
          {"classifiers:'Programming Language :: Python :: 3'", "classifiers:'Programming Language :: Python :: 3'"},
          {"path:/root/pypi/devpi-server", "path:/root/pypi/devpi-server"},
          {"path:/fschulze/*", "path:/fschulze/*"},
          {"name:(a OR b) c", "(and (or name:a name:b) c)"},
          {"text:x", "x"},
          {"licence:MIT", "license:MIT"},
          {"foo:bar", "foo:bar"},
          {"name:", "nothing"},
          {"name: x", "x"},
          {"index:dev name:a*", "(and index:dev name:a*)"}});
}

TEST(Query, PhrasesAndPrefixes) {
  expect({{"'two words'", "'two words'"},
          {"\"two words\"", "'two words'"},
          {"'it's here'", "'it's here'"},
          {"'open", "'open"},
          {"te*", "te*"},
          {"t*e*st*", "test*"},
          {"*", "*"},
          {"''", "nothing"},
          {"'a b'*", "a b*"}});
}

TEST(Query, OperatorsJoinTheirNeighbours) {
  expect({{"a AND b", "(and a b)"},
          {"a OR b", "(or a b)"},
          {"a OR b OR c", "(or a b c)"},
          {"a AND b OR c AND d", "(or (and a b) (and c d))"},
          {"x a OR b", "(and x (or a b))"},
          {"devpi ANDNOT client", "(without devpi client)"},
          {"a ANDMAYBE b", "(maybe a b)"},
          {"a ANDNOT b OR c", "(without a (or b c))"},
          {"NOT a", "(not a)"},
          {"a NOT b", "(and a (not b))"},
          {"NOT NOT a", "a"},
          {"(a OR b) ANDNOT (c d)", "(without (or a b) (and c d))"}});
}

TEST(Query, BoostsMultiply) {
  expect({{"term^2", "term^2"},
          {"a^0.5 b", "(and a^0.5 b)"},
          {"(a b^2)^3", "(and a^3 b^6)"},
          {"'a b'^2", "'a b'^2"},
          {"a^b", "a^b"},
          {"a^1e5", "a^1e5"},
          {"a^-1", "a^-1"},
          {"a^9999", "a^100"},
          {"a^nan", "a^nan"}});
}

TEST(Query, BrokenSyntaxHasABestReading) {
  expect({{"AND", "nothing"},
          {"a AND", "a"},
          {"OR a", "a"},
          {"a AND OR b", "(or a b)"},
          {"NOT", "nothing"},
          {"(a", "a"},
          {"a)", "a"},
          {"a) b", "(and a b)"},
          {"()", "nothing"},
          {"(((a)))", "a"},
          {"NOT ()", "nothing"},
          {"a ANDNOT", "a"},
          {"!!! ???", "nothing"},
          {"-- x", "x"},
          {"a(b)c", "(and a b c)"},
          {"'", "nothing"}});
}

TEST(Query, LengthDepthAndTermsAreBounded) {
  std::string many;
  for (int i = 0; i < 400; ++i) many += "a ";
  EXPECT_EQ(wanted_terms(parse_query(many)).size(), kMaxTerms);
  const std::string deep = std::string(500, '(') + "a" + std::string(500, ')');
  EXPECT_LE(describe(parse_query(deep)).size(), 10U);
  std::string nots;
  for (int i = 0; i < 200; ++i) nots += "NOT ";
  EXPECT_EQ(describe(parse_query(nots + "a")), "a");
  EXPECT_EQ(parse_query("gr\xff\xfe n").children.size(), 2U);
}

TEST(Query, WantedTermsLeaveOutWhatIsRuledOut) {
  const auto terms = wanted_terms(parse_query("a NOT b (c ANDNOT d) ANDMAYBE e"));
  std::vector<std::string> texts;
  for (const auto& term : terms) texts.push_back(term.text);
  EXPECT_EQ(join(texts, " "), "a c e");
}

}  // namespace
}  // namespace bodega::web
