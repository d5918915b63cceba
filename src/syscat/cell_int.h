/* SPDX-License-Identifier: Apache-2.0 */
/* Rows written by column name: an array of cells indexed by the column numbers of relations_int.h; unset ones are NULL.
 */
#ifndef MENCIA_SYSCAT_CELL_INT_H
#define MENCIA_SYSCAT_CELL_INT_H

#include "syscat/provider.h"
#include "syscat/relations_int.h"

struct cell {
    enum { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT } kind;
    int64_t number; /* integers, oids, booleans, timestamps */
    double real;
    const char *text;
};

#define NUMBER(v)                                                                                                      \
    {                                                                                                                  \
        .kind = CELL_INT, .number = (int64_t)(v)                                                                       \
    }
#define REAL(v)                                                                                                        \
    {                                                                                                                  \
        .kind = CELL_REAL, .real = (v)                                                                                 \
    }
/* NULL pointer = SQL NULL */
#define TEXT(v)                                                                                                        \
    {                                                                                                                  \
        .kind = CELL_TEXT, .text = (v)                                                                                 \
    }
#define TIME(v)                                                                                                        \
    {                                                                                                                  \
        .kind = (v) == INT64_MIN ? CELL_NULL : CELL_INT, .number = (v)                                                 \
    }

static inline const struct syscat_provider *provider_of(void *context)
{
    return ((const struct syscat_context *)context)->provider;
}

/* Writes a whole row. n must be the table's number of columns. */
void vt_cells(struct vt_writer *w, const struct cell *cell, uint32_t n);

enum {
    SCHEMA_CATALOG = 11,
    SCHEMA_PUBLIC = 2200,
    SCHEMA_INFORMATION = 9401, /* PostgreSQL's differs from cluster to cluster */
    SCHEMA_MENCIA = 9400,
    OWNER = 10,
    ACCESS_HEAP = 2,
    LANGUAGE_INTERNAL = 12,
    COLLATION_DEFAULT = 100,
    COLLATION_C = 950,
};
oid_t schema_oid(const char *name);

/* Every relation there is: stored tables, then virtual ones. */
struct relation_fact {
    const struct table_def *def;
    char kind; /* r, v */
    double rows;
};
void each_relation(void *context, void (*fn)(void *arg, const struct relation_fact *relation), void *arg);

#endif
