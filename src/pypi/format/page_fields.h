// What a value from an upstream's page must look like to be kept. Shared by the page parsers.
#pragma once

#include <string>
#include <string_view>

namespace bodega::pypi {

// hashlib's name and hex digits; a SHA-256 must have 64 of them.
bool is_hash(std::string_view algorithm, std::string_view hex);
// A SHA-256 that lost its end, with enough left for devpi's address of the file. The file is listed as devpi lists it; no bytes agree with
// such a digest, so it is never served.
bool is_cut_sha256(std::string_view algorithm, std::string_view hex);
// One line of at most 4 KiB. Whether it parses is the client's affair: the public index has lists of old, broken ones.
bool is_requires_python(std::string_view text);
bool is_provenance_url(std::string_view text);
bool is_status_word(std::string_view text);   // PEP 792: lower-case letters and '-'
bool is_version_text(std::string_view text);  // printable, at most kMaxFilename
bool is_api_version_1(std::string_view text);
// As given when it has the right form, rewritten to it when it is another RFC 3339 time, else empty.
std::string read_upload_time(std::string_view text);

}  // namespace bodega::pypi
