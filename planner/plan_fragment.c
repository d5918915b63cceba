/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a plan for servers and a broker: scans with what follows them row by row run on the servers, aggregations in two
 * halves, top-N on both sides of a merge.
 */
#include "func/agg.h"
#include "planner/plan_int.h"

struct cutter {
    struct planner *p;
    struct plan *plan;
    uint32_t cap;
};

/* Can the whole subtree run on each server over its own rows? */
static bool is_local(const struct plan_node *node)
{
    switch (node->kind) {
    case PLAN_SCAN: return !node->scan.relation.is_virtual;
    case PLAN_FILTER:
    case PLAN_PROJECT: return is_local(node->child[0]);
    default: return false;
    }
}

static uint32_t add_fragment(struct cutter *c, struct plan_node *root)
{
    struct plan *plan = c->plan;
    if (plan->nfragment == c->cap) {
        c->cap = 2 * c->cap + 4;
        struct plan_fragment *grown = ARENA_ARRAY(c->p->arena, struct plan_fragment, c->cap);
        memcpy(grown, plan->fragment, plan->nfragment * sizeof *grown);
        plan->fragment = grown;
    }
    plan->fragment[plan->nfragment] = (struct plan_fragment){.root = root, .on_servers = true};
    return plan->nfragment++;
}

static struct plan_node *exchange(struct cutter *c, enum exchange_kind kind, struct plan_node *source)
{
    struct plan_node *node = plan_node_new(c->p, PLAN_EXCHANGE, source->ncol, 0);
    memcpy(node->type, source->type, source->ncol * sizeof *node->type);
    memcpy(node->name, source->name, source->ncol * sizeof *node->name);
    node->rows = source->rows;
    node->exchange.kind = kind;
    node->exchange.fragment = add_fragment(c, source);
    return node;
}

static bool can_split(const struct plan_node *agg)
{
    for (uint32_t i = 0; i < agg->agg.nagg; i++)
        if (agg->agg.agg[i].distinct || !agg->agg.agg[i].func->agg || agg->agg.agg[i].func->agg->npartial == 0)
            return false;
    return true;
}

/* The servers' half; `final` becomes the broker's half over an exchange. */
static void split_agg(struct cutter *c, struct plan_node *final)
{
    uint32_t ncol = final->agg.nkey, at = final->agg.nkey;
    for (uint32_t i = 0; i < final->agg.nagg; i++)
        ncol += final->agg.agg[i].func->agg->npartial;
    struct plan_node *partial = plan_node_new(c->p, PLAN_AGG, ncol, 1);
    partial->child[0] = final->child[0];
    partial->rows = final->rows;
    partial->agg = final->agg;
    partial->agg.mode = AGG_PARTIAL;
    for (uint32_t i = 0; i < final->agg.nkey; i++) {
        partial->type[i] = final->type[i];
        partial->name[i] = final->name[i];
    }
    final->agg.mode = AGG_FINAL;
    final->agg.key = ARENA_ARRAY(c->p->arena, uint32_t, final->agg.nkey);
    final->agg.agg = ARENA_ARRAY(c->p->arena, struct plan_agg, final->agg.nagg);
    for (uint32_t i = 0; i < final->agg.nkey; i++)
        final->agg.key[i] = i;
    for (uint32_t i = 0; i < final->agg.nagg; i++) {
        struct plan_agg *a = &final->agg.agg[i];
        *a = partial->agg.agg[i];
        a->filter = -1;
        a->narg = a->func->agg->npartial;
        for (uint32_t k = 0; k < a->narg; k++) {
            partial->type[at] = coltype(a->func->agg->partial[k]);
            a->arg[k] = at++;
        }
    }
    final->child[0] = exchange(c, EXCHANGE_GATHER, partial);
}

/* Top-N: each server sorts its own and sends offset + limit rows. */
static bool split_sort(struct cutter *c, struct plan_node *sort)
{
    const struct expr *limit = sort->sort.limit, *offset = sort->sort.offset;
    if (!is_local(sort->child[0]) || (offset && (!limit || offset->kind != EXPR_CONST || limit->kind != EXPR_CONST)))
        return false;
    struct plan_node *local = plan_node_new(c->p, PLAN_SORT, sort->ncol, 1);
    memcpy(local->type, sort->type, sort->ncol * sizeof *local->type);
    memcpy(local->name, sort->name, sort->ncol * sizeof *local->name);
    local->rows = sort->rows;
    local->sort = sort->sort;
    local->child[0] = sort->child[0];
    if (offset && !limit->value.is_null && !offset->value.is_null) {
        struct expr *both = arena_alloc(c->p->arena, sizeof *both);
        *both = *limit;
        if (__builtin_add_overflow(limit->value.d.i64, offset->value.d.i64, &both->value.d.i64))
            both->value.d.i64 = INT64_MAX;
        local->sort.limit = both;
    }
    local->sort.offset = NULL;
    struct plan_node *merge = exchange(c, EXCHANGE_MERGE, local);
    merge->exchange.nkey = sort->sort.nkey;
    merge->exchange.key = sort->sort.key;
    sort->child[0] = merge;
    return true;
}

static void cut(struct cutter *c, struct plan_node *node)
{
    if (node->kind == PLAN_AGG && node->nchild == 1 && is_local(node->child[0]) && can_split(node)) {
        split_agg(c, node);
        return;
    }
    if (node->kind == PLAN_SORT && split_sort(c, node))
        return;
    for (uint32_t i = 0; i < node->nchild; i++) {
        if (is_local(node->child[i]))
            node->child[i] = exchange(c, EXCHANGE_GATHER, node->child[i]);
        else
            cut(c, node->child[i]);
    }
}

void cut_fragments(struct planner *p, struct plan *plan)
{
    struct cutter c = {.p = p, .plan = plan, .cap = plan->nfragment};
    struct plan_node *root = plan->fragment[0].root;
    if (is_local(root))
        plan->fragment[0].root = root = exchange(&c, EXCHANGE_GATHER, root);
    else
        cut(&c, root);
    for (uint32_t i = 0; i < plan->nshared; i++)
        if (!is_local(plan->shared[i]))
            cut(&c, plan->shared[i]);
    for (uint32_t i = 0; i < plan->ninit; i++)
        if (!is_local(plan->init[i].root))
            cut(&c, plan->init[i].root);
}
