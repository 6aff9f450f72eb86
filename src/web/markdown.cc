#include "web/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cpu_time.h"

namespace bodega::web {
namespace {

// Where cmark gets its memory from: given back as a whole, bounded, and the place where a text that takes too long is left, because cmark
// has no other. Between setjmp and a jump there are frames of cmark and of functions here without destructors, and nothing else.
class Heap {
 public:
  explicit Heap(MarkdownLimits limits) : memory_left_(limits.memory), end_(thread_cpu_time() + limits.time) {}

  std::jmp_buf& exit() { return exit_; }

  void* allocate(std::size_t count, std::size_t size) {
    if (size != 0 && count > memory_left_ / size) leave();
    return take(count * size);
  }

  void* reallocate(void* old, std::size_t size) {
    if (old == nullptr) return take(size);
    std::size_t had = 0;
    std::memcpy(&had, static_cast<std::byte*>(old) - kHeader, sizeof had);
    if (size <= had) return old;
    void* fresh = take(size);
    std::memcpy(fresh, old, had);
    return fresh;
  }

  void check_time() {
    if (thread_cpu_time() > end_) leave();
  }

 private:
  static constexpr std::size_t kHeader = 16;  // the size of the piece behind it, and its alignment
  static constexpr std::size_t kSlab = 256U << 10U;
  // Between two looks at the clock cmark passes over a megabyte 32 times at most, which takes a few milliseconds.
  static constexpr unsigned kLook = 32;

  [[noreturn]] void leave() { std::longjmp(exit_, 1); }

  void* take(std::size_t size) {
    if (++taken_ % kLook == 0) check_time();
    const std::size_t whole = kHeader + (size + kHeader - 1) / kHeader * kHeader;
    if (size > memory_left_ || whole > memory_left_) leave();
    memory_left_ -= whole;
    if (whole > slab_left_) new_slab(std::max(whole, kSlab));
    std::byte* piece = next_;
    next_ += whole;
    slab_left_ -= whole;
    std::memcpy(piece, &size, sizeof size);
    return piece + kHeader;
  }

  void new_slab(std::size_t size) {
    slabs_.push_back(std::make_unique<std::byte[]>(size));  // zeros, which nobody has written to
    next_ = slabs_.back().get();
    slab_left_ = size;
  }

  std::jmp_buf exit_{};
  std::size_t memory_left_;
  std::chrono::nanoseconds end_;
  unsigned taken_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::byte* next_ = nullptr;
  std::size_t slab_left_ = 0;
};

// cmark's memory functions take no argument of ours.
thread_local Heap* current_heap = nullptr;

void* heap_calloc(std::size_t count, std::size_t size) { return current_heap->allocate(count, size); }
void* heap_realloc(void* old, std::size_t size) { return current_heap->reallocate(old, size); }
void heap_free(void*) {}

constexpr int kOptions = CMARK_OPT_UNSAFE | CMARK_OPT_VALIDATE_UTF8;
// Lines are short: cmark looks at every open block once a line, which is a lot in a list of lists of lists.
constexpr std::size_t kPiece = 256;

struct Job {
  std::string_view text;
  const char* html = nullptr;
};

void convert(Heap& heap, cmark_mem& memory, Job& job) {
  cmark_parser* parser = cmark_parser_new_with_mem(kOptions, &memory);
  for (const char* name : {"table", "strikethrough", "autolink", "tagfilter"}) {
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name)) cmark_parser_attach_syntax_extension(parser, extension);
  }
  for (std::size_t at = 0; at < job.text.size(); at += kPiece) {
    cmark_parser_feed(parser, job.text.data() + at, std::min(kPiece, job.text.size() - at));
    heap.check_time();
  }
  cmark_node* document = cmark_parser_finish(parser);
  job.html = cmark_render_html_with_mem(document, kOptions, cmark_parser_get_syntax_extensions(parser), &memory);
}

// false: left on the way.
bool run(Heap& heap, cmark_mem& memory, Job& job) {
  if (setjmp(heap.exit()) != 0) return false;
  convert(heap, memory, job);
  return true;
}

}  // namespace

std::optional<std::string> markdown_to_html(std::string_view text, MarkdownLimits limits) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  cmark_gfm_core_extensions_ensure_registered();
  Heap heap(limits);
  cmark_mem memory = {heap_calloc, heap_realloc, heap_free};
  Job job{text};
  current_heap = &heap;
  const bool done = run(heap, memory, job);
  current_heap = nullptr;
  if (!done) return std::nullopt;
  return std::string(job.html);
}

std::string markdown_version() { return cmark_version_string(); }

}  // namespace bodega::web
