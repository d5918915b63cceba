/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers inside jsonb: what numeric's input makes of a JSON number, kept in few bytes, compared by value.
 *
 * A number whose digits at its display scale fit an int64, with a scale of at most 18, is inline. Others keep their
 * significant decimal digits and an exponent, so that 1e131071 stays small.
 */
#include "base/hash.h"
#include "types/jsonb_int.h"

static bool overflows(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
}

/* The exponent after 'e'; false = beyond what numeric reads. */
static bool read_exponent(const char *p, const char *end, int64_t *out)
{
    bool negative = *p == '-';
    int64_t v = 0;
    if (*p == '-' || *p == '+')
        p++;
    for (; p < end; p++) {
        v = v * 10 + (*p - '0');
        if (v >= INT32_MAX / 2)
            return false;
    }
    *out = negative ? -v : v;
    return true;
}

static void make_inline(struct jsonb_number *n, bool negative, uint64_t mantissa)
{
    n->big = false;
    n->negative = false;
    n->mantissa = negative ? (int64_t)-mantissa : (int64_t)mantissa;
}

/* Turns digits and exponent into the inline form where they fit. */
static void shrink(struct jsonb_number *n)
{
    int64_t width = (int64_t)n->exponent + n->dscale; /* digits of the mantissa */
    uint64_t m = 0;
    if (n->dscale > JSONB_SCALE_MAX || (n->digits.len && width > 19))
        return;
    for (size_t i = 0; i < n->digits.len; i++)
        m = m * 10 + (uint64_t)(n->digits.ptr[i] - '0');
    for (int64_t i = (int64_t)n->digits.len; n->digits.len && i < width; i++)
        m *= 10;
    if (m <= (uint64_t)INT64_MAX + n->negative)
        make_inline(n, n->negative, m);
}

bool jsonb_number_parse_short(struct strview text, struct jsonb_number *out)
{
    const char *p = text.ptr, *end = p + text.len;
    bool negative = *p == '-';
    uint64_t m = 0;
    uint32_t scale = 0;
    if (text.len > 18)
        return false;
    for (p += negative; p < end && char_is_digit(*p); p++)
        m = m * 10 + (uint64_t)(*p - '0');
    if (p < end && *p == '.') {
        for (p++; p < end && char_is_digit(*p); p++, scale++)
            m = m * 10 + (uint64_t)(*p - '0');
    }
    if (p < end)
        return false;
    *out = (struct jsonb_number){.dscale = scale};
    make_inline(out, negative, m);
    return true;
}

bool jsonb_number_parse(struct strview text, char *digits, struct jsonb_number *out, struct error *err)
{
    *out = (struct jsonb_number){0};
    const char *p = text.ptr, *end = p + text.len;
    int64_t exponent = 0, before = 0, after = 0, shown = 0;
    size_t n = 0, zeros = 0;
    bool point = false;
    out->big = true;
    out->negative = *p == '-';
    for (p += out->negative; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        shown += point;
        if (n == 0 && *p == '0') {
            after -= point; /* a leading zero: 0.00D = 0.D × 10^-2 */
            continue;
        }
        before += !point;
        zeros = *p == '0' ? zeros + 1 : 0;
        digits[n++] = *p;
    }
    if (p < end && !read_exponent(p + 1, end, &exponent))
        return overflows(err);
    n -= zeros;
    out->digits = strview_make(digits, n);
    int64_t dscale = MAX_OF(shown - exponent, 0);
    int64_t magnitude = (before ? before : after) + exponent;
    if (dscale > JSONB_DSCALE_MAX || (n && magnitude > JSONB_DIGITS_MAX))
        return overflows(err);
    out->dscale = (uint32_t)dscale;
    out->exponent = n ? (int32_t)magnitude : 0;
    if (n == 0)
        out->negative = false;
    shrink(out);
    return true;
}

/* Least number of bytes whose sign extension is v; 0 for 0. */
static uint32_t mantissa_bytes(int64_t v)
{
    if (v == 0)
        return 0;
    uint64_t spread = (uint64_t)(v ^ (v >> 63));
    uint32_t bits = spread ? 64 - (uint32_t)__builtin_clzll(spread) : 0;
    return bits / 8 + 1;
}

