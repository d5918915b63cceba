/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/field_int.h"

#include <stdio.h>

#include "base/memory.h"
#include "types/jsonb.h"

static const int64_t POW10[19] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  10000000000,
                                  100000000000,
                                  1000000000000,
                                  10000000000000,
                                  100000000000000,
                                  1000000000000000,
                                  10000000000000000,
                                  100000000000000000,
                                  1000000000000000000};
/* Powers of ten that a double holds exactly. */
static const double EXACT10[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static void init_numeric(struct field *f)
{
    f->kind = FIELD_NUM;
    f->limit = 0;
    if (f->type.typmod < 4)
        return;
    uint32_t bits = (uint32_t)(f->type.typmod - 4);
    uint32_t precision = bits >> 16 & 0xFFFF;
    int32_t scale = (int32_t)(bits & 0x7FF) - (bits & 0x400 ? 0x800 : 0);
    if (precision > 18 || scale < 0 || scale > 18) {
        f->limit = -1;
        return;
    }
    f->scale = (uint32_t)scale;
    f->limit = POW10[precision];
}

void field_init(struct field *f, const struct column_def *column)
{
    memset(f, 0, sizeof *f);
    f->type = column->type;
    f->column = (uint32_t)column->attnum - 1;
    f->chars = UINT32_MAX;
    switch (column->type.oid) {
    case TYPE_INT2: f->kind = FIELD_I16; break;
    case TYPE_INT4: f->kind = FIELD_I32; break;
    case TYPE_INT8: f->kind = FIELD_I64; break;
    case TYPE_FLOAT4: f->kind = FIELD_F32; break;
    case TYPE_FLOAT8: f->kind = FIELD_F64; break;
    case TYPE_NUMERIC: init_numeric(f); break;
    case TYPE_TEXT: f->kind = FIELD_TEXT; break;
    case TYPE_VARCHAR:
        f->kind = FIELD_VARCHAR;
        if (column->type.typmod >= 4)
            f->chars = (uint32_t)(column->type.typmod - 4);
        break;
    case TYPE_DATE: f->kind = FIELD_DATE; break;
    case TYPE_TIMESTAMP: f->kind = FIELD_TIMESTAMP; break;
    case TYPE_TIMESTAMPTZ: f->kind = FIELD_TIMESTAMPTZ; break;
    case TYPE_BOOL: f->kind = FIELD_BOOL; break;
    case TYPE_JSON: f->kind = FIELD_JSON; break;
    case TYPE_JSONB: f->kind = FIELD_JSONB; break;
    default: f->kind = FIELD_OTHER;
    }
    f->is_epoch = f->kind == FIELD_DATE || f->kind == FIELD_TIMESTAMP || f->kind == FIELD_TIMESTAMPTZ;
}

void field_ctx_init(struct field_ctx *ctx, const struct value_ctx *value, struct mem_account *account)
{
    ctx->value = value;
    arena_init(&ctx->scratch, account);
    strbuf_init(&ctx->json);
    ctx->utc = !value->datetime.zone || value->datetime.zone == tz_utc();
}

void field_ctx_release(struct field_ctx *ctx)
{
    arena_release(&ctx->scratch);
    strbuf_release(&ctx->json);
}

bool field_utf8_error(const char *s, size_t len, struct error *err)
{
    char bytes[64] = "";
    size_t n = MIN_OF(utf8_step((unsigned char)*s), len), at = 0;

    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(bytes + at, sizeof bytes - at, "%s0x%02x", i ? " " : "", (unsigned char)s[i]);
    return error_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": %s",
                     bytes);
}

bool field_put_datum(struct mutable_chunk *mc, const struct field *f, const union datum *datum, struct error *err)
{
    if (!mutable_put_datum(mc, f->column, datum))
        return field_memory_error(mc, err);
    return true;
}

/* The type's own input function. */
static NEVER_INLINE bool put_parsed(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f,
                                    const char *s, size_t len, struct error *err)
{
    union datum datum;

    if (!value_parse(strview_make(s, len), f->type, false, ctx->value, &ctx->scratch, &datum, err))
        return false;
    return field_put_datum(mc, f, &datum, err);
}

