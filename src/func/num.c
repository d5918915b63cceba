/* SPDX-License-Identifier: Apache-2.0 */
/* numeric: rows whose operands are small take a few instructions; the others go through types/numeric.c. */
#include "func/kernels_int.h"

/* FAST(a, b, r): true if it did the row. */
#define DEFINE_BINARY(name, FAST, function)                                                                            \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            const struct num *a = &ARG(struct num, 0, i), *b = &ARG(struct num, 1, i);                                 \
            struct num *r = &OUT(struct num)[i];                                                                       \
            if (LIKELY(FAST(a, b, r)))                                                                                 \
                continue;                                                                                              \
            if (!function(a, b, call->arena, r, &errors->scratch)) {                                                   \
                *r = num_from_i64(0);                                                                                  \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

static ALWAYS_INLINE bool same_scale(const struct num *a, const struct num *b)
{
    return (a->kind | b->kind) == NUM_INLINE && a->dscale == b->dscale;
}
static ALWAYS_INLINE bool fast_add(const struct num *a, const struct num *b, struct num *r)
{
    int64_t sum;
    if (!same_scale(a, b) || __builtin_add_overflow(a->mantissa, b->mantissa, &sum))
        return false;
    *r = (struct num){.mantissa = sum, .kind = NUM_INLINE, .dscale = a->dscale};
    return true;
}
static ALWAYS_INLINE bool fast_sub(const struct num *a, const struct num *b, struct num *r)
{
    int64_t difference;
    if (!same_scale(a, b) || __builtin_sub_overflow(a->mantissa, b->mantissa, &difference))
        return false;
    *r = (struct num){.mantissa = difference, .kind = NUM_INLINE, .dscale = a->dscale};
    return true;
}
static ALWAYS_INLINE bool fast_mul(const struct num *a, const struct num *b, struct num *r)
{
    enum { SCALE_MAX = 18 };
    int64_t product;
    if ((a->kind | b->kind) != NUM_INLINE || a->dscale + b->dscale > SCALE_MAX ||
        __builtin_mul_overflow(a->mantissa, b->mantissa, &product))
        return false;
    *r = (struct num){.mantissa = product, .kind = NUM_INLINE, .dscale = a->dscale + b->dscale};
    return true;
}
static ALWAYS_INLINE bool never_fast(const struct num *a, const struct num *b, struct num *r) { return false; }
_Static_assert(NUM_INLINE == 0, "two kinds or'ed are inline only if both are");

/* Exact: what mod leaves divides without rest. */
static bool div_trunc(const struct num *a, const struct num *b, struct arena *arena, struct num *out, struct error *err)
{
    struct num rest, multiple, quotient;
    if (a->kind == NUM_NAN || b->kind == NUM_NAN || a->kind > NUM_BIG || b->kind > NUM_BIG)
        return num_div(a, b, arena, out, err);
    return num_mod(a, b, arena, &rest, err) && num_sub(a, &rest, arena, &multiple, err) &&
           num_div(&multiple, b, arena, &quotient, err) && num_round(&quotient, 0, arena, out, err);
}

DEFINE_BINARY(num_add, fast_add, num_add)
DEFINE_BINARY(num_sub, fast_sub, num_sub)
DEFINE_BINARY(num_mul, fast_mul, num_mul)
DEFINE_BINARY(num_div, never_fast, num_div)
DEFINE_BINARY(num_mod, never_fast, num_mod)
DEFINE_BINARY(num_power, never_fast, num_power)
DEFINE_BINARY(num_log, never_fast, num_log)
DEFINE_BINARY(num_div_trunc, never_fast, div_trunc)

#define DEFINE_UNARY(name, function)                                                                                   \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!function(&ARG(struct num, 0, i), call->arena, &OUT(struct num)[i], &errors->scratch)) {               \
                OUT(struct num)[i] = num_from_i64(0);                                                                  \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
DEFINE_UNARY(num_neg, num_neg)
DEFINE_UNARY(num_abs, num_abs)
DEFINE_UNARY(num_ceil, num_ceil)
DEFINE_UNARY(num_floor, num_floor)
DEFINE_UNARY(num_sqrt, num_sqrt)
DEFINE_UNARY(num_exp, num_exp)
DEFINE_UNARY(num_ln, num_ln)

static bool log10_of(const struct num *a, struct arena *arena, struct num *out, struct error *err)
{
    const struct num ten = num_from_i64(10);
    return num_log(&ten, a, arena, out, err);
}
DEFINE_UNARY(num_log10, log10_of)

/* The second argument, if there is one, is the number of decimals. */
#define DEFINE_SCALED(name, function)                                                                                  \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            int32_t scale = call->nargs > 1 ? ARG(int32_t, 1, i) : 0;                                                  \
            if (!function(&ARG(struct num, 0, i), scale, call->arena, &OUT(struct num)[i], &errors->scratch)) {        \
                OUT(struct num)[i] = num_from_i64(0);                                                                  \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
DEFINE_SCALED(num_round, num_round)
DEFINE_SCALED(num_trunc, num_trunc)

bool fk_num_sign(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct num *a = &ARG(struct num, 0, i);
        OUT(struct num)[i] = a->kind == NUM_NAN ? num_nan() : num_from_i64(num_sign(a));
    }
    return true;
}

/* Digits after the point as displayed; NULL for NaN and infinities. */
bool fk_num_scale(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct num *a = &ARG(struct num, 0, i);
        OUT(int32_t)[i] = (int32_t)a->dscale;
        if (a->kind > NUM_BIG && !out_set_null(call, out, n, i, err))
            return false;
    }
    return true;
}
