// Addresses that are not of the public internet: what a URL found on an upstream's page must not lead to.
#pragma once

#include <string_view>

#include "base/ip_network.h"
#include "http/client.h"

namespace bodega::http {

// IANA special-purpose registries (RFC 6890 and updates): loopback, private, shared, link-local, documentation, benchmarking, multicast,
// reserved, unique-local; and IPv6 forms that embed an IPv4 address (mapped, NAT64, 6to4) by that address.
bool is_private_address(const IpAddress& address);
// Of a numeric text, a zone ("%eth0") is ignored. What is not an address counts as private: refuse what is not understood.
bool is_private_address(std::string_view address);

// Private addresses that no page and no redirect has a reason to lead to: link-local ones, and those where clouds give a machine its
// credentials. Of a text: what is not an address is none.
bool is_metadata_address(const IpAddress& address);
bool is_metadata_address(std::string_view address);

// Which addresses a peer may have.
enum class Reach {
  anywhere,
  not_metadata,  // none of is_metadata_address()
  public_only,   // none of either kind
};

// Of one hop of a request that began at `first_host`. `foreign`: the hop is to another origin, and the first one was public.
Reach reach_of(PrivateAddresses allowed, std::string_view first_host, bool foreign);
// Why a numeric address may not be asked, as the end of a sentence that begins with the upstream's name; nullptr: it may.
const char* refusal_of(Reach reach, std::string_view address);

}  // namespace bodega::http
