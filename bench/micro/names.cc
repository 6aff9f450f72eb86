// Names: versions, file names, addresses, requirements.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "http/target.h"
#include "pypi/format/filename.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"
#include "pypi/index/negotiated.h"
#include "pypi/route.h"

namespace bodega::bench {
namespace {

std::vector<std::string> shuffled_versions(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(std::to_string(i / 200) + "." + std::to_string(i / 10 % 20) + "." + std::to_string(i % 10) + (i % 7 == 0 ? "rc1" : ""));
  }
  std::shuffle(out.begin(), out.end(), std::minstd_rand(1));  // the same order every time
  return out;
}

void sort_versions(benchmark::State& state) {
  const auto versions = shuffled_versions(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto copy = versions;
    pypi::sort_versions(copy);
    benchmark::DoNotOptimize(copy);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sort_versions)->Arg(10)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

void parse_version(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(pypi::Version::parse("2024.11.3rc1.post2+local.7"));
}
BENCHMARK(parse_version);

void parse_wheel_name(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(pypi::parse_wheel("some_project-1.2.3-1-cp311-cp311-manylinux_2_17_x86_64.whl"));
}
BENCHMARK(parse_wheel_name);

void file_version(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(pypi::file_version("some-project-1.2.3.tar.gz", "some-project"));
}
BENCHMARK(file_version);

void project_candidates(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(pypi::project_candidates("some-project-with-parts-1.2.3.tar.gz"));
}
BENCHMARK(project_candidates);

void split_and_route(benchmark::State& state) {
  for (auto _ : state) {
    const auto path = http::split_path("/root/pypi/+simple/some-project/");
    benchmark::DoNotOptimize(pypi::find_route(path->segments));
  }
}
BENCHMARK(split_and_route);

void negotiate(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(pypi::accept_class(
        "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", "gzip, deflate", ""));
  }
}
BENCHMARK(negotiate);

}  // namespace
}  // namespace bodega::bench
