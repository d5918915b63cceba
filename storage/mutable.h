/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open chunk: rows being appended by one writer while any number of readers scan the published ones without locks.
 * Also the row buffer of loads (COPY, INSERT). Decoders write values straight into its columns.
 *
 * Columns are lists of fixed blocks of VEC_ROWS values, allocated as rows come, never moved. Nulls are bytes. Strings
 * longer than 12 bytes and big numerics point into append-only heap blocks of the chunk. Writing row r:
 *
 *     row = chunk->next_row                       (< CHUNK_ROWS, mutable_chunk_begin_row made room)
 *     mutable_put_i64(chunk, column, v) …         every column exactly once, or mutable_put_null
 *     mutable_chunk_commit_row(chunk)             publishes the row (release store)
 * or  mutable_chunk_abort_row(chunk)              forgets it; heap bytes are taken back
 */
#ifndef MENCIA_STORAGE_MUTABLE_H
#define MENCIA_STORAGE_MUTABLE_H

#include "base/error.h"
#include "storage/chunk.h"

enum { MUTABLE_BLOCKS = CHUNK_ROWS / VEC_ROWS };

struct mutable_block {
    uint8_t *null; /* [VEC_ROWS] 1 = NULL */
    void *data;    /* [VEC_ROWS] values of the column's form */
};

struct mutable_col {
    uint8_t phys;
    struct mutable_block block[MUTABLE_BLOCKS]; /* data NULL = not allocated yet */
};

/* Append-only bytes; pointers stay valid for the chunk's life. */
struct mutable_heap {
    struct mutable_heap_block *block; /* newest first */
    char *cur, *end;                  /* room in the newest block */
    char *row_mark;                   /* cur at the start of the row, for abort */
};

struct mutable_chunk {
    struct chunk *chunk; /* the scan's view of it; holds the reference count */
    uint32_t ncol;       /* declared columns (attnum - 1) + HIDDEN_COUNT */
    uint32_t next_row;   /* writer's: row being written */
    uint32_t published;  /* atomic: rows readers may see */
    struct mutable_col *col;
    struct mutable_heap heap;
    struct mem_account *account;
    uint64_t bytes;               /* memory held */
    uint64_t first_pos, last_pos; /* of committed rows; UINT64_MAX / 0 when empty */
};

/* Reference of the writer; release with chunk_put(mc->chunk). The def is kept. */
bool mutable_chunk_open(const struct table_def *def, struct mem_account *account, struct mutable_chunk **out,
                        struct error *err) MUST_CHECK;
/* Makes room for row next_row. False: chunk full (*full = true, no error) or memory refused (53200). */
bool mutable_chunk_begin_row(struct mutable_chunk *mc, bool *full, struct error *err) MUST_CHECK;
/* pos and ordinal are the hidden columns; pos ascends. */
void mutable_chunk_commit_row(struct mutable_chunk *mc, uint64_t pos, uint32_t ordinal);
void mutable_chunk_abort_row(struct mutable_chunk *mc);

/* Heap space for len bytes; NULL = refused. */
char *mutable_heap_alloc(struct mutable_chunk *mc, size_t len) MUST_CHECK;

static inline void *mutable_slot(struct mutable_chunk *mc, uint32_t column, bool is_null)
{
    struct mutable_col *c = &mc->col[column];
    struct mutable_block *b = &c->block[mc->next_row / VEC_ROWS];
    uint32_t i = mc->next_row % VEC_ROWS;
    b->null[i] = is_null;
    return (char *)b->data + (size_t)i * phys_size[c->phys];
}
/* NULL rows get a defined (zero) value. */
static inline void mutable_put_null(struct mutable_chunk *mc, uint32_t column)
{
    memset(mutable_slot(mc, column, true), 0, phys_size[mc->col[column].phys]);
}
static inline void mutable_put_bool(struct mutable_chunk *mc, uint32_t column, bool v)
{
    *(uint8_t *)mutable_slot(mc, column, false) = v;
}
static inline void mutable_put_i16(struct mutable_chunk *mc, uint32_t column, int16_t v)
{
    *(int16_t *)mutable_slot(mc, column, false) = v;
}
static inline void mutable_put_i32(struct mutable_chunk *mc, uint32_t column, int32_t v)
{
    *(int32_t *)mutable_slot(mc, column, false) = v;
}
static inline void mutable_put_i64(struct mutable_chunk *mc, uint32_t column, int64_t v)
{
    *(int64_t *)mutable_slot(mc, column, false) = v;
}
static inline void mutable_put_f32(struct mutable_chunk *mc, uint32_t column, float v)
{
    *(float *)mutable_slot(mc, column, false) = v;
}
static inline void mutable_put_f64(struct mutable_chunk *mc, uint32_t column, double v)
{
    *(double *)mutable_slot(mc, column, false) = v;
}
/* Copies the bytes. False = memory refused. */
static inline bool mutable_put_str(struct mutable_chunk *mc, uint32_t column, const char *ptr, size_t len)
{
    struct str *s = mutable_slot(mc, column, false);
    if (len > STR_INLINE) {
        char *copy = mutable_heap_alloc(mc, len);
        if (UNLIKELY(!copy))
            return false;
        ptr = memcpy(copy, ptr, len);
    }
    *s = str_make(ptr, len);
    return true;
}
/* Any value by its form; copies what lies behind pointers. False = memory refused. */
bool mutable_put_datum(struct mutable_chunk *mc, uint32_t column, const union datum *datum) MUST_CHECK;
/* Appends the selected rows of vectors (INSERT … SELECT), one vec per column of map: column[i] → table column map[i];
 * columns not in map become NULL. pos of row k = first_pos + k. Appends as many rows as fit: *appended. */
bool mutable_chunk_append(struct mutable_chunk *mc, const struct batch *batch, const uint32_t *map, uint64_t first_pos,
                          uint32_t first_row, uint32_t *appended, struct error *err) MUST_CHECK;

#endif
