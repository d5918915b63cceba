/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of this process: their committed segments, and the consumers of those fed by Kafka. A table's segment list is
 * an immutable version; a commit makes the next one. Opening checks each file's footer against its record.
 */
#include "base/log.h"
#include "base/metrics.h"
#include "node/db_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- versions ---- */

void version_put(struct table_version *v)
{
    if (!v || __atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (uint32_t i = 0; i < v->nsegment; i++)
        segment_put(v->segment[i].segment);
    free(v->segment);
    free(v->part);
    free(v);
}

struct table_version *version_get(struct db_table *table)
{
    pthread_mutex_lock(&table->lock);
    struct table_version *v = table->version;
    __atomic_add_fetch(&v->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&table->lock);
    return v;
}

static void set_committed(struct table_version *v, uint32_t partition, uint64_t committed)
{
    uint32_t i = 0;
    while (i < v->npart && v->part[i].partition != partition)
        i++;
    if (i == v->npart)
        v->part[v->npart++] = (struct table_part){.partition = partition};
    v->part[i].committed = MAX_OF(v->part[i].committed, committed);
}

void table_add_segments(struct db_table *table, const struct table_segment *segment, uint32_t n, uint32_t partition,
                        uint64_t committed)
{
    pthread_mutex_lock(&table->lock);
    struct table_version *old = table->version, *v = xcalloc(1, sizeof *v);
    v->refs = 1;
    v->number = old->number + 1;
    v->nsegment = old->nsegment + n;
    v->segment = xcalloc(v->nsegment + 1, sizeof *v->segment);
    for (uint32_t i = 0; i < old->nsegment; i++) {
        v->segment[i] = old->segment[i];
        segment_get(v->segment[i].segment);
    }
    if (n)
        memcpy(v->segment + old->nsegment, segment, n * sizeof *segment);
    v->npart = old->npart;
    v->part = xcalloc(v->npart + 1, sizeof *v->part);
    if (old->npart)
        memcpy(v->part, old->part, old->npart * sizeof *v->part);
    if (committed)
        set_committed(v, partition, committed);
    table->version = v;
    pthread_mutex_unlock(&table->lock);
    version_put(old);
}

/* ---- files ---- */

char *segment_file_path(struct db *db, const char *object_name)
{
    return xasprintf("%s/segments/%s", db->data_dir, object_name);
}

char *segment_temp_path(struct db *db, oid_t table, struct error *err)
{
    uint64_t unique;
    char *dir = xasprintf("%s/segments/%u/tmp", db->data_dir, table);
    char *path = NULL;
    db->env->random(db->env, &unique, sizeof unique);
    if (env_mkdir_all(db->env, dir, err))
        path = xasprintf("%s/%016llx", dir, (unsigned long long)unique);
    free(dir);
    return path;
}

bool segment_file_publish(struct db *db, const char *temp, const char *final, struct error *err)
{
    char *dir = xstrdup(final);
    *strrchr(dir, '/') = '\0';
    bool ok = env_mkdir_all(db->env, dir, err);
    if (ok && db->env->rename(db->env, temp, final) != 0)
        ok = error_errno(err, errno, "could not rename file \"%s\" to \"%s\"", temp, final);
    ok = ok && env_sync_dir(db->env, dir, err);
    /* The folders' own entries must last as well. */
    for (int up = 0; ok && up < 3; up++) {
        *strrchr(dir, '/') = '\0';
        ok = env_sync_dir(db->env, dir, err);
    }
    free(dir);
    return ok;
}

void record_from_meta(const struct segment_meta *meta, struct segment_record *out)
{
    bool no_time = meta->last_timestamp_us == STREAM_NO_TIMESTAMP;
    *out = (struct segment_record){
        .kind = RECORD_SEGMENT,
        .rows = (uint32_t)meta->rows,
        .dead_rows = meta->dead_letters,
        .last = {.pos = meta->last_pos, .ts = no_time ? INT64_MIN : meta->last_timestamp_us, .crc = meta->last_crc},
        .time_min = meta->time_min_us,
        .time_max = meta->time_max_us,
        .size = meta->file_bytes,
        .schema_v = meta->schema_v,
        .decoder_rev = meta->decoder_rev,
    };
    memcpy(out->sha256, meta->sha256, sizeof out->sha256);
}

bool table_open_segment(struct db *db, const char *object_name, const struct segment_record *record,
                        struct segment **out, struct error *err)
{
    char *path = segment_file_path(db, object_name);
    bool ok = segment_open(db->env, db->cache, path, out, err);
    if (ok) {
        const struct segment_meta *meta = segment_meta(*out);
        if (meta->rows != record->rows || meta->file_bytes != record->size) {
            ok = error_set(err, SQLSTATE_DATA_CORRUPTED, "segment file \"%s\" is not the one that was committed", path);
            error_detail(err, "It has %llu rows in %llu bytes; the record says %u rows in %llu bytes.",
                         (unsigned long long)meta->rows, (unsigned long long)meta->file_bytes, record->rows,
                         (unsigned long long)record->size);
            segment_put(*out);
        }
    }
    free(path);
    return ok;
}

/* ---- opening ---- */

static bool load_partition(struct db_table *t, struct partition_id id, struct arena *arena, struct error *err)
{
    struct partition p;
    struct segment_record *record;
    uint32_t nrecord;
    if (!partition_load_chain(t->db->coord, id, arena, &p, &record, &nrecord, err))
        return false;
    for (uint32_t i = 0; i < nrecord; i++) {
        struct table_segment s = {.partition = id.partition, .begin = record[i].start, .end = record[i].end};
        if (record[i].kind != RECORD_SEGMENT)
            continue;
        const char *name = segment_object_name(arena, id, &record[i]);
        memcpy(s.sha256, record[i].sha256, sizeof s.sha256);
        if (!table_open_segment(t->db, name, &record[i], &s.segment, err))
            return false;
        table_add_segments(t, &s, 1, id.partition, record[i].end);
    }
    table_add_segments(t, NULL, 0, id.partition, p.head.start);
    return true;
}

static bool load_loads(struct db_table *t, struct arena *arena, struct error *err)
{
    struct visible visible;
    if (!visible_read(t->db->coord, t->oid, arena, &visible, err))
        return false;
    for (uint32_t i = 0; i < visible.list.nload; i++) {
        struct load load;
        struct segment_record *record;
        if (!load_read(t->db->coord, t->oid, visible.list.load[i].load, arena, &load, err) ||
            !load_read_records(t->db->coord, &load, arena, &record, err))
            return false;
        for (uint32_t k = 0; k < load.record.nsegment; k++) {
            struct table_segment s = {.is_load = true, .load = load.id};
            const char *name = load_object_name(arena, t->oid, load.id, &record[k]);
            memcpy(s.sha256, record[k].sha256, sizeof s.sha256);
            if (!table_open_segment(t->db, name, &record[k], &s.segment, err))
                return false;
            table_add_segments(t, &s, 1, 0, 0);
        }
    }
    return true;
}

static bool load_all(struct db_table *t, struct error *err)
{
    struct arena arena;
    struct partition_id *id;
    uint32_t nid;
    arena_init(&arena, NULL);
    bool ok = partition_list(t->db->coord, t->oid, &arena, &id, &nid, err);
    for (uint32_t i = 0; ok && i < nid; i++)
        ok = load_partition(t, id[i], &arena, err);
    ok = ok && load_loads(t, &arena, err);
    arena_release(&arena);
    return ok;
}

static bool bind_expr(const struct table_def *def, const char *sql, struct coltype type, bool columns,
                      struct arena *arena, struct expr **out, struct error *err)
{
    if (sql_bind_column_expr(arena, strview_of(sql), def, type, columns, &value_ctx_default, out, err))
        return true;
    err->position = 0; /* it counts within the expression */
    return false;
}

bool make_decode_spec(const struct table_def *def, struct decode_spec **out, struct error *err)
{
    struct decode_spec *spec = decode_spec_new(def);
    struct expr_env *env = ARENA_NEW(&spec->arena, struct expr_env);
    struct coltype *type = ARENA_ARRAY(&spec->arena, struct coltype, def->ncolumn + 1);
    bool ok = true;
    env->ctx = value_ctx_default;
    for (uint32_t i = 0; i < def->ncolumn; i++)
        type[i] = def->column[i].type;
    for (uint32_t i = 0; ok && i < def->ncolumn; i++) {
        const struct column_def *c = &def->column[i];
        struct decode_column *d = &spec->column[i];
        struct expr *expr;
        if (c->default_sql && !c->dropped) {
            d->has_default = true;
            ok = bind_expr(def, c->default_sql, c->type, false, &spec->arena, &expr, err) &&
                 expr_eval_const(&spec->arena, expr, env, &d->default_value, err);
        }
        if (ok && c->generated == GENERATED_EXPR && !c->dropped) {
            struct expr_prog *prog;
            ok = bind_expr(def, c->generated_sql, c->type, true, &spec->arena, &expr, err) &&
                 expr_compile(&spec->arena, expr, type, def->ncolumn, env, &prog, err);
            d->computed = ok ? prog : NULL;
        }
    }
    if (ok)
        *out = spec;
    else
        decode_spec_put(spec);
    return ok;
}

static bool start_ingest(struct db_table *t, struct error *err)
{
    struct decode_spec *spec;
    if (!table_is_kafka(t->def))
        return true;
    if (!make_decode_spec(t->def, &spec, err))
        return false;
    bool ok = ingest_table_open(t->db->ingest, spec, &t->ingest, err);
    decode_spec_put(spec);
    return ok;
}

/* Deletes a folder of plain files and folders. Names come from readdir, never from users. */
static void remove_tree(struct env *env, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *child = xasprintf("%s/%s", path, entry->d_name);
        if (env->unlink(env, child) != 0 && (errno == EISDIR || errno == EPERM))
            remove_tree(env, child);
        free(child);
    }
    closedir(dir);
    (void)rmdir(path);
}

