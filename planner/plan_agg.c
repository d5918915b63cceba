/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GROUP BY, aggregates, DISTINCT. Keys that are constant or follow from other keys are left out; sum(x + k) over
 * smallint columns becomes sum(x) + k * count(x), which cannot overflow where the original does not.
 */
#include "planner/plan_int.h"

struct grouping {
    struct planner *p;
    struct work *w;
    uint32_t nkey, nagg, cap;
    struct expr **key; /* over the input's columns */
    uint32_t *key_id;  /* column numbers of the output */
    struct expr **agg; /* EXPR_AGG, distinct by expr_equal */
    uint32_t *agg_id;
};

static const struct func *find_aggregate(const char *name, oid_t arg)
{
    uint32_t n;
    const struct func *const *all = func_candidates(strview_of(name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->kind == FUNC_AGGREGATE && (arg ? all[i]->nargs == 1 && all[i]->arg[0] == arg : all[i]->nargs == 0))
            return all[i];
    return NULL;
}

static struct expr *agg_call(struct planner *p, const struct func *f, struct expr *arg, const struct expr *like)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    *e = (struct expr){.kind = EXPR_AGG, .type = coltype(f->result), .location = like->location};
    e->agg.func = f;
    e->agg.star = arg == NULL;
    e->agg.filter = like->agg.filter;
    if (arg) {
        e->nargs = 1;
        e->args = ARENA_ARRAY(p->arena, struct expr *, 1);
        e->args[0] = arg;
    }
    return e;
}

static bool is_small_constant(const struct expr *e, int64_t *k)
{
    enum { LIMIT = 1 << 20 };
    if (e->kind != EXPR_CONST || e->type.oid != TYPE_INT4 || e->value.is_null)
        return false;
    *k = e->value.d.i32;
    return *k > -LIMIT && *k < LIMIT;
}

/* sum(smallint + constant) as sum(smallint) + constant * count(smallint). NULL: not of that shape. */
static struct expr *split_sum(struct grouping *g, const struct expr *e)
{
    struct planner *p = g->p;
    int64_t k;
    if (p->options->disable_rules || strcmp(e->agg.func->name, "sum") != 0 || e->agg.distinct || e->nargs != 1 ||
        e->args[0]->kind != EXPR_CALL || e->args[0]->nargs != 2)
        return NULL;
    const struct expr *add = e->args[0];
    bool minus = strcmp(add->func->name, "int24mi") == 0;
    const struct expr *x = add->args[0], *c = add->args[1];
    if (strcmp(add->func->name, "int42pl") == 0) {
        x = add->args[1];
        c = add->args[0];
    } else if (strcmp(add->func->name, "int24pl") != 0 && !minus) {
        return NULL;
    }
    if (x->type.oid != TYPE_INT2 || !is_small_constant(c, &k))
        return NULL;
    const struct func *sum = find_aggregate("sum", TYPE_INT2), *count = find_aggregate("count", TYPE_ANY);
    const struct operator* plus = bind_find_op(p->bind, STRVIEW("+"), TYPE_INT8, TYPE_INT8, -2);
    const struct operator* times = bind_find_op(p->bind, STRVIEW("*"), TYPE_INT8, TYPE_INT8, -2);
    if (!sum || !count || !plus || !times || sum->result != TYPE_INT8 || e->type.oid != TYPE_INT8)
        return NULL;
    struct expr *factor = ARENA_NEW(p->arena, struct expr);
    *factor = (struct expr){.kind = EXPR_CONST, .type = coltype(TYPE_INT8), .location = -1};
    factor->value = (struct value){.type = TYPE_INT8, .d.i64 = minus ? -k : k};
    struct expr *args[2] = {factor, agg_call(p, count, (struct expr *)x, e)};
    args[1] = make_call(p, func_by_oid(times->func), coltype(TYPE_INT8), 2, args);
    args[0] = agg_call(p, sum, (struct expr *)x, e);
    return make_call(p, func_by_oid(plus->func), coltype(TYPE_INT8), 2, args);
}

static struct expr *split_one(struct expr *e, void *arg)
{
    if (e->kind == EXPR_AGG) {
        struct expr *split = split_sum(arg, e);
        return split ? split : e;
    }
    return e->nargs ? NULL : e;
}

/* Immutable and over columns of other keys only: it follows from them. */
static bool follows(const struct grouping *g, const struct expr *e)
{
    for (uint32_t i = 0; i < g->nkey; i++)
        if (expr_equal(e, g->key[i]))
            return true;
    if (e->kind == EXPR_COLUMN || e->kind == EXPR_AGG)
        return false;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (!follows(g, e->args[i]))
            return false;
    return true;
}

static bool is_target(const struct grouping *g, const struct expr *e)
{
    for (uint32_t i = 0; i < g->w->q.ntarget; i++)
        if (expr_equal(g->w->q.target[i].expr, e))
            return true;
    return false;
}

