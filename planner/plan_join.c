/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROM: conditions sink to the lowest place that has their columns, inner joins are ordered by estimated size,
 * equalities become hash keys.
 */
#include "planner/plan_int.h"

enum { ITEMS_MAX = 64 };

struct items { /* what a list of inner joins joins */
    uint32_t n;
    const struct from_node *node[ITEMS_MAX];
    struct quals quals[ITEMS_MAX]; /* conditions of one item alone */
    struct rel rel[ITEMS_MAX];
    bool joined[ITEMS_MAX];
    bool too_many;
};

/* Does a column belong to this part of FROM? */
static bool from_has(const struct from_node *from, uint32_t id)
{
    if (from->kind == FROM_RTE)
        return id >= from->rte->base && id < from->rte->base + from->rte->ncol;
    return from_has(from->left, id) || from_has(from->right, id);
}

static bool from_covers(const struct from_node *from, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN)
        return from_has(from, e->column);
    for (uint32_t i = 0; i < e->nargs; i++)
        if (!from_covers(from, e->args[i]))
            return false;
    return true;
}

static bool from_touches(const struct from_node *from, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN)
        return from_has(from, e->column);
    for (uint32_t i = 0; i < e->nargs; i++)
        if (from_touches(from, e->args[i]))
            return true;
    return false;
}

/* ---- one join of two planned sides ---- */

struct keys {
    uint32_t n;
    struct expr **left, **right;
    struct quals rest;
};

/* l = r with l of one side and r of the other: both sides in the type they are compared in. */
static bool take_key(struct planner *p, struct expr *e, const struct rel *l, const struct rel *r, struct keys *k)
{
    const char *op;
    oid_t as;
    if (!is_comparison(e, &op) || strcmp(op, "=") != 0)
        return false;
    struct expr *a = e->args[0], *b = e->args[1];
    if (!expr_has_column(a) || !expr_has_column(b))
        return false;
    if (rel_covers(r, a) && rel_covers(l, b)) {
        struct expr *t = a;
        a = b;
        b = t;
    } else if (!rel_covers(l, a) || !rel_covers(r, b)) {
        return false;
    }
    if (a->type.oid != b->type.oid) {
        oid_t x = a->type.oid, y = b->type.oid;
        oid_t to = can_coerce(1, &y, &x, CAST_IMPLICIT) ? x : y;
        if (!bind_equality(p->bind, to, &as))
            return false;
        a = coerce(p->bind, a, coltype(to), CAST_IMPLICIT, -1);
        b = coerce(p->bind, b, coltype(to), CAST_IMPLICIT, -1);
        if (!a || !b)
            return false;
    }
    struct expr *sa = strip_relabel(a), *sb = strip_relabel(b);
    bool text = type_phys(sa->type.oid) == PHYS_STR && type_phys(sb->type.oid) == PHYS_STR;
    k->left[k->n] = text || sa->type.oid == sb->type.oid ? sa : a;
    k->right[k->n++] = text || sa->type.oid == sb->type.oid ? sb : b;
    return true;
}

static struct rel with_keys(struct planner *p, const struct rel *in, uint32_t n, struct expr **e, uint32_t *column)
{
    struct rel out = *in;
    for (uint32_t i = 0; i < n; i++)
        out = rel_with(p, &out, e[i], &column[i]);
    return out;
}

static struct rel join_node(struct planner *p, enum join_kind kind, const struct rel *l, const struct rel *r)
{
    bool one_side = kind == JOIN_SEMI || kind == JOIN_ANTI || kind == JOIN_MARK;
    uint32_t nl = l->node->ncol, nr = one_side ? 0 : r->node->ncol, n = nl + nr + (kind == JOIN_MARK);
    struct rel out = {.node = plan_node_new(p, PLAN_JOIN, n, 2), .id = ARENA_ARRAY(p->arena, uint32_t, n)};
    out.node->child[0] = l->node;
    out.node->child[1] = r->node;
    out.node->join.kind = kind;
    for (uint32_t i = 0; i < nl + nr; i++) {
        const struct rel *side = i < nl ? l : r;
        uint32_t c = i < nl ? i : i - nl;
        out.node->type[i] = side->node->type[c];
        out.node->name[i] = side->node->name[c];
        out.id[i] = side->id[c];
    }
    return out;
}

