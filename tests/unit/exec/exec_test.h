/* SPDX-License-Identifier: Apache-2.0 */
/* A whole server in the test's process, and SQL over libpq: what the engine's tests run on. */
#ifndef MENCIA_TESTS_EXEC_TEST_H
#define MENCIA_TESTS_EXEC_TEST_H

#include "base/env.h"
#include "base/log.h"
#include "node/standalone.h"
#include "tests/lib/unit.h"

#include <postgresql/libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct exec_test {
    char dir[64];
    struct server_config config;
    struct standalone *server;
    PGconn *conn;
};

static inline PGconn *exec_test_connect(const struct exec_test *t)
{
    char *info = xasprintf("host=127.0.0.1 port=%u user=postgres dbname=mencia", standalone_pg_port(t->server));
    PGconn *conn = PQconnectdb(info);
    free(info);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return conn;
}

static inline void exec_test_open(struct exec_test *t, const char *workers)
{
    struct error err;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    snprintf(t->dir, sizeof t->dir, "/tmp/mencia-exec-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    server_config_init(&t->config);
    const char *set[][2] = {
        {"data_dir", t->dir}, {"pg_port", "0"},        {"http_port", "0"},    {"listen_addresses", "127.0.0.1"},
        {"workers", workers}, {"memory_limit", "1GB"}, {"cache_size", "64MB"}};
    for (size_t i = 0; i < ARRAY_LEN(set); i++)
        if (!server_config_set(&t->config, strview_of(set[i][0]), strview_of(set[i][1]), is_session_setting, &err))
            fail_msg("%s", err.message);
    if (!standalone_open(&t->config, &t->server, &err))
        fail_msg("%s", err.message);
    t->conn = exec_test_connect(t);
}

static inline void exec_test_close(struct exec_test *t)
{
    PQfinish(t->conn);
    standalone_close(t->server, env_real()->mono_ns(env_real()) + 1000000000);
    server_config_release(&t->config);
    char *command = xasprintf("rm -rf %s", t->dir);
    assert_int_equal(system(command), 0);
    free(command);
}

/* Runs a command that must succeed. */
static inline void sql_run(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s\n%s", sql, PQerrorMessage(conn));
    PQclear(r);
}

/* The result as text: columns joined by '|', rows by newlines, NULL as ∅; or "ERROR sqlstate". Caller frees. */
static inline char *sql_text(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    struct strbuf out;
    strbuf_init(&out);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        strbuf_add_fmt(&out, "ERROR %s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
    for (int i = 0; i < PQntuples(r); i++)
        for (int c = 0; c < PQnfields(r); c++)
            strbuf_add_fmt(&out, "%s%s", c ? "|" : i ? "\n" : "", PQgetisnull(r, i, c) ? "∅" : PQgetvalue(r, i, c));
    PQclear(r);
    char *text = xstrdup(out.len ? out.data : "");
    strbuf_release(&out);
    return text;
}

static inline void sql_expect(PGconn *conn, const char *sql, const char *want)
{
    char *have = sql_text(conn, sql);
    if (strcmp(have, want) != 0)
        fail_msg("%s\nhave: %.500s\nwant: %.500s\n%s", sql, have, want, PQerrorMessage(conn));
    free(have);
}

#endif
