/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/segment_write_int.h"

#include "base/hash.h"
#include "base/memory.h"
#include "storage/frozen_int.h"

#include <stdlib.h>

#define DAY_US 86400000000LL
enum { RAW_LETTER_MAX = 1 << 20 };

bool segment_writer_open(struct env *env, const char *path, const struct table_def *def,
                         const struct segment_meta *meta, struct mem_account *account, struct segment_writer **out,
                         struct error *err)
{
    struct stat st;
    if (env->stat(env, path, &st) == 0)
        return error_set(err, SQLSTATE_IO_ERROR, "file \"%s\" exists already", path);
    struct segment_writer *w = xcalloc(1, sizeof *w);
    w->env = env;
    w->path = xstrdup(path);
    w->def = table_def_get(def);
    w->meta = *meta;
    w->account = account;
    *out = w;
    return true;
}

static struct row_range *add_range(struct segment_writer *w)
{
    if (w->nrange == w->range_cap) {
        w->range_cap = MAX_OF(16u, w->range_cap * 2);
        w->range = xrealloc(w->range, w->range_cap * sizeof *w->range);
    }
    w->range[w->nrange] = (struct row_range){0};
    return &w->range[w->nrange++];
}

bool segment_writer_add(struct segment_writer *w, struct chunk *chunk, uint32_t row_begin, uint32_t row_end,
                        struct error *err)
{
    assert(row_begin <= row_end && row_end <= chunk_rows(chunk));
    if (row_begin == row_end)
        return true;
    if (w->rows + (row_end - row_begin) > FORMAT_ROWS_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a segment can have at most %d rows", FORMAT_ROWS_MAX);
    struct row_range range = {.chunk = chunk, .begin = row_begin, .end = row_end};
    /* An open chunk may be refilled by its owner; everything else never changes. */
    if (chunk->ops->zone) {
        chunk_get(chunk);
    } else {
        if (!frozen_make(chunk, row_begin, row_end, w->account, false, &range.chunk, err))
            return false;
        range.begin = 0;
        range.end = row_end - row_begin;
    }
    *add_range(w) = range;
    w->rows += row_end - row_begin;
    return true;
}

bool segment_writer_add_dead_letter(struct segment_writer *w, const struct dead_letter *letter, struct error *err)
{
    struct format_letter head = {.pos = letter->pos,
                                 .timestamp_us = letter->timestamp_us,
                                 .column_bytes = (uint32_t)letter->column.len,
                                 .reason_bytes = (uint32_t)letter->reason.len,
                                 .raw_bytes = (uint32_t)MIN_OF(letter->raw.len, (size_t)RAW_LETTER_MAX)};
    outbuf_add(&w->letters, &head, sizeof head);
    outbuf_add(&w->letters, letter->column.ptr, head.column_bytes);
    outbuf_add(&w->letters, letter->reason.ptr, head.reason_bytes);
    outbuf_add(&w->letters, letter->raw.ptr, head.raw_bytes);
    outbuf_align(&w->letters, 8);
    w->nletter++;
    return true;
}

void segment_writer_keep_order(struct segment_writer *w) { w->keep_order = true; }

void segment_writer_set_extra(struct segment_writer *w, const void *data, size_t len)
{
    w->extra.len = 0;
    outbuf_add(&w->extra, data, len);
}

static void writer_free(struct segment_writer *w)
{
    for (uint32_t i = 0; i < w->nrange; i++) {
        chunk_reader_close(w->range[i].reader);
        chunk_put(w->range[i].chunk);
    }
    if (w->order)
        mem_free(w->account, w->order, w->rows * sizeof *w->order);
    if (w->value) {
        mem_free(w->account, w->value, (size_t)CHUNK_ROWS * 16);
        encoder_release(&w->encoder);
    }
    outbuf_free(&w->letters);
    outbuf_free(&w->extra);
    table_def_put(w->def);
    free(w->range);
    free(w->code);
    free(w->type);
    free(w->column);
    free(w->chunk);
    free(w->path);
    free(w);
}

void segment_writer_abort(struct segment_writer *w)
{
    if (w)
        writer_free(w);
}

/* ---- finishing ---- */

static bool prepare(struct segment_writer *w, struct error *err)
{
    const struct table_def *def = w->def;
    w->nslot = def->ncolumn + HIDDEN_COUNT;
    w->nchunk = (uint32_t)((w->rows + CHUNK_ROWS - 1) / CHUNK_ROWS);
    w->type = slot_types(def);
    w->column = xcalloc(w->nslot, sizeof *w->column);
    w->chunk = xcalloc(size_mul(w->nslot, w->nchunk), sizeof *w->chunk);
    w->code = xmalloc(CHUNK_ROWS * sizeof *w->code);
    w->value = mem_alloc(w->account, (size_t)CHUNK_ROWS * 16);
    if (!w->value)
        return account_error(w->account, (size_t)CHUNK_ROWS * 16, err);
    encoder_init(&w->encoder);
    for (uint32_t i = 0; i < w->nrange; i++) {
        struct row_range *range = &w->range[i];
        if (!chunk_reader_open(range->chunk, range->end, w->account, &range->reader, err))
            return false;
    }
    return true;
}

static void write_header(struct segment_writer *w)
{
    struct format_header head = {.version = FORMAT_VERSION};
    memcpy(head.magic, FORMAT_MAGIC, sizeof head.magic);
    head.crc = crc32c(0, &head, sizeof head);
    segment_out_add(&w->out, &head, sizeof head);
}

/* The slot whose zone is the segment's time range; UINT32_MAX = none. */
static uint32_t time_slot(const struct table_def *def)
{
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        bool is_time = c->type.oid == TYPE_TIMESTAMP || c->type.oid == TYPE_TIMESTAMPTZ || c->type.oid == TYPE_DATE;
        bool chosen = def->options.time_attnum ? c->attnum == def->options.time_attnum
                                               : c->generated == GENERATED_KAFKA_TIMESTAMP;
        if (is_time && chosen && !c->dropped)
            return i;
    }
    return UINT32_MAX;
}

