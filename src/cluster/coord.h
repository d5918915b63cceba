/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordination store: a small tree of small nodes, changed by compare-and-set. Everything that must be agreed on
 * (catalogue, commit records, membership) lives in it. Implementations: SQLite (standalone), simulated (tests), later
 * ZooKeeper, whose semantics the contract follows; all pass tests/unit/cluster/test_coord.c.
 *
 * Paths: absolute, '/'-separated, components of 1 to 255 bytes of UTF-8 without control characters, not "." or "..";
 * at most 1,024 bytes. Names from users go through coord_escape. The root "/" always exists and cannot be changed.
 * A node's parent must exist; ephemeral nodes have no children.
 *
 * Versions start at 0 and grow by one with each set. Deleting and creating a node starts again at 0: whoever may meet
 * that compares stat.created as well. There are no blind writes: each set, delete and check names the version it read.
 *
 * Outcomes: COORD_DONE; refused, with the reason, nothing was changed; COORD_UNKNOWN: a write may or may not have
 * taken effect and, until the next successful coord_sync of the same session, may still take effect. After it: sync,
 * read, decide. Never assume. Reads are never unknown.
 *
 * Watches are one-shot, edge-triggered hints: they may fire without a change, and several changes may give one. So the
 * only correct use is: set the watch, then read; when it fires, do both again. A periodic read besides it is wise.
 *
 * Reads may be behind other sessions' writes (never behind this session's own) unless coord_sync came before.
 *
 * All functions are thread-safe. Calls block for I/O: not for epoll threads or query workers.
 */
#ifndef MENCIA_CLUSTER_COORD_H
#define MENCIA_CLUSTER_COORD_H

#include "base/arena.h"
#include "base/env.h"
#include "base/error.h"
#include "base/str.h"

#define COORD_NODE_BYTES_MAX  (64u * 1024)  /* data of one node */
#define COORD_MULTI_BYTES_MAX (512u * 1024) /* paths + data of one multi + 16 bytes per operation */
#define COORD_WATCH_MAX       4000u         /* armed watches of one session */
#define COORD_PATH_BYTES_MAX  1024u
#define COORD_NAME_BYTES_MAX  255u

enum coord_rc {
    COORD_DONE,
    COORD_EXISTS,           /* refused: create of a node that is there */
    COORD_NO_NODE,          /* refused: the node, or the parent of a created one, is not there */
    COORD_BAD_VERSION,      /* refused: another version than the one named */
    COORD_NOT_EMPTY,        /* refused: delete of a node with children */
    COORD_EPHEMERAL_PARENT, /* refused: create below an ephemeral node */
    COORD_TOO_BIG,          /* refused: node, multi or path over the limit */
    COORD_WATCH_BUDGET,     /* refused: COORD_WATCH_MAX watches are armed */
    COORD_UNAVAILABLE, /* refused: the store could not do it (no space, I/O error, session lost); nothing changed */
    COORD_UNKNOWN,     /* write: applied, not applied, or applied soon */
};

static inline bool coord_refused(enum coord_rc rc) { return rc != COORD_DONE && rc != COORD_UNKNOWN; }
/* A short word for logs: "bad version". */
const char *coord_rc_name(enum coord_rc rc);

struct coord_stat {
    int32_t version;     /* number of sets since creation */
    bool ephemeral;      /* goes with the session that created it */
    uint32_t nchild;     /* children now */
    uint64_t created;    /* store-wide serial number of the creating transaction; never reused */
    uint64_t modified;   /* ... of the last set (or creation) */
    uint64_t session_id; /* owner of an ephemeral node, else 0 */
};

struct coord_node {
    struct strview data; /* in the caller's arena */
    struct coord_stat stat;
};

enum coord_op_kind { COORD_OP_CHECK, COORD_OP_CREATE, COORD_OP_SET, COORD_OP_DELETE };

/* One operation of a multi. Strings are borrowed until the call returns. */
struct coord_op {
    enum coord_op_kind kind;
    const char *path;
    struct strview data; /* create, set */
    int32_t version;     /* check, set, delete: >= 0, must equal the node's */
    bool ephemeral;      /* create */
};

/* A growing list of operations in an arena. */
struct coord_multi {
    struct arena *arena;
    struct coord_op *op;
    uint32_t nop, cap;
};

/* The builder copies paths and data into the arena. Versions are >= 0 (asserted). */
void coord_multi_init(struct coord_multi *multi, struct arena *arena);
void coord_multi_check(struct coord_multi *multi, const char *path, int32_t version);
void coord_multi_create(struct coord_multi *multi, const char *path, struct strview data, bool ephemeral);
void coord_multi_set(struct coord_multi *multi, const char *path, struct strview data, int32_t version);
void coord_multi_delete(struct coord_multi *multi, const char *path, int32_t version);

enum coord_session_state {
    COORD_CONNECTED, /* calls are answered */
    COORD_SUSPENDED, /* connection lost; the session and its ephemerals may live on */
    COORD_LOST,      /* for good: ephemerals are or will be gone; every call is COORD_UNAVAILABLE. Close it */
};

struct coord_session {
    enum coord_session_state state;
    uint64_t id;           /* never reused; goes into records as an incarnation */
    int64_t last_reply_ns; /* CLOCK_MONOTONIC of env; what was read then was at most that old after a sync */
    int32_t timeout_ms;    /* ephemerals of a dead process go after this long; 0 = when the store is next opened */
};

