/* SPDX-License-Identifier: Apache-2.0 */
/* The database, roles, sessions and settings as pg_catalog shows them. */
#include "syscat/cell_int.h"

#include "types/value.h"

bool fill_pg_database(void *context, struct vt_writer *w, struct error *err)
{
    oid_t oid;
    const char *name = provider_of(context)->database(context, &oid);
    vt_cells(w,
             (struct cell[PG_DATABASE_COLUMNS]){
                 [PG_DATABASE_OID] = NUMBER(oid),
                 [PG_DATABASE_DATNAME] = TEXT(name),
                 [PG_DATABASE_DATDBA] = NUMBER(OWNER),
                 [PG_DATABASE_ENCODING] = NUMBER(6), /* UTF8 */
                 [PG_DATABASE_DATLOCPROVIDER] = TEXT("c"),
                 [PG_DATABASE_DATISTEMPLATE] = NUMBER(false),
                 [PG_DATABASE_DATALLOWCONN] = NUMBER(true),
                 [PG_DATABASE_DATCONNLIMIT] = NUMBER(-1),
                 [PG_DATABASE_DATFROZENXID] = NUMBER(0),
                 [PG_DATABASE_DATMINMXID] = NUMBER(0),
                 [PG_DATABASE_DATTABLESPACE] = NUMBER(1663),
                 [PG_DATABASE_DATCOLLATE] = TEXT("C"),
                 [PG_DATABASE_DATCTYPE] = TEXT("C.UTF-8"),
             },
             PG_DATABASE_COLUMNS);
    return true;
}

static void roles_row(void *arg, const struct syscat_role *r)
{
    vt_cells(arg,
             (struct cell[PG_ROLES_COLUMNS]){
                 [PG_ROLES_ROLNAME] = TEXT(r->name),
                 [PG_ROLES_ROLSUPER] = NUMBER(r->superuser),
                 [PG_ROLES_ROLINHERIT] = NUMBER(true),
                 [PG_ROLES_ROLCREATEROLE] = NUMBER(r->create_role),
                 [PG_ROLES_ROLCREATEDB] = NUMBER(r->create_db),
                 [PG_ROLES_ROLCANLOGIN] = NUMBER(r->login),
                 [PG_ROLES_ROLREPLICATION] = NUMBER(false),
                 [PG_ROLES_ROLCONNLIMIT] = NUMBER(-1),
                 [PG_ROLES_ROLPASSWORD] = TEXT("********"),
                 [PG_ROLES_ROLVALIDUNTIL] = TIME(r->valid_until),
                 [PG_ROLES_ROLBYPASSRLS] = NUMBER(r->superuser),
                 [PG_ROLES_OID] = NUMBER(r->oid),
             },
             PG_ROLES_COLUMNS);
}

bool fill_pg_roles(void *context, struct vt_writer *w, struct error *err)
{
    provider_of(context)->each_role(context, roles_row, w);
    return true;
}

static void user_row(void *arg, const struct syscat_role *r)
{
    if (r->login)
        vt_cells(arg,
                 (struct cell[PG_USER_COLUMNS]){
                     [PG_USER_USENAME] = TEXT(r->name),
                     [PG_USER_USESYSID] = NUMBER(r->oid),
                     [PG_USER_USECREATEDB] = NUMBER(r->create_db),
                     [PG_USER_USESUPER] = NUMBER(r->superuser),
                     [PG_USER_USEREPL] = NUMBER(false),
                     [PG_USER_USEBYPASSRLS] = NUMBER(r->superuser),
                     [PG_USER_PASSWD] = TEXT("********"),
                     [PG_USER_VALUNTIL] = TIME(r->valid_until),
                 },
                 PG_USER_COLUMNS);
}

bool fill_pg_user(void *context, struct vt_writer *w, struct error *err)
{
    provider_of(context)->each_role(context, user_row, w);
    return true;
}

/* ---- pg_settings ---- */

