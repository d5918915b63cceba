/* SPDX-License-Identifier: Apache-2.0 */
/* numeric: text, PostgreSQL's binary form, type modifiers. */
#include "types/numeric_int.h"

#include <limits.h>

enum { SIGN_POSITIVE = 0x0000, SIGN_NEGATIVE = 0x4000, SIGN_NAN = 0xC000, SIGN_PINF = 0xD000, SIGN_NINF = 0xF000 };
enum { INFINITY_DSCALE = 0x20, WIRE_HEADER_BYTES = 8 };

/* ---- typmod ---- */

static int32_t typmod_precision(int32_t typmod) { return (typmod - 4) >> 16 & 0xFFFF; }
/* The scale is a signed number of 11 bits. */
static int32_t typmod_scale(int32_t typmod) { return (((typmod - 4) & 0x7FF) ^ 1024) - 1024; }

static bool field_overflow(int32_t precision, int32_t scale, struct error *err)
{
    int32_t digits = precision - scale;
    error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
    return error_detail(err, "A field with precision %d, scale %d must round to an absolute value less than %s%d.",
                        precision, scale, digits ? "10^" : "", digits ? digits : 1);
}

static bool typmod_special(const struct num *v, int32_t typmod, struct error *err)
{
    if (typmod < 4 || v->kind == NUM_NAN)
        return true;
    error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
    return error_detail(err, "A field with precision %d, scale %d cannot hold an infinite value.",
                        typmod_precision(typmod), typmod_scale(typmod));
}

static bool typmod_big(struct big *x, int32_t typmod, struct error *err)
{
    if (typmod < 4)
        return true;
    int32_t precision = typmod_precision(typmod), scale = typmod_scale(typmod);
    big_round(x, scale);
    if (x->n == 0)
        return true;
    int64_t digits = ((int64_t)x->weight + 1) * BIG_BASE_DIGITS; /* before the point */
    for (uint32_t limit = BIG_BASE / 10; limit > x->d[0]; limit /= 10)
        digits--;
    return digits <= precision - scale || field_overflow(precision, scale, err);
}

bool num_apply_typmod(const struct num *v, int32_t typmod, struct arena *arena, struct num *out, struct error *err)
{
    struct num rounded;
    struct big x;
    if (num_is_special(v)) {
        *out = *v;
        return typmod_special(v, typmod, err);
    }
    if (typmod < 4) {
        *out = num_copy(arena, v);
        return true;
    }
    int32_t precision = typmod_precision(typmod), scale = typmod_scale(typmod);
    if (v->kind == NUM_INLINE && num_round_inline(v, scale, false, &rounded)) {
        uint64_t m = rounded.mantissa < 0 ? -(uint64_t)rounded.mantissa : (uint64_t)rounded.mantissa;
        if (precision < 20 && m >= num_pow10[precision])
            return field_overflow(precision, scale, err);
        *out = rounded;
        return true;
    }
    big_init(&x);
    big_from_num(&x, v);
    bool ok = typmod_big(&x, typmod, err) && big_to_num(&x, arena, out, err);
    big_release(&x);
    return ok;
}

/* ---- text input ---- */

static bool bad_syntax(struct strview text, struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type numeric: \"%.*s\"",
                     (int)text.len, text.ptr);
}

/* Plain [-+]digits[.digits] of at most 18 digits and nothing around. */
static bool parse_inline(struct strview text, struct num *out)
{
    const char *p = text.ptr, *end = p + text.len;
    int64_t mantissa = 0;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *begin = p;
    if (end - p > 19 || p == end)
        return false;
    while (p < end && char_is_digit(*p))
        mantissa = mantissa * 10 + (*p++ - '0');
    int64_t digits = p - begin;
    uint32_t scale = 0;
    if (p < end && *p == '.') {
        const char *point = p++;
        while (p < end && char_is_digit(*p))
            mantissa = mantissa * 10 + (*p++ - '0');
        scale = (uint32_t)(p - point - 1);
    }
    if (p != end || digits + scale == 0 || digits + scale > 18)
        return false;
    *out = num_inline(negative ? -mantissa : mantissa, scale);
    return true;
}

/* Names of what is no number; *p moves behind it. */
static bool parse_special(const char **p, const char *end, struct num *out)
{
    static const struct {
        const char *name;
        uint8_t kind;
    } names[] = {{"nan", NUM_NAN},  {"infinity", NUM_PINF}, {"+infinity", NUM_PINF}, {"-infinity", NUM_NINF},
                 {"inf", NUM_PINF}, {"+inf", NUM_PINF},     {"-inf", NUM_NINF}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i].name);
        if ((size_t)(end - *p) >= len && strview_equal_nocase(strview_make(*p, len), strview_of(names[i].name))) {
            *out = (struct num){.mantissa = 0, .kind = names[i].kind};
            *p += len;
            return true;
        }
    }
    return false;
}

enum scan { SCAN_OK, SCAN_BAD, SCAN_OVERFLOW };

