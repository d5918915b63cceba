/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL types by PostgreSQL's OIDs, and how each is held in memory. One const table (type.c) describes them all; a type
 * that is not in it does not exist for us.
 */
#ifndef MENCIA_TYPES_TYPE_H
#define MENCIA_TYPES_TYPE_H

#include "base/base.h"
#include "base/str.h"

typedef uint32_t oid_t;

enum type_oid {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_CHAR = 18,
    TYPE_NAME = 19,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT2VECTOR = 22,
    TYPE_INT4 = 23,
    TYPE_REGPROC = 24,
    TYPE_TEXT = 25,
    TYPE_OID = 26,
    TYPE_XID = 28,
    TYPE_OIDVECTOR = 30,
    TYPE_JSON = 114,
    TYPE_FLOAT4 = 700,
    TYPE_FLOAT8 = 701,
    TYPE_UNKNOWN = 705,
    TYPE_BPCHAR = 1042,
    TYPE_VARCHAR = 1043,
    TYPE_DATE = 1082,
    TYPE_TIME = 1083,
    TYPE_TIMESTAMP = 1114,
    TYPE_TIMESTAMPTZ = 1184,
    TYPE_INTERVAL = 1186,
    TYPE_TIMETZ = 1266,
    TYPE_NUMERIC = 1700,
    TYPE_REGCLASS = 2205,
    TYPE_REGTYPE = 2206,
    TYPE_RECORD = 2249,
    TYPE_VOID = 2278,
    TYPE_UUID = 2950,
    TYPE_JSONB = 3802,
    /* Pseudo-types of the function catalogue only. */
    TYPE_ANY = 2276,
    TYPE_ANYELEMENT = 2283,
    TYPE_ANYARRAY = 2277,
    TYPE_TEXT_ARRAY = 1009,
    TYPE_INT4_ARRAY = 1007,
    TYPE_INT8_ARRAY = 1016,
    TYPE_OID_ARRAY = 1028,
    TYPE_CHAR_ARRAY = 1002,
};

/* Physical forms: what one value of a vector is. */
enum phys {
    PHYS_NONE,     /* void, unknown NULL: no data at all */
    PHYS_BOOL,     /* uint8_t, 0 or 1 */
    PHYS_I16,      /* int16_t */
    PHYS_I32,      /* int32_t; date = days from 2000-01-01; oid and reg* as unsigned bit pattern */
    PHYS_I64,      /* int64_t; timestamps = µs from 2000-01-01 (UTC for timestamptz), time = µs of the day */
    PHYS_F32,      /* float */
    PHYS_F64,      /* double */
    PHYS_NUM,      /* struct num (types/numeric.h), 16 bytes */
    PHYS_INTERVAL, /* struct interval (types/datetime.h), 16 bytes */
    PHYS_UUID,     /* 16 bytes, big-endian order = byte order */
    PHYS_STR,      /* struct str (types/vec.h), 16 bytes: text, varchar, bpchar, name, bytea, json, jsonb (canonical
                      binary form of types/jsonb.h), arrays (types/array.h, later) */
    PHYS_COUNT
};

/* Bytes per value of each form. */
extern const uint8_t phys_size[PHYS_COUNT];

struct type_info {
    oid_t oid;
    const char *name;     /* pg_type.typname: int4 */
    const char *sql_name; /* format_type: integer */
    enum phys phys;
    int16_t typlen;  /* pg_type.typlen, also in RowDescription; -1 = varying */
    char category;   /* pg_type.typcategory: N numeric, S string, D date/time, B boolean, T timespan, U user */
    bool preferred;  /* pg_type.typispreferred */
    bool storable;   /* may be a column of a table */
    oid_t array_oid; /* pg_type.typarray, 0 = none */
    oid_t elem_oid;  /* pg_type.typelem of a true array, 0 = none */
};

/* A type with its modifier. typmod -1 = none; varchar(n): n + 4; numeric(p,s): ((p << 16) | s) + 4;
 * timestamp(p), interval: as PostgreSQL encodes them. */
struct coltype {
    oid_t oid;
    int32_t typmod;
};

/* NULL if there is no such type. */
const struct type_info *type_by_oid(oid_t oid);
/* By typname or any SQL spelling (integer, int, bigint, "double precision", "timestamp with time zone", "text[]", …),
 * without case, with or without pg_catalog. A bare char is the typname: type 18 (the parser has turned SQL's CHAR into
 * bpchar before). */
const struct type_info *type_by_name(struct strview name);
/* All types, in OID order. */
const struct type_info *type_all(uint32_t *count);
enum phys type_phys(oid_t oid);
/* format_type(oid, typmod): "numeric(12,2)", "character varying(10)"; appends. Unknown OIDs give "???".
 * Without typmod bpchar is "character", as in messages. */
void type_format(struct strbuf *out, struct coltype type);

static inline struct coltype coltype(oid_t oid) { return (struct coltype){oid, -1}; }
/* True for types whose values are stored as text bytes (comparison = memcmp). */
static inline bool type_is_string(oid_t oid)
{
    return oid == TYPE_TEXT || oid == TYPE_VARCHAR || oid == TYPE_BPCHAR || oid == TYPE_NAME || oid == TYPE_UNKNOWN;
}

#endif
