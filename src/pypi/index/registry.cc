#include "pypi/index/registry.h"

#include <algorithm>
#include <set>

#include "access/devpi_token.h"
#include "access/random.h"
#include "base/text.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kRootPypi = "root/pypi";

bool equal(const catalog::UserRow& a, const catalog::UserRow& b) {
  return a.name == b.name && a.password_hash == b.password_hash && a.profile_json == b.profile_json && a.created == b.created &&
         a.modified == b.modified;
}

// 32 hex digits, as devpi's uuid4().hex.
std::string new_uuid() {
  std::string bytes = access::random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // RFC 9562: version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);  // variant
  return to_hex(bytes);
}

// A word to type once: 120 bits, no letters that look alike.
Secret new_password() {
  constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(alphabet.size() == 32);
  std::string out;
  for (const char c : access::random_bytes(24)) out += alphabet[static_cast<unsigned char>(c) % 32];
  return Secret(std::move(out));
}

std::string url_text(const Url& url) {
  if (url.user.empty() && url.password.empty()) return url.text();
  const std::string text = url.text();
  const auto host = text.find("://") + 3;
  return text.substr(0, host) + percent_encode(url.user) + ":" + percent_encode(url.password.reveal()) + "@" + text.substr(host);
}

std::string new_token_secret() { return to_hex(access::random_bytes(access::kTokenSecretBytes)); }

struct Loaded {
  std::vector<catalog::UserRow> users;
  std::vector<catalog::IndexRow> indexes;
};

Result<std::optional<std::string>> setting_of(catalog::Reader& reader, std::string_view key) {
  auto value = reader.setting(key);
  if (value) return std::move(*value);
  if (value.error().code == Code::not_found) return std::nullopt;
  return fail(std::move(value).error());
}

}  // namespace

// What every catalog has from its first start on.
struct Registry::Beginnings {
  std::optional<std::string> uuid;
  std::optional<std::string> token_secret;
  std::optional<std::string> devpi_token_key;  // only where tokens of devpi are still good
  bool root = false;

  bool complete() const { return uuid && token_secret && root; }
  static Result<Beginnings> read(catalog::Reader& reader) {
    Beginnings out;
    BODEGA_TRY(out.uuid, setting_of(reader, "uuid"));
    BODEGA_TRY(out.token_secret, setting_of(reader, "token-secret"));
    BODEGA_TRY(out.devpi_token_key, setting_of(reader, access::kDevpiTokenKeySetting));
    const auto root = reader.user("root");
    if (!root && root.error().code != Code::not_found) return fail(root.error());
    out.root = root.has_value();
    return out;
  }
};

Json root_pypi_options(const StartOptions& options) {
  Json out = Json::object();
  out.set("type", "mirror");
  out.set("volatile", false);
  out.set("title", "PyPI");
  out.set("mirror_url", url_text(options.explicit_upstream ? *options.explicit_upstream : options.upstream));
  if (!options.mirror_web_url_fmt.empty()) out.set("mirror_web_url_fmt", options.mirror_web_url_fmt);
  return out;
}

Registry::Registry(Dependencies use) : use_(use) {}

Task<Result<void>> Registry::first_start(StartOptions options) {
  explicit_upstream_ = options.explicit_upstream;
  auto look = [](catalog::Reader& reader) { return Beginnings::read(reader); };
  auto found = co_await use_.catalog.read(look);
  if (!found) co_return fail(std::move(found).error().with_context("settings"));
  if (!found->complete()) {
    auto made = co_await begin(std::move(options), *found);
    BODEGA_CO_TRY_VOID(std::move(made));
  }
  BODEGA_CO_TRY_VOID(take_keys(*found));
  auto loaded = co_await load();
  co_return loaded;
}

