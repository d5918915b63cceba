/* SPDX-License-Identifier: Apache-2.0 */
/* Zones on disk, and sketches of distinct values. */
#include "storage/encode_int.h"

void zone_to_format(const struct zone *z, struct format_zone *out)
{
    *out = (struct format_zone){.nulls = z->nulls, .distinct = z->distinct};
    if (z->has_bounds) {
        out->min_key = z->min_key;
        out->max_key = z->max_key;
        out->flags |= ZONE_BOUNDS | (z->exact ? ZONE_EXACT : 0);
    }
    if (z->has_sum) {
        out->sum_low = (uint64_t)z->sum;
        out->sum_high = (int64_t)(z->sum >> 64);
        out->flags |= ZONE_SUM;
    }
}

void zone_from_format(const struct format_zone *f, uint32_t rows, struct zone *out)
{
    *out = (struct zone){.min_key = f->min_key,
                         .max_key = f->max_key,
                         .rows = rows,
                         .nulls = f->nulls,
                         .distinct = f->distinct,
                         .has_bounds = (f->flags & ZONE_BOUNDS) != 0,
                         .exact = (f->flags & ZONE_EXACT) != 0,
                         .has_sum = (f->flags & ZONE_SUM) != 0,
                         .sum = (int128_t)((uint128_t)(uint64_t)f->sum_high << 64 | f->sum_low)};
}

void zone_merge(struct zone *into, const struct zone *more)
{
    bool into_values = into->nulls < into->rows, more_values = more->nulls < more->rows;
    if (!into_values) {
        uint32_t rows = into->rows;
        *into = *more;
        into->rows += rows;
        into->nulls += rows;
        return;
    }
    into->rows += more->rows;
    into->nulls += more->nulls;
    if (!more_values)
        return;
    into->has_bounds = into->has_bounds && more->has_bounds;
    into->exact = into->exact && more->exact;
    into->min_key = MIN_OF(into->min_key, more->min_key);
    into->max_key = MAX_OF(into->max_key, more->max_key);
    into->has_sum = into->has_sum && more->has_sum;
    into->sum += more->sum;
    into->distinct = MAX_OF(into->distinct, more->distinct);
}

/* Natural logarithm by plain arithmetic, so that files do not depend on the C library's. x > 0. */
static double plain_log(double x)
{
    int exponent = 0;
    while (x > 1.5) {
        x /= 2;
        exponent++;
    }
    while (x < 0.75) {
        x *= 2;
        exponent--;
    }
    double t = (x - 1) / (x + 1), square = t * t, term = t, sum = 0;
    for (int k = 1; k < 40; k += 2, term *= square)
        sum += term / k;
    return 2 * sum + exponent * 0.69314718055994530942;
}

uint32_t linear_count(uint32_t zeros, uint32_t m)
{
    return (uint32_t)((double)m * plain_log((double)m / (zeros ? zeros : 1)) + 0.5);
}

uint32_t sketch_estimate(const struct sketch *s)
{
    double sum = 0, m = SKETCH_REGISTERS;
    uint32_t zeros = 0;
    for (int i = 0; i < SKETCH_REGISTERS; i++) {
        sum += 1.0 / (double)(1ULL << s->rank[i]);
        zeros += s->rank[i] == 0;
    }
    double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate <= 2.5 * m && zeros)
        return linear_count(zeros, SKETCH_REGISTERS);
    return (uint32_t)(estimate + 0.5);
}
