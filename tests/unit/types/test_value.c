/* SPDX-License-Identifier: Apache-2.0 */
/* Values of all types: text and binary against a real PostgreSQL 15 (value_cases.inc), order, hash, floats. */
#include "tests/lib/unit.h"

#include "base/hash.h"
#include "types/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { f = false, t = true }; /* as PostgreSQL prints them */
static const struct oracle_case {
    oid_t type;
    int32_t typmod;
    bool by_cast;
    const char *input, *text, *hex;
} cases[] = {
#include "tests/unit/types/value_cases.inc"
};

static struct arena arena;
static struct error err;
static struct strbuf text;
static const struct value_ctx *ctx = &value_ctx_default;

static int setup(void **state)
{
    arena_init(&arena, NULL);
    strbuf_init(&text);
    return 0;
}

static int teardown(void **state)
{
    arena_release(&arena);
    strbuf_release(&text);
    return 0;
}

static const char *text_of(oid_t type, const void *datum)
{
    strbuf_clear(&text);
    value_format(&text, type, datum, ctx);
    return text.data;
}

static bool check_binary(const struct oracle_case *c, const union datum *d)
{
    struct strbuf wire, hex;
    union datum again;
    strbuf_init(&wire);
    strbuf_init(&hex);
    value_send(&wire, c->type, d, ctx);
    for (size_t i = 0; i < wire.len; i++)
        strbuf_add_fmt(&hex, "%02x", (unsigned char)wire.data[i]);
    bool same = strcmp(hex.data, c->hex) == 0;
    if (!same)
        print_error("type %u '%s': expected bytes %s, got %s\n", c->type, c->input, c->hex, hex.data);
    /* back again: the same value, and nothing kept of the buffer */
    assert_ok(value_recv(strview_make(wire.data, wire.len), coltype(c->type), ctx, &arena, &again, &err), &err);
    memset(wire.data, 'x', wire.len);
    assert_true(value_equal(c->type, d, &again));
    assert_int_equal(value_hash(c->type, d), value_hash(c->type, &again));
    assert_string_equal(text_of(c->type, &again), c->text);
    strbuf_release(&wire);
    strbuf_release(&hex);
    return same;
}

static void test_oracle_cases(void **state)
{
    uint32_t failed = 0;
    assert_true(ARRAY_LEN(cases) > 500);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct oracle_case *c = &cases[i];
        union datum d;
        struct coltype type = {c->type, c->typmod};
        bool ok = value_parse(strview_of(c->input), type, c->by_cast, ctx, &arena, &d, &err);
        if (ok) {
            text_of(c->type, &d);
        } else {
            strbuf_clear(&text);
            strbuf_add_fmt(&text, "ERR %s %s%s%s", err.sqlstate, err.message, err.detail[0] ? " / " : "", err.detail);
        }
        if (strcmp(text.data, c->text) != 0) {
            print_error("type %u typmod %d '%s': expected %s, got %s\n", c->type, c->typmod, c->input, c->text,
                        text.data);
            failed++;
        } else if (ok) {
            failed += !check_binary(c, &d);
        }
        arena_reset(&arena);
    }
    assert_int_equal(failed, 0);
}