static int path_order(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Deletes the files below path that are not in keep[n] (sorted), and the folders that are empty then. */
static void remove_others(struct env *env, const char *path, const char **keep, uint32_t n)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *child = xasprintf("%s/%s", path, entry->d_name);
        struct stat st;
        if (env->stat(env, child, &st) == 0 && S_ISDIR(st.st_mode)) {
            remove_others(env, child, keep, n);
            (void)rmdir(child); /* stays if something is left in it */
        } else if (!bsearch(&child, keep, n, sizeof *keep, path_order)) {
            log_info("node", "msg=\"removing a file that no commit names\" file=%s", child);
            env->unlink(env, child);
        }
        free(child);
    }
    closedir(dir);
}

/* What builds and loads left behind that never were committed. Before ingestion starts. */
static void sweep_orphans(const struct db_table *t)
{
    const struct table_version *v = t->version;
    const char **keep = xcalloc(v->nsegment + 1, sizeof *keep);
    char *dir = xasprintf("%s/segments/%u", t->db->data_dir, t->oid);
    for (uint32_t i = 0; i < v->nsegment; i++)
        keep[i] = segment_path(v->segment[i].segment);
    qsort(keep, v->nsegment, sizeof *keep, path_order);
    remove_others(t->db->env, dir, keep, v->nsegment);
    free(dir);
    free(keep);
}

