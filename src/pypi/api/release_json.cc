#include "pypi/api/release_json.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "pypi/format/filename.h"
#include "pypi/format/links.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

// Of each version its releases, in search order.
using Releases = std::map<std::string, Json::Array>;
// nullptr: every version.
using Only = const std::string*;

bool wanted(Only only, const std::string& version) { return only == nullptr || *only == version; }

std::string index_url(const IndexConfig& index, const std::string& base) {
  return base + "/" + percent_encode(index.user, "@") + "/" + percent_encode(index.name, "@") + "/";
}

void set_hash(Json& out, const std::string& algorithm, const std::string& hex) {
  out.set("hash_spec", algorithm + "=" + hex);
  out.set("hashes", Json::Object{{algorithm, hex}});
}

Json new_link(std::string_view rel) {
  Json link = Json::object();
  link.set("rel", rel);
  return link;
}

// A log that cannot be read is shown as none: it is history, not state.
Json log_of(const std::string& log_json) {
  auto log = Json::parse(log_json);
  return log && log->is_array() ? std::move(*log) : Json::array();
}

// The page's own form of the link, without the page: the same address that installers see.
std::string href_of(const Digest& digest, const std::string& filename, const std::string& url) {
  PageFile file;
  file.filename = filename;
  file.hashes = {{"sha256", digest.hex()}};
  return url + to_link(file);
}

Json file_link(const catalog::FileRow& file, const std::string& url) {
  Json link = new_link("releasefile");
  set_hash(link, "sha256", file.digest.hex());
  link.set("href", href_of(file.digest, file.filename, url));
  link.set("log", log_of(file.log_json));
  return link;
}

using FilesByName = std::unordered_map<std::string_view, const catalog::FileRow*>;

// Documentation lies by its own digest, a test result beside the file that was tested.
Json attachment_link(const catalog::AttachmentRow& attachment, const FilesByName& files, const std::string& url) {
  const bool is_result = attachment.kind == catalog::AttachmentKind::toxresult;
  const auto found = is_result ? files.find(attachment.for_file) : files.end();
  const auto* tested = found == files.end() ? nullptr : found->second;
  Json link = new_link(is_result ? "toxresult" : "doczip");
  set_hash(link, "sha256", attachment.digest.hex());
  link.set("href", href_of(tested ? tested->digest : attachment.digest, attachment.filename, url));
  if (tested) link.set("for_href", href_of(tested->digest, tested->filename, url));
  link.set("log", log_of(attachment.log_json));
  return link;
}

// Of each version what lies under it, in the order in which it came.
std::map<std::string_view, Json::Array> links_of(const StageHolding& stage, Only only, const std::string& url) {
  std::map<std::string_view, Json::Array> links;
  FilesByName by_name;
  if (!stage.attachments.empty()) {
    for (const auto& file : stage.files) by_name[file.filename] = &file;
  }
  auto attachment = stage.attachments.begin();
  const auto attach = [&](const auto& came_before) {
    for (; attachment != stage.attachments.end() && came_before(attachment->stored_at); ++attachment) {
      if (wanted(only, attachment->version)) links[attachment->version].push_back(attachment_link(*attachment, by_name, url));
    }
  };
  for (const auto& file : stage.files) {
    if (!wanted(only, file.version)) continue;
    attach([&file](WallTime when) { return when < file.uploaded_at; });
    links[file.version].push_back(file_link(file, url));
  }
  attach([](WallTime) { return true; });
  return links;
}

Result<void> add_stage(const StageHolding& stage, Only only, const std::string& base, Releases& out) {
  auto links = links_of(stage, only, index_url(*stage.index, base));
  for (const auto& row : stage.releases) {
    if (!wanted(only, row.version)) continue;
    auto release = Json::parse(row.metadata_json);
    if (!release || !release->is_object()) {
      return fail(Code::io, "the stored metadata of " + row.project + " " + row.version + " on " + row.index + " is damaged");
    }
    const auto found = links.find(row.version);
    if (found != links.end()) release->set("+links", std::move(found->second));
    out[row.version].push_back(std::move(*release));
  }
  return {};
}

