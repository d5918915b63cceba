/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads: rows of COPY and INSERT become segments of their own. The session's thread decodes into open chunks; a full
 * chunk goes to the load's own thread, which encodes it, so that parsing and encoding overlap. Publishing puts the
 * finished segments into the table's visible list, for all loads of a transaction in one multi.
 */
#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "node/db_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { LOAD_QUEUE_CHUNKS = 2, LOAD_SEGMENT_ROWS = 1 << 20, FILE_PIECE_BYTES = 1 << 20 };

struct host_load {
    struct db *db;
    const struct table_def *def;
    struct decode_spec *spec;
    struct mem_account *account;
    struct copy_decoder *decoder; /* COPY only */
    struct mutable_chunk *chunk;  /* being filled */
    uint64_t rows;                /* appended so far; also the next row's pos */
    uint64_t id;
    /* encoding thread */
    pthread_t thread;
    bool thread_started;
    pthread_mutex_t lock; /* guards the queue, closing, error */
    pthread_cond_t changed;
    struct mutable_chunk *queue[LOAD_QUEUE_CHUNKS];
    uint32_t queued;
    bool closing, failed;
    struct error error;
    /* encoding thread's, then the session's after it has ended */
    struct segment_writer *writer;
    char *temp;
    uint64_t segment_rows, segment_begin;
    uint32_t nsegment, cap;
    struct segment_record *record;
    struct table_segment *segment;
    bool published;
};

uint32_t load_segments(const struct host_load *load, oid_t table, const struct table_segment **out)
{
    *out = load->segment;
    return load->def->oid == table ? load->nsegment : 0;
}

/* ---- segments ---- */

static bool open_writer(struct host_load *l, struct error *err)
{
    struct segment_meta meta = {
        .table_oid = l->def->oid,
        .partition = UINT32_MAX,
        .seq = l->nsegment,
        .pos_begin = l->segment_begin,
        .pos_end = l->segment_begin,
        .schema_v = l->def->version,
        .decoder_rev = DECODER_REV,
        .last_timestamp_us = STREAM_NO_TIMESTAMP,
    };
    l->temp = segment_temp_path(l->db, l->def->oid, err);
    return l->temp && segment_writer_open(l->db->env, l->temp, l->def, &meta, l->account, &l->writer, err);
}

static void add_segment(struct host_load *l, const struct segment_record *record, struct segment *segment)
{
    if (l->nsegment == l->cap) {
        l->cap = MAX_OF(8U, l->cap * 2);
        l->record = xrealloc(l->record, l->cap * sizeof *l->record);
        l->segment = xrealloc(l->segment, l->cap * sizeof *l->segment);
    }
    l->record[l->nsegment] = *record;
    struct table_segment *s = &l->segment[l->nsegment++];
    *s = (struct table_segment){.segment = segment, .is_load = true, .load = l->id};
    memcpy(s->sha256, record->sha256, sizeof s->sha256);
}

static bool close_writer(struct host_load *l, struct error *err)
{
    struct segment_meta meta;
    struct segment_record record;
    struct segment *segment;
    struct arena arena;
    struct segment_writer *writer = l->writer;
    if (!writer)
        return true;
    l->writer = NULL;
    arena_init(&arena, NULL);
    bool ok = segment_writer_finish(writer, &meta, err);
    if (ok) {
        record_from_meta(&meta, &record);
        record.seq_first = record.seq_last = l->nsegment;
        l->db->env->random(l->db->env, &record.attempt, sizeof record.attempt);
        record.attempt |= 1;
        const char *name = load_object_name(&arena, l->def->oid, l->id, &record);
        char *path = segment_file_path(l->db, name);
        ok = segment_file_publish(l->db, l->temp, path, err) && table_open_segment(l->db, name, &record, &segment, err);
        free(path);
        if (ok)
            add_segment(l, &record, segment);
    }
    if (!ok)
        l->db->env->unlink(l->db->env, l->temp);
    free(l->temp);
    l->temp = NULL;
    l->segment_begin += l->segment_rows;
    l->segment_rows = 0;
    arena_release(&arena);
    return ok;
}

