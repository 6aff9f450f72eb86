// For tests only: small real distributions, built in memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include "base/digest.h"
#include "base/text.h"

namespace bodega::pypi::testing {

struct Member {
  std::string name;
  std::string bytes;
};

inline void little_endian(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

// A zip with stored members only (APPNOTE 4.3).
inline std::string make_zip(const std::vector<Member>& members) {
  std::string out;
  std::string directory;
  for (const auto& [name, bytes] : members) {
    const auto crc = static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const auto offset = static_cast<std::uint32_t>(out.size());
    std::string common;
    little_endian(common, 20, 2);          // version needed
    little_endian(common, 0, 4);           // flags, method: stored
    little_endian(common, 0x58210000, 4);  // 2024-01-01 00:00
    little_endian(common, crc, 4);
    little_endian(common, size, 4);
    little_endian(common, size, 4);
    little_endian(common, static_cast<std::uint32_t>(name.size()), 2);
    little_endian(common, 0, 2);
    out += "PK\x03\x04" + common + name + bytes;
    directory += "PK\x01\x02";
    little_endian(directory, 0x0314, 2);  // made by Unix
    directory += common;
    directory.append(6, '\0');                 // no comment, first disk, binary
    little_endian(directory, 0x81A40000U, 4);  // -rw-r--r--
    little_endian(directory, offset, 4);
    directory += name;
  }
  const auto start = static_cast<std::uint32_t>(out.size());
  out += directory + "PK\x05\x06";
  little_endian(out, 0, 4);
  little_endian(out, static_cast<std::uint32_t>(members.size()), 2);
  little_endian(out, static_cast<std::uint32_t>(members.size()), 2);
  little_endian(out, static_cast<std::uint32_t>(directory.size()), 4);
  little_endian(out, start, 4);
  little_endian(out, 0, 2);
  return out;
}

// `extra`: more header lines of METADATA, each ended by '\n'. Different `content` gives different bytes under one name.
inline std::string make_wheel(const std::string& name, const std::string& version, const std::string& content = "x = 1\n",
                              const std::string& extra = "") {
  const std::string info = name + "-" + version + ".dist-info/";
  std::vector<Member> members = {
      {name + "/__init__.py", content},
      {info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n" + extra + "\nWhat it is.\n"},
      {info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
  };
  std::string record;
  for (const auto& member : members) {
    std::string hash = base64_encode(Digest::of(member.bytes).bytes());
    for (char& c : hash) c = c == '+' ? '-' : c == '/' ? '_' : c;
    while (hash.back() == '=') hash.pop_back();
    record += member.name + ",sha256=" + hash + "," + std::to_string(member.bytes.size()) + "\n";
  }
  members.push_back({info + "RECORD", record + info + "RECORD,,\n"});
  return make_zip(members);
}

inline std::string octal(std::uint64_t value, std::size_t width) {
  std::string out(width, '0');
  for (std::size_t i = width; i-- > 0; value >>= 3) out[i] = static_cast<char>('0' + (value & 7));
  return out;
}

// POSIX ustar.
inline std::string make_tar(const std::vector<Member>& members) {
  std::string out;
  for (const auto& [name, bytes] : members) {
    std::string header(512, '\0');
    const auto put = [&header](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(bytes.size(), 11));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, std::string_view("ustar\0"
                              "00",
                              8));
    std::uint64_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string_view("\0 ", 2).data());
    header[154] = '\0';
    header[155] = ' ';
    out += header + bytes;
    out.append((512 - bytes.size() % 512) % 512, '\0');
  }
  return out.append(1024, '\0');
}

inline std::string make_gzip(std::string bytes) {
  z_stream stream{};
  ::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);  // +16: gzip
  std::string out(::deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

inline std::string make_sdist(const std::string& name, const std::string& version, const std::string& content = "x = 1\n",
                              const std::string& extra = "") {
  const std::string top = name + "-" + version + "/";
  return make_gzip(make_tar({
      {top + "PKG-INFO", "Metadata-Version: 2.2\nName: " + name + "\nVersion: " + version + "\n" + extra},
      {top + "pyproject.toml", "[build-system]\nrequires = []\n"},
      {top + name + "/__init__.py", content},
  }));
}

}  // namespace bodega::pypi::testing
