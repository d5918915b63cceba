/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY FROM text and csv. Input: one byte of options (1 csv, 2 header, 4 backslash as csv escape, 8 ; as delimiter),
 * one byte = size of the pieces, then the data. Whole and in pieces must give the same rows or the same error.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "ingest/copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

struct rows {
    const struct table_def *def;
    struct mutable_chunk *mc;
    struct strbuf text;
    uint64_t pos;
};

static bool begin_row(void *arg, struct mutable_chunk **mc, struct error *err)
{
    struct rows *r = arg;
    bool full = false;
    *mc = r->mc;
    if (mutable_chunk_begin_row(r->mc, &full, err))
        return true;
    must(full);
    return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "enough");
}
static uint64_t row_pos(void *arg) { return ((struct rows *)arg)->pos++; }
static bool end_row(void *arg, struct error *err)
{
    struct rows *r = arg;
    uint32_t row = r->mc->next_row - 1;
    for (uint32_t c = 0; c < r->def->ncolumn; c++) {
        const struct mutable_block *b = &r->mc->col[c].block[row / VEC_ROWS];
        if (!b->null[row % VEC_ROWS])
            value_format(&r->text, r->def->column[c].type.oid,
                         (char *)b->data + (size_t)(row % VEC_ROWS) * phys_size[r->mc->col[c].phys],
                         &value_ctx_default);
        strbuf_add_char(&r->text, '\x01');
    }
    return true;
}

static void run(struct decode_spec *spec, const struct copy_options *options, const char *data, size_t size,
                size_t piece, struct strbuf *out)
{
    static const int16_t attnum[] = {1, 2};
    struct mem_pool *pool = mem_pool_open(64 << 20, 0);
    struct mem_account *account = mem_account_open(pool, MEM_INGEST, 0, "fuzz");
    struct rows rows = {.def = spec->def};
    struct copy_sink sink = {.arg = &rows, .begin_row = begin_row, .row_pos = row_pos, .end_row = end_row};
    struct copy_decoder *d;
    struct error err;
    strbuf_init(&rows.text);
    must(mutable_chunk_open(spec->def, account, &rows.mc, &err));
    must(copy_decoder_open(spec, options, attnum, 2, &value_ctx_default, &sink, account, &d, &err));
    bool ok = true;
    error_clear(&err);
    for (size_t at = 0; ok && at < size; at += piece)
        ok = copy_decoder_put(d, data + at, MIN_OF(piece, size - at), &err);
    ok = ok && copy_decoder_finish(d, &err);
    must(ok || error_is_set(&err));
    strbuf_add_view(out, strview_make(rows.text.data, rows.text.len));
    if (!ok)
        strbuf_add_fmt(out, "%s %s %s", err.sqlstate, err.message, err.context);
    copy_decoder_close(d);
    chunk_put(rows.mc->chunk);
    strbuf_release(&rows.text);
    mem_account_close(account);
    mem_pool_close(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct copy_options options = {0};
    struct strbuf whole, pieces;
    struct error err;
    if (size < 2)
        return 0;
    options.csv = data[0] & 1;
    options.header = data[0] & 2;
    options.escape = (data[0] & 5) == 5 ? '\\' : 0;
    options.delimiter = data[0] & 8 ? ';' : 0;
    must(copy_options_check(&options, true, &err));
    struct table_def *def = table_def_new();
    def->name = arena_strdup(&def->arena, "t");
    def->ncolumn = 2;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, 2);
    for (int16_t i = 0; i < 2; i++)
        def->column[i] = (struct column_def){.name = arena_strdup(&def->arena, i ? "b" : "a"),
                                             .attnum = (int16_t)(i + 1),
                                             .type = coltype(i ? TYPE_TEXT : TYPE_INT4)};
    struct decode_spec *spec = decode_spec_new(def);
    strbuf_init(&whole);
    strbuf_init(&pieces);
    run(spec, &options, (const char *)data + 2, size - 2, size, &whole);
    run(spec, &options, (const char *)data + 2, size - 2, 1u + data[1], &pieces);
    must(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
    strbuf_release(&whole);
    strbuf_release(&pieces);
    decode_spec_put(spec);
    table_def_put(def);
    return 0;
}
