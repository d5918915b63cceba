/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open chunk. Blocks of VEC_ROWS values of all columns lie in slabs of up to 256 KiB, so that they come from the
 * process's recycled, already touched buffers with little rounding. A reader sees only rows below a count that it
 * loaded with acquire order from `published`; everything those rows need (block pointers, values, heap bytes) was
 * written before the release store and never moves.
 */
#include "storage/mutable.h"

#include "base/memory.h"
#include "storage/chunk_int.h"
#include "storage/filter_int.h"

#include <stdlib.h>

enum {
    SLAB_BYTES = 256 << 10,
    HEAP_BLOCK_MIN = 64 << 10,
    HEAP_BLOCK_MAX = 1 << 20,
};

struct mutable_heap_block {
    struct mutable_heap_block *older;
    size_t bytes; /* as asked from mem_alloc */
};

/* Where a column lies in its slab. */
struct place {
    uint32_t slab, offset;
};

struct open_chunk {
    struct chunk base;
    struct mutable_chunk mc;
    uint32_t refs;
    const struct table_def *def;
    uint32_t nslab;
    size_t *slab_bytes;  /* [nslab] */
    struct place *place; /* [ncol] */
    void **slab;         /* [MUTABLE_BLOCKS * nslab] */
};

static const struct chunk_ops open_chunk_ops;

static struct open_chunk *open_of(struct chunk *chunk) { return (struct open_chunk *)chunk; }
static const struct mutable_chunk *mutable_of(const struct chunk *chunk)
{
    return &((const struct open_chunk *)chunk)->mc;
}

static size_t column_bytes(uint8_t phys) { return size_align((size_t)VEC_ROWS * (phys_size[phys] + 1u), 64); }

/* Distributes the columns over slabs in order. */
static void lay_out(struct open_chunk *oc)
{
    size_t used = 0;
    oc->place = xcalloc(oc->mc.ncol, sizeof *oc->place);
    oc->slab_bytes = xcalloc(oc->mc.ncol, sizeof *oc->slab_bytes);
    for (uint32_t c = 0; c < oc->mc.ncol; c++) {
        size_t bytes = column_bytes(oc->mc.col[c].phys);
        if (oc->nslab == 0 || used + bytes + VEC_PAD_BYTES > SLAB_BYTES) {
            oc->nslab++;
            used = 0;
        }
        oc->place[c] = (struct place){oc->nslab - 1, (uint32_t)used};
        used += bytes;
        oc->slab_bytes[oc->nslab - 1] = used + VEC_PAD_BYTES;
    }
    oc->slab = xcalloc((size_t)MUTABLE_BLOCKS * oc->nslab, sizeof *oc->slab);
}

bool mutable_chunk_open(const struct table_def *def, struct mem_account *account, struct mutable_chunk **out,
                        struct error *err)
{
    struct open_chunk *oc = xcalloc(1, sizeof *oc);
    struct mutable_chunk *mc = &oc->mc;
    oc->refs = 1;
    oc->def = table_def_get(def);
    oc->base.ops = &open_chunk_ops;
    oc->base.nslot = def->ncolumn + HIDDEN_COUNT;
    oc->base.type = slot_types(def);
    memcpy(oc->base.name, "open chunk", sizeof "open chunk");
    mc->chunk = &oc->base;
    mc->ncol = oc->base.nslot;
    mc->account = account;
    mc->first_pos = UINT64_MAX;
    mc->col = xcalloc(mc->ncol, sizeof *mc->col);
    for (uint32_t c = 0; c < mc->ncol; c++)
        mc->col[c].phys = (uint8_t)type_phys(oc->base.type[c]);
    lay_out(oc);
    *out = mc;
    return true;
}

static void open_chunk_free(struct open_chunk *oc)
{
    struct mutable_chunk *mc = &oc->mc;
    for (uint32_t i = 0; i < MUTABLE_BLOCKS * oc->nslab; i++)
        mem_free(mc->account, oc->slab[i], oc->slab_bytes[i % oc->nslab]);
    while (mc->heap.block) {
        struct mutable_heap_block *block = mc->heap.block;
        mc->heap.block = block->older;
        mem_free(mc->account, block, block->bytes);
    }
    table_def_put(oc->def);
    free((void *)oc->base.type);
    free(oc->slab);
    free(oc->slab_bytes);
    free(oc->place);
    free(mc->col);
    free(oc);
}

