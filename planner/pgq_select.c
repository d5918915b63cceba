/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT, VALUES and FROM items of libpg_query's tree into ours. */
#include <postgres.h>
#include <nodes/parsenodes.h>
#include <nodes/primnodes.h>

#include "planner/pgq_int.h"

static struct ast_from *from_item(struct pgq *pc, const Node *node);

bool pgq_strings(struct pgq *pc, const List *list, uint32_t *n, struct strview **out)
{
    *n = (uint32_t)list_length(list);
    *out = ARENA_ARRAY(pc->arena, struct strview, *n);
    for (uint32_t i = 0; i < *n; i++)
        (*out)[i] = pgq_str(pc, strVal(list_nth(list, (int)i)));
    return true;
}

static bool alias_of(struct pgq *pc, const Alias *alias, struct ast_alias *out)
{
    if (!alias)
        return true;
    out->name = pgq_str(pc, alias->aliasname);
    return pgq_strings(pc, alias->colnames, &out->ncolumn, &out->column);
}

static bool has_capital(struct strview s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
            return true;
    return false;
}

struct ast_name pgq_range_var(struct pgq *pc, const RangeVar *rv)
{
    struct ast_name name = {.location = rv->location};
    name.schema = pgq_str(pc, rv->schemaname);
    name.name = pgq_str(pc, rv->relname);
    uint32_t part = (rv->catalogname ? 1 : 0) + (rv->schemaname ? 1 : 0);
    name.quoted = has_capital(name.name) || pgq_quoted_at(pc, rv->location, part);
    return name;
}

static struct ast_from *join_item(struct pgq *pc, const JoinExpr *j, struct ast_from *f)
{
    f->kind = AF_JOIN;
    f->join = j->jointype == JOIN_LEFT    ? AJ_LEFT
              : j->jointype == JOIN_RIGHT ? AJ_RIGHT
              : j->jointype == JOIN_FULL  ? AJ_FULL
                                          : AJ_INNER;
    f->natural = j->isNatural;
    f->left = from_item(pc, j->larg);
    f->right = f->left ? from_item(pc, j->rarg) : NULL;
    if (!f->right || !alias_of(pc, j->alias, &f->alias) ||
        !pgq_strings(pc, j->usingClause, &f->nusing, &f->using_column))
        return NULL;
    if (j->join_using_alias)
        f->using_alias = pgq_str(pc, j->join_using_alias->aliasname);
    if (j->quals && !(f->on = pgq_expr(pc, j->quals)))
        return NULL;
    f->location = f->left->location;
    return f;
}

static struct ast_from *function_item(struct pgq *pc, const RangeFunction *rf, struct ast_from *f)
{
    f->kind = AF_FUNCTION;
    f->lateral = rf->lateral;
    f->ordinality = rf->ordinality;
    if (rf->is_rowsfrom || rf->coldeflist) {
        f->kind = AF_UNSUPPORTED;
        f->unsupported = STRVIEW("ROWS FROM is");
        return f;
    }
    const List *pair = linitial(rf->functions);
    f->function = pgq_expr(pc, linitial(pair));
    if (!f->function || !alias_of(pc, rf->alias, &f->alias))
        return NULL;
    f->location = f->function->location;
    return f;
}

static struct ast_from *from_dispatch(struct pgq *pc, const Node *node)
{
    struct ast_from *f = ARENA_NEW(pc->arena, struct ast_from);
    f->location = -1;
    switch (nodeTag(node)) {
    case T_RangeVar: {
        const RangeVar *rv = (const RangeVar *)node;
        f->table = pgq_range_var(pc, rv);
        f->location = rv->location;
        return alias_of(pc, rv->alias, &f->alias) ? f : NULL;
    }
    case T_RangeSubselect: {
        const RangeSubselect *sub = (const RangeSubselect *)node;
        f->kind = AF_SELECT;
        f->lateral = sub->lateral;
        f->select = pgq_select(pc, (const SelectStmt *)sub->subquery);
        if (!f->select || !alias_of(pc, sub->alias, &f->alias))
            return NULL;
        f->location = f->select->location;
        return f;
    }
    case T_JoinExpr: return join_item(pc, (const JoinExpr *)node, f);
    case T_RangeFunction: return function_item(pc, (const RangeFunction *)node, f);
    case T_RangeTableSample:
        f->kind = AF_UNSUPPORTED;
        f->location = ((const RangeTableSample *)node)->location;
        f->unsupported = STRVIEW("TABLESAMPLE is");
        return f;
    default:
        f->kind = AF_UNSUPPORTED;
        f->unsupported = STRVIEW("this kind of FROM item is");
        return f;
    }
}

static struct ast_from *from_item(struct pgq *pc, const Node *node)
{
    PGQ_ENTER(pc);
    struct ast_from *f = from_dispatch(pc, node);
    pc->depth--;
    return f;
}

