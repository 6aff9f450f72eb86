// PEP 440 versions. Numbers are digit strings, because calendar and hash versions do not fit a machine integer.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bodega::pypi {

// An immutable version with the total order of PEP 440: 1.0.dev1 < 1.0a1 < 1.0 < 1.0+local < 1.0.post1; 1.0 == 1.0.0.
class Version {
 public:
  // Takes every spelling PEP 440 takes (white space around, "v", "-", "_", "alpha", "rev", upper case); nullopt for all else.
  static std::optional<Version> parse(std::string_view text);

  std::string text() const;         // canonical; trailing ".0" of the release is kept
  std::string public_text() const;  // without the local part
  bool is_prerelease() const { return pre_.has_value() || dev_.has_value(); }
  bool is_postrelease() const { return post_.has_value(); }
  bool has_local() const { return !local_.empty(); }

  Version without_local() const;                                        // the public version
  Version base() const;                                                 // epoch and release only
  const std::string& epoch() const { return epoch_; }                   // digits without leading zeros, at least "0"
  const std::vector<std::string>& release() const { return release_; }  // likewise; never empty

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == std::strong_ordering::equal; }

 private:
  friend class VersionParser;
  struct Pre {
    char letter;  // 'a', 'b' or 'r' for "rc": their order is the letters' order
    std::string number;
  };
  std::string epoch_ = "0";
  std::vector<std::string> release_;
  std::optional<Pre> pre_;
  std::optional<std::string> post_;
  std::optional<std::string> dev_;
  std::vector<std::string> local_;  // lower case; numbers without leading zeros
};

// Two digit strings without leading zeros, by value.
std::strong_ordering compare_digits(std::string_view a, std::string_view b);

// Ascending; equal versions by text. What is no version sorts first, by text. Exact duplicates are removed.
void sort_versions(std::vector<std::string>& versions);

}  // namespace bodega::pypi
