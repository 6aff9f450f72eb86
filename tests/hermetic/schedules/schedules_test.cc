// Random schedules over the fake clock, network and disk: uploads, deletes and installs while the upstream fails and stalls, disk
// operations fail, the process dies, the power goes. What was acknowledged is there, what was not is whole or absent, no answer is ever
// wrong.
//
// BODEGA_SCHEDULES says how many (a few by default), BODEGA_SCHEDULE_SEED where to begin; a failure names the seed that repeats it alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "ops/fsck.h"
#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kIndex = "ann/dev";

// How every schedule begins, made once: a user with an index, a page of the mirror, and an upstream of four files, some larger than what is
// held back of one (64 KiB) and than a block of it.
class World {
 public:
  World() {
    std::mt19937_64 chance(1);
    for (std::size_t i = 0; i < 4; ++i) {
      std::string bytes(i * 60'000 + 500, static_cast<char>('a' + i));
      for (std::size_t at = 0; at < bytes.size(); at += 97) bytes[at] = static_cast<char>(chance());
      mirrored.push_back({"mir-" + std::to_string(i) + ".0-py3-none-any.whl", bytes, ""});
    }
    upstream = answers_of("mir", mirrored);
    HermeticServer server;
    publish(server.upstream(), "mir", mirrored);
    make_user(server, "ann");
    make_index(server, kIndex);
    server.get_json("/root/pypi/+simple/mir/");
    server.restart([&] { fs::copy(server.data(), directory_.path(), fs::copy_options::recursive); });
  }
  const fs::path& data() const { return directory_.path(); }

  std::vector<UpstreamFile> mirrored;
  std::vector<std::pair<std::string, Answer>> upstream;

 private:
  ScratchDirectory directory_;
};

class Schedule {
 public:
  Schedule(const World& world, std::uint64_t seed) : world_(world), chance_(seed), server_(beginning(world, seed)) { heal_upstream(); }

  void run() {
    const int steps = 15 + below(25);
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    settle();
    check_all();
  }

 private:
  static Beginning beginning(const World& world, std::uint64_t seed) {
    Beginning made{world.data(), {}};
    // Each change of the search index starts a thread, which takes as long as all the rest of an upload: one schedule in eight has it.
    if (seed % 8 != 0) made.configure = [](app::Config& config) { config.search = web::Indexed::nothing; };
    return made;
  }

  int below(int limit) { return static_cast<int>(chance_() % static_cast<std::uint64_t>(limit)); }
  bool one_in(int n) { return below(n) == 0; }

