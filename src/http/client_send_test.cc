// Request bodies with a file in the middle: sent as they lie on the disk, watched while they go out.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "http/client_test_server.h"

namespace bodega::http {
namespace {

using Connection = RawServer::Connection;
using std::chrono::milliseconds;

// A whole file, as a blob is.
class DiskFile final : public FileSource {
 public:
  explicit DiskFile(const std::string& bytes) : size_(bytes.size()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "bodega-send-XXXXXX").string();
    fd_ = ::mkstemp(pattern.data());
    std::ofstream(pattern, std::ios::binary) << bytes;
    std::filesystem::remove(pattern);
  }
  ~DiskFile() override { ::close(fd_); }
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;
  int fd() const override { return fd_; }
  std::optional<std::uint64_t> total() const override { return size_; }
  std::uint64_t available() const override { return size_; }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t) const override { co_return size_; }
  void shorten() const { EXPECT_EQ(::ftruncate(fd_, 1), 0); }

 private:
  int fd_ = -1;
  std::uint64_t size_;
};

std::string pattern_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 7 + i / 251) & 0xFF);
  return bytes;
}

FetchRequest post(const std::string& url, std::shared_ptr<const FileSource> file) {
  auto request = get(url);
  request.method = "POST";
  request.body = "before ";
  request.body_file = std::move(file);
  request.body_end = " after";
  request.headers.add("Content-Type", "application/octet-stream");
  return request;
}

void read_body(Connection& c, std::size_t size) {
  while (c.rest.size() < size && c.read_some()) {
  }
}

using ClientSend = ClientTest;

TEST_F(ClientSend, AFileGoesOutBetweenItsTexts) {
  const std::string bytes = pattern_bytes(3'000'001);
  const std::string whole = "before " + bytes + " after";
  std::string seen;
  RawServer server([&](Connection& c) {
    c.read_head();
    read_body(c, whole.size());
    seen = c.rest;
    c.send(with_length("thanks"));
  });
  const auto got = fetch(post(server.url(), std::make_shared<DiskFile>(bytes)));
  EXPECT_EQ(got.body, "thanks");
  EXPECT_TRUE(seen == whole) << seen.size() << " bytes arrived";
  const auto head = server.heads().at(0);
  EXPECT_NE(head.find("Content-Length: " + std::to_string(whole.size()) + "\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Expect"), std::string::npos);
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
}

TEST_F(ClientSend, AnEmptyFileIsNoTrouble) {
  RawServer server([](Connection& c) {
    c.read_head();
    read_body(c, 13);
    c.send(with_length(c.rest));
  });
  EXPECT_EQ(fetch(post(server.url(), std::make_shared<DiskFile>(""))).body, "before  after");
}

TEST_F(ClientSend, AConnectionThatHadBeenClosedMeanwhileIsReplacedAndAllIsSentAgain) {
  const std::string bytes = pattern_bytes(200'000);
  std::atomic<int> whole{0};
  RawServer server([&](Connection& c) {
    c.read_head();
    read_body(c, bytes.size() + 13);
    whole += c.rest == "before " + bytes + " after";
    c.send(with_length("x"));
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(post(server.url(), std::make_shared<DiskFile>(bytes))).body, "x");
  EXPECT_EQ(whole.load(), 3);
}

TEST_F(ClientSend, ARefusalBeforeTheEndOfTheBodyIsHeard) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send(with_length("no", "Connection: close\r\n", "403 Forbidden"));
    c.wait_closed();
  });
  const auto got = fetch(post(server.url(), std::make_shared<DiskFile>(pattern_bytes(20'000'000))));
  EXPECT_EQ(got.status, 403);
}

TEST_F(ClientSend, AnUpstreamThatStopsReadingIsAStall) {
  std::promise<void> over;
  RawServer server([&over](Connection& c) {
    c.read_head();
    over.get_future().wait();
  });
  auto request = post(server.url(), std::make_shared<DiskFile>(pattern_bytes(30'000'000)));
  request.stall_timeout = milliseconds(200);
  request.head_timeout = std::chrono::seconds(100);
  const auto got = fetch(request);
  over.set_value();
  EXPECT_EQ(kind_of(got), FetchFailure::timeout);
  EXPECT_NE(got.error->message.find("stopped taking"), std::string::npos) << got.error->message;
}

TEST_F(ClientSend, TheHeadTimeoutBeginsWhenTheBodyIsOut) {
  RawServer server([](Connection& c) {
    c.read_head();
    std::promise<void>().get_future().wait_for(milliseconds(1500));  // more than the sockets hold is still to be sent
    read_body(c, 64'000'013);
    c.send(with_length("slow but sure"));
  });
  auto request = post(server.url(), std::make_shared<DiskFile>(std::string(64'000'000, 'z')));
  request.head_timeout = milliseconds(1000);
  const auto got = fetch(request);
  EXPECT_EQ(got.body, "slow but sure") << (got.error ? got.error->describe() : "");
}

TEST_F(ClientSend, NoAnswerAfterTheBodyIsATimeout) {
  std::promise<void> over;
  RawServer server([&over](Connection& c) {
    c.read_head();
    read_body(c, 1013);
    over.get_future().wait();
  });
  auto request = post(server.url(), std::make_shared<DiskFile>(pattern_bytes(1000)));
  request.head_timeout = milliseconds(150);
  const auto got = fetch(request);
  over.set_value();
  EXPECT_EQ(kind_of(got), FetchFailure::timeout);
  EXPECT_NE(got.error->message.find("did not answer in time"), std::string::npos) << got.error->message;
}

TEST_F(ClientSend, AFileThatBecameShorterIsNeverSentAsAWholeBody) {
  std::atomic<bool> whole{false};
  RawServer server([&](Connection& c) {
    c.read_head();
    read_body(c, 1'000'013);
    whole = c.rest.size() >= 1'000'013;
  });
  const auto file = std::make_shared<DiskFile>(pattern_bytes(1'000'000));
  file->shorten();
  const auto got = fetch(post(server.url(), file));
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->code, Code::io) << got.error->describe();
  EXPECT_FALSE(whole);
}

}  // namespace
}  // namespace bodega::http
