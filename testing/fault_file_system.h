// A file system that fails or dies at a chosen operation and forgets what was not synced. It works on a real directory, so descriptors,
// sendfile and fstat are real; beside it, it keeps a model of what the disk would still have after a power cut.
//
//   ScratchDirectory scratch;
//   FaultFileSystem disk(scratch.path());
//   disk.crash_at(4);              // the 4th mutating operation from now, and everything after it, is `cancelled`
//   ... use disk ...
//   disk.lose_unsynced();          // the power cut; or disk.restart(): only the process died
//   ... open the store again on disk ...
//
// The model: bytes of a file last as of its last successful sync (never synced: an empty file), names in a directory as of the last
// successful sync of that directory. After a failed sync the kernel has forgotten what was dirty: the next sync succeeds and makes
// nothing durable that was not touched again. What a test does to the directory behind this object's back is not modelled.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "store/file_system.h"

namespace bodega::testing {

// A directory of its own for one test, removed with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bodega-test-XXXXXX").string();
    BODEGA_CHECK(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

enum class DiskOperation { create, write, sync, rename, remove, make_directories, sync_directory, link, add_directory, sync_all };

// What else survives a power cut besides what was synced. A disk may write more than it was asked to, in any order.
enum class Survives {
  nothing,
  names,  // every name as it is now, with synced bytes only: the empty file that a rename without fsync leaves on XFS
};

class FaultFileSystem final : public store::FileSystem {
 public:
  // Everything below `root` now counts as durable. All paths used must be `root` or below it.
  explicit FaultFileSystem(std::filesystem::path root) : root_(std::move(root)), disk_(store::make_posix_file_system()) {
    adopt(top_, root_);
  }

  // --- faults; counted from this call on, 1 is the next operation ---

  // Fails the n-th mutating operation once. A failing write has written half of its bytes.
  void fail_at(std::size_t n, int errnum) {
    const std::lock_guard lock(mutex_);
    fault_ = Fault{done_.size() + n, std::nullopt, errnum, false};
  }
  // Fails the next operation of a kind once.
  void fail_next(DiskOperation kind, int errnum) {
    const std::lock_guard lock(mutex_);
    fault_ = Fault{0, kind, errnum, false};
  }
  void fail_next_sync() { fail_next(DiskOperation::sync, EIO); }
  // The process dies in the n-th mutating operation: it reaches the disk (a write by half, a sync not at all), reports nothing good, and
  // everything after it, reads included, is `cancelled`.
  void crash_at(std::size_t n) {
    const std::lock_guard lock(mutex_);
    fault_ = Fault{done_.size() + n, std::nullopt, 0, true};
  }
  // What space() says from now on instead of the truth.
  void set_free_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
  }

  // Called after a file was opened and before its reader acts on that: the place to change what was seen.
  void on_opened(std::function<void(const std::filesystem::path&)> opened) { opened_ = std::move(opened); }

  // --- what happened ---

  std::vector<DiskOperation> operations() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  bool crashed() const {
    const std::lock_guard lock(mutex_);
    return crashed_;
  }

  // --- after the end of a process ---

  // Only the process died: the disk is as it was left. Nothing may be open any more. Faults and the record of operations are cleared.
  void restart() {
    const std::lock_guard lock(mutex_);
    clear();
  }
  // The power went: puts the directory into the state of the model, then as restart().
  void lose_unsynced(Survives survives = Survives::nothing) {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : std::filesystem::directory_iterator(root_)) std::filesystem::remove_all(entry.path());
    restore(top_, root_, survives);
    top_ = Node{true, {}, {}, {}, {}};
    adopt(top_, root_);
    clear();
  }

  // --- store::FileSystem ---

  Result<std::unique_ptr<store::File>> open_read(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return dead();
    BODEGA_TRY(auto file, disk_->open_read(path));
    if (opened_) opened_(path);
    return std::make_unique<FaultFile>(*this, std::move(file), find(path));
  }

