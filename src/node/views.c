/* SPDX-License-Identifier: Apache-2.0 */
/* The mencia.* views: what ingestion, storage and sessions are doing, as virtual tables. */
#include "node/db_int.h"

#include <stdio.h>
#include <stdlib.h>

#define COLUMNS(array) (array), ARRAY_LEN(array)

/* Every table of the snapshot's catalogue that is open, under a reference. */
static bool each_table(struct host_snapshot *s, bool (*fn)(void *arg, struct db_table *t), void *arg)
{
    const struct catalog_snapshot *catalog = snapshot_catalog(s);
    bool ok = true;
    for (uint32_t i = 0; ok && i < catalog_table_count(catalog); i++) {
        struct db_table *t = table_get(snapshot_db(s), catalog_table_at(catalog, i)->oid);
        if (t)
            ok = fn(arg, t);
        table_put(t);
    }
    return ok;
}

struct fill {
    struct vt_writer *w;
    struct host_snapshot *snapshot;
    struct error *err;
};

/* ---- mencia.ingestion ---- */

static const struct vt_column ingestion_columns[] = {
    {"table", TYPE_TEXT},        {"topic", TYPE_TEXT},
    {"partition", TYPE_INT4},    {"state", TYPE_TEXT},
    {"position", TYPE_INT8},     {"end_offset", TYPE_INT8},
    {"lag", TYPE_INT8},          {"lag_seconds", TYPE_FLOAT8},
    {"rows_per_s", TYPE_FLOAT8}, {"rows", TYPE_INT8},
    {"committed", TYPE_INT8},    {"pending_segments", TYPE_INT4},
    {"dead_letters", TYPE_INT8}, {"skipped", TYPE_INT8},
    {"tombstones", TYPE_INT8},   {"unknown_keys", TYPE_INT8},
    {"gaps", TYPE_INT8},         {"tail_rows", TYPE_INT8},
    {"tail_bytes", TYPE_INT8},   {"last_message_at", TYPE_TIMESTAMPTZ},
    {"last_error", TYPE_TEXT},   {"last_error_at", TYPE_TIMESTAMPTZ},
};

static void ingestion_row(struct vt_writer *w, const struct db_table *t, const struct ingest_stats *s, int64_t now_us)
{
    vt_text(w, t->def->name);
    vt_text(w, t->def->options.kafka_topic);
    vt_int(w, s->partition);
    vt_text(w, ingest_state_name(s->state));
    vt_int(w, (int64_t)s->position);
    if (s->end_known) {
        vt_int(w, (int64_t)s->end_offset);
        vt_int(w, (int64_t)s->lag);
    } else {
        vt_null(w);
        vt_null(w);
    }
    /* How old the newest row is while there are messages behind it; caught up = 0. */
    if (s->end_known && s->lag == 0)
        vt_f64(w, 0);
    else if (s->end_known && s->last_message_at != STREAM_NO_TIMESTAMP)
        vt_f64(w, MAX_OF(0.0, (double)(now_us - s->last_message_at) / 1e6));
    else
        vt_null(w);
    vt_f64(w, s->rows_per_s);
    vt_int(w, (int64_t)s->rows);
    vt_int(w, (int64_t)s->committed);
    vt_int(w, s->pending);
    vt_int(w, (int64_t)s->dead_letters);
    vt_int(w, (int64_t)s->skipped);
    vt_int(w, (int64_t)s->tombstones);
    vt_int(w, (int64_t)s->unknown_keys);
    vt_int(w, (int64_t)s->gaps);
    vt_int(w, (int64_t)s->tail_rows);
    vt_int(w, (int64_t)s->tail_bytes);
    vt_timestamp(w, s->last_message_at == STREAM_NO_TIMESTAMP ? INT64_MIN : s->last_message_at);
    vt_text(w, s->last_error[0] ? s->last_error : NULL);
    vt_unix_us(w, s->last_error[0] ? s->last_error_at : 0);
    vt_end_row(w);
}

static bool ingestion_table(void *arg, struct db_table *t)
{
    struct fill *f = arg;
    struct env *env = t->db->env;
    struct arena arena;
    struct ingest_stats *stats;
    uint32_t n = 0;
    arena_init(&arena, NULL);
    pthread_mutex_lock(&t->lock);
    if (t->ingest)
        ingest_table_stats(t->ingest, &arena, &stats, &n);
    pthread_mutex_unlock(&t->lock);
    int64_t now_us = env->now_us(env) - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
    for (uint32_t i = 0; i < n; i++)
        ingestion_row(f->w, t, &stats[i], now_us);
    arena_release(&arena);
    return true;
}

