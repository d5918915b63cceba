/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: vectors, single rows, runs. Filters on encoded data are in enc_filter.c. */
#include "storage/enc_int.h"

#include "storage/pack_kern.h"
#include "types/numeric.h"

#include <stdlib.h>

static struct enc_reader *enc_of(struct chunk_reader *r) { return (struct enc_reader *)r; }
static const struct enc_source *source_of(const struct enc_reader *r)
{
    return ((const struct enc_chunk *)r->base.chunk)->source;
}
static uint32_t chunk_row_count(const struct enc_reader *r) { return ((const struct enc_chunk *)r->base.chunk)->rows; }

uint32_t enc_rows(const struct chunk *chunk) { return ((const struct enc_chunk *)chunk)->rows; }

bool enc_zone(const struct chunk *chunk, uint32_t slot, struct zone *out)
{
    zone_from_format(&enc_meta(chunk, slot)->zone, enc_rows(chunk), out);
    return true;
}

bool enc_reader_open(struct chunk *chunk, struct chunk_reader **out, struct error *err)
{
    struct enc_reader *r = xcalloc(1, sizeof *r + chunk->nslot * sizeof r->column[0]);
    r->column = (struct enc_column **)(r + 1);
    *out = &r->base;
    return true;
}

void enc_reader_close(struct chunk_reader *reader)
{
    if (source_of(enc_of(reader))->reader_close)
        source_of(enc_of(reader))->reader_close(enc_of(reader));
}

static struct enc_column *column_state(struct enc_reader *r, uint32_t slot)
{
    if (!r->column[slot]) {
        struct enc_column *c = ARENA_NEW(&r->base.arena, struct enc_column);
        c->meta = enc_meta(r->base.chunk, slot);
        c->phys = (uint8_t)type_phys(r->base.chunk->type[slot]);
        r->column[slot] = c;
    }
    return r->column[slot];
}

bool enc_open_nulls(struct enc_reader *r, uint32_t slot, struct enc_column **out, struct error *err)
{
    struct enc_column *c = column_state(r, slot);
    *out = c;
    if (c->nulls_open)
        return true;
    if (c->meta->stream[STREAM_NULLS].bytes) {
        const uint8_t *data;
        uint32_t *checked;
        if (!source_of(r)->stream(r, slot, STREAM_NULLS, &data, &checked, err))
            return false;
        c->null = (const uint64_t *)data;
        if (checked && !__atomic_load_n(checked, __ATOMIC_ACQUIRE)) {
            const char *bad = enc_check_nulls(c->meta, c->null, chunk_row_count(r));
            if (bad)
                return source_of(r)->corrupt(r->base.chunk, slot, bad, err);
            __atomic_store_n(checked, 1, __ATOMIC_RELEASE);
        }
    }
    c->nulls_open = true;
    return true;
}

static bool open_strings(struct enc_reader *r, struct enc_column *c, struct error *err)
{
    void *raw;
    c->strings = (const void *)c->data;
    c->block = (const void *)(c->strings + 1);
    c->lengths = strings_lengths(c->data);
    if (!reader_alloc(&r->base.arena, c->strings->nblock * sizeof *c->raw, &raw, err))
        return false;
    c->raw = memset(raw, 0, c->strings->nblock * sizeof *c->raw);
    return true;
}

bool enc_open_data(struct enc_reader *r, uint32_t slot, struct enc_column **out, struct error *err)
{
    struct enc_column *c;
    if (!enc_open_nulls(r, slot, out, err))
        return false;
    c = *out;
    if (c->data_open)
        return true;
    const struct enc_source *source = source_of(r);
    if (c->meta->domain == DOMAIN_CODE && c->meta->encoding != ENC_NULL && !source->dict(r, slot, &c->dict, err))
        return false;
    if (c->meta->stream[STREAM_DATA].bytes) {
        uint32_t *checked;
        if (!source->stream(r, slot, STREAM_DATA, &c->data, &checked, err))
            return false;
        if (checked && !__atomic_load_n(checked, __ATOMIC_ACQUIRE)) {
            const char *bad = enc_check_data(c->meta, c->data, chunk_row_count(r), source->dict_n(r->base.chunk, slot));
            if (bad)
                return source->corrupt(r->base.chunk, slot, bad, err);
            __atomic_store_n(checked, 1, __ATOMIC_RELEASE);
        }
        bool blocks = c->meta->encoding == ENC_STRINGS || c->meta->encoding == ENC_LZ4;
        if (blocks && !open_strings(r, c, err))
            return false;
    }
    c->data_open = true;
    return true;
}

