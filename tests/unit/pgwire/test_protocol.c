/* SPDX-License-Identifier: Apache-2.0 */
/* The message state machine against a fake backend over real sockets. */
#include "tests/lib/unit.h"

#include "tests/lib/fake_backend.h"
#include "tests/lib/wire_client.h"

struct fixture {
    struct fake_server fake;
    struct pg_server *server;
    uint16_t port;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct pg_server_config config;
    struct error err;
    pg_server_config_init(&config);
    config.listen_addresses = "127.0.0.1";
    config.max_message_bytes = 1 << 20;
    config.write_timeout_ms = 500;
    config.auth_timeout_ms = 1000;
    scram_verifier_make("secret", SCRAM_ITERATIONS, f->fake.alice_verifier);
    assert_ok(pg_server_open(&config, &fake_ops, &f->fake, &f->server, &err), &err);
    f->port = pg_server_port(f->server);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pg_server_close(f->server);
    assert_int_equal(f->fake.opened, f->fake.closed);
    free(f);
    return 0;
}

static void expect(char *got, const char *want)
{
    assert_string_equal(got, want);
    free(got);
}

static void expect_contains(char *got, const char *part)
{
    if (!strstr(got, part))
        fail_msg("\"%s\" does not contain \"%s\"", got, part);
    free(got);
}

static void test_startup_and_simple(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port);
    wire_startup(&w, "admin", "main");
    expect(wire_read(&w, 1, 0), "R(0) S(server_version=15.0) S(client_encoding=UTF8) S(standard_conforming_strings=on) "
                                "K Z(I)");
    assert_true(w.pid > 0);
    expect(wire_query(&w, "rows 2"), "T D(1) D(2) C(SELECT 2) Z(I)");
    expect(wire_query(&w, ""), "I Z(I)");
    expect(wire_query(&w, "select 1;error;select 3"), "T D(1) C(SELECT 1) E(ERROR 22012 division by zero) Z(I)");
    expect(wire_query(&w, "begin"), "C(BEGIN) Z(T)");
    expect(wire_query(&w, "error"), "E(ERROR 22012 division by zero) Z(E)");
    expect_contains(wire_query(&w, "select 1"), "25P02");
    expect(wire_query(&w, "commit"), "C(ROLLBACK) Z(I)");
    expect(wire_query(&w, "notice"), "N(NOTICE 00000 hello) C(DO) Z(I)");
    wire_add(&w, 'Q', "s", "select 1");
    wire_add(&w, 'Q', "s", "select 2");
    expect(wire_ask(&w, 2), "T D(1) C(SELECT 1) Z(I) T D(2) C(SELECT 1) Z(I)");
    wire_add(&w, 'F', "422", 1397u, 0, 0);
    expect_contains(wire_ask(&w, 1), "E(ERROR 0A000");
    wire_add(&w, 'X', "");
    wire_send(&w);
    expect(wire_read(&w, 1, 0), " <EOF>");
    wire_close(&w);
}

static void test_error_fields(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    size_t at = w.in.len;
    free(wire_query(&w, "error"));
    const char *body = w.in.data + at + 5;
    size_t len = load_be32(w.in.data + at + 1) - 4;
    assert_string_equal(wire_field(body, len, 'V'), "ERROR");
    assert_string_equal(wire_field(body, len, 'D'), "a detail");
    assert_string_equal(wire_field(body, len, 'H'), "a hint");
    assert_string_equal(wire_field(body, len, 'P'), "7");
    assert_string_equal(wire_field(body, len, 'W'), "a context");
    assert_string_equal(wire_field(body, len, 'F'), "fake_backend.h");
    assert_string_equal(wire_field(body, len, 'R'), "fake_command");
    wire_close(&w);
}

static void add_parse(struct wire *w, const char *name, const char *sql) { wire_add(w, 'P', "ss2", name, sql, 0); }
static void add_bind(struct wire *w, const char *portal, const char *statement)
{
    wire_add(w, 'B', "ss222", portal, statement, 0, 0, 0);
}
static void add_execute(struct wire *w, const char *portal, unsigned max) { wire_add(w, 'E', "s4", portal, max); }
static void add_sync(struct wire *w) { wire_add(w, 'S', ""); }

