#include "web/search/project_text.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "pypi/api/docs.h"
#include "pypi/format/archive_reader.h"
#include "pypi/format/filename.h"
#include "pypi/format/json_value.h"
#include "pypi/format/specifier.h"
#include "pypi/format/version.h"
#include "web/search/html_text.h"
#include "web/search/plain_words.h"

namespace bodega::web {
namespace {

// Documentation of the largest projects has some thousand pages of some ten kilobytes of text.
constexpr std::size_t kMaxPages = 2000;
constexpr std::size_t kMaxHtml = 2 << 20;
constexpr std::size_t kMaxPageText = 64 << 10;
constexpr std::size_t kMaxDocsText = 4 << 20;

// devpi writes "UNKNOWN" where nothing is known.
std::string known(std::string_view text) { return text == "UNKNOWN" ? std::string() : std::string(text); }

std::vector<std::string> strings(const pypi::Json* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  for (const auto& item : list->items()) {
    if (const auto* text = item.string()) out.push_back(*text);
  }
  return out;
}

std::string text_or_list(const pypi::Json& metadata, std::string_view key) {
  const auto* value = metadata.find(key);
  if (value == nullptr) return {};
  if (const auto* text = value->string()) return known(*text);
  return join(strings(value), ", ");
}

// The expression wins over the old free text, which may be a whole licence.
std::string license_of(std::string_view expression, std::string_view text) {
  if (!expression.empty()) return std::string(expression);
  constexpr std::size_t kShort = 100;
  return text.size() <= kShort ? known(text) : std::string();
}

}  // namespace

HostedFacts choose_facts(catalog::ProjectRow project, std::vector<catalog::ReleaseRow> releases,
                         const std::vector<catalog::AttachmentRow>& attachments, const std::vector<catalog::FileRow>& files) {
  HostedFacts out;
  const std::string name = project.name;
  out.project = std::move(project);
  auto docs = pypi::choose_docs(name, "latest", releases, attachments);
  if (docs) out.docs = std::move(*docs);
  std::vector<std::string> versions;
  for (const auto& release : releases) versions.push_back(release.version);
  pypi::sort_versions(versions);
  const auto newest = std::find_if(releases.begin(), releases.end(), [&](const auto& one) { return one.version == versions.back(); });
  out.newest = std::move(*newest);
  for (const auto& file : files) {
    if (file.version == out.newest.version && (!out.released || file.uploaded_at < *out.released)) out.released = file.uploaded_at;
  }
  return out;
}

std::string stamp_of(const HostedFacts& facts) {
  // What is made of the same facts changes when its making does: then all are read once more.
  constexpr std::string_view kMaking = "2\n";
  auto hash = Hasher::sha256();
  hash.update(kMaking);
  hash.update(facts.project.display + "\n" + facts.newest.version + "\n" + facts.newest.metadata_json + "\n");
  if (facts.docs) hash.update(facts.docs->version + "\n" + facts.docs->digest.hex());
  return hash.finish_hex().substr(0, 32);
}

ProjectText hosted_text(const HostedFacts& facts) {
  ProjectText out;
  out.index = facts.project.index;
  out.project = facts.project.name;
  out.name = facts.project.display;
  out.version = facts.newest.version;
  out.stamp = stamp_of(facts);
  if (facts.docs) out.docs_version = facts.docs->version;
  if (facts.released) out.released = rfc3339(*facts.released);
  const auto parsed = pypi::Json::parse(facts.newest.metadata_json);
  if (!parsed) return out;
  const auto& metadata = *parsed;
  out.summary = known(metadata.text("summary"));
  out.keywords = text_or_list(metadata, "keywords");
  out.author = known(metadata.text("author"));
  out.author_email = known(metadata.text("author_email"));
  out.description = plain_words(known(metadata.text("description")), metadata.text("description_content_type"));
  out.license = license_of(metadata.text("license_expression"), metadata.text("license"));
  out.classifiers = strings(metadata.find("classifiers"));
  out.pythons = pythons_of(out.classifiers, metadata.text("requires_python"));
  return out;
}

ProjectText mirrored_text(const std::string& index, const pypi::ProjectPage& page, const pypi::Metadata* metadata) {
  ProjectText out;
  out.index = index;
  out.project = page.name;
  out.name = page.name;
  out.origin = Origin::mirrored;
  const auto versions = pypi::page_versions(page);
  if (!versions.empty()) out.version = versions.back();
  for (const auto& file : page.files) {
    const bool earlier = !file.upload_time.empty() && (out.released.empty() || file.upload_time < out.released);
    if (earlier && pypi::file_version(file.filename, page.name) == out.version) out.released = file.upload_time;
  }
  if (metadata == nullptr) return out;
  if (!metadata->name().empty()) out.name = metadata->name();
  out.summary = metadata->get("Summary");
  out.keywords = metadata->get("Keywords");
  out.author = metadata->get("Author");
  out.license = license_of(metadata->get("License-Expression"), metadata->get("License"));
  for (const auto classifier : metadata->all("Classifier")) out.classifiers.emplace_back(classifier);
  out.pythons = pythons_of(out.classifiers, metadata->requires_python());
  out.stamp = "metadata";
  return out;
}

std::vector<Digest> metadata_digests(const pypi::ProjectPage& page, std::size_t limit) {
  std::vector<std::pair<std::optional<pypi::Version>, Digest>> found;
  for (const auto& file : page.files) {
    if (!file.core_metadata.offered) continue;
    const auto version = pypi::file_version(file.filename, page.name);
    if (!version) continue;
    for (const auto& hash : file.core_metadata.hashes) {
      const auto digest = hash.algorithm == "sha256" ? Digest::from_hex(hash.hex) : std::nullopt;
      if (digest) found.emplace_back(pypi::Version::parse(*version), *digest);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    if (!a.first || !b.first) return a.first.has_value() && !b.first;
    return *a.first > *b.first;
  });
  std::vector<Digest> out;
  for (const auto& [version, digest] : found) {
    if (out.size() == limit) break;
    if (std::find(out.begin(), out.end(), digest) == out.end()) out.push_back(digest);
  }
  return out;
}

std::vector<std::string> pythons_of(const std::vector<std::string>& classifiers, std::string_view requires_python) {
  std::vector<std::string> out;
  constexpr std::string_view kPython = "Programming Language :: Python :: ";
  for (const auto& classifier : classifiers) {
    if (!classifier.starts_with(kPython)) continue;
    const auto version = std::string_view(classifier).substr(kPython.size());
    if (version.find_first_not_of("0123456789.") == std::string_view::npos) out.emplace_back(version);
  }
  if (requires_python.empty()) return out;
  const auto allowed = pypi::SpecifierSet::parse(requires_python);
  if (!allowed) return out;
  const auto take = [&](const std::string& minor) {
    // The last patch release that anybody will see: ">=3.8.1" means 3.8 too.
    if (allowed->contains(*pypi::Version::parse(minor + ".99")) && std::find(out.begin(), out.end(), minor) == out.end())
      out.push_back(minor);
  };
  take("2.7");
  for (int minor = 3; minor <= 16; ++minor) take("3." + std::to_string(minor));
  return out;
}

std::vector<DocPage> read_documentation(const std::string& archive) {
  std::vector<DocPage> out;
  const auto zip = pypi::ZipReader::open(archive, pypi::ZipRules::documentation);
  if (!zip) return out;
  std::size_t bytes = 0;
  for (const auto& member : (*zip)->members()) {
    if (out.size() == kMaxPages || bytes > kMaxDocsText) break;
    const std::string folded = to_lower(member);
    if (!folded.ends_with(".html") && !folded.ends_with(".htm")) continue;
    const auto html = (*zip)->read(member, kMaxHtml);
    if (!html || !*html) continue;
    auto page = read_html_text(**html, kMaxPageText);
    bytes += page.text.size();
    if (!page.text.empty() || !page.title.empty()) out.push_back({member, std::move(page.title), std::move(page.text)});
  }
  return out;
}

}  // namespace bodega::web
