/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choice per column of a chunk, all sizes in bytes:
 *   all NULL → ENC_NULL; one value → ENC_CONST; runs at least twice as small as packing → ENC_RLE; packing saves an
 *   eighth over plain → ENC_FOR (ENC_DELTA for positions when smaller still); else ENC_PLAIN, which needs no decoding.
 * NULL rows take the value of the row before (the first ones: of the first value), so that they cost nothing.
 */
#include "storage/encode_int.h"

#include "base/bitset.h"
#include "base/hash.h"
#include "storage/pack_kern.h"

#include <lz4.h>
#include <stdlib.h>

enum { CHUNK_PACK_BLOCKS = CHUNK_ROWS / PACK_BLOCK, SEEN_BITS = CHUNK_ROWS };

void encoder_init(struct encoder *e)
{
    *e = (struct encoder){.lz4_acceleration = 1};
    if (posix_memalign(&e->fill, 64, (size_t)CHUNK_ROWS * 16 + VEC_PAD_BYTES) != 0)
        abort();
    e->seen = xcalloc(SEEN_BITS / 64, 8);
}

void encoder_release(struct encoder *e)
{
    free(e->fill);
    free(e->records);
    free(e->seen);
    outbuf_free(&e->raw);
    *e = (struct encoder){0};
}

static int64_t load_int(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t i)
{
    switch (value_bytes) {
    case 1: return ((const uint8_t *)data)[i];
    case 2: return ((const int16_t *)data)[i];
    case 4: return is_unsigned ? (int64_t)((const uint32_t *)data)[i] : ((const int32_t *)data)[i];
    default: return ((const int64_t *)data)[i];
    }
}

#define LOAD_LOOP(type)                                                                                                \
    for (uint32_t i = 0; i < count; i++)                                                                               \
    out[i] = ((const type *)data)[begin + i]

/* PACK_BLOCK values as int64, the last one repeated beyond n. */
static void load_block(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t begin, uint32_t n,
                       int64_t *out)
{
    uint32_t count = MIN_OF(n - begin, (uint32_t)PACK_BLOCK);
    switch (value_bytes) {
    case 1: LOAD_LOOP(uint8_t); break;
    case 2: LOAD_LOOP(int16_t); break;
    case 4:
        if (is_unsigned)
            LOAD_LOOP(uint32_t);
        else
            LOAD_LOOP(int32_t);
        break;
    default: memcpy(out, (const int64_t *)data + begin, count * sizeof(int64_t));
    }
    for (uint32_t i = count; i < PACK_BLOCK; i++)
        out[i] = out[count - 1];
}

static uint32_t bit_width(uint64_t v) { return v ? 64 - (uint32_t)__builtin_clzll(v) : 0; }

static void block_bounds(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t begin, uint32_t n,
                         int64_t *min, int64_t *max)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    uint32_t count = MIN_OF(n - begin, (uint32_t)PACK_BLOCK);
    struct int_stats s;
    if (value_bytes == 2) {
        k->stats_i16((const int16_t *)data + begin, count, &s);
    } else if (value_bytes == 4 && !is_unsigned) {
        k->stats_i32((const int32_t *)data + begin, count, &s);
    } else if (value_bytes == 8) {
        k->stats_i64((const int64_t *)data + begin, count, &s);
    } else {
        s.min = INT64_MAX;
        s.max = INT64_MIN;
        for (uint32_t i = 0; i < count; i++) {
            int64_t v = load_int(data, value_bytes, is_unsigned, begin + i);
            s.min = MIN_OF(s.min, v);
            s.max = MAX_OF(s.max, v);
        }
    }
    *min = s.min;
    *max = s.max;
}

static size_t for_bytes(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t n)
{
    size_t bytes = size_align(pack_blocks(n) * sizeof(struct format_pack), 64);
    for (uint32_t begin = 0; begin < n; begin += PACK_BLOCK) {
        int64_t min, max;
        block_bounds(data, value_bytes, is_unsigned, begin, n, &min, &max);
        bytes += pack_bytes(bit_width((uint64_t)max - (uint64_t)min));
    }
    return bytes;
}

