/* SPDX-License-Identifier: Apache-2.0 */
/* A segment as a source of streams, blocks and dictionaries, through the cache. */
#include "storage/segment_int.h"

#include "base/hash.h"

#include <stdlib.h>

/* What a reader holds: cache objects, newest first. */
struct pin {
    struct pin *older;
    struct cache_object *object;
};

static struct segment_chunk *chunk_of(const struct enc_reader *r) { return (struct segment_chunk *)r->base.chunk; }

static void hold(struct enc_reader *r, struct cache_object *object)
{
    struct pin *pin = ARENA_NEW(&r->base.arena, struct pin);
    *pin = (struct pin){r->source_state, object};
    r->source_state = pin;
}

static void source_reader_close(struct enc_reader *r)
{
    struct page_cache *cache = chunk_of(r)->segment->cache;
    for (struct pin *pin = r->source_state; pin; pin = pin->older)
        cache_unpin(cache, pin->object);
}

/* A corrupted read is worded with its place. */
static bool place_error(const struct chunk *chunk, uint32_t slot, bool damaged, struct error *err)
{
    const struct segment_chunk *c = (const struct segment_chunk *)chunk;
    return damaged ? segment_corrupt(c->segment, slot, c->number, "wrong checksum", err) : false;
}

/* By what a stream is, not where: a damaged footer may name one place twice, and what was found sound as one thing need
 * not be so as another. */
static uint64_t stream_place(const struct enc_reader *r, uint32_t slot, enum stream_kind kind)
{
    return (uint64_t)slot << 32 | chunk_of(r)->number << 2 | kind;
}

/* One page, pinned for the reader. */
static bool pin_page(struct enc_reader *r, uint32_t slot, enum stream_kind kind, uint32_t page,
                     struct cache_object **out, struct error *err)
{
    struct segment *s = chunk_of(r)->segment;
    const struct format_stream *stream = &enc_meta(r->base.chunk, slot)->stream[kind];
    struct cache_key key = {s->id, stream_place(r, slot, kind), page, CACHE_PAGE};
    struct cache_object *object = cache_find(s->cache, &key);
    if (!object) {
        uint64_t begin = (uint64_t)page * FORMAT_PAGE_BYTES;
        uint64_t end = MIN_OF(begin + FORMAT_PAGE_BYTES, format_padded(stream->bytes));
        uint8_t *data;
        bool damaged;
        if (posix_memalign((void **)&data, 64, end - begin + VEC_PAD_BYTES) != 0)
            return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        memset(data + (end - begin), 0, VEC_PAD_BYTES);
        if (!segment_read_range(s, stream, begin, end, data, &damaged, err)) {
            free(data);
            return place_error(r->base.chunk, slot, damaged, err);
        }
        if (!cache_insert(s->cache, &key, data, end - begin + VEC_PAD_BYTES, free, &object, err))
            return false;
    }
    hold(r, object);
    *out = object;
    return true;
}

static bool source_stream(struct enc_reader *r, uint32_t slot, enum stream_kind kind, const uint8_t **data,
                          uint32_t **checked, struct error *err)
{
    const struct format_stream *stream = &enc_meta(r->base.chunk, slot)->stream[kind];
    uint64_t bytes = format_padded(stream->bytes);
    struct cache_object *object;
    if (bytes <= FORMAT_PAGE_BYTES) {
        if (!pin_page(r, slot, kind, 0, &object, err))
            return false;
        *data = object->data;
        *checked = &object->checked;
        return true;
    }
    /* Larger ones are rare (huge strings): put together for this reader and checked each time. */
    void *whole;
    uint32_t *flag = ARENA_NEW(&r->base.arena, uint32_t);
    if (!reader_alloc(&r->base.arena, bytes + VEC_PAD_BYTES, &whole, err))
        return false;
    memset((char *)whole + bytes, 0, VEC_PAD_BYTES);
    for (uint64_t at = 0; at < bytes; at += FORMAT_PAGE_BYTES) {
        if (!pin_page(r, slot, kind, (uint32_t)(at / FORMAT_PAGE_BYTES), &object, err))
            return false;
        memcpy((char *)whole + at, object->data, MIN_OF(bytes - at, (uint64_t)FORMAT_PAGE_BYTES));
    }
    *data = whole;
    *checked = flag;
    return true;
}

/* Reads exactly the checksummed blocks that cover [begin, end) of a stream; *at points to begin in *memory. */
static bool read_cover(struct segment *s, const struct format_stream *stream, uint64_t begin, uint64_t end,
                       uint8_t **memory, const uint8_t **at, bool *damaged, struct error *err)
{
    uint64_t from = begin / FORMAT_CRC_BYTES * FORMAT_CRC_BYTES;
    uint64_t to = MIN_OF(size_align(end, FORMAT_CRC_BYTES), format_padded(stream->bytes));
    *damaged = false;
    *memory = malloc(to - from);
    if (!*memory)
        return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *at = *memory + (begin - from);
    if (segment_read_range(s, stream, from, to, *memory, damaged, err))
        return true;
    free(*memory);
    return false;
}

