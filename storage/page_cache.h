/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one budgeted cache of a process: pages of segment files, decompressed blocks of strings, dictionaries. Objects
 * are immutable; a pin keeps one alive. Unpinned objects leave by second chance (CLOCK) when the budget is full.
 * Sharded by key; each shard has its own lock, and loading happens outside of it. Private to storage/.
 */
#ifndef MENCIA_STORAGE_PAGE_CACHE_H
#define MENCIA_STORAGE_PAGE_CACHE_H

#include "storage/segment.h"

enum cache_kind { CACHE_PAGE, CACHE_RAW_BLOCK, CACHE_DICT };

struct cache_key {
    uint64_t segment; /* process-wide unique */
    uint64_t place;   /* which stream or dictionary of it */
    uint32_t part;    /* page or block within it */
    uint32_t kind;
};

struct cache_object {
    struct cache_key key;
    void *data;
    size_t bytes;
    void (*free_data)(void *data);
    uint32_t checked; /* see struct enc_source.stream; atomic */
    /* Under the shard's lock. */
    uint32_t pins;
    bool recent, doomed;
    struct cache_object *hash_next;
    struct cache_object *clock_prev, *clock_next;
};

/* The object, pinned, or NULL. */
struct cache_object *cache_find(struct page_cache *cache, const struct cache_key *key);
/* Takes over data (freed with free_data) and returns it pinned; if somebody was quicker, theirs. False (53200) when
 * memory is refused even after evicting everything; data is freed then. */
bool cache_insert(struct page_cache *cache, const struct cache_key *key, void *data, size_t bytes,
                  void (*free_data)(void *data), struct cache_object **out, struct error *err) MUST_CHECK;
void cache_unpin(struct page_cache *cache, struct cache_object *object);
/* Forgets a segment's objects; pinned ones go when unpinned. */
void cache_drop_segment(struct page_cache *cache, uint64_t segment);

#endif
