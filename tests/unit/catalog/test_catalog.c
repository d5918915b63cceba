/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what is stored, PostgreSQL's errors, several writers, faults of the store, kills. */
#include "tests/lib/unit.h"

#include "base/thread.h"
#include "catalog/catalog.h"
#include "cluster/codec.h"
#include "cluster/coord_sim.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct coord_sim *sim;
    struct coord *coord;
    struct catalog *catalog;
    struct arena arena;
    struct error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->sim = coord_sim_new(env_real(), 3);
    f->coord = coord_sim_session(f->sim);
    arena_init(&f->arena, NULL);
    assert_ok(catalog_open(env_real(), f->coord, &f->catalog, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    catalog_close(f->catalog);
    coord_close(f->coord);
    coord_sim_free(f->sim);
    arena_release(&f->arena);
    free(f);
    return 0;
}

static struct table_def *new_def(const char *schema, const char *name)
{
    struct table_def *def = table_def_new();
    def->schema_name = arena_strdup(&def->arena, schema);
    def->name = arena_strdup(&def->arena, name);
    def->owner = CATALOG_SUPERUSER_OID;
    def->ncolumn = 2;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, 2);
    def->column[0] = (struct column_def){
        .name = arena_strdup(&def->arena, "id"), .attnum = 1, .type = coltype(TYPE_INT8), .not_null = true};
    def->column[1] = (struct column_def){.name = arena_strdup(&def->arena, "Amount"),
                                         .attnum = 2,
                                         .type = {TYPE_NUMERIC, ((12 << 16) | 2) + 4},
                                         .default_sql = arena_strdup(&def->arena, "1.5"),
                                         .source_path = arena_strdup(&def->arena, "a.b"),
                                         .source_path_exact = true};
    def->options.seal_rows = 1000000;
    def->options.seal_age_us = 3600000000;
    return def;
}

/* Creates a table and lets go of the definition; its oid, 0 if refused. */
static oid_t create_in(struct catalog *catalog, const char *name, struct error *err)
{
    struct table_def *def = new_def("public", name);
    oid_t oid = catalog_create_table(catalog, def, NULL, 0, err) ? def->oid : 0;
    table_def_put(def);
    return oid;
}

static oid_t create(struct fixture *f, const char *name)
{
    oid_t oid = create_in(f->catalog, name, &f->err);
    if (!oid)
        fail_msg("%s: %s", name, f->err.message);
    return oid;
}

static const struct table_def *find(struct fixture *f, const char *name)
{
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    const struct table_def *def = catalog_table_by_name(s, STRVIEW("public"), strview_of(name));
    catalog_snapshot_put(s);
    return def;
}

static void assert_error(struct fixture *f, bool ok, const char *sqlstate, const char *message)
{
    assert_false(ok);
    assert_string_equal(f->err.sqlstate, sqlstate);
    assert_string_equal(f->err.message, message);
}

static void reopen(struct fixture *f)
{
    catalog_close(f->catalog);
    f->catalog = NULL;
    assert_ok(catalog_open(env_real(), f->coord, &f->catalog, &f->err), &f->err);
}

static void test_a_new_store(void **state)
{
    struct fixture *f = *state;
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    assert_int_equal(catalog_table_count(s), 0);
    assert_int_equal(catalog_role_count(s), 1);
    const struct catalog_role *role = catalog_role_by_name(s, STRVIEW("mencia"));
    assert_non_null(role);
    assert_int_equal(role->oid, 10);
    assert_null(role->verifier);
    assert_true(role->superuser && role->login);
    assert_true(role->valid_until_us == CATALOG_NO_EXPIRY);
    assert_ptr_equal(catalog_role_by_oid(s, 10), role);
    assert_int_equal(catalog_schema_oid(STRVIEW("public")), 2200);
    assert_int_equal(catalog_schema_oid(STRVIEW("foo")), 0);
    uint64_t version = catalog_snapshot_version(s);
    catalog_snapshot_put(s);
    reopen(f);
    s = catalog_snapshot_get(f->catalog);
    assert_true(catalog_snapshot_version(s) == version);
    catalog_snapshot_put(s);
}

