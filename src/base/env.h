/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside world behind one table: clocks, random numbers, files. Handed down at start; tests put a faulty or
 * simulated one in its place. Code outside base never calls open, pwrite, fsync, rename, clock_gettime … itself.
 * The file calls mean what their POSIX namesakes mean (-1 and errno on failure). Thread-safe.
 */
#ifndef MENCIA_BASE_ENV_H
#define MENCIA_BASE_ENV_H

#include "base/base.h"
#include "base/error.h"

#include <sys/stat.h>
#include <sys/types.h>

struct env {
    int64_t (*now_us)(struct env *env);                     /* wall clock, µs since 1970-01-01 UTC */
    int64_t (*mono_ns)(struct env *env);                    /* monotonic */
    void (*random)(struct env *env, void *out, size_t len); /* cryptographic */
    int (*open)(struct env *env, const char *path, int flags, mode_t mode);
    int (*close)(struct env *env, int fd);
    ssize_t (*pread)(struct env *env, int fd, void *buf, size_t len, uint64_t offset);
    ssize_t (*pwrite)(struct env *env, int fd, const void *buf, size_t len, uint64_t offset);
    int (*fsync)(struct env *env, int fd);
    int (*rename)(struct env *env, const char *from, const char *to);
    int (*unlink)(struct env *env, const char *path);
    int (*mkdir)(struct env *env, const char *path, mode_t mode);
    int (*stat)(struct env *env, const char *path, struct stat *out);
    int (*truncate)(struct env *env, int fd, uint64_t size);
};

/* The real world. One static object; never NULL. */
struct env *env_real(void);

/* Reads exactly len bytes; a shorter file is XX001 "unexpected end". */
bool env_read_full(struct env *env, int fd, void *buf, size_t len, uint64_t offset, const char *path,
                   struct error *err) MUST_CHECK;
/* Writes all of it, going on after short writes and EINTR. */
bool env_write_full(struct env *env, int fd, const void *buf, size_t len, uint64_t offset, const char *path,
                    struct error *err) MUST_CHECK;
/* Makes a rename or creation in this directory durable. */
bool env_sync_dir(struct env *env, const char *dir, struct error *err) MUST_CHECK;
/* Creates dir and its missing parents. */
bool env_mkdir_all(struct env *env, const char *dir, struct error *err) MUST_CHECK;
/* Whole small file: temp name, write, fsync, rename, fsync dir. */
bool env_write_file(struct env *env, const char *path, const void *data, size_t len, struct error *err) MUST_CHECK;
/* Whole file of at most max_bytes into malloc'd memory with a NUL after it. */
bool env_read_file(struct env *env, const char *path, size_t max_bytes, char **data, size_t *len,
                   struct error *err) MUST_CHECK;

#endif
