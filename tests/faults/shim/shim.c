/* What a machine does to the program that the tests run, and a test can't do otherwise: a power cut, and a clock that is set.
 *
 * Loaded into the server by LD_PRELOAD. Settings, all by environment:
 *
 *   SHIM_FOLDER   the data folder, as an absolute path without links; files in it are followed
 *   SHIM_UNDO     a folder for the undo logs, one for each file that was written
 *   SHIM_LIES     if set, a sync answers at once and makes nothing durable: a disk that lies
 *   SHIM_CLOCK    a file of eight bytes: seconds, signed, that are added to the wall clock; may change at any time
 *
 * A power cut. Before a file is changed, what stands there goes into its undo log; a sync of the file empties that. So whoever kills the
 * process and puts the undo logs back has the files as they were at their last syncs: what a disk would hold that kept nothing that it was
 * not told to sync. Undoing some of the pages only gives what a disk would hold that wrote pages in an order of its own. The undoing is
 * done by tests/src/power.rs.
 *
 * An undo log is a sequence of records; all numbers have 64 bits, little-endian:
 *
 *   kind, offset, length of the file before, length of the bytes that follow, those bytes
 *
 * A file that was made is on disk once it, or the folder, is synced; renames and removals are taken to be on disk at once.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 1, MADE = 2, NAMED = 3 };
enum { DESCRIPTORS = 4096, FILES = 64 };

struct file {
  char path[PATH_MAX];
  int undo;
};

static struct file files[FILES];
static int file_count;
/* Which file a descriptor is of: its number and one, or 0. */
static volatile unsigned char of_descriptor[DESCRIPTORS];
static volatile unsigned char is_folder[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *folder, *undo_folder;
static size_t folder_length;
static int lies;
static volatile int64_t *ahead;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static volatile int is_ready;

static void get_ready(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  if (!is_ready) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    folder = getenv("SHIM_FOLDER");
    undo_folder = getenv("SHIM_UNDO");
    folder_length = folder ? strlen(folder) : 0;
    lies = getenv("SHIM_LIES") != NULL;
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *clock = getenv("SHIM_CLOCK");
    int fd = clock ? real_open(clock, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
      void *at = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
      ahead = at == MAP_FAILED ? NULL : at;
      real_close(fd);
    }
    __atomic_store_n(&is_ready, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&once);
}

/* Other libraries may call before this one's turn to begin has come. */
__attribute__((constructor)) static void begin(void) {
  if (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE))
    get_ready();
}

/* The test is worth nothing where the shim fails: it ends the program, loudly. */
static void give_up(const char *what) {
  dprintf(2, "shim: %s: %s\n", what, strerror(errno));
  abort();
}

/* ---- Files ---- */

/* Where `path` leads, as far as it is in the data folder itself (not below it); else NULL. */
static const char *within(const char *path) {
  if (!folder || !undo_folder || strncmp(path, folder, folder_length) || path[folder_length] != '/')
    return NULL;
  const char *name = path + folder_length + 1;
  return *name && !strchr(name, '/') ? name : NULL;
}

static int open_undo(const char *name) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", undo_folder, name);
  int fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    give_up("an undo log can't be opened");
  return fd;
}

/* The number of the file at `path`, which is in the folder. */
static int number(const char *path, const char *name) {
  for (int at = 0; at < file_count; at++)
    if (!strcmp(files[at].path, path))
      return at;
  if (file_count == FILES)
    give_up("too many files");
  snprintf(files[file_count].path, PATH_MAX, "%s", path);
  files[file_count].undo = open_undo(name);
  return file_count++;
}

static struct file *followed(int fd) {
  if (fd < 0 || fd >= DESCRIPTORS || !of_descriptor[fd])
    return NULL;
  return &files[of_descriptor[fd] - 1];
}

static void note(struct file *file, uint64_t kind, uint64_t offset, uint64_t length, const void *bytes, uint64_t count) {
  uint64_t head[4] = {kind, offset, length, count};
  struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, count}};
  if (real_writev(file->undo, parts, 2) != (ssize_t)(sizeof head + count))
    give_up("an undo log can't be written");
}

/* What stands at `offset` of `fd` goes into the undo log, as far as `count` bytes reach. */
static void before(struct file *file, int fd, off_t offset, size_t count) {
  struct stat stat;
  if (fstat(fd, &stat))
    give_up("a file has no length");
  size_t there = 0;
  if (offset < stat.st_size)
    there = count < (size_t)(stat.st_size - offset) ? count : (size_t)(stat.st_size - offset);
  char *bytes = there ? malloc(there) : NULL;
  int own = -1;
  /* The descriptor may be for writing only. */
  if (there) {
    own = real_open(file->path, O_RDONLY | O_CLOEXEC);
    if (own < 0 || pread64(own, bytes, there, offset) != (ssize_t)there)
      give_up("what is to be overwritten can't be read");
    real_close(own);
  }
  note(file, BYTES, (uint64_t)offset, (uint64_t)stat.st_size, bytes, there);
  free(bytes);
}

