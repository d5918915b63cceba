/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages into rows: a decoder takes a message's bytes and writes its values straight into the open chunk's columns.
 *
 * Meaning of JSON. A column is fed by its source path (column_def.source_path): 'a.b.c' steps into objects if the path
 * was given explicitly, otherwise it is one key, matched exactly or else by the one key equal but for ASCII case. A
 * JSON string goes through the column type's text input, a number through its literal text, true and false through
 * "true" and "false"; json and jsonb columns take any value as it is; a nested object or array reaches any other type
 * as jsonb's text. A number for date, timestamp and timestamptz is an epoch in options.epoch_unit (fractions beyond µs,
 * for date beyond days, are cut towards the past). Missing and null: the column's default, else NULL. The last of equal
 * keys wins. Unknown keys are ignored and counted. A CSV message is one record in COPY's csv form, its fields in the
 * order of the columns that have a source.
 *
 * A message that does not fit is no row: nothing of it stays in the chunk, and the fault says column, reason and
 * SQLSTATE.
 *
 * A decoder belongs to one thread. A spec is immutable and shared.
 */
#ifndef MENCIA_INGEST_DECODE_H
#define MENCIA_INGEST_DECODE_H

#include "expr/expr.h"
#include "ingest/stream.h"
#include "storage/mutable.h"

enum {
    DECODER_REV = 1, /* grows when the same bytes would give other rows: part of the exactly-once contract */
    DECODE_MESSAGE_MAX = 64 << 20, /* longer messages are faults */
    DECODE_DEPTH_MAX = 1000,
    DECODE_UNKNOWN_KEYS_MAX = 1000, /* names kept; more are only counted */
};

/* How to fill a column that is not in the message. */
struct decode_column {
    bool has_default;
    struct value default_value;       /* of the column's type; bytes live as long as the spec */
    const struct expr_prog *computed; /* GENERATED_EXPR: program over the table's columns (index = attnum - 1) */
};

/* A table definition with what the planner compiled for it. Whoever makes it (the node, through the binder) fills the
 * fields; everything the columns point to lives in the arena. */
struct decode_spec {
    uint32_t refs; /* atomic */
    struct arena arena;
    const struct table_def *def; /* held */
    uint32_t decoder_rev;
    struct decode_column *column; /* [def->ncolumn] */
};
/* refs = 1, columns without default and program. Takes a reference of def. */
struct decode_spec *decode_spec_new(const struct table_def *def);
struct decode_spec *decode_spec_get(struct decode_spec *spec);
void decode_spec_put(struct decode_spec *spec);

/* Where the message came from: feeds the metadata columns. */
struct decode_meta {
    uint32_t partition;
    uint64_t offset;      /* of the topic */
    uint64_t pos;         /* incarnation << 48 | offset: the hidden column */
    int64_t timestamp_us; /* µs since 2000; STREAM_NO_TIMESTAMP = none */
    struct strview key;
    bool key_null;
};

struct decoder;
struct decode_stats {
    uint64_t unknown_keys;  /* occurrences of keys no column takes */
    uint32_t unknown_names; /* distinct ones kept */
};

enum decode_result {
    DECODE_ROW,    /* appended and published */
    DECODE_FAULT,  /* err: reason, err->column: the column ("" = the whole message); no row */
    DECODE_FAILED, /* err: memory refused and the like; no row; the message may be tried again */
};

/* account: scratch memory. */
bool decoder_open(struct decode_spec *spec, struct mem_account *account, struct decoder **out,
                  struct error *err) MUST_CHECK;
void decoder_close(struct decoder *d);
const struct decode_spec *decoder_spec(const struct decoder *d);
/* mc must be of the spec's definition, with a row begun (tail_begin_row). On DECODE_ROW the row is committed with
 * (meta->pos, 0), else aborted. */
enum decode_result decoder_row(struct decoder *d, struct mutable_chunk *mc, const struct decode_meta *meta,
                               struct strview value, struct error *err);
void decoder_stats(const struct decoder *d, struct decode_stats *out);
/* Name of the i-th unknown key (full path, 'a.b'), i < unknown_names, and how often it came. */
struct strview decoder_unknown(const struct decoder *d, uint32_t i, uint64_t *count);

/* For reports on samples: how each column fared in the messages decoded so far. */
struct decode_column_stats {
    uint64_t found; /* present and not null */
    uint64_t null;  /* present and null */
};
void decoder_column_stats(const struct decoder *d, uint32_t column, struct decode_column_stats *out);
/* Counting costs a little: off by default. */
void decoder_track_columns(struct decoder *d, bool on);

#endif
