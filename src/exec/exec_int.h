/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the engine: operators, pipelines, tasks.
 *
 * A plan tree becomes a list of pipelines that run one after another, each by several workers at once:
 *
 *     source → operator → operator → … → sink
 *
 * One `struct op` stands for one plan node in all its roles: aggregation, sort and join build are the sink of one
 * pipeline and the source (or a middle operator) of a later one. An op's shared state is touched by all workers, its
 * local state (per pipeline and worker) only by one. Batches are pushed: a batch is valid until push returns; who keeps
 * rows copies them. Nothing here blocks: a sink that has no room (only the result queue) is asked before the next
 * batch is pulled.
 *
 * To add an operator: one file op/NAME.c with its op_class, a maker declared below, one case in build.c.
 */
#ifndef MENCIA_EXEC_EXEC_INT_H
#define MENCIA_EXEC_EXEC_INT_H

#include "base/thread.h"
#include "exec/exec.h"
#include "expr/expr.h"

enum { EXEC_WORKERS_MAX = 64, PIPE_OPS_MAX = 24, STEP_NS = 2000000 };

struct op;
struct pipeline;
struct worker;

enum source_state { SOURCE_BATCH, SOURCE_END };

struct op_class {
    const char *name;
    /* Per-worker state for one pipeline run; *local may stay NULL. May be NULL. */
    bool (*local_open)(struct op *op, struct worker *w, void **local, struct error *err);
    void (*local_close)(struct op *op, void *local);
    /* As source: the next batch of this worker, valid until the next call. */
    bool (*next)(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                 struct error *err);
    /* As source: how many workers can share it; 1 = ordered or single. */
    uint32_t (*max_workers)(struct op *op);
    /* As operator or sink: one input batch. Operators call worker_push to hand on results. */
    bool (*push)(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err);
    /* This worker's input has ended: hand on what was held back. */
    bool (*flush)(struct op *op, void *local, struct worker *w, struct error *err);
    /* As sink, once, after all workers of the last pipeline that feeds it have flushed. Runs on one worker. */
    bool (*finish)(struct op *op, struct exec_query *query, struct error *err);
    /* As a join's probe side after all probes: not used by others. */
    void (*close)(struct op *op);
};

struct op {
    const struct op_class *class;
    struct exec_query *query;
    const struct plan_node *node;
    uint32_t feeders; /* as sink: pipelines still to end before finish */
    bool ordered;     /* as source: must be read by one worker to keep its order */
    /* Operators embed struct op as their first member. */
};

struct pipeline {
    struct op *source;
    uint32_t nop;
    struct op *op[PIPE_OPS_MAX]; /* middle operators, then the sink last */
    bool is_result;              /* its sink is the result queue */
    /* run-time */
    uint32_t workers; /* tasks started */
    uint32_t running; /* tasks not ended yet; atomic */
    bool stop;        /* a LIMIT is satisfied: sources end early; atomic */
};

/* One task: one worker's run of one pipeline. */
struct worker {
    struct exec_query *query;
    struct pipeline *pipe;
    uint32_t index; /* 0.. within the pipeline */
    bool opened;
    void *source_local;
    void *local[PIPE_OPS_MAX];
    struct mem_account *account; /* the query's */
    uint64_t batches;
    struct error error;
};

/* Hands a batch to operator `at` of the pipeline. Counts rows and time of that node. */
bool worker_push(struct worker *w, const struct op *from, const struct batch *batch, struct error *err) MUST_CHECK;
/* True when the query is to stop (cancelled, failed, timed out). Cheap; poll per batch. */
bool query_stopping(const struct exec_query *query);
/* The LIMIT above is satisfied: the pipeline's sources end. */
void worker_stop_pipeline(struct worker *w);
/* Nothing that this pipeline could still make is wanted. For operators that make much out of one batch. */
static inline bool worker_stopping(const struct worker *w)
{
    return query_stopping(w->query) || __atomic_load_n(&w->pipe->stop, __ATOMIC_RELAXED);
}

