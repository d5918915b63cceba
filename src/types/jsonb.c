/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonb's binary form, version 1, and reading it. Little-endian, no alignment, no padding. A value is a tag byte and
 * what follows it; its length comes from outside (the column's string, or the container's offsets), so any part of a
 * value is a value by itself and is handed out as a view.
 *
 *   tag bits 0..2   kind (enum jsonb_kind)
 *   null, false, true   nothing follows; the other bits are 0
 *   number, inline      bits 3..6: n = 0..8; bit 7: a scale byte (1..18) comes first; then the n low bytes of the
 *                       mantissa in two's complement, n being the least that keeps its value
 *   number, long        bits 3..6: 9; u8 sign, u16 display scale, i32 exponent, ASCII digits d1 d2 … without leading
 *                       and trailing zeros: 0.d1d2… × 10^exponent. Only for what does not fit inline
 *   string              bytes, UTF-8 without NUL
 *   array               bits 3..4: offset width w = 1, 2, 4 as 0, 1, 2; count; count end offsets; elements
 *   object              the same width; count; count end offsets of keys; count end offsets of values; key bytes;
 *                       values. Keys are sorted by length, then bytes, and differ
 *
 * count and offsets take w bytes; an end offset counts from the first element, key or value. w is the least that holds
 * the largest of the count and the areas' sizes. So equal values have equal bytes, but for numbers, where 1.0 and 1.00
 * are equal and differ in scale.
 */
#include "types/jsonb_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum jsonb_kind jsonb_kind(struct strview jsonb) { return jsonb_tag_kind(jsonb); }

static bool is_container(enum jsonb_kind kind) { return kind == JSONB_ARRAY || kind == JSONB_OBJECT; }

struct strview jsonb_slice(const char *base, const char *ends, uint32_t width, uint32_t i)
{
    uint32_t from = i ? jsonb_load(ends + (size_t)(i - 1) * width, width) : 0;
    uint32_t to = jsonb_load(ends + (size_t)i * width, width);
    assert(from <= to);
    return strview_make(base + from, to - from);
}

void jsonb_open(struct strview container, struct jsonb_container *out)
{
    enum jsonb_kind kind = jsonb_tag_kind(container);
    uint32_t w = 1u << ((uint8_t)container.ptr[0] >> JSONB_TAG_SHIFT);
    assert(is_container(kind) && w <= 4);
    const char *p = container.ptr + 1;
    out->width = w;
    out->count = jsonb_load(p, w);
    out->ends = p + w;
    size_t table = (size_t)out->count * w;
    out->val_ends = NULL;
    out->values = NULL;
    if (kind == JSONB_ARRAY) {
        out->body = out->ends + table;
        return;
    }
    out->val_ends = out->ends + table;
    out->body = out->val_ends + table;
    out->values = out->body + (out->count ? jsonb_load(out->ends + table - w, w) : 0);
}

uint32_t jsonb_count(struct strview container)
{
    struct jsonb_container c;
    if (!is_container(jsonb_tag_kind(container)))
        return 0;
    jsonb_open(container, &c);
    return c.count;
}

int64_t jsonb_find_key(const struct jsonb_container *object, struct strview key)
{
    uint32_t lo = 0, hi = object->count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = jsonb_key_compare(key, jsonb_element(object, mid));
        if (c == 0)
            return mid;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return -1;
}

bool jsonb_get_key(struct strview container, struct strview key, struct arena *arena, struct strview *out)
{
    struct jsonb_container c;
    (void)arena;
    if (jsonb_tag_kind(container) != JSONB_OBJECT)
        return false;
    jsonb_open(container, &c);
    int64_t i = jsonb_find_key(&c, key);
    if (i < 0)
        return false;
    *out = jsonb_value(&c, (uint32_t)i);
    return true;
}

bool jsonb_get_index(struct strview container, int64_t index, struct arena *arena, struct strview *out)
{
    struct jsonb_container c;
    enum jsonb_kind kind = jsonb_tag_kind(container);
    (void)arena;
    if (kind == JSONB_OBJECT)
        return false;
    if (kind != JSONB_ARRAY) {
        /* A scalar by itself counts as an array of one, as in PostgreSQL. */
        *out = container;
        return index == 0 || index == -1;
    }
    jsonb_open(container, &c);
    if (index < 0)
        index += c.count;
    if (index < 0 || index >= (int64_t)c.count)
        return false;
    *out = jsonb_element(&c, (uint32_t)index);
    return true;
}

