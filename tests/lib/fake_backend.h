/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend without a database, for tests of the wire. "SQL" here is one of:
 *   select N | rows N | big BYTES | error | fatal position | notice | begin | commit | sleep | copy in | copy out |
 *   status NAME VALUE | idle MS | '' (empty)
 * Statements of a simple query are separated by ';'. In the extended protocol $1 of "echo" comes back.
 */
#ifndef MENCIA_TESTS_FAKE_BACKEND_H
#define MENCIA_TESTS_FAKE_BACKEND_H

#include "base/arena.h"
#include "net/net.h"
#include "pgwire/backend.h"
#include "pgwire/scram.h"
#include "pgwire/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FAKE_NAMES = 16, FAKE_MAGIC = 0x5e551011 };

struct fake_server {
    _Atomic int opened, closed, cancelled, terminated, failed, copied_bytes;
    pthread_mutex_t lock; /* of the seen_ fields; zeroed is initialised */
    char seen_user[64], seen_database[64], seen_params[512];
    char alice_verifier[SCRAM_VERIFIER_BYTES]; /* role alice, password "secret" */
};

struct fake_named {
    bool used;
    char name[64];
    char *text;        /* statement's text, or a portal's */
    uint32_t row, end; /* portal: rows sent, rows there are */
    char *param;       /* portal: first parameter */
    bool described_binary;
};

struct backend {
    uint32_t magic;
    struct fake_server *server;
    struct pg_conn *conn;
    char status;
    _Atomic bool cancel;
    struct fake_named statement[FAKE_NAMES], portal[FAKE_NAMES];
};

