/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ingestion's host: carries out what the commit protocol decides, on the coordination store and the local folder, which
 * is the deep store here: the built file is renamed to its final, content-addressed name before the commit names it.
 *
 * Reads and changes of heads run one after another on the meta thread, builds on the build thread. The names of built
 * files that no commit has taken yet are kept in db->built; after a crash such files are orphans without a record and a
 * later attempt writes its own.
 */
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "node/db_int.h"

#include <stdio.h>
#include <stdlib.h>

struct request_job {
    struct job job;
    struct db *db;
    struct ingest_request *request;
};

static struct partition_id id_of(const struct ingest_request *r)
{
    return (struct partition_id){.table = r->table, .source = 0, .partition = r->partition};
}

/* ---- heads ---- */

static void head_out(const struct db *db, const struct partition *p, struct commit_head *out)
{
    const struct partition_head *h = &p->head;
    *out = (struct commit_head){
        .version = (uint64_t)p->head_version,
        .next_seq = h->next_seq,
        .start = h->start,
        .npending = h->npending,
        .tail_schema_v = h->tail_schema_v,
        .tail_decoder_rev = h->tail_decoder_rev,
        .stop_pos = h->stop_pos,
    };
    _Static_assert((int)COMMIT_STOP_GAP == (int)STOP_GAP && (int)COMMIT_STOP_ON_ERROR == (int)STOP_ON_ERROR &&
                       (int)COMMIT_STOP_MISMATCH == (int)STOP_MISMATCH,
                   "the two enums name the same things");
    out->stop = h->state == PARTITION_STOPPED ? (enum commit_stop)h->stop : COMMIT_RUNNING;
    for (uint32_t i = 0; i < h->npending; i++) {
        const struct pending_segment *s = &h->pending[i];
        out->pending[i] = (struct commit_pending){
            .seq = s->seq,
            .end = s->end,
            .attempt = s->attempt,
            .committer = s->committer,
            /* One process: everybody else was an earlier incarnation. */
            .committer_gone = s->committer != db->incarnation,
            .schema_v = s->schema_v,
            .decoder_rev = s->decoder_rev,
        };
    }
    const struct segment_record *last = partition_last_record(p);
    if (!last || last->kind != RECORD_SEGMENT)
        return;
    out->last_attempt = last->attempt;
    out->last_known = last->rows > 0 || last->dead_rows > 0;
    out->last_pos = last->last.pos;
    out->last_crc = last->last.crc;
    out->last_timestamp_us =
        last->last.ts == INT64_MIN ? STREAM_NO_TIMESTAMP : last->last.ts - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;
}

static enum ingest_outcome outcome_of(enum coord_rc rc)
{
    if (rc == COORD_DONE)
        return INGEST_DONE;
    if (rc == COORD_UNKNOWN)
        return INGEST_UNKNOWN;
    return rc == COORD_UNAVAILABLE ? INGEST_FAILED : INGEST_REFUSED;
}

static void read_head(struct db *db, struct ingest_request *r)
{
    struct arena arena;
    struct partition *p;
    arena_init(&arena, NULL);
    p = ARENA_NEW(&arena, struct partition);
    if (coord_sync(db->coord, &r->err) != COORD_DONE) {
        r->outcome = INGEST_FAILED;
    } else if (partition_load(db->coord, id_of(r), &arena, p, &r->err)) {
        head_out(db, p, &r->head);
        r->outcome = INGEST_DONE;
    } else {
        r->outcome = error_is(&r->err, SQLSTATE_UNDEFINED_TABLE) ? INGEST_ABSENT : INGEST_FAILED;
    }
    arena_release(&arena);
}

static void create_head(struct db *db, struct ingest_request *r)
{
    struct arena arena;
    struct coord_multi multi;
    struct partition_start start = {id_of(r), r->pos};
    arena_init(&arena, NULL);
    coord_multi_init(&multi, &arena);
    partition_create_ops(start, r->schema_v, r->decoder_rev, &multi);
    enum coord_rc rc = coord_multi_run(db->coord, &multi, NULL, &r->err);
    arena_release(&arena);
    if (rc == COORD_DONE || rc == COORD_EXISTS)
        read_head(db, r);
    else
        r->outcome = outcome_of(rc);
}

