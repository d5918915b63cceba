/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the catalogue: tables with their streams, and roles. */
#include "node/db_int.h"
#include "pgwire/scram.h"

#include <stdio.h>
#include <stdlib.h>

struct host_table {
    struct table_def *def;
    struct arena arena;
    struct partition_start *start;
    uint32_t nstart;
};

static void notice_lines(const struct host_notices *notices, const char *severity, const char *sqlstate,
                         const char *const *line, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct error e;
        error_set(&e, sqlstate, "%s", line[i]);
        notices->notice(notices->arg, severity, &e);
    }
}

/* Contacts the stream, resolves the start, reports on a sample. */
static bool check_stream(struct db *db, struct host_table *t, const struct host_notices *notices, struct error *err)
{
    struct decode_spec *spec;
    struct sample sample;
    struct value_ctx ctx = value_ctx_default;
    ctx.datetime.now = db->env->now_us(db->env) - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
    if (!make_decode_spec(t->def, &spec, err))
        return false;
    bool ok = sample_stream(spec, db->env, &ctx, SAMPLE_MESSAGES, NULL, NULL, &t->arena, &sample, err);
    decode_spec_put(spec);
    if (!ok)
        return false;
    notice_lines(notices, "NOTICE", SQLSTATE_SUCCESSFUL_COMPLETION, sample.line, sample.nline);
    notice_lines(notices, "WARNING", SQLSTATE_WARNING, sample.warning, sample.nwarning);
    t->nstart = sample.npartition;
    t->start = ARENA_ARRAY(&t->arena, struct partition_start, sample.npartition + 1);
    for (uint32_t i = 0; i < sample.npartition; i++)
        t->start[i] = (struct partition_start){.id = {.source = 0, .partition = sample.partition[i].partition},
                                               .pos = pos_make(0, sample.partition[i].start)};
    return true;
}

static void table_discard(void *arg, struct host_table *t)
{
    table_def_put(t->def);
    arena_release(&t->arena);
    free(t);
}

static bool table_check(void *arg, struct table_def *def, const struct host_notices *notices, struct host_table **out,
                        struct error *err)
{
    struct host_table *t = xcalloc(1, sizeof *t);
    arena_init(&t->arena, NULL);
    t->def = table_def_get(def);
    if (table_is_kafka(def) && !check_stream(arg, t, notices, err)) {
        table_discard(arg, t);
        return false;
    }
    *out = t;
    return true;
}

static bool table_create(void *arg, struct host_table *t, struct error *err)
{
    struct db *db = arg;
    pthread_mutex_lock(&db->ddl_lock);
    bool ok = catalog_create_table(db->catalog, t->def, t->start, t->nstart, err) && table_open(db, t->def, err);
    pthread_mutex_unlock(&db->ddl_lock);
    table_discard(arg, t);
    return ok;
}

static bool table_alter(void *arg, const struct table_def *def,
                        bool (*change)(void *change_arg, struct table_def *def, struct error *err), void *change_arg,
                        struct error *err)
{
    struct db *db = arg;
    struct table_def *new_def;
    struct decode_spec *spec = NULL;
    pthread_mutex_lock(&db->ddl_lock);
    bool ok = catalog_alter_table(db->catalog, def->oid, def->name, change, change_arg, &new_def, err);
    struct db_table *t = ok ? table_get(db, def->oid) : NULL;
    if (t) {
        pthread_mutex_lock(&t->lock);
        const struct table_def *old = t->def;
        t->def = table_def_get(new_def);
        struct ingest_table *ingest = t->ingest;
        pthread_mutex_unlock(&t->lock);
        table_def_put(old);
        ok = !ingest || make_decode_spec(new_def, &spec, err);
        if (spec) {
            ingest_table_alter(ingest, spec, new_def->options.ingest == INGEST_RUNNING);
            decode_spec_put(spec);
        }
        table_put(t);
    }
    if (ok)
        table_def_put(new_def);
    pthread_mutex_unlock(&db->ddl_lock);
    return ok;
}

static bool tables_drop(void *arg, const struct table_def *const *def, uint32_t n, struct error *err)
{
    struct db *db = arg;
    oid_t *oid = xcalloc(n, sizeof *oid);
    const char **name = xcalloc(n, sizeof *name);
    for (uint32_t i = 0; i < n; i++) {
        oid[i] = def[i]->oid;
        name[i] = def[i]->name;
    }
    pthread_mutex_lock(&db->ddl_lock);
    bool ok = catalog_drop_tables(db->catalog, oid, name, n, err);
    for (uint32_t i = 0; ok && i < n; i++)
        table_drop(db, oid[i]);
    pthread_mutex_unlock(&db->ddl_lock);
    free(oid);
    free(name);
    return ok;
}

/* ---- roles ---- */

struct role_change {
    struct catalog_role role;
    uint32_t fields;
    char verifier[SCRAM_VERIFIER_BYTES];
};

