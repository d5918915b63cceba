/* SPDX-License-Identifier: Apache-2.0 */
/* The real Kafka client against librdkafka's mock cluster: offsets, ends, gaps, control calls, errors. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "ingest/sample.h"
#include "ingest/stream.h"
#include "tests/unit/ingest/ingest_test.h"

static struct {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers;
    struct error err;
} f;

static const int64_t SECOND = 1000000000;

static int open_cluster(void **state)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    f.producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(f.producer);
    f.cluster = rd_kafka_mock_cluster_new(f.producer, 1);
    assert_non_null(f.cluster);
    f.brokers = rd_kafka_mock_cluster_bootstraps(f.cluster);
    assert_int_equal(rd_kafka_mock_topic_create(f.cluster, "clicks", 3, 1), 0);
    return 0;
}

static int close_cluster(void **state)
{
    rd_kafka_mock_cluster_destroy(f.cluster);
    rd_kafka_destroy(f.producer);
    return 0;
}

static void produce(const char *topic, int32_t partition, int from, int to)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", f.brokers, text, sizeof text);
    rd_kafka_t *p = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    for (int i = from; i < to; i++) {
        char value[64];
        int n = snprintf(value, sizeof value, "{\"id\":%d,\"ts\":%d,\"zap\":1}", i, 1735689600 + i);
        void *bytes = i == 3 ? NULL : value;
        size_t len = i == 3 ? 0 : (size_t)n;
        rd_kafka_resp_err_t rc = rd_kafka_producev(
            p, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE(bytes, len), RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_TIMESTAMP(INT64_C(1735689600000) + i),
            RD_KAFKA_V_END);
        assert_int_equal(rc, 0);
    }
    assert_int_equal(rd_kafka_flush(p, 20000), 0);
    rd_kafka_destroy(p);
}

static struct stream *open_topic(const char *topic, bool control)
{
    struct stream_config config = {
        .env = env_real(), .brokers = f.brokers, .topic = topic, .partitions = 3, .control = control};
    struct stream *s;
    assert_ok(stream_open(&config, &s, &f.err), &f.err);
    return s;
}

/* The next event that is not "nothing now" or passing trouble. */
static enum stream_event next(struct stream *s, uint32_t partition, struct stream_message *msg)
{
    for (int i = 0; i < 600; i++) {
        enum stream_event event = stream_next(s, partition, msg, &f.err);
        if (event != STREAM_NONE && event != STREAM_RETRY)
            return event;
        stream_wait(s, 50000000);
    }
    return STREAM_NONE;
}

static void test_reading(void **state)
{
    struct stream_message msg;
    struct stream_watermarks marks;
    produce("clicks", 0, 0, 100);
    struct stream *s = open_topic("clicks", false);
    assert_ok(stream_assign(s, 0, 0, &f.err), &f.err);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(next(s, 0, &msg), STREAM_MESSAGE);
        assert_int_equal(msg.offset, i);
        assert_int_equal(msg.value_null, i == 3);
        assert_int_equal(msg.timestamp_us, INT64_C(789004800000000) + (int64_t)i * 1000);
        assert_true(strview_equal_cstr(msg.key, "k"));
    }
    assert_int_equal(next(s, 0, &msg), STREAM_EOF);
    assert_int_equal(msg.offset, 100);
    assert_int_equal(stream_position(s, 0), 100);
    stream_watermarks(s, 0, &marks);
    assert_true(marks.known);
    assert_int_equal(marks.high, 100);
    /* New messages after the end, then a seek back. */
    produce("clicks", 0, 100, 110);
    assert_int_equal(next(s, 0, &msg), STREAM_MESSAGE);
    assert_int_equal(msg.offset, 100);
    assert_ok(stream_assign(s, 0, 42, &f.err), &f.err);
    assert_int_equal(next(s, 0, &msg), STREAM_MESSAGE);
    assert_int_equal(msg.offset, 42);
    assert_true(strview_equal_cstr(msg.value, "{\"id\":42,\"ts\":1735689642,\"zap\":1}"));
    stream_unassign(s, 0);
    assert_int_equal(stream_next(s, 0, &msg, &f.err), STREAM_NONE);
    /* A position that is not in the log is told, never replaced. */
    assert_ok(stream_assign(s, 0, 5000, &f.err), &f.err);
    assert_int_equal(next(s, 0, &msg), STREAM_OUT_OF_RANGE);
    assert_int_equal(msg.offset, 5000);
    stream_close(s);
}

