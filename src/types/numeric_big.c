/* SPDX-License-Identifier: Apache-2.0 */
/* Digit arithmetic on base 10000: the schoolbook methods, with 64-bit accumulators. */
#include "base/memory.h"
#include "types/numeric_int.h"

#include <math.h>
#include <stdlib.h>

void big_release(struct big *x)
{
    if (x->cap)
        free(x->d);
    big_init(x);
}

void big_resize(struct big *x, int32_t n)
{
    assert(n >= 0);
    x->n = n;
    if (n <= (x->cap ? x->cap : BIG_INLINE))
        return;
    if (x->cap)
        free(x->d);
    x->d = xmalloc(size_mul((size_t)n, sizeof *x->d));
    x->cap = n;
}

void big_copy(struct big *to, const struct big *from)
{
    if (to == from)
        return;
    big_resize(to, from->n);
    memcpy(to->d, from->d, (size_t)from->n * sizeof *to->d);
    to->weight = from->weight;
    to->dscale = from->dscale;
    to->negative = from->negative;
}

void big_strip(struct big *x)
{
    int32_t lead = 0;
    while (lead < x->n && x->d[lead] == 0)
        lead++;
    if (lead) {
        x->n -= lead;
        x->weight -= lead;
        memmove(x->d, x->d + lead, (size_t)x->n * sizeof *x->d);
    }
    while (x->n && x->d[x->n - 1] == 0)
        x->n--;
    if (x->n == 0) {
        x->weight = 0;
        x->negative = false;
    }
}

void big_from_u128(struct big *x, uint128_t v, int32_t dscale)
{
    uint16_t digit[12]; /* least significant first */
    int32_t n = 0, pad = (BIG_BASE_DIGITS - dscale % BIG_BASE_DIGITS) % BIG_BASE_DIGITS;
    x->dscale = dscale;
    x->negative = false;
    if (pad) { /* align the point to a digit: the lowest digit takes only 4 - pad decimals */
        uint32_t unit = (uint32_t)num_pow10[BIG_BASE_DIGITS - pad];
        digit[n++] = (uint16_t)((uint32_t)(v % unit) * num_pow10[pad]);
        v /= unit;
    }
    for (; v >> 64; v /= BIG_BASE)
        digit[n++] = (uint16_t)(v % BIG_BASE);
    for (uint64_t rest = (uint64_t)v; rest; rest /= BIG_BASE)
        digit[n++] = (uint16_t)(rest % BIG_BASE);
    big_resize(x, n);
    for (int32_t i = 0; i < n; i++)
        x->d[i] = digit[n - 1 - i];
    x->weight = n - 1 - (dscale + pad) / BIG_BASE_DIGITS;
    big_strip(x);
}

void big_set_small(struct big *x, int64_t v)
{
    big_from_u128(x, v < 0 ? -(uint64_t)v : (uint64_t)v, 0);
    x->negative = v < 0;
}

void big_from_num(struct big *x, const struct num *v)
{
    if (v->kind == NUM_INLINE) {
        big_from_u128(x, v->mantissa < 0 ? -(uint64_t)v->mantissa : (uint64_t)v->mantissa, (int32_t)v->dscale);
        x->negative = v->mantissa < 0;
        return;
    }
    assert(v->kind == NUM_BIG);
    big_resize(x, v->big->ndigits);
    memcpy(x->d, v->big->digit, v->big->ndigits * sizeof *x->d);
    x->weight = v->big->weight;
    x->negative = v->big->sign != 0;
    x->dscale = (int32_t)v->dscale;
}

bool big_mantissa(const struct big *x, int64_t *mantissa)
{
    uint128_t v = 0;
    if (x->dscale > NUM_INLINE_SCALE_MAX || (x->n && x->weight * BIG_BASE_DIGITS + x->dscale > 19))
        return false;
    int32_t decimals = 0; /* of v */
    for (int32_t i = 0; i < x->n; i++) {
        int32_t after = (i - x->weight) * BIG_BASE_DIGITS; /* decimals once this digit is in */
        if (after > x->dscale) {
            int32_t cut = after - x->dscale;
            assert(cut < BIG_BASE_DIGITS && x->d[i] % num_pow10[cut] == 0);
            v = v * num_pow10[BIG_BASE_DIGITS - cut] + x->d[i] / num_pow10[cut];
            decimals = x->dscale;
        } else {
            v = v * BIG_BASE + x->d[i];
            decimals = after;
        }
    }
    if (x->n && decimals < x->dscale) {
        /* decimals may be negative (1e8 has one digit): then the rest is zeros up to the scale */
        int32_t missing = x->dscale - decimals;
        for (; missing > 0; missing--)
            v *= 10;
    }
    if (v > (uint128_t)INT64_MAX + x->negative)
        return false;
    *mantissa = (int64_t)(x->negative ? -(uint64_t)v : (uint64_t)v);
    return true;
}

