/* SPDX-License-Identifier: Apache-2.0 */
/* The COPY sub-protocol. A CopyData from the client is handed out in pieces as they come, so it needs no memory. */
#include "pgwire/wire_int.h"

static void copy_begin(struct pg_conn *conn, char type, int8_t format, uint16_t ncolumn)
{
    struct strbuf *out = &conn->stream.out;
    out_begin(conn, type);
    strbuf_add_char(out, (char)format);
    strbuf_add_be16(out, ncolumn);
    for (uint16_t i = 0; i < ncolumn; i++)
        strbuf_add_be16(out, (uint16_t)format);
    out_end(conn);
}

void pg_copy_out_begin(struct pg_conn *conn, int8_t format, uint16_t ncolumn)
{
    copy_begin(conn, 'H', format, ncolumn);
}

void pg_copy_data(struct pg_conn *conn, const void *data, size_t len)
{
    struct strbuf *out = &conn->stream.out;
    out_begin(conn, 'd');
    if (len > INT32_MAX / 2)
        conn->too_large = true;
    else
        strbuf_add(out, data, len);
    out_end(conn);
    if (out->len >= SEND_BYTES)
        conn_flush(conn);
}

void pg_copy_out_done(struct pg_conn *conn) { out_simple(conn, 'c'); }

void pg_copy_in_begin(struct pg_conn *conn, int8_t format, uint16_t ncolumn)
{
    copy_begin(conn, 'G', format, ncolumn);
    /* The statement's text lies in the input buffer; several COPYs of one text need that only once. */
    conn->copy_in = true;
    conn->copy_left = 0;
    if (!conn->pinned)
        conn->pinned = stream_detach_input(&conn->stream);
    conn_flush(conn);
}

static enum pg_copy_state lost(struct pg_conn *conn, struct error *err)
{
    conn->copy_in = false;
    if (conn->terminate)
        error_set(err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else {
        conn->broken = true;
        error_set(err, SQLSTATE_CONNECTION_FAILURE, "unexpected EOF on client connection with an open transaction");
    }
    return PG_COPY_FAILED;
}

/* The rest of a message that is not data: CopyDone, CopyFail, or something that has no place here. True = it was one
 * that is passed over. */
static bool copy_message(struct pg_conn *conn, const struct message *message, enum pg_copy_state *state,
                         struct error *err)
{
    switch (message->type) {
    case 'H':
    case 'S': conn_consume_message(conn, message); return true;
    case 'c':
        *state = PG_COPY_DONE;
        conn_consume_message(conn, message);
        break;
    case 'f':
        *state = PG_COPY_FAILED;
        error_set(err, SQLSTATE_QUERY_CANCELED, "COPY from stdin failed: %.*s", (int)MIN_OF(message->body.len, 900),
                  message->body.ptr);
        conn_consume_message(conn, message);
        break;
    default:
        *state = PG_COPY_FAILED;
        error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "unexpected message type 0x%02X during COPY from stdin",
                  (unsigned char)message->type);
    }
    conn->copy_in = false;
    return false;
}

/* Starts the next CopyData: copy_left is its length. */
static bool copy_next(struct pg_conn *conn, enum pg_copy_state *state, struct error *err)
{
    for (;;) {
        if (!conn_need(conn, 5)) {
            *state = lost(conn, err);
            return false;
        }
        const char *head = stream_data(&conn->stream);
        uint32_t len = load_be32(head + 1);
        if (len < 4 || len > conn->server->config.max_message_bytes ||
            (head[0] != 'd' && len > SMALL_MESSAGE_BYTES_MAX)) {
            conn->broken = true;
            *state = lost(conn, err);
            return false;
        }
        if (head[0] == 'd') {
            stream_consume(&conn->stream, 5);
            conn->copy_left = len - 4;
            return true;
        }
        struct message message;
        if (!conn_need(conn, (size_t)len + 1) || conn_message(conn, &message) != MESSAGE_READY) {
            *state = lost(conn, err);
            return false;
        }
        if (!copy_message(conn, &message, state, err))
            return false;
    }
}

enum pg_copy_state pg_copy_in_read(struct pg_conn *conn, struct strview *data, struct error *err)
{
    enum pg_copy_state state = PG_COPY_DATA;
    assert(conn->copy_in);
    while (conn->copy_left == 0)
        if (!copy_next(conn, &state, err))
            return state;
    if (stream_buffered(&conn->stream) == 0 && !conn_need(conn, 1))
        return lost(conn, err);
    size_t n = MIN_OF(conn->copy_left, stream_buffered(&conn->stream));
    *data = strview_make(stream_data(&conn->stream), n);
    stream_consume(&conn->stream, n);
    conn->copy_left -= n;
    return PG_COPY_DATA;
}

void pg_copy_in_abandon(struct pg_conn *conn)
{
    /* Whole CopyData messages that follow are passed over by the dispatcher; only one that is cut has to be finished.
     */
    conn->copy_in = false;
    while (conn->copy_left > 0 && !conn->broken) {
        if (stream_buffered(&conn->stream) == 0 && !conn_need(conn, 1)) {
            conn->broken = conn->broken || !conn->terminate;
            return;
        }
        size_t n = MIN_OF(conn->copy_left, stream_buffered(&conn->stream));
        stream_consume(&conn->stream, n);
        conn->copy_left -= n;
    }
}
