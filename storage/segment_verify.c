/* SPDX-License-Identifier: Apache-2.0 */
/* Full checks and descriptions of segment files. */
#include "storage/segment_int.h"

#include "base/hash.h"
#include "storage/segment_file.h"

#include <errno.h>
#include <stdlib.h>

enum { VERIFY_CACHE_BYTES = 16 << 20 };

/* Turns XX001 and friends into a line of the report; only errors that say nothing about the file are passed on. */
static bool finding(struct strbuf *report, const struct error *what, bool *sound, struct error *err)
{
    if (error_is(what, SQLSTATE_OUT_OF_MEMORY)) {
        *err = *what;
        return false;
    }
    *sound = false;
    strbuf_add_fmt(report, "%s\n", what->message);
    return true;
}

/* Reads every vector of a column of a chunk, which runs all checks of its streams. */
static bool read_column(struct chunk *chunk, uint32_t column, struct error *err)
{
    struct chunk_reader *r;
    uint32_t rows = chunk_rows(chunk);
    bool ok = chunk_reader_open(chunk, rows, NULL, &r, err);
    if (!ok)
        return false;
    for (uint32_t row = 0; ok && row < rows; row += VEC_ROWS) {
        struct vec v;
        ok = chunk_read(r, column, row, MIN_OF(rows - row, (uint32_t)VEC_ROWS), NULL, &v, err);
        chunk_reader_recycle(r);
    }
    chunk_reader_close(r);
    return ok;
}

static bool verify_columns(struct segment *s, bool *sound, struct strbuf *report, struct error *err)
{
    uint32_t declared = s->footer->ncolumn - HIDDEN_COUNT;
    struct error problem;
    for (uint32_t slot = 0; slot < s->footer->ncolumn; slot++) {
        uint32_t column = slot < declared ? slot : CHUNK_HIDDEN + slot - declared, n;
        const struct dict *dict;
        const uint64_t *count;
        for (uint32_t i = 0; i < s->footer->nchunk; i++)
            if (!read_column(segment_chunk(s, i), column, &problem) && !finding(report, &problem, sound, err))
                return false;
        if (slot < declared && !segment_value_counts(s, slot, &dict, &count, &n, &problem) &&
            !finding(report, &problem, sound, err))
            return false;
    }
    return true;
}

static bool count_letter(void *arg, const struct dead_letter *letter) { return true; }

static bool verify_digest(struct segment *s, bool *sound, struct strbuf *report, struct error *err)
{
    enum { PART = 1 << 20 };
    uint8_t *buffer = xmalloc(PART), digest[32];
    uint64_t end = s->meta.file_bytes - sizeof(struct format_trailer);
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    unsigned int len = sizeof digest;
    if (!sha || !EVP_DigestInit_ex(sha, EVP_sha256(), NULL))
        abort();
    struct error problem;
    bool ok = true, read = true;
    for (uint64_t at = 0; read && at < end; at += PART) {
        uint64_t n = MIN_OF(end - at, (uint64_t)PART);
        read = env_read_full(s->env, s->fd, buffer, n, at, s->path, &problem);
        if (read && !EVP_DigestUpdate(sha, buffer, n))
            abort();
    }
    if (!EVP_DigestFinal_ex(sha, digest, &len))
        abort();
    if (!read) {
        ok = finding(report, &problem, sound, err);
    } else if (memcmp(digest, s->trailer.body_sha256, sizeof digest) != 0) {
        *sound = false;
        strbuf_add_fmt(report, "segment file \"%s\" is damaged: wrong SHA-256\n", s->path);
    }
    EVP_MD_CTX_free(sha);
    free(buffer);
    return ok;
}

bool segment_verify(struct env *env, const char *path, bool *sound, struct strbuf *report, struct error *err)
{
    struct page_cache *cache = page_cache_open(NULL, VERIFY_CACHE_BYTES);
    struct segment *s = NULL;
    struct error problem;
    bool ok = true;
    *sound = true;
    if (!segment_open(env, cache, path, &s, &problem)) {
        if (error_is(&problem, SQLSTATE_DATA_CORRUPTED)) {
            ok = finding(report, &problem, sound, err);
        } else { /* not there, not readable, a newer format: no verdict */
            *err = problem;
            ok = false;
        }
    } else {
        ok = verify_columns(s, sound, report, err);
        if (ok && !segment_dead_letters(s, count_letter, NULL, &problem))
            ok = finding(report, &problem, sound, err);
        ok = ok && verify_digest(s, sound, report, err);
    }
    segment_put(s);
    page_cache_close(cache);
    return ok;
}

