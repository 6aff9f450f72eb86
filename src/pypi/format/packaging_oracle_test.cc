// Versions, specifiers, names and file names against Debian's python3-packaging, which follows the standards we follow. Inputs are made
// here, the library's answers are read back line by line.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <random>

#include "base/text.h"
#include "pypi/format/filename.h"
#include "pypi/format/names.h"
#include "pypi/format/specifier.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

using Lines = std::vector<std::string>;

// Runs the script with the input's path as argument; nullopt when Python or the library is missing.
std::optional<Lines> ask(const std::string& script, const Lines& input) {
  std::array<char, 32> directory{"/tmp/bodega-oracle-XXXXXX"};
  if (mkdtemp(directory.data()) == nullptr) return std::nullopt;
  const std::string base = directory.data();
  {
    std::ofstream(base + "/in") << join(input, "\n") << "\n";
    std::ofstream(base + "/ask.py") << "import sys\n" << script;
  }
  FILE* pipe = popen(("/usr/bin/python3 -I " + base + "/ask.py " + base + "/in 2>" + base + "/err").c_str(), "r");
  std::string text;
  std::array<char, 65536> buffer;
  std::size_t got = 0;
  while (pipe != nullptr && (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) text.append(buffer.data(), got);
  const bool good = pipe != nullptr && pclose(pipe) == 0;
  for (const char* name : {"/in", "/ask.py", "/err"}) ::unlink((base + name).c_str());
  ::rmdir(base.c_str());
  if (!good) return std::nullopt;
  Lines lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty()) lines.pop_back();
  return lines;
}

bool has_library() { return ask("from packaging.version import Version\n", {}).has_value(); }

#define BODEGA_SKIP_WITHOUT_LIBRARY(name) \
  if (!has_library()) GTEST_SKIP() << name ": /usr/bin/python3 cannot import packaging"

// Real spellings and everything that can be built from the grammar's pieces, right and wrong.
Lines some_versions(std::size_t many, unsigned seed) {
  static constexpr std::array<std::string_view, 40> kPieces = {"0",    "1",      "2",       "10",   "007", "20240101000000000000000",
                                                               ".",    ".",      ".",       "-",    "_",   "a",
                                                               "b",    "c",      "rc",      "A",    "RC",  "alpha",
                                                               "beta", "pre",    "preview", "post", "rev", "r",
                                                               "dev",  "Dev",    "+",       "+abc", "+1",  "!",
                                                               "v",    "V",      ".*",      "x",    " ",   "1!",
                                                               "0!",   ".post1", ".dev0",   "a1"};
  static constexpr std::array<std::string_view, 12> kReal = {"1.0",   "1.0.0",       "2.0rc1", "1.0.post1",          "1.0.dev3",
                                                             "1!1.0", "1.0+local.7", "2004d",  "1.2.3a1.post2.dev3", "0.1-beta",
                                                             "v1.0",  "1.0-1"};
  std::mt19937 random(seed);
  Lines out(kReal.begin(), kReal.end());
  while (out.size() < many) {
    std::string text = random() % 4 == 0 ? "" : std::to_string(random() % 3);
    for (auto k = random() % 6; k > 0; --k) text += kPieces[random() % kPieces.size()];
    out.push_back(std::move(text));
  }
  return out;
}

TEST(PackagingOracle, CanonicalVersions) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.CanonicalVersions");
  const Lines versions = some_versions(30000, 1);
  const auto answers =
      ask("from packaging.version import Version, InvalidVersion\n"
          "for line in open(sys.argv[1]).read().split('\\n')[:-1]:\n"
          "    try: print(Version(line))\n"
          "    except InvalidVersion: print('-')\n",
          versions);
  ASSERT_TRUE(answers && answers->size() == versions.size());
  std::size_t valid = 0;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto version = Version::parse(versions[i]);
    EXPECT_EQ(version ? version->text() : "-", (*answers)[i]) << "'" << versions[i] << "'";
    valid += version ? 1 : 0;
  }
  EXPECT_GT(valid, 3000U);
}

