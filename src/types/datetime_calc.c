/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of timestamps with intervals, differences and age, and binning.
 */
#include "types/datetime_int.h"

static bool out_of_range(struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

static bool interval_out_of_range(struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range");
}

/* Adds months to a local time; the day becomes the month's last one where it is missing. */
static bool add_months(timestamp_t local, int32_t months, timestamp_t *out)
{
    struct datetime_parts p;
    timestamp_to_parts(local, &p);
    int64_t month0 = (int64_t)p.year * 12 + (p.month - 1) + months;
    int64_t year = month0 / 12 - (month0 % 12 < 0);
    if (year < -4714 || year > 294277)
        return false;
    p.year = (int32_t)year;
    p.month = (int32_t)(month0 - year * 12) + 1;
    p.day = MIN_OF(p.day, days_in_month(p.year, p.month));
    return parts_to_timestamp(&p, out);
}

static bool add_days(timestamp_t local, int32_t days, timestamp_t *out)
{
    int64_t us;
    if (__builtin_mul_overflow((int64_t)days, USECS_PER_DAY, &us) || __builtin_add_overflow(local, us, out))
        return false;
    return timestamp_in_range(*out);
}

bool timestamp_add_interval(timestamp_t t, const struct interval *i, timestamp_t *out, struct error *err)
{
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    if (i->months && !add_months(t, i->months, &t))
        return out_of_range(err);
    if (i->days && !add_days(t, i->days, &t))
        return out_of_range(err);
    if (__builtin_add_overflow(t, i->us, out) || !timestamp_in_range(*out))
        return out_of_range(err);
    return true;
}

bool timestamptz_add_interval(timestamp_t t, const struct interval *i, const struct tz *zone, timestamp_t *out,
                              struct error *err)
{
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    if (i->months) {
        if (!add_months(tz_utc_to_local(zone, t), i->months, &t))
            return out_of_range(err);
        t = tz_local_to_utc(zone, t);
        if (!timestamp_in_range(t))
            return out_of_range(err);
    }
    if (i->days) {
        if (!add_days(tz_utc_to_local(zone, t), i->days, &t))
            return out_of_range(err);
        t = tz_local_to_utc(zone, t);
        if (!timestamp_in_range(t))
            return out_of_range(err);
    }
    if (__builtin_add_overflow(t, i->us, out) || !timestamp_in_range(*out))
        return out_of_range(err);
    return true;
}

bool timestamp_sub_timestamp(timestamp_t a, timestamp_t b, struct interval *out, struct error *err)
{
    int64_t us;
    if (!timestamp_is_finite(a) || !timestamp_is_finite(b))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "cannot subtract infinite timestamps");
    if (__builtin_sub_overflow(a, b, &us))
        return interval_out_of_range(err);
    *out = (struct interval){.us = us % USECS_PER_DAY, .days = (int32_t)(us / USECS_PER_DAY)};
    return true;
}

bool timestamp_age(timestamp_t a, timestamp_t b, struct interval *out, struct error *err)
{
    /* PostgreSQL 15 takes +infinity for the instant its number stands for. */
    if (a == TIMESTAMP_NEG_INFINITY || b == TIMESTAMP_NEG_INFINITY)
        return out_of_range(err);
    bool negative = a < b;
    struct datetime_parts late, early;
    timestamp_to_parts(negative ? b : a, &late);
    timestamp_to_parts(negative ? a : b, &early);
    int64_t us =
        ((int64_t)(late.hour - early.hour) * 3600 + (late.minute - early.minute) * 60 + (late.second - early.second)) *
            USECS_PER_SEC +
        (late.usec - early.usec);
    int32_t days = late.day - early.day;
    int32_t months = (late.year - early.year) * 12 + (late.month - early.month);
    if (us < 0) {
        us += USECS_PER_DAY;
        days--;
    }
    /* Days are borrowed from the month the earlier time is in. */
    while (days < 0) {
        days += days_in_month(early.year, early.month);
        months--;
    }
    *out = negative ? (struct interval){.us = -us, .days = -days, .months = -months}
                    : (struct interval){.us = us, .days = days, .months = months};
    return true;
}

bool timestamp_bin(const struct interval *stride, timestamp_t t, timestamp_t origin, timestamp_t *out,
                   struct error *err)
{
    int64_t step, diff;
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    if (!timestamp_is_finite(origin))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "origin out of range");
    if (stride->months)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                         "timestamps cannot be binned into intervals containing months or years");
    if (__builtin_mul_overflow((int64_t)stride->days, USECS_PER_DAY, &step) ||
        __builtin_add_overflow(step, stride->us, &step))
        return interval_out_of_range(err);
    if (step <= 0)
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "stride must be greater than zero");
    if (__builtin_sub_overflow(t, origin, &diff))
        return interval_out_of_range(err);
    int64_t rest = diff % step;
    *out = origin + (diff - rest);
    if ((rest < 0 && __builtin_sub_overflow(*out, step, out)) || !timestamp_in_range(*out))
        return out_of_range(err);
    return true;
}
