/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Square root, exponential, logarithm and power of numerics. How many decimals a result has follows PostgreSQL (16
 * significant digits by an estimate, at least the operands' scales, at most 1,000 decimals); the digits come from:
 *
 *   sqrt   Newton's iteration, then a check against the exact squares of the rounding limits;
 *   exp    x / 2^k by Taylor's series, then k squarings; a negative x by the inverse;
 *   ln     x = m × 10^4w; Halley's iteration on exp for m and for 10, which triples the digits each time;
 *   power  repeated squaring for 32-bit integral exponents, exp(y × ln x) otherwise.
 */
#include "types/numeric_int.h"

#include <math.h>
#include <stdlib.h>

#define LN_10        2.302585092994046
#define LOG10_E      0.434294481903252
#define MATH_GUARD   10 /* decimals beyond those asked for */
#define EXP_LIMIT    6000.0
#define RESULT_LIMIT 2000 /* decimal digits on which the choice of a scale is based */

static int32_t clamp_result_scale(int32_t scale, int32_t dscale_a, int32_t dscale_b)
{
    scale = MAX_OF(scale, MAX_OF(dscale_a, dscale_b));
    return MIN_OF(MAX_OF(scale, 0), NUM_RESULT_SCALE_MAX);
}

static void swap(struct big **a, struct big **b)
{
    struct big *t = *a;
    *a = *b;
    *b = t;
}

/* out = a × b rounded to scale decimals. */
static void mul_round(struct big *out, const struct big *a, const struct big *b, int32_t scale)
{
    big_mul(out, a, b);
    big_round(out, scale);
}

/* A double as digits; v finite. */
static void set_f64(struct big *x, double v)
{
    int exponent;
    struct big mantissa, power;
    if (v == 0) {
        big_set_small(x, 0);
        return;
    }
    /* 17 significant decimals: v = m × 10^-shift */
    exponent = (int)floor(log10(fabs(v)));
    int32_t shift = 16 - exponent;
    big_init(&mantissa);
    big_init(&power);
    double scaled = v;
    for (int32_t left = shift; left != 0;) {
        int32_t step = left > 300 ? 300 : left < -300 ? -300 : left;
        scaled *= pow(10, step);
        left -= step;
    }
    big_set_small(&mantissa, (int64_t)llrint(scaled));
    /* × 10^-shift: move by whole digits, the rest by a factor */
    int32_t whole = shift >= 0 ? (shift + BIG_BASE_DIGITS - 1) / BIG_BASE_DIGITS : -(-shift / BIG_BASE_DIGITS);
    big_set_small(&power, (int64_t)num_pow10[whole * BIG_BASE_DIGITS - shift]);
    big_mul(x, &mantissa, &power);
    x->weight -= whole;
    x->dscale = MAX_OF(whole * BIG_BASE_DIGITS, 0);
    big_release(&mantissa);
    big_release(&power);
}

/* ---- square root ---- */

/* Is (root + step/2 × 10^-scale)² <= x? step 1 or -1. */
static bool limit_square_le(const struct big *root, int step, int32_t scale, const struct big *x)
{
    struct big half, limit, square;
    big_init(&half);
    big_init(&limit);
    big_init(&square);
    big_from_u128(&half, 5, scale + 1);
    half.negative = step < 0;
    big_add(&limit, root, &half);
    big_mul(&square, &limit, &limit);
    bool le = limit.negative || big_compare(&square, x) <= 0;
    big_release(&half);
    big_release(&limit);
    big_release(&square);
    return le;
}

static void nudge(struct big *root, int step, int32_t scale)
{
    struct big unit, sum;
    big_init(&unit);
    big_init(&sum);
    big_from_u128(&unit, 1, scale);
    unit.negative = step < 0;
    big_add(&sum, root, &unit);
    big_copy(root, &sum);
    big_release(&unit);
    big_release(&sum);
}

/* x > 0. */
static void sqrt_big(struct big *out, const struct big *x, int32_t scale)
{
    struct big y, quotient, sum, two;
    int32_t work = scale + 8;
    big_init(&y);
    big_init(&quotient);
    big_init(&sum);
    big_init(&two);
    big_set_small(&two, 2);
    /* Start with the leading digits at an even weight, so that the root's weight is half of it. */
    struct big lead;
    big_init(&lead);
    big_copy(&lead, x);
    int32_t even = x->weight >= 0 ? x->weight / 2 : -((1 - x->weight) / 2);
    lead.weight -= 2 * even;
    set_f64(&y, sqrt(big_to_f64(&lead)));
    y.weight += even;
    big_release(&lead);
    /* The first guess has 14 digits or more; each step doubles them. */
    int32_t digits = work + MAX_OF((even + 1) * BIG_BASE_DIGITS, 0);
    for (int32_t have = 14; have < 2 * digits; have *= 2) {
        big_div(&quotient, x, &y, work, true);
        big_add(&sum, &y, &quotient);
        big_div(&y, &sum, &two, work, true);
    }
    big_round(&y, scale);
    while (limit_square_le(&y, 1, scale, x))
        nudge(&y, 1, scale);
    while (!limit_square_le(&y, -1, scale, x))
        nudge(&y, -1, scale);
    big_copy(out, &y);
    out->dscale = scale;
    big_release(&y);
    big_release(&quotient);
    big_release(&sum);
    big_release(&two);
}

bool num_sqrt(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    struct big x, root;
    if (a->kind == NUM_NAN || a->kind == NUM_PINF) {
        *out = *a;
        return true;
    }
    if (num_sign(a) < 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "cannot take square root of a negative number");
    big_init(&x);
    big_init(&root);
    big_from_num(&x, a);
    int32_t weight = (x.weight + 1) * BIG_BASE_DIGITS / 2 - 1;
    int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN - weight, x.dscale, 0);
    if (x.n)
        sqrt_big(&root, &x, scale);
    root.dscale = scale;
    bool ok = big_to_num(&root, arena, out, err);
    big_release(&x);
    big_release(&root);
    return ok;
}