/* ---- built files ---- */

static struct built_segment *built_take(struct db *db, oid_t table, uint32_t partition, uint64_t attempt, bool remove)
{
    pthread_mutex_lock(&db->lock);
    struct built_segment **at = &db->built;
    while (*at && ((*at)->table != table || (*at)->partition != partition || (*at)->attempt != attempt))
        at = &(*at)->next;
    struct built_segment *b = *at;
    if (b && remove)
        *at = b->next;
    pthread_mutex_unlock(&db->lock);
    return b;
}

static void built_free(struct built_segment *b)
{
    if (b)
        free(b->path);
    free(b);
}

void built_release_all(struct db *db)
{
    while (db->built) {
        struct built_segment *b = db->built;
        db->built = b->next;
        built_free(b);
    }
}

/* ---- operations ---- */

static bool build_op(struct db *db, struct partition *p, const struct ingest_request *r, struct coord_multi *multi,
                     struct error *err)
{
    const struct commit_op *op = &r->op;
    struct built_segment *b;
    switch (op->kind) {
    case COMMIT_OP_PROPOSE: {
        struct propose propose = {op->end, op->attempt, op->committer, op->schema_v, op->decoder_rev};
        return partition_propose(p, &propose, multi, err);
    }
    case COMMIT_OP_TAKE_OVER:
        return partition_take_over(p, op->seq, op->old_attempt, op->attempt, op->committer, multi, err);
    case COMMIT_OP_GIVE_UP: return partition_give_up(p, op->seq, op->attempt, multi, err);
    case COMMIT_OP_COMMIT:
        b = built_take(db, r->table, r->partition, op->attempt, false);
        if (!b || !b->path)
            return error_set(err, SQLSTATE_INTERNAL_ERROR, "no built segment for attempt %llu",
                             (unsigned long long)op->attempt);
        return partition_commit(p, op->attempt, &b->record, multi, err);
    case COMMIT_OP_EXTEND: return partition_extend(p, op->attempt, op->end, multi, err);
    case COMMIT_OP_GAP: return partition_gap(p, op->end, (enum gap_code)op->gap, multi, err);
    case COMMIT_OP_SET_STOP:
        return partition_set_stop(p, (enum stop_reason)op->stop, op->stop_pos, strview_of(r->stop_detail), multi, err);
    case COMMIT_OP_SET_SCHEMA: return partition_set_schema(p, op->schema_v, op->decoder_rev, multi, err);
    }
    __builtin_unreachable();
}

static void run_op(struct db *db, struct ingest_request *r)
{
    struct arena arena;
    struct partition *p;
    struct coord_multi multi;
    char point[64];
    arena_init(&arena, NULL);
    p = ARENA_NEW(&arena, struct partition);
    coord_multi_init(&multi, &arena);
    snprintf(point, sizeof point, "commit.before_%s", commit_op_name(r->op.kind));
    if (!fault_point(point)) {
        r->outcome = INGEST_FAILED;
        error_set(&r->err, SQLSTATE_IO_ERROR, "fault injected at %s", point);
    } else if (!partition_load(db->coord, id_of(r), &arena, p, &r->err)) {
        r->outcome = error_is(&r->err, SQLSTATE_UNDEFINED_TABLE) ? INGEST_REFUSED : INGEST_FAILED;
    } else if ((uint64_t)p->head_version != r->op.head_version || !build_op(db, p, r, &multi, &r->err)) {
        r->outcome = INGEST_REFUSED;
    } else {
        r->outcome = outcome_of(coord_multi_run(db->coord, &multi, NULL, &r->err));
        if (r->outcome == INGEST_DONE)
            head_out(db, p, &r->head);
        snprintf(point, sizeof point, "commit.after_%s", commit_op_name(r->op.kind));
        if (!fault_point(point))
            r->outcome = INGEST_UNKNOWN;
    }
    arena_release(&arena);
}

