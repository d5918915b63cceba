/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical plan: what the planner hands to exec. Read-only, shared by threads and by executions of a prepared
 * statement; lives in one arena. A plan is a list of fragments joined by exchanges; each fragment is a tree of nodes.
 * With one node in the topology everything is one fragment (parallel inside); PLAN_EXCHANGE leaves appear when
 * fragments run elsewhere, and under the debug setting `debug_fragments`, which cuts the plan as if for a cluster, so
 * that the same shapes run in tests.
 *
 * Every node's output is a batch with node->ncol columns of the given types. Expressions of a node index the columns of
 * its input (child 0's output; for joins child 0's columns, then child 1's; for scans: scan.column order).
 */
#ifndef MENCIA_PLANNER_PLAN_H
#define MENCIA_PLANNER_PLAN_H

#include "expr/expr.h"
#include "planner/catalog.h"

enum plan_kind {
    PLAN_SCAN,   /* table scan with pushed-down filters */
    PLAN_VALUES, /* constant rows; ncol 0 and one row for SELECT without FROM */
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_AGG,  /* hash or plain aggregation; DISTINCT is an aggregation without aggregates */
    PLAN_SORT, /* with limit: top-N */
    PLAN_LIMIT,
    PLAN_JOIN,      /* hash join, or nested loops when there are no keys */
    PLAN_UNION_ALL, /* any number of children */
    PLAN_SHARED,    /* reads the materialised result of shared plan shared.index (a CTE used more than once) */
    PLAN_EXCHANGE,  /* leaf: rows of another fragment */
};

struct plan_sort_key {
    uint32_t column; /* of the input */
    bool desc, nulls_first;
};

enum join_kind {
    JOIN_INNER,
    JOIN_LEFT,
    JOIN_SEMI, /* rows of child 0 with a match */
    JOIN_ANTI, /* rows of child 0 without a match (NOT EXISTS) */
    JOIN_MARK, /* all rows of child 0 plus one bool column: x IN (child 1) with three-valued logic */
    JOIN_RIGHT,
    JOIN_FULL,
};

/* Aggregate call of PLAN_AGG. */
struct plan_agg {
    const struct func *func; /* kind FUNC_AGGREGATE */
    uint32_t narg;
    uint32_t arg[FUNC_ARGS_MAX]; /* columns of the input */
    int32_t filter;              /* bool column of the input, -1 = none */
    bool distinct;
    struct coltype type; /* result */
};

/* How much of an aggregation a node does. */
enum agg_mode { AGG_SINGLE, AGG_PARTIAL /* outputs keys + partial columns */, AGG_FINAL /* inputs them */ };

enum exchange_kind { EXCHANGE_GATHER, EXCHANGE_MERGE /* sorted inputs */, EXCHANGE_BROADCAST, EXCHANGE_HASH };

struct plan_node {
    enum plan_kind kind;
    uint32_t id; /* unique in the plan, dense from 0: index of run-time statistics */
    uint32_t ncol;
    struct coltype *type; /* [ncol] */
    const char **name;    /* [ncol] for EXPLAIN; entries may be NULL */
    uint32_t nchild;
    struct plan_node **child;
    double rows; /* estimate */
    union {
        struct {
            struct relation relation;
            const char *alias;
            uint32_t *column;  /* [ncol] output column i = table column (attnum - 1, or beyond: hidden) column[i] */
            uint32_t npred;    /* simple predicates, ANDed; pred.column is a table column */
            struct pred *pred; /* constants known at plan time */
            uint32_t nfilter;  /* further conjuncts, in this order; over the scan's output columns */
            struct expr **filter;
            uint32_t nparam_pred; /* column OP parameter: turned into preds when the execution starts */
            struct expr *
                *param_pred;     /* OP(column, param-only expression); also evaluated as filters if they cannot be */
            uint64_t limit;      /* stop after so many rows; UINT64_MAX = none */
            bool hidden_columns; /* asks for pos, ordinal */
        } scan;
        struct {
            uint32_t nrow;
            struct expr ***row; /* [nrow][ncol] */
        } values;
        struct {
            struct expr *cond;
        } filter;
        struct {
            struct expr **expr; /* [ncol] */
        } project;
        struct {
            enum agg_mode mode;
            uint32_t nkey;
            uint32_t *key; /* columns of the input; output columns 0..nkey */
            uint32_t nagg;
            struct plan_agg *agg; /* output columns nkey.. (PARTIAL: their partial columns) */
            double groups;        /* estimate, 0 = unknown */
        } agg;
        struct {
            uint32_t nkey;
            struct plan_sort_key *key;
            struct expr *limit, *offset; /* int8, param-or-constant only; NULL = none; with limit: top-N */
        } sort;
        struct {
            struct expr *limit, *offset;
        } limit;
        struct {
            enum join_kind kind;
            uint32_t nkey;
            uint32_t *left_key, *right_key; /* columns of child 0 / child 1, pairwise of one type; equality joins */
            struct expr *cond;              /* further condition over both sides' columns; NULL = none */
            bool build_left;                /* hash table on child 0 instead of child 1 */
            bool null_aware;                /* MARK for IN: NULLs of keys matter */
        } join;
        struct {
            uint32_t index;
        } shared;
        struct {
            enum exchange_kind kind;
            uint32_t fragment;
            uint32_t nkey;
            struct plan_sort_key *key;
        } exchange;
    };
};

struct plan_fragment {
    struct plan_node *root;
    bool on_servers; /* runs once per server over its part of the tables; otherwise once, at the broker */
};

/* A sub-SELECT that runs first; its result is bound to a parameter. */
enum init_plan_kind { INIT_SCALAR /* at most one row, else 21000 */, INIT_EXISTS };
struct init_plan {
    enum init_plan_kind kind;
    struct plan_node *root;
    uint32_t param; /* index in expr_env.param */
};

struct plan {
    struct arena *arena; /* owner of everything; not freed by exec */
    uint32_t nfragment;
    struct plan_fragment *fragment; /* [0] is the root */
    uint32_t nshared;
    struct plan_node **shared; /* materialised once, on first use, before their readers */
    uint32_t ninit;
    struct init_plan *init;   /* in order of execution */
    uint32_t nparam_client;   /* $n */
    uint32_t nparam;          /* with init plans' */
    oid_t *param_type;        /* [nparam] */
    uint32_t nnode;           /* ids are [0, nnode) */
    uint32_t ncol;            /* visible result columns: the first ncol of the root */
    double cost_us;           /* estimate: under 200 runs on the session's thread */
    uint64_t catalog_version; /* plan templates are valid for this one */
};

#endif
