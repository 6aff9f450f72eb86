// The wire: heads read and written, the hot table, forms.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "http/head_parser.h"
#include "http/hot_table.h"
#include "http/multipart.h"
#include "http/response_writer.h"

namespace bodega::bench {
namespace {

constexpr std::string_view kPipHead =
    "GET /root/pypi/+simple/some-project/ HTTP/1.1\r\n"
    "Host: 127.0.0.1:3141\r\n"
    "User-Agent: pip/26.3 "
    "{\"ci\":null,\"cpu\":\"x86_64\",\"distro\":{\"id\":\"bookworm\",\"libc\":{\"lib\":\"glibc\",\"version\":\"2.36\"},"
    "\"name\":\"Debian GNU/Linux\",\"version\":\"12\"},\"implementation\":{\"name\":\"CPython\",\"version\":\"3.11.2\"},\"installer\":"
    "{\"name\":\"pip\",\"version\":\"26.3\"},\"openssl_version\":\"OpenSSL 3.0.17 1 Jul "
    "2025\",\"python\":\"3.11.2\",\"rustc_version\":null,"
    "\"system\":{\"name\":\"Linux\",\"release\":\"6.1.0-40-amd64\"}}\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept: application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";
constexpr std::string_view kShortHead = "GET /root/pypi/+simple/some-project/ HTTP/1.1\r\nHost: 127.0.0.1:3141\r\nAccept: */*\r\n\r\n";

void parse_head(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  http::HeadFault fault;
  const http::HeadLimits limits;
  for (auto _ : state) {
    std::size_t scanned = 0;
    benchmark::DoNotOptimize(http::parse_head(bytes, scanned, limits, head, fault));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_head, pip, kPipHead);
BENCHMARK_CAPTURE(parse_head, shortest, kShortHead);

http::Response page_answer() {
  http::Response response;
  response.route = "simple_project";
  response.headers = {{"Content-Type", "application/vnd.pypi.simple.v1+json"},
                      {"ETag", "\"0123456789abcdef0123456789abcdef\""},
                      {"Cache-Control", "max-age=600"},
                      {"Vary", "Accept, Accept-Encoding"},
                      {"X-PyPI-Last-Serial", "12345"}};
  response.body = std::make_shared<const std::string>(30'000, 'x');
  return response;
}

void write_head(benchmark::State& state) {
  const auto response = page_answer();
  for (auto _ : state) benchmark::DoNotOptimize(http::make_head(response, 30'000));
}
BENCHMARK(write_head);

// Ten thousand pages in two forms each; every lookup another one.
void find_hot(benchmark::State& state) {
  constexpr std::size_t kPages = 10'000;
  http::HotBudget budget;
  budget.max_bytes = 1ULL << 40;
  budget.max_files = 1000;
  http::HotTable table(4 * kPages, budget);
  const auto validity = std::make_shared<http::Validity>();
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kPages; ++i) {
    paths.push_back("/root/pypi/+simple/project-" + std::to_string(i) + "/");
    for (const int form : {1, 2}) table.insert(http::make_hot_entry(page_answer(), paths.back(), form, validity, MonoTime::max()), 0);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.find(paths[next], MonoTime{}, [] { return 2; }));
    next = (next + 7919) % kPages;  // a prime: far apart in memory
  }
}
BENCHMARK(find_hot);

void read_form(benchmark::State& state) {
  const std::string content(static_cast<std::size_t>(state.range(0)), 'z');
  std::string form;
  for (const char* field : {":action", "name", "version", "metadata_version", "summary", "filetype", "pyversion", "sha256_digest"}) {
    form.append("--0123456789abcdef\r\nContent-Disposition: form-data; name=\"").append(field).append("\"\r\n\r\nvalue\r\n");
  }
  form +=
      "--0123456789abcdef\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a-1-py3-none-any.whl\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n";
  form.append(content).append("\r\n--0123456789abcdef--\r\n");
  constexpr std::size_t kPiece = 256 * 1024;  // as connections hand them over
  for (auto _ : state) {
    auto parser = http::MultipartParser::make("multipart/form-data; boundary=0123456789abcdef").value();
    std::size_t got = 0;
    for (std::size_t at = 0; at < form.size(); at += kPiece) {
      parser.feed(std::string_view(form).substr(at, kPiece));
      for (;;) {
        const auto event = parser.next().value();
        if (event.kind == http::FormEvent::Kind::need_more || event.kind == http::FormEvent::Kind::end) break;
        got += event.data.size();
      }
    }
    benchmark::DoNotOptimize(got);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(form.size()));
}
BENCHMARK(read_form)->Arg(20'000)->Arg(20'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bodega::bench
