/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns one after the other, each read from the ranges from front to back. A string column takes a first pass that
 * gives every row a code in order of appearance; when too many values differ, the column is stored plain instead. The
 * decision depends on the rows only (not on how their chunks were encoded), so that replicas build the same bytes.
 */
#include "storage/segment_write_int.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>

enum { DICT_LIMIT = 1 << 22, DICT_SMALL = 256, DICT_EARLY = 4096 };

void whole_column_free(struct whole_column *c)
{
    mem_free(c->account, c->value, c->value_bytes);
    mem_free(c->account, c->null, c->null_bytes);
    *c = (struct whole_column){0};
}

bool whole_column_read(struct segment_writer *w, uint32_t slot, struct whole_column *out, struct error *err)
{
    struct column_source source;
    uint8_t phys = (uint8_t)type_phys(w->type[slot]);
    bool any = false, part_null;
    *out = (struct whole_column){.phys = phys,
                                 .value_bytes = w->rows * phys_size[phys] + VEC_PAD_BYTES,
                                 .null_bytes = bitset_words(w->rows) * 8 + VEC_PAD_BYTES,
                                 .account = w->account};
    out->value = mem_alloc(w->account, out->value_bytes);
    out->null = mem_alloc(w->account, out->null_bytes);
    if (!out->value || !out->null) {
        whole_column_free(out);
        return account_error(w->account, w->rows * phys_size[phys], err);
    }
    column_source_init(&source, w->range, w->nrange, writer_column(w, slot), phys);
    for (uint64_t row = 0; row < w->rows; row += CHUNK_ROWS) {
        uint32_t n = (uint32_t)MIN_OF(w->rows - row, (uint64_t)CHUNK_ROWS);
        char *to = (char *)out->value + row * phys_size[phys];
        if (!column_source_fill(&source, n, to, out->null + row / 64, &part_null, err)) {
            whole_column_free(out);
            return false;
        }
        any = any || part_null;
        if (phys != PHYS_STR && phys != PHYS_NUM)
            row_ranges_recycle(w->range, w->nrange);
    }
    if (!any) {
        mem_free(w->account, out->null, out->null_bytes);
        out->null = NULL;
    }
    return true;
}

/* ---- codes of a string column ---- */

struct coding {
    struct dict_builder builder;
    struct arena arena;      /* bytes of values that did not come from a dictionary */
    uint32_t *code;          /* [rows] in order of appearance, then by rank */
    uint64_t *null;          /* [rows] bits */
    const struct dict *dict; /* of the last vector … */
    uint32_t *memo;          /* … and its codes here + 1, 0 = not seen yet */
    uint32_t memo_cap;
    bool any_null, gave_up;
    uint64_t values; /* rows that are not NULL */
};

static void coding_free(struct segment_writer *w, struct coding *c)
{
    dict_builder_release(&c->builder);
    arena_release(&c->arena);
    mem_free(w->account, c->code, w->rows * sizeof *c->code);
    mem_free(w->account, c->null, bitset_words(w->rows) * 8);
    free(c->memo);
}

static bool put_value(struct coding *c, const struct str *s, uint64_t hash, bool lasting, uint32_t *code,
                      struct error *err)
{
    bool added;
    *code = dict_builder_put(&c->builder, s, hash, &added);
    if (*code == DICT_FULL) {
        c->gave_up = true;
    } else if (added && !lasting && !str_is_inline(s)) {
        char *copy = arena_try_alloc(&c->arena, s->len, 1);
        if (!copy)
            return account_error(c->arena.account, s->len, err);
        c->builder.value[*code].ptr = memcpy(copy, s->ptr, s->len);
    }
    return true;
}

