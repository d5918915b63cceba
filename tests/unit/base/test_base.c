/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/str.h"

static void test_crc32c_known_answer(void **state)
{
    /* RFC 3720 B.4: 32 bytes of zeros, and the digits. */
    uint8_t zeros[32] = {0};
    assert_int_equal(crc32c(0, zeros, 32), 0x8A9136AA);
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xE3069283);
}

static void test_utf8_rules(void **state)
{
    size_t bad;
    assert_true(utf8_valid("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10, &bad));
    assert_false(utf8_valid("a\xC0\x80", 3, &bad));
    assert_int_equal(bad, 1);
    assert_false(utf8_valid("\xED\xA0\x80", 3, &bad));
    assert_false(utf8_valid("abcdefgh\0i", 10, &bad));
    assert_int_equal(bad, 8);
    assert_int_equal(utf8_length("caf\xC3\xA9 caf\xC3\xA9", 11), 9);
}

static void test_distance(void **state)
{
    assert_int_equal(str_distance(STRVIEW("kafka"), STRVIEW("kakfa"), 3), 1);
    assert_int_equal(str_distance(STRVIEW("a"), STRVIEW("abcdef"), 3), 4);
}

static void test_accounts_refuse_and_recover(void **state)
{
    struct mem_pool *pool = mem_pool_open(64 << 20, 16 << 20);
    struct mem_account *query = mem_account_open(pool, MEM_QUERY, 0, "q");
    struct mem_account *ingest = mem_account_open(pool, MEM_INGEST, 0, "i");
    assert_true(mem_reserve(query, 48 << 20));
    assert_false(mem_reserve(query, 4 << 20));
    assert_true(mem_reserve(ingest, 16 << 20));
    mem_release(query, 48 << 20);
    mem_release(ingest, 16 << 20);
    void *p = mem_alloc(query, 1 << 20);
    assert_non_null(p);
    mem_free(query, p, 1 << 20);
    mem_account_close(query);
    mem_account_close(ingest);
    mem_pool_close(pool);
}

static void count_up(void *arg)
{
    (*(int *)arg)++;
}

static void test_arena_runs_cleanups(void **state)
{
    struct arena arena;
    int runs = 0;
    arena_init(&arena, NULL);
    for (int i = 0; i < 1000; i++) {
        char *p = arena_alloc(&arena, 100);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 1, 100);
    }
    arena_on_release(&arena, count_up, &runs);
    arena_reset(&arena);
    assert_int_equal(runs, 1);
    arena_release(&arena);
    assert_int_equal(runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_known_answer), cmocka_unit_test(test_utf8_rules),
        cmocka_unit_test(test_distance), cmocka_unit_test(test_accounts_refuse_and_recover),
        cmocka_unit_test(test_arena_runs_cleanups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
