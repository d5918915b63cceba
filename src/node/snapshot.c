/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement's view: one catalogue snapshot, and per table, fixed when it is first opened, the version of its segment
 * list with the matching share of each tail. A tail begins where the version's segments end; when a commit slips in
 * between taking the two, both are taken again.
 */
#include "node/db_int.h"

#include <stdlib.h>

enum { SNAPSHOT_RETRIES = 100 };

struct opened_table {
    struct opened_table *next;
    struct db_table *table;
    struct table_version *version;
    uint32_t ntail;
    struct tail_snapshot *tail;
    struct part_snap *part;
    struct table_source source;
};

struct host_snapshot {
    struct syscat_context syscat; /* first: system relations are given the snapshot */
    const struct func_session *session;
    struct db *db;
    struct catalog_snapshot *catalog;
    struct arena arena;
    struct opened_table *opened;
    struct host_load *const *pending;
    uint32_t npending;
};

struct db *snapshot_db(const struct host_snapshot *snapshot) { return snapshot->db; }
const struct catalog_snapshot *snapshot_catalog(const struct host_snapshot *snapshot) { return snapshot->catalog; }

const struct func_session *snapshot_session(const struct host_snapshot *snapshot) { return snapshot->session; }

void db_snapshot_session(struct host_snapshot *snapshot, const struct func_session *session)
{
    snapshot->session = session;
}

bool db_snapshot_open(void *arg, struct host_load *const *pending, uint32_t npending, struct host_snapshot **out,
                      struct error *err)
{
    struct db *db = arg;
    struct host_snapshot *s = xcalloc(1, sizeof *s);
    s->db = db;
    s->syscat.provider = &db_syscat_provider;
    s->catalog = catalog_snapshot_get(db->catalog);
    arena_init(&s->arena, NULL);
    struct host_load **copy = ARENA_ARRAY(&s->arena, struct host_load *, npending + 1);
    for (uint32_t i = 0; i < npending; i++)
        copy[i] = pending[i];
    s->pending = copy;
    s->npending = npending;
    *out = s;
    return true;
}

static void release_tails(struct opened_table *o)
{
    for (uint32_t i = 0; i < o->ntail; i++)
        tail_snapshot_release(&o->tail[i]);
    o->ntail = 0;
}

void db_snapshot_close(struct host_snapshot *s)
{
    for (struct opened_table *o = s->opened; o; o = o->next) {
        release_tails(o);
        version_put(o->version);
        table_put(o->table);
    }
    catalog_snapshot_put(s->catalog);
    arena_release(&s->arena);
    free(s);
}

uint64_t db_catalog_version(struct host_snapshot *s) { return catalog_snapshot_version(s->catalog); }

/* ---- names ---- */

static bool find_by_case(const struct host_snapshot *s, struct strview schema, struct strview name,
                         struct relation *out, bool *ambiguous)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < catalog_table_count(s->catalog); i++) {
        const struct table_def *def = catalog_table_at(s->catalog, i);
        if (strview_equal_cstr(schema, def->schema_name) && strview_equal_nocase(name, strview_of(def->name))) {
            *out = (struct relation){.def = def};
            found++;
        }
    }
    if (ambiguous)
        *ambiguous = found > 1;
    return found == 1;
}

/* Estimate for the planner: committed rows. */
double snapshot_rows_estimate(struct host_snapshot *s, oid_t oid)
{
    double rows = 0;
    struct db_table *t = table_get(s->db, oid);
    if (!t)
        return 0;
    struct table_version *v = version_get(t);
    for (uint32_t i = 0; i < v->nsegment; i++)
        rows += (double)segment_meta(v->segment[i].segment)->rows;
    version_put(v);
    table_put(t);
    return rows;
}

static bool view_find(void *arg, struct strview schema, struct strview name, bool exact, struct relation *out,
                      bool *ambiguous)
{
    struct host_snapshot *s = arg;
    if (ambiguous)
        *ambiguous = false;
    if (syscat_find(s->db->syscat, schema, name, out))
        return true;
    struct strview in = schema.len ? schema : STRVIEW("public");
    const struct table_def *def = catalog_table_by_name(s->catalog, in, name);
    *out = (struct relation){.def = def};
    if (!def && (exact || !find_by_case(s, in, name, out, ambiguous)))
        return false;
    out->rows_estimate = snapshot_rows_estimate(s, out->def->oid);
    return true;
}

