/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date, time, timestamp, timestamptz, interval and time zones with PostgreSQL 15's meaning. Days and microseconds count
 * from 2000-01-01. ±infinity are the extreme integers. DateStyle is ISO, MDY; IntervalStyle is postgres.
 *
 * Zones are read from the system's TZif files once and cached for the process's life (thread-safe). Sources: RFC 8536
 * for TZif, PostgreSQL 15's manual chapters 8.5 and 9.9 and appendix B for the rest.
 */
#ifndef MENCIA_TYPES_DATETIME_H
#define MENCIA_TYPES_DATETIME_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

typedef int32_t date_t;      /* days */
typedef int64_t timestamp_t; /* µs; timestamptz in UTC */

#define DATE_NEG_INFINITY        INT32_MIN
#define DATE_POS_INFINITY        INT32_MAX
#define TIMESTAMP_NEG_INFINITY   INT64_MIN
#define TIMESTAMP_POS_INFINITY   INT64_MAX
#define USECS_PER_SEC            1000000LL
#define USECS_PER_DAY            86400000000LL
#define POSTGRES_EPOCH_UNIX_SECS 946684800LL /* 2000-01-01 in Unix time */
#define POSTGRES_EPOCH_JDATE     2451545
#define TIMESTAMP_MIN_US         (-211813488000000000LL) /* 4713-11-24 BC */
#define TIMESTAMP_END_US         9223371331200000000LL   /* 294277-01-01; exclusive */
#define DATE_MIN_DAYS            (-2451545)
#define DATE_END_DAYS            2145031949 /* exclusive: 5874898-01-01 */
static inline bool timestamp_is_finite(timestamp_t t)
{
    return t != TIMESTAMP_NEG_INFINITY && t != TIMESTAMP_POS_INFINITY;
}
static inline bool timestamp_in_range(timestamp_t t) { return t >= TIMESTAMP_MIN_US && t < TIMESTAMP_END_US; }

struct interval {
    int64_t us;
    int32_t days;
    int32_t months;
};
_Static_assert(sizeof(struct interval) == 16, "vectors of intervals rely on it");

/* Broken-down time; years are astronomical (0 = 1 BC). */
struct datetime_parts {
    int32_t year;
    int32_t month, day;           /* 1.. */
    int32_t hour, minute, second; /* second may be 60 only in input */
    int32_t usec;
    int32_t gmt_offset;      /* seconds east of UTC, for timestamptz */
    const char *zone_abbrev; /* static or owned by the zone; for timestamptz */
};

/* ---- zones ---- */
struct tz; /* immutable, never freed */
/* By name (Europe/Madrid, UTC, case-insensitive), POSIX string (<+02>-2), or offset as SET TIME ZONE takes it. NULL =
 * no such zone. */
const struct tz *tz_find(struct strview name);
/* The same without the numeric offsets of SET TIME ZONE: names of zones and POSIX strings. */
const struct tz *tz_find_name(struct strview name);
/* As AT TIME ZONE takes it: abbreviations (PST, MSK) first, then names and POSIX strings. The result may stand for an
 * abbreviation whose offset depends on the date. */
const struct tz *tz_find_any(struct strview name);
const struct tz *tz_utc(void);
const char *tz_name(const struct tz *tz);
/* Offset (seconds east) in force at a UTC instant, and the abbreviation. */
int32_t tz_offset_at(const struct tz *tz, timestamp_t utc, const char **abbrev);
/* Local wall time → UTC, with PostgreSQL's choice in gaps and overlaps (DetermineTimeZoneOffset). */
timestamp_t tz_local_to_utc(const struct tz *tz, timestamp_t local);
timestamp_t tz_utc_to_local(const struct tz *tz, timestamp_t utc);

/* ---- calendar ---- */
date_t date_from_ymd(int32_t year, int32_t month, int32_t day); /* proleptic Gregorian */
void date_to_ymd(date_t date, int32_t *year, int32_t *month, int32_t *day);
void timestamp_to_parts(timestamp_t local, struct datetime_parts *out);        /* finite only */
bool parts_to_timestamp(const struct datetime_parts *parts, timestamp_t *out); /* false = out of range */

/* ---- text and binary ---- zone: the session's TimeZone; now_us: start of the statement's transaction, Unix µs, for
 * 'now', 'today', … typmod: fractional precision or -1. */
struct datetime_ctx {
    const struct tz *zone;
    timestamp_t now; /* timestamptz of the transaction's start */
};
bool date_parse(struct strview text, const struct datetime_ctx *ctx, date_t *out, struct error *err) MUST_CHECK;
void date_format(struct strbuf *out, date_t v);
bool timestamp_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, timestamp_t *out,
                     struct error *err) MUST_CHECK;
void timestamp_format(struct strbuf *out, timestamp_t v);
bool timestamptz_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, timestamp_t *out,
                       struct error *err) MUST_CHECK;
void timestamptz_format(struct strbuf *out, timestamp_t v, const struct tz *zone);
bool time_parse(struct strview text, int32_t typmod, const struct datetime_ctx *ctx, int64_t *out,
                struct error *err) MUST_CHECK;
