/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's own structures. A plan grows bottom-up: `struct rel` is a node together with the statement-wide column
 * number of each of its output columns; expressions keep those numbers (see bind_int.h) until rel_map turns them into
 * indexes. The bound query is not changed, so it can be planned again.
 *
 * Private to planner/. Functions return false after filling p->err.
 */
#ifndef MENCIA_PLANNER_PLAN_INT_H
#define MENCIA_PLANNER_PLAN_INT_H

#include "planner/bind_int.h"

#define COLUMN_NONE UINT32_MAX

struct rel {
    struct plan_node *node;
    uint32_t *id; /* [node->ncol]; COLUMN_NONE = nothing refers to it */
};

struct quals { /* a list of conditions that must all hold */
    uint32_t n, cap;
    struct expr **e;
};

struct planner {
    struct arena *arena;
    struct bind *bind;
    const struct plan_options *options;
    struct error *err;
    struct plan *plan;
    uint32_t capinit, capshared, capparam;
    uint32_t ncolumn; /* next free column number */
    uint32_t capuse;
    uint32_t *use; /* by column number: how many expressions still need it */
    double scanned_rows;
};

/* A query being planned: a copy of the bound one whose parts may be replaced. */
struct work {
    struct plan_query q;
    struct quals where, having;
    bool outer_join;    /* FROM has one: columns may be NULL although declared NOT NULL */
    struct quals later; /* conditions with IN (subquery), applied after the joins */
};

/* ---- plan.c ---- */
/* Plans a query; *out's columns are its targets: id = index in q->target. used: [nvisible] which the parent needs, NULL
 * = all. extra: conditions over its visible columns (EXPR_COLUMN i) that the parent wants applied, may be NULL. */
bool plan_subquery(struct planner *p, const struct plan_query *q, const bool *used, const struct quals *extra,
                   struct rel *out) MUST_CHECK;
struct plan_node *plan_node_new(struct planner *p, enum plan_kind kind, uint32_t ncol, uint32_t nchild);
uint32_t plan_param(struct planner *p, oid_t type);
uint32_t plan_column(struct planner *p);

/* ---- plan_expr.c ---- */
void quals_add(struct planner *p, struct quals *q, struct expr *e);
/* Splits ANDs, drops TRUE. */
void quals_split(struct planner *p, struct quals *q, struct expr *e);
/* Folds constants; never fails (what cannot be folded stays). */
struct expr *fold(struct planner *p, struct expr *e);
bool is_const_false(const struct expr *e); /* FALSE or NULL */
bool expr_has_column(const struct expr *e);
bool expr_has(const struct expr *e, enum expr_kind kind);
/* +1 / −1 to the use counts of all columns in it. */
void use_columns(struct planner *p, const struct expr *e, int32_t by);
uint32_t *use_of(struct planner *p, uint32_t id);
/* Are all columns of e among the rel's? */
bool rel_covers(const struct rel *rel, const struct expr *e);
int64_t rel_index(const struct rel *rel, uint32_t id);
/* A copy of e over the rel's output. */
struct expr *rel_map(struct planner *p, const struct rel *rel, struct expr *e);
struct expr *column_ref(struct planner *p, uint32_t id, struct coltype type);
struct expr *make_call(struct planner *p, const struct func *f, struct coltype type, uint32_t nargs,
                       struct expr **args);
/* Is this a comparison operator's call? *op = its name: = <> < <= > >=. */
bool is_comparison(const struct expr *e, const char **op);
struct expr *strip_relabel(struct expr *e);
/* expr with the columns [base, base + n) replaced by the given expressions. */
struct expr *substitute(struct planner *p, struct expr *e, uint32_t base, uint32_t n, struct expr *const *by);
struct rel rel_project(struct planner *p, const struct rel *in, uint32_t n, struct expr **e, const uint32_t *id);
struct rel rel_filter(struct planner *p, const struct rel *in, const struct quals *q);
/* The rel with e among its columns (a projection if need be); *column = where. */
struct rel rel_with(struct planner *p, const struct rel *in, struct expr *e, uint32_t *column);

/* ---- plan_scan.c ---- */
bool plan_scan(struct planner *p, const struct rte *rte, const struct quals *quals, struct rel *out) MUST_CHECK;
double quals_selectivity(const struct quals *q);

/* ---- plan_join.c ---- */
/* FROM with all conditions in quals applied. */
bool plan_from(struct planner *p, const struct from_node *from, const struct quals *quals, struct rel *out) MUST_CHECK;
/* x IN (query): semi join as a condition, or mark join giving column *mark. */
bool plan_in(struct planner *p, struct rel *rel, const struct expr *sublink, bool semi, uint32_t *mark) MUST_CHECK;

/* ---- plan_agg.c ---- */
bool plan_grouping(struct planner *p, struct work *w, struct rel *rel) MUST_CHECK;
struct rel plan_distinct(struct planner *p, const struct rel *in, uint32_t nkey);

/* ---- plan_flatten.c ---- */
void flatten(struct planner *p, struct work *w);

/* ---- plan_fragment.c ---- */
void cut_fragments(struct planner *p, struct plan *plan);

#endif
