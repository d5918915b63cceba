/* SPDX-License-Identifier: Apache-2.0 */
#include "syscat/syscat.h"

#include "syscat/cell_int.h"
#include "types/value.h"

#include <stdlib.h>

struct syscat {
    uint32_t n;
    const struct virtual_table **table; /* [n] */
    struct table_def **def;             /* [n] */
};

static struct table_def *make_def(const struct virtual_table *t)
{
    struct table_def *def = table_def_new();
    def->oid = t->oid;
    def->version = 1;
    def->owner = 10;
    def->schema_name = arena_strdup(&def->arena, t->schema);
    def->name = arena_strdup(&def->arena, t->name);
    def->ncolumn = t->ncolumn;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, t->ncolumn + 1);
    for (uint32_t i = 0; i < t->ncolumn; i++)
        def->column[i] = (struct column_def){.name = arena_strdup(&def->arena, t->column[i].name),
                                             .attnum = (int16_t)(i + 1),
                                             .type = coltype(t->column[i].type),
                                             .not_null = t->column[i].not_null};
    return def;
}

struct syscat *syscat_open(const struct virtual_table *const *table, uint32_t n)
{
    struct syscat *s = xcalloc(1, sizeof *s);
    s->n = syscat_relation_count + n;
    s->table = xcalloc(s->n, sizeof *s->table);
    s->def = xcalloc(s->n, sizeof *s->def);
    for (uint32_t i = 0; i < s->n; i++) {
        s->table[i] = i < syscat_relation_count ? syscat_relations[i] : table[i - syscat_relation_count];
        s->def[i] = make_def(s->table[i]);
    }
    return s;
}

void syscat_close(struct syscat *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n; i++)
        table_def_put(s->def[i]);
    free(s->table);
    free(s->def);
    free(s);
}

bool syscat_find(const struct syscat *s, struct strview schema, struct strview name, struct relation *out)
{
    if (schema.len == 0)
        schema = STRVIEW("pg_catalog");
    for (uint32_t i = 0; i < s->n; i++)
        if (strview_equal_cstr(schema, s->table[i]->schema) && strview_equal_cstr(name, s->table[i]->name)) {
            *out = (struct relation){
                .def = s->def[i], .is_virtual = true, .virtual_table = s->table[i], .rows_estimate = 100};
            return true;
        }
    return false;
}

bool syscat_schema_exists(const struct syscat *s, struct strview schema)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (strview_equal_cstr(schema, s->table[i]->schema))
            return true;
    return false;
}

const struct table_def *syscat_by_oid(const struct syscat *s, oid_t oid)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->def[i]->oid == oid)
            return s->def[i];
    return NULL;
}

char syscat_kind(const struct syscat *s, const struct table_def *def)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->def[i] == def)
            return s->table[i]->kind ? s->table[i]->kind : 'v';
    return 'r';
}

void syscat_each(const struct syscat *s, void (*fn)(void *arg, const struct table_def *def), void *arg)
{
    for (uint32_t i = 0; i < s->n; i++)
        fn(arg, s->def[i]);
}

/* ---- rows ---- */

struct vt_writer {
    const struct virtual_table *table;
    struct arena *arena;
    int32_t *slot;       /* [table->ncolumn] position among the wanted columns, -1 = not wanted */
    uint32_t ncolumn;    /* wanted */
    enum phys *phys;     /* [ncolumn] */
    struct batch **done; /* finished batches, malloc'd list */
    uint32_t ndone, cap;
    struct vec *col; /* [ncolumn] of the batch being filled; NULL = none */
    uint32_t row;
    uint32_t at; /* next column of the table */
    struct error *err;
    bool failed;
};

static void begin_batch(struct vt_writer *w)
{
    w->col = ARENA_ARRAY(w->arena, struct vec, w->ncolumn + 1);
    w->row = 0;
    for (uint32_t c = 0; c < w->ncolumn && !w->failed; c++)
        if (!vec_alloc(&w->col[c], w->arena, w->phys[c], VEC_ROWS, w->err) ||
            !vec_alloc_null(&w->col[c], w->arena, VEC_ROWS, w->err))
            w->failed = true;
}

static void end_batch(struct vt_writer *w)
{
    if (!w->col || w->row == 0)
        return;
    if (w->ndone == w->cap) {
        w->cap = MAX_OF(8U, w->cap * 2);
        w->done = xrealloc(w->done, w->cap * sizeof *w->done);
    }
    struct batch *b = ARENA_NEW(w->arena, struct batch);
    *b = (struct batch){.n = w->row, .ncol = w->ncolumn, .col = w->col};
    w->done[w->ndone++] = b;
    w->col = NULL;
}

/* Where the next column's value goes; NULL = nobody wants it. */
static void *next_slot(struct vt_writer *w, bool is_null)
{
    assert(w->at < w->table->ncolumn);
    int32_t c = w->slot[w->at++];
    if (w->failed || c < 0)
        return NULL;
    if (!w->col)
        begin_batch(w);
    if (w->failed)
        return NULL;
    size_t size = phys_size[w->phys[c]];
    void *p = (char *)w->col[c].data + w->row * size;
    if (is_null) {
        bit_set(w->col[c].null, w->row);
        if (size) /* types without values (anyarray) have no data */
            memset(p, 0, size);
    }
    return p;
}

static enum phys column_phys(const struct vt_writer *w) { return type_phys(w->table->column[w->at].type); }

void vt_null(struct vt_writer *w) { (void)next_slot(w, true); }

