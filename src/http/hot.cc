#include "http/hot.h"

#include "base/check.h"
#include "base/text.h"
#include "http/response_writer.h"

namespace bodega::http {

namespace {

std::uint64_t body_length(const Body& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&body)) return *shared ? (*shared)->size() : 0;
  if (const auto* file = std::get_if<FileBody>(&body)) {
    const auto total = file->source->total();
    BODEGA_CHECK(total && file->source->available() == *total, "a file that still grows was offered to the hot table");
    return *total;
  }
  return 0;
}

}  // namespace

std::shared_ptr<const HotEntry> make_hot_entry(const Response& response, std::string path, int accept_class,
                                               std::shared_ptr<const Validity> validity, MonoTime valid_until) {
  auto entry = std::make_shared<HotEntry>();
  entry->path = std::move(path);
  entry->accept_class = accept_class;
  entry->route = response.route;
  entry->length = body_length(response.body);
  entry->etag = std::string(response.headers.get("ETag"));
  entry->last_modified = parse_http_date(response.headers.get("Last-Modified"));
  entry->ranges = response.status == 200 && iequals(response.headers.get("Accept-Ranges"), "bytes");
  entry->head = make_head(response, entry->length);
  if (response.status == 200 && (!entry->etag.empty() || entry->last_modified)) entry->head_not_modified = make_head_304(response);
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    entry->body = std::make_shared<const std::string>(*text);
  } else {
    entry->body = response.body;
  }
  entry->validity = std::move(validity);
  entry->valid_until = valid_until;
  return entry;
}

}  // namespace bodega::http
