/* SPDX-License-Identifier: Apache-2.0 */
/*
 * min, max, bool_and, bool_or. Fixed-size values lie in the state; strings and numerics in the heap, strings with their
 * first eight bytes beside the handle, so that most comparisons end there.
 */
#include "func/agg_int.h"

#include <math.h>

/* ---- fixed-size values ---- state: value, then a flag */

#define LESS(a, b)    ((a) < (b))
#define GREATER(a, b) ((a) > (b))
/* NaN is above everything. */
#define FLESS(a, b)    (isnan(b) ? !isnan(a) : (a) < (b))
#define FGREATER(a, b) (isnan(a) ? !isnan(b) : (a) > (b))
#define ILESS(a, b)    (interval_compare(&(a), &(b)) < 0)
#define IGREATER(a, b) (interval_compare(&(a), &(b)) > 0)

#define FIXED_MINMAX(name, ctype, physical, type_oid, BETTER)                                                          \
    struct name##_state {                                                                                              \
        ctype value;                                                                                                   \
        uint64_t any;                                                                                                  \
    };                                                                                                                 \
    static inline void name##_take(void *state, ctype v)                                                               \
    {                                                                                                                  \
        struct name##_state *s = state;                                                                                \
        if (!s->any || BETTER(v, s->value)) {                                                                          \
            s->value = v;                                                                                              \
            s->any = 1;                                                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    static bool name##_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,            \
                              const struct sel *sel, struct error *err)                                                \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel) name##_take(state[row], AGG_VALUE(ctype, arg, row));                                \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,                      \
                           const struct sel *sel, struct error *err)                                                   \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel) name##_take(state, AGG_VALUE(ctype, arg, row));                                     \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,       \
                               struct error *err)                                                                      \
    {                                                                                                                  \
        const struct name##_state *b = from;                                                                           \
        if (b->any)                                                                                                    \
            name##_take(state, b->value);                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out,                  \
                              struct error *err)                                                                       \
    {                                                                                                                  \
        if (!agg_out(call, out, physical, n, err))                                                                     \
            return false;                                                                                              \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            const struct name##_state *s = state[i];                                                                   \
            ((ctype *)out->data)[i] = s->value;                                                                        \
            bit_put(out->null, i, !s->any);                                                                            \
        }                                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,  \
                                    struct error *err)                                                                 \
    {                                                                                                                  \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            if (!vec_is_null(&partial[0], i))                                                                          \
                name##_take(state[i], *(const ctype *)vec_value(&partial[0], i));                                      \
        return true;                                                                                                   \
    }                                                                                                                  \
    const struct agg_func agg_##name = {.state_size = (sizeof(struct name##_state) + 7) / 8 * 8,                       \
                                        .npartial = 1,                                                                 \
                                        .partial = {type_oid},                                                         \
                                        .update = name##_update,                                                       \
                                        .update_one = name##_one,                                                      \
                                        .combine = name##_combine,                                                     \
                                        .to_partial = name##_finish,                                                   \
                                        .from_partial = name##_from_partial,                                           \
                                        .finish = name##_finish}

FIXED_MINMAX(min_i16, int16_t, PHYS_I16, TYPE_INT2, LESS);
FIXED_MINMAX(max_i16, int16_t, PHYS_I16, TYPE_INT2, GREATER);
FIXED_MINMAX(min_i32, int32_t, PHYS_I32, TYPE_INT4, LESS);
FIXED_MINMAX(max_i32, int32_t, PHYS_I32, TYPE_INT4, GREATER);
FIXED_MINMAX(min_oid, uint32_t, PHYS_I32, TYPE_OID, LESS);
FIXED_MINMAX(max_oid, uint32_t, PHYS_I32, TYPE_OID, GREATER);
FIXED_MINMAX(min_i64, int64_t, PHYS_I64, TYPE_INT8, LESS);
FIXED_MINMAX(max_i64, int64_t, PHYS_I64, TYPE_INT8, GREATER);
FIXED_MINMAX(min_f32, float, PHYS_F32, TYPE_FLOAT4, FLESS);
FIXED_MINMAX(max_f32, float, PHYS_F32, TYPE_FLOAT4, FGREATER);
FIXED_MINMAX(min_f64, double, PHYS_F64, TYPE_FLOAT8, FLESS);
FIXED_MINMAX(max_f64, double, PHYS_F64, TYPE_FLOAT8, FGREATER);
FIXED_MINMAX(min_interval, struct interval, PHYS_INTERVAL, TYPE_INTERVAL, ILESS);
FIXED_MINMAX(max_interval, struct interval, PHYS_INTERVAL, TYPE_INTERVAL, IGREATER);

