/* SPDX-License-Identifier: Apache-2.0 */
/* Inside a session: statements, portals, transaction state. All of it belongs to the session's thread but for `shared`.
 */
#ifndef MENCIA_SESSION_SESSION_INT_H
#define MENCIA_SESSION_SESSION_INT_H

#include "func/session.h"
#include "session/session.h"
#include "session/settings.h"

#include <pthread.h>

enum { RESULT_COLUMNS_MAX = 1664, PENDING_MAX = 64 };

/* A parsed and bound statement; named, unnamed, or of one simple query. */
struct prepared {
    struct prepared *next;
    char *name;            /* "" = unnamed */
    struct arena arena;    /* everything below */
    struct strview sql;    /* the whole text it was cut from: error positions count in it */
    struct ast_node *node; /* NULL = empty statement */
    bool is_query;         /* SELECT or VALUES */
    bool simple;           /* of a simple query: $n are refused */
    uint32_t nparam;
    oid_t *param_type;
    uint32_t ncolumn; /* result columns; 0 = none */
    struct bound_column *column;
    struct plan *plan; /* queries */
    struct bound_query bound;
    uint64_t catalog_version; /* the plan is of */
    uint32_t refs;            /* portals that use it */
    bool closed;              /* name is gone; freed with the last portal */
    /* Called between binding and planning (INSERT coerces the columns); NULL = nothing to do. */
    bool (*adapt)(void *arg, struct arena *arena, struct bound_query *bound, struct error *err);
    void *adapt_arg;
};

/* Rows of a utility statement (SHOW, EXPLAIN): texts. */
struct text_rows {
    uint32_t nrow, cap;
    struct strview *row; /* one column */
};

struct portal {
    struct portal *next;
    char *name;
    uint64_t serial; /* ascending with age */
    struct prepared *prepared;
    struct arena arena;
    struct value *param;
    int16_t *format;                /* [ncolumn] */
    struct host_snapshot *snapshot; /* own; NULL = the transaction's */
    struct exec_query *exec;        /* running query */
    const struct batch *batch;      /* rows not sent yet: [row, batch->n) */
    uint32_t row;
    bool started, done;
    bool ended;             /* exec has no more rows after batch */
    uint64_t sent;          /* rows in this Execute */
    struct text_rows *text; /* utility with rows */
    uint32_t text_at;
    char tag[64]; /* completion tag of a utility that has run */
};

enum tx_state { TX_IDLE, TX_IMPLICIT, TX_OPEN, TX_FAILED };

/* DDL that takes effect at COMMIT. */
struct pending_ddl {
    struct host_table *create;   /* CREATE TABLE, or */
    struct ast_node *statement;  /* ALTER, DROP: run at COMMIT (arena of the transaction) */
    const struct table_def *def; /* of the created table, for duplicates */
};

/* What a transaction had done when the savepoint was set. In the transaction's arena. */
struct savepoint {
    struct savepoint *outer;
    const char *name;
    uint32_t nload, nddl;
    uint64_t next_portal; /* portals from this serial on are younger */
    const struct setting_undo *settings;
};

struct backend {
    struct session_server *server;
    const struct session_host *host;
    struct pg_conn *conn;
    struct settings settings;
    char user[64], database[64];
    bool superuser;
    int32_t pid;
    struct func_session facts; /* handed to functions through value_ctx */
    struct prepared *statements;
    struct portal *portals;
    struct prepared *current; /* statement being run, for error positions */
    enum tx_state tx;
    bool multi; /* the running simple query has several statements: an implicit block */
    bool tx_read_only, tx_repeatable;
    int64_t tx_start_us; /* Unix µs: now() */
    struct arena tx_arena;
    struct host_snapshot *tx_snapshot; /* REPEATABLE READ */
    uint32_t tx_snapshot_nload;        /* loads it sees */
    struct savepoint *savepoint;       /* innermost */
    uint64_t next_portal;
    struct host_load *load[PENDING_MAX]; /* finished, unpublished */
    uint32_t nload;
    struct pending_ddl ddl[PENDING_MAX];
    uint32_t nddl;
    /* shared with other threads, under lock */
    struct {
        pthread_mutex_t lock;
        struct exec_query *exec; /* running */
        bool cancelled, terminated;
        struct session_info info;
    } shared;
    struct backend *next, **prev; /* in the server's list */
};

struct session_server {
    const struct session_host *host;
    pthread_mutex_t lock; /* guards the list and the defaults */
    struct backend *sessions;
    uint32_t count;
    uint64_t next_statement; /* atomic */
    int64_t start_us;        /* Unix µs */
    struct default_setting {
        struct default_setting *next;
        char *name, *value;
    } * defaults;
};

