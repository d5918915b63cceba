/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash rows: how key columns lie in a row of bytes, their hashes and comparison, for aggregation, DISTINCT and joins.
 *
 * Layout of a row's key part, 8-byte aligned:
 *
 *     u64 hash | u64 null bits (field i) | fixed fields … | 16-byte fields: strings, numerics
 *
 * Fixed fields are compared with one memcmp (NULL fields are zero, floats canonical: -0 → 0, one NaN); strings and
 * numerics one by one. Equal means equal as GROUP BY sees it: NULL equals NULL. Long strings and big numerics point
 * into the arena they were copied to, which must live as long as the rows.
 */
#ifndef MENCIA_EXEC_KEYS_H
#define MENCIA_EXEC_KEYS_H

#include "exec/exec_int.h"

enum { KEYS_MAX = 63 };

struct key_field {
    enum phys phys;
    oid_t type;
    uint32_t offset; /* in the row */
};

struct key_layout {
    uint32_t n;
    struct key_field *field;
    uint32_t fixed_words; /* bytes that are compared word by word: hash, null bits, fixed fields */
    uint32_t bytes;       /* key part, multiple of 8 */
    bool simple;          /* no 16-byte varying field */
};

/* types[n]. False: a type that cannot be hashed, or too many keys. */
bool key_layout_make(struct key_layout *out, struct arena *arena, const struct coltype *type, uint32_t n,
                     struct error *err) MUST_CHECK;

/* Hash per row of key columns (any form) into hash[row]; only selected rows are written. scratch: for dictionaries
 * without stored hashes. */
void keys_hash(const struct key_layout *layout, const struct vec *const *key, uint32_t n, const struct sel *sel,
               uint64_t *hash);
/* Key parts of the selected rows, hash included, one after another (the k-th selected row at packed + k * bytes), long
 * values by view. Looking up and entering rows works on these. */
void keys_pack(const struct key_layout *layout, const struct vec *const *key, uint32_t n, const struct sel *sel,
               const uint64_t *hash, char *packed);
/* Copies a packed key part into a row; long values are copied into the arena. False: memory refused. */
bool key_row_keep(const struct key_layout *layout, char *row, const char *packed, struct arena *arena) MUST_CHECK;
bool key_rows_equal_varying(const struct key_layout *layout, const char *a, const char *b);
/* a and b: key parts of rows, packed or kept. */
static inline bool key_rows_equal(const struct key_layout *layout, const char *a, const char *b)
{
    /* Hash, null bits and fixed fields, all in words (zeroed where unused). */
    for (uint32_t at = 0; at < layout->fixed_words; at += 8)
        if (load_u64(a + at) != load_u64(b + at))
            return false;
    return layout->simple || key_rows_equal_varying(layout, a, b);
}
static inline uint64_t key_row_hash(const char *row) { return load_u64(row); }
static inline bool key_row_null(const char *row, uint32_t field) { return (load_u64(row + 8) >> field) & 1; }
static inline bool key_row_any_null(const char *row) { return load_u64(row + 8) != 0; }
/* Field of n rows → a flat vector in the arena (strings by view). */
bool key_rows_column(const struct key_layout *layout, uint32_t field, char *const *row, uint32_t n, struct arena *arena,
                     struct vec *out, struct error *err) MUST_CHECK;

/*
 * Hash directory over rows: open addressing, power of two, entries hold 16 bits of the hash and 48 of the address. Rows
 * never move. Not thread-safe.
 */
struct row_table {
    struct mem_account *account;
    uint64_t *slot;
    uint32_t capacity; /* slots; 0 = none yet */
    uint32_t count;
    uint32_t row_bytes;
    struct row_block *block; /* newest first */
    char *cur, *end;
};

void row_table_init(struct row_table *t, struct mem_account *account, uint32_t row_bytes);
void row_table_release(struct row_table *t);
uint64_t row_table_bytes(const struct row_table *t);
bool row_table_grow(struct row_table *t, uint32_t more) MUST_CHECK;
/* Room for more entries in the directory. False: memory refused. */
static inline MUST_CHECK bool row_table_reserve(struct row_table *t, uint32_t more)
{
    return LIKELY(((uint64_t)t->count + more) * 2 <= t->capacity) || row_table_grow(t, more);
}
/* A zeroed new row; NULL = refused. Not in the directory yet. */
char *row_table_new_row(struct row_table *t) MUST_CHECK;
#define ROW_TABLE_SALT(hash) ((hash)&0xFFFF000000000000ULL)
#define ROW_TABLE_ADDRESS(e) ((char *)(uintptr_t)((e)&0x0000FFFFFFFFFFFFULL))
static inline uint64_t row_table_entry(const char *row, uint64_t hash)
{
    return ROW_TABLE_SALT(hash) | (uint64_t)(uintptr_t)row;
}
/* The directory is indexed by low bits of the hash (bits 0..), partitions by bits 42.., the salt is on top. */
static inline uint32_t row_table_start(const struct row_table *t, uint64_t hash)
{
    return (uint32_t)hash & (t->capacity - 1);
}
/* The row with the packed key part, or NULL. */
static inline char *row_table_find(const struct row_table *t, const struct key_layout *layout, const char *packed)
{
    uint64_t hash = key_row_hash(packed), entry;
    if (t->capacity == 0)
        return NULL;
    uint32_t mask = t->capacity - 1;
    for (uint32_t at = (uint32_t)hash & mask; (entry = t->slot[at]) != 0; at = (at + 1) & mask)
        if (ROW_TABLE_SALT(entry) == ROW_TABLE_SALT(hash) && key_rows_equal(layout, ROW_TABLE_ADDRESS(entry), packed))
            return ROW_TABLE_ADDRESS(entry);
    return NULL;
}
/* Enters a row that is known to be absent; room was reserved. */
void row_table_insert(struct row_table *t, char *row, uint64_t hash);
/* Loop over all rows: block by block, row_bytes apart. */
struct row_block {
    struct row_block *older;
    size_t bytes;
    uint32_t used; /* bytes of rows */
    _Alignas(16) char data[];
};
/* Bytes used of a block, also of the newest. */
uint32_t row_block_used(const struct row_table *t, const struct row_block *b);

#endif
