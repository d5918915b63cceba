/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition and its head: carries out what commit_step asks for, takes the host's answers, decides when to cut.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "ingest/consumer_int.h"

void part_commit_open(struct part *p)
{
    struct env *env = part_env(p);
    struct commit_config config = {.incarnation = ingest_host_ops(part_host(p))->incarnation(part_host(p)),
                                   .patience_us = p->table->ingest->config.commit_patience_us,
                                   .retry_min_us = 100000,
                                   .retry_max_us = 10 * INT64_C(1000000)};

    env->random(env, &config.seed, sizeof config.seed);
    commit_init(&p->commit, &config);
}

/* ---- requests ---- */

static void submit(struct part *p, struct part_request *r, enum ingest_request_kind kind)
{
    assert(!r->busy);
    r->busy = true;
    r->done = false;
    r->part = p;
    r->pub.kind = kind;
    r->pub.table = p->table->oid;
    r->pub.partition = p->id;
    error_clear(&r->pub.err);
    __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    ingest_host_ops(part_host(p))->submit(part_host(p), &r->pub);
}

void ingest_reply(struct ingest_request *request)
{
    struct part_request *r = (struct part_request *)(void *)request;
    struct part *p = r->part;

    pthread_mutex_lock(&p->lock);
    assert(!r->done);
    r->done = true;
    /* Before the lock is let go: afterwards the table may be closed. */
    if (!p->orphan)
        stream_wake(p->worker->stream);
    pthread_mutex_unlock(&p->lock);
    part_put(p);
}

bool ingest_build(struct ingest_request *request, const char *path, struct mem_account *account,
                  struct segment_meta *meta, bool *empty, struct error *err)
{
    struct part_request *r = (struct part_request *)(void *)request;
    struct env *env = part_env(r->part);
    const struct commit_build *b = &request->build;
    struct segment_meta in = {.table_oid = request->table,
                              .partition = request->partition,
                              .seq = b->seq,
                              .pos_begin = b->begin,
                              .pos_end = b->end,
                              .schema_v = b->schema_v,
                              .decoder_rev = b->decoder_rev};

    assert(request->kind == INGEST_BUILD && r->tail);
    if (!fault_point("ingest.build"))
        return error_set(err, SQLSTATE_IO_ERROR, "fault injected");
    if (!tail_build_segment(r->tail, &in, path, account, meta, err))
        return false;
    *empty = meta->rows == 0 && meta->dead_letters == 0;
    if (*empty)
        env->unlink(env, path);
    return true;
}

static void note_action(struct part *p, const struct commit_action *a)
{
    log_debug("ingest", "table=%u partition=%u %s seq=%llu end=%llu", p->table->oid, p->id, commit_op_name(a->op.kind),
              (unsigned long long)a->op.seq, (unsigned long long)a->op.end);
}

static void queue_advance(struct part *p, const struct commit_action *a)
{
    /* When the host lags, the newest position stands for the older ones; whose build it was is only a hint. */
    if (p->nadvance == ADVANCES_MAX)
        p->nadvance--;
    p->advance[p->nadvance++] = (struct advance){a->pos, a->attempt, a->ours};
}

static void carry_out(struct part *p, const struct commit_action *a)
{
    switch (a->kind) {
    case COMMIT_ACTION_READ: submit(p, &p->io, INGEST_READ_HEAD); break;
    case COMMIT_ACTION_OP:
        note_action(p, a);
        p->io.pub.op = a->op;
        p->io.pub.stop_detail[0] = '\0';
        if (a->op.kind == COMMIT_OP_SET_STOP && a->op.stop != COMMIT_RUNNING)
            snprintf(p->io.pub.stop_detail, sizeof p->io.pub.stop_detail, "%.255s", p->stat.last_error);
        submit(p, &p->io, INGEST_OP);
        break;
    case COMMIT_ACTION_BUILD:
        p->build.pub.build = a->build;
        p->build.tail = tail_get(p->tail);
        submit(p, &p->build, INGEST_BUILD);
        break;
    case COMMIT_ACTION_DISCARD:
        ingest_host_ops(part_host(p))->discard(part_host(p), p->table->oid, p->id, a->attempt);
        break;
    case COMMIT_ACTION_ADVANCED: queue_advance(p, a); break;
    case COMMIT_ACTION_DRAINED: p->drained = true; break;
    }
}

void part_commit_feed(struct part *p, struct commit_event event)
{
    struct commit_actions actions;

    event.now_us = part_now_us(p);
    event.held_end = p->tail ? p->next_pos : 0;
    p->drained = false;
    commit_step(&p->commit, &event, &actions);
    for (uint32_t i = 0; i < actions.n; i++)
        carry_out(p, &actions.action[i]);
    if (p->commit.have_head && p->commit.head.version != p->head_version) {
        p->head_version = p->commit.head.version;
        part_head_moved(p);
    }
}

/* ---- answers ---- */

static bool take_answer(struct part *p, struct part_request *r)
{
    if (!r->busy)
        return false;
    pthread_mutex_lock(&p->lock);
    bool done = r->done;
    pthread_mutex_unlock(&p->lock);
    if (done)
        r->busy = false;
    return done;
}