static void test_create_and_find(void **state)
{
    struct fixture *f = *state;
    struct table_def *def = new_def("public", "Orders");
    struct partition_start start[2] = {{{0, 0, 0}, pos_make(0, 5)}, {{0, 0, 1}, pos_make(0, 9)}};
    def->options.kafka_brokers = arena_strdup(&def->arena, "k:9092");
    def->options.kafka_topic = arena_strdup(&def->arena, "orders");
    def->options.start = arena_strdup(&def->arena, "earliest");
    def->options.on_gap = ON_GAP_RECORD;
    def->options.sort_attnum[0] = 2;
    assert_ok(catalog_create_table(f->catalog, def, start, 2, &f->err), &f->err);
    assert_int_equal(def->oid, 16384);
    assert_int_equal(def->rowtype_oid, 16385);
    assert_int_equal(def->array_oid, 16386);
    assert_int_equal(def->version, 1);
    table_def_put(def);
    assert_int_equal(create(f, "b"), 16392);
    for (int round = 0; round < 2; round++) {
        const struct table_def *t = find(f, "Orders");
        assert_non_null(t);
        assert_null(find(f, "orders"));
        assert_string_equal(t->options.kafka_topic, "orders");
        assert_int_equal(t->options.on_gap, ON_GAP_RECORD);
        assert_int_equal(t->options.sort_attnum[0], 2);
        assert_string_equal(t->column[1].name, "Amount");
        assert_int_equal(t->column[1].type.typmod, ((12 << 16) | 2) + 4);
        assert_string_equal(t->column[1].source_path, "a.b");
        assert_string_equal(t->column[1].default_sql, "1.5");
        assert_null(t->column[1].generated_sql);
        assert_true(t->column[0].not_null && !t->column[1].not_null && t->column[1].source_path_exact);
        struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
        assert_int_equal(catalog_table_count(s), 2);
        assert_string_equal(catalog_table_at(s, 0)->name, "Orders");
        assert_string_equal(catalog_table_at(s, 1)->name, "b");
        assert_int_equal(catalog_table_by_oid(s, 16392)->oid, 16392);
        assert_null(catalog_table_by_oid(s, 16385));
        assert_int_equal(catalog_table_meta_version(s, 16384), 0);
        assert_int_equal(catalog_table_meta_version(s, 5), VERSION_ABSENT);
        catalog_snapshot_put(s);
        reopen(f);
    }
    struct partition p;
    assert_ok(partition_load(f->coord, (struct partition_id){16384, 0, 1}, &f->arena, &p, &f->err), &f->err);
    assert_int_equal(p.head.start, 9);
    assert_int_equal(p.head.tail_schema_v, 1);
}

static void test_create_errors(void **state)
{
    struct fixture *f = *state;
    struct table_def *def = new_def("public", "x");
    create(f, "x");
    uint32_t nodes = coord_sim_count(f->sim);
    assert_error(f, catalog_create_table(f->catalog, def, NULL, 0, &f->err), "42P07", "relation \"x\" already exists");
    table_def_put(def);
    def = new_def("foo", "x");
    assert_error(f, catalog_create_table(f->catalog, def, NULL, 0, &f->err), "3F000", "schema \"foo\" does not exist");
    table_def_put(def);
    def = new_def("public", "y");
    def->owner = 4711;
    assert_error(f, catalog_create_table(f->catalog, def, NULL, 0, &f->err), "42704",
                 "role with OID 4711 does not exist");
    table_def_put(def);
    def = new_def("public", "y");
    def->column[0].default_sql = arena_zalloc(&def->arena, 70001);
    memset(def->column[0].default_sql, '1', 70000);
    assert_error(f, catalog_create_table(f->catalog, def, NULL, 0, &f->err), "54000",
                 "definition of table \"y\" is too long");
    table_def_put(def);
    struct partition_start *start = calloc(5000, sizeof *start);
    for (uint32_t i = 0; i < 5000; i++)
        start[i].id.partition = i;
    def = new_def("public", "y");
    assert_error(f, catalog_create_table(f->catalog, def, start, 5000, &f->err), "54000",
                 "the change is too big for the catalogue");
    assert_ok(catalog_create_table(f->catalog, def, start, 1000, &f->err), &f->err);
    table_def_put(def);
    free(start);
    assert_true(coord_sim_count(f->sim) > nodes + 3000);
    assert_null(find(f, "nope"));
}

