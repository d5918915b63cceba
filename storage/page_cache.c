/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/page_cache.h"

#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

enum { SHARDS = 16, BUCKETS_MIN = 256 };

struct shard {
    pthread_mutex_t lock;
    struct cache_object **bucket;
    uint32_t nbucket, nobject;
    struct cache_object *hand; /* circular list; NULL = empty */
};

struct page_cache {
    struct mem_account *account;
    uint64_t budget;
    uint64_t bytes;       /* atomic; all objects */
    uint32_t next_victim; /* atomic; shard to evict from next */
    struct shard shard[SHARDS];
};

struct page_cache *page_cache_open(struct mem_pool *pool, uint64_t budget_bytes)
{
    struct page_cache *cache = xcalloc(1, sizeof *cache);
    cache->account = pool ? mem_account_open(pool, MEM_QUERY, 0, "page cache") : NULL;
    cache->budget = budget_bytes;
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&cache->shard[i].lock, NULL);
        cache->shard[i].nbucket = BUCKETS_MIN;
        cache->shard[i].bucket = xcalloc(BUCKETS_MIN, sizeof *cache->shard[i].bucket);
    }
    return cache;
}

static uint64_t key_hash(const struct cache_key *key)
{
    return hash_combine(hash_u64(key->segment), key->place ^ (uint64_t)key->part << 40 ^ (uint64_t)key->kind << 62);
}

static bool key_equal(const struct cache_key *a, const struct cache_key *b)
{
    return a->segment == b->segment && a->place == b->place && a->part == b->part && a->kind == b->kind;
}

static struct shard *shard_of(struct page_cache *cache, uint64_t hash) { return &cache->shard[hash >> 60]; }

static void object_free(struct page_cache *cache, struct cache_object *o)
{
    size_t bytes = o->bytes;
    o->free_data(o->data);
    free(o);
    __atomic_fetch_sub(&cache->bytes, bytes, __ATOMIC_RELAXED);
    if (cache->account)
        mem_release(cache->account, bytes);
}

/* Takes an object out of its shard's structures. */
static void unlink_object(struct shard *s, struct cache_object *o)
{
    struct cache_object **at = &s->bucket[key_hash(&o->key) & (s->nbucket - 1)];
    while (*at != o)
        at = &(*at)->hash_next;
    *at = o->hash_next;
    if (o->clock_next == o) {
        s->hand = NULL;
    } else {
        o->clock_prev->clock_next = o->clock_next;
        o->clock_next->clock_prev = o->clock_prev;
        if (s->hand == o)
            s->hand = o->clock_next;
    }
    s->nobject--;
}

/* Evicts one object of the shard; NULL = all are pinned. */
static struct cache_object *evict_one(struct shard *s)
{
    for (uint32_t steps = 2 * s->nobject; steps > 0 && s->hand; steps--) {
        struct cache_object *o = s->hand;
        s->hand = o->clock_next;
        if (o->pins)
            continue;
        if (!o->recent) {
            unlink_object(s, o);
            return o;
        }
        o->recent = false;
    }
    return NULL;
}

/* Until at most `target` bytes are held or nothing more can go. */
static void evict_to(struct page_cache *cache, uint64_t target)
{
    uint32_t barren = 0;
    while (barren < SHARDS && __atomic_load_n(&cache->bytes, __ATOMIC_RELAXED) > target) {
        uint32_t i = __atomic_fetch_add(&cache->next_victim, 1, __ATOMIC_RELAXED) % SHARDS;
        struct shard *s = &cache->shard[i];
        pthread_mutex_lock(&s->lock);
        struct cache_object *o = evict_one(s);
        pthread_mutex_unlock(&s->lock);
        barren = o ? 0 : barren + 1;
        if (o)
            object_free(cache, o);
    }
}

void page_cache_close(struct page_cache *cache)
{
    if (!cache)
        return;
    evict_to(cache, 0);
    assert(cache->bytes == 0);
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&cache->shard[i].lock);
        free(cache->shard[i].bucket);
    }
    mem_account_close(cache->account);
    free(cache);
}

uint64_t page_cache_bytes(const struct page_cache *cache) { return __atomic_load_n(&cache->bytes, __ATOMIC_RELAXED); }

static struct cache_object *find_locked(struct shard *s, const struct cache_key *key, uint64_t hash)
{
    struct cache_object *o = s->bucket[hash & (s->nbucket - 1)];
    while (o && !key_equal(&o->key, key))
        o = o->hash_next;
    if (o) {
        o->pins++;
        o->recent = true;
    }
    return o;
}

