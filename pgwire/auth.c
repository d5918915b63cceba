/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the startup packet to an open session. The steps up to STAGE_OPEN run in the reactor's thread and never block;
 * what takes time (checking a clear-text password, opening the session) is left to a session thread.
 */
#include "pgwire/wire_int.h"

#include "base/env.h"
#include "base/log.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* The message may quote what the client sent: nothing in it may end the log line or the value. */
static void log_refusal(const struct pg_conn *conn, const struct error *err)
{
    char text[sizeof err->message];
    snprintf(text, sizeof text, "%s", err->message);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == 0x7F)
            *c = '\'';
    /* Noise of port scanners is no news. */
    enum log_level level = memcmp(err->sqlstate, "08", 2) == 0 ? LOG_DEBUG : LOG_INFO;
    if (log_get_level() <= level)
        log_write(level, "pgwire", "event=refused peer=%s sqlstate=%s message=\"%s\"", conn->peer.text, err->sqlstate,
                  text);
    if (memcmp(err->sqlstate, "28", 2) == 0)
        metric_add(conn->server->auth_failures_metric, 1);
}

/* Sends a FATAL; the connection closes after it. */
static enum step refuse(struct pg_conn *conn, const struct error *err)
{
    log_refusal(conn, err);
    out_fatal(conn, err);
    return STEP_CLOSE;
}

static enum step no_reply_expected(struct pg_conn *conn, const char *what)
{
    struct error err;
    error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "received unencrypted data after %s request", what);
    error_detail(&err,
                 "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.");
    return refuse(conn, &err);
}

/* The one-byte answer to a request for encryption. */
static enum step answer_byte(struct pg_conn *conn, char answer)
{
    strbuf_add_char(&conn->stream.out, answer);
    return STEP_AGAIN;
}

static enum step ssl_request(struct pg_conn *conn)
{
    conn->ssl_done = true;
    conn->tls = conn->peer.family == 0 ? NULL : server_tls_get(conn->server);
    if (!conn->tls)
        answer_byte(conn, 'N');
    /* Anything behind the request was sent in the clear and must not pass for part of the encrypted stream. */
    if (stream_buffered(&conn->stream) > 0)
        return no_reply_expected(conn, "SSL");
    if (!conn->tls)
        return STEP_AGAIN;
    conn->stage = STAGE_TLS;
    return answer_byte(conn, 'S');
}

static enum step gss_request(struct pg_conn *conn)
{
    conn->gss_done = true;
    answer_byte(conn, 'N');
    return stream_buffered(&conn->stream) > 0 ? no_reply_expected(conn, "GSSAPI encryption") : STEP_AGAIN;
}

static enum step unsupported_protocol(struct pg_conn *conn, uint32_t protocol)
{
    struct error err;
    error_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED, "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0",
              protocol >> 16, protocol & 0xFFFF);
    if (protocol >> 16 >= 3)
        return refuse(conn, &err);
    /* Clients of before 2003 know errors as plain text only. */
    strbuf_add_fmt(&conn->stream.out, "EFATAL:  %s\n", err.message);
    strbuf_add_char(&conn->stream.out, '\0');
    return STEP_CLOSE;
}

static void negotiate(struct pg_conn *conn)
{
    struct startup_params *p = &conn->params;
    struct strbuf *out = &conn->stream.out;
    if (conn->protocol == PROTOCOL_3_0 && p->nunknown == 0)
        return;
    out_begin(conn, 'v');
    strbuf_add_be32(out, PROTOCOL_3_0);
    strbuf_add_be32(out, p->nunknown);
    for (uint32_t i = 0; i < p->nunknown; i++)
        strbuf_add(out, p->unknown[i], strlen(p->unknown[i]) + 1);
    out_end(conn);
}

static enum step begin_sasl(struct pg_conn *conn, const char *verifier)
{
    static const char with_plus[] = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0", without[] = "SCRAM-SHA-256\0";
    uint8_t end_point[64];
    uint32_t len = conn->stream.ssl ? (uint32_t)tls_context_end_point(conn->tls, end_point) : 0;
    conn->scram = xcalloc(1, sizeof *conn->scram);
    scram_server_init(conn->scram, verifier, conn->params.user, conn->server->mock_key, end_point, len);
    if (len > 0)
        out_auth(conn, 10, with_plus, sizeof with_plus);
    else
        out_auth(conn, 10, without, sizeof without);
    conn->stage = STAGE_SASL_INITIAL;
    return STEP_AGAIN;
}