static void test_widest_table(void **state)
{
    struct fixture *f = *state;
    struct table_def *def = new_def("public", "wide");
    def->ncolumn = 1600;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, 1601);
    for (int i = 0; i < 1601; i++)
        def->column[i] = (struct column_def){
            .name = arena_fmt(&def->arena, "column_%d", i), .attnum = (int16_t)(i + 1), .type = coltype(TYPE_TEXT)};
    assert_ok(catalog_create_table(f->catalog, def, NULL, 0, &f->err), &f->err);
    assert_int_equal(find(f, "wide")->ncolumn, 1600);
    assert_string_equal(find(f, "wide")->column[1599].name, "column_1599");
    def->ncolumn = 1601;
    def->name = arena_strdup(&def->arena, "wider");
    assert_error(f, catalog_create_table(f->catalog, def, NULL, 0, &f->err), "54011",
                 "tables can have at most 1600 columns");
    table_def_put(def);
}

struct edit {
    const char *rename;
    bool add_column, fail;
    int calls;
    struct catalog *meddler; /* creates tables in between, to make the change lose its race */
    int meddles;
};

static bool edit_def(void *arg, struct table_def *def, struct error *err)
{
    struct edit *e = arg;
    e->calls++;
    if (e->fail)
        return error_set(err, SQLSTATE_UNDEFINED_COLUMN, "no such column");
    if (e->rename)
        def->name = arena_strdup(&def->arena, e->rename);
    if (e->add_column) {
        struct column_def *column = ARENA_ARRAY(&def->arena, struct column_def, def->ncolumn + 1);
        memcpy(column, def->column, def->ncolumn * sizeof *column);
        column[def->ncolumn] = (struct column_def){
            .name = arena_strdup(&def->arena, "c"), .attnum = (int16_t)(def->ncolumn + 1), .type = coltype(TYPE_DATE)};
        def->column = column;
        def->ncolumn++;
    }
    def->options.ingest = INGEST_PAUSED;
    if (e->meddles > 0) {
        char name[32];
        struct error ignored;
        snprintf(name, sizeof name, "meddle%d", e->meddles--);
        if (!create_in(e->meddler, name, &ignored))
            fail();
    }
    return true;
}

static void test_alter(void **state)
{
    struct fixture *f = *state;
    oid_t oid = create(f, "x");
    create(f, "y");
    struct catalog_snapshot *before = catalog_snapshot_get(f->catalog);
    struct edit edit = {.add_column = true};
    struct table_def *now;
    assert_ok(catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, &now, &f->err), &f->err);
    assert_int_equal(now->version, 2);
    assert_int_equal(now->ncolumn, 3);
    assert_int_equal(now->options.ingest, INGEST_PAUSED);
    table_def_put(now);
    /* A held snapshot does not change. */
    assert_int_equal(catalog_table_by_oid(before, oid)->ncolumn, 2);
    assert_int_equal(catalog_table_by_oid(before, oid)->version, 1);
    catalog_snapshot_put(before);
    edit = (struct edit){.rename = "y"};
    assert_error(f, catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, NULL, &f->err), "42P07",
                 "relation \"y\" already exists");
    edit = (struct edit){.rename = "z"};
    assert_ok(catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, NULL, &f->err), &f->err);
    assert_null(find(f, "x"));
    assert_int_equal(find(f, "z")->oid, oid);
    assert_int_not_equal(create(f, "x"), oid);
    edit = (struct edit){.fail = true};
    assert_error(f, catalog_alter_table(f->catalog, oid, "z", edit_def, &edit, NULL, &f->err), "42703",
                 "no such column");
    assert_int_equal(edit.calls, 1);
    assert_error(f, catalog_alter_table(f->catalog, 5, "gone", edit_def, &edit, NULL, &f->err), "42P01",
                 "relation \"gone\" does not exist");
    reopen(f);
    assert_int_equal(find(f, "z")->version, 3);
    assert_int_equal(find(f, "z")->ncolumn, 3);
}

