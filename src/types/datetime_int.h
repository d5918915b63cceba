/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of date and time input: the words, the tokens and the decoder that date, time, timestamp and interval input
 * share.
 *
 * Input goes in two steps. The lexer (datetime_lex.c) cuts the text into at most 25 tokens of six kinds. The decoder
 * (datetime_decode.c, interval_parse.c) goes through the tokens and keeps a mask of the fields it has seen: a field
 * that comes twice is an error. Both steps follow chapter 8.5 and appendix B.1 of PostgreSQL's manual.
 */
#ifndef MENCIA_TYPES_DATETIME_INT_H
#define MENCIA_TYPES_DATETIME_INT_H

#include "types/datetime.h"

#define TOKENS_MAX      25
#define LEX_BYTES_MAX   256
#define LEX_BYTES_STAMP 153 /* timestamp, timestamptz */
#define LEX_BYTES_DATE  129 /* date, time */
#define LEX_BYTES_SPAN  256 /* interval */
#define WORD_LEN_MAX    10  /* PostgreSQL looks at no more of a word */

/* What a word or a number means; also the bits of the decoder's mask. */
enum dt_what {
    DT_RESERVED, /* now, today, epoch … (enum dt_reserved) */
    DT_MONTH,
    DT_YEAR,
    DT_DAY,
    DT_TZ,
    DT_DTZ,    /* a daylight-saving zone's abbreviation */
    DT_DYNTZ,  /* an abbreviation whose meaning depends on the date */
    DT_IGNORE, /* "at", "on", "@" */
    DT_AMPM,
    DT_HOUR,
    DT_MINUTE,
    DT_SECOND,
    DT_MILLISECOND,
    DT_MICROSECOND,
    DT_DOY,
    DT_DOW,
    DT_UNITS, /* a label for the number that follows (or, in intervals, precedes): enum dt_unit */
    DT_ADBC,
    DT_AGO,
    DT_ISOTIME, /* the T of ISO 8601 */
    DT_WEEK,
    DT_DECADE,
    DT_CENTURY,
    DT_MILLENNIUM,
    DT_DTZMOD, /* "dst" */
};
#define DT_BIT(what)   (1u << (what))
#define DT_DATE_BITS   (DT_BIT(DT_YEAR) | DT_BIT(DT_MONTH) | DT_BIT(DT_DAY))
#define DT_SECOND_BITS (DT_BIT(DT_SECOND) | DT_BIT(DT_MILLISECOND) | DT_BIT(DT_MICROSECOND))
#define DT_TIME_BITS   (DT_BIT(DT_HOUR) | DT_BIT(DT_MINUTE) | DT_SECOND_BITS)

enum dt_reserved { RES_NOW, RES_YESTERDAY, RES_TODAY, RES_TOMORROW, RES_ZULU, RES_EPOCH, RES_EARLY, RES_LATE };
enum dt_unit {
    UNIT_NONE,
    UNIT_MICROSECOND,
    UNIT_MILLISECOND,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM,
    UNIT_JULIAN,
    UNIT_TIME, /* after "t" */
    UNIT_TZ,
    UNIT_TZ_HOUR,
    UNIT_TZ_MINUTE,
    UNIT_DOW,
    UNIT_DOY,
    UNIT_ISODOW,
    UNIT_ISOYEAR,
};
enum dt_ampm { HOURS_24, HOURS_AM, HOURS_PM };

struct dt_word {
    const char *name;
    uint8_t what;  /* enum dt_what */
    int32_t value; /* month, weekday, enum dt_reserved, enum dt_unit, seconds east of a DTZMOD … */
};
/* Lower-case words; NULL = unknown. Words of dates and times: */
const struct dt_word *dt_word_find(const char *lower);
/* … and of intervals and units. */
const struct dt_word *dt_unit_find(const char *lower);