static void settings_row(void *arg, const struct func_setting *s)
{
    vt_cells(arg,
             (struct cell[PG_SETTINGS_COLUMNS]){
                 [PG_SETTINGS_NAME] = TEXT(s->name),
                 [PG_SETTINGS_SETTING] = TEXT(s->value),
                 [PG_SETTINGS_UNIT] = TEXT(s->unit),
                 [PG_SETTINGS_CATEGORY] = TEXT(s->category),
                 [PG_SETTINGS_SHORT_DESC] = TEXT(s->description),
                 [PG_SETTINGS_CONTEXT] = TEXT(s->context),
                 [PG_SETTINGS_VARTYPE] = TEXT(s->vartype),
                 [PG_SETTINGS_SOURCE] = TEXT(s->source),
                 [PG_SETTINGS_MIN_VAL] = TEXT(s->min),
                 [PG_SETTINGS_MAX_VAL] = TEXT(s->max),
                 [PG_SETTINGS_ENUMVALS] = TEXT(s->choices),
                 [PG_SETTINGS_BOOT_VAL] = TEXT(s->boot),
                 [PG_SETTINGS_RESET_VAL] = TEXT(s->reset),
                 [PG_SETTINGS_PENDING_RESTART] = NUMBER(false),
             },
             PG_SETTINGS_COLUMNS);
}

bool fill_pg_settings(void *context, struct vt_writer *w, struct error *err)
{
    const struct func_session *session = provider_of(context)->session(context);
    if (session)
        session->each_setting(session->arg, settings_row, w);
    return true;
}

/* ---- pg_stat_activity ---- */

static int64_t timestamp_of(int64_t unix_us)
{
    return unix_us ? unix_us - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC : INT64_MIN;
}

struct activity {
    struct vt_writer *w;
    const char *database;
    oid_t database_oid;
};

static void activity_row(void *arg, const struct syscat_session *s)
{
    struct activity *a = arg;
    vt_cells(a->w,
             (struct cell[PG_STAT_ACTIVITY_COLUMNS]){
                 [PG_STAT_ACTIVITY_DATID] = NUMBER(a->database_oid),
                 [PG_STAT_ACTIVITY_DATNAME] = TEXT(a->database),
                 [PG_STAT_ACTIVITY_PID] = NUMBER(s->pid),
                 [PG_STAT_ACTIVITY_USESYSID] = NUMBER(s->role),
                 [PG_STAT_ACTIVITY_USENAME] = TEXT(s->user),
                 [PG_STAT_ACTIVITY_APPLICATION_NAME] = TEXT(s->application),
                 [PG_STAT_ACTIVITY_CLIENT_ADDR] = TEXT(s->client_addr[0] ? s->client_addr : NULL),
                 [PG_STAT_ACTIVITY_CLIENT_PORT] = NUMBER(s->client_addr[0] ? s->client_port : -1),
                 [PG_STAT_ACTIVITY_BACKEND_START] = TIME(timestamp_of(s->backend_start_us)),
                 [PG_STAT_ACTIVITY_XACT_START] = TIME(timestamp_of(s->transaction_start_us)),
                 [PG_STAT_ACTIVITY_QUERY_START] = TIME(timestamp_of(s->query_start_us)),
                 [PG_STAT_ACTIVITY_STATE_CHANGE] = TIME(timestamp_of(s->state_change_us)),
                 [PG_STAT_ACTIVITY_WAIT_EVENT_TYPE] = TEXT(s->active ? NULL : "Client"),
                 [PG_STAT_ACTIVITY_WAIT_EVENT] = TEXT(s->active ? NULL : "ClientRead"),
                 [PG_STAT_ACTIVITY_STATE] = TEXT(s->state),
                 [PG_STAT_ACTIVITY_QUERY] = TEXT(s->query),
                 [PG_STAT_ACTIVITY_BACKEND_TYPE] = TEXT("client backend"),
             },
             PG_STAT_ACTIVITY_COLUMNS);
}

bool fill_pg_stat_activity(void *context, struct vt_writer *w, struct error *err)
{
    struct activity a = {.w = w};
    a.database = provider_of(context)->database(context, &a.database_oid);
    provider_of(context)->each_session(context, activity_row, &a);
    return true;
}