/* bool_and is the minimum, bool_or the maximum. */
#define BLESS(a, b)    ((a) < (b))
#define BGREATER(a, b) ((a) > (b))
FIXED_MINMAX(bool_and, uint8_t, PHYS_BOOL, TYPE_BOOL, BLESS);
FIXED_MINMAX(bool_or, uint8_t, PHYS_BOOL, TYPE_BOOL, BGREATER);

/* ---- strings ---- */

struct str_state {
    uint64_t prefix; /* first 8 bytes, big-endian, zero-padded: orders like the string as far as it goes */
    uint64_t handle; /* the bytes; 0 = none yet */
    uint32_t len, cap;
};

static uint64_t str_prefix(const struct str *s)
{
    uint64_t p = 0;
    memcpy(&p, str_data(s), MIN_OF(s->len, 8U));
    return __builtin_bswap64(p);
}

static bool str_better(struct agg_call *call, const struct str_state *s, const struct str *v, uint64_t prefix, int want)
{
    if (!s->handle)
        return true;
    if (prefix != s->prefix)
        return want < 0 ? prefix < s->prefix : prefix > s->prefix;
    struct str have = str_make(agg_heap_at(call->heap, s->handle), s->len);
    return want < 0 ? str_compare(v, &have) < 0 : str_compare(v, &have) > 0;
}

static bool str_take(struct agg_call *call, void *state, const struct str *v, int want, struct error *err)
{
    struct str_state *s = state;
    uint64_t prefix = str_prefix(v);
    if (!str_better(call, s, v, prefix, want))
        return true;
    if (!s->handle || s->cap < v->len) {
        uint32_t cap = (uint32_t)size_align(MAX_OF(v->len, 1U), 16);
        uint64_t handle = agg_heap_alloc(call->heap, cap);
        if (!handle)
            return agg_no_memory(call, err);
        s->handle = handle;
        s->cap = cap;
    }
    if (v->len)
        memcpy(agg_heap_at(call->heap, s->handle), str_data(v), v->len);
    s->len = v->len;
    s->prefix = prefix;
    return true;
}

/* A sorted dictionary's codes order like the strings: the best row of the batch is found without touching bytes. */
static bool str_best_of_dict(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,
                             const struct sel *sel, int want, struct error *err)
{
    const uint32_t *code = arg->data;
    bool any = false;
    uint32_t best = 0;
    AGG_EACH(row, arg, n, sel)
    {
        if (!any || (want < 0 ? code[row] < best : code[row] > best))
            best = code[row];
        any = true;
    }
    return !any || str_take(call, state, &arg->dict->value[best], want, err);
}

#define STR_MINMAX(name, want)                                                                                         \
    static bool name##_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,            \
                              const struct sel *sel, struct error *err)                                                \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!str_take(call, state[row], vec_value(arg, row), want, err))                                               \
            return false;                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,                      \
                           const struct sel *sel, struct error *err)                                                   \
    {                                                                                                                  \
        if (arg->form == VEC_DICT && arg->dict->sorted)                                                                \
            return str_best_of_dict(call, state, arg, n, sel, want, err);                                              \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!str_take(call, state, vec_value(arg, row), want, err))                                                    \
            return false;                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,       \
                               struct error *err)                                                                      \
    {                                                                                                                  \
        const struct str_state *b = from;                                                                              \
        if (!b->handle)                                                                                                \
            return true;                                                                                               \
        struct str v = str_make(agg_heap_at(from_heap, b->handle), b->len);                                            \
        return str_take(call, state, &v, want, err);                                                                   \
    }                                                                                                                  \
    static bool name##_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,  \
                                    struct error *err)                                                                 \
    {                                                                                                                  \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            if (!vec_is_null(&partial[0], i) && !str_take(call, state[i], vec_value(&partial[0], i), want, err))       \
                return false;                                                                                          \
        return true;                                                                                                   \
    }                                                                                                                  \
    const struct agg_func agg_##name = {.state_size = sizeof(struct str_state),                                        \
                                        .uses_heap = true,                                                             \
                                        .npartial = 1,                                                                 \
                                        .partial = {TYPE_TEXT},                                                        \
                                        .update = name##_update,                                                       \
                                        .update_one = name##_one,                                                      \
                                        .combine = name##_combine,                                                     \
                                        .to_partial = str_finish,                                                      \
                                        .from_partial = name##_from_partial,                                           \
                                        .finish = str_finish}

