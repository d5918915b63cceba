/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the wire needs of a session, and what it offers to one. pgwire owns sockets, TLS, authentication, framing, the
 * extended protocol's skip-to-Sync rule and ReadyForQuery; the backend (session/) owns statements, portals,
 * transactions and rows. pgwire knows no SQL.
 *
 * Threads: all calls of one session come from one thread at a time, straight-line code that may block on its client
 * (with back-pressure) and on the engine. Only cancel comes from other threads, at any time while the session is open.
 */
#ifndef MENCIA_PGWIRE_BACKEND_H
#define MENCIA_PGWIRE_BACKEND_H

#include "base/error.h"
#include "base/str.h"
#include "types/type.h"

struct pg_conn; /* pgwire/conn.c: one authenticated client */
struct backend; /* one session */

/* Startup parameters in the order they came; values valid for the session's life. */
struct pg_startup {
    const char *user; /* after mapping (trust maps unknown names to the built-in role) */
    const char *database;
    bool superuser;
    uint32_t nparam;
    const char **name, **value; /* all others, also those split from options=-c k=v */
    char client_addr[64];       /* text of the peer's address */
    uint16_t client_port;
    bool tls;
    int32_t pid; /* the number BackendKeyData shows; unique among open sessions */
};

/* Parameters of Bind, borrowed for the call. */
struct pg_bind {
    const char *portal, *statement;
    uint16_t nformat;      /* 0, 1 or nparam */
    const int16_t *format; /* 0 text, 1 binary */
    uint16_t nparam;
    const struct strview *param; /* ptr NULL = SQL NULL */
    uint16_t nresult_format;     /* 0, 1 or number of result columns */
    const int16_t *result_format;
};

struct backend_ops {
    /* After authentication. Refusal (too many connections, unknown database, bad startup setting) is FATAL. The
     * implementation sends nothing; it reports its settings through pg_parameter_status. */
    bool (*open)(void *server, struct pg_conn *conn, const struct pg_startup *startup, struct backend **out,
                 struct error *err);
    void (*close)(struct backend *backend);
    /* Simple query: sends everything up to, not including, ReadyForQuery, errors with it (false = an error was sent).
     */
    bool (*query)(struct backend *backend, struct strview sql);
    /* Extended protocol: false = err is set, pgwire sends it and skips to Sync. Complete messages (ParseComplete, …)
     * are sent by pgwire; describe sends ParameterDescription and RowDescription or NoData; execute sends rows and
     * CommandComplete, PortalSuspended or EmptyQueryResponse. max_rows 0 = all. */
    bool (*parse)(struct backend *backend, const char *name, struct strview sql, uint16_t nparam, const oid_t *param,
                  struct error *err);
    bool (*bind)(struct backend *backend, const struct pg_bind *bind, struct error *err);
    bool (*describe_statement)(struct backend *backend, const char *name, struct error *err);
    bool (*describe_portal)(struct backend *backend, const char *name, struct error *err);
    bool (*execute)(struct backend *backend, const char *portal, uint32_t max_rows, struct error *err);
    void (*close_statement)(struct backend *backend, const char *name); /* unknown names are fine */
    void (*close_portal)(struct backend *backend, const char *name);
    /* Sync: ends an implicit transaction. An error here is sent before ReadyForQuery. */
    bool (*sync)(struct backend *backend, struct error *err);
    /* An error was sent for this session (by pg_error, which calls this, or by pgwire itself): an open transaction
     * block becomes failed. */
    void (*failed)(struct backend *backend);
    char (*transaction_status)(struct backend *backend); /* I, T or E */
    /* From any thread: the running statement, if any, ends with 57014 soon. */
    void (*cancel)(struct backend *backend);
    /* From any thread: as cancel, and the session ends with 57P01. */
    void (*terminate)(struct backend *backend);
    /* Roles: SCRAM-SHA-256 verifier text (PostgreSQL's pg_authid form) of a role into buf, "" = it has no password;
     * false = no such role. *superuser and *can_login of the role; *valid_until_us = Unix µs or INT64_MAX. Any thread.
     */
    bool (*role)(void *server, const char *name, char *verifier, size_t verifier_size, bool *superuser, bool *can_login,
                 int64_t *valid_until_us);
    /* The role and database that unknown names map to under trust. */
    const char *default_role, *default_database;
    bool (*database_exists)(void *server, const char *name);
};

