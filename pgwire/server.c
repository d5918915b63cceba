/* SPDX-License-Identifier: Apache-2.0 */
#include "pgwire/server.h"

#include "base/env.h"
#include "base/log.h"
#include "base/thread.h"
#include "pgwire/wire_int.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

enum { HBA_BYTES_MAX = 1 << 20 };

void pg_server_config_init(struct pg_server_config *config)
{
    *config = (struct pg_server_config){.listen_addresses = "localhost",
                                        .auth_timeout_ms = 60000,
                                        .write_timeout_ms = 300000,
                                        .max_connections = 10000,
                                        .reserved_connections = 3,
                                        .max_half_open = 4096,
                                        .max_half_open_per_host = 1024,
                                        .max_active = 256,
                                        .reserved_active = 16,
                                        .max_blocked = 256,
                                        .max_message_bytes = 0x3FFFFFFF};
}

/* Loads what a reload replaces. */
static bool load_files(const char *cert, const char *key, const char *hba_file, struct tls_context **tls,
                       struct hba **hba, struct error *err)
{
    struct env *env = env_real();
    char *text = NULL;
    size_t len;
    *tls = NULL;
    *hba = NULL;
    if (!cert != !key)
        return error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "TLS needs both a certificate and a private key file");
    if (cert && !tls_context_open(cert, key, "postgresql", tls, err))
        return false;
    bool ok = true;
    if (hba_file) {
        ok = env_read_file(env, hba_file, HBA_BYTES_MAX, &text, &len, err) && hba_parse(text, len, hba_file, hba, err);
        free(text);
    } else
        *hba = hba_default();
    if (!ok) {
        tls_context_put(*tls);
        *tls = NULL;
    }
    return ok;
}

static bool listen_tcp(struct pg_server *server, struct error *err)
{
    char *list = xstrdup(server->config.listen_addresses);
    bool ok = true;
    server->port = server->config.port;
    for (char *at = list; ok && at;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        struct strview host = strview_trim(strview_of(at));
        at = comma ? comma + 1 : NULL;
        if (host.len == 0)
            continue;
        char *name = xstrndup(host.ptr, host.len);
        uint32_t n = LISTENERS_MAX - 1 - server->nlistener;
        ok = net_listen_tcp(name, server->port, server->listener + server->nlistener, &n, &server->port, err);
        server->nlistener += ok ? n : 0;
        free(name);
    }
    free(list);
    return ok;
}

static bool listen_unix(struct pg_server *server, struct error *err)
{
    if (!server->config.unix_socket_dir)
        return true;
    server->unix_path = xasprintf("%s/.s.PGSQL.%u", server->config.unix_socket_dir, server->port);
    if (!net_listen_unix(server->unix_path, 0777, &server->listener[server->nlistener], err)) {
        free(server->unix_path);
        server->unix_path = NULL;
        return false;
    }
    server->nlistener++;
    return true;
}

static void check_config(struct pg_server_config *c)
{
    c->max_active = MIN_OF(MAX_OF(c->max_active, 1u), 512u);
    c->max_blocked = MIN_OF(c->max_blocked, THREADS_MAX - c->max_active);
    c->reserved_active = MIN_OF(c->reserved_active, c->max_active - 1);
    c->reserved_connections = MIN_OF(c->reserved_connections, c->max_connections);
    c->max_message_bytes = MIN_OF(MAX_OF(c->max_message_bytes, 1024u), 0x3FFFFFFFu);
}

static void open_metrics(struct pg_server *server)
{
    static const char connections[] = "Clients of the PostgreSQL protocol by state.";
    server->sessions_metric = metric_get(METRIC_GAUGE, "mencia_pg_connections", connections, "state=\"session\"");
    server->half_open_metric = metric_get(METRIC_GAUGE, "mencia_pg_connections", connections, "state=\"half_open\"");
    server->auth_failures_metric = metric_get(METRIC_COUNTER, "mencia_pg_auth_failures_total",
                                              "Clients of the PostgreSQL protocol refused by rule or password.", "");
}

