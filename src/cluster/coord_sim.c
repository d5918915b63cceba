/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated world keeps for each node the revisions that some session may still see. A session reads as of its
 * `view`, a transaction number that only grows: to the latest with its own writes and syncs, and, unless a fault keeps
 * it stale, with its reads and everybody's writes. Growing past a transaction fires the watches it concerns, before the
 * call that caused it returns. Everything happens under one lock; callbacks run under it too, which the watch contract
 * allows.
 */
#include "cluster/coord_sim.h"
#include "cluster/coord_int.h"

#include <stdlib.h>

#define PPM 1000000u

struct revision {
    uint64_t transaction;
    bool exists;
    struct coord_stat stat; /* nchild unused */
    char *data;
    size_t len;
};

struct sim_node {
    char *path;
    struct revision *revision; /* oldest first; at least one */
    uint32_t nrevision, cap;
};

/* Copy of a multi: a late write, or the log entry of a done one. */
struct sim_multi {
    uint64_t transaction;
    struct coord_op *op;
    uint32_t nop;
    struct sim_multi *next;
};

struct sim_session {
    struct coord base;
    struct coord_sim *sim;
    uint64_t id;
    uint64_t view;
    bool cut_off, expired;
    int64_t last_reply_ns;
    struct sim_multi *late; /* oldest first */
    struct coord_watches watches;
    struct sim_session *next;
};

struct coord_sim {
    struct env *env;
    pthread_mutex_t lock; /* guards everything below */
    uint64_t random;
    struct coord_sim_faults faults;
    struct sim_node **node; /* sorted by path */
    uint32_t nnode, cap;
    uint64_t transaction; /* last done */
    uint64_t last_session_id;
    struct sim_session *session;
    struct sim_multi *log; /* done ones some session has not seen, oldest first */
    struct sim_node **touched;
    uint32_t ntouched, touched_cap;
};

