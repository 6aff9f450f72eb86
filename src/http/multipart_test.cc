#include "http/multipart.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

const std::string kType = "multipart/form-data; boundary=XyZ";

// The whole form as text: "name[filename]<type>:data|...", "!" and the code when it is refused, "?" when it does not end.
std::string read(const std::string& body, std::size_t step, FormLimits limits = {}, const std::string& type = kType) {
  auto parser = MultipartParser::make(type, limits);
  if (!parser) return "type!";
  std::string seen;
  bool ended = false;
  for (std::size_t at = 0; at < body.size(); at += step) {
    parser->feed(std::string_view(body).substr(at, step));
    while (true) {
      const auto event = parser->next();
      if (!event) return "!" + std::string(to_string(event.error().code));
      if (event->kind == FormEvent::Kind::need_more) break;
      if (event->kind == FormEvent::Kind::part) {
        seen += event->part.name;
        if (event->part.filename) seen += "[" + *event->part.filename + "]";
        if (!event->part.content_type.empty()) seen += "<" + event->part.content_type + ">";
        seen += ":";
      }
      if (event->kind == FormEvent::Kind::data) {
        EXPECT_FALSE(event->data.empty());
        seen += event->data;
      }
      if (event->kind == FormEvent::Kind::part_end) seen += "|";
      if (event->kind == FormEvent::Kind::end) ended = true;
    }
  }
  EXPECT_EQ(ended, parser->finish().has_value());
  return ended ? seen : seen + "?";
}

std::string part(const std::string& disposition, const std::string& data) {
  return "--XyZ\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + data + "\r\n";
}

const std::string kForm =
    "--XyZ\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nfile_upload\r\n"
    "--XyZ  \r\ncontent-disposition:form-data;name=empty\r\n\r\n\r\n"
    "--XyZ\r\nContent-Type: application/zip\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a \\\"b\\\".whl\"\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n\r\n--Xy\r\n--\r\r\n-\r\n--XyQ\r\n\r\n"
    "--XyZ--\r\nepilogue --XyZ";
const std::string kSeen = ":action:file_upload|empty:|content[a \"b\".whl]<application/zip>:\r\n--Xy\r\n--\r\r\n-\r\n--XyQ\r\n|";

TEST(Multipart, ReadsAFormAtEverySplit) {
  for (std::size_t step = 1; step <= kForm.size(); ++step) ASSERT_EQ(read(kForm, step), kSeen) << step;
}

TEST(Multipart, ACutFormDoesNotEnd) {
  const auto whole = kForm.find("--XyZ--") + 7;
  for (std::size_t length = 0; length < whole; ++length) {
    const auto seen = read(kForm.substr(0, length), 5);
    ASSERT_TRUE(seen.ends_with("?")) << length << " " << seen;
  }
}

TEST(Multipart, PreamblesOfOldClientsAreSkipped) {
  const auto form = part("name=a", "1") + "--XyZ--";
  EXPECT_EQ(read("\r\n" + form, 1), "a:1|");
  EXPECT_EQ(read("a preamble\r\n" + form, 3), "a:1|");
  EXPECT_EQ(read("x--XyZ\r\n" + form, 64), "a:1|");  // not at the beginning of a line
  EXPECT_EQ(read(std::string(5000, 'x') + "\r\n" + form, 64), "!invalid");
  EXPECT_EQ(read("--XyZ--", 1), "");
}

TEST(Multipart, APartMayEndAtOnce) {
  EXPECT_EQ(read("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n--XyZ--\r\n", 1), "a:|");
  EXPECT_EQ(read("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n--XyZ--\r\n", 500), "a:|");
}

TEST(Multipart, NamesComeInSeveralForms) {
  EXPECT_EQ(read(part("name=\"a;b=c\"; filename=\"C:\\dir\\f.whl\"", "x") + "--XyZ--", 9), "a;b=c[C:\\dir\\f.whl]:x|");
  EXPECT_EQ(read(part("name=a; filename*=utf-8''%C3%A4.whl", "x") + "--XyZ--", 9), "a[\xc3\xa4.whl]:x|");
  EXPECT_EQ(read(part("name=a; filename=old; filename*=UTF-8'en'new", "x") + "--XyZ--", 9), "a[new]:x|");
  EXPECT_EQ(read(part("name=\"\xc3\xa4\"; filename=\"\";", "x") + "--XyZ--", 9), "\xc3\xa4[]:x|");
}

TEST(Multipart, BrokenFormsAreRefused) {
  const std::string end = "--XyZ--";
  for (const auto& body : {
           part("filename=a", "x"),
           part("name=a; name=b", "x"),
           part("name=\"a", "x"),
           part("name=a b", "x"),
           part("name", "x"),
           part("name=\"a\"x", "x"),
           part("name=\"\x01\"", "x"),
           part("name=a; filename*=latin1''x", "x"),
           part("name=a; filename*=utf-8''%0a", "x"),
           part("name=a; filename*=utf-8''%zz", "x"),
           part("name=a\r\nContent-Disposition: form-data; name=b", "x"),
           part("name=a\r\nContent-Transfer-Encoding: base64", "x"),
           part("name=a\r\n folded", "x"),
           part("name=a\r\nno colon", "x"),
           part("name=a\nX: y", "x"),
           std::string("--XyZ\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n"),
           std::string("--XyZ\r\nContent-Type: text/plain\r\n\r\nx\r\n"),
           std::string("--XyZ\r\n\r\nx\r\n"),
           std::string("--XyZ\r\n\r\n\r\n"),
           std::string("--XyZx\r\n"),
           std::string("--XyZ\n"),
           std::string("--XyZ -\r\n"),
           std::string("--XyZ" + std::string(100, ' ') + "\r\n"),
       }) {
    EXPECT_EQ(read(body + end, 1), "!invalid") << body;
    EXPECT_EQ(read(body + end, 1000), "!invalid") << body;
  }
}

