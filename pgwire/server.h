/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL protocol server. One epoll thread owns listeners, TLS handshakes, startup, authentication and idle
 * connections, which cost no thread; a client that sends something gets a session thread until it is answered and has
 * nothing more to say for 50 µs. Session threads are made as needed, are never ended before pg_server_close (the parser
 * takes a thread-specific key per thread), and run straight-line code that may block.
 *
 * Threads: all functions may be called from any thread but session threads of this server; pg_server_cancel and
 * pg_server_terminate from those as well.
 */
#ifndef MENCIA_PGWIRE_SERVER_H
#define MENCIA_PGWIRE_SERVER_H

#include "base/error.h"
#include "pgwire/backend.h"

struct pg_server;

/* Paths and texts are borrowed for pg_server_open only. pg_server_config_init fills in the defaults. */
struct pg_server_config {
    const char *listen_addresses;    /* comma-separated: "localhost" (default), "*", "10.0.0.1,::1"; "" = none */
    uint16_t port;                   /* 0 = a free one (pg_server_port tells); default 0 */
    const char *unix_socket_dir;     /* socket <dir>/.s.PGSQL.<port>; NULL (default) = none */
    const char *tls_cert, *tls_key;  /* PEM files; both NULL (default) = no TLS */
    const char *hba_file;            /* pg_hba.conf; NULL (default) = hba_default() */
    uint32_t auth_timeout_ms;        /* from accept to the end of authentication; 60,000 */
    uint32_t write_timeout_ms;       /* a client that takes nothing for so long is cut off; 300,000 */
    uint32_t max_connections;        /* 10,000 */
    uint32_t reserved_connections;   /* of these only for superusers; 3 */
    uint32_t max_half_open;          /* not yet authenticated; 4,096 */
    uint32_t max_half_open_per_host; /* 1,024 */
    uint32_t max_active;             /* statements that run at once, at most 512; 256 */
    uint32_t reserved_active;        /* of these only for superusers; 16 */
    uint32_t max_blocked;            /* further ones that wait for their client for over 1 s; 256 */
    uint32_t max_message_bytes;      /* one message of a client; 1 GiB - 1, PostgreSQL's limit */
};

void pg_server_config_init(struct pg_server_config *config);

/* Starts listening. `server` is handed to the ops. */
bool pg_server_open(const struct pg_server_config *config, const struct backend_ops *ops, void *server,
                    struct pg_server **out, struct error *err) MUST_CHECK;
uint16_t pg_server_port(const struct pg_server *server);
/* New TLS files and rules for connections to come; on failure all stays as it was. NULL as in the config. */
bool pg_server_reload(struct pg_server *server, const char *tls_cert, const char *tls_key, const char *hba_file,
                      struct error *err) MUST_CHECK;

/* New clients get 57P03 from now on; idle ones end with 57P01, busy ones after their statement, or when deadline_ns
 * (CLOCK_MONOTONIC) comes, then cancelled. True = none is left. */
bool pg_server_drain(struct pg_server *server, int64_t deadline_ns);
/* Cancels what runs, ends all sessions and threads, frees. Sessions must react to backend_ops.terminate. */
void pg_server_close(struct pg_server *server);

/* By the number in pg_startup.pid; false = no such session. */
bool pg_server_cancel(struct pg_server *server, int32_t pid);
/* The session ends with 57P01: at once if idle, otherwise as soon as its statement has been cancelled. */
bool pg_server_terminate(struct pg_server *server, int32_t pid);

struct pg_server_stats {
    uint32_t connections, half_open, threads, active, blocked, queued;
};
void pg_server_stats(struct pg_server *server, struct pg_server_stats *out);

#endif
