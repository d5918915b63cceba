/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one catalogue of functions, operators, casts and aggregates. It drives binding (planner), evaluation (expr,
 * exec), pg_proc / pg_operator / pg_cast / pg_aggregate (syscat) and the documentation. OIDs, names, argument and
 * result types are PostgreSQL 15's wherever PostgreSQL has the function; our own (time_bucket, kafka_offset …) use OIDs
 * 9000–9999.
 *
 * Kernels work on vectors. The expression layer prepares the call:
 *   - arguments are FLAT or CONST (never DICT), all of n rows; types are exactly func->arg (binder inserted casts);
 *   - out is FLAT, n rows of the result's form, data allocated; for strict functions out->null is already the union
 *     of the arguments' nulls (or NULL if there are none) and rows that are NULL are not in sel;
 *   - only rows of sel (NULL = all rows) may be read, written or raise an error; kernels that cannot fail may compute
 *     all n rows whatever sel says (values under NULL bits are readable).
 * A kernel that adds NULLs calls vec_alloc_null when out->null is NULL. Memory for long results comes from call->arena.
 */
#ifndef MENCIA_FUNC_FUNC_H
#define MENCIA_FUNC_FUNC_H

#include "types/value.h"

enum { FUNC_ARGS_MAX = 8 };

/* Rows that failed in an evaluation. The caller decides what a failing row means: a statement raises the error of the
 * lowest failing row that it really needs; ingestion turns each into a dead letter. */
struct row_errors {
    uint64_t *bits;       /* [n] bits; NULL = the caller takes only `first` */
    uint32_t count;       /* failing rows */
    uint32_t first_row;   /* lowest failing row, UINT32_MAX = none */
    struct error first;   /* its error */
    struct error scratch; /* takes the errors of later rows */
};
static inline void row_errors_init(struct row_errors *e, uint64_t *bits)
{
    e->bits = bits;
    e->count = 0;
    e->first_row = UINT32_MAX;
    error_clear(&e->first);
}
/* Marks the row and returns where its error is to be written. */
struct error *row_errors_at(struct row_errors *e, uint32_t row);

struct func;
struct agg_func; /* func/agg.h */

struct func_call {
    const struct func *func;
    uint32_t nargs;                 /* of this call: more than func->nargs for variadic ones */
    const struct coltype *arg_type; /* [nargs] actual types, for functions of "any" and I/O casts */
    struct arena *arena;            /* results of this batch; reset by the caller between batches */
    const struct value_ctx *ctx;    /* TimeZone, now() … of the statement */
    struct coltype result;          /* with typmod for casts that apply one */
    void *state;                    /* what func->prepare made (compiled pattern …), NULL without prepare */
};

/* False = the whole statement fails (err: out of memory, cancelled); failing rows go to errors. */
typedef bool (*func_kernel)(struct func_call *call, const struct vec *arg, uint32_t n, const struct sel *sel,
                            struct vec *out, struct row_errors *errors, struct error *err);

enum func_kind { FUNC_SCALAR = 'f', FUNC_AGGREGATE = 'a', FUNC_WINDOW = 'w', FUNC_SET = 's' /* set-returning */ };
enum func_volatility { FUNC_IMMUTABLE = 'i', FUNC_STABLE = 's', FUNC_VOLATILE = 'v' };

struct func {
    oid_t oid;          /* pg_proc.oid */
    const char *name;   /* pg_proc.proname */
    uint8_t kind;       /* enum func_kind */
    uint8_t volatility; /* enum func_volatility */
    bool strict;        /* NULL in → NULL out without a call */
    bool fallible;      /* may raise row errors (then NULL rows are kept out of sel) */
    bool variadic_any;  /* last argument repeats any number of times, of any type (concat) */
    uint8_t nargs;
    uint8_t ndefault; /* trailing arguments that may be left out */
    oid_t arg[FUNC_ARGS_MAX];
    oid_t result;
    func_kernel kernel;         /* scalar */
    const struct agg_func *agg; /* aggregate */
    /* Called once per call site when arguments that are constants are known (NULL entries = not constant); may compile
     * a pattern, look up a zone. What it returns in *state lives in the arena. May be NULL. */
    bool (*prepare)(struct arena *arena, const struct func *func, const struct value *const *arg, uint32_t nargs,
                    const struct value_ctx *ctx, void **state, struct error *err);
    const char *doc; /* one sentence, for docs and \df+; may be NULL */
};

/* Adds a table of functions that live in higher layers (session, system catalogue). The table must stay; call before
 * the first look-up, from one thread. */
void func_register(const struct func *table, uint32_t count);
/* All functions of this name (exact, lower case), sorted by nargs; *count = 0 if none. */
const struct func *const *func_candidates(struct strview name, uint32_t *count);
const struct func *func_by_oid(oid_t oid);
const struct func *const *func_all(uint32_t *count);
/* The name as an identifier of a statement, in double quotes if it needs them; appends. */
void func_quote_ident(struct strview name, struct strbuf *out);
/* Up to `max` known names near this one, for did-you-mean; returns how many. */
uint32_t func_similar(struct strview name, const char **out, uint32_t max);

struct operator
{
    oid_t oid;         /* pg_operator.oid */
    const char *name;  /* +, ~~, ->> … */
    oid_t left, right; /* left 0 = prefix operator */
    oid_t result;
    oid_t func;                /* pg_proc.oid of the function behind it */
    oid_t commutator, negator; /* pg_operator OIDs, 0 = none */
};
const struct operator* const * operator_candidates(struct strview name, uint32_t *count);
const struct operator* operator_by_oid(oid_t oid);
const struct operator* const * operator_all(uint32_t *count);

enum cast_context { CAST_IMPLICIT = 'i', CAST_ASSIGNMENT = 'a', CAST_EXPLICIT = 'e' };
enum cast_method { CAST_BY_FUNC, CAST_BINARY, CAST_BY_IO };
struct cast {
    oid_t source, target;
    uint8_t context; /* the widest context in which it applies by itself */
    uint8_t method;
    oid_t func; /* CAST_BY_FUNC */
};
/* pg_cast row, or NULL. I/O conversions to and from string types are not rows: the binder adds them as PostgreSQL does.
 */
const struct cast *cast_find(oid_t source, oid_t target);
const struct cast *cast_all(uint32_t *count);
/* The kernel of CAST_BY_IO (text input of the target / text output of the source) and of typmod coercion
 * (varchar(n), numeric(p,s) …) for a type: pseudo-functions outside pg_proc. call->result has target and typmod. */
const struct func *func_cast_by_io(void);                 /* any → any */
const struct func *func_apply_typmod(bool explicit_cast); /* T → T with call->result.typmod */

#endif