bool enc_dict(struct chunk_reader *reader, uint32_t slot, const struct dict **dict, struct error *err)
{
    struct enc_reader *r = enc_of(reader);
    struct enc_column *c = column_state(r, slot);
    *dict = NULL;
    if (c->meta->domain != DOMAIN_CODE || c->meta->encoding == ENC_NULL)
        return true;
    if (!c->dict && !source_of(r)->dict(r, slot, &c->dict, err))
        return false;
    *dict = c->dict;
    return true;
}

/* ---- decoding ---- */

void enc_unpack(const uint8_t *stream, uint32_t b, uint32_t value_bytes, void *out)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    const struct format_pack *p = (const struct format_pack *)(const void *)stream + b;
    const uint8_t *words = stream + (size_t)p->offset * 64;
    if (value_bytes == 2)
        k->decode_i16(words, p->width, p->base, out);
    else if (value_bytes == 4)
        k->decode_i32(words, p->width, p->base, out);
    else
        k->decode_i64(words, p->width, p->base, out);
}

static void undelta(const uint8_t *stream, uint32_t b, int64_t *out)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    const struct format_delta *p = (const struct format_delta *)(const void *)stream + b;
    k->decode_i64(stream + (size_t)p->offset * 64, p->width, p->step, out);
    out[0] = p->first;
    for (int i = 1; i < PACK_BLOCK; i++)
        out[i] += out[i - 1];
}

/* First run that ends beyond row. */
static uint32_t run_of(const uint32_t *end, uint32_t nrun, uint32_t row)
{
    uint32_t begin = 0, stop = nrun;
    while (begin < stop) {
        uint32_t mid = begin + (stop - begin) / 2;
        if (end[mid] <= row)
            begin = mid + 1;
        else
            stop = mid;
    }
    return begin;
}

#define FILL_LOOP(type)                                                                                                \
    do {                                                                                                               \
        type *to = (type *)out;                                                                                        \
        type v = ((const type *)value)[0];                                                                             \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            to[i] = v;                                                                                                 \
    } while (0)

static void fill_values(void *out, const void *value, uint32_t size, uint32_t n)
{
    switch (size) {
    case 1: memset(out, *(const uint8_t *)value, n); break;
    case 2: FILL_LOOP(uint16_t); break;
    case 4: FILL_LOOP(uint32_t); break;
    case 8: FILL_LOOP(uint64_t); break;
    default:
        for (uint32_t i = 0; i < n; i++)
            memcpy((char *)out + (size_t)i * size, value, size);
    }
}

static void unrle(const struct enc_column *c, uint32_t row, uint32_t n, char *out)
{
    const uint32_t *end = (const void *)c->data;
    uint32_t size = c->meta->value_bytes, run = run_of(end, c->meta->nrun, row), at = row;
    const uint8_t *value = c->data + size_align((size_t)c->meta->nrun * 4, 8);
    while (at < row + n) {
        uint32_t stop = MIN_OF(end[run], row + n);
        fill_values(out + (size_t)(at - row) * size, value + (size_t)run * size, size, stop - at);
        at = stop;
        run++;
    }
}

static void unbitmap(const uint64_t *bits, uint32_t row, uint32_t n, uint8_t *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = (bits[(row + i) / 64] >> ((row + i) % 64)) & 1;
}

/* The index-th block's raw bytes. */
static bool raw_block(struct enc_reader *r, uint32_t slot, struct enc_column *c, uint32_t index, const char **raw,
                      struct error *err)
{
    if (!c->raw[index] && !source_of(r)->raw_block(r, slot, &c->block[index], index, &c->raw[index], err))
        return false;
    *raw = c->raw[index];
    return true;
}

static uint32_t block_of_row(const struct enc_column *c, uint32_t row)
{
    uint32_t begin = 0, stop = c->strings->nblock;
    while (begin < stop) {
        uint32_t mid = begin + (stop - begin) / 2;
        if (c->block[mid].row_end <= row)
            begin = mid + 1;
        else
            stop = mid;
    }
    return begin;
}