void vt_bool(struct vt_writer *w, bool v)
{
    assert(column_phys(w) == PHYS_BOOL);
    uint8_t *p = next_slot(w, false);
    if (p)
        *p = v;
}

void vt_int(struct vt_writer *w, int64_t v)
{
    enum phys phys = column_phys(w);
    assert(phys == PHYS_I16 || phys == PHYS_I32 || phys == PHYS_I64);
    void *p = next_slot(w, false);
    if (!p)
        return;
    if (phys == PHYS_I16)
        *(int16_t *)p = (int16_t)v;
    else if (phys == PHYS_I32)
        *(int32_t *)p = (int32_t)v;
    else
        *(int64_t *)p = v;
}

void vt_f64(struct vt_writer *w, double v)
{
    enum phys phys = column_phys(w);
    assert(phys == PHYS_F64 || phys == PHYS_F32);
    void *p = next_slot(w, false);
    if (p && phys == PHYS_F64)
        *(double *)p = v;
    else if (p)
        *(float *)p = (float)v;
}

void vt_bytes(struct vt_writer *w, struct strview v)
{
    assert(column_phys(w) == PHYS_STR);
    struct str *p = next_slot(w, false);
    if (!p)
        return;
    struct strview copy = v.len > STR_INLINE ? arena_strview(w->arena, v) : v;
    *p = str_make(copy.ptr, copy.len);
}

void vt_view(struct vt_writer *w, struct strview v) { vt_bytes(w, v); }

void vt_text(struct vt_writer *w, const char *v)
{
    if (v)
        vt_bytes(w, strview_of(v));
    else
        vt_null(w);
}

void vt_timestamp(struct vt_writer *w, int64_t us)
{
    if (us == INT64_MIN)
        vt_null(w);
    else
        vt_int(w, us);
}

void vt_unix_us(struct vt_writer *w, int64_t us)
{
    if (us == 0)
        vt_null(w);
    else
        vt_int(w, us - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC);
}

void vt_interval_us(struct vt_writer *w, int64_t us)
{
    assert(column_phys(w) == PHYS_INTERVAL);
    struct interval *p = next_slot(w, false);
    if (p)
        *p = (struct interval){.us = us};
}

void vt_end_row(struct vt_writer *w)
{
    assert(w->at == w->table->ncolumn);
    w->at = 0;
    if (!w->col) /* no column is wanted: rows are only counted */
        begin_batch(w);
    if (++w->row == VEC_ROWS)
        end_batch(w);
}

void vt_cells(struct vt_writer *w, const struct cell *cell, uint32_t n)
{
    assert(n == w->table->ncolumn && w->at == 0);
    for (uint32_t i = 0; i < n; i++) {
        switch (cell[i].kind) {
        case CELL_NULL: vt_null(w); break;
        case CELL_INT:
            if (column_phys(w) == PHYS_BOOL)
                vt_bool(w, cell[i].number != 0);
            else
                vt_int(w, cell[i].number);
            break;
        case CELL_REAL: vt_f64(w, cell[i].real); break;
        case CELL_TEXT: vt_text(w, cell[i].text); break;
        }
    }
    vt_end_row(w);
}

/* One value of a fixed row: COPY's text, of which only \N is escaped. */
static bool fixed_value(struct vt_writer *w, struct strview text, struct error *err)
{
    union datum d;
    enum phys phys = column_phys(w);
    if (strview_equal_cstr(text, "\\N")) {
        vt_null(w);
        return true;
    }
    if (!value_parse(text, coltype(w->table->column[w->at].type), false, &value_ctx_default, w->arena, &d, err))
        return false;
    void *p = next_slot(w, false);
    if (p)
        memcpy(p, &d, phys_size[phys]);
    return true;
}

static bool fixed_rows(struct vt_writer *w, struct error *err)
{
    const char *at = w->table->rows;
    while (at && *at) {
        size_t len = strcspn(at, "\t\n");
        if (!fixed_value(w, strview_make(at, len), err))
            return false;
        if (at[len] == '\n')
            vt_end_row(w);
        at += len + 1;
    }
    return true;
}

bool syscat_rows(const struct relation *relation, void *context, const uint32_t *column, uint32_t ncolumn,
                 struct arena *arena, struct batch **batches, uint32_t *nbatch, struct error *err)
{
    const struct virtual_table *t = relation->virtual_table;
    struct vt_writer w = {.table = t, .arena = arena, .ncolumn = ncolumn, .err = err};
    w.slot = ARENA_ARRAY(arena, int32_t, t->ncolumn + 1);
    w.phys = ARENA_ARRAY(arena, enum phys, ncolumn + 1);
    for (uint32_t i = 0; i < t->ncolumn; i++)
        w.slot[i] = -1;
    for (uint32_t c = 0; c < ncolumn; c++) {
        assert(column[c] < t->ncolumn);
        w.slot[column[c]] = (int32_t)c;
        w.phys[c] = type_phys(t->column[column[c]].type);
    }
    bool ok = fixed_rows(&w, err) && (!t->fill || t->fill(context, &w, err)) && !w.failed;
    assert(!ok || w.at == 0);
    end_batch(&w);
    *nbatch = w.ndone;
    *batches = ARENA_ARRAY(arena, struct batch, w.ndone + 1);
    for (uint32_t i = 0; i < w.ndone; i++)
        (*batches)[i] = *w.done[i];
    free(w.done);
    return ok;
}
