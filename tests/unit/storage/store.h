/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the storage tests: a table of every stored type, random rows in many shapes, comparison of chunks. */
#ifndef MENCIA_TESTS_STORE_H
#define MENCIA_TESTS_STORE_H

#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/hash.h"
#include "base/memory.h"
#include "storage/mutable.h"
#include "storage/segment.h"
#include "types/jsonb.h"

/* One column per stored type. */
static const oid_t store_types[] = {TYPE_BOOL,      TYPE_INT2,   TYPE_INT4, TYPE_INT8,        TYPE_FLOAT4,
                                    TYPE_FLOAT8,    TYPE_NUMERIC, TYPE_TEXT, TYPE_TIMESTAMPTZ, TYPE_DATE,
                                    TYPE_INTERVAL,  TYPE_UUID,   TYPE_BYTEA, TYPE_BPCHAR,      TYPE_VARCHAR};
enum { STORE_COLUMNS = sizeof store_types / sizeof store_types[0] };

/* How values are drawn. */
enum shape {
    SHAPE_CONST,
    SHAPE_FEW,      /* a dozen values at random */
    SHAPE_RUNS,     /* few values in long runs */
    SHAPE_RANGE,    /* a few thousand values */
    SHAPE_RANDOM,   /* all over the type */
    SHAPE_ASCENDING,
    SHAPES
};
enum nulls { NULLS_NONE, NULLS_SOME, NULLS_MANY, NULLS_ALL, NULL_KINDS };

struct store_rng {
    uint64_t state;
};
static UNUSED uint64_t rng_next(struct store_rng *r)
{
    r->state += 0x9E3779B97F4A7C15ULL;
    return hash_u64(r->state);
}

static UNUSED struct table_def *store_table(void)
{
    struct table_def *def = table_def_new();
    def->oid = 16400;
    def->version = 1;
    def->schema_name = arena_strdup(&def->arena, "public");
    def->name = arena_strdup(&def->arena, "t");
    def->ncolumn = STORE_COLUMNS;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, STORE_COLUMNS);
    for (int i = 0; i < STORE_COLUMNS; i++) {
        def->column[i].name = arena_fmt(&def->arena, "c_%s", type_by_oid(store_types[i])->name);
        def->column[i].attnum = (int16_t)(i + 1);
        def->column[i].type = coltype(store_types[i]);
    }
    return def;
}

/* The number behind the value of a row. */
static UNUSED uint64_t shape_number(struct store_rng *r, enum shape shape, uint32_t row)
{
    switch (shape) {
    case SHAPE_CONST: return 42;
    case SHAPE_FEW: return rng_next(r) % 12;
    case SHAPE_RUNS: return row / 700 % 9;
    case SHAPE_RANGE: return rng_next(r) % 5000;
    case SHAPE_ASCENDING: return row;
    default: return rng_next(r);
    }
}

static UNUSED void make_string(struct arena *arena, uint64_t v, enum shape shape, union datum *out)
{
    static const char *const words[] = {"", "a", "kafka", "twelve bytes", "thirteen bytes", "ni\xC3\xB1o", "trail  "};
    char *s;
    if (shape == SHAPE_RANDOM)
        s = arena_fmt(arena, "%s/%llx/%s", words[v % 7], (unsigned long long)v, words[v / 7 % 7]);
    else
        s = v < 7 ? arena_strdup(arena, words[v]) : arena_fmt(arena, "https://example.org/page/%llu",
                                                             (unsigned long long)v);
    out->str = str_make(s, strlen(s));
}

static UNUSED void make_datum(struct arena *arena, oid_t type, uint64_t v, enum shape shape, union datum *out)
{
    struct error err;
    memset(out, 0, sizeof *out);
    switch (type) {
    case TYPE_BOOL: out->b = v & 1; return;
    case TYPE_INT2: out->i16 = (int16_t)v; return;
    case TYPE_INT4:
    case TYPE_DATE: out->i32 = (int32_t)v - 100; return;
    case TYPE_INT8:
    case TYPE_TIMESTAMPTZ: out->i64 = (int64_t)(shape == SHAPE_RANDOM ? v : v * 1000003); return;
    case TYPE_FLOAT4:
        out->f32 = v % 11 == 7 ? -0.0f : v % 11 == 8 ? __builtin_nanf("") : (float)(int64_t)v / 8;
        return;
    case TYPE_FLOAT8:
        out->f64 = v % 11 == 7 ? -0.0 : v % 11 == 8 ? __builtin_nan("") : (double)(int64_t)v / 1024;
        return;
    case TYPE_NUMERIC:
        if (shape == SHAPE_RANDOM && v % 5 == 0) {
            char *s = arena_fmt(arena, "%llu%llu.%llu", (unsigned long long)v, (unsigned long long)v,
                                (unsigned long long)v);
            assert_ok(num_parse(strview_of(s), -1, arena, &out->num, &err), &err);
        } else if (shape == SHAPE_RANDOM && v % 5 == 1) {
            out->num = num_nan();
        } else {
            out->num = num_from_i64((int64_t)v);
            out->num.dscale = shape == SHAPE_RANDOM ? v % 4 : 2;
        }
        return;
    case TYPE_INTERVAL:
        out->interval.us = (int64_t)v;
        out->interval.days = (int32_t)(v % 30);
        out->interval.months = (int32_t)(v % 7);
        if (shape == SHAPE_RANDOM)
            out->interval.us = (int64_t)(v % 1000000007);
        return;
    case TYPE_UUID: {
        uint64_t h = hash_u64(v);
        memcpy(out->uuid, &h, 8);
        memcpy(out->uuid + 8, &v, 8);
        return;
    }
    default: make_string(arena, v, shape, out);
    }
}

