#include "http/multipart.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/head_parser.h"

namespace bodega::http {

namespace {

// Nobody writes a preamble; some old clients begin with an empty line.
constexpr std::size_t kMaxPreamble = 1024;

tl::unexpected<Error> broken(std::string what) { return fail(Code::invalid, "the form is broken: " + std::move(what)); }

bool is_boundary(std::string_view text) {  // RFC 2046 section 5.1.1
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::all_of(text.begin(), text.end(), good);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

std::size_t find(std::string_view bytes, std::string_view what) {
  const auto* const found = static_cast<const char*>(::memmem(bytes.data(), bytes.size(), what.data(), what.size()));
  return found == nullptr ? std::string_view::npos : static_cast<std::size_t>(found - bytes.data());
}

// Whether more than `most` bytes lie before a mark that was found there, or can no longer be found within them: the answer is the same
// however the bytes arrive.
bool too_far(std::size_t found, std::size_t have, std::size_t mark, std::size_t most) {
  return found == std::string_view::npos ? have >= most + mark : found > most;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// A token, or a quoted string in which only \" and \\ are escapes: browsers send file names with other backslashes as they are.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find(';'), text.size());
    value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return is_token(value) ? std::optional(value) : std::nullopt;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i];
  }
  return std::nullopt;
}

// RFC 5987 as older clients use it for names beyond ASCII: utf-8''%C3%A4. nullopt for another charset or a broken escape.
std::optional<std::string> extended_value(std::string_view text) {
  if (!istarts_with(text, "utf-8'")) return std::nullopt;
  const auto quote = text.find('\'', 6);
  if (quote == std::string_view::npos) return std::nullopt;
  return percent_decode(text.substr(quote + 1));
}

Result<void> take_disposition(PartHead& head, std::string_view text) {
  const auto parsed = parse_header_value(text);
  if (!parsed || parsed->value != "form-data") return broken("a part's Content-Disposition is not form-data");
  const auto* name = parsed->parameter("name");
  if (name == nullptr) return broken("a part has no name");
  head.name = *name;
  if (const auto* filename = parsed->parameter("filename")) head.filename = *filename;
  if (const auto* extended = parsed->parameter("filename*")) {
    auto decoded = extended_value(*extended);
    if (!decoded) return broken("a part's filename* is not UTF-8");
    head.filename = std::move(*decoded);
  }
  if (has_control(head.name) || (head.filename && has_control(*head.filename))) return broken("a part's name holds a control byte");
  return {};
}

Result<PartHead> parse_part_head(std::string_view lines) {
  PartHead head;
  bool disposed = false;
  while (!lines.empty()) {
    const auto end = std::min(lines.find("\r\n"), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line))
      return broken("a part has a header field of no valid form");
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (iequals(name, "Content-Disposition")) {
      if (std::exchange(disposed, true)) return broken("a part has two names");
      BODEGA_TRY_VOID(take_disposition(head, value));
    } else if (iequals(name, "Content-Type")) {
      head.content_type = value;
    } else if (iequals(name, "Content-Transfer-Encoding") && !iequals(value, "binary") && !iequals(value, "8bit") &&
               !iequals(value, "7bit")) {
      return broken("a part has a transfer encoding, which forms have not (RFC 7578 section 4.7)");
    }
  }
  if (!disposed) return broken("a part has no name");
  return head;
}

}  // namespace

const std::string* HeaderValue::parameter(std::string_view name) const {
  for (const auto& [key, text] : parameters) {
    if (key == name) return &text;
  }
  return nullptr;
}

std::optional<HeaderValue> parse_header_value(std::string_view text) {
  HeaderValue result;
  const auto end = std::min(text.find(';'), text.size());
  result.value = to_lower(trim(text.substr(0, end)));
  text.remove_prefix(end);
  while (true) {
    skip_blanks(text);
    if (text.empty()) return result;
    if (text.front() != ';') return std::nullopt;
    text.remove_prefix(1);
    skip_blanks(text);
    if (text.empty()) return result;  // a semicolon at the end is common
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto name = to_lower(text.substr(0, equals));
    if (!is_token(name) || result.parameter(name) != nullptr) return std::nullopt;
    text.remove_prefix(equals + 1);
    auto value = take_value(text);
    if (!value) return std::nullopt;
    result.parameters.emplace_back(std::move(name), std::move(*value));
  }
}

Result<MultipartParser> MultipartParser::make(std::string_view content_type, FormLimits limits) {
  const auto type = parse_header_value(content_type);
  if (!type || type->value != "multipart/form-data") return fail(Code::invalid, "the request's body is not multipart/form-data");
  const auto* boundary = type->parameter("boundary");
  if (boundary == nullptr || !is_boundary(*boundary)) return fail(Code::invalid, "the request's Content-Type has no valid boundary");
  return MultipartParser(*boundary, limits);
}

void MultipartParser::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<FormEvent> MultipartParser::next() {
  while (true) {
    const auto before = std::pair(state_, at_);
    auto event = Result<FormEvent>(FormEvent{});
    switch (state_) {
      case State::preamble: event = preamble(); break;
      case State::after_delimiter: event = after_delimiter(); break;
      case State::head: event = head(); break;
      case State::body: event = body(); break;
      case State::done:
        at_ = buffer_.size();  // the epilogue is ignored
        return FormEvent{};
    }
    if (!event || event->kind != FormEvent::Kind::need_more || before == std::pair(state_, at_)) return event;
  }
}

