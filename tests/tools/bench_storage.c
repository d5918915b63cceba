/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speed of the storage layer on a table shaped like a clickstream: 105 columns, half the bytes strings. Prints rows/s of
 * filling, freezing and sealing, bytes per row, and GB/s and ns/row of scans. usage: bench_storage [rows] [file]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/hash.h"
#include "base/memory.h"
#include "storage/segment.h"
#include "storage/mutable.h"

enum { COLUMNS = 105 };

struct shape {
    oid_t type;
    uint32_t distinct; /* 0 = unique */
    uint32_t len;      /* strings */
    uint32_t run;      /* average run length */
};

/* By column number: flags and small numbers, ids, times, low- and high-cardinality strings. */
static struct shape shape_of(uint32_t c)
{
    if (c == 0)
        return (struct shape){TYPE_INT8, 0, 0, 1};
    if (c == 1)
        return (struct shape){TYPE_TEXT, 300000, 80, 1};
    if (c == 2)
        return (struct shape){TYPE_TEXT, 200000, 70, 1};
    if (c == 3)
        return (struct shape){TYPE_TEXT, 100000, 60, 1};
    if (c == 4)
        return (struct shape){TYPE_TIMESTAMP, 2000000, 0, 1};
    if (c == 5)
        return (struct shape){TYPE_INT4, 20000, 0, 1};
    if (c < 28)
        return (struct shape){TYPE_TEXT, c < 12 ? 2000 : c < 20 ? 40 : 1, c % 3 * 8, 5};
    if (c < 60)
        return (struct shape){TYPE_INT2, c % 4 ? 2 + c : 1, 0, 3};
    if (c < 95)
        return (struct shape){TYPE_INT4, c % 5 ? 50 * c : 1, 0, 4};
    return (struct shape){TYPE_INT8, c % 2 ? 1 : 100000, 0, 3};
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(bool ok, const struct error *err)
{
    if (ok)
        return;
    fprintf(stderr, "%s: %s\n", err->sqlstate, err->message);
    exit(1);
}

static struct table_def *make_table(void)
{
    struct table_def *def = table_def_new();
    def->oid = 20000;
    def->version = 1;
    def->ncolumn = COLUMNS;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, COLUMNS);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        def->column[c].name = arena_fmt(&def->arena, "c%u", c);
        def->column[c].attnum = (int16_t)(c + 1);
        def->column[c].type = coltype(shape_of(c).type);
    }
    return def;
}

