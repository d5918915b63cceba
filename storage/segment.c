/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a segment: header, trailer, footer, and that everything the footer says is possible. */
#include "storage/segment_int.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define FOOTER_BYTES_MAX (1ULL << 30)

static bool bad_file(const char *path, const char *what, struct error *err)
{
    return error_set(err, SQLSTATE_DATA_CORRUPTED, "segment file \"%s\" is damaged: %s", path, what);
}

struct strview segment_column_name(const struct segment *s, uint32_t slot)
{
    return strview_make(s->names + s->column[slot].name_offset, s->column[slot].name_bytes);
}

bool segment_corrupt(const struct segment *s, uint32_t slot, uint32_t chunk, const char *what, struct error *err)
{
    struct strview name = segment_column_name(s, slot);
    if (chunk == UINT32_MAX)
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "segment file \"%s\" is damaged: column %u (\"%.*s\"): %s",
                         s->path, slot + 1, (int)MIN_OF(name.len, (size_t)128), name.ptr, what);
    return error_set(err, SQLSTATE_DATA_CORRUPTED, "segment file \"%s\" is damaged: column %u (\"%.*s\"), chunk %u: %s",
                     s->path, slot + 1, (int)MIN_OF(name.len, (size_t)128), name.ptr, chunk, what);
}

/* ---- reading bytes ---- */

bool segment_read_range(struct segment *s, const struct format_stream *stream, uint64_t begin, uint64_t end,
                        uint8_t *data, bool *damaged, struct error *err)
{
    assert(begin % FORMAT_CRC_BYTES == 0 && begin <= end && end <= format_padded(stream->bytes));
    *damaged = false;
    if (!env_read_full(s->env, s->fd, data, end - begin, stream->offset + begin, s->path, err))
        return false;
    uint64_t index = stream->crc_first + begin / FORMAT_CRC_BYTES;
    for (uint64_t at = begin; at < end; at += FORMAT_CRC_BYTES, index++) {
        uint64_t part = MIN_OF(end - at, (uint64_t)FORMAT_CRC_BYTES);
        if (crc32c(0, data + (at - begin), part) != s->crc[index]) {
            *damaged = true;
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "segment file \"%s\" is damaged: wrong checksum at %llu",
                             s->path, (unsigned long long)(stream->offset + at));
        }
    }
    return true;
}

bool segment_load_stream(struct segment *s, const struct format_stream *stream, const char *what, uint8_t **data,
                         struct error *err)
{
    size_t bytes = format_padded(stream->bytes);
    bool damaged;
    (void)what;
    *data = NULL;
    if (posix_memalign((void **)data, 64, bytes + VEC_PAD_BYTES) != 0)
        return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memset(*data + bytes, 0, VEC_PAD_BYTES);
    if (bytes == 0 || segment_read_range(s, stream, 0, bytes, *data, &damaged, err))
        return true;
    free(*data);
    *data = NULL;
    return false;
}

bool segment_load_extra(struct segment *s, uint8_t **data, size_t *len, struct error *err)
{
    *len = s->footer->extra.bytes;
    return segment_load_stream(s, &s->footer->extra, "extra", data, err);
}

/* ---- checks ---- */

static bool stream_possible(const struct segment *s, const struct format_stream *stream)
{
    if (stream->bytes == 0)
        return true;
    uint64_t limit = s->trailer.footer_offset;
    return stream->offset % FORMAT_ALIGN == 0 && stream->offset >= sizeof(struct format_header) &&
           stream->bytes <= limit && stream->offset <= limit - stream->bytes &&
           stream->offset + format_padded(stream->bytes) <= limit &&
           stream->crc_first + format_crc_count(stream->bytes) <= s->footer->ncrc;
}

