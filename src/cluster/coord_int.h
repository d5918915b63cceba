/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What implementations of the coordination store share: armed watches, and path arithmetic.
 */
#ifndef MENCIA_CLUSTER_COORD_INT_H
#define MENCIA_CLUSTER_COORD_INT_H

#include "base/thread.h"
#include "cluster/coord.h"

struct coord_watch_entry {
    uint64_t id;
    char *path;
    enum coord_watch_kind kind;
    coord_watch_fn fn;
    void *arg;
};

/* One session's armed watches. `lock` guards the entries; `firing` is held while callbacks run, so that removal can
 * wait for them. Order: firing before lock; callbacks run under firing only. */
struct coord_watches {
    pthread_mutex_t firing, lock;
    struct coord_watch_entry *entry;
    uint32_t nentry, cap;
    uint64_t last_id;
};

void coord_watches_init(struct coord_watches *watches);
void coord_watches_release(struct coord_watches *watches);
enum coord_rc coord_watches_add(struct coord_watches *watches, const char *path, enum coord_watch_kind kind,
                                coord_watch_fn fn, void *arg, uint64_t *id, struct error *err);
void coord_watches_remove(struct coord_watches *watches, uint64_t id);
/* Fires and disarms the watches that a done multi concerns. The caller holds none of the store's locks. */
void coord_watches_fire(struct coord_watches *watches, const struct coord_op *op, uint32_t nop);
void coord_watches_fire_all(struct coord_watches *watches);
/* Fires the one at index `nth` modulo their number. */
void coord_watches_fire_nth(struct coord_watches *watches, uint64_t nth);

/* Length of the parent's path within path (which is not "/"); the root's is 1. */
size_t coord_parent_len(const char *path);
/* Fills err for a refusal of this operation (op may be NULL) and returns rc. */
enum coord_rc coord_refuse(enum coord_rc rc, const struct coord_op *op, const char *path, struct error *err);

#endif
