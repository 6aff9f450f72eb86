#include "base/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace bodega {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

Bytes masked(Bytes bytes, unsigned prefix) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = std::min(8U, prefix > i * 8 ? prefix - i * 8 : 0U);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xFF00U >> kept));
  }
  return bytes;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);  // inet_pton wants a terminated string
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes_.data()) == 1) {
    address.is_v4_ = true;
    return address;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};  // RFC 4291 section 2.5.5.2
  if (std::equal(kMapped.begin(), kMapped.end(), address.bytes_.begin())) {
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), address.bytes_.begin());
    std::fill(address.bytes_.begin() + 4, address.bytes_.end(), std::uint8_t{0});
    address.is_v4_ = true;
  }
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return bytes_[0] == 127;
  return bytes_.back() == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), static_cast<socklen_t>(buffer.size()));
  return buffer.data();
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return fail(Code::invalid, "not an IP address or network (write 10.0.0.0/8 or fd00::/8)");
  IpNetwork network;
  network.base_ = *address;
  const unsigned longest = address->is_v4() ? 32 : 128;
  network.prefix_ = longest;
  if (slash != std::string_view::npos) {
    const auto prefix = parse_u64(text.substr(slash + 1));
    if (!prefix || *prefix > longest)
      return fail(Code::invalid, "the part behind '/' must be a number from 0 to " + std::to_string(longest));
    network.prefix_ = static_cast<unsigned>(*prefix);
  }
  const Bytes base = masked(address->bytes_, network.prefix_);
  if (base != address->bytes_) {
    network.base_.bytes_ = base;
    return fail(Code::invalid, "the address has bits behind the prefix; the network would be " + network.text());
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  return address.is_v4_ == base_.is_v4_ && masked(address.bytes_, prefix_) == base_.bytes_;
}

std::string IpNetwork::text() const { return base_.text() + "/" + std::to_string(prefix_); }

}  // namespace bodega
