#include "pypi/format/metadata.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::pypi {
namespace {

// Takes one line off the front, without its end (LF, CRLF or CR LF of old Macs is not known here).
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// distutils folded long texts with eight spaces, older wheels with seven and '|'; anything else loses all its leading blanks.
std::string_view unfold(std::string_view line) {
  constexpr std::string_view kBar = "       |";
  constexpr std::string_view kSpaces = "        ";
  if (line.starts_with(kBar) || line.starts_with(kSpaces)) return line.substr(kSpaces.size());
  return line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Metadata Metadata::parse(std::string_view bytes) {
  Metadata out;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  while (!bytes.empty()) {
    const std::string_view before = bytes;
    const std::string_view line = take_line(bytes);
    if (line.empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !out.fields_.empty()) {
      out.fields_.back().value.append("\n").append(unfold(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon))) {
      bytes = before;
      break;
    }
    out.fields_.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  out.body_ = bytes;
  for (auto& field : out.fields_) {
    const auto last = field.value.find_last_not_of(" \t\r\n");
    field.value.resize(last == std::string::npos ? 0 : last + 1);
  }
  return out;
}

std::string_view Metadata::get(std::string_view name) const {
  for (const auto& field : fields_) {
    if (iequals(field.name, name)) return field.value == "UNKNOWN" ? std::string_view{} : std::string_view(field.value);
  }
  return {};
}

std::vector<std::string_view> Metadata::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& field : fields_) {
    if (iequals(field.name, name) && !field.value.empty() && field.value != "UNKNOWN") out.emplace_back(field.value);
  }
  return out;
}

std::size_t Metadata::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) { return iequals(field.name, name); }));
}

std::string Metadata::requires_python() const {
  std::string out(get("Requires-Python"));
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

}  // namespace bodega::pypi