enum coord_watch_kind {
    COORD_WATCH_NODE,     /* this node created, set, deleted */
    COORD_WATCH_CHILDREN, /* a child of this node created or deleted, or the node itself deleted */
};

/* Called from any thread, possibly inside another call on the store: must be short, must not call the store and must
 * not take a lock that is held around calls of the store. Typically sets a flag and signals. */
typedef void (*coord_watch_fn)(void *arg, const char *path, enum coord_watch_kind kind);

struct coord;

/* What an implementation provides. The functions below check arguments and limits first and then call these; nobody
 * else calls them. *failed is never NULL here. */
struct coord_ops {
    const char *name;
    enum coord_rc (*get)(struct coord *coord, const char *path, struct arena *arena, struct coord_node *out,
                         struct error *err);
    enum coord_rc (*children)(struct coord *coord, const char *path, struct arena *arena, char ***names,
                              uint32_t *nname, struct error *err);
    enum coord_rc (*multi)(struct coord *coord, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                           struct error *err);
    enum coord_rc (*watch)(struct coord *coord, const char *path, enum coord_watch_kind kind, coord_watch_fn fn,
                           void *arg, uint64_t *id, struct error *err);
    void (*unwatch)(struct coord *coord, uint64_t id);
    enum coord_rc (*sync)(struct coord *coord, struct error *err);
    void (*session)(struct coord *coord, struct coord_session *out);
    void (*close)(struct coord *coord);
};

/* Implementations embed it as their first member. */
struct coord {
    const struct coord_ops *ops;
};

/* err is filled for every rc but COORD_DONE: SQLSTATE 40001 for exists, no node, bad version, not empty; 54000 too big;
 * 53400 watch budget; the cause's own for unavailable; 08007 for unknown. Callers turn it into their own words. */

/* Data and *out's strings live in the arena. */
enum coord_rc coord_get(struct coord *coord, const char *path, struct arena *arena, struct coord_node *out,
                        struct error *err) MUST_CHECK;
/* Names (last component, not escaped back) in byte order; the array is in the arena. */
enum coord_rc coord_children(struct coord *coord, const char *path, struct arena *arena, char ***names, uint32_t *nname,
                             struct error *err) MUST_CHECK;
enum coord_rc coord_create(struct coord *coord, const char *path, struct strview data, bool ephemeral,
                           struct error *err) MUST_CHECK;
/* The new version is version + 1. */
enum coord_rc coord_set(struct coord *coord, const char *path, struct strview data, int32_t version,
                        struct error *err) MUST_CHECK;
enum coord_rc coord_delete(struct coord *coord, const char *path, int32_t version, struct error *err) MUST_CHECK;
/* All or nothing, in order: an operation sees the effect of those before it. *failed (may be NULL) = index of the
 * operation that was refused, nop if the refusal concerns the whole. An empty multi is done. */
enum coord_rc coord_multi(struct coord *coord, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                          struct error *err) MUST_CHECK;
static inline enum coord_rc coord_multi_run(struct coord *coord, const struct coord_multi *multi, uint32_t *failed,
                                            struct error *err)
{
    return coord_multi(coord, multi->op, multi->nop, failed, err);
}
/* Creates path and the missing ones of its parents, with empty data; done if they are there already. */
enum coord_rc coord_ensure(struct coord *coord, const char *path, struct error *err) MUST_CHECK;

/* Arms a one-shot watch; the node need not exist. *id (never 0) is for coord_unwatch. */
enum coord_rc coord_watch(struct coord *coord, const char *path, enum coord_watch_kind kind, coord_watch_fn fn,
                          void *arg, uint64_t *id, struct error *err) MUST_CHECK;
/* When it returns, fn is not running and will not run. A watch that has fired may be unwatched too. Must not be called
 * from fn. */
void coord_unwatch(struct coord *coord, uint64_t id);

/* Waits until this session sees every write that was done before the call, and until earlier writes of this session
 * with an unknown outcome have either happened or never will. */
enum coord_rc coord_sync(struct coord *coord, struct error *err) MUST_CHECK;
void coord_session(struct coord *coord, struct coord_session *out);
/* Ends the session: its ephemeral nodes go, watches are dropped without firing. No call may be running. */
void coord_close(struct coord *coord);

/* Turns any text into one path component: bytes outside [A-Za-z0-9_-] become %XX; "" becomes "%". Injective. False if
 * the result is over COORD_NAME_BYTES_MAX (only for texts of more than 85 bytes). */
bool coord_escape(struct strbuf *out, struct strview name) MUST_CHECK;
/* The way back; false if it is not something coord_escape writes. */
bool coord_unescape(struct strbuf *out, const char *component) MUST_CHECK;

/*
 * SQLite store in one file (plus -wal, -shm and .lock beside it), for one process at a time: a second one gets 55006.
 * A done write is on disk (WAL, synchronous=FULL); a kill or power cut at any moment leaves whole multis only.
 * Ephemeral nodes of earlier processes are deleted when it is opened. After a failed fsync the session is lost, since
 * what the file holds is then unknown until it is opened again.
 */
bool coord_sqlite_open(struct env *env, const char *path, struct coord **out, struct error *err) MUST_CHECK;

#endif
