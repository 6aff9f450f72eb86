// For tests only: a hosted index over a real catalog and store in a directory of its own, everything on one thread, and what clients send.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "async/signal.h"
#include "base/text.h"
#include "pypi/upload/upload.h"
#include "testing/fault_file_system.h"
#include "testing/manual_clock.h"
#include "testing/memory_log.h"
#include "testing/run_task.h"

namespace bodega::pypi::testing {

inline constexpr std::string_view kBoundary = "----probe1234567890";

// The parts of a multipart form in the order they are added.
class Form {
 public:
  Form& add(std::string_view name, std::string_view value) {
    head(name, "");
    text_ += std::string(value) + "\r\n";
    return *this;
  }
  Form& file(std::string_view filename, std::string_view bytes, std::string_view name = "content") {
    head(name, "; filename=\"" + std::string(filename) + "\"\r\nContent-Type: application/octet-stream");
    text_ += std::string(bytes) + "\r\n";
    return *this;
  }
  std::string body() const { return text_ + "--" + std::string(kBoundary) + "--\r\n"; }

 private:
  void head(std::string_view name, std::string_view more) {
    text_ += "--" + std::string(kBoundary) + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" + std::string(more) +
             "\r\n\r\n";
  }
  std::string text_;
};

// As twine sends it, digests and all.
inline Form upload_form(const std::string& name, const std::string& version, const std::string& filename, const std::string& bytes) {
  Form form;
  form.add("name", name).add("version", version).add("filetype", "bdist_wheel").add("pyversion", "py3").add("metadata_version", "2.1");
  form.add("sha256_digest", Digest::of(bytes).hex()).add(":action", "file_upload").add("protocol_version", "1");
  return form.file(filename, bytes);
}

class FakeBody final : public http::RequestBody {
 public:
  // `cut`: size of the pieces.
  FakeBody(const std::string& bytes, std::size_t cut) : length_(bytes.size()) {
    for (std::size_t at = 0; at < bytes.size(); at += cut) pieces_.push_back(bytes.substr(at, cut));
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  Task<Result<std::string>> read() override {
    ++reads;
    if (hold_at == reads) {
      auto still_held = [this] { return hold_at.has_value(); };
      co_await released_.wait(still_held);
    }
    if (pieces_.empty() || (fail_after && reads > *fail_after)) {
      if (fail_after) co_return fail(Code::cancelled, "the client left");
      co_return std::string();
    }
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    if (before_piece) before_piece();
    co_return piece;
  }
  void hide_length() { length_.reset(); }
  void set_length(std::uint64_t length) { length_ = length; }
  void release() {
    hold_at.reset();
    released_.notify_all();
  }

  std::size_t reads = 0;
  std::optional<std::size_t> fail_after;  // reads
  std::optional<std::size_t> hold_at;     // reads; until release()
  std::function<void()> before_piece;

 private:
  Signal released_;
  std::deque<std::string> pieces_;
  std::optional<std::uint64_t> length_;
};

// One request with its body; stays where it is, because tasks refer to it.
struct Sent {
  http::Request request;
  std::unique_ptr<FakeBody> body;
};

class UploadKit : public ::testing::Test {
 protected:
  UploadKit() {
    std::filesystem::create_directory(scratch.path() / "catalog");
    std::filesystem::create_directory(scratch.path() / "store");
    disk = std::make_unique<bodega::testing::FaultFileSystem>(scratch.path() / "store");
    open();
    add_user("alice");
    add_user("bob");
    add_index("alice", "dev", "{}");
    add_index("alice", "prod", R"({"volatile": false})");
  }
  ~UploadKit() override { close(); }

  // (Re)opens everything on what the disk holds.
  void open() {
    const catalog::CatalogOptions where{
        .directory = scratch.path() / "catalog", .readers = 1, .threads = catalog::Threads::inline_writer, .clock = &clock};
    catalog = catalog::open_catalog(where, *pool, catalog::HadData::no).value();
    store = store::open_blob_store(*disk, scratch.path() / "store", {}).value();
    hasher = std::make_unique<access::PasswordHasher>(*pool, access::PasswordHasher::Options{{8, 1, 1}, 2, 64});
    registry = std::make_unique<Registry>(Registry::Dependencies{*catalog, facts, *hasher, clock, log});
    StartOptions start;
    start.root_password = Secret("root");
    start.upstream = Url::parse("https://index.test/simple/").value();
    ASSERT_TRUE(bodega::testing::run(loop, registry->first_start(start)));
    authenticator = std::make_unique<access::Authenticator>(*registry, *hasher, clock, access::Authenticator::Options{});
    const auto heard = [this](const std::string& index, const std::string& project) { new_projects.push_back(index + " " + project); };
    uploads = std::make_unique<Uploads>(
        Uploads::Dependencies{*catalog, *store, claims, *registry, *authenticator, facts, *pool, clock, log}, options, heard);
  }
  void close() {
    while (loop.poll() > 0) {
    }
    uploads.reset();
    authenticator.reset();
    registry.reset();
    hasher.reset();
    store.reset();
    catalog.reset();
  }
  // The password is the name.
  void add_user(const std::string& name) {
    const std::string hash = access::hash_password(name, {8, 1, 1}).value();
    const catalog::UserRow row{name, hash, "{}", clock.wall(), std::nullopt};
    ASSERT_TRUE(bodega::testing::run(loop, registry->create_user(row)));
  }
  void add_index(const std::string& user, const std::string& name, const std::string& options_json) {
    // Plugins' options come with imports only: there is no asking for them.
    Json asked = Json::parse(options_json).value();
    const Json acl_read = asked.find("acl_pkg_read") ? *asked.find("acl_pkg_read") : Json();
    asked.remove("acl_pkg_read");
    const auto make = [&]() -> Result<Json> {
      BODEGA_TRY(Json made, new_index_options(user, asked, [](const std::string&) { return true; }));
      if (!acl_read.is_null()) made.set("acl_pkg_read", acl_read);
      return made;
    };
    ASSERT_TRUE(bodega::testing::run(loop, registry->create_index(user, name, make)));
  }

