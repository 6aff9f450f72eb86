// Users and indexes, in memory: the home loop reads them without I/O. The catalog is the truth; a change is durable first, then visible
// here, then every answer that stands on it is dropped. Changes happen one after the other, so that each sees what the one before left.
// Home loop only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/authenticator.h"
#include "access/gate.h"
#include "base/log.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "pypi/index/bases.h"
#include "pypi/index/index_config.h"

namespace bodega::pypi {

struct User {
  catalog::UserRow row;
  Json profile;                      // row.profile_json, an object
  std::vector<std::string> indexes;  // names
};
using UserRef = std::shared_ptr<const User>;

enum class RootPypi { make, leave_out };

struct StartOptions {
  // Of root at the first start: a hash wins over a password. Neither: one is generated and handed to keep_generated before root exists, so
  // that it is never lost.
  std::optional<std::string> root_password_hash;
  std::optional<Secret> root_password;
  std::function<Result<void>(const Secret&)> keep_generated;
  RootPypi root_pypi = RootPypi::make;
  Url upstream;                    // of root/pypi at the first start
  std::string mirror_web_url_fmt;  // likewise; "" = none
  // Set when the operator named the upstream for this run: root/pypi then uses it whatever is stored.
  std::optional<Url> explicit_upstream;
};

// The configuration of root/pypi at the first start.
Json root_pypi_options(const StartOptions& options);

class Registry final : public access::Accounts {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    cache::Dependencies& facts;
    access::PasswordHasher& hasher;
    const Clock& clock;
    Log& log;
  };
  explicit Registry(Dependencies use);

  // Once, before anything else: makes what a first start needs (settings "uuid" and "token-secret", user root, index root/pypi), then
  // loads everything. Named first_start for what it does to an empty catalog; on later starts it only loads.
  Task<Result<void>> first_start(StartOptions options);

  const std::string& uuid() const { return uuid_; }
  const Secret& token_secret() const { return token_secret_; }
  // Of the devpi-server that was imported; empty: none (access/devpi_token.h).
  const Secret& devpi_token_key() const { return devpi_token_key_; }
  catalog::Serial serial() const { return use_.catalog.last_serial(); }

  UserRef find_user(std::string_view name) const;   // nullptr: no such user
  IndexRef find_index(std::string_view key) const;  // "user/name"; nullptr: no such index
  std::vector<UserRef> users() const;               // by name
  std::optional<access::Account> account(std::string_view user) const override;
  std::vector<std::string> reads_through(const std::string& index) const override;
  std::optional<access::Argon2Cost> usual_cost() const override;
  // The index and every index that inherits from it, near or far.
  std::vector<std::string> affected_by(const std::string& key) const;

  // Called after a user was deleted.
  void on_user_gone(std::function<void(const std::string&)> listener) { user_gone_ = std::move(listener); }
  // Called after the cached documents of an index were dropped.
  void on_documents_gone(std::function<void(const std::string&)> listener) { documents_gone_ = std::move(listener); }

  // ---- Changes. All: busy (too many wait), no_space, io. Callbacks are pure; they run when the change's turn has come, on the state it
  // will change, and an error of theirs is the change's. ----

  Task<Result<UserRef>> create_user(catalog::UserRow user);  // conflict
  // A change to an equal row writes nothing and moves no serial.
  Task<Result<UserRef>> change_user(std::string name, std::function<Result<catalog::UserRow>(const User&)> change);  // not_found
  // With its indexes.
  Task<Result<void>> delete_user(std::string name, std::function<Result<void>(const User&)> check);                // not_found
  Task<Result<IndexRef>> create_index(std::string user, std::string name, std::function<Result<Json>()> options);  // conflict, not_found
  Task<Result<IndexRef>> change_index(std::string key, std::function<Result<Json>(const IndexConfig&)> change);    // not_found
  Task<Result<void>> delete_index(std::string key, std::function<Result<void>(const IndexConfig&)> check);         // not_found
  // A new token_secret(), no devpi_token_key(): who signs and checks login tokens is to be told.
  Task<Result<void>> rotate_token_secret();

 private:
  using Write = std::function<Result<void>(catalog::Transaction&)>;
  Task<Result<void>> commit(Write write);
  struct Beginnings;
  Task<Result<void>> begin(StartOptions options, Beginnings& found);
  Result<void> take_keys(const Beginnings& found);
  Task<Result<void>> load();
  Task<Result<std::string>> first_root_hash(const StartOptions& options);
  // What is remembered of an upstream belongs to that upstream only.
  Task<void> forget_documents(std::string key);
  void publish_user(catalog::UserRow row);
  IndexRef publish_index(IndexConfig config);
  void withdraw_index(const std::string& key);
  void revoke(const std::string& key);
  void apply_upstream(IndexConfig& config) const;

  Dependencies use_;
  std::optional<Url> explicit_upstream_;
  std::string uuid_;
  Secret token_secret_;
  Secret devpi_token_key_;
  std::function<void(const std::string&)> user_gone_;
  std::function<void(const std::string&)> documents_gone_;
  std::map<std::string, std::shared_ptr<User>, std::less<>> users_;
  std::map<std::string, IndexRef, std::less<>> indexes_;
  mutable std::optional<access::Argon2Cost> usual_cost_;  // counted when it is asked for; forgotten when a user changes
  // One at a time; a thousand waiting administrators are a mistake.
  access::Gate turn_{1, 1000};
};

}  // namespace bodega::pypi
