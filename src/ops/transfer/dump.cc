#include "ops/transfer/dump.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "base/text.h"

namespace bodega::ops {
namespace {

using pypi::Json;

tl::unexpected<Error> broken(std::string_view why) { return fail(Code::corrupt, "a stored value of devpi is damaged", std::string(why)); }

// What an operation does to the stack.
enum class Effect {
  stop,
  none,
  boolean_true,
  boolean_false,
  integer,     // four bytes
  digits,      // length, decimal text
  real,        // eight bytes
  text,        // length, bytes
  dict,        // an empty one
  list,        // length; that many Nones
  collection,  // takes the last `length` values
  set_item,    // takes value and key, puts them into what lies below
};

std::optional<Effect> effect_of(char code) {
  switch (code) {
    case 'Q': return Effect::stop;
    case 'L': return Effect::none;
    case 'R': return Effect::boolean_true;
    case 'C': return Effect::boolean_false;
    case 'F':
    case 'G': return Effect::integer;
    case 'H':
    case 'I': return Effect::digits;
    case 'D': return Effect::real;
    case 'A':
    case 'M':
    case 'N':
    case 'S': return Effect::text;
    case 'J': return Effect::dict;
    case 'K': return Effect::list;
    case '@':
    case 'O':
    case 'E': return Effect::collection;
    case 'P': return Effect::set_item;
    default: return std::nullopt;  // T, complex numbers: nothing of devpi's data is one
  }
}

struct Operation {
  Effect effect = Effect::stop;
  std::size_t begin = 0;
  std::uint32_t number = 0;  // of integer, list, collection
  std::string_view bytes;    // of digits, real, text
};

// Reads one operation after the other.
class Tape {
 public:
  explicit Tape(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size(); }
  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  Result<Operation> next() {
    if (at_end()) return broken("it ends early");
    Operation out;
    out.begin = at_;
    const auto effect = effect_of(bytes_[at_++]);
    if (!effect) return broken("an unknown operation");
    out.effect = *effect;
    switch (out.effect) {
      case Effect::integer:
      case Effect::list:
      case Effect::collection: return with_number(out);
      case Effect::digits:
      case Effect::text: return with_bytes(out);
      case Effect::real: return take(out, 8);
      default: return out;
    }
  }

 private:
  Result<Operation> with_number(Operation out) {
    if (left() < 4) return broken("a number is cut off");
    for (int i = 0; i < 4; ++i) out.number = out.number << 8U | static_cast<unsigned char>(bytes_[at_++]);
    return out;
  }
  Result<Operation> take(Operation out, std::size_t count) {
    if (left() < count) return broken("a value is longer than what is left");
    out.bytes = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  Result<Operation> with_bytes(Operation out) {
    BODEGA_TRY(out, with_number(out));
    return take(out, out.number);
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Of a key set twice the last value counts, at the first place. Only large dicts are worth a table.
void settle_keys(Json::Object& members) {
  std::unordered_map<std::string_view, std::size_t> first;
  std::vector<bool> repeated(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto [found, fresh] = first.emplace(members[i].first, i);
    if (fresh) continue;
    members[found->second].second = std::move(members[i].second);
    repeated[i] = true;
  }
  Json::Object kept;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!repeated[i]) kept.push_back(std::move(members[i]));
  }
  members = std::move(kept);
}

// A value on the stack. Dicts and lists may still grow; Json itself gives no way to change an element.
struct Item {
  std::variant<Json, Json::Object, Json::Array> made;
  std::size_t depth = 0;  // of nesting: the destructor of a Json recurses

  Json close() {
    if (auto* members = std::get_if<Json::Object>(&made)) {
      settle_keys(*members);
      return Json(std::move(*members));
    }
    if (auto* items = std::get_if<Json::Array>(&made)) return Json(std::move(*items));
    return std::move(std::get<Json>(made));
  }
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : tape_(bytes) {}

  enum class Ending { stop, bytes };
  Result<Json> run(Ending ending) {
    for (;;) {
      if (ending == Ending::bytes && tape_.at_end()) break;
      BODEGA_TRY(const Operation operation, tape_.next());
      if (operation.effect == Effect::stop) {
        if (ending == Ending::bytes) return broken("an end in the middle");
        break;
      }
      BODEGA_TRY_VOID(apply(operation));
    }
    if (stack_.size() != 1) return broken("it is not one value");
    return stack_.back().close();
  }

 private:
  Result<void> apply(const Operation& operation) {
    switch (operation.effect) {
      case Effect::stop: return {};
      case Effect::none: return push(Json());
      case Effect::boolean_true: return push(Json(true));
      case Effect::boolean_false: return push(Json(false));
      case Effect::integer: return push(Json(std::int64_t{static_cast<std::int32_t>(operation.number)}));
      case Effect::digits: return push_digits(operation.bytes);
      case Effect::real: return push_real(operation.bytes);
      case Effect::text:
        if (!is_utf8(operation.bytes)) return broken("text that is no UTF-8");
        return push(Json(operation.bytes));
      case Effect::dict: return push(Json::Object(), 1);
      case Effect::list: return push_list(operation.number);
      case Effect::collection: return collect(operation.number);
      case Effect::set_item: return set_item();
    }
    return {};
  }

  Result<void> push(std::variant<Json, Json::Object, Json::Array> made, std::size_t depth = 0) {
    if (depth > Json::kMaxDepth) return broken("it is nested too deep");
    stack_.push_back(Item{std::move(made), depth});
    return {};
  }