static void test_lost_races_are_repeated(void **state)
{
    struct fixture *f = *state;
    struct coord *coord = coord_sim_session(f->sim);
    struct catalog *other;
    oid_t oid = create(f, "x");
    assert_ok(catalog_open(env_real(), coord, &other, &f->err), &f->err);
    struct edit edit = {.add_column = true, .meddler = other, .meddles = 3};
    assert_ok(catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, NULL, &f->err), &f->err);
    assert_int_equal(edit.calls, 4);
    assert_int_equal(find(f, "x")->ncolumn, 3);
    assert_int_equal(find(f, "x")->version, 2);
    assert_non_null(find(f, "meddle1"));
    edit = (struct edit){.meddler = other, .meddles = 100};
    assert_error(f, catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, NULL, &f->err), "40001",
                 "could not serialize access due to concurrent update");
    assert_int_equal(edit.calls, 16);
    /* The other one learns of all by catching up, in one step. */
    assert_ok(catalog_refresh(other, &f->err), &f->err);
    assert_ok(catalog_refresh(f->catalog, &f->err), &f->err);
    struct catalog_snapshot *a = catalog_snapshot_get(f->catalog), *b = catalog_snapshot_get(other);
    assert_true(catalog_snapshot_version(a) == catalog_snapshot_version(b));
    assert_int_equal(catalog_table_count(a), catalog_table_count(b));
    for (uint32_t i = 0; i < catalog_table_count(a); i++) {
        assert_string_equal(catalog_table_at(a, i)->name, catalog_table_at(b, i)->name);
        assert_true(catalog_table_at(a, i)->version == catalog_table_at(b, i)->version);
    }
    catalog_snapshot_put(a);
    catalog_snapshot_put(b);
    catalog_close(other);
    coord_close(coord);
}

static void test_catching_up_from_far_behind(void **state)
{
    struct fixture *f = *state;
    struct coord *coord = coord_sim_session(f->sim);
    struct catalog *other;
    char name[32];
    create(f, "first");
    assert_ok(catalog_open(env_real(), coord, &other, &f->err), &f->err);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "t%d", i);
        oid_t oid = create(f, name);
        if (i % 2)
            assert_ok(catalog_drop_table(f->catalog, oid, name, &f->err), &f->err);
    }
    assert_ok(catalog_refresh(other, &f->err), &f->err);
    struct catalog_snapshot *s = catalog_snapshot_get(other);
    assert_int_equal(catalog_table_count(s), 151);
    catalog_snapshot_put(s);
    catalog_close(other);
    coord_close(coord);
}

static void test_drop(void **state)
{
    struct fixture *f = *state;
    oid_t oid[3] = {create(f, "a"), create(f, "b"), 999};
    const char *name[3] = {"a", "b", "c"};
    assert_error(f, catalog_drop_tables(f->catalog, oid, name, 3, &f->err), "42P01", "table \"c\" does not exist");
    assert_non_null(find(f, "a"));
    oid[2] = oid[0];
    name[2] = "a";
    assert_ok(catalog_drop_tables(f->catalog, oid, name, 3, &f->err), &f->err);
    assert_null(find(f, "a"));
    assert_null(find(f, "b"));
    assert_error(f, catalog_drop_table(f->catalog, oid[0], "a", &f->err), "42P01", "table \"a\" does not exist");
    oid_t again = create(f, "a");
    assert_true(again > oid[1]);
    oid_t *dropped;
    uint32_t n;
    assert_ok(table_dropped_list(f->coord, &f->arena, &dropped, &n, &f->err), &f->err);
    assert_int_equal(n, 2);
    reopen(f); /* remains of dropped tables are no tables */
    assert_int_equal(find(f, "a")->oid, again);
    assert_ok(table_sweep(f->coord, dropped[0], &f->err), &f->err);
    assert_ok(table_sweep(f->coord, dropped[1], &f->err), &f->err);
    reopen(f);
    assert_int_equal(find(f, "a")->oid, again);
    oid_t block;
    assert_ok(catalog_next_oid(f->catalog, &block, &f->err), &f->err);
    assert_int_equal(block, again + 8);
    assert_int_equal(create(f, "d"), block + 8);
}

/* --- Roles and settings ------------------------------------------------------------------------------------------- */

static struct catalog_role role(const char *name)
{
    return (struct catalog_role){.name = name, .login = true, .valid_until_us = CATALOG_NO_EXPIRY};
}

static bool create_role(struct fixture *f, const char *name, oid_t *oid)
{
    struct catalog_role r = role(name);
    return catalog_create_role(f->catalog, &r, oid, &f->err);
}

