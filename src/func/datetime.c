/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic and construction of dates, times, timestamps and intervals. */
#include "func/kernels_int.h"

#include <math.h>
#include <sys/time.h>

typedef struct func_call call_t;

/* ROW(call, a, b, out, err): false = the row fails. */
#define DEFINE_BINARY(name, TA, TB, TR, ROW)                                                                           \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!ROW(call, &ARG(TA, 0, i), &ARG(TB, 1, i), &OUT(TR)[i], &errors->scratch)) {                           \
                memset(&OUT(TR)[i], 0, sizeof(TR));                                                                    \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define DEFINE_UNARY(name, TA, TR, ROW)                                                                                \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!ROW(call, &ARG(TA, 0, i), &OUT(TR)[i], &errors->scratch)) {                                           \
                memset(&OUT(TR)[i], 0, sizeof(TR));                                                                    \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

static bool out_of_range(const char *what, struct error *err)
{
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "%s out of range", what);
}
static bool date_is_finite(date_t d) { return d != DATE_NEG_INFINITY && d != DATE_POS_INFINITY; }

/* ---- dates and integers ---- */

static bool add_days(date_t d, int64_t days, date_t *out, struct error *err)
{
    int64_t sum = (int64_t)d + days;
    *out = d;
    if (!date_is_finite(d))
        return true;
    if (sum < DATE_MIN_DAYS || sum >= DATE_END_DAYS)
        return out_of_range("date", err);
    *out = (date_t)sum;
    return true;
}
static bool date_plus_int(call_t *call, const date_t *a, const int32_t *b, date_t *out, struct error *err)
{
    return add_days(*a, *b, out, err);
}
static bool int_plus_date(call_t *call, const int32_t *a, const date_t *b, date_t *out, struct error *err)
{
    return add_days(*b, *a, out, err);
}
static bool date_minus_int(call_t *call, const date_t *a, const int32_t *b, date_t *out, struct error *err)
{
    return add_days(*a, -(int64_t)*b, out, err);
}
static bool date_minus_date(call_t *call, const date_t *a, const date_t *b, int32_t *out, struct error *err)
{
    if (!date_is_finite(*a) || !date_is_finite(*b))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates");
    *out = *a - *b;
    return true;
}
DEFINE_BINARY(date_pli, date_t, int32_t, date_t, date_plus_int)
DEFINE_BINARY(int_pl_date, int32_t, date_t, date_t, int_plus_date)
DEFINE_BINARY(date_mii, date_t, int32_t, date_t, date_minus_int)
DEFINE_BINARY(date_mi, date_t, date_t, int32_t, date_minus_date)

/* ---- with intervals ---- */

