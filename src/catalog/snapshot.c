/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: sorted arrays of shared entries. */
#include "catalog/catalog_int.h"

#include <stdlib.h>

static bool drop_ref(_Atomic uint32_t *refs)
{
    uint32_t before = atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

void catalog_table_put(struct catalog_table *table)
{
    if (!table || !drop_ref(&table->refs))
        return;
    table_def_put(table->def);
    arena_release(&table->arena);
    free(table);
}

void catalog_role_put(struct catalog_role_entry *role)
{
    if (!role || !drop_ref(&role->refs))
        return;
    arena_release(&role->arena);
    free(role);
}

void catalog_group_put(struct catalog_setting_group *group)
{
    if (!group || !drop_ref(&group->refs))
        return;
    arena_release(&group->arena);
    free(group);
}

struct catalog_snapshot *snapshot_new(uint32_t ntable, uint32_t nrole, uint32_t ngroup)
{
    struct catalog_snapshot *s = xcalloc(1, sizeof *s);
    atomic_init(&s->refs, 1);
    s->by_name = xcalloc((size_t)ntable + 1, sizeof(struct catalog_table *));
    s->by_oid = xcalloc((size_t)ntable + 1, sizeof(struct catalog_table *));
    s->role = xcalloc((size_t)nrole + 1, sizeof(struct catalog_role_entry *));
    s->group = xcalloc((size_t)ngroup + 1, sizeof(struct catalog_setting_group *));
    return s;
}

struct catalog_snapshot *catalog_snapshot_ref(struct catalog_snapshot *snapshot)
{
    uint32_t before = atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
    return snapshot;
}

struct catalog_snapshot *catalog_snapshot_get(struct catalog *catalog)
{
    pthread_mutex_lock(&catalog->pin_lock);
    struct catalog_snapshot *snapshot = catalog_snapshot_ref(catalog->current);
    pthread_mutex_unlock(&catalog->pin_lock);
    return snapshot;
}

void catalog_snapshot_put(struct catalog_snapshot *snapshot)
{
    if (!snapshot || !drop_ref(&snapshot->refs))
        return;
    for (uint32_t i = 0; i < snapshot->ntable; i++)
        catalog_table_put(snapshot->by_oid[i]);
    for (uint32_t i = 0; i < snapshot->nrole; i++)
        catalog_role_put(snapshot->role[i]);
    for (uint32_t i = 0; i < snapshot->ngroup; i++)
        catalog_group_put(snapshot->group[i]);
    free(snapshot->by_name);
    free(snapshot->by_oid);
    free(snapshot->role);
    free(snapshot->group);
    free(snapshot->setting);
    free(snapshot);
}

static int order_text(struct strview a, struct strview b)
{
    size_t common = MIN_OF(a.len, b.len);
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int order_name(const void *a, const void *b)
{
    const struct table_def *x = (*(struct catalog_table *const *)a)->def, *y = (*(struct catalog_table *const *)b)->def;
    int order = strcmp(x->schema_name, y->schema_name);
    return order ? order : strcmp(x->name, y->name);
}

static int order_oid(const void *a, const void *b)
{
    oid_t x = (*(struct catalog_table *const *)a)->def->oid, y = (*(struct catalog_table *const *)b)->def->oid;
    return (x > y) - (x < y);
}

static int order_role(const void *a, const void *b)
{
    return strcmp((*(struct catalog_role_entry *const *)a)->role.name,
                  (*(struct catalog_role_entry *const *)b)->role.name);
}

/* PostgreSQL's precedence, weakest first: all roles in all databases, database, role, role in database. */
static uint32_t precedence(const struct catalog_setting_group *group)
{
    return (group->role != 0) * 2u + (group->database != 0);
}

static int order_group(const void *a, const void *b)
{
    const struct catalog_setting_group *x = *(struct catalog_setting_group *const *)a;
    const struct catalog_setting_group *y = *(struct catalog_setting_group *const *)b;
    if (precedence(x) != precedence(y))
        return precedence(x) < precedence(y) ? -1 : 1;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    return (x->database > y->database) - (x->database < y->database);
}

static void list_settings(struct catalog_snapshot *s)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->ngroup; i++)
        n += s->group[i]->nsetting;
    s->setting = xcalloc(n + 1, sizeof(struct catalog_setting *));
    for (uint32_t i = 0; i < s->ngroup; i++)
        for (uint32_t k = 0; k < s->group[i]->nsetting; k++)
            s->setting[s->nsetting++] = &s->group[i]->setting[k];
}

