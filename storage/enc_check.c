/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing that a file says is believed: these checks establish every bound that enc_read.c and the kernels rely on.
 * They run once per loaded page, so that scans of cached pages pay nothing.
 */
#include "storage/enc_int.h"

#include "storage/pack_kern.h"
#include "types/numeric.h"

#include <lz4.h>

static uint32_t stored_bytes(const struct format_chunk_column *m, uint8_t phys)
{
    return m->domain == DOMAIN_CODE ? 4 : m->domain == DOMAIN_SCALED ? 8 : phys_size[phys];
}

static bool packs(const struct format_chunk_column *m, uint8_t phys)
{
    return m->domain != DOMAIN_VALUE || phys == PHYS_I16 || phys == PHYS_I32 || phys == PHYS_I64;
}

static const char *check_domain(const struct format_chunk_column *m, uint8_t phys, uint32_t dict_n)
{
    switch (m->domain) {
    case DOMAIN_VALUE: break;
    case DOMAIN_CODE:
        if (phys != PHYS_STR || dict_n == 0)
            return "codes without a dictionary";
        break;
    case DOMAIN_SCALED:
        if (phys != PHYS_NUM || m->dscale > 16383)
            return "scaled values of a wrong type";
        break;
    default: return "unknown value domain";
    }
    if (m->domain == DOMAIN_VALUE && (phys == PHYS_STR || phys == PHYS_NUM))
        return m->encoding == ENC_STRINGS ? NULL : "encoding does not fit the type";
    return m->encoding == ENC_STRINGS ? "encoding does not fit the type" : NULL;
}

static uint64_t rle_stream_bytes(uint32_t nrun, uint32_t value_bytes)
{
    return size_align((uint64_t)nrun * 4, 8) + (uint64_t)nrun * value_bytes;
}

const char *enc_check_meta(const struct format_chunk_column *m, oid_t type, uint32_t rows, uint32_t dict_n)
{
    uint8_t phys = (uint8_t)type_phys(type);
    uint64_t data = m->stream[STREAM_DATA].bytes, nulls = m->stream[STREAM_NULLS].bytes;
    if (m->encoding >= ENC_COUNT)
        return "unknown encoding";
    if (m->zone.nulls > rows || ((m->zone.flags & ZONE_BOUNDS) && m->zone.min_key > m->zone.max_key))
        return "impossible zone";
    if (m->encoding == ENC_NULL)
        return m->zone.nulls == rows && data == 0 && nulls == 0 ? NULL : "all-NULL column with data";
    if (nulls != (m->zone.nulls ? bitset_words(rows) * 8 : 0) || m->zone.nulls == rows)
        return "null bitmap of a wrong size";
    const char *bad = check_domain(m, phys, dict_n);
    if (bad || m->encoding == ENC_STRINGS)
        return bad ? bad : data >= sizeof(struct format_strings) ? NULL : "strings of a wrong size";
    uint32_t size = stored_bytes(m, phys);
    bool sound = m->value_bytes == size && size > 0;
    switch ((enum encoding)m->encoding) {
    case ENC_CONST:
        sound = sound && data == 0 && (m->domain != DOMAIN_CODE || load_u32(m->value) < dict_n) &&
                (phys != PHYS_BOOL || m->value[0] <= 1);
        break;
    case ENC_PLAIN: sound = sound && phys != PHYS_BOOL && data == (uint64_t)rows * size; break;
    case ENC_LZ4:
        sound = sound && m->domain == DOMAIN_VALUE && size == 16 && data >= sizeof(struct format_strings);
        break;
    case ENC_RLE:
        sound = sound && phys != PHYS_BOOL && m->nrun > 0 && m->nrun <= rows && data == rle_stream_bytes(m->nrun, size);
        break;
    case ENC_FOR: sound = sound && packs(m, phys) && data > 0; break;
    case ENC_DELTA: sound = sound && phys == PHYS_I64 && data > 0; break;
    case ENC_BITMAP: sound = sound && phys == PHYS_BOOL && data == bitset_words(rows) * 8; break;
    default: sound = false;
    }
    return sound ? NULL : "stream of a wrong size or type";
}

