/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ingest/ingest_test.h"

static struct {
    struct mem_pool *pool;
    struct mem_account *account;
    struct table_def *def;
    struct decode_spec *spec;
    struct decoder *decoder;
    struct mutable_chunk *mc;
    struct error err;
    struct strbuf text;
} f;

static void open_table(const struct test_column *column, uint32_t n)
{
    f.pool = mem_pool_open(256 << 20, 0);
    f.account = mem_account_open(f.pool, MEM_INGEST, 0, "test");
    f.def = test_def(column, n);
    f.spec = decode_spec_new(f.def);
    assert_ok(decoder_open(f.spec, f.account, &f.decoder, &f.err), &f.err);
    assert_ok(mutable_chunk_open(f.def, f.account, &f.mc, &f.err), &f.err);
    strbuf_init(&f.text);
}

static void close_table(void)
{
    decoder_close(f.decoder);
    decode_spec_put(f.spec);
    table_def_put(f.def);
    chunk_put(f.mc->chunk);
    assert_int_equal(mem_account_used(f.account), 0);
    mem_account_close(f.account);
    mem_pool_close(f.pool);
    strbuf_release(&f.text);
}

static enum decode_result decode(const char *message, size_t len)
{
    struct decode_meta meta = {
        .partition = 3, .offset = 77, .pos = (UINT64_C(1) << 48) + 77, .timestamp_us = 1000000, .key = STRVIEW("k1")};
    bool full;
    assert_ok(mutable_chunk_begin_row(f.mc, &full, &f.err), &f.err);
    error_clear(&f.err);
    return decoder_row(f.decoder, f.mc, &meta, strview_make(message, len), &f.err);
}

/* The row's columns, joined by |. */
static const char *row(const char *message)
{
    uint32_t rows = f.mc->published;
    if (decode(message, strlen(message)) != DECODE_ROW)
        fail_msg("%s: %s: %s", message, f.err.column, f.err.message);
    assert_int_equal(f.mc->published, rows + 1);
    strbuf_clear(&f.text);
    for (uint32_t c = 0; c < f.def->ncolumn; c++) {
        if (c)
            strbuf_add_char(&f.text, '|');
        test_format(&f.text, f.mc, f.def, rows, c);
    }
    return f.text.data;
}

static void fault(const char *message, const char *column, const char *state, const char *reason)
{
    uint32_t rows = f.mc->published;
    if (decode(message, strlen(message)) != DECODE_FAULT)
        fail_msg("%s: no fault", message);
    assert_int_equal(f.mc->published, rows);
    assert_int_equal(f.mc->next_row, rows);
    assert_string_equal(f.err.column, column);
    if (strcmp(f.err.message, reason) != 0)
        fail_msg("%s: %s, expected %s", message, f.err.message, reason);
    assert_string_equal(f.err.sqlstate, state);
}

static const struct test_column types[] = {{"a", "text", NULL, 0},
                                           {"b", "boolean", NULL, 0},
                                           {"c", "integer", NULL, 0},
                                           {"d", "jsonb", NULL, 0},
                                           {"e", "json", NULL, 0},
                                           {"f", "timestamp with time zone", NULL, 0},
                                           {"g", "numeric", NULL, ((12 << 16) | 2) + 4},
                                           {"h", "character varying", NULL, 3 + 4},
                                           {"i", "double precision", NULL, 0},
                                           {"j", "date", NULL, 0},
                                           {"k", "bigint", NULL, 0},
                                           {"l", "smallint", NULL, 0}};

