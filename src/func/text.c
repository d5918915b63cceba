/* SPDX-License-Identifier: Apache-2.0 */
/* String functions that cut, measure and search: results are views of the argument where they can be. */
#include "func/kernels_int.h"
#include "func/text_int.h"

/* ---- lengths ---- */

bool fk_char_length(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        OUT(int32_t)[i] = (int32_t)utf8_length(str_data(s), s->len);
    }
    return true;
}

bool fk_bpchar_length(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        while (s.len && s.ptr[s.len - 1] == ' ')
            s.len--;
        OUT(int32_t)[i] = (int32_t)utf8_length(s.ptr, s.len);
    }
    return true;
}

bool fk_octet_length(FUNC_ARGS)
{
    const struct str *restrict s = arg[0].data;
    int32_t *restrict r = out->data;
    for (uint32_t i = 0; i < n; i++)
        r[i] = (int32_t)s[i].len;
    return true;
}

bool fk_bit_length(FUNC_ARGS)
{
    FOR_ROWS(i) { OUT(int32_t)[i] = (int32_t)(ARG(struct str, 0, i).len * 8); }
    return true;
}

/* ---- parts ---- */

static struct str part(struct strview s, size_t from, size_t to) { return str_make(s.ptr + from, to - from); }

/* Bytes that the first `chars` characters take, from a position on. */
static size_t skip_chars(struct strview s, size_t from, int64_t chars)
{
    while (chars > 0 && from < s.len) {
        from += utf8_step((unsigned char)s.ptr[from]);
        chars--;
    }
    return MIN_OF(from, s.len);
}

/* substring(s from start for length): positions before 1 count but hold nothing. */
static bool substring_range(int64_t start, const int32_t *length, int64_t *skip, int64_t *take, struct error *err)
{
    *skip = MAX_OF(start, 1) - 1;
    *take = INT64_MAX;
    if (!length)
        return true;
    if (*length < 0)
        return error_set(err, SQLSTATE_SUBSTRING_ERROR, "negative substring length not allowed");
    int64_t end = start + *length;
    if (end <= INT32_MAX)
        *take = MAX_OF(end - *skip - 1, 0);
    return true;
}

static bool substring_rows(FUNC_ARGS, bool bytes)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        const int32_t *length = call->nargs > 2 ? &ARG(int32_t, 2, i) : NULL;
        int64_t skip, take;
        if (!substring_range(ARG(int32_t, 1, i), length, &skip, &take, &errors->scratch)) {
            row_failed(errors, i);
            continue;
        }
        size_t from = bytes ? MIN_OF((size_t)skip, s.len) : skip_chars(s, 0, skip);
        size_t to = bytes ? from + MIN_OF((size_t)take, s.len - from) : skip_chars(s, from, take);
        OUT(struct str)[i] = part(s, from, to);
    }
    return true;
}
bool fk_substring(FUNC_ARGS) { return substring_rows(call, arg, n, sel, out, errors, err, false); }
bool fk_substring_bytes(FUNC_ARGS) { return substring_rows(call, arg, n, sel, out, errors, err, true); }

/* left(s, -k): all but the last k; right(s, -k): all but the first k. */
bool fk_left(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        int64_t k = ARG(int32_t, 1, i);
        if (k < 0)
            k = MAX_OF((int64_t)utf8_length(s.ptr, s.len) + k, 0);
        OUT(struct str)[i] = part(s, 0, skip_chars(s, 0, k));
    }
    return true;
}
bool fk_right(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        int64_t k = ARG(int32_t, 1, i);
        k = k < 0 ? -k : MAX_OF((int64_t)utf8_length(s.ptr, s.len) - k, 0);
        OUT(struct str)[i] = part(s, skip_chars(s, 0, k), s.len);
    }
    return true;
}

bool fk_strpos(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        int64_t at = text_find(s, 0, str_view(&ARG(struct str, 1, i)));
        OUT(int32_t)[i] = at < 0 ? 0 : (int32_t)utf8_length(s.ptr, (size_t)at) + 1;
    }
    return true;
}

bool fk_starts_with(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i)), p = str_view(&ARG(struct str, 1, i));
        OUT(uint8_t)[i] = p.len <= s.len && memcmp(s.ptr, p.ptr, p.len) == 0;
    }
    return true;
}

/* Field k (from 1; negative from the end) between separators. */
static struct str field_of(struct strview s, struct strview sep, int64_t k)
{
    int64_t fields = 1;
    size_t at = 0;
    if (s.len == 0)
        return str_make("", 0);
    if (sep.len == 0)
        return k == 1 || k == -1 ? str_make(s.ptr, s.len) : str_make("", 0);
    if (k < 0) {
        for (int64_t f = text_find(s, 0, sep); f >= 0; f = text_find(s, (size_t)f + sep.len, sep))
            fields++;
        k += fields + 1;
        if (k < 1)
            return str_make("", 0);
    }
    for (; k > 1; k--) {
        int64_t f = text_find(s, at, sep);
        if (f < 0)
            return str_make("", 0);
        at = (size_t)f + sep.len;
    }
    int64_t end = text_find(s, at, sep);
    return part(s, at, end < 0 ? s.len : (size_t)end);
}

bool fk_split_part(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        int32_t k = ARG(int32_t, 2, i);
        if (k == 0) {
            error_set(&errors->scratch, SQLSTATE_INVALID_PARAMETER_VALUE, "field position must not be zero");
            row_failed(errors, i);
            continue;
        }
        OUT(struct str)[i] = field_of(str_view(&ARG(struct str, 0, i)), str_view(&ARG(struct str, 1, i)), k);
    }
    return true;
}

/* ---- trimming ---- */

/* Whether the character at p (of step bytes) is one of the set. */
static bool in_set(struct strview set, const char *p, uint32_t step)
{
    for (size_t i = 0; i < set.len;) {
        uint32_t s = utf8_step((unsigned char)set.ptr[i]);
        if (s == step && memcmp(set.ptr + i, p, step) == 0)
            return true;
        i += s;
    }
    return false;
}

static bool trim_rows(FUNC_ARGS, bool front, bool back)
{
    FOR_ROWS(i)
    {
        struct strview s = str_view(&ARG(struct str, 0, i));
        struct strview set = call->nargs > 1 ? str_view(&ARG(struct str, 1, i)) : STRVIEW(" ");
        size_t from = 0, to = s.len;
        while (front && from < to) {
            uint32_t step = utf8_step((unsigned char)s.ptr[from]);
            if (!in_set(set, s.ptr + from, step))
                break;
            from += step;
        }
        while (back && to > from) {
            size_t at = to - 1;
            while (at > from && ((unsigned char)s.ptr[at] & 0xC0) == 0x80)
                at--;
            if (!in_set(set, s.ptr + at, (uint32_t)(to - at)))
                break;
            to = at;
        }
        OUT(struct str)[i] = part(s, from, to);
    }
    return true;
}
bool fk_btrim(FUNC_ARGS) { return trim_rows(call, arg, n, sel, out, errors, err, true, true); }
bool fk_ltrim(FUNC_ARGS) { return trim_rows(call, arg, n, sel, out, errors, err, true, false); }
bool fk_rtrim(FUNC_ARGS) { return trim_rows(call, arg, n, sel, out, errors, err, false, true); }

bool fk_ascii(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        uint32_t step;
        OUT(int32_t)[i] = s->len ? (int32_t)utf8_decode(str_data(s), &step) : 0;
    }
    return true;
}