const char *enc_check_nulls(const struct format_chunk_column *m, const uint64_t *null, uint32_t rows)
{
    if (rows % 64 && null[rows / 64] >> (rows % 64))
        return "null bits beyond the rows";
    return bitset_count(null, rows) == m->zone.nulls ? NULL : "wrong number of null bits";
}

static const char *check_for(const uint8_t *data, uint64_t len, uint32_t n, uint32_t value_bytes, uint32_t codes)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    const struct format_pack *p = (const void *)data;
    uint64_t heads = size_align(pack_blocks(n) * sizeof *p, 64);
    if (len < heads)
        return "packed values are cut off";
    for (uint32_t b = 0; b < pack_blocks(n); b++) {
        uint64_t offset = (uint64_t)p[b].offset * 64;
        if (p[b].width > value_bytes * 8 || p[b].width > 64)
            return "packed values are too wide";
        if (p[b].width && (offset < heads || offset + pack_bytes(p[b].width) > len))
            return "packed values lie outside";
        if (!codes)
            continue;
        if (p[b].base < 0 || p[b].base >= codes)
            return "code beyond the dictionary";
        uint64_t most = p[b].width ? (1ULL << p[b].width) - 1 : 0;
        if (most >= codes - (uint64_t)p[b].base) /* may be fine: see what there is */
            most = k->max(data + offset, p[b].width);
        if (most >= codes - (uint64_t)p[b].base)
            return "code beyond the dictionary";
    }
    return NULL;
}

static const char *check_delta(const uint8_t *data, uint64_t len, uint32_t n)
{
    const struct format_delta *p = (const void *)data;
    uint64_t heads = size_align(pack_blocks(n) * sizeof *p, 64);
    if (len < heads)
        return "packed values are cut off";
    for (uint32_t b = 0; b < pack_blocks(n); b++) {
        uint64_t offset = (uint64_t)p[b].offset * 64;
        if (p[b].width > 64 || (p[b].width && (offset < heads || offset + pack_bytes(p[b].width) > len)))
            return "packed values lie outside";
    }
    return NULL;
}

static const char *check_rle(const struct format_chunk_column *m, const uint8_t *data, uint32_t rows, uint32_t codes)
{
    const uint32_t *end = (const void *)data;
    const uint8_t *value = data + size_align((size_t)m->nrun * 4, 8);
    uint32_t begin = 0;
    for (uint32_t i = 0; i < m->nrun; begin = end[i++]) {
        if (end[i] <= begin)
            return "runs do not ascend";
        if (codes && load_u32(value + i * 4) >= codes)
            return "code beyond the dictionary";
    }
    return begin == rows ? NULL : "runs do not cover the rows";
}

static const char *check_plain_codes(const uint8_t *data, uint32_t rows, uint32_t codes)
{
    for (uint32_t i = 0; codes && i < rows; i++)
        if (load_u32(data + i * 4) >= codes)
            return "code beyond the dictionary";
    return NULL;
}

const char *enc_check_data(const struct format_chunk_column *m, const uint8_t *data, uint32_t rows, uint32_t dict_n)
{
    uint64_t len = m->stream[STREAM_DATA].bytes, bytes = m->stream[STREAM_BYTES].bytes;
    uint32_t codes = m->domain == DOMAIN_CODE ? dict_n : 0;
    switch ((enum encoding)m->encoding) {
    case ENC_PLAIN: return check_plain_codes(data, rows, codes);
    case ENC_LZ4: return enc_check_strings(data, len, rows, bytes, m->value_bytes);
    case ENC_RLE: return check_rle(m, data, rows, codes);
    case ENC_FOR: return check_for(data, len, rows, m->value_bytes, codes);
    case ENC_DELTA: return check_delta(data, len, rows);
    case ENC_BITMAP:
        return rows % 64 && ((const uint64_t *)data)[rows / 64] >> (rows % 64) ? "bits beyond the rows" : NULL;
    case ENC_STRINGS: return enc_check_strings(data, len, rows, bytes, 0);
    default: return NULL;
    }
}

