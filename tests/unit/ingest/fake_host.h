/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for the consumer's tests: heads in memory with the changes cluster/records.h allows, builds into a directory,
 * one thread that answers requests, faults on demand. Survives "crashes": a new incarnation goes on with the same
 * store.
 */
#ifndef MENCIA_TESTS_FAKE_HOST_H
#define MENCIA_TESTS_FAKE_HOST_H

#include <pthread.h>

#include "base/thread.h"
#include "ingest/host.h"
#include "tests/unit/ingest/ingest_test.h"

enum { FAKE_PARTITIONS = 16, FAKE_RECORDS = 4096, FAKE_QUEUE = 256, FAKE_BUILDS = 8192 };

struct fake_record {
    uint64_t start, end, rows, attempt, schema_v;
    uint32_t dead;
    bool gap;
    enum commit_gap code;
    char path[160];
};
struct fake_build {
    uint64_t attempt;
    char path[160];
    struct segment_meta meta;
};
struct fake_partition {
    bool exists;
    struct commit_head head;
    uint32_t nrecord;
    struct fake_record record[FAKE_RECORDS];
    uint64_t visible; /* advanced() was told */
};
struct fake_host {
    struct ingest_host_base base;
    struct env *env;
    struct mem_account *account;
    char dir[64];
    pthread_mutex_t lock;
    pthread_cond_t cond;
    pthread_t thread;
    bool stop;
    uint32_t nqueue;
    struct ingest_request *queue[FAKE_QUEUE];
    uint64_t incarnation;
    struct fake_partition partition[FAKE_PARTITIONS];
    uint32_t nbuild;
    struct fake_build *build;
    struct decode_spec *spec[8]; /* by schema_v */
    uint32_t fault_percent;      /* of operations: unknown (half of them applied); of builds: failure */
    uint32_t discards;
    uint64_t rng;
    bool hold; /* requests are kept waiting */
};

static uint32_t fake_rnd(struct fake_host *h, uint32_t n)
{
    h->rng = h->rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(h->rng >> 33) % n;
}

static struct fake_build *fake_find(struct fake_host *h, uint64_t attempt)
{
    for (uint32_t i = 0; i < h->nbuild; i++)
        if (h->build[i].attempt == attempt)
            return &h->build[i];
    return NULL;
}

static struct fake_record *fake_append(struct fake_partition *p, uint64_t end)
{
    struct fake_record *r;
    assert_true(p->nrecord < FAKE_RECORDS && end > p->head.start);
    r = &p->record[p->nrecord++];
    memset(r, 0, sizeof *r);
    r->start = p->head.start;
    r->end = p->head.start = end;
    return r;
}

static void fake_shift(struct commit_head *head, uint32_t n)
{
    head->npending -= n;
    memmove(head->pending, head->pending + n, head->npending * sizeof *head->pending);
}

static void fake_commit(struct fake_host *h, struct fake_partition *p, const struct commit_op *op)
{
    struct fake_build *b = fake_find(h, op->attempt);
    assert_non_null(b);
    assert_true(p->head.npending && p->head.pending[0].attempt == op->attempt);
    assert_true(b->meta.pos_begin == p->head.start && b->meta.pos_end == op->end);
    struct fake_record *r = fake_append(p, op->end);
    r->rows = b->meta.rows;
    r->dead = b->meta.dead_letters;
    r->attempt = p->head.last_attempt = op->attempt;
    r->schema_v = b->meta.schema_v;
    snprintf(r->path, sizeof r->path, "%s", b->path);
    p->head.last_known = true;
    p->head.last_pos = b->meta.last_pos;
    p->head.last_timestamp_us = b->meta.last_timestamp_us;
    p->head.last_crc = b->meta.last_crc;
    fake_shift(&p->head, 1);
}

static void fake_gap(struct fake_partition *p, const struct commit_op *op)
{
    uint32_t n = 0;
    while (n < p->head.npending && p->head.pending[n].end <= op->end)
        n++;
    fake_shift(&p->head, n);
    for (uint32_t i = 0; i < p->head.npending; i++)
        p->head.pending[i].attempt = p->head.pending[i].committer = 0;
    struct fake_record *r = fake_append(p, op->end);
    r->gap = true;
    r->code = op->gap;
    p->head.last_attempt = 0;
    p->head.stop = COMMIT_RUNNING;
}

