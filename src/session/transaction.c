/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions. Outside a block each simple query text, and each run of extended messages up to Sync, is an implicit
 * transaction. Loads are finished (their segments durable) when their statement ends and published together at COMMIT,
 * or dropped. CREATE TABLE in a block is checked at once and created at COMMIT, so `BEGIN; CREATE TABLE …; ROLLBACK;`
 * is a dry run. REPEATABLE READ keeps the snapshot of its first statement.
 */
#include "session/session_int.h"

#include <stdio.h>

void tx_begin_implicit(struct backend *b)
{
    if (b->tx != TX_IDLE)
        return;
    struct error ignored;
    b->tx = TX_IMPLICIT;
    b->tx_start_us = session_now_us(b);
    const char *read_only = settings_get(&b->settings, STRVIEW("default_transaction_read_only"), &ignored);
    b->tx_read_only = strcmp(read_only, "on") == 0;
    const char *level = settings_get(&b->settings, STRVIEW("default_transaction_isolation"), &ignored);
    b->tx_repeatable = strcmp(level, "repeatable read") == 0 || strcmp(level, "serializable") == 0;
}

/* Drops the loads and the DDL from these numbers on. */
static void forget_effects(struct backend *b, uint32_t nload, uint32_t nddl)
{
    while (b->nload > nload)
        b->host->load_close(b->load[--b->nload]);
    while (b->nddl > nddl) {
        struct host_table *create = b->ddl[--b->nddl].create;
        if (create)
            b->host->table_discard(b->host->arg, create);
    }
}

/* What a transaction holds besides its effects. */
static void forget(struct backend *b)
{
    portals_free_all(b);
    if (b->tx_snapshot)
        b->host->snapshot_close(b->tx_snapshot);
    b->tx_snapshot = NULL;
    forget_effects(b, 0, 0);
    b->savepoint = NULL;
    arena_reset(&b->tx_arena);
    b->tx = TX_IDLE;
}

static bool publish(struct backend *b, struct error *err)
{
    for (uint32_t i = 0; i < b->nddl; i++) {
        struct pending_ddl *d = &b->ddl[i];
        struct host_table *create = d->create;
        d->create = NULL; /* table_create takes it in any case */
        bool ok = create                                  ? b->host->table_create(b->host->arg, create, err)
                  : d->statement->kind == AST_ALTER_TABLE ? run_alter_table(b, d->statement, err)
                                                          : run_drop(b, d->statement, err);
        if (!ok)
            return false;
    }
    return b->nload == 0 || b->host->loads_publish(b->host->arg, b->load, b->nload, err);
}

static bool commit(struct backend *b, struct error *err)
{
    b->tx = TX_IMPLICIT; /* pending DDL runs now */
    bool ok = publish(b, err);
    forget(b);
    if (ok)
        settings_commit(&b->settings);
    else
        settings_rollback(&b->settings);
    return ok;
}

static void rollback(struct backend *b)
{
    forget(b);
    settings_rollback(&b->settings);
}

bool tx_end_implicit(struct backend *b, bool ok, struct error *err)
{
    if (b->tx != TX_IMPLICIT)
        return true;
    if (ok)
        return commit(b, err);
    rollback(b);
    return true;
}

void tx_fail(struct backend *b)
{
    if (b->tx != TX_OPEN)
        return;
    if (!b->savepoint) /* else ROLLBACK TO may still bring it back */
        rollback(b);
    b->tx = TX_FAILED;
}

void tx_release(struct backend *b)
{
    if (b->tx != TX_IDLE)
        rollback(b);
}

static bool is_write(const struct ast_node *node)
{
    switch (node->kind) {
    case AST_INSERT:
    case AST_CREATE_TABLE:
    case AST_ALTER_TABLE:
    case AST_DROP:
    case AST_CREATE_ROLE:
    case AST_ALTER_ROLE:
    case AST_DROP_ROLE:
    case AST_TRUNCATE:
    case AST_DELETE:
    case AST_UPDATE: return true;
    case AST_COPY: return node->copy.from;
    default: return false;
    }
}

bool tx_allows(const struct backend *b, const struct ast_node *node, struct error *err)
{
    bool ends = node->kind == AST_TRANSACTION &&
                (node->transaction.what == TX_COMMIT || node->transaction.what == TX_ROLLBACK ||
                 node->transaction.what == TX_ROLLBACK_TO);
    if (b->tx == TX_FAILED && !ends)
        return error_set(err, SQLSTATE_IN_FAILED_SQL_TRANSACTION,
                         "current transaction is aborted, commands ignored until end of transaction block");
    if ((b->tx == TX_OPEN || b->tx == TX_IMPLICIT) && b->tx_read_only && is_write(node))
        return error_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                         ast_tag(node));
    return true;
}

bool tx_snapshot(struct backend *b, struct host_snapshot **out, bool *own, struct error *err)
{
    if (b->tx_snapshot) {
        *out = b->tx_snapshot;
        *own = false;
        return true;
    }
    if (!b->host->snapshot_open(b->host->arg, b->load, b->nload, out, err))
        return false;
    if (b->host->snapshot_session)
        b->host->snapshot_session(*out, &b->facts);
    *own = !(b->tx == TX_OPEN && b->tx_repeatable);
    if (!*own) {
        b->tx_snapshot = *out;
        b->tx_snapshot_nload = b->nload;
    }
    return true;
}