static struct fake_named *fake_find(struct fake_named *list, const char *name)
{
    for (int i = 0; i < FAKE_NAMES; i++)
        if (list[i].used && strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static void fake_drop(struct fake_named *n)
{
    if (!n)
        return;
    free(n->text);
    free(n->param);
    memset(n, 0, sizeof *n);
}

static struct fake_named *fake_add(struct fake_named *list, const char *name, const char *text, size_t len)
{
    fake_drop(fake_find(list, name));
    for (int i = 0; i < FAKE_NAMES; i++)
        if (!list[i].used) {
            list[i].used = true;
            snprintf(list[i].name, sizeof list[i].name, "%s", name);
            list[i].text = xstrndup(text, len);
            return &list[i];
        }
    return NULL;
}

static bool fake_open(void *server, struct pg_conn *conn, const struct pg_startup *startup, struct backend **out,
                      struct error *err)
{
    struct fake_server *fs = server;
    size_t used = 0;
    pthread_mutex_lock(&fs->lock);
    for (uint32_t i = 0; i < startup->nparam; i++) {
        if (strcmp(startup->name[i], "no_such_guc") == 0) {
            pthread_mutex_unlock(&fs->lock);
            return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"no_such_guc\"");
        }
        if (used < sizeof fs->seen_params)
            used += (size_t)snprintf(fs->seen_params + used, sizeof fs->seen_params - used, "%s=%s;", startup->name[i],
                                     startup->value[i]);
    }
    snprintf(fs->seen_user, sizeof fs->seen_user, "%s", startup->user);
    snprintf(fs->seen_database, sizeof fs->seen_database, "%s", startup->database);
    pthread_mutex_unlock(&fs->lock);
    struct backend *b = xcalloc(1, sizeof *b);
    b->magic = FAKE_MAGIC;
    b->server = fs;
    b->conn = conn;
    b->status = 'I';
    pg_parameter_status(conn, "server_version", "15.0");
    pg_parameter_status(conn, "client_encoding", "UTF8");
    pg_parameter_status(conn, "standard_conforming_strings", "on");
    fs->opened++;
    *out = b;
    return true;
}

static void fake_close(struct backend *b)
{
    assert(b->magic == FAKE_MAGIC);
    for (int i = 0; i < FAKE_NAMES; i++) {
        fake_drop(&b->statement[i]);
        fake_drop(&b->portal[i]);
    }
    b->magic = 0;
    b->server->closed++;
    free(b);
}

static void fake_describe_rows(struct backend *b)
{
    struct pg_column column = {.name = "n", .type = 23, .typlen = 4, .typmod = -1};
    pg_row_description(b->conn, &column, 1);
}

static void fake_row(struct backend *b, uint32_t n)
{
    pg_row_begin(b->conn, 1);
    strbuf_add_fmt(pg_value_begin(b->conn), "%u", n);
    pg_value_end(b->conn);
    pg_row_end(b->conn);
}

static bool fake_copy_in(struct backend *b, struct error *err)
{
    struct strview piece;
    size_t total = 0;
    pg_copy_in_begin(b->conn, 0, 2);
    for (;;) {
        switch (pg_copy_in_read(b->conn, &piece, err)) {
        case PG_COPY_DATA:
            total += piece.len;
            b->server->copied_bytes += (int)piece.len;
            if (piece.len && memchr(piece.ptr, '!', piece.len)) {
                pg_copy_in_abandon(b->conn);
                return error_set(err, SQLSTATE_BAD_COPY_FILE_FORMAT, "bad byte");
            }
            break;
        case PG_COPY_DONE: {
            char tag[32];
            snprintf(tag, sizeof tag, "COPY %zu", total);
            pg_command_complete(b->conn, tag);
            return true;
        }
        case PG_COPY_FAILED: return false;
        }
    }
}

static bool fake_sleep(struct backend *b, struct error *err)
{
    while (!b->cancel && pg_conn_ok(b->conn)) {
        if (pg_conn_client_gone(b->conn))
            return error_set(err, SQLSTATE_CONNECTION_FAILURE, "client gone");
        usleep(2000);
    }
    b->cancel = false;
    return error_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
}

static bool fake_transaction(struct backend *b, const char *word, const char *tag)
{
    b->status = word[0] == 'b' ? 'T' : 'I';
    pg_command_complete(b->conn, tag);
    return true;
}

static bool fake_big(struct backend *b, size_t bytes)
{
    pg_row_begin(b->conn, 1);
    struct strbuf *out = pg_value_begin(b->conn);
    strbuf_reserve(out, bytes);
    memset(out->data + out->len, 'x', bytes);
    out->len += bytes;
    pg_value_end(b->conn);
    pg_row_end(b->conn);
    pg_command_complete(b->conn, "SELECT 1");
    return true;
}

static bool fake_copy_out(struct backend *b)
{
    pg_copy_out_begin(b->conn, 0, 2);
    pg_copy_data(b->conn, "1\ta\n", 4);
    pg_copy_data(b->conn, "2\tb\n", 4);
    pg_copy_out_done(b->conn);
    pg_command_complete(b->conn, "COPY 2");
    return true;
}

/* rows [*row, end) but at most max_rows; true with the tag sent. */
static bool fake_rows(struct backend *b, uint32_t *row, uint32_t end, uint32_t max_rows)
{
    char tag[32];
    uint32_t sent = 0;
    while (*row < end && (max_rows == 0 || sent < max_rows) && pg_conn_ok(b->conn)) {
        fake_row(b, ++*row);
        sent++;
    }
    if (max_rows && sent == max_rows) {
        pg_portal_suspended(b->conn);
        return true;
    }
    snprintf(tag, sizeof tag, "SELECT %u", sent);
    pg_command_complete(b->conn, tag);
    return true;
}

/* Everything but rows and echo. */
static bool fake_command(struct backend *b, const char *sql, struct error *err)
{
    unsigned n;
    char name[64], value[64];
    if (sql[0] == '\0') {
        pg_empty_query(b->conn);
        return true;
    }
    if (strcmp(sql, "error") == 0) {
        error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
        error_detail(err, "a detail");
        error_hint(err, "a hint");
        error_context(err, "a context");
        error_position(err, 7);
        return false;
    }
    if (strcmp(sql, "notice") == 0) {
        error_set(err, SQLSTATE_SUCCESSFUL_COMPLETION, "hello");
        pg_notice(b->conn, "NOTICE", err);
        pg_command_complete(b->conn, "DO");
        return true;
    }
    if (strcmp(sql, "begin") == 0)
        return fake_transaction(b, sql, "BEGIN");
    if (strcmp(sql, "commit") == 0)
        return fake_transaction(b, sql, b->status == 'E' ? "ROLLBACK" : "COMMIT");
    if (strcmp(sql, "sleep") == 0)
        return fake_sleep(b, err);
    if (strcmp(sql, "copy in") == 0)
        return fake_copy_in(b, err);
    if (strcmp(sql, "copy out") == 0)
        return fake_copy_out(b);
    if (sscanf(sql, "big %u", &n) == 1)
        return fake_big(b, n < 10000000 ? n : 10000000);
    if (sscanf(sql, "idle %u", &n) == 1) {
        pg_idle_timeouts(b->conn, n, n);
        pg_command_complete(b->conn, "SET");
        return true;
    }
    if (sscanf(sql, "status %63s %63s", name, value) == 2) {
        pg_parameter_status(b->conn, name, value);
        pg_command_complete(b->conn, "SET");
        return true;
    }
    return error_set(err, SQLSTATE_SYNTAX_ERROR, "syntax error at or near \"%.40s\"", sql);
}

static bool fake_run(struct backend *b, const char *sql, struct error *err)
{
    unsigned n;
    uint32_t row = 0;
    if (b->status == 'E' && strcmp(sql, "commit") != 0)
        return error_set(err, SQLSTATE_IN_FAILED_SQL_TRANSACTION,
                         "current transaction is aborted, commands ignored until end of transaction block");
    if (sscanf(sql, "rows %u", &n) == 1) {
        fake_describe_rows(b);
        return fake_rows(b, &row, n, 0);
    }
    if (sscanf(sql, "select %u", &n) == 1) {
        row = n - 1;
        fake_describe_rows(b);
        return fake_rows(b, &row, n, 0);
    }
    return fake_command(b, sql, err);
}

static bool fake_query(struct backend *b, struct strview sql)
{
    struct error err;
    char *text = xstrndup(sql.ptr, sql.len), *save = NULL;
    bool ok = true;
    char *one = strtok_r(text, ";", &save);
    if (!one)
        pg_empty_query(b->conn);
    for (; ok && one; one = strtok_r(NULL, ";", &save)) {
        ok = fake_run(b, one, &err);
        if (!ok)
            pg_error(b->conn, &err);
    }
    /* The text must still be what it was, also after COPY has read from the client. */
    if (memcmp(text, sql.ptr, sql.len < 4 ? sql.len : 4) != 0)
        abort();
    free(text);
    return ok;
}

static bool fake_parse(struct backend *b, const char *name, struct strview sql, uint16_t nparam, const oid_t *param,
                       struct error *err)
{
    if (*name && fake_find(b->statement, name))
        return error_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists", name);
    if (!fake_add(b->statement, name, sql.ptr, sql.len))
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many statements");
    return true;
}

static bool fake_bind(struct backend *b, const struct pg_bind *bind, struct error *err)
{
    struct fake_named *s = fake_find(b->statement, bind->statement);
    if (!s)
        return error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist",
                         bind->statement);
    struct fake_named *p = fake_add(b->portal, bind->portal, s->text, strlen(s->text));
    if (!p)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many portals");
    unsigned n;
    if (sscanf(s->text, "rows %u", &n) == 1)
        p->end = n;
    if (bind->nparam > 0 && bind->param[0].ptr)
        p->param = xstrndup(bind->param[0].ptr, bind->param[0].len);
    return true;
}

