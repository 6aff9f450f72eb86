#include "pypi/api/push_record.h"

#include <algorithm>
#include <set>

#include "pypi/index/attachments.h"
#include "pypi/upload/upload_record.h"

namespace bodega::pypi {
namespace {

using catalog::AttachmentKind;
using catalog::AttachmentRow;
using catalog::FileRow;
using catalog::Overwrite;
using catalog::Transaction;

tl::unexpected<Error> exists_already(const std::string& filename) {
  return fail(Code::conflict, filename + " already exists in non-volatile index");
}

// One push on its way into the catalog.
class Recording {
 public:
  Recording(Transaction& transaction, const PushSource& source, const PushTarget& target)
      : transaction_(transaction), source_(source), target_(target) {}

  Result<PushRecorded> run(const PushWish& wish) {
    BODEGA_TRY_VOID(look());
    BODEGA_TRY_VOID(check_conflicts());
    BODEGA_TRY(const auto project, if_there(transaction_.project(target_.index, source_.project)));
    out_.new_project = !project;
    const catalog::ReleaseRow release{target_.index, source_.project, source_.version, source_.metadata.json()};
    BODEGA_TRY_VOID(transaction_.put_release(release, source_.display));
    out_.log.push_back(Json::Array{200, "register", wish.name, wish.version, "->", target_.index});
    for (const auto& file : source_.files) {
      BODEGA_TRY_VOID(put_file(file));
    }
    if (source_.docs) {
      BODEGA_TRY_VOID(put_docs(*source_.docs));
      out_.log.push_back(Json::Array{200, "store_doczip", wish.name, wish.version, "->", target_.index});
    }
    return std::move(out_);
  }

 private:
  Result<void> look() {
    auto rows = transaction_.attachments(target_.index, source_.project);
    if (!rows && rows.error().code != Code::not_found) return fail(std::move(rows).error());
    if (rows) there_ = std::move(*rows);
    for (const auto& row : there_) names_.insert(row.filename);
    return {};
  }

  // Files and documentation decide; test results are only ever added.
  Result<void> check_conflicts() {
    if (target_.overwrite == Overwrite::yes) return {};
    std::optional<std::string> first;
    bool anything_new = false;
    const auto check = [&](const std::string& filename, const Digest& digest, const std::optional<Digest>& now) -> Result<void> {
      if (now && *now != digest) return exists_already(filename);
      if (now && !first) first = filename;
      anything_new = anything_new || !now;
      return {};
    };
    for (const auto& file : source_.files) {
      BODEGA_TRY(const auto now, if_there(transaction_.file(target_.index, file.filename)));
      BODEGA_TRY_VOID(check(file.filename, file.digest, now ? std::optional(now->digest) : std::nullopt));
    }
    if (source_.docs) {
      BODEGA_TRY(const auto now, if_there(transaction_.attachment(target_.index, source_.docs->filename)));
      BODEGA_TRY_VOID(check(source_.docs->filename, source_.docs->digest, now ? std::optional(now->digest) : std::nullopt));
    }
    if (first && !anything_new) return exists_already(*first);
    return {};
  }

  Result<void> put_file(const FileRow& from) {
    BODEGA_TRY(const auto old, if_there(transaction_.file(target_.index, from.filename)));
    FileRow row = from;
    row.index = target_.index;
    row.uploaded_by = target_.who;
    row.log_json =
        pushed_log({from.log_json, OverwriteEntries::drop, old ? std::optional(old->log_json) : std::nullopt}, from.index, target_);
    BODEGA_TRY(const auto stored, transaction_.put_file(row, target_.overwrite));
    out_.log.push_back(Json::Array{200, "store_releasefile", path_of(row.digest, row.filename)});
    if (stored == catalog::Stored::replaced) lost(*old);
    // Beside a file that was there already, results stand with its release.
    if (stored == catalog::Stored::identical) row.version = old->version;
    for (const auto& result : source_.results) {
      if (result.for_file == from.filename) BODEGA_TRY_VOID(put_result(result, row));
    }
    return {};
  }

  Result<void> put_result(const AttachmentRow& from, const FileRow& file) {
    const auto same = std::find_if(there_.begin(), there_.end(), [&](const AttachmentRow& row) {
      return row.kind == AttachmentKind::toxresult && row.for_file == file.filename && row.digest == from.digest;
    });
    AttachmentRow row = same == there_.end() ? copy_of(from, file.version, OverwriteEntries::drop, std::nullopt) : *same;
    if (same == there_.end()) {
      row.filename = free_name(from.filename);
      BODEGA_TRY_VOID(transaction_.put_attachment(row, Overwrite::no));
    }
    out_.log.push_back(Json::Array{200, "store_toxresult", path_of(file.digest, row.filename)});
    return {};
  }

  Result<void> put_docs(const AttachmentRow& from) {
    BODEGA_TRY(const auto old, if_there(transaction_.attachment(target_.index, from.filename)));
    const auto row = copy_of(from, source_.version, OverwriteEntries::keep, old ? std::optional(old->log_json) : std::nullopt);
    BODEGA_TRY(const auto stored, transaction_.put_attachment(row, target_.overwrite));
    if (stored == catalog::Stored::replaced) out_.replaced.push_back(old->digest);
    return {};
  }

  std::string path_of(const Digest& directory, const std::string& filename) const {
    return target_.index + "/" + hosted_path(directory, filename);
  }

  AttachmentRow copy_of(const AttachmentRow& from, const std::string& version, OverwriteEntries overwrites,
                        const std::optional<std::string>& replaced) const {
    AttachmentRow row = from;
    row.index = target_.index;
    row.version = version;
    row.stored_by = target_.who;
    row.log_json = pushed_log({from.log_json, overwrites, replaced}, from.index, target_);
    return row;
  }

  // "f.toxresult-20261121120000-0": the number counts results of one moment.
  std::string free_name(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 1; !names_.insert(name).second; ++i) name = wanted.substr(0, wanted.rfind('-') + 1) + std::to_string(i);
    return name;
  }

  // A replaced file takes its test results along.
  void lost(const FileRow& old) {
    out_.replaced.push_back(old.digest);
    std::erase_if(there_, [&](const AttachmentRow& row) {
      if (row.for_file != old.filename) return false;
      out_.replaced.push_back(row.digest);
      names_.erase(row.filename);
      return true;
    });
  }

  Transaction& transaction_;
  const PushSource& source_;
  const PushTarget& target_;
  std::vector<AttachmentRow> there_;  // on the target
  std::set<std::string> names_;       // theirs
  PushRecorded out_;
};

}  // namespace

Result<PushRecorded> record_push(Transaction& transaction, const PushSource& source, const PushTarget& target, const PushWish& wish) {
  return Recording(transaction, source, target).run(wish);
}

std::string pushed_log(const LogBefore& before, const std::string& from, const PushTarget& target) {
  auto log = Json::array();
  const auto when = log_time(target.when);
  if (before.replaced) {
    log.push_back(Json::Object{{"what", "overwrite"}, {"who", Json()}, {"when", when}, {"count", overwrites(*before.replaced) + 1}});
  }
  // A log that cannot be read is history that is lost, not a reason to refuse.
  if (const auto source = Json::parse(before.source)) {
    for (const auto& entry : source->items()) {
      if (before.overwrites == OverwriteEntries::keep || entry.text("what") != "overwrite") log.push_back(entry);
    }
  }
  log.push_back(Json::Object{
      {"what", "push"}, {"who", target.who.empty() ? Json() : Json(target.who)}, {"when", when}, {"src", from}, {"dst", target.index}});
  return log.compact();
}

}  // namespace bodega::pypi
