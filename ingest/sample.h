/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CREATE TABLE asks a stream before the table exists: is it there, where do its partitions start, and do its
 * messages fit the columns.
 */
#ifndef MENCIA_INGEST_SAMPLE_H
#define MENCIA_INGEST_SAMPLE_H

#include "ingest/decode.h"

enum { SAMPLE_MESSAGES = 1000, SAMPLE_TIMEOUT_S = 5 };

struct sample_partition {
    uint32_t partition;
    uint64_t start; /* resolved offset */
    uint64_t low, high;
};

struct sample_column {
    const char *name;
    bool from_message; /* fed by a key: the counters mean something */
    uint64_t found, null, absent, failed, odd_epoch;
    char reason[256]; /* of the first failure */
};

struct sample {
    uint32_t npartition;
    struct sample_partition *partition;
    uint64_t messages, rows, faults, tombstones;
    char fault_reason[256]; /* of the first message that is no row */
    uint32_t ncolumn;
    struct sample_column *column; /* declared, not dropped ones */
    uint32_t nunknown;
    struct strview *unknown; /* keys no column takes, most frequent first */
    uint32_t nline;
    const char **line; /* the report, ready to show as NOTICEs */
    uint32_t nwarning;
    const char **warning; /* what looks wrong */
};

/* Contacts the stream of spec->def (at most SAMPLE_TIMEOUT_S): 08001 naming the brokers, 42704 naming the topic with
 * near names, 22023 for a start that is neither earliest, latest nor a timestamp. Samples up to max messages (0: none),
 * the newest before the end when start is latest, else from start. Everything in the arena. open_stream as in
 * consumer.h. */
bool sample_stream(struct decode_spec *spec, struct env *env, const struct value_ctx *ctx, uint32_t max,
                   bool (*open_stream)(void *arg, const struct stream_config *config, struct stream **out,
                                       struct error *err),
                   void *open_stream_arg, struct arena *arena, struct sample *out, struct error *err) MUST_CHECK;

#endif
