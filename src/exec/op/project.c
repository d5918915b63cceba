/* SPDX-License-Identifier: Apache-2.0 */
/* Projection, filter, limit and constant rows: the operators that only look at one batch at a time. */
#include "exec/exec_int.h"

#include <stdlib.h>

/* Raises the error of the lowest failing row, if any. */
static bool raise_rows(const struct row_errors *errors, struct error *err)
{
    if (errors->count == 0)
        return true;
    *err = errors->first;
    return false;
}

void op_mark_columns(const struct expr *expr, bool *used, uint32_t ncolumn)
{
    if (!expr)
        return;
    if (expr->kind == EXPR_COLUMN) {
        assert(expr->column < ncolumn);
        used[expr->column] = true;
    }
    for (uint32_t i = 0; i < expr->nargs; i++)
        op_mark_columns(expr->args[i], used, ncolumn);
}

/* ---- projection ---- */

struct op_project {
    struct op op;
    struct expr_prog **prog; /* [ncol]; NULL = plain column */
    uint32_t *column;        /* [ncol] */
};

struct project_local {
    struct expr_state **state; /* [ncol] */
    struct vec *out;           /* [ncol] */
    struct row_errors errors;
};

static bool project_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_project *p = (struct op_project *)op;
    struct project_local *l = xcalloc(1, sizeof *l);
    *local = l;
    l->state = xcalloc(op->node->ncol, sizeof *l->state);
    l->out = xcalloc(op->node->ncol, sizeof *l->out);
    for (uint32_t c = 0; c < op->node->ncol; c++)
        if (p->prog[c])
            l->state[c] = expr_state_new(p->prog[c], w->account);
    return true;
}

static void project_local_close(struct op *op, void *local)
{
    struct project_local *l = local;
    if (!l)
        return;
    for (uint32_t c = 0; c < op->node->ncol; c++)
        if (l->state[c])
            expr_state_free(l->state[c]);
    free(l->state);
    free(l->out);
    free(l);
}

static bool project_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_project *p = (struct op_project *)op;
    struct project_local *l = local;
    for (uint32_t c = 0; c < op->node->ncol; c++) {
        if (!p->prog[c]) {
            l->out[c] = in->col[p->column[c]];
            continue;
        }
        row_errors_init(&l->errors, NULL);
        if (!expr_eval(p->prog[c], l->state[c], in, in->sel, &l->out[c], &l->errors, err) ||
            !raise_rows(&l->errors, err))
            return false;
    }
    struct batch out = {.n = in->n, .ncol = op->node->ncol, .col = l->out, .sel = in->sel};
    return worker_push(w, op, &out, err);
}

static const struct op_class project_class = {
    .name = "project", .local_open = project_local_open, .local_close = project_local_close, .push = project_push};

struct op *op_project_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_project *p = op_alloc(q, sizeof *p, &project_class, node);
    const struct plan_node *child = node->child[0];
    p->prog = ARENA_ARRAY(&q->arena, struct expr_prog *, node->ncol);
    p->column = ARENA_ARRAY(&q->arena, uint32_t, node->ncol);
    for (uint32_t c = 0; c < node->ncol; c++) {
        const struct expr *e = node->project.expr[c];
        if (e->kind == EXPR_COLUMN)
            p->column[c] = e->column;
        else if (!expr_compile(&q->arena, e, child->type, child->ncol, &q->env, &p->prog[c], err))
            return NULL;
    }
    return &p->op;
}

/* ---- filter ---- */

struct op_filter {
    struct op op;
    struct expr_prog *prog;
};

struct filter_local {
    struct expr_state *state;
    struct row_errors errors;
    uint16_t idx[CHUNK_ROWS];
};

static bool filter_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct filter_local *l = xmalloc(sizeof *l);
    *local = l;
    l->state = expr_state_new(((struct op_filter *)op)->prog, w->account);
    return true;
}

static void filter_local_close(struct op *op, void *local)
{
    struct filter_local *l = local;
    if (l)
        expr_state_free(l->state);
    free(l);
}

