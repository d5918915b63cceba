/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregate functions as the engine runs them. A group's state is a fixed number of bytes without pointers, so hash
 * rows can be moved, spilled and shipped as bytes. What varies in size (min(text), DISTINCT sets, string_agg later)
 * lies in an agg_heap, one per partition of a hash table, reached by u64 handles inside the state.
 *
 * The partial form is a tuple of ordinary typed columns with a version: used alike to combine threads, to spill and to
 * ship between nodes.
 *
 * Float results do not depend on the number of workers for one layout: sums are compensated (error within 1e-12·Σ|x|).
 * Integer and numeric sums are exact.
 */
#ifndef MENCIA_FUNC_AGG_H
#define MENCIA_FUNC_AGG_H

#include "func/func.h"

enum { AGG_PARTIAL_MAX = 4, AGG_PARTIAL_VERSION = 1 };

/* Variable-size state memory: append-only blocks; a handle is an offset that stays valid until the heap is released or
 * compacted. Charged to an account. Not thread-safe. */
struct agg_heap;
struct agg_heap *agg_heap_open(struct mem_account *account);
void agg_heap_close(struct agg_heap *heap);
/* 0 = refused (handles are never 0). */
uint64_t agg_heap_alloc(struct agg_heap *heap, size_t bytes) MUST_CHECK;
void *agg_heap_at(struct agg_heap *heap, uint64_t handle);
uint64_t agg_heap_bytes(const struct agg_heap *heap);

/* One aggregate call site. */
struct agg_call {
    const struct func *func;
    const struct coltype *arg_type; /* [func->nargs] */
    struct coltype result;
    const struct value_ctx *ctx;
    struct agg_heap *heap; /* of the states being touched */
    struct arena *arena;   /* results of finish and to_partial */
};

/* False from any of them: err is set (53200: memory; 22003: overflow). Rows outside sel are ignored; NULL arguments are
 * skipped by the function itself as its definition says. arg vectors are FLAT or CONST; except that min, max, count of
 * strings also take DICT. state[i] belongs to row i (only selected rows are valid). */
struct agg_func {
    uint32_t state_size; /* bytes, multiple of 8; zero bytes are the state of an empty group */
    bool uses_heap;      /* states hold handles into an agg_heap */
    uint8_t npartial;
    oid_t partial[AGG_PARTIAL_MAX]; /* types of the partial columns */
    bool (*update)(struct agg_call *call, void *const *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                   struct error *err);
    /* All rows into one state: no GROUP BY, or one run. */
    bool (*update_one)(struct agg_call *call, void *state, const struct vec *arg, uint32_t n, const struct sel *sel,
                       struct error *err);
    /* from belongs to from_heap, state to call->heap. */
    bool (*combine)(struct agg_call *call, void *state, const void *from, struct agg_heap *from_heap,
                    struct error *err);
    /* n states → n rows of each partial column (flat, allocated in call->arena). */
    bool (*to_partial)(struct agg_call *call, void *const *state, uint32_t n, struct vec *partial, struct error *err);
    /* Rows of partial columns combined into state[i]. */
    bool (*from_partial)(struct agg_call *call, void *const *state, const struct vec *partial, uint32_t n,
                         struct error *err);
    /* n states → n results (flat, in call->arena). */
    bool (*finish)(struct agg_call *call, void *const *state, uint32_t n, struct vec *out, struct error *err);
};

#endif
