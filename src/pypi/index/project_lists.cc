#include "pypi/index/project_lists.h"

#include <algorithm>
#include <unordered_set>

#include "async/loop.h"
#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/page_json_parse.h"
#include "pypi/format/project_list.h"
#include "pypi/index/compress.h"
#include "store/live_blob.h"

namespace bodega::pypi {

using http::CacheOutcome;

namespace {

constexpr std::string_view kAccept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
// The public list is 50 MB in 2026 and grows by a tenth a year.
constexpr std::uint64_t kMaxListBytes = 1ULL << 30;
// Read back and compressed in steps of this size.
constexpr std::size_t kStep = 256 * 1024;

std::string_view name_of(PageFormat format) { return format == PageFormat::json ? "json" : "html"; }

// Reads a whole blob through a compressor into a new one. Blocks.
Result<std::shared_ptr<const store::Blob>> compress_blob(store::BlobStore& store, const store::Blob& plain, ContentEncoding encoding) {
  BODEGA_TRY(const auto writer, store.create(plain.size() / 4));
  const auto compressor = make_stream_compressor(encoding);
  std::string in(kStep, '\0');
  std::string out;
  for (std::uint64_t at = 0; at < plain.size();) {
    BODEGA_TRY(const std::size_t got, plain.read_at(in.data(), in.size(), at));
    if (got == 0) return fail(Code::corrupt, "a project list became shorter while it was read");
    at += got;
    compressor->feed(std::string_view(in).substr(0, got), out);
    BODEGA_TRY_VOID(writer->append(out));
    out.clear();
  }
  compressor->finish(out);
  BODEGA_TRY_VOID(writer->append(out));
  writer->finish_digest();
  return writer->commit();
}

// A new list: `names`, then those of the old one that are not among them. Blocks.
Result<std::shared_ptr<const store::Blob>> prepend_names(store::BlobStore& store, const FileSource& old,
                                                         const std::vector<std::string>& names, PageFormat format) {
  BODEGA_TRY(const auto out, store.create(old.available()));
  ProjectListWriter writer(format, 0);
  std::string text;
  writer.head(text);
  std::unordered_set<std::string> taken;
  for (const auto& name : names) {
    taken.insert(normalize_name(name));
    writer.entry(text, name);
  }
  const auto each = [&writer, &taken, &text](std::string_view name) {
    if (taken.count(normalize_name(name)) == 0) writer.entry(text, name);
  };
  ProjectListScanner scanner(format);
  for (std::uint64_t at = 0; at < old.available();) {
    BODEGA_TRY(const std::string piece, read_part(old, at, kStep));
    at += piece.size();
    BODEGA_TRY_VOID(scanner.feed(piece, each));
    BODEGA_TRY_VOID(out->append(text));
    text.clear();
  }
  BODEGA_TRY_VOID(scanner.finish());
  writer.tail(text);
  BODEGA_TRY_VOID(out->append(text));
  out->finish_digest();
  return out->commit();
}

}  // namespace

std::string encode_forms(const std::vector<ListForm>& forms, std::uint64_t last_serial) {
  std::string body = "serial " + std::to_string(last_serial) + "\n";
  for (const auto& form : forms) {
    body += std::string(name_of(form.format)) + " " + std::string(to_string(form.encoding)) + " " + form.digest.hex() + " " +
            std::to_string(form.size) + "\n";
  }
  return body;
}

Result<KeptForms> decode_forms(std::string_view body) {
  KeptForms kept;
  const auto broken = [] { return fail(Code::corrupt, "the kept project list is damaged"); };
  for (const auto line : split(body, '\n')) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    if (words[0] == "serial" && words.size() == 2) {
      const auto serial = parse_u64(words[1]);
      if (!serial) return broken();
      kept.last_serial = *serial;
      continue;
    }
    if (words.size() != 4) return broken();
    ListForm form;
    form.format = words[0] == "json" ? PageFormat::json : PageFormat::html;
    form.encoding = words[1] == "gzip" ? ContentEncoding::gzip : words[1] == "zstd" ? ContentEncoding::zstd : ContentEncoding::identity;
    const auto digest = Digest::from_hex(words[2]);
    const auto size = parse_u64(words[3]);
    if (!digest || !size) return broken();
    form.digest = *digest;
    form.size = *size;
    kept.forms.push_back(form);
  }
  return kept;
}

// A list in the making. Held by the table while it is made and by everybody who follows it.
struct ProjectLists::Build {
  Signal opened;
  std::optional<Result<void>> ready;  // set once: the live forms may be followed (or the list did not change), or why there is none
  std::shared_ptr<store::LiveBlob> json;
  std::shared_ptr<store::LiveBlob> html;
  std::uint64_t last_serial = 0;
  std::optional<ProjectListScanner> scanner;
  std::optional<ProjectListWriter> json_writer;
  std::optional<ProjectListWriter> html_writer;
  std::string json_out;
  std::string html_out;

