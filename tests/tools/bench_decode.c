/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast messages become rows, on one core and without Kafka. usage: bench_decode [json|wide|csv|text] [rows]
 * json: click events of 11 fields and about 188 bytes; wide: rows of 105 columns as JSON; csv, text: the same 105
 * columns through COPY.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "ingest/copy.h"

enum { BLOCK_ROWS = 20000, WIDE = 105 };

struct column_spec {
    const char *name, *type, *path;
    int32_t typmod;
};

static const struct column_spec click_columns[] = {
    {"id", "bigint", NULL, -1},      {"ts", "timestamptz", NULL, -1},
    {"user", "bigint", NULL, -1},    {"session", "text", NULL, -1},
    {"country", "text", NULL, -1},   {"path", "text", NULL, -1},
    {"product", "text", NULL, -1},   {"price", "numeric", NULL, ((12 << 16) | 2) + 4},
    {"qty", "integer", NULL, -1},    {"paid", "boolean", NULL, -1},
    {"os", "text", "device.os", -1}, {"v", "integer", "device.v", -1}};

static uint64_t rng = 88172645463325252u;
static uint64_t rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

static struct table_def *make_def(const struct column_spec *column, uint32_t n)
{
    struct table_def *def = table_def_new();

    def->name = arena_strdup(&def->arena, "bench");
    def->schema_name = arena_strdup(&def->arena, "public");
    def->ncolumn = n;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, n);
    def->options.epoch_unit = EPOCH_MS;
    for (uint32_t i = 0; i < n; i++) {
        struct column_def *c = &def->column[i];
        c->name = arena_strdup(&def->arena, column[i].name);
        c->attnum = (int16_t)(i + 1);
        c->type = (struct coltype){type_by_name(strview_of(column[i].type))->oid, column[i].typmod};
        c->source_path = arena_strdup(&def->arena, column[i].path ? column[i].path : column[i].name);
        c->source_path_exact = column[i].path != NULL;
    }
    return def;
}

static size_t click(char *out, uint64_t i)
{
    static const char *const country[] = {"US", "DE", "GB", "FR", "BR", "IN", "JP"};
    static const char *const shelf[] = {"shoes", "books", "garden", "music", "toys", "kitchen"};
    static const char *const os[] = {"android", "ios", "windows", "macos", "linux"};
    uint64_t r = rnd();
    unsigned product = (unsigned)(r % 20000);

    return (size_t)snprintf(out, 512,
                            "{\"id\":%llu,\"ts\":%llu,\"user\":%u,\"session\":\"%08x\",\"country\":\"%s\","
                            "\"path\":\"/%s/%u\",\"product\":\"P%u\",\"price\":%u.%02u,\"qty\":%u,\"paid\":%s,"
                            "\"device\":{\"os\":\"%s\",\"v\":%u}}",
                            (unsigned long long)i + 1, 1735689600000ull + i / 100, (unsigned)(r >> 20) % 100000,
                            (unsigned)(r >> 32), country[r % 7], shelf[product % 6], product, product,
                            (unsigned)(r >> 8) % 300, (unsigned)(r >> 16) % 100, (unsigned)(r >> 24) % 4 + 1,
                            r & 1 ? "true" : "false", os[r % 5], (unsigned)(r >> 40) % 20 + 5);
}

static const char *wide_type(uint32_t i)
{
    static const char *const types[] = {"smallint", "integer", "bigint",    "smallint", "text",
                                        "smallint", "integer", "timestamp", "text",     "date"};
    return types[i % ARRAY_LEN(types)];
}

static size_t wide_value(char *out, uint32_t i, const char *quote)
{
    uint64_t r = rnd();

    switch (i % 10) {
    case 0:
    case 3:
    case 5: return (size_t)snprintf(out, 64, "%u", (unsigned)(r >> 33) % 3000);
    case 1:
    case 6: return (size_t)snprintf(out, 64, "%u", (unsigned)(r >> 33) % 2000000000u);
    case 2: return (size_t)snprintf(out, 64, "%llu", (unsigned long long)(r >> 2));
    case 4: return (size_t)snprintf(out, 64, "%s%s", quote, quote);
    case 7:
        return (size_t)snprintf(out, 64, "%s2013-07-%02u %02u:%02u:%02u%s", quote, (unsigned)(r >> 8) % 30 + 1,
                                (unsigned)(r >> 16) % 24, (unsigned)(r >> 24) % 60, (unsigned)(r >> 32) % 60, quote);
    case 8:
        return (size_t)snprintf(out, 64, "%shttp://example.com/page/%u%s", quote, (unsigned)(r >> 33) % 100000, quote);
    default: return (size_t)snprintf(out, 64, "%s2013-07-%02u%s", quote, (unsigned)(r >> 8) % 30 + 1, quote);
    }
}

