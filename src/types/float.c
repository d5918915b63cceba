/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floats and decimal text.
 *
 * Output: the shortest decimal strictly inside the rounding interval of the value, nearest to it among those (R.
 * Giulietti, "The Schubfach way to render doubles"; the interval's ends never count, as in PostgreSQL). For v = c ×
 * 2^q the interval is scaled by 10^-k so that between one and ten integers lie in it; four times the scaled ends and
 * the value are computed with their last bit sticky ("round to odd"), which keeps every comparison with a multiple of
 * two exact.
 *
 * Input: mantissa and exponent as integers; exact when both fit doubles, otherwise by one 128-bit product whose lower
 * and upper bound must round to the same double, otherwise (rare) by the C library.
 */
#include "types/pow10_int.h"
#include "types/value.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct decimal {
    uint64_t digits; /* no trailing zero unless it is 0 */
    int exponent;    /* value = digits × 10^exponent */
};

/* (g × x) / 2^128 with a sticky last bit. The table's entries are rounded up by less than one: a low word of 1 is an
 * exact result. */
static uint64_t scale_to_odd(const struct pow10_entry *g, uint64_t x)
{
    uint64_t low = (uint64_t)((uint128_t)g->lo * x >> 64);
    uint128_t product = (uint128_t)g->hi * x + low;
    return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

static struct decimal strip_zeros(uint64_t digits, int exponent)
{
    while (digits && digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (struct decimal){digits, exponent};
}

/* c × 2^q, c > 0; lower_half: the neighbour below is only half as far away as the one above. */
static struct decimal shortest(uint64_t c, int q, bool lower_half)
{
    int k = lower_half ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    int h = q + floor_log2_pow10(-k) + 1;
    assert(h >= 1 && h <= 4 && -k >= POW10_MIN && -k <= POW10_MAX);
    const struct pow10_entry *g = &pow10_table[-k - POW10_MIN];
    uint64_t value = scale_to_odd(g, (4 * c) << h);
    uint64_t lower = scale_to_odd(g, (4 * c - 2 + lower_half) << h) + 1;
    uint64_t upper = scale_to_odd(g, (4 * c + 2) << h) - 1;
    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up)
            return strip_zeros(tens + up, k + 1);
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up)
        return strip_zeros(s + up, k);
    uint64_t middle = 4 * s + 2;
    bool round_up = value > middle || (value == middle && (s & 1));
    return strip_zeros(s + round_up, k);
}

