/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Accounts draw from the pool in these units. */
#define EXTENT_BYTES (2ULL << 20)

/* Recycled buffers are kept by power-of-two size class from 64 KiB to 64 MiB. */
enum { RECYCLE_SHIFT_MIN = 16, RECYCLE_SHIFT_MAX = 26, RECYCLE_CLASSES = RECYCLE_SHIFT_MAX - RECYCLE_SHIFT_MIN + 1 };
#define RECYCLE_BYTES_DEFAULT (256ULL << 20)

struct mem_pool {
    uint64_t limit, ingest_reserve;
    uint64_t used; /* extents held by accounts, bytes; atomic */
};

struct mem_account {
    struct mem_pool *pool;
    enum mem_class class;      /* atomic: promoted when a statement starts */
    uint64_t limit;            /* 0 = none */
    pthread_mutex_t lock;      /* guards the three counters below */
    uint64_t used, held, peak; /* handed out; drawn from the pool; highest `used` */
    char name[48];
};

/* A free buffer's first bytes link it to the next of its class. */
struct recycled {
    struct recycled *next;
};

static struct {
    pthread_mutex_t lock;
    struct recycled *free[RECYCLE_CLASSES];
    uint64_t bytes; /* in all lists */
    uint64_t limit; /* they may hold */
} recycler = {.lock = PTHREAD_MUTEX_INITIALIZER, .limit = RECYCLE_BYTES_DEFAULT};

struct mem_pool *mem_pool_open(uint64_t limit_bytes, uint64_t ingest_reserve_bytes)
{
    assert(ingest_reserve_bytes <= limit_bytes);
    struct mem_pool *pool = xcalloc(1, sizeof *pool);
    pool->limit = limit_bytes;
    pool->ingest_reserve = ingest_reserve_bytes;
    pthread_mutex_lock(&recycler.lock);
    recycler.limit = MAX_OF(RECYCLE_BYTES_DEFAULT, limit_bytes / 8);
    pthread_mutex_unlock(&recycler.lock);
    return pool;
}

void mem_pool_close(struct mem_pool *pool)
{
    if (!pool)
        return;
    assert(__atomic_load_n(&pool->used, __ATOMIC_RELAXED) == 0);
    free(pool);
}

uint64_t mem_pool_used(const struct mem_pool *pool) { return __atomic_load_n(&pool->used, __ATOMIC_RELAXED); }

uint64_t mem_pool_limit(const struct mem_pool *pool) { return pool->limit; }

struct mem_account *mem_account_open(struct mem_pool *pool, enum mem_class class, uint64_t limit_bytes,
                                     const char *name)
{
    struct mem_account *account = xcalloc(1, sizeof *account);
    account->pool = pool;
    account->class = class;
    account->limit = limit_bytes;
    pthread_mutex_init(&account->lock, NULL);
    snprintf(account->name, sizeof account->name, "%s", name);
    return account;
}

void mem_account_close(struct mem_account *account)
{
    if (!account)
        return;
    assert(account->used == 0);
    __atomic_fetch_sub(&account->pool->used, account->held, __ATOMIC_RELAXED);
    pthread_mutex_destroy(&account->lock);
    free(account);
}

void mem_account_set_class(struct mem_account *account, enum mem_class class)
{
    __atomic_store_n(&account->class, class, __ATOMIC_RELAXED);
}

/* What this class may fill the pool up to. */
static uint64_t pool_ceiling(const struct mem_pool *pool, enum mem_class class)
{
    switch (class) {
    case MEM_INGEST: return pool->limit;
    case MEM_QUERY: return pool->limit - pool->ingest_reserve;
    case MEM_NEW: return (pool->limit - pool->ingest_reserve) / 8 * 7;
    }
    __builtin_unreachable();
}

