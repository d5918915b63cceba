/* SPDX-License-Identifier: Apache-2.0 */
/* What the planner does with expressions: folding, splitting, mapping to a node's columns, counting uses. */
#include "planner/plan_int.h"

void quals_add(struct planner *p, struct quals *q, struct expr *e)
{
    if (q->n == q->cap) {
        q->cap = 2 * q->cap + 4;
        struct expr **grown = ARENA_ARRAY(p->arena, struct expr *, q->cap);
        if (q->n)
            memcpy(grown, q->e, q->n * sizeof *grown);
        q->e = grown;
    }
    q->e[q->n++] = e;
}

static bool is_const_bool(const struct expr *e, bool value)
{
    return e->kind == EXPR_CONST && e->type.oid == TYPE_BOOL && !e->value.is_null && e->value.d.b == value;
}

bool is_const_false(const struct expr *e)
{
    return e->kind == EXPR_CONST && (e->value.is_null || is_const_bool(e, false));
}

void quals_split(struct planner *p, struct quals *q, struct expr *e)
{
    if (!e || is_const_bool(e, true))
        return;
    if (e->kind != EXPR_AND) {
        quals_add(p, q, e);
        return;
    }
    for (uint32_t i = 0; i < e->nargs; i++)
        quals_split(p, q, e->args[i]);
}

static struct expr *const_null(struct planner *p, const struct expr *like)
{
    struct expr *c = ARENA_NEW(p->arena, struct expr);
    c->kind = EXPR_CONST;
    c->type = like->type;
    c->location = like->location;
    c->value = (struct value){.type = like->type.oid, .is_null = true};
    return c;
}

/* Constant arguments of a function that always gives the same: its value. */
static struct expr *fold_call(struct planner *p, struct expr *e)
{
    struct error ignored;
    bool all_const = true, has_null = false;
    for (uint32_t i = 0; i < e->nargs; i++) {
        all_const &= e->args[i]->kind == EXPR_CONST;
        has_null |= e->args[i]->kind == EXPR_CONST && e->args[i]->value.is_null;
    }
    if (e->kind == EXPR_CALL) {
        if (e->func->volatility != FUNC_IMMUTABLE)
            return e;
        if (has_null && e->func->strict)
            return const_null(p, e);
    }
    if (!all_const)
        return e;
    struct expr_env env = {.ctx = *p->bind->ctx};
    struct expr *c = const_null(p, e);
    error_clear(&ignored);
    return expr_eval_const(p->arena, e, &env, &c->value, &ignored) ? c : e;
}

/* AND, OR: constants that decide, constants that do not matter. */
static struct expr *fold_logic(struct planner *p, struct expr *e)
{
    bool decides = e->kind == EXPR_OR;
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->nargs; i++) {
        if (is_const_bool(e->args[i], decides))
            return e->args[i];
        if (!is_const_bool(e->args[i], !decides))
            e->args[n++] = e->args[i];
    }
    if (n == 0)
        return e->args[0];
    e->nargs = n;
    return n == 1 ? e->args[0] : e;
}

static struct expr *fold_node(struct planner *p, struct expr *e)
{
    switch (e->kind) {
    case EXPR_AND:
    case EXPR_OR: return fold_logic(p, e);
    case EXPR_CALL:
    case EXPR_NOT:
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN: return fold_call(p, e);
    case EXPR_RELABEL:
        if (e->args[0]->kind == EXPR_CONST) {
            struct expr *c = const_null(p, e);
            c->value = e->args[0]->value;
            c->value.type = e->type.oid;
            return c;
        }
        return e;
    default: return e;
    }
}

struct expr *fold(struct planner *p, struct expr *e)
{
    if (e->kind == EXPR_CONST || e->kind == EXPR_COLUMN || e->kind == EXPR_PARAM || e->kind == EXPR_SUBLINK)
        return e;
    struct expr *copy = arena_alloc(p->arena, sizeof *copy);
    *copy = *e;
    copy->args = ARENA_ARRAY(p->arena, struct expr *, e->nargs);
    for (uint32_t i = 0; i < e->nargs; i++)
        copy->args[i] = fold(p, e->args[i]);
    if (e->kind == EXPR_AGG && e->agg.filter)
        copy->agg.filter = fold(p, e->agg.filter);
    return fold_node(p, copy);
}