/* Every value that parses equals itself read from its own text, and orders consistently with its neighbours. */
static void test_text_round_trip_and_order(void **state)
{
    union datum previous;
    oid_t previous_type = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        union datum d, again;
        oid_t type = cases[i].type;
        if (!value_parse(strview_of(cases[i].input), coltype(type), false, ctx, &arena, &d, &err))
            continue;
        char *printed = arena_strdup(&arena, text_of(type, &d));
        if (type == TYPE_REGTYPE && strcmp(printed, "\"char\"") == 0)
            continue;
        assert_ok(value_parse(strview_of(printed), coltype(type), false, ctx, &arena, &again, &err), &err);
        assert_true(value_equal(type, &d, &again));
        assert_int_equal(value_compare(type, &d, &again), 0);
        assert_int_equal(value_hash(type, &d), value_hash(type, &again));
        if (previous_type == type) {
            int order = value_compare(type, &previous, &d), reverse = value_compare(type, &d, &previous);
            assert_int_equal((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
            assert_int_equal(order == 0, value_equal(type, &previous, &d));
            if (order == 0)
                assert_int_equal(value_hash(type, &previous), value_hash(type, &d));
        }
        previous = d;
        previous_type = type;
    }
}

static void test_hash_across_types(void **state)
{
    int16_t i16 = -5;
    int32_t i32 = -5;
    int64_t i64 = -5;
    float f4 = 0.5f, minus_zero4 = -0.0f;
    double f8 = 0.5, zero = 0, minus_zero = -0.0, nan1 = NAN, nan2 = -NAN;
    struct num n;
    assert_ok(num_parse(STRVIEW("-5.000"), -1, &arena, &n, &err), &err);
    assert_int_equal(value_hash(TYPE_INT2, &i16), value_hash(TYPE_INT8, &i64));
    assert_int_equal(value_hash(TYPE_INT4, &i32), value_hash(TYPE_INT8, &i64));
    assert_int_equal(value_hash(TYPE_NUMERIC, &n), value_hash(TYPE_INT8, &i64));
    assert_int_equal(value_hash(TYPE_FLOAT4, &f4), value_hash(TYPE_FLOAT8, &f8));
    assert_int_equal(value_hash(TYPE_FLOAT8, &zero), value_hash(TYPE_FLOAT8, &minus_zero));
    assert_int_equal(value_hash(TYPE_FLOAT4, &minus_zero4), value_hash(TYPE_FLOAT8, &zero));
    assert_int_equal(value_hash(TYPE_FLOAT8, &nan1), value_hash(TYPE_FLOAT8, &nan2));
    assert_true(value_equal(TYPE_FLOAT8, &nan1, &nan2));
    assert_true(value_equal(TYPE_FLOAT8, &zero, &minus_zero));
    assert_int_equal(value_compare(TYPE_FLOAT8, &nan1, &f8), 1);
    struct str padded = str_make("ab   ", 5), bare = str_make("ab", 2);
    assert_true(value_equal(TYPE_BPCHAR, &padded, &bare));
    assert_false(value_equal(TYPE_TEXT, &padded, &bare));
    assert_int_equal(value_hash(TYPE_BPCHAR, &padded), value_hash(TYPE_BPCHAR, &bare));
    assert_int_equal(value_hash(TYPE_TEXT, &bare), hash_bytes("ab", 2));
}

/* The C library as oracle: it rounds correctly. */
static void test_floats_against_libc(void **state)
{
    uint64_t x = 88172645463325252ULL;
    struct strbuf shortest;
    strbuf_init(&shortest);
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        char number[64];
        double d, back, expected;
        float single, single_back;
        /* any bit pattern survives printing, and no shorter text would do */
        memcpy(&d, &x, sizeof d);
        memcpy(&single, &x, sizeof single);
        if (isfinite(d) && isfinite(single)) {
            strbuf_clear(&shortest);
            f64_format(&shortest, d, 1);
            assert_ok(f64_parse(strview_make(shortest.data, shortest.len), &back, &err), &err);
            assert_memory_equal(&back, &d, sizeof d);
            strbuf_clear(&shortest);
            f32_format(&shortest, single, 1);
            assert_ok(f32_parse(strview_make(shortest.data, shortest.len), &single_back, &err), &err);
            assert_memory_equal(&single_back, &single, sizeof single);
        }
        /* reading of arbitrary decimals */
        snprintf(number, sizeof number, "%s%" PRIu64 ".%" PRIu64 "e%d", i & 1 ? "-" : "", x >> (i % 60), x % 1000003,
                 (int)(x % 560) - 300);
        expected = strtod(number, NULL);
        if (f64_parse(strview_of(number), &back, &err))
            assert_memory_equal(&back, &expected, sizeof back);
        else
            assert_true(expected == 0 || isinf(expected));
        float expected4 = strtof(number, NULL);
        if (f32_parse(strview_of(number), &single, &err))
            assert_memory_equal(&single, &expected4, sizeof single);
        else
            assert_true(expected4 == 0 || isinf(expected4));
    }
    strbuf_release(&shortest);
}

