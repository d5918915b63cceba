/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE, ALTER and DROP TABLE: from syntax to a checked definition; the host does the rest. */
#include "session/session_int.h"
#include "session/table_options.h"

#include <stdio.h>

static bool unsupported_at(struct error *err, int32_t location, const char *what, const char *hint)
{
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", what);
    error_hint(err, "%s", hint);
    return error_position(err, location + 1);
}

/* ---- columns ---- */

static bool generated_kind(const struct ast_column_def *ast, struct column_def *c, struct error *err)
{
    static const struct {
        const char *sql;
        enum generated_kind kind;
        oid_t types[4];
        const char *allowed;
    } metadata[] = {
        {"kafka_offset()", GENERATED_KAFKA_OFFSET, {TYPE_INT8}, "bigint"},
        {"kafka_partition()", GENERATED_KAFKA_PARTITION, {TYPE_INT4, TYPE_INT8, TYPE_INT2}, "integer"},
        {"kafka_timestamp()", GENERATED_KAFKA_TIMESTAMP, {TYPE_TIMESTAMPTZ}, "timestamptz"},
        {"kafka_key()", GENERATED_KAFKA_KEY, {TYPE_TEXT, TYPE_BYTEA, TYPE_VARCHAR}, "text or bytea"},
    };
    for (size_t i = 0; i < ARRAY_LEN(metadata); i++) {
        if (!strview_equal_nocase(strview_trim(ast->generated_sql), strview_of(metadata[i].sql)))
            continue;
        c->generated = metadata[i].kind;
        for (size_t k = 0; k < ARRAY_LEN(metadata[i].types); k++)
            if (metadata[i].types[k] == c->type.oid)
                return true;
        error_set(err, SQLSTATE_DATATYPE_MISMATCH, "column \"%s\" of %s must be %s", c->name, metadata[i].sql,
                  metadata[i].allowed);
        return error_position(err, ast->location + 1);
    }
    c->generated = GENERATED_EXPR;
    return true;
}

static bool column_path(struct table_def *def, const struct ast_column_def *ast, struct column_def *c,
                        struct error *err)
{
    for (uint32_t i = 0; i < ast->noption; i++) {
        const struct ast_option *o = &ast->option[i];
        if (!strview_equal_cstr(o->key, "path")) {
            error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unrecognized column option \"%.*s\"", (int)o->key.len,
                      o->key.ptr);
            error_hint(err, "The option of a column is path, as in OPTIONS (path 'a.b.c').");
            return error_position(err, o->location + 1);
        }
        if (o->text.len == 0)
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "the path of column \"%s\" is empty", c->name);
        c->source_path = arena_strndup(&def->arena, o->text.ptr, o->text.len);
        c->source_path_exact = true;
    }
    if (!c->source_path && c->generated == GENERATED_NONE)
        c->source_path = arena_strdup(&def->arena, c->name);
    return true;
}

static bool make_column(struct table_def *def, uint32_t i, const struct ast_column_def *ast, struct error *err)
{
    struct column_def *c = &def->column[i];
    const struct type_info *type = type_by_oid(ast->type.oid);
    struct strbuf name;
    c->name = arena_strndup(&def->arena, ast->name.ptr, MIN_OF(ast->name.len, (size_t)63));
    c->attnum = (int16_t)(i + 1);
    c->type = ast->type;
    c->not_null = ast->not_null;
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(def->column[k].name, c->name) == 0) {
            error_set(err, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", c->name);
            return error_position(err, ast->location + 1);
        }
    if (!type || !type->storable) {
        strbuf_init(&name);
        type_format(&name, ast->type);
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "columns of type %s are not supported", name.data);
        error_hint(err, "Column \"%s\" could be text or jsonb.", c->name);
        strbuf_release(&name);
        return error_position(err, ast->location + 1);
    }
    if (ast->primary_key)
        return unsupported_at(err, ast->location, "PRIMARY KEY", "Leave it out; rows are kept as they arrive.");
    if (ast->generated_sql.len) {
        c->generated_sql = arena_strndup(&def->arena, ast->generated_sql.ptr, ast->generated_sql.len);
        if (!generated_kind(ast, c, err))
            return false;
    }
    if (ast->default_sql.len)
        c->default_sql = arena_strndup(&def->arena, ast->default_sql.ptr, ast->default_sql.len);
    return column_path(def, ast, c, err);
}

