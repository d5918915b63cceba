/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes with right checksums must not crash anything (a short run of what fuzz_segment does for hours). */
#include "tests/unit/storage/store.h"

#include "tests/fuzz/segment_input.h"

static void mutate(struct store_rng *r, uint8_t *data, size_t len)
{
    static const uint32_t nasty[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 65535, 65536, 1024, 64, 2048};
    uint32_t n = 1 + (uint32_t)rng_next(r) % 4;
    for (uint32_t i = 0; i < n; i++) {
        size_t at = rng_next(r) % (len - 8);
        if (rng_next(r) % 2)
            at = len - 8 - rng_next(r) % MIN_OF(len - 8, (size_t)5000); /* mostly the footer */
        if (rng_next(r) % 2)
            data[at] ^= (uint8_t)(1u << (rng_next(r) % 8));
        else
            store_u32(data + (at & ~(size_t)3), nasty[rng_next(r) % 10]);
    }
}

static void test_mutations(void **state)
{
    const char *more = getenv("MENCIA_MUTATIONS");
    long count = more ? atol(more) : 300;
    for (int shape = 0; shape < SHAPES; shape++) {
        struct table_def *def = store_table();
        struct store_rows *rows = rows_make(shape % 2 ? 300 : 2500, (enum shape)shape, NULLS_SOME, 1);
        struct segment_meta meta;
        struct store_rng r = {(uint64_t)shape};
        struct error err;
        char *path = temp_path("mutate"), *good;
        size_t len;
        segment_make(path, def, rows, &meta);
        assert_ok(env_read_file(env_real(), path, 64 << 20, &good, &len, &err), &err);
        uint8_t *bad = xmalloc(len);
        memcpy(bad, good, len);
        segment_fix_checksums(bad, len);
        assert_memory_equal(bad, good, len); /* the harness computes what the writer did */
        for (long i = 0; i < count; i++) {
            memcpy(bad, good, len);
            mutate(&r, bad, len);
            segment_fix_checksums(bad, len);
            (void)segment_touch(bad, len);
        }
        free(bad);
        free(good);
        unlink(path);
        free(path);
        rows_free(rows);
        table_def_put(def);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
