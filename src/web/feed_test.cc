#include "web/feed.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

WallTime at(const char* text) { return *parse_rfc3339(text); }

TEST(Feed, IsAtomWithTheNewestMoment) {
  const FeedHead head{"root/dev", "https://h.test/root/dev", "https://h.test/root/dev/+feed"};
  const auto response =
      atom_feed(head,
                {{"https://h.test/root/dev/a/2.0", "a 2.0", "https://h.test/root/dev/a/2.0", at("2026-11-21T10:00:00Z"), "x", "kim"},
                 {"https://h.test/root/dev/a/1.0", "a 1.0", "https://h.test/root/dev/a/1.0", at("2026-11-20T10:00:00.5Z"), "", ""}},
                pypi::Audience::everybody);
  EXPECT_EQ(std::get<std::string>(response.body),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>https://h.test/root/dev/+feed</id>"
            "<title>root/dev</title><updated>2026-11-21T10:00:00Z</updated>"
            "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://h.test/root/dev/+feed\"/>"
            "<link rel=\"alternate\" type=\"text/html\" href=\"https://h.test/root/dev\"/>"
            "<author><name>Bodega</name></author><generator>Bodega</generator>\n"
            "<entry><id>https://h.test/root/dev/a/2.0</id><title>a 2.0</title><updated>2026-11-21T10:00:00Z</updated>"
            "<link rel=\"alternate\" type=\"text/html\" href=\"https://h.test/root/dev/a/2.0\"/><author><name>kim</name></author>"
            "<summary>x</summary></entry>\n"
            "<entry><id>https://h.test/root/dev/a/1.0</id><title>a 1.0</title><updated>2026-11-20T10:00:00Z</updated>"
            "<link rel=\"alternate\" type=\"text/html\" href=\"https://h.test/root/dev/a/1.0\"/></entry>\n</feed>\n");
  EXPECT_EQ(response.headers.get("Last-Modified"), "Sat, 21 Nov 2026 10:00:00 GMT");
  EXPECT_EQ(response.headers.get("Cache-Control"), "public, max-age=60");
  EXPECT_FALSE(response.headers.get("ETag").empty());
}

TEST(Feed, StrangersTextStaysText) {
  const auto response = atom_feed({"t", "u", "s"}, {{"i", "</title><script>\x01\xff", "u", {}, "<b>&\n\u202E", ""}}, pypi::Audience::some);
  const auto& body = std::get<std::string>(response.body);
  EXPECT_NE(body.find("<title>&lt;/title&gt;&lt;script&gt;\uFFFD</title>"), std::string::npos) << body;
  EXPECT_NE(body.find("<summary>&lt;b&gt;&amp;</summary>"), std::string::npos) << body;
  EXPECT_EQ(response.headers.get("Cache-Control"), "private, max-age=60");
}

TEST(Feed, WithoutEntriesHasAMomentToo) {
  const auto response = atom_feed({"t", "u", "s"}, {}, pypi::Audience::everybody);
  EXPECT_NE(std::get<std::string>(response.body).find("<updated>1970-01-01T00:00:00Z</updated>"), std::string::npos);
  EXPECT_FALSE(response.headers.has("Last-Modified"));
}

}  // namespace
}  // namespace bodega::web