static void opened(int fd, const char *path, int flags, int was_there) {
  if (fd < 0 || fd >= DESCRIPTORS)
    return;
  is_folder[fd] = folder && !strcmp(path, folder);
  const char *name = within(path);
  if (!name || (flags & O_ACCMODE) == O_RDONLY)
    return;
  pthread_mutex_lock(&lock);
  int file = number(path, name);
  of_descriptor[fd] = (unsigned char)(file + 1);
  if (!was_there)
    note(&files[file], MADE, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

static int open_followed(int at, const char *path, int flags, mode_t mode) {
  begin();
  int was_there = 1;
  if (within(path)) {
    was_there = !access(path, F_OK);
    if (was_there && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY) {
      pthread_mutex_lock(&lock);
      struct file *file = &files[number(path, within(path))];
      int fd = real_open(path, O_RDONLY | O_CLOEXEC);
      if (fd >= 0) {
        before(file, fd, 0, SIZE_MAX);
        real_close(fd);
      }
      pthread_mutex_unlock(&lock);
    }
  }
  int fd = at == AT_FDCWD ? real_open(path, flags, mode) : real_openat(at, path, flags, mode);
  opened(fd, path, flags, was_there);
  return fd;
}

#define MODE(flags)                                  \
  mode_t mode = 0;                                   \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {           \
    va_list arguments;                               \
    va_start(arguments, flags);                      \
    mode = (mode_t)va_arg(arguments, int);           \
    va_end(arguments);                               \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  return open_followed(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags)
  return open_followed(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  MODE(flags)
  return open_followed(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
  MODE(flags)
  return open_followed(at, path, flags, mode);
}

int close(int fd) {
  begin();
  if (fd >= 0 && fd < DESCRIPTORS)
    of_descriptor[fd] = is_folder[fd] = 0;
  return real_close(fd);
}

static off_t position(int fd) {
  struct stat stat;
  if (fcntl(fd, F_GETFL) & O_APPEND)
    return fstat(fd, &stat) ? 0 : stat.st_size;
  return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  begin();
  struct file *file = followed(fd);
  if (!file)
    return real_write(fd, bytes, count);
  pthread_mutex_lock(&lock);
  before(file, fd, position(fd), count);
  ssize_t written = real_write(fd, bytes, count);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  begin();
  struct file *file = followed(fd);
  if (!file)
    return real_writev(fd, parts, count);
  size_t bytes = 0;
  for (int at = 0; at < count; at++)
    bytes += parts[at].iov_len;
  pthread_mutex_lock(&lock);
  before(file, fd, position(fd), bytes);
  ssize_t written = real_writev(fd, parts, count);
  pthread_mutex_unlock(&lock);
  return written;
}

static ssize_t pwrite_followed(int fd, const void *bytes, size_t count, off_t offset) {
  begin();
  struct file *file = followed(fd);
  if (!file)
    return real_pwrite(fd, bytes, count, offset);
  pthread_mutex_lock(&lock);
  before(file, fd, offset, count);
  ssize_t written = real_pwrite(fd, bytes, count, offset);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite_followed(fd, bytes, count, offset); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return pwrite_followed(fd, bytes, count, offset); }

static int truncate_followed(int fd, off_t length) {
  begin();
  struct file *file = followed(fd);
  if (!file)
    return real_ftruncate(fd, length);
  pthread_mutex_lock(&lock);
  before(file, fd, length, SIZE_MAX);
  int done = real_ftruncate(fd, length);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t length) { return truncate_followed(fd, length); }

int ftruncate64(int fd, off64_t length) { return truncate_followed(fd, length); }

/* Nothing reaches the real disk: the machine that the tests run on keeps its power. */
static int synced(int fd, int (*real)(int)) {
  struct file *file = followed(fd);
  int of_folder = fd >= 0 && fd < DESCRIPTORS && is_folder[fd];
  if (!file && !of_folder)
    return real(fd);
  if (lies)
    return 0;
  pthread_mutex_lock(&lock);
  if (file && ftruncate64(file->undo, 0))
    give_up("an undo log can't be emptied");
  for (int at = 0; of_folder && at < file_count; at++)
    note(&files[at], NAMED, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) {
  begin();
  return synced(fd, real_fsync);
}

int fdatasync(int fd) {
  begin();
  return synced(fd, real_fdatasync);
}

int rename(const char *from, const char *to) {
  begin();
  const char *source = within(from), *target = within(to);
  if (!source || !target)
    return real_rename(from, to);
  pthread_mutex_lock(&lock);
  int done = real_rename(from, to);
  if (!done) {
    char old[PATH_MAX], new[PATH_MAX];
    snprintf(old, sizeof old, "%s/%s", undo_folder, source);
    snprintf(new, sizeof new, "%s/%s", undo_folder, target);
    for (int at = 0; at < file_count; at++) {
      if (!strcmp(files[at].path, to))
        files[at].path[0] = 0;
      else if (!strcmp(files[at].path, from))
        snprintf(files[at].path, PATH_MAX, "%s", to);
    }
    real_rename(old, new);
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  begin();
  const char *name = within(path);
  if (!name)
    return real_unlink(path);
  pthread_mutex_lock(&lock);
  int done = real_unlink(path);
  for (int at = 0; !done && at < file_count; at++)
    if (!strcmp(files[at].path, path) && ftruncate64(files[at].undo, 0))
      give_up("an undo log can't be emptied");
  pthread_mutex_unlock(&lock);
  return done;
}

/* ---- The clock ---- */

int clock_gettime(clockid_t clock, struct timespec *now) {
  begin();
  int done = real_clock_gettime(clock, now);
  if (!done && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += *ahead;
  return done;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec precise;
  int done = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return done;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at)
    *at = now.tv_sec;
  return now.tv_sec;
}