static bool encode_chunk(struct host_load *l, struct mutable_chunk *mc, struct error *err)
{
    uint32_t rows = chunk_rows(mc->chunk);
    if (!l->writer && !open_writer(l, err))
        return false;
    if (!segment_writer_add(l->writer, mc->chunk, 0, rows, err))
        return false;
    l->segment_rows += rows;
    return l->segment_rows + CHUNK_ROWS <= LOAD_SEGMENT_ROWS || close_writer(l, err);
}

static void *encode_main(void *arg)
{
    struct host_load *l = arg;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (l->queued == 0 && !l->closing)
            pthread_cond_wait(&l->changed, &l->lock);
        if (l->queued == 0)
            break;
        struct mutable_chunk *mc = l->queue[0]; /* keeps its place while it is encoded */
        bool failed = l->failed;
        pthread_mutex_unlock(&l->lock);
        struct error err;
        bool ok = failed || encode_chunk(l, mc, &err);
        chunk_put(mc->chunk);
        pthread_mutex_lock(&l->lock);
        memmove(l->queue, l->queue + 1, --l->queued * sizeof l->queue[0]);
        if (!ok && !l->failed) {
            l->failed = true;
            l->error = err;
        }
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* Hands the filled chunk to the encoder. */
static bool push_chunk(struct host_load *l, struct error *err)
{
    struct mutable_chunk *mc = l->chunk;
    if (!l->thread_started && !thread_start(&l->thread, "load", encode_main, l, err))
        return false;
    l->thread_started = true;
    l->chunk = NULL;
    pthread_mutex_lock(&l->lock);
    while (l->queued == LOAD_QUEUE_CHUNKS)
        pthread_cond_wait(&l->changed, &l->lock);
    bool ok = !l->failed;
    if (ok)
        l->queue[l->queued++] = mc;
    else
        *err = l->error;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (!ok)
        chunk_put(mc->chunk);
    return ok;
}

/* The chunk for the next row, with the row begun. */
static bool begin_row(void *arg, struct mutable_chunk **mc, struct error *err)
{
    struct host_load *l = arg;
    for (;;) {
        bool full;
        if (!l->chunk && !mutable_chunk_open(l->def, l->account, &l->chunk, err))
            return false;
        if (mutable_chunk_begin_row(l->chunk, &full, err)) {
            *mc = l->chunk;
            return true;
        }
        if (!full || !push_chunk(l, err))
            return false;
    }
}

static uint64_t row_pos(void *arg) { return ((struct host_load *)arg)->rows++; }

static void stop_thread(struct host_load *l)
{
    if (!l->thread_started)
        return;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    l->thread_started = false;
}

/* ---- COPY options ---- */

static bool option_char(const struct ast_option *o, char *out, struct error *err)
{
    if (o->text.len != 1)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY %.*s must be a single one-byte character",
                         (int)o->key.len, o->key.ptr);
    *out = o->text.ptr[0];
    return true;
}

static bool option_bool(const struct ast_option *o, bool *out, struct error *err)
{
    *out = true;
    if (o->kind == OPTION_NONE || bool_parse(o->text, out, err))
        return true;
    return error_set(err, SQLSTATE_SYNTAX_ERROR, "%.*s requires a Boolean value", (int)o->key.len, o->key.ptr);
}