/* Shortest texts next to powers of two, where the interval is lopsided; PostgreSQL's texts. */
static void test_float_edges(void **state)
{
    static const struct {
        double v;
        const char *text;
    } edges[] = {
        {0x1p-1074, "5e-324"},
        {0x1p-1022, "2.2250738585072014e-308"},
        {0x1.fffffffffffffp1023, "1.7976931348623157e+308"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p53, "9.007199254740992e+15"},
        {0x1p90, "1.2379400392853803e+27"},
        {9007199254740993.0, "9.007199254740992e+15"},
        {123456789012345.6, "123456789012345.6"},
        {1e15, "1e+15"},
        {999999999999999.0, "999999999999999"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {0.00001, "1e-05"},
        {-100, "-100"},
        {-0.0, "-0"},
        {5e-5, "5e-05"},
    };
    for (size_t i = 0; i < ARRAY_LEN(edges); i++)
        assert_string_equal(text_of(TYPE_FLOAT8, &edges[i].v), edges[i].text);
    strbuf_clear(&text);
    f64_format(&text, 0.1 + 0.2, 0);
    f64_format(&text, 1e15, -15);
    f32_format(&text, 0.1f, 0);
    assert_string_equal(text.data, "0.31e+150.1");
}

static void test_bytea_escape_output(void **state)
{
    struct value_ctx escape = value_ctx_default;
    struct str bytes = str_make("\0\xFF\\A~\x7F", 6);
    escape.bytea_escape = true;
    value_format(&text, TYPE_BYTEA, &bytes, &escape);
    assert_string_equal(text.data, "\\000\\377\\\\A~\\177");
}

static void test_recv_refuses(void **state)
{
    static const struct {
        oid_t type;
        const char *bytes;
        size_t len;
        const char *sqlstate, *message;
    } bad[] = {
        {TYPE_INT4, "\0\0\0", 3, "08P01", "insufficient data left in message"},
        {TYPE_INT4, "\0\0\0\0\0", 5, "22P03", "incorrect binary data format"},
        {TYPE_BOOL, "", 0, "08P01", "no data left in message"},
        {TYPE_TEXT, "a\xE9 b", 4, "22021", "invalid byte sequence for encoding \"UTF8\": 0xe9 0x20 0x62"},
        {TYPE_TEXT, "a\0b", 3, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00"},
        {TYPE_UUID, "0123456789", 10, "08P01", "insufficient data left in message"},
        {TYPE_DATE, "\x7F\xFF\xFF\xFE", 4, "22008", "date out of range"},
        {TYPE_TIMESTAMP, "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 8, "22008", "timestamp out of range"},
        {TYPE_TIME, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, "22008", "time out of range"},
        {TYPE_JSONB, "\2{}", 3, "XX000", "unsupported jsonb version number 2"},
        {TYPE_JSONB, "\1{", 2, "22P02", "invalid input syntax for type json"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        union datum d;
        assert_sqlstate(value_recv(strview_make(bad[i].bytes, bad[i].len), coltype(bad[i].type), ctx, &arena, &d, &err),
                        &err, bad[i].sqlstate);
        assert_string_equal(err.message, bad[i].message);
    }
}

static void test_unsupported_types_say_so(void **state)
{
    static const oid_t types[] = {TYPE_TEXT_ARRAY, TYPE_TIMETZ, TYPE_RECORD, TYPE_ANY, TYPE_INT2VECTOR, 99999};
    union datum d;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        assert_sqlstate(value_parse(STRVIEW("{}"), coltype(types[i]), false, ctx, &arena, &d, &err), &err, "0A000");
        assert_true(err.hint[0] != '\0');
        assert_sqlstate(value_recv(STRVIEW("abcd"), coltype(types[i]), ctx, &arena, &d, &err), &err, "0A000");
    }
    assert_sqlstate(value_parse(STRVIEW("pg_class"), coltype(TYPE_REGCLASS), false, ctx, &arena, &d, &err), &err,
                    "0A000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_oracle_cases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_round_trip_and_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hash_across_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_floats_against_libc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_float_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytea_escape_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recv_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsupported_types_say_so, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
