/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT, VALUES and UNION: clauses in PostgreSQL's order of evaluation. */
#include "planner/bind_int.h"

bool add_target(struct bind *b, struct plan_query *q, struct expr *e, const char *name, bool junk)
{
    enum { TARGETS_MAX = 1664 };
    if (q->ntarget >= TARGETS_MAX)
        return error_set(b->err, SQLSTATE_TOO_MANY_COLUMNS, "target lists can have at most %d entries", TARGETS_MAX);
    if (q->ntarget % 8 == 0) {
        struct query_target *t = ARENA_ARRAY(b->arena, struct query_target, q->ntarget + 8);
        copy_some(t, q->target, q->ntarget * sizeof *t);
        q->target = t;
    }
    struct query_target *t = &q->target[q->ntarget++];
    *t = (struct query_target){.expr = e, .name = name, .junk = junk, .raw = e};
    if (!junk)
        q->nvisible = q->ntarget;
    const struct rte *rte = e->kind == EXPR_COLUMN ? rte_of_column(b, e->column) : NULL;
    if (rte && rte->kind == RTE_RELATION) {
        t->table_oid = rte->relation.def->oid;
        t->attnum = rte->attnum[e->column - rte->base];
    }
    return true;
}

static bool bind_targets(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    s->place = PLACE_SELECT;
    for (uint32_t i = 0; i < sel->ntarget; i++) {
        const struct ast_target *t = &sel->target[i];
        if (t->expr->kind == AX_COLUMN && t->expr->flag) {
            if (!expand_star(b, s, t->expr, q))
                return false;
            continue;
        }
        struct expr *e = bind_expr(b, s, t->expr);
        if (!e || !add_target(b, q, e, t->alias.len ? bind_cstr(b, t->alias) : figure_name(b, t->expr), false))
            return false;
    }
    return true;
}

/* Untyped results become text. */
static bool resolve_unknowns(struct bind *b, struct plan_query *q, bool top)
{
    for (uint32_t i = 0; i < q->ntarget; i++) {
        struct query_target *t = &q->target[i];
        if (t->expr->type.oid != TYPE_UNKNOWN)
            continue;
        t->unknown = true;
        t->raw = t->expr;
        struct expr *copy = arena_alloc(b->arena, sizeof *copy);
        *copy = *t->expr;
        if (top && copy->kind == EXPR_PARAM && b->param_type[copy->param] == TYPE_UNKNOWN) {
            b->param_open[copy->param] = true;
            b->param_type[copy->param] = TYPE_TEXT;
        }
        if (!(t->expr = coerce(b, copy, coltype(TYPE_TEXT), CAST_IMPLICIT, -1)))
            return false;
    }
    return true;
}

static bool no_operator(struct bind *b, const char *which, oid_t type, int32_t location)
{
    (void)error_set(b->err, SQLSTATE_UNDEFINED_FUNCTION, "could not identify an %s operator for type %s", which,
                    type_text(b, type));
    if (which[0] == 'o')
        (void)error_hint(b->err, "Use an explicit ordering operator or modify the query.");
    return bind_fail_at(b, location);
}

static bool groupable(struct bind *b, const struct expr *e)
{
    oid_t as;
    if (e->type.oid == TYPE_UNKNOWN || bind_equality(b, e->type.oid, &as))
        return true;
    return no_operator(b, "equality", e->type.oid, expr_location(e));
}

