// Core metadata as it lies in METADATA and PKG-INFO: RFC 822-like headers, then the description. Tolerant, because files twenty years old
// are read too; what must hold for an upload is checked in archive.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bodega::pypi {

class Metadata {
 public:
  // Never fails. A line that is no header ends the headers, as in Python's email package; bytes that are no UTF-8 are kept.
  static Metadata parse(std::string_view bytes);

  struct Field {
    std::string name;   // as spelt
    std::string value;  // trimmed; continuation lines unfolded, joined by '\n'
  };
  const std::vector<Field>& fields() const { return fields_; }  // in the order given

  // The first value of that name in any case; "" when there is none, or when it is the old "UNKNOWN".
  std::string_view get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;  // likewise, in order
  std::size_t count(std::string_view name) const;

  std::string_view metadata_version() const { return get("Metadata-Version"); }
  std::string_view name() const { return get("Name"); }
  std::string_view version() const { return get("Version"); }
  std::string requires_python() const;  // on one line
  // The body, or where that is empty the Description header.
  std::string_view description() const { return body_.empty() ? get("Description") : std::string_view(body_); }

 private:
  std::vector<Field> fields_;
  std::string body_;
};

}  // namespace bodega::pypi