static void put(struct mutable_chunk *mc, uint32_t c, uint64_t row)
{
    struct shape s = shape_of(c);
    uint64_t h = hash_u64(row / s.run * 1000 + c), v = s.distinct ? h % s.distinct : row;
    if (s.distinct > 1) /* skewed: small numbers are more frequent */
        v = v * (h >> 40 & 0xFFFF) >> 16;
    switch (s.type) {
    case TYPE_INT2: mutable_put_i16(mc, c, (int16_t)v); return;
    case TYPE_INT4: mutable_put_i32(mc, c, (int32_t)v); return;
    case TYPE_TEXT: {
        char text[160];
        int n = s.len == 0 || v == 0 ? 0
                                     : snprintf(text, sizeof text, "https://www.example.com/%llu/path%llu/item-%.*s",
                                                (unsigned long long)v, (unsigned long long)(v % 97), (int)s.len,
                                                "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
        n = n > (int)s.len ? (int)s.len : n;
        if (!mutable_put_str(mc, c, text + (s.len < 40 ? 23 : 0), n > 23 && s.len < 40 ? (size_t)n - 23 : (size_t)n))
            exit(1);
        return;
    }
    default: mutable_put_i64(mc, c, (int64_t)v);
    }
}

static double bench_write(const struct table_def *def, uint64_t rows, const char *path, struct segment_meta *meta)
{
    struct segment_writer *w;
    struct error err;
    double fill = 0, freeze = 0, seal, begin;
    unlink(path);
    check(segment_writer_open(env_real(), path, def, meta, NULL, &w, &err), &err);
    for (uint64_t row = 0; row < rows;) {
        struct mutable_chunk *mc;
        bool full = false;
        check(mutable_chunk_open(def, NULL, &mc, &err), &err);
        begin = seconds();
        for (; row < rows && mutable_chunk_begin_row(mc, &full, &err); row++) {
            for (uint32_t c = 0; c < COLUMNS; c++)
                put(mc, c, row);
            mutable_chunk_commit_row(mc, row, 0);
        }
        fill += seconds() - begin;
        begin = seconds();
        check(segment_writer_add(w, mc->chunk, 0, chunk_rows(mc->chunk), &err), &err);
        freeze += seconds() - begin;
        chunk_put(mc->chunk);
    }
    begin = seconds();
    check(segment_writer_finish(w, meta, &err), &err);
    seal = seconds() - begin;
    printf("fill (with making up values) %.2f us/row; freeze %.2f us/row; seal %.2f us/row; encoding %.0f rows/s\n",
           fill / (double)rows * 1e6, freeze / (double)rows * 1e6, seal / (double)rows * 1e6,
           (double)rows / (freeze + seal));
    return freeze + seal;
}

static void scan_column(struct segment *s, uint32_t c, const char *what)
{
    struct error err;
    double best = 1e9;
    uint64_t rows = segment_meta(s)->rows;
    for (int pass = 0; pass < 5; pass++) {
        double begin = seconds();
        for (uint32_t i = 0; i < segment_chunks(s); i++) {
            struct chunk *chunk = segment_chunk(s, i);
            struct chunk_reader *r;
            uint32_t n = chunk_rows(chunk);
            check(chunk_reader_open(chunk, n, NULL, &r, &err), &err);
            for (uint32_t row = 0; row < n; row += VEC_ROWS) {
                struct vec v;
                check(chunk_read(r, c, row, n - row < VEC_ROWS ? n - row : VEC_ROWS, NULL, &v, &err), &err);
                chunk_reader_recycle(r);
            }
            chunk_reader_close(r);
        }
        double took = seconds() - begin;
        best = took < best ? took : best;
    }
    uint32_t size = phys_size[type_phys(shape_of(c).type)];
    printf("scan   %-28s %7.3f ns/row %7.2f GB/s decoded\n", what, best / (double)rows * 1e9,
           (double)rows * (size == 16 ? 4 : size) / best / 1e9);
}

static void filter_column(struct segment *s, uint32_t c, const struct pred *p, const char *what)
{
    struct error err;
    double best = 1e9;
    uint64_t rows = segment_meta(s)->rows, hits = 0;
    for (int pass = 0; pass < 5; pass++) {
        double begin = seconds();
        hits = 0;
        for (uint32_t i = 0; i < segment_chunks(s); i++) {
            struct chunk *chunk = segment_chunk(s, i);
            struct chunk_reader *r;
            uint64_t bits[CHUNK_ROWS / 64];
            uint32_t n = chunk_rows(chunk);
            bitset_fill(bits, n, true);
            check(chunk_reader_open(chunk, n, NULL, &r, &err), &err);
            check(chunk_filter(r, p, bits, &err), &err);
            chunk_reader_close(r);
            hits += bitset_count(bits, n);
        }
        double took = seconds() - begin;
        best = took < best ? took : best;
    }
    printf("filter %-28s %7.3f ns/row, %llu of %llu rows\n", what, best / (double)rows * 1e9, (unsigned long long)hits,
           (unsigned long long)rows);
}

int main(int argc, char **argv)
{
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const char *path = argc > 2 ? argv[2] : "/tmp/bench_storage.seg";
    struct table_def *def = make_table();
    struct segment_meta meta = {.table_oid = 20000, .schema_v = 1, .pos_end = rows};
    struct page_cache *cache = page_cache_open(NULL, 4ULL << 30);
    struct segment *s;
    struct error err;
    bench_write(def, rows, path, &meta);
    printf("%.1f bytes/row\n", (double)meta.file_bytes / (double)rows);
    check(segment_open(env_real(), cache, path, &s, &err), &err);
    if (getenv("BENCH_INSPECT")) {
        struct strbuf text;
        strbuf_init(&text);
        check(segment_inspect(env_real(), path, &text, &err), &err);
        fputs(text.data, stdout);
        strbuf_release(&text);
    }
    scan_column(s, 33, "int2, few bits");
    scan_column(s, 71, "int4");
    scan_column(s, 97, "int8");
    scan_column(s, 4, "timestamp");
    scan_column(s, 8, "text, 2,000 values");
    scan_column(s, 1, "text, many values");
    struct pred p = {.op = PRED_EQ, .column = 33, .type = TYPE_INT2, .lo.i16 = 3};
    filter_column(s, 33, &p, "int2 = 3");
    p = (struct pred){.op = PRED_BETWEEN, .column = 71, .type = TYPE_INT4, .lo.i32 = 100, .hi.i32 = 200};
    filter_column(s, 71, &p, "int4 between");
    p = (struct pred){.op = PRED_GT, .column = 4, .type = TYPE_TIMESTAMP, .lo.i64 = 1000000};
    filter_column(s, 4, &p, "timestamp >");
    p = (struct pred){.op = PRED_NE, .column = 8, .type = TYPE_TEXT, .lo.str = str_make("", 0)};
    filter_column(s, 8, &p, "text <> ''");
    segment_put(s);
    page_cache_close(cache);
    table_def_put(def);
    unlink(path);
    return 0;
}
