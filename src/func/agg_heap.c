/* SPDX-License-Identifier: Apache-2.0 */
#include "func/agg.h"

#include "base/memory.h"

#include <stdlib.h>

/* A handle is block number + 1 (upper 32 bits) and offset / 8 (lower 32 bits). */
enum { HEAP_BLOCK_MIN = 1 << 14, HEAP_BLOCK_MAX = 1 << 20 };

struct heap_block {
    char *data;
    size_t bytes, used;
};

struct agg_heap {
    struct mem_account *account;
    struct heap_block *block;
    uint32_t n, cap;
    uint64_t bytes;
};

struct agg_heap *agg_heap_open(struct mem_account *account)
{
    struct agg_heap *h = xcalloc(1, sizeof *h);
    h->account = account;
    return h;
}

void agg_heap_close(struct agg_heap *h)
{
    if (!h)
        return;
    for (uint32_t i = 0; i < h->n; i++)
        mem_free(h->account, h->block[i].data, h->block[i].bytes);
    free(h->block);
    free(h);
}

static bool add_block(struct agg_heap *h, size_t need)
{
    size_t last = h->n ? h->block[h->n - 1].bytes : HEAP_BLOCK_MIN / 2;
    size_t bytes = MAX_OF(need, MIN_OF(last * 2, (size_t)HEAP_BLOCK_MAX));
    char *data = mem_alloc(h->account, bytes);
    if (!data)
        return false;
    if (h->n == h->cap) {
        h->cap = MAX_OF(8U, h->cap * 2);
        h->block = xrealloc(h->block, h->cap * sizeof *h->block);
    }
    h->block[h->n++] = (struct heap_block){data, bytes, 0};
    h->bytes += bytes;
    return true;
}

uint64_t agg_heap_alloc(struct agg_heap *h, size_t bytes)
{
    size_t need = size_align(bytes, 8);
    struct heap_block *b = h->n ? &h->block[h->n - 1] : NULL;
    if (!b || b->bytes - b->used < need) {
        if (!add_block(h, need))
            return 0;
        b = &h->block[h->n - 1];
    }
    uint64_t handle = (uint64_t)h->n << 32 | b->used / 8;
    b->used += need;
    return handle;
}

void *agg_heap_at(struct agg_heap *h, uint64_t handle)
{
    uint32_t block = (uint32_t)(handle >> 32);
    assert(block >= 1 && block <= h->n);
    return h->block[block - 1].data + (size_t)(uint32_t)handle * 8;
}

uint64_t agg_heap_bytes(const struct agg_heap *h) { return h->bytes; }