/* Drops columns that nothing above needs. */
static struct rel prune(struct planner *p, const struct rel *in)
{
    uint32_t n = 0, keep = 0;
    struct expr **e = ARENA_ARRAY(p->arena, struct expr *, in->node->ncol);
    uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, in->node->ncol);
    for (uint32_t i = 0; i < in->node->ncol; i++)
        if (in->id[i] != COLUMN_NONE && *use_of(p, in->id[i])) {
            e[n] = column_ref(p, in->id[i], in->node->type[i]);
            id[n++] = in->id[i];
        }
    keep = n;
    return keep == in->node->ncol ? *in : rel_project(p, in, n, e, id);
}

static struct rel join(struct planner *p, enum join_kind kind, struct rel l, struct rel r, const struct quals *on)
{
    struct keys k = {.left = ARENA_ARRAY(p->arena, struct expr *, on->n),
                     .right = ARENA_ARRAY(p->arena, struct expr *, on->n)};
    for (uint32_t i = 0; i < on->n; i++)
        if (!take_key(p, on->e[i], &l, &r, &k))
            quals_add(p, &k.rest, on->e[i]);
    uint32_t *lk = ARENA_ARRAY(p->arena, uint32_t, k.n), *rk = ARENA_ARRAY(p->arena, uint32_t, k.n);
    l = with_keys(p, &l, k.n, k.left, lk);
    r = with_keys(p, &r, k.n, k.right, rk);
    struct rel out = join_node(p, kind, &l, &r);
    out.node->join.nkey = k.n;
    out.node->join.left_key = lk;
    out.node->join.right_key = rk;
    if (k.rest.n) {
        struct expr *all = k.rest.e[0];
        if (k.rest.n > 1) {
            all = make_call(p, NULL, coltype(TYPE_BOOL), k.rest.n, k.rest.e);
            all->kind = EXPR_AND;
        }
        out.node->join.cond = rel_map(p, &out, all);
    }
    double a = l.node->rows, b = r.node->rows, part = quals_selectivity(&k.rest);
    out.node->rows = k.n ? MAX_OF(a, b) * part : a * b * part;
    if (kind == JOIN_LEFT || kind == JOIN_FULL)
        out.node->rows = MAX_OF(out.node->rows, a);
    out.node->join.build_left = kind == JOIN_INNER && k.n && a < b;
    for (uint32_t i = 0; i < on->n; i++)
        use_columns(p, on->e[i], -1);
    return prune(p, &out);
}

/* ---- inner joins ---- */

static void collect(struct planner *p, const struct from_node *from, struct items *items, struct quals *all)
{
    if (from->kind == FROM_JOIN && from->join == JOIN_INNER) {
        collect(p, from->left, items, all);
        collect(p, from->right, items, all);
        if (from->on)
            quals_split(p, all, fold(p, from->on));
        return;
    }
    if (items->n == ITEMS_MAX)
        items->too_many = true;
    else
        items->node[items->n++] = from;
}

/* Conditions over one item go to it; the others stay in `rest`. */
static void distribute(struct planner *p, struct items *items, const struct quals *all, struct quals *rest)
{
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t at = 0;
        while (at < items->n && !(expr_has_column(all->e[i]) && from_covers(items->node[at], all->e[i])))
            at++;
        quals_add(p, at < items->n ? &items->quals[at] : rest, all->e[i]);
    }
}

static bool connected(struct planner *p, const struct rel *l, const struct rel *r, const struct quals *rest)
{
    struct rel both = join_node(p, JOIN_INNER, l, r);
    p->plan->nnode--;
    for (uint32_t i = 0; i < rest->n; i++)
        if (rel_covers(&both, rest->e[i]) && !rel_covers(l, rest->e[i]) && !rel_covers(r, rest->e[i]))
            return true;
    return false;
}

/* Next item to join: connected ones first, then the smallest. */
static uint32_t next_item(struct planner *p, const struct items *items, const struct rel *have,
                          const struct quals *rest)
{
    uint32_t best = UINT32_MAX;
    bool best_connected = false;
    for (uint32_t i = 0; i < items->n; i++) {
        if (items->joined[i])
            continue;
        bool is = connected(p, have, &items->rel[i], rest);
        if (best == UINT32_MAX || (is && !best_connected) ||
            (is == best_connected && items->rel[i].node->rows < items->rel[best].node->rows)) {
            best = i;
            best_connected = is;
        }
    }
    return best;
}

