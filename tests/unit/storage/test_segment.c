/* SPDX-License-Identifier: Apache-2.0 */
/* What a segment says about itself: order, zones, counts, dead letters, columns that came or went; the cache. */
#include "tests/unit/storage/store.h"

#include "base/thread.h"

static struct segment *open_made(const char *path, const struct table_def *def, const struct store_rows *rows,
                                 struct page_cache *cache, struct segment_meta *meta)
{
    struct segment *s;
    struct error err;
    segment_make(path, def, rows, meta);
    assert_ok(segment_open(env_real(), cache, path, &s, &err), &err);
    return s;
}

enum { INT4_COLUMN = 2, TEXT_COLUMN = 7, TIME_COLUMN = 8 };

static void test_sorted(void **state)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(70000, SHAPE_RANGE, NULLS_SOME, 11);
    struct page_cache *cache = page_cache_open(NULL, 32 << 20);
    struct segment_meta meta;
    struct error err;
    char *path = temp_path("sorted");
    def->options.sort_attnum[0] = TEXT_COLUMN + 1;
    def->options.sort_attnum[1] = INT4_COLUMN + 1;
    struct segment *s = open_made(path, def, rows, cache, &meta);
    uint64_t last_pos = 0, sum = 0;
    struct str last_text = str_make("", 0);
    bool seen_null = false, first = true;
    struct arena arena;
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < segment_chunks(s); i++) {
        struct chunk_reader *r;
        uint32_t n = chunk_rows(segment_chunk(s, i));
        assert_ok(chunk_reader_open(segment_chunk(s, i), n, NULL, &r, &err), &err);
        for (uint32_t row = 0; row < n; row += VEC_ROWS) {
            struct vec text, number, pos;
            uint32_t count = MIN_OF(n - row, (uint32_t)VEC_ROWS);
            assert_ok(chunk_read(r, TEXT_COLUMN, row, count, NULL, &text, &err), &err);
            assert_ok(chunk_read(r, INT4_COLUMN, row, count, NULL, &number, &err), &err);
            assert_ok(chunk_read(r, CHUNK_HIDDEN + HIDDEN_POS, row, count, NULL, &pos, &err), &err);
            for (uint32_t k = 0; k < count; k++) {
                uint64_t p = *(const uint64_t *)vec_value(&pos, k);
                bool null = vec_is_null(&text, k);
                sum += p;
                assert_int_equal(null, rows->null[TEXT_COLUMN][p]); /* rows stay whole */
                assert_int_equal(vec_is_null(&number, k), rows->null[INT4_COLUMN][p]);
                if (!vec_is_null(&number, k))
                    assert_int_equal(*(const int32_t *)vec_value(&number, k), rows->value[INT4_COLUMN][p].i32);
                assert_true(null || !seen_null); /* NULLs last */
                if (!null) {
                    const struct str *t = vec_value(&text, k);
                    int order = first ? -1 : str_compare(&last_text, t);
                    assert_true(order <= 0);
                    if (order == 0) {
                        bool a = rows->null[INT4_COLUMN][last_pos], b = rows->null[INT4_COLUMN][p];
                        int32_t x = rows->value[INT4_COLUMN][last_pos].i32, y = rows->value[INT4_COLUMN][p].i32;
                        assert_true(a ? b && last_pos < p : b || x < y || (x == y && last_pos < p));
                    }
                    last_text = str_copy(&arena, t);
                }
                seen_null = seen_null || null;
                last_pos = p;
                first = false;
            }
            chunk_reader_recycle(r);
        }
        chunk_reader_close(r);
    }
    assert_int_equal(sum, 70000ULL * 69999 / 2); /* every row once */
    arena_release(&arena);
    segment_put(s);
    page_cache_close(cache);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

/* Zones and counts against the rows. */
static void check_column(struct segment *s, const struct store_rows *rows, uint32_t c)
{
    struct zone z;
    struct error err;
    const struct dict *dict;
    const uint64_t *count;
    uint32_t n, nulls = 0;
    int128_t sum = 0;
    oid_t type = store_types[c];
    assert_true(segment_zone(s, c, &z));
    for (uint32_t i = 0; i < rows->n; i++) {
        uint64_t key;
        nulls += rows->null[c][i];
        if (rows->null[c][i])
            continue;
        if (z.has_bounds) {
            assert_true(zone_key(type, &rows->value[c][i], &key));
            assert_true(key >= z.min_key && key <= z.max_key);
        }
        sum += type == TYPE_INT2 ? rows->value[c][i].i16 : type == TYPE_INT4 ? rows->value[c][i].i32
                                                                            : rows->value[c][i].i64;
    }
    assert_int_equal(z.rows, rows->n);
    assert_int_equal(z.nulls, nulls);
    bool integer = type == TYPE_INT2 || type == TYPE_INT4 || type == TYPE_INT8;
    assert_int_equal(z.has_sum, integer && nulls < rows->n);
    assert_true(!z.has_sum || z.sum == sum);
    assert_ok(segment_value_counts(s, c, &dict, &count, &n, &err), &err);
    for (uint32_t k = 0; k < n; k++) {
        uint64_t want = 0;
        for (uint32_t i = 0; i < rows->n; i++)
            want += !rows->null[c][i] && str_equal(&rows->value[c][i].str, &dict->value[k]);
        assert_int_equal(count[k], want);
        assert_true(k == 0 || str_compare(&dict->value[k - 1], &dict->value[k]) < 0);
    }
    assert_true(c != TEXT_COLUMN || nulls == rows->n || n > 0);
}

