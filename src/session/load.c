/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT and COPY: moving rows between the client, queries and loads. */
#include "session/session_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Finishes a load and keeps it for the end of the transaction. On failure it is gone. */
static bool keep_load(struct backend *b, struct host_load *load, uint64_t *rows, struct error *err)
{
    if (b->nload == PENDING_MAX) {
        b->host->load_close(load);
        error_set(err, SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED, "more than %d loads in one transaction", PENDING_MAX);
        return error_hint(err, "Use one COPY, or an INSERT of many rows.");
    }
    if (!b->host->load_finish(load, rows, err)) {
        b->host->load_close(load);
        return false;
    }
    b->load[b->nload++] = load;
    return true;
}

static bool refuse_kafka(const struct table_def *def, const char *what, struct error *err)
{
    if (!table_is_kafka(def))
        return true;
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s into table \"%s\", which is fed by Kafka, is not supported",
              what, def->name);
    return error_hint(err, "Produce to topic \"%s\" instead.", def->options.kafka_topic);
}

/* ---- INSERT ---- */

/* Columns that the statement leaves out and that have a default. */
struct insert_defaults {
    uint32_t n;
    uint32_t *column; /* attnum - 1 */
    struct vec *value;
};

static bool find_target(const struct table_def *def, struct strview name, uint32_t *out)
{
    const struct column_def *c = table_def_column(def, name);
    for (uint32_t i = 0; !c && i < def->ncolumn; i++)
        if (!def->column[i].dropped && strview_equal_nocase(name, strview_of(def->column[i].name)))
            c = &def->column[i];
    if (c)
        *out = (uint32_t)c->attnum - 1;
    return c != NULL;
}

static bool insert_targets(struct arena *arena, const struct ast_node *node, const struct table_def *def,
                           uint32_t ncolumn, uint32_t **out, uint32_t *nout, struct error *err)
{
    uint32_t n = 0;
    *out = ARENA_ARRAY(arena, uint32_t, def->ncolumn + node->insert.ncolumn + 1);
    if (node->insert.ncolumn == 0) {
        for (uint32_t i = 0; i < def->ncolumn && n < ncolumn; i++)
            if (!def->column[i].dropped)
                (*out)[n++] = i;
    }
    for (uint32_t i = 0; i < node->insert.ncolumn; i++) {
        struct strview name = node->insert.column[i];
        int32_t position = node->insert.column_location ? node->insert.column_location[i] + 1 : 0;
        if (!find_target(def, name, &(*out)[n])) {
            error_set(err, SQLSTATE_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%s\" does not exist",
                      (int)name.len, name.ptr, def->name);
            return error_position(err, position);
        }
        for (uint32_t k = 0; k < n; k++)
            if ((*out)[k] == (*out)[n]) {
                error_set(err, SQLSTATE_DUPLICATE_COLUMN, "column \"%.*s\" specified more than once", (int)name.len,
                          name.ptr);
                return error_position(err, position);
            }
        n++;
    }
    *nout = n;
    if (ncolumn > n)
        return error_set(err, SQLSTATE_SYNTAX_ERROR, "INSERT has more expressions than target columns");
    if (ncolumn < n && node->insert.ncolumn)
        return error_set(err, SQLSTATE_SYNTAX_ERROR, "INSERT has more target columns than expressions");
    return true;
}

static bool make_defaults(struct backend *b, struct arena *arena, const struct table_def *def, const uint32_t *target,
                          uint32_t ntarget, struct insert_defaults *out, struct error *err)
{
    struct expr_env env = {0};
    session_value_ctx(b, &env.ctx);
    out->n = 0;
    out->column = ARENA_ARRAY(arena, uint32_t, def->ncolumn + 1);
    out->value = ARENA_ARRAY(arena, struct vec, def->ncolumn + 1);
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        bool given = false;
        struct expr *expr;
        struct value v;
        for (uint32_t k = 0; k < ntarget; k++)
            given = given || target[k] == i;
        if (given || c->dropped || !c->default_sql)
            continue;
        if (!sql_bind_column_expr(arena, strview_of(c->default_sql), def, c->type, false, &env.ctx, &expr, err) ||
            !expr_eval_const(arena, expr, &env, &v, err) ||
            !vec_const(&out->value[out->n], arena, type_phys(c->type.oid), v.is_null ? NULL : &v.d, err))
            return false;
        out->column[out->n++] = i;
    }
    return true;
}