size_t big_bytes(const struct big *x) { return sizeof(struct num_big) + (size_t)x->n * sizeof *x->d; }

struct num big_store(const struct big *x, void *memory)
{
    struct num_big *big = memory;
    *big = (struct num_big){
        .ndigits = (uint16_t)x->n, .weight = (int16_t)x->weight, .sign = x->negative, .dscale = (uint16_t)x->dscale};
    if (x->n)
        memcpy(big->digit, x->d, (size_t)x->n * sizeof *x->d);
    return (struct num){.big = big, .kind = NUM_BIG, .dscale = (uint32_t)x->dscale};
}

bool big_to_num(struct big *x, struct arena *arena, struct num *out, struct error *err)
{
    int64_t mantissa;
    assert(x->dscale >= 0);
    big_strip(x);
    if (big_mantissa(x, &mantissa)) {
        *out = num_inline(mantissa, (uint32_t)x->dscale);
        return true;
    }
    if (x->weight > NUM_WEIGHT_MAX || x->weight < INT16_MIN || x->dscale > NUM_DSCALE_MAX)
        return num_overflow(err);
    void *memory = arena_try_alloc(arena, big_bytes(x), 8);
    if (!memory)
        return mem_error(arena->account, big_bytes(x), err);
    *out = big_store(x, memory);
    return true;
}

/* Digit of base^position, 0 outside. */
static uint16_t digit_at(const struct big *x, int32_t position)
{
    int32_t i = x->weight - position;
    return i >= 0 && i < x->n ? x->d[i] : 0;
}

int big_compare_abs(const struct big *a, const struct big *b)
{
    int32_t top = MAX_OF(a->weight, b->weight), bottom = MIN_OF(a->weight - a->n, b->weight - b->n) + 1;
    if (a->n == 0 || b->n == 0)
        return !big_is_zero(a) - !big_is_zero(b);
    if (a->d[0] && b->d[0] && a->weight != b->weight)
        return a->weight > b->weight ? 1 : -1;
    for (int32_t at = top; at >= bottom; at--) {
        int32_t x = digit_at(a, at), y = digit_at(b, at);
        if (x != y)
            return x > y ? 1 : -1;
    }
    return 0;
}

int big_compare(const struct big *a, const struct big *b)
{
    int sign_a = big_is_zero(a) ? 0 : a->negative ? -1 : 1;
    int sign_b = big_is_zero(b) ? 0 : b->negative ? -1 : 1;
    if (sign_a != sign_b)
        return sign_a > sign_b ? 1 : -1;
    return sign_a >= 0 ? big_compare_abs(a, b) : -big_compare_abs(a, b);
}

static int32_t lowest(const struct big *x) { return x->weight - x->n + 1; }

/* |a| + |b|, or |a| - |b| with |a| >= |b|. */
static void combine_abs(struct big *out, const struct big *a, const struct big *b, bool subtract)
{
    int32_t top = MAX_OF(a->weight, b->weight) + 1, bottom = MIN_OF(lowest(a), lowest(b));
    int32_t carry = 0;
    assert(out != a && out != b);
    big_resize(out, top - bottom + 1);
    for (int32_t at = bottom; at <= top; at++) {
        int32_t sum = digit_at(a, at) + carry + (subtract ? -digit_at(b, at) : digit_at(b, at));
        carry = sum < 0 ? -1 : sum >= BIG_BASE;
        out->d[top - at] = (uint16_t)(sum - carry * BIG_BASE);
    }
    assert(carry == 0);
    out->weight = top;
}

static void add_signed(struct big *out, const struct big *a, const struct big *b, bool negate_b)
{
    bool b_negative = b->negative != negate_b;
    int32_t dscale = MAX_OF(a->dscale, b->dscale);
    if (a->n == 0 || b->n == 0) {
        bool use_a = b->n == 0;
        big_copy(out, use_a ? a : b);
        out->negative = use_a ? a->negative : b_negative;
    } else if (a->negative == b_negative) {
        combine_abs(out, a, b, false);
        out->negative = a->negative;
    } else if (big_compare_abs(a, b) >= 0) {
        combine_abs(out, a, b, true);
        out->negative = a->negative;
    } else {
        combine_abs(out, b, a, true);
        out->negative = b_negative;
    }
    out->dscale = dscale;
    big_strip(out);
}

