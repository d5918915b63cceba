/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of plans, by EXPLAIN without its estimates; invariants every plan must have. */
#include "tests/unit/planner/planner_test.h"

#include "types/zone.h"

/* Takes "  (cost=… width=…)" out of every line. */
static void strip_costs(struct strbuf *sb)
{
    char *out = sb->data;
    for (char *in = sb->data; *in;) {
        char *end = strncmp(in, "  (cost=", 8) == 0 ? strchr(in, ')') : NULL;
        if (end)
            in = end + 1;
        else
            *out++ = *in++;
    }
    *out = '\0';
    sb->len = (size_t)(out - sb->data);
}

static const struct bind_case shapes[] = {
    {"select a from t where a between 1 and 10 and b in (1,2,3) and d is not null and h",
     "Seq Scan on t\n"
     "  Zone Cond: (a BETWEEN 1 AND 10) AND (b IN (1, 2, 3)) AND (d IS NOT NULL) AND (h = t)\n"},
    {"select a from t where c in (1, 100000) and b = 5::smallint and not h and 7 >= a",
     "Seq Scan on t\n"
     "  Zone Cond: (c = 1) AND (b = 5) AND (h = f) AND (a <= 7)\n"},
    {"select x from (select a + 1 as x, b from t where c > 1) s where x > 3", "Project\n"
                                                                              "  ->  Seq Scan on t\n"
                                                                              "        Zone Cond: (c > 1)\n"
                                                                              "        Filter: ((a + 1) > 3)\n"},
    {"select a, b, c from t where false", "Values Scan\n"},
    {"select a from t where null", "Values Scan\n"},
    {"select a from t where a = 1 + 1 and true", "Seq Scan on t\n  Zone Cond: (a = 2)\n"},
    {"select a from t where a = $1 and c < 100000", "Project\n"
                                                    "  ->  Seq Scan on t\n"
                                                    "        Run-time Cond: (a = $1)\n"
                                                    "        Filter: (c < 100000)\n"},
    {"select a from t limit 5", "Limit\n  Limit: '5'::bigint\n  ->  Seq Scan on t\n        Stops After: 5\n"},
    {"select a from t where b > 1 limit 5 offset 2",
     "Limit\n  Limit: '5'::bigint\n  Offset: '2'::bigint\n  ->  Seq Scan on t\n"
     "        Zone Cond: (b > 1)\n        Stops After: 7\n"},
    {"select a from t order by b desc limit 10",
     "Top-N Sort\n  Sort Key: b DESC\n  Limit: '10'::bigint\n  ->  Seq Scan on t\n"},
    {"select distinct a, b from t", "HashAggregate\n  Group Key: a, b\n  ->  Seq Scan on t\n"},
    {"select a from t union select id from t2",
     "HashAggregate\n  Group Key: a\n  ->  Append\n        ->  Seq Scan on t\n        ->  Seq Scan on t2\n"},
    {"select t.a, t2.name from t left join t2 on t.a = t2.a and t2.id > 3 where t.b > 1",
     "Project\n"
     "  ->  Hash Left Join\n"
     "        Hash Cond: (a = a)\n"
     "        Build Side: inner\n"
     "        ->  Seq Scan on t\n"
     "              Zone Cond: (b > 1)\n"
     "        ->  Seq Scan on t2\n"
     "              Zone Cond: (id > 3)\n"},
    /* A condition that a row of NULLs cannot meet makes it an inner join; IS NULL does not. */
    {"select t.a from t left join t2 on t.a = t2.a where t2.id = 3", "Project\n"
                                                                     "  ->  Hash Join\n"
                                                                     "        Hash Cond: (a = a)\n"
                                                                     "        Build Side: inner\n"
                                                                     "        ->  Seq Scan on t\n"
                                                                     "        ->  Seq Scan on t2\n"
                                                                     "              Zone Cond: (id = 3)\n"},
    {"select t.a from t left join t2 on t.a = t2.a where t2.id is null", "Project\n"
                                                                         "  ->  Filter\n"
                                                                         "        Filter: (id IS NULL)\n"
                                                                         "        ->  Project\n"
                                                                         "              ->  Hash Left Join\n"
                                                                         "                    Hash Cond: (a = a)\n"
                                                                         "                    Build Side: inner\n"
                                                                         "                    ->  Seq Scan on t\n"
                                                                         "                    ->  Seq Scan on t2\n"},
    {"select a from t where a in (select id from t2 where name = 'x')", "Hash Semi Join\n"
                                                                        "  Hash Cond: (a = id)\n"
                                                                        "  Build Side: inner\n"
                                                                        "  ->  Seq Scan on t\n"
                                                                        "  ->  Seq Scan on t2\n"
                                                                        "        Zone Cond: (name = 'x'::text)\n"},
    {"select a from t where a not in (select id from t2)", "Project\n"
                                                           "  ->  Filter\n"
                                                           "        Filter: (NOT $col1)\n"
                                                           "        ->  Hash Mark Join\n"
                                                           "              Hash Cond: (a = id)\n"
                                                           "              Build Side: inner\n"
                                                           "              ->  Seq Scan on t\n"
                                                           "              ->  Seq Scan on t2\n"},
    {"with c as (select a, b from t where a > 1) select a from c where b = 3",
     "Seq Scan on t\n  Zone Cond: (a > 1) AND (b = 3)\n"},
    {"with c as (select a from t) select c.a from c join c d on c.a = d.a", "Project\n"
                                                                            "  ->  Hash Join\n"
                                                                            "        Hash Cond: (a = a)\n"
                                                                            "        Build Side: inner\n"
                                                                            "        ->  CTE Scan\n"
                                                                            "              Shared Plan: 1\n"
                                                                            "        ->  CTE Scan\n"
                                                                            "              Shared Plan: 1\n"
                                                                            "  Shared Plan 1\n"
                                                                            "  ->  Seq Scan on t\n"},
    {"select a from t where b = (select max_id from (select id as max_id from t2 limit 1) x)",
     "Project\n"
     "  ->  Seq Scan on t\n"
     "        Run-time Cond: (b = ($1)::bigint)\n"
     "  InitPlan 1 (returns $1)\n"
     "  ->  Limit\n"
     "        Limit: '1'::bigint\n"
     "        ->  Seq Scan on t2\n"
     "              Stops After: 1\n"},
    {"select e from (select a as e from t limit 10) s where e = 1", "Filter\n"
                                                                    "  Filter: (a = 1)\n"
                                                                    "  ->  Limit\n"
                                                                    "        Limit: '10'::bigint\n"
                                                                    "        ->  Seq Scan on t\n"
                                                                    "              Stops After: 10\n"},
    {"select a, count(*) from t where b > 3 group by a having a > 5 and count(*) > 2 order by 2 desc limit 3",
     "Top-N Sort\n"
     "  Sort Key: count DESC\n"
     "  Limit: '3'::bigint\n"
     "  ->  Filter\n"
     "        Filter: (count > 2)\n"
     "        ->  HashAggregate\n"
     "              Group Key: a\n"
     "              Aggregates: count(*)\n"
     "              ->  Seq Scan on t\n"
     "                    Zone Cond: (b > 3) AND (a > 5)\n"},
    {"select x, n from (select a as x, count(*) as n from t group by a) s where x = 3 and n > 2",
     "Filter\n"
     "  Filter: (n > 2)\n"
     "  ->  HashAggregate\n"
     "        Group Key: a\n"
     "        Aggregates: count(*)\n"
     "        ->  Seq Scan on t\n"
     "              Zone Cond: (a = 3)\n"},
    /* Keys that are constant or follow from others are left out … */
    {"select 1, clientip, clientip - 1, count(*) as c from hits group by 1, clientip, clientip - 1 order by c limit 10",
     "Top-N Sort\n"
     "  Sort Key: c\n"
     "  Limit: '10'::bigint\n"
     "  ->  Project\n"
     "        ->  HashAggregate\n"
     "              Group Key: clientip\n"
     "              Aggregates: count(*)\n"
     "              ->  Seq Scan on hits\n"},
    /* … but not where an overflow in them would go unnoticed. */
    {"select a, count(*) from t group by a, a - 1", "Project\n"
                                                    "  ->  HashAggregate\n"
                                                    "        Group Key: a, $col2\n"
                                                    "        Aggregates: count(*)\n"
                                                    "        ->  Project\n"
                                                    "              ->  Seq Scan on t\n"},
    {"select sum(c + 1), sum(c - 3), sum(c + 100000000), sum(a + 1) from t",
     "Project\n"
     "  ->  Aggregate\n"
     "        Aggregates: sum(c), count(c), sum($col2), sum($col3)\n"
     "        ->  Project\n"
     "              ->  Seq Scan on t\n"},
    {"select count(distinct a), sum(b) filter (where h) from t", "Aggregate\n"
                                                                 "  Aggregates: count(DISTINCT a), sum(b)\n"
                                                                 "  ->  Seq Scan on t\n"},
    {"select count(*) from t where d like 'ab%'", "Aggregate\n"
                                                  "  Aggregates: count(*)\n"
                                                  "  ->  Seq Scan on t\n"
                                                  "        Zone Cond: (d >= 'ab'::text) AND (d < 'ac'::text)\n"
                                                  "        Filter: (d ~~ 'ab%'::text)\n"},
    {"select 1", "Project\n  ->  Result\n"},
    {"values (1), (2)", "Values Scan\n"},
};