static bool date_as_timestamp(date_t d, timestamp_t *out, struct error *err)
{
    if (!date_is_finite(d)) {
        *out = d < 0 ? TIMESTAMP_NEG_INFINITY : TIMESTAMP_POS_INFINITY;
        return true;
    }
    if (d >= (date_t)(TIMESTAMP_END_US / USECS_PER_DAY))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range for timestamp");
    *out = (timestamp_t)d * USECS_PER_DAY;
    return true;
}
/* The interval with every field negated; these do not overflow separately in PostgreSQL. */
static struct interval negated(const struct interval *i)
{
    return (struct interval){.us = -i->us, .days = -i->days, .months = -i->months};
}
static bool ts_plus(call_t *call, const timestamp_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    return timestamp_add_interval(*a, b, out, err);
}
static bool ts_minus(call_t *call, const timestamp_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    struct interval minus = negated(b);
    return timestamp_add_interval(*a, &minus, out, err);
}
static bool tz_plus(call_t *call, const timestamp_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    return timestamptz_add_interval(*a, b, call_zone(call), out, err);
}
static bool tz_minus(call_t *call, const timestamp_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    struct interval minus = negated(b);
    return timestamptz_add_interval(*a, &minus, call_zone(call), out, err);
}
static bool date_plus(call_t *call, const date_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    timestamp_t t = 0;
    return date_as_timestamp(*a, &t, err) && timestamp_add_interval(t, b, out, err);
}
static bool date_minus(call_t *call, const date_t *a, const struct interval *b, timestamp_t *out, struct error *err)
{
    struct interval minus = negated(b);
    return date_plus(call, a, &minus, out, err);
}
static bool plus_ts(call_t *call, const struct interval *a, const timestamp_t *b, timestamp_t *out, struct error *err)
{
    return ts_plus(call, b, a, out, err);
}
static bool plus_tz(call_t *call, const struct interval *a, const timestamp_t *b, timestamp_t *out, struct error *err)
{
    return tz_plus(call, b, a, out, err);
}
static bool plus_date(call_t *call, const struct interval *a, const date_t *b, timestamp_t *out, struct error *err)
{
    return date_plus(call, b, a, out, err);
}
static bool ts_difference(call_t *call, const timestamp_t *a, const timestamp_t *b, struct interval *out,
                          struct error *err)
{
    return timestamp_sub_timestamp(*a, *b, out, err);
}
DEFINE_BINARY(timestamp_pl_interval, timestamp_t, struct interval, timestamp_t, ts_plus)
DEFINE_BINARY(timestamp_mi_interval, timestamp_t, struct interval, timestamp_t, ts_minus)
DEFINE_BINARY(timestamptz_pl_interval, timestamp_t, struct interval, timestamp_t, tz_plus)
DEFINE_BINARY(timestamptz_mi_interval, timestamp_t, struct interval, timestamp_t, tz_minus)
DEFINE_BINARY(date_pl_interval, date_t, struct interval, timestamp_t, date_plus)
DEFINE_BINARY(date_mi_interval, date_t, struct interval, timestamp_t, date_minus)
DEFINE_BINARY(interval_pl_timestamp, struct interval, timestamp_t, timestamp_t, plus_ts)
DEFINE_BINARY(interval_pl_timestamptz, struct interval, timestamp_t, timestamp_t, plus_tz)
DEFINE_BINARY(interval_pl_date, struct interval, date_t, timestamp_t, plus_date)
DEFINE_BINARY(timestamp_mi, timestamp_t, timestamp_t, struct interval, ts_difference)

static bool iv_add(call_t *call, const struct interval *a, const struct interval *b, struct interval *out,
                   struct error *err)
{
    return interval_add(a, b, out, err);
}
static bool iv_sub(call_t *call, const struct interval *a, const struct interval *b, struct interval *out,
                   struct error *err)
{
    return interval_sub(a, b, out, err);
}
static bool iv_neg(call_t *call, const struct interval *a, struct interval *out, struct error *err)
{
    return interval_neg(a, out, err);
}
static bool iv_mul(call_t *call, const struct interval *a, const double *b, struct interval *out, struct error *err)
{
    return interval_mul(a, *b, out, err);
}
static bool mul_iv(call_t *call, const double *a, const struct interval *b, struct interval *out, struct error *err)
{
    return interval_mul(b, *a, out, err);
}
static bool iv_div(call_t *call, const struct interval *a, const double *b, struct interval *out, struct error *err)
{
    return interval_div(a, *b, out, err);
}
DEFINE_BINARY(interval_pl, struct interval, struct interval, struct interval, iv_add)
DEFINE_BINARY(interval_mi, struct interval, struct interval, struct interval, iv_sub)
DEFINE_UNARY(interval_um, struct interval, struct interval, iv_neg)
DEFINE_BINARY(interval_mul, struct interval, double, struct interval, iv_mul)
DEFINE_BINARY(mul_d_interval, double, struct interval, struct interval, mul_iv)
DEFINE_BINARY(interval_div, struct interval, double, struct interval, iv_div)

/* ---- times of day ---- */

