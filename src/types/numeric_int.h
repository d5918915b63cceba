/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working form of numerics beyond int64: base-10000 digits, most significant first, in memory of their own. Used by
 * one thread for the length of one call; every struct big is released by its function.
 */
#ifndef MENCIA_TYPES_NUMERIC_INT_H
#define MENCIA_TYPES_NUMERIC_INT_H

#include "types/numeric.h"

enum {
    BIG_BASE = 10000,
    BIG_BASE_DIGITS = 4,
    BIG_INLINE = 40,             /* digits without a heap allocation */
    NUM_WEIGHT_MAX = 32767,      /* 131,072 digits before the point */
    NUM_DSCALE_MAX = 16383,      /* decimals a value may show */
    NUM_RESULT_SCALE_MAX = 1000, /* decimals that division and functions choose at most */
    NUM_RESULT_DIGITS_MIN = 16,  /* significant digits they choose at least */
    NUM_INLINE_SCALE_MAX = 18,
};

/* value = sign × Σ d[i] × 10000^(weight - i). Zero digits at either end are allowed while working; n = 0 is zero. */
struct big {
    int32_t n;
    int32_t weight;
    int32_t dscale;
    int32_t cap; /* digits in the heap block; 0 = d is small */
    bool negative;
    uint16_t *d;
    uint16_t small[BIG_INLINE];
};

static inline void big_init(struct big *x)
{
    x->n = x->weight = x->dscale = x->cap = 0;
    x->negative = false;
    x->d = x->small;
}
void big_release(struct big *x);
/* Room for n digits; the old ones are lost. Sets n. */
void big_resize(struct big *x, int32_t n);
void big_copy(struct big *to, const struct big *from);
void big_from_num(struct big *x, const struct num *v); /* v finite */
void big_from_u128(struct big *x, uint128_t v, int32_t dscale);
void big_set_small(struct big *x, int64_t v);
/* Bytes of the stored form, and that form made in such memory (8-byte aligned). x stripped and not inline. */
size_t big_bytes(const struct big *x);
struct num big_store(const struct big *x, void *memory);
/* The canonical numeric; 22003 when it has too many digits, 53200 when the arena refuses. */
bool big_to_num(struct big *x, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
/* The mantissa of the inline form: false = not an int64 at dscale, or dscale above 18. x stripped. */
bool big_mantissa(const struct big *x, int64_t *mantissa);
/* Drops zero digits at both ends. */
void big_strip(struct big *x);

int big_compare_abs(const struct big *a, const struct big *b);
int big_compare(const struct big *a, const struct big *b);
/* Exact. out may not be an operand; dscale: the larger one, or the sum for the product. */
void big_add(struct big *out, const struct big *a, const struct big *b);
void big_sub(struct big *out, const struct big *a, const struct big *b);
void big_mul(struct big *out, const struct big *a, const struct big *b);
/* Quotient cut (round false) or rounded half away from zero to this many decimals; b not zero. dscale = max(scale, 0).
 */
void big_div(struct big *out, const struct big *a, const struct big *b, int32_t scale, bool round);
/* To `scale` decimals, which may be negative, in place. dscale = max(scale, 0). */
void big_round(struct big *x, int32_t scale);
void big_trunc(struct big *x, int32_t scale);
static inline bool big_is_zero(const struct big *x)
{
    for (int32_t i = 0; i < x->n; i++)
        if (x->d[i])
            return false;
    return true;
}
/* Approximation for choosing scales only. */
double big_to_f64(const struct big *x);

/* Powers of ten that fit. */
extern const uint64_t num_pow10[20];
static inline bool num_fits_inline(int128_t v, uint32_t dscale)
{
    return dscale <= NUM_INLINE_SCALE_MAX && v >= INT64_MIN && v <= INT64_MAX;
}
static inline struct num num_inline(int64_t mantissa, uint32_t dscale)
{
    return (struct num){.mantissa = mantissa, .kind = NUM_INLINE, .dscale = dscale};
}
static inline struct num num_infinity(bool negative)
{
    return (struct num){.mantissa = 0, .kind = negative ? NUM_NINF : NUM_PINF};
}
static inline bool num_is_special(const struct num *v) { return v->kind >= NUM_NAN; }
static inline bool num_is_infinite(const struct num *v) { return v->kind == NUM_PINF || v->kind == NUM_NINF; }
bool num_overflow(struct error *err); /* 22003, false */
/* Rounds an inline value to 0..18 decimals, half away from zero or (cut) towards zero; false = does not fit. */
bool num_round_inline(const struct num *a, int32_t scale, bool cut, struct num *out);
/* mantissa × 10^-scale of equal value without trailing zero decimals, scale 0..18; false = does not fit. */
bool num_reduce(const struct num *v, int64_t *mantissa, uint32_t *scale);

#endif
