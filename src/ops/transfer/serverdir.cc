#include "ops/transfer/serverdir.h"

#include <algorithm>
#include <iterator>
#include <system_error>

#include "base/file.h"
#include "base/text.h"
#include "ops/transfer/running_devpi.h"
#include "pypi/format/file_url.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;
using pypi::Json;

constexpr std::string_view kFiles = "+files/";

Result<void> check_layout(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::exists(directory / ".nodeinfo", ignored)) {
    return fail(Code::not_found, directory.string() +
                                     " is no server directory of devpi: it has no file .nodeinfo. Name the directory that "
                                     "devpi-server has as --serverdir (mostly ~/.devpi/server).");
  }
  constexpr std::string_view instead = " Run devpi-export DUMP there and import the dump: bodega import devpi-export DUMP.";
  if (!fs::exists(directory / ".sqlite", ignored)) {
    return fail(Code::invalid, directory.string() + " has no file .sqlite: this devpi keeps its data elsewhere." + std::string(instead));
  }
  const auto version = read_small_file(directory / ".serverversion");
  if (version && trim(*version) != "4") {
    return fail(Code::invalid, directory.string() + " has data of format " + std::string(trim(*version)) +
                                   ", and only 4 (devpi-server 4 to 6) "
                                   "can be read." +
                                   std::string(instead));
  }
  return {};
}

// "x-<hex>-tmp" -> "x"; empty when it is no such name.
std::string without_tmp(std::string_view name) {
  constexpr std::string_view kSuffix = "-tmp";
  if (!name.ends_with(kSuffix)) return {};
  name.remove_suffix(kSuffix.size());
  const auto dash = name.rfind('-');
  constexpr std::size_t kShortest = 8;  // on Windows
  if (dash != std::string_view::npos && name.size() - dash > kShortest && is_lower_hex(name.substr(dash + 1))) name = name.substr(0, dash);
  return std::string(name);
}

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// "u/i/+f/abc/def0123456789/name" -> "abcdef0123456789"
std::string digits_of(std::string_view relpath) {
  const auto parts = split(relpath, '/');
  if (parts.size() < 4) return {};
  return std::string(parts[parts.size() - 3]) + std::string(parts[parts.size() - 2]);
}

}  // namespace

ServerDir::ServerDir(ServerDirOptions options, const Clock& clock, std::unique_ptr<KeyFs> keys)
    : options_(std::move(options)), clock_(clock), keys_(std::move(keys)) {}

Result<std::unique_ptr<ServerDir>> ServerDir::open(ServerDirOptions options, const Clock& clock) {
  BODEGA_TRY_VOID(check_layout(options.directory));
  if (const auto pid = running_devpi(options.directory)) {
    return fail(Code::conflict,
                "devpi-server works on " + options.directory.string() + " (process " + *pid + "). Stop it first, then try again.");
  }
  BODEGA_TRY(auto keys, KeyFs::open(options.directory / ".sqlite"));
  std::unique_ptr<ServerDir> out(new ServerDir(std::move(options), clock, std::move(keys)));  // private constructor
  BODEGA_TRY_VOID(out->read_node());
  BODEGA_TRY_VOID(out->read_renames());
  BODEGA_TRY_VOID(out->read_accounts());
  return out;
}

Result<void> ServerDir::read_node() {
  const auto text = read_small_file(options_.directory / ".nodeinfo");
  const auto node = text ? Json::parse(*text) : Result<Json>(Json());
  if (node) accounts_.uuid = node->text("uuid");
  const fs::path usual = options_.directory / ".secret";
  std::error_code ignored;
  if (!options_.secret_file && !fs::exists(usual, ignored)) return {};
  BODEGA_TRY(std::string secret, secret_of(options_.secret_file.value_or(usual)));
  accounts_.login_secret = Secret(std::move(secret));
  return {};
}

Result<void> ServerDir::read_renames() {
  auto renames = keys_->renames();
  if (!renames) return fail(std::move(renames).error());
  for (const auto& name : *renames) {
    const std::string target = without_tmp(name);
    if (target.starts_with(kFiles) && is_safe_relpath(name)) unfinished_[target.substr(kFiles.size())] = name;
  }
  return {};
}

