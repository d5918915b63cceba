/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tail: a partition's rows that are not in a committed segment yet, as one list of chunks ordered by pos: frozen,
 * encoded chunks and one open chunk at the end. One writer (the partition's consumer thread) appends; sealing reads an
 * interval from another thread; queries take snapshots without locks on the append path.
 *
 * An interval [begin, end) of pos that has been committed as a segment is trimmed from the front; a query that took its
 * snapshot before still holds the chunks.
 */
#ifndef MENCIA_STORAGE_TAIL_H
#define MENCIA_STORAGE_TAIL_H

#include "storage/mutable.h"
#include "storage/segment.h"

struct tail;

/* pos_begin: where it starts (head.start). The account is of class MEM_INGEST. */
bool tail_open(struct env *env, const struct table_def *def, uint32_t partition, uint64_t pos_begin,
               struct mem_account *account, struct tail **out, struct error *err) MUST_CHECK;
struct tail *tail_get(struct tail *tail);
void tail_put(struct tail *tail);

/* ---- writer ---- */
/* The chunk to write the next row into, with a row begun; freezes a full one first. */
bool tail_begin_row(struct tail *tail, struct mutable_chunk **mc, struct error *err) MUST_CHECK;
/* Everything up to pos (exclusive) has been seen, also without rows (markers, tombstones, aborted transactions). */
void tail_advance(struct tail *tail, uint64_t next_pos, uint64_t last_pos, int64_t last_timestamp_us,
                  uint32_t last_crc);
bool tail_add_dead_letter(struct tail *tail, const struct dead_letter *letter, struct error *err) MUST_CHECK;
/* Rows decoded with an older schema at or beyond pos are dropped, to be consumed again (R2). */
void tail_truncate(struct tail *tail, uint64_t pos);
/* From now on rows have this definition (an open chunk of the old one is frozen). */
bool tail_set_def(struct tail *tail, const struct table_def *def, struct error *err) MUST_CHECK;

/* ---- any thread ---- */
struct tail_stats {
    uint64_t pos_begin;   /* first pos not in a committed segment */
    uint64_t next_pos;    /* first pos not seen yet */
    uint64_t rows, bytes; /* memory held */
    uint32_t dead_letters;
};
void tail_stats(struct tail *tail, struct tail_stats *out);

/* A query's view: chunks with the rows of [lo, hi) in each. */
struct tail_part {
    struct chunk *chunk;
    uint32_t row_begin, row_end;
};
struct tail_snapshot {
    uint64_t lo, hi;
    uint32_t npart;
    struct tail_part *part;
};
/* lo: committed end the caller's snapshot has for this partition; hi = UINT64_MAX: everything published. Holds chunks
 * until tail_snapshot_release. False (40001) when the tail no longer reaches back to lo. */
bool tail_snapshot(struct tail *tail, uint64_t lo, uint64_t hi, struct tail_snapshot *out,
                   struct error *err) MUST_CHECK;
void tail_snapshot_release(struct tail_snapshot *snap);
/* Dead letters of [lo, hi). */
bool tail_dead_letters(struct tail *tail, uint64_t lo, uint64_t hi,
                       bool (*fn)(void *arg, const struct dead_letter *letter), void *arg,
                       struct error *err) MUST_CHECK;

/* Builds the segment of [pos_begin of the tail or an earlier cut, end): used by the sealing job. meta as in
 * segment_writer_open with pos_begin and pos_end set. last_* are filled by the tail for pos_end. */
bool tail_build_segment(struct tail *tail, const struct segment_meta *meta, const char *path,
                        struct mem_account *account, struct segment_meta *out, struct error *err) MUST_CHECK;
/* The interval before pos is committed elsewhere: forget it. */
void tail_trim(struct tail *tail, uint64_t pos);

/* Clean shutdown: writes [pos_begin, next_pos) to a file, fsynced, keyed (oid, partition, interval, schema_v,
 * decoder_rev, last message). Loading checks all of it and every CRC; a file that does not fit is refused with a reason
 * (the caller deletes it). */
bool tail_spill(struct tail *tail, const char *path, uint32_t decoder_rev, struct error *err) MUST_CHECK;
bool tail_load(struct tail *tail, const char *path, uint64_t pos_begin, uint32_t decoder_rev, uint64_t *last_pos,
               int64_t *last_timestamp_us, uint32_t *last_crc, struct error *err) MUST_CHECK;

#endif