enum token_kind {
    TOKEN_NUMBER,
    TOKEN_STRING,  /* letters only */
    TOKEN_DATE,    /* digits or letters with - / . between */
    TOKEN_TIME,    /* has a colon */
    TOKEN_ZONE,    /* sign and digits */
    TOKEN_SPECIAL, /* sign and letters */
};
struct dt_token {
    enum token_kind kind;
    char *text; /* NUL-terminated, letters in lower case, in dt_tokens.bytes */
};
struct dt_tokens {
    uint32_t n;
    struct dt_token token[TOKENS_MAX];
    char bytes[LEX_BYTES_MAX];
};

enum dt_status {
    DT_OK,
    DT_BAD_FORMAT,
    DT_FIELD_OVERFLOW,
    DT_MD_OVERFLOW, /* a month or day out of range: maybe the order was meant differently */
    DT_INTERVAL_OVERFLOW,
    DT_ZONE_OVERFLOW,
    DT_BAD_ZONE, /* dt_result.bad_zone names it */
};
/* bytes_max: how much room PostgreSQL gives that type's input. */
enum dt_status dt_lex(struct strview text, size_t bytes_max, struct dt_tokens *out);
/* Raises the error of a status; type: "timestamp", "interval", …; returns false. */
bool dt_raise(enum dt_status status, struct strview text, const char *type, const char *bad_zone, struct error *err);

/* How much of an input an error message quotes: whole characters that fit its buffer. */
static inline size_t dt_quoted_len(struct strview text)
{
    size_t len = MIN_OF(text.len, (size_t)900);
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return len;
}

/* What an input says. */
struct dt_result {
    enum { DT_IS_DATE, DT_IS_EPOCH, DT_IS_EARLY, DT_IS_LATE } kind;
    struct datetime_parts parts; /* gmt_offset as resolved by zone or session */
    char bad_zone[LEX_BYTES_MAX];
};
enum dt_status dt_decode(struct dt_tokens *tokens, const struct datetime_ctx *ctx, struct dt_result *out);
/* The same for time of day, where a date is only allowed to tell a zone's offset. */
enum dt_status dt_decode_time(struct dt_tokens *tokens, const struct datetime_ctx *ctx, struct dt_result *out);

/* Helpers that the decoders share; texts are NUL-terminated. */
/* strtol with int range: false = overflow. *end as strtol. */
bool dt_int(const char *text, char **end, int32_t *out);
bool dt_int64(const char *text, char **end, int64_t *out);
/* ".digits" up to the end of text → [0, 1). A lone "." is 0. */
bool dt_fraction(const char *text, double *out);
/* hh:mm[:ss[.f]]; range: an interval typmod's mask, 0 for none. */
enum dt_status dt_decode_clock(const char *text, uint32_t range, int64_t *hour, int32_t *minute, int32_t *second,
                               int64_t *usec);
/* 24:00:00 is the largest time of day. */
bool dt_time_overflows(int64_t hour, int32_t minute, int32_t second, int64_t usec);

struct tz_abbrev {
    const char *name; /* lower case */
    const char *zone; /* NULL = fixed offset */
    int32_t offset;   /* seconds east */
    bool dst;
};
const struct tz_abbrev *tz_abbrev_find(const char *lower_name);
/* Session's time of the transaction as local time. */
timestamp_t dt_now_local(const struct datetime_ctx *ctx, int32_t *gmt_offset);
/* Seconds of a local wall time, for tz_offset_of_local (Unix-like). */
int64_t dt_local_secs(const struct datetime_parts *p);
bool dt_is_julian_ok(int32_t year, int32_t month, int32_t day);

int32_t days_in_month(int32_t year, int32_t month);

/* Interval typmods. */
#define INTERVAL_FULL_RANGE     0x7FFFu
#define INTERVAL_FULL_PRECISION 0xFFFFu
#define RANGE_MONTH             (1u << 1)
#define RANGE_YEAR              (1u << 2)
#define RANGE_DAY               (1u << 3)
#define RANGE_HOUR              (1u << 10)
#define RANGE_MINUTE            (1u << 11)
#define RANGE_SECOND            (1u << 12)

#endif
