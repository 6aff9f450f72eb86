#include "http/client_redirect.h"

#include "http/client_error.h"

namespace bodega::http {

bool is_followed(std::string_view method, int status, const Headers& headers) {
  if (method != "GET" && method != "HEAD") return false;
  const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return redirect && !headers.get("Location").empty();
}

Result<void> follow_redirect(FetchRequest& request, std::string_view location, int hops) {
  const std::string who = "the upstream " + upstream_name(request.url);
  if (hops >= kMaxRedirects) return fail(fetch_error(FetchFailure::policy, who + " redirects without end", "too many redirects"));
  auto target = request.url.resolve(location);
  if (!target) return fail(fetch_error(FetchFailure::policy, who + " redirects to something that is not a web address", "not http(s)"));
  if (request.url.scheme == "https" && target->scheme != "https") {
    return fail(fetch_error(FetchFailure::policy, who + " redirects from https to http, which is not followed", "downgrade"));
  }
  if (target->origin() != request.url.origin()) {
    request.credentials.reset();
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
  }
  // User information in a Location is another's idea of who we are.
  target->user.clear();
  target->password = Secret();
  request.url = std::move(*target);
  return {};
}

}  // namespace bodega::http
