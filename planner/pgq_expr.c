/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions of libpg_query's tree into ours. */
#include <postgres.h>
#include <nodes/parsenodes.h>
#include <nodes/primnodes.h>

#include "planner/pgq_int.h"

struct strview pgq_str(struct pgq *pc, const char *s)
{
    return s ? arena_strview(pc->arena, strview_of(s)) : strview_make(NULL, 0);
}

struct ast_expr *pgq_new(struct pgq *pc, enum ast_expr_kind kind, int32_t location)
{
    struct ast_expr *e = ARENA_NEW(pc->arena, struct ast_expr);
    e->kind = kind;
    e->location = location;
    return e;
}

struct ast_expr *pgq_unsupported(struct pgq *pc, int32_t location, const char *what)
{
    struct ast_expr *e = pgq_new(pc, AX_UNSUPPORTED, location);
    e->text = pgq_str(pc, what);
    return e;
}

bool pgq_exprs(struct pgq *pc, const List *list, uint32_t *n, struct ast_expr ***out)
{
    *n = (uint32_t)list_length(list);
    *out = ARENA_ARRAY(pc->arena, struct ast_expr *, *n);
    for (uint32_t i = 0; i < *n; i++)
        if (!((*out)[i] = pgq_expr(pc, list_nth(list, (int)i))))
            return false;
    return true;
}

bool pgq_sorts(struct pgq *pc, const List *list, uint32_t *n, struct ast_sort **out)
{
    *n = (uint32_t)list_length(list);
    *out = ARENA_ARRAY(pc->arena, struct ast_sort, *n);
    for (uint32_t i = 0; i < *n; i++) {
        const SortBy *sort = list_nth(list, (int)i);
        struct ast_sort *s = &(*out)[i];
        if (!(s->expr = pgq_expr(pc, sort->node)))
            return false;
        s->desc = sort->sortby_dir == SORTBY_DESC;
        s->nulls_first =
            sort->sortby_nulls == SORTBY_NULLS_FIRST || (sort->sortby_nulls == SORTBY_NULLS_DEFAULT && s->desc);
        s->using_op = sort->sortby_dir == SORTBY_USING;
        s->location = sort->location;
    }
    return true;
}

bool pgq_quoted_at(struct pgq *pc, int32_t location, uint32_t index)
{
    if (location < 0)
        return false;
    struct sql_token token = sql_token_at(pc->sql, (size_t)location);
    for (uint32_t i = 0; i < index; i++) {
        token = sql_token_at(pc->sql, token.end); /* the dot */
        if (token.kind != SQL_OTHER)
            return false;
        token = sql_token_at(pc->sql, token.end);
    }
    return token.kind == SQL_QUOTED_NAME;
}

struct ast_name pgq_name_list(struct pgq *pc, const List *names, int32_t location)
{
    struct ast_name out = {.location = location};
    int n = list_length(names);
    if (n > 0)
        out.name = pgq_str(pc, strVal(list_nth(names, n - 1)));
    if (n > 1)
        out.schema = pgq_str(pc, strVal(list_nth(names, n - 2)));
    return out;
}

static struct ast_expr *op_expr(struct pgq *pc, enum ast_expr_kind kind, const List *name, struct ast_expr *left,
                                struct ast_expr *right, int32_t location)
{
    struct ast_expr *e = pgq_new(pc, kind, location);
    struct ast_name op = pgq_name_list(pc, name, location);
    e->op = op.name;
    e->op_schema = op.schema;
    e->left = left;
    e->right = right;
    return e;
}

static struct ast_expr *const_expr(struct pgq *pc, const A_Const *c)
{
    struct ast_expr *e = pgq_new(pc, AX_NULL, c->location);
    if (c->isnull)
        return e;
    switch (nodeTag(&c->val.node)) {
    case T_Integer:
        e->kind = AX_INT;
        e->integer = c->val.ival.ival;
        return e;
    case T_Float:
        e->kind = AX_FLOAT;
        e->text = pgq_str(pc, c->val.fval.fval);
        return e;
    case T_Boolean:
        e->kind = AX_BOOL;
        e->boolean = c->val.boolval.boolval;
        return e;
    case T_String:
        e->kind = AX_STRING;
        e->text = pgq_str(pc, c->val.sval.sval);
        return e;
    default: return pgq_unsupported(pc, c->location, "bit strings are");
    }
}

