#include "pypi/index/negotiated.h"

#include <gtest/gtest.h>

#include "http/hot.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kUv = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

TEST(Negotiated, InstallersGetCompressedJson) {
  const auto uv = negotiate(kUv, "gzip, deflate, zstd", {});
  ASSERT_TRUE(uv.choice);
  EXPECT_EQ(uv.choice->format, PageFormat::json);
  EXPECT_EQ(uv.encoding, ContentEncoding::zstd);
  EXPECT_EQ(negotiate(kUv, "gzip, deflate", {}).encoding, ContentEncoding::gzip);
}

TEST(Negotiated, AClientThatNamesNoCodingGetsNone) { EXPECT_EQ(negotiate(kUv, std::nullopt, {}).encoding, ContentEncoding::identity); }

TEST(Negotiated, AQueryMayNameTheFormat) {
  const auto asked = negotiate("text/html", std::nullopt, "x=1&format=application%2Fvnd.pypi.simple.v1%2Bjson");
  ASSERT_TRUE(asked.choice);
  EXPECT_EQ(asked.choice->format, PageFormat::json);
}

TEST(Negotiated, ClassesDifferExactlyWhereAnswersDo) {
  EXPECT_EQ(accept_class(kUv, "gzip", "pip/26"), accept_class("application/vnd.pypi.simple.v1+json", "gzip;q=0.5", "uv/1"));
  EXPECT_NE(accept_class(kUv, "gzip", ""), accept_class(kUv, "zstd", ""));
  EXPECT_NE(accept_class(kUv, "gzip", ""), accept_class("text/html", "gzip", ""));
  EXPECT_NE(accept_class("image/png", "", ""), accept_class("text/html", "", ""));
}

TEST(Negotiated, WhoNamesTheApiIsNeverAnsweredHot) {
  for (const auto* accept : {"application/json", "application/json, text/plain, */*", "*/*,application/json;q=0.1"}) {
    EXPECT_TRUE(names_json(accept)) << accept;
    EXPECT_EQ(accept_class(accept, "gzip", ""), http::kNeverHot) << accept;
  }
  for (const std::string_view accept : {std::string_view(), std::string_view("*/*"), std::string_view("application/*"), kUv}) {
    EXPECT_FALSE(names_json(accept)) << accept;
    EXPECT_GE(accept_class(accept, "", ""), 0) << accept;
  }
}

TEST(Negotiated, OnlyNoCacheAsksTheUpstream) {
  EXPECT_TRUE(wants_fresh({{"Cache-Control", "max-age=0, No-Cache"}}));
  EXPECT_FALSE(wants_fresh({{"Cache-Control", "max-age=0"}}));
  EXPECT_TRUE(wants_fresh({{"Pragma", "no-cache"}}));
  EXPECT_FALSE(wants_fresh({}));
}

}  // namespace
}  // namespace bodega::pypi
