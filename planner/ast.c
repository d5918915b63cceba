/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/ast.h"

static const char *const tags[] = {
    [AST_SELECT] = "SELECT",
    [AST_INSERT] = "INSERT",
    [AST_COPY] = "COPY",
    [AST_CREATE_TABLE] = "CREATE TABLE",
    [AST_ALTER_TABLE] = "ALTER TABLE",
    [AST_CREATE_ROLE] = "CREATE ROLE",
    [AST_ALTER_ROLE] = "ALTER ROLE",
    [AST_DROP_ROLE] = "DROP ROLE",
    [AST_SHOW] = "SHOW",
    [AST_EXPLAIN] = "EXPLAIN",
    [AST_PREPARE] = "PREPARE",
    [AST_EXECUTE] = "EXECUTE",
    [AST_DECLARE_CURSOR] = "DECLARE CURSOR",
    [AST_CLOSE_CURSOR] = "CLOSE CURSOR",
    [AST_LISTEN] = "LISTEN",
    [AST_UNLISTEN] = "UNLISTEN",
    [AST_NOTIFY] = "NOTIFY",
    [AST_LOCK] = "LOCK TABLE",
    [AST_CHECKPOINT] = "CHECKPOINT",
    [AST_VACUUM] = "VACUUM",
    [AST_CALL] = "CALL",
    [AST_COMMENT] = "COMMENT",
    [AST_GRANT] = "GRANT",
    [AST_CREATE_SCHEMA] = "CREATE SCHEMA",
    [AST_TRUNCATE] = "TRUNCATE TABLE",
    [AST_DELETE] = "DELETE",
    [AST_UPDATE] = "UPDATE",
};

static const char *transaction_tag(const struct ast_node *node)
{
    switch (node->transaction.what) {
    case TX_BEGIN: return node->transaction.start ? "START TRANSACTION" : "BEGIN";
    case TX_COMMIT: return "COMMIT";
    case TX_ROLLBACK:
    case TX_ROLLBACK_TO: return "ROLLBACK";
    case TX_SAVEPOINT: return "SAVEPOINT";
    case TX_RELEASE: return "RELEASE";
    case TX_PREPARE: return "PREPARE TRANSACTION";
    }
    return "BEGIN";
}

static const char *drop_tag(const struct ast_node *node)
{
    switch (node->drop.what) {
    case DROP_TABLE: return "DROP TABLE";
    case DROP_VIEW: return "DROP VIEW";
    case DROP_INDEX: return "DROP INDEX";
    case DROP_SCHEMA: return "DROP SCHEMA";
    case DROP_OTHER: return node->drop.other;
    }
    return "DROP";
}

const char *ast_tag(const struct ast_node *node)
{
    switch (node->kind) {
    case AST_DROP: return drop_tag(node);
    case AST_SET: return node->set.reset || node->set.reset_all ? "RESET" : "SET";
    case AST_TRANSACTION: return transaction_tag(node);
    case AST_DEALLOCATE: return node->deallocate.all ? "DEALLOCATE ALL" : "DEALLOCATE";
    case AST_FETCH: return node->fetch.move ? "MOVE" : "FETCH";
    case AST_DISCARD:
        return strcmp(node->discard.what, "ALL") == 0         ? "DISCARD ALL"
               : strcmp(node->discard.what, "PLANS") == 0     ? "DISCARD PLANS"
               : strcmp(node->discard.what, "SEQUENCES") == 0 ? "DISCARD SEQUENCES"
                                                              : "DISCARD TEMP";
    case AST_OTHER: return node->other.tag;
    case AST_CREATE_TABLE: return node->create_table.as_query ? "SELECT" : "CREATE TABLE";
    default: return tags[node->kind];
    }
}
