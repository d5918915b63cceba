/* SPDX-License-Identifier: Apache-2.0 */
/* A segment file in memory: an env that reads it, checksums made right again after mutation, and reading all of it. */
#ifndef MENCIA_TESTS_SEGMENT_INPUT_H
#define MENCIA_TESTS_SEGMENT_INPUT_H

#include <errno.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/hash.h"
#include "storage/format.h"
#include "storage/segment.h"

struct memory_env {
    struct env env;
    const uint8_t *data;
    size_t size;
};

static int memory_open(struct env *env, const char *path, int flags, mode_t mode) { return 1000; }
static int memory_close(struct env *env, int fd) { return 0; }
static ssize_t memory_pread(struct env *env, int fd, void *buf, size_t len, uint64_t offset)
{
    const struct memory_env *m = (const struct memory_env *)env;
    if (offset >= m->size)
        return 0;
    len = MIN_OF(len, m->size - offset);
    memcpy(buf, m->data + offset, len);
    return (ssize_t)len;
}
static int memory_stat(struct env *env, const char *path, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_size = (off_t)((const struct memory_env *)env)->size;
    return 0;
}

static void memory_env_init(struct memory_env *m, const uint8_t *data, size_t size)
{
    m->env = *env_real();
    m->env.open = memory_open;
    m->env.close = memory_close;
    m->env.pread = memory_pread;
    m->env.stat = memory_stat;
    m->data = data;
    m->size = size;
}

static void fix_stream(uint8_t *data, uint64_t limit, const struct format_stream *s, uint8_t *crc, uint64_t ncrc)
{
    uint64_t padded = format_padded(s->bytes);
    if (s->bytes == 0 || s->bytes > limit || s->offset > limit || padded > limit - s->offset ||
        s->crc_first + format_crc_count(s->bytes) > ncrc)
        return;
    for (uint64_t at = 0, i = s->crc_first; at < padded; at += FORMAT_CRC_BYTES, i++)
        store_u32(crc + i * 4, crc32c(0, data + s->offset + at, MIN_OF(padded - at, (uint64_t)FORMAT_CRC_BYTES)));
}

static void fix_footer(uint8_t *data, uint64_t footer_offset, uint64_t footer_bytes)
{
    struct format_footer f;
    if (footer_bytes < sizeof f)
        return;
    memcpy(&f, data + footer_offset, sizeof f);
    if (f.ncolumn > FORMAT_COLUMNS_MAX || f.nchunk > 256 || f.names_bytes > footer_bytes || f.ncrc > footer_bytes)
        return;
    uint64_t columns = sizeof f, chunks = columns + f.ncolumn * sizeof(struct format_column),
             names = chunks + (uint64_t)f.ncolumn * f.nchunk * sizeof(struct format_chunk_column),
             crcs = names + f.names_bytes, end = crcs + f.ncrc * 4;
    if (end > footer_bytes)
        return;
    uint8_t *crc = data + footer_offset + crcs;
    fix_stream(data, footer_offset, &f.letters, crc, f.ncrc);
    fix_stream(data, footer_offset, &f.extra, crc, f.ncrc);
    for (uint32_t i = 0; i < f.ncolumn; i++) {
        struct format_column c;
        memcpy(&c, data + footer_offset + columns + i * sizeof c, sizeof c);
        for (int k = 0; k < DICT_STREAMS; k++)
            fix_stream(data, footer_offset, &c.dict[k], crc, f.ncrc);
    }
    for (uint64_t i = 0; i < (uint64_t)f.ncolumn * f.nchunk; i++) {
        struct format_chunk_column c;
        memcpy(&c, data + footer_offset + chunks + i * sizeof c, sizeof c);
        for (int k = 0; k < STREAM_COUNT; k++)
            fix_stream(data, footer_offset, &c.stream[k], crc, f.ncrc);
    }
}