static void test_roles(void **state)
{
    struct fixture *f = *state;
    struct catalog_role r = role("ana");
    oid_t oid;
    r.verifier = "SCRAM-SHA-256$4096:c2FsdA==$a:b";
    assert_ok(catalog_create_role(f->catalog, &r, &oid, &f->err), &f->err);
    assert_int_equal(oid, 16384);
    assert_error(f, create_role(f, "ana", NULL), "42710", "role \"ana\" already exists");
    assert_error(f, create_role(f, "pg_x", NULL), "42939", "role name \"pg_x\" is reserved");
    assert_string_equal(f->err.detail, "Role names starting with \"pg_\" are reserved.");
    assert_error(f, create_role(f, "public", NULL), "42939", "role name \"public\" is reserved");
    assert_error(f, create_role(f, "none", NULL), "42939", "role name \"none\" is reserved");
    r = role("nope");
    assert_error(f, catalog_alter_role(f->catalog, &r, ROLE_SET_LOGIN, &f->err), "42704",
                 "role \"nope\" does not exist");
    r = role("ana");
    r.superuser = true;
    r.login = false;
    r.valid_until_us = 12345;
    assert_ok(catalog_alter_role(f->catalog, &r, ROLE_SET_SUPERUSER | ROLE_SET_VALID_UNTIL, &f->err), &f->err);
    reopen(f);
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    const struct catalog_role *ana = catalog_role_by_name(s, STRVIEW("ana"));
    assert_true(ana->superuser && ana->login);
    assert_int_equal(ana->valid_until_us, 12345);
    assert_string_equal(ana->verifier, "SCRAM-SHA-256$4096:c2FsdA==$a:b");
    assert_string_equal(catalog_role_at(s, 0)->name, "ana");
    catalog_snapshot_put(s);
    assert_ok(catalog_alter_role(f->catalog, &r, ROLE_SET_VERIFIER, &f->err), &f->err);
    assert_ok(create_role(f, "b b/.", NULL), &f->err);
    assert_error(f, catalog_rename_role(f->catalog, STRVIEW("ana"), STRVIEW("b b/."), &f->err), "42710",
                 "role \"b b/.\" already exists");
    assert_error(f, catalog_rename_role(f->catalog, STRVIEW("x"), STRVIEW("y"), &f->err), "42704",
                 "role \"x\" does not exist");
    assert_error(f, catalog_rename_role(f->catalog, STRVIEW("ana"), STRVIEW("pg_y"), &f->err), "42939",
                 "role name \"pg_y\" is reserved");
    assert_ok(catalog_rename_role(f->catalog, STRVIEW("ana"), STRVIEW("eva"), &f->err), &f->err);
    s = catalog_snapshot_get(f->catalog);
    assert_null(catalog_role_by_name(s, STRVIEW("ana")));
    assert_int_equal(catalog_role_by_name(s, STRVIEW("eva"))->oid, oid);
    assert_null(catalog_role_by_name(s, STRVIEW("eva"))->verifier);
    catalog_snapshot_put(s);
}

static void test_drop_role(void **state)
{
    struct fixture *f = *state;
    oid_t oid;
    assert_ok(create_role(f, "r1", &oid), &f->err);
    assert_error(f, catalog_drop_role(f->catalog, STRVIEW("nope"), &f->err), "42704", "role \"nope\" does not exist");
    assert_error(f, catalog_drop_role(f->catalog, STRVIEW("mencia"), &f->err), "2BP01",
                 "cannot drop role mencia because it is required by the database system");
    static const char *const names[] = {"x", "y"};
    oid_t table[2];
    for (int i = 0; i < 2; i++) {
        struct table_def *def = new_def("public", names[i]);
        def->owner = oid;
        assert_ok(catalog_create_table(f->catalog, def, NULL, 0, &f->err), &f->err);
        table[i] = def->oid;
        table_def_put(def);
    }
    assert_error(f, catalog_drop_role(f->catalog, STRVIEW("r1"), &f->err), "2BP01",
                 "role \"r1\" cannot be dropped because some objects depend on it");
    assert_string_equal(f->err.detail, "owner of table x\nowner of table y");
    assert_ok(catalog_drop_tables(f->catalog, table, names, 2, &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, oid, 0, "work_mem", "1MB", &f->err), &f->err);
    assert_ok(catalog_drop_role(f->catalog, STRVIEW("r1"), &f->err), &f->err);
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    assert_int_equal(catalog_role_count(s), 1);
    assert_int_equal(catalog_setting_count(s), 0);
    catalog_snapshot_put(s);
}

