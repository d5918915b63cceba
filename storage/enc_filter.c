/* SPDX-License-Identifier: Apache-2.0 */
/* Predicates on encoded columns. Everything ANDs into bits[0, rows of the reader). */
#include "storage/enc_int.h"

#include "storage/pack_kern.h"
#include "types/numeric.h"

/* Dictionaries beyond this are not searched whole when their order does not help. */
enum { DICT_SEARCH_MAX = 1 << 16 };

static void clear_range(uint64_t *bits, uint32_t begin, uint32_t end)
{
    for (uint32_t w = begin / 64; begin < end; w++) {
        uint32_t stop = MIN_OF((w + 1) * 64, end), count = stop - begin;
        uint64_t mask = count == 64 ? ~0ULL : ((1ULL << count) - 1) << (begin % 64);
        bits[w] &= ~mask;
        begin = stop;
    }
}

/* Value for value: any encoding, any type. */
static bool filter_rows(struct enc_reader *r, uint32_t slot, const struct pred *pred, uint64_t *bits, struct error *err)
{
    uint16_t idx[VEC_ROWS];
    for (uint32_t row = 0; row < r->base.rows; row += VEC_ROWS) {
        uint32_t n = MIN_OF(r->base.rows - row, (uint32_t)VEC_ROWS);
        uint64_t *word = bits + row / 64;
        struct sel sel = {.idx = idx};
        struct vec v;
        for (size_t i = bitset_next(word, n, 0); i < n; i = bitset_next(word, n, i + 1))
            idx[sel.n++] = (uint16_t)i;
        if (sel.n == 0)
            continue;
        if (!enc_read(&r->base, slot, row, n, &sel, &v, err))
            return false;
        for (uint32_t k = 0; k < sel.n; k++)
            if (!pred_match(pred, vec_value(&v, idx[k])))
                bit_clear(word, idx[k]);
    }
    return true;
}

/* Packed blocks against a range: by the block's base where that decides, else on the packed numbers. */
static void range_for(const struct enc_column *c, const struct filter *f, uint32_t rows, uint64_t *bits)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    const struct format_pack *p = (const void *)c->data;
    for (uint32_t b = 0; b < pack_blocks(rows); b++) {
        uint32_t begin = b * PACK_BLOCK, n = MIN_OF(rows - begin, (uint32_t)PACK_BLOCK);
        uint64_t *word = bits + begin / 64, tail[PACK_BLOCK / 64] = {0};
        uint64_t most = p[b].width == 64 ? ~0ULL : (1ULL << p[b].width) - 1;
        uint64_t room = (uint64_t)INT64_MAX - (uint64_t)p[b].base; /* above base */
        int64_t top = p[b].base + (int64_t)MIN_OF(most, room);
        if (f->hi < p[b].base || f->lo > top) {
            if (!f->negate)
                memset(word, 0, bitset_words(n) * 8);
            continue;
        }
        if (f->lo <= p[b].base && f->hi >= top) {
            if (f->negate)
                memset(word, 0, bitset_words(n) * 8);
            continue;
        }
        uint64_t lo = f->lo <= p[b].base ? 0 : (uint64_t)f->lo - (uint64_t)p[b].base;
        uint64_t hi = MIN_OF((uint64_t)f->hi - (uint64_t)p[b].base, most);
        if (n == PACK_BLOCK) {
            k->range(c->data + (size_t)p[b].offset * 64, p[b].width, lo, hi, f->negate, word);
            continue;
        }
        memcpy(tail, word, bitset_words(n) * 8);
        k->range(c->data + (size_t)p[b].offset * 64, p[b].width, lo, hi, f->negate, tail);
        memcpy(word, tail, bitset_words(n) * 8);
    }
}

static int64_t stored_int(const void *value, uint32_t size, bool is_code)
{
    switch (size) {
    case 1: return *(const uint8_t *)value;
    case 2: return *(const int16_t *)value;
    case 4: return is_code ? (int64_t)load_u32(value) : (int64_t)(int32_t)load_u32(value);
    default: return (int64_t)load_u64(value);
    }
}

