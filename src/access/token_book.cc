#include "access/token_book.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::access {

std::optional<Scope> scope_of(std::string_view text) {
  if (text == "read") return Scope::read;
  if (text == "upload") return Scope::upload;
  return std::nullopt;
}

Task<Result<void>> TokenBook::load() {
  auto question = [](catalog::Reader& reader) { return reader.tokens(); };
  auto rows = co_await catalog_.read(question);
  if (!rows) co_return fail(std::move(rows).error().with_context("tokens"));
  tokens_.clear();
  for (auto& row : *rows) {
    std::string id = row.id;
    tokens_.emplace(std::move(id), std::move(row));
  }
  co_return Result<void>();
}

std::optional<Error> TokenBook::fault_of(const TokenWish& wish) const {
  const auto fault = [](Code code, std::string message) { return Error{code, std::move(message), {}, std::nullopt}; };
  if (!scope_of(wish.scope)) return fault(Code::invalid, "the scope of a token is \"read\" or \"upload\"");
  if (wish.comment.size() > kMaxCommentBytes) return fault(Code::invalid, "the comment of a token has at most 500 bytes");
  if (wish.expires && *wish.expires <= clock_.wall()) return fault(Code::invalid, "a token cannot expire in the past");
  const auto count = std::count_if(tokens_.begin(), tokens_.end(), [&wish](const auto& entry) { return entry.second.user == wish.user; });
  if (static_cast<std::size_t>(count) >= kMaxForEachUser) {
    return fault(Code::conflict, "user " + wish.user + " has " + std::to_string(count) + " tokens already; revoke some first");
  }
  return std::nullopt;
}

Task<Result<CreatedToken>> TokenBook::create(TokenWish wish) {
  if (auto fault = fault_of(wish)) co_return fail(std::move(*fault));
  NewOwnToken made = make_own_token();
  CreatedToken out;
  out.row = {made.id,       std::move(wish.user), std::move(wish.scope), std::move(wish.index), made.hash, std::move(wish.comment),
             clock_.wall(), wish.expires,         std::nullopt};
  out.text = std::move(made.text);
  auto write = [&out](catalog::Transaction& transaction) { return transaction.insert_token(out.row); };
  auto done = co_await catalog_.write(write);
  if (!done) co_return fail(std::move(done).error());
  tokens_.emplace(out.row.id, out.row);
  log_.info("token.created", {{"token", out.row.id}, {"user", out.row.user}, {"scope", out.row.scope}, {"index", out.row.index}});
  co_return out;
}

Task<Result<void>> TokenBook::revoke(std::string id) {
  auto write = [&id](catalog::Transaction& transaction) { return transaction.delete_token(id); };
  auto done = co_await catalog_.write(write);
  if (!done && done.error().code != Code::not_found) co_return done;
  tokens_.erase(id);
  used_.erase(id);
  if (done) log_.info("token.revoked", {{"token", id}});
  co_return done;
}

void TokenBook::forget_user(std::string_view user) {
  std::erase_if(tokens_, [user](const auto& entry) { return entry.second.user == user; });
}

const catalog::TokenRow* TokenBook::check(std::string_view text) {
  const auto parts = read_own_token(text);
  if (!parts) return nullptr;
  const auto found = tokens_.find(parts->id);
  if (found == tokens_.end() || !constant_time_equal(found->second.hash.bytes(), parts->hash.bytes())) return nullptr;
  const WallTime now = clock_.wall();
  if (found->second.expires && *found->second.expires <= now) return nullptr;
  found->second.last_used = now;
  used_[found->first] = now;
  return &found->second;
}

const catalog::TokenRow* TokenBook::find(std::string_view id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second;
}

std::vector<catalog::TokenRow> TokenBook::list() const {
  std::vector<catalog::TokenRow> out;
  for (const auto& [id, row] : tokens_) out.push_back(row);
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.created < b.created; });
  return out;
}

Task<void> TokenBook::flush_uses() {
  if (used_.empty()) co_return;
  const std::vector<std::pair<std::string, WallTime>> uses(used_.begin(), used_.end());
  used_.clear();
  auto write = [&uses](catalog::Transaction& transaction) { return transaction.touch_tokens(uses); };
  auto done = co_await catalog_.write(write);
  // Only for people who tidy up: a minute that is lost on a full disk is not worth trying again.
  if (!done) log_.warning("token.uses_not_kept", {{"why", done.error().describe()}});
}

}  // namespace bodega::access
