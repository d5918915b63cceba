/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two kinds of chunk behind chunk.h: the open one (mutable.c) and encoded ones (enc_read.c: frozen in memory or in
 * a segment's pages), each a table of functions. Private to storage/.
 */
#ifndef MENCIA_STORAGE_CHUNK_INT_H
#define MENCIA_STORAGE_CHUNK_INT_H

#include "base/arena.h"
#include "storage/chunk.h"

struct chunk_ops {
    void (*get)(struct chunk *chunk);
    void (*put)(struct chunk *chunk);
    uint32_t (*rows)(const struct chunk *chunk);
    /* Columns are the chunk's own slots (chunk_slot) in everything below. */
    bool (*zone)(const struct chunk *chunk, uint32_t slot, struct zone *out);
    bool (*reader_open)(struct chunk *chunk, struct chunk_reader **out, struct error *err);
    void (*reader_close)(struct chunk_reader *reader); /* what is not in the arena */
    bool (*filter)(struct chunk_reader *r, uint32_t slot, const struct pred *pred, uint64_t *bits, struct error *err);
    bool (*dict)(struct chunk_reader *r, uint32_t slot, const struct dict **dict, struct error *err);
    bool (*filter_codes)(struct chunk_reader *r, uint32_t slot, const uint64_t *code_bits, bool null_passes,
                         uint64_t *bits, struct error *err);
    bool (*read)(struct chunk_reader *r, uint32_t slot, uint32_t row, uint32_t n, const struct sel *sel,
                 struct vec *out, struct error *err);
    bool (*fetch)(struct chunk_reader *r, uint32_t slot, const uint32_t *row, uint32_t n, struct arena *arena,
                  struct vec *out, struct error *err);
    bool (*runs)(struct chunk_reader *r, uint32_t slot, const uint32_t **end, uint32_t *nrun, struct vec *value,
                 struct error *err);
};

struct chunk {
    const struct chunk_ops *ops;
    uint32_t nslot;    /* declared columns when it was made + HIDDEN_COUNT */
    const oid_t *type; /* [nslot] */
    bool sealed;
    char name[80];
};

struct chunk_reader {
    struct chunk *chunk;
    uint32_t rows;
    struct mem_account *account; /* may be NULL */
    struct arena arena;          /* lives until close: states, dictionaries' memos, runs */
    struct arena scratch;        /* decoded vectors; chunk_reader_recycle empties it */
};

enum { CHUNK_NO_SLOT = UINT32_MAX };

/* The chunk's own number of a column of chunk.h; CHUNK_NO_SLOT = it did not exist when the chunk was made. */
static inline uint32_t chunk_slot(const struct chunk *chunk, uint32_t column)
{
    uint32_t declared = chunk->nslot - HIDDEN_COUNT;
    if (column >= CHUNK_HIDDEN)
        return column - CHUNK_HIDDEN < HIDDEN_COUNT ? declared + column - CHUNK_HIDDEN : CHUNK_NO_SLOT;
    return column < declared ? column : CHUNK_NO_SLOT;
}

/* Memory of an arena whose account may be NULL; 53200 when refused. */
bool reader_alloc(struct arena *arena, size_t bytes, void **out, struct error *err) MUST_CHECK;

/* True if the account lets us have bytes more; a NULL account allows everything. */
bool account_take(struct mem_account *account, uint64_t bytes) MUST_CHECK;
void account_give(struct mem_account *account, uint64_t bytes);
/* 53200 in the account's words; account may be NULL. Returns false. */
bool account_error(struct mem_account *account, uint64_t bytes, struct error *err);

/* Types of the slots of a table: declared ones, then the hidden two. Dropped columns keep theirs. xmalloc'd. */
oid_t *slot_types(const struct table_def *def);

#endif