/* The conditions of rest that now have all their columns, taken out of it. */
static struct quals ready(struct planner *p, struct quals *rest, const struct rel *l, const struct rel *r)
{
    struct quals out = {0}, keep = {0};
    struct rel both = join_node(p, JOIN_INNER, l, r);
    p->plan->nnode--;
    for (uint32_t i = 0; i < rest->n; i++)
        quals_add(p, rel_covers(&both, rest->e[i]) && expr_has_column(rest->e[i]) ? &out : &keep, rest->e[i]);
    *rest = keep;
    return out;
}

static bool plan_inner(struct planner *p, const struct from_node *from, const struct quals *quals, struct rel *out)
{
    struct items *items = ARENA_NEW(p->arena, struct items);
    struct quals all = {0}, rest = {0};
    collect(p, from, items, &all);
    for (uint32_t i = 0; i < quals->n; i++)
        quals_add(p, &all, quals->e[i]);
    if (items->too_many)
        return error_set(p->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a query may join at most %d tables", ITEMS_MAX);
    distribute(p, items, &all, &rest);
    for (uint32_t i = 0; i < items->n; i++)
        if (!plan_from(p, items->node[i], &items->quals[i], &items->rel[i]))
            return false;
    uint32_t start = 0;
    for (uint32_t i = 1; i < items->n && !p->options->disable_rules; i++)
        if (items->rel[i].node->rows > items->rel[start].node->rows)
            start = i;
    *out = items->rel[start];
    items->joined[start] = true;
    for (uint32_t k = 1; k < items->n; k++) {
        uint32_t next = next_item(p, items, out, &rest);
        struct quals on = ready(p, &rest, out, &items->rel[next]);
        *out = join(p, JOIN_INNER, *out, items->rel[next], &on);
        items->joined[next] = true;
    }
    *out = rel_filter(p, out, &rest);
    for (uint32_t i = 0; i < rest.n; i++)
        use_columns(p, rest.e[i], -1);
    return true;
}

/* ---- outer joins ---- */

/* Is the value NULL when all columns of this side are? */
static bool gives_null(const struct expr *e, const struct from_node *side)
{
    switch (e->kind) {
    case EXPR_COLUMN: return from_has(side, e->column);
    case EXPR_RELABEL:
    case EXPR_NOT: return gives_null(e->args[0], side);
    case EXPR_CALL:
        for (uint32_t i = 0; e->func->strict && i < e->nargs; i++)
            if (gives_null(e->args[i], side))
                return true;
        return false;
    default: return false;
    }
}

/* Is the condition never true when all columns of this side are NULL? */
static bool rejects_nulls(const struct expr *e, const struct from_node *side)
{
    switch (e->kind) {
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IN: return gives_null(e->args[0], side);
    case EXPR_AND:
        for (uint32_t i = 0; i < e->nargs; i++)
            if (rejects_nulls(e->args[i], side))
                return true;
        return false;
    case EXPR_OR:
        for (uint32_t i = 0; i < e->nargs; i++)
            if (!rejects_nulls(e->args[i], side))
                return false;
        return true;
    default: return gives_null(e, side);
    }
}

static bool plan_outer(struct planner *p, const struct from_node *from, const struct quals *quals, struct rel *out)
{
    const struct from_node *keep = from->left, *null_side = from->right;
    struct quals left = {0}, right = {0}, top = {0}, on = {0}, split = {0};
    struct rel l, r;
    if (from->join == JOIN_RIGHT) {
        keep = from->right;
        null_side = from->left;
    }
    for (uint32_t i = 0; i < quals->n && from->join != JOIN_FULL; i++)
        if (rejects_nulls(quals->e[i], null_side)) {
            struct from_node inner = *from;
            inner.join = JOIN_INNER;
            return plan_inner(p, &inner, quals, out);
        }
    for (uint32_t i = 0; i < quals->n; i++)
        quals_add(p, from->join != JOIN_FULL && from_covers(keep, quals->e[i]) ? &left : &top, quals->e[i]);
    if (from->on)
        quals_split(p, &split, fold(p, from->on));
    for (uint32_t i = 0; i < split.n; i++) {
        bool only_right =
            from->join != JOIN_FULL && from_covers(null_side, split.e[i]) && from_touches(null_side, split.e[i]);
        quals_add(p, only_right ? &right : &on, split.e[i]);
    }
    if (!plan_from(p, keep, &left, &l) || !plan_from(p, null_side, &right, &r))
        return false;
    *out = join(p, from->join == JOIN_FULL ? JOIN_FULL : JOIN_LEFT, l, r, &on);
    *out = rel_filter(p, out, &top);
    return true;
}

/* ---- subqueries and shared results in FROM ---- */

static struct expr *to_output(struct planner *p, const struct rte *rte, struct expr *e)
{
    struct expr **by = ARENA_ARRAY(p->arena, struct expr *, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++)
        by[i] = column_ref(p, i, rte->type[i]);
    return substitute(p, e, rte->base, rte->ncol, by);
}

static bool plan_shared(struct planner *p, const struct rte *rte, const struct quals *quals, struct rel *out)
{
    struct bound_cte *cte = rte->cte;
    struct rel sub;
    struct quals used = *quals;
    if (cte->shared_by != p->plan) {
        if (!plan_subquery(p, cte->query, NULL, NULL, &sub))
            return false;
        if (p->plan->nshared == p->capshared) {
            p->capshared = 2 * p->capshared + 4;
            struct plan_node **grown = ARENA_ARRAY(p->arena, struct plan_node *, p->capshared);
            if (p->plan->nshared)
                memcpy(grown, p->plan->shared, p->plan->nshared * sizeof *grown);
            p->plan->shared = grown;
        }
        cte->shared = p->plan->nshared;
        cte->shared_by = p->plan;
        p->plan->shared[p->plan->nshared++] = sub.node;
    }
    struct plan_node *source = p->plan->shared[cte->shared];
    out->node = plan_node_new(p, PLAN_SHARED, source->ncol, 0);
    out->node->shared.index = cte->shared;
    out->node->rows = source->rows;
    memcpy(out->node->type, source->type, source->ncol * sizeof *source->type);
    out->id = ARENA_ARRAY(p->arena, uint32_t, source->ncol);
    for (uint32_t i = 0; i < source->ncol; i++) {
        out->id[i] = i < rte->ncol ? rte->base + i : COLUMN_NONE;
        out->node->name[i] = i < rte->ncol ? rte->name[i] : NULL;
    }
    *out = rel_filter(p, out, &used);
    return true;
}

static bool plan_query_item(struct planner *p, const struct rte *rte, const struct quals *quals, struct rel *out)
{
    struct quals push = {0};
    bool *used = ARENA_ARRAY(p->arena, bool, rte->ncol);
    if (rte->kind == RTE_CTE && !rte->cte->never && (rte->cte->refs > 1 || rte->cte->always))
        return plan_shared(p, rte, quals, out);
    for (uint32_t i = 0; i < quals->n; i++) {
        quals_add(p, &push, to_output(p, rte, quals->e[i]));
        use_columns(p, quals->e[i], -1);
    }
    for (uint32_t i = 0; i < rte->ncol; i++)
        used[i] = *use_of(p, rte->base + i) > 0;
    if (!plan_subquery(p, rte->query, used, &push, out))
        return false;
    for (uint32_t i = 0; i < out->node->ncol; i++)
        out->id[i] = out->id[i] < rte->ncol ? rte->base + out->id[i] : COLUMN_NONE;
    return true;
}

bool plan_from(struct planner *p, const struct from_node *from, const struct quals *quals, struct rel *out)
{
    if (from->kind == FROM_RTE)
        return from->rte->kind == RTE_RELATION ? plan_scan(p, from->rte, quals, out)
                                               : plan_query_item(p, from->rte, quals, out);
    return from->join == JOIN_INNER ? plan_inner(p, from, quals, out) : plan_outer(p, from, quals, out);
}

/* ---- IN (subquery) ---- */

bool plan_in(struct planner *p, struct rel *rel, const struct expr *sublink, bool semi, uint32_t *mark)
{
    struct rel sub, l;
    uint32_t *lk = ARENA_ARRAY(p->arena, uint32_t, 1), *rk = ARENA_ARRAY(p->arena, uint32_t, 1);
    if (!plan_subquery(p, sublink->sublink.query, NULL, NULL, &sub))
        return false;
    l = rel_with(p, rel, strip_relabel(sublink->args[0]), &lk[0]);
    *rel = join_node(p, semi ? JOIN_SEMI : JOIN_MARK, &l, &sub);
    rel->node->join.nkey = 1;
    rel->node->join.left_key = lk;
    rel->node->join.right_key = rk;
    rel->node->join.null_aware = !semi;
    rel->node->rows = l.node->rows * (semi ? 0.5 : 1);
    if (semi)
        return true;
    *mark = plan_column(p);
    rel->id[rel->node->ncol - 1] = *mark;
    rel->node->type[rel->node->ncol - 1] = coltype(TYPE_BOOL);
    return true;
}