/* Facts: json_populate_record and jsonb_populate_record of PostgreSQL 15. */
static void test_values(void **state)
{
    open_table(types, ARRAY_LEN(types));
    assert_string_equal(row("{\"a\":true,\"b\":1}"), "true|t|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL");
    assert_string_equal(row("{\"a\":{\"x\":[1, 2,{\"b\":1}]},\"b\":true,\"d\":\"abc\",\"e\":\"q\\\"x\",\"g\":1e1}"),
                        "{\"x\": [1, 2, {\"b\": 1}]}|t|NULL|\"abc\"|\"q\\\"x\"|NULL|10.00|NULL|NULL|NULL|NULL|NULL");
    assert_string_equal(row("{\"a\":1e3,\"g\":1.005}"), "1e3|NULL|NULL|NULL|NULL|NULL|1.01|NULL|NULL|NULL|NULL|NULL");
    assert_string_equal(
        row(" { \"g\" : \"12\" , \"c\":\" -7 \", \"i\": -1.5e-3, \"k\":-9223372036854775808,\n\"l\":32767} "),
        "NULL|NULL|-7|NULL|NULL|NULL|12.00|NULL|-0.0015|NULL|-9223372036854775808|32767");
    assert_string_equal(row("{\"d\":{\"z\":1,\"a\":[null]},\"e\":{\"z\" :1},\"j\":\"2024-02-29\",\"h\":\"äöü\"}"),
                        "NULL|NULL|NULL|{\"a\": [null], \"z\": 1}|{\"z\" :1}|NULL|NULL|äöü|NULL|2024-02-29|NULL|NULL");
    assert_string_equal(row("{\"a\":\"x\\u00e9\\ud83d\\ude00\\n\\/\\\\\",\"c\":null,\"i\":0.1}"),
                        "xé😀\n/\\|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0.1|NULL|NULL|NULL");
    assert_string_equal(row("{}"), "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL");
    fault("{\"c\":1e3}", "c", "22P02", "invalid input syntax for type integer: \"1e3\"");
    fault("{\"c\":1.0}", "c", "22P02", "invalid input syntax for type integer: \"1.0\"");
    fault("{\"c\":true}", "c", "22P02", "invalid input syntax for type integer: \"true\"");
    fault("{\"c\":{\"a\":1}}", "c", "22P02", "invalid input syntax for type integer: \"{\"a\": 1}\"");
    fault("{\"c\":2147483648}", "c", "22003", "value \"2147483648\" is out of range for type integer");
    fault("{\"l\":32768}", "l", "22003", "value \"32768\" is out of range for type smallint");
    fault("{\"k\":99999999999999999999}", "k", "22003",
          "value \"99999999999999999999\" is out of range for type bigint");
    fault("{\"h\":\"abcdef\"}", "h", "22001", "value too long for type character varying(3)");
    fault("{\"g\":12345678901}", "g", "22003", "numeric field overflow");
    fault("{\"b\":\"maybe\",\"a\":\"x\"}", "b", "22P02", "invalid input syntax for type boolean: \"maybe\"");
    fault("{\"a\":\"x\\u0000\"}", "a", "22P05", "unsupported Unicode escape sequence");
    close_table();
}

static void test_epochs(void **state)
{
    static const struct test_column columns[] = {
        {"a", "timestamp with time zone", NULL, 0}, {"b", "timestamp", NULL, 0}, {"c", "date", NULL, 0}};
    open_table(columns, 3);
    assert_string_equal(row("{\"a\":1735689600123,\"b\":1735689600123,\"c\":1735689600123}"),
                        "2025-01-01 00:00:00.123+00|2025-01-01 00:00:00.123|2025-01-01");
    assert_string_equal(row("{\"a\":1735689600123.4567,\"b\":-1,\"c\":-1}"),
                        "2025-01-01 00:00:00.123456+00|1969-12-31 23:59:59.999|1969-12-31");
    assert_string_equal(row("{\"a\":\"2025-01-01T02:03:04.5Z\",\"b\":\"2025-01-01 02:03:04+05\",\"c\":\"Jan 5 2025\"}"),
                        "2025-01-01 02:03:04.5+00|2025-01-01 02:03:04|2025-01-05");
    assert_string_equal(row("{\"a\":1.7356896e12}"), "2025-01-01 00:00:00+00|NULL|NULL");
    fault("{\"a\":1e30}", "a", "22008", "timestamp out of range");
    fault("{\"b\":99999999999999999}", "b", "22008", "timestamp out of range");
    f.def->options.epoch_unit = EPOCH_NS;
    assert_string_equal(row("{\"a\":1735689600123456789}"), "2025-01-01 00:00:00.123456+00|NULL|NULL");
    assert_string_equal(row("{\"a\":-1}"), "1969-12-31 23:59:59.999999+00|NULL|NULL");
    f.def->options.epoch_unit = EPOCH_S;
    assert_string_equal(row("{\"a\":1735689600,\"b\":1735689600.25}"),
                        "2025-01-01 00:00:00+00|2025-01-01 00:00:00.25|NULL");
    close_table();
}

