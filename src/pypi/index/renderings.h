// Pages as bytes, made on first demand and shared by every response and hot table that sends them. Home loop only; the work runs in the
// pool.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "cache/flights.h"
#include "http/hot.h"
#include "http/message.h"
#include "pypi/index/merged_page.h"
#include "pypi/index/negotiate.h"

namespace bodega::pypi {

// One content coding of one representation.
struct Coding {
  http::Body body;  // shared text, or a spooled file when large
  std::uint64_t size = 0;
  std::string etag;          // strong, of this coding's bytes
  bool for_moments = false;  // a large text in memory, for those who wait for it; a file takes its place
};

// What an answer says of a page beside its bytes.
struct PageFacts {
  WallTime changed_at{};
  WallTime fresh_until{};
  WallTime refresh_at{};  // of the mirror pages; copies end there, so that an ask is seen
  bool hosted = false;    // some of it is ours
  bool mirrored = false;  // some of it is not
  bool stale = false;
};

// Until when an answer made now may be given out without another look. Once the ask that matters has come, it may be so to its end. Pure.
WallTime good_until(const PageFacts& facts, WallTime now);

// One representation of a page, valid as long as its facts stand.
struct Rendition {
  std::array<std::shared_ptr<const Coding>, 3> codings;  // by ContentEncoding; identity is always there
  std::shared_ptr<const http::Validity> validity;
  std::uint64_t last_serial = 0;
  PageFacts facts;
  WallTime until{};  // good_until() of the last look
};

// Spools bytes that are too large for memory.
using Spool = std::function<Result<std::shared_ptr<const FileSource>>(std::string_view)>;

class Renderings {
 public:
  Renderings(Pool& pool, Loop& home, Log& log, Spool spool);

  // What is kept for the key, while it stands.
  std::shared_ptr<Rendition> find(const std::string& key);
  // Renders `merged` and keeps it under the key; once for all who ask at one moment.
  Task<Result<std::shared_ptr<Rendition>>> make(std::string key, MergedPage merged, std::vector<std::string> prefixes, PageFormat format,
                                                std::shared_ptr<const http::Validity> validity);
  // The coding to send to a client that prefers `wanted`: made now when that is quick, else identity now and the other from the next time
  // on.
  Task<Result<std::shared_ptr<const Coding>>> coding(std::shared_ptr<Rendition> rendition, ContentEncoding wanted);
  Task<void> close() { return tasks_.close(); }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<Rendition> rendition;
  };
  using CodingFlight = cache::Flights<std::shared_ptr<const Coding>>::Ref;
  Task<void> compress(std::shared_ptr<Rendition> rendition, ContentEncoding wanted, std::string key, CodingFlight flight);
  void keep(const std::string& key, std::shared_ptr<Rendition> rendition);
  std::shared_ptr<const Coding> print(const MergedPage& merged, const std::vector<std::string>& prefixes, PageFormat format) const;
  std::shared_ptr<const Coding> seal(std::string bytes) const;
  Task<void> move_to_file(std::shared_ptr<Rendition> rendition);

  Pool& pool_;
  Log& log_;
  Spool spool_;
  std::shared_ptr<std::atomic<std::size_t>> unspooled_;  // bytes of codings for moments; shared_ptr: they go with the last who sends them
  std::list<Entry> recent_;                              // newest first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  cache::Flights<std::shared_ptr<Rendition>> making_;
  cache::Flights<std::shared_ptr<const Coding>> compressing_;
  TaskGroup tasks_;
};

}  // namespace bodega::pypi