static void set_for(const struct enc_column *c, const struct filter *f, uint32_t rows, uint64_t *bits)
{
    struct filter bounds = {.kind = FILTER_RANGE, .phys = f->phys, .lo = f->lo, .hi = f->hi};
    int64_t value[PACK_BLOCK];
    range_for(c, &bounds, rows, bits);
    for (uint32_t begin = 0; begin < rows; begin += PACK_BLOCK) {
        uint32_t n = MIN_OF(rows - begin, (uint32_t)PACK_BLOCK);
        uint64_t *word = bits + begin / 64;
        size_t i = bitset_next(word, n, 0);
        if (i < n)
            enc_unpack(c->data, begin / PACK_BLOCK, 8, value);
        for (; i < n; i = bitset_next(word, n, i + 1))
            if (!filter_int_passes(f, value[i]))
                bit_clear(word, i);
    }
}

static void filter_runs(const struct enc_column *c, const struct filter *f, uint32_t rows, uint64_t *bits)
{
    const uint32_t *end = (const void *)c->data;
    uint32_t size = c->meta->value_bytes, begin = 0;
    const uint8_t *value = c->data + size_align((size_t)c->meta->nrun * 4, 8);
    bool is_code = c->meta->domain == DOMAIN_CODE;
    for (uint32_t i = 0; i < c->meta->nrun && begin < rows; begin = end[i++]) {
        bool pass = f->kind == FILTER_MATCH || f->phys == PHYS_F32 || f->phys == PHYS_F64
                        ? pred_match(f->pred, value + (size_t)i * size)
                        : filter_int_passes(f, stored_int(value + (size_t)i * size, size, is_code));
        if (!pass)
            clear_range(bits, begin, MIN_OF(end[i], rows));
    }
}

/* A ready filter over the stored integers or floats; not for ENC_STRINGS. Rows that are NULL are gone already. */
static bool filter_stored(struct enc_reader *r, uint32_t slot, struct enc_column *c, const struct filter *f,
                          uint64_t *bits, struct error *err)
{
    uint32_t rows = r->base.rows;
    bool is_code = c->meta->domain == DOMAIN_CODE, is_float = f->phys == PHYS_F32 || f->phys == PHYS_F64;
    if (f->kind == FILTER_ALL)
        return true;
    if (f->kind == FILTER_NOTHING) {
        memset(bits, 0, bitset_words(rows) * 8);
        return true;
    }
    if (f->kind == FILTER_MATCH && (c->meta->domain != DOMAIN_VALUE || c->meta->encoding == ENC_FOR))
        return filter_rows(r, slot, f->pred, bits, err);
    switch ((enum encoding)c->meta->encoding) {
    case ENC_CONST:
        if (f->kind == FILTER_MATCH || is_float
                ? !pred_match(f->pred, c->meta->value)
                : !filter_int_passes(f, stored_int(c->meta->value, c->meta->value_bytes, is_code)))
            memset(bits, 0, bitset_words(rows) * 8);
        return true;
    case ENC_RLE: filter_runs(c, f, rows, bits); return true;
    case ENC_FOR:
        if (f->kind == FILTER_RANGE)
            range_for(c, f, rows, bits);
        else
            set_for(c, f, rows, bits);
        return true;
    case ENC_BITMAP: {
        const uint64_t *v = (const uint64_t *)c->data;
        uint64_t on = filter_int_passes(f, 1) ? ~0ULL : 0, off = filter_int_passes(f, 0) ? ~0ULL : 0;
        for (uint32_t w = 0; w < bitset_words(rows); w++)
            bits[w] &= (v[w] & on) | (~v[w] & off);
        return true;
    }
    case ENC_PLAIN: filter_flat(f, c->data, rows, bits); return true;
    default: return filter_rows(r, slot, f->pred, bits, err);
    }
}

