/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, utility statements and the names of what we do not know. */
#include <postgres.h>
#include <nodes/parsenodes.h>

#include "planner/pgq_int.h"

static struct strview role_name(struct pgq *pc, const RoleSpec *role)
{
    switch (role->roletype) {
    case ROLESPEC_CSTRING: return pgq_str(pc, role->rolename);
    case ROLESPEC_PUBLIC: return STRVIEW("public");
    case ROLESPEC_SESSION_USER: return STRVIEW("session_user");
    default: return STRVIEW("current_user");
    }
}

static bool role_stmt(struct pgq *pc, const Node *stmt, struct ast_node *out)
{
    if (IsA(stmt, CreateRoleStmt)) {
        const CreateRoleStmt *s = (const CreateRoleStmt *)stmt;
        out->kind = AST_CREATE_ROLE;
        out->role.name = pgq_str(pc, s->role);
        return pgq_options(pc, s->options, &out->role.noption, &out->role.option);
    }
    if (IsA(stmt, AlterRoleStmt)) {
        const AlterRoleStmt *s = (const AlterRoleStmt *)stmt;
        out->kind = AST_ALTER_ROLE;
        out->role.name = role_name(pc, s->role);
        return pgq_options(pc, s->options, &out->role.noption, &out->role.option);
    }
    const DropRoleStmt *s = (const DropRoleStmt *)stmt;
    out->kind = AST_DROP_ROLE;
    out->role.if_exists = s->missing_ok;
    out->role.nname = (uint32_t)list_length(s->roles);
    out->role.names = ARENA_ARRAY(pc->arena, struct strview, out->role.nname);
    for (uint32_t i = 0; i < out->role.nname; i++)
        out->role.names[i] = role_name(pc, list_nth(s->roles, (int)i));
    if (out->role.nname)
        out->role.name = out->role.names[0];
    return true;
}

static const char *discard_what(DiscardMode mode)
{
    switch (mode) {
    case DISCARD_ALL: return "ALL";
    case DISCARD_PLANS: return "PLANS";
    case DISCARD_SEQUENCES: return "SEQUENCES";
    default: return "TEMP";
    }
}

/* CALL f(…): the text of the call. */
static void call_stmt(struct pgq *pc, struct ast_node *out, const CallStmt *stmt)
{
    size_t begin = stmt->funccall->location >= 0 ? (size_t)stmt->funccall->location : 0;
    out->kind = AST_CALL;
    out->call.function_sql = strview_make(pc->sql.ptr + begin, sql_expr_end(pc->sql, begin, false) - begin);
}

static void named(struct pgq *pc, struct ast_node *out, enum ast_kind kind, const char *name)
{
    out->kind = kind;
    out->deallocate.name = pgq_str(pc, name);
    out->deallocate.all = name == NULL;
}