  // One step of the list: names in, bytes out to both files. An empty piece is the end. Blocks.
  Result<void> step(std::string_view piece) {
    if (!scanner) {
      scanner.emplace(looks_like_json(piece) ? PageFormat::json : PageFormat::html);
      json_writer.emplace(PageFormat::json, last_serial);
      html_writer.emplace(PageFormat::html, last_serial);
      json_writer->head(json_out);
      html_writer->head(html_out);
    }
    const auto each = [this](std::string_view name) {
      json_writer->entry(json_out, name);
      html_writer->entry(html_out, name);
    };
    if (piece.empty()) {
      BODEGA_TRY_VOID(scanner->finish());
      json_writer->tail(json_out);
      html_writer->tail(html_out);
    } else {
      BODEGA_TRY_VOID(scanner->feed(piece, each));
    }
    BODEGA_TRY_VOID(json->append(json_out));
    BODEGA_TRY_VOID(html->append(html_out));
    json_out.clear();
    html_out.clear();
    return {};
  }

  void open(Result<void> result) {
    if (!ready) ready.emplace(std::move(result));
    opened.notify_all();
  }
  void abandon(const Error& error) const {
    if (json) json->abandon(error);
    if (html) html->abandon(error);
  }
};

ProjectLists::ProjectLists(Dependencies use, cache::FreshnessRules rules)
    : use_(use), rules_(rules), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "lists"}, {"what", what}});
      }) {}

Task<ProjectLists::RowRef> ProjectLists::kept(std::string index) {
  auto question = [&index](catalog::CacheReader& reader) { return reader.document(index, ""); };
  auto row = co_await use_.catalog.read_cache(question);
  if (!row) co_return RowRef();
  co_return std::make_shared<const catalog::DocumentRow>(std::move(*row));
}

Task<Result<ListAnswer>> ProjectLists::get(MirrorSource source, PageFormat format, ContentEncoding wanted) {
  const auto row = co_await kept(source.index);
  if (row) {
    auto answer = co_await from_kept(row, format, wanted);
    if (answer) {
      const cache::Kept times{row->state, row->fetched_at, row->expires_at};
      const bool old = cache::decide_use(times, use_.clock.wall(), cache::ClientWish::cached_is_fine, rules_) != cache::Use::as_is;
      if (old && builds_.count(source.index) == 0) begin(source, row);
      co_return answer;
    }
    use_.log.info("list.incomplete", {{"index", source.index}, {"why", answer.error().describe()}});
  }
  const auto building = builds_.find(source.index);
  const BuildRef build = building == builds_.end() ? begin(source, nullptr) : building->second;
  co_return co_await from_build(build, format);
}

Task<Result<ListAnswer>> ProjectLists::from_kept(RowRef row, PageFormat format, ContentEncoding wanted) {
  BODEGA_CO_TRY(const auto kept, decode_forms(row->body));
  const ListForm* best = nullptr;
  for (const auto& form : kept.forms) {
    if (form.format != format) continue;
    if (form.encoding == wanted || (form.encoding == ContentEncoding::identity && best == nullptr)) best = &form;
  }
  if (best == nullptr) co_return fail(Code::not_found, "this form of the list is not kept");
  auto blob = co_await use_.artifacts.open(best->digest);
  if (!blob) co_return fail(std::move(blob).error());
  use_.space.used(best->digest);
  const auto outcome = use_.clock.wall() < row->expires_at ? CacheOutcome::hit : CacheOutcome::stale;
  co_return ListAnswer{*blob, best->digest, best->encoding, kept.last_serial, row->changed_at, row->expires_at, outcome};
}

Task<Result<ListAnswer>> ProjectLists::from_build(BuildRef build, PageFormat format) {
  auto unopened = [&build] { return !build->ready.has_value(); };
  while (unopened()) co_await build->opened.wait(unopened);
  if (!*build->ready) co_return fail(build->ready->error());
  const auto live = format == PageFormat::json ? build->json : build->html;
  if (!live) co_return fail(Code::upstream_failed, "the list of projects could not be fetched");
  const WallTime now = use_.clock.wall();
  co_return ListAnswer{live, std::nullopt, ContentEncoding::identity, build->last_serial, now, now, CacheOutcome::miss};
}

Task<Result<ListAnswer>> ProjectLists::with_names(ListAnswer list, std::vector<std::string> names, PageFormat format) {
  for (std::uint64_t seen = 0;;) {
    auto available = co_await list.source->wait_beyond(seen);
    if (!available) co_return fail(std::move(available).error());
    if (*available == seen) break;
    seen = *available;
  }
  auto work = [this, &list, &names, format] { return prepend_names(use_.store, *list.source, names, format); };
  auto made = co_await offload(use_.pool, work);
  if (!made) co_return fail(std::move(made).error());
  list.source = *made;
  list.digest = (*made)->digest();
  list.encoding = ContentEncoding::identity;
  // Nothing in the catalog refers to it: the bytes live as long as somebody reads them.
  auto remove = [this, &made] { return use_.store.remove((*made)->digest()); };
  auto removed = co_await offload(use_.pool, remove);
  if (!removed) use_.log.warning("list.not_removed", {{"why", removed.error().describe()}});
  co_return list;
}

