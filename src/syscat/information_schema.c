/* SPDX-License-Identifier: Apache-2.0 */
/* information_schema: schemas, tables and columns. */
#include "syscat/cell_int.h"

#include <stdio.h>

bool fill_info_schemata(void *context, struct vt_writer *w, struct error *err)
{
    static const char *const names[] = {"pg_catalog", "public", "mencia", "information_schema"};
    oid_t oid;
    const char *database = provider_of(context)->database(context, &oid);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        vt_cells(w,
                 (struct cell[INFO_SCHEMATA_COLUMNS]){[INFO_SCHEMATA_CATALOG_NAME] = TEXT(database),
                                                      [INFO_SCHEMATA_SCHEMA_NAME] = TEXT(names[i]),
                                                      [INFO_SCHEMATA_SCHEMA_OWNER] = TEXT("mencia")},
                 INFO_SCHEMATA_COLUMNS);
    return true;
}

struct info {
    struct vt_writer *w;
    const char *database;
};

static void info_table(void *arg, const struct relation_fact *r)
{
    struct info *f = arg;
    bool stored = r->def->oid >= 16384;
    vt_cells(f->w,
             (struct cell[INFO_TABLES_COLUMNS]){[INFO_TABLES_TABLE_CATALOG] = TEXT(f->database),
                                                [INFO_TABLES_TABLE_SCHEMA] = TEXT(r->def->schema_name),
                                                [INFO_TABLES_TABLE_NAME] = TEXT(r->def->name),
                                                [INFO_TABLES_TABLE_TYPE] = TEXT(r->kind == 'v' ? "VIEW" : "BASE TABLE"),
                                                [INFO_TABLES_IS_INSERTABLE_INTO] = TEXT(stored ? "YES" : "NO"),
                                                [INFO_TABLES_IS_TYPED] = TEXT("NO")},
             INFO_TABLES_COLUMNS);
}

bool fill_info_tables(void *context, struct vt_writer *w, struct error *err)
{
    oid_t oid;
    struct info f = {w, provider_of(context)->database(context, &oid)};
    each_relation(context, info_table, &f);
    return true;
}

/* Facts of information_schema.columns that depend on the type; -1 = NULL. */
struct type_facts {
    int32_t length, octets, precision, radix, scale, time_precision;
};

static struct type_facts facts_of(struct coltype t)
{
    struct type_facts f = {-1, -1, -1, -1, -1, -1};
    bool typed = t.typmod >= 0;
    switch (t.oid) {
    case TYPE_INT2: return (struct type_facts){-1, -1, 16, 2, 0, -1};
    case TYPE_INT4: return (struct type_facts){-1, -1, 32, 2, 0, -1};
    case TYPE_INT8: return (struct type_facts){-1, -1, 64, 2, 0, -1};
    case TYPE_FLOAT4: return (struct type_facts){-1, -1, 24, 2, -1, -1};
    case TYPE_FLOAT8: return (struct type_facts){-1, -1, 53, 2, -1, -1};
    case TYPE_NUMERIC:
        f.radix = 10;
        if (typed) {
            f.precision = ((t.typmod - 4) >> 16) & 0xffff;
            f.scale = (((t.typmod - 4) & 0x7ff) ^ 1024) - 1024;
        }
        return f;
    case TYPE_TEXT: f.octets = 1 << 30; return f;
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
        f.length = typed ? t.typmod - 4 : -1;
        f.octets = typed ? f.length * 4 : 1 << 30;
        return f;
    case TYPE_DATE: f.time_precision = 0; return f;
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ: f.time_precision = typed ? t.typmod : 6; return f;
    case TYPE_INTERVAL: f.time_precision = !typed || (t.typmod & 0xffff) == 0xffff ? 6 : t.typmod & 0xffff; return f;
    default: return f;
    }
}

#define FACT(v)                                                                                                        \
    {                                                                                                                  \
        .kind = (v) < 0 ? CELL_NULL : CELL_INT, .number = (v)                                                          \
    }

static void info_column(struct info *f, const struct table_def *def, const struct column_def *c, int32_t ordinal)
{
    const struct type_info *type = type_by_oid(c->type.oid);
    struct type_facts facts = facts_of(c->type);
    char number[16];
    bool computed = c->generated != GENERATED_NONE;
    snprintf(number, sizeof number, "%d", c->attnum);
    vt_cells(f->w,
             (struct cell[INFO_COLUMNS_COLUMNS]){
                 [INFO_COLUMNS_TABLE_CATALOG] = TEXT(f->database),
                 [INFO_COLUMNS_TABLE_SCHEMA] = TEXT(def->schema_name),
                 [INFO_COLUMNS_TABLE_NAME] = TEXT(def->name),
                 [INFO_COLUMNS_COLUMN_NAME] = TEXT(c->name),
                 [INFO_COLUMNS_ORDINAL_POSITION] = NUMBER(ordinal),
                 [INFO_COLUMNS_COLUMN_DEFAULT] = TEXT(computed ? NULL : c->default_sql),
                 [INFO_COLUMNS_IS_NULLABLE] = TEXT(c->not_null ? "NO" : "YES"),
                 [INFO_COLUMNS_DATA_TYPE] = TEXT(type->elem_oid && type->category == 'A' ? "ARRAY" : type->sql_name),
                 [INFO_COLUMNS_CHARACTER_MAXIMUM_LENGTH] = FACT(facts.length),
                 [INFO_COLUMNS_CHARACTER_OCTET_LENGTH] = FACT(facts.octets),
                 [INFO_COLUMNS_NUMERIC_PRECISION] = FACT(facts.precision),
                 [INFO_COLUMNS_NUMERIC_PRECISION_RADIX] = FACT(facts.radix),
                 [INFO_COLUMNS_NUMERIC_SCALE] = FACT(facts.scale),
                 [INFO_COLUMNS_DATETIME_PRECISION] = FACT(facts.time_precision),
                 [INFO_COLUMNS_UDT_CATALOG] = TEXT(f->database),
                 [INFO_COLUMNS_UDT_SCHEMA] = TEXT("pg_catalog"),
                 [INFO_COLUMNS_UDT_NAME] = TEXT(type->name),
                 [INFO_COLUMNS_DTD_IDENTIFIER] = TEXT(number),
                 [INFO_COLUMNS_IS_SELF_REFERENCING] = TEXT("NO"),
                 [INFO_COLUMNS_IS_IDENTITY] = TEXT("NO"),
                 [INFO_COLUMNS_IDENTITY_CYCLE] = TEXT("NO"),
                 [INFO_COLUMNS_IS_GENERATED] = TEXT(computed ? "ALWAYS" : "NEVER"),
                 [INFO_COLUMNS_GENERATION_EXPRESSION] = TEXT(computed ? c->generated_sql : NULL),
                 [INFO_COLUMNS_IS_UPDATABLE] = TEXT(def->oid >= 16384 ? "YES" : "NO"),
             },
             INFO_COLUMNS_COLUMNS);
}

static void info_columns(void *arg, const struct relation_fact *r)
{
    for (uint32_t i = 0; i < r->def->ncolumn; i++)
        if (!r->def->column[i].dropped)
            info_column(arg, r->def, &r->def->column[i], r->def->column[i].attnum);
}

bool fill_info_columns(void *context, struct vt_writer *w, struct error *err)
{
    oid_t oid;
    struct info f = {w, provider_of(context)->database(context, &oid)};
    each_relation(context, info_columns, &f);
    return true;
}