/* ---- strings by dictionary ---- */

static uint32_t dict_lower(const struct dict *dict, const struct str *s, bool above)
{
    uint32_t begin = 0, end = dict->n;
    while (begin < end) {
        uint32_t mid = begin + (end - begin) / 2;
        int order = str_compare(&dict->value[mid], s);
        if (order < 0 || (above && order == 0))
            begin = mid + 1;
        else
            end = mid;
    }
    return begin;
}

/* A predicate on a sorted dictionary as a range or set of codes. */
static void codes_of_sorted(struct filter *f, const struct pred *pred, const struct dict *dict, struct arena *arena)
{
    int64_t lo = 0, hi = (int64_t)dict->n - 1;
    *f = (struct filter){.kind = FILTER_RANGE, .pred = pred, .phys = PHYS_I32, .negate = pred->op == PRED_NE};
    switch (pred->op) {
    case PRED_EQ:
    case PRED_NE:
        lo = dict_lower(dict, &pred->lo.str, false);
        hi = (int64_t)dict_lower(dict, &pred->lo.str, true) - 1;
        break;
    case PRED_LT: hi = (int64_t)dict_lower(dict, &pred->lo.str, false) - 1; break;
    case PRED_LE: hi = (int64_t)dict_lower(dict, &pred->lo.str, true) - 1; break;
    case PRED_GT: lo = dict_lower(dict, &pred->lo.str, true); break;
    case PRED_GE: lo = dict_lower(dict, &pred->lo.str, false); break;
    case PRED_BETWEEN:
        lo = dict_lower(dict, &pred->lo.str, false);
        hi = (int64_t)dict_lower(dict, &pred->hi.str, true) - 1;
        break;
    default: {
        int64_t *set = arena_alloc(arena, size_mul(pred->nin + 1, sizeof *set));
        for (uint32_t i = 0; i < pred->nin; i++) {
            uint32_t code = dict_lower(dict, &pred->in[i].str, false);
            if (code < dict->n && str_equal(&dict->value[code], &pred->in[i].str))
                set[f->nset++] = code;
        }
        f->kind = f->nset ? FILTER_SET : FILTER_NOTHING;
        f->set = set;
        lo = f->nset ? set[0] : 0;
        hi = f->nset ? set[f->nset - 1] : 0;
    }
    }
    f->lo = lo;
    f->hi = hi;
    if (lo > hi)
        f->kind = f->negate ? FILTER_ALL : FILTER_NOTHING;
}

static bool filter_dict(struct enc_reader *r, uint32_t slot, struct enc_column *c, const struct pred *pred,
                        uint64_t *bits, struct error *err)
{
    const struct dict *dict = c->dict;
    struct filter f;
    void *memory;
    bool ordered = (type_is_string(pred->type) && pred->type != TYPE_BPCHAR) || pred->type == TYPE_BYTEA;
    if (dict->sorted && ordered) {
        codes_of_sorted(&f, pred, dict, &r->base.scratch);
        return filter_stored(r, slot, c, &f, bits, err);
    }
    if (dict->n > DICT_SEARCH_MAX)
        return filter_rows(r, slot, pred, bits, err);
    if (!reader_alloc(&r->base.scratch, bitset_words(dict->n) * 8, &memory, err))
        return false;
    uint64_t *code_bits = memset(memory, 0, bitset_words(dict->n) * 8);
    for (uint32_t i = 0; i < dict->n; i++)
        if (pred_match(pred, &dict->value[i]))
            bit_set(code_bits, i);
    return enc_filter_codes(&r->base, slot, code_bits, false, bits, err);
}

