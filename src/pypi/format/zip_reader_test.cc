// Documentation archives: what is refused at the door, and what a hostile one that got in (by an import) can do when it is read.
#include <gtest/gtest.h>

#include "pypi/format/archive.h"
#include "pypi/format/archive_reader.h"
#include "pypi/format/test_archives.h"

namespace bodega::pypi {
namespace {

class MemberOf {
 public:
  explicit MemberOf(const std::string& zip) : file_(zip), path_("/proc/self/fd/" + std::to_string(file_.fd())) {}
  Result<std::string> read(std::string_view name, std::size_t limit = 1000) const { return read_zip_member(path_, name, limit); }
  Code fault(std::string_view name, std::size_t limit = 1000) const {
    const auto bytes = read(name, limit);
    EXPECT_FALSE(bytes) << name;
    return bytes ? Code::cancelled : bytes.error().code;
  }
  bool fits() const {
    const auto checked = check_documentation(path_);
    EXPECT_TRUE(checked || checked.error().code == Code::invalid);
    return checked.has_value();
  }

 private:
  TestFile file_;
  std::string path_;
};

std::string zip_of(std::vector<TestMember> members) { return make_zip({std::move(members), {}, {}, {}}); }

// Overwrites what stands `behind` bytes after the last `magic`.
std::string patched(std::string zip, std::string_view magic, std::size_t behind, std::string_view bytes) {
  return zip.replace(zip.rfind(magic) + behind, bytes.size(), bytes);
}

constexpr std::string_view kDirectory{"PK\x01\x02", 4};
constexpr std::string_view kEnd{"PK\x05\x06", 4};

// A zip64 end that announces `members`, over a directory of one.
std::string zip64_lie(std::uint64_t members, const std::string& pad) {
  std::string out = std::string("PK\x03\x04", 4) + pad;
  const std::uint64_t at = out.size();
  out += std::string("PK\x06\x06", 4);
  put_le(out, 44, 8);
  put_le(out, 45, 2 + 2 - 2);
  put_le(out, 45, 2);
  put_le(out, 0, 8);
  put_le(out, members, 8);
  put_le(out, members, 8);
  put_le(out, at, 8);
  put_le(out, 0, 8);
  out += std::string("PK\x06\x07", 4);
  put_le(out, 0, 4);
  put_le(out, at, 8);
  put_le(out, 1, 4);
  out += std::string(kEnd);
  put_le(out, 0, 4);
  put_le(out, 0xFFFF, 2);
  put_le(out, 0xFFFF, 2);
  put_le(out, 0xFFFFFFFF, 4);
  put_le(out, 0xFFFFFFFF, 4);
  put_le(out, 0, 2);
  return out;
}

TEST(DocumentationZip, MembersAreFoundByTheirExactName) {
  const MemberOf zip(
      zip_of({{"index.html", "hi"}, {"sub/", "", 040755, 0}, {"sub/page.html", "page"}, {"plain.txt", "stored", 0100644, 0}}));
  EXPECT_TRUE(zip.fits());
  EXPECT_EQ(zip.read("index.html").value(), "hi");
  EXPECT_EQ(zip.read("sub/page.html").value(), "page");
  EXPECT_EQ(zip.read("plain.txt").value(), "stored");
  for (const char* name :
       {"", "sub", "sub/", "INDEX.HTML", "page.html", "./index.html", "/index.html", "sub/../index.html", "index.html/"}) {
    EXPECT_EQ(zip.fault(name), Code::not_found) << name;
  }
}

TEST(DocumentationZip, NamesAreUtf8) {
  const MemberOf zip(zip_of({{"gr\xc3\xbc\xc3\x9f.html", "hi", 0100644, 8, '0', {}, 0x800}}));
  EXPECT_TRUE(zip.fits());
  EXPECT_EQ(zip.read("gr\xc3\xbc\xc3\x9f.html").value(), "hi");
}

TEST(DocumentationZip, CommentsAreAllowed) {
  TestZip zip{{{"index.html", "hi"}}, {}, {}, "5f13064 a commit"};
  EXPECT_TRUE(MemberOf(make_zip(zip)).fits());
  EXPECT_EQ(MemberOf(make_zip(zip)).read("index.html").value(), "hi");
  zip.comment = std::string(0xFFFF, 'x');
  EXPECT_TRUE(MemberOf(make_zip(zip)).fits());
}

TEST(DocumentationZip, WhatIsRefused) {
  const std::string good = zip_of({{"index.html", "hi"}});
  EXPECT_FALSE(MemberOf("").fits());
  EXPECT_FALSE(MemberOf("no zip at all, and long enough to be one").fits());
  EXPECT_FALSE(MemberOf(good + "x").fits());
  EXPECT_FALSE(MemberOf("x" + good).fits());
  EXPECT_FALSE(MemberOf(good.substr(0, good.size() - 1)).fits());
  for (const char* name : {"../a", "/a", "a/../../b", "a\\b", "C:a", "a//b", "./a", "a\nb", ""}) {
    EXPECT_FALSE(MemberOf(zip_of({{name, "x"}})).fits()) << name;
  }
  EXPECT_FALSE(MemberOf(zip_of({{"a", "1"}, {"a", "2"}})).fits());
  EXPECT_FALSE(MemberOf(zip_of({{"a", "/etc/passwd", 0120777}})).fits());
  EXPECT_FALSE(MemberOf(zip_of({{"a", "x", 0100644, 0, '0', {}, 1}})).fits());                  // encrypted
  EXPECT_FALSE(MemberOf(patched(good, kDirectory, 10, std::string_view("\x0c\0", 2))).fits());  // bzip2
}

TEST(DocumentationZip, BombsAreRefused) {
  EXPECT_FALSE(MemberOf(zip_of({{"a", std::string(70 << 20, '\0')}})).fits());
  EXPECT_FALSE(MemberOf(zip64_lie(1ULL << 32, std::string(46, 'x'))).fits());
  // An end that only looks like one, within the comment; a directory of that size needs as large a file.
  TestZip zip{{{"index.html", "hi"}}, {}, {}, zip64_lie(1ULL << 32, {})};
  const MemberOf nested(make_zip(zip));
  nested.fits();
  EXPECT_LE(nested.read("index.html").value_or("hi").size(), 2U);
}

// The directory's figures and what a member really holds may differ.
TEST(DocumentationZip, SizesAreCountedNotBelieved) {
  const std::string zip = zip_of({{"a", std::string(5000, 'x')}});
  EXPECT_EQ(MemberOf(zip).fault("a", 4999), Code::too_large);
  EXPECT_EQ(MemberOf(zip).read("a", 5000)->size(), 5000U);
  const std::string small = patched(zip, kDirectory, 24, std::string_view("\1\0\0\0", 4));
  const auto lied = MemberOf(small).read("a", 4999);
  EXPECT_TRUE(!lied || lied->size() <= 4999U);
  EXPECT_EQ(MemberOf(patched(zip, kDirectory, 16, std::string_view("\1\2\3\4", 4))).fault("a", 5000), Code::invalid);  // checksum
}

TEST(DocumentationZip, HostileMembersAreHarmlessWhenRead) {
  const MemberOf link(zip_of({{"a", "/etc/passwd", 0120777}, {"b", "x"}}));
  EXPECT_EQ(link.fault("a"), Code::not_found);
  EXPECT_EQ(link.read("b").value(), "x");
  EXPECT_EQ(MemberOf(zip_of({{"a", "1"}, {"a", "2"}})).read("a").value(), "1");
  EXPECT_EQ(MemberOf(zip_of({{"a", "x", 0100644, 0, '0', {}, 1}})).fault("a"), Code::invalid);
  EXPECT_EQ(MemberOf(zip_of({{"../a", "x"}})).fault("a"), Code::not_found);
  EXPECT_EQ(MemberOf("no zip").fault("a"), Code::invalid);
  EXPECT_EQ(MemberOf("").fault("a"), Code::invalid);
}

}  // namespace
}  // namespace bodega::pypi