/* Stored values of rows [row, row + n) (not strings); *out points into the page where nothing is to be done. */
static bool stored_values(struct enc_reader *r, uint32_t slot, struct enc_column *c, uint32_t row, uint32_t n,
                          struct arena *arena, const void **out, struct error *err)
{
    uint32_t size = c->meta->value_bytes;
    void *to;
    if (c->meta->encoding == ENC_PLAIN) {
        *out = c->data + (size_t)row * size;
        return true;
    }
    if (c->meta->encoding == ENC_LZ4) {
        const char *raw;
        if (!raw_block(r, slot, c, block_of_row(c, row), &raw, err))
            return false;
        *out = raw; /* a block is exactly a vector */
        return true;
    }
    if (!reader_alloc(arena, (size_t)VEC_ROWS * size + VEC_PAD_BYTES, &to, err))
        return false;
    *out = to;
    switch ((enum encoding)c->meta->encoding) {
    case ENC_CONST: fill_values(to, c->meta->value, size, n); break;
    case ENC_RLE: unrle(c, row, n, to); break;
    case ENC_BITMAP: unbitmap((const uint64_t *)c->data, row, n, to); break;
    case ENC_FOR:
        for (uint32_t i = 0; i < n; i += PACK_BLOCK)
            enc_unpack(c->data, (row + i) / PACK_BLOCK, size, (char *)to + (size_t)i * size);
        break;
    case ENC_DELTA:
        for (uint32_t i = 0; i < n; i += PACK_BLOCK)
            undelta(c->data, (row + i) / PACK_BLOCK, (int64_t *)to + i);
        break;
    default: __builtin_unreachable();
    }
    return true;
}

static bool sel_hits(const struct sel *sel, uint32_t begin, uint32_t end)
{
    if (!sel)
        return true;
    uint32_t lo = 0, hi = sel->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (sel->idx[mid] < begin)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < sel->n && sel->idx[lo] < end;
}

/* Strings of rows [row, row + n); rows of blocks without selected rows come out empty. */
static bool read_strings(struct enc_reader *r, uint32_t slot, struct enc_column *c, uint32_t row, uint32_t n,
                         const struct sel *sel, struct str *out, struct error *err)
{
    uint32_t length[VEC_ROWS];
    for (uint32_t i = 0; i < n; i += PACK_BLOCK)
        enc_unpack(c->lengths, (row + i) / PACK_BLOCK, 4, length + i);
    for (uint32_t b = block_of_row(c, row), at = 0; at < n; b++) {
        uint32_t end = MIN_OF(c->block[b].row_end - row, n);
        const char *raw;
        if (!sel_hits(sel, at, end)) {
            memset(out + at, 0, (end - at) * sizeof *out);
            at = end;
            continue;
        }
        if (!raw_block(r, slot, c, b, &raw, err))
            return false;
        for (; at < end; raw += length[at++])
            out[at] = str_make(raw, length[at]);
    }
    return true;
}

static bool read_num_records(struct enc_reader *r, uint32_t slot, struct enc_column *c, uint32_t row, uint32_t n,
                             struct num *out, struct error *err)
{
    struct str *record = (struct str *)out; /* both 16 bytes: each is replaced in place */
    if (!read_strings(r, slot, c, row, n, NULL, record, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct num v = num_from_i64(0);
        if (!c->null || !bit_get(c->null, row + i)) {
            struct strview s = str_view(&record[i]);
            struct format_num head;
            if (!enc_check_num(s.ptr, (uint32_t)s.len))
                return source_of(r)->corrupt(r->base.chunk, slot, "malformed numeric", err);
            memcpy(&head, s.ptr, sizeof head);
            v = (struct num){.mantissa = head.mantissa, .kind = (uint8_t)head.kind, .dscale = head.dscale};
            if (head.kind == NUM_BIG)
                v.big = (const void *)(s.ptr + sizeof head);
        }
        out[i] = v;
    }
    return true;
}

static void scale_values(const int64_t *mantissa, uint32_t dscale, uint32_t n, struct num *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct num){.mantissa = mantissa[i], .kind = NUM_INLINE, .dscale = dscale};
}

/* Null bits of [row, row + n), NULL if none of them is set. */
static uint64_t *vector_nulls(const struct enc_column *c, uint32_t row, uint32_t n)
{
    if (!c->null)
        return NULL;
    const uint64_t *bits = c->null + row / 64;
    for (uint32_t w = 0; w < bitset_words(n); w++)
        if (bits[w])
            return (uint64_t *)bits;
    return NULL;
}

