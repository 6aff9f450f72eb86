/* What the bench of faults puts under the server (LD_PRELOAD): counts the calls that change or read files below one directory and, at the
   chosen ones, kills the process, fails or waits. Driven through a page that the bench maps too (FAULTS_PAGE), so that a fault can be put
   on and taken off while the server runs. FAULTS_ROOT is the directory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE = 2, SYNC = 4, RENAME = 8, UNLINK = 16, MKDIR = 32, TRUNCATE = 64, LINK = 128, READ = 256, OPEN = 512 };

/* docs: bench.py has the same layout. */
struct page {
  _Atomic uint64_t armed, kinds, count, kill_at, half, error, error_from, error_to, hits, delay_us;
  _Atomic uint64_t inode; /* of an open file, whatever its name is; 0: any */
  char match[256]; /* of a path; empty: all below the root */
};

static struct page* the_page;
static const char* root;
static size_t root_length;

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("FAULTS_PAGE");
  root = getenv("FAULTS_ROOT");
  if (!path || !root) return;
  root_length = strlen(root);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void* mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (mapped != MAP_FAILED) the_page = mapped;
}

static int below_root(const char* path) {
  return strncmp(path, root, root_length) == 0 && (!the_page->match[0] || strstr(path, the_page->match));
}

static int path_matches(const char* path) {
  char whole[PATH_MAX];
  if (path[0] != '/') {
    if (!getcwd(whole, sizeof whole)) return 0;
    strncat(whole, "/", sizeof whole - strlen(whole) - 1);
    strncat(whole, path, sizeof whole - strlen(whole) - 1);
    path = whole;
  }
  return below_root(path);
}

static int fd_matches(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  struct stat of_fd;
  if (the_page->inode && (fstat(fd, &of_fd) != 0 || of_fd.st_ino != the_page->inode)) return 0;
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return below_root(path);
}

/* 0: go on. Else an errno. `fd` >= 0 and `bytes`: a write that may be done by half before the kill. */
static int meets(int kind, int matches, int fd, const void* bytes, size_t size, off_t offset) {
  if (!matches) return 0;
  uint64_t number = atomic_fetch_add(&the_page->count, 1) + 1;
  if (the_page->kill_at && number == the_page->kill_at) {
    if (the_page->half && bytes && size > 1) {
      if (offset >= 0) {
        syscall(SYS_pwrite64, fd, bytes, size / 2, offset);
      } else {
        syscall(SYS_write, fd, bytes, size / 2);
      }
    }
    atomic_fetch_add(&the_page->hits, 1);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  if (the_page->delay_us) usleep((useconds_t)the_page->delay_us);
  if (the_page->error && number >= the_page->error_from && number <= the_page->error_to) {
    atomic_fetch_add(&the_page->hits, 1);
    return (int)the_page->error;
  }
  (void)kind;
  return 0;
}

#define WATCHED(kind) (the_page && the_page->armed && (the_page->kinds & (kind)))
#define MEET(kind, matches, fd, bytes, size, offset)                              \
  do {                                                                            \
    if (WATCHED(kind)) {                                                          \
      int kept = errno, fate = meets(kind, (matches), (fd), (bytes), (size), (offset)); \
      if (fate) {                                                                 \
        errno = fate;                                                             \
        return -1;                                                                \
      }                                                                           \
      errno = kept;                                                               \
    }                                                                             \
  } while (0)

static int opening(int at, const char* path, int flags, mode_t mode) {
  int kind = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? CREATE : OPEN;
  MEET(kind, path_matches(path), -1, NULL, 0, -1);
  return (int)syscall(SYS_openat, at, path, flags, mode);
}
#define OPENER(name)                                     \
  int name(const char* path, int flags, ...) {           \
    va_list more;                                        \
    va_start(more, flags);                               \
    mode_t mode = va_arg(more, mode_t);                  \
    va_end(more);                                        \
    return opening(AT_FDCWD, path, flags, mode);         \
  }
#define OPENER_AT(name)                                  \
  int name(int at, const char* path, int flags, ...) {   \
    va_list more;                                        \
    va_start(more, flags);                               \
    mode_t mode = va_arg(more, mode_t);                  \
    va_end(more);                                        \
    return opening(at, path, flags, mode);               \
  }
OPENER(open)
OPENER(open64)
OPENER_AT(openat)
OPENER_AT(openat64)

ssize_t write(int fd, const void* bytes, size_t size) {
  MEET(WRITE, fd_matches(fd), fd, bytes, size, -1);
  return syscall(SYS_write, fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  MEET(WRITE, fd_matches(fd), fd, bytes, size, offset);
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  MEET(WRITE, fd_matches(fd), fd, bytes, size, offset);
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}
ssize_t read(int fd, void* bytes, size_t size) {
  MEET(READ, fd_matches(fd), -1, NULL, 0, -1);
  return syscall(SYS_read, fd, bytes, size);
}
ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  MEET(READ, fd_matches(fd), -1, NULL, 0, -1);
  return syscall(SYS_pread64, fd, bytes, size, offset);
}
ssize_t pread64(int fd, void* bytes, size_t size, off64_t offset) {
  MEET(READ, fd_matches(fd), -1, NULL, 0, -1);
  return syscall(SYS_pread64, fd, bytes, size, offset);
}
ssize_t sendfile(int to, int fd, off_t* offset, size_t size) {
  MEET(READ, fd_matches(fd), -1, NULL, 0, -1);
  return syscall(SYS_sendfile, to, fd, offset, size);
}
ssize_t sendfile64(int to, int fd, off64_t* offset, size_t size) {
  MEET(READ, fd_matches(fd), -1, NULL, 0, -1);
  return syscall(SYS_sendfile, to, fd, offset, size);
}
int fsync(int fd) {
  MEET(SYNC, fd_matches(fd), -1, NULL, 0, -1);
  return (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
  MEET(SYNC, fd_matches(fd), -1, NULL, 0, -1);
  return (int)syscall(SYS_fdatasync, fd);
}
int syncfs(int fd) {
  MEET(SYNC, fd_matches(fd), -1, NULL, 0, -1);
  return (int)syscall(SYS_syncfs, fd);
}
int rename(const char* from, const char* to) {
  MEET(RENAME, path_matches(from) || path_matches(to), -1, NULL, 0, -1);
  return (int)syscall(SYS_rename, from, to);
}
int unlink(const char* path) {
  MEET(UNLINK, path_matches(path), -1, NULL, 0, -1);
  return (int)syscall(SYS_unlink, path);
}
int mkdir(const char* path, mode_t mode) {
  MEET(MKDIR, path_matches(path), -1, NULL, 0, -1);
  return (int)syscall(SYS_mkdir, path, mode);
}
int ftruncate(int fd, off_t size) {
  MEET(TRUNCATE, fd_matches(fd), -1, NULL, 0, -1);
  return (int)syscall(SYS_ftruncate, fd, size);
}
int ftruncate64(int fd, off64_t size) {
  MEET(TRUNCATE, fd_matches(fd), -1, NULL, 0, -1);
  return (int)syscall(SYS_ftruncate, fd, size);
}
int link(const char* from, const char* to) {
  MEET(LINK, path_matches(from) || path_matches(to), -1, NULL, 0, -1);
  return (int)syscall(SYS_link, from, to);
}