size_t jsonb_number_size(const struct jsonb_number *n)
{
    if (n->big)
        return JSONB_BIG_HEADER + n->digits.len;
    return 1 + (n->dscale > 0) + mantissa_bytes(n->mantissa);
}

void jsonb_number_write(const struct jsonb_number *n, char *dst)
{
    if (n->big) {
        dst[0] = (char)(JSONB_NUMBER | JSONB_NUM_BIG << JSONB_TAG_SHIFT);
        dst[1] = n->negative;
        store_u16(dst + 2, (uint16_t)n->dscale);
        store_u32(dst + 4, (uint32_t)n->exponent);
        if (n->digits.len)
            memcpy(dst + JSONB_BIG_HEADER, n->digits.ptr, n->digits.len);
        return;
    }
    uint32_t bytes = mantissa_bytes(n->mantissa);
    *dst++ = (char)(JSONB_NUMBER | bytes << JSONB_TAG_SHIFT | (n->dscale ? JSONB_NUM_SCALED : 0));
    if (n->dscale)
        *dst++ = (char)n->dscale;
    memcpy(dst, &n->mantissa, bytes);
}

void jsonb_number_read(struct strview v, struct jsonb_number *out)
{
    uint8_t tag = (uint8_t)v.ptr[0];
    uint32_t bytes = (tag >> JSONB_TAG_SHIFT) & 15;
    const char *p = v.ptr + 1;
    *out = (struct jsonb_number){.big = bytes == JSONB_NUM_BIG};
    if (out->big) {
        out->negative = v.ptr[1] != 0;
        out->dscale = load_u16(v.ptr + 2);
        out->exponent = (int32_t)load_u32(v.ptr + 4);
        out->digits = strview_make(v.ptr + JSONB_BIG_HEADER, v.len - JSONB_BIG_HEADER);
        return;
    }
    if (tag & JSONB_NUM_SCALED)
        out->dscale = (uint8_t)*p++;
    if (bytes) {
        uint64_t raw = 0;
        memcpy(&raw, p, bytes);
        uint32_t shift = 64 - 8 * bytes;
        out->mantissa = (int64_t)(raw << shift) >> shift;
    }
}

static bool check_big(struct strview v)
{
    struct jsonb_number n, copy;
    if (v.len < JSONB_BIG_HEADER || (uint8_t)v.ptr[0] & JSONB_NUM_SCALED || (uint8_t)v.ptr[1] > 1)
        return false;
    jsonb_number_read(v, &n);
    if (n.dscale > JSONB_DSCALE_MAX || n.digits.len > JSONB_DIGITS_MAX + JSONB_DSCALE_MAX)
        return false;
    for (size_t i = 0; i < n.digits.len; i++)
        if (!char_is_digit(n.digits.ptr[i]))
            return false;
    if (n.digits.len == 0)
        return !n.negative && n.exponent == 0 && n.dscale > JSONB_SCALE_MAX;
    if (n.digits.ptr[0] == '0' || n.digits.ptr[n.digits.len - 1] == '0' || n.exponent > JSONB_DIGITS_MAX ||
        n.exponent < -JSONB_DSCALE_MAX || (int64_t)n.digits.len - n.exponent > n.dscale)
        return false;
    copy = n;
    shrink(&copy);
    return copy.big;
}

bool jsonb_number_check(struct strview v)
{
    uint8_t tag = (uint8_t)v.ptr[0];
    uint32_t bytes = (tag >> JSONB_TAG_SHIFT) & 15;
    bool scaled = tag & JSONB_NUM_SCALED;
    struct jsonb_number n;
    if (bytes == JSONB_NUM_BIG)
        return check_big(v);
    if (bytes > 8 || v.len != 1 + scaled + bytes)
        return false;
    jsonb_number_read(v, &n);
    return mantissa_bytes(n.mantissa) == bytes && scaled == (n.dscale > 0) && n.dscale <= JSONB_SCALE_MAX;
}

