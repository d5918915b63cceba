/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, catching up, and the transaction every change goes through:
 *
 *   sync, catch up -> build operations against the snapshot -> add the compare-and-set of /c/catver -> run
 *     done                 -> catch up (reads back what was touched) -> new snapshot
 *     refused (lost race)  -> again
 *     unknown              -> sync, look for our token in /c/catver: there = done, else again
 *
 * /c/catver lists what the last versions touched, so catching up reads only that, or everything when too far behind.
 */
#include "catalog/catalog_int.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

const char *catalog_version_path(void) { return PATH_CATVER; }

void catalog_set_listener(struct catalog *catalog, void (*fn)(void *arg), void *arg)
{
    catalog->listener = fn;
    catalog->listener_arg = arg;
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static bool read_catver(struct catalog *catalog, struct arena *arena, struct catver *out, struct error *err)
{
    struct coord_node node;
    if (coord_get(catalog->coord, PATH_CATVER, arena, &node, err) != COORD_DONE || !catver_decode(node.data, out, err))
        return false;
    out->node_version = node.stat.version;
    return true;
}

/* *out = NULL if there is no such table (any more). */
static bool read_table(struct catalog *catalog, oid_t oid, struct catalog_table **out, struct error *err)
{
    struct arena arena;
    struct coord_node node;
    bool ok = false;
    *out = NULL;
    arena_init(&arena, NULL);
    enum coord_rc rc = coord_get(catalog->coord, table_meta_path(&arena, oid), &arena, &node, err);
    if (rc == COORD_NO_NODE)
        ok = true;
    if (rc != COORD_DONE)
        goto out;
    struct catalog_table *table = xcalloc(1, sizeof *table);
    atomic_init(&table->refs, 1);
    arena_init(&table->arena, NULL);
    table->meta_version = node.stat.version;
    ok = def_decode(node.data, &table->def, &table->arena, &table->extra, err);
    if (ok && table->def->oid != oid)
        ok = error_set(err, SQLSTATE_DATA_CORRUPTED, "table definition %u is stored under %u", table->def->oid, oid);
    if (ok) {
        *out = table;
    } else {
        error_context(err, "table %u of the catalogue", oid);
        catalog_table_put(table);
    }
out:
    arena_release(&arena);
    return ok;
}

static bool read_role(struct catalog *catalog, const char *path, struct arena *arena, struct catalog_role_entry **out,
                      struct error *err)
{
    struct coord_node node;
    *out = NULL;
    enum coord_rc rc = coord_get(catalog->coord, path, arena, &node, err);
    if (rc != COORD_DONE)
        return rc == COORD_NO_NODE;
    if (!role_decode(node.data, out, err))
        return error_context(err, "\"%s\" of the catalogue", path);
    (*out)->version = node.stat.version;
    return true;
}

static bool read_group(struct catalog *catalog, const char *path, struct arena *arena,
                       struct catalog_setting_group **out, struct error *err)
{
    struct coord_node node;
    *out = NULL;
    enum coord_rc rc = coord_get(catalog->coord, path, arena, &node, err);
    if (rc != COORD_DONE)
        return rc == COORD_NO_NODE;
    if (!settings_decode(node.data, out, err))
        return error_context(err, "\"%s\" of the catalogue", path);
    (*out)->version = node.stat.version;
    return true;
}

/* What a new snapshot is made of; arrays own references. */
struct parts {
    struct catalog_table **table;
    struct catalog_role_entry **role;
    struct catalog_setting_group **group;
    uint32_t ntable, nrole, ngroup;
};

static void parts_release(struct parts *parts)
{
    for (uint32_t i = 0; i < parts->ntable; i++)
        catalog_table_put(parts->table[i]);
    for (uint32_t i = 0; i < parts->nrole; i++)
        catalog_role_put(parts->role[i]);
    for (uint32_t i = 0; i < parts->ngroup; i++)
        catalog_group_put(parts->group[i]);
    free(parts->table);
    free(parts->role);
    free(parts->group);
    *parts = (struct parts){.table = NULL};
}

static bool read_roles(struct catalog *catalog, struct arena *arena, struct parts *parts, struct error *err)
{
    char **name;
    uint32_t n;
    if (coord_children(catalog->coord, PATH_ROLES, arena, &name, &n, err) != COORD_DONE)
        return false;
    parts->role = xcalloc((size_t)n + 1, sizeof(struct catalog_role_entry *));
    for (uint32_t i = 0; i < n; i++) {
        struct catalog_role_entry *entry;
        if (!read_role(catalog, arena_fmt(arena, PATH_ROLES "/%s", name[i]), arena, &entry, err))
            return false;
        if (entry)
            parts->role[parts->nrole++] = entry;
    }
    return true;
}

static bool read_settings(struct catalog *catalog, struct arena *arena, struct parts *parts, struct error *err)
{
    char **name;
    uint32_t n;
    if (coord_children(catalog->coord, PATH_SETTINGS, arena, &name, &n, err) != COORD_DONE)
        return false;
    parts->group = xcalloc((size_t)n + 1, sizeof(struct catalog_setting_group *));
    for (uint32_t i = 0; i < n; i++) {
        struct catalog_setting_group *group;
        if (!read_group(catalog, arena_fmt(arena, PATH_SETTINGS "/%s", name[i]), arena, &group, err))
            return false;
        if (group)
            parts->group[parts->ngroup++] = group;
    }
    return true;
}

static bool read_all_tables(struct catalog *catalog, struct arena *arena, struct parts *parts, struct error *err)
{
    char **name;
    uint32_t n;
    if (coord_children(catalog->coord, "/t", arena, &name, &n, err) != COORD_DONE)
        return false;
    parts->table = xcalloc((size_t)n + 1, sizeof(struct catalog_table *));
    for (uint32_t i = 0; i < n; i++) {
        struct catalog_table *table;
        char *end;
        unsigned long oid = strtoul(name[i], &end, 10);
        if (*end || oid == 0 || oid > UINT32_MAX)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "\"/t/%s\" is not a table", name[i]);
        if (!read_table(catalog, (oid_t)oid, &table, err))
            return false;
        if (table)
            parts->table[parts->ntable++] = table;
    }
    return true;
}