/* A constant vector without NULLs. */
static bool read_const(struct enc_reader *r, struct enc_column *c, struct vec *out, struct error *err)
{
    const void *value = c->meta->value;
    struct num scaled;
    if (c->meta->domain == DOMAIN_CODE) {
        value = &c->dict->value[load_u32(c->meta->value)];
    } else if (c->meta->domain == DOMAIN_SCALED) {
        int64_t mantissa;
        memcpy(&mantissa, c->meta->value, sizeof mantissa);
        scale_values(&mantissa, c->meta->dscale, 1, &scaled);
        value = &scaled;
    }
    return vec_const(out, &r->base.scratch, c->phys, value, err);
}

bool enc_read(struct chunk_reader *reader, uint32_t slot, uint32_t row, uint32_t n, const struct sel *sel,
              struct vec *out, struct error *err)
{
    struct enc_reader *r = enc_of(reader);
    struct enc_column *c;
    struct arena *arena = &reader->scratch;
    const void *stored;
    if (!enc_open_data(r, slot, &c, err))
        return false;
    if (c->meta->encoding == ENC_NULL)
        return vec_const(out, arena, c->phys, NULL, err);
    uint64_t *null = vector_nulls(c, row, n);
    if (c->meta->encoding == ENC_CONST && !null)
        return read_const(r, c, out, err);
    if (c->meta->encoding == ENC_STRINGS || c->meta->domain == DOMAIN_SCALED) {
        if (!vec_alloc(out, arena, c->phys, VEC_ROWS, err))
            return false;
        out->null = null;
        if (c->phys == PHYS_STR)
            return read_strings(r, slot, c, row, n, sel, out->data, err);
        if (c->meta->encoding == ENC_STRINGS)
            return read_num_records(r, slot, c, row, n, out->data, err);
        if (!stored_values(r, slot, c, row, n, arena, &stored, err))
            return false;
        scale_values(stored, c->meta->dscale, n, out->data);
        return true;
    }
    if (!stored_values(r, slot, c, row, n, arena, &stored, err))
        return false;
    *out = (struct vec){.phys = c->phys, .form = VEC_FLAT, .data = (void *)stored, .null = null};
    if (c->meta->domain == DOMAIN_CODE) {
        out->form = VEC_DICT;
        out->dict = c->dict;
    }
    return true;
}

/* ---- single rows ---- */

static uint64_t unpack_one(const uint8_t *stream, uint32_t row)
{
    const struct format_pack *p = (const struct format_pack *)(const void *)stream + row / PACK_BLOCK;
    const uint8_t *words = stream + (size_t)p->offset * 64;
    uint32_t i = row % PACK_BLOCK, lane_bits = p->width <= 16 ? 16 : p->width <= 32 ? 32 : 64;
    if (p->width == 0)
        return (uint64_t)p->base;
    uint32_t nlane = PACK_BLOCK / lane_bits, bit = i / nlane * p->width, shift = bit % lane_bits;
    size_t lane_bytes = lane_bits / 8, at = ((size_t)(bit / lane_bits) * nlane + i % nlane) * lane_bytes;
    uint64_t low = 0, high = 0;
    memcpy(&low, words + at, lane_bytes);
    low >>= shift;
    if (shift + p->width > lane_bits) {
        memcpy(&high, words + at + nlane * lane_bytes, lane_bytes);
        low |= high << (lane_bits - shift);
    }
    uint64_t mask = p->width == 64 ? ~0ULL : (1ULL << p->width) - 1;
    return (uint64_t)p->base + (low & mask);
}

/* Stored value of one row for the encodings that have direct access. */
static void stored_one(const struct enc_column *c, uint32_t row, void *out)
{
    uint32_t size = c->meta->value_bytes;
    switch ((enum encoding)c->meta->encoding) {
    case ENC_CONST: memcpy(out, c->meta->value, size); return;
    case ENC_PLAIN: memcpy(out, c->data + (size_t)row * size, size); return;
    case ENC_BITMAP: *(uint8_t *)out = bit_get((const uint64_t *)c->data, row); return;
    case ENC_RLE: {
        const uint32_t *end = (const void *)c->data;
        uint32_t run = run_of(end, c->meta->nrun, row);
        memcpy(out, c->data + size_align((size_t)c->meta->nrun * 4, 8) + (size_t)run * size, size);
        return;
    }
    case ENC_FOR: {
        uint64_t v = unpack_one(c->data, row);
        memcpy(out, &v, size);
        return;
    }
    default: __builtin_unreachable();
    }
}