/* All columns' blocks for the VEC_ROWS rows from next_row. */
static bool add_blocks(struct open_chunk *oc, uint32_t index, struct error *err)
{
    struct mutable_chunk *mc = &oc->mc;
    void **slab = &oc->slab[(size_t)index * oc->nslab];
    for (uint32_t s = 0; s < oc->nslab; s++) {
        if (slab[s])
            continue; /* an earlier attempt got this far */
        slab[s] = mem_alloc(mc->account, oc->slab_bytes[s]);
        if (!slab[s])
            return account_error(mc->account, oc->slab_bytes[s], err);
        mc->bytes += oc->slab_bytes[s];
    }
    for (uint32_t c = 0; c < mc->ncol; c++) {
        struct mutable_block *block = &mc->col[c].block[index];
        char *at = (char *)slab[oc->place[c].slab] + oc->place[c].offset;
        block->data = at;
        block->null = (uint8_t *)at + (size_t)VEC_ROWS * phys_size[mc->col[c].phys];
    }
    return true;
}

bool mutable_chunk_begin_row(struct mutable_chunk *mc, bool *full, struct error *err)
{
    uint32_t index = mc->next_row / VEC_ROWS;
    *full = mc->next_row >= CHUNK_ROWS;
    if (*full)
        return false;
    mc->heap.row_mark = mc->heap.cur;
    if (mc->next_row % VEC_ROWS == 0 && !mc->col[mc->ncol - 1].block[index].data)
        return add_blocks(open_of(mc->chunk), index, err);
    return true;
}

static void publish(struct mutable_chunk *mc, uint32_t rows, uint64_t first_pos, uint64_t last_pos)
{
    assert(mc->first_pos == UINT64_MAX || first_pos >= mc->last_pos);
    if (mc->first_pos == UINT64_MAX)
        mc->first_pos = first_pos;
    mc->last_pos = last_pos;
    mc->next_row = rows;
    __atomic_store_n(&mc->published, rows, __ATOMIC_RELEASE);
}

void mutable_chunk_commit_row(struct mutable_chunk *mc, uint64_t pos, uint32_t ordinal)
{
    mutable_put_i64(mc, mc->ncol - HIDDEN_COUNT + HIDDEN_POS, (int64_t)pos);
    mutable_put_i32(mc, mc->ncol - HIDDEN_COUNT + HIDDEN_ORDINAL, (int32_t)ordinal);
    publish(mc, mc->next_row + 1, pos, pos);
}

void mutable_chunk_abort_row(struct mutable_chunk *mc)
{
    struct mutable_heap *heap = &mc->heap;
    if (!heap->block)
        return;
    char *begin = (char *)(heap->block + 1);
    /* The row may have begun in an older block: then all of the newest one is its own. */
    bool same = heap->row_mark >= begin && heap->row_mark <= heap->end;
    heap->cur = same ? heap->row_mark : begin;
}

char *mutable_heap_alloc(struct mutable_chunk *mc, size_t len)
{
    struct mutable_heap *heap = &mc->heap;
    if (UNLIKELY(len > (size_t)(heap->end - heap->cur))) {
        size_t grown = MIN_OF(MAX_OF(mc->bytes / 4, (size_t)HEAP_BLOCK_MIN), (size_t)HEAP_BLOCK_MAX);
        size_t bytes = MAX_OF(size_add(len, sizeof(struct mutable_heap_block)), grown);
        struct mutable_heap_block *block = mem_alloc(mc->account, bytes);
        if (!block)
            return NULL;
        *block = (struct mutable_heap_block){heap->block, bytes};
        heap->block = block;
        heap->cur = (char *)(block + 1);
        heap->end = (char *)block + bytes;
        mc->bytes += bytes;
    }
    char *at = heap->cur;
    heap->cur += len;
    return at;
}

/* A copy of a big numeric in the chunk's heap, on an even address. */
static bool put_num(struct mutable_chunk *mc, struct num *out, const struct num *v)
{
    *out = *v;
    if (v->kind != NUM_BIG)
        return true;
    size_t bytes = sizeof(struct num_big) + (size_t)v->big->ndigits * 2;
    char *at = mutable_heap_alloc(mc, bytes + 1);
    if (!at)
        return false;
    at += (uintptr_t)at & 1;
    out->big = memcpy(at, v->big, bytes);
    return true;
}

bool mutable_put_datum(struct mutable_chunk *mc, uint32_t column, const union datum *datum)
{
    uint8_t phys = mc->col[column].phys;
    if (phys == PHYS_STR)
        return mutable_put_str(mc, column, str_data(&datum->str), datum->str.len);
    void *slot = mutable_slot(mc, column, false);
    if (phys == PHYS_NUM)
        return put_num(mc, slot, &datum->num);
    memcpy(slot, datum, phys_size[phys]);
    return true;
}