bool expr_has(const struct expr *e, enum expr_kind kind)
{
    if (e->kind == kind)
        return true;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (expr_has(e->args[i], kind))
            return true;
    return e->kind == EXPR_AGG && e->agg.filter && expr_has(e->agg.filter, kind);
}

bool expr_has_column(const struct expr *e) { return expr_has(e, EXPR_COLUMN); }

uint32_t *use_of(struct planner *p, uint32_t id)
{
    if (id >= p->capuse) {
        uint32_t cap = MAX_OF(id + 64, 2 * p->capuse);
        uint32_t *use = ARENA_ARRAY(p->arena, uint32_t, cap);
        if (p->capuse)
            memcpy(use, p->use, p->capuse * sizeof *use);
        p->use = use;
        p->capuse = cap;
    }
    return &p->use[id];
}

void use_columns(struct planner *p, const struct expr *e, int32_t by)
{
    if (e->kind == EXPR_COLUMN)
        *use_of(p, e->column) += (uint32_t)by;
    for (uint32_t i = 0; i < e->nargs; i++)
        use_columns(p, e->args[i], by);
    if (e->kind == EXPR_AGG && e->agg.filter)
        use_columns(p, e->agg.filter, by);
}

int64_t rel_index(const struct rel *rel, uint32_t id)
{
    for (uint32_t i = 0; i < rel->node->ncol; i++)
        if (rel->id[i] == id)
            return i;
    return -1;
}

bool rel_covers(const struct rel *rel, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN)
        return rel_index(rel, e->column) >= 0;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (!rel_covers(rel, e->args[i]))
            return false;
    return e->kind != EXPR_AGG || !e->agg.filter || rel_covers(rel, e->agg.filter);
}

struct map_arg {
    struct planner *p;
    const struct rel *rel;
    uint32_t base, n;
    struct expr *const *by;
};

static struct expr *map_one(struct expr *e, void *arg)
{
    struct map_arg *m = arg;
    if (e->kind == EXPR_CONST || e->kind == EXPR_PARAM)
        return e;
    if (e->kind != EXPR_COLUMN)
        return NULL;
    int64_t at = rel_index(m->rel, e->column);
    assert(at >= 0);
    struct expr *copy = arena_alloc(m->p->arena, sizeof *copy);
    *copy = *e;
    copy->column = (uint32_t)at;
    return copy;
}

struct expr *rel_map(struct planner *p, const struct rel *rel, struct expr *e)
{
    struct map_arg m = {.p = p, .rel = rel};
    return expr_map(p->arena, e, map_one, &m);
}

static struct expr *substitute_one(struct expr *e, void *arg)
{
    struct map_arg *m = arg;
    if (e->kind != EXPR_COLUMN)
        return e->nargs || e->kind == EXPR_AGG ? NULL : e;
    return e->column >= m->base && e->column < m->base + m->n ? m->by[e->column - m->base] : e;
}

struct expr *substitute(struct planner *p, struct expr *e, uint32_t base, uint32_t n, struct expr *const *by)
{
    struct map_arg m = {.p = p, .base = base, .n = n, .by = by};
    return expr_map(p->arena, e, substitute_one, &m);
}

struct expr *column_ref(struct planner *p, uint32_t id, struct coltype type)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    e->kind = EXPR_COLUMN;
    e->type = type;
    e->location = -1;
    e->column = id;
    return e;
}

struct expr *make_call(struct planner *p, const struct func *f, struct coltype type, uint32_t nargs, struct expr **args)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    e->kind = EXPR_CALL;
    e->type = type;
    e->location = -1;
    e->nargs = nargs;
    e->args = ARENA_ARRAY(p->arena, struct expr *, nargs);
    memcpy(e->args, args, nargs * sizeof *args);
    e->func = f;
    return e;
}

bool is_comparison(const struct expr *e, const char **op)
{
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
    if (e->kind != EXPR_CALL || e->nargs != 2 || e->type.oid != TYPE_BOOL)
        return false;
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        uint32_t n;
        const struct operator* const * all = operator_candidates(strview_of(names[k]), &n);
        for (uint32_t i = 0; i < n; i++)
            if (all[i]->func == e->func->oid) {
                *op = names[k];
                return true;
            }
    }
    return false;
}

