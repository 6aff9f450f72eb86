// devpi's dump as devpi writes it, for tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "pypi/format/json_value.h"

namespace bodega::ops::dumped {

inline std::string number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
  return out;
}
inline std::string sized(const std::string& bytes) { return number(static_cast<std::uint32_t>(bytes.size())) + bytes; }
inline std::string none() { return "L"; }
inline std::string integer(std::int32_t value) { return "F" + number(static_cast<std::uint32_t>(value)); }
inline std::string text(const std::string& value) { return "N" + sized(value); }

inline std::string collection(char kind, const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += item;
  return out + kind + number(static_cast<std::uint32_t>(items.size()));
}
inline std::string tuple(const std::vector<std::string>& items) { return collection('@', items); }
inline std::string list(const std::vector<std::string>& items) {
  std::string out = "K" + number(static_cast<std::uint32_t>(items.size()));
  for (std::size_t i = 0; i < items.size(); ++i) out += integer(static_cast<std::int32_t>(i)) + items[i] + "P";
  return out;
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "J";
  for (const auto& [key, value] : members) out += text(key) + value + "P";
  return out;
}
inline std::string set_of(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& item : texts) items.push_back(text(item));
  return collection('O', items);
}
inline std::string of(const pypi::Json& value) {
  if (value.is_null()) return none();
  if (const auto* truth = value.boolean()) return *truth ? "R" : "C";
  if (const auto* whole = value.integer()) return integer(static_cast<std::int32_t>(*whole));
  if (const auto* words = value.string()) return text(*words);
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const auto& item : value.items()) items.push_back(of(item));
    return list(items);
  }
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [key, member] : value.members()) members.emplace_back(key, of(member));
  return dict(members);
}

// A transaction of the changelog; `changes` are dumps of tuples.
inline std::string entry(const std::vector<std::pair<std::string, std::string>>& changes, const std::vector<std::string>& renames) {
  std::vector<std::string> names;
  for (const auto& name : renames) names.push_back(text(name));
  return tuple({dict(changes), list(names)}) + "Q";
}

}  // namespace bodega::ops::dumped
