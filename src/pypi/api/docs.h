// Documentation, read out of its archive: /{u}/{i}/{p}/{v}/+doc/{path}. Nothing is unpacked to disk. What people upload runs in browsers
// that may be logged in here, so it is sandboxed: it has no origin of its own and nothing of this server's. Home loop only.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/gate.h"
#include "async/offload.h"
#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/index/readers.h"
#include "pypi/route.h"

namespace bodega::pypi {

// The archive that the version of an address means: "latest" is the newest release that has documentation, "stable" the newest final one,
// else the very version. not_found with devpi's sentences. Pure.
Result<catalog::AttachmentRow> choose_docs(const std::string& project, const std::string& version,
                                           const std::vector<catalog::ReleaseRow>& releases,
                                           const std::vector<catalog::AttachmentRow>& attachments);

// By the extension; what is not known is application/octet-stream. Pure.
std::string_view docs_content_type(std::string_view path);

class Docs {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Readers& readers;
    cache::Artifacts& artifacts;
    cache::Dependencies& facts;
    Pool& pool;
    const Clock& clock;
    Log& log;
  };
  struct Limits {
    std::size_t max_file = 32 << 20;     // unpacked; it is held in memory while it is sent
    std::size_t small_file = 256 << 10;  // may stay in the hot table
    std::size_t max_held = 64 << 20;     // of larger files in all answers under way, give or take one for each that is being unpacked
  };
  Docs(Dependencies use, Limits limits);
  explicit Docs(Dependencies use) : Docs(use, Limits()) {}

  // GET and HEAD.
  Task<http::Response> get(http::Request& request, Route route);

 private:
  using Held = std::shared_ptr<std::atomic<std::size_t>>;
  using Bytes = std::shared_ptr<const std::string>;

  Task<Result<http::Response>> answer(http::Request& request, const Route& route, Audience audience);
  Task<Result<catalog::AttachmentRow>> find(const std::string& index, const std::string& project, const std::string& version);
  Task<Result<Bytes>> unpack(const catalog::AttachmentRow& docs, const std::string& path);

  Dependencies use_;
  Limits limits_;
  Held held_ = std::make_shared<std::atomic<std::size_t>>(0);  // shared with the answers, which end on other loops
  access::Gate unpacking_{2, 1000};                            // half of a small machine; a thousand waiting readers are a mistake
};

}  // namespace bodega::pypi
