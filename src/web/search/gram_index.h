// Which names hold which three letters: lists of names by trigram of "-name-", read from the disk when they are asked for (14 bytes for
// each name, a quarter of a megabyte in memory). Immutable; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "web/search/index_file.h"
#include "web/search/name_list.h"

namespace bodega::web {

// Of '-', digits and lower-case letters; kNoGram for anything else.
using Gram = std::uint32_t;
inline constexpr Gram kGrams = 37 * 37 * 37;
inline constexpr Gram kNoGram = kGrams;
Gram gram_of(std::string_view three);
// Each gram of the text once, ascending.
std::vector<Gram> grams_of(std::string_view padded);

class GramIndex {
 public:
  // Makes the file. Blocks; holds the lists of all grams in memory, 14 bytes for each name.
  static Result<void> build(const NameList& names, const std::filesystem::path& path);
  // not_found, io; corrupt, also when it belongs to another list of names. Blocks.
  static Result<std::shared_ptr<const GramIndex>> open(const std::filesystem::path& path, const NameList& names);

  std::uint32_t size_of(Gram gram) const { return places_[gram + 1] - places_[gram]; }  // bytes, about one a name
  // Appends the names that hold it, ascending. Blocks.
  Result<void> read(Gram gram, std::vector<NameId>& out) const;
  // Adds one to counts[id] for each of them. Blocks.
  Result<void> count(Gram gram, std::vector<std::uint8_t>& counts) const;

 private:
  explicit GramIndex(OpenFile file) : file_(std::move(file)) {}
  template <class Each>
  Result<void> each(Gram gram, Each each) const;

  OpenFile file_;
  NameId names_ = 0;
  std::vector<std::uint32_t> places_;  // kGrams + 1
  std::uint64_t begin_ = 0;            // of the lists in the file
};

}  // namespace bodega::web
