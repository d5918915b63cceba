/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the segment writer: segment_write.c (life cycle, file), segment_columns.c (columns), segment_sort.c. */
#ifndef MENCIA_STORAGE_SEGMENT_WRITE_INT_H
#define MENCIA_STORAGE_SEGMENT_WRITE_INT_H

#include "storage/column_source.h"
#include "storage/segment.h"
#include "storage/segment_file.h"

struct segment_writer {
    struct env *env;
    char *path;
    const struct table_def *def;
    struct segment_meta meta;
    struct mem_account *account;
    struct row_range *range; /* rows given so far; each holds its chunk */
    uint32_t nrange, range_cap;
    uint64_t rows;
    struct outbuf letters, extra;
    uint32_t nletter;
    bool keep_order; /* ignore sort_by (spills) */

    /* While finishing. */
    struct segment_out out;
    struct encoder encoder;
    uint32_t nslot, nchunk;
    oid_t *type;                       /* [nslot] */
    struct format_column *column;      /* [nslot] */
    struct format_chunk_column *chunk; /* [nslot × nchunk] */
    uint32_t *order;                   /* output row → input row; NULL = as given */
    void *value;                       /* CHUNK_ROWS × 16 */
    uint32_t *code;                    /* CHUNK_ROWS */
    uint64_t null[CHUNK_ROWS / 64];
};

/* Number of a slot in terms of chunk.h. */
static inline uint32_t writer_column(const struct segment_writer *w, uint32_t slot)
{
    uint32_t declared = w->nslot - HIDDEN_COUNT;
    return slot < declared ? slot : CHUNK_HIDDEN + slot - declared;
}
static inline uint32_t writer_chunk_rows(const struct segment_writer *w, uint32_t chunk)
{
    return (uint32_t)MIN_OF(w->rows - (uint64_t)chunk * CHUNK_ROWS, (uint64_t)CHUNK_ROWS);
}

/* Encodes and writes all chunks and the dictionary of a slot. */
bool writer_write_column(struct segment_writer *w, uint32_t slot, struct error *err) MUST_CHECK;
/* Computes order from sort_by. */
bool writer_sort(struct segment_writer *w, struct error *err) MUST_CHECK;

/* All rows of a column as flat values, nulls as bits (NULL pointer: none); freed with whole_column_free. */
struct whole_column {
    uint8_t phys;
    void *value;
    uint64_t *null;
    size_t value_bytes, null_bytes;
    struct mem_account *account;
};
bool whole_column_read(struct segment_writer *w, uint32_t slot, struct whole_column *out, struct error *err) MUST_CHECK;
void whole_column_free(struct whole_column *c);

/* Sorts n values by bytes: order[k] = index of the k-th. */
void sort_values(const struct str *value, uint32_t n, uint32_t *order);

/* Writers of spills. */
void segment_writer_keep_order(struct segment_writer *w);
void segment_writer_set_extra(struct segment_writer *w, const void *data, size_t len);

#endif