void encode_for(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t n, struct outbuf *out)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    outbuf_align(out, 64);
    size_t start = out->len, heads = size_align(pack_blocks(n) * sizeof(struct format_pack), 64);
    int64_t value[PACK_BLOCK];
    outbuf_reserve(out, heads);
    memset(out->data + out->len, 0, heads);
    out->len += heads;
    for (uint32_t b = 0; b < pack_blocks(n); b++) {
        int64_t min, max;
        block_bounds(data, value_bytes, is_unsigned, b * PACK_BLOCK, n, &min, &max);
        uint32_t width = bit_width((uint64_t)max - (uint64_t)min);
        struct format_pack head = {.base = min, .offset = (uint32_t)((out->len - start) / 64), .width = (uint8_t)width};
        memcpy(out->data + start + b * sizeof head, &head, sizeof head);
        if (width == 0)
            continue;
        load_block(data, value_bytes, is_unsigned, b * PACK_BLOCK, n, value);
        for (int i = 0; i < PACK_BLOCK; i++)
            value[i] -= min;
        outbuf_reserve(out, pack_bytes(width));
        k->pack((const uint64_t *)value, width, out->data + out->len);
        out->len += pack_bytes(width);
    }
}

/* Width of a block's deltas; value[] becomes the packed numbers. */
static uint32_t delta_block(int64_t *value, uint32_t n, struct format_delta *head)
{
    int64_t min = INT64_MAX, max = INT64_MIN;
    uint32_t count = MIN_OF(n, (uint32_t)PACK_BLOCK);
    head->first = value[0];
    for (uint32_t i = count - 1; i > 0; i--) {
        value[i] -= value[i - 1];
        min = MIN_OF(min, value[i]);
        max = MAX_OF(max, value[i]);
    }
    head->step = count > 1 ? min : 0;
    for (uint32_t i = 0; i < PACK_BLOCK; i++)
        value[i] = i > 0 && i < count ? value[i] - head->step : 0;
    return count > 1 ? bit_width((uint64_t)max - (uint64_t)min) : 0;
}

static void encode_delta(const int64_t *data, uint32_t n, struct outbuf *out)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    size_t heads = size_align(pack_blocks(n) * sizeof(struct format_delta), 64);
    int64_t value[PACK_BLOCK];
    outbuf_reserve(out, heads);
    memset(out->data, 0, heads);
    out->len = heads;
    for (uint32_t b = 0; b < pack_blocks(n); b++) {
        struct format_delta head = {.offset = (uint32_t)(out->len / 64)};
        load_block(data, 8, false, b * PACK_BLOCK, n, value);
        uint32_t width = delta_block(value, n - b * PACK_BLOCK, &head);
        head.width = (uint8_t)width;
        memcpy(out->data + b * sizeof head, &head, sizeof head);
        if (width == 0)
            continue;
        outbuf_reserve(out, pack_bytes(width));
        k->pack((const uint64_t *)value, width, out->data + out->len);
        out->len += pack_bytes(width);
    }
}

static size_t rle_bytes(uint32_t nrun, uint32_t value_bytes)
{
    return size_align((size_t)nrun * 4, 8) + (size_t)nrun * value_bytes;
}

static void encode_rle(const void *data, uint32_t value_bytes, uint32_t n, uint32_t nrun, struct outbuf *out)
{
    const char *v = data;
    outbuf_reserve(out, rle_bytes(nrun, value_bytes));
    memset(out->data, 0, rle_bytes(nrun, value_bytes));
    uint32_t *end = (uint32_t *)out->data, run = 0;
    char *value = (char *)out->data + size_align((size_t)nrun * 4, 8);
    for (uint32_t i = 1; i <= n; i++) {
        if (i < n && memcmp(v + (size_t)i * value_bytes, v + (size_t)(i - 1) * value_bytes, value_bytes) == 0)
            continue;
        end[run] = i;
        memcpy(value + (size_t)run * value_bytes, v + (size_t)(i - 1) * value_bytes, value_bytes);
        run++;
    }
    assert(run == nrun);
    out->len = rle_bytes(nrun, value_bytes);
}

#define COUNT_LOOP(type)                                                                                               \
    for (uint32_t i = 1; i < n; i++)                                                                                   \
    runs += ((const type *)data)[i] != ((const type *)data)[i - 1]

static uint32_t count_runs(const void *data, uint32_t value_bytes, uint32_t n)
{
    uint32_t runs = 1;
    switch (value_bytes) {
    case 1: COUNT_LOOP(uint8_t); break;
    case 2: COUNT_LOOP(uint16_t); break;
    case 4: COUNT_LOOP(uint32_t); break;
    case 8: COUNT_LOOP(uint64_t); break;
    default: COUNT_LOOP(uint128_t); break;
    }
    return runs;
}

/* ---- strings ---- */