/* ---- exponential ---- */

/* out = x / n cut to at least `scale` decimals. */
static void div_small(struct big *out, const struct big *x, uint32_t n, int32_t scale)
{
    uint64_t rest = 0;
    int32_t digits = x->weight + 1 + (scale + BIG_BASE_DIGITS - 1) / BIG_BASE_DIGITS;
    big_resize(out, x->n ? MAX_OF(digits, 0) : 0);
    for (int32_t i = 0; i < out->n; i++) {
        rest = rest * BIG_BASE + (i < x->n ? x->d[i] : 0);
        out->d[i] = (uint16_t)(rest / n);
        rest %= n;
    }
    out->weight = x->weight;
    out->negative = x->negative;
    out->dscale = scale;
    big_strip(out);
}

/* Taylor's series of exp(x) for small x to `work` decimals. */
static void exp_series(struct big *out, const struct big *x, int32_t work)
{
    struct big a, b, c, *term = &a, *next = &b, *sum = &c, *longer = out;
    big_init(&a);
    big_init(&b);
    big_init(&c);
    big_set_small(term, 1);
    big_set_small(sum, 1);
    for (uint32_t i = 1; !big_is_zero(term); i++) {
        mul_round(next, term, x, work + BIG_BASE_DIGITS);
        div_small(term, next, i, work + BIG_BASE_DIGITS);
        big_add(longer, sum, term);
        swap(&sum, &longer);
    }
    big_copy(out, sum);
    big_round(out, work);
    big_release(&a);
    big_release(&b);
    big_release(&c);
}

/* exp(x) for 0 <= x < 15,000 with at least `digits` correct significant digits. */
static void exp_positive(struct big *out, const struct big *x, int32_t digits)
{
    struct big r, factor, a, b, *y = &a, *square = &b;
    double v = big_to_f64(x);
    int32_t halvings = 4 + (int32_t)(sqrt((double)digits) / 2);
    for (; v > 1; v /= 2)
        halvings++;
    int32_t work = digits + halvings / 3 + MATH_GUARD;
    big_init(&r);
    big_init(&factor);
    big_init(&a);
    big_init(&b);
    big_set_small(&factor, 1);
    for (int32_t left = halvings; left > 0; left -= 30) {
        struct big step, product;
        big_init(&step);
        big_init(&product);
        big_set_small(&step, 1LL << MIN_OF(left, 30));
        big_mul(&product, &factor, &step);
        big_copy(&factor, &product);
        big_release(&step);
        big_release(&product);
    }
    big_div(&r, x, &factor, work + halvings / 3, true);
    exp_series(y, &r, work);
    for (int32_t i = 0; i < halvings; i++) {
        mul_round(square, y, y, MAX_OF(work - 2 * MAX_OF(y->weight, 0) * BIG_BASE_DIGITS, 0));
        swap(&y, &square);
    }
    big_copy(out, y);
    big_release(&r);
    big_release(&factor);
    big_release(&a);
    big_release(&b);
}

