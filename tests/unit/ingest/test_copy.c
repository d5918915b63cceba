/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/copy.h"
#include "tests/unit/ingest/ingest_test.h"

struct copy_case {
    char table;
    struct copy_options options;
    const char *input;
    size_t len;
    const char *expected;
};
static const bool second[] = {false, true};
#include "tests/unit/ingest/copy_cases.h"

struct rows {
    struct mutable_chunk *mc;
    uint64_t pos;
};

static bool begin_row(void *arg, struct mutable_chunk **mc, struct error *err)
{
    struct rows *r = arg;
    bool full;
    *mc = r->mc;
    return mutable_chunk_begin_row(r->mc, &full, err);
}
static uint64_t row_pos(void *arg) { return ((struct rows *)arg)->pos++; }

static struct table_def *case_def(char table)
{
    static const struct test_column t[] = {{"a", "integer", NULL, 0}, {"b", "text", NULL, 0}};
    static const struct test_column u[] = {
        {"a", "integer not null", NULL, 0}, {"b", "date", NULL, 0}, {"c", "numeric", NULL, ((6 << 16) | 2) + 4}};
    static const struct test_column s[] = {{"a", "text", NULL, 0}};
    struct table_def *def = table == 't' ? test_def(t, 2) : table == 'u' ? test_def(u, 3) : test_def(s, 1);
    def->name = arena_fmt(&def->arena, "%c", table);
    return def;
}

/* All of the input in pieces of `piece` bytes; the result in the form of the table of cases. */
static void run(const struct copy_case *c, size_t piece, struct strbuf *out)
{
    struct mem_pool *pool = mem_pool_open(64 << 20, 0);
    struct mem_account *account = mem_account_open(pool, MEM_INGEST, 0, "test");
    struct table_def *def = case_def(c->table);
    struct decode_spec *spec = decode_spec_new(def);
    struct copy_options options = c->options;
    struct rows rows = {0};
    struct copy_sink sink = {.arg = &rows, .begin_row = begin_row, .row_pos = row_pos};
    struct copy_decoder *d;
    struct error err;
    int16_t attnum[] = {1, 2, 3};
    assert_ok(mutable_chunk_open(def, account, &rows.mc, &err), &err);
    assert_ok(copy_options_check(&options, true, &err), &err);
    assert_ok(copy_decoder_open(spec, &options, attnum, def->ncolumn, &value_ctx_default, &sink, account, &d, &err),
              &err);
    bool ok = true;
    error_clear(&err);
    for (size_t at = 0; ok && at < c->len; at += piece) {
        /* A copy of its own size, so that reading beyond it shows. */
        size_t n = MIN_OF(piece, c->len - at);
        char *copy = malloc(n);
        memcpy(copy, c->input + at, n);
        ok = copy_decoder_put(d, copy, n, &err);
        free(copy);
    }
    ok = ok && copy_decoder_finish(d, &err);
    strbuf_clear(out);
    if (!ok)
        strbuf_add_fmt(out, "!%s %s|%s|%s|%s", err.sqlstate, err.message, err.detail, err.hint, err.context);
    for (uint32_t r = 0; ok && r < rows.mc->published; r++)
        for (uint32_t i = 0; i < def->ncolumn; i++) {
            test_format(out, rows.mc, def, r, i);
            strbuf_add_char(out, i + 1 < def->ncolumn ? '|' : '\n');
        }
    copy_decoder_close(d);
    decode_spec_put(spec);
    table_def_put(def);
    chunk_put(rows.mc->chunk);
    mem_account_close(account);
    mem_pool_close(pool);
}

static void test_cases(void **state)
{
    struct strbuf out;
    int bad = 0;
    strbuf_init(&out);
    for (size_t i = 0; i < ARRAY_LEN(copy_cases); i++)
        for (size_t piece = 1; piece <= 64; piece = piece * 3 + 1) {
            run(&copy_cases[i], piece, &out);
            if (strcmp(out.data, copy_cases[i].expected) != 0) {
                print_error("case %zu, pieces of %zu: %s\n got      %s\n expected %s\n", i, piece, copy_cases[i].input,
                            out.data, copy_cases[i].expected);
                bad++;
                break;
            }
        }
    strbuf_release(&out);
    assert_int_equal(bad, 0);
}

/* What is written is read back, for every combination of awkward bytes. */
static void test_round_trip(void **state)
{
    static const char *const awkward[] = {"",    "a",   ",",         "\t",   "\"", "\\", "\n", "\r",
                                          "\\N", "\\.", "x,\"y\"\\", "NULL", "'",  " ",  "ä"};
    struct strbuf text, out;
    strbuf_init(&text);
    strbuf_init(&out);
    for (int mode = 0; mode < 4; mode++)
        for (size_t i = 0; i < ARRAY_LEN(awkward); i++)
            for (size_t k = 0; k < ARRAY_LEN(awkward); k++) {
                char value[64];
                struct copy_case c = {.table = 't', .options = {.csv = mode > 0}};
                struct error err;
                if (mode == 2)
                    c.options.escape = '\\';
                c.options.force_quote_all = mode == 3;
                struct copy_options o = c.options;
                assert_ok(copy_options_check(&o, false, &err), &err);
                snprintf(value, sizeof value, "%s%s", awkward[i], awkward[k]);
                struct strview v[] = {STRVIEW("7"), strview_of(value)};
                strbuf_clear(&text);
                copy_encode_row(&text, &o, v, 2);
                c.input = text.data;
                c.len = text.len;
                c.options.force_quote_all = false;
                run(&c, 64, &out);
                char expected[80];
                snprintf(expected, sizeof expected, "7|%s\n", value);
                assert_string_equal(out.data, expected);
            }
    strbuf_release(&text);
    strbuf_release(&out);
}

static void test_options(void **state)
{
    static const struct {
        struct copy_options options;
        bool is_from;
        const char *state, *message;
    } bad[] = {
        {{.quote = '"'}, true, "0A000", "COPY quote available only in CSV mode"},
        {{.escape = '"'}, true, "0A000", "COPY escape available only in CSV mode"},
        {{.csv = true, .force_quote_all = true}, true, "0A000", "COPY force quote only available using COPY TO"},
        {{.force_not_null = second}, true, "0A000", "COPY force not null available only in CSV mode"},
        {{.csv = true, .force_null = second}, false, "0A000", "COPY force null only available using COPY FROM"},
        {{.delimiter = '\n'}, true, "22023", "COPY delimiter cannot be newline or carriage return"},
        {{.delimiter = 'a'}, true, "22023", "COPY delimiter cannot be \"a\""},
        {{.null = "a\nb"}, true, "22023", "COPY null representation cannot use newline or carriage return"},
        {{.csv = true, .delimiter = '"'}, true, "22023", "COPY delimiter and quote must be different"},
        {{.csv = true, .null = "a,b"}, true, "0A000", "COPY delimiter must not appear in the NULL specification"},
        {{.csv = true, .null = "a\"b"}, true, "0A000", "CSV quote character must not appear in the NULL specification"},
        {{.header_match = true}, false, "0A000", "cannot use \"match\" with HEADER in COPY TO"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct copy_options o = bad[i].options;
        struct error err;
        assert_sqlstate(copy_options_check(&o, bad[i].is_from, &err), &err, bad[i].state);
        assert_string_equal(err.message, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
