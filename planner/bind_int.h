/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binder's own structures: one bound query (struct plan_query), its FROM items, the scopes names are looked up in.
 * Private to planner/.
 *
 * Columns: every FROM item of a statement gets its own range of statement-wide column numbers [base, base + ncol); an
 * EXPR_COLUMN of a bound expression holds such a number until the planner maps it to a batch column. So queries can be
 * merged without renumbering.
 *
 * Functions that return a pointer return NULL after filling b->err.
 */
#ifndef MENCIA_PLANNER_BIND_INT_H
#define MENCIA_PLANNER_BIND_INT_H

#include "planner/ast_int.h"
#include "planner/planner.h"

/* memcpy that takes NULL for nothing. */
static inline void copy_some(void *to, const void *from, size_t bytes)
{
    if (bytes)
        memcpy(to, from, bytes);
}

enum sublink_kind { SUBLINK_EXISTS, SUBLINK_SCALAR, SUBLINK_IN /* args[0] = (query): args[0] has its column's type */ };

/* Where an expression stands: decides what is allowed in it, and the wording of the error. */
enum bind_place {
    PLACE_SELECT,
    PLACE_WHERE,
    PLACE_HAVING,
    PLACE_GROUP,
    PLACE_ORDER,
    PLACE_JOIN,
    PLACE_LIMIT,
    PLACE_OFFSET,
    PLACE_VALUES,
    PLACE_FILTER,
    PLACE_DEFAULT,
    PLACE_GENERATED,
};

enum rte_kind { RTE_RELATION, RTE_QUERY, RTE_CTE };

struct bound_cte {
    const char *name;
    struct plan_query *query;
    uint32_t ncol;
    const char **column;
    uint32_t refs;
    bool always, never;           /* [NOT] MATERIALIZED */
    const struct plan *shared_by; /* planner: the plan in which it is shared plan `shared` */
    uint32_t shared;
};

/* One FROM item that produces rows. */
struct rte {
    enum rte_kind kind;
    const char *alias; /* what its columns are qualified with */
    bool aliased;      /* by AS, so the relation's own name is hidden */
    struct relation relation;
    struct plan_query *query;
    struct bound_cte *cte;
    uint32_t base, ncol;
    const char **name; /* [ncol]; NULL = dropped column */
    struct coltype *type;
    int16_t *attnum; /* RTE_RELATION: table column of each */
};

enum from_kind { FROM_RTE, FROM_JOIN };
struct from_node {
    enum from_kind kind;
    struct rte *rte;
    enum join_kind join; /* INNER, LEFT, RIGHT, FULL */
    struct from_node *left, *right;
    struct expr *on; /* NULL = all pairs */
};

struct query_target {
    struct expr *expr;
    const char *name;
    bool junk;    /* only for ORDER BY */
    bool unknown; /* was an untyped literal or parameter, resolved to text; `raw` is what it was */
    struct expr *raw;
    oid_t table_oid;
    int16_t attnum;
};

struct query_sort {
    uint32_t target;
    bool desc, nulls_first;
};

struct query_arm { /* one input of a UNION */
    struct plan_query *query;
    struct expr **cast; /* [nvisible] over its output: EXPR_COLUMN i = visible output column i */
};

enum query_kind { QUERY_SELECT, QUERY_VALUES, QUERY_UNION };

struct plan_query {
    struct bind *bind;
    enum query_kind kind;
    uint32_t ntarget, nvisible; /* junk targets come last */
    struct query_target *target;
    struct from_node *from; /* NULL = one row without columns */
    struct expr *where, *having;
    uint32_t ngroup;
    struct expr **group;
    bool grouped; /* GROUP BY, aggregates or HAVING */
    bool distinct;
    uint32_t nsort;
    struct query_sort *sort;
    struct expr *limit, *offset;
    /* QUERY_VALUES, QUERY_UNION: output columns are EXPR_COLUMN base + i */
    uint32_t base;
    uint32_t nrow;
    struct expr ***row; /* as bound: types may differ, literals untyped; see values_type */
    struct coltype *values_type;
    uint32_t narm;
    struct query_arm *arm;
    bool union_distinct;
};

/* A name that columns can be qualified with, or a join's merged columns. */
struct ns_item {
    const char *name; /* NULL = cannot be named */
    struct rte *rte;  /* NULL = a join */
    uint32_t ncol;
    const char **column;
    struct expr **expr;
    bool rel_visible, cols_visible;
};

struct scope {
    struct scope *parent;
    struct plan_query *query;
    uint32_t nitem, capitem;
    struct ns_item **item;
    uint32_t nrte, caprte; /* all FROM items so far, for did-you-mean */
    struct rte **rte;
    uint32_t ncte;
    struct bound_cte **cte;
    enum bind_place place;
    bool in_agg;  /* inside an aggregate's arguments */
    bool has_agg; /* an aggregate was found */
    bool has_sublink;
    bool keep_unknown; /* queries right below are arms of a UNION: their untyped results stay so */
};

/* One statement being bound; lives as long as the plan. */
struct bind {
    struct arena *arena;
    const struct catalog_view *catalog;
    const struct value_ctx *ctx;
    struct value_ctx ctx_copy;
    struct error *err;
    uint32_t depth;
    uint32_t ncolumn; /* statement-wide column numbers given out */
    uint32_t nrte, caprte;
    struct rte **rte; /* by base */
    bool params_allowed, params_fixed;
    uint32_t nparam;
    oid_t *param_type; /* [nparam]; TYPE_UNKNOWN = not inferred yet, 0 = never used */
    uint32_t capparam;
    bool *param_open;    /* [nparam] made text for want of anything better; INSERT may say otherwise */
    bool immutable_only; /* DEFAULT and generated columns */
};