/* May a key that follows from others be computed after grouping? Its errors must come all the same. */
static bool may_defer(const struct grouping *g, const struct expr *e)
{
    const struct plan_query *q = &g->w->q;
    if (expr_volatility(e) != FUNC_IMMUTABLE)
        return false;
    return !expr_is_fallible(e) || (is_target(g, e) && !q->having && (q->nsort || (!q->limit && !q->offset)));
}

static void choose_keys(struct grouping *g)
{
    const struct plan_query *q = &g->w->q;
    struct expr **late = ARENA_ARRAY(g->p->arena, struct expr *, q->ngroup);
    uint32_t nlate = 0;
    g->key = ARENA_ARRAY(g->p->arena, struct expr *, q->ngroup);
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < q->ngroup; i++) {
            struct expr *e = q->group[i];
            bool column = e->kind == EXPR_COLUMN;
            bool constant =
                !expr_has_column(e) && expr_volatility(e) == FUNC_IMMUTABLE && !g->p->options->disable_rules;
            if (column != (pass == 0) || (column && follows(g, e)))
                continue;
            if (constant && !expr_is_fallible(e))
                late[nlate++] = e;
            else if (column || g->p->options->disable_rules || !follows(g, e) || !may_defer(g, e))
                g->key[g->nkey++] = e;
        }
    if (g->nkey == 0 && nlate) /* GROUP BY constants: no group without rows */
        g->key[g->nkey++] = late[0];
}

static void collect_aggs(struct grouping *g, struct expr *e)
{
    if (e->kind != EXPR_AGG) {
        for (uint32_t i = 0; i < e->nargs; i++)
            collect_aggs(g, e->args[i]);
        return;
    }
    for (uint32_t i = 0; i < g->nagg; i++)
        if (expr_equal(g->agg[i], e))
            return;
    if (g->nagg == g->cap) {
        g->cap = 2 * g->cap + 8;
        struct expr **grown = ARENA_ARRAY(g->p->arena, struct expr *, g->cap);
        if (g->nagg)
            memcpy(grown, g->agg, g->nagg * sizeof *grown);
        g->agg = grown;
    }
    g->agg[g->nagg++] = e;
}

/* Column of the aggregation's input that holds e, added if new. */
static uint32_t input_column(struct grouping *g, struct expr **in, uint32_t *n, struct expr *e)
{
    (void)g;
    for (uint32_t i = 0; i < *n; i++)
        if (expr_equal(in[i], e))
            return i;
    in[*n] = e;
    return (*n)++;
}

static void fill_agg(struct grouping *g, struct plan_agg *a, const struct expr *e, struct expr **in, uint32_t *n)
{
    a->func = e->agg.func;
    a->narg = e->nargs;
    a->distinct = e->agg.distinct && strcmp(a->func->name, "min") != 0 && strcmp(a->func->name, "max") != 0;
    a->type = e->type;
    a->filter = e->agg.filter ? (int32_t)input_column(g, in, n, e->agg.filter) : -1;
    for (uint32_t i = 0; i < e->nargs; i++)
        a->arg[i] = input_column(g, in, n, e->args[i]);
}

static double group_estimate(const struct grouping *g, double rows)
{
    double groups = 1;
    const struct bind *b = g->p->bind;
    for (uint32_t i = 0; i < g->nkey; i++) {
        struct column_stats stats = {0};
        const struct rte *rte = g->key[i]->kind == EXPR_COLUMN ? rte_of_column(b, g->key[i]->column) : NULL;
        if (rte && rte->kind == RTE_RELATION && b->catalog && b->catalog->stats && !rte->relation.is_virtual)
            b->catalog->stats(b->catalog->arg, rte->relation.def, g->key[i]->column - rte->base, &stats);
        groups *= stats.distinct > 0 ? stats.distinct : 100;
    }
    return MAX_OF(1.0, MIN_OF(groups, rows));
}

static struct expr *after_one(struct expr *e, void *arg)
{
    struct grouping *g = arg;
    for (uint32_t i = 0; i < g->nkey; i++)
        if (expr_equal(e, g->key[i]))
            return column_ref(g->p, g->key_id[i], e->type);
    for (uint32_t i = 0; e->kind == EXPR_AGG && i < g->nagg; i++)
        if (expr_equal(e, g->agg[i]))
            return column_ref(g->p, g->agg_id[i], e->type);
    return e->nargs ? NULL : e;
}

static struct expr *after(struct grouping *g, struct expr *e) { return expr_map(g->p->arena, e, after_one, g); }

