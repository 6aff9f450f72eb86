// /+admin/status: what `bodega status` shows.
#include "app/application.h"
#include "app/command_line.h"

namespace bodega::app {

Task<http::Response> Application::status() {
  const auto snapshot = co_await measure();
  const auto health = co_await judge();
  using pypi::Json;
  Json result = Json::object();
  result.set("version", version());
  result.set("started", rfc3339(std::chrono::floor<std::chrono::seconds>(started_at_)));
  Json addresses = Json::array();
  if (server_ != nullptr) {
    for (const auto& address : server_->addresses()) addresses.push_back(address);
  }
  result.set("addresses", std::move(addresses));
  result.set("data", data_.string());
  result.set("uuid", registry_.uuid());
  result.set("serial", std::uint64_t{snapshot.serial});
  auto told = Json::parse(ops::to_json(health));
  result.set("health", told ? std::move(*told) : Json());
  std::uint64_t indexes = 0;
  const auto users = registry_.users();
  for (const auto& user : users) indexes += user->indexes.size();
  result.set("users", std::uint64_t{users.size()});
  result.set("indexes", indexes);
  result.set("tokens", std::uint64_t{tokens_of_users_.list().size()});
  result.set("cached_files", snapshot.cached_files);
  result.set("cached_bytes", snapshot.cached_bytes);
  result.set("cached_pages", snapshot.documents);
  result.set("damaged_files", snapshot.care.damaged_hosted);
  result.set("free_bytes", snapshot.free_bytes);
  result.set("memory_bytes", ops::resident_bytes());
  co_return pypi::api_result(200, std::move(result), "admin:status");
}

}  // namespace bodega::app