/* ---- bind_expr.c ---- */
struct expr *bind_expr(struct bind *b, struct scope *s, const struct ast_expr *e);
/* bind_expr and coercion to bool: "argument of WHERE must be type boolean, not type integer". */
struct expr *bind_condition(struct bind *b, struct scope *s, const struct ast_expr *e, enum bind_place place,
                            const char *what);
struct expr *bind_new(struct bind *b, enum expr_kind kind, struct coltype type, int32_t location, uint32_t nargs);
struct expr *bind_fail_at(struct bind *b, int32_t location);
/* Where PostgreSQL says an expression stands: its leftmost token it keeps a location of. */
int32_t expr_location(const struct expr *e);
int32_t ast_location(const struct ast_expr *e);
/* 0A000 "<what> not supported" with position and hint (may be NULL). Returns NULL. */
void *bind_unsupported(struct bind *b, int32_t location, const char *hint, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool check_schema(struct bind *b, struct strview schema, int32_t location);
const char *type_text(struct bind *b, oid_t oid);
const char *bind_cstr(struct bind *b, struct strview s);

/* ---- bind_func.c ---- */
struct expr *bind_func(struct bind *b, struct scope *s, const struct ast_expr *e);
/* A call of a built-in function by name, arguments already bound. */
struct expr *bind_call(struct bind *b, const char *name, struct expr **args, uint32_t nargs, int32_t location);
struct expr *bind_op(struct bind *b, struct strview op, struct expr *left, struct expr *right, int32_t location);
/* Equality function for two values of a type (after binary coercion to *as); NULL without an error if there is none. */
const struct func *bind_equality(struct bind *b, oid_t type, oid_t *as);
bool bind_has_order(struct bind *b, oid_t type);
/* The operator for these types, or NULL with an error (location ≥ 0) or without (-2). */
const struct operator* bind_find_op(struct bind *b, struct strview name, oid_t left, oid_t right, int32_t location);

/* ---- bind_coerce.c ---- */
bool can_coerce(uint32_t n, const oid_t *from, const oid_t *to, enum cast_context context);
bool binary_coercible(oid_t from, oid_t to);
/* As PostgreSQL's coerce_type: the cast must be possible. */
struct expr *coerce(struct bind *b, struct expr *e, struct coltype to, enum cast_context context, int32_t location);
/* coerce, or NULL without an error if there is no cast. */
bool coerce_possible(const struct expr *e, oid_t to, enum cast_context context);
/* Explicit cast: error 42846 if impossible. */
struct expr *bind_cast(struct bind *b, struct expr *e, struct coltype to, int32_t location, int32_t cast_location);
/* Common type of several expressions: 0 with an error "<context> types %s and %s cannot be matched". context NULL: 0
 * without an error. */
oid_t common_type(struct bind *b, struct expr **e, uint32_t n, const char *context);
int32_t common_typmod(struct expr **e, uint32_t n, oid_t type);
/* Coerces to a type found by common_type. "%s could not convert type %s to %s" */
struct expr *coerce_common(struct bind *b, struct expr *e, oid_t type, const char *context);
struct expr *coerce_bool(struct bind *b, struct expr *e, const char *what);
const struct func *bind_cast_func(oid_t oid);

/* ---- bind_name.c ---- */
struct expr *bind_column(struct bind *b, struct scope *s, const struct ast_expr *e);
struct ns_item *find_ns_item(struct bind *b, struct scope *s, const struct ast_expr *e, uint32_t nname);
bool expand_star(struct bind *b, struct scope *s, const struct ast_expr *e, struct plan_query *q);
/* The name PostgreSQL gives a result column. */
const char *figure_name(struct bind *b, const struct ast_expr *e);
/* The single-name match in the scope itself, without an error: for GROUP BY name. */
struct expr *probe_column(struct bind *b, struct scope *s, struct strview name, bool quoted, int32_t location);
struct rte *rte_of_column(const struct bind *b, uint32_t column);

/* ---- bind_from.c ---- */
bool bind_from(struct bind *b, struct scope *s, const struct ast_select *sel);
struct ns_item *add_item(struct bind *b, struct scope *s, struct rte *rte, const char *name, uint32_t ncol);
struct rte *rte_for_query(struct bind *b, struct scope *s, struct plan_query *q, const char *alias,
                          const struct ast_alias *columns);
bool bind_ctes(struct bind *b, struct scope *s, const struct ast_select *sel);

/* ---- bind_select.c ---- */
struct plan_query *bind_query(struct bind *b, struct scope *parent, const struct ast_select *sel);
bool add_target(struct bind *b, struct plan_query *q, struct expr *e, const char *name, bool junk);
/* Fills the types of a VALUES list and coerces its rows. */
bool resolve_values(struct bind *b, struct plan_query *q);

/* ---- bind_agg.c ---- */
bool check_grouping(struct bind *b, struct plan_query *q);
struct expr *bind_aggregate(struct bind *b, struct scope *s, const struct ast_expr *e, const struct func *f,
                            struct expr **args, uint32_t nargs);

/* Calls fn for the direct children of an expression (also filters of aggregates). */
void expr_each_child(struct expr *e, void (*fn)(struct expr *child, void *arg), void *arg);
/* A copy with every EXPR_COLUMN replaced by what fn gives (NULL = keep). */
struct expr *expr_map(struct arena *arena, struct expr *e, struct expr *(*fn)(struct expr *e, void *arg), void *arg);

#endif
