/* SPDX-License-Identifier: Apache-2.0 */
#include "types/type.h"

/*
 * One line per type: constant, typname, SQL name, physical form, typlen, category, preferred, storable, array, element.
 * In OID order. The facts are those of PostgreSQL 15's pg_type.
 */
#define TYPE_TABLE(X)                                                                                                  \
    X(TYPE_BOOL, "bool", "boolean", PHYS_BOOL, 1, 'B', true, true, 1000, 0)                                            \
    X(TYPE_BYTEA, "bytea", "bytea", PHYS_STR, -1, 'U', false, true, 1001, 0)                                           \
    X(TYPE_CHAR, "char", "\"char\"", PHYS_STR, 1, 'Z', false, false, TYPE_CHAR_ARRAY, 0)                               \
    X(TYPE_NAME, "name", "name", PHYS_STR, 64, 'S', false, true, 1003, 0)                                              \
    X(TYPE_INT8, "int8", "bigint", PHYS_I64, 8, 'N', false, true, TYPE_INT8_ARRAY, 0)                                  \
    X(TYPE_INT2, "int2", "smallint", PHYS_I16, 2, 'N', false, true, 1005, 0)                                           \
    X(TYPE_INT2VECTOR, "int2vector", "int2vector", PHYS_STR, -1, 'A', false, false, 1006, TYPE_INT2)                   \
    X(TYPE_INT4, "int4", "integer", PHYS_I32, 4, 'N', false, true, TYPE_INT4_ARRAY, 0)                                 \
    X(TYPE_REGPROC, "regproc", "regproc", PHYS_I32, 4, 'N', false, false, 1008, 0)                                     \
    X(TYPE_TEXT, "text", "text", PHYS_STR, -1, 'S', true, true, TYPE_TEXT_ARRAY, 0)                                    \
    X(TYPE_OID, "oid", "oid", PHYS_I32, 4, 'N', true, false, TYPE_OID_ARRAY, 0)                                        \
    X(TYPE_XID, "xid", "xid", PHYS_I32, 4, 'U', false, false, 1011, 0)                                                 \
    X(TYPE_OIDVECTOR, "oidvector", "oidvector", PHYS_STR, -1, 'A', false, false, 1013, TYPE_OID)                       \
    X(TYPE_JSON, "json", "json", PHYS_STR, -1, 'U', false, true, 199, 0)                                               \
    X(TYPE_FLOAT4, "float4", "real", PHYS_F32, 4, 'N', false, true, 1021, 0)                                           \
    X(TYPE_FLOAT8, "float8", "double precision", PHYS_F64, 8, 'N', true, true, 1022, 0)                                \
    X(TYPE_UNKNOWN, "unknown", "unknown", PHYS_STR, -2, 'X', false, false, 0, 0)                                       \
    X(TYPE_CHAR_ARRAY, "_char", "\"char\"[]", PHYS_STR, -1, 'A', false, false, 0, TYPE_CHAR)                           \
    X(TYPE_INT4_ARRAY, "_int4", "integer[]", PHYS_STR, -1, 'A', false, false, 0, TYPE_INT4)                            \
    X(TYPE_TEXT_ARRAY, "_text", "text[]", PHYS_STR, -1, 'A', false, false, 0, TYPE_TEXT)                               \
    X(TYPE_INT8_ARRAY, "_int8", "bigint[]", PHYS_STR, -1, 'A', false, false, 0, TYPE_INT8)                             \
    X(TYPE_OID_ARRAY, "_oid", "oid[]", PHYS_STR, -1, 'A', false, false, 0, TYPE_OID)                                   \
    X(TYPE_BPCHAR, "bpchar", "character", PHYS_STR, -1, 'S', false, true, 1014, 0)                                     \
    X(TYPE_VARCHAR, "varchar", "character varying", PHYS_STR, -1, 'S', false, true, 1015, 0)                           \
    X(TYPE_DATE, "date", "date", PHYS_I32, 4, 'D', false, true, 1182, 0)                                               \
    X(TYPE_TIME, "time", "time without time zone", PHYS_I64, 8, 'D', false, true, 1183, 0)                             \
    X(TYPE_TIMESTAMP, "timestamp", "timestamp without time zone", PHYS_I64, 8, 'D', false, true, 1115, 0)              \
    X(TYPE_TIMESTAMPTZ, "timestamptz", "timestamp with time zone", PHYS_I64, 8, 'D', true, true, 1185, 0)              \
    X(TYPE_INTERVAL, "interval", "interval", PHYS_INTERVAL, 16, 'T', true, true, 1187, 0)                              \
    X(TYPE_TIMETZ, "timetz", "time with time zone", PHYS_NONE, 12, 'D', false, false, 1270, 0)                         \
    X(TYPE_NUMERIC, "numeric", "numeric", PHYS_NUM, -1, 'N', false, true, 1231, 0)                                     \
    X(TYPE_REGCLASS, "regclass", "regclass", PHYS_I32, 4, 'N', false, false, 2210, 0)                                  \
    X(TYPE_REGTYPE, "regtype", "regtype", PHYS_I32, 4, 'N', false, false, 2211, 0)                                     \
    X(TYPE_RECORD, "record", "record", PHYS_STR, -1, 'P', false, false, 2287, 0)                                       \
    X(TYPE_ANY, "any", "\"any\"", PHYS_NONE, 4, 'P', false, false, 0, 0)                                               \
    X(TYPE_ANYARRAY, "anyarray", "anyarray", PHYS_NONE, -1, 'P', false, false, 0, 0)                                   \
    X(TYPE_VOID, "void", "void", PHYS_NONE, 4, 'P', false, false, 0, 0)                                                \
    X(TYPE_ANYELEMENT, "anyelement", "anyelement", PHYS_NONE, 4, 'P', false, false, 0, 0)                              \
    X(TYPE_UUID, "uuid", "uuid", PHYS_UUID, 16, 'U', false, true, 2951, 0)                                             \
    X(TYPE_JSONB, "jsonb", "jsonb", PHYS_STR, -1, 'U', false, true, 3807, 0)

