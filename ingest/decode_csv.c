/* SPDX-License-Identifier: Apache-2.0 */
/* COPY FROM in text and csv, and messages of one csv record. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ingest/copy_split_int.h"
#include "ingest/decode_int.h"

enum { CONTEXT_LINE_MAX = 100, DETAIL_VALUE_MAX = 64 };

struct copy_decoder {
    struct decode_spec *spec;
    struct copy_options options;
    struct splitter splitter;
    struct copy_sink sink;
    struct arena arena;
    struct field_ctx ctx;
    struct value_ctx value_ctx;
    struct row_filler filler;
    uint32_t ncolumn;
    uint32_t *column; /* [ncolumn] attnum - 1 in input order */
    bool *force_not_null, *force_null;
    bool header_done, failed;
    uint64_t rows;
};

static bool bad_option(struct error *err, const char *state, const char *text)
{
    return error_set(err, state, "%s", text);
}

static bool check_csv_only(const struct copy_options *o, bool is_from, struct error *err)
{
    bool force_quote = o->force_quote_all || o->force_quote;

    if (!o->csv && o->quote)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode");
    if (!o->csv && o->escape)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY escape available only in CSV mode");
    if (!o->csv && force_quote)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force quote available only in CSV mode");
    if (force_quote && is_from)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force quote only available using COPY TO");
    if (!o->csv && o->force_not_null)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force not null available only in CSV mode");
    if (o->force_not_null && !is_from)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force not null only available using COPY FROM");
    if (!o->csv && o->force_null)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force null available only in CSV mode");
    if (o->force_null && !is_from)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force null only available using COPY FROM");
    return true;
}

bool copy_options_check(struct copy_options *o, bool is_from, struct error *err)
{
    if (o->header_match && !is_from)
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use \"match\" with HEADER in COPY TO");
    if (!check_csv_only(o, is_from, err))
        return false;
    if (!o->delimiter)
        o->delimiter = o->csv ? ',' : '\t';
    if (!o->null)
        o->null = o->csv ? "" : "\\N";
    if (o->csv) {
        if (!o->quote)
            o->quote = '"';
        if (!o->escape)
            o->escape = o->quote;
    }
    if (o->delimiter == '\n' || o->delimiter == '\r')
        return bad_option(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be newline or carriage return");
    if (strpbrk(o->null, "\r\n"))
        return bad_option(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                          "COPY null representation cannot use newline or carriage return");
    if (!o->csv && strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", o->delimiter))
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"%c\"", o->delimiter);
    if (o->csv && o->delimiter == o->quote)
        return bad_option(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different");
    if (strchr(o->null, o->delimiter))
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                          "COPY delimiter must not appear in the NULL specification");
    if (o->csv && strchr(o->null, o->quote))
        return bad_option(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                          "CSV quote character must not appear in the NULL specification");
    return true;
}

/* ---- errors with their place ---- */

