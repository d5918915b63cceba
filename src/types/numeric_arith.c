/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four operations, remainder, sign and rounding. Inline operands are worked out on 128-bit integers, which always
 * hold a sum, a product or an aligned pair of them; the rest goes through the digit arithmetic of numeric_big.c.
 */
#include "types/numeric_int.h"

/* Two operands in digits, and a result. */
struct operands {
    struct big a, b, r;
};

static void operands_init(struct operands *o, const struct num *a, const struct num *b)
{
    big_init(&o->a);
    big_init(&o->b);
    big_init(&o->r);
    big_from_num(&o->a, a);
    if (b)
        big_from_num(&o->b, b);
}

static bool operands_finish(struct operands *o, struct arena *arena, struct num *out, struct error *err)
{
    bool ok = big_to_num(&o->r, arena, out, err);
    big_release(&o->a);
    big_release(&o->b);
    big_release(&o->r);
    return ok;
}

static bool both_inline(const struct num *a, const struct num *b) { return LIKELY((a->kind | b->kind) == NUM_INLINE); }
_Static_assert(NUM_INLINE == 0, "both_inline relies on it");

static bool any_special(const struct num *a, const struct num *b) { return num_is_special(a) || num_is_special(b); }

/* Mantissas at the larger of the two scales. */
static uint32_t align(const struct num *a, const struct num *b, int128_t *x, int128_t *y)
{
    *x = a->mantissa;
    *y = b->mantissa;
    if (a->dscale < b->dscale)
        *x *= num_pow10[b->dscale - a->dscale];
    else
        *y *= num_pow10[a->dscale - b->dscale];
    return MAX_OF(a->dscale, b->dscale);
}

/* Sum with at least one NaN or infinity. */
static struct num add_special(const struct num *a, const struct num *b, bool subtract)
{
    if (a->kind == NUM_NAN || b->kind == NUM_NAN)
        return num_nan();
    bool b_negative = (b->kind == NUM_NINF) != subtract;
    if (!num_is_infinite(b))
        return *a;
    if (!num_is_infinite(a))
        return num_infinity(b_negative);
    return (a->kind == NUM_NINF) == b_negative ? *a : num_nan();
}

static NEVER_INLINE bool add_slow(const struct num *a, const struct num *b, bool subtract, struct arena *arena,
                                  struct num *out, struct error *err)
{
    struct operands o;
    if (any_special(a, b)) {
        *out = add_special(a, b, subtract);
        return true;
    }
    operands_init(&o, a, b);
    if (subtract)
        big_sub(&o.r, &o.a, &o.b);
    else
        big_add(&o.r, &o.a, &o.b);
    return operands_finish(&o, arena, out, err);
}

bool num_add(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    int64_t sum;
    int128_t x, y;
    if (UNLIKELY(!both_inline(a, b)))
        return add_slow(a, b, false, arena, out, err);
    if (LIKELY(a->dscale == b->dscale && !__builtin_add_overflow(a->mantissa, b->mantissa, &sum))) {
        *out = num_inline(sum, a->dscale);
        return true;
    }
    uint32_t scale = align(a, b, &x, &y);
    *out = num_from_i128(arena, x + y, scale);
    return true;
}

bool num_sub(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    int64_t difference;
    int128_t x, y;
    if (UNLIKELY(!both_inline(a, b)))
        return add_slow(a, b, true, arena, out, err);
    if (LIKELY(a->dscale == b->dscale && !__builtin_sub_overflow(a->mantissa, b->mantissa, &difference))) {
        *out = num_inline(difference, a->dscale);
        return true;
    }
    uint32_t scale = align(a, b, &x, &y);
    *out = num_from_i128(arena, x - y, scale);
    return true;
}

static struct num mul_special(const struct num *a, const struct num *b)
{
    if (a->kind == NUM_NAN || b->kind == NUM_NAN || num_is_zero(a) || num_is_zero(b))
        return num_nan();
    return num_infinity(num_sign(a) != num_sign(b));
}

bool num_mul(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    struct operands o;
    if (both_inline(a, b)) {
        *out = num_from_i128(arena, (int128_t)a->mantissa * b->mantissa, a->dscale + b->dscale);
        return true;
    }
    if (any_special(a, b)) {
        *out = mul_special(a, b);
        return true;
    }
    operands_init(&o, a, b);
    big_mul(&o.r, &o.a, &o.b);
    if (o.r.dscale > NUM_DSCALE_MAX)
        big_round(&o.r, NUM_DSCALE_MAX);
    return operands_finish(&o, arena, out, err);
}