static void close_block(struct encoder *e, uint32_t row_end, struct outbuf *heads, struct outbuf *bytes)
{
    struct format_strings_block head = {.offset = bytes->len,
                                        .row_end = row_end,
                                        .raw_bytes = (uint32_t)e->raw.len,
                                        .disk_bytes = (uint32_t)e->raw.len};
    if (e->raw.len) {
        int bound = LZ4_compressBound((int)e->raw.len);
        outbuf_reserve(bytes, (size_t)bound);
        int packed = LZ4_compress_fast((const char *)e->raw.data, (char *)bytes->data + bytes->len, (int)e->raw.len,
                                       bound, e->lz4_acceleration);
        if (packed > 0 && (size_t)packed < e->raw.len - e->raw.len / 8)
            head.disk_bytes = (uint32_t)packed;
        else
            memcpy(bytes->data + bytes->len, e->raw.data, e->raw.len);
        bytes->len += head.disk_bytes;
    }
    outbuf_add(heads, &head, sizeof head);
    e->raw.len = 0;
}

static bool row_is_null(const uint64_t *null, uint32_t i) { return null && bit_get(null, i); }

void encode_strings(struct encoder *e, const struct str *value, const uint64_t *null, uint32_t n, struct outbuf *data,
                    struct outbuf *bytes)
{
    struct outbuf heads = {0};
    struct format_strings top = {.n = n};
    uint32_t *len = xmalloc(size_mul(n, sizeof *len));
    e->raw.len = 0;
    for (uint32_t i = 0; i < n; i++) {
        len[i] = row_is_null(null, i) ? 0 : value[i].len;
        bool cut = i > 0 && (i % VEC_ROWS == 0 || e->raw.len + len[i] > STRINGS_BLOCK_BYTES);
        if (cut && (e->raw.len > 0 || i % VEC_ROWS == 0))
            close_block(e, i, &heads, bytes);
        outbuf_add(&e->raw, str_data(&value[i]), len[i]);
        top.raw_bytes += len[i];
    }
    close_block(e, n, &heads, bytes);
    top.nblock = (uint32_t)(heads.len / sizeof(struct format_strings_block));
    outbuf_add(data, &top, sizeof top);
    outbuf_add(data, heads.data, heads.len);
    encode_for(len, 4, true, n, data);
    outbuf_free(&heads);
    free(len);
}

/* Wide values (uuid, floats that repeat …) in LZ4 blocks. */
static void encode_lz4(struct encoder *e, const void *v, uint32_t value_bytes, uint32_t n, struct encoded *out)
{
    struct outbuf heads = {0};
    struct format_strings top = {.n = n, .raw_bytes = (uint64_t)n * value_bytes};
    e->raw.len = 0;
    for (uint32_t row = 0; row < n; row += VEC_ROWS) {
        uint32_t count = MIN_OF(n - row, (uint32_t)VEC_ROWS);
        outbuf_add(&e->raw, (const char *)v + (size_t)row * value_bytes, (size_t)count * value_bytes);
        close_block(e, row + count, &heads, &out->stream[STREAM_BYTES]);
    }
    top.nblock = (uint32_t)(heads.len / sizeof(struct format_strings_block));
    outbuf_add(&out->stream[STREAM_DATA], &top, sizeof top);
    outbuf_add(&out->stream[STREAM_DATA], heads.data, heads.len);
    outbuf_free(&heads);
}

/* ---- values ---- */

/* The input's values with NULLs filled in. */
static const void *fill_nulls(struct encoder *e, const void *data, uint32_t size, const struct encode_input *in)
{
    if (!in->null)
        return data;
    char *to = e->fill;
    uint32_t first = 0;
    memcpy(to, data, (size_t)in->n * size);
    while (first < in->n && bit_get(in->null, first))
        first++;
    for (uint32_t i = 0; i < first; i++)
        memcpy(to + (size_t)i * size, to + (size_t)first * size, size);
    for (size_t i = bitset_next(in->null, in->n, first); i < in->n; i = bitset_next(in->null, in->n, i + 1))
        memcpy(to + i * size, to + (i - 1) * size, size);
    return to;
}

