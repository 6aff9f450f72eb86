#include "web/search/view.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

http::Request request_of(const std::string& query) {
  http::Request request;
  request.query = query;
  request.scheme = "https";
  request.host = "pkgs.test";
  request.mount = "/pypi";
  return request;
}

TEST(SearchForm, ReadsAndWritesTheAddress) {
  const auto form = search_form_of(request_of("query=a+b%26c&index=alice/dev&license=MIT&python=3.11&type=page&page=7"));
  EXPECT_EQ(form.query, "a b&c");
  EXPECT_EQ(form.index, "alice/dev");
  EXPECT_EQ(form.page, 7U);
  EXPECT_EQ(form_query(form, form.query, 8), "query=a%20b%26c&index=alice/dev&type=page&python=3.11&license=MIT&page=8");
  EXPECT_EQ(form_query({}, "x", 1), "query=x");
  EXPECT_TRUE(search_form_of(request_of("query=%20&page=0")).empty());
  EXPECT_EQ(search_form_of(request_of("query=" + std::string(5000, 'a'))).query.size(), kMaxQueryBytes);
}

TEST(SearchForm, FiltersAreTermsBesideTheQuery) {
  EXPECT_EQ(describe(whole_query(search_form_of(request_of("query=a+OR+b&index=alice/dev")))), "(and (or a b) index:alice/dev)");
  EXPECT_EQ(describe(whole_query(search_form_of(request_of("license=MIT")))), "license:MIT");
  EXPECT_TRUE(whole_query({}).empty());
}

XmlRpcValue list_of(const std::vector<std::string>& texts) {
  XmlRpcValue out{XmlRpcValue::Kind::list};
  for (const auto& text : texts) out.items.push_back({"", {XmlRpcValue::Kind::text, text}});
  return out;
}
XmlRpcCall call_of(const std::vector<std::pair<std::string, XmlRpcValue>>& fields, const std::string& op) {
  return {"search", {{XmlRpcValue::Kind::object, {}, fields}, {XmlRpcValue::Kind::text, op}}};
}

TEST(XmlRpcSearch, NameAndSummaryAreTypes) {
  EXPECT_EQ(describe(*xmlrpc_query(call_of({{"name", list_of({"a b"})}, {"summary", list_of({"c"})}}, "or"))),
            "(or (and type:project a b) (and type:summary c))");
  EXPECT_EQ(describe(*xmlrpc_query(call_of({{"name", list_of({"a"})}, {"summary", list_of({})}}, "AND"))), "(and type:project a)");
  EXPECT_TRUE(xmlrpc_query(call_of({}, "and"))->empty());
  EXPECT_TRUE(xmlrpc_query(call_of({{"name", list_of({" "})}}, "and"))->empty());
}

TEST(XmlRpcSearch, WhatDevpiRefusesIsRefused) {
  EXPECT_EQ(xmlrpc_query({"list_packages", {}}).error().message, "ValueError(\"Unknown method 'list_packages'.\")");
  EXPECT_FALSE(xmlrpc_query({"search", {}}));
  EXPECT_FALSE(xmlrpc_query(call_of({{"name", list_of({"a"})}}, "xor")));
  EXPECT_FALSE(xmlrpc_query(call_of({{"version", list_of({"1"})}}, "and")));
  EXPECT_FALSE(xmlrpc_query(call_of({{"name", list_of({"a", "b"})}}, "and")));
}

TEST(OpenSearch, AddressesAreAbsolute) {
  const auto response = opensearch_document("https://pkgs.test/a&b");
  const auto body = std::get<std::string>(response.body);
  EXPECT_NE(body.find("template=\"https://pkgs.test/a&amp;b/+search?query={searchTerms}\""), std::string::npos) << body;
}

TEST(SearchFeed, LeadsToReleasesAndHoldsNoMarkup) {
  SearchForm form;
  form.query = "a <b>";
  TextHit hit{"alice/dev", "fresh", "fresh", "1", "", "2026-02-01T00:00:00Z", Origin::hosted, {{"<x> & y", false}}};
  TextHit undated = hit;
  undated.name = "undated";
  undated.released.clear();
  const auto response = search_feed(request_of(""), "https://pkgs.test/pypi", form, {hit, undated});
  const auto& body = std::get<std::string>(response.body);
  EXPECT_NE(body.find("<title>Search for a &lt;b&gt;</title>"), std::string::npos) << body;
  EXPECT_NE(body.find("<title>fresh 1</title>"), std::string::npos);
  EXPECT_EQ(body.find("undated"), std::string::npos);
  EXPECT_NE(body.find("&lt;x&gt; &amp; y"), std::string::npos);
  EXPECT_NE(body.find("<updated>2026-02-01T00:00:00Z</updated>"), std::string::npos);
  EXPECT_NE(body.find("\"https://pkgs.test/pypi/alice/dev/fresh/1\""), std::string::npos);
  EXPECT_NE(body.find("href=\"https://pkgs.test/pypi/+search?query=a%20%3Cb%3E&amp;format=atom\""), std::string::npos);
  EXPECT_EQ(response.headers.get("Cache-Control"), "private, max-age=60");
}

}  // namespace
}  // namespace bodega::web
