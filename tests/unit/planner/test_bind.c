/* SPDX-License-Identifier: Apache-2.0 */
/* Names, types and errors against what PostgreSQL 15 says of the same statements over the same tables. */
#include "tests/unit/planner/planner_test.h"

#include "tests/unit/planner/cases_right.h"
#include "tests/unit/planner/cases_wrong.h"

static void check(const struct bind_case *cases, size_t n, bool also_plan)
{
    struct run run;
    struct strbuf text;
    uint32_t bad = 0;
    run_init(&run);
    strbuf_init(&text);
    for (size_t i = 0; i < n; i++) {
        struct plan_options options = {.debug_fragments = i % 3 == 1, .disable_rules = i % 3 == 2};
        strbuf_clear(&text);
        bool ok = run_bind(&run, cases[i].sql);
        run_describe(&run, ok, &text);
        if (strcmp(text.data, cases[i].expect) != 0) {
            print_error("%s\n  expected %s\n  got      %s\n", cases[i].sql, cases[i].expect, text.data);
            bad++;
        }
        if (also_plan && ok && !sql_plan(&run.arena, &run.query, &options, &run.plan, &run.err)) {
            print_error("%s\n  not planned: %s %s\n", cases[i].sql, run.err.sqlstate, run.err.message);
            bad++;
        }
    }
    strbuf_release(&text);
    run_release(&run);
    assert_int_equal(bad, 0);
}

static void test_names_and_types(void **state) { check(right_cases, ARRAY_LEN(right_cases), true); }
static void test_errors(void **state) { check(wrong_cases, ARRAY_LEN(wrong_cases), false); }

/* What is ours: names without quotes find columns and tables that differ only in case. */
static void test_case_insensitive_names(void **state)
{
    static const struct bind_case cases[] = {
        {"select userId from events", "userid text"},
        {"select EVENTTIME from Events e where e.USERID = 'x' order by eventtime",
         "eventtime timestamp with time zone"},
        {"select events.userid from events", "userid text"},
        {"select kind from events group by kind", "kind text"},
        {"select kind2 from events", "kind2 integer"},
        {"select * from amb", "Col integer, cOl integer, ok integer"},
        {"select col from amb", "ERROR 42702 column reference \"col\" is ambiguous | 8 |  | "},
        {"select \"userid\" from events",
         "ERROR 42703 column \"userid\" does not exist | 8 |  | Perhaps you meant to reference the column "
         "\"events.userId\"."},
        {"select 1 from \"Hits\"",
         "ERROR 42P01 relation \"Hits\" does not exist | 15 |  | Perhaps you meant the table \"public.hits\"."},
        {"select 1 from HITS where WATCHID = 1", "?column? integer"},
    };
    check(cases, ARRAY_LEN(cases), true);
}

static void test_unsupported_is_said_with_position_and_hint(void **state)
{
    static const struct {
        const char *sql;
        int32_t position;
    } cases[] = {
        {"select a from t intersect select id from t2", 34},
        {"select a from t except select id from t2", 31},
        {"select distinct on (a) a from t", 21},
        {"select (a, b) = (1, 2) from t", 15},
        {"select row(a, b) from t", 8},
        {"select array[1, 2]", 8},
        {"select a from t where exists (select 1 from t2 where t2.a = t.a)", 61},
        {"with recursive c as (select 1) select 1", 16},
        {"select * from generate_series(1, 2)", 15},
        {"select * from t, lateral (select t.a) x", 34},
        {"select a from t group by rollup (a)", 26},
        {"select a from t tablesample system (1)", 29},
        {"select d similar to 'x' from t", 10},
        {"select a from t for update", 8},
        {"select a from t where a = any ($1)", 25},
    };
    struct run run;
    run_init(&run);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (run_bind(&run, cases[i].sql))
            fail_msg("%s was bound", cases[i].sql);
        if (strcmp(run.err.sqlstate, "0A000") != 0 || run.err.position != cases[i].position || !run.err.hint[0])
            fail_msg("%s: %s %s at %d hint '%s'", cases[i].sql, run.err.sqlstate, run.err.message, run.err.position,
                     run.err.hint);
    }
    run_release(&run);
}

