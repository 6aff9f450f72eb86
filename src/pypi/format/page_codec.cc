// The stored form of a page: docs/formats/page.md.
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "pypi/format/page.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kMagic = "BPG\x01";  // the last byte is the format's version
constexpr std::size_t kHeader = 8;              // magic, u32 raw length
constexpr std::size_t kTrailer = 4;             // CRC-32
// A bound against allocating by a damaged length: ten times the largest page known.
constexpr std::uint32_t kMaxRaw = 256U << 20U;
constexpr int kLevel = 3;
// Files of one page come from one or two hosts; a page with more prefixes than this stores whole URLs.
constexpr std::size_t kMaxPrefixes = 64;
constexpr std::size_t kDigestHex = 64;

// Never renumbered.
enum Flag : std::uint32_t {
  kUrlText = 1U << 0U,      // the URL follows whole
  kUrlPackages = 1U << 1U,  // prefix number and 32 bytes follow; the URL is prefix + aa/bb/60 hex + "/" + file name
  kOneSha256 = 1U << 2U,    // 32 bytes follow instead of a list of hashes
  kRequiresPython = 1U << 3U,
  kCoreOffered = 1U << 4U,
  kCoreOneSha256 = 1U << 5U,
  kCoreHashes = 1U << 6U,
  kYanked = 1U << 7U,
  kSize = 1U << 8U,
  kUploadTime = 1U << 9U,
  kProvenance = 1U << 10U,
  kGpgSig = 1U << 11U,  // known
  kGpgSigTrue = 1U << 12U,
  kAllFlags = (1U << 13U) - 1,
};

constexpr std::array<signed char, 256> kHexValues = [] {
  std::array<signed char, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<signed char>(i);
  for (int i = 0; i < 6; ++i) table[static_cast<std::size_t>('a' + i)] = static_cast<signed char>(10 + i);
  return table;
}();

// 64 lower-case digits to 32 bytes; false for anything else.
bool pack_hex(std::string_view hex, char* out) {
  if (hex.size() != kDigestHex) return false;
  int bad = 0;
  for (std::size_t i = 0; i < kDigestHex; i += 2) {
    const int high = kHexValues[static_cast<unsigned char>(hex[i])];
    const int low = kHexValues[static_cast<unsigned char>(hex[i + 1])];
    bad |= high | low;
    out[i / 2] = static_cast<char>((high << 4) | low);
  }
  return bad >= 0;
}

void unpack_hex(std::string_view bytes, char* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = kDigits[value >> 4U];
    out[2 * i + 1] = kDigits[value & 15U];
  }
}

// "…/aa/bb/<60 hex>/<file name>": the length of the prefix up to "aa", or npos. `digest` gets the 64 digits joined.
std::size_t packages_prefix(const PageFile& file, std::array<char, kDigestHex>& digest) {
  constexpr std::size_t kPath = 2 + 1 + 2 + 1 + 60 + 1;
  const std::string_view url = file.url;
  if (url.size() <= kPath + file.filename.size() || !url.ends_with(file.filename)) return std::string_view::npos;
  const std::size_t prefix = url.size() - file.filename.size() - kPath;
  const std::string_view path = url.substr(prefix, kPath);
  if (path[2] != '/' || path[5] != '/' || path[66] != '/') return std::string_view::npos;
  std::memcpy(digest.data(), path.data(), 2);
  std::memcpy(digest.data() + 2, path.data() + 3, 2);
  std::memcpy(digest.data() + 4, path.data() + 6, 60);
  return prefix;
}

class Writer {
 public:
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>((value & 0x7F) | 0x80);
      value >>= 7U;
    }
    out_ += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void raw(std::string_view value) { out_ += value; }
  void hashes(const std::vector<Hash>& list) {
    number(list.size());
    for (const auto& hash : list) {
      text(hash.algorithm);
      text(hash.hex);
    }
  }
  std::string& out() { return out_; }

 private:
  std::string out_;
};

bool one_sha256(const std::vector<Hash>& hashes, std::array<char, 32>& packed) {
  return hashes.size() == 1 && hashes[0].algorithm == "sha256" && pack_hex(hashes[0].hex, packed.data());
}