ProjectLists::BuildRef ProjectLists::begin(const MirrorSource& source, RowRef old) {
  auto build = std::make_shared<Build>();
  builds_[source.index] = build;
  auto work = refresh(source, std::move(old), build);
  tasks_.spawn(std::move(work));
  return build;
}

Task<void> ProjectLists::refresh(MirrorSource source, RowRef old, BuildRef build) {
  auto done = co_await fetch(source, old, build);
  builds_.erase(source.index);
  if (!done) {
    use_.log.warning("list.failed", {{"index", source.index}, {"url", source.url}, {"why", done.error().describe()}});
    build->abandon(done.error());
    build->open(fail(done.error()));
    co_return;
  }
  build->open(Result<void>());
}

Task<Result<void>> ProjectLists::fetch(const MirrorSource& source, RowRef old, BuildRef build) {
  http::FetchRequest request;
  request.url = source.url;
  request.headers.add("Accept", std::string(kAccept));
  if (old && !old->etag.empty()) request.headers.add("If-None-Match", old->etag);
  request.decode = true;
  request.max_bytes = kMaxListBytes;
  auto response = co_await use_.upstream.fetch(std::move(request));
  if (!response) co_return fail(std::move(response).error());
  if (response->status == 304 && old) co_return co_await not_modified(*response, old);
  if (response->status != 200) {
    auto status = cache::check_status(*response);
    if (!status) co_return fail(std::move(status).error());
    co_return fail(Code::upstream_failed, "the upstream answered " + std::to_string(response->status) + " for its list of projects");
  }
  build->last_serial = parse_u64(response->headers.get("X-PyPI-Last-Serial")).value_or(0);
  auto create = [this, &build]() -> Result<void> {
    BODEGA_TRY(auto json, use_.store.create(0));
    BODEGA_TRY(auto html, use_.store.create(0));
    build->json = std::make_shared<store::LiveBlob>(std::move(json), store::Expected{});
    build->html = std::make_shared<store::LiveBlob>(std::move(html), store::Expected{});
    return {};
  };
  auto created = co_await offload(use_.pool, create);
  if (!created) co_return fail(std::move(created).error());
  build->open(Result<void>());
  http::FetchResponse head;
  head.headers = response->headers;
  auto taken = co_await take(build, std::move(*response));
  if (!taken) co_return fail(std::move(taken).error());
  co_return co_await keep(source, build, head, old);
}

Task<Result<void>> ProjectLists::take(BuildRef build, http::FetchResponse response) {
  for (bool more = true; more;) {
    auto piece = co_await response.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    more = !piece->empty();
    auto work = [&build, &piece] { return build->step(*piece); };
    auto done = co_await offload(use_.pool, work);
    if (!done)
      co_return fail(Code::upstream_failed, "the upstream's list of projects is broken: " + done.error().message, done.error().context);
  }
  co_return Result<void>();
}

Task<Result<void>> ProjectLists::keep(const MirrorSource& source, BuildRef build, const http::FetchResponse& response, RowRef old) {
  std::vector<ListForm> forms;
  auto finish = [this, &build, &forms]() -> Result<void> {
    for (const auto format : {PageFormat::json, PageFormat::html}) {
      BODEGA_TRY(const auto plain, (format == PageFormat::json ? build->json : build->html)->finish());
      forms.push_back({format, ContentEncoding::identity, plain->digest(), plain->size()});
      for (const auto encoding : {ContentEncoding::zstd, ContentEncoding::gzip}) {
        BODEGA_TRY(const auto small, compress_blob(use_.store, *plain, encoding));
        forms.push_back({format, encoding, small->digest(), small->size()});
      }
    }
    return {};
  };
  auto finished = co_await offload(use_.pool, finish);
  if (!finished) co_return fail(std::move(finished).error());

  catalog::DocumentRow row;
  row.index = source.index;
  row.fetched_at = use_.clock.wall();
  row.expires_at = cache::fresh_until(row.fetched_at, response.headers.joined("Cache-Control"), catalog::DocumentState::present, rules_);
  row.etag = std::string(response.headers.get("ETag"));
  row.body = encode_forms(forms, build->last_serial);
  row.changed_at = old && old->body == row.body ? old->changed_at : row.fetched_at;
  auto record = [&row, &forms](catalog::CacheTransaction& transaction) -> Result<void> {
    for (const auto& form : forms) BODEGA_TRY_VOID(transaction.put_cached({form.digest, form.size, row.fetched_at}));
    return transaction.put_document(row);
  };
  auto recorded = co_await use_.catalog.write_cache(record);
  if (recorded && changed_) changed_(source.index);
  co_return recorded;
}

Task<Result<void>> ProjectLists::not_modified(const http::FetchResponse& response, RowRef old) {
  const WallTime now = use_.clock.wall();
  const WallTime until = cache::fresh_until(now, response.headers.joined("Cache-Control"), catalog::DocumentState::present, rules_);
  auto refresh = [&old, now, until](catalog::CacheTransaction& transaction) {
    return transaction.refresh_document(old->index, "", now, until);
  };
  co_return co_await use_.catalog.write_cache(refresh);
}

}  // namespace bodega::pypi
