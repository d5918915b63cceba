/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue, roles and sessions as pg_catalog wants them. The context is the statement's snapshot. */
#include "node/db_int.h"

#include <stdio.h>

static const struct syscat *provide_registry(void *context) { return snapshot_db(context)->syscat; }

static const char *provide_database(void *context, oid_t *oid)
{
    *oid = CATALOG_DATABASE_OID;
    return CATALOG_DATABASE;
}

static void provide_tables(void *context, void (*fn)(void *arg, const struct table_def *def, double rows), void *arg)
{
    const struct catalog_snapshot *catalog = snapshot_catalog(context);
    for (uint32_t i = 0; i < catalog_table_count(catalog); i++) {
        const struct table_def *def = catalog_table_at(catalog, i);
        fn(arg, def, snapshot_rows_estimate(context, def->oid));
    }
}

static void provide_roles(void *context, void (*fn)(void *arg, const struct syscat_role *role), void *arg)
{
    const struct catalog_snapshot *catalog = snapshot_catalog(context);
    for (uint32_t i = 0; i < catalog_role_count(catalog); i++) {
        const struct catalog_role *r = catalog_role_at(catalog, i);
        struct syscat_role role = {.oid = r->oid,
                                   .name = r->name,
                                   .superuser = r->superuser,
                                   .login = r->login,
                                   .create_role = r->create_role,
                                   .create_db = r->create_db,
                                   .valid_until =
                                       r->valid_until_us == CATALOG_NO_EXPIRY ? INT64_MIN : r->valid_until_us};
        fn(arg, &role);
    }
}

struct session_each {
    const struct catalog_snapshot *catalog;
    void (*fn)(void *arg, const struct syscat_session *session);
    void *arg;
};

static void provide_session(void *arg, const struct session_info *s)
{
    struct session_each *e = arg;
    const struct catalog_role *role = catalog_role_by_name(e->catalog, strview_of(s->user));
    struct syscat_session out = {.pid = s->pid,
                                 .role = role ? role->oid : 0,
                                 .user = s->user,
                                 .database = s->database,
                                 .application = s->application,
                                 .client_addr = s->client_addr,
                                 .client_port = s->client_port,
                                 .state = s->state,
                                 .query = s->query,
                                 .active = s->statement_id != 0,
                                 .backend_start_us = s->backend_start_us,
                                 .transaction_start_us = s->transaction_start_us,
                                 .query_start_us = s->query_start_us,
                                 .state_change_us = s->state_change_us};
    e->fn(e->arg, &out);
}

static void provide_sessions(void *context, void (*fn)(void *arg, const struct syscat_session *session), void *arg)
{
    struct session_each e = {snapshot_catalog(context), fn, arg};
    struct db *db = snapshot_db(context);
    if (db->sessions)
        session_server_each(db->sessions, provide_session, &e);
}

static const struct func_session *provide_own_session(void *context) { return snapshot_session(context); }

const struct syscat_provider db_syscat_provider = {
    .registry = provide_registry,
    .database = provide_database,
    .each_table = provide_tables,
    .each_role = provide_roles,
    .each_session = provide_sessions,
    .session = provide_own_session,
};

/* ---- names by number, for functions ---- */

bool db_relation_name(void *arg, oid_t oid, char schema[FUNC_NAME_SIZE], char name[FUNC_NAME_SIZE])
{
    struct db *db = arg;
    struct catalog_snapshot *catalog = catalog_snapshot_get(db->catalog);
    const struct table_def *def = catalog_table_by_oid(catalog, oid);
    if (!def)
        def = syscat_by_oid(db->syscat, oid);
    if (def) {
        snprintf(schema, FUNC_NAME_SIZE, "%s", def->schema_name);
        snprintf(name, FUNC_NAME_SIZE, "%s", def->name);
    }
    catalog_snapshot_put(catalog);
    return def != NULL;
}

bool db_role_name(void *arg, oid_t oid, char name[FUNC_NAME_SIZE])
{
    struct db *db = arg;
    struct catalog_snapshot *catalog = catalog_snapshot_get(db->catalog);
    const struct catalog_role *role = catalog_role_by_oid(catalog, oid);
    if (role)
        snprintf(name, FUNC_NAME_SIZE, "%s", role->name);
    catalog_snapshot_put(catalog);
    return role != NULL;
}