/* Integers of any stored width, as they are to be read back. */
static void encode_ints(const void *v, uint32_t size, bool is_unsigned, uint32_t n, bool delta, struct encoded *out)
{
    uint32_t nrun = count_runs(v, size, n);
    size_t plain = (size_t)n * size, packed = for_bytes(v, size, is_unsigned, n), rle = rle_bytes(nrun, size);
    struct outbuf *data = &out->stream[STREAM_DATA];
    out->meta.value_bytes = (uint8_t)size;
    if (nrun == 1) {
        out->meta.encoding = ENC_CONST;
        memcpy(out->meta.value, v, size);
    } else if (delta && packed < plain) {
        out->meta.encoding = ENC_DELTA;
        encode_delta(v, n, data);
    } else if (rle * 2 <= MIN_OF(packed, plain)) {
        out->meta.encoding = ENC_RLE;
        out->meta.nrun = nrun;
        encode_rle(v, size, n, nrun, data);
    } else if (packed < plain - plain / 8) {
        out->meta.encoding = ENC_FOR;
        encode_for(v, size, is_unsigned, n, data);
    } else {
        out->meta.encoding = ENC_PLAIN;
        outbuf_add(data, v, plain);
    }
}

static void encode_fixed(struct encoder *e, const void *v, uint32_t size, uint32_t n, struct encoded *out)
{
    uint32_t nrun = count_runs(v, size, n);
    size_t plain = (size_t)n * size;
    out->meta.value_bytes = (uint8_t)size;
    if (nrun == 1) {
        out->meta.encoding = ENC_CONST;
        memcpy(out->meta.value, v, size);
    } else if (rle_bytes(nrun, size) * 2 <= plain) {
        out->meta.encoding = ENC_RLE;
        out->meta.nrun = nrun;
        encode_rle(v, size, n, nrun, &out->stream[STREAM_DATA]);
    } else {
        if (size == 16) {
            encode_lz4(e, v, size, n, out);
            out->meta.encoding = ENC_LZ4;
            if (out->stream[STREAM_BYTES].len < plain - plain / 4)
                return;
            out->stream[STREAM_BYTES].len = out->stream[STREAM_DATA].len = 0;
        }
        out->meta.encoding = ENC_PLAIN;
        outbuf_add(&out->stream[STREAM_DATA], v, plain);
    }
}

static void encode_bools(const uint8_t *v, uint32_t n, struct encoded *out)
{
    uint32_t nrun = count_runs(v, 1, n);
    out->meta.value_bytes = 1;
    if (nrun == 1) {
        out->meta.encoding = ENC_CONST;
        out->meta.value[0] = v[0];
        return;
    }
    size_t bytes = bitset_words(n) * 8;
    struct outbuf *data = &out->stream[STREAM_DATA];
    outbuf_reserve(data, bytes);
    memset(data->data, 0, bytes);
    data->len = bytes;
    for (uint32_t i = 0; i < n; i++)
        ((uint64_t *)data->data)[i / 64] |= (uint64_t)(v[i] & 1) << (i % 64);
    out->meta.encoding = ENC_BITMAP;
}

/* All values inline and of one scale? */
static bool nums_share_scale(const struct num *v, const uint64_t *null, uint32_t n, uint32_t *dscale)
{
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        if (row_is_null(null, i))
            continue;
        if (v[i].kind != NUM_INLINE || (any && v[i].dscale != *dscale))
            return false;
        *dscale = v[i].dscale;
        any = true;
    }
    return any;
}

static void encode_num_records(struct encoder *e, const struct encode_input *in, struct encoded *out)
{
    const struct num *v = in->data;
    struct outbuf bytes = {0};
    if (!e->records)
        e->records = xmalloc(CHUNK_ROWS * sizeof *e->records);
    for (uint32_t pass = 0; pass < 2; pass++) { /* sizes first: the buffer may not move under the views */
        size_t used = 0;
        for (uint32_t i = 0; i < in->n; i++) {
            if (row_is_null(in->null, i)) {
                e->records[i] = str_make(NULL, 0);
                continue;
            }
            size_t tail = v[i].kind == NUM_BIG ? sizeof(struct num_big) + (size_t)v[i].big->ndigits * 2 : 0;
            struct format_num head = {.dscale = v[i].dscale, .kind = v[i].kind};
            if (v[i].kind == NUM_INLINE)
                head.mantissa = v[i].mantissa;
            if (pass == 1) {
                memcpy(bytes.data + used, &head, sizeof head);
                if (tail)
                    memcpy(bytes.data + used + sizeof head, v[i].big, tail);
                e->records[i] = str_make((const char *)bytes.data + used, sizeof head + tail);
            }
            used += sizeof head + tail;
        }
        outbuf_reserve(&bytes, used);
    }
    encode_strings(e, e->records, in->null, in->n, &out->stream[STREAM_DATA], &out->stream[STREAM_BYTES]);
    out->meta.encoding = ENC_STRINGS;
    outbuf_free(&bytes);
}

