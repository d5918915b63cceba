/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectorised engine. An engine owns the worker threads (one per core) and runs resumable tasks by class; a query
 * turns a plan into pipelines and streams batches to the one thread that reads it.
 *
 * A task step runs for about 2 ms at most, polling cancel per batch; waiting for room downstream is a state, not a
 * blocked thread. Plans estimated under 200 µs run on the caller's thread instead.
 */
#ifndef MENCIA_EXEC_EXEC_H
#define MENCIA_EXEC_EXEC_H

#include "base/env.h"
#include "base/memory.h"
#include "exec/source.h"
#include "planner/planner.h"

struct engine;
struct exec_query;

/* Lower runs first. */
enum exec_class { EXEC_CONTROL, EXEC_SHORT, EXEC_LONG, EXEC_SEAL, EXEC_CLASSES };

struct engine_config {
    uint32_t workers; /* threads; 0 = one per core */
    struct env *env;
    struct mem_pool *pool;
    const char *spill_dir; /* exists and is ours; emptied by engine_open */
};
bool engine_open(const struct engine_config *config, struct engine **out, struct error *err) MUST_CHECK;
/* No query may be open. */
void engine_close(struct engine *engine);
uint32_t engine_workers(const struct engine *engine);

struct exec_params {
    struct engine *engine;
    const struct plan *plan; /* outlives the query */
    struct value_ctx ctx;    /* TimeZone, now() */
    uint32_t nparam;         /* values of $n, plan->nparam_client of them */
    const struct value *param;
    const struct source_ops *source;
    void *source_arg;
    enum exec_class class;
    uint64_t memory_limit; /* bytes, 0 = the pool's */
    int64_t deadline_ns;   /* monotonic; INT64_MAX = none. Then: 57014 "… due to statement timeout" */
    bool analyze;          /* measure time per operator */
};

/* Opens the tables (one snapshot), runs init plans, starts the pipelines. */
bool exec_open(const struct exec_params *params, struct exec_query **out, struct error *err) MUST_CHECK;

enum exec_next { EXEC_ROWS, EXEC_END, EXEC_FAILED };
/* Blocks for the next batch, which has plan root's columns, no selection, and is valid until the next call. Returns
 * EXEC_FAILED with err after an error, timeout or cancel. */
enum exec_next exec_next(struct exec_query *query, const struct batch **batch, struct error *err) MUST_CHECK;
/* Any thread. Reason for the 57014 text: by user request, or the server's own (then sqlstate and message are taken from
 * why). */
void exec_cancel(struct exec_query *query, const struct error *why);
/* Stops what still runs, waits for it, frees everything. */
void exec_close(struct exec_query *query);

/* [plan->nnode], complete after EXEC_END. */
const struct node_stats *exec_stats(const struct exec_query *query);
/* For mencia.queries: rows scanned so far, memory held and its peak. Any thread while open. */
struct exec_progress {
    uint64_t rows_scanned, rows_returned, units_done, units_total;
    uint64_t memory, memory_peak;
};
void exec_progress(const struct exec_query *query, struct exec_progress *out);

/* Runs fn(arg) on a worker in the class EXEC_SEAL, in steps: fn returns true when it has more to do. */
void engine_run(struct engine *engine, enum exec_class class, bool (*fn)(void *arg), void *arg);

#endif
