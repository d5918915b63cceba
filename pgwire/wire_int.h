/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of pgwire. Life of a connection:
 *
 *   FIRST -> [TLS] -> STARTUP -> [SASL_INITIAL -> SASL_FINAL | PASSWORD] -> OPEN -> READY -> freed
 *
 * Up to the authentication the reactor's thread owns it; from OPEN on it is owned by the reactor while idle, by the
 * queue while it waits for a thread, or by a session thread. Only the owner touches its fields, but for those marked.
 * Exactly one epoll event is armed (EPOLLONESHOT) while the reactor owns it, none otherwise.
 *
 * Lock order: pg_server.lock -> pg_conn.backend_lock. pg_server.config_lock is a leaf.
 */
#ifndef MENCIA_PGWIRE_WIRE_INT_H
#define MENCIA_PGWIRE_WIRE_INT_H

#include "base/arena.h"
#include "base/metrics.h"
#include "base/str.h"
#include "net/stream.h"
#include "net/timers.h"
#include "net/tls.h"
#include "pgwire/backend.h"
#include "pgwire/hba.h"
#include "pgwire/scram.h"
#include "pgwire/server.h"

#include <pthread.h>

enum {
    STARTUP_BYTES_MAX = 10000,       /* PostgreSQL's limit */
    SASL_BYTES_MAX = 1024,           /* likewise */
    PASSWORD_BYTES_MAX = 65535,      /* likewise */
    SMALL_MESSAGE_BYTES_MAX = 10000, /* likewise, for messages without a payload of the user's */
    SEND_BYTES = 64 << 10,           /* rows are sent when this much has gathered */
    SPIN_NS = 50000,                 /* a session thread waits so long for the next message */
    BLOCKED_NS = 1000000000,         /* a thread that waits longer for its client no longer counts as active */
    WAIT_SLICE_NS = 200000000,       /* waiting threads look this often whether they are to end */
    REGISTRY_BUCKETS = 4096,         /* power of two */
    LISTENERS_MAX = 16,
    THREADS_MAX = 768, /* libpg_query takes a thread-specific key each; there are 1,024 */
    PROTOCOL_3_0 = 3 << 16,
    PROTOCOL_CANCEL = 80877102,
    PROTOCOL_SSL = 80877103,
    PROTOCOL_GSS = 80877104,
};

enum conn_stage {
    STAGE_FIRST,        /* nothing read yet */
    STAGE_TLS,          /* handshake */
    STAGE_STARTUP,      /* a startup packet is to come */
    STAGE_SASL_INITIAL, /* AuthenticationSASL sent */
    STAGE_SASL_FINAL,   /* AuthenticationSASLContinue sent */
    STAGE_PASSWORD,     /* AuthenticationCleartextPassword sent */
    STAGE_OPEN,         /* to be opened by a session thread (which checks a clear-text password first) */
    STAGE_READY,
};

enum conn_owner { OWNER_REACTOR, OWNER_QUEUE, OWNER_THREAD };

/* What a read-only look at the input came to. */
enum message_status { MESSAGE_NONE, MESSAGE_READY, MESSAGE_BAD_TYPE, MESSAGE_BAD_LENGTH };

struct message {
    char type;
    struct strview body; /* without type and length */
};

/* Everything of a startup packet that outlives it; in the connection's arena. */
struct startup_params {
    const char *user, *database; /* "" = not given */
    uint32_t nparam, cap;        /* settings: those of options= first */
    const char **name, **value;
    uint32_t nunknown; /* _pq_.* options */
    const char **unknown;
    struct error *options_error; /* what is wrong with options=, reported after authentication; NULL = nothing */
};

struct pg_conn {
    struct pg_server *server;
    struct stream stream;
    struct net_addr peer;
    struct tls_context *tls; /* of this connection's handshake; a reference */
    enum conn_stage stage;
    enum conn_owner owner; /* under server->lock from STAGE_OPEN on */
    struct arena arena;    /* startup parameters */

