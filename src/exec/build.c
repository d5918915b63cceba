/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a plan tree to pipelines, in the order in which they must run. A chain collects the operators above the node
 * being translated; reaching a leaf (or an operator that has to see all its input first) closes the chain into a
 * pipeline. UNION ALL makes one pipeline per child over the same operators and sink.
 */
#include "exec/exec_int.h"

#include <stdlib.h>

/* Operators from the bottom up; the sink is last. Copied where the tree forks. */
struct chain {
    uint32_t nop;
    struct op *op[PIPE_OPS_MAX]; /* op[0] is the topmost operator's successor: the sink; built top-down */
};

static bool build_node(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                       const struct chain *chain, struct error *err);

void *op_alloc(struct exec_query *q, size_t size, const struct op_class *class, const struct plan_node *node)
{
    struct op *op = arena_zalloc(&q->arena, size);
    op->class = class;
    op->query = q;
    op->node = node;
    if (q->nop == q->op_cap) {
        q->op_cap = MAX_OF(16U, q->op_cap * 2);
        q->op = xrealloc(q->op, q->op_cap * sizeof *q->op);
    }
    q->op[q->nop++] = op;
    return op;
}

static bool chain_add(struct chain *chain, struct op *op, struct error *err)
{
    if (chain->nop == PIPE_OPS_MAX)
        return error_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "the statement has more than %d operators in a row",
                         PIPE_OPS_MAX);
    chain->op[chain->nop++] = op;
    return true;
}

/* Closes the chain over a source into the next pipeline to run. */
static bool add_pipeline(struct exec_query *q, struct op *source, const struct chain *chain)
{
    struct pipeline *p = ARENA_NEW(&q->arena, struct pipeline);
    p->source = source;
    p->nop = chain->nop;
    for (uint32_t i = 0; i < chain->nop; i++)
        p->op[i] = chain->op[chain->nop - 1 - i];
    struct op *sink = p->op[p->nop - 1];
    sink->feeders++;
    p->is_result = sink->class->name[0] == 'r' && strcmp(sink->class->name, "result") == 0;
    if (q->npipe == q->pipe_cap) {
        q->pipe_cap = MAX_OF(8U, q->pipe_cap * 2);
        q->pipe = xrealloc(q->pipe, q->pipe_cap * sizeof *q->pipe);
    }
    q->pipe[q->npipe++] = p;
    return true;
}

static bool build_leaf(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                       const struct chain *chain, struct error *err)
{
    struct op *source = NULL;
    if (node->kind == PLAN_VALUES)
        source = op_values_new(q, node, err);
    else if (node->scan.relation.is_virtual)
        source = op_virtual_new(q, node, err);
    else
        source = op_scan_new(q, node, parent, err);
    return source && add_pipeline(q, source, chain);
}

/* An operator in the middle of a pipeline. */
static bool build_middle(struct exec_query *q, const struct plan_node *node, struct op *op, const struct chain *chain,
                         struct error *err)
{
    struct chain longer = *chain;
    return op && chain_add(&longer, op, err) && build_node(q, node->child[0], node, &longer, err);
}

/* An operator that ends one pipeline and begins another. */
static bool build_breaker(struct exec_query *q, const struct plan_node *node, struct op *op, const struct chain *chain,
                          struct error *err)
{
    struct chain below = {0};
    return op && chain_add(&below, op, err) && build_node(q, node->child[0], node, &below, err) &&
           add_pipeline(q, op, chain);
}

static bool build_join(struct exec_query *q, const struct plan_node *node, const struct chain *chain, struct error *err)
{
    struct op *join = op_join_new(q, node, err);
    struct chain build = {0}, probe = *chain;
    uint32_t build_side = node->join.build_left ? 0 : 1;
    return join && chain_add(&build, op_join_build(join), err) &&
           build_node(q, node->child[build_side], node, &build, err) && chain_add(&probe, join, err) &&
           build_node(q, node->child[1 - build_side], node, &probe, err);
}

static bool build_shared(struct exec_query *q, const struct plan_node *node, const struct chain *chain,
                         struct error *err)
{
    uint32_t i = node->shared.index;
    assert(i < q->plan->nshared);
    if (!q->shared_op)
        q->shared_op = ARENA_ARRAY(&q->arena, struct op *, q->plan->nshared);
    if (!q->shared_op[i]) {
        struct chain fill = {0};
        q->shared_op[i] = op_buffer_new(q, q->plan->shared[i]);
        if (!chain_add(&fill, q->shared_op[i], err) || !build_node(q, q->plan->shared[i], NULL, &fill, err))
            return false;
    }
    return add_pipeline(q, op_buffer_reader(q->shared_op[i]), chain);
}

/* In one process an exchange is the fragment itself. */
static bool build_exchange(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                           const struct chain *chain, struct error *err)
{
    assert(node->exchange.fragment > 0 && node->exchange.fragment < q->plan->nfragment);
    return build_node(q, q->plan->fragment[node->exchange.fragment].root, parent, chain, err);
}

static bool build_node(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                       const struct chain *chain, struct error *err)
{
    switch (node->kind) {
    case PLAN_SCAN:
    case PLAN_VALUES: return build_leaf(q, node, parent, chain, err);
    case PLAN_FILTER: return build_middle(q, node, op_filter_new(q, node, err), chain, err);
    case PLAN_PROJECT: return build_middle(q, node, op_project_new(q, node, err), chain, err);
    case PLAN_LIMIT: return build_middle(q, node, op_limit_new(q, node, err), chain, err);
    case PLAN_AGG: return build_breaker(q, node, op_agg_new(q, node, err), chain, err);
    case PLAN_SORT: return build_breaker(q, node, op_sort_new(q, node, err), chain, err);
    case PLAN_JOIN: return build_join(q, node, chain, err);
    case PLAN_SHARED: return build_shared(q, node, chain, err);
    case PLAN_EXCHANGE: return build_exchange(q, node, parent, chain, err);
    case PLAN_UNION_ALL:
        for (uint32_t i = 0; i < node->nchild; i++)
            if (!build_node(q, node->child[i], node, chain, err))
                return false;
        return true;
    }
    __builtin_unreachable();
}

bool query_build_tree(struct exec_query *q, const struct plan_node *root, struct op *sink, struct error *err)
{
    struct chain chain = {0};
    return chain_add(&chain, sink, err) && build_node(q, root, NULL, &chain, err);
}

bool query_build(struct exec_query *q, struct error *err)
{
    const struct plan_node *root = q->plan->fragment[0].root;
    return query_build_tree(q, root, op_result_new(q, root), err);
}