struct expr *strip_relabel(struct expr *e)
{
    while (e->kind == EXPR_RELABEL)
        e = e->args[0];
    return e;
}

/* A projection that only picks columns can be left out below another one. */
static bool only_picks(const struct plan_node *node)
{
    for (uint32_t i = 0; node->kind == PLAN_PROJECT && i < node->ncol; i++)
        if (node->project.expr[i]->kind != EXPR_COLUMN)
            return false;
    return node->kind == PLAN_PROJECT;
}

static struct expr *through_pick(struct expr *e, void *arg)
{
    struct map_arg *m = arg;
    if (e->kind != EXPR_COLUMN)
        return e->nargs ? NULL : e;
    struct expr *copy = arena_alloc(m->p->arena, sizeof *copy);
    *copy = *e;
    copy->column = m->rel->node->project.expr[e->column]->column;
    return copy;
}

struct rel rel_project(struct planner *p, const struct rel *in, uint32_t n, struct expr **e, const uint32_t *id)
{
    bool merge = only_picks(in->node);
    const struct plan_node *below = merge ? in->node->child[0] : in->node;
    struct map_arg through = {.p = p, .rel = in};
    struct rel out = {.node = plan_node_new(p, PLAN_PROJECT, n, 1)};
    bool same = below->ncol == n;
    out.node->child[0] = (struct plan_node *)below;
    out.node->rows = in->node->rows;
    out.node->project.expr = ARENA_ARRAY(p->arena, struct expr *, n);
    out.id = ARENA_ARRAY(p->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *mapped = rel_map(p, in, e[i]);
        if (merge)
            mapped = expr_map(p->arena, mapped, through_pick, &through);
        out.node->project.expr[i] = mapped;
        out.node->type[i] = mapped->type;
        if (mapped->kind == EXPR_COLUMN)
            out.node->name[i] = below->name[mapped->column];
        out.id[i] = id[i];
        same &= mapped->kind == EXPR_COLUMN && mapped->column == i;
    }
    if (!same)
        return out;
    out.node = (struct plan_node *)below; /* nothing but new numbers */
    return out;
}

static struct expr *conjunction(struct planner *p, const struct quals *q)
{
    if (q->n == 1)
        return q->e[0];
    struct expr *e = make_call(p, NULL, coltype(TYPE_BOOL), q->n, q->e);
    e->kind = EXPR_AND;
    return e;
}

struct rel rel_filter(struct planner *p, const struct rel *in, const struct quals *q)
{
    if (q->n == 0)
        return *in;
    struct rel out = {.node = plan_node_new(p, PLAN_FILTER, in->node->ncol, 1), .id = in->id};
    out.node->child[0] = in->node;
    memcpy(out.node->type, in->node->type, in->node->ncol * sizeof *in->node->type);
    memcpy(out.node->name, in->node->name, in->node->ncol * sizeof *in->node->name);
    out.node->filter.cond = rel_map(p, in, conjunction(p, q));
    out.node->rows = in->node->rows * quals_selectivity(q);
    return out;
}

struct rel rel_with(struct planner *p, const struct rel *in, struct expr *e, uint32_t *column)
{
    uint32_t n = in->node->ncol;
    struct expr **all = ARENA_ARRAY(p->arena, struct expr *, n + 1);
    uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, n + 1);
    if (e->kind == EXPR_COLUMN) {
        *column = (uint32_t)rel_index(in, e->column);
        return *in;
    }
    /* Outputs are numbered by place while they pass through. */
    struct rel numbered = {.node = in->node, .id = ARENA_ARRAY(p->arena, uint32_t, n)};
    struct expr *mapped = rel_map(p, in, e);
    for (uint32_t i = 0; i < n; i++) {
        numbered.id[i] = i;
        all[i] = column_ref(p, i, in->node->type[i]);
        id[i] = in->id[i];
    }
    all[n] = mapped;
    id[n] = COLUMN_NONE;
    *column = n;
    return rel_project(p, &numbered, n + 1, all, id);
}