/* Makes every checksum right, so that the decoders see what was changed. */
static void segment_fix_checksums(uint8_t *data, size_t size)
{
    struct format_header head;
    struct format_trailer t;
    if (size < sizeof head + sizeof t)
        return;
    memcpy(&head, data, sizeof head);
    head.crc = 0;
    head.crc = crc32c(0, &head, sizeof head);
    memcpy(data, &head, sizeof head);
    memcpy(&t, data + size - sizeof t, sizeof t);
    uint64_t body = size - sizeof t;
    if (t.footer_offset <= body && t.footer_bytes <= body - t.footer_offset) {
        fix_footer(data, t.footer_offset, t.footer_bytes);
        t.footer_crc = crc32c(0, data + t.footer_offset, t.footer_bytes);
    }
    t.crc = 0;
    t.crc = crc32c(0, &t, sizeof t);
    memcpy(data + size - sizeof t, &t, sizeof t);
}

static bool touch_letter(void *arg, const struct dead_letter *letter)
{
    *(uint64_t *)arg += hash_bytes(letter->raw.ptr, letter->raw.len) + letter->reason.len;
    return true;
}

/* Reads what chunk.h offers of one column, touching every byte that it returns. */
static uint64_t touch_column(struct chunk *chunk, uint32_t column)
{
    struct chunk_reader *r;
    struct error err;
    uint32_t rows = chunk_rows(chunk), nrun;
    uint64_t sum = 0, bits[CHUNK_ROWS / 64];
    const uint32_t *end;
    const struct dict *dict;
    struct pred pred = {.op = PRED_IS_NOT_NULL, .column = column};
    if (!chunk_reader_open(chunk, rows, NULL, &r, &err))
        return 0;
    for (uint32_t row = 0; row < rows; row += VEC_ROWS) {
        struct vec v;
        uint32_t n = MIN_OF(rows - row, (uint32_t)VEC_ROWS);
        if (!chunk_read(r, column, row, n, NULL, &v, &err))
            break;
        for (uint32_t i = 0; i < n; i++) {
            if (vec_is_null(&v, i) || v.phys == PHYS_NONE)
                continue;
            const void *value = vec_value(&v, i);
            if (v.phys == PHYS_STR)
                sum += hash_bytes(str_data(value), ((const struct str *)value)->len);
            else if (v.phys == PHYS_NUM)
                sum += num_hash(value);
            else
                sum += hash_bytes(value, phys_size[v.phys]);
        }
        chunk_reader_recycle(r);
    }
    if (chunk_dict(r, column, &dict, &err) && dict)
        for (uint32_t i = 0; i < dict->n; i++)
            sum += hash_bytes(str_data(&dict->value[i]), dict->value[i].len) ^ dict->hash[i];
    struct vec value;
    if (chunk_runs(r, column, &end, &nrun, &value, &err) && nrun)
        sum += end[nrun - 1];
    bitset_fill(bits, rows, true);
    if (chunk_filter(r, &pred, bits, &err))
        sum += bitset_count(bits, rows);
    chunk_reader_close(r);
    return sum;
}

/* Everything that a server would do with such a file. */
static uint64_t segment_touch(const uint8_t *data, size_t size)
{
    struct memory_env m;
    struct segment *s;
    struct error err;
    struct strbuf report;
    uint64_t sum = 0;
    bool sound;
    struct page_cache *cache = page_cache_open(NULL, 8 << 20);
    memory_env_init(&m, data, size);
    if (segment_open(&m.env, cache, "input", &s, &err)) {
        (void)!segment_dead_letters(s, touch_letter, &sum, &err);
        for (uint32_t i = 0; i < segment_chunks(s) && i < 4; i++) {
            for (uint32_t c = 0; c < 24; c++)
                sum += touch_column(segment_chunk(s, i), c);
            sum += touch_column(segment_chunk(s, i), CHUNK_HIDDEN + HIDDEN_POS);
        }
        segment_put(s);
        strbuf_init(&report);
        (void)!segment_verify(&m.env, "input", &sound, &report, &err);
        (void)!segment_inspect(&m.env, "input", &report, &err);
        strbuf_release(&report);
    }
    page_cache_close(cache);
    return sum;
}

#endif