bool enc_filter(struct chunk_reader *reader, uint32_t slot, const struct pred *pred, uint64_t *bits, struct error *err)
{
    struct enc_reader *r = (struct enc_reader *)reader;
    struct enc_column *c;
    struct filter f;
    bool null_test = pred->op == PRED_IS_NULL || pred->op == PRED_IS_NOT_NULL;
    if (!enc_open_nulls(r, slot, &c, err))
        return false;
    bool all_null = c->meta->encoding == ENC_NULL;
    if (all_null && pred->op == PRED_IS_NULL)
        return true;
    if (all_null || (!c->null && pred->op == PRED_IS_NULL)) {
        memset(bits, 0, bitset_words(reader->rows) * 8);
        return true;
    }
    if (c->null)
        filter_null(bits, c->null, reader->rows, pred->op == PRED_IS_NULL);
    if (null_test)
        return true;
    if (!enc_open_data(r, slot, &c, err))
        return false;
    if (c->meta->domain == DOMAIN_CODE)
        return filter_dict(r, slot, c, pred, bits, err);
    if (c->meta->encoding == ENC_STRINGS)
        return filter_rows(r, slot, pred, bits, err);
    if (c->meta->domain == DOMAIN_SCALED)
        filter_init_scaled(&f, pred, c->meta->dscale, &reader->scratch);
    else
        filter_init(&f, pred, &reader->scratch);
    return filter_stored(r, slot, c, &f, bits, err);
}

static void codes_for(const struct enc_column *c, const uint64_t *code_bits, uint32_t rows, uint64_t *bits)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    const struct format_pack *p = (const void *)c->data;
    for (uint32_t b = 0; b < pack_blocks(rows); b++) {
        uint32_t begin = b * PACK_BLOCK, n = MIN_OF(rows - begin, (uint32_t)PACK_BLOCK);
        uint64_t tail[PACK_BLOCK / 64] = {0}, *word = bits + begin / 64;
        memcpy(tail, word, bitset_words(n) * 8);
        k->codes(c->data + (size_t)p[b].offset * 64, p[b].width, (uint32_t)p[b].base, code_bits, tail);
        memcpy(word, tail, bitset_words(n) * 8);
    }
}

bool enc_filter_codes(struct chunk_reader *reader, uint32_t slot, const uint64_t *code_bits, bool null_passes,
                      uint64_t *bits, struct error *err)
{
    struct enc_reader *r = (struct enc_reader *)reader;
    struct enc_column *c;
    uint32_t rows = reader->rows;
    size_t words = bitset_words(rows);
    uint64_t keep[CHUNK_ROWS / 64];
    if (!enc_open_data(r, slot, &c, err))
        return false;
    if (c->meta->encoding == ENC_NULL) {
        if (!null_passes)
            memset(bits, 0, words * 8);
        return true;
    }
    assert(c->meta->domain == DOMAIN_CODE);
    for (size_t w = 0; c->null && w < words; w++)
        keep[w] = null_passes ? bits[w] & c->null[w] : 0;
    if (c->null)
        filter_null(bits, c->null, rows, false);
    switch ((enum encoding)c->meta->encoding) {
    case ENC_CONST:
        if (!bit_get(code_bits, load_u32(c->meta->value)))
            memset(bits, 0, words * 8);
        break;
    case ENC_RLE: {
        const uint32_t *end = (const void *)c->data;
        const uint8_t *value = c->data + size_align((size_t)c->meta->nrun * 4, 8);
        for (uint32_t i = 0, begin = 0; i < c->meta->nrun && begin < rows; begin = end[i++])
            if (!bit_get(code_bits, load_u32(value + i * 4)))
                clear_range(bits, begin, MIN_OF(end[i], rows));
        break;
    }
    case ENC_FOR: codes_for(c, code_bits, rows, bits); break;
    default:
        for (size_t i = bitset_next(bits, rows, 0); i < rows; i = bitset_next(bits, rows, i + 1))
            if (!bit_get(code_bits, load_u32(c->data + i * 4)))
                bit_clear(bits, i);
    }
    for (size_t w = 0; c->null && w < words; w++)
        bits[w] |= keep[w];
    return true;
}
