// Changing what a hosted index holds: upload (the legacy API of the public index, as devpi serves it), documentation, test
// results, delete, yank. docs/protocols/upload.md tells the wire. Home loop only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/decision.h"
#include "access/gate.h"
#include "async/offload.h"
#include "base/log.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"
#include "pypi/upload/notes.h"
#include "pypi/upload/upload_body.h"
#include "pypi/upload/upload_record.h"
#include "store/blob_store.h"
#include "store/claims.h"
#include "store/keeper.h"

namespace bodega::pypi {

struct UploadOptions {
  UploadLimits limits;
  // Field memory of all uploads together; beyond it uploads are told to come back. Sixteen forms of the largest size.
  std::size_t max_field_bytes = 64 << 20;
  std::optional<std::vector<std::string>> restrict_modify;  // as ApiOptions'
};

class FieldShare;

class Uploads {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    store::Claims& claims;
    Registry& registry;
    access::Authenticator& authenticator;
    cache::Dependencies& facts;
    Pool& pool;
    const Clock& clock;
    Log& log;
  };
  // `on_new_project(index, project)`: a normalised name has appeared in a hosted index, by an upload or a registration; what mirrors
  // remember of it, its absence first of all, is out of date. May be empty.
  using OnNewProject = std::function<void(const std::string& index, const std::string& project)>;
  Uploads(Dependencies use, UploadOptions options, OnNewProject on_new_project);

  // POST to an index (or its +simple/): a form, multipart or urlencoded. The file is durable and visible when it answers 200. Who may not
  // upload is told so before the first byte of the body is read.
  Task<http::Response> upload(http::Request& request, Route route);
  // POST of JSON to the address of a hosted file: a test result, kept beside it.
  Task<http::Response> toxresult(http::Request& request, Route route);
  // DELETE of a file, a version or a project. `?force` also on indexes that are not volatile.
  Task<http::Response> remove(http::Request& request, Route route);
  // PATCH of a file with {"yanked": true | false | "reason"} (PEP 592).
  Task<http::Response> yank(http::Request& request, Route route);

 private:
  enum class ProjectList { same, changed };
  struct Permit {
    std::shared_ptr<const IndexConfig> index;
    access::Principal who;
    std::optional<http::Response> refusal;  // set: answer that instead
  };

  Task<Result<Permit>> may_upload(http::Request& request, const Route& route);
  Task<Result<http::Response>> take_upload(http::Request& request, const Route& route);
  Task<Result<void>> receive(http::Request& request, UploadBody& body, FieldShare& share);
  Task<Result<http::Response>> act(const Permit& permit, UploadBody& body, const http::Request& request);
  Task<Result<http::Response>> submit(const Permit& permit, const UploadForm& form);
  Task<Result<http::Response>> store_file(const Permit& permit, UploadBody& body, const http::Request& request);
  Task<Result<CheckedUpload>> check_file(const std::string& index, UploadBody& body);
  using Record = std::function<Result<Recorded>(catalog::Transaction&)>;
  Task<Result<Recorded>> commit(Digest digest, store::BlobWriter& writer, Record record);
  Task<void> keep_notes(Digest digest, const Result<Notes>& notes);
  // What every change ends with: answers fall, the hook hears of it, bytes that nobody needs any more go.
  Task<void> settle(const std::string& index, const std::string& project, const Recorded& recorded);

  Task<Result<http::Response>> store_docs(const Permit& permit, UploadBody& body, const http::Request& request);
  Task<Result<http::Response>> take_toxresult(http::Request& request, const Route& route);
  Task<Result<Permit>> may_test(http::Request& request, const Route& route);
  Task<Result<catalog::FileRow>> tested_file(const Route& route);
  Task<Result<Digest>> receive_toxresult(http::Request& request, store::BlobWriter& writer);

  Task<Result<Permit>> may_remove(http::Request& request, const Route& route);
  Task<Result<http::Response>> take_removal(http::Request& request, const Route& route);
  Task<Result<http::Response>> remove_file(const Permit& permit, const Route& route);
  Task<Result<http::Response>> remove_release(const Permit& permit, const Route& route);
  Task<Result<http::Response>> remove_project(const Permit& permit, const Route& route);
  Task<Result<http::Response>> take_yank(http::Request& request, const Route& route);

  // Answers that stand on the project are dropped before this returns.
  void changed(const std::string& index, const std::string& project, ProjectList list);
  // Removes a blob that lost a reference unless somebody else refers to it. A failure only leaves garbage for gc.
  Task<void> discard_unless_used(Digest digest);

  Dependencies use_;
  UploadOptions options_;
  Readers readers_;
  OnNewProject on_new_project_;
  store::Keeper keeper_;
  std::size_t field_bytes_ = 0;
  // To check JSON takes some ten times its size.
  access::Gate json_checks_{1, 256};
};

}  // namespace bodega::pypi
