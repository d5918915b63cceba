/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/column_source.h"

void column_source_init(struct column_source *s, const struct row_range *range, uint32_t nrange, uint32_t column,
                        uint8_t phys)
{
    *s = (struct column_source){.range = range, .nrange = nrange, .column = column, .phys = phys, .row = UINT32_MAX};
}

bool column_source_next(struct column_source *s, uint32_t max, const struct vec **vec, uint32_t *begin, uint32_t *n,
                        struct error *err)
{
    *n = 0;
    for (; s->at < s->nrange; s->at++, s->row = UINT32_MAX) {
        const struct row_range *range = &s->range[s->at];
        if (s->row == UINT32_MAX) {
            s->row = range->begin;
            s->vec_n = 0;
        }
        if (s->row >= range->end)
            continue;
        if (s->vec_n == 0 || s->row >= s->vec_begin + s->vec_n) {
            s->vec_begin = s->row / VEC_ROWS * VEC_ROWS;
            s->vec_n = MIN_OF(range->reader->rows - s->vec_begin, (uint32_t)VEC_ROWS);
            if (!chunk_read(range->reader, s->column, s->vec_begin, s->vec_n, NULL, &s->vec, err))
                return false;
            if (s->vec.phys == PHYS_NONE)
                s->vec.phys = s->phys;
        }
        *begin = s->row - s->vec_begin;
        *n = MIN_OF(MIN_OF(s->vec_begin + s->vec_n, range->end) - s->row, max);
        *vec = &s->vec;
        s->row += *n;
        return true;
    }
    return true;
}

static void copy_values(const struct vec *v, uint32_t begin, uint32_t n, char *to)
{
    size_t size = phys_size[v->phys];
    if (v->form == VEC_FLAT) {
        memcpy(to, (const char *)v->data + begin * size, n * size);
    } else if (v->form == VEC_DICT) {
        const uint32_t *code = (const uint32_t *)v->data + begin;
        for (uint32_t i = 0; i < n; i++)
            ((struct str *)to)[i] = v->dict->value[code[i]];
    } else {
        for (uint32_t i = 0; i < n; i++)
            memcpy(to + i * size, v->data, size);
    }
}

/* Sets bits [at, at + n) from the vector's. */
static bool copy_nulls(const struct vec *v, uint32_t begin, uint32_t n, uint64_t *null, uint32_t at)
{
    bool any = false;
    if (!v->null)
        return false;
    if (v->form != VEC_CONST && begin % 64 == 0 && at % 64 == 0) {
        for (uint32_t w = 0; w < n / 64; w++) {
            null[at / 64 + w] = v->null[begin / 64 + w];
            any = any || null[at / 64 + w];
        }
        begin += n / 64 * 64;
        at += n / 64 * 64;
        n %= 64;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!vec_is_null(v, begin + i))
            continue;
        bit_set(null, at + i);
        any = true;
    }
    return any;
}

bool column_source_fill(struct column_source *s, uint32_t n, void *values, uint64_t *null, bool *any_null,
                        struct error *err)
{
    size_t size = phys_size[s->phys];
    memset(null, 0, bitset_words(n) * 8);
    *any_null = false;
    for (uint32_t done = 0; done < n;) {
        const struct vec *v;
        uint32_t begin, count;
        if (!column_source_next(s, n - done, &v, &begin, &count, err))
            return false;
        assert(count > 0);
        copy_values(v, begin, count, (char *)values + done * size);
        if (copy_nulls(v, begin, count, null, done))
            *any_null = true;
        done += count;
    }
    return true;
}

void row_ranges_recycle(const struct row_range *range, uint32_t nrange)
{
    for (uint32_t i = 0; i < nrange; i++)
        chunk_reader_recycle(range[i].reader);
}
