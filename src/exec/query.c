/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query's life: open (tables, init plans, pipelines), run (tasks in steps), read (result queue), close.
 *
 * Pipelines run strictly one after another; within one, every task pulls from the shared source until it is drained.
 * The last task to end a pipeline calls finish on sinks that have no feeder left, then starts the next pipeline's
 * tasks. The lock guards the result queue, the parked tasks and the end of the query; operators never take it but for
 * the queue.
 */
#include "exec/engine_int.h"

#include <stdlib.h>
#include <time.h>

static int64_t now_ns(const struct exec_query *q)
{
    struct env *env = engine_configuration(q->engine)->env;
    return env->mono_ns(env);
}

/* Lock held. */
static void fail_locked(struct exec_query *q, const struct error *err)
{
    if (!q->stopping) {
        q->error = *err;
        __atomic_store_n(&q->stopping, 1, __ATOMIC_RELEASE);
    }
    query_wake_parked(q);
    pthread_cond_broadcast(&q->changed);
}

void query_fail(struct exec_query *q, const struct error *err)
{
    assert(error_is_set(err));
    pthread_mutex_lock(&q->lock);
    fail_locked(q, err);
    pthread_mutex_unlock(&q->lock);
}

void exec_cancel(struct exec_query *q, const struct error *why) { query_fail(q, why); }

static bool past_deadline(struct exec_query *q)
{
    if (q->params.deadline_ns == INT64_MAX || now_ns(q) < q->params.deadline_ns)
        return false;
    struct error err;
    error_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to statement timeout");
    query_fail(q, &err);
    return true;
}

bool query_stopping(const struct exec_query *q)
{
    if (__atomic_load_n(&q->stopping, __ATOMIC_RELAXED) != 0)
        return true;
    /* With workers the reader's thread watches the clock; here that thread is the one that works. */
    return q->inline_run && q->params.deadline_ns != INT64_MAX && past_deadline((struct exec_query *)q);
}

/* ---- worker ---- */

