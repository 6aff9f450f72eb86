// What each client sends: its order of fields and its spellings, as recorded or as its source has them.
#include <gtest/gtest.h>

#include "pypi/upload/upload.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"

namespace bodega::pypi::testing {
namespace {

const std::string kWheelName = "hello-1.0-py3-none-any.whl";

struct Client {
  const char* name;
  Form (*form)(const std::string& wheel);
};

class UploadClients : public UploadKit, public ::testing::WithParamInterface<Client> {};

TEST_P(UploadClients, AreUnderstood) {
  const std::string wheel = make_wheel("hello", "1.0", "x", "Requires-Dist: a>=1\nRequires-Dist: b; extra == 'x'\nProvides-Extra: x\n");
  const auto response = upload("/alice/dev/", GetParam().form(wheel));
  ASSERT_EQ(response.status, 200) << text(response);
  EXPECT_EQ(file("alice/dev", kWheelName)->digest, Digest::of(wheel));
  const auto json = metadata("alice/dev", "hello", "1.0");
  EXPECT_EQ(json->find("requires_dist")->items().size(), 2U);
  EXPECT_EQ(json->find("provides_extras")->items().size(), 1U);
}

std::string blake2(const std::string& bytes) {
  auto hasher = Hasher::make("blake2b_256");
  hasher->update(bytes);
  return hasher->finish_hex();
}
std::string md5(const std::string& bytes) {
  auto hasher = Hasher::make("md5");
  hasher->update(bytes);
  return hasher->finish_hex();
}

const Client kClients[] = {
    {"twine",
     [](const std::string& wheel) {
       return Form()
           .add("name", "hello")
           .add("version", "1.0")
           .add("filetype", "bdist_wheel")
           .add("pyversion", "py3")
           .add("metadata_version", "2.1")
           .add("summary", "")
           .add("classifiers", "A")
           .add("requires_dist", "a>=1")
           .add("requires_dist", "b; extra == 'x'")
           .add("provides_extra", "x")
           .add("comment", "")
           .add("sha256_digest", Digest::of(wheel).hex())
           .add("md5_digest", md5(wheel))
           .add("blake2_256_digest", blake2(wheel))
           .add("attestations", R"([{"version": 1}])")
           .add(":action", "file_upload")
           .add("protocol_version", "1")
           .file(kWheelName, wheel)
           .file(kWheelName + ".asc", "-----BEGIN PGP", "gpg_signature");
     }},
    {"uv",
     [](const std::string& wheel) {
       return Form()
           .add(":action", "file_upload")
           .add("sha256_digest", Digest::of(wheel).hex())
           .add("protocol_version", "1")
           .add("metadata_version", "2.1")
           .add("name", "hello")
           .add("version", "1.0")
           .add("filetype", "bdist_wheel")
           .add("pyversion", "py3")
           .add("requires_python", "")
           .add("import_names", "hello")
           .file(kWheelName, wheel);
     }},
    {"poetry",
     [](const std::string& wheel) {
       return Form()
           .add(":action", "file_upload")
           .add("protocol_version", "1")
           .add("name", "hello")
           .add("version", "1.0")
           .add("blake2_256_digest", blake2(wheel))
           .add("sha256_digest", Digest::of(wheel).hex())
           .add("md5_digest", md5(wheel))
           .add("filetype", "bdist_wheel")
           .add("pyversion", "py3")
           .add("description", "x")
           .file(kWheelName, wheel);
     }},
    {"devpi",
     [](const std::string& wheel) {
       return Form()
           .add("metadata_version", "2.1")
           .add("name", "hello")
           .add("version", "1.0")
           .add("description", "")
           .add("requires_python", ">=3.8")
           .add("pyversion", "3")
           .add("filetype", "bdist_wheel")
           .add(":action", "file_upload")
           .add("protocol_version", "1")
           .file(kWheelName, wheel);
     }},
    {"hatch",
     [](const std::string& wheel) {
       return Form()
           .add("Metadata-Version", "2.1")
           .add("Name", "hello")
           .add("Version", "1.0")
           .add(":action", "file_upload")
           .add("protocol_version", "1")
           .file(kWheelName, wheel);
     }},
    {"pdm",
     [](const std::string& wheel) {
       return Form()
           .add("name", "hello")
           .add("version", "1.0")
           .add("provides_extras", "x")
           .add("md5_digest", md5(wheel))
           .add(":action", "file_upload")
           .file(kWheelName, wheel);
     }},
    {"curl_content_first",
     [](const std::string& wheel) {
       return Form()
           .file(kWheelName, wheel)
           .add("md5_digest", md5(wheel))
           .add("blake2_256_digest", blake2(wheel))
           .add(":action", "file_upload")
           .add("name", "hello")
           .add("version", "1.0");
     }},
    {"no_action", [](const std::string& wheel) { return Form().add("name", "hello").add("version", "1.0").file(kWheelName, wheel); }},
};

INSTANTIATE_TEST_SUITE_P(All, UploadClients, ::testing::ValuesIn(kClients),
                         [](const ::testing::TestParamInfo<Client>& client) { return std::string(client.param.name); });

}  // namespace
}  // namespace bodega::pypi::testing