bool table_open(struct db *db, const struct table_def *def, struct error *err)
{
    struct db_table *t = xcalloc(1, sizeof *t);
    t->refs = 1;
    t->db = db;
    t->oid = def->oid;
    t->def = table_def_get(def);
    pthread_mutex_init(&t->lock, NULL);
    t->version = xcalloc(1, sizeof *t->version);
    t->version->refs = 1;
    pthread_mutex_lock(&db->lock);
    t->next = db->tables;
    db->tables = t;
    pthread_mutex_unlock(&db->lock);
    error_clear(&t->broken);
    if (!load_all(t, &t->broken)) {
        log_error("node", "table=%s state=broken sqlstate=%s msg=\"%s\"", def->name, t->broken.sqlstate,
                  t->broken.message);
        return true;
    }
    sweep_orphans(t);
    return start_ingest(t, err);
}

void table_put(struct db_table *t)
{
    if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    version_put(t->version);
    table_def_put(t->def);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

struct db_table *table_get(struct db *db, oid_t oid)
{
    pthread_mutex_lock(&db->lock);
    struct db_table *t = db->tables;
    while (t && t->oid != oid)
        t = t->next;
    if (t)
        __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&db->lock);
    return t;
}

void table_drop(struct db *db, oid_t oid)
{
    struct db_table *t = NULL;
    struct error err;
    pthread_mutex_lock(&db->lock);
    for (struct db_table **at = &db->tables; *at; at = &(*at)->next)
        if ((*at)->oid == oid) {
            t = *at;
            *at = t->next;
            break;
        }
    pthread_mutex_unlock(&db->lock);
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    struct ingest_table *ingest = t->ingest;
    t->ingest = NULL;
    pthread_mutex_unlock(&t->lock);
    if (ingest)
        ingest_table_close(ingest, INGEST_CLOSE_DROP);
    char *label = xasprintf("table=\"%s\"", t->def->name);
    metric_drop(label);
    free(label);
    /* Queries that still read it hold open descriptors. */
    char *dir = xasprintf("%s/segments/%u", db->data_dir, oid);
    remove_tree(db->env, dir);
    free(dir);
    if (!table_sweep(db->coord, oid, &err))
        log_warning("node", "table=%u msg=\"could not sweep the dropped table's records: %s\"", oid, err.message);
    table_put(t);
}

