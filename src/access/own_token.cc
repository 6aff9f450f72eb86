#include "access/own_token.h"

#include <algorithm>

#include "access/random.h"
#include "base/text.h"

namespace bodega::access {
namespace {

constexpr std::string_view kPrefix = "bodega_";
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648, in lower case
constexpr std::size_t kIdSize = 12;
constexpr std::size_t kRandomSize = 52;
constexpr std::size_t kCheckSize = 6;
constexpr std::size_t kSecretAt = kPrefix.size() + kIdSize + 1;
constexpr std::size_t kCheckAt = kSecretAt + kRandomSize;
constexpr std::size_t kSize = kCheckAt + kCheckSize;
static_assert(kAlphabet.size() == 32);

std::string letters(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

std::string check_of(std::string_view text) { return letters(Digest::of(text).bytes().substr(0, kCheckSize)); }

}  // namespace

NewOwnToken make_own_token() {
  NewOwnToken out;
  out.id = letters(random_bytes(kIdSize));
  std::string text = std::string(kPrefix) + out.id + "_" + letters(random_bytes(kRandomSize));
  text += check_of(text);
  out.hash = Digest::of(std::string_view(text).substr(kSecretAt));
  out.text = Secret(std::move(text));
  return out;
}

bool looks_like_own_token(std::string_view text) {
  if (text.size() != kSize || !text.starts_with(kPrefix) || text[kSecretAt - 1] != '_') return false;
  const auto letter = [](char c) { return kAlphabet.find(c) != std::string_view::npos; };
  const auto id = text.substr(kPrefix.size(), kIdSize);
  const auto secret = text.substr(kSecretAt);
  return std::all_of(id.begin(), id.end(), letter) && std::all_of(secret.begin(), secret.end(), letter);
}

std::optional<OwnTokenParts> read_own_token(std::string_view text) {
  if (!looks_like_own_token(text) || check_of(text.substr(0, kCheckAt)) != text.substr(kCheckAt)) return std::nullopt;
  return OwnTokenParts{text.substr(kPrefix.size(), kIdSize), Digest::of(text.substr(kSecretAt))};
}

}  // namespace bodega::access
