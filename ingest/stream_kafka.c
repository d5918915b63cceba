/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka through librdkafka's simple consumer: explicit offsets per partition, no group, one queue per partition read
 * one message at a time (the library's batch calls lose positions). Settings and traps: the notes at set_properties and
 * in README.md.
 */
#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/thread.h"
#include "ingest/stream_int.h"
#include "types/datetime.h"

enum { BUFFER_BYTES_DEFAULT = 64 << 20, SHARE_MIN_KB = 64, FETCH_BYTES_MAX = 1 << 20, CONTROL_KB = 1024 };

struct kafka_partition {
    rd_kafka_queue_t *queue;  /* NULL = not assigned */
    rd_kafka_message_t *last; /* handed out, freed by the next call */
    uint64_t expected;        /* no message below it is delivered */
    bool delivered;           /* one was: from now on a lower offset is a regression */
};

struct kafka_stream {
    struct stream_base base;
    struct env *env;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    char *topic_name, *brokers;
    uint32_t npartition; /* room */
    struct kafka_partition *partition;
    pthread_mutex_t lock; /* ready, trouble */
    pthread_cond_t cond;
    bool ready;        /* some queue may have an event, or wake was called */
    char trouble[256]; /* what the client last complained about */
};

static struct kafka_stream *kafka(struct stream *s) { return (struct kafka_stream *)(void *)s; }

static void kafka_wake(struct stream *s)
{
    struct kafka_stream *k = kafka(s);

    pthread_mutex_lock(&k->lock);
    k->ready = true;
    pthread_cond_signal(&k->cond);
    pthread_mutex_unlock(&k->lock);
}

static void on_queue(rd_kafka_t *client, void *opaque) { kafka_wake(opaque); }

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct kafka_stream *k = opaque;

    pthread_mutex_lock(&k->lock);
    /* "All brokers are down" says less than what came before it. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !k->trouble[0])
        snprintf(k->trouble, sizeof k->trouble, "%s", reason);
    pthread_mutex_unlock(&k->lock);
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    if (level <= 3)
        log_warning("kafka", "%s %s", facility, text);
    else
        log_debug("kafka", "%s %s", facility, text);
}

/* ---- opening ---- */

static bool set_one(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char text[256];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid Kafka setting \"%s\" = \"%s\": %s", name, value,
                     text);
}

static bool set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value, struct error *err)
{
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set_one(conf, name, text, err);
}

/* Settings a user may give: none that reads files, loads code or calls URLs, none the protocol of commits relies on. */
static bool is_allowed(const char *name)
{
    static const char *const allowed[] = {"security.protocol",
                                          "sasl.mechanism",
                                          "sasl.mechanisms",
                                          "sasl.username",
                                          "sasl.password",
                                          "ssl.ca.pem",
                                          "ssl.certificate.pem",
                                          "ssl.key.pem",
                                          "ssl.key.password",
                                          "ssl.cipher.suites",
                                          "ssl.endpoint.identification.algorithm",
                                          "enable.ssl.certificate.verification",
                                          "broker.address.family",
                                          "broker.address.ttl",
                                          "client.rack",
                                          "fetch.wait.max.ms",
                                          "fetch.min.bytes",
                                          "fetch.error.backoff.ms",
                                          "fetch.message.max.bytes",
                                          "max.partition.fetch.bytes",
                                          "metadata.max.age.ms",
                                          "reconnect.backoff.ms",
                                          "reconnect.backoff.max.ms",
                                          "socket.timeout.ms",
                                          "socket.connection.setup.timeout.ms",
                                          "socket.receive.buffer.bytes",
                                          "socket.send.buffer.bytes",
                                          "api.version.request.timeout.ms",
                                          "connections.max.idle.ms"};

    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        if (strcmp(name, allowed[i]) == 0)
            return true;
    return false;
}

/*
 * Memory: the library bounds prefetched messages per partition, so the table's buffer is shared out. A fetch may exceed
 * the share by one response. When a queue is full the library looks again only after up to a second: the buffer should
 * hold a second's worth of messages at full speed, hence the high message count.
 */
