/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps all rows of a subplan in memory and lets any number of sources read them: shared subplans (a CTE used more than
 * once) and the inner side of nested loops. Batches are copies in one arena per worker.
 */
#include "exec/exec_int.h"

#include <stdlib.h>

struct buffered {
    struct buffered *next;
    struct batch batch;
};

struct op_buffer {
    struct op op;
    pthread_mutex_t lock; /* guards the two lists while the sink runs */
    struct buffered *head, **tail;
    struct buffer_local *locals; /* arenas, freed at close */
    uint64_t rows;
};

struct buffer_local {
    struct buffer_local *next;
    struct arena arena;
};

static bool buffer_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_buffer *b = (struct op_buffer *)op;
    struct buffer_local *l = xcalloc(1, sizeof *l);
    arena_init(&l->arena, op->query->account);
    pthread_mutex_lock(&b->lock);
    l->next = b->locals;
    b->locals = l;
    pthread_mutex_unlock(&b->lock);
    *local = l;
    return true;
}

static bool buffer_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_buffer *b = (struct op_buffer *)op;
    struct buffer_local *l = local;
    struct buffered *kept = ARENA_NEW(&l->arena, struct buffered);
    kept->batch.n = batch_rows(in);
    kept->batch.ncol = in->ncol;
    kept->batch.col = ARENA_ARRAY(&l->arena, struct vec, in->ncol);
    for (uint32_t c = 0; c < in->ncol; c++)
        if (!vec_gather(&kept->batch.col[c], &in->col[c], &l->arena, in->n, in->sel, err))
            return false;
    pthread_mutex_lock(&b->lock);
    *b->tail = kept;
    b->tail = &kept->next;
    b->rows += kept->batch.n;
    pthread_mutex_unlock(&b->lock);
    return true;
}

static void buffer_close(struct op *op)
{
    struct op_buffer *b = (struct op_buffer *)op;
    while (b->locals) {
        struct buffer_local *l = b->locals;
        b->locals = l->next;
        arena_release(&l->arena);
        free(l);
    }
    pthread_mutex_destroy(&b->lock);
}

static const struct op_class buffer_class = {
    .name = "buffer", .local_open = buffer_local_open, .push = buffer_push, .close = buffer_close};

struct op *op_buffer_new(struct exec_query *q, const struct plan_node *node)
{
    struct op_buffer *b = op_alloc(q, sizeof *b, &buffer_class, NULL);
    pthread_mutex_init(&b->lock, NULL);
    b->tail = &b->head;
    return &b->op;
}

/* ---- reading ---- */

struct op_buffer_reader {
    struct op op;
    struct op_buffer *buffer;
    pthread_mutex_t lock;
    struct buffered *at; /* next to hand out */
    bool started;
};

static bool reader_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                        struct error *err)
{
    struct op_buffer_reader *r = (struct op_buffer_reader *)op;
    pthread_mutex_lock(&r->lock);
    if (!r->started) {
        r->started = true;
        r->at = r->buffer->head;
    }
    struct buffered *kept = r->at;
    if (kept)
        r->at = kept->next;
    pthread_mutex_unlock(&r->lock);
    *state = kept ? SOURCE_BATCH : SOURCE_END;
    if (kept)
        *out = kept->batch;
    return true;
}

static uint32_t reader_workers(struct op *op)
{
    return (uint32_t)MIN_OF(((struct op_buffer_reader *)op)->buffer->rows / CHUNK_ROWS + 1, 64ULL);
}

static void reader_close(struct op *op) { pthread_mutex_destroy(&((struct op_buffer_reader *)op)->lock); }

static const struct op_class reader_class = {
    .name = "buffer reader", .next = reader_next, .max_workers = reader_workers, .close = reader_close};

struct op *op_buffer_reader(struct op *buffer)
{
    struct op_buffer_reader *r = op_alloc(buffer->query, sizeof *r, &reader_class, NULL);
    r->buffer = (struct op_buffer *)buffer;
    pthread_mutex_init(&r->lock, NULL);
    return &r->op;
}