// What is missing, in one commit.
Task<Result<void>> Registry::begin(StartOptions options, Beginnings& found) {
  if (!found.uuid) found.uuid = new_uuid();
  if (!found.token_secret) found.token_secret = new_token_secret();
  catalog::UserRow root;
  if (!found.root) {
    auto hash = co_await first_root_hash(options);
    if (!hash) co_return fail(std::move(hash).error());
    root.name = "root";
    root.password_hash = std::move(*hash);
    root.created = std::chrono::floor<std::chrono::seconds>(use_.clock.wall());
  }
  const bool with_index = !found.root && options.root_pypi == RootPypi::make;
  const catalog::IndexRow index{"root", "pypi", root_pypi_options(options).compact()};
  auto write = [&found, &root, &index, with_index](catalog::Transaction& transaction) -> Result<void> {
    BODEGA_TRY_VOID(transaction.set_setting("uuid", *found.uuid));
    BODEGA_TRY_VOID(transaction.set_setting("token-secret", *found.token_secret));
    if (!found.root) BODEGA_TRY_VOID(transaction.insert_user(root));
    return with_index ? transaction.insert_index(index) : Result<void>();
  };
  auto done = co_await use_.catalog.write(write);
  if (done && !found.root) {
    use_.log.info("registry.first_start", {{"user", root.name}, {"index", with_index ? kRootPypi : std::string_view()}});
  }
  co_return done;
}

Result<void> Registry::take_keys(const Beginnings& found) {
  const auto key = from_hex(*found.token_secret);
  if (!key || key->empty()) return fail(Code::corrupt, "The setting token-secret is no hexadecimal text.");
  const auto devpi_key = from_hex(found.devpi_token_key.value_or(""));
  if (!devpi_key) return fail(Code::corrupt, "The setting devpi-token-key is no hexadecimal text.");
  uuid_ = *found.uuid;
  token_secret_ = Secret(*key);
  devpi_token_key_ = Secret(*devpi_key);
  return {};
}

Task<Result<std::string>> Registry::first_root_hash(const StartOptions& options) {
  if (options.root_password_hash) {
    if (!access::Argon2Hash::parse(*options.root_password_hash))
      co_return fail(Code::invalid, "The password hash of root is no Argon2 hash.");
    co_return *options.root_password_hash;
  }
  if (options.root_password) {
    Secret password = *options.root_password;
    auto hash = co_await use_.hasher.hash(std::move(password));
    co_return hash;
  }
  const Secret made_up = new_password();
  if (options.keep_generated) {
    auto kept = options.keep_generated(made_up);
    if (!kept) co_return fail(std::move(kept).error());
  }
  co_return access::hash_password(made_up.reveal(), access::kUnguessable);
}

Task<Result<void>> Registry::load() {
  auto question = [](catalog::Reader& reader) -> Result<Loaded> {
    Loaded out;
    BODEGA_TRY(out.users, reader.users());
    BODEGA_TRY(out.indexes, reader.indexes());
    return out;
  };
  auto loaded = co_await use_.catalog.read(question);
  if (!loaded) co_return fail(std::move(loaded).error());
  users_.clear();
  indexes_.clear();
  for (auto& row : loaded->users) publish_user(std::move(row));
  for (const auto& row : loaded->indexes) {
    auto config = load_index_config(row.user, row.name, row.options_json);
    if (!config) co_return fail(std::move(config).error().with_context("index " + row.key()));
    publish_index(std::move(*config));
  }
  co_return Result<void>();
}

UserRef Registry::find_user(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

IndexRef Registry::find_index(std::string_view key) const {
  const auto found = indexes_.find(key);
  return found == indexes_.end() ? nullptr : found->second;
}

std::vector<UserRef> Registry::users() const {
  std::vector<UserRef> out;
  for (const auto& [name, user] : users_) out.push_back(user);
  return out;
}

std::optional<access::Account> Registry::account(std::string_view user) const {
  const auto found = users_.find(user);
  if (found == users_.end()) return std::nullopt;
  return access::Account{found->second->row.password_hash, found->second->row.created};
}

std::optional<access::Argon2Cost> Registry::usual_cost() const {
  if (usual_cost_) return usual_cost_;
  const access::Argon2Cost ours = use_.hasher.cost();
  std::map<std::uint64_t, std::pair<std::size_t, access::Argon2Cost>> found = {{ours.work(), {0, ours}}};
  for (const auto& [name, user] : users_) {
    const auto hash = access::Argon2Hash::parse(user->row.password_hash);
    if (!hash || hash->cost.work() < ours.work()) continue;  // less is for what nobody can guess, and for what the next login makes anew
    auto& [count, cost] = found[hash->cost.work()];
    ++count;
    cost = hash->cost;
  }
  std::size_t most = 0;
  for (const auto& [work, kind] : found) {  // the costlier of two that are as common
    if (kind.first < most) continue;
    most = kind.first;
    usual_cost_ = kind.second;
  }
  return usual_cost_;
}

std::vector<std::string> Registry::reads_through(const std::string& index) const {
  const IndexRef start = find_index(index);
  if (!start) return {index};
  const auto order = search_order(start, [this](const std::string& key) { return find_index(key); });
  std::vector<std::string> out{index};
  for (const auto* part : {&order.stages, &order.mirrors}) {
    for (const auto& base : *part) {
      if (base != start) out.push_back(base->key());
    }
  }
  return out;
}

std::vector<std::string> Registry::affected_by(const std::string& key) const {
  std::map<std::string, std::vector<std::string>> heirs;
  for (const auto& [heir, config] : indexes_) {
    for (const auto& base : config->bases) heirs[base].push_back(heir);
  }
  std::vector<std::string> out{key};
  std::set<std::string> seen{key};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto found = heirs.find(out[i]);
    if (found == heirs.end()) continue;
    for (const auto& heir : found->second) {
      if (seen.insert(heir).second) out.push_back(heir);
    }
  }
  return out;
}

