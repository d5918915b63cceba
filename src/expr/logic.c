/* SPDX-License-Identifier: Apache-2.0 */
/* AND, OR, NOT, IS …, CASE, COALESCE, GREATEST, LEAST, NULLIF: what decides which rows need the rest. */
#include "base/kernel.h"
#include "expr/expr_int.h"

KERNEL_DECLARE(struct select_kernels, select_kernels);

static const struct node *arg_node(const struct expr_state *st, const struct node *node, uint32_t a)
{
    return &st->prog->node[node->arg[a]];
}

enum truth { IS_FALSE, IS_TRUE, IS_NULL };

/* Truth values of any form, row by row. */
static ALWAYS_INLINE enum truth truth_at(const struct vec *v, uint32_t row)
{
    uint32_t at = v->form == VEC_CONST ? 0 : row;
    if (v->null && bit_get(v->null, at))
        return IS_NULL;
    return ((const uint8_t *)v->data)[at] ? IS_TRUE : IS_FALSE;
}

static bool need_null(struct expr_state *st, struct vec *out, uint32_t n, struct error *err)
{
    return out->null || vec_alloc_null(out, st->alloc, n, err);
}

/* Copies the values of some rows from a vec of any form. */
static bool put_rows(struct expr_state *st, struct vec *out, const struct vec *in, const struct rows *rows,
                     struct error *err)
{
    size_t size = phys_size[out->phys];
    if (in->null && !need_null(st, out, rows->n, err))
        return false;
    FOR_EACH_ROW(i, rows)
    {
        if (size == 16)
            memcpy((char *)out->data + (size_t)i * 16, vec_value(in, i), 16);
        else
            memcpy((char *)out->data + (size_t)i * size, vec_value(in, i), size);
    }
    if (out->null)
        FOR_EACH_ROW(i, rows) { bit_put(out->null, i, vec_is_null(in, i)); }
    return true;
}

/* Bytes of two flat truth vectors without NULLs, whole words. */
static void combine_bytes(struct vec *out, const struct vec *v, uint32_t n, bool is_and)
{
    uint8_t *restrict r = out->data;
    const uint8_t *restrict a = v->data;
    if (is_and)
        for (uint32_t i = 0; i < n; i++)
            r[i] &= a[i];
    else
        for (uint32_t i = 0; i < n; i++)
            r[i] |= a[i];
}

/* Three-valued: an argument that decides takes its rows out; a NULL is remembered, and its row goes on. */
bool eval_and_or(EVAL_ARGS)
{
    const bool is_and = node->kind == EXPR_AND;
    const enum truth decisive = is_and ? IS_FALSE : IS_TRUE;
    struct subset buffer[2];
    const struct rows *active = rows;
    if (!eval_alloc(st, PHYS_BOOL, rows, out, err))
        return false;
    memset(out->data, is_and, rows->n);
    for (uint32_t a = 0; a < node->nargs && rows_count(active); a++) {
        struct vec v;
        const struct node *arg = arg_node(st, node, a);
        if (!eval_node(st, arg, active, &v, errors, err))
            return false;
        bool more = a + 1 < node->nargs;
        if (active == rows && !rows->sel && !v.null && v.form == VEC_FLAT && !out->null &&
            !(more && arg_node(st, node, a + 1)->fallible)) {
            combine_bytes(out, &v, rows->n, is_and);
            continue;
        }
        struct subset *next = &buffer[a & 1];
        uint32_t k = 0;
        if (!subset_new(st, next, active, rows_count(active), err) || (v.null && !need_null(st, out, rows->n, err)))
            return false;
        FOR_EACH_ROW(i, active)
        {
            enum truth t = truth_at(&v, i);
            uint8_t *r = &((uint8_t *)out->data)[i];
            if (t == decisive || *r == (decisive == IS_TRUE)) {
                *r = decisive == IS_TRUE;
                if (out->null)
                    bit_clear(out->null, i);
                continue;
            }
            if (t == IS_NULL)
                bit_set(out->null, i);
            next->idx[k++] = (uint16_t)i;
        }
        subset_done(next, k);
        /* The subset just left is not needed any more, but its identity as a superset is: chain to the whole. */
        next->rows.superset = rows;
        active = &next->rows;
    }
    return true;
}

