#include "http/client_address.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/check.h"

namespace bodega::http {
namespace {

std::vector<IpNetwork> networks(std::initializer_list<std::string_view> texts) {
  std::vector<IpNetwork> all;
  for (const auto text : texts) {
    auto network = IpNetwork::parse(text);
    BODEGA_CHECK(network.has_value(), "a network in the table is one");
    all.push_back(*network);
  }
  return all;
}

bool in_any(const std::vector<IpNetwork>& all, const IpAddress& address) {
  return std::any_of(all.begin(), all.end(), [&](const IpNetwork& network) { return network.contains(address); });
}

// The IPv4 address inside an IPv6 one, from its byte `at` on, written as "a.b.c.d"; nullopt when the text form is not what we expect.
std::optional<IpAddress> embedded_v4(const IpAddress& address, std::size_t at) {
  const auto bytes = address.bytes();
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(bytes[at + i]);
  return IpAddress::parse(text);
}

// Of forms that a gateway or a tunnel turns into IPv4: NAT64, 6to4.
std::optional<IpAddress> inner_v4(const IpAddress& address) {
  static const auto nat64 = networks({"64:ff9b::/96"});
  static const auto six_to_four = networks({"2002::/16"});
  if (address.is_v4()) return std::nullopt;
  if (in_any(nat64, address)) return embedded_v4(address, 12);
  if (in_any(six_to_four, address)) return embedded_v4(address, 2);
  return std::nullopt;
}

}  // namespace

bool is_private_address(const IpAddress& address) {
  static const auto v4 =
      networks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
                "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  // Global unicast is 2000::/3; everything outside is loopback, link-local, unique-local, multicast or reserved.
  static const auto v6_global = networks({"2000::/3"});
  static const auto v6_special = networks({"2001::/23", "2001:db8::/32", "3fff::/20"});
  if (address.is_v4()) return in_any(v4, address);
  if (const auto inner = inner_v4(address)) return is_private_address(*inner);
  return !in_any(v6_global, address) || in_any(v6_special, address);
}

bool is_metadata_address(const IpAddress& address) {
  // Link-local (AWS, Google, Azure, OpenStack and most others answer there), Alibaba, Oracle, Azure's wire server; IPv6: link-local, AWS,
  // Google.
  static const auto v4 = networks({"169.254.0.0/16", "100.100.100.200", "192.0.0.192", "168.63.129.16"});
  static const auto v6 = networks({"fe80::/10", "fd00:ec2::/32", "fd20:ce::254"});
  if (const auto inner = inner_v4(address)) return in_any(v4, *inner);
  return in_any(address.is_v4() ? v4 : v6, address);
}

bool is_metadata_address(std::string_view address) {
  const auto parsed = IpAddress::parse(address.substr(0, address.find('%')));
  return parsed && is_metadata_address(*parsed);
}

bool is_private_address(std::string_view address) {
  const auto parsed = IpAddress::parse(address.substr(0, address.find('%')));
  return !parsed || is_private_address(*parsed);
}

Reach reach_of(PrivateAddresses allowed, std::string_view first_host, bool foreign) {
  if (foreign || allowed == PrivateAddresses::refuse) return Reach::public_only;
  return allowed == PrivateAddresses::configured && is_metadata_address(first_host) ? Reach::anywhere : Reach::not_metadata;
}

const char* refusal_of(Reach reach, std::string_view address) {
  if (reach != Reach::anywhere && is_metadata_address(address)) return " leads to a link-local address, which no page or redirect may";
  if (reach == Reach::public_only && is_private_address(address)) {
    return " leads to a private address; the option upstream-private-hosts says which may";
  }
  return nullptr;
}

}  // namespace bodega::http
