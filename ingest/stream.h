/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message stream: one topic with numbered partitions, read at explicit offsets. Three kinds: Kafka (stream_kafka.c),
 * a file as a topic (stream_file.c), a script for tests (stream_sim.h).
 *
 * One thread reads: it assigns partitions, then takes messages one by one with stream_next and sleeps in stream_wait.
 * The control calls (metadata, offsets, single reads) block up to their timeout and belong on a stream of their own,
 * opened with .control = true, used by one thread as well. stream_wake may be called by any thread.
 *
 * Offsets are the topic's own, not yet pos: incarnations are the consumer's business.
 */
#ifndef MENCIA_INGEST_STREAM_H
#define MENCIA_INGEST_STREAM_H

#include "base/arena.h"
#include "base/env.h"
#include "base/error.h"
#include "base/str.h"

#define STREAM_NO_TIMESTAMP INT64_MIN
#define STREAM_TOPIC_MAX    249

struct stream_property {
    const char *name, *value; /* librdkafka's names; only those on the allow-list are taken */
};

struct stream_config {
    struct env *env;
    const char *brokers;   /* host:port,…; "file:" + directory = each topic is the file <directory>/<topic>.ndjson */
    const char *topic;     /* may be NULL for stream_topics only */
    const char *client_id; /* shown in the broker's logs */
    uint32_t partitions;   /* how many will be assigned at most: buffer_bytes is shared out among them */
    uint64_t buffer_bytes; /* prefetched messages of all partitions together; 0 = 64 MiB */
    bool control;          /* for metadata and single reads: small buffers */
    uint32_t nproperty;
    const struct stream_property *property;
};

/* A message; views are valid until the next call for the same partition. */
struct stream_message {
    uint64_t offset;
    int64_t timestamp_us; /* µs since 2000; STREAM_NO_TIMESTAMP = none */
    struct strview key, value;
    bool key_null;
    bool value_null; /* tombstone */
};

enum stream_event {
    STREAM_NONE,         /* nothing now */
    STREAM_MESSAGE,      /* *msg is filled */
    STREAM_EOF,          /* everything before msg->offset has been delivered or does not exist; more may come */
    STREAM_OUT_OF_RANGE, /* msg->offset, the position, is not in the log: expired, truncated or re-created. The
                            partition is unassigned */
    STREAM_RETRY,        /* err: passing trouble (broker away, leader moves); the stream goes on by itself */
    STREAM_FAILED, /* err: the partition cannot be read and is unassigned (no such topic, not authorised, offset went
                      backwards, message damaged) */
};

struct stream_watermarks {
    bool known;
    uint64_t low;  /* first offset the broker still has */
    uint64_t high; /* offset the next message will get (the last stable one for read_committed) */
};

struct stream_time {
    uint32_t partition;
    int64_t timestamp_us; /* in: µs since 2000; STREAM_EARLIEST or STREAM_LATEST */
    uint64_t offset;      /* out: first message at or after it, or the end if there is none */
};
#define STREAM_EARLIEST (INT64_MIN + 1)
#define STREAM_LATEST   INT64_MAX

enum stream_read_result {
    STREAM_READ_PENDING,
    STREAM_READ_FOUND,  /* the message at this offset */
    STREAM_READ_ABSENT, /* not there any more (compacted or expired), or not a visible message */
    STREAM_READ_BEYOND, /* the log ends before it */
    STREAM_READ_ERROR,
};
struct stream_read {
    uint32_t partition;
    uint64_t offset;
    enum stream_read_result result; /* out */
    struct stream_message msg;      /* out when found; in the arena */
};

struct stream; /* begins with struct stream_base */

struct stream_ops {
    void (*close)(struct stream *s);
    bool (*assign)(struct stream *s, uint32_t partition, uint64_t offset, struct error *err);
    void (*unassign)(struct stream *s, uint32_t partition);
    enum stream_event (*next)(struct stream *s, uint32_t partition, struct stream_message *msg, struct error *err);
    void (*wait)(struct stream *s, int64_t timeout_ns);
    void (*wake)(struct stream *s);
    uint64_t (*position)(struct stream *s, uint32_t partition);
    void (*watermarks)(struct stream *s, uint32_t partition, struct stream_watermarks *out);
    bool (*partitions)(struct stream *s, int64_t timeout_ns, uint32_t *n, struct error *err);
    bool (*topics)(struct stream *s, int64_t timeout_ns, struct arena *arena, const char *const **name, uint32_t *n,
                   struct error *err);
    bool (*offsets_for)(struct stream *s, struct stream_time *query, uint32_t n, int64_t timeout_ns, struct error *err);
    bool (*read_at)(struct stream *s, struct stream_read *read, uint32_t n, int64_t timeout_ns, struct arena *arena,
                    struct error *err);
};
struct stream_base {
    const struct stream_ops *ops;
};