static void take_io(struct part *p)
{
    struct ingest_request *r = &p->io.pub;
    struct commit_event event = {.kind = COMMIT_EVENT_READ_FAILED, .head = &r->head};

    if (r->outcome == INGEST_FAILED || r->outcome == INGEST_UNKNOWN)
        part_error(p, &r->err);
    switch (r->kind) {
    case INGEST_READ_HEAD:
        if (r->outcome == INGEST_ABSENT && !p->tail) {
            /* The commit state goes on waiting for its head until it is created. */
            p->phase = PHASE_LOW;
            pthread_mutex_lock(&p->lock);
            p->check.marks = CHECK_WANTED;
            pthread_mutex_unlock(&p->lock);
            checker_ask(p);
            return;
        }
        if (r->outcome == INGEST_DONE)
            event.kind = COMMIT_EVENT_HEAD;
        break;
    case INGEST_CREATE:
        p->phase = PHASE_HEAD;
        if (r->outcome == INGEST_DONE)
            event.kind = COMMIT_EVENT_HEAD;
        break;
    case INGEST_OP:
        event.kind = r->outcome == INGEST_DONE      ? COMMIT_EVENT_DONE
                     : r->outcome == INGEST_UNKNOWN ? COMMIT_EVENT_UNKNOWN
                     : r->outcome == INGEST_FAILED  ? COMMIT_EVENT_FAILED
                                                    : COMMIT_EVENT_REFUSED;
        break;
    case INGEST_BUILD: assert(false);
    }
    part_commit_feed(p, event);
}

void part_commit_replies(struct part *p)
{
    if (take_answer(p, &p->io))
        take_io(p);
    if (take_answer(p, &p->build)) {
        struct ingest_request *r = &p->build.pub;
        bool ok = r->outcome == INGEST_DONE;
        if (!ok)
            part_error(p, &r->err);
        tail_put(p->build.tail);
        p->build.tail = NULL;
        part_commit_feed(p, (struct commit_event){.kind = ok ? COMMIT_EVENT_BUILT : COMMIT_EVENT_BUILD_FAILED,
                                                  .attempt = r->build.attempt,
                                                  .empty = r->empty});
    }
}

void part_commit_create(struct part *p, uint64_t pos)
{
    p->io.pub.pos = pos;
    p->io.pub.schema_v = p->latest->def->version;
    p->io.pub.decoder_rev = p->latest->decoder_rev;
    submit(p, &p->io, INGEST_CREATE);
}

void part_commit_advances(struct part *p)
{
    int64_t now = part_now_us(p);
    struct error err;

    while (p->nadvance && p->tail && now >= p->advance_at_us) {
        const struct advance *a = &p->advance[0];
        if (!ingest_host_ops(part_host(p))
                 ->advanced(part_host(p), p->table->oid, p->id, a->pos, a->attempt, a->ours, &err)) {
            part_error(p, &err);
            p->advance_at_us = now + 200000;
            return;
        }
        tail_trim(p->tail, a->pos);
        memmove(p->advance, p->advance + 1, --p->nadvance * sizeof *p->advance);
    }
}

/* ---- when to cut ---- */

void part_commit_seal(struct part *p, bool wished)
{
    struct commit_state *s = &p->commit;
    const struct table_options *options = &p->latest->def->options;
    int64_t now = part_now_us(p);
    int64_t age = MIN_OF(options->seal_age_us > 0 ? options->seal_age_us : INT64_MAX, INT64_C(3600000000));
    struct tail_stats stats;

    if (!s->have_head || !p->tail || commit_sealing(s))
        return;
    uint64_t cut = commit_head_cut(&s->head);
    if (p->next_pos <= cut) {
        p->cut_at_us = 0;
        return;
    }
    if (!p->cut_at_us)
        p->cut_at_us = now;
    bool full = options->seal_rows && p->rows_since_cut >= options->seal_rows;
    if (!full && !wished && now - p->cut_at_us < age) {
        tail_stats(p->tail, &stats);
        if (stats.bytes < p->table->ingest->config.partition_seal_bytes * (1 + s->head.npending))
            return;
    }
    p->rows_at_wish = p->rows_since_cut;
    part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_SEAL, .empty = p->content_end <= cut});
}

bool part_commit_alter(struct part *p)
{
    struct ingest_table *t = p->table;
    const struct commit_head *head = &p->commit.head;
    struct decode_spec *old = NULL;

    pthread_mutex_lock(&t->lock);
    if (p->latest_generation != t->spec_generation) {
        old = p->latest;
        p->latest = decode_spec_get(t->spec);
        p->latest_generation = t->spec_generation;
    }
    pthread_mutex_unlock(&t->lock);
    decode_spec_put(old);
    if (!p->commit.have_head || !p->tail)
        return false;
    uint64_t version = p->latest->def->version;
    bool newer = version > head->tail_schema_v ||
                 (version == head->tail_schema_v && p->latest->decoder_rev > head->tail_decoder_rev);
    if (newer && p->commit.want_schema_v != version)
        part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_SCHEMA,
                                                  .schema_v = version,
                                                  .decoder_rev = p->latest->decoder_rev});
    return p->commit.want_schema_v != 0;
}