static const char *check_column(const struct segment *s, uint32_t slot)
{
    const struct format_column *c = &s->column[slot];
    const struct type_info *info = type_by_oid(c->type);
    if (!info || !info->storable)
        return "unknown type";
    if ((uint64_t)c->name_offset + c->name_bytes > s->footer->names_bytes)
        return "name lies outside";
    for (int k = 0; k < DICT_STREAMS; k++)
        if (!stream_possible(s, &c->dict[k]))
            return "dictionary lies outside the file";
    uint64_t n = c->dict_n;
    if (n > FORMAT_DICT_MAX || n > s->footer->rows || (n && info->phys != PHYS_STR))
        return "impossible dictionary";
    if ((n > 0) != (c->dict[DICT_DATA].bytes > 0) || c->dict[DICT_HASH].bytes != n * 8)
        return "dictionary of a wrong size";
    if (c->dict[DICT_CHARS].bytes && c->dict[DICT_CHARS].bytes != n * 4)
        return "dictionary of a wrong size";
    if (c->dict_counts > 1 || c->dict[DICT_COUNTS].bytes != (c->dict_counts ? n * 8 : 0) ||
        (c->dict_counts && n > FORMAT_COUNTS_MAX))
        return "value counts of a wrong size";
    if (c->zone.nulls > s->footer->rows || ((c->zone.flags & ZONE_BOUNDS) && c->zone.min_key > c->zone.max_key))
        return "impossible zone";
    return NULL;
}

static uint32_t rows_of_chunk(const struct segment *s, uint32_t chunk)
{
    return (uint32_t)MIN_OF(s->footer->rows - (uint64_t)chunk * CHUNK_ROWS, (uint64_t)CHUNK_ROWS);
}

static bool check_columns(const struct segment *s, struct error *err)
{
    const struct format_footer *f = s->footer;
    for (uint32_t slot = 0; slot < f->ncolumn; slot++) {
        const char *bad = check_column(s, slot);
        if (bad)
            return bad_file(s->path, bad, err);
        uint64_t nulls = 0;
        for (uint32_t chunk = 0; chunk < f->nchunk; chunk++) {
            const struct format_chunk_column *m = &s->chunk_column[(size_t)slot * f->nchunk + chunk];
            bad = enc_check_meta(m, s->column[slot].type, rows_of_chunk(s, chunk), s->column[slot].dict_n);
            for (int k = 0; !bad && k < STREAM_COUNT; k++)
                if (!stream_possible(s, &m->stream[k]))
                    bad = "stream lies outside the file";
            if (bad)
                return segment_corrupt(s, slot, chunk, bad, err);
            nulls += m->zone.nulls;
        }
        if (nulls != s->column[slot].zone.nulls)
            return segment_corrupt(s, slot, UINT32_MAX, "null counts do not add up", err);
    }
    uint32_t hidden = f->ncolumn - HIDDEN_COUNT;
    if (s->column[hidden + HIDDEN_POS].type != TYPE_INT8 || s->column[hidden + HIDDEN_ORDINAL].type != TYPE_INT4)
        return bad_file(s->path, "no hidden columns", err);
    return true;
}

static bool check_footer(struct segment *s, struct error *err)
{
    const struct format_footer *f = s->footer;
    uint64_t len = s->trailer.footer_bytes;
    if (f->ncolumn < HIDDEN_COUNT || f->ncolumn > FORMAT_COLUMNS_MAX || f->rows > FORMAT_ROWS_MAX ||
        f->nchunk != (f->rows + CHUNK_ROWS - 1) / CHUNK_ROWS || f->names_bytes > len || f->ncrc > len)
        return bad_file(s->path, "impossible footer", err);
    uint64_t columns = sizeof *f, chunks = columns + f->ncolumn * sizeof *s->column,
             names = chunks + (uint64_t)f->ncolumn * f->nchunk * sizeof *s->chunk_column, crcs = names + f->names_bytes,
             end = crcs + f->ncrc * sizeof(uint32_t);
    if (f->names_bytes % 8 || size_align(end, 8) != len)
        return bad_file(s->path, "footer of a wrong size", err);
    s->column = (const void *)(s->foot + columns);
    s->chunk_column = (const void *)(s->foot + chunks);
    s->names = s->foot + names;
    s->crc = (const void *)(s->foot + crcs);
    if (!stream_possible(s, &f->letters) || !stream_possible(s, &f->extra))
        return bad_file(s->path, "stream lies outside the file", err);
    return check_columns(s, err);
}

