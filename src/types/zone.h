/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zone maps and simple predicates: what may be skipped without reading it. pred_zone is the one test used for segments
 * (routing) and chunks (scans).
 *
 * Order-preserving 64-bit keys stand for bounds: integers, dates, timestamps: the value with its sign bit flipped;
 * floats: IEEE bits made monotone, NaN highest; strings and uuid: first 8 bytes, big-endian, zero-padded (a prefix:
 * equal keys do not mean equal values); bool 0/1; numeric and interval and jsonb: no bounds (has_bounds false) in
 * format 1.
 */
#ifndef MENCIA_TYPES_ZONE_H
#define MENCIA_TYPES_ZONE_H

#include "types/value.h"

struct zone {
    uint64_t min_key, max_key; /* over non-NULL rows; meaningless unless has_bounds */
    uint32_t rows;             /* all rows */
    uint32_t nulls;            /* NULL rows */
    uint32_t distinct;         /* estimate over non-NULL rows; 0 = unknown */
    bool has_bounds;
    bool exact;   /* keys stand for exact values (not prefixes) */
    bool has_sum; /* sum is the exact sum of an integer column */
    int128_t sum;
};

enum pred_op {
    PRED_EQ,
    PRED_NE,
    PRED_LT,
    PRED_LE,
    PRED_GT,
    PRED_GE,
    PRED_BETWEEN,
    PRED_IN,
    PRED_IS_NULL,
    PRED_IS_NOT_NULL
};

/* column OP constant(s), constants of the column's own physical form (or wider integers already clamped by the
 * planner). */
struct pred {
    enum pred_op op;
    uint32_t column; /* index into the scan's table columns */
    oid_t type;      /* of the column */
    union datum lo;  /* the constant; BETWEEN: lower bound, inclusive */
    union datum hi;  /* BETWEEN: upper bound, inclusive */
    uint32_t nin;    /* IN: constants in[0, nin), non-NULL, sorted ascending by value_compare, distinct */
    const union datum *in;
};

enum pred_result { PRED_NONE, PRED_SOME, PRED_ALL };
/* NONE: no row of the zone satisfies it; ALL: every row does (so no NULLs among them); otherwise SOME. */
enum pred_result pred_zone(const struct pred *pred, const struct zone *zone);
/* False: the type has no bounds. */
bool zone_key(oid_t type, const void *datum, uint64_t *key);
/* Whether zone_key is exact for this value (short strings without NUL …). */
bool zone_key_exact(oid_t type, const void *datum);
/* Does one non-NULL value satisfy it? The reference for the kernels' tests. */
bool pred_match(const struct pred *pred, const void *datum);

#endif
