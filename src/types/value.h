/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQL value of any type, and the operations every type has: text and binary input and output, comparison, hash,
 * typmod. Used by the wire, COPY, ingestion, literals and tests. Row loops of the engine use kernels on vectors
 * instead.
 */
#ifndef MENCIA_TYPES_VALUE_H
#define MENCIA_TYPES_VALUE_H

#include "types/datetime.h"
#include "types/numeric.h"
#include "types/vec.h"

/* Storage for any physical form; read the member that phys says. */
union datum {
    uint8_t b;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    struct num num;
    struct interval interval;
    uint8_t uuid[16];
    struct str str;
};
_Static_assert(sizeof(union datum) == 16, "vec_value points to one of these");

struct value {
    oid_t type;
    bool is_null;
    union datum d;
};

struct func_session; /* func/session.h */

/* Settings that change how values read and print. */
struct value_ctx {
    struct datetime_ctx datetime;
    int32_t extra_float_digits;         /* 1 and above: shortest round-trip form */
    bool bytea_escape;                  /* bytea_output = escape */
    const struct func_session *session; /* for functions about it; NULL outside of sessions */
    /* Text of a regclass, quoted and with its schema as needed; false = no such relation. NULL outside of sessions. */
    bool (*relation_name)(const struct func_session *session, oid_t oid, struct strbuf *out);
};
/* UTC (zone NULL means it here), extra_float_digits 1, hex; now = the epoch. For ingestion and tests. */
extern const struct value_ctx value_ctx_default;

/* Text input as the type's input function does it (names of regclass and regproc, and arrays: 0A000; those with a
 * catalogue resolve names first), with the typmod of an explicit cast or column assignment: by_cast
 * true truncates varchar(n) silently, false raises 22001. Strings: *out views `text` or arena memory. */
bool value_parse(struct strview text, struct coltype type, bool by_cast, const struct value_ctx *ctx,
                 struct arena *arena, union datum *out, struct error *err) MUST_CHECK;
/* Text output; appends. Not for NULL. */
void value_format(struct strbuf *out, oid_t type, const void *datum, const struct value_ctx *ctx);
/* PostgreSQL's binary wire form. As there, bytes that are missing give 08P01 and surplus ones or bad content 22P03.
 * *out owns nothing of `bytes`. */
bool value_recv(struct strview bytes, struct coltype type, const struct value_ctx *ctx, struct arena *arena,
                union datum *out, struct error *err) MUST_CHECK;
void value_send(struct strbuf *out, oid_t type, const void *datum, const struct value_ctx *ctx);

/* Total order of the type's btree class (NaN last, −0 = 0, text by bytes, bpchar without trailing blanks). */
int value_compare(oid_t type, const void *a, const void *b);
bool value_equal(oid_t type, const void *a, const void *b);
/* Agrees with value_equal. int2, int4, int8 and integral numerics of equal value hash equally; so do float4 and float8.
 */
uint64_t value_hash(oid_t type, const void *datum);
/* Applies varchar(n), char(n), numeric(p,s), timestamp(p) … to a value of the type. */
bool value_apply_typmod(struct coltype type, bool by_cast, struct arena *arena, union datum *inout,
                        struct error *err) MUST_CHECK;

void i64_format(struct strbuf *out, int64_t v);
/* Shortest round-trip text of floats as PostgreSQL prints them (1e+20, 1e-05, NaN, Infinity, -0). */
void f64_format(struct strbuf *out, double v, int32_t extra_float_digits);
void f32_format(struct strbuf *out, float v, int32_t extra_float_digits);
bool f64_parse(struct strview text, double *out, struct error *err) MUST_CHECK;
bool f32_parse(struct strview text, float *out, struct error *err) MUST_CHECK;
/* Text → integer within [min, max] with PostgreSQL's white space and errors; type_name: smallint, integer, bigint. */
bool int_parse(struct strview text, int64_t min, int64_t max, const char *type_name, int64_t *out,
               struct error *err) MUST_CHECK;
bool bool_parse(struct strview text, bool *out, struct error *err) MUST_CHECK;
bool uuid_parse(struct strview text, uint8_t out[16], struct error *err) MUST_CHECK;
bool bytea_parse(struct strview text, struct arena *arena, struct str *out, struct error *err) MUST_CHECK;

#endif