static struct ast_expr *column_expr(struct pgq *pc, const ColumnRef *ref)
{
    struct ast_expr *e = pgq_new(pc, AX_COLUMN, ref->location);
    uint32_t n = (uint32_t)list_length(ref->fields);
    e->name = ARENA_ARRAY(pc->arena, struct strview, n);
    e->quoted = ARENA_ARRAY(pc->arena, bool, n);
    for (uint32_t i = 0; i < n; i++) {
        Node *field = list_nth(ref->fields, (int)i);
        if (IsA(field, A_Star)) {
            e->flag = true;
            break;
        }
        e->name[e->nname] = pgq_str(pc, strVal(field));
        e->quoted[e->nname] = pgq_quoted_at(pc, ref->location, i);
        e->nname++;
    }
    return e;
}

static struct ast_expr *between_expr(struct pgq *pc, const A_Expr *a, struct ast_expr *left)
{
    struct ast_expr *e = pgq_new(pc, AX_BETWEEN, a->location);
    e->left = left;
    e->boolean = a->kind == AEXPR_NOT_BETWEEN || a->kind == AEXPR_NOT_BETWEEN_SYM;
    e->flag = a->kind == AEXPR_BETWEEN_SYM || a->kind == AEXPR_NOT_BETWEEN_SYM;
    if (!pgq_exprs(pc, (const List *)a->rexpr, &e->nargs, &e->args))
        return NULL;
    return e;
}

static struct ast_expr *in_expr(struct pgq *pc, const A_Expr *a, struct ast_expr *left)
{
    struct ast_expr *e = op_expr(pc, AX_IN, a->name, left, NULL, a->location);
    if (!pgq_exprs(pc, (const List *)a->rexpr, &e->nargs, &e->args))
        return NULL;
    return e;
}

static struct ast_expr *a_expr(struct pgq *pc, const A_Expr *a)
{
    static const enum ast_expr_kind kinds[] = {
        [AEXPR_OP] = AX_OP,
        [AEXPR_OP_ANY] = AX_OP_ANY,
        [AEXPR_OP_ALL] = AX_OP_ALL,
        [AEXPR_DISTINCT] = AX_DISTINCT,
        [AEXPR_NOT_DISTINCT] = AX_NOT_DISTINCT,
        [AEXPR_NULLIF] = AX_NULLIF,
        [AEXPR_LIKE] = AX_LIKE,
        [AEXPR_ILIKE] = AX_LIKE,
        [AEXPR_SIMILAR] = AX_OP,
    };
    struct ast_expr *left = NULL, *right = NULL;
    if (a->lexpr && !(left = pgq_expr(pc, a->lexpr)))
        return NULL;
    if (a->kind >= AEXPR_BETWEEN)
        return between_expr(pc, a, left);
    if (a->kind == AEXPR_IN)
        return in_expr(pc, a, left);
    if (a->kind == AEXPR_SIMILAR)
        return pgq_unsupported(pc, a->location, "SIMILAR TO is");
    if (a->rexpr && !(right = pgq_expr(pc, a->rexpr)))
        return NULL;
    return op_expr(pc, kinds[a->kind], a->name, left, right, a->location);
}

static struct ast_expr *func_expr(struct pgq *pc, const FuncCall *call)
{
    struct ast_expr *e = pgq_new(pc, AX_FUNC, call->location);
    struct ast_func *f = e->func = ARENA_NEW(pc->arena, struct ast_func);
    struct ast_name name = pgq_name_list(pc, call->funcname, call->location);
    f->name = name.name;
    f->schema = name.schema;
    f->star = call->agg_star;
    f->distinct = call->agg_distinct;
    f->variadic = call->func_variadic;
    f->within_group = call->agg_within_group;
    f->sql_syntax = call->funcformat == COERCE_SQL_SYNTAX;
    f->over = call->over != NULL;
    if (!pgq_exprs(pc, call->args, &e->nargs, &e->args) || !pgq_sorts(pc, call->agg_order, &f->norder, &f->order))
        return NULL;
    if (call->agg_filter && !(f->filter = pgq_expr(pc, call->agg_filter)))
        return NULL;
    return e;
}

static struct ast_expr *case_expr(struct pgq *pc, const CaseExpr *c)
{
    struct ast_expr *e = pgq_new(pc, AX_CASE, c->location);
    uint32_t n = (uint32_t)list_length(c->args);
    if (c->arg && !(e->left = pgq_expr(pc, (Node *)c->arg)))
        return NULL;
    e->nargs = 2 * n;
    e->args = ARENA_ARRAY(pc->arena, struct ast_expr *, e->nargs);
    e->when_location = ARENA_ARRAY(pc->arena, int32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        const CaseWhen *when = list_nth(c->args, (int)i);
        e->when_location[i] = when->location;
        if (!(e->args[2 * i] = pgq_expr(pc, (Node *)when->expr)) ||
            !(e->args[2 * i + 1] = pgq_expr(pc, (Node *)when->result)))
            return NULL;
    }
    if (c->defresult && !(e->right = pgq_expr(pc, (Node *)c->defresult)))
        return NULL;
    return e;
}

