/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE TABLE, ALTER TABLE, DROP and options of libpg_query's tree into ours. */
#include <postgres.h>
#include <nodes/parsenodes.h>

#include "planner/pgq_int.h"

static bool has_capital(struct strview s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
            return true;
    return false;
}

/* A bare word's source text: was something folded away? */
static bool lost_capitals(struct pgq *pc, int32_t location)
{
    if (location < 0)
        return false;
    struct sql_token token = sql_token_at(pc->sql, (size_t)location);
    return token.kind == SQL_WORD && has_capital(token.text);
}

static bool option_list(struct pgq *pc, const List *list, struct ast_option *o)
{
    o->kind = OPTION_LIST;
    o->nlist = (uint32_t)list_length(list);
    o->list = ARENA_ARRAY(pc->arena, struct strview, o->nlist);
    for (uint32_t i = 0; i < o->nlist; i++) {
        const Node *item = list_nth(list, (int)i);
        if (IsA(item, String))
            o->list[i] = pgq_str(pc, strVal(item));
        else if (IsA(item, RoleSpec))
            o->list[i] = pgq_str(pc, ((const RoleSpec *)item)->rolename);
        else if (IsA(item, A_Star))
            o->list[i] = STRVIEW("*");
    }
    return true;
}

static bool option_value(struct pgq *pc, const Node *arg, struct ast_option *o)
{
    if (arg && IsA(arg, A_Const)) {
        const A_Const *c = (const A_Const *)arg;
        if (c->isnull)
            return true;
        arg = &c->val.node;
    }
    if (!arg)
        return true;
    switch (nodeTag(arg)) {
    case T_Integer:
        o->kind = OPTION_INTEGER;
        o->text = strview_of(arena_fmt(pc->arena, "%d", intVal(arg)));
        return true;
    case T_Float:
        o->kind = OPTION_FLOAT;
        o->text = pgq_str(pc, castNode(Float, (Node *)arg)->fval);
        return true;
    case T_Boolean:
        o->kind = OPTION_WORD;
        o->text = boolVal(arg) ? STRVIEW("true") : STRVIEW("false");
        return true;
    case T_String:
        o->kind = OPTION_STRING;
        o->text = pgq_str(pc, strVal(arg));
        return true;
    case T_TypeName:
        o->kind = OPTION_WORD;
        o->text = pgq_name_list(pc, ((const TypeName *)arg)->names, -1).name;
        o->capitals_lost = lost_capitals(pc, ((const TypeName *)arg)->location);
        return true;
    case T_List: return option_list(pc, (const List *)arg, o);
    case T_A_Star:
        o->kind = OPTION_WORD;
        o->text = STRVIEW("*");
        return true;
    default: return true;
    }
}

bool pgq_options(struct pgq *pc, const List *list, uint32_t *n, struct ast_option **out)
{
    *n = (uint32_t)list_length(list);
    *out = ARENA_ARRAY(pc->arena, struct ast_option, *n);
    for (uint32_t i = 0; i < *n; i++) {
        const DefElem *def = list_nth(list, (int)i);
        struct ast_option *o = &(*out)[i];
        o->location = def->location;
        o->key = def->defnamespace ? strview_of(arena_fmt(pc->arena, "%s.%s", def->defnamespace, def->defname))
                                   : pgq_str(pc, def->defname);
        if (!option_value(pc, def->arg, o))
            return false;
    }
    return true;
}

/* The text after the word at `location` … (GENERATED ALWAYS AS ( … )): inside the first parentheses. */
static struct strview text_in_parens(struct pgq *pc, int32_t location)
{
    struct sql_token token = sql_token_at(pc->sql, (size_t)location);
    while (token.kind != SQL_END && !(token.kind == SQL_OTHER && token.text.ptr[0] == '('))
        token = sql_token_at(pc->sql, token.end);
    size_t begin = sql_token_at(pc->sql, token.end).begin;
    return strview_make(pc->sql.ptr + begin, sql_expr_end(pc->sql, begin, false) - begin);
}

static struct strview text_after_default(struct pgq *pc, int32_t location)
{
    struct sql_token token = sql_token_at(pc->sql, (size_t)location); /* DEFAULT */
    size_t begin = sql_token_at(pc->sql, token.end).begin;
    return strview_make(pc->sql.ptr + begin, sql_expr_end(pc->sql, begin, true) - begin);
}

static bool column_constraint(struct pgq *pc, const Constraint *c, struct ast_column_def *out)
{
    switch (c->contype) {
    case CONSTR_NULL: return true;
    case CONSTR_NOTNULL: out->not_null = true; return true;
    case CONSTR_DEFAULT: out->default_sql = text_after_default(pc, c->location); return true;
    case CONSTR_GENERATED: out->generated_sql = text_in_parens(pc, c->location); return true;
    case CONSTR_PRIMARY: out->primary_key = true; return true;
    case CONSTR_ATTR_DEFERRABLE:
    case CONSTR_ATTR_NOT_DEFERRABLE:
    case CONSTR_ATTR_DEFERRED:
    case CONSTR_ATTR_IMMEDIATE: return true;
    default:
        (void)error_set(pc->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "constraints of column \"%.*s\" are not supported",
                        (int)out->name.len, out->name.ptr);
        (void)error_hint(pc->err, "NOT NULL, DEFAULT and GENERATED ALWAYS AS (…) STORED are supported.");
        return error_position(pc->err, c->location + 1);
    }
}

