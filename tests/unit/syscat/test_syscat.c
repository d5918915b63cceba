/* SPDX-License-Identifier: Apache-2.0 */
/* System relations over a catalogue of one table: the rows that describe it are PostgreSQL 15's for the same table. */
#include "tests/lib/unit.h"

#include "func/func.h"
#include "syscat/provider.h"
#include "types/value.h"

#include <stdlib.h>

enum { TABLE_OID = 16384 };

static const struct {
    oid_t type;
    int32_t typmod;
    bool not_null;
} facts[] = {
    {21, -1, false},   {23, -1, true},        {20, -1, false},   {700, -1, false},  {701, -1, false},
    {1700, -1, false}, {1700, 786438, false}, {25, -1, false},   {1043, 14, false}, {1042, 7, false},
    {1082, -1, false}, {1114, 3, false},      {1184, -1, false}, {1186, -1, false}, {16, -1, false},
    {17, -1, false},   {2950, -1, false},     {3802, -1, false}, {19, -1, false},   {1083, -1, false},
};

/* SELECT attname, atttypid, attlen, attnum, atttypmod, attbyval, attalign, attstorage, attnotnull, attcollation */
static const char attributes[] = "a|21|2|1|-1|t|s|p|f|0\n"
                                 "b|23|4|2|-1|t|i|p|t|0\n"
                                 "c|20|8|3|-1|t|d|p|f|0\n"
                                 "d|700|4|4|-1|t|i|p|f|0\n"
                                 "e|701|8|5|-1|t|d|p|f|0\n"
                                 "f|1700|-1|6|-1|f|i|m|f|0\n"
                                 "g|1700|-1|7|786438|f|i|m|f|0\n"
                                 "h|25|-1|8|-1|f|i|x|f|100\n"
                                 "i|1043|-1|9|14|f|i|x|f|100\n"
                                 "j|1042|-1|10|7|f|i|x|f|100\n"
                                 "k|1082|4|11|-1|t|i|p|f|0\n"
                                 "l|1114|8|12|3|t|d|p|f|0\n"
                                 "m|1184|8|13|-1|t|d|p|f|0\n"
                                 "n|1186|16|14|-1|f|d|p|f|0\n"
                                 "o|16|1|15|-1|t|c|p|f|0\n"
                                 "p|17|-1|16|-1|f|i|x|f|0\n"
                                 "q|2950|16|17|-1|f|c|p|f|0\n"
                                 "r|3802|-1|18|-1|f|i|x|f|0\n"
                                 "s|19|64|19|-1|f|c|p|f|950\n"
                                 "t|1083|8|20|-1|t|d|p|f|0\n";
/* SELECT column_name, ordinal_position, is_nullable, data_type, character_maximum_length, character_octet_length,
 * numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, udt_name, dtd_identifier */
static const char info_columns[] = "a|1|YES|smallint|||16|2|0||int2|1\n"
                                   "b|2|NO|integer|||32|2|0||int4|2\n"
                                   "c|3|YES|bigint|||64|2|0||int8|3\n"
                                   "d|4|YES|real|||24|2|||float4|4\n"
                                   "e|5|YES|double precision|||53|2|||float8|5\n"
                                   "f|6|YES|numeric||||10|||numeric|6\n"
                                   "g|7|YES|numeric|||12|10|2||numeric|7\n"
                                   "h|8|YES|text||1073741824|||||text|8\n"
                                   "i|9|YES|character varying|10|40|||||varchar|9\n"
                                   "j|10|YES|character|3|12|||||bpchar|10\n"
                                   "k|11|YES|date||||||0|date|11\n"
                                   "l|12|YES|timestamp without time zone||||||3|timestamp|12\n"
                                   "m|13|YES|timestamp with time zone||||||6|timestamptz|13\n"
                                   "n|14|YES|interval||||||6|interval|14\n"
                                   "o|15|YES|boolean|||||||bool|15\n"
                                   "p|16|YES|bytea|||||||bytea|16\n"
                                   "q|17|YES|uuid|||||||uuid|17\n"
                                   "r|18|YES|jsonb|||||||jsonb|18\n"
                                   "s|19|YES|name|||||||name|19\n"
                                   "t|20|YES|time without time zone||||||6|time|20\n";

struct context {
    struct syscat_context base;
    struct syscat *registry;
    struct table_def *def;
};

static const struct syscat *registry(void *context) { return ((struct context *)context)->registry; }

static const char *database(void *context, oid_t *oid)
{
    *oid = 16383;
    return "mencia";
}

static void each_table(void *context, void (*fn)(void *arg, const struct table_def *def, double rows), void *arg)
{
    fn(arg, ((struct context *)context)->def, 42);
}

static void each_role(void *context, void (*fn)(void *arg, const struct syscat_role *role), void *arg)
{
    fn(arg,
       &(struct syscat_role){.oid = 10, .name = "mencia", .superuser = true, .login = true, .valid_until = INT64_MIN});
    fn(arg, &(struct syscat_role){.oid = 16392, .name = "team", .valid_until = 0});
}

