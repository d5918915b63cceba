/* SPDX-License-Identifier: Apache-2.0 */
/* lower, upper, initcap by LC_CTYPE=C.UTF-8, as PostgreSQL does with towlower_l and towupper_l. */
#include "func/kernels_int.h"
#include "func/text_int.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

static locale_t utf8_locale; /* 0 = not there: only ASCII letters have case */
static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static void open_locale(void) { utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

static ALWAYS_INLINE char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

static void map_ascii(char *to, const char *from, size_t len, enum case_mapping mapping)
{
    bool in_word = false;
    if (mapping == CASE_LOWER || mapping == CASE_LOWER_ASCII)
        for (size_t i = 0; i < len; i++)
            to[i] = char_lower(from[i]);
    else if (mapping == CASE_UPPER)
        for (size_t i = 0; i < len; i++)
            to[i] = ascii_upper(from[i]);
    else
        for (size_t i = 0; i < len; i++) {
            to[i] = in_word ? char_lower(from[i]) : ascii_upper(from[i]);
            in_word = char_is_digit(from[i]) || (char_lower(from[i]) >= 'a' && char_lower(from[i]) <= 'z');
        }
}

static bool is_ascii(struct strview s)
{
    unsigned char any = 0;
    for (size_t i = 0; i < s.len; i++)
        any |= (unsigned char)s.ptr[i];
    return any < 0x80;
}

void text_map_case(struct strbuf *out, struct strview s, enum case_mapping mapping)
{
    bool in_word = false;
    pthread_once(&locale_once, open_locale);
    strbuf_reserve(out, s.len);
    if (mapping == CASE_LOWER_ASCII || !utf8_locale || is_ascii(s)) {
        map_ascii(out->data + out->len, s.ptr, s.len, mapping);
        out->len += s.len;
        if (out->cap)
            out->data[out->len] = '\0';
        return;
    }
    for (size_t i = 0; i < s.len;) {
        uint32_t step;
        char bytes[4];
        wint_t c = (wint_t)utf8_decode(s.ptr + i, &step);
        bool upper = mapping == CASE_UPPER || (mapping == CASE_INITCAP && !in_word);
        wint_t mapped = upper ? towupper_l(c, utf8_locale) : towlower_l(c, utf8_locale);
        in_word = mapping == CASE_INITCAP && iswalnum_l(mapped, utf8_locale);
        strbuf_add(out, bytes, utf8_encode((uint32_t)mapped, bytes));
        i += step;
    }
}

static bool map_rows(FUNC_ARGS, enum case_mapping mapping)
{
    struct strbuf text;
    bool ok = true;
    strbuf_init(&text);
    FOR_ROWS(i)
    {
        strbuf_clear(&text);
        text_map_case(&text, str_view(&ARG(struct str, 0, i)), mapping);
        ok = call_str(call, text.data, text.len, &OUT(struct str)[i], err);
        if (!ok)
            break;
    }
    strbuf_release(&text);
    return ok;
}
bool fk_lower(FUNC_ARGS) { return map_rows(call, arg, n, sel, out, errors, err, CASE_LOWER); }
bool fk_upper(FUNC_ARGS) { return map_rows(call, arg, n, sel, out, errors, err, CASE_UPPER); }
bool fk_initcap(FUNC_ARGS) { return map_rows(call, arg, n, sel, out, errors, err, CASE_INITCAP); }