static bool fake_apply(struct fake_host *h, struct fake_partition *p, const struct commit_op *op)
{
    struct commit_head *head = &p->head;
    if (op->head_version != head->version)
        return false;
    switch (op->kind) {
    case COMMIT_OP_PROPOSE:
        assert_true(op->end > commit_head_cut(head) && head->npending < COMMIT_PENDING_MAX);
        head->pending[head->npending++] = (struct commit_pending){.seq = head->next_seq++,
                                                                  .end = op->end,
                                                                  .attempt = op->attempt,
                                                                  .committer = op->committer,
                                                                  .schema_v = head->tail_schema_v,
                                                                  .decoder_rev = head->tail_decoder_rev};
        head->tail_schema_v = op->schema_v;
        head->tail_decoder_rev = op->decoder_rev;
        break;
    case COMMIT_OP_TAKE_OVER:
        head->pending[0].attempt = op->attempt;
        head->pending[0].committer = op->committer;
        break;
    case COMMIT_OP_GIVE_UP: head->pending[0].attempt = head->pending[0].committer = 0; break;
    case COMMIT_OP_COMMIT: fake_commit(h, p, op); break;
    case COMMIT_OP_EXTEND:
        if (head->npending)
            fake_shift(head, 1);
        fake_append(p, op->end);
        break;
    case COMMIT_OP_GAP: fake_gap(p, op); break;
    case COMMIT_OP_SET_STOP:
        head->stop = op->stop;
        head->stop_pos = op->stop_pos;
        break;
    case COMMIT_OP_SET_SCHEMA:
        head->tail_schema_v = op->schema_v;
        head->tail_decoder_rev = op->decoder_rev;
        break;
    }
    head->version++;
    return true;
}

static void fake_answer_build(struct fake_host *h, struct ingest_request *r)
{
    struct fake_build b = {.attempt = r->build.attempt};
    snprintf(b.path, sizeof b.path, "%s/%u-%llu-%llx", h->dir, r->partition, (unsigned long long)r->build.seq,
             (unsigned long long)r->build.attempt);
    pthread_mutex_lock(&h->lock);
    bool fail = fake_rnd(h, 100) < h->fault_percent;
    pthread_mutex_unlock(&h->lock);
    r->outcome = INGEST_DONE;
    h->env->unlink(h->env, b.path);
    if (fail || !ingest_build(r, b.path, h->account, &b.meta, &r->empty, &r->err)) {
        r->outcome = INGEST_FAILED;
        if (fail)
            error_set(&r->err, SQLSTATE_IO_ERROR, "scripted build failure");
        return;
    }
    pthread_mutex_lock(&h->lock);
    assert_true(h->nbuild < FAKE_BUILDS);
    if (!r->empty)
        h->build[h->nbuild++] = b;
    pthread_mutex_unlock(&h->lock);
}

static void fake_answer(struct fake_host *h, struct ingest_request *r)
{
    struct fake_partition *p = &h->partition[r->partition];
    if (r->kind == INGEST_BUILD) {
        fake_answer_build(h, r);
        ingest_reply(r);
        return;
    }
    pthread_mutex_lock(&h->lock);
    bool fault = fake_rnd(h, 100) < h->fault_percent, applied = false;
    r->outcome = INGEST_DONE;
    switch (r->kind) {
    case INGEST_READ_HEAD:
        if (!p->exists)
            r->outcome = INGEST_ABSENT;
        break;
    case INGEST_CREATE:
        if (!p->exists) {
            p->exists = true;
            p->head = (struct commit_head){.version = 1,
                                           .next_seq = 1,
                                           .start = r->pos,
                                           .tail_schema_v = r->schema_v,
                                           .tail_decoder_rev = r->decoder_rev,
                                           .last_timestamp_us = STREAM_NO_TIMESTAMP};
        }
        break;
    default:
        if (!fault || fake_rnd(h, 2))
            applied = fake_apply(h, p, &r->op);
        r->outcome = fault ? INGEST_UNKNOWN : applied ? INGEST_DONE : INGEST_REFUSED;
        if (fault)
            error_set(&r->err, SQLSTATE_IO_ERROR, "scripted loss of a reply");
    }
    r->head = p->head;
    for (uint32_t i = 0; i < r->head.npending; i++)
        r->head.pending[i].committer_gone =
            r->head.pending[i].committer && r->head.pending[i].committer != h->incarnation;
    pthread_mutex_unlock(&h->lock);
    ingest_reply(r);
}

