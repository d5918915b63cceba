/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ready session: takes complete messages from the input, calls the backend, answers. The rules of the extended
 * protocol that need no knowledge of SQL are here: skipping to Sync after an error, ReadyForQuery, flushing.
 */
#include "pgwire/wire_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads the parts of one message; the first failure sticks. */
struct reader {
    const char *at, *end;
    const char *failure; /* PostgreSQL's words, NULL = none */
};

static struct reader reader_of(const struct message *message)
{
    return (struct reader){message->body.ptr, message->body.ptr + message->body.len, NULL};
}

static const char *read_bytes(struct reader *r, size_t n)
{
    if (r->failure || (size_t)(r->end - r->at) < n) {
        r->failure = r->failure ? r->failure : "insufficient data left in message";
        return NULL;
    }
    const char *start = r->at;
    r->at += n;
    return start;
}

static uint16_t read_u16(struct reader *r)
{
    const char *p = read_bytes(r, 2);
    return p ? load_be16(p) : 0;
}

static uint32_t read_u32(struct reader *r)
{
    const char *p = read_bytes(r, 4);
    return p ? load_be32(p) : 0;
}

static char read_char(struct reader *r)
{
    if (!r->failure && r->at == r->end)
        r->failure = "no data left in message";
    const char *p = read_bytes(r, 1);
    return p ? *p : '\0';
}

/* A NUL-terminated string in place; "" after a failure. */
static struct strview read_string(struct reader *r)
{
    size_t left = (size_t)(r->end - r->at);
    const char *nul = r->failure || left == 0 ? NULL : memchr(r->at, '\0', left);
    if (!nul) {
        r->failure = r->failure ? r->failure : "invalid string in message";
        return strview_make("", 0);
    }
    struct strview s = strview_make(r->at, (size_t)(nul - r->at));
    r->at = nul + 1;
    return s;
}

static bool read_end(struct reader *r, struct error *err)
{
    if (!r->failure && r->at != r->end)
        r->failure = "invalid message format";
    return !r->failure || error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "%s", r->failure);
}

/* Text from the client must be valid in its encoding; others than UTF8 are the session's to convert. */
static bool check_text(const struct pg_conn *conn, struct strview s, struct error *err)
{
    size_t bad;
    if (!conn->client_utf8 || utf8_valid(s.ptr, s.len, &bad))
        return true;
    char bytes[64];
    int n = 0;
    size_t len = MIN_OF((size_t)utf8_step((unsigned char)s.ptr[bad]), s.len - bad);
    for (size_t i = 0; i < len; i++)
        n += snprintf(bytes + n, sizeof bytes - (size_t)n, "%s0x%02x", i ? " " : "", (unsigned char)s.ptr[bad + i]);
    return error_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": %s",
                     bytes);
}

static void simple_query(struct pg_conn *conn, const struct message *message)
{
    struct error err;
    struct reader r = reader_of(message);
    struct strview sql = read_string(&r);
    if (!read_end(&r, &err) || !check_text(conn, sql, &err)) {
        out_error(conn, &err);
        return;
    }
    conn->server->ops->query(conn->backend, sql);
}

static bool parse_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    struct reader r = reader_of(message);
    struct strview name = read_string(&r), sql = read_string(&r);
    uint16_t n = read_u16(&r);
    const char *types = read_bytes(&r, (size_t)n * 4);
    if (!read_end(&r, err) || !check_text(conn, name, err) || !check_text(conn, sql, err))
        return false;
    oid_t *type = ARENA_ARRAY(&conn->message_arena, oid_t, (size_t)n + 1);
    for (uint16_t i = 0; i < n; i++)
        type[i] = load_be32(types + (size_t)i * 4);
    if (!conn->server->ops->parse(conn->backend, name.ptr, sql, n, type, err))
        return false;
    out_simple(conn, '1');
    return true;
}

static int16_t *read_formats(struct pg_conn *conn, struct reader *r, uint16_t *n)
{
    *n = read_u16(r);
    const char *codes = read_bytes(r, (size_t)*n * 2);
    if (!codes)
        return NULL;
    int16_t *format = ARENA_ARRAY(&conn->message_arena, int16_t, (size_t)*n + 1);
    for (uint16_t i = 0; i < *n; i++)
        format[i] = (int16_t)load_be16(codes + (size_t)i * 2);
    return format;
}