/* Positional from 1e-4 up to 10^fixed_limit, scientific otherwise. */
static void format_decimal(struct strbuf *out, bool negative, struct decimal d, int fixed_limit)
{
    char digit[24], text[48];
    int n = 0, len = 0;
    for (uint64_t rest = d.digits; rest; rest /= 10)
        digit[n++] = (char)('0' + rest % 10); /* least significant first */
    int exponent = d.exponent + n - 1;
    if (negative)
        text[len++] = '-';
    if (exponent < -4 || exponent >= fixed_limit) {
        text[len++] = digit[n - 1];
        if (n > 1)
            text[len++] = '.';
        for (int i = n - 2; i >= 0; i--)
            text[len++] = digit[i];
        len += snprintf(text + len, sizeof text - (size_t)len, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        text[len++] = '0';
        text[len++] = '.';
        for (int i = -1; i > exponent; i--)
            text[len++] = '0';
        for (int i = n - 1; i >= 0; i--)
            text[len++] = digit[i];
    } else {
        for (int i = n - 1, place = exponent; place >= 0 || i >= 0; i--, place--) {
            if (place == -1)
                text[len++] = '.';
            text[len++] = i >= 0 ? digit[i] : '0';
        }
    }
    strbuf_add(out, text, (size_t)len);
}

/* NaN, infinities and zeros. */
static bool format_special(struct strbuf *out, double v)
{
    if (isnan(v))
        strbuf_add_cstr(out, "NaN");
    else if (isinf(v))
        strbuf_add_cstr(out, v < 0 ? "-Infinity" : "Infinity");
    else if (v == 0)
        strbuf_add_cstr(out, signbit(v) ? "-0" : "0");
    else
        return false;
    return true;
}

/* v finite and not 0. */
static struct decimal shortest_f64(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t fraction = bits & ((1ULL << 52) - 1);
    int biased = (int)(bits >> 52 & 0x7FF);
    return biased ? shortest(fraction | 1ULL << 52, biased - 1075, fraction == 0 && biased > 1)
                  : shortest(fraction, -1074, false);
}

static struct decimal shortest_f32(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint32_t fraction = bits & ((1U << 23) - 1);
    int biased = (int)(bits >> 23 & 0xFF);
    return biased ? shortest(fraction | 1U << 23, biased - 150, fraction == 0 && biased > 1)
                  : shortest(fraction, -149, false);
}

void f64_to_decimal(double v, bool single, uint64_t *digits, int *exponent)
{
    struct decimal d = single ? shortest_f32((float)v) : shortest_f64(v);
    *digits = d.digits;
    *exponent = d.exponent;
}

void f64_format(struct strbuf *out, double v, int32_t extra_float_digits)
{
    if (format_special(out, v))
        return;
    if (extra_float_digits <= 0) {
        strbuf_add_fmt(out, "%.*g", MAX_OF(DBL_DIG + extra_float_digits, 1), v);
        return;
    }
    format_decimal(out, signbit(v), shortest_f64(v), 15);
}

void f32_format(struct strbuf *out, float v, int32_t extra_float_digits)
{
    if (format_special(out, v))
        return;
    if (extra_float_digits <= 0) {
        strbuf_add_fmt(out, "%.*g", MAX_OF(FLT_DIG + extra_float_digits, 1), (double)v);
        return;
    }
    format_decimal(out, signbit(v), shortest_f32(v), 6);
}

/* ---- input ---- */

/* Plain decimal number: digits[.digits][e±digits]. */
struct scanned {
    uint64_t mantissa;
    int exponent;
    bool negative;
};

/* False: not of that form (hexadecimal, names, junk) or more than 19 significant digits. */
static bool scan_plain(const char *p, const char *end, struct scanned *out)
{
    int digits = 0, significant = 0, exponent = 0;
    uint64_t mantissa = 0;
    out->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    for (; p < end && char_is_digit(*p); p++, digits++) {
        mantissa = mantissa * 10 + (uint64_t)(*p - '0');
        significant += mantissa != 0;
    }
    if (p < end && *p == '.') {
        p++;
        for (uint64_t eight; mantissa && significant <= 11 && end - p >= 8 && eight_digits(p, &eight); p += 8) {
            mantissa = mantissa * 100000000 + eight;
            significant += 8;
            digits += 8;
            exponent -= 8;
        }
        for (; p < end && char_is_digit(*p); p++, digits++, exponent--) {
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
            significant += mantissa != 0;
        }
    }
    if (digits == 0 || significant > 19 || digits > 400)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        bool minus = p + 1 < end && p[1] == '-';
        int e = 0;
        p += p + 1 < end && (p[1] == '-' || p[1] == '+') ? 2 : 1;
        if (p == end)
            return false;
        for (; p < end && char_is_digit(*p); p++)
            e = MIN_OF(e * 10 + (*p - '0'), 100000);
        exponent += minus ? -e : e;
    }
    out->mantissa = mantissa;
    out->exponent = exponent;
    return p == end;
}

/*
 * mantissa × 10^exponent, mantissa not 0, as c × 2^*q with c of `precision` bits, when one product decides it. With w =
 * mantissa × 2^leading and the table's g, w × g / 2^64 lies less than 1 from the truth on either side, so only a
 * product in the very middle between two results stays open.
 */
