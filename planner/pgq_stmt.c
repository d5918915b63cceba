/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of libpg_query's tree into ours: queries, INSERT, COPY, transactions, cursors, settings. */
#include <postgres.h>
#include <limits.h>
#include <nodes/parsenodes.h>

#include "planner/pgq_int.h"

static bool insert_stmt(struct pgq *pc, const InsertStmt *stmt, struct ast_node *out)
{
    out->kind = AST_INSERT;
    if (stmt->withClause) {
        out->kind = AST_OTHER;
        out->other.tag = "WITH … INSERT";
        return true;
    }
    out->insert.table = pgq_range_var(pc, stmt->relation);
    out->insert.ncolumn = (uint32_t)list_length(stmt->cols);
    out->insert.column = ARENA_ARRAY(pc->arena, struct strview, out->insert.ncolumn);
    out->insert.column_location = ARENA_ARRAY(pc->arena, int32_t, out->insert.ncolumn);
    for (uint32_t i = 0; i < out->insert.ncolumn; i++) {
        const ResTarget *t = list_nth(stmt->cols, (int)i);
        out->insert.column[i] = pgq_str(pc, t->name);
        out->insert.column_location[i] = t->location;
    }
    out->insert.has_returning = stmt->returningList != NIL;
    out->insert.has_conflict = stmt->onConflictClause != NULL;
    return !stmt->selectStmt || (out->insert.source = pgq_stmt(pc, stmt->selectStmt)) != NULL;
}

static bool copy_stmt(struct pgq *pc, const CopyStmt *stmt, struct ast_node *out)
{
    out->kind = AST_COPY;
    out->copy.from = stmt->is_from;
    out->copy.program = stmt->is_program;
    out->copy.filename = pgq_str(pc, stmt->filename);
    out->copy.has_where = stmt->whereClause != NULL;
    if (stmt->relation) {
        out->copy.has_table = true;
        out->copy.table = pgq_range_var(pc, stmt->relation);
    }
    if (stmt->query && !(out->copy.query = pgq_stmt(pc, stmt->query)))
        return false;
    return pgq_strings(pc, stmt->attlist, &out->copy.ncolumn, &out->copy.column) &&
           pgq_options(pc, stmt->options, &out->copy.noption, &out->copy.option);
}

static bool transaction_stmt(struct pgq *pc, const TransactionStmt *stmt, struct ast_node *out)
{
    out->kind = AST_TRANSACTION;
    switch (stmt->kind) {
    case TRANS_STMT_BEGIN: out->transaction.what = TX_BEGIN; break;
    case TRANS_STMT_START:
        out->transaction.what = TX_BEGIN;
        out->transaction.start = true;
        break;
    case TRANS_STMT_COMMIT: out->transaction.what = TX_COMMIT; break;
    case TRANS_STMT_ROLLBACK: out->transaction.what = TX_ROLLBACK; break;
    case TRANS_STMT_SAVEPOINT: out->transaction.what = TX_SAVEPOINT; break;
    case TRANS_STMT_RELEASE: out->transaction.what = TX_RELEASE; break;
    case TRANS_STMT_ROLLBACK_TO: out->transaction.what = TX_ROLLBACK_TO; break;
    default: out->transaction.what = TX_PREPARE; break;
    }
    out->transaction.savepoint = pgq_str(pc, stmt->savepoint_name);
    out->transaction.chain = stmt->chain;
    return pgq_options(pc, stmt->options, &out->transaction.noption, &out->transaction.option);
}

/* A SET value as text. */
static void add_value(struct strbuf *sb, const Node *arg)
{
    if (sb->len)
        strbuf_add_cstr(sb, ", ");
    if (IsA(arg, TypeCast)) /* SET TIME ZONE INTERVAL '…' */
        arg = ((const TypeCast *)arg)->arg;
    if (!IsA(arg, A_Const))
        return;
    const A_Const *c = (const A_Const *)arg;
    switch (nodeTag(&c->val.node)) {
    case T_Integer: strbuf_add_fmt(sb, "%d", c->val.ival.ival); break;
    case T_Float: strbuf_add_cstr(sb, c->val.fval.fval); break;
    case T_Boolean: strbuf_add_cstr(sb, c->val.boolval.boolval ? "on" : "off"); break;
    case T_String: strbuf_add_cstr(sb, c->val.sval.sval); break;
    default: break;
    }
}