/* ---- what a backend may call on its connection; errors of the socket are remembered and surface as pg_conn_ok ---- */

/* One result column for RowDescription. */
struct pg_column {
    const char *name;
    oid_t table_oid; /* 0 = not a plain column */
    int16_t attnum;
    oid_t type;
    int16_t typlen;
    int32_t typmod;
    int16_t format; /* 0 text, 1 binary */
};
void pg_row_description(struct pg_conn *conn, const struct pg_column *column, uint16_t ncolumn);
void pg_parameter_description(struct pg_conn *conn, const oid_t *type, uint16_t n);
void pg_no_data(struct pg_conn *conn);
void pg_command_complete(struct pg_conn *conn, const char *tag);
void pg_empty_query(struct pg_conn *conn);
void pg_portal_suspended(struct pg_conn *conn);
/* Severity ERROR. Positions are characters by now. */
void pg_error(struct pg_conn *conn, const struct error *err);
/* severity: NOTICE, WARNING, INFO … */
void pg_notice(struct pg_conn *conn, const char *severity, const struct error *err);
void pg_parameter_status(struct pg_conn *conn, const char *name, const char *value);

/* Rows: pg_row_begin; for each column pg_value_null, or pg_value_begin, append to the buffer, pg_value_end; pg_row_end.
 * pg_row_end sends when enough has gathered and blocks while the client does not read. */
void pg_row_begin(struct pg_conn *conn, uint16_t ncolumn);
void pg_value_null(struct pg_conn *conn);
struct strbuf *pg_value_begin(struct pg_conn *conn);
void pg_value_end(struct pg_conn *conn);
void pg_row_end(struct pg_conn *conn);
/* Sends what is buffered now. */
void pg_flush(struct pg_conn *conn);
/* False once the client is gone or too slow: stop working for it. */
bool pg_conn_ok(const struct pg_conn *conn);
/* True if the client has closed its end (polled; cheap enough for once per batch). */
bool pg_conn_client_gone(struct pg_conn *conn);

/* idle_in_transaction_session_timeout and idle_session_timeout, 0 = none: how long the client may say nothing after
 * ReadyForQuery before the session ends with 25P03 or 57P05. Holds until set anew. */
void pg_idle_timeouts(struct pg_conn *conn, int64_t in_transaction_ms, int64_t session_ms);

/* COPY. format 0 text, 1 binary for all columns. */
void pg_copy_out_begin(struct pg_conn *conn, int8_t format, uint16_t ncolumn);
void pg_copy_data(struct pg_conn *conn, const void *data, size_t len); /* one CopyData; blocks like rows */
void pg_copy_out_done(struct pg_conn *conn);
void pg_copy_in_begin(struct pg_conn *conn, int8_t format, uint16_t ncolumn);
enum pg_copy_state { PG_COPY_DATA, PG_COPY_DONE, PG_COPY_FAILED };
/* Next piece of the client's data, valid until the next call. DONE: CopyDone came. FAILED: err is set (CopyFail: 57014
 * `COPY from stdin failed: …`, connection lost: 08006). */
enum pg_copy_state pg_copy_in_read(struct pg_conn *conn, struct strview *data, struct error *err);
/* After an error in the middle of COPY IN: the protocol state is put right (simple query: rest of the data is read and
 * dropped; extended: skipping to Sync does it). */
void pg_copy_in_abandon(struct pg_conn *conn);

#endif
