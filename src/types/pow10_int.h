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

/* Eight ASCII digits at once: false if any is none. */
static inline bool eight_digits(const char *p, uint64_t *v)
{
    uint64_t x = load_u64(p) - 0x3030303030303030ULL; /* digits become 0..9, others get a high bit in the test */
    if (((x + 0x7676767676767676ULL) | x) & 0x8080808080808080ULL)
        return false;
    x = x * 10 + (x >> 8); /* pairs in every second byte, then fours, then all */
    x = ((x & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
         (x >> 16 & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >>
        32;
    *v = x;
    return true;
}

/* floor(log2(10^e)), floor(log10(2^q)) and floor(log10(3/4 × 2^q)); right for |e|, |q| up to 1,200. */
static inline int floor_log2_pow10(int e) { return (int)((int64_t)e * 1741647 >> 19); }
static inline int floor_log10_pow2(int q) { return (int)((int64_t)q * 1262611 >> 22); }
static inline int floor_log10_three_quarters_pow2(int q) { return (int)(((int64_t)q * 1262611 - 524031) >> 22); }

/* The nearest float to ±mantissa × 10^exponent; false = undecided, out of range or subnormal: use the text. */
bool decimal_to_f64(uint64_t mantissa, int exponent, bool negative, double *out);
bool decimal_to_f32(uint64_t mantissa, int exponent, bool negative, float *out);
/* The shortest decimal digits × 10^exponent that read back as |v| (of float4 if single); v finite and not 0. */
void f64_to_decimal(double v, bool single, uint64_t *digits, int *exponent);

#endif
