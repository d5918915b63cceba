/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks in encoded form (format.h), wherever their bytes are: in the pages of a segment's file or in the memory of a
 * frozen chunk. enc_read.c knows the encodings; a struct enc_source gets the bytes. Private to storage/.
 */
#ifndef MENCIA_STORAGE_ENC_INT_H
#define MENCIA_STORAGE_ENC_INT_H

#include "storage/chunk_int.h"
#include "storage/filter_int.h"
#include "storage/encode_int.h"
#include "storage/format.h"

struct enc_reader;

struct enc_source {
    /* A whole stream, contiguous, 64-byte aligned, with VEC_PAD_BYTES readable bytes after it, valid until the reader
     * is closed. **checked: 0 until somebody validated its structure, who then sets it; NULL = trusted. */
    bool (*stream)(struct enc_reader *r, uint32_t slot, enum stream_kind kind, const uint8_t **data, uint32_t **checked,
                   struct error *err);
    /* The raw bytes of the index-th strings block, decompressed; 64-byte aligned. */
    bool (*raw_block)(struct enc_reader *r, uint32_t slot, const struct format_strings_block *block, uint32_t index,
                      const char **raw, struct error *err);
    bool (*dict)(struct enc_reader *r, uint32_t slot, const struct dict **dict, struct error *err);
    /* Entries of the slot's dictionary without loading it; 0 = none. */
    uint32_t (*dict_n)(const struct chunk *chunk, uint32_t slot);
    /* XX001 that names where and what. Returns false. */
    bool (*corrupt)(const struct chunk *chunk, uint32_t slot, const char *what, struct error *err);
    void (*reader_close)(struct enc_reader *r);
};

struct enc_chunk {
    struct chunk base;
    uint32_t rows;
    const struct enc_source *source;
    const void *column;   /* struct format_chunk_column of slot 0 … */
    size_t column_stride; /* … and bytes to the next */
};

/* One column of one reader. */
struct enc_column {
    bool nulls_open, data_open;
    const struct format_chunk_column *meta;
    uint8_t phys;
    const uint64_t *null; /* NULL = none */
    const uint8_t *data;
    const struct dict *dict;
    const struct format_strings *strings;
    const struct format_strings_block *block;
    const uint8_t *lengths; /* FOR stream */
    const char **raw;       /* [nblock], NULL = not got yet */
};

struct enc_reader {
    struct chunk_reader base;
    void *source_state; /* the source's: pins */
    struct enc_column **column;
};

extern const struct chunk_ops enc_chunk_ops_template; /* without get and put */

static inline const struct format_chunk_column *enc_meta(const struct chunk *chunk, uint32_t slot)
{
    const struct enc_chunk *ec = (const struct enc_chunk *)chunk;
    return (const void *)((const char *)ec->column + slot * ec->column_stride);
}

bool enc_zone(const struct chunk *chunk, uint32_t slot, struct zone *out);
bool enc_reader_open(struct chunk *chunk, struct chunk_reader **out, struct error *err);
void enc_reader_close(struct chunk_reader *reader);
bool enc_filter(struct chunk_reader *r, uint32_t slot, const struct pred *pred, uint64_t *bits, struct error *err);
bool enc_dict(struct chunk_reader *r, uint32_t slot, const struct dict **dict, struct error *err);
bool enc_filter_codes(struct chunk_reader *r, uint32_t slot, const uint64_t *code_bits, bool null_passes,
                      uint64_t *bits, struct error *err);
bool enc_read(struct chunk_reader *r, uint32_t slot, uint32_t row, uint32_t n, const struct sel *sel, struct vec *out,
              struct error *err);
bool enc_fetch(struct chunk_reader *r, uint32_t slot, const uint32_t *row, uint32_t n, struct arena *arena,
               struct vec *out, struct error *err);
bool enc_runs(struct chunk_reader *r, uint32_t slot, const uint32_t **end, uint32_t *nrun, struct vec *value,
              struct error *err);
uint32_t enc_rows(const struct chunk *chunk);

/* Opened state of a slot with its nulls, and with its data and dictionary. */
bool enc_open_nulls(struct enc_reader *r, uint32_t slot, struct enc_column **out, struct error *err);
bool enc_open_data(struct enc_reader *r, uint32_t slot, struct enc_column **out, struct error *err);
/* PACK_BLOCK values of block b of a FOR stream, each of value_bytes. */
void enc_unpack(const uint8_t *stream, uint32_t b, uint32_t value_bytes, void *out);

/* ---- validation of untrusted bytes (enc_check.c); NULL = sound, otherwise what is wrong ---- */
/* What the footer says of a column's chunk, before any stream is read. */
const char *enc_check_meta(const struct format_chunk_column *meta, oid_t type, uint32_t rows, uint32_t dict_n);
const char *enc_check_nulls(const struct format_chunk_column *meta, const uint64_t *null, uint32_t rows);
const char *enc_check_data(const struct format_chunk_column *meta, const uint8_t *data, uint32_t rows, uint32_t dict_n);
/* A strings stream of n values; bytes_len: size of the BYTES stream; fixed: every value's size, 0 = lengths follow. */
const char *enc_check_strings(const uint8_t *data, uint64_t len, uint32_t n, uint64_t bytes_len, uint32_t fixed);
/* Every value is a well-formed struct format_num of that many bytes. */
bool enc_check_num(const char *record, uint32_t len);

/* Where the parts of a strings stream lie. */
static inline const uint8_t *strings_lengths(const uint8_t *data)
{
    const struct format_strings *top = (const void *)data;
    return data + size_align(sizeof *top + top->nblock * sizeof(struct format_strings_block), 64);
}

/* Decompresses a block into raw (raw_bytes long). False: damaged. */
bool strings_block_unpack(const struct format_strings_block *block, const uint8_t *disk, char *raw);

#endif