/* The decompressed form is what is cached. */
static bool source_raw_block(struct enc_reader *r, uint32_t slot, const struct format_strings_block *block,
                             uint32_t index, const char **raw, struct error *err)
{
    struct segment *s = chunk_of(r)->segment;
    const struct format_stream *stream = &enc_meta(r->base.chunk, slot)->stream[STREAM_BYTES];
    static const char nothing[VEC_PAD_BYTES];
    struct cache_key key = {s->id, stream_place(r, slot, STREAM_BYTES), index, CACHE_RAW_BLOCK};
    *raw = nothing;
    if (block->raw_bytes == 0)
        return true;
    struct cache_object *object = cache_find(s->cache, &key);
    if (!object) {
        uint8_t *disk = NULL;
        const uint8_t *at = NULL;
        char *data;
        bool damaged;
        if (!read_cover(s, stream, block->offset, block->offset + block->disk_bytes, &disk, &at, &damaged, err))
            return place_error(r->base.chunk, slot, damaged, err);
        bool ok = posix_memalign((void **)&data, 64, (size_t)block->raw_bytes + VEC_PAD_BYTES) == 0;
        if (!ok) {
            free(disk);
            return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        }
        memset(data + block->raw_bytes, 0, VEC_PAD_BYTES);
        ok = strings_block_unpack(block, at, data);
        free(disk);
        if (!ok) {
            free(data);
            return segment_source.corrupt(r->base.chunk, slot, "strings do not decompress", err);
        }
        if (!cache_insert(s->cache, &key, data, block->raw_bytes + VEC_PAD_BYTES, free, &object, err))
            return false;
    }
    hold(r, object);
    *raw = object->data;
    return true;
}

/* ---- dictionaries ---- */

struct dict_parts {
    uint8_t *data, *bytes, *hash, *chars;
};

static void parts_free(struct dict_parts *p)
{
    free(p->data);
    free(p->bytes);
    free(p->hash);
    free(p->chars);
}

static bool load_parts(struct segment *s, uint32_t slot, struct dict_parts *p, struct error *err)
{
    const struct format_stream *stream = s->column[slot].dict;
    if (!segment_load_stream(s, &stream[DICT_DATA], "dictionary", &p->data, err) ||
        !segment_load_stream(s, &stream[DICT_BYTES], "dictionary", &p->bytes, err) ||
        !segment_load_stream(s, &stream[DICT_HASH], "dictionary", &p->hash, err) ||
        !segment_load_stream(s, &stream[DICT_CHARS], "dictionary", &p->chars, err))
        return false;
    const char *bad =
        enc_check_strings(p->data, stream[DICT_DATA].bytes, s->column[slot].dict_n, stream[DICT_BYTES].bytes, 0);
    return !bad || segment_corrupt(s, slot, UINT32_MAX, bad, err);
}

/* Values of the dictionary, whose bytes are decompressed to `raw`. */
static const char *unpack_values(const struct dict_parts *p, uint32_t n, char *raw, struct str *value)
{
    const struct format_strings *top = (const void *)p->data;
    const struct format_strings_block *block = (const void *)(top + 1);
    const uint8_t *lengths = strings_lengths(p->data);
    uint32_t length[PACK_BLOCK];
    char *to = raw;
    for (uint32_t b = 0; b < top->nblock; b++) {
        if (!strings_block_unpack(&block[b], p->bytes + block[b].offset, to))
            return "dictionary does not decompress";
        to += block[b].raw_bytes;
    }
    to = raw;
    for (uint32_t i = 0; i < n; i++) {
        if (i % PACK_BLOCK == 0)
            enc_unpack(lengths, i / PACK_BLOCK, 4, length);
        value[i] = str_make(to, length[i % PACK_BLOCK]);
        to += length[i % PACK_BLOCK];
        if (i > 0 && str_compare(&value[i - 1], &value[i]) >= 0)
            return "dictionary is not sorted";
    }
    return NULL;
}

static uint64_t raw_total(const struct dict_parts *p)
{
    const struct format_strings *top = (const void *)p->data;
    const struct format_strings_block *block = (const void *)(top + 1);
    uint64_t total = 0;
    for (uint32_t b = 0; b < top->nblock; b++)
        total += block[b].raw_bytes;
    return total;
}

