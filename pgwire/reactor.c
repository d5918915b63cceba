/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that waits for many: listeners, connections that are not authenticated yet, idle sessions. It never
 * blocks. Before authentication a reply that does not fit into the socket's buffer ends the connection.
 */
#include "pgwire/wire_int.h"

#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, ACCEPTS_MAX = 64, ACCEPT_PAUSE_MS = 200 };

static struct pg_conn *conn_of_timer(struct timer *timer)
{
    return (struct pg_conn *)((char *)timer - offsetof(struct pg_conn, timer));
}

static void arm(struct pg_conn *conn, int events, int op)
{
    struct epoll_event ev = {.events = (uint32_t)events | EPOLLONESHOT, .data.ptr = conn};
    int rc = epoll_ctl(conn->server->epoll_fd, op, conn->stream.fd, &ev);
    assert(rc == 0);
    (void)rc;
}

static void enter_half_open(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    conn->half_open = true;
    conn->half_prev = NULL;
    conn->half_next = server->half_open;
    if (conn->half_next)
        conn->half_next->half_prev = conn;
    server->half_open = conn;
    server->nhalf_open++;
    metric_add(server->half_open_metric, 1);
    timers_arm(&server->timers, &conn->timer, net_now_ns() + server->config.auth_timeout_ms * NET_MS);
}

void reactor_leave_half_open(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    if (!conn->half_open)
        return;
    conn->half_open = false;
    if (conn->half_next)
        conn->half_next->half_prev = conn->half_prev;
    if (conn->half_prev)
        conn->half_prev->half_next = conn->half_next;
    else
        server->half_open = conn->half_next;
    server->nhalf_open--;
    metric_add(server->half_open_metric, -1);
    timers_cancel(&server->timers, &conn->timer);
}

static void drop(struct pg_conn *conn)
{
    reactor_leave_half_open(conn);
    conn_free(conn);
}

static bool too_many_half_open(const struct pg_server *server, const struct net_addr *peer)
{
    if (server->nhalf_open >= server->config.max_half_open)
        return true;
    if (server->nhalf_open < server->config.max_half_open_per_host)
        return false;
    uint32_t same = 0;
    for (const struct pg_conn *c = server->half_open; c; c = c->half_next)
        same += net_addr_same_host(&c->peer, peer);
    return same >= server->config.max_half_open_per_host;
}

/* Out of descriptors: new clients wait in the backlog for a moment. */
static void pause_accepting(struct pg_server *server)
{
    log_warning("pgwire", "event=accept_failed errno=%d pause_ms=%d", errno, ACCEPT_PAUSE_MS);
    server->accept_paused_until = net_now_ns() + ACCEPT_PAUSE_MS * NET_MS;
    for (uint32_t i = 0; i < server->nlistener; i++) {
        struct epoll_event ev = {.events = 0, .data.ptr = &server->listener[i]};
        epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->listener[i], &ev);
    }
}

static void resume_accepting(struct pg_server *server, int64_t now)
{
    if (server->accept_paused_until == 0 || now < server->accept_paused_until)
        return;
    server->accept_paused_until = 0;
    for (uint32_t i = 0; i < server->nlistener; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &server->listener[i]};
        epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->listener[i], &ev);
    }
}

static void accept_some(struct pg_server *server, int listener)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct net_addr peer;
        int fd = net_accept(listener, &peer);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(server);
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            return;
        }
        if (too_many_half_open(server, &peer)) {
            close(fd);
            continue;
        }
        struct pg_conn *conn = conn_new(server, fd, &peer);
        enter_half_open(conn);
        arm(conn, EPOLLIN, EPOLL_CTL_ADD);
    }
}

/* One read; what to do next. */
static enum step fill(struct pg_conn *conn)
{
    switch (stream_fill(&conn->stream)) {
    case NET_OK: return STEP_AGAIN;
    case NET_AGAIN: return STEP_WAIT;
    default: return STEP_CLOSE;
    }
}

