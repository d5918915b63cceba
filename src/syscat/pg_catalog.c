/* SPDX-License-Identifier: Apache-2.0 */
/* Relations, columns, types and schemas of pg_catalog. */
#include "syscat/cell_int.h"

#include <stdio.h>

oid_t schema_oid(const char *name)
{
    return strcmp(name, "pg_catalog") == 0           ? SCHEMA_CATALOG
           : strcmp(name, "public") == 0             ? SCHEMA_PUBLIC
           : strcmp(name, "information_schema") == 0 ? SCHEMA_INFORMATION
                                                     : SCHEMA_MENCIA;
}

struct each {
    void (*fn)(void *arg, const struct relation_fact *relation);
    void *arg;
    const struct syscat *registry;
};

static void one_stored(void *arg, const struct table_def *def, double rows)
{
    struct each *e = arg;
    struct relation_fact r = {def, 'r', rows};
    e->fn(e->arg, &r);
}

static void one_virtual(void *arg, const struct table_def *def)
{
    struct each *e = arg;
    struct relation_fact r = {def, syscat_kind(e->registry, def), 0};
    e->fn(e->arg, &r);
}

void each_relation(void *context, void (*fn)(void *arg, const struct relation_fact *relation), void *arg)
{
    const struct syscat_provider *p = provider_of(context);
    struct each e = {fn, arg, p->registry(context)};
    p->each_table(context, one_stored, &e);
    syscat_each(e.registry, one_virtual, &e);
}

/* ---- pg_namespace ---- */