static bool is_touched(const struct catver *catver, uint64_t after, enum change_kind kind, oid_t oid)
{
    for (uint32_t i = catver->nentry; i > 0 && catver->entry[i - 1].version > after; i--)
        if (catver->entry[i - 1].kind == kind && (kind != CHANGE_TABLE || catver->entry[i - 1].oid == oid))
            return true;
    return false;
}

/* Untouched tables of the old snapshot are shared; touched ones are read. */
static bool read_touched_tables(struct catalog *catalog, const struct catver *catver, struct parts *parts,
                                struct error *err)
{
    const struct catalog_snapshot *old = catalog->current;
    parts->table = xcalloc((size_t)old->ntable + catver->nentry + 1, sizeof(struct catalog_table *));
    for (uint32_t i = 0; i < old->ntable; i++) {
        struct catalog_table *table = old->by_oid[i];
        if (is_touched(catver, old->version, CHANGE_TABLE, table->def->oid))
            continue;
        atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
        parts->table[parts->ntable++] = table;
    }
    for (uint32_t i = catver->nentry; i > 0 && catver->entry[i - 1].version > old->version; i--) {
        struct catalog_table *table;
        bool again = false;
        if (catver->entry[i - 1].kind != CHANGE_TABLE)
            continue;
        for (uint32_t k = i; k < catver->nentry; k++)
            again |= catver->entry[k].kind == CHANGE_TABLE && catver->entry[k].oid == catver->entry[i - 1].oid;
        if (again)
            continue;
        if (!read_table(catalog, catver->entry[i - 1].oid, &table, err))
            return false;
        if (table)
            parts->table[parts->ntable++] = table;
    }
    return true;
}

static void share_roles(const struct catalog_snapshot *old, struct parts *parts)
{
    parts->role = xcalloc((size_t)old->nrole + 1, sizeof(struct catalog_role_entry *));
    for (; parts->nrole < old->nrole; parts->nrole++) {
        parts->role[parts->nrole] = old->role[parts->nrole];
        atomic_fetch_add_explicit(&old->role[parts->nrole]->refs, 1, memory_order_relaxed);
    }
}

static void share_settings(const struct catalog_snapshot *old, struct parts *parts)
{
    parts->group = xcalloc((size_t)old->ngroup + 1, sizeof(struct catalog_setting_group *));
    for (; parts->ngroup < old->ngroup; parts->ngroup++) {
        parts->group[parts->ngroup] = old->group[parts->ngroup];
        atomic_fetch_add_explicit(&old->group[parts->ngroup]->refs, 1, memory_order_relaxed);
    }
}