static void server_free(struct pg_server *server)
{
    for (uint32_t i = 0; i < server->nlistener; i++)
        close(server->listener[i]);
    if (server->unix_path)
        unlink(server->unix_path);
    free(server->unix_path);
    if (server->epoll_fd >= 0)
        close(server->epoll_fd);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    timers_release(&server->timers);
    timers_release(&server->idle_timers);
    tls_context_put(server->tls);
    hba_free(server->hba);
    pthread_mutex_destroy(&server->lock);
    pthread_mutex_destroy(&server->config_lock);
    pthread_cond_destroy(&server->work);
    pthread_cond_destroy(&server->gone);
    free(server);
}

bool pg_server_open(const struct pg_server_config *config, const struct backend_ops *ops, void *ops_server,
                    struct pg_server **out, struct error *err)
{
    struct env *env = env_real();
    struct pg_server *server = xcalloc(1, sizeof *server);
    server->config = *config;
    check_config(&server->config);
    server->ops = ops;
    server->ops_server = ops_server;
    server->epoll_fd = server->wake_fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->config_lock, NULL);
    cond_init(&server->work);
    cond_init(&server->gone);
    timers_init(&server->timers);
    timers_init(&server->idle_timers);
    open_metrics(server);
    env->random(env, server->mock_key, sizeof server->mock_key);
    if (!load_files(config->tls_cert, config->tls_key, config->hba_file, &server->tls, &server->hba, err) ||
        !listen_tcp(server, err) || !listen_unix(server, err) || !reactor_start(server, err)) {
        server_free(server);
        return false;
    }
    *out = server;
    return true;
}

uint16_t pg_server_port(const struct pg_server *server) { return server->port; }

bool pg_server_reload(struct pg_server *server, const char *tls_cert, const char *tls_key, const char *hba_file,
                      struct error *err)
{
    struct tls_context *tls;
    struct hba *hba;
    if (!load_files(tls_cert, tls_key, hba_file, &tls, &hba, err))
        return false;
    pthread_mutex_lock(&server->config_lock);
    struct tls_context *old_tls = server->tls;
    struct hba *old_hba = server->hba;
    server->tls = tls;
    server->hba = hba;
    pthread_mutex_unlock(&server->config_lock);
    tls_context_put(old_tls);
    hba_free(old_hba);
    return true;
}

struct tls_context *server_tls_get(struct pg_server *server)
{
    pthread_mutex_lock(&server->config_lock);
    struct tls_context *tls = server->tls ? tls_context_get(server->tls) : NULL;
    pthread_mutex_unlock(&server->config_lock);
    return tls;
}