static void test_settings(void **state)
{
    struct fixture *f = *state;
    oid_t oid;
    const oid_t db = CATALOG_DATABASE_OID;
    assert_ok(create_role(f, "r", &oid), &f->err);
    assert_ok(catalog_set_setting(f->catalog, oid, db, "a", "4", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, oid, 0, "a", "3", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, 0, "a", "1", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, db, "a", "2", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, 0, "b", "x", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, 0, "b", "y", &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, 0, "none", NULL, &f->err), &f->err);
    reopen(f);
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    static const char *const values[] = {"1", "y", "2", "3", "4"};
    assert_int_equal(catalog_setting_count(s), 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(catalog_setting_at(s, i)->value, values[i]);
    assert_int_equal(catalog_setting_at(s, 4)->role, oid);
    assert_int_equal(catalog_setting_at(s, 4)->database, db);
    catalog_snapshot_put(s);
    assert_ok(catalog_set_setting(f->catalog, oid, db, NULL, NULL, &f->err), &f->err);
    assert_ok(catalog_set_setting(f->catalog, 0, 0, "a", NULL, &f->err), &f->err);
    s = catalog_snapshot_get(f->catalog);
    assert_int_equal(catalog_setting_count(s), 3);
    catalog_snapshot_put(s);
    assert_error(f, catalog_set_setting(f->catalog, 777, 0, "a", "1", &f->err), "42704",
                 "role with OID 777 does not exist");
}

/* --- Formats ------------------------------------------------------------------------------------------------------ */

/* A newer version's fields in a table's node survive this version's ALTER. */
static void test_unknown_fields_are_kept(void **state)
{
    struct fixture *f = *state;
    oid_t oid = create(f, "x");
    struct coord_node node;
    struct strbuf buf;
    const char *path = table_meta_path(&f->arena, oid);
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    struct rec_writer w;
    strbuf_init(&buf);
    rec_begin(&w, &buf, REC_META);
    strbuf_add(&buf, node.data.ptr + REC_HEADER_BYTES, node.data.len - REC_HEADER_BYTES);
    assert_int_equal(coord_set(f->coord, path, rec_finish(&w, STRVIEW("from the future")), node.stat.version, &f->err),
                     COORD_DONE);
    reopen(f);
    struct edit edit = {.add_column = true};
    assert_ok(catalog_alter_table(f->catalog, oid, "x", edit_def, &edit, NULL, &f->err), &f->err);
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    assert_true(node.data.len > 15);
    assert_memory_equal(node.data.ptr + node.data.len - 15, "from the future", 15);
    struct table_def *def;
    assert_ok(table_def_decode(node.data, &def, &f->err), &f->err);
    assert_int_equal(def->ncolumn, 3);
    table_def_put(def);
    strbuf_release(&buf);
}

static void test_damage_is_named(void **state)
{
    struct fixture *f = *state;
    struct catalog *other;
    oid_t oid = create(f, "x");
    struct coord_node node;
    const char *path = table_meta_path(&f->arena, oid);
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    ((char *)node.data.ptr)[20] ^= 1;
    assert_int_equal(coord_set(f->coord, path, node.data, node.stat.version, &f->err), COORD_DONE);
    assert_sqlstate(catalog_open(env_real(), f->coord, &other, &f->err), &f->err, "XX001");
    assert_string_equal(f->err.message, "table definition is damaged: wrong checksum");
    assert_non_null(strstr(f->err.context, "16384"));
}

static void test_newer_store_is_refused(void **state)
{
    struct fixture *f = *state;
    struct catalog *other;
    struct coord_node node;
    assert_int_equal(coord_get(f->coord, "/c/format", &f->arena, &node, &f->err), COORD_DONE);
    store_u16((char *)node.data.ptr + 2, 9);
    assert_int_equal(coord_set(f->coord, "/c/format", node.data, 0, &f->err), COORD_DONE);
    assert_sqlstate(catalog_open(env_real(), f->coord, &other, &f->err), &f->err, "0A000");
}

/* --- Faults, threads, kills --------------------------------------------------------------------------------------- */

/* Two processes create and drop under faults of the store. What each was told is what is there in the end. */
static void test_faults_of_the_store(void **state)
{
    struct fixture *f = *state;
    struct coord *coord = coord_sim_session(f->sim);
    struct catalog *catalog[2] = {f->catalog, NULL};
    struct coord_sim_faults faults = {60000, 60000, 60000, 3000, 200000, 0, 0, NULL, NULL}, none = {0};
    oid_t known[40] = {0};
    bool doubtful[40] = {false};
    uint32_t undecided = 0, done = 0;
    assert_ok(catalog_open(env_real(), coord, &catalog[1], &f->err), &f->err);
    coord_sim_set_faults(f->sim, &faults);
    for (uint32_t i = 0; i < 600; i++) {
        char name[16];
        uint32_t which = (i * 7 + i / 40) % 40;
        struct catalog *mine = catalog[i % 3 == 0];
        snprintf(name, sizeof name, "t%u", which);
        if (doubtful[which])
            continue;
        bool ok = known[which] ? catalog_drop_table(mine, known[which], name, &f->err)
                               : (known[which] = create_in(mine, name, &f->err)) != 0;
        if (!ok) {
            /* The store was out of reach in the middle: the caller cannot know. Anything else is a bug. */
            assert_true(error_is(&f->err, "58030") || error_is(&f->err, "08007") || error_is(&f->err, "40001"));
            doubtful[which] = true;
            undecided++;
            continue;
        }
        done++;
        struct catalog_snapshot *s = catalog_snapshot_get(mine);
        const struct table_def *def = catalog_table_by_name(s, STRVIEW("public"), strview_of(name));
        known[which] = def ? def->oid : 0;
        catalog_snapshot_put(s);
    }
    print_message("done %u, undecided %u\n", done, undecided);
    coord_sim_set_faults(f->sim, &none);
    coord_sim_settle(f->sim);
    reopen(f);
    for (uint32_t i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%u", i);
        const struct table_def *def = find(f, name);
        if (!doubtful[i])
            assert_int_equal(def ? def->oid : 0, known[i]);
    }
    assert_true(done > 100);
    assert_true(undecided < 40);
    catalog_close(catalog[1]);
    coord_close(coord);
}

struct worker {
    struct catalog *catalog;
    pthread_t thread;
    int number, rounds;
    _Atomic bool *stop;
    _Atomic int *problems;
};

static void *writer(void *arg)
{
    struct worker *w = arg;
    struct error err;
    for (int i = 0; i < w->rounds; i++) {
        char name[32];
        snprintf(name, sizeof name, "w%d_%d", w->number, i);
        oid_t oid = create_in(w->catalog, name, &err);
        struct edit edit = {.add_column = true};
        if (!oid || !catalog_alter_table(w->catalog, oid, name, edit_def, &edit, NULL, &err) ||
            (i % 2 && !catalog_drop_table(w->catalog, oid, name, &err)))
            atomic_fetch_add(w->problems, 1);
    }
    return NULL;
}

static void *reader(void *arg)
{
    struct worker *w = arg;
    uint64_t last = 0;
    while (!atomic_load(w->stop)) {
        struct catalog_snapshot *s = catalog_snapshot_get(w->catalog);
        uint64_t version = catalog_snapshot_version(s);
        if (version < last)
            atomic_fetch_add(w->problems, 1);
        last = version;
        for (uint32_t i = 0; i < catalog_table_count(s); i++) {
            const struct table_def *def = catalog_table_at(s, i);
            if (catalog_table_by_oid(s, def->oid) != def || def->ncolumn + 1 != 2 + def->version)
                atomic_fetch_add(w->problems, 1);
        }
        catalog_snapshot_put(s);
    }
    return NULL;
}

static void test_readers_and_writers(void **state)
{
    struct fixture *f = *state;
    struct worker writers[3], readers[2];
    _Atomic bool stop = false;
    _Atomic int problems = 0;
    for (int i = 0; i < 3; i++) {
        writers[i] = (struct worker){.catalog = f->catalog, .number = i, .rounds = 20, .problems = &problems};
        assert_ok(thread_start(&writers[i].thread, "writer", writer, &writers[i], &f->err), &f->err);
    }
    for (int i = 0; i < 2; i++) {
        readers[i] = (struct worker){.catalog = f->catalog, .stop = &stop, .problems = &problems};
        assert_ok(thread_start(&readers[i].thread, "reader", reader, &readers[i], &f->err), &f->err);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(writers[i].thread, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i].thread, NULL);
    assert_int_equal(problems, 0);
    struct catalog_snapshot *s = catalog_snapshot_get(f->catalog);
    assert_int_equal(catalog_table_count(s), 30);
    catalog_snapshot_put(s);
}

static void on_change(void *arg) { (*(int *)arg)++; }

static void test_listener(void **state)
{
    struct fixture *f = *state;
    int calls = 0;
    catalog_set_listener(f->catalog, on_change, &calls);
    create(f, "x");
    assert_int_equal(calls, 1);
    assert_int_equal(create_in(f->catalog, "x", &f->err), 0);
    assert_ok(catalog_refresh(f->catalog, &f->err), &f->err);
    assert_int_equal(calls, 1);
    assert_string_equal(catalog_version_path(), "/c/catver");
}

/* Creates and drops tables with partitions in a SQLite store until killed. */
static void ddl_child(const char *path, int report)
{
    struct coord *coord;
    struct catalog *catalog;
    struct error err;
    if (!coord_sqlite_open(env_real(), path, &coord, &err) || !catalog_open(env_real(), coord, &catalog, &err))
        _exit(1);
    for (int i = 0;; i++) {
        struct table_def *def = new_def("public", "t");
        struct partition_start start[3] = {{{0, 0, 0}, 1}, {{0, 0, 1}, 2}, {{0, 0, 2}, 3}};
        struct catalog_snapshot *s = catalog_snapshot_get(catalog);
        const struct table_def *old = catalog_table_by_name(s, STRVIEW("public"), STRVIEW("t"));
        if (old && !catalog_drop_table(catalog, old->oid, "t", &err))
            _exit(1);
        catalog_snapshot_put(s);
        if (!catalog_create_table(catalog, def, start, 3, &err) || write(report, &def->oid, sizeof def->oid) < 0)
            _exit(1);
        table_def_put(def);
    }
}

static oid_t kill_ddl(const char *path, int reports)
{
    int fd[2], status;
    oid_t oid, last = 0;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        ddl_child(path, fd[1]);
    }
    close(fd[1]);
    for (int i = 0; i < reports && read(fd[0], &oid, sizeof oid) == sizeof oid; i++)
        last = oid;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(fd[0], &oid, sizeof oid) == sizeof oid)
        last = oid;
    close(fd[0]);
    return last;
}

