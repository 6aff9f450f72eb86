#include "pypi/format/page_render.h"

#include <gtest/gtest.h>

#include "pypi/format/links.h"
#include "pypi/format/test_pages.h"

namespace bodega::pypi {
namespace {

void relative(std::string& out, const PageFile& file) {
  out += "../../";
  append_link(out, file);
}

TEST(PageRender, JsonHasEveryKey) {
  EXPECT_EQ(render_json(full_page(), relative),
            "{\"meta\":{\"_last-serial\":12345678901,\"api-version\":\"1.4\"},\"name\":\"foo-bar\","
            "\"project-status\":{\"status\":\"archived\",\"reason\":\"done & "
            "\\\"dusted\\\"\"},\"versions\":[\"1.0rc1\",\"1.0\",\"2.0\"],\"files\":["
            "{\"filename\":\"foo_bar-1.0-py3-none-any.whl\",\"url\":\"../../+f/packages/aa/bb/" +
                std::string(60, 'd') + "/foo_bar-1.0-py3-none-any.whl\",\"hashes\":{\"sha256\":\"" + std::string(64, 'a') +
                "\"},\"requires-python\":\">=3.8,<4\",\"core-metadata\":{\"sha256\":\"" + std::string(64, 'b') +
                "\"},\"yanked\":false,\"size\":1234,\"upload-time\":\"2024-01-02T03:04:05.123456Z\","
                "\"provenance\":\"https://index.test/integrity/foo-bar/1.0/x/provenance\"},"
                "{\"filename\":\"foo-bar-2.0.tar.gz\",\"url\":\"../../+f/eee/eeeeeeeeeeeee/foo-bar-2.0.tar.gz\",\"hashes\":{\"md5\":\"" +
                std::string(32, 'c') + "\",\"sha256\":\"" + std::string(64, 'E') +
                "\"},\"core-metadata\":true,\"yanked\":\"bad <b> & \\\"worse\\\"\\nreally\",\"size\":0,\"gpg-sig\":true},"
                "{\"filename\":\"foo-bar-3.0+local.zip\",\"url\":\"../../+e/https_files.test_x/"
                "foo-bar-3.0+local.zip\",\"hashes\":{},\"yanked\":true,"
                "\"size\":18446744073709551615},"
                "{\"filename\":\"foo-bar-4.0.tar.gz\",\"url\":\"../../+f/fff/fffffffffffff/foo-bar-4.0.tar.gz\",\"hashes\":{\"sha256\":\"" +
                std::string(64, 'f') + "\"},\"requires-python\":\"\",\"yanked\":false,\"size\":7}]}");
}

TEST(PageRender, HtmlIsFrozenAt14) {
  const std::string b(64, 'b');
  EXPECT_EQ(render_html(full_page(), relative),
            "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.4\">\n"
            "    <meta name=\"pypi:project-status\" content=\"archived\">\n"
            "    <meta name=\"pypi:project-status-reason\" content=\"done &amp; &quot;dusted&quot;\">\n"
            "    <title>Links for foo-bar</title>\n  </head>\n  <body>\n    <h1>Links for foo-bar</h1>\n"
            "<a href=\"../../+f/packages/aa/bb/" +
                std::string(60, 'd') + "/foo_bar-1.0-py3-none-any.whl#sha256=" + std::string(64, 'a') +
                "\" data-requires-python=\"&gt;=3.8,&lt;4\" data-dist-info-metadata=\"sha256=" + b + "\" data-core-metadata=\"sha256=" + b +
                "\" data-provenance=\"https://index.test/integrity/foo-bar/1.0/x/provenance\">foo_bar-1.0-py3-none-any.whl</a><br />\n"
                "<a href=\"../../+f/eee/eeeeeeeeeeeee/foo-bar-2.0.tar.gz#sha256=" +
                std::string(64, 'E') +
                "\" data-yanked=\"bad &lt;b&gt; &amp; &quot;worse&quot;&#10;really\" data-dist-info-metadata=\"true\" "
                "data-core-metadata=\"true\" "
                "data-gpg-sig=\"true\">foo-bar-2.0.tar.gz</a><br />\n"
                "<a href=\"../../+e/https_files.test_x/foo-bar-3.0+local.zip\" data-yanked=\"\">foo-bar-3.0+local.zip</a><br />\n"
                "<a href=\"../../+f/fff/fffffffffffff/foo-bar-4.0.tar.gz#sha256=" +
                std::string(64, 'f') +
                "\" data-requires-python=\"\">foo-bar-4.0.tar.gz</a><br />\n"
                "</body>\n</html>\n<!--SERIAL 12345678901-->");
}

TEST(PageRender, AFileWithoutSizeMakesItApiVersionOneZero) {
  ProjectPage page = full_page();
  page.files[0].size.reset();
  const std::string json = render_json(page, relative);
  EXPECT_NE(json.find("\"api-version\":\"1.0\""), std::string::npos);
  EXPECT_NE(json.find("\"versions\":["), std::string::npos);
  EXPECT_NE(json.find("\"upload-time\":"), std::string::npos);
}

TEST(PageRender, QuarantinedShowsNoFiles) {
  ProjectPage page = full_page();
  page.status = ProjectStatus{"quarantined", "malware"};
  EXPECT_NE(render_json(page, relative).find("\"files\":[]"), std::string::npos);
  EXPECT_NE(render_json(page, relative).find("\"reason\":\"malware\""), std::string::npos);
  EXPECT_EQ(render_html(page, relative).find("<a "), std::string::npos);
}

TEST(PageRender, EmptyPage) {
  ProjectPage page;
  page.name = "foo";
  EXPECT_EQ(render_json(page, relative), "{\"meta\":{\"api-version\":\"1.4\"},\"name\":\"foo\",\"versions\":[],\"files\":[]}");
  EXPECT_EQ(render_html(page, relative).find("SERIAL"), std::string::npos);
}

TEST(PageRender, HostileTextCannotLeaveItsPlace) {
  ProjectPage page = full_page();
  page.files.resize(1);
  page.files[0].filename = "a\"><script>x</script>-1.zip";
  page.files[0].yanked = std::string("\x01\x02\"'<>&\xff\n\r", 10);
  page.status->reason = "\"><script>";
  const std::string html = render_html(page, relative);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find('\x01'), std::string::npos);
  EXPECT_EQ(html.find('\r'), std::string::npos);
  const std::string json = render_json(page, relative);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_NE(json.find("\\u0001"), std::string::npos);
}

}  // namespace
}  // namespace bodega::pypi
