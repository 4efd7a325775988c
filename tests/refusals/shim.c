// Makes the disk refuse: preloaded into nt, it counts what the program asks of files below the folders in NT_FAULT_UNDER, and lets
// the call of number NT_FAULT_AT fail with the error NT_FAULT_ERRNO. With NT_FAULT_LASTING all later ones that would write fail,
// too, as on a full disk. Writes the number of calls to NT_FAULT_COUNT when the program ends. With NT_FAULT_LOCKS, locks are
// refused with that error.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST_FILES 4096

static char watched[MOST_FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls, fails_at;
static int error_number, lasting;
static const char *folders;

__attribute__((constructor)) static void begin(void) {
    folders = getenv("NT_FAULT_UNDER");
    const char *at = getenv("NT_FAULT_AT"), *number = getenv("NT_FAULT_ERRNO");
    fails_at = at ? atol(at) : 0;
    error_number = number ? atoi(number) : EIO;
    lasting = getenv("NT_FAULT_LASTING") != NULL;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("NT_FAULT_COUNT");
    if (!path) return;
    FILE *(*open_file)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
    FILE *file = open_file(path, "w");
    if (file) {
        fprintf(file, "%ld\n", calls);
        fclose(file);
    }
}

static int is_below(const char *path) {
    if (!folders || !path) return 0;
    for (const char *start = folders; *start;) {
        size_t length = strcspn(start, ":");
        if (length && !strncmp(path, start, length)) return 1;
        start += length + (start[length] == ':');
    }
    return 0;
}

static int is_watched(int file) { return file >= 0 && file < MOST_FILES && watched[file]; }

// Whether this call fails. `writes` says whether it needs room on the disk.
static int refuses(int writes) {
    pthread_mutex_lock(&lock);
    long number = ++calls;
    pthread_mutex_unlock(&lock);
    int refused = fails_at && (number == fails_at || (lasting && writes && number > fails_at));
    if (refused) errno = error_number;
    return refused;
}

#define REAL(name) __typeof__(name) *real = dlsym(RTLD_NEXT, #name)

static int note(int file, const char *path) {
    if (file >= 0 && file < MOST_FILES) watched[file] = is_below(path);
    return file;
}

static int opens_for_writing(int flags) { return flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR); }

#define OPEN(name)                                                                    \
    int name(const char *path, int flags, ...) {                                      \
        va_list rest;                                                                 \
        va_start(rest, flags);                                                        \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;       \
        va_end(rest);                                                                 \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);                \
        if (is_below(path) && refuses(opens_for_writing(flags))) return -1;           \
        return note(real(path, flags, mode), path);                                   \
    }
OPEN(open)
OPEN(open64)

#define ON_FILE(result, name, arguments, values, writes)      \
    result name arguments {                                   \
        REAL(name);                                           \
        if (is_watched(file) && refuses(writes)) return -1;   \
        return real values;                                   \
    }
ON_FILE(ssize_t, read, (int file, void *to, size_t length), (file, to, length), 0)
ON_FILE(ssize_t, pread64, (int file, void *to, size_t length, off64_t at), (file, to, length, at), 0)
ON_FILE(ssize_t, write, (int file, const void *from, size_t length), (file, from, length), 1)
ON_FILE(int, fsync, (int file), (file), 1)
ON_FILE(int, fdatasync, (int file), (file), 1)
ON_FILE(int, ftruncate64, (int file, off64_t length), (file, length), 1)
ON_FILE(off64_t, lseek64, (int file, off64_t to, int from), (file, to, from), 0)

int close(int file) {
    REAL(close);
    if (file >= 0 && file < MOST_FILES) watched[file] = 0;
    return real(file);
}

#define ON_PATH(result, refused, name, arguments, values, path, writes) \
    result name arguments {                                             \
        REAL(name);                                                     \
        if (is_below(path) && refuses(writes)) return refused;          \
        return real values;                                             \
    }
ON_PATH(int, -1, rename, (const char *from, const char *to), (from, to), to, 1)
ON_PATH(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), path, 1)
ON_PATH(int, -1, unlink, (const char *path), (path), path, 0)
ON_PATH(DIR *, NULL, opendir, (const char *path), (path), path, 0)
ON_PATH(char *, NULL, realpath, (const char *path, char *to), (path, to), path, 0)
ON_PATH(int, -1, statx, (int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict to),
        (folder, path, flags, mask, to), path, 0)

int flock(int file, int operation) {
    REAL(flock);
    const char *number = getenv("NT_FAULT_LOCKS");
    if (number) {
        errno = atoi(number);
        return -1;
    }
    return real(file, operation);
}
