#include "http/client_error.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "http/client_address.h"
#include "http/client_proxy.h"
#include "http/client_redirect.h"

namespace bodega::http {
namespace {

Url url(std::string_view text) { return *Url::parse(text); }

TEST(ClientError, EveryCurlFailureHasAKindAndASentence) {
  struct Case {
    int code;
    long os_errno;
    const char* text;
    FetchFailure kind;
    const char* message;
  };
  const Case cases[] = {
      {CURLE_COULDNT_RESOLVE_HOST, 0, "Could not resolve host: pypi.org", FetchFailure::resolve,
       "the upstream pypi.org could not be resolved"},
      {CURLE_COULDNT_RESOLVE_PROXY, 0, "", FetchFailure::resolve, "the proxy for pypi.org could not be resolved"},
      {CURLE_COULDNT_CONNECT, ECONNREFUSED, "", FetchFailure::connect, "the upstream pypi.org refused the connection"},
      {CURLE_COULDNT_CONNECT, ENETUNREACH, "", FetchFailure::connect, "the upstream pypi.org cannot be reached from here: no route"},
      {CURLE_COULDNT_CONNECT, 0, "", FetchFailure::connect, "the upstream pypi.org could not be connected to"},
      {CURLE_OPERATION_TIMEDOUT, 0, "", FetchFailure::timeout, "the upstream pypi.org did not answer in time"},
      {CURLE_SSL_CONNECT_ERROR, 0, "", FetchFailure::connect, "no TLS connection to pypi.org came about"},
      {CURLE_PEER_FAILED_VERIFICATION, 0, "SSL certificate problem: certificate has expired", FetchFailure::tls,
       "the certificate of pypi.org is not valid: certificate has expired"},
      {CURLE_PEER_FAILED_VERIFICATION, 0, "SSL: no alternative certificate subject name matches target host name 'pypi.org'",
       FetchFailure::tls,
       "the certificate of pypi.org is not valid: no alternative certificate subject name matches target host name 'pypi.org'"},
      {CURLE_PEER_FAILED_VERIFICATION, 0, "", FetchFailure::tls, "the certificate of pypi.org is not valid: it cannot be verified"},
      {CURLE_SSL_CACERT_BADFILE, 0, "error setting certificate file: /etc/ssl/x.crt", FetchFailure::tls,
       "the certificate of pypi.org cannot be checked: no CA certificates here"},
      {CURLE_GOT_NOTHING, 0, "", FetchFailure::cut, "the upstream pypi.org closed the connection without an answer"},
      {CURLE_PARTIAL_FILE, 0, "", FetchFailure::cut, "the upstream pypi.org cut its answer off"},
      {CURLE_RECV_ERROR, 0, "", FetchFailure::cut, "the upstream pypi.org broke the connection"},
      {CURLE_RECV_ERROR, 0, "CONNECT tunnel failed, response 403", FetchFailure::connect, "the proxy refuses to connect to pypi.org"},
      {CURLE_HTTP2_STREAM, 0, "", FetchFailure::cut, "the upstream pypi.org reset the stream"},
      {CURLE_WEIRD_SERVER_REPLY, 0, "", FetchFailure::protocol, "the upstream pypi.org answered in broken HTTP"},
      {CURLE_OUT_OF_MEMORY, 0, "", FetchFailure::other, "the upstream pypi.org could not be asked"},
  };
  for (const auto& c : cases) {
    const Error error = curl_error({c.code, c.os_errno, c.text}, url("https://user:hunter2@pypi.org/secret?token=1"));
    EXPECT_EQ(failure_of(error), c.kind) << c.code;
    EXPECT_EQ(error.message, c.message);
    EXPECT_EQ(error.code, c.kind == FetchFailure::timeout ? Code::upstream_timeout : Code::upstream_failed) << c.code;
    EXPECT_EQ(error.describe().find("hunter2"), std::string::npos);
    EXPECT_NE(error.context.find("curl " + std::to_string(c.code)), std::string::npos);
  }
}

TEST(ClientError, TheKindSurvivesFramesAndStrangeErrors) {
  for (const auto kind : kFetchFailures) {
    EXPECT_EQ(failure_of(fetch_error(kind, "x", "detail: with colon").with_context("fetching flask")), kind);
    EXPECT_NE(to_string(kind), "");
  }
  EXPECT_EQ(failure_of(Error{Code::upstream_timeout, "x", "", {}}), FetchFailure::timeout);
  EXPECT_EQ(failure_of(Error{Code::upstream_failed, "x", "", {}}), FetchFailure::other);
  EXPECT_EQ(failure_of(Error{Code::io, "x", "pwrite: disk", {}}), FetchFailure::other);
}

TEST(ClientError, UpstreamsAreNamedByHostAndUnusualPort) {
  EXPECT_EQ(upstream_name(url("https://u:p@pypi.org/x?y")), "pypi.org");
  EXPECT_EQ(upstream_name(url("http://pypi.org:443/")), "pypi.org:443");
  EXPECT_EQ(upstream_name(url("http://[::1]:3141/")), "[::1]:3141");
}

TEST(ClientAddress, OnlyThePublicInternetIsNotPrivate) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.255",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "198.18.0.1",
                           "192.0.2.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::1",
                           "::",
                           "fe80::1",
                           "fe80::1%eth0",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001:db8::1",
                           "::ffff:10.0.0.1",
                           "::ffff:127.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "64:ff9b::a9fe:a9fe",
                           "2002:7f00:1::",
                           "2002:c0a8:101::1",
                           "",
                           "nonsense",
                           "127.1",
                           "0x7f000001",
                           "2130706433",
                           "1.2.3"}) {
    EXPECT_TRUE(is_private_address(std::string_view(text))) << text;
  }
  for (const char* text : {"8.8.8.8", "151.101.0.223", "172.15.255.255", "172.32.0.0", "192.167.255.255", "100.63.255.255", "100.128.0.0",
                           "2a04:4e42::223", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_FALSE(is_private_address(std::string_view(text))) << text;
  }
}