/* ---- division ---- */

/* Decimals of a quotient: enough for 16 significant digits by an estimate from the leading base-10000 digits, at
 * least those of both operands, at most 1,000. */
static int32_t quotient_scale(int32_t weight_a, uint32_t first_a, int32_t weight_b, uint32_t first_b, uint32_t dscale_a,
                              uint32_t dscale_b)
{
    int32_t weight = weight_a - weight_b - (first_a <= first_b);
    int32_t scale = NUM_RESULT_DIGITS_MIN - weight * BIG_BASE_DIGITS;
    scale = MAX_OF(scale, (int32_t)MAX_OF(dscale_a, dscale_b));
    return MIN_OF(MAX_OF(scale, 0), NUM_RESULT_SCALE_MAX);
}

/* Place and value of an inline value's leading base-10000 digit; zero: 0 and 0. */
static int32_t leading_digit(const struct num *v, uint32_t *first)
{
    uint64_t m = v->mantissa < 0 ? -(uint64_t)v->mantissa : (uint64_t)v->mantissa;
    int32_t digits = 0;
    *first = 0;
    if (m == 0)
        return 0;
    while (digits < 20 && m >= num_pow10[digits])
        digits++;
    int32_t exponent = digits - 1 - (int32_t)v->dscale; /* of the leading decimal */
    int32_t weight = exponent >> 2;                     /* floor of a quarter */
    int32_t used = exponent - weight * BIG_BASE_DIGITS + 1;
    *first = (uint32_t)(used <= digits ? m / num_pow10[digits - used] : m * num_pow10[used - digits]);
    assert(*first > 0 && *first < BIG_BASE);
    return weight;
}

/* False: does not fit 128 bits. */
static bool div_inline(const struct num *a, const struct num *b, struct arena *arena, struct num *out)
{
    uint32_t first_a, first_b;
    int32_t weight_a = leading_digit(a, &first_a), weight_b = leading_digit(b, &first_b);
    int32_t scale = quotient_scale(weight_a, first_a, weight_b, first_b, a->dscale, b->dscale);
    int32_t shift = scale - (int32_t)a->dscale + (int32_t)b->dscale;
    int128_t dividend = a->mantissa;
    assert(shift >= 0);
    if (shift > 19 + 18)
        return false;
    if (shift > 18) {
        dividend *= num_pow10[18];
        shift -= 18;
    }
    if (__builtin_mul_overflow(dividend, (int128_t)num_pow10[shift], &dividend))
        return false;
    int128_t divisor = b->mantissa, quotient = dividend / divisor, rest = dividend % divisor;
    if (rest < 0)
        rest = -rest;
    if (2 * rest >= (divisor < 0 ? -divisor : divisor))
        quotient += (dividend < 0) == (divisor < 0) ? 1 : -1;
    *out = num_from_i128(arena, quotient, (uint32_t)scale);
    return true;
}

static bool division_by_zero(struct error *err)
{
    return error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
}

static bool div_special(const struct num *a, const struct num *b, struct num *out, struct error *err)
{
    if (a->kind == NUM_NAN || b->kind == NUM_NAN || (num_is_infinite(a) && num_is_infinite(b))) {
        *out = num_nan();
        return true;
    }
    if (num_is_infinite(b)) {
        *out = num_from_i64(0);
        return true;
    }
    if (num_is_zero(b))
        return division_by_zero(err);
    *out = num_infinity(num_sign(a) != num_sign(b));
    return true;
}

bool num_div(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    struct operands o;
    if (any_special(a, b))
        return div_special(a, b, out, err);
    if (num_is_zero(b))
        return division_by_zero(err);
    if (both_inline(a, b) && div_inline(a, b, arena, out))
        return true;
    operands_init(&o, a, b);
    int32_t scale = quotient_scale(o.a.weight, o.a.n ? o.a.d[0] : 0, o.b.weight, o.b.d[0], a->dscale, b->dscale);
    big_div(&o.r, &o.a, &o.b, scale, true);
    return operands_finish(&o, arena, out, err);
}

static bool mod_special(const struct num *a, const struct num *b, struct num *out, struct error *err)
{
    if (a->kind == NUM_NAN || b->kind == NUM_NAN) {
        *out = num_nan();
        return true;
    }
    if (num_is_zero(b))
        return division_by_zero(err);
    *out = num_is_infinite(a) ? num_nan() : *a;
    return true;
}

