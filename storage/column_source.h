/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One column of a sequence of row ranges of chunks, read from front to back: the input of freezing and sealing.
 * Private to storage/.
 */
#ifndef MENCIA_STORAGE_COLUMN_SOURCE_H
#define MENCIA_STORAGE_COLUMN_SOURCE_H

#include "storage/chunk_int.h"

struct row_range {
    struct chunk *chunk;
    struct chunk_reader *reader;
    uint32_t begin, end;
};

struct column_source {
    const struct row_range *range;
    uint32_t nrange;
    uint32_t column; /* as in chunk.h */
    uint8_t phys;    /* missing columns get this form */
    uint32_t at;     /* range being read */
    uint32_t row;    /* next row of its chunk; UINT32_MAX = range not begun */
    struct vec vec;  /* covers [vec_begin, vec_begin + vec_n) of that chunk */
    uint32_t vec_begin, vec_n;
};

void column_source_init(struct column_source *s, const struct row_range *range, uint32_t nrange, uint32_t column,
                        uint8_t phys);
/* The next 1..max rows as rows [*begin, *begin + *n) of *vec, which lives until the reader is recycled; *n = 0: end. */
bool column_source_next(struct column_source *s, uint32_t max, const struct vec **vec, uint32_t *begin, uint32_t *n,
                        struct error *err) MUST_CHECK;
/* Copies the next n rows to flat values and null bits (bits [0, n) of null; *any_null). False at an error; there must
 * be that many rows. */
bool column_source_fill(struct column_source *s, uint32_t n, void *values, uint64_t *null, bool *any_null,
                        struct error *err) MUST_CHECK;
void row_ranges_recycle(const struct row_range *range, uint32_t nrange);

#endif