static bool insert_rows(struct backend *b, struct portal *portal, struct host_load *load, const struct plan *plan,
                        const uint32_t *target, const struct insert_defaults *defaults, struct error *err)
{
    struct host_snapshot *snapshot;
    struct exec_query *exec;
    const struct batch *batch;
    enum exec_next next;
    bool own, ok;
    uint32_t ncol = plan->ncol + defaults->n;
    uint32_t *map = ARENA_ARRAY(&portal->arena, uint32_t, ncol + 1);
    struct vec *col = ARENA_ARRAY(&portal->arena, struct vec, ncol + 1);
    memcpy(map, target, plan->ncol * sizeof *map);
    memcpy(map + plan->ncol, defaults->column, defaults->n * sizeof *map);
    memcpy(col + plan->ncol, defaults->value, defaults->n * sizeof *col);
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    ok = query_start(b, plan, portal->param, snapshot, false, &exec, err);
    if (ok) {
        while (ok && (next = exec_next(exec, &batch, err)) == EXEC_ROWS) {
            struct batch wide = {.n = batch->n, .ncol = ncol, .col = col, .sel = batch->sel};
            memcpy(col, batch->col, plan->ncol * sizeof *col);
            ok = b->host->load_append(load, &wide, map, err);
        }
        ok = ok && next == EXEC_END;
        query_stop(b, exec);
    }
    if (own)
        b->host->snapshot_close(snapshot);
    return ok;
}

struct insert_plan {
    struct plan *plan;
    uint32_t *target;
    uint32_t ntarget;
    struct insert_defaults defaults;
};

/* What the insert's targets are depends on how many columns the source has: known once it is bound. */
struct insert_binding {
    const struct ast_node *node;
    const struct table_def *def;
    struct insert_plan *out;
};

static bool bind_targets(void *arg, struct arena *arena, struct bound_query *bound, struct error *err)
{
    struct insert_binding *i = arg;
    return insert_targets(arena, i->node, i->def, bound->ncol, &i->out->target, &i->out->ntarget, err) &&
           sql_bind_insert(arena, bound, i->def, i->out->target, bound->ncol, err);
}

/* Source query bound, coerced to the target's types and planned. */
static bool plan_insert(struct backend *b, struct portal *portal, const struct table_def *def, struct insert_plan *out,
                        struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    struct prepared *source = prepared_new("");
    struct insert_binding binding = {node, def, out};
    source->sql = portal->prepared->sql;
    source->node = node->insert.source;
    source->adapt = bind_targets;
    source->adapt_arg = &binding;
    bool ok = query_prepare(b, source, (uint16_t)portal->prepared->nparam, portal->prepared->param_type, err) &&
              make_defaults(b, &source->arena, def, out->target, source->bound.ncol, &out->defaults, err);
    out->plan = source->plan;
    /* The plan lives in source's arena: it must last as long as the portal. */
    arena_on_release(&portal->arena, (void (*)(void *))prepared_put, source);
    return ok;
}

bool describe_insert(struct backend *b, struct prepared *p, uint16_t nparam, const oid_t *param, struct error *err)
{
    const struct table_def *def;
    struct insert_plan plan = {0};
    struct insert_binding binding = {p->node, NULL, &plan};
    if (!find_table(b, &p->node->insert.table, &def, err))
        return false;
    struct prepared *source = prepared_new("");
    binding.def = def;
    source->sql = p->sql;
    source->node = p->node->insert.source;
    source->simple = p->simple;
    source->adapt = bind_targets;
    source->adapt_arg = &binding;
    bool ok = query_prepare(b, source, nparam, param, err);
    if (ok) {
        p->nparam = source->nparam;
        p->param_type = ARENA_ARRAY(&p->arena, oid_t, p->nparam + 1U);
        for (uint32_t i = 0; i < p->nparam; i++)
            p->param_type[i] = source->param_type[i];
    }
    prepared_put(source);
    table_def_put(def);
    return ok;
}