static bool set_properties(rd_kafka_conf_t *conf, const struct stream_config *config, struct error *err)
{
    static const char *const fixed[][2] = {{"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"enable.partition.eof", "true"},
                                           {"isolation.level", "read_committed"},
                                           {"check.crcs", "true"},
                                           {"allow.auto.create.topics", "false"},
                                           {"socket.keepalive.enable", "true"},
                                           {"log.connection.close", "false"},
                                           {"queued.min.messages", "1000000"},
                                           {"fetch.wait.max.ms", "100"},
                                           {"fetch.error.backoff.ms", "100"},
                                           {"reconnect.backoff.max.ms", "2000"},
                                           {"socket.connection.setup.timeout.ms", "5000"}};
    uint64_t buffer = config->buffer_bytes ? config->buffer_bytes : BUFFER_BYTES_DEFAULT;
    uint64_t share_kb = config->control ? CONTROL_KB : buffer / 1024 / MAX_OF(config->partitions, 1u);
    share_kb = MIN_OF(MAX_OF(share_kb, (uint64_t)SHARE_MIN_KB), (uint64_t)1 << 20);
    uint64_t fetch = MIN_OF(MAX_OF(share_kb * 1024 / 4, (uint64_t)SHARE_MIN_KB * 1024), (uint64_t)FETCH_BYTES_MAX);

    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (!set_one(conf, fixed[i][0], fixed[i][1], err))
            return false;
    if (!set_one(conf, "bootstrap.servers", config->brokers, err) ||
        !set_one(conf, "client.id", config->client_id ? config->client_id : "mencia", err) ||
        !set_number(conf, "queued.max.messages.kbytes", share_kb, err) ||
        !set_number(conf, "fetch.message.max.bytes", fetch, err))
        return false;
    for (uint32_t i = 0; i < config->nproperty; i++) {
        if (!is_allowed(config->property[i].name))
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "Kafka setting \"%s\" is not allowed",
                             config->property[i].name);
        if (!set_one(conf, config->property[i].name, config->property[i].value, err))
            return false;
    }
    return true;
}

static void kafka_close(struct stream *s);

static const struct stream_ops kafka_ops;

bool stream_kafka_open(const struct stream_config *config, struct stream **out, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct kafka_stream *k = xcalloc(1, sizeof *k);
    char text[256] = "";

    k->base.ops = &kafka_ops;
    k->env = config->env;
    k->brokers = xstrdup(config->brokers);
    k->topic_name = config->topic ? xstrdup(config->topic) : NULL;
    pthread_mutex_init(&k->lock, NULL);
    cond_init(&k->cond);
    if (!set_properties(conf, config, err)) {
        rd_kafka_conf_destroy(conf);
        goto fail;
    }
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    k->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!k->client) {
        rd_kafka_conf_destroy(conf);
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "could not create a Kafka client: %s", text);
        goto fail;
    }
    if (config->topic) {
        rd_kafka_topic_conf_t *topic_conf = rd_kafka_topic_conf_new();
        /* An offset that is not in the log must never be replaced silently. */
        rd_kafka_topic_conf_set(topic_conf, "auto.offset.reset", "error", text, sizeof text);
        k->topic = rd_kafka_topic_new(k->client, config->topic, topic_conf);
        if (!k->topic) {
            error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid Kafka topic \"%s\": %s", config->topic,
                      rd_kafka_err2str(rd_kafka_last_error()));
            goto fail;
        }
    }
    *out = (struct stream *)(void *)k;
    return true;
fail:
    kafka_close((struct stream *)(void *)k);
    return false;
}

static void drop_last(struct kafka_partition *p)
{
    if (p->last)
        rd_kafka_message_destroy(p->last);
    p->last = NULL;
}

