/* SPDX-License-Identifier: Apache-2.0 */
/* The tail: one writer, snapshots, truncation, segments of intervals, spill and load. */
#include "tests/unit/storage/store.h"

#include "base/thread.h"
#include "storage/tail.h"

/* A table of two columns: n int8 = pos * 3, s text of pos; every 7th n is NULL. */
static struct table_def *two_columns(void)
{
    struct table_def *def = table_def_new();
    def->oid = 16500;
    def->version = 1;
    def->name = arena_strdup(&def->arena, "events");
    def->ncolumn = 2;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, 2);
    def->column[0] = (struct column_def){.name = arena_strdup(&def->arena, "n"), .attnum = 1};
    def->column[0].type = coltype(TYPE_INT8);
    def->column[1] = (struct column_def){.name = arena_strdup(&def->arena, "s"), .attnum = 2};
    def->column[1].type = coltype(TYPE_TEXT);
    return def;
}

static void put_pos(struct tail *tail, uint64_t pos)
{
    struct mutable_chunk *mc;
    struct error err;
    char text[64];
    assert_ok(tail_begin_row(tail, &mc, &err), &err);
    if (pos % 7 == 0)
        mutable_put_null(mc, 0);
    else
        mutable_put_i64(mc, 0, (int64_t)pos * 3);
    int len = snprintf(text, sizeof text, "value number %llu", (unsigned long long)(pos % 1000));
    assert_true(mutable_put_str(mc, 1, text, (size_t)len));
    mutable_chunk_commit_row(mc, pos, 0);
}

static void put_positions(struct tail *tail, uint64_t begin, uint64_t end)
{
    for (uint64_t pos = begin; pos < end; pos++) {
        put_pos(tail, pos);
        tail_advance(tail, pos + 1, pos, (int64_t)pos * 10, (uint32_t)pos ^ 0xABCD);
    }
}

/* The rows of one part are positions [*pos …); returns how many there are. Thread-safe: no cmocka inside. */
static bool part_is(const struct tail_part *part, uint64_t *pos)
{
    struct chunk_reader *r;
    struct error err;
    bool ok = chunk_reader_open(part->chunk, part->row_end, NULL, &r, &err);
    for (uint32_t row = 0; ok && row < part->row_end; row += VEC_ROWS) {
        struct vec n, s, p;
        uint32_t count = MIN_OF(part->row_end - row, (uint32_t)VEC_ROWS);
        ok = chunk_read(r, 0, row, count, NULL, &n, &err) && chunk_read(r, 1, row, count, NULL, &s, &err) &&
             chunk_read(r, CHUNK_HIDDEN + HIDDEN_POS, row, count, NULL, &p, &err);
        for (uint32_t i = 0; ok && i < count; i++) {
            if (row + i < part->row_begin)
                continue;
            char text[64];
            int len = snprintf(text, sizeof text, "value number %llu", (unsigned long long)(*pos % 1000));
            const struct str *v = vec_value(&s, i);
            ok = *(const uint64_t *)vec_value(&p, i) == *pos && vec_is_null(&n, i) == (*pos % 7 == 0) &&
                 (*pos % 7 == 0 || *(const int64_t *)vec_value(&n, i) == (int64_t)*pos * 3) && (int)v->len == len &&
                 memcmp(str_data(v), text, v->len) == 0;
            ++*pos;
        }
        chunk_reader_recycle(r);
    }
    if (r)
        chunk_reader_close(r);
    return ok;
}

static bool snapshot_is(const struct tail_snapshot *snap, uint64_t lo, uint64_t hi)
{
    uint64_t pos = lo;
    for (uint32_t i = 0; i < snap->npart; i++)
        if (!part_is(&snap->part[i], &pos))
            return false;
    return pos == hi;
}

static void expect(struct tail *tail, uint64_t lo, uint64_t hi, uint64_t lo_seen, uint64_t hi_seen)
{
    struct tail_snapshot snap;
    struct error err;
    assert_ok(tail_snapshot(tail, lo, hi, &snap, &err), &err);
    assert_true(snapshot_is(&snap, lo_seen, hi_seen));
    tail_snapshot_release(&snap);
}

static void test_intervals(void **state)
{
    struct table_def *def = two_columns();
    struct tail *tail;
    struct tail_snapshot old, snap;
    struct tail_stats stats;
    struct error err;
    assert_ok(tail_open(env_real(), def, 0, 100, NULL, &tail, &err), &err);
    expect(tail, 100, UINT64_MAX, 100, 100);
    put_positions(tail, 100, 150100);
    expect(tail, 100, UINT64_MAX, 100, 150100);
    expect(tail, 70000, 140000, 70000, 140000);
    put_pos(tail, 150100); /* written, but its message is not done */
    expect(tail, 150000, UINT64_MAX, 150000, 150100);
    assert_ok(tail_snapshot(tail, 100, UINT64_MAX, &old, &err), &err);
    tail_trim(tail, 80000);
    assert_sqlstate(tail_snapshot(tail, 100, UINT64_MAX, &snap, &err), &err, "40001");
    expect(tail, 80000, UINT64_MAX, 80000, 150100);
    tail_truncate(tail, 140001);
    expect(tail, 80000, UINT64_MAX, 80000, 140001);
    put_positions(tail, 140001, 140500);
    expect(tail, 80000, UINT64_MAX, 80000, 140500);
    assert_true(snapshot_is(&old, 100, 150100)); /* keeps what it saw */
    tail_snapshot_release(&old);
    tail_stats(tail, &stats);
    assert_int_equal(stats.pos_begin, 80000);
    assert_int_equal(stats.next_pos, 140500);
    assert_int_equal(stats.rows, 60500);
    tail_trim(tail, 200000);
    expect(tail, 200000, UINT64_MAX, 200000, 200000);
    tail_put(tail);
    table_def_put(def);
}

