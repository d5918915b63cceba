/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are not queries: which result they have, and running them. */
#include "session/session_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void text_add(struct portal *portal, struct strview line)
{
    struct text_rows *t = portal->text;
    if (!t)
        t = portal->text = ARENA_NEW(&portal->arena, struct text_rows);
    if (t->nrow == t->cap) {
        uint32_t cap = MAX_OF(16U, t->cap * 2);
        struct strview *row = ARENA_ARRAY(&portal->arena, struct strview, cap);
        if (t->nrow)
            memcpy(row, t->row, t->nrow * sizeof *row);
        t->row = row;
        t->cap = cap;
    }
    t->row[t->nrow++] = arena_strview(&portal->arena, line);
}

static void one_column(struct prepared *p, const char *name, oid_t type)
{
    p->ncolumn = 1;
    p->column = ARENA_NEW(&p->arena, struct bound_column);
    p->column[0] = (struct bound_column){.name = name, .type = coltype(type)};
}

/* ---- SHOW ---- */

/* A view in disguise: the statement becomes that query. */
static bool show_as_query(struct backend *b, struct prepared *p, const char *sql, struct error *err)
{
    struct ast_list list;
    struct prepared view = {.sql = strview_of(sql)};
    b->current = &view;
    bool ok = sql_parse(&p->arena, strview_of(sql), &list, err);
    if (ok) {
        assert(list.n == 1 && list.node[0]->kind == AST_SELECT);
        p->node = list.node[0];
        ok = query_prepare(b, p, 0, NULL, err);
    }
    b->current = p;
    return ok;
}

static bool describe_show(struct backend *b, struct prepared *p, struct error *err)
{
    struct strview name = p->node->show.name;
    if (p->node->show.all) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "SHOW ALL is not supported");
        return error_hint(err, "Use SELECT name, setting FROM pg_settings.");
    }
    const struct setting_def *d = setting_find(name);
    const char *query = d ? NULL : b->host->show_query(name);
    if (query)
        return show_as_query(b, p, query, err);
    if (!d && !settings_get(&b->settings, name, err))
        return false;
    one_column(p, d ? d->name : arena_strndup(&p->arena, name.ptr, name.len), TYPE_TEXT);
    return true;
}

/* ---- EXPLAIN ---- */

struct explain_options {
    bool analyze, verbose, json;
};

static bool explain_flag(const struct ast_option *o, bool *out, struct error *err)
{
    *out = true;
    return o->kind == OPTION_NONE || bool_parse(o->text, out, err);
}

static bool explain_parse(const struct ast_node *node, struct explain_options *out, struct error *err)
{
    bool ignored;
    *out = (struct explain_options){0};
    for (uint32_t i = 0; i < node->explain.noption; i++) {
        const struct ast_option *o = &node->explain.option[i];
        bool ok = true;
        if (strview_equal_cstr(o->key, "analyze"))
            ok = explain_flag(o, &out->analyze, err);
        else if (strview_equal_cstr(o->key, "verbose"))
            ok = explain_flag(o, &out->verbose, err);
        else if (strview_equal_cstr(o->key, "format"))
            out->json = strview_equal_nocase(o->text, STRVIEW("json"));
        else if (strview_equal_cstr(o->key, "costs") || strview_equal_cstr(o->key, "buffers") ||
                 strview_equal_cstr(o->key, "timing") || strview_equal_cstr(o->key, "summary") ||
                 strview_equal_cstr(o->key, "settings") || strview_equal_cstr(o->key, "wal"))
            ok = explain_flag(o, &ignored, err);
        else
            ok = error_set(err, SQLSTATE_SYNTAX_ERROR, "unrecognized EXPLAIN option \"%.*s\"", (int)o->key.len,
                           o->key.ptr);
        if (ok && strview_equal_cstr(o->key, "format") && !out->json &&
            !strview_equal_nocase(o->text, STRVIEW("text"))) {
            ok = error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "EXPLAIN format \"%.*s\" is not supported",
                           (int)o->text.len, o->text.ptr);
            error_hint(err, "Use text or json.");
        }
        if (!ok) {
            error_position(err, o->location + 1);
            return false;
        }
    }
    return true;
}

static bool describe_explain(struct backend *b, struct prepared *p, struct error *err)
{
    struct explain_options options;
    struct ast_node *explain = p->node, *inner = explain->explain.statement;
    if (!explain_parse(explain, &options, err))
        return false;
    if (inner->kind != AST_SELECT) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "EXPLAIN of %s is not supported", ast_tag(inner));
        error_position(err, inner->begin + 1);
        return error_hint(err, "EXPLAIN takes SELECT and VALUES.");
    }
    p->node = inner;
    bool ok = query_prepare(b, p, 0, NULL, err);
    p->node = explain;
    p->is_query = false;
    one_column(p, "QUERY PLAN", options.json ? TYPE_JSON : TYPE_TEXT);
    return ok;
}

