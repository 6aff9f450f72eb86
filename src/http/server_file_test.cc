// Bodies that are files, whole, growing and failing, over real sockets.
#include <gtest/gtest.h>

#include "http/server.h"
#include "testing/http_live_file.h"
#include "testing/http_raw_client.h"
#include "testing/http_served.h"

namespace bodega::http {
namespace {

using testing::LiveFile;
using testing::RawClient;
using testing::Served;

constexpr std::size_t kSmall = 64 * 1024;  // the border between the two ways of sending a file (outgoing.h)

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (auto& c : bytes) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

Task<Response> serve(std::shared_ptr<const FileSource> file, std::string path, std::shared_ptr<Validity> hot) {
  Response response;
  response.route = "file";
  response.headers = {{"ETag", "\"f\""}, {"Accept-Ranges", "bytes"}};
  response.body = FileBody{std::move(file)};
  response.outcome = CacheOutcome::miss;
  if (hot) response.hot = make_hot_entry(response, std::move(path), kAnyClass, std::move(hot), MonoTime::max());
  co_return response;
}

class Files : public ::testing::Test {
 protected:
  explicit Files(ServerOptions options = {}) : served(std::move(options)) {}
  std::shared_ptr<LiveFile> put(const std::string& path, std::optional<std::uint64_t> total, std::shared_ptr<Validity> hot = nullptr) {
    auto file = std::make_shared<LiveFile>(total);
    served.handler.on(path, [file, path, hot](Request&) { return serve(file, path, hot); });
    return file;
  }
  static std::string get(const std::string& path, const std::string& fields = "", const std::string& version = "1.1") {
    return "GET " + path + " HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n";
  }
  Served served;
};

TEST_F(Files, WholeFilesArriveInAllSizesColdAndHot) {
  const auto bytes = noise(9'000'000);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kSmall, kSmall + 1, std::size_t{480'000}, bytes.size()}) {
    const auto path = "/" + std::to_string(size);
    const auto file = put(path, size, std::make_shared<Validity>());
    file->grow(std::string_view(bytes).substr(0, size));
    RawClient client(served.url);
    for (int i = 0; i < 3; ++i) {
      client.send(get(path));
      const auto answer = client.answer();
      ASSERT_EQ(answer.status, 200);
      ASSERT_TRUE(answer.complete);
      ASSERT_EQ(answer.headers.at("x-cache"), i == 0 ? "miss" : "hit");
      ASSERT_TRUE(answer.body == std::string_view(bytes).substr(0, size)) << size;
    }
    if (size < 100) continue;
    client.send(get(path, "Range: bytes=10-" + std::to_string(size - 10) + "\r\n"));
    ASSERT_TRUE(client.answer().body == std::string_view(bytes).substr(10, size - 19)) << size;
  }
}

TEST_F(Files, AGrowingFileIsFollowed) {
  const auto file = put("/f", 300'000);
  const auto bytes = noise(300'000);
  file->grow(std::string_view(bytes).substr(0, 10));
  RawClient client(served.url);
  client.send(get("/f"));
  ASSERT_TRUE(client.wait_for(1));
  while (!client.received().ends_with(std::string_view(bytes).substr(0, 10))) ASSERT_TRUE(client.receive_some());  // before there is more
  for (std::size_t at = 10; at < bytes.size(); at += 49'999) file->grow(std::string_view(bytes).substr(at, 49'999));
  const auto answer = client.answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body == bytes);
  EXPECT_EQ(answer.headers.at("content-length"), "300000");
}

TEST_F(Files, TheHeadDoesNotWaitForTheBody) {
  const auto file = put("/f", 10);
  RawClient client(served.url);
  client.send(get("/f"));
  ASSERT_TRUE(client.wait_for(20));
  file->grow("0123456789");
  EXPECT_EQ(client.answer().body, "0123456789");
}

TEST_F(Files, AFileOfUnknownLengthIsChunked) {
  const auto file = put("/f", std::nullopt);
  RawClient client(served.url);
  client.send(get("/f", "Range: bytes=1-2\r\n") + get("/nothing"));
  ASSERT_TRUE(client.wait_for(1));
  file->grow("hello ");
  ASSERT_TRUE(client.wait_for(100));
  file->grow("world");
  file->end();
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);  // no ranges of what is not known
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_EQ(answer.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(client.answer().status, 404);
}

TEST_F(Files, WhoJoinsAChunkedFileInTheMiddleGetsItsHeadToo) {
  // The head was lost for everybody but the first reader of a project list in the making: the first chunk took its place.
  const auto file = put("/f", std::nullopt);
  file->grow("hello ");
  RawClient client(served.url);
  client.send(get("/f"));
  ASSERT_TRUE(client.wait_for(1));
  file->grow("world");
  file->end();
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "hello world");
}

TEST_F(Files, AnEmptyFileOfUnknownLengthEnds) {
  const auto file = put("/f", std::nullopt);
  RawClient client(served.url);
  client.send(get("/f"));
  ASSERT_TRUE(client.wait_for(1));
  file->end();
  const auto answer = client.answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "");
}