  void step() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2: return upload();
      case 3: return remove();
      case 4:
      case 5: return install();
      case 6: return spoil_upstream();
      case 7: return spoil_disk();
      case 8:
        return server_.advance(one_in(3) ? std::chrono::duration_cast<Duration>(std::chrono::hours(below(100)))
                                         : Duration(milliseconds(below(5000))));
      case 9: return die();
      case 10: return rot();
      default: return read_hosted();
    }
  }

  // --- ours ---

  static std::string file_of(int project, int version) {
    return "own" + std::to_string(project) + "-" + std::to_string(version) + ".0-py3-none-any.whl";
  }

  void upload() {
    const int project = below(3);
    const int version = 1 + below(3);
    const std::string name = "own" + std::to_string(project);
    const std::string number = std::to_string(version) + ".0";
    const std::string bytes = pypi::testing::make_wheel(name, number, "x = " + std::to_string(below(2)) + "\n");
    auto& allowed = hosted_[file_of(project, version)];
    const auto got = finish(server_.start(
        form_ask(kIndex, "ann", {{":action", "file_upload"}, {"name", name}, {"version", number}}, {file_of(project, version), bytes})));
    if (allowed.empty()) allowed.insert("");
    if (got && got->status == 200) allowed = {};
    allowed.insert(bytes);
  }

  void remove() {
    const int project = below(3);
    const int version = 1 + below(3);
    auto& allowed = hosted_[file_of(project, version)];
    const auto path = "/" + std::string(kIndex) + "/own" + std::to_string(project) + "/" + std::to_string(version) + ".0";
    const auto got = finish(server_.start({"DELETE", path, as("ann"), {}}));
    if (got && got->status == 200) allowed = {};
    allowed.insert("");
  }

  void read_hosted() {
    if (hosted_.empty()) return;
    auto at = hosted_.begin();
    std::advance(at, below(static_cast<int>(hosted_.size())));
    for (const auto& bytes : at->second) {
      if (bytes.empty()) continue;
      const auto got = finish(server_.start({"GET", link_of(at->first, bytes), {}, {}}));
      if (!got || got->status != 200 || got->broken) continue;
      EXPECT_EQ(got->body, bytes) << "wrong bytes of " << at->first;
    }
  }

  static std::string link_of(const std::string& filename, const std::string& bytes) {
    const auto hex = Digest::of(bytes).hex();
    return "/" + std::string(kIndex) + "/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + filename;
  }

  // --- the mirror ---

  void heal_upstream() {
    gate_ = make_gate();
    for (const auto& [url, right] : world_.upstream) server_.upstream().on(url, right);
  }

  void install() {
    const auto& file = world_.mirrored[static_cast<std::size_t>(below(4))];
    http::Headers headers;
    std::string right = file.bytes;
    if (one_in(4)) {
      const auto from = static_cast<std::size_t>(below(static_cast<int>(right.size())));
      headers.add("Range", "bytes=" + std::to_string(from) + "-");
      right = right.substr(from);
    }
    auto pending = server_.start({"GET", "/root/pypi/+f/" + file.path(), headers, {}});
    if (!pending.done() && one_in(2)) {
      waiting_.emplace_back(std::move(pending), right);
      return;
    }
    judge(finish(std::move(pending)), right);
  }

  void judge(const std::optional<Got>& got, const std::string& right) {
    if (!got || got->broken || (got->status != 200 && got->status != 206)) {
      if (got && !got->broken && got->status < 500) ADD_FAILURE() << "an upstream's failure is answered with " << got->status;
      return;
    }
    const bool whole = got->body == right || (got->status == 200 && right.size() < got->body.size() && got->body.ends_with(right));
    EXPECT_TRUE(whole) << "a complete answer with wrong bytes: " << got->status << ", " << got->body.size() << " bytes";
  }

  void spoil_upstream() {
    const auto& file = world_.mirrored[static_cast<std::size_t>(below(4))];
    auto bad = answer(file.bytes, "\"v\"");
    switch (below(7)) {
      case 0: bad = answer_status(500 + below(4)); break;
      case 1: bad = answer_error(http::FetchFailure::connect); break;
      case 2: bad.fail_at = static_cast<std::size_t>(below(static_cast<int>(file.bytes.size()))); break;
      case 3: bad.body[static_cast<std::size_t>(below(static_cast<int>(bad.body.size())))] ^= 1; break;
      case 4:
        bad.hold_body = gate_;
        bad.hold_at = static_cast<std::size_t>(below(static_cast<int>(file.bytes.size())));
        break;
      case 5: bad.send_length = false; break;
      default: return release();
    }
    server_.upstream().on(file.url(), bad);
  }

  // What waits for the upstream goes on.
  void release() {
    gate_->open();
    heal_upstream();
    server_.poll();
    auto waiting = std::exchange(waiting_, {});
    for (auto& [pending, right] : waiting) judge(finish(std::move(pending)), right);
  }

  // --- disk and process ---

  void spoil_disk() {
    switch (below(4)) {
      case 0: return server_.disk().fail_at(1 + static_cast<std::size_t>(below(12)), one_in(2) ? EIO : ENOSPC);
      case 1: return server_.disk().set_free_bytes(static_cast<std::uint64_t>(below(2)) * 1'000'000);
      case 2: return server_.disk().set_free_bytes(50'000'000'000);
      default: return server_.disk().crash_at(1 + static_cast<std::size_t>(below(12)));
    }
  }

  // A kill, or the power: then the disk has what was synced, and cache.db is as it was at the last start.
  void die() {
    waiting_.clear();
    const bool power = one_in(2);
    const auto keep = server_.data();
    server_.restart([this, power, &keep] {
      if (power) cut_power(keep);
    });
    server_.disk().set_free_bytes(50'000'000'000);
    heal_upstream();
  }

  // The databases are not on the modelled disk. What SQLite acknowledged is synced.
  void cut_power(const fs::path& data) {
    const ScratchDirectory aside;
    for (const auto& entry : fs::directory_iterator(data)) {
      if (entry.is_regular_file()) fs::copy_file(entry.path(), aside.path() / entry.path().filename());
    }
    server_.disk().lose_unsynced(one_in(2) ? Survives::nothing : Survives::names);
    for (const auto& entry : fs::directory_iterator(aside.path())) {
      fs::copy_file(entry.path(), data / entry.path().filename(), fs::copy_options::overwrite_existing);
    }
    if (one_in(4)) fs::remove(data / "cache.db");
  }

  // A bit of a cached file.
  void rot() {
    const auto& file = world_.mirrored[static_cast<std::size_t>(below(4))];
    const auto hex = Digest::of(file.bytes).hex();
    const auto path = server_.data() / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
    if (!fs::is_regular_file(path) || fs::file_size(path) == 0) return;
    std::fstream bits(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = below(static_cast<int>(fs::file_size(path)));
    bits.seekg(at);
    const char old = static_cast<char>(bits.get());
    bits.seekp(at);
    bits.put(static_cast<char>(old ^ 4));
    bits.close();
    fs::last_write_time(path, fs::last_write_time(path) + seconds(1 + below(1000)));  // more than a tick of the kernel's clock
  }

  // The answer, if there is one: a request may wait for an upstream that is held, and then it is given up.
  std::optional<Got> finish(Pending pending) {
    for (int i = 0; i < 40 && !pending.done(); ++i) server_.advance(seconds(5));
    if (!pending.done()) {
      gate_->open();
      heal_upstream();
      server_.poll();
      for (int i = 0; i < 40 && !pending.done(); ++i) server_.advance(seconds(5));
    }
    if (!pending.done()) return std::nullopt;
    return pending.get();
  }

  // --- the end ---

  void settle() {
    release();
    die();
    server_.disk().set_free_bytes(50'000'000'000);
    server_.advance(std::chrono::hours(2));  // breakers and absences are over
  }

  void check_all() {
    for (const auto& [filename, allowed] : hosted_) {
      std::string found;
      for (const auto& bytes : allowed) {
        if (bytes.empty()) continue;
        const auto got = server_.get(link_of(filename, bytes));
        if (got.status != 200) continue;
        EXPECT_EQ(got.body, bytes);
        found = bytes;
      }
      EXPECT_TRUE(allowed.contains(found)) << filename << " is " << (found.empty() ? "lost" : "there although it was deleted");
    }
    for (const auto& file : world_.mirrored) EXPECT_EQ(server_.get("/root/pypi/+f/" + file.path()).body, file.bytes) << file.filename;
    std::string said;
    const auto report = ops::fsck(server_.application().catalog(), server_.application().store(), ops::Repair::no, server_.clock(),
                                  [&said](const std::string& line) { said += line + "\n"; });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->damaged_hosted + report->missing_hosted + report->missing_cached, 0U) << said;
    server_.restart();
    EXPECT_EQ(std::distance(fs::directory_iterator(server_.data() / "tmp"), fs::directory_iterator()), 0);
    for (const auto& event : server_.log().events()) EXPECT_NE(event.name, "bug") << event["what"];
  }

  const World& world_;
  std::mt19937_64 chance_;
  HermeticServer server_;
  std::shared_ptr<Gate> gate_;
  std::vector<std::pair<Pending, std::string>> waiting_;
  std::map<std::string, std::set<std::string>> hosted_;  // what a file may be; "" = absent
};

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Schedules, KeepTheirPromises) {
  // Nothing here is meant to survive the machine; real syncs would take most of the time.
  if (fs::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
  const World world;
  const std::uint64_t first = number_of("BODEGA_SCHEDULE_SEED", 1);
  const std::uint64_t count = number_of("BODEGA_SCHEDULES", std::getenv("BODEGA_SCHEDULE_SEED") == nullptr ? 20 : 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("again with BODEGA_SCHEDULE_SEED=" + std::to_string(seed));
    Schedule(world, seed).run();
    if (HasFailure()) break;
  }
  ::unsetenv("TMPDIR");
}

}  // namespace
}  // namespace bodega::testing
