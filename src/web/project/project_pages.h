// Pages of projects and releases: /{user}/{index}/{project}, its refresh button, and /{version} below it. Home loop only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/gate.h"
#include "http/message.h"
#include "pypi/index/holdings.h"
#include "web/page_request.h"
#include "web/project/about.h"
#include "web/project/overview.h"
#include "web/project/parts.h"
#include "web/project/release.h"
#include "web/project/tox.h"
#include "web/services.h"

namespace bodega::web {

class ProjectPages {
 public:
  explicit ProjectPages(const Services& use) : use_(use) {}

  Task<http::Response> project(PageRequest& asked);
  // Also of the versions "latest" and "stable".
  Task<http::Response> release(PageRequest& asked);
  // POST: what is cached of the project is dropped, and its page shown.
  Task<http::Response> refresh(PageRequest& asked);
  // Documentation in a frame: /+d/... below a release.
  Task<http::Response> docs(PageRequest& asked);
  // /+toxresults/{file}[/{toxresult}] below a release.
  Task<http::Response> tox_results(PageRequest& asked);
  // /+feed below a project: its releases on all indexes that are read through this one.
  Task<http::Response> feed(PageRequest& asked);
  // /+feed below an index: what was uploaded to it.
  Task<http::Response> index_feed(PageRequest& asked);

 private:
  struct Found {
    pypi::IndexRef index;
    std::string project;
    pypi::SearchOrder order;
    pypi::Holdings holdings;                 // outlines only
    std::vector<MirrorOutlineRef> outlines;  // of its mirrors
    Overview overview;
    std::vector<std::string> blocked;  // mirrors that are not asked
  };
  Task<bool> is_ours(const PageRequest& asked) const;
  Result<pypi::IndexRef> readable(const PageRequest& asked) const;
  // What the index reads of the project; not_found in the words of devpi. Mirrors answer from what they keep where they can.
  Task<Result<Found>> find(PageRequest& asked);
  // Of all mirrors' pages; those of pages that were looked at lately are there already.
  Task<std::vector<MirrorOutlineRef>> outlines_of(const pypi::Holdings& holdings);
  // nullopt: nobody has that version. The view stands on what was found.
  Task<Result<std::optional<ReleaseView>>> read(const Found& found, std::string version);
  void permit_changes(const PageRequest& asked, const Found& found, ReleaseView& release) const;
  struct Told {
    std::optional<About> about;
    std::string unknown;  // why there is nothing
  };
  Task<Told> tell(const ReleaseView& release);
  Task<http::Response> show_project(PageRequest& asked, const Found& found);
  Task<http::Response> show_release(PageRequest& asked, const Found& found, std::string version);
  Task<ToxResult> read_result(catalog::AttachmentRow row);
  ProjectPlace place_of(const PageRequest& asked, const Found& found) const;

  const Services& use_;
  MirrorOutlines outlines_;
  // A project of 20,000 files takes tens of megabytes while it is looked at: two at once, and a queue that is not worth waiting in ends.
  access::Gate shaping_{2, 64};
};

// Where the page is, when not here: under the project's normal name.
std::optional<http::Response> to_normal_address(const PageRequest& asked);

}  // namespace bodega::web
