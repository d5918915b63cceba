/* SPDX-License-Identifier: Apache-2.0 */
/* String functions that build new strings: each row is put together in one buffer and copied to the result. */
#include "func/kernels_int.h"
#include "func/text_int.h"

#include <openssl/evp.h>

/* BUILD(call, arg, i, text, err): appends the row's result to text; false = the row fails. */
typedef bool (*build_row)(struct func_call *call, const struct vec *arg, uint32_t i, struct strbuf *text,
                          struct error *err);

static bool build_rows(FUNC_ARGS, build_row build)
{
    struct strbuf text;
    bool ok = true;
    strbuf_init(&text);
    FOR_ROWS(i)
    {
        strbuf_clear(&text);
        if (!build(call, arg, i, &text, &errors->scratch) ||
            (text.len > STR_LEN_MAX && !func_too_long(&errors->scratch)))
            row_failed(errors, i);
        else
            ok = call_str(call, text.data, text.len, &OUT(struct str)[i], err);
        if (!ok)
            break;
    }
    strbuf_release(&text);
    return ok;
}
#define DEFINE_BUILD(name)                                                                                             \
    bool fk_##name(FUNC_ARGS) { return build_rows(call, arg, n, sel, out, errors, err, build_##name); }
#define BUILD(name)                                                                                                    \
    static bool build_##name(struct func_call *call, const struct vec *arg, uint32_t i, struct strbuf *text,           \
                             struct error *err)
#define VIEW(j) str_view(&ARG(struct str, j, i))

BUILD(concat2)
{
    strbuf_add_view(text, VIEW(0));
    strbuf_add_view(text, VIEW(1));
    return true;
}
DEFINE_BUILD(concat2)

/* Any value as its text. */
static void add_any(struct func_call *call, const struct vec *arg, uint32_t j, uint32_t i, struct strbuf *text)
{
    oid_t type = call->arg_type[j].oid;
    if (type_is_string(type))
        strbuf_add_view(text, VIEW(j));
    else
        value_format(text, type, vec_value(&arg[j], i), call->ctx);
}
BUILD(concat)
{
    for (uint32_t j = 0; j < call->nargs; j++)
        if (!vec_is_null(&arg[j], i))
            add_any(call, arg, j, i, text);
    return true;
}
DEFINE_BUILD(concat)

BUILD(concat_ws)
{
    bool any = false;
    for (uint32_t j = 1; j < call->nargs; j++) {
        if (vec_is_null(&arg[j], i))
            continue;
        if (any)
            strbuf_add_view(text, VIEW(0));
        add_any(call, arg, j, i, text);
        any = true;
    }
    return true;
}
bool fk_concat_ws(FUNC_ARGS)
{
    if (!build_rows(call, arg, n, sel, out, errors, err, build_concat_ws))
        return false;
    for (uint32_t i = 0; arg[0].null && i < n; i++)
        if (vec_is_null(&arg[0], i) && !out_set_null(call, out, n, i, err))
            return false;
    return true;
}

BUILD(replace)
{
    struct strview s = VIEW(0), from = VIEW(1), to = VIEW(2);
    size_t at = 0;
    for (int64_t f; from.len && (f = text_find(s, at, from)) >= 0; at = (size_t)f + from.len) {
        strbuf_add(text, s.ptr + at, (size_t)f - at);
        strbuf_add_view(text, to);
        if (text->len > STR_LEN_MAX)
            return func_too_long(err);
    }
    strbuf_add(text, s.ptr + at, s.len - at);
    return true;
}
DEFINE_BUILD(replace)

BUILD(repeat)
{
    struct strview s = VIEW(0);
    int64_t times = MAX_OF(ARG(int32_t, 1, i), 0);
    if ((int64_t)s.len * times > STR_LEN_MAX)
        return func_too_long(err);
    strbuf_reserve(text, s.len * (size_t)times);
    for (int64_t k = 0; s.len && k < times; k++)
        strbuf_add_view(text, s);
    return true;
}
DEFINE_BUILD(repeat)

BUILD(reverse)
{
    struct strview s = VIEW(0);
    for (size_t to = s.len; to > 0;) {
        size_t at = to - 1;
        while (at > 0 && ((unsigned char)s.ptr[at] & 0xC0) == 0x80)
            at--;
        strbuf_add(text, s.ptr + at, to - at);
        to = at;
    }
    return true;
}
DEFINE_BUILD(reverse)

static size_t bytes_of_chars(struct strview s, size_t chars)
{
    size_t at = 0;
    while (chars-- && at < s.len)
        at += utf8_step((unsigned char)s.ptr[at]);
    return at;
}

