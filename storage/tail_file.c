/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tail's interval as a segment file, and the spill of a clean shutdown, which is a segment file in pos order with the
 * tail's marks (last messages) as its extra stream.
 */
#include "storage/tail_int.h"

#include "storage/frozen_int.h"
#include "storage/segment_int.h"
#include "storage/segment_write_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { SPILL_CACHE_BYTES = 64 << 20 };

/* The last message before pos; all zero if none is known. */
static struct tail_mark mark_before(struct tail *tail, uint64_t pos)
{
    struct tail_mark mark = {0};
    pthread_mutex_lock(&tail->lock);
    size_t begin = 0, end = tail->nmark;
    while (begin < end) {
        size_t mid = begin + (end - begin) / 2;
        if (tail->mark[mid].last_pos < pos)
            begin = mid + 1;
        else
            end = mid;
    }
    if (begin > 0)
        mark = tail->mark[begin - 1];
    pthread_mutex_unlock(&tail->lock);
    return mark;
}

/* The definition of a schema version, held; the current one if no row has it. */
static const struct table_def *def_of_version(struct tail *tail, uint64_t version)
{
    pthread_mutex_lock(&tail->lock);
    const struct table_def *def = tail->def;
    for (uint32_t i = 0; i < tail->nentry; i++)
        if (tail->entry[i].def->version == version)
            def = tail->entry[i].def;
    table_def_get(def);
    pthread_mutex_unlock(&tail->lock);
    return def;
}

struct letter_sink {
    struct segment_writer *writer;
    struct error *err;
    bool ok;
};

static bool add_letter(void *arg, const struct dead_letter *letter)
{
    struct letter_sink *sink = arg;
    sink->ok = segment_writer_add_dead_letter(sink->writer, letter, sink->err);
    return sink->ok;
}

static bool add_interval(struct tail *tail, struct segment_writer *w, uint64_t lo, uint64_t hi, struct error *err)
{
    struct tail_snapshot snap;
    struct letter_sink sink = {w, err, true};
    if (!tail_snapshot(tail, lo, hi, &snap, err))
        return false;
    bool ok = snap.hi == hi ||
              error_set(err, SQLSTATE_INTERNAL_ERROR, "partition %u has been read only up to %llu, not to %llu",
                        tail->partition, (unsigned long long)snap.hi, (unsigned long long)hi);
    for (uint32_t i = 0; ok && i < snap.npart; i++)
        ok = segment_writer_add(w, snap.part[i].chunk, snap.part[i].row_begin, snap.part[i].row_end, err);
    tail_snapshot_release(&snap);
    return ok && tail_dead_letters(tail, lo, hi, add_letter, &sink, err) && sink.ok;
}

bool tail_build_segment(struct tail *tail, const struct segment_meta *meta, const char *path,
                        struct mem_account *account, struct segment_meta *out, struct error *err)
{
    const struct table_def *def = def_of_version(tail, meta->schema_v);
    struct tail_mark mark = mark_before(tail, meta->pos_end);
    struct segment_meta full = *meta;
    struct segment_writer *w = NULL;
    full.last_pos = mark.last_pos;
    full.last_timestamp_us = mark.last_timestamp_us;
    full.last_crc = mark.last_crc;
    bool ok = segment_writer_open(tail->env, path, def, &full, account, &w, err);
    if (ok && !add_interval(tail, w, meta->pos_begin, meta->pos_end, err)) {
        segment_writer_abort(w);
        ok = false;
    } else if (ok) {
        ok = segment_writer_finish(w, out, err);
    }
    table_def_put(def);
    return ok;
}

/* ---- spill ---- */

static bool one_definition(struct tail *tail)
{
    bool one = true;
    pthread_mutex_lock(&tail->lock);
    for (uint32_t i = 0; i < tail->nentry; i++)
        one = one && tail->entry[i].def->version == tail->def->version;
    pthread_mutex_unlock(&tail->lock);
    return one;
}

static bool sync_parent(struct env *env, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = !slash ? xstrdup(".") : slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    bool ok = env_sync_dir(env, dir, err);
    free(dir);
    return ok;
}

static bool write_spill(struct tail *tail, const char *temp, uint32_t decoder_rev, struct error *err)
{
    struct tail_stats stats;
    struct segment_writer *w;
    tail_stats(tail, &stats);
    struct tail_mark mark = mark_before(tail, stats.next_pos);
    struct segment_meta meta = {.table_oid = tail->def->oid,
                                .partition = tail->partition,
                                .pos_begin = stats.pos_begin,
                                .pos_end = stats.next_pos,
                                .schema_v = tail->def->version,
                                .decoder_rev = decoder_rev,
                                .last_pos = mark.last_pos,
                                .last_timestamp_us = mark.last_timestamp_us,
                                .last_crc = mark.last_crc};
    if (!segment_writer_open(tail->env, temp, tail->def, &meta, tail->account, &w, err))
        return false;
    segment_writer_keep_order(w);
    pthread_mutex_lock(&tail->lock);
    segment_writer_set_extra(w, tail->mark, tail->nmark * sizeof *tail->mark);
    pthread_mutex_unlock(&tail->lock);
    if (!add_interval(tail, w, stats.pos_begin, stats.next_pos, err)) {
        segment_writer_abort(w);
        return false;
    }
    return segment_writer_finish(w, &meta, err);
}