Task<Result<void>> Registry::commit(Write write) {
  auto done = co_await use_.catalog.write(std::move(write));
  co_return done;
}

Task<Result<UserRef>> Registry::create_user(catalog::UserRow user) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  Write write = [&user](catalog::Transaction& transaction) { return transaction.insert_user(user); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  const std::string name = user.name;
  publish_user(std::move(user));
  use_.log.info("user.created", {{"user", name}});
  co_return find_user(name);
}

Task<Result<UserRef>> Registry::change_user(std::string name, std::function<Result<catalog::UserRow>(const User&)> change) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const UserRef present = find_user(name);
  if (!present) co_return fail(Code::not_found, "no user '" + name + "'");
  auto row = change(*present);
  if (!row) co_return fail(std::move(row).error());
  if (equal(*row, present->row)) co_return present;
  Write write = [&row](catalog::Transaction& transaction) { return transaction.update_user(*row); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  publish_user(std::move(*row));
  use_.log.info("user.changed", {{"user", name}});
  co_return find_user(name);
}

Task<Result<void>> Registry::delete_user(std::string name, std::function<Result<void>(const User&)> check) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const UserRef present = find_user(name);
  if (!present) co_return fail(Code::not_found, "no user '" + name + "'");
  auto allowed = check(*present);
  if (!allowed) co_return fail(std::move(allowed).error());
  Write write = [&name](catalog::Transaction& transaction) { return transaction.delete_user(name); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  const std::vector<std::string> gone = present->indexes;
  users_.erase(name);
  usual_cost_.reset();
  if (user_gone_) user_gone_(name);
  for (const auto& index : gone) {
    const std::string key = name + "/" + index;
    withdraw_index(key);
    co_await forget_documents(key);
  }
  use_.log.info("user.deleted", {{"user", name}});
  co_return Result<void>();
}

Task<Result<void>> Registry::rotate_token_secret() {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const std::string secret = new_token_secret();
  Write write = [&secret](catalog::Transaction& transaction) -> Result<void> {
    BODEGA_TRY_VOID(transaction.set_setting("token-secret", secret));
    return transaction.remove_setting(access::kDevpiTokenKeySetting);
  };
  auto done = co_await commit(std::move(write));
  if (!done) co_return done;
  token_secret_ = Secret(from_hex(secret).value());
  devpi_token_key_ = Secret();
  use_.log.info("login.secret_rotated", {});
  co_return done;
}

Task<Result<IndexRef>> Registry::create_index(std::string user, std::string name, std::function<Result<Json>()> options) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const std::string key = user + "/" + name;
  if (!find_user(user)) co_return fail(Code::not_found, "no user '" + user + "'");
  if (find_index(key)) co_return fail(Code::conflict, "index '" + key + "' exists");
  auto chosen = options();
  if (!chosen) co_return fail(std::move(chosen).error());
  const catalog::IndexRow row{user, name, chosen->compact()};
  Write write = [&row](catalog::Transaction& transaction) { return transaction.insert_index(row); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  co_await forget_documents(key);
  auto published = publish_index(make_index_config(std::move(user), std::move(name), std::move(*chosen)));
  use_.log.info("index.created", {{"index", key}});
  co_return published;
}