fs::path ServerDir::bytes_of(const std::string& relpath) const {
  const fs::path path = options_.directory / "+files" / relpath;
  const auto unfinished = unfinished_.find(relpath);
  if (unfinished == unfinished_.end()) return path;
  // devpi died, or is, between the commit of the transaction and the renames of its files.
  std::error_code ignored;
  const fs::path temp = options_.directory / unfinished->second;
  return fs::exists(temp, ignored) ? temp : path;
}

std::optional<Json> ServerDir::value(const std::string& key, Sink& sink) {
  auto got = keys_->get(key);
  if (got) return std::move(*got);
  sink.note({Finding::Kind::damaged, key, got.error().describe()});
  return std::nullopt;
}

std::vector<std::string> ServerDir::names(const std::string& key, Sink& sink) {
  std::vector<std::string> out;
  const auto set = value(key, sink);
  if (!set) return out;
  for (const Json& item : set->items()) {
    if (item.string()) out.push_back(*item.string());
  }
  return out;
}

Result<void> ServerDir::read_accounts() {
  DevpiAccounts from;
  // What is damaged here is the end: nothing can be found without it.
  BODEGA_TRY(const auto stored, keys_->get(".config"));
  const Json list = stored.value_or(Json());
  std::vector<std::string> users;
  for (const Json& name : list.items()) {
    if (name.string()) users.push_back(*name.string());
  }
  std::sort(users.begin(), users.end());
  for (const auto& name : users) {
    BODEGA_TRY(const auto config, keys_->get(name + "/.config"));
    if (!config) continue;
    if (const Json* indexes = config->find("indexes")) {
      for (const auto& [index, options] : indexes->members()) from.indexes.emplace_back(name + "/" + index, options);
    }
    from.users.emplace_back(name, *config);
  }
  const auto note = [this](Finding finding) { findings_.push_back(std::move(finding)); };
  BODEGA_TRY(auto accounts, to_accounts(from, options_.skipped_types, clock_.wall(), note));
  accounts_.users = std::move(accounts.users);
  accounts_.indexes = std::move(accounts.indexes);
  return {};
}

Result<void> ServerDir::read(Sink& sink) {
  for (auto& finding : findings_) sink.note(std::move(finding));
  BODEGA_TRY_VOID(sink.take(accounts_));
  for (const auto& index : accounts_.indexes) {
    const auto options = Json::parse(index.options_json);
    const bool mirror = options && options->text("type") == "mirror";
    BODEGA_TRY_VOID(mirror ? read_mirror(index.key(), sink) : read_stage(index.key(), sink));
  }
  return {};
}

Result<void> ServerDir::read_stage(const std::string& index, Sink& sink) {
  auto projects = names(index + "/.projects", sink);
  std::sort(projects.begin(), projects.end());
  for (const auto& project : projects) {
    auto versions = names(index + "/" + project + "/.versions", sink);
    pypi::sort_versions(versions);
    if (versions.empty()) sink.note({Finding::Kind::warning, index + "/" + project, "a project without any release; nothing to keep"});
    for (const auto& version : versions) BODEGA_TRY_VOID(read_release(index, project, version, sink));
  }
  return {};
}

Result<void> ServerDir::read_release(const std::string& index, const std::string& project, const std::string& version, Sink& sink) {
  const std::string key = index + "/" + project + "/" + version + "/.config";
  const auto config = value(key, sink);
  if (!config) {
    sink.note({Finding::Kind::warning, index + "/" + project + " " + version, "a release without metadata and files; nothing to keep"});
    return {};
  }
  ReleaseRecord release;
  release.index = index;
  release.project = pypi::normalize_name(project);
  release.display = config->text("name").empty() ? project : std::string(config->text("name"));
  release.version = version;
  release.metadata = release_metadata(*config, version);
  if (const Json* links = config->find("+elinks")) {
    for (const Json& link : links->items()) {
      auto file = linked_file(link, sink);
      if (!file) continue;
      // Of documentation that was uploaded again only the newest counts, as in devpi.
      if (file->role == Role::doczip) std::erase_if(release.files, [](const auto& other) { return other.role == Role::doczip; });
      release.files.push_back(std::move(*file));
    }
  }
  return sink.take(std::move(release));
}