bool tail_spill(struct tail *tail, const char *path, uint32_t decoder_rev, struct error *err)
{
    if (!one_definition(tail)) /* its segments belong to two schema versions: let them be consumed again */
        return error_set(err, SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                         "rows of partition %u were read with different definitions of the table", tail->partition);
    char *temp = xasprintf("%s.tmp", path);
    tail->env->unlink(tail->env, temp);
    bool ok = write_spill(tail, temp, decoder_rev, err);
    if (ok && tail->env->rename(tail->env, temp, path) != 0) {
        ok = error_errno(err, errno, "could not rename file \"%s\"", temp);
        tail->env->unlink(tail->env, temp);
    }
    ok = ok && sync_parent(tail->env, path, err);
    free(temp);
    return ok;
}

static bool refuse(const char *path, const char *why, struct error *err)
{
    return error_set(err, SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "spilled rows in \"%s\" cannot be used: %s", path,
                     why);
}

static const char *misfit(const struct tail *tail, const struct segment *s, uint64_t pos_begin, uint32_t decoder_rev)
{
    const struct segment_meta *m = segment_meta(s);
    if (m->table_oid != tail->def->oid || m->partition != tail->partition)
        return "they are another partition's";
    if (m->schema_v != tail->def->version || m->decoder_rev != decoder_rev)
        return "they were read with another definition of the table";
    if (pos_begin < m->pos_begin || pos_begin > m->pos_end)
        return "they do not continue what is committed";
    if (s->footer->ncolumn != tail->def->ncolumn + HIDDEN_COUNT || s->footer->sorted)
        return "their columns are not the table's";
    for (uint32_t i = 0; i < tail->def->ncolumn; i++)
        if (s->column[i].type != tail->def->column[i].type.oid && !tail->def->column[i].dropped)
            return "their columns are not the table's";
    if (s->footer->extra.bytes % sizeof(struct tail_mark))
        return "their marks are cut off";
    return NULL;
}

struct loading {
    struct tail *tail;
    uint64_t pos_begin;
    struct error *err;
    bool ok;
};

static bool load_letter(void *arg, const struct dead_letter *letter)
{
    struct loading *l = arg;
    l->ok = letter->pos < l->pos_begin || tail_add_dead_letter(l->tail, letter, l->err);
    return l->ok;
}

static bool load_rows(struct tail *tail, struct segment *s, uint64_t pos_begin, struct error *err)
{
    for (uint32_t i = 0; i < segment_chunks(s); i++) {
        struct chunk *chunk = segment_chunk(s, i), *frozen;
        struct zone zone;
        if (chunk_zone(chunk, CHUNK_HIDDEN + HIDDEN_POS, &zone) && (zone.max_key ^ (1ULL << 63)) < pos_begin)
            continue;
        if (!frozen_make(chunk, 0, chunk_rows(chunk), tail->account, false, &frozen, err))
            return false;
        struct tail_entry probe = {.chunk = frozen};
        tail_add_chunk(tail, frozen, tail_row_of_pos(&probe, chunk_rows(frozen), pos_begin));
    }
    return true;
}

static bool load_all(struct tail *tail, struct segment *s, uint64_t pos_begin, struct error *err)
{
    struct loading l = {tail, pos_begin, err, true};
    uint8_t *marks;
    size_t len;
    if (!load_rows(tail, s, pos_begin, err) || !segment_dead_letters(s, load_letter, &l, err) || !l.ok ||
        !segment_load_extra(s, &marks, &len, err))
        return false;
    for (size_t i = 0; i < len / sizeof(struct tail_mark); i++) {
        struct tail_mark mark;
        memcpy(&mark, marks + i * sizeof mark, sizeof mark);
        tail_add_mark(tail, &mark);
    }
    free(marks);
    pthread_mutex_lock(&tail->lock);
    tail->pos_begin = pos_begin;
    tail->next_pos = segment_meta(s)->pos_end;
    pthread_mutex_unlock(&tail->lock);
    return true;
}

bool tail_load(struct tail *tail, const char *path, uint64_t pos_begin, uint32_t decoder_rev, uint64_t *last_pos,
               int64_t *last_timestamp_us, uint32_t *last_crc, struct error *err)
{
    struct page_cache *cache = page_cache_open(NULL, SPILL_CACHE_BYTES);
    struct segment *s = NULL;
    struct strbuf report;
    bool sound = false;
    assert(tail->nentry == 0 && !tail->open);
    strbuf_init(&report);
    bool ok = segment_verify(tail->env, path, &sound, &report, err);
    if (ok && !sound)
        ok = refuse(path, report.data, err);
    ok = ok && segment_open(tail->env, cache, path, &s, err);
    if (ok) {
        const char *why = misfit(tail, s, pos_begin, decoder_rev);
        ok = !why || refuse(path, why, err);
    }
    if (ok) {
        ok = load_all(tail, s, pos_begin, err);
        if (!ok)
            tail_truncate(tail, 0);
    }
    if (ok) {
        *last_pos = segment_meta(s)->last_pos;
        *last_timestamp_us = segment_meta(s)->last_timestamp_us;
        *last_crc = segment_meta(s)->last_crc;
    }
    segment_put(s);
    page_cache_close(cache);
    strbuf_release(&report);
    return ok;
}
