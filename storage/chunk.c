/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/chunk_int.h"

#include "base/memory.h"

#include <stdlib.h>

struct chunk *chunk_get(struct chunk *chunk)
{
    chunk->ops->get(chunk);
    return chunk;
}

void chunk_put(struct chunk *chunk)
{
    if (chunk)
        chunk->ops->put(chunk);
}

uint32_t chunk_rows(const struct chunk *chunk) { return chunk->ops->rows(chunk); }

bool chunk_is_sealed(const struct chunk *chunk) { return chunk->sealed; }

const char *chunk_name(const struct chunk *chunk) { return chunk->name; }

bool chunk_zone(const struct chunk *chunk, uint32_t column, struct zone *out)
{
    uint32_t slot = chunk_slot(chunk, column);
    if (slot != CHUNK_NO_SLOT)
        return chunk->ops->zone && chunk->ops->zone(chunk, slot, out);
    uint32_t rows = chunk_rows(chunk);
    *out = (struct zone){.rows = rows, .nulls = rows};
    return true;
}

bool account_take(struct mem_account *account, uint64_t bytes) { return !account || mem_reserve(account, bytes); }

void account_give(struct mem_account *account, uint64_t bytes)
{
    if (account)
        mem_release(account, bytes);
}

bool account_error(struct mem_account *account, uint64_t bytes, struct error *err)
{
    if (account)
        return mem_error(account, bytes, err);
    return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

bool reader_alloc(struct arena *arena, size_t bytes, void **out, struct error *err)
{
    *out = arena_try_alloc(arena, bytes, 64);
    return *out || account_error(arena->account, bytes, err);
}

oid_t *slot_types(const struct table_def *def)
{
    oid_t *type = xmalloc(size_mul(def->ncolumn + HIDDEN_COUNT, sizeof *type));
    for (uint32_t i = 0; i < def->ncolumn; i++)
        type[i] = def->column[i].type.oid;
    type[def->ncolumn + HIDDEN_POS] = TYPE_INT8;
    type[def->ncolumn + HIDDEN_ORDINAL] = TYPE_INT4;
    return type;
}

bool chunk_reader_open(struct chunk *chunk, uint32_t rows, struct mem_account *account, struct chunk_reader **out,
                       struct error *err)
{
    struct chunk_reader *r;
    assert(rows <= chunk_rows(chunk));
    if (!chunk->ops->reader_open(chunk, &r, err))
        return false;
    r->chunk = chunk_get(chunk);
    r->rows = rows;
    r->account = account;
    arena_init(&r->arena, account);
    arena_init(&r->scratch, account);
    *out = r;
    return true;
}

void chunk_reader_close(struct chunk_reader *reader)
{
    if (!reader)
        return;
    struct chunk *chunk = reader->chunk;
    if (chunk->ops->reader_close)
        chunk->ops->reader_close(reader);
    arena_release(&reader->scratch);
    arena_release(&reader->arena);
    free(reader);
    chunk_put(chunk);
}

void chunk_reader_recycle(struct chunk_reader *reader) { arena_reset(&reader->scratch); }

/* A column that the chunk never had: every row is NULL. */
static bool missing_vec(struct vec *out, struct arena *arena, struct error *err)
{
    if (!vec_const(out, arena, PHYS_UUID, NULL, err))
        return false;
    out->phys = PHYS_NONE;
    return true;
}

bool chunk_filter(struct chunk_reader *reader, const struct pred *pred, uint64_t *bits, struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, pred->column);
    struct zone zone;
    if (slot == CHUNK_NO_SLOT) {
        if (pred->op != PRED_IS_NULL)
            bitset_fill(bits, reader->rows, false);
        return true;
    }
    if (chunk_zone(reader->chunk, pred->column, &zone)) {
        enum pred_result result = pred_zone(pred, &zone);
        if (result == PRED_NONE)
            bitset_fill(bits, reader->rows, false);
        if (result != PRED_SOME)
            return true;
    }
    return reader->chunk->ops->filter(reader, slot, pred, bits, err);
}

bool chunk_dict(struct chunk_reader *reader, uint32_t column, const struct dict **dict, struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, column);
    *dict = NULL;
    if (slot == CHUNK_NO_SLOT || !reader->chunk->ops->dict)
        return true;
    return reader->chunk->ops->dict(reader, slot, dict, err);
}

bool chunk_filter_codes(struct chunk_reader *reader, uint32_t column, const uint64_t *code_bits, bool null_passes,
                        uint64_t *bits, struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, column);
    assert(slot != CHUNK_NO_SLOT && reader->chunk->ops->filter_codes);
    return reader->chunk->ops->filter_codes(reader, slot, code_bits, null_passes, bits, err);
}

bool chunk_read(struct chunk_reader *reader, uint32_t column, uint32_t row, uint32_t n, const struct sel *sel,
                struct vec *out, struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, column);
    assert(n <= VEC_ROWS && row % VEC_ROWS == 0 && row + n <= reader->rows);
    if (slot == CHUNK_NO_SLOT)
        return missing_vec(out, &reader->scratch, err);
    return reader->chunk->ops->read(reader, slot, row, n, sel, out, err);
}

bool chunk_fetch(struct chunk_reader *reader, uint32_t column, const uint32_t *row, uint32_t n, struct arena *arena,
                 struct vec *out, struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, column);
    assert(n == 0 || row[n - 1] < reader->rows);
    if (slot == CHUNK_NO_SLOT)
        return missing_vec(out, arena, err);
    return reader->chunk->ops->fetch(reader, slot, row, n, arena, out, err);
}

bool chunk_runs(struct chunk_reader *reader, uint32_t column, const uint32_t **end, uint32_t *nrun, struct vec *value,
                struct error *err)
{
    uint32_t slot = chunk_slot(reader->chunk, column);
    *nrun = 0;
    if (slot == CHUNK_NO_SLOT || !reader->chunk->ops->runs)
        return true;
    return reader->chunk->ops->runs(reader, slot, end, nrun, value, err);
}