TEST(PackagingOracle, OrderOfVersions) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.OrderOfVersions");
  Lines versions;
  for (auto& text : some_versions(60000, 2)) {
    if (Version::parse(text)) versions.push_back(std::move(text));
  }
  if (versions.size() % 2 != 0) versions.pop_back();
  const auto answers =
      ask("from packaging.version import Version\n"
          "lines = open(sys.argv[1]).read().split('\\n')[:-1]\n"
          "for a, b in zip(lines[::2], lines[1::2]):\n"
          "    a, b = Version(a), Version(b)\n"
          "    print('<' if a < b else '>' if a > b else '=')\n",
          versions);
  ASSERT_TRUE(answers && answers->size() * 2 == versions.size());
  EXPECT_GT(answers->size(), 3000U);
  for (std::size_t i = 0; i < answers->size(); ++i) {
    const auto order = *Version::parse(versions[2 * i]) <=> *Version::parse(versions[2 * i + 1]);
    EXPECT_EQ(order < 0 ? "<" : order > 0 ? ">" : "=", (*answers)[i]) << versions[2 * i] << " and " << versions[2 * i + 1];
  }
}

TEST(PackagingOracle, Specifiers) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.Specifiers");
  static constexpr std::array<std::string_view, 9> kOperators = {"~=", "==", "!=", "<=", ">=", "<", ">", "===", "="};
  std::mt19937 random(3);
  Lines versions = some_versions(4000, 4);
  Lines valid;
  for (const auto& text : versions) {
    if (const auto version = Version::parse(text)) valid.push_back(version->text());
  }
  Lines input;
  for (int i = 0; i < 20000; ++i) {
    std::string set;
    for (auto k = random() % 3; k > 0; --k) {
      std::string version = random() % 5 == 0 ? versions[random() % versions.size()] : valid[random() % valid.size()];
      if (random() % 6 == 0) version += ".*";
      set += std::string(random() % 3 == 0 ? " " : "") + std::string(kOperators[random() % kOperators.size()]) +
             (random() % 3 == 0 ? " " : "") + version;
      if (k > 1) set += ",";
    }
    input.push_back(set + "\t" + valid[random() % valid.size()]);
  }
  const auto answers =
      ask("from packaging.specifiers import SpecifierSet, InvalidSpecifier\n"
          "from packaging.version import InvalidVersion\n"
          "for line in open(sys.argv[1]).read().split('\\n')[:-1]:\n"
          "    s, v = line.split('\\t')\n"
          "    try:\n"
          "        s = SpecifierSet(s)\n"
          "        print(int(s.contains(v)), int(s.contains(v, prereleases=True)))\n"
          "    except InvalidSpecifier: print('-')\n"
          "    except InvalidVersion: print('?')\n",
          input);
  ASSERT_TRUE(answers && answers->size() == input.size());
  for (std::size_t i = 0; i < input.size(); ++i) {
    if ((*answers)[i] == "?") continue;  // the library accepts "===x" and then cannot answer
    const auto tab = input[i].find('\t');
    const auto set = SpecifierSet::parse(input[i].substr(0, tab));
    const auto version = Version::parse(input[i].substr(tab + 1));
    std::string ours = "-";
    if (set) {
      ours = set->contains(*version) ? "1 " : "0 ";
      ours += set->contains(*version, SpecifierSet::Prereleases::take) ? "1" : "0";
    }
    EXPECT_EQ(ours, (*answers)[i]) << "'" << input[i] << "'";
  }
}

TEST(PackagingOracle, Names) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.Names");
  constexpr std::string_view kAlphabet = "abAB01-_.- ";
  std::mt19937 random(5);
  Lines names;
  for (int i = 0; i < 5000; ++i) {
    std::string name;
    for (auto k = random() % 9; k > 0; --k) name += kAlphabet[random() % kAlphabet.size()];
    names.push_back(std::move(name));
  }
  const auto answers =
      ask("import re\n"
          "from packaging.utils import canonicalize_name\n"
          "valid = re.compile(r'^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])\\Z', re.I)\n"
          "for line in open(sys.argv[1]).read().split('\\n')[:-1]:\n"
          "    print(int(bool(valid.match(line))), canonicalize_name(line))\n",
          names);
  ASSERT_TRUE(answers && answers->size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ((is_valid_name(names[i]) ? "1 " : "0 ") + normalize_name(names[i]), (*answers)[i]) << names[i];
}