/* exp(x) to `scale` decimals, |x| < 15,000. */
static void exp_big(struct big *out, const struct big *x, int32_t scale)
{
    struct big magnitude, one, y;
    big_init(&magnitude);
    big_init(&one);
    big_init(&y);
    big_copy(&magnitude, x);
    magnitude.negative = false;
    int32_t exponent = (int32_t)(big_to_f64(x) * LOG10_E);
    exp_positive(&y, &magnitude, MAX_OF(scale + exponent, 0) + MATH_GUARD);
    if (x->negative) {
        big_set_small(&one, 1);
        big_div(out, &one, &y, scale, true);
    } else {
        big_round(&y, scale);
        big_copy(out, &y);
    }
    out->dscale = scale;
    big_release(&magnitude);
    big_release(&one);
    big_release(&y);
}

/* Overflow is an error and underflow zero, as the limit on the double estimate says. */
static bool exp_checked(struct big *out, const struct big *x, int32_t scale, struct error *err)
{
    double v = big_to_f64(x);
    if (fabs(v) >= EXP_LIMIT) {
        if (v > 0)
            return num_overflow(err);
        big_set_small(out, 0);
        out->dscale = scale;
        return true;
    }
    exp_big(out, x, scale);
    return true;
}

bool num_exp(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    struct big x, y;
    if (num_is_special(a)) {
        *out = a->kind == NUM_NINF ? num_from_i64(0) : *a;
        return true;
    }
    big_init(&x);
    big_init(&y);
    big_from_num(&x, a);
    double exponent = big_to_f64(&x) * LOG10_E;
    exponent = MIN_OF(MAX_OF(exponent, -RESULT_LIMIT), RESULT_LIMIT);
    int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN - (int32_t)exponent, x.dscale, 0);
    bool ok = exp_checked(&y, &x, scale, err) && big_to_num(&y, arena, out, err);
    big_release(&x);
    big_release(&y);
    return ok;
}

/* ---- logarithm ---- */

/* ln(x) to about `scale` decimals for 1 <= x < 10,000: y += 2 (x - e^y) / (x + e^y). */
static void ln_mantissa(struct big *out, const struct big *x, int32_t scale)
{
    struct big e, difference, sum, ratio, twice, two;
    big_init(&e);
    big_init(&difference);
    big_init(&sum);
    big_init(&ratio);
    big_init(&twice);
    big_init(&two);
    big_set_small(&two, 2);
    double start = log(big_to_f64(x));
    set_f64(out, MAX_OF(start, 0));
    big_round(out, 14);
    for (int32_t have = 13; have < scale;) {
        have = MIN_OF(3 * have - 3, scale + 2);
        int32_t work = have + 4;
        exp_positive(&e, out, work + BIG_BASE_DIGITS);
        big_sub(&difference, x, &e);
        big_add(&sum, x, &e);
        big_div(&ratio, &difference, &sum, work, true);
        big_mul(&twice, &ratio, &two);
        big_add(&sum, out, &twice);
        big_copy(out, &sum);
        big_round(out, work);
    }
    big_release(&e);
    big_release(&difference);
    big_release(&sum);
    big_release(&ratio);
    big_release(&twice);
    big_release(&two);
}

/* ln(10) to at least `scale` decimals. */
static void ln_of_ten(struct big *out, int32_t scale)
{
    static const uint16_t digit[] = {2,    3025, 8509, 2994, 456,  8401, 7991, 4546, 8436, 4207, 6011,
                                     148,  8628, 7729, 7603, 3327, 9009, 6757, 2609, 6773, 5248, 235,
                                     9972, 508,  9598, 2983, 4196, 7784, 422,  8624, 8633, 4095, 2546};
    struct big ten;
    if (scale <= (int32_t)(ARRAY_LEN(digit) - 2) * BIG_BASE_DIGITS) {
        big_resize(out, MIN_OF((int32_t)ARRAY_LEN(digit), scale / BIG_BASE_DIGITS + 3));
        memcpy(out->d, digit, (size_t)out->n * sizeof *digit);
        out->weight = 0;
        out->negative = false;
        out->dscale = (out->n - 1) * BIG_BASE_DIGITS;
        return;
    }
    big_init(&ten);
    big_set_small(&ten, 10);
    ln_mantissa(out, &ten, scale);
    big_release(&ten);
}

