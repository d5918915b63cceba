/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation of nodes: sharing, constants, calls. */
#include "expr/expr_int.h"

#include <stdlib.h>

void rows_fail(const struct rows *rows, const struct error *why, struct row_errors *errors)
{
    FOR_EACH_ROW(i, rows)
    {
        struct error *at = row_errors_at(errors, i);
        if (at != &errors->scratch)
            *at = *why;
    }
}

bool subset_new(struct expr_state *st, struct subset *s, const struct rows *superset, uint32_t max, struct error *err)
{
    size_t bytes = ((size_t)max + 8) * sizeof *s->idx;
    s->idx = arena_try_alloc(st->alloc, bytes, 2);
    if (!s->idx)
        return mem_error(st->account, bytes, err);
    s->sel = (struct sel){.idx = s->idx};
    s->rows = (struct rows){superset->n, &s->sel, ++st->next_rows_id, superset};
    return true;
}

bool eval_null(struct expr_state *st, uint8_t phys, struct vec *out, struct error *err)
{
    return vec_const(out, st->alloc, (enum phys)phys, NULL, err);
}

/* Forms that are followed as pointers, or whose bytes must be 0 or 1. */
static bool must_be_defined(uint8_t phys) { return phys == PHYS_STR || phys == PHYS_NUM || phys == PHYS_BOOL; }

bool eval_alloc(struct expr_state *st, uint8_t phys, const struct rows *rows, struct vec *out, struct error *err)
{
    if (!vec_alloc(out, st->alloc, (enum phys)phys, rows->n, err))
        return false;
    if (must_be_defined(phys))
        memset(out->data, 0, (size_t)rows->n * phys_size[phys]);
    return true;
}

/* Union of the arguments' nulls, in *null (NULL = none). *all: a constant argument is NULL. */
static bool null_union(struct expr_state *st, const struct vec *args, uint32_t nargs, uint32_t n, uint64_t **null,
                       bool *all, struct error *err)
{
    const uint64_t *only = NULL;
    uint32_t count = 0;
    *null = NULL;
    *all = false;
    for (uint32_t a = 0; a < nargs; a++) {
        if (!args[a].null)
            continue;
        if (args[a].form == VEC_CONST) {
            *all |= bit_get(args[a].null, 0);
            continue;
        }
        only = args[a].null;
        count++;
    }
    if (*all || count == 0)
        return true;
    size_t words = bitset_words(n);
    *null = arena_try_alloc(st->alloc, words * 8 + VEC_PAD_BYTES, 64);
    if (!*null)
        return mem_error(st->account, words * 8, err);
    memcpy(*null, only, words * 8);
    for (uint32_t a = 0; count > 1 && a < nargs; a++)
        if (args[a].null && args[a].form != VEC_CONST)
            for (size_t w = 0; w < words; w++)
                (*null)[w] |= args[a].null[w];
    return true;
}

/* The rows that are not NULL. */
static bool without_nulls(struct expr_state *st, const struct rows *rows, const uint64_t *null, struct subset *s,
                          struct error *err)
{
    if (!subset_new(st, s, rows, rows_count(rows), err))
        return false;
    uint32_t k = 0;
    FOR_EACH_ROW(i, rows)
    {
        s->idx[k] = (uint16_t)i;
        k += !bit_get(null, i);
    }
    subset_done(s, k);
    return true;
}

static bool any_pointer(const struct vec *args, uint32_t nargs)
{
    for (uint32_t a = 0; a < nargs; a++)
        if (args[a].phys == PHYS_STR || args[a].phys == PHYS_NUM)
            return true;
    return false;
}

/* Strict functions see no NULL; dictionaries are resolved. */
static bool call_rows(struct expr_state *st, struct func_call *call, struct vec *args, const struct rows *rows,
                      struct vec *out, struct row_errors *errors, struct error *err)
{
    const struct func *func = call->func;
    uint8_t phys = (uint8_t)type_phys(call->result.oid);
    struct subset live;
    uint64_t *null = NULL;
    bool all_rows_null = false;
    for (uint32_t a = 0; a < call->nargs; a++)
        if (args[a].form == VEC_DICT && !vec_flatten(&args[a], &args[a], st->alloc, rows->n, rows->sel, err))
            return false;
    if (func->strict && !null_union(st, args, call->nargs, rows->n, &null, &all_rows_null, err))
        return false;
    if (all_rows_null)
        return eval_null(st, phys, out, err);
    const struct sel *sel = rows->sel;
    if (null && (func->fallible || must_be_defined(phys) || any_pointer(args, call->nargs))) {
        if (!without_nulls(st, rows, null, &live, err))
            return false;
        sel = &live.sel;
    }
    if (!vec_alloc(out, st->alloc, (enum phys)phys, rows->n, err))
        return false;
    if (must_be_defined(phys) && (sel || func->fallible || !func->strict))
        memset(out->data, 0, (size_t)rows->n * phys_size[phys]);
    out->null = null;
    if (sel && sel->n == 0)
        return true;
    return func->kernel(call, args, rows->n, sel, out, errors, err);
}

