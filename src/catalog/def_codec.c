/* SPDX-License-Identifier: Apache-2.0 */
/* A table's definition as bytes of its meta node. */
#include "catalog/catalog_int.h"

#include "cluster/codec.h"

#define COLUMN_BYTES 19u /* least encoded size of a column */

enum column_flag {
    COLUMN_NOT_NULL = 1,
    COLUMN_DROPPED = 2,
    COLUMN_PATH_EXACT = 4,
    COLUMN_HAS_GENERATED = 8, /* the texts follow in this order */
    COLUMN_HAS_DEFAULT = 16,
    COLUMN_HAS_PATH = 32,
    COLUMN_FLAGS = 63
};

#define SORT_MAX ARRAY_LEN(((struct table_options *)0)->sort_attnum)

static size_t text_bytes(const char *s) { return s ? strlen(s) : 0; }

bool def_check_size(const struct table_def *def, struct error *err)
{
    size_t bytes =
        text_bytes(def->options.kafka_brokers) + text_bytes(def->options.kafka_topic) + text_bytes(def->options.start);
    if (def->ncolumn > CATALOG_COLUMNS_MAX)
        return error_set(err, SQLSTATE_TOO_MANY_COLUMNS, "tables can have at most %u columns", CATALOG_COLUMNS_MAX);
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        bytes += COLUMN_BYTES + 8 + text_bytes(c->name) + text_bytes(c->generated_sql) + text_bytes(c->default_sql) +
                 text_bytes(c->source_path);
    }
    if (bytes <= CATALOG_DEF_BYTES_MAX)
        return true;
    error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "definition of table \"%s\" is too long", def->name);
    return error_detail(err, "It takes %zu bytes; the limit is %u.", bytes, CATALOG_DEF_BYTES_MAX);
}

static void write_options(struct rec_writer *w, const struct table_options *o, struct strview extra)
{
    size_t group = rec_group_begin(w);
    rec_cstr(w, o->kafka_brokers);
    rec_cstr(w, o->kafka_topic);
    rec_cstr(w, o->start);
    rec_u8(w, (uint8_t)o->format);
    rec_u8(w, (uint8_t)o->epoch_unit);
    rec_u8(w, (uint8_t)o->on_error);
    rec_u8(w, (uint8_t)o->on_gap);
    rec_u8(w, (uint8_t)o->ingest);
    rec_u32(w, o->seal_rows);
    rec_u64(w, (uint64_t)o->seal_age_us);
    for (size_t i = 0; i < SORT_MAX; i++)
        rec_u16(w, (uint16_t)o->sort_attnum[i]);
    rec_u16(w, (uint16_t)o->time_attnum);
    rec_u8(w, o->partition_by_range);
    rec_group_end(w, group, extra);
}

static void write_column(struct rec_writer *w, const struct column_def *c, struct strview extra)
{
    int flags = (c->not_null ? COLUMN_NOT_NULL : 0) | (c->dropped ? COLUMN_DROPPED : 0) |
                (c->source_path_exact ? COLUMN_PATH_EXACT : 0) | (c->generated_sql ? COLUMN_HAS_GENERATED : 0) |
                (c->default_sql ? COLUMN_HAS_DEFAULT : 0) | (c->source_path ? COLUMN_HAS_PATH : 0);
    size_t group = rec_group_begin(w);
    rec_cstr(w, c->name);
    rec_u16(w, (uint16_t)c->attnum);
    rec_u32(w, c->type.oid);
    rec_u32(w, (uint32_t)c->type.typmod);
    rec_u8(w, (uint8_t)c->generated);
    rec_u8(w, (uint8_t)flags);
    if (c->generated_sql)
        rec_cstr(w, c->generated_sql);
    if (c->default_sql)
        rec_cstr(w, c->default_sql);
    if (c->source_path)
        rec_cstr(w, c->source_path);
    rec_group_end(w, group, extra);
}

struct strview def_encode(const struct table_def *def, const struct def_extra *extra, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_META);
    rec_u32(&w, def->oid);
    rec_u32(&w, def->rowtype_oid);
    rec_u32(&w, def->array_oid);
    rec_u64(&w, def->version);
    rec_cstr(&w, def->schema_name);
    rec_cstr(&w, def->name);
    rec_u32(&w, def->owner);
    write_options(&w, &def->options, extra->options);
    rec_u32(&w, def->ncolumn);
    for (uint32_t i = 0; i < def->ncolumn; i++)
        write_column(&w, &def->column[i], i < extra->ncolumn ? extra->column[i] : strview_make("", 0));
    return rec_finish(&w, extra->table);
}

struct strview table_def_encode(const struct table_def *def, struct strbuf *buf)
{
    const struct def_extra none = {.ncolumn = 0};
    return def_encode(def, &none, buf);
}

/* A text in the definition's arena, or NULL. */
static char *read_text(struct rec_reader *r, struct arena *arena)
{
    struct strview text;
    return rec_read_text(r, &text) ? arena_strndup(arena, text.ptr, text.len) : NULL;
}

/* A text that is there if its flag is set. */
static char *read_flagged(struct rec_reader *r, struct arena *arena, bool present)
{
    char *text = present ? read_text(r, arena) : NULL;
    if (present && !text)
        rec_fail(r);
    return text;
}

