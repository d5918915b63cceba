/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment file, format version 1. Everything is little-endian and fixed-width.
 *
 *     header | streams, each padded to 64 bytes | footer | trailer
 *
 * A stream is what one (column, chunk) or one dictionary stores for one purpose. Its bytes, padding included, are
 * covered by CRC32Cs of FORMAT_CRC_BYTES blocks counted from the stream's start; the CRCs stand in the footer. A page
 * is FORMAT_PAGE_BYTES of a stream: what the cache loads at once.
 *
 * Footer: struct format_footer, then the arrays it counts, in the order of its fields. The encoded form of a column of
 * a chunk (struct format_chunk_column and its streams) is also what frozen chunks of a tail are in memory.
 */
#ifndef MENCIA_STORAGE_FORMAT_H
#define MENCIA_STORAGE_FORMAT_H

#include "base/base.h"
#include "types/vec.h"

#define FORMAT_MAGIC      "MENCIAsg"
#define FORMAT_MAGIC_TAIL "MENCIAtr"
enum {
    FORMAT_VERSION = 1,
    FORMAT_ALIGN = 64,
    FORMAT_CRC_BYTES = 64 << 10,
    FORMAT_PAGE_BYTES = 1 << 20,
    FORMAT_ROWS_MAX = 1 << 24,
    FORMAT_COLUMNS_MAX = 1600 + 2,
    FORMAT_DICT_MAX = 1 << 24,
    FORMAT_COUNTS_MAX = 256, /* dictionaries up to this size keep exact counts */
    PACK_BLOCK = 1024,       /* values per bit-packed block */
    STRINGS_BLOCK_BYTES = 256 << 10,
};

/* Feature bits: a reader refuses a file with required bits it does not know; optional ones it may ignore. None yet. */
#define FORMAT_REQUIRED_KNOWN 0ULL

enum encoding {
    ENC_NULL,    /* all rows NULL: no streams */
    ENC_CONST,   /* value[] for every row */
    ENC_PLAIN,   /* DATA: n values of value_bytes */
    ENC_LZ4,     /* DATA: struct format_strings of VEC_ROWS-row blocks of plain values; BYTES */
    ENC_RLE,     /* DATA: nrun u32 exclusive ends, then (8-aligned) nrun values of value_bytes */
    ENC_FOR,     /* DATA: struct format_pack per PACK_BLOCK rows, then packed words */
    ENC_DELTA,   /* DATA: struct format_delta per PACK_BLOCK rows, then packed words */
    ENC_BITMAP,  /* DATA: one bit per row (bool) */
    ENC_STRINGS, /* DATA: struct format_strings …; BYTES: LZ4 blocks */
    ENC_COUNT
};

enum stream_kind { STREAM_NULLS, STREAM_DATA, STREAM_BYTES, STREAM_COUNT };

/* What the stored values are. */
enum value_domain {
    DOMAIN_VALUE, /* the type's physical form itself */
    DOMAIN_CODE,  /* u32 codes into the dictionary */
    DOMAIN_SCALED /* numeric: int64 mantissas at one display scale */
};

enum zone_flags { ZONE_BOUNDS = 1, ZONE_EXACT = 2, ZONE_SUM = 4 };

struct format_stream {
    uint64_t offset;    /* in the file, multiple of FORMAT_ALIGN */
    uint64_t bytes;     /* without padding; 0 = no such stream */
    uint32_t crc_first; /* index of its first CRC */
    uint32_t zero;
};
_Static_assert(sizeof(struct format_stream) == 24, "on disk");

struct format_zone {
    uint64_t min_key, max_key;
    uint64_t sum_low;
    int64_t sum_high;
    uint32_t nulls;
    uint32_t distinct;
    uint32_t flags; /* enum zone_flags */
    uint32_t zero;
};
_Static_assert(sizeof(struct format_zone) == 48, "on disk");

struct format_chunk_column {
    uint8_t encoding;
    uint8_t domain;
    uint8_t value_bytes; /* of a stored value: PLAIN, LZ4, RLE, FOR */
    uint8_t zero;
    uint32_t nrun;   /* RLE */
    uint32_t dscale; /* DOMAIN_SCALED */
    uint32_t zero2;
    uint8_t value[16]; /* CONST */
    struct format_zone zone;
    struct format_stream stream[STREAM_COUNT];
};
_Static_assert(sizeof(struct format_chunk_column) == 152, "on disk");

/* One bit-packed block: value = base + packed. width 0: no words. Words of 1,024 values: lanes of 16, 32 or 64 bits for
 * widths up to 16, 32, 64; value i lies in lane i % nlane at bit (i / nlane) × width of that lane; the k-th words of
 * all lanes are adjacent. */
struct format_pack {
    int64_t base;
    uint32_t offset; /* of the words from the stream's start, in units of 64 bytes */
    uint8_t width;
    uint8_t zero[3];
};
_Static_assert(sizeof(struct format_pack) == 16, "on disk");

