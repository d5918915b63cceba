/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_trunc, date_part, extract, date_bin, time_bucket, AT TIME ZONE. The unit or zone is nearly always a constant: it
 * is looked up once (prepare); otherwise row by row. Whole units of a timestamp without zone, or in UTC, are plain
 * arithmetic.
 */
#include "func/kernels_int.h"

#include <math.h>

enum source { FROM_TIMESTAMP, FROM_TIMESTAMPTZ, FROM_INTERVAL, FROM_TIME, FROM_DATE };

/* As functions take it: +02 is a POSIX specification here, west of Greenwich, other than in SET TIME ZONE. */
static const struct tz *zone_named(struct strview name)
{
    char flipped[64];
    if (name.len == 0 || name.len >= sizeof flipped || (name.ptr[0] != '+' && name.ptr[0] != '-'))
        return tz_find(name);
    memcpy(flipped, name.ptr, name.len);
    flipped[0] = name.ptr[0] == '+' ? '-' : '+';
    return tz_find(strview_make(flipped, name.len));
}

struct field_plan {
    bool known;
    enum datetime_field field;
    const struct tz *zone; /* date_trunc's third argument; NULL = the session's */
};

bool prepare_field(PREPARE_ARGS)
{
    if (!arg[0] || arg[0]->is_null)
        return true;
    struct field_plan *plan = ARENA_NEW(arena, struct field_plan);
    plan->known = datetime_field_find(str_view(&arg[0]->d.str), &plan->field);
    if (nargs > 2) {
        plan->zone = arg[2] && !arg[2]->is_null ? zone_named(str_view(&arg[2]->d.str)) : NULL;
        plan->known &= plan->zone != NULL;
    }
    *state = plan->known ? plan : NULL;
    return true;
}

/* The row's field. PostgreSQL quotes the unit in lower case. */
static bool row_field(const struct str *name, const char *type, enum datetime_field *field, struct error *err)
{
    if (datetime_field_find(str_view(name), field))
        return true;
    char lower[128];
    uint32_t len = MIN_OF(name->len, (uint32_t)sizeof lower - 1);
    for (uint32_t k = 0; k < len; k++)
        lower[k] = char_lower(str_data(name)[k]);
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unit \"%.*s\" not recognized for type %s", (int)len, lower,
                     type);
}

static const char *source_name(enum source source)
{
    static const char *const names[] = {"timestamp without time zone", "timestamp with time zone", "interval",
                                        "time without time zone", "date"};
    return names[source];
}

/* ---- date_trunc ---- */

static int64_t unit_us(enum datetime_field field)
{
    switch (field) {
    case FIELD_MILLISECONDS: return 1000;
    case FIELD_SECOND: return USECS_PER_SEC;
    case FIELD_MINUTE: return 60 * USECS_PER_SEC;
    case FIELD_HOUR: return 3600 * USECS_PER_SEC;
    case FIELD_DAY: return USECS_PER_DAY;
    default: return 0;
    }
}

/* Floors to a constant unit; the switch lets the compiler turn the division into a multiplication. */
#define FLOOR_LOOP(UNIT)                                                                                               \
    for (uint32_t i = 0; i < n; i++) {                                                                                 \
        int64_t rest = t[i] % (UNIT);                                                                                  \
        rest += rest < 0 ? (UNIT) : 0;                                                                                 \
        r[i] = timestamp_is_finite(t[i]) ? t[i] - rest : t[i];                                                         \
    }
static void floor_rows(const timestamp_t *restrict t, timestamp_t *restrict r, uint32_t n, enum datetime_field field)
{
    switch (field) {
    case FIELD_MILLISECONDS: FLOOR_LOOP(1000) break;
    case FIELD_SECOND: FLOOR_LOOP(USECS_PER_SEC) break;
    case FIELD_MINUTE: FLOOR_LOOP(60 * USECS_PER_SEC) break;
    case FIELD_HOUR: FLOOR_LOOP(3600 * USECS_PER_SEC) break;
    default: FLOOR_LOOP(USECS_PER_DAY)
    }
}

