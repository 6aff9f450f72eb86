#include "pypi/upload/upload_body.h"

#include <gtest/gtest.h>

#include "testing/fault_file_system.h"

namespace bodega::pypi {
namespace {

std::string hex_of(std::string_view algorithm, std::string_view bytes) {
  auto hasher = Hasher::make(algorithm);
  hasher->update(bytes);
  return hasher->finish_hex();
}

using Fields = std::vector<std::pair<std::string, std::string>>;

class UploadBodyTest : public ::testing::Test {
 protected:
  Result<void> field(UploadBody& body, std::string name, std::string_view value) {
    BODEGA_TRY_VOID(body.begin_part(std::move(name), std::nullopt));
    BODEGA_TRY_VOID(body.part_data(value));
    return body.end_part();
  }
  Result<void> file(UploadBody& body, std::string_view bytes, const std::string& name = "content") {
    BODEGA_TRY_VOID(body.begin_part(name, "f.whl"));
    for (std::size_t at = 0; at < bytes.size(); at += 7) BODEGA_TRY_VOID(body.part_data(bytes.substr(at, 7)));
    return body.end_part();
  }
  std::size_t temp_files() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.path() / "tmp")) ++count;
    return count;
  }

  bodega::testing::ScratchDirectory scratch;
  bodega::testing::FaultFileSystem disk{scratch.path()};
  std::unique_ptr<store::BlobStore> store = store::open_blob_store(disk, scratch.path(), {}).value();
  UploadLimits limits;
};

TEST_F(UploadBodyTest, DigestsAgreeWhereverTheyStand) {
  const std::string bytes(300'000, 'b');
  for (const bool before : {true, false}) {
    UploadBody body(*store, limits, std::nullopt);
    const auto announce = [&] {
      ASSERT_TRUE(field(body, "md5_digest", hex_of("md5", bytes)));
      ASSERT_TRUE(field(body, "sha256_digest", hex_of("sha256", bytes)));
      ASSERT_TRUE(field(body, "blake2_256_digest", hex_of("blake2b_256", bytes)));
    };
    if (before) announce();
    ASSERT_TRUE(file(body, bytes));
    if (!before) announce();
    EXPECT_TRUE(body.check_digests()) << before;
    EXPECT_EQ(body.file().sha256, Digest::of(bytes));
    EXPECT_EQ(body.file().filename, "f.whl");
  }
}

TEST_F(UploadBodyTest, ADigestThatDiffersIsNamed) {
  for (const bool before : {true, false}) {
    for (const auto& [name, algorithm] : Fields{{"md5_digest", "md5"}, {"sha256_digest", "sha256"}, {"blake2_256_digest", "blake2b_256"}}) {
      UploadBody body(*store, limits, std::nullopt);
      if (before) {
        ASSERT_TRUE(field(body, name, hex_of(algorithm, "other")));
      }
      ASSERT_TRUE(file(body, "bytes"));
      if (!before) {
        ASSERT_TRUE(field(body, name, hex_of(algorithm, "other")));
      }
      const auto checked = body.check_digests();
      ASSERT_FALSE(checked);
      EXPECT_EQ(checked.error().code, Code::invalid);
      EXPECT_EQ(checked.error().message.find(name + " does not match"), 0U);
    }
  }
}

TEST_F(UploadBodyTest, AFileOverTheLimitEndsAtTheLimit) {
  limits.max_file_bytes = 100;
  UploadBody body(*store, limits, 1'000'000);
  ASSERT_TRUE(file(body, std::string(100, 'x')));
  UploadBody larger(*store, limits, std::nullopt);
  EXPECT_EQ(file(larger, std::string(101, 'x')).error().code, Code::too_large);
}

TEST_F(UploadBodyTest, FieldsOverTheLimitEndWhileTheyArrive) {
  limits.form.max_bytes = 1000;
  UploadBody body(*store, limits, std::nullopt);
  ASSERT_TRUE(body.begin_part("description", std::nullopt));
  std::size_t taken = 0;
  while (body.part_data(std::string(100, 'x'))) taken += 100;
  EXPECT_LE(taken, 1000U);
  EXPECT_LE(body.field_bytes(), 1000U);
}

TEST_F(UploadBodyTest, OtherFilesAreDropped) {
  UploadBody body(*store, limits, std::nullopt);
  ASSERT_TRUE(file(body, std::string(5000, 's'), "gpg_signature"));
  EXPECT_FALSE(body.has_file());
  EXPECT_EQ(body.field_bytes(), 0U);
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(UploadBodyTest, ContentWithoutAFileNameIsAField) {
  UploadBody body(*store, limits, std::nullopt);
  ASSERT_TRUE(field(body, "content", "text"));
  EXPECT_FALSE(body.has_file());
}

TEST_F(UploadBodyTest, TwoFilesAreRefused) {
  UploadBody body(*store, limits, std::nullopt);
  ASSERT_TRUE(file(body, "a"));
  EXPECT_EQ(file(body, "b").error().code, Code::invalid);
}

TEST_F(UploadBodyTest, WhatIsNotCommittedLeavesNothing) {
  {
    UploadBody body(*store, limits, std::nullopt);
    ASSERT_TRUE(file(body, "a"));
    EXPECT_EQ(temp_files(), 1U);
    body.discard();
    EXPECT_EQ(temp_files(), 0U);
    UploadBody dropped(*store, limits, std::nullopt);
    ASSERT_TRUE(dropped.begin_part("content", "f"));
    EXPECT_EQ(temp_files(), 1U);
  }
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(UploadBodyTest, AFullDiskIsNoSpace) {
  disk.set_free_bytes(1000);
  UploadBody announced(*store, limits, 5000);
  EXPECT_EQ(announced.begin_part("content", "f").error().code, Code::no_space);
  disk.set_free_bytes(1 << 30);
  UploadBody body(*store, limits, std::nullopt);
  ASSERT_TRUE(body.begin_part("content", "f"));
  disk.fail_next(bodega::testing::DiskOperation::write, ENOSPC);
  EXPECT_EQ(body.part_data("x").error().code, Code::no_space);
}

}  // namespace
}  // namespace bodega::pypi
