/* SPDX-License-Identifier: Apache-2.0 */
/* numeric against results of a real PostgreSQL 15 (numeric_cases.inc), and properties that need no oracle. */
#include "tests/lib/unit.h"

#include "base/hash.h"
#include "types/numeric.h"
#include "types/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const struct oracle_case {
    const char *op, *a, *b, *expected;
} cases[] = {
#include "tests/unit/types/numeric_cases.inc"
};

static struct arena arena;
static struct error err;
static struct strbuf text;

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

static struct num num_of(const char *s)
{
    struct num v;
    assert_ok(num_parse(strview_of(s), -1, &arena, &v, &err), &err);
    return v;
}

static const char *text_of(const struct num *v)
{
    strbuf_clear(&text);
    num_format(&text, v);
    return text.data;
}

typedef bool (*binary_op)(const struct num *, const struct num *, struct arena *, struct num *, struct error *);
typedef bool (*unary_op)(const struct num *, struct arena *, struct num *, struct error *);
typedef bool (*scale_op)(const struct num *, int32_t, struct arena *, struct num *, struct error *);

static const struct {
    const char *name;
    binary_op binary;
    unary_op unary;
    scale_op scaled;
} ops[] = {
    {"+", .binary = num_add},
    {"-", .binary = num_sub},
    {"*", .binary = num_mul},
    {"/", .binary = num_div},
    {"%", .binary = num_mod},
    {"^", .binary = num_power},
    {"log", .binary = num_log},
    {"neg", .unary = num_neg},
    {"abs", .unary = num_abs},
    {"ceil", .unary = num_ceil},
    {"floor", .unary = num_floor},
    {"sqrt", .unary = num_sqrt},
    {"exp", .unary = num_exp},
    {"ln", .unary = num_ln},
    {"round", .scaled = num_round},
    {"trunc", .scaled = num_trunc},
    {"typmod", .scaled = num_apply_typmod},
};

/* Runs one of the operations in ops; *known false: not one of them. */
static bool run_op(const struct oracle_case *c, const struct num *a, bool *known)
{
    struct num b, r;
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(ops[i].name, c->op) != 0)
            continue;
        *known = true;
        if (ops[i].binary && !num_parse(strview_of(c->b), -1, &arena, &b, &err))
            return false;
        bool ok = ops[i].binary  ? ops[i].binary(a, &b, &arena, &r, &err)
                  : ops[i].unary ? ops[i].unary(a, &arena, &r, &err)
                                 : ops[i].scaled(a, atoi(c->b), &arena, &r, &err);
        if (ok)
            num_format(&text, &r);
        return ok;
    }
    *known = false;
    return false;
}

static bool run_from_float(const struct oracle_case *c)
{
    double d;
    float f;
    struct num r;
    if (strcmp(c->op, "from_float8") == 0) {
        if (!f64_parse(strview_of(c->a), &d, &err) || !num_from_f64(d, &arena, &r, &err))
            return false;
    } else if (!f32_parse(strview_of(c->a), &f, &err) || !num_from_f32(f, &arena, &r, &err)) {
        return false;
    }
    num_format(&text, &r);
    return true;
}

static bool run_to_int(const struct num *a, int64_t min, int64_t max, const char *name)
{
    int64_t v;
    if (!num_to_i64(a, min, max, name, &v, &err))
        return false;
    strbuf_add_fmt(&text, "%" PRId64, v);
    return true;
}

static bool run_cast(const struct oracle_case *c, const struct num *a)
{
    double d;
    float f;
    if (strcmp(c->op, "int2") == 0)
        return run_to_int(a, INT16_MIN, INT16_MAX, "smallint");
    if (strcmp(c->op, "int4") == 0)
        return run_to_int(a, INT32_MIN, INT32_MAX, "integer");
    if (strcmp(c->op, "int8") == 0)
        return run_to_int(a, INT64_MIN, INT64_MAX, "bigint");
    if (strcmp(c->op, "float8") == 0) {
        if (!num_to_f64(a, &d, &err))
            return false;
        f64_format(&text, d, 1);
        return true;
    }
    assert_string_equal(c->op, "float4");
    if (!num_to_f32(a, &f, &err))
        return false;
    f32_format(&text, f, 1);
    return true;
}