/* ---- session.c ---- */
int64_t session_now_us(const struct backend *b);
void session_value_ctx(const struct backend *b, struct value_ctx *out);
/* Marks the session as running this text; clears an old cancel. */
void session_begin_statement(struct backend *b, struct strview sql);
void session_end_statement(struct backend *b);
/* True when the running statement has been cancelled; fills err with 57014 or 57P01. */
bool session_cancelled(struct backend *b, struct error *err);
/* Byte positions of err become characters of the current statement's text. */
void session_fix_position(const struct backend *b, struct error *err);
void session_notice(struct backend *b, const char *severity, const char *sqlstate, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void session_host_notices(struct backend *b, struct host_notices *out);

/* Cancels or ends another session (or this one); 42501 unless this one's role may. */
bool session_stop_other(const struct backend *b, int32_t pid, bool terminate, bool *found,
                        struct error *err) MUST_CHECK;

/* ---- facts.c ---- */
void session_facts_init(struct backend *b);
/* For value_ctx.relation_name. */
bool session_relation_name(const struct func_session *session, oid_t oid, struct strbuf *out);

/* ---- transaction.c ---- */
/* Opens the implicit transaction of a statement outside a block. */
void tx_begin_implicit(struct backend *b);
bool tx_run(struct backend *b, const struct ast_node *node, char tag[64], struct error *err) MUST_CHECK;
/* Ends the implicit transaction: publishes or drops what it did. */
bool tx_end_implicit(struct backend *b, bool ok, struct error *err) MUST_CHECK;
void tx_fail(struct backend *b);
void tx_release(struct backend *b);
/* 25P02 in a failed block unless the statement ends it; 25006 for writes in a read-only one. */
bool tx_allows(const struct backend *b, const struct ast_node *node, struct error *err) MUST_CHECK;
/* Snapshot for the next statement; *own = the caller closes it. */
bool tx_snapshot(struct backend *b, struct host_snapshot **out, bool *own, struct error *err) MUST_CHECK;

/* ---- prepare.c ---- */
/* Makes a statement of one AST node (NULL = empty). nparam types the client gave. */
bool prepared_make(struct backend *b, struct strview sql, const struct ast_node *node, uint16_t nparam,
                   const oid_t *param, struct prepared *p, struct error *err) MUST_CHECK;
struct prepared *prepared_new(const char *name);
void prepared_put(struct prepared *p);
struct prepared *prepared_find(struct backend *b, const char *name);
/* Removes the name; the statement lives on while portals use it. */
void prepared_remove(struct backend *b, const char *name);
void prepared_add(struct backend *b, struct prepared *p);
/* Binds and plans p->node as a query. */
bool query_prepare(struct backend *b, struct prepared *p, uint16_t nparam, const oid_t *param,
                   struct error *err) MUST_CHECK;
/* Plans again if the catalogue has changed; 0A000 if the result type did. */
bool query_revalidate(struct backend *b, struct prepared *p, struct error *err) MUST_CHECK;

/* ---- portal.c ---- */
struct portal *portal_new(struct backend *b, const char *name, struct prepared *p);
struct portal *portal_find(struct backend *b, const char *name);
void portal_free(struct backend *b, struct portal *portal);
void portals_free_all(struct backend *b);
/* Those made when next_portal was serial, or later. */
void portals_free_since(struct backend *b, uint64_t serial);
void portal_describe(struct backend *b, const struct portal *portal);
/* Runs it and sends up to max_rows rows (0 = all) with CommandComplete or PortalSuspended. */
bool portal_execute(struct backend *b, struct portal *portal, uint32_t max_rows, struct error *err) MUST_CHECK;
/* Queries that read no table compute their first rows now, so that what PostgreSQL reports while planning (1/0) comes
 * before the rows are described. */
bool portal_start_constant(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
/* Sends RowDescription of result columns. */
void send_row_description(struct backend *b, const struct bound_column *column, uint32_t n, const int16_t *format);
/* Starts a plan; the exec query is registered for cancelling. */
bool query_start(struct backend *b, const struct plan *plan, const struct value *param, struct host_snapshot *snapshot,
                 bool analyze, struct exec_query **out, struct error *err) MUST_CHECK;
void query_stop(struct backend *b, struct exec_query *exec);

/* ---- utility.c ---- */
/* Result columns a utility has (SHOW, EXPLAIN, EXECUTE): sets p->column. */
bool utility_describe(struct backend *b, struct prepared *p, struct error *err) MUST_CHECK;
/* Runs it; rows go to portal->text, the tag to portal->tag (empty: rows decide it). */
bool utility_run(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
void text_add(struct portal *portal, struct strview line);

/* ---- prepare_sql.c ---- */
/* PREPARE: names the statement like Parse does. */
bool run_prepare(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
/* EXECUTE has the result columns of its statement. */
bool describe_execute(struct backend *b, struct prepared *p, struct error *err) MUST_CHECK;
/* Turns the portal of an EXECUTE into one of the statement that it names; others stay as they are. */
bool portal_resolve(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
/* Parses the text that p's node is of again, into p's own arena. */
bool prepared_own(struct prepared *p, struct strview sql, int32_t begin, struct error *err) MUST_CHECK;
/* ---- load.c ---- */
/* Finds the types of an INSERT's parameters: its columns' types, unless the client gave others. */
bool describe_insert(struct backend *b, struct prepared *p, uint16_t nparam, const oid_t *param,
                     struct error *err) MUST_CHECK;
bool run_insert(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
bool run_copy(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
/* ---- ddl.c ---- */
bool run_create_table(struct backend *b, struct portal *portal, struct error *err) MUST_CHECK;
bool run_alter_table(struct backend *b, const struct ast_node *node, struct error *err) MUST_CHECK;
bool run_drop(struct backend *b, const struct ast_node *node, struct error *err) MUST_CHECK;
/* Finds a stored table by name in a fresh snapshot; 42P01, 42809 for virtual ones. The def is referenced. */
bool find_table(struct backend *b, const struct ast_name *name, const struct table_def **out,
                struct error *err) MUST_CHECK;

#endif