  // `target`: path and query. `who` empty: no credentials; "name:password" or a name whose password is right.
  std::unique_ptr<Sent> request(http::Method method, const std::string& target, const std::string& who) {
    auto sent = std::make_unique<Sent>();
    auto& request = sent->request;
    request.method = method;
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
    for (const auto part : split(std::string_view(request.path).substr(1), '/')) {
      if (!part.empty()) request.segments.emplace_back(part);
    }
    request.trailing_slash = request.path.ends_with('/');
    request.peer = {"10.0.0.1", "10.0.0.1", false};
    request.headers.add("Accept", "application/json");
    const std::string pair = who.find(':') == std::string::npos ? who + ":" + who : who;
    if (!who.empty()) request.headers.add("Authorization", "Basic " + base64_encode(pair));
    return sent;
  }
  std::unique_ptr<Sent> post(const std::string& path, const std::string& body, const std::string& who, std::size_t cut = 1000) {
    auto sent = request(http::Method::post, path, who);
    sent->request.headers.add("Content-Type", "multipart/form-data; boundary=" + std::string(kBoundary));
    sent->body = std::make_unique<FakeBody>(body, cut);
    sent->request.body = sent->body.get();
    return sent;
  }
  std::unique_ptr<Sent> post(const std::string& path, const Form& form, const std::string& who, std::size_t cut = 1000) {
    return post(path, form.body(), who, cut);
  }
  Task<http::Response> start(Sent& sent) {
    Route route = find_route(sent.request.segments);
    switch (sent.request.method) {
      case http::Method::del: return uploads->remove(sent.request, std::move(route));
      case http::Method::patch: return uploads->yank(sent.request, std::move(route));
      default: break;
    }
    if (route.place == Place::file) return uploads->toxresult(sent.request, std::move(route));
    return uploads->upload(sent.request, std::move(route));
  }
  http::Response send(Sent& sent) { return bodega::testing::run(loop, start(sent)); }
  http::Response upload(const std::string& path, const Form& form, const std::string& who = "alice", std::size_t cut = 1000) {
    const auto sent = post(path, form.body(), who, cut);
    return send(*sent);
  }
  http::Response remove(const std::string& target, const std::string& who = "alice") {
    const auto sent = request(http::Method::del, target, who);
    return send(*sent);
  }
  http::Response yank(const std::string& target, const std::string& json, const std::string& who = "alice") {
    const auto sent = request(http::Method::patch, target, who);
    sent->body = std::make_unique<FakeBody>(json, 10);
    sent->request.body = sent->body.get();
    return send(*sent);
  }

  http::Response post_result(const std::string& target, const std::string& json, const std::string& who = "") {
    const auto sent = request(http::Method::post, target, who);
    sent->body = std::make_unique<FakeBody>(json, 100'000);
    sent->request.body = sent->body.get();
    return send(*sent);
  }

  template <class T>
  Result<T> read(const std::function<Result<T>(catalog::Reader&)>& question) {
    std::optional<Result<T>> out;
    EXPECT_TRUE(catalog->read_now([&](catalog::Reader& reader) -> Result<void> {
      out.emplace(question(reader));
      return {};
    }));
    return std::move(*out);
  }
  Result<catalog::FileRow> file(const std::string& index, const std::string& filename) {
    return read<catalog::FileRow>([&](catalog::Reader& reader) { return reader.file(index, filename); });
  }
  Result<catalog::AttachmentRow> attachment(const std::string& index, const std::string& filename) {
    return read<catalog::AttachmentRow>([&](catalog::Reader& reader) { return reader.attachment(index, filename); });
  }
  Result<Json> metadata(const std::string& index, const std::string& project, const std::string& version) {
    BODEGA_TRY(const auto row, read<catalog::ReleaseRow>([&](catalog::Reader& reader) { return reader.release(index, project, version); }));
    return Json::parse(row.metadata_json);
  }
  // The URL of a hosted file.
  std::string url_of(const std::string& index, const std::string& filename) {
    const std::string hex = file(index, filename).value().digest.hex();
    return "/" + index + "/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + filename;
  }
  bool stored(const Digest& digest) { return store->open(digest).has_value(); }
  std::size_t blobs() {
    std::size_t count = 0;
    EXPECT_TRUE(store->for_each([&count](const store::BlobInfo&) { ++count; }));
    return count;
  }
  std::size_t temp_files() {
    const std::filesystem::directory_iterator entries(scratch.path() / "store" / "tmp");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  Loop loop{"test"};
  std::unique_ptr<Pool> pool = make_inline_pool();
  bodega::testing::ManualClock clock;
  bodega::testing::MemoryLog log;
  bodega::testing::ScratchDirectory scratch;
  std::unique_ptr<bodega::testing::FaultFileSystem> disk;  // of the blobs
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<store::BlobStore> store;
  cache::Dependencies facts;
  store::Claims claims;
  std::unique_ptr<access::PasswordHasher> hasher;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<access::Authenticator> authenticator;
  UploadOptions options;
  std::unique_ptr<Uploads> uploads;
  std::vector<std::string> new_projects;  // "index project", as the hook heard of them
};

// The text of a body that is one.
inline std::string text(const http::Response& response) {
  const auto* body = std::get_if<std::string>(&response.body);
  return body ? *body : "";
}

}  // namespace bodega::pypi::testing
