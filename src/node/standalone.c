/* SPDX-License-Identifier: Apache-2.0 */
#include "node/standalone.h"

#include "base/log.h"
#include "base/metrics.h"
#include "http/http.h"
#include "pgwire/server.h"
#include "session/settings.h"

#include <stdlib.h>

struct standalone {
    const struct server_config *config;
    struct db *db;
    struct session_server *sessions;
    struct pg_server *pg;
    struct http_server *http;
    int64_t begin_ns;
    bool draining; /* atomic */
};

bool is_session_setting(struct strview name) { return setting_find(name) != NULL; }

/* ---- HTTP ---- */

static void live(void *arg, struct http_request *request, struct http_response *response)
{
    strbuf_add_cstr(&response->body, "ok\n");
}

static bool ready_now(struct standalone *s)
{
    return !__atomic_load_n(&s->draining, __ATOMIC_RELAXED) && db_ready(s->db);
}

static void ready(void *arg, struct http_request *request, struct http_response *response)
{
    bool ok = ready_now(arg);
    response->status = ok ? 200 : 503;
    strbuf_add_cstr(&response->body, ok ? "ready\n" : "not ready\n");
}

static void health(void *arg, struct http_request *request, struct http_response *response)
{
    struct standalone *s = arg;
    struct pg_server_stats stats;
    bool ok = ready_now(s);
    pg_server_stats(s->pg, &stats);
    response->status = ok ? 200 : 503;
    response->content_type = "application/json";
    strbuf_add_fmt(&response->body,
                   "{\"status\": \"%s\", \"role\": \"standalone\", \"uptime_seconds\": %lld, \"connections\": %u, "
                   "\"active\": %u}\n",
                   ok ? "ok" : "not ready", (long long)((env_real()->mono_ns(env_real()) - s->begin_ns) / 1000000000),
                   stats.connections, stats.active);
}

static void metrics(void *arg, struct http_request *request, struct http_response *response)
{
    struct standalone *s = arg;
    db_update_metrics(s->db);
    metric_set(metric_get(METRIC_GAUGE, "mencia_uptime_seconds", "Time since start.", ""),
               (double)(env_real()->mono_ns(env_real()) - s->begin_ns) / 1e9);
    metric_set(metric_get(METRIC_GAUGE, "mencia_build_info", "Version.", "version=\"0.1\""), 1);
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&response->body);
}

static bool open_http(struct standalone *s, struct error *err)
{
    struct http_config config;
    http_config_init(&config);
    config.listen_address = s->config->listen_addresses;
    config.port = s->config->http_port;
    if (!http_server_open(&config, &s->http, err))
        return false;
    http_route(s->http, "GET", "/livez", true, live, s);
    http_route(s->http, "GET", "/health/liveness", true, live, s);
    http_route(s->http, "GET", "/readyz", false, ready, s);
    http_route(s->http, "GET", "/health/readiness", false, ready, s);
    http_route(s->http, "GET", "/health", false, health, s);
    http_route(s->http, "GET", "/metrics", false, metrics, s);
    return http_server_start(s->http, err);
}

/* ---- PostgreSQL ---- */

static bool open_pg(struct standalone *s, struct error *err)
{
    const struct server_config *c = s->config;
    struct pg_server_config config;
    pg_server_config_init(&config);
    config.listen_addresses = c->listen_addresses;
    config.port = c->pg_port;
    config.hba_file = c->hba_file;
    config.max_connections = c->max_connections;
    if (c->ssl && (!c->ssl_cert_file || !c->ssl_key_file)) {
        error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "ssl is on but %s is not set",
                  c->ssl_cert_file ? "ssl_key_file" : "ssl_cert_file");
        return error_hint(err, "Give both files in PEM form, or set ssl = off.");
    }
    if (c->ssl) {
        config.tls_cert = c->ssl_cert_file;
        config.tls_key = c->ssl_key_file;
    }
    return pg_server_open(&config, session_backend_ops(), s->sessions, &s->pg, err);
}

static bool open_sessions(struct standalone *s, struct error *err)
{
    s->sessions = session_server_open(db_host(s->db));
    db_set_sessions(s->db, s->sessions);
    for (uint32_t i = 0; i < s->config->nsession; i++)
        if (!session_server_set_default(s->sessions, strview_of(s->config->session_name[i]),
                                        strview_of(s->config->session_value[i]), err))
            return false;
    return true;
}

bool standalone_open(const struct server_config *config, struct standalone **out, struct error *err)
{
    struct standalone *s = xcalloc(1, sizeof *s);
    struct db_config db_config = {
        .env = env_real(),
        .data_dir = config->data_dir,
        .memory_bytes = config->memory_limit,
        .cache_bytes = config->cache_size,
        .workers = config->workers,
        .copy_dir = config->copy_dir,
    };
    s->config = config;
    s->begin_ns = env_real()->mono_ns(env_real());
    if (!db_open(&db_config, &s->db, err) || !open_sessions(s, err) || !open_pg(s, err) || !open_http(s, err)) {
        standalone_close(s, 0);
        return false;
    }
    *out = s;
    return true;
}

uint16_t standalone_pg_port(const struct standalone *s) { return pg_server_port(s->pg); }
uint16_t standalone_http_port(const struct standalone *s) { return http_server_port(s->http); }

bool standalone_reload(struct standalone *s, const struct server_config *config, struct error *err)
{
    const char *cert = config->ssl ? config->ssl_cert_file : NULL, *key = config->ssl ? config->ssl_key_file : NULL;
    return pg_server_reload(s->pg, cert, key, config->hba_file, err);
}

void standalone_close(struct standalone *s, int64_t deadline_ns)
{
    __atomic_store_n(&s->draining, true, __ATOMIC_RELAXED);
    if (s->pg) {
        pg_server_drain(s->pg, deadline_ns);
        pg_server_close(s->pg);
    }
    if (s->http)
        http_server_close(s->http);
    if (s->db)
        db_set_sessions(s->db, NULL);
    session_server_close(s->sessions);
    db_close(s->db);
    free(s);
}