static void test_control(void **state)
{
    uint32_t n;
    struct arena arena;
    const char *const *name;
    struct stream_time query[3];
    struct stream *s = open_topic("clicks", true);
    arena_init(&arena, NULL);
    produce("clicks", 1, 0, 20);
    assert_ok(stream_partitions(s, 5 * SECOND, &n, &f.err), &f.err);
    assert_int_equal(n, 3);
    assert_ok(stream_topics(s, 5 * SECOND, &arena, &name, &n, &f.err), &f.err);
    assert_int_equal(n, 1);
    assert_string_equal(name[0], "clicks");
    for (uint32_t i = 0; i < 3; i++)
        query[i] = (struct stream_time){.partition = i, .timestamp_us = STREAM_LATEST};
    assert_ok(stream_offsets_for(s, query, 3, 5 * SECOND, &f.err), &f.err);
    assert_int_equal(query[1].offset, 20);
    assert_int_equal(query[2].offset, 0);
    query[1].timestamp_us = STREAM_EARLIEST;
    assert_ok(stream_offsets_for(s, query + 1, 1, 5 * SECOND, &f.err), &f.err);
    assert_int_equal(query[1].offset, 0);
    struct stream_read read[2] = {{.partition = 1, .offset = 7}, {.partition = 2, .offset = 7}};
    assert_ok(stream_read_at(s, read, 2, 10 * SECOND, &arena, &f.err), &f.err);
    assert_int_equal(read[0].result, STREAM_READ_FOUND);
    assert_true(strview_equal_cstr(read[0].msg.value, "{\"id\":7,\"ts\":1735689607,\"zap\":1}"));
    assert_int_equal(read[1].result, STREAM_READ_BEYOND);
    stream_close(s);
    arena_release(&arena);
}

static void test_errors(void **state)
{
    uint32_t n;
    struct stream *s;
    struct stream_config config = {.env = env_real(), .brokers = "127.0.0.1:1", .topic = "clicks", .control = true};
    static const struct stream_property bad = {"plugin.library.paths", "/tmp/x"};
    rd_kafka_mock_topic_set_error(f.cluster, "clickz", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    s = open_topic("clickz", true);
    assert_sqlstate(stream_partitions(s, 5 * SECOND, &n, &f.err), &f.err, "42704");
    assert_string_equal(f.err.hint, "Did you mean \"clicks\"?");
    stream_close(s);
    assert_ok(stream_open(&config, &s, &f.err), &f.err);
    assert_sqlstate(stream_partitions(s, SECOND, &n, &f.err), &f.err, "08001");
    assert_string_equal(f.err.message, "could not connect to Kafka broker \"127.0.0.1:1\"");
    assert_non_null(strstr(f.err.detail, "127.0.0.1:1"));
    stream_close(s);
    config.nproperty = 1;
    config.property = &bad;
    assert_sqlstate(stream_open(&config, &s, &f.err), &f.err, "22023");
}

static void test_sample(void **state)
{
    static const struct test_column columns[] = {
        {"id", "smallint", NULL, 0}, {"ts", "timestamp with time zone", NULL, 0}, {"price", "numeric", NULL, 0}};
    struct sample sample;
    struct arena arena;
    struct table_def *def = test_def(columns, 3);
    arena_init(&arena, NULL);
    produce("clicks", 2, 0, 50);
    def->options.kafka_brokers = arena_strdup(&def->arena, f.brokers);
    def->options.kafka_topic = arena_strdup(&def->arena, "clicks");
    def->options.start = arena_strdup(&def->arena, "2025-01-01 00:00:00.010Z");
    struct decode_spec *spec = decode_spec_new(def);
    assert_ok(sample_stream(spec, env_real(), &value_ctx_default, SAMPLE_MESSAGES, NULL, NULL, &arena, &sample, &f.err),
              &f.err);
    assert_int_equal(sample.npartition, 3);
    assert_true(sample.messages > 0);
    assert_int_equal(sample.rows + sample.faults + sample.tombstones, sample.messages);
    assert_int_equal(sample.column[0].found, sample.rows);
    assert_int_equal(sample.column[1].odd_epoch, sample.rows); /* seconds read as milliseconds: 1970 */
    assert_int_equal(sample.column[2].absent, sample.rows);
    assert_int_equal(sample.nunknown, 1);
    assert_int_equal(sample.nwarning, 2);
    assert_non_null(strstr(sample.warning[0], "epoch_unit"));
    def->options.start = arena_strdup(&def->arena, "soon");
    assert_sqlstate(sample_stream(spec, env_real(), &value_ctx_default, 10, NULL, NULL, &arena, &sample, &f.err),
                    &f.err, "22023");
    decode_spec_put(spec);
    table_def_put(def);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reading), cmocka_unit_test(test_control),
                                       cmocka_unit_test(test_errors), cmocka_unit_test(test_sample)};
    return cmocka_run_group_tests(tests, open_cluster, close_cluster);
}
