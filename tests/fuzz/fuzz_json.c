/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as JSON into a row. What becomes of it must not depend on what the decoder saw before: a fresh decoder and
 * one that has learnt other keys give the same row or the same fault.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "ingest/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static const struct {
    const char *name, *path;
    oid_t type;
} columns[] = {{"a", NULL, TYPE_INT8},   {"b", NULL, TYPE_TEXT},        {"c", "o.c", TYPE_INT4},
               {"d", "o.d", TYPE_TEXT},  {"o", NULL, TYPE_JSONB},       {"e", NULL, TYPE_NUMERIC},
               {"f", NULL, TYPE_FLOAT8}, {"g", NULL, TYPE_TIMESTAMPTZ}, {"h", NULL, TYPE_DATE},
               {"i", NULL, TYPE_BOOL},   {"j", NULL, TYPE_JSON},        {"k", NULL, TYPE_UUID}};

static struct table_def *make_def(void)
{
    struct table_def *def = table_def_new();
    def->name = arena_strdup(&def->arena, "t");
    def->ncolumn = ARRAY_LEN(columns);
    def->column = ARENA_ARRAY(&def->arena, struct column_def, ARRAY_LEN(columns));
    def->options.epoch_unit = EPOCH_MS;
    for (uint32_t i = 0; i < ARRAY_LEN(columns); i++) {
        struct column_def *c = &def->column[i];
        c->name = arena_strdup(&def->arena, columns[i].name);
        c->attnum = (int16_t)(i + 1);
        c->type = coltype(columns[i].type);
        c->source_path = arena_strdup(&def->arena, columns[i].path ? columns[i].path : columns[i].name);
        c->source_path_exact = columns[i].path != NULL;
    }
    return def;
}

/* The row or the fault as text. */
static void decode(struct decoder *d, const struct table_def *def, struct mutable_chunk *mc, struct strview message,
                   struct strbuf *out)
{
    struct decode_meta meta = {.pos = mc->next_row};
    struct error err;
    bool full;
    must(mutable_chunk_begin_row(mc, &full, &err));
    uint32_t row = mc->next_row;
    error_clear(&err);
    strbuf_clear(out);
    if (decoder_row(d, mc, &meta, message, &err) != DECODE_ROW) {
        must(error_is_set(&err) && mc->next_row == row);
        strbuf_add_fmt(out, "%s %s %s", err.sqlstate, err.column, err.message);
        return;
    }
    for (uint32_t c = 0; c < def->ncolumn; c++) {
        const struct mutable_block *b = &mc->col[c].block[0];
        if (b->null[row])
            strbuf_add_cstr(out, "NULL");
        else
            value_format(out, def->column[c].type.oid, (char *)b->data + (size_t)row * phys_size[mc->col[c].phys],
                         &value_ctx_default);
        strbuf_add_char(out, '|');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const before[] = {"{\"o\":{\"d\":1,\"c\":2},\"b\":\"x\",\"zz\":[1]}", "{\"A\":1,\"b\":{}}",
                                         "{\"a\":1,"};
    struct mem_pool *pool = mem_pool_open(64 << 20, 0);
    struct mem_account *account = mem_account_open(pool, MEM_INGEST, 0, "fuzz");
    struct table_def *def = make_def();
    struct decode_spec *spec = decode_spec_new(def);
    struct strbuf text[3];
    struct mutable_chunk *mc;
    struct error err;
    struct decoder *fresh, *used;
    struct strview message = strview_make((const char *)data, size);
    must(mutable_chunk_open(def, account, &mc, &err) && decoder_open(spec, account, &fresh, &err) &&
         decoder_open(spec, account, &used, &err));
    for (int i = 0; i < 3; i++)
        strbuf_init(&text[i]);
    decode(fresh, def, mc, message, &text[0]);
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        decode(used, def, mc, strview_of(before[i]), &text[1]);
    decode(used, def, mc, message, &text[1]);
    decode(used, def, mc, message, &text[2]);
    must(strcmp(text[0].data, text[1].data) == 0 && strcmp(text[0].data, text[2].data) == 0);
    for (int i = 0; i < 3; i++)
        strbuf_release(&text[i]);
    decoder_close(fresh);
    decoder_close(used);
    chunk_put(mc->chunk);
    decode_spec_put(spec);
    table_def_put(def);
    mem_account_close(account);
    mem_pool_close(pool);
    return 0;
}
