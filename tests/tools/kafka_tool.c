/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests need from Kafka and kcat does not do. usage: kafka_tool BROKERS COMMAND ...
 *
 *   create TOPIC PARTITIONS [CONFIG=VALUE...]   creates a topic and waits until it is there
 *   delete TOPIC
 *   load TOPIC PARTITIONS COUNT [BASE]          COUNT messages {"k","part","v"} in transactions of random size, about a quarter
 *                                               of them aborted; k counts from BASE; the same BASE gives the same messages
 *   lines TOPIC PARTITION                       one message per line of standard input; "key<TAB>" in front; "key<TAB>\N" = tombstone
 *   oracle TOPIC PARTITIONS                     per partition, read_committed: partition, count, distinct k, min and max offset, sum of h
 */
#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000 };

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "kafka_tool: %s: %s\n", what, detail);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        die(name, text);
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers, const char *transactional_id)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "log_level", "3");
    if (type == RD_KAFKA_CONSUMER) {
        set(conf, "group.id", "oracle");
        set(conf, "enable.auto.commit", "false");
        set(conf, "enable.partition.eof", "true");
        set(conf, "isolation.level", "read_committed");
        set(conf, "auto.offset.reset", "earliest");
    } else {
        set(conf, "linger.ms", "2");
    }
    if (transactional_id)
        set(conf, "transactional.id", transactional_id);
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (!rk)
        die("client", text);
    return rk;
}

static void check(rd_kafka_error_t *error, const char *what)
{
    if (error)
        die(what, rd_kafka_error_string(error));
}

/* ---- topics ---- */

static void wait_event(rd_kafka_queue_t *queue, rd_kafka_event_type_t type, bool creating)
{
    rd_kafka_event_t *ev = rd_kafka_queue_poll(queue, WAIT_MS);
    if (!ev || rd_kafka_event_type(ev) != type)
        die("topic", "no answer");
    size_t n;
    const rd_kafka_topic_result_t **result =
        creating ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n)
                 : rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ev), &n);
    for (size_t i = 0; i < n; i++) {
        if (rd_kafka_topic_result_error(result[i]))
            die(rd_kafka_topic_result_name(result[i]), rd_kafka_err2str(rd_kafka_topic_result_error(result[i])));
    }
    rd_kafka_event_destroy(ev);
}

static void wait_leaders(rd_kafka_t *rk, const char *topic, int partitions)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    for (int tries = 0; tries < 100; tries++) {
        const struct rd_kafka_metadata *md;
        bool ready = false;
        if (rd_kafka_metadata(rk, 0, rkt, &md, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            ready = md->topic_cnt == 1 && md->topics[0].partition_cnt == partitions;
            for (int i = 0; ready && i < partitions; i++)
                ready = md->topics[0].partitions[i].leader >= 0;
            rd_kafka_metadata_destroy(md);
        }
        if (ready)
            break;
        rd_kafka_poll(rk, 50);
    }
    rd_kafka_topic_destroy(rkt);
}

