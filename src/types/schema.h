/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table's definition as every layer sees it: storage (what to store), ingest (how to read events), planner (names and
 * types), catalog (which persists it). Immutable once published and reference-counted, so that a query keeps the
 * version it was bound to.
 */
#ifndef MENCIA_TYPES_SCHEMA_H
#define MENCIA_TYPES_SCHEMA_H

#include "base/arena.h"
#include "types/type.h"

enum generated_kind {
    GENERATED_NONE,
    GENERATED_KAFKA_OFFSET,
    GENERATED_KAFKA_PARTITION,
    GENERATED_KAFKA_TIMESTAMP,
    GENERATED_KAFKA_KEY,
    GENERATED_EXPR, /* expr_sql over other columns, immutable */
};

struct column_def {
    char *name;     /* as stored: folded unless it was quoted */
    int16_t attnum; /* 1.., never reused within the table */
    struct coltype type;
    bool not_null;
    bool dropped; /* keeps its attnum; invisible */
    enum generated_kind generated;
    char *generated_sql;    /* text of the expression for GENERATED_*, NULL = none */
    char *default_sql;      /* text of DEFAULT, NULL = none; immutable constants only in Kafka tables */
    char *source_path;      /* 'a.b.c' inside the message, NULL = not fed from the message */
    bool source_path_exact; /* path was given by OPTIONS (path …); otherwise resolved by name when created */
};

enum table_format { FORMAT_JSON, FORMAT_CSV };
enum epoch_unit { EPOCH_S, EPOCH_MS, EPOCH_US, EPOCH_NS };
enum on_error { ON_ERROR_DEAD_LETTER, ON_ERROR_SKIP, ON_ERROR_FAIL };
enum on_gap { ON_GAP_STOP, ON_GAP_RECORD };
enum ingest_mode { INGEST_RUNNING, INGEST_PAUSED };

/* WITH (…) of CREATE TABLE, resolved. */
struct table_options {
    char *kafka_brokers; /* NULL = not a Kafka table */
    char *kafka_topic;
    enum table_format format;
    char *start; /* 'earliest', 'latest' or a timestamp's text, as given */
    enum epoch_unit epoch_unit;
    enum on_error on_error;
    enum on_gap on_gap;
    enum ingest_mode ingest;
    uint32_t seal_rows;      /* rows of a partition's tail that make it seal; default 1,000,000; at most 2^24 */
    int64_t seal_age_us;     /* default 1 h */
    int16_t sort_attnum[8];  /* sort_by, attnums; 0 ends the list */
    int16_t time_attnum;     /* time column; 0 = kafka_timestamp() */
    bool partition_by_range; /* declared by PARTITION BY RANGE */
};

struct table_def {
    uint32_t refs;      /* atomic; table_def_get / table_def_put */
    struct arena arena; /* holds everything below */
    oid_t oid;
    oid_t rowtype_oid, array_oid; /* pg_class.reltype and its array type */
    uint64_t version;             /* schema_v: grows with each ALTER */
    char *schema_name;            /* public */
    char *name;
    oid_t owner;      /* role */
    uint32_t ncolumn; /* with dropped ones; column[i].attnum == i + 1 */
    struct column_def *column;
    struct table_options options;
};

/* refs = 1, arena initialised, the rest zero. */
struct table_def *table_def_new(void);
struct table_def *table_def_get(const struct table_def *def);
void table_def_put(const struct table_def *def);
/* Deep copy with refs = 1, for ALTER. */
struct table_def *table_def_copy(const struct table_def *def);
static inline bool table_is_kafka(const struct table_def *def) { return def->options.kafka_topic != NULL; }
/* NULL = no visible column of that name. */
const struct column_def *table_def_column(const struct table_def *def, struct strview name);

/* Hidden columns every stored table has after its declared ones. */
enum hidden_column { HIDDEN_POS, HIDDEN_ORDINAL, HIDDEN_COUNT };

#endif
