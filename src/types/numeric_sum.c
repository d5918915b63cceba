/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact sums. Values of usual sizes meet in one 128-bit integer at the largest scale seen so far; what does not fit
 * there goes into a 512-bit integer of 40 decimals. A value is below 10^92, hence below 10^132 there, so 2^64 of them
 * stay below 2^511.
 */
#include "types/numeric_int.h"

enum { WIDE_WORDS = 8, WIDE_SCALE = 40, VALUE_WEIGHT_MAX = 22 };

struct num_sum {
    uint64_t near_low, near_high; /* int128, × 10^-dscale; in halves, for accumulators are only 8-byte aligned */
    uint64_t wide[WIDE_WORDS];    /* two's complement, least significant first; × 10^-40 */
    uint64_t nans, pinfs, ninfs;  /* how many came in */
    uint32_t dscale;              /* the largest so far */
    uint32_t wide_used;           /* wide holds something */
};
_Static_assert(sizeof(struct num_sum) % 8 == 0, "accumulators lie side by side");

size_t num_sum_size(void) { return sizeof(struct num_sum); }

static int128_t near_get(const struct num_sum *s) { return (int128_t)((uint128_t)s->near_high << 64 | s->near_low); }
static void near_set(struct num_sum *s, int128_t v)
{
    s->near_low = (uint64_t)v;
    s->near_high = (uint64_t)((uint128_t)v >> 64);
}

/* ---- 512-bit integers ---- */

