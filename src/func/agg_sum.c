/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count, sum, avg. Integer sums are kept in 128 bits, numeric ones in num_sum; floats by Neumaier's compensated
 * summation (Z. Angew. Math. Mech. 54, 1974), so that the result hardly depends on the order of addition.
 */
#include "func/agg_int.h"

#include <math.h>

/* ---- count ---- */

static bool count_star_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,
                              const struct sel *sel, struct error *err)
{
    for (uint32_t k = 0; k < (sel ? sel->n : n); k++)
        ++*(int64_t *)state[sel ? sel->idx[k] : k];
    return true;
}

static bool count_star_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                           struct error *err)
{
    *(int64_t *)state += sel ? sel->n : n;
    return true;
}

static bool count_any_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,
                             const struct sel *sel, struct error *err)
{
    if (arg->phys == PHYS_NONE)
        return true;
    AGG_EACH(row, arg, n, sel)++ *(int64_t *)state[row];
    return true;
}

static bool count_any_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                          struct error *err)
{
    int64_t count = 0;
    if (arg->phys == PHYS_NONE)
        return true;
    if (!arg->null)
        count = sel ? sel->n : n;
    else
        AGG_EACH(row, arg, n, sel) count++;
    *(int64_t *)state += count;
    return true;
}

static bool count_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                          struct error *err)
{
    *(int64_t *)state += *(const int64_t *)from;
    return true;
}

static bool count_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!vec_alloc(out, call->arena, PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        ((int64_t *)out->data)[i] = *(const int64_t *)state[i];
    return true;
}

static bool count_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                               struct error *err)
{
    for (uint32_t i = 0; i < n; i++)
        *(int64_t *)state[i] += *(const int64_t *)vec_value(&partial[0], i);
    return true;
}

#define COUNT_COMMON                                                                                                   \
    .state_size = 8, .npartial = 1, .partial = {TYPE_INT8}, .combine = count_combine, .to_partial = count_finish,      \
    .from_partial = count_from_partial, .finish = count_finish

const struct agg_func agg_count_star = {COUNT_COMMON, .update = count_star_update, .update_one = count_star_one};
const struct agg_func agg_count_any = {COUNT_COMMON, .update = count_any_update, .update_one = count_any_one};

/* ---- integers ---- */

struct int_state {
    int128_t sum;
    int64_t count;
    int64_t unused; /* keeps the size a multiple of 16 */
};

static inline struct int_state int_get(const void *state)
{
    struct int_state s;
    memcpy(&s, state, sizeof s);
    return s;
}
static inline void int_put(void *state, const struct int_state *s) { memcpy(state, s, sizeof *s); }

static inline void int_add(void *state, int64_t v)
{
    /* States are 8-byte aligned only: the sum is kept as two words. */
    uint64_t *w = state;
    uint64_t low = w[0] + (uint64_t)v;
    w[1] += (uint64_t)(v >> 63) + (low < (uint64_t)v);
    w[0] = low;
    ((int64_t *)state)[2]++;
}

static bool int_update_i64(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,
                           const struct sel *sel, struct error *err)
{
    AGG_EACH(row, arg, n, sel) int_add(state[row], AGG_VALUE(int64_t, arg, row));
    return true;
}

static bool int_one_i64(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                        struct error *err)
{
    struct int_state s = int_get(state);
    AGG_EACH(row, arg, n, sel)
    {
        s.sum += AGG_VALUE(int64_t, arg, row);
        s.count++;
    }
    int_put(state, &s);
    return true;
}

static bool int_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                        struct error *err)
{
    struct int_state a = int_get(state), b = int_get(from);
    a.sum += b.sum;
    a.count += b.count;
    int_put(state, &a);
    return true;
}

static bool int_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                           struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_NUM, n, err) || !agg_out(call, &partial[1], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct int_state s = int_get(state[i]);
        ((struct num *)partial[0].data)[i] = num_from_i128(call->arena, s.sum, 0);
        ((int64_t *)partial[1].data)[i] = s.count;
    }
    return true;
}