class PageWriter {
 public:
  std::string run(const ProjectPage& page) {
    head_.text(page.name);
    head_.text(page.api_version);
    head_.number(page.last_serial);
    head_.number(page.status ? 1 : 0);
    if (page.status) {
      head_.text(page.status->status);
      head_.text(page.status->reason);
    }
    head_.number(page.versions.size());
    for (const auto& version : page.versions) head_.text(version);
    files_.out().reserve(page.files.size() * 256);  // what a file of the public index takes, roughly
    for (const auto& file : page.files) write_file(file);
    head_.number(prefixes_.size());
    for (const auto prefix : prefixes_) head_.text(prefix);
    head_.number(page.files.size());
    head_.raw(files_.out());
    return std::move(head_.out());
  }

 private:
  std::optional<std::size_t> prefix_number(std::string_view prefix) {
    for (std::size_t i = 0; i < prefixes_.size(); ++i) {
      if (prefixes_[i] == prefix) return i;
    }
    if (prefixes_.size() >= kMaxPrefixes) return std::nullopt;
    prefixes_.push_back(prefix);
    return prefixes_.size() - 1;
  }

  void write_file(const PageFile& file) {
    std::array<char, 32> url_digest{};
    std::array<char, 32> sha256{};
    std::array<char, 32> core_sha256{};
    std::array<char, kDigestHex> digits{};
    std::optional<std::size_t> prefix;
    if (const std::size_t length = packages_prefix(file, digits); length != std::string_view::npos) {
      if (pack_hex({digits.data(), digits.size()}, url_digest.data())) prefix = prefix_number(std::string_view(file.url).substr(0, length));
    }
    const bool one = one_sha256(file.hashes, sha256);
    const bool core_one = one_sha256(file.core_metadata.hashes, core_sha256);
    std::uint32_t flags = 0;
    if (!file.url.empty()) flags |= prefix ? kUrlPackages : kUrlText;
    if (one) flags |= kOneSha256;
    if (file.requires_python) flags |= kRequiresPython;
    if (file.core_metadata.offered) flags |= kCoreOffered;
    if (core_one) flags |= kCoreOneSha256;
    if (!core_one && !file.core_metadata.hashes.empty()) flags |= kCoreHashes;
    if (file.yanked) flags |= kYanked;
    if (file.size) flags |= kSize;
    if (!file.upload_time.empty()) flags |= kUploadTime;
    if (file.provenance) flags |= kProvenance;
    if (file.gpg_sig) flags |= *file.gpg_sig ? (kGpgSig | kGpgSigTrue) : kGpgSig;
    files_.number(flags);
    files_.text(file.filename);
    if ((flags & kUrlText) != 0) files_.text(file.url);
    if ((flags & kUrlPackages) != 0) {
      files_.number(*prefix);
      files_.raw({url_digest.data(), url_digest.size()});
    }
    if (one) {
      files_.raw({sha256.data(), sha256.size()});
    } else {
      files_.hashes(file.hashes);
    }
    if (file.requires_python) files_.text(*file.requires_python);
    if (core_one) files_.raw({core_sha256.data(), core_sha256.size()});
    if ((flags & kCoreHashes) != 0) files_.hashes(file.core_metadata.hashes);
    if (file.yanked) files_.text(*file.yanked);
    if (file.size) files_.number(*file.size);
    if (!file.upload_time.empty()) files_.text(file.upload_time);
    if (file.provenance) files_.text(*file.provenance);
  }

  Writer head_;
  Writer files_;
  std::vector<std::string_view> prefixes_;  // into the page
};