/* At most 100 bytes, cut at a character, with dots. */
static void show_limited(char *out, size_t size, struct strview s)
{
    size_t n = s.len;

    if (n > CONTEXT_LINE_MAX) {
        n = CONTEXT_LINE_MAX;
        while (n && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
            n--;
    }
    snprintf(out, size, "%.*s%s", (int)n, s.len ? s.ptr : "", n < s.len ? "..." : "");
}

static bool line_error(const struct copy_decoder *d, struct error *err)
{
    char text[CONTEXT_LINE_MAX + 8];
    const struct splitter *s = &d->splitter;

    if (s->line_known) {
        show_limited(text, sizeof text, s->line);
        return error_context(err, "COPY %s, line %llu: \"%s\"", d->spec->def->name, (unsigned long long)s->line_no,
                             text);
    }
    return error_context(err, "COPY %s, line %llu", d->spec->def->name, (unsigned long long)s->line_no);
}

static bool field_error(const struct copy_decoder *d, uint32_t i, const struct copy_field *f, struct error *err)
{
    char text[CONTEXT_LINE_MAX + 8];
    const char *column = d->spec->def->column[d->column[i]].name;

    if (!f)
        return error_context(err, "COPY %s, line %llu, column %s: null input", d->spec->def->name,
                             (unsigned long long)d->splitter.line_no, column);
    show_limited(text, sizeof text, strview_make(f->ptr, f->len));
    return error_context(err, "COPY %s, line %llu, column %s: \"%s\"", d->spec->def->name,
                         (unsigned long long)d->splitter.line_no, column, text);
}

/* "Failing row contains (…)." of a NOT NULL violation, as the row stands in the chunk. */
static void failing_row(const struct copy_decoder *d, const struct mutable_chunk *mc, struct error *err)
{
    const struct table_def *def = d->spec->def;
    struct strbuf text, value;
    uint32_t block = mc->next_row / VEC_ROWS, row = mc->next_row % VEC_ROWS;
    bool first = true;

    strbuf_init(&text);
    strbuf_init(&value);
    for (uint32_t c = 0; c < def->ncolumn; c++) {
        const struct mutable_block *b = &mc->col[c].block[block];
        if (def->column[c].dropped)
            continue;
        strbuf_clear(&value);
        if (b->null[row])
            strbuf_add_cstr(&value, "null");
        else
            value_format(&value, def->column[c].type.oid, (char *)b->data + (size_t)row * phys_size[mc->col[c].phys],
                         &d->value_ctx);
        size_t n = value.len;
        if (n > DETAIL_VALUE_MAX) {
            n = DETAIL_VALUE_MAX;
            while (n && ((unsigned char)value.data[n] & 0xC0) == 0x80)
                n--;
        }
        strbuf_add_fmt(&text, "%s%.*s%s", first ? "" : ", ", (int)n, value.data, n < value.len ? "..." : "");
        first = false;
    }
    error_detail(err, "Failing row contains (%s).", text.data);
    strbuf_release(&text);
    strbuf_release(&value);
}

/* ---- rows ---- */

static const struct copy_field *read_field(const struct copy_decoder *d, uint32_t i, struct copy_field *scratch)
{
    const struct splitter *s = &d->splitter;
    const struct copy_field *f = &s->field[i];

    if (UNLIKELY(d->force_not_null && f->is_null && d->force_not_null[i])) {
        *scratch = (struct copy_field){s->null, (uint32_t)s->null_len, false};
        return scratch;
    }
    if (f->is_null)
        return NULL;
    bool is_null = UNLIKELY(d->force_null != NULL) && d->force_null[i] && f->len == s->null_len &&
                   memcmp(f->ptr, s->null, f->len) == 0;
    return is_null ? NULL : f;
}

static bool put_fields(struct copy_decoder *d, struct mutable_chunk *mc, struct error *err)
{
    const struct splitter *s = &d->splitter;

    for (uint32_t i = 0; i < d->ncolumn; i++) {
        uint32_t column = d->column[i];
        struct copy_field scratch;
        if (UNLIKELY(i >= s->nfield)) {
            error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "missing data for column \"%s\"",
                      d->spec->def->column[column].name);
            return line_error(d, err);
        }
        const struct copy_field *f = read_field(d, i, &scratch);
        filler_mark(&d->filler, column);
        if (f) {
            if (UNLIKELY(!field_put(&d->ctx, mc, &d->filler.field[column], f->ptr, f->len, err)))
                return field_error(d, i, f, err);
            continue;
        }
        if (UNLIKELY(d->spec->def->column[column].not_null))
            d->filler.violation = MIN_OF(d->filler.violation, column);
        mutable_put_null(mc, column);
    }
    return true;
}

static bool put_line(struct copy_decoder *d, struct error *err)
{
    struct mutable_chunk *mc;

    if (d->ncolumn && d->splitter.nfield > d->ncolumn) {
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "extra data after last expected column");
        return line_error(d, err);
    }
    if (!d->sink.begin_row(d->sink.arg, &mc, err))
        return false;
    filler_begin(&d->filler);
    bool ok = put_fields(d, mc, err);
    if (ok && !filler_finish(&d->filler, &d->ctx, mc, NULL, err)) {
        ok = false;
        if (error_is(err, SQLSTATE_NOT_NULL_VIOLATION))
            failing_row(d, mc, err);
        line_error(d, err);
    }
    if (d->ctx.scratch.block)
        arena_reset(&d->ctx.scratch);
    if (!ok) {
        mutable_chunk_abort_row(mc);
        return false;
    }
    mutable_chunk_commit_row(mc, d->sink.row_pos(d->sink.arg), 0);
    d->rows++;
    return !d->sink.end_row || d->sink.end_row(d->sink.arg, err);
}

static bool match_header(const struct copy_decoder *d, struct error *err)
{
    const struct splitter *s = &d->splitter;

    if (s->nfield != d->ncolumn) {
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "wrong number of fields in header line: got %u, expected %u",
                  s->nfield, d->ncolumn);
        return line_error(d, err);
    }
    for (uint32_t i = 0; i < s->nfield; i++) {
        const struct copy_field *f = &s->field[i];
        const char *name = d->spec->def->column[d->column[i]].name;
        if (f->is_null)
            error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT,
                      "column name mismatch in header line field %u: got null value (\"%s\"), expected \"%s\"", i + 1,
                      s->null, name);
        else if (!strview_equal_cstr(strview_make(f->ptr, f->len), name))
            error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT,
                      "column name mismatch in header line field %u: got \"%.*s\", expected \"%s\"", i + 1, (int)f->len,
                      f->ptr, name);
        else
            continue;
        return line_error(d, err);
    }
    return true;
}