static int64_t wrap_day(int64_t us)
{
    us %= USECS_PER_DAY;
    return us < 0 ? us + USECS_PER_DAY : us;
}
static bool time_plus(call_t *call, const int64_t *a, const struct interval *b, int64_t *out, struct error *err)
{
    *out = wrap_day(*a + b->us % USECS_PER_DAY);
    return true;
}
static bool time_minus(call_t *call, const int64_t *a, const struct interval *b, int64_t *out, struct error *err)
{
    *out = wrap_day(*a - b->us % USECS_PER_DAY);
    return true;
}
static bool plus_time(call_t *call, const struct interval *a, const int64_t *b, int64_t *out, struct error *err)
{
    return time_plus(call, b, a, out, err);
}
static bool time_difference(call_t *call, const int64_t *a, const int64_t *b, struct interval *out, struct error *err)
{
    *out = (struct interval){.us = *a - *b};
    return true;
}
static bool date_and_time(call_t *call, const date_t *a, const int64_t *b, timestamp_t *out, struct error *err)
{
    if (!date_as_timestamp(*a, out, err))
        return false;
    if (timestamp_is_finite(*out)) {
        *out += *b;
        return timestamp_in_range(*out) || out_of_range("timestamp", err);
    }
    return true;
}
static bool time_and_date(call_t *call, const int64_t *a, const date_t *b, timestamp_t *out, struct error *err)
{
    return date_and_time(call, b, a, out, err);
}
DEFINE_BINARY(time_pl_interval, int64_t, struct interval, int64_t, time_plus)
DEFINE_BINARY(time_mi_interval, int64_t, struct interval, int64_t, time_minus)
DEFINE_BINARY(interval_pl_time, struct interval, int64_t, int64_t, plus_time)
DEFINE_BINARY(time_mi_time, int64_t, int64_t, struct interval, time_difference)
DEFINE_BINARY(datetime_pl, date_t, int64_t, timestamp_t, date_and_time)
DEFINE_BINARY(timedate_pl, int64_t, date_t, timestamp_t, time_and_date)

/* ---- now ---- */

bool fk_now(FUNC_ARGS)
{
    for (uint32_t i = 0; i < n; i++)
        OUT(timestamp_t)[i] = call->ctx->datetime.now;
    return true;
}

bool fk_clock_timestamp(FUNC_ARGS)
{
    struct timeval tv;
    gettimeofday(&tv, NULL);
    timestamp_t now = ((int64_t)tv.tv_sec - POSTGRES_EPOCH_UNIX_SECS) * USECS_PER_SEC + tv.tv_usec;
    for (uint32_t i = 0; i < n; i++)
        OUT(timestamp_t)[i] = now;
    return true;
}

/* ---- tests and ages ---- */

bool fk_isfinite_date(FUNC_ARGS)
{
    for (uint32_t i = 0; i < n; i++)
        OUT(uint8_t)[i] = date_is_finite(((const date_t *)arg[0].data)[i]);
    return true;
}
bool fk_isfinite_timestamp(FUNC_ARGS)
{
    for (uint32_t i = 0; i < n; i++)
        OUT(uint8_t)[i] = timestamp_is_finite(((const timestamp_t *)arg[0].data)[i]);
    return true;
}
bool fk_isfinite_interval(FUNC_ARGS)
{
    memset(out->data, 1, n);
    return true;
}
static bool age2(call_t *call, const timestamp_t *a, const timestamp_t *b, struct interval *out, struct error *err)
{
    return timestamp_age(*a, *b, out, err);
}
static bool local_of(call_t *call, timestamp_t t, timestamp_t *out, struct error *err)
{
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    *out = tz_utc_to_local(call_zone(call), t);
    return timestamp_in_range(*out) || out_of_range("timestamp", err);
}
static bool age2_tz(call_t *call, const timestamp_t *a, const timestamp_t *b, struct interval *out, struct error *err)
{
    timestamp_t x, y;
    return local_of(call, *a, &x, err) && local_of(call, *b, &y, err) && timestamp_age(x, y, out, err);
}
/* Against the midnight today began at. */
static bool today(call_t *call, timestamp_t *out, struct error *err)
{
    timestamp_t now;
    return local_of(call, call->ctx->datetime.now, &now, err) && timestamp_trunc(FIELD_DAY, now, out, err);
}
static bool age1(call_t *call, const timestamp_t *a, struct interval *out, struct error *err)
{
    timestamp_t midnight;
    return today(call, &midnight, err) && timestamp_age(midnight, *a, out, err);
}
static bool age1_tz(call_t *call, const timestamp_t *a, struct interval *out, struct error *err)
{
    timestamp_t midnight, t;
    return today(call, &midnight, err) && local_of(call, *a, &t, err) && timestamp_age(midnight, t, out, err);
}
DEFINE_BINARY(timestamp_age, timestamp_t, timestamp_t, struct interval, age2)
DEFINE_BINARY(timestamptz_age, timestamp_t, timestamp_t, struct interval, age2_tz)
DEFINE_UNARY(timestamp_age_today, timestamp_t, struct interval, age1)
DEFINE_UNARY(timestamptz_age_today, timestamp_t, struct interval, age1_tz)