bool fill_pg_namespace(void *context, struct vt_writer *w, struct error *err)
{
    static const char *const names[] = {"pg_catalog", "public", "mencia", "information_schema"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        vt_cells(w,
                 (struct cell[PG_NAMESPACE_COLUMNS]){[PG_NAMESPACE_OID] = NUMBER(schema_oid(names[i])),
                                                     [PG_NAMESPACE_NSPNAME] = TEXT(names[i]),
                                                     [PG_NAMESPACE_NSPOWNER] = NUMBER(OWNER)},
                 PG_NAMESPACE_COLUMNS);
    return true;
}

/* ---- pg_class ---- */

static void class_row(void *arg, const struct relation_fact *r)
{
    const struct table_def *def = r->def;
    bool stored = def->oid >= 16384;
    vt_cells(arg,
             (struct cell[PG_CLASS_COLUMNS]){
                 [PG_CLASS_OID] = NUMBER(def->oid),
                 [PG_CLASS_RELNAME] = TEXT(def->name),
                 [PG_CLASS_RELNAMESPACE] = NUMBER(schema_oid(def->schema_name)),
                 [PG_CLASS_RELTYPE] = NUMBER(def->rowtype_oid),
                 [PG_CLASS_RELOFTYPE] = NUMBER(0),
                 [PG_CLASS_RELOWNER] = NUMBER(def->owner),
                 [PG_CLASS_RELAM] = NUMBER(r->kind == 'r' ? ACCESS_HEAP : 0),
                 [PG_CLASS_RELFILENODE] = NUMBER(stored ? def->oid : 0),
                 [PG_CLASS_RELTABLESPACE] = NUMBER(0),
                 [PG_CLASS_RELPAGES] = NUMBER(0),
                 [PG_CLASS_RELTUPLES] = REAL(stored ? r->rows : -1),
                 [PG_CLASS_RELALLVISIBLE] = NUMBER(0),
                 [PG_CLASS_RELTOASTRELID] = NUMBER(0),
                 [PG_CLASS_RELHASINDEX] = NUMBER(false),
                 [PG_CLASS_RELISSHARED] = NUMBER(false),
                 [PG_CLASS_RELPERSISTENCE] = TEXT("p"),
                 [PG_CLASS_RELKIND] = TEXT(r->kind == 'v' ? "v" : "r"),
                 [PG_CLASS_RELNATTS] = NUMBER(def->ncolumn),
                 [PG_CLASS_RELCHECKS] = NUMBER(0),
                 [PG_CLASS_RELHASRULES] = NUMBER(false),
                 [PG_CLASS_RELHASTRIGGERS] = NUMBER(false),
                 [PG_CLASS_RELHASSUBCLASS] = NUMBER(false),
                 [PG_CLASS_RELROWSECURITY] = NUMBER(false),
                 [PG_CLASS_RELFORCEROWSECURITY] = NUMBER(false),
                 [PG_CLASS_RELISPOPULATED] = NUMBER(true),
                 [PG_CLASS_RELREPLIDENT] = TEXT(stored ? "d" : "n"),
                 [PG_CLASS_RELISPARTITION] = NUMBER(false),
                 [PG_CLASS_RELREWRITE] = NUMBER(0),
                 [PG_CLASS_RELFROZENXID] = NUMBER(0),
                 [PG_CLASS_RELMINMXID] = NUMBER(0),
             },
             PG_CLASS_COLUMNS);
}

bool fill_pg_class(void *context, struct vt_writer *w, struct error *err)
{
    each_relation(context, class_row, w);
    return true;
}

/* ---- pg_attribute, pg_attrdef ---- */

struct layout {
    bool by_value;
    const char *align, *storage;
    oid_t collation;
};

/* How PostgreSQL would lay the type out. */
static struct layout layout_of(const struct type_info *t)
{
    bool varying = t->typlen < 0;
    bool bytes = t->oid == TYPE_CHAR || t->oid == TYPE_BOOL || t->oid == TYPE_NAME || t->oid == TYPE_UUID;
    return (struct layout){
        .by_value = t->typlen == 1 || t->typlen == 2 || t->typlen == 4 || t->typlen == 8,
        .align = bytes                       ? "c"
                 : t->typlen == 2            ? "s"
                 : t->typlen == 4 || varying ? "i"
                                             : "d",
        .storage = !varying                 ? "p"
                   : t->oid == TYPE_NUMERIC ? "m"
                                            : "x",
        .collation = t->oid == TYPE_NAME      ? COLLATION_C
                     : type_is_string(t->oid) ? COLLATION_DEFAULT
                                              : 0,
    };
}

static void attribute_row(struct vt_writer *w, const struct table_def *def, const struct column_def *c)
{
    const struct type_info *type = type_by_oid(c->type.oid);
    struct layout layout = layout_of(type);
    char dropped[64];
    snprintf(dropped, sizeof dropped, "........pg.dropped.%d........", c->attnum);
    vt_cells(w,
             (struct cell[PG_ATTRIBUTE_COLUMNS]){
                 [PG_ATTRIBUTE_ATTRELID] = NUMBER(def->oid),
                 [PG_ATTRIBUTE_ATTNAME] = TEXT(c->dropped ? dropped : c->name),
                 [PG_ATTRIBUTE_ATTTYPID] = NUMBER(c->dropped ? 0 : c->type.oid),
                 [PG_ATTRIBUTE_ATTSTATTARGET] = NUMBER(-1),
                 [PG_ATTRIBUTE_ATTLEN] = NUMBER(type->typlen),
                 [PG_ATTRIBUTE_ATTNUM] = NUMBER(c->attnum),
                 [PG_ATTRIBUTE_ATTNDIMS] = NUMBER(0),
                 [PG_ATTRIBUTE_ATTCACHEOFF] = NUMBER(-1),
                 [PG_ATTRIBUTE_ATTTYPMOD] = NUMBER(c->type.typmod),
                 [PG_ATTRIBUTE_ATTBYVAL] = NUMBER(layout.by_value),
                 [PG_ATTRIBUTE_ATTALIGN] = TEXT(layout.align),
                 [PG_ATTRIBUTE_ATTSTORAGE] = TEXT(layout.storage),
                 [PG_ATTRIBUTE_ATTCOMPRESSION] = TEXT(""),
                 [PG_ATTRIBUTE_ATTNOTNULL] = NUMBER(c->not_null),
                 [PG_ATTRIBUTE_ATTHASDEF] = NUMBER(c->default_sql || c->generated_sql),
                 [PG_ATTRIBUTE_ATTHASMISSING] = NUMBER(false),
                 [PG_ATTRIBUTE_ATTIDENTITY] = TEXT(""),
                 [PG_ATTRIBUTE_ATTGENERATED] = TEXT(c->generated != GENERATED_NONE ? "s" : ""),
                 [PG_ATTRIBUTE_ATTISDROPPED] = NUMBER(c->dropped),
                 [PG_ATTRIBUTE_ATTISLOCAL] = NUMBER(true),
                 [PG_ATTRIBUTE_ATTINHCOUNT] = NUMBER(0),
                 [PG_ATTRIBUTE_ATTCOLLATION] = NUMBER(layout.collation),
             },
             PG_ATTRIBUTE_COLUMNS);
}

static void attribute_rows(void *arg, const struct relation_fact *r)
{
    for (uint32_t i = 0; i < r->def->ncolumn; i++)
        attribute_row(arg, r->def, &r->def->column[i]);
}

bool fill_pg_attribute(void *context, struct vt_writer *w, struct error *err)
{
    each_relation(context, attribute_rows, w);
    return true;
}

static void attrdef_rows(void *arg, const struct relation_fact *r)
{
    for (uint32_t i = 0; i < r->def->ncolumn; i++) {
        const struct column_def *c = &r->def->column[i];
        const char *sql = c->generated_sql ? c->generated_sql : c->default_sql;
        /* The expression has no number of its own: its column's is unique enough to join by. */
        if (sql && !c->dropped)
            vt_cells(arg,
                     (struct cell[PG_ATTRDEF_COLUMNS]){[PG_ATTRDEF_OID] = NUMBER(r->def->oid + (oid_t)c->attnum),
                                                       [PG_ATTRDEF_ADRELID] = NUMBER(r->def->oid),
                                                       [PG_ATTRDEF_ADNUM] = NUMBER(c->attnum),
                                                       [PG_ATTRDEF_ADBIN] = TEXT(sql)},
                     PG_ATTRDEF_COLUMNS);
    }
}

bool fill_pg_attrdef(void *context, struct vt_writer *w, struct error *err)
{
    each_relation(context, attrdef_rows, w);
    return true;
}

/* ---- pg_type: the fixed ones, and a row type with its array for each stored table ---- */

static void row_type(struct vt_writer *w, const struct table_def *def, bool array)
{
    char name[FUNC_NAME_SIZE + 2];
    snprintf(name, sizeof name, "%s%s", array ? "_" : "", def->name);
    vt_cells(w,
             (struct cell[PG_TYPE_COLUMNS]){
                 [PG_TYPE_OID] = NUMBER(array ? def->array_oid : def->rowtype_oid),
                 [PG_TYPE_TYPNAME] = TEXT(name),
                 [PG_TYPE_TYPNAMESPACE] = NUMBER(schema_oid(def->schema_name)),
                 [PG_TYPE_TYPOWNER] = NUMBER(def->owner),
                 [PG_TYPE_TYPLEN] = NUMBER(-1),
                 [PG_TYPE_TYPBYVAL] = NUMBER(false),
                 [PG_TYPE_TYPTYPE] = TEXT(array ? "b" : "c"),
                 [PG_TYPE_TYPCATEGORY] = TEXT(array ? "A" : "C"),
                 [PG_TYPE_TYPISPREFERRED] = NUMBER(false),
                 [PG_TYPE_TYPISDEFINED] = NUMBER(true),
                 [PG_TYPE_TYPDELIM] = TEXT(","),
                 [PG_TYPE_TYPRELID] = NUMBER(array ? 0 : def->oid),
                 [PG_TYPE_TYPSUBSCRIPT] = TEXT(array ? "array_subscript_handler" : "-"),
                 [PG_TYPE_TYPELEM] = NUMBER(array ? def->rowtype_oid : 0),
                 [PG_TYPE_TYPARRAY] = NUMBER(array ? 0 : def->array_oid),
                 [PG_TYPE_TYPINPUT] = TEXT(array ? "array_in" : "record_in"),
                 [PG_TYPE_TYPOUTPUT] = TEXT(array ? "array_out" : "record_out"),
                 [PG_TYPE_TYPRECEIVE] = TEXT(array ? "array_recv" : "record_recv"),
                 [PG_TYPE_TYPSEND] = TEXT(array ? "array_send" : "record_send"),
                 [PG_TYPE_TYPMODIN] = TEXT("-"),
                 [PG_TYPE_TYPMODOUT] = TEXT("-"),
                 [PG_TYPE_TYPANALYZE] = TEXT(array ? "array_typanalyze" : "-"),
                 [PG_TYPE_TYPALIGN] = TEXT("d"),
                 [PG_TYPE_TYPSTORAGE] = TEXT("x"),
                 [PG_TYPE_TYPNOTNULL] = NUMBER(false),
                 [PG_TYPE_TYPBASETYPE] = NUMBER(0),
                 [PG_TYPE_TYPTYPMOD] = NUMBER(-1),
                 [PG_TYPE_TYPNDIMS] = NUMBER(0),
                 [PG_TYPE_TYPCOLLATION] = NUMBER(0),
             },
             PG_TYPE_COLUMNS);
}

static void row_types(void *arg, const struct table_def *def, double rows)
{
    if (def->rowtype_oid)
        row_type(arg, def, false);
    if (def->array_oid)
        row_type(arg, def, true);
}

bool fill_pg_type(void *context, struct vt_writer *w, struct error *err)
{
    provider_of(context)->each_table(context, row_types, w);
    return true;
}

/* ---- pg_tables, pg_views ---- */

static void tables_row(void *arg, const struct relation_fact *r)
{
    if (r->kind == 'r')
        vt_cells(arg,
                 (struct cell[PG_TABLES_COLUMNS]){[PG_TABLES_SCHEMANAME] = TEXT(r->def->schema_name),
                                                  [PG_TABLES_TABLENAME] = TEXT(r->def->name),
                                                  [PG_TABLES_TABLEOWNER] = TEXT("mencia"),
                                                  [PG_TABLES_HASINDEXES] = NUMBER(false),
                                                  [PG_TABLES_HASRULES] = NUMBER(false),
                                                  [PG_TABLES_HASTRIGGERS] = NUMBER(false),
                                                  [PG_TABLES_ROWSECURITY] = NUMBER(false)},
                 PG_TABLES_COLUMNS);
}

bool fill_pg_tables(void *context, struct vt_writer *w, struct error *err)
{
    each_relation(context, tables_row, w);
    return true;
}

static void views_row(void *arg, const struct relation_fact *r)
{
    if (r->kind == 'v')
        vt_cells(arg,
                 (struct cell[PG_VIEWS_COLUMNS]){[PG_VIEWS_SCHEMANAME] = TEXT(r->def->schema_name),
                                                 [PG_VIEWS_VIEWNAME] = TEXT(r->def->name),
                                                 [PG_VIEWS_VIEWOWNER] = TEXT("mencia")},
                 PG_VIEWS_COLUMNS);
}

bool fill_pg_views(void *context, struct vt_writer *w, struct error *err)
{
    each_relation(context, views_row, w);
    return true;
}
