/* SPDX-License-Identifier: Apache-2.0 */
/* Type names into types: resolution and type modifiers, with PostgreSQL's errors. */
#include <postgres.h>
#include <nodes/parsenodes.h>
#include <utils/timestamp.h>

#include "planner/pgq_int.h"

/* Types of PostgreSQL that we do not have: 0A000 says more than "does not exist". */
static const char *const foreign_types[] = {
    "bit",         "varbit",   "box",       "cidr",      "circle",   "inet",    "line",      "lseg",
    "macaddr",     "macaddr8", "money",     "path",      "pg_lsn",   "point",   "polygon",   "tsquery",
    "tsvector",    "xml",      "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "smallserial", "serial",   "bigserial", "serial2",   "serial4",  "serial8", "refcursor", "timetz"};

static bool is_foreign(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(foreign_types); i++)
        if (strcmp(name, foreign_types[i]) == 0)
            return true;
    return false;
}

static bool bad_type(struct error *err, int32_t location, const TypeName *name, const char *label, const char *schema)
{
    struct strbuf sb;
    strbuf_init(&sb);
    ListCell *cell;
    foreach (cell, name->names)
        strbuf_add_fmt(&sb, "%s%s", sb.len ? "." : "", strVal(lfirst(cell)));
    if (list_length(name->arrayBounds))
        strbuf_add_cstr(&sb, "[]");
    if (is_foreign(label)) {
        (void)error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "type \"%s\" is not supported", label);
        (void)error_hint(err,
                         "Use text, or one of the supported types: bool, int2, int4, int8, float4, float8, numeric, "
                         "text, varchar, bpchar, bytea, date, time, timestamp, timestamptz, interval, uuid, json, "
                         "jsonb.");
    } else if (schema && strcmp(schema, "pg_catalog") != 0 && strcmp(schema, "public") != 0 &&
               strcmp(schema, "information_schema") != 0) {
        (void)error_set(err, SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", schema);
    } else {
        (void)error_set(err, SQLSTATE_UNDEFINED_OBJECT, "type \"%s\" does not exist", sb.data);
    }
    strbuf_release(&sb);
    return error_position(err, location + 1);
}

static bool char_typmod(struct error *err, const char *what, uint32_t n, const int32_t *mod, int32_t *out)
{
    if (n != 1)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (mod[0] < 1)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s must be at least 1", what);
    if (mod[0] > 10 * 1024 * 1024)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s cannot exceed 10485760", what);
    *out = mod[0] + 4;
    return true;
}

static bool numeric_typmod(struct error *err, uint32_t n, const int32_t *mod, int32_t *out)
{
    int32_t scale = n == 2 ? mod[1] : 0;
    if (n > 2)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier");
    if (mod[0] < 1 || mod[0] > 1000)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "NUMERIC precision %d must be between 1 and 1000",
                         mod[0]);
    if (scale < -1000 || scale > 1000)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "NUMERIC scale %d must be between -1000 and 1000",
                         scale);
    *out = ((mod[0] << 16) | (scale & 0x7ff)) + 4;
    return true;
}

static bool time_typmod(struct error *err, oid_t oid, uint32_t n, const int32_t *mod, int32_t *out)
{
    const char *what = oid == TYPE_TIME || oid == TYPE_TIMETZ ? "TIME" : "TIMESTAMP";
    const char *zone = oid == TYPE_TIMESTAMPTZ || oid == TYPE_TIMETZ ? " WITH TIME ZONE" : "";
    if (n != 1)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (mod[0] < 0)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "%s(%d)%s precision must not be negative", what, mod[0],
                         zone);
    *out = MIN_OF(mod[0], 6);
    return true;
}

static bool interval_typmod(struct error *err, uint32_t n, const int32_t *mod, int32_t *out)
{
    int32_t range = mod[0], precision = n == 2 ? mod[1] : INTERVAL_FULL_PRECISION;
    if (n > 2)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier");
    if (precision < 0)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "INTERVAL(%d) precision must not be negative",
                         precision);
    if (n == 2)
        precision = MIN_OF(precision, 6);
    *out = n == 1 && range == INTERVAL_FULL_RANGE ? -1 : INTERVAL_TYPMOD(precision, range);
    return true;
}

static bool typmod_of(struct error *err, oid_t oid, uint32_t n, const int32_t *mod, int32_t *out)
{
    switch (oid) {
    case TYPE_VARCHAR: return char_typmod(err, "varchar", n, mod, out);
    case TYPE_BPCHAR: return char_typmod(err, "char", n, mod, out);
    case TYPE_NUMERIC: return numeric_typmod(err, n, mod, out);
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ: return time_typmod(err, oid, n, mod, out);
    case TYPE_INTERVAL: return interval_typmod(err, n, mod, out);
    default: {
        const struct type_info *info = type_by_oid(oid);
        return error_set(err, SQLSTATE_SYNTAX_ERROR, "type modifier is not allowed for type \"%s\"", info->name);
    }
    }
}

static bool read_typmods(struct error *err, const List *list, uint32_t *n, int32_t mod[3])
{
    ListCell *cell;
    *n = 0;
    foreach (cell, list) {
        const A_Const *c = lfirst(cell);
        if (!IsA(c, A_Const) || c->isnull || nodeTag(&c->val.node) != T_Integer || *n == 3)
            return error_set(err, SQLSTATE_SYNTAX_ERROR, "type modifiers must be simple constants or identifiers");
        mod[(*n)++] = c->val.ival.ival;
    }
    return true;
}

static bool resolve(const TypeName *name, const char *label, const char *schema, struct coltype *out, struct error *err)
{
    const struct type_info *info = NULL;
    error_clear(err);
    if (name->setof || name->pct_type) {
        (void)error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this kind of type name is not supported");
        return error_position(err, name->location + 1);
    }
    /* Only real type names here: the grammar has already turned SQL spellings into pg_catalog names. */
    if (!schema || strcmp(schema, "pg_catalog") == 0) {
        uint32_t n;
        const struct type_info *all = type_all(&n);
        for (uint32_t i = 0; i < n; i++)
            if (strcmp(all[i].name, label) == 0)
                info = &all[i];
    }
    if (info && list_length(name->arrayBounds))
        info = info->array_oid ? type_by_oid(info->array_oid) : NULL;
    if (!info || (info->phys == PHYS_NONE && info->oid == TYPE_TIMETZ))
        return bad_type(err, name->location, name, label, schema);
    *out = coltype(info->oid);
    uint32_t n;
    int32_t mod[3];
    if (!name->typmods)
        return true;
    if (!read_typmods(err, name->typmods, &n, mod) ||
        !typmod_of(err, info->elem_oid ? info->elem_oid : info->oid, n, mod, &out->typmod))
        return error_position(err, name->location + 1);
    return true;
}

struct ast_type *pgq_type(struct pgq *pc, const TypeName *name)
{
    struct ast_type *type = ARENA_NEW(pc->arena, struct ast_type);
    struct ast_name last = pgq_name_list(pc, name->names, name->location);
    struct error *err = ARENA_NEW(pc->arena, struct error);
    const char *label = arena_strndup(pc->arena, last.name.ptr, last.name.len);
    const char *schema = last.schema.len ? arena_strndup(pc->arena, last.schema.ptr, last.schema.len) : NULL;
    type->label = label;
    type->location = name->location;
    if (!resolve(name, label, schema, &type->type, err))
        type->err = err;
    return type;
}
