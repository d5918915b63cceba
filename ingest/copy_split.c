/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/copy_split_int.h"

#include <stdlib.h>

#include "ingest/field_int.h"

enum { LINE_MAX_BYTES = 1 << 30 };

void splitter_init(struct splitter *s, const struct copy_options *options)
{
    memset(s, 0, sizeof *s);
    s->scan = KERNEL_PICK(scan_kernels);
    s->csv = options->csv;
    s->delimiter = options->delimiter;
    s->quote = options->quote;
    s->escape = options->escape;
    s->null = xstrdup(options->null);
    s->null_len = strlen(options->null);
    s->special[0] = s->delimiter;
    s->special[1] = '\n';
    s->special[2] = '\r';
    s->special[3] = s->csv ? s->quote : '\\';
    s->special[4] = s->csv ? s->escape : '\\';
    arena_init(&s->arena, NULL);
}

void splitter_release(struct splitter *s)
{
    arena_release(&s->arena);
    free((char *)(uintptr_t)s->null);
    free(s->buf);
    free(s->index);
    free(s->field);
}

void splitter_reset(struct splitter *s)
{
    s->from = s->fill = s->indexed = s->nindex = s->at = s->retry = 0;
    s->suspicious = s->ended = s->line_known = false;
}

void splitter_put(struct splitter *s, const char *data, size_t len)
{
    if (s->from) {
        s->fill -= s->from;
        memmove(s->buf, s->buf + s->from, s->fill);
        for (size_t i = s->at; i < s->nindex; i++)
            s->index[i - s->at] = s->index[i] - (uint32_t)s->from;
        s->nindex -= s->at;
        s->indexed -= s->from;
        s->retry -= MIN_OF(s->from, s->retry);
        s->at = s->from = 0;
    }
    size_t need = size_add(size_add(s->fill, len), SCAN_PAD);
    if (need > s->cap) {
        s->cap = MAX_OF(need, s->cap * 2);
        s->buf = xrealloc(s->buf, s->cap);
    }
    if (len)
        memcpy(s->buf + s->fill, data, len);
    if (!s->suspicious && len)
        s->suspicious = s->scan->find_high(data, data + len) != data + len || memchr(data, 0, len);
    s->fill += len;
    memset(s->buf + s->fill, 0, SCAN_PAD);
    if (s->nindex + len > s->index_cap) {
        s->index_cap = MAX_OF(s->nindex + len, s->index_cap * 2);
        s->index = xrealloc(s->index, size_mul(s->index_cap, sizeof *s->index));
    }
    s->nindex += s->scan->index5(s->buf + s->indexed, s->fill - s->indexed, (uint32_t)s->indexed, s->special,
                                 s->index + s->nindex);
    s->indexed = s->fill;
}

static struct copy_field *add_field(struct splitter *s)
{
    if (s->nfield == s->field_cap) {
        s->field_cap = MAX_OF(2 * s->field_cap, 64u);
        s->field = xrealloc(s->field, size_mul(s->field_cap, sizeof *s->field));
    }
    return &s->field[s->nfield++];
}

static bool is_null_string(const struct splitter *s, const char *ptr, size_t len)
{
    return len == s->null_len && memcmp(ptr, s->null, len) == 0;
}

/* ---- line ends ---- */

enum eol { EOL_HERE, EOL_WAIT, EOL_BAD };

/* buf[pos] is \n or \r outside quotes. *next: where the next line begins. */
static enum eol take_eol(struct splitter *s, size_t pos, bool final, size_t *next, struct error *err)
{
    const char *kind = s->csv ? "unquoted" : "literal";

