#include "pypi/index/renderings.h"

#include <variant>

#include "async/loop.h"
#include "base/digest.h"
#include "pypi/format/links.h"
#include "pypi/format/page_render.h"
#include "pypi/index/compress.h"

namespace bodega::pypi {
namespace {

// Larger bodies are sent by sendfile from a spool file: from here on the copy into the socket costs more than a second system call (as
// http/outgoing.h, kSmallFile).
constexpr std::size_t kInMemory = 16 * 1024;
// Printing this many files takes less time than the way to the pool and back.
constexpr std::size_t kPrintHere = 100;
// Large texts that wait for their file, all together. Beyond it the file is written before the answer: many who read slowly must not fill
// the memory.
constexpr std::size_t kUnspooled = 16 << 20;
// Compressing this much takes about 15 ms, which a first asker may wait; beyond it the page goes out as it is.
constexpr std::size_t kCompressNow = 1 << 20;
// Below it a coding saves less than its header costs.
constexpr std::size_t kCompressFrom = 1024;
// Renditions kept. Small bodies are memory (at most 16 KiB a coding), large ones descriptors.
constexpr std::size_t kKept = 512;

std::string etag_of(std::string_view bytes) { return '"' + Digest::of(bytes).hex().substr(0, 32) + '"'; }

std::size_t slot(ContentEncoding encoding) { return static_cast<std::size_t>(encoding); }

Result<std::string> compressed(const Coding& identity, ContentEncoding wanted) {
  if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&identity.body)) return compress(**text, wanted);
  const auto& file = *std::get<http::FileBody>(identity.body).source;
  if (identity.size <= kCompressNow) {
    BODEGA_TRY(const std::string bytes, read_all(file));
    return compress(bytes, wanted);
  }
  constexpr std::size_t kPiece = 256 * 1024;
  const auto stream = make_stream_compressor(wanted);
  std::string out;
  for (std::uint64_t at = 0; at < identity.size; at += kPiece) {
    BODEGA_TRY(const std::string piece, read_part(file, at, kPiece));
    stream->feed(piece, out);
  }
  stream->finish(out);
  return out;
}

std::string render(const MergedPage& merged, const std::vector<std::string>& prefixes, PageFormat format) {
  const auto* first = merged.page->files.data();
  const LinkFunction link = [&merged, &prefixes, first](std::string& out, const PageFile& file) {
    out += prefixes[merged.origin.empty() ? 0 : merged.origin[static_cast<std::size_t>(&file - first)]];
    append_link(out, file);
  };
  return format == PageFormat::json ? render_json(*merged.page, link) : render_html(*merged.page, link);
}

// A text that is counted for as long as somebody sends it.
struct Unspooled {
  Unspooled(std::string bytes, std::shared_ptr<std::atomic<std::size_t>> all) : text(std::move(bytes)), sum(std::move(all)) {
    *sum += text.size();
  }
  ~Unspooled() { *sum -= text.size(); }
  Unspooled(const Unspooled&) = delete;
  Unspooled& operator=(const Unspooled&) = delete;

  const std::string text;
  const std::shared_ptr<std::atomic<std::size_t>> sum;
};

}  // namespace

WallTime good_until(const PageFacts& facts, WallTime now) {
  if (facts.stale) return now;
  return now < facts.refresh_at ? facts.refresh_at : facts.fresh_until;
}

Renderings::Renderings(Pool& pool, Loop& home, Log& log, Spool spool)
    : pool_(pool),
      log_(log),
      spool_(std::move(spool)),
      unspooled_(std::make_shared<std::atomic<std::size_t>>(0)),
      tasks_(home, [&log](const std::string& what) {
        log.error("bug", {{"in", "renderings"}, {"what", what}});
      }) {}

std::shared_ptr<Rendition> Renderings::find(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (!found->second->rendition->validity->stands()) {
    recent_.erase(found->second);
    by_key_.erase(found);
    return nullptr;
  }
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->rendition;
}

std::shared_ptr<const Coding> Renderings::print(const MergedPage& merged, const std::vector<std::string>& prefixes,
                                                PageFormat format) const {
  std::string bytes = render(merged, prefixes, format);
  if (bytes.size() <= kInMemory || *unspooled_ + bytes.size() > kUnspooled) return seal(std::move(bytes));
  auto coding = std::make_shared<Coding>();
  coding->size = bytes.size();
  coding->etag = etag_of(bytes);
  coding->for_moments = true;
  auto held = std::make_shared<Unspooled>(std::move(bytes), unspooled_);
  const std::string* text = &held->text;
  coding->body = std::shared_ptr<const std::string>(std::move(held), text);
  return coding;
}

