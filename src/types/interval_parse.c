/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text input and output of intervals: units after numbers read from right to left, SQL's "1-2" and "3 4:05:06", and
 * ISO 8601's "P1Y2M3DT4H5M6S" with its alternative form. Output is IntervalStyle postgres.
 */
#include "types/datetime_int.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#define DAYS_PER_MONTH  30
#define MONTHS_PER_YEAR 12
#define USECS_PER_MIN   60000000LL
#define USECS_PER_HOUR  3600000000LL

/* The sum of the fields so far; years apart from months, as their overflow is checked at the end. */
struct span {
    int64_t us;
    int32_t days, months, years;
};

/* ---- adding a value and its fraction in [0, 1) (or (−1, 0]); false = overflow ---- */

static bool add_fraction_us(struct span *s, double fraction, int64_t scale)
{
    if (fraction == 0)
        return true;
    fraction *= (double)scale;
    int64_t us = (int64_t)fraction;
    fraction -= (double)us;
    us += (fraction > 0.5) - (fraction < -0.5);
    return !__builtin_add_overflow(s->us, us, &s->us);
}

static bool add_us(struct span *s, int64_t value, double fraction, int64_t scale)
{
    int64_t product;
    return !__builtin_mul_overflow(value, scale, &product) && !__builtin_add_overflow(s->us, product, &s->us) &&
           add_fraction_us(s, fraction, scale);
}

static bool add_scaled(int32_t *field, int64_t value, int32_t scale)
{
    int32_t product;
    return value >= INT_MIN && value <= INT_MAX && !__builtin_mul_overflow((int32_t)value, scale, &product) &&
           !__builtin_add_overflow(*field, product, field);
}

static bool add_fraction_days(struct span *s, double fraction, int32_t scale)
{
    if (fraction == 0)
        return true;
    fraction *= scale;
    int32_t days = (int32_t)fraction;
    if (__builtin_add_overflow(s->days, days, &s->days))
        return false;
    return add_fraction_us(s, fraction - days, USECS_PER_DAY);
}

static bool add_days(struct span *s, int64_t value, double fraction)
{
    return add_scaled(&s->days, value, 1) && add_fraction_us(s, fraction, USECS_PER_DAY);
}

static bool add_weeks(struct span *s, int64_t value, double fraction)
{
    return add_scaled(&s->days, value, 7) && add_fraction_days(s, fraction, 7);
}

static bool add_months(struct span *s, int64_t value, double fraction)
{
    return add_scaled(&s->months, value, 1) && add_fraction_days(s, fraction, DAYS_PER_MONTH);
}

static bool add_years(struct span *s, int64_t value, double fraction, int32_t scale)
{
    int32_t months = (int32_t)rint(fraction * scale * MONTHS_PER_YEAR);
    return add_scaled(&s->years, value, scale) && !__builtin_add_overflow(s->months, months, &s->months);
}

/* ---- verbose and SQL forms ---- */

/* Unit of a number without one: the least field the typmod's range has. */
static enum dt_unit unit_by_range(uint32_t range)
{
    if (range == RANGE_YEAR)
        return UNIT_YEAR;
    if (range == RANGE_MONTH || range == (RANGE_YEAR | RANGE_MONTH))
        return UNIT_MONTH;
    if (range == RANGE_DAY)
        return UNIT_DAY;
    if (range == RANGE_HOUR || range == (RANGE_DAY | RANGE_HOUR))
        return UNIT_HOUR;
    if (range == RANGE_MINUTE || range == (RANGE_HOUR | RANGE_MINUTE) ||
        range == (RANGE_DAY | RANGE_HOUR | RANGE_MINUTE))
        return UNIT_MINUTE;
    return UNIT_SECOND;
}

static enum dt_status add_clock(struct span *s, const char *text, uint32_t range)
{
    int64_t hour = 0, usec = 0;
    int32_t minute = 0, second = 0;
    enum dt_status status = dt_decode_clock(text, range, &hour, &minute, &second, &usec);
    if (status != DT_OK)
        return status;
    s->us = usec;
    return add_us(s, hour, 0, USECS_PER_HOUR) && add_us(s, minute, 0, USECS_PER_MIN) &&
                   add_us(s, second, 0, USECS_PER_SEC)
               ? DT_OK
               : DT_FIELD_OVERFLOW;
}

struct reader {
    struct span span;
    uint32_t range, seen;
    enum dt_unit unit; /* of the number to the left; UNIT_NONE = by range */
    bool ago;
};