TEST(PackagingOracle, WheelFileNames) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.WheelFileNames");
  static constexpr std::array<std::string_view, 14> kParts = {
      "foo", "Foo.Bar", "foo_bar", "1.0", "1.0rc1", "2", "1build", "py3", "py2.py3", "none", "any", "cp311", "linux_x86_64", "1.0+local"};
  std::mt19937 random(6);
  Lines names;
  for (int i = 0; i < 5000; ++i) {
    std::string name;
    for (auto k = 3 + random() % 5; k > 0; --k) name += (name.empty() ? "" : "-") + std::string(kParts[random() % kParts.size()]);
    names.push_back(name + (random() % 10 == 0 ? ".zip" : ".whl"));
  }
  const auto answers =
      ask("from packaging.utils import parse_wheel_filename, InvalidWheelFilename\n"
          "from packaging.version import InvalidVersion\n"
          "for line in open(sys.argv[1]).read().split('\\n')[:-1]:\n"
          "    try:\n"
          "        name, version, build, tags = parse_wheel_filename(line)\n"
          "        print(name, version)\n"
          "    except (InvalidWheelFilename, InvalidVersion): print('-')\n",
          names);
  ASSERT_TRUE(answers && answers->size() == names.size());
  int accepted = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((*answers)[i] == "-") continue;  // we are more lenient: versions that are none, variant labels
    ++accepted;
    const auto wheel = parse_wheel(names[i]);
    ASSERT_TRUE(wheel) << names[i];
    const auto version = Version::parse(wheel->version);
    EXPECT_EQ(normalize_name(wheel->distribution) + " " + (version ? version->text() : "-"), (*answers)[i]) << names[i];
    EXPECT_EQ(project_candidates(names[i]), Lines{normalize_name(wheel->distribution)});
  }
  EXPECT_GT(accepted, 50);
}

TEST(PackagingOracle, SdistFileNames) {
  BODEGA_SKIP_WITHOUT_LIBRARY("PackagingOracle.SdistFileNames");
  static constexpr std::array<std::string_view, 10> kParts = {"foo", "Foo.Bar", "foo_bar", "1.0", "1.0rc1",
                                                              "2",   "beta",    "1.0-1",   "",    "1.0+local"};
  std::mt19937 random(7);
  Lines names;
  for (int i = 0; i < 5000; ++i) {
    std::string name;
    for (auto k = 1 + random() % 4; k > 0; --k) name += (name.empty() ? "" : "-") + std::string(kParts[random() % kParts.size()]);
    names.push_back(name + (random() % 3 == 0 ? ".zip" : ".tar.gz"));
  }
  const auto answers =
      ask("from packaging.utils import parse_sdist_filename, InvalidSdistFilename\n"
          "from packaging.version import InvalidVersion\n"
          "for line in open(sys.argv[1]).read().split('\\n')[:-1]:\n"
          "    try: print(*parse_sdist_filename(line))\n"
          "    except (InvalidSdistFilename, InvalidVersion): print('-')\n",
          names);
  ASSERT_TRUE(answers && answers->size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto sdist = parse_sdist(names[i]);
    const auto version = sdist ? Version::parse(sdist->version) : std::nullopt;
    if ((*answers)[i] == "-") {
      EXPECT_FALSE(version && is_valid_name(sdist->name)) << names[i];
    } else if (is_valid_name((*answers)[i].substr(0, (*answers)[i].find(' ')))) {
      ASSERT_TRUE(version) << names[i];
      EXPECT_EQ(normalize_name(sdist->name) + " " + version->text(), (*answers)[i]) << names[i];
    }
  }
}

}  // namespace
}  // namespace bodega::pypi
