#include "http/client_inbox.h"

#include <gtest/gtest.h>

#include "http/client_decode.h"

namespace bodega::http {
namespace {

TEST(Inbox, PiecesComeInOrderThenTheEnd) {
  Inbox inbox(1000);
  EXPECT_FALSE(inbox.try_take());
  inbox.put(std::string(Inbox::kPiece, 'a'));
  inbox.put(std::string(Inbox::kPiece, 'b'));
  inbox.finish(std::nullopt);
  EXPECT_EQ((**inbox.try_take()).front(), 'a');
  EXPECT_EQ((**inbox.try_take()).front(), 'b');
  EXPECT_EQ(**inbox.try_take(), "");
  EXPECT_EQ(**inbox.try_take(), "");
}

TEST(Inbox, WhatCameBeforeAFailureIsHandedOutFirst) {
  Inbox inbox(1000);
  inbox.put("abc");
  inbox.finish(Error{Code::upstream_failed, "broke", "", {}});
  inbox.finish(Error{Code::cancelled, "too late", "", {}});
  EXPECT_EQ(**inbox.try_take(), "abc");
  EXPECT_EQ(inbox.try_take()->error().message, "broke");
  EXPECT_EQ(inbox.try_take()->error().message, "broke");
}

TEST(Inbox, SmallPiecesAreJoined) {
  Inbox inbox(1000);
  for (int i = 0; i < 100; ++i) inbox.put("x");
  EXPECT_EQ((**inbox.try_take()).size(), 100U);
  EXPECT_FALSE(inbox.try_take());
}

TEST(Inbox, PausesAtTheLimitAndGoesOnBelowHalf) {
  Inbox inbox(3 * Inbox::kPiece);
  EXPECT_FALSE(inbox.pause_if_full(10));
  for (int i = 0; i < 3; ++i) inbox.put(std::string(Inbox::kPiece, 'x'));
  EXPECT_TRUE(inbox.pause_if_full(0));
  EXPECT_TRUE(inbox.paused());
  EXPECT_TRUE(inbox.try_take());
  EXPECT_FALSE(inbox.ends_pause());
  EXPECT_TRUE(inbox.try_take());
  EXPECT_TRUE(inbox.paused()) << "its transfer has not heard of it";
  EXPECT_TRUE(inbox.ends_pause());
  EXPECT_FALSE(inbox.ends_pause());
  EXPECT_FALSE(inbox.paused());
}

TEST(Inbox, APauseStandsUntilTheReaderComesBack) {
  Inbox inbox(20);
  inbox.pause();
  inbox.put("the beginning");
  EXPECT_TRUE(inbox.pause_if_full(0));
  EXPECT_FALSE(inbox.ends_pause());
  EXPECT_TRUE(inbox.try_take());
  EXPECT_TRUE(inbox.ends_pause());
  EXPECT_FALSE(inbox.pause_if_full(0));
}

TEST(Inbox, WhatTheOtherSideStillHoldsCounts) {
  Inbox inbox(1000);
  inbox.put(std::string(400, 'x'));
  EXPECT_FALSE(inbox.pause_if_full(599));
  EXPECT_TRUE(inbox.pause_if_full(600));
  inbox.put(std::string(600, 'y'));
  EXPECT_FALSE(inbox.ends_pause());
  EXPECT_TRUE(inbox.try_take());
  EXPECT_TRUE(inbox.ends_pause());
}

TEST(Inbox, AHeadIsTakenOnceAndAFailureInsteadOfIt) {
  Inbox inbox(1000);
  EXPECT_FALSE(inbox.try_take_head());
  inbox.put_head(TransferHead{404, {}, 7, true, false});
  EXPECT_EQ((**inbox.try_take_head()).content_length, 7U);
  EXPECT_FALSE(inbox.try_take_head());
  Inbox failed(1000);
  failed.finish(Error{Code::upstream_timeout, "late", "", {}});
  EXPECT_EQ(failed.try_take_head()->error().code, Code::upstream_timeout);
  Inbox ended(1000);
  ended.finish(std::nullopt);
  EXPECT_EQ(ended.try_take_head()->error().code, Code::upstream_failed);
}

// gzip of "abc" repeated; made once by gzip(1) -9n.
TEST(ClientDecode, StopsAtTheLimitAndGoesOn) {
  const std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x4a\x06\x00\xc2\x41\x24\x35\x03\x00\x00\x00", 23);
  auto decoder = make_decoder("gzip");
  ASSERT_TRUE(decoder);
  std::string out;
  std::size_t used = 0;
  for (std::size_t limit = 1; limit <= 3; ++limit) {
    const auto step = (*decoder)->decode(std::string_view(packed).substr(used), out, limit);
    ASSERT_TRUE(step) << step.error();
    used += step->used;
    EXPECT_EQ(out.size(), limit);
  }
  while (!(*decoder)->ended()) {
    const auto step = (*decoder)->decode(std::string_view(packed).substr(used), out, 100);
    ASSERT_TRUE(step) << step.error();
    used += step->used;
    ASSERT_FALSE(step->more);
  }
  EXPECT_EQ(out, "abc");
  EXPECT_EQ(used, packed.size());
  EXPECT_TRUE((*decoder)->decode("", out, 100));
  EXPECT_FALSE((*decoder)->decode("x", out, 100));
}

TEST(ClientDecode, ByteByByteIsTheSame) {
  const std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x4a\x06\x00\xc2\x41\x24\x35\x03\x00\x00\x00", 23);
  auto decoder = make_decoder(" X-GZIP ");
  ASSERT_TRUE(decoder);
  std::string out;
  for (const char c : packed) {
    EXPECT_FALSE((*decoder)->ended());
    const auto step = (*decoder)->decode(std::string_view(&c, 1), out, 100);
    ASSERT_TRUE(step) << step.error();
    EXPECT_EQ(step->used, 1U);
  }
  EXPECT_EQ(out, "abc");
  EXPECT_TRUE((*decoder)->ended());
}

TEST(ClientDecode, KnowsWhatItCannotRead) {
  for (const char* plain : {"", "identity", " Identity "}) EXPECT_EQ(*make_decoder(plain), nullptr) << plain;
  for (const char* strange : {"br", "deflate", "gzip, gzip", "compress", "gzipx"}) EXPECT_FALSE(make_decoder(strange)) << strange;
}

}  // namespace
}  // namespace bodega::http
