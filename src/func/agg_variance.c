/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variance and stddev. Integers and numerics keep the exact sum and sum of squares, as PostgreSQL does: the result is
 * (N·Σx² − (Σx)²) / (N·(N−1)), numeric. Floats keep (N, Σx, Sxx) and are combined by the formula of Youngs and Cramer
 * (Technometrics 13, 1971), the one PostgreSQL uses.
 */
#include "func/agg_int.h"

#include <math.h>

enum { SUM_BYTES = 112 };

struct exact_state {
    int64_t count;
    char sum[SUM_BYTES], squares[SUM_BYTES]; /* struct num_sum */
};

static struct num_sum *as_sum(char *bytes) { return (struct num_sum *)(void *)bytes; }

static bool too_large(struct error *err)
{
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
              "variance of numeric values beyond 10^45 or of more than 20 decimals");
    return error_hint(err, "Cast the values to double precision.");
}

static bool exact_add_num(struct agg_call *call, void *state, const struct num *v, struct error *err)
{
    struct exact_state *s = state;
    struct num square;
    assert(num_sum_size() <= SUM_BYTES);
    s->count++;
    return num_mul(v, v, call->arena, &square, err) &&
           ((num_sum_add(as_sum(s->sum), v) && num_sum_add(as_sum(s->squares), &square)) || too_large(err));
}

static bool exact_add_int(struct agg_call *call, void *state, int64_t v, struct error *err)
{
    struct exact_state *s = state;
    s->count++;
    num_sum_add_i64(as_sum(s->sum), v);
    num_sum_add_i128(as_sum(s->squares), (int128_t)v * v);
    return true;
}

#define EXACT_UPDATES(suffix, ctype, ADD)                                                                              \
    static bool exact_update_##suffix(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,    \
                                      const struct sel *sel, struct error *err)                                        \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!ADD(call, state[row], arg, row))                                                                          \
            return false;                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool exact_one_##suffix(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,              \
                                   const struct sel *sel, struct error *err)                                           \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!ADD(call, state, arg, row))                                                                               \
            return false;                                                                                              \
        return true;                                                                                                   \
    }
#define ADD_I16(call, state, arg, row) exact_add_int(call, state, AGG_VALUE(int16_t, arg, row), err)
#define ADD_I32(call, state, arg, row) exact_add_int(call, state, AGG_VALUE(int32_t, arg, row), err)
#define ADD_I64(call, state, arg, row) exact_add_int(call, state, AGG_VALUE(int64_t, arg, row), err)
#define ADD_NUM(call, state, arg, row) exact_add_num(call, state, &AGG_VALUE(struct num, arg, row), err)
EXACT_UPDATES(i16, int16_t, ADD_I16)
EXACT_UPDATES(i32, int32_t, ADD_I32)
EXACT_UPDATES(i64, int64_t, ADD_I64)
EXACT_UPDATES(num, struct num, ADD_NUM)

static bool exact_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                          struct error *err)
{
    struct exact_state *a = state, *b = (void *)from;
    a->count += b->count;
    return (num_sum_merge(as_sum(a->sum), as_sum(b->sum)) && num_sum_merge(as_sum(a->squares), as_sum(b->squares))) ||
           too_large(err);
}

static bool exact_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                             struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_NUM, n, err) || !agg_out(call, &partial[1], PHYS_NUM, n, err) ||
        !agg_out(call, &partial[2], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct exact_state *s = state[i];
        ((struct num *)partial[0].data)[i] = num_sum_result(as_sum(s->sum), call->arena);
        ((struct num *)partial[1].data)[i] = num_sum_result(as_sum(s->squares), call->arena);
        ((int64_t *)partial[2].data)[i] = s->count;
    }
    return true;
}

static bool exact_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                               struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct exact_state *s = state[i];
        s->count += *(const int64_t *)vec_value(&partial[2], i);
        if (!num_sum_add(as_sum(s->sum), vec_value(&partial[0], i)) ||
            !num_sum_add(as_sum(s->squares), vec_value(&partial[1], i)))
            return too_large(err);
    }
    return true;
}

struct variance_kind {
    bool sample, root;
};

static bool exact_result(struct agg_call *call, struct exact_state *s, struct variance_kind kind, struct num *out,
                         struct error *err)
{
    struct arena *a = call->arena;
    struct num n = num_from_i64(s->count), sum = num_sum_result(as_sum(s->sum), a);
    struct num squares = num_sum_result(as_sum(s->squares), a), left, right, top, bottom;
    struct num n1 = num_from_i64(kind.sample ? s->count - 1 : s->count);
    if (!num_mul(&n, &squares, a, &left, err) || !num_mul(&sum, &sum, a, &right, err) ||
        !num_sub(&left, &right, a, &top, err) || !num_mul(&n, &n1, a, &bottom, err))
        return false;
    if (top.kind == NUM_NAN) {
        *out = top;
        return true;
    }
    if (num_sign(&top) <= 0) { /* rounding cannot make it negative: the sums are exact; all values were equal */
        *out = num_from_i64(0);
        return true;
    }
    if (!num_div(&top, &bottom, a, out, err))
        return false;
    struct num variance = *out;
    return !kind.root || num_sqrt(&variance, a, out, err);
}

static bool exact_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out,
                         struct variance_kind kind, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct exact_state *s = state[i];
        struct num *to = (struct num *)out->data + i;
        bool none = s->count < (kind.sample ? 2 : 1);
        *to = num_from_i64(0);
        bit_put(out->null, i, none);
        if (!none && !exact_result(call, s, kind, to, err))
            return false;
    }
    return true;
}

