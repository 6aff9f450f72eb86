// All names of one mirror, in memory: sorted, normalised (PEP 503), each without what it has in common with the one before: 10 bytes for
// each of the public index's 900,000. Beside each stands how many names continue it ("django-..." continues "django"), which tells
// well-known ones from others. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/pace.h"
#include "base/digest.h"
#include "base/result.h"
#include "web/search/part_finder.h"

namespace bodega::web {

using NameId = std::uint32_t;  // the place in the order

class NameList {
 public:
  // not_found, corrupt, io. Blocks.
  static Result<std::shared_ptr<const NameList>> load(const std::filesystem::path& path);

  NameId size() const { return static_cast<NameId>(lengths_.size()); }
  const Digest& source() const { return source_; }  // what it was made from
  std::string name(NameId id) const;
  std::size_t length(NameId id) const { return lengths_[id]; }                           // 1 to 200
  unsigned weight(NameId id) const { return static_cast<unsigned char>(weights_[id]); }  // 0: nothing continues it; +1 when that doubles

  struct Range {
    NameId begin = 0;
    NameId end = 0;
  };
  Range starting_with(std::string_view prefix) const { return starting_with(prefix, {0, size()}); }
  Range starting_with(std::string_view prefix, Range within) const;
  std::optional<NameId> find(std::string_view name) const { return find(name, {0, size()}); }
  std::optional<NameId> find(std::string_view name, Range within) const;

  std::size_t bytes() const { return text_.size() + lengths_.capacity() + weights_.capacity() + blocks_.capacity() * 4; }

 private:
  friend class NameReader;
  NameId lower_bound(std::string_view name, Range within) const;
  std::string_view first_of(std::size_t block) const;  // its first name

  static constexpr NameId kBlock = 8;
  static constexpr std::size_t kStep = 16;
  Digest source_;
  std::string text_;  // of each name: how many letters it shares with the one before (one byte), and the others. Then kStep more bytes
  std::vector<std::uint8_t> lengths_;
  std::string weights_;
  std::vector<std::uint32_t> blocks_;  // where in `text_` every kBlock-th name stands, which shares none
};

// Reads names one after the other; going on to a later one of the same eight is cheaper than going back. One thread.
class NameReader {
 public:
  explicit NameReader(const NameList& names) : names_(names) { text_[0] = '-'; }
  // "-name-": a part begins and ends with '-'. Behind it PartFinder::kSlack bytes are readable. Until the next call.
  std::string_view padded(NameId id);
  std::string_view name(NameId id) { return padded(id).substr(1, names_.lengths_[id]); }

 private:
  void take(NameId id);
  static_assert(NameList::kStep >= PartFinder::kSlack);

  const NameList& names_;
  std::optional<NameId> at_;  // whose letters `text_` has
  std::size_t place_ = 0;     // of the one behind it, in the list's text
  std::array<char, 1 + 255 + 1 + NameList::kStep> text_;
};

// Takes names in any order, normalised, doubles too; at most 2^32 - 1 bytes of them.
class NameListBuilder {
 public:
  // Names longer than 200 bytes, or with bytes that no normalised name has, are passed over.
  void add(std::string_view name);
  std::size_t size() const { return starts_.size(); }
  // Sorts and writes. Blocks.
  Result<void> write(const std::filesystem::path& path, const Digest& source, Pace& pace);

 private:
  std::string_view at(std::uint32_t start) const;

  // Lines of length byte and name, in pieces, so that growing never copies.
  static constexpr std::uint32_t kPiece = 1U << 20U;
  std::vector<std::string> pieces_;
  std::vector<std::uint32_t> starts_;  // piece * kPiece + place
  bool sorted_ = true;
};

}  // namespace bodega::web
