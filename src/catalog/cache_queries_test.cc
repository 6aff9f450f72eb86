#include "catalog/cache_queries.h"

#include "catalog/fixture_for_test.h"

namespace bodega::catalog {
namespace {

class CacheTest : public CatalogTest {
 protected:
  void put(const DocumentRow& document) {
    need(write_cache([&](CacheTransaction& t) { return t.put_document(document); }));
  }
  void put(const CachedBlobRow& blob) {
    need(write_cache([&](CacheTransaction& t) { return t.put_cached(blob); }));
  }
  Result<DocumentRow> document(std::string_view name) {
    return read_cache([&](CacheReader& r) { return r.document("root/pypi", name); });
  }
  CacheReader::Totals totals() {
    return need(read_cache([](CacheReader& r) { return r.totals(); }));
  }
  std::vector<CachedBlobRow> least_recent(std::uint64_t bytes, std::size_t limit) {
    return need(read_cache([&](CacheReader& r) { return r.least_recent(bytes, limit); }));
  }
};

DocumentRow page(std::string name, std::string body) {
  return {"root/pypi", std::move(name), DocumentState::present,          at(10), at(20),
          at(5),       "\"etag\"",      "Sun, 06 Nov 1994 08:49:37 GMT", 77,     std::move(body)};
}
CachedBlobRow blob(std::string_view content, std::int64_t used) { return {Digest::of(content), content.size(), at(used)}; }

TEST_F(CacheTest, ADocumentComesBackAsItWasWritten) {
  const std::string body = std::string(100'000, 'x') + std::string("\0\xff", 2);
  put(page("flask", body));
  reopen();
  const auto back = need(document("flask"));
  EXPECT_EQ(back.index, "root/pypi");
  EXPECT_EQ(back.name, "flask");
  EXPECT_EQ(back.state, DocumentState::present);
  EXPECT_EQ(back.fetched_at, at(10));
  EXPECT_EQ(back.expires_at, at(20));
  EXPECT_EQ(back.changed_at, at(5));
  EXPECT_EQ(back.etag, "\"etag\"");
  EXPECT_EQ(back.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(back.upstream_serial, 77U);
  EXPECT_EQ(back.body, body);
  EXPECT_EQ(code_of(document("django")), Code::not_found);
}

TEST_F(CacheTest, ADocumentIsReplacedAndMayBecomeAbsent) {
  put(page("flask", "one"));
  put(page("flask", "two"));
  EXPECT_EQ(need(document("flask")).body, "two");
  EXPECT_EQ(totals().documents, 1U);
  DocumentRow gone{"root/pypi", "flask", DocumentState::absent, at(30), at(40), at(30), "", "", 0, ""};
  put(gone);
  EXPECT_EQ(need(document("flask")).state, DocumentState::absent);
  EXPECT_EQ(need(document("flask")).body, "");
  EXPECT_EQ(totals().documents, 0U);
  put(page("flask", "three"));
  EXPECT_EQ(need(document("flask")).body, "three");
  EXPECT_EQ(totals().documents, 1U);
}

TEST_F(CacheTest, ARefreshMovesOnlyTheTimes) {
  put(page("flask", "body"));
  need(write_cache([](CacheTransaction& t) { return t.refresh_document("root/pypi", "flask", at(100), at(200)); }));
  const auto back = need(document("flask"));
  EXPECT_EQ(back.fetched_at, at(100));
  EXPECT_EQ(back.expires_at, at(200));
  EXPECT_EQ(back.changed_at, at(5));
  EXPECT_EQ(back.body, "body");
  EXPECT_EQ(back.etag, "\"etag\"");
  EXPECT_EQ(code_of(write_cache([](CacheTransaction& t) { return t.refresh_document("root/pypi", "no", at(1), at(2)); })), Code::not_found);
}

TEST_F(CacheTest, NamesAreThoseOfPresentProjects) {
  put(page("", "the list"));
  put(page("zebra", "z"));
  put(page("ape", ""));
  put({"root/pypi", "absent", DocumentState::absent, at(1), at(2), at(1), "", "", 0, ""});
  auto other = page("elsewhere", "e");
  other.index = "root/other";
  put(other);
  const auto names = need(read_cache([](CacheReader& r) { return r.document_names("root/pypi"); }));
  EXPECT_EQ(names, (std::vector<std::string>{"ape", "zebra"}));
  EXPECT_EQ(totals().documents, 4U);
}

TEST_F(CacheTest, NamesAreShownInParts) {
  const auto slice = [this](const Slice& part) {
    const auto got = need(read_cache([&part](CacheReader& r) { return r.document_slice("root/pypi", part); }));
    std::string out = std::to_string(got.total) + ":";
    for (const auto& name : got.names) out += " " + name;
    return out;
  };
  EXPECT_EQ(slice({"", 0, 10}), "0:");
  put(page("", "the list"));
  for (const auto* name : {"e", "b", "ad", "c", "ab"}) put(page(name, "x"));
  auto other = page("elsewhere", "e");
  other.index = "root/other";
  put(other);
  EXPECT_EQ(slice({"", 0, 2}), "5: ab ad");
  EXPECT_EQ(slice({"", 2, 2}), "5: b c");
  EXPECT_EQ(slice({"", 4, 2}), "5: e") << "read from the end";
  EXPECT_EQ(slice({"", 3, 2}), "5: c e");
  EXPECT_EQ(slice({"", 5, 2}), "5:");
  EXPECT_EQ(slice({"", 0, 0}), "5:");
  EXPECT_EQ(slice({"a", 0, 10}), "2: ab ad");
  EXPECT_EQ(slice({"a", 1, 1}), "2: ad");
  EXPECT_EQ(slice({"zz", 0, 10}), "0:");
  put({"root/pypi", "c", DocumentState::absent, at(1), at(2), at(1), "", "", 0, ""});
  put({"root/pypi", "never", DocumentState::absent, at(1), at(2), at(1), "", "", 0, ""});
  EXPECT_EQ(slice({"", 0, 10}), "4: ab ad b e");
  put(page("never", "x"));
  need(write_cache([](CacheTransaction& t) { return t.forget_document("root/pypi", "b"); }));
  EXPECT_EQ(slice({"", 0, 10}), "4: ab ad e never");
  need(write_cache([](CacheTransaction& t) { return t.forget_index("root/pypi"); }));
  EXPECT_EQ(slice({"", 0, 10}), "0:");
}

TEST_F(CacheTest, ChangesOfTheNamesAreCounted) {
  const auto changes = [this] { return need(read_cache([](CacheReader& r) { return r.document_count("root/pypi"); })).changes; };
  put(page("a", "x"));
  const auto first = changes();
  put(page("a", "another body"));
  EXPECT_EQ(changes(), first);
  put(page("b", "x"));
  const auto second = changes();
  EXPECT_GT(second, first);
  put({"root/pypi", "b", DocumentState::absent, at(1), at(2), at(1), "", "", 0, ""});
  const auto third = changes();
  EXPECT_GT(third, second);
  put(page("c", "x"));
  const auto fourth = changes();
  EXPECT_GT(fourth, third) << "as many as before, but others";
  need(write_cache([](CacheTransaction& t) { return t.forget_index("root/pypi"); }));
  put(page("d", "x"));
  EXPECT_GT(changes(), fourth);
}

TEST_F(CacheTest, DocumentsAreForgottenOneByOneOrByIndex) {
  put(page("flask", "f"));
  put(page("django", "d"));
  auto other = page("flask", "o");
  other.index = "root/other";
  put(other);
  need(write_cache([](CacheTransaction& t) { return t.forget_document("root/pypi", "flask"); }));
  need(write_cache([](CacheTransaction& t) { return t.forget_document("root/pypi", "never there"); }));
  EXPECT_EQ(code_of(document("flask")), Code::not_found);
  EXPECT_EQ(totals().documents, 2U);
  need(write_cache([](CacheTransaction& t) { return t.forget_index("root/pypi"); }));
  EXPECT_EQ(code_of(document("django")), Code::not_found);
  EXPECT_EQ(totals().documents, 1U);
  put(page("flask", "again"));
  EXPECT_EQ(need(document("flask")).body, "again");
}

TEST_F(CacheTest, TotalsFollowEveryChange) {
  put(blob("aaaa", 1));
  put(blob("bb", 2));
  EXPECT_EQ(totals().blobs, 2U);
  EXPECT_EQ(totals().bytes, 6U);
  put(blob("aaaa", 3));  // again
  EXPECT_EQ(totals().blobs, 2U);
  put({Digest::of("bb"), 10, at(2)});
  EXPECT_EQ(totals().bytes, 14U);
  need(write_cache([](CacheTransaction& t) { return t.forget_cached(Digest::of("aaaa")); }));
  need(write_cache([](CacheTransaction& t) { return t.forget_cached(Digest::of("aaaa")); }));
  EXPECT_EQ(totals().blobs, 1U);
  EXPECT_EQ(totals().bytes, 10U);
  EXPECT_FALSE(need(read_cache([](CacheReader& r) { return r.is_cached(Digest::of("aaaa")); })));
  EXPECT_TRUE(need(read_cache([](CacheReader& r) { return r.is_cached(Digest::of("bb")); })));
  write_cache([](CacheTransaction& t) -> Result<void> {
    need(t.put_cached(blob("undone", 1)));
    return fail(Code::forbidden, "no");
  });
  EXPECT_EQ(totals().blobs, 1U);
}

TEST_F(CacheTest, LeastRecentGivesTheOldestUntilThereIsEnough) {
  put(blob("cccc", 3));
  put(blob("aaaa", 1));
  put(blob("bbbb", 2));
  EXPECT_TRUE(least_recent(0, 10).empty());
  EXPECT_TRUE(least_recent(10, 0).empty());
  const auto one = least_recent(4, 10);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].digest, Digest::of("aaaa"));
  EXPECT_EQ(one[0].size, 4U);
  EXPECT_EQ(one[0].last_used, at(1));
  EXPECT_EQ(least_recent(5, 10).size(), 2U);
  EXPECT_EQ(least_recent(1000, 2).size(), 2U);
  EXPECT_EQ(least_recent(~0ULL, ~std::size_t{0}).size(), 3U);
}

TEST_F(CacheTest, TouchingMovesForwardOnly) {
  put(blob("aaaa", 5));
  put(blob("bbbb", 6));
  const auto touch = [this](std::int64_t when) {
    need(write_cache([&](CacheTransaction& t) { return t.touch({{Digest::of("aaaa"), at(when)}, {Digest::of("unknown"), at(when)}}); }));
  };
  touch(3);
  EXPECT_EQ(least_recent(1, 1)[0].last_used, at(5));
  touch(9);
  EXPECT_EQ(least_recent(1, 1)[0].digest, Digest::of("bbbb"));
  put(blob("aaaa", 1));  // found again by a scan that does not know better
  EXPECT_EQ(least_recent(1, 1)[0].digest, Digest::of("bbbb"));
  EXPECT_EQ(totals().blobs, 2U);
}

TEST_F(CacheTest, EveryCachedBlobIsVisited) {
  put(blob("a", 1));
  put(blob("b", 2));
  std::uint64_t sum = 0;
  need(read_cache([&](CacheReader& r) { return r.each_cached([&](const CachedBlobRow& row) { sum += row.size; }); }));
  EXPECT_EQ(sum, 2U);
}

TEST_F(CacheTest, LocationsAreKeptReplacedAndForgotten) {
  const auto located = [this](std::string_view url) { return need(read_cache([&](CacheReader& r) { return r.located(url); })); };
  EXPECT_FALSE(located("https://x/a").has_value());
  need(write_cache([](CacheTransaction& t) { return t.put_located({"https://x/a", Digest::of("a"), 1, false}); }));
  EXPECT_FALSE(located("https://x/a")->verified);
  need(write_cache([](CacheTransaction& t) { return t.put_located({"https://x/a", Digest::of("b"), 2, true}); }));
  const auto row = located("https://x/a");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->digest, Digest::of("b"));
  EXPECT_EQ(row->size, 2U);
  EXPECT_TRUE(row->verified);
  need(write_cache([](CacheTransaction& t) { return t.forget_located("https://x/a"); }));
  EXPECT_FALSE(located("https://x/a").has_value());
}

TEST_F(CacheTest, NumbersFromOutsideCannotBreakTheSums) {
  auto document = page("flask", "b");
  document.upstream_serial = ~0ULL;
  put(document);
  EXPECT_EQ(need(this->document("flask")).upstream_serial, ~0ULL >> 1);
  EXPECT_EQ(code_of(write_cache([](CacheTransaction& t) { return t.put_cached({Digest::of("x"), ~0ULL, at(1)}); })), Code::invalid);
  EXPECT_EQ(totals().bytes, 0U);
}

TEST_F(CacheTest, TheCacheHasNoSerial) {
  put(blob("a", 1));
  EXPECT_EQ(catalog_->last_serial(), 0U);
  EXPECT_EQ(catalog_->commits(), 0U);
}

}  // namespace
}  // namespace bodega::catalog