/* Integral numeric → 128 bits; the partial form of sums that fit them by construction. */
static bool num_to_i128(const struct num *v, int128_t *out)
{
    if (v->kind == NUM_INLINE && v->dscale == 0) {
        *out = v->mantissa;
        return true;
    }
    if (v->kind != NUM_BIG)
        return false;
    int128_t sum = 0;
    for (int32_t i = 0; i <= v->big->weight; i++)
        sum = sum * 10000 + (i < v->big->ndigits ? v->big->digit[i] : 0);
    *out = v->big->sign ? -sum : sum;
    return true;
}

static bool int_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                             struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct int_state s = int_get(state[i]);
        int128_t sum;
        if (!num_to_i128(vec_value(&partial[0], i), &sum))
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "invalid partial state of %s", call->func->name);
        s.sum += sum;
        s.count += *(const int64_t *)vec_value(&partial[1], i);
        int_put(state[i], &s);
    }
    return true;
}

static bool int_finish_num(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct int_state s = int_get(state[i]);
        ((struct num *)out->data)[i] = num_from_i128(call->arena, s.sum, 0);
        bit_put(out->null, i, s.count == 0);
    }
    return true;
}

static bool int_finish_avg(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct int_state s = int_get(state[i]);
        struct num *to = (struct num *)out->data + i;
        struct num sum = num_from_i128(call->arena, s.sum, 0), count = num_from_i64(s.count);
        bit_put(out->null, i, s.count == 0);
        *to = num_from_i64(0);
        if (s.count && !num_div(&sum, &count, call->arena, to, err))
            return false;
    }
    return true;
}

#define INT_AGG(name, suffix, finisher)                                                                                \
    const struct agg_func name = {.state_size = sizeof(struct int_state),                                              \
                                  .npartial = 2,                                                                       \
                                  .partial = {TYPE_NUMERIC, TYPE_INT8},                                                \
                                  .update = int_update_##suffix,                                                       \
                                  .update_one = int_one_##suffix,                                                      \
                                  .combine = int_combine,                                                              \
                                  .to_partial = int_to_partial,                                                        \
                                  .from_partial = int_from_partial,                                                    \
                                  .finish = finisher}
INT_AGG(agg_sum_i64, i64, int_finish_num);
INT_AGG(agg_avg_i64, i64, int_finish_avg);

/* ---- smallint and integer ---- 64 bits hold the sum of 2^32 of them; merging checks. */

struct small_state {
    int64_t sum, count;
};

#define SMALL_UPDATES(suffix, ctype)                                                                                   \
    static bool small_update_##suffix(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,    \
                                      const struct sel *sel, struct error *err)                                        \
    {                                                                                                                  \
        if (!sel && !arg->null && arg->form == VEC_FLAT) {                                                             \
            const ctype *value = arg->data;                                                                            \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                ((struct small_state *)state[i])->sum += value[i];                                                     \
                ((struct small_state *)state[i])->count++;                                                             \
            }                                                                                                          \
            return true;                                                                                               \
        }                                                                                                              \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        {                                                                                                              \
            ((struct small_state *)state[row])->sum += AGG_VALUE(ctype, arg, row);                                     \
            ((struct small_state *)state[row])->count++;                                                               \
        }                                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool small_one_##suffix(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,              \
                                   const struct sel *sel, struct error *err)                                           \
    {                                                                                                                  \
        struct small_state *s = state;                                                                                 \
        int64_t sum = 0, count = 0;                                                                                    \
        if (!sel && !arg->null && arg->form == VEC_FLAT) {                                                             \
            const ctype *value = arg->data;                                                                            \
            for (uint32_t i = 0; i < n; i++)                                                                           \
                sum += value[i];                                                                                       \
            count = n;                                                                                                 \
        } else {                                                                                                       \
            AGG_EACH(row, arg, n, sel)                                                                                 \
            {                                                                                                          \
                sum += AGG_VALUE(ctype, arg, row);                                                                     \
                count++;                                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        s->count += count;                                                                                             \
        return !__builtin_add_overflow(s->sum, sum, &s->sum) || too_big(err);                                          \
    }

static bool too_big(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
}

SMALL_UPDATES(i16, int16_t)
SMALL_UPDATES(i32, int32_t)

static bool small_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                          struct error *err)
{
    struct small_state *a = state;
    const struct small_state *b = from;
    a->count += b->count;
    return !__builtin_add_overflow(a->sum, b->sum, &a->sum) || too_big(err);
}

static bool small_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                             struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_I64, n, err) || !agg_out(call, &partial[1], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        ((int64_t *)partial[0].data)[i] = ((const struct small_state *)state[i])->sum;
        ((int64_t *)partial[1].data)[i] = ((const struct small_state *)state[i])->count;
    }
    return true;
}