static uint64_t draw(struct coord_sim *sim)
{
    uint64_t z = sim->random += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static bool chance(struct coord_sim *sim, uint32_t ppm) { return ppm && draw(sim) % PPM < ppm; }

/* --- Nodes and revisions ------------------------------------------------------------------------------------------ */

/* Index of the first node whose path is >= path. */
static uint32_t lower_bound(const struct coord_sim *sim, const char *path)
{
    uint32_t low = 0, high = sim->nnode;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (strcmp(sim->node[mid]->path, path) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct sim_node *lookup(const struct coord_sim *sim, const char *path)
{
    uint32_t at = lower_bound(sim, path);
    return at < sim->nnode && strcmp(sim->node[at]->path, path) == 0 ? sim->node[at] : NULL;
}

/* The node as of a transaction; NULL = not there. */
static struct revision *revision_at(struct sim_node *node, uint64_t view)
{
    for (uint32_t i = node ? node->nrevision : 0; i > 0; i--)
        if (node->revision[i - 1].transaction <= view)
            return node->revision[i - 1].exists ? &node->revision[i - 1] : NULL;
    return NULL;
}

static struct sim_node *node_make(struct coord_sim *sim, const char *path)
{
    uint32_t at = lower_bound(sim, path);
    if (at < sim->nnode && strcmp(sim->node[at]->path, path) == 0)
        return sim->node[at];
    if (sim->nnode == sim->cap) {
        sim->cap = sim->cap ? sim->cap * 2 : 64;
        sim->node = xrealloc(sim->node, size_mul(sim->cap, sizeof(struct sim_node *)));
    }
    struct sim_node *node = xcalloc(1, sizeof *node);
    node->path = xstrdup(path);
    memmove(sim->node + at + 1, sim->node + at, (sim->nnode - at) * sizeof(struct sim_node *));
    sim->node[at] = node;
    sim->nnode++;
    return node;
}

static void node_free(struct sim_node *node)
{
    for (uint32_t i = 0; i < node->nrevision; i++)
        free(node->revision[i].data);
    free(node->revision);
    free(node->path);
    free(node);
}

static void node_remove(struct coord_sim *sim, struct sim_node *node)
{
    uint32_t at = lower_bound(sim, node->path);
    assert(sim->node[at] == node);
    memmove(sim->node + at, sim->node + at + 1, (--sim->nnode - at) * sizeof(struct sim_node *));
    node_free(node);
}

/* Writes the node's state as of the running transaction. Takes over data. */
static void node_write(struct coord_sim *sim, struct sim_node *node, bool exists, struct coord_stat stat, char *data,
                       size_t len)
{
    uint64_t running = sim->transaction + 1;
    struct revision *rev = node->nrevision ? &node->revision[node->nrevision - 1] : NULL;
    if (rev && rev->transaction == running) {
        free(rev->data);
    } else {
        if (node->nrevision == node->cap) {
            node->cap = node->cap ? node->cap * 2 : 2;
            node->revision = xrealloc(node->revision, size_mul(node->cap, sizeof *node->revision));
        }
        rev = &node->revision[node->nrevision++];
        if (sim->ntouched == sim->touched_cap) {
            sim->touched_cap = sim->touched_cap ? sim->touched_cap * 2 : 16;
            sim->touched = xrealloc(sim->touched, size_mul(sim->touched_cap, sizeof(struct sim_node *)));
        }
        sim->touched[sim->ntouched++] = node;
    }
    *rev = (struct revision){.transaction = running, .exists = exists, .stat = stat, .data = data, .len = len};
}

/* Takes the running transaction's revisions back. */
static void undo(struct coord_sim *sim)
{
    for (uint32_t i = 0; i < sim->ntouched; i++) {
        struct sim_node *node = sim->touched[i];
        free(node->revision[--node->nrevision].data);
        if (node->nrevision == 0)
            node_remove(sim, node);
    }
    sim->ntouched = 0;
}

static uint64_t oldest_view(const struct coord_sim *sim)
{
    uint64_t oldest = sim->transaction;
    for (const struct sim_session *s = sim->session; s; s = s->next)
        if (!s->expired)
            oldest = MIN_OF(oldest, s->view);
    return oldest;
}

/* Drops revisions nobody can see. False if the node itself went. */
static void prune(struct coord_sim *sim, struct sim_node *node, uint64_t oldest)
{
    uint32_t drop = 0;
    while (drop + 1 < node->nrevision && node->revision[drop + 1].transaction <= oldest)
        free(node->revision[drop++].data);
    node->nrevision -= drop;
    memmove(node->revision, node->revision + drop, node->nrevision * sizeof *node->revision);
    if (node->nrevision == 1 && !node->revision[0].exists && node->revision[0].transaction <= oldest)
        node_remove(sim, node);
}

/* --- Transactions ------------------------------------------------------------------------------------------------- */

/* Number of children as of view; their names too, unless names is NULL. */
static uint32_t list_children(struct coord_sim *sim, const char *path, uint64_t view, struct arena *arena, char **names)
{
    size_t len = path[1] == '\0' ? 0 : strlen(path);
    uint32_t n = 0;
    for (uint32_t i = lower_bound(sim, path); i < sim->nnode; i++) {
        const char *other = sim->node[i]->path;
        if (strncmp(other, path, len) != 0)
            break;
        if (other[len] != '/' || other[len + 1] == '\0' || strchr(other + len + 1, '/') ||
            !revision_at(sim->node[i], view))
            continue;
        if (names)
            names[n] = arena_strdup(arena, other + len + 1);
        n++;
    }
    return n;
}

static char *copy_bytes(struct strview data)
{
    char *copy = xmalloc(data.len + 1);
    if (data.len)
        memcpy(copy, data.ptr, data.len);
    return copy;
}

static enum coord_rc apply_create(struct coord_sim *sim, const struct coord_op *op, uint64_t session)
{
    uint64_t running = sim->transaction + 1;
    char parent[COORD_PATH_BYTES_MAX + 1];
    size_t len = coord_parent_len(op->path);
    memcpy(parent, op->path, len);
    parent[len] = '\0';
    if (revision_at(lookup(sim, op->path), running))
        return COORD_EXISTS;
    struct revision *above = revision_at(lookup(sim, parent), running);
    if (!above)
        return COORD_NO_NODE;
    if (above->stat.ephemeral)
        return COORD_EPHEMERAL_PARENT;
    struct coord_stat stat = {
        .ephemeral = op->ephemeral,
        .created = running,
        .modified = running,
        .session_id = op->ephemeral ? session : 0,
    };
    node_write(sim, node_make(sim, op->path), true, stat, copy_bytes(op->data), op->data.len);
    return COORD_DONE;
}

static enum coord_rc apply(struct coord_sim *sim, const struct coord_op *op, uint64_t session)
{
    uint64_t running = sim->transaction + 1;
    if (op->kind == COORD_OP_CREATE)
        return apply_create(sim, op, session);
    struct sim_node *node = lookup(sim, op->path);
    struct revision *rev = revision_at(node, running);
    if (!rev)
        return COORD_NO_NODE;
    if (rev->stat.version != op->version)
        return COORD_BAD_VERSION;
    if (op->kind == COORD_OP_CHECK)
        return COORD_DONE;
    struct coord_stat stat = rev->stat;
    if (op->kind == COORD_OP_DELETE) {
        if (list_children(sim, op->path, running, NULL, NULL))
            return COORD_NOT_EMPTY;
        node_write(sim, node, false, stat, NULL, 0);
        return COORD_DONE;
    }
    stat.version++;
    stat.modified = running;
    node_write(sim, node, true, stat, copy_bytes(op->data), op->data.len);
    return COORD_DONE;
}

static struct sim_multi *multi_copy(const struct coord_op *op, uint32_t nop)
{
    struct sim_multi *copy = xcalloc(1, sizeof *copy);
    copy->op = xcalloc(nop, sizeof *copy->op);
    copy->nop = nop;
    for (uint32_t i = 0; i < nop; i++) {
        copy->op[i] = op[i];
        copy->op[i].path = xstrdup(op[i].path);
        copy->op[i].data = strview_make(copy_bytes(op[i].data), op[i].data.len);
    }
    return copy;
}

static void multi_free(struct sim_multi *multi)
{
    for (uint32_t i = 0; i < multi->nop; i++) {
        free((char *)multi->op[i].path);
        free((char *)multi->op[i].data.ptr);
    }
    free(multi->op);
    free(multi);
}

static void multi_append(struct sim_multi **list, struct sim_multi *multi)
{
    while (*list)
        list = &(*list)->next;
    *list = multi;
}

static void advance(struct sim_session *s, uint64_t view)
{
    if (s->expired || s->cut_off || view <= s->view)
        return;
    uint64_t before = s->view;
    s->view = view;
    for (struct sim_multi *m = s->sim->log; m && m->transaction <= view; m = m->next)
        if (m->transaction > before)
            coord_watches_fire(&s->watches, m->op, m->nop);
}

static void forget(struct coord_sim *sim)
{
    uint64_t oldest = oldest_view(sim);
    while (sim->log && sim->log->transaction <= oldest) {
        struct sim_multi *gone = sim->log;
        sim->log = gone->next;
        multi_free(gone);
    }
    for (uint32_t i = sim->nnode; i > 0; i--)
        if (sim->node[i - 1]->nrevision > 1 || !sim->node[i - 1]->revision[0].exists)
            prune(sim, sim->node[i - 1], oldest);
}

/* The whole store's next transaction. Other sessions see it at once unless the fault says later. */
static enum coord_rc transact(struct coord_sim *sim, const struct coord_op *op, uint32_t nop, uint64_t session,
                              uint32_t *failed)
{
    for (uint32_t i = 0; i < nop; i++) {
        enum coord_rc rc = apply(sim, &op[i], session);
        if (rc != COORD_DONE) {
            undo(sim);
            *failed = i;
            return rc;
        }
    }
    sim->ntouched = 0;
    struct sim_multi *entry = multi_copy(op, nop);
    entry->transaction = ++sim->transaction;
    multi_append(&sim->log, entry);
    for (struct sim_session *s = sim->session; s; s = s->next)
        if (!chance(sim, sim->faults.stale_read))
            advance(s, sim->transaction);
    forget(sim);
    return COORD_DONE;
}

static void run_late(struct sim_session *s, bool all)
{
    uint32_t failed;
    while (s->late && (all || draw(s->sim) % 2)) {
        struct sim_multi *late = s->late;
        s->late = late->next;
        if (!s->expired)
            (void)transact(s->sim, late->op, late->nop, s->id, &failed);
        multi_free(late);
    }
}

/* --- The interface ------------------------------------------------------------------------------------------------ */

/* Takes the lock after the delay; the reason why the call cannot be answered, or COORD_DONE. */
static enum coord_rc enter(struct sim_session *s)
{
    struct coord_sim *sim = s->sim;
    pthread_mutex_lock(&sim->lock);
    if (sim->faults.delay) {
        struct coord_sim_faults faults = sim->faults;
        int64_t us = (int64_t)(draw(sim) % (uint64_t)(faults.delay_us_max + 1));
        pthread_mutex_unlock(&sim->lock);
        faults.delay(faults.delay_arg, us);
        pthread_mutex_lock(&sim->lock);
    }
    for (struct sim_session *other = sim->session; other; other = other->next)
        run_late(other, false);
    if (s->expired || s->cut_off || chance(sim, sim->faults.unavailable))
        return COORD_UNAVAILABLE;
    s->last_reply_ns = sim->env->mono_ns(sim->env);
    return COORD_DONE;
}

static void leave(struct sim_session *s)
{
    if (chance(s->sim, s->sim->faults.spurious_watch))
        coord_watches_fire_nth(&s->watches, draw(s->sim));
    pthread_mutex_unlock(&s->sim->lock);
}

/* A read as of the session's view; NULL and rc if it cannot be answered. */
static struct revision *read_node(struct sim_session *s, const char *path, enum coord_rc *rc)
{
    struct revision *rev = NULL;
    *rc = enter(s);
    if (*rc == COORD_DONE) {
        if (!chance(s->sim, s->sim->faults.stale_read))
            advance(s, s->sim->transaction);
        rev = revision_at(lookup(s->sim, path), s->view);
        if (!rev)
            *rc = COORD_NO_NODE;
    }
    return rev;
}

static enum coord_rc sim_get(struct coord *coord, const char *path, struct arena *arena, struct coord_node *out,
                             struct error *err)
{
    struct sim_session *s = (struct sim_session *)coord;
    enum coord_rc rc;
    struct revision *rev = read_node(s, path, &rc);
    if (rev) {
        out->data = strview_make(arena_strndup(arena, rev->data, rev->len), rev->len);
        out->stat = rev->stat;
        out->stat.nchild = list_children(s->sim, path, s->view, NULL, NULL);
    }
    leave(s);
    return rc == COORD_DONE ? rc : coord_refuse(rc, NULL, path, err);
}

static enum coord_rc sim_children(struct coord *coord, const char *path, struct arena *arena, char ***names,
                                  uint32_t *nname, struct error *err)
{
    struct sim_session *s = (struct sim_session *)coord;
    enum coord_rc rc;
    if (read_node(s, path, &rc)) {
        uint32_t n = list_children(s->sim, path, s->view, NULL, NULL);
        *names = ARENA_ARRAY(arena, char *, n ? n : 1);
        *nname = list_children(s->sim, path, s->view, arena, *names);
    }
    leave(s);
    return rc == COORD_DONE ? rc : coord_refuse(rc, NULL, path, err);
}

static enum coord_rc sim_multi(struct coord *coord, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                               struct error *err)
{
    struct sim_session *s = (struct sim_session *)coord;
    struct coord_sim *sim = s->sim;
    enum coord_rc rc = enter(s);
    if (rc == COORD_DONE) {
        run_late(s, true);
        if (chance(sim, sim->faults.unknown_lost)) {
            rc = COORD_UNKNOWN;
        } else if (chance(sim, sim->faults.unknown_late)) {
            multi_append(&s->late, multi_copy(op, nop));
            rc = COORD_UNKNOWN;
        } else {
            rc = transact(sim, op, nop, s->id, failed);
            if (chance(sim, sim->faults.unknown_applied))
                rc = COORD_UNKNOWN;
            else
                advance(s, sim->transaction);
        }
    }
    leave(s);
    if (!coord_refused(rc) || rc == COORD_UNAVAILABLE)
        *failed = nop;
    return rc == COORD_DONE ? rc : coord_refuse(rc, *failed < nop ? &op[*failed] : op, op[*failed % nop].path, err);
}

static enum coord_rc sim_watch(struct coord *coord, const char *path, enum coord_watch_kind kind, coord_watch_fn fn,
                               void *arg, uint64_t *id, struct error *err)
{
    struct sim_session *s = (struct sim_session *)coord;
    enum coord_rc rc = enter(s);
    if (rc == COORD_DONE)
        rc = coord_watches_add(&s->watches, path, kind, fn, arg, id, err);
    else
        coord_refuse(rc, NULL, path, err);
    leave(s);
    return rc;
}

static void sim_unwatch(struct coord *coord, uint64_t id)
{
    coord_watches_remove(&((struct sim_session *)coord)->watches, id);
}

static enum coord_rc sim_sync(struct coord *coord, struct error *err)
{
    struct sim_session *s = (struct sim_session *)coord;
    enum coord_rc rc = enter(s);
    if (rc == COORD_DONE) {
        run_late(s, true);
        advance(s, s->sim->transaction);
    }
    leave(s);
    return rc == COORD_DONE ? rc : coord_refuse(rc, NULL, "/", err);
}

static void sim_session_state(struct coord *coord, struct coord_session *out)
{
    struct sim_session *s = (struct sim_session *)coord;
    pthread_mutex_lock(&s->sim->lock);
    *out = (struct coord_session){
        .state = s->expired   ? COORD_LOST
                 : s->cut_off ? COORD_SUSPENDED
                              : COORD_CONNECTED,
        .id = s->id,
        .last_reply_ns = s->last_reply_ns,
        .timeout_ms = 6000,
    };
    pthread_mutex_unlock(&s->sim->lock);
}

/* Under the lock: the session's ephemerals and late writes go. */
static void end_session(struct sim_session *s)
{
    struct coord_sim *sim = s->sim;
    uint32_t failed;
    s->expired = true;
    run_late(s, true);
    for (uint32_t i = sim->nnode; i > 0; i--) {
        struct sim_node *node = sim->node[i - 1];
        struct revision *rev = revision_at(node, sim->transaction);
        if (!rev || rev->stat.session_id != s->id)
            continue;
        char *path = xstrdup(node->path);
        struct coord_op op = {.kind = COORD_OP_DELETE, .path = path, .version = rev->stat.version};
        enum coord_rc rc = transact(sim, &op, 1, s->id, &failed);
        assert(rc == COORD_DONE);
        (void)rc;
        free(path);
        i = sim->nnode + 1; /* the transaction may have removed old nodes: start again */
    }
}

static void sim_close(struct coord *coord)
{
    struct sim_session *s = (struct sim_session *)coord;
    struct coord_sim *sim = s->sim;
    pthread_mutex_lock(&sim->lock);
    if (!s->expired)
        end_session(s);
    struct sim_session **at = &sim->session;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    forget(sim);
    pthread_mutex_unlock(&sim->lock);
    coord_watches_release(&s->watches);
    free(s);
}

static const struct coord_ops sim_ops = {
    .name = "simulated",
    .get = sim_get,
    .children = sim_children,
    .multi = sim_multi,
    .watch = sim_watch,
    .unwatch = sim_unwatch,
    .sync = sim_sync,
    .session = sim_session_state,
    .close = sim_close,
};

struct coord_sim *coord_sim_new(struct env *env, uint64_t seed)
{
    struct coord_sim *sim = xcalloc(1, sizeof *sim);
    sim->env = env;
    sim->random = seed;
    pthread_mutex_init(&sim->lock, NULL);
    node_write(sim, node_make(sim, "/"), true, (struct coord_stat){.version = 0}, copy_bytes(STRVIEW("")), 0);
    sim->transaction = 1;
    sim->ntouched = 0;
    return sim;
}

void coord_sim_free(struct coord_sim *sim)
{
    assert(!sim->session);
    for (uint32_t i = 0; i < sim->nnode; i++)
        node_free(sim->node[i]);
    while (sim->log) {
        struct sim_multi *gone = sim->log;
        sim->log = gone->next;
        multi_free(gone);
    }
    free(sim->node);
    free(sim->touched);
    pthread_mutex_destroy(&sim->lock);
    free(sim);
}

void coord_sim_set_faults(struct coord_sim *sim, const struct coord_sim_faults *faults)
{
    assert(faults->delay_us_max >= 0);
    pthread_mutex_lock(&sim->lock);
    sim->faults = *faults;
    pthread_mutex_unlock(&sim->lock);
}

struct coord *coord_sim_session(struct coord_sim *sim)
{
    struct sim_session *s = xcalloc(1, sizeof *s);
    s->base.ops = &sim_ops;
    s->sim = sim;
    coord_watches_init(&s->watches);
    pthread_mutex_lock(&sim->lock);
    s->id = ++sim->last_session_id;
    s->view = sim->transaction;
    s->last_reply_ns = sim->env->mono_ns(sim->env);
    s->next = sim->session;
    sim->session = s;
    pthread_mutex_unlock(&sim->lock);
    return &s->base;
}

void coord_sim_expire(struct coord_sim *sim, struct coord *session)
{
    struct sim_session *s = (struct sim_session *)session;
    assert(s->sim == sim);
    pthread_mutex_lock(&sim->lock);
    if (!s->expired) {
        end_session(s);
        coord_watches_fire_all(&s->watches);
    }
    pthread_mutex_unlock(&sim->lock);
}

void coord_sim_disconnect(struct coord_sim *sim, struct coord *session, bool cut_off)
{
    struct sim_session *s = (struct sim_session *)session;
    assert(s->sim == sim);
    pthread_mutex_lock(&sim->lock);
    bool back = s->cut_off && !cut_off;
    s->cut_off = cut_off;
    if (back && !s->expired)
        coord_watches_fire_all(&s->watches);
    pthread_mutex_unlock(&sim->lock);
}

void coord_sim_settle(struct coord_sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    for (struct sim_session *s = sim->session; s; s = s->next)
        run_late(s, true);
    for (struct sim_session *s = sim->session; s; s = s->next)
        advance(s, sim->transaction);
    forget(sim);
    pthread_mutex_unlock(&sim->lock);
}

uint32_t coord_sim_count(struct coord_sim *sim)
{
    uint32_t n = 0;
    pthread_mutex_lock(&sim->lock);
    for (uint32_t i = 0; i < sim->nnode; i++)
        n += revision_at(sim->node[i], sim->transaction) != NULL;
    pthread_mutex_unlock(&sim->lock);
    return n - 1;
}
