/* SPDX-License-Identifier: Apache-2.0 */
/* x IN (list): a few integers are compared in turn, many constants go through a hash set. */
#include "expr/expr_int.h"

#include "base/hash.h"

enum set_kind { SET_INT, SET_STR, SET_ANY };
enum { LINEAR_MAX = 12 };

struct in_set {
    enum set_kind kind;
    bool has_null;
    oid_t type;
    uint32_t n;         /* distinct constants, or nearly so */
    int64_t *number;    /* SET_INT */
    struct str *string; /* SET_STR */
    union datum *datum; /* SET_ANY */
    uint32_t mask;      /* slots - 1 */
    uint32_t *slot;     /* index + 1 into the constants; 0 = free */
};

static bool is_integer(uint8_t phys) { return phys == PHYS_I16 || phys == PHYS_I32 || phys == PHYS_I64; }

static ALWAYS_INLINE int64_t integer_at(const struct vec *v, uint32_t at)
{
    switch (v->phys) {
    case PHYS_I16: return ((const int16_t *)v->data)[at];
    case PHYS_I32: return ((const int32_t *)v->data)[at];
    default: return ((const int64_t *)v->data)[at];
    }
}

static bool has_integer(const struct in_set *set, int64_t x)
{
    for (uint32_t at = (uint32_t)hash_u64((uint64_t)x) & set->mask; set->slot[at]; at = (at + 1) & set->mask)
        if (set->number[set->slot[at] - 1] == x)
            return true;
    return false;
}

static bool has_string(const struct in_set *set, const struct str *x, uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & set->mask; set->slot[at]; at = (at + 1) & set->mask)
        if (str_equal(&set->string[set->slot[at] - 1], x))
            return true;
    return false;
}

static bool has_any(const struct in_set *set, const void *x)
{
    for (uint32_t at = (uint32_t)value_hash(set->type, x) & set->mask; set->slot[at]; at = (at + 1) & set->mask)
        if (value_equal(set->type, &set->datum[set->slot[at] - 1], x))
            return true;
    return false;
}

static void set_add(struct in_set *set, const struct vec *v)
{
    uint64_t hash;
    const struct str *s = v->data;
    switch (set->kind) {
    case SET_INT:
        set->number[set->n] = integer_at(v, 0);
        hash = hash_u64((uint64_t)set->number[set->n]);
        break;
    case SET_STR:
        set->string[set->n] = *s;
        hash = hash_bytes(str_data(s), s->len);
        break;
    default: memcpy(&set->datum[set->n], v->data, phys_size[v->phys]); hash = value_hash(set->type, v->data);
    }
    uint32_t at = (uint32_t)hash & set->mask;
    while (set->slot[at])
        at = (at + 1) & set->mask;
    set->slot[at] = ++set->n;
}

struct in_set *in_set_new(struct arena *arena, const struct expr_prog *prog, const struct node *node)
{
    const struct node *subject = &prog->node[node->arg[0]];
    uint32_t slots = 4;
    for (uint32_t a = 1; a < node->nargs; a++)
        if (prog->node[node->arg[a]].kind != EXPR_CONST)
            return NULL;
    while (slots < 2 * node->nargs)
        slots *= 2;
    struct in_set *set = ARENA_NEW(arena, struct in_set);
    oid_t type = subject->type.oid;
    set->type = type;
    set->kind = is_integer(subject->phys)                                                ? SET_INT
                : subject->phys == PHYS_STR && type != TYPE_BPCHAR && type != TYPE_JSONB ? SET_STR
                                                                                         : SET_ANY;
    set->mask = slots - 1;
    set->slot = ARENA_ARRAY(arena, uint32_t, slots);
    if (set->kind == SET_INT)
        set->number = ARENA_ARRAY(arena, int64_t, node->nargs);
    else if (set->kind == SET_STR)
        set->string = ARENA_ARRAY(arena, struct str, node->nargs);
    else
        set->datum = ARENA_ARRAY(arena, union datum, node->nargs);
    for (uint32_t a = 1; a < node->nargs; a++) {
        const struct vec *v = &prog->node[node->arg[a]].value;
        if (vec_is_null(v, 0))
            set->has_null = true;
        else
            set_add(set, v);
    }
    return set;
}