static bool trunc_timestamps(FUNC_ARGS, enum source source)
{
    const struct field_plan *plan = call->state;
    const struct tz *session = call_zone(call);
    if (plan && unit_us(plan->field) && arg[1].form == VEC_FLAT &&
        (source == FROM_TIMESTAMP || (plan->zone ? plan->zone : session) == tz_utc())) {
        floor_rows(arg[1].data, out->data, n, plan->field);
        return true;
    }
    FOR_ROWS(i)
    {
        struct error *e = &errors->scratch;
        timestamp_t t = ARG(timestamp_t, 1, i), *r = &OUT(timestamp_t)[i];
        const struct tz *zone = plan && plan->zone ? plan->zone : session;
        enum datetime_field field = plan ? plan->field : FIELD_DAY;
        bool ok = true;
        if (!timestamp_is_finite(t)) {
            *r = t;
            continue;
        }
        if (!plan && call->nargs > 2) {
            const struct str *name = &ARG(struct str, 2, i);
            zone = zone_named(str_view(name));
            ok = zone || error_set(e, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                                   (int)name->len, str_data(name));
        }
        ok = ok && (plan || row_field(&ARG(struct str, 0, i), source_name(source), &field, e));
        ok = ok &&
             (source == FROM_TIMESTAMP ? timestamp_trunc(field, t, r, e) : timestamptz_trunc(field, t, zone, r, e));
        if (!ok) {
            *r = 0;
            row_failed(errors, i);
        }
    }
    return true;
}
bool fk_timestamp_trunc(FUNC_ARGS) { return trunc_timestamps(call, arg, n, sel, out, errors, err, FROM_TIMESTAMP); }
bool fk_timestamptz_trunc(FUNC_ARGS) { return trunc_timestamps(call, arg, n, sel, out, errors, err, FROM_TIMESTAMPTZ); }
bool fk_interval_trunc(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        enum datetime_field field;
        struct interval *r = &OUT(struct interval)[i];
        if (!row_field(&ARG(struct str, 0, i), "interval", &field, &errors->scratch) ||
            !interval_trunc(field, &ARG(struct interval, 1, i), r, &errors->scratch)) {
            *r = (struct interval){0};
            row_failed(errors, i);
        }
    }
    return true;
}

/* ---- extract (numeric), date_part (double precision) ---- */

static bool extract_row(const struct func_call *call, enum source source, enum datetime_field field, const void *value,
                        struct extract_result *out, struct error *err)
{
    bool of_zone = field == FIELD_TIMEZONE || field == FIELD_TIMEZONE_HOUR || field == FIELD_TIMEZONE_MINUTE;
    switch (source) {
    case FROM_TIMESTAMP:
        out->is_null = of_zone && !timestamp_is_finite(*(const timestamp_t *)value);
        return out->is_null || timestamp_extract(field, *(const timestamp_t *)value, NULL, out, err);
    case FROM_TIMESTAMPTZ: return timestamp_extract(field, *(const timestamp_t *)value, call_zone(call), out, err);
    case FROM_INTERVAL: return interval_extract(field, value, out, err);
    case FROM_TIME: return time_extract(field, *(const int64_t *)value, out, err);
    case FROM_DATE: return date_extract(field, *(const date_t *)value, out, err);
    }
    return false;
}

static void put_numeric(struct arena *arena, void *at, const struct extract_result *r)
{
    struct num v = {.kind = r->sign < 0 ? NUM_NINF : NUM_PINF};
    if (!r->is_infinite && r->mantissa == (int64_t)r->mantissa && r->scale <= 6)
        v = (struct num){.mantissa = (int64_t)r->mantissa, .kind = NUM_INLINE, .dscale = r->scale};
    else if (!r->is_infinite)
        v = num_from_i128(arena, r->mantissa, r->scale);
    memcpy(at, &v, sizeof v);
}
static void put_double(void *at, const struct extract_result *r)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    double v = r->sign < 0 ? -INFINITY : INFINITY;
    if (!r->is_infinite && r->scale < ARRAY_LEN(power))
        v = (double)r->mantissa / power[r->scale];
    else if (!r->is_infinite)
        v = (double)((long double)r->mantissa / powl(10, (long double)r->scale));
    memcpy(at, &v, sizeof v);
}