static void test_zones_and_counts(void **state)
{
    struct table_def *def = store_table();
    struct page_cache *cache = page_cache_open(NULL, 8 << 20);
    char *path = temp_path("zones");
    def->options.time_attnum = TIME_COLUMN + 1;
    for (int nulls = 0; nulls < NULL_KINDS; nulls++) {
        struct store_rows *rows = rows_make(5000, SHAPE_FEW, (enum nulls)nulls, 2);
        struct segment_meta meta;
        struct segment *s = open_made(path, def, rows, cache, &meta);
        int64_t min = INT64_MAX, max = INT64_MIN;
        for (uint32_t i = 0; i < rows->n; i++) {
            if (rows->null[TIME_COLUMN][i])
                continue;
            min = MIN_OF(min, rows->value[TIME_COLUMN][i].i64);
            max = MAX_OF(max, rows->value[TIME_COLUMN][i].i64);
        }
        assert_int_equal(segment_meta(s)->time_min_us, min);
        assert_int_equal(segment_meta(s)->time_max_us, max);
        for (uint32_t c = 0; c < STORE_COLUMNS; c++)
            check_column(s, rows, c);
        segment_put(s);
        rows_free(rows);
    }
    page_cache_close(cache);
    unlink(path);
    free(path);
    table_def_put(def);
}

static bool check_letter(void *arg, const struct dead_letter *letter)
{
    uint32_t *n = arg;
    assert_int_equal(letter->pos, 10 + *n);
    assert_int_equal(letter->timestamp_us, INT64_MIN);
    assert_true(strview_equal(letter->reason, STRVIEW("invalid input syntax")));
    assert_int_equal(letter->raw.len, *n % 3);
    ++*n;
    return true;
}

/* Rows of a table before ADD COLUMN and DROP COLUMN, sealed after it; and dead letters. */
static void test_changed_table(void **state)
{
    struct table_def *before = store_table(), *after;
    struct page_cache *cache = page_cache_open(NULL, 8 << 20);
    struct store_rows *rows = rows_make(100, SHAPE_RANGE, NULLS_NONE, 5);
    struct segment_meta meta = {.table_oid = 1, .schema_v = 2};
    struct mutable_chunk *mc;
    struct segment_writer *w;
    struct segment *s;
    struct chunk_reader *r;
    struct vec v;
    struct error err;
    bool full;
    char *path = temp_path("changed");
    before->ncolumn = STORE_COLUMNS - 1; /* the last one comes later */
    assert_ok(mutable_chunk_open(before, NULL, &mc, &err), &err);
    for (uint32_t i = 0; i < 100 && mutable_chunk_begin_row(mc, &full, &err); i++) {
        for (uint32_t c = 0; c + 1 < STORE_COLUMNS; c++)
            assert_true(mutable_put_datum(mc, c, &rows->value[c][i]));
        mutable_chunk_commit_row(mc, 500 + i, i % 2);
    }
    before->ncolumn = STORE_COLUMNS;
    after = table_def_copy(before);
    after->column[INT4_COLUMN].dropped = true;
    unlink(path);
    assert_ok(segment_writer_open(env_real(), path, after, &meta, NULL, &w, &err), &err);
    assert_ok(segment_writer_add(w, mc->chunk, 10, 90, &err), &err);
    for (uint32_t i = 0; i < 5; i++) {
        struct dead_letter letter = {.pos = 10 + i, .timestamp_us = INT64_MIN, .raw = {"{\"", i % 3}};
        letter.reason = STRVIEW("invalid input syntax");
        assert_ok(segment_writer_add_dead_letter(w, &letter, &err), &err);
    }
    assert_ok(segment_writer_finish(w, &meta, &err), &err);
    assert_ok(segment_open(env_real(), cache, path, &s, &err), &err);
    assert_ok(chunk_reader_open(segment_chunk(s, 0), 80, NULL, &r, &err), &err);
    assert_ok(chunk_read(r, INT4_COLUMN, 0, 80, NULL, &v, &err), &err);
    assert_true(vec_is_null(&v, 0) && vec_is_null(&v, 79));
    assert_ok(chunk_read(r, STORE_COLUMNS - 1, 0, 80, NULL, &v, &err), &err);
    assert_true(vec_is_null(&v, 0) && v.phys == PHYS_STR);
    assert_ok(chunk_read(r, STORE_COLUMNS + 3, 0, 80, NULL, &v, &err), &err); /* added later still */
    assert_true(vec_is_null(&v, 0) && v.phys == PHYS_NONE);
    assert_ok(chunk_read(r, CHUNK_HIDDEN + HIDDEN_ORDINAL, 0, 80, NULL, &v, &err), &err);
    assert_int_equal(*(const int32_t *)vec_value(&v, 1), 1);
    assert_ok(chunk_read(r, CHUNK_HIDDEN + HIDDEN_POS, 0, 80, NULL, &v, &err), &err);
    assert_int_equal(*(const int64_t *)vec_value(&v, 3), 513);
    chunk_reader_close(r);
    uint32_t letters = 0;
    assert_ok(segment_dead_letters(s, check_letter, &letters, &err), &err);
    assert_int_equal(letters, 5);
    segment_put(s);
    chunk_put(mc->chunk);
    page_cache_close(cache);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(before);
    table_def_put(after);
}

