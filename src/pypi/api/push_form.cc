#include "pypi/api/push_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "pypi/format/filename.h"

namespace bodega::pypi {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

using Fields = std::vector<std::pair<std::string, std::string>>;

// devpi's keys only: one field for a text, also an empty one, and one for each item of a list.
Fields fields_of(const ReleaseMetadata& metadata) {
  Fields out;
  const auto json = Json::parse(metadata.json());
  if (!json) return out;
  for (const auto& [key, value] : json->members()) {
    if (!find_metadata_key(key)) continue;
    if (value.string()) out.emplace_back(key, *value.string());
    for (const auto& item : value.items()) {
      if (item.string()) out.emplace_back(key, *item.string());
    }
  }
  return out;
}

// WHATWG's escapes for a name in a Content-Disposition.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "%22"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      default: out += c;
    }
  }
  return out + '"';
}

PushForm multipart(const Fields& fields, const std::string& filename, const std::string& boundary) {
  PushForm form;
  form.content_type = "multipart/form-data; boundary=" + boundary;
  for (const auto& [name, value] : fields) {
    form.before += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + quoted(name) + "\r\n\r\n" + value + "\r\n";
  }
  form.before += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"content\"; filename=" + quoted(filename) +
                 "\r\nContent-Type: application/octet-stream\r\n\r\n";
  form.after = "\r\n--" + boundary + "--\r\n";
  return form;
}

}  // namespace

std::string register_form(const ReleaseMetadata& metadata) {
  auto fields = fields_of(metadata);
  fields.emplace_back(":action", "submit");
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

PushForm file_form(const ReleaseMetadata& metadata, const catalog::FileRow& file, const std::string& boundary) {
  auto fields = fields_of(metadata);
  const auto kind = file_kind(file.filename);
  fields.emplace_back(":action", "file_upload");
  fields.emplace_back("filetype", kind ? to_string(*kind) : "bdist_dumb");
  fields.emplace_back("pyversion", pyversion_of(file.filename));
  fields.emplace_back("sha256_digest", file.digest.hex());
  return multipart(fields, file.filename, boundary);
}

PushForm docs_form(const ReleaseMetadata& metadata, const std::string& name, const std::string& boundary) {
  auto fields = fields_of(metadata);
  fields.emplace_back(":action", "doc_upload");
  return multipart(fields, name + ".zip", boundary);
}

std::string pyversion_of(std::string_view filename) {
  const auto kind = file_kind(filename);
  if (kind == FileKind::sdist) return "source";
  std::string_view tag;
  if (const auto wheel = parse_wheel(filename)) {
    tag = wheel->python;
  } else if (const auto dash = file_stem(filename).rfind('-'); dash != std::string_view::npos) {
    tag = file_stem(filename).substr(dash + 1);  // of an egg or an installer: "py2.7"
  }
  if (tag == "py2.py3") return "2.7";
  // Of a compressed set, "py3.cp311", the first.
  for (auto dot = tag.find('.'); dot != std::string_view::npos; dot = tag.find('.', dot + 1)) {
    if (dot + 1 == tag.size() || !is_digit(tag[dot + 1])) tag = tag.substr(0, dot);
  }
  const auto first = static_cast<std::size_t>(std::find_if(tag.begin(), tag.end(), is_digit) - tag.begin());
  const std::string number(tag.substr(first));
  const bool is_number = std::all_of(number.begin(), number.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (first == 0 || number.empty() || !is_number) return "any";
  if (number.size() == 1 || number.find('.') != std::string::npos) return number;
  return number.substr(0, 1) + "." + number.substr(1);
}

}  // namespace bodega::pypi