/* By the brokers text: Kafka or file. Makes no contact yet. 22023 for a bad list or property. */
bool stream_open(const struct stream_config *config, struct stream **out, struct error *err) MUST_CHECK;

static inline const struct stream_ops *stream_ops(const struct stream *s)
{
    return ((const struct stream_base *)(const void *)s)->ops;
}
static inline void stream_close(struct stream *s)
{
    if (s)
        stream_ops(s)->close(s);
}

/* ---- reading ---- */
/* Starts delivery at this offset (inclusive). Again for the same partition = seek. No message below it is ever
 * delivered, and offsets ascend. */
static inline MUST_CHECK bool stream_assign(struct stream *s, uint32_t partition, uint64_t offset, struct error *err)
{
    return stream_ops(s)->assign(s, partition, offset, err);
}
static inline void stream_unassign(struct stream *s, uint32_t partition) { stream_ops(s)->unassign(s, partition); }
/* Never blocks. STREAM_RETRY and STREAM_FAILED fill err; STREAM_MESSAGE, STREAM_EOF and STREAM_OUT_OF_RANGE fill msg. A
 * partition that is not read keeps at most its share of the buffer. */
static inline enum stream_event stream_next(struct stream *s, uint32_t partition, struct stream_message *msg,
                                            struct error *err)
{
    return stream_ops(s)->next(s, partition, msg, err);
}
/* Sleeps until some assigned partition may have an event, stream_wake was called, or the time is over. May return
 * early. */
static inline void stream_wait(struct stream *s, int64_t timeout_ns) { stream_ops(s)->wait(s, timeout_ns); }
static inline void stream_wake(struct stream *s) { stream_ops(s)->wake(s); }
/* Offset after everything seen so far, also without message (transaction markers, compacted or aborted records). */
static inline uint64_t stream_position(struct stream *s, uint32_t partition)
{
    return stream_ops(s)->position(s, partition);
}
/* As last heard from the broker while fetching; never blocks. */
static inline void stream_watermarks(struct stream *s, uint32_t partition, struct stream_watermarks *out)
{
    stream_ops(s)->watermarks(s, partition, out);
}

/* ---- control: blocking, up to timeout_ns ---- */
/* Number of partitions. 42704 with near names when the broker has no such topic; 08001 naming the brokers that did not
 * answer. */
static inline MUST_CHECK bool stream_partitions(struct stream *s, int64_t timeout_ns, uint32_t *n, struct error *err)
{
    return stream_ops(s)->partitions(s, timeout_ns, n, err);
}
/* All topics but the broker's internal ones, sorted. */
static inline MUST_CHECK bool stream_topics(struct stream *s, int64_t timeout_ns, struct arena *arena,
                                            const char *const **name, uint32_t *n, struct error *err)
{
    return stream_ops(s)->topics(s, timeout_ns, arena, name, n, err);
}
/* Resolves times to offsets, all partitions at once. */
static inline MUST_CHECK bool stream_offsets_for(struct stream *s, struct stream_time *query, uint32_t n,
                                                 int64_t timeout_ns, struct error *err)
{
    return stream_ops(s)->offsets_for(s, query, n, timeout_ns, err);
}
/* Reads single messages, all at once (the stream's assignments are replaced: control streams only). Distinct
 * partitions. What the time did not suffice for stays STREAM_READ_PENDING. False = nothing could be read. */
static inline MUST_CHECK bool stream_read_at(struct stream *s, struct stream_read *read, uint32_t n, int64_t timeout_ns,
                                             struct arena *arena, struct error *err)
{
    return stream_ops(s)->read_at(s, read, n, timeout_ns, arena, err);
}

/* CRC32C that identifies a message: key, value and their lengths. */
uint32_t stream_message_crc(const struct stream_message *msg);
/* Appends a 42704 hint with the known topics nearest to name. */
void stream_topic_hint(struct error *err, const char *name, const char *const *known, uint32_t n);

#endif