static void test_extended(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    add_parse(&w, "", "rows 2");
    wire_add(&w, 'D', "cs", 'S', "");
    add_bind(&w, "", "");
    wire_add(&w, 'D', "cs", 'P', "");
    add_execute(&w, "", 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "1 t T 2 T D(1) D(2) C(SELECT 2) Z(I)");
    /* An error skips to its Sync; the next part of the pipeline runs. */
    add_parse(&w, "", "error");
    add_bind(&w, "", "");
    add_execute(&w, "", 0);
    add_parse(&w, "", "rows 1");
    add_bind(&w, "", "");
    add_execute(&w, "", 0);
    wire_add(&w, 'Q', "s", "select 9");
    add_sync(&w);
    add_parse(&w, "", "rows 1");
    add_bind(&w, "", "");
    add_execute(&w, "", 0);
    add_sync(&w);
    expect(wire_ask(&w, 2), "1 2 E(ERROR 22012 division by zero) Z(I) 1 2 D(1) C(SELECT 1) Z(I)");
    /* Row limits, and a Flush in place of Sync. */
    wire_add(&w, 'Q', "s", "begin");
    free(wire_ask(&w, 1));
    add_parse(&w, "s", "rows 3");
    add_bind(&w, "p", "s");
    add_execute(&w, "p", 2);
    wire_add(&w, 'H', "");
    wire_send(&w);
    expect(wire_read(&w, 1, 's'), "1 2 D(1) D(2) s");
    add_execute(&w, "p", 2);
    wire_add(&w, 'C', "cs", 'P', "p");
    wire_add(&w, 'C', "cs", 'S', "nope");
    add_sync(&w);
    expect(wire_ask(&w, 1), "D(3) C(SELECT 1) 3 3 Z(T)");
    add_execute(&w, "p", 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 34000 portal \"p\" does not exist) Z(E)");
    wire_close(&w);
}

static void test_parameters(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    add_parse(&w, "e", "echo");
    wire_add(&w, 'B', "ss224d2", "", "e", 0, 1, 5u, "hello", (size_t)5, 0);
    add_execute(&w, "", 0);
    wire_add(&w, 'B', "ss2242", "", "e", 0, 1, UINT32_MAX, 0);
    add_execute(&w, "", 0);
    wire_add(&w, 'B', "ss2242", "", "e", 0, 1, 0u, 0);
    add_execute(&w, "", 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "1 2 D(hello) C(SELECT 1) 2 D(NULL) C(SELECT 1) 2 D() C(SELECT 1) Z(I)");
    wire_add(&w, 'B', "ss222224d2", "", "e", 3, 0, 1, 0, 1, 5u, "hello", (size_t)5, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 bind message has 3 parameter formats but 1 parameters) Z(I)");
    wire_add(&w, 'B', "ss2224d2", "", "e", 1, 7, 1, 1u, "x", (size_t)1, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 22023 unsupported format code: 7) Z(I)");
    wire_add(&w, 'B', "ss224d2", "", "e", 0, 1, 2u, "\xC3(", (size_t)2, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xc3 0x28) Z(I)");
    /* Binary parameters are not text. */
    wire_add(&w, 'B', "ss2224d2", "", "e", 1, 1, 1, 2u, "\xC3(", (size_t)2, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "2 Z(I)");
    wire_close(&w);
}