TEST(ClientAddress, WhereCloudsAndLinksAnswerForTheMachine) {
  for (const char* text :
       {"169.254.0.1", "169.254.169.254", "fe80::1", "febf::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200",
        "192.0.0.192", "168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"}) {
    EXPECT_TRUE(is_metadata_address(std::string_view(text))) << text;
  }
  for (const char* text : {"10.0.0.1", "127.0.0.1", "169.253.0.1", "100.100.100.201", "fd00::1", "fec0::1", "2606:4700::1", "", "name"}) {
    EXPECT_FALSE(is_metadata_address(std::string_view(text))) << text;
  }
}

TEST(ClientAddress, OnlyAnUpstreamThatSaysSoIsLinkLocal) {
  constexpr auto refuse = PrivateAddresses::refuse, allow = PrivateAddresses::allow, configured = PrivateAddresses::configured;
  struct Case {
    PrivateAddresses allowed;
    const char* first_host;
    bool foreign;
    const char* address;
    bool may;
  };
  const Case table[] = {
      {configured, "169.254.1.1", false, "169.254.1.1", true},
      {configured, "[fe80::1]", false, "fe80::1%eth0", true},
      {configured, "name.test", false, "169.254.169.254", false},
      {configured, "name.test", false, "10.0.0.1", true},
      {configured, "name.test", true, "10.0.0.1", false},
      {configured, "169.254.1.1", true, "10.0.0.1", false},
      {allow, "169.254.169.254", false, "169.254.169.254", false},
      {allow, "name.test", false, "10.0.0.1", true},
      {refuse, "169.254.169.254", false, "169.254.169.254", false},
      {refuse, "name.test", false, "10.0.0.1", false},
      {refuse, "name.test", false, "8.8.8.8", true},
      {configured, "name.test", true, "8.8.8.8", true},
  };
  for (const auto& row : table) {
    EXPECT_EQ(refusal_of(reach_of(row.allowed, row.first_host, row.foreign), row.address) == nullptr, row.may)
        << row.first_host << " " << row.address;
  }
}

TEST(ClientProxy, NoProxyRules) {
  struct Case {
    const char* url;
    const char* no_proxy;
    bool direct;
  };
  const Case cases[] = {
      {"https://pypi.org/", "", false},
      {"https://pypi.org/", "*", true},
      {"https://pypi.org/", "pypi.org", true},
      {"https://pypi.org/", "PyPI.org", true},
      {"https://pypi.org/", ".org", true},
      {"https://pypi.org/", "org", true},
      {"https://files.pypi.org/", "pypi.org", true},
      {"https://files.pypi.org/", ".pypi.org", true},
      {"https://notpypi.org/", "pypi.org", false},
      {"https://pypi.org.evil/", "pypi.org", false},
      {"https://pypi.org/", "a, b ,pypi.org", true},
      {"https://pypi.org/", "a b pypi.org", true},
      {"https://pypi.org/", ",,", false},
      {"https://pypi.org/", "pypi.org:443", true},
      {"https://pypi.org/", "pypi.org:8443", false},
      {"http://pypi.org:8080/", "pypi.org:8080", true},
      {"http://10.1.2.3/", "10.0.0.0/8", true},
      {"http://11.1.2.3/", "10.0.0.0/8", false},
      {"http://10.1.2.3/", "10.1.2.3", true},
      {"http://10.1.2.3/", "1.2.3", false},
      {"http://10.1.2.3:81/", "10.1.2.3:81", true},
      {"http://[::1]:3141/", "::1", true},
      {"http://[::1]:3141/", "[::1]:3141", true},
      {"http://[::1]:3141/", "[::1]:3142", false},
      {"http://[fd00::5]/", "fd00::/8", true},
      {"http://10.1.2.3/", "nonsense/99", false},
      {"http://x/", ":", false},
      {"http://x/", ".", false},
      {"http://x/", "]:1", false},
  };
  for (const auto& c : cases) EXPECT_EQ(bypasses_proxy(url(c.url), c.no_proxy), c.direct) << c.url << " with " << c.no_proxy;
}

