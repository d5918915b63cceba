/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole tables against a simulated topic and a fake host: every visible message becomes exactly one row or dead letter,
 * whatever crashes and fails in between.
 */
#include <time.h>

#include "ingest/consumer.h"
#include "ingest/stream_sim.h"
#include "tests/unit/ingest/fake_host.h"

enum { IDS_MAX = 200000 };

static struct {
    struct mem_pool *pool;
    struct mem_account *account;
    struct fake_host *host;
    struct sim_topic *topic;
    struct page_cache *cache;
    struct ingest *ingest;
    struct ingest_table *table;
    struct table_def *def;
    struct error err;
    uint32_t next_id, partitions;
    uint64_t bad;
    uint8_t *seen;
} f;

static const struct test_column columns[] = {{"id", "bigint not null", NULL, 0}, {"name", "text", NULL, 0}};

static struct decode_spec *make_spec(uint64_t version, enum on_gap on_gap, enum on_error on_error)
{
    static const struct test_column wider[] = {
        {"id", "bigint not null", NULL, 0}, {"name", "text", NULL, 0}, {"extra", "integer", NULL, 0}};
    struct table_def *def = version < 2 ? test_def(columns, 2) : test_def(wider, 3);
    def->version = version;
    def->options.seal_rows = 700;
    def->options.on_gap = on_gap;
    def->options.on_error = on_error;
    struct decode_spec *spec = decode_spec_new(def);
    table_def_put(def);
    decode_spec_put(f.host->spec[version]);
    f.host->spec[version] = decode_spec_get(spec);
    return spec;
}

static void set_faults(uint32_t percent)
{
    pthread_mutex_lock(&f.host->lock);
    f.host->fault_percent = percent;
    pthread_mutex_unlock(&f.host->lock);
}

static void start(void)
{
    struct ingest_config config = {.env = env_real(),
                                   .pool = f.pool,
                                   .host = (struct ingest_host *)(void *)f.host,
                                   .check_interval_us = 100000,
                                   .commit_patience_us = 300000,
                                   .workers_max = 2,
                                   .open_stream = sim_stream_open,
                                   .open_stream_arg = f.topic};
    struct decode_spec *spec = NULL;
    for (size_t i = 0; i < ARRAY_LEN(f.host->spec); i++)
        if (f.host->spec[i])
            spec = f.host->spec[i];
    f.ingest = ingest_open(&config);
    assert_ok(ingest_table_open(f.ingest, spec, &f.table, &f.err), &f.err);
}

static void stop(enum ingest_close_mode mode)
{
    ingest_table_close(f.table, mode);
    pthread_mutex_lock(&f.host->lock);
    f.host->incarnation++;
    pthread_mutex_unlock(&f.host->lock);
    ingest_close(f.ingest);
}

static void open_all(uint32_t partitions, enum on_gap on_gap, enum on_error on_error)
{
    memset(&f, 0, sizeof f);
    f.partitions = partitions;
    f.pool = mem_pool_open(1024 << 20, 0);
    f.account = mem_account_open(f.pool, MEM_INGEST, 0, "host");
    f.host = fake_open(f.account);
    f.topic = sim_topic_open(env_real(), "events", partitions);
    f.cache = page_cache_open(f.pool, 64 << 20);
    f.seen = xcalloc(IDS_MAX, 1);
    decode_spec_put(make_spec(1, on_gap, on_error));
}

static void close_all(void)
{
    page_cache_close(f.cache);
    fake_close(f.host);
    sim_topic_close(f.topic);
    mem_account_close(f.account);
    mem_pool_close(f.pool);
    free(f.seen);
}

static void produce_one(uint32_t partition)
{
    char message[128];
    uint32_t id = f.next_id++;
    assert_true(id < IDS_MAX);
    size_t n =
        (size_t)snprintf(message, sizeof message, "{\"id\":%u,\"name\":\"name of row %u\",\"x\":%u}", id, id, id);
    sim_topic_add(f.topic, partition, "key", message, n, (int64_t)id * 1000);
}

static void produce(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t partition = i % f.partitions;
        produce_one(partition);
        if (i % 97 == 0)
            sim_topic_add_hole(f.topic, partition, 1 + i % 3);
        if (i % 101 == 0)
            sim_topic_add(f.topic, partition, "key", NULL, 0, 0);
        if (i % 211 == 0) {
            sim_topic_add(f.topic, partition, "key", "{\"id\":\"bad\"}", 12, 0);
            f.bad++;
        }
    }
}

