#include "access/authenticator.h"

#include <algorithm>

#include "access/devpi_token.h"
#include "access/random.h"
#include "base/digest.h"
#include "base/text.h"
#include "http/cross_site.h"

namespace bodega::access {
namespace {

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

SentCredentials decode_pair(std::string_view encoded) {
  auto decoded = base64_decode(trim(encoded));
  if (!decoded) return {Presence::broken, {}};
  std::string text = is_utf8(*decoded) ? std::move(*decoded) : latin1_to_utf8(*decoded);
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {Presence::broken, {}};
  SentCredentials out;
  out.credentials.user = text.substr(0, colon);
  out.credentials.secret = Secret(text.substr(colon + 1));
  // ":" is what some installers send when a keyring has nothing.
  out.presence = out.credentials.user.empty() && out.credentials.secret.empty() ? Presence::none : Presence::given;
  return out;
}

// Failures of a name and of an address are counted apart.
std::string user_subject(const std::string& user) { return "u:" + user; }
std::string address_subject(const std::string& address) { return "a:" + address; }

}  // namespace

SentCredentials read_credentials(const http::Headers& headers) {
  if (const auto* own = headers.find("X-Devpi-Auth")) return decode_pair(*own);
  const std::string_view value = trim(headers.get("Authorization"));
  if (istarts_with(value, "basic ")) return decode_pair(value.substr(6));
  if (istarts_with(value, "bearer ")) {
    SentCredentials out{Presence::given, {}};
    out.credentials.form = Credentials::Form::bearer;
    out.credentials.secret = Secret(std::string(trim(value.substr(7))));
    return out;
  }
  return {};
}

Authenticator::Authenticator(const Accounts& accounts, PasswordHasher& hasher, const Clock& clock, Options options)
    : accounts_(accounts), hasher_(hasher), clock_(clock), options_(options), process_key_(random_bytes(32)), attempts_(options.attempts) {}

Authenticator::~Authenticator() = default;

std::string Authenticator::new_login_token(std::string_view user) const { return make_login_token(token_key_, user, clock_.wall()); }

Task<Result<Authentication>> Authenticator::authenticate(const http::Request& request) {
  auto sent = read_credentials(request.headers);
  if (sent.presence == Presence::none && request.peer.administrator) {
    co_return Authentication{Outcome::ok, {"root", Proof::local}, "root", {}, false};
  }
  if (sent.presence == Presence::none) co_return Authentication{};
  if (sent.presence == Presence::broken) co_return Authentication{Outcome::wrong, {}, {}, {}, false};
  const Repeat repeat = http::is_safe(request.method) ? Repeat::is_free : Repeat::counts;
  std::string address = request.peer.client;
  const auto secret = sent.credentials.secret.reveal();
  if (looks_like_own_token(secret)) co_return by_own_token(sent.credentials, address, repeat);
  if (sent.credentials.form == Credentials::Form::bearer || looks_like_login_token(secret) || looks_like_devpi_token(secret)) {
    co_return by_login_token(sent.credentials);
  }
  co_return co_await by_password(std::move(sent.credentials), std::move(address), repeat);
}

Task<Result<Authentication>> Authenticator::login(std::string user, Secret password, std::string client_address) {
  if (looks_like_own_token(password.reveal())) co_return fail_without_work(std::move(user), client_address, Repeat::counts);
  Credentials credentials;
  credentials.user = std::move(user);
  credentials.secret = std::move(password);
  co_return co_await by_password(std::move(credentials), std::move(client_address), Repeat::counts);
}

// Forged tokens are not counted: 256 bits are not guessed, and old tokens of an expired login are ordinary.
Authentication Authenticator::by_login_token(const Credentials& credentials) const {
  Authentication out{Outcome::wrong, {}, credentials.user, {}, false};
  const auto text = credentials.secret.reveal();
  auto token = check_login_token(token_key_, text, clock_.wall());
  if (!token && credentials.form == Credentials::Form::basic) {
    const auto issued = check_devpi_token(devpi_token_key_, credentials.user, text, clock_.wall());
    if (issued) token = LoginToken{credentials.user, *issued};
  }
  if (!token) return out;
  if (credentials.form == Credentials::Form::basic && credentials.user != token->user) return out;
  const auto account = accounts_.account(token->user);
  // Tokens count in whole seconds.
  if (!account || token->issued < std::chrono::floor<std::chrono::seconds>(account->created)) return out;
  out.outcome = Outcome::ok;
  out.principal = {token->user, Proof::login_token};
  out.attempted = token->user;
  return out;
}

// A right token is never held up, whoever else guesses from the same address: it costs one hash to see that it is right.
Authentication Authenticator::by_own_token(const Credentials& credentials, const std::string& address, Repeat repeat) {
  const auto* token = tokens_ != nullptr ? tokens_->check(credentials.secret.reveal()) : nullptr;
  const auto account = token != nullptr ? accounts_.account(token->user) : std::nullopt;
  const auto scope = token != nullptr ? scope_of(token->scope) : std::nullopt;
  if (!account || !scope || token->created < account->created) return fail_without_work(credentials.user, address, repeat);
  Authentication out{Outcome::ok, {token->user, Proof::own_token, {*scope, {}}}, token->user, {}, false};
  if (!token->index.empty()) out.principal.bound.indexes = accounts_.reads_through(token->index);
  return out;
}

// Of the address only: under which user name a token is sent says nothing, and nobody shall lock out its owner with its public part.
Authentication Authenticator::fail_without_work(std::string user, const std::string& address, Repeat repeat) {
  const auto wait = attempts_.wait(address_subject(address), clock_.mono());
  if (wait) {
    ++counters_.limited;
    return {Outcome::limited, {}, std::move(user), *wait, false};
  }
  if (repeat == Repeat::counts) {
    ++counters_.failed;
    attempts_.failed(address_subject(address), clock_.mono());
  }
  return {Outcome::wrong, {}, std::move(user), {}, false};
}

Task<Result<Authentication>> Authenticator::by_password(Credentials credentials, std::string address, Repeat repeat) {
  const std::string key = memory_key(credentials);
  auto known = recall(key);
  // What was right a moment ago stays right while somebody else guesses; what was wrong stays free of charge on reads.
  const bool free_of_charge = known && (*known != Verdict::wrong || repeat == Repeat::is_free);
  if (!free_of_charge) {
    if (const auto wait = must_wait(credentials.user, address)) {
      ++counters_.limited;
      co_return Authentication{Outcome::limited, {}, credentials.user, *wait, false};
    }
  }
  if (known) {
    ++counters_.remembered;
    co_return conclude(credentials, address, *known, free_of_charge ? Repeat::is_free : Repeat::counts);
  }
  auto verdict = co_await verify(credentials, address, key);
  if (!verdict) co_return fail(std::move(verdict).error());
  if (!*verdict) {
    ++counters_.limited;
    co_return Authentication{
        Outcome::limited, {}, credentials.user, must_wait(credentials.user, address).value_or(std::chrono::seconds(1)), false};
  }
  co_return conclude(credentials, address, **verdict, Repeat::counts);
}

Task<Result<std::optional<Verdict>>> Authenticator::verify(const Credentials& credentials, const std::string& address,
                                                           const std::string& key) {
  // Join whoever verifies the same pair already.
  for (auto running = verifying_.find(key); running != verifying_.end(); running = verifying_.find(key)) {
    auto signal = running->second;
    auto still = [this, &key, &signal] {
      const auto found = verifying_.find(key);
      return found != verifying_.end() && found->second == signal;
    };
    co_await signal->wait(std::move(still));
    if (const auto verdict = recall(key)) co_return *verdict;
  }
  auto signal = std::make_shared<Signal>();
  verifying_.emplace(key, signal);
  const auto account = accounts_.account(credentials.user);
  std::string stored = account ? account->password_hash : std::string();
  // Where there is nothing to compare with, as much work as for most: time tells no names.
  const auto usual = Argon2Hash::parse(stored) ? std::nullopt : accounts_.usual_cost();
  std::string hash = usual ? decoy_hash(*usual) : stored;
  Secret secret = credentials.secret;
  // The queue is as long as a guesser likes, and each in it was let in before the others had failed.
  std::function<bool()> wanted = [this, &credentials, &address] { return !must_wait(credentials.user, address); };
  auto verdict = co_await hasher_.verify_if(std::move(wanted), std::move(hash), std::move(secret));
  if (verdict && *verdict) ++counters_.verified;
  // The password may have changed meanwhile; then the answer stands for this request, which began before, and for no later one.
  const auto now = accounts_.account(credentials.user);
  if (verdict && *verdict && (now ? now->password_hash : std::string()) == stored) remember(key, credentials.user, **verdict);
  verifying_.erase(key);
  signal->notify_all();
  co_return verdict;
}

Authentication Authenticator::conclude(const Credentials& credentials, const std::string& address, Verdict verdict, Repeat repeat) {
  if (verdict != Verdict::wrong) {
    // Failures are not forgiven: whoever guesses while the user works would begin anew every minute.
    return {Outcome::ok, {credentials.user, Proof::password}, credentials.user, {}, verdict == Verdict::right_but_weak};
  }
  if (repeat == Repeat::counts) {
    ++counters_.failed;
    attempts_.failed(user_subject(credentials.user), clock_.mono());
    attempts_.failed(address_subject(address), clock_.mono());
  }
  return {Outcome::wrong, {}, credentials.user, {}, false};
}

std::optional<std::chrono::seconds> Authenticator::must_wait(const std::string& user, const std::string& address) const {
  const auto by_user = attempts_.wait(user_subject(user), clock_.mono());
  const auto by_address = attempts_.wait(address_subject(address), clock_.mono());
  if (!by_user) return by_address;
  return by_address ? std::max(*by_user, *by_address) : *by_user;
}

std::string Authenticator::memory_key(const Credentials& credentials) const {
  std::string text = credentials.user;
  text += '\0';  // no user name holds one, so that two different pairs never make one text
  text += credentials.secret.reveal();
  return hmac_sha256(process_key_, text);
}

std::optional<Verdict> Authenticator::recall(const std::string& key) {
  const auto found = memory_.find(key);
  if (found == memory_.end()) return std::nullopt;
  if (clock_.mono() < found->second.until) return found->second.verdict;
  memory_order_.erase(found->second.place);
  memory_.erase(found);
  return std::nullopt;
}

void Authenticator::remember(const std::string& key, const std::string& user, Verdict verdict) {
  if (memory_.contains(key)) return;
  auto place = memory_order_.insert(memory_order_.end(), key);
  memory_.emplace(key, Memory{user, verdict, clock_.mono() + options_.remember, place});
  if (memory_.size() > options_.max_remembered) {
    memory_.erase(memory_order_.front());
    memory_order_.pop_front();
  }
}

void Authenticator::forget(const std::string& user) {
  attempts_.forget(user_subject(user));
  std::erase_if(memory_, [&](const auto& entry) {
    if (entry.second.user != user) return false;
    memory_order_.erase(entry.second.place);
    return true;
  });
}

}  // namespace bodega::access
