/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a SELECT in our syntax tree: expressions, FROM items, clauses. Private to planner/: made by pgq_*.c,
 * read by bind_*.c. What PostgreSQL's grammar takes and we do not is kept as AX_UNSUPPORTED (or an `unsupported` note),
 * so that the error comes when the statement is bound, as PostgreSQL's would.
 */
#ifndef MENCIA_PLANNER_AST_INT_H
#define MENCIA_PLANNER_AST_INT_H

#include "base/error.h"
#include "planner/ast.h"

enum { AST_DEPTH_MAX = 1000, SQL_TEXT_MAX = 1 << 20 };

enum ast_expr_kind {
    AX_NULL,
    AX_BOOL,   /* boolean */
    AX_INT,    /* integer: fits int4 */
    AX_FLOAT,  /* text: int8 or numeric */
    AX_STRING, /* text: untyped literal */
    AX_COLUMN, /* name.. [.*] */
    AX_PARAM,  /* integer: number from 1 */
    AX_OP,     /* op; left (NULL = prefix), right */
    AX_OP_ANY, /* left op ANY (right: array) */
    AX_OP_ALL,
    AX_DISTINCT, /* left IS DISTINCT FROM right */
    AX_NOT_DISTINCT,
    AX_NULLIF,
    AX_IN,      /* left IN (args); op is = or <> */
    AX_LIKE,    /* like AX_OP with op ~~, !~~, ~~*, !~~* */
    AX_BETWEEN, /* left, args[0], args[1]; negated, symmetric */
    AX_AND,
    AX_OR,
    AX_NOT, /* args */
    AX_FUNC,
    AX_CAST, /* left :: type */
    AX_CASE, /* left = tested value or NULL; args: when, then, …; right = ELSE or NULL */
    AX_COALESCE,
    AX_GREATEST,
    AX_LEAST,
    AX_IS_NULL,
    AX_IS_NOT_NULL,
    AX_IS_TRUE,
    AX_IS_NOT_TRUE,
    AX_IS_FALSE,
    AX_IS_NOT_FALSE,
    AX_IS_UNKNOWN,
    AX_IS_NOT_UNKNOWN, /* left */
    AX_SQL_VALUE,      /* text: current_date …; integer: precision or -1 */
    AX_EXISTS,         /* select */
    AX_SUB_SCALAR,
    AX_SUB_ANY, /* left op ANY (select); IN has op = and text "IN" */
    AX_SUB_ALL,
    AX_ROW,
    AX_ARRAY,       /* args */
    AX_COLLATE,     /* left, text: name */
    AX_UNSUPPORTED, /* text: what; name: column name PostgreSQL would give, may be empty */
};

/* A type name as written; its error, if any, is raised when it is used. */
struct ast_type {
    struct coltype type;
    const struct error *err; /* NULL = resolved */
    const char *label;       /* last part of the name, for column names: int4 */
    int32_t location;
};

struct ast_func {
    struct strview schema, name;
    bool star, distinct, variadic, within_group;
    bool sql_syntax; /* EXTRACT(… FROM …), AT TIME ZONE …: no did-you-mean */
    uint32_t norder; /* ORDER BY inside an aggregate */
    struct ast_sort *order;
    struct ast_expr *filter;
    bool over;
};

struct ast_expr {
    enum ast_expr_kind kind;
    int32_t location;
    bool boolean; /* AX_BOOL; BETWEEN: negated; */
    bool flag;    /* BETWEEN: symmetric; COLUMN: ends in .* ; CASE …: unused */
    int32_t integer;
    uint32_t nargs;
    struct ast_expr **args;
    struct ast_expr *left, *right;
    struct strview text;
    struct strview op_schema; /* OPERATOR(schema.op) */
    struct strview op;
    uint32_t nname; /* COLUMN: names without the star */
    struct strview *name;
    bool *quoted;
    int32_t *when_location; /* CASE: of each WHEN */
    struct ast_type *type;
    struct ast_func *func;
    struct ast_select *select;
};

struct ast_sort {
    struct ast_expr *expr;
    bool desc;
    bool nulls_first; /* resolved: NULLs come first for DESC unless said otherwise */
    bool using_op;
    int32_t location;
};

struct ast_target {
    struct ast_expr *expr;
    struct strview alias; /* empty = none */
    int32_t location;
};

struct ast_alias {
    struct strview name; /* empty = none */
    uint32_t ncolumn;
    struct strview *column;
};

enum ast_from_kind { AF_TABLE, AF_SELECT, AF_JOIN, AF_FUNCTION, AF_UNSUPPORTED };
enum ast_join_kind { AJ_INNER, AJ_LEFT, AJ_RIGHT, AJ_FULL };

struct ast_from {
    enum ast_from_kind kind;
    int32_t location;
    struct ast_alias alias;
    bool lateral;
    struct ast_name table;
    struct ast_select *select;
    /* AF_JOIN */
    enum ast_join_kind join;
    bool natural;
    struct ast_from *left, *right;
    uint32_t nusing;
    struct strview *using_column;
    struct strview using_alias;
    struct ast_expr *on;
    /* AF_FUNCTION */
    struct ast_expr *function;
    bool ordinality;
    struct strview unsupported; /* AF_UNSUPPORTED: what */
};

struct ast_cte {
    struct strview name;
    uint32_t ncolumn;
    struct strview *column;
    enum { CTE_DEFAULT, CTE_ALWAYS, CTE_NEVER } materialize;
    struct ast_node *query;
    int32_t location;
};

enum ast_set_op { AST_SET_NONE, AST_SET_UNION, AST_SET_INTERSECT, AST_SET_EXCEPT };

struct ast_select {
    int32_t location; /* of the first thing in it, -1 = unknown */
    uint32_t ncte;
    struct ast_cte *cte;
    bool recursive;
    bool distinct;
    uint32_t ndistinct_on;
    struct ast_expr **distinct_on;
    uint32_t ntarget;
    struct ast_target *target;
    uint32_t nfrom;
    struct ast_from **from;
    struct ast_expr *where, *having;
    uint32_t ngroup;
    struct ast_expr **group;
    bool group_distinct;
    uint32_t nrow; /* VALUES */
    uint32_t *row_width;
    struct ast_expr ***row;
    uint32_t nsort;
    struct ast_sort *sort;
    struct ast_expr *limit, *offset;
    bool with_ties;
    bool into;
    bool locking; /* FOR UPDATE … */
    bool windows;
    enum ast_set_op set_op;
    bool set_all;
    struct ast_select *left, *right;
};

/* Deep recursion guard of a stage: false with 54001. */
bool ast_too_deep(struct error *err);

#endif
