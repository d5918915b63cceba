/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the database of a process, in order of dependence. */
#include "node/db_int.h"

#include "base/log.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 1ULL << 30;
}

static bool make_dirs(struct db *db, struct error *err)
{
    static const char *const dirs[] = {"segments", "tails", "spill"};
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_LEN(dirs); i++) {
        char *path = xasprintf("%s/%s", db->data_dir, dirs[i]);
        ok = env_mkdir_all(db->env, path, err);
        free(path);
    }
    return ok;
}

static void open_memory(struct db *db)
{
    uint64_t limit = db->config.memory_bytes ? db->config.memory_bytes : machine_memory() / 2;
    uint64_t cache = db->config.cache_bytes ? db->config.cache_bytes : limit / 2;
    db->pool = mem_pool_open(limit, limit / 8);
    db->cache = page_cache_open(db->pool, cache);
    db->build_account = mem_account_open(db->pool, MEM_INGEST, 0, "segment builds");
}

static bool open_store(struct db *db, struct error *err)
{
    struct coord_session session;
    char *path = xasprintf("%s/meta.db", db->data_dir);
    bool ok = coord_sqlite_open(db->env, path, &db->coord, err) && catalog_open(db->env, db->coord, &db->catalog, err);
    free(path);
    if (ok) {
        coord_session(db->coord, &session);
        db->incarnation = session.id;
    }
    return ok;
}

static bool open_engine(struct db *db, struct error *err)
{
    char *spill = xasprintf("%s/spill", db->data_dir);
    struct engine_config config = {db->config.workers, db->env, db->pool, spill};
    bool ok = engine_open(&config, &db->engine, err);
    free(spill);
    return ok;
}

static void open_host(struct db *db)
{
    db->host = (struct session_host){
        .arg = db,
        .env = db->env,
        .engine = db->engine,
        .snapshot_open = db_snapshot_open,
        .snapshot_close = db_snapshot_close,
        .catalog_view = db_catalog_view,
        .catalog_version = db_catalog_version,
        .source = &db_source_ops,
        .show_query = db_show_query,
        .snapshot_session = db_snapshot_session,
        .relation_name = db_relation_name,
        .role_name = db_role_name,
    };
    db_load_host(&db->host);
    db_ddl_host(&db->host);
    db->syscat = syscat_open(mencia_tables, mencia_table_count);
}

static bool open_ingest(struct db *db, struct error *err)
{
    db->ingest_host = (struct db_ingest_host){{&db_ingest_host_ops}, db};
    /* librdkafka looks at a full queue again only after a second: the buffer must last that long at full speed. */
    uint64_t buffer = MIN_OF(mem_pool_limit(db->pool) / 32, 384ULL << 20);
    struct ingest_config config = {.env = db->env,
                                   .pool = db->pool,
                                   .host = (struct ingest_host *)(void *)&db->ingest_host,
                                   .table_buffer_bytes = MAX_OF(buffer, 16ULL << 20)};
    db->ingest = ingest_open(&config);
    return job_thread_open(&db->meta_thread, "meta", err) && job_thread_open(&db->build_thread, "build", err);
}

bool db_open(const struct db_config *config, struct db **out, struct error *err)
{
    struct db *db = xcalloc(1, sizeof *db);
    db->config = *config;
    db->env = config->env;
    db->data_dir = xstrdup(config->data_dir);
    db->copy_dir = config->copy_dir && config->copy_dir[0] ? xstrdup(config->copy_dir) : NULL;
    pthread_mutex_init(&db->lock, NULL);
    pthread_mutex_init(&db->ddl_lock, NULL);
    open_memory(db);
    bool ok = make_dirs(db, err) && open_store(db, err) && open_engine(db, err);
    if (ok) {
        open_host(db);
        ok = open_ingest(db, err) && tables_open(db, err);
    }
    if (!ok) {
        db_close(db);
        return false;
    }
    *out = db;
    return true;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    tables_close(db);
    job_thread_close(&db->build_thread);
    job_thread_close(&db->meta_thread);
    built_release_all(db);
    if (db->ingest)
        ingest_close(db->ingest);
    syscat_close(db->syscat);
    engine_close(db->engine);
    if (db->catalog)
        catalog_close(db->catalog);
    if (db->coord)
        coord_close(db->coord);
    page_cache_close(db->cache);
    mem_account_close(db->build_account);
    mem_pool_close(db->pool);
    pthread_mutex_destroy(&db->lock);
    pthread_mutex_destroy(&db->ddl_lock);
    free(db->data_dir);
    free(db->copy_dir);
    free(db);
}

const struct session_host *db_host(struct db *db) { return &db->host; }
void db_set_sessions(struct db *db, struct session_server *sessions) { db->sessions = sessions; }

/* ---- readiness and metrics ---- */

static bool table_ready(struct db_table *t)
{
    struct arena arena;
    struct ingest_stats *stats;
    uint32_t n = 0;
    bool ready = true;
    arena_init(&arena, NULL);
    pthread_mutex_lock(&t->lock);
    if (t->ingest)
        ingest_table_stats(t->ingest, &arena, &stats, &n);
    pthread_mutex_unlock(&t->lock);
    for (uint32_t i = 0; i < n; i++)
        ready = ready && stats[i].state != INGEST_STARTING;
    arena_release(&arena);
    return ready;
}

