/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simple predicate made ready for the rows of one column, and its application to flat values. Bits are ANDed: rows
 * that do not satisfy the predicate are cleared, others stay as they were. NULL rows are the caller's business, since
 * it knows the null bitmap. Private to storage/.
 */
#ifndef MENCIA_STORAGE_FILTER_INT_H
#define MENCIA_STORAGE_FILTER_INT_H

#include "base/arena.h"
#include "types/zone.h"

enum filter_kind {
    FILTER_NOTHING, /* no non-NULL value satisfies it */
    FILTER_ALL,     /* every non-NULL value does */
    FILTER_RANGE,   /* lo <= value <= hi (or not, if negate): integers, bool, dates, and floats by ordered key */
    FILTER_SET,     /* integers of a sorted list, bounded by lo and hi */
    FILTER_MATCH,   /* pred_match per value */
};

struct filter {
    enum filter_kind kind;
    const struct pred *pred;
    uint8_t phys;
    bool negate;
    int64_t lo, hi; /* floats: ordered keys (filter_float_key), as signed numbers */
    uint32_t nset;
    const int64_t *set;   /* [nset] ascending */
    const uint64_t *bits; /* bitmap over [lo, hi] when that is short, else NULL */
};

/* Not for IS NULL and IS NOT NULL. Memory of sets comes from the arena. */
void filter_init(struct filter *f, const struct pred *pred, struct arena *arena);
/* The same value range for a numeric column kept as integers at one display scale. */
void filter_init_scaled(struct filter *f, const struct pred *pred, uint32_t dscale, struct arena *arena);
/* Over n flat values of the filter's form. data has VEC_PAD_BYTES readable bytes after it or n is a multiple of 64. */
void filter_flat(const struct filter *f, const void *data, uint32_t n, uint64_t *bits);
/* Does one integer (or float key) pass a RANGE or SET filter? */
bool filter_int_passes(const struct filter *f, int64_t v);

/* bits[0, n) &= ~null, or &= null. */
void filter_null(uint64_t *bits, const uint64_t *null, uint32_t n, bool keep_null);

#endif