static bool take_lines(struct copy_decoder *d, bool final, struct error *err)
{
    for (;;) {
        switch (splitter_line(&d->splitter, final, err)) {
        case SPLIT_MORE:
        case SPLIT_END: return true;
        case SPLIT_ERROR: return line_error(d, err);
        case SPLIT_LINE: break;
        }
        bool is_header = (d->options.header || d->options.header_match) && !d->header_done;
        d->header_done = true;
        if (!is_header) {
            if (!put_line(d, err))
                return false;
        } else if (d->options.header_match && !match_header(d, err)) {
            return false;
        }
    }
}

bool copy_decoder_open(struct decode_spec *spec, const struct copy_options *options, const int16_t *attnum,
                       uint32_t ncolumn, const struct value_ctx *ctx, const struct copy_sink *sink,
                       struct mem_account *account, struct copy_decoder **out, struct error *err)
{
    struct copy_decoder *d = xcalloc(1, sizeof *d);

    d->spec = decode_spec_get(spec);
    d->options = *options;
    d->sink = *sink;
    d->value_ctx = *ctx;
    arena_init(&d->arena, NULL);
    field_ctx_init(&d->ctx, &d->value_ctx, NULL);
    splitter_init(&d->splitter, options);
    d->ncolumn = ncolumn;
    d->column = ARENA_ARRAY(&d->arena, uint32_t, MAX_OF(ncolumn, 1u));
    for (uint32_t i = 0; i < ncolumn; i++) {
        assert(attnum[i] >= 1 && (uint32_t)attnum[i] <= spec->def->ncolumn);
        d->column[i] = (uint32_t)attnum[i] - 1;
    }
    if (options->force_not_null) {
        d->force_not_null = ARENA_ARRAY(&d->arena, bool, MAX_OF(ncolumn, 1u));
        memcpy(d->force_not_null, options->force_not_null, ncolumn * sizeof(bool));
    }
    if (options->force_null) {
        d->force_null = ARENA_ARRAY(&d->arena, bool, MAX_OF(ncolumn, 1u));
        memcpy(d->force_null, options->force_null, ncolumn * sizeof(bool));
    }
    filler_open(&d->filler, spec, &d->arena, account);
    *out = d;
    return true;
}

bool copy_decoder_put(struct copy_decoder *d, const char *data, size_t len, struct error *err)
{
    assert(!d->failed);
    splitter_put(&d->splitter, data, len);
    d->failed = !take_lines(d, false, err);
    return !d->failed;
}

bool copy_decoder_finish(struct copy_decoder *d, struct error *err)
{
    assert(!d->failed);
    d->failed = !take_lines(d, true, err);
    return !d->failed;
}

uint64_t copy_decoder_rows(const struct copy_decoder *d) { return d->rows; }

void copy_decoder_close(struct copy_decoder *d)
{
    if (!d)
        return;
    filler_close(&d->filler);
    field_ctx_release(&d->ctx);
    splitter_release(&d->splitter);
    arena_release(&d->arena);
    decode_spec_put(d->spec);
    free(d);
}

/* ---- messages of one record ---- */

struct csv_message {
    struct splitter splitter;
};

bool csv_message_open(struct decoder *d, struct error *err)
{
    struct copy_options options = {.csv = true};

    if (!copy_options_check(&options, true, err))
        return false;
    d->csv = ARENA_NEW(&d->arena, struct csv_message);
    splitter_init(&d->csv->splitter, &options);
    return true;
}

void csv_message_close(struct decoder *d)
{
    if (d->csv)
        splitter_release(&d->csv->splitter);
}

static bool csv_fields(struct decoder *d, const struct splitter *s, struct error *err)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < d->filler.nfed; i++) {
        uint32_t column = d->filler.fed[i];
        if (!d->spec->def->column[column].source_path)
            continue;
        if (at >= s->nfield)
            return error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "missing data for column \"%s\"",
                             d->spec->def->column[column].name);
        const struct copy_field *f = &s->field[at++];
        if (d->track)
            *(f->is_null ? &d->column_stats[column].null : &d->column_stats[column].found) += 1;
        if (f->is_null)
            continue;
        filler_mark(&d->filler, column);
        if (!field_put(&d->ctx, d->mc, &d->filler.field[column], f->ptr, f->len, err))
            decoder_fault(d, column, err);
    }
    if (at < s->nfield)
        return error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "extra data after last expected column");
    return true;
}

bool csv_message(struct decoder *d, size_t len, struct error *err)
{
    struct splitter *s = &d->csv->splitter;

    splitter_reset(s);
    s->eol = EOL_UNKNOWN;
    splitter_put(s, d->buf, len);
    enum split_result r = splitter_line(s, true, err);
    bool ok = r == SPLIT_LINE && csv_fields(d, s, err);
    if (r == SPLIT_END)
        error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "message is empty");
    if (ok && splitter_line(s, true, err) == SPLIT_LINE)
        ok = error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "message has more than one line");
    if (!ok)
        err->column[0] = '\0';
    return ok;
}