static void test_malformed_messages(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    /* Lengths and counts that lie: an error, and the connection goes on. */
    wire_add(&w, 'B', "ss22", "", "", 0, 60000);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 insufficient data left in message) Z(I)");
    wire_add(&w, 'B', "ss2242", "", "", 0, 1, 0x7FFFFFFFu, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 insufficient data left in message) Z(I)");
    wire_add(&w, 'B', "ss2242", "", "", 0, 1, 0xFFFFFFFEu, 0);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 insufficient data left in message) Z(I)");
    wire_add(&w, 'P', "d", "x", (size_t)1);
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 invalid string in message) Z(I)");
    wire_add(&w, 'Q', "ss", "select 1", "more");
    expect(wire_ask(&w, 1), "E(ERROR 08P01 invalid message format) Z(I)");
    wire_add(&w, 'D', "cs", 'Q', "");
    add_sync(&w);
    expect(wire_ask(&w, 1), "E(ERROR 08P01 invalid DESCRIBE message subtype 81) Z(I)");
    wire_add(&w, 'Q', "s", "\xFF");
    expect(wire_ask(&w, 1), "E(ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xff) Z(I)");
    free(wire_query(&w, "status client_encoding LATIN1"));
    wire_add(&w, 'Q', "s", "\xFF");
    expect_contains(wire_ask(&w, 1), "42601");
    wire_add(&w, '!', "");
    wire_send(&w);
    expect(wire_read(&w, 1, 0), "E(FATAL 08P01 invalid frontend message type 33) <EOF>");
    wire_close(&w);
}

static void test_hostile_lengths(void **state)
{
    struct fixture *f = *state;
    static const struct {
        char type;
        uint32_t len;
    } bad[] = {{'Q', 0},     {'Q', 3},      {'Q', 0xFFFFFFFF}, {'Q', 0x80000000}, {'Q', (1 << 20) + 1},
               {'E', 10001}, {'S', 1 << 19}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct wire w = wire_open(f->port);
        strbuf_add_char(&w.out, bad[i].type);
        strbuf_add_be32(&w.out, bad[i].len);
        wire_send(&w);
        expect(wire_read(&w, 1, 0), " <EOF>");
        wire_close(&w);
    }
    /* A long message in pieces is no problem. */
    struct wire w = wire_open(f->port);
    char *sql = xcalloc(1, 900001);
    memset(sql, ' ', 900000);
    memcpy(sql, "rows 1", 6);
    expect(wire_query(&w, sql), "T D(1) C(SELECT 1) Z(I)");
    free(sql);
    wire_add(&w, 'Q', "s", "select 7");
    for (size_t i = 0; i < w.out.len; i++) {
        assert_int_equal(send(w.fd, w.out.data + i, 1, MSG_NOSIGNAL), 1);
        usleep(1000);
    }
    strbuf_clear(&w.out);
    expect(wire_read(&w, 1, 0), "T D(7) C(SELECT 1) Z(I)");
    wire_close(&w);
}

static void test_copy(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    expect(wire_query(&w, "copy out"), "H d(4) d(4) c C(COPY 2) Z(I)");
    wire_add(&w, 'Q', "s", "copy in;select 5");
    wire_send(&w);
    expect(wire_read(&w, 1, 'G'), "G");
    wire_add(&w, 'd', "d", "1\tx\n", (size_t)4);
    wire_add(&w, 'H', "");
    wire_add(&w, 'S', "");
    wire_add(&w, 'd', "");
    wire_send(&w);
    /* One CopyData in two halves. */
    wire_add(&w, 'd', "d", "abcdefgh", (size_t)8);
    send(w.fd, w.out.data, 9, MSG_NOSIGNAL);
    usleep(20000);
    send(w.fd, w.out.data + 9, w.out.len - 9, MSG_NOSIGNAL);
    strbuf_clear(&w.out);
    wire_add(&w, 'c', "");
    expect(wire_ask(&w, 1), "C(COPY 12) T D(5) C(SELECT 1) Z(I)");
    wire_add(&w, 'Q', "s", "copy in");
    wire_add(&w, 'f', "s", "client says no");
    expect(wire_ask(&w, 1), "G E(ERROR 57014 COPY from stdin failed: client says no) Z(I)");
    /* An error of ours in the middle: the rest of the data is passed over. */
    wire_add(&w, 'Q', "s", "copy in");
    wire_add(&w, 'd', "d", "bad!", (size_t)4);
    wire_add(&w, 'd', "d", "more", (size_t)4);
    wire_add(&w, 'c', "");
    wire_add(&w, 'Q', "s", "select 1");
    expect(wire_ask(&w, 2), "G E(ERROR 22P04 bad byte) Z(I) T D(1) C(SELECT 1) Z(I)");
    wire_add(&w, 'Q', "s", "copy in");
    wire_add(&w, 'P', "ss2", "", "select 1", 0);
    expect_contains(wire_ask(&w, 1), "E(ERROR 08P01 unexpected message type 0x50 during COPY from stdin) Z(I)");
    /* Extended: skipping to Sync after the error. */
    add_sync(&w);
    free(wire_ask(&w, 1));
    add_parse(&w, "", "copy in");
    add_bind(&w, "", "");
    add_execute(&w, "", 0);
    wire_add(&w, 'd', "d", "bad!", (size_t)4);
    wire_add(&w, 'c', "");
    add_sync(&w);
    expect(wire_ask(&w, 1), "1 2 G E(ERROR 22P04 bad byte) Z(I)");
    wire_close(&w);
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port), c = wire_connect(f->port);
    wire_add(&w, 'Q', "s", "sleep");
    wire_send(&w);
    /* A wrong key does nothing; no answer either way. */
    wire_add(&c, 0, "444", 80877102u, (uint32_t)w.pid, w.key ^ 1);
    expect(wire_ask(&c, 1), " <EOF>");
    wire_close(&c);
    assert_int_equal(f->fake.cancelled, 0);
    c = wire_connect(f->port);
    wire_add(&c, 0, "444", 80877102u, (uint32_t)w.pid, w.key);
    expect(wire_ask(&c, 1), " <EOF>");
    wire_close(&c);
    expect(wire_read(&w, 1, 0), "E(ERROR 57014 canceling statement due to user request) Z(I)");
    assert_int_equal(f->fake.cancelled, 1);
    expect(wire_query(&w, "select 1"), "T D(1) C(SELECT 1) Z(I)");
    wire_close(&w);
}