static bool small_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                               struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct small_state from = {*(const int64_t *)vec_value(&partial[0], i),
                                   *(const int64_t *)vec_value(&partial[1], i)};
        if (!small_combine(call, state[i], &from, NULL, err))
            return false;
    }
    return true;
}

static bool small_finish_sum(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct small_state *s = state[i];
        ((int64_t *)out->data)[i] = s->sum;
        bit_put(out->null, i, s->count == 0);
    }
    return true;
}

static bool small_finish_avg(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct small_state *s = state[i];
        struct num *to = (struct num *)out->data + i, sum = num_from_i64(s->sum), count = num_from_i64(s->count);
        bit_put(out->null, i, s->count == 0);
        *to = num_from_i64(0);
        if (s->count && !num_div(&sum, &count, call->arena, to, err))
            return false;
    }
    return true;
}

#define SMALL_AGG(name, suffix, finisher)                                                                              \
    const struct agg_func name = {.state_size = sizeof(struct small_state),                                            \
                                  .npartial = 2,                                                                       \
                                  .partial = {TYPE_INT8, TYPE_INT8},                                                   \
                                  .update = small_update_##suffix,                                                     \
                                  .update_one = small_one_##suffix,                                                    \
                                  .combine = small_combine,                                                            \
                                  .to_partial = small_to_partial,                                                      \
                                  .from_partial = small_from_partial,                                                  \
                                  .finish = finisher}
SMALL_AGG(agg_sum_i16, i16, small_finish_sum);
SMALL_AGG(agg_sum_i32, i32, small_finish_sum);
SMALL_AGG(agg_avg_i16, i16, small_finish_avg);
SMALL_AGG(agg_avg_i32, i32, small_finish_avg);

/* ---- floats ---- */

struct float_state {
    double sum, compensation;
    int64_t count;
};

static inline void float_add(struct float_state *s, double v)
{
    double t = s->sum + v;
    if (isfinite(t))
        s->compensation += fabs(s->sum) >= fabs(v) ? (s->sum - t) + v : (v - t) + s->sum;
    s->sum = t;
    s->count++;
}

static double float_total(const struct float_state *s) { return isfinite(s->sum) ? s->sum + s->compensation : s->sum; }

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
    const struct float_state *b = from;
    struct float_state *a = state;
    int64_t count = a->count + b->count;
    float_add(a, b->sum);
    a->compensation += b->compensation;
    a->count = count;
    return true;
}

static bool float_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                             struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_F64, n, err) || !agg_out(call, &partial[1], PHYS_F64, n, err) ||
        !agg_out(call, &partial[2], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct float_state *s = state[i];
        ((double *)partial[0].data)[i] = s->sum;
        ((double *)partial[1].data)[i] = s->compensation;
        ((int64_t *)partial[2].data)[i] = s->count;
    }
    return true;
}

