/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Click events that never happened. A few thousand users, most events by few of them, page views with the odd purchase.
 * The mock broker keeps 5 MiB of each partition, so the oldest events vanish when nobody reads them.
 */
#include "node/demo_int.h"

#include "base/env.h"
#include "base/log.h"
#include "base/thread.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

enum { PARTITIONS = 4, TICK_MS = 10, FLUSH_MS = 5000, USERS = 5000 };

struct demo_stream {
    struct env *env;
    rd_kafka_t *producer; /* also the client the mock cluster belongs to */
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_topic_t *topic;
    uint64_t seed;
    uint64_t written;
    uint32_t events_per_s;
    bool running; /* the thread was started */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
};

bool demo_stream_open(struct demo_stream **out, struct error *err)
{
    char text[256];
    struct demo_stream *s = xcalloc(1, sizeof *s);
    s->env = env_real();
    s->env->random(s->env, &s->seed, sizeof s->seed);
    pthread_mutex_init(&s->lock, NULL);
    cond_init(&s->wake);
    *out = s;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "linger.ms", "5", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    s->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!s->producer) {
        rd_kafka_conf_destroy(conf);
        error_set(err, SQLSTATE_INTERNAL_ERROR, "could not make a Kafka producer: %s", text);
        goto fail;
    }
    s->cluster = rd_kafka_mock_cluster_new(s->producer, 1);
    if (!s->cluster || rd_kafka_mock_topic_create(s->cluster, "clicks", PARTITIONS, 1) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_brokers_add(s->producer, rd_kafka_mock_cluster_bootstraps(s->cluster)) < 1) {
        error_set(err, SQLSTATE_INTERNAL_ERROR, "could not start the mock Kafka cluster");
        goto fail;
    }
    s->topic = rd_kafka_topic_new(s->producer, "clicks", NULL);
    return true;
fail:
    demo_stream_close(s);
    *out = NULL;
    return false;
}

void demo_stream_close(struct demo_stream *s)
{
    if (!s)
        return;
    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    if (s->producer)
        rd_kafka_purge(s->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (s->topic)
        rd_kafka_topic_destroy(s->topic);
    if (s->cluster)
        rd_kafka_mock_cluster_destroy(s->cluster);
    if (s->producer)
        rd_kafka_destroy(s->producer);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *demo_stream_brokers(const struct demo_stream *s) { return rd_kafka_mock_cluster_bootstraps(s->cluster); }

/* ---- events ---- */

/* splitmix64 */
static uint64_t next_random(struct demo_stream *s)
{
    uint64_t z = s->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Below n; small numbers come more often (the lesser of two). */
static uint32_t skewed(struct demo_stream *s, uint32_t n)
{
    uint64_t r = next_random(s);
    uint32_t a = (uint32_t)(r >> 32) % n, b = (uint32_t)r % n;
    return MIN_OF(a, b);
}

static void event_text(struct demo_stream *s, int64_t unix_ms, uint32_t user, struct strbuf *out)
{
    static const char *const countries[] = {"US", "IN", "DE", "BR", "GB", "FR", "JP", "ES", "CA", "MX", "PL", "NL"};
    static const char *const devices[] = {"mobile", "desktop", "tablet", "tv"};
    static const char *const pages[] = {"/",        "/search", "/product", "/cart",  "/offers", "/account",
                                        "/product", "/help",   "/reviews", "/login", "/news",   "/checkout"};
    uint64_t r = next_random(s);
    const char *page = pages[skewed(s, ARRAY_LEN(pages))];
    /* A user stays in one country and on one device. */
    uint32_t home = user * 2654435761u >> 16;
    strbuf_clear(out);
    strbuf_add_fmt(out, "{\"user_id\":\"u%05u\",\"country\":\"%s\",\"device\":\"%s\",\"url\":\"%s", user,
                   countries[MIN_OF(home % ARRAY_LEN(countries), home / 16 % ARRAY_LEN(countries))],
                   devices[MIN_OF(home % 4, home / 8 % 4)], page);
    if (strcmp(page, "/product") == 0)
        strbuf_add_fmt(out, "/%u", (uint32_t)(r % 500) + 1);
    strbuf_add_fmt(out, "\",\"duration_ms\":%u", 20 + skewed(s, 3000));
    if (strcmp(page, "/checkout") == 0)
        strbuf_add_fmt(out, ",\"amount\":%u.%02u", 3 + skewed(s, 400), (uint32_t)(r >> 32) % 100);
    strbuf_add_fmt(out, ",\"ts\":%lld}", (long long)unix_ms);
}

/* One event into the partition of its user. */
static bool write_event(struct demo_stream *s, int64_t unix_ms, struct strbuf *text, struct error *err)
{
    uint32_t user = skewed(s, USERS);
    event_text(s, unix_ms, user, text);
    for (int tries = 0; tries < 100; tries++) {
        if (rd_kafka_produce(s->topic, (int32_t)(user % PARTITIONS), RD_KAFKA_MSG_F_COPY, text->data, text->len, NULL,
                             0, NULL) == 0) {
            s->written++;
            return true;
        }
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            break;
        rd_kafka_poll(s->producer, TICK_MS);
    }
    return error_set(err, SQLSTATE_CONNECTION_FAILURE, "could not write to topic \"clicks\": %s",
                     rd_kafka_err2str(rd_kafka_last_error()));
}

bool demo_stream_history(struct demo_stream *s, uint32_t n, uint32_t seconds, struct error *err)
{
    struct strbuf text;
    int64_t span_ms = (int64_t)seconds * 1000, now_ms = s->env->now_us(s->env) / 1000;
    bool ok = true;
    strbuf_init(&text);
    for (uint32_t i = 0; ok && i < n; i++)
        ok = write_event(s, now_ms - span_ms + span_ms * i / n, &text, err);
    strbuf_release(&text);
    if (ok && rd_kafka_flush(s->producer, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        ok = error_set(err, SQLSTATE_CONNECTION_FAILURE, "the mock Kafka cluster does not take events");
    return ok;
}

/* ---- the thread ---- */

/* True once it is time to stop. */
static bool wait_until(struct demo_stream *s, int64_t deadline_ns)
{
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && cond_wait_until(&s->wake, &s->lock, deadline_ns))
        continue;
    bool stop = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

static void *run(void *arg)
{
    struct demo_stream *s = arg;
    struct strbuf text;
    struct error err;
    int64_t begin_ns = s->env->mono_ns(s->env), tick = 0;
    uint64_t before = s->written;
    bool ok = true;
    strbuf_init(&text);
    while (ok && !wait_until(s, begin_ns + ++tick * TICK_MS * 1000000)) {
        uint64_t due = (uint64_t)tick * TICK_MS * s->events_per_s / 1000;
        int64_t now_ms = s->env->now_us(s->env) / 1000;
        while (ok && s->written - before < due)
            ok = write_event(s, now_ms, &text, &err);
        rd_kafka_poll(s->producer, 0);
    }
    if (!ok)
        log_error("demo", "msg=\"the generator stopped: %s\"", err.message);
    strbuf_release(&text);
    return NULL;
}

bool demo_stream_run(struct demo_stream *s, uint32_t events_per_s, struct error *err)
{
    assert(!s->running);
    s->events_per_s = events_per_s;
    s->running = thread_start(&s->thread, "demo", run, s, err);
    return s->running;
}
