/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of dates and times by name: extract and date_trunc.
 */
#include "types/datetime_int.h"

static const char *const field_names[] = {
    [FIELD_MICROSECONDS] = "microseconds",
    [FIELD_MILLISECONDS] = "milliseconds",
    [FIELD_SECOND] = "second",
    [FIELD_MINUTE] = "minute",
    [FIELD_HOUR] = "hour",
    [FIELD_DAY] = "day",
    [FIELD_WEEK] = "week",
    [FIELD_MONTH] = "month",
    [FIELD_QUARTER] = "quarter",
    [FIELD_YEAR] = "year",
    [FIELD_DECADE] = "decade",
    [FIELD_CENTURY] = "century",
    [FIELD_MILLENNIUM] = "millennium",
    [FIELD_DOW] = "dow",
    [FIELD_ISODOW] = "isodow",
    [FIELD_DOY] = "doy",
    [FIELD_ISOYEAR] = "isoyear",
    [FIELD_JULIAN] = "julian",
    [FIELD_EPOCH] = "epoch",
    [FIELD_TIMEZONE] = "timezone",
    [FIELD_TIMEZONE_HOUR] = "timezone_hour",
    [FIELD_TIMEZONE_MINUTE] = "timezone_minute",
};

const char *datetime_field_name(enum datetime_field field) { return field_names[field]; }

static bool field_of_unit(enum dt_unit unit, enum datetime_field *out)
{
    static const uint8_t fields[] = {
        [UNIT_NONE] = UINT8_MAX,
        [UNIT_MICROSECOND] = FIELD_MICROSECONDS,
        [UNIT_MILLISECOND] = FIELD_MILLISECONDS,
        [UNIT_SECOND] = FIELD_SECOND,
        [UNIT_MINUTE] = FIELD_MINUTE,
        [UNIT_HOUR] = FIELD_HOUR,
        [UNIT_DAY] = FIELD_DAY,
        [UNIT_WEEK] = FIELD_WEEK,
        [UNIT_MONTH] = FIELD_MONTH,
        [UNIT_QUARTER] = FIELD_QUARTER,
        [UNIT_YEAR] = FIELD_YEAR,
        [UNIT_DECADE] = FIELD_DECADE,
        [UNIT_CENTURY] = FIELD_CENTURY,
        [UNIT_MILLENNIUM] = FIELD_MILLENNIUM,
        [UNIT_JULIAN] = FIELD_JULIAN,
        [UNIT_TIME] = UINT8_MAX,
        [UNIT_TZ] = FIELD_TIMEZONE,
        [UNIT_TZ_HOUR] = FIELD_TIMEZONE_HOUR,
        [UNIT_TZ_MINUTE] = FIELD_TIMEZONE_MINUTE,
        [UNIT_DOW] = FIELD_DOW,
        [UNIT_DOY] = FIELD_DOY,
        [UNIT_ISODOW] = FIELD_ISODOW,
        [UNIT_ISOYEAR] = FIELD_ISOYEAR,
    };
    if (fields[unit] == UINT8_MAX)
        return false;
    *out = (enum datetime_field)fields[unit];
    return true;
}

/* Only the first letters count, so longer names are cut. */
static void lower_name(struct strview name, char out[WORD_LEN_MAX + 2])
{
    size_t len = MIN_OF(name.len, WORD_LEN_MAX + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = char_lower(name.ptr[i]);
    out[len] = '\0';
}

bool datetime_trunc_field_find(struct strview name, enum datetime_field *out)
{
    char lower[WORD_LEN_MAX + 2];
    lower_name(name, lower);
    const struct dt_word *word = dt_unit_find(lower);
    return word && word->what == DT_UNITS && field_of_unit((enum dt_unit)word->value, out);
}

bool datetime_field_find(struct strview name, enum datetime_field *out)
{
    char lower[WORD_LEN_MAX + 2];
    if (datetime_trunc_field_find(name, out))
        return true;
    lower_name(name, lower);
    const struct dt_word *word = dt_word_find(lower);
    if (word && word->what == DT_RESERVED && word->value == RES_EPOCH) {
        *out = FIELD_EPOCH;
        return true;
    }
    return word && word->what == DT_UNITS && field_of_unit((enum dt_unit)word->value, out);
}

static bool not_supported(enum datetime_field field, const char *type, struct error *err)
{
    return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "unit \"%s\" not supported for type %s", field_names[field],
                     type);
}

