/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field's text into one column of the row being written: the type's text input with short cuts for the plain
 * spellings of the common types. Shared by the JSON, CSV and COPY decoders.
 */
#ifndef MENCIA_INGEST_FIELD_INT_H
#define MENCIA_INGEST_FIELD_INT_H

#include "base/memory.h"
#include "storage/mutable.h"
#include "types/schema.h"
#include "types/value.h"

enum field_kind {
    FIELD_I16,
    FIELD_I32,
    FIELD_I64,
    FIELD_F32,
    FIELD_F64,
    FIELD_NUM,
    FIELD_TEXT, /* bytes as they are */
    FIELD_VARCHAR,
    FIELD_DATE,
    FIELD_TIMESTAMP,
    FIELD_TIMESTAMPTZ,
    FIELD_BOOL,
    FIELD_JSON,
    FIELD_JSONB,
    FIELD_OTHER, /* value_parse */
};

struct field {
    struct coltype type;
    uint32_t column; /* attnum - 1 */
    uint8_t kind;    /* enum field_kind */
    bool is_epoch;   /* date, timestamp, timestamptz: a JSON number is an epoch */
    uint32_t scale;  /* numeric with typmod */
    int64_t limit;   /* numeric(p,s): 10^p, exclusive bound of the mantissa; 0 = no typmod, -1 = always the long way */
    uint32_t chars;  /* varchar(n): n; UINT32_MAX = no limit */
};
void field_init(struct field *f, const struct column_def *column);

struct field_ctx {
    const struct value_ctx *value;
    struct arena scratch; /* emptied by the caller now and then */
    struct strbuf json;   /* binary jsonb being built */
    bool utc;             /* value->datetime.zone is UTC */
};
void field_ctx_init(struct field_ctx *ctx, const struct value_ctx *value, struct mem_account *account);
void field_ctx_release(struct field_ctx *ctx);

/* Text input of [s, s + len), valid UTF-8 without NUL. 53200 = memory refused, anything else = the value does not fit.
 */
bool field_put(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, const char *s, size_t len,
               struct error *err) MUST_CHECK;
/* A JSON number's literal text as epoch. */
bool field_put_epoch(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, enum epoch_unit unit,
                     const char *s, size_t len, struct error *err) MUST_CHECK;
/* Epoch as integer. */
bool field_put_epoch_int(struct mutable_chunk *mc, const struct field *f, enum epoch_unit unit, int64_t v,
                         struct error *err) MUST_CHECK;
/* A value of the column's type. */
bool field_put_datum(struct mutable_chunk *mc, const struct field *f, const union datum *datum,
                     struct error *err) MUST_CHECK;
/* 22021 naming the bytes at s, as PostgreSQL does. */
bool field_utf8_error(const char *s, size_t len, struct error *err);

static inline bool field_memory_error(struct mutable_chunk *mc, struct error *err)
{
    if (mc->account)
        return mem_error(mc->account, 0, err);
    return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* For FIELD_I16, FIELD_I32, FIELD_I64; false = out of the type's range. */
static inline bool field_put_int(struct mutable_chunk *mc, const struct field *f, int64_t v)
{
    switch (f->kind) {
    case FIELD_I16:
        if (v != (int16_t)v)
            return false;
        mutable_put_i16(mc, f->column, (int16_t)v);
        return true;
    case FIELD_I32:
        if (v != (int32_t)v)
            return false;
        mutable_put_i32(mc, f->column, (int32_t)v);
        return true;
    default: mutable_put_i64(mc, f->column, v); return true;
    }
}

/* Up to 18 digits with an optional minus: true and *out if that is all of [s, s + len). */
static inline bool field_plain_int(const char *s, size_t len, int64_t *out)
{
    const char *end = s + len;
    bool negative = len && *s == '-';
    s += negative;
    if (end - s < 1 || end - s > 18)
        return false;
    uint64_t v = 0;
    for (; s < end; s++) {
        uint32_t digit = (uint32_t)(unsigned char)*s - '0';
        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

#endif