static bool count_letters(void *arg, const struct dead_letter *letter)
{
    assert_true(strview_equal(letter->reason, STRVIEW("bad")));
    ++*(int *)arg;
    return true;
}

static void test_build_and_spill(void **state)
{
    struct table_def *def = two_columns();
    struct tail *tail, *other;
    struct segment_meta meta = {.table_oid = 16500, .pos_begin = 1000, .pos_end = 90000, .schema_v = 1}, a, b;
    struct dead_letter letter = {.pos = 95000, .reason = STRVIEW("bad"), .raw = STRVIEW("{")};
    struct error err;
    char *path = temp_path("tail"), *path2 = temp_path("tail2");
    int letters = 0;
    assert_ok(tail_open(env_real(), def, 0, 1000, NULL, &tail, &err), &err);
    put_positions(tail, 1000, 100000);
    assert_ok(tail_add_dead_letter(tail, &letter, &err), &err);
    unlink(path);
    unlink(path2);
    assert_ok(tail_build_segment(tail, &meta, path, NULL, &a, &err), &err);
    assert_int_equal(a.rows, 89000);
    assert_int_equal(a.last_pos, 89999);
    assert_int_equal(a.last_crc, 89999 ^ 0xABCD);
    /* A replica that cut its chunks elsewhere builds the same bytes. */
    assert_ok(tail_open(env_real(), def, 0, 500, NULL, &other, &err), &err);
    put_positions(other, 500, 95000);
    assert_ok(tail_build_segment(other, &meta, path2, NULL, &b, &err), &err);
    assert_memory_equal(a.sha256, b.sha256, 32);
    tail_put(other);
    /* Spill and come back. */
    assert_ok(tail_spill(tail, path, 7, &err), &err);
    tail_put(tail);
    uint64_t last_pos;
    int64_t last_ts;
    uint32_t last_crc;
    assert_ok(tail_open(env_real(), def, 0, 2000, NULL, &tail, &err), &err);
    assert_sqlstate(tail_load(tail, path, 2000, 8, &last_pos, &last_ts, &last_crc, &err), &err, "55000");
    assert_sqlstate(tail_load(tail, path, 999, 7, &last_pos, &last_ts, &last_crc, &err), &err, "55000");
    assert_ok(tail_load(tail, path, 2000, 7, &last_pos, &last_ts, &last_crc, &err), &err);
    assert_int_equal(last_pos, 99999);
    assert_int_equal(last_ts, 999990);
    expect(tail, 2000, UINT64_MAX, 2000, 100000);
    put_positions(tail, 100000, 100100);
    expect(tail, 2000, UINT64_MAX, 2000, 100100);
    assert_ok(tail_dead_letters(tail, 2000, UINT64_MAX, count_letters, &letters, &err), &err);
    assert_int_equal(letters, 1);
    meta.pos_begin = 2000;
    unlink(path2);
    assert_ok(tail_build_segment(tail, &meta, path2, NULL, &b, &err), &err);
    assert_int_equal(b.last_crc, 89999 ^ 0xABCD);
    assert_int_equal(b.rows, 88000);
    tail_put(tail);
    unlink(path);
    unlink(path2);
    free(path);
    free(path2);
    table_def_put(def);
}

/* ---- concurrent ---- */

enum { RACE_ROWS = 200000 };

struct race {
    struct tail *tail;
    int stop; /* atomic */
    int bad;  /* atomic */
    int snapshots;
};

static void *race_reader(void *arg)
{
    struct race *race = arg;
    struct error err;
    uint64_t seen = 0;
    do {
        struct tail_stats stats;
        struct tail_snapshot snap;
        tail_stats(race->tail, &stats);
        if (!tail_snapshot(race->tail, stats.pos_begin, UINT64_MAX, &snap, &err))
            continue; /* trimmed in between */
        bool ok = snap.hi >= seen && snapshot_is(&snap, snap.lo, snap.hi);
        seen = snap.hi;
        tail_snapshot_release(&snap);
        if (!ok)
            __atomic_store_n(&race->bad, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&race->snapshots, 1, __ATOMIC_RELAXED);
    } while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED));
    return NULL;
}

static void *race_trimmer(void *arg)
{
    struct race *race = arg;
    while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
        struct tail_stats stats;
        tail_stats(race->tail, &stats);
        if (stats.next_pos > stats.pos_begin + 30000)
            tail_trim(race->tail, stats.next_pos - 10000);
    }
    return NULL;
}

static void test_race(void **state)
{
    struct table_def *def = two_columns();
    struct race race = {0};
    struct error err;
    pthread_t reader, trimmer;
    assert_ok(tail_open(env_real(), def, 0, 0, NULL, &race.tail, &err), &err);
    assert_ok(thread_start(&reader, "reader", race_reader, &race, &err), &err);
    assert_ok(thread_start(&trimmer, "trimmer", race_trimmer, &race, &err), &err);
    put_positions(race.tail, 0, RACE_ROWS);
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELAXED);
    pthread_join(reader, NULL);
    pthread_join(trimmer, NULL);
    assert_false(race.bad);
    assert_true(race.snapshots > 0);
    struct tail_stats stats;
    tail_stats(race.tail, &stats);
    expect(race.tail, stats.pos_begin, UINT64_MAX, stats.pos_begin, RACE_ROWS);
    tail_put(race.tail);
    table_def_put(def);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_intervals), cmocka_unit_test(test_build_and_spill),
                                       cmocka_unit_test(test_race)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