std::optional<FileRecord> ServerDir::linked_file(const Json& link, Sink& sink) {
  const std::string relpath(link.text("entrypath"));
  const std::string_view rel = link.text("rel");
  FileRecord file;
  file.filename = last_part(relpath);
  if (!is_safe_relpath(relpath) || (rel != "releasefile" && rel != "doczip" && rel != "toxresult")) {
    sink.note({Finding::Kind::skipped, relpath, "a link that is not understood (\"" + std::string(rel) + "\")"});
    return std::nullopt;
  }
  file.role = rel == "doczip" ? Role::doczip : rel == "toxresult" ? Role::toxresult : Role::release;
  const auto entry = value(relpath, sink);
  file.source = bytes_of(relpath);
  file.hashes = claimed_hashes(entry ? *entry : link);
  file.for_file = last_part(link.text("for_entrypath"));
  if (file.role == Role::toxresult) drop_hash_of_tested(file.hashes, digits_of(relpath));
  const Json* log = link.find("_log");
  if (log && !log->items().empty()) file.log_json = log->compact();
  file.modified = time_of(entry.value_or(Json()), log ? *log : Json());
  return file;
}

Result<void> ServerDir::read_mirror(const std::string& index, Sink& sink) {
  auto projects = names(index + "/.projects", sink);
  std::sort(projects.begin(), projects.end());
  for (const auto& project : projects) BODEGA_TRY_VOID(read_page(index, project, sink));
  return {};
}

Result<void> ServerDir::read_page(const std::string& index, const std::string& project, Sink& sink) {
  const std::string key = index + "/" + project + "/.simple";
  const auto stored = value(key, sink);
  const Json* links = stored ? stored->find("links") : nullptr;
  if (links == nullptr || links->items().empty()) return {};
  const Json* requires_python = stored->find("requires_python");
  const Json* yanked = stored->find("yanked");
  MirrorRecord mirror;
  mirror.index = index;
  mirror.page.name = pypi::normalize_name(project);
  if (const Json* serial = stored->find("serial"); serial && serial->integer() && *serial->integer() > 0) {
    mirror.page.last_serial = static_cast<std::uint64_t>(*serial->integer());
  }
  for (std::size_t i = 0; i < links->items().size(); ++i) {
    auto file = read_link(key, links->items()[i], mirror, sink);
    if (!file) continue;
    const auto at = [i](const Json* list) { return list && i < list->items().size() ? &list->items()[i] : nullptr; };
    set_page_facts(*file, at(requires_python), at(yanked));
    mirror.page.files.push_back(std::move(*file));
  }
  return sink.take(std::move(mirror));
}

std::optional<pypi::PageFile> ServerDir::read_link(const std::string& key_of_page, const Json& link, MirrorRecord& into, Sink& sink) {
  // (file name, "path below +files#sha256=digits")
  const std::string href = link.items().size() == 2 && link.items()[1].string() ? *link.items()[1].string() : std::string();
  const auto hash = href.find('#');
  const std::string relpath = href.substr(0, hash);
  const auto entry = is_safe_relpath(relpath) ? value(relpath, sink) : std::nullopt;
  const auto url = entry ? pypi::absolute_file_url(Url{}, entry->text("url")) : std::nullopt;
  if (!url) {
    sink.note({Finding::Kind::warning, key_of_page + " " + relpath,
               "a link without a place upstream; it comes back with the next look at the upstream"});
    return std::nullopt;
  }
  pypi::PageFile file;
  file.filename = last_part(relpath);
  file.url = *url;
  if (hash != std::string::npos) {
    const auto equals = href.find('=', hash);
    if (equals != std::string::npos) file.hashes.push_back({href.substr(hash + 1, equals - hash - 1), to_lower(href.substr(equals + 1))});
  }
  // devpi sets last_modified with the bytes. It stays when they are deleted to save space, which is no loss: they can be fetched again.
  std::error_code ignored;
  const auto bytes = bytes_of(relpath);
  if (!entry->text("last_modified").empty() && fs::exists(bytes, ignored)) {
    FileRecord cached;
    cached.role = Role::cached;
    cached.source = bytes;
    cached.filename = file.filename;
    cached.hashes = claimed_hashes(*entry);
    cached.modified = written_at(bytes);
    cached.url = file.url;
    into.files.push_back(std::move(cached));
  }
  return file;
}

}  // namespace bodega::ops