/* Digits with an optional point, at most 18 in all: mantissa × 10^-scale. */
static bool plain_decimal(const char *s, size_t len, int64_t *mantissa, uint32_t *scale)
{
    const char *end = s + len;
    bool negative = len && *s == '-', point = false;
    uint64_t v = 0;
    uint32_t digits = 0, after = 0;

    for (s += negative; s < end; s++) {
        uint32_t digit = (uint32_t)(unsigned char)*s - '0';
        if (digit <= 9) {
            v = v * 10 + digit;
            after += point;
            if (++digits > 18)
                return false;
        } else if (*s == '.' && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (!digits)
        return false;
    *mantissa = negative ? -(int64_t)v : (int64_t)v;
    *scale = after;
    return true;
}

static bool put_numeric(struct mutable_chunk *mc, const struct field *f, const char *s, size_t len)
{
    int64_t mantissa;
    uint32_t scale;

    if (f->limit < 0 || !plain_decimal(s, len, &mantissa, &scale))
        return false;
    if (f->limit) {
        if (scale > f->scale || __builtin_mul_overflow(mantissa, POW10[f->scale - scale], &mantissa))
            return false;
        if (mantissa >= f->limit || mantissa <= -f->limit)
            return false;
        scale = f->scale;
    }
    struct num *slot = mutable_slot(mc, f->column, false);
    *slot = (struct num){.mantissa = mantissa, .kind = NUM_INLINE, .dscale = scale};
    return true;
}

/* A decimal whose digits and power of ten are exact in a double gives a correctly rounded quotient. */
static bool put_float(struct mutable_chunk *mc, const struct field *f, const char *s, size_t len)
{
    int64_t mantissa;
    uint32_t scale;

    if (!plain_decimal(s, len, &mantissa, &scale) || mantissa > INT64_C(1) << 53 || mantissa < -(INT64_C(1) << 53))
        return false;
    if (mantissa == 0 && *s == '-')
        return false;
    mutable_put_f64(mc, f->column, (double)mantissa / EXACT10[scale]);
    return true;
}

static inline int two_digits(const char *s)
{
    uint32_t a = (uint32_t)(unsigned char)s[0] - '0', b = (uint32_t)(unsigned char)s[1] - '0';
    return a > 9 || b > 9 ? -1 : (int)(a * 10 + b);
}

/* Exactly YYYY-MM-DD. */
static bool plain_date(const char *s, size_t len, date_t *out)
{
    static const uint8_t month_days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (len != 10 || s[4] != '-' || s[7] != '-')
        return false;
    int century = two_digits(s), rest = two_digits(s + 2), month = two_digits(s + 5), day = two_digits(s + 8);
    if (century < 0 || rest < 0 || month < 1 || month > 12 || day < 1)
        return false;
    int year = century * 100 + rest;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || day > month_days[month] + (month == 2 && leap))
        return false;
    /* Days from civil, months counted from March. */
    int y = year - (month <= 2), m = month > 2 ? month - 3 : month + 9;
    int era = y / 400, yoe = y % 400;
    int doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * m + 2) / 5 + day - 1;
    *out = era * 146097 + doe - 730425; /* 2000-01-01 */
    return true;
}

static bool put_time(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, const char *s, size_t len)
{
    timestamp_t t;
    bool has_zone;

    if (f->type.typmod >= 0 || !timestamp_parse_iso(s, len, &t, &has_zone))
        return false;
    /* Plain timestamps ignore a zone, the others need the session's where none is given. */
    if (f->kind == FIELD_TIMESTAMP ? has_zone : !has_zone && !ctx->utc)
        return false;
    mutable_put_i64(mc, f->column, t);
    return true;
}