static bool float_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                               struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct float_state from = {*(const double *)vec_value(&partial[0], i),
                                   *(const double *)vec_value(&partial[1], i),
                                   *(const int64_t *)vec_value(&partial[2], i)};
        if (!float_combine(call, state[i], &from, NULL, err))
            return false;
    }
    return true;
}

static bool float_finish_sum(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    bool narrow = call->result.oid == TYPE_FLOAT4;
    if (!agg_out(call, out, narrow ? PHYS_F32 : PHYS_F64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        double total = float_total(state[i]);
        if (narrow)
            ((float *)out->data)[i] = (float)total;
        else
            ((double *)out->data)[i] = total;
        bit_put(out->null, i, ((const struct float_state *)state[i])->count == 0);
    }
    return true;
}

static bool float_finish_avg(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_F64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct float_state *s = state[i];
        ((double *)out->data)[i] = s->count ? float_total(s) / (double)s->count : 0;
        bit_put(out->null, i, s->count == 0);
    }
    return true;
}

#define FLOAT_AGG(name, suffix, finisher)                                                                              \
    const struct agg_func name = {.state_size = sizeof(struct float_state),                                            \
                                  .npartial = 3,                                                                       \
                                  .partial = {TYPE_FLOAT8, TYPE_FLOAT8, TYPE_INT8},                                    \
                                  .update = float_update_##suffix,                                                     \
                                  .update_one = float_one_##suffix,                                                    \
                                  .combine = float_combine,                                                            \
                                  .to_partial = float_to_partial,                                                      \
                                  .from_partial = float_from_partial,                                                  \
                                  .finish = finisher}
FLOAT_AGG(agg_sum_f32, f32, float_finish_sum);
FLOAT_AGG(agg_sum_f64, f64, float_finish_sum);
FLOAT_AGG(agg_avg_f32, f32, float_finish_avg);
FLOAT_AGG(agg_avg_f64, f64, float_finish_avg);

/* ---- numeric ---- */

enum { NUM_SUM_BYTES = 112 };

struct num_state {
    int64_t count;
    char sum[NUM_SUM_BYTES]; /* struct num_sum */
};

static struct num_sum *sum_of(void *state) { return (struct num_sum *)(void *)((struct num_state *)state)->sum; }

static bool num_add_one(struct agg_call *call, void *state, const struct num *v, struct error *err)
{
    assert(num_sum_size() <= NUM_SUM_BYTES);
    ((struct num_state *)state)->count++;
    if (num_sum_add(sum_of(state), v))
        return true;
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "sum of numeric values beyond 10^90 or of more than 40 decimals");
    return error_hint(err, "Round the values, or cast them to double precision.");
}

static bool num_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,
                       const struct sel *sel, struct error *err)
{
    AGG_EACH(row, arg, n, sel)
    if (!num_add_one(call, state[row], &AGG_VALUE(struct num, arg, row), err))
        return false;
    return true;
}

static bool num_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                    struct error *err)
{
    AGG_EACH(row, arg, n, sel)
    if (!num_add_one(call, state, &AGG_VALUE(struct num, arg, row), err))
        return false;
    return true;
}

static bool num_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                        struct error *err)
{
    ((struct num_state *)state)->count += ((const struct num_state *)from)->count;
    if (num_sum_merge(sum_of(state), sum_of((void *)from)))
        return true;
    return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "sum of numeric values beyond 10^90");
}

static bool num_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                           struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_NUM, n, err) || !agg_out(call, &partial[1], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        ((struct num *)partial[0].data)[i] = num_sum_result(sum_of(state[i]), call->arena);
        ((int64_t *)partial[1].data)[i] = ((const struct num_state *)state[i])->count;
    }
    return true;
}

static bool num_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                             struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t count = ((struct num_state *)state[i])->count + *(const int64_t *)vec_value(&partial[1], i);
        if (*(const int64_t *)vec_value(&partial[1], i) && !num_add_one(call, state[i], vec_value(&partial[0], i), err))
            return false;
        ((struct num_state *)state[i])->count = count;
    }
    return true;
}