static bool view_schema(void *arg, struct strview schema)
{
    struct host_snapshot *s = arg;
    return catalog_schema_oid(schema) != 0 || syscat_schema_exists(s->db->syscat, schema);
}

struct each_arg {
    void (*fn)(void *fn_arg, struct strview schema, struct strview name);
    void *fn_arg;
};

static void each_virtual(void *arg, const struct table_def *def)
{
    struct each_arg *e = arg;
    e->fn(e->fn_arg, strview_of(def->schema_name), strview_of(def->name));
}

static void view_each(void *arg, void (*fn)(void *fn_arg, struct strview schema, struct strview name), void *fn_arg)
{
    struct host_snapshot *s = arg;
    struct each_arg e = {fn, fn_arg};
    for (uint32_t i = 0; i < catalog_table_count(s->catalog); i++) {
        const struct table_def *def = catalog_table_at(s->catalog, i);
        fn(fn_arg, strview_of(def->schema_name), strview_of(def->name));
    }
    syscat_each(s->db->syscat, each_virtual, &e);
}

/* The largest distinct estimate of any segment: columns repeat their values across segments more often than not. */
static void view_stats(void *arg, const struct table_def *def, uint32_t column, struct column_stats *out)
{
    struct host_snapshot *s = arg;
    *out = (struct column_stats){0};
    struct db_table *t = table_get(s->db, def->oid);
    if (!t)
        return;
    struct table_version *v = version_get(t);
    double nulls = 0, rows = 0;
    for (uint32_t i = 0; i < v->nsegment; i++) {
        struct zone zone;
        if (!segment_zone(v->segment[i].segment, column, &zone))
            continue;
        out->distinct = MAX_OF(out->distinct, (double)zone.distinct);
        nulls += zone.nulls;
        rows += zone.rows;
    }
    out->null_fraction = rows > 0 ? nulls / rows : 0;
    version_put(v);
    table_put(t);
}

static bool view_value(void *arg, const char *name, struct strview *out) { return false; /* the session knows these */ }

void db_catalog_view(struct host_snapshot *s, struct catalog_view *out)
{
    *out = (struct catalog_view){s, view_find, view_schema, view_each, view_stats, view_value};
}

/* ---- rows ---- */

static uint64_t committed_of(const struct table_version *v, uint32_t partition, bool *known)
{
    for (uint32_t i = 0; i < v->npart; i++)
        if (v->part[i].partition == partition) {
            *known = true;
            return v->part[i].committed;
        }
    *known = false;
    return 0;
}

/* Version and tails that fit together. */
static bool take_state(struct host_snapshot *s, struct opened_table *o, struct error *err)
{
    struct ingest_tail *tail = NULL;
    uint32_t n = 0;
    bool ok = true;
    o->version = version_get(o->table);
    pthread_mutex_lock(&o->table->lock);
    if (o->table->ingest)
        ingest_table_tails(o->table->ingest, &s->arena, &tail, &n);
    pthread_mutex_unlock(&o->table->lock);
    o->tail = ARENA_ARRAY(&s->arena, struct tail_snapshot, n + 1);
    o->part = ARENA_ARRAY(&s->arena, struct part_snap, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        bool known;
        uint64_t lo = committed_of(o->version, tail[i].partition, &known);
        if (ok && !known) {
            struct tail_stats stats;
            tail_stats(tail[i].tail, &stats);
            lo = stats.pos_begin;
        }
        ok = ok && tail_snapshot(tail[i].tail, lo, UINT64_MAX, &o->tail[o->ntail], err);
        if (ok) {
            o->part[o->ntail] = (struct part_snap){tail[i].partition, o->tail[o->ntail].lo, o->tail[o->ntail].hi};
            o->ntail++;
        }
        tail_put(tail[i].tail);
    }
    if (!ok) {
        release_tails(o);
        version_put(o->version);
        o->version = NULL;
    }
    return ok;
}

