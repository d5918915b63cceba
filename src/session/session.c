/* SPDX-License-Identifier: Apache-2.0 */
/* A session's life, its entry in the server's list, cancelling, and the simple query protocol. */
#include "session/session_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int64_t session_now_us(const struct backend *b) { return b->host->env->now_us(b->host->env); }

void session_value_ctx(const struct backend *b, struct value_ctx *out)
{
    *out = (struct value_ctx){
        .datetime = {.zone = b->settings.zone, .now = b->tx_start_us - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC},
        .extra_float_digits = b->settings.extra_float_digits,
        .bytea_escape = b->settings.bytea_escape,
        .session = &b->facts,
        .relation_name = session_relation_name,
    };
}

static void set_state(struct backend *b, const char *state)
{
    pthread_mutex_lock(&b->shared.lock);
    snprintf(b->shared.info.state, sizeof b->shared.info.state, "%s", state);
    b->shared.info.state_change_us = session_now_us(b);
    b->shared.info.transaction_start_us = b->tx == TX_IDLE ? 0 : b->tx_start_us;
    struct error unused;
    const char *app = settings_get(&b->settings, STRVIEW("application_name"), &unused);
    snprintf(b->shared.info.application, sizeof b->shared.info.application, "%s", app);
    pthread_mutex_unlock(&b->shared.lock);
}

void session_begin_statement(struct backend *b, struct strview sql)
{
    struct session_info *info = &b->shared.info;
    pthread_mutex_lock(&b->shared.lock);
    b->shared.cancelled = false;
    info->query_start_us = session_now_us(b);
    info->statement_id = __atomic_add_fetch(&b->server->next_statement, 1, __ATOMIC_RELAXED);
    snprintf(info->query, sizeof info->query, "%.*s", (int)MIN_OF(sql.len, sizeof info->query - 1), sql.ptr);
    pthread_mutex_unlock(&b->shared.lock);
    set_state(b, "active");
}

void session_end_statement(struct backend *b)
{
    pg_idle_timeouts(b->conn, b->settings.idle_in_transaction_ms, b->settings.idle_session_ms);
    pthread_mutex_lock(&b->shared.lock);
    b->shared.info.statement_id = 0;
    pthread_mutex_unlock(&b->shared.lock);
    set_state(b, b->tx == TX_FAILED ? "idle in transaction (aborted)"
                 : b->tx == TX_OPEN ? "idle in transaction"
                                    : "idle");
}

