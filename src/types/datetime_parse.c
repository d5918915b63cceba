/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text input of date, time, timestamp and timestamptz: a fast path for ISO 8601 in its usual form, and the full
 * grammar through the lexer and decoder for everything else.
 */
#include "types/datetime_int.h"

#define EPOCH_US (-POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC)

/* Two digits at p; sets *bad when they are not. */
static inline uint32_t two(const char *p, uint32_t *bad)
{
    uint32_t a = (uint32_t)(uint8_t)p[0] - '0', b = (uint32_t)(uint8_t)p[1] - '0';
    *bad |= (a > 9) | (b > 9);
    return a * 10 + b;
}

/* Z, ±HH, ±HH:MM up to the end; *east in seconds. */
static bool iso_zone(const char *p, size_t len, int32_t *east)
{
    uint32_t bad = 0, h, m = 0;
    if (len == 1 && (*p == 'Z' || *p == 'z')) {
        *east = 0;
        return true;
    }
    if ((len != 3 && len != 6) || (*p != '+' && *p != '-'))
        return false;
    h = two(p + 1, &bad);
    if (len == 6) {
        bad |= p[3] != ':';
        m = two(p + 4, &bad);
    }
    if (bad || h > 15 || m > 59)
        return false;
    *east = (int32_t)(h * 3600 + m * 60);
    if (*p == '-')
        *east = -*east;
    return true;
}

/* Eight characters of which those that `pattern` has as '0' are digits and the others are as it has them: every byte of
 * the difference is at most 9, or 0. limits: 0x76 for digits, 0x7F for others, so that a wrong byte sets its top bit.
 */
static inline bool matches(uint64_t difference, uint64_t limits)
{
    return (((difference + limits) | difference) & 0x8080808080808080ULL) == 0;
}

/* Byte i becomes digit i times ten plus digit i + 1. */
static inline uint64_t pairs(uint64_t digits) { return digits * 10 + (digits >> 8); }

static inline uint32_t byte_of(uint64_t word, uint32_t i) { return (uint32_t)(word >> (8 * i)) & 0xFF; }

/* Days from 2000-01-01 of a year from 1 to 9999. */
static inline int64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t before_march = month <= 2, y = year - before_march, centuries = y / 100;
    uint32_t from_march = month + 12 * before_march - 3;
    return (int64_t)(365 * y + y / 4 - centuries + centuries / 4 + (153 * from_march + 2) / 5 + day - 1) - 730425;
}

/* Up to six digits after the point at *at, which moves behind them. */
static inline bool iso_fraction(const char *p, size_t len, size_t *at, uint32_t *usec)
{
    static const uint32_t power[7] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    if (len - *at >= 8) {
        uint64_t digits = (load_u64(p + *at) ^ 0x303030303030302EULL) & 0x00FFFFFFFFFFFFFFULL; /* ".000000" */
        if (matches(digits, 0x007676767676767FULL)) {
            digits = pairs(digits);
            *usec = byte_of(digits, 1) * 10000 + byte_of(digits, 3) * 100 + byte_of(digits, 5);
            *at += 7;
            return true;
        }
    }
    size_t start = ++*at;
    while (*at < len && char_is_digit(p[*at]) && *at - start < 6)
        *usec = *usec * 10 + (uint32_t)(p[(*at)++] - '0');
    *usec *= power[*at - start];
    return *at > start;
}

/* The local time as written, and the zone if there is one. */
static bool parse_iso(const char *p, size_t len, timestamp_t *local, bool *has_zone, int32_t *east)
{
    if (len < 19)
        return false;
    uint64_t date = load_u64(p) ^ 0x2D30302D30303030ULL;      /* "0000-00-" */
    uint64_t clock = load_u64(p + 8) ^ 0x30303A3030203030ULL; /* "00 00:00" */
    uint32_t seconds = load_u32(p + 15) >> 8 ^ 0x30303A;      /* ":00" */
    char separator = p[10];
    if (separator == 'T' || separator == 't')
        clock &= ~0xFF0000ULL;
    if (!matches(date, 0x7F76767F76767676ULL) || !matches(clock, 0x76767F76767F7676ULL) || !matches(seconds, 0x76767F))
        return false;
    date = pairs(date);
    clock = pairs(clock);
    uint32_t year = byte_of(date, 0) * 100 + byte_of(date, 2), month = byte_of(date, 5), day = byte_of(clock, 0);
    uint32_t hour = byte_of(clock, 3), minute = byte_of(clock, 6), second = byte_of(pairs(seconds), 1);
    if (year == 0 || month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 59)
        return false;
    if (day > 28 && (int32_t)day > days_in_month((int32_t)year, (int32_t)month))
        return false;
    uint32_t usec = 0;
    size_t at = 19;
    if (at < len && p[at] == '.' && !iso_fraction(p, len, &at, &usec))
        return false;
    *has_zone = at < len;
    *east = 0;
    if (at < len && !iso_zone(p + at, len - at, east))
        return false;
    *local = days_of(year, month, day) * USECS_PER_DAY + (int64_t)(hour * 3600 + minute * 60 + second) * USECS_PER_SEC +
             usec;
    return true;
}

bool timestamp_parse_iso(const char *text, size_t len, timestamp_t *out, bool *has_zone)
{
    int32_t east;
    timestamp_t local;
    if (!parse_iso(text, len, &local, has_zone, &east))
        return false;
    *out = local - east * USECS_PER_SEC;
    return true;
}