/* The result column a bare number or name in ORDER BY, GROUP BY stands for. -1: none; -2: error. */
static int64_t find_by_alias(struct bind *b, const struct plan_query *q, const struct ast_expr *e, const char *clause)
{
    if (e->kind == AX_INT || e->kind == AX_FLOAT || e->kind == AX_STRING || e->kind == AX_NULL) {
        if (e->kind != AX_INT) {
            (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "non-integer constant in %s", clause);
            (void)bind_fail_at(b, e->location);
            return -2;
        }
        if (e->integer >= 1 && (uint32_t)e->integer <= q->nvisible)
            return e->integer - 1;
        (void)error_set(b->err, SQLSTATE_INVALID_COLUMN_REFERENCE, "%s position %d is not in select list", clause,
                        e->integer);
        (void)bind_fail_at(b, e->location);
        return -2;
    }
    if (e->kind != AX_COLUMN || e->nname != 1 || e->flag)
        return -1;
    int64_t found = -1;
    for (uint32_t i = 0; i < q->nvisible; i++) {
        if (!strview_equal_cstr(e->name[0], q->target[i].name))
            continue;
        if (found >= 0 && !expr_equal(q->target[found].expr, q->target[i].expr)) {
            (void)error_set(b->err, SQLSTATE_AMBIGUOUS_COLUMN, "%s \"%.*s\" is ambiguous", clause, (int)e->name[0].len,
                            e->name[0].ptr);
            (void)bind_fail_at(b, e->location);
            return -2;
        }
        if (found < 0)
            found = i;
    }
    return found;
}

/* A name without a match that is a result column's name but for case. */
static int64_t find_by_alias_nocase(const struct plan_query *q, const struct ast_expr *e)
{
    int64_t found = -1;
    if (e->kind != AX_COLUMN || e->nname != 1 || e->flag || e->quoted[0])
        return -1;
    for (uint32_t i = 0; i < q->nvisible; i++)
        if (strview_equal_nocase(e->name[0], strview_of(q->target[i].name)))
            found = found < 0 ? (int64_t)i : -2;
    return found < 0 ? -1 : found;
}

static bool bind_group(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    q->group = ARENA_ARRAY(b->arena, struct expr *, sel->ngroup);
    s->place = PLACE_GROUP;
    for (uint32_t i = 0; i < sel->ngroup; i++) {
        const struct ast_expr *a = sel->group[i];
        struct expr *e = NULL;
        int64_t at = -1;
        /* A name is an input column first, then a result column; numbers are result columns. */
        bool name = a->kind == AX_COLUMN && a->nname == 1 && !a->flag;
        if (!name || !probe_column(b, s, a->name[0], a->quoted[0], a->location))
            at = find_by_alias(b, q, a, "GROUP BY");
        if (at == -1 && name && !probe_column(b, s, a->name[0], a->quoted[0], a->location))
            at = find_by_alias_nocase(q, a);
        if (at == -2)
            return false;
        if (at >= 0) {
            e = q->target[at].expr;
        } else if (a->kind == AX_ROW && a->nargs == 0) {
            continue; /* GROUP BY () */
        } else {
            e = bind_expr(b, s, a);
        }
        if (!e || !groupable(b, e))
            return false;
        if (e->type.oid == TYPE_UNKNOWN && at < 0 && !(e = coerce(b, e, coltype(TYPE_TEXT), CAST_IMPLICIT, -1)))
            return false;
        q->group[q->ngroup++] = e;
    }
    q->grouped = sel->ngroup > 0;
    return true;
}

