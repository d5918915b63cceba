/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/consumer_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"

struct ingest *ingest_open(const struct ingest_config *config)
{
    struct ingest *ingest = xcalloc(1, sizeof *ingest);

    assert(config->env && config->pool && config->host);
    ingest->config = *config;
    if (!ingest->config.partition_seal_bytes)
        ingest->config.partition_seal_bytes = UINT64_C(256) << 20;
    if (!ingest->config.check_interval_us)
        ingest->config.check_interval_us = 10 * INT64_C(1000000);
    if (!ingest->config.commit_patience_us)
        ingest->config.commit_patience_us = 60 * INT64_C(1000000);
    ingest->account = mem_account_open(config->pool, MEM_INGEST, 0, "ingestion");
    ingest->refs = 1;
    return ingest;
}

void ingest_unref(struct ingest *ingest)
{
    if (__atomic_sub_fetch(&ingest->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    mem_account_close(ingest->account);
    free(ingest);
}

void ingest_close(struct ingest *ingest)
{
    /* A request the host never answered in time may still hold a partition and its tail. */
    if (ingest)
        ingest_unref(ingest);
}

static bool open_stream(struct ingest_table *t, const char *role, bool control, struct stream **out, struct error *err)
{
    const struct ingest_config *c = &t->ingest->config;
    char client_id[64];
    struct stream_config config = {.env = c->env,
                                   .brokers = t->brokers,
                                   .topic = t->topic,
                                   .client_id = client_id,
                                   .partitions = 16,
                                   .buffer_bytes = c->table_buffer_bytes,
                                   .control = control};

    snprintf(client_id, sizeof client_id, "mencia-%u-%s", t->oid, role);
    if (c->open_stream)
        return c->open_stream(c->open_stream_arg, &config, out, err);
    return stream_open(&config, out, err);
}

static void free_table(struct ingest_table *t)
{
    for (uint32_t i = 0; i < t->nworker; i++) {
        stream_close(t->worker[i].stream);
        free(t->worker[i].part);
    }
    stream_close(t->control);
    decode_spec_put(t->spec);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->checker_cond);
    for (uint32_t i = 0; i < t->nunknown; i++)
        free(t->unknown[i]);
    free(t->unknown);
    free(t->part);
    free(t->brokers);
    free(t->topic);
    free(t);
}

static void stop_threads(struct ingest_table *t, enum ingest_close_mode mode)
{
    pthread_mutex_lock(&t->lock);
    t->closing = true;
    t->close_mode = mode;
    pthread_cond_broadcast(&t->checker_cond);
    pthread_mutex_unlock(&t->lock);
    if (t->checker_started)
        pthread_join(t->checker, NULL);
    for (uint32_t i = 0; i < t->nworker; i++)
        if (t->worker[i].started) {
            stream_wake(t->worker[i].stream);
            pthread_join(t->worker[i].thread, NULL);
        }
}

bool ingest_table_open(struct ingest *ingest, struct decode_spec *spec, struct ingest_table **out, struct error *err)
{
    struct ingest_table *t = xcalloc(1, sizeof *t);
    const struct table_options *options = &spec->def->options;
    uint32_t known = ingest_host_ops(ingest->config.host)->partitions(ingest->config.host, spec->def->oid);
    uint32_t workers = ingest->config.workers_max;
    bool ok;

    assert(table_is_kafka(spec->def));
    t->ingest = ingest;
    t->oid = spec->def->oid;
    t->brokers = xstrdup(options->kafka_brokers ? options->kafka_brokers : "");
    t->topic = xstrdup(options->kafka_topic);
    t->spec = decode_spec_get(spec);
    t->spec_generation = 1;
    pthread_mutex_init(&t->lock, NULL);
    cond_init(&t->checker_cond);
    if (!workers)
        workers = MIN_OF(known / 16 + 1, 4u);
    t->nworker = MIN_OF(workers, (uint32_t)WORKERS_LIMIT);
    ok = open_stream(t, "check", true, &t->control, err);
    for (uint32_t i = 0; ok && i < t->nworker; i++) {
        t->worker[i].table = t;
        t->worker[i].index = i;
        ok = open_stream(t, "read", false, &t->worker[i].stream, err);
    }
    if (ok)
        table_add_partitions(t, known);
    for (uint32_t i = 0; ok && i < t->nworker; i++)
        ok = t->worker[i].started = thread_start(&t->worker[i].thread, "ingest", worker_main, &t->worker[i], err);
    if (ok)
        ok = t->checker_started = thread_start(&t->checker, "ingest-check", checker_main, t, err);
    if (!ok) {
        stop_threads(t, INGEST_CLOSE_KILL);
        for (uint32_t i = 0; i < t->npart; i++)
            part_put(t->part[i]);
        free_table(t);
        return false;
    }
    *out = t;
    return true;
}

/* Waits until the partition's requests are answered; the worker is gone already. */
static void settle_part(struct ingest_table *t, struct part *p, int64_t deadline_ns)
{
    struct env *env = t->ingest->config.env;
    struct timespec pause = {0, 1000000};

    for (;;) {
        pthread_mutex_lock(&p->lock);
        bool waiting = (p->io.busy && !p->io.done) || (p->build.busy && !p->build.done);
        p->orphan = !waiting || env->mono_ns(env) >= deadline_ns;
        bool leave = p->orphan;
        pthread_mutex_unlock(&p->lock);
        if (leave)
            return;
        nanosleep(&pause, NULL);
    }
}

void ingest_table_close(struct ingest_table *t, enum ingest_close_mode mode)
{
    if (!t)
        return;
    struct env *env = t->ingest->config.env;
    int64_t wait_ns = mode == INGEST_CLOSE_KILL ? 0 : INGEST_CLOSE_TIMEOUT_S * INT64_C(1000000000);
    stop_threads(t, mode);
    int64_t deadline = env->mono_ns(env) + wait_ns;
    for (uint32_t i = 0; i < t->npart; i++) {
        settle_part(t, t->part[i], deadline);
        part_finish(t->part[i], mode);
        part_put(t->part[i]);
    }
    free_table(t);
}

void table_add_partitions(struct ingest_table *t, uint32_t n)
{
    struct ingest_host *host = t->ingest->config.host;

    pthread_mutex_lock(&t->lock);
    uint32_t first = t->npart ? t->part[t->npart - 1]->id + 1 : 0;
    pthread_mutex_unlock(&t->lock);
    for (uint32_t id = first; id < n; id++) {
        if (!ingest_host_ops(host)->owns(host, t->oid, id))
            continue;
        struct part *p = part_new(t, &t->worker[id % t->nworker], id);
        pthread_mutex_lock(&t->lock);
        t->part = xrealloc(t->part, size_mul(t->npart + 1, sizeof(struct part *)));
        t->part[t->npart++] = p;
        t->part_generation++;
        pthread_mutex_unlock(&t->lock);
        stream_wake(p->worker->stream);
    }
}

static void wake_all(struct ingest_table *t)
{
    for (uint32_t i = 0; i < t->nworker; i++)
        stream_wake(t->worker[i].stream);
}

void ingest_table_alter(struct ingest_table *t, struct decode_spec *spec, bool resume)
{
    pthread_mutex_lock(&t->lock);
    struct decode_spec *old = t->spec;
    const struct table_options *was = &old->def->options, *now = &spec->def->options;
    t->spec = decode_spec_get(spec);
    t->spec_generation++;
    if (resume || was->on_gap != now->on_gap || was->on_error != now->on_error)
        t->resume++;
    pthread_mutex_unlock(&t->lock);
    decode_spec_put(old);
    wake_all(t);
}

void ingest_table_seal(struct ingest_table *t)
{
    pthread_mutex_lock(&t->lock);
    t->seal_wish++;
    pthread_mutex_unlock(&t->lock);
    wake_all(t);
}

void ingest_table_drain(struct ingest_table *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    t->draining = on;
    pthread_mutex_unlock(&t->lock);
    wake_all(t);
}

bool ingest_table_drained(struct ingest_table *t)
{
    bool drained;

    pthread_mutex_lock(&t->lock);
    drained = t->draining;
    for (uint32_t i = 0; i < t->npart; i++) {
        pthread_mutex_lock(&t->part[i]->lock);
        drained = drained && t->part[i]->pub.state == INGEST_DRAINED;
        pthread_mutex_unlock(&t->part[i]->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return drained;
}

/* ---- workers ---- */

static void take_list(struct worker *w)
{
    struct ingest_table *t = w->table;

    pthread_mutex_lock(&t->lock);
    if (w->part_generation != t->part_generation) {
        w->part = xrealloc(w->part, size_mul(MAX_OF(t->npart, 1u), sizeof(struct part *)));
        w->npart = 0;
        for (uint32_t i = 0; i < t->npart; i++)
            if (t->part[i]->worker == w)
                w->part[w->npart++] = t->part[i];
        w->part_generation = t->part_generation;
    }
    pthread_mutex_unlock(&t->lock);
}

void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct ingest_table *t = w->table;
    bool closing = false;

    while (!closing) {
        bool more = false;
        take_list(w);
        for (uint32_t i = 0; i < w->npart; i++)
            more |= part_run(w->part[i]);
        if (!more)
            stream_wait(w->stream, WORKER_TICK_MS * INT64_C(1000000));
        pthread_mutex_lock(&t->lock);
        closing = t->closing;
        pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

/* ---- looking ---- */

const char *ingest_state_name(enum ingest_state state)
{
    static const char *const name[] = {"starting", "catching up",    "running",          "idle",   "paused", "blocked",
                                       "retrying", "stopped on gap", "stopped on error", "drained"};
    return name[state];
}

void ingest_table_stats(struct ingest_table *t, struct arena *arena, struct ingest_stats **out, uint32_t *n)
{
    pthread_mutex_lock(&t->lock);
    *n = t->npart;
    *out = ARENA_ARRAY(arena, struct ingest_stats, MAX_OF(t->npart, 1u));
    for (uint32_t i = 0; i < t->npart; i++) {
        struct ingest_stats *s = &(*out)[i];
        pthread_mutex_lock(&t->part[i]->lock);
        *s = t->part[i]->pub;
        pthread_mutex_unlock(&t->part[i]->lock);
        bool reads = s->state == INGEST_STARTING || s->state == INGEST_CATCHING_UP || s->state == INGEST_RUNNING_NOW ||
                     s->state == INGEST_IDLE;
        if (t->unreachable && reads) {
            s->state = INGEST_RETRYING;
            snprintf(s->last_error, sizeof s->last_error, "%.500s", t->contact.message);
        }
    }
    pthread_mutex_unlock(&t->lock);
}

void ingest_table_tails(struct ingest_table *t, struct arena *arena, struct ingest_tail **out, uint32_t *n)
{
    pthread_mutex_lock(&t->lock);
    *n = 0;
    *out = ARENA_ARRAY(arena, struct ingest_tail, MAX_OF(t->npart, 1u));
    for (uint32_t i = 0; i < t->npart; i++) {
        pthread_mutex_lock(&t->part[i]->lock);
        if (t->part[i]->pub_tail)
            (*out)[(*n)++] = (struct ingest_tail){t->part[i]->id, tail_get(t->part[i]->pub_tail)};
        pthread_mutex_unlock(&t->part[i]->lock);
    }
    pthread_mutex_unlock(&t->lock);
}

void table_add_unknown(struct ingest_table *t, struct strview name)
{
    bool known = false;

    pthread_mutex_lock(&t->lock);
    for (uint32_t i = 0; i < t->nunknown && !known; i++)
        known = strview_equal_cstr(name, t->unknown[i]);
    if (!known && t->nunknown < DECODE_UNKNOWN_KEYS_MAX) {
        if (!t->unknown)
            t->unknown = xcalloc(DECODE_UNKNOWN_KEYS_MAX, sizeof *t->unknown);
        t->unknown[t->nunknown++] = xstrndup(name.ptr, name.len);
    }
    pthread_mutex_unlock(&t->lock);
}

void ingest_table_unknown_keys(struct ingest_table *t, struct arena *arena, struct strview **out, uint32_t *n)
{
    pthread_mutex_lock(&t->lock);
    *n = t->nunknown;
    *out = ARENA_ARRAY(arena, struct strview, MAX_OF(t->nunknown, 1u));
    for (uint32_t i = 0; i < t->nunknown; i++)
        (*out)[i] = strview_of(arena_strdup(arena, t->unknown[i]));
    pthread_mutex_unlock(&t->lock);
}
