/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the date and time tests: an operation on texts and what PostgreSQL 15 answers in that session zone. An error
 * is written "SQLSTATE message", with " HINT …" and " DETAIL …" if there are any.
 */
#ifndef MENCIA_TESTS_DATETIME_CASES_H
#define MENCIA_TESTS_DATETIME_CASES_H

#include "tests/lib/unit.h"
#include "types/datetime.h"

#include <stdlib.h>

struct dt_case {
    const char *op;
    const char *a, *b, *c; /* arguments; NULL = none */
    const char *want;
};

struct dt_env {
    struct datetime_ctx ctx;
    struct strbuf *out;
    struct error *err;
    const struct dt_case *row;
    struct strview a, b, c;
    int32_t typmod; /* from b, -1 = none */
};

static inline bool show_interval(struct dt_env *e, bool ok, const struct interval *v)
{
    if (ok)
        interval_format(e->out, v);
    return ok;
}

static inline bool show_stamp(struct dt_env *e, bool ok, const timestamp_t *v)
{
    if (ok)
        timestamp_format(e->out, *v);
    return ok;
}

static inline bool show_stamptz(struct dt_env *e, bool ok, const timestamp_t *v)
{
    if (ok)
        timestamptz_format(e->out, *v, e->ctx.zone);
    return ok;
}

static inline bool show_extract(struct dt_env *e, bool ok, const struct extract_result *r)
{
    char digits[64];
    uint32_t n = 0;
    if (!ok)
        return false;
    if (r->is_null || r->is_infinite) {
        strbuf_add_cstr(e->out, r->is_null ? "NULL" : r->sign < 0 ? "-Infinity" : "Infinity");
        return true;
    }
    uint128_t m = r->mantissa < 0 ? -(uint128_t)r->mantissa : (uint128_t)r->mantissa;
    for (uint32_t places = 0; m || places <= r->scale; places++) {
        if (places && places == r->scale)
            digits[n++] = '.';
        digits[n++] = (char)('0' + (int)(m % 10));
        m /= 10;
    }
    if (r->mantissa < 0)
        digits[n++] = '-';
    while (n)
        strbuf_add_char(e->out, digits[--n]);
    return true;
}

static bool op_ts(struct dt_env *e)
{
    timestamp_t t = 0;
    return show_stamp(e, timestamp_parse(e->a, e->typmod, &e->ctx, &t, e->err), &t);
}

static bool op_tstz(struct dt_env *e)
{
    timestamp_t t = 0;
    return show_stamptz(e, timestamptz_parse(e->a, e->typmod, &e->ctx, &t, e->err), &t);
}

static bool op_date(struct dt_env *e)
{
    date_t d;
    if (!date_parse(e->a, &e->ctx, &d, e->err))
        return false;
    date_format(e->out, d);
    return true;
}

static bool op_time(struct dt_env *e)
{
    int64_t t;
    if (!time_parse(e->a, e->typmod, &e->ctx, &t, e->err))
        return false;
    time_format(e->out, t);
    return true;
}

static bool op_interval(struct dt_env *e)
{
    struct interval v = {0};
    return show_interval(e, interval_parse(e->a, e->typmod, &v, e->err), &v);
}

static bool two_stamps(struct dt_env *e, timestamp_t *a, timestamp_t *b)
{
    return timestamp_parse(e->a, -1, &e->ctx, a, e->err) && timestamp_parse(e->b, -1, &e->ctx, b, e->err);
}

static bool two_intervals(struct dt_env *e, struct interval *a, struct interval *b)
{
    return interval_parse(e->a, -1, a, e->err) && interval_parse(e->b, -1, b, e->err);
}

static bool op_add(struct dt_env *e)
{
    timestamp_t t = 0;
    struct interval v;
    return show_stamp(e,
                      timestamp_parse(e->a, -1, &e->ctx, &t, e->err) && interval_parse(e->b, -1, &v, e->err) &&
                          timestamp_add_interval(t, &v, &t, e->err),
                      &t);
}

static bool op_addtz(struct dt_env *e)
{
    timestamp_t t = 0;
    struct interval v;
    return show_stamptz(e,
                        timestamptz_parse(e->a, -1, &e->ctx, &t, e->err) && interval_parse(e->b, -1, &v, e->err) &&
                            timestamptz_add_interval(t, &v, e->ctx.zone, &t, e->err),
                        &t);
}