#define AS_INFO(id, typname, sql, form, len, cat, pref, store, arr, elem)                                              \
    {id, typname, sql, form, len, cat, pref, store, arr, elem},
#define AS_INDEX(id, typname, sql, form, len, cat, pref, store, arr, elem) INDEX_##id,
#define AS_SLOT(id, typname, sql, form, len, cat, pref, store, arr, elem)  [id] = INDEX_##id + 1,

static const struct type_info types[] = {TYPE_TABLE(AS_INFO)};
enum type_index { TYPE_TABLE(AS_INDEX) TYPE_COUNT };
/* OID → index in types + 1; 0 = none. */
static const uint8_t slot_of_oid[] = {TYPE_TABLE(AS_SLOT)};
_Static_assert(TYPE_COUNT == ARRAY_LEN(types), "one index per type");

/* Spellings that are neither a typname nor a format_type name. */
static const struct spelling {
    const char *name;
    oid_t oid;
} spellings[] = {
    {"int", TYPE_INT4},
    {"decimal", TYPE_NUMERIC},
    {"dec", TYPE_NUMERIC},
    {"float", TYPE_FLOAT8},
    {"string", TYPE_TEXT},
    {"char varying", TYPE_VARCHAR},
    {"national character varying", TYPE_VARCHAR},
    {"national char varying", TYPE_VARCHAR},
    {"nchar varying", TYPE_VARCHAR},
    {"national character", TYPE_BPCHAR},
    {"national char", TYPE_BPCHAR},
    {"nchar", TYPE_BPCHAR},
};

const struct type_info *type_by_oid(oid_t oid)
{
    if (oid >= ARRAY_LEN(slot_of_oid) || slot_of_oid[oid] == 0)
        return NULL;
    const struct type_info *info = &types[slot_of_oid[oid] - 1];
    assert(info->oid == oid);
    return info;
}

enum phys type_phys(oid_t oid)
{
    const struct type_info *info = type_by_oid(oid);
    return info ? info->phys : PHYS_NONE;
}

const struct type_info *type_all(uint32_t *count)
{
    *count = TYPE_COUNT;
    return types;
}

/* Collapses white space and drops a schema; false = longer than any type's name. */
static bool fold_name(struct strview name, char *out, size_t size, struct strview *folded)
{
    static const char schema[] = "pg_catalog.";
    size_t len = 0;
    name = strview_trim(name);
    if (name.len > sizeof schema && strview_equal_nocase(strview_make(name.ptr, sizeof schema - 1), STRVIEW(schema))) {
        name.ptr += sizeof schema - 1;
        name.len -= sizeof schema - 1;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = char_is_space(name.ptr[i]) ? ' ' : char_lower(name.ptr[i]);
        if (c == ' ' && (len == 0 || out[len - 1] == ' '))
            continue;
        if (len == size)
            return false;
        out[len++] = c;
    }
    *folded = strview_make(out, len);
    return true;
}