bool eval_not(EVAL_ARGS)
{
    struct vec v;
    if (!eval_node(st, arg_node(st, node, 0), rows, &v, errors, err))
        return false;
    if (v.form == VEC_CONST) {
        uint8_t value = !*(const uint8_t *)v.data;
        return vec_const(out, st->alloc, PHYS_BOOL, vec_is_null(&v, 0) ? NULL : &value, err);
    }
    if (!vec_alloc(out, st->alloc, PHYS_BOOL, rows->n, err))
        return false;
    out->null = v.null;
    const uint8_t *restrict a = v.data;
    uint8_t *restrict r = out->data;
    for (uint32_t i = 0; i < rows->n; i++)
        r[i] = a[i] ^ 1;
    return true;
}

static bool test_one(enum expr_kind kind, enum truth t)
{
    switch (kind) {
    case EXPR_IS_NULL:
    case EXPR_IS_UNKNOWN: return t == IS_NULL;
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_NOT_UNKNOWN: return t != IS_NULL;
    case EXPR_IS_TRUE: return t == IS_TRUE;
    case EXPR_IS_NOT_TRUE: return t != IS_TRUE;
    case EXPR_IS_FALSE: return t == IS_FALSE;
    case EXPR_IS_NOT_FALSE: return t != IS_FALSE;
    default: break;
    }
    assert(false);
    return false;
}

bool eval_test(EVAL_ARGS)
{
    struct vec v;
    enum expr_kind kind = (enum expr_kind)node->kind;
    if (!eval_node(st, arg_node(st, node, 0), rows, &v, errors, err))
        return false;
    bool by_null = kind == EXPR_IS_NULL || kind == EXPR_IS_NOT_NULL;
    if (v.form == VEC_CONST) {
        uint8_t value = test_one(kind, by_null ? (vec_is_null(&v, 0) ? IS_NULL : IS_TRUE) : truth_at(&v, 0));
        return vec_const(out, st->alloc, PHYS_BOOL, &value, err);
    }
    if (!eval_alloc(st, PHYS_BOOL, rows, out, err))
        return false;
    uint8_t *r = out->data;
    if (by_null && !v.null) {
        memset(r, kind == EXPR_IS_NOT_NULL, rows->n);
        return true;
    }
    FOR_EACH_ROW(i, rows)
    {
        r[i] = by_null ? bit_get(v.null, i) == (kind == EXPR_IS_NULL) : test_one(kind, truth_at(&v, i));
    }
    return true;
}

/* The equality of two arguments, NULL where one is. */
static bool eval_equality(struct expr_state *st, const struct node *node, const struct rows *rows, struct vec *args,
                          struct vec *equal, struct row_errors *errors, struct error *err)
{
    for (uint32_t a = 0; a < 2; a++)
        if (!eval_node(st, arg_node(st, node, a), rows, &args[a], errors, err))
            return false;
    return eval_call(st, node->func, node->prepared, node->arg_type, 2, coltype(TYPE_BOOL), args, rows, equal, errors,
                     err);
}

bool eval_distinct(EVAL_ARGS)
{
    struct vec args[2], equal;
    if (!eval_equality(st, node, rows, args, &equal, errors, err) || !eval_alloc(st, PHYS_BOOL, rows, out, err))
        return false;
    uint8_t *r = out->data;
    bool distinct = node->kind == EXPR_IS_DISTINCT;
    FOR_EACH_ROW(i, rows)
    {
        bool a = vec_is_null(&args[0], i), b = vec_is_null(&args[1], i);
        bool differ = a || b ? a != b : truth_at(&equal, i) == IS_FALSE;
        r[i] = differ == distinct;
    }
    return true;
}

bool eval_nullif(EVAL_ARGS)
{
    struct vec args[2], equal;
    if (!eval_equality(st, node, rows, args, &equal, errors, err) ||
        !vec_flatten(out, &args[0], st->alloc, rows->n, rows->sel, err))
        return false;
    const uint64_t *old = out->null;
    out->null = NULL;
    if (!vec_alloc_null(out, st->alloc, rows->n, err))
        return false;
    if (old)
        memcpy(out->null, old, bitset_words(rows->n) * 8);
    FOR_EACH_ROW(i, rows)
    {
        if (truth_at(&equal, i) == IS_TRUE)
            bit_set(out->null, i);
    }
    return true;
}