static void test_terminate(void **state)
{
    struct fixture *f = *state;
    struct wire idle = wire_open(f->port), busy = wire_open(f->port), copy = wire_open(f->port);
    assert_false(pg_server_terminate(f->server, 99999));
    assert_true(pg_server_terminate(f->server, idle.pid));
    expect(wire_read(&idle, 1, 0), "E(FATAL 57P01 terminating connection due to administrator command) <EOF>");
    wire_add(&busy, 'Q', "s", "sleep");
    wire_send(&busy);
    usleep(20000);
    assert_true(pg_server_terminate(f->server, busy.pid));
    expect(wire_read(&busy, 1, 0), "E(FATAL 57P01 terminating connection due to administrator command) <EOF>");
    wire_add(&copy, 'Q', "s", "copy in");
    wire_send(&copy);
    expect(wire_read(&copy, 1, 'G'), "G");
    assert_true(pg_server_terminate(f->server, copy.pid));
    expect(wire_read(&copy, 1, 0), "E(FATAL 57P01 terminating connection due to administrator command) <EOF>");
    wire_close(&idle);
    wire_close(&busy);
    wire_close(&copy);
}

static void test_idle_timeouts(void **state)
{
    struct fixture *f = *state;
    struct wire idle = wire_open(f->port), in_tx = wire_open(f->port), none = wire_open(f->port),
                busy = wire_open(f->port);
    int64_t start = net_now_ns();
    free(wire_query(&idle, "idle 300"));
    free(wire_query(&busy, "idle 300"));
    free(wire_query(&in_tx, "begin;idle 150"));
    for (int i = 0; i < 10; i++) {
        usleep(50000);
        expect(wire_query(&busy, "select 1"), "T D(1) C(SELECT 1) Z(I)");
    }
    expect(wire_read(&in_tx, 1, 0), "E(FATAL 25P03 terminating connection due to idle-in-transaction timeout) <EOF>");
    expect(wire_read(&idle, 1, 0), "E(FATAL 57P05 terminating connection due to idle-session timeout) <EOF>");
    expect(wire_read(&busy, 1, 0), "E(FATAL 57P05 terminating connection due to idle-session timeout) <EOF>");
    assert_true(net_now_ns() - start >= 800 * NET_MS);
    expect(wire_query(&none, "select 1"), "T D(1) C(SELECT 1) Z(I)");
    wire_close(&idle);
    wire_close(&in_tx);
    wire_close(&none);
    wire_close(&busy);
}