struct cache_object *cache_find(struct page_cache *cache, const struct cache_key *key)
{
    uint64_t hash = key_hash(key);
    struct shard *s = shard_of(cache, hash);
    pthread_mutex_lock(&s->lock);
    struct cache_object *o = find_locked(s, key, hash);
    pthread_mutex_unlock(&s->lock);
    return o;
}

static void grow_buckets(struct shard *s)
{
    uint32_t n = s->nbucket * 2;
    struct cache_object **bucket = xcalloc(n, sizeof *bucket);
    for (uint32_t i = 0; i < s->nbucket; i++) {
        for (struct cache_object *o = s->bucket[i], *next; o; o = next) {
            next = o->hash_next;
            struct cache_object **to = &bucket[key_hash(&o->key) & (n - 1)];
            o->hash_next = *to;
            *to = o;
        }
    }
    free(s->bucket);
    s->bucket = bucket;
    s->nbucket = n;
}

static void link_object(struct shard *s, struct cache_object *o, uint64_t hash)
{
    if (s->nobject >= s->nbucket)
        grow_buckets(s);
    struct cache_object **bucket = &s->bucket[hash & (s->nbucket - 1)];
    o->hash_next = *bucket;
    *bucket = o;
    if (!s->hand) {
        o->clock_prev = o->clock_next = o;
        s->hand = o;
    } else { /* just behind the hand: looked at last */
        o->clock_next = s->hand;
        o->clock_prev = s->hand->clock_prev;
        o->clock_prev->clock_next = o;
        s->hand->clock_prev = o;
    }
    s->nobject++;
}

/* Memory for a new object: what the budget and the pool allow, after evicting others. */
static bool make_room(struct page_cache *cache, size_t bytes, struct error *err)
{
    uint64_t target = cache->budget > bytes ? cache->budget - bytes : 0;
    evict_to(cache, target);
    if (!cache->account || mem_reserve(cache->account, bytes))
        return true;
    evict_to(cache, 0);
    return mem_reserve(cache->account, bytes) || mem_error(cache->account, bytes, err);
}

bool cache_insert(struct page_cache *cache, const struct cache_key *key, void *data, size_t bytes,
                  void (*free_data)(void *data), struct cache_object **out, struct error *err)
{
    uint64_t hash = key_hash(key);
    struct shard *s = shard_of(cache, hash);
    if (!make_room(cache, bytes, err)) {
        free_data(data);
        return false;
    }
    __atomic_fetch_add(&cache->bytes, bytes, __ATOMIC_RELAXED);
    struct cache_object *o = xcalloc(1, sizeof *o);
    *o = (struct cache_object){
        .key = *key, .data = data, .bytes = bytes, .free_data = free_data, .pins = 1, .recent = true};
    pthread_mutex_lock(&s->lock);
    struct cache_object *there = find_locked(s, key, hash);
    if (!there)
        link_object(s, o, hash);
    pthread_mutex_unlock(&s->lock);
    if (there)
        object_free(cache, o);
    *out = there ? there : o;
    return true;
}

void cache_unpin(struct page_cache *cache, struct cache_object *object)
{
    struct shard *s = shard_of(cache, key_hash(&object->key));
    bool dead = false;
    pthread_mutex_lock(&s->lock);
    assert(object->pins > 0);
    if (--object->pins == 0 && object->doomed) {
        unlink_object(s, object);
        dead = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (dead)
        object_free(cache, object);
}

void cache_drop_segment(struct page_cache *cache, uint64_t segment)
{
    for (int i = 0; i < SHARDS; i++) {
        struct shard *s = &cache->shard[i];
        struct cache_object *dead = NULL;
        pthread_mutex_lock(&s->lock);
        struct cache_object *o = s->hand;
        for (uint32_t n = s->nobject; n > 0; n--) {
            struct cache_object *next = o->clock_next;
            if (o->key.segment == segment && o->pins) {
                o->doomed = true;
            } else if (o->key.segment == segment) {
                unlink_object(s, o);
                o->hash_next = dead;
                dead = o;
            }
            o = next;
        }
        pthread_mutex_unlock(&s->lock);
        while (dead) {
            struct cache_object *next = dead->hash_next;
            object_free(cache, dead);
            dead = next;
        }
    }
}