static int64_t time_of_key(uint64_t key, oid_t type)
{
    int64_t v = (int64_t)(key ^ (1ULL << 63));
    if (type != TYPE_DATE)
        return v;
    if (v == INT32_MIN || v == INT32_MAX) /* -infinity, infinity */
        return v < 0 ? INT64_MIN : INT64_MAX;
    int64_t us;
    return __builtin_mul_overflow(v, DAY_US, &us) ? (v < 0 ? INT64_MIN : INT64_MAX) : us;
}

static void fill_time(struct segment_writer *w)
{
    uint32_t slot = time_slot(w->def);
    w->meta.time_min_us = INT64_MAX;
    w->meta.time_max_us = INT64_MIN;
    if (slot == UINT32_MAX || !(w->column[slot].zone.flags & ZONE_BOUNDS))
        return;
    w->meta.time_min_us = time_of_key(w->column[slot].zone.min_key, w->type[slot]);
    w->meta.time_max_us = time_of_key(w->column[slot].zone.max_key, w->type[slot]);
}

/* Names of all columns, one after the other; the table's first. */
static void fill_columns(struct segment_writer *w, struct outbuf *names)
{
    static const char *const hidden[HIDDEN_COUNT] = {[HIDDEN_POS] = "pos", [HIDDEN_ORDINAL] = "ordinal"};
    for (uint32_t s = 0; s < w->nslot; s++) {
        const struct column_def *def = s < w->def->ncolumn ? &w->def->column[s] : NULL;
        const char *name = def ? def->name : hidden[s - w->def->ncolumn];
        struct format_column *c = &w->column[s];
        c->type = w->type[s];
        c->typmod = def ? def->type.typmod : -1;
        c->attnum = def ? def->attnum : 0;
        c->dropped = def && def->dropped;
        c->name_offset = (uint32_t)names->len;
        c->name_bytes = (uint32_t)strlen(name);
        outbuf_add(names, name, c->name_bytes);
    }
    outbuf_align(names, 8);
}