bool eval_call(struct expr_state *st, const struct func *func, void *prepared, const struct coltype *arg_type,
               uint32_t nargs, struct coltype result, const struct vec *args, const struct rows *rows, struct vec *out,
               struct row_errors *errors, struct error *err)
{
    struct func_call call = {
        .func = func,
        .nargs = nargs,
        .arg_type = arg_type,
        .arena = st->alloc,
        .ctx = &st->prog->env->ctx,
        .result = result,
        .state = prepared,
    };
    struct vec few[FUNC_ARGS_MAX], *copy = few;
    if (nargs > FUNC_ARGS_MAX)
        copy = ARENA_ARRAY(st->alloc, struct vec, nargs);
    bool all_const = func->volatility != FUNC_VOLATILE;
    for (uint32_t a = 0; a < nargs; a++) {
        copy[a] = args[a];
        all_const &= args[a].form == VEC_CONST;
    }
    if (!all_const)
        return call_rows(st, &call, copy, rows, out, errors, err);
    /* One row stands for all. */
    struct rows one = {1, NULL, ++st->next_rows_id, NULL};
    struct row_errors local;
    row_errors_init(&local, NULL);
    if (!call_rows(st, &call, copy, &one, out, &local, err))
        return false;
    out->form = VEC_CONST;
    if (local.count)
        rows_fail(rows, &local.first, errors);
    return true;
}

static bool eval_param(EVAL_ARGS)
{
    const struct expr_env *env = st->prog->env;
    assert(node->param < env->nparam);
    const struct value *v = &env->param[node->param];
    assert(v->is_null || type_phys(v->type) == node->phys);
    *out = (struct vec){.phys = node->phys, .form = VEC_CONST, .data = (void *)(uintptr_t)&v->d};
    if (v->is_null)
        return eval_null(st, node->phys, out, err);
    return true;
}

static bool eval_call_node(EVAL_ARGS)
{
    struct vec few[FUNC_ARGS_MAX], *args = few;
    if (node->nargs > FUNC_ARGS_MAX)
        args = ARENA_ARRAY(st->alloc, struct vec, node->nargs);
    for (uint32_t a = 0; a < node->nargs; a++)
        if (!eval_node(st, &st->prog->node[node->arg[a]], rows, &args[a], errors, err))
            return false;
    return eval_call(st, node->func, node->prepared, node->arg_type, node->nargs, node->type, args, rows, out, errors,
                     err);
}

bool eval_compute(EVAL_ARGS)
{
    switch ((enum expr_kind)node->kind) {
    case EXPR_CALL: return eval_call_node(st, node, rows, out, errors, err);
    case EXPR_RELABEL: return eval_node(st, &st->prog->node[node->arg[0]], rows, out, errors, err);
    case EXPR_AND:
    case EXPR_OR: return eval_and_or(st, node, rows, out, errors, err);
    case EXPR_NOT: return eval_not(st, node, rows, out, errors, err);
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN: return eval_test(st, node, rows, out, errors, err);
    case EXPR_IS_DISTINCT:
    case EXPR_IS_NOT_DISTINCT: return eval_distinct(st, node, rows, out, errors, err);
    case EXPR_CASE: return eval_case(st, node, rows, out, errors, err);
    case EXPR_COALESCE: return eval_coalesce(st, node, rows, out, errors, err);
    case EXPR_GREATEST:
    case EXPR_LEAST: return eval_extreme(st, node, rows, out, errors, err);
    case EXPR_NULLIF: return eval_nullif(st, node, rows, out, errors, err);
    case EXPR_IN: return eval_in(st, node, rows, out, errors, err);
    default: break;
    }
    return error_set(err, SQLSTATE_INTERNAL_ERROR, "expression of kind %d cannot be evaluated", node->kind);
}

/* Computed once per state, when first reached; a failing one fails the rows that reach it, each time. */
static bool eval_constant(EVAL_ARGS)
{
    uint32_t at = (uint32_t)(node - st->prog->node);
    if (st->constant_known[at]) {
        *out = st->constant[at];
        return true;
    }
    struct rows one = {1, NULL, ++st->next_rows_id, NULL};
    struct row_errors local;
    row_errors_init(&local, NULL);
    struct arena *outer = st->alloc;
    st->alloc = &st->keep;
    bool ok = eval_compute(st, node, &one, out, &local, err);
    if (ok && out->form == VEC_FLAT)
        out->form = VEC_CONST;
    st->alloc = outer;
    if (!ok)
        return false;
    if (local.count) {
        rows_fail(rows, &local.first, errors);
        return eval_null(st, node->phys, out, err);
    }
    st->constant[at] = *out;
    st->constant_known[at] = true;
    return true;
}

static bool covers(uint64_t id, const struct rows *rows)
{
    for (; rows; rows = rows->superset)
        if (rows->id == id)
            return true;
    return false;
}