static void fetch_direct(const struct enc_column *c, const uint32_t *row, uint32_t n, struct vec *out)
{
    size_t size = phys_size[c->phys];
    for (uint32_t k = 0; k < n; k++) {
        char *to = (char *)out->data + k * size;
        if (c->meta->domain == DOMAIN_CODE) {
            uint32_t code;
            stored_one(c, row[k], &code);
            *(struct str *)to = c->dict->value[code];
        } else if (c->meta->domain == DOMAIN_SCALED) {
            int64_t mantissa;
            stored_one(c, row[k], &mantissa);
            scale_values(&mantissa, c->meta->dscale, 1, (struct num *)to);
        } else {
            stored_one(c, row[k], to);
        }
    }
}

/* Vector by vector, decoding only vectors with wanted rows. */
static bool fetch_vectors(struct enc_reader *r, uint32_t slot, const uint32_t *row, uint32_t n, struct vec *out,
                          struct error *err)
{
    size_t size = phys_size[out->phys];
    uint16_t idx[VEC_ROWS];
    for (uint32_t k = 0; k < n;) {
        uint32_t begin = row[k] / VEC_ROWS * VEC_ROWS, end = MIN_OF(begin + VEC_ROWS, chunk_row_count(r)), from = k;
        struct sel sel = {.idx = idx};
        struct vec v;
        for (; k < n && row[k] < end; k++)
            if (sel.n == 0 || idx[sel.n - 1] != row[k] - begin)
                idx[sel.n++] = (uint16_t)(row[k] - begin);
        if (!enc_read(&r->base, slot, begin, end - begin, &sel, &v, err))
            return false;
        for (uint32_t i = from; i < k; i++)
            memcpy((char *)out->data + i * size, vec_value(&v, row[i] - begin), size);
    }
    return true;
}

bool enc_fetch(struct chunk_reader *reader, uint32_t slot, const uint32_t *row, uint32_t n, struct arena *arena,
               struct vec *out, struct error *err)
{
    struct enc_reader *r = enc_of(reader);
    struct enc_column *c;
    if (!enc_open_data(r, slot, &c, err))
        return false;
    if (c->meta->encoding == ENC_NULL)
        return vec_const(out, arena, c->phys, NULL, err);
    if (!vec_alloc(out, arena, c->phys, n, err))
        return false;
    if (c->null) {
        if (!vec_alloc_null(out, arena, n, err))
            return false;
        for (uint32_t k = 0; k < n; k++)
            bit_put(out->null, k, bit_get(c->null, row[k]));
    }
    if (c->meta->encoding == ENC_STRINGS || c->meta->encoding == ENC_LZ4 || c->meta->encoding == ENC_DELTA)
        return fetch_vectors(r, slot, row, n, out, err);
    fetch_direct(c, row, n, out);
    return true;
}

bool enc_runs(struct chunk_reader *reader, uint32_t slot, const uint32_t **end, uint32_t *nrun, struct vec *value,
              struct error *err)
{
    struct enc_reader *r = enc_of(reader);
    struct enc_column *c;
    uint32_t rows = reader->rows;
    void *memory;
    *nrun = 0;
    if (!enc_open_data(r, slot, &c, err))
        return false;
    bool is_rle = c->meta->encoding == ENC_RLE, is_const = c->meta->encoding == ENC_CONST;
    if (c->null || rows == 0 || c->meta->domain == DOMAIN_SCALED || !(is_rle || is_const))
        return true;
    uint32_t runs = is_const ? 1 : run_of((const void *)c->data, c->meta->nrun, rows - 1) + 1;
    if (!reader_alloc(&reader->arena, runs * sizeof(uint32_t), &memory, err))
        return false;
    uint32_t *ends = memory;
    if (is_rle)
        memcpy(ends, c->data, runs * sizeof(uint32_t));
    ends[runs - 1] = rows;
    const void *values = is_const ? (const void *)c->meta->value : c->data + size_align((size_t)c->meta->nrun * 4, 8);
    *value = (struct vec){.phys = c->phys, .form = VEC_FLAT, .data = (void *)values};
    if (c->meta->domain == DOMAIN_CODE) {
        value->form = VEC_DICT;
        value->dict = c->dict;
    }
    *end = ends;
    *nrun = runs;
    return true;
}