static void test_parameter_types(void **state)
{
    static const struct {
        const char *sql;
        uint32_t n;
        oid_t type[3];
    } cases[] = {
        {"select a from t where a = $1 and c = $2 and d = $3", 3, {TYPE_INT4, TYPE_INT2, TYPE_TEXT}},
        {"select a from t limit $1 offset $2", 2, {TYPE_INT8, TYPE_INT8}},
        {"select $1", 1, {TYPE_TEXT}},
        {"select coalesce($1, 5)", 1, {TYPE_INT4}},
        {"select case when $1 then 1.5 else $2 end", 2, {TYPE_BOOL, TYPE_NUMERIC}},
        {"select a from t where i between $1 and $2", 2, {TYPE_DATE, TYPE_DATE}},
        {"select a from t where b in ($1, $2, 3)", 2, {TYPE_INT8, TYPE_INT8}},
        {"select $2::uuid, $1::date", 2, {TYPE_DATE, TYPE_UUID}},
        {"select * from (values ($1, 1), (2, $2)) v", 2, {TYPE_INT4, TYPE_INT4}},
        {"select a from t union all select $1", 1, {TYPE_INT4}},
    };
    struct run run;
    run_init(&run);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_ok(run_bind(&run, cases[i].sql), &run.err);
        assert_int_equal(run.query.nparam, cases[i].n);
        for (uint32_t k = 0; k < cases[i].n; k++)
            if (run.query.param_type[k] != cases[i].type[k])
                fail_msg("%s: $%u is %u", cases[i].sql, k + 1, run.query.param_type[k]);
        assert_ok(sql_plan(&run.arena, &run.query, NULL, &run.plan, &run.err), &run.err);
        assert_int_equal(run.plan->nparam_client, cases[i].n);
    }
    run_release(&run);
}

static void test_given_parameter_types(void **state)
{
    static const oid_t types[] = {TYPE_INT8};
    static const struct bind_params given = {1, types};
    struct run run;
    run_init(&run);
    assert_ok(sql_parse(&run.arena, STRVIEW("select $1 + 1"), &run.list, &run.err), &run.err);
    assert_ok(sql_bind(&run.arena, run.list.node[0], &run.fake.view, &given, NULL, &run.query, &run.err), &run.err);
    assert_int_equal(run.query.column[0].type.oid, TYPE_INT8);
    /* No parameters at all in a simple query. */
    assert_sqlstate(sql_bind(&run.arena, run.list.node[0], &run.fake.view, NULL, NULL, &run.query, &run.err), &run.err,
                    "42P02");
    assert_int_equal(run.err.position, 8);
    run_release(&run);
}

/* INSERT's source: each value by itself, literals and parameters take the column's type. */
static void test_insert_coercion(void **state)
{
    static const uint32_t target[] = {0, 3, 8}; /* a int, d text, i date */
    static const struct {
        const char *sql, *error;
    } cases[] = {
        {"values (1, 'x', '2020-01-01'), (2, null, null)", NULL},
        {"values ('1', 1, $1), (2.5, true, '2021-01-01')", NULL},
        {"select a, b, '2020-01-01' from t", NULL},
        {"select $1, 'x', $2", NULL},
        {"select id, name, ts from t2 union all select 1, 'x', now()::timestamptz", NULL},
        {"values (1, 'x', 'nodate')", "ERROR 22007 invalid input syntax for type date: \"nodate\" | 17 |  | "},
        {"values (1, 'x', 5)", "ERROR 42804 column \"i\" is of type date but expression is of type integer | 17 |  | "
                               "You will need to rewrite "
                               "or cast the expression."},
        {"select true, 'x', '2020-01-01'",
         "ERROR 42804 column \"a\" is of type integer but expression is of type boolean | 8 |  | You will need to "
         "rewrite or cast the expression."},
        {"values (1, 'x')", "ERROR 42601 INSERT has more target columns than expressions | 0 |  | "},
    };
    struct run run;
    struct strbuf text;
    run_init(&run);
    strbuf_init(&text);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (strstr(cases[i].sql, "now()") && !run_bind(&run, "select now()"))
            continue;
        assert_ok(run_bind(&run, cases[i].sql), &run.err);
        bool ok = sql_bind_insert(&run.arena, &run.query, run.fake.table[1], target, 3, &run.err);
        strbuf_clear(&text);
        run_describe(&run, ok, &text);
        if (cases[i].error) {
            assert_string_equal(text.data, cases[i].error);
            continue;
        }
        assert_ok(ok, &run.err);
        assert_int_equal(run.query.column[0].type.oid, TYPE_INT4);
        assert_int_equal(run.query.column[1].type.oid, TYPE_TEXT);
        assert_int_equal(run.query.column[2].type.oid, TYPE_DATE);
        assert_ok(sql_plan(&run.arena, &run.query, NULL, &run.plan, &run.err), &run.err);
    }
    strbuf_release(&text);
    run_release(&run);
}