/* ln(x), x > 0, with an error below 10^-scale; scale may be negative. */
static void ln_big(struct big *out, const struct big *x, int32_t scale)
{
    struct big m, ln_ten, factor, product;
    int32_t places = x->weight * BIG_BASE_DIGITS;
    scale = MAX_OF(scale, 0) + 2;
    big_init(&m);
    big_init(&ln_ten);
    big_init(&factor);
    big_init(&product);
    big_copy(&m, x);
    m.weight = 0;
    ln_mantissa(&product, &m, scale);
    if (places) {
        ln_of_ten(&ln_ten, scale + 6);
        big_set_small(&factor, places);
        big_mul(&m, &ln_ten, &factor);
        big_add(out, &product, &m);
    } else {
        big_copy(out, &product);
    }
    out->dscale = scale + 6;
    big_round(out, scale);
    big_release(&m);
    big_release(&ln_ten);
    big_release(&factor);
    big_release(&product);
}

/* Estimate of the decimal exponent of ln(x), x > 0. */
static int32_t ln_exponent(const struct big *x)
{
    struct big low, high, one, difference;
    int32_t exponent = 0;
    big_init(&low);
    big_init(&high);
    big_init(&one);
    big_init(&difference);
    big_from_u128(&low, 9, 1);
    big_from_u128(&high, 11, 1);
    if (big_compare(x, &low) >= 0 && big_compare(x, &high) <= 0) {
        big_set_small(&one, 1);
        big_sub(&difference, x, &one);
        if (difference.n)
            exponent = difference.weight * BIG_BASE_DIGITS + (int32_t)log10(difference.d[0]);
    } else {
        double lead = x->d[0];
        int32_t places = x->weight * BIG_BASE_DIGITS;
        if (x->n > 1) {
            lead = lead * BIG_BASE + x->d[1];
            places -= BIG_BASE_DIGITS;
        }
        exponent = (int32_t)log10(fabs(log(lead) + places * LN_10));
    }
    big_release(&low);
    big_release(&high);
    big_release(&one);
    big_release(&difference);
    return exponent;
}

static bool check_logarithm(const struct num *a, struct error *err)
{
    if (a->kind == NUM_NAN || num_sign(a) > 0)
        return true;
    return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_LOGARITHM,
                     num_sign(a) ? "cannot take logarithm of a negative number" : "cannot take logarithm of zero");
}

bool num_ln(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    struct big x, y;
    if (!check_logarithm(a, err))
        return false;
    if (num_is_special(a)) {
        *out = *a;
        return true;
    }
    big_init(&x);
    big_init(&y);
    big_from_num(&x, a);
    int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN - ln_exponent(&x), x.dscale, 0);
    ln_big(&y, &x, scale + MATH_GUARD);
    big_round(&y, scale);
    bool ok = big_to_num(&y, arena, out, err);
    big_release(&x);
    big_release(&y);
    return ok;
}

bool num_log(const struct num *base, const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    struct big b, x, ln_b, ln_x, y;
    if (base->kind == NUM_NAN || a->kind == NUM_NAN) {
        *out = num_nan();
        return true;
    }
    if (num_is_special(base) || num_is_special(a)) {
        /* a negative one is reported before a zero */
        const struct num *worse = num_sign(base) <= num_sign(a) ? base : a;
        if (!check_logarithm(worse, err))
            return false;
        *out = base->kind != NUM_PINF ? *a : a->kind == NUM_PINF ? num_nan() : num_from_i64(0);
        return true;
    }
    if (!check_logarithm(base, err) || !check_logarithm(a, err))
        return false;
    big_init(&b);
    big_init(&x);
    big_init(&ln_b);
    big_init(&ln_x);
    big_init(&y);
    big_from_num(&b, base);
    big_from_num(&x, a);
    int32_t exponent_b = ln_exponent(&b), exponent_x = ln_exponent(&x), exponent = exponent_x - exponent_b;
    int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN - exponent, b.dscale, x.dscale);
    int32_t digits = scale + MAX_OF(exponent, 0) + MATH_GUARD;
    ln_big(&ln_b, &b, digits - exponent_b + 2);
    ln_big(&ln_x, &x, digits - exponent_b + 2);
    bool ok = !big_is_zero(&ln_b) || error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    if (ok) {
        big_div(&y, &ln_x, &ln_b, scale, true);
        ok = big_to_num(&y, arena, out, err);
    }
    big_release(&b);
    big_release(&x);
    big_release(&ln_b);
    big_release(&ln_x);
    big_release(&y);
    return ok;
}