static void wide_add(uint64_t *x, const uint64_t *y)
{
    uint128_t carry = 0;
    for (int i = 0; i < WIDE_WORDS; i++) {
        carry += (uint128_t)x[i] + y[i];
        x[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void wide_negate(uint64_t *x)
{
    uint128_t carry = 1;
    for (int i = 0; i < WIDE_WORDS; i++) {
        carry += ~x[i];
        x[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* x = x × factor + addend, for x not negative. */
static void wide_mul_add(uint64_t *x, uint64_t factor, uint64_t addend)
{
    uint128_t carry = addend;
    for (int i = 0; i < WIDE_WORDS; i++) {
        carry += (uint128_t)x[i] * factor;
        x[i] = (uint64_t)carry;
        carry >>= 64;
    }
    assert(carry == 0);
}

static void wide_scale_up(uint64_t *x, int32_t decimals)
{
    assert(decimals >= 0);
    for (; decimals > 18; decimals -= 18)
        wide_mul_add(x, num_pow10[18], 0);
    wide_mul_add(x, num_pow10[decimals], 0);
}

/* Returns x % 10000 and leaves x / 10000, for x not negative. */
static uint16_t wide_next_digit(uint64_t *x)
{
    uint128_t rest = 0;
    for (int i = WIDE_WORDS - 1; i >= 0; i--) {
        rest = rest << 64 | x[i];
        x[i] = (uint64_t)(rest / BIG_BASE);
        rest %= BIG_BASE;
    }
    return (uint16_t)rest;
}

static bool wide_is_zero(const uint64_t *x)
{
    uint64_t any = 0;
    for (int i = 0; i < WIDE_WORDS; i++)
        any |= x[i];
    return any == 0;
}

static void wide_from_i128(uint64_t *x, int128_t v, uint32_t dscale)
{
    uint128_t magnitude = v < 0 ? -(uint128_t)v : (uint128_t)v;
    memset(x, 0, WIDE_WORDS * sizeof *x);
    x[0] = (uint64_t)magnitude;
    x[1] = (uint64_t)(magnitude >> 64);
    wide_scale_up(x, WIDE_SCALE - (int32_t)dscale);
    if (v < 0)
        wide_negate(x);
}

/* ---- accumulation ---- */

static NEVER_INLINE void add_wide_i128(struct num_sum *s, int128_t v, uint32_t dscale)
{
    uint64_t x[WIDE_WORDS];
    wide_from_i128(x, v, dscale);
    wide_add(s->wide, x);
    s->wide_used = 1;
}

/* v × 10^decimals; false = overflow. */
static bool scale_up(int128_t *v, uint32_t decimals)
{
    for (; decimals > 18; decimals -= 18)
        if (__builtin_mul_overflow(*v, (int128_t)num_pow10[18], v))
            return false;
    return !__builtin_mul_overflow(*v, (int128_t)num_pow10[decimals], v);
}

void num_sum_add_scaled(struct num_sum *s, int128_t v, uint32_t dscale)
{
    int128_t near = near_get(s), sum = v;
    assert(dscale <= WIDE_SCALE);
    if (UNLIKELY(dscale > s->dscale)) {
        int128_t scaled = near;
        if (!scale_up(&scaled, dscale - s->dscale)) {
            add_wide_i128(s, near, s->dscale);
            scaled = 0;
        }
        near = scaled;
        s->dscale = dscale;
    } else if (UNLIKELY(dscale < s->dscale) && !scale_up(&sum, s->dscale - dscale)) {
        add_wide_i128(s, v, dscale);
        return;
    }
    if (UNLIKELY(__builtin_add_overflow(near, sum, &sum))) {
        add_wide_i128(s, near, s->dscale);
        sum = v;
        if (dscale < s->dscale && !scale_up(&sum, s->dscale - dscale))
            __builtin_unreachable(); /* it worked above */
    }
    near_set(s, sum);
}

static bool add_big(struct num_sum *s, const struct num_big *v)
{
    uint64_t x[WIDE_WORDS] = {0};
    if (v->dscale > WIDE_SCALE || (v->ndigits && v->weight > VALUE_WEIGHT_MAX))
        return false;
    for (uint32_t i = 0; i < v->ndigits; i++)
        wide_mul_add(x, BIG_BASE, v->digit[i]);
    if (v->ndigits)
        wide_scale_up(x, WIDE_SCALE + (v->weight - v->ndigits + 1) * BIG_BASE_DIGITS);
    if (v->sign)
        wide_negate(x);
    wide_add(s->wide, x);
    s->wide_used = 1;
    num_sum_add_scaled(s, 0, v->dscale); /* takes the scale over */
    return true;
}

bool num_sum_add(struct num_sum *s, const struct num *v)
{
    switch ((enum num_kind)v->kind) {
    case NUM_INLINE: num_sum_add_scaled(s, v->mantissa, v->dscale); return true;
    case NUM_BIG: return add_big(s, v->big);
    case NUM_NAN: s->nans++; return true;
    case NUM_PINF: s->pinfs++; return true;
    case NUM_NINF: s->ninfs++; return true;
    }
    __builtin_unreachable();
}

void num_sum_add_i64(struct num_sum *s, int64_t v) { num_sum_add_scaled(s, v, 0); }
void num_sum_add_i128(struct num_sum *s, int128_t v) { num_sum_add_scaled(s, v, 0); }

bool num_sum_merge(struct num_sum *s, const struct num_sum *other)
{
    num_sum_add_scaled(s, near_get(other), other->dscale);
    if (other->wide_used) {
        wide_add(s->wide, other->wide);
        s->wide_used = 1;
    }
    s->nans += other->nans;
    s->pinfs += other->pinfs;
    s->ninfs += other->ninfs;
    return true;
}

/* near and wide together, as a numeric. */
static struct num wide_result(const struct num_sum *s, struct arena *arena)
{
    uint64_t x[WIDE_WORDS];
    uint16_t digit[48];
    int32_t n = 0;
    struct big sum;
    int64_t mantissa;
    wide_from_i128(x, near_get(s), s->dscale);
    wide_add(x, s->wide);
    bool negative = x[WIDE_WORDS - 1] >> 63;
    if (negative)
        wide_negate(x);
    while (!wide_is_zero(x))
        digit[n++] = wide_next_digit(x);
    big_init(&sum);
    big_resize(&sum, n);
    for (int32_t i = 0; i < n; i++)
        sum.d[i] = digit[n - 1 - i];
    sum.weight = n - 1 - WIDE_SCALE / BIG_BASE_DIGITS;
    sum.negative = negative;
    sum.dscale = (int32_t)s->dscale;
    big_strip(&sum);
    assert(sum.cap == 0); /* at most 39 digits */
    if (big_mantissa(&sum, &mantissa))
        return num_inline(mantissa, s->dscale);
    return big_store(&sum, arena_alloc(arena, big_bytes(&sum)));
}

struct num num_sum_result(const struct num_sum *s, struct arena *arena)
{
    if (s->nans || (s->pinfs && s->ninfs))
        return num_nan();
    if (s->pinfs || s->ninfs)
        return num_infinity(s->ninfs > 0);
    return s->wide_used ? wide_result(s, arena) : num_from_i128(arena, near_get(s), s->dscale);
}
