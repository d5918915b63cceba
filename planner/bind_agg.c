/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates and the rule that other columns must be grouped by; helpers over expression trees. */
#include "planner/bind_int.h"

void expr_each_child(struct expr *e, void (*fn)(struct expr *child, void *arg), void *arg)
{
    for (uint32_t i = 0; i < e->nargs; i++)
        fn(e->args[i], arg);
    if (e->kind == EXPR_AGG && e->agg.filter)
        fn(e->agg.filter, arg);
}

struct expr *expr_map(struct arena *arena, struct expr *e, struct expr *(*fn)(struct expr *e, void *arg), void *arg)
{
    struct expr *mapped = fn(e, arg);
    if (mapped)
        return mapped;
    struct expr *copy = arena_alloc(arena, sizeof *copy);
    *copy = *e;
    copy->args = ARENA_ARRAY(arena, struct expr *, e->nargs);
    for (uint32_t i = 0; i < e->nargs; i++)
        copy->args[i] = expr_map(arena, e->args[i], fn, arg);
    if (e->kind == EXPR_AGG && e->agg.filter)
        copy->agg.filter = expr_map(arena, e->agg.filter, fn, arg);
    return copy;
}

static void find_agg(struct expr *e, void *arg)
{
    struct expr **found = arg;
    if (*found)
        return;
    if (e->kind == EXPR_AGG)
        *found = e;
    else
        expr_each_child(e, find_agg, arg);
}

/* Where an aggregate may not stand, and how PostgreSQL says so. */
static const char *forbidden(enum bind_place place)
{
    switch (place) {
    case PLACE_WHERE: return "aggregate functions are not allowed in WHERE";
    case PLACE_GROUP: return "aggregate functions are not allowed in GROUP BY";
    case PLACE_JOIN: return "aggregate functions are not allowed in JOIN conditions";
    case PLACE_LIMIT: return "aggregate functions are not allowed in LIMIT";
    case PLACE_OFFSET: return "aggregate functions are not allowed in OFFSET";
    case PLACE_VALUES: return "aggregate functions are not allowed in VALUES";
    case PLACE_FILTER: return "aggregate functions are not allowed in FILTER";
    case PLACE_DEFAULT: return "aggregate functions are not allowed in DEFAULT expressions";
    case PLACE_GENERATED: return "aggregate functions are not allowed in column generation expressions";
    default: return NULL;
    }
}

/* ORDER BY inside an aggregate does not matter for those whose result does not depend on the order. */
static bool order_matters(const struct func *f)
{
    static const char *const free_of_order[] = {"count",   "sum",      "avg",        "min",        "max",    "bool_and",
                                                "bool_or", "every",    "bit_and",    "bit_or",     "stddev", "variance",
                                                "var_pop", "var_samp", "stddev_pop", "stddev_samp"};
    for (size_t i = 0; i < ARRAY_LEN(free_of_order); i++)
        if (strcmp(f->name, free_of_order[i]) == 0)
            return false;
    return true;
}

static bool check_aggregate(struct bind *b, struct scope *s, const struct ast_expr *e, const struct func *f,
                            struct expr **args, uint32_t nargs)
{
    const struct ast_func *a = e->func;
    struct expr *inner = NULL;
    const char *where = forbidden(s->place);
    if (a->within_group) {
        (void)bind_unsupported(b, e->location, NULL, "WITHIN GROUP is");
        return false;
    }
    if (nargs == 0 && !a->star) {
        (void)error_set(b->err, SQLSTATE_WRONG_OBJECT_TYPE,
                        "%s(*) must be used to call a parameterless aggregate function", f->name);
        return bind_fail_at(b, e->location);
    }
    if (where) {
        (void)error_set(b->err, SQLSTATE_GROUPING_ERROR, "%s", where);
        return bind_fail_at(b, e->location);
    }
    for (uint32_t i = 0; i < nargs; i++)
        find_agg(args[i], &inner);
    if (inner) {
        (void)error_set(b->err, SQLSTATE_GROUPING_ERROR, "aggregate function calls cannot be nested");
        return bind_fail_at(b, inner->location);
    }
    if (a->norder && order_matters(f)) {
        (void)bind_unsupported(b, e->location, "Sort in a subquery instead.", "ORDER BY in this aggregate is");
        return false;
    }
    return true;
}

struct expr *bind_aggregate(struct bind *b, struct scope *s, const struct ast_expr *e, const struct func *f,
                            struct expr **args, uint32_t nargs)
{
    const struct ast_func *a = e->func;
    oid_t as;
    if (!check_aggregate(b, s, e, f, args, nargs))
        return NULL;
    struct expr *agg = bind_new(b, EXPR_AGG, coltype(f->result), e->location, nargs);
    agg->agg.func = f;
    agg->agg.star = a->star;
    agg->agg.distinct = a->distinct;
    for (uint32_t i = 0; i < nargs; i++)
        agg->args[i] = args[i];
    if (a->distinct && nargs != 1)
        return bind_unsupported(b, e->location, NULL, "DISTINCT over several arguments is");
    if (a->distinct && !bind_equality(b, args[0]->type.oid, &as)) {
        (void)error_set(b->err, SQLSTATE_UNDEFINED_FUNCTION, "could not identify an equality operator for type %s",
                        type_text(b, args[0]->type.oid));
        return bind_fail_at(b, expr_location(args[0]));
    }
    for (uint32_t i = 0; i < a->norder; i++)
        if (!bind_expr(b, s, a->order[i].expr))
            return NULL;
    if (a->filter && !(agg->agg.filter = bind_condition(b, s, a->filter, PLACE_FILTER, "FILTER")))
        return NULL;
    s->has_agg = true;
    return agg;
}

struct check {
    struct bind *b;
    struct plan_query *q;
    bool failed;
};

static void check_walk(struct expr *e, void *arg)
{
    struct check *c = arg;
    if (c->failed || e->kind == EXPR_AGG)
        return;
    for (uint32_t i = 0; i < c->q->ngroup; i++)
        if (expr_equal(e, c->q->group[i]))
            return;
    if (e->kind != EXPR_COLUMN) {
        expr_each_child(e, check_walk, arg);
        return;
    }
    const struct rte *rte = rte_of_column(c->b, e->column);
    (void)error_set(c->b->err, SQLSTATE_GROUPING_ERROR,
                    "column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate function",
                    rte ? rte->alias : "?", rte ? rte->name[e->column - rte->base] : "?");
    (void)bind_fail_at(c->b, e->location);
    c->failed = true;
}

bool check_grouping(struct bind *b, struct plan_query *q)
{
    struct check c = {b, q, false};
    for (uint32_t i = 0; i < q->ntarget; i++)
        check_walk(q->target[i].expr, &c);
    if (q->having)
        check_walk(q->having, &c);
    return !c.failed;
}
