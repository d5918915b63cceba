/* SPDX-License-Identifier: Apache-2.0 */
/* The binder's entries: statements, INSERT's coercions, column expressions. */
#include "planner/bind_int.h"

static struct bind *new_bind(struct arena *arena, const struct catalog_view *catalog, const struct value_ctx *ctx,
                             struct error *err)
{
    struct bind *b = ARENA_NEW(arena, struct bind);
    b->arena = arena;
    b->catalog = catalog;
    b->ctx_copy = ctx ? *ctx : value_ctx_default;
    b->ctx = &b->ctx_copy;
    b->err = err;
    error_clear(err);
    return b;
}

static bool give_params(struct bind *b, const struct bind_params *params)
{
    b->params_allowed = params != NULL;
    if (!params || params->n == 0)
        return true;
    b->nparam = b->capparam = params->n;
    b->param_type = ARENA_ARRAY(b->arena, oid_t, params->n);
    b->param_open = ARENA_ARRAY(b->arena, bool, params->n);
    for (uint32_t i = 0; i < params->n; i++)
        b->param_type[i] = params->type[i] ? params->type[i] : 0;
    return true;
}

/* Every $n up to the highest must have a type by now. */
static bool check_params(struct bind *b)
{
    for (uint32_t i = 0; i < b->nparam; i++)
        if (b->param_type[i] == 0 || b->param_type[i] == TYPE_UNKNOWN)
            return error_set(b->err, SQLSTATE_INDETERMINATE_DATATYPE, "could not determine data type of parameter $%u",
                             i + 1);
    return true;
}

static void describe(struct bind *b, struct plan_query *q, struct bound_query *out)
{
    *out = (struct bound_query){.ncol = q->nvisible, .nparam = b->nparam, .param_type = b->param_type, .query = q};
    out->column = ARENA_ARRAY(b->arena, struct bound_column, q->nvisible);
    for (uint32_t i = 0; i < q->nvisible; i++)
        out->column[i] = (struct bound_column){.name = q->target[i].name,
                                               .type = q->target[i].expr->type,
                                               .table_oid = q->target[i].table_oid,
                                               .attnum = q->target[i].attnum};
}

static const struct ast_node *query_of(const struct ast_node *stmt)
{
    switch (stmt->kind) {
    case AST_INSERT: return stmt->insert.source;
    case AST_COPY: return stmt->copy.query;
    case AST_CREATE_TABLE: return stmt->create_table.as_query;
    case AST_DECLARE_CURSOR: return stmt->cursor.query;
    case AST_EXPLAIN: return query_of(stmt->explain.statement);
    case AST_PREPARE: return query_of(stmt->prepare.statement);
    default: return stmt;
    }
}

bool sql_bind(struct arena *arena, const struct ast_node *stmt, const struct catalog_view *catalog,
              const struct bind_params *params, const struct value_ctx *ctx, struct bound_query *out, struct error *err)
{
    struct bind *b = new_bind(arena, catalog, ctx, err);
    *out = (struct bound_query){0};
    stmt = query_of(stmt);
    if (!stmt || stmt->kind != AST_SELECT)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported here",
                         stmt ? ast_tag(stmt) : "this");
    if (!give_params(b, params))
        return false;
    struct plan_query *q = bind_query(b, NULL, stmt->select);
    if (!q)
        return false;
    /* Parameters in VALUES keep waiting for INSERT's columns; sql_plan makes the rest of them text. */
    if (q->kind != QUERY_VALUES && !check_params(b))
        return false;
    for (uint32_t i = 0; i < b->nparam; i++)
        if (b->param_type[i] == TYPE_UNKNOWN || b->param_type[i] == 0) {
            b->param_open[i] = true;
            b->param_type[i] = TYPE_TEXT;
        }
    describe(b, q, out);
    return true;
}

static bool no_assignment(struct bind *b, const struct column_def *column, const struct expr *e)
{
    (void)error_set(b->err, SQLSTATE_DATATYPE_MISMATCH, "column \"%s\" is of type %s but expression is of type %s",
                    column->name, type_text(b, column->type.oid), type_text(b, e->type.oid));
    (void)error_hint(b->err, "You will need to rewrite or cast the expression.");
    return bind_fail_at(b, e->location);
}

static bool assign(struct bind *b, struct expr *e, const struct column_def *column, struct expr **out)
{
    /* A parameter still untyped takes the column's type, even if it was made text meanwhile. */
    if (e->kind == EXPR_PARAM && e->type.oid == TYPE_UNKNOWN && b->param_open[e->param]) {
        b->param_type[e->param] = column->type.oid;
        b->param_open[e->param] = false;
    }
    if (!coerce_possible(e, column->type.oid, CAST_ASSIGNMENT))
        return no_assignment(b, column, e);
    return (*out = coerce(b, e, column->type, CAST_ASSIGNMENT, e->location)) != NULL;
}

