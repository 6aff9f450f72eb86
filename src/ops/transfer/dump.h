// devpi's serialised values: a stack machine with one byte for each operation, lengths and integers big-endian in four bytes
// (docs/formats/devpi-dump.md). Hostile input is expected: nothing here trusts a length, recurses deeper than Json::kMaxDepth, or takes
// more memory than a fixed multiple of the input. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {

// One whole dump as JSON. Lists, tuples and sets become arrays (sets in the order written), bytes become text, a key that is an integer
// its digits. corrupt: not a dump, or a value JSON has none for (complex numbers, bytes that are no UTF-8, keys that are collections).
Result<pypi::Json> decode_dump(std::string_view bytes);

// One change of one transaction of devpi's changelog: what was stored under `key`. Views into the entry.
struct DumpedChange {
  std::string_view key;
  std::string_view value;  // the dump, without its end, of a tuple (key name, serial of the change before, value)
};

// An entry of the changelog, seen from above: a tuple of a dict of changes and a list of renames. Values are found, not built: a page of
// thousands of links costs nothing until it is asked for.
struct DumpedEntry {
  std::vector<DumpedChange> changes;  // sorted by key
  std::string_view renames;           // dump, without its end, of a list of texts

  const DumpedChange* find(std::string_view key) const;
};
Result<DumpedEntry> scan_entry(std::string_view bytes);

// The same for a piece of a dump that has no end of its own.
Result<pypi::Json> decode_piece(std::string_view piece);

}  // namespace bodega::ops
