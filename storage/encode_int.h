/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From flat columns to the encoded form of format.h: choice of encoding, zones, dictionaries being built.
 * Deterministic: the result depends on the values only. Private to storage/.
 */
#ifndef MENCIA_STORAGE_ENCODE_INT_H
#define MENCIA_STORAGE_ENCODE_INT_H

#include "base/arena.h"
#include "storage/format.h"
#include "types/zone.h"

/* 64-byte aligned bytes that grow; always VEC_PAD_BYTES readable zero bytes after len once outbuf_seal was called. */
struct outbuf {
    uint8_t *data;
    size_t len, cap;
};
void outbuf_reserve(struct outbuf *b, size_t more);
void outbuf_add(struct outbuf *b, const void *data, size_t len);
void outbuf_align(struct outbuf *b, size_t align);
void outbuf_seal(struct outbuf *b, bool shrink);
void outbuf_free(struct outbuf *b);

/* One column of one chunk, encoded. */
struct encoded {
    struct format_chunk_column meta; /* stream[k].bytes set, offsets not */
    struct outbuf stream[STREAM_COUNT];
};
void encoded_free(struct encoded *e);
uint64_t encoded_bytes(const struct encoded *e);

/* HyperLogLog of a segment's column. */
enum { SKETCH_BITS = 12, SKETCH_REGISTERS = 1 << SKETCH_BITS };
struct sketch {
    uint8_t rank[SKETCH_REGISTERS];
};
uint32_t sketch_estimate(const struct sketch *s);
/* Distinct values behind m bits of which `zeros` stayed clear. */
uint32_t linear_count(uint32_t zeros, uint32_t m);

/* Buffers reused from column to column. */
struct encoder {
    void *fill;            /* CHUNK_ROWS × 16: values with NULLs filled in */
    struct outbuf raw;     /* a strings block before compression; serialised numerics */
    struct str *records;   /* CHUNK_ROWS: serialised numerics */
    uint64_t *seen;        /* CHUNK_ROWS bits */
    struct sketch *sketch; /* gets every non-NULL value if set */
    int lz4_acceleration;
};
void encoder_init(struct encoder *e);
void encoder_release(struct encoder *e);

struct encode_input {
    oid_t type;
    uint32_t n;           /* 1..CHUNK_ROWS */
    const void *data;     /* flat values; NULL when code is set */
    const uint32_t *code; /* codes into dict; the ones of NULL rows are ignored */
    const struct dict *dict;
    const uint64_t *null; /* NULL = none */
    bool delta;           /* ascending: try deltas */
};
void encode_column(struct encoder *e, const struct encode_input *in, struct encoded *out);

/* ENC_STRINGS streams of n values (NULL rows count as empty). */
void encode_strings(struct encoder *e, const struct str *value, const uint64_t *null, uint32_t n, struct outbuf *data,
                    struct outbuf *bytes);
/* ENC_FOR stream over values of value_bytes (1: unsigned; 2, 4, 8: signed; 4 with is_unsigned). Appended at a 64-byte
 * boundary of out; offsets count from there. */
void encode_for(const void *data, uint32_t value_bytes, bool is_unsigned, uint32_t n, struct outbuf *out);

/* ---- dictionaries being built ---- */
struct dict_builder {
    uint32_t n, cap, limit; /* entries; allocated; more than limit is refused */
    uint32_t nslot;         /* power of two */
    uint64_t *slot;         /* code + 1 in the low half, high half of the hash above; 0 = free */
    struct str *value;
    uint64_t *hash; /* as given */
};
void dict_builder_init(struct dict_builder *b, uint32_t limit);
void dict_builder_clear(struct dict_builder *b);
void dict_builder_release(struct dict_builder *b);
enum { DICT_FULL = UINT32_MAX };
/* Code of the value, added by view if new (*added). DICT_FULL: more than limit. */
uint32_t dict_builder_put(struct dict_builder *b, const struct str *value, uint64_t hash, bool *added);
/* A quick hash for tables that are thrown away. */
static inline uint64_t str_quick_hash(const struct str *s, uint64_t (*hash_long)(const void *, size_t))
{
    if (!str_is_inline(s))
        return hash_long(s->ptr, s->len);
    uint128_t m = (uint128_t)(load_u64(s) ^ 0x9E3779B97F4A7C15ULL) * (load_u64(s->tail) ^ 0xD6E8FEB86659FD93ULL);
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* A finished dictionary in one block of memory (dict_free). The order of entries is order[] (NULL = as they came).
 * hash: XXH3 of each entry, in builder order. */
struct dict *dict_make(const struct str *value, const uint64_t *hash, const uint32_t *order, uint32_t n, bool is_text,
                       bool sorted, size_t *bytes);
void dict_free(struct dict *dict);
uint64_t dict_next_id(void);

void zone_to_format(const struct zone *z, struct format_zone *out);
void zone_from_format(const struct format_zone *f, uint32_t rows, struct zone *out);
/* into |= more. rows add up. */
void zone_merge(struct zone *into, const struct zone *more);

#endif
