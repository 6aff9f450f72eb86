#include "app/notify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace bodega::app {
namespace {

// The manager's end: a datagram socket with a path or an abstract name.
class Manager {
 public:
  explicit Manager(std::string name) : name_(std::move(name)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), length), 0) << std::strerror(errno);
  }
  ~Manager() {
    close(fd_);
    if (name_.front() == '/') unlink(name_.c_str());
  }
  std::string heard() const {
    std::array<char, 512> buffer{};
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  std::string name_;
  int fd_;
};

std::string fresh_directory() {
  std::string path = ::testing::TempDir() + "bodega-notify-XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

TEST(Notifier, SpeaksToAPath) {
  const auto directory = fresh_directory();
  const Manager manager(directory + "/socket");
  const Notifier notifier(directory + "/socket");
  EXPECT_TRUE(notifier.ready().has_value());
  EXPECT_EQ(manager.heard(), "READY=1");
  EXPECT_TRUE(notifier.status("serving\nREADY=0").has_value());
  EXPECT_EQ(manager.heard(), "STATUS=serving READY=0");
  EXPECT_TRUE(notifier.extend_timeout(std::chrono::seconds(5)).has_value());
  EXPECT_EQ(manager.heard(), "EXTEND_TIMEOUT_USEC=5000000");
  EXPECT_TRUE(notifier.stopping().has_value());
  EXPECT_EQ(manager.heard(), "STOPPING=1");
  std::filesystem::remove_all(directory);
}

TEST(Notifier, SpeaksToAnAbstractName) {
  const auto name = "@bodega-notify-test-" + std::to_string(getpid());
  const Manager manager(name);
  EXPECT_TRUE(Notifier(name).ready().has_value());
  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(Notifier, WithoutAManagerNothingHappens) { EXPECT_TRUE(Notifier("").ready().has_value()); }

TEST(Notifier, ABrokenSocketIsAnErrorAndNoSignal) {
  EXPECT_EQ(Notifier("/nowhere/at/all").ready().error().code, Code::not_found);
  EXPECT_EQ(Notifier("relative").ready().error().code, Code::invalid);
  EXPECT_EQ(Notifier("/" + std::string(200, 'x')).ready().error().code, Code::invalid);
}

TEST(HandedSockets, AreTheDescriptorsFromThreeOn) {
  const auto handed = handed_sockets("17", "2", "web:", 17);
  ASSERT_TRUE(handed.has_value());
  EXPECT_EQ(handed->fds, (std::vector<int>{3, 4}));
  EXPECT_EQ(handed->names, (std::vector<std::string>{"web", "unknown"}));
}

TEST(HandedSockets, AreNoneForAnotherProcessOrWithoutVariables) {
  EXPECT_TRUE(handed_sockets("", "", "", 17)->fds.empty());
  EXPECT_TRUE(handed_sockets("16", "2", "", 17)->fds.empty());
  EXPECT_TRUE(handed_sockets("17", "", "", 17)->fds.empty());
  EXPECT_TRUE(handed_sockets("17", "0", "", 17)->fds.empty());
  EXPECT_TRUE(handed_sockets("", "2", "", 17)->fds.empty());
}

TEST(HandedSockets, BrokenNumbersAreErrors) {
  EXPECT_FALSE(handed_sockets("17", "x", "", 17).has_value());
  EXPECT_FALSE(handed_sockets("17", "-1", "", 17).has_value());
  EXPECT_FALSE(handed_sockets("17", "65", "", 17).has_value());
  EXPECT_FALSE(handed_sockets("x", "1", "", 17).has_value());
}

// In a child, because descriptor 3 and the environment belong to the process. Exit code 0 = as expected, else the number of the first step
// that was not.
template <class Child>
int exit_of(Child child) {
  const pid_t pid = fork();
  if (pid == 0) {
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "bodega.socket", 1);
    _exit(child());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST(HandedSockets, AListeningSocketIsTakenOver) {
  const auto child = [] {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listen(listener, 5) != 0 || dup2(listener, 3) != 3) return 1;
    const auto handed = take_handed_sockets();
    if (!handed || handed->fds != std::vector<int>{3} || handed->names != std::vector<std::string>{"bodega.socket"}) return 2;
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) return 3;
    if (std::getenv("LISTEN_PID") != nullptr || std::getenv("LISTEN_FDS") != nullptr || std::getenv("LISTEN_FDNAMES") != nullptr) return 4;
    const auto again = take_handed_sockets();
    return again && again->fds.empty() ? 0 : 5;
  };
  EXPECT_EQ(exit_of(child), 0);
}

TEST(HandedSockets, AnythingElseIsRefused) {
  const auto closed = [] {
    close(3);
    return take_handed_sockets() ? 1 : 0;
  };
  const auto not_listening = [] {
    const int plain = socket(AF_INET, SOCK_STREAM, 0);
    if (dup2(plain, 3) != 3) return 2;
    const auto handed = take_handed_sockets();
    return !handed && handed.error().message.find("does not listen") != std::string::npos ? 0 : 1;
  };
  const auto a_file = [] {
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (dup2(file, 3) != 3) return 2;
    return take_handed_sockets() ? 1 : 0;
  };
  EXPECT_EQ(exit_of(closed), 0);
  EXPECT_EQ(exit_of(not_listening), 0);
  EXPECT_EQ(exit_of(a_file), 0);
}

}  // namespace
}  // namespace bodega::app