static bool column_def(struct pgq *pc, const ColumnDef *def, struct ast_column_def *out)
{
    out->name = pgq_str(pc, def->colname);
    out->location = def->location;
    out->quoted = has_capital(out->name) || pgq_quoted_at(pc, def->location, 0);
    if (!def->typeName) /* column of CREATE TABLE OF */
        return true;
    struct ast_type *type = pgq_type(pc, def->typeName);
    if (type->err) {
        *pc->err = *type->err;
        return false;
    }
    out->type = type->type;
    ListCell *cell;
    foreach (cell, def->constraints)
        if (!column_constraint(pc, lfirst(cell), out))
            return false;
    return pgq_options(pc, def->fdwoptions, &out->noption, &out->option);
}

static bool create_table(struct pgq *pc, const CreateStmt *stmt, struct ast_node *out)
{
    out->kind = AST_CREATE_TABLE;
    out->create_table.table = pgq_range_var(pc, stmt->relation);
    out->create_table.if_not_exists = stmt->if_not_exists;
    out->create_table.temporary = stmt->relation->relpersistence == 't';
    out->create_table.inherits = stmt->inhRelations != NIL || stmt->partbound || stmt->ofTypename;
    out->create_table.column = ARENA_ARRAY(pc->arena, struct ast_column_def, (size_t)list_length(stmt->tableElts));
    ListCell *cell;
    foreach (cell, stmt->tableElts) {
        const Node *item = lfirst(cell);
        if (IsA(item, ColumnDef)) {
            if (!column_def(pc, (const ColumnDef *)item, &out->create_table.column[out->create_table.ncolumn++]))
                return false;
        } else if (IsA(item, TableLikeClause)) {
            out->create_table.like = true;
        } else {
            out->create_table.constraints = true;
        }
    }
    if (stmt->partspec) {
        const PartitionElem *elem = linitial(stmt->partspec->partParams);
        out->create_table.partition_by_range =
            strcmp(stmt->partspec->strategy, "range") == 0 && list_length(stmt->partspec->partParams) == 1;
        out->create_table.partition_column = pgq_str(pc, elem->name);
    }
    return pgq_options(pc, stmt->options, &out->create_table.noption, &out->create_table.option);
}

static bool create_table_as(struct pgq *pc, const CreateTableAsStmt *stmt, struct ast_node *out)
{
    if (stmt->objtype != OBJECT_TABLE) {
        out->kind = AST_OTHER;
        out->other.tag = "CREATE MATERIALIZED VIEW";
        return true;
    }
    out->kind = AST_CREATE_TABLE;
    out->create_table.table = pgq_range_var(pc, stmt->into->rel);
    out->create_table.if_not_exists = stmt->if_not_exists;
    out->create_table.temporary = stmt->into->rel->relpersistence == 't';
    out->create_table.ncolumn = (uint32_t)list_length(stmt->into->colNames);
    out->create_table.column = ARENA_ARRAY(pc->arena, struct ast_column_def, out->create_table.ncolumn);
    for (uint32_t i = 0; i < out->create_table.ncolumn; i++)
        out->create_table.column[i].name = pgq_str(pc, strVal(list_nth(stmt->into->colNames, (int)i)));
    return (out->create_table.as_query = pgq_stmt(pc, stmt->query)) != NULL &&
           pgq_options(pc, stmt->into->options, &out->create_table.noption, &out->create_table.option);
}

static bool alter_command(struct pgq *pc, const AlterTableCmd *cmd, struct ast_node *out)
{
    out->alter_table.old_name = pgq_str(pc, cmd->name);
    switch (cmd->subtype) {
    case AT_SetRelOptions:
        out->alter_table.what = ALTER_SET_OPTIONS;
        return pgq_options(pc, (const List *)cmd->def, &out->alter_table.noption, &out->alter_table.option);
    case AT_ResetRelOptions:
        out->alter_table.what = ALTER_RESET_OPTIONS;
        return pgq_options(pc, (const List *)cmd->def, &out->alter_table.noption, &out->alter_table.option);
    case AT_AddColumn:
        out->alter_table.what = ALTER_ADD_COLUMN;
        return column_def(pc, (const ColumnDef *)cmd->def, &out->alter_table.column);
    case AT_DropColumn: out->alter_table.what = ALTER_DROP_COLUMN; return true;
    case AT_ColumnDefault: out->alter_table.other = "ALTER COLUMN SET DEFAULT"; break;
    case AT_SetNotNull:
    case AT_DropNotNull: out->alter_table.other = "ALTER COLUMN SET/DROP NOT NULL"; break;
    case AT_AlterColumnType: out->alter_table.other = "ALTER COLUMN TYPE"; break;
    case AT_AddConstraint: out->alter_table.other = "ADD CONSTRAINT"; break;
    case AT_DropConstraint: out->alter_table.other = "DROP CONSTRAINT"; break;
    case AT_ChangeOwner: out->alter_table.other = "OWNER TO"; break;
    default: out->alter_table.other = "this form of ALTER TABLE"; break;
    }
    out->alter_table.what = ALTER_OTHER;
    return true;
}

