/* SPDX-License-Identifier: Apache-2.0 */
/* Zone maps against brute force: a zone's verdict must agree with every row of it. */
#include "tests/lib/unit.h"

#include "types/zone.h"

enum { POOL_MAX = 64, ROWS = 12 };

static struct arena arena;
static struct error err;
static uint64_t seed = 42;

static uint32_t random_below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 20) % n;
}

/* Values of a type, ascending, close to each other and with shared prefixes. */
static const struct pool {
    oid_t type;
    bool bounded;
    const char *text[16];
} pools[] = {
    {TYPE_INT4, true, {"-2147483648", "-5", "-1", "0", "1", "2", "3", "7", "2147483647"}},
    {TYPE_INT2, true, {"-32768", "-1", "0", "1", "32767"}},
    {TYPE_INT8, true, {"-9223372036854775808", "-4294967296", "-1", "0", "1", "4294967296", "9223372036854775807"}},
    {TYPE_FLOAT8,
     true,
     {"-Infinity", "-1e300", "-1", "-1e-300", "0", "5e-324", "1", "1.0000000000000002", "Infinity", "NaN"}},
    {TYPE_FLOAT4, true, {"-Infinity", "-1", "0", "0.1", "1", "Infinity", "NaN"}},
    {TYPE_BOOL, true, {"f", "t"}},
    {TYPE_TEXT,
     true,
     {"", "\x01", "a", "a\x01", "abcdefg", "abcdefgh", "abcdefgha", "abcdefghb", "abcdefghijklmnop", "abcdefghijklmnoq",
      "abcdefgi", "b", "\xC3\xA9", "\xF0\x9F\x98\x80"}},
    {TYPE_BPCHAR, true, {"", "a  ", "a\x01", "a b", "abcdefgh   ", "abcdefghi", "b "}},
    {TYPE_BYTEA,
     true,
     {"\\x", "\\x00", "\\x0000", "\\x01", "\\x6100", "\\x61626364656667", "\\x6162636465666700", "\\xff"}},
    {TYPE_UUID,
     true,
     {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001",
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
      "a0eebc99-9c0b-4ef9-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
    {TYPE_DATE, true, {"-infinity", "1969-12-31", "2000-01-01", "2024-02-29", "infinity"}},
    {TYPE_TIMESTAMPTZ, true, {"-infinity", "1999-12-31 23:59:59.999999", "2000-01-01 00:00:00", "infinity"}},
    {TYPE_TIME, true, {"00:00:00", "12:00:00", "24:00:00"}},
    {TYPE_OID, true, {"0", "1", "2147483647", "2147483648", "4294967295"}},
    {TYPE_NUMERIC, false, {"-1", "0", "1.5"}},
    {TYPE_INTERVAL, false, {"1 day", "1 mon"}},
    {TYPE_JSONB, false, {"1", "[]"}},
};

static uint32_t fill_pool(const struct pool *pool, union datum *value)
{
    uint32_t n = 0;
    for (; n < ARRAY_LEN(pool->text) && pool->text[n]; n++)
        assert_ok(value_parse(strview_of(pool->text[n]), coltype(pool->type), false, &value_ctx_default, &arena,
                              &value[n], &err),
                  &err);
    return n;
}

static void test_keys_are_monotone(void **state)
{
    for (size_t p = 0; p < ARRAY_LEN(pools); p++) {
        union datum value[POOL_MAX];
        oid_t type = pools[p].type;
        uint32_t n = fill_pool(&pools[p], value);
        uint64_t low, high;
        assert_int_equal(zone_key(type, &value[0], &low), pools[p].bounded);
        for (uint32_t i = 0; pools[p].bounded && i < n; i++)
            for (uint32_t k = 0; k < i; k++) {
                assert_true(value_compare(type, &value[k], &value[i]) < 0);
                assert_true(zone_key(type, &value[k], &low) && zone_key(type, &value[i], &high));
                assert_true(low <= high);
                if (zone_key_exact(type, &value[k]) && zone_key_exact(type, &value[i]))
                    assert_true(low < high);
            }
    }
}

/* A zone as storage makes it: bounds over the non-NULL rows. */
static struct zone zone_of(oid_t type, const union datum *value, const uint32_t *row, uint32_t n, uint32_t nulls)
{
    struct zone z = {.rows = n + nulls, .nulls = nulls, .exact = true, .min_key = UINT64_MAX};
    for (uint32_t i = 0; i < n; i++) {
        uint64_t key;
        if (!zone_key(type, &value[row[i]], &key))
            return (struct zone){.rows = n + nulls, .nulls = nulls};
        z.has_bounds = true;
        z.min_key = MIN_OF(z.min_key, key);
        z.max_key = MAX_OF(z.max_key, key);
        z.exact &= zone_key_exact(type, &value[row[i]]);
    }
    return z;
}

static void check_verdict(const struct pred *pred, const struct zone *z, const union datum *value, const uint32_t *row,
                          uint32_t n, uint32_t *decided)
{
    uint32_t matches = pred->op == PRED_IS_NULL ? z->nulls : 0;
    for (uint32_t i = 0; i < n; i++)
        matches += pred_match(pred, &value[row[i]]);
    enum pred_result result = pred_zone(pred, z);
    if (result == PRED_NONE)
        assert_int_equal(matches, 0);
    if (result == PRED_ALL)
        assert_int_equal(matches, z->rows);
    *decided += result != PRED_SOME;
    /* the cases that must be decided: exact bounds, one value */
    if (z->has_bounds && z->exact && z->min_key == z->max_key && z->nulls == 0 && pred->op <= PRED_GE &&
        zone_key_exact(pred->type, &pred->lo))
        assert_int_not_equal(result, PRED_SOME);
}

static void test_verdicts_agree_with_rows(void **state)
{
    uint32_t decided = 0;
    for (int round = 0; round < 40000; round++) {
        const struct pool *pool = &pools[random_below(ARRAY_LEN(pools))];
        union datum value[POOL_MAX], in[POOL_MAX];
        uint32_t count = fill_pool(pool, value), row[ROWS], nin = 0;
        uint32_t n = random_below(ROWS), base = random_below(count), spread = 1 + random_below(count - base);
        for (uint32_t i = 0; i < n; i++)
            row[i] = base + random_below(spread);
        struct zone z = zone_of(pool->type, value, row, n, random_below(3) ? 0 : random_below(3));
        for (uint32_t i = 0; i < count; i++)
            if (random_below(4) == 0)
                in[nin++] = value[i];
        struct pred pred = {.op = (enum pred_op)random_below(PRED_IS_NOT_NULL + 1),
                            .type = pool->type,
                            .lo = value[random_below(count)],
                            .hi = value[random_below(count)],
                            .nin = nin,
                            .in = in};
        check_verdict(&pred, &z, value, row, n, &decided);
        arena_reset(&arena);
    }
    assert_true(decided > 10000);
}

static void test_nulls(void **state)
{
    struct zone none = {.rows = 5}, some = {.rows = 5, .nulls = 2}, all = {.rows = 5, .nulls = 5}, empty = {.rows = 0};
    struct pred is_null = {.op = PRED_IS_NULL, .type = TYPE_TEXT},
                not_null = {.op = PRED_IS_NOT_NULL, .type = TYPE_TEXT};
    struct pred eq = {.op = PRED_NE, .type = TYPE_INT4, .lo = {.i32 = 3}};
    assert_int_equal(pred_zone(&is_null, &none), PRED_NONE);
    assert_int_equal(pred_zone(&is_null, &some), PRED_SOME);
    assert_int_equal(pred_zone(&is_null, &all), PRED_ALL);
    assert_int_equal(pred_zone(&not_null, &none), PRED_ALL);
    assert_int_equal(pred_zone(&not_null, &all), PRED_NONE);
    assert_int_equal(pred_zone(&not_null, &empty), PRED_NONE);
    assert_int_equal(pred_zone(&eq, &all), PRED_NONE);
    assert_int_equal(pred_zone(&eq, &none), PRED_SOME);
    struct zone bounded = {.rows = 5, .nulls = 1, .has_bounds = true, .exact = true};
    int32_t seven = 7;
    assert_true(zone_key(TYPE_INT4, &seven, &bounded.min_key) && zone_key(TYPE_INT4, &seven, &bounded.max_key));
    assert_int_equal(pred_zone(&eq, &bounded), PRED_SOME);
    bounded.nulls = 0;
    assert_int_equal(pred_zone(&eq, &bounded), PRED_ALL);
}

static int setup(void **state)
{
    arena_init(&arena, NULL);
    return 0;
}

static int teardown(void **state)
{
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_are_monotone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts_agree_with_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nulls, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
