/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file as a topic of one partition: brokers "file:<directory>", one message per line of <directory>/<topic>.ndjson,
 * offset = line number from 0. The file may grow; a line counts once its newline is there. For tests and benchmarks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ingest/stream_int.h"

enum { BLOCK_BYTES = 1 << 20, POLL_NS = 50000000 };

struct file_stream {
    struct stream_base base;
    struct env *env;
    char *path, *topic;
    int fd; /* -1 = not open */
    bool assigned, eof_told;
    bool woken;      /* atomic */
    uint64_t offset; /* of the line at `from` */
    uint64_t wanted; /* lines below it are passed over */
    uint64_t at;     /* file position of buf's end */
    char *buf;       /* bytes [from, fill) are not taken yet */
    size_t cap, from, fill;
};

static struct file_stream *file(struct stream *s) { return (struct file_stream *)(void *)s; }

static void file_close(struct stream *s)
{
    struct file_stream *f = file(s);

    if (f->fd >= 0)
        f->env->close(f->env, f->fd);
    free(f->path);
    free(f->topic);
    free(f->buf);
    free(f);
}

static bool open_file(struct file_stream *f, struct error *err)
{
    if (f->fd >= 0)
        return true;
    f->fd = f->env->open(f->env, f->path, O_RDONLY | O_CLOEXEC, 0);
    if (f->fd < 0)
        return error_errno(err, errno, "could not open file \"%s\" of topic \"%s\"", f->path, f->topic);
    return true;
}

static bool file_assign(struct stream *s, uint32_t partition, uint64_t offset, struct error *err)
{
    struct file_stream *f = file(s);

    if (partition != 0)
        return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "topic \"%s\" has one partition", f->topic);
    if (!open_file(f, err))
        return false;
    f->assigned = true;
    f->eof_told = false;
    f->offset = f->at = f->from = f->fill = 0;
    f->wanted = offset;
    return true;
}

static void file_unassign(struct stream *s, uint32_t partition) { file(s)->assigned = false; }

/* More bytes behind what is not taken yet. False = none there (or an error, told in err). */
static bool read_more(struct file_stream *f, struct error *err, bool *failed)
{
    *failed = false;
    if (f->from) {
        memmove(f->buf, f->buf + f->from, f->fill - f->from);
        f->fill -= f->from;
        f->from = 0;
    }
    if (f->cap - f->fill < BLOCK_BYTES) {
        f->cap = 2 * f->cap + BLOCK_BYTES;
        f->buf = xrealloc(f->buf, f->cap);
    }
    ssize_t n = f->env->pread(f->env, f->fd, f->buf + f->fill, BLOCK_BYTES, f->at);
    if (n < 0) {
        *failed = true;
        error_errno(err, errno, "could not read file \"%s\"", f->path);
        return false;
    }
    f->fill += (size_t)n;
    f->at += (size_t)n;
    return n > 0;
}

static enum stream_event file_next(struct stream *s, uint32_t partition, struct stream_message *msg, struct error *err)
{
    struct file_stream *f = file(s);
    bool failed;

    if (partition != 0 || !f->assigned)
        return STREAM_NONE;
    for (;;) {
        const char *line = f->buf + f->from;
        const char *newline = f->fill > f->from ? memchr(line, '\n', f->fill - f->from) : NULL;
        if (newline) {
            f->from += (size_t)(newline - line) + 1;
            if (f->offset++ < f->wanted)
                continue;
            f->eof_told = false;
            *msg = (struct stream_message){.offset = f->offset - 1,
                                           .timestamp_us = STREAM_NO_TIMESTAMP,
                                           .key_null = true,
                                           .value = {line, (size_t)(newline - line)}};
            return STREAM_MESSAGE;
        }
        if (read_more(f, err, &failed))
            continue;
        if (failed)
            return STREAM_RETRY;
        if (f->offset < f->wanted) {
            f->assigned = false;
            msg->offset = f->wanted;
            return STREAM_OUT_OF_RANGE;
        }
        msg->offset = f->offset;
        enum stream_event event = f->eof_told ? STREAM_NONE : STREAM_EOF;
        f->eof_told = true;
        return event;
    }
}