static struct strview *read_params(struct pg_conn *conn, struct reader *r, uint16_t n)
{
    /* Each takes at least its length's four bytes: a count that lies allocates nothing. */
    if (r->failure || (size_t)(r->end - r->at) < (size_t)n * 4) {
        r->failure = r->failure ? r->failure : "insufficient data left in message";
        return NULL;
    }
    struct strview *param = ARENA_ARRAY(&conn->message_arena, struct strview, (size_t)n + 1);
    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = read_u32(r);
        if (len != UINT32_MAX)
            param[i] = strview_make(read_bytes(r, len), r->failure ? 0 : len);
    }
    return param;
}

static bool check_params(const struct pg_conn *conn, const struct pg_bind *bind, struct error *err)
{
    for (uint16_t i = 0; i < bind->nparam; i++) {
        int16_t format = bind->nformat == 0 ? 0 : bind->format[bind->nformat == 1 ? 0 : i];
        if (format != 0 && format != 1)
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unsupported format code: %d", format);
        if (format == 0 && bind->param[i].ptr && !check_text(conn, bind->param[i], err))
            return false;
    }
    return true;
}

static bool bind_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    struct reader r = reader_of(message);
    struct pg_bind bind = {0};
    struct strview portal = read_string(&r), statement = read_string(&r);
    bind.portal = portal.ptr;
    bind.statement = statement.ptr;
    bind.format = read_formats(conn, &r, &bind.nformat);
    bind.nparam = read_u16(&r);
    if (!r.failure && bind.nformat > 1 && bind.nformat != bind.nparam)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "bind message has %u parameter formats but %u parameters",
                         bind.nformat, bind.nparam);
    bind.param = read_params(conn, &r, bind.nparam);
    bind.result_format = read_formats(conn, &r, &bind.nresult_format);
    if (!read_end(&r, err) || !check_text(conn, portal, err) || !check_text(conn, statement, err) ||
        !check_params(conn, &bind, err))
        return false;
    if (!conn->server->ops->bind(conn->backend, &bind, err))
        return false;
    out_simple(conn, '2');
    return true;
}

static bool describe_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    const struct backend_ops *ops = conn->server->ops;
    struct reader r = reader_of(message);
    char kind = read_char(&r);
    struct strview name = read_string(&r);
    if (!read_end(&r, err) || !check_text(conn, name, err))
        return false;
    if (kind == 'S')
        return ops->describe_statement(conn->backend, name.ptr, err);
    if (kind == 'P')
        return ops->describe_portal(conn->backend, name.ptr, err);
    return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid DESCRIBE message subtype %d", kind);
}

static bool execute_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    struct reader r = reader_of(message);
    struct strview portal = read_string(&r);
    int32_t max_rows = (int32_t)read_u32(&r);
    if (!read_end(&r, err) || !check_text(conn, portal, err))
        return false;
    return conn->server->ops->execute(conn->backend, portal.ptr, max_rows > 0 ? (uint32_t)max_rows : 0, err);
}

static bool close_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    const struct backend_ops *ops = conn->server->ops;
    struct reader r = reader_of(message);
    char kind = read_char(&r);
    struct strview name = read_string(&r);
    if (!read_end(&r, err) || !check_text(conn, name, err))
        return false;
    if (kind == 'S')
        ops->close_statement(conn->backend, name.ptr);
    else if (kind == 'P')
        ops->close_portal(conn->backend, name.ptr);
    else
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid CLOSE message subtype %d", kind);
    out_simple(conn, '3');
    return true;
}

static void sync_message(struct pg_conn *conn, const struct message *message)
{
    struct error err;
    struct reader r = reader_of(message);
    if (!read_end(&r, &err) || !conn->server->ops->sync(conn->backend, &err))
        out_error(conn, &err);
    if (!conn->closing)
        out_ready(conn);
}

static bool flush_message(struct pg_conn *conn, const struct message *message, struct error *err)
{
    struct reader r = reader_of(message);
    if (!read_end(&r, err))
        return false;
    conn_flush(conn);
    return true;
}