/* Defaults and generated expressions must bind, be immutable and fit. */
static bool check_expressions(struct backend *b, const struct table_def *def, struct error *err)
{
    struct arena arena;
    struct value_ctx ctx;
    struct expr *expr;
    bool ok = true;
    arena_init(&arena, NULL);
    session_value_ctx(b, &ctx);
    for (uint32_t i = 0; ok && i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        if (c->default_sql)
            ok = sql_bind_column_expr(&arena, strview_of(c->default_sql), def, c->type, false, &ctx, &expr, err);
        if (ok && c->generated == GENERATED_EXPR)
            ok = sql_bind_column_expr(&arena, strview_of(c->generated_sql), def, c->type, true, &ctx, &expr, err);
        if (!ok) {
            err->position = 0; /* it counts within the expression, not the statement */
            error_context(err, "column \"%s\"", c->name);
        }
    }
    arena_release(&arena);
    return ok;
}

/* Metadata columns need a stream to come from. */
static bool check_kafka(const struct table_def *def, struct error *err)
{
    if (table_is_kafka(def))
        return true;
    for (uint32_t i = 0; i < def->ncolumn; i++)
        if (def->column[i].generated != GENERATED_NONE) {
            error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                      "generated column \"%s\" in a table without Kafka is not supported", def->column[i].name);
            return error_hint(err, "Add WITH (kafka.brokers = …, kafka.topic = …), or leave the column out.");
        }
    return true;
}

static bool refuse_clauses(const struct ast_node *node, struct error *err)
{
    if (node->create_table.temporary)
        return unsupported_at(err, node->begin, "CREATE TEMPORARY TABLE", "Use a WITH query or a subquery.");
    if (node->create_table.as_query)
        return unsupported_at(err, node->begin, "CREATE TABLE AS", "CREATE TABLE, then INSERT INTO … SELECT.");
    if (node->create_table.like || node->create_table.inherits)
        return unsupported_at(err, node->begin, "LIKE or INHERITS in CREATE TABLE", "List the columns.");
    if (node->create_table.constraints)
        return unsupported_at(err, node->begin, "a table constraint",
                              "Leave it out; NOT NULL on columns is supported.");
    if (node->create_table.partition_by_range && node->create_table.partition_column.len == 0)
        return unsupported_at(err, node->begin, "PARTITION BY an expression",
                              "Name the time column: PARTITION BY RANGE (ts).");
    if (node->create_table.ncolumn == 0)
        return unsupported_at(err, node->begin, "a table without columns", "List the columns that events should fill.");
    return true;
}

static bool make_def(struct backend *b, const struct ast_node *node, struct table_def *def, struct error *err)
{
    struct strview schema = node->create_table.table.schema, name = node->create_table.table.name;
    if (schema.len && !strview_equal_cstr(schema, "public")) {
        error_set(err, SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%.*s\" does not exist", (int)schema.len, schema.ptr);
        return error_position(err, node->create_table.table.location + 1);
    }
    if (node->create_table.ncolumn > 1600)
        return error_set(err, SQLSTATE_TOO_MANY_COLUMNS, "tables can have at most 1600 columns");
    def->schema_name = arena_strdup(&def->arena, "public");
    def->name = arena_strndup(&def->arena, name.ptr, MIN_OF(name.len, (size_t)63));
    def->owner = 10;
    def->ncolumn = node->create_table.ncolumn;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, def->ncolumn);
    table_options_default(&def->options);
    for (uint32_t i = 0; i < def->ncolumn; i++)
        if (!make_column(def, i, &node->create_table.column[i], err))
            return false;
    if (!table_options_apply(def, node->create_table.option, node->create_table.noption, false, err))
        return false;
    if (node->create_table.partition_by_range) {
        struct ast_option time = {.key = STRVIEW("time_column"),
                                  .kind = OPTION_STRING,
                                  .text = node->create_table.partition_column,
                                  .location = node->begin};
        if (!table_options_apply(def, &time, 1, false, err))
            return false;
        def->options.partition_by_range = true;
    }
    return check_kafka(def, err) && check_expressions(b, def, err);
}

bool run_create_table(struct backend *b, struct portal *portal, struct error *err)
{
    const struct ast_node *node = portal->prepared->node;
    const struct table_def *existing;
    struct host_table *table;
    struct host_notices notices;
    struct error unused;
    if (!refuse_clauses(node, err))
        return false;
    bool exists = find_table(b, &node->create_table.table, &existing, &unused);
    if (exists) {
        struct strview name = node->create_table.table.name;
        table_def_put(existing);
        if (!node->create_table.if_not_exists)
            return error_set(err, SQLSTATE_DUPLICATE_TABLE, "relation \"%.*s\" already exists", (int)name.len,
                             name.ptr);
        session_notice(b, "NOTICE", SQLSTATE_DUPLICATE_TABLE, "relation \"%.*s\" already exists, skipping",
                       (int)name.len, name.ptr);
        return true;
    }
    struct table_def *def = table_def_new();
    session_host_notices(b, &notices);
    bool ok = make_def(b, node, def, err) && b->host->table_check(b->host->arg, def, &notices, &table, err);
    table_def_put(def);
    if (!ok)
        return false;
    if (b->tx != TX_OPEN)
        return b->host->table_create(b->host->arg, table, err);
    if (b->nddl == PENDING_MAX) {
        b->host->table_discard(b->host->arg, table);
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d tables created in a transaction",
                         PENDING_MAX);
    }
    b->ddl[b->nddl++] = (struct pending_ddl){.create = table};
    return true;
}