/* FORCE_NOT_NULL (a, b), FORCE_NULL, FORCE_QUOTE: flags by position in the column list. */
static bool option_columns(struct arena *arena, const struct ast_option *o, const struct strview *name, uint32_t n,
                           const bool **out, struct error *err)
{
    bool *flag = ARENA_ARRAY(arena, bool, n + 1);
    for (uint32_t i = 0; i < o->nlist; i++) {
        uint32_t k = 0;
        while (k < n && !strview_equal(name[k], o->list[i]))
            k++;
        if (k == n)
            return error_set(err, SQLSTATE_INVALID_COLUMN_REFERENCE, "%.*s column \"%.*s\" not referenced by COPY",
                             (int)o->key.len, o->key.ptr, (int)o->list[i].len, o->list[i].ptr);
        flag[k] = true;
    }
    *out = flag;
    return true;
}

static bool option_format(const struct ast_option *o, struct copy_options *out, struct error *err)
{
    if (strview_equal_cstr(o->text, "csv"))
        out->csv = true;
    else if (strview_equal_cstr(o->text, "binary")) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY BINARY is not supported");
        return error_hint(err, "Use FORMAT text or csv.");
    } else if (!strview_equal_cstr(o->text, "text"))
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY format \"%.*s\" not recognized", (int)o->text.len,
                         o->text.ptr);
    return true;
}

static bool copy_option(struct arena *arena, const struct ast_option *o, const struct strview *name, uint32_t n,
                        struct copy_options *out, struct error *err)
{
    if (strview_equal_cstr(o->key, "format"))
        return option_format(o, out, err);
    if (strview_equal_cstr(o->key, "delimiter"))
        return option_char(o, &out->delimiter, err);
    if (strview_equal_cstr(o->key, "quote"))
        return option_char(o, &out->quote, err);
    if (strview_equal_cstr(o->key, "escape"))
        return option_char(o, &out->escape, err);
    if (strview_equal_cstr(o->key, "null")) {
        out->null = arena_strndup(arena, o->text.ptr, o->text.len);
        return true;
    }
    if (strview_equal_cstr(o->key, "header")) {
        out->header_match = strview_equal_nocase(o->text, STRVIEW("match"));
        out->header = out->header_match;
        return out->header_match || option_bool(o, &out->header, err);
    }
    if (strview_equal_cstr(o->key, "force_not_null"))
        return option_columns(arena, o, name, n, &out->force_not_null, err);
    if (strview_equal_cstr(o->key, "force_null"))
        return option_columns(arena, o, name, n, &out->force_null, err);
    if (strview_equal_cstr(o->key, "force_quote")) {
        out->force_quote_all = o->kind != OPTION_LIST;
        return out->force_quote_all || option_columns(arena, o, name, n, &out->force_quote, err);
    }
    if (strview_equal_cstr(o->key, "freeze"))
        return true;
    if (strview_equal_cstr(o->key, "encoding")) {
        if (strview_equal_nocase(o->text, STRVIEW("utf8")) || strview_equal_nocase(o->text, STRVIEW("utf-8")))
            return true;
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                  "argument to option \"encoding\" must be a valid encoding name");
        return error_hint(err, "Only UTF8 is supported.");
    }
    return error_set(err, SQLSTATE_SYNTAX_ERROR, "option \"%.*s\" not recognized", (int)o->key.len, o->key.ptr);
}

static bool copy_options_make(struct arena *arena, const struct host_copy_options *copy, const struct strview *name,
                              uint32_t n, bool is_from, struct copy_options *out, struct error *err)
{
    *out = (struct copy_options){0};
    for (uint32_t i = 0; i < copy->noption; i++)
        if (!copy_option(arena, &copy->option[i], name, n, out, err))
            return error_position(err, copy->option[i].location + 1);
    return copy_options_check(out, is_from, err);
}