static void kafka_unassign(struct stream *s, uint32_t partition)
{
    struct kafka_stream *k = kafka(s);

    if (partition >= k->npartition || !k->partition[partition].queue)
        return;
    struct kafka_partition *p = &k->partition[partition];
    rd_kafka_queue_cb_event_enable(p->queue, NULL, NULL);
    rd_kafka_consume_stop(k->topic, (int32_t)partition);
    drop_last(p);
    rd_kafka_queue_destroy(p->queue);
    p->queue = NULL;
}

static void kafka_close(struct stream *s)
{
    struct kafka_stream *k = kafka(s);

    for (uint32_t i = 0; i < k->npartition; i++)
        kafka_unassign(s, i);
    if (k->topic)
        rd_kafka_topic_destroy(k->topic);
    if (k->client)
        rd_kafka_destroy_flags(k->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->cond);
    free(k->partition);
    free(k->topic_name);
    free(k->brokers);
    free(k);
}

/* ---- reading ---- */

static bool kafka_assign(struct stream *s, uint32_t partition, uint64_t offset, struct error *err)
{
    struct kafka_stream *k = kafka(s);

    assert(k->topic && offset <= INT64_MAX);
    kafka_unassign(s, partition);
    if (partition >= k->npartition) {
        uint32_t n = MAX_OF(partition + 1, 2 * k->npartition);
        k->partition = xrealloc(k->partition, size_mul(n, sizeof *k->partition));
        memset(k->partition + k->npartition, 0, (n - k->npartition) * sizeof *k->partition);
        k->npartition = n;
    }
    struct kafka_partition *p = &k->partition[partition];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->client);
    rd_kafka_queue_cb_event_enable(queue, on_queue, s);
    if (rd_kafka_consume_start_queue(k->topic, (int32_t)partition, (int64_t)offset, queue)) {
        error_set(err, SQLSTATE_CONNECTION_FAILURE, "could not read partition %u of Kafka topic \"%s\": %s", partition,
                  k->topic_name, rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_queue_cb_event_enable(queue, NULL, NULL);
        rd_kafka_queue_destroy(queue);
        return false;
    }
    *p = (struct kafka_partition){.queue = queue, .expected = offset};
    return true;
}

static int64_t timestamp_of(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(m, &type), us;

    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0 || __builtin_mul_overflow(ms, 1000, &us))
        return STREAM_NO_TIMESTAMP;
    return us - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
}

static bool read_error(struct kafka_stream *k, uint32_t partition, const char *text, struct error *err)
{
    error_set(err, SQLSTATE_CONNECTION_FAILURE, "could not read partition %u of Kafka topic \"%s\": %s", partition,
              k->topic_name, text);
    pthread_mutex_lock(&k->lock);
    if (k->trouble[0])
        error_detail(err, "%s", k->trouble);
    pthread_mutex_unlock(&k->lock);
    return false;
}

static enum stream_event take_error(struct kafka_stream *k, uint32_t partition, const rd_kafka_message_t *m,
                                    struct stream_message *msg, struct error *err)
{
    struct kafka_partition *p = &k->partition[partition];
    const char *text = m->payload && m->len ? (const char *)m->payload : rd_kafka_err2str(m->err);

    switch (m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (m->offset >= 0)
            p->expected = MAX_OF(p->expected, (uint64_t)m->offset);
        msg->offset = p->expected;
        return STREAM_EOF;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: {
        uint64_t position = p->expected;
        kafka_unassign((struct stream *)(void *)k, partition);
        msg->offset = position;
        return STREAM_OUT_OF_RANGE;
    }
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        read_error(k, partition, text, err);
        kafka_unassign((struct stream *)(void *)k, partition);
        return STREAM_FAILED;
    default: read_error(k, partition, text, err); return STREAM_RETRY;
    }
}

static enum stream_event kafka_next(struct stream *s, uint32_t partition, struct stream_message *msg, struct error *err)
{
    struct kafka_stream *k = kafka(s);

