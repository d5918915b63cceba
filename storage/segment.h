/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment files: one immutable file of columns. Format version 1 is described in storage/README.md and
 * storage/format.h.
 *
 * Writing is deterministic: the same rows, definition and options give the same bytes (no clocks, no hash order).
 * Reading goes page by page through a budgeted cache; every page's CRC is verified when it is loaded. A damaged page is
 * XX001 naming segment, column and chunk.
 */
#ifndef MENCIA_STORAGE_SEGMENT_H
#define MENCIA_STORAGE_SEGMENT_H

#include "base/env.h"
#include "storage/chunk.h"

struct mem_pool;
struct mem_account;
struct page_cache;
struct segment;
struct segment_writer;

/* One cache for the process. budget_bytes bounds unpinned pages and dictionaries. */
struct page_cache *page_cache_open(struct mem_pool *pool, uint64_t budget_bytes);
void page_cache_close(struct page_cache *cache);
uint64_t page_cache_bytes(const struct page_cache *cache);

/* A message that could not become a row, kept in the segment's hidden dead-letter block. */
struct dead_letter {
    uint64_t pos;
    int64_t timestamp_us;  /* Kafka timestamp, µs since 2000; INT64_MIN = none */
    struct strview column; /* name, empty = the whole message */
    struct strview reason; /* error message */
    struct strview raw;    /* message bytes (at most 1 MiB kept) */
};

/* What a finished or opened segment says about itself. */
struct segment_meta {
    oid_t table_oid;
    uint32_t partition;          /* Kafka partition; UINT32_MAX for loads */
    uint64_t seq;                /* within partition or load */
    uint64_t pos_begin, pos_end; /* interval it covers */
    uint64_t rows;               /* at most 2^24 */
    uint32_t dead_letters;
    uint64_t schema_v;
    uint32_t decoder_rev;
    int64_t time_min_us, time_max_us; /* of the time column; INT64_MAX / INT64_MIN when none */
    uint64_t last_pos;                /* of the last message seen, with its Kafka timestamp and CRC32C of key+value */
    int64_t last_timestamp_us;
    uint32_t last_crc;
    uint8_t sha256[32]; /* of the whole file */
    uint64_t file_bytes;
};

/* meta: the caller fills table_oid … pos_end, schema_v, decoder_rev, last_*; the writer the rest. Rows are sorted by
 * def->options.sort_attnum (ties by pos, ordinal) if set, else kept in pos order. Writes to path (must not exist). */
bool segment_writer_open(struct env *env, const char *path, const struct table_def *def,
                         const struct segment_meta *meta, struct mem_account *account, struct segment_writer **out,
                         struct error *err) MUST_CHECK;
/* Rows [row_begin, row_end) of a chunk of the same table, any kind. May be called with chunks of any fill; the writer
 * re-chunks. */
bool segment_writer_add(struct segment_writer *w, struct chunk *chunk, uint32_t row_begin, uint32_t row_end,
                        struct error *err) MUST_CHECK;
bool segment_writer_add_dead_letter(struct segment_writer *w, const struct dead_letter *letter,
                                    struct error *err) MUST_CHECK;
/* Encodes, writes, fsyncs, re-reads and verifies; *meta is complete then. The writer is closed in any case; on failure
 * the file is removed. */
bool segment_writer_finish(struct segment_writer *w, struct segment_meta *meta, struct error *err) MUST_CHECK;
void segment_writer_abort(struct segment_writer *w);

/* Checks the footer and everything it says; data pages are checked when loaded. */
bool segment_open(struct env *env, struct page_cache *cache, const char *path, struct segment **out,
                  struct error *err) MUST_CHECK;
struct segment *segment_get(struct segment *segment);
void segment_put(struct segment *segment);
const struct segment_meta *segment_meta(const struct segment *segment);
const char *segment_path(const struct segment *segment);
uint32_t segment_chunks(const struct segment *segment);
/* Borrowed: valid while the segment is held; chunk_get keeps the segment too. */
struct chunk *segment_chunk(struct segment *segment, uint32_t i);
/* Zone over the whole segment. */
bool segment_zone(const struct segment *segment, uint32_t column, struct zone *out);
/* Exact counts per value for columns with a dictionary of at most 256 entries and no NULL problem: *n = 0 if not kept.
 */
bool segment_value_counts(struct segment *segment, uint32_t column, const struct dict **dict, const uint64_t **count,
                          uint32_t *n, struct error *err) MUST_CHECK;
/* Calls fn for each dead letter; stops when it returns false. */
bool segment_dead_letters(struct segment *segment, bool (*fn)(void *arg, const struct dead_letter *letter), void *arg,
                          struct error *err) MUST_CHECK;
/* Full check: every page, every structure, sha256. Appends one line per finding to report; false in *sound. */
bool segment_verify(struct env *env, const char *path, bool *sound, struct strbuf *report,
                    struct error *err) MUST_CHECK;
/* Human-readable description for `mencia segment inspect`. */
bool segment_inspect(struct env *env, const char *path, struct strbuf *report, struct error *err) MUST_CHECK;

/* Deleted rows: a hook for tests and later for DELETE and upsert. Returns a bitmap over the chunk's rows (bit set =
 * deleted) valid for the call's snapshot, or NULL. Set once before queries run. */
typedef const uint64_t *(*deleted_rows_hook)(void *arg, const struct chunk *chunk, uint64_t table_v);

#endif