    /* Until authenticated */
    struct timer timer;                    /* authentication deadline */
    struct pg_conn *half_prev, *half_next; /* server->half_open, the reactor's */
    bool half_open;                        /* is in that list */
    bool ssl_done, gss_done;               /* one request of each kind is answered */
    bool direct_tls;                       /* began with a ClientHello */
    uint32_t protocol;                     /* as the client asked */
    struct startup_params params;
    enum hba_method method;
    struct scram_server *scram; /* during SASL */
    char *password;             /* clear text, to be checked by the session thread */
    char *verifier;             /* to check it against; NULL = must fail */

    /* Session */
    bool counted;                               /* in server->connections; under server->lock */
    bool superuser;                             /* fixed at authentication */
    int32_t pid;                                /* 0 = not registered */
    uint32_t secret;                            /* cancel key */
    struct pg_conn *registry_next, *queue_next; /* under server->lock */
    pthread_mutex_t backend_lock;               /* guards backend against cancel from other threads */
    struct backend *backend;                    /* written by the owner under backend_lock */
    _Atomic bool terminate;                     /* set by any thread: end with 57P01 */
    bool broken;                                /* the socket is of no more use */
    bool closing;                               /* close after what is in the output buffer */
    bool skip_to_sync;                          /* after an error of the extended protocol */
    bool extended;                              /* the message at hand belongs to the extended protocol */
    bool client_utf8;                           /* client_encoding as last reported is UTF8 */

    int64_t waited_ns; /* time that the statement at hand has waited for the client */

    /* Idle timeouts */
    int64_t idle_in_transaction_ms, idle_session_ms; /* 0 = none */
    int64_t idle_since_ns;     /* when the last ReadyForQuery was sent; 0 = in the midst of a pipeline */
    struct timer idle_timer;   /* in server->idle_timers, under server->lock */
    _Atomic bool idle_expired; /* why terminate is set */

    /* Output message being built: offsets into stream.out.data */
    size_t message_start, value_start;
    bool message_open;
    bool too_large;        /* a value or message exceeded what the protocol can say */
    uint16_t columns_left; /* of the open DataRow; for asserts */

    struct arena message_arena; /* arrays of the message at hand */
    char *pinned;               /* input buffer that the message at hand lies in, once COPY has moved on */

    /* COPY IN */
    bool copy_in;
    size_t copy_left; /* bytes of the CopyData at hand not handed out yet */
};

struct conn_queue {
    struct pg_conn *head, *tail;
};

struct pg_server {
    struct pg_server_config config; /* pointers in it are not valid after pg_server_open */
    const struct backend_ops *ops;
    void *ops_server;
    uint16_t port;
    int listener[LISTENERS_MAX];
    uint32_t nlistener;
    char *unix_path; /* NULL = none */
    uint8_t mock_key[32];
    struct metric *sessions_metric, *half_open_metric, *auth_failures_metric;

    pthread_mutex_t config_lock; /* guards tls and hba */
    struct tls_context *tls;     /* NULL = off */
    struct hba *hba;

    /* The reactor's own */
    int epoll_fd, wake_fd;
    pthread_t reactor;
    bool reactor_running;
    struct timers timers;
    struct pg_conn *half_open;
    _Atomic uint32_t nhalf_open;
    int64_t accept_paused_until; /* no descriptors left; 0 = not paused */

    pthread_mutex_t lock;
    pthread_cond_t work;        /* a session thread may find something to do */
    pthread_cond_t gone;        /* connections went down */
    struct conn_queue queue[2]; /* [1]: superusers, first */
    _Atomic uint32_t queued;    /* in both */
    uint32_t threads, idle, busy, blocked;
    struct timers idle_timers; /* of sessions that the reactor owns */
    pthread_t thread[THREADS_MAX];
    bool stop; /* threads end once the queues are empty */
    _Atomic bool reactor_stop;
    _Atomic bool draining;
    uint32_t connections;
    int32_t last_pid;
    struct pg_conn *registry[REGISTRY_BUCKETS];
    bool kick; /* the reactor is to look for idle sessions with terminate set */
};