/* An array index in a path: an int with white space allowed before it, nothing after. */
static bool path_index(struct strview text, int64_t *out)
{
    char copy[32], *end;
    text = strview_make(text.ptr, text.len);
    while (text.len && char_is_space(text.ptr[0]))
        text = strview_make(text.ptr + 1, text.len - 1);
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    errno = 0;
    *out = strtoll(copy, &end, 10);
    return errno == 0 && end != copy && *end == '\0' && *out >= INT32_MIN && *out <= INT32_MAX;
}

bool jsonb_get_path(struct strview jsonb, const struct strview *path, uint32_t npath, struct arena *arena,
                    struct strview *out)
{
    int64_t index;
    for (uint32_t i = 0; i < npath; i++) {
        switch (jsonb_tag_kind(jsonb)) {
        case JSONB_OBJECT:
            if (!jsonb_get_key(jsonb, path[i], arena, &jsonb))
                return false;
            break;
        case JSONB_ARRAY:
            if (!path_index(path[i], &index) || !jsonb_get_index(jsonb, index, arena, &jsonb))
                return false;
            break;
        default: return false;
        }
    }
    *out = jsonb;
    return true;
}

void jsonb_pair(struct strview object, uint32_t i, struct strview *key, struct strview *value)
{
    struct jsonb_container c;
    jsonb_open(object, &c);
    assert(i < c.count);
    if (jsonb_tag_kind(object) == JSONB_ARRAY) {
        *key = strview_make(NULL, 0);
        *value = jsonb_element(&c, i);
        return;
    }
    *key = jsonb_element(&c, i);
    *value = jsonb_value(&c, i);
}

/* ---- text ---- */

/* Appends characters without a call each. */
static inline void add_short(struct strbuf *out, const char *text, size_t len)
{
    strbuf_reserve(out, len);
    memcpy(out->data + out->len, text, len);
    out->len += len;
    out->data[out->len] = '\0';
}

static void quote_escape(struct strbuf *out, unsigned char c)
{
    static const char short_escape[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c >= 0x20 || short_escape[c]) {
        char escape[2] = {'\\', c >= 0x20 ? (char)c : short_escape[c]};
        strbuf_add(out, escape, 2);
    } else {
        strbuf_add_fmt(out, "\\u%04x", c);
    }
}

void json_quote(struct strbuf *out, struct strview text)
{
    const char *p = text.ptr, *end = p + text.len;
    strbuf_reserve(out, text.len + 2);
    out->data[out->len++] = '"';
    for (;;) {
        const char *plain = text.len ? json_plain_end(p, end) : end;
        strbuf_reserve(out, (size_t)(plain - p) + 1);
        if (plain > p)
            memcpy(out->data + out->len, p, (size_t)(plain - p));
        out->len += (size_t)(plain - p);
        if (plain == end)
            break;
        quote_escape(out, (unsigned char)*plain);
        p = plain + 1;
    }
    out->data[out->len++] = '"';
    out->data[out->len] = '\0';
}

static void format_container(struct strbuf *out, struct strview v, bool object)
{
    struct jsonb_container c;
    jsonb_open(v, &c);
    strbuf_add_char(out, object ? '{' : '[');
    for (uint32_t i = 0; i < c.count; i++) {
        if (i)
            add_short(out, ", ", 2);
        if (object) {
            json_quote(out, jsonb_element(&c, i));
            add_short(out, ": ", 2);
        }
        jsonb_format(out, object ? jsonb_value(&c, i) : jsonb_element(&c, i));
    }
    strbuf_add_char(out, object ? '}' : ']');
}

