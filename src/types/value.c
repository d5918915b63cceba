/* SPDX-License-Identifier: Apache-2.0 */
/* Type modifiers of single values. */
#include "types/value_int.h"

const struct value_ctx value_ctx_default = {.datetime = {.zone = NULL, .now = 0}, .extra_float_digits = 1};

enum { TYPMOD_HEADER = 4, NAME_MAX_BYTES = 63, TIME_DIGITS_MAX = 6 };

/* Bytes that the first n characters take. */
static size_t prefix_bytes(struct strview s, size_t n)
{
    size_t at = 0;
    for (; n > 0 && at < s.len; n--)
        at += utf8_step((unsigned char)s.ptr[at]);
    return MIN_OF(at, s.len);
}

/* Cuts to n characters. Without a cast only blanks may go. */
static bool cut_chars(struct str *s, size_t n, bool by_cast, const char *type_name, struct error *err)
{
    struct strview v = str_view(s);
    if (v.len <= n)
        return true;
    size_t keep = prefix_bytes(v, n);
    for (size_t i = keep; !by_cast && i < v.len; i++)
        if (v.ptr[i] != ' ')
            return error_set(err, SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s(%zu)", type_name,
                             n);
    if (keep < v.len) {
        struct str whole = *s; /* v may point into *s */
        *s = str_make(str_data(&whole), keep);
    }
    return true;
}

/* Fills up with blanks to n characters. */
static bool pad_chars(struct str *s, size_t n, struct arena *arena, struct error *err)
{
    struct strview v = str_view(s);
    size_t chars = utf8_length(v.ptr, v.len);
    if (chars >= n)
        return true;
    size_t bytes = v.len + (n - chars);
    char small[STR_INLINE], *copy = small;
    if (bytes > STR_LEN_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a value of %zu bytes is too long", bytes);
    if (bytes > STR_INLINE && !(copy = value_alloc(arena, bytes, err)))
        return false;
    if (v.len)
        memcpy(copy, v.ptr, v.len);
    memset(copy + v.len, ' ', n - chars);
    *s = str_make(copy, bytes);
    return true;
}

static void cut_name(struct str *s)
{
    struct strview v = str_view(s);
    if (v.len <= NAME_MAX_BYTES)
        return;
    size_t keep = NAME_MAX_BYTES;
    while (keep > 0 && ((unsigned char)v.ptr[keep] & 0xC0) == 0x80)
        keep--;
    *s = str_make(v.ptr, keep);
}

/* Rounds half up to the digits of time(p); may give 24:00:00. */
static void round_time(int64_t *us, int32_t digits)
{
    static const int64_t unit[TIME_DIGITS_MAX + 1] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    if (digits >= 0 && digits < TIME_DIGITS_MAX)
        *us = (*us + unit[digits] / 2) / unit[digits] * unit[digits];
}

bool value_apply_typmod(struct coltype type, bool by_cast, struct arena *arena, union datum *inout, struct error *err)
{
    if (type.oid == TYPE_NAME)
        cut_name(&inout->str);
    if (type.typmod < 0)
        return true;
    switch (type.oid) {
    case TYPE_VARCHAR:
        return type.typmod < TYPMOD_HEADER ||
               cut_chars(&inout->str, (size_t)(type.typmod - TYPMOD_HEADER), by_cast, "character varying", err);
    case TYPE_BPCHAR: {
        if (type.typmod < TYPMOD_HEADER)
            return true;
        size_t n = (size_t)(type.typmod - TYPMOD_HEADER);
        return cut_chars(&inout->str, n, by_cast, "character", err) && pad_chars(&inout->str, n, arena, err);
    }
    case TYPE_NUMERIC: return num_apply_typmod(&inout->num, type.typmod, arena, &inout->num, err);
    case TYPE_TIME: round_time(&inout->i64, type.typmod); return true;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ: return timestamp_apply_typmod(&inout->i64, type.typmod, err);
    case TYPE_INTERVAL: return interval_apply_typmod(&inout->interval, type.typmod, err);
    default: return true;
    }
}