static void test_kills_leave_whole_tables(void **state)
{
    char dir[] = "/tmp/mencia-catalog-XXXXXX", path[64], command[64];
    struct error err;
    struct arena arena;
    arena_init(&arena, NULL);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/meta.db", dir);
    for (int round = 0; round < 8; round++) {
        struct coord *coord;
        struct catalog *catalog;
        oid_t reported = kill_ddl(path, 1 + round * 2);
        assert_ok(coord_sqlite_open(env_real(), path, &coord, &err), &err);
        assert_ok(catalog_open(env_real(), coord, &catalog, &err), &err);
        struct catalog_snapshot *s = catalog_snapshot_get(catalog);
        assert_in_range(catalog_table_count(s), 0, 1);
        if (catalog_table_count(s) == 1) {
            const struct table_def *def = catalog_table_at(s, 0);
            struct partition_id *id;
            uint32_t n;
            assert_true(def->oid >= reported);
            assert_ok(partition_list(coord, def->oid, &arena, &id, &n, &err), &err);
            assert_int_equal(n, 3);
        }
        catalog_snapshot_put(s);
        oid_t *dropped;
        uint32_t n;
        assert_ok(table_dropped_list(coord, &arena, &dropped, &n, &err), &err);
        for (uint32_t i = 0; i < n; i++)
            assert_ok(table_sweep(coord, dropped[i], &err), &err);
        catalog_close(catalog);
        coord_close(coord);
    }
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    arena_release(&arena);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_store),
        TEST(test_create_and_find),
        TEST(test_create_errors),
        TEST(test_widest_table),
        TEST(test_alter),
        TEST(test_lost_races_are_repeated),
        TEST(test_catching_up_from_far_behind),
        TEST(test_drop),
        TEST(test_roles),
        TEST(test_drop_role),
        TEST(test_settings),
        TEST(test_unknown_fields_are_kept),
        TEST(test_damage_is_named),
        TEST(test_newer_store_is_refused),
        TEST(test_faults_of_the_store),
        TEST(test_readers_and_writers),
        TEST(test_listener),
        cmocka_unit_test(test_kills_leave_whole_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
