/* SPDX-License-Identifier: Apache-2.0 */
/* 128-bit approximations of powers of ten, for the conversion of floats to and from decimal. */
#ifndef MENCIA_TYPES_POW10_INT_H
#define MENCIA_TYPES_POW10_INT_H

#include "base/base.h"

enum { POW10_MIN = -342, POW10_MAX = 324 };

struct pow10_entry {
    uint64_t hi, lo;
};
/* Index e - POW10_MIN; rounded up, highest bit set. */
extern const struct pow10_entry pow10_table[POW10_MAX - POW10_MIN + 1];

/* floor(log2(10^e)), floor(log10(2^q)) and floor(log10(3/4 × 2^q)); right for |e|, |q| up to 1,200. */
static inline int floor_log2_pow10(int e) { return (int)((int64_t)e * 1741647 >> 19); }
static inline int floor_log10_pow2(int q) { return (int)((int64_t)q * 1262611 >> 22); }
static inline int floor_log10_three_quarters_pow2(int q) { return (int)(((int64_t)q * 1262611 - 524031) >> 22); }

/* The nearest float to ±mantissa × 10^exponent; false = undecided, out of range or subnormal: use the text. */
bool decimal_to_f64(uint64_t mantissa, int exponent, bool negative, double *out);
bool decimal_to_f32(uint64_t mantissa, int exponent, bool negative, float *out);

#endif