void big_add(struct big *out, const struct big *a, const struct big *b) { add_signed(out, a, b, false); }
void big_sub(struct big *out, const struct big *a, const struct big *b) { add_signed(out, a, b, true); }

void big_mul(struct big *out, const struct big *a, const struct big *b)
{
    int32_t n = a->n + b->n;
    assert(out != a && out != b);
    out->dscale = a->dscale + b->dscale;
    out->negative = a->negative != b->negative;
    big_resize(out, a->n && b->n ? n : 0);
    if (out->n == 0) {
        big_strip(out);
        return;
    }
    uint64_t small[2 * BIG_INLINE], *acc = n <= 2 * BIG_INLINE ? small : xmalloc((size_t)n * sizeof *acc);
    memset(acc, 0, (size_t)n * sizeof *acc);
    /* At most 36,864 products below 10^8 meet in one place: far from 2^64. */
    for (int32_t i = 0; i < a->n; i++)
        for (int32_t j = 0; a->d[i] && j < b->n; j++)
            acc[i + j + 1] += (uint32_t)a->d[i] * b->d[j];
    uint64_t carry = 0;
    for (int32_t k = n - 1; k >= 0; k--) {
        carry += acc[k];
        out->d[k] = (uint16_t)(carry % BIG_BASE);
        carry /= BIG_BASE;
    }
    assert(carry == 0);
    if (acc != small)
        free(acc);
    out->weight = a->weight + b->weight + 1;
    big_strip(out);
}

/* u[0..n] -= q × v[0..n) aligned at u[1]; returns whether it went below zero (u then has wrapped by base^(n+1)). */
static bool subtract_product(uint32_t *u, const uint32_t *v, int32_t n, uint32_t q)
{
    int64_t carry = 0;
    for (int32_t i = n - 1; i >= 0; i--) {
        int64_t t = (int64_t)u[i + 1] - (int64_t)q * v[i] + carry;
        carry = t >= 0 ? 0 : -((-t + BIG_BASE - 1) / BIG_BASE);
        u[i + 1] = (uint32_t)(t - carry * BIG_BASE);
    }
    int64_t top = (int64_t)u[0] + carry;
    u[0] = (uint32_t)(top < 0 ? top + BIG_BASE : top);
    return top < 0;
}

static void add_back(uint32_t *u, const uint32_t *v, int32_t n)
{
    uint32_t carry = 0;
    for (int32_t i = n - 1; i >= 0; i--) {
        uint32_t t = u[i + 1] + v[i] + carry;
        carry = t >= BIG_BASE;
        u[i + 1] = t - carry * BIG_BASE;
    }
    u[0] = (u[0] + carry) % BIG_BASE;
}

/* Knuth's algorithm D. u has nq + n digits, v n digits; quotient digits to q. u is consumed (its low n digits become
 * the remainder, scaled). */
static void long_division(uint32_t *u, uint32_t *v, int32_t n, uint16_t *q, int32_t nq)
{
    uint32_t scale = BIG_BASE / (v[0] + 1);
    if (n == 1) {
        uint64_t rest = u[0];
        assert(rest < v[0]);
        for (int32_t k = 0; k < nq; k++) {
            rest = rest * BIG_BASE + u[k + 1];
            q[k] = (uint16_t)(rest / v[0]);
            rest %= v[0];
            u[k] = 0;
        }
        u[nq] = (uint32_t)rest;
        return;
    }
    uint32_t carry = 0;
    for (int32_t i = nq + n - 1; i >= 0; i--) {
        uint32_t t = u[i] * scale + carry;
        u[i] = t % BIG_BASE;
        carry = t / BIG_BASE;
    }
    assert(carry == 0);
    for (int32_t i = n - 1; i >= 0; i--) {
        uint32_t t = v[i] * scale + carry;
        v[i] = t % BIG_BASE;
        carry = t / BIG_BASE;
    }
    assert(carry == 0);
    for (int32_t k = 0; k < nq; k++) {
        uint32_t top = u[k] * BIG_BASE + u[k + 1];
        uint32_t guess = MIN_OF(top / v[0], BIG_BASE - 1), rest = top - guess * v[0];
        while (rest < BIG_BASE && guess * v[1] > rest * BIG_BASE + u[k + 2]) {
            guess--;
            rest += v[0];
        }
        if (subtract_product(u + k, v, n, guess)) {
            guess--;
            add_back(u + k, v, n);
        }
        q[k] = (uint16_t)guess;
    }
}

