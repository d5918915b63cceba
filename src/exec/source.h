/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where scans get their rows from: implemented by the composition root (node/), by tests, and by syscat for virtual
 * tables. A statement opens all its tables against one snapshot before it runs; a REPEATABLE READ block keeps that
 * snapshot for all its statements.
 */
#ifndef MENCIA_EXEC_SOURCE_H
#define MENCIA_EXEC_SOURCE_H

#include "planner/catalog.h"
#include "storage/chunk.h"

/* What one partition shows to a snapshot; pos = topic incarnation << 48 | offset. */
struct part_snap {
    uint32_t part;
    uint64_t lo, hi; /* the tail's share; everything below lo is in segments */
};

/* Rows [row_begin, row_end) of one chunk, less the deleted ones. */
struct scan_unit {
    struct chunk *chunk;
    uint32_t row_begin, row_end;
    const uint64_t *deleted; /* bit per row of the chunk, set = deleted; NULL = none */
    bool consuming;          /* of a tail */
    uint32_t segment;        /* number of its segment within the table_source, for counting; UINT32_MAX for tails */
};

/* One table in one snapshot. Holds what it refers to until close. */
struct table_source {
    uint32_t nunit;
    struct scan_unit *unit;
    uint32_t nsegment;
    uint32_t npart;
    struct part_snap *part;
    void (*close)(struct table_source *source);
    void *owner;
};

struct source_ops {
    /* The same relation opened twice in a statement gives the same rows. Called on the session's thread. */
    bool (*open_table)(void *arg, const struct relation *relation, struct table_source **out, struct error *err);
    /* All rows of a virtual table, as batches in the arena. column[ncolumn]: the table columns wanted (attnum - 1), in
     * the order of the batches' vectors. */
    bool (*virtual_rows)(void *arg, const struct relation *relation, const uint32_t *column, uint32_t ncolumn,
                         struct arena *arena, struct batch **batches, uint32_t *nbatch, struct error *err);
};

#endif