#define LINEAR(T)                                                                                                      \
    do {                                                                                                               \
        const T *restrict a = v->data;                                                                                 \
        for (uint32_t k = 0; k < set->n; k++) {                                                                        \
            const T x = (T)set->number[k];                                                                             \
            for (uint32_t i = 0; i < n; i++)                                                                           \
                r[i] |= a[i] == x;                                                                                     \
        }                                                                                                              \
    } while (0)

static void find_linear(const struct in_set *set, const struct vec *v, uint32_t n, uint8_t *restrict r)
{
    memset(r, 0, n);
    switch (v->phys) {
    case PHYS_I16: LINEAR(int16_t); break;
    case PHYS_I32: LINEAR(int32_t); break;
    default: LINEAR(int64_t); break;
    }
}

static void find_rows(const struct in_set *set, const struct vec *v, const struct rows *rows, uint8_t *r)
{
    if (set->kind == SET_INT && v->form == VEC_FLAT && set->n <= LINEAR_MAX) {
        find_linear(set, v, rows->n, r);
        return;
    }
    FOR_EACH_ROW(i, rows)
    {
        const void *x = vec_value(v, i);
        switch (set->kind) {
        case SET_INT: r[i] = has_integer(set, integer_at(v, v->form == VEC_CONST ? 0 : i)); break;
        case SET_STR: {
            const struct str *s = x;
            uint64_t hash = v->form == VEC_DICT && v->dict->hash ? v->dict->hash[((const uint32_t *)v->data)[i]]
                                                                 : hash_bytes(str_data(s), s->len);
            r[i] = has_string(set, s, hash);
            break;
        }
        default: r[i] = has_any(set, x);
        }
    }
}

/* Not found among constants with a NULL: unknown. */
static bool unknown_if_missing(struct expr_state *st, const struct rows *rows, struct vec *out, struct error *err)
{
    const uint64_t *old = out->null;
    const uint8_t *found = out->data;
    if (!vec_alloc_null(out, st->alloc, rows->n, err))
        return false;
    if (old)
        memcpy(out->null, old, bitset_words(rows->n) * 8);
    FOR_EACH_ROW(i, rows)
    {
        if (!found[i])
            bit_set(out->null, i);
    }
    return true;
}

static bool eval_in_set(EVAL_ARGS)
{
    struct vec v;
    if (!eval_node(st, &st->prog->node[node->arg[0]], rows, &v, errors, err))
        return false;
    if (v.form == VEC_CONST && vec_is_null(&v, 0))
        return eval_null(st, PHYS_BOOL, out, err);
    if (!eval_alloc(st, PHYS_BOOL, rows, out, err))
        return false;
    if (v.form != VEC_CONST)
        out->null = v.null;
    find_rows(node->set, &v, rows, out->data);
    return !node->set->has_null || unknown_if_missing(st, rows, out, err);
}

/* The list has expressions: like x = a OR x = b …, but x is computed once. */
bool eval_in(EVAL_ARGS)
{
    struct vec pair[2], equal;
    const struct rows *active = rows;
    struct subset *parts;
    if (node->set)
        return eval_in_set(st, node, rows, out, errors, err);
    if (!eval_node(st, &st->prog->node[node->arg[0]], rows, &pair[0], errors, err) ||
        !eval_alloc(st, PHYS_BOOL, rows, out, err) || !vec_alloc_null(out, st->alloc, rows->n, err))
        return false;
    parts = ARENA_ARRAY(st->alloc, struct subset, node->nargs);
    for (uint32_t a = 1; a < node->nargs && rows_count(active); a++) {
        uint32_t k = 0;
        if (!eval_node(st, &st->prog->node[node->arg[a]], active, &pair[1], errors, err) ||
            !eval_call(st, node->func, node->prepared, node->arg_type, 2, coltype(TYPE_BOOL), pair, active, &equal,
                       errors, err) ||
            !subset_new(st, &parts[a], active, rows_count(active), err))
            return false;
        FOR_EACH_ROW(i, active)
        {
            if (vec_is_null(&equal, i)) {
                bit_set(out->null, i);
            } else if (*(const uint8_t *)vec_value(&equal, i)) {
                ((uint8_t *)out->data)[i] = 1;
                bit_clear(out->null, i);
                continue;
            }
            parts[a].idx[k++] = (uint16_t)i;
        }
        subset_done(&parts[a], k);
        active = &parts[a].rows;
    }
    return true;
}