void time_format(struct strbuf *out, int64_t v);
bool interval_parse(struct strview text, int32_t typmod, struct interval *out, struct error *err) MUST_CHECK;
void interval_format(struct strbuf *out, const struct interval *v);
/* Fast path for events: exactly YYYY-MM-DD[T ]HH:MM:SS[.ffffff][Z|±HH[:MM]]; false = not in this form, use the full
 * parser. *has_zone = a zone was given, *out is UTC then. */
bool timestamp_parse_iso(const char *text, size_t len, timestamp_t *out, bool *has_zone);

/* ---- arithmetic ---- 22008 on overflow, with PostgreSQL's texts. */
bool timestamp_add_interval(timestamp_t t, const struct interval *i, timestamp_t *out, struct error *err) MUST_CHECK;
bool timestamptz_add_interval(timestamp_t t, const struct interval *i, const struct tz *zone, timestamp_t *out,
                              struct error *err) MUST_CHECK;
bool timestamp_sub_timestamp(timestamp_t a, timestamp_t b, struct interval *out,
                             struct error *err) MUST_CHECK; /* days and time, no months */
bool interval_add(const struct interval *a, const struct interval *b, struct interval *out,
                  struct error *err) MUST_CHECK;
bool interval_sub(const struct interval *a, const struct interval *b, struct interval *out,
                  struct error *err) MUST_CHECK;
bool interval_neg(const struct interval *a, struct interval *out, struct error *err) MUST_CHECK;
bool interval_mul(const struct interval *a, double factor, struct interval *out, struct error *err) MUST_CHECK;
bool interval_div(const struct interval *a, double divisor, struct interval *out, struct error *err) MUST_CHECK;
bool interval_apply_typmod(struct interval *v, int32_t typmod, struct error *err) MUST_CHECK;
bool timestamp_apply_typmod(timestamp_t *v, int32_t typmod, struct error *err) MUST_CHECK;
/* 128-bit comparison value: 30-day months, 24-hour days, as PostgreSQL orders intervals. */
int interval_compare(const struct interval *a, const struct interval *b);
uint64_t interval_hash(const struct interval *v);
bool timestamp_age(timestamp_t a, timestamp_t b, struct interval *out, struct error *err) MUST_CHECK;

/* ---- fields and truncation ---- */
enum datetime_field {
    FIELD_MICROSECONDS,
    FIELD_MILLISECONDS,
    FIELD_SECOND,
    FIELD_MINUTE,
    FIELD_HOUR,
    FIELD_DAY,
    FIELD_WEEK,
    FIELD_MONTH,
    FIELD_QUARTER,
    FIELD_YEAR,
    FIELD_DECADE,
    FIELD_CENTURY,
    FIELD_MILLENNIUM,
    FIELD_DOW,
    FIELD_ISODOW,
    FIELD_DOY,
    FIELD_ISOYEAR,
    FIELD_JULIAN,
    FIELD_EPOCH,
    FIELD_TIMEZONE,
    FIELD_TIMEZONE_HOUR,
    FIELD_TIMEZONE_MINUTE,
};
/* By any spelling PostgreSQL takes (second, seconds, sec, …); false = unknown. */
bool datetime_field_find(struct strview name, enum datetime_field *out);
/* The words date_trunc takes: units only, without those (dow, epoch, …) that only extract knows. */
bool datetime_trunc_field_find(struct strview name, enum datetime_field *out);
const char *datetime_field_name(enum datetime_field field);
/* date_trunc on local time; 22023/0A000 for fields it does not take. */
bool timestamp_trunc(enum datetime_field field, timestamp_t local, timestamp_t *out, struct error *err) MUST_CHECK;
bool timestamptz_trunc(enum datetime_field field, timestamp_t t, const struct tz *zone, timestamp_t *out,
                       struct error *err) MUST_CHECK;
bool interval_trunc(enum datetime_field field, const struct interval *v, struct interval *out,
                    struct error *err) MUST_CHECK;
/* date_bin(stride, t, origin); 0A000 for months, 22008 as PostgreSQL. */
bool timestamp_bin(const struct interval *stride, timestamp_t t, timestamp_t origin, timestamp_t *out,
                   struct error *err) MUST_CHECK;
/* extract(): result is mantissa × 10^-scale (PostgreSQL 14+: numeric; e.g. second 6 decimals, epoch 6, hour 0).
 * *is_infinite: source infinite and the field grows with it: result ±Infinity by sign; *is_null: other fields of
 * infinity. zone NULL = plain timestamp. */
struct extract_result {
    int128_t mantissa; /* julian has 20 decimals */
    uint32_t scale;
    bool is_null, is_infinite;
    int sign;
};
bool timestamp_extract(enum datetime_field field, timestamp_t t, const struct tz *zone, struct extract_result *out,
                       struct error *err) MUST_CHECK;
bool interval_extract(enum datetime_field field, const struct interval *v, struct extract_result *out,
                      struct error *err) MUST_CHECK;
bool time_extract(enum datetime_field field, int64_t v, struct extract_result *out, struct error *err) MUST_CHECK;
bool date_extract(enum datetime_field field, date_t v, struct extract_result *out, struct error *err) MUST_CHECK;

#endif
