/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coordination store in one SQLite file. A multi is a transaction. Two connections, each behind its own mutex: a
 * reader never waits for a writer's fsync. Ephemeral nodes carry the id of the session (= process) that made them;
 * opening the store deletes those of all earlier sessions.
 *
 * When COMMIT itself fails with an I/O error, the log may or may not hold the transaction after a restart, whatever
 * this process reads now. So the session is lost from then on: nobody may act on a state that a crash could change.
 */
#include "base/fault.h"
#include "base/log.h"
#include "cluster/coord_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#define STORE_FORMAT    1
#define APPLICATION_ID  0x4D4E4341 /* "MNCA" */
#define BUSY_TIMEOUT_MS 10000

enum statement {
    ST_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_FIND,
    ST_HAS_CHILD,
    ST_INSERT,
    ST_UPDATE,
    ST_DELETE,
    ST_COUNTER,
    ST_WRITER_COUNT,
    ST_GET = ST_WRITER_COUNT, /* from here on: reading connection */
    ST_CHILDREN,
    ST_COUNT
};

static const char *const statement_sql[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_FIND] = "SELECT version, session FROM node WHERE path = ?1",
    [ST_HAS_CHILD] = "SELECT 1 FROM node WHERE parent = ?1 LIMIT 1",
    [ST_INSERT] = "INSERT INTO node (path, parent, data, version, created, modified, session) "
                  "VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5)",
    [ST_UPDATE] = "UPDATE node SET data = ?2, version = version + 1, modified = ?3 WHERE path = ?1",
    [ST_DELETE] = "DELETE FROM node WHERE path = ?1",
    [ST_COUNTER] = "UPDATE counter SET value = ?1 WHERE name = 'transaction'",
    [ST_GET] = "SELECT data, version, created, modified, session, "
               "(SELECT count(*) FROM node c WHERE c.parent = node.path) FROM node WHERE path = ?1",
    [ST_CHILDREN] = "SELECT path FROM node WHERE parent = ?1 ORDER BY path",
};

static const char *const schema_sql =
    "CREATE TABLE node (path TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, data BLOB NOT NULL, version INTEGER NOT NULL,"
    " created INTEGER NOT NULL, modified INTEGER NOT NULL, session INTEGER NOT NULL);"
    "CREATE INDEX node_parent ON node (parent, path);"
    "CREATE INDEX node_session ON node (session) WHERE session <> 0;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
    "INSERT INTO counter VALUES ('transaction', 0), ('session', 0);"
    "INSERT INTO node (path, parent, data, version, created, modified, session) VALUES ('/', '', x'', 0, 0, 0, 0);";

struct coord_sqlite {
    struct coord base;
    struct env *env;
    char *path;
    int lock_fd;                /* holds the exclusive flock; -1 = none */
    pthread_mutex_t write_lock; /* guards writer, its statements and transaction */
    pthread_mutex_t read_lock;  /* guards reader and its statements */
    sqlite3 *writer, *reader;
    sqlite3_stmt *statement[ST_COUNT];
    uint64_t transaction; /* serial number of the last done multi */
    uint64_t session_id;
    _Atomic bool lost;
    struct coord_watches watches;
};

