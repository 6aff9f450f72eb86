#include "web/assets.h"

#include <algorithm>

#include "base/digest.h"
#include "pypi/index/compress.h"
#include "pypi/index/negotiate.h"

namespace bodega::web {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

std::string digest_of_all() {
  auto hasher = Hasher::sha256();
  for (const auto& asset : embedded_assets()) {
    hasher.update(asset.name);
    hasher.update(asset.bytes);
  }
  return hasher.finish_digest().hex().substr(0, 12);
}

}  // namespace

Assets::Assets(std::string_view version) : tag_(std::string(version) + "-" + digest_of_all()), folder_("/+static-" + tag_ + "/") {}

std::optional<http::Response> Assets::get(const http::Request& request, std::string_view tag, std::string_view name) {
  const auto all = embedded_assets();
  const auto found = std::find_if(all.begin(), all.end(), [name](const Asset& asset) { return asset.name == name; });
  if (found == all.end()) return std::nullopt;
  http::Response response;
  response.route = "web.static";
  response.headers.add("Content-Type", std::string(type_of(name)));
  response.headers.add("Cache-Control", tag == tag_ ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("Vary", "Accept-Encoding");
  response.headers.add("X-Content-Type-Options", "nosniff");
  // A picture that is opened by itself is a document.
  response.headers.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  const auto* accepted = request.headers.find("Accept-Encoding");
  const auto encoding = accepted ? pypi::negotiate_encoding(*accepted, {.gzip = true, .zstd = false}) : std::nullopt;
  if (encoding != pypi::ContentEncoding::gzip) {
    response.body = std::string(found->bytes);
    return response;
  }
  auto& gzipped = gzipped_[std::string(name)];
  if (!gzipped) gzipped = std::make_shared<const std::string>(pypi::compress(found->bytes, pypi::ContentEncoding::gzip));
  response.headers.add("Content-Encoding", "gzip");
  response.body = gzipped;
  return response;
}

}  // namespace bodega::web