static bool run_send(const struct num *a)
{
    struct strbuf wire;
    strbuf_init(&wire);
    num_send(&wire, a);
    for (size_t i = 0; i < wire.len; i++)
        strbuf_add_fmt(&text, "%02x", (unsigned char)wire.data[i]);
    strbuf_release(&wire);
    return true;
}

static bool run_case(const struct oracle_case *c)
{
    struct num a, b;
    bool known;
    strbuf_clear(&text);
    if (strncmp(c->op, "from_", 5) == 0)
        return run_from_float(c);
    if (!num_parse(strview_of(c->a), -1, &arena, &a, &err))
        return false;
    bool ok = run_op(c, &a, &known);
    if (known)
        return ok;
    if (strcmp(c->op, "parse") == 0) {
        num_format(&text, &a);
        return true;
    }
    if (strcmp(c->op, "send") == 0)
        return run_send(&a);
    if (strcmp(c->op, "cmp") == 0) {
        b = num_of(c->b);
        strbuf_add_fmt(&text, "%d", num_compare(&a, &b));
        assert_int_equal(num_compare(&a, &b), -num_compare(&b, &a));
        return true;
    }
    return run_cast(c, &a);
}

static void test_oracle_cases(void **state)
{
    uint32_t failed = 0;
    assert_true(ARRAY_LEN(cases) > 2000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct oracle_case *c = &cases[i];
        if (!run_case(c)) {
            strbuf_clear(&text);
            strbuf_add_fmt(&text, "ERR %s %s%s%s", err.sqlstate, err.message, err.detail[0] ? " / " : "", err.detail);
        }
        if (strcmp(text.data, c->expected) != 0 && failed++ < 20)
            print_error("%s(%s, %s): expected %s, got %s\n", c->op, c->a, c->b, c->expected, text.data);
        arena_reset(&arena);
    }
    assert_int_equal(failed, 0);
}

/* The invariants of every value that comes out. */
static void check_canonical(const struct num *v)
{
    static const uint8_t zero[3];
    assert_memory_equal(v->zero, zero, 3);
    if (v->kind == NUM_INLINE) {
        assert_in_range(v->dscale, 0, 18);
    } else if (v->kind == NUM_BIG) {
        const struct num_big *big = v->big;
        assert_int_equal(big->dscale, v->dscale);
        assert_true(big->ndigits == 0 ? big->weight == 0 && big->sign == 0
                                      : big->digit[0] != 0 && big->digit[big->ndigits - 1] != 0);
        /* not representable inline: more than 18 decimals or beyond int64 */
        struct num limit = {.kind = NUM_INLINE, .mantissa = INT64_MAX, .dscale = v->dscale};
        if (v->dscale <= 18) {
            struct num low = limit;
            low.mantissa = INT64_MIN;
            assert_true(num_compare(v, &limit) > 0 || num_compare(v, &low) < 0);
        }
    } else {
        assert_int_equal(v->dscale, 0);
        assert_int_equal(v->mantissa, 0);
    }
}

static void test_round_trips_and_canonical_form(void **state)
{
    struct strbuf wire;
    strbuf_init(&wire);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct num v, again;
        if (!num_parse(strview_of(cases[i].a), -1, &arena, &v, &err))
            continue;
        check_canonical(&v);
        char *printed = arena_strdup(&arena, text_of(&v));
        again = num_of(printed);
        assert_int_equal(num_compare(&v, &again), 0);
        assert_int_equal(v.dscale, again.dscale);
        assert_int_equal(v.kind, again.kind);
        assert_int_equal(num_hash(&v), num_hash(&again));
        strbuf_clear(&wire);
        num_send(&wire, &v);
        assert_ok(num_recv(strview_make(wire.data, wire.len), -1, &arena, &again, &err), &err);
        check_canonical(&again);
        assert_string_equal(text_of(&again), printed);
        again = num_copy(&arena, &v);
        assert_string_equal(text_of(&again), printed);
        arena_reset(&arena);
    }
    strbuf_release(&wire);
}