static void cancel_error(bool terminated, struct error *err)
{
    if (terminated)
        error_set(err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else
        error_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
}

bool session_cancelled(struct backend *b, struct error *err)
{
    pthread_mutex_lock(&b->shared.lock);
    bool stop = b->shared.cancelled || b->shared.terminated, terminated = b->shared.terminated;
    pthread_mutex_unlock(&b->shared.lock);
    if (stop)
        cancel_error(terminated, err);
    return stop;
}

void session_fix_position(const struct backend *b, struct error *err)
{
    if (err->position <= 0 || !b->current)
        return;
    size_t offset = MIN_OF((size_t)err->position - 1, b->current->sql.len);
    err->position = (int32_t)utf8_length(b->current->sql.ptr, offset) + 1;
}

void session_notice(struct backend *b, const char *severity, const char *sqlstate, const char *fmt, ...)
{
    struct error notice;
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    error_set(&notice, sqlstate, "%s", text);
    pg_notice(b->conn, severity, &notice);
}

static void forward_notice(void *arg, const char *severity, const struct error *err)
{
    struct backend *b = arg;
    pg_notice(b->conn, severity, err);
}

void session_host_notices(struct backend *b, struct host_notices *out)
{
    *out = (struct host_notices){forward_notice, b};
}

/* ---- open and close ---- */

static void report_one(void *arg, const char *name, const char *value) { pg_parameter_status(arg, name, value); }

static bool startup_settings(struct backend *b, const struct pg_startup *startup, struct error *err)
{
    struct error ignored;
    bool ok = true;
    pthread_mutex_lock(&b->server->lock);
    for (const struct default_setting *d = b->server->defaults; d; d = d->next)
        (void)!settings_set(&b->settings, strview_of(d->name), strview_of(d->value), false, true, &ignored);
    pthread_mutex_unlock(&b->server->lock);
    (void)!settings_set(&b->settings, STRVIEW("session_authorization"), strview_of(b->user), false, true, &ignored);
    (void)!settings_set(&b->settings, STRVIEW("is_superuser"), strview_of(b->superuser ? "on" : "off"), false, true,
                        &ignored);
    for (uint32_t i = 0; ok && i < startup->nparam; i++) {
        struct strview name = strview_of(startup->name[i]);
        const struct setting_def *d = setting_find(name);
        if (d && d->flags & SETTING_READ_ONLY)
            return error_set(err, SQLSTATE_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed", d->name);
        ok = settings_set(&b->settings, name, strview_of(startup->value[i]), false, true, err);
    }
    return ok;
}

static bool backend_open(void *server, struct pg_conn *conn, const struct pg_startup *startup, struct backend **out,
                         struct error *err)
{
    struct session_server *ss = server;
    struct backend *b = xcalloc(1, sizeof *b);
    b->server = ss;
    b->host = ss->host;
    b->conn = conn;
    b->pid = startup->pid;
    b->superuser = startup->superuser;
    snprintf(b->user, sizeof b->user, "%s", startup->user);
    snprintf(b->database, sizeof b->database, "%s", startup->database);
    settings_init(&b->settings);
    session_facts_init(b);
    arena_init(&b->tx_arena, NULL);
    pthread_mutex_init(&b->shared.lock, NULL);
    if (!startup_settings(b, startup, err)) {
        settings_release(&b->settings);
        pthread_mutex_destroy(&b->shared.lock);
        free(b);
        return false;
    }
    struct session_info *info = &b->shared.info;
    info->pid = b->pid;
    info->client_port = startup->client_port;
    memcpy(info->user, b->user, sizeof info->user);
    memcpy(info->database, b->database, sizeof info->database);
    memcpy(info->client_addr, startup->client_addr, sizeof info->client_addr);
    info->backend_start_us = session_now_us(b);
    set_state(b, "idle");
    settings_report(&b->settings, report_one, conn);
    pg_parameter_status(conn, "mencia_version", "0.1");
    pthread_mutex_lock(&ss->lock);
    b->next = ss->sessions;
    b->prev = &ss->sessions;
    if (b->next)
        b->next->prev = &b->next;
    ss->sessions = b;
    ss->count++;
    pthread_mutex_unlock(&ss->lock);
    *out = b;
    return true;
}

static void backend_close(struct backend *b)
{
    pthread_mutex_lock(&b->server->lock);
    *b->prev = b->next;
    if (b->next)
        b->next->prev = b->prev;
    b->server->count--;
    pthread_mutex_unlock(&b->server->lock);
    portals_free_all(b);
    tx_release(b);
    while (b->statements)
        prepared_remove(b, b->statements->name);
    settings_release(&b->settings);
    arena_release(&b->tx_arena);
    pthread_mutex_destroy(&b->shared.lock);
    free(b);
}

/* ---- cancelling ---- */

static void stop_running(struct backend *b, bool terminate)
{
    struct error why;
    pthread_mutex_lock(&b->shared.lock);
    b->shared.cancelled = true;
    b->shared.terminated = b->shared.terminated || terminate;
    cancel_error(b->shared.terminated, &why);
    if (b->shared.exec)
        exec_cancel(b->shared.exec, &why);
    pthread_mutex_unlock(&b->shared.lock);
}

bool session_stop_other(const struct backend *b, int32_t pid, bool terminate, bool *found, struct error *err)
{
    bool ok = true;
    *found = false;
    pthread_mutex_lock(&b->server->lock);
    for (struct backend *other = b->server->sessions; other; other = other->next) {
        if (other->pid != pid)
            continue;
        *found = true;
        if (other->superuser && !b->superuser)
            ok = error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "must be a superuser to %s",
                           terminate ? "terminate superuser process" : "cancel superuser query");
        else if (!b->superuser && strcmp(b->user, other->user) != 0)
            ok = error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                           "must be a member of the role whose %s or member of pg_signal_backend",
                           terminate ? "process is being terminated" : "query is being canceled");
        else
            stop_running(other, terminate);
    }
    pthread_mutex_unlock(&b->server->lock);
    return ok;
}

static void backend_cancel(struct backend *b) { stop_running(b, false); }

static void backend_terminate(struct backend *b) { stop_running(b, true); }

