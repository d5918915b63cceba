/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker of a table: everything that has to ask Kafka and wait. It finds partitions, answers the partitions'
 * questions (is the last message still the same? where does the log begin and end?), and notices that Kafka is away.
 */
#include <stdlib.h>

#include "base/log.h"
#include "ingest/consumer_int.h"

static const int64_t TIMEOUT_NS = CONTROL_TIMEOUT_S * INT64_C(1000000000);

void checker_ask(struct part *p)
{
    struct ingest_table *t = p->table;

    pthread_mutex_lock(&t->lock);
    t->check_now = true;
    pthread_cond_signal(&t->checker_cond);
    pthread_mutex_unlock(&t->lock);
}

static void note_contact(struct ingest_table *t, bool ok, const struct error *err)
{
    pthread_mutex_lock(&t->lock);
    if (!ok && !t->unreachable)
        log_warning("ingest", "table=%u topic=%s unreachable: %s", t->oid, t->topic, err->message);
    if (ok && t->unreachable)
        log_info("ingest", "table=%u topic=%s reachable again", t->oid, t->topic);
    t->unreachable = !ok;
    if (!ok)
        t->contact = *err;
    pthread_mutex_unlock(&t->lock);
}

/* A copy of the list that stays valid: partitions live as long as the table's threads. */
static struct part **list_parts(struct ingest_table *t, uint32_t *n)
{
    pthread_mutex_lock(&t->lock);
    *n = t->npart;
    struct part **list = xcalloc(MAX_OF(*n, 1u), sizeof *list);
    if (*n)
        memcpy(list, t->part, *n * sizeof *list);
    pthread_mutex_unlock(&t->lock);
    return list;
}

static bool find_partitions(struct ingest_table *t)
{
    uint32_t n;
    struct error err;
    bool ok = stream_partitions(t->control, TIMEOUT_NS, &n, &err);

    note_contact(t, ok, &err);
    if (ok)
        table_add_partitions(t, MIN_OF(n, (uint32_t)PARTITIONS_LIMIT));
    return ok;
}

static void wake_worker(struct part *p) { stream_wake(p->worker->stream); }

static void answer_marks(struct ingest_table *t, struct part **part, uint32_t n)
{
    struct stream_time *query = xcalloc(2 * (size_t)MAX_OF(n, 1u), sizeof *query);
    struct part **asked = xcalloc(MAX_OF(n, 1u), sizeof *asked);
    uint32_t count = 0;
    struct error err;

    for (uint32_t i = 0; i < n; i++) {
        pthread_mutex_lock(&part[i]->lock);
        if (part[i]->check.marks == CHECK_WANTED)
            asked[count++] = part[i];
        pthread_mutex_unlock(&part[i]->lock);
    }
    for (uint32_t i = 0; i < count; i++) {
        query[i] = (struct stream_time){.partition = asked[i]->id, .timestamp_us = STREAM_EARLIEST};
        query[count + i] = (struct stream_time){.partition = asked[i]->id, .timestamp_us = STREAM_LATEST};
    }
    /* The two ends are asked one after the other: a partition may be named once in a request. */
    bool ok = count && stream_offsets_for(t->control, query, count, TIMEOUT_NS, &err) &&
              stream_offsets_for(t->control, query + count, count, TIMEOUT_NS, &err);
    if (count)
        note_contact(t, ok, &err);
    for (uint32_t i = 0; ok && i < count; i++) {
        pthread_mutex_lock(&asked[i]->lock);
        asked[i]->check.low = query[i].offset;
        asked[i]->check.high = query[count + i].offset;
        asked[i]->check.marks = CHECK_DONE;
        pthread_mutex_unlock(&asked[i]->lock);
        wake_worker(asked[i]);
    }
    free(query);
    free(asked);
}

static void answer_verify(struct part *p, const struct stream_read *read)
{
    pthread_mutex_lock(&p->lock);
    bool known = true;
    switch (read->result) {
    case STREAM_READ_FOUND:
        p->check.result = stream_message_crc(&read->msg) == p->check.crc ? VERIFY_SAME : VERIFY_OTHER;
        break;
    case STREAM_READ_ABSENT: p->check.result = VERIFY_ABSENT; break;
    case STREAM_READ_BEYOND: p->check.result = VERIFY_BEYOND; break;
    case STREAM_READ_PENDING:
    case STREAM_READ_ERROR: known = false;
    }
    if (known)
        p->check.verify = CHECK_DONE;
    pthread_mutex_unlock(&p->lock);
    if (known)
        wake_worker(p);
}

static void answer_verifies(struct ingest_table *t, struct part **part, uint32_t n)
{
    struct stream_read *read = xcalloc(MAX_OF(n, 1u), sizeof *read);
    struct part **asked = xcalloc(MAX_OF(n, 1u), sizeof *asked);
    uint32_t count = 0;
    struct arena arena;
    struct error err;

    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < n; i++) {
        pthread_mutex_lock(&part[i]->lock);
        if (part[i]->check.verify == CHECK_WANTED) {
            read[count] = (struct stream_read){.partition = part[i]->id, .offset = part[i]->check.offset};
            asked[count++] = part[i];
        }
        pthread_mutex_unlock(&part[i]->lock);
    }
    if (count) {
        bool ok = stream_read_at(t->control, read, count, TIMEOUT_NS, &arena, &err);
        note_contact(t, ok, &err);
        for (uint32_t i = 0; ok && i < count; i++)
            answer_verify(asked[i], &read[i]);
    }
    arena_release(&arena);
    free(read);
    free(asked);
}

void *checker_main(void *arg)
{
    struct ingest_table *t = arg;
    struct env *env = t->ingest->config.env;
    int64_t interval_ns = t->ingest->config.check_interval_us * 1000, find_at = 0;

    pthread_mutex_lock(&t->lock);
    while (!t->closing) {
        t->check_now = false;
        pthread_mutex_unlock(&t->lock);
        int64_t now = env->mono_ns(env);
        bool ok = true;
        if (now >= find_at) {
            ok = find_partitions(t);
            find_at = now + (ok ? interval_ns : MIN_OF(interval_ns, INT64_C(1000000000)));
        }
        uint32_t n;
        struct part **part = list_parts(t, &n);
        if (ok) {
            answer_marks(t, part, n);
            answer_verifies(t, part, n);
        }
        free(part);
        pthread_mutex_lock(&t->lock);
        /* Questions left open by trouble are tried again every second. */
        int64_t until = MIN_OF(find_at, env->mono_ns(env) + INT64_C(1000000000));
        while (!t->closing && !t->check_now && cond_wait_until(&t->checker_cond, &t->lock, until))
            ;
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}
