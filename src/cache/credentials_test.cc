#include "cache/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "testing/memory_log.h"

namespace bodega::cache {
namespace {

std::string found(const UpstreamCredentials& all, std::string_view url) {
  const auto credentials = all.of(*Url::parse(url));
  if (!credentials) return "-";
  return credentials->origin + " " + credentials->user + ":" + std::string(credentials->password.reveal());
}

UpstreamCredentials parsed(std::string_view text) {
  auto all = UpstreamCredentials::parse(text);
  EXPECT_TRUE(all) << all.error().describe();
  return all.value_or(UpstreamCredentials());
}

TEST(UpstreamCredentials, AreBoundToOneOrigin) {
  const auto all = parsed("machine pypi.example login alice password s3cret\n");
  EXPECT_EQ(found(all, "https://pypi.example/simple/"), "https://pypi.example alice:s3cret");
  EXPECT_EQ(found(all, "https://pypi.example:443/x?y"), "https://pypi.example alice:s3cret");
  EXPECT_EQ(found(all, "http://pypi.example/"), "-");
  EXPECT_EQ(found(all, "https://pypi.example:8443/"), "-");
  EXPECT_EQ(found(all, "https://files.pypi.example/"), "-");
  EXPECT_EQ(found(all, "https://pypi.example.evil/"), "-");
}

TEST(UpstreamCredentials, TheFileMayBeWrittenInManyWays) {
  const auto all = parsed(
      "# ours\n"
      "machine http://127.0.0.1:4141 login root password \"\"\n"
      "machine PYPI.Example:8443\n\tlogin \"bob # builder\"\n\tpassword \"a\\\"b\\\\c d\"  # the old one\n"
      "machine token.example account x password pypi-AgEI login __token__\r\n"
      "machine [::1]:3141 login six password six");
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(found(all, "http://127.0.0.1:4141/root/"), "http://127.0.0.1:4141 root:");
  EXPECT_EQ(found(all, "https://pypi.example:8443/"), "https://pypi.example:8443 bob # builder:a\"b\\c d");
  EXPECT_EQ(found(all, "https://token.example/"), "https://token.example __token__:pypi-AgEI");
  EXPECT_EQ(found(all, "https://[::1]:3141/"), "https://[::1]:3141 six:six");
}

TEST(UpstreamCredentials, ALaterEntryWins) {
  const auto all = parsed("machine a login old password x machine a login new password y");
  EXPECT_EQ(found(all, "https://a/"), "https://a new:y");
}

TEST(UpstreamCredentials, AnEmptyFileHasNone) {
  EXPECT_EQ(parsed("").size(), 0U);
  EXPECT_EQ(parsed("# nothing yet\n\n").size(), 0U);
}

TEST(UpstreamCredentials, BrokenFilesNameTheLineAndNoSecret) {
  struct Case {
    const char* text;
    const char* line;
  };
  const Case cases[] = {
      {"login a password b", "line 1"},
      {"machine a\nlogin b\npassword hunter2 hunter3\n", "line 3"},
      {"machine a login b password", "line 1"},
      {"machine a login b password \"hunter2\nmachine c", "line 1"},
      {"default login b password hunter2", "line 1"},
      {"\nmacdef init\ncd /", "line 2"},
      {"machine ftp://a login b password hunter2", "line 1"},
      {"machine https://u:hunter2@a login b password c", "line 1"},
      {"machine https://a/simple/ login b password hunter2", "line 1"},
      {"machine a\nmachine b login x password hunter2", "line 1"},
  };
  for (const auto& c : cases) {
    const auto all = UpstreamCredentials::parse(c.text);
    ASSERT_FALSE(all) << c.text;
    EXPECT_EQ(all.error().code, Code::invalid);
    EXPECT_NE(all.error().message.find(c.line), std::string::npos) << all.error().message;
    EXPECT_EQ(all.error().describe().find("hunter"), std::string::npos) << all.error().describe();
  }
}

TEST(UpstreamCredentials, UserInformationOfAUrlIsForItsOrigin) {
  UpstreamCredentials all;
  all.add_from(*Url::parse("https://u%40x:p%3Aq@pypi.example/simple/"));
  all.add_from(*Url::parse("https://open.example/simple/"));
  EXPECT_EQ(all.size(), 1U);
  EXPECT_EQ(found(all, "https://pypi.example/other"), "https://pypi.example u@x:p:q");
}

class CredentialsFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "bodega-credentials-XXXXXX";
    const int fd = mkstemp(name.data());
    ASSERT_GE(fd, 0);
    close(fd);
    path = name;
    std::ofstream(path) << "machine a login b password c\n";
  }
  void TearDown() override { std::filesystem::remove(path); }

  std::filesystem::path path;
  testing::MemoryLog log;
};

TEST_F(CredentialsFile, IsReadSilentlyWhenOnlyWeMay) {
  chmod(path.c_str(), 0600);
  const auto all = load_upstream_credentials(path, log);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 1U);
  EXPECT_TRUE(log.events().empty());
}

TEST_F(CredentialsFile, WarnsWhenOthersMayReadIt) {
  for (const mode_t mode : {0640U, 0604U}) {
    chmod(path.c_str(), mode);
    ASSERT_TRUE(load_upstream_credentials(path, log));
  }
  EXPECT_EQ(log.events("upstream.credentials_readable").size(), 2U);
}

TEST_F(CredentialsFile, FailsByNameWhenMissingOrBroken) {
  std::ofstream(path) << "machine\n";
  EXPECT_EQ(load_upstream_credentials(path, log).error().code, Code::invalid);
  std::filesystem::remove(path);
  EXPECT_EQ(load_upstream_credentials(path, log).error().code, Code::not_found);
  std::ofstream(path) << "";
}

TEST(UpstreamCredentials, AUrlsOwnComeFirst) {
  UpstreamCredentials all;
  all.add({"https://pypi.example", "alice", Secret("s3cret")});
  const auto own = all.of(*Url::parse("https://bob:his@pypi.example/simple/"));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->origin, "https://pypi.example");
  EXPECT_EQ(own->user, "bob");
  EXPECT_EQ(own->password.reveal(), "his");
  EXPECT_EQ(all.of(*Url::parse("https://pypi.example/simple/"))->user, "alice");
  EXPECT_FALSE(all.of(*Url::parse("https://other.example/")));
}

}  // namespace
}  // namespace bodega::cache