TEST(ClientProxy, TheEnvironmentIsReadAsCurlReadsIt) {
  const auto settings = [](std::map<std::string, std::string> environment) {
    return proxies_of([environment](const char* name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    });
  };
  const auto both = settings({{"http_proxy", "http://a"}, {"HTTPS_PROXY", "http://b"}, {"NO_PROXY", "x"}});
  EXPECT_EQ(proxy_for(url("http://y/"), both), "http://a");
  EXPECT_EQ(proxy_for(url("https://y/"), both), "http://b");
  EXPECT_EQ(proxy_for(url("https://x/"), both), "");
  EXPECT_EQ(proxy_for(url("http://y/"), settings({{"HTTP_PROXY", "http://attacker"}})), "");  // CVE-2016-5385
  EXPECT_EQ(proxy_for(url("https://y/"), settings({{"https_proxy", "http://lower"}, {"HTTPS_PROXY", "http://upper"}})), "http://lower");
  EXPECT_EQ(proxy_for(url("https://y/"), settings({{"ALL_PROXY", "socks5h://s"}})), "socks5h://s");
  EXPECT_EQ(proxy_for(url("https://y/"), settings({{"https_proxy", ""}, {"ALL_PROXY", ""}})), "");
}

TEST(ClientRedirect, OnlyWhatCanBeRepeatedIsFollowed) {
  const Headers there = {{"Location", "/x"}};
  for (const int status : {301, 302, 303, 307, 308}) {
    EXPECT_TRUE(is_followed("GET", status, there));
    EXPECT_TRUE(is_followed("HEAD", status, there));
    EXPECT_FALSE(is_followed("POST", status, there));
    EXPECT_FALSE(is_followed("GET", status, {}));
    EXPECT_FALSE(is_followed("GET", status, {{"Location", ""}}));
  }
  for (const int status : {200, 300, 304, 305, 306, 404}) EXPECT_FALSE(is_followed("GET", status, there)) << status;
}

TEST(ClientRedirect, TargetsAreResolvedAndChecked) {
  struct Case {
    const char* from;
    const char* location;
    const char* to;  // nullptr: refused
  };
  const Case cases[] = {
      {"https://a/simple/Flask", "/simple/flask/", "https://a/simple/flask/"},
      {"https://a/simple/Flask", "flask/", "https://a/simple/flask/"},
      {"https://a/x", "https://b/y", "https://b/y"},
      {"https://a/x", "//b/y", "https://b/y"},
      {"http://a/x", "https://a/x", "https://a/x"},
      {"https://a/x", "http://a/x", nullptr},
      {"https://a/x", "http://b/x", nullptr},
      {"https://a/x", "file:///etc/passwd", nullptr},
      {"https://a/x", "ftp://a/x", nullptr},
      {"https://a/x", "https://", nullptr},
      {"https://a/x", "ht tp://a", nullptr},
  };
  for (const auto& c : cases) {
    FetchRequest request;
    request.url = url(c.from);
    const auto followed = follow_redirect(request, c.location, 0);
    EXPECT_EQ(followed.has_value(), c.to != nullptr) << c.location;
    if (c.to != nullptr) {
      EXPECT_EQ(request.url.text(), c.to);
    } else {
      EXPECT_EQ(failure_of(followed.error()), FetchFailure::policy);
    }
  }
}

TEST(ClientRedirect, SecretsStayAtTheirOriginForGood) {
  FetchRequest request;
  request.url = url("https://a/x");
  request.credentials = Credentials{"https://a", "u", Secret("p")};
  request.headers = {{"authorization", "Bearer t"}, {"Cookie", "c"}, {"Accept", "x"}};
  ASSERT_TRUE(follow_redirect(request, "/y", 0));
  EXPECT_TRUE(request.credentials);
  EXPECT_TRUE(request.headers.has("Authorization"));
  ASSERT_TRUE(follow_redirect(request, "https://evil:pw@a:8443/y", 1));
  EXPECT_FALSE(request.credentials);
  EXPECT_FALSE(request.headers.has("Authorization"));
  EXPECT_FALSE(request.headers.has("Cookie"));
  EXPECT_TRUE(request.headers.has("Accept"));
  EXPECT_EQ(request.url.user, "");
  EXPECT_TRUE(request.url.password.empty());
  ASSERT_TRUE(follow_redirect(request, "https://a/z", 2));
  EXPECT_FALSE(request.credentials);
  ASSERT_TRUE(follow_redirect(request, "/5", 4));
  EXPECT_FALSE(follow_redirect(request, "/6", 5));
}

}  // namespace
}  // namespace bodega::http
