// IP addresses and the networks they lie in (RFC 4632 notation). Pure: nothing is looked up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bodega {

// An IPv4 or IPv6 address. An IPv4 address mapped into IPv6 (::ffff:10.0.0.1), as a dual-stack socket gives it, is the IPv4 address.
class IpAddress {
 public:
  // "10.0.0.1", "fe80::1", "[fe80::1]"; no zone, no port, no name.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return is_v4_; }
  bool is_loopback() const;                                             // 127.0.0.0/8 and ::1
  std::string text() const;                                             // shortest form, no brackets
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // network order; IPv4 in the first four
  bool operator==(const IpAddress&) const = default;

 private:
  friend class IpNetwork;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 lies in the first four
  bool is_v4_ = false;
};

class IpNetwork {
 public:
  // "10.0.0.0/8", "fd00::/8", or one address. invalid when bits behind the prefix are set: "10.1.2.3/8" is rather a slip than a network.
  static Result<IpNetwork> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  std::string text() const;
  bool operator==(const IpNetwork&) const = default;

 private:
  IpAddress base_;
  unsigned prefix_ = 0;
};

}  // namespace bodega