static bool with_clause(struct pgq *pc, const WithClause *with, struct ast_select *s)
{
    if (!with)
        return true;
    s->recursive = with->recursive;
    s->ncte = (uint32_t)list_length(with->ctes);
    s->cte = ARENA_ARRAY(pc->arena, struct ast_cte, s->ncte);
    for (uint32_t i = 0; i < s->ncte; i++) {
        const CommonTableExpr *c = list_nth(with->ctes, (int)i);
        struct ast_cte *cte = &s->cte[i];
        cte->name = pgq_str(pc, c->ctename);
        cte->location = c->location;
        cte->materialize = c->ctematerialized == CTEMaterializeAlways  ? CTE_ALWAYS
                           : c->ctematerialized == CTEMaterializeNever ? CTE_NEVER
                                                                       : CTE_DEFAULT;
        if (!pgq_strings(pc, c->aliascolnames, &cte->ncolumn, &cte->column) ||
            !(cte->query = pgq_stmt(pc, c->ctequery)))
            return false;
    }
    return true;
}

static bool targets(struct pgq *pc, const List *list, struct ast_select *s)
{
    s->ntarget = (uint32_t)list_length(list);
    s->target = ARENA_ARRAY(pc->arena, struct ast_target, s->ntarget);
    for (uint32_t i = 0; i < s->ntarget; i++) {
        const ResTarget *t = list_nth(list, (int)i);
        s->target[i].alias = pgq_str(pc, t->name);
        s->target[i].location = t->location;
        if (!(s->target[i].expr = pgq_expr(pc, t->val)))
            return false;
    }
    return true;
}

static bool values_rows(struct pgq *pc, const List *rows, struct ast_select *s)
{
    s->nrow = (uint32_t)list_length(rows);
    s->row = ARENA_ARRAY(pc->arena, struct ast_expr **, s->nrow);
    s->row_width = ARENA_ARRAY(pc->arena, uint32_t, s->nrow);
    for (uint32_t i = 0; i < s->nrow; i++)
        if (!pgq_exprs(pc, list_nth(rows, (int)i), &s->row_width[i], &s->row[i]))
            return false;
    return true;
}

static bool from_list(struct pgq *pc, const List *list, struct ast_select *s)
{
    s->nfrom = (uint32_t)list_length(list);
    s->from = ARENA_ARRAY(pc->arena, struct ast_from *, s->nfrom);
    for (uint32_t i = 0; i < s->nfrom; i++)
        if (!(s->from[i] = from_item(pc, list_nth(list, (int)i))))
            return false;
    return true;
}

static bool optional(struct pgq *pc, const Node *node, struct ast_expr **out)
{
    return !node || (*out = pgq_expr(pc, node)) != NULL;
}

static int32_t first_location(const struct ast_select *s)
{
    if (s->ncte)
        return s->cte[0].location;
    if (s->set_op)
        return s->left->location;
    if (s->ntarget)
        return s->target[0].location;
    return s->nrow && s->row_width[0] ? s->row[0][0]->location : -1;
}

static bool fill_select(struct pgq *pc, const SelectStmt *stmt, struct ast_select *s)
{
    if (!with_clause(pc, stmt->withClause, s) || !targets(pc, stmt->targetList, s) ||
        !values_rows(pc, stmt->valuesLists, s) || !from_list(pc, stmt->fromClause, s) ||
        !optional(pc, stmt->whereClause, &s->where) || !optional(pc, stmt->havingClause, &s->having) ||
        !pgq_exprs(pc, stmt->groupClause, &s->ngroup, &s->group) ||
        !pgq_sorts(pc, stmt->sortClause, &s->nsort, &s->sort) || !optional(pc, stmt->limitCount, &s->limit) ||
        !optional(pc, stmt->limitOffset, &s->offset))
        return false;
    s->distinct = stmt->distinctClause != NIL;
    if (s->distinct && linitial(stmt->distinctClause) &&
        !pgq_exprs(pc, stmt->distinctClause, &s->ndistinct_on, &s->distinct_on))
        return false;
    s->group_distinct = stmt->groupDistinct;
    /* libpg_query puts LIMIT_OPTION_DEFAULT first in this enum, unlike the server's header: 2 is WITH TIES. */
    s->with_ties = (int)stmt->limitOption == 2;
    s->into = stmt->intoClause != NULL;
    s->locking = stmt->lockingClause != NIL;
    s->windows = stmt->windowClause != NIL;
    s->set_all = stmt->all;
    if (stmt->op != SETOP_NONE) {
        s->set_op = stmt->op == SETOP_UNION       ? AST_SET_UNION
                    : stmt->op == SETOP_INTERSECT ? AST_SET_INTERSECT
                                                  : AST_SET_EXCEPT;
        s->left = pgq_select(pc, stmt->larg);
        s->right = s->left ? pgq_select(pc, stmt->rarg) : NULL;
        if (!s->right)
            return false;
    }
    s->location = first_location(s);
    return true;
}

struct ast_select *pgq_select(struct pgq *pc, const SelectStmt *stmt)
{
    PGQ_ENTER(pc);
    struct ast_select *s = ARENA_NEW(pc->arena, struct ast_select);
    bool ok = fill_select(pc, stmt, s);
    pc->depth--;
    return ok ? s : NULL;
}
