/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES_MIN = 4096, BLOCK_BYTES_MAX = 1 << 20, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *older;
    size_t bytes; /* whole block with this header */
    _Alignas(64) char data[];
};

struct arena_cleanup {
    struct arena_cleanup *older;
    void (*fn)(void *arg);
    void *arg;
};

void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        abort();
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        abort();
    return p;
}

void *xrealloc(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (!p)
        abort();
    return p;
}

char *xstrndup(const char *s, size_t n)
{
    char *copy = xmalloc(size_add(n, 1));
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *xstrdup(const char *s) { return xstrndup(s, strlen(s)); }

char *xasprintf(const char *fmt, ...)
{
    char *text;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    return text;
}

void arena_init(struct arena *arena, struct mem_account *account) { *arena = (struct arena){.account = account}; }

static void run_cleanups(struct arena *arena)
{
    while (arena->cleanup) {
        struct arena_cleanup *c = arena->cleanup;
        arena->cleanup = c->older;
        c->fn(c->arg);
    }
}

static void free_block(struct arena *arena, struct arena_block *block)
{
    arena->bytes -= block->bytes;
    if (arena->account)
        mem_release(arena->account, block->bytes);
    free(block);
}

void arena_release(struct arena *arena)
{
    run_cleanups(arena);
    while (arena->block) {
        struct arena_block *block = arena->block;
        arena->block = block->older;
        free_block(arena, block);
    }
    arena->cur = arena->end = NULL;
    assert(arena->bytes == 0);
}

void arena_reset(struct arena *arena)
{
    run_cleanups(arena);
    while (arena->block && arena->block->older) {
        struct arena_block *block = arena->block;
        arena->block = block->older;
        free_block(arena, block);
    }
    if (arena->block) {
        arena->cur = arena->block->data;
        arena->end = (char *)arena->block + arena->block->bytes;
    }
}

/* Adds a block with room for size bytes; may_refuse decides what an account's refusal means. */
static bool add_block(struct arena *arena, size_t size, bool may_refuse)
{
    size_t grown = arena->bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : MIN_OF(arena->bytes, (size_t)BLOCK_BYTES_MAX);
    size_t bytes = MAX_OF(size_align(size_add(size, sizeof(struct arena_block) + 64), 64), size_align(grown, 64));
    if (arena->account) {
        if (!may_refuse)
            mem_force(arena->account, bytes);
        else if (!mem_reserve(arena->account, bytes))
            return false;
    }
    struct arena_block *block = aligned_alloc(64, bytes);
    if (!block) {
        if (!may_refuse)
            abort();
        if (arena->account)
            mem_release(arena->account, bytes);
        return false;
    }
    block->bytes = bytes;
    block->older = arena->block;
    arena->block = block;
    arena->bytes += bytes;
    arena->cur = block->data;
    arena->end = (char *)block + bytes;
    return true;
}

static void *take(struct arena *arena, size_t size, size_t align)
{
    uintptr_t at = ((uintptr_t)arena->cur + align - 1) & ~(uintptr_t)(align - 1);
    if (arena->cur == NULL || at > (uintptr_t)arena->end || (uintptr_t)arena->end - at < size)
        return NULL;
    arena->cur = (char *)(at + size);
    return (void *)at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *p = take(arena, size, ARENA_ALIGN);
    if (UNLIKELY(!p)) {
        if (!add_block(arena, size, false))
            abort();
        p = take(arena, size, ARENA_ALIGN);
    }
    assert(p);
    return p;
}

void *arena_zalloc(struct arena *arena, size_t size) { return memset(arena_alloc(arena, size), 0, size); }

void *arena_try_alloc(struct arena *arena, size_t size, size_t align)
{
    assert(align <= 64 && (align & (align - 1)) == 0);
    void *p = take(arena, size, align);
    if (UNLIKELY(!p)) {
        if (!add_block(arena, size, true))
            return NULL;
        p = take(arena, size, align);
    }
    return p;
}

char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
    char *copy = arena_alloc(arena, size_add(n, 1));
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *s) { return arena_strndup(arena, s, strlen(s)); }

struct strview arena_strview(struct arena *arena, struct strview s)
{
    return (struct strview){arena_strndup(arena, s.ptr, s.len), s.len};
}

char *arena_fmt(struct arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    assert(n >= 0);
    char *text = arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_on_release(struct arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_cleanup *c = arena_alloc(arena, sizeof *c);
    *c = (struct arena_cleanup){arena->cleanup, fn, arg};
    arena->cleanup = c;
}
