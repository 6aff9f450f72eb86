#include "web/sessions.h"

#include <algorithm>

#include "access/random.h"
#include "access/token.h"
#include "base/digest.h"
#include "base/text.h"

namespace bodega::web {
namespace {

// ws1.<hex user>.<begun, Unix microseconds>.<hex name>.<hex HMAC-SHA256 of what is before it>
constexpr std::string_view kPrefix = "ws1.";
constexpr std::size_t kNameBytes = 12;  // of what tells sessions of one user apart
constexpr std::size_t kParts = 5;
constexpr std::string_view kSetting = "ended-sessions";
// A user name is bounded by the request head; hex doubles it.
constexpr std::size_t kMaxCookie = 16 * 1024;

std::optional<WallTime> moment(std::string_view text) {
  const auto micros = parse_u64(text);
  if (!micros || *micros > 253'402'300'799'000'000ULL) return std::nullopt;  // the year 9999
  return from_unix_micros(static_cast<std::int64_t>(*micros));
}

}  // namespace

std::string Sessions::signature(std::string_view head, const std::string& password_hash) const {
  std::string text = "bodega session ";
  text += head;
  text += ' ';
  text += password_hash;
  return to_hex(hmac_sha256(registry_.token_secret().reveal(), text));
}

std::string Sessions::begin(const std::string& user) const {
  std::string head(kPrefix);
  head += to_hex(user) + "." + std::to_string(to_unix_micros(clock_.wall())) + "." + to_hex(access::random_bytes(kNameBytes));
  const auto account = registry_.account(user);
  const std::string mac = signature(head, account ? account->password_hash : std::string());
  return head + "." + mac;
}

std::optional<Session> Sessions::of(std::string_view cookie) const {
  if (!cookie.starts_with(kPrefix) || cookie.size() > kMaxCookie || registry_.token_secret().empty()) return std::nullopt;
  const auto parts = split(cookie, '.');
  if (parts.size() != kParts) return std::nullopt;
  const auto user = from_hex(parts[1]);
  const auto begun = moment(parts[2]);
  const auto account = user ? registry_.account(*user) : std::nullopt;
  if (!begun || !account) return std::nullopt;
  const auto mac = signature(cookie.substr(0, cookie.rfind('.')), account->password_hash);
  if (!constant_time_equal(mac, parts[4])) return std::nullopt;
  const bool old = clock_.wall() >= *begun + access::kLoginTokenLife || *begun < account->created || *begun <= ended_before_;
  if (old || ended_.contains(parts[3])) return std::nullopt;
  return Session{*user, *begun};
}

void Sessions::drop_old() {
  const auto now = clock_.wall();
  std::erase_if(ended_, [now](const auto& one) { return one.second + access::kLoginTokenLife <= now; });
  while (ended_.size() > kMostEnded) {
    const auto oldest = std::min_element(ended_.begin(), ended_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    ended_before_ = std::max(ended_before_, oldest->second);
    ended_.erase(oldest);
  }
}

std::string Sessions::ended_text() const {
  std::string out = std::to_string(to_unix_micros(ended_before_)) + "\n";
  for (const auto& [name, when] : ended_) out += name + " " + std::to_string(to_unix_micros(when)) + "\n";
  return out;
}

Task<void> Sessions::end(std::string cookie) {
  if (!of(cookie)) co_return;
  ended_.emplace(std::string(split(cookie, '.')[3]), clock_.wall());
  drop_old();
  const std::string text = ended_text();
  auto write = [&text](catalog::Transaction& transaction) { return transaction.set_setting(kSetting, text); };
  const auto done = co_await catalog_.write(write);
  if (!done) log_.warning("session.end_not_kept", {{"why", done.error().describe()}});
}

Task<Result<void>> Sessions::load() {
  auto read = [](catalog::Reader& reader) { return reader.setting(kSetting); };
  const auto text = co_await catalog_.read(read);
  if (!text && text.error().code == Code::not_found) co_return Result<void>();
  if (!text) co_return fail(text.error());
  for (const auto line : split(*text, '\n')) {
    const auto space = line.find(' ');
    const auto when = moment(space == std::string_view::npos ? line : line.substr(space + 1));
    if (when && space == std::string_view::npos) ended_before_ = *when;
    if (when && space != std::string_view::npos) ended_.emplace(std::string(line.substr(0, space)), *when);
  }
  co_return Result<void>();
}

}  // namespace bodega::web