static void add_lines(struct portal *portal, struct strview text)
{
    while (text.len) {
        const char *nl = memchr(text.ptr, '\n', text.len);
        size_t n = nl ? (size_t)(nl - text.ptr) : text.len;
        text_add(portal, strview_make(text.ptr, n));
        text.ptr += n + (nl != NULL);
        text.len -= n + (nl != NULL);
    }
}

static bool explain_analyze(struct backend *b, struct portal *portal, struct node_stats *stats, int64_t *ns,
                            struct error *err)
{
    const struct plan *plan = portal->prepared->plan;
    struct env *env = b->host->env;
    struct host_snapshot *snapshot;
    struct exec_query *exec;
    const struct batch *batch;
    enum exec_next next;
    bool own;
    int64_t begin = env->mono_ns(env);
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    bool ok = query_start(b, plan, portal->param, snapshot, true, &exec, err);
    if (ok) {
        do
            next = exec_next(exec, &batch, err);
        while (next == EXEC_ROWS);
        ok = next == EXEC_END;
        memcpy(stats, exec_stats(exec), plan->nnode * sizeof *stats);
        query_stop(b, exec);
    }
    if (own)
        b->host->snapshot_close(snapshot);
    *ns = env->mono_ns(env) - begin;
    return ok;
}

static bool run_explain(struct backend *b, struct portal *portal, struct error *err)
{
    const struct plan *plan = portal->prepared->plan;
    struct explain_options options;
    struct node_stats *stats = NULL;
    struct strbuf text;
    int64_t ns = 0;
    if (!explain_parse(portal->prepared->node, &options, err))
        return false;
    if (options.analyze) {
        stats = ARENA_ARRAY(&portal->arena, struct node_stats, plan->nnode);
        if (!explain_analyze(b, portal, stats, &ns, err))
            return false;
    }
    strbuf_init(&text);
    if (options.json) {
        plan_explain_json(&text, plan, stats, options.verbose);
        text_add(portal, strview_make(text.data, text.len));
    } else {
        plan_explain(&text, plan, stats, options.verbose);
        if (options.analyze)
            strbuf_add_fmt(&text, "%sExecution Time: %.3f ms\n",
                           text.len && text.data[text.len - 1] != '\n' ? "\n" : "", (double)ns / 1e6);
        add_lines(portal, strview_make(text.data, text.len));
    }
    strbuf_release(&text);
    snprintf(portal->tag, sizeof portal->tag, "EXPLAIN");
    return true;
}

/* ---- SET ---- */

static bool run_set(struct backend *b, const struct ast_node *node, struct error *err)
{
    struct settings *s = &b->settings;
    if (node->set.transaction) {
        for (uint32_t i = 0; i < node->set.noption; i++) {
            const struct ast_option *o = &node->set.option[i];
            if (!settings_set(s, o->key, o->text, b->tx == TX_OPEN, false, err))
                return false;
            if (strview_equal_cstr(o->key, "transaction_isolation"))
                b->tx_repeatable = strview_equal_nocase(o->text, STRVIEW("repeatable read")) ||
                                   strview_equal_nocase(o->text, STRVIEW("serializable"));
            if (strview_equal_cstr(o->key, "transaction_read_only"))
                b->tx_read_only =
                    strview_equal_nocase(o->text, STRVIEW("on")) || strview_equal_nocase(o->text, STRVIEW("true"));
        }
        return true;
    }
    if (node->set.reset_all) {
        settings_reset_all(s);
        return true;
    }
    if (node->set.reset || node->set.is_default)
        return settings_reset(s, node->set.name, err);
    if (node->set.local && b->tx != TX_OPEN)
        session_notice(b, "WARNING", SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                       "SET LOCAL can only be used in transaction blocks");
    return settings_set(s, node->set.name, node->set.value, node->set.local, false, err);
}

/* ---- others ---- */

static bool run_deallocate(struct backend *b, const struct ast_node *node, struct error *err)
{
    if (node->deallocate.all) {
        while (b->statements)
            prepared_remove(b, b->statements->name);
        return true;
    }
    char *name = arena_strndup(&b->tx_arena, node->deallocate.name.ptr, node->deallocate.name.len);
    if (!prepared_find(b, name))
        return error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
    prepared_remove(b, name);
    return true;
}