static uint64_t cpu_ticks(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void count_rows(struct exec_query *q, const struct op *op, uint64_t rows)
{
    if (!op->node)
        return;
    struct node_stats *s = &q->stats[op->node->id];
    __atomic_fetch_add(&s->rows, rows, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s->batches, 1, __ATOMIC_RELAXED);
}

static void add_time(struct exec_query *q, const struct op *op, int64_t ns)
{
    if (op->node)
        __atomic_fetch_add(&q->stats[op->node->id].time_ns, (uint64_t)ns, __ATOMIC_RELAXED);
}

/* Index of the operator after `from` in the worker's pipeline. */
static uint32_t next_index(const struct worker *w, const struct op *from)
{
    const struct pipeline *p = w->pipe;
    if (from == p->source)
        return 0;
    for (uint32_t i = 0; i + 1 < p->nop; i++)
        if (p->op[i] == from)
            return i + 1;
    assert(!"an operator pushes only into its own pipeline");
    return 0;
}

bool worker_push(struct worker *w, const struct op *from, const struct batch *batch, struct error *err)
{
    struct exec_query *q = w->query;
    uint32_t rows = batch_rows(batch);
    if (rows == 0)
        return true;
    uint32_t i = next_index(w, from);
    struct op *op = w->pipe->op[i];
    count_rows(q, from, rows);
    if (!q->params.analyze)
        return op->class->push(op, w->local[i], w, batch, err);
    /* Own time: what runs below `from` is taken off it again. */
    uint64_t begin = cpu_ticks();
    bool ok = op->class->push(op, w->local[i], w, batch, err);
    int64_t spent = (int64_t)(cpu_ticks() - begin);
    add_time(q, op, spent);
    add_time(q, from, -spent);
    return ok;
}

void worker_stop_pipeline(struct worker *w) { __atomic_store_n(&w->pipe->stop, true, __ATOMIC_RELAXED); }

static bool worker_open(struct worker *w, struct error *err)
{
    struct pipeline *p = w->pipe;
    w->opened = true;
    if (p->source->class->local_open && !p->source->class->local_open(p->source, w, &w->source_local, err))
        return false;
    for (uint32_t i = 0; i < p->nop; i++)
        if (p->op[i]->class->local_open && !p->op[i]->class->local_open(p->op[i], w, &w->local[i], err))
            return false;
    return true;
}

static void worker_close(struct worker *w)
{
    struct pipeline *p = w->pipe;
    if (p->source->class->local_close)
        p->source->class->local_close(p->source, w->source_local);
    for (uint32_t i = 0; i < p->nop; i++)
        if (p->op[i]->class->local_close)
            p->op[i]->class->local_close(p->op[i], w->local[i]);
}

static bool worker_flush(struct worker *w, struct error *err)
{
    struct pipeline *p = w->pipe;
    for (uint32_t i = 0; i < p->nop; i++)
        if (p->op[i]->class->flush && !p->op[i]->class->flush(p->op[i], w->local[i], w, err))
            return false;
    return true;
}

/* Pulls one batch and pushes it through. */
static bool worker_batch(struct worker *w, enum source_state *state, struct error *err)
{
    struct op *source = w->pipe->source;
    struct batch batch;
    uint64_t begin = w->query->params.analyze ? cpu_ticks() : 0;
    if (!source->class->next(source, w->source_local, w, &batch, state, err))
        return false;
    if (w->query->params.analyze)
        add_time(w->query, source, (int64_t)(cpu_ticks() - begin));
    return *state == SOURCE_END || worker_push(w, source, &batch, err);
}

enum step worker_step(struct worker *w, int64_t until_ns)
{
    struct exec_query *q = w->query;
    enum source_state state = SOURCE_BATCH;
    struct error *err = &w->error;
    bool ok = w->opened || worker_open(w, err);
    while (ok && state == SOURCE_BATCH && !query_stopping(q) && !__atomic_load_n(&w->pipe->stop, __ATOMIC_RELAXED)) {
        if (w->pipe->is_result && !result_has_room(q))
            return STEP_BLOCKED;
        ok = worker_batch(w, &state, err);
        if (ok && state == SOURCE_BATCH && (++w->batches & 1) == 0 && now_ns(q) >= until_ns) {
            if (past_deadline(q))
                break;
            return STEP_MORE;
        }
    }
    if (ok && !query_stopping(q))
        ok = worker_flush(w, err);
    if (!ok)
        query_fail(q, err);
    return STEP_DONE;
}

/* ---- pipelines ---- */

/* Finishes the pipeline's sink when nothing else feeds it. */
static void finish_sink(struct exec_query *q, struct pipeline *p)
{
    struct op *sink = p->op[p->nop - 1];
    struct error err;
    assert(sink->feeders > 0);
    if (--sink->feeders == 0 && sink->class->finish && !query_stopping(q) && !sink->class->finish(sink, q, &err))
        query_fail(q, &err);
}

/* Lock held: the last task has ended. Goes on to the next pipeline, or ends the query. */
static void pipeline_ended(struct exec_query *q)
{
    struct pipeline *p = q->pipe[q->pipe_at];
    pthread_mutex_unlock(&q->lock);
    finish_sink(q, p);
    pthread_mutex_lock(&q->lock);
    q->pipe_at++;
    if (q->stopping || q->pipe_at == q->npipe) {
        q->done = true;
        pthread_cond_broadcast(&q->changed);
    } else {
        query_start_pipeline(q);
    }
}

void query_start_pipeline(struct exec_query *q)
{
    struct pipeline *p = q->pipe[q->pipe_at];
    uint32_t limit = p->source->class->max_workers ? p->source->class->max_workers(p->source) : 1;
    uint32_t n = q->inline_run || p->source->ordered ? 1 : MIN_OF(engine_workers(q->engine), limit);
    p->workers = p->running = MAX_OF(n, 1U);
    for (uint32_t i = 0; i < p->workers; i++) {
        struct task *task = xcalloc(1, sizeof *task);
        task->class = q->params.class;
        task->worker = (struct worker){.query = q, .pipe = p, .index = i, .account = q->account};
        q->tasks++;
        if (q->inline_run) {
            task->next = q->parked;
            q->parked = task;
        } else {
            engine_submit(q->engine, task);
        }
    }
}

void query_park(struct task *task)
{
    struct exec_query *q = task->worker.query;
    pthread_mutex_lock(&q->lock);
    task->next = q->parked;
    q->parked = task;
    /* Room may have come, or the query ended, between the look and here. */
    if (!q->inline_run && (q->stopping || result_has_room(q)))
        query_wake_parked(q);
    pthread_mutex_unlock(&q->lock);
}

void query_wake_parked(struct exec_query *q)
{
    if (q->inline_run)
        return; /* the reader runs them itself */
    while (q->parked) {
        struct task *task = q->parked;
        q->parked = task->next;
        engine_submit(q->engine, task);
    }
}

void query_task_done(struct task *task)
{
    struct exec_query *q = task->worker.query;
    struct pipeline *p = task->worker.pipe;
    worker_close(&task->worker);
    free(task);
    pthread_mutex_lock(&q->lock);
    if (--p->running == 0)
        pipeline_ended(q);
    q->tasks--;
    /* Signalled last: exec_close may free the query as soon as tasks is 0 and the lock is released. */
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

/* Inline: the reader's thread runs the one task that exists. Lock held; released around the step. */
static void run_inline(struct exec_query *q)
{
    struct task *task = q->parked;
    assert(task);
    q->parked = task->next;
    pthread_mutex_unlock(&q->lock);
    switch (worker_step(&task->worker, now_ns(q) + STEP_NS)) {
    case STEP_DONE: query_task_done(task); break;
    case STEP_MORE:
    case STEP_BLOCKED: query_park(task); break;
    }
    pthread_mutex_lock(&q->lock);
}

/* ---- reading ---- */

void query_wait(struct exec_query *q, bool (*ready)(const struct exec_query *q))
{
    while (!ready(q)) {
        if (q->inline_run && q->parked) {
            run_inline(q);
        } else if (q->params.deadline_ns == INT64_MAX || q->stopping) {
            pthread_cond_wait(&q->changed, &q->lock);
        } else if (!cond_wait_until(&q->changed, &q->lock, q->params.deadline_ns) && !q->stopping) {
            struct error err;
            error_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to statement timeout");
            fail_locked(q, &err);
        }
    }
}

static bool tasks_gone(const struct exec_query *q) { return q->tasks == 0; }

/* Runs init plan i to its end; its value lands in q->param. */
static bool run_init_plan(struct exec_query *q, uint32_t i, struct error *err)
{
    const struct init_plan *init = &q->plan->init[i];
    struct value *value = &q->param[init->param];
    *value = (struct value){.type = q->plan->param_type[init->param], .is_null = true};
    q->init_result = value;
    q->init_kind = init->kind;
    q->init_rows = 0;
    struct op *sink = op_init_new(q, init->root);
    if (!query_build_tree(q, init->root, sink, err))
        return false;
    pthread_mutex_lock(&q->lock);
    q->done = false;
    query_start_pipeline(q);
    query_wait(q, tasks_gone);
    bool ok = !q->stopping;
    if (!ok)
        *err = q->error;
    pthread_mutex_unlock(&q->lock);
    if (ok && init->kind == INIT_EXISTS) {
        value->is_null = false;
        value->d.b = q->init_rows > 0;
    }
    return ok;
}

static bool query_start(struct exec_query *q, struct error *err)
{
    for (uint32_t i = 0; i < q->plan->ninit; i++)
        if (!run_init_plan(q, i, err))
            return false;
    if (!query_build(q, err))
        return false;
    pthread_mutex_lock(&q->lock);
    q->done = false;
    query_start_pipeline(q);
    pthread_mutex_unlock(&q->lock);
    return true;
}

bool exec_open(const struct exec_params *params, struct exec_query **out, struct error *err)
{
    struct exec_query *q = xcalloc(1, sizeof *q);
    q->engine = params->engine;
    q->plan = params->plan;
    q->params = *params;
    pthread_mutex_init(&q->lock, NULL);
    cond_init(&q->changed);
    q->account = mem_account_open(engine_configuration(q->engine)->pool, MEM_QUERY, params->memory_limit, "query");
    arena_init(&q->arena, q->account);
    q->stats = ARENA_ARRAY(&q->arena, struct node_stats, q->plan->nnode);
    q->param = ARENA_ARRAY(&q->arena, struct value, q->plan->nparam);
    q->inline_run = q->plan->cost_us > 0 && q->plan->cost_us < 200;
    for (uint32_t i = 0; i < MIN_OF(q->plan->nparam_client, params->nparam); i++)
        q->param[i] = params->param[i];
    q->env = (struct expr_env){.ctx = params->ctx, .nparam = q->plan->nparam, .param = q->param};
    bool ok = params->nparam >= q->plan->nparam_client ||
              error_set(err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%u", params->nparam + 1);
    if (!ok || !query_start(q, err)) {
        exec_close(q);
        return false;
    }
    *out = q;
    return true;
}

void exec_close(struct exec_query *q)
{
    struct error err;
    if (!q)
        return;
    error_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    pthread_mutex_lock(&q->lock);
    fail_locked(q, &err);
    query_wait(q, tasks_gone);
    pthread_mutex_unlock(&q->lock);
    for (uint32_t i = q->nop; i-- > 0;)
        if (q->op[i]->class->close)
            q->op[i]->class->close(q->op[i]);
    for (uint32_t i = 0; i < q->ntable; i++)
        q->table[i]->close(q->table[i]);
    free(q->op);
    free(q->pipe);
    free(q->table);
    arena_release(&q->arena);
    mem_account_close(q->account);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

const struct node_stats *exec_stats(const struct exec_query *q) { return q->stats; }

void exec_progress(const struct exec_query *q, struct exec_progress *out)
{
    *out = (struct exec_progress){
        .rows_scanned = __atomic_load_n(&q->rows_scanned, __ATOMIC_RELAXED),
        .rows_returned = __atomic_load_n(&q->rows_returned, __ATOMIC_RELAXED),
        .units_done = __atomic_load_n(&q->units_done, __ATOMIC_RELAXED),
        .units_total = __atomic_load_n(&q->units_total, __ATOMIC_RELAXED),
        .memory = mem_account_used(q->account),
        .memory_peak = mem_account_peak(q->account),
    };
}
