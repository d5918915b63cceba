/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual tables: relations whose rows are made when a query asks. pg_catalog and information_schema are made from the
 * catalogue (provider.h); the composition root adds those of mencia.*. A table is a const description; the registry
 * gives each a table_def with a fixed OID.
 */
#ifndef MENCIA_SYSCAT_SYSCAT_H
#define MENCIA_SYSCAT_SYSCAT_H

#include "planner/catalog.h"
#include "base/error.h"
#include "types/vec.h"

struct vt_writer;

struct vt_column {
    const char *name;
    oid_t type;
    bool not_null;
};

struct virtual_table {
    const char *schema, *name;
    oid_t oid; /* pg_class.oid; PostgreSQL's own for its catalogues */
    const struct vt_column *column;
    uint32_t ncolumn;
    /* Adds all rows, every column in order. context: the statement's, as given to syscat_rows. */
    bool (*fill)(void *context, struct vt_writer *w, struct error *err); /* NULL = no rows but the fixed ones */
    char kind;                                                           /* pg_class.relkind: r or v; 0 = v */
    const char *rows; /* rows that never change, in COPY's text format, before those of fill; NULL = none */
};

struct syscat; /* the registry */

/* The relations of pg_catalog and information_schema, and these; the array lives as long as the registry. */
struct syscat *syscat_open(const struct virtual_table *const *table, uint32_t n);
void syscat_close(struct syscat *syscat);
/* schema empty = look in pg_catalog only. False = none. The relation's virtual_table is for syscat_rows. */
bool syscat_find(const struct syscat *syscat, struct strview schema, struct strview name, struct relation *out);
bool syscat_schema_exists(const struct syscat *syscat, struct strview schema);
/* pg_class.relkind of a definition that syscat_each or syscat_find gave. */
char syscat_kind(const struct syscat *syscat, const struct table_def *def);
/* NULL = no virtual relation of this number. */
const struct table_def *syscat_by_oid(const struct syscat *syscat, oid_t oid);
void syscat_each(const struct syscat *syscat, void (*fn)(void *arg, const struct table_def *def), void *arg);
/* All rows with the wanted columns, as batches in the arena (see exec/source.h). */
bool syscat_rows(const struct relation *relation, void *context, const uint32_t *column, uint32_t ncolumn,
                 struct arena *arena, struct batch **batches, uint32_t *nbatch, struct error *err) MUST_CHECK;

/* ---- for fill: one call per column in order, then vt_end_row; types must be the column's ---- */
void vt_null(struct vt_writer *w);
void vt_bool(struct vt_writer *w, bool v);
void vt_int(struct vt_writer *w, int64_t v); /* any integer type, oid and reg* */
void vt_f64(struct vt_writer *w, double v);
void vt_text(struct vt_writer *w, const char *v); /* text, name, varchar, "char"; NULL = SQL NULL; copied */
void vt_view(struct vt_writer *w, struct strview v);
void vt_bytes(struct vt_writer *w, struct strview v);          /* bytea, jsonb */
void vt_timestamp(struct vt_writer *w, int64_t us_since_2000); /* INT64_MIN = NULL */
void vt_unix_us(struct vt_writer *w, int64_t unix_us);         /* timestamptz; 0 = NULL */
void vt_interval_us(struct vt_writer *w, int64_t us);
void vt_end_row(struct vt_writer *w);

#endif
