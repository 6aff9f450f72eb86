#include "web/search/gram_index.h"

#include <algorithm>

namespace bodega::web {
namespace {

constexpr std::string_view kMagic = "BodGrm1\n";
constexpr std::uint32_t kLetters = 37;

constexpr std::uint32_t kNoLetter = kLetters;
std::uint32_t letter_of(char c) {
  if (c == '-') return 0;
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 1;
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a') + 11;
  return kNoLetter;
}

std::size_t varint_size(std::uint32_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

void put_varint(char*& to, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7U) *to++ = static_cast<char>(value | 0x80U);
  *to++ = static_cast<char>(value);
}

// Calls each(gram, step) for every gram of every name, `step` being the way from the last name that had it; a first one counts from -1.
template <class Each>
void each_step(const NameList& names, Pace& pace, Each each) {
  std::vector<NameId> next(kGrams, 0);
  NameReader reader(names);
  for (NameId id = 0; id < names.size(); ++id) {
    const auto padded = reader.padded(id);
    for (std::size_t at = 0; at + 3 <= padded.size(); ++at) {
      const Gram gram = gram_of(padded.substr(at, 3));
      if (gram == kNoGram || next[gram] == id + 1) continue;
      each(gram, id + 1 - next[gram]);
      next[gram] = id + 1;
    }
    pace.step();
  }
}

}  // namespace

Gram gram_of(std::string_view three) {
  const auto a = letter_of(three[0]);
  const auto b = letter_of(three[1]);
  const auto c = letter_of(three[2]);
  if (a == kNoLetter || b == kNoLetter || c == kNoLetter) return kNoGram;
  return (a * kLetters + b) * kLetters + c;
}

std::vector<Gram> grams_of(std::string_view padded) {
  std::vector<Gram> out;
  for (std::size_t at = 0; at + 3 <= padded.size(); ++at) {
    if (const Gram gram = gram_of(padded.substr(at, 3)); gram != kNoGram) out.push_back(gram);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<void> GramIndex::build(const NameList& names, const std::filesystem::path& path, Pace& pace) {
  std::vector<std::uint32_t> places(kGrams + 1, 0);
  each_step(names, pace, [&places](Gram gram, std::uint32_t step) { places[gram + 1] += static_cast<std::uint32_t>(varint_size(step)); });
  for (Gram gram = 0; gram < kGrams; ++gram) places[gram + 1] += places[gram];
  std::string lists(places[kGrams], '\0');
  std::vector<char*> ends(kGrams);
  for (Gram gram = 0; gram < kGrams; ++gram) ends[gram] = lists.data() + places[gram];
  each_step(names, pace, [&ends](Gram gram, std::uint32_t step) { put_varint(ends[gram], step); });
  BODEGA_TRY(auto file, IndexFileWriter::create(path, kMagic, names.source()));
  std::string part;
  for (const auto place : places) put_u32(part, place);
  BODEGA_TRY_VOID(file.append(part));
  for (std::size_t at = 0; at < lists.size(); at += part.size()) {
    part = lists.substr(at, 1U << 18U);
    BODEGA_TRY_VOID(file.append(part));
  }
  return file.finish();
}

Result<std::shared_ptr<const GramIndex>> GramIndex::open(const std::filesystem::path& path, const NameList& names) {
  BODEGA_TRY(auto opened, open_index_file(path, kMagic));
  constexpr std::size_t kTable = (kGrams + 1) * 4;
  if (opened.size < kTable || opened.source != names.source()) return damaged();
  std::string table(kTable, '\0');
  BODEGA_TRY_VOID(opened.file.read(table.data(), kTable, IndexFile::kHead));
  auto index = std::shared_ptr<GramIndex>(new GramIndex(std::move(opened.file)));
  index->names_ = names.size();
  index->begin_ = IndexFile::kHead + kTable;
  index->places_.resize(kGrams + 1);
  for (std::size_t i = 0; i <= kGrams; ++i) index->places_[i] = get_u32(table.data() + 4 * i);
  if (!std::is_sorted(index->places_.begin(), index->places_.end()) || index->places_[kGrams] != opened.size - kTable) return damaged();
  return std::shared_ptr<const GramIndex>(std::move(index));
}

tl::unexpected<Error> GramIndex::damaged() { return fail(Code::corrupt, "the letters of the search index are damaged"); }

Result<std::string> GramIndex::read(Gram gram) const {
  std::string list(size_of(gram), '\0');
  BODEGA_TRY_VOID(file_.read(list.data(), list.size(), begin_ + places_[gram]));
  return list;
}

}  // namespace bodega::web