static bool fake_describe_statement(struct backend *b, const char *name, struct error *err)
{
    oid_t text = 25;
    struct fake_named *s = fake_find(b->statement, name);
    if (!s)
        return error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
    pg_parameter_description(b->conn, &text, strcmp(s->text, "echo") == 0);
    if (strncmp(s->text, "rows", 4) == 0 || strcmp(s->text, "echo") == 0)
        fake_describe_rows(b);
    else
        pg_no_data(b->conn);
    return true;
}

static bool fake_describe_portal(struct backend *b, const char *name, struct error *err)
{
    struct fake_named *p = fake_find(b->portal, name);
    if (!p)
        return error_set(err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name);
    if (strncmp(p->text, "rows", 4) == 0 || strcmp(p->text, "echo") == 0)
        fake_describe_rows(b);
    else
        pg_no_data(b->conn);
    return true;
}

static bool fake_execute(struct backend *b, const char *portal, uint32_t max_rows, struct error *err)
{
    struct fake_named *p = fake_find(b->portal, portal);
    if (!p)
        return error_set(err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", portal);
    if (strncmp(p->text, "rows", 4) == 0)
        return fake_rows(b, &p->row, p->end, max_rows);
    if (strcmp(p->text, "echo") == 0) {
        pg_row_begin(b->conn, 1);
        if (p->param) {
            strbuf_add_cstr(pg_value_begin(b->conn), p->param);
            pg_value_end(b->conn);
        } else
            pg_value_null(b->conn);
        pg_row_end(b->conn);
        pg_command_complete(b->conn, "SELECT 1");
        return true;
    }
    return fake_command(b, p->text, err);
}

static void fake_close_statement(struct backend *b, const char *name) { fake_drop(fake_find(b->statement, name)); }
static void fake_close_portal(struct backend *b, const char *name) { fake_drop(fake_find(b->portal, name)); }

static bool fake_sync(struct backend *b, struct error *err)
{
    if (b->status == 'I')
        for (int i = 0; i < FAKE_NAMES; i++)
            fake_drop(&b->portal[i]);
    return true;
}

static void fake_failed(struct backend *b)
{
    b->server->failed++;
    if (b->status == 'T')
        b->status = 'E';
}

static char fake_status(struct backend *b) { return b->status; }

static void fake_cancel(struct backend *b)
{
    assert(b->magic == FAKE_MAGIC);
    b->server->cancelled++;
    b->cancel = true;
}

static void fake_terminate(struct backend *b)
{
    assert(b->magic == FAKE_MAGIC);
    b->server->terminated++;
    b->cancel = true;
}

static bool fake_role(void *server, const char *name, char *verifier, size_t verifier_size, bool *superuser,
                      bool *can_login, int64_t *valid_until_us)
{
    struct fake_server *fs = server;
    verifier[0] = '\0';
    *valid_until_us = INT64_MAX;
    *can_login = strcmp(name, "nologin") != 0;
    *superuser = strcmp(name, "admin") == 0;
    if (strcmp(name, "admin") == 0 || strcmp(name, "nologin") == 0 || strcmp(name, "bob") == 0)
        return true;
    if (strcmp(name, "alice") != 0 && strcmp(name, "expired") != 0)
        return false;
    if (strcmp(name, "expired") == 0)
        *valid_until_us = 1;
    snprintf(verifier, verifier_size, "%s", fs->alice_verifier);
    return true;
}

static bool fake_database_exists(void *server, const char *name)
{
    return strcmp(name, "main") == 0 || strcmp(name, "alice") == 0;
}

static const struct backend_ops fake_ops = {
    .open = fake_open,
    .close = fake_close,
    .query = fake_query,
    .parse = fake_parse,
    .bind = fake_bind,
    .describe_statement = fake_describe_statement,
    .describe_portal = fake_describe_portal,
    .execute = fake_execute,
    .close_statement = fake_close_statement,
    .close_portal = fake_close_portal,
    .sync = fake_sync,
    .failed = fake_failed,
    .transaction_status = fake_status,
    .cancel = fake_cancel,
    .terminate = fake_terminate,
    .role = fake_role,
    .default_role = "admin",
    .default_database = "main",
    .database_exists = fake_database_exists,
};

#endif
