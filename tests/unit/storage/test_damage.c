/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged files and failing disks: every byte of a small file flipped is detected or harmless, never a crash and never
 * a wrong row; truncation at any length is detected; the N-th failing call of writing and reading is an error that
 * leaves nothing behind.
 */
#include "tests/unit/storage/store.h"

#include <errno.h>
#include <fcntl.h>

#include "storage/scrub.h"

static char *slurp(const char *path, size_t *len)
{
    struct error err;
    char *data;
    assert_ok(env_read_file(env_real(), path, 64 << 20, &data, len, &err), &err);
    return data;
}

static void spit(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

/* Reads everything: true = all rows are right, false = an error with XX001 or 0A000 was raised. */
static bool read_is_right(const char *path, const struct store_rows *rows)
{
    struct page_cache *cache = page_cache_open(NULL, 1 << 20);
    struct segment *s;
    struct error err;
    bool ok = segment_open(env_real(), cache, path, &s, &err);
    if (ok) {
        for (uint32_t i = 0; ok && i < segment_chunks(s); i++) {
            struct chunk *chunk = segment_chunk(s, i);
            struct chunk_reader *r;
            uint32_t n = chunk_rows(chunk);
            ok = chunk_reader_open(chunk, n, NULL, &r, &err);
            for (uint32_t row = 0; ok && row < n; row += VEC_ROWS) {
                uint32_t count = MIN_OF(n - row, (uint32_t)VEC_ROWS);
                for (uint32_t c = 0; ok && c < STORE_COLUMNS; c++) {
                    struct vec v;
                    ok = chunk_read(r, c, row, count, NULL, &v, &err);
                    for (uint32_t k = 0; ok && k < count; k++) {
                        assert_int_equal(vec_is_null(&v, k), rows->null[c][row + k]);
                        if (!vec_is_null(&v, k))
                            assert_true(datum_same(store_types[c], vec_value(&v, k), &rows->value[c][row + k]));
                    }
                }
            }
            chunk_reader_close(r);
        }
        segment_put(s);
    }
    page_cache_close(cache);
    if (!ok && !error_is(&err, SQLSTATE_DATA_CORRUPTED) && !error_is(&err, SQLSTATE_FEATURE_NOT_SUPPORTED))
        fail_msg("%s %s", err.sqlstate, err.message);
    return ok;
}

static void note(void *arg, const char *path, const struct error *what) { ++*(int *)arg; }

static bool scrub_finds(const char *path)
{
    int findings = 0;
    uint64_t passes;
    struct scrubber *s = scrub_open(env_real(), note, &findings);
    scrub_add(s, path);
    for (int i = 0; i < 1000; i++) {
        scrub_step(s, 100000, &passes);
        if (passes)
            break;
    }
    assert_true(passes > 0);
    scrub_close(s);
    return findings > 0;
}

static void test_flips(void **state)
{
    static const enum shape shapes[] = {SHAPE_RUNS, SHAPE_RANDOM, SHAPE_RANGE};
    for (int k = 0; k < 3; k++) {
        struct table_def *def = store_table();
        struct store_rows *rows = rows_make(40, shapes[k], NULLS_SOME, 9);
        struct segment_meta meta;
        struct strbuf report;
        struct error err;
        char *path = temp_path("flip");
        size_t len;
        segment_make(path, def, rows, &meta);
        assert_false(scrub_finds(path));
        char *good = slurp(path, &len), *bad = xmalloc(len);
        strbuf_init(&report);
        for (size_t at = 0; at < len; at += 1 + (k != 0) * 6) {
            bool sound;
            memcpy(bad, good, len);
            bad[at] ^= (char)(1 << (at % 8));
            spit(path, bad, len);
            strbuf_clear(&report);
            (void)read_is_right(path, rows);
            if (at % 4)
                continue;
            /* Verification sees every flip, and says so; a version it cannot read is an error. */
            bool done = segment_verify(env_real(), path, &sound, &report, &err);
            assert_true(!done || (!sound && report.len > 0));
        }
        for (size_t cut = 0; cut < len; cut += 1 + len / 200) {
            spit(path, good, cut);
            assert_false(read_is_right(path, rows));
        }
        memcpy(bad, good, len);
        bad[100] ^= 1; /* the first stream */
        spit(path, bad, len);
        assert_true(scrub_finds(path));
        strbuf_release(&report);
        free(good);
        free(bad);
        unlink(path);
        free(path);
        rows_free(rows);
        table_def_put(def);
    }
}

/* An error names file, column and chunk. */
static void test_words(void **state)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(3000, SHAPE_RANGE, NULLS_NONE, 3);
    struct page_cache *cache = page_cache_open(NULL, 1 << 20);
    struct segment_meta meta;
    struct segment *s;
    struct chunk_reader *r;
    struct vec v;
    struct error err;
    char *path = temp_path("words");
    size_t len;
    segment_make(path, def, rows, &meta);
    char *data = slurp(path, &len);
    data[70] ^= 1; /* the first column's first stream */
    spit(path, data, len);
    assert_ok(segment_open(env_real(), cache, path, &s, &err), &err);
    assert_ok(chunk_reader_open(segment_chunk(s, 0), 3000, NULL, &r, &err), &err);
    assert_sqlstate(chunk_read(r, 0, 0, 2048, NULL, &v, &err), &err, "XX001");
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "column 1 (\"c_bool\"), chunk 0"));
    assert_ok(chunk_read(r, 1, 0, 2048, NULL, &v, &err), &err);
    chunk_reader_close(r);
    segment_put(s);
    page_cache_close(cache);
    free(data);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