/* ---- justify ---- */

enum { DAYS_PER_MONTH = 30 };

/* Moves whole units up; *low keeps the sign of the division. */
static bool carry(int64_t *low, int64_t unit, int32_t *high, struct error *err)
{
    int64_t whole = *low / unit;
    *low -= whole * unit;
    return !__builtin_add_overflow(*high, whole, high) ||
           error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range");
}
/* Both parts get the same sign. */
static void same_sign(int32_t *high, int64_t *low, int64_t unit)
{
    if (*high > 0 && *low < 0) {
        *low += unit;
        (*high)--;
    } else if (*high < 0 && *low > 0) {
        *low -= unit;
        (*high)++;
    }
}
static bool iv_justify_hours(call_t *call, const struct interval *a, struct interval *out, struct error *err)
{
    *out = *a;
    if (!carry(&out->us, USECS_PER_DAY, &out->days, err))
        return false;
    same_sign(&out->days, &out->us, USECS_PER_DAY);
    return true;
}
static bool iv_justify_days(call_t *call, const struct interval *a, struct interval *out, struct error *err)
{
    *out = *a;
    int64_t days = a->days;
    if (!carry(&days, DAYS_PER_MONTH, &out->months, err))
        return false;
    same_sign(&out->months, &days, DAYS_PER_MONTH);
    out->days = (int32_t)days;
    return true;
}
static bool iv_justify(call_t *call, const struct interval *a, struct interval *out, struct error *err)
{
    struct interval v = *a;
    /* Days first into months if they and the time point the same way, so that nothing overflows for no reason. */
    if ((v.days > 0 && v.us > 0) || (v.days < 0 && v.us < 0)) {
        int64_t days = v.days;
        if (!carry(&days, DAYS_PER_MONTH, &v.months, err))
            return false;
        v.days = (int32_t)days;
    }
    if (!carry(&v.us, USECS_PER_DAY, &v.days, err))
        return false;
    int64_t days = v.days;
    if (!carry(&days, DAYS_PER_MONTH, &v.months, err))
        return false;
    v.days = (int32_t)days;
    if (v.months > 0 && (v.days < 0 || (v.days == 0 && v.us < 0))) {
        v.days += DAYS_PER_MONTH;
        v.months--;
    } else if (v.months < 0 && (v.days > 0 || (v.days == 0 && v.us > 0))) {
        v.days -= DAYS_PER_MONTH;
        v.months++;
    }
    same_sign(&v.days, &v.us, USECS_PER_DAY);
    *out = v;
    return true;
}
DEFINE_UNARY(justify_hours, struct interval, struct interval, iv_justify_hours)
DEFINE_UNARY(justify_days, struct interval, struct interval, iv_justify_days)
DEFINE_UNARY(justify_interval, struct interval, struct interval, iv_justify)

/* ---- making ---- */

