/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tokens to a date and time. The decoder goes through the tokens once; each sets some fields, whose bits are kept
 * in `seen`; a token that sets a field again is an error. What a bare number means depends on what has been seen so
 * far (date order is MDY). Zones by name are resolved at the end, when the date is known.
 *
 * Time-of-day input (`time_only`) follows slightly different rules: numbers are times unless a label says otherwise,
 * and a date is taken only where one can come with a zone.
 */
#include "types/datetime_int.h"
#include "types/tz_int.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct decoder {
    struct dt_tokens *tokens;
    const struct datetime_ctx *ctx;
    uint32_t i;         /* token being read */
    uint32_t seen;      /* fields set by earlier tokens */
    uint32_t sets;      /* fields set by this one */
    enum dt_unit label; /* unit word that applies to the next token */
    int32_t year, month, day, hour, minute, second, day_of_year;
    int64_t usec;
    int32_t offset; /* seconds east */
    bool time_only, text_month, julian, two_digit_year, bc;
    enum dt_ampm ampm;
    const struct tz *named;              /* a zone to be resolved at the end */
    const struct tz *dynamic;            /* the zone of an abbreviation to be resolved at the end … */
    char dynamic_name[WORD_LEN_MAX + 1]; /* … and the abbreviation, in upper case */
    struct dt_result *out;
};

static void set_julian(struct decoder *d, int32_t julian)
{
    date_to_ymd((date_t)((int64_t)julian - POSTGRES_EPOCH_JDATE), &d->year, &d->month, &d->day);
}

/* "+hh[:mm[:ss]]" or "+hhmm". */
static enum dt_status decode_offset(const char *text, int32_t *east)
{
    char *at;
    int32_t h, m = 0, s = 0;
    if (*text != '+' && *text != '-')
        return DT_BAD_FORMAT;
    if (!dt_int(text + 1, &at, &h))
        return DT_ZONE_OVERFLOW;
    if (*at == ':') {
        if (!dt_int(at + 1, &at, &m))
            return DT_ZONE_OVERFLOW;
        if (*at == ':' && !dt_int(at + 1, &at, &s))
            return DT_ZONE_OVERFLOW;
    } else if (*at == '\0' && strlen(text) > 3) {
        m = h % 100;
        h = h / 100;
    }
    if (h < 0 || h > 15 || m < 0 || m > 59 || s < 0 || s > 59)
        return DT_ZONE_OVERFLOW;
    *east = (h * 60 + m) * 60 + s;
    if (*text == '-')
        *east = -*east;
    return *at == '\0' ? DT_OK : DT_BAD_FORMAT;
}

static int32_t digits_value(const char *text, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n && char_is_digit(text[i]); i++)
        v = v * 10 + (text[i] - '0') > INT32_MAX ? INT32_MAX : v * 10 + (text[i] - '0');
    return (int32_t)v;
}

/* Digits run together: yyyymmdd, yymmdd, hhmmss[.f], hhmm. May cut the text at its point. */
static enum dt_status decode_run(struct decoder *d, char *text, uint32_t seen)
{
    char *point = strchr(text, '.');
    size_t len = strlen(text);
    if (point) {
        errno = 0;
        double fraction = strtod(point, NULL);
        if (errno)
            return DT_BAD_FORMAT;
        d->usec = (int64_t)rint(fraction * 1000000);
        *point = '\0';
        len = (size_t)(point - text);
    } else if ((seen & DT_DATE_BITS) != DT_DATE_BITS && len >= 6) {
        d->sets = DT_DATE_BITS;
        d->day = digits_value(text + len - 2, 2);
        d->month = digits_value(text + len - 4, 2);
        d->year = digits_value(text, len - 4);
        if (len - 4 == 2)
            d->two_digit_year = true;
        return DT_OK;
    }
    if ((seen & DT_TIME_BITS) == DT_TIME_BITS || (len != 6 && len != 4))
        return DT_BAD_FORMAT;
    d->sets = DT_TIME_BITS;
    d->hour = digits_value(text, 2);
    d->minute = digits_value(text + 2, 2);
    d->second = len == 6 ? digits_value(text + 4, 2) : 0;
    return DT_OK;
}