static bool op_diff(struct dt_env *e)
{
    timestamp_t a, b;
    struct interval v = {0};
    return show_interval(e, two_stamps(e, &a, &b) && timestamp_sub_timestamp(a, b, &v, e->err), &v);
}

static bool op_age(struct dt_env *e)
{
    timestamp_t a, b;
    struct interval v = {0};
    return show_interval(e, two_stamps(e, &a, &b) && timestamp_age(a, b, &v, e->err), &v);
}

static bool op_mul(struct dt_env *e)
{
    struct interval v = {0};
    return show_interval(
        e, interval_parse(e->a, -1, &v, e->err) && interval_mul(&v, strtod(e->row->b, NULL), &v, e->err), &v);
}

static bool op_div(struct dt_env *e)
{
    struct interval v = {0};
    return show_interval(
        e, interval_parse(e->a, -1, &v, e->err) && interval_div(&v, strtod(e->row->b, NULL), &v, e->err), &v);
}

static bool op_plus(struct dt_env *e)
{
    struct interval a, b, v = {0};
    return show_interval(e, two_intervals(e, &a, &b) && interval_add(&a, &b, &v, e->err), &v);
}

static bool op_minus(struct dt_env *e)
{
    struct interval a, b, v = {0};
    return show_interval(e, two_intervals(e, &a, &b) && interval_sub(&a, &b, &v, e->err), &v);
}

static bool op_compare(struct dt_env *e)
{
    struct interval a, b;
    if (!two_intervals(e, &a, &b))
        return false;
    int c = interval_compare(&a, &b);
    if (c == 0)
        assert_true(interval_hash(&a) == interval_hash(&b));
    strbuf_add_fmt(e->out, "%d", c);
    return true;
}

static bool find_field(struct dt_env *e, bool trunc, enum datetime_field *field)
{
    if (trunc ? datetime_trunc_field_find(e->a, field) : datetime_field_find(e->a, field))
        return true;
    return error_set(e->err, SQLSTATE_INVALID_PARAMETER_VALUE, "no such field");
}

static bool op_trunc(struct dt_env *e)
{
    timestamp_t t = 0;
    enum datetime_field f;
    return show_stamp(e,
                      find_field(e, true, &f) && timestamp_parse(e->b, -1, &e->ctx, &t, e->err) &&
                          timestamp_trunc(f, t, &t, e->err),
                      &t);
}

static bool op_trunctz(struct dt_env *e)
{
    timestamp_t t = 0;
    enum datetime_field f;
    return show_stamptz(e,
                        find_field(e, true, &f) && timestamptz_parse(e->b, -1, &e->ctx, &t, e->err) &&
                            timestamptz_trunc(f, t, e->ctx.zone, &t, e->err),
                        &t);
}

static bool op_trunciv(struct dt_env *e)
{
    struct interval v = {0};
    enum datetime_field f;
    return show_interval(
        e, find_field(e, true, &f) && interval_parse(e->b, -1, &v, e->err) && interval_trunc(f, &v, &v, e->err), &v);
}

static bool op_extract(struct dt_env *e)
{
    timestamp_t t;
    enum datetime_field f;
    struct extract_result r;
    return show_extract(e,
                        find_field(e, false, &f) && timestamp_parse(e->b, -1, &e->ctx, &t, e->err) &&
                            timestamp_extract(f, t, NULL, &r, e->err),
                        &r);
}

static bool op_extracttz(struct dt_env *e)
{
    timestamp_t t;
    enum datetime_field f;
    struct extract_result r;
    return show_extract(e,
                        find_field(e, false, &f) && timestamptz_parse(e->b, -1, &e->ctx, &t, e->err) &&
                            timestamp_extract(f, t, e->ctx.zone, &r, e->err),
                        &r);
}

static bool op_extractiv(struct dt_env *e)
{
    struct interval v;
    enum datetime_field f;
    struct extract_result r;
    return show_extract(
        e, find_field(e, false, &f) && interval_parse(e->b, -1, &v, e->err) && interval_extract(f, &v, &r, e->err), &r);
}

static bool op_extractdate(struct dt_env *e)
{
    date_t d;
    enum datetime_field f;
    struct extract_result r;
    return show_extract(
        e, find_field(e, false, &f) && date_parse(e->b, &e->ctx, &d, e->err) && date_extract(f, d, &r, e->err), &r);
}