static void test_insert_parameters(void **state)
{
    static const uint32_t target[] = {0, 3, 8};
    struct run run;
    run_init(&run);
    assert_ok(run_bind(&run, "values ($1, $2, $3)"), &run.err);
    assert_ok(sql_bind_insert(&run.arena, &run.query, run.fake.table[1], target, 3, &run.err), &run.err);
    assert_int_equal(run.query.param_type[0], TYPE_INT4);
    assert_int_equal(run.query.param_type[1], TYPE_TEXT);
    assert_int_equal(run.query.param_type[2], TYPE_DATE);
    assert_ok(run_bind(&run, "values ($1, 'x', $1)"), &run.err);
    assert_sqlstate(sql_bind_insert(&run.arena, &run.query, run.fake.table[1], target, 3, &run.err), &run.err, "42P08");
    run_release(&run);
}

static void test_column_expressions(void **state)
{
    struct run run;
    struct expr *e;
    run_init(&run);
    const struct table_def *t = run.fake.table[1];
    assert_ok(sql_bind_column_expr(&run.arena, STRVIEW("a + 1"), t, coltype(TYPE_INT8), true, NULL, &e, &run.err),
              &run.err);
    assert_int_equal(e->type.oid, TYPE_INT8);
    assert_ok(sql_bind_column_expr(&run.arena, STRVIEW("'5'"), t, coltype(TYPE_INT4), false, NULL, &e, &run.err),
              &run.err);
    assert_int_equal(e->value.d.i32, 5);
    assert_sqlstate(sql_bind_column_expr(&run.arena, STRVIEW("a"), t, coltype(TYPE_INT4), false, NULL, &e, &run.err),
                    &run.err, "0A000");
    assert_sqlstate(
        sql_bind_column_expr(&run.arena, STRVIEW("nosuch"), t, coltype(TYPE_INT4), true, NULL, &e, &run.err), &run.err,
        "42703");
    assert_sqlstate(sql_bind_column_expr(&run.arena, STRVIEW("d"), t, coltype(TYPE_INT4), true, NULL, &e, &run.err),
                    &run.err, "42804");
    assert_sqlstate(sql_bind_column_expr(&run.arena, STRVIEW("current_timestamp"), t, coltype(TYPE_TIMESTAMPTZ), false,
                                         NULL, &e, &run.err),
                    &run.err, "42P17");
    assert_sqlstate(
        sql_bind_column_expr(&run.arena, STRVIEW("1; select 2"), t, coltype(TYPE_INT4), false, NULL, &e, &run.err),
        &run.err, "42601");
    run_release(&run);
}

static void test_result_columns_point_to_tables(void **state)
{
    struct run run;
    run_init(&run);
    assert_ok(run_bind(&run, "select b, a + 1, x.d from t x"), &run.err);
    assert_int_equal(run.query.column[0].table_oid, run.fake.table[1]->oid);
    assert_int_equal(run.query.column[0].attnum, 2);
    assert_int_equal(run.query.column[1].table_oid, 0);
    assert_int_equal(run.query.column[2].attnum, 4);
    run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_types),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_case_insensitive_names),
        cmocka_unit_test(test_unsupported_is_said_with_position_and_hint),
        cmocka_unit_test(test_parameter_types),
        cmocka_unit_test(test_given_parameter_types),
        cmocka_unit_test(test_insert_coercion),
        cmocka_unit_test(test_insert_parameters),
        cmocka_unit_test(test_column_expressions),
        cmocka_unit_test(test_result_columns_point_to_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