bool session_server_cancel(struct session_server *server, int32_t pid)
{
    bool found = false;
    pthread_mutex_lock(&server->lock);
    for (struct backend *b = server->sessions; b && !found; b = b->next)
        if (b->pid == pid) {
            backend_cancel(b);
            found = true;
        }
    pthread_mutex_unlock(&server->lock);
    return found;
}

void session_server_each(struct session_server *server, void (*fn)(void *arg, const struct session_info *info),
                         void *arg)
{
    pthread_mutex_lock(&server->lock);
    for (struct backend *b = server->sessions; b; b = b->next) {
        pthread_mutex_lock(&b->shared.lock);
        struct session_info info = b->shared.info;
        if (b->shared.exec)
            exec_progress(b->shared.exec, &info.progress);
        pthread_mutex_unlock(&b->shared.lock);
        fn(arg, &info);
    }
    pthread_mutex_unlock(&server->lock);
}

uint32_t session_server_count(struct session_server *server)
{
    pthread_mutex_lock(&server->lock);
    uint32_t count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

/* ---- simple query ---- */

static bool run_one(struct backend *b, struct strview sql, const struct ast_node *node, struct error *err)
{
    struct prepared *p = prepared_new("");
    struct portal *portal = NULL;
    b->current = p;
    p->sql = sql;
    p->simple = true;
    bool ok = tx_allows(b, node, err);
    if (ok) {
        tx_begin_implicit(b);
        ok = prepared_make(b, sql, node, 0, NULL, p, err);
    }
    if (ok) {
        portal = portal_new(b, NULL, p);
        ok = portal_resolve(b, portal, err) && portal_start_constant(b, portal, err);
    }
    if (ok) {
        portal_describe(b, portal);
        ok = portal_execute(b, portal, 0, err);
    }
    if (!ok)
        session_fix_position(b, err);
    if (portal)
        portal_free(b, portal);
    prepared_put(p);
    b->current = NULL;
    return ok;
}

static bool backend_query(struct backend *b, struct strview sql)
{
    struct error err;
    struct arena arena;
    struct ast_list list = {0};
    struct prepared whole = {.sql = sql};
    arena_init(&arena, NULL);
    session_begin_statement(b, sql);
    /* Like a new unnamed statement, a simple query closes the unnamed portal. */
    struct portal *unnamed = portal_find(b, "");
    if (unnamed)
        portal_free(b, unnamed);
    b->current = &whole;
    bool ok = utf8_valid(sql.ptr, sql.len, NULL) ? sql_parse(&arena, sql, &list, &err)
                                                 : error_set(&err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE,
                                                             "invalid byte sequence for encoding \"UTF8\"");
    if (!ok)
        session_fix_position(b, &err);
    b->current = NULL;
    if (ok && list.n == 0)
        pg_empty_query(b->conn);
    b->multi = list.n > 1;
    for (uint32_t i = 0; ok && i < list.n; i++)
        ok = run_one(b, sql, list.node[i], &err);
    b->multi = false;
    struct error end_err;
    if (!tx_end_implicit(b, ok, &end_err) && ok) {
        ok = false;
        err = end_err;
    }
    if (!ok) {
        pg_error(b->conn, &err);
        tx_fail(b);
    }
    arena_release(&arena);
    settings_report(&b->settings, report_one, b->conn);
    session_end_statement(b);
    return ok;
}

/* ---- extended protocol ---- */

static bool backend_parse(struct backend *b, const char *name, struct strview sql, uint16_t nparam, const oid_t *param,
                          struct error *err)
{
    struct ast_list list;
    struct prepared *p;
    if (name[0] && prepared_find(b, name))
        return error_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists", name);
    if (!name[0])
        prepared_remove(b, "");
    session_begin_statement(b, sql);
    p = prepared_new(name);
    p->sql = arena_strview(&p->arena, sql);
    b->current = p;
    bool ok = utf8_valid(sql.ptr, sql.len, NULL)
                  ? sql_parse(&p->arena, p->sql, &list, err)
                  : error_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    if (ok && list.n > 1)
        ok = error_set(err, SQLSTATE_SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement");
    const struct ast_node *node = ok && list.n ? list.node[0] : NULL;
    ok = ok && (!node || tx_allows(b, node, err));
    if (ok) {
        tx_begin_implicit(b);
        ok = prepared_make(b, p->sql, node, nparam, param, p, err);
    }
    if (ok) {
        prepared_add(b, p);
    } else {
        session_fix_position(b, err);
        prepared_put(p);
    }
    b->current = NULL;
    return ok;
}

/* Result formats spread over the columns. */
static bool bind_formats(const struct pg_bind *bind, struct portal *portal, struct error *err)
{
    uint32_t n = portal->prepared->ncolumn;
    if (bind->nresult_format > 1 && bind->nresult_format != n)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                         "bind message has %u result formats but query has %u columns", bind->nresult_format, n);
    for (uint32_t i = 0; i < n; i++) {
        portal->format[i] = bind->nresult_format == 0   ? 0
                            : bind->nresult_format == 1 ? bind->result_format[0]
                                                        : bind->result_format[i];
        if (portal->format[i] != 0 && portal->format[i] != 1)
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unsupported format code: %d", portal->format[i]);
    }
    return true;
}

static bool bind_values(struct backend *b, const struct pg_bind *bind, struct portal *portal, struct error *err)
{
    const struct prepared *p = portal->prepared;
    struct value_ctx ctx;
    session_value_ctx(b, &ctx);
    if (bind->nparam != p->nparam)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                         "bind message supplies %u parameters, but prepared statement \"%s\" requires %u", bind->nparam,
                         p->name, p->nparam);
    if (bind->nformat > 1 && bind->nformat != bind->nparam)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "bind message has %u parameter formats but %u parameters",
                         bind->nformat, bind->nparam);
    portal->param = ARENA_ARRAY(&portal->arena, struct value, p->nparam + 1);
    for (uint32_t i = 0; i < p->nparam; i++) {
        struct value *v = &portal->param[i];
        int16_t format = bind->nformat == 0 ? 0 : bind->nformat == 1 ? bind->format[0] : bind->format[i];
        *v = (struct value){.type = p->param_type[i], .is_null = bind->param[i].ptr == NULL};
        if (v->is_null)
            continue;
        struct strview raw = arena_strview(&portal->arena, bind->param[i]);
        struct coltype type = coltype(v->type);
        bool ok;
        if (format == 0 && !utf8_valid(raw.ptr, raw.len, NULL))
            ok = error_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
        else if (format == 0)
            ok = value_parse(raw, type, false, &ctx, &portal->arena, &v->d, err);
        else if (format == 1)
            ok = value_recv(raw, type, &ctx, &portal->arena, &v->d, err);
        else
            ok = error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unsupported format code: %d", format);
        if (!ok)
            return error_context(err, "unnamed portal parameter $%u", i + 1);
    }
    return true;
}