/* ---- power ---- */

/* out = a × b with `digits` significant digits, scale at least 0. */
static void mul_digits(struct big *out, const struct big *a, const struct big *b, int32_t digits)
{
    big_mul(out, a, b);
    int32_t scale = out->dscale, enough = digits - out->weight * BIG_BASE_DIGITS;
    if (enough < scale)
        big_round(out, enough);
    out->dscale = MAX_OF(MIN_OF(scale, enough), 0);
}

/* base^exponent by repeated squaring, base not zero. */
static bool power_int(struct big *out, const struct big *base, int32_t exponent, int32_t scale, struct error *err)
{
    struct big result, square, product, one, lead;
    big_init(&lead);
    big_copy(&lead, base);
    lead.weight = 0;
    lead.negative = false;
    double places = exponent * (log10(big_to_f64(&lead)) + (double)base->weight * BIG_BASE_DIGITS);
    big_release(&lead);
    if (places > 3.0 * NUM_WEIGHT_MAX * BIG_BASE_DIGITS)
        return num_overflow(err);
    if (places + 1 < -scale) {
        big_set_small(out, 0);
        out->dscale = scale;
        return true;
    }
    uint32_t left = exponent < 0 ? -(uint32_t)exponent : (uint32_t)exponent;
    int32_t digits = 1 + scale + (int32_t)places + (int32_t)log(left + 1.0) + MATH_GUARD + BIG_BASE_DIGITS;
    big_init(&result);
    big_init(&square);
    big_init(&product);
    big_init(&one);
    big_set_small(&one, 1);
    big_set_small(&result, 1);
    big_copy(&square, base);
    bool ok = true;
    for (; ok && left; left >>= 1) {
        if (left & 1) {
            mul_digits(&product, &result, &square, digits);
            big_copy(&result, &product);
        }
        if (left > 1) {
            mul_digits(&product, &square, &square, digits);
            big_copy(&square, &product);
        }
        /* Results beyond the format: 1/x of it is zero. */
        if (abs(result.weight) > NUM_WEIGHT_MAX || abs(square.weight) > 2 * NUM_WEIGHT_MAX)
            break;
    }
    if (left) {
        ok = exponent < 0 ? result.weight >= 0 : result.weight < 0;
        if (!ok)
            num_overflow(err);
        big_set_small(out, 0);
    } else if (exponent < 0) {
        big_div(out, &one, &result, scale, true);
    } else {
        big_round(&result, scale);
        big_copy(out, &result);
    }
    out->dscale = scale;
    big_release(&result);
    big_release(&square);
    big_release(&product);
    big_release(&one);
    return ok;
}

/* base^exponent = exp(exponent × ln base), base not zero. */
static bool power_general(struct big *out, const struct big *base, const struct big *exponent, struct error *err)
{
    struct big magnitude, ln, product;
    bool ok = true;
    big_init(&magnitude);
    big_init(&ln);
    big_init(&product);
    big_copy(&magnitude, base);
    magnitude.negative = false;
    /* A negative base has an integral exponent here: odd if its unit digit is. */
    bool negative = base->negative && exponent->n == exponent->weight + 1 && exponent->d[exponent->n - 1] % 2;
    int32_t ln_places = ln_exponent(&magnitude);
    /* The estimate rounds where PostgreSQL does, for it decides the scale. */
    int32_t rough = MAX_OF(8 - ln_places, 0);
    ln_big(&ln, &magnitude, rough);
    big_round(&ln, rough);
    mul_round(&product, &ln, exponent, rough);
    double v = big_to_f64(&product);
    if (fabs(v) > RESULT_LIMIT * 3.01) {
        ok = v < 0 || num_overflow(err);
        big_set_small(out, 0);
        out->dscale = NUM_RESULT_SCALE_MAX;
        goto out;
    }
    v *= LOG10_E;
    int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN - (int32_t)v, base->dscale, exponent->dscale);
    int32_t digits = MAX_OF(scale + (int32_t)v, 0) + MATH_GUARD;
    ln_big(&ln, &magnitude, digits + (exponent->weight + 1) * BIG_BASE_DIGITS);
    mul_round(&product, &ln, exponent, digits);
    ok = exp_checked(out, &product, scale, err);
    out->negative = negative && out->n > 0;