TEST(Multipart, LimitsHold) {
  FormLimits limits;
  limits.parts = 3;
  limits.field_bytes = 10;
  limits.head_bytes = 100;
  const std::string end = "--XyZ--";
  EXPECT_EQ(read(part("name=a", "1") + part("name=a", "2") + part("name=a", "3") + end, 7, limits), "a:1|a:2|a:3|");
  EXPECT_EQ(read(part("name=a", "1") + part("name=a", "2") + part("name=a", "3") + part("name=a", "4") + end, 7, limits), "!too_large");
  EXPECT_EQ(read(part("name=a", "12345") + part("name=b", "12345") + end, 7, limits), "a:12345|b:12345|");
  EXPECT_EQ(read(part("name=a", "12345") + part("name=b", "123456") + end, 7, limits), "!too_large");
  EXPECT_EQ(read(part("name=a; filename=f", std::string(100, 'x')) + end, 7, limits), "a[f]:" + std::string(100, 'x') + "|");
  EXPECT_EQ(read(part("name=" + std::string(200, 'x'), "") + end, 7, limits), "!too_large");
  EXPECT_EQ(read("--XyZ\r\nX: " + std::string(500, 'x'), 7, limits), "!too_large");
}

// A head or a preamble just within its limit was refused when it arrived in small pieces.
TEST(Multipart, LimitsDoNotDependOnHowTheBytesArrive) {
  FormLimits limits;
  limits.head_bytes = 100;
  const auto check = [&limits](const std::string& form, bool good) {
    for (const std::size_t step : {form.size(), std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
      EXPECT_EQ(read(form, step, limits).starts_with('!'), !good) << form.size() << " bytes by " << step;
    }
  };
  const std::string before = "\r\nContent-Disposition: form-data; name=n";
  for (std::size_t length = 90; length <= 110; ++length) {
    check("--XyZ" + before + std::string(length - before.size(), 'n') + "\r\n\r\nx\r\n--XyZ--", length <= limits.head_bytes);
  }
  for (std::size_t length = 1015; length <= 1035; ++length) {
    check(std::string(length, 'p') + "\r\n" + part("name=n", "x") + "--XyZ--", length <= 1024);
  }
}

TEST(Multipart, BoundariesAreChecked) {
  for (const char* type :
       {"", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/mixed; boundary=a", "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\"a\r\nb\"",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a\xff"}) {
    EXPECT_FALSE(MultipartParser::make(type)) << type;
  }
  EXPECT_FALSE(MultipartParser::make("multipart/form-data; boundary=" + std::string(71, 'a')));
  EXPECT_TRUE(MultipartParser::make("multipart/form-data; boundary=" + std::string(70, 'a')));
  EXPECT_EQ(read("--a b?\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a b?--", 2, {},
                 "Multipart/Form-Data;charset=utf-8; Boundary=\"a b?\""),
            "x:1|");
}

TEST(Multipart, LargeFilesPassWithoutBeingKept) {
  auto parser = MultipartParser::make(kType);
  parser->feed("--XyZ\r\nContent-Disposition: form-data; name=content; filename=f\r\n\r\n");
  ASSERT_EQ(parser->next()->kind, FormEvent::Kind::part);
  std::string piece;
  for (std::size_t i = 0; i < 100'000; ++i) piece += static_cast<char>(i * 7);
  std::uint64_t fed = 0;
  std::uint64_t seen = 0;
  for (int i = 0; i < 50; ++i) {
    parser->feed(piece);
    fed += piece.size();
    for (auto event = parser->next(); event && event->kind == FormEvent::Kind::data; event = parser->next()) seen += event->data.size();
    ASSERT_LE(fed - seen, 8U);  // never more than a beginning of the delimiter is held
  }
}

TEST(UrlEncoded, FieldsAreDecoded) {
  const auto fields = parse_urlencoded("a=1&b=x+y%26z&&c&=d&e=");
  ASSERT_TRUE(fields);
  const FormFields expected = {{"a", "1"}, {"b", "x y&z"}, {"c", ""}, {"", "d"}, {"e", ""}};
  EXPECT_EQ(*fields, expected);
  EXPECT_TRUE(parse_urlencoded("")->empty());
  EXPECT_EQ(parse_urlencoded("a=%").error().code, Code::invalid);
  EXPECT_EQ(parse_urlencoded("%zz=1").error().code, Code::invalid);
  EXPECT_EQ(parse_urlencoded(std::string(1001, '&')).error().code, Code::too_large);
  EXPECT_EQ(parse_urlencoded("a=12345678901", {10, 10, 10}).error().code, Code::too_large);
}

}  // namespace
}  // namespace bodega::http
