/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters on encoded data against pred_match, row by row: every type, shape, operator, on sealed and open chunks. Runs
 * once more per lower instruction level (the test starts itself with MENCIA_CPU_LEVEL).
 */
#include "tests/unit/storage/store.h"

#include "base/kernel.h"
#include "storage/pack_kern.h"

static int compare_type;
static int compare_datums(const void *a, const void *b) { return value_compare((oid_t)compare_type, a, b); }

/* Constants from the column's own values and beside them. */
static void draw_constant(struct store_rng *r, const struct store_rows *rows, int c, enum shape shape,
                          union datum *out)
{
    if (rows->n && rng_next(r) % 4) {
        *out = rows->value[c][rng_next(r) % rows->n];
        return;
    }
    make_datum((struct arena *)&rows->arena, store_types[c], shape_number(r, shape, (uint32_t)rng_next(r) % 9000),
               shape, out);
}

static void draw_pred(struct store_rng *r, const struct store_rows *rows, int c, enum shape shape, struct pred *p,
                      union datum *list)
{
    *p = (struct pred){.op = (enum pred_op)(rng_next(r) % (PRED_IS_NOT_NULL + 1)), .column = (uint32_t)c};
    p->type = store_types[c];
    draw_constant(r, rows, c, shape, &p->lo);
    draw_constant(r, rows, c, shape, &p->hi);
    if (p->op != PRED_IN)
        return;
    uint32_t n = (uint32_t)rng_next(r) % 6, kept = 0;
    for (uint32_t i = 0; i < n; i++)
        draw_constant(r, rows, c, shape, &list[i]);
    compare_type = (int)p->type;
    qsort(list, n, sizeof *list, compare_datums);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || value_compare(p->type, &list[kept - 1], &list[i]) != 0)
            list[kept++] = list[i];
    p->nin = kept;
    p->in = list;
}

static bool row_passes(const struct pred *p, const struct store_rows *rows, uint32_t row)
{
    bool null = rows->null[p->column][row];
    if (p->op == PRED_IS_NULL || p->op == PRED_IS_NOT_NULL)
        return null == (p->op == PRED_IS_NULL);
    return !null && pred_match(p, &rows->value[p->column][row]);
}

static void check_pred(struct chunk *chunk, const struct store_rows *rows, uint32_t first, uint32_t n,
                       const struct pred *p, uint64_t seed)
{
    struct store_rng r = {seed};
    uint64_t bits[CHUNK_ROWS / 64] = {0}, before[CHUNK_ROWS / 64];
    struct chunk_reader *reader;
    struct error err;
    for (uint32_t i = 0; i < n; i++)
        bit_put(bits, i, seed % 3 == 0 || rng_next(&r) % 3 != 0);
    memcpy(before, bits, sizeof bits);
    assert_ok(chunk_reader_open(chunk, n, NULL, &reader, &err), &err);
    assert_ok(chunk_filter(reader, p, bits, &err), &err);
    chunk_reader_close(reader);
    for (uint32_t i = 0; i < CHUNK_ROWS; i++) {
        bool want = i < n && bit_get(before, i) && row_passes(p, rows, first + i);
        if (bit_get(bits, i) != want)
            fail_msg("column %u (%s) op %d row %u: got %d", p->column, type_by_oid(p->type)->name, p->op, first + i,
                     !want);
    }
}

/* Codes of a dictionary against the values they stand for; runs and fetches against rows. */
static void check_access(struct chunk *chunk, const struct store_rows *rows, uint32_t n, uint64_t seed)
{
    struct store_rng r = {seed};
    struct chunk_reader *reader;
    struct arena arena;
    struct error err;
    uint32_t want[300], nwant = 0;
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < n && nwant < 300; i += 1 + (uint32_t)rng_next(&r) % (n / 150 + 1))
        want[nwant++] = i;
    assert_ok(chunk_reader_open(chunk, n, NULL, &reader, &err), &err);
    for (uint32_t c = 0; c < STORE_COLUMNS; c++) {
        struct vec v;
        const uint32_t *end;
        uint32_t nrun;
        assert_ok(chunk_fetch(reader, c, want, nwant, &arena, &v, &err), &err);
        for (uint32_t k = 0; k < nwant; k++) {
            assert_int_equal(vec_is_null(&v, k), rows->null[c][want[k]]);
            if (!rows->null[c][want[k]])
                assert_true(datum_same(store_types[c], vec_value(&v, k), &rows->value[c][want[k]]));
        }
        assert_ok(chunk_runs(reader, c, &end, &nrun, &v, &err), &err);
        for (uint32_t i = 0, row = 0; i < nrun; i++)
            for (; row < end[i]; row++)
                assert_true(datum_same(store_types[c], vec_value(&v, i), &rows->value[c][row]));
        assert_true(nrun == 0 || end[nrun - 1] == n);
        const struct dict *dict;
        assert_ok(chunk_dict(reader, c, &dict, &err), &err);
        if (!dict)
            continue;
        uint64_t *codes = xcalloc(bitset_words(dict->n), 8), bits[CHUNK_ROWS / 64];
        for (uint32_t i = 0; i < dict->n; i++) {
            assert_true(dict->hash[i] == hash_bytes(str_data(&dict->value[i]), dict->value[i].len));
            if (dict->chars)
                assert_int_equal(dict->chars[i], utf8_length(str_data(&dict->value[i]), dict->value[i].len));
            bit_put(codes, i, dict->hash[i] & 1);
        }
        bitset_fill(bits, n, true);
        assert_ok(chunk_filter_codes(reader, c, codes, seed & 1, bits, &err), &err);
        for (uint32_t i = 0; i < n; i++) {
            const struct str *s = &rows->value[c][i].str;
            bool pass = rows->null[c][i] ? (seed & 1) != 0 : hash_bytes(str_data(s), s->len) & 1;
            assert_int_equal(bit_get(bits, i), pass);
        }
        free(codes);
    }
    chunk_reader_close(reader);
    arena_release(&arena);
}

