/* SPDX-License-Identifier: Apache-2.0 */
#include "pgwire/wire_int.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>

struct pg_conn *conn_new(struct pg_server *server, int fd, const struct net_addr *peer)
{
    struct pg_conn *conn = xcalloc(1, sizeof *conn);
    conn->server = server;
    conn->peer = *peer;
    conn->client_utf8 = true;
    stream_init(&conn->stream, fd);
    arena_init(&conn->arena, NULL);
    arena_init(&conn->message_arena, NULL);
    pthread_mutex_init(&conn->backend_lock, NULL);
    return conn;
}

static void free_secret(char *s)
{
    if (s)
        OPENSSL_cleanse(s, strlen(s));
    free(s);
}

void conn_free(struct pg_conn *conn)
{
    server_forget(conn);
    /* Nobody finds it any more; one who holds the lock still uses the backend. */
    pthread_mutex_lock(&conn->backend_lock);
    struct backend *backend = conn->backend;
    conn->backend = NULL;
    pthread_mutex_unlock(&conn->backend_lock);
    if (backend)
        conn->server->ops->close(backend);
    stream_release(&conn->stream);
    tls_context_put(conn->tls);
    if (conn->scram) {
        scram_server_release(conn->scram);
        free(conn->scram);
    }
    free_secret(conn->password);
    free_secret(conn->verifier);
    arena_release(&conn->arena);
    arena_release(&conn->message_arena);
    free(conn->pinned);
    pthread_mutex_destroy(&conn->backend_lock);
    struct pg_server *server = conn->server;
    bool counted = conn->counted;
    free(conn);
    if (!counted)
        return;
    pthread_mutex_lock(&server->lock);
    server->connections--;
    metric_add(server->sessions_metric, -1);
    pthread_cond_broadcast(&server->gone);
    pthread_mutex_unlock(&server->lock);
}

bool conn_wait(struct pg_conn *conn, int events, int64_t deadline_ns)
{
    int64_t start = net_now_ns(), now = start;
    bool blocked = false, ready = false;
    while (!ready && !conn->terminate && now < deadline_ns) {
        /* All waits of a statement count together: a client that takes a little now and then is slow as well. */
        int64_t patience = BLOCKED_NS - conn->waited_ns - (now - start);
        if (!blocked && patience <= 0) {
            blocked = true;
            sched_blocked(conn->server, true);
        }
        int64_t slice = blocked ? WAIT_SLICE_NS : MIN_OF(patience, WAIT_SLICE_NS);
        ready = net_poll(conn->stream.fd, events, MIN_OF(deadline_ns, now + slice)) != 0;
        now = net_now_ns();
    }
    if (blocked)
        sched_blocked(conn->server, false);
    conn->waited_ns += now - start;
    return ready;
}

void conn_flush(struct pg_conn *conn)
{
    struct stream *stream = &conn->stream;
    while (!conn->broken) {
        size_t before = stream_unsent(stream);
        enum net_status status = stream_flush(stream);
        if (status == NET_OK)
            return;
        if (status != NET_AGAIN) {
            conn->broken = true;
            break;
        }
        /* Terminated while the client does not read: there is no way left to tell it. */
        int64_t deadline = net_now_ns() + conn->server->config.write_timeout_ms * NET_MS;
        if (!conn_wait(conn, stream_flush_events(stream), deadline) && stream_unsent(stream) == before)
            conn->broken = true;
    }
    /* Broken: later output goes nowhere, and must not gather. */
    strbuf_clear(&stream->out);
    stream->out_sent = 0;
}

bool conn_need(struct pg_conn *conn, size_t bytes)
{
    while (stream_buffered(&conn->stream) < bytes) {
        if (conn->broken || conn->terminate)
            return false;
        enum net_status status = stream_fill(&conn->stream);
        if (status == NET_AGAIN) {
            conn_wait(conn, stream_fill_events(&conn->stream), NET_NO_DEADLINE);
        } else if (status != NET_OK) {
            conn->broken = true;
            return false;
        }
    }
    return true;
}

/* PostgreSQL's limits by type; 0 = a type that has no place now. Before authentication there is one only, so that
 * nobody unknown can make us buffer much. */
static uint32_t message_limit(const struct pg_conn *conn, char type)
{
    if (conn->stage != STAGE_READY)
        return type != 'p' ? 0 : conn->stage == STAGE_PASSWORD ? PASSWORD_BYTES_MAX : SASL_BYTES_MAX;
    switch (type) {
    case 'Q':
    case 'F':
    case 'B':
    case 'P':
    case 'd': return conn->server->config.max_message_bytes;
    case 'C':
    case 'D':
    case 'E':
    case 'H':
    case 'S':
    case 'X':
    case 'c':
    case 'f': return SMALL_MESSAGE_BYTES_MAX;
    default: return 0;
    }
}

enum message_status conn_message(const struct pg_conn *conn, struct message *out)
{
    size_t have = stream_buffered(&conn->stream);
    const char *head = stream_data(&conn->stream);
    if (have < 1)
        return MESSAGE_NONE;
    out->type = head[0];
    out->body = strview_make(head, 0);
    uint32_t limit = message_limit(conn, head[0]);
    if (limit == 0)
        return MESSAGE_BAD_TYPE;
    if (have < 5)
        return MESSAGE_NONE;
    uint32_t len = load_be32(head + 1);
    if (len < 4 || len > limit)
        return MESSAGE_BAD_LENGTH;
    if (have < (size_t)len + 1)
        return MESSAGE_NONE;
    out->body = strview_make(head + 5, len - 4);
    return MESSAGE_READY;
}

void conn_consume_message(struct pg_conn *conn, const struct message *message)
{
    stream_consume(&conn->stream, message->body.len + 5);
}

bool pg_conn_ok(const struct pg_conn *conn) { return !conn->broken && !conn->terminate; }

bool pg_conn_client_gone(struct pg_conn *conn)
{
    if (conn->broken)
        return true;
    return (net_poll(conn->stream.fd, POLLRDHUP, 0) & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
