/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simple subqueries in FROM become part of the query around them: their FROM takes their place, their columns are
 * replaced by what they stand for.
 */
#include "planner/plan_int.h"

static const struct plan_query *simple_query(const struct rte *rte)
{
    const struct plan_query *q = rte->query;
    if (rte->kind == RTE_RELATION || (rte->kind == RTE_CTE && (rte->cte->refs > 1 || rte->cte->always)))
        return NULL;
    if (q->kind != QUERY_SELECT || !q->from || q->grouped || q->distinct || q->limit || q->offset)
        return NULL;
    if (q->where && expr_has(q->where, EXPR_SUBLINK))
        return NULL;
    for (uint32_t i = 0; i < q->nvisible; i++)
        if (expr_volatility(q->target[i].expr) == FUNC_VOLATILE || expr_has(q->target[i].expr, EXPR_SUBLINK))
            return NULL;
    return q;
}

static void substitute_all(struct planner *p, struct work *w, uint32_t base, uint32_t n, struct expr **by)
{
    struct plan_query *q = &w->q;
    for (uint32_t i = 0; i < q->ntarget; i++)
        q->target[i].expr = substitute(p, q->target[i].expr, base, n, by);
    for (uint32_t i = 0; i < q->ngroup; i++)
        q->group[i] = substitute(p, q->group[i], base, n, by);
    for (uint32_t i = 0; i < w->where.n; i++)
        w->where.e[i] = substitute(p, w->where.e[i], base, n, by);
    for (uint32_t i = 0; i < w->having.n; i++)
        w->having.e[i] = substitute(p, w->having.e[i], base, n, by);
}

static void substitute_on(struct planner *p, struct from_node *from, uint32_t base, uint32_t n, struct expr **by)
{
    if (from->kind == FROM_RTE)
        return;
    if (from->on)
        from->on = substitute(p, from->on, base, n, by);
    substitute_on(p, from->left, base, n, by);
    substitute_on(p, from->right, base, n, by);
}

static struct from_node *copy_from(struct planner *p, const struct from_node *from)
{
    struct from_node *copy = arena_alloc(p->arena, sizeof *copy);
    *copy = *from;
    if (from->kind == FROM_JOIN) {
        copy->left = copy_from(p, from->left);
        copy->right = copy_from(p, from->right);
    }
    return copy;
}

/* slot: where in the tree the node hangs; only inner joins are above it. True = something was replaced. */
static bool pull_up(struct planner *p, struct work *w, struct from_node *root, struct from_node **slot)
{
    struct from_node *from = *slot;
    if (from->kind == FROM_JOIN)
        return from->join == JOIN_INNER && (pull_up(p, w, root, &from->left) || pull_up(p, w, root, &from->right));
    const struct rte *rte = from->rte;
    const struct plan_query *sub = simple_query(rte);
    if (!sub)
        return false;
    struct expr **by = ARENA_ARRAY(p->arena, struct expr *, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++)
        by[i] = fold(p, sub->target[i].expr);
    if (root != from)
        substitute_on(p, root, rte->base, rte->ncol, by);
    substitute_all(p, w, rte->base, rte->ncol, by);
    if (sub->where) { /* its conditions come first: they may guard the others against errors */
        struct quals all = {0};
        quals_split(p, &all, fold(p, sub->where));
        for (uint32_t i = 0; i < w->where.n; i++)
            quals_add(p, &all, w->where.e[i]);
        w->where = all;
    }
    *slot = copy_from(p, sub->from);
    return true;
}

void flatten(struct planner *p, struct work *w)
{
    if (!w->q.from || p->options->disable_rules)
        return;
    w->q.from = copy_from(p, w->q.from);
    while (pull_up(p, w, w->q.from, &w->q.from))
        ;
}