bool server_admit(struct pg_conn *conn, bool superuser, struct error *err)
{
    struct pg_server *server = conn->server;
    const struct pg_server_config *c = &server->config;
    bool ok = false;
    pthread_mutex_lock(&server->lock);
    if (server->draining)
        error_set(err, SQLSTATE_CANNOT_CONNECT_NOW, "the database system is shutting down");
    else if (server->connections >= c->max_connections)
        error_set(err, SQLSTATE_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
    else if (!superuser && server->connections >= c->max_connections - c->reserved_connections)
        error_set(err, SQLSTATE_TOO_MANY_CONNECTIONS,
                  "remaining connection slots are reserved for non-replication superuser connections");
    else {
        ok = conn->counted = true;
        server->connections++;
        metric_add(server->sessions_metric, 1);
    }
    pthread_mutex_unlock(&server->lock);
    return ok;
}

static struct pg_conn **bucket_of(struct pg_server *server, int32_t pid)
{
    return &server->registry[(uint32_t)pid % REGISTRY_BUCKETS];
}

static struct pg_conn *find_locked(struct pg_server *server, int32_t pid)
{
    struct pg_conn *conn = *bucket_of(server, pid);
    while (conn && conn->pid != pid)
        conn = conn->registry_next;
    return conn;
}

void server_register(struct pg_conn *conn)
{
    struct env *env = env_real();
    struct pg_server *server = conn->server;
    env->random(env, &conn->secret, sizeof conn->secret);
    pthread_mutex_lock(&server->lock);
    int32_t pid = server->last_pid;
    do
        pid = pid == INT32_MAX ? 1 : pid + 1;
    while (find_locked(server, pid));
    server->last_pid = conn->pid = pid;
    struct pg_conn **bucket = bucket_of(server, pid);
    conn->registry_next = *bucket;
    *bucket = conn;
    pthread_mutex_unlock(&server->lock);
}

void server_forget(struct pg_conn *conn)
{
    if (conn->pid == 0)
        return;
    struct pg_server *server = conn->server;
    pthread_mutex_lock(&server->lock);
    struct pg_conn **at = bucket_of(server, conn->pid);
    while (*at != conn)
        at = &(*at)->registry_next;
    *at = conn->registry_next;
    pthread_mutex_unlock(&server->lock);
}

/* With server->lock held: the session can't be freed before backend_lock is taken, nor closed before it is given back.
 */
static void call_backend_locked(struct pg_conn *conn, void (*call)(struct backend *backend))
{
    pthread_mutex_lock(&conn->backend_lock);
    if (conn->backend)
        call(conn->backend);
    pthread_mutex_unlock(&conn->backend_lock);
}

void server_cancel_request(struct pg_server *server, int32_t pid, uint32_t secret)
{
    pthread_mutex_lock(&server->lock);
    struct pg_conn *conn = find_locked(server, pid);
    bool same = conn && CRYPTO_memcmp(&conn->secret, &secret, sizeof secret) == 0;
    if (same)
        call_backend_locked(conn, server->ops->cancel);
    pthread_mutex_unlock(&server->lock);
    if (!same)
        log_debug("pgwire", "event=cancel_refused pid=%d", pid);
}

bool pg_server_cancel(struct pg_server *server, int32_t pid)
{
    pthread_mutex_lock(&server->lock);
    struct pg_conn *conn = find_locked(server, pid);
    if (conn)
        call_backend_locked(conn, server->ops->cancel);
    pthread_mutex_unlock(&server->lock);
    return conn != NULL;
}

void server_terminate_locked(struct pg_conn *conn)
{
    conn->terminate = true;
    call_backend_locked(conn, conn->server->ops->terminate);
    conn->server->kick |= conn->owner == OWNER_REACTOR;
}

bool pg_server_terminate(struct pg_server *server, int32_t pid)
{
    pthread_mutex_lock(&server->lock);
    struct pg_conn *conn = find_locked(server, pid);
    if (conn)
        server_terminate_locked(conn);
    pthread_mutex_unlock(&server->lock);
    if (conn)
        reactor_wake(server);
    return conn != NULL;
}

/* idle_only: those that wait for their client's next statement. */
static void terminate_all_locked(struct pg_server *server, bool idle_only)
{
    for (uint32_t i = 0; i < REGISTRY_BUCKETS; i++)
        for (struct pg_conn *conn = server->registry[i]; conn; conn = conn->registry_next)
            if (!idle_only || conn->owner == OWNER_REACTOR)
                server_terminate_locked(conn);
    reactor_wake(server);
}

bool pg_server_drain(struct pg_server *server, int64_t deadline_ns)
{
    enum { GRACE_MS = 2000 };
    pthread_mutex_lock(&server->lock);
    server->draining = true;
    terminate_all_locked(server, true);
    bool in_time = true;
    while (server->connections > 0 && in_time)
        in_time = cond_wait_until(&server->gone, &server->lock, deadline_ns);
    if (server->connections > 0) {
        terminate_all_locked(server, false);
        int64_t grace = net_now_ns() + GRACE_MS * NET_MS;
        for (in_time = true; server->connections > 0 && in_time;)
            in_time = cond_wait_until(&server->gone, &server->lock, grace);
    }
    bool none = server->connections == 0;
    pthread_mutex_unlock(&server->lock);
    return none;
}

void pg_server_close(struct pg_server *server)
{
    while (!pg_server_drain(server, net_now_ns()))
        log_warning("pgwire", "event=close_waits connections=%u", server->connections);
    /* First the one that hands out work, then those that do it. */
    server->reactor_stop = true;
    reactor_wake(server);
    if (server->reactor_running)
        pthread_join(server->reactor, NULL);
    sched_stop(server);
    server_free(server);
}

void pg_server_stats(struct pg_server *server, struct pg_server_stats *out)
{
    pthread_mutex_lock(&server->lock);
    *out = (struct pg_server_stats){.connections = server->connections,
                                    .half_open = server->nhalf_open,
                                    .threads = server->threads,
                                    .active = server->busy - server->blocked,
                                    .blocked = server->blocked,
                                    .queued = server->queued};
    pthread_mutex_unlock(&server->lock);
}
