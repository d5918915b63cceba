/* SPDX-License-Identifier: Apache-2.0 */
/* PREPARE and EXECUTE as SQL; the statements share their names with those of the extended protocol. */
#include "session/session_int.h"

#include <stdlib.h>

bool prepared_own(struct prepared *p, struct strview sql, int32_t begin, struct error *err)
{
    struct ast_list list;
    p->sql = arena_strview(&p->arena, sql);
    if (!sql_parse(&p->arena, p->sql, &list, err))
        return false;
    for (uint32_t i = 0; i < list.n; i++)
        if (list.node[i]->begin == begin) {
            p->node = list.node[i];
            return true;
        }
    return error_set(err, SQLSTATE_INTERNAL_ERROR, "the statement at %d is gone", begin);
}

bool run_prepare(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    struct strview name = node->prepare.name;
    struct prepared *p = prepared_new("");
    free(p->name);
    p->name = xstrndup(name.ptr, name.len);
    bool ok = prepared_own(p, portal->prepared->sql, node->begin, err);
    if (ok)
        ok = prepared_make(b, p->sql, p->node->prepare.statement, (uint16_t)node->prepare.ntype, node->prepare.type, p,
                           err);
    if (ok && prepared_find(b, p->name))
        ok = error_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists", p->name);
    if (ok)
        prepared_add(b, p);
    else
        prepared_put(p);
    return ok;
}

static struct prepared *find_named(struct backend *b, const struct ast_node *node, struct error *err)
{
    struct strview name = node->execute.name;
    for (struct prepared *p = b->statements; p; p = p->next)
        if (strview_equal_cstr(name, p->name))
            return p;
    error_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%.*s\" does not exist", (int)name.len,
              name.ptr);
    return NULL;
}

bool describe_execute(struct backend *b, struct prepared *p, struct error *err)
{
    struct prepared *target = find_named(b, p->node, err);
    if (!target || !query_revalidate(b, target, err))
        return false;
    p->ncolumn = target->ncolumn;
    p->column = ARENA_ARRAY(&p->arena, struct bound_column, p->ncolumn + 1U);
    for (uint32_t i = 0; i < p->ncolumn; i++) {
        p->column[i] = target->column[i];
        p->column[i].name = arena_strdup(&p->arena, target->column[i].name);
    }
    return true;
}

/* The arguments are the one row of a SELECT. */
static bool argument_query(const struct ast_node *node, const struct prepared *target, struct prepared *source,
                           struct error *err)
{
    struct ast_list list;
    struct strbuf sql;
    strbuf_init(&sql);
    for (uint32_t i = 0; i < node->execute.narg; i++) {
        strbuf_add_cstr(&sql, i ? ", CAST(" : "SELECT CAST(");
        strbuf_add_view(&sql, node->execute.arg_sql[i]);
        strbuf_add_cstr(&sql, " AS ");
        type_format(&sql, coltype(target->param_type[i]));
        strbuf_add_cstr(&sql, ")");
    }
    source->sql = arena_strview(&source->arena, strview_make(sql.data, sql.len));
    strbuf_release(&sql);
    source->simple = true;
    bool ok = sql_parse(&source->arena, source->sql, &list, err);
    if (ok)
        source->node = list.node[0];
    return ok;
}

static bool copy_arguments(struct portal *portal, const struct prepared *target, const struct batch *batch,
                           struct error *err)
{
    portal->param = ARENA_ARRAY(&portal->arena, struct value, target->nparam + 1U);
    for (uint32_t i = 0; i < target->nparam; i++) {
        struct value *v = &portal->param[i];
        struct vec copy;
        *v = (struct value){.type = target->param_type[i], .is_null = vec_is_null(&batch->col[i], 0)};
        if (v->is_null)
            continue;
        if (!vec_gather(&copy, &batch->col[i], &portal->arena, 1, NULL, err))
            return false;
        memcpy(&v->d, vec_value(&copy, 0), phys_size[copy.phys]);
    }
    return true;
}

static bool evaluate_arguments(struct backend *b, struct portal *portal, const struct ast_node *node,
                               const struct prepared *target, struct error *err)
{
    struct prepared *source = prepared_new("");
    struct host_snapshot *snapshot = NULL;
    struct exec_query *exec;
    const struct batch *batch;
    bool own = false;
    bool ok = argument_query(node, target, source, err) && query_prepare(b, source, 0, NULL, err) &&
              tx_snapshot(b, &snapshot, &own, err);
    if (ok && query_start(b, source->plan, NULL, snapshot, false, &exec, err)) {
        ok = exec_next(exec, &batch, err) == EXEC_ROWS && copy_arguments(portal, target, batch, err);
        query_stop(b, exec);
    } else {
        ok = false;
    }
    if (own)
        b->host->snapshot_close(snapshot);
    prepared_put(source);
    err->position = 0; /* it counts in a text that the client has not seen */
    return ok;
}

bool portal_resolve(struct backend *b, struct portal *portal, struct error *err)
{
    struct prepared *p = portal->prepared, *target;
    if (!p->node || p->node->kind != AST_EXECUTE)
        return true;
    if (!(target = find_named(b, p->node, err)) || !query_revalidate(b, target, err) ||
        (target->node && !tx_allows(b, target->node, err)))
        return false;
    bool same = target->ncolumn == p->ncolumn;
    for (uint32_t i = 0; same && i < p->ncolumn; i++)
        same = target->column[i].type.oid == p->column[i].type.oid;
    if (!same)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
    if (p->node->execute.narg != target->nparam) {
        error_set(err, SQLSTATE_SYNTAX_ERROR, "wrong number of parameters for prepared statement \"%s\"", target->name);
        return error_detail(err, "Expected %u parameters but got %u.", target->nparam, p->node->execute.narg);
    }
    if (target->nparam && !evaluate_arguments(b, portal, p->node, target, err))
        return false;
    target->refs++;
    portal->prepared = target;
    b->current = target;
    arena_on_release(&portal->arena, (void (*)(void *))prepared_put, p); /* its caller may still look at it */
    return true;
}