static struct ast_expr *list_expr(struct pgq *pc, enum ast_expr_kind kind, const List *args, int32_t location)
{
    struct ast_expr *e = pgq_new(pc, kind, location);
    return pgq_exprs(pc, args, &e->nargs, &e->args) ? e : NULL;
}

static struct ast_expr *left_expr(struct pgq *pc, enum ast_expr_kind kind, const Expr *arg, int32_t location)
{
    struct ast_expr *e = pgq_new(pc, kind, location);
    e->left = pgq_expr(pc, (const Node *)arg);
    return e->left ? e : NULL;
}

static struct ast_expr *sub_expr(struct pgq *pc, const SubLink *sub)
{
    struct ast_expr *e = pgq_new(pc, AX_EXISTS, sub->location);
    switch (sub->subLinkType) {
    case EXISTS_SUBLINK: break;
    case EXPR_SUBLINK: e->kind = AX_SUB_SCALAR; break;
    case ANY_SUBLINK: e->kind = AX_SUB_ANY; break;
    case ALL_SUBLINK: e->kind = AX_SUB_ALL; break;
    case ARRAY_SUBLINK:
        e = pgq_unsupported(pc, sub->location, "ARRAY(SELECT …) is");
        e->op = STRVIEW("array");
        return e;
    default: return pgq_unsupported(pc, sub->location, "this kind of subquery is");
    }
    if (sub->testexpr && !(e->left = pgq_expr(pc, sub->testexpr)))
        return NULL;
    struct ast_name op = pgq_name_list(pc, sub->operName, sub->location);
    e->op = op.name;
    e->op_schema = op.schema;
    if (e->kind == AX_SUB_ANY && !sub->operName) {
        e->op = STRVIEW("=");
        e->text = STRVIEW("IN");
    }
    e->select = pgq_select(pc, (const SelectStmt *)sub->subselect);
    return e->select ? e : NULL;
}

static struct ast_expr *sql_value(struct pgq *pc, const SQLValueFunction *f)
{
    static const char *const names[] = {
        [SVFOP_CURRENT_DATE] = "current_date",
        [SVFOP_CURRENT_TIME] = "current_time",
        [SVFOP_CURRENT_TIME_N] = "current_time",
        [SVFOP_CURRENT_TIMESTAMP] = "current_timestamp",
        [SVFOP_CURRENT_TIMESTAMP_N] = "current_timestamp",
        [SVFOP_LOCALTIME] = "localtime",
        [SVFOP_LOCALTIME_N] = "localtime",
        [SVFOP_LOCALTIMESTAMP] = "localtimestamp",
        [SVFOP_LOCALTIMESTAMP_N] = "localtimestamp",
        [SVFOP_CURRENT_ROLE] = "current_role",
        [SVFOP_CURRENT_USER] = "current_user",
        [SVFOP_USER] = "user",
        [SVFOP_SESSION_USER] = "session_user",
        [SVFOP_CURRENT_CATALOG] = "current_catalog",
        [SVFOP_CURRENT_SCHEMA] = "current_schema",
    };
    struct ast_expr *e = pgq_new(pc, AX_SQL_VALUE, f->location);
    e->text = strview_of(names[f->op]);
    e->integer = f->typmod;
    return e;
}

static struct ast_expr *collate_expr(struct pgq *pc, const CollateClause *c)
{
    struct ast_expr *e = left_expr(pc, AX_COLLATE, (const Expr *)c->arg, c->location);
    if (e)
        e->text = pgq_name_list(pc, c->collname, c->location).name;
    return e;
}

static struct ast_expr *cast_expr(struct pgq *pc, const TypeCast *cast)
{
    struct ast_expr *e = left_expr(pc, AX_CAST, (const Expr *)cast->arg, cast->location);
    if (e && !(e->type = pgq_type(pc, cast->typeName)))
        return NULL;
    return e;
}

static struct ast_expr *bool_expr(struct pgq *pc, const BoolExpr *b)
{
    static const enum ast_expr_kind kinds[] = {[AND_EXPR] = AX_AND, [OR_EXPR] = AX_OR, [NOT_EXPR] = AX_NOT};
    return list_expr(pc, kinds[b->boolop], b->args, b->location);
}