static bool filter_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct filter_local *l = local;
    struct sel sel = {.idx = l->idx};
    row_errors_init(&l->errors, NULL);
    if (!expr_filter(((struct op_filter *)op)->prog, l->state, in, in->sel, l->idx, &sel.n, &l->errors, err) ||
        !raise_rows(&l->errors, err))
        return false;
    struct batch out = *in;
    if (sel.n < batch_rows(in))
        out.sel = &sel;
    return worker_push(w, op, &out, err);
}

static const struct op_class filter_class = {
    .name = "filter", .local_open = filter_local_open, .local_close = filter_local_close, .push = filter_push};

struct op *op_filter_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_filter *f = op_alloc(q, sizeof *f, &filter_class, node);
    const struct plan_node *child = node->child[0];
    if (!expr_compile(&q->arena, node->filter.cond, child->type, child->ncol, &q->env, &f->prog, err))
        return NULL;
    return &f->op;
}

/* ---- limit ---- */

bool op_limit_value(struct exec_query *q, const struct expr *expr, bool is_offset, uint64_t *out, struct error *err)
{
    struct value v;
    *out = is_offset ? 0 : UINT64_MAX;
    if (!expr)
        return true;
    if (!expr_eval_const(&q->arena, expr, &q->env, &v, err))
        return false;
    if (v.is_null)
        return true;
    assert(v.type == TYPE_INT8);
    if (v.d.i64 < 0)
        return is_offset
                   ? error_set(err, SQLSTATE_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative")
                   : error_set(err, SQLSTATE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative");
    *out = (uint64_t)v.d.i64;
    return true;
}

struct op_limit {
    struct op op;
    uint64_t begin, end; /* rows [begin, end) of the input pass */
    uint64_t seen;       /* atomic: rows that have come by, all workers */
};

static bool limit_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_limit *l = (struct op_limit *)op;
    uint32_t rows = batch_rows(in);
    uint64_t at = __atomic_fetch_add(&l->seen, rows, __ATOMIC_RELAXED);
    if (at + rows >= l->end)
        worker_stop_pipeline(w);
    uint64_t from = MAX_OF(at, l->begin), to = MIN_OF(at + rows, l->end);
    if (from >= to)
        return true;
    if (from == at && to == at + rows)
        return worker_push(w, op, in, err);
    uint32_t skip = (uint32_t)(from - at), n = (uint32_t)(to - from);
    uint16_t *idx = in->sel ? NULL : xmalloc(n * sizeof *idx);
    for (uint32_t i = 0; idx && i < n; i++)
        idx[i] = (uint16_t)(skip + i);
    struct sel sel = {.n = n, .idx = idx ? idx : in->sel->idx + skip};
    struct batch out = *in;
    out.sel = &sel;
    bool ok = worker_push(w, op, &out, err);
    free(idx);
    return ok;
}

static const struct op_class limit_class = {.name = "limit", .push = limit_push};

struct op *op_limit_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_limit *l = op_alloc(q, sizeof *l, &limit_class, node);
    uint64_t limit;
    if (!op_limit_value(q, node->limit.limit, false, &limit, err) ||
        !op_limit_value(q, node->limit.offset, true, &l->begin, err))
        return NULL;
    l->end = limit > UINT64_MAX - l->begin ? UINT64_MAX : l->begin + limit;
    return &l->op;
}

/* ---- constant rows ---- */

struct op_values {
    struct op op;
    uint32_t at; /* next row; one worker */
    struct vec *col;
};

static bool values_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                        struct error *err)
{
    struct op_values *v = (struct op_values *)op;
    const struct plan_node *node = op->node;
    uint32_t n = MIN_OF(node->values.nrow - v->at, (uint32_t)VEC_ROWS);
    struct arena *arena = &op->query->arena; /* constant rows are as large as the statement's text at most */
    *state = n ? SOURCE_BATCH : SOURCE_END;
    for (uint32_t c = 0; c < node->ncol && n; c++) {
        enum phys phys = type_phys(node->type[c].oid);
        if (!vec_alloc(&v->col[c], arena, phys, n, err) || !vec_alloc_null(&v->col[c], arena, n, err))
            return false;
        for (uint32_t r = 0; r < n; r++) {
            struct value value;
            if (!expr_eval_const(arena, node->values.row[v->at + r][c], &op->query->env, &value, err))
                return false;
            if (value.is_null)
                bit_set(v->col[c].null, r);
            else
                memcpy((char *)v->col[c].data + (size_t)r * phys_size[phys], &value.d, phys_size[phys]);
            if (value.is_null && phys_size[phys])
                memset((char *)v->col[c].data + (size_t)r * phys_size[phys], 0, phys_size[phys]);
        }
    }
    v->at += n;
    *out = (struct batch){.n = n, .ncol = node->ncol, .col = v->col};
    return true;
}