/* All inputs are columns of the node below: no projection, just their places there. */
static void read_in_place(struct plan_node *node, const struct rel *in, struct expr **input)
{
    for (uint32_t i = 0; i < node->agg.nkey; i++)
        node->agg.key[i] = (uint32_t)rel_index(in, input[node->agg.key[i]]->column);
    for (uint32_t i = 0; i < node->agg.nagg; i++) {
        struct plan_agg *a = &node->agg.agg[i];
        for (uint32_t k = 0; k < a->narg; k++)
            a->arg[k] = (uint32_t)rel_index(in, input[a->arg[k]]->column);
        if (a->filter >= 0)
            a->filter = (int32_t)rel_index(in, input[a->filter]->column);
    }
}

static struct rel agg_node(struct grouping *g, const struct rel *in)
{
    struct planner *p = g->p;
    uint32_t most = g->nkey + 1, n = 0;
    for (uint32_t i = 0; i < g->nagg; i++)
        most += g->agg[i]->nargs + 1;
    struct expr **input = ARENA_ARRAY(p->arena, struct expr *, most);
    uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, most);
    struct rel out = {.node = plan_node_new(p, PLAN_AGG, g->nkey + g->nagg, 1)};
    struct plan_node *node = out.node;
    node->agg.nkey = g->nkey;
    node->agg.key = ARENA_ARRAY(p->arena, uint32_t, g->nkey);
    node->agg.nagg = g->nagg;
    node->agg.agg = ARENA_ARRAY(p->arena, struct plan_agg, g->nagg);
    for (uint32_t i = 0; i < g->nkey; i++)
        node->agg.key[i] = input_column(g, input, &n, g->key[i]);
    for (uint32_t i = 0; i < g->nagg; i++)
        fill_agg(g, &node->agg.agg[i], g->agg[i], input, &n);
    for (uint32_t i = 0; i < n; i++)
        id[i] = COLUMN_NONE;
    bool plain = true;
    for (uint32_t i = 0; i < n; i++)
        plain &= input[i]->kind == EXPR_COLUMN;
    struct rel projected = plain ? *in : rel_project(p, in, n, input, id);
    if (plain)
        read_in_place(node, in, input);
    node->child[0] = projected.node;
    out.id = ARENA_ARRAY(p->arena, uint32_t, node->ncol);
    for (uint32_t i = 0; i < node->ncol; i++) {
        bool key = i < g->nkey;
        node->type[i] = key ? g->key[i]->type : g->agg[i - g->nkey]->type;
        node->name[i] = key ? projected.node->name[node->agg.key[i]] : NULL;
        out.id[i] = key ? g->key_id[i] : g->agg_id[i - g->nkey];
    }
    node->agg.groups = g->nkey ? group_estimate(g, projected.node->rows) : 1;
    node->rows = node->agg.groups;
    return out;
}

static void number(struct grouping *g)
{
    g->key_id = ARENA_ARRAY(g->p->arena, uint32_t, g->nkey);
    g->agg_id = ARENA_ARRAY(g->p->arena, uint32_t, g->nagg);
    for (uint32_t i = 0; i < g->nkey; i++)
        g->key_id[i] = plan_column(g->p);
    for (uint32_t i = 0; i < g->nagg; i++)
        g->agg_id[i] = plan_column(g->p);
}

bool plan_grouping(struct planner *p, struct work *w, struct rel *rel)
{
    struct grouping g = {.p = p, .w = w};
    struct plan_query *q = &w->q;
    choose_keys(&g);
    for (uint32_t i = 0; i < q->ntarget; i++) {
        q->target[i].expr = expr_map(p->arena, q->target[i].expr, split_one, &g);
        collect_aggs(&g, q->target[i].expr);
    }
    for (uint32_t i = 0; i < w->having.n; i++) {
        w->having.e[i] = expr_map(p->arena, w->having.e[i], split_one, &g);
        collect_aggs(&g, w->having.e[i]);
    }
    number(&g);
    *rel = agg_node(&g, rel);
    for (uint32_t i = 0; i < q->ntarget; i++)
        q->target[i].expr = after(&g, q->target[i].expr);
    for (uint32_t i = 0; i < w->having.n; i++)
        w->having.e[i] = after(&g, w->having.e[i]);
    *rel = rel_filter(p, rel, &w->having);
    return true;
}

struct rel plan_distinct(struct planner *p, const struct rel *in, uint32_t nkey)
{
    struct rel out = {.node = plan_node_new(p, PLAN_AGG, nkey, 1), .id = in->id};
    out.node->child[0] = in->node;
    out.node->agg.nkey = nkey;
    out.node->agg.key = ARENA_ARRAY(p->arena, uint32_t, nkey);
    for (uint32_t i = 0; i < nkey; i++) {
        out.node->agg.key[i] = i;
        out.node->type[i] = in->node->type[i];
        out.node->name[i] = in->node->name[i];
    }
    out.node->rows = out.node->agg.groups = MAX_OF(1.0, in->node->rows / 2);
    return out;
}