bool snapshot_finish(struct catalog_snapshot *s, struct error *err)
{
    qsort(s->by_oid, s->ntable, sizeof(struct catalog_table *), order_oid);
    memcpy(s->by_name, s->by_oid, s->ntable * sizeof(struct catalog_table *));
    qsort(s->by_name, s->ntable, sizeof(struct catalog_table *), order_name);
    qsort(s->role, s->nrole, sizeof(struct catalog_role_entry *), order_role);
    qsort(s->group, s->ngroup, sizeof(struct catalog_setting_group *), order_group);
    list_settings(s);
    for (uint32_t i = 1; i < s->ntable; i++) {
        if (order_oid(&s->by_oid[i - 1], &s->by_oid[i]) == 0)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "two tables have oid %u", s->by_oid[i]->def->oid);
        if (order_name(&s->by_name[i - 1], &s->by_name[i]) == 0)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "two tables are called \"%s\"", s->by_name[i]->def->name);
    }
    for (uint32_t i = 1; i < s->nrole; i++)
        if (order_role(&s->role[i - 1], &s->role[i]) == 0)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "two roles are called \"%s\"", s->role[i]->role.name);
    return true;
}

struct catalog_table *snapshot_table(const struct catalog_snapshot *s, oid_t oid)
{
    uint32_t low = 0, high = s->ntable;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (s->by_oid[mid]->def->oid < oid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->ntable && s->by_oid[low]->def->oid == oid ? s->by_oid[low] : NULL;
}

struct catalog_role_entry *snapshot_role(const struct catalog_snapshot *s, struct strview name)
{
    uint32_t low = 0, high = s->nrole;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = order_text(strview_of(s->role[mid]->role.name), name);
        if (order == 0)
            return s->role[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

uint64_t catalog_snapshot_version(const struct catalog_snapshot *snapshot) { return snapshot->version; }

const struct table_def *catalog_table_by_name(const struct catalog_snapshot *s, struct strview schema,
                                              struct strview name)
{
    uint32_t low = 0, high = s->ntable;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct table_def *def = s->by_name[mid]->def;
        int order = order_text(strview_of(def->schema_name), schema);
        if (order == 0)
            order = order_text(strview_of(def->name), name);
        if (order == 0)
            return def;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct table_def *catalog_table_by_oid(const struct catalog_snapshot *s, oid_t oid)
{
    const struct catalog_table *table = snapshot_table(s, oid);
    return table ? table->def : NULL;
}

uint32_t catalog_table_count(const struct catalog_snapshot *snapshot) { return snapshot->ntable; }

const struct table_def *catalog_table_at(const struct catalog_snapshot *snapshot, uint32_t index)
{
    assert(index < snapshot->ntable);
    return snapshot->by_name[index]->def;
}

int32_t catalog_table_meta_version(const struct catalog_snapshot *snapshot, oid_t oid)
{
    const struct catalog_table *table = snapshot_table(snapshot, oid);
    return table ? table->meta_version : VERSION_ABSENT;
}

const struct catalog_role *catalog_role_by_name(const struct catalog_snapshot *snapshot, struct strview name)
{
    const struct catalog_role_entry *entry = snapshot_role(snapshot, name);
    return entry ? &entry->role : NULL;
}

const struct catalog_role *catalog_role_by_oid(const struct catalog_snapshot *snapshot, oid_t oid)
{
    for (uint32_t i = 0; i < snapshot->nrole; i++)
        if (snapshot->role[i]->role.oid == oid)
            return &snapshot->role[i]->role;
    return NULL;
}

uint32_t catalog_role_count(const struct catalog_snapshot *snapshot) { return snapshot->nrole; }

const struct catalog_role *catalog_role_at(const struct catalog_snapshot *snapshot, uint32_t index)
{
    assert(index < snapshot->nrole);
    return &snapshot->role[index]->role;
}

uint32_t catalog_setting_count(const struct catalog_snapshot *snapshot) { return snapshot->nsetting; }

const struct catalog_setting *catalog_setting_at(const struct catalog_snapshot *snapshot, uint32_t index)
{
    assert(index < snapshot->nsetting);
    return snapshot->setting[index];
}

oid_t catalog_schema_oid(struct strview schema)
{
    return strview_equal_cstr(schema, CATALOG_PUBLIC) ? CATALOG_PUBLIC_OID : 0;
}
