/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Shared by all empty buffers; never written, since cap is 0 for them. */
static char empty_string[1];

bool strview_equal_nocase(struct strview a, struct strview b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (char_lower(a.ptr[i]) != char_lower(b.ptr[i]))
            return false;
    return true;
}

struct strview strview_trim(struct strview s)
{
    while (s.len > 0 && char_is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && char_is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

void strbuf_init(struct strbuf *sb) { *sb = (struct strbuf){empty_string, 0, 0}; }

void strbuf_release(struct strbuf *sb)
{
    if (sb->cap)
        free(sb->data);
    strbuf_init(sb);
}

void strbuf_reserve(struct strbuf *sb, size_t more)
{
    size_t need = size_add(size_add(sb->len, more), 1);
    if (need <= sb->cap)
        return;
    size_t cap = MAX_OF(need, sb->cap < 64 ? 64 : size_add(sb->cap, sb->cap / 2));
    if (sb->cap == 0)
        sb->data = xmalloc(cap);
    else
        sb->data = xrealloc(sb->data, cap);
    sb->data[sb->len] = '\0';
    sb->cap = cap;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
    if (len == 0)
        return;
    strbuf_reserve(sb, len);
    memcpy(sb->data + sb->len, data, len);
    sb->len += len;
    sb->data[sb->len] = '\0';
}

void strbuf_add_fmt(struct strbuf *sb, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    strbuf_reserve(sb, 64);
    int n = vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, args);
    assert(n >= 0);
    if ((size_t)n >= sb->cap - sb->len) {
        strbuf_reserve(sb, (size_t)n);
        n = vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, again);
        assert(n >= 0);
    }
    sb->len += (size_t)n;
    va_end(again);
    va_end(args);
}

char *strbuf_detach(struct strbuf *sb)
{
    strbuf_reserve(sb, 0);
    char *data = sb->data;
    strbuf_init(sb);
    return data;
}

enum { DISTANCE_NAME_MAX = 64 };

uint32_t str_distance(struct strview a, struct strview b, uint32_t limit)
{
    uint32_t rows[3][DISTANCE_NAME_MAX + 1];
    if (a.len > DISTANCE_NAME_MAX || b.len > DISTANCE_NAME_MAX)
        return limit + 1;
    for (uint32_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t *cur = rows[i % 3], *prev = rows[(i + 2) % 3], *prev2 = rows[(i + 1) % 3];
        cur[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            char ca = char_lower(a.ptr[i - 1]), cb = char_lower(b.ptr[j - 1]);
            uint32_t best = MIN_OF(prev[j] + 1, cur[j - 1] + 1);
            best = MIN_OF(best, prev[j - 1] + (ca == cb ? 0 : 1));
            if (i > 1 && j > 1 && ca == char_lower(b.ptr[j - 2]) && cb == char_lower(a.ptr[i - 2]))
                best = MIN_OF(best, prev2[j - 2] + 1);
            cur[j] = best;
        }
    }
    uint32_t distance = rows[a.len % 3][b.len];
    return MIN_OF(distance, limit + 1);
}

/* Length of the valid sequence at s, or 0. Rejects over-long forms, surrogates and values above U+10FFFF. */
static size_t utf8_check_one(const unsigned char *s, size_t left)
{
    unsigned char c = s[0];
    if (c < 0x80)
        return c == 0 ? 0 : 1;
    if (c < 0xC2)
        return 0;
    if (c < 0xE0)
        return left >= 2 && (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (c < 0xF0) {
        if (left < 3 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80)
            return 0;
        if ((c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] >= 0xA0))
            return 0;
        return 3;
    }
    if (c > 0xF4 || left < 4 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80 || (s[3] & 0xC0) != 0x80)
        return 0;
    if ((c == 0xF0 && s[1] < 0x90) || (c == 0xF4 && s[1] >= 0x90))
        return 0;
    return 4;
}

/* True if none of the eight bytes is NUL or non-ASCII. */
static inline bool word_is_plain_ascii(uint64_t w)
{
    uint64_t high = w & 0x8080808080808080ULL;
    uint64_t zero = (w - 0x0101010101010101ULL) & ~w & 0x8080808080808080ULL;
    return (high | zero) == 0;
}

bool utf8_valid(const char *s, size_t len, size_t *bad_at)
{
    size_t i = 0;
    while (i < len) {
        if (i + 8 <= len && word_is_plain_ascii(load_u64(s + i))) {
            i += 8;
            continue;
        }
        size_t step = utf8_check_one((const unsigned char *)s + i, len - i);
        if (step == 0) {
            if (bad_at)
                *bad_at = i;
            return false;
        }
        i += step;
    }
    return true;
}

size_t utf8_length(const char *s, size_t len)
{
    size_t n = 0, i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t w = load_u64(s + i);
        /* A continuation byte has bit 7 set and bit 6 clear. */
        uint64_t cont = (w >> 7) & (~w >> 6) & 0x0101010101010101ULL;
        n += 8 - (size_t)__builtin_popcountll(cont);
    }
    for (; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

uint32_t utf8_encode(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | (cp >> 6));
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | (cp >> 12));
        out[1] = (char)(0x80 | ((cp >> 6) & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (cp >> 18));
    out[1] = (char)(0x80 | ((cp >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((cp >> 6) & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

uint32_t utf8_decode(const char *s, uint32_t *step)
{
    const unsigned char *u = (const unsigned char *)s;
    *step = utf8_step(u[0]);
    switch (*step) {
    case 2: return ((uint32_t)(u[0] & 0x1F) << 6) | (u[1] & 0x3F);
    case 3: return ((uint32_t)(u[0] & 0x0F) << 12) | ((uint32_t)(u[1] & 0x3F) << 6) | (u[2] & 0x3F);
    case 4:
        return ((uint32_t)(u[0] & 0x07) << 18) | ((uint32_t)(u[1] & 0x3F) << 12) | ((uint32_t)(u[2] & 0x3F) << 6) |
               (u[3] & 0x3F);
    default: return u[0];
    }
}