static void test_broken(void **state)
{
    static const char *const broken[] = {"",
                                         "{",
                                         "{\"a\":1",
                                         "{\"a\":1,}",
                                         "{\"a\" 1}",
                                         "{\"a\":01}",
                                         "{\"a\":1}x",
                                         "{a:1}",
                                         "{\"a\":tru}",
                                         "{\"a\":\"x}",
                                         "{\"a\":\"\t\"}",
                                         "{\"a\":\"\\x\"}",
                                         "{\"a\":\"\\ud800\"}",
                                         "{\"zz\":[1,]}",
                                         "{\"zz\":[1}}",
                                         "{\"zz\":{\"a\":}}",
                                         "{\"zz\":[1 2]}",
                                         "{\"zz\":-}",
                                         "{\"zz\":1.}",
                                         "{\"zz\":1e}",
                                         "{\"a\":1 \"b\":2}",
                                         "{,}",
                                         "{\"c\":1e3"};
    open_table(types, ARRAY_LEN(types));
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        fault(broken[i], "", "22P02", "invalid input syntax for type json");
    fault("[1]", "", "22P02", "message is not a JSON object");
    fault("7", "", "22P02", "message is not a JSON object");
    fault("{\"a\":\"\xff\"}", "", "22021", "invalid byte sequence for encoding \"UTF8\": 0xff");
    fault("{\"a\":\"\xe2\x28\xa1\"}", "", "22021", "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1");
    assert_int_equal(decode("{\"a\":\"x\0y\"}", 11), DECODE_FAULT);
    assert_int_equal(decode("{\"a\":1}\0", 8), DECODE_FAULT);
    /* Depth. */
    char deep[4096];
    size_t n = (size_t)snprintf(deep, sizeof deep, "{\"zz\":");
    memset(deep + n, '[', 1000);
    memset(deep + n + 1000, ']', 1000);
    memcpy(deep + n + 2000, "}", 2);
    row(deep);
    memset(deep + n, '[', 1001);
    memset(deep + n + 1001, ']', 1001);
    memcpy(deep + n + 2002, "}", 2);
    fault(deep, "", "54001", "message is nested too deep, the limit is 1000 levels");
    close_table();
}

static void test_keys(void **state)
{
    static const struct test_column columns[] = {{"userid", "integer not null", NULL, 0},
                                                 {"os", "text", "device.os", 0},
                                                 {"ver", "integer", "device.v", 0},
                                                 {"dev", "jsonb", "device", 0},
                                                 {"a.b", "integer", NULL, 0}};
    uint64_t count;
    struct decode_stats stats;
    open_table(columns, 5);
    assert_string_equal(row("{\"userId\":1,\"device\":{\"os\":\"ios\",\"v\":9,\"x\":1},\"a.b\":5}"),
                        "1|ios|9|{\"v\": 9, \"x\": 1, \"os\": \"ios\"}|5");
    assert_string_equal(row("{\"userId\":1,\"userid\":2}"), "2|NULL|NULL|NULL|NULL");
    assert_string_equal(row("{\"userid\":2,\"userId\":1}"), "2|NULL|NULL|NULL|NULL");
    assert_string_equal(row("{\"userId\":\"bad\",\"userid\":2}"), "2|NULL|NULL|NULL|NULL");
    fault("{\"userId\":1,\"USERID\":2}", "userid", "42702",
          "keys \"userId\" and \"USERID\" both match the column but for case");
    fault("{\"device\":1}", "userid", "23502",
          "null value in column \"userid\" of relation \"t\" violates not-null constraint");
    fault("{\"userid\":null}", "userid", "23502",
          "null value in column \"userid\" of relation \"t\" violates not-null constraint");
    /* The last of equal keys wins, whatever the earlier ones were. */
    assert_string_equal(row("{\"userid\":\"x\",\"userid\":3}"), "3|NULL|NULL|NULL|NULL");
    assert_string_equal(row("{\"userid\":3,\"device\":{\"os\":\"a\",\"v\":1},\"device\":{\"v\":2}}"),
                        "3|NULL|2|{\"v\": 2}|NULL");
    assert_string_equal(row("{\"userid\":3,\"device\":{\"v\":\"x\"},\"device\":null}"), "3|NULL|NULL|NULL|NULL");
    fault("{\"userid\":3,\"userid\":\"x\"}", "userid", "22P02", "invalid input syntax for type integer: \"x\"");
    assert_string_equal(row("{\"userid\":3,\"device\":[1]}"), "3|NULL|NULL|[1]|NULL");
    assert_string_equal(row("{\"user\\u0069d\":4}"), "4|NULL|NULL|NULL|NULL");
    /* Unknown keys. */
    for (int i = 0; i < 3; i++)
        row("{\"userid\":3,\"extra\":{\"q\":[1,{\"w\":\"\\\"}\"}]},\"zap\":null}");
    decoder_stats(f.decoder, &stats);
    assert_int_equal(stats.unknown_keys, 6);
    assert_int_equal(stats.unknown_names, 2);
    struct strview name = decoder_unknown(f.decoder, 0, &count);
    assert_true(strview_equal_cstr(name, "extra"));
    assert_int_equal(count, 3);
    for (int i = 0; i < 5000; i++) {
        char message[64];
        snprintf(message, sizeof message, "{\"k%d\":1,\"userid\":%d}", i, i);
        row(message);
    }
    decoder_stats(f.decoder, &stats);
    assert_int_equal(stats.unknown_keys, 5006);
    assert_true(stats.unknown_names <= DECODE_UNKNOWN_KEYS_MAX);
    close_table();
}