/* The first byte tells a ClientHello from a packet's length; it is left where the TLS library will look for it. */
static enum step first_step(struct pg_conn *conn)
{
    char byte;
    ssize_t n = recv(conn->stream.fd, &byte, 1, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return STEP_WAIT;
    if (n <= 0)
        return STEP_CLOSE;
    conn->stage = STAGE_STARTUP;
    if (byte != 0x16)
        return STEP_AGAIN;
    conn->tls = server_tls_get(conn->server);
    conn->direct_tls = conn->ssl_done = true;
    conn->stage = STAGE_TLS;
    return conn->tls ? STEP_AGAIN : STEP_CLOSE;
}

static enum step tls_step(struct pg_conn *conn)
{
    switch (stream_tls_accept(&conn->stream, conn->tls)) {
    case NET_OK:
        conn->stage = STAGE_STARTUP;
        /* Without the name of the protocol, a browser could be talked into talking to us. */
        return conn->direct_tls && !stream_tls_alpn_is(&conn->stream, "postgresql") ? STEP_CLOSE : STEP_AGAIN;
    case NET_AGAIN: return STEP_WAIT;
    default: return STEP_CLOSE;
    }
}

static enum step startup_step(struct pg_conn *conn)
{
    size_t have = stream_buffered(&conn->stream);
    if (have < 4)
        return fill(conn);
    const char *head = stream_data(&conn->stream);
    uint32_t len = load_be32(head);
    if (len < 8 || len > STARTUP_BYTES_MAX + 4)
        return STEP_CLOSE;
    if (have < len)
        return fill(conn);
    stream_consume(&conn->stream, len);
    return auth_startup_packet(conn, strview_make(head + 4, len - 4));
}

static enum step auth_step(struct pg_conn *conn)
{
    enum step step = auth_message(conn);
    return step == STEP_WAIT ? fill(conn) : step;
}

enum step reactor_step(struct pg_conn *conn)
{
    enum step step = STEP_AGAIN;
    while (step == STEP_AGAIN) {
        switch (conn->stage) {
        case STAGE_FIRST: step = first_step(conn); break;
        case STAGE_TLS: step = tls_step(conn); break;
        case STAGE_STARTUP: step = startup_step(conn); break;
        case STAGE_SASL_INITIAL:
        case STAGE_SASL_FINAL:
        case STAGE_PASSWORD: step = auth_step(conn); break;
        case STAGE_OPEN:
        case STAGE_READY: return STEP_HANDOFF;
        }
        if (step == STEP_HANDOFF)
            return step;
        if (stream_flush(&conn->stream) != NET_OK)
            return STEP_CLOSE;
    }
    return step;
}

static void conn_event(struct pg_conn *conn)
{
    if (!conn->half_open) {
        sched_push(conn); /* an idle session whose client says something, or has gone */
        return;
    }
    switch (reactor_step(conn)) {
    case STEP_WAIT: arm(conn, stream_fill_events(&conn->stream) == POLLOUT ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD); break;
    case STEP_HANDOFF:
        reactor_leave_half_open(conn);
        sched_push(conn);
        break;
    default: drop(conn);
    }
}

/* INT64_MAX = it may stay idle for ever. */
static int64_t idle_deadline(const struct pg_conn *conn)
{
    if (conn->idle_since_ns == 0)
        return INT64_MAX;
    bool in_transaction = conn->server->ops->transaction_status(conn->backend) != 'I';
    int64_t ms = in_transaction ? conn->idle_in_transaction_ms : conn->idle_session_ms;
    return ms > 0 ? conn->idle_since_ns + ms * NET_MS : INT64_MAX;
}

bool reactor_park(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    int64_t deadline = idle_deadline(conn);
    bool first = false;
    stream_trim(&conn->stream);
    arena_release(&conn->message_arena);
    int events = stream_fill_events(&conn->stream) == POLLOUT ? EPOLLOUT : EPOLLIN;
    /* Armed under the lock: once the reactor owns it, somebody else may end and free it. */
    pthread_mutex_lock(&server->lock);
    bool ends = conn->terminate || server->draining;
    if (ends)
        conn->terminate = true;
    else {
        conn->owner = OWNER_REACTOR;
        first = deadline < timers_next(&server->idle_timers);
        if (deadline != INT64_MAX)
            timers_arm(&server->idle_timers, &conn->idle_timer, deadline);
        arm(conn, events | EPOLLRDHUP, EPOLL_CTL_MOD);
    }
    pthread_mutex_unlock(&server->lock);
    if (first)
        reactor_wake(server); /* it may be asleep for longer */
    return !ends;
}

static void end_session_locked(struct pg_conn *conn)
{
    epoll_ctl(conn->server->epoll_fd, EPOLL_CTL_DEL, conn->stream.fd, NULL);
    sched_push_locked(conn);
}

/* Idle sessions that are to end go to a session thread for it. */
static void end_idle(struct pg_server *server, int64_t now)
{
    struct timer *timer;
    pthread_mutex_lock(&server->lock);
    while ((timer = timers_pop(&server->idle_timers, now)) != NULL) {
        struct pg_conn *conn = (struct pg_conn *)((char *)timer - offsetof(struct pg_conn, idle_timer));
        conn->idle_expired = conn->terminate = true;
        end_session_locked(conn);
    }
    if (server->kick) {
        server->kick = false;
        for (uint32_t i = 0; i < REGISTRY_BUCKETS; i++)
            for (struct pg_conn *c = server->registry[i]; c; c = c->registry_next)
                if (c->terminate && c->owner == OWNER_REACTOR)
                    end_session_locked(c);
    }
    pthread_mutex_unlock(&server->lock);
}

static void authentication_timed_out(struct pg_conn *conn)
{
    struct error err;
    if (conn->stage >= STAGE_SASL_INITIAL) {
        error_set(&err, SQLSTATE_QUERY_CANCELED, "canceling authentication due to timeout");
        out_fatal(conn, &err);
        if (stream_flush(&conn->stream) != NET_OK)
            log_debug("pgwire", "event=auth_timeout peer=%s unsent=1", conn->peer.text);
    }
    drop(conn);
}

static int wait_ms(struct pg_server *server)
{
    pthread_mutex_lock(&server->lock);
    int64_t next = MIN_OF(timers_next(&server->timers), timers_next(&server->idle_timers));
    pthread_mutex_unlock(&server->lock);
    if (server->accept_paused_until)
        next = MIN_OF(next, server->accept_paused_until);
    if (next == INT64_MAX)
        return -1;
    int64_t left = next - net_now_ns();
    return left <= 0 ? 0 : (int)MIN_OF(left / NET_MS + 1, (int64_t)60000);
}

static void one_event(struct pg_server *server, void *who)
{
    uint64_t count;
    if (who == &server->wake_fd) {
        ssize_t n = read(server->wake_fd, &count, sizeof count);
        (void)n;
    } else if ((int *)who >= server->listener && (int *)who < server->listener + LISTENERS_MAX)
        accept_some(server, *(int *)who);
    else
        conn_event(who);
}

void *reactor_main(void *arg)
{
    struct pg_server *server = arg;
    struct epoll_event events[EVENTS_MAX];
    while (!server->reactor_stop) {
        int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms(server));
        for (int i = 0; i < n; i++)
            one_event(server, events[i].data.ptr);
        /* After the events: what follows may free connections that an event could still name. */
        int64_t now = net_now_ns();
        struct timer *timer;
        while ((timer = timers_pop(&server->timers, now)) != NULL)
            authentication_timed_out(conn_of_timer(timer));
        resume_accepting(server, now);
        end_idle(server, now);
    }
    while (server->half_open)
        drop(server->half_open);
    return NULL;
}

void reactor_wake(struct pg_server *server)
{
    uint64_t one = 1;
    ssize_t n = write(server->wake_fd, &one, sizeof one);
    (void)n; /* full = it is awake anyway */
}

bool reactor_start(struct pg_server *server, struct error *err)
{
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->epoll_fd < 0 || server->wake_fd < 0)
        return error_errno(err, errno, "could not create epoll descriptors");
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &server->wake_fd};
    bool ok = epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->wake_fd, &ev) == 0;
    for (uint32_t i = 0; ok && i < server->nlistener; i++) {
        ev.data.ptr = &server->listener[i];
        ok = epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listener[i], &ev) == 0;
    }
    if (!ok)
        return error_errno(err, errno, "could not watch listening sockets");
    if (!thread_start(&server->reactor, "pgwire", reactor_main, server, err))
        return false;
    server->reactor_running = true;
    return true;
}