/* ---- appending vectors ---- */

struct append {
    const struct batch *batch;
    uint32_t first; /* k of the first row: index among the selected ones */
    uint32_t n;     /* rows in this run; all in one block */
    uint32_t slot;  /* row of the block they begin at */
};

static uint32_t append_row(const struct append *a, uint32_t k)
{
    uint32_t i = a->first + k;
    return a->batch->sel ? a->batch->sel->idx[i] : i;
}

static bool append_values(struct mutable_chunk *mc, const struct append *a, const struct vec *v, void *data,
                          struct error *err)
{
    size_t size = phys_size[v->phys];
    char *to = data;
    if (v->form == VEC_FLAT && !a->batch->sel) {
        memcpy(to, (const char *)v->data + a->first * size, a->n * size);
    } else {
        for (uint32_t k = 0; k < a->n; k++)
            memcpy(to + k * size, vec_value(v, append_row(a, k)), size);
    }
    if (v->phys != PHYS_STR && v->phys != PHYS_NUM)
        return true;
    for (uint32_t k = 0; k < a->n; k++) {
        if (vec_is_null(v, append_row(a, k)))
            continue;
        if (v->phys == PHYS_NUM) {
            struct num *num = (struct num *)to + k;
            if (!put_num(mc, num, num))
                return account_error(mc->account, sizeof *num, err);
            continue;
        }
        struct str *s = (struct str *)to + k;
        if (!str_is_inline(s)) {
            char *copy = mutable_heap_alloc(mc, s->len);
            if (!copy)
                return account_error(mc->account, s->len, err);
            s->ptr = memcpy(copy, s->ptr, s->len);
        }
    }
    return true;
}

static bool append_column(struct mutable_chunk *mc, uint32_t column, const struct append *a, const struct vec *v,
                          struct error *err)
{
    struct mutable_block *block = &mc->col[column].block[mc->next_row / VEC_ROWS];
    size_t size = phys_size[mc->col[column].phys];
    char *data = (char *)block->data + a->slot * size;
    uint8_t *null = block->null + a->slot;
    if (!v || v->phys == PHYS_NONE || (v->form == VEC_CONST && vec_is_null(v, 0))) {
        memset(null, 1, a->n);
        memset(data, 0, a->n * size);
        return true;
    }
    assert(v->phys == mc->col[column].phys);
    if (!append_values(mc, a, v, data, err))
        return false;
    memset(null, 0, a->n);
    for (uint32_t k = 0; v->null && k < a->n; k++) {
        null[k] = vec_is_null(v, append_row(a, k));
        if (null[k])
            memset(data + k * size, 0, size);
    }
    return true;
}

static void append_hidden(struct mutable_chunk *mc, const struct append *a, uint64_t first_pos)
{
    uint32_t index = mc->next_row / VEC_ROWS, declared = mc->ncol - HIDDEN_COUNT;
    struct mutable_block *pos = &mc->col[declared + HIDDEN_POS].block[index];
    struct mutable_block *ordinal = &mc->col[declared + HIDDEN_ORDINAL].block[index];
    for (uint32_t k = 0; k < a->n; k++)
        ((int64_t *)pos->data)[a->slot + k] = (int64_t)(first_pos + a->first + k);
    memset(pos->null + a->slot, 0, a->n);
    memset((int32_t *)ordinal->data + a->slot, 0, a->n * sizeof(int32_t));
    memset(ordinal->null + a->slot, 0, a->n);
}

bool mutable_chunk_append(struct mutable_chunk *mc, const struct batch *batch, const uint32_t *map, uint64_t first_pos,
                          uint32_t first_row, uint32_t *appended, struct error *err)
{
    uint32_t rows = batch_rows(batch), declared = mc->ncol - HIDDEN_COUNT;
    const struct vec **source = xcalloc(declared, sizeof *source);
    bool ok = true, full = false;
    for (uint32_t i = 0; i < batch->ncol; i++) {
        assert(map[i] < declared);
        source[map[i]] = &batch->col[i];
    }
    *appended = 0;
    while (ok && first_row + *appended < rows) {
        ok = mutable_chunk_begin_row(mc, &full, err);
        if (!ok)
            break;
        struct append a = {.batch = batch, .first = first_row + *appended, .slot = mc->next_row % VEC_ROWS};
        a.n = MIN_OF(rows - a.first, VEC_ROWS - a.slot);
        for (uint32_t c = 0; ok && c < declared; c++)
            ok = append_column(mc, c, &a, source[c], err);
        if (!ok) {
            mutable_chunk_abort_row(mc);
            break;
        }
        append_hidden(mc, &a, first_pos);
        publish(mc, mc->next_row + a.n, first_pos + a.first, first_pos + a.first + a.n - 1);
        *appended += a.n;
    }
    free(source);
    return ok || full;
}