static enum step refused_by_rule(struct pg_conn *conn, bool matched)
{
    struct error err;
    error_set(&err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION, "%s host \"%s\", user \"%s\", database \"%s\", %s",
              matched ? "pg_hba.conf rejects connection for" : "no pg_hba.conf entry for", conn->peer.text,
              conn->params.user, conn->params.database, conn->stream.ssl ? "SSL encryption" : "no encryption");
    return refuse(conn, &err);
}

/* Checks that need no thread of their own, and that a role must pass whatever its method. */
static bool role_may_enter(struct pg_conn *conn, bool known, bool can_login, struct error *err)
{
    if (!known)
        return error_set(err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION, "role \"%s\" does not exist",
                         conn->params.user);
    if (!can_login)
        return error_set(err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION, "role \"%s\" is not permitted to log in",
                         conn->params.user);
    return server_admit(conn, conn->superuser, err);
}

/* Under trust, names that do not exist stand for the built-in role and database. */
static void map_unknown_names(struct pg_conn *conn, bool role_known)
{
    const struct backend_ops *ops = conn->server->ops;
    struct startup_params *p = &conn->params;
    if (!role_known && ops->default_role)
        p->user = ops->default_role;
    if (ops->default_database && !ops->database_exists(conn->server->ops_server, p->database))
        p->database = ops->default_database;
}

/* AuthenticationOk; the rest is a session thread's. */
static enum step authenticated(struct pg_conn *conn)
{
    out_auth(conn, 0, NULL, 0);
    conn->stage = STAGE_OPEN;
    return STEP_HANDOFF;
}

static enum step begin_password(struct pg_conn *conn, const char *verifier)
{
    struct error err;
    if (!conn->stream.ssl && conn->peer.family != 0) {
        error_set(&err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION,
                  "password authentication requires an encrypted connection");
        error_hint(&err, "Connect with sslmode=require.");
        return refuse(conn, &err);
    }
    conn->verifier = verifier ? xstrdup(verifier) : NULL;
    out_auth(conn, 3, NULL, 0);
    conn->stage = STAGE_PASSWORD;
    return STEP_AGAIN;
}

static enum step begin_authentication(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    const struct backend_ops *ops = server->ops;
    struct startup_params *p = &conn->params;
    char verifier[SCRAM_VERIFIER_BYTES] = "";
    bool can_login = false;
    int64_t valid_until_us = INT64_MAX;
    struct error err;
    pthread_mutex_lock(&server->config_lock);
    bool matched = hba_match(server->hba, &conn->peer, conn->stream.ssl != NULL, p->database, p->user, &conn->method);
    pthread_mutex_unlock(&server->config_lock);
    if (!matched || conn->method == HBA_REJECT)
        return refused_by_rule(conn, matched);
    bool known = ops->role(server->ops_server, p->user, verifier, sizeof verifier, &conn->superuser, &can_login,
                           &valid_until_us);
    if (conn->method == HBA_TRUST) {
        map_unknown_names(conn, known);
        if (!known && ops->default_role)
            known = ops->role(server->ops_server, p->user, verifier, sizeof verifier, &conn->superuser, &can_login,
                              &valid_until_us);
        OPENSSL_cleanse(verifier, sizeof verifier);
        enum step step = authenticated(conn);
        return role_may_enter(conn, known, can_login, &err) ? step : refuse(conn, &err);
    }
    struct env *env = env_real();
    /* What is wrong with a role shows only after it has proved itself. */
    bool usable = known && can_login && verifier[0] && valid_until_us > env->now_us(env);
    enum step step = conn->method == HBA_SCRAM ? begin_sasl(conn, usable ? verifier : NULL)
                                               : begin_password(conn, usable ? verifier : NULL);
    OPENSSL_cleanse(verifier, sizeof verifier);
    return step;
}