static bool parse(struct strview text, size_t bytes_max, const char *type, const struct datetime_ctx *ctx,
                  struct dt_result *out, struct error *err)
{
    struct dt_tokens tokens;
    out->bad_zone[0] = '\0';
    enum dt_status status = dt_lex(text, bytes_max, &tokens);
    if (status == DT_OK)
        status = dt_decode(&tokens, ctx, out);
    return status == DT_OK ? true : dt_raise(status, text, type, out->bad_zone, err);
}

static bool out_of_range(const char *what, struct strview text, struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "%s out of range: \"%.*s\"", what, (int)dt_quoted_len(text),
                     text.ptr);
}

static bool parse_stamp(struct strview text, const char *type, bool with_zone, const struct datetime_ctx *ctx,
                        timestamp_t *out, struct error *err)
{
    struct dt_result r;
    if (!parse(text, LEX_BYTES_STAMP, type, ctx, &r, err))
        return false;
    switch (r.kind) {
    case DT_IS_DATE:
        if (!with_zone)
            r.parts.gmt_offset = 0;
        return parts_to_timestamp(&r.parts, out) ? true : out_of_range("timestamp", text, err);
    case DT_IS_EPOCH: *out = EPOCH_US; break;
    case DT_IS_EARLY: *out = TIMESTAMP_NEG_INFINITY; break;
    case DT_IS_LATE: *out = TIMESTAMP_POS_INFINITY; break;
    }
    return true;
}

bool timestamp_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, timestamp_t *out,
                     struct error *err)
{
    bool has_zone;
    int32_t east;
    if (!parse_iso(text.ptr, text.len, out, &has_zone, &east) && !parse_stamp(text, "timestamp", false, ctx, out, err))
        return false;
    return timestamp_apply_typmod(out, typmod, err);
}

bool timestamptz_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, timestamp_t *out,
                       struct error *err)
{
    bool has_zone;
    int32_t east;
    timestamp_t local;
    if (parse_iso(text.ptr, text.len, &local, &has_zone, &east))
        *out = has_zone ? local - east * USECS_PER_SEC : tz_local_to_utc(ctx->zone, local);
    else if (!parse_stamp(text, "timestamp with time zone", true, ctx, out, err))
        return false;
    return timestamp_apply_typmod(out, typmod, err);
}

/* Exactly YYYY-MM-DD. */
static bool parse_iso_date(const char *p, size_t len, date_t *out)
{
    uint32_t bad = 0;
    if (len != 10 || p[4] != '-' || p[7] != '-')
        return false;
    uint32_t year = two(p, &bad) * 100;
    year += two(p + 2, &bad);
    uint32_t month = two(p + 5, &bad), day = two(p + 8, &bad);
    if (bad || year == 0 || month - 1 > 11 || day - 1 > 30)
        return false;
    if (day > 28 && (int32_t)day > days_in_month((int32_t)year, (int32_t)month))
        return false;
    *out = (date_t)days_of(year, month, day);
    return true;
}

bool date_parse(struct strview text, const struct datetime_ctx *ctx, date_t *out, struct error *err)
{
    struct dt_result r;
    if (parse_iso_date(text.ptr, text.len, out))
        return true;
    if (!parse(text, LEX_BYTES_DATE, "date", ctx, &r, err))
        return false;
    switch (r.kind) {
    case DT_IS_DATE: break;
    case DT_IS_EPOCH: *out = (date_t)(EPOCH_US / USECS_PER_DAY); return true;
    case DT_IS_EARLY: *out = DATE_NEG_INFINITY; return true;
    case DT_IS_LATE: *out = DATE_POS_INFINITY; return true;
    }
    if (!dt_is_julian_ok(r.parts.year, r.parts.month, r.parts.day))
        return out_of_range("date", text, err);
    *out = date_from_ymd(r.parts.year, r.parts.month, r.parts.day);
    if (*out < DATE_MIN_DAYS || *out >= DATE_END_DAYS)
        return out_of_range("date", text, err);
    return true;
}

/* Rounds away from zero to typmod's fractional digits. */
static int64_t round_usec(int64_t v, int32_t precision)
{
    static const int64_t scale[7] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    int64_t s = scale[precision];
    return v >= 0 ? (v + s / 2) / s * s : -((-v + s / 2) / s * s);
}

bool time_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, int64_t *out, struct error *err)
{
    struct dt_tokens tokens;
    struct dt_result r;
    r.bad_zone[0] = '\0';
    enum dt_status status = dt_lex(text, LEX_BYTES_DATE, &tokens);
    if (status == DT_OK)
        status = dt_decode_time(&tokens, ctx, &r);
    if (status != DT_OK)
        return dt_raise(status, text, "time", r.bad_zone, err);
    *out = ((int64_t)r.parts.hour * 3600 + r.parts.minute * 60 + r.parts.second) * USECS_PER_SEC + r.parts.usec;
    if (typmod >= 0 && typmod < 6)
        *out = round_usec(*out, typmod);
    return true;
}

bool timestamp_apply_typmod(timestamp_t *v, int32_t typmod, struct error *err)
{
    if (typmod == -1 || typmod == 6 || !timestamp_is_finite(*v))
        return true;
    if (typmod < 0 || typmod > 6)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "timestamp(%d) precision must be between %d and %d",
                         (int)typmod, 0, 6);
    *v = round_usec(*v, typmod);
    return true;
}
