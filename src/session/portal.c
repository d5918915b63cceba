/* SPDX-License-Identifier: Apache-2.0 */
/* Portals: running statements and sending their rows. */
#include "session/session_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct portal *portal_new(struct backend *b, const char *name, struct prepared *p)
{
    struct portal *portal = xcalloc(1, sizeof *portal);
    arena_init(&portal->arena, NULL);
    portal->serial = b->next_portal++;
    portal->prepared = p;
    p->refs++;
    portal->format = ARENA_ARRAY(&portal->arena, int16_t, p->ncolumn + 1);
    if (name) { /* the portal of a simple query has no name and is in no list */
        portal->name = xstrdup(name);
        portal->next = b->portals;
        b->portals = portal;
    }
    return portal;
}

struct portal *portal_find(struct backend *b, const char *name)
{
    for (struct portal *p = b->portals; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

void portal_free(struct backend *b, struct portal *portal)
{
    for (struct portal **at = &b->portals; *at; at = &(*at)->next)
        if (*at == portal) {
            *at = portal->next;
            break;
        }
    if (portal->exec)
        query_stop(b, portal->exec);
    if (portal->snapshot)
        b->host->snapshot_close(portal->snapshot);
    prepared_put(portal->prepared);
    arena_release(&portal->arena);
    free(portal->name);
    free(portal);
}

void portals_free_since(struct backend *b, uint64_t serial)
{
    for (struct portal *p = b->portals, *next; p; p = next) {
        next = p->next;
        if (p->serial >= serial)
            portal_free(b, p);
    }
}

void portals_free_all(struct backend *b) { portals_free_since(b, 0); }

void send_row_description(struct backend *b, const struct bound_column *column, uint32_t n, const int16_t *format)
{
    struct pg_column *out = xcalloc(n + 1U, sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        const struct type_info *type = type_by_oid(column[i].type.oid);
        out[i] = (struct pg_column){
            .name = column[i].name,
            .table_oid = column[i].table_oid,
            .attnum = column[i].attnum,
            .type = column[i].type.oid,
            .typlen = type ? type->typlen : -1,
            .typmod = column[i].type.typmod,
            .format = format ? format[i] : 0,
        };
    }
    pg_row_description(b->conn, out, (uint16_t)n);
    free(out);
}

void portal_describe(struct backend *b, const struct portal *portal)
{
    if (portal->prepared->ncolumn || portal->prepared->is_query)
        send_row_description(b, portal->prepared->column, portal->prepared->ncolumn, portal->format);
}

/* ---- running a plan ---- */

static bool reads_tables(const struct plan_node *node)
{
    if (node->kind == PLAN_SCAN)
        return true;
    for (uint32_t i = 0; i < node->nchild; i++)
        if (reads_tables(node->child[i]))
            return true;
    return false;
}

static bool plan_reads_tables(const struct plan *plan)
{
    bool reads = plan->nfragment != 1 || plan->nshared || plan->ninit;
    return reads || reads_tables(plan->fragment[0].root);
}

bool query_start(struct backend *b, const struct plan *plan, const struct value *param, struct host_snapshot *snapshot,
                 bool analyze, struct exec_query **out, struct error *err)
{
    struct env *env = b->host->env;
    struct exec_params params = {
        .engine = b->host->engine,
        .plan = plan,
        .nparam = param ? plan->nparam_client : 0,
        .param = param,
        .source = b->host->source,
        .source_arg = snapshot,
        .class = plan->cost_us < 5000 ? EXEC_SHORT : EXEC_LONG,
        .memory_limit = b->settings.query_memory_bytes,
        .deadline_ns = INT64_MAX,
        .analyze = analyze,
    };
    session_value_ctx(b, &params.ctx);
    if (snapshot == b->tx_snapshot && b->nload > b->tx_snapshot_nload && plan_reads_tables(plan)) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                  "reading after loading rows in a REPEATABLE READ transaction is not supported");
        return error_hint(err, "Use READ COMMITTED, or COMMIT first.");
    }
    if (b->settings.statement_timeout_ms > 0)
        params.deadline_ns = env->mono_ns(env) + b->settings.statement_timeout_ms * 1000000;
    if (session_cancelled(b, err) || !exec_open(&params, out, err))
        return false;
    pthread_mutex_lock(&b->shared.lock);
    b->shared.exec = *out;
    bool late = b->shared.cancelled || b->shared.terminated; /* came while the query was being opened */
    pthread_mutex_unlock(&b->shared.lock);
    if (late && session_cancelled(b, err))
        exec_cancel(*out, err);
    return true;
}

void query_stop(struct backend *b, struct exec_query *exec)
{
    pthread_mutex_lock(&b->shared.lock);
    if (b->shared.exec == exec)
        b->shared.exec = NULL;
    pthread_mutex_unlock(&b->shared.lock);
    exec_close(exec);
}

/* ---- rows ---- */

static void add_int(struct strbuf *out, int64_t v)
{
    char digits[24];
    char *end = digits + sizeof digits, *p = end;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0)
        *--p = '-';
    strbuf_add(out, p, (size_t)(end - p));
}

