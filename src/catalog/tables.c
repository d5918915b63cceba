/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE, ALTER and DROP of tables. */
#include "catalog/catalog_int.h"

/* "/c/names/<database>.<schema>.<name>"; NULL and 42622 if it does not fit a path component. */
static const char *name_path(struct arena *arena, const struct table_def *def, struct error *err)
{
    struct strbuf part;
    const char *path = NULL;
    strbuf_init(&part);
    strbuf_add_cstr(&part, CATALOG_DATABASE ".");
    bool fits = coord_escape(&part, strview_of(def->schema_name));
    strbuf_add_char(&part, '.');
    fits &= coord_escape(&part, strview_of(def->name));
    if (fits && part.len <= COORD_NAME_BYTES_MAX)
        path = arena_fmt(arena, PATH_NAMES "/%s", part.data);
    else
        error_set(err, SQLSTATE_NAME_TOO_LONG, "name of relation \"%s\" is too long", def->name);
    strbuf_release(&part);
    return path;
}

/* What must hold of any definition that is stored. */
static bool check_def(const struct change *change, const struct table_def *def, struct error *err)
{
    assert(def->name && def->schema_name);
    if (!def->name[0] || strlen(def->name) > CATALOG_NAME_MAX || !utf8_valid(def->name, strlen(def->name), NULL))
        return error_set(err, SQLSTATE_INVALID_NAME, "invalid relation name \"%s\"", def->name);
    if (!catalog_schema_oid(strview_of(def->schema_name)))
        return error_set(err, SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", def->schema_name);
    if (!catalog_role_by_oid(change->base, def->owner))
        return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "role with OID %u does not exist", def->owner);
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        const struct type_info *type = type_by_oid(c->type.oid);
        if (c->attnum != (int16_t)(i + 1) || !c->name || !c->name[0] || strlen(c->name) > CATALOG_NAME_MAX || !type ||
            !type->storable)
            return error_set(err, SQLSTATE_INTERNAL_ERROR, "column %u of relation \"%s\" cannot be stored", i + 1,
                             def->name);
    }
    return def_check_size(def, err);
}