Result<void> MultipartParser::finish() const {
  if (state_ != State::done) return broken("it ends before its end");
  return {};
}

// The first delimiter needs no CRLF before it when it opens the body.
Result<FormEvent> MultipartParser::preamble() {
  const auto dashes = std::string_view(delimiter_).substr(2);
  const auto bytes = rest();
  if (bytes.size() < dashes.size() && dashes.starts_with(bytes)) return FormEvent{};
  if (bytes.starts_with(dashes)) {
    at_ += dashes.size();
    state_ = State::after_delimiter;
    return FormEvent{};
  }
  const auto found = find(bytes, delimiter_);
  if (too_far(found, bytes.size(), delimiter_.size(), kMaxPreamble)) return broken("it does not begin with its boundary");
  if (found == std::string_view::npos) return FormEvent{};
  at_ += found + delimiter_.size();
  state_ = State::after_delimiter;
  return FormEvent{};
}

Result<FormEvent> MultipartParser::after_delimiter() {
  if (std::exchange(at_delimiter_, false)) {
    FormEvent event;
    event.kind = FormEvent::Kind::part_end;
    return event;
  }
  auto bytes = rest();
  if (bytes.size() < 2) return FormEvent{};
  if (bytes.starts_with("--")) {
    at_ = buffer_.size();
    state_ = State::done;
    FormEvent event;
    event.kind = FormEvent::Kind::end;
    return event;
  }
  skip_blanks(bytes);
  const auto padding = rest().size() - bytes.size();
  if (padding > 64) return broken("too many blanks behind a boundary");
  if (bytes.size() < 2) return FormEvent{};
  // A longer word that begins like the boundary is no delimiter, but nobody who means well chooses such data.
  if (!bytes.starts_with("\r\n")) return broken("something follows a boundary on its line");
  if (++parts_ > limits_.parts) return fail(Code::too_large, "the form has more than " + std::to_string(limits_.parts) + " parts");
  at_ += padding;  // the CRLF stays: it ends the header block when there are no fields
  state_ = State::head;
  return FormEvent{};
}

Result<FormEvent> MultipartParser::head() {
  const auto bytes = rest();
  constexpr std::string_view kEnd = "\r\n\r\n";
  const auto end = find(bytes, kEnd);
  if (too_far(end, bytes.size(), kEnd.size(), limits_.head_bytes))
    return fail(Code::too_large, "the header fields of a part of the form are too large");
  if (end == std::string_view::npos) return FormEvent{};
  FormEvent event;
  event.kind = FormEvent::Kind::part;
  BODEGA_TRY(event.part, parse_part_head(end < 2 ? std::string_view{} : bytes.substr(2, end - 2)));
  is_file_ = event.part.filename.has_value();
  at_ += end + 2;  // this CRLF may belong to a delimiter that follows at once
  state_ = State::body;
  skip_ = 2;
  return event;
}

Result<FormEvent> MultipartParser::body() {
  const auto bytes = rest();
  if (skip_ > 0 && !bytes.starts_with(delimiter_)) {
    if (bytes.size() < delimiter_.size() && std::string_view(delimiter_).starts_with(bytes)) return FormEvent{};
    at_ += std::exchange(skip_, 0);
    return FormEvent{};
  }
  skip_ = 0;
  const auto found = find(bytes, delimiter_);
  auto count = found;
  if (found == std::string_view::npos) {
    // What could be the beginning of a delimiter waits for more.
    count = bytes.size() - std::min(bytes.size(), delimiter_.size() - 1);
    const auto tail = bytes.substr(count);
    const auto candidate = tail.find('\r');
    count += std::min(candidate, tail.size());
  }
  if (count > 0) {
    if (!is_file_ && (field_bytes_ += count) > limits_.field_bytes) {
      return fail(Code::too_large, "the fields of the form hold more than " + std::to_string(limits_.field_bytes) + " bytes");
    }
    return take_data(count);
  }
  if (found == std::string_view::npos) return FormEvent{};
  at_ += delimiter_.size();
  at_delimiter_ = true;
  state_ = State::after_delimiter;
  return FormEvent{};
}

FormEvent MultipartParser::take_data(std::size_t count) {
  FormEvent event;
  event.kind = FormEvent::Kind::data;
  event.data = rest().substr(0, count);
  at_ += count;
  return event;
}

Result<FormFields> parse_urlencoded(std::string_view body, FormLimits limits) {
  FormFields fields;
  if (body.empty()) return fields;
  if (body.size() > limits.field_bytes)
    return fail(Code::too_large, "the form is larger than " + std::to_string(limits.field_bytes) + " bytes");
  if (static_cast<std::size_t>(std::count(body.begin(), body.end(), '&')) >= limits.parts) {
    return fail(Code::too_large, "the form has more than " + std::to_string(limits.parts) + " fields");
  }
  for (const auto part : split(body, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = form_decode(part.substr(0, equals));
    auto value = form_decode(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return broken("a percent escape is not whole");
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

}  // namespace bodega::http
