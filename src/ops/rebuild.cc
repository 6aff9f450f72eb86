#include "ops/rebuild.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "ops/accounts.h"
#include "pypi/format/archive.h"
#include "pypi/upload/notes.h"

namespace bodega::ops {
namespace {

using catalog::Transaction;

// Where a note lies, in the order in which it has to go in: files by upload time, then what stands beside them.
struct Place {
  bool attachment = false;
  WallTime at{};
  Digest digest;
  std::string name;
  auto key() const { return std::tie(attachment, at, digest, name); }
};

template <class Row>
Result<bool> there(const Result<Row>& row) {
  if (row) return true;
  if (row.error().code == Code::not_found) return false;
  return fail(row.error());
}

class Run {
 public:
  Run(catalog::Catalog& catalog, store::BlobStore& store, const Clock& clock, const std::function<void(const std::string&)>& say)
      : catalog_(catalog), store_(store), clock_(clock), say_(say) {}

  Result<RebuildReport> all(const std::optional<std::string>& accounts) {
    if (accounts) BODEGA_TRY_VOID(take_accounts(*accounts));
    BODEGA_TRY_VOID(collect());
    constexpr std::size_t kAtOnce = 200;
    for (std::size_t first = 0; first < places_.size(); first += kAtOnce) {
      const std::size_t end = std::min(places_.size(), first + kAtOnce);
      BODEGA_TRY_VOID(catalog_.write_now([this, first, end](Transaction& transaction) -> Result<void> {
        for (std::size_t i = first; i < end; ++i) BODEGA_TRY_VOID(put(transaction, places_[i]));
        return {};
      }));
    }
    return report_;
  }

 private:
  Result<void> take_accounts(const std::string& text) {
    return catalog_.write_now([this, &text](Transaction& transaction) -> Result<void> {
      BODEGA_TRY(const auto taken, restore_accounts(transaction, text));
      report_.users = taken.users;
      report_.indexes = taken.indexes;
      report_.tokens = taken.tokens;
      return {};
    });
  }

  Result<void> collect() {
    std::vector<Digest> blobs;
    BODEGA_TRY_VOID(store_.for_each([&blobs](const store::BlobInfo& info) { blobs.push_back(info.digest); }));
    for (const auto& digest : blobs) {
      BODEGA_TRY(const auto notes, store_.notes(digest));
      for (const auto& [name, text] : notes) {
        const auto note = pypi::parse_note(digest, text);
        if (!note) {
          unusable(digest, note.error().message);
          continue;
        }
        const WallTime at = note->attachment ? note->attachment->stored_at : note->file.uploaded_at;
        places_.push_back({note->attachment.has_value(), at, digest, name});
      }
    }
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.key() < b.key(); });
    return {};
  }

  Result<void> put(Transaction& transaction, const Place& place) {
    BODEGA_TRY(const auto notes, store_.notes(place.digest));
    const auto text = notes.find(place.name);
    if (text == notes.end()) return {};
    BODEGA_TRY(auto note, pypi::parse_note(place.digest, text->second));
    auto& file = note.file;
    BODEGA_TRY_VOID(ensure_index(transaction, file.index));
    BODEGA_TRY_VOID(transaction.put_release({file.index, file.project, file.version, note.release_json}, note.display));
    auto placed = note.attachment ? transaction.put_attachment(*note.attachment, catalog::Overwrite::no)
                                  : transaction.put_file(with_metadata(std::move(file)), catalog::Overwrite::no);
    if (!placed && placed.error().code != Code::conflict && placed.error().code != Code::not_found) return fail(std::move(placed).error());
    if (!placed) {
      unusable(place.digest, placed.error().message);
      return {};
    }
    ++(note.attachment ? report_.attachments : report_.files);
    return {};
  }

  // The bytes of METADATA lie in the archive.
  catalog::FileRow with_metadata(catalog::FileRow file) {
    if (!file.metadata_digest) return file;
    file.metadata_digest.reset();
    const auto blob = store_.open(file.digest);
    const auto inspected = blob ? pypi::inspect_distribution((*blob)->fd(), file.filename) : Result<pypi::Inspected>(fail(blob.error()));
    if (!inspected) {
      say_("its metadata cannot be read: " + file.index + "/" + file.filename + ": " + inspected.error().message);
      return file;
    }
    file.metadata = inspected->metadata;
    file.metadata_digest = Digest::of(inspected->metadata);
    return file;
  }

  Result<void> ensure_index(Transaction& transaction, const std::string& key) {
    const std::string user = key.substr(0, key.find('/'));
    const std::string name = key.substr(key.find('/') + 1);
    BODEGA_TRY(const bool has_user, there(transaction.user(user)));
    if (!has_user) {
      catalog::UserRow row;
      row.name = user;
      row.created = clock_.wall();
      BODEGA_TRY_VOID(transaction.insert_user(row));
      made_up("user " + user + ", who has no password: bodega passwd " + user);
    }
    BODEGA_TRY(const auto indexes, transaction.indexes());
    const bool has_index = std::any_of(indexes.begin(), indexes.end(), [&key](const auto& index) { return index.key() == key; });
    if (has_index) return {};
    // Not volatile: what was lost must not be overwritten by accident.
    BODEGA_TRY_VOID(transaction.insert_index({user, name, R"({"type":"stage","volatile":false,"bases":[]})"}));
    made_up("index " + key + ", with default options");
    return {};
  }

  void made_up(const std::string& what) {
    ++report_.made_up;
    say_("made: " + what);
  }
  void unusable(const Digest& digest, const std::string& why) {
    ++report_.unusable;
    say_("a note that is of no use, beside " + digest.hex() + ": " + why);
  }

  catalog::Catalog& catalog_;
  store::BlobStore& store_;
  const Clock& clock_;
  const std::function<void(const std::string&)>& say_;
  std::vector<Place> places_;
  RebuildReport report_;
};

}  // namespace

Result<RebuildReport> rebuild(catalog::Catalog& catalog, store::BlobStore& store, const std::optional<std::string>& accounts,
                              const Clock& clock, const std::function<void(const std::string&)>& say) {
  return Run(catalog, store, clock, say).all(accounts);
}

}  // namespace bodega::ops