static bool read_parts(struct catalog *catalog, const struct catver *catver, struct arena *arena, struct parts *parts,
                       struct error *err)
{
    const struct catalog_snapshot *old = catalog->current;
    /* A full ring may have lost the end of its oldest version. */
    bool all = !old || catver->nentry == 0 || catver->entry[0].version > old->version;
    if (all)
        return read_all_tables(catalog, arena, parts, err) && read_roles(catalog, arena, parts, err) &&
               read_settings(catalog, arena, parts, err);
    if (!read_touched_tables(catalog, catver, parts, err))
        return false;
    if (!is_touched(catver, old->version, CHANGE_ROLES, 0))
        share_roles(old, parts);
    else if (!read_roles(catalog, arena, parts, err))
        return false;
    if (!is_touched(catver, old->version, CHANGE_SETTINGS, 0)) {
        share_settings(old, parts);
        return true;
    }
    return read_settings(catalog, arena, parts, err);
}

static bool install(struct catalog *catalog, const struct catver *catver, struct parts *parts, struct error *err)
{
    struct catalog_snapshot *s = snapshot_new(parts->ntable, parts->nrole, parts->ngroup);
    s->version = catver->version;
    s->catver_version = catver->node_version;
    s->ntable = parts->ntable;
    s->nrole = parts->nrole;
    s->ngroup = parts->ngroup;
    memcpy(s->by_oid, parts->table, parts->ntable * sizeof(struct catalog_table *));
    memcpy(s->role, parts->role, parts->nrole * sizeof(struct catalog_role_entry *));
    memcpy(s->group, parts->group, parts->ngroup * sizeof(struct catalog_setting_group *));
    parts->ntable = parts->nrole = parts->ngroup = 0; /* the snapshot owns the references now */
    if (!snapshot_finish(s, err)) {
        catalog_snapshot_put(s);
        return false;
    }
    pthread_mutex_lock(&catalog->pin_lock);
    struct catalog_snapshot *old = catalog->current;
    catalog->current = s;
    pthread_mutex_unlock(&catalog->pin_lock);
    catalog_snapshot_put(old);
    return true;
}

bool catalog_catch_up(struct catalog *catalog, struct error *err)
{
    struct arena arena;
    struct catver *catver = xmalloc(2 * sizeof *catver), *again = catver + 1;
    struct parts parts = {.table = NULL};
    bool ok = false;
    arena_init(&arena, NULL);
    for (int try = 0; try < CATALOG_TRIES; try++) {
        struct error parts_err;
        arena_reset(&arena);
        if (!read_catver(catalog, &arena, catver, err))
            goto out;
        ok = catalog->current && catalog->current->version == catver->version;
        if (ok)
            goto out;
        bool read = read_parts(catalog, catver, &arena, &parts, &parts_err);
        /* Read while others were writing: begin again. */
        if (!read_catver(catalog, &arena, again, err))
            goto out;
        if (again->version == catver->version) {
            if (!read)
                *err = parts_err;
            ok = read && install(catalog, catver, &parts, err);
            goto out;
        }
        parts_release(&parts);
    }
    error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "the catalogue changes too fast to be read");
out:
    parts_release(&parts);
    arena_release(&arena);
    free(catver);
    return ok;
}

static void tell_listener(struct catalog *catalog, uint64_t before)
{
    pthread_mutex_lock(&catalog->pin_lock);
    bool changed = catalog->current->version != before;
    pthread_mutex_unlock(&catalog->pin_lock);
    if (changed && catalog->listener)
        catalog->listener(catalog->listener_arg);
}

bool catalog_refresh(struct catalog *catalog, struct error *err)
{
    pthread_mutex_lock(&catalog->write_lock);
    uint64_t before = catalog->current->version;
    bool ok = catalog_catch_up(catalog, err);
    pthread_mutex_unlock(&catalog->write_lock);
    tell_listener(catalog, before);
    return ok;
}

/* --- Changing ----------------------------------------------------------------------------------------------------- */

bool change_touch(struct change *change, enum change_kind kind, oid_t oid, struct error *err)
{
    if (change->ntouched == CATALOG_RING_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "one statement can change at most %u tables",
                         CATALOG_RING_MAX);
    change->touched[change->ntouched++] = (struct catver_entry){.kind = kind, .oid = oid};
    return true;
}