/* ---- date_trunc ---- */

static timestamp_t floor_to(timestamp_t t, int64_t unit)
{
    int64_t rest = t % unit;
    return t - rest - (rest < 0 ? unit : 0);
}

/* First year of the decade, century or millennium. Years are astronomical; centuries begin in years ending in 1. */
static int32_t trunc_year(int32_t year, enum datetime_field field)
{
    if (field == FIELD_YEAR)
        return year;
    if (field == FIELD_DECADE)
        return year > 0 ? year / 10 * 10 : -((8 - (year - 1)) / 10) * 10;
    int32_t n = field == FIELD_CENTURY ? 100 : 1000;
    return year > 0 ? (year + n - 1) / n * n - (n - 1) : -((n - 1 - (year - 1)) / n) * n + 1;
}

/* On finite local time; false = the field is not one date_trunc takes. May fall below the range. */
static bool trunc_local(enum datetime_field field, timestamp_t t, timestamp_t *out)
{
    struct datetime_parts p;
    int64_t days;
    switch (field) {
    case FIELD_MICROSECONDS: *out = t; return true;
    case FIELD_MILLISECONDS: *out = floor_to(t, 1000); return true;
    case FIELD_SECOND: *out = floor_to(t, USECS_PER_SEC); return true;
    case FIELD_MINUTE: *out = floor_to(t, 60 * USECS_PER_SEC); return true;
    case FIELD_HOUR: *out = floor_to(t, 3600 * USECS_PER_SEC); return true;
    case FIELD_DAY: *out = floor_to(t, USECS_PER_DAY); return true;
    case FIELD_WEEK:
        /* 1999-12-27 was a Monday, five days before day 0. */
        *out = floor_to(t + 5 * USECS_PER_DAY, 7 * USECS_PER_DAY) - 5 * USECS_PER_DAY;
        return true;
    case FIELD_MONTH:
    case FIELD_QUARTER:
    case FIELD_YEAR:
    case FIELD_DECADE:
    case FIELD_CENTURY:
    case FIELD_MILLENNIUM:
        timestamp_to_parts(t, &p);
        if (field == FIELD_MONTH)
            days = date_from_ymd(p.year, p.month, 1);
        else if (field == FIELD_QUARTER)
            days = date_from_ymd(p.year, (p.month - 1) / 3 * 3 + 1, 1);
        else
            days = date_from_ymd(trunc_year(p.year, field), 1, 1);
        if (__builtin_mul_overflow(days, USECS_PER_DAY, out))
            *out = TIMESTAMP_NEG_INFINITY;
        return true;
    default: return false;
    }
}

static bool trunc_refused(enum datetime_field field, const char *type, struct error *err)
{
    if (field == FIELD_TIMEZONE || field == FIELD_TIMEZONE_HOUR || field == FIELD_TIMEZONE_MINUTE)
        return not_supported(field, type, err);
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unit \"%s\" not recognized for type %s",
                     field_names[field], type);
}