static bool run_discard(struct backend *b, const struct ast_node *node, struct error *err)
{
    if (strcmp(node->discard.what, "ALL") != 0)
        return true;
    if (b->tx == TX_OPEN || b->multi)
        return error_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION, "DISCARD ALL cannot run inside a transaction block");
    settings_reset_all(&b->settings);
    while (b->statements)
        prepared_remove(b, b->statements->name);
    return true;
}

static bool unsupported(const struct ast_node *node, struct error *err)
{
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", ast_tag(node));
    error_position(err, node->begin + 1);
    switch (node->kind) {
    case AST_DELETE:
    case AST_UPDATE:
    case AST_TRUNCATE: return error_hint(err, "Rows are only added; DROP TABLE removes all of them.");
    case AST_DECLARE_CURSOR:
    case AST_FETCH:
    case AST_CLOSE_CURSOR: return error_hint(err, "Use the protocol's portals with a row limit, or LIMIT and OFFSET.");
    default: return error_hint(err, "The README lists the statements that are supported.");
    }
}

bool utility_describe(struct backend *b, struct prepared *p, struct error *err)
{
    switch (p->node->kind) {
    case AST_SHOW: return describe_show(b, p, err);
    case AST_EXPLAIN: return describe_explain(b, p, err);
    case AST_EXECUTE: return describe_execute(b, p, err);
    case AST_PREPARE:
    case AST_COPY:
    case AST_INSERT:
    case AST_CREATE_TABLE:
    case AST_ALTER_TABLE:
    case AST_DROP:
    case AST_CREATE_ROLE:
    case AST_ALTER_ROLE:
    case AST_DROP_ROLE:
    case AST_SET:
    case AST_TRANSACTION:
    case AST_DEALLOCATE:
    case AST_DISCARD:
    case AST_LISTEN:
    case AST_UNLISTEN:
    case AST_LOCK: return true;
    case AST_CLOSE_CURSOR:
        if (p->node->deallocate.all)
            return true;
        return unsupported(p->node, err);
    default: return unsupported(p->node, err);
    }
}

/* DDL inside a block waits for COMMIT. */
static bool run_or_defer(struct backend *b, const struct ast_node *node,
                         bool (*run)(struct backend *, const struct ast_node *, struct error *), struct error *err)
{
    if (b->tx != TX_OPEN)
        return run(b, node, err);
    error_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION, "%s cannot run inside a transaction block", ast_tag(node));
    return error_hint(err, "COMMIT first; only CREATE TABLE, COPY and INSERT take part in transactions so far.");
}

static bool run_role(struct backend *b, const struct ast_node *node, struct error *err)
{
    if (!b->superuser)
        return error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied to %s role",
                         node->kind == AST_CREATE_ROLE  ? "create"
                         : node->kind == AST_ALTER_ROLE ? "alter"
                                                        : "drop");
    return b->host->role_change(b->host->arg, node, err);
}

bool utility_run(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    const char *value;
    snprintf(portal->tag, sizeof portal->tag, "%s", ast_tag(node));
    switch (node->kind) {
    case AST_SHOW:
        value = settings_get(&b->settings, node->show.name, err);
        if (value)
            text_add(portal, strview_of(value));
        return value != NULL;
    case AST_EXPLAIN: return run_explain(b, portal, err);
    case AST_SET: return run_set(b, node, err);
    case AST_TRANSACTION: {
        /* Ending the transaction frees portals in the list; this one must live on until it has answered. */
        char tag[64];
        struct portal **at = &b->portals;
        while (*at && *at != portal)
            at = &(*at)->next;
        bool listed = *at == portal;
        if (listed)
            *at = portal->next;
        bool ok = tx_run(b, node, tag, err);
        if (listed) {
            portal->next = b->portals;
            b->portals = portal;
        }
        snprintf(portal->tag, sizeof portal->tag, "%s", tag);
        return ok;
    }
    case AST_INSERT: return run_insert(b, portal, err);
    case AST_COPY: return run_copy(b, portal, err);
    case AST_CREATE_TABLE: return run_create_table(b, portal, err);
    case AST_ALTER_TABLE: return run_or_defer(b, node, run_alter_table, err);
    case AST_DROP: return run_or_defer(b, node, run_drop, err);
    case AST_CREATE_ROLE:
    case AST_ALTER_ROLE:
    case AST_DROP_ROLE: return run_role(b, node, err);
    case AST_PREPARE: return run_prepare(b, portal, err);
    case AST_DEALLOCATE: return run_deallocate(b, node, err);
    case AST_DISCARD: return run_discard(b, node, err);
    case AST_LISTEN:
    case AST_UNLISTEN:
    case AST_LOCK: return true;
    case AST_CLOSE_CURSOR: return true;
    default: return unsupported(node, err);
    }
}