static const struct type_info *find_array(struct strview element)
{
    while (element.len && element.ptr[element.len - 1] == ' ')
        element.len--;
    const struct type_info *info = type_by_name(element);
    return info && info->array_oid ? type_by_oid(info->array_oid) : NULL;
}

const struct type_info *type_by_name(struct strview name)
{
    char buf[64];
    struct strview folded;
    if (!fold_name(name, buf, sizeof buf, &folded))
        return NULL;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (strview_equal_cstr(folded, types[i].name))
            return &types[i];
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (strview_equal_cstr(folded, types[i].sql_name))
            return &types[i];
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
        if (strview_equal_cstr(folded, spellings[i].name))
            return type_by_oid(spellings[i].oid);
    if (folded.len > 2 && folded.ptr[folded.len - 2] == '[' && folded.ptr[folded.len - 1] == ']')
        return find_array(strview_make(folded.ptr, folded.len - 2));
    return NULL;
}

enum { FIELD_MONTH_BIT = 1, FIELD_YEAR_BIT, FIELD_DAY_BIT, FIELD_HOUR_BIT = 10, FIELD_MINUTE_BIT, FIELD_SECOND_BIT };
enum { INTERVAL_ALL_FIELDS = 0x7FFF, INTERVAL_ANY_PRECISION = 0xFFFF };
#define MASK(field) (1 << FIELD_##field##_BIT)

/* interval's typmod: fields in the upper 16 bits, fractional digits in the lower. */
static void format_interval_typmod(struct strbuf *out, int32_t typmod)
{
    static const struct {
        int mask;
        const char *text;
    } ranges[] = {
        {MASK(YEAR), " year"},
        {MASK(MONTH), " month"},
        {MASK(DAY), " day"},
        {MASK(HOUR), " hour"},
        {MASK(MINUTE), " minute"},
        {MASK(SECOND), " second"},
        {MASK(YEAR) | MASK(MONTH), " year to month"},
        {MASK(DAY) | MASK(HOUR), " day to hour"},
        {MASK(DAY) | MASK(HOUR) | MASK(MINUTE), " day to minute"},
        {MASK(DAY) | MASK(HOUR) | MASK(MINUTE) | MASK(SECOND), " day to second"},
        {MASK(HOUR) | MASK(MINUTE), " hour to minute"},
        {MASK(HOUR) | MASK(MINUTE) | MASK(SECOND), " hour to second"},
        {MASK(MINUTE) | MASK(SECOND), " minute to second"},
    };
    int fields = typmod >> 16 & 0x7FFF, precision = typmod & 0xFFFF;
    for (size_t i = 0; fields != INTERVAL_ALL_FIELDS && i < ARRAY_LEN(ranges); i++)
        if (ranges[i].mask == fields)
            strbuf_add_cstr(out, ranges[i].text);
    if (precision != INTERVAL_ANY_PRECISION)
        strbuf_add_fmt(out, "(%d)", precision);
}

void type_format(struct strbuf *out, struct coltype type)
{
    const struct type_info *info = type_by_oid(type.oid);
    int32_t mod = type.typmod;
    if (!info) {
        strbuf_add_cstr(out, "???");
        return;
    }
    if (mod < 0) {
        strbuf_add_cstr(out, info->sql_name);
        return;
    }
    switch (type.oid) {
    case TYPE_VARCHAR:
    case TYPE_BPCHAR: strbuf_add_fmt(out, mod > 4 ? "%s(%d)" : "%s", info->sql_name, mod - 4); break;
    case TYPE_NUMERIC:
        strbuf_add_cstr(out, "numeric");
        if (mod >= 4)
            strbuf_add_fmt(out, "(%d,%d)", (mod - 4) >> 16 & 0xFFFF, (((mod - 4) & 0x7FF) ^ 1024) - 1024);
        break;
    case TYPE_TIME: strbuf_add_fmt(out, "time(%d) without time zone", mod); break;
    case TYPE_TIMETZ: strbuf_add_fmt(out, "time(%d) with time zone", mod); break;
    case TYPE_TIMESTAMP: strbuf_add_fmt(out, "timestamp(%d) without time zone", mod); break;
    case TYPE_TIMESTAMPTZ: strbuf_add_fmt(out, "timestamp(%d) with time zone", mod); break;
    case TYPE_INTERVAL:
        strbuf_add_cstr(out, "interval");
        format_interval_typmod(out, mod);
        break;
    default: strbuf_add_cstr(out, info->sql_name);
    }
}
