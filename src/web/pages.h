// Pages for people: which requests they answer, and with what. Everything below is for who takes text/html before JSON; installers and
// programs never come here (docs/web.md). Home loop only.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "pypi/route.h"
#include "web/assets.h"
#include "web/page_request.h"
#include "web/services.h"
#include "web/sessions.h"

namespace bodega::web {

class IndexPages;
class Manage;
class ProjectPages;
class Searches;

class Pages {
 public:
  explicit Pages(Services use);
  ~Pages();

  // Once, before the first request, when users are there.
  Task<Result<void>> load() { return sessions_.load(); }

  // A browser's login, for looking and for our own forms: the cookie becomes the credentials of the request, unless it brings its own.
  void recognise(http::Request& request, const pypi::Route& route) const;

  // Whether the answer is a page, or something else that only people and their browsers ask for.
  bool wants(const http::Request& request, const pypi::Route& route) const;
  Task<http::Response> handle(http::Request& request, pypi::Route route);
  // POST of text/xml to an index: a search of an old tool.
  static bool is_xmlrpc(const http::Request& request);
  Task<http::Response> xmlrpc(http::Request& request, pypi::Route route);

  // An error of somebody else's, in the same dress when a person reads it: status and reason stay.
  Task<void> dress(http::Request& request, const pypi::Route& route, http::Response& response);

 private:
  Task<PageRequest> ask(http::Request& request, pypi::Route route);
  Task<http::Response> answer(PageRequest& asked);
  Task<http::Response> status(const PageRequest& asked);
  http::Response asset(const PageRequest& asked);
  // Compressed, when the browser takes that.
  Task<void> finish(const http::Request& request, http::Response& response);

  Services use_;
  Assets assets_;
  Site site_;
  Sessions sessions_;
  std::unique_ptr<IndexPages> indexes_;
  std::unique_ptr<Manage> manage_;
  std::unique_ptr<ProjectPages> projects_;
  std::unique_ptr<Searches> searches_;
};

}  // namespace bodega::web
