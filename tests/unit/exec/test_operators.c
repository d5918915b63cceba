/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operator over one table of 150,000 rows and a small one, against results known by construction: with one and
 * several workers, plans cut into fragments or not, and with so little memory that sorts and aggregations spill.
 *
 * t: k = 0.., g = k % 1000 (NULL where k % 1000 = 7), s = 'name' || k % 5000, u = a long distinct text, f = k / 2.0
 */
#include "tests/unit/exec/exec_test.h"

enum { ROWS = 150000 };

static void load(struct exec_test *t)
{
    struct strbuf out;
    strbuf_init(&out);
    sql_run(t->conn, "CREATE TABLE t (k int8 NOT NULL, g int4, s text, u text, f float8)");
    sql_run(t->conn, "CREATE TABLE d (g int4, label text)");
    sql_run(t->conn, "CREATE TABLE empty (k int8, s text)");
    sql_run(t->conn, "INSERT INTO d VALUES (0, 'zero'), (1, 'one'), (1, 'uno'), (2000, 'none'), (NULL, 'null')");
    PGresult *r = PQexec(t->conn, "COPY t FROM STDIN");
    assert_int_equal(PQresultStatus(r), PGRES_COPY_IN);
    PQclear(r);
    for (int k = 0; k < ROWS; k++) {
        char g[16] = "\\N";
        if (k % 1000 != 7)
            snprintf(g, sizeof g, "%d", k % 1000);
        strbuf_add_fmt(&out, "%d\t%s\tname%d\tlong distinct text number %06d\t%.1f\n", k, g, k % 5000,
                       (int)((int64_t)k * 7919 % ROWS), k / 2.0);
    }
    assert_int_equal(PQputCopyData(t->conn, out.data, (int)out.len), 1);
    assert_int_equal(PQputCopyEnd(t->conn, NULL), 1);
    r = PQgetResult(t->conn);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(t->conn));
    PQclear(r);
    assert_null(PQgetResult(t->conn));
    strbuf_release(&out);
}

