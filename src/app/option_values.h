// Values as people write them: "10GB", "20%", "1h30m", "127.0.0.1:3141". Pure; one parse_value() for each type a Config field can have.
// Errors are `invalid` and their message finishes the sentence "<option>: ...".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace bodega::app {

// Bytes: digits, then nothing, B, or a unit. k M G T (with or without B) count by 1000, Ki Mi Gi Ti by 1024; case does not matter.
Result<void> parse_value(std::string_view text, std::uint64_t& out);
Result<void> parse_value(std::string_view text, unsigned& out);
// Three octal digits, or four that begin with 0.
Result<void> parse_value(std::string_view text, FileMode& out);
// A size as above, or whole percent of the disk.
Result<void> parse_value(std::string_view text, Space& out);
// Numbers with units ms, s, m, h, d, one after the other: "30s", "1h30m"; "0" alone needs none.
Result<void> parse_value(std::string_view text, Duration& out);
// on off true false yes no 1 0
Result<void> parse_value(std::string_view text, bool& out);
Result<void> parse_value(std::string_view text, LogFormat& out);
Result<void> parse_value(std::string_view text, LogLevel& out);
Result<void> parse_value(std::string_view text, web::Indexed& out);
// http or https, without query and fragment; the path gets its last '/' when it has none.
Result<void> parse_value(std::string_view text, Url& out);
// Stays as it is, relative or not.
Result<void> parse_value(std::string_view text, std::filesystem::path& out);
Result<void> parse_value(std::string_view text, Secret& out);
// "ADDR:PORT" with an IP address ([...] around IPv6), "localhost:PORT" for both loopback addresses, "*:PORT" or ":PORT" for all.
// One text may so add two addresses.
Result<void> parse_value(std::string_view text, std::vector<ListenAddress>& out);
Result<void> parse_value(std::string_view text, std::vector<IpNetwork>& out);
// A host name or IP address without port, or "*." and a host name.
Result<void> parse_value(std::string_view text, std::vector<std::string>& out);

// A word of printable characters.
Result<void> parse_value(std::string_view text, std::vector<UserName>& out);

template <class T>
Result<void> parse_value(std::string_view text, std::optional<T>& out) {
  return parse_value(text, out.emplace());
}

// The value as it would be written, in its shortest form; secrets as "***", URLs without user information. Several values: with ", ".
std::string value_text(std::uint64_t bytes);  // "2GB", "512MiB", "1500"
std::string value_text(unsigned number);
std::string value_text(FileMode mode);
std::string value_text(const Space& space);
std::string value_text(Duration duration);  // "1h30m", "500ms", "0s"
std::string value_text(bool value);
std::string value_text(LogFormat format);
std::string value_text(LogLevel level);
std::string value_text(web::Indexed indexed);
std::string value_text(const Url& url);
std::string value_text(const std::filesystem::path& path);
std::string value_text(const Secret& secret);
std::string value_text(const std::vector<ListenAddress>& addresses);
std::string value_text(const std::vector<IpNetwork>& networks);
std::string value_text(const std::vector<std::string>& hosts);
std::string value_text(const std::vector<UserName>& names);

template <class T>
std::string value_text(const std::optional<T>& value) {
  return value ? value_text(*value) : std::string();
}

}  // namespace bodega::app