/* GROUP BY 2 of a result column that holds an aggregate. */
static bool no_agg_in_group(struct bind *b, const struct plan_query *q)
{
    for (uint32_t i = 0; i < q->ngroup; i++)
        if (q->group[i]->kind == EXPR_AGG) {
            (void)error_set(b->err, SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in GROUP BY");
            return bind_fail_at(b, q->group[i]->location);
        }
    return true;
}

static bool add_sort(struct bind *b, struct plan_query *q, uint32_t target, const struct ast_sort *sort)
{
    const struct expr *e = q->target[target].expr;
    if (sort->using_op) {
        (void)bind_unsupported(b, sort->location, "Use ASC or DESC.", "ORDER BY … USING is");
        return false;
    }
    if (e->type.oid != TYPE_UNKNOWN && !bind_has_order(b, e->type.oid))
        return no_operator(b, "ordering", e->type.oid, ast_location(sort->expr));
    for (uint32_t i = 0; i < q->nsort; i++)
        if (q->sort[i].target == target)
            return true; /* sorted by it already */
    q->sort[q->nsort++] = (struct query_sort){target, sort->desc, sort->nulls_first};
    return true;
}

static bool bind_order(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    q->sort = ARENA_ARRAY(b->arena, struct query_sort, sel->nsort);
    s->place = PLACE_ORDER;
    for (uint32_t i = 0; i < sel->nsort; i++) {
        const struct ast_expr *a = sel->sort[i].expr;
        int64_t at = find_by_alias(b, q, a, "ORDER BY");
        if (at == -1 && a->kind == AX_COLUMN && a->nname == 1 &&
            !probe_column(b, s, a->name[0], a->quoted[0], a->location))
            at = find_by_alias_nocase(q, a);
        if (at == -2)
            return false;
        if (at < 0) {
            struct expr *e = bind_expr(b, s, a);
            if (!e)
                return false;
            for (uint32_t t = 0; t < q->ntarget && at < 0; t++)
                if (expr_equal(q->target[t].expr, e))
                    at = t;
            if (at < 0 && sel->distinct) {
                (void)error_set(b->err, SQLSTATE_INVALID_COLUMN_REFERENCE,
                                "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
                return bind_fail_at(b, ast_location(a));
            }
            if (at < 0) {
                at = q->ntarget;
                if (!add_target(b, q, e, "?column?", true))
                    return false;
            }
        }
        if (!add_sort(b, q, (uint32_t)at, &sel->sort[i]))
            return false;
    }
    return true;
}

static void has_column(struct expr *e, void *arg)
{
    int32_t *at = arg;
    if (e->kind == EXPR_COLUMN)
        *at = e->location;
    else
        expr_each_child(e, has_column, arg);
}

static bool bind_count(struct bind *b, struct scope *s, const struct ast_expr *a, const char *what, struct expr **out)
{
    int32_t column_at = INT32_MIN;
    if (!a || a->kind == AX_NULL) /* LIMIT NULL, LIMIT ALL */
        return true;
    s->place = what[0] == 'L' ? PLACE_LIMIT : PLACE_OFFSET;
    struct expr *e = bind_expr(b, s, a);
    if (!e)
        return false;
    if (e->type.oid != TYPE_UNKNOWN && !coerce_possible(e, TYPE_INT8, CAST_ASSIGNMENT)) {
        (void)error_set(b->err, SQLSTATE_DATATYPE_MISMATCH, "argument of %s must be type bigint, not type %s", what,
                        type_text(b, e->type.oid));
        return bind_fail_at(b, expr_location(e));
    }
    if (!(e = coerce(b, e, coltype(TYPE_INT8), CAST_ASSIGNMENT, e->location)))
        return false;
    has_column(e, &column_at);
    if (column_at != INT32_MIN) {
        (void)error_set(b->err, SQLSTATE_INVALID_COLUMN_REFERENCE, "argument of %s must not contain variables", what);
        return bind_fail_at(b, column_at);
    }
    *out = e;
    return true;
}

static bool bind_limits(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    if (sel->with_ties) {
        (void)bind_unsupported(b, sel->limit ? sel->limit->location : -1, NULL, "WITH TIES is");
        return false;
    }
    return bind_count(b, s, sel->offset, "OFFSET", &q->offset) && bind_count(b, s, sel->limit, "LIMIT", &q->limit);
}

static bool check_clauses(struct bind *b, const struct ast_select *sel)
{
    if (sel->ndistinct_on)
        (void)bind_unsupported(b, sel->distinct_on[0]->location, NULL, "DISTINCT ON is");
    else if (sel->into)
        (void)bind_unsupported(b, sel->location, "Use CREATE TABLE … AS or INSERT … SELECT.", "SELECT INTO is");
    else if (sel->windows)
        (void)bind_unsupported(b, sel->location, NULL, "window functions are");
    else
        return true;
    return false;
}

static bool bind_distinct(struct bind *b, const struct ast_select *sel, struct plan_query *q)
{
    q->distinct = sel->distinct;
    for (uint32_t i = 0; q->distinct && i < q->nvisible; i++)
        if (!groupable(b, q->target[i].expr))
            return false;
    return true;
}

static bool bind_plain(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    if (!check_clauses(b, sel) || !bind_from(b, s, sel) || !bind_targets(b, s, sel, q))
        return false;
    if (sel->where && !(q->where = bind_condition(b, s, sel->where, PLACE_WHERE, "WHERE")))
        return false;
    if (sel->having && !(q->having = bind_condition(b, s, sel->having, PLACE_HAVING, "HAVING")))
        return false;
    if (!bind_order(b, s, sel, q) || !bind_group(b, s, sel, q) || !bind_distinct(b, sel, q) ||
        !bind_limits(b, s, sel, q))
        return false;
    q->grouped |= s->has_agg || q->having;
    bool keep = s->parent && s->parent->keep_unknown && !q->distinct && !q->nsort;
    if (!keep && !resolve_unknowns(b, q, s->parent == NULL))
        return false;
    return !q->grouped || (no_agg_in_group(b, q) && check_grouping(b, q));
}

/* ---- VALUES ---- */

static bool bind_values(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    uint32_t ncol = sel->row_width[0];
    q->kind = QUERY_VALUES;
    q->nrow = sel->nrow;
    q->row = ARENA_ARRAY(b->arena, struct expr **, sel->nrow);
    s->place = PLACE_VALUES;
    for (uint32_t i = 0; i < sel->nrow; i++) {
        if (sel->row_width[i] != ncol) {
            (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "VALUES lists must all be the same length");
            return bind_fail_at(b, sel->row_width[i] ? ast_location(sel->row[i][0]) : -1);
        }
        q->row[i] = ARENA_ARRAY(b->arena, struct expr *, ncol);
        for (uint32_t c = 0; c < ncol; c++)
            if (!(q->row[i][c] = bind_expr(b, s, sel->row[i][c])))
                return false;
    }
    q->base = b->ncolumn;
    b->ncolumn += ncol;
    struct ns_item *item = add_item(b, s, NULL, "*VALUES*", ncol);
    q->values_type = ARENA_ARRAY(b->arena, struct coltype, ncol);
    struct expr **column = ARENA_ARRAY(b->arena, struct expr *, sel->nrow);
    for (uint32_t c = 0; c < ncol; c++) {
        for (uint32_t i = 0; i < sel->nrow; i++)
            column[i] = q->row[i][c];
        /* INSERT takes each value by itself, so types that do not go together are not an error yet. */
        oid_t type = common_type(b, column, sel->nrow, NULL);
        q->values_type[c] = (struct coltype){type, type ? common_typmod(column, sel->nrow, type) : -1};
        struct expr *out = bind_new(b, EXPR_COLUMN, type ? q->values_type[c] : coltype(TYPE_TEXT), -1, 0);
        out->column = q->base + c;
        item->column[c] = arena_fmt(b->arena, "column%u", c + 1);
        item->expr[c] = out;
        if (!add_target(b, q, out, item->column[c], false))
            return false;
    }
    return true;
}

bool resolve_values(struct bind *b, struct plan_query *q)
{
    struct expr **column = ARENA_ARRAY(b->arena, struct expr *, q->nrow);
    struct expr ***rows = ARENA_ARRAY(b->arena, struct expr **, q->nrow);
    for (uint32_t i = 0; i < q->nrow; i++)
        rows[i] = ARENA_ARRAY(b->arena, struct expr *, q->ntarget);
    for (uint32_t c = 0; c < q->nvisible; c++) {
        for (uint32_t i = 0; i < q->nrow; i++)
            column[i] = q->row[i][c];
        if (q->values_type[c].oid == 0)
            return common_type(b, column, q->nrow, "VALUES") != 0;
        for (uint32_t i = 0; i < q->nrow; i++) {
            struct expr *copy = arena_alloc(b->arena, sizeof *copy);
            *copy = *column[i];
            if (!(rows[i][c] = coerce_common(b, copy, q->values_type[c].oid, "VALUES")))
                return false;
        }
    }
    q->row = rows;
    return true;
}

static bool values_sort(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    if ((sel->nsort || sel->limit || sel->offset) && !resolve_values(b, q))
        return false;
    return bind_order(b, s, sel, q) && bind_limits(b, s, sel, q);
}

/* ---- UNION ---- */

static const char *set_name(const struct ast_select *sel)
{
    return sel->set_op == AST_SET_UNION ? "UNION" : sel->set_op == AST_SET_INTERSECT ? "INTERSECT" : "EXCEPT";
}

/* A query with nothing after its arms' set operation: its arms can be taken over. */
static bool plain_union(const struct ast_select *sel)
{
    return sel->set_op == AST_SET_UNION && !sel->nsort && !sel->limit && !sel->offset && !sel->ncte;
}

static bool collect_arms(struct bind *b, struct scope *s, const struct ast_select *sel, bool all, struct plan_query *q,
                         uint32_t *cap)
{
    const struct ast_select *side[2] = {sel->left, sel->right};
    for (uint32_t i = 0; i < 2; i++) {
        /* a UNION ALL b UNION ALL c is one list; a UNION's own arms keep their duplicates only under UNION */
        if (plain_union(side[i]) && (side[i]->set_all || !all) && side[i]->set_all == all) {
            if (b->depth >= AST_DEPTH_MAX)
                return ast_too_deep(b->err);
            b->depth++;
            bool ok = collect_arms(b, s, side[i], all, q, cap);
            b->depth--;
            if (!ok)
                return false;
            continue;
        }
        if (q->narm == *cap) {
            struct query_arm *arm = ARENA_ARRAY(b->arena, struct query_arm, 2 * (size_t)*cap + 4);
            copy_some(arm, q->arm, q->narm * sizeof *arm);
            q->arm = arm;
            *cap = 2 * *cap + 4;
        }
        struct plan_query *arm = bind_query(b, s, side[i]);
        if (!arm)
            return false;
        q->arm[q->narm++].query = arm;
        if (arm->nvisible != q->arm[0].query->nvisible) {
            (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "each %s query must have the same number of columns",
                            set_name(sel));
            return bind_fail_at(b, side[i]->location);
        }
    }
    return true;
}

static bool cast_arm(struct bind *b, struct plan_query *q, struct query_arm *arm, uint32_t c, struct coltype type)
{
    struct query_target *t = &arm->query->target[c];
    if (t->expr->type.oid == TYPE_UNKNOWN && !(t->expr = coerce_common(b, t->expr, type.oid, "UNION")))
        return false;
    struct expr *ref = bind_new(b, EXPR_COLUMN, t->expr->type, t->expr->location, 0);
    ref->column = c;
    return (arm->cast[c] = coerce_common(b, ref, type.oid, "UNION")) != NULL;
}

static bool union_types(struct bind *b, struct plan_query *q, const char *op)
{
    uint32_t ncol = q->arm[0].query->nvisible;
    struct expr **column = ARENA_ARRAY(b->arena, struct expr *, q->narm);
    q->base = b->ncolumn;
    b->ncolumn += ncol;
    for (uint32_t i = 0; i < q->narm; i++) {
        if (q->arm[i].query->kind == QUERY_VALUES && !resolve_values(b, q->arm[i].query))
            return false;
        q->arm[i].cast = ARENA_ARRAY(b->arena, struct expr *, ncol);
    }
    for (uint32_t c = 0; c < ncol; c++) {
        for (uint32_t i = 0; i < q->narm; i++)
            column[i] = q->arm[i].query->target[c].expr;
        /* PostgreSQL works pairwise from the left. */
        struct expr step = *column[0];
        for (uint32_t i = 1; i < q->narm; i++) {
            struct expr *pair[2] = {&step, column[i]};
            oid_t type = common_type(b, pair, 2, op);
            if (!type)
                return false;
            step.type = (struct coltype){type, common_typmod(pair, 2, type)};
            step.kind = EXPR_COLUMN;
        }
        for (uint32_t i = 0; i < q->narm; i++)
            if (!cast_arm(b, q, &q->arm[i], c, step.type))
                return false;
        struct expr *out = bind_new(b, EXPR_COLUMN, step.type, -1, 0);
        out->column = q->base + c;
        if (!add_target(b, q, out, q->arm[0].query->target[c].name, false) || (q->union_distinct && !groupable(b, out)))
            return false;
    }
    return true;
}

static bool union_sort(struct bind *b, const struct ast_select *sel, struct plan_query *q)
{
    q->sort = ARENA_ARRAY(b->arena, struct query_sort, sel->nsort);
    for (uint32_t i = 0; i < sel->nsort; i++) {
        int64_t at = find_by_alias(b, q, sel->sort[i].expr, "ORDER BY");
        if (at == -1)
            at = find_by_alias_nocase(q, sel->sort[i].expr);
        if (at == -1) {
            const struct ast_expr *a = sel->sort[i].expr;
            if (a->kind == AX_COLUMN && a->nname == 1) {
                (void)error_set(b->err, SQLSTATE_UNDEFINED_COLUMN, "column \"%.*s\" does not exist",
                                (int)a->name[0].len, a->name[0].ptr);
                return bind_fail_at(b, ast_location(a));
            }
            (void)error_set(b->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause");
            (void)error_detail(b->err, "Only result column names can be used, not expressions or functions.");
            (void)error_hint(b->err, "Add the expression/function to every SELECT, or move the UNION into a FROM "
                                     "clause.");
            return bind_fail_at(b, ast_location(a));
        }
        if (at < 0 || !add_sort(b, q, (uint32_t)at, &sel->sort[i]))
            return false;
    }
    return true;
}

static bool bind_union(struct bind *b, struct scope *s, const struct ast_select *sel, struct plan_query *q)
{
    uint32_t cap = 0;
    if (sel->set_op != AST_SET_UNION) {
        (void)bind_unsupported(b, sel->right->location, "Use IN, NOT IN or joins.", "%s is", set_name(sel));
        return false;
    }
    q->kind = QUERY_UNION;
    q->union_distinct = !sel->set_all;
    struct scope outer = {.parent = s->parent, .ncte = s->ncte, .cte = s->cte, .keep_unknown = true};
    return collect_arms(b, &outer, sel, sel->set_all, q, &cap) && union_types(b, q, "UNION") && union_sort(b, sel, q) &&
           bind_limits(b, s, sel, q);
}

struct plan_query *bind_query(struct bind *b, struct scope *parent, const struct ast_select *sel)
{
    struct plan_query *q = ARENA_NEW(b->arena, struct plan_query);
    struct scope s = {.parent = parent, .query = q};
    bool ok;
    q->bind = b;
    if (b->depth >= AST_DEPTH_MAX) {
        (void)ast_too_deep(b->err);
        return NULL;
    }
    b->depth++;
    if (sel->locking) {
        (void)bind_unsupported(b, sel->location, NULL, "FOR UPDATE and FOR SHARE are");
        ok = false;
    } else if (!bind_ctes(b, &s, sel)) {
        ok = false;
    } else if (sel->set_op) {
        ok = bind_union(b, &s, sel, q);
    } else if (sel->nrow) {
        ok = bind_values(b, &s, sel, q) && values_sort(b, &s, sel, q);
    } else {
        ok = bind_plain(b, &s, sel, q);
    }
    b->depth--;
    return ok ? q : NULL;
}