bool eval_node(EVAL_ARGS)
{
    switch ((enum expr_kind)node->kind) {
    case EXPR_CONST: *out = node->value; return true;
    case EXPR_COLUMN:
        assert((uint32_t)node->column < st->ncol || node->column == st->subst_column);
        *out = node->column == st->subst_column ? st->subst : st->col[node->column];
        return true;
    case EXPR_PARAM: return eval_param(st, node, rows, out, errors, err);
    default: break;
    }
    if (rows_count(rows) == 0)
        return eval_null(st, node->phys, out, err);
    if (node->constant)
        return eval_constant(st, node, rows, out, errors, err);
    struct slot *slot = &st->slot[node - st->prog->node];
    if (node->shared && slot->rows_id && covers(slot->rows_id, rows)) {
        *out = slot->value;
        return true;
    }
    bool done = false;
    if (node->memoised && node->column != st->subst_column && st->col[node->column].form == VEC_DICT &&
        !memo_eval(st, node, rows, out, errors, err, &done))
        return false;
    if (!done && !eval_compute(st, node, rows, out, errors, err))
        return false;
    if (node->shared) {
        slot->value = *out;
        slot->rows_id = rows->id;
    }
    return true;
}

/* ---- states ---- */

void state_init(struct expr_state *st, const struct expr_prog *prog, struct mem_account *account)
{
    enum { FIRST_BLOCK_BYTES = 192 << 10 };
    *st = (struct expr_state){.prog = prog, .account = account, .subst_column = COLUMN_NONE};
    arena_init(&st->batch_arena, account);
    arena_init(&st->keep, account);
    st->alloc = &st->batch_arena;
    st->slot = ARENA_ARRAY(&st->keep, struct slot, prog->nnode);
    st->constant = ARENA_ARRAY(&st->keep, struct vec, prog->nnode);
    st->constant_known = ARENA_ARRAY(&st->keep, bool, prog->nnode);
    st->memo = ARENA_ARRAY(&st->keep, struct memo *, prog->nnode);
    /* A first block that a usual batch fits into: a reset keeps it. */
    if (arena_try_alloc(&st->batch_arena, FIRST_BLOCK_BYTES, 64))
        arena_reset(&st->batch_arena);
}

void state_release(struct expr_state *st)
{
    for (uint32_t i = 0; i < st->prog->nnode; i++)
        if (st->memo[i])
            memo_free(st, st->memo[i]);
    arena_release(&st->batch_arena);
    arena_release(&st->keep);
}

struct expr_state *expr_state_new(const struct expr_prog *prog, struct mem_account *account)
{
    struct expr_state *st = xmalloc(sizeof *st);
    state_init(st, prog, account);
    return st;
}

void expr_state_free(struct expr_state *st)
{
    if (!st)
        return;
    state_release(st);
    free(st);
}

static void begin(struct expr_state *st, const struct batch *batch, const struct sel *sel, struct rows *rows)
{
    arena_reset(&st->batch_arena);
    st->col = batch->col;
    st->ncol = batch->ncol;
    *rows = (struct rows){batch->n, sel, ++st->next_rows_id, NULL};
}

bool expr_eval(const struct expr_prog *prog, struct expr_state *st, const struct batch *batch, const struct sel *sel,
               struct vec *out, struct row_errors *errors, struct error *err)
{
    struct rows rows;
    assert(st->prog == prog);
    begin(st, batch, sel, &rows);
    return eval_node(st, &prog->node[prog->root], &rows, out, errors, err);
}

bool expr_filter(const struct expr_prog *prog, struct expr_state *st, const struct batch *batch, const struct sel *sel,
                 uint16_t *idx, uint32_t *nidx, struct row_errors *errors, struct error *err)
{
    struct rows rows;
    assert(st->prog == prog && prog->node[prog->root].phys == PHYS_BOOL);
    begin(st, batch, sel, &rows);
    return filter_node(st, &prog->node[prog->root], &rows, idx, nidx, errors, err);
}

bool expr_eval_const(struct arena *arena, const struct expr *expr, const struct expr_env *env, struct value *out,
                     struct error *err)
{
    struct expr_prog *prog;
    struct row_errors errors;
    struct vec v;
    const struct batch batch = {.n = 1};
    if (!expr_compile(arena, expr, NULL, 0, env, &prog, err))
        return false;
    struct expr_state *st = expr_state_new(prog, arena->account);
    row_errors_init(&errors, NULL);
    bool ok = expr_eval(prog, st, &batch, NULL, &v, &errors, err);
    if (ok && errors.count) {
        *err = errors.first;
        ok = false;
    }
    if (ok) {
        *out = (struct value){.type = expr->type.oid, .is_null = vec_is_null(&v, 0)};
        if (!out->is_null) {
            memcpy(&out->d, vec_value(&v, 0), phys_size[v.phys]);
            if (v.phys == PHYS_STR)
                out->d.str = str_copy(arena, &out->d.str);
            else if (v.phys == PHYS_NUM)
                out->d.num = num_copy(arena, &out->d.num);
        }
    }
    expr_state_free(st);
    return ok;
}