/* Which date field a number is, by what has been seen of the date. */
static enum dt_status place_number(struct decoder *d, char *text, int32_t value, size_t len, uint32_t seen)
{
    const uint32_t year = DT_BIT(DT_YEAR), month = DT_BIT(DT_MONTH), day = DT_BIT(DT_DAY);
    uint32_t field = 0;
    switch (seen & DT_DATE_BITS) {
    case 0: field = len >= 3 ? year : month; break;
    case DT_BIT(DT_YEAR): field = month; break;
    case DT_BIT(DT_MONTH): field = d->text_month && len >= 3 ? year : day; break;
    case DT_BIT(DT_YEAR) | DT_BIT(DT_MONTH):
        if (d->text_month && len >= 3 && d->two_digit_year) {
            /* The first number was the day after all: 08-Jan-1999. */
            d->day = d->year;
            d->year = value;
            d->two_digit_year = false;
            d->sets = day;
            return DT_OK;
        }
        field = day;
        break;
    case DT_BIT(DT_DAY): field = month; break;
    case DT_BIT(DT_MONTH) | DT_BIT(DT_DAY): field = year; break;
    case DT_DATE_BITS: return decode_run(d, text, seen);
    default: return DT_BAD_FORMAT;
    }
    d->sets = field;
    if (field == year) {
        d->year = value;
        d->two_digit_year = len <= 2;
    } else if (field == month) {
        d->month = value;
    } else {
        d->day = value;
    }
    return DT_OK;
}

