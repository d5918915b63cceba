/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the client. All of them gather in stream.out; a message's length is patched in when it ends. Failures of
 * the socket stick to the connection (broken), so that encoders need no checks.
 */
#include "pgwire/wire_int.h"

#include <stdio.h>

enum { MESSAGE_BYTES_MAX = 0x3FFFFFFF }; /* PostgreSQL's limit of one allocation */

void out_begin(struct pg_conn *conn, char type)
{
    struct strbuf *out = &conn->stream.out;
    assert(!conn->message_open);
    conn->message_open = true;
    conn->message_start = out->len;
    strbuf_reserve(out, 7);
    out->data[out->len] = type;
    out->len += 5;
}

/* A message that no client could read is taken back; the session ends with an error in its place. */
static void refuse_large(struct pg_conn *conn)
{
    struct error err;
    struct strbuf *out = &conn->stream.out;
    out->len = conn->message_start;
    out->data[out->len] = '\0';
    conn->too_large = false;
    error_set(&err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "out of memory");
    error_detail(&err, "Cannot enlarge string buffer beyond %d bytes.", MESSAGE_BYTES_MAX);
    out_fatal(conn, &err);
    conn_flush(conn);
    conn->broken = true;
}

void out_end(struct pg_conn *conn)
{
    struct strbuf *out = &conn->stream.out;
    assert(conn->message_open);
    conn->message_open = false;
    size_t len = out->len - conn->message_start - 1;
    if (UNLIKELY(conn->too_large || len > MESSAGE_BYTES_MAX)) {
        refuse_large(conn);
        return;
    }
    store_be32(out->data + conn->message_start + 1, (uint32_t)len);
}

static void add_cstr(struct pg_conn *conn, const char *s) { strbuf_add(&conn->stream.out, s, strlen(s) + 1); }

void out_simple(struct pg_conn *conn, char type)
{
    out_begin(conn, type);
    out_end(conn);
}

void out_auth(struct pg_conn *conn, uint32_t code, const void *data, size_t len)
{
    out_begin(conn, 'R');
    strbuf_add_be32(&conn->stream.out, code);
    strbuf_add(&conn->stream.out, data, len);
    out_end(conn);
}

void out_ready(struct pg_conn *conn)
{
    char status = conn->server->ops->transaction_status(conn->backend);
    assert(status == 'I' || status == 'T' || status == 'E');
    out_begin(conn, 'Z');
    strbuf_add_char(&conn->stream.out, status);
    out_end(conn);
    conn_flush(conn);
}

static void add_field(struct pg_conn *conn, char code, const char *value)
{
    if (!value || !value[0])
        return;
    strbuf_add_char(&conn->stream.out, code);
    add_cstr(conn, value);
}

/* ErrorResponse and NoticeResponse, fields in PostgreSQL's order. */
static void out_report(struct pg_conn *conn, char type, const char *severity, const struct error *err)
{
    char number[16];
    const char *slash = err->file ? strrchr(err->file, '/') : NULL;
    out_begin(conn, type);
    add_field(conn, 'S', severity);
    add_field(conn, 'V', severity);
    add_field(conn, 'C', err->sqlstate[0] ? err->sqlstate : SQLSTATE_INTERNAL_ERROR);
    add_field(conn, 'M', err->message[0] ? err->message : "missing error text");
    add_field(conn, 'D', err->detail);
    add_field(conn, 'H', err->hint);
    if (err->position > 0) {
        snprintf(number, sizeof number, "%d", err->position);
        add_field(conn, 'P', number);
    }
    add_field(conn, 'W', err->context);
    add_field(conn, 's', err->schema);
    add_field(conn, 't', err->table);
    add_field(conn, 'c', err->column);
    add_field(conn, 'd', err->datatype);
    add_field(conn, 'n', err->constraint);
    add_field(conn, 'F', slash ? slash + 1 : err->file);
    snprintf(number, sizeof number, "%d", err->line);
    add_field(conn, 'L', err->line > 0 ? number : NULL);
    add_field(conn, 'R', err->routine);
    strbuf_add_char(&conn->stream.out, '\0');
    out_end(conn);
}

void out_fatal(struct pg_conn *conn, const struct error *err)
{
    out_report(conn, 'E', "FATAL", err);
    conn->closing = true;
}

/* An encoder that failed within a row leaves a message open; what there is of it is taken back. */
static void drop_open_message(struct pg_conn *conn)
{
    if (!conn->message_open)
        return;
    conn->message_open = false;
    conn->too_large = false;
    conn->stream.out.len = conn->message_start;
}

