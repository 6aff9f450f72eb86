// For tests only: wheels, zips and tars made in memory, right ones and wrong ones.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace bodega::pypi {

struct TestMember {
  std::string name;
  std::string bytes = {};
  unsigned mode = 0100644;      // with the file type
  unsigned method = 8;          // zip: 0 stored, 8 deflated
  char type = '0';              // tar: '0' file, '5' directory, '2' symlink, '1' hard link, '3' device
  std::string target = {};      // tar links
  unsigned flags = 0;           // zip: general purpose bits
  std::string local_name = {};  // zip: the name in the local header, where it lies
};

struct TestZip {
  std::vector<TestMember> members;
  std::string before = {};
  std::string behind = {};
  std::string comment = {};
};

inline std::string deflate_raw(std::string_view bytes, int window_bits = -15) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  std::string in(bytes);
  stream.next_in = reinterpret_cast<unsigned char*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(std::string_view bytes) { return deflate_raw(bytes, 15 + 16); }

inline void put_le(std::string& out, std::uint64_t value, unsigned length) {
  for (unsigned i = 0; i < length; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

inline std::string make_zip(const TestZip& zip) {
  std::string out = zip.before;
  std::string directory;
  for (const auto& member : zip.members) {
    const std::string packed = member.method == 8 ? deflate_raw(member.bytes) : member.bytes;
    const auto crc = crc32_z(0, reinterpret_cast<const unsigned char*>(member.bytes.data()), member.bytes.size());
    std::string common;
    put_le(common, 20, 2);
    put_le(common, member.flags, 2);
    put_le(common, member.method, 2);
    put_le(common, 0x21 << 16U, 4);  // 1 January 1980
    put_le(common, crc, 4);
    put_le(common, packed.size(), 4);
    put_le(common, member.bytes.size(), 4);
    const std::string& local = member.local_name.empty() ? member.name : member.local_name;
    const std::size_t offset = out.size() - zip.before.size();
    out += std::string("PK\x03\x04", 4) + common;
    put_le(out, local.size(), 2);
    put_le(out, 0, 2);
    out += local + packed;
    directory += std::string("PK\x01\x02", 4);
    put_le(directory, (3 << 8U) | 20, 2);  // made on Unix
    directory += common;
    put_le(directory, member.name.size(), 2);
    put_le(directory, 0, 2 + 2 + 2 + 2);  // extra, comment, disk, internal attributes
    put_le(directory, std::uint64_t{member.mode} << 16U, 4);
    put_le(directory, offset, 4);
    directory += member.name;
  }
  const std::size_t start = out.size() - zip.before.size();
  out += directory + std::string("PK\x05\x06", 4);
  put_le(out, 0, 4);
  put_le(out, zip.members.size(), 2);
  put_le(out, zip.members.size(), 2);
  put_le(out, directory.size(), 4);
  put_le(out, start, 4);
  put_le(out, zip.comment.size(), 2);
  return out + zip.comment + zip.behind;
}

inline std::string make_tar(const std::vector<TestMember>& members) {
  std::string out;
  for (const auto& member : members) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    const auto octal = [](std::uint64_t value, int width) {
      char text[32];
      std::snprintf(text, sizeof text, "%0*llo", width, static_cast<unsigned long long>(value));
      return std::string(text);
    };
    put(0, member.name.substr(0, 100));
    put(100, octal(member.mode & 0777U, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(member.bytes.size(), 11));
    put(136, octal(0, 11));
    put(148, "        ");
    header[156] = member.type;
    put(157, member.target.substr(0, 100));
    put(257, std::string("ustar\0"
                         "00",
                         8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    out += header + member.bytes;
    out.append((512 - member.bytes.size() % 512) % 512, '\0');
  }
  return out.append(1024, '\0');
}

inline std::string test_metadata(const std::string& name, const std::string& version, const std::string& more = {}) {
  return "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n" + more + "\nA description.\n";
}

// The members of a right wheel, RECORD last.
inline std::vector<TestMember> wheel_members(const std::string& name, const std::string& version, const std::string& more = {}) {
  const std::string info = name + "-" + version + ".dist-info/";
  std::vector<TestMember> members = {{name + "/__init__.py", "x = 1\n"},
                                     {info + "METADATA", test_metadata(name, version, more)},
                                     {info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}};
  std::string record;
  for (const auto& member : members) record += member.name + ",sha256=x," + std::to_string(member.bytes.size()) + "\n";
  members.push_back({info + "RECORD", record + info + "RECORD,,\n"});
  return members;
}

// "<name>-<version>-py3-none-any.whl"
inline std::string make_wheel(const std::string& name, const std::string& version, const std::string& more = {}) {
  return make_zip({wheel_members(name, version, more), {}, {}, {}});
}

// "<name>-<version>.tar.gz"
inline std::string make_sdist(const std::string& name, const std::string& version, const std::string& more = {}) {
  const std::string top = name + "-" + version;
  return gzip(
      make_tar({{top + "/", "", 040755, 0, '5'}, {top + "/PKG-INFO", test_metadata(name, version, more)}, {top + "/setup.py", "pass\n"}}));
}

// A file without a name that holds the bytes; closed with the value.
class TestFile {
 public:
  explicit TestFile(std::string_view bytes) : fd_(memfd_create("bodega-test", MFD_CLOEXEC)) {
    if (::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  ~TestFile() { ::close(fd_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace bodega::pypi
