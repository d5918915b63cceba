/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/stream_sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"

enum { SIM_PARTITIONS_MAX = 64, SIM_STREAMS_MAX = 32 };

struct sim_message {
    bool visible, key_null, value_null;
    int64_t timestamp_us;
    char *key, *value;
    size_t value_len;
};

struct sim_log {
    uint64_t low; /* offsets [low, n) exist; messages below are kept until close */
    uint64_t n, cap;
    struct sim_message **message; /* pointers stay valid: readers hold views */
    bool fail_once;
};

struct sim_stream {
    struct stream_base base;
    struct sim_topic *topic;
    struct {
        bool assigned, eof_told;
        uint64_t position;
    } at[SIM_PARTITIONS_MAX];
    bool ready;
    uint32_t away_told;
};

struct sim_topic {
    struct env *env;
    char name[STREAM_TOPIC_MAX + 1];
    pthread_mutex_t lock;
    pthread_cond_t cond;
    uint32_t partitions;
    bool away;
    struct sim_log log[SIM_PARTITIONS_MAX];
    uint64_t ngraveyard;
    struct sim_message **graveyard; /* of re-created partitions */
    uint32_t nstream;
    struct sim_stream *stream[SIM_STREAMS_MAX];
};

static struct sim_stream *sim(struct stream *s) { return (struct sim_stream *)(void *)s; }

/* ---- the topic ---- */

struct sim_topic *sim_topic_open(struct env *env, const char *name, uint32_t partitions)
{
    struct sim_topic *t = xcalloc(1, sizeof *t);

    assert(partitions <= SIM_PARTITIONS_MAX);
    t->env = env;
    snprintf(t->name, sizeof t->name, "%s", name);
    t->partitions = partitions;
    pthread_mutex_init(&t->lock, NULL);
    cond_init(&t->cond);
    return t;
}

static void free_messages(struct sim_message **message, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        free(message[i]->key);
        free(message[i]->value);
        free(message[i]);
    }
    free(message);
}

void sim_topic_close(struct sim_topic *t)
{
    assert(t->nstream == 0);
    for (uint32_t p = 0; p < SIM_PARTITIONS_MAX; p++)
        free_messages(t->log[p].message, t->log[p].n);
    free_messages(t->graveyard, t->ngraveyard);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->cond);
    free(t);
}

/* Lock held: everybody looks again. */
static void wake_all(struct sim_topic *t)
{
    for (uint32_t i = 0; i < t->nstream; i++)
        t->stream[i]->ready = true;
    pthread_cond_broadcast(&t->cond);
}

static struct sim_message *append(struct sim_log *log)
{
    struct sim_message *m = xcalloc(1, sizeof *m);

    if (log->n == log->cap) {
        log->cap = MAX_OF(2 * log->cap, (uint64_t)64);
        log->message = xrealloc(log->message, size_mul(log->cap, sizeof *log->message));
    }
    log->message[log->n++] = m;
    return m;
}

uint64_t sim_topic_add(struct sim_topic *t, uint32_t partition, const char *key, const char *value, size_t len,
                       int64_t timestamp_us)
{
    pthread_mutex_lock(&t->lock);
    struct sim_log *log = &t->log[partition];
    struct sim_message *m = append(log);
    m->visible = true;
    m->timestamp_us = timestamp_us;
    m->key_null = !key;
    m->key = key ? xstrdup(key) : NULL;
    m->value_null = !value;
    m->value = value ? xstrndup("", 0) : NULL;
    if (value && len) {
        m->value = xrealloc(m->value, len);
        memcpy(m->value, value, len);
    }
    m->value_len = value ? len : 0;
    uint64_t offset = log->n - 1;
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
    return offset;
}