static void test_shapes(void **state)
{
    struct run run;
    struct strbuf text;
    uint32_t bad = 0;
    run_init(&run);
    strbuf_init(&text);
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        assert_ok(run_plan(&run, shapes[i].sql, NULL), &run.err);
        strbuf_clear(&text);
        plan_explain(&text, run.plan, NULL, false);
        strip_costs(&text);
        if (strcmp(text.data, shapes[i].expect) != 0) {
            print_error("%s\nexpected\n%sgot\n%s", shapes[i].sql, shapes[i].expect, text.data);
            bad++;
        }
    }
    strbuf_release(&text);
    run_release(&run);
    assert_int_equal(bad, 0);
}

/* ---- what holds for every plan ---- */

static void check_expr(const struct expr *e, uint32_t ncol, const struct coltype *type, uint32_t nparam)
{
    assert_true(e->kind != EXPR_AGG && e->kind != EXPR_SUBLINK);
    assert_int_not_equal(e->type.oid, TYPE_UNKNOWN);
    if (e->kind == EXPR_COLUMN) {
        assert_true(e->column < ncol);
        assert_int_equal(type_phys(e->type.oid), type_phys(type[e->column].oid));
    }
    if (e->kind == EXPR_PARAM)
        assert_true(e->param < nparam);
    for (uint32_t i = 0; e->kind == EXPR_CALL && i < e->nargs; i++) {
        oid_t declared = e->func->arg[MIN_OF(i, e->func->nargs - 1u)];
        if (declared != TYPE_ANY && declared != TYPE_ANYELEMENT && declared != TYPE_ANYARRAY)
            assert_int_equal(declared, e->args[i]->type.oid);
    }
    for (uint32_t i = 0; i < e->nargs; i++)
        check_expr(e->args[i], ncol, type, nparam);
}

