#include "http/forwarded.h"

#include <algorithm>

#include "base/text.h"
#include "base/url.h"
#include "http/head_parser.h"

namespace bodega::http {

namespace {

// The one value of a field that must have exactly one; empty otherwise.
std::string_view single(const Headers& headers, std::string_view name) {
  std::size_t count = 0;
  for (const auto& field : headers.all()) count += iequals(field.name, name) ? 1U : 0U;
  const auto value = trim(headers.get(name));
  return count == 1 && value.find(',') == std::string_view::npos ? value : std::string_view{};
}

std::string scheme_of(std::string_view text) {
  if (iequals(text, "https")) return "https";
  return iequals(text, "http") ? "http" : std::string{};
}

// "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", with or without the quotes of RFC 7239.
std::optional<IpAddress> hop_address(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (auto whole = IpAddress::parse(text)) return whole;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    return close == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(0, close + 1));
  }
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(0, colon));
}

// One parameter of one element of Forwarded, unquoted; empty when absent.
std::string_view forwarded_parameter(std::string_view element, std::string_view name) {
  for (auto part : split(element, ';')) {
    part = trim(part);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || !iequals(trim(part.substr(0, equals)), name)) continue;
    auto value = trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// From right to left: each hop was added by the one that follows it, so the first untrusted one is the last we can know.
std::string client_of(const std::vector<std::string_view>& hops, const IpAddress& peer, const ProxyTrust& trust) {
  auto client = peer;
  for (auto hop = hops.rbegin(); hop != hops.rend() && trust.trusts(client); ++hop) {
    const auto address = hop_address(*hop);
    if (!address) break;
    client = *address;
  }
  return client.text();
}

void take_url(Outside& outside, std::string_view text) {
  const auto url = Url::parse(text);
  if (!url) return;
  outside.scheme = url->scheme;
  const auto origin = url->origin();
  outside.host = origin.substr(origin.find("://") + 3);
  outside.path = url->path.substr(0, url->path.find_last_not_of('/') + 1);
}

void take_trusted(Outside& outside, const Headers& headers, const IpAddress& peer, const ProxyTrust& trust) {
  const auto forwarded = headers.joined("Forwarded");
  const auto elements = forwarded.empty() ? std::vector<std::string_view>{} : split(forwarded, ',');
  const auto list = headers.joined("X-Forwarded-For");
  std::vector<std::string_view> hops;
  if (!list.empty()) {
    hops = split(list, ',');
  } else {
    for (const auto element : elements) hops.push_back(forwarded_parameter(element, "for"));
  }
  outside.client = client_of(hops, peer, trust);
  const auto last = elements.empty() ? std::string_view{} : elements.back();
  auto scheme = scheme_of(single(headers, "X-Forwarded-Proto"));
  if (scheme.empty()) scheme = scheme_of(forwarded_parameter(last, "proto"));
  if (!scheme.empty()) outside.scheme = scheme;
  auto host = single(headers, "X-Forwarded-Host");
  if (host.empty()) host = forwarded_parameter(last, "host");
  if (!host.empty() && is_host_value(host)) outside.host = host;
  if (const auto url = single(headers, "X-Outside-Url"); !url.empty()) take_url(outside, url);
}

}  // namespace

Result<ProxyTrust> ProxyTrust::parse(const std::vector<std::string>& cidrs) {
  ProxyTrust trust;
  for (const auto& cidr : cidrs) {
    auto network = IpNetwork::parse(cidr);
    if (!network) return fail(Code::invalid, "trusted-proxies: " + cidr + ": " + network.error().message);
    trust.networks_.push_back(*network);
  }
  return trust;
}

bool ProxyTrust::trusts(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&address](const IpNetwork& network) { return network.contains(address); });
}

Outside outside_of(const Headers& headers, std::string_view host, const std::optional<IpAddress>& peer, const ProxyTrust& trust) {
  Outside outside;
  outside.host = host;
  outside.client = peer ? peer->text() : "unix";
  if (peer && trust.trusts(*peer)) {
    take_trusted(outside, headers, *peer, trust);
  } else if ((!peer || peer->is_loopback()) && iequals(single(headers, "X-Forwarded-Proto"), "https")) {
    outside.scheme = "https";
  }
  return outside;
}

}  // namespace bodega::http