static const char *const cases[][2] = {
    /* counts, also of whole chunks without columns */
    {"SELECT count(*) FROM t", "150000"},
    {"SELECT count(*) FROM t WHERE k >= 100000", "50000"},
    {"SELECT count(g), count(DISTINCT g), min(g), max(g) FROM t", "149850|999|0|999"},
    {"SELECT count(*), sum(k), min(s), max(u) FROM empty e JOIN t USING (k, s)", "0|∅|∅|∅"},
    {"SELECT count(*), sum(1), count(1) FROM t", "150000|150000|150000"},
    {"SELECT 1, count(*) FROM t GROUP BY 1", "1|150000"},
    {"SELECT count(*) FROM (SELECT 1 FROM t LIMIT 70000) x", "70000"},
    {"SELECT count(*) FROM (SELECT 1 FROM t LIMIT 70000 OFFSET 120000) x", "30000"},
    {"SELECT sum(k), avg(k), sum(f), avg(f) FROM t", "11249925000|74999.500000000000|5624962500|37499.75"},
    {"SELECT count(*) FILTER (WHERE k < 10), count(DISTINCT s) FILTER (WHERE k < 10) FROM t", "10|10"},
    {"SELECT count(*) FROM t WHERE s LIKE 'name1%' AND u LIKE '%00001%'", "2"},
    /* groups */
    {"SELECT g, count(*) FROM t GROUP BY g ORDER BY g DESC LIMIT 3", "∅|150\n999|150\n998|150"},
    {"SELECT count(*), sum(c) FROM (SELECT u, count(*) c FROM t GROUP BY u) x", "150000|150000"},
    {"SELECT count(*), sum(c), min(m), max(n) FROM (SELECT s, g, count(*) c, min(u) m, max(u) n FROM t GROUP BY s, g) "
     "x",
     "5000|150000|long distinct text number 000000|long distinct text number 149999"},
    {"SELECT count(*), sum(c), sum(d) FROM (SELECT k % 50000 m, sum(k) c, count(DISTINCT g) d FROM t GROUP BY 1) x",
     "50000|11249925000|49950"},
    {"SELECT count(*), sum(n) FROM (SELECT f, avg(k) a, stddev(k) z, count(*) n FROM t GROUP BY f) x", "150000|150000"},
    {"SELECT count(DISTINCT u), count(DISTINCT k), sum(DISTINCT g) FROM t", "150000|150000|499493"},
    {"SELECT k, s FROM empty GROUP BY k, s", ""},
    {"SELECT count(*) FROM empty", "0"},
    {"SELECT max(s), sum(k) FROM empty", "∅|∅"},
    {"SELECT DISTINCT g FROM t WHERE g < 3 OR g IS NULL ORDER BY g NULLS FIRST", "∅\n0\n1\n2"},
    {"SELECT s, count(*) c FROM t GROUP BY s HAVING count(*) > 30", ""},
    /* sorts */
    {"SELECT k, u FROM t ORDER BY u LIMIT 2 OFFSET 1", "67679|long distinct text number 000001\n"
                                                       "135358|long distinct text number 000002"},
    {"SELECT k FROM t ORDER BY k DESC LIMIT 2", "149999\n149998"},
    {"SELECT k FROM t ORDER BY g DESC NULLS LAST, k OFFSET 149998", "148007\n149007"},
    {"SELECT g, s, k FROM t ORDER BY g NULLS FIRST, s DESC, k LIMIT 2", "∅|name7|7\n∅|name7|5007"},
    {"SELECT k FROM t ORDER BY k LIMIT 0", ""},
    {"SELECT s FROM empty ORDER BY s", ""},
    {"SELECT count(*), min(u) FROM (SELECT u FROM t ORDER BY u OFFSET 75000) x",
     "75000|long distinct text number 075000"},
    /* joins */
    {"SELECT label, count(*), sum(k) FROM t JOIN d ON t.g = d.g GROUP BY label ORDER BY label",
     "one|150|11175150\nuno|150|11175150\nzero|150|11175000"},
    {"SELECT label, count(k) FROM d LEFT JOIN t ON t.g = d.g GROUP BY label ORDER BY label",
     "none|0\nnull|0\none|150\nuno|150\nzero|150"},
    {"SELECT count(*) FROM t a JOIN t b ON a.k = b.k AND a.u = b.u", "150000"},
    {"SELECT count(*) FROM t WHERE g IN (SELECT g FROM d)", "300"},
    {"SELECT count(*) FROM t WHERE g NOT IN (SELECT g FROM d)", "0"},
    {"SELECT count(*) FROM t WHERE g NOT IN (SELECT g FROM d WHERE g IS NOT NULL)", "149550"},
    {"SELECT count(*) FROM d a CROSS JOIN d b", "25"},
    {"SELECT count(*) FROM (SELECT 1 FROM t a CROSS JOIN t b LIMIT 5000) x", "5000"},
    {"SELECT count(*) FROM t JOIN empty USING (k)", "0"},
    {"SELECT count(*), count(e.k) FROM t LEFT JOIN empty e ON e.k = t.k", "150000|0"},
    {"SELECT a.label, b.label FROM d a JOIN d b ON a.g < b.g AND a.label < b.label ORDER BY 1, 2", ""},
    /* init plans, shared subplans, UNION ALL */
    {"SELECT count(*) FROM t WHERE k = (SELECT max(k) FROM t)", "1"},
    {"SELECT EXISTS (SELECT 1 FROM t WHERE k > 5), EXISTS (SELECT 1 FROM empty)", "t|f"},
    {"SELECT EXISTS (SELECT 1 FROM empty UNION ALL SELECT 1 FROM t)", "t"},
    {"SELECT (SELECT g FROM d)", "ERROR 21000"},
    {"SELECT (SELECT k FROM empty) IS NULL", "t"},
    {"SELECT count(*), sum(k) FROM (SELECT k FROM t UNION ALL SELECT g FROM d UNION ALL SELECT k FROM empty) x",
     "150005|11249927002"},
    {"WITH x AS (SELECT g, count(*) c FROM t GROUP BY g) SELECT count(*) FROM x a JOIN x b ON a.g = b.g AND a.c = b.c",
     "999"},
    {"WITH x AS (SELECT k FROM t WHERE k < 1000) SELECT count(*) FROM x WHERE k > (SELECT avg(k) FROM x)", "500"},
    /* errors */
    {"SELECT sum(1 / (k - 140000)) FROM t", "ERROR 22012"},
    {"SELECT k FROM t LIMIT -1", "ERROR 2201W"},
    {"SELECT k FROM t OFFSET -1", "ERROR 2201X"},
};

static void run_cases(struct exec_test *t)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        sql_expect(t->conn, cases[i][0], cases[i][1]);
}

static void all_modes(const char *workers)
{
    struct exec_test t;
    exec_test_open(&t, workers);
    load(&t);
    run_cases(&t);
    sql_run(t.conn, "SET debug_fragments = on");
    run_cases(&t);
    sql_run(t.conn, "SET debug_fragments = off");
    exec_test_close(&t);
}

/* Groups that do not fit into the statement's memory go through files. */
static void test_aggregation_spills(void **state)
{
    static const char *const big[][2] = {
        {"SELECT count(*), sum(c), min(m), max(m), sum(a), max(x) FROM (SELECT u, count(*) c, min(k) m, avg(k) a, "
         "max(s) x "
         "FROM t GROUP BY u) y",
         "150000|150000|0|149999|11249925000.00000000000000000000|name999"},
        {"SELECT count(*), sum(c), sum(n), sum(f) FROM (SELECT k % 70000 AS m, g, count(*) c, sum(k) n, sum(f) f FROM "
         "t "
         "GROUP BY 1, 2) y",
         "70000|150000|11249925000|5624962500"},
    };
    struct exec_test t;
    exec_test_open(&t, "2");
    load(&t);
    for (int memory = 24; memory <= 40; memory += 16) {
        char *set = xasprintf("SET query_memory = '%dMB'", memory);
        sql_run(t.conn, set);
        free(set);
        for (size_t i = 0; i < ARRAY_LEN(big); i++)
            sql_expect(t.conn, big[i][0], big[i][1]);
    }
    exec_test_close(&t);
}

static void test_one_worker(void **state) { all_modes("1"); }
static void test_several_workers(void **state) { all_modes("3"); }

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_worker), cmocka_unit_test(test_several_workers),
                                       cmocka_unit_test(test_aggregation_spills)};
    return cmocka_run_group_tests_name("exec/operators", tests, NULL, NULL);
}