static void each_session(void *context, void (*fn)(void *arg, const struct syscat_session *session), void *arg)
{
    fn(arg, &(struct syscat_session){.pid = 7,
                                     .role = 10,
                                     .user = "mencia",
                                     .database = "mencia",
                                     .application = "psql",
                                     .client_addr = "",
                                     .state = "active",
                                     .query = "SELECT 1",
                                     .active = true,
                                     .backend_start_us = 946684800000001});
}

static void each_setting(void *arg, void (*fn)(void *fn_arg, const struct func_setting *setting), void *fn_arg)
{
    fn(fn_arg, &(struct func_setting){.name = "work_mem", .value = "4096", .unit = "kB"});
}

static const struct func_session own = {.pid = 7, .each_setting = each_setting};
static const struct func_session *session(void *context) { return &own; }

static const struct syscat_provider provider = {registry, database, each_table, each_role, each_session, session};

static int setup(void **state)
{
    struct context *c = calloc(1, sizeof *c);
    c->base.provider = &provider;
    c->registry = syscat_open(NULL, 0);
    c->def = table_def_new();
    c->def->oid = TABLE_OID;
    c->def->rowtype_oid = TABLE_OID + 1;
    c->def->array_oid = TABLE_OID + 2;
    c->def->owner = 10;
    c->def->schema_name = arena_strdup(&c->def->arena, "public");
    c->def->name = arena_strdup(&c->def->arena, "facts");
    c->def->ncolumn = ARRAY_LEN(facts);
    c->def->column = ARENA_ARRAY(&c->def->arena, struct column_def, ARRAY_LEN(facts));
    for (uint32_t i = 0; i < ARRAY_LEN(facts); i++) {
        char name[2] = {(char)('a' + i), 0};
        c->def->column[i] = (struct column_def){.name = arena_strdup(&c->def->arena, name),
                                                .attnum = (int16_t)(i + 1),
                                                .type = {facts[i].type, facts[i].typmod},
                                                .not_null = facts[i].not_null};
    }
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct context *c = *state;
    syscat_close(c->registry);
    table_def_put(c->def);
    free(c);
    return 0;
}

static uint32_t column_of(const struct relation *r, const char *name)
{
    const struct column_def *column = table_def_column(r->def, strview_of(name));
    assert_non_null(column);
    return (uint32_t)column->attnum - 1;
}

/* Rows whose key column has this text, the named columns divided by |, a line each. key NULL = all rows. */
static void rows_text(struct context *c, const char *schema, const char *name, const char *key, const char *key_text,
                      const char *const *want, uint32_t nwant, struct strbuf *out)
{
    struct relation r;
    struct arena arena;
    struct batch *batch;
    struct error err;
    uint32_t nbatch, column[32];
    assert_true(syscat_find(c->registry, strview_of(schema), strview_of(name), &r));
    for (uint32_t i = 0; i < nwant; i++)
        column[i] = column_of(&r, want[i]);
    if (key)
        column[nwant] = column_of(&r, key);
    arena_init(&arena, NULL);
    assert_ok(syscat_rows(&r, c, column, nwant + (key != NULL), &arena, &batch, &nbatch, &err), &err);
    for (uint32_t b = 0; b < nbatch; b++)
        for (uint32_t row = 0; row < batch[b].n; row++) {
            struct strbuf text;
            strbuf_init(&text);
            const struct vec *k = key ? &batch[b].col[nwant] : NULL;
            if (key && !vec_is_null(k, row))
                value_format(&text, r.def->column[column[nwant]].type.oid, vec_value(k, row), &value_ctx_default);
            bool match = !key || strcmp(text.data, key_text) == 0;
            strbuf_release(&text);
            for (uint32_t i = 0; match && i < nwant; i++) {
                const struct vec *v = &batch[b].col[i];
                strbuf_add_cstr(out, i ? "|" : "");
                if (!vec_is_null(v, row))
                    value_format(out, r.def->column[column[i]].type.oid, vec_value(v, row), &value_ctx_default);
            }
            if (match)
                strbuf_add_char(out, '\n');
        }
    arena_release(&arena);
}

#define ROWS(c, schema, name, key, text, out, ...)                                                                     \
    do {                                                                                                               \
        const char *const want[] = {__VA_ARGS__};                                                                      \
        strbuf_clear(out);                                                                                             \
        rows_text((c), (schema), (name), (key), (text), want, ARRAY_LEN(want), (out));                                 \
    } while (0)

