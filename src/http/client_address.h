// Addresses that are not of the public internet: what a URL found on an upstream's page must not lead to.
#pragma once

#include <string_view>

#include "base/ip_network.h"

namespace bodega::http {

// IANA special-purpose registries (RFC 6890 and updates): loopback, private, shared, link-local, documentation, benchmarking, multicast,
// reserved, unique-local; and IPv6 forms that embed an IPv4 address (mapped, NAT64, 6to4) by that address.
bool is_private_address(const IpAddress& address);
// Of a numeric text, a zone ("%eth0") is ignored. What is not an address counts as private: refuse what is not understood.
bool is_private_address(std::string_view address);

}  // namespace bodega::http