static enum step startup_message(struct pg_conn *conn, struct strview body)
{
    struct error err;
    struct startup_params *p = &conn->params;
    if (!startup_parse(&conn->arena, body, p, &err))
        return refuse(conn, &err);
    if (!p->user[0]) {
        error_set(&err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION,
                  "no PostgreSQL user name specified in startup packet");
        return refuse(conn, &err);
    }
    if (!p->database[0])
        p->database = p->user;
    negotiate(conn);
    if (conn->server->draining) {
        error_set(&err, SQLSTATE_CANNOT_CONNECT_NOW, "the database system is shutting down");
        return refuse(conn, &err);
    }
    if (!utf8_valid(p->user, strlen(p->user), NULL) || !utf8_valid(p->database, strlen(p->database), NULL)) {
        error_set(&err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
        return refuse(conn, &err);
    }
    return begin_authentication(conn);
}

enum step auth_startup_packet(struct pg_conn *conn, struct strview packet)
{
    uint32_t protocol = load_be32(packet.ptr);
    struct strview body = strview_make(packet.ptr + 4, packet.len - 4);
    if (protocol == PROTOCOL_CANCEL) {
        /* No reply in any case: whether the key was right is nobody's business. */
        if (packet.len == 12)
            server_cancel_request(conn->server, (int32_t)load_be32(body.ptr), load_be32(body.ptr + 4));
        return STEP_CLOSE;
    }
    if (protocol == PROTOCOL_SSL && !conn->ssl_done && !conn->stream.ssl)
        return ssl_request(conn);
    if (protocol == PROTOCOL_GSS && !conn->gss_done && !conn->stream.ssl)
        return gss_request(conn);
    conn->protocol = protocol;
    if (protocol >> 16 != 3)
        return unsupported_protocol(conn, protocol);
    return startup_message(conn, body);
}

static void wrong_password(const struct pg_conn *conn, struct error *err)
{
    error_set(err, SQLSTATE_INVALID_PASSWORD, "password authentication failed for user \"%s\"", conn->params.user);
}

static enum step sasl_initial(struct pg_conn *conn, struct strview body)
{
    struct error err;
    struct strbuf reply;
    enum step step = STEP_AGAIN;
    const char *nul = body.len ? memchr(body.ptr, '\0', body.len) : NULL;
    size_t head = nul ? (size_t)(nul - body.ptr) + 1 : 0;
    if (!nul || body.len < head + 4) {
        error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "%s",
                  nul ? "insufficient data left in message" : "invalid string in message");
        return refuse(conn, &err);
    }
    uint32_t len = load_be32(body.ptr + head);
    if (len != UINT32_MAX && len != body.len - head - 4) {
        error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "insufficient data left in message");
        return refuse(conn, &err);
    }
    strbuf_init(&reply);
    if (len == UINT32_MAX) {
        /* No initial response: an empty challenge asks for it. */
        error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "malformed SCRAM message");
        error_detail(&err, "The message is empty.");
        step = refuse(conn, &err);
    } else if (scram_server_first(conn->scram, body.ptr, strview_make(body.ptr + head + 4, len), &reply, &err)) {
        out_auth(conn, 11, reply.data, reply.len);
        conn->stage = STAGE_SASL_FINAL;
    } else
        step = refuse(conn, &err);
    strbuf_release(&reply);
    return step;
}

static enum step sasl_final(struct pg_conn *conn, struct strview body)
{
    struct error err;
    struct strbuf reply;
    strbuf_init(&reply);
    bool ok = scram_server_final(conn->scram, body, &reply, &err);
    if (ok)
        out_auth(conn, 12, reply.data, reply.len);
    strbuf_release(&reply);
    if (!ok) {
        if (!error_is_set(&err))
            wrong_password(conn, &err);
        return refuse(conn, &err);
    }
    /* The role exists and may log in, or the exchange would have been a mock. */
    enum step step = authenticated(conn);
    return server_admit(conn, conn->superuser, &err) ? step : refuse(conn, &err);
}