out:
    big_release(&magnitude);
    big_release(&ln);
    big_release(&product);
    return ok;
}

static bool is_integral(const struct big *x) { return x->n <= x->weight + 1; }

static bool power_finite(struct big *out, const struct big *base, const struct big *exponent, struct error *err)
{
    int64_t n = 0;
    if (is_integral(exponent) && exponent->weight < 3) {
        for (int32_t i = 0; i <= exponent->weight && exponent->n; i++)
            n = n * BIG_BASE + (i < exponent->n ? exponent->d[i] : 0);
        n = exponent->negative ? -n : n;
        int32_t scale = clamp_result_scale(NUM_RESULT_DIGITS_MIN, base->dscale, 0);
        if (n >= INT32_MIN && n <= INT32_MAX) {
            if (base->n || n == 0)
                return power_int(out, base, (int32_t)n, scale, err);
            big_set_small(out, 0);
            out->dscale = scale;
            return true;
        }
    }
    if (base->n == 0) {
        big_set_small(out, 0);
        out->dscale = NUM_RESULT_DIGITS_MIN;
        return true;
    }
    return power_general(out, base, exponent, err);
}

static bool power_domain(int sign_base, int sign_exponent, bool exponent_integral, struct error *err)
{
    if (sign_base == 0 && sign_exponent < 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "zero raised to a negative power is undefined");
    if (sign_base < 0 && !exponent_integral)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "a negative number raised to a non-integer power yields a complex result");
    return true;
}

/* Is the integral value odd? */
static bool is_odd(const struct num *v)
{
    if (v->kind == NUM_INLINE)
        return v->mantissa / (int64_t)num_pow10[v->dscale] % 2 != 0;
    return v->big->ndigits == v->big->weight + 1 && v->big->digit[v->big->ndigits - 1] % 2;
}

/* At least one operand is NaN or infinite. integral: the exponent is (infinities count). */
static bool power_special(const struct num *a, const struct num *b, bool integral, struct num *out, struct error *err)
{
    struct num one = num_from_i64(1), minus_one = num_from_i64(-1);
    bool base_is_one = num_compare(a, &one) == 0;
    int sign_a = num_sign(a), sign_b = num_sign(b);
    if (a->kind == NUM_NAN || b->kind == NUM_NAN) {
        *out = (b->kind != NUM_NAN && num_is_zero(b)) || base_is_one ? one : num_nan();
        return true;
    }
    if (!power_domain(sign_a, sign_b, integral, err))
        return false;
    if (base_is_one || sign_b == 0) {
        *out = one;
    } else if (sign_a == 0) {
        *out = num_from_i64(0);
    } else if (num_is_infinite(b)) {
        bool above_one = num_compare(a, &one) > 0 || num_compare(a, &minus_one) < 0;
        if (num_compare(a, &minus_one) == 0)
            *out = one;
        else
            *out = above_one == (sign_b > 0) ? num_infinity(false) : num_from_i64(0);
    } else if (sign_b < 0) {
        *out = num_from_i64(0);
    } else {
        *out = num_infinity(a->kind == NUM_NINF && is_odd(b));
    }
    return true;
}

bool num_power(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    struct big base, exponent, result;
    big_init(&base);
    big_init(&exponent);
    big_init(&result);
    bool integral = true, ok;
    if (!num_is_special(b)) {
        big_from_num(&exponent, b);
        integral = is_integral(&exponent);
    }
    if (num_is_special(a) || num_is_special(b)) {
        ok = power_special(a, b, integral, out, err);
    } else {
        big_from_num(&base, a);
        ok = power_domain(num_sign(a), num_sign(b), integral, err) && power_finite(&result, &base, &exponent, err) &&
             big_to_num(&result, arena, out, err);
    }
    big_release(&base);
    big_release(&exponent);
    big_release(&result);
    return ok;
}