static void test_metadata(void **state)
{
    static const struct test_column columns[] = {{"a", "integer", NULL, 0}, {"o", "bigint", NULL, 0},
                                                 {"p", "integer", NULL, 0}, {"t", "timestamp with time zone", NULL, 0},
                                                 {"k", "text", NULL, 0},    {"gone", "text", NULL, 0},
                                                 {"d", "text", NULL, 0}};
    static const enum generated_kind kinds[] = {GENERATED_NONE, GENERATED_KAFKA_OFFSET, GENERATED_KAFKA_PARTITION,
                                                GENERATED_KAFKA_TIMESTAMP, GENERATED_KAFKA_KEY};
    open_table(columns, 7);
    decoder_close(f.decoder);
    for (int i = 0; i < 5; i++)
        f.def->column[i].generated = kinds[i];
    f.def->column[5].dropped = true;
    f.spec->column[6].has_default = true;
    f.spec->column[6].default_value.d.str = str_make("a default longer than 12 bytes", 30);
    assert_ok(decoder_open(f.spec, f.account, &f.decoder, &f.err), &f.err);
    assert_string_equal(row("{\"a\":1,\"o\":5,\"gone\":\"x\"}"),
                        "1|77|3|2000-01-01 00:00:01+00|k1|NULL|a default longer than 12 bytes");
    assert_string_equal(row("{\"a\":2,\"d\":\"x\"}"), "2|77|3|2000-01-01 00:00:01+00|k1|NULL|x");
    close_table();
}

/* Any order of keys, any white space, and every prefix of a message: the result never depends on what came before. */
static void test_prediction(void **state)
{
    static const struct test_column columns[] = {
        {"a", "integer", NULL, 0}, {"b", "text", NULL, 0}, {"c", "text", "o.c", 0}, {"d", "integer", "o.d", 0}};
    static const char *const part[] = {"\"a\":12", "\"b\":\"a string of more than twelve bytes\"",
                                       "\"o\":{\"c\":\"x\",\"d\":5}", "\"u\":[1,2]", "\"o\": {\"d\":6, \"c\":\"y\" }"};
    unsigned seed = 1;
    open_table(columns, 4);
    for (int i = 0; i < 20000; i++) {
        char message[256];
        const char *a = "NULL", *b = "NULL", *c = "NULL", *d = "NULL";
        size_t n = (size_t)snprintf(message, sizeof message, "{");
        int parts = (int)((seed = seed * 1103515245 + 12345) >> 16) % 4;
        for (int k = 0; k <= parts; k++) {
            unsigned which = ((seed = seed * 1103515245 + 12345) >> 16) % ARRAY_LEN(part);
            n += (size_t)snprintf(message + n, sizeof message - n, "%s%s", k ? "," : "", part[which]);
            if (which == 0)
                a = "12";
            if (which == 1)
                b = "a string of more than twelve bytes";
            if (which == 2 || which == 4) {
                c = which == 2 ? "x" : "y";
                d = which == 2 ? "5" : "6";
            }
        }
        char expected[256];
        snprintf(expected, sizeof expected, "%s|%s|%s|%s", a, b, c, d);
        snprintf(message + n, sizeof message - n, "}");
        assert_string_equal(row(message), expected);
        size_t cut = 1 + ((seed = seed * 1103515245 + 12345) >> 16) % n;
        assert_int_equal(decode(message, cut), DECODE_FAULT);
    }
    close_table();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),   cmocka_unit_test(test_epochs),
                                       cmocka_unit_test(test_broken),   cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_metadata), cmocka_unit_test(test_prediction)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