static bool read_ends(struct segment *s, uint64_t file_bytes, struct error *err)
{
    struct format_header head;
    struct format_trailer *t = &s->trailer;
    if (file_bytes < sizeof head + sizeof *t)
        return bad_file(s->path, "too short", err);
    if (!env_read_full(s->env, s->fd, &head, sizeof head, 0, s->path, err) ||
        !env_read_full(s->env, s->fd, t, sizeof *t, file_bytes - sizeof *t, s->path, err))
        return false;
    uint32_t head_crc = head.crc, trailer_crc = t->crc;
    head.crc = t->crc = 0;
    bool sound = memcmp(head.magic, FORMAT_MAGIC, 8) == 0 && memcmp(t->magic, FORMAT_MAGIC_TAIL, 8) == 0 &&
                 crc32c(0, &head, sizeof head) == head_crc && crc32c(0, t, sizeof *t) == trailer_crc;
    t->crc = trailer_crc;
    if (!sound)
        return bad_file(s->path, "no segment header or trailer", err);
    if (head.version != FORMAT_VERSION || t->version != FORMAT_VERSION ||
        (head.required & ~FORMAT_REQUIRED_KNOWN) != 0) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "segment file \"%s\" has format version %u", s->path,
                  head.version);
        return error_hint(err, "This server reads format version %d; a newer release wrote the file.", FORMAT_VERSION);
    }
    if (t->footer_bytes > FOOTER_BYTES_MAX || t->footer_bytes < sizeof(struct format_footer) ||
        t->footer_offset < sizeof head || t->footer_offset % FORMAT_ALIGN ||
        t->footer_offset > file_bytes - sizeof *t || t->footer_offset + t->footer_bytes + sizeof *t != file_bytes)
        return bad_file(s->path, "footer lies outside", err);
    return true;
}

static bool read_footer(struct segment *s, struct error *err)
{
    uint64_t bytes = s->trailer.footer_bytes;
    if (posix_memalign((void **)&s->foot, 64, bytes) != 0)
        return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (!env_read_full(s->env, s->fd, s->foot, bytes, s->trailer.footer_offset, s->path, err))
        return false;
    s->footer = (const void *)s->foot;
    if (crc32c(0, s->foot, bytes) != s->trailer.footer_crc)
        return bad_file(s->path, "wrong checksum of the footer", err);
    return check_footer(s, err);
}

static void fill_meta(struct segment *s, uint64_t file_bytes)
{
    const struct format_footer *f = s->footer;
    s->meta = (struct segment_meta){.table_oid = f->table_oid,
                                    .partition = f->partition,
                                    .seq = f->seq,
                                    .pos_begin = f->pos_begin,
                                    .pos_end = f->pos_end,
                                    .rows = f->rows,
                                    .dead_letters = f->dead_letters,
                                    .schema_v = f->schema_v,
                                    .decoder_rev = f->decoder_rev,
                                    .time_min_us = f->time_min_us,
                                    .time_max_us = f->time_max_us,
                                    .last_pos = f->last_pos,
                                    .last_timestamp_us = f->last_timestamp_us,
                                    .last_crc = f->last_crc,
                                    .file_bytes = file_bytes};
}

static void make_chunks(struct segment *s)
{
    const struct format_footer *f = s->footer;
    const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path;
    s->type = xmalloc(f->ncolumn * sizeof *s->type);
    s->counts = xcalloc(f->ncolumn, sizeof *s->counts);
    s->dict_id = xcalloc(f->ncolumn, sizeof *s->dict_id);
    for (uint32_t i = 0; i < f->ncolumn; i++)
        s->type[i] = s->column[i].type;
    s->chunk = xcalloc(f->nchunk, sizeof *s->chunk);
    for (uint32_t i = 0; i < f->nchunk; i++) {
        struct segment_chunk *c = &s->chunk[i];
        struct strbuf text;
        strbuf_init(&text);
        strbuf_add_fmt(&text, "%.60s chunk %u", name, i);
        memcpy(c->ec.base.name, text.data, MIN_OF(text.len + 1, sizeof c->ec.base.name));
        strbuf_release(&text);
        c->ec.base.ops = &segment_chunk_ops;
        c->ec.base.nslot = f->ncolumn;
        c->ec.base.type = s->type;
        c->ec.base.sealed = true;
        c->ec.rows = rows_of_chunk(s, i);
        c->ec.source = &segment_source;
        c->ec.column = &s->chunk_column[i];
        c->ec.column_stride = (size_t)f->nchunk * sizeof *s->chunk_column;
        c->segment = s;
        c->number = i;
    }
}

