/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ingestion of tables fed by streams. Per table: workers (one thread and one stream each, many partitions per worker)
 * and a checker (one thread, a control stream: retention, re-creation, new partitions, lag). Per partition: decoder,
 * tail, commit state.
 *
 * A partition's life: read the head → load a spilled tail if it fits → check the last record against the topic →
 * consume from the first missing position → append, publish, cut at rows / bytes / age → commit through the host,
 * while consumption goes on. A message that is no row becomes a dead letter (on_error) and never stalls the partition.
 *
 * Threads: any thread may call anything here, but close and drop of one table only once. No call waits for Kafka,
 * except that closing waits for what is on its way (bounded by INGEST_CLOSE_TIMEOUT_S).
 */
#ifndef MENCIA_INGEST_CONSUMER_H
#define MENCIA_INGEST_CONSUMER_H

#include "ingest/host.h"

struct ingest;
struct ingest_table;
struct mem_pool;

enum { INGEST_CLOSE_TIMEOUT_S = 10 };

struct ingest_config {
    struct env *env;
    struct mem_pool *pool;
    struct ingest_host *host;
    uint64_t table_buffer_bytes;   /* prefetched messages per table; 0 = 64 MiB */
    uint64_t partition_seal_bytes; /* tail memory that makes a partition seal; 0 = 256 MiB */
    int64_t check_interval_us;     /* checker; 0 = 10 s */
    int64_t commit_patience_us;    /* see commit_config; 0 = 60 s */
    uint32_t workers_max;          /* threads per table; 0 = 1 per 16 partitions, at most 4 */
    /* NULL = stream_open; tests put a simulated stream in */
    bool (*open_stream)(void *arg, const struct stream_config *config, struct stream **out, struct error *err);
    void *open_stream_arg;
};

struct ingest *ingest_open(const struct ingest_config *config);
/* All tables must be closed. */
void ingest_close(struct ingest *ingest);

/* Starts ingestion of a Kafka table in the background; contacts nobody before it returns. The spec is kept. Partitions
 * whose head exists go on from there; others start at their first offset. */
bool ingest_table_open(struct ingest *ingest, struct decode_spec *spec, struct ingest_table **out,
                       struct error *err) MUST_CHECK;

enum ingest_close_mode {
    INGEST_CLOSE_SPILL, /* clean shutdown: tails go to the spill files */
    INGEST_CLOSE_DROP,  /* the table is gone: spill files are deleted */
    INGEST_CLOSE_KILL,  /* as a crash would leave it; for tests */
};
/* Stops the threads and frees the table. Tails that queries hold live on. */
void ingest_table_close(struct ingest_table *table, enum ingest_close_mode mode);

/* New definition: columns change at the next cut (made at once), settings (pause, on_gap, on_error, seal_*) at once.
 * Resumes partitions that stopped on a gap or an error if the setting that stopped them changed, or always if resume.
 */
void ingest_table_alter(struct ingest_table *table, struct decode_spec *spec, bool resume);
/* Wish: cut every partition now. */
void ingest_table_seal(struct ingest_table *table);
/* Commits everything consumed so far and consumes no more; *done tells when (poll). off: go on. */
void ingest_table_drain(struct ingest_table *table, bool on);
bool ingest_table_drained(struct ingest_table *table);

enum ingest_state {
    INGEST_STARTING,      /* head, spilled rows, first contact */
    INGEST_CATCHING_UP,   /* behind the end of the log */
    INGEST_RUNNING_NOW,   /* at the end, messages within the last minute */
    INGEST_IDLE,          /* at the end, no message for a minute */
    INGEST_PAUSED_NOW,    /* ALTER TABLE … SET (ingest = paused) */
    INGEST_BLOCKED,       /* waits for memory or for commits; reason in last_error */
    INGEST_RETRYING,      /* Kafka cannot be reached; tried again */
    INGEST_STOPPED_GAP,   /* on_gap = stop */
    INGEST_STOPPED_ERROR, /* on_error = fail, or the topic's content does not match what was committed */
    INGEST_DRAINED,
};
const char *ingest_state_name(enum ingest_state state);

/* One row of mencia.ingestion. */
struct ingest_stats {
    uint32_t partition;
    enum ingest_state state;
    uint64_t position; /* next offset to read */
    bool end_known;
    uint64_t end_offset; /* of the log */
    uint64_t lag;        /* messages behind; 0 when unknown */
    uint64_t committed;  /* offset below which everything is in committed segments */
    uint64_t rows;       /* appended since start */
    uint64_t messages, bytes;
    double rows_per_s; /* over the last seconds */
    uint64_t tail_rows, tail_bytes;
    uint32_t pending;        /* proposed, not yet committed segments */
    int64_t last_message_at; /* Kafka timestamp of the last message, µs since 2000; STREAM_NO_TIMESTAMP = none */
    uint64_t unknown_keys, tombstones, dead_letters, skipped;
    uint64_t gaps;
    char last_error[512];  /* "" = none */
    int64_t last_error_at; /* wall clock, Unix µs */
};
/* In the arena, by partition. */
void ingest_table_stats(struct ingest_table *table, struct arena *arena, struct ingest_stats **out, uint32_t *n);
/* Up to DECODE_UNKNOWN_KEYS_MAX distinct names of keys no column takes. */
void ingest_table_unknown_keys(struct ingest_table *table, struct arena *arena, struct strview **out, uint32_t *n);

/* Partitions with a tail now, for query snapshots: each tail is held for the caller (tail_put). */
struct ingest_tail {
    uint32_t partition;
    struct tail *tail;
};
void ingest_table_tails(struct ingest_table *table, struct arena *arena, struct ingest_tail **out, uint32_t *n);

#endif
