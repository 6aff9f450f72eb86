#include "web/search/view.h"

#include <algorithm>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/api_answer.h"
#include "pypi/format/json_value.h"

namespace bodega::web {

using http::Request;
using http::Response;

namespace {

Query filter(SearchField field, const std::string& text) {
  // Filters come from lists, and hold blanks.
  return {Query::Op::term, {field, Term::Kind::word, text}, {}};
}

Response off(const PageRequest& asked) { return pypi::api_abort(asked.request, 404, "Searching is switched off on this server."); }

Response xml(std::string body) {
  Response response;
  response.route = "xmlrpc";
  response.headers.add("Content-Type", "text/xml; charset=UTF-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

// Who reads it is not known to caches.
void keep_private(Response& response) {
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("Vary", "Accept, Accept-Encoding, Authorization, Cookie, User-Agent, X-Devpi-Auth");
}

// Of a name, the first of these indexes counts.
std::vector<XmlRpcHit> first_of_each(const std::vector<TextHit>& found, const std::vector<std::string>& places) {
  const auto place_of = [&places](const TextHit& hit) { return std::find(places.begin(), places.end(), hit.index) - places.begin(); };
  std::vector<XmlRpcHit> out;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& hit = found[i];
    const bool hidden = std::any_of(found.begin(), found.end(),
                                    [&](const TextHit& other) { return other.project == hit.project && place_of(other) < place_of(hit); });
    if (hidden) continue;
    std::string summary = "[" + hit.index + "] ";
    for (const auto& piece : hit.summary) summary += piece.text;
    out.push_back({hit.name, std::move(summary), hit.version, static_cast<double>(found.size() - i)});
  }
  return out;
}

}  // namespace

SearchForm search_form_of(const Request& request) {
  constexpr std::size_t kMaxFilter = 200;
  const auto value = [&request](std::string_view key) { return std::string(trim(query_value(request, key)).substr(0, kMaxFilter)); };
  SearchForm form;
  form.query = query_value(request, "query").substr(0, kMaxQueryBytes);
  form.query = std::string(trim(form.query));
  form.index = value("index");
  form.license = value("license");
  form.python = value("python");
  form.type = value("type");
  form.page = page_number(request);
  return form;
}

Query whole_query(const SearchForm& form) {
  std::vector<Query> parts;
  if (auto asked = parse_query(form.query); !asked.empty()) parts.push_back(std::move(asked));
  const auto add = [&parts](SearchField field, const std::string& text) {
    if (!text.empty()) parts.push_back(filter(field, text));
  };
  add(SearchField::index, form.index);
  add(SearchField::license, form.license);
  add(SearchField::python, form.python);
  add(SearchField::type, form.type);
  if (parts.empty()) return {};
  if (parts.size() == 1) return std::move(parts.front());
  return {Query::Op::all_of, {}, std::move(parts)};
}

std::vector<std::string> Searches::readable(const access::Principal& who) const {
  std::vector<std::string> out;
  for (const auto& user : use_.registry.users()) {
    for (const auto& name : user->indexes) {
      const std::string key = user->row.name + "/" + name;
      const auto index = use_.registry.find_index(key);
      if (!index || (index->is_mirror() && use_.indexer.what() != Indexed::all)) continue;
      if (use_.readers.may_read(who, index)) out.push_back(key);
    }
  }
  return out;
}

SearchQuestion Searches::question(std::string text, Query query, std::vector<std::string> readable) const {
  SearchQuestion out{std::move(text), std::move(query), std::move(readable), use_.indexer.texts(), {}};
  for (const auto& key : out.readable) {
    if (const auto* names = use_.indexer.names_of(key)) out.mirrors.push_back(*names);
  }
  return out;
}

void Searches::note_damage(const Error& error) {
  use_.log.warning("search.failed", {{"why", error.describe()}});
  if (error.code == Code::corrupt) use_.indexer.texts_damaged();
}

Task<Response> Searches::search(PageRequest& asked) {
  if (use_.indexer.what() == Indexed::nothing) co_return off(asked);
  auto prefix = query_value(asked.request, "prefix");
  if (!prefix.empty()) co_return co_await suggest(asked, std::move(prefix));
  SearchView view;
  view.form = search_form_of(asked.request);
  view.indexes = readable(asked.who);
  view.whole = use_.indexer.whole();
  use_.indexer.wanted(view.indexes);
  auto ask = question(view.form.query, whole_query(view.form), view.indexes);
  if (query_value(asked.request, "format") == "atom") co_return co_await feed(asked, std::move(view.form), std::move(ask));
  for (const auto& key : view.indexes) {
    const auto index = use_.registry.find_index(key);
    if (index && index->is_mirror() && use_.indexer.names_of(key) == nullptr) view.unlisted.push_back(key);
  }
  auto results = co_await run(std::move(ask), view.form.page);
  if (!results) co_return http::error_response(results.error(), asked.request);
  view.results = std::move(*results);
  co_await drop_deleted(view.results.hits);
  if (pypi::prefers_html(asked.request)) co_return search_page(asked, view);
  auto response = search_json(asked.request, view);
  keep_private(response);
  co_return response;
}

Task<Result<SearchResults>> Searches::run(SearchQuestion ask, std::size_t page) {
  auto turn = co_await gate_.enter();
  if (!turn) co_return fail(std::move(turn).error());
  auto work = [&ask, page] { return run_search(ask, page); };
  auto results = co_await offload(use_.pool, work);
  if (results || !ask.texts) co_return results;
  // Names are answered from memory all the same.
  note_damage(results.error());
  ask.texts = nullptr;
  auto again = [&ask, page] { return run_search(ask, page); };
  co_return co_await offload(use_.pool, again);
}

Task<Response> Searches::feed(PageRequest& asked, SearchForm form, SearchQuestion ask) {
  // What a feed reader that looks once a day may have missed.
  constexpr std::size_t kEntries = 40;
  auto turn = co_await gate_.enter();
  if (!turn) co_return http::error_response(turn.error(), asked.request);
  auto work = [&ask] { return run_newest(ask, kEntries); };
  auto hits = co_await offload(use_.pool, work);
  if (!hits) {
    note_damage(hits.error());
    co_return http::error_response(hits.error(), asked.request);
  }
  co_await drop_deleted(*hits);
  co_return search_feed(asked.request, pypi::base_url_of(asked.request, use_.public_url), form, *hits);
}

Response Searches::opensearch(const PageRequest& asked) const {
  return opensearch_document(pypi::base_url_of(asked.request, use_.public_url));
}

Task<void> Searches::drop_deleted(std::vector<TextHit>& hits) {
  const auto is_hosted = [](const TextHit& hit) { return hit.origin == Origin::hosted; };
  if (std::none_of(hits.begin(), hits.end(), is_hosted)) co_return;
  auto gone = [&hits](catalog::Reader& reader) -> Result<void> {
    std::erase_if(hits, [&reader](const TextHit& hit) {
      if (hit.origin != Origin::hosted) return false;
      const auto project = reader.project(hit.index, hit.project);
      return !project && project.error().code == Code::not_found;
    });
    return {};
  };
  auto looked = co_await use_.catalog.read(gone);
  if (!looked) use_.log.warning("search.failed", {{"why", looked.error().describe()}});
}

Task<Response> Searches::suggest(PageRequest& asked, std::string prefix) {
  constexpr std::size_t kSuggestions = 8;
  auto indexes = readable(asked.who);
  use_.indexer.wanted(indexes);
  auto ask = question(std::string(), Query(), std::move(indexes));
  auto work = [&ask, &prefix] { return run_suggest(ask, prefix, kSuggestions); };
  auto found = co_await offload(use_.pool, work);
  if (!found) {
    note_damage(found.error());
    found = std::vector<Suggestion>();
  }
  Response response;
  response.route = "web.suggest";
  keep_private(response);
  if (query_value(asked.request, "format") == "opensearch") {
    auto names = pypi::Json::array();
    for (const auto& one : *found) names.push_back(one.name);
    auto out = pypi::Json::array();
    out.push_back(prefix);
    out.push_back(std::move(names));
    response.headers.add("Content-Type", "application/x-suggestions+json");
    response.body = out.compact();
    co_return response;
  }
  auto list = pypi::Json::array();
  for (const auto& one : *found) {
    auto item = pypi::Json::object();
    item.set("name", one.name);
    item.set("index", one.index);
    item.set("href", project_address(asked.request, one.index, one.name));
    list.push_back(std::move(item));
  }
  auto out = pypi::Json::object();
  out.set("suggestions", std::move(list));
  response.headers.add("Content-Type", "application/json");
  response.body = out.compact();
  co_return response;
}

bool Searches::is_xmlrpc(const Request& request) {
  const auto type = request.headers.get("Content-Type");
  return iequals(trim(type.substr(0, type.find(';'))), "text/xml");
}

Result<Query> xmlrpc_query(const XmlRpcCall& call) {
  if (call.method != "search") return fail(Code::invalid, "ValueError(\"Unknown method '" + call.method + "'.\")");
  if (call.params.empty() || call.params[0].kind != XmlRpcValue::Kind::object)
    return fail(Code::invalid, "ValueError('search takes a struct of fields and an operator.')");
  std::string op = call.params.size() > 1 ? to_lower(call.params[1].text) : "and";
  if (op != "and" && op != "or" && op != "andnot" && op != "andmaybe" && op != "not")
    return fail(Code::invalid, "ValueError(\"Unknown operator '" + op + "'.\")");
  std::vector<Query> parts;
  for (const auto& [key, value] : call.params[0].items) {
    if (key != "name" && key != "summary") return fail(Code::invalid, "ValueError(\"Only 'name' and 'summary' allowed in query.\")");
    if (value.kind == XmlRpcValue::Kind::list && value.items.size() > 1)
      return fail(Code::invalid, "ValueError('Only one value allowed for query.')");
    if (value.kind == XmlRpcValue::Kind::list && value.items.empty()) continue;
    const auto& text = value.kind == XmlRpcValue::Kind::list ? value.items[0].second.text : value.text;
    std::vector<Query> words{filter(SearchField::type, key == "name" ? "project" : "summary")};
    for (const auto word : split(std::string_view(text).substr(0, kMaxQueryBytes), ' ')) {
      if (!trim(word).empty() && words.size() < kMaxTerms)
        words.push_back({Query::Op::term, {SearchField::text, Term::Kind::word, std::string(trim(word))}, {}});
    }
    if (words.size() > 1) parts.push_back({Query::Op::all_of, {}, std::move(words)});
  }
  if (parts.empty()) return Query();
  if (parts.size() == 1) return std::move(parts.front());
  Query out{op == "or"         ? Query::Op::any_of
            : op == "and"      ? Query::Op::all_of
            : op == "andmaybe" ? Query::Op::maybe
                               : Query::Op::without,
            {},
            {}};
  out.children = std::move(parts);
  return out;
}

Task<Response> Searches::xmlrpc(Request& request, pypi::Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  if (admission.refusal) co_return std::move(*admission.refusal);
  auto answer = co_await call(request, admission.index);
  co_return xml(answer ? std::move(*answer) : xmlrpc_fault(answer.error().message));
}

Task<Result<std::string>> Searches::call(Request& request, pypi::IndexRef index) {
  if (use_.indexer.what() == Indexed::nothing) co_return fail(Code::not_found, "searching is switched off on this server");
  std::string body;
  while (request.body != nullptr) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    body += *piece;
    if (body.size() > kMaxXmlRpcBytes) co_return fail(Code::too_large, "the call is too long");
  }
  BODEGA_CO_TRY(const auto parsed, parse_xmlrpc(body));
  BODEGA_CO_TRY(auto query, xmlrpc_query(parsed));
  // The index and what it inherits from, in search order.
  const auto order = pypi::search_order(index, [this](const std::string& key) { return use_.registry.find_index(key); });
  std::vector<std::string> indexes;
  for (const auto& stage : order.stages) indexes.push_back(stage->key());
  if (use_.indexer.what() == Indexed::all) {
    for (const auto& mirror : order.mirrors) indexes.push_back(mirror->key());
  }
  use_.indexer.wanted(indexes);
  const auto places = indexes;
  auto ask = question(std::string(), std::move(query), std::move(indexes));
  auto turn = co_await gate_.enter();
  if (!turn) co_return fail(std::move(turn).error());
  // pip shows them all on a terminal; more are no answer.
  constexpr std::size_t kMaxHits = 200;
  auto work = [&ask] {
    std::uint64_t total = 0;
    return ask.query.empty() ? Result<std::vector<TextHit>>() : run_plain(ask, 0, kMaxHits, total);
  };
  auto found = co_await offload(use_.pool, work);
  if (!found) {
    note_damage(found.error());
    co_return fail(std::move(found).error());
  }
  co_await drop_deleted(*found);
  co_return xmlrpc_hits(first_of_each(*found, places));
}

}  // namespace bodega::web
