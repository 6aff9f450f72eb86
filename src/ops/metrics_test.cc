#include "ops/metrics.h"

#include <gtest/gtest.h>

namespace bodega::ops {
namespace {

TEST(Metrics, RequestsCarryRouteStatusAndOutcome) {
  Snapshot snapshot;
  snapshot.server.routes.push_back({"simple.project", 200, http::CacheOutcome::hit, 7, 4096});
  snapshot.server.latency_bounds = {0.001, 0.1};
  snapshot.server.latency_counts = {5, 1, 1};
  const auto text = to_prometheus(snapshot);
  EXPECT_NE(text.find(R"(bodega_http_requests_total{route="simple.project",status="200",outcome="hit"} 7)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(bodega_http_request_duration_seconds_bucket{le="0.1"} 6)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(bodega_http_request_duration_seconds_bucket{le="+Inf"} 7)"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE bodega_http_requests_total counter"), std::string::npos) << text;
}

TEST(Metrics, ResidentMemoryIsKnown) { EXPECT_GT(resident_bytes(), 1U << 20); }

}  // namespace
}  // namespace bodega::ops