bool num_mod(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    struct operands o;
    int128_t x, y;
    if (any_special(a, b)) {
        if (!mod_special(a, b, out, err))
            return false;
        *out = num_copy(arena, out);
        return true;
    }
    if (num_is_zero(b))
        return division_by_zero(err);
    if (both_inline(a, b)) {
        uint32_t scale = align(a, b, &x, &y);
        *out = num_from_i128(arena, x % y, scale);
        return true;
    }
    struct big quotient, product;
    big_init(&quotient);
    big_init(&product);
    operands_init(&o, a, b);
    big_div(&quotient, &o.a, &o.b, 0, false);
    big_mul(&product, &quotient, &o.b);
    big_sub(&o.r, &o.a, &product);
    o.r.dscale = (int32_t)MAX_OF(a->dscale, b->dscale);
    big_release(&quotient);
    big_release(&product);
    return operands_finish(&o, arena, out, err);
}

/* ---- sign ---- */

bool num_neg(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    switch ((enum num_kind)a->kind) {
    case NUM_INLINE: *out = num_from_i128(arena, -(int128_t)a->mantissa, a->dscale); return true;
    case NUM_NAN: *out = *a; return true;
    case NUM_PINF:
    case NUM_NINF: *out = num_infinity(a->kind == NUM_PINF); return true;
    case NUM_BIG: break;
    }
    struct operands o;
    operands_init(&o, a, NULL);
    big_copy(&o.r, &o.a);
    o.r.negative = !o.r.negative;
    return operands_finish(&o, arena, out, err);
}

bool num_abs(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    if (a->kind != NUM_NAN && num_sign(a) < 0)
        return num_neg(a, arena, out, err);
    *out = num_copy(arena, a);
    return true;
}

/* ---- rounding ---- */

bool num_round_inline(const struct num *a, int32_t scale, bool cut, struct num *out)
{
    if (scale < 0 || scale > NUM_INLINE_SCALE_MAX)
        return false;
    if (scale >= (int32_t)a->dscale) {
        int64_t m;
        if (__builtin_mul_overflow(a->mantissa, (int64_t)num_pow10[scale - (int32_t)a->dscale], &m))
            return false;
        *out = num_inline(m, (uint32_t)scale);
        return true;
    }
    int64_t unit = (int64_t)num_pow10[a->dscale - (uint32_t)scale];
    int64_t m = a->mantissa / unit, rest = a->mantissa % unit;
    if (!cut)
        m += rest >= unit - unit / 2 ? 1 : -rest >= unit - unit / 2 ? -1 : 0;
    *out = num_inline(m, (uint32_t)scale);
    return true;
}

static bool round_any(const struct num *a, int32_t scale, bool cut, struct arena *arena, struct num *out,
                      struct error *err)
{
    struct operands o;
    if (num_is_special(a)) {
        *out = *a;
        return true;
    }
    if (a->kind == NUM_INLINE && num_round_inline(a, scale, cut, out))
        return true;
    operands_init(&o, a, NULL);
    big_copy(&o.r, &o.a);
    if (cut)
        big_trunc(&o.r, scale);
    else
        big_round(&o.r, scale);
    return operands_finish(&o, arena, out, err);
}

/* Beyond these limits a scale changes nothing. */
static int32_t clamp_scale(int32_t scale)
{
    int32_t least = -(NUM_WEIGHT_MAX + 1) * BIG_BASE_DIGITS - 1;
    return scale < least ? least : MIN_OF(scale, NUM_DSCALE_MAX);
}

bool num_round(const struct num *a, int32_t scale, struct arena *arena, struct num *out, struct error *err)
{
    return round_any(a, clamp_scale(scale), false, arena, out, err);
}

bool num_trunc(const struct num *a, int32_t scale, struct arena *arena, struct num *out, struct error *err)
{
    return round_any(a, clamp_scale(scale), true, arena, out, err);
}

/* Cuts the decimals and steps away from zero for values of that sign if any were not zero. */
static bool step_integer(const struct num *a, int sign, struct arena *arena, struct num *out, struct error *err)
{
    struct num whole, one = num_from_i64(sign);
    if (!round_any(a, 0, true, arena, &whole, err))
        return false;
    if (num_is_special(a) || num_sign(a) != sign || num_compare(a, &whole) == 0) {
        *out = whole;
        return true;
    }
    return num_add(&whole, &one, arena, out, err);
}

bool num_ceil(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    return step_integer(a, 1, arena, out, err);
}

bool num_floor(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    return step_integer(a, -1, arena, out, err);
}