Task<Result<IndexRef>> Registry::change_index(std::string key, std::function<Result<Json>(const IndexConfig&)> change) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const IndexRef present = find_index(key);
  if (!present) co_return fail(Code::not_found, "The stage " + key + " could not be found.");
  auto chosen = change(*present);
  if (!chosen) co_return fail(std::move(chosen).error());
  if (chosen->compact() == present->options.compact()) co_return present;
  const catalog::IndexRow row{present->user, present->name, chosen->compact()};
  Write write = [&row](catalog::Transaction& transaction) { return transaction.update_index(row); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  const bool other_upstream = chosen->text("mirror_url") != present->options.text("mirror_url");
  auto published = publish_index(make_index_config(present->user, present->name, std::move(*chosen)));
  if (other_upstream) {
    co_await forget_documents(key);
    revoke(key);  // what was answered from the old documents meanwhile
  }
  use_.log.info("index.changed", {{"index", key}});
  co_return published;
}

Task<Result<void>> Registry::delete_index(std::string key, std::function<Result<void>(const IndexConfig&)> check) {
  auto pass = co_await turn_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  const IndexRef present = find_index(key);
  if (!present) co_return fail(Code::not_found, "The stage " + key + " could not be found.");
  auto allowed = check(*present);
  if (!allowed) co_return fail(std::move(allowed).error());
  Write write = [&key](catalog::Transaction& transaction) { return transaction.delete_index(key); };
  auto done = co_await commit(std::move(write));
  if (!done) co_return fail(std::move(done).error());
  withdraw_index(key);
  co_await forget_documents(key);
  use_.log.info("index.deleted", {{"index", key}});
  co_return Result<void>();
}

Task<void> Registry::forget_documents(std::string key) {
  auto write = [&key](catalog::CacheTransaction& transaction) { return transaction.forget_index(key); };
  auto done = co_await use_.catalog.write_cache(write);
  if (documents_gone_) documents_gone_(key);
  if (!done) use_.log.warning("registry.documents_kept", {{"index", key}, {"error", done.error().describe()}});
}

void Registry::publish_user(catalog::UserRow row) {
  auto user = std::make_shared<User>();
  auto profile = Json::parse(row.profile_json);
  user->profile = profile && profile->is_object() ? std::move(*profile) : Json::object();
  const auto found = users_.find(row.name);
  if (found != users_.end()) user->indexes = found->second->indexes;
  std::string name = row.name;
  user->row = std::move(row);
  users_[std::move(name)] = std::move(user);
  usual_cost_.reset();
}

IndexRef Registry::publish_index(IndexConfig config) {
  apply_upstream(config);
  const std::string key = config.key();
  if (const auto user = users_.find(config.user); user != users_.end() && !indexes_.contains(key)) {
    // A copy: whoever holds the old view keeps it whole.
    auto changed = std::make_shared<User>(*user->second);
    changed->indexes.push_back(config.name);
    user->second = std::move(changed);
  }
  auto published = std::make_shared<const IndexConfig>(std::move(config));
  indexes_[key] = published;
  revoke(key);
  return published;
}

void Registry::withdraw_index(const std::string& key) {
  const auto found = indexes_.find(key);
  if (found == indexes_.end()) return;
  const IndexRef gone = found->second;
  indexes_.erase(found);
  if (const auto user = users_.find(gone->user); user != users_.end()) {
    auto changed = std::make_shared<User>(*user->second);
    std::erase(changed->indexes, gone->name);
    user->second = std::move(changed);
  }
  revoke(key);
}

void Registry::revoke(const std::string& key) {
  for (const auto& affected : affected_by(key)) use_.facts.revoke("index:" + affected);
}

void Registry::apply_upstream(IndexConfig& config) const {
  if (!explicit_upstream_ || config.key() != kRootPypi || !config.is_mirror()) return;
  Json options = std::move(config.options);
  options.set("mirror_url", url_text(*explicit_upstream_));
  config = make_index_config(config.user, config.name, std::move(options));
}

}  // namespace bodega::pypi