static void encode_nums(struct encoder *e, const struct encode_input *in, struct encoded *out)
{
    uint32_t dscale = 0;
    if (!nums_share_scale(in->data, in->null, in->n, &dscale)) {
        encode_num_records(e, in, out);
        return;
    }
    const struct num *v = fill_nulls(e, in->data, sizeof *v, in);
    int64_t *mantissa = e->fill; /* in place: 8 bytes never overtake 16 */
    for (uint32_t i = 0; i < in->n; i++)
        mantissa[i] = v[i].mantissa;
    out->meta.domain = DOMAIN_SCALED;
    out->meta.dscale = dscale;
    encode_ints(mantissa, 8, false, in->n, false, out);
}

/* ---- zones ---- */

static inline void sketch_add(struct sketch *sketch, uint64_t hash)
{
    uint8_t *rank = &sketch->rank[(hash >> (48 - SKETCH_BITS)) & (SKETCH_REGISTERS - 1)];
    uint64_t rest = hash << 28 | 1ULL << 27; /* the low 36 bits, and a stop */
    uint8_t r = (uint8_t)(1 + __builtin_clzll(rest));
    *rank = MAX_OF(*rank, r);
}

static inline void distinct_add(struct encoder *e, uint64_t hash)
{
    bit_set(e->seen, hash >> 48);
    if (e->sketch)
        sketch_add(e->sketch, hash);
}

static uint32_t distinct_take(struct encoder *e)
{
    uint32_t ones = (uint32_t)bitset_count(e->seen, SEEN_BITS);
    memset(e->seen, 0, SEEN_BITS / 8);
    return linear_count(SEEN_BITS - ones, SEEN_BITS);
}

static void zone_widen(struct zone *z, oid_t type, const void *datum)
{
    uint64_t key;
    if (!zone_key(type, datum, &key)) {
        z->has_bounds = false;
        return;
    }
    z->min_key = MIN_OF(z->min_key, key);
    z->max_key = MAX_OF(z->max_key, key);
    z->exact = z->exact && zone_key_exact(type, datum);
}

/* Exact where the values lie close together, since one bit per possible value does. */
static uint32_t int_distinct(struct encoder *e, const void *v, uint32_t size, uint32_t n, const struct int_stats *s)
{
    uint64_t min = (uint64_t)s->min, span = (uint64_t)s->max - min;
    uint32_t distinct = 0;
    if (span >= SEEN_BITS) {
        for (uint32_t i = 0; i < n; i++)
            distinct_add(e, hash_u64((uint64_t)load_int(v, size, false, i)));
        return distinct_take(e);
    }
    uint64_t *seen = e->seen;
    if (s->runs == 1) {
        bit_set(seen, 0);
    } else if (size == 2) {
        for (uint32_t i = 0; i < n; i++)
            bit_set(seen, (uint64_t)((const int16_t *)v)[i] - min);
    } else if (size == 4) {
        for (uint32_t i = 0; i < n; i++)
            bit_set(seen, (uint64_t)((const int32_t *)v)[i] - min);
    } else {
        for (uint32_t i = 0; i < n; i++)
            bit_set(seen, (uint64_t)((const int64_t *)v)[i] - min);
    }
    for (size_t i = bitset_next(seen, span + 1, 0); i <= span; i = bitset_next(seen, span + 1, i + 1)) {
        distinct++;
        if (e->sketch)
            sketch_add(e->sketch, hash_u64(min + i));
    }
    memset(seen, 0, bitset_words(span + 1) * 8);
    return distinct;
}

static void int_zone(struct encoder *e, const struct encode_input *in, const void *filled, uint32_t size,
                     struct zone *z)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    struct int_stats s;
    if (size == 2)
        k->stats_i16(filled, in->n, &s);
    else if (size == 4)
        k->stats_i32(filled, in->n, &s);
    else
        k->stats_i64(filled, in->n, &s);
    union datum bound;
    for (int side = 0; side < 2; side++) {
        bound.i64 = side ? s.max : s.min; /* little-endian: the low bytes are the value */
        zone_widen(z, in->type, &bound);
    }
    bool is_integer = in->type == TYPE_INT2 || in->type == TYPE_INT4 || in->type == TYPE_INT8;
    z->has_sum = is_integer;
    if (is_integer && z->nulls == 0) {
        z->sum = s.sum;
    } else if (is_integer) {
        for (uint32_t i = 0; i < in->n; i++)
            z->sum += row_is_null(in->null, i) ? 0 : load_int(in->data, size, false, i);
    }
    z->distinct = int_distinct(e, filled, size, in->n, &s);
}