/* The same dictionary keeps its id when it was evicted and comes again. */
static uint64_t dict_id(struct segment *s, uint32_t slot)
{
    uint64_t none = 0, fresh = dict_next_id();
    if (__atomic_compare_exchange_n(&s->dict_id[slot], &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return fresh;
    return none;
}

static bool build_dict(struct segment *s, uint32_t slot, struct dict **out, size_t *size, struct error *err)
{
    uint32_t n = s->column[slot].dict_n;
    struct dict_parts p = {0};
    bool ok = load_parts(s, slot, &p, err);
    *out = NULL;
    if (ok) {
        uint64_t raw = raw_total(&p);
        *size = size_align(sizeof **out + (size_t)n * (sizeof(struct str) + 8 + 4) + raw + VEC_PAD_BYTES, 64);
        ok = posix_memalign((void **)out, 64, *size) == 0 || error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (ok) {
        struct dict *d = *out;
        struct str *value = (struct str *)(d + 1);
        uint64_t *hash = (uint64_t *)(value + n);
        uint32_t *chars = (uint32_t *)(hash + n);
        bool is_text = type_is_string(s->type[slot]);
        memset((char *)d + *size - VEC_PAD_BYTES, 0, VEC_PAD_BYTES);
        const char *bad = unpack_values(&p, n, (char *)(chars + n), value);
        memcpy(hash, p.hash, n * sizeof *hash);
        for (uint32_t i = 0; !bad && is_text && i < n; i++)
            chars[i] = s->column[slot].dict[DICT_CHARS].bytes ? load_u32(p.chars + i * 4) : value[i].len;
        *d = (struct dict){n, true, dict_id(s, slot), value, hash, is_text ? chars : NULL};
        ok = !bad || segment_corrupt(s, slot, UINT32_MAX, bad, err);
    }
    parts_free(&p);
    if (!ok) {
        free(*out);
        *out = NULL;
    }
    return ok;
}

static bool pin_dict(struct segment *s, uint32_t slot, struct cache_object **out, struct error *err)
{
    struct cache_key key = {s->id, slot, 0, CACHE_DICT};
    struct dict *dict;
    size_t bytes;
    *out = cache_find(s->cache, &key);
    if (*out)
        return true;
    return build_dict(s, slot, &dict, &bytes, err) && cache_insert(s->cache, &key, dict, bytes, free, out, err);
}

static bool source_dict(struct enc_reader *r, uint32_t slot, const struct dict **dict, struct error *err)
{
    struct cache_object *object;
    if (!pin_dict(chunk_of(r)->segment, slot, &object, err))
        return false;
    hold(r, object);
    *dict = object->data;
    return true;
}

static uint32_t source_dict_n(const struct chunk *chunk, uint32_t slot)
{
    return ((const struct segment_chunk *)chunk)->segment->column[slot].dict_n;
}

static bool source_corrupt(const struct chunk *chunk, uint32_t slot, const char *what, struct error *err)
{
    const struct segment_chunk *c = (const struct segment_chunk *)chunk;
    return segment_corrupt(c->segment, slot, c->number, what, err);
}

const struct enc_source segment_source = {
    .stream = source_stream,
    .raw_block = source_raw_block,
    .dict = source_dict,
    .dict_n = source_dict_n,
    .corrupt = source_corrupt,
    .reader_close = source_reader_close,
};

static void chunk_of_segment_get(struct chunk *chunk) { segment_get(((struct segment_chunk *)chunk)->segment); }
static void chunk_of_segment_put(struct chunk *chunk) { segment_put(((struct segment_chunk *)chunk)->segment); }

const struct chunk_ops segment_chunk_ops = {
    .get = chunk_of_segment_get,
    .put = chunk_of_segment_put,
    .rows = enc_rows,
    .zone = enc_zone,
    .reader_open = enc_reader_open,
    .reader_close = enc_reader_close,
    .filter = enc_filter,
    .dict = enc_dict,
    .filter_codes = enc_filter_codes,
    .read = enc_read,
    .fetch = enc_fetch,
    .runs = enc_runs,
};

/* ---- value counts: small, kept with the segment once asked for ---- */

static bool load_counts(struct segment *s, uint32_t slot, struct segment_counts *out, struct error *err)
{
    size_t bytes;
    uint8_t *count;
    uint64_t total = 0;
    if (!segment_load_stream(s, &s->column[slot].dict[DICT_COUNTS], "value counts", &count, err))
        return false;
    for (uint32_t i = 0; i < s->column[slot].dict_n; i++)
        total += ((uint64_t *)count)[i];
    bool ok = total == s->footer->rows - s->column[slot].zone.nulls ||
              segment_corrupt(s, slot, UINT32_MAX, "value counts do not add up", err);
    ok = ok && build_dict(s, slot, &out->dict, &bytes, err);
    if (ok)
        out->count = (uint64_t *)count;
    else
        free(count);
    return ok;
}

bool segment_value_counts(struct segment *segment, uint32_t column, const struct dict **dict, const uint64_t **count,
                          uint32_t *n, struct error *err)
{
    bool ok = true;
    *n = 0;
    if (column >= segment->footer->ncolumn - HIDDEN_COUNT || !segment->column[column].dict_counts)
        return true;
    struct segment_counts *c = &segment->counts[column];
    pthread_mutex_lock(&segment->lock);
    if (!c->count)
        ok = load_counts(segment, column, c, err);
    pthread_mutex_unlock(&segment->lock);
    if (!ok)
        return false;
    *dict = c->dict;
    *count = c->count;
    *n = c->dict->n;
    return true;
}