void sim_topic_add_hole(struct sim_topic *t, uint32_t partition, uint32_t n)
{
    pthread_mutex_lock(&t->lock);
    while (n--)
        append(&t->log[partition])->visible = false;
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

void sim_topic_expire(struct sim_topic *t, uint32_t partition, uint64_t offset)
{
    pthread_mutex_lock(&t->lock);
    assert(offset <= t->log[partition].n);
    t->log[partition].low = MAX_OF(t->log[partition].low, offset);
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

void sim_topic_recreate(struct sim_topic *t, uint32_t partition)
{
    pthread_mutex_lock(&t->lock);
    struct sim_log *log = &t->log[partition];
    t->graveyard = xrealloc(t->graveyard, size_mul(t->ngraveyard + log->n + 1, sizeof *t->graveyard));
    if (log->n)
        memcpy(t->graveyard + t->ngraveyard, log->message, log->n * sizeof *log->message);
    t->ngraveyard += log->n;
    free(log->message);
    memset(log, 0, sizeof *log);
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

void sim_topic_set_partitions(struct sim_topic *t, uint32_t n)
{
    pthread_mutex_lock(&t->lock);
    t->partitions = n;
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

void sim_topic_set_away(struct sim_topic *t, bool away)
{
    pthread_mutex_lock(&t->lock);
    t->away = away;
    for (uint32_t i = 0; i < t->nstream; i++)
        t->stream[i]->away_told = 0;
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

void sim_topic_fail_once(struct sim_topic *t, uint32_t partition)
{
    pthread_mutex_lock(&t->lock);
    t->log[partition].fail_once = true;
    wake_all(t);
    pthread_mutex_unlock(&t->lock);
}

uint64_t sim_topic_end(struct sim_topic *t, uint32_t partition)
{
    pthread_mutex_lock(&t->lock);
    uint64_t n = t->log[partition].n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* ---- a stream on it ---- */

static void sim_close(struct stream *s)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    for (uint32_t i = 0; i < t->nstream; i++)
        if (t->stream[i] == sim(s))
            t->stream[i] = t->stream[--t->nstream];
    pthread_mutex_unlock(&t->lock);
    free(s);
}

static bool sim_assign(struct stream *s, uint32_t partition, uint64_t offset, struct error *err)
{
    struct sim_stream *k = sim(s);

    pthread_mutex_lock(&k->topic->lock);
    k->at[partition].assigned = true;
    k->at[partition].eof_told = false;
    k->at[partition].position = offset;
    k->ready = true;
    pthread_mutex_unlock(&k->topic->lock);
    return true;
}

static void sim_unassign(struct stream *s, uint32_t partition) { sim(s)->at[partition].assigned = false; }

static void fill(struct stream_message *msg, const struct sim_message *m, uint64_t offset)
{
    *msg = (struct stream_message){.offset = offset,
                                   .timestamp_us = m->timestamp_us,
                                   .key = {m->key, m->key ? strlen(m->key) : 0},
                                   .value = {m->value, m->value_len},
                                   .key_null = m->key_null,
                                   .value_null = m->value_null};
}

static enum stream_event next_locked(struct sim_stream *k, uint32_t partition, struct stream_message *msg,
                                     struct error *err)
{
    struct sim_log *log = &k->topic->log[partition];
    uint64_t position = k->at[partition].position;

    if (!k->at[partition].assigned)
        return STREAM_NONE;
    if (k->topic->away) {
        if (k->away_told++ % 8)
            return STREAM_NONE;
        error_set(err, SQLSTATE_CONNECTION_FAILURE, "broker is away");
        return STREAM_RETRY;
    }
    if (log->fail_once) {
        log->fail_once = false;
        k->at[partition].assigned = false;
        error_set(err, SQLSTATE_CONNECTION_FAILURE, "scripted failure");
        return STREAM_FAILED;
    }
    if (position < log->low || position > log->n) {
        k->at[partition].assigned = false;
        msg->offset = position;
        return STREAM_OUT_OF_RANGE;
    }
    while (position < log->n && !log->message[position]->visible)
        position++;
    if (position > k->at[partition].position)
        k->at[partition].eof_told = false;
    k->at[partition].position = position;
    if (position < log->n) {
        fill(msg, log->message[position], position);
        k->at[partition].position++;
        k->at[partition].eof_told = false;
        return STREAM_MESSAGE;
    }
    if (k->at[partition].eof_told)
        return STREAM_NONE;
    k->at[partition].eof_told = true;
    msg->offset = position;
    return STREAM_EOF;
}

static enum stream_event sim_next(struct stream *s, uint32_t partition, struct stream_message *msg, struct error *err)
{
    struct sim_stream *k = sim(s);

    pthread_mutex_lock(&k->topic->lock);
    enum stream_event event = next_locked(k, partition, msg, err);
    pthread_mutex_unlock(&k->topic->lock);
    return event;
}

static void sim_wait(struct stream *s, int64_t timeout_ns)
{
    struct sim_stream *k = sim(s);
    struct sim_topic *t = k->topic;
    int64_t deadline = t->env->mono_ns(t->env) + timeout_ns;

    pthread_mutex_lock(&t->lock);
    while (!k->ready && cond_wait_until(&t->cond, &t->lock, deadline))
        ;
    k->ready = false;
    pthread_mutex_unlock(&t->lock);
}

static void sim_wake(struct stream *s)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    sim(s)->ready = true;
    pthread_cond_broadcast(&t->cond);
    pthread_mutex_unlock(&t->lock);
}

static uint64_t sim_position(struct stream *s, uint32_t partition) { return sim(s)->at[partition].position; }

static void sim_watermarks(struct stream *s, uint32_t partition, struct stream_watermarks *out)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    *out = (struct stream_watermarks){true, t->log[partition].low, t->log[partition].n};
    pthread_mutex_unlock(&t->lock);
}

/* Lock held. */
static bool is_reachable(const struct sim_topic *t, struct error *err)
{
    if (t->away)
        return error_set(err, SQLSTATE_UNABLE_TO_ESTABLISH_CONNECTION, "could not connect to Kafka broker \"sim\"");
    return true;
}

static bool sim_partitions(struct stream *s, int64_t timeout_ns, uint32_t *n, struct error *err)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    bool ok = is_reachable(t, err);
    *n = t->partitions;
    pthread_mutex_unlock(&t->lock);
    return ok;
}

static bool sim_topics(struct stream *s, int64_t timeout_ns, struct arena *arena, const char *const **name, uint32_t *n,
                       struct error *err)
{
    const char **names = ARENA_ARRAY(arena, const char *, 1);

    names[0] = sim(s)->topic->name;
    *name = names;
    *n = 1;
    return true;
}

static bool sim_offsets_for(struct stream *s, struct stream_time *query, uint32_t n, int64_t timeout_ns,
                            struct error *err)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    bool ok = is_reachable(t, err);
    for (uint32_t i = 0; ok && i < n; i++) {
        const struct sim_log *log = &t->log[query[i].partition];
        uint64_t at = log->low;
        if (query[i].timestamp_us == STREAM_LATEST)
            at = log->n;
        else if (query[i].timestamp_us != STREAM_EARLIEST)
            while (at < log->n &&
                   (!log->message[at]->visible || log->message[at]->timestamp_us < query[i].timestamp_us))
                at++;
        query[i].offset = at;
    }
    pthread_mutex_unlock(&t->lock);
    return ok;
}

static bool sim_read_at(struct stream *s, struct stream_read *read, uint32_t n, int64_t timeout_ns, struct arena *arena,
                        struct error *err)
{
    struct sim_topic *t = sim(s)->topic;

    pthread_mutex_lock(&t->lock);
    bool ok = is_reachable(t, err);
    for (uint32_t i = 0; ok && i < n; i++) {
        const struct sim_log *log = &t->log[read[i].partition];
        uint64_t offset = read[i].offset;
        if (offset >= log->n) {
            read[i].result = STREAM_READ_BEYOND;
        } else if (offset < log->low || !log->message[offset]->visible) {
            read[i].result = STREAM_READ_ABSENT;
        } else {
            read[i].result = STREAM_READ_FOUND;
            fill(&read[i].msg, log->message[offset], offset);
            read[i].msg.key = arena_strview(arena, read[i].msg.key);
            read[i].msg.value = arena_strview(arena, read[i].msg.value);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return ok;
}

static const struct stream_ops sim_ops = {.close = sim_close,
                                          .assign = sim_assign,
                                          .unassign = sim_unassign,
                                          .next = sim_next,
                                          .wait = sim_wait,
                                          .wake = sim_wake,
                                          .position = sim_position,
                                          .watermarks = sim_watermarks,
                                          .partitions = sim_partitions,
                                          .topics = sim_topics,
                                          .offsets_for = sim_offsets_for,
                                          .read_at = sim_read_at};

bool sim_stream_open(void *arg, const struct stream_config *config, struct stream **out, struct error *err)
{
    struct sim_topic *t = arg;

    if (strcmp(config->topic, t->name) != 0) {
        const char *const known[] = {t->name};
        error_set(err, SQLSTATE_UNDEFINED_OBJECT, "Kafka topic \"%s\" does not exist on \"%s\"", config->topic,
                  config->brokers);
        stream_topic_hint(err, config->topic, known, 1);
        return false;
    }
    struct sim_stream *k = xcalloc(1, sizeof *k);
    k->base.ops = &sim_ops;
    k->topic = t;
    pthread_mutex_lock(&t->lock);
    assert(t->nstream < SIM_STREAMS_MAX);
    t->stream[t->nstream++] = k;
    pthread_mutex_unlock(&t->lock);
    *out = (struct stream *)(void *)k;
    return true;
}
