/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program is an array of nodes, arguments before their parents, equal subtrees only once. It is read-only; a state
 * holds what one thread computes with it.
 *
 * Rows. Evaluation always names the rows it is for (struct rows): a selection of the input's n rows. Vectors have n
 * rows, but only the selected ones are meaningful; the others are readable. A result computed for some rows is good for
 * every subset of them, which is what makes shared subtrees work under AND, OR and CASE: every struct rows knows its
 * superset.
 */
#ifndef MENCIA_EXPR_EXPR_INT_H
#define MENCIA_EXPR_EXPR_INT_H

#include "base/memory.h"
#include "expr/expr.h"

enum { COLUMN_NONE = -1, COLUMN_MANY = -2 };

struct in_set;

struct node {
    uint8_t kind;     /* enum expr_kind */
    uint8_t phys;     /* of the result */
    bool constant;    /* no columns, nothing volatile: one value per state */
    bool is_volatile; /* it or something below it */
    bool immutable;
    bool fallible;
    bool shared;    /* has several parents: its result is kept for the batch */
    bool memoised;  /* over one string column and worth computing once per distinct value */
    int32_t column; /* the one input column below it, COLUMN_NONE, COLUMN_MANY; EXPR_COLUMN: itself */
    uint32_t nargs;
    const uint32_t *arg;            /* indexes of nodes */
    const struct coltype *arg_type; /* [nargs] */
    struct coltype type;
    const struct func *func;
    void *prepared;     /* by func->prepare */
    uint32_t param;     /* EXPR_PARAM */
    struct vec value;   /* EXPR_CONST: VEC_CONST */
    struct in_set *set; /* EXPR_IN with constants only */
    uint64_t hash;      /* of the subtree, for sharing */
    const struct expr *source;
};

struct expr_prog {
    struct arena *arena;
    const struct expr_env *env;
    const struct coltype *column_type;
    uint32_t ncolumn;
    struct node *node;
    uint32_t nnode, node_cap;
    uint32_t root;
};

struct rows {
    uint32_t n;
    const struct sel *sel; /* NULL = all */
    uint64_t id;
    const struct rows *superset;
};

/* Result of a shared node. */
struct slot {
    struct vec value;
    uint64_t rows_id; /* 0 = none */
};

/* Results of a node for the entries of one dictionary; entry dict->n stands for NULL. */
struct memo {
    uint64_t dict_id;
    uint32_t n;        /* entries + 1 */
    uint8_t *state;    /* [n] enum memo_state */
    char *value;       /* [n] of the node's form */
    uint64_t *null;    /* [n] bits */
    size_t bytes;      /* of the three, in one allocation at value */
    struct arena heap; /* long strings and numerics */
};
enum memo_state { MEMO_NONE, MEMO_DONE, MEMO_FAILED, MEMO_PENDING };

struct expr_state {
    const struct expr_prog *prog;
    struct mem_account *account;
    struct arena batch_arena; /* reset with every evaluation */
    struct arena keep;        /* until the state ends */
    struct arena *alloc;      /* where results go: one of the two */
    const struct vec *col;    /* input columns */
    uint32_t ncol;
    int32_t subst_column; /* this column is *subst instead: entries of a dictionary */
    struct vec subst;
    uint64_t next_rows_id;
    struct slot *slot;       /* [nnode] */
    struct vec *constant;    /* [nnode] values of constant nodes; form VEC_CONST once known */
    bool *constant_known;    /* [nnode] */
    struct memo **memo;      /* [nnode] */
    uint64_t filter_dict_id; /* of filter_bits; 0 = none */
    uint64_t *filter_bits;
    uint32_t filter_n; /* entries */
    bool filter_null_passes;
};

#define EVAL_ARGS                                                                                                      \
    struct expr_state *st, const struct node *node, const struct rows *rows, struct vec *out,                          \
        struct row_errors *errors, struct error *err

