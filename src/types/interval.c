/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interval arithmetic. The three fields are kept apart: multiplication and division turn fractions of months into days
 * and fractions of days into time (30-day months, 24-hour days), never the other way round.
 */
#include "base/hash.h"
#include "types/datetime_int.h"

#include <math.h>

#define SECS_PER_DAY   86400
#define DAYS_PER_MONTH 30

static bool out_of_range(struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range");
}

bool interval_add(const struct interval *a, const struct interval *b, struct interval *out, struct error *err)
{
    if (__builtin_add_overflow(a->months, b->months, &out->months) ||
        __builtin_add_overflow(a->days, b->days, &out->days) || __builtin_add_overflow(a->us, b->us, &out->us))
        return out_of_range(err);
    return true;
}

bool interval_sub(const struct interval *a, const struct interval *b, struct interval *out, struct error *err)
{
    if (__builtin_sub_overflow(a->months, b->months, &out->months) ||
        __builtin_sub_overflow(a->days, b->days, &out->days) || __builtin_sub_overflow(a->us, b->us, &out->us))
        return out_of_range(err);
    return true;
}

bool interval_neg(const struct interval *a, struct interval *out, struct error *err)
{
    const struct interval zero = {0};
    return interval_sub(&zero, a, out, err);
}

static bool to_i32(double v, int32_t *out)
{
    if (isnan(v) || v < -2147483648.0 || v >= 2147483648.0)
        return false;
    *out = (int32_t)v;
    return true;
}

static double round_usec(double secs) { return rint(secs * 1e6) / 1e6; }

/* Months and days come scaled, with their fractions; these cascade down into days and time. */
static bool cascade(double months, double days, double us, struct interval *out, struct error *err)
{
    if (!to_i32(months, &out->months) || !to_i32(days, &out->days))
        return out_of_range(err);
    double month_days = round_usec((months - out->months) * DAYS_PER_MONTH);
    double secs = round_usec((days - out->days + month_days - (int)month_days) * SECS_PER_DAY);
    if (fabs(secs) >= SECS_PER_DAY) {
        int carry = (int)(secs / SECS_PER_DAY);
        if (__builtin_add_overflow(out->days, carry, &out->days))
            return out_of_range(err);
        secs -= carry * SECS_PER_DAY;
    }
    if (__builtin_add_overflow(out->days, (int)month_days, &out->days))
        return out_of_range(err);
    double total = rint(us + secs * (double)USECS_PER_SEC);
    if (isnan(total) || total < -9223372036854775808.0 || total >= 9223372036854775808.0)
        return out_of_range(err);
    out->us = (int64_t)total;
    return true;
}

bool interval_mul(const struct interval *a, double factor, struct interval *out, struct error *err)
{
    struct interval v = *a;
    return cascade(v.months * factor, v.days * factor, (double)v.us * factor, out, err);
}

bool interval_div(const struct interval *a, double divisor, struct interval *out, struct error *err)
{
    struct interval v = *a;
    if (divisor == 0)
        return error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    return cascade(v.months / divisor, v.days / divisor, (double)v.us / divisor, out, err);
}

static int128_t compare_value(const struct interval *v)
{
    return (int128_t)((int64_t)v->months * DAYS_PER_MONTH + v->days) * USECS_PER_DAY + v->us;
}

int interval_compare(const struct interval *a, const struct interval *b)
{
    int128_t x = compare_value(a), y = compare_value(b);
    return (x > y) - (x < y);
}

uint64_t interval_hash(const struct interval *v)
{
    uint128_t x = (uint128_t)compare_value(v);
    return hash_combine(hash_u64((uint64_t)x), (uint64_t)(x >> 64));
}

/* Drops what the typmod's fields do not hold. */
static void apply_range(struct interval *v, uint32_t range)
{
    int64_t unit;
    if (range & RANGE_SECOND) {
        return;
    } else if (range & RANGE_MINUTE) {
        unit = 60 * USECS_PER_SEC;
    } else if (range & RANGE_HOUR) {
        unit = 3600 * USECS_PER_SEC;
    } else {
        v->us = 0;
        if (!(range & RANGE_DAY))
            v->days = 0;
        if (range == RANGE_YEAR)
            v->months = v->months / 12 * 12;
        return;
    }
    v->us = v->us / unit * unit;
}

