/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX TZ strings (std offset [dst [offset] [,start[/time],end[/time]]]) as the TZ variable and TZif footers hold
 * them. PostgreSQL's liberties are kept: the first name may be empty, and daylight-saving time without rules follows
 * the present United States' rules.
 */
#include "types/tz_int.h"

#define DEFAULT_RULES "M3.2.0,M11.1.0"
#define HOURS_MAX     167 /* a week less one hour */

struct cursor {
    const char *at, *end;
};

static bool cursor_done(const struct cursor *c) { return c->at == c->end; }
static char cursor_peek(const struct cursor *c) { return cursor_done(c) ? '\0' : *c->at; }

static bool cursor_take(struct cursor *c, char want)
{
    if (cursor_peek(c) != want || cursor_done(c))
        return false;
    c->at++;
    return true;
}

static bool read_number(struct cursor *c, int32_t min, int32_t max, int32_t *out)
{
    int32_t v = 0;
    if (!char_is_digit(cursor_peek(c)))
        return false;
    while (char_is_digit(cursor_peek(c))) {
        v = v * 10 + (*c->at++ - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return v >= min;
}

/* hh[:mm[:ss]] */
static bool read_clock(struct cursor *c, int32_t *secs)
{
    int32_t h, m = 0, s = 0;
    if (!read_number(c, 0, HOURS_MAX, &h))
        return false;
    if (cursor_take(c, ':')) {
        if (!read_number(c, 0, 59, &m))
            return false;
        if (cursor_take(c, ':') && !read_number(c, 0, 60, &s))
            return false;
    }
    *secs = h * 3600 + m * 60 + s;
    return true;
}

static bool read_signed_clock(struct cursor *c, int32_t *secs)
{
    bool negative = cursor_take(c, '-');
    if (!negative)
        (void)cursor_take(c, '+');
    if (!read_clock(c, secs))
        return false;
    if (negative)
        *secs = -*secs;
    return true;
}

static bool read_name(struct cursor *c, struct strview *out)
{
    if (cursor_take(c, '<')) {
        out->ptr = c->at;
        while (!cursor_done(c) && *c->at != '>')
            c->at++;
        out->len = (size_t)(c->at - out->ptr);
        return cursor_take(c, '>');
    }
    out->ptr = c->at;
    while (!cursor_done(c) && !char_is_digit(*c->at) && *c->at != ',' && *c->at != '-' && *c->at != '+')
        c->at++;
    out->len = (size_t)(c->at - out->ptr);
    return true;
}

static bool read_rule(struct cursor *c, struct tz_rule *rule)
{
    *rule = (struct tz_rule){.secs = 2 * 3600};
    if (cursor_take(c, 'J')) {
        rule->kind = TZ_RULE_JULIAN;
        if (!read_number(c, 1, 365, &rule->day))
            return false;
    } else if (cursor_take(c, 'M')) {
        rule->kind = TZ_RULE_MONTH;
        if (!read_number(c, 1, 12, &rule->month) || !cursor_take(c, '.') || !read_number(c, 1, 5, &rule->week) ||
            !cursor_take(c, '.') || !read_number(c, 0, 6, &rule->day))
            return false;
    } else {
        rule->kind = TZ_RULE_DAY;
        if (!read_number(c, 0, 365, &rule->day))
            return false;
    }
    return cursor_take(c, '/') ? read_signed_clock(c, &rule->secs) : true;
}

static bool read_rules(struct cursor *c, struct tz_posix *out)
{
    return read_rule(c, &out->start) && cursor_take(c, ',') && read_rule(c, &out->end) && cursor_done(c);
}

bool tz_posix_parse(struct strview text, struct tz_posix *out)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    int32_t west;
    memset(out, 0, sizeof *out);
    if (text.len == 0 || text.ptr[0] == ':' || !read_name(&c, &out->std) || !read_signed_clock(&c, &west))
        return false;
    out->std_offset = -west;
    if (cursor_done(&c))
        return true;
    out->has_dst = true;
    if (!read_name(&c, &out->dst) || out->dst.len == 0)
        return false;
    out->dst_offset = out->std_offset + 3600;
    if (!cursor_done(&c) && *c.at != ',' && *c.at != ';') {
        if (!read_signed_clock(&c, &west))
            return false;
        out->dst_offset = -west;
    }
    if (cursor_done(&c)) {
        struct strview rules = STRVIEW(DEFAULT_RULES);
        c = (struct cursor){rules.ptr, rules.ptr + rules.len};
    } else if (!cursor_take(&c, ',') && !cursor_take(&c, ';')) {
        return false;
    }
    return read_rules(&c, out);
}

/* Day of the change, counted from 2000-01-01. */
static int32_t rule_day(const struct tz_rule *rule, int32_t year)
{
    date_t jan1 = date_from_ymd(year, 1, 1);
    bool leap = date_from_ymd(year + 1, 1, 1) - jan1 == 366;
    if (rule->kind == TZ_RULE_JULIAN)
        return jan1 + rule->day - 1 + (leap && rule->day >= 60);
    if (rule->kind == TZ_RULE_DAY)
        return jan1 + rule->day;
    date_t first = date_from_ymd(year, rule->month, 1);
    date_t next_month = rule->month == 12 ? date_from_ymd(year + 1, 1, 1) : date_from_ymd(year, rule->month + 1, 1);
    /* 2000-01-01 was a Saturday (6). */
    int32_t weekday = (int32_t)((((int64_t)first + 6) % 7 + 7) % 7);
    date_t day = first + (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
    while (day >= next_month)
        day -= 7;
    return day;
}

void tz_posix_year(const struct tz_posix *posix, int32_t year, int64_t *to_dst, int64_t *to_std)
{
    *to_dst =
        rule_day(&posix->start, year) * 86400LL + POSTGRES_EPOCH_UNIX_SECS + posix->start.secs - posix->std_offset;
    *to_std = rule_day(&posix->end, year) * 86400LL + POSTGRES_EPOCH_UNIX_SECS + posix->end.secs - posix->dst_offset;
}