static bool check_range(timestamp_t t, struct error *err)
{
    return timestamp_in_range(t) ? true : error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

bool timestamp_trunc(enum datetime_field field, timestamp_t local, timestamp_t *out, struct error *err)
{
    *out = local;
    if (!timestamp_is_finite(local))
        return true;
    if (!trunc_local(field, local, out))
        return trunc_refused(field, "timestamp without time zone", err);
    return check_range(*out, err);
}

bool timestamptz_trunc(enum datetime_field field, timestamp_t t, const struct tz *zone, timestamp_t *out,
                       struct error *err)
{
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    int64_t shift = tz_offset_at(zone, t, NULL) * USECS_PER_SEC;
    timestamp_t local;
    if (!trunc_local(field, t + shift, &local))
        return trunc_refused(field, "timestamp with time zone", err);
    /* Days and longer may begin under another offset; within a day the offset stays. */
    *out = field >= FIELD_DAY ? tz_local_to_utc(zone, local) : local - shift;
    return check_range(*out, err);
}

/* ---- extract ---- */

/* There is no year 0 in the calendar people use. */
static int32_t era_year(int32_t year) { return year > 0 ? year : year - 1; }

static int32_t iso_weekday(date_t date) { return (int32_t)((((int64_t)date + 5) % 7 + 7) % 7) + 1; }

/* ISO week and its year: those of the week's Thursday. */
static void iso_week(date_t date, int32_t *year, int32_t *week)
{
    int32_t month, day;
    date_t thursday = date - iso_weekday(date) + 4;
    date_to_ymd(thursday, year, &month, &day);
    *week = (thursday - date_from_ymd(*year, 1, 1)) / 7 + 1;
}

/* Fields that a date has; false = not one of them. */
static bool extract_day_field(enum datetime_field field, date_t date, int128_t *out)
{
    int32_t year, month, day, week, iso_year;
    date_to_ymd(date, &year, &month, &day);
    switch (field) {
    case FIELD_DAY: *out = day; break;
    case FIELD_MONTH: *out = month; break;
    case FIELD_QUARTER: *out = (month - 1) / 3 + 1; break;
    case FIELD_YEAR: *out = era_year(year); break;
    case FIELD_DECADE: *out = year >= 0 ? year / 10 : -((8 - (year - 1)) / 10); break;
    case FIELD_CENTURY: *out = year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); break;
    case FIELD_MILLENNIUM: *out = year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000); break;
    case FIELD_DOW: *out = iso_weekday(date) % 7; break;
    case FIELD_ISODOW: *out = iso_weekday(date); break;
    case FIELD_DOY: *out = date - date_from_ymd(year, 1, 1) + 1; break;
    case FIELD_WEEK:
    case FIELD_ISOYEAR:
        iso_week(date, &iso_year, &week);
        *out = field == FIELD_WEEK ? week : era_year(iso_year);
        break;
    default: return false;
    }
    return true;
}

/* Fields within the day, of microseconds since midnight; false = not one of them. */
static bool extract_time_field(enum datetime_field field, int64_t us, struct extract_result *out)
{
    const int64_t minute = 60 * USECS_PER_SEC;
    switch (field) {
    case FIELD_MICROSECONDS: out->mantissa = us % minute; return true;
    case FIELD_MILLISECONDS:
        out->mantissa = us % minute;
        out->scale = 3;
        return true;
    case FIELD_SECOND:
        out->mantissa = us % minute;
        out->scale = 6;
        return true;
    case FIELD_MINUTE: out->mantissa = us / minute % 60; return true;
    case FIELD_HOUR: out->mantissa = us / (60 * minute); return true;
    default: return false;
    }
}

/* Infinity: fields that grow with time are infinite, those that go round are NULL. */
static void extract_infinite(enum datetime_field field, bool negative, struct extract_result *out)
{
    switch (field) {
    case FIELD_YEAR:
    case FIELD_DECADE:
    case FIELD_CENTURY:
    case FIELD_MILLENNIUM:
    case FIELD_JULIAN:
    case FIELD_ISOYEAR:
    case FIELD_EPOCH:
        out->is_infinite = true;
        out->sign = negative ? -1 : 1;
        break;
    default: out->is_null = true;
    }
}

