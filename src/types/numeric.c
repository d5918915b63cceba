/* SPDX-License-Identifier: Apache-2.0 */
/* numeric: canonical form, order, hash, sign. */
#include "types/numeric_int.h"

#include "base/hash.h"

const uint64_t num_pow10[20] = {1ULL,
                                10ULL,
                                100ULL,
                                1000ULL,
                                10000ULL,
                                100000ULL,
                                1000000ULL,
                                10000000ULL,
                                100000000ULL,
                                1000000000ULL,
                                10000000000ULL,
                                100000000000ULL,
                                1000000000000ULL,
                                10000000000000ULL,
                                100000000000000ULL,
                                1000000000000000ULL,
                                10000000000000000ULL,
                                100000000000000000ULL,
                                1000000000000000000ULL,
                                10000000000000000000ULL};

bool num_overflow(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
}

struct num num_copy(struct arena *arena, const struct num *v)
{
    struct num copy = *v;
    if (v->kind == NUM_BIG) {
        size_t bytes = sizeof(struct num_big) + v->big->ndigits * sizeof(uint16_t);
        copy.big = memcpy(arena_alloc(arena, bytes), v->big, bytes);
    }
    return copy;
}

struct num num_from_i128(struct arena *arena, int128_t v, uint32_t dscale)
{
    struct big x;
    if (LIKELY(num_fits_inline(v, dscale)))
        return num_inline((int64_t)v, dscale);
    assert(dscale <= NUM_DSCALE_MAX);
    big_init(&x);
    big_from_u128(&x, v < 0 ? -(uint128_t)v : (uint128_t)v, (int32_t)dscale);
    x.negative = v < 0;
    assert(x.cap == 0); /* at most 11 digits */
    return big_store(&x, arena_alloc(arena, big_bytes(&x)));
}

bool num_is_zero(const struct num *v)
{
    return (v->kind == NUM_INLINE && v->mantissa == 0) || (v->kind == NUM_BIG && v->big->ndigits == 0);
}

int num_sign(const struct num *v)
{
    switch ((enum num_kind)v->kind) {
    case NUM_INLINE: return (v->mantissa > 0) - (v->mantissa < 0);
    case NUM_BIG: return v->big->ndigits == 0 ? 0 : v->big->sign ? -1 : 1;
    case NUM_NAN:
    case NUM_PINF: return 1;
    case NUM_NINF: return -1;
    }
    __builtin_unreachable();
}

/* -inf < finite < +inf < NaN. */
static int rank_of(const struct num *v)
{
    return v->kind == NUM_NAN ? 2 : v->kind == NUM_PINF ? 1 : v->kind == NUM_NINF ? -1 : 0;
}

static NEVER_INLINE int compare_slow(const struct num *a, const struct num *b)
{
    struct big x, y;
    if (num_is_special(a) || num_is_special(b)) {
        int p = rank_of(a), q = rank_of(b);
        return (p > q) - (p < q);
    }
    big_init(&x);
    big_init(&y);
    big_from_num(&x, a);
    big_from_num(&y, b);
    int order = big_compare(&x, &y);
    big_release(&x);
    big_release(&y);
    return order;
}

int num_compare(const struct num *a, const struct num *b)
{
    if (UNLIKELY(a->kind != NUM_INLINE || b->kind != NUM_INLINE))
        return compare_slow(a, b);
    if (LIKELY(a->dscale == b->dscale))
        return (a->mantissa > b->mantissa) - (a->mantissa < b->mantissa);
    int128_t x = a->mantissa, y = b->mantissa;
    if (a->dscale < b->dscale)
        x *= num_pow10[b->dscale - a->dscale];
    else
        y *= num_pow10[a->dscale - b->dscale];
    return (x > y) - (x < y);
}

static void strip_decimals(int64_t *mantissa, uint32_t *scale)
{
    while (*scale > 0 && *mantissa % 10 == 0) {
        *mantissa /= 10;
        --*scale;
    }
}

bool num_reduce(const struct num *v, int64_t *mantissa, uint32_t *scale)
{
    if (LIKELY(v->kind == NUM_INLINE)) {
        *mantissa = v->mantissa;
        *scale = v->dscale;
        if (*mantissa == 0)
            *scale = 0;
        strip_decimals(mantissa, scale);
        return true;
    }
    if (v->kind != NUM_BIG)
        return false;
    const struct num_big *big = v->big;
    int32_t decimals = (big->ndigits - 1 - big->weight) * BIG_BASE_DIGITS; /* of the last digit's end */
    uint128_t m = 0;
    if (big->ndigits == 0 || big->ndigits > 7 || big->weight > 4 || decimals > NUM_INLINE_SCALE_MAX + 3) {
        *mantissa = 0;
        *scale = 0;
        return big->ndigits == 0;
    }
    for (uint32_t i = 0; i < big->ndigits; i++)
        m = m * BIG_BASE + big->digit[i];
    for (; decimals < 0; decimals++)
        m *= 10;
    for (; decimals > 0 && m % 10 == 0; decimals--)
        m /= 10;
    if (decimals > NUM_INLINE_SCALE_MAX || m > (uint128_t)INT64_MAX + big->sign)
        return false;
    *mantissa = (int64_t)(big->sign ? -(uint64_t)m : (uint64_t)m);
    *scale = (uint32_t)decimals;
    return true;
}

uint64_t num_hash(const struct num *v)
{
    int64_t mantissa;
    uint32_t scale;
    if (LIKELY(num_reduce(v, &mantissa, &scale))) {
        uint64_t h = hash_u64((uint64_t)mantissa);
        return scale ? hash_combine(h, scale) : h;
    }
    if (v->kind != NUM_BIG)
        return hash_combine(v->kind, 0x4E614E);
    uint64_t h = hash_bytes(v->big->digit, v->big->ndigits * sizeof(uint16_t));
    return hash_combine(h, (uint64_t)(uint16_t)v->big->weight << 1 | v->big->sign);
}
