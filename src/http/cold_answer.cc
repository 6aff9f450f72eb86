#include "http/cold_answer.h"

#include "base/text.h"
#include "http/conditional.h"
#include "http/response_writer.h"

namespace bodega::http {

namespace {

Selection choose(const Request& request, const Response& response, std::optional<std::uint64_t> total) {
  if (response.status != 200 || (request.method != Method::get && request.method != Method::head)) {
    return {response.status, 0, total.value_or(0)};
  }
  const auto none_match = request.headers.joined("If-None-Match");
  const auto range = request.headers.joined("Range");
  Conditions conditions;
  conditions.has_if_none_match = request.headers.has("If-None-Match");
  conditions.if_none_match = none_match;
  conditions.if_modified_since = request.headers.get("If-Modified-Since");
  if (request.method == Method::get) conditions.range = range;  // several fields join to several ranges: the whole
  conditions.if_range = request.headers.get("If-Range");
  const Validators validators{response.headers.get("ETag"), parse_http_date(response.headers.get("Last-Modified"))};
  // Without a validator nothing can be "not modified", not even for "*": the answer may be of a kind that is made anew each time.
  if (validators.etag.empty() && !validators.last_modified) conditions.has_if_none_match = false;
  const bool ranges = total && iequals(response.headers.get("Accept-Ranges"), "bytes");
  return select(conditions, validators, ranges ? AcceptRanges::yes : AcceptRanges::no, total.value_or(0));
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

std::optional<std::uint64_t> body_length(const Body& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&body)) return *shared ? (*shared)->size() : 0;
  if (const auto* file = std::get_if<FileBody>(&body)) return file->source->total();
  return 0;
}

ColdAnswer shape_answer(const Request& request, const Response& response, int minor_version) {
  const auto total = body_length(response.body);
  const auto chosen = choose(request, response, total);
  ColdAnswer answer;
  answer.status = chosen.status;
  if (chosen.status == 304 && response.status == 200) {
    answer.head = make_head_304(response);
    return answer;
  }
  if (chosen.status == 416 && response.status == 200) {
    answer.head = make_head_416(total.value_or(0));
    return answer;
  }
  if (has_no_body(chosen.status)) {
    answer.head = make_head(response, std::nullopt);
    return answer;
  }
  answer.head = make_head(response, total);
  answer.first = chosen.first;
  if (total) answer.length = chosen.length;
  if (chosen.status == 206 && response.status == 200) answer.head = make_head_206(answer.head, chosen.first, chosen.length, *total);
  if (!total && minor_version == 1) append_field(answer.head, "Transfer-Encoding", "chunked");
  if (request.method == Method::head) return answer;
  if (total) {
    answer.framing = chosen.length > 0 ? Framing::length : Framing::none;
  } else {
    answer.framing = minor_version == 1 ? Framing::chunked : Framing::until_close;
  }
  return answer;
}

}  // namespace bodega::http