std::shared_ptr<const Coding> Renderings::seal(std::string bytes) const {
  auto coding = std::make_shared<Coding>();
  coding->size = bytes.size();
  coding->etag = etag_of(bytes);
  if (bytes.size() > kInMemory) {
    auto file = spool_(bytes);
    if (file) {
      coding->body = http::FileBody{std::move(*file)};
      return coding;
    }
    // No room to spool: memory will do for this answer.
    log_.warning("page.not_spooled", {{"bytes", bytes.size()}, {"why", file.error().describe()}});
  }
  coding->body = std::make_shared<const std::string>(std::move(bytes));
  return coding;
}

Task<void> Renderings::move_to_file(std::shared_ptr<Rendition> rendition) {
  auto& identity = rendition->codings[slot(ContentEncoding::identity)];
  const auto old = identity;
  auto work = [this, &old] {
    auto coding = std::make_shared<Coding>(*old);
    coding->for_moments = false;
    const std::string_view text = *std::get<std::shared_ptr<const std::string>>(old->body);
    auto file = spool_(text);
    if (file) {
      coding->body = http::FileBody{std::move(*file)};
    } else {
      log_.warning("page.not_spooled", {{"bytes", text.size()}, {"why", file.error().describe()}});
    }
    return std::shared_ptr<const Coding>(std::move(coding));
  };
  identity = co_await offload(pool_, work);
}

Task<Result<std::shared_ptr<Rendition>>> Renderings::make(std::string key, MergedPage merged, std::vector<std::string> prefixes,
                                                          PageFormat format, std::shared_ptr<const http::Validity> validity) {
  if (auto made = find(key)) co_return made;
  if (auto flight = making_.find(key)) co_return co_await cache::wait_landed<std::shared_ptr<Rendition>>(std::move(flight));
  const auto flight = making_.begin(key);
  auto work = [this, &merged, &prefixes, format] { return print(merged, prefixes, format); };
  auto rendition = std::make_shared<Rendition>();
  auto& identity = rendition->codings[slot(ContentEncoding::identity)];
  if (merged.page->files.size() <= kPrintHere && *unspooled_ <= kUnspooled / 2) {
    identity = work();
  } else {
    identity = co_await offload(pool_, work);
  }
  rendition->validity = std::move(validity);
  rendition->last_serial = merged.page->last_serial;
  keep(key, rendition);
  making_.land(key, flight, rendition);
  if (identity->for_moments) {
    auto moving = move_to_file(rendition);
    tasks_.spawn(std::move(moving));
  }
  co_return rendition;
}

void Renderings::keep(const std::string& key, std::shared_ptr<Rendition> rendition) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    recent_.erase(found->second);
    by_key_.erase(found);
  }
  recent_.push_front(Entry{key, std::move(rendition)});
  by_key_[key] = recent_.begin();
  if (recent_.size() <= kKept) return;
  by_key_.erase(recent_.back().key);
  recent_.pop_back();
}

Task<Result<std::shared_ptr<const Coding>>> Renderings::coding(std::shared_ptr<Rendition> rendition, ContentEncoding wanted) {
  const auto identity = rendition->codings[slot(ContentEncoding::identity)];
  if (rendition->codings[slot(wanted)]) co_return rendition->codings[slot(wanted)];
  if (identity->size < kCompressFrom) co_return identity;
  const std::string key = identity->etag + std::string(to_string(wanted));
  auto flight = compressing_.find(key);
  if (!flight) {
    flight = compressing_.begin(key);
    auto work = compress(std::move(rendition), wanted, key, flight);
    tasks_.spawn(std::move(work));
  }
  if (identity->size > kCompressNow) co_return identity;
  co_return co_await cache::wait_landed<std::shared_ptr<const Coding>>(std::move(flight));
}

Task<void> Renderings::compress(std::shared_ptr<Rendition> rendition, ContentEncoding wanted, std::string key, CodingFlight flight) {
  const auto identity = rendition->codings[slot(ContentEncoding::identity)];
  auto work = [this, &identity, wanted]() -> Result<std::shared_ptr<const Coding>> {
    BODEGA_TRY(std::string bytes, compressed(*identity, wanted));
    return seal(std::move(bytes));
  };
  auto made = co_await offload(pool_, work);
  if (made) {
    rendition->codings[slot(wanted)] = *made;
  } else {
    log_.warning("page.not_compressed", {{"why", made.error().describe()}});
  }
  compressing_.land(key, flight, std::move(made));
}

}  // namespace bodega::pypi