bool run_insert(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    const struct table_def *def;
    struct insert_plan plan = {0};
    struct host_load *load;
    uint64_t rows = 0;
    if (node->insert.has_returning || node->insert.has_conflict || !node->insert.source) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported",
                  node->insert.has_returning  ? "RETURNING"
                  : node->insert.has_conflict ? "ON CONFLICT"
                                              : "DEFAULT VALUES");
        error_position(err, node->begin + 1);
        return error_hint(err, "INSERT INTO t [(columns)] VALUES … or SELECT … is.");
    }
    if (!find_table(b, &node->insert.table, &def, err))
        return false;
    bool ok = refuse_kafka(def, "INSERT", err) && plan_insert(b, portal, def, &plan, err) &&
              b->host->load_open(b->host->arg, def, NULL, &load, err);
    if (ok) {
        ok = insert_rows(b, portal, load, plan.plan, plan.target, &plan.defaults, err);
        if (ok)
            ok = keep_load(b, load, &rows, err);
        else
            b->host->load_close(load);
    }
    table_def_put(def);
    snprintf(portal->tag, sizeof portal->tag, "INSERT 0 %" PRIu64, rows);
    return ok;
}

/* ---- COPY FROM ---- */

static bool copy_from_client(struct backend *b, struct host_load *load, const struct table_def *def,
                             const struct host_copy_options *copy, struct error *err)
{
    struct strview data;
    uint32_t ncolumn = copy->ncolumn;
    if (ncolumn == 0)
        for (uint32_t i = 0; i < def->ncolumn; i++)
            ncolumn += !def->column[i].dropped && def->column[i].generated == GENERATED_NONE;
    pg_copy_in_begin(b->conn, 0, (uint16_t)ncolumn);
    for (;;) {
        switch (pg_copy_in_read(b->conn, &data, err)) {
        case PG_COPY_DONE: return true;
        case PG_COPY_FAILED: return false;
        case PG_COPY_DATA: break;
        }
        if (session_cancelled(b, err) || !b->host->load_feed(load, data.ptr, data.len, err)) {
            pg_copy_in_abandon(b->conn);
            return false;
        }
    }
}

static bool stop_file(void *arg)
{
    struct error unused;
    return session_cancelled(arg, &unused);
}

static bool copy_from_file(struct backend *b, struct host_load *load, struct strview name, struct error *err)
{
    char *path = arena_strndup(&b->tx_arena, name.ptr, name.len);
    if (!b->superuser) {
        error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "must be superuser to COPY from a file");
        return error_hint(err, "Anyone can COPY from stdin; psql's \\copy command also works for anyone.");
    }
    bool ok = b->host->load_feed_file(load, path, stop_file, b, err);
    struct error cancelled;
    if (!ok && session_cancelled(b, &cancelled))
        *err = cancelled;
    return ok;
}

static bool copy_from(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    struct host_copy_options copy = {node->copy.noption, node->copy.option, node->copy.ncolumn, node->copy.column};
    const struct table_def *def;
    struct host_load *load;
    uint64_t rows = 0;
    if (!find_table(b, &node->copy.table, &def, err))
        return false;
    bool ok = refuse_kafka(def, "COPY", err) && b->host->load_open(b->host->arg, def, &copy, &load, err);
    if (ok) {
        ok = node->copy.filename.len ? copy_from_file(b, load, node->copy.filename, err)
                                     : copy_from_client(b, load, def, &copy, err);
        if (ok)
            ok = keep_load(b, load, &rows, err);
        else
            b->host->load_close(load);
    }
    table_def_put(def);
    snprintf(portal->tag, sizeof portal->tag, "COPY %" PRIu64, rows);
    return ok;
}

/* ---- COPY TO ---- */

static void encode_batch(struct backend *b, void *encoder, const struct prepared *source, const struct batch *batch,
                         struct strview *value, struct strbuf *texts, struct strbuf *out)
{
    struct value_ctx ctx;
    size_t *begin = xcalloc(source->ncolumn + 1, sizeof *begin);
    session_value_ctx(b, &ctx);
    for (uint32_t row = 0; row < batch->n; row++) {
        strbuf_clear(texts);
        for (uint32_t c = 0; c < source->ncolumn; c++) {
            const struct vec *v = &batch->col[c];
            begin[c] = texts->len;
            value[c].ptr = NULL;
            if (v->phys != PHYS_NONE && !vec_is_null(v, row)) {
                value_format(texts, source->column[c].type.oid, vec_value(v, row), &ctx);
                value[c].ptr = ""; /* not NULL; the buffer may still move */
            }
            value[c].len = texts->len - begin[c];
        }
        for (uint32_t c = 0; c < source->ncolumn; c++)
            if (value[c].ptr)
                value[c].ptr = texts->data + begin[c];
        strbuf_clear(out);
        b->host->copy_out_row(encoder, value, source->ncolumn, out);
        pg_copy_data(b->conn, out->data, out->len);
    }
    free(begin);
}