static bool extract_rows(FUNC_ARGS, enum source source)
{
    const struct field_plan *plan = call->state;
    size_t size = phys_size[arg[1].phys], out_size = phys_size[out->phys];
    FOR_ROWS(i)
    {
        struct extract_result r = {0};
        enum datetime_field field = plan ? plan->field : FIELD_DAY;
        const char *value = (const char *)arg[1].data + (arg[1].form == VEC_CONST ? 0 : i * size);
        char *at = (char *)out->data + i * out_size;
        bool ok = plan || row_field(&ARG(struct str, 0, i), source_name(source), &field, &errors->scratch);
        if (!ok || !extract_row(call, source, field, value, &r, &errors->scratch)) {
            memset(at, 0, out_size);
            row_failed(errors, i);
            continue;
        }
        if (r.is_null) {
            memset(at, 0, out_size);
            if (!out_set_null(call, out, n, i, err))
                return false;
        } else if (out->phys == PHYS_NUM) {
            put_numeric(call->arena, at, &r);
        } else {
            put_double(at, &r);
        }
    }
    return true;
}
#define DEFINE_EXTRACT(name, source)                                                                                   \
    bool fk_##name(FUNC_ARGS) { return extract_rows(call, arg, n, sel, out, errors, err, source); }
DEFINE_EXTRACT(extract_timestamp, FROM_TIMESTAMP)
DEFINE_EXTRACT(extract_timestamptz, FROM_TIMESTAMPTZ)
DEFINE_EXTRACT(extract_interval, FROM_INTERVAL)
DEFINE_EXTRACT(extract_time, FROM_TIME)
DEFINE_EXTRACT(extract_date, FROM_DATE)

/* date_part of a date is that of the timestamp at its midnight. */
bool fk_date_part_date(FUNC_ARGS)
{
    struct vec args[2] = {arg[0], arg[1]};
    uint32_t rows = arg[1].form == VEC_CONST ? 1 : n;
    const date_t *d = arg[1].data;
    timestamp_t *t = arena_try_alloc(call->arena, rows * sizeof *t + VEC_PAD_BYTES, 64);
    if (!t)
        return mem_error(call->arena->account, rows * sizeof *t, err);
    for (uint32_t i = 0; i < rows; i++)
        t[i] = d[i] == DATE_NEG_INFINITY   ? TIMESTAMP_NEG_INFINITY
               : d[i] == DATE_POS_INFINITY ? TIMESTAMP_POS_INFINITY
                                           : (timestamp_t)d[i] * USECS_PER_DAY;
    args[1].phys = PHYS_I64;
    args[1].data = t;
    const date_t end = (date_t)(TIMESTAMP_END_US / USECS_PER_DAY);
    FOR_ROWS(i)
    {
        date_t v = ARG(date_t, 1, i);
        if (v >= end && v != DATE_POS_INFINITY) {
            error_set(&errors->scratch, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range for timestamp");
            row_failed(errors, i);
        }
    }
    return extract_rows(call, args, n, sel, out, errors, err, FROM_TIMESTAMP);
}

/* ---- date_bin, time_bucket ---- */

bool fk_date_bin(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        if (!timestamp_bin(&ARG(struct interval, 0, i), ARG(timestamp_t, 1, i), ARG(timestamp_t, 2, i),
                           &OUT(timestamp_t)[i], &errors->scratch)) {
            OUT(timestamp_t)[i] = 0;
            row_failed(errors, i);
        }
    }
    return true;
}

/* Buckets start on Mondays: 2000-01-03, in UTC for timestamptz. Months are counted from 2000-01-01. */
static bool bucket_row(const struct interval *width, timestamp_t t, timestamp_t *out, struct error *err)
{
    const timestamp_t monday = 2 * USECS_PER_DAY;
    *out = t;
    if (!timestamp_is_finite(t))
        return true;
    if (width->months == 0) {
        int64_t us = width->us + width->days * USECS_PER_DAY;
        if (us <= 0)
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "period must be greater than 0");
        int64_t shift = monday % us, rest = (t - shift) % us;
        *out = t - rest - (rest < 0 ? us : 0);
        return *out >= TIMESTAMP_MIN_US || error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    }
    if (width->us || width->days || width->months < 0) {
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid interval specified");
        return error_hint(err, "Use either months or days and hours, but not months, days and hours together.");
    }
    int32_t year, month, day;
    int64_t days = t / USECS_PER_DAY - (t % USECS_PER_DAY < 0);
    date_to_ymd((date_t)days, &year, &month, &day);
    int32_t count = (year - 2000) * 12 + month - 1, rest = count % width->months;
    count -= rest + (rest < 0 ? width->months : 0);
    year = 2000 + count / 12 - (count % 12 < 0);
    *out = (timestamp_t)date_from_ymd(year, count - (year - 2000) * 12 + 1, 1) * USECS_PER_DAY;
    return true;
}