void jsonb_format(struct strbuf *out, struct strview jsonb)
{
    struct jsonb_number number;
    switch (jsonb_tag_kind(jsonb)) {
    case JSONB_NULL: add_short(out, "null", 4); break;
    case JSONB_FALSE: add_short(out, "false", 5); break;
    case JSONB_TRUE: add_short(out, "true", 4); break;
    case JSONB_NUMBER:
        jsonb_number_read(jsonb, &number);
        jsonb_number_format(out, &number);
        break;
    case JSONB_STRING: json_quote(out, strview_make(jsonb.ptr + 1, jsonb.len - 1)); break;
    case JSONB_ARRAY: format_container(out, jsonb, false); break;
    case JSONB_OBJECT: format_container(out, jsonb, true); break;
    }
}

bool jsonb_as_text(struct strview jsonb, struct strbuf *out)
{
    enum jsonb_kind kind = jsonb_tag_kind(jsonb);
    if (kind == JSONB_NULL)
        return false;
    if (kind == JSONB_STRING)
        strbuf_add(out, jsonb.ptr + 1, jsonb.len - 1);
    else
        jsonb_format(out, jsonb);
    return true;
}

/* ---- untrusted bytes ---- */

static bool check_value(struct strview v, uint32_t depth);

/* End offsets that grow from 0 (strictly, if min is 1) and end within `room`; *end = the last. */
static bool check_ends(const char *ends, uint32_t count, uint32_t w, uint64_t room, uint32_t min, uint32_t *end)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t to = jsonb_load(ends + (size_t)i * w, w);
        if (to < last || to - last < min || to > room)
            return false;
        last = to;
    }
    *end = last;
    return true;
}

static bool check_string(struct strview s) { return s.len <= JSONB_BYTES_MAX && utf8_valid(s.ptr, s.len, NULL); }

static bool check_keys(const struct jsonb_container *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (!check_string(jsonb_element(c, i)))
            return false;
        if (i && jsonb_key_compare(jsonb_element(c, i - 1), jsonb_element(c, i)) >= 0)
            return false;
    }
    return true;
}

static bool check_container(struct strview v, bool object, uint32_t depth)
{
    uint32_t w_code = (uint8_t)v.ptr[0] >> JSONB_TAG_SHIFT, w = 1u << (w_code & 3);
    uint32_t keys = 0, values = 0, count;
    struct jsonb_container c;
    if (w_code > 2 || depth >= JSONB_DEPTH_MAX || v.len < 1 + w || v.len > JSONB_BYTES_MAX)
        return false;
    count = jsonb_load(v.ptr + 1, w);
    uint64_t table = (uint64_t)count * w * (object ? 2 : 1);
    if (table > v.len - 1 - w)
        return false;
    uint64_t room = v.len - 1 - w - table;
    if (object) {
        if (!check_ends(v.ptr + 1 + w, count, w, room, 0, &keys) ||
            !check_ends(v.ptr + 1 + w + table / 2, count, w, room, 1, &values))
            return false;
    } else if (!check_ends(v.ptr + 1 + w, count, w, room, 1, &values)) {
        return false;
    }
    if ((uint64_t)keys + values != room || jsonb_width(MAX_OF(MAX_OF(keys, values), count)) != w)
        return false;
    jsonb_open(v, &c);
    if (object && !check_keys(&c))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!check_value(object ? jsonb_value(&c, i) : jsonb_element(&c, i), depth + 1))
            return false;
    return true;
}

static bool check_value(struct strview v, uint32_t depth)
{
    if (v.len == 0)
        return false;
    switch ((uint8_t)v.ptr[0] & JSONB_TAG_KIND) {
    case JSONB_NULL:
    case JSONB_FALSE:
    case JSONB_TRUE: return v.len == 1 && ((uint8_t)v.ptr[0] >> JSONB_TAG_SHIFT) == 0;
    case JSONB_NUMBER: return jsonb_number_check(v);
    case JSONB_STRING:
        return ((uint8_t)v.ptr[0] >> JSONB_TAG_SHIFT) == 0 && check_string(strview_make(v.ptr + 1, v.len - 1));
    case JSONB_ARRAY: return check_container(v, false, depth);
    case JSONB_OBJECT: return check_container(v, true, depth);
    default: return false;
    }
}

bool jsonb_check(struct strview jsonb, struct error *err)
{
    if (check_value(jsonb, 0))
        return true;
    return error_set(err, SQLSTATE_DATA_CORRUPTED, "damaged jsonb value");
}
