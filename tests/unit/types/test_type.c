/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "types/schema.h"
#include "types/type.h"

static void test_table_is_sorted_and_consistent(void **state)
{
    uint32_t n;
    const struct type_info *all = type_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        assert_ptr_equal(type_by_oid(all[i].oid), &all[i]);
        assert_ptr_equal(type_by_name(strview_of(all[i].name)), &all[i]);
        if (i)
            assert_true(all[i - 1].oid < all[i].oid);
        if (all[i].elem_oid)
            assert_non_null(type_by_oid(all[i].elem_oid));
        if (all[i].storable)
            assert_int_not_equal(phys_size[all[i].phys], 0);
    }
    assert_null(type_by_oid(0));
    assert_null(type_by_oid(99999));
    assert_null(type_by_oid(19999));
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        oid_t oid;
    } cases[] = {
        {"integer", TYPE_INT4},
        {"INT", TYPE_INT4},
        {"int8", TYPE_INT8},
        {"double  precision", TYPE_FLOAT8},
        {" timestamp with time zone ", TYPE_TIMESTAMPTZ},
        {"timestamp", TYPE_TIMESTAMP},
        {"pg_catalog.int4", TYPE_INT4},
        {"character varying", TYPE_VARCHAR},
        {"character", TYPE_BPCHAR},
        {"char", TYPE_CHAR},
        {"\"char\"", TYPE_CHAR},
        {"text[]", TYPE_TEXT_ARRAY},
        {"int[]", TYPE_INT4_ARRAY},
        {"decimal", TYPE_NUMERIC},
        {"float", TYPE_FLOAT8},
        {"real", TYPE_FLOAT4},
        {"nosuchtype", 0},
        {"", 0},
        {"[]", 0},
        {"a very very very very very very very very very very very very long name", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct type_info *info = type_by_name(strview_of(cases[i].name));
        assert_int_equal(info ? info->oid : 0, cases[i].oid);
    }
}

/* Expected texts: format_type() of PostgreSQL 15. */
static void test_format(void **state)
{
    static const struct {
        oid_t oid;
        int32_t typmod;
        const char *text;
    } cases[] = {
        {TYPE_NUMERIC, -1, "numeric"},
        {TYPE_NUMERIC, ((12 << 16) | 2) + 4, "numeric(12,2)"},
        {TYPE_NUMERIC, ((3 << 16) | 2046) + 4, "numeric(3,-2)"},
        {TYPE_VARCHAR, 14, "character varying(10)"},
        {TYPE_BPCHAR, 5, "character(1)"},
        {TYPE_TIMESTAMP, 3, "timestamp(3) without time zone"},
        {TYPE_TIMESTAMPTZ, 0, "timestamp(0) with time zone"},
        {TYPE_TIME, 2, "time(2) without time zone"},
        {TYPE_INTERVAL, 2147418115, "interval(3)"},
        {TYPE_INTERVAL, 327679, "interval year"},
        {TYPE_INTERVAL, 470351871, "interval day to second"},
        {TYPE_INTERVAL, 470286339, "interval day to second(3)"},
        {TYPE_INTERVAL, 268500991, "interval second"},
        {TYPE_INT4, -1, "integer"},
        {TYPE_CHAR, -1, "\"char\""},
        {4711, -1, "???"},
    };
    struct strbuf sb;
    strbuf_init(&sb);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        strbuf_clear(&sb);
        type_format(&sb, (struct coltype){cases[i].oid, cases[i].typmod});
        assert_string_equal(sb.data, cases[i].text);
    }
    strbuf_release(&sb);
}

static void test_table_def_copy_is_deep(void **state)
{
    struct table_def *def = table_def_new();
    def->name = arena_strdup(&def->arena, "events");
    def->schema_name = arena_strdup(&def->arena, "public");
    def->options.kafka_topic = arena_strdup(&def->arena, "t");
    def->ncolumn = 2;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, 2);
    def->column[0] = (struct column_def){.name = arena_strdup(&def->arena, "a"), .attnum = 1, .dropped = true};
    def->column[1] = (struct column_def){
        .name = arena_strdup(&def->arena, "b"), .attnum = 2, .source_path = arena_strdup(&def->arena, "x.y")};
    struct table_def *copy = table_def_copy(def);
    const struct table_def *held = table_def_get(copy);
    table_def_put(def);
    assert_string_equal(copy->name, "events");
    assert_string_equal(copy->column[1].source_path, "x.y");
    assert_true(table_is_kafka(copy));
    assert_null(table_def_column(copy, STRVIEW("a")));
    assert_ptr_equal(table_def_column(copy, STRVIEW("b")), &copy->column[1]);
    assert_null(table_def_column(copy, STRVIEW("B")));
    table_def_put(copy);
    assert_string_equal(held->name, "events");
    table_def_put(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted_and_consistent),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_table_def_copy_is_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
