#include <gtest/gtest.h>

#include "catalog/fixture_for_test.h"

namespace bodega::catalog {
namespace {

class AttachmentsTest : public CatalogTest {
 protected:
  AttachmentsTest() {
    add_index("ann", "dev");
    put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.tar.gz", "sdist"));
    put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0-py3-none-any.whl", "wheel"));
  }

  static AttachmentRow docs(std::string_view content) {
    AttachmentRow row;
    row.index = "ann/dev";
    row.project = "pkg";
    row.version = "1.0";
    row.filename = "pkg-1.0.doc.zip";
    row.digest = Digest::of(content);
    row.size = content.size();
    row.stored_at = at(1'700'000'000'000'001);
    row.stored_by = "ann";
    row.log_json = R"([{"what":"upload"}])";
    return row;
  }
  static AttachmentRow result(std::string_view content) {
    auto row = docs(content);
    row.kind = AttachmentKind::toxresult;
    row.filename = "pkg-1.0.tar.gz.toxresult-20261121120000-0";
    row.for_file = "pkg-1.0.tar.gz";
    return row;
  }
  Result<Stored> attach(const AttachmentRow& row, Overwrite overwrite = Overwrite::no) {
    return write([&](Transaction& t) { return t.put_attachment(row, overwrite); });
  }
  std::vector<AttachmentRow> all() {
    return need(read([](Reader& r) { return r.attachments("ann/dev", "pkg"); }));
  }
  bool was_deleted(const AttachmentRow& row) {
    return need(read([&](Reader& r) { return r.was_deleted(row.index, row.filename); }));
  }
  bool hosted(std::string_view content) {
    return need(read([&](Reader& r) { return r.is_hosted(Digest::of(content)); }));
  }
};

TEST_F(AttachmentsTest, ComeBackAsTheyWere) {
  EXPECT_EQ(need(attach(docs("zip"))), Stored::created);
  EXPECT_EQ(need(attach(result("json"))), Stored::created);
  const auto rows = all();
  EXPECT_EQ(need(read([](Reader& r) { return r.release_attachments("ann/dev", "pkg", "1.0"); })).size(), 2U);
  EXPECT_TRUE(need(read([](Reader& r) { return r.release_attachments("ann/dev", "pkg", "2.0"); })).empty());
  EXPECT_TRUE(need(read([](Reader& r) { return r.release_outlines("ann/dev", "pkg"); })).at(0).has_docs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].kind, AttachmentKind::doczip);
  EXPECT_EQ(rows[0].for_file, "");
  EXPECT_EQ(rows[0].stored_at, at(1'700'000'000'000'001));
  EXPECT_EQ(rows[0].log_json, R"([{"what":"upload"}])");
  EXPECT_EQ(rows[1].kind, AttachmentKind::toxresult);
  EXPECT_EQ(rows[1].for_file, "pkg-1.0.tar.gz");
  EXPECT_EQ(rows[1].digest, Digest::of("json"));
  const auto one = need(read([](Reader& r) { return r.attachment("ann/dev", "pkg-1.0.doc.zip"); }));
  EXPECT_EQ(one.size, 3U);
  EXPECT_EQ(one.version, "1.0");
  EXPECT_EQ(code_of(read([](Reader& r) { return r.attachment("ann/dev", "other.doc.zip"); })), Code::not_found);
}

TEST_F(AttachmentsTest, AreHosted) {
  attach(docs("zip"));
  EXPECT_TRUE(hosted("zip"));
  std::vector<Digest> seen;
  need(read([&](Reader& r) { return r.each_hosted([&](const Digest& digest, std::uint64_t) { seen.push_back(digest); }); }));
  EXPECT_EQ(seen.size(), 3U);
}

TEST_F(AttachmentsTest, AreReplacedOnlyWhenAllowed) {
  attach(docs("zip"));
  EXPECT_EQ(need(attach(docs("zip"))), Stored::identical);
  EXPECT_EQ(code_of(attach(docs("other"))), Code::conflict);
  EXPECT_EQ(need(attach(docs("other"), Overwrite::yes)), Stored::replaced);
  EXPECT_EQ(all().at(0).digest, Digest::of("other"));
  EXPECT_FALSE(hosted("zip"));
}

TEST_F(AttachmentsTest, NeedWhatTheyStandBeside) {
  auto row = result("json");
  row.for_file = "pkg-1.0.zip";
  EXPECT_EQ(code_of(attach(row)), Code::not_found);
  row = result("json");
  row.version = "2.0";
  EXPECT_EQ(code_of(attach(row)), Code::not_found);
  row = docs("zip");
  row.project = "nope";
  EXPECT_EQ(code_of(attach(row)), Code::not_found);
  EXPECT_TRUE(all().empty());
}

TEST_F(AttachmentsTest, GoWithTheirFile) {
  attach(docs("zip"));
  attach(result("json"));
  const auto lost = need(write([](Transaction& t) { return t.delete_file("ann/dev", "pkg-1.0.tar.gz"); }));
  EXPECT_EQ(lost.size(), 2U);
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].kind, AttachmentKind::doczip);
  EXPECT_FALSE(hosted("json"));
  EXPECT_TRUE(was_deleted(result("json")));
  EXPECT_FALSE(was_deleted(docs("zip")));
}

TEST_F(AttachmentsTest, GoWithTheirReleaseAndProject) {
  attach(docs("zip"));
  attach(result("json"));
  EXPECT_EQ(need(write([](Transaction& t) { return t.delete_release("ann/dev", "pkg", "1.0"); })).size(), 4U);
  EXPECT_FALSE(hosted("zip"));
  EXPECT_TRUE(was_deleted(docs("zip")));
  EXPECT_TRUE(was_deleted(result("json")));
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.tar.gz", "sdist"));
  attach(docs("zip"));
  EXPECT_FALSE(was_deleted(docs("zip")));
  EXPECT_EQ(need(write([](Transaction& t) { return t.delete_project("ann/dev", "pkg"); })).size(), 2U);
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(was_deleted(docs("zip")));
}

TEST_F(AttachmentsTest, CanBeDeletedAlone) {
  attach(docs("zip"));
  need(write([](Transaction& t) { return t.delete_attachment("ann/dev", "pkg-1.0.doc.zip"); }));
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(was_deleted(docs("zip")));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_attachment("ann/dev", "pkg-1.0.doc.zip"); })), Code::not_found);
}