static void filter_shape(uint32_t n, enum shape shape, enum nulls nulls)
{
    struct table_def *def = store_table();
    struct store_rows *rows = rows_make(n, shape, nulls, n + shape * 7 + nulls);
    struct page_cache *cache = page_cache_open(NULL, 1 << 20);
    struct store_rng r = {n * 3 + shape};
    struct segment_meta meta;
    struct segment *s;
    struct mutable_chunk *mc;
    struct error err;
    bool full;
    char *path = temp_path("filter");
    segment_make(path, def, rows, &meta);
    assert_ok(segment_open(env_real(), cache, path, &s, &err), &err);
    assert_ok(mutable_chunk_open(def, NULL, &mc, &err), &err);
    for (uint32_t i = 0; i < n && mutable_chunk_begin_row(mc, &full, &err); i++)
        put_row(mc, rows, i, i);
    for (int c = 0; c < STORE_COLUMNS; c++) {
        for (int k = 0; k < 12; k++) {
            struct pred p;
            union datum list[8];
            draw_pred(&r, rows, c, shape, &p, list);
            uint32_t part = k % 3 ? n : n - n / 3;
            check_pred(segment_chunk(s, 0), rows, 0, part, &p, rng_next(&r));
            check_pred(mc->chunk, rows, 0, part, &p, rng_next(&r));
        }
    }
    check_access(segment_chunk(s, 0), rows, n, rng_next(&r));
    check_access(mc->chunk, rows, n, rng_next(&r));
    chunk_put(mc->chunk);
    segment_put(s);
    page_cache_close(cache);
    unlink(path);
    free(path);
    rows_free(rows);
    table_def_put(def);
}

static void test_filters(void **state)
{
    static const uint32_t sizes[] = {1, 100, 1024, 3000, 9001};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int shape = 0; shape < SHAPES; shape++)
            for (int nulls = 0; nulls < NULL_KINDS; nulls++)
                filter_shape(sizes[i], shape, nulls);
}

static void test_packing(void **state)
{
    const struct pack_kernels *k = KERNEL_PICK(pack_kernels);
    struct store_rng r = {5};
    _Alignas(64) static uint8_t words[64 * 128];
    for (uint32_t width = 1; width <= 64; width++) {
        uint64_t value[1024], mask = width == 64 ? ~0ULL : (1ULL << width) - 1, most = 0;
        int64_t out[1024];
        for (int i = 0; i < 1024; i++) {
            value[i] = rng_next(&r) & mask;
            most = MAX_OF(most, value[i]);
        }
        k->pack(value, width, words);
        k->decode_i64(words, width, 77, out);
        for (int i = 0; i < 1024; i++)
            assert_true((uint64_t)out[i] == value[i] + 77);
        assert_true(k->max(words, width) == most);
        for (int negate = 0; negate < 2; negate++) {
            uint64_t bits[16], lo = value[3], hi = value[4];
            if (lo > hi) {
                lo = value[4];
                hi = value[3];
            }
            memset(bits, 0xFF, sizeof bits);
            k->range(words, width, lo, hi, negate, bits);
            for (int i = 0; i < 1024; i++)
                assert_int_equal(bit_get(bits, i), (value[i] >= lo && value[i] <= hi) != negate);
        }
    }
}

static int run_level(const char *level, const char *self)
{
    char *command = xasprintf("MENCIA_CPU_LEVEL=%s MENCIA_FILTER_CHILD=1 '%s' >/dev/null 2>&1", level, self);
    int rc = system(command);
    free(command);
    return rc;
}

static const char *self;
static void test_lower_levels(void **state)
{
    if (getenv("MENCIA_FILTER_CHILD"))
        return;
    if (cpu_level() > 1)
        assert_int_equal(run_level("1", self), 0);
    if (cpu_level() > 3)
        assert_int_equal(run_level("3", self), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packing), cmocka_unit_test(test_filters),
                                       cmocka_unit_test(test_lower_levels)};
    self = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