static void *fake_main(void *arg)
{
    struct fake_host *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->stop || h->nqueue) {
        if (!h->nqueue || (h->hold && !h->stop)) {
            pthread_cond_wait(&h->cond, &h->lock);
            continue;
        }
        struct ingest_request *r = h->queue[0];
        memmove(h->queue, h->queue + 1, --h->nqueue * sizeof(struct ingest_request *));
        pthread_mutex_unlock(&h->lock);
        fake_answer(h, r);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void fake_submit(struct ingest_host *host, struct ingest_request *r)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    assert_true(h->nqueue < FAKE_QUEUE);
    h->queue[h->nqueue++] = r;
    pthread_cond_signal(&h->cond);
    pthread_mutex_unlock(&h->lock);
}

static uint64_t fake_incarnation(struct ingest_host *host)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    uint64_t v = h->incarnation;
    pthread_mutex_unlock(&h->lock);
    return v;
}

static void fake_discard(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t attempt)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    struct fake_build *b = fake_find(h, attempt);
    if (b) {
        for (uint32_t i = 0; i < h->partition[partition].nrecord; i++)
            assert_true(h->partition[partition].record[i].attempt != attempt);
        h->env->unlink(h->env, b->path);
    }
    h->discards++;
    pthread_mutex_unlock(&h->lock);
}

static bool fake_advanced(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t pos, uint64_t attempt,
                          bool ours, struct error *err)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    assert_true(pos <= h->partition[partition].head.start);
    h->partition[partition].visible = pos;
    pthread_mutex_unlock(&h->lock);
    return true;
}

static bool fake_spec(struct ingest_host *host, oid_t table, uint64_t schema_v, struct decode_spec **out,
                      struct error *err)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    assert_true(schema_v < ARRAY_LEN(h->spec) && h->spec[schema_v]);
    *out = decode_spec_get(h->spec[schema_v]);
    return true;
}

static uint32_t fake_partitions(struct ingest_host *host, oid_t table)
{
    struct fake_host *h = (struct fake_host *)(void *)host;
    uint32_t n = 0;
    while (n < FAKE_PARTITIONS && h->partition[n].exists)
        n++;
    return n;
}

static bool fake_owns(struct ingest_host *host, oid_t table, uint32_t partition) { return true; }

static void fake_spill_path(struct ingest_host *host, oid_t table, uint32_t partition, struct strbuf *out)
{
    strbuf_add_fmt(out, "%s/spill-%u", ((struct fake_host *)(void *)host)->dir, partition);
}

static const struct ingest_host_ops fake_ops = {.incarnation = fake_incarnation,
                                                .submit = fake_submit,
                                                .discard = fake_discard,
                                                .advanced = fake_advanced,
                                                .spec = fake_spec,
                                                .partitions = fake_partitions,
                                                .owns = fake_owns,
                                                .spill_path = fake_spill_path};

static struct fake_host *fake_open(struct mem_account *account)
{
    struct fake_host *h = xcalloc(1, sizeof *h);
    struct error err;
    h->base.ops = &fake_ops;
    h->env = env_real();
    h->account = account;
    h->incarnation = 1;
    h->rng = 42;
    h->build = xcalloc(FAKE_BUILDS, sizeof *h->build);
    snprintf(h->dir, sizeof h->dir, "/tmp/mencia-ingest-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    pthread_mutex_init(&h->lock, NULL);
    cond_init(&h->cond);
    assert_ok(thread_start(&h->thread, "fake-host", fake_main, h, &err), &err);
    return h;
}

static void fake_close(struct fake_host *h)
{
    char command[128];
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_signal(&h->cond);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    for (size_t i = 0; i < ARRAY_LEN(h->spec); i++)
        decode_spec_put(h->spec[i]);
    snprintf(command, sizeof command, "rm -rf %s", h->dir);
    assert_int_equal(system(command), 0);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->cond);
    free(h->build);
    free(h);
}

#endif