static const char *check_strings_lengths(const uint8_t *data, uint64_t len, uint32_t n)
{
    const struct format_strings *top = (const void *)data;
    const struct format_strings_block *block = (const void *)(top + 1);
    const uint8_t *lengths = strings_lengths(data);
    if ((uint64_t)(lengths - data) > len)
        return "strings are cut off";
    const char *bad = check_for(lengths, len - (uint64_t)(lengths - data), n, 4, 0);
    uint32_t value[PACK_BLOCK], b = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; !bad && i < n; i++) {
        if (i % PACK_BLOCK == 0)
            enc_unpack(lengths, i / PACK_BLOCK, 4, value);
        sum += value[i % PACK_BLOCK];
        if (value[i % PACK_BLOCK] > STR_LEN_MAX)
            return "impossible length of a string";
        if (i + 1 < block[b].row_end)
            continue;
        if (sum != block[b].raw_bytes)
            return "lengths do not add up";
        sum = 0;
        b++;
    }
    return bad;
}

const char *enc_check_strings(const uint8_t *data, uint64_t len, uint32_t n, uint64_t bytes_len, uint32_t fixed)
{
    const struct format_strings *top = (const void *)data;
    const struct format_strings_block *block = (const void *)(top + 1);
    if (len < sizeof *top || top->n != n || top->nblock > n || (n && top->nblock == 0) ||
        (len - sizeof *top) / sizeof *block < top->nblock)
        return "strings are cut off";
    uint32_t begin = 0;
    for (uint32_t b = 0; b < top->nblock; begin = block[b++].row_end) {
        if (block[b].row_end <= begin || block[b].row_end > n || begin / VEC_ROWS != (block[b].row_end - 1) / VEC_ROWS)
            return "blocks of strings do not ascend";
        if (block[b].disk_bytes > block[b].raw_bytes || block[b].offset > bytes_len ||
            block[b].disk_bytes > bytes_len - block[b].offset)
            return "block of strings lies outside";
        if (block[b].raw_bytes > STR_LEN_MAX + STRINGS_BLOCK_BYTES)
            return "block of strings is too large";
        /* No LZ4 block shrinks more than this: bounds what a damaged file can make us allocate. */
        if (block[b].raw_bytes / 256 > block[b].disk_bytes)
            return "block of strings is too large";
        if (fixed && block[b].raw_bytes != (block[b].row_end - begin) * fixed)
            return "block of a wrong size";
    }
    if (begin != n)
        return "blocks of strings do not cover the rows";
    return fixed ? NULL : check_strings_lengths(data, len, n);
}

bool enc_check_num(const char *record, uint32_t len)
{
    struct format_num head;
    if (len < sizeof head)
        return false;
    memcpy(&head, record, sizeof head);
    if (head.kind > NUM_NINF || head.dscale > 16383)
        return false;
    if (head.kind != NUM_BIG)
        return len == sizeof head;
    const struct num_big *big = (const void *)(record + sizeof head);
    if (len < sizeof head + sizeof *big || len != sizeof head + sizeof *big + (uint32_t)big->ndigits * 2 ||
        big->sign > 1 || big->dscale > 16383 || big->dscale != head.dscale)
        return false;
    for (uint32_t i = 0; i < big->ndigits; i++)
        if (big->digit[i] > 9999)
            return false;
    return true;
}

bool strings_block_unpack(const struct format_strings_block *block, const uint8_t *disk, char *raw)
{
    if (block->disk_bytes == block->raw_bytes) {
        if (block->raw_bytes)
            memcpy(raw, disk, block->raw_bytes);
        return true;
    }
    int n = LZ4_decompress_safe((const char *)disk, raw, (int)block->disk_bytes, (int)block->raw_bytes);
    return n == (int)block->raw_bytes;
}