static bool role_password(struct db *db, struct strview password, struct role_change *out, struct error *err)
{
    if (password.len == 0)
        return error_set(err, SQLSTATE_INVALID_PASSWORD, "an empty password is not allowed");
    char *text = xstrndup(password.ptr, password.len);
    if (password.len < sizeof out->verifier && scram_verifier_parse(text, NULL))
        memcpy(out->verifier, text, password.len + 1); /* a verifier already, as pg_dumpall writes it */
    else
        scram_verifier_make(text, 4096, out->verifier);
    free(text);
    out->role.verifier = out->verifier;
    out->fields |= ROLE_SET_VERIFIER;
    return true;
}

static bool role_option(struct db *db, const struct ast_option *o, struct role_change *out, struct error *err)
{
    static const struct {
        const char *key;
        uint32_t field;
        size_t offset;
    } flags[] = {
        {"superuser", ROLE_SET_SUPERUSER, offsetof(struct catalog_role, superuser)},
        {"canlogin", ROLE_SET_LOGIN, offsetof(struct catalog_role, login)},
        {"createrole", ROLE_SET_CREATE_ROLE, offsetof(struct catalog_role, create_role)},
        {"createdb", ROLE_SET_CREATE_DB, offsetof(struct catalog_role, create_db)},
    };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (strview_equal_cstr(o->key, flags[i].key)) {
            bool on = true;
            struct error unused;
            if (o->kind != OPTION_NONE && !bool_parse(o->text, &on, &unused))
                on = !strview_equal_cstr(o->text, "0");
            *(bool *)((char *)&out->role + flags[i].offset) = on;
            out->fields |= flags[i].field;
            return true;
        }
    if (strview_equal_cstr(o->key, "password"))
        return o->kind == OPTION_NONE || role_password(db, o->text, out, err);
    if (strview_equal_cstr(o->key, "validuntil") || strview_equal_cstr(o->key, "validUntil")) {
        timestamp_t t;
        if (!timestamptz_parse(o->text, -1, &value_ctx_default.datetime, &t, err))
            return false;
        out->role.valid_until_us =
            t == TIMESTAMP_POS_INFINITY ? CATALOG_NO_EXPIRY : t + POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
        out->fields |= ROLE_SET_VALID_UNTIL;
        return true;
    }
    if (strview_equal_cstr(o->key, "inherit") || strview_equal_cstr(o->key, "connectionlimit"))
        return true;
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "role option \"%.*s\" is not supported", (int)o->key.len,
              o->key.ptr);
    error_position(err, o->location + 1);
    return error_hint(err, "Supported: LOGIN, SUPERUSER, PASSWORD, VALID UNTIL, CREATEROLE, CREATEDB.");
}

static bool role_change(void *arg, const struct ast_node *stmt, struct error *err)
{
    struct db *db = arg;
    struct role_change change = {.role = {.valid_until_us = CATALOG_NO_EXPIRY}};
    if (stmt->kind == AST_DROP_ROLE) {
        for (uint32_t i = 0; i < stmt->role.nname; i++) {
            struct error missing;
            if (catalog_drop_role(db->catalog, stmt->role.names[i], &missing))
                continue;
            if (stmt->role.if_exists && error_is(&missing, SQLSTATE_UNDEFINED_OBJECT))
                continue;
            *err = missing;
            return false;
        }
        return true;
    }
    char *name = xstrndup(stmt->role.name.ptr, MIN_OF(stmt->role.name.len, (size_t)CATALOG_NAME_MAX));
    change.role.name = name;
    bool ok = true;
    for (uint32_t i = 0; ok && i < stmt->role.noption; i++)
        ok = role_option(db, &stmt->role.option[i], &change, err);
    if (ok && stmt->kind == AST_CREATE_ROLE)
        ok = catalog_create_role(db->catalog, &change.role, NULL, err);
    else if (ok)
        ok = catalog_alter_role(db->catalog, &change.role, change.fields, err);
    free(name);
    return ok;
}

static bool role_lookup(void *arg, const char *name, char *verifier, size_t verifier_size, bool *superuser,
                        bool *can_login, int64_t *valid_until_us)
{
    struct db *db = arg;
    struct catalog_snapshot *snap = catalog_snapshot_get(db->catalog);
    const struct catalog_role *role = catalog_role_by_name(snap, strview_of(name));
    if (role) {
        snprintf(verifier, verifier_size, "%s", role->verifier ? role->verifier : "");
        *superuser = role->superuser;
        *can_login = role->login;
        *valid_until_us = role->valid_until_us;
    }
    catalog_snapshot_put(snap);
    return role != NULL;
}

void db_ddl_host(struct session_host *host)
{
    host->table_check = table_check;
    host->table_create = table_create;
    host->table_discard = table_discard;
    host->table_alter = table_alter;
    host->tables_drop = tables_drop;
    host->role_change = role_change;
    host->role_lookup = role_lookup;
}