static bool pool_take(struct mem_pool *pool, enum mem_class class, uint64_t bytes, bool force)
{
    uint64_t ceiling = pool_ceiling(pool, class);
    uint64_t used = __atomic_load_n(&pool->used, __ATOMIC_RELAXED);
    do {
        if (!force && (bytes > ceiling || used > ceiling - bytes))
            return false;
    } while (!__atomic_compare_exchange_n(&pool->used, &used, used + bytes, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static bool account_charge(struct mem_account *account, uint64_t bytes, bool force)
{
    bool ok = true;
    pthread_mutex_lock(&account->lock);
    if (!force && account->limit && (bytes > account->limit || account->used > account->limit - bytes))
        ok = false;
    if (ok && account->used + bytes > account->held) {
        uint64_t more = (account->used + bytes - account->held + EXTENT_BYTES - 1) / EXTENT_BYTES * EXTENT_BYTES;
        ok = pool_take(account->pool, __atomic_load_n(&account->class, __ATOMIC_RELAXED), more, force);
        if (ok)
            account->held += more;
    }
    if (ok) {
        account->used += bytes;
        account->peak = MAX_OF(account->peak, account->used);
    }
    pthread_mutex_unlock(&account->lock);
    return ok;
}

bool mem_reserve(struct mem_account *account, uint64_t bytes) { return account_charge(account, bytes, false); }

void mem_force(struct mem_account *account, uint64_t bytes)
{
    bool ok = account_charge(account, bytes, true);
    assert(ok);
    (void)ok;
}

void mem_release(struct mem_account *account, uint64_t bytes)
{
    pthread_mutex_lock(&account->lock);
    assert(account->used >= bytes);
    account->used -= bytes;
    /* One spare extent stays, so that an account on the edge does not bounce on the pool's counter. */
    uint64_t want = (account->used + EXTENT_BYTES - 1) / EXTENT_BYTES * EXTENT_BYTES + EXTENT_BYTES;
    if (account->held > want) {
        __atomic_fetch_sub(&account->pool->used, account->held - want, __ATOMIC_RELAXED);
        account->held = want;
    }
    pthread_mutex_unlock(&account->lock);
}

uint64_t mem_account_used(const struct mem_account *account)
{
    struct mem_account *a = (struct mem_account *)account;
    pthread_mutex_lock(&a->lock);
    uint64_t used = a->used;
    pthread_mutex_unlock(&a->lock);
    return used;
}

uint64_t mem_account_peak(const struct mem_account *account)
{
    struct mem_account *a = (struct mem_account *)account;
    pthread_mutex_lock(&a->lock);
    uint64_t peak = a->peak;
    pthread_mutex_unlock(&a->lock);
    return peak;
}

bool mem_error(const struct mem_account *account, uint64_t bytes, struct error *err)
{
    error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    error_detail(
        err, "Failed on request of %llu bytes by \"%s\", which holds %llu bytes; its limit is %llu, the server's %llu.",
        (unsigned long long)bytes, account->name, (unsigned long long)mem_account_used(account),
        (unsigned long long)account->limit, (unsigned long long)account->pool->limit);
    return error_hint(err, "Raise query_memory or memory_limit, or make the statement touch fewer groups or rows.");
}

/* Size class of a buffer, or -1 if it is not recycled. *rounded = the bytes really mapped. */
static int recycle_class(size_t bytes, size_t *rounded)
{
    if (bytes > (1ULL << RECYCLE_SHIFT_MAX)) {
        *rounded = size_align(bytes, EXTENT_BYTES);
        return -1;
    }
    int shift = RECYCLE_SHIFT_MIN;
    while ((1ULL << shift) < bytes)
        shift++;
    *rounded = 1ULL << shift;
    return shift - RECYCLE_SHIFT_MIN;
}

static void *recycler_get(int class, size_t rounded)
{
    pthread_mutex_lock(&recycler.lock);
    struct recycled *r = recycler.free[class];
    if (r) {
        recycler.free[class] = r->next;
        recycler.bytes -= rounded;
    }
    pthread_mutex_unlock(&recycler.lock);
    return r;
}

static bool recycler_put(int class, void *ptr, size_t rounded)
{
    bool kept = false;
    pthread_mutex_lock(&recycler.lock);
    if (recycler.bytes + rounded <= recycler.limit) {
        struct recycled *r = ptr;
        r->next = recycler.free[class];
        recycler.free[class] = r;
        recycler.bytes += rounded;
        kept = true;
    }
    pthread_mutex_unlock(&recycler.lock);
    return kept;
}

/* Fresh memory; from 2 MiB on aligned for huge pages. */
static void *map_pages(size_t bytes)
{
    size_t extra = bytes >= EXTENT_BYTES ? EXTENT_BYTES : 0;
    char *p = mmap(NULL, bytes + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (extra) {
        size_t skip = (EXTENT_BYTES - (uintptr_t)p % EXTENT_BYTES) % EXTENT_BYTES;
        if (skip)
            munmap(p, skip);
        if (extra > skip)
            munmap(p + skip + bytes, extra - skip);
        p += skip;
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    }
    return p;
}

void *mem_alloc(struct mem_account *account, size_t bytes)
{
    size_t rounded;
    int class = recycle_class(bytes, &rounded);
    if (account && !mem_reserve(account, rounded))
        return NULL;
    void *p = class >= 0 ? recycler_get(class, rounded) : NULL;
    if (p)
        return p;
    p = map_pages(rounded);
    if (!p && account)
        mem_release(account, rounded);
    return p;
}

void mem_free(struct mem_account *account, void *ptr, size_t bytes)
{
    if (!ptr)
        return;
    size_t rounded;
    int class = recycle_class(bytes, &rounded);
    if (class < 0 || !recycler_put(class, ptr, rounded))
        munmap(ptr, rounded);
    if (account)
        mem_release(account, rounded);
}
