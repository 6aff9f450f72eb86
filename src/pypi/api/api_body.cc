#include "pypi/api/api_body.h"

namespace bodega::pypi {
namespace {

// Configuration, not data: the largest devpi body seen is a few KiB of custom_data.
constexpr std::size_t kMaxBodyBytes = 1 << 20;

Task<Result<std::string>> read_body(http::Request& request, std::size_t limit) {
  std::string out;
  if (!request.body) co_return out;
  Error too_large{Code::too_large, "The request body is larger than this address takes.", {}, std::nullopt};
  if (request.body->length().value_or(0) > limit) co_return fail(std::move(too_large));
  for (;;) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) co_return out;
    if (out.size() + piece->size() > limit) co_return fail(std::move(too_large));
    out += *piece;
  }
}

}  // namespace

Task<Result<Json>> read_json(http::Request& request) {
  auto body = co_await read_body(request, kMaxBodyBytes);
  if (!body) co_return fail(std::move(body).error());
  auto json = Json::parse(*body);
  if (!json && json.error().code == Code::invalid)
    co_return fail(Code::invalid, "Bad request: could not decode json", json.error().context);
  co_return json;
}

}  // namespace bodega::pypi