    *next = pos + 1;
    if (s->buf[pos] == '\n') {
        if (s->eol == EOL_CR || s->eol == EOL_CRNL) {
            error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "%s newline found in data", kind);
            if (s->csv)
                error_hint(err, "Use quoted CSV field to represent newline.");
            else
                error_hint(err, "Use \"\\n\" to represent newline.");
            return EOL_BAD;
        }
        s->eol = EOL_NL;
        return EOL_HERE;
    }
    if (s->eol == EOL_UNKNOWN || s->eol == EOL_CRNL) {
        if (pos + 1 == s->fill && !final)
            return EOL_WAIT;
        if (pos + 1 < s->fill && s->buf[pos + 1] == '\n') {
            s->eol = EOL_CRNL;
            *next = pos + 2;
            return EOL_HERE;
        }
    }
    if (s->eol == EOL_NL || s->eol == EOL_CRNL) {
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "%s carriage return found in data", kind);
        if (s->csv)
            error_hint(err, "Use quoted CSV field to represent carriage return.");
        else
            error_hint(err, "Use \"\\r\" to represent carriage return.");
        return EOL_BAD;
    }
    s->eol = EOL_CR;
    return EOL_HERE;
}

/* At buf[pos] is `\.`. What follows decides whether it ends the data. */
enum marker { MARKER_END, MARKER_WAIT, MARKER_DATA, MARKER_BAD };
static enum marker take_marker(struct splitter *s, size_t pos, bool final, struct error *err)
{
    size_t after = pos + 2;
    char c = after < s->fill ? s->buf[after] : '\0';

    if (after >= s->fill && !final)
        return MARKER_WAIT;
    if (c != '\n' && c != '\r') {
        if (s->csv)
            return MARKER_DATA;
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "end-of-copy marker corrupt");
        return MARKER_BAD;
    }
    bool wrong = c == '\n' ? s->eol == EOL_CR || s->eol == EOL_CRNL : s->eol == EOL_NL;
    if (c == '\r' && s->eol == EOL_CRNL) {
        if (after + 1 >= s->fill && !final)
            return MARKER_WAIT;
        wrong = after + 1 >= s->fill || s->buf[after + 1] != '\n';
    }
    if (!wrong)
        return MARKER_END;
    error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "end-of-copy marker does not match previous newline style");
    return MARKER_BAD;
}

/* ---- text ---- */

static uint32_t hex_value(char c)
{
    return c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)(char_lower(c) - 'a' + 10);
}
static bool is_hex(char c) { return char_is_digit(c) || (char_lower(c) >= 'a' && char_lower(c) <= 'f'); }

/* The byte behind a backslash; p at the character after it, *p advanced behind what was taken. */
static char unescape_one(const char **p, const char *end, bool *check)
{
    char c = *(*p)++;
    uint32_t v;

    switch (c) {
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
        v = (uint32_t)(c - '0');
        for (int i = 0; i < 2 && *p < end && **p >= '0' && **p <= '7'; i++)
            v = v * 8 + (uint32_t)(*(*p)++ - '0');
        break;
    case 'x':
        if (*p >= end || !is_hex(**p))
            return 'x';
        v = hex_value(*(*p)++);
        if (*p < end && is_hex(**p))
            v = v * 16 + hex_value(*(*p)++);
        break;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return c;
    }
    v &= 0xFF;
    *check |= v == 0 || v > 0x7F;
    return (char)v;
}

/* A field whose escapes make no valid text is an error of the whole line, told once the line is complete. */
static void end_text_field(struct splitter *s, const char *begin, const char *end, bool escaped)
{
    struct copy_field *f = add_field(s);
    bool check = false;
    size_t bad;

    *f = (struct copy_field){begin, (uint32_t)(end - begin), is_null_string(s, begin, (size_t)(end - begin))};
    if (!escaped || f->is_null)
        return;
    char *out = arena_alloc(&s->arena, (size_t)(end - begin) + 1), *to = out;
    for (const char *p = begin; p < end;) {
        if (*p != '\\')
            *to++ = *p++;
        else if (++p < end)
            *to++ = unescape_one(&p, end, &check);
    }
    f->ptr = out;
    f->len = (uint32_t)(to - out);
    if (check && !utf8_valid(out, f->len, &bad) && !s->bad_field) {
        s->bad_field = s->nfield;
        s->bad_at = (uint32_t)bad;
    }
}