static bool sql_error(sqlite3 *db, const char *path, struct error *err)
{
    const char *state = SQLSTATE_INTERNAL_ERROR;
    switch (sqlite3_errcode(db) & 0xFF) {
    case SQLITE_FULL: state = SQLSTATE_DISK_FULL; break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: state = SQLSTATE_IO_ERROR; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: state = SQLSTATE_DATA_CORRUPTED; break;
    case SQLITE_NOMEM: state = SQLSTATE_OUT_OF_MEMORY; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: state = SQLSTATE_OBJECT_IN_USE; break;
    default: break;
    }
    error_set(err, state, "coordination store \"%s\": %s", path, sqlite3_errmsg(db));
    err->sys_errno = sqlite3_system_errno(db);
    return false;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text, size_t len)
{
    sqlite3_bind_text64(st, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Runs a statement that gives no row. */
static bool run(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    assert(rc != SQLITE_ROW);
    sqlite3_reset(st);
    return rc == SQLITE_DONE;
}

enum find { FIND_NONE, FIND_NODE, FIND_FAILED };

static enum find find_node(struct coord_sqlite *store, const char *path, size_t len, int32_t *version,
                           uint64_t *session)
{
    sqlite3_stmt *st = store->statement[ST_FIND];
    bind_text(st, 1, path, len);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *version = sqlite3_column_int(st, 0);
        *session = (uint64_t)sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? FIND_NODE : rc == SQLITE_DONE ? FIND_NONE : FIND_FAILED;
}

static enum coord_rc apply_create(struct coord_sqlite *store, const struct coord_op *op)
{
    int32_t version;
    uint64_t session;
    size_t len = strlen(op->path), parent = coord_parent_len(op->path);
    enum find found = find_node(store, op->path, len, &version, &session);
    if (found != FIND_NONE)
        return found == FIND_NODE ? COORD_EXISTS : COORD_UNAVAILABLE;
    found = find_node(store, op->path, parent, &version, &session);
    if (found != FIND_NODE)
        return found == FIND_NONE ? COORD_NO_NODE : COORD_UNAVAILABLE;
    if (session)
        return COORD_EPHEMERAL_PARENT;
    sqlite3_stmt *st = store->statement[ST_INSERT];
    bind_text(st, 1, op->path, len);
    bind_text(st, 2, op->path, parent);
    sqlite3_bind_blob64(st, 3, op->data.len ? op->data.ptr : "", op->data.len, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, (int64_t)store->transaction + 1);
    sqlite3_bind_int64(st, 5, op->ephemeral ? (int64_t)store->session_id : 0);
    return run(st) ? COORD_DONE : COORD_UNAVAILABLE;
}

static enum coord_rc apply_delete(struct coord_sqlite *store, const struct coord_op *op)
{
    sqlite3_stmt *st = store->statement[ST_HAS_CHILD];
    bind_text(st, 1, op->path, strlen(op->path));
    int rc = sqlite3_step(st);
    sqlite3_reset(st);
    if (rc == SQLITE_ROW)
        return COORD_NOT_EMPTY;
    st = store->statement[ST_DELETE];
    bind_text(st, 1, op->path, strlen(op->path));
    return rc == SQLITE_DONE && run(st) ? COORD_DONE : COORD_UNAVAILABLE;
}

static enum coord_rc apply(struct coord_sqlite *store, const struct coord_op *op)
{
    int32_t version;
    uint64_t session;
    if (op->kind == COORD_OP_CREATE)
        return apply_create(store, op);
    enum find found = find_node(store, op->path, strlen(op->path), &version, &session);
    if (found != FIND_NODE)
        return found == FIND_NONE ? COORD_NO_NODE : COORD_UNAVAILABLE;
    if (version != op->version)
        return COORD_BAD_VERSION;
    if (op->kind == COORD_OP_CHECK)
        return COORD_DONE;
    if (op->kind == COORD_OP_DELETE)
        return apply_delete(store, op);
    sqlite3_stmt *st = store->statement[ST_UPDATE];
    bind_text(st, 1, op->path, strlen(op->path));
    sqlite3_bind_blob64(st, 2, op->data.len ? op->data.ptr : "", op->data.len, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, (int64_t)store->transaction + 1);
    return run(st) ? COORD_DONE : COORD_UNAVAILABLE;
}

static void roll_back(struct coord_sqlite *store)
{
    if (sqlite3_get_autocommit(store->writer))
        return;
    if (!run(store->statement[ST_ROLLBACK])) {
        log_error("cluster", "event=rollback_failed store=\"%s\" reason=\"%s\"", store->path,
                  sqlite3_errmsg(store->writer));
        atomic_store(&store->lost, true);
    }
}

/* COMMIT failed. Running out of space is certain to have changed nothing, since the commit record was not written; any
 * other failure leaves it open. */
static enum coord_rc commit_failed(struct coord_sqlite *store, struct error *err)
{
    char reason[256];
    sql_error(store->writer, store->path, err);
    bool full = (sqlite3_errcode(store->writer) & 0xFF) == SQLITE_FULL;
    snprintf(reason, sizeof reason, "%s", sqlite3_errmsg(store->writer));
    roll_back(store);
    if (full)
        return COORD_UNAVAILABLE;
    atomic_store(&store->lost, true);
    log_error("cluster", "event=commit_failed store=\"%s\" reason=\"%s\" action=session_lost", store->path, reason);
    coord_refuse(COORD_UNKNOWN, NULL, store->path, err);
    error_detail(err, "%s", reason);
    return COORD_UNKNOWN;
}

/* Under write_lock. */
static enum coord_rc run_multi(struct coord_sqlite *store, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                               struct error *err)
{
    if (atomic_load(&store->lost))
        return coord_refuse(COORD_UNAVAILABLE, NULL, store->path, err);
    if (!run(store->statement[ST_BEGIN])) {
        sql_error(store->writer, store->path, err);
        return COORD_UNAVAILABLE;
    }
    for (uint32_t i = 0; i < nop; i++) {
        enum coord_rc rc = apply(store, &op[i]);
        if (rc == COORD_DONE)
            continue;
        *failed = i;
        if (rc == COORD_UNAVAILABLE)
            sql_error(store->writer, store->path, err);
        else
            coord_refuse(rc, &op[i], op[i].path, err);
        roll_back(store);
        return rc;
    }
    sqlite3_bind_int64(store->statement[ST_COUNTER], 1, (int64_t)store->transaction + 1);
    if (!run(store->statement[ST_COUNTER])) {
        sql_error(store->writer, store->path, err);
        roll_back(store);
        return COORD_UNAVAILABLE;
    }
    if (!fault_point("coord.before_commit")) {
        roll_back(store);
        return coord_refuse(COORD_UNAVAILABLE, NULL, store->path, err);
    }
    if (!run(store->statement[ST_COMMIT]))
        return commit_failed(store, err);
    store->transaction++;
    return fault_point("coord.after_commit") ? COORD_DONE : coord_refuse(COORD_UNKNOWN, NULL, store->path, err);
}

static enum coord_rc sqlite_multi(struct coord *coord, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                                  struct error *err)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    pthread_mutex_lock(&store->write_lock);
    enum coord_rc rc = run_multi(store, op, nop, failed, err);
    pthread_mutex_unlock(&store->write_lock);
    if (!coord_refused(rc))
        coord_watches_fire(&store->watches, op, nop);
    return rc;
}

static enum coord_rc sqlite_get(struct coord *coord, const char *path, struct arena *arena, struct coord_node *out,
                                struct error *err)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    if (atomic_load(&store->lost))
        return coord_refuse(COORD_UNAVAILABLE, NULL, path, err);
    enum coord_rc rc = COORD_DONE;
    pthread_mutex_lock(&store->read_lock);
    sqlite3_stmt *st = store->statement[ST_GET];
    bind_text(st, 1, path, strlen(path));
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        uint64_t session = (uint64_t)sqlite3_column_int64(st, 4);
        const char *data = sqlite3_column_blob(st, 0);
        size_t len = (size_t)sqlite3_column_bytes(st, 0);
        out->data = strview_make(arena_strndup(arena, len ? data : "", len), len);
        out->stat = (struct coord_stat){
            .version = sqlite3_column_int(st, 1),
            .created = (uint64_t)sqlite3_column_int64(st, 2),
            .modified = (uint64_t)sqlite3_column_int64(st, 3),
            .ephemeral = session != 0,
            .session_id = session,
            .nchild = (uint32_t)sqlite3_column_int64(st, 5),
        };
    } else if (step == SQLITE_DONE) {
        rc = coord_refuse(COORD_NO_NODE, NULL, path, err);
    } else {
        sql_error(store->reader, store->path, err);
        rc = COORD_UNAVAILABLE;
    }
    sqlite3_reset(st);
    pthread_mutex_unlock(&store->read_lock);
    return rc;
}