/* Adds a number of the current unit; *sets = the fields it counts as. */
static enum dt_status add_number(struct reader *r, int64_t value, double fraction, uint32_t *sets)
{
    struct span *s = &r->span;
    bool ok;
    switch (r->unit) {
    case UNIT_MICROSECOND:
        ok = add_us(s, value, fraction, 1);
        *sets = DT_BIT(DT_MICROSECOND);
        break;
    case UNIT_MILLISECOND:
        ok = add_us(s, value, fraction, 1000);
        *sets = DT_BIT(DT_MILLISECOND);
        break;
    case UNIT_SECOND:
        ok = add_us(s, value, fraction, USECS_PER_SEC);
        *sets = fraction == 0 ? DT_BIT(DT_SECOND) : DT_SECOND_BITS;
        break;
    case UNIT_MINUTE:
        ok = add_us(s, value, fraction, USECS_PER_MIN);
        *sets = DT_BIT(DT_MINUTE);
        break;
    case UNIT_HOUR:
        ok = add_us(s, value, fraction, USECS_PER_HOUR);
        *sets = DT_BIT(DT_HOUR);
        r->unit = UNIT_DAY;
        break;
    case UNIT_DAY:
        ok = add_days(s, value, fraction);
        *sets = DT_BIT(DT_DAY);
        break;
    case UNIT_WEEK:
        ok = add_weeks(s, value, fraction);
        *sets = DT_BIT(DT_WEEK);
        break;
    case UNIT_MONTH:
        ok = add_months(s, value, fraction);
        *sets = DT_BIT(DT_MONTH);
        break;
    case UNIT_YEAR:
        ok = add_years(s, value, fraction, 1);
        *sets = DT_BIT(DT_YEAR);
        break;
    case UNIT_DECADE:
        ok = add_years(s, value, fraction, 10);
        *sets = DT_BIT(DT_DECADE);
        break;
    case UNIT_CENTURY:
        ok = add_years(s, value, fraction, 100);
        *sets = DT_BIT(DT_CENTURY);
        break;
    case UNIT_MILLENNIUM:
        ok = add_years(s, value, fraction, 1000);
        *sets = DT_BIT(DT_MILLENNIUM);
        break;
    default: return DT_BAD_FORMAT;
    }
    return ok ? DT_OK : DT_FIELD_OVERFLOW;
}