bool change_take_oids(struct change *change, oid_t *first, struct error *err)
{
    struct coord_node node;
    struct strbuf buf;
    if (coord_get(change->catalog->coord, PATH_NEXT_OID, &change->arena, &node, err) != COORD_DONE ||
        !next_oid_decode(node.data, first, err))
        return false;
    if (*first > UINT32_MAX - CATALOG_OID_BLOCK)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "the catalogue has no oids left");
    strbuf_init(&buf);
    coord_multi_set(&change->multi, PATH_NEXT_OID, next_oid_encode(*first + CATALOG_OID_BLOCK, &buf),
                    node.stat.version);
    strbuf_release(&buf);
    return true;
}

/* The next catver: the touched entries behind the newest of the old ones. */
static bool add_catver(struct change *change, uint64_t token, struct error *err)
{
    struct catver *catver = ARENA_NEW(&change->arena, struct catver);
    if (!read_catver(change->catalog, &change->arena, catver, err))
        return false;
    if (catver->version != change->base->version)
        return error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "the catalogue has changed");
    uint32_t keep = MIN_OF(catver->nentry, CATALOG_RING_MAX - change->ntouched);
    memmove(catver->entry, catver->entry + (catver->nentry - keep), keep * sizeof catver->entry[0]);
    catver->nentry = keep;
    catver->version++;
    for (uint32_t i = 0; i < change->ntouched; i++) {
        struct catver_entry *entry = &catver->entry[catver->nentry++];
        *entry = change->touched[i];
        entry->version = catver->version;
        entry->token = token;
    }
    struct strbuf buf;
    strbuf_init(&buf);
    coord_multi_set(&change->multi, PATH_CATVER, catver_encode(catver, &buf), catver->node_version);
    strbuf_release(&buf);
    return true;
}

enum attempt { ATTEMPT_DONE, ATTEMPT_FAILED, ATTEMPT_AGAIN };

/* After an unknown outcome. Once synced, what has not happened never will. */
static enum attempt resolve_unknown(struct catalog *catalog, uint64_t token, uint64_t base, struct error *err)
{
    enum attempt result = ATTEMPT_FAILED;
    struct arena arena;
    struct error why;
    struct catver *catver = xmalloc(sizeof *catver);
    arena_init(&arena, NULL);
    bool read = false;
    for (int try = 0; try < CATALOG_TRIES && !read; try++)
        read = coord_sync(catalog->coord, &why) == COORD_DONE && read_catver(catalog, &arena, catver, &why);
    if (!read) {
        error_set(err, SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN, "the change of the catalogue may or may not be done");
        error_detail(err, "%s", why.message);
        goto out;
    }
    result = ATTEMPT_AGAIN;
    for (uint32_t i = 0; i < catver->nentry; i++)
        if (catver->entry[i].token == token)
            result = ATTEMPT_DONE;
    if (result == ATTEMPT_AGAIN && catver->nentry && catver->entry[0].version > base + 1) {
        error_set(err, SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN, "the change of the catalogue may or may not be done");
        error_detail(err, "Too many other changes came in between.");
        result = ATTEMPT_FAILED;
    }
out:
    arena_release(&arena);
    free(catver);
    return result;
}

static enum attempt try_change(struct catalog *catalog, struct change *change, change_fn build, void *arg,
                               struct error *err)
{
    uint64_t token;
    /* Errors like "does not exist" must not come from a view that is behind another process. */
    if (coord_sync(catalog->coord, err) != COORD_DONE || !catalog_catch_up(catalog, err))
        return ATTEMPT_FAILED;
    change->base = catalog->current;
    if (!build(change, arg, err))
        return ATTEMPT_FAILED;
    if (change->ntouched == 0 && change->multi.nop == 0)
        return ATTEMPT_DONE;
    catalog->env->random(catalog->env, &token, sizeof token);
    if (!add_catver(change, token, err))
        return error_is(err, SQLSTATE_SERIALIZATION_FAILURE) ? ATTEMPT_AGAIN : ATTEMPT_FAILED;
    switch (coord_multi_run(catalog->coord, &change->multi, NULL, err)) {
    case COORD_DONE: return ATTEMPT_DONE;
    case COORD_UNKNOWN: return resolve_unknown(catalog, token, change->base->version, err);
    case COORD_EXISTS:
    case COORD_NO_NODE:
    case COORD_BAD_VERSION: return ATTEMPT_AGAIN;
    case COORD_TOO_BIG: error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "the change is too big for the catalogue");
    /* fallthrough */
    default: return ATTEMPT_FAILED;
    }
}