void out_terminated(struct pg_conn *conn)
{
    struct error err;
    if (conn->closing)
        return;
    if (!conn->idle_expired)
        error_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else if (conn->server->ops->transaction_status(conn->backend) == 'I')
        error_set(&err, SQLSTATE_IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
    else
        error_set(&err, SQLSTATE_IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                  "terminating connection due to idle-in-transaction timeout");
    out_fatal(conn, &err);
}

void out_error(struct pg_conn *conn, const struct error *err)
{
    drop_open_message(conn);
    if (conn->terminate) {
        /* The statement failed because the session is being ended; that is what the client gets to know. */
        out_terminated(conn);
        return;
    }
    out_report(conn, 'E', "ERROR", err);
    if (conn->backend)
        conn->server->ops->failed(conn->backend);
    conn_flush(conn);
}

void pg_error(struct pg_conn *conn, const struct error *err) { out_error(conn, err); }

void pg_notice(struct pg_conn *conn, const char *severity, const struct error *err)
{
    out_report(conn, 'N', severity, err);
    conn_flush(conn);
}

void pg_row_description(struct pg_conn *conn, const struct pg_column *column, uint16_t ncolumn)
{
    struct strbuf *out = &conn->stream.out;
    out_begin(conn, 'T');
    strbuf_add_be16(out, ncolumn);
    for (uint16_t i = 0; i < ncolumn; i++) {
        const struct pg_column *c = &column[i];
        add_cstr(conn, c->name);
        strbuf_add_be32(out, c->table_oid);
        strbuf_add_be16(out, (uint16_t)c->attnum);
        strbuf_add_be32(out, c->type);
        strbuf_add_be16(out, (uint16_t)c->typlen);
        strbuf_add_be32(out, (uint32_t)c->typmod);
        strbuf_add_be16(out, (uint16_t)c->format);
    }
    out_end(conn);
}

void pg_parameter_description(struct pg_conn *conn, const oid_t *type, uint16_t n)
{
    out_begin(conn, 't');
    strbuf_add_be16(&conn->stream.out, n);
    for (uint16_t i = 0; i < n; i++)
        strbuf_add_be32(&conn->stream.out, type[i]);
    out_end(conn);
}

void pg_no_data(struct pg_conn *conn) { out_simple(conn, 'n'); }
void pg_empty_query(struct pg_conn *conn) { out_simple(conn, 'I'); }
void pg_portal_suspended(struct pg_conn *conn) { out_simple(conn, 's'); }

void pg_command_complete(struct pg_conn *conn, const char *tag)
{
    out_begin(conn, 'C');
    add_cstr(conn, tag);
    out_end(conn);
}

void pg_parameter_status(struct pg_conn *conn, const char *name, const char *value)
{
    out_begin(conn, 'S');
    add_cstr(conn, name);
    add_cstr(conn, value);
    out_end(conn);
    if (strcmp(name, "client_encoding") == 0)
        conn->client_utf8 = strcmp(value, "UTF8") == 0;
}

void pg_row_begin(struct pg_conn *conn, uint16_t ncolumn)
{
    struct strbuf *out = &conn->stream.out;
    out_begin(conn, 'D');
    store_be16(out->data + out->len, ncolumn);
    out->len += 2;
    conn->columns_left = ncolumn;
}

void pg_value_null(struct pg_conn *conn)
{
    assert(conn->columns_left > 0);
    conn->columns_left--;
    strbuf_add_be32(&conn->stream.out, UINT32_MAX);
}

struct strbuf *pg_value_begin(struct pg_conn *conn)
{
    struct strbuf *out = &conn->stream.out;
    assert(conn->columns_left > 0);
    conn->columns_left--;
    conn->value_start = out->len;
    strbuf_reserve(out, 4);
    out->len += 4;
    return out;
}

void pg_value_end(struct pg_conn *conn)
{
    struct strbuf *out = &conn->stream.out;
    size_t len = out->len - conn->value_start - 4;
    if (UNLIKELY(len > MESSAGE_BYTES_MAX)) {
        /* Given back at once: a row of many such values must not gather them all. */
        conn->too_large = true;
        out->len = conn->value_start + 4;
        len = 0;
    }
    store_be32(out->data + conn->value_start, (uint32_t)len);
}

void pg_row_end(struct pg_conn *conn)
{
    assert(conn->columns_left == 0);
    out_end(conn);
    if (conn->stream.out.len >= SEND_BYTES)
        conn_flush(conn);
}

void pg_idle_timeouts(struct pg_conn *conn, int64_t in_transaction_ms, int64_t session_ms)
{
    assert(in_transaction_ms >= 0 && session_ms >= 0);
    conn->idle_in_transaction_ms = in_transaction_ms;
    conn->idle_session_ms = session_ms;
}

void pg_flush(struct pg_conn *conn) { conn_flush(conn); }