static void write_footer(struct segment_writer *w, const struct outbuf *names, const struct format_footer *given)
{
    struct format_footer foot = *given;
    struct format_trailer trailer = {.version = FORMAT_VERSION};
    struct outbuf all = {0};
    const struct segment_meta *m = &w->meta;
    foot.ncolumn = w->nslot;
    foot.nchunk = w->nchunk;
    foot.rows = w->rows;
    foot.ncrc = w->out.crc.len / sizeof(uint32_t);
    foot.names_bytes = names->len;
    foot.table_oid = m->table_oid;
    foot.partition = m->partition;
    foot.seq = m->seq;
    foot.pos_begin = m->pos_begin;
    foot.pos_end = m->pos_end;
    foot.schema_v = m->schema_v;
    foot.decoder_rev = m->decoder_rev;
    foot.dead_letters = m->dead_letters;
    foot.time_min_us = m->time_min_us;
    foot.time_max_us = m->time_max_us;
    foot.last_pos = m->last_pos;
    foot.last_timestamp_us = m->last_timestamp_us;
    foot.last_crc = m->last_crc;
    foot.sorted = w->order != NULL;
    outbuf_add(&all, &foot, sizeof foot);
    outbuf_add(&all, w->column, w->nslot * sizeof *w->column);
    outbuf_add(&all, w->chunk, (size_t)w->nslot * w->nchunk * sizeof *w->chunk);
    outbuf_add(&all, names->data, names->len);
    outbuf_add(&all, w->out.crc.data, w->out.crc.len);
    outbuf_align(&all, 8);
    trailer.footer_offset = w->out.offset;
    trailer.footer_bytes = all.len;
    trailer.footer_crc = crc32c(0, all.data, all.len);
    memcpy(trailer.magic, FORMAT_MAGIC_TAIL, sizeof trailer.magic);
    segment_out_add(&w->out, all.data, all.len);
    segment_out_body_digest(&w->out, trailer.body_sha256);
    trailer.crc = crc32c(0, &trailer, sizeof trailer);
    segment_out_add(&w->out, &trailer, sizeof trailer);
    outbuf_free(&all);
}

static bool write_file(struct segment_writer *w, struct error *err)
{
    struct outbuf names = {0};
    struct format_footer foot = {0};
    bool ok = true;
    write_header(w);
    fill_columns(w, &names);
    for (uint32_t s = 0; ok && s < w->nslot; s++)
        ok = writer_write_column(w, s, err);
    if (ok) {
        w->meta.rows = w->rows;
        w->meta.dead_letters = w->nletter;
        fill_time(w);
        segment_out_stream(&w->out, w->letters.data, w->letters.len, &foot.letters);
        segment_out_stream(&w->out, w->extra.data, w->extra.len, &foot.extra);
        write_footer(w, &names, &foot);
        ok = segment_out_finish(&w->out, w->meta.sha256);
        w->meta.file_bytes = w->out.offset;
    }
    outbuf_free(&names);
    return ok;
}

/* What was written is what can be read back. */
static bool verify_written(struct segment_writer *w, struct error *err)
{
    uint8_t digest[32];
    uint64_t bytes;
    if (!segment_file_digest(w->env, w->path, &bytes, digest, err))
        return false;
    if (bytes != w->meta.file_bytes || memcmp(digest, w->meta.sha256, sizeof digest) != 0)
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "file \"%s\" reads back differently from what was written",
                         w->path);
    return true;
}

bool segment_writer_finish(struct segment_writer *w, struct segment_meta *meta, struct error *err)
{
    bool ok = prepare(w, err), created = false;
    if (ok && !w->keep_order)
        ok = writer_sort(w, err);
    if (ok)
        ok = created = segment_out_open(&w->out, w->env, w->path, err);
    ok = ok && write_file(w, err) && verify_written(w, err);
    if (created)
        segment_out_close(&w->out, !ok);
    if (ok)
        *meta = w->meta;
    writer_free(w);
    return ok;
}
