#include "web/project/wheel_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "pypi/format/filename.h"

namespace bodega::web {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "312" -> "3.12", "3" -> "3".
std::string dotted(std::string_view digits) {
  return digits.size() < 2 ? std::string(digits) : std::string(digits.substr(0, 1)) + "." + std::string(digits.substr(1));
}

std::string python_words(std::string_view tag) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kKinds = {
      {{"cp", "CPython "}, {"pp", "PyPy "}, {"py", "any Python "}, {"graalpy", "GraalPy "}}};
  for (const auto& [prefix, words] : kKinds) {
    const auto rest = tag.substr(std::min(tag.size(), prefix.size()));
    if (tag.starts_with(prefix) && is_number(rest)) return std::string(words) + dotted(rest);
  }
  return std::string(tag);
}

std::string machine_words(std::string_view machine) {
  if (machine == "x86_64" || machine == "amd64") return "x86-64";
  if (machine == "i686" || machine == "i386" || machine == "win32") return "32-bit x86";
  if (machine == "aarch64" || machine == "arm64") return "ARM 64-bit";
  if (machine == "armv7l") return "ARM 32-bit";
  if (machine == "universal2") return "Intel and Apple silicon";
  return std::string(machine);
}

// "manylinux_2_17_x86_64" -> {"2", "17", "x86_64"} behind the prefix.
struct Versioned {
  std::string version;
  std::string_view machine;
};
std::optional<Versioned> versioned(std::string_view tag, std::string_view prefix) {
  if (!tag.starts_with(prefix)) return std::nullopt;
  const auto rest = tag.substr(prefix.size());
  const auto first = rest.find('_');
  const auto second = first == std::string_view::npos ? first : rest.find('_', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto major = rest.substr(0, first);
  const auto minor = rest.substr(first + 1, second - first - 1);
  if (!is_number(major) || !is_number(minor)) return std::nullopt;
  return Versioned{std::string(major) + "." + std::string(minor), rest.substr(second + 1)};
}

std::string platform_words(std::string_view tag) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOld = {
      {{"manylinux1_", "2.5"}, {"manylinux2010_", "2.12"}, {"manylinux2014_", "2.17"}}};
  if (tag == "any") return "any system";
  if (tag == "win32") return "Windows 32-bit";
  if (tag.starts_with("win_")) return "Windows " + machine_words(tag.substr(4));
  for (const auto& [prefix, glibc] : kOld) {
    if (tag.starts_with(prefix))
      return "Linux " + machine_words(tag.substr(prefix.size())) + " (glibc " + std::string(glibc) + " or newer)";
  }
  if (const auto linux_tag = versioned(tag, "manylinux_")) {
    return "Linux " + machine_words(linux_tag->machine) + " (glibc " + linux_tag->version + " or newer)";
  }
  if (const auto musl = versioned(tag, "musllinux_")) {
    return "Linux " + machine_words(musl->machine) + " (musl " + musl->version + " or newer)";
  }
  if (const auto mac = versioned(tag, "macosx_")) return "macOS " + mac->version + " or newer, " + machine_words(mac->machine);
  if (tag.starts_with("linux_")) return "Linux " + machine_words(tag.substr(6));
  return std::string(tag);
}

// Tags of one kind stand side by side, joined by dots: each in words, each said once.
template <class Words>
std::string all_words(std::string_view tags, Words words, std::string_view between) {
  std::vector<std::string> said;
  for (const auto tag : split(tags, '.')) {
    std::string word = words(tag);
    if (std::find(said.begin(), said.end(), word) == said.end()) said.push_back(std::move(word));
  }
  return join(said, between);
}

std::string wheel_words(const pypi::WheelName& wheel) {
  std::string out = all_words(wheel.python, python_words, " or ");
  if (wheel.python == "py2.py3") out = "any Python";
  if (wheel.abi == "abi3") out += " or newer";
  const bool of_cpython = wheel.abi.size() > 3 && wheel.abi.starts_with("cp");
  if (of_cpython && wheel.abi.ends_with('t') && is_number(wheel.abi.substr(2, wheel.abi.size() - 3))) out += " free-threaded";
  out += ", " + all_words(wheel.platform, platform_words, "; ");
  return out;
}

}  // namespace

std::string file_words(std::string_view filename) {
  if (const auto wheel = pypi::parse_wheel(filename)) return wheel_words(*wheel);
  const auto kind = pypi::file_kind(filename);
  if (!kind) return {};
  switch (*kind) {
    case pypi::FileKind::wheel: return "wheel";
    case pypi::FileKind::sdist: return "source";
    case pypi::FileKind::egg: return "egg";
    case pypi::FileKind::exe:
    case pypi::FileKind::msi: return "Windows installer";
    case pypi::FileKind::rpm: return "RPM package";
    case pypi::FileKind::deb: return "Debian package";
    case pypi::FileKind::dmg: return "macOS disk image";
  }
  return {};
}

}  // namespace bodega::web