static inline uint32_t rows_count(const struct rows *r) { return r->sel ? r->sel->n : r->n; }
#define FOR_EACH_ROW(i, rows)                                                                                          \
    for (uint32_t i##_at = 0, i##_end = rows_count(rows), i;                                                           \
         i##_at < i##_end && (i = (rows)->sel ? (rows)->sel->idx[i##_at] : i##_at, true); i##_at++)

/* A subset under construction. */
struct subset {
    struct rows rows;
    struct sel sel;
    uint16_t *idx;
};

/* ---- eval.c ---- */
bool eval_node(EVAL_ARGS) MUST_CHECK;
/* Past sharing and memo. */
bool eval_compute(EVAL_ARGS) MUST_CHECK;
/* Calls a function on vectors. */
bool eval_call(struct expr_state *st, const struct func *func, void *prepared, const struct coltype *arg_type,
               uint32_t nargs, struct coltype result, const struct vec *args, const struct rows *rows, struct vec *out,
               struct row_errors *errors, struct error *err) MUST_CHECK;
bool eval_null(struct expr_state *st, uint8_t phys, struct vec *out, struct error *err) MUST_CHECK;
/* Flat result vector of rows->n rows, zeroed if anything outside the rows might be read through a pointer. */
bool eval_alloc(struct expr_state *st, uint8_t phys, const struct rows *rows, struct vec *out,
                struct error *err) MUST_CHECK;
/* Room for a subset of so many rows. */
bool subset_new(struct expr_state *st, struct subset *s, const struct rows *superset, uint32_t max,
                struct error *err) MUST_CHECK;
static inline void subset_done(struct subset *s, uint32_t count) { s->sel.n = count; }
/* Marks all rows as failed with this error. */
void rows_fail(const struct rows *rows, const struct error *why, struct row_errors *errors);
/* The state with nothing computed, for compile-time folding; memory in the arena. */
void state_init(struct expr_state *st, const struct expr_prog *prog, struct mem_account *account);
void state_release(struct expr_state *st);

/* ---- logic.c ---- */
bool eval_and_or(EVAL_ARGS) MUST_CHECK;
bool eval_not(EVAL_ARGS) MUST_CHECK;
bool eval_test(EVAL_ARGS) MUST_CHECK; /* IS [NOT] NULL, TRUE, FALSE, UNKNOWN */
bool eval_distinct(EVAL_ARGS) MUST_CHECK;
bool eval_case(EVAL_ARGS) MUST_CHECK;
bool eval_coalesce(EVAL_ARGS) MUST_CHECK;
bool eval_extreme(EVAL_ARGS) MUST_CHECK; /* GREATEST, LEAST */
bool eval_nullif(EVAL_ARGS) MUST_CHECK;
/* Rows where a bool node is true. */
bool filter_node(struct expr_state *st, const struct node *node, const struct rows *rows, uint16_t *idx, uint32_t *nidx,
                 struct row_errors *errors, struct error *err) MUST_CHECK;

/* ---- in.c ---- */
bool eval_in(EVAL_ARGS) MUST_CHECK;
/* Set of the constants of an IN; NULL if they are not all constants. */
struct in_set *in_set_new(struct arena *arena, const struct expr_prog *prog, const struct node *node);

/* ---- memo.c ---- */
/* *done false: not applicable (memory, not a dictionary). */
bool memo_eval(EVAL_ARGS, bool *done) MUST_CHECK;
void memo_free(struct expr_state *st, struct memo *memo);

/* ---- select.kern.c ---- */
struct select_kernels {
    /* Rows whose byte is 1 and null bit clear, ascending; returns how many. idx has room for n. */
    uint32_t (*dense)(const uint8_t *value, const uint64_t *null, uint32_t n, uint16_t *idx);
    uint32_t (*sparse)(const uint8_t *value, const uint64_t *null, const struct sel *sel, uint16_t *idx);
};

#endif
