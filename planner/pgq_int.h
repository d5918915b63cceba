/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files that see libpg_query's tree (pgq_*.c). Translators return NULL (or false) after filling pc->err.
 */
#ifndef MENCIA_PLANNER_PGQ_INT_H
#define MENCIA_PLANNER_PGQ_INT_H

#include "planner/ast_int.h"
#include "planner/sql_text.h"

struct pgq {
    struct arena *arena;
    struct strview sql;
    struct error *err;
    uint32_t depth;
};

struct Node;
struct List;
struct TypeName;
struct RangeVar;
struct SelectStmt;
struct DefElem;

#define PGQ_ENTER(pc)                                                                                                  \
    do {                                                                                                               \
        if ((pc)->depth >= AST_DEPTH_MAX) {                                                                            \
            (void)ast_too_deep((pc)->err);                                                                             \
            return NULL;                                                                                               \
        }                                                                                                              \
        (pc)->depth++;                                                                                                 \
    } while (0)

/* sql_parse without the limit of its length. */
bool pgq_parse(struct arena *arena, struct strview sql, struct ast_list *out, struct error *err) MUST_CHECK;
struct strview pgq_str(struct pgq *pc, const char *s);
struct ast_expr *pgq_new(struct pgq *pc, enum ast_expr_kind kind, int32_t location);
struct ast_expr *pgq_unsupported(struct pgq *pc, int32_t location, const char *what);
struct ast_expr *pgq_expr(struct pgq *pc, const struct Node *node);
/* List of expressions; NULL list gives *n = 0. */
bool pgq_exprs(struct pgq *pc, const struct List *list, uint32_t *n, struct ast_expr ***out) MUST_CHECK;
bool pgq_sorts(struct pgq *pc, const struct List *list, uint32_t *n, struct ast_sort **out) MUST_CHECK;
struct ast_type *pgq_type(struct pgq *pc, const struct TypeName *name);
struct ast_select *pgq_select(struct pgq *pc, const struct SelectStmt *stmt);
struct ast_node *pgq_stmt(struct pgq *pc, const struct Node *stmt);
/* Statements of DDL and utility kind; *known false = not one of them. */
bool pgq_ddl(struct pgq *pc, const struct Node *stmt, struct ast_node *out, bool *known) MUST_CHECK;
bool pgq_utility(struct pgq *pc, const struct Node *stmt, struct ast_node *out, bool *known) MUST_CHECK;
struct ast_name pgq_range_var(struct pgq *pc, const struct RangeVar *rv);
/* Names of a list of strings (qualified name): the last one or two. */
struct ast_name pgq_name_list(struct pgq *pc, const struct List *names, int32_t location);
bool pgq_options(struct pgq *pc, const struct List *list, uint32_t *n, struct ast_option **out) MUST_CHECK;
bool pgq_strings(struct pgq *pc, const struct List *list, uint32_t *n, struct strview **out) MUST_CHECK;
/* Was the index-th part of the dotted name at this offset written in quotes? */
bool pgq_quoted_at(struct pgq *pc, int32_t location, uint32_t index);
/* Name for 0A000 of a statement we do not know. */
const char *pgq_tag(const struct Node *stmt);

#endif
