/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static int64_t real_now_us(struct env *env)
{
    (void)env;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t real_mono_ns(struct env *env)
{
    (void)env;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void real_random(struct env *env, void *out, size_t len)
{
    (void)env;
    size_t done = 0;
    while (done < len) {
        ssize_t n = getrandom((char *)out + done, len - done, 0);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            abort(); /* keys without randomness must never be made */
    }
}

static int real_open(struct env *env, const char *path, int flags, mode_t mode)
{
    (void)env;
    return open(path, flags | O_CLOEXEC, mode);
}

static int real_close(struct env *env, int fd)
{
    (void)env;
    return close(fd);
}

static ssize_t real_pread(struct env *env, int fd, void *buf, size_t len, uint64_t offset)
{
    (void)env;
    return pread(fd, buf, len, (off_t)offset);
}

static ssize_t real_pwrite(struct env *env, int fd, const void *buf, size_t len, uint64_t offset)
{
    (void)env;
    return pwrite(fd, buf, len, (off_t)offset);
}

static int real_fsync(struct env *env, int fd)
{
    (void)env;
    return fsync(fd);
}

static int real_rename(struct env *env, const char *from, const char *to)
{
    (void)env;
    return rename(from, to);
}

static int real_unlink(struct env *env, const char *path)
{
    (void)env;
    return unlink(path);
}

static int real_mkdir(struct env *env, const char *path, mode_t mode)
{
    (void)env;
    return mkdir(path, mode);
}

static int real_stat(struct env *env, const char *path, struct stat *out)
{
    (void)env;
    return stat(path, out);
}

static int real_truncate(struct env *env, int fd, uint64_t size)
{
    (void)env;
    return ftruncate(fd, (off_t)size);
}

struct env *env_real(void)
{
    static struct env real = {
        .now_us = real_now_us,
        .mono_ns = real_mono_ns,
        .random = real_random,
        .open = real_open,
        .close = real_close,
        .pread = real_pread,
        .pwrite = real_pwrite,
        .fsync = real_fsync,
        .rename = real_rename,
        .unlink = real_unlink,
        .mkdir = real_mkdir,
        .stat = real_stat,
        .truncate = real_truncate,
    };
    return &real;
}

bool env_read_full(struct env *env, int fd, void *buf, size_t len, uint64_t offset, const char *path, struct error *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = env->pread(env, fd, (char *)buf + done, len - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "could not read file \"%s\" at offset %llu", path,
                               (unsigned long long)(offset + done));
        if (n == 0)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "unexpected end of file \"%s\" at offset %llu", path,
                             (unsigned long long)(offset + done));
        done += (size_t)n;
    }
    return true;
}

bool env_write_full(struct env *env, int fd, const void *buf, size_t len, uint64_t offset, const char *path,
                    struct error *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = env->pwrite(env, fd, (const char *)buf + done, len - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_errno(err, n < 0 ? errno : ENOSPC, "could not write file \"%s\" at offset %llu", path,
                               (unsigned long long)(offset + done));
        done += (size_t)n;
    }
    return true;
}

bool env_sync_dir(struct env *env, const char *dir, struct error *err)
{
    int fd = env->open(env, dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return error_errno(err, errno, "could not open directory \"%s\"", dir);
    int rc = env->fsync(env, fd);
    int saved = errno;
    env->close(env, fd);
    if (rc != 0)
        return error_errno(err, saved, "could not fsync directory \"%s\"", dir);
    return true;
}

bool env_mkdir_all(struct env *env, const char *dir, struct error *err)
{
    char *path = xstrdup(dir);
    bool ok = true;
    for (char *p = path + 1; ok; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char saved = *p;
        *p = '\0';
        if (env->mkdir(env, path, 0700) != 0 && errno != EEXIST)
            ok = error_errno(err, errno, "could not create directory \"%s\"", path);
        *p = saved;
        if (saved == '\0')
            break;
    }
    free(path);
    return ok;
}

/* Writes and syncs a new file; the caller renames it. */
static bool write_new_file(struct env *env, const char *path, const void *data, size_t len, struct error *err)
{
    int fd = env->open(env, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return error_errno(err, errno, "could not create file \"%s\"", path);
    bool ok = env_write_full(env, fd, data, len, 0, path, err);
    if (ok && env->fsync(env, fd) != 0)
        ok = error_errno(err, errno, "could not fsync file \"%s\"", path);
    if (env->close(env, fd) != 0 && ok)
        ok = error_errno(err, errno, "could not close file \"%s\"", path);
    return ok;
}

bool env_write_file(struct env *env, const char *path, const void *data, size_t len, struct error *err)
{
    char *temp = xasprintf("%s.tmp", path);
    char *dir = xstrdup(path);
    char *slash = strrchr(dir, '/');
    if (slash)
        *(slash == dir ? slash + 1 : slash) = '\0';
    bool ok = write_new_file(env, temp, data, len, err);
    if (ok && env->rename(env, temp, path) != 0)
        ok = error_errno(err, errno, "could not rename file \"%s\" to \"%s\"", temp, path);
    if (ok)
        ok = env_sync_dir(env, slash ? dir : ".", err);
    else
        env->unlink(env, temp);
    free(dir);
    free(temp);
    return ok;
}

bool env_read_file(struct env *env, const char *path, size_t max_bytes, char **data, size_t *len, struct error *err)
{
    struct stat st;
    bool ok;
    int fd = env->open(env, path, O_RDONLY, 0);
    if (fd < 0)
        return error_errno(err, errno, "could not open file \"%s\"", path);
    if (env->stat(env, path, &st) != 0)
        ok = error_errno(err, errno, "could not stat file \"%s\"", path);
    else if ((uint64_t)st.st_size > max_bytes)
        ok = error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "file \"%s\" is larger than %zu bytes", path, max_bytes);
    else {
        *len = (size_t)st.st_size;
        *data = xmalloc(*len + 1);
        (*data)[*len] = '\0';
        ok = env_read_full(env, fd, *data, *len, 0, path, err);
        if (!ok)
            free(*data);
    }
    env->close(env, fd);
    return ok;
}