static bool insert_values(struct bind *b, struct plan_query *q, const struct table_def *def, const uint32_t *target,
                          uint32_t ntarget)
{
    for (uint32_t i = 0; i < q->nrow; i++)
        for (uint32_t c = 0; c < ntarget; c++)
            if (!assign(b, q->row[i][c], &def->column[target[c]], &q->row[i][c]))
                return false;
    for (uint32_t c = 0; c < ntarget; c++) {
        q->values_type[c] = def->column[target[c]].type;
        q->target[c].expr->type = q->values_type[c];
    }
    return true;
}

/* The query as a FROM item under a list of casts. */
static bool insert_select(struct bind *b, struct bound_query *query, const struct table_def *def,
                          const uint32_t *target, uint32_t ntarget)
{
    struct plan_query *q = query->query;
    for (uint32_t c = 0; c < ntarget; c++)
        if (q->target[c].unknown && q->kind == QUERY_SELECT && !q->distinct &&
            !assign(b, q->target[c].raw, &def->column[target[c]], &q->target[c].expr))
            return false;
    struct plan_query *outer = ARENA_NEW(b->arena, struct plan_query);
    struct scope s = {.query = outer};
    outer->bind = b;
    struct rte *rte = rte_for_query(b, &s, q, "source", NULL);
    outer->from = ARENA_NEW(b->arena, struct from_node);
    outer->from->rte = rte;
    for (uint32_t c = 0; c < ntarget; c++) {
        struct expr *ref = bind_new(b, EXPR_COLUMN, rte->type[c], q->target[c].expr->location, 0), *e;
        ref->column = rte->base + c;
        if (!assign(b, ref, &def->column[target[c]], &e) || !add_target(b, outer, e, rte->name[c], false))
            return false;
    }
    query->query = outer;
    return true;
}

bool sql_bind_insert(struct arena *arena, struct bound_query *query, const struct table_def *def,
                     const uint32_t *target, uint32_t ntarget, struct error *err)
{
    struct plan_query *q = query->query;
    struct bind *b = q->bind;
    b->err = err;
    error_clear(err);
    assert(b->arena == arena);
    if (q->nvisible != ntarget) {
        (void)error_set(err, SQLSTATE_SYNTAX_ERROR,
                        q->nvisible > ntarget ? "INSERT has more expressions than target columns"
                                              : "INSERT has more target columns than expressions");
        return false;
    }
    bool plain_values = q->kind == QUERY_VALUES && !q->nsort && !q->limit && !q->offset;
    if (plain_values ? !insert_values(b, q, def, target, ntarget) : !insert_select(b, query, def, target, ntarget))
        return false;
    describe(b, query->query, query);
    return true;
}

bool sql_bind_column_expr(struct arena *arena, struct strview sql, const struct table_def *def, struct coltype type,
                          bool columns_allowed, const struct value_ctx *ctx, struct expr **out, struct error *err)
{
    struct ast_list list;
    const char *text = arena_fmt(arena, "SELECT %.*s", (int)sql.len, sql.ptr);
    if (!sql_parse(arena, strview_of(text), &list, err))
        return false;
    if (list.n != 1 || list.node[0]->kind != AST_SELECT || list.node[0]->select->ntarget != 1 ||
        list.node[0]->select->nfrom)
        return error_set(err, SQLSTATE_SYNTAX_ERROR, "\"%.*s\" is not an expression", (int)sql.len, sql.ptr);
    struct bind *b = new_bind(arena, NULL, ctx, err);
    struct plan_query q = {.bind = b};
    struct scope s = {.query = &q, .place = columns_allowed ? PLACE_GENERATED : PLACE_DEFAULT};
    struct ns_item item = {
        .name = def->name, .ncol = columns_allowed ? def->ncolumn : 0, .cols_visible = true, .rel_visible = true};
    struct ns_item *items[1] = {&item};
    item.column = ARENA_ARRAY(arena, const char *, def->ncolumn);
    item.expr = ARENA_ARRAY(arena, struct expr *, def->ncolumn);
    for (uint32_t i = 0; i < item.ncol; i++) {
        item.column[i] = def->column[i].dropped ? NULL : def->column[i].name;
        item.expr[i] = bind_new(b, EXPR_COLUMN, def->column[i].type, -1, 0);
        item.expr[i]->column = i;
    }
    s.item = items;
    s.nitem = columns_allowed ? 1 : 0;
    b->immutable_only = true;
    struct expr *e = bind_expr(b, &s, list.node[0]->select->target[0].expr);
    if (!e)
        return false;
    if (!coerce_possible(e, type.oid, CAST_ASSIGNMENT)) {
        (void)error_set(err, SQLSTATE_DATATYPE_MISMATCH, "column is of type %s but %s expression is of type %s",
                        type_text(b, type.oid), columns_allowed ? "generation" : "default", type_text(b, e->type.oid));
        return error_hint(err, "You will need to rewrite or cast the expression.");
    }
    if (s.has_sublink)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use subquery in %s expression",
                         columns_allowed ? "column generation" : "DEFAULT");
    return (*out = coerce(b, e, type, CAST_ASSIGNMENT, -1)) != NULL;
}
