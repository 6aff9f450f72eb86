// devpi's API for users, indexes and logins: /, /+api, /+login, /+status, /{user}, /{user}/{index}. Upload, push, simple pages, projects
// and files are others'. docs/protocols/devpi.md tells the wire. Home loop only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/decision.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/api/api_answer.h"
#include "pypi/api/api_body.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"

namespace bodega::pypi {

struct ApiOptions {
  std::string version;                    // Bodega's own
  std::optional<std::string> public_url;  // base of absolute links, without a final slash; else scheme and host of the request
  std::optional<std::vector<std::string>> restrict_modify;  // devpi's --restrict-modify
  std::string server_dir;                                   // shown by +status; "" = not told
  std::string host;                                         // of the first listen address, shown by +status
  int port = 0;
  struct Metric {
    std::string name;
    std::string kind;  // "counter" or "gauge"
    double value = 0;
  };
  std::function<std::vector<Metric>()> metrics;  // of +status; may be empty
};

// Where clients see the server, without a final slash: the configured URL, else scheme, host and path of the outside URL as far as trusted.
std::string base_url_of(const http::Request& request, const std::optional<std::string>& public_url);

class Api {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Registry& registry;
    access::Authenticator& authenticator;
    access::PasswordHasher& hasher;
    const Clock& clock;
    Log& log;
  };
  Api(Dependencies use, ApiOptions options);

  // Places api, login, status, authcheck, root, user and index (GET, HEAD, PUT, PATCH, DELETE). Anything else is devpi's 404.
  Task<http::Response> handle(http::Request& request, Route route);

  // Where the server listens in the end: a port 0 of the options has become a real one.
  void listening_on(std::string host, int port) {
    options_.host = std::move(host);
    options_.port = port;
  }

  // For the answers of others, see add_devpi_headers.
  void add_headers(http::Response& response) const;

 private:
  // Who asks, or the answer that ends it (429, 503).
  struct Asker {
    access::Principal who;
    std::optional<http::Response> refusal;
  };
  Task<Asker> ask(http::Request& request);
  Task<http::Response> dispatch(http::Request& request, Route route);

  Task<http::Response> config(http::Request& request, Route route);
  Task<http::Response> login(http::Request& request);
  Task<void> renew_hash(std::string user, Secret password);
  http::Response status() const;
  Task<http::Response> authcheck(http::Request& request);

  Task<http::Response> root(http::Request& request);
  Task<http::Response> user(http::Request& request, Route route);
  Task<http::Response> get_user(http::Request& request, Route route);
  Task<http::Response> put_user(http::Request& request, Route route);
  Task<http::Response> patch_user(http::Request& request, Route route);
  Task<http::Response> delete_user(http::Request& request, Route route);
  Json shown_user(const User& user, const access::Principal& who) const;
  // The hash to store for what a body says; nullopt: it says nothing. invalid.
  Task<Result<std::optional<std::string>>> wanted_hash(const Json& body);

  Task<http::Response> index(http::Request& request, Route route);
  Task<http::Response> get_index(http::Request& request, Route route);
  Task<http::Response> put_index(http::Request& request, Route route);
  Task<http::Response> patch_index(http::Request& request, Route route);
  Task<http::Response> delete_index(http::Request& request, Route route);
  Task<Result<Json>> project_names(IndexRef index);
  http::Response index_answer(const IndexConfig& index, const access::Principal& who) const;

  bool may(const access::Principal& who, access::Action action, const IndexConfig& index) const;
  bool may(const access::Principal& who, access::Action action, const std::string& owner) const;
  Viewer viewer(const access::Principal& who, const IndexConfig& index) const;
  std::string base_url(const http::Request& request) const;
  // To somebody who may not read it, an index does not exist.
  IndexExists index_exists(const access::Principal& who) const;

  Dependencies use_;
  ApiOptions options_;
  Readers readers_;
  WallTime started_;
};

}  // namespace bodega::pypi
