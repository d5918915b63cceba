/* SPDX-License-Identifier: Apache-2.0 */
/* Statements into our syntax tree. */
#include "tests/unit/planner/planner_test.h"

static const char *const clickbench[] = {
#include "tests/unit/planner/clickbench.h"
};

struct parsed {
    struct arena arena;
    struct ast_list list;
    struct error err;
};

static const struct ast_node *parse(struct parsed *p, const char *sql)
{
    arena_init(&p->arena, NULL);
    assert_ok(sql_parse(&p->arena, strview_of(sql), &p->list, &p->err), &p->err);
    assert_true(p->list.n >= 1);
    return p->list.node[0];
}

static void assert_view(struct strview view, const char *expect)
{
    if (!strview_equal_cstr(view, expect))
        fail_msg("'%.*s' is not '%s'", (int)view.len, view.ptr, expect);
}

static void test_tags(void **state)
{
    static const struct {
        const char *sql, *tag;
        enum ast_kind kind;
    } cases[] = {
        {"select 1", "SELECT", AST_SELECT},
        {"values (1)", "SELECT", AST_SELECT},
        {"insert into t values (1)", "INSERT", AST_INSERT},
        {"copy t from stdin", "COPY", AST_COPY},
        {"create table x (a int)", "CREATE TABLE", AST_CREATE_TABLE},
        {"alter table x set (ingest=paused)", "ALTER TABLE", AST_ALTER_TABLE},
        {"drop table x", "DROP TABLE", AST_DROP},
        {"drop schema x", "DROP SCHEMA", AST_DROP},
        {"create user u password 'x'", "CREATE ROLE", AST_CREATE_ROLE},
        {"drop role u", "DROP ROLE", AST_DROP_ROLE},
        {"set x = 1", "SET", AST_SET},
        {"reset x", "RESET", AST_SET},
        {"show x", "SHOW", AST_SHOW},
        {"begin", "BEGIN", AST_TRANSACTION},
        {"start transaction", "START TRANSACTION", AST_TRANSACTION},
        {"end", "COMMIT", AST_TRANSACTION},
        {"abort", "ROLLBACK", AST_TRANSACTION},
        {"rollback to s", "ROLLBACK", AST_TRANSACTION},
        {"savepoint s", "SAVEPOINT", AST_TRANSACTION},
        {"release s", "RELEASE", AST_TRANSACTION},
        {"explain select 1", "EXPLAIN", AST_EXPLAIN},
        {"prepare p as select 1", "PREPARE", AST_PREPARE},
        {"execute p", "EXECUTE", AST_EXECUTE},
        {"deallocate all", "DEALLOCATE ALL", AST_DEALLOCATE},
        {"declare c cursor for select 1", "DECLARE CURSOR", AST_DECLARE_CURSOR},
        {"fetch 5 from c", "FETCH", AST_FETCH},
        {"move all in c", "MOVE", AST_FETCH},
        {"close c", "CLOSE CURSOR", AST_CLOSE_CURSOR},
        {"discard all", "DISCARD ALL", AST_DISCARD},
        {"listen x", "LISTEN", AST_LISTEN},
        {"lock table t", "LOCK TABLE", AST_LOCK},
        {"vacuum t", "VACUUM", AST_VACUUM},
        {"call f(1, 'x')", "CALL", AST_CALL},
        {"truncate t", "TRUNCATE TABLE", AST_TRUNCATE},
        {"delete from t", "DELETE", AST_DELETE},
        {"update t set a = 1", "UPDATE", AST_UPDATE},
        {"create view v as select 1", "CREATE VIEW", AST_OTHER},
        {"create index on t (a)", "CREATE INDEX", AST_OTHER},
        {"grant select on t to u", "GRANT", AST_GRANT},
        {"comment on table t is 'x'", "COMMENT", AST_COMMENT},
        {"create table y as select 1", "SELECT", AST_CREATE_TABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed p;
        const struct ast_node *node = parse(&p, cases[i].sql);
        assert_int_equal(node->kind, cases[i].kind);
        assert_string_equal(ast_tag(node), cases[i].tag);
        arena_release(&p.arena);
    }
}

static void test_create_table(void **state)
{
    struct parsed p;
    const struct ast_node *n =
        parse(&p, "create table if not exists public.Clicks (user_id text options (path 'user.id') not null, "
                  "\"Amount\" numeric(12,2) default 1.5 + (2) not null, s text default 'a,b)' , "
                  "g bigint generated always as (kafka_offset()) stored, n text default null not null, "
                  "t timestamp(3) with time zone default (now()), ok boolean primary key) "
                  "partition by range (ts) with (kafka.brokers='k:9092', format=JSON, \"kafka.a.b\"=3, infer, x=0.5)");
    assert_int_equal(n->kind, AST_CREATE_TABLE);
    assert_view(n->create_table.table.schema, "public");
    assert_view(n->create_table.table.name, "clicks");
    assert_true(n->create_table.if_not_exists);
    assert_int_equal(n->create_table.ncolumn, 7);
    const struct ast_column_def *c = n->create_table.column;
    assert_true(c[0].not_null && !c[0].quoted);
    assert_view(c[0].option[0].key, "path");
    assert_view(c[0].option[0].text, "user.id");
    assert_true(c[1].quoted && c[1].not_null);
    assert_int_equal(c[1].type.typmod, ((12 << 16) | 2) + 4);
    assert_view(c[1].default_sql, "1.5 + (2)");
    assert_view(c[2].default_sql, "'a,b)'");
    assert_view(c[3].generated_sql, "kafka_offset()");
    assert_view(c[4].default_sql, "null");
    assert_true(c[4].not_null);
    assert_int_equal(c[5].type.oid, TYPE_TIMESTAMPTZ);
    assert_int_equal(c[5].type.typmod, 3);
    assert_view(c[5].default_sql, "(now())");
    assert_true(c[6].primary_key);
    assert_true(n->create_table.partition_by_range);
    assert_view(n->create_table.partition_column, "ts");
    const struct ast_option *o = n->create_table.option;
    assert_int_equal(n->create_table.noption, 5);
    assert_view(o[0].key, "kafka.brokers");
    assert_int_equal(o[0].kind, OPTION_STRING);
    assert_view(o[1].text, "json");
    assert_true(o[1].kind == OPTION_WORD && o[1].capitals_lost);
    assert_view(o[2].key, "kafka.a.b");
    assert_true(o[2].kind == OPTION_INTEGER);
    assert_true(o[3].kind == OPTION_NONE);
    assert_true(o[4].kind == OPTION_FLOAT);
    arena_release(&p.arena);
}

static void test_utility_details(void **state)
{
    struct parsed p;
    const struct ast_node *n = parse(&p, "execute q (1 + 2, 'a,(b', array[1, 2])");
    assert_int_equal(n->execute.narg, 3);
    assert_view(n->execute.arg_sql[0], "1 + 2");
    assert_view(n->execute.arg_sql[1], "'a,(b'");
    assert_view(n->execute.arg_sql[2], "array[1, 2]");
    arena_release(&p.arena);
    n = parse(&p, "set search_path to a, \"B\", 'c'");
    assert_view(n->set.value, "a, B, c");
    arena_release(&p.arena);
    n = parse(&p, "set local statement_timeout = 500");
    assert_true(n->set.local);
    assert_view(n->set.value, "500");
    arena_release(&p.arena);
    n = parse(&p, "set session characteristics as transaction isolation level repeatable read");
    assert_true(n->set.transaction);
    assert_view(n->set.option[0].text, "repeatable read");
    arena_release(&p.arena);
    n = parse(&p, "fetch backward all from \"C\"");
    assert_true(n->fetch.direction == FETCH_DIR_BACKWARD && n->fetch.count == INT64_MAX);
    arena_release(&p.arena);
    n = parse(&p, "alter table t rename column a to b");
    assert_true(n->alter_table.what == ALTER_RENAME_COLUMN);
    assert_view(n->alter_table.old_name, "a");
    assert_view(n->alter_table.new_name, "b");
    arena_release(&p.arena);
    n = parse(&p, "copy (select 1) to stdout with (format csv, header, delimiter ';', force_quote (a, b))");
    assert_non_null(n->copy.query);
    assert_int_equal(n->copy.noption, 4);
    assert_int_equal(n->copy.option[3].nlist, 2);
    arena_release(&p.arena);
    n = parse(&p, "prepare q (int, text, unknown) as select $1");
    assert_int_equal(n->prepare.ntype, 3);
    assert_int_equal(n->prepare.type[0], TYPE_INT4);
    assert_int_equal(n->prepare.type[2], 0);
    arena_release(&p.arena);
    n = parse(&p, "drop table if exists a, b.\"C\" cascade");
    assert_true(n->drop.if_exists && n->drop.cascade && n->drop.nname == 2);
    assert_view(n->drop.name[1].schema, "b");
    assert_view(n->drop.name[1].name, "C");
    arena_release(&p.arena);
}

static void test_texts_of_statements(void **state)
{
    struct parsed p;
    parse(&p, "  select 1 ;\n\n select 'a;b' ; ");
    assert_int_equal(p.list.n, 2);
    assert_view(p.list.node[0]->text, "select 1");
    assert_view(p.list.node[1]->text, "select 'a;b'");
    assert_int_equal(p.list.node[1]->begin, 15);
    arena_release(&p.arena);
    arena_init(&p.arena, NULL);
    assert_ok(sql_parse(&p.arena, STRVIEW(" ; -- nothing\n"), &p.list, &p.err), &p.err);
    assert_int_equal(p.list.n, 0);
    arena_release(&p.arena);
}

static void test_clickbench_parses(void **state)
{
    assert_int_equal(ARRAY_LEN(clickbench), 43);
    for (size_t i = 0; i < ARRAY_LEN(clickbench); i++) {
        struct parsed p;
        assert_int_equal(parse(&p, clickbench[i])->kind, AST_SELECT);
        arena_release(&p.arena);
    }
}

static void test_syntax_errors(void **state)
{
    static const struct {
        const char *sql, *message;
        int32_t position;
    } cases[] = {
        {"selec 1", "syntax error at or near \"selec\"", 1},
        {"select 'é' 1 2", "syntax error at or near \"1\"", 13}, /* bytes, not characters */
        {"select 'abc", "unterminated quoted string at or near \"'abc\"", 8},
        {"select (1", "syntax error at end of input", 10},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed p;
        arena_init(&p.arena, NULL);
        assert_sqlstate(sql_parse(&p.arena, strview_of(cases[i].sql), &p.list, &p.err), &p.err, "42601");
        assert_string_equal(p.err.message, cases[i].message);
        assert_int_equal(p.err.position, cases[i].position);
        arena_release(&p.arena);
    }
}

static void repeat(struct strbuf *sb, const char *s, int n)
{
    for (int i = 0; i < n; i++)
        strbuf_add_cstr(sb, s);
}

static void test_limits(void **state)
{
    struct parsed p;
    struct strbuf sb;
    arena_init(&p.arena, NULL);
    strbuf_init(&sb);
    strbuf_add_cstr(&sb, "select 1");
    repeat(&sb, " + 1", 2000);
    assert_sqlstate(sql_parse(&p.arena, strview_make(sb.data, sb.len), &p.list, &p.err), &p.err, "54001");
    strbuf_clear(&sb);
    strbuf_add_cstr(&sb, "select ");
    repeat(&sb, "(select ", 1500);
    strbuf_add_cstr(&sb, "1");
    repeat(&sb, ")", 1500);
    assert_sqlstate(sql_parse(&p.arena, strview_make(sb.data, sb.len), &p.list, &p.err), &p.err, "54001");
    strbuf_clear(&sb);
    strbuf_add_cstr(&sb, "select 1 where 1 = 1");
    repeat(&sb, " and 1 = 1", 3000); /* a flat list */
    assert_ok(sql_parse(&p.arena, strview_make(sb.data, sb.len), &p.list, &p.err), &p.err);
    strbuf_clear(&sb);
    repeat(&sb, "select 1;     ", 80000);
    assert_sqlstate(sql_parse(&p.arena, strview_make(sb.data, sb.len), &p.list, &p.err), &p.err, "54000");
    strbuf_release(&sb);
    arena_release(&p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_create_table),
        cmocka_unit_test(test_utility_details),
        cmocka_unit_test(test_texts_of_statements),
        cmocka_unit_test(test_clickbench_parses),
        cmocka_unit_test(test_syntax_errors),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