TEST_F(AttachmentsTest, AReplacedFileLosesItsTestResults) {
  attach(result("json"));
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.tar.gz", "other"), Overwrite::yes);
  EXPECT_TRUE(all().empty());
}

class TokensTest : public CatalogTest {
 protected:
  TokensTest() { add_index("ann", "dev"); }
  static TokenRow token(std::string id) {
    TokenRow row;
    row.id = std::move(id);
    row.user = "ann";
    row.scope = "upload";
    row.index = "ann/dev";
    row.hash = Digest::of("secret");
    row.comment = "CI";
    row.created = at(5);
    return row;
  }
  Result<void> add(const TokenRow& row) {
    return write([&](Transaction& t) { return t.insert_token(row); });
  }
  std::vector<TokenRow> all() {
    return need(read([](Reader& r) { return r.tokens(); }));
  }
};

TEST_F(TokensTest, ComeBackInOrder) {
  auto second = token("a");
  second.expires = at(9);
  second.index = "";
  need(add(token("b")));
  need(add(second));
  const auto rows = all();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "b");
  EXPECT_EQ(rows[0].index, "ann/dev");
  EXPECT_EQ(rows[0].hash, Digest::of("secret"));
  EXPECT_EQ(rows[0].expires, std::nullopt);
  EXPECT_EQ(rows[1].expires, at(9));
  EXPECT_EQ(code_of(add(token("b"))), Code::conflict);
}

TEST_F(TokensTest, GoByThemselvesOrWithTheirUser) {
  need(add(token("a")));
  need(add(token("b")));
  need(write([](Transaction& t) { return t.delete_token("a"); }));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_token("a"); })), Code::not_found);
  need(write([](Transaction& t) { return t.delete_user("ann"); }));
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(code_of(add(token("c"))), Code::not_found);
}

TEST_F(TokensTest, UseIsRememberedOnlyForwardAndMovesNoSerial) {
  need(add(token("a")));
  const auto serial = catalog_->last_serial();
  const auto touch = [&](std::int64_t micros) {
    need(write([&](Transaction& t) { return t.touch_tokens({{"a", at(micros)}, {"gone", at(micros)}}); }));
  };
  touch(100);
  touch(50);
  EXPECT_EQ(all().at(0).last_used, at(100));
  EXPECT_EQ(catalog_->last_serial(), serial);
}

}  // namespace
}  // namespace bodega::catalog