static void send_value(struct pg_conn *conn, const struct vec *v, uint32_t row, oid_t type, int16_t format,
                       const struct value_ctx *ctx)
{
    if (v->phys == PHYS_NONE || vec_is_null(v, row)) {
        pg_value_null(conn);
        return;
    }
    const void *datum = vec_value(v, row);
    struct strbuf *out = pg_value_begin(conn);
    if (format == 1)
        value_send(out, type, datum, ctx);
    else if (type == TYPE_INT4)
        add_int(out, *(const int32_t *)datum);
    else if (type == TYPE_INT8)
        add_int(out, *(const int64_t *)datum);
    else if (type == TYPE_TEXT || type == TYPE_VARCHAR)
        strbuf_add_view(out, str_view(datum));
    else
        value_format(out, type, datum, ctx);
    pg_value_end(conn);
}

static void send_row(struct backend *b, const struct portal *portal, const struct value_ctx *ctx)
{
    const struct prepared *p = portal->prepared;
    pg_row_begin(b->conn, (uint16_t)p->ncolumn);
    for (uint32_t c = 0; c < p->ncolumn; c++)
        send_value(b->conn, &portal->batch->col[c], portal->row, p->column[c].type.oid, portal->format[c], ctx);
    pg_row_end(b->conn);
}

/* The client has to be there: a query for nobody stops. */
static bool client_there(struct backend *b, struct error *err)
{
    if (pg_conn_ok(b->conn) && !pg_conn_client_gone(b->conn))
        return true;
    return error_set(err, SQLSTATE_CONNECTION_FAILURE, "connection to client lost");
}

/* Next batch with rows; *more = false at the end. */
static bool next_batch(struct backend *b, struct portal *portal, bool *more, struct error *err)
{
    *more = false;
    if (portal->batch && portal->row < portal->batch->n) {
        *more = true;
        return true;
    }
    if (portal->ended)
        return true;
    switch (exec_next(portal->exec, &portal->batch, err)) {
    case EXEC_FAILED: return false;
    case EXEC_END:
        portal->batch = NULL;
        portal->ended = true;
        return true;
    case EXEC_ROWS: break;
    }
    portal->row = 0;
    *more = true;
    return client_there(b, err);
}

static bool start_portal(struct backend *b, struct portal *portal, struct error *err)
{
    struct host_snapshot *snapshot;
    bool own;
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    if (own)
        portal->snapshot = snapshot;
    return query_start(b, portal->prepared->plan, portal->param, snapshot, false, &portal->exec, err);
}

bool portal_start_constant(struct backend *b, struct portal *portal, struct error *err)
{
    const struct plan *plan = portal->prepared->plan;
    bool more;
    if (!portal->prepared->is_query || plan_reads_tables(plan))
        return true;
    portal->started = true;
    return start_portal(b, portal, err) && next_batch(b, portal, &more, err);
}

static void close_exec(struct backend *b, struct portal *portal)
{
    query_stop(b, portal->exec);
    portal->exec = NULL;
    portal->batch = NULL;
    if (portal->snapshot)
        b->host->snapshot_close(portal->snapshot);
    portal->snapshot = NULL;
}

static bool send_query_rows(struct backend *b, struct portal *portal, uint32_t max_rows, bool *suspended,
                            struct error *err)
{
    struct value_ctx ctx;
    bool more = true;
    session_value_ctx(b, &ctx);
    *suspended = false;
    while (more) {
        if (max_rows && portal->sent == max_rows) {
            *suspended = true;
            return true;
        }
        if (!next_batch(b, portal, &more, err))
            return false;
        while (more && portal->row < portal->batch->n && !(max_rows && portal->sent == max_rows)) {
            send_row(b, portal, &ctx);
            portal->row++;
            portal->sent++;
        }
    }
    portal->done = true;
    return true;
}

static void send_text_rows(struct backend *b, struct portal *portal, uint32_t max_rows, bool *suspended)
{
    *suspended = false;
    while (portal->text && portal->text_at < portal->text->nrow) {
        if (max_rows && portal->sent == max_rows) {
            *suspended = true;
            return;
        }
        pg_row_begin(b->conn, 1);
        strbuf_add_view(pg_value_begin(b->conn), portal->text->row[portal->text_at++]);
        pg_value_end(b->conn);
        pg_row_end(b->conn);
        portal->sent++;
    }
    *suspended = max_rows && portal->sent == max_rows;
    portal->done = !*suspended;
}

static void complete(struct backend *b, struct portal *portal)
{
    char tag[96];
    if (portal->prepared->is_query)
        snprintf(tag, sizeof tag, "SELECT %" PRIu64, portal->sent);
    else
        snprintf(tag, sizeof tag, "%s", portal->tag);
    pg_command_complete(b->conn, tag);
}

bool portal_execute(struct backend *b, struct portal *portal, uint32_t max_rows, struct error *err)
{
    struct prepared *p = portal->prepared;
    bool suspended = false;
    portal->sent = 0;
    if (!p->node) {
        pg_empty_query(b->conn);
        return true;
    }
    if (p->is_query) {
        if (!portal->started && !start_portal(b, portal, err))
            return false;
        portal->started = true;
        if (!portal->done && !send_query_rows(b, portal, max_rows, &suspended, err))
            return false;
        if (portal->done && portal->exec)
            close_exec(b, portal);
    } else {
        if (portal->started && !portal->text)
            return error_set(err, SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"%s\" cannot be run",
                             portal->name ? portal->name : "");
        bool first = !portal->started;
        portal->started = true;
        if (first && !utility_run(b, portal, err))
            return false;
        send_text_rows(b, portal, max_rows, &suspended);
    }
    if (suspended)
        pg_portal_suspended(b->conn);
    else
        complete(b, portal);
    return true;
}