static void meta_job(struct job *job)
{
    struct request_job *j = (struct request_job *)job;
    struct ingest_request *r = j->request;
    struct db *db = j->db;
    free(j);
    error_clear(&r->err);
    switch (r->kind) {
    case INGEST_READ_HEAD: read_head(db, r); break;
    case INGEST_CREATE: create_head(db, r); break;
    case INGEST_OP: run_op(db, r); break;
    case INGEST_BUILD: assert(!"builds run on the build thread"); break;
    }
    ingest_reply(r);
}

/* ---- builds ---- */

/* Builds to a temporary file and gives it its final name; *b stays without path if the interval was empty. */
static bool build_segment(struct db *db, struct ingest_request *r, struct built_segment *b, struct error *err)
{
    struct segment_meta meta;
    struct arena arena;
    char *temp = segment_temp_path(db, r->table, err);
    if (!temp)
        return false;
    arena_init(&arena, NULL);
    bool ok = fault_point("build.begin") && ingest_build(r, temp, db->build_account, &meta, &r->empty, err);
    if (ok && !r->empty) {
        record_from_meta(&meta, &b->record);
        b->record.attempt = r->build.attempt;
        b->record.seq_first = b->record.seq_last = r->build.seq;
        b->path = segment_file_path(db, segment_object_name(&arena, id_of(r), &b->record));
        ok = fault_point("build.before_rename") && segment_file_publish(db, temp, b->path, err) &&
             fault_point("build.after_rename");
    }
    if (!ok && !error_is_set(err))
        error_set(err, SQLSTATE_IO_ERROR, "fault injected while building a segment");
    if (!ok)
        db->env->unlink(db->env, temp);
    arena_release(&arena);
    free(temp);
    return ok;
}

static void build_job(struct job *job)
{
    struct request_job *j = (struct request_job *)job;
    struct ingest_request *r = j->request;
    struct db *db = j->db;
    struct built_segment *b = xcalloc(1, sizeof *b);
    int64_t begin = db->env->mono_ns(db->env);
    free(j);
    b->table = r->table;
    b->partition = r->partition;
    b->attempt = r->build.attempt;
    r->empty = false;
    error_clear(&r->err);
    if (build_segment(db, r, b, &r->err)) {
        r->outcome = INGEST_DONE;
        pthread_mutex_lock(&db->lock);
        b->next = db->built;
        db->built = b;
        pthread_mutex_unlock(&db->lock);
    } else {
        log_warning("seal", "table=%u partition=%u seq=%llu msg=\"%s\"", r->table, r->partition,
                    (unsigned long long)r->build.seq, r->err.message);
        r->outcome = INGEST_FAILED;
        built_free(b);
    }
    metric_observe(metric_get(METRIC_HISTOGRAM, "mencia_segment_build_seconds", "Time to build a segment.", ""),
                   (double)(db->env->mono_ns(db->env) - begin) / 1e9);
    ingest_reply(r);
}

static struct db *db_of(struct ingest_host *host) { return ((struct db_ingest_host *)(void *)host)->db; }

static void host_submit(struct ingest_host *host, struct ingest_request *request)
{
    struct db *db = db_of(host);
    struct request_job *j = xcalloc(1, sizeof *j);
    j->db = db;
    j->request = request;
    bool build = request->kind == INGEST_BUILD;
    j->job.run = build ? build_job : meta_job;
    job_thread_push(build ? &db->build_thread : &db->meta_thread, &j->job);
}

static uint64_t host_incarnation(struct ingest_host *host) { return db_of(host)->incarnation; }

static void host_discard(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t attempt)
{
    struct db *db = db_of(host);
    struct built_segment *b = built_take(db, table, partition, attempt, true);
    if (b && b->path)
        db->env->unlink(db->env, b->path);
    built_free(b);
}