static bool put_jsonb(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, const char *s, size_t len,
                      struct error *err)
{
    strbuf_clear(&ctx->json);
    if (!jsonb_parse(strview_make(s, len), &ctx->json, err))
        return false;
    if (!mutable_put_str(mc, f->column, ctx->json.data, ctx->json.len))
        return field_memory_error(mc, err);
    return true;
}

bool field_put(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, const char *s, size_t len,
               struct error *err)
{
    int64_t v;
    date_t date;
    bool done = false;

    switch ((enum field_kind)f->kind) {
    case FIELD_I16:
    case FIELD_I32:
    case FIELD_I64: done = field_plain_int(s, len, &v) && field_put_int(mc, f, v); break;
    case FIELD_F64: done = put_float(mc, f, s, len); break;
    case FIELD_NUM: done = put_numeric(mc, f, s, len); break;
    case FIELD_VARCHAR:
        if (len > f->chars)
            break;
        /* fall through */
    case FIELD_TEXT:
        if (UNLIKELY(len > STR_LEN_MAX))
            return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "value too long: %zu bytes, the limit is %d", len,
                             STR_LEN_MAX);
        return mutable_put_str(mc, f->column, s, len) || field_memory_error(mc, err);
    case FIELD_DATE:
        done = plain_date(s, len, &date);
        if (done)
            mutable_put_i32(mc, f->column, date);
        break;
    case FIELD_TIMESTAMP:
    case FIELD_TIMESTAMPTZ: done = put_time(ctx, mc, f, s, len); break;
    case FIELD_JSONB: return put_jsonb(ctx, mc, f, s, len, err);
    case FIELD_F32:
    case FIELD_BOOL:
    case FIELD_JSON:
    case FIELD_OTHER: break;
    }
    return done || put_parsed(ctx, mc, f, s, len, err);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

/* unix_us: µs since 1970. */
static bool put_unix(struct mutable_chunk *mc, const struct field *f, int64_t unix_us, struct error *err)
{
    int64_t t;

    if (__builtin_sub_overflow(unix_us, POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC, &t) || !timestamp_in_range(t))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    if (f->kind == FIELD_DATE) {
        mutable_put_i32(mc, f->column, (date_t)floor_div(t, USECS_PER_DAY));
        return true;
    }
    if (f->type.typmod >= 0 && !timestamp_apply_typmod(&t, f->type.typmod, err))
        return false;
    mutable_put_i64(mc, f->column, t);
    return true;
}

bool field_put_epoch_int(struct mutable_chunk *mc, const struct field *f, enum epoch_unit unit, int64_t v,
                         struct error *err)
{
    static const int64_t factor[] = {[EPOCH_S] = 1000000, [EPOCH_MS] = 1000, [EPOCH_US] = 1};

    if (unit == EPOCH_NS)
        return put_unix(mc, f, floor_div(v, 1000), err);
    if (__builtin_mul_overflow(v, factor[unit], &v))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    return put_unix(mc, f, v, err);
}

bool field_put_epoch(struct field_ctx *ctx, struct mutable_chunk *mc, const struct field *f, enum epoch_unit unit,
                     const char *s, size_t len, struct error *err)
{
    static const int8_t shift[] = {[EPOCH_S] = 6, [EPOCH_MS] = 3, [EPOCH_US] = 0, [EPOCH_NS] = -3};
    struct num v, scaled, whole, power;
    int64_t us;

    if (field_plain_int(s, len, &us))
        return field_put_epoch_int(mc, f, unit, us, err);
    /* With fraction, exponent or many digits: exact decimals, cut towards the past. */
    power = shift[unit] < 0 ? num_from_i128(&ctx->scratch, 1, 3) : num_from_i64(POW10[shift[unit]]);
    if (!num_parse(strview_make(s, len), -1, &ctx->scratch, &v, err) ||
        !num_mul(&v, &power, &ctx->scratch, &scaled, err))
        return false;
    if (!num_floor(&scaled, &ctx->scratch, &whole, err))
        return false;
    struct error range;
    if (!num_to_i64(&whole, INT64_MIN, INT64_MAX, "bigint", &us, &range))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    return put_unix(mc, f, us, err);
}