static int32_t days_in_month(int32_t year, int32_t month)
{
    date_t next = month == 12 ? date_from_ymd(year + 1, 1, 1) : date_from_ymd(year, month + 1, 1);
    return next - date_from_ymd(year, month, 1);
}
/* Years as written: negative is BC, 0 does not exist. */
/* make_date and make_timestamp differ in how they name a year BC that is wrong. */
static bool date_of_parts(int32_t year, int32_t month, int32_t day, bool as_given, date_t *out, struct error *err)
{
    int32_t y = year < 0 ? year + 1 : year, shown = as_given ? year : y;
    if (year == 0 || month < 1 || month > 12 || day < 1 || y < -4713 || y > 5874897 || day > days_in_month(y, month))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date field value out of range: %d-%02d-%02d", shown,
                         month, day);
    *out = date_from_ymd(y, month, day);
    if (*out < DATE_MIN_DAYS || *out >= DATE_END_DAYS)
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range: %d-%02d-%02d", shown, month, day);
    return true;
}
bool fk_make_date(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        OUT(date_t)[i] = 0;
        if (!date_of_parts(ARG(int32_t, 0, i), ARG(int32_t, 1, i), ARG(int32_t, 2, i), false, &OUT(date_t)[i],
                           &errors->scratch))
            row_failed(errors, i);
    }
    return true;
}
static bool time_of_parts(int32_t hour, int32_t minute, double second, int64_t *out, struct error *err)
{
    double us = rint(second * (double)USECS_PER_SEC);
    bool fits = hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && us >= 0 && us <= 60.0 * USECS_PER_SEC;
    if (fits)
        *out = ((int64_t)hour * 60 + minute) * 60 * USECS_PER_SEC + (int64_t)us;
    if (isnan(second))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "time field value out of range: %d:%02d:NaN", hour,
                         minute);
    if (!fits || *out > USECS_PER_DAY)
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "time field value out of range: %d:%02d:%02g", hour,
                         minute, second);
    return true;
}
static bool timestamp_of_row(const struct vec *arg, uint32_t i, timestamp_t *out, struct error *err)
{
    date_t date;
    int64_t time;
    if (!date_of_parts(ARG(int32_t, 0, i), ARG(int32_t, 1, i), ARG(int32_t, 2, i), true, &date, err) ||
        !time_of_parts(ARG(int32_t, 3, i), ARG(int32_t, 4, i), ARG(double, 5, i), &time, err))
        return false;
    if (__builtin_mul_overflow((int64_t)date, USECS_PER_DAY, out) || __builtin_add_overflow(*out, time, out) ||
        !timestamp_in_range(*out))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range: %d-%02d-%02d %d:%02d:%02g",
                         ARG(int32_t, 0, i), ARG(int32_t, 1, i), ARG(int32_t, 2, i), ARG(int32_t, 3, i),
                         ARG(int32_t, 4, i), ARG(double, 5, i));
    return true;
}
bool fk_make_timestamp(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        OUT(timestamp_t)[i] = 0;
        if (!timestamp_of_row(arg, i, &OUT(timestamp_t)[i], &errors->scratch))
            row_failed(errors, i);
    }
    return true;
}
bool fk_make_time(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        OUT(int64_t)[i] = 0;
        if (!time_of_parts(ARG(int32_t, 0, i), ARG(int32_t, 1, i), ARG(double, 2, i), &OUT(int64_t)[i],
                           &errors->scratch))
            row_failed(errors, i);
    }
    return true;
}

/* to_timestamp(Unix seconds). */
static bool from_epoch(call_t *call, const double *seconds, timestamp_t *out, struct error *err)
{
    const double first = (double)TIMESTAMP_MIN_US / USECS_PER_SEC + POSTGRES_EPOCH_UNIX_SECS;
    const double end = (double)TIMESTAMP_END_US / USECS_PER_SEC + POSTGRES_EPOCH_UNIX_SECS;
    double s = *seconds;
    if (isnan(s))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN");
    if (isinf(s)) {
        *out = s < 0 ? TIMESTAMP_NEG_INFINITY : TIMESTAMP_POS_INFINITY;
        return true;
    }
    if (s >= first && s < end) {
        double us = rint((s - POSTGRES_EPOCH_UNIX_SECS) * USECS_PER_SEC);
        if (us >= (double)TIMESTAMP_MIN_US && us < (double)TIMESTAMP_END_US) {
            *out = (timestamp_t)us;
            return true;
        }
    }
    return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range: \"%g\"", s);
}
DEFINE_UNARY(to_timestamp, double, timestamp_t, from_epoch)