static bool alter_table(struct pgq *pc, const AlterTableStmt *stmt, struct ast_node *out)
{
    if (stmt->objtype != OBJECT_TABLE) {
        out->kind = AST_OTHER;
        out->other.tag = stmt->objtype == OBJECT_INDEX ? "ALTER INDEX" : "ALTER";
        return true;
    }
    out->kind = AST_ALTER_TABLE;
    out->alter_table.table = pgq_range_var(pc, stmt->relation);
    out->alter_table.if_exists = stmt->missing_ok;
    if (list_length(stmt->cmds) != 1) {
        out->alter_table.what = ALTER_OTHER;
        out->alter_table.other = "ALTER TABLE with more than one change";
        return true;
    }
    return alter_command(pc, linitial(stmt->cmds), out);
}

static bool rename_stmt(struct pgq *pc, const RenameStmt *stmt, struct ast_node *out)
{
    if (stmt->relationType != OBJECT_TABLE && stmt->renameType != OBJECT_TABLE) {
        out->kind = AST_OTHER;
        out->other.tag = "ALTER … RENAME";
        return true;
    }
    out->kind = AST_ALTER_TABLE;
    out->alter_table.table = pgq_range_var(pc, stmt->relation);
    out->alter_table.if_exists = stmt->missing_ok;
    out->alter_table.what = stmt->renameType == OBJECT_TABLE    ? ALTER_RENAME_TABLE
                            : stmt->renameType == OBJECT_COLUMN ? ALTER_RENAME_COLUMN
                                                                : ALTER_OTHER;
    out->alter_table.other = "RENAME CONSTRAINT";
    out->alter_table.old_name = pgq_str(pc, stmt->subname);
    out->alter_table.new_name = pgq_str(pc, stmt->newname);
    return true;
}

static bool drop(struct pgq *pc, const DropStmt *stmt, struct ast_node *out)
{
    out->kind = AST_DROP;
    switch (stmt->removeType) {
    case OBJECT_TABLE: out->drop.what = DROP_TABLE; break;
    case OBJECT_VIEW: out->drop.what = DROP_VIEW; break;
    case OBJECT_INDEX: out->drop.what = DROP_INDEX; break;
    case OBJECT_SCHEMA: out->drop.what = DROP_SCHEMA; break;
    case OBJECT_MATVIEW:
        out->drop.what = DROP_OTHER;
        out->drop.other = "DROP MATERIALIZED VIEW";
        break;
    case OBJECT_SEQUENCE:
        out->drop.what = DROP_OTHER;
        out->drop.other = "DROP SEQUENCE";
        break;
    case OBJECT_FOREIGN_TABLE:
        out->drop.what = DROP_OTHER;
        out->drop.other = "DROP FOREIGN TABLE";
        break;
    default:
        out->drop.what = DROP_OTHER;
        out->drop.other = "DROP";
        break;
    }
    out->drop.if_exists = stmt->missing_ok;
    out->drop.cascade = stmt->behavior == DROP_CASCADE;
    out->drop.name = ARENA_ARRAY(pc->arena, struct ast_name, (size_t)list_length(stmt->objects));
    ListCell *cell;
    foreach (cell, stmt->objects) {
        const Node *object = lfirst(cell);
        struct ast_name name = {.location = -1};
        if (IsA(object, List))
            name = pgq_name_list(pc, (const List *)object, -1);
        else if (IsA(object, String))
            name.name = pgq_str(pc, strVal(object));
        name.quoted = has_capital(name.name);
        out->drop.name[out->drop.nname++] = name;
    }
    return true;
}

bool pgq_ddl(struct pgq *pc, const Node *stmt, struct ast_node *out, bool *known)
{
    *known = true;
    switch (nodeTag(stmt)) {
    case T_CreateStmt: return create_table(pc, (const CreateStmt *)stmt, out);
    case T_CreateTableAsStmt: return create_table_as(pc, (const CreateTableAsStmt *)stmt, out);
    case T_AlterTableStmt: return alter_table(pc, (const AlterTableStmt *)stmt, out);
    case T_RenameStmt: return rename_stmt(pc, (const RenameStmt *)stmt, out);
    case T_DropStmt: return drop(pc, (const DropStmt *)stmt, out);
    default: *known = false; return true;
    }
}
