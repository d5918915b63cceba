/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scans see: a chunk is up to 65,536 rows of a table in columns, whether in a sealed segment's file, in a frozen
 * chunk of a tail, or in the open chunk that is being appended to. Columns are numbered 0..: the table's declared ones
 * by attnum - 1 (dropped ones included); the hidden ones (types/schema.h: HIDDEN_POS as int8, HIDDEN_ORDINAL as int4)
 * have numbers that no ALTER TABLE moves: CHUNK_HIDDEN + HIDDEN_POS …. A column that was added after the chunk was made
 * reads as its missing value (all NULL in version 1): a VEC_CONST NULL with 16 readable zero bytes whose phys is
 * PHYS_NONE, since the chunk does not know the type: the scan sets phys to the column's form.
 *
 * A chunk_reader is one thread's access to one chunk: it pins pages as they are touched and unpins all at close.
 * Everything it returns (vectors, dictionaries) is valid until the reader is closed.
 */
#ifndef MENCIA_STORAGE_CHUNK_H
#define MENCIA_STORAGE_CHUNK_H

#include "base/error.h"
#include "types/schema.h"
#include "types/zone.h"

enum { CHUNK_HIDDEN = 1 << 16 };

struct mem_account;

struct chunk;        /* shared, reference-counted through its owner */
struct chunk_reader; /* one thread's */

struct chunk *chunk_get(struct chunk *chunk);
void chunk_put(struct chunk *chunk);
/* Rows now; for an open chunk it grows: the snapshot says how many count. */
uint32_t chunk_rows(const struct chunk *chunk);
bool chunk_is_sealed(const struct chunk *chunk);
/* Zone of a column; false = none (open chunk). Never touches data pages. */
bool chunk_zone(const struct chunk *chunk, uint32_t column, struct zone *out);
/* Name for errors and EXPLAIN: segment and chunk number. */
const char *chunk_name(const struct chunk *chunk);

/* rows: how many rows the snapshot sees. The account is charged for pinned and decoded memory. */
bool chunk_reader_open(struct chunk *chunk, uint32_t rows, struct mem_account *account, struct chunk_reader **out,
                       struct error *err) MUST_CHECK;
void chunk_reader_close(struct chunk_reader *reader);
/* Optional, for scans that are done with all vectors got so far: lets chunk_read reuse their memory (it stays in the
 * cache). Dictionaries and runs stay valid. */
void chunk_reader_recycle(struct chunk_reader *reader);

/* AND of a simple predicate into bits (one bit per row of the chunk, [0, rows)): rows that do not satisfy it are
 * cleared. Works on encoded data where the encoding allows. */
bool chunk_filter(struct chunk_reader *reader, const struct pred *pred, uint64_t *bits, struct error *err) MUST_CHECK;
/* The dictionary if the column is dictionary-coded here, else *dict = NULL. */
bool chunk_dict(struct chunk_reader *reader, uint32_t column, const struct dict **dict, struct error *err) MUST_CHECK;
/* For dictionary-coded columns: keeps rows whose code has its bit set (NULL rows: null_passes). */
bool chunk_filter_codes(struct chunk_reader *reader, uint32_t column, const uint64_t *code_bits, bool null_passes,
                        uint64_t *bits, struct error *err) MUST_CHECK;
/* Decodes rows [row, row + n), n <= VEC_ROWS, row a multiple of VEC_ROWS, into *out: FLAT, CONST or DICT (string
 * columns keep their codes). sel (indexes relative to row) NULL = all; otherwise only these rows need be valid. */
bool chunk_read(struct chunk_reader *reader, uint32_t column, uint32_t row, uint32_t n, const struct sel *sel,
                struct vec *out, struct error *err) MUST_CHECK;
/* Fetches single rows of the chunk (late materialisation): idx ascending, absolute in the chunk; dense flat result in
 * the given arena, strings by view. */
bool chunk_fetch(struct chunk_reader *reader, uint32_t column, const uint32_t *row, uint32_t n, struct arena *arena,
                 struct vec *out, struct error *err) MUST_CHECK;
/* RLE columns: the runs of the whole chunk. *nrun = 0: not run-length coded. end[i] is the exclusive end row of run i;
 * value is a FLAT or DICT vector of nrun rows. */
bool chunk_runs(struct chunk_reader *reader, uint32_t column, const uint32_t **end, uint32_t *nrun, struct vec *value,
                struct error *err) MUST_CHECK;

#endif