static bool str_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_STR, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct str_state *s = state[i];
        ((struct str *)out->data)[i] =
            s->handle ? str_make(agg_heap_at(call->heap, s->handle), s->len) : str_make(NULL, 0);
        bit_put(out->null, i, !s->handle);
    }
    return true;
}

STR_MINMAX(min_str, -1);
STR_MINMAX(max_str, 1);

/* ---- numerics ---- */

struct num_best {
    struct num value; /* a big one's pointer is not valid: its digits are at the handle */
    uint64_t handle;
    uint64_t cap;
    uint64_t any;
};

static struct num num_of(struct agg_heap *heap, const struct num_best *s)
{
    struct num v = s->value;
    if (v.kind == NUM_BIG)
        v.big = agg_heap_at(heap, s->handle);
    return v;
}

static bool num_take(struct agg_call *call, void *state, const struct num *v, int want, struct error *err)
{
    struct num_best *s = state;
    if (s->any) {
        struct num have = num_of(call->heap, s);
        int order = num_compare(v, &have);
        if (want < 0 ? order >= 0 : order <= 0)
            return true;
    }
    s->any = 1;
    s->value = *v;
    if (v->kind != NUM_BIG)
        return true;
    size_t bytes = sizeof(struct num_big) + 2 * (size_t)v->big->ndigits;
    if (!s->handle || s->cap < bytes) {
        s->cap = size_align(bytes, 16);
        s->handle = agg_heap_alloc(call->heap, s->cap);
        if (!s->handle)
            return agg_no_memory(call, err);
    }
    memcpy(agg_heap_at(call->heap, s->handle), v->big, bytes);
    s->value.mantissa = 0;
    return true;
}

static bool num_best_finish(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err)
{
    if (!agg_out(call, out, PHYS_NUM, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct num_best *s = state[i];
        struct num v = num_of(call->heap, s);
        ((struct num *)out->data)[i] = s->any ? num_copy(call->arena, &v) : num_from_i64(0);
        bit_put(out->null, i, !s->any);
    }
    return true;
}

#define NUM_MINMAX(name, want)                                                                                         \
    static bool name##_update(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n,            \
                              const struct sel *sel, struct error *err)                                                \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!num_take(call, state[row], &AGG_VALUE(struct num, arg, row), want, err))                                  \
            return false;                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_one(struct agg_call *call, void *state, const struct vec *arg, uint32_t n,                      \
                           const struct sel *sel, struct error *err)                                                   \
    {                                                                                                                  \
        AGG_EACH(row, arg, n, sel)                                                                                     \
        if (!num_take(call, state, &AGG_VALUE(struct num, arg, row), want, err))                                       \
            return false;                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool name##_combine(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,       \
                               struct error *err)                                                                      \
    {                                                                                                                  \
        const struct num_best *b = from;                                                                               \
        if (!b->any)                                                                                                   \
            return true;                                                                                               \
        struct num v = num_of(from_heap, b);                                                                           \
        return num_take(call, state, &v, want, err);                                                                   \
    }                                                                                                                  \
    static bool name##_from_partial(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,  \
                                    struct error *err)                                                                 \
    {                                                                                                                  \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            if (!vec_is_null(&partial[0], i) && !num_take(call, state[i], vec_value(&partial[0], i), want, err))       \
                return false;                                                                                          \
        return true;                                                                                                   \
    }                                                                                                                  \
    const struct agg_func agg_##name = {.state_size = sizeof(struct num_best),                                         \
                                        .uses_heap = true,                                                             \
                                        .npartial = 1,                                                                 \
                                        .partial = {TYPE_NUMERIC},                                                     \
                                        .update = name##_update,                                                       \
                                        .update_one = name##_one,                                                      \
                                        .combine = name##_combine,                                                     \
                                        .to_partial = num_best_finish,                                                 \
                                        .from_partial = name##_from_partial,                                           \
                                        .finish = num_best_finish}
NUM_MINMAX(min_num, -1);
NUM_MINMAX(max_num, 1);
