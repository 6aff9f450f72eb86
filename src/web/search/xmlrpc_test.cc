#include "web/search/xmlrpc.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

// What Python's xmlrpc.client sends.
constexpr const char* kCall = R"(<?xml version='1.0'?>
<methodCall>
<methodName>search</methodName>
<params>
<param>
<value><struct>
<member>
<name>name</name>
<value><array><data>
<value><string>a &amp; b&#xe9;</string></value>
</data></array></value>
</member>
<member>
<name>summary</name>
<value><array><data><value>plain</value></data></array></value>
</member>
</struct></value>
</param>
<param>
<value><string>or</string></value>
</param>
</params>
</methodCall>
)";

TEST(XmlRpc, ReadsWhatPythonSends) {
  const auto call = parse_xmlrpc(kCall);
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_EQ(call->method, "search");
  ASSERT_EQ(call->params.size(), 2U);
  EXPECT_EQ(call->params[0].find("name")->items.at(0).second.text, "a & b\xc3\xa9");
  EXPECT_EQ(call->params[0].find("summary")->items.at(0).second.text, "plain");
  EXPECT_EQ(call->params[0].find("version"), nullptr);
  EXPECT_EQ(call->params[1].text, "or");
}

TEST(XmlRpc, EmptyElementsAndNoParams) {
  EXPECT_TRUE(parse_xmlrpc("<methodCall><methodName>x</methodName></methodCall>"));
  EXPECT_TRUE(parse_xmlrpc("<methodCall><methodName>x</methodName><params/></methodCall>"));
  const auto call = parse_xmlrpc(
      "<methodCall><methodName> x </methodName><params><param><value/></param><param><value><struct/></value></param>"
      "<param><value><array><data/></array></value></param><param><value><int>5</int></value></param></params></methodCall>");
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_EQ(call->method, "x");
  EXPECT_EQ(call->params.at(3).text, "5");
}

TEST(XmlRpc, RefusesWhatIsNoCall) {
  const std::string head = "<methodCall><methodName>x</methodName>";
  for (const auto& xml : {std::string(), std::string("<"), std::string("<methodCall>"), head, head + "</methodCall>x", head + "<params>",
                          std::string("<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall><methodName>&b;</methodName></methodCall>"),
                          std::string("<methodCall><methodName>&b;</methodName></methodCall>"),
                          std::string("<methodCall><methodName>&#0;</methodName></methodCall>"),
                          std::string("<methodCall><methodName>&#xd800;</methodName></methodCall>"),
                          std::string("<methodCall><methodName>&#99999999;</methodName></methodCall>"),
                          std::string("<methodCall><methodName>\xff</methodName></methodCall>"),
                          std::string("<methodCall a='b'><methodName>x</methodName></methodCall>"),
                          head + "<params><param><value><thing>x</thing></value></param></params></methodCall>",
                          head + "<!-- x --></methodCall>", std::string(kMaxXmlRpcBytes + 1, ' ')}) {
    EXPECT_FALSE(parse_xmlrpc(xml)) << xml.substr(0, 80);
  }
}

TEST(XmlRpc, DepthIsBounded) {
  std::string deep = "<methodCall><methodName>x</methodName><params><param>";
  for (int i = 0; i < 1000; ++i) deep += "<value><array><data>";
  const auto call = parse_xmlrpc(deep);
  ASSERT_FALSE(call);
  EXPECT_NE(call.error().message.find("deep"), std::string::npos);
}

TEST(XmlRpc, WritesWhatDevpiWrites) {
  EXPECT_EQ(xmlrpc_hits({{"Hello.Pkg", "[alice/dev] <b>", "1.1a1", 2}}),
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n<value><struct>\n"
            "<member>\n<name>name</name>\n<value><string>Hello.Pkg</string></value>\n</member>\n"
            "<member>\n<name>summary</name>\n<value><string>[alice/dev] &lt;b&gt;</string></value>\n</member>\n"
            "<member>\n<name>version</name>\n<value><string>1.1a1</string></value>\n</member>\n"
            "<member>\n<name>_pypi_ordering</name>\n<value><double>2.000000</double></value>\n</member>\n"
            "</struct></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n");
  EXPECT_EQ(xmlrpc_fault("no \x01"),
            "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n"
            "<value><int>1</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>no </string></value>\n</member>\n"
            "</struct></value>\n</fault>\n</methodResponse>\n");
}

}  // namespace
}  // namespace bodega::web