static bool ingestion_fill(void *context, struct vt_writer *w, struct error *err)
{
    struct fill f = {w, context, err};
    return each_table(context, ingestion_table, &f);
}

/* ---- mencia.segments ---- */

static const struct vt_column segments_columns[] = {
    {"table", TYPE_TEXT},
    {"partition", TYPE_INT4},
    {"seq", TYPE_INT8},
    {"kind", TYPE_TEXT},
    {"offset_begin", TYPE_INT8},
    {"offset_end", TYPE_INT8},
    {"rows", TYPE_INT8},
    {"dead_letters", TYPE_INT4},
    {"bytes", TYPE_INT8},
    {"chunks", TYPE_INT4},
    {"time_min", TYPE_TIMESTAMPTZ},
    {"time_max", TYPE_TIMESTAMPTZ},
    {"sha256", TYPE_TEXT},
    {"file", TYPE_TEXT},
};

static void segment_row(struct vt_writer *w, const struct db_table *t, const struct table_segment *s)
{
    const struct segment_meta *m = segment_meta(s->segment);
    char sha[65];
    bool timed = m->time_min_us <= m->time_max_us;
    for (int i = 0; i < 32; i++)
        snprintf(sha + 2 * i, 3, "%02x", s->sha256[i]);
    vt_text(w, t->def->name);
    if (s->is_load)
        vt_null(w);
    else
        vt_int(w, s->partition);
    vt_int(w, (int64_t)m->seq);
    vt_text(w, s->is_load ? "load" : "kafka");
    if (s->is_load) {
        vt_null(w);
        vt_null(w);
    } else {
        vt_int(w, (int64_t)pos_offset(s->begin));
        vt_int(w, (int64_t)pos_offset(s->end));
    }
    vt_int(w, (int64_t)m->rows);
    vt_int(w, m->dead_letters);
    vt_int(w, (int64_t)m->file_bytes);
    vt_int(w, segment_chunks(s->segment));
    vt_timestamp(w, timed ? m->time_min_us : INT64_MIN);
    vt_timestamp(w, timed ? m->time_max_us : INT64_MIN);
    vt_text(w, sha);
    vt_text(w, segment_path(s->segment) + strlen(t->db->data_dir) + 1);
    vt_end_row(w);
}

static bool segments_table(void *arg, struct db_table *t)
{
    struct fill *f = arg;
    struct table_version *v = version_get(t);
    for (uint32_t i = 0; i < v->nsegment; i++)
        segment_row(f->w, t, &v->segment[i]);
    version_put(v);
    return true;
}

static bool segments_fill(void *context, struct vt_writer *w, struct error *err)
{
    struct fill f = {w, context, err};
    return each_table(context, segments_table, &f);
}

/* ---- mencia.dead_letters ---- */

static const struct vt_column dead_columns[] = {
    {"table", TYPE_TEXT},  {"partition", TYPE_INT4}, {"offset", TYPE_INT8}, {"at", TYPE_TIMESTAMPTZ},
    {"column", TYPE_TEXT}, {"reason", TYPE_TEXT},    {"raw", TYPE_BYTEA},
};

struct dead_fill {
    struct fill *fill;
    const struct db_table *table;
    uint32_t partition;
};

static bool dead_row(void *arg, const struct dead_letter *d)
{
    struct dead_fill *f = arg;
    struct vt_writer *w = f->fill->w;
    vt_text(w, f->table->def->name);
    vt_int(w, f->partition);
    vt_int(w, (int64_t)pos_offset(d->pos));
    vt_timestamp(w, d->timestamp_us == STREAM_NO_TIMESTAMP ? INT64_MIN : d->timestamp_us);
    if (d->column.len)
        vt_view(w, d->column);
    else
        vt_null(w);
    vt_view(w, d->reason);
    vt_bytes(w, d->raw);
    vt_end_row(w);
    return true;
}

static uint64_t committed_pos(const struct table_version *v, uint32_t partition)
{
    for (uint32_t i = 0; i < v->npart; i++)
        if (v->part[i].partition == partition)
            return v->part[i].committed;
    return 0;
}

