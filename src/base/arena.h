/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocator: one per query, per batch, per request. Everything is freed at once by reset or release, after the
 * cleanup handlers have run in reverse order of registration. Not thread-safe.
 *
 * arena_alloc never fails (aborts when the machine is out of memory) and is meant for small control-plane objects.
 * Anything that grows with data uses arena_try_alloc, which fails softly when the account refuses.
 */
#ifndef MENCIA_BASE_ARENA_H
#define MENCIA_BASE_ARENA_H

#include "base/base.h"
#include "base/str.h"

struct mem_account;
struct arena_block;
struct arena_cleanup;

struct arena {
    struct arena_block *block;     /* current block, newest first; NULL = nothing allocated yet */
    char *cur, *end;               /* free room in the current block: [cur, end) */
    size_t bytes;                  /* memory held, all blocks */
    struct mem_account *account;   /* charged for whole blocks; NULL = not accounted */
    struct arena_cleanup *cleanup; /* newest first */
};

/* account may be NULL; it must outlive the arena. */
void arena_init(struct arena *arena, struct mem_account *account);
/* Runs cleanups and frees everything; the arena may be used again. */
void arena_release(struct arena *arena);
/* Runs cleanups and frees everything but the first block, for cheap reuse per batch. */
void arena_reset(struct arena *arena);

/* 16-byte aligned, uninitialised. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* NULL when the account refuses the memory. align: power of two, at most 64. */
void *arena_try_alloc(struct arena *arena, size_t size, size_t align) MUST_CHECK;
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t n);
struct strview arena_strview(struct arena *arena, struct strview s);
char *arena_fmt(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* fn(arg) runs at reset or release. */
void arena_on_release(struct arena *arena, void (*fn)(void *arg), void *arg);

#define ARENA_NEW(arena, type)          ((type *)arena_zalloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_zalloc((arena), size_mul(sizeof(type), (count))))

#endif
