/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: the backend that pgwire talks to. A session_server holds what all sessions share and the list of them, from
 * which pg_stat_activity, mencia.queries and cancelling by number are served.
 */
#ifndef MENCIA_SESSION_SESSION_H
#define MENCIA_SESSION_SESSION_H

#include "pgwire/backend.h"
#include "session/host.h"

struct session_server;

/* host must outlive the server. */
struct session_server *session_server_open(const struct session_host *host);
/* No session may be open. */
void session_server_close(struct session_server *server);
/* For pg_server_open; its `server` argument is the session_server. */
const struct backend_ops *session_backend_ops(void);
/* A server-wide default of a setting (mencia.conf, --set), for sessions opened from now on. */
bool session_server_set_default(struct session_server *server, struct strview name, struct strview value,
                                struct error *err) MUST_CHECK;

/* One session as others may see it; a copy. */
struct session_info {
    int32_t pid;
    char user[64], database[64], application[64], client_addr[64];
    uint16_t client_port;
    char state[32];   /* active, idle, idle in transaction, idle in transaction (aborted) */
    char query[1024]; /* text of the current or last statement, cut */
    int64_t backend_start_us, transaction_start_us, query_start_us, state_change_us; /* Unix µs; 0 = none */
    uint64_t statement_id;         /* of the running statement; 0 = none */
    struct exec_progress progress; /* of the running statement */
};
/* Calls fn with each open session. */
void session_server_each(struct session_server *server, void (*fn)(void *arg, const struct session_info *info),
                         void *arg);
/* False = no such session. */
bool session_server_cancel(struct session_server *server, int32_t pid);
uint32_t session_server_count(struct session_server *server);

#endif
