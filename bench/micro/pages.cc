// Pages: read, kept, printed, compressed. The argument is the number of files; 900 files are about 480 KB of JSON.
#include <benchmark/benchmark.h>

#include <string>

#include "base/digest.h"
#include "base/url.h"
#include "pypi/format/page_html_parse.h"
#include "pypi/format/page_json_parse.h"
#include "pypi/format/page_render.h"
#include "pypi/index/compress.h"

namespace bodega::bench {
namespace {

using pypi::ContentEncoding;
using pypi::PageFile;
using pypi::ProjectPage;

// As the public index has them: `files` wheels of as many releases.
ProjectPage made_page(std::size_t files) {
  ProjectPage page;
  page.name = "some-project";
  page.api_version = "1.4";
  page.last_serial = 30'000'000;
  for (std::size_t i = 0; i < files; ++i) {
    const std::string version = std::to_string(i / 100) + "." + std::to_string(i % 100) + ".0";
    const std::string hex = Digest::of(version).hex();
    PageFile file;
    file.filename = "some_project-" + version + "-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
    file.url =
        "https://files.example.com/packages/" + hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex.substr(4) + "/" + file.filename;
    file.hashes = {{"sha256", hex}};
    file.requires_python = ">=3.9";
    file.core_metadata = {true, {{"sha256", Digest::of(hex).hex()}}};
    file.size = 123456 + i;
    file.upload_time = "2024-01-02T03:04:05.123456Z";
    page.versions.push_back(version);
    page.files.push_back(std::move(file));
  }
  return page;
}

const Url& base() {
  static const Url url = Url::parse("https://index.example.com/simple/some-project/").value();
  return url;
}

void absolute(std::string& out, const PageFile& file) { out += file.url; }

std::size_t count(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

void account(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["us/file"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(state.range(0)) / 1e6,
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void parse_json(benchmark::State& state) {
  const std::string body = pypi::render_json(made_page(count(state)), absolute);
  for (auto _ : state) benchmark::DoNotOptimize(pypi::parse_json_page(body, base(), "some-project"));
  account(state, body.size());
}

void parse_html(benchmark::State& state) {
  const std::string body = pypi::render_html(made_page(count(state)), absolute);
  for (auto _ : state) benchmark::DoNotOptimize(pypi::parse_html_page(body, base(), "some-project"));
  account(state, body.size());
}

void render_json(benchmark::State& state) {
  const ProjectPage page = made_page(count(state));
  std::size_t bytes = 0;
  for (auto _ : state) bytes = pypi::render_json(page, absolute).size();
  account(state, bytes);
}

void render_html(benchmark::State& state) {
  const ProjectPage page = made_page(count(state));
  std::size_t bytes = 0;
  for (auto _ : state) bytes = pypi::render_html(page, absolute).size();
  account(state, bytes);
}

void encode(benchmark::State& state) {
  const ProjectPage page = made_page(count(state));
  std::size_t bytes = 0;
  for (auto _ : state) bytes = pypi::encode_page(page).size();
  account(state, bytes);
}

void decode(benchmark::State& state) {
  const std::string bytes = pypi::encode_page(made_page(count(state)));
  for (auto _ : state) benchmark::DoNotOptimize(pypi::decode_page(bytes));
  account(state, bytes.size());
}

void compress(benchmark::State& state, ContentEncoding encoding) {
  const std::string body = pypi::render_json(made_page(count(state)), absolute);
  for (auto _ : state) benchmark::DoNotOptimize(pypi::compress(body, encoding));
  account(state, body.size());
}

void versions(benchmark::State& state) {
  ProjectPage page = made_page(count(state));
  page.versions.clear();
  for (auto _ : state) benchmark::DoNotOptimize(pypi::page_versions(page));
  account(state, 0);
}

BENCHMARK(parse_json)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(parse_html)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(render_json)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(render_html)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(encode)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(decode)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK(versions)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(compress, gzip, ContentEncoding::gzip)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(compress, zstd, ContentEncoding::zstd)->Arg(10)->Arg(900)->Arg(9300)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bodega::bench