static void partition_metrics(const struct db_table *t, const struct ingest_stats *s)
{
    char labels[256], state_labels[320];
    snprintf(labels, sizeof labels, "table=\"%s\",partition=\"%u\"", t->def->name, s->partition);
    metric_set(metric_get(METRIC_GAUGE, "mencia_ingest_lag_messages", "Messages behind the end of the topic.", labels),
               (double)s->lag);
    metric_set(metric_get(METRIC_GAUGE, "mencia_ingest_position", "Next offset to read.", labels), (double)s->position);
    for (int state = INGEST_STARTING; state <= INGEST_DRAINED; state++) {
        snprintf(state_labels, sizeof state_labels, "%s,state=\"%s\"", labels,
                 ingest_state_name((enum ingest_state)state));
        metric_set(
            metric_get(METRIC_GAUGE, "mencia_ingest_state", "1 for the state the partition is in.", state_labels),
            (int)s->state == state);
    }
    metric_set(metric_get(METRIC_GAUGE, "mencia_ingest_last_error_timestamp_seconds",
                          "Time of the last error; 0 = none.", labels),
               s->last_error[0] ? (double)s->last_error_at / 1e6 : 0);
}

struct ingest_totals {
    uint64_t rows, dead, skipped, bytes;
};

static void table_metrics(struct db_table *t)
{
    char labels[192], more[256];
    struct arena arena;
    struct ingest_stats *stats;
    struct ingest_totals sum = {0};
    uint32_t n = 0;
    double rows = 0, bytes = 0;
    arena_init(&arena, NULL);
    pthread_mutex_lock(&t->lock);
    if (t->ingest)
        ingest_table_stats(t->ingest, &arena, &stats, &n);
    pthread_mutex_unlock(&t->lock);
    for (uint32_t i = 0; i < n; i++) {
        partition_metrics(t, &stats[i]);
        sum.rows += stats[i].rows;
        sum.dead += stats[i].dead_letters;
        sum.skipped += stats[i].skipped;
        sum.bytes += stats[i].bytes;
        rows += (double)stats[i].tail_rows;
    }
    struct table_version *v = version_get(t);
    for (uint32_t i = 0; i < v->nsegment; i++) {
        rows += (double)segment_meta(v->segment[i].segment)->rows;
        bytes += (double)segment_meta(v->segment[i].segment)->file_bytes;
    }
    snprintf(labels, sizeof labels, "table=\"%s\"", t->def->name);
    metric_set(metric_get(METRIC_GAUGE, "mencia_segments", "Committed segments.", labels), v->nsegment);
    metric_set(metric_get(METRIC_GAUGE, "mencia_segment_bytes", "Bytes of committed segments.", labels), bytes);
    metric_set(metric_get(METRIC_GAUGE, "mencia_rows", "Rows that queries see.", labels), rows);
    const char *const results[] = {"ok", "dead_letter", "error"};
    const uint64_t counts[] = {sum.rows, sum.dead, sum.skipped};
    for (size_t i = 0; n && i < ARRAY_LEN(results); i++) {
        snprintf(more, sizeof more, "%s,result=\"%s\"", labels, results[i]);
        metric_set(
            metric_get(METRIC_GAUGE, "mencia_ingest_rows_total", "Messages since start, by what became of them.", more),
            (double)counts[i]);
    }
    if (n)
        metric_set(metric_get(METRIC_GAUGE, "mencia_ingest_bytes_total", "Bytes of messages since start.", labels),
                   (double)sum.bytes);
    version_put(v);
    arena_release(&arena);
}

/* Calls fn for every open table without holding the registry's lock. */
static bool all_tables(struct db *db, bool (*fn)(struct db_table *t))
{
    struct catalog_snapshot *snap = catalog_snapshot_get(db->catalog);
    bool all = true;
    for (uint32_t i = 0; i < catalog_table_count(snap); i++) {
        struct db_table *t = table_get(db, catalog_table_at(snap, i)->oid);
        all = (!t || fn(t)) && all;
        table_put(t);
    }
    catalog_snapshot_put(snap);
    return all;
}

bool db_ready(struct db *db) { return all_tables(db, table_ready); }

static bool update_one(struct db_table *t)
{
    table_metrics(t);
    return true;
}

void db_update_metrics(struct db *db)
{
    all_tables(db, update_one);
    metric_set(metric_get(METRIC_GAUGE, "mencia_memory_bytes", "Memory of the budget in use.", ""),
               (double)mem_pool_used(db->pool));
    metric_set(metric_get(METRIC_GAUGE, "mencia_page_cache_bytes", "Bytes of pages and dictionaries in the cache.", ""),
               (double)page_cache_bytes(db->cache));
    if (db->sessions)
        metric_set(metric_get(METRIC_GAUGE, "mencia_pg_connections", "Open sessions.", ""),
                   session_server_count(db->sessions));
}
