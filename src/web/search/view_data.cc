#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "pypi/format/json_value.h"
#include "web/feed.h"
#include "web/layout.h"
#include "web/search/view.h"

namespace bodega::web {
namespace {

using http::Request;
using http::Response;
using pypi::Json;

Json pieces(const Excerpt& excerpt) {
  auto out = Json::array();
  for (const auto& piece : excerpt) {
    auto one = Json::object();
    one.set("text", piece.text);
    one.set("marked", piece.marked);
    out.push_back(std::move(one));
  }
  return out;
}

std::string plain(const Excerpt& excerpt) {
  std::string out;
  for (const auto& piece : excerpt) out += piece.text;
  return out;
}

std::string_view name_of(Origin origin) { return origin == Origin::hosted ? "hosted" : "mirrored"; }

Json hit_json(const Request& request, const TextHit& hit) {
  auto out = Json::object();
  out.set("name", hit.name);
  out.set("project", hit.project);
  out.set("index", hit.index);
  out.set("origin", name_of(hit.origin));
  out.set("version", hit.version.empty() ? Json() : Json(hit.version));
  out.set("released", hit.released.empty() ? Json() : Json(hit.released));
  out.set("summary", plain(hit.summary));
  out.set("href", hit_address(request, hit));
  auto matches = Json::array();
  for (const auto& sub : hit.sub_hits) {
    auto one = Json::object();
    one.set("type", sub.type);
    if (sub.type == "page") {
      one.set("title", sub.title);
      one.set("href", version_address(request, hit.index, hit.project, hit.docs_version) + "/+doc/" + percent_encode(sub.path, "/"));
    }
    one.set("excerpt", pieces(sub.excerpt));
    matches.push_back(std::move(one));
  }
  out.set("matches", std::move(matches));
  out.set("more", hit.sub_total - std::min<std::uint64_t>(hit.sub_total, hit.sub_hits.size()));
  return out;
}

void write_row(Html& html, std::string_view term, std::string_view text) {
  html.open("dt").element("code", term).close("dt").element("dd", text);
}

}  // namespace

Response search_json(const Request& request, const SearchView& view) {
  const auto& results = view.results;
  auto out = Json::object();
  out.set("query", view.form.query);
  out.set("total", results.total);
  out.set("page", std::uint64_t{results.page});
  out.set("pages", std::uint64_t{results.pages});
  out.set("complete", view.whole && view.unlisted.empty());
  out.set("did_you_mean", results.did_you_mean.empty() ? Json() : Json(results.did_you_mean));
  auto hits = Json::array();
  for (const auto& hit : results.hits) hits.push_back(hit_json(request, hit));
  out.set("hits", std::move(hits));
  Response response;
  response.route = "web.search";
  response.headers.add("Content-Type", "application/json");
  response.body = out.compact() + "\n";
  return response;
}

Response search_feed(const Request& request, const std::string& base, const SearchForm& form, const std::vector<TextHit>& hits) {
  const auto absolute = [&](const std::string& path) { return base + path.substr(request.mount.size()); };
  std::vector<FeedEntry> entries;
  for (const auto& hit : hits) {
    const auto released = parse_rfc3339(hit.released);
    if (!released) continue;
    const auto url = absolute(hit_address(request, hit));
    entries.push_back({url, hit.name + " " + hit.version, url, *released, plain(hit.summary), hit.index});
  }
  const std::string self = absolute(address(request, "/+search?" + form_query(form, form.query, 1)));
  const std::string title = form.query.empty() ? std::string("Search") : "Search for " + form.query;
  auto response = atom_feed({title, self, self + "&format=atom"}, entries, pypi::Audience::some);
  response.route = "web.feed";
  return response;
}

Response opensearch_document(const std::string& address_of_server) {
  const std::string base = html_escape(address_of_server);
  Response response;
  response.route = "web.opensearch";
  response.headers.add("Content-Type", "application/opensearchdescription+xml");
  response.headers.add("Cache-Control", "max-age=86400");
  response.body =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n"
      "<ShortName>Bodega</ShortName>\n<Description>Python packages on " +
      base +
      "</Description>\n<InputEncoding>UTF-8</InputEncoding>\n"
      "<Url type=\"text/html\" template=\"" +
      base +
      "/+search?query={searchTerms}\"/>\n"
      "<Url type=\"application/x-suggestions+json\" template=\"" +
      base +
      "/+search?format=opensearch&amp;prefix={searchTerms}\"/>\n"
      "<Url type=\"application/opensearchdescription+xml\" rel=\"self\" template=\"" +
      base +
      "/+opensearch.xml\"/>\n"
      "</OpenSearchDescription>\n";
  return response;
}

Response search_help_page(const PageRequest& asked, Indexed what) {
  Html html;
  html.element("h1", "Searching");
  html.element(
      "p",
      "Words are looked for in the names, summaries, keywords, descriptions, authors and documentation of the projects you may see; "
      "all words must be there. Projects of this server come before those of mirrors, and a name that is exactly what you wrote before "
      "all.",
      {{"class", "lead"}});
  if (what == Indexed::hosted) html.element("p", "On this server mirrors are not searched.", {{"class", "infonote"}});
  html.open("dl", {{"class", "facts searchhelp"}});
  write_row(html, "'two words'", "Words that stand next to each other, in single quotes.");
  write_row(html, "serv*", "Words that begin so.");
  write_row(html, "http AND (client OR server)",
            "Operators are written in capital letters; parentheses group. OR and AND join what stands beside them.");
  write_row(html, "devpi ANDNOT client", "The first, but not the second. NOT alone rules out what follows.");
  write_row(html, "http ANDMAYBE async", "The first; with the second it comes earlier.");
  write_row(html, "http^3 client", "The word counts for three.");
  html.close("dl").element("h2", "Fields");
  html.open("p").text("Before a word, a phrase or a group: ").element("code", "name:devpi*").text(".").close("p");
  html.open("dl", {{"class", "facts searchhelp"}});
  write_row(html, "name:", "The project's name, in any spelling.");
  write_row(html, "index:", "The index: its name, or user/name.");
  write_row(html, "user:", "Whose index it is.");
  write_row(html, "path:", "/user/index/name, as in path:/root/pypi/six or path:/root/*.");
  write_row(html, "keywords:", "A keyword.");
  write_row(html, "classifiers:", "A classifier, or words of one: classifiers:'Framework :: Django'.");
  write_row(html, "summary:", "Words of the summary.");
  write_row(html, "author:", "Words of the author's name or address.");
  write_row(html, "license:", "The licence: license:MIT.");
  write_row(html, "python:", "A version of Python that it runs on: python:3.11.");
  write_row(html, "type:",
            "Where the other words are looked for: project, summary, keywords, description, author, author_email, title or page "
            "(of the documentation).");
  html.close("dl");
  PageFrame frame{asked, "Search help", {{"Home", address(asked.request, "/")}}};
  frame.crumbs.push_back({"Search", address(asked.request, "/+search")});
  frame.crumbs.push_back({"Help", address(asked.request, "/+searchhelp")});
  auto response = page(frame, std::move(html).markup());
  response.route = "web.searchhelp";
  return response;
}

}  // namespace bodega::web
