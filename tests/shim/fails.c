/* Makes a disk fail: preloaded (LD_PRELOAD), it lets calls on files below a folder fail, as a broken or a full disk does.
 *
 *   SHIM_UNDER   the folder
 *   SHIM_ARMED   while this file is there, calls are counted, and fail
 *   SHIM_CALLS   which ones: `write` (write, pwrite, ftruncate, fallocate) or `sync` (fsync, fdatasync)
 *   SHIM_NTH     the first one that fails, from 1
 *   SHIM_TIMES   how many fail from there on; 0: all of them
 *   SHIM_ERRNO   how: 5 is EIO, 28 ENOSPC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static const char *under, *armed, *calls;
static long nth, times, error;
static atomic_long seen;

__attribute__((constructor)) static void begin(void) {
    const char *text;
    under = getenv("SHIM_UNDER");
    armed = getenv("SHIM_ARMED");
    calls = getenv("SHIM_CALLS");
    nth = (text = getenv("SHIM_NTH")) ? atol(text) : 1;
    times = (text = getenv("SHIM_TIMES")) ? atol(text) : 1;
    error = (text = getenv("SHIM_ERRNO")) ? atol(text) : EIO;
}

static int fails(int file, const char *kind) {
    char link[64], path[4096];
    if (!under || !armed || !calls || strcmp(kind, calls) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int before = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    int there = length > 0 && access(armed, F_OK) == 0;
    errno = before;
    if (!there)
        return 0;
    path[length] = 0;
    if (strncmp(path, under, strlen(under)) != 0)
        return 0;
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (number < nth || (times != 0 && number >= nth + times))
        return 0;
    errno = (int)error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
    return fails(file, "write") ? -1 : REAL(write)(file, bytes, count);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return fails(file, "write") ? -1 : REAL(pwrite)(file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return fails(file, "write") ? -1 : REAL(pwrite64)(file, bytes, count, at);
}
int ftruncate(int file, off_t length) {
    return fails(file, "write") ? -1 : REAL(ftruncate)(file, length);
}
int ftruncate64(int file, off64_t length) {
    return fails(file, "write") ? -1 : REAL(ftruncate64)(file, length);
}
int fallocate(int file, int mode, off_t at, off_t length) {
    extern int fallocate(int, int, off_t, off_t);
    return fails(file, "write") ? -1 : REAL(fallocate)(file, mode, at, length);
}
int posix_fallocate(int file, off_t at, off_t length) {
    extern int posix_fallocate(int, off_t, off_t);
    return fails(file, "write") ? (int)error : REAL(posix_fallocate)(file, at, length);
}
int fsync(int file) {
    return fails(file, "sync") ? -1 : REAL(fsync)(file);
}
int fdatasync(int file) {
    return fails(file, "sync") ? -1 : REAL(fdatasync)(file);
}