/* Splits rows by truth; rest may be NULL. */
static bool split_rows(struct expr_state *st, const struct vec *v, const struct rows *rows, struct subset *taken,
                       struct subset *rest, struct error *err)
{
    uint32_t count = rows_count(rows), nt = 0, nr = 0;
    if (!subset_new(st, taken, rows, count, err) || !subset_new(st, rest, rows, count, err))
        return false;
    FOR_EACH_ROW(i, rows)
    {
        bool is_true = truth_at(v, i) == IS_TRUE;
        taken->idx[nt] = rest->idx[nr] = (uint16_t)i;
        nt += is_true;
        nr += !is_true;
    }
    subset_done(taken, nt);
    subset_done(rest, nr);
    return true;
}

/* Puts the value of an argument in place for its rows; without a copy where it is all there is. */
static bool take_value(struct expr_state *st, const struct node *value, const struct rows *mine,
                       const struct rows *rows, struct vec *out, struct row_errors *errors, struct error *err)
{
    struct vec v;
    if (!out->data && rows_count(mine) == rows_count(rows))
        return eval_node(st, value, mine, out, errors, err);
    if (!out->data && !eval_alloc(st, out->phys, rows, out, err))
        return false;
    return eval_node(st, value, mine, &v, errors, err) && put_rows(st, out, &v, mine, err);
}

bool eval_case(EVAL_ARGS)
{
    const struct rows *active = rows;
    struct subset *parts = ARENA_ARRAY(st->alloc, struct subset, node->nargs);
    *out = (struct vec){.phys = node->phys};
    for (uint32_t a = 0; a + 1 < node->nargs; a += 2) {
        struct vec when;
        struct subset *taken = &parts[a], *rest = &parts[a + 1];
        if (!eval_node(st, arg_node(st, node, a), active, &when, errors, err) ||
            !split_rows(st, &when, active, taken, rest, err))
            return false;
        if (taken->sel.n && !take_value(st, arg_node(st, node, a + 1), &taken->rows, rows, out, errors, err))
            return false;
        active = &rest->rows;
        if (rest->sel.n == 0)
            return true;
    }
    return take_value(st, arg_node(st, node, node->nargs - 1), active, rows, out, errors, err);
}

bool eval_coalesce(EVAL_ARGS)
{
    const struct rows *active = rows;
    struct subset *parts = ARENA_ARRAY(st->alloc, struct subset, node->nargs);
    *out = (struct vec){.phys = node->phys};
    for (uint32_t a = 0; a < node->nargs && rows_count(active); a++) {
        struct vec v;
        if (!eval_node(st, arg_node(st, node, a), active, &v, errors, err))
            return false;
        if (a == 0 && !v.null) {
            *out = v;
            return true;
        }
        if (!out->data && !eval_alloc(st, out->phys, rows, out, err))
            return false;
        if (!put_rows(st, out, &v, active, err))
            return false;
        if (!v.null)
            return true;
        uint32_t k = 0;
        if (!subset_new(st, &parts[a], active, rows_count(active), err))
            return false;
        FOR_EACH_ROW(i, active)
        {
            parts[a].idx[k] = (uint16_t)i;
            k += vec_is_null(&v, i);
        }
        subset_done(&parts[a], k);
        active = &parts[a].rows;
    }
    return true;
}

bool eval_extreme(EVAL_ARGS)
{
    const bool greatest = node->kind == EXPR_GREATEST;
    size_t size = phys_size[node->phys];
    if (!eval_alloc(st, node->phys, rows, out, err) || !need_null(st, out, rows->n, err))
        return false;
    bitset_fill(out->null, rows->n, true);
    for (uint32_t a = 0; a < node->nargs; a++) {
        struct vec v;
        if (!eval_node(st, arg_node(st, node, a), rows, &v, errors, err))
            return false;
        FOR_EACH_ROW(i, rows)
        {
            if (vec_is_null(&v, i))
                continue;
            char *best = (char *)out->data + (size_t)i * size;
            const void *candidate = vec_value(&v, i);
            if (!bit_get(out->null, i)) {
                int order = value_compare(node->type.oid, candidate, best);
                if (greatest ? order <= 0 : order >= 0)
                    continue;
            }
            memcpy(best, candidate, size);
            bit_clear(out->null, i);
        }
    }
    return true;
}