/* conn.c: life of a connection */
struct pg_conn *conn_new(struct pg_server *server, int fd, const struct net_addr *peer);
/* Closes the session, takes it off all lists and frees. The caller owns it. */
void conn_free(struct pg_conn *conn);
/* Blocking, for session threads: waits for the events; false = deadline passed, terminated or failed (then broken). */
bool conn_wait(struct pg_conn *conn, int events, int64_t deadline_ns);
/* Blocking: sends everything that is buffered. */
void conn_flush(struct pg_conn *conn);
/* Blocking: reads until `bytes` are buffered; false = the client is gone, or terminated. */
bool conn_need(struct pg_conn *conn, size_t bytes);
/* Looks for a complete message; Consumes nothing. */
enum message_status conn_message(const struct pg_conn *conn, struct message *out);
void conn_consume_message(struct pg_conn *conn, const struct message *message);

/* out.c: messages */
void out_begin(struct pg_conn *conn, char type);
void out_end(struct pg_conn *conn);
void out_auth(struct pg_conn *conn, uint32_t code, const void *data, size_t len);
void out_fatal(struct pg_conn *conn, const struct error *err);
/* Error of severity ERROR and backend_ops.failed. */
void out_error(struct pg_conn *conn, const struct error *err);
/* FATAL 57P01, unless a FATAL was sent already. */
void out_terminated(struct pg_conn *conn);
void out_ready(struct pg_conn *conn);
void out_simple(struct pg_conn *conn, char type); /* a message without a body */

/* startup.c: reading of startup packets */
bool startup_parse(struct arena *arena, struct strview body, struct startup_params *out, struct error *err) MUST_CHECK;

/* auth.c. What a step of the reactor came to. */
enum step { STEP_AGAIN, STEP_WAIT, STEP_HANDOFF, STEP_CLOSE };
enum step auth_startup_packet(struct pg_conn *conn, struct strview packet);
enum step auth_message(struct pg_conn *conn);
/* In a session thread: checks a clear-text password, opens the session, greets. False = close. */
bool auth_open(struct pg_conn *conn);

/* reactor.c */
bool reactor_start(struct pg_server *server, struct error *err) MUST_CHECK;
void *reactor_main(void *arg);
/* Goes as far as possible without blocking with a connection that the reactor owns. */
enum step reactor_step(struct pg_conn *conn);
void reactor_wake(struct pg_server *server);
/* Gives a connection back to wait for its client's next words; the caller must not touch it any more. False: it is to
 * end, and still the caller's. */
bool reactor_park(struct pg_conn *conn) MUST_CHECK;
void reactor_leave_half_open(struct pg_conn *conn);

/* sched.c */
void sched_push(struct pg_conn *conn);
void sched_push_locked(struct pg_conn *conn); /* with server->lock held */
void sched_blocked(struct pg_server *server, bool begin);
void sched_stop(struct pg_server *server);

/* dispatch.c: serves an owned connection until it is parked, queued again or freed. */
void session_serve(struct pg_conn *conn);
/* One complete message of a ready session; false = close. */
bool session_message(struct pg_conn *conn, const struct message *message);

/* server.c */
bool server_admit(struct pg_conn *conn, bool superuser, struct error *err) MUST_CHECK;
void server_register(struct pg_conn *conn); /* gives it pid and secret */
void server_forget(struct pg_conn *conn);
void server_cancel_request(struct pg_server *server, int32_t pid, uint32_t secret);
struct tls_context *server_tls_get(struct pg_server *server); /* a reference; NULL = off */
/* Sets the flag and cancels what runs; server->lock is held. */
void server_terminate_locked(struct pg_conn *conn);

#endif