static void wait_for(bool (*done)(void), const char *what)
{
    struct timespec pause = {0, 2000000};
    for (int i = 0; i < 15000; i++) {
        if (done())
            return;
        nanosleep(&pause, NULL);
    }
    fail_msg("no end of waiting for: %s", what);
}

static bool is_drained(void) { return ingest_table_drained(f.table); }
static enum ingest_state awaited;
static bool is_state(void)
{
    struct arena arena;
    struct ingest_stats *s;
    uint32_t n;
    bool all;
    arena_init(&arena, NULL);
    ingest_table_stats(f.table, &arena, &s, &n);
    all = n == f.partitions;
    for (uint32_t i = 0; i < n; i++)
        all = all && s[i].state == awaited;
    arena_release(&arena);
    return all;
}
static bool is_caught_up(void)
{
    struct arena arena;
    struct ingest_stats *s;
    uint32_t n;
    bool all;
    arena_init(&arena, NULL);
    ingest_table_stats(f.table, &arena, &s, &n);
    all = n == f.partitions;
    for (uint32_t i = 0; i < n; i++)
        all = all && s[i].position == sim_topic_end(f.topic, i);
    arena_release(&arena);
    return all;
}
static void wait_state(enum ingest_state state)
{
    awaited = state;
    wait_for(is_state, ingest_state_name(state));
}

static void drain(void)
{
    ingest_table_drain(f.table, true);
    wait_for(is_drained, "drained");
    ingest_table_drain(f.table, false);
}

static uint64_t read_segment(const struct fake_record *r)
{
    struct segment *segment;
    uint64_t rows = 0;
    assert_ok(segment_open(env_real(), f.cache, r->path, &segment, &f.err), &f.err);
    for (uint32_t c = 0; c < segment_chunks(segment); c++) {
        struct chunk *chunk = segment_chunk(segment, c);
        struct chunk_reader *reader;
        uint32_t n = chunk_rows(chunk);
        assert_ok(chunk_reader_open(chunk, n, f.account, &reader, &f.err), &f.err);
        for (uint32_t at = 0; at < n; at += VEC_ROWS) {
            struct vec v;
            uint32_t count = MIN_OF(n - at, (uint32_t)VEC_ROWS);
            assert_ok(chunk_read(reader, 0, at, count, NULL, &v, &f.err), &f.err);
            for (uint32_t i = 0; i < count; i++) {
                int64_t id = *(const int64_t *)vec_value(&v, i);
                assert_in_range(id, 0, f.next_id - 1);
                f.seen[id]++;
            }
        }
        rows += n;
        chunk_reader_close(reader);
    }
    segment_put(segment);
    return rows;
}

/* Reads all committed segments: the chain is whole and each id is there once. Returns the ids that are missing. */
static uint32_t check(uint64_t *dead, uint64_t *gaps)
{
    uint32_t missing = 0;
    *dead = *gaps = 0;
    memset(f.seen, 0, IDS_MAX);
    for (uint32_t p = 0; p < f.partitions; p++) {
        const struct fake_partition *part = &f.host->partition[p];
        uint64_t pos = 0;
        for (uint32_t i = 0; i < part->nrecord; i++) {
            const struct fake_record *r = &part->record[i];
            assert_int_equal(r->start, pos);
            pos = r->end;
            *gaps += r->gap;
            *dead += r->dead;
            if (r->path[0])
                assert_int_equal(read_segment(r), r->rows);
        }
        assert_int_equal(pos, part->head.start);
        assert_int_equal(part->visible, part->head.start);
    }
    for (uint32_t id = 0; id < f.next_id; id++) {
        assert_true(f.seen[id] <= 1);
        missing += f.seen[id] == 0;
    }
    return missing;
}

