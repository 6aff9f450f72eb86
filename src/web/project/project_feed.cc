// Feeds of new releases, for feed readers such as Miniflux.
#include <algorithm>

#include "access/principal.h"
#include "base/text.h"
#include "pypi/api/api.h"
#include "pypi/api/api_answer.h"
#include "pypi/index/readers.h"
#include "web/feed.h"
#include "web/project/project_pages.h"
#include "web/words.h"

namespace bodega::web {

using http::Response;

namespace {

// What a feed reader that looks once a day may have missed.
constexpr std::size_t kEntries = 40;
constexpr std::size_t kFiles = 400;  // of which these are made

std::string words_of(const VersionLine& line) {
  std::string out = count_of(line.files, "file") + ", from " + line.index;
  if (!line.requires_python.empty()) out += ", for Python " + line.requires_python;
  if (line.all_yanked()) out += "; yanked";
  return out;
}

// A release of thirty wheels is one piece of news.
std::vector<FeedEntry> entries_of(const std::vector<catalog::FileRow>& files, const std::string& url) {
  struct News {
    const catalog::FileRow* newest;
    std::size_t files;
  };
  std::vector<News> news;
  for (const auto& file : files) {
    const auto same = [&file](const News& one) { return one.newest->project == file.project && one.newest->version == file.version; };
    const auto known = std::find_if(news.begin(), news.end(), same);
    if (known != news.end()) {
      ++known->files;
    } else if (news.size() < kEntries) {
      news.push_back({&file, 1});
    }
  }
  std::vector<FeedEntry> out;
  for (const auto& [file, count] : news) {
    const std::string place = url + "/" + percent_encode(file->project) + "/" + percent_encode(file->version, "+!");
    out.push_back({place, file->project + " " + file->version, place, file->uploaded_at, count_of(count, "file"), file->uploaded_by});
  }
  return out;
}

}  // namespace

Task<Response> ProjectPages::index_feed(PageRequest& asked) {
  const auto index = readable(asked);
  if (!index) co_return pypi::api_failure(asked.request, index.error());
  const std::string key = (*index)->key();
  auto question = [&key](catalog::Reader& reader) { return reader.latest_files(key, kFiles); };
  auto files = co_await use_.catalog.read(question);
  if (!files) co_return pypi::api_failure(asked.request, files.error());
  const std::string url = pypi::base_url_of(asked.request, use_.public_url) + "/" + percent_encode(key, "/@");
  const access::Principal anybody;
  const auto audience = use_.readers.may_read(anybody, *index) ? pypi::Audience::everybody : pypi::Audience::some;
  co_return atom_feed({"Releases in " + key, url, url + "/+feed"}, entries_of(*files, url), audience);
}

Task<Response> ProjectPages::feed(PageRequest& asked) {
  if (auto elsewhere = to_normal_address(asked)) co_return std::move(*elsewhere);
  auto pass = co_await shaping_.enter();
  if (!pass) co_return pypi::api_failure(asked.request, pass.error());
  auto found = co_await find(asked);
  if (!found) co_return pypi::api_failure(asked.request, found.error());
  const std::string key = found->index->key();
  const std::string url =
      pypi::base_url_of(asked.request, use_.public_url) + "/" + percent_encode(key, "/@") + "/" + percent_encode(found->project);
  std::vector<const VersionLine*> lines;
  for (const auto& line : found->overview.versions) {
    if (line.since) lines.push_back(&line);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const VersionLine* a, const VersionLine* b) { return *a->since > *b->since; });
  std::vector<FeedEntry> entries;
  for (const auto* line : lines) {
    if (entries.size() == kEntries) break;
    const std::string place = url + "/" + percent_encode(line->version, "+!");
    entries.push_back({place, found->project + " " + line->version, place, *line->since, words_of(*line), {}});
  }
  const access::Principal anybody;
  const auto audience = use_.readers.may_read(anybody, found->index) ? pypi::Audience::everybody : pypi::Audience::some;
  co_return atom_feed({"Releases of " + found->project + " on " + key, url, url + "/+feed"}, entries, audience);
}

}  // namespace bodega::web