static struct ast_expr *bool_test(struct pgq *pc, const BooleanTest *b)
{
    static const enum ast_expr_kind kinds[] = {
        [IS_TRUE] = AX_IS_TRUE,           [IS_NOT_TRUE] = AX_IS_NOT_TRUE, [IS_FALSE] = AX_IS_FALSE,
        [IS_NOT_FALSE] = AX_IS_NOT_FALSE, [IS_UNKNOWN] = AX_IS_UNKNOWN,   [IS_NOT_UNKNOWN] = AX_IS_NOT_UNKNOWN};
    return left_expr(pc, kinds[b->booltesttype], b->arg, b->location);
}

static struct ast_expr *indirection(struct pgq *pc, const A_Indirection *ind)
{
    struct ast_expr *arg = pgq_expr(pc, ind->arg);
    if (!arg)
        return NULL;
    struct ast_expr *e = pgq_unsupported(pc, arg->location, "subscripts and field selection are");
    ListCell *cell;
    foreach (cell, ind->indirection)
        if (IsA(lfirst(cell), String))
            e->op = pgq_str(pc, strVal(lfirst(cell)));
    return e;
}

static struct ast_expr *dispatch(struct pgq *pc, const Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Const: return const_expr(pc, (const A_Const *)node);
    case T_ColumnRef: return column_expr(pc, (const ColumnRef *)node);
    case T_ParamRef: {
        struct ast_expr *e = pgq_new(pc, AX_PARAM, ((const ParamRef *)node)->location);
        e->integer = ((const ParamRef *)node)->number;
        return e;
    }
    case T_A_Expr: return a_expr(pc, (const A_Expr *)node);
    case T_TypeCast: return cast_expr(pc, (const TypeCast *)node);
    case T_CollateClause: return collate_expr(pc, (const CollateClause *)node);
    case T_FuncCall: return func_expr(pc, (const FuncCall *)node);
    case T_A_Indirection: return indirection(pc, (const A_Indirection *)node);
    case T_A_ArrayExpr:
        return list_expr(pc, AX_ARRAY, ((const A_ArrayExpr *)node)->elements, ((const A_ArrayExpr *)node)->location);
    case T_BoolExpr: return bool_expr(pc, (const BoolExpr *)node);
    case T_SubLink: return sub_expr(pc, (const SubLink *)node);
    case T_CaseExpr: return case_expr(pc, (const CaseExpr *)node);
    case T_CoalesceExpr:
        return list_expr(pc, AX_COALESCE, ((const CoalesceExpr *)node)->args, ((const CoalesceExpr *)node)->location);
    case T_MinMaxExpr: {
        const MinMaxExpr *m = (const MinMaxExpr *)node;
        return list_expr(pc, m->op == IS_GREATEST ? AX_GREATEST : AX_LEAST, m->args, m->location);
    }
    case T_SQLValueFunction: return sql_value(pc, (const SQLValueFunction *)node);
    case T_NullTest: {
        const NullTest *t = (const NullTest *)node;
        return left_expr(pc, t->nulltesttype == IS_NULL ? AX_IS_NULL : AX_IS_NOT_NULL, t->arg, t->location);
    }
    case T_BooleanTest: return bool_test(pc, (const BooleanTest *)node);
    case T_RowExpr: return list_expr(pc, AX_ROW, ((const RowExpr *)node)->args, ((const RowExpr *)node)->location);
    case T_GroupingFunc: {
        struct ast_expr *e = pgq_unsupported(pc, ((const GroupingFunc *)node)->location, "GROUPING is");
        e->op = STRVIEW("grouping");
        return e;
    }
    case T_GroupingSet:
        return pgq_unsupported(pc, ((const GroupingSet *)node)->location, "ROLLUP, CUBE and GROUPING SETS are");
    case T_NamedArgExpr: return pgq_unsupported(pc, ((const NamedArgExpr *)node)->location, "named arguments are");
    case T_SetToDefault: return pgq_unsupported(pc, ((const SetToDefault *)node)->location, "DEFAULT in VALUES is");
    case T_XmlExpr:
    case T_XmlSerialize: return pgq_unsupported(pc, -1, "XML is");
    default: return pgq_unsupported(pc, -1, "this kind of expression is");
    }
}

struct ast_expr *pgq_expr(struct pgq *pc, const Node *node)
{
    PGQ_ENTER(pc);
    struct ast_expr *e = dispatch(pc, node);
    pc->depth--;
    return e;
}