static bool pad(struct func_call *call, const struct vec *arg, uint32_t i, struct strbuf *text, bool left,
                struct error *err)
{
    enum { ALLOC_MAX = 0x3FFFFFFF, BYTES_PER_CHAR = 4 };
    struct strview s = VIEW(0), fill = call->nargs > 2 ? VIEW(2) : STRVIEW(" ");
    size_t want = (size_t)MAX_OF(ARG(int32_t, 1, i), 0), have = utf8_length(s.ptr, s.len);
    if (fill.len == 0)
        want = MIN_OF(want, have);
    if (want * BYTES_PER_CHAR + 4 > ALLOC_MAX || want > STR_LEN_MAX)
        return func_too_long(err);
    if (have >= want) {
        strbuf_add(text, s.ptr, bytes_of_chars(s, want));
        return true;
    }
    size_t missing = want - have, fill_chars = utf8_length(fill.ptr, fill.len);
    if (!left)
        strbuf_add_view(text, s);
    for (; missing >= fill_chars; missing -= fill_chars)
        strbuf_add_view(text, fill);
    strbuf_add(text, fill.ptr, bytes_of_chars(fill, missing));
    if (left)
        strbuf_add_view(text, s);
    return true;
}
BUILD(lpad) { return pad(call, arg, i, text, true, err); }
BUILD(rpad) { return pad(call, arg, i, text, false, err); }
DEFINE_BUILD(lpad)
DEFINE_BUILD(rpad)

/* Characters of `from` become those at the same place in `to`, or vanish. */
BUILD(translate)
{
    struct strview s = VIEW(0), from = VIEW(1), to = VIEW(2);
    for (size_t at = 0; at < s.len;) {
        uint32_t step = utf8_step((unsigned char)s.ptr[at]);
        size_t f = 0, t = 0;
        while (f < from.len &&
               (utf8_step((unsigned char)from.ptr[f]) != step || memcmp(from.ptr + f, s.ptr + at, step) != 0)) {
            f += utf8_step((unsigned char)from.ptr[f]);
            t += t < to.len ? utf8_step((unsigned char)to.ptr[t]) : 0;
        }
        if (f >= from.len)
            strbuf_add(text, s.ptr + at, step);
        else if (t < to.len)
            strbuf_add(text, to.ptr + t, utf8_step((unsigned char)to.ptr[t]));
        at += step;
    }
    return true;
}
DEFINE_BUILD(translate)

BUILD(chr)
{
    char bytes[4];
    int32_t c = ARG(int32_t, 0, i);
    if (c < 0)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "character number must be positive");
    if (c == 0)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "null character not permitted");
    if (c > 0x10FFFF)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested character too large for encoding: %u",
                         (unsigned)c);
    if (c >= 0xD800 && c <= 0xDFFF)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested character not valid for encoding: %u",
                         (unsigned)c);
    strbuf_add(text, bytes, utf8_encode((uint32_t)c, bytes));
    return true;
}
DEFINE_BUILD(chr)

BUILD(to_hex4)
{
    strbuf_add_fmt(text, "%x", (unsigned)ARG(int32_t, 0, i));
    return true;
}
BUILD(to_hex8)
{
    strbuf_add_fmt(text, "%llx", (unsigned long long)ARG(int64_t, 0, i));
    return true;
}
DEFINE_BUILD(to_hex4)
DEFINE_BUILD(to_hex8)

BUILD(md5)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct strview s = VIEW(0);
    if (!EVP_Digest(s.ptr, s.len, digest, &len, EVP_md5(), NULL))
        return error_set(err, SQLSTATE_INTERNAL_ERROR, "could not compute MD5 hash: unsupported");
    for (unsigned k = 0; k < len; k++)
        strbuf_add_fmt(text, "%02x", digest[k]);
    return true;
}
DEFINE_BUILD(md5)

static void quote_literal(struct strbuf *text, struct strview s)
{
    if (s.len && memchr(s.ptr, '\\', s.len))
        strbuf_add_char(text, 'E');
    strbuf_add_char(text, '\'');
    for (size_t k = 0; k < s.len; k++) {
        if (s.ptr[k] == '\'' || s.ptr[k] == '\\')
            strbuf_add_char(text, s.ptr[k]);
        strbuf_add_char(text, s.ptr[k]);
    }
    strbuf_add_char(text, '\'');
}
BUILD(quote_literal)
{
    quote_literal(text, VIEW(0));
    return true;
}
DEFINE_BUILD(quote_literal)
BUILD(quote_nullable)
{
    if (vec_is_null(&arg[0], i))
        strbuf_add_cstr(text, "NULL");
    else
        quote_literal(text, VIEW(0));
    return true;
}
DEFINE_BUILD(quote_nullable)

static const char *const keywords[] = {
#include "func/keywords_int.h"
};
static bool is_keyword(struct strview s)
{
    for (size_t k = 0; k < ARRAY_LEN(keywords); k++)
        if (strview_equal_cstr(s, keywords[k]))
            return true;
    return false;
}
void func_quote_ident(struct strview s, struct strbuf *text)
{
    bool safe = s.len && ((s.ptr[0] >= 'a' && s.ptr[0] <= 'z') || s.ptr[0] == '_') && !is_keyword(s);
    for (size_t k = 0; k < s.len; k++)
        safe &= (s.ptr[k] >= 'a' && s.ptr[k] <= 'z') || char_is_digit(s.ptr[k]) || s.ptr[k] == '_';
    if (safe) {
        strbuf_add_view(text, s);
        return;
    }
    strbuf_add_char(text, '"');
    for (size_t k = 0; k < s.len; k++) {
        if (s.ptr[k] == '"')
            strbuf_add_char(text, '"');
        strbuf_add_char(text, s.ptr[k]);
    }
    strbuf_add_char(text, '"');
}
BUILD(quote_ident)
{
    func_quote_ident(VIEW(0), text);
    return true;
}
DEFINE_BUILD(quote_ident)