static enum dt_status on_number(struct reader *r, const char *text, uint32_t *sets)
{
    char *end;
    int64_t value;
    double fraction = 0;
    int32_t months;
    if (r->unit == UNIT_NONE)
        r->unit = unit_by_range(r->range);
    if (!dt_int64(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (*end == '-') {
        /* SQL's years-months. */
        if (!dt_int(end + 1, &end, &months) || months < 0 || months >= MONTHS_PER_YEAR)
            return DT_FIELD_OVERFLOW;
        if (*end != '\0')
            return DT_BAD_FORMAT;
        r->unit = UNIT_MONTH;
        if (*text == '-')
            months = -months;
        if (__builtin_mul_overflow(value, MONTHS_PER_YEAR, &value) || __builtin_add_overflow(value, months, &value))
            return DT_FIELD_OVERFLOW;
    } else if (*end == '.') {
        if (!dt_fraction(end, &fraction))
            return DT_BAD_FORMAT;
        if (*text == '-')
            fraction = -fraction;
    } else if (*end != '\0') {
        return DT_BAD_FORMAT;
    }
    return add_number(r, value, fraction, sets);
}

static enum dt_status on_token(struct reader *r, const struct dt_token *token, uint32_t *sets)
{
    const struct dt_word *word;
    enum dt_status status;
    switch (token->kind) {
    case TOKEN_TIME:
        status = add_clock(&r->span, token->text, r->range);
        *sets = DT_TIME_BITS;
        r->unit = UNIT_DAY;
        return status;
    case TOKEN_ZONE:
        if (strchr(token->text + 1, ':') && add_clock(&r->span, token->text + 1, r->range) == DT_OK) {
            if (*token->text == '-')
                r->span.us = -r->span.us;
            *sets = DT_TIME_BITS;
            r->unit = UNIT_DAY;
            return DT_OK;
        }
        return on_number(r, token->text, sets);
    case TOKEN_DATE:
    case TOKEN_NUMBER: return on_number(r, token->text, sets);
    case TOKEN_STRING:
    case TOKEN_SPECIAL:
        word = dt_unit_find(token->text);
        if (!word)
            return DT_BAD_FORMAT;
        if (word->what == DT_UNITS) {
            r->unit = (enum dt_unit)word->value;
        } else if (word->what == DT_AGO) {
            r->ago = true;
            r->unit = UNIT_TIME; /* a number right before it has no unit, which is an error */
        }
        return DT_OK;
    }
    return DT_BAD_FORMAT;
}

static enum dt_status decode_verbose(const struct dt_tokens *tokens, uint32_t range, struct span *out)
{
    struct reader r = {.range = range};
    for (uint32_t i = tokens->n; i-- > 0;) {
        uint32_t sets = 0;
        enum dt_status status = on_token(&r, &tokens->token[i], &sets);
        if (status != DT_OK)
            return status;
        if (r.seen & sets)
            return DT_BAD_FORMAT;
        r.seen |= sets;
    }
    *out = r.span;
    if (r.seen == 0)
        return DT_BAD_FORMAT;
    if (r.ago) {
        if (out->us == INT64_MIN || out->days == INT_MIN || out->months == INT_MIN || out->years == INT_MIN)
            return DT_FIELD_OVERFLOW;
        *out = (struct span){-out->us, -out->days, -out->months, -out->years};
    }
    return DT_OK;
}

/* ---- ISO 8601 ---- */

struct iso {
    const char *at; /* NUL-terminated */
    int64_t value;
    double fraction;
    struct span span;
    bool time_part; /* after T */
    bool any;       /* a field of this part has been read */
};

static enum dt_status iso_number(struct iso *iso)
{
    char *end;
    if (!char_is_digit(*iso->at) && *iso->at != '-' && *iso->at != '.')
        return DT_BAD_FORMAT;
    errno = 0;
    double v = strtod(iso->at, &end);
    if (end == iso->at || errno != 0)
        return DT_BAD_FORMAT;
    if (isnan(v) || v < -1.0e15 || v > 1.0e15)
        return DT_FIELD_OVERFLOW;
    iso->at = end;
    iso->value = v >= 0 ? (int64_t)floor(v) : (int64_t)-floor(-v);
    iso->fraction = v - (double)iso->value;
    return DT_OK;
}

static size_t integer_width(const char *text)
{
    if (*text == '-')
        text++;
    return strspn(text, "0123456789");
}

static enum dt_status overflow_unless(bool ok) { return ok ? DT_OK : DT_FIELD_OVERFLOW; }

/* After a field of the alternative form: end, T, or `delim` and another number. */
static enum dt_status iso_next(struct iso *iso, char delim, bool *done)
{
    *done = *iso->at == '\0' || (delim == '-' && *iso->at == 'T');
    if (*done)
        return DT_OK;
    if (*iso->at != delim)
        return DT_BAD_FORMAT;
    iso->at++;
    return iso_number(iso);
}

/* yyyy-mm-dd, of which the first number has been read. */
static enum dt_status iso_date(struct iso *iso)
{
    bool done;
    enum dt_status status = overflow_unless(add_years(&iso->span, iso->value, iso->fraction, 1));
    if (status != DT_OK || (status = iso_next(iso, '-', &done)) != DT_OK || done)
        return status;
    status = overflow_unless(add_months(&iso->span, iso->value, iso->fraction));
    if (status != DT_OK || (status = iso_next(iso, '-', &done)) != DT_OK || done)
        return status;
    status = overflow_unless(add_days(&iso->span, iso->value, iso->fraction));
    if (status == DT_OK && *iso->at != '\0' && *iso->at != 'T')
        status = DT_BAD_FORMAT;
    return status;
}

/* hh:mm:ss, of which the first number has been read. */
static enum dt_status iso_clock(struct iso *iso)
{
    bool done;
    enum dt_status status = overflow_unless(add_us(&iso->span, iso->value, iso->fraction, USECS_PER_HOUR));
    if (status != DT_OK || (status = iso_next(iso, ':', &done)) != DT_OK || done)
        return status;
    status = overflow_unless(add_us(&iso->span, iso->value, iso->fraction, USECS_PER_MIN));
    if (status != DT_OK || (status = iso_next(iso, ':', &done)) != DT_OK || done)
        return status;
    status = overflow_unless(add_us(&iso->span, iso->value, iso->fraction, USECS_PER_SEC));
    return status == DT_OK && *iso->at != '\0' ? DT_BAD_FORMAT : status;
}

static enum dt_status iso_date_field(struct iso *iso, const char *start)
{
    struct span *s = &iso->span;
    int64_t v = iso->value;
    switch (*iso->at) {
    case 'Y': iso->at++; return overflow_unless(add_years(s, v, iso->fraction, 1));
    case 'M': iso->at++; return overflow_unless(add_months(s, v, iso->fraction));
    case 'W': iso->at++; return overflow_unless(add_weeks(s, v, iso->fraction));
    case 'D': iso->at++; return overflow_unless(add_days(s, v, iso->fraction));
    case 'T':
    case '\0':
        if (integer_width(start) == 8 && !iso->any)
            return overflow_unless(add_years(s, v / 10000, 0, 1) && add_months(s, v / 100 % 100, 0) &&
                                   add_days(s, v % 100, iso->fraction));
        return iso->any ? DT_BAD_FORMAT : iso_date(iso);
    case '-': return iso->any ? DT_BAD_FORMAT : iso_date(iso);
    default: return DT_BAD_FORMAT;
    }
}

static enum dt_status iso_time_field(struct iso *iso, const char *start)
{
    struct span *s = &iso->span;
    int64_t v = iso->value;
    switch (*iso->at) {
    case 'H': iso->at++; return overflow_unless(add_us(s, v, iso->fraction, USECS_PER_HOUR));
    case 'M': iso->at++; return overflow_unless(add_us(s, v, iso->fraction, USECS_PER_MIN));
    case 'S': iso->at++; return overflow_unless(add_us(s, v, iso->fraction, USECS_PER_SEC));
    case '\0':
        if (integer_width(start) == 6 && !iso->any)
            return overflow_unless(add_us(s, v / 10000, 0, USECS_PER_HOUR) &&
                                   add_us(s, v / 100 % 100, 0, USECS_PER_MIN) && add_us(s, v % 100, 0, USECS_PER_SEC) &&
                                   add_fraction_us(s, iso->fraction, 1));
        return iso->any ? DT_BAD_FORMAT : iso_clock(iso);
    case ':': return iso->any ? DT_BAD_FORMAT : iso_clock(iso);
    default: return DT_BAD_FORMAT;
    }
}

static enum dt_status decode_iso(const char *text, struct span *out)
{
    struct iso iso = {.at = text + 1};
    if (text[0] != 'P' || text[1] == '\0')
        return DT_BAD_FORMAT;
    while (*iso.at) {
        if (*iso.at == 'T') {
            iso.time_part = true;
            iso.any = false;
            iso.at++;
            continue;
        }
        const char *start = iso.at;
        enum dt_status status = iso_number(&iso);
        if (status == DT_OK)
            status = iso.time_part ? iso_time_field(&iso, start) : iso_date_field(&iso, start);
        if (status != DT_OK)
            return status;
        iso.any = true;
    }
    *out = iso.span;
    return DT_OK;
}

bool interval_parse(struct strview text, int32_t typmod, struct interval *out, struct error *err)
{
    struct dt_tokens tokens;
    struct span span = {0};
    int64_t months;
    uint32_t range = typmod >= 0 ? ((uint32_t)typmod >> 16) & INTERVAL_FULL_RANGE : INTERVAL_FULL_RANGE;
    enum dt_status status = dt_lex(text, LEX_BYTES_SPAN, &tokens);
    if (status == DT_OK)
        status = decode_verbose(&tokens, range, &span);
    if (status == DT_BAD_FORMAT) {
        char *copy = xstrndup(text.ptr ? text.ptr : "", text.len);
        status = decode_iso(copy, &span);
        free(copy);
    }
    if (status != DT_OK)
        return dt_raise(status == DT_FIELD_OVERFLOW ? DT_INTERVAL_OVERFLOW : status, text, "interval", "", err);
    months = (int64_t)span.years * MONTHS_PER_YEAR + span.months;
    if (months > INT_MAX || months < INT_MIN)
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range");
    *out = (struct interval){.us = span.us, .days = span.days, .months = (int32_t)months};
    return interval_apply_typmod(out, typmod, err);
}

/* ---- output ---- */

static void format_field(struct strbuf *out, int32_t value, const char *unit, bool *first, bool *negative)
{
    if (value == 0)
        return;
    strbuf_add_fmt(out, "%s%s%d %s%s", *first ? "" : " ", *negative && value > 0 ? "+" : "", (int)value, unit,
                   value == 1 ? "" : "s");
    *negative = value < 0;
    *first = false;
}

void interval_format(struct strbuf *out, const struct interval *v)
{
    bool first = true, negative = false;
    format_field(out, v->months / MONTHS_PER_YEAR, "year", &first, &negative);
    format_field(out, v->months % MONTHS_PER_YEAR, "mon", &first, &negative);
    format_field(out, v->days, "day", &first, &negative);
    if (!first && v->us == 0)
        return;
    uint64_t us = v->us < 0 ? -(uint64_t)v->us : (uint64_t)v->us;
    uint64_t secs = us / USECS_PER_SEC;
    strbuf_add_fmt(out, "%s%s%02llu:%02u:%02u", first ? "" : " ",
                   v->us < 0  ? "-"
                   : negative ? "+"
                              : "",
                   (unsigned long long)(secs / 3600), (unsigned)(secs / 60 % 60), (unsigned)(secs % 60));
    if (us % USECS_PER_SEC) {
        strbuf_add_fmt(out, ".%06u", (unsigned)(us % USECS_PER_SEC));
        while (out->data[out->len - 1] == '0')
            out->data[--out->len] = '\0';
    }
}