static void add_zeros(struct strbuf *out, int64_t n)
{
    if (n <= 0)
        return;
    strbuf_reserve(out, (size_t)n);
    memset(out->data + out->len, '0', (size_t)n);
    out->len += (size_t)n;
    out->data[out->len] = '\0';
}

static void format_inline(struct strbuf *out, int64_t mantissa, uint32_t scale)
{
    char text[48], *end = text + sizeof text, *p = end;
    uint64_t m = mantissa < 0 ? -(uint64_t)mantissa : (uint64_t)mantissa;
    uint32_t n = 0;
    do {
        *--p = (char)('0' + m % 10);
        m /= 10;
        if (++n == scale)
            *--p = '.';
    } while (m || n <= scale);
    if (mantissa < 0)
        *--p = '-';
    strbuf_add(out, p, (size_t)(end - p));
}

void jsonb_number_format(struct strbuf *out, const struct jsonb_number *n)
{
    if (!n->big) {
        format_inline(out, n->mantissa, n->dscale);
        return;
    }
    int64_t whole = MAX_OF(n->exponent, 0), len = (int64_t)n->digits.len;
    int64_t taken = MIN_OF(whole, len);
    if (n->negative)
        strbuf_add_char(out, '-');
    if (whole == 0)
        strbuf_add_char(out, '0');
    strbuf_add(out, n->digits.ptr, (size_t)taken);
    add_zeros(out, whole - taken);
    if (n->dscale == 0)
        return;
    strbuf_add_char(out, '.');
    int64_t lead = MIN_OF(n->exponent < 0 ? -(int64_t)n->exponent : 0, (int64_t)n->dscale);
    int64_t rest = MIN_OF(len - taken, (int64_t)n->dscale - lead);
    add_zeros(out, lead);
    strbuf_add(out, n->digits.ptr + taken, (size_t)rest);
    add_zeros(out, (int64_t)n->dscale - lead - rest);
}

/* Any number as sign and 0.DIGITS × 10^exponent; room holds an inline number's digits. */
static int to_digits(const struct jsonb_number *n, char room[20], struct strview *digits, int32_t *exponent)
{
    if (n->big) {
        *digits = n->digits;
        *exponent = n->exponent;
        return n->digits.len == 0 ? 0 : n->negative ? -1 : 1;
    }
    uint64_t m = n->mantissa < 0 ? -(uint64_t)n->mantissa : (uint64_t)n->mantissa;
    uint32_t at = 20, len = 20;
    while (m) {
        room[--at] = (char)('0' + m % 10);
        m /= 10;
    }
    while (len > at && room[len - 1] == '0')
        len--;
    *digits = strview_make(room + at, len - at);
    *exponent = (int32_t)(20 - at) - (int32_t)n->dscale;
    return (n->mantissa > 0) - (n->mantissa < 0);
}

int jsonb_number_compare(const struct jsonb_number *a, const struct jsonb_number *b)
{
    char room_a[20], room_b[20];
    struct strview da, db;
    int32_t ea, eb;
    if (!a->big && !b->big && a->dscale == b->dscale)
        return (a->mantissa > b->mantissa) - (a->mantissa < b->mantissa);
    int sa = to_digits(a, room_a, &da, &ea), sb = to_digits(b, room_b, &db, &eb);
    if (sa != sb)
        return sa < sb ? -1 : 1;
    if (sa == 0)
        return 0;
    if (ea != eb)
        return ea < eb ? -sa : sa;
    int c = memcmp(da.ptr, db.ptr, MIN_OF(da.len, db.len));
    if (c == 0)
        c = (da.len > db.len) - (da.len < db.len);
    return c < 0 ? -sa : c > 0 ? sa : 0;
}

uint64_t jsonb_number_hash(const struct jsonb_number *n)
{
    char room[20];
    struct strview digits;
    int32_t exponent;
    int sign = to_digits(n, room, &digits, &exponent);
    if (sign == 0)
        return hash_u64(0);
    return hash_combine(hash_bytes(digits.ptr, digits.len), (uint64_t)((int64_t)exponent * 2 + (sign > 0)));
}
