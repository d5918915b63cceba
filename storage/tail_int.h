/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the tail: tail.c (writer, snapshots), tail_file.c (segments, spills). Private to storage/. */
#ifndef MENCIA_STORAGE_TAIL_INT_H
#define MENCIA_STORAGE_TAIL_INT_H

#include "storage/tail.h"

#include <pthread.h>

/*
 * Locking: `lock` guards the list, the log, the letters and both ends; it is held for moments only (never while
 * encoding or doing I/O). The writer appends rows to the open chunk without it: rows become visible by the chunk's
 * release store, and count only once next_pos has passed them. The open chunk is `open` (the writer's) and, if it has
 * an entry, the last one.
 */
struct tail_entry {
    struct chunk *chunk;
    struct mutable_chunk *mc;     /* not frozen: open, or cut by truncation; NULL = encoded */
    bool closed;                  /* no more rows come */
    uint32_t row_begin;           /* rows before it are trimmed */
    uint32_t row_end;             /* if closed */
    uint64_t first_pos, last_pos; /* if closed */
    const struct table_def *def;
};

/* The last message at some point; ascending by last_pos. */
struct tail_mark {
    uint64_t last_pos;
    int64_t last_timestamp_us;
    uint32_t last_crc;
    uint32_t zero;
};

struct tail_letter {
    struct dead_letter letter; /* views of the bytes that follow it in memory */
    size_t bytes;              /* whole allocation */
};

struct tail {
    uint32_t refs;
    struct env *env;
    uint32_t partition;
    struct mem_account *account;
    pthread_mutex_t lock;
    const struct table_def *def;
    struct tail_entry *entry;
    uint32_t nentry, entry_cap;
    struct mutable_chunk *open;
    uint64_t open_bytes; /* atomic */
    uint64_t pos_begin, next_pos;
    struct tail_mark *mark;
    size_t nmark, mark_cap;
    struct tail_letter **letter; /* ascending by pos */
    size_t nletter, letter_cap;
};

/* First row of the entry's chunk whose pos is >= pos, of `rows` rows. */
uint32_t tail_row_of_pos(const struct tail_entry *entry, uint32_t rows, uint64_t pos);
uint32_t tail_entry_rows(const struct tail_entry *entry);
/* Adds a finished chunk at the end (loading). Takes over the reference. */
void tail_add_chunk(struct tail *tail, struct chunk *chunk, uint32_t row_begin);
/* Encodes the last chunk, which gets no more rows. */
bool tail_freeze_open(struct tail *tail, struct error *err) MUST_CHECK;
void tail_add_mark(struct tail *tail, const struct tail_mark *mark);

#endif
