/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements: binding, planning, and planning again after the catalogue has changed. */
#include "session/session_int.h"

#include <stdlib.h>

struct prepared *prepared_new(const char *name)
{
    struct prepared *p = xcalloc(1, sizeof *p);
    p->name = xstrdup(name);
    arena_init(&p->arena, NULL);
    p->refs = 1;
    return p;
}

void prepared_put(struct prepared *p)
{
    if (!p || --p->refs > 0)
        return;
    arena_release(&p->arena);
    free(p->name);
    free(p);
}

struct prepared *prepared_find(struct backend *b, const char *name)
{
    for (struct prepared *p = b->statements; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

void prepared_remove(struct backend *b, const char *name)
{
    for (struct prepared **at = &b->statements; *at; at = &(*at)->next) {
        struct prepared *p = *at;
        if (strcmp(p->name, name) != 0)
            continue;
        *at = p->next;
        p->closed = true;
        prepared_put(p);
        return;
    }
}

void prepared_add(struct backend *b, struct prepared *p)
{
    p->next = b->statements;
    b->statements = p;
}

/* ---- planning ---- */

/* Clients read the first two words. */
static const char version_text[] = "PostgreSQL 15.0 (Mencia 0.1), 64-bit";

static bool session_value(void *arg, const char *name, struct strview *out)
{
    struct backend *b = arg;
    if (strcmp(name, "current_user") == 0 || strcmp(name, "session_user") == 0 || strcmp(name, "user") == 0 ||
        strcmp(name, "current_role") == 0)
        *out = strview_of(b->user);
    else if (strcmp(name, "current_database") == 0 || strcmp(name, "current_catalog") == 0)
        *out = strview_of(b->database);
    else if (strcmp(name, "current_schema") == 0)
        *out = STRVIEW("public");
    else if (strcmp(name, "version") == 0)
        *out = strview_of(version_text);
    else
        return false;
    return true;
}

/* catalog_view hands its own arg to all functions; this one routes session_value to the session and the rest on. */
struct view {
    struct catalog_view host;
    struct backend *b;
};

static bool view_find(void *arg, struct strview schema, struct strview name, bool exact, struct relation *out,
                      bool *ambiguous)
{
    struct view *v = arg;
    return v->host.find_relation(v->host.arg, schema, name, exact, out, ambiguous);
}

static bool view_schema(void *arg, struct strview schema)
{
    struct view *v = arg;
    return v->host.schema_exists(v->host.arg, schema);
}

static void view_each(void *arg, void (*fn)(void *fn_arg, struct strview schema, struct strview name), void *fn_arg)
{
    struct view *v = arg;
    v->host.each_relation(v->host.arg, fn, fn_arg);
}

static void view_stats(void *arg, const struct table_def *def, uint32_t column, struct column_stats *out)
{
    struct view *v = arg;
    v->host.stats(v->host.arg, def, column, out);
}

static bool view_value(void *arg, const char *name, struct strview *out)
{
    return session_value(((struct view *)arg)->b, name, out);
}

static void put_def(void *arg) { table_def_put(arg); }

/* A plan outlives the snapshot it was made against: it keeps the definitions of its tables. */
static void keep_tables(struct arena *arena, const struct plan_node *node)
{
    if (node->kind == PLAN_SCAN && !node->scan.relation.is_virtual)
        arena_on_release(arena, put_def, table_def_get(node->scan.relation.def));
    for (uint32_t i = 0; i < node->nchild; i++)
        keep_tables(arena, node->child[i]);
}

static void keep_plan_tables(struct arena *arena, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->nfragment; i++)
        keep_tables(arena, plan->fragment[i].root);
    for (uint32_t i = 0; i < plan->nshared; i++)
        keep_tables(arena, plan->shared[i]);
    for (uint32_t i = 0; i < plan->ninit; i++)
        keep_tables(arena, plan->init[i].root);
}

static bool bind_and_plan(struct backend *b, struct prepared *p, struct host_snapshot *snapshot,
                          const struct bind_params *params, struct error *err)
{
    struct view view = {.b = b};
    struct value_ctx ctx;
    struct catalog_view catalog = {&view, view_find, view_schema, view_each, view_stats, view_value};
    struct plan_options options = {b->settings.debug_fragments, b->settings.disable_rules};
    b->host->catalog_view(snapshot, &view.host);
    session_value_ctx(b, &ctx);
    if (!sql_bind(&p->arena, p->node, &catalog, params, &ctx, &p->bound, err) ||
        (p->adapt && !p->adapt(p->adapt_arg, &p->arena, &p->bound, err)) ||
        !sql_plan(&p->arena, &p->bound, &options, &p->plan, err))
        return false;
    p->catalog_version = b->host->catalog_version(snapshot);
    keep_plan_tables(&p->arena, p->plan);
    return true;
}

bool query_prepare(struct backend *b, struct prepared *p, uint16_t nparam, const oid_t *param, struct error *err)
{
    struct host_snapshot *snapshot;
    struct bind_params params = {nparam, param};
    bool own;
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    bool ok = bind_and_plan(b, p, snapshot, p->simple ? NULL : &params, err);
    if (own)
        b->host->snapshot_close(snapshot);
    if (!ok)
        return false;
    p->is_query = true;
    p->nparam = p->bound.nparam;
    p->param_type = p->bound.param_type;
    p->ncolumn = p->bound.ncol;
    p->column = p->bound.column;
    if (p->ncolumn > RESULT_COLUMNS_MAX)
        return error_set(err, SQLSTATE_TOO_MANY_COLUMNS, "target lists can have at most %d entries",
                         RESULT_COLUMNS_MAX);
    return true;
}

bool query_revalidate(struct backend *b, struct prepared *p, struct error *err)
{
    struct host_snapshot *snapshot;
    bool own, ok = true;
    if (!p->is_query)
        return true;
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    if (b->host->catalog_version(snapshot) != p->catalog_version) {
        uint32_t ncolumn = p->ncolumn;
        struct bound_column *column = p->column;
        struct bind_params params = {(uint16_t)p->nparam, p->param_type};
        ok = bind_and_plan(b, p, snapshot, &params, err);
        bool same = ok && p->bound.ncol == ncolumn;
        for (uint32_t i = 0; same && i < ncolumn; i++)
            same = p->bound.column[i].type.oid == column[i].type.oid &&
                   p->bound.column[i].type.typmod == column[i].type.typmod &&
                   strcmp(p->bound.column[i].name, column[i].name) == 0;
        if (ok && !same) {
            p->catalog_version = 0;
            ok = error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
            err->routine = "RevalidateCachedQuery"; /* pgjdbc prepares again on this name only */
        }
    }
    if (own)
        b->host->snapshot_close(snapshot);
    return ok;
}

bool prepared_make(struct backend *b, struct strview sql, const struct ast_node *node, uint16_t nparam,
                   const oid_t *param, struct prepared *p, struct error *err)
{
    p->sql = sql;
    p->node = (struct ast_node *)node;
    if (!node)
        return true;
    if (node->kind == AST_SELECT)
        return query_prepare(b, p, nparam, param, err);
    if (node->kind == AST_INSERT && node->insert.source)
        return describe_insert(b, p, nparam, param, err);
    p->nparam = nparam;
    p->param_type = ARENA_ARRAY(&p->arena, oid_t, nparam + 1U);
    for (uint32_t i = 0; i < nparam; i++)
        p->param_type[i] = param[i] ? param[i] : TYPE_TEXT;
    return utility_describe(b, p, err);
}
