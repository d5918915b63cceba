/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and stored settings. */
#include "catalog/catalog_int.h"

#include <stdlib.h>

#define OWNED_SHOWN_MAX 100u

static const struct strview nothing = {"", 0};

static const char *role_path(struct arena *arena, const char *name)
{
    struct strbuf part;
    strbuf_init(&part);
    bool fits = coord_escape(&part, strview_of(name));
    assert(fits);
    (void)fits;
    const char *path = arena_fmt(arena, PATH_ROLES "/%s", part.data);
    strbuf_release(&part);
    return path;
}

static const char *settings_path(struct arena *arena, oid_t role, oid_t database)
{
    return arena_fmt(arena, PATH_SETTINGS "/%u-%u", role, database);
}

static bool check_role_name(const char *name, struct error *err)
{
    if (strncmp(name, "pg_", 3) == 0) {
        error_set(err, SQLSTATE_RESERVED_NAME, "role name \"%s\" is reserved", name);
        return error_detail(err, "Role names starting with \"pg_\" are reserved.");
    }
    if (strcmp(name, "public") == 0 || strcmp(name, "none") == 0)
        return error_set(err, SQLSTATE_RESERVED_NAME, "role name \"%s\" is reserved", name);
    if (!name[0] || strlen(name) > CATALOG_NAME_MAX || !utf8_valid(name, strlen(name), NULL))
        return error_set(err, SQLSTATE_INVALID_NAME, "invalid role name \"%s\"", name);
    return true;
}

static bool check_verifier(const struct catalog_role *role, struct error *err)
{
    if (!role->verifier || strlen(role->verifier) <= 1024)
        return true;
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "the password of role \"%s\" is too long", role->name);
}

