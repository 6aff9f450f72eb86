#include "web/search/name_list.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "pypi/format/names.h"
#include "web/search/index_file.h"
#include "web/search/part_finder.h"

namespace bodega::web {
namespace {

constexpr std::string_view kMagic = "BodNam1\n";

// How many names continue each one. Sorted order has them right behind it, because '-' comes before digits and letters.
class Continuations {
 public:
  explicit Continuations(std::size_t names) : counts_(names, 0) {}

  void see(std::size_t index, std::string_view name) {
    while (!above_.empty() && !continues(name, above_.back().second)) above_.pop_back();
    for (const auto& [ancestor, text] : above_) ++counts_[ancestor];
    above_.emplace_back(index, name);
  }

  std::string weights() const {
    std::string out(counts_.size(), '\0');
    for (std::size_t i = 0; i < counts_.size(); ++i) out[i] = static_cast<char>(std::bit_width(counts_[i]));
    return out;
  }

 private:
  static bool continues(std::string_view name, std::string_view before) {
    return name.size() > before.size() && name[before.size()] == '-' && name.starts_with(before);
  }
  std::vector<std::uint32_t> counts_;
  std::vector<std::pair<std::size_t, std::string_view>> above_;
};

}  // namespace

Result<std::shared_ptr<const NameList>> NameList::load(const std::filesystem::path& path) {
  BODEGA_TRY(const auto opened, open_index_file(path, kMagic));
  const auto broken = [] { return fail(Code::corrupt, "the list of names of the search index is damaged"); };
  std::string count(4, '\0');
  if (opened.size < 4) return broken();
  BODEGA_TRY_VOID(opened.file.read(count.data(), 4, IndexFile::kHead));
  const std::uint64_t names = get_u32(count.data());
  if (opened.size < 4 + 2 * names) return broken();
  auto list = std::make_shared<NameList>();
  list->source_ = opened.source;
  list->lengths_.resize(names);
  list->weights_.resize(names);
  const std::size_t text = opened.size - 4 - 2 * names;
  list->text_.resize(text + PartFinder::kSlack);
  std::uint64_t at = IndexFile::kHead + 4;
  BODEGA_TRY_VOID(opened.file.read(reinterpret_cast<char*>(list->lengths_.data()), names, at));
  BODEGA_TRY_VOID(opened.file.read(list->weights_.data(), names, at + names));
  BODEGA_TRY_VOID(opened.file.read(list->text_.data(), text, at + 2 * names));
  list->blocks_.reserve(names / kBlock + 1);
  std::uint64_t place = 0;
  for (NameId id = 0; id < names; ++id) {
    if (id % kBlock == 0) list->blocks_.push_back(static_cast<std::uint32_t>(place));
    place += list->lengths_[id] + std::uint64_t{1};
  }
  if (place + 1 != text) return broken();
  return std::shared_ptr<const NameList>(std::move(list));
}

std::string_view NameList::padded(NameId id) const {
  const NameId first = id / kBlock * kBlock;
  const auto from = lengths_.begin() + static_cast<std::ptrdiff_t>(first);
  const std::size_t before = std::accumulate(from, from + (id - first), std::size_t{id - first});
  return std::string_view(text_).substr(blocks_[id / kBlock] + before, lengths_[id] + std::size_t{2});
}

std::string_view NameList::first_of(std::size_t block) const {
  return std::string_view(text_).substr(blocks_[block] + std::size_t{1}, lengths_[block * kBlock]);
}

// Blocks by their first names, then along the last one: where a block begins is known, where a name begins is counted.
NameId NameList::lower_bound(std::string_view wanted, Range within) const {
  if (within.begin >= within.end) return within.begin;
  std::size_t low = within.begin / kBlock;
  std::size_t high = (within.end - 1) / kBlock + 1;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (first_of(middle) < wanted ? low : high) = middle;
  }
  const auto last = std::min<NameId>(static_cast<NameId>((low + 1) * kBlock), within.end);
  std::size_t place = blocks_[low];
  for (auto id = static_cast<NameId>(low * kBlock); id < last; ++id) {
    if (id >= within.begin && std::string_view(text_).substr(place + 1, lengths_[id]) >= wanted) return id;
    place += lengths_[id] + std::size_t{1};
  }
  return last;
}

NameList::Range NameList::starting_with(std::string_view prefix, Range within) const {
  if (prefix.empty()) return within;
  std::string after(prefix);
  ++after.back();  // names are ASCII: the next byte is a byte
  const NameId begin = lower_bound(prefix, within);
  return {begin, lower_bound(after, {begin, within.end})};
}

std::optional<NameId> NameList::find(std::string_view wanted, Range within) const {
  const NameId at = lower_bound(wanted, within);
  if (at >= within.end || name(at) != wanted) return std::nullopt;
  return at;
}

void NameListBuilder::add(std::string_view name) {
  if (!pypi::is_normalized_name(name)) return;
  if (pieces_.empty() || pieces_.back().size() + name.size() + 1 > kPiece) {
    pieces_.emplace_back();
    pieces_.back().reserve(kPiece);
  }
  if (sorted_ && !starts_.empty()) {
    const auto last = at(starts_.back());
    if (last == name) return;
    sorted_ = last < name;
  }
  auto& piece = pieces_.back();
  starts_.push_back(static_cast<std::uint32_t>((pieces_.size() - 1) * kPiece + piece.size()));
  piece += static_cast<char>(name.size());
  piece += name;
}

std::string_view NameListBuilder::at(std::uint32_t start) const {
  const std::string& piece = pieces_[start / kPiece];
  const std::size_t place = start % kPiece;
  return std::string_view(piece).substr(place + 1, static_cast<unsigned char>(piece[place]));
}

Result<void> NameListBuilder::write(const std::filesystem::path& path, const Digest& source) {
  if (!sorted_) {
    std::sort(starts_.begin(), starts_.end(), [this](auto a, auto b) { return at(a) < at(b); });
    const auto same = [this](auto a, auto b) { return at(a) == at(b); };
    starts_.erase(std::unique(starts_.begin(), starts_.end(), same), starts_.end());
  }
  BODEGA_TRY(auto file, IndexFileWriter::create(path, kMagic, source));
  std::string part;
  put_u32(part, static_cast<std::uint32_t>(starts_.size()));
  Continuations continuations(starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    const auto name = at(starts_[i]);
    part += static_cast<char>(name.size());
    continuations.see(i, name);
  }
  BODEGA_TRY_VOID(file.append(part));
  BODEGA_TRY_VOID(file.append(continuations.weights()));
  for (const auto start : starts_) {
    part = '-';
    part += at(start);
    BODEGA_TRY_VOID(file.append(part));
  }
  BODEGA_TRY_VOID(file.append("-"));
  return file.finish();
}

}  // namespace bodega::web
