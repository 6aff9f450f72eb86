#include "async/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "testing/manual_clock.h"

namespace bodega {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends.data()), 0); }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t which) {
    if (ends[which] >= 0) close(ends[which]);
    ends[which] = -1;
  }
  // Blocks until `count` lines were read in all.
  std::string read_lines(std::ptrdiff_t count) {
    std::string text;
    std::array<char, 4096> piece{};
    while (std::count(text.begin(), text.end(), '\n') < count) {
      const ssize_t size = read(ends[0], piece.data(), piece.size());
      if (size <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  std::array<int, 2> ends{-1, -1};
};

LogWriterOptions to(int fd) {
  LogWriterOptions options;
  options.fd = fd;
  options.format = LogFormat::json;
  options.gather = Duration(0);
  return options;
}

const std::string kLine(99, 'x');

TEST(LogWriter, WritesEventsAndFinishedLinesInOrder) {
  Pipe pipe;
  testing::ManualClock clock;
  const auto log = make_log_writer(to(pipe.ends[1]), clock);
  log->info("first.event", {{"n", 1}});
  log->write_line("finished line");
  log->debug("not.kept");
  log->error("last.event");
  const auto text = pipe.read_lines(3);
  const auto first = text.find("\"event\":\"first.event\",\"n\":1}\n");
  const auto second = text.find("\nfinished line\n");
  const auto third = text.find("last.event");
  EXPECT_TRUE(first < second && second < third && third != std::string::npos) << text;
  EXPECT_EQ(text.find("not.kept"), std::string::npos);
  EXPECT_TRUE(log->wants(LogLevel::info));
  EXPECT_FALSE(log->wants(LogLevel::debug));
  EXPECT_TRUE(log->json());
}

TEST(LogWriter, TheDestructorWritesWhatIsLeft) {
  Pipe pipe;
  testing::ManualClock clock;
  auto options = to(pipe.ends[1]);
  options.gather = std::chrono::hours(1);  // the end comes before it
  {
    const auto log = make_log_writer(options, clock);
    for (int i = 0; i < 10; ++i) log->write_line("line " + std::to_string(i));
  }
  EXPECT_TRUE(pipe.read_lines(10).ends_with("line 9\n"));
}

TEST(LogWriter, FlushDoesNotWaitForTheGathering) {
  Pipe pipe;
  testing::ManualClock clock;
  auto options = to(pipe.ends[1]);
  options.gather = std::chrono::hours(1);
  const auto log = make_log_writer(options, clock);
  log->write_line("a");
  log->flush();
  EXPECT_EQ(fcntl(pipe.ends[0], F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(pipe.read_lines(1), "a\n");
}

// A log reader that stopped (SIGSTOP, a full journal) must cost lines, never requests.
TEST(LogWriter, AStandingTargetCostsLinesAndNeverTheCaller) {
  Pipe pipe;
  testing::ManualClock clock;
  auto options = to(pipe.ends[1]);
  options.buffer_bytes = 10'000;
  auto log = make_log_writer(options, clock);
  // Pipe 64 KiB, buffers 10 kB each: more than both together. Returning at all is the first half of the test.
  constexpr std::ptrdiff_t kLines = 5'000;
  for (int i = 0; i < kLines; ++i) log->write_line(kLine);
  const auto lost = log->dropped();
  EXPECT_GT(lost, 0U);

  std::string text;
  std::thread reader([&pipe, &text] { text = pipe.read_lines(kLines * 2); });  // to the end of the pipe
  log->flush();
  log->write_line("after");  // a loss in the very last moment is said with the next line
  log->flush();
  EXPECT_EQ(log->dropped(), lost);
  log.reset();
  pipe.close_end(1);
  reader.join();
  std::uint64_t said = 0;
  constexpr std::string_view kSaid = "\"event\":\"log.dropped\",\"lines\":";
  for (auto at = text.find(kSaid); at != std::string::npos; at = text.find(kSaid, at + 1))
    said += std::stoull(text.substr(at + kSaid.size()));
  EXPECT_EQ(said, lost);
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), 'x')), (kLines - lost) * kLine.size());
}

TEST(LogWriter, TheEndDoesNotWaitForEverOnAStandingTarget) {
  Pipe pipe;
  testing::ManualClock clock;
  auto options = to(pipe.ends[1]);
  options.last_wait = std::chrono::milliseconds(1);
  auto log = make_log_writer(options, clock);
  for (int i = 0; i < 2'000; ++i) log->write_line(kLine);
  log.reset();
  SUCCEED();
}

TEST(LogWriter, AReaderThatWentAwayIsNoSignal) {
  Pipe pipe;
  testing::ManualClock clock;
  const auto log = make_log_writer(to(pipe.ends[1]), clock);
  pipe.close_end(0);
  log->write_line("into the void");
  log->flush();
  EXPECT_EQ(log->dropped(), 1U);
}

TEST(LogWriter, ALineThatFitsNowhereIsDropped) {
  Pipe pipe;
  testing::ManualClock clock;
  auto options = to(pipe.ends[1]);
  options.buffer_bytes = 100;
  const auto log = make_log_writer(options, clock);
  log->write_line(std::string(100, 'x'));
  EXPECT_EQ(log->dropped(), 1U);
  log->write_line(std::string(99, 'y'));
  EXPECT_NE(pipe.read_lines(2).find("yyy"), std::string::npos);
}

TEST(LogWriter, LinesOfManyThreadsStayWhole) {
  std::string path = ::testing::TempDir() + "bodega-log-XXXXXX";
  const int fd = mkstemp(path.data());
  ASSERT_GE(fd, 0);
  testing::ManualClock clock;
  constexpr int kThreads = 4;
  constexpr int kEach = 2'000;
  {
    const auto log = make_log_writer(to(fd), clock);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < kEach; ++i) log->write_line(std::string(50, static_cast<char>('a' + t)));
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log->dropped(), 0U);
  }
  std::string text(static_cast<std::size_t>(kThreads * kEach * 51), '\0');
  ASSERT_EQ(pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  for (std::size_t at = 0; at < text.size(); at += 51) {
    ASSERT_EQ(text.find_first_not_of(text[at], at), at + 50);
    ASSERT_EQ(text[at + 50], '\n');
  }
  close(fd);
  unlink(path.c_str());
}

}  // namespace
}  // namespace bodega