// The digest devpi would show: SHA-256 where the page gives it.
const Hash* shown_hash(const PageFile& file) {
  for (const auto& hash : file.hashes) {
    if (hash.algorithm == "sha256") return &hash;
  }
  return file.hashes.empty() ? nullptr : &file.hashes.front();
}

void set_page_hash(Json& out, const PageFile& file) {
  if (const auto* hash = shown_hash(file)) return set_hash(out, hash->algorithm, hash->hex);
  out.set("hash_spec", "");
  out.set("hashes", Json::object());
}

Json page_link(const PageFile& file, const std::string& url) {
  Json link = new_link("releasefile");
  set_page_hash(link, file);
  link.set("href", url + to_link(file));
  return link;
}

// What a page tells of a release is spread over its files: the last word on a key counts.
Json page_release(const std::vector<const PageFile*>& files, const std::string& name, const std::string& version, const std::string& url) {
  Json release = Json::object();
  release.set("name", name);
  release.set("version", version);
  Json::Array links;
  for (const auto* file : files) {
    if (file->requires_python) release.set("requires_python", *file->requires_python);
    if (file->yanked) release.set("yanked", file->yanked->empty() ? Json(true) : Json(*file->yanked));
    links.push_back(page_link(*file, url));
  }
  release.set("+links", std::move(links));
  return release;
}

void add_mirror(const MirrorHolding& mirror, const std::string& name, Only only, const std::string& base, Releases& out) {
  const auto& page = *mirror.page.page;
  if (page.quarantined()) return;
  std::map<std::string, std::vector<const PageFile*>> by_version;
  for (const auto& file : page.files) {
    const auto version = file_version(file.filename, page.name);
    if (version && wanted(only, *version)) by_version[*version].push_back(&file);
  }
  const std::string url = index_url(*mirror.index, base);
  for (const auto& [version, files] : by_version) out[version].push_back(page_release(files, name, version, url));
}

Result<Releases> releases_of(const Holdings& holdings, const std::string& name, Only only, const std::string& base) {
  Releases out;
  for (const auto& stage : holdings.stages) BODEGA_TRY_VOID(add_stage(stage, only, base, out));
  for (const auto& mirror : holdings.mirrors) add_mirror(mirror, name, only, base, out);
  return out;
}

Json with_shadows(Json::Array releases) {
  Json shown = std::move(releases.front());
  releases.erase(releases.begin());
  if (!releases.empty()) shown.set("+shadowing", std::move(releases));
  return shown;
}

// `File` has what hosted files and attachments share.
template <class File>
Json kept_file_json(const File& file, WallTime since) {
  Json out = Json::object();
  out.set("last_modified", http_date(since));
  set_hash(out, "sha256", file.digest.hex());
  out.set("project", file.project);
  out.set("version", file.version);
  return out;
}

}  // namespace

Result<Json> project_json(const Holdings& holdings, const std::string& name, const std::string& base) {
  BODEGA_TRY(auto releases, releases_of(holdings, name, nullptr, base));
  std::vector<std::string> versions;
  for (const auto& [version, parts] : releases) versions.push_back(version);
  sort_versions(versions);
  Json::Object out;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    out.emplace_back(*version, with_shadows(std::move(releases[*version])));
  }
  return Json(std::move(out));
}

Result<std::optional<Json>> release_json(const Holdings& holdings, const std::string& name, const std::string& version,
                                         const std::string& base) {
  BODEGA_TRY(auto releases, releases_of(holdings, name, &version, base));
  if (releases.empty()) return std::optional<Json>();
  return std::optional<Json>(with_shadows(std::move(releases[version])));
}

Json file_json(const catalog::FileRow& file) { return kept_file_json(file, file.uploaded_at); }

Json file_json(const catalog::AttachmentRow& attachment) { return kept_file_json(attachment, attachment.stored_at); }

Json file_json(const PageFile& file, const std::string& project) {
  Json out = Json::object();
  out.set("url", file.url);
  set_page_hash(out, file);
  out.set("project", project);
  if (const auto version = file_version(file.filename, project)) out.set("version", *version);
  if (const auto time = parse_rfc3339(file.upload_time)) out.set("last_modified", http_date(*time));
  return out;
}

}  // namespace bodega::pypi