static enum step password_message(struct pg_conn *conn, struct strview body)
{
    struct error err;
    if (body.len == 0 || memchr(body.ptr, '\0', body.len) != body.ptr + body.len - 1) {
        error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "invalid password packet size");
        return refuse(conn, &err);
    }
    if (body.len == 1) {
        error_set(&err, SQLSTATE_INVALID_PASSWORD, "empty password returned by client");
        return refuse(conn, &err);
    }
    conn->password = xstrndup(body.ptr, body.len - 1);
    conn->stage = STAGE_OPEN;
    return STEP_HANDOFF;
}

enum step auth_message(struct pg_conn *conn)
{
    struct message message;
    struct error err;
    enum message_status status = conn_message(conn, &message);
    if (status == MESSAGE_NONE)
        return STEP_WAIT;
    if (message.type != 'p') {
        error_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "expected %s response, got message type %d",
                  conn->stage == STAGE_PASSWORD ? "password" : "SASL", (unsigned char)message.type);
        return refuse(conn, &err);
    }
    if (status == MESSAGE_BAD_LENGTH) {
        if (conn->stage == STAGE_PASSWORD)
            return STEP_CLOSE;
        wrong_password(conn, &err);
        return refuse(conn, &err);
    }
    conn_consume_message(conn, &message);
    enum step step;
    if (conn->stage == STAGE_SASL_INITIAL)
        step = sasl_initial(conn, message.body);
    else if (conn->stage == STAGE_SASL_FINAL)
        step = sasl_final(conn, message.body);
    else {
        step = password_message(conn, message.body);
        OPENSSL_cleanse((char *)message.body.ptr, message.body.len);
    }
    return step;
}

/* Takes the time of a password hash. A missing verifier takes as long as a wrong password. */
static bool check_password(struct pg_conn *conn, struct error *err)
{
    static const char mock[] =
        "SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    bool ok = scram_verifier_check(conn->verifier ? conn->verifier : mock, conn->password) && conn->verifier;
    OPENSSL_cleanse(conn->password, strlen(conn->password));
    free(conn->password);
    conn->password = NULL;
    if (!ok) {
        wrong_password(conn, err);
        return false;
    }
    out_auth(conn, 0, NULL, 0);
    return server_admit(conn, conn->superuser, err);
}

static bool open_backend(struct pg_conn *conn, struct error *err)
{
    struct pg_server *server = conn->server;
    struct startup_params *p = &conn->params;
    struct backend *backend = NULL;
    if (p->options_error) {
        *err = *p->options_error;
        return false;
    }
    if (!server->ops->database_exists(server->ops_server, p->database))
        return error_set(err, SQLSTATE_INVALID_CATALOG_NAME, "database \"%s\" does not exist", p->database);
    struct pg_startup *startup = ARENA_NEW(&conn->arena, struct pg_startup);
    *startup = (struct pg_startup){.user = p->user,
                                   .database = p->database,
                                   .superuser = conn->superuser,
                                   .nparam = p->nparam,
                                   .name = p->name,
                                   .value = p->value,
                                   .client_port = conn->peer.port,
                                   .tls = conn->stream.ssl != NULL,
                                   .pid = conn->pid};
    snprintf(startup->client_addr, sizeof startup->client_addr, "%s", conn->peer.text);
    if (!server->ops->open(server->ops_server, conn, startup, &backend, err))
        return false;
    pthread_mutex_lock(&conn->backend_lock);
    conn->backend = backend;
    pthread_mutex_unlock(&conn->backend_lock);
    return true;
}

bool auth_open(struct pg_conn *conn)
{
    struct error err;
    if (conn->scram) {
        scram_server_release(conn->scram);
        free(conn->scram);
        conn->scram = NULL;
    }
    if (conn->password && !check_password(conn, &err))
        goto fail;
    server_register(conn);
    if (!open_backend(conn, &err))
        goto fail;
    conn->stage = STAGE_READY;
    out_begin(conn, 'K');
    strbuf_add_be32(&conn->stream.out, (uint32_t)conn->pid);
    strbuf_add_be32(&conn->stream.out, conn->secret);
    out_end(conn);
    out_ready(conn);
    return true;
fail:
    refuse(conn, &err);
    return false;
}