static const struct op_class values_class = {.name = "values", .next = values_next};

struct op *op_values_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_values *v = op_alloc(q, sizeof *v, &values_class, node);
    v->col = ARENA_ARRAY(&q->arena, struct vec, MAX_OF(node->ncol, 1U));
    return &v->op;
}

/* ---- virtual tables ---- */

struct op_virtual {
    struct op op;
    struct batch *batch;
    uint32_t nbatch, at;
    struct filter_local *filter_local;
    uint16_t *other_idx;       /* filter_local->idx's counterpart for every second condition */
    struct expr_prog **filter; /* [nfilter] */
    struct expr_state **state;
    uint32_t nfilter;
};

/* Applies the pushed-down conditions one after another. */
static bool virtual_filter(struct op_virtual *v, struct batch *batch, struct sel *sel, struct error *err)
{
    struct filter_local *l = v->filter_local;
    for (uint32_t i = 0; i < v->nfilter; i++) {
        /* What is read (the selection so far) and what is written must not be the same. */
        uint16_t *idx = i & 1 ? v->other_idx : l->idx;
        uint32_t n;
        row_errors_init(&l->errors, NULL);
        if (!expr_filter(v->filter[i], v->state[i], batch, batch->sel, idx, &n, &l->errors, err) ||
            !raise_rows(&l->errors, err))
            return false;
        *sel = (struct sel){.idx = idx, .n = n};
        batch->sel = sel;
    }
    return true;
}

static bool virtual_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                         struct error *err)
{
    struct op_virtual *v = (struct op_virtual *)op;
    static _Thread_local struct sel sel;
    *state = SOURCE_END;
    while (v->at < v->nbatch) {
        *out = v->batch[v->at++];
        if (!virtual_filter(v, out, &sel, err))
            return false;
        *state = SOURCE_BATCH;
        if (batch_rows(out) > 0)
            break;
    }
    return true;
}

static void virtual_close(struct op *op)
{
    struct op_virtual *v = (struct op_virtual *)op;
    for (uint32_t i = 0; i < v->nfilter; i++)
        if (v->state[i])
            expr_state_free(v->state[i]);
    free(v->filter_local);
}

static const struct op_class virtual_class = {.name = "virtual", .next = virtual_next, .close = virtual_close};

struct op *op_virtual_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_virtual *v = op_alloc(q, sizeof *v, &virtual_class, node);
    v->filter_local = xmalloc(sizeof *v->filter_local);
    v->other_idx = ARENA_ARRAY(&q->arena, uint16_t, CHUNK_ROWS);
    v->filter = ARENA_ARRAY(&q->arena, struct expr_prog *, node->scan.nfilter + 1);
    v->state = ARENA_ARRAY(&q->arena, struct expr_state *, node->scan.nfilter + 1);
    assert(node->scan.npred == 0); /* the planner keeps conditions on virtual tables as filters */
    for (; v->nfilter < node->scan.nfilter; v->nfilter++) {
        if (!expr_compile(&q->arena, node->scan.filter[v->nfilter], node->type, node->ncol, &q->env,
                          &v->filter[v->nfilter], err))
            return NULL;
        v->state[v->nfilter] = expr_state_new(v->filter[v->nfilter], q->account);
    }
    if (!q->params.source->virtual_rows(q->params.source_arg, &node->scan.relation, node->scan.column, node->ncol,
                                        &q->arena, &v->batch, &v->nbatch, err))
        return NULL;
    return &v->op;
}
