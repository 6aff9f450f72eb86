// /+status: devpi's shape. `devpi --version` reads versioninfo, monitoring reads serial and role.
#include "pypi/api/api.h"

namespace bodega::pypi {
namespace {

double epoch(WallTime time) { return static_cast<double>(to_unix_micros(time)) / 1e6; }

}  // namespace

http::Response Api::status() const {
  const auto serial = Json(std::uint64_t{use_.registry.serial()});
  Json versions = Json::object();
  versions.set("devpi-server", kDevpiServerVersion);
  versions.set("bodega", options_.version);
  Json metrics = Json::array();
  if (options_.metrics) {
    for (const auto& metric : options_.metrics()) {
      metrics.push_back(Json(Json::Array{Json(metric.name), Json(metric.kind), Json(metric.value)}));
    }
  }
  Json result = Json::object();
  result.set("serverdir", options_.server_dir);
  result.set("uuid", use_.registry.uuid());
  result.set("versioninfo", std::move(versions));
  result.set("server-code", "bodega");
  result.set("host", options_.host);
  result.set("port", options_.port);
  result.set("outside-url", options_.public_url ? Json(*options_.public_url) : Json());
  result.set("serial", serial);
  // There are no events that could lag behind: what is committed is visible.
  result.set("last-commit-timestamp", epoch(started_));
  result.set("event-serial", serial);
  result.set("event-serial-timestamp", epoch(use_.clock.wall()));
  result.set("event-serial-in-sync-at", epoch(use_.clock.wall()));
  result.set("metrics", std::move(metrics));
  result.set("role", "MASTER");
  result.set("polling_replicas", Json::object());
  return api_result(200, std::move(result), "status");
}

}  // namespace bodega::pypi