/* Under read_lock. Collects the names; the count before the read only sizes the array. */
static int read_names(struct coord_sqlite *store, const char *path, struct arena *arena, char ***names, uint32_t *nname)
{
    size_t skip = strlen(path) + (path[1] != '\0'), n = 0, cap = 0;
    char **name = NULL;
    sqlite3_stmt *st = store->statement[ST_CHILDREN];
    bind_text(st, 1, path, strlen(path));
    int step;
    while ((step = sqlite3_step(st)) == SQLITE_ROW) {
        if (n == cap) {
            cap = cap ? cap * 2 : 16;
            name = xrealloc(name, size_mul(cap, sizeof *name));
        }
        name[n++] = arena_strdup(arena, (const char *)sqlite3_column_text(st, 0) + skip);
    }
    sqlite3_reset(st);
    *names = ARENA_ARRAY(arena, char *, n ? n : 1);
    if (n)
        memcpy(*names, name, n * sizeof *name);
    *nname = (uint32_t)n;
    free(name);
    return step;
}

static enum coord_rc sqlite_children(struct coord *coord, const char *path, struct arena *arena, char ***names,
                                     uint32_t *nname, struct error *err)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    enum coord_rc rc = COORD_DONE;
    if (atomic_load(&store->lost))
        return coord_refuse(COORD_UNAVAILABLE, NULL, path, err);
    pthread_mutex_lock(&store->read_lock);
    int step = read_names(store, path, arena, names, nname);
    if (step != SQLITE_DONE) {
        sql_error(store->reader, store->path, err);
        rc = COORD_UNAVAILABLE;
    } else if (*nname == 0) {
        sqlite3_stmt *st = store->statement[ST_GET];
        bind_text(st, 1, path, strlen(path));
        if (sqlite3_step(st) != SQLITE_ROW)
            rc = coord_refuse(COORD_NO_NODE, NULL, path, err);
        sqlite3_reset(st);
    }
    pthread_mutex_unlock(&store->read_lock);
    return rc;
}