static uint32_t count_units(const struct host_snapshot *s, const struct opened_table *o)
{
    uint32_t n = 0;
    const struct table_segment *seg;
    for (uint32_t i = 0; i < o->version->nsegment; i++)
        n += segment_chunks(o->version->segment[i].segment);
    for (uint32_t i = 0; i < o->ntail; i++)
        n += o->tail[i].npart;
    for (uint32_t i = 0; i < s->npending; i++) {
        uint32_t k = load_segments(s->pending[i], o->table->oid, &seg);
        while (k-- > 0)
            n += segment_chunks(seg[k].segment);
    }
    return n;
}

static void add_segment_units(struct table_source *source, struct segment *segment)
{
    for (uint32_t c = 0; c < segment_chunks(segment); c++) {
        struct chunk *chunk = segment_chunk(segment, c);
        source->unit[source->nunit++] =
            (struct scan_unit){.chunk = chunk, .row_end = chunk_rows(chunk), .segment = source->nsegment};
    }
    source->nsegment++;
}

static void make_units(struct host_snapshot *s, struct opened_table *o)
{
    struct table_source *source = &o->source;
    const struct table_segment *seg;
    source->unit = ARENA_ARRAY(&s->arena, struct scan_unit, count_units(s, o) + 1);
    for (uint32_t i = 0; i < o->version->nsegment; i++)
        add_segment_units(source, o->version->segment[i].segment);
    for (uint32_t i = 0; i < s->npending; i++) {
        uint32_t n = load_segments(s->pending[i], o->table->oid, &seg);
        for (uint32_t k = 0; k < n; k++)
            add_segment_units(source, seg[k].segment);
    }
    for (uint32_t i = 0; i < o->ntail; i++)
        for (uint32_t k = 0; k < o->tail[i].npart; k++) {
            const struct tail_part *p = &o->tail[i].part[k];
            if (p->row_begin < p->row_end)
                source->unit[source->nunit++] = (struct scan_unit){.chunk = p->chunk,
                                                                   .row_begin = p->row_begin,
                                                                   .row_end = p->row_end,
                                                                   .consuming = true,
                                                                   .segment = UINT32_MAX};
        }
    source->npart = o->ntail;
    source->part = o->part;
}

/* The snapshot owns everything; it outlives the query. */
static void source_close(struct table_source *source) {}

static bool open_state(struct host_snapshot *s, struct opened_table *o, struct error *err)
{
    for (int i = 0; i < SNAPSHOT_RETRIES; i++) {
        if (take_state(s, o, err))
            return true;
        if (!error_is(err, SQLSTATE_SERIALIZATION_FAILURE))
            return false;
    }
    return false;
}

static bool open_table(void *arg, const struct relation *relation, struct table_source **out, struct error *err)
{
    struct host_snapshot *s = arg;
    struct opened_table *o = s->opened;
    while (o && o->table->oid != relation->def->oid)
        o = o->next;
    if (!o) {
        o = ARENA_NEW(&s->arena, struct opened_table);
        o->table = table_get(s->db, relation->def->oid);
        if (!o->table)
            return error_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", relation->def->name);
        if (error_is_set(&o->table->broken)) {
            *err = o->table->broken;
            table_put(o->table);
            return error_context(err, "table \"%s\" cannot be read", relation->def->name);
        }
        if (!open_state(s, o, err)) {
            table_put(o->table);
            return false;
        }
        make_units(s, o);
        o->source.close = source_close;
        o->next = s->opened;
        s->opened = o;
    }
    *out = &o->source;
    return true;
}

static bool virtual_rows(void *arg, const struct relation *relation, const uint32_t *column, uint32_t ncolumn,
                         struct arena *arena, struct batch **batches, uint32_t *nbatch, struct error *err)
{
    return syscat_rows(relation, arg, column, ncolumn, arena, batches, nbatch, err);
}

const struct source_ops db_source_ops = {open_table, virtual_rows};
