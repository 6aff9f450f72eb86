#include "pypi/index/negotiate.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

constexpr std::string_view kNone = "none";

std::string_view type(std::optional<std::string_view> accept, std::optional<std::string_view> format = std::nullopt) {
  const auto choice = negotiate_page(accept, format);
  if (!choice) return kNone;
  EXPECT_EQ(choice->format == PageFormat::json, choice->content_type == kJsonType);
  return choice->content_type;
}

TEST(Negotiate, PageTable) {
  const std::pair<const char*, std::string_view> cases[] = {
      // pip, uv, poetry, a browser, urllib
      {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", kJsonType},
      {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", kJsonType},
      {"application/vnd.pypi.simple.v1+json, */*;q=0.1", kJsonType},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", kPlainHtmlType},
      {"*/*", kPlainHtmlType},
      {"", kPlainHtmlType},
      {" ", kPlainHtmlType},
      {"text/*", kPlainHtmlType},
      {"text/html", kPlainHtmlType},
      {"text/html; charset=utf-8", kPlainHtmlType},
      {"TEXT/HTML", kPlainHtmlType},
      {"application/vnd.pypi.simple.v1+html", kHtmlType},
      {"application/vnd.pypi.simple.latest+html", kHtmlType},
      {"application/vnd.pypi.simple.latest+json", kJsonType},
      {"application/vnd.pypi.simple.v1+json", kJsonType},
      {"APPLICATION/VND.PYPI.SIMPLE.V1+JSON;Q=0.5", kJsonType},
      // ties prefer JSON, when it is named
      {"application/vnd.pypi.simple.v1+html, application/vnd.pypi.simple.v1+json", kJsonType},
      {"text/html, application/vnd.pypi.simple.v1+json", kJsonType},
      {"text/html;q=0.5, application/vnd.pypi.simple.v1+json;q=0.5", kJsonType},
      {"text/html, application/vnd.pypi.simple.v1+json;q=0.9", kPlainHtmlType},
      // q=0 excludes, the most exact range counts
      {"*/*, text/html;q=0, application/vnd.pypi.simple.v1+html;q=0", kJsonType},
      {"application/vnd.pypi.simple.v1+json;q=0, */*;q=0.1", kPlainHtmlType},
      {"*/*;q=0", kNone},
      {"text/html;q=0", kNone},
      {"application/vnd.pypi.simple.v1+json;q=0.000", kNone},
      {"text/html;q=0.001", kPlainHtmlType},
      {"application/json", kNone},
      {"application/vnd.pypi.simple.v2+json", kNone},
      {"image/png", kNone},
      {"application/*", kHtmlType},
      // broken headers
      {";;,,;q=1", kNone},
      {"text/html;q=high", kNone},
      {"text/html;q=7", kPlainHtmlType},
      {"text/html ; q = 0.3 , application/vnd.pypi.simple.v1+json ; q = 0.2", kPlainHtmlType},
  };
  for (const auto& [accept, want] : cases) EXPECT_EQ(type(accept), want) << accept;
  EXPECT_EQ(type(std::nullopt), kPlainHtmlType);
}

TEST(Negotiate, FormatParameterWins) {
  EXPECT_EQ(type("text/html", "application/vnd.pypi.simple.v1+json"), kJsonType);
  EXPECT_EQ(type("text/html", "application/vnd.pypi.simple.v1 json"), kJsonType);
  EXPECT_EQ(type("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+html"), kHtmlType);
  EXPECT_EQ(type(std::nullopt, "text/html"), kPlainHtmlType);
  EXPECT_EQ(type("text/html", "json"), kNone);
  EXPECT_EQ(type("text/html", ""), kNone);
}

TEST(Negotiate, EncodingTable) {
  constexpr AvailableEncodings kBoth{true, true};
  const std::tuple<const char*, AvailableEncodings, std::string_view> cases[] = {
      {"gzip, deflate", kBoth, "gzip"},
      {"gzip, deflate, br, zstd", kBoth, "zstd"},
      {"gzip;q=1.0, zstd;q=0.5", kBoth, "gzip"},
      {"gzip, zstd", {true, false}, "gzip"},
      {"zstd", {true, false}, "identity"},
      {"identity", kBoth, "identity"},
      {"identity, gzip;q=0.5", kBoth, "identity"},
      {"identity;q=0.5, gzip;q=0.5", kBoth, "gzip"},
      {"*", kBoth, "zstd"},
      {"*;q=0.1, gzip", kBoth, "gzip"},
      {"gzip;q=0", kBoth, "identity"},
      {"gzip;q=0, *", kBoth, "zstd"},
      {"*;q=0", kBoth, kNone},
      {"*;q=0, gzip", kBoth, "gzip"},
      {"*;q=0, identity;q=0.1", kBoth, "identity"},
      {"identity;q=0", kBoth, kNone},
      {"identity;q=0, gzip", {false, true}, kNone},
      {"identity;q=0, gzip", kBoth, "gzip"},
      {"X-GZIP", kBoth, "gzip"},
      {"br", kBoth, "identity"},
      {"", kBoth, "identity"},
      {"gzip;q=0.001", kBoth, "gzip"},
  };
  for (const auto& [header, available, want] : cases) {
    const auto choice = negotiate_encoding(header, available);
    EXPECT_EQ(choice ? to_string(*choice) : kNone, want) << header;
  }
  EXPECT_EQ(negotiate_encoding(std::nullopt, kBoth), ContentEncoding::identity);
}

TEST(Negotiate, EndlessHeadersCostLittle) {
  std::string accept;
  for (int i = 0; i < 100000; ++i) accept += "text/html;q=0.1,";
  EXPECT_EQ(type(accept), kPlainHtmlType);
}

}  // namespace
}  // namespace bodega::pypi