    if (partition >= k->npartition || !k->partition[partition].queue)
        return STREAM_NONE;
    struct kafka_partition *p = &k->partition[partition];
    for (;;) {
        drop_last(p);
        rd_kafka_message_t *m = rd_kafka_consume_queue(p->queue, 0);
        if (!m)
            return STREAM_NONE;
        if (UNLIKELY(m->err)) {
            enum stream_event event = take_error(k, partition, m, msg, err);
            rd_kafka_message_destroy(m);
            return event;
        }
        uint64_t offset = (uint64_t)m->offset;
        if (UNLIKELY(offset < p->expected)) {
            rd_kafka_message_destroy(m);
            if (!p->delivered)
                continue;
            error_set(err, SQLSTATE_DATA_CORRUPTED,
                      "partition %u of Kafka topic \"%s\" went back from offset %llu to %llu", partition, k->topic_name,
                      (unsigned long long)p->expected, (unsigned long long)offset);
            kafka_unassign(s, partition);
            return STREAM_FAILED;
        }
        p->last = m;
        p->expected = offset + 1;
        p->delivered = true;
        *msg = (struct stream_message){.offset = offset,
                                       .timestamp_us = timestamp_of(m),
                                       .key = {m->key, m->key_len},
                                       .value = {m->payload, m->len},
                                       .key_null = !m->key,
                                       .value_null = !m->payload};
        return STREAM_MESSAGE;
    }
}

static void kafka_wait(struct stream *s, int64_t timeout_ns)
{
    struct kafka_stream *k = kafka(s);

    rd_kafka_poll(k->client, 0);
    int64_t deadline = k->env->mono_ns(k->env) + timeout_ns;
    pthread_mutex_lock(&k->lock);
    while (!k->ready && cond_wait_until(&k->cond, &k->lock, deadline))
        ;
    k->ready = false;
    pthread_mutex_unlock(&k->lock);
}

/* The library's position counts transaction markers once they have been passed over; the messages seen and the end
 * of the log say the rest. */
static uint64_t kafka_position(struct stream *s, uint32_t partition)
{
    struct kafka_stream *k = kafka(s);
    uint64_t position = 0;

    if (partition >= k->npartition || !k->partition[partition].queue)
        return 0;
    position = k->partition[partition].expected;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, k->topic_name, (int32_t)partition);
    if (!rd_kafka_position(k->client, list) && list->elems[0].offset >= 0)
        position = MAX_OF(position, (uint64_t)list->elems[0].offset);
    rd_kafka_topic_partition_list_destroy(list);
    return position;
}

static void kafka_watermarks(struct stream *s, uint32_t partition, struct stream_watermarks *out)
{
    struct kafka_stream *k = kafka(s);
    int64_t low = -1, high = -1;

    out->known =
        !rd_kafka_get_watermark_offsets(k->client, k->topic_name, (int32_t)partition, &low, &high) && high >= 0;
    out->low = low > 0 ? (uint64_t)low : 0;
    out->high = high > 0 ? (uint64_t)high : 0;
}

/* ---- control ---- */

static int timeout_ms(int64_t timeout_ns) { return (int)MAX_OF((timeout_ns + 999999) / 1000000, (int64_t)1); }