static bool copy_columns(struct arena *arena, const struct table_def *def, const struct host_copy_options *copy,
                         int16_t **attnum, struct strview **name, uint32_t *n, struct error *err)
{
    uint32_t count = 0;
    *attnum = ARENA_ARRAY(arena, int16_t, def->ncolumn + copy->ncolumn + 1);
    *name = ARENA_ARRAY(arena, struct strview, def->ncolumn + copy->ncolumn + 1);
    for (uint32_t i = 0; copy->ncolumn == 0 && i < def->ncolumn; i++)
        if (!def->column[i].dropped && def->column[i].generated == GENERATED_NONE) {
            (*name)[count] = strview_of(def->column[i].name);
            (*attnum)[count++] = def->column[i].attnum;
        }
    for (uint32_t i = 0; i < copy->ncolumn; i++) {
        const struct column_def *c = table_def_column(def, copy->column[i]);
        for (uint32_t k = 0; !c && k < def->ncolumn; k++)
            if (strview_equal_nocase(copy->column[i], strview_of(def->column[k].name)) && !def->column[k].dropped)
                c = &def->column[k];
        if (!c)
            return error_set(err, SQLSTATE_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%s\" does not exist",
                             (int)copy->column[i].len, copy->column[i].ptr, def->name);
        for (uint32_t k = 0; k < count; k++)
            if ((*attnum)[k] == c->attnum)
                return error_set(err, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", c->name);
        (*name)[count] = strview_of(c->name);
        (*attnum)[count++] = c->attnum;
    }
    *n = count;
    return true;
}

static bool open_decoder(struct host_load *l, const struct host_copy_options *copy, struct error *err)
{
    struct copy_sink sink = {l, begin_row, row_pos, NULL};
    struct copy_options options;
    struct arena arena;
    struct strview *name;
    int16_t *attnum;
    uint32_t n = 0;
    arena_init(&arena, NULL);
    bool ok = copy_columns(&arena, l->def, copy, &attnum, &name, &n, err) &&
              copy_options_make(&arena, copy, name, n, true, &options, err) &&
              copy_decoder_open(l->spec, &options, attnum, n, &value_ctx_default, &sink, l->account, &l->decoder, err);
    arena_release(&arena);
    return ok;
}

/* ---- the host's calls ---- */

static void load_close(struct host_load *l)
{
    struct error unused;
    struct arena arena;
    stop_thread(l);
    copy_decoder_close(l->decoder);
    if (l->chunk)
        chunk_put(l->chunk->chunk);
    if (l->writer) {
        segment_writer_abort(l->writer);
        free(l->temp);
    }
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < l->nsegment; i++) {
        if (!l->published) {
            l->db->env->unlink(l->db->env, segment_path(l->segment[i].segment));
            segment_put(l->segment[i].segment);
        }
    }
    arena_release(&arena);
    (void)unused;
    free(l->record);
    free(l->segment);
    decode_spec_put(l->spec);
    table_def_put(l->def);
    mem_account_close(l->account);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static bool load_open(void *arg, const struct table_def *def, const struct host_copy_options *copy,
                      struct host_load **out, struct error *err)
{
    struct db *db = arg;
    struct host_load *l = xcalloc(1, sizeof *l);
    l->db = db;
    l->def = table_def_get(def);
    l->account = mem_account_open(db->pool, MEM_QUERY, 0, "load");
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    db->env->random(db->env, &l->id, sizeof l->id);
    l->id >>= 16;
    if (!make_decode_spec(def, &l->spec, err) || (copy && !open_decoder(l, copy, err))) {
        load_close(l);
        return false;
    }
    *out = l;
    return true;
}

static bool load_feed(struct host_load *l, const void *data, size_t len, struct error *err)
{
    return copy_decoder_put(l->decoder, data, len, err);
}

/* The path as given must lie below copy_dir; symbolic links may not lead out of it. */
static bool resolve_copy_path(struct db *db, const char *path, char **out, struct error *err)
{
    if (!db->copy_dir) {
        error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "COPY from a file is not enabled");
        return error_hint(err, "Set copy_dir to the folder that files may be read from, or use psql's \\copy.");
    }
    char *joined = path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", db->copy_dir, path);
    char *real = realpath(joined, NULL), *root = realpath(db->copy_dir, NULL);
    int saved = errno;
    free(joined);
    bool inside = real && root && strncmp(real, root, strlen(root)) == 0 && real[strlen(root)] == '/';
    if (!real)
        error_errno(err, saved, "could not open file \"%s\" for reading", path);
    else if (!inside) {
        error_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "file \"%s\" is not below copy_dir", path);
        error_hint(err, "COPY reads only below the configured folder.");
    }
    free(root);
    if (!inside)
        free(real);
    else
        *out = real;
    return inside;
}

