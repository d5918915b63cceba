/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bound expressions, and their evaluation over batches.
 *
 * `struct expr` is the typed tree the binder makes (all casts explicit, all functions resolved); read-only afterwards
 * and shared by threads. `struct expr_prog` is its compiled, read-only program; `struct expr_state` is one thread's
 * scratch.
 *
 * Evaluation keeps PostgreSQL's short circuits: AND, OR, CASE, COALESCE evaluate later arguments only for the rows that
 * still need them, so an error is raised only where PostgreSQL would. Subtrees without columns, of immutable
 * functions, are folded when compiled (an error while folding stays a run-time error of the rows that reach it). A
 * subtree over one dictionary-coded column and of immutable or stable functions is evaluated once per distinct value,
 * lazily, and memoised per dict->id.
 */
#ifndef MENCIA_EXPR_EXPR_H
#define MENCIA_EXPR_EXPR_H

#include "func/func.h"

enum expr_kind {
    EXPR_CONST,  /* value */
    EXPR_COLUMN, /* column: index into the input batch */
    EXPR_PARAM,  /* param: index into expr_env.param ($n of the client from 0, then results of init plans) */
    EXPR_CALL,   /* func, args */
    EXPR_RELABEL, /* args[0] seen as another type of the same physical form (text ↔ varchar, oid ↔ regclass): no work */
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT, /* args: two or more / one; bool */
    EXPR_IS_NULL,
    EXPR_IS_NOT_NULL,
    EXPR_IS_TRUE,
    EXPR_IS_NOT_TRUE,
    EXPR_IS_FALSE,
    EXPR_IS_NOT_FALSE,
    EXPR_IS_UNKNOWN,
    EXPR_IS_NOT_UNKNOWN,
    EXPR_IS_DISTINCT,
    EXPR_IS_NOT_DISTINCT, /* two args of one type; func = its equality function */
    EXPR_CASE, /* args: when1, then1, when2, then2, …, else (always there; NULL constant if none was given) */
    EXPR_COALESCE,
    EXPR_GREATEST,
    EXPR_LEAST,  /* args of one type */
    EXPR_NULLIF, /* two args; func = equality */
    EXPR_IN, /* args[0] IN (args[1..]): constants or expressions of the same type; func = equality; negated → NOT above
              */
    EXPR_AGG,     /* only before planning: aggregate call; planned away into PLAN_AGG */
    EXPR_SUBLINK, /* only before planning: sub-SELECT; planned away into EXPR_PARAM or a join */
};

struct plan_query; /* planner's bound query of a sub-SELECT */

struct expr {
    enum expr_kind kind;
    struct coltype type;
    int32_t location; /* byte offset in the statement, -1 = unknown */
    uint32_t nargs;
    struct expr **args;
    union {
        struct value value; /* EXPR_CONST; strings live in the tree's arena */
        uint32_t column;
        uint32_t param;
        const struct func *func; /* CALL, IS_DISTINCT, NULLIF, IN */
        struct {                 /* EXPR_AGG */
            const struct func *func;
            bool distinct, star;
            struct expr *filter; /* NULL = none */
            uint32_t level;      /* query levels up it belongs to; 0 = this one */
        } agg;
        struct {              /* EXPR_SUBLINK */
            int sublink_kind; /* planner/bind_int.h */
            struct plan_query *query;
        } sublink;
    };
};

/* What the program needs besides rows; fixed for a statement. */
struct expr_env {
    struct value_ctx ctx;
    uint32_t nparam;
    const struct value *param; /* may be filled after compiling (init plans), before evaluating */
};

struct expr_prog;
struct expr_state;

/* column_type[ncolumn]: types of the input batch's columns. The program lives in the arena; env must outlive it. */
bool expr_compile(struct arena *arena, const struct expr *expr, const struct coltype *column_type, uint32_t ncolumn,
                  const struct expr_env *env, struct expr_prog **out, struct error *err) MUST_CHECK;
/* One thread's state; its memory is charged to account (may be NULL). */
struct expr_state *expr_state_new(const struct expr_prog *prog, struct mem_account *account);
void expr_state_free(struct expr_state *state);

/* Evaluates over the rows of sel (NULL = all of batch; batch->sel is ignored). *out is valid until the next call with
 * this state, or as long as the batch if it is one of its columns; its form may be any. Rows that fail are in *errors
 * (init by the caller), their values undefined; false = the statement fails. */
bool expr_eval(const struct expr_prog *prog, struct expr_state *state, const struct batch *batch, const struct sel *sel,
               struct vec *out, struct row_errors *errors, struct error *err) MUST_CHECK;
/* Bool expression as a filter: writes the rows where it is true, ascending, to idx[<= batch->n]; returns them in *nidx.
 * Same errors. */
bool expr_filter(const struct expr_prog *prog, struct expr_state *state, const struct batch *batch,
                 const struct sel *sel, uint16_t *idx, uint32_t *nidx, struct row_errors *errors,
                 struct error *err) MUST_CHECK;
/* If the program is a bool function of exactly one column (column index in *column), it can be evaluated over a
 * dictionary: sets a bit in code_bits for each entry [0, dict->n) that satisfies it, memoised. *null_passes: a NULL
 * satisfies it. False in *done: not of that shape, or an entry failed: evaluate rows instead. */
bool expr_single_column(const struct expr_prog *prog, uint32_t *column);
bool expr_filter_dict(const struct expr_prog *prog, struct expr_state *state, const struct dict *dict,
                      uint64_t *code_bits, bool *null_passes, bool *done, struct error *err) MUST_CHECK;

/* One constant result without input rows: DEFAULT, LIMIT, VALUES, EXECUTE arguments. Strings in the arena. */
bool expr_eval_const(struct arena *arena, const struct expr *expr, const struct expr_env *env, struct value *out,
                     struct error *err) MUST_CHECK;

/* Tree helpers. */
bool expr_equal(const struct expr *a, const struct expr *b);
/* Worst volatility in the tree. */
enum func_volatility expr_volatility(const struct expr *expr);
bool expr_is_fallible(const struct expr *expr);
/* Appends SQL text (EXPLAIN, errors). names: column names by index, may be NULL ($col3). */
void expr_format(struct strbuf *out, const struct expr *expr, const char *const *names);

#endif