/* ---- description ---- */

static const char *const encoding_name[ENC_COUNT] = {
    [ENC_NULL] = "null", [ENC_CONST] = "const", [ENC_PLAIN] = "plain",   [ENC_LZ4] = "lz4",         [ENC_RLE] = "rle",
    [ENC_FOR] = "for",   [ENC_DELTA] = "delta", [ENC_BITMAP] = "bitmap", [ENC_STRINGS] = "strings",
};

static uint64_t column_disk_bytes(const struct segment *s, uint32_t slot, uint64_t *dict_bytes)
{
    uint64_t bytes = 0;
    *dict_bytes = 0;
    for (uint32_t i = 0; i < s->footer->nchunk; i++)
        for (int k = 0; k < STREAM_COUNT; k++)
            bytes += format_padded(s->chunk_column[(size_t)slot * s->footer->nchunk + i].stream[k].bytes);
    for (int k = 0; k < DICT_STREAMS; k++)
        *dict_bytes += format_padded(s->column[slot].dict[k].bytes);
    return bytes + *dict_bytes;
}

static void inspect_column(const struct segment *s, uint32_t slot, struct strbuf *out)
{
    const struct format_column *c = &s->column[slot];
    struct strview name = segment_column_name(s, slot);
    uint32_t used[ENC_COUNT] = {0};
    uint64_t dict_bytes, bytes = column_disk_bytes(s, slot, &dict_bytes);
    for (uint32_t i = 0; i < s->footer->nchunk; i++)
        used[s->chunk_column[(size_t)slot * s->footer->nchunk + i].encoding]++;
    strbuf_add_fmt(out, "column %u: %.*s ", slot + 1, (int)name.len, name.ptr);
    type_format(out, (struct coltype){c->type, c->typmod});
    strbuf_add_fmt(out, ", %llu bytes, %u nulls, about %u distinct", (unsigned long long)bytes, c->zone.nulls,
                   c->zone.distinct);
    if (c->dict_n)
        strbuf_add_fmt(out, ", dictionary of %u in %llu bytes", c->dict_n, (unsigned long long)dict_bytes);
    if (c->dropped)
        strbuf_add_cstr(out, ", dropped");
    strbuf_add_char(out, ':');
    for (int k = 0; k < ENC_COUNT; k++)
        if (used[k])
            strbuf_add_fmt(out, " %s×%u", encoding_name[k], used[k]);
    strbuf_add_char(out, '\n');
}

bool segment_inspect(struct env *env, const char *path, struct strbuf *report, struct error *err)
{
    struct page_cache *cache = page_cache_open(NULL, VERIFY_CACHE_BYTES);
    struct segment *s = NULL;
    bool ok = segment_open(env, cache, path, &s, err);
    if (ok) {
        const struct segment_meta *m = &s->meta;
        strbuf_add_fmt(report, "file: %s, %llu bytes, format %d\n", path, (unsigned long long)m->file_bytes,
                       FORMAT_VERSION);
        strbuf_add_fmt(report, "table %u, partition %u, seq %llu, positions [%llu, %llu)\n", m->table_oid, m->partition,
                       (unsigned long long)m->seq, (unsigned long long)m->pos_begin, (unsigned long long)m->pos_end);
        strbuf_add_fmt(report, "%llu rows in %u chunks, %u dead letters, schema version %llu, decoder %u%s\n",
                       (unsigned long long)m->rows, s->footer->nchunk, m->dead_letters, (unsigned long long)m->schema_v,
                       m->decoder_rev, s->footer->sorted ? ", sorted" : "");
        for (uint32_t slot = 0; slot < s->footer->ncolumn; slot++)
            inspect_column(s, slot, report);
    }
    segment_put(s);
    page_cache_close(cache);
    return ok;
}