static bool load_feed_file(struct host_load *l, const char *path, bool (*stopping)(void *arg), void *stop_arg,
                           struct error *err)
{
    struct env *env = l->db->env;
    char *real = NULL;
    uint64_t offset = 0;
    if (!resolve_copy_path(l->db, path, &real, err))
        return false;
    int fd = env->open(env, real, O_RDONLY, 0);
    bool ok = fd >= 0 || error_errno(err, errno, "could not open file \"%s\" for reading", path);
    char *piece = xmalloc(FILE_PIECE_BYTES);
    while (ok) {
        ssize_t n = env->pread(env, fd, piece, FILE_PIECE_BYTES, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = error_errno(err, errno, "could not read file \"%s\"", path);
        if (n <= 0)
            break;
        offset += (uint64_t)n;
        ok = !stopping(stop_arg) ? copy_decoder_put(l->decoder, piece, (size_t)n, err)
                                 : error_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    }
    if (fd >= 0)
        env->close(env, fd);
    free(piece);
    free(real);
    return ok;
}

static bool check_not_null(const struct host_load *l, const struct batch *batch, const uint32_t *map, struct error *err)
{
    for (uint32_t c = 0; c < l->def->ncolumn; c++) {
        const struct column_def *col = &l->def->column[c];
        const struct vec *v = NULL;
        if (!col->not_null || col->dropped)
            continue;
        for (uint32_t i = 0; i < batch->ncol; i++)
            if (map[i] == c)
                v = &batch->col[i];
        bool has_null = v == NULL;
        for (uint32_t k = 0; v && v->null && k < batch_rows(batch) && !has_null; k++)
            has_null = vec_is_null(v, batch->sel ? batch->sel->idx[k] : k);
        if (!has_null)
            continue;
        error_set(err, SQLSTATE_NOT_NULL_VIOLATION,
                  "null value in column \"%s\" of relation \"%s\" violates not-null constraint", col->name,
                  l->def->name);
        memcpy(err->schema, "public", 7);
        strncpy(err->table, l->def->name, sizeof err->table - 1);
        strncpy(err->column, col->name, sizeof err->column - 1);
        return false;
    }
    return true;
}

static bool load_append(struct host_load *l, const struct batch *batch, const uint32_t *map, struct error *err)
{
    uint32_t done = 0, rows = batch_rows(batch);
    if (!check_not_null(l, batch, map, err))
        return false;
    while (done < rows) {
        struct mutable_chunk *mc;
        uint32_t n;
        if (!begin_row(l, &mc, err) || !mutable_chunk_append(mc, batch, map, l->rows, done, &n, err))
            return false;
        done += n;
        l->rows += n;
    }
    return true;
}

static bool load_finish(struct host_load *l, uint64_t *rows, struct error *err)
{
    if (l->decoder && !copy_decoder_finish(l->decoder, err))
        return false;
    if (l->chunk && chunk_rows(l->chunk->chunk) > 0) {
        if (l->thread_started) {
            if (!push_chunk(l, err))
                return false;
        } else {
            bool ok = encode_chunk(l, l->chunk, err);
            chunk_put(l->chunk->chunk);
            l->chunk = NULL;
            if (!ok)
                return false;
        }
    }
    stop_thread(l);
    if (l->failed) {
        *err = l->error;
        return false;
    }
    *rows = l->rows;
    return close_writer(l, err);
}

/* ---- publishing ---- */

static bool publish_all(struct db *db, struct host_load *const *load, uint32_t n, struct error *err)
{
    struct arena arena;
    uint32_t k = 0;
    arena_init(&arena, NULL);
    struct publication *p = ARENA_ARRAY(&arena, struct publication, n + 1);
    struct catalog_snapshot *snap = catalog_snapshot_get(db->catalog);
    for (uint32_t i = 0; i < n; i++) {
        struct host_load *l = load[i];
        struct load *record = ARENA_NEW(&arena, struct load);
        if (l->nsegment == 0)
            continue;
        record->table = l->def->oid;
        record->id = l->id;
        record->version = VERSION_ABSENT;
        record->record.state = LOAD_PENDING;
        record->record.rows = l->rows;
        record->record.owner = db->incarnation;
        record->record.created_us = db->env->now_us(db->env);
        p[k].load = *record;
        p[k].record = l->record;
        p[k].nrecord = l->nsegment;
        p[k++].meta_version = VERSION_ABSENT;
    }
    catalog_snapshot_put(snap);
    bool ok = k == 0 || loads_publish_all(db->coord, p, k, err);
    arena_release(&arena);
    return ok;
}

static bool loads_publish(void *arg, struct host_load *const *load, uint32_t n, struct error *err)
{
    struct db *db = arg;
    if (!fault_point("load.before_publish"))
        return error_set(err, SQLSTATE_IO_ERROR, "fault injected before publishing a load");
    if (!publish_all(db, load, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct db_table *t = table_get(db, load[i]->def->oid);
        load[i]->published = true;
        if (t && load[i]->nsegment)
            table_add_segments(t, load[i]->segment, load[i]->nsegment, 0, 0);
        else
            for (uint32_t k = 0; k < load[i]->nsegment; k++)
                segment_put(load[i]->segment[k].segment);
        table_put(t);
    }
    return fault_point("load.after_publish") || error_set(err, SQLSTATE_IO_ERROR, "fault injected after publishing");
}

/* ---- COPY TO ---- */

struct copy_encoder {
    struct arena arena;
    struct copy_options options;
    struct strview *name;
    uint32_t n;
};

static bool copy_out_open(void *arg, const struct host_copy_options *copy, const struct bound_query *query,
                          void **encoder, struct error *err)
{
    struct copy_encoder *e = xcalloc(1, sizeof *e);
    arena_init(&e->arena, NULL);
    e->n = query->ncol;
    e->name = ARENA_ARRAY(&e->arena, struct strview, e->n + 1);
    for (uint32_t i = 0; i < e->n; i++)
        e->name[i] = arena_strview(&e->arena, strview_of(query->column[i].name));
    if (!copy_options_make(&e->arena, copy, e->name, e->n, false, &e->options, err)) {
        arena_release(&e->arena);
        free(e);
        return false;
    }
    *encoder = e;
    return true;
}

static void copy_out_header(void *encoder, struct strbuf *out)
{
    struct copy_encoder *e = encoder;
    if (e->options.header)
        copy_encode_header(out, &e->options, e->name, e->n);
}

static void copy_out_row(void *encoder, const struct strview *value, uint32_t n, struct strbuf *out)
{
    copy_encode_row(out, &((struct copy_encoder *)encoder)->options, value, n);
}

static void copy_out_close(void *encoder)
{
    struct copy_encoder *e = encoder;
    arena_release(&e->arena);
    free(e);
}

void db_load_host(struct session_host *host)
{
    host->load_open = load_open;
    host->load_feed = load_feed;
    host->load_feed_file = load_feed_file;
    host->load_append = load_append;
    host->load_finish = load_finish;
    host->loads_publish = loads_publish;
    host->load_close = load_close;
    host->copy_out_open = copy_out_open;
    host->copy_out_header = copy_out_header;
    host->copy_out_row = copy_out_row;
    host->copy_out_close = copy_out_close;
}
