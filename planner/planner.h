/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From SQL text to a plan: parse (own AST from libpg_query's raw tree), bind, plan. Thread-safe: no shared state. The
 * parser must only be called from long-lived threads (libpg_query takes a thread-specific key per parsing thread).
 */
#ifndef MENCIA_PLANNER_PLANNER_H
#define MENCIA_PLANNER_PLANNER_H

#include "planner/ast.h"
#include "planner/plan.h"

/* All statements of a text. Limits: 1 MB of SQL, nesting depth 1,000 (54001). 42601 with position for syntax errors.
 * The empty text gives no statements. Nothing of libpg_query's survives the call. */
bool sql_parse(struct arena *arena, struct strview sql, struct ast_list *out, struct error *err) MUST_CHECK;

struct bind_params {
    uint32_t n; /* $1 … $n whose types the client gave; 0 = infer */
    const oid_t *type;
};
/* What the client sees of a bound statement. */
struct bound_column {
    const char *name;
    struct coltype type;
    oid_t table_oid; /* plain column of a table, else 0 */
    int16_t attnum;
};
struct bound_query {
    uint32_t ncol;
    struct bound_column *column;
    uint32_t nparam;
    oid_t *param_type;
    struct plan_query *query; /* planner's own */
};
/* SELECT, VALUES (also as sources of INSERT, COPY, CREATE TABLE AS). */
bool sql_bind(struct arena *arena, const struct ast_node *stmt, const struct catalog_view *catalog,
              const struct bind_params *params, const struct value_ctx *ctx, struct bound_query *out,
              struct error *err) MUST_CHECK;
/* Coerces the query's columns to a table's columns by assignment casts (42804 with column names), for INSERT. target[i]
 * = column of def fed by output column i. */
bool sql_bind_insert(struct arena *arena, struct bound_query *query, const struct table_def *def,
                     const uint32_t *target, uint32_t ntarget, struct error *err) MUST_CHECK;

struct plan_options {
    bool debug_fragments; /* cut as for a cluster */
    bool disable_rules;   /* no optional rewrites (differential tests) */
};
bool sql_plan(struct arena *arena, const struct bound_query *query, const struct plan_options *options,
              struct plan **out, struct error *err) MUST_CHECK;

/* An expression over one table's columns (column i = attnum - 1), for DEFAULT, generated columns: immutable only
 * (42P17). Coerced to `type` by assignment. */
bool sql_bind_column_expr(struct arena *arena, struct strview sql, const struct table_def *def, struct coltype type,
                          bool columns_allowed, const struct value_ctx *ctx, struct expr **out,
                          struct error *err) MUST_CHECK;

/* Per-node facts of a run, for EXPLAIN ANALYZE; exec fills them. */
struct node_stats {
    uint64_t rows, batches;
    uint64_t time_ns;     /* own time, all workers */
    uint64_t memory_peak; /* bytes */
    uint64_t spilled_bytes;
    uint64_t segments_total, segments_pruned, segments_scanned; /* scans */
    uint64_t chunks_total, chunks_pruned;
    uint64_t consuming_rows; /* scans: rows of tails */
    uint64_t rows_scanned;   /* before filters */
};
/* EXPLAIN text, one line per row; first line PostgreSQL-shaped: `Node  (cost=a..b rows=N width=N)`. stats NULL = not
 * ANALYZE. verbose adds output columns. */
void plan_explain(struct strbuf *out, const struct plan *plan, const struct node_stats *stats, bool verbose);
/* FORMAT JSON. */
void plan_explain_json(struct strbuf *out, const struct plan *plan, const struct node_stats *stats, bool verbose);

#endif