bool segment_open(struct env *env, struct page_cache *cache, const char *path, struct segment **out, struct error *err)
{
    struct segment *s = xcalloc(1, sizeof *s);
    struct stat st;
    s->refs = 1;
    s->env = env;
    s->cache = cache;
    s->path = xstrdup(path);
    s->id = dict_next_id();
    pthread_mutex_init(&s->lock, NULL);
    s->fd = env->open(env, path, O_RDONLY | O_CLOEXEC, 0);
    bool ok = s->fd >= 0 && env->stat(env, path, &st) == 0;
    if (!ok)
        error_errno(err, errno, "could not open file \"%s\"", path);
    ok = ok && read_ends(s, (uint64_t)st.st_size, err) && read_footer(s, err);
    if (!ok) {
        segment_put(s);
        return false;
    }
    fill_meta(s, (uint64_t)st.st_size);
    make_chunks(s);
    *out = s;
    return true;
}

struct segment *segment_get(struct segment *segment)
{
    __atomic_fetch_add(&segment->refs, 1, __ATOMIC_RELAXED);
    return segment;
}

void segment_put(struct segment *segment)
{
    if (!segment || __atomic_fetch_sub(&segment->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    if (segment->cache)
        cache_drop_segment(segment->cache, segment->id);
    if (segment->fd >= 0)
        segment->env->close(segment->env, segment->fd);
    for (uint32_t i = 0; segment->counts && i < segment->footer->ncolumn; i++) {
        free(segment->counts[i].count);
        free(segment->counts[i].dict);
    }
    pthread_mutex_destroy(&segment->lock);
    free(segment->counts);
    free(segment->chunk);
    free(segment->dict_id);
    free(segment->type);
    free(segment->foot);
    free(segment->path);
    free(segment);
}

const struct segment_meta *segment_meta(const struct segment *segment) { return &segment->meta; }
const char *segment_path(const struct segment *segment) { return segment->path; }
uint32_t segment_chunks(const struct segment *segment) { return segment->footer->nchunk; }

struct chunk *segment_chunk(struct segment *segment, uint32_t i)
{
    assert(i < segment->footer->nchunk);
    return &segment->chunk[i].ec.base;
}

bool segment_zone(const struct segment *segment, uint32_t column, struct zone *out)
{
    uint32_t declared = segment->footer->ncolumn - HIDDEN_COUNT, rows = (uint32_t)segment->footer->rows;
    uint32_t slot = column < declared ? column : column >= CHUNK_HIDDEN ? declared + column - CHUNK_HIDDEN : UINT32_MAX;
    if (slot >= segment->footer->ncolumn)
        *out = (struct zone){.rows = rows, .nulls = rows};
    else
        zone_from_format(&segment->column[slot].zone, rows, out);
    return true;
}

/* ---- dead letters ---- */

static bool next_letter(const uint8_t *data, uint64_t len, uint64_t *at, struct dead_letter *out)
{
    struct format_letter head;
    if (len - *at < sizeof head)
        return false;
    memcpy(&head, data + *at, sizeof head);
    uint64_t bytes = (uint64_t)head.column_bytes + head.reason_bytes + head.raw_bytes;
    if (bytes > len - *at - sizeof head)
        return false;
    const char *text = (const char *)data + *at + sizeof head;
    *out = (struct dead_letter){
        .pos = head.pos,
        .timestamp_us = head.timestamp_us,
        .column = {text, head.column_bytes},
        .reason = {text + head.column_bytes, head.reason_bytes},
        .raw = {text + head.column_bytes + head.reason_bytes, head.raw_bytes},
    };
    *at = MIN_OF(size_align(*at + sizeof head + bytes, 8), len);
    return true;
}

bool segment_dead_letters(struct segment *segment, bool (*fn)(void *arg, const struct dead_letter *letter), void *arg,
                          struct error *err)
{
    const struct format_stream *stream = &segment->footer->letters;
    struct dead_letter letter;
    uint8_t *data;
    uint64_t at = 0;
    bool ok = true;
    if (segment->footer->dead_letters == 0)
        return true;
    if (!segment_load_stream(segment, stream, "dead letters", &data, err))
        return false;
    for (uint32_t i = 0; ok && i < segment->footer->dead_letters; i++) {
        ok = next_letter(data, stream->bytes, &at, &letter);
        if (!ok)
            bad_file(segment->path, "dead letters are cut off", err);
        else if (!fn(arg, &letter))
            break;
    }
    free(data);
    return ok;
}