void big_div(struct big *out, const struct big *a, const struct big *b, int32_t scale, bool round)
{
    assert(!big_is_zero(b) && out != a && out != b);
    int32_t lead = 0, n = b->n;
    while (b->d[lead] == 0)
        lead++;
    while (b->d[n - 1] == 0)
        n--;
    n -= lead;
    /* Quotient digits from the highest possible place down to one place below the last wanted decimal. Cutting there
     * cannot change the rounding: a half is exact at that place. */
    int32_t top = a->weight - (b->weight - lead);
    int32_t low = scale >= 0 ? -(scale / BIG_BASE_DIGITS + 2) : -scale / BIG_BASE_DIGITS - 2;
    int32_t nq = top - low + 1;
    out->dscale = MAX_OF(scale, 0);
    out->negative = a->negative != b->negative;
    if (a->n == 0 || nq <= 0) {
        big_resize(out, 0);
        big_strip(out);
        return;
    }
    uint32_t small[4 * BIG_INLINE];
    size_t words = (size_t)nq + 2 * (size_t)n;
    uint32_t *u = words <= ARRAY_LEN(small) ? small : xmalloc(words * sizeof *u), *v = u + nq + n;
    memset(u, 0, words * sizeof *u);
    /* A zero on top keeps u's first n digits below v. */
    for (int32_t i = 0; i < a->n && i + 1 < nq + n; i++)
        u[i + 1] = a->d[i];
    for (int32_t i = 0; i < n; i++)
        v[i] = b->d[lead + i];
    big_resize(out, nq);
    long_division(u, v, n, out->d, nq);
    if (u != small)
        free(u);
    out->weight = top;
    if (round)
        big_round(out, scale);
    else
        big_trunc(out, scale);
}

/* Cuts to `scale` decimals. *unit: weight of the last kept decimal within its digit, *up: the cut part was a half or
 * more. Returns false if nothing was cut. */
static bool cut_decimals(struct big *x, int32_t scale, uint32_t *unit, bool *up)
{
    int64_t decimals = ((int64_t)x->weight + 1) * BIG_BASE_DIGITS + scale; /* decimal digits to keep */
    x->dscale = MAX_OF(scale, 0);
    *unit = 1;
    *up = false;
    if (decimals < 0) {
        x->n = 0;
        return false;
    }
    if (decimals >= (int64_t)x->n * BIG_BASE_DIGITS)
        return false;
    int32_t keep = (int32_t)((decimals + BIG_BASE_DIGITS - 1) / BIG_BASE_DIGITS);
    int32_t part = (int32_t)(decimals % BIG_BASE_DIGITS);
    if (part == 0) {
        *up = x->d[keep] >= BIG_BASE / 2;
    } else {
        *unit = (uint32_t)num_pow10[BIG_BASE_DIGITS - part];
        uint32_t cut = x->d[keep - 1] % *unit;
        x->d[keep - 1] = (uint16_t)(x->d[keep - 1] - cut);
        *up = cut * 2 >= *unit;
    }
    x->n = keep;
    return true;
}

void big_round(struct big *x, int32_t scale)
{
    uint32_t carry;
    bool up;
    if (cut_decimals(x, scale, &carry, &up) && up) {
        for (int32_t i = x->n - 1; i >= 0 && carry; i--) {
            uint32_t sum = x->d[i] + carry;
            carry = sum >= BIG_BASE;
            x->d[i] = (uint16_t)(sum - carry * BIG_BASE);
        }
        if (carry) { /* all digits have become zero */
            big_resize(x, 1);
            x->d[0] = 1;
            x->weight++;
        }
    }
    big_strip(x);
}

void big_trunc(struct big *x, int32_t scale)
{
    uint32_t unit;
    bool up;
    cut_decimals(x, scale, &unit, &up);
    big_strip(x);
}

double big_to_f64(const struct big *x)
{
    double v = 0;
    int32_t used = MIN_OF(x->n, 6);
    for (int32_t i = 0; i < used; i++)
        v = v * BIG_BASE + x->d[i];
    v *= pow(10, (double)(x->weight - used + 1) * BIG_BASE_DIGITS);
    return x->negative ? -v : v;
}