static bool copy_rows(struct backend *b, struct portal *portal, const struct prepared *source, void *encoder,
                      uint64_t *rows, struct error *err)
{
    struct host_snapshot *snapshot;
    struct exec_query *exec;
    const struct batch *batch;
    struct strbuf texts, out;
    enum exec_next next = EXEC_FAILED;
    bool own;
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    strbuf_init(&texts);
    strbuf_init(&out);
    bool ok = query_start(b, source->plan, portal->param, snapshot, false, &exec, err);
    if (ok) {
        struct strview *value = xcalloc(source->ncolumn + 1, sizeof *value);
        pg_copy_out_begin(b->conn, 0, (uint16_t)source->ncolumn);
        b->host->copy_out_header(encoder, &out);
        if (out.len)
            pg_copy_data(b->conn, out.data, out.len);
        while (pg_conn_ok(b->conn) && (next = exec_next(exec, &batch, err)) == EXEC_ROWS) {
            encode_batch(b, encoder, source, batch, value, &texts, &out);
            *rows += batch->n;
        }
        ok = next == EXEC_END;
        if (ok)
            pg_copy_out_done(b->conn);
        else if (next == EXEC_ROWS || !pg_conn_ok(b->conn))
            error_set(err, SQLSTATE_CONNECTION_FAILURE, "connection to client lost");
        query_stop(b, exec);
        free(value);
    }
    if (own)
        b->host->snapshot_close(snapshot);
    strbuf_release(&texts);
    strbuf_release(&out);
    return ok;
}

/* COPY t [(columns)] TO is COPY (SELECT columns FROM t) TO. */
static bool table_query(struct prepared *source, const struct ast_node *node, struct error *err)
{
    struct strbuf sql;
    struct ast_list list;
    strbuf_init(&sql);
    strbuf_add_cstr(&sql, "SELECT ");
    for (uint32_t i = 0; i < node->copy.ncolumn; i++)
        strbuf_add_fmt(&sql, "%s\"%.*s\"", i ? ", " : "", (int)node->copy.column[i].len, node->copy.column[i].ptr);
    strbuf_add_cstr(&sql, node->copy.ncolumn ? " FROM " : "* FROM ");
    if (node->copy.table.schema.len)
        strbuf_add_fmt(&sql, "\"%.*s\".", (int)node->copy.table.schema.len, node->copy.table.schema.ptr);
    const char *quote = node->copy.table.quoted ? "\"" : "";
    strbuf_add_fmt(&sql, "%s%.*s%s", quote, (int)node->copy.table.name.len, node->copy.table.name.ptr, quote);
    source->sql = arena_strview(&source->arena, strview_make(sql.data, sql.len));
    strbuf_release(&sql);
    bool ok = sql_parse(&source->arena, source->sql, &list, err);
    if (ok)
        source->node = list.node[0];
    return ok;
}

static bool copy_to(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    struct host_copy_options copy = {node->copy.noption, node->copy.option, 0, NULL};
    struct prepared *source = prepared_new("");
    void *encoder;
    uint64_t rows = 0;
    bool ok = true;
    source->sql = portal->prepared->sql;
    source->node = node->copy.query;
    if (node->copy.filename.len) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY to a file on the server is not supported");
        ok = error_hint(err, "Use COPY … TO STDOUT, or psql's \\copy.");
    } else if (!node->copy.query) {
        ok = table_query(source, node, err);
        err->position = 0;
    }
    ok = ok && query_prepare(b, source, 0, NULL, err) &&
         b->host->copy_out_open(b->host->arg, &copy, &source->bound, &encoder, err);
    if (ok) {
        ok = copy_rows(b, portal, source, encoder, &rows, err);
        b->host->copy_out_close(encoder);
    }
    prepared_put(source);
    snprintf(portal->tag, sizeof portal->tag, "COPY %" PRIu64, rows);
    return ok;
}

bool run_copy(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    if (node->copy.program || node->copy.has_where) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY with %s is not supported",
                  node->copy.program ? "PROGRAM" : "WHERE");
        error_position(err, node->begin + 1);
        return error_hint(err, "Use STDIN, a file, or STDOUT.");
    }
    return node->copy.from ? copy_from(b, portal, err) : copy_to(b, portal, err);
}
