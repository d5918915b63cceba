/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text output of date, time and timestamps in DateStyle ISO. Digits are written into a small local buffer and added at
 * once: COPY and result rows come here for each value.
 */
#include "types/datetime_int.h"

/* Longest: "294276-12-31 23:59:59.999999+15:59:59 BC". */
#define STAMP_CHARS_MAX 64

static char *put2(char *p, uint32_t v)
{
    p[0] = (char)('0' + v / 10);
    p[1] = (char)('0' + v % 10);
    return p + 2;
}

static char *put_date(char *p, int32_t year, int32_t month, int32_t day)
{
    uint32_t y = (uint32_t)(year > 0 ? year : 1 - year);
    char digits[10];
    int n = 0;
    for (uint32_t rest = y; rest > 0 || n < 4; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    while (n > 0)
        *p++ = digits[--n];
    *p++ = '-';
    p = put2(p, (uint32_t)month);
    *p++ = '-';
    return put2(p, (uint32_t)day);
}

/* Fraction without trailing zeros. */
static char *put_clock(char *p, int32_t hour, int32_t minute, int32_t second, int32_t usec)
{
    p = put2(p, (uint32_t)hour);
    *p++ = ':';
    p = put2(p, (uint32_t)minute);
    *p++ = ':';
    p = put2(p, (uint32_t)second);
    if (usec) {
        uint32_t rest = (uint32_t)usec;
        *p++ = '.';
        p = put2(p, rest / 10000);
        p = put2(p, rest / 100 % 100);
        p = put2(p, rest % 100);
        while (p[-1] == '0')
            p--;
    }
    return p;
}

static char *put_offset(char *p, int32_t east)
{
    uint32_t secs = (uint32_t)(east < 0 ? -east : east);
    *p++ = east < 0 ? '-' : '+';
    p = put2(p, secs / 3600 % 100);
    if (secs % 3600) {
        *p++ = ':';
        p = put2(p, secs / 60 % 60);
    }
    if (secs % 60) {
        *p++ = ':';
        p = put2(p, secs % 60);
    }
    return p;
}

static char *put_era(char *p, int32_t year)
{
    if (year <= 0) {
        memcpy(p, " BC", 3);
        p += 3;
    }
    return p;
}

void date_format(struct strbuf *out, date_t v)
{
    char text[STAMP_CHARS_MAX];
    int32_t year, month, day;
    if (v == DATE_NEG_INFINITY || v == DATE_POS_INFINITY) {
        strbuf_add_cstr(out, v == DATE_NEG_INFINITY ? "-infinity" : "infinity");
        return;
    }
    date_to_ymd(v, &year, &month, &day);
    char *p = put_era(put_date(text, year, month, day), year);
    strbuf_add(out, text, (size_t)(p - text));
}

static void format_stamp(struct strbuf *out, timestamp_t local, const int32_t *east)
{
    char text[STAMP_CHARS_MAX];
    struct datetime_parts d;
    timestamp_to_parts(local, &d);
    char *p = put_date(text, d.year, d.month, d.day);
    *p++ = ' ';
    p = put_clock(p, d.hour, d.minute, d.second, d.usec);
    if (east)
        p = put_offset(p, *east);
    p = put_era(p, d.year);
    strbuf_add(out, text, (size_t)(p - text));
}

static bool format_infinite(struct strbuf *out, timestamp_t v)
{
    if (timestamp_is_finite(v))
        return false;
    strbuf_add_cstr(out, v == TIMESTAMP_NEG_INFINITY ? "-infinity" : "infinity");
    return true;
}

void timestamp_format(struct strbuf *out, timestamp_t v)
{
    if (!format_infinite(out, v))
        format_stamp(out, v, NULL);
}

void timestamptz_format(struct strbuf *out, timestamp_t v, const struct tz *zone)
{
    if (format_infinite(out, v))
        return;
    int32_t east = tz_offset_at(zone, v, NULL);
    format_stamp(out, v + east * USECS_PER_SEC, &east);
}

void time_format(struct strbuf *out, int64_t v)
{
    char text[STAMP_CHARS_MAX];
    int32_t secs = (int32_t)(v / USECS_PER_SEC);
    char *p = put_clock(text, secs / 3600, secs / 60 % 60, secs % 60, (int32_t)(v % USECS_PER_SEC));
    strbuf_add(out, text, (size_t)(p - text));
}