struct exec_query {
    struct engine *engine;
    const struct plan *plan;
    struct exec_params params;
    struct expr_env env; /* params: client's, then init plans' */
    struct value *param; /* [plan->nparam] */
    struct arena arena;  /* session thread while opening, then read-only */
    struct mem_account *account;
    struct node_stats *stats; /* [plan->nnode]; updated with atomics */
    uint32_t npipe, pipe_cap;
    struct pipeline **pipe; /* in order of execution */
    uint32_t pipe_at;       /* the one that runs */
    uint32_t nop, op_cap;
    struct op **op;              /* all, for close */
    struct table_source **table; /* opened sources, closed at the end */
    uint32_t ntable, table_cap;
    struct op **shared_op; /* [plan->nshared] buffers of shared subplans */
    bool inline_run;       /* runs on the caller's thread */
    /* state under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;           /* result queue or state changed */
    struct result_batch *head, *tail; /* result queue */
    uint32_t queued;
    struct result_batch *current;                                  /* held by the reader */
    uint32_t tasks;                                                /* tasks that exist (queued, running, parked) */
    struct task *parked;                                           /* tasks waiting for room in the result queue */
    bool done;                                                     /* all pipelines ended */
    int stopping;                                                  /* atomic copy of "failed or cancelled" */
    struct error error;                                            /* first error */
    uint64_t rows_scanned, rows_returned, units_done, units_total; /* atomics */
    uint64_t spill_files;                                          /* atomic: names of spill files */
    struct value *init_result;                                     /* set while an init plan runs: takes the value */
    enum init_plan_kind init_kind;
    uint64_t init_rows;
};

/* Records the first error and stops the query. */
void query_fail(struct exec_query *query, const struct error *err);

/* ---- operators (op/) ---- all take their memory from the query's arena; close frees what grew. */
struct op *op_scan_new(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                       struct error *err);
struct op *op_virtual_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_values_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_filter_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_project_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_limit_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_agg_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_sort_new(struct exec_query *q, const struct plan_node *node, struct error *err);
struct op *op_join_new(struct exec_query *q, const struct plan_node *node, struct error *err);
/* The join's build side as a sink (same shared state). */
struct op *op_join_build(struct op *join);
/* A sink that keeps all rows, and a source that reads them any number of times (shared subplans, nested loops). */
struct op *op_buffer_new(struct exec_query *q, const struct plan_node *node);
struct op *op_buffer_reader(struct op *buffer);
/* The result queue. */
struct op *op_result_new(struct exec_query *q, const struct plan_node *node);
/* Takes the one value of an init plan. */
struct op *op_init_new(struct exec_query *q, const struct plan_node *node);

/* Allocates a zeroed op of `size` bytes and registers it for close. */
void *op_alloc(struct exec_query *q, size_t size, const struct op_class *class, const struct plan_node *node);
/* Reads a LIMIT/OFFSET expression: NULL = no limit (UINT64_MAX); negative 2201W / 2201X. */
bool op_limit_value(struct exec_query *q, const struct expr *expr, bool is_offset, uint64_t *out,
                    struct error *err) MUST_CHECK;
/* Marks the input columns an expression reads. */
void op_mark_columns(const struct expr *expr, bool *used, uint32_t ncolumn);
/* Result queue has room for another batch (asked before a source is pulled). */
bool result_has_room(struct exec_query *q);
/* A new temporary file in the engine's spill folder, already unlinked; -1 with err. */
int spill_open(struct exec_query *q, struct error *err);

/* ---- build.c ---- */
bool query_build(struct exec_query *q, struct error *err) MUST_CHECK;
/* Pipelines for one tree into sink; returns false with err. */
bool query_build_tree(struct exec_query *q, const struct plan_node *root, struct op *sink,
                      struct error *err) MUST_CHECK;

/* ---- engine.c ---- */
struct task;
/* Starts the tasks of the pipeline query->pipe[query->pipe_at]. Lock held. */
void query_start_pipeline(struct exec_query *q);
/* Runs one step of a task's worker. True = ended. */
enum step { STEP_MORE, STEP_BLOCKED, STEP_DONE };
enum step worker_step(struct worker *w, int64_t until_ns);
/* Waits until ready(q); runs inline tasks meanwhile; turns a passed deadline into an error. Lock held. */
void query_wait(struct exec_query *q, bool (*ready)(const struct exec_query *q));
/* Back into the run queue (lock of the query held). */
void query_wake_parked(struct exec_query *q);

#endif