static bool code_dict(struct coding *c, const struct vec *v, uint32_t begin, uint32_t n, uint64_t row,
                      struct error *err)
{
    const struct dict *d = v->dict;
    if (c->dict != d) {
        if (c->memo_cap < d->n) {
            c->memo = xrealloc(c->memo, d->n * sizeof *c->memo);
            c->memo_cap = d->n;
        }
        memset(c->memo, 0, d->n * sizeof *c->memo);
        c->dict = d;
    }
    const uint32_t *from = (const uint32_t *)v->data + begin;
    for (uint32_t i = 0; i < n; i++) {
        if (v->null && bit_get(v->null, begin + i)) {
            bit_set(c->null, row + i);
            c->any_null = true;
            c->code[row + i] = 0;
            continue;
        }
        c->values++;
        uint32_t known = c->memo[from[i]];
        if (UNLIKELY(!known)) {
            uint32_t code;
            const struct str *s = &d->value[from[i]];
            uint64_t hash = d->hash ? d->hash[from[i]] : hash_bytes(str_data(s), s->len);
            if (!put_value(c, s, hash, true, &code, err))
                return false;
            if (c->gave_up)
                return true;
            c->memo[from[i]] = known = code + 1;
        }
        c->code[row + i] = known - 1;
    }
    return true;
}

static bool code_flat(struct coding *c, const struct vec *v, uint32_t begin, uint32_t n, uint64_t row,
                      struct error *err)
{
    const struct str *last = NULL;
    uint32_t code = 0;
    for (uint32_t i = 0; i < n && !c->gave_up; i++) {
        const struct str *s = vec_value(v, begin + i);
        if (vec_is_null(v, begin + i)) {
            bit_set(c->null, row + i);
            c->any_null = true;
            c->code[row + i] = 0;
            continue;
        }
        c->values++;
        if (!last || !str_equal(last, s))
            if (!put_value(c, s, hash_bytes(str_data(s), s->len), false, &code, err))
                return false;
        last = s;
        c->code[row + i] = code;
    }
    return true;
}

static bool coding_alloc(struct segment_writer *w, struct coding *c, struct error *err)
{
    dict_builder_init(&c->builder, DICT_LIMIT);
    arena_init(&c->arena, w->account);
    c->code = mem_alloc(w->account, w->rows * sizeof *c->code);
    c->null = mem_alloc(w->account, bitset_words(w->rows) * 8);
    if (!c->code || !c->null)
        return account_error(w->account, w->rows * sizeof *c->code, err);
    memset(c->null, 0, bitset_words(w->rows) * 8);
    return true;
}

static bool code_rows(struct segment_writer *w, uint32_t slot, struct coding *c, struct error *err)
{
    struct column_source source;
    column_source_init(&source, w->range, w->nrange, writer_column(w, slot), PHYS_STR);
    for (uint64_t row = 0; row < w->rows && !c->gave_up;) {
        uint32_t left = (uint32_t)(CHUNK_ROWS - row % CHUNK_ROWS), begin, n;
        const struct vec *v;
        if (!column_source_next(&source, left, &v, &begin, &n, err))
            return false;
        assert(n > 0);
        bool ok = v->form == VEC_DICT ? code_dict(c, v, begin, n, row, err) : code_flat(c, v, begin, n, row, err);
        if (!ok)
            return false;
        row += n;
        if (row % CHUNK_ROWS == 0) {
            row_ranges_recycle(w->range, w->nrange);
            source.vec_n = 0;
            c->gave_up = c->gave_up || (c->builder.n > DICT_EARLY && c->builder.n * 2ULL > c->values);
        }
    }
    if (c->builder.n > DICT_SMALL && c->builder.n * 2ULL > c->values)
        c->gave_up = true;
    row_ranges_recycle(w->range, w->nrange);
    return true;
}

/* ---- sorting values ---- */

struct sort_item {
    uint64_t prefix;
    const struct str *value;
    uint32_t index;
};

static int compare_items(const void *a, const void *b)
{
    const struct sort_item *x = a, *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return str_compare(x->value, y->value);
}

static uint64_t sort_prefix(const struct str *s)
{
    char bytes[8] = {0};
    memcpy(bytes, str_data(s), MIN_OF(s->len, 8u));
    return load_be64(bytes);
}