/* ---- floats ---- */

struct float_state {
    double n, sum, sxx;
};

static bool float_combine_values(struct float_state *a, const struct float_state *b)
{
    if (b->n == 0)
        return true;
    if (a->n == 0) {
        *a = *b;
        return true;
    }
    double delta = a->sum / a->n - b->sum / b->n, n = a->n + b->n;
    a->sxx += b->sxx + a->n * b->n * delta * delta / n;
    a->sum += b->sum;
    a->n = n;
    return true;
}

static void float_add(void *state, double v)
{
    struct float_state *s = state;
    s->n += 1;
    s->sum += v;
    if (s->n > 1) {
        double t = v * s->n - s->sum;
        s->sxx += t * t / (s->n * (s->n - 1));
    } else if (!isfinite(v)) {
        s->sxx = NAN; /* a later finite value must not hide it */
    }
}

#define FLOAT_UPDATES(suffix, ctype)                                                                                   \
    static bool float_update_##suffix(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,    \
                                      const struct sel *sel, struct error *err)                                        \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel) float_add(state[row], (double)AGG_VALUE(ctype, arg, row));                          \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool float_one_##suffix(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,              \
                                   const struct sel *sel, struct error *err)                                           \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel) float_add(state, (double)AGG_VALUE(ctype, arg, row));                               \
        return true;                                                                                                   \
    }
FLOAT_UPDATES(f32, float)
FLOAT_UPDATES(f64, double)

static bool float_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                          struct error *err)
{
    return float_combine_values(state, from);
}

static bool float_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                             struct error *err)
{
    for (int c = 0; c < 3; c++) {
        if (!agg_out(call, &partial[c], PHYS_F64, n, err))
            return false;
        for (uint32_t i = 0; i < n; i++) {
            const struct float_state *s = state[i];
            ((double *)partial[c].data)[i] = c == 0 ? s->n : c == 1 ? s->sum : s->sxx;
        }
    }
    return true;
}

static bool float_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                               struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct float_state from = {*(const double *)vec_value(&partial[0], i),
                                   *(const double *)vec_value(&partial[1], i),
                                   *(const double *)vec_value(&partial[2], i)};
        float_combine_values(state[i], &from);
    }
    return true;
}

static bool float_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out,
                         struct variance_kind kind, struct error *err)
{
    if (!agg_out(call, out, PHYS_F64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct float_state *s = state[i];
        double variance = s->sxx / (kind.sample ? s->n - 1 : s->n);
        bit_put(out->null, i, s->n < (kind.sample ? 2 : 1));
        ((double *)out->data)[i] = kind.root ? sqrt(variance) : variance;
    }
    return true;
}

/* ---- the functions ---- */

#define FINISHER(family, kind_name, is_sample, is_root)                                                                \
    static bool family##_finish_##kind_name(struct agg_call *call, void *const *state, uint32_t n, struct vec *out,    \
                                            struct error *err)                                                         \
    {                                                                                                                  \
        return family##_finish(call, state, n, out, (struct variance_kind){is_sample, is_root}, err);                  \
    }
FINISHER(exact, var_samp, true, false)
FINISHER(exact, var_pop, false, false)
FINISHER(exact, stddev_samp, true, true)
FINISHER(exact, stddev_pop, false, true)
FINISHER(float, var_samp, true, false)
FINISHER(float, var_pop, false, false)
FINISHER(float, stddev_samp, true, true)
FINISHER(float, stddev_pop, false, true)

#define EXACT_AGG(kind_name, suffix)                                                                                   \
    const struct agg_func agg_##kind_name##_##suffix = {.state_size = sizeof(struct exact_state),                      \
                                                        .npartial = 3,                                                 \
                                                        .partial = {TYPE_NUMERIC, TYPE_NUMERIC, TYPE_INT8},            \
                                                        .update = exact_update_##suffix,                               \
                                                        .update_one = exact_one_##suffix,                              \
                                                        .combine = exact_combine,                                      \
                                                        .to_partial = exact_to_partial,                                \
                                                        .from_partial = exact_from_partial,                            \
                                                        .finish = exact_finish_##kind_name}
#define FLOAT_AGG(kind_name, suffix)                                                                                   \
    const struct agg_func agg_##kind_name##_##suffix = {.state_size = sizeof(struct float_state),                      \
                                                        .npartial = 3,                                                 \
                                                        .partial = {TYPE_FLOAT8, TYPE_FLOAT8, TYPE_FLOAT8},            \
                                                        .update = float_update_##suffix,                               \
                                                        .update_one = float_one_##suffix,                              \
                                                        .combine = float_combine,                                      \
                                                        .to_partial = float_to_partial,                                \
                                                        .from_partial = float_from_partial,                            \
                                                        .finish = float_finish_##kind_name}
#define FAMILY(MAKE, suffix)                                                                                           \
    MAKE(var_samp, suffix);                                                                                            \
    MAKE(var_pop, suffix);                                                                                             \
    MAKE(stddev_samp, suffix);                                                                                         \
    MAKE(stddev_pop, suffix)
FAMILY(EXACT_AGG, i16);
FAMILY(EXACT_AGG, i32);
FAMILY(EXACT_AGG, i64);
FAMILY(EXACT_AGG, num);
FAMILY(FLOAT_AGG, f32);
FAMILY(FLOAT_AGG, f64);
