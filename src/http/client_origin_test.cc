// Against the recorded stand-in of the public index, when there is one: $BODEGA_SHARED/origin/origin.py, or ../shared beside the sources.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "http/client_test_server.h"
#include "testing/source_dir.h"

namespace bodega::http {
namespace {

std::filesystem::path origin_script() {
  const char* shared = std::getenv("BODEGA_SHARED");
  const std::filesystem::path folder = shared != nullptr ? std::filesystem::path(shared) : testing::source_dir() / "../shared";
  return folder / "origin" / "origin.py";
}

class ClientOrigin : public ClientTest {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(origin_script())) GTEST_SKIP() << "no origin.py at " << origin_script();
    int out[2];
    ASSERT_EQ(pipe(out), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string python = "python3", script = origin_script(), port = "--port", zero = "0";
    char* arguments[] = {python.data(), script.data(), port.data(), zero.data(), nullptr};
    ASSERT_EQ(posix_spawnp(&pid, "python3", &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    std::string line;
    for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    close(out[0]);
    ASSERT_TRUE(line.starts_with("ORIGIN http://")) << line;
    base = line.substr(7);
  }
  ~ClientOrigin() override {
    if (pid <= 0) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  void control(const std::string& knobs) {
    auto request = get(base + "/_control");
    request.method = "POST";
    request.headers.add("Content-Type", "application/json");
    request.body = knobs;
    const auto got = fetch(std::move(request));
    ASSERT_EQ(got.status, 200) << got.body;
  }
  FetchRequest page(const std::string& name) {
    auto request = get(base + "/simple/" + name + "/");
    request.headers.add("Accept", "application/vnd.pypi.simple.v1+json");
    request.decode = true;
    return request;
  }
  static constexpr const char* kWheel =
      "/packages/b7/ce/149a00dd41f10bc29e5921b496af8b574d8413afcd5e30dfa0ed46c2cc5e/six-1.17.0-py2.py3-none-any.whl";

  pid_t pid = -1;
  std::string base;
};

TEST_F(ClientOrigin, ABigPageIsDecoded) {
  const auto got = fetch(page("pydantic-core"));
  ASSERT_FALSE(got.error) << got.error->describe();
  EXPECT_EQ(got.headers.get("Content-Encoding"), "gzip");
  EXPECT_GT(got.body.size(), 1'000'000U);
  EXPECT_TRUE(got.body.starts_with("{"));
  EXPECT_EQ(got.body.back(), '}');
}

TEST_F(ClientOrigin, ANameThatIsNotNormalisedIsRedirected) {
  const auto got = fetch(page("Flask"));
  ASSERT_FALSE(got.error) << got.error->describe();
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.final_url.text(), base + "/simple/flask/");
}

TEST_F(ClientOrigin, ValidatorsGive304) {
  const auto first = fetch(page("six"));
  ASSERT_FALSE(first.error);
  auto again = page("six");
  again.headers.add("If-None-Match", std::string(first.headers.get("ETag")));
  const auto second = fetch(again);
  ASSERT_FALSE(second.error);
  EXPECT_EQ(second.status, 304);
}

TEST_F(ClientOrigin, AFileAndItsRest) {
  const auto whole = fetch(base + kWheel);
  ASSERT_FALSE(whole.error);
  EXPECT_EQ(whole.content_length, whole.body.size());
  auto request = get(base + kWheel);
  request.headers.add("Range", "bytes=5000-");
  request.headers.add("If-Range", std::string(whole.headers.get("ETag")));
  const auto rest = fetch(request);
  EXPECT_EQ(rest.status, 206);
  EXPECT_TRUE(rest.body == whole.body.substr(5000));
}

TEST_F(ClientOrigin, EveryWayOfDroppingTheConnectionIsACut) {
  for (const char* mode : {"close", "reset", "chunked"}) {
    control(R"({"reset": true, "drop_connection_after_bytes": 3000, "drop_mode": ")" + std::string(mode) + "\"}");
    const auto got = fetch(base + kWheel);
    EXPECT_EQ(kind_of(got), FetchFailure::cut) << mode;
    EXPECT_LE(got.body.size(), 3000U);
  }
  control(R"({"reset": true, "wrong_content_length": 100})");
  auto request = get(base + kWheel);
  request.stall_timeout = std::chrono::milliseconds(500);
  EXPECT_TRUE(fetch(request).error);
}

TEST_F(ClientOrigin, HangingIsATimeout) {
  control(R"({"reset": true, "never_answer": true})");
  auto silent = get(base + kWheel);
  silent.head_timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(kind_of(fetch(silent)), FetchFailure::timeout);
  control(R"({"reset": true, "stall_after_bytes": 4000})");
  auto stalled = get(base + kWheel);
  stalled.stall_timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(kind_of(fetch(stalled)), FetchFailure::timeout);
}

}  // namespace
}  // namespace bodega::http