/* The rows of a table, as plain values. */
struct store_rows {
    struct arena arena;
    uint32_t n;
    union datum *value[STORE_COLUMNS]; /* [n] */
    bool *null[STORE_COLUMNS];
};

static UNUSED bool draw_null(struct store_rng *r, enum nulls nulls, uint32_t row)
{
    switch (nulls) {
    case NULLS_SOME: return rng_next(r) % 10 == 0;
    case NULLS_MANY: return row / 3000 % 2 == 0 || rng_next(r) % 2 == 0;
    case NULLS_ALL: return true;
    default: return false;
    }
}

static UNUSED struct store_rows *rows_make(uint32_t n, enum shape shape, enum nulls nulls, uint64_t seed)
{
    struct store_rng r = {seed};
    struct store_rows *rows = xcalloc(1, sizeof *rows);
    arena_init(&rows->arena, NULL);
    rows->n = n;
    for (int c = 0; c < STORE_COLUMNS; c++) {
        rows->value[c] = xcalloc(n, sizeof(union datum));
        rows->null[c] = xcalloc(n, sizeof(bool));
        for (uint32_t i = 0; i < n; i++) {
            rows->null[c][i] = draw_null(&r, nulls, i);
            make_datum(&rows->arena, store_types[c], shape_number(&r, shape, i), shape, &rows->value[c][i]);
        }
    }
    return rows;
}

static UNUSED void rows_free(struct store_rows *rows)
{
    for (int c = 0; c < STORE_COLUMNS; c++) {
        free(rows->value[c]);
        free(rows->null[c]);
    }
    arena_release(&rows->arena);
    free(rows);
}

static UNUSED void put_row(struct mutable_chunk *mc, const struct store_rows *rows, uint32_t i, uint64_t pos)
{
    for (uint32_t c = 0; c < STORE_COLUMNS; c++) {
        if (rows->null[c][i])
            mutable_put_null(mc, c);
        else
            assert_true(mutable_put_datum(mc, c, &rows->value[c][i]));
    }
    mutable_chunk_commit_row(mc, pos, 0);
}

static UNUSED bool datum_same(oid_t type, const void *a, const void *b)
{
    struct strbuf x, y;
    if (type_phys(type) == PHYS_STR)
        return str_equal(a, b);
    if (type_phys(type) != PHYS_NUM)
        return memcmp(a, b, phys_size[type_phys(type)]) == 0;
    strbuf_init(&x);
    strbuf_init(&y);
    num_format(&x, a);
    num_format(&y, b);
    bool same = strcmp(x.data, y.data) == 0;
    strbuf_release(&x);
    strbuf_release(&y);
    return same;
}

/* A chunk holds rows [first, first + its rows) with pos = first_pos + row. */
static UNUSED void chunk_expect(struct chunk *chunk, const struct store_rows *rows, uint32_t first, uint64_t first_pos)
{
    struct chunk_reader *r;
    struct error err;
    uint32_t n = chunk_rows(chunk);
    assert_ok(chunk_reader_open(chunk, n, NULL, &r, &err), &err);
    for (uint32_t row = 0; row < n; row += VEC_ROWS) {
        uint32_t count = MIN_OF(n - row, (uint32_t)VEC_ROWS);
        struct vec v;
        for (uint32_t c = 0; c < STORE_COLUMNS; c++) {
            assert_ok(chunk_read(r, c, row, count, NULL, &v, &err), &err);
            for (uint32_t i = 0; i < count; i++) {
                bool null = rows->null[c][first + row + i];
                if (vec_is_null(&v, i) != null)
                    fail_msg("column %u row %u: NULL %d", c, first + row + i, !null);
                if (!null && !datum_same(store_types[c], vec_value(&v, i), &rows->value[c][first + row + i]))
                    fail_msg("column %u (%s) row %u differs", c, type_by_oid(store_types[c])->name, first + row + i);
            }
        }
        assert_ok(chunk_read(r, CHUNK_HIDDEN + HIDDEN_POS, row, count, NULL, &v, &err), &err);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(*(const uint64_t *)vec_value(&v, i), first_pos + first + row + i);
        chunk_reader_recycle(r);
    }
    chunk_reader_close(r);
}

/* Writes the rows to a segment through open chunks. */
static UNUSED void segment_make(const char *path, const struct table_def *def, const struct store_rows *rows,
                                struct segment_meta *meta)
{
    struct segment_writer *w;
    struct error err;
    *meta = (struct segment_meta){.table_oid = def->oid, .partition = 3, .seq = 1, .pos_end = rows->n, .schema_v = 1};
    (void)unlink(path);
    assert_ok(segment_writer_open(env_real(), path, def, meta, NULL, &w, &err), &err);
    for (uint32_t i = 0; i < rows->n;) {
        struct mutable_chunk *mc;
        bool full = false;
        assert_ok(mutable_chunk_open(def, NULL, &mc, &err), &err);
        for (; i < rows->n; i++) {
            if (!mutable_chunk_begin_row(mc, &full, &err))
                break;
            put_row(mc, rows, i, i);
        }
        assert_ok(segment_writer_add(w, mc->chunk, 0, chunk_rows(mc->chunk), &err), &err);
        chunk_put(mc->chunk);
    }
    assert_ok(segment_writer_finish(w, meta, &err), &err);
}

static UNUSED char *temp_path(const char *name)
{
    const char *dir = getenv("TMPDIR");
    return xasprintf("%s/mencia-%d-%s", dir ? dir : "/tmp", (int)getpid(), name);
}

#endif
