// Where a store keeps what: the only place that knows docs/formats/store.md by heart. Pure.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/text.h"

namespace bodega::store {

class Layout {
 public:
  explicit Layout(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path blobs() const { return root_ / "blobs" / "sha256"; }
  std::filesystem::path temp() const { return root_ / "tmp"; }
  std::filesystem::path quarantine() const { return root_ / "quarantine"; }

  std::filesystem::path blob(const Digest& digest) const {
    const std::string hex = digest.hex();
    return blobs() / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }

  // A note beside a blob; `name` is 16 hex digits.
  std::filesystem::path note(const Digest& digest, std::string_view name) const {
    return blob(digest).parent_path() / (digest.hex() + "." + std::string(name));
  }
  static bool is_note_name(std::string_view name) { return name.size() == 16 && is_lower_hex(name); }

  // The directories above a blob have 2 hex digits, temp files 32, blobs 64.
  static bool is_fan_name(std::string_view name) { return name.size() == 2 && is_lower_hex(name); }
  static bool is_temp_name(std::string_view name) { return name.size() == 32 && is_lower_hex(name); }
  // The digest of a blob's file name, if a blob of that name belongs into <first>/<second>/.
  static std::optional<Digest> digest_of(std::string_view first, std::string_view second, std::string_view name) {
    if (!is_lower_hex(name) || name.substr(0, 2) != first || name.size() < 4 || name.substr(2, 2) != second) return std::nullopt;
    return Digest::from_hex(name);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace bodega::store
