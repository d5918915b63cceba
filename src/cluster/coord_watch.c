/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Armed watches of one session, kept in an unordered array: at most COORD_WATCH_MAX, and writes are rare. Firing moves
 * the concerned entries out under `lock` and calls them under `firing` only, so a callback never sees the store's locks
 * and removal (which takes `firing`) returns after it.
 */
#include "cluster/coord_int.h"

#include <stdlib.h>

void coord_watches_init(struct coord_watches *watches)
{
    *watches = (struct coord_watches){.entry = NULL};
    pthread_mutex_init(&watches->firing, NULL);
    pthread_mutex_init(&watches->lock, NULL);
}

void coord_watches_release(struct coord_watches *watches)
{
    for (uint32_t i = 0; i < watches->nentry; i++)
        free(watches->entry[i].path);
    free(watches->entry);
    pthread_mutex_destroy(&watches->firing);
    pthread_mutex_destroy(&watches->lock);
}

enum coord_rc coord_watches_add(struct coord_watches *watches, const char *path, enum coord_watch_kind kind,
                                coord_watch_fn fn, void *arg, uint64_t *id, struct error *err)
{
    enum coord_rc rc = COORD_DONE;
    pthread_mutex_lock(&watches->lock);
    if (watches->nentry == COORD_WATCH_MAX) {
        rc = coord_refuse(COORD_WATCH_BUDGET, NULL, path, err);
        goto out;
    }
    if (watches->nentry == watches->cap) {
        watches->cap = watches->cap ? watches->cap * 2 : 16;
        watches->entry = xrealloc(watches->entry, size_mul(watches->cap, sizeof *watches->entry));
    }
    *id = ++watches->last_id;
    watches->entry[watches->nentry++] =
        (struct coord_watch_entry){.id = *id, .path = xstrdup(path), .kind = kind, .fn = fn, .arg = arg};
out:
    pthread_mutex_unlock(&watches->lock);
    return rc;
}

void coord_watches_remove(struct coord_watches *watches, uint64_t id)
{
    pthread_mutex_lock(&watches->firing);
    pthread_mutex_lock(&watches->lock);
    for (uint32_t i = 0; i < watches->nentry; i++) {
        if (watches->entry[i].id != id)
            continue;
        free(watches->entry[i].path);
        watches->entry[i] = watches->entry[--watches->nentry];
        break;
    }
    pthread_mutex_unlock(&watches->lock);
    pthread_mutex_unlock(&watches->firing);
}

static bool concerns(const struct coord_watch_entry *entry, const struct coord_op *op)
{
    if (op->kind == COORD_OP_CHECK)
        return false;
    if (entry->kind == COORD_WATCH_NODE || op->kind == COORD_OP_DELETE) {
        if (strcmp(entry->path, op->path) == 0)
            return true;
        if (entry->kind == COORD_WATCH_NODE)
            return false;
    }
    if (op->kind == COORD_OP_SET)
        return false;
    size_t parent = coord_parent_len(op->path);
    return strlen(entry->path) == parent && memcmp(entry->path, op->path, parent) == 0;
}

static bool concerned(const struct coord_watch_entry *entry, const struct coord_op *op, uint32_t nop)
{
    for (uint32_t i = 0; i < nop; i++)
        if (concerns(entry, &op[i]))
            return true;
    return false;
}

/* op NULL: fires everything (only >= nentry) or the one at index `only`. */
static void fire(struct coord_watches *watches, const struct coord_op *op, uint32_t nop, uint64_t only)
{
    pthread_mutex_lock(&watches->firing);
    pthread_mutex_lock(&watches->lock);
    uint32_t kept = 0, nfired = 0;
    struct coord_watch_entry *fired = watches->nentry ? xmalloc(size_mul(watches->nentry, sizeof *fired)) : NULL;
    for (uint32_t i = 0; i < watches->nentry; i++) {
        bool now = op ? concerned(&watches->entry[i], op, nop) : only >= watches->nentry || only == i;
        if (now)
            fired[nfired++] = watches->entry[i];
        else
            watches->entry[kept++] = watches->entry[i];
    }
    watches->nentry = kept;
    pthread_mutex_unlock(&watches->lock);
    for (uint32_t i = 0; i < nfired; i++) {
        fired[i].fn(fired[i].arg, fired[i].path, fired[i].kind);
        free(fired[i].path);
    }
    free(fired);
    pthread_mutex_unlock(&watches->firing);
}

void coord_watches_fire(struct coord_watches *watches, const struct coord_op *op, uint32_t nop)
{
    fire(watches, op, nop, 0);
}

void coord_watches_fire_all(struct coord_watches *watches) { fire(watches, NULL, 0, UINT64_MAX); }

void coord_watches_fire_nth(struct coord_watches *watches, uint64_t nth)
{
    pthread_mutex_lock(&watches->lock);
    uint32_t n = watches->nentry;
    pthread_mutex_unlock(&watches->lock);
    if (n)
        fire(watches, NULL, 0, nth % n);
}