/* Julian date with the day's fraction, at the scale PostgreSQL's numeric division chooses for us / 86400000000: by
 * the base-10000 digits of the dividend. */
static void extract_julian(date_t date, int64_t us, struct extract_result *out)
{
    int32_t weight = us >= 100000000 ? 2 : us >= 10000 ? 1 : 0;
    int64_t first = weight == 2 ? us / 100000000 : weight == 1 ? us / 10000 : us;
    int32_t quotient_weight = weight - 2 - (first <= 864);
    out->scale = (uint32_t)(16 - 4 * quotient_weight);
    int128_t power = 1;
    for (uint32_t i = 0; i < out->scale; i++)
        power *= 10;
    int128_t fraction = (us * power + USECS_PER_DAY / 2) / USECS_PER_DAY;
    out->mantissa = ((int128_t)date + POSTGRES_EPOCH_JDATE) * power + fraction;
}

static bool extract_zone_field(enum datetime_field field, int32_t east, struct extract_result *out)
{
    switch (field) {
    case FIELD_TIMEZONE: out->mantissa = east; return true;
    case FIELD_TIMEZONE_HOUR: out->mantissa = east / 3600; return true;
    case FIELD_TIMEZONE_MINUTE: out->mantissa = east / 60 % 60; return true;
    default: return false;
    }
}

bool timestamp_extract(enum datetime_field field, timestamp_t t, const struct tz *zone, struct extract_result *out,
                       struct error *err)
{
    bool zone_field = field == FIELD_TIMEZONE || field == FIELD_TIMEZONE_HOUR || field == FIELD_TIMEZONE_MINUTE;
    memset(out, 0, sizeof *out);
    if (!timestamp_is_finite(t)) {
        extract_infinite(field, t < 0, out);
        return true;
    }
    if (zone_field && !zone)
        return not_supported(field, "timestamp without time zone", err);
    if (field == FIELD_EPOCH) {
        out->mantissa = (int128_t)t + POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
        out->scale = 6;
        /* Past int64 PostgreSQL divides as numeric, which keeps four decimals of a quotient that large. */
        if (out->mantissa > INT64_MAX - 1)
            out->mantissa = (out->mantissa + 50) / 100 * 100;
        return true;
    }
    int32_t east = zone ? tz_offset_at(zone, t, NULL) : 0;
    if (extract_zone_field(field, east, out))
        return true;
    t += east * USECS_PER_SEC;
    timestamp_t midnight = floor_to(t, USECS_PER_DAY);
    date_t date = (date_t)(midnight / USECS_PER_DAY);
    if (field == FIELD_JULIAN) {
        extract_julian(date, t - midnight, out);
        return true;
    }
    bool known = extract_time_field(field, t - midnight, out) || extract_day_field(field, date, &out->mantissa);
    assert(known);
    return known;
}

bool date_extract(enum datetime_field field, date_t v, struct extract_result *out, struct error *err)
{
    int128_t probe;
    memset(out, 0, sizeof *out);
    if (field != FIELD_JULIAN && field != FIELD_EPOCH && !extract_day_field(field, 0, &probe))
        return not_supported(field, "date", err);
    if (v == DATE_NEG_INFINITY || v == DATE_POS_INFINITY)
        extract_infinite(field, v < 0, out);
    else if (field == FIELD_JULIAN)
        out->mantissa = (int64_t)v + POSTGRES_EPOCH_JDATE;
    else if (field == FIELD_EPOCH)
        out->mantissa = ((int64_t)v + POSTGRES_EPOCH_UNIX_SECS / 86400) * 86400;
    else
        (void)extract_day_field(field, v, &out->mantissa);
    return true;
}

bool time_extract(enum datetime_field field, int64_t v, struct extract_result *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    if (field == FIELD_EPOCH) {
        out->mantissa = v;
        out->scale = 6;
        return true;
    }
    return extract_time_field(field, v, out) ? true : not_supported(field, "time without time zone", err);
}
