#include "ops/transfer/importer.h"

#include <algorithm>
#include <system_error>

#include "base/check.h"
#include "base/text.h"
#include "ops/transfer/import_record.h"
#include "pypi/format/filename.h"

namespace bodega::ops {
namespace {

// Files given to the pool and not yet placed: enough that no thread waits for the reader.
constexpr std::size_t kMostPlacing = 32;

const std::string& index_of(const Parcel& parcel) {
  return std::visit([](const auto& record) -> const std::string& { return record.index; }, parcel.record);
}

// SHA-256 says it all; without one every digest that is known by name.
std::vector<pypi::Hash> to_check(const std::vector<pypi::Hash>& claimed) {
  std::vector<pypi::Hash> out;
  for (const auto& hash : claimed) {
    if (hash.algorithm == "sha256") return {hash};
    if (Hasher::make(hash.algorithm)) out.push_back(hash);
  }
  return out;
}

std::optional<Digest> claimed_sha256(const std::vector<pypi::Hash>& hashes) {
  const auto found = std::find_if(hashes.begin(), hashes.end(), [](const auto& hash) { return hash.algorithm == "sha256"; });
  return found == hashes.end() ? std::nullopt : Digest::from_hex(found->hex);
}

}  // namespace

Importer::Importer(Dependencies use, Begun begun) : use_(std::move(use)), begun_(begun) {}

Importer::~Importer() {
  if (committing_.valid()) committing_.wait();
  std::unique_lock lock(mutex_);
  placed_.wait(lock, [this] { return placing_ == 0; });
}

void Importer::note(Finding finding) {
  const std::lock_guard lock(mutex_);
  if (use_.on_finding) use_.on_finding(finding);
  report_.add(std::move(finding));
}

std::optional<Error> Importer::trouble() {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

Result<void> Importer::take(Accounts accounts) {
  report_.users = accounts.users.size();
  report_.indexes = accounts.indexes.size();
  if (use_.catalog == nullptr) return {};
  std::string token_key;
  if (!accounts.login_secret.empty() && use_.derive_devpi_token_key) {
    auto derived = use_.derive_devpi_token_key(accounts.login_secret);
    if (derived) {
      token_key = std::move(*derived);
    } else {
      note({Finding::Kind::warning, "logins", "everybody has to log in once more: " + derived.error().message});
    }
  }
  return use_.catalog->write_now([&](catalog::Transaction& transaction) -> Result<void> {
    if (!token_key.empty()) BODEGA_TRY_VOID(transaction.set_setting("devpi-token-key", token_key));
    return record_accounts(transaction, accounts);
  });
}

Result<void> Importer::take(ReleaseRecord release) {
  Parcel parcel;
  for (auto& file : release.files) parcel.files.push_back({std::move(file), {}, {}});
  release.files.clear();
  const std::uint64_t weight = release.metadata.compact().size();
  const std::string project = release.index + "/" + release.project;
  if (project != last_project_) ++report_.projects;
  last_project_ = project;
  ++report_.releases;
  parcel.record = std::move(release);
  return add(std::move(parcel), weight);
}

Result<void> Importer::take(LooseRecord file) {
  Parcel parcel;
  parcel.files.push_back({std::move(file.file), {}, {}});
  file.file = {};
  parcel.record = std::move(file);
  return add(std::move(parcel), 0);
}

Result<void> Importer::take(MirrorRecord mirror) {
  Parcel parcel;
  for (auto& file : mirror.files) parcel.files.push_back({std::move(file), {}, {}});
  mirror.files.clear();
  constexpr std::uint64_t kPerFile = 700;  // as the server counts its decoded pages
  const std::uint64_t weight = mirror.page.files.size() * kPerFile;
  ++report_.pages;
  parcel.record = std::move(mirror);
  return add(std::move(parcel), weight);
}

Result<void> Importer::add(Parcel parcel, std::uint64_t weight) {
  batch_->parcels.push_back(std::move(parcel));
  Parcel& kept = batch_->parcels.back();
  batch_->files += kept.files.size();
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    batch_->weight += weight;
  }
  for (auto& arrival : kept.files) begin_placing(kept, arrival);
  {
    const std::lock_guard lock(mutex_);
    weight = batch_->weight;
    bytes = batch_->bytes;
    if (trouble_) return fail(*trouble_);
  }
  const auto& limits = use_.limits;
  if (batch_->files < limits.files && bytes < limits.bytes && weight < limits.weight) return {};
  return flush();
}

void Importer::begin_placing(const Parcel& parcel, Arrival& arrival) {
  {
    std::unique_lock lock(mutex_);
    placed_.wait(lock, [this] { return placing_ < kMostPlacing; });
    if (trouble_) return;
    ++placing_;
  }
  use_.pool.post([this, &parcel, &arrival] {
    place(index_of(parcel), arrival);
    const std::lock_guard lock(mutex_);
    --placing_;
    placed_.notify_all();
  });
}

void Importer::place(const std::string& index, Arrival& arrival) {
  arrival.was_there = was_there(index, arrival.file);
  auto done = arrival.was_there ? Result<void>() : stage(index, arrival);
  if (arrival.staged) look_inside(index, arrival);
  use_.progress.files.fetch_add(1);
  if (arrival.staged) use_.progress.bytes.fetch_add(arrival.staged->size);
  const std::lock_guard lock(mutex_);
  if (arrival.staged) batch_->bytes += arrival.staged->size;
  if (arrival.inside) batch_->weight += arrival.inside->metadata.size();
  if (!done && !trouble_) trouble_ = std::move(done).error();
}

Result<void> Importer::stage(const std::string& index, Arrival& arrival) {
  const auto wanted = to_check(arrival.file.hashes);
  std::vector<Hasher> others;
  for (const auto& hash : wanted) {
    if (hash.algorithm != "sha256") others.push_back(std::move(*Hasher::make(hash.algorithm)));
  }
  const std::string what = index + "/" + arrival.file.filename;
  auto staged =
      use_.adopter ? use_.adopter->stage(arrival.file.source, others) : store::measure(use_.file_system, arrival.file.source, others);
  if (!staged) {
    const Code code = staged.error().code;
    if (code != Code::not_found && code != Code::corrupt) return fail(std::move(staged).error());
    const bool missing = code == Code::not_found;
    note({missing ? Finding::Kind::missing : Finding::Kind::damaged, what,
          missing ? "there is no file " + arrival.file.source.string() : staged.error().describe()});
    return {};
  }
  std::size_t other = 0;
  for (const auto& hash : wanted) {
    const std::string found = hash.algorithm == "sha256" ? staged->digest.hex() : others[other++].finish_hex();
    if (found == hash.hex) continue;
    note({Finding::Kind::damaged, what,
          hash.algorithm + " of " + arrival.file.source.string() + " is " + found + ", it should be " + hash.hex});
    if (use_.adopter) use_.adopter->drop(*staged);
    return {};
  }
  arrival.staged = std::move(*staged);
  return {};
}

void Importer::look_inside(const std::string& index, Arrival& arrival) {
  const bool alone = arrival.file.role == Role::loose;
  const bool wheel = arrival.file.role == Role::release && pypi::file_kind(arrival.file.filename) == pypi::FileKind::wheel;
  if (!alone && !wheel) return;
  const auto& path = arrival.staged->temp.empty() ? arrival.file.source : arrival.staged->temp;
  auto inside = pypi::inspect_distribution(path.string(), arrival.file.filename);
  if (inside) {
    arrival.inside = std::move(*inside);
    return;
  }
  const std::string what = index + "/" + arrival.file.filename;
  if (wheel && !alone) {
    note({Finding::Kind::warning, what, "taken, but without a .metadata file for installers: " + inside.error().message});
    return;
  }
  note({Finding::Kind::skipped, what, inside.error().message});
  if (use_.adopter) use_.adopter->drop(*arrival.staged);
  arrival.staged.reset();
}

bool Importer::was_there(const std::string& index, const FileRecord& file) {
  if (begun_ == Begun::anew || use_.catalog == nullptr) return false;
  const auto digest = claimed_sha256(file.hashes);
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(file.source, failed);
  if (!digest || failed || !use_.adopter->holds(*digest, size)) return false;
  bool there = false;
  if (file.role == Role::cached) {
    const auto looked = use_.catalog->read_cache_now([&](catalog::CacheReader& reader) -> Result<void> {
      BODEGA_TRY(there, reader.is_cached(*digest));
      return {};
    });
    return looked && there;
  }
  const auto looked = use_.catalog->read_now([&](catalog::Reader& reader) -> Result<void> {
    if (file.role != Role::release) return {};
    BODEGA_TRY(const auto row, reader.file(index, file.filename));
    there = row.digest == *digest;
    return {};
  });
  return looked && there;
}

Result<void> Importer::flush() {
  {
    std::unique_lock lock(mutex_);
    placed_.wait(lock, [this] { return placing_ == 0; });
    if (trouble_) return fail(*trouble_);
  }
  BODEGA_TRY_VOID(wait_for_commit());
  if (batch_->parcels.empty()) return {};
  committing_ = std::async(std::launch::async, [this, batch = std::move(batch_)]() mutable { return commit(std::move(batch)); });
  batch_ = std::make_unique<Batch>();
  return {};
}

Result<void> Importer::wait_for_commit() {
  if (!committing_.valid()) return {};
  return committing_.get();
}

Result<void> Importer::commit(std::unique_ptr<Batch> batch) {
  if (use_.catalog == nullptr) {
    count(*batch);
    return {};
  }
  std::vector<store::Staged> staged;
  for (const auto& parcel : batch->parcels) {
    for (const auto& arrival : parcel.files) {
      if (arrival.staged) staged.push_back(*arrival.staged);
    }
  }
  BODEGA_TRY_VOID(use_.adopter->sync());
  BODEGA_TRY_VOID(record_named());
  BODEGA_TRY_VOID(use_.adopter->name(staged));
  named_ = std::move(batch);
  return {};
}

// Only after a sync.
Result<void> Importer::record_named() {
  if (!named_) return {};
  const auto batch = std::move(named_);
  std::vector<Finding> findings;
  BODEGA_TRY_VOID(use_.catalog->write_now([&](catalog::Transaction& transaction) {
    findings.clear();
    return record_hosted(transaction, *batch, use_.clock.wall(), findings);
  }));
  BODEGA_TRY_VOID(use_.catalog->write_cache_now(
      [&](catalog::CacheTransaction& transaction) { return record_cached(transaction, *batch, use_.clock.wall()); }));
  for (auto& finding : findings) note(std::move(finding));
  count(*batch);
  return {};
}

void Importer::count(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const auto& parcel : batch.parcels) {
    for (const auto& arrival : parcel.files) {
      if (!arrival.taken()) continue;
      const Role role = arrival.file.role;
      ++(role == Role::cached ? report_.cached : role == Role::release || role == Role::loose ? report_.files : report_.attachments);
      if (!arrival.staged) continue;
      report_.bytes += arrival.staged->size;
      if (arrival.staged->taken != store::Taking::copy) report_.linked += arrival.staged->size;
    }
  }
}

Result<ImportReport> Importer::finish() {
  BODEGA_TRY_VOID(flush());
  BODEGA_TRY_VOID(wait_for_commit());
  if (named_) {
    BODEGA_TRY_VOID(use_.adopter->sync());
    BODEGA_TRY_VOID(record_named());
  }
  const std::lock_guard lock(mutex_);
  return std::move(report_);
}

}  // namespace bodega::ops