static void test_plain(void **state)
{
    uint64_t dead, gaps;
    struct arena arena;
    struct ingest_stats *s;
    struct strview *name;
    uint32_t n;
    open_all(3, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    produce(10000);
    start();
    wait_for(is_caught_up, "the end of the log");
    produce(500);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    assert_int_equal(dead, f.bad);
    assert_int_equal(gaps, 0);
    arena_init(&arena, NULL);
    ingest_table_stats(f.table, &arena, &s, &n);
    uint64_t rows = 0, faults = 0, unknown = 0;
    for (uint32_t i = 0; i < n; i++) {
        rows += s[i].rows;
        faults += s[i].dead_letters;
        unknown += s[i].unknown_keys;
        assert_true(s[i].tombstones > 0);
        assert_int_equal(s[i].tail_rows, 0);
    }
    assert_int_equal(rows, f.next_id);
    assert_int_equal(faults, f.bad);
    assert_int_equal(unknown, f.next_id);
    ingest_table_unknown_keys(f.table, &arena, &name, &n);
    assert_int_equal(n, 1);
    assert_true(strview_equal_cstr(name[0], "x"));
    arena_release(&arena);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

static void test_restarts(void **state)
{
    uint64_t dead, gaps;
    open_all(4, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    set_faults(15);
    for (int i = 0; i < 12; i++) {
        produce(1500);
        start();
        if (i % 3 == 0)
            wait_for(is_caught_up, "the end of the log");
        else
            nanosleep(&(struct timespec){0, 30000000 * (i % 4)}, NULL);
        produce(700);
        if (i % 4 == 1)
            ingest_table_seal(f.table);
        stop(i % 2 ? INGEST_CLOSE_KILL : INGEST_CLOSE_SPILL);
    }
    start();
    set_faults(0);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    assert_int_equal(dead, f.bad);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

/* A clean shutdown keeps rows that the topic has lost meanwhile. */
static void test_spill(void **state)
{
    uint64_t dead, gaps;
    open_all(2, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    produce(300);
    start();
    wait_for(is_caught_up, "the end of the log");
    stop(INGEST_CLOSE_SPILL);
    for (uint32_t p = 0; p < 2; p++)
        sim_topic_expire(f.topic, p, sim_topic_end(f.topic, p));
    start();
    produce(100);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    assert_int_equal(gaps, 0);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

static bool is_stop_kept(void)
{
    pthread_mutex_lock(&f.host->lock);
    bool stopped = f.host->partition[0].head.stop == COMMIT_STOP_GAP;
    pthread_mutex_unlock(&f.host->lock);
    return stopped;
}

static bool is_new_topic(void)
{
    pthread_mutex_lock(&f.host->lock);
    bool moved = f.host->partition[0].head.start >> 48 == 1;
    pthread_mutex_unlock(&f.host->lock);
    return moved;
}

static void test_gaps(void **state)
{
    uint64_t dead, gaps;
    open_all(1, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    produce(200);
    sim_topic_expire(f.topic, 0, 10);
    start();
    wait_for(is_caught_up, "the end of the log");
    drain();
    /* It began at the first offset there was: that is no gap. The tests' check expects chains from 0. */
    assert_int_equal(f.host->partition[0].record[0].start, 10);
    stop(INGEST_CLOSE_KILL);
    produce(200);
    uint64_t lost_to = sim_topic_end(f.topic, 0) - 50;
    sim_topic_expire(f.topic, 0, lost_to);
    start();
    wait_state(INGEST_STOPPED_GAP);
    wait_for(is_stop_kept, "the stop in the head");
    stop(INGEST_CLOSE_KILL);
    start();
    wait_state(INGEST_STOPPED_GAP);
    struct decode_spec *spec = make_spec(1, ON_GAP_RECORD, ON_ERROR_DEAD_LETTER);
    ingest_table_alter(f.table, spec, false);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(f.host->partition[0].head.stop, COMMIT_RUNNING);
    uint32_t before = f.next_id;
    /* Re-created with other messages while running. */
    sim_topic_recreate(f.topic, 0);
    produce(500);
    wait_for(is_new_topic, "the gap to the new topic");
    wait_for(is_caught_up, "the end of the new topic");
    drain();
    const struct fake_partition *p = &f.host->partition[0];
    assert_int_equal(p->head.start >> 48, 1);
    gaps = dead = 0;
    memset(f.seen, 0, IDS_MAX);
    for (uint32_t i = 0; i < p->nrecord; i++) {
        gaps += p->record[i].gap;
        if (p->record[i].path[0])
            read_segment(&p->record[i]);
    }
    assert_int_equal(gaps, 2);
    for (uint32_t id = before; id < f.next_id; id++)
        assert_int_equal(f.seen[id], 1);
    decode_spec_put(spec);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

static void test_on_error_fail(void **state)
{
    uint64_t dead, gaps;
    open_all(1, ON_GAP_STOP, ON_ERROR_FAIL);
    for (int i = 0; i < 10; i++)
        produce_one(0);
    sim_topic_add(f.topic, 0, NULL, "{\"id\":\"bad\"}", 12, 0);
    produce_one(0);
    start();
    wait_state(INGEST_STOPPED_ERROR);
    struct arena arena;
    struct ingest_stats *s;
    uint32_t n;
    arena_init(&arena, NULL);
    ingest_table_stats(f.table, &arena, &s, &n);
    assert_int_equal(s[0].position, 10);
    assert_string_equal(s[0].last_error, "message at offset 10: invalid input syntax for type bigint: \"bad\"");
    arena_release(&arena);
    struct decode_spec *spec = make_spec(1, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    ingest_table_alter(f.table, spec, false);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    assert_int_equal(dead, 1);
    decode_spec_put(spec);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

/* Columns added while rows come and the process dies: each segment has one definition, no row is lost. */
static void test_alter(void **state)
{
    uint64_t dead, gaps;
    open_all(2, ON_GAP_STOP, ON_ERROR_SKIP);
    set_faults(10);
    produce(2000);
    start();
    nanosleep(&(struct timespec){0, 10000000}, NULL);
    for (uint64_t v = 2; v < 6; v++) {
        struct decode_spec *spec = make_spec(v, ON_GAP_STOP, ON_ERROR_SKIP);
        ingest_table_alter(f.table, spec, false);
        decode_spec_put(spec);
        produce(1000);
        if (v % 2) {
            nanosleep(&(struct timespec){0, 20000000}, NULL);
            stop(v == 3 ? INGEST_CLOSE_KILL : INGEST_CLOSE_SPILL);
            start();
        }
    }
    wait_for(is_caught_up, "the end of the log");
    set_faults(0);
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    assert_int_equal(f.host->partition[0].head.tail_schema_v, 5);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

static void test_trouble(void **state)
{
    uint64_t dead, gaps;
    open_all(2, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    sim_topic_set_away(f.topic, true);
    produce(100);
    start();
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    sim_topic_set_away(f.topic, false);
    wait_for(is_caught_up, "the end of the log");
    sim_topic_set_away(f.topic, true);
    wait_state(INGEST_RETRYING);
    sim_topic_set_away(f.topic, false);
    sim_topic_fail_once(f.topic, 1);
    produce(100);
    /* A partition that appears later starts at its first message. */
    f.partitions = 3;
    sim_topic_set_partitions(f.topic, 3);
    produce(300);
    wait_for(is_caught_up, "the end of the log");
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    /* Queries hold a tail beyond the table's life. */
    struct arena arena;
    struct ingest_tail *tail;
    uint32_t n;
    arena_init(&arena, NULL);
    ingest_table_tails(f.table, &arena, &tail, &n);
    assert_int_equal(n, 3);
    for (uint32_t i = 0; i < n; i++)
        tail_put(tail[i].tail);
    arena_release(&arena);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

static void test_pause(void **state)
{
    uint64_t dead, gaps;
    open_all(1, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    produce(100);
    start();
    wait_for(is_caught_up, "the end of the log");
    struct decode_spec *spec = make_spec(1, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    ((struct table_def *)(uintptr_t)spec->def)->options.ingest = INGEST_PAUSED;
    ingest_table_alter(f.table, spec, false);
    wait_state(INGEST_PAUSED_NOW);
    decode_spec_put(spec);
    produce(100);
    nanosleep(&(struct timespec){0, 120000000}, NULL);
    assert_false(is_caught_up());
    spec = make_spec(1, ON_GAP_STOP, ON_ERROR_DEAD_LETTER);
    ingest_table_alter(f.table, spec, false);
    decode_spec_put(spec);
    wait_for(is_caught_up, "the end of the log");
    /* Ingestion goes on while the host answers nothing. */
    pthread_mutex_lock(&f.host->lock);
    f.host->hold = true;
    pthread_mutex_unlock(&f.host->lock);
    produce(5000);
    wait_for(is_caught_up, "the end of the log, without commits");
    pthread_mutex_lock(&f.host->lock);
    f.host->hold = false;
    pthread_cond_signal(&f.host->cond);
    pthread_mutex_unlock(&f.host->lock);
    drain();
    assert_int_equal(check(&dead, &gaps), 0);
    stop(INGEST_CLOSE_DROP);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain),         cmocka_unit_test(test_restarts),
                                       cmocka_unit_test(test_spill),         cmocka_unit_test(test_gaps),
                                       cmocka_unit_test(test_on_error_fail), cmocka_unit_test(test_alter),
                                       cmocka_unit_test(test_trouble),       cmocka_unit_test(test_pause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