TEST_F(Files, AnOldClientGetsUnknownLengthUntilTheClose) {
  const auto file = put("/f", std::nullopt);
  RawClient client(served.url);
  client.send(get("/f", "Connection: keep-alive\r\n", "1.0"));
  ASSERT_TRUE(client.wait_for(1));
  file->grow("hello");
  file->end();
  const auto answer = client.answer();
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.complete);
}

TEST_F(Files, AFileThatBreaksOffNeverLooksComplete) {
  for (const auto total : {std::optional<std::uint64_t>(100), std::optional<std::uint64_t>()}) {
    for (const char* version : {"1.1", "1.0"}) {
      const auto file = put("/f", total);
      RawClient client(served.url);
      client.send(get("/f", "", version));
      file->grow("hello");
      ASSERT_TRUE(client.wait_for(1));
      while (client.received().find("hello") == std::string::npos) ASSERT_TRUE(client.receive_some());
      file->break_off();
      EXPECT_FALSE(client.answer().complete) << version;
      EXPECT_NE(served.log.wait_line("died").find("the file broke off"), std::string::npos);
    }
  }
}

TEST_F(Files, AFileThatEndsShortNeverLooksComplete) {
  const auto hot = std::make_shared<Validity>();
  for (const std::uint64_t size : {kSmall, std::size_t{3'000'000}}) {
    const auto path = "/f" + std::to_string(size);
    const auto file = put(path, size, hot);
    file->grow(noise(size));
    file->damage(size / 2);
    for (int i = 0; i < 2; ++i) {
      RawClient client(served.url);
      client.send(get(path));
      const auto answer = client.answer();
      EXPECT_FALSE(answer.complete);
      EXPECT_FALSE(file->intact());  // it was told: the next answer comes from elsewhere
    }
  }
}

TEST_F(Files, AnEntryIsUsedOnlyWhileItStands) {
  const auto validity = std::make_shared<Validity>();
  const auto file = put("/f", 5, validity);
  file->grow("hello");
  RawClient client(served.url);
  const auto outcome = [&] {
    client.send(get("/f"));
    return client.answer().headers["x-cache"];
  };
  EXPECT_EQ(outcome(), "miss");
  EXPECT_EQ(outcome(), "hit");
  file->set_intact(false);
  EXPECT_EQ(outcome(), "miss");
  file->set_intact(true);
  EXPECT_EQ(outcome(), "hit");  // the handler offered it again
  validity->revoke();
  EXPECT_EQ(outcome(), "miss");
  EXPECT_EQ(outcome(), "miss");
}

TEST_F(Files, ASlowReaderHoldsNobodyUp) {
  const auto bytes = noise(20'000'000);
  const auto file = put("/f", bytes.size(), std::make_shared<Validity>());
  file->grow(bytes);
  {
    RawClient warm(served.url);
    warm.send(get("/f"));
    warm.answer();
  }
  RawClient slow(served.url, 4096);
  slow.send(get("/f"));
  ASSERT_TRUE(slow.wait_for(1));
  for (int i = 0; i < 5; ++i) {
    RawClient fast(served.url);
    fast.send(get("/f"));
    const auto answer = fast.answer();
    ASSERT_TRUE(answer.complete);
    ASSERT_TRUE(answer.body == bytes);
  }
  const auto answer = slow.answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body == bytes);
}

TEST_F(Files, AReaderThatLeavesIsForgotten) {
  const auto file = put("/f", 50'000'000, nullptr);
  file->grow(noise(50'000'000));
  {
    RawClient client(served.url);
    client.send(get("/f"));
    ASSERT_TRUE(client.wait_for(1000));
    client.reset();
  }
  EXPECT_NE(served.log.wait_line("broke"), "");
  while (served.server->counters().open > 0) std::this_thread::yield();
}

class HastyFiles : public Files {
 protected:
  HastyFiles() : Files(hasty()) {}
  static ServerOptions hasty() {
    ServerOptions options;
    options.stall_timeout = std::chrono::milliseconds(60);
    return options;
  }
};

TEST_F(HastyFiles, AReaderThatStopsReadingIsCutOff) {
  const auto file = put("/f", 50'000'000, std::make_shared<Validity>());
  file->grow(noise(50'000'000));
  for (int i = 0; i < 2; ++i) {  // cold, then hot
    RawClient client(served.url, 4096);
    client.send(get("/f"));
    ASSERT_TRUE(client.wait_for(1));
    while (served.server->counters().open > 0) std::this_thread::yield();
    EXPECT_FALSE(client.answer().complete);
  }
}

}  // namespace
}  // namespace bodega::http