/* The exponent after 'e' as C's strtol reads it, white space before it included. */
static enum scan scan_exponent(const char **p, const char *end, int32_t *exponent)
{
    int64_t v = 0;
    while (*p < end && char_is_space(**p))
        ++*p;
    bool negative = *p < end && **p == '-';
    if (*p < end && (**p == '-' || **p == '+'))
        ++*p;
    if (*p == end || !char_is_digit(**p))
        return SCAN_BAD;
    for (; *p < end && char_is_digit(**p); ++*p)
        v = MIN_OF(v * 10 + (**p - '0'), INT_MAX);
    if (v >= INT_MAX / 2)
        return SCAN_OVERFLOW;
    *exponent = (int32_t)(negative ? -v : v);
    return SCAN_OK;
}

/* Sets x from decimal digits (with a point somewhere among them), the first of which has the value of 10^place. */
static void set_decimals(struct big *x, const char *p, const char *end, int64_t place)
{
    /* floor division: position of the first digit's base-10000 digit, and its place in there */
    int64_t weight = place >= 0 ? place / BIG_BASE_DIGITS : -((-place + BIG_BASE_DIGITS - 1) / BIG_BASE_DIGITS);
    int32_t slot = (int32_t)(place - weight * BIG_BASE_DIGITS); /* 3 = highest */
    int64_t count = end - p;
    big_resize(x, (int32_t)((count + 2 * BIG_BASE_DIGITS) / BIG_BASE_DIGITS));
    memset(x->d, 0, (size_t)x->n * sizeof *x->d);
    x->weight = (int32_t)weight;
    int32_t i = 0;
    for (; p < end; p++) {
        if (*p == '.')
            continue;
        x->d[i] = (uint16_t)(x->d[i] + (uint32_t)(*p - '0') * num_pow10[slot]);
        if (slot-- == 0) {
            slot = BIG_BASE_DIGITS - 1;
            i++;
        }
    }
    big_strip(x);
}

static enum scan scan_number(struct big *x, const char **p, const char *end)
{
    bool negative = *p < end && **p == '-', point = false;
    int64_t before = 0, after = 0;
    int32_t exponent = 0;
    if (*p < end && (**p == '-' || **p == '+'))
        ++*p;
    const char *begin = *p;
    for (; *p < end && (char_is_digit(**p) || (**p == '.' && !point)); ++*p) {
        if (**p == '.')
            point = true;
        else if (point)
            after++;
        else
            before++;
    }
    const char *digits_end = *p;
    if (before + after == 0)
        return SCAN_BAD;
    if (*p < end && (**p == 'e' || **p == 'E')) {
        ++*p;
        enum scan result = scan_exponent(p, end, &exponent);
        if (result != SCAN_OK)
            return result;
    }
    if (before + after > INT_MAX / 4)
        return SCAN_OVERFLOW;
    set_decimals(x, begin, digits_end, before - 1 + exponent);
    x->negative = negative && x->n > 0;
    x->dscale = (int32_t)MAX_OF(after - exponent, 0);
    return SCAN_OK;
}

static NEVER_INLINE bool parse_slow(struct strview text, int32_t typmod, struct arena *arena, struct num *out,
                                    struct error *err)
{
    const char *p = text.ptr, *end = p + text.len;
    struct big x;
    big_init(&x);
    while (p < end && char_is_space(*p))
        p++;
    bool special = parse_special(&p, end, out);
    enum scan result = special ? SCAN_OK : scan_number(&x, &p, end);
    while (p < end && char_is_space(*p))
        p++;
    bool ok;
    if (result == SCAN_OVERFLOW)
        ok = num_overflow(err);
    else if (result == SCAN_BAD || p != end)
        ok = bad_syntax(text, err);
    else if (special)
        ok = typmod_special(out, typmod, err);
    else
        ok = typmod_big(&x, typmod, err) && big_to_num(&x, arena, out, err);
    big_release(&x);
    return ok;
}

bool num_parse(struct strview text, int32_t typmod, struct arena *arena, struct num *out, struct error *err)
{
    if (LIKELY(parse_inline(text, out)))
        return typmod < 4 || num_apply_typmod(out, typmod, arena, out, err);
    return parse_slow(text, typmod, arena, out, err);
}

/* ---- text output ---- */

static void format_inline(struct strbuf *out, int64_t mantissa, uint32_t scale)
{
    char text[48], *p = text + sizeof text;
    uint64_t rest = mantissa < 0 ? -(uint64_t)mantissa : (uint64_t)mantissa;
    uint32_t digits = 0;
    do {
        if (digits == scale && scale > 0)
            *--p = '.';
        *--p = (char)('0' + rest % 10);
        rest /= 10;
        digits++;
    } while (rest || digits <= scale);
    if (mantissa < 0)
        *--p = '-';
    strbuf_add(out, p, (size_t)(text + sizeof text - p));
}

static void four_digits(char *to, uint32_t v)
{
    to[0] = (char)('0' + v / 1000);
    to[1] = (char)('0' + v / 100 % 10);
    to[2] = (char)('0' + v / 10 % 10);
    to[3] = (char)('0' + v % 10);
}