/* ---- what is committed becomes visible ---- */

/* Opens the records of the partition that the table's version does not have yet. */
static bool add_new_segments(struct db *db, struct db_table *t, uint32_t partition, struct error *err)
{
    struct arena arena;
    struct partition *p;
    struct segment_record *record;
    uint32_t nrecord;
    struct partition_id id = {t->oid, 0, partition};
    arena_init(&arena, NULL);
    p = ARENA_NEW(&arena, struct partition);
    struct table_version *v = version_get(t);
    uint64_t have = 0;
    for (uint32_t i = 0; i < v->npart; i++)
        if (v->part[i].partition == partition)
            have = v->part[i].committed;
    version_put(v);
    bool ok = partition_load_chain(db->coord, id, &arena, p, &record, &nrecord, err);
    for (uint32_t i = 0; ok && i < nrecord; i++) {
        struct table_segment s = {.partition = partition, .begin = record[i].start, .end = record[i].end};
        if (record[i].end <= have || record[i].kind != RECORD_SEGMENT || record[i].start < have)
            continue;
        memcpy(s.sha256, record[i].sha256, sizeof s.sha256);
        ok = table_open_segment(db, segment_object_name(&arena, id, &record[i]), &record[i], &s.segment, err);
        if (ok)
            table_add_segments(t, &s, 1, partition, record[i].end);
    }
    if (ok)
        table_add_segments(t, NULL, 0, partition, p->head.start);
    arena_release(&arena);
    return ok;
}

static bool host_advanced(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t pos, uint64_t attempt,
                          bool ours, struct error *err)
{
    struct db *db = db_of(host);
    struct db_table *t = table_get(db, table);
    bool ok = true;
    if (t)
        ok = add_new_segments(db, t, partition, err);
    if (ok && ours)
        built_free(built_take(db, table, partition, attempt, true));
    table_put(t);
    return ok;
}

static bool host_spec(struct ingest_host *host, oid_t table, uint64_t schema_v, struct decode_spec **out,
                      struct error *err)
{
    struct db_table *t = table_get(db_of(host), table);
    if (!t)
        return error_set(err, SQLSTATE_UNDEFINED_TABLE, "table %u does not exist", table);
    pthread_mutex_lock(&t->lock);
    const struct table_def *def = table_def_get(t->def);
    pthread_mutex_unlock(&t->lock);
    /* Columns cannot change yet, only options: every version decodes alike. */
    struct table_def *copy = table_def_copy(def);
    copy->version = schema_v;
    bool ok = make_decode_spec(copy, out, err);
    table_def_put(copy);
    table_def_put(def);
    table_put(t);
    return ok;
}

/* Heads were read when the table was opened; a gap in their numbers ends the count, discovery finds the rest. */
static uint32_t host_partitions(struct ingest_host *host, oid_t table)
{
    struct db_table *t = table_get(db_of(host), table);
    uint32_t n = 0;
    if (!t)
        return 0;
    struct table_version *v = version_get(t);
    for (uint32_t i = 0; i < v->npart; i++)
        if (v->part[i].partition == n) {
            n++;
            i = UINT32_MAX; /* from the start: parts are in no order */
        }
    version_put(v);
    table_put(t);
    return n;
}

static bool host_owns(struct ingest_host *host, oid_t table, uint32_t partition) { return true; }

static void host_spill_path(struct ingest_host *host, oid_t table, uint32_t partition, struct strbuf *out)
{
    strbuf_add_fmt(out, "%s/tails/%u-%u", db_of(host)->data_dir, table, partition);
}

const struct ingest_host_ops db_ingest_host_ops = {
    .incarnation = host_incarnation,
    .submit = host_submit,
    .discard = host_discard,
    .advanced = host_advanced,
    .spec = host_spec,
    .partitions = host_partitions,
    .owns = host_owns,
    .spill_path = host_spill_path,
};