static void test_slow_reader(void **state)
{
    struct fixture *f = *state;
    struct wire slow = wire_open(f->port), other = wire_open(f->port);
    wire_add(&slow, 'Q', "s", "rows 3000000");
    wire_send(&slow);
    expect(wire_query(&other, "select 1"), "T D(1) C(SELECT 1) Z(I)");
    /* Reads nothing for longer than write_timeout_ms: it is cut off. */
    for (int i = 0; i < 300 && f->fake.closed == 0; i++)
        usleep(10000);
    assert_int_equal(f->fake.closed, 1);
    expect(wire_query(&other, "select 1"), "T D(1) C(SELECT 1) Z(I)");
    wire_close(&slow);
    wire_close(&other);
}

static void test_large_rows(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    char *text = wire_query(&w, "big 5000000");
    expect_contains(text, "C(SELECT 1) Z(I)");
    assert_true(w.in.len > 5000000);
    w.at = w.in.len;
    text = wire_query(&w, "rows 20000");
    assert_true(strlen(text) > 150000);
    expect_contains(text, "D(20000) C(SELECT 20000) Z(I)");
    wire_close(&w);
}

static void test_client_goes_away(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_open(f->port);
    wire_add(&w, 'Q', "s", "sleep");
    wire_send(&w);
    usleep(20000);
    wire_close(&w);
    for (int i = 0; i < 300 && f->fake.closed == 0; i++)
        usleep(10000);
    assert_int_equal(f->fake.closed, 1);
}

static void test_many_idle(void **state)
{
    enum { N = 1000 };
    struct fixture *f = *state;
    struct wire *w = xcalloc(N, sizeof *w);
    struct pg_server_stats stats;
    for (int i = 0; i < N; i++)
        w[i] = wire_open(f->port);
    usleep(5000);
    pg_server_stats(f->server, &stats);
    assert_int_equal(stats.connections, N);
    assert_true(stats.threads < 32);
    for (int i = 0; i < N; i += 100)
        expect(wire_query(&w[i], "select 1"), "T D(1) C(SELECT 1) Z(I)");
    for (int i = 0; i < N; i++)
        wire_close(&w[i]);
    free(w);
    for (int i = 0; i < 500 && f->fake.closed < N; i++)
        usleep(10000);
    assert_int_equal(f->fake.closed, N);
}

static void *drain_thread(void *arg)
{
    struct fixture *f = arg;
    bool none = pg_server_drain(f->server, net_now_ns() + 300 * NET_MS);
    return (void *)(intptr_t)none;
}

static void test_drain(void **state)
{
    struct fixture *f = *state;
    struct wire idle = wire_open(f->port), busy = wire_open(f->port);
    pthread_t thread;
    void *none;
    wire_add(&busy, 'Q', "s", "sleep");
    wire_send(&busy);
    usleep(20000);
    assert_int_equal(pthread_create(&thread, NULL, drain_thread, f), 0);
    expect(wire_read(&idle, 1, 0), "E(FATAL 57P01 terminating connection due to administrator command) <EOF>");
    struct wire late = wire_connect(f->port);
    wire_startup(&late, "admin", "main");
    expect(wire_read(&late, 1, 0), "E(FATAL 57P03 the database system is shutting down) <EOF>");
    expect(wire_read(&busy, 1, 0), "E(FATAL 57P01 terminating connection due to administrator command) <EOF>");
    pthread_join(thread, &none);
    assert_true((intptr_t)none);
    wire_close(&idle);
    wire_close(&busy);
    wire_close(&late);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_startup_and_simple), CASE(test_error_fields),    CASE(test_extended),    CASE(test_parameters),
        CASE(test_malformed_messages), CASE(test_hostile_lengths), CASE(test_copy),        CASE(test_cancel),
        CASE(test_terminate),          CASE(test_idle_timeouts),   CASE(test_slow_reader), CASE(test_large_rows),
        CASE(test_client_goes_away),   CASE(test_many_idle),       CASE(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