static void check_node(const struct plan *plan, const struct plan_node *n, bool *seen)
{
    const struct plan_node *in = n->nchild ? n->child[0] : NULL;
    assert_true(n->id < plan->nnode);
    assert_false(seen[n->id]);
    seen[n->id] = true;
    switch (n->kind) {
    case PLAN_SCAN:
        for (uint32_t i = 0; i < n->ncol; i++)
            assert_int_equal(n->type[i].oid, n->scan.relation.def->column[n->scan.column[i]].type.oid);
        for (uint32_t i = 0; i < n->scan.npred; i++)
            assert_int_equal(n->scan.pred[i].type, n->scan.relation.def->column[n->scan.pred[i].column].type.oid);
        for (uint32_t i = 0; i < n->scan.nfilter; i++)
            check_expr(n->scan.filter[i], n->ncol, n->type, plan->nparam);
        for (uint32_t i = 0; i < n->scan.nparam_pred; i++)
            check_expr(n->scan.param_pred[i], n->ncol, n->type, plan->nparam);
        break;
    case PLAN_FILTER: check_expr(n->filter.cond, in->ncol, in->type, plan->nparam); break;
    case PLAN_PROJECT:
        for (uint32_t i = 0; i < n->ncol; i++) {
            check_expr(n->project.expr[i], in->ncol, in->type, plan->nparam);
            assert_int_equal(n->project.expr[i]->type.oid, n->type[i].oid);
        }
        break;
    case PLAN_SORT:
        for (uint32_t i = 0; i < n->sort.nkey; i++)
            assert_true(n->sort.key[i].column < in->ncol);
        break;
    case PLAN_AGG:
        for (uint32_t i = 0; i < n->agg.nkey; i++)
            assert_true(n->agg.key[i] < in->ncol);
        for (uint32_t i = 0; i < n->agg.nagg; i++)
            for (uint32_t k = 0; k < n->agg.agg[i].narg; k++)
                assert_true(n->agg.agg[i].arg[k] < in->ncol);
        break;
    case PLAN_JOIN:
        for (uint32_t i = 0; i < n->join.nkey; i++)
            assert_int_equal(type_phys(in->type[n->join.left_key[i]].oid),
                             type_phys(n->child[1]->type[n->join.right_key[i]].oid));
        break;
    case PLAN_UNION_ALL:
        for (uint32_t k = 0; k < n->nchild; k++)
            for (uint32_t i = 0; i < n->ncol; i++)
                assert_int_equal(n->child[k]->type[i].oid, n->type[i].oid);
        break;
    default: break;
    }
    for (uint32_t i = 0; i < n->nchild; i++)
        check_node(plan, n->child[i], seen);
}

