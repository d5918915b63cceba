/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sort_by. Every sort column becomes 64-bit keys that order like the values: exact for integers, times and floats;
 * ranks for strings; other types fall back to value_compare. NULLs last; ties keep the given order, which is (pos,
 * ordinal).
 */
#include "storage/segment_write_int.h"

#include "base/memory.h"

#include <stdlib.h>

enum { SORT_COLUMNS_MAX = 8 };

struct sort_column {
    struct whole_column whole;
    oid_t type;
    uint64_t *key; /* NULL: compare values */
};

struct sort_state {
    uint32_t ncolumn;
    struct sort_column column[SORT_COLUMNS_MAX];
};

static bool is_null(const struct sort_column *c, uint32_t row) { return c->whole.null && bit_get(c->whole.null, row); }

static int compare_rows(const void *a, const void *b, void *arg)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const struct sort_state *s = arg;
    for (uint32_t i = 0; i < s->ncolumn; i++) {
        const struct sort_column *c = &s->column[i];
        bool x_null = is_null(c, x), y_null = is_null(c, y);
        if (x_null != y_null)
            return x_null ? 1 : -1;
        if (x_null)
            continue;
        if (c->key) {
            if (c->key[x] != c->key[y])
                return c->key[x] < c->key[y] ? -1 : 1;
            continue;
        }
        size_t size = phys_size[c->whole.phys];
        int order = value_compare(c->type, (char *)c->whole.value + x * size, (char *)c->whole.value + y * size);
        if (order)
            return order;
    }
    return x < y ? -1 : x > y;
}

/* Keys of fixed-width types, ranks of strings. */
static bool make_keys(struct sort_column *c, uint32_t rows, struct mem_account *account, struct error *err)
{
    size_t size = phys_size[c->whole.phys];
    bool by_rank = (type_is_string(c->type) && c->type != TYPE_BPCHAR) || c->type == TYPE_BYTEA;
    bool by_key = c->whole.phys >= PHYS_BOOL && c->whole.phys <= PHYS_F64;
    if (!by_rank && !by_key)
        return true;
    c->key = mem_alloc(account, rows * sizeof *c->key);
    if (!c->key)
        return account_error(account, rows * sizeof *c->key, err);
    if (by_key) {
        for (uint32_t i = 0; i < rows; i++)
            (void)zone_key(c->type, (char *)c->whole.value + i * size, &c->key[i]);
        return true;
    }
    const struct str *s = c->whole.value;
    uint32_t *order = xmalloc(size_mul(rows, sizeof *order));
    struct str *value = c->whole.value;
    for (uint32_t i = 0; i < rows; i++)
        if (is_null(c, i))
            value[i] = str_make(NULL, 0);
    sort_values(s, rows, order);
    for (uint32_t k = 0, rank = 0; k < rows; k++) {
        rank += k > 0 && !str_equal(&s[order[k]], &s[order[k - 1]]);
        c->key[order[k]] = rank;
    }
    free(order);
    return true;
}

/* Slot of an attnum of the table; UINT32_MAX = no such column. */
static uint32_t slot_of_attnum(const struct segment_writer *w, int16_t attnum)
{
    bool usable = attnum > 0 && (uint32_t)attnum <= w->def->ncolumn && !w->def->column[attnum - 1].dropped;
    return usable ? (uint32_t)attnum - 1 : UINT32_MAX;
}

bool writer_sort(struct segment_writer *w, struct error *err)
{
    struct sort_state s = {0};
    uint32_t rows = (uint32_t)w->rows;
    bool ok = true;
    for (uint32_t i = 0; ok && i < SORT_COLUMNS_MAX && w->def->options.sort_attnum[i]; i++) {
        uint32_t slot = slot_of_attnum(w, w->def->options.sort_attnum[i]);
        if (slot == UINT32_MAX)
            continue;
        struct sort_column *c = &s.column[s.ncolumn++];
        c->type = w->type[slot];
        ok = whole_column_read(w, slot, &c->whole, err) && make_keys(c, rows, w->account, err);
    }
    if (ok && s.ncolumn && rows > 0) {
        w->order = mem_alloc(w->account, rows * sizeof *w->order);
        ok = w->order || account_error(w->account, rows * sizeof *w->order, err);
        for (uint32_t i = 0; ok && i < rows; i++)
            w->order[i] = i;
        if (ok)
            qsort_r(w->order, rows, sizeof *w->order, compare_rows, &s);
    }
    for (uint32_t i = 0; i < s.ncolumn; i++) {
        mem_free(w->account, s.column[i].key, rows * sizeof *s.column[i].key);
        whole_column_free(&s.column[i].whole);
    }
    row_ranges_recycle(w->range, w->nrange);
    return ok;
}