static enum dt_status decode_number(struct decoder *d, char *text, uint32_t seen)
{
    char *end;
    int32_t value;
    double fraction;
    size_t len = strlen(text);
    d->sets = 0;
    if (!dt_int(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (end == text)
        return DT_BAD_FORMAT;
    if (*end == '.') {
        if (end - text > 2)
            return decode_run(d, text, seen | DT_DATE_BITS);
        if (!dt_fraction(end, &fraction))
            return DT_BAD_FORMAT;
        d->usec = (int64_t)rint(fraction * 1000000);
    } else if (*end != '\0') {
        return DT_BAD_FORMAT;
    }
    if (len == 3 && (seen & DT_DATE_BITS) == DT_BIT(DT_YEAR) && value >= 1 && value <= 366) {
        d->sets = DT_BIT(DT_DOY) | DT_BIT(DT_MONTH) | DT_BIT(DT_DAY);
        d->day_of_year = value;
        return DT_OK;
    }
    return place_number(d, text, value, len, seen);
}

static bool is_alpha(char c) { return c >= 'a' && c <= 'z'; }

/* A date in one token: month names first, since they are unambiguous, then the numbers. */
static enum dt_status decode_date(struct decoder *d, char *text)
{
    char *part[TOKENS_MAX];
    uint32_t n = 0, seen = d->seen, sets = 0;
    while (*text && n < TOKENS_MAX) {
        while (*text && !is_alpha(*text) && !char_is_digit(*text))
            text++;
        if (!*text)
            return DT_BAD_FORMAT;
        part[n++] = text;
        if (char_is_digit(*text)) {
            while (char_is_digit(*text))
                text++;
        } else {
            while (is_alpha(*text))
                text++;
        }
        if (*text)
            *text++ = '\0';
    }
    d->text_month = false;
    for (uint32_t i = 0; i < n; i++) {
        if (!is_alpha(part[i][0]))
            continue;
        const struct dt_word *word = dt_word_find(part[i]);
        if (word && word->what == DT_IGNORE)
            continue;
        if (!word || word->what != DT_MONTH || (seen & DT_BIT(DT_MONTH)))
            return DT_BAD_FORMAT;
        d->month = word->value;
        d->text_month = true;
        seen |= DT_BIT(DT_MONTH);
        sets |= DT_BIT(DT_MONTH);
        part[i] = NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!part[i])
            continue;
        enum dt_status status = decode_number(d, part[i], seen);
        if (status != DT_OK)
            return status;
        if (seen & d->sets)
            return DT_BAD_FORMAT;
        seen |= d->sets;
        sets |= d->sets;
    }
    d->sets = sets;
    return (seen & ~(DT_BIT(DT_DOY) | DT_BIT(DT_TZ))) == DT_DATE_BITS ? DT_OK : DT_BAD_FORMAT;
}

static enum dt_status find_zone(struct decoder *d, const char *text)
{
    d->named = tz_find_name(strview_of(text));
    if (!d->named) {
        memcpy(d->out->bad_zone, text, strlen(text) + 1);
        return DT_BAD_ZONE;
    }
    d->sets = DT_BIT(DT_TZ);
    return DT_OK;
}

/* hhmmss-zz */
static enum dt_status decode_run_with_offset(struct decoder *d, char *text, uint32_t seen)
{
    char *sign = strchr(text, '-');
    if ((d->seen & DT_TIME_BITS) == DT_TIME_BITS || !sign)
        return DT_BAD_FORMAT;
    enum dt_status status = decode_offset(sign, &d->offset);
    if (status != DT_OK)
        return status;
    *sign = '\0';
    status = decode_run(d, text, seen);
    d->sets |= DT_BIT(DT_TZ);
    return status;
}

static enum dt_status on_date(struct decoder *d, char *text)
{
    const uint32_t month_day = DT_BIT(DT_MONTH) | DT_BIT(DT_DAY);
    if (d->time_only) {
        const struct dt_tokens *t = d->tokens;
        if (d->i == 0 && t->n >= 2 && (t->token[t->n - 1].kind == TOKEN_DATE || t->token[1].kind == TOKEN_TIME))
            return decode_date(d, text);
        return char_is_digit(*text) ? decode_run_with_offset(d, text, d->seen | DT_DATE_BITS) : find_zone(d, text);
    }
    if (d->label == UNIT_JULIAN) {
        char *end;
        int32_t julian;
        if (!dt_int(text, &end, &julian) || julian < 0)
            return DT_FIELD_OVERFLOW;
        set_julian(d, julian);
        d->julian = true;
        d->label = UNIT_NONE;
        d->sets = DT_DATE_BITS | DT_TIME_BITS | DT_BIT(DT_TZ);
        return decode_offset(end, &d->offset);
    }
    if (d->label == UNIT_NONE && (d->seen & month_day) != month_day)
        return decode_date(d, text);
    if (!char_is_digit(*text) && d->label == UNIT_NONE)
        return find_zone(d, text);
    if (d->label != UNIT_NONE && d->label != UNIT_TIME)
        return DT_BAD_FORMAT;
    d->label = UNIT_NONE;
    return decode_run_with_offset(d, text, d->seen);
}

static enum dt_status on_time(struct decoder *d, char *text)
{
    int64_t hour = 0;
    if (!d->time_only && d->label != UNIT_NONE) {
        if (d->label != UNIT_TIME)
            return DT_BAD_FORMAT;
        d->label = UNIT_NONE;
    }
    enum dt_status status = dt_decode_clock(text, 0, &hour, &d->minute, &d->second, &d->usec);
    d->sets = DT_TIME_BITS;
    if (status != DT_OK)
        return status;
    if (hour > INT32_MAX || (!d->time_only && dt_time_overflows(hour, d->minute, d->second, d->usec)))
        return DT_FIELD_OVERFLOW;
    d->hour = (int32_t)hour;
    return DT_OK;
}

/* A Julian day, maybe with a fraction of a day. */
static enum dt_status labelled_julian(struct decoder *d, int32_t value, const char *rest)
{
    if (value < 0)
        return DT_FIELD_OVERFLOW;
    d->sets = DT_DATE_BITS;
    set_julian(d, value);
    d->julian = true;
    if (*rest == '.') {
        double fraction;
        if (!dt_fraction(rest, &fraction))
            return DT_BAD_FORMAT;
        int64_t us = (int64_t)(fraction * (double)USECS_PER_DAY);
        d->hour = (int32_t)(us / 3600000000);
        d->minute = (int32_t)(us / 60000000 % 60);
        d->second = (int32_t)(us / USECS_PER_SEC % 60);
        d->usec = us % USECS_PER_SEC;
        d->sets |= DT_TIME_BITS;
    }
    return DT_OK;
}

static enum dt_status labelled_second(struct decoder *d, int32_t value, const char *rest)
{
    double fraction;
    d->second = value;
    d->sets = DT_BIT(DT_SECOND);
    if (*rest == '.') {
        if (!dt_fraction(rest, &fraction))
            return DT_BAD_FORMAT;
        d->usec = (int64_t)rint(fraction * 1000000);
        d->sets = DT_SECOND_BITS;
    }
    return DT_OK;
}

static void set_field(struct decoder *d, enum dt_what what, int32_t *field, int32_t value)
{
    *field = value;
    d->sets = DT_BIT(what);
}

/* A number after a unit word: y2001, m02, d04. */
static enum dt_status on_labelled_number(struct decoder *d, char *text)
{
    const uint32_t month_hour = DT_BIT(DT_MONTH) | DT_BIT(DT_HOUR);
    enum dt_unit label = d->label;
    enum dt_status status = DT_OK;
    char *end;
    int32_t value;
    if (!dt_int(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (*end != '\0' && (*end != '.' || (label != UNIT_JULIAN && label != UNIT_TIME && label != UNIT_SECOND)))
        return DT_BAD_FORMAT;
    d->sets = 0;
    switch (label) {
    case UNIT_YEAR: set_field(d, DT_YEAR, &d->year, value); break;
    case UNIT_MONTH:
        if ((d->seen & month_hour) == month_hour)
            set_field(d, DT_MINUTE, &d->minute, value);
        else
            set_field(d, DT_MONTH, &d->month, value);
        break;
    case UNIT_DAY: set_field(d, DT_DAY, &d->day, value); break;
    case UNIT_HOUR: set_field(d, DT_HOUR, &d->hour, value); break;
    case UNIT_MINUTE: set_field(d, DT_MINUTE, &d->minute, value); break;
    case UNIT_SECOND: status = labelled_second(d, value, end); break;
    case UNIT_TZ:
        d->sets = DT_BIT(DT_TZ);
        status = decode_offset(text, &d->offset);
        break;
    case UNIT_JULIAN: status = labelled_julian(d, value, end); break;
    case UNIT_TIME:
        status = decode_run(d, text, d->seen | DT_DATE_BITS);
        if (status == DT_OK && d->sets != DT_TIME_BITS)
            status = DT_BAD_FORMAT;
        break;
    default: status = DT_BAD_FORMAT;
    }
    d->label = UNIT_NONE;
    d->out->kind = DT_IS_DATE;
    return status;
}

static enum dt_status on_number(struct decoder *d, char *text)
{
    if (d->label != UNIT_NONE)
        return on_labelled_number(d, text);
    const struct dt_tokens *t = d->tokens;
    const char *point = strchr(text, '.');
    size_t len = strlen(text);
    if (d->time_only) {
        if (point) {
            if (d->i == 0 && t->n >= 2 && t->token[t->n - 1].kind == TOKEN_DATE)
                return decode_date(d, text);
            return point - text > 2 ? decode_run(d, text, d->seen | DT_DATE_BITS) : DT_BAD_FORMAT;
        }
        if (len > 4)
            return decode_run(d, text, d->seen | DT_DATE_BITS);
        return decode_number(d, text, d->seen | DT_DATE_BITS);
    }
    if (point && !(d->seen & DT_DATE_BITS))
        return decode_date(d, text);
    if (point && point - text > 2)
        return decode_run(d, text, d->seen);
    if (len >= 6 && (!(d->seen & DT_DATE_BITS) || !(d->seen & DT_TIME_BITS)))
        return decode_run(d, text, d->seen);
    return decode_number(d, text, d->seen);
}

timestamp_t dt_now_local(const struct datetime_ctx *ctx, int32_t *gmt_offset)
{
    *gmt_offset = tz_offset_at(ctx->zone, ctx->now, NULL);
    return ctx->now + *gmt_offset * USECS_PER_SEC;
}

static void set_clock(struct decoder *d, int32_t hour, int32_t minute, int32_t second, int64_t usec)
{
    d->hour = hour;
    d->minute = minute;
    d->second = second;
    d->usec = usec;
}

static enum dt_status on_reserved(struct decoder *d, enum dt_reserved word)
{
    int32_t offset;
    struct datetime_parts now;
    if (d->time_only && word != RES_NOW && word != RES_ZULU)
        return DT_BAD_FORMAT;
    timestamp_to_parts(dt_now_local(d->ctx, &offset), &now);
    switch (word) {
    case RES_NOW:
        set_clock(d, now.hour, now.minute, now.second, now.usec);
        d->sets = DT_TIME_BITS;
        d->year = now.year;
        d->month = now.month;
        d->day = now.day;
        if (!d->time_only) {
            d->offset = offset;
            d->sets |= DT_DATE_BITS | DT_BIT(DT_TZ);
        }
        break;
    case RES_YESTERDAY:
    case RES_TODAY:
    case RES_TOMORROW:
        d->sets = DT_DATE_BITS;
        date_to_ymd(date_from_ymd(now.year, now.month, now.day) + (word == RES_TOMORROW) - (word == RES_YESTERDAY),
                    &d->year, &d->month, &d->day);
        break;
    case RES_ZULU:
        set_clock(d, 0, 0, 0, 0);
        d->offset = 0;
        d->sets = DT_TIME_BITS | DT_BIT(DT_TZ);
        break;
    case RES_EPOCH: d->out->kind = DT_IS_EPOCH; return DT_OK;
    case RES_EARLY: d->out->kind = DT_IS_EARLY; return DT_OK;
    case RES_LATE: d->out->kind = DT_IS_LATE; return DT_OK;
    }
    d->out->kind = DT_IS_DATE;
    return DT_OK;
}

static void on_month_name(struct decoder *d, int32_t month)
{
    /* The number taken for the month was the day. */
    if ((d->seen & DT_BIT(DT_MONTH)) && !d->text_month && !(d->seen & DT_BIT(DT_DAY)) && d->month >= 1 &&
        d->month <= 31) {
        d->day = d->month;
        d->sets = DT_BIT(DT_DAY);
    }
    d->text_month = true;
    d->month = month;
}

/* T before a time: something to be a time must follow, and in a timestamp a date must have come. */
static enum dt_status on_iso_time(struct decoder *d)
{
    const struct dt_tokens *t = d->tokens;
    d->sets = 0;
    if (!d->time_only && (d->seen & DT_DATE_BITS) != DT_DATE_BITS)
        return DT_BAD_FORMAT;
    if (d->i + 1 >= t->n)
        return DT_BAD_FORMAT;
    enum token_kind next = t->token[d->i + 1].kind;
    if (next != TOKEN_NUMBER && next != TOKEN_TIME && next != TOKEN_DATE)
        return DT_BAD_FORMAT;
    d->label = UNIT_TIME;
    return DT_OK;
}

static enum dt_status on_abbrev(struct decoder *d, const struct tz_abbrev *abbrev)
{
    if (abbrev->zone) {
        d->dynamic = tz_find_name(strview_of(abbrev->zone));
        if (!d->dynamic) {
            memcpy(d->out->bad_zone, abbrev->zone, strlen(abbrev->zone) + 1);
            return DT_BAD_ZONE;
        }
        for (size_t i = 0; i <= strlen(abbrev->name); i++)
            d->dynamic_name[i] = abbrev->name[i] >= 'a' ? (char)(abbrev->name[i] - 32) : abbrev->name[i];
        d->sets = DT_BIT(DT_DYNTZ) | DT_BIT(DT_TZ);
        return DT_OK;
    }
    d->offset = abbrev->offset;
    d->sets = DT_BIT(DT_TZ) | (abbrev->dst ? DT_BIT(DT_DTZ) : 0);
    return DT_OK;
}

static enum dt_status on_word(struct decoder *d, char *text)
{
    const struct tz_abbrev *abbrev = tz_abbrev_find(text);
    if (abbrev)
        return on_abbrev(d, abbrev);
    const struct dt_word *word = dt_word_find(text);
    if (!word) {
        enum dt_status status = find_zone(d, text);
        return status == DT_BAD_ZONE ? DT_BAD_FORMAT : status;
    }
    d->sets = DT_BIT(word->what);
    switch (word->what) {
    case DT_IGNORE: d->sets = 0; return DT_OK;
    case DT_RESERVED: return on_reserved(d, (enum dt_reserved)word->value);
    case DT_MONTH:
    case DT_DOW:
        if (d->time_only)
            return DT_BAD_FORMAT;
        if (word->what == DT_MONTH)
            on_month_name(d, word->value);
        return DT_OK;
    case DT_DTZMOD:
        d->sets |= DT_BIT(DT_DTZ);
        d->offset += word->value;
        return DT_OK;
    case DT_AMPM: d->ampm = (enum dt_ampm)word->value; return DT_OK;
    case DT_ADBC: d->bc = word->value == 1; return DT_OK;
    case DT_UNITS:
        d->sets = 0;
        d->label = (enum dt_unit)word->value;
        return DT_OK;
    case DT_ISOTIME: return on_iso_time(d);
    default: return DT_BAD_FORMAT;
    }
}

static enum dt_status read_tokens(struct decoder *d)
{
    for (d->i = 0; d->i < d->tokens->n; d->i++) {
        char *text = d->tokens->token[d->i].text;
        enum dt_status status = DT_BAD_FORMAT;
        d->sets = 0;
        switch (d->tokens->token[d->i].kind) {
        case TOKEN_DATE: status = on_date(d, text); break;
        case TOKEN_TIME: status = on_time(d, text); break;
        case TOKEN_ZONE:
            d->sets = DT_BIT(DT_TZ);
            status = decode_offset(text, &d->offset);
            break;
        case TOKEN_NUMBER: status = on_number(d, text); break;
        case TOKEN_STRING:
        case TOKEN_SPECIAL: status = on_word(d, text); break;
        }
        if (status != DT_OK)
            return status;
        if (d->seen & d->sets)
            return DT_BAD_FORMAT;
        d->seen |= d->sets;
    }
    return DT_OK;
}

/* Era, two-digit years, day of the year, and whether the day exists. */
static enum dt_status check_date(struct decoder *d)
{
    if ((d->seen & DT_BIT(DT_YEAR)) && !d->julian) {
        if (d->year < 0 || (d->year == 0 && (d->bc || !d->two_digit_year)))
            return DT_FIELD_OVERFLOW;
        if (d->bc)
            d->year = 1 - d->year;
        else if (d->two_digit_year)
            d->year += d->year < 70 ? 2000 : d->year < 100 ? 1900 : 0;
    }
    if (d->seen & DT_BIT(DT_DOY))
        date_to_ymd(date_from_ymd(d->year, 1, 1) + d->day_of_year - 1, &d->year, &d->month, &d->day);
    if ((d->seen & DT_BIT(DT_MONTH)) && (d->month < 1 || d->month > 12))
        return DT_MD_OVERFLOW;
    if ((d->seen & DT_BIT(DT_DAY)) && (d->day < 1 || d->day > 31))
        return DT_MD_OVERFLOW;
    if ((d->seen & DT_DATE_BITS) == DT_DATE_BITS && d->day > days_in_month(d->year, d->month))
        return DT_FIELD_OVERFLOW;
    return DT_OK;
}

static enum dt_status check_ampm(struct decoder *d)
{
    if (d->ampm != HOURS_24 && d->hour > 12)
        return DT_FIELD_OVERFLOW;
    if (d->ampm == HOURS_AM && d->hour == 12)
        d->hour = 0;
    else if (d->ampm == HOURS_PM && d->hour != 12)
        d->hour += 12;
    return DT_OK;
}

static void fill_parts(const struct decoder *d)
{
    d->out->parts = (struct datetime_parts){.year = d->year,
                                            .month = d->month,
                                            .day = d->day,
                                            .hour = d->hour,
                                            .minute = d->minute,
                                            .second = d->second,
                                            .usec = (int32_t)d->usec,
                                            .gmt_offset = d->offset};
}

/* Offsets that depend on the date. */
static enum dt_status resolve_zone(struct decoder *d)
{
    struct datetime_parts *p = &d->out->parts;
    const struct tz *zone = d->seen & DT_BIT(DT_TZ) ? d->named : d->ctx->zone;
    int32_t offset;
    bool dst;
    if (!zone && !d->dynamic)
        return DT_OK;
    if (d->seen & DT_BIT(DT_DTZMOD))
        return DT_BAD_FORMAT;
    if (zone)
        p->gmt_offset = dt_is_julian_ok(p->year, p->month, p->day) ? tz_offset_of_local(zone, dt_local_secs(p)) : 0;
    if (d->dynamic && dt_is_julian_ok(p->year, p->month, p->day)) {
        int32_t by_zone = tz_offset_of_local(d->dynamic, dt_local_secs(p));
        p->gmt_offset =
            tz_abbrev_at(d->dynamic, d->dynamic_name, dt_local_secs(p) - by_zone, &offset, &dst) ? offset : by_zone;
    }
    return DT_OK;
}

static enum dt_status decode(struct decoder *d)
{
    enum dt_status status = read_tokens(d);
    if (status == DT_OK)
        status = check_date(d);
    if (status == DT_OK)
        status = check_ampm(d);
    fill_parts(d);
    return status;
}

enum dt_status dt_decode(struct dt_tokens *tokens, const struct datetime_ctx *ctx, struct dt_result *out)
{
    struct decoder d = {.tokens = tokens, .ctx = ctx, .out = out};
    out->kind = DT_IS_DATE;
    enum dt_status status = decode(&d);
    if (status != DT_OK || out->kind != DT_IS_DATE)
        return status;
    if ((d.seen & DT_DATE_BITS) != DT_DATE_BITS)
        return DT_BAD_FORMAT;
    return resolve_zone(&d);
}

enum dt_status dt_decode_time(struct dt_tokens *tokens, const struct datetime_ctx *ctx, struct dt_result *out)
{
    struct decoder d = {.tokens = tokens, .ctx = ctx, .out = out, .time_only = true};
    int32_t fixed;
    out->kind = DT_IS_DATE;
    enum dt_status status = decode(&d);
    if (status != DT_OK)
        return status;
    if (dt_time_overflows(d.hour, d.minute, d.second, d.usec))
        return DT_FIELD_OVERFLOW;
    if ((d.seen & DT_TIME_BITS) != DT_TIME_BITS)
        return DT_BAD_FORMAT;
    bool has_date = (d.seen & DT_DATE_BITS) == DT_DATE_BITS;
    if ((d.named || d.dynamic || !(d.seen & DT_BIT(DT_TZ))) && (d.seen & DT_BIT(DT_DTZMOD)))
        return DT_BAD_FORMAT;
    /* A zone that changes its offset needs a date. */
    if (d.named && !has_date && !tz_is_fixed(d.named, &fixed))
        return DT_BAD_FORMAT;
    if (!(d.seen & DT_BIT(DT_TZ)) && (d.seen & DT_DATE_BITS) && !has_date)
        return DT_BAD_FORMAT;
    return DT_OK;
}