static bool name_is_free(const struct change *change, const struct table_def *def, struct error *err)
{
    if (!catalog_table_by_name(change->base, strview_of(def->schema_name), strview_of(def->name)))
        return true;
    return error_set(err, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", def->name);
}

/* --- CREATE ------------------------------------------------------------------------------------------------------- */

struct create_args {
    struct table_def *def;
    struct partition_start *start;
    uint32_t nstart;
};

static bool build_create(struct change *change, void *arg, struct error *err)
{
    struct create_args *args = arg;
    struct table_def *def = args->def;
    struct strbuf buf;
    oid_t oid;
    if (!name_is_free(change, def, err) || !check_def(change, def, err) || !change_take_oids(change, &oid, err) ||
        !change_touch(change, CHANGE_TABLE, oid, err))
        return false;
    const char *path = name_path(&change->arena, def, err);
    if (!path)
        return false;
    def->oid = oid;
    def->rowtype_oid = oid + 1;
    def->array_oid = oid + 2;
    def->version = 1;
    for (uint32_t i = 0; i < args->nstart; i++)
        args->start[i].id.table = oid;
    strbuf_init(&buf);
    coord_multi_create(&change->multi, path, name_encode(oid, &buf), false);
    strbuf_clear(&buf);
    table_create_ops(oid, table_def_encode(def, &buf), args->start, args->nstart, def->version, 1, &change->multi);
    strbuf_release(&buf);
    return true;
}

bool catalog_create_table(struct catalog *catalog, struct table_def *def, struct partition_start *start,
                          uint32_t nstart, struct error *err)
{
    struct create_args args = {def, start, nstart};
    return catalog_transact(catalog, build_create, &args, err);
}

/* --- ALTER -------------------------------------------------------------------------------------------------------- */

struct alter_args {
    oid_t oid;
    const char *name;
    catalog_change_fn change;
    void *arg;
};

/* What a change may not touch: identity, and columns once numbered. */
static bool check_changed(const struct table_def *old, const struct table_def *def, struct error *err)
{
    if (def->oid != old->oid || def->rowtype_oid != old->rowtype_oid || def->array_oid != old->array_oid ||
        def->version != old->version + 1 || def->ncolumn < old->ncolumn)
        return error_set(err, SQLSTATE_INTERNAL_ERROR, "illegal change of relation \"%s\"", old->name);
    for (uint32_t i = 0; i < old->ncolumn; i++)
        if (old->column[i].dropped && !def->column[i].dropped)
            return error_set(err, SQLSTATE_INTERNAL_ERROR, "column %u of relation \"%s\" was dropped", i + 1,
                             old->name);
    return true;
}

static bool add_rename(struct change *change, const struct table_def *old, const struct table_def *def,
                       struct error *err)
{
    struct strbuf buf;
    if (strcmp(old->name, def->name) == 0 && strcmp(old->schema_name, def->schema_name) == 0)
        return true;
    if (!name_is_free(change, def, err))
        return false;
    const char *from = name_path(&change->arena, old, err);
    const char *to = from ? name_path(&change->arena, def, err) : NULL;
    if (!to)
        return false;
    strbuf_init(&buf);
    coord_multi_delete(&change->multi, from, 0);
    coord_multi_create(&change->multi, to, name_encode(def->oid, &buf), false);
    strbuf_release(&buf);
    return true;
}

static bool build_alter(struct change *change, void *arg, struct error *err)
{
    struct alter_args *args = arg;
    struct strbuf buf;
    struct catalog_table *table = snapshot_table(change->base, args->oid);
    if (!table)
        return error_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", args->name);
    struct table_def *def = table_def_copy(table->def);
    def->version++;
    bool ok = args->change(args->arg, def, err) && check_changed(table->def, def, err) && check_def(change, def, err) &&
              add_rename(change, table->def, def, err) && change_touch(change, CHANGE_TABLE, args->oid, err);
    if (ok) {
        strbuf_init(&buf);
        coord_multi_set(&change->multi, table_meta_path(&change->arena, args->oid),
                        def_encode(def, &table->extra, &buf), table->meta_version);
        strbuf_release(&buf);
    }
    table_def_put(def);
    return ok;
}

bool catalog_alter_table(struct catalog *catalog, oid_t oid, const char *name, catalog_change_fn change, void *arg,
                         struct table_def **out, struct error *err)
{
    struct alter_args args = {oid, name, change, arg};
    if (!catalog_transact(catalog, build_alter, &args, err))
        return false;
    if (!out)
        return true;
    /* Somebody may have dropped it since: then the change was done, and there is no definition to give. */
    struct catalog_snapshot *snapshot = catalog_snapshot_get(catalog);
    const struct table_def *def = catalog_table_by_oid(snapshot, oid);
    *out = def ? table_def_get(def) : NULL;
    catalog_snapshot_put(snapshot);
    return *out || error_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", name);
}

/* --- DROP --------------------------------------------------------------------------------------------------------- */

struct drop_args {
    const oid_t *oid;
    const char *const *name;
    uint32_t count;
};

static bool build_drop(struct change *change, void *arg, struct error *err)
{
    const struct drop_args *args = arg;
    for (uint32_t i = 0; i < args->count; i++) {
        const struct catalog_table *table = snapshot_table(change->base, args->oid[i]);
        bool repeated = false;
        for (uint32_t k = 0; k < i; k++)
            repeated |= args->oid[k] == args->oid[i];
        if (repeated)
            continue;
        if (!table)
            return error_set(err, SQLSTATE_UNDEFINED_TABLE, "table \"%s\" does not exist", args->name[i]);
        const char *path = name_path(&change->arena, table->def, err);
        if (!path || !change_touch(change, CHANGE_TABLE, args->oid[i], err))
            return false;
        coord_multi_delete(&change->multi, path, 0);
        table_drop_ops(args->oid[i], table->meta_version, &change->multi);
    }
    return true;
}

bool catalog_drop_tables(struct catalog *catalog, const oid_t *oid, const char *const *name, uint32_t count,
                         struct error *err)
{
    struct drop_args args = {oid, name, count};
    return catalog_transact(catalog, build_drop, &args, err);
}

bool catalog_drop_table(struct catalog *catalog, oid_t oid, const char *name, struct error *err)
{
    return catalog_drop_tables(catalog, &oid, &name, 1, err);
}

/* --- Oids --------------------------------------------------------------------------------------------------------- */

static bool build_next_oid(struct change *change, void *arg, struct error *err)
{
    return change_take_oids(change, arg, err);
}

bool catalog_next_oid(struct catalog *catalog, oid_t *first, struct error *err)
{
    return catalog_transact(catalog, build_next_oid, first, err);
}
