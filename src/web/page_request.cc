#include "web/page_request.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/api/api_answer.h"
#include "pypi/index/negotiated.h"

namespace bodega::web {

std::string address(const http::Request& request, std::string_view path) { return request.mount + std::string(path); }

std::string user_address(const http::Request& request, std::string_view user) { return request.mount + "/" + percent_encode(user, "@"); }

std::string index_address(const http::Request& request, std::string_view key) { return request.mount + "/" + percent_encode(key, "/@"); }

std::string project_address(const http::Request& request, std::string_view key, std::string_view project) {
  return index_address(request, key) + "/" + percent_encode(project);
}

std::string version_address(const http::Request& request, std::string_view key, std::string_view project, std::string_view version) {
  return project_address(request, key, project) + "/" + percent_encode(version, "+!");
}

std::string own_path(const http::Request& request) {
  std::string path;
  for (const auto& segment : request.segments) path += "/" + percent_encode(segment, "+@!");
  return path.empty() ? "/" : path;
}

std::string login_address(const http::Request& request) {
  const bool looks = request.method == http::Method::get || request.method == http::Method::head;
  const auto path = own_path(request);
  const bool is_somewhere = looks && path != "/" && !path.starts_with("/+manage/log");
  return request.mount + "/+manage/login" + (is_somewhere ? "?back=" + percent_encode(path, "/") : "");
}

std::string query_value(const http::Request& request, std::string_view key) { return pypi::query_value(request.query, key).value_or(""); }

std::size_t page_number(const http::Request& request) {
  constexpr std::uint64_t kLast = 1'000'000;  // far beyond any list, and safe to multiply
  const auto number = parse_u64(query_value(request, "page"));
  return number && *number > 0 ? static_cast<std::size_t>(std::min(*number, kLast)) : 1;
}

bool is_person(const http::Request& request) {
  if (http::is_installer(request.headers) || !pypi::prefers_html(request)) return false;
  return request.headers.joined("Accept").find("application/vnd.pypi.simple.") == std::string::npos;
}

}  // namespace bodega::web
