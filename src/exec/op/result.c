/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result queue: copies of the root's batches between the workers and the one thread that reads them, at most
 * QUEUE_BATCHES of them; tasks park when it is full. Also the sinks of init plans.
 */
#include "exec/exec_int.h"

#include <stdlib.h>

enum { QUEUE_BATCHES = 8 };

struct result_batch {
    struct result_batch *next;
    struct arena arena;
    struct batch batch;
};

static void result_free(struct result_batch *rb)
{
    if (!rb)
        return;
    arena_release(&rb->arena);
    free(rb);
}

bool result_has_room(struct exec_query *q) { return __atomic_load_n(&q->queued, __ATOMIC_RELAXED) < QUEUE_BATCHES; }

static bool result_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct exec_query *q = op->query;
    struct result_batch *rb = xcalloc(1, sizeof *rb);
    arena_init(&rb->arena, q->account);
    rb->batch.n = batch_rows(in);
    rb->batch.ncol = MIN_OF(in->ncol, q->plan->ncol);
    rb->batch.col = ARENA_ARRAY(&rb->arena, struct vec, rb->batch.ncol);
    for (uint32_t c = 0; c < rb->batch.ncol; c++)
        if (!vec_gather(&rb->batch.col[c], &in->col[c], &rb->arena, in->n, in->sel, err)) {
            result_free(rb);
            return false;
        }
    __atomic_fetch_add(&q->rows_returned, rb->batch.n, __ATOMIC_RELAXED);
    pthread_mutex_lock(&q->lock);
    if (q->tail)
        q->tail->next = rb;
    else
        q->head = rb;
    q->tail = rb;
    __atomic_fetch_add(&q->queued, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return true;
}

static void result_close(struct op *op)
{
    struct exec_query *q = op->query;
    result_free(q->current);
    while (q->head) {
        struct result_batch *rb = q->head;
        q->head = rb->next;
        result_free(rb);
    }
    q->tail = q->current = NULL;
}

static const struct op_class result_class = {.name = "result", .push = result_push, .close = result_close};

struct op *op_result_new(struct exec_query *q, const struct plan_node *node)
{
    return op_alloc(q, sizeof(struct op), &result_class, NULL);
}

static bool rows_or_end(const struct exec_query *q) { return q->head || q->done || q->stopping; }

enum exec_next exec_next(struct exec_query *q, const struct batch **batch, struct error *err)
{
    result_free(q->current);
    q->current = NULL;
    pthread_mutex_lock(&q->lock);
    query_wait(q, rows_or_end);
    if (q->stopping) {
        *err = q->error;
        pthread_mutex_unlock(&q->lock);
        return EXEC_FAILED;
    }
    struct result_batch *rb = q->head;
    if (rb) {
        q->head = rb->next;
        if (!q->head)
            q->tail = NULL;
        __atomic_fetch_sub(&q->queued, 1, __ATOMIC_RELAXED);
        query_wake_parked(q);
    }
    pthread_mutex_unlock(&q->lock);
    q->current = rb;
    if (!rb)
        return EXEC_END;
    *batch = &rb->batch;
    return EXEC_ROWS;
}

/* ---- init plans ---- */

static bool init_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct exec_query *q = op->query;
    bool ok = true;
    pthread_mutex_lock(&q->lock);
    q->init_rows += batch_rows(in);
    if (q->init_kind == INIT_EXISTS) {
        worker_stop_pipeline(w);
    } else if (q->init_rows > 1) {
        ok = error_set(err, SQLSTATE_CARDINALITY_VIOLATION,
                       "more than one row returned by a subquery used as an expression");
    } else {
        uint32_t row = in->sel ? in->sel->idx[0] : 0;
        const struct vec *v = &in->col[0];
        q->init_result->is_null = vec_is_null(v, row);
        if (!q->init_result->is_null && phys_size[v->phys]) {
            struct vec copy;
            uint16_t idx = (uint16_t)row;
            struct sel one = {1, &idx};
            ok = vec_gather(&copy, v, &q->arena, in->n, &one, err);
            if (ok)
                memcpy(&q->init_result->d, copy.data, phys_size[v->phys]);
        }
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

static const struct op_class init_class = {.name = "init", .push = init_push};

struct op *op_init_new(struct exec_query *q, const struct plan_node *node)
{
    return op_alloc(q, sizeof(struct op), &init_class, NULL);
}