bool catalog_transact(struct catalog *catalog, change_fn build, void *arg, struct error *err)
{
    enum attempt result = ATTEMPT_AGAIN;
    struct change *change = xcalloc(1, sizeof *change);
    pthread_mutex_lock(&catalog->write_lock);
    uint64_t before = catalog->current->version;
    for (int try = 0; try < CATALOG_TRIES && result == ATTEMPT_AGAIN; try++) {
        change->catalog = catalog;
        change->ntouched = 0;
        arena_init(&change->arena, NULL);
        coord_multi_init(&change->multi, &change->arena);
        result = try_change(catalog, change, build, arg, err);
        arena_release(&change->arena);
    }
    if (result == ATTEMPT_AGAIN)
        error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update");
    bool ok = false;
    for (int try = 0; try < CATALOG_TRIES && result == ATTEMPT_DONE && !ok; try++)
        ok = catalog_catch_up(catalog, err);
    if (result == ATTEMPT_DONE && !ok)
        error_context(err, "reading the catalogue after a change that was done");
    pthread_mutex_unlock(&catalog->write_lock);
    free(change);
    tell_listener(catalog, before);
    return ok;
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

/* The first records of an empty store, all or nothing: of several openers one succeeds, which is enough. */
static enum coord_rc bootstrap(struct catalog *catalog, struct error *err)
{
    static const char *const folders[] = {"/t", "/gc", "/c/names", "/c/roles", "/c/settings"};
    const struct catalog_role superuser = {
        .oid = CATALOG_SUPERUSER_OID,
        .name = CATALOG_SUPERUSER,
        .superuser = true,
        .login = true,
        .create_role = true,
        .create_db = true,
        .valid_until_us = CATALOG_NO_EXPIRY,
    };
    struct arena arena;
    struct strbuf buf;
    struct coord_multi multi;
    struct catver *catver = xcalloc(1, sizeof *catver);
    arena_init(&arena, NULL);
    strbuf_init(&buf);
    coord_multi_init(&multi, &arena);
    enum coord_rc rc = COORD_DONE;
    for (size_t i = 0; i < ARRAY_LEN(folders) && rc == COORD_DONE; i++)
        rc = coord_ensure(catalog->coord, folders[i], err);
    if (rc != COORD_DONE)
        goto out;
    coord_multi_create(&multi, PATH_FORMAT, format_encode(&buf), false);
    strbuf_clear(&buf);
    coord_multi_create(&multi, PATH_NEXT_OID, next_oid_encode(CATALOG_FIRST_OID, &buf), false);
    strbuf_clear(&buf);
    coord_multi_create(&multi, PATH_ROLES "/" CATALOG_SUPERUSER, role_encode(&superuser, strview_make("", 0), &buf),
                       false);
    strbuf_clear(&buf);
    catver->version = 1;
    coord_multi_create(&multi, PATH_CATVER, catver_encode(catver, &buf), false);
    rc = coord_multi_run(catalog->coord, &multi, NULL, err);
out:
    strbuf_release(&buf);
    arena_release(&arena);
    free(catver);
    return rc == COORD_EXISTS ? COORD_DONE : rc;
}

/* Checks the format, creating the first records if there are none. */
static bool prepare(struct catalog *catalog, struct error *err)
{
    struct arena arena;
    struct coord_node node;
    bool ok = false;
    arena_init(&arena, NULL);
    for (int try = 0; try < CATALOG_TRIES; try++) {
        enum coord_rc rc = coord_sync(catalog->coord, err);
        if (rc == COORD_DONE)
            rc = coord_get(catalog->coord, PATH_FORMAT, &arena, &node, err);
        if (rc == COORD_DONE) {
            ok = format_decode(node.data, err);
            break;
        }
        if (rc == COORD_NO_NODE)
            rc = bootstrap(catalog, err);
        if (rc != COORD_DONE && rc != COORD_UNKNOWN && rc != COORD_NO_NODE)
            break;
    }
    arena_release(&arena);
    return ok;
}

bool catalog_open(struct env *env, struct coord *coord, struct catalog **out, struct error *err)
{
    struct catalog *catalog = xcalloc(1, sizeof *catalog);
    catalog->env = env;
    catalog->coord = coord;
    pthread_mutex_init(&catalog->write_lock, NULL);
    pthread_mutex_init(&catalog->pin_lock, NULL);
    if (prepare(catalog, err) && catalog_catch_up(catalog, err)) {
        *out = catalog;
        return true;
    }
    catalog_close(catalog);
    return false;
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    catalog_snapshot_put(catalog->current);
    pthread_mutex_destroy(&catalog->write_lock);
    pthread_mutex_destroy(&catalog->pin_lock);
    free(catalog);
}