static bool dead_table(void *arg, struct db_table *t)
{
    struct fill *f = arg;
    struct dead_fill df = {f, t, 0};
    struct arena arena;
    struct ingest_tail *tail;
    uint32_t n = 0;
    bool ok = true;
    arena_init(&arena, NULL);
    pthread_mutex_lock(&t->lock);
    if (t->ingest)
        ingest_table_tails(t->ingest, &arena, &tail, &n);
    pthread_mutex_unlock(&t->lock);
    struct table_version *v = version_get(t);
    for (uint32_t i = 0; ok && i < v->nsegment; i++) {
        df.partition = v->segment[i].partition;
        if (segment_meta(v->segment[i].segment)->dead_letters)
            ok = segment_dead_letters(v->segment[i].segment, dead_row, &df, f->err);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct error trimmed;
        df.partition = tail[i].partition;
        /* A tail that was trimmed meanwhile has no more of them than the next look will find in segments. */
        if (ok &&
            !tail_dead_letters(tail[i].tail, committed_pos(v, tail[i].partition), UINT64_MAX, dead_row, &df, &trimmed))
            ok = error_is(&trimmed, SQLSTATE_SERIALIZATION_FAILURE) || (*f->err = trimmed, false);
        tail_put(tail[i].tail);
    }
    version_put(v);
    arena_release(&arena);
    return ok;
}

static bool dead_fill(void *context, struct vt_writer *w, struct error *err)
{
    struct fill f = {w, context, err};
    return each_table(context, dead_table, &f);
}

/* ---- mencia.queries, pg_stat_activity ---- */

static const struct vt_column queries_columns[] = {
    {"pid", TYPE_INT4},         {"user", TYPE_TEXT},         {"application_name", TYPE_TEXT},
    {"client_addr", TYPE_TEXT}, {"state", TYPE_TEXT},        {"started_at", TYPE_TIMESTAMPTZ},
    {"seconds", TYPE_FLOAT8},   {"rows_scanned", TYPE_INT8}, {"rows_returned", TYPE_INT8},
    {"progress", TYPE_FLOAT8},  {"memory_bytes", TYPE_INT8}, {"memory_peak_bytes", TYPE_INT8},
    {"query", TYPE_TEXT},
};

struct session_fill {
    struct vt_writer *w;
    int64_t now_us;
};

static void queries_row(void *arg, const struct session_info *s)
{
    struct session_fill *f = arg;
    struct vt_writer *w = f->w;
    if (s->statement_id == 0)
        return;
    vt_int(w, s->pid);
    vt_text(w, s->user);
    vt_text(w, s->application);
    vt_text(w, s->client_addr);
    vt_text(w, s->state);
    vt_unix_us(w, s->query_start_us);
    vt_f64(w, (double)(f->now_us - s->query_start_us) / 1e6);
    vt_int(w, (int64_t)s->progress.rows_scanned);
    vt_int(w, (int64_t)s->progress.rows_returned);
    if (s->progress.units_total)
        vt_f64(w, MIN_OF(1.0, (double)s->progress.units_done / (double)s->progress.units_total));
    else
        vt_null(w);
    vt_int(w, (int64_t)s->progress.memory);
    vt_int(w, (int64_t)s->progress.memory_peak);
    vt_text(w, s->query);
    vt_end_row(w);
}

static bool each_session(void *context, struct vt_writer *w, void (*fn)(void *arg, const struct session_info *info))
{
    struct db *db = snapshot_db(context);
    struct session_fill f = {w, db->env->now_us(db->env)};
    if (db->sessions)
        session_server_each(db->sessions, fn, &f);
    return true;
}

static bool queries_fill(void *context, struct vt_writer *w, struct error *err)
{
    return each_session(context, w, queries_row);
}

static const struct virtual_table ingestion = {"mencia", "ingestion", 9501, COLUMNS(ingestion_columns), ingestion_fill};
static const struct virtual_table segments = {"mencia", "segments", 9502, COLUMNS(segments_columns), segments_fill};
static const struct virtual_table dead_letters = {"mencia", "dead_letters", 9503, COLUMNS(dead_columns), dead_fill};
static const struct virtual_table queries = {"mencia", "queries", 9504, COLUMNS(queries_columns), queries_fill};

const struct virtual_table *const mencia_tables[] = {&ingestion, &segments, &dead_letters, &queries};
const uint32_t mencia_table_count = ARRAY_LEN(mencia_tables);

const char *db_show_query(struct strview name)
{
    if (strview_equal_nocase(name, STRVIEW("lag")))
        return "SELECT \"table\", topic, partition, state, \"position\", end_offset, lag, lag_seconds "
               "FROM mencia.ingestion ORDER BY 1, 3";
    if (strview_equal_nocase(name, STRVIEW("segments")))
        return "SELECT * FROM mencia.segments ORDER BY 1, 2, 3";
    if (strview_equal_nocase(name, STRVIEW("queries")))
        return "SELECT * FROM mencia.queries ORDER BY started_at";
    return NULL;
}
