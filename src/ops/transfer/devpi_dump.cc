#include "ops/transfer/devpi_dump.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/format/file_url.h"
#include "pypi/format/filename.h"
#include "pypi/format/names.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;
using pypi::Json;

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::optional<Role> role_of(std::string_view type) {
  if (type == "releasefile") return Role::release;
  if (type == "doczip") return Role::doczip;
  if (type == "toxresult") return Role::toxresult;
  return std::nullopt;
}

// Of test results: the digest of the tested file, which names their directory ("u/i/project/sha256=<hex>/name").
std::string tested_digest(std::string_view relpath) {
  const auto parts = split(relpath, '/');
  constexpr std::string_view kPrefix = "sha256=";
  if (parts.size() != 5 || !parts[3].starts_with(kPrefix)) return {};
  return std::string(parts[3].substr(kPrefix.size()));
}

// A cached file as its mirror's page lists it.
pypi::PageFile listed(const FileRecord& file, const Json& metadata) {
  pypi::PageFile out;
  out.filename = file.filename;
  out.url = file.url;
  out.hashes = file.hashes;
  set_page_facts(out, metadata.find("requires_python"), metadata.find("yanked"));
  return out;
}

// A version guessed from a file name has '_' where the release may have '-'.
std::string version_among(const std::map<std::string, Extent>& versions, std::string version) {
  if (versions.contains(version)) return version;
  std::string other = version;
  std::replace(other.begin(), other.end(), '_', '-');
  return versions.contains(other) ? other : version;
}

}  // namespace

Result<std::unique_ptr<DevpiDump>> DevpiDump::open(DevpiDumpOptions options, const Clock& clock) {
  const fs::path path = options.directory / "dataindex.json";
  auto file = JsonFile::open(path);
  if (!file) {
    return fail(Code::not_found, options.directory.string() + " is no dump of devpi-export: it has no readable file dataindex.json.",
                file.error().describe());
  }
  std::unique_ptr<DevpiDump> out(new DevpiDump(std::move(options), clock, std::move(*file)));  // private constructor
  auto top = out->read_top();
  if (!top && top.error().code == Code::invalid && top.error().message.find('\n') == std::string::npos) {
    return fail(Code::invalid, path.string() + " cannot be taken: " + top.error().message, top.error().context);
  }
  if (!top) return fail(std::move(top).error());
  return out;
}

Result<void> DevpiDump::read_top() {
  std::map<std::string, Extent> top;
  BODEGA_TRY_VOID(file_.members(file_.whole(), [&top](std::string key, const Extent& value) -> Result<void> {
    top[std::move(key)] = value;
    return {};
  }));
  const auto text = [&](const char* key) -> Result<std::string> {
    if (!top.contains(key)) return std::string();
    BODEGA_TRY(const Json value, file_.read(top[key]));
    return std::string(value.string() ? *value.string() : "");
  };
  BODEGA_TRY(const std::string version, text("dumpversion"));
  if (version != "1" && version != "2")
    return fail(Code::invalid, "its dumpversion is \"" + version + "\", and only 1 and 2 are understood");
  versions_by_name_ = version == "1";
  BODEGA_TRY(accounts_.uuid, text("uuid"));
  BODEGA_TRY(std::string secret, text("secret"));
  if (options_.secret_file) {
    BODEGA_TRY(secret, secret_of(*options_.secret_file));
  }
  accounts_.login_secret = Secret(std::move(secret));
  return read_accounts(top["users"], top["indexes"]);
}

Result<void> DevpiDump::read_accounts(const Extent& users, const Extent& indexes) {
  std::vector<std::pair<std::string, Extent>> found_users;
  std::vector<std::pair<std::string, Extent>> found_indexes;
  const auto into = [](auto& list) {
    return [&list](std::string key, const Extent& value) -> Result<void> {
      list.emplace_back(std::move(key), value);
      return {};
    };
  };
  BODEGA_TRY_VOID(file_.members(users, into(found_users)));
  BODEGA_TRY_VOID(file_.members(indexes, into(found_indexes)));
  DevpiAccounts from;
  for (const auto& [name, extent] : found_users) {
    BODEGA_TRY(Json config, file_.read(extent));
    from.users.emplace_back(name, std::move(config));
  }
  for (const auto& [key, extent] : found_indexes) {
    Extent config;
    BODEGA_TRY_VOID(file_.members(extent, [&config](const std::string& name, const Extent& value) -> Result<void> {
      if (name == "indexconfig") config = value;
      return {};
    }));
    BODEGA_TRY(Json options, config.size() > 0 ? file_.read(config) : Result<Json>(Json::object()));
    from.indexes.emplace_back(key, std::move(options));
    indexes_[key] = extent;
  }
  const auto note = [this](Finding finding) { findings_.push_back(std::move(finding)); };
  BODEGA_TRY(auto accounts, to_accounts(from, options_.skipped_types, clock_.wall(), note));
  accounts_.users = std::move(accounts.users);
  accounts_.indexes = std::move(accounts.indexes);
  return {};
}

Result<void> DevpiDump::read(Sink& sink) {
  for (auto& finding : findings_) sink.note(std::move(finding));
  BODEGA_TRY_VOID(sink.take(accounts_));
  for (const auto& index : accounts_.indexes) {
    const auto options = Json::parse(index.options_json);
    const bool mirror = options && options->text("type") == "mirror";
    const auto extent = indexes_[index.key()];
    BODEGA_TRY_VOID(mirror ? read_mirror(index.key(), extent, sink) : read_stage(index.key(), extent, sink));
  }
  return {};
}

