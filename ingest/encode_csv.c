/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/copy.h"

static void put_text(struct strbuf *out, const struct copy_options *o, struct strview v)
{
    size_t from = 0;

    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i], letter;
        switch (c) {
        case '\b': letter = 'b'; break;
        case '\f': letter = 'f'; break;
        case '\n': letter = 'n'; break;
        case '\r': letter = 'r'; break;
        case '\t': letter = 't'; break;
        case '\v': letter = 'v'; break;
        default:
            if (c != '\\' && c != o->delimiter)
                continue;
            letter = c;
        }
        strbuf_add(out, v.ptr + from, i - from);
        strbuf_add_char(out, '\\');
        strbuf_add_char(out, letter);
        from = i + 1;
    }
    strbuf_add(out, v.ptr + from, v.len - from);
}

static bool needs_quotes(const struct copy_options *o, struct strview v, bool single)
{
    if (strview_equal_cstr(v, o->null) || (single && strview_equal_cstr(v, "\\.")))
        return true;
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] == o->delimiter || v.ptr[i] == o->quote || v.ptr[i] == '\n' || v.ptr[i] == '\r')
            return true;
    return false;
}

static void put_csv(struct strbuf *out, const struct copy_options *o, struct strview v, bool force, bool single)
{
    if (!force && !needs_quotes(o, v, single)) {
        strbuf_add_view(out, v);
        return;
    }
    strbuf_add_char(out, o->quote);
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] == o->quote || v.ptr[i] == o->escape)
            strbuf_add_char(out, o->escape);
        strbuf_add_char(out, v.ptr[i]);
    }
    strbuf_add_char(out, o->quote);
}

void copy_encode_row(struct strbuf *out, const struct copy_options *o, const struct strview *value, uint32_t ncolumn)
{
    for (uint32_t i = 0; i < ncolumn; i++) {
        if (i)
            strbuf_add_char(out, o->delimiter);
        if (!value[i].ptr)
            strbuf_add_cstr(out, o->null);
        else if (o->csv)
            put_csv(out, o, value[i], o->force_quote_all || (o->force_quote && o->force_quote[i]), ncolumn == 1);
        else
            put_text(out, o, value[i]);
    }
    strbuf_add_char(out, '\n');
}

void copy_encode_header(struct strbuf *out, const struct copy_options *o, const struct strview *name, uint32_t ncolumn)
{
    for (uint32_t i = 0; i < ncolumn; i++) {
        if (i)
            strbuf_add_char(out, o->delimiter);
        if (o->csv)
            put_csv(out, o, name[i], false, ncolumn == 1);
        else
            put_text(out, o, name[i]);
    }
    strbuf_add_char(out, '\n');
}