/* ---- ALTER, DROP ---- */

bool find_table(struct backend *b, const struct ast_name *name, const struct table_def **out, struct error *err)
{
    struct host_snapshot *snapshot;
    struct catalog_view view;
    struct relation relation;
    bool own, ambiguous = false;
    if (!tx_snapshot(b, &snapshot, &own, err))
        return false;
    b->host->catalog_view(snapshot, &view);
    bool found = view.find_relation(view.arg, name->schema, name->name, name->quoted, &relation, &ambiguous);
    bool ok = found && !relation.is_virtual;
    if (ok)
        *out = table_def_get(relation.def);
    else if (found)
        error_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table", (int)name->name.len, name->name.ptr);
    else if (ambiguous)
        error_set(err, SQLSTATE_AMBIGUOUS_COLUMN, "relation name \"%.*s\" is ambiguous", (int)name->name.len,
                  name->name.ptr);
    else
        error_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%.*s%s%.*s\" does not exist", (int)name->schema.len,
                  name->schema.ptr ? name->schema.ptr : "", name->schema.len ? "." : "", (int)name->name.len,
                  name->name.ptr);
    if (!ok)
        error_position(err, name->location + 1);
    if (own)
        b->host->snapshot_close(snapshot);
    return ok;
}

static bool change_options(void *arg, struct table_def *def, struct error *err)
{
    const struct ast_node *node = arg;
    return table_options_apply(def, node->alter_table.option, node->alter_table.noption, true, err);
}

bool run_alter_table(struct backend *b, const struct ast_node *node, struct error *err)
{
    const struct table_def *def;
    struct error missing;
    if (!find_table(b, &node->alter_table.table, &def, &missing)) {
        if (!node->alter_table.if_exists || !error_is(&missing, SQLSTATE_UNDEFINED_TABLE)) {
            *err = missing;
            return false;
        }
        session_notice(b, "NOTICE", SQLSTATE_SUCCESSFUL_COMPLETION, "%s, skipping", missing.message);
        return true;
    }
    bool ok;
    if (node->alter_table.what == ALTER_SET_OPTIONS && !table_is_kafka(def)) {
        ok = error_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not fed by Kafka", def->name);
    } else if (node->alter_table.what == ALTER_SET_OPTIONS) {
        ok = b->host->table_alter(b->host->arg, def, change_options, (void *)node, err);
    } else {
        ok = unsupported_at(err, node->begin, "this form of ALTER TABLE",
                            "ALTER TABLE t SET (ingest = …, on_error = …, on_gap = …) is.");
    }
    table_def_put(def);
    return ok;
}

bool run_drop(struct backend *b, const struct ast_node *node, struct error *err)
{
    const struct table_def *def[PENDING_MAX];
    uint32_t n = 0;
    bool ok = true;
    if (node->drop.what != DROP_TABLE)
        return unsupported_at(err, node->begin, ast_tag(node), "DROP TABLE is.");
    for (uint32_t i = 0; ok && i < node->drop.nname; i++) {
        struct error missing;
        const struct ast_name *name = &node->drop.name[i];
        if (n == PENDING_MAX) {
            ok = error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d tables in one DROP TABLE", PENDING_MAX);
        } else if (find_table(b, name, &def[n], &missing)) {
            n++;
        } else if (node->drop.if_exists && error_is(&missing, SQLSTATE_UNDEFINED_TABLE)) {
            session_notice(b, "NOTICE", SQLSTATE_SUCCESSFUL_COMPLETION, "table \"%.*s\" does not exist, skipping",
                           (int)name->name.len, name->name.ptr);
        } else {
            *err = missing;
            if (error_is(&missing, SQLSTATE_UNDEFINED_TABLE))
                snprintf(err->message, sizeof err->message, "table \"%.*s\" does not exist", (int)name->name.len,
                         name->name.ptr);
            err->position = 0;
            ok = false;
        }
    }
    if (ok && n)
        ok = b->host->tables_drop(b->host->arg, def, n, err);
    for (uint32_t i = 0; i < n; i++)
        table_def_put(def[i]);
    return ok;
}
