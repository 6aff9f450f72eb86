#include "web/search/name_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "pypi/format/names.h"
#include "web/search/index_file.h"

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

// Reads "-a-b-c-" and leaves of each name what it does not share with the one before.
class Packer {
 public:
  Packer(const OpenFile& file, std::uint64_t at, std::uint64_t size) : file_(file), at_(at), end_(at + size) {}

  Result<void> take(std::size_t length, bool whole, std::string& to) {
    BODEGA_TRY_VOID(fill(1 + length));
    const auto name = std::string_view(piece_).substr(used_ + 1, length);
    const auto [differs, ignored] = std::mismatch(name.begin(), name.end(), before_.begin(), before_.end());
    const auto shared = whole ? 0 : static_cast<std::size_t>(differs - name.begin());
    to += static_cast<char>(shared);
    to += name.substr(shared);
    before_ = name;
    used_ += 1 + length;
    return {};
  }

 private:
  Result<void> fill(std::size_t wanted) {
    if (piece_.size() - used_ >= wanted) return {};
    constexpr std::uint64_t kPiece = 64 << 10;
    piece_.erase(0, std::exchange(used_, 0));
    const std::size_t have = piece_.size();
    piece_.resize(have + static_cast<std::size_t>(std::min(kPiece, end_ - at_)));
    BODEGA_TRY_VOID(file_.read(piece_.data() + have, piece_.size() - have, at_));
    at_ += piece_.size() - have;
    return {};
  }

  const OpenFile& file_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::string piece_;
  std::size_t used_ = 0;
  std::string before_;
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
  const std::uint64_t at = IndexFile::kHead + 4;
  BODEGA_TRY_VOID(opened.file.read(reinterpret_cast<char*>(list->lengths_.data()), names, at));
  BODEGA_TRY_VOID(opened.file.read(list->weights_.data(), names, at + names));
  const std::uint64_t text = std::accumulate(list->lengths_.begin(), list->lengths_.end(), names + 1);
  if (text != opened.size - 4 - 2 * names) return broken();
  list->text_.reserve(text + kStep);  // what is not written to is no memory
  list->blocks_.reserve(names / kBlock + 1);
  Packer packer(opened.file, at + 2 * names, text);
  for (NameId id = 0; id < names; ++id) {
    if (id % kBlock == 0) list->blocks_.push_back(static_cast<std::uint32_t>(list->text_.size()));
    BODEGA_TRY_VOID(packer.take(list->lengths_[id], id % kBlock == 0, list->text_));
  }
  list->text_.append(kStep, '\0');
  return std::shared_ptr<const NameList>(std::move(list));
}

std::string NameList::name(NameId id) const {
  NameReader reader(*this);
  return std::string(reader.name(id));
}

std::string_view NameList::first_of(std::size_t block) const {
  return std::string_view(text_).substr(blocks_[block] + std::size_t{1}, lengths_[block * kBlock]);
}

void NameReader::take(NameId id) {
  const char* const from = names_.text_.data() + place_ + 1;
  const std::size_t shared = static_cast<unsigned char>(from[-1]);
  const std::size_t own = names_.lengths_[id] - shared;
  char* const to = text_.data() + 1 + shared;
  std::memcpy(to, from, NameList::kStep);  // most are that short, and to copy a fixed number of bytes calls nothing
  if (own > NameList::kStep) std::memcpy(to, from, own);
  place_ += 1 + own;
  at_ = id;
}

std::string_view NameReader::padded(NameId id) {
  const NameId first = id / NameList::kBlock * NameList::kBlock;
  if (!at_ || *at_ > id || *at_ < first) {
    place_ = names_.blocks_[id / NameList::kBlock];
    take(first);
  }
  while (*at_ < id) take(*at_ + 1);
  const std::size_t length = names_.lengths_[id];
  text_[1 + length] = '-';
  return {text_.data(), length + 2};
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
  NameReader reader(*this);
  for (auto id = std::max(static_cast<NameId>(low * kBlock), within.begin); id < last; ++id) {
    if (reader.name(id) >= wanted) return id;
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
  if (at >= within.end || lengths_[at] != wanted.size() || name(at) != wanted) return std::nullopt;
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

Result<void> NameListBuilder::write(const std::filesystem::path& path, const Digest& source, Pace& pace) {
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
    pace.step();
  }
  BODEGA_TRY_VOID(file.append(part));
  BODEGA_TRY_VOID(file.append(continuations.weights()));
  for (const auto start : starts_) {
    part = '-';
    part += at(start);
    BODEGA_TRY_VOID(file.append(part));
    pace.step();
  }
  BODEGA_TRY_VOID(file.append("-"));
  return file.finish();
}

}  // namespace bodega::web