void sort_values(const struct str *value, uint32_t n, uint32_t *order)
{
    struct sort_item *item = xmalloc(size_mul(n, sizeof *item));
    for (uint32_t i = 0; i < n; i++)
        item[i] = (struct sort_item){sort_prefix(&value[i]), &value[i], i};
    qsort(item, n, sizeof *item, compare_items);
    for (uint32_t i = 0; i < n; i++)
        order[i] = item[i].index;
    free(item);
}

/* ---- writing ---- */

static void write_encoded(struct segment_writer *w, uint32_t slot, uint32_t chunk, struct encoded *e)
{
    struct format_chunk_column *to = &w->chunk[(size_t)slot * w->nchunk + chunk];
    *to = e->meta;
    for (int k = 0; k < STREAM_COUNT; k++)
        segment_out_stream(&w->out, e->stream[k].data, e->stream[k].len, &to->stream[k]);
    encoded_free(e);
}

static void write_counts(struct segment_writer *w, struct coding *c, struct format_column *column)
{
    uint64_t count[FORMAT_COUNTS_MAX] = {0};
    for (uint64_t row = 0; row < w->rows; row++)
        if (!c->any_null || !bit_get(c->null, row))
            count[c->code[row]]++;
    segment_out_stream(&w->out, count, c->builder.n * sizeof count[0], &column->dict[DICT_COUNTS]);
    column->dict_counts = 1;
}

static void write_dict(struct segment_writer *w, struct coding *c, const struct dict *dict,
                       struct format_column *column)
{
    struct outbuf data = {0}, bytes = {0};
    column->dict_n = dict->n;
    encode_strings(&w->encoder, dict->value, NULL, dict->n, &data, &bytes);
    segment_out_stream(&w->out, data.data, data.len, &column->dict[DICT_DATA]);
    segment_out_stream(&w->out, bytes.data, bytes.len, &column->dict[DICT_BYTES]);
    segment_out_stream(&w->out, dict->hash, dict->n * sizeof dict->hash[0], &column->dict[DICT_HASH]);
    /* Characters are stored only where they differ from bytes. */
    bool ascii = true;
    for (uint32_t i = 0; dict->chars && i < dict->n; i++)
        ascii = ascii && dict->chars[i] == dict->value[i].len;
    if (dict->chars && !ascii)
        segment_out_stream(&w->out, dict->chars, dict->n * sizeof dict->chars[0], &column->dict[DICT_CHARS]);
    if (dict->n <= FORMAT_COUNTS_MAX)
        write_counts(w, c, column);
    outbuf_free(&data);
    outbuf_free(&bytes);
}

/* Codes of one output chunk, in output order. */
static void gather_codes(struct segment_writer *w, const struct coding *c, uint32_t chunk, uint32_t n)
{
    uint64_t first = (uint64_t)chunk * CHUNK_ROWS;
    memset(w->null, 0, sizeof w->null);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t from = w->order ? w->order[first + i] : first + i;
        w->code[i] = c->code[from];
        if (c->any_null && bit_get(c->null, from))
            bit_set(w->null, i);
    }
}

static void write_coded(struct segment_writer *w, uint32_t slot, struct coding *c)
{
    uint32_t n = c->builder.n;
    uint32_t *order = xmalloc(size_mul(n + 1, sizeof *order)), *rank = xmalloc(size_mul(n + 1, sizeof *rank));
    size_t dict_bytes;
    sort_values(c->builder.value, n, order);
    for (uint32_t k = 0; k < n; k++)
        rank[order[k]] = k;
    for (uint64_t row = 0; n && row < w->rows; row++)
        c->code[row] = rank[c->code[row]];
    struct dict *dict =
        dict_make(c->builder.value, c->builder.hash, order, n, type_is_string(w->type[slot]), true, &dict_bytes);
    if (n)
        write_dict(w, c, dict, &w->column[slot]);
    for (uint32_t chunk = 0; chunk < w->nchunk; chunk++) {
        struct encode_input in = {.type = w->type[slot], .n = writer_chunk_rows(w, chunk), .code = w->code};
        struct encoded e;
        gather_codes(w, c, chunk, in.n);
        in.dict = dict;
        in.null = c->any_null && bitset_any(w->null, in.n) ? w->null : NULL;
        encode_column(&w->encoder, &in, &e);
        write_encoded(w, slot, chunk, &e);
    }
    dict_free(dict);
    free(order);
    free(rank);
}