static size_t wide(char *out, bool json, const struct column_spec *column, char delimiter)
{
    char *p = out;

    if (json)
        *p++ = '{';
    for (uint32_t i = 0; i < WIDE; i++) {
        if (i)
            *p++ = json ? ',' : delimiter;
        if (json)
            p += snprintf(p, 64, "\"%s\":", column[i].name);
        p += wide_value(p, i, json ? "\"" : "");
    }
    *p++ = json ? '}' : '\n';
    return (size_t)(p - out);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct sink {
    const struct table_def *def;
    struct mem_account *account;
    struct mutable_chunk *mc;
    uint64_t pos;
};

static bool begin_row(void *arg, struct mutable_chunk **mc, struct error *err)
{
    struct sink *s = arg;
    bool full = false;

    if (s->mc && mutable_chunk_begin_row(s->mc, &full, err)) {
        *mc = s->mc;
        return true;
    }
    if (s->mc) {
        if (!full)
            return false;
        chunk_put(s->mc->chunk);
    }
    if (!mutable_chunk_open(s->def, s->account, &s->mc, err))
        return false;
    *mc = s->mc;
    return mutable_chunk_begin_row(s->mc, &full, err);
}

static uint64_t row_pos(void *arg) { return ((struct sink *)arg)->pos++; }

static void die(const struct error *err)
{
    fprintf(stderr, "bench_decode: %s %s %s\n", err->message, err->detail, err->context);
    exit(1);
}

static void run_json(struct sink *sink, struct decode_spec *spec, const char *data, const size_t *len, uint64_t rows)
{
    struct decoder *d;
    struct mutable_chunk *mc;
    struct error err;
    const char *p = data;

    if (!decoder_open(spec, sink->account, &d, &err))
        die(&err);
    for (uint64_t i = 0; i < rows; i++) {
        if (i % BLOCK_ROWS == 0)
            p = data;
        struct decode_meta meta = {.pos = i, .offset = i};
        if (!begin_row(sink, &mc, &err) || decoder_row(d, mc, &meta, strview_make(p, len[i % BLOCK_ROWS]), &err))
            die(&err);
        p += len[i % BLOCK_ROWS];
    }
    decoder_close(d);
}

static void run_copy(struct sink *sink, struct decode_spec *spec, const char *data, size_t bytes, uint64_t rows,
                     bool csv)
{
    struct copy_options options = {.csv = csv};
    struct copy_sink out = {.arg = sink, .begin_row = begin_row, .row_pos = row_pos};
    struct copy_decoder *d;
    int16_t attnum[WIDE];
    struct error err;

    for (int i = 0; i < WIDE; i++)
        attnum[i] = (int16_t)(i + 1);
    if (!copy_options_check(&options, true, &err) ||
        !copy_decoder_open(spec, &options, attnum, WIDE, &value_ctx_default, &out, sink->account, &d, &err))
        die(&err);
    for (uint64_t done = 0; done < rows; done += BLOCK_ROWS)
        for (size_t at = 0; at < bytes; at += 65536)
            if (!copy_decoder_put(d, data + at, MIN_OF(bytes - at, (size_t)65536), &err))
                die(&err);
    if (!copy_decoder_finish(d, &err))
        die(&err);
    copy_decoder_close(d);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "json";
    uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000000;
    bool is_click = strcmp(kind, "json") == 0, json = is_click || strcmp(kind, "wide") == 0;
    static struct column_spec wide_columns[WIDE];
    static char names[WIDE][24];
    static size_t len[BLOCK_ROWS];
    char *data = malloc((size_t)BLOCK_ROWS * (is_click ? 512 : 8192));
    size_t bytes = 0;

    for (uint32_t i = 0; i < WIDE; i++) {
        snprintf(names[i], sizeof names[i], "ColumnName%03u", i);
        wide_columns[i] = (struct column_spec){names[i], wide_type(i), NULL, -1};
    }
    rows = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS * BLOCK_ROWS;
    for (uint32_t i = 0; i < BLOCK_ROWS; i++) {
        len[i] = is_click ? click(data + bytes, i)
                          : wide(data + bytes, json, wide_columns, strcmp(kind, "csv") == 0 ? ',' : '\t');
        bytes += len[i];
    }
    struct mem_pool *pool = mem_pool_open(UINT64_C(4) << 30, 0);
    struct mem_account *account = mem_account_open(pool, MEM_INGEST, 0, "bench");
    struct table_def *def = is_click ? make_def(click_columns, ARRAY_LEN(click_columns)) : make_def(wide_columns, WIDE);
    struct decode_spec *spec = decode_spec_new(def);
    struct sink sink = {.def = def, .account = account};
    double begin = seconds();
    if (json)
        run_json(&sink, spec, data, len, rows);
    else
        run_copy(&sink, spec, data, bytes, rows, strcmp(kind, "csv") == 0);
    double s = seconds() - begin;
    printf("%s: %llu rows of %.0f bytes in %.2f s: %.0f rows/s, %.0f MB/s\n", kind, (unsigned long long)rows,
           (double)bytes / BLOCK_ROWS, s, (double)rows / s, (double)bytes / BLOCK_ROWS * (double)rows / s / 1e6);
    chunk_put(sink.mc->chunk);
    decode_spec_put(spec);
    table_def_put(def);
    mem_account_close(account);
    mem_pool_close(pool);
    free(data);
    return 0;
}