/* Nobody answered: says which brokers and what the client had to complain about. */
static bool contact_error(struct kafka_stream *k, rd_kafka_resp_err_t code, struct error *err)
{
    rd_kafka_poll(k->client, 0);
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
        code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        error_set(err, SQLSTATE_UNABLE_TO_ESTABLISH_CONNECTION, "could not connect to Kafka broker \"%s\"", k->brokers);
    else
        error_set(err, SQLSTATE_CONNECTION_FAILURE, "Kafka broker \"%s\" refused the request: %s", k->brokers,
                  rd_kafka_err2str(code));
    pthread_mutex_lock(&k->lock);
    if (k->trouble[0])
        error_detail(err, "%s", k->trouble);
    else
        error_detail(err, "%s", rd_kafka_err2str(code));
    pthread_mutex_unlock(&k->lock);
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool kafka_topics(struct stream *s, int64_t timeout_ns, struct arena *arena, const char *const **name,
                         uint32_t *n, struct error *err)
{
    struct kafka_stream *k = kafka(s);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(k->client, 1, NULL, &metadata, timeout_ms(timeout_ns));

    if (code)
        return contact_error(k, code, err);
    const char **names = ARENA_ARRAY(arena, const char *, (size_t)MAX_OF(metadata->topic_cnt, 1));
    uint32_t count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (!metadata->topics[i].err && strncmp(metadata->topics[i].topic, "__", 2) != 0)
            names[count++] = arena_strdup(arena, metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    if (count)
        qsort(names, count, sizeof *names, compare_names);
    *name = names;
    *n = count;
    return true;
}

static bool no_topic(struct kafka_stream *k, int64_t timeout_ns, rd_kafka_resp_err_t code, struct error *err)
{
    struct arena arena;
    const char *const *name;
    uint32_t n;
    struct error ignored;

    if (code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && code != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return error_set(err, SQLSTATE_CONNECTION_FAILURE, "Kafka topic \"%s\" on \"%s\" cannot be read: %s",
                         k->topic_name, k->brokers, rd_kafka_err2str(code));
    error_set(err, SQLSTATE_UNDEFINED_OBJECT, "Kafka topic \"%s\" does not exist on \"%s\"", k->topic_name, k->brokers);
    arena_init(&arena, NULL);
    if (kafka_topics((struct stream *)(void *)k, timeout_ns, &arena, &name, &n, &ignored))
        stream_topic_hint(err, k->topic_name, name, n);
    arena_release(&arena);
    return false;
}

static bool kafka_partitions(struct stream *s, int64_t timeout_ns, uint32_t *n, struct error *err)
{
    struct kafka_stream *k = kafka(s);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(k->client, 0, k->topic, &metadata, timeout_ms(timeout_ns));

    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return no_topic(k, timeout_ns, code, err);
    if (code)
        return contact_error(k, code, err);
    bool found = metadata->topic_cnt == 1 && !metadata->topics[0].err && metadata->topics[0].partition_cnt > 0;
    code = metadata->topic_cnt == 1 && metadata->topics[0].err ? metadata->topics[0].err
                                                               : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *n = found ? (uint32_t)metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return found || no_topic(k, timeout_ns, code, err);
}

static int64_t unix_ms(int64_t timestamp_us)
{
    return (timestamp_us + POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC + 999) / 1000;
}

/* Asks the leaders; the result replaces each element's offset. */
static bool list_offsets(struct kafka_stream *k, rd_kafka_topic_partition_list_t *list, int64_t timeout_ns,
                         struct error *err)
{
    rd_kafka_resp_err_t code = list->cnt ? rd_kafka_offsets_for_times(k->client, list, timeout_ms(timeout_ns)) : 0;

    if (code)
        return contact_error(k, code, err);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return error_set(err, SQLSTATE_CONNECTION_FAILURE,
                             "Kafka did not tell the offsets of partition %d of topic \"%s\": %s",
                             list->elems[i].partition, k->topic_name, rd_kafka_err2str(list->elems[i].err));
    return true;
}

static bool kafka_offsets_for(struct stream *s, struct stream_time *query, uint32_t n, int64_t timeout_ns,
                              struct error *err)
{
    struct kafka_stream *k = kafka(s);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new((int)n);
    bool ok;

    for (uint32_t i = 0; i < n; i++) {
        int64_t t = query[i].timestamp_us;
        rd_kafka_topic_partition_list_add(list, k->topic_name, (int32_t)query[i].partition)->offset =
            t == STREAM_EARLIEST ? RD_KAFKA_OFFSET_BEGINNING
            : t == STREAM_LATEST ? RD_KAFKA_OFFSET_END
                                 : MAX_OF(unix_ms(t), (int64_t)0);
    }
    ok = list_offsets(k, list, timeout_ns, err);
    /* No message at or after the time: the end. */
    for (int i = 0; ok && i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            rd_kafka_topic_partition_list_add(ends, k->topic_name, list->elems[i].partition)->offset =
                RD_KAFKA_OFFSET_END;
    ok = ok && list_offsets(k, ends, timeout_ns, err);
    for (uint32_t i = 0; ok && i < n; i++) {
        const rd_kafka_topic_partition_t *e =
            rd_kafka_topic_partition_list_find(list, k->topic_name, (int32_t)query[i].partition);
        if (e->offset < 0)
            e = rd_kafka_topic_partition_list_find(ends, k->topic_name, (int32_t)query[i].partition);
        query[i].offset = e && e->offset > 0 ? (uint64_t)e->offset : 0;
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_topic_partition_list_destroy(ends);
    return ok;
}

/* One event of a single read. */
static void take_read(struct stream *s, struct stream_read *r, enum stream_event event,
                      const struct stream_message *msg, int64_t timeout_ns, struct arena *arena)
{
    struct stream_time end = {.partition = r->partition, .timestamp_us = STREAM_LATEST};
    struct error ignored;

    switch (event) {
    case STREAM_MESSAGE:
        r->result = msg->offset == r->offset ? STREAM_READ_FOUND : STREAM_READ_ABSENT;
        r->msg = *msg;
        r->msg.key = arena_strview(arena, msg->key);
        r->msg.value = arena_strview(arena, msg->value);
        break;
    case STREAM_EOF: r->result = msg->offset <= r->offset ? STREAM_READ_BEYOND : STREAM_READ_ABSENT; break;
    case STREAM_OUT_OF_RANGE:
        if (!kafka_offsets_for(s, &end, 1, timeout_ns, &ignored))
            r->result = STREAM_READ_ERROR;
        else
            r->result = end.offset <= r->offset ? STREAM_READ_BEYOND : STREAM_READ_ABSENT;
        break;
    case STREAM_FAILED: r->result = STREAM_READ_ERROR; break;
    case STREAM_NONE:
    case STREAM_RETRY: break;
    }
}

static bool kafka_read_at(struct stream *s, struct stream_read *read, uint32_t n, int64_t timeout_ns,
                          struct arena *arena, struct error *err)
{
    struct kafka_stream *k = kafka(s);
    int64_t deadline = k->env->mono_ns(k->env) + timeout_ns, left;
    uint32_t pending = n, done = 0;
    bool ok = true;

    for (uint32_t i = 0; i < k->npartition; i++)
        kafka_unassign(s, i);
    for (uint32_t i = 0; ok && i < n; i++) {
        read[i].result = STREAM_READ_PENDING;
        ok = kafka_assign(s, read[i].partition, read[i].offset, err);
    }
    error_set(err, SQLSTATE_CONNECTION_FAILURE, "Kafka did not answer in time");
    while (ok && pending && (left = deadline - k->env->mono_ns(k->env)) > 0) {
        pending = 0;
        for (uint32_t i = 0; i < n; i++) {
            struct stream_message msg;
            if (read[i].result != STREAM_READ_PENDING)
                continue;
            take_read(s, &read[i], kafka_next(s, read[i].partition, &msg, err), &msg, left, arena);
            if (read[i].result == STREAM_READ_PENDING) {
                pending++;
                continue;
            }
            done++;
            kafka_unassign(s, read[i].partition);
        }
        if (pending)
            kafka_wait(s, MIN_OF(left, INT64_C(50000000)));
    }
    for (uint32_t i = 0; i < k->npartition; i++)
        kafka_unassign(s, i);
    return ok && (done || !n);
}

static const struct stream_ops kafka_ops = {.close = kafka_close,
                                            .assign = kafka_assign,
                                            .unassign = kafka_unassign,
                                            .next = kafka_next,
                                            .wait = kafka_wait,
                                            .wake = kafka_wake,
                                            .position = kafka_position,
                                            .watermarks = kafka_watermarks,
                                            .partitions = kafka_partitions,
                                            .topics = kafka_topics,
                                            .offsets_for = kafka_offsets_for,
                                            .read_at = kafka_read_at};