static bool op_extracttime(struct dt_env *e)
{
    int64_t t;
    enum datetime_field f;
    struct extract_result r;
    return show_extract(
        e, find_field(e, false, &f) && time_parse(e->b, -1, &e->ctx, &t, e->err) && time_extract(f, t, &r, e->err), &r);
}

static bool op_bin(struct dt_env *e)
{
    timestamp_t t = 0, origin;
    struct interval v;
    return show_stamp(e,
                      interval_parse(e->a, -1, &v, e->err) && timestamp_parse(e->b, -1, &e->ctx, &t, e->err) &&
                          timestamp_parse(e->c, -1, &e->ctx, &origin, e->err) &&
                          timestamp_bin(&v, t, origin, &t, e->err),
                      &t);
}

static bool find_zone(struct dt_env *e, const struct tz **zone)
{
    *zone = tz_find_any(e->a);
    return *zone ? true
                 : error_set(e->err, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", e->row->a);
}

/* timestamp AT TIME ZONE a */
static bool op_at(struct dt_env *e)
{
    timestamp_t t = 0;
    const struct tz *zone;
    if (!find_zone(e, &zone) || !timestamp_parse(e->b, -1, &e->ctx, &t, e->err))
        return false;
    t = tz_local_to_utc(zone, t);
    return show_stamptz(e, true, &t);
}

/* timestamptz AT TIME ZONE a */
static bool op_attz(struct dt_env *e)
{
    timestamp_t t = 0;
    const struct tz *zone;
    if (!find_zone(e, &zone) || !timestamptz_parse(e->b, -1, &e->ctx, &t, e->err))
        return false;
    t = tz_utc_to_local(zone, t);
    return show_stamp(e, true, &t);
}

static const struct {
    const char *name;
    bool (*run)(struct dt_env *e);
} dt_ops[] = {{"ts", op_ts},
              {"tstz", op_tstz},
              {"date", op_date},
              {"time", op_time},
              {"iv", op_interval},
              {"ts+iv", op_add},
              {"tstz+iv", op_addtz},
              {"ts-ts", op_diff},
              {"age", op_age},
              {"iv*", op_mul},
              {"iv/", op_div},
              {"iv+", op_plus},
              {"iv-", op_minus},
              {"ivcmp", op_compare},
              {"trts", op_trunc},
              {"trtstz", op_trunctz},
              {"triv", op_trunciv},
              {"exts", op_extract},
              {"extstz", op_extracttz},
              {"exiv", op_extractiv},
              {"exdate", op_extractdate},
              {"extime", op_extracttime},
              {"bin", op_bin},
              {"tsat", op_at},
              {"tstzat", op_attz}};

/* Runs all rows and prints those that differ; now = 2024-02-29 12:34:56.789 UTC. */
static void run_cases(const char *zone, const struct dt_case *rows, size_t n)
{
    struct strbuf out;
    struct error err;
    size_t differ = 0;
    strbuf_init(&out);
    for (size_t i = 0; i < n; i++) {
        const struct dt_case *r = &rows[i];
        struct dt_env e = {.out = &out, .err = &err, .row = r, .typmod = -1};
        e.ctx = (struct datetime_ctx){.zone = tz_find(strview_of(zone)), .now = 762525296789000};
        e.a = strview_of(r->a);
        e.b = r->b ? strview_of(r->b) : strview_make(NULL, 0);
        e.c = r->c ? strview_of(r->c) : strview_make(NULL, 0);
        if (r->b && r->b[0] >= '0' && r->b[0] <= '9')
            e.typmod = atoi(r->b);
        strbuf_clear(&out);
        error_clear(&err);
        size_t op = 0;
        while (strcmp(dt_ops[op].name, r->op) != 0)
            assert_true(++op < ARRAY_LEN(dt_ops));
        if (!dt_ops[op].run(&e)) {
            strbuf_clear(&out);
            strbuf_add_fmt(&out, "ERROR %s %s", err.sqlstate, err.message);
            if (err.detail[0])
                strbuf_add_fmt(&out, " DETAIL %s", err.detail);
            if (err.hint[0])
                strbuf_add_fmt(&out, " HINT %s", err.hint);
        }
        if (strcmp(out.data, r->want) != 0) {
            print_error("%s(%s, %s, %s) in %s: got %s, want %s\n", r->op, r->a, r->b, r->c, zone, out.data, r->want);
            differ++;
        }
    }
    strbuf_release(&out);
    assert_int_equal(differ, 0);
}

#endif
