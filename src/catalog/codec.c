/* SPDX-License-Identifier: Apache-2.0 */
/* Node contents of everything but tables: version ring, oid counter, roles, settings. */
#include "cluster/codec.h"
#include "catalog/catalog_int.h"

#include <stdlib.h>

#define CATVER_ENTRY_BYTES 23u
#define SETTING_BYTES      10u

static const struct strview nothing = {"", 0};

struct strview catver_encode(const struct catver *catver, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_CATVER);
    rec_u64(&w, catver->version);
    rec_u32(&w, catver->nentry);
    for (uint32_t i = 0; i < catver->nentry; i++) {
        size_t group = rec_group_begin(&w);
        rec_u64(&w, catver->entry[i].version);
        rec_u64(&w, catver->entry[i].token);
        rec_u8(&w, (uint8_t)catver->entry[i].kind);
        rec_u32(&w, catver->entry[i].oid);
        rec_group_end(&w, group, nothing);
    }
    return rec_finish(&w, catver->extra);
}

bool catver_decode(struct strview node, struct catver *out, struct error *err)
{
    struct rec_reader r;
    if (!rec_open(&r, node, REC_CATVER, "catalogue version", err))
        return false;
    out->version = rec_read_u64(&r);
    out->nentry = rec_read_count(&r, CATVER_ENTRY_BYTES, CATALOG_RING_MAX);
    for (uint32_t i = 0; i < out->nentry; i++) {
        struct catver_entry *e = &out->entry[i];
        struct rec_reader g = rec_read_group(&r);
        e->version = rec_read_u64(&g);
        e->token = rec_read_u64(&g);
        e->kind = (enum change_kind)rec_read_enum(&g, CHANGE_KIND_COUNT - 1);
        e->oid = rec_read_u32(&g);
        if (e->version > out->version || (i && e->version < out->entry[i - 1].version))
            rec_fail(&g);
        rec_join(&r, &g);
    }
    out->extra = rec_rest(&r);
    return rec_reader_done(&r, "catalogue version", err);
}

struct strview next_oid_encode(oid_t next, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_OID);
    rec_u32(&w, next);
    return rec_finish(&w, nothing);
}

bool next_oid_decode(struct strview node, oid_t *out, struct error *err)
{
    struct rec_reader r;
    if (!rec_open(&r, node, REC_OID, "oid counter", err))
        return false;
    *out = rec_read_u32(&r);
    if (*out < CATALOG_FIRST_OID)
        rec_fail(&r);
    return rec_reader_done(&r, "oid counter", err);
}

struct strview format_encode(struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_FORMAT_NODE);
    return rec_finish(&w, nothing);
}

bool format_decode(struct strview node, struct error *err)
{
    struct rec_reader r;
    return rec_open(&r, node, REC_FORMAT_NODE, "catalogue", err);
}

struct strview name_encode(oid_t oid, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_OID);
    rec_u32(&w, oid);
    return rec_finish(&w, nothing);
}

struct strview role_encode(const struct catalog_role *role, struct strview extra, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_ROLE);
    rec_u32(&w, role->oid);
    rec_cstr(&w, role->name);
    rec_cstr(&w, role->verifier);
    rec_u8(&w, role->superuser);
    rec_u8(&w, role->login);
    rec_u8(&w, role->create_role);
    rec_u8(&w, role->create_db);
    rec_u64(&w, (uint64_t)role->valid_until_us);
    return rec_finish(&w, extra);
}

static const char *read_text(struct rec_reader *r, struct arena *arena)
{
    struct strview text;
    return rec_read_text(r, &text) ? arena_strndup(arena, text.ptr, text.len) : NULL;
}

bool role_decode(struct strview node, struct catalog_role_entry **out, struct error *err)
{
    struct rec_reader r;
    if (!rec_open(&r, node, REC_ROLE, "role", err))
        return false;
    struct catalog_role_entry *entry = xcalloc(1, sizeof *entry);
    struct catalog_role *role = &entry->role;
    atomic_init(&entry->refs, 1);
    arena_init(&entry->arena, NULL);
    role->oid = rec_read_u32(&r);
    role->name = read_text(&r, &entry->arena);
    role->verifier = read_text(&r, &entry->arena);
    role->superuser = rec_read_bool(&r);
    role->login = rec_read_bool(&r);
    role->create_role = rec_read_bool(&r);
    role->create_db = rec_read_bool(&r);
    role->valid_until_us = (int64_t)rec_read_u64(&r);
    entry->extra = arena_strview(&entry->arena, rec_rest(&r));
    if (!role->name || !role->name[0] || strlen(role->name) > CATALOG_NAME_MAX || role->oid == 0)
        rec_fail(&r);
    if (rec_reader_done(&r, "role", err)) {
        *out = entry;
        return true;
    }
    catalog_role_put(entry);
    return false;
}

struct strview settings_encode(const struct catalog_setting_group *group, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_SETTINGS);
    rec_u32(&w, group->role);
    rec_u32(&w, group->database);
    rec_u32(&w, group->nsetting);
    for (uint32_t i = 0; i < group->nsetting; i++) {
        size_t item = rec_group_begin(&w);
        rec_cstr(&w, group->setting[i].name);
        rec_cstr(&w, group->setting[i].value);
        rec_group_end(&w, item, nothing);
    }
    return rec_finish(&w, group->extra);
}

bool settings_decode(struct strview node, struct catalog_setting_group **out, struct error *err)
{
    struct rec_reader r;
    if (!rec_open(&r, node, REC_SETTINGS, "settings", err))
        return false;
    struct catalog_setting_group *group = xcalloc(1, sizeof *group);
    atomic_init(&group->refs, 1);
    arena_init(&group->arena, NULL);
    group->role = rec_read_u32(&r);
    group->database = rec_read_u32(&r);
    group->nsetting = rec_read_count(&r, SETTING_BYTES, CATALOG_SETTINGS_MAX);
    group->setting = ARENA_ARRAY(&group->arena, struct catalog_setting, group->nsetting + 1);
    for (uint32_t i = 0; i < group->nsetting; i++) {
        struct rec_reader g = rec_read_group(&r);
        struct catalog_setting *s = &group->setting[i];
        s->role = group->role;
        s->database = group->database;
        s->name = read_text(&g, &group->arena);
        s->value = read_text(&g, &group->arena);
        if (!s->name || !s->value)
            rec_fail(&g);
        rec_join(&r, &g);
    }
    group->extra = arena_strview(&group->arena, rec_rest(&r));
    if (rec_reader_done(&r, "settings", err)) {
        *out = group;
        return true;
    }
    catalog_group_put(group);
    return false;
}
