#include "pypi/index/mirror.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

struct Named {
  const char* mirror;
  const char* file;
  http::PrivateAddresses is;
};
constexpr auto kRefuse = http::PrivateAddresses::refuse;
constexpr auto kAllow = http::PrivateAddresses::allow;
constexpr auto kOwn = http::PrivateAddresses::configured;

TEST(MayBePrivate, OnlyWhereTheMirrorItselfIsOrTheOperatorSaidSo) {
  const std::vector<std::string> named = {"files.corp.example", "*.lab.example", "10.1.2.3"};
  const Named table[] = {
      {"https://pypi.org/simple/", "https://files.pythonhosted.org/packages/x.whl", kRefuse},
      {"https://pypi.org/simple/", "http://127.0.0.1:8080/x.whl", kRefuse},
      {"https://pypi.org/simple/", "http://169.254.169.254/latest/meta-data/", kRefuse},
      {"https://pypi.org/simple/", "http://localhost/x.whl", kRefuse},
      {"https://pypi.org/simple/", "http://pypi.org.evil.test/x.whl", kRefuse},
      {"https://pypi.org/simple/", "https://pypi.org:8443/x.whl", kOwn},
      {"http://nexus.lan/simple/", "http://nexus.lan:8081/x.whl", kOwn},
      {"http://nexus.lan/simple/", "http://files.lan/x.whl", kRefuse},
      {"http://nexus.lan/simple/", "http://files.corp.example/x.whl", kAllow},
      {"http://nexus.lan/simple/", "http://a.lab.example/x.whl", kAllow},
      {"http://nexus.lan/simple/", "http://lab.example/x.whl", kRefuse},
      {"http://nexus.lan/simple/", "http://10.1.2.3/x.whl", kAllow},
      {"http://nexus.lan/simple/", "http://10.1.2.4/x.whl", kRefuse},
      {"http://169.254.1.1/simple/", "http://169.254.1.1/x.whl", kOwn},
      {"http://169.254.1.1/simple/", "http://169.254.169.254/x.whl", kAllow},  // which the client refuses
      {"http://10.0.0.1/simple/", "http://10.0.0.2/x.whl", kAllow},
      {"http://[fd00::1]/simple/", "http://files.lan/x.whl", kAllow},
      {"http://localhost:3141/root/pypi/+simple/", "http://127.0.0.1:1234/x.whl", kAllow},
      {"http://8.8.8.8/simple/", "http://10.0.0.2/x.whl", kRefuse},
      {"http://localhost.evil.test/simple/", "http://10.0.0.2/x.whl", kRefuse},
  };
  for (const auto& row : table) {
    EXPECT_EQ(may_be_private(Url::parse(row.mirror).value(), Url::parse(row.file).value(), named), row.is) << row.mirror << " " << row.file;
  }
}

}  // namespace
}  // namespace bodega::pypi