/* ---- cache: many readers, little room ---- */

struct reading {
    struct segment *segment;
    const struct store_rows *rows;
    int bad; /* atomic */
};

static void *read_much(void *arg)
{
    struct reading *g = arg;
    struct error err;
    for (uint32_t turn = 0; turn < 60; turn++) {
        uint32_t c = turn * 7 % STORE_COLUMNS, i = turn % segment_chunks(g->segment);
        struct chunk *chunk = segment_chunk(g->segment, i);
        struct chunk_reader *r;
        struct vec v;
        bool ok = chunk_reader_open(chunk, chunk_rows(chunk), NULL, &r, &err);
        ok = ok && chunk_read(r, c, 0, MIN_OF(chunk_rows(chunk), (uint32_t)VEC_ROWS), NULL, &v, &err);
        ok = ok && datum_same(store_types[c], vec_value(&v, 0), &g->rows->value[c][i * CHUNK_ROWS]);
        chunk_reader_close(r);
        if (!ok)
            __atomic_store_n(&g->bad, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_cache(void **state)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(66000, SHAPE_RANGE, NULLS_NONE, 8);
    struct mem_pool *pool = mem_pool_open(256 << 20, 0);
    struct page_cache *cache = page_cache_open(pool, 300000);
    struct segment_meta meta;
    struct error err;
    char *path = temp_path("cache");
    struct reading reading = {open_made(path, def, rows, cache, &meta), rows, 0};
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        assert_ok(thread_start(&thread[i], "reader", read_much, &reading, &err), &err);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    assert_false(reading.bad);
    struct chunk_reader *r;
    struct vec v;
    assert_ok(chunk_reader_open(segment_chunk(reading.segment, 0), 2048, NULL, &r, &err), &err);
    assert_ok(chunk_read(r, 0, 0, 2048, NULL, &v, &err), &err);
    chunk_reader_close(r);
    assert_true(page_cache_bytes(cache) > 0 && page_cache_bytes(cache) <= 1 << 20);
    segment_put(reading.segment);
    assert_int_equal(page_cache_bytes(cache), 0);
    page_cache_close(cache);
    mem_pool_close(pool);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

/* Refused memory is an error, everything is given back. */
static void test_refused_memory(void **state)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(20000, SHAPE_RANDOM, NULLS_NONE, 8);
    char *path = temp_path("refused");
    bool finished = false;
    for (uint64_t limit = 1 << 20; limit < (256 << 20) && !finished; limit = limit * 5 / 4) {
        struct mem_pool *pool = mem_pool_open(1 << 30, 0);
        struct mem_account *account = mem_account_open(pool, MEM_INGEST, limit, "test");
        struct segment_meta meta = {.table_oid = 1};
        struct mutable_chunk *mc;
        struct segment_writer *w;
        struct error err;
        bool full = false, ok = true;
        unlink(path);
        assert_ok(mutable_chunk_open(def, account, &mc, &err), &err);
        for (uint32_t i = 0; ok && i < rows->n; i++) {
            ok = mutable_chunk_begin_row(mc, &full, &err);
            for (uint32_t c = 0; ok && c < STORE_COLUMNS; c++)
                ok = mutable_put_datum(mc, c, &rows->value[c][i]);
            if (ok)
                mutable_chunk_commit_row(mc, i, 0);
        }
        if (ok) {
            assert_ok(segment_writer_open(env_real(), path, def, &meta, account, &w, &err), &err);
            ok = segment_writer_add(w, mc->chunk, 0, rows->n, &err);
            if (ok)
                ok = segment_writer_finish(w, &meta, &err);
            else
                segment_writer_abort(w);
            assert_true(ok || error_is(&err, SQLSTATE_OUT_OF_MEMORY));
        }
        finished = ok;
        chunk_put(mc->chunk);
        assert_int_equal(mem_account_used(account), 0);
        mem_account_close(account);
        mem_pool_close(pool);
    }
    assert_true(finished);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sorted),        cmocka_unit_test(test_zones_and_counts),
                                       cmocka_unit_test(test_changed_table), cmocka_unit_test(test_cache),
                                       cmocka_unit_test(test_refused_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