  Result<std::unique_ptr<store::File>> create(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::create);
    if (!fate.acts) return fail(*fate.error);
    BODEGA_TRY(auto file, disk_->create(path));
    const auto node = std::make_shared<Node>();
    enter(path, node);
    if (fate.error) return fail(*fate.error);
    return std::make_unique<FaultFile>(*this, std::move(file), node);
  }

  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::rename);
    if (!fate.acts) return fate.report();
    BODEGA_TRY_VOID(disk_->rename(from, to));
    const auto node = find(from);
    leave(from);
    enter(to, node ? node : std::make_shared<Node>());
    return fate.report();
  }

  // As on a file system without shared blocks.
  Result<bool> clone(const store::File&, store::File&) override { return false; }

  Result<bool> link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::link);
    if (!fate.acts) return fail(*fate.error);
    BODEGA_TRY(const bool linked, disk_->link(from, to));
    const auto node = find(from);
    if (linked) enter(to, node ? node : std::make_shared<Node>());
    if (fate.error) return fail(*fate.error);
    return linked;
  }

  Result<void> remove(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::remove);
    if (!fate.acts) return fate.report();
    BODEGA_TRY_VOID(disk_->remove(path));
    leave(path);
    return fate.report();
  }

  // One operation. When it fails or dies, the directories are there and their names are not durable.
  Result<void> make_directories(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return dead();
    const Fate fate = begin(DiskOperation::make_directories);
    BODEGA_TRY_VOID(disk_->make_directories(path));
    Node* parent = &top_;
    for (const auto& part : parts(path)) {
      auto& node = parent->now[part];
      if (!node) {
        node = std::make_shared<Node>(Node{true, {}, {}, {}, {}});
        parent->dirty.insert(part);
        if (!fate.error) make_durable(*parent);
      }
      parent = node.get();
    }
    return fate.report();
  }

  Result<void> add_directory(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::add_directory);
    if (!fate.acts) return fate.report();
    BODEGA_TRY_VOID(disk_->add_directory(path));
    if (!find(path)) enter(path, std::make_shared<Node>(Node{true, {}, {}, {}, {}}));
    return fate.report();
  }

  Result<void> remove_directory(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::remove);
    if (!fate.acts) return fate.report();
    BODEGA_TRY_VOID(disk_->remove_directory(path));
    if (!std::filesystem::exists(path)) leave(path);
    return fate.report();
  }

  Result<void> sync_all(const std::filesystem::path&) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::sync_all);
    if (fate.error) return fate.report();
    return settle(top_, root_);
  }

  Result<void> sync_directory(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    const Fate fate = begin(DiskOperation::sync_directory);
    BODEGA_TRY_VOID(disk_->sync_directory(path));
    const auto node = find(path);
    Node& directory = node ? *node : top_;
    if (fate.error) {
      if (!crashed_) directory.dirty.clear();
      return fate.report();
    }
    make_durable(directory);
    return {};
  }

  Result<void> list(const std::filesystem::path& path, const std::function<void(std::string_view)>& each) override {
    {
      const std::lock_guard lock(mutex_);
      if (crashed_) return dead();
    }
    return disk_->list(path, each);
  }

  Result<store::Space> space(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return dead();
    BODEGA_TRY(auto space, disk_->space(path));
    if (free_bytes_) space.free_bytes = *free_bytes_;
    return space;
  }

 private:
  // A file or directory: as it is now, and as the disk has it.
  struct Node {
    bool directory = false;
    std::map<std::string, std::shared_ptr<Node>> now;
    std::map<std::string, std::shared_ptr<Node>> durable;
    std::set<std::string> dirty;  // names that the next sync makes durable or gone
    std::string synced;           // bytes of a file
    bool dirty_bytes = false;
  };
  struct Fault {
    std::size_t operation;  // 0: the first of `kind`
    std::optional<DiskOperation> kind;
    int errnum;
    bool crash;
  };

  class FaultFile final : public store::File {
   public:
    FaultFile(FaultFileSystem& owner, std::unique_ptr<store::File> file, std::shared_ptr<Node> node)
        : owner_(owner), file_(std::move(file)), node_(std::move(node)) {}

    int fd() const override { return file_->fd(); }
    Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.crashed_) return dead();
      return file_->read_at(into, size, offset);
    }
    Result<store::Generation> generation() const override { return file_->generation(); }

    Result<void> write_at(std::string_view bytes, std::uint64_t offset) override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.crashed_) return dead();
      const Fate fate = owner_.begin(DiskOperation::write);
      if (fate.error) bytes = bytes.substr(0, bytes.size() / 2);
      if (node_) node_->dirty_bytes = true;
      BODEGA_TRY_VOID(file_->write_at(bytes, offset));
      return fate.report();
    }

    Result<void> sync() override {
      const std::lock_guard lock(owner_.mutex_);
      const Fate fate = owner_.begin(DiskOperation::sync);
      if (fate.error && node_) node_->dirty_bytes = false;
      if (fate.error) return fate.report();
      BODEGA_TRY_VOID(file_->sync());
      if (!node_ || !node_->dirty_bytes) return {};
      BODEGA_TRY(const auto generation, file_->generation());
      node_->synced.resize(generation.size);
      BODEGA_TRY_VOID(file_->read_at(node_->synced.data(), node_->synced.size(), 0));
      node_->dirty_bytes = false;
      return {};
    }

    Result<void> check_written() override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.crashed_) return dead();
      return {};
    }

   private:
    FaultFileSystem& owner_;
    std::unique_ptr<store::File> file_;
    std::shared_ptr<Node> node_;
  };

  static tl::unexpected<Error> dead() { return fail(Code::cancelled, "the process is dead"); }

  // How one operation goes: whether it reaches the disk, and the error it then has to report.
  struct Fate {
    bool acts = true;
    std::optional<Error> error;
    Result<void> report() const {
      if (error) return fail(*error);
      return {};
    }
  };

  Fate begin(DiskOperation kind) {
    if (crashed_) return {false, dead().value()};
    done_.push_back(kind);
    if (!fault_ || (fault_->kind ? *fault_->kind != kind : fault_->operation != done_.size())) return {};
    const Fault fault = *std::exchange(fault_, std::nullopt);
    crashed_ = fault.crash;
    if (crashed_) return {true, dead().value()};
    return {false, fail_errno(fault.errnum, "injected").value()};
  }

  void clear() {
    fault_.reset();
    crashed_ = false;
    done_.clear();
  }

  std::vector<std::string> parts(const std::filesystem::path& path) const {
    std::vector<std::string> found;
    for (const auto& part : path.lexically_relative(root_)) {
      BODEGA_CHECK(part != "..", "a path outside the root of the test's disk");
      if (part != ".") found.push_back(part.string());
    }
    return found;
  }

  // Null: unknown here, because the test made it behind our back.
  std::shared_ptr<Node> find(const std::filesystem::path& path) const {
    std::shared_ptr<Node> node;
    const auto* children = &top_.now;
    for (const auto& part : parts(path)) {
      const auto found = children->find(part);
      if (found == children->end()) return nullptr;
      node = found->second;
      children = &node->now;
    }
    return node;
  }

  Node& parent_of(const std::filesystem::path& path) {
    const auto node = find(path.parent_path());
    return node ? *node : top_;
  }
  void enter(const std::filesystem::path& path, const std::shared_ptr<Node>& node) {
    Node& parent = parent_of(path);
    parent.now[path.filename().string()] = node;
    parent.dirty.insert(path.filename().string());
  }
  void leave(const std::filesystem::path& path) {
    Node& parent = parent_of(path);
    parent.now.erase(path.filename().string());
    parent.dirty.insert(path.filename().string());
  }
  static void make_durable(Node& directory) {
    for (const auto& name : std::exchange(directory.dirty, {})) {
      const auto found = directory.now.find(name);
      if (found == directory.now.end()) {
        directory.durable.erase(name);
      } else {
        directory.durable[name] = found->second;
      }
    }
  }

  // Everything below, as it is now.
  static Result<void> settle(Node& directory, const std::filesystem::path& path) {
    make_durable(directory);
    for (const auto& [name, node] : directory.now) {
      if (node->directory) {
        BODEGA_TRY_VOID(settle(*node, path / name));
      } else if (std::exchange(node->dirty_bytes, false)) {
        node->synced = bytes_of(path / name);
      }
    }
    return {};
  }

  static std::string bytes_of(const std::filesystem::path& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(bytes).str();
  }

  static void adopt(Node& directory, const std::filesystem::path& path) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      const auto node = std::make_shared<Node>();
      node->directory = entry.is_directory();
      if (node->directory) {
        adopt(*node, entry.path());
      } else {
        node->synced = bytes_of(entry.path());
      }
      directory.now[entry.path().filename().string()] = node;
    }
    directory.durable = directory.now;
  }

  static void restore(const Node& directory, const std::filesystem::path& path, Survives survives) {
    for (const auto& [name, node] : survives == Survives::names ? directory.now : directory.durable) {
      if (node->directory) {
        std::filesystem::create_directory(path / name);
        restore(*node, path / name, survives);
      } else {
        std::ofstream(path / name, std::ios::binary) << node->synced;
      }
    }
  }

  const std::filesystem::path root_;
  const std::unique_ptr<store::FileSystem> disk_;
  mutable std::mutex mutex_;
  Node top_{true, {}, {}, {}, {}};
  std::vector<DiskOperation> done_;
  std::optional<Fault> fault_;
  std::optional<std::uint64_t> free_bytes_;
  bool crashed_ = false;
  std::function<void(const std::filesystem::path&)> opened_;
};

}  // namespace bodega::testing