bool interval_apply_typmod(struct interval *v, int32_t typmod, struct error *err)
{
    static const int64_t scale[7] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    if (typmod < 0)
        return true;
    uint32_t range = ((uint32_t)typmod >> 16) & INTERVAL_FULL_RANGE;
    uint32_t precision = (uint32_t)typmod & INTERVAL_FULL_PRECISION;
    if (range != INTERVAL_FULL_RANGE)
        apply_range(v, range);
    if (precision == INTERVAL_FULL_PRECISION)
        return true;
    if (precision > 6)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "interval(%d) precision must be between %d and %d",
                         (int)precision, 0, 6);
    int64_t s = scale[precision], half = s / 2, rounded;
    if (v->us >= 0 ? __builtin_add_overflow(v->us, half, &rounded) : __builtin_sub_overflow(v->us, half, &rounded))
        return out_of_range(err);
    v->us = rounded / s * s;
    return true;
}

bool interval_trunc(enum datetime_field field, const struct interval *v, struct interval *out, struct error *err)
{
    static const struct {
        int64_t us;     /* unit of the time, 0 = drop it */
        int32_t months; /* unit of the months, 0 = keep all */
        bool days;      /* keep the days */
    } unit[] = {
        [FIELD_MICROSECONDS] = {1, 0, true},  [FIELD_MILLISECONDS] = {1000, 0, true},
        [FIELD_SECOND] = {1000000, 0, true},  [FIELD_MINUTE] = {60000000, 0, true},
        [FIELD_HOUR] = {3600000000, 0, true}, [FIELD_DAY] = {0, 0, true},
        [FIELD_MONTH] = {0, 0, false},        [FIELD_QUARTER] = {0, 3, false},
        [FIELD_YEAR] = {0, 12, false},        [FIELD_DECADE] = {0, 120, false},
        [FIELD_CENTURY] = {0, 1200, false},   [FIELD_MILLENNIUM] = {0, 12000, false},
    };
    switch (field) {
    case FIELD_WEEK:
    case FIELD_TIMEZONE:
    case FIELD_TIMEZONE_HOUR:
    case FIELD_TIMEZONE_MINUTE:
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "unit \"%s\" not supported for type interval",
                  datetime_field_name(field));
        return field == FIELD_WEEK ? error_detail(err, "Months usually have fractional weeks.") : false;
    case FIELD_DOW:
    case FIELD_ISODOW:
    case FIELD_DOY:
    case FIELD_ISOYEAR:
    case FIELD_JULIAN:
    case FIELD_EPOCH:
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unit \"%s\" not recognized for type interval",
                         datetime_field_name(field));
    default: break;
    }
    *out = *v;
    out->us = unit[field].us ? v->us / unit[field].us * unit[field].us : 0;
    if (!unit[field].days)
        out->days = 0;
    if (unit[field].months)
        out->months = v->months / unit[field].months * unit[field].months;
    return true;
}

bool interval_extract(enum datetime_field field, const struct interval *v, struct extract_result *out,
                      struct error *err)
{
    const int64_t minute = 60 * USECS_PER_SEC;
    int32_t years = v->months / 12, months = v->months % 12;
    memset(out, 0, sizeof *out);
    switch (field) {
    case FIELD_MICROSECONDS: out->mantissa = v->us % minute; break;
    case FIELD_MILLISECONDS:
        out->mantissa = v->us % minute;
        out->scale = 3;
        break;
    case FIELD_SECOND:
        out->mantissa = v->us % minute;
        out->scale = 6;
        break;
    case FIELD_MINUTE: out->mantissa = v->us / minute % 60; break;
    case FIELD_HOUR: out->mantissa = v->us / (60 * minute); break;
    case FIELD_DAY: out->mantissa = v->days; break;
    case FIELD_MONTH: out->mantissa = months; break;
    case FIELD_QUARTER: out->mantissa = months / 3 + 1; break;
    case FIELD_YEAR: out->mantissa = years; break;
    case FIELD_DECADE: out->mantissa = years / 10; break;
    case FIELD_CENTURY: out->mantissa = years / 100; break;
    case FIELD_MILLENNIUM: out->mantissa = years / 1000; break;
    case FIELD_EPOCH: {
        /* A year is 365.25 days here: four times the days, times a quarter day. */
        int64_t quarter_days = 1461LL * years + 120LL * months + 4LL * v->days;
        out->mantissa = (int128_t)quarter_days * (SECS_PER_DAY / 4) * USECS_PER_SEC + v->us;
        out->scale = 6;
        break;
    }
    default:
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "unit \"%s\" not supported for type interval",
                         datetime_field_name(field));
    }
    return true;
}