static bool backend_bind(struct backend *b, const struct pg_bind *bind, struct error *err)
{
    struct prepared *p = prepared_find(b, bind->statement);
    if (!p)
        return bind->statement[0]
                   ? error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist",
                               bind->statement)
                   : error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "unnamed prepared statement does not exist");
    if (p->node && !tx_allows(b, p->node, err))
        return false;
    struct portal *old = portal_find(b, bind->portal);
    if (old && bind->portal[0])
        return error_set(err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", bind->portal);
    if (old)
        portal_free(b, old);
    tx_begin_implicit(b);
    b->current = p;
    struct portal *portal = portal_new(b, bind->portal, p);
    bool ok = query_revalidate(b, p, err) && bind_values(b, bind, portal, err) && bind_formats(bind, portal, err) &&
              portal_resolve(b, portal, err) && portal_start_constant(b, portal, err);
    if (!ok) {
        session_fix_position(b, err);
        portal_free(b, portal);
    }
    b->current = NULL;
    return ok;
}

static bool backend_describe_statement(struct backend *b, const char *name, struct error *err)
{
    struct prepared *p = prepared_find(b, name);
    if (!p)
        return name[0]
                   ? error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist",
                               name)
                   : error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "unnamed prepared statement does not exist");
    if (b->tx == TX_FAILED && p->ncolumn)
        return error_set(err, SQLSTATE_IN_FAILED_SQL_TRANSACTION,
                         "current transaction is aborted, commands ignored until end of transaction block");
    pg_parameter_description(b->conn, p->param_type, (uint16_t)p->nparam);
    if (p->ncolumn || p->is_query)
        send_row_description(b, p->column, p->ncolumn, NULL);
    else
        pg_no_data(b->conn);
    return true;
}