static bool set_stmt(struct pgq *pc, const VariableSetStmt *stmt, struct ast_node *out)
{
    out->kind = AST_SET;
    out->set.name = pgq_str(pc, stmt->name);
    out->set.local = stmt->is_local;
    switch (stmt->kind) {
    case VAR_SET_DEFAULT: out->set.is_default = true; return true;
    case VAR_RESET: out->set.reset = true; return true;
    case VAR_RESET_ALL: out->set.reset_all = true; return true;
    case VAR_SET_MULTI:
        out->set.transaction = true;
        if (strcmp(stmt->name, "TRANSACTION SNAPSHOT") == 0)
            return true;
        return pgq_options(pc, stmt->args, &out->set.noption, &out->set.option);
    default: break;
    }
    struct strbuf sb;
    ListCell *cell;
    strbuf_init(&sb);
    foreach (cell, stmt->args)
        add_value(&sb, lfirst(cell));
    out->set.value = arena_strview(pc->arena, strview_make(sb.data, sb.len));
    strbuf_release(&sb);
    return true;
}

static bool explain_stmt(struct pgq *pc, const ExplainStmt *stmt, struct ast_node *out)
{
    out->kind = AST_EXPLAIN;
    return (out->explain.statement = pgq_stmt(pc, stmt->query)) != NULL &&
           pgq_options(pc, stmt->options, &out->explain.noption, &out->explain.option);
}

static bool prepare_stmt(struct pgq *pc, const PrepareStmt *stmt, struct ast_node *out)
{
    out->kind = AST_PREPARE;
    out->prepare.name = pgq_str(pc, stmt->name);
    out->prepare.ntype = (uint32_t)list_length(stmt->argtypes);
    out->prepare.type = ARENA_ARRAY(pc->arena, oid_t, out->prepare.ntype);
    for (uint32_t i = 0; i < out->prepare.ntype; i++) {
        struct ast_type *type = pgq_type(pc, list_nth(stmt->argtypes, (int)i));
        if (type->err) {
            *pc->err = *type->err;
            return false;
        }
        out->prepare.type[i] = type->type.oid == TYPE_UNKNOWN ? 0 : type->type.oid;
    }
    return (out->prepare.statement = pgq_stmt(pc, stmt->query)) != NULL;
}

/* The texts of EXECUTE name ( a, b … ). */
static bool execute_stmt(struct pgq *pc, const ExecuteStmt *stmt, struct ast_node *out)
{
    out->kind = AST_EXECUTE;
    out->execute.name = pgq_str(pc, stmt->name);
    out->execute.narg = (uint32_t)list_length(stmt->params);
    out->execute.arg_sql = ARENA_ARRAY(pc->arena, struct strview, out->execute.narg);
    if (!out->execute.narg)
        return true;
    struct ast_expr *first = pgq_expr(pc, linitial(stmt->params));
    if (!first)
        return false;
    /* From the statement's name on, the first parenthesis opens the arguments. EXECUTE may stand inside another
     * statement (EXPLAIN EXECUTE …), whose options come before it. */
    size_t at = 0;
    struct sql_token token;
    for (token = sql_token_at(pc->sql, 0); token.kind != SQL_END; token = sql_token_at(pc->sql, token.end)) {
        if (first->location >= 0 && token.begin >= (size_t)first->location)
            break;
        if (sql_token_is(&token, "execute"))
            at = token.end;
    }
    token = sql_token_at(pc->sql, at);
    while (token.kind != SQL_END && !(token.kind == SQL_OTHER && token.text.ptr[0] == '('))
        token = sql_token_at(pc->sql, token.end);
    at = token.end;
    for (uint32_t i = 0; i < out->execute.narg && at < pc->sql.len; i++) {
        size_t begin = sql_token_at(pc->sql, at).begin, end = sql_expr_end(pc->sql, begin, false);
        out->execute.arg_sql[i] = strview_make(pc->sql.ptr + begin, end - begin);
        at = sql_token_at(pc->sql, end).end;
    }
    return true;
}