static void test_hash_agrees_with_equality(void **state)
{
    static const char *const groups[][5] = {
        {"1", "1.0", "1.00", "1.0000000000000000000000", "1e0"},
        {"0", "0.0", "-0", "0.000000000000000000000000000", "0e10"},
        {"-12.5", "-12.50", "-12.5000000000000000000000", "-125e-1", "-0.125e2"},
        {"9223372036854775807", "9223372036854775807.0", "9223372036854775807.00000", "9.223372036854775807e18",
         "9223372036854775807.000000000000000000000"},
        {"92233720368547758080", "92233720368547758080.0", "9.223372036854775808e19", "92233720368547758080.00",
         "92233720368547758080.000000000000000000000"},
        {"0.0000000000000000001", "1e-19", "0.00000000000000000010", "0.1e-18", "0.0000000000000000001000000"},
        {"NaN", "nan", "NaN", "nan", "NaN"},
    };
    for (size_t g = 0; g < ARRAY_LEN(groups); g++)
        for (size_t i = 0; i < 5; i++) {
            struct num first = num_of(groups[g][0]), v = num_of(groups[g][i]), other;
            assert_int_equal(num_compare(&first, &v), 0);
            assert_int_equal(num_hash(&first), num_hash(&v));
            for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
                other = num_of(groups[k][i]);
                assert_int_equal(num_compare(&v, &other) == 0, k == g);
                assert_int_equal(num_hash(&v) == num_hash(&other), k == g);
            }
        }
    /* integers hash as int8 */
    static const int64_t ints[] = {0, 1, -1, 4711, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(ints); i++) {
        struct num v = num_from_i64(ints[i]);
        assert_int_equal(num_hash(&v), hash_u64((uint64_t)ints[i]));
        assert_int_equal(num_hash(&v), value_hash(TYPE_INT8, &ints[i]));
    }
}

static void test_order(void **state)
{
    static const char *const ascending[] = {"-Infinity",
                                            "-1e100",
                                            "-9223372036854775809",
                                            "-9223372036854775808",
                                            "-1.5",
                                            "-1.49999999999999999999999",
                                            "-1e-30",
                                            "0",
                                            "1e-30",
                                            "0.1",
                                            "0.10000000000000000001",
                                            "1",
                                            "9223372036854775807",
                                            "9223372036854775807.1",
                                            "1e50",
                                            "Infinity",
                                            "NaN"};
    for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
        for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
            struct num a = num_of(ascending[i]), b = num_of(ascending[k]);
            assert_int_equal(num_compare(&a, &b), (i > k) - (i < k));
        }
}

static void test_from_i128(void **state)
{
    int128_t big = (int128_t)1 << 126;
    struct num v = num_from_i128(&arena, -big, 3);
    assert_string_equal(text_of(&v), "-85070591730234615865843651857942052.864");
    check_canonical(&v);
    v = num_from_i128(&arena, (int128_t)((uint128_t)1 << 127), 38);
    assert_string_equal(text_of(&v), "-1.70141183460469231731687303715884105728");
    v = num_from_i128(&arena, INT64_MIN, 18);
    assert_int_equal(v.kind, NUM_INLINE);
    assert_string_equal(text_of(&v), "-9.223372036854775808");
    v = num_from_i128(&arena, 5, 19);
    check_canonical(&v);
    assert_string_equal(text_of(&v), "0.0000000000000000005");
}