/* ---- filters ---- */

/* A conjunction of a WHERE: a row leaves at the first argument that is not true. */
static bool filter_and(struct expr_state *st, const struct node *node, const struct rows *rows, uint16_t *idx,
                       uint32_t *nidx, struct row_errors *errors, struct error *err)
{
    const struct rows *active = rows;
    struct subset buffer[2];
    for (uint32_t a = 0; a < node->nargs; a++) {
        struct subset *next = &buffer[a & 1];
        bool last = a + 1 == node->nargs;
        uint32_t count;
        if (!last && !subset_new(st, next, rows, rows_count(active), err))
            return false;
        if (!filter_node(st, arg_node(st, node, a), active, last ? idx : next->idx, &count, errors, err))
            return false;
        if (last || count == 0) {
            *nidx = count;
            return true;
        }
        subset_done(next, count);
        active = &next->rows;
    }
    return true;
}

/* A row leaves at the first argument that is true. */
static bool filter_or(struct expr_state *st, const struct node *node, const struct rows *rows, uint16_t *idx,
                      uint32_t *nidx, struct row_errors *errors, struct error *err)
{
    struct subset buffer[2], found;
    const struct rows *active = rows;
    size_t bytes = bitset_words(rows->n) * 8;
    uint64_t *bits = arena_try_alloc(st->alloc, bytes, 64);
    if (!bits)
        return mem_error(st->account, bytes, err);
    memset(bits, 0, bytes);
    for (uint32_t a = 0; a < node->nargs && rows_count(active); a++) {
        struct subset *rest = &buffer[a & 1];
        uint32_t count, k = 0;
        if (!subset_new(st, &found, rows, rows_count(active), err) ||
            !filter_node(st, arg_node(st, node, a), active, found.idx, &count, errors, err))
            return false;
        for (uint32_t j = 0; j < count; j++)
            bit_set(bits, found.idx[j]);
        if (a + 1 == node->nargs)
            break;
        if (!subset_new(st, rest, rows, rows_count(active), err))
            return false;
        FOR_EACH_ROW(i, active)
        {
            rest->idx[k] = (uint16_t)i;
            k += !bit_get(bits, i);
        }
        subset_done(rest, k);
        active = &rest->rows;
    }
    uint32_t k = 0;
    for (size_t i = bitset_next(bits, rows->n, 0); i < rows->n; i = bitset_next(bits, rows->n, i + 1))
        idx[k++] = (uint16_t)i;
    *nidx = k;
    return true;
}

bool filter_node(struct expr_state *st, const struct node *node, const struct rows *rows, uint16_t *idx, uint32_t *nidx,
                 struct row_errors *errors, struct error *err)
{
    struct vec v;
    *nidx = 0;
    if (rows_count(rows) == 0)
        return true;
    bool by_entry = node->memoised && node->column != st->subst_column && st->col[node->column].form == VEC_DICT;
    if (node->kind == EXPR_AND && !node->constant)
        return filter_and(st, node, rows, idx, nidx, errors, err);
    if (node->kind == EXPR_OR && !node->constant && !node->shared && !by_entry)
        return filter_or(st, node, rows, idx, nidx, errors, err);
    if (!eval_node(st, node, rows, &v, errors, err))
        return false;
    if (v.form == VEC_CONST) {
        if (truth_at(&v, 0) != IS_TRUE)
            return true;
        uint32_t k = 0;
        FOR_EACH_ROW(i, rows) { idx[k++] = (uint16_t)i; }
        *nidx = k;
        return true;
    }
    const struct select_kernels *k = KERNEL_PICK(select_kernels);
    *nidx = rows->sel ? k->sparse(v.data, v.null, rows->sel, idx) : k->dense(v.data, v.null, rows->n, idx);
    return true;
}