/* Files of crashed builds and of tables whose drop was cut short. */
static void sweep_at_start(struct db *db)
{
    struct arena arena;
    oid_t *dropped;
    uint32_t n;
    struct error err;
    arena_init(&arena, NULL);
    if (table_dropped_list(db->coord, &arena, &dropped, &n, &err))
        for (uint32_t i = 0; i < n; i++) {
            char *dir = xasprintf("%s/segments/%u", db->data_dir, dropped[i]);
            remove_tree(db->env, dir);
            free(dir);
            if (!table_sweep(db->coord, dropped[i], &err))
                log_warning("node", "table=%u msg=\"%s\"", dropped[i], err.message);
        }
    struct catalog_snapshot *snap = catalog_snapshot_get(db->catalog);
    for (uint32_t i = 0; i < catalog_table_count(snap); i++) {
        char *dir = xasprintf("%s/segments/%u/tmp", db->data_dir, catalog_table_at(snap, i)->oid);
        remove_tree(db->env, dir);
        free(dir);
    }
    catalog_snapshot_put(snap);
    arena_release(&arena);
}

bool tables_open(struct db *db, struct error *err)
{
    bool ok = true;
    sweep_at_start(db);
    struct catalog_snapshot *snap = catalog_snapshot_get(db->catalog);
    for (uint32_t i = 0; ok && i < catalog_table_count(snap); i++)
        ok = table_open(db, catalog_table_at(snap, i), err);
    catalog_snapshot_put(snap);
    return ok;
}

void tables_close(struct db *db)
{
    for (struct db_table *t = db->tables; t; t = t->next)
        if (t->ingest) {
            ingest_table_close(t->ingest, INGEST_CLOSE_SPILL);
            t->ingest = NULL;
        }
    while (db->tables) {
        struct db_table *t = db->tables;
        db->tables = t->next;
        table_put(t);
    }
}