/* An identifier: present, 1 to 63 bytes of UTF-8. */
static char *read_name(struct rec_reader *r, struct arena *arena)
{
    char *name = read_text(r, arena);
    if (name && name[0] && strlen(name) <= CATALOG_NAME_MAX && utf8_valid(name, strlen(name), NULL))
        return name;
    rec_fail(r);
    return NULL;
}

static int16_t read_attnum(struct rec_reader *r)
{
    uint16_t v = rec_read_u16(r);
    if (v > CATALOG_COLUMNS_MAX)
        rec_fail(r);
    return (int16_t)v;
}

static void read_options(struct rec_reader *r, struct arena *arena, struct table_options *out, struct strview *extra)
{
    struct rec_reader g = rec_read_group(r);
    out->kafka_brokers = read_text(&g, arena);
    out->kafka_topic = read_text(&g, arena);
    out->start = read_text(&g, arena);
    out->format = (enum table_format)rec_read_enum(&g, FORMAT_CSV);
    out->epoch_unit = (enum epoch_unit)rec_read_enum(&g, EPOCH_NS);
    out->on_error = (enum on_error)rec_read_enum(&g, ON_ERROR_FAIL);
    out->on_gap = (enum on_gap)rec_read_enum(&g, ON_GAP_RECORD);
    out->ingest = (enum ingest_mode)rec_read_enum(&g, INGEST_PAUSED);
    out->seal_rows = rec_read_u32(&g);
    out->seal_age_us = (int64_t)rec_read_u64(&g);
    for (size_t i = 0; i < SORT_MAX; i++)
        out->sort_attnum[i] = read_attnum(&g);
    out->time_attnum = read_attnum(&g);
    out->partition_by_range = rec_read_bool(&g);
    *extra = rec_rest(&g);
    rec_join(r, &g);
}

static void read_column(struct rec_reader *r, struct arena *arena, struct column_def *out, struct strview *extra)
{
    struct rec_reader g = rec_read_group(r);
    out->name = read_name(&g, arena);
    out->attnum = read_attnum(&g);
    out->type.oid = rec_read_u32(&g);
    out->type.typmod = (int32_t)rec_read_u32(&g);
    out->generated = (enum generated_kind)rec_read_enum(&g, GENERATED_EXPR);
    uint8_t flags = rec_read_enum(&g, COLUMN_FLAGS);
    out->not_null = flags & COLUMN_NOT_NULL;
    out->dropped = flags & COLUMN_DROPPED;
    out->source_path_exact = flags & COLUMN_PATH_EXACT;
    out->generated_sql = read_flagged(&g, arena, flags & COLUMN_HAS_GENERATED);
    out->default_sql = read_flagged(&g, arena, flags & COLUMN_HAS_DEFAULT);
    out->source_path = read_flagged(&g, arena, flags & COLUMN_HAS_PATH);
    *extra = rec_rest(&g);
    const struct type_info *type = type_by_oid(out->type.oid);
    if (!type || !type->storable)
        rec_fail(&g);
    rec_join(r, &g);
}

/* Numbers of columns that other fields name must exist. */
static void check_attnums(struct rec_reader *r, const struct table_def *def)
{
    for (uint32_t i = 0; i < def->ncolumn; i++)
        if (def->column[i].attnum != (int16_t)(i + 1))
            rec_fail(r);
    for (size_t i = 0; i < SORT_MAX; i++)
        if (def->options.sort_attnum[i] > (int16_t)def->ncolumn)
            rec_fail(r);
    if (def->options.time_attnum > (int16_t)def->ncolumn)
        rec_fail(r);
}

bool def_decode(struct strview node, struct table_def **out, struct arena *arena, struct def_extra *extra,
                struct error *err)
{
    struct rec_reader r;
    if (!rec_open(&r, node, REC_META, "table definition", err))
        return false;
    struct table_def *def = table_def_new();
    def->oid = rec_read_u32(&r);
    def->rowtype_oid = rec_read_u32(&r);
    def->array_oid = rec_read_u32(&r);
    def->version = rec_read_u64(&r);
    def->schema_name = read_name(&r, &def->arena);
    def->name = read_name(&r, &def->arena);
    def->owner = rec_read_u32(&r);
    *extra = (struct def_extra){.ncolumn = 0};
    read_options(&r, &def->arena, &def->options, &extra->options);
    uint32_t n = rec_read_count(&r, COLUMN_BYTES, CATALOG_COLUMNS_MAX);
    def->column = ARENA_ARRAY(&def->arena, struct column_def, n + 1);
    extra->column = ARENA_ARRAY(arena, struct strview, n + 1);
    extra->ncolumn = def->ncolumn = n;
    for (uint32_t i = 0; i < n; i++)
        read_column(&r, &def->arena, &def->column[i], &extra->column[i]);
    extra->table = rec_rest(&r);
    if (def->oid == 0)
        rec_fail(&r);
    check_attnums(&r, def);
    if (!rec_reader_done(&r, "table definition", err)) {
        table_def_put(def);
        return false;
    }
    extra->table = arena_strview(arena, extra->table);
    extra->options = arena_strview(arena, extra->options);
    for (uint32_t i = 0; i < n; i++)
        extra->column[i] = arena_strview(arena, extra->column[i]);
    *out = def;
    return true;
}

bool table_def_decode(struct strview node, struct table_def **out, struct error *err)
{
    struct arena arena;
    struct def_extra extra;
    arena_init(&arena, NULL);
    bool ok = def_decode(node, out, &arena, &extra, err);
    arena_release(&arena);
    return ok;
}
