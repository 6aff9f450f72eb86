#include "cache/credentials.h"

#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace bodega::cache {
namespace {

struct Token {
  std::string text;
  std::size_t line = 0;
};

tl::unexpected<Error> broken(std::size_t line, const std::string& why) {
  return fail(Code::invalid, "upstream credentials, line " + std::to_string(line) + ": " + why);
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// One token from `text` at `at`, which stands on its first character.
Result<Token> take_token(std::string_view text, std::size_t& at, std::size_t& line) {
  Token token{{}, line};
  if (text[at] != '"') {
    while (at < text.size() && !is_blank(text[at])) token.text += text[at++];
    return token;
  }
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') {
      ++at;
      return token;
    }
    if (text[at] == '\n') break;
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    token.text += text[at];
  }
  return broken(token.line, "a quote is not closed");
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') ++line;
    if (is_blank(text[at])) {
      ++at;
    } else if (text[at] == '#') {
      while (at < text.size() && text[at] != '\n') ++at;
    } else {
      BODEGA_TRY(auto token, take_token(text, at, line));
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

Result<std::string> origin_of_machine(const Token& machine) {
  const bool has_scheme = machine.text.find("://") != std::string::npos;
  auto url = Url::parse(has_scheme ? machine.text : "https://" + machine.text);
  if (!url) return broken(machine.line, "the machine is neither a host name nor an http(s) origin");
  if (!url->user.empty() || !url->query.empty() || url->path != "/") return broken(machine.line, "a machine has no path and no user name");
  return url->origin();
}

}  // namespace

Result<UpstreamCredentials> UpstreamCredentials::parse(std::string_view text) {
  BODEGA_TRY(const auto tokens, tokens_of(text));
  UpstreamCredentials all;
  std::optional<http::Credentials> current;
  std::size_t machine_line = 0;
  const auto finish = [&]() -> Result<void> {
    if (!current) return {};
    if (current->user.empty() && current->password.empty()) return broken(machine_line, "a machine without login and password");
    all.add(std::move(*current));
    return {};
  };
  for (std::size_t i = 0; i < tokens.size(); i += 2) {
    const Token& key = tokens[i];
    if (key.text == "default") return broken(key.line, "\"default\" is refused: a password belongs to one machine");
    if (key.text == "macdef") return broken(key.line, "macros are not supported");
    if (key.text != "machine" && key.text != "login" && key.text != "password" && key.text != "account") {
      // The token itself may be a piece of a password: it is not shown.
      return broken(key.line, "expected machine, login or password (a value with blanks needs quotes)");
    }
    if (i + 1 == tokens.size()) return broken(key.line, "\"" + key.text + "\" without a value");
    const Token& value = tokens[i + 1];
    if (key.text == "machine") {
      BODEGA_TRY_VOID(finish());
      BODEGA_TRY(auto origin, origin_of_machine(value));
      current.emplace();
      current->origin = std::move(origin);
      machine_line = key.line;
    } else if (!current) {
      return broken(key.line, "\"" + key.text + "\" before the first machine");
    } else if (key.text == "login") {
      current->user = value.text;
    } else if (key.text == "password") {
      current->password = Secret(value.text);
    }
  }
  BODEGA_TRY_VOID(finish());
  return all;
}

void UpstreamCredentials::add(http::Credentials credentials) {
  std::string origin = credentials.origin;
  by_origin_.insert_or_assign(std::move(origin), std::move(credentials));
}

void UpstreamCredentials::add_from(const Url& url) {
  if (url.user.empty() && url.password.empty()) return;
  add({url.origin(), url.user, url.password});
}

std::optional<http::Credentials> UpstreamCredentials::of(const Url& url) const {
  if (!url.user.empty() || !url.password.empty()) return http::Credentials{url.origin(), url.user, url.password};
  const auto found = by_origin_.find(url.origin());
  if (found == by_origin_.end()) return std::nullopt;
  return found->second;
}

Result<UpstreamCredentials> load_upstream_credentials(const std::filesystem::path& path, Log& log) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(Code::not_found, "the file of upstream credentials does not exist", path.string());
  }
  const auto text = read_small_file(path);
  if (error || !text) return fail(Code::io, "the file of upstream credentials cannot be read", path.string());
  using std::filesystem::perms;
  if ((status.permissions() & (perms::group_read | perms::others_read)) != perms::none) {
    log.warning("upstream.credentials_readable", {{"path", path.string()}, {"hint", "chmod 600"}});
  }
  auto parsed = UpstreamCredentials::parse(*text);
  if (!parsed) return fail(std::move(parsed).error().with_context(path.string()));
  return parsed;
}

}  // namespace bodega::cache