  Result<void> push_digits(std::string_view digits) {
    auto number = Json::parse(digits);
    if (!number || !(number->integer() || number->real())) {
      // Larger than any number of JSON's: kept as its text.
      const bool whole = !digits.empty() && digits.find_first_not_of("0123456789-") == std::string_view::npos;
      return whole ? push(Json(digits)) : Result<void>(broken("a number that is none"));
    }
    return push(std::move(*number));
  }

  Result<void> push_real(std::string_view bytes) {
    std::uint64_t bits = 0;
    for (const char c : bytes) bits = bits << 8U | static_cast<unsigned char>(c);
    const double value = std::bit_cast<double>(bits);
    return push(std::isfinite(value) ? Json(value) : Json());
  }

  Result<void> push_list(std::size_t size) {
    // Each place of a list is filled by an index (five bytes), a value (at least one) and the filling (one).
    constexpr std::size_t kLeastPerItem = 7;
    if (size > tape_.left() / kLeastPerItem) return broken("a list that is longer than the data");
    return push(Json::Array(size), 1);
  }

  Result<void> collect(std::size_t count) {
    if (count > stack_.size()) return broken("a collection of more values than there are");
    std::size_t depth = 1;
    Json::Array items;
    items.reserve(count);
    for (std::size_t i = stack_.size() - count; i < stack_.size(); ++i) {
      depth = std::max(depth, stack_[i].depth + 1);
      items.push_back(stack_[i].close());
    }
    stack_.resize(stack_.size() - count);
    return push(Json(std::move(items)), depth);
  }

  Result<void> set_item() {
    if (stack_.size() < 3) return broken("a value without a place");
    Item value = std::move(stack_.back());
    stack_.pop_back();
    const Json key = stack_.back().close();
    stack_.pop_back();
    Item& into = stack_.back();
    into.depth = std::max(into.depth, value.depth + 1);
    if (into.depth > Json::kMaxDepth) return broken("it is nested too deep");
    if (auto* members = std::get_if<Json::Object>(&into.made)) {
      if (!key.string() && !key.integer()) return broken("a key that is no text");
      members->emplace_back(key.string() ? *key.string() : std::to_string(*key.integer()), value.close());
      return {};
    }
    auto* items = std::get_if<Json::Array>(&into.made);
    const auto* index = key.integer();
    const bool fits = items != nullptr && index != nullptr && *index >= 0 && static_cast<std::uint64_t>(*index) < items->size();
    if (!fits) return broken("a value without a place");
    (*items)[static_cast<std::size_t>(*index)] = value.close();
    return {};
  }

  Tape tape_;
  std::vector<Item> stack_;
};

// The machine without values: of each only where it begins.
class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : bytes_(bytes), tape_(bytes) {}

  Result<DumpedEntry> run() {
    for (;;) {
      BODEGA_TRY(const Operation operation, tape_.next());
      if (operation.effect == Effect::stop) break;
      if (operation.effect == Effect::set_item) {
        BODEGA_TRY_VOID(set_item());
      } else if (operation.effect == Effect::collection) {
        if (operation.number > begins_.size()) return broken("a collection of more values than there are");
        if (begins_.size() == 2 && operation.number == 2) second_end_ = operation.begin;
        const std::size_t left = begins_.size() - operation.number;
        const std::size_t begin = operation.number > 0 ? begins_[left] : operation.begin;
        begins_.resize(left);
        begins_.push_back(begin);
      } else {
        if (begins_.size() == 1) second_begin_ = operation.begin;
        begins_.push_back(operation.begin);
      }
    }
    // The outermost tuple: a dict that began with the first byte, and a list behind it.
    if (begins_.size() != 1 || !bytes_.starts_with('J') || second_end_ == 0) return broken("no entry of the changelog");
    entry_.renames = bytes_.substr(second_begin_, second_end_ - second_begin_);
    std::stable_sort(entry_.changes.begin(), entry_.changes.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return std::move(entry_);
  }

 private:
  Result<void> set_item() {
    if (begins_.size() < 3) return broken("a value without a place");
    const std::size_t value = begins_.back();
    const std::size_t key = begins_[begins_.size() - 2];
    if (begins_.size() == 3 && begins_.front() == 0) {
      Tape name(bytes_.substr(key, value - key));
      BODEGA_TRY(const Operation operation, name.next());
      if (operation.effect != Effect::text || !name.at_end()) return broken("a key that is no text");
      entry_.changes.push_back({operation.bytes, bytes_.substr(value, tape_.position() - 1 - value)});
    }
    begins_.resize(begins_.size() - 2);
    return {};
  }

  std::string_view bytes_;
  Tape tape_;
  std::vector<std::size_t> begins_;  // of the values on the stack
  std::size_t second_begin_ = 0;
  std::size_t second_end_ = 0;
  DumpedEntry entry_;
};

}  // namespace

Result<Json> decode_dump(std::string_view bytes) { return Decoder(bytes).run(Decoder::Ending::stop); }

Result<Json> decode_piece(std::string_view piece) { return Decoder(piece).run(Decoder::Ending::bytes); }

Result<DumpedEntry> scan_entry(std::string_view bytes) { return Scanner(bytes).run(); }

const DumpedChange* DumpedEntry::find(std::string_view key) const {
  const auto found =
      std::upper_bound(changes.begin(), changes.end(), key, [](std::string_view k, const auto& change) { return k < change.key; });
  if (found == changes.begin() || std::prev(found)->key != key) return nullptr;
  return &*std::prev(found);
}

}  // namespace bodega::ops
