/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder's inside, shared by decode.c and the formats. */
#ifndef MENCIA_INGEST_DECODE_INT_H
#define MENCIA_INGEST_DECODE_INT_H

#include "ingest/decode.h"
#include "ingest/field_int.h"
#include "ingest/json_scan_int.h"

enum { ROW_FAULTS_MAX = 16 };

/* A value that did not fit. Kept until the end of the message, since a later equal key may replace it. */
struct row_fault {
    uint32_t column;
    struct error err;
};

/* What fills the columns that are neither in the message nor in the column list, once per row; used by COPY too. */
struct row_filler {
    const struct decode_spec *spec;
    struct field *field; /* [ncolumn] */
    uint64_t *seen;      /* [ncolumn] stamp of the row that filled it */
    uint64_t stamp;      /* of the current row */
    uint32_t violation;  /* lowest NOT NULL column that is NULL in this row; UINT32_MAX = none */
    uint32_t nseen;      /* columns of the current row filled so far */
    uint32_t nfed;       /* columns that need filling: all but dropped, generated and metadata ones */
    uint32_t *fed;
    uint32_t nother; /* dropped: always NULL */
    uint32_t *other;
    uint32_t nmeta;
    uint32_t *meta;
    uint32_t ncomputed;
    uint32_t *computed;
    struct expr_state **state; /* [ncomputed] */
    char *cell;                /* one padded value per column, input of computed columns; NULL = none computed */
    uint64_t *cell_null;       /* one word per column */
    struct vec *cell_vec;
};
enum { CELL_BYTES = 16 + VEC_PAD_BYTES };

bool filler_open(struct row_filler *f, const struct decode_spec *spec, struct arena *arena,
                 struct mem_account *account);
void filler_close(struct row_filler *f);
static inline void filler_begin(struct row_filler *f)
{
    f->stamp++;
    f->violation = UINT32_MAX;
    f->nseen = 0;
}
static inline bool filler_seen(const struct row_filler *f, uint32_t column) { return f->seen[column] == f->stamp; }
static inline void filler_mark(struct row_filler *f, uint32_t column)
{
    f->nseen += f->seen[column] != f->stamp;
    f->seen[column] = f->stamp;
}
static inline void filler_unmark(struct row_filler *f, uint32_t column)
{
    f->nseen -= f->seen[column] == f->stamp;
    f->seen[column] = 0;
}
/* Fills all columns that are not marked, whatever is wrong with the others. False: 53200, or the fault (err->column
 * names the column). meta NULL: metadata columns become NULL (COPY). */
bool filler_finish(struct row_filler *f, struct field_ctx *ctx, struct mutable_chunk *mc,
                   const struct decode_meta *meta, struct error *err) MUST_CHECK;
/* 23502 for the column. */
bool filler_not_null_error(const struct row_filler *f, uint32_t column, struct error *err);

struct json_node;
struct csv_message; /* decode_csv.c */

struct decoder {
    struct decode_spec *spec;
    struct mem_account *account;
    const struct scan_kernels *scan;
    struct arena arena; /* the decoder's life */
    struct field_ctx ctx;
    struct row_filler filler;
    struct mutable_chunk *mc; /* of the current message */
    char *buf;                /* padded copy of the message */
    size_t buf_cap;
    struct strbuf text; /* unescaped string, jsonb's text */
    bool track;
    struct decode_column_stats *column_stats; /* [ncolumn] */
    uint64_t unknown_keys;
    uint32_t nlearnt; /* nodes of unknown keys, also of those inside a captured object */
    uint32_t nunknown;
    struct json_node **unknown; /* [DECODE_UNKNOWN_KEYS_MAX] */
    uint32_t nfault;
    bool fault_overflow;
    struct row_fault *fault; /* [ROW_FAULTS_MAX] */
    struct error failure;    /* 53200: the whole call fails */
    bool failed;
    struct json_node *root;
    struct json_node *overflow; /* stands for all unknown keys beyond the limit */
    bool too_deep;
    struct csv_message *csv;
};

bool json_open(struct decoder *d, struct error *err) MUST_CHECK;
void json_close(struct decoder *d);
/* Parses d->buf of len bytes into the row. False: err = syntax error of the whole message, or 53200. */
bool json_message(struct decoder *d, size_t len, struct error *err) MUST_CHECK;
struct strview json_unknown_name(const struct decoder *d, uint32_t i, uint64_t *count);

bool csv_message_open(struct decoder *d, struct error *err) MUST_CHECK;
void csv_message_close(struct decoder *d);
bool csv_message(struct decoder *d, size_t len, struct error *err) MUST_CHECK;

/* Records a value that did not fit; err is its error. Memory refusals make the whole call fail. */
void decoder_fault(struct decoder *d, uint32_t column, const struct error *err);
/* A later equal key replaces the value. */
void decoder_unfault(struct decoder *d, uint32_t column);

#endif
