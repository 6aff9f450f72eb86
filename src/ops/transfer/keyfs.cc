#include "ops/transfer/keyfs.h"

#include <utility>

namespace bodega::ops {

using catalog::sqlite::Database;
using catalog::sqlite::Statement;
using pypi::Json;

namespace {

Error explain(Error error, const std::filesystem::path& file) {
  if (error.code == Code::busy) {
    error.message = file.string() + " is being written. Stop devpi-server first, then try again.";
  } else if (error.code == Code::corrupt) {
    error.message = file.string() + " is no database of devpi, or a damaged one.";
  } else {
    // SQLite refuses to read what a crashed writer left half done, because it may not repair it here.
    error.message = file.string() + " cannot be read. If devpi-server was killed, start and stop it once, then try again.";
  }
  return error;
}

}  // namespace

KeyFs::KeyFs(std::unique_ptr<Database> database, std::size_t cache_bytes) : database_(std::move(database)), cache_bytes_(cache_bytes) {}

KeyFs::~KeyFs() { database_->rollback(); }

Result<std::unique_ptr<KeyFs>> KeyFs::open(const std::filesystem::path& file, std::size_t cache_bytes) {
  auto opened = Database::open({.file = file, .access = catalog::sqlite::Access::reader});
  if (!opened) return fail(explain(std::move(opened).error(), file));
  // The snapshot begins with the first read, not with BEGIN.
  const auto look = [&opened]() -> Result<void> {
    BODEGA_TRY_VOID((*opened)->begin());
    BODEGA_TRY(Statement row, (*opened)->query("SELECT (SELECT count(key || keyname || serial) FROM kv WHERE key = '.config'), "
                                               "(SELECT max(serial) FROM changelog WHERE data IS NOT NULL)"));
    BODEGA_TRY([[maybe_unused]] const bool found, row.step());
    return {};
  };
  if (auto seen = look(); !seen) return fail(explain(std::move(seen).error(), file));
  return std::unique_ptr<KeyFs>(new KeyFs(std::move(*opened), cache_bytes));  // private constructor: make_unique cannot call it
}

Result<std::optional<Json>> KeyFs::get(std::string_view key) {
  std::int64_t serial = 0;
  {
    BODEGA_TRY(Statement row, database_->query("SELECT serial FROM kv WHERE key = ?", key));
    BODEGA_TRY(const bool found, row.step());
    if (!found) return std::nullopt;
    serial = row.integer(0);
  }
  BODEGA_TRY(const Transaction* transaction, this->transaction(serial));
  const DumpedChange* change = transaction->entry.find(key);
  if (change == nullptr) return fail(Code::corrupt, "a value of devpi is lost", std::string(key) + " is not in its transaction");
  auto decoded = decode_piece(change->value);
  if (!decoded) return fail(std::move(decoded).error().with_context(key));
  constexpr std::size_t kParts = 3;  // key name, serial before, value
  if (decoded->items().size() != kParts) return fail(Code::corrupt, "a stored value of devpi is damaged", std::string(key));
  Json value = decoded->items()[2];
  if (value.is_null()) return std::nullopt;
  return std::optional<Json>(std::move(value));
}

Result<std::vector<std::string>> KeyFs::renames() {
  std::int64_t serial = 0;
  {
    BODEGA_TRY(Statement row, database_->query("SELECT serial FROM changelog ORDER BY serial DESC LIMIT 1"));
    BODEGA_TRY(const bool found, row.step());
    if (!found) return std::vector<std::string>{};
    serial = row.integer(0);
  }
  BODEGA_TRY(const Transaction* transaction, this->transaction(serial));
  BODEGA_TRY(const Json list, decode_piece(transaction->entry.renames));
  std::vector<std::string> out;
  for (const Json& item : list.items()) {
    if (item.string()) out.push_back(*item.string());
  }
  return out;
}

Result<const KeyFs::Transaction*> KeyFs::transaction(std::int64_t serial) {
  if (const auto found = by_serial_.find(serial); found != by_serial_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return &recent_.front();
  }
  BODEGA_TRY(Statement row, database_->query("SELECT data FROM changelog WHERE serial = ?", serial));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::corrupt, "a transaction of devpi is lost", "serial " + std::to_string(serial));
  recent_.emplace_front();
  Transaction& made = recent_.front();
  made.serial = serial;
  made.bytes = row.text(0);
  auto entry = scan_entry(made.bytes);
  if (!entry) {
    recent_.pop_front();
    return fail(std::move(entry).error().with_context("serial " + std::to_string(serial)));
  }
  made.entry = std::move(*entry);
  by_serial_[serial] = recent_.begin();
  bytes_ += made.weight();
  while (bytes_ > cache_bytes_ && recent_.size() > 1) {
    bytes_ -= recent_.back().weight();
    by_serial_.erase(recent_.back().serial);
    recent_.pop_back();
  }
  return &recent_.front();
}

}  // namespace bodega::ops