static void check_plan(const struct run *run)
{
    const struct plan *plan = run->plan;
    bool *seen = xcalloc(plan->nnode, sizeof *seen);
    for (uint32_t i = 0; i < plan->nfragment; i++)
        check_node(plan, plan->fragment[i].root, seen);
    for (uint32_t i = 0; i < plan->nshared; i++)
        check_node(plan, plan->shared[i], seen);
    for (uint32_t i = 0; i < plan->ninit; i++)
        check_node(plan, plan->init[i].root, seen);
    const struct plan_node *root = plan->fragment[0].root;
    assert_int_equal(plan->ncol, run->query.ncol);
    assert_true(root->ncol >= plan->ncol);
    for (uint32_t i = 0; i < plan->ncol; i++)
        assert_int_equal(root->type[i].oid, run->query.column[i].type.oid);
    free(seen);
}

#include "tests/unit/planner/cases_right.h"

static void test_invariants(void **state)
{
    struct run run;
    run_init(&run);
    for (size_t i = 0; i < ARRAY_LEN(right_cases); i++)
        for (int mode = 0; mode < 3; mode++) {
            struct plan_options options = {.debug_fragments = mode == 1, .disable_rules = mode == 2};
            assert_ok(run_plan(&run, right_cases[i].sql, &options), &run.err);
            check_plan(&run);
        }
    run_release(&run);
}

/* The same bound query planned twice gives the same plan. */
static void test_planning_again(void **state)
{
    static const char *const sql[] = {
        "with c as (select a from t) select c.a from c join c d on c.a = d.a where c.a > 1",
        "select x from (select a + 1 as x from t) s where x in (select id from t2)",
    };
    struct run run;
    struct strbuf first, second;
    run_init(&run);
    strbuf_init(&first);
    strbuf_init(&second);
    for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
        assert_ok(run_plan(&run, sql[i], NULL), &run.err);
        strbuf_clear(&first);
        plan_explain(&first, run.plan, NULL, true);
        assert_ok(sql_plan(&run.arena, &run.query, NULL, &run.plan, &run.err), &run.err);
        check_plan(&run);
        strbuf_clear(&second);
        plan_explain(&second, run.plan, NULL, true);
        assert_string_equal(first.data, second.data);
    }
    strbuf_release(&first);
    strbuf_release(&second);
    run_release(&run);
}

static void test_fragments(void **state)
{
    static const struct plan_options cluster = {.debug_fragments = true};
    struct run run;
    run_init(&run);
    assert_ok(run_plan(&run, "select a from t order by b limit 3 offset 2", &cluster), &run.err);
    assert_int_equal(run.plan->nfragment, 2);
    const struct plan_node *top = run.plan->fragment[0].root;
    assert_int_equal(top->kind, PLAN_SORT);
    assert_int_equal(top->child[0]->kind, PLAN_EXCHANGE);
    assert_int_equal(top->child[0]->exchange.kind, EXCHANGE_MERGE);
    const struct plan_node *local = run.plan->fragment[1].root;
    assert_true(run.plan->fragment[1].on_servers);
    assert_int_equal(local->sort.limit->value.d.i64, 5);
    assert_null(local->sort.offset);
    assert_ok(run_plan(&run, "select d, avg(a), max(b) from t where c > 1 group by d", &cluster), &run.err);
    assert_int_equal(run.plan->nfragment, 2);
    assert_int_equal(run.plan->fragment[0].root->agg.mode, AGG_FINAL);
    assert_int_equal(run.plan->fragment[1].root->agg.mode, AGG_PARTIAL);
    assert_ok(run_plan(&run, "select count(distinct a) from t", &cluster), &run.err);
    assert_int_equal(run.plan->fragment[0].root->agg.mode, AGG_SINGLE);
    assert_ok(run_plan(&run, "select t.a from t join t2 using (a)", &cluster), &run.err);
    assert_int_equal(run.plan->nfragment, 3);
    run_release(&run);
}

static void test_explain_json(void **state)
{
    struct run run;
    struct strbuf text;
    run_init(&run);
    strbuf_init(&text);
    assert_ok(run_plan(&run, "select a from t where d = 'q\"x'", NULL), &run.err);
    struct node_stats *stats = xcalloc(run.plan->nnode, sizeof *stats);
    stats[0].rows = 7;
    plan_explain_json(&text, run.plan, stats, true);
    assert_non_null(strstr(text.data, "\"Node Type\": \"Seq Scan\""));
    assert_non_null(strstr(text.data, "\"Actual Rows\": 7"));
    assert_non_null(strstr(text.data, "q\\\"x"));
    strbuf_clear(&text);
    plan_explain(&text, run.plan, stats, false);
    assert_non_null(strstr(text.data, "rows=7 loops=1"));
    free(stats);
    strbuf_release(&text);
    run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),    cmocka_unit_test(test_invariants),   cmocka_unit_test(test_planning_again),
        cmocka_unit_test(test_fragments), cmocka_unit_test(test_explain_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