static struct catalog_role_entry *find_role(const struct change *change, const char *name, struct error *err)
{
    struct catalog_role_entry *entry = snapshot_role(change->base, strview_of(name));
    if (!entry)
        error_set(err, SQLSTATE_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
    return entry;
}

static bool role_is_free(const struct change *change, const char *name, struct error *err)
{
    return !snapshot_role(change->base, strview_of(name)) ||
           error_set(err, SQLSTATE_DUPLICATE_OBJECT, "role \"%s\" already exists", name);
}

/* --- CREATE ROLE -------------------------------------------------------------------------------------------------- */

static bool build_create(struct change *change, void *arg, struct error *err)
{
    struct catalog_role *role = arg;
    struct strbuf buf;
    if (!check_role_name(role->name, err) || !role_is_free(change, role->name, err) || !check_verifier(role, err) ||
        !change_take_oids(change, &role->oid, err) || !change_touch(change, CHANGE_ROLES, role->oid, err))
        return false;
    strbuf_init(&buf);
    coord_multi_create(&change->multi, role_path(&change->arena, role->name), role_encode(role, nothing, &buf), false);
    strbuf_release(&buf);
    return true;
}

bool catalog_create_role(struct catalog *catalog, const struct catalog_role *role, oid_t *oid, struct error *err)
{
    struct catalog_role made = *role;
    if (!catalog_transact(catalog, build_create, &made, err))
        return false;
    if (oid)
        *oid = made.oid;
    return true;
}

/* --- ALTER ROLE --------------------------------------------------------------------------------------------------- */

struct alter_args {
    const struct catalog_role *values;
    uint32_t fields;
};

static bool build_alter(struct change *change, void *arg, struct error *err)
{
    const struct alter_args *args = arg;
    const struct catalog_role *values = args->values;
    struct strbuf buf;
    struct catalog_role_entry *entry = find_role(change, values->name, err);
    if (!entry || !change_touch(change, CHANGE_ROLES, entry->role.oid, err))
        return false;
    struct catalog_role role = entry->role;
    if (args->fields & ROLE_SET_VERIFIER)
        role.verifier = values->verifier;
    if (args->fields & ROLE_SET_SUPERUSER)
        role.superuser = values->superuser;
    if (args->fields & ROLE_SET_LOGIN)
        role.login = values->login;
    if (args->fields & ROLE_SET_CREATE_ROLE)
        role.create_role = values->create_role;
    if (args->fields & ROLE_SET_CREATE_DB)
        role.create_db = values->create_db;
    if (args->fields & ROLE_SET_VALID_UNTIL)
        role.valid_until_us = values->valid_until_us;
    if (!check_verifier(&role, err))
        return false;
    strbuf_init(&buf);
    coord_multi_set(&change->multi, role_path(&change->arena, role.name), role_encode(&role, entry->extra, &buf),
                    entry->version);
    strbuf_release(&buf);
    return true;
}

bool catalog_alter_role(struct catalog *catalog, const struct catalog_role *values, uint32_t fields, struct error *err)
{
    struct alter_args args = {values, fields};
    return catalog_transact(catalog, build_alter, &args, err);
}

struct rename_args {
    const char *old_name, *new_name;
};

static bool build_rename(struct change *change, void *arg, struct error *err)
{
    const struct rename_args *args = arg;
    struct strbuf buf;
    struct catalog_role_entry *entry = find_role(change, args->old_name, err);
    if (!entry || !check_role_name(args->new_name, err) || !role_is_free(change, args->new_name, err) ||
        !change_touch(change, CHANGE_ROLES, entry->role.oid, err))
        return false;
    struct catalog_role role = entry->role;
    role.name = args->new_name;
    strbuf_init(&buf);
    coord_multi_delete(&change->multi, role_path(&change->arena, args->old_name), entry->version);
    coord_multi_create(&change->multi, role_path(&change->arena, role.name), role_encode(&role, entry->extra, &buf),
                       false);
    strbuf_release(&buf);
    return true;
}

bool catalog_rename_role(struct catalog *catalog, struct strview old_name, struct strview new_name, struct error *err)
{
    char *from = xstrndup(old_name.ptr, old_name.len), *to = xstrndup(new_name.ptr, new_name.len);
    struct rename_args args = {from, to};
    bool ok = catalog_transact(catalog, build_rename, &args, err);
    free(from);
    free(to);
    return ok;
}

/* --- DROP ROLE ---------------------------------------------------------------------------------------------------- */

/* Lists what keeps a role from being dropped, as PostgreSQL does. */
static bool check_owns_nothing(const struct change *change, const struct catalog_role *role, struct error *err)
{
    struct strbuf detail;
    uint32_t owned = 0;
    strbuf_init(&detail);
    for (uint32_t i = 0; i < change->base->ntable; i++) {
        const struct table_def *def = change->base->by_oid[i]->def;
        if (def->owner != role->oid || owned++ >= OWNED_SHOWN_MAX)
            continue;
        strbuf_add_fmt(&detail, "%sowner of table %s", detail.len ? "\n" : "", def->name);
    }
    if (owned > OWNED_SHOWN_MAX)
        strbuf_add_fmt(&detail, "\nand %u other object%s (see server log for list)", owned - OWNED_SHOWN_MAX,
                       owned - OWNED_SHOWN_MAX == 1 ? "" : "s");
    if (owned) {
        error_set(err, SQLSTATE_DEPENDENT_OBJECTS_STILL_EXIST,
                  "role \"%s\" cannot be dropped because some objects depend on it", role->name);
        error_detail(err, "%s", detail.data);
    }
    strbuf_release(&detail);
    return owned == 0;
}

static bool build_drop(struct change *change, void *arg, struct error *err)
{
    struct catalog_role_entry *entry = find_role(change, arg, err);
    if (!entry)
        return false;
    if (entry->role.oid == CATALOG_SUPERUSER_OID)
        return error_set(err, SQLSTATE_DEPENDENT_OBJECTS_STILL_EXIST,
                         "cannot drop role %s because it is required by the database system", entry->role.name);
    if (!check_owns_nothing(change, &entry->role, err) || !change_touch(change, CHANGE_ROLES, entry->role.oid, err))
        return false;
    coord_multi_delete(&change->multi, role_path(&change->arena, entry->role.name), entry->version);
    for (uint32_t i = 0; i < change->base->ngroup; i++) {
        const struct catalog_setting_group *group = change->base->group[i];
        if (group->role != entry->role.oid)
            continue;
        if (!change_touch(change, CHANGE_SETTINGS, group->role, err))
            return false;
        coord_multi_delete(&change->multi, settings_path(&change->arena, group->role, group->database), group->version);
    }
    return true;
}

bool catalog_drop_role(struct catalog *catalog, struct strview name, struct error *err)
{
    char *copy = xstrndup(name.ptr, name.len);
    bool ok = catalog_transact(catalog, build_drop, copy, err);
    free(copy);
    return ok;
}

/* --- Settings ----------------------------------------------------------------------------------------------------- */

struct setting_args {
    oid_t role, database;
    const char *name, *value;
};

static const struct catalog_setting_group *find_group(const struct catalog_snapshot *s, oid_t role, oid_t database)
{
    for (uint32_t i = 0; i < s->ngroup; i++)
        if (s->group[i]->role == role && s->group[i]->database == database)
            return s->group[i];
    return NULL;
}

/* The group's settings with one changed or removed. */
static void edit_group(struct catalog_setting_group *next, const struct catalog_setting_group *old,
                       const struct setting_args *args, struct arena *arena)
{
    uint32_t n = old ? old->nsetting : 0;
    bool placed = args->value == NULL;
    next->setting = ARENA_ARRAY(arena, struct catalog_setting, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        bool same = !args->name || strcmp(old->setting[i].name, args->name) == 0;
        if (same && !args->value)
            continue;
        next->setting[next->nsetting] = old->setting[i];
        if (same) {
            next->setting[next->nsetting].value = args->value;
            placed = true;
        }
        next->nsetting++;
    }
    if (!placed)
        next->setting[next->nsetting++] = (struct catalog_setting){args->role, args->database, args->name, args->value};
}

static bool build_setting(struct change *change, void *arg, struct error *err)
{
    const struct setting_args *args = arg;
    struct strbuf buf;
    if (args->role && !catalog_role_by_oid(change->base, args->role))
        return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "role with OID %u does not exist", args->role);
    const struct catalog_setting_group *old = find_group(change->base, args->role, args->database);
    struct catalog_setting_group next = {.role = args->role, .database = args->database};
    next.extra = old ? old->extra : nothing;
    edit_group(&next, old, args, &change->arena);
    if (!old && next.nsetting == 0)
        return true;
    if (next.nsetting > CATALOG_SETTINGS_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many settings are stored");
    if (!change_touch(change, CHANGE_SETTINGS, args->role, err))
        return false;
    const char *path = settings_path(&change->arena, args->role, args->database);
    strbuf_init(&buf);
    if (next.nsetting == 0)
        coord_multi_delete(&change->multi, path, old->version);
    else if (old)
        coord_multi_set(&change->multi, path, settings_encode(&next, &buf), old->version);
    else
        coord_multi_create(&change->multi, path, settings_encode(&next, &buf), false);
    strbuf_release(&buf);
    return true;
}

bool catalog_set_setting(struct catalog *catalog, oid_t role, oid_t database, const char *name, const char *value,
                         struct error *err)
{
    struct setting_args args = {role, database, name, value};
    assert(name || !value);
    if ((name && strlen(name) > 256) || (value && strlen(value) > 16384))
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "value of parameter \"%.63s\" is too long", name);
    return catalog_transact(catalog, build_setting, &args, err);
}
