/* SPDX-License-Identifier: Apache-2.0 */
/* Casts between date, time, timestamp, timestamptz and interval. */
#include "func/kernels_int.h"

/* µs of the day, and the day, of a finite timestamp; rounding towards minus infinity. */
static ALWAYS_INLINE int64_t day_of(timestamp_t t)
{
    int64_t day = t / USECS_PER_DAY;
    return day - (t % USECS_PER_DAY < 0);
}
static ALWAYS_INLINE date_t date_of(timestamp_t t)
{
    if (UNLIKELY(!timestamp_is_finite(t)))
        return t < 0 ? DATE_NEG_INFINITY : DATE_POS_INFINITY;
    return (date_t)day_of(t);
}
/* False: 22008. */
static ALWAYS_INLINE bool date_to_local(date_t d, timestamp_t *out)
{
    if (UNLIKELY(d == DATE_NEG_INFINITY || d == DATE_POS_INFINITY)) {
        *out = d < 0 ? TIMESTAMP_NEG_INFINITY : TIMESTAMP_POS_INFINITY;
        return true;
    }
    *out = (timestamp_t)d * USECS_PER_DAY;
    return d < (date_t)(TIMESTAMP_END_US / USECS_PER_DAY);
}

bool fk_timestamp_to_date(FUNC_ARGS)
{
    const timestamp_t *restrict a = arg[0].data;
    date_t *restrict r = out->data;
    for (uint32_t i = 0; i < n; i++)
        r[i] = date_of(a[i]);
    return true;
}

bool fk_timestamptz_to_date(FUNC_ARGS)
{
    const struct tz *zone = call_zone(call);
    if (zone == tz_utc())
        return fk_timestamp_to_date(call, arg, n, sel, out, errors, err);
    FOR_ROWS(i)
    {
        timestamp_t t = ARG(timestamp_t, 0, i);
        OUT(date_t)[i] = date_of(timestamp_is_finite(t) ? tz_utc_to_local(zone, t) : t);
    }
    return true;
}

static bool date_out_of_range(struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range for timestamp");
}
static bool timestamp_out_of_range(struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

bool fk_date_to_timestamp(FUNC_ARGS)
{
    const date_t *restrict a = arg[0].data;
    timestamp_t *restrict r = out->data;
    bool all = true;
    for (uint32_t i = 0; i < n; i++)
        all &= date_to_local(a[i], &r[i]);
    if (all)
        return true;
    FOR_ROWS(i)
    {
        if (!date_to_local(a[i], &r[i])) {
            r[i] = 0;
            date_out_of_range(&errors->scratch);
            row_failed(errors, i);
        }
    }
    return true;
}

bool fk_date_to_timestamptz(FUNC_ARGS)
{
    const struct tz *zone = call_zone(call);
    FOR_ROWS(i)
    {
        timestamp_t t, *r = &OUT(timestamp_t)[i];
        bool ok = date_to_local(ARG(date_t, 0, i), &t) || date_out_of_range(&errors->scratch);
        if (ok && timestamp_is_finite(t)) {
            t = tz_local_to_utc(zone, t);
            ok = timestamp_in_range(t) || date_out_of_range(&errors->scratch);
        }
        *r = ok ? t : 0;
        if (!ok)
            row_failed(errors, i);
    }
    return true;
}

bool fk_timestamp_to_timestamptz(FUNC_ARGS)
{
    const struct tz *zone = call_zone(call);
    FOR_ROWS(i)
    {
        timestamp_t t = ARG(timestamp_t, 0, i);
        if (timestamp_is_finite(t)) {
            t = tz_local_to_utc(zone, t);
            if (!timestamp_in_range(t)) {
                t = 0;
                timestamp_out_of_range(&errors->scratch);
                row_failed(errors, i);
            }
        }
        OUT(timestamp_t)[i] = t;
    }
    return true;
}

bool fk_timestamptz_to_timestamp(FUNC_ARGS)
{
    const struct tz *zone = call_zone(call);
    FOR_ROWS(i)
    {
        timestamp_t t = ARG(timestamp_t, 0, i);
        if (timestamp_is_finite(t)) {
            t = tz_utc_to_local(zone, t);
            if (!timestamp_in_range(t)) {
                t = 0;
                timestamp_out_of_range(&errors->scratch);
                row_failed(errors, i);
            }
        }
        OUT(timestamp_t)[i] = t;
    }
    return true;
}

static bool to_time(FUNC_ARGS, const struct tz *zone)
{
    FOR_ROWS(i)
    {
        timestamp_t t = ARG(timestamp_t, 0, i);
        OUT(int64_t)[i] = 0;
        if (timestamp_is_finite(t)) {
            t = zone ? tz_utc_to_local(zone, t) : t;
            OUT(int64_t)[i] = t - day_of(t) * USECS_PER_DAY;
        } else if (!out_set_null(call, out, n, i, err)) {
            return false;
        }
    }
    return true;
}
bool fk_timestamp_to_time(FUNC_ARGS) { return to_time(call, arg, n, sel, out, errors, err, NULL); }
bool fk_timestamptz_to_time(FUNC_ARGS)
{
    return to_time(call, arg, n, sel, out, errors, err, call_zone(call));
}

bool fk_interval_to_time(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        int64_t us = ARG(struct interval, 0, i).us;
        OUT(int64_t)[i] = us - day_of(us) * USECS_PER_DAY;
    }
    return true;
}

bool fk_time_to_interval(FUNC_ARGS)
{
    FOR_ROWS(i) { OUT(struct interval)[i] = (struct interval){.us = ARG(int64_t, 0, i)}; }
    return true;
}