Result<DevpiDump::Projects> DevpiDump::find_projects(const Extent& index, Sink& sink) {
  Extent projects;
  Extent files;
  BODEGA_TRY_VOID(file_.members(index, [&](const std::string& key, const Extent& value) -> Result<void> {
    if (key == "projects") projects = value;
    if (key == "files") files = value;
    return {};
  }));
  std::vector<std::pair<std::string, Extent>> spelled;
  BODEGA_TRY_VOID(file_.members(projects, [&spelled](std::string name, const Extent& value) -> Result<void> {
    spelled.emplace_back(std::move(name), value);
    return {};
  }));
  Projects out;
  for (const auto& [name, extent] : spelled) {
    auto& project = out[pypi::normalize_name(name)];
    if (project.display.empty()) project.display = name;
    BODEGA_TRY_VOID(file_.members(extent, [&project](std::string version, const Extent& value) -> Result<void> {
      project.versions[std::move(version)] = value;
      return {};
    }));
  }
  std::vector<Extent> items;
  BODEGA_TRY_VOID(file_.items(files, [&items](const Extent& item) -> Result<void> {
    items.push_back(item);
    return {};
  }));
  for (const auto& item : items) {
    BODEGA_TRY(const Json file, file_.read(item));
    const std::string name(file.text("projectname"));
    if (name.empty()) {
      sink.note({Finding::Kind::skipped, std::string(file.text("relpath")), "the dump does not say of which project it is"});
      continue;
    }
    auto& project = out[pypi::normalize_name(name)];
    if (project.display.empty()) project.display = name;
    project.files.push_back(item);
  }
  return out;
}

std::optional<std::pair<std::string, FileRecord>> DevpiDump::file_of(const std::string& name, const Project& project, const Json& item,
                                                                     const std::string& index, Sink& sink) const {
  const std::string relpath(item.text("relpath"));
  const auto role = role_of(item.text("type"));
  if (!role || !is_safe_relpath(relpath)) {
    sink.note(
        {Finding::Kind::skipped, index + "/" + relpath, "an entry that is not understood (\"" + std::string(item.text("type")) + "\")"});
    return std::nullopt;
  }
  FileRecord file;
  file.role = *role;
  file.source = options_.directory / relpath;
  file.filename = last_part(relpath);
  std::string version(versions_by_name_ && file.role == Role::release ? "" : item.text("version"));
  if (version.empty()) version = pypi::file_version(file.filename, name).value_or("");
  if (version.empty()) {
    sink.note({Finding::Kind::skipped, index + "/" + relpath, "neither the dump nor the file's name tells its version"});
    return std::nullopt;
  }
  version = version_among(project.versions, std::move(version));
  if (file.role == Role::doczip) file.filename = name + "-" + version + ".doc.zip";
  const Json* mapping = item.find("entrymapping");
  const Json nothing;
  const Json& entry = mapping ? *mapping : nothing;
  const Json* log = item.find("log");
  file.hashes = claimed_hashes(entry);
  file.for_file = last_part(item.text("for_entrypath"));
  if (file.role == Role::toxresult) drop_hash_of_tested(file.hashes, tested_digest(relpath));
  if (log && !log->items().empty()) file.log_json = log->compact();
  file.modified = time_of(entry, log ? *log : nothing);
  file.url = pypi::absolute_file_url(Url{}, entry.text("url")).value_or("");
  return std::pair(std::move(version), std::move(file));
}

Result<DevpiDump::Files> DevpiDump::read_files(const std::string& name, const Project& project, const std::string& index, Sink& sink) {
  Files out;
  for (const auto& extent : project.files) {
    BODEGA_TRY(const Json item, file_.read(extent));
    if (auto file = file_of(name, project, item, index, sink)) out[file->first].push_back(std::move(file->second));
  }
  return out;
}

Result<void> DevpiDump::read_stage(const std::string& index, const Extent& extent, Sink& sink) {
  BODEGA_TRY(const Projects projects, find_projects(extent, sink));
  for (const auto& [name, project] : projects) {
    BODEGA_TRY(Files files, read_files(name, project, index, sink));
    auto versions = project.versions;
    for (const auto& [version, ignored] : files) versions.try_emplace(version);
    for (const auto& [version, where] : versions) {
      Json metadata = Json::object();
      if (where.size() > 0) {
        BODEGA_TRY(metadata, file_.read(where));
      } else {
        sink.note({Finding::Kind::warning, index + "/" + name + " " + version, "the dump has files of this release and no metadata"});
      }
      if (metadata.text("name").empty()) metadata.set("name", project.display);
      ReleaseRecord release;
      release.index = index;
      release.project = name;
      release.display = metadata.text("name");
      release.version = version;
      release.metadata = release_metadata(metadata, version);
      release.files = std::move(files[version]);
      BODEGA_TRY_VOID(sink.take(std::move(release)));
    }
  }
  return {};
}

Result<void> DevpiDump::read_mirror(const std::string& index, const Extent& extent, Sink& sink) {
  BODEGA_TRY(const Projects projects, find_projects(extent, sink));
  for (const auto& [name, project] : projects) {
    BODEGA_TRY(Files files, read_files(name, project, index, sink));
    MirrorRecord mirror;
    mirror.index = index;
    mirror.page.name = name;
    for (auto& [version, of_version] : files) {
      const auto where = project.versions.find(version);
      BODEGA_TRY(const Json metadata, where != project.versions.end() ? file_.read(where->second) : Result<Json>(Json::object()));
      for (auto& file : of_version) {
        if (file.role != Role::release || file.url.empty()) continue;
        file.role = Role::cached;
        file.modified = written_at(file.source);
        mirror.page.files.push_back(listed(file, metadata));
        mirror.files.push_back(std::move(file));
      }
    }
    if (!mirror.files.empty()) BODEGA_TRY_VOID(sink.take(std::move(mirror)));
  }
  return {};
}

}  // namespace bodega::ops