bool fk_time_bucket(FUNC_ARGS)
{
    const struct interval *width = arg[0].data;
    const timestamp_t *t = arg[1].data;
    timestamp_t *r = out->data;
    int64_t us = width->us + width->days * USECS_PER_DAY;
    FOR_ROWS(i)
    {
        if (arg[0].form != VEC_CONST || arg[1].form != VEC_FLAT || width->months || us <= 0 ||
            t[i] < TIMESTAMP_MIN_US + us || !timestamp_is_finite(t[i])) {
            if (!bucket_row(&ARG(struct interval, 0, i), ARG(timestamp_t, 1, i), &r[i], &errors->scratch)) {
                r[i] = 0;
                row_failed(errors, i);
            }
            continue;
        }
        int64_t rest = (t[i] - 2 * USECS_PER_DAY % us) % us;
        r[i] = t[i] - rest - (rest < 0 ? us : 0);
    }
    return true;
}
bool fk_time_bucket_date(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        date_t d = ARG(date_t, 1, i);
        timestamp_t t = (timestamp_t)d * USECS_PER_DAY;
        OUT(date_t)[i] = d;
        if (d == DATE_NEG_INFINITY || d == DATE_POS_INFINITY)
            continue;
        if (d >= (date_t)(TIMESTAMP_END_US / USECS_PER_DAY)) {
            error_set(&errors->scratch, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range for timestamp");
            row_failed(errors, i);
        } else if (bucket_row(&ARG(struct interval, 0, i), t, &t, &errors->scratch)) {
            OUT(date_t)[i] = (date_t)(t / USECS_PER_DAY - (t % USECS_PER_DAY < 0));
        } else {
            row_failed(errors, i);
        }
    }
    return true;
}

/* ---- AT TIME ZONE ---- */

bool prepare_zone(PREPARE_ARGS)
{
    if (arg[0] && !arg[0]->is_null)
        *state = (void *)(uintptr_t)zone_named(str_view(&arg[0]->d.str));
    return true;
}

static bool at_zone(FUNC_ARGS, bool to_local)
{
    FOR_ROWS(i)
    {
        const struct str *name = &ARG(struct str, 0, i);
        const struct tz *zone = call->state ? call->state : zone_named(str_view(name));
        timestamp_t t = ARG(timestamp_t, 1, i);
        bool ok = true;
        if (!timestamp_is_finite(t)) {
            ok = true;
        } else if (!zone) {
            ok = error_set(&errors->scratch, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                           (int)name->len, str_data(name));
        } else {
            t = to_local ? tz_utc_to_local(zone, t) : tz_local_to_utc(zone, t);
            ok = timestamp_in_range(t) ||
                 error_set(&errors->scratch, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
        }
        OUT(timestamp_t)[i] = ok ? t : 0;
        if (!ok)
            row_failed(errors, i);
    }
    return true;
}
bool fk_timestamptz_zone(FUNC_ARGS) { return at_zone(call, arg, n, sel, out, errors, err, true); }
bool fk_timestamp_zone(FUNC_ARGS) { return at_zone(call, arg, n, sel, out, errors, err, false); }

/* AT TIME ZONE interval: a fixed offset. */
static bool at_offset(FUNC_ARGS, int sign)
{
    FOR_ROWS(i)
    {
        const struct interval *zone = &ARG(struct interval, 0, i);
        timestamp_t t = ARG(timestamp_t, 1, i);
        bool ok = true;
        if (timestamp_is_finite(t) && (zone->months || zone->days)) {
            struct strbuf text;
            strbuf_init(&text);
            interval_format(&text, zone);
            ok = error_set(&errors->scratch, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "interval time zone \"%s\" must not include months or days", text.data);
            strbuf_release(&text);
        } else if (timestamp_is_finite(t)) {
            t += sign * (zone->us / USECS_PER_SEC) * USECS_PER_SEC;
            ok = timestamp_in_range(t) ||
                 error_set(&errors->scratch, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
        }
        OUT(timestamp_t)[i] = ok ? t : 0;
        if (!ok)
            row_failed(errors, i);
    }
    return true;
}
bool fk_timestamptz_izone(FUNC_ARGS) { return at_offset(call, arg, n, sel, out, errors, err, 1); }
bool fk_timestamp_izone(FUNC_ARGS) { return at_offset(call, arg, n, sel, out, errors, err, -1); }