static bool backend_describe_portal(struct backend *b, const char *name, struct error *err)
{
    struct portal *portal = portal_find(b, name);
    if (!portal)
        return error_set(err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name);
    if (portal->prepared->ncolumn || portal->prepared->is_query)
        portal_describe(b, portal);
    else
        pg_no_data(b->conn);
    return true;
}

static bool backend_execute(struct backend *b, const char *name, uint32_t max_rows, struct error *err)
{
    struct portal *portal = portal_find(b, name);
    if (!portal)
        return error_set(err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name);
    struct prepared *p = portal->prepared;
    session_begin_statement(b, p->node ? p->node->text : p->sql);
    b->current = p;
    bool ok = !p->node || tx_allows(b, p->node, err);
    if (ok) {
        tx_begin_implicit(b);
        ok = portal_execute(b, portal, max_rows, err);
    }
    if (!ok)
        session_fix_position(b, err);
    b->current = NULL;
    return ok;
}

static void backend_close_statement(struct backend *b, const char *name) { prepared_remove(b, name); }

static void backend_close_portal(struct backend *b, const char *name)
{
    struct portal *portal = portal_find(b, name);
    if (portal)
        portal_free(b, portal);
}

static bool backend_sync(struct backend *b, struct error *err)
{
    bool ok = tx_end_implicit(b, true, err);
    if (b->tx == TX_IDLE) /* the portal of a COMMIT has outlived its transaction */
        portals_free_all(b);
    settings_report(&b->settings, report_one, b->conn);
    session_end_statement(b);
    return ok;
}

static void backend_failed(struct backend *b)
{
    struct error ignored;
    (void)!tx_end_implicit(b, false, &ignored);
    tx_fail(b);
}

static char backend_status(struct backend *b) { return b->tx == TX_FAILED ? 'E' : b->tx == TX_OPEN ? 'T' : 'I'; }

static bool backend_role(void *server, const char *name, char *verifier, size_t verifier_size, bool *superuser,
                         bool *can_login, int64_t *valid_until_us)
{
    const struct session_host *host = ((struct session_server *)server)->host;
    return host->role_lookup(host->arg, name, verifier, verifier_size, superuser, can_login, valid_until_us);
}

static bool backend_database_exists(void *server, const char *name)
{
    return strcmp(name, "mencia") == 0 || strcmp(name, "postgres") == 0;
}

const struct backend_ops *session_backend_ops(void)
{
    static const struct backend_ops ops = {
        .open = backend_open,
        .close = backend_close,
        .query = backend_query,
        .parse = backend_parse,
        .bind = backend_bind,
        .describe_statement = backend_describe_statement,
        .describe_portal = backend_describe_portal,
        .execute = backend_execute,
        .close_statement = backend_close_statement,
        .close_portal = backend_close_portal,
        .sync = backend_sync,
        .failed = backend_failed,
        .transaction_status = backend_status,
        .cancel = backend_cancel,
        .terminate = backend_terminate,
        .role = backend_role,
        .default_role = "mencia",
        .default_database = "mencia",
        .database_exists = backend_database_exists,
    };
    return &ops;
}

struct session_server *session_server_open(const struct session_host *host)
{
    struct session_server *server = xcalloc(1, sizeof *server);
    server->host = host;
    server->start_us = host->env->now_us(host->env);
    pthread_mutex_init(&server->lock, NULL);
    return server;
}

void session_server_close(struct session_server *server)
{
    if (!server)
        return;
    assert(server->count == 0);
    while (server->defaults) {
        struct default_setting *d = server->defaults;
        server->defaults = d->next;
        free(d->name);
        free(d->value);
        free(d);
    }
    pthread_mutex_destroy(&server->lock);
    free(server);
}

bool session_server_set_default(struct session_server *server, struct strview name, struct strview value,
                                struct error *err)
{
    struct settings check;
    settings_init(&check);
    bool ok = settings_set(&check, name, value, false, true, err);
    settings_release(&check);
    if (!ok)
        return false;
    struct default_setting *d = xcalloc(1, sizeof *d);
    d->name = xstrndup(name.ptr, name.len);
    d->value = xstrndup(value.ptr, value.len);
    pthread_mutex_lock(&server->lock);
    struct default_setting **at = &server->defaults;
    while (*at)
        at = &(*at)->next;
    *at = d;
    pthread_mutex_unlock(&server->lock);
    return true;
}