/* Every relation can be read in full, and columns that say so are never NULL. */
static void read_one(void *arg, const struct table_def *def)
{
    struct context *c = arg;
    struct relation r;
    struct arena arena;
    struct batch *batch;
    struct error err;
    uint32_t nbatch, *all = calloc(def->ncolumn, sizeof *all);
    assert_true(syscat_find(c->registry, strview_of(def->schema_name), strview_of(def->name), &r));
    assert_ptr_equal(r.def, def);
    assert_ptr_equal(syscat_by_oid(c->registry, def->oid), def);
    for (uint32_t i = 0; i < def->ncolumn; i++)
        all[i] = i;
    arena_init(&arena, NULL);
    assert_ok(syscat_rows(&r, c, all, def->ncolumn, &arena, &batch, &nbatch, &err), &err);
    for (uint32_t b = 0; b < nbatch; b++)
        for (uint32_t i = 0; i < def->ncolumn; i++)
            for (uint32_t row = 0; def->column[i].not_null && row < batch[b].n; row++)
                if (vec_is_null(&batch[b].col[i], row))
                    fail_msg("%s.%s is NULL in row %u", def->name, def->column[i].name, row);
    arena_release(&arena);
    free(all);
}

static void test_each(void **state)
{
    struct context *c = *state;
    syscat_each(c->registry, read_one, c);
}

static void test_columns(void **state)
{
    struct strbuf out;
    strbuf_init(&out);
    ROWS(*state, "pg_catalog", "pg_attribute", "attrelid", "16384", &out, "attname", "atttypid", "attlen", "attnum",
         "atttypmod", "attbyval", "attalign", "attstorage", "attnotnull", "attcollation");
    assert_string_equal(out.data, attributes);
    ROWS(*state, "information_schema", "columns", "table_name", "facts", &out, "column_name", "ordinal_position",
         "is_nullable", "data_type", "character_maximum_length", "character_octet_length", "numeric_precision",
         "numeric_precision_radix", "numeric_scale", "datetime_precision", "udt_name", "dtd_identifier");
    assert_string_equal(out.data, info_columns);
    strbuf_release(&out);
}

static void test_relations(void **state)
{
    struct strbuf out;
    strbuf_init(&out);
    ROWS(*state, "pg_catalog", "pg_class", "relname", "facts", &out, "oid", "relnamespace", "reltype", "relkind",
         "reltuples", "relnatts");
    assert_string_equal(out.data, "16384|2200|16385|r|42|20\n");
    ROWS(*state, "pg_catalog", "pg_class", "relname", "pg_class", &out, "oid", "relkind", "relnatts");
    assert_string_equal(out.data, "1259|r|33\n");
    ROWS(*state, "pg_catalog", "pg_class", "relname", "pg_tables", &out, "relkind", "relnatts");
    assert_string_equal(out.data, "v|8\n");
    ROWS(*state, "pg_catalog", "pg_type", "typrelid", "16384", &out, "oid", "typname", "typtype", "typarray");
    assert_string_equal(out.data, "16385|facts|c|16386\n");
    ROWS(*state, "pg_catalog", "pg_type", "typname", "numeric", &out, "oid", "typlen", "typstorage", "typinput",
         "typmodin", "typarray");
    assert_string_equal(out.data, "1700|-1|m|numeric_in|numerictypmodin|1231\n");
    ROWS(*state, "pg_catalog", "pg_tables", "tablename", "facts", &out, "schemaname", "hasindexes");
    assert_string_equal(out.data, "public|f\n");
    strbuf_release(&out);
}

static void test_server(void **state)
{
    struct strbuf out;
    strbuf_init(&out);
    ROWS(*state, "pg_catalog", "pg_database", NULL, NULL, &out, "oid", "datname", "encoding");
    assert_string_equal(out.data, "16383|mencia|6\n");
    ROWS(*state, "pg_catalog", "pg_roles", NULL, NULL, &out, "rolname", "rolsuper", "rolcanlogin", "rolvaliduntil");
    assert_string_equal(out.data, "mencia|t|t|\nteam|f|f|2000-01-01 00:00:00+00\n");
    ROWS(*state, "pg_catalog", "pg_user", NULL, NULL, &out, "usename");
    assert_string_equal(out.data, "mencia\n");
    ROWS(*state, "pg_catalog", "pg_settings", NULL, NULL, &out, "name", "setting", "unit", "min_val");
    assert_string_equal(out.data, "work_mem|4096|kB|\n");
    ROWS(*state, "pg_catalog", "pg_stat_activity", NULL, NULL, &out, "pid", "usename", "client_addr", "client_port",
         "backend_start", "xact_start", "state");
    assert_string_equal(out.data, "7|mencia||-1|2000-01-01 00:00:00.000001+00||active\n");
    strbuf_release(&out);
}

/* int4pl and + as PostgreSQL 15 shows them. */
static void test_functions(void **state)
{
    struct strbuf out;
    strbuf_init(&out);
    ROWS(*state, "pg_catalog", "pg_proc", "proname", "int4pl", &out, "oid", "prokind", "provolatile", "proisstrict",
         "pronargs", "prorettype", "proargtypes");
    assert_string_equal(out.data, "177|f|i|t|2|23|23 23\n");
    ROWS(*state, "pg_catalog", "pg_operator", "oid", "551", &out, "oprname", "oprkind", "oprleft", "oprright",
         "oprresult", "oprcom", "oprcode");
    assert_string_equal(out.data, "+|b|23|23|23|551|int4pl\n");
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
