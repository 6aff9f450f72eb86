#include "web/project/release.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "pypi/format/links.h"
#include "pypi/index/attachments.h"

namespace bodega::web {
namespace {

pypi::Json log_of(const std::string& text) {
  auto log = pypi::Json::parse(text);
  return log && log->is_array() ? std::move(*log) : pypi::Json::array();
}

FileLine hosted_line(const catalog::FileRow& file) {
  pypi::PageFile shown;
  shown.filename = file.filename;
  shown.hashes = {{"sha256", file.digest.hex()}};
  FileLine line;
  line.filename = file.filename;
  line.index = file.index;
  line.href = pypi::to_link(shown);
  line.hashes = std::move(shown.hashes);
  line.size = file.size;
  line.when = file.uploaded_at;
  line.who = file.uploaded_by;
  line.yanked = file.yanked;
  line.requires_python = file.requires_python;
  line.has_metadata = file.metadata_digest.has_value();
  line.log = log_of(file.log_json);
  return line;
}

FileLine mirrored_line(const pypi::PageFile& file, const std::string& index) {
  FileLine line;
  line.filename = file.filename;
  line.index = index;
  line.href = pypi::to_link(file);
  line.hashes = file.hashes;
  line.size = file.size;
  line.when = parse_rfc3339(file.upload_time);
  line.yanked = file.yanked;
  line.requires_python = file.requires_python.value_or("");
  line.provenance = file.provenance.value_or("");
  line.has_metadata = file.core_metadata.offered;
  line.log = pypi::Json::array();
  return line;
}

class Gathering {
 public:
  explicit Gathering(const std::string& version) { view_.version = version; }
  void add(const pypi::StageHolding& stage);
  void add(const pypi::MirrorHolding& mirror, const MirrorOutline& outline);
  std::optional<ReleaseView> finish();

 private:
  void found_on(const std::string& index);
  void add_file(FileLine line);

  ReleaseView view_;
  std::set<std::string> names_;
};

void Gathering::found_on(const std::string& index) {
  if (view_.index.empty()) view_.index = index;
}

void Gathering::add_file(FileLine line) {
  if (names_.insert(line.filename).second) view_.files.push_back(std::move(line));
}

void Gathering::add(const pypi::StageHolding& stage) {
  const std::string index = stage.index->key();
  for (const auto& release : stage.releases) {
    if (release.version != view_.version) continue;
    if (view_.index.empty()) view_.metadata_json = release.metadata_json;
    found_on(index);
  }
  std::map<std::string, std::vector<std::string>> results;
  for (const auto& attachment : stage.attachments) {
    if (attachment.version != view_.version) continue;
    if (attachment.kind == catalog::AttachmentKind::toxresult) results[attachment.for_file].push_back(attachment.filename);
    if (attachment.kind != catalog::AttachmentKind::doczip || !view_.docs_index.empty()) continue;
    view_.docs_index = index;
    view_.docs_href = pypi::hosted_path(attachment.digest, percent_encode(attachment.filename));
  }
  for (const auto& file : stage.files) {
    if (file.version != view_.version) continue;
    FileLine line = hosted_line(file);
    if (const auto found = results.find(file.filename); found != results.end()) line.tox_results = found->second;
    add_file(std::move(line));
  }
}

void Gathering::add(const pypi::MirrorHolding& mirror, const MirrorOutline& outline) {
  const auto& page = *mirror.page.page;
  const auto* version = outline.find(view_.version);
  if (version == nullptr || page.quarantined()) return;
  const std::string index = mirror.index->key();
  const bool is_first = view_.index.empty();
  found_on(index);
  for (const auto place : version->files) {
    const auto& file = page.files[place];
    add_file(mirrored_line(file, index));
    if (!is_first || !file.core_metadata.offered || view_.metadata_file != nullptr) continue;
    view_.mirror = &mirror;
    view_.metadata_file = &file;
  }
}

std::optional<ReleaseView> Gathering::finish() {
  if (view_.index.empty()) return std::nullopt;
  // Sources first, then wheels by name: the order in which people look for one.
  std::stable_sort(view_.files.begin(), view_.files.end(), [](const FileLine& a, const FileLine& b) {
    const bool a_is_wheel = a.filename.ends_with(".whl");
    const bool b_is_wheel = b.filename.ends_with(".whl");
    return a_is_wheel != b_is_wheel ? b_is_wheel : a.filename < b.filename;
  });
  return std::move(view_);
}

}  // namespace

Result<std::vector<pypi::StageHolding>> read_release(catalog::Reader& reader, const std::vector<pypi::StageHolding>& holding,
                                                     const std::string& project, const std::string& version) {
  std::vector<pypi::StageHolding> out;
  for (const auto& stage : holding) {
    const std::string key = stage.index->key();
    auto release = reader.release(key, project, version);
    if (!release && release.error().code == Code::not_found) continue;
    if (!release) return fail(std::move(release).error());
    pypi::StageHolding part{stage.index, {}, {}, {}};
    part.releases.push_back(std::move(*release));
    BODEGA_TRY(part.files, reader.release_files(key, project, version));
    BODEGA_TRY(part.attachments, reader.release_attachments(key, project, version));
    out.push_back(std::move(part));
  }
  return out;
}

std::optional<ReleaseView> release_of(const ReleaseSources& sources, const std::string& version) {
  Gathering gathering(version);
  for (const auto& stage : sources.stages) gathering.add(stage);
  for (std::size_t i = 0; i < sources.mirrors.size(); ++i) gathering.add(sources.mirrors[i], *sources.outlines[i]);
  return gathering.finish();
}

}  // namespace bodega::web