/* ---- a disk whose n-th call fails ---- */

struct faulty {
    struct env env;
    long calls, fail_at;
};

static bool fails(struct env *env)
{
    struct faulty *f = (struct faulty *)env;
    if (++f->calls != f->fail_at)
        return false;
    errno = EIO;
    return true;
}
static int faulty_open(struct env *env, const char *path, int flags, mode_t mode)
{
    return fails(env) ? -1 : env_real()->open(env_real(), path, flags, mode);
}
static ssize_t faulty_pread(struct env *env, int fd, void *buf, size_t len, uint64_t offset)
{
    return fails(env) ? -1 : env_real()->pread(env_real(), fd, buf, len, offset);
}
static ssize_t faulty_pwrite(struct env *env, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct faulty *f = (struct faulty *)env;
    if (fails(env))
        return -1;
    /* Short writes are normal. */
    return env_real()->pwrite(env_real(), fd, buf, f->calls % 3 ? len : (len + 1) / 2, offset);
}
static int faulty_fsync(struct env *env, int fd) { return fails(env) ? -1 : env_real()->fsync(env_real(), fd); }
static int faulty_stat(struct env *env, const char *path, struct stat *st)
{
    return env_real()->stat(env_real(), path, st);
}

static bool write_and_read(struct faulty *f, const char *path, const struct table_def *def, struct chunk *chunk,
                           const struct store_rows *rows)
{
    struct segment_meta meta = {.table_oid = 1, .schema_v = 1};
    struct page_cache *cache = page_cache_open(NULL, 1 << 20);
    struct segment_writer *w;
    struct segment *s = NULL;
    struct error err;
    assert_ok(segment_writer_open(&f->env, path, def, &meta, NULL, &w, &err), &err);
    assert_ok(segment_writer_add(w, chunk, 0, chunk_rows(chunk), &err), &err);
    bool ok = segment_writer_finish(w, &meta, &err);
    struct stat st;
    assert_int_equal(stat(path, &st), ok ? 0 : -1); /* a failed one leaves no file */
    ok = ok && segment_open(&f->env, cache, path, &s, &err);
    for (uint32_t c = 0; ok && c < STORE_COLUMNS; c++) {
        struct chunk_reader *r;
        struct vec v;
        ok = chunk_reader_open(segment_chunk(s, 0), rows->n, NULL, &r, &err);
        ok = ok && chunk_read(r, c, 0, rows->n, NULL, &v, &err);
        for (uint32_t i = 0; ok && i < rows->n; i++)
            if (!vec_is_null(&v, i))
                assert_true(datum_same(store_types[c], vec_value(&v, i), &rows->value[c][i]));
        chunk_reader_close(r);
    }
    segment_put(s);
    page_cache_close(cache);
    unlink(path);
    return ok;
}

static void test_failing_disk(void **state)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(500, SHAPE_RANDOM, NULLS_SOME, 4);
    struct mutable_chunk *mc;
    struct error err;
    bool full, ok = false;
    char *path = temp_path("faulty");
    assert_ok(mutable_chunk_open(def, NULL, &mc, &err), &err);
    for (uint32_t i = 0; i < rows->n && mutable_chunk_begin_row(mc, &full, &err); i++)
        put_row(mc, rows, i, i);
    long n = 1;
    for (; !ok && n < 10000; n++) {
        struct faulty f = {.env = *env_real(), .fail_at = n};
        f.env.open = faulty_open;
        f.env.pread = faulty_pread;
        f.env.pwrite = faulty_pwrite;
        f.env.fsync = faulty_fsync;
        f.env.stat = faulty_stat;
        ok = write_and_read(&f, path, def, mc->chunk, rows);
        assert_true(ok == (f.calls < n));
    }
    assert_true(ok && n > 20);
    chunk_put(mc->chunk);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flips), cmocka_unit_test(test_words),
                                       cmocka_unit_test(test_failing_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
