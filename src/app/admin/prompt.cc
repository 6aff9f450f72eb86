#include "app/admin/prompt.h"

#include <termios.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <cstdio>

#include "app/load_config.h"

namespace bodega::app {
namespace {

// Longer ones never verify (access::kMaxPasswordBytes).
constexpr std::size_t kMostBytes = 8192;

// The terminal without echo, for as long as this lives.
class Quiet {
 public:
  Quiet() : known_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!known_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Quiet() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  termios before_{};
  bool known_;
};

Result<std::string> read_all(int fd) {
  std::string out;
  std::array<char, 1024> piece{};
  for (;;) {
    const auto count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "read the password");
    if (count == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(count));
    if (out.size() > kMostBytes) return fail(Code::invalid, "the password is too long");
  }
}

std::string read_line() {
  std::string out;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
    if (out.size() < kMostBytes) out += c;
  }
  return out;
}

Secret ask_quietly(const char* question) {
  const Quiet quiet;  // before the question: changing the terminal throws away what was typed until then
  std::fputs(question, stderr);
  std::fflush(stderr);
  Secret out(read_line());
  std::fputs("\n", stderr);
  return out;
}

Result<Secret> ask_twice() {
  auto first = ask_quietly("New password: ");
  if (first.empty()) return fail(Code::invalid, "the password must not be empty");
  const auto again = ask_quietly("Once more: ");
  if (first.reveal() != again.reveal()) return fail(Code::invalid, "the two differ; nothing was changed");
  return first;
}

}  // namespace

Result<Secret> read_new_password(const std::optional<std::string>& file) {
  if (!file && ::isatty(STDIN_FILENO) == 1) return ask_twice();
  const bool standard_input = !file || *file == "-";
  const int fd = standard_input ? STDIN_FILENO : ::open(file->c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(Code::invalid, "the password file " + *file + " cannot be read: " + fail_errno(errno, "open").value().message);
  auto text = read_all(fd);
  if (!standard_input) ::close(fd);
  BODEGA_TRY(const auto content, std::move(text));
  auto password = password_of_file(content);
  if (!password && standard_input) {
    return fail(Code::invalid, "a password on standard input must be one line that is not empty; or name a file with --password-file");
  }
  return password;
}

Answer confirm(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) return Answer::yes;
  std::fprintf(stderr, "%s [y/N] ", question.c_str());
  std::fflush(stderr);
  const auto word = read_line();
  return word == "y" || word == "Y" || word == "yes" ? Answer::yes : Answer::no;
}

}  // namespace bodega::app