static bool decide_product(uint64_t mantissa, int exponent, int precision, uint64_t *c, int *q)
{
    if (exponent < POW10_MIN || exponent > POW10_MAX)
        return false;
    const struct pow10_entry *g = &pow10_table[exponent - POW10_MIN];
    int leading = __builtin_clzll(mantissa);
    uint64_t w = mantissa << leading;
    uint128_t product = (uint128_t)w * g->hi + (uint64_t)((uint128_t)w * g->lo >> 64);
    int shift = (product >> 127 ? 128 : 127) - precision;
    uint128_t half = (uint128_t)1 << (shift - 1);
    if ((product & (2 * half - 1)) == half)
        return false;
    *c = (uint64_t)(product >> shift) + ((product & half) != 0);
    *q = shift + 64 - leading + floor_log2_pow10(exponent) - 127;
    if (*c >> precision) {
        *c >>= 1;
        ++*q;
    }
    assert(*c >> (precision - 1) == 1);
    return true;
}

bool decimal_to_f64(uint64_t mantissa, int exponent, bool negative, double *out)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t c;
    int q;
    if (mantissa >> 53 == 0 && exponent >= -22 && exponent <= 22) {
        double v = (double)mantissa;
        v = exponent < 0 ? v / exact[-exponent] : v * exact[exponent];
        *out = negative ? -v : v;
        return true;
    }
    if (mantissa == 0) {
        *out = negative ? -0.0 : 0.0;
        return true;
    }
    if (!decide_product(mantissa, exponent, 53, &c, &q) || q < -1074 || q > 971)
        return false;
    uint64_t bits = (c & ((1ULL << 52) - 1)) | (uint64_t)(q + 1075) << 52 | (uint64_t)negative << 63;
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool decimal_to_f32(uint64_t mantissa, int exponent, bool negative, float *out)
{
    uint64_t c;
    int q;
    if (mantissa == 0) {
        *out = negative ? -0.0f : 0.0f;
        return true;
    }
    if (!decide_product(mantissa, exponent, 24, &c, &q) || q < -149 || q > 104)
        return false;
    uint32_t bits = ((uint32_t)c & ((1U << 23) - 1)) | (uint32_t)(q + 150) << 23 | (uint32_t)negative << 31;
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool bad_float(struct strview text, const char *type_name, struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s: \"%.*s\"", type_name,
                     (int)text.len, text.ptr);
}

/* The C library takes all that PostgreSQL takes (it uses it too): infinity, nan, hexadecimal. */
static bool parse_slow(struct strview text, bool single, double *out, struct error *err)
{
    const char *type_name = single ? "real" : "double precision";
    struct strview trimmed = strview_trim(text);
    char buf[512], *end;
    if (trimmed.len == 0 || memchr(trimmed.ptr, '\0', trimmed.len))
        return bad_float(text, type_name, err);
    char *copy = trimmed.len < sizeof buf ? buf : xmalloc(trimmed.len + 1);
    memcpy(copy, trimmed.ptr, trimmed.len);
    copy[trimmed.len] = '\0';
    errno = 0;
    *out = single ? (double)strtof(copy, &end) : strtod(copy, &end);
    bool ok = true;
    if (end == copy)
        ok = bad_float(text, type_name, err);
    else if (errno == ERANGE && (*out == 0 || isinf(*out)))
        /* real's message quotes the whole input, double precision's only the number */
        ok = error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "\"%.*s\" is out of range for type %s",
                       single ? (int)text.len : (int)(end - copy), single ? text.ptr : copy, type_name);
    else if (*end != '\0')
        ok = bad_float(text, type_name, err);
    if (copy != buf)
        free(copy);
    return ok;
}

bool f64_parse(struct strview text, double *out, struct error *err)
{
    struct scanned s;
    if (scan_plain(text.ptr, text.ptr + text.len, &s) && decimal_to_f64(s.mantissa, s.exponent, s.negative, out))
        return true;
    return parse_slow(text, false, out, err);
}

bool f32_parse(struct strview text, float *out, struct error *err)
{
    struct scanned s;
    double v;
    if (scan_plain(text.ptr, text.ptr + text.len, &s) && decimal_to_f32(s.mantissa, s.exponent, s.negative, out))
        return true;
    if (!parse_slow(text, true, &v, err))
        return false;
    *out = (float)v;
    return true;
}