static void gather_values(struct segment_writer *w, const struct whole_column *c, uint32_t chunk, uint32_t n)
{
    size_t size = phys_size[c->phys];
    uint64_t first = (uint64_t)chunk * CHUNK_ROWS;
    memset(w->null, 0, sizeof w->null);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = w->order[first + i];
        memcpy((char *)w->value + i * size, (const char *)c->value + from * size, size);
        if (c->null && bit_get(c->null, from))
            bit_set(w->null, i);
    }
}

static bool write_plain(struct segment_writer *w, uint32_t slot, struct error *err)
{
    uint8_t phys = (uint8_t)type_phys(w->type[slot]);
    struct whole_column whole = {0};
    struct column_source source;
    bool ok = !w->order || whole_column_read(w, slot, &whole, err);
    column_source_init(&source, w->range, w->nrange, writer_column(w, slot), phys);
    for (uint32_t chunk = 0; ok && chunk < w->nchunk; chunk++) {
        struct encode_input in = {.type = w->type[slot], .n = writer_chunk_rows(w, chunk), .data = w->value};
        struct encoded e;
        bool any_null = whole.null != NULL;
        in.delta = writer_column(w, slot) == CHUNK_HIDDEN + HIDDEN_POS && !w->order;
        if (w->order)
            gather_values(w, &whole, chunk, in.n);
        else
            ok = column_source_fill(&source, in.n, w->value, w->null, &any_null, err);
        if (!ok)
            break;
        in.null = any_null && bitset_any(w->null, in.n) ? w->null : NULL;
        encode_column(&w->encoder, &in, &e);
        write_encoded(w, slot, chunk, &e);
        if (!w->order) {
            row_ranges_recycle(w->range, w->nrange);
            source.vec_n = 0;
        }
    }
    whole_column_free(&whole);
    row_ranges_recycle(w->range, w->nrange);
    return ok;
}

static void write_missing(struct segment_writer *w, uint32_t slot)
{
    for (uint32_t chunk = 0; chunk < w->nchunk; chunk++) {
        struct format_chunk_column *to = &w->chunk[(size_t)slot * w->nchunk + chunk];
        *to = (struct format_chunk_column){.encoding = ENC_NULL};
        to->zone.nulls = writer_chunk_rows(w, chunk);
    }
}

/* The column's zone over the segment from its chunks'. */
static void merge_zones(struct segment_writer *w, uint32_t slot, const struct sketch *sketch)
{
    struct zone all = {0}, z;
    for (uint32_t chunk = 0; chunk < w->nchunk; chunk++) {
        zone_from_format(&w->chunk[(size_t)slot * w->nchunk + chunk].zone, writer_chunk_rows(w, chunk), &z);
        zone_merge(&all, &z);
    }
    if (w->column[slot].dict_n)
        all.distinct = w->column[slot].dict_n;
    else if (w->nchunk > 1 && all.nulls < all.rows)
        all.distinct = MAX_OF(all.distinct, sketch_estimate(sketch));
    zone_to_format(&all, &w->column[slot].zone);
}

bool writer_write_column(struct segment_writer *w, uint32_t slot, struct error *err)
{
    struct sketch *sketch = xcalloc(1, sizeof *sketch);
    bool ok = true, plain = true;
    w->encoder.sketch = sketch;
    if (w->column[slot].dropped) {
        write_missing(w, slot);
        plain = false;
    } else if (type_phys(w->type[slot]) == PHYS_STR) {
        struct coding coding = {0};
        ok = coding_alloc(w, &coding, err) && code_rows(w, slot, &coding, err);
        plain = coding.gave_up;
        if (ok && !plain)
            write_coded(w, slot, &coding);
        coding_free(w, &coding);
    }
    if (ok && plain)
        ok = write_plain(w, slot, err);
    if (ok)
        merge_zones(w, slot, sketch);
    w->encoder.sketch = NULL;
    free(sketch);
    return ok && !w->out.failed;
}
