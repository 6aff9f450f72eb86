#include "pypi/api/push_form.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

ReleaseMetadata metadata(const std::string& json) { return ReleaseMetadata::parse(json).value(); }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(PushForm, RegistersAsDevpiDoes) {
  // devpi-server's own bytes for such a release.
  EXPECT_EQ(register_form(metadata(R"({"name":"hello","version":"1.0"})")),
            "name=hello&version=1.0&metadata_version=&summary=&home_page=&author=&author_email=&maintainer=&maintainer_email=&license="
            "&description=&keywords=&download_url=&comment=&requires_python=&description_content_type=&license_expression="
            "&%3Aaction=submit");
  EXPECT_EQ(register_form(metadata(R"({"name":"a&b=c","summary":"\u00e4 +%","classifiers":["A :: B","C"]})")),
            "name=a%26b%3Dc&version=&metadata_version=&summary=%C3%A4%20%2B%25&home_page=&author=&author_email=&maintainer="
            "&maintainer_email=&license=&description=&keywords=&classifiers=A%20%3A%3A%20B&classifiers=C&download_url=&comment="
            "&requires_python=&description_content_type=&license_expression=&%3Aaction=submit");
}

TEST(PushForm, AFileStandsLast) {
  catalog::FileRow file;
  file.filename = "hello-1.0-py3-none-any.whl";
  file.digest = Digest::of("bytes");
  const auto form = file_form(metadata(R"({"name":"hello","version":"1.0","requires_dist":["a","b"],"yanked":"x"})"), file, "BB");
  EXPECT_EQ(form.content_type, "multipart/form-data; boundary=BB");
  EXPECT_TRUE(form.before.starts_with("--BB\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nhello\r\n--BB\r\n")) << form.before;
  EXPECT_TRUE(
      form.before.ends_with("--BB\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nfile_upload\r\n"
                            "--BB\r\nContent-Disposition: form-data; name=\"filetype\"\r\n\r\nbdist_wheel\r\n"
                            "--BB\r\nContent-Disposition: form-data; name=\"pyversion\"\r\n\r\n3\r\n"
                            "--BB\r\nContent-Disposition: form-data; name=\"sha256_digest\"\r\n\r\n" +
                            Digest::of("bytes").hex() +
                            "\r\n--BB\r\nContent-Disposition: form-data; name=\"content\"; filename=\"hello-1.0-py3-none-any.whl\"\r\n"
                            "Content-Type: application/octet-stream\r\n\r\n"))
      << form.before;
  EXPECT_EQ(form.after, "\r\n--BB--\r\n");
  EXPECT_EQ(count(form.before, "name=\"requires_dist\""), 2U);
  EXPECT_EQ(count(form.before, "yanked"), 0U) << "no key of the form";
}

TEST(PushForm, DocumentationIsNamedByTheProject) {
  const auto form = docs_form(metadata(R"({"name":"hello"})"), "he\"llo\r\n", "BB");
  EXPECT_EQ(count(form.before, "doc_upload"), 1U);
  EXPECT_EQ(count(form.before, "filename=\"he%22llo%0D%0A.zip\""), 1U) << "nothing leaves the quotes";
}

TEST(PushForm, TellsThePythonOfAFile) {
  const std::pair<const char*, const char*> table[] = {
      {"a-1.0.tar.gz", "source"},
      {"a-1.0.zip", "source"},
      {"a-1.0-py3-none-any.whl", "3"},
      {"a-1.0-py2.py3-none-any.whl", "2.7"},
      {"a-1.0-cp311-cp311-linux_x86_64.whl", "3.11"},
      {"a-1.0-cp27-none-any.whl", "2.7"},
      {"a-1.0-py3.cp311-none-any.whl", "3"},
      {"a-1.0-pp310-pypy310_pp73-any.whl", "3.10"},
      {"a-1.0-py2.7.egg", "2.7"},
      {"a-1.0.win32.msi", "any"},
      {"a-1.0-graalpy-none-any.whl", "any"},
      {"a-1.0-1-none-any.whl", "any"},
      {"a.rpm", "any"},
      {"", "any"},
  };
  for (const auto& [filename, version] : table) EXPECT_EQ(pyversion_of(filename), version) << filename;
}

}  // namespace
}  // namespace bodega::pypi