static enum coord_rc sqlite_watch(struct coord *coord, const char *path, enum coord_watch_kind kind, coord_watch_fn fn,
                                  void *arg, uint64_t *id, struct error *err)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    return coord_watches_add(&store->watches, path, kind, fn, arg, id, err);
}

static void sqlite_unwatch(struct coord *coord, uint64_t id)
{
    coord_watches_remove(&((struct coord_sqlite *)coord)->watches, id);
}

static enum coord_rc sqlite_sync(struct coord *coord, struct error *err)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    return atomic_load(&store->lost) ? coord_refuse(COORD_UNAVAILABLE, NULL, store->path, err) : COORD_DONE;
}

static void sqlite_session(struct coord *coord, struct coord_session *out)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    bool lost = atomic_load(&store->lost);
    *out = (struct coord_session){
        .state = lost ? COORD_LOST : COORD_CONNECTED,
        .id = store->session_id,
        .last_reply_ns = lost ? 0 : store->env->mono_ns(store->env),
    };
}

static void release(struct coord_sqlite *store)
{
    for (int i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(store->statement[i]);
    sqlite3_close(store->reader);
    sqlite3_close(store->writer);
    if (store->lock_fd >= 0)
        store->env->close(store->env, store->lock_fd);
    coord_watches_release(&store->watches);
    pthread_mutex_destroy(&store->write_lock);
    pthread_mutex_destroy(&store->read_lock);
    free(store->path);
    free(store);
}

static const char *const drop_ephemerals_sql = "DELETE FROM node WHERE session <> 0";

static void sqlite_store_close(struct coord *coord)
{
    struct coord_sqlite *store = (struct coord_sqlite *)coord;
    if (!atomic_load(&store->lost) && sqlite3_exec(store->writer, drop_ephemerals_sql, NULL, NULL, NULL) != SQLITE_OK)
        log_warning("cluster", "event=close_failed store=\"%s\" reason=\"%s\"", store->path,
                    sqlite3_errmsg(store->writer));
    release(store);
}

static const struct coord_ops sqlite_ops = {
    .name = "sqlite",
    .get = sqlite_get,
    .children = sqlite_children,
    .multi = sqlite_multi,
    .watch = sqlite_watch,
    .unwatch = sqlite_unwatch,
    .sync = sqlite_sync,
    .session = sqlite_session,
    .close = sqlite_store_close,
};

static bool take_lock(struct coord_sqlite *store, struct error *err)
{
    char *path = xasprintf("%s.lock", store->path);
    bool ok = false;
    store->lock_fd = store->env->open(store->env, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        error_errno(err, errno, "could not open file \"%s\"", path);
    else if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        ok = true;
    else if (errno == EWOULDBLOCK)
        error_set(err, SQLSTATE_OBJECT_IN_USE, "coordination store \"%s\" is used by another process", store->path);
    else
        error_errno(err, errno, "could not lock file \"%s\"", path);
    free(path);
    return ok;
}

static bool exec(sqlite3 *db, const char *path, const char *sql, struct error *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_error(db, path, err);
}

static bool open_connection(const char *path, sqlite3 **db, struct error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK) {
        if (!*db)
            return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return sql_error(*db, path, err);
    }
    sqlite3_busy_timeout(*db, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(*db, 1);
    return exec(*db, path, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192", err);
}

/* First value of the first row. */
static bool query_int(sqlite3 *db, const char *path, const char *sql, int64_t *out, struct error *err)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(st, 0);
    else
        sql_error(db, path, err);
    sqlite3_finalize(st);
    return ok;
}

/* Creates the tables in a new file, or checks whose file it is. */
static bool prepare_file(struct coord_sqlite *store, struct error *err)
{
    int64_t format, application;
    if (!query_int(store->writer, store->path, "PRAGMA user_version", &format, err) ||
        !query_int(store->writer, store->path, "PRAGMA application_id", &application, err))
        return false;
    if (application == 0 && format == 0) {
        char *sql = xasprintf("BEGIN EXCLUSIVE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                              schema_sql, APPLICATION_ID, STORE_FORMAT);
        bool ok = exec(store->writer, store->path, sql, err);
        free(sql);
        return ok;
    }
    if (application != APPLICATION_ID)
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "\"%s\" is not a coordination store", store->path);
    if (format != STORE_FORMAT)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                         "coordination store \"%s\" has format %d, which this version cannot read", store->path,
                         (int)format);
    return true;
}

static bool start_session(struct coord_sqlite *store, struct error *err)
{
    int64_t transaction, session;
    char *sql = xasprintf("BEGIN IMMEDIATE; UPDATE counter SET value = value + 1; %s; COMMIT", drop_ephemerals_sql);
    bool ok = exec(store->writer, store->path, sql, err);
    free(sql);
    if (!ok ||
        !query_int(store->writer, store->path, "SELECT value FROM counter WHERE name = 'transaction'", &transaction,
                   err) ||
        !query_int(store->writer, store->path, "SELECT value FROM counter WHERE name = 'session'", &session, err))
        return false;
    store->transaction = (uint64_t)transaction;
    store->session_id = (uint64_t)session;
    for (int i = 0; i < ST_COUNT; i++) {
        sqlite3 *db = i < ST_WRITER_COUNT ? store->writer : store->reader;
        if (sqlite3_prepare_v3(db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statement[i], NULL) !=
            SQLITE_OK)
            return sql_error(db, store->path, err);
    }
    return true;
}

static bool sync_parent_dir(struct coord_sqlite *store, struct error *err)
{
    const char *slash = strrchr(store->path, '/');
    char *dir = !slash ? xstrdup(".") : xstrndup(store->path, slash == store->path ? 1 : (size_t)(slash - store->path));
    bool ok = env_sync_dir(store->env, dir, err);
    free(dir);
    return ok;
}

bool coord_sqlite_open(struct env *env, const char *path, struct coord **out, struct error *err)
{
    struct coord_sqlite *store = xcalloc(1, sizeof *store);
    store->base.ops = &sqlite_ops;
    store->env = env;
    store->path = xstrdup(path);
    store->lock_fd = -1;
    pthread_mutex_init(&store->write_lock, NULL);
    pthread_mutex_init(&store->read_lock, NULL);
    coord_watches_init(&store->watches);
    int64_t nnode;
    if (take_lock(store, err) && open_connection(path, &store->writer, err) && prepare_file(store, err) &&
        open_connection(path, &store->reader, err) && start_session(store, err) &&
        query_int(store->reader, path, "SELECT count(*) FROM node WHERE path = '/'", &nnode, err) &&
        sync_parent_dir(store, err)) {
        if (nnode == 1) {
            *out = &store->base;
            return true;
        }
        error_set(err, SQLSTATE_DATA_CORRUPTED, "coordination store \"%s\" has no root", path);
    }
    release(store);
    return false;
}
