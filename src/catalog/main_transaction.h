// The changes to catalog.db, over the writer's connection. One object for each write function; the writer wraps it in a savepoint.
#pragma once

#include <string>

#include "catalog/main_reader.h"

namespace bodega::catalog {

class MainTransaction final : public MainReader<Transaction> {
 public:
  using MainReader::MainReader;

  Result<void> set_setting(std::string_view key, std::string_view value) override;
  Result<void> remove_setting(std::string_view key) override;
  Result<void> insert_user(const UserRow& user) override;
  Result<void> update_user(const UserRow& user) override;
  Result<void> delete_user(std::string_view name) override;
  Result<void> insert_index(const IndexRow& index) override;
  Result<void> update_index(const IndexRow& index) override;
  Result<void> delete_index(std::string_view index) override;
  Result<void> put_release(const ReleaseRow& release, std::string_view display_name) override;
  Result<Stored> put_file(const FileRow& file, Overwrite overwrite) override;
  Result<void> set_yanked(std::string_view index, std::string_view filename, const std::optional<std::string>& reason) override;
  Result<Stored> put_attachment(const AttachmentRow& attachment, Overwrite overwrite) override;
  Result<void> delete_attachment(std::string_view index, std::string_view filename) override;
  Result<std::vector<Digest>> delete_file(std::string_view index, std::string_view filename) override;
  Result<std::vector<Digest>> delete_release(std::string_view index, std::string_view project, std::string_view version) override;
  Result<std::vector<Digest>> delete_project(std::string_view index, std::string_view project) override;

  Result<void> insert_token(const TokenRow& token) override;
  Result<void> delete_token(std::string_view id) override;
  Result<void> touch_tokens(const std::vector<std::pair<std::string, WallTime>>& used) override;

  Result<bool> prune_changelog(std::uint64_t keep) override;

  // Records in the changelog what was changed, which gives the write its serial; nothing when nothing was. Last call of a write.
  Result<void> record(WallTime now);

 private:
  struct Project {
    std::int64_t index_id;
    std::int64_t id;
  };
  Result<std::int64_t> index_id(std::string_view index);
  Result<Project> find_project(std::string_view index, std::string_view project);
  Result<std::int64_t> ensure_project(std::int64_t index_id, std::string_view project, std::string_view display);
  Result<std::int64_t> ensure_release(std::int64_t project_id, std::string_view version);
  Result<void> insert_file(const FileRow& file, std::int64_t index_id, std::int64_t release_id);
  void changed(std::string_view verb, std::string_view what);

  std::string what_;  // empty = nothing changed
  std::size_t not_named_ = 0;
};

}  // namespace bodega::catalog