/* Isolation level and access mode of BEGIN, START TRANSACTION and SET TRANSACTION. */
static bool set_modes(struct backend *b, const struct ast_option *option, uint32_t n, struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct ast_option *o = &option[i];
        if (strview_equal_cstr(o->key, "transaction_isolation")) {
            if (!settings_set(&b->settings, o->key, o->text, true, false, err))
                return false;
            b->tx_repeatable = strview_equal_nocase(o->text, STRVIEW("repeatable read")) ||
                               strview_equal_nocase(o->text, STRVIEW("serializable"));
        } else if (strview_equal_cstr(o->key, "transaction_read_only")) {
            bool read_only;
            if (!bool_parse(o->text, &read_only, err) ||
                !settings_set(&b->settings, o->key, STRVIEW("on"), true, false, err) ||
                !settings_set(&b->settings, o->key, o->text, true, false, err))
                return false;
            b->tx_read_only = read_only;
        }
    }
    return true;
}

static bool begin(struct backend *b, const struct ast_node *node, char tag[64], struct error *err)
{
    snprintf(tag, 64, node->transaction.start ? "START TRANSACTION" : "BEGIN");
    if (b->tx == TX_OPEN) {
        session_notice(b, "WARNING", SQLSTATE_ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress");
        return true;
    }
    if (b->tx == TX_IDLE)
        tx_begin_implicit(b);
    b->tx = TX_OPEN;
    return set_modes(b, node->transaction.option, node->transaction.noption, err);
}

static bool end(struct backend *b, bool want_commit, bool chain, char tag[64], struct error *err)
{
    bool ok = true, repeatable = b->tx_repeatable, read_only = b->tx_read_only;
    bool commits = want_commit && b->tx != TX_FAILED;
    snprintf(tag, 64, commits ? "COMMIT" : "ROLLBACK");
    if (b->tx != TX_OPEN && b->tx != TX_FAILED) {
        if (chain)
            return error_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION, "%s can only be used in transaction blocks",
                             want_commit ? "COMMIT AND CHAIN" : "ROLLBACK AND CHAIN");
        session_notice(b, "WARNING", SQLSTATE_NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
        return true;
    }
    if (commits)
        ok = commit(b, err);
    else
        rollback(b);
    if (ok && chain) {
        tx_begin_implicit(b);
        b->tx = TX_OPEN;
        b->tx_repeatable = repeatable;
        b->tx_read_only = read_only;
    }
    return ok;
}

/* ---- savepoints ---- */

static void set_savepoint(struct backend *b, struct strview name)
{
    struct savepoint *s = ARENA_NEW(&b->tx_arena, struct savepoint);
    *s = (struct savepoint){.outer = b->savepoint,
                            .name = arena_strndup(&b->tx_arena, name.ptr, name.len),
                            .nload = b->nload,
                            .nddl = b->nddl,
                            .next_portal = b->next_portal,
                            .settings = settings_mark(&b->settings)};
    b->savepoint = s;
}

static void rollback_to(struct backend *b, struct savepoint *s)
{
    portals_free_since(b, s->next_portal);
    if (b->tx_snapshot && b->tx_snapshot_nload > s->nload) {
        b->host->snapshot_close(b->tx_snapshot);
        b->tx_snapshot = NULL;
    }
    forget_effects(b, s->nload, s->nddl);
    settings_rollback_to(&b->settings, s->settings);
    b->savepoint = s;
    b->tx = TX_OPEN;
}

static bool run_savepoint(struct backend *b, const struct ast_node *node, char tag[64], struct error *err)
{
    enum transaction_kind what = node->transaction.what;
    struct strview name = node->transaction.savepoint;
    snprintf(tag, 64, what == TX_SAVEPOINT ? "SAVEPOINT" : what == TX_RELEASE ? "RELEASE" : "ROLLBACK");
    if (b->tx != TX_OPEN && b->tx != TX_FAILED)
        return error_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION, "%s can only be used in transaction blocks",
                         what == TX_SAVEPOINT ? "SAVEPOINT"
                         : what == TX_RELEASE ? "RELEASE SAVEPOINT"
                                              : "ROLLBACK TO SAVEPOINT");
    if (what == TX_SAVEPOINT) {
        set_savepoint(b, name);
        return true;
    }
    struct savepoint *s = b->savepoint;
    while (s && !strview_equal_cstr(name, s->name))
        s = s->outer;
    if (!s)
        return error_set(err, SQLSTATE_INVALID_SAVEPOINT_SPECIFICATION, "savepoint \"%.*s\" does not exist",
                         (int)name.len, name.ptr);
    if (what == TX_RELEASE)
        b->savepoint = s->outer;
    else
        rollback_to(b, s);
    return true;
}

bool tx_run(struct backend *b, const struct ast_node *node, char tag[64], struct error *err)
{
    switch (node->transaction.what) {
    case TX_BEGIN: return begin(b, node, tag, err);
    case TX_COMMIT: return end(b, true, node->transaction.chain, tag, err);
    case TX_ROLLBACK: return end(b, false, node->transaction.chain, tag, err);
    case TX_SAVEPOINT:
    case TX_RELEASE:
    case TX_ROLLBACK_TO: return run_savepoint(b, node, tag, err);
    case TX_PREPARE: break;
    }
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", ast_tag(node));
    error_position(err, node->begin + 1);
    return error_hint(err, "Use BEGIN, COMMIT and ROLLBACK.");
}