// Every read checks what is left; after the first failure all reads give nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  std::string_view raw(std::uint64_t length) {
    if (failed_ || length > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return out;
  }
  std::string_view text() { return raw(number()); }
  // A count of things that each take at least `least` bytes.
  std::size_t count(std::size_t least) {
    const std::uint64_t value = number();
    if (value > rest_.size() / least) failed_ = true;
    return failed_ ? 0 : value;
  }
  void hashes(std::vector<Hash>& out) {
    const std::size_t many = count(2);
    out.reserve(many);
    for (std::size_t i = 0; i < many; ++i) {
      std::string algorithm(text());
      out.push_back({std::move(algorithm), std::string(text())});
    }
  }
  void sha256(std::vector<Hash>& out) {
    const auto packed = raw(32);
    if (failed_) return;
    std::string hex(kDigestHex, '\0');
    unpack_hex(packed, hex.data());
    out.push_back({"sha256", std::move(hex)});
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void read_url(Reader& in, std::uint64_t flags, const std::vector<std::string_view>& prefixes, PageFile& file) {
  if ((flags & kUrlText) != 0) file.url = in.text();
  if ((flags & kUrlPackages) == 0) return;
  const std::uint64_t number = in.number();
  const std::string_view packed = in.raw(32);
  if (in.failed() || number >= prefixes.size()) return in.fail();
  std::array<char, kDigestHex> hex{};
  unpack_hex(packed, hex.data());
  const std::string_view digits(hex.data(), hex.size());
  file.url.reserve(prefixes[number].size() + 67 + file.filename.size());
  file.url.append(prefixes[number]).append(digits.substr(0, 2)).append(1, '/').append(digits.substr(2, 2)).append(1, '/');
  file.url.append(digits.substr(4)).append(1, '/').append(file.filename);
}

void read_file(Reader& in, const std::vector<std::string_view>& prefixes, PageFile& file) {
  const std::uint64_t flags = in.number();
  if (flags > kAllFlags) return in.fail();
  const auto has = [flags](Flag flag) { return (flags & flag) != 0; };
  file.filename = in.text();
  read_url(in, flags, prefixes, file);
  if (has(kOneSha256)) {
    in.sha256(file.hashes);
  } else {
    in.hashes(file.hashes);
  }
  if (has(kRequiresPython)) file.requires_python.emplace(in.text());
  file.core_metadata.offered = has(kCoreOffered);
  if (has(kCoreOneSha256)) in.sha256(file.core_metadata.hashes);
  if (has(kCoreHashes)) in.hashes(file.core_metadata.hashes);
  if (has(kYanked)) file.yanked.emplace(in.text());
  if (has(kSize)) file.size = in.number();
  if (has(kUploadTime)) file.upload_time = in.text();
  if (has(kProvenance)) file.provenance.emplace(in.text());
  if (has(kGpgSig)) file.gpg_sig = has(kGpgSigTrue);
}

Result<ProjectPage> read_page(std::string_view raw) {
  Reader in(raw);
  ProjectPage page;
  page.name = in.text();
  page.api_version = in.text();
  page.last_serial = in.number();
  const std::uint64_t has_status = in.number();
  if (has_status > 1) in.fail();
  if (has_status == 1) {
    page.status.emplace();
    page.status->status = in.text();
    page.status->reason = in.text();
  }
  const std::size_t versions = in.count(1);
  page.versions.reserve(versions);
  for (std::size_t i = 0; i < versions; ++i) page.versions.emplace_back(in.text());
  std::vector<std::string_view> prefixes(in.count(1));
  for (auto& prefix : prefixes) prefix = in.text();
  const std::size_t files = in.count(3);
  page.files.resize(files);
  for (std::size_t i = 0; i < files && !in.failed(); ++i) read_file(in, prefixes, page.files[i]);
  if (!in.at_end()) return fail(Code::corrupt, "the stored page is damaged", "page: contents");
  return page;
}

void put_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace

std::string encode_page(const ProjectPage& page) {
  const std::string raw = PageWriter().run(page);
  std::string out(kMagic);
  put_u32(out, static_cast<std::uint32_t>(raw.size()));
  out.resize(kHeader + ZSTD_compressBound(raw.size()));
  const std::size_t packed = ZSTD_compress(out.data() + kHeader, out.size() - kHeader, raw.data(), raw.size(), kLevel);
  BODEGA_CHECK(ZSTD_isError(packed) == 0U && raw.size() <= kMaxRaw, "a page could not be compressed");
  out.resize(kHeader + packed);
  put_u32(out, checksum(out));
  return out;
}

Result<ProjectPage> decode_page(std::string_view bytes) {
  const auto damaged = [](std::string context) { return fail(Code::corrupt, "the stored page is damaged", "page: " + std::move(context)); };
  if (bytes.size() < kHeader + kTrailer || !bytes.starts_with(kMagic)) return damaged("magic or version");
  const std::string_view body = bytes.substr(0, bytes.size() - kTrailer);
  if (checksum(body) != get_u32(bytes.substr(body.size()))) return damaged("checksum");
  const std::uint32_t length = get_u32(bytes.substr(kMagic.size(), 4));
  const std::string_view frame = body.substr(kHeader);
  if (length > kMaxRaw || ZSTD_getFrameContentSize(frame.data(), frame.size()) != length) return damaged("length");
  std::string raw(length, '\0');
  if (ZSTD_decompress(raw.data(), raw.size(), frame.data(), frame.size()) != length) return damaged("compression");
  return read_page(raw);
}

}  // namespace bodega::pypi
