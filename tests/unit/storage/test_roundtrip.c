/* SPDX-License-Identifier: Apache-2.0 */
/* Every type in every shape, with every kind of NULLs, at the sizes where something begins or ends. */
#include "tests/unit/storage/store.h"

static void roundtrip(uint32_t n, enum shape shape, enum nulls nulls)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(n, shape, nulls, n * 31 + shape * 7 + nulls);
    struct page_cache *cache = page_cache_open(NULL, 4 << 20);
    char *path = temp_path("roundtrip");
    struct segment_meta meta;
    struct segment *s;
    struct error err;
    segment_make(path, def, rows, &meta);
    assert_int_equal(meta.rows, n);
    assert_ok(segment_open(env_real(), cache, path, &s, &err), &err);
    assert_int_equal(segment_chunks(s), (n + CHUNK_ROWS - 1) / CHUNK_ROWS);
    for (uint32_t i = 0; i < segment_chunks(s); i++)
        chunk_expect(segment_chunk(s, i), rows, i * CHUNK_ROWS, 0);
    segment_put(s);
    page_cache_close(cache);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

static void test_small(void **state)
{
    static const uint32_t sizes[] = {0, 1, 2, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int shape = 0; shape < SHAPES; shape++)
            for (int nulls = 0; nulls < NULL_KINDS; nulls++)
                roundtrip(sizes[i], shape, nulls);
}

static void test_large(void **state)
{
    for (int shape = 0; shape < SHAPES; shape++) {
        roundtrip(65536, shape, shape % 2 ? NULLS_SOME : NULLS_NONE);
        roundtrip(65537, shape, shape % 2 ? NULLS_NONE : NULLS_MANY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