static void test_recv_refuses_damage(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *sqlstate;
    } bad[] = {
        {"\0\1\0\0\0\0\0", 7, "08P01"},
        {"\0\1\0\0\0\0\0\0", 8, "08P01"},
        {"\0\1\0\0\x12\0\0\0\0\1", 10, "22P03"},
        {"\0\1\0\0\0\0\x40\0\0\1", 10, "22P03"},
        {"\0\1\0\0\0\0\0\0\x27\x10", 10, "22P03"},
        {"\0\1\0\0\0\0\0\0\0\1\0", 11, "22P03"},
    };
    struct num v;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_sqlstate(num_recv(strview_make(bad[i].bytes, bad[i].len), -1, &arena, &v, &err), &err, bad[i].sqlstate);
    /* leading zeros, and digits behind the scale: 00012.3456 with scale 2 */
    static const char loose[] = "\0\3\0\1\0\0\0\2\0\0\0\x0C\x0D\x80";
    assert_ok(num_recv(strview_make(loose, 14), -1, &arena, &v, &err), &err);
    assert_string_equal(text_of(&v), "12.34");
    check_canonical(&v);
    /* numeric(3,1) applies, too */
    assert_ok(num_recv(strview_make(loose, 14), ((3 << 16) | 1) + 4, &arena, &v, &err), &err);
    assert_string_equal(text_of(&v), "12.3");
}

/* Sums of any mixture must equal repeated addition, whatever way the parts are merged. */
static void test_sums(void **state)
{
    size_t bytes = num_sum_size();
    assert_int_equal(bytes % 8, 0);
    struct num_sum *whole = arena_zalloc(&arena, bytes), *half = arena_zalloc(&arena, bytes);
    struct num expected = num_from_i64(0), v = num_sum_result(whole, &arena);
    assert_string_equal(text_of(&v), "0");
    uint32_t used = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (!num_parse(strview_of(cases[i].a), -1, &arena, &v, &err) || v.kind >= NUM_NAN)
            continue;
        if (!num_sum_add(i % 3 ? whole : half, &v))
            continue;
        used++;
        assert_ok(num_add(&expected, &v, &arena, &expected, &err), &err);
    }
    assert_true(used > 1500);
    for (int64_t i = 0; i < 100; i++) {
        num_sum_add_i64(whole, INT64_MAX - i);
        num_sum_add_i128(half, -((int128_t)INT64_MAX << 60) - i);
        v = num_from_i64(INT64_MAX - i);
        assert_ok(num_add(&expected, &v, &arena, &expected, &err), &err);
        v = num_from_i128(&arena, -((int128_t)INT64_MAX << 60) - i, 0);
        assert_ok(num_add(&expected, &v, &arena, &expected, &err), &err);
    }
    assert_true(num_sum_merge(whole, half));
    v = num_sum_result(whole, &arena);
    char *want = arena_strdup(&arena, text_of(&expected));
    assert_string_equal(text_of(&v), want);
    check_canonical(&v);
}

static void test_sum_limits_and_specials(void **state)
{
    struct num_sum *s = arena_zalloc(&arena, num_sum_size());
    struct num v = num_of("1e93");
    assert_false(num_sum_add(s, &v));
    v = num_of("1e-41");
    assert_false(num_sum_add(s, &v));
    v = num_of("1e-40");
    assert_true(num_sum_add(s, &v));
    v = num_of("999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999");
    for (int i = 0; i < 1000; i++)
        assert_true(num_sum_add(s, &v));
    struct num r = num_sum_result(s, &arena);
    assert_string_equal(text_of(&r),
                        "999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999000."
                        "0000000000000000000000000000000000000001");
    v = num_of("Infinity");
    assert_true(num_sum_add(s, &v));
    r = num_sum_result(s, &arena);
    assert_string_equal(text_of(&r), "Infinity");
    v = num_of("-Infinity");
    assert_true(num_sum_add(s, &v));
    r = num_sum_result(s, &arena);
    assert_string_equal(text_of(&r), "NaN");
}

/* Results may be written over an operand. */
static void test_in_place(void **state)
{
    struct num v = num_of("123456789012345678901234567890.5");
    assert_ok(num_mul(&v, &v, &arena, &v, &err), &err);
    assert_string_equal(text_of(&v), "15241578753238836750495351562659655576514250878776253619990.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_oracle_cases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trips_and_canonical_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hash_agrees_with_equality, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_from_i128, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recv_refuses_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sum_limits_and_specials, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
