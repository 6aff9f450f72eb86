#include "web/pages.h"

#include <set>

#include "access/authenticator.h"
#include "async/offload.h"
#include "http/cross_site.h"
#include "pypi/api/api_answer.h"
#include "pypi/index/compress.h"
#include "pypi/index/negotiate.h"
#include "pypi/index/negotiated.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "web/error_page.h"
#include "web/index_pages.h"
#include "web/layout.h"
#include "web/manage.h"
#include "web/project/project_pages.h"
#include "web/search/view.h"
#include "web/session.h"
#include "web/status_page.h"

namespace bodega::web {

using http::Method;
using http::Request;
using http::Response;
using pypi::Place;
using pypi::Route;

namespace {

// Below it the head of a compressed answer costs what is saved.
constexpr std::size_t kWorthCompressing = 1000;

bool reads(const Request& request) { return request.method == Method::get || request.method == Method::head; }

bool wants_facts(const Request& request) { return pypi::query_has(request.query, "facts"); }

bool has_one_address(Place place) {
  return place == Place::user || place == Place::index || place == Place::project || place == Place::version || place == Place::search ||
         place == Place::search_help;
}

// One address for each page.
Response without_slash(const PageRequest& asked) {
  const auto& request = asked.request;
  return found_at(request.mount + own_path(request) + (request.query.empty() ? "" : "?" + request.query));
}

Response none(const PageRequest& asked) { return pypi::no_such_view(asked.request); }

}  // namespace

Pages::Pages(Services use)
    : use_(std::move(use)),
      assets_(use_.version),
      site_{use_.version, assets_.folder()},
      sessions_(use_.catalog, use_.registry, use_.clock, use_.log),
      indexes_(std::make_unique<IndexPages>(use_)),
      manage_(std::make_unique<Manage>(use_, sessions_)),
      projects_(std::make_unique<ProjectPages>(use_)),
      searches_(std::make_unique<Searches>(
          Searches::Dependencies{use_.catalog, use_.registry, use_.readers, use_.indexer, use_.pool, use_.log, use_.public_url})) {}

Pages::~Pages() = default;

void Pages::recognise(Request& request, const Route& route) const {
  // Forms below /+manage/ prove by a word of their own that they come from our pages; see csrf_of(). A refresh changes nothing that is
  // ours.
  if (!http::is_safe(request.method) && route.place != Place::manage && route.place != Place::project_refresh) return;
  if (request.headers.has("Authorization") || request.headers.has("X-Devpi-Auth")) return;
  // A token for this request: what the cookie holds is worth nothing on the routes of programs, and to nobody once the session has ended.
  const auto session = sessions_.of(session_text_of(request));
  if (session) request.headers.add("Authorization", "Bearer " + use_.authenticator.new_login_token(session->user));
}

bool Pages::wants(const Request& request, const Route& route) const {
  switch (route.place) {
    case Place::static_file:
    case Place::theme_file:
    case Place::search:
    case Place::search_help:
    case Place::opensearch:
    case Place::index_feed:
    case Place::project_feed:
    case Place::docs_frame:
    case Place::toxresults:
    case Place::manage: return true;
    case Place::project:
    case Place::version: return reads(request) && is_person(request);
    case Place::project_refresh: return request.method == Method::post;
    case Place::root:
    case Place::user: return reads(request) && pypi::prefers_html(request);  // for installers there is nothing here
    case Place::index: return reads(request) && is_person(request);
    case Place::status: return reads(request) && !request.trailing_slash && (is_person(request) || wants_facts(request));
    default: return false;
  }
}

Task<Response> Pages::handle(Request& request, Route route) {
  auto question = co_await ask(request, std::move(route));
  auto response = co_await answer(question);
  co_await finish(request, response);
  co_return response;
}

Task<PageRequest> Pages::ask(Request& request, Route route) {
  PageRequest asked{request, std::move(route), site_, {}, {}, notice_of(request)};
  // Too busy to look at a password, or one that is wrong: then it is nobody who asks.
  auto login = co_await use_.authenticator.authenticate(request);
  if (login) asked.who = login->principal;
  const auto text = session_text_of(request);
  const auto session = sessions_.of(text);
  const bool by_it = session && asked.who.proof == access::Proof::login_token && asked.who.user == session->user;
  if (by_it) asked.csrf = csrf_of(use_.registry.token_secret(), text);
  co_return asked;
}

Task<Response> Pages::answer(PageRequest& asked) {
  const auto place = asked.route.place;
  const bool changes = place == Place::manage || place == Place::project_refresh;
  if (!reads(asked.request) && !changes) co_return none(asked);
  if (has_one_address(place) && asked.request.trailing_slash && place != Place::root) co_return without_slash(asked);
  switch (place) {
    case Place::root: co_return co_await indexes_->home(asked);
    case Place::user: co_return co_await indexes_->user(asked);
    case Place::index: co_return co_await indexes_->index(asked);
    case Place::status: co_return co_await status(asked);
    case Place::manage: co_return co_await manage_->handle(asked);
    case Place::static_file: co_return asset(asked);
    case Place::project: co_return co_await projects_->project(asked);
    case Place::version: co_return co_await projects_->release(asked);
    case Place::project_refresh: co_return co_await projects_->refresh(asked);
    case Place::docs_frame: co_return co_await projects_->docs(asked);
    case Place::toxresults: co_return co_await projects_->tox_results(asked);
    case Place::project_feed: co_return co_await projects_->feed(asked);
    case Place::index_feed: co_return co_await projects_->index_feed(asked);
    case Place::search: co_return co_await searches_->search(asked);
    case Place::search_help: co_return searches_->help(asked);
    case Place::opensearch: co_return searches_->opensearch(asked);
    default: co_return none(asked);
  }
}

Task<Response> Pages::status(const PageRequest& asked) {
  auto facts = co_await use_.status();
  // The address of an upstream is part of its mirror's options: for who may read it. Which mirror a host of files belongs to is not known:
  // these are for the administrator.
  std::set<std::string> visible;
  for (const auto& user : use_.registry.users()) {
    for (const auto& name : user->indexes) {
      const auto index = use_.registry.find_index(user->row.name + "/" + name);
      if (index && index->mirror_url && use_.readers.sees(asked.who, index)) visible.insert(index->mirror_url->origin());
    }
  }
  const bool sees_all = asked.who.user == "root" && asked.who.bound.scope == access::Scope::all;
  if (!sees_all) std::erase_if(facts.upstreams, [&visible](const auto& one) { return !visible.contains(one.origin); });
  std::erase_if(facts.damaged, [&](const auto& one) { return !use_.readers.may_read(asked.who, use_.registry.find_index(one.index)); });
  co_return is_person(asked.request) && !wants_facts(asked.request) ? status_page(asked, facts) : status_json(facts);
}

bool Pages::is_xmlrpc(const Request& request) { return Searches::is_xmlrpc(request); }

Task<Response> Pages::xmlrpc(Request& request, Route route) { return searches_->xmlrpc(request, std::move(route)); }

Response Pages::asset(const PageRequest& asked) {
  auto found = assets_.get(asked.request, asked.route.rest[0], asked.route.rest[1]);
  return found ? std::move(*found) : none(asked);
}

Task<void> Pages::dress(Request& request, const Route& route, Response& response) {
  const bool is_form = route.place == Place::manage;
  if (response.status < 400 || !is_person(request) || (!reads(request) && !is_form) || is_page(response)) co_return;
  auto question = co_await ask(request, route);
  auto page = error_page(question, response.status, message_of(response));
  page.reason = std::move(response.reason);
  page.log_detail = std::move(response.log_detail);
  page.route = std::move(response.route);
  page.outcome = response.outcome;
  for (const auto* kept : {"WWW-Authenticate", "Retry-After", "Set-Cookie"}) {
    if (const auto* value = response.headers.find(kept)) page.headers.add(kept, *value);
  }
  co_await finish(request, page);
  response = std::move(page);
}

Task<void> Pages::finish(const Request& request, Response& response) {
  if (!notice_of(request).empty()) response.headers.add("Set-Cookie", no_notice_cookie(request));
  const auto* text = std::get_if<std::string>(&response.body);
  if (!text || text->size() < kWorthCompressing || response.headers.has("Content-Encoding")) co_return;
  const auto* accepted = request.headers.find("Accept-Encoding");
  if (!accepted) co_return;
  const auto encoding = pypi::negotiate_encoding(*accepted, {.gzip = true, .zstd = false});
  if (encoding != pypi::ContentEncoding::gzip) co_return;
  auto work = [text] { return pypi::compress(*text, pypi::ContentEncoding::gzip); };
  auto smaller = co_await offload(use_.pool, work);
  response.headers.add("Content-Encoding", "gzip");
  response.body = std::move(smaller);
}

}  // namespace bodega::web