static void create_topic(const char *brokers, const char *topic, int partitions, char **config)
{
    char text[256];
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(topic, partitions, 1, text, sizeof text);
    if (!t)
        die(topic, text);
    for (; *config; config++) {
        char *equals = strchr(*config, '=');
        if (!equals)
            die(*config, "wants NAME=VALUE");
        *equals = 0;
        rd_kafka_NewTopic_set_config(t, *config, equals + 1);
    }
    rd_kafka_CreateTopics(rk, &t, 1, NULL, queue);
    wait_event(queue, RD_KAFKA_EVENT_CREATETOPICS_RESULT, true);
    wait_leaders(rk, topic, partitions);
    rd_kafka_NewTopic_destroy(t);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

static void delete_topic(const char *brokers, const char *topic)
{
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *t = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(rk, &t, 1, NULL, queue);
    wait_event(queue, RD_KAFKA_EVENT_DELETETOPICS_RESULT, false);
    rd_kafka_DeleteTopic_destroy(t);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

/* ---- producing ---- */

static void produce(rd_kafka_t *rk, const char *topic, int partition, const char *key, const char *value)
{
    for (;;) {
        rd_kafka_resp_err_t e = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key, key ? strlen(key) : 0), RD_KAFKA_V_VALUE((void *)value, value ? strlen(value) : 0),
            RD_KAFKA_V_END);
        if (!e)
            return;
        if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die("produce", rd_kafka_err2str(e));
        rd_kafka_poll(rk, 50);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* A value that depends on the key: a wrong row shows in the sum. */
static int64_t hash_of(int64_t k)
{
    return (int64_t)(mix((uint64_t)k + 1) % 1000000007u);
}

static void load(const char *brokers, const char *topic, int partitions, int64_t count, int64_t base)
{
    char id[64], value[256];
    uint64_t state = (uint64_t)base * 7919 + 12345;
    snprintf(id, sizeof id, "load-%s-%" PRId64, topic, base);
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers, id);
    check(rd_kafka_init_transactions(rk, WAIT_MS), "init_transactions");
    for (int64_t k = base; k < base + count;) {
        state = mix(state + 0x9e3779b97f4a7c15u);
        int64_t n = 1 + (int64_t)(state % 400);
        bool abort = (state >> 32) % 4 == 0;
        check(rd_kafka_begin_transaction(rk), "begin");
        for (; n > 0 && k < base + count; n--, k++) {
            int partition = (int)(mix((uint64_t)k) % (uint64_t)partitions);
            /* Aborted rows carry a wrong hash: seeing one cannot go unnoticed. */
            snprintf(value, sizeof value,
                     "{\"k\": %" PRId64 ", \"part\": %d, \"h\": %" PRId64
                     ", \"name\": \"n%" PRId64 "\", \"price\": %" PRId64 ".%02d, \"ts\": %" PRId64 "}",
                     k, partition, abort ? -1 : hash_of(k), k % 17, k % 1000, (int)(k % 100),
                     (int64_t)1700000000000 + k * 1000);
            produce(rk, topic, partition, NULL, value);
        }
        /* Aborting with nothing sent is fatal against new brokers. */
        rd_kafka_flush(rk, WAIT_MS);
        check(abort ? rd_kafka_abort_transaction(rk, WAIT_MS) : rd_kafka_commit_transaction(rk, WAIT_MS), "end");
    }
    rd_kafka_destroy(rk);
}

static void lines(const char *brokers, const char *topic, int partition)
{
    char *line = NULL;
    size_t cap = 0;
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers, NULL);
    while (getline(&line, &cap, stdin) >= 0) {
        line[strcspn(line, "\n")] = 0;
        char *tab = strchr(line, '\t'), *value = tab ? tab + 1 : line;
        if (tab)
            *tab = 0;
        produce(rk, topic, partition, tab ? line : NULL, strcmp(value, "\\N") == 0 ? NULL : value);
    }
    free(line);
    if (rd_kafka_flush(rk, WAIT_MS))
        die("flush", "timed out");
    rd_kafka_destroy(rk);
}

/* ---- the oracle ---- */

static int64_t field(const char *text, size_t len, const char *name)
{
    char pattern[32];
    snprintf(pattern, sizeof pattern, "\"%s\": ", name);
    const char *at = memmem(text, len, pattern, strlen(pattern));
    return at ? strtoll(at + strlen(pattern), NULL, 10) : 0;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void oracle_partition(rd_kafka_t *rk, const char *topic, int partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    int64_t count = 0, cap = 0, *key = NULL, sum = 0, first = -1, last = -1;
    for (;;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, WAIT_MS);
        if (!m)
            die("oracle", "timed out");
        rd_kafka_resp_err_t e = m->err;
        if (!e && m->payload) {
            if (count == cap) {
                cap = cap ? cap * 2 : 1024;
                key = realloc(key, sizeof *key * (size_t)cap);
                if (!key)
                    die("oracle", "out of memory");
            }
            key[count++] = field(m->payload, m->len, "k");
            sum += field(m->payload, m->len, "h");
            first = first < 0 ? m->offset : first;
            last = m->offset;
        }
        rd_kafka_message_destroy(m);
        if (e == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            break;
        if (e)
            die("oracle", rd_kafka_err2str(e));
    }
    int64_t distinct = 0;
    if (count)
        qsort(key, (size_t)count, sizeof *key, by_number);
    for (int64_t i = 0; i < count; i++)
        distinct += i == 0 || key[i] != key[i - 1];
    free(key);
    if (count)
        printf("%d|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "\n", partition, count, distinct, first,
               last, sum);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        die("usage", "kafka_tool BROKERS COMMAND TOPIC ...");
    const char *brokers = argv[1], *command = argv[2], *topic = argv[3];
    int number = argc > 4 ? atoi(argv[4]) : 0;
    if (strcmp(command, "create") == 0 && argc > 4) {
        create_topic(brokers, topic, number, argv + 5);
    } else if (strcmp(command, "delete") == 0) {
        delete_topic(brokers, topic);
    } else if (strcmp(command, "load") == 0 && argc > 5) {
        load(brokers, topic, number, atoll(argv[5]), argc > 6 ? atoll(argv[6]) : 0);
    } else if (strcmp(command, "lines") == 0 && argc > 4) {
        lines(brokers, topic, number);
    } else if (strcmp(command, "oracle") == 0 && argc > 4) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers, NULL);
        for (int p = 0; p < number; p++)
            oracle_partition(rk, topic, p);
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
    } else {
        die(command, "unknown command");
    }
    return 0;
}