static bool declare_stmt(struct pgq *pc, const DeclareCursorStmt *stmt, struct ast_node *out)
{
    out->kind = AST_DECLARE_CURSOR;
    out->cursor.name = pgq_str(pc, stmt->portalname);
    out->cursor.scroll = stmt->options & CURSOR_OPT_SCROLL;
    out->cursor.no_scroll = stmt->options & CURSOR_OPT_NO_SCROLL;
    out->cursor.hold = stmt->options & CURSOR_OPT_HOLD;
    out->cursor.binary = stmt->options & CURSOR_OPT_BINARY;
    return (out->cursor.query = pgq_stmt(pc, stmt->query)) != NULL;
}

static bool fetch_stmt(struct pgq *pc, const FetchStmt *stmt, struct ast_node *out)
{
    out->kind = AST_FETCH;
    out->fetch.name = pgq_str(pc, stmt->portalname);
    out->fetch.move = stmt->ismove;
    out->fetch.count = stmt->howMany == FETCH_ALL ? INT64_MAX : stmt->howMany;
    switch (stmt->direction) {
    case FETCH_FORWARD: out->fetch.direction = FETCH_DIR_FORWARD; break;
    case FETCH_BACKWARD: out->fetch.direction = FETCH_DIR_BACKWARD; break;
    case FETCH_ABSOLUTE: out->fetch.direction = FETCH_DIR_ABSOLUTE; break;
    case FETCH_RELATIVE: out->fetch.direction = FETCH_DIR_RELATIVE; break;
    }
    return true;
}

static bool dispatch(struct pgq *pc, const Node *stmt, struct ast_node *out)
{
    bool known;
    switch (nodeTag(stmt)) {
    case T_SelectStmt: out->kind = AST_SELECT; return (out->select = pgq_select(pc, (const SelectStmt *)stmt)) != NULL;
    case T_InsertStmt: return insert_stmt(pc, (const InsertStmt *)stmt, out);
    case T_CopyStmt: return copy_stmt(pc, (const CopyStmt *)stmt, out);
    case T_TransactionStmt: return transaction_stmt(pc, (const TransactionStmt *)stmt, out);
    case T_VariableSetStmt: return set_stmt(pc, (const VariableSetStmt *)stmt, out);
    case T_ExplainStmt: return explain_stmt(pc, (const ExplainStmt *)stmt, out);
    case T_PrepareStmt: return prepare_stmt(pc, (const PrepareStmt *)stmt, out);
    case T_ExecuteStmt: return execute_stmt(pc, (const ExecuteStmt *)stmt, out);
    case T_DeclareCursorStmt: return declare_stmt(pc, (const DeclareCursorStmt *)stmt, out);
    case T_FetchStmt: return fetch_stmt(pc, (const FetchStmt *)stmt, out);
    default: break;
    }
    if (!pgq_ddl(pc, stmt, out, &known))
        return false;
    if (!known && !pgq_utility(pc, stmt, out, &known))
        return false;
    if (!known) {
        out->kind = AST_OTHER;
        out->other.tag = pgq_tag(stmt);
    }
    return true;
}

struct ast_node *pgq_stmt(struct pgq *pc, const Node *stmt)
{
    PGQ_ENTER(pc);
    struct ast_node *out = ARENA_NEW(pc->arena, struct ast_node);
    out->end = (int32_t)pc->sql.len;
    out->text = pc->sql;
    bool ok = dispatch(pc, stmt, out);
    pc->depth--;
    return ok ? out : NULL;
}