/* ---- the scan's side ---- */

static void open_get(struct chunk *chunk)
{
    uint32_t before = __atomic_fetch_add(&open_of(chunk)->refs, 1, __ATOMIC_RELAXED);
    assert(before > 0);
    (void)before;
}

static void open_put(struct chunk *chunk)
{
    if (__atomic_fetch_sub(&open_of(chunk)->refs, 1, __ATOMIC_ACQ_REL) == 1)
        open_chunk_free(open_of(chunk));
}

static uint32_t open_rows(const struct chunk *chunk)
{
    return __atomic_load_n(&mutable_of(chunk)->published, __ATOMIC_ACQUIRE);
}

static bool open_reader_open(struct chunk *chunk, struct chunk_reader **out, struct error *err)
{
    *out = xcalloc(1, sizeof **out);
    return true;
}

/* Null bytes of n rows as a bitmap; *null = NULL if there are none. */
static bool null_bitmap(const uint8_t *bytes, uint32_t n, struct arena *arena, uint64_t **null, struct error *err)
{
    void *bits;
    *null = NULL;
    if (n == 0 || !memchr(bytes, 1, n))
        return true;
    if (!reader_alloc(arena, bitset_words(n) * 8 + VEC_PAD_BYTES, &bits, err))
        return false;
    memset(bits, 0, bitset_words(n) * 8 + VEC_PAD_BYTES);
    for (uint32_t i = 0; i < n; i++)
        ((uint64_t *)bits)[i / 64] |= (uint64_t)bytes[i] << (i % 64);
    *null = bits;
    return true;
}

static bool open_read(struct chunk_reader *r, uint32_t slot, uint32_t row, uint32_t n, const struct sel *sel,
                      struct vec *out, struct error *err)
{
    const struct mutable_col *col = &mutable_of(r->chunk)->col[slot];
    const struct mutable_block *block = &col->block[row / VEC_ROWS];
    *out = (struct vec){.phys = col->phys, .form = VEC_FLAT, .data = block->data};
    return null_bitmap(block->null, n, &r->scratch, &out->null, err);
}

static bool open_fetch(struct chunk_reader *r, uint32_t slot, const uint32_t *row, uint32_t n, struct arena *arena,
                       struct vec *out, struct error *err)
{
    const struct mutable_col *col = &mutable_of(r->chunk)->col[slot];
    size_t size = phys_size[col->phys];
    if (!vec_alloc(out, arena, col->phys, n, err))
        return false;
    for (uint32_t k = 0; k < n; k++) {
        const struct mutable_block *block = &col->block[row[k] / VEC_ROWS];
        uint32_t i = row[k] % VEC_ROWS;
        memcpy((char *)out->data + k * size, (const char *)block->data + i * size, size);
        if (!block->null[i])
            continue;
        if (!out->null && !vec_alloc_null(out, arena, n, err))
            return false;
        bit_set(out->null, k);
    }
    return true;
}

static bool open_filter(struct chunk_reader *r, uint32_t slot, const struct pred *pred, uint64_t *bits,
                        struct error *err)
{
    const struct mutable_col *col = &mutable_of(r->chunk)->col[slot];
    bool null_test = pred->op == PRED_IS_NULL || pred->op == PRED_IS_NOT_NULL;
    struct filter filter;
    if (!null_test)
        filter_init(&filter, pred, &r->scratch);
    for (uint32_t row = 0; row < r->rows; row += VEC_ROWS) {
        const struct mutable_block *block = &col->block[row / VEC_ROWS];
        uint32_t n = MIN_OF(r->rows - row, VEC_ROWS);
        uint64_t *word = bits + row / 64, *null;
        if (!null_bitmap(block->null, n, &r->scratch, &null, err))
            return false;
        if (pred->op == PRED_IS_NULL || null)
            filter_null(word, null, n, pred->op == PRED_IS_NULL);
        if (!null_test)
            filter_flat(&filter, block->data, n, word);
    }
    return true;
}

static const struct chunk_ops open_chunk_ops = {
    .get = open_get,
    .put = open_put,
    .rows = open_rows,
    .reader_open = open_reader_open,
    .filter = open_filter,
    .read = open_read,
    .fetch = open_fetch,
};
