// The questions to catalog.db, over any connection to it. A mixin, so that a transaction answers them over its own connection.
#pragma once

#include "catalog/catalog.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

// Base is Reader or Transaction.
template <class Base>
class MainReader : public Base {
 public:
  explicit MainReader(sqlite::Database& database) : database_(database) {}

  Result<Serial> serial() final;
  Result<std::string> setting(std::string_view key) final;
  Result<std::vector<UserRow>> users() final;
  Result<UserRow> user(std::string_view name) final;
  Result<std::vector<IndexRow>> indexes() final;
  Result<std::vector<ProjectRow>> projects(std::string_view index) final;
  Result<ProjectRow> project(std::string_view index, std::string_view project) final;
  Result<ProjectSlice> project_slice(std::string_view index, const Slice& slice) final;
  Result<std::vector<std::pair<std::string, std::uint64_t>>> project_counts() final;
  Result<std::vector<ReleaseRow>> releases(std::string_view index, std::string_view project) final;
  Result<ReleaseRow> release(std::string_view index, std::string_view project, std::string_view version) final;
  Result<std::vector<ReleaseOutline>> release_outlines(std::string_view index, std::string_view project) final;
  Result<std::vector<FileRow>> files(std::string_view index, std::string_view project) final;
  Result<std::vector<FileRow>> release_files(std::string_view index, std::string_view project, std::string_view version) final;
  Result<std::vector<FileRow>> latest_files(std::string_view index, std::uint64_t limit) final;
  Result<FileRow> file(std::string_view index, std::string_view filename) final;
  Result<std::vector<AttachmentRow>> attachments(std::string_view index, std::string_view project) final;
  Result<std::vector<AttachmentRow>> release_attachments(std::string_view index, std::string_view project, std::string_view version) final;
  Result<AttachmentRow> attachment(std::string_view index, std::string_view filename) final;
  Result<std::vector<FileRow>> files_with(const Digest& digest) final;
  Result<std::vector<AttachmentRow>> attachments_with(const Digest& digest) final;
  Result<std::vector<std::pair<std::string, std::string>>> settings() final;
  Result<std::vector<TokenRow>> tokens() final;
  Result<bool> was_deleted(std::string_view index, std::string_view filename) final;
  Result<bool> is_hosted(const Digest& digest) final;
  Result<void> each_hosted(const std::function<void(const Digest&, std::uint64_t size)>& each) final;
  Result<std::vector<Digest>> hosted_in(unsigned char first) final;

 protected:
  sqlite::Database& database() { return database_; }

 private:
  sqlite::Database& database_;
};

extern template class MainReader<Reader>;
extern template class MainReader<Transaction>;

}  // namespace bodega::catalog