/* value[0] = first; value[i] = value[i - 1] + step + packed[i]. */
struct format_delta {
    int64_t first, step;
    uint32_t offset;
    uint8_t width;
    uint8_t zero[3];
};
_Static_assert(sizeof(struct format_delta) == 24, "on disk");

/* Strings: this, then nblock struct format_strings_block, then (64-aligned) the lengths as in ENC_FOR. Values lie one
 * after the other in raw blocks of at most STRINGS_BLOCK_BYTES or one value; no block crosses a multiple of VEC_ROWS.
 */
struct format_strings {
    uint32_t n;
    uint32_t nblock;
    uint64_t raw_bytes;
};
_Static_assert(sizeof(struct format_strings) == 16, "on disk");

struct format_strings_block {
    uint64_t offset;     /* in BYTES */
    uint32_t row_end;    /* exclusive */
    uint32_t raw_bytes;  /* sum of its lengths */
    uint32_t disk_bytes; /* == raw_bytes: not compressed */
    uint32_t zero;
};
_Static_assert(sizeof(struct format_strings_block) == 24, "on disk");

/* A numeric that is not DOMAIN_SCALED: one string of this and, for NUM_BIG, struct num_big. */
struct format_num {
    int64_t mantissa;
    uint32_t dscale;
    uint32_t kind;
};
_Static_assert(sizeof(struct format_num) == 16, "on disk");

enum dict_stream { DICT_DATA, DICT_BYTES, DICT_HASH, DICT_CHARS, DICT_COUNTS, DICT_STREAMS };

struct format_column {
    uint32_t type;
    int32_t typmod;
    uint32_t name_offset, name_bytes; /* in the names */
    int32_t attnum;                   /* 0 for hidden columns */
    uint32_t dict_n;                  /* entries; 0 = no dictionary */
    uint32_t dict_counts;             /* 1 = DICT_COUNTS is there */
    uint32_t dropped;
    struct format_zone zone;                 /* over the segment */
    struct format_stream dict[DICT_STREAMS]; /* DATA and BYTES: the values as ENC_STRINGS; HASH: u64; CHARS: u32 */
};
_Static_assert(sizeof(struct format_column) == 200, "on disk");

struct format_header {
    char magic[8];
    uint32_t version;
    uint32_t crc; /* of this struct with crc = 0 */
    uint64_t required, optional;
    uint8_t zero[32];
};
_Static_assert(sizeof(struct format_header) == 64, "on disk");

struct format_footer {
    uint32_t ncolumn; /* with the hidden ones */
    uint32_t nchunk;
    uint64_t rows;
    uint64_t ncrc;
    uint64_t names_bytes; /* padded to 8 */
    uint32_t table_oid;
    uint32_t partition;
    uint64_t seq;
    uint64_t pos_begin, pos_end;
    uint64_t schema_v;
    uint32_t decoder_rev;
    uint32_t dead_letters;
    int64_t time_min_us, time_max_us;
    uint64_t last_pos;
    int64_t last_timestamp_us;
    uint32_t last_crc;
    uint32_t sorted;              /* 1 = rows are in sort_by order, not in pos order */
    struct format_stream letters; /* dead letters: struct format_letter and its bytes, one after the other */
    struct format_stream extra;   /* opaque: what a spill adds */
    /* struct format_column[ncolumn], struct format_chunk_column[ncolumn × nchunk] (by column), names, u32 crc[ncrc] */
};
_Static_assert(sizeof(struct format_footer) == 168, "on disk");

struct format_letter {
    uint64_t pos;
    int64_t timestamp_us;
    uint32_t column_bytes, reason_bytes, raw_bytes;
    uint32_t zero;
};
_Static_assert(sizeof(struct format_letter) == 32, "on disk");

struct format_trailer {
    uint8_t body_sha256[32]; /* of everything before the trailer */
    uint64_t footer_offset;
    uint64_t footer_bytes;
    uint32_t footer_crc;
    uint32_t version;
    uint32_t zero;
    uint32_t crc; /* of this struct with crc = 0 */
    char magic[8];
};
_Static_assert(sizeof(struct format_trailer) == 72, "on disk");

static inline uint64_t format_padded(uint64_t bytes)
{
    return (bytes + FORMAT_ALIGN - 1) & ~(uint64_t)(FORMAT_ALIGN - 1);
}
static inline uint64_t format_crc_count(uint64_t bytes)
{
    return (format_padded(bytes) + FORMAT_CRC_BYTES - 1) / FORMAT_CRC_BYTES;
}
static inline uint32_t pack_blocks(uint32_t n) { return (n + PACK_BLOCK - 1) / PACK_BLOCK; }
static inline size_t pack_bytes(uint32_t width) { return (size_t)width * (PACK_BLOCK / 8); }

#endif
