// Which names hold which three letters: lists of names by trigram of "-name-", read from the disk when they are asked for (14 bytes for
// each name, a quarter of a megabyte in memory). Immutable; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
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
  static Result<void> build(const NameList& names, const std::filesystem::path& path, Pace& pace);
  // not_found, io; corrupt, also when it belongs to another list of names. Blocks.
  static Result<std::shared_ptr<const GramIndex>> open(const std::filesystem::path& path, const NameList& names);

  std::uint32_t size_of(Gram gram) const { return places_[gram + 1] - places_[gram]; }  // bytes, about one a name
  // Calls each(id) for the names that hold it, ascending. Blocks.
  template <class Each>
  Result<void> each(Gram gram, Each each) const {
    BODEGA_TRY(const auto list, read(gram));
    std::uint64_t id = 0;  // one more than the name's
    for (std::size_t at = 0; at < list.size();) {
      std::uint64_t step = 0;
      for (unsigned shift = 0; at < list.size() && shift < 35; shift += 7) {
        const auto byte = static_cast<unsigned char>(list[at++]);
        step |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) break;
      }
      id += step;
      if (id == 0 || id > names_) return damaged();
      each(static_cast<NameId>(id - 1));
    }
    return {};
  }

 private:
  explicit GramIndex(OpenFile file) : file_(std::move(file)) {}
  Result<std::string> read(Gram gram) const;
  static tl::unexpected<Error> damaged();

  OpenFile file_;
  NameId names_ = 0;
  std::vector<std::uint32_t> places_;  // kGrams + 1
  std::uint64_t begin_ = 0;            // of the lists in the file
};

}  // namespace bodega::web