static void value_zone(struct encoder *e, const struct encode_input *in, uint8_t phys, struct zone *z)
{
    size_t size = phys_size[phys];
    const char *v = in->data;
    for (uint32_t i = 0; i < in->n; i++, v += size) {
        if (row_is_null(in->null, i))
            continue;
        if (z->has_bounds)
            zone_widen(z, in->type, v);
        uint64_t hash = phys == PHYS_STR   ? hash_bytes(str_data((const struct str *)v), ((const struct str *)v)->len)
                        : phys == PHYS_NUM ? num_hash((const struct num *)v)
                                           : hash_bytes(v, size);
        distinct_add(e, hash);
    }
    z->distinct = distinct_take(e);
}

static void dict_zone(struct encoder *e, const struct encode_input *in, struct zone *z)
{
    const struct dict *dict = in->dict;
    size_t words = bitset_words(dict->n);
    uint64_t *used = words * 64 <= SEEN_BITS ? e->seen : xcalloc(words, 8);
    for (uint32_t i = 0; i < in->n; i++)
        if (!row_is_null(in->null, i))
            bit_set(used, in->code[i]);
    bool ends_only = dict->sorted && in->type != TYPE_BPCHAR;
    size_t first = bitset_next(used, dict->n, 0), last = first;
    for (size_t c = first; c < dict->n; c = bitset_next(used, dict->n, c + 1)) {
        z->distinct++;
        last = c;
        if (!ends_only && z->has_bounds)
            zone_widen(z, in->type, &dict->value[c]);
    }
    if (ends_only) {
        zone_widen(z, in->type, &dict->value[first]);
        zone_widen(z, in->type, &dict->value[last]);
    }
    if (used == e->seen)
        memset(used, 0, words * 8);
    else
        free(used);
}

static const uint32_t *fill_null_codes(struct encoder *e, const struct encode_input *in)
{
    return fill_nulls(e, in->code, sizeof *in->code, in);
}

void encode_column(struct encoder *e, const struct encode_input *in, struct encoded *out)
{
    uint8_t phys = (uint8_t)type_phys(in->type);
    struct zone z = {.min_key = UINT64_MAX, .rows = in->n, .has_bounds = true, .exact = true};
    memset(out, 0, sizeof *out);
    assert(in->n > 0 && in->n <= CHUNK_ROWS);
    z.nulls = in->null ? (uint32_t)bitset_count(in->null, in->n) : 0;
    if (z.nulls == in->n) {
        out->meta.encoding = ENC_NULL;
        out->meta.zone.nulls = z.nulls;
        return;
    }
    if (z.nulls)
        outbuf_add(&out->stream[STREAM_NULLS], in->null, bitset_words(in->n) * 8);
    if (in->code) {
        out->meta.domain = DOMAIN_CODE;
        dict_zone(e, in, &z);
        encode_ints(fill_null_codes(e, in), 4, true, in->n, false, out);
    } else if (phys == PHYS_I16 || phys == PHYS_I32 || phys == PHYS_I64) {
        const void *v = fill_nulls(e, in->data, phys_size[phys], in);
        int_zone(e, in, v, phys_size[phys], &z);
        encode_ints(v, phys_size[phys], false, in->n, in->delta, out);
    } else {
        value_zone(e, in, phys, &z);
        if (phys == PHYS_STR) {
            encode_strings(e, in->data, in->null, in->n, &out->stream[STREAM_DATA], &out->stream[STREAM_BYTES]);
            out->meta.encoding = ENC_STRINGS;
        } else if (phys == PHYS_NUM) {
            encode_nums(e, in, out);
        } else if (phys == PHYS_BOOL) {
            encode_bools(fill_nulls(e, in->data, 1, in), in->n, out);
        } else {
            encode_fixed(e, fill_nulls(e, in->data, phys_size[phys], in), phys_size[phys], in->n, out);
        }
    }
    zone_to_format(&z, &out->meta.zone);
    for (int k = 0; k < STREAM_COUNT; k++) {
        outbuf_seal(&out->stream[k], false);
        out->meta.stream[k].bytes = out->stream[k].len;
    }
}