static enum split_result text_line(struct splitter *s, bool final, size_t *end, size_t *next, struct error *err)
{
    const char *buf = s->buf, *begin = buf + s->from;
    bool escaped = false;

    for (size_t i = s->at; i < s->nindex; i++) {
        size_t pos = s->index[i];
        char c = buf[pos];
        if (c == '\\') {
            if (pos + 1 >= s->fill && !final)
                return SPLIT_MORE;
            if (pos + 1 < s->fill && buf[pos + 1] == '.') {
                enum marker m = take_marker(s, pos, final, err);
                if (m == MARKER_WAIT || m == MARKER_BAD)
                    return m == MARKER_WAIT ? SPLIT_MORE : SPLIT_ERROR;
                s->ended = true;
                *end = *next = pos;
                if (pos == s->from)
                    return SPLIT_END;
                end_text_field(s, begin, buf + pos, escaped);
                return SPLIT_LINE;
            }
            escaped = true;
            i += i + 1 < s->nindex && s->index[i + 1] == pos + 1;
        } else if (c == s->delimiter) {
            end_text_field(s, begin, buf + pos, escaped);
            begin = buf + pos + 1;
            escaped = false;
        } else {
            enum eol eol = take_eol(s, pos, final, next, err);
            if (eol != EOL_HERE)
                return eol == EOL_WAIT ? SPLIT_MORE : SPLIT_ERROR;
            *end = pos;
            s->at = i + 1 + (*next == pos + 2);
            end_text_field(s, begin, buf + pos, escaped);
            return SPLIT_LINE;
        }
    }
    if (!final)
        return SPLIT_MORE;
    *end = *next = s->fill;
    s->at = s->nindex;
    end_text_field(s, begin, buf + s->fill, escaped);
    return SPLIT_LINE;
}

/* ---- csv ---- */

struct csv_state {
    const char *begin; /* of the field */
    bool quoted;       /* a quote was seen */
    bool complex;      /* more than one quoted run around the whole field */
    const char *close; /* closing quote of the first run, NULL = not yet */
};

static void end_csv_field(struct splitter *s, const struct csv_state *st, const char *end)
{
    struct copy_field *f = add_field(s);

    if (!st->quoted) {
        *f = (struct copy_field){st->begin, (uint32_t)(end - st->begin),
                                 is_null_string(s, st->begin, (size_t)(end - st->begin))};
        return;
    }
    if (!st->complex && st->close == end - 1) {
        *f = (struct copy_field){st->begin + 1, (uint32_t)(st->close - st->begin - 1), false};
        return;
    }
    char *out = arena_alloc(&s->arena, (size_t)(end - st->begin) + 1), *to = out;
    bool in_quote = false;
    for (const char *p = st->begin; p < end; p++) {
        if (in_quote && *p == s->escape && p + 1 < end && (p[1] == s->escape || p[1] == s->quote))
            *to++ = *++p;
        else if (*p == s->quote)
            in_quote = !in_quote;
        else
            *to++ = *p;
    }
    *f = (struct copy_field){out, (uint32_t)(to - out), false};
}

/* A special byte inside quotes; returns how many index entries more it took. */
static size_t in_quotes(struct splitter *s, struct csv_state *st, size_t i, bool *in_quote)
{
    size_t pos = s->index[i];
    char c = s->buf[pos], after = pos + 1 < s->fill ? s->buf[pos + 1] : '\0';
    bool pair = i + 1 < s->nindex && s->index[i + 1] == pos + 1;

    if (c == s->escape && (after == s->quote || after == s->escape)) {
        st->complex = true;
        return pair;
    }
    if (c == s->quote) {
        *in_quote = false;
        if (!st->close)
            st->close = s->buf + pos;
    } else if (c == (s->eol == EOL_NL ? '\n' : '\r')) {
        s->line_no++;
    }
    return 0;
}