bool pgq_utility(struct pgq *pc, const Node *stmt, struct ast_node *out, bool *known)
{
    *known = true;
    switch (nodeTag(stmt)) {
    case T_CreateRoleStmt:
    case T_AlterRoleStmt:
    case T_DropRoleStmt: return role_stmt(pc, stmt, out);
    case T_VariableShowStmt:
        out->kind = AST_SHOW;
        out->show.name = pgq_str(pc, ((const VariableShowStmt *)stmt)->name);
        out->show.all = strcmp(((const VariableShowStmt *)stmt)->name, "all") == 0;
        return true;
    case T_DeallocateStmt: named(pc, out, AST_DEALLOCATE, ((const DeallocateStmt *)stmt)->name); return true;
    case T_ClosePortalStmt: named(pc, out, AST_CLOSE_CURSOR, ((const ClosePortalStmt *)stmt)->portalname); return true;
    case T_ListenStmt: named(pc, out, AST_LISTEN, ((const ListenStmt *)stmt)->conditionname); return true;
    case T_UnlistenStmt: named(pc, out, AST_UNLISTEN, ((const UnlistenStmt *)stmt)->conditionname); return true;
    case T_NotifyStmt: named(pc, out, AST_NOTIFY, ((const NotifyStmt *)stmt)->conditionname); return true;
    case T_DiscardStmt:
        out->kind = AST_DISCARD;
        out->discard.what = discard_what(((const DiscardStmt *)stmt)->target);
        return true;
    case T_LockStmt: out->kind = AST_LOCK; return true;
    case T_CheckPointStmt: out->kind = AST_CHECKPOINT; return true;
    case T_VacuumStmt: out->kind = AST_VACUUM; return true;
    case T_CallStmt: call_stmt(pc, out, (const CallStmt *)stmt); return true;
    case T_CommentStmt: out->kind = AST_COMMENT; return true;
    case T_GrantStmt:
    case T_GrantRoleStmt: out->kind = AST_GRANT; return true;
    case T_CreateSchemaStmt:
        named(pc, out, AST_CREATE_SCHEMA, ((const CreateSchemaStmt *)stmt)->schemaname);
        return true;
    case T_TruncateStmt: out->kind = AST_TRUNCATE; return true;
    case T_DeleteStmt: out->kind = AST_DELETE; return true;
    case T_UpdateStmt: out->kind = AST_UPDATE; return true;
    default: *known = false; return true;
    }
}

const char *pgq_tag(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_MergeStmt: return "MERGE";
    case T_ViewStmt: return "CREATE VIEW";
    case T_IndexStmt: return "CREATE INDEX";
    case T_CreateFunctionStmt: return "CREATE FUNCTION";
    case T_DoStmt: return "DO";
    case T_CreateSeqStmt: return "CREATE SEQUENCE";
    case T_AlterSeqStmt: return "ALTER SEQUENCE";
    case T_CreateExtensionStmt: return "CREATE EXTENSION";
    case T_CreateTrigStmt: return "CREATE TRIGGER";
    case T_CreateEnumStmt:
    case T_CompositeTypeStmt:
    case T_CreateRangeStmt: return "CREATE TYPE";
    case T_CreateDomainStmt: return "CREATE DOMAIN";
    case T_CreatedbStmt: return "CREATE DATABASE";
    case T_DropdbStmt: return "DROP DATABASE";
    case T_AlterDatabaseStmt:
    case T_AlterDatabaseSetStmt: return "ALTER DATABASE";
    case T_AlterRoleSetStmt: return "ALTER ROLE";
    case T_AlterSystemStmt: return "ALTER SYSTEM";
    case T_CreateForeignServerStmt: return "CREATE SERVER";
    case T_CreateForeignTableStmt: return "CREATE FOREIGN TABLE";
    case T_CreateUserMappingStmt: return "CREATE USER MAPPING";
    case T_ImportForeignSchemaStmt: return "IMPORT FOREIGN SCHEMA";
    case T_CreatePublicationStmt: return "CREATE PUBLICATION";
    case T_CreateSubscriptionStmt: return "CREATE SUBSCRIPTION";
    case T_RefreshMatViewStmt: return "REFRESH MATERIALIZED VIEW";
    case T_ReindexStmt: return "REINDEX";
    case T_ClusterStmt: return "CLUSTER";
    case T_ConstraintsSetStmt: return "SET CONSTRAINTS";
    case T_AlterOwnerStmt: return "ALTER … OWNER";
    case T_AlterObjectSchemaStmt: return "ALTER … SET SCHEMA";
    case T_RuleStmt: return "CREATE RULE";
    case T_CreatePolicyStmt: return "CREATE POLICY";
    case T_LoadStmt: return "LOAD";
    case T_CreateCastStmt: return "CREATE CAST";
    case T_DefineStmt: return "CREATE";
    case T_CreateStatsStmt: return "CREATE STATISTICS";
    case T_ReassignOwnedStmt: return "REASSIGN OWNED";
    case T_DropOwnedStmt: return "DROP OWNED";
    default: return "this statement";
    }
}