static void format_big(struct strbuf *out, const struct num_big *v)
{
    char four[4];
    strbuf_reserve(out, (size_t)MAX_OF(v->weight, 0) * BIG_BASE_DIGITS + v->dscale + 8);
    if (v->sign)
        strbuf_add_char(out, '-');
    if (v->ndigits == 0 || v->weight < 0)
        strbuf_add_char(out, '0');
    for (int32_t i = 0; v->ndigits && i <= v->weight; i++) {
        four_digits(four, i < v->ndigits ? v->digit[i] : 0);
        int32_t skip = 0;
        while (i == 0 && skip < 3 && four[skip] == '0')
            skip++;
        strbuf_add(out, four + skip, (size_t)(BIG_BASE_DIGITS - skip));
    }
    if (v->dscale == 0)
        return;
    strbuf_add_char(out, '.');
    for (int32_t at = 0; at < v->dscale; at += BIG_BASE_DIGITS) {
        int32_t i = v->weight + 1 + at / BIG_BASE_DIGITS;
        four_digits(four, i >= 0 && i < v->ndigits ? v->digit[i] : 0);
        strbuf_add(out, four, (size_t)MIN_OF(BIG_BASE_DIGITS, v->dscale - at));
    }
}

void num_format(struct strbuf *out, const struct num *v)
{
    switch ((enum num_kind)v->kind) {
    case NUM_INLINE: format_inline(out, v->mantissa, v->dscale); break;
    case NUM_BIG: format_big(out, v->big); break;
    case NUM_NAN: strbuf_add_cstr(out, "NaN"); break;
    case NUM_PINF: strbuf_add_cstr(out, "Infinity"); break;
    case NUM_NINF: strbuf_add_cstr(out, "-Infinity"); break;
    }
}

/* ---- binary ---- */

static void send_header(struct strbuf *out, int32_t ndigits, int32_t weight, uint16_t sign, uint32_t dscale)
{
    strbuf_add_be16(out, (uint16_t)ndigits);
    strbuf_add_be16(out, (uint16_t)weight);
    strbuf_add_be16(out, sign);
    strbuf_add_be16(out, (uint16_t)dscale);
}

void num_send(struct strbuf *out, const struct num *v)
{
    struct big x;
    switch ((enum num_kind)v->kind) {
    case NUM_NAN: send_header(out, 0, 0, SIGN_NAN, 0); return;
    case NUM_PINF: send_header(out, 0, 0, SIGN_PINF, INFINITY_DSCALE); return;
    case NUM_NINF: send_header(out, 0, 0, SIGN_NINF, INFINITY_DSCALE); return;
    case NUM_INLINE:
    case NUM_BIG: break;
    }
    big_init(&x);
    big_from_num(&x, v);
    send_header(out, x.n, x.weight, x.negative ? SIGN_NEGATIVE : SIGN_POSITIVE, v->dscale);
    for (int32_t i = 0; i < x.n; i++)
        strbuf_add_be16(out, x.d[i]);
    big_release(&x);
}

static bool recv_digits(struct big *x, const char *p, struct error *err)
{
    for (int32_t i = 0; i < x->n; i++) {
        x->d[i] = load_be16(p + 2 * i);
        if (x->d[i] >= BIG_BASE)
            return error_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION,
                             "invalid digit in external \"numeric\" value");
    }
    return true;
}

bool num_recv(struct strview bytes, int32_t typmod, struct arena *arena, struct num *out, struct error *err)
{
    struct big x;
    if (bytes.len < WIRE_HEADER_BYTES)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "insufficient data left in message");
    uint16_t n = load_be16(bytes.ptr), sign = load_be16(bytes.ptr + 4), dscale = load_be16(bytes.ptr + 6);
    if (sign != SIGN_POSITIVE && sign != SIGN_NEGATIVE && sign != SIGN_NAN && sign != SIGN_PINF && sign != SIGN_NINF)
        return error_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "invalid sign in external \"numeric\" value");
    if (dscale > NUM_DSCALE_MAX)
        return error_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "invalid scale in external \"numeric\" value");
    if (bytes.len < WIRE_HEADER_BYTES + 2 * (size_t)n)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "insufficient data left in message");
    if (bytes.len > WIRE_HEADER_BYTES + 2 * (size_t)n)
        return error_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    big_init(&x);
    big_resize(&x, n);
    x.weight = (int16_t)load_be16(bytes.ptr + 2);
    x.negative = sign == SIGN_NEGATIVE;
    bool ok = recv_digits(&x, bytes.ptr + WIRE_HEADER_BYTES, err);
    if (ok && sign != SIGN_POSITIVE && sign != SIGN_NEGATIVE) {
        uint8_t kind = sign == SIGN_NAN ? NUM_NAN : sign == SIGN_PINF ? NUM_PINF : NUM_NINF;
        *out = (struct num){.mantissa = 0, .kind = kind};
        ok = typmod_special(out, typmod, err);
    } else if (ok) {
        big_strip(&x);
        big_trunc(&x, dscale); /* digits that the scale hides do not count */
        ok = typmod_big(&x, typmod, err) && big_to_num(&x, arena, out, err);
    }
    big_release(&x);
    return ok;
}