/* Messages of the extended protocol that end by an answer or an error. */
static void extended_message(struct pg_conn *conn, const struct message *message)
{
    struct error err;
    bool ok = false;
    switch (message->type) {
    case 'P': ok = parse_message(conn, message, &err); break;
    case 'B': ok = bind_message(conn, message, &err); break;
    case 'D': ok = describe_message(conn, message, &err); break;
    case 'E': ok = execute_message(conn, message, &err); break;
    case 'C': ok = close_message(conn, message, &err); break;
    case 'H': ok = flush_message(conn, message, &err); break;
    default: assert(!"not an extended message");
    }
    if (ok)
        return;
    conn->skip_to_sync = true;
    out_error(conn, &err);
}

bool session_message(struct pg_conn *conn, const struct message *message)
{
    struct error err;
    if (message->type == 'X')
        return false;
    if (message->type == 'S')
        conn->skip_to_sync = false;
    if (conn->skip_to_sync)
        return true;
    switch (message->type) {
    case 'Q':
        simple_query(conn, message);
        if (!conn->closing)
            out_ready(conn);
        break;
    case 'F':
        error_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED, "the function call sub-protocol is not supported");
        error_hint(&err, "Call the function by a SELECT statement.");
        out_error(conn, &err);
        if (!conn->closing)
            out_ready(conn);
        break;
    case 'S': sync_message(conn, message); break;
    case 'd':
    case 'c':
    case 'f': break; /* the rest of a COPY that has failed */
    default: extended_message(conn, message);
    }
    conn->copy_in = false;
    free(conn->pinned);
    conn->pinned = NULL;
    arena_reset(&conn->message_arena);
    return !conn->broken && !conn->closing;
}

static bool at_statement_end(char type) { return type == 'Q' || type == 'S' || type == 'F'; }

static void unknown_message(struct pg_conn *conn, char type)
{
    struct error err;
    error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d", (unsigned char)type);
    out_fatal(conn, &err);
}

/* Nothing complete is buffered: reads more, waiting a moment. False: nothing came, or the client is gone (broken). */
static bool read_more(struct pg_conn *conn)
{
    struct stream *stream = &conn->stream;
    enum net_status status = stream_fill(stream);
    if (status == NET_AGAIN && conn->server->queued == 0 &&
        net_poll(stream->fd, stream_fill_events(stream), net_now_ns() + SPIN_NS) != 0)
        status = stream_fill(stream);
    if (status == NET_CLOSED || status == NET_FAILED)
        conn->broken = true;
    return status == NET_OK;
}

enum serve { SERVE_MORE, SERVE_AWAY, SERVE_END };

static enum serve serve_one(struct pg_conn *conn)
{
    struct message message;
    struct pg_server *server = conn->server;
    switch (conn_message(conn, &message)) {
    case MESSAGE_BAD_TYPE: unknown_message(conn, message.type); return SERVE_END;
    case MESSAGE_BAD_LENGTH: return SERVE_END; /* PostgreSQL, too, closes without a word */
    case MESSAGE_NONE:
        if (read_more(conn))
            return SERVE_MORE;
        if (conn->broken)
            return SERVE_END;
        return reactor_park(conn) ? SERVE_AWAY : SERVE_MORE;
    case MESSAGE_READY: break;
    }
    conn_consume_message(conn, &message);
    conn->idle_since_ns = 0;
    if (!session_message(conn, &message))
        return SERVE_END;
    if (!at_statement_end(message.type))
        return SERVE_MORE;
    conn->waited_ns = 0;
    if (conn->idle_in_transaction_ms > 0 || conn->idle_session_ms > 0)
        conn->idle_since_ns = net_now_ns();
    if (server->draining)
        conn->terminate = true;
    else if (server->queued > 0 && stream_buffered(&conn->stream) > 0) {
        /* One that sends without pause gets its turn like the others. */
        sched_push(conn);
        return SERVE_AWAY;
    }
    return SERVE_MORE;
}

void session_serve(struct pg_conn *conn)
{
    enum serve serve = SERVE_MORE;
    if (conn->stage == STAGE_OPEN && !auth_open(conn))
        serve = SERVE_END;
    while (serve == SERVE_MORE) {
        if (conn->terminate) {
            out_terminated(conn);
            serve = SERVE_END;
        } else
            serve = conn->broken ? SERVE_END : serve_one(conn);
    }
    if (serve == SERVE_AWAY)
        return;
    conn_flush(conn);
    conn_free(conn);
}