static void file_wait(struct stream *s, int64_t timeout_ns)
{
    struct file_stream *f = file(s);
    struct timespec pause = {0, 1000000};
    int64_t deadline = f->env->mono_ns(f->env) + MIN_OF(timeout_ns, (int64_t)POLL_NS);

    while (!__atomic_exchange_n(&f->woken, false, __ATOMIC_ACQ_REL) && f->env->mono_ns(f->env) < deadline)
        nanosleep(&pause, NULL);
}

static void file_wake(struct stream *s) { __atomic_store_n(&file(s)->woken, true, __ATOMIC_RELEASE); }

static uint64_t file_position(struct stream *s, uint32_t partition) { return MAX_OF(file(s)->offset, file(s)->wanted); }

static void file_watermarks(struct stream *s, uint32_t partition, struct stream_watermarks *out)
{
    *out = (struct stream_watermarks){.known = false};
}

static bool file_partitions(struct stream *s, int64_t timeout_ns, uint32_t *n, struct error *err)
{
    *n = 1;
    return open_file(file(s), err);
}

static bool file_topics(struct stream *s, int64_t timeout_ns, struct arena *arena, const char *const **name,
                        uint32_t *n, struct error *err)
{
    const char **names = ARENA_ARRAY(arena, const char *, 1);

    names[0] = file(s)->topic;
    *name = names;
    *n = 1;
    return true;
}

/* Lines have no times: only the two ends are known. */
static bool file_offsets_for(struct stream *s, struct stream_time *query, uint32_t n, int64_t timeout_ns,
                             struct error *err)
{
    struct file_stream *f = file(s);
    struct stream_message msg;

    for (uint32_t i = 0; i < n; i++) {
        query[i].offset = 0;
        if (query[i].timestamp_us == STREAM_EARLIEST)
            continue;
        if (query[i].timestamp_us != STREAM_LATEST)
            return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "a file has no message times");
        if (!file_assign(s, 0, 0, err))
            return false;
        enum stream_event event;
        while ((event = file_next(s, 0, &msg, err)) == STREAM_MESSAGE)
            ;
        if (event == STREAM_RETRY)
            return false;
        query[i].offset = f->offset;
    }
    return true;
}

static bool file_read_at(struct stream *s, struct stream_read *read, uint32_t n, int64_t timeout_ns,
                         struct arena *arena, struct error *err)
{
    struct stream_message msg;

    for (uint32_t i = 0; i < n; i++) {
        if (!file_assign(s, read[i].partition, read[i].offset, err))
            return false;
        enum stream_event event = file_next(s, read[i].partition, &msg, err);
        if (event == STREAM_RETRY)
            return false;
        read[i].result = event == STREAM_MESSAGE ? STREAM_READ_FOUND : STREAM_READ_BEYOND;
        read[i].msg = msg;
        read[i].msg.value = event == STREAM_MESSAGE ? arena_strview(arena, msg.value) : STRVIEW("");
        read[i].msg.key = STRVIEW("");
    }
    return true;
}

static const struct stream_ops file_ops = {.close = file_close,
                                           .assign = file_assign,
                                           .unassign = file_unassign,
                                           .next = file_next,
                                           .wait = file_wait,
                                           .wake = file_wake,
                                           .position = file_position,
                                           .watermarks = file_watermarks,
                                           .partitions = file_partitions,
                                           .topics = file_topics,
                                           .offsets_for = file_offsets_for,
                                           .read_at = file_read_at};

bool stream_file_open(const struct stream_config *config, struct stream **out, struct error *err)
{
    if (!config->topic || strchr(config->topic, '/'))
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid topic name");
    struct file_stream *f = xcalloc(1, sizeof *f);
    f->base.ops = &file_ops;
    f->env = config->env;
    f->fd = -1;
    f->topic = xstrdup(config->topic);
    f->path = xasprintf("%s/%s.ndjson", config->brokers + strlen("file:"), config->topic);
    *out = (struct stream *)(void *)f;
    return true;
}