static enum split_result csv_line(struct splitter *s, bool final, size_t *end, size_t *next, struct error *err)
{
    const char *buf = s->buf;
    struct csv_state st = {.begin = buf + s->from};
    uint64_t line_no = s->line_no;
    bool in_quote = false;

    if (buf[s->from] == '\\' && s->from + 1 >= s->fill && !final)
        return SPLIT_MORE;
    if (buf[s->from] == '\\' && s->from + 1 < s->fill && buf[s->from + 1] == '.') {
        enum marker m = take_marker(s, s->from, final, err);
        if (m == MARKER_END) {
            s->ended = true;
            return SPLIT_END;
        }
        if (m != MARKER_DATA)
            return m == MARKER_WAIT ? SPLIT_MORE : SPLIT_ERROR;
    }
    for (size_t i = s->at; i < s->nindex; i++) {
        size_t pos = s->index[i];
        char c = buf[pos];
        if (in_quote) {
            /* Whether a quote is doubled shows in the byte after it. */
            if (pos + 1 >= s->fill && !final)
                break;
            i += in_quotes(s, &st, i, &in_quote);
        } else if (c == s->delimiter) {
            end_csv_field(s, &st, buf + pos);
            st = (struct csv_state){.begin = buf + pos + 1};
        } else if (c == s->quote) {
            in_quote = true;
            st.complex |= st.quoted || buf + pos != st.begin;
            st.quoted = true;
        } else if (c == '\n' || c == '\r') {
            enum eol eol = take_eol(s, pos, final, next, err);
            if (eol != EOL_HERE) {
                if (eol == EOL_WAIT)
                    s->line_no = line_no;
                return eol == EOL_WAIT ? SPLIT_MORE : SPLIT_ERROR;
            }
            *end = pos;
            s->at = i + 1 + (*next == pos + 2);
            end_csv_field(s, &st, buf + pos);
            return SPLIT_LINE;
        }
    }
    if (!final) {
        s->line_no = line_no;
        return SPLIT_MORE;
    }
    *end = *next = s->fill;
    s->at = s->nindex;
    if (in_quote) {
        s->line = strview_make(buf + s->from, s->fill - s->from);
        s->line_known = true;
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
        return SPLIT_ERROR;
    }
    end_csv_field(s, &st, buf + s->fill);
    return SPLIT_LINE;
}

/* ---- lines ---- */

enum split_result splitter_line(struct splitter *s, bool final, struct error *err)
{
    size_t end = 0, next = 0, bad;
    int eol = (int)s->eol;

    s->line_known = false;
    if (s->ended)
        return SPLIT_END;
    if (s->from == s->fill)
        return final ? SPLIT_END : SPLIT_MORE;
    if (!final && s->fill < s->retry)
        return SPLIT_MORE;
    s->nfield = s->bad_field = 0;
    if (s->arena.block)
        arena_reset(&s->arena);
    s->line_no++;
    size_t at = s->at;
    enum split_result r = s->csv ? csv_line(s, final, &end, &next, err) : text_line(s, final, &end, &next, err);
    if (r == SPLIT_MORE) {
        s->line_no--;
        s->at = at;
        s->eol = (unsigned)eol;
        s->retry = s->fill + (s->fill - s->from) / 2;
        if (s->fill - s->from > LINE_MAX_BYTES) {
            error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "COPY line is longer than %d bytes", LINE_MAX_BYTES);
            return SPLIT_ERROR;
        }
        return r;
    }
    if (r != SPLIT_LINE)
        return r;
    s->line = strview_make(s->buf + s->from, end - s->from);
    if (s->suspicious && !utf8_valid(s->line.ptr, s->line.len, &bad)) {
        field_utf8_error(s->line.ptr + bad, s->line.len - bad, err);
        return SPLIT_ERROR;
    }
    s->line_known = true;
    s->from = next;
    if (s->bad_field) {
        const struct copy_field *f = &s->field[s->bad_field - 1];
        field_utf8_error(f->ptr + s->bad_at, f->len - s->bad_at, err);
        return SPLIT_ERROR;
    }
    return SPLIT_LINE;
}