static bool num_finish_sum(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        ((struct num *)out->data)[i] = num_sum_result(sum_of(state[i]), call->arena);
        bit_put(out->null, i, ((const struct num_state *)state[i])->count == 0);
    }
    return true;
}

static bool num_finish_avg(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t rows = ((const struct num_state *)state[i])->count;
        struct num sum = num_sum_result(sum_of(state[i]), call->arena), count = num_from_i64(rows);
        struct num *to = (struct num *)out->data + i;
        *to = num_from_i64(0);
        bit_put(out->null, i, rows == 0);
        if (rows && !num_div(&sum, &count, call->arena, to, err))
            return false;
    }
    return true;
}

#define NUM_AGG(name, finisher)                                                                                        \
    const struct agg_func name = {.state_size = sizeof(struct num_state),                                              \
                                  .npartial = 2,                                                                       \
                                  .partial = {TYPE_NUMERIC, TYPE_INT8},                                                \
                                  .update = num_update,                                                                \
                                  .update_one = num_one,                                                               \
                                  .combine = num_combine,                                                              \
                                  .to_partial = num_to_partial,                                                        \
                                  .from_partial = num_from_partial,                                                    \
                                  .finish = finisher}
NUM_AGG(agg_sum_num, num_finish_sum);
NUM_AGG(agg_avg_num, num_finish_avg);

/* ---- intervals ---- */

struct interval_state {
    struct interval sum;
    int64_t count;
};

static bool interval_add_to(void *state, const struct interval *v, int64_t count, struct error *err)
{
    struct interval_state *s = state;
    s->count += count;
    return interval_add(&s->sum, v, &s->sum, err);
}

static bool interval_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,
                            const struct sel *sel, struct error *err)
{
    AGG_EACH(row, arg, n, sel)
    if (!interval_add_to(state[row], &AGG_VALUE(struct interval, arg, row), 1, err))
        return false;
    return true;
}

static bool interval_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                         struct error *err)
{
    AGG_EACH(row, arg, n, sel)
    if (!interval_add_to(state, &AGG_VALUE(struct interval, arg, row), 1, err))
        return false;
    return true;
}

static bool interval_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                             struct error *err)
{
    const struct interval_state *b = from;
    return interval_add_to(state, &b->sum, b->count, err);
}

static bool interval_to_partial(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial,
                                struct error *err)
{
    if (!agg_out(call, &partial[0], PHYS_INTERVAL, n, err) || !agg_out(call, &partial[1], PHYS_I64, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        ((struct interval *)partial[0].data)[i] = ((const struct interval_state *)state[i])->sum;
        ((int64_t *)partial[1].data)[i] = ((const struct interval_state *)state[i])->count;
    }
    return true;
}

static bool interval_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                                  struct error *err)
{
    for (uint32_t i = 0; i < n; i++)
        if (!interval_add_to(state[i], vec_value(&partial[0], i), *(const int64_t *)vec_value(&partial[1], i), err))
            return false;
    return true;
}

static bool interval_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    bool average = call->func->agg == &agg_avg_interval;
    if (!agg_out(call, out, PHYS_INTERVAL, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct interval_state *s = state[i];
        struct interval *to = (struct interval *)out->data + i;
        *to = s->sum;
        bit_put(out->null, i, s->count == 0);
        if (average && s->count && !interval_div(&s->sum, (double)s->count, to, err))
            return false;
    }
    return true;
}

#define INTERVAL_AGG                                                                                                   \
    {                                                                                                                  \
        .state_size = sizeof(struct interval_state), .npartial = 2, .partial = {TYPE_INTERVAL, TYPE_INT8},             \
        .update = interval_update, .update_one = interval_one, .combine = interval_combine,                            \
        .to_partial = interval_to_partial, .from_partial = interval_from_partial, .finish = interval_finish            \
    }
const struct agg_func agg_sum_interval = INTERVAL_AGG;
const struct agg_func agg_avg_interval = INTERVAL_AGG;
