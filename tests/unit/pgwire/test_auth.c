/* SPDX-License-Identifier: Apache-2.0 */
/* Startup, encryption and authentication, by libpq where it can say it and by raw bytes where it refuses to. */
#include "tests/lib/unit.h"

#include "base/env.h"
#include "net/tls.h"
#include "tests/lib/fake_backend.h"
#include "tests/lib/wire_client.h"

#include <postgresql/libpq-fe.h>
#include <openssl/ssl.h>

struct fixture {
    struct fake_server fake;
    struct pg_server *server;
    uint16_t port;
    char dir[64], cert[96], key[96], hba[96];
};

static const char rules[] = "local all all trust\n"
                            "host all admin,nobody,bob,nologin 127.0.0.1/32 trust\n"
                            "hostssl all carol 127.0.0.1/32 trust\n"
                            "hostnossl all dave 127.0.0.1/32 reject\n"
                            "host sameuser alice 127.0.0.1/32 password\n"
                            "host main alice,expired,ghost 127.0.0.1/32 scram-sha-256\n";

static void open_server(struct fixture *f, const struct pg_server_config *config)
{
    struct error err;
    assert_ok(pg_server_open(config, &fake_ops, &f->fake, &f->server, &err), &err);
    f->port = pg_server_port(f->server);
}

static void prepare(struct fixture *f, struct pg_server_config *config)
{
    struct error err;
    snprintf(f->dir, sizeof f->dir, "/tmp/mencia-auth-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->dir);
    snprintf(f->key, sizeof f->key, "%s/key.pem", f->dir);
    snprintf(f->hba, sizeof f->hba, "%s/hba.conf", f->dir);
    assert_ok(tls_make_self_signed(f->cert, f->key, "localhost", &err), &err);
    assert_ok(env_write_file(env_real(), f->hba, rules, sizeof rules - 1, &err), &err);
    pg_server_config_init(config);
    config->listen_addresses = "127.0.0.1";
    config->unix_socket_dir = f->dir;
    config->hba_file = f->hba;
    config->auth_timeout_ms = 700;
    scram_verifier_make("secret", SCRAM_ITERATIONS, f->fake.alice_verifier);
}

static int setup_tls(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct pg_server_config config;
    prepare(f, &config);
    config.tls_cert = f->cert;
    config.tls_key = f->key;
    open_server(f, &config);
    *state = f;
    return 0;
}

static int setup_plain(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct pg_server_config config;
    prepare(f, &config);
    config.max_connections = 4;
    config.reserved_connections = 2;
    config.max_half_open = 8;
    open_server(f, &config);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pg_server_close(f->server);
    assert_int_equal(f->fake.opened, f->fake.closed);
    unlink(f->cert);
    unlink(f->key);
    unlink(f->hba);
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

/* Connects by libpq and runs a statement; part = NULL: succeeds; otherwise the message contains it. */
static void connect_by(struct fixture *f, const char *settings, const char *part)
{
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo, "hostaddr=127.0.0.1 port=%u %s", f->port, settings);
    PGconn *c = PQconnectdb(conninfo);
    if (!part) {
        if (PQstatus(c) != CONNECTION_OK)
            fail_msg("%s: %s", settings, PQerrorMessage(c));
        PGresult *r = PQexec(c, "rows 3");
        assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
        assert_int_equal(PQntuples(r), 3);
        assert_string_equal(PQgetvalue(r, 2, 0), "3");
        PQclear(r);
    } else {
        assert_int_equal(PQstatus(c), CONNECTION_BAD);
        if (!strstr(PQerrorMessage(c), part))
            fail_msg("%s: \"%s\" does not contain \"%s\"", settings, PQerrorMessage(c), part);
    }
    PQfinish(c);
}

static void test_trust_maps_unknown_names(void **state)
{
    struct fixture *f = *state;
    connect_by(f, "user=nobody dbname=nowhere", NULL);
    assert_string_equal(f->fake.seen_user, "admin");
    assert_string_equal(f->fake.seen_database, "main");
    connect_by(f, "user=bob dbname=alice", NULL);
    assert_string_equal(f->fake.seen_user, "bob");
    assert_string_equal(f->fake.seen_database, "alice");
    connect_by(f, "user=nologin dbname=main", "role \"nologin\" is not permitted to log in");
    connect_by(
        f, "user=dave dbname=main sslmode=disable",
        "pg_hba.conf rejects connection for host \"127.0.0.1\", user \"dave\", database \"main\", no encryption");
    connect_by(f, "user=eve dbname=main sslmode=disable",
               "no pg_hba.conf entry for host \"127.0.0.1\", user \"eve\", database \"main\", no encryption");
    connect_by(f, "user=eve dbname=main sslmode=require", "database \"main\", SSL encryption");
    char unix_socket[256];
    snprintf(unix_socket, sizeof unix_socket, "host=%s port=%u user=eve dbname=main", f->dir, f->port);
    PGconn *c = PQconnectdb(unix_socket);
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    PQfinish(c);
}

static void test_scram(void **state)
{
    struct fixture *f = *state;
    const char *failed = "password authentication failed for user";
    connect_by(f, "user=alice dbname=main password=secret sslmode=disable", NULL);
    connect_by(f, "user=alice dbname=main password=secret sslmode=require", NULL);
    connect_by(f, "user=alice dbname=main password=secret sslmode=require channel_binding=require", NULL);
    connect_by(f, "user=alice dbname=main password=secret sslmode=require channel_binding=disable", NULL);
    connect_by(f, "user=alice dbname=main password=wrong sslmode=disable", failed);
    connect_by(f, "user=alice dbname=main password=wrong sslmode=require", failed);
    connect_by(f, "user=ghost dbname=main password=secret sslmode=disable", failed);
    connect_by(f, "user=expired dbname=main password=secret sslmode=disable", failed);
    assert_int_equal(f->fake.opened, 4);
}

static void test_clear_password(void **state)
{
    struct fixture *f = *state;
    connect_by(f, "user=alice dbname=alice password=secret sslmode=require", NULL);
    connect_by(f, "user=alice dbname=alice password=wrong sslmode=require", "password authentication failed");
    connect_by(f, "user=alice dbname=alice password=secret sslmode=disable", "requires an encrypted connection");
    connect_by(f, "user=carol dbname=main sslmode=require", NULL);
    connect_by(f, "user=carol dbname=main sslmode=disable", "no pg_hba.conf entry");
}

static void test_startup_options(void **state)
{
    struct fixture *f = *state;
    f->fake.seen_params[0] = '\0';
    connect_by(f, "user=admin dbname=main application_name=t options='-c search_path=a\\\\ b --work-mem=1MB -cx=y'",
               NULL);
    assert_string_equal(f->fake.seen_params, "search_path=a b;work_mem=1MB;x=y;application_name=t;");
    connect_by(f, "user=admin dbname=main options='-c'", "invalid command-line argument for server process: -c");
    connect_by(f, "user=admin dbname=main options='-c ='", "-c = requires a value");
    connect_by(f, "user=admin dbname=main options='--x'", "--x requires a value");
    connect_by(f, "user=admin dbname=main options='-z'", "invalid command-line argument for server process: -z");
    connect_by(f, "user=admin dbname=main options='-c no_such_guc=1'", "unrecognized configuration parameter");
    connect_by(f, "user=admin dbname=main replication=true", "replication connections are not supported");
    connect_by(f, "user=admin dbname=main replication=false", NULL);
}

static void expect_answer(struct wire *w, const char *want)
{
    char *got = wire_ask(w, 1);
    assert_string_equal(got, want);
    free(got);
    wire_close(w);
}

static char answer_byte(struct wire *w)
{
    char byte = 0;
    wire_send(w);
    assert_int_equal(recv(w->fd, &byte, 1, 0), 1);
    return byte;
}

#define GREETING "R(0) S(server_version=15.0) S(client_encoding=UTF8) S(standard_conforming_strings=on) K Z(I)"

static void test_versions(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port);
    wire_add(&w, 0, "4ssc", 3u << 16 | 2, "user", "admin", 0);
    expect_answer(&w, "v(3.0 0) " GREETING);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssssc", 3u << 16 | 9999, "user", "admin", "_pq_.test", "1", 0);
    expect_answer(&w, "v(3.0 1) " GREETING);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssc", 4u << 16, "user", "admin", 0);
    expect_answer(&w, "E(FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.0) <EOF>");
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssc", 2u << 16, "user", "admin", 0);
    wire_send(&w);
    while (wire_fill(&w, 1000))
        ;
    assert_string_equal(w.in.data, "EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.0\n");
    wire_close(&w);
}

static void test_bad_startup_packets(void **state)
{
    struct fixture *f = *state;
    static const uint32_t lengths[] = {0, 4, 7, 10005, 0x80000000, 0xFFFFFFFF, 0x47455420};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct wire w = wire_connect(f->port);
        strbuf_add_be32(&w.out, lengths[i]);
        strbuf_add_be32(&w.out, 3u << 16);
        expect_answer(&w, " <EOF>");
    }
    const char *layout = "E(FATAL 08P01 invalid startup packet layout: expected terminator as last byte) <EOF>";
    struct wire w = wire_connect(f->port);
    wire_add(&w, 0, "4ss", 3u << 16, "user", "admin");
    expect_answer(&w, layout);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "admin", 'x');
    expect_answer(&w, layout);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssccc", 3u << 16, "user", "admin", 0, 'x', 0);
    expect_answer(&w, layout);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4", 3u << 16);
    expect_answer(&w, layout);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4c", 3u << 16, 0);
    expect_answer(&w, "E(FATAL 28000 no PostgreSQL user name specified in startup packet) <EOF>");
    /* A whole packet of 10,000 bytes is fine. */
    char *filler = xcalloc(1, 9970);
    memset(filler, 'x', 9960);
    w = wire_connect(f->port);
    wire_add(&w, 0, "4ssssc", 3u << 16, "user", "admin", "a", filler, 0);
    expect_answer(&w, GREETING);
    free(filler);
}

static void test_encryption_requests(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877104u);
    assert_int_equal(answer_byte(&w), 'N');
    wire_add(&w, 0, "4", 80877103u);
    assert_int_equal(answer_byte(&w), 'S');
    /* Plain text where a ClientHello belongs. */
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "admin", 0);
    wire_send(&w);
    while (wire_fill(&w, 1000))
        ;
    assert_null(memmem(w.in.data, w.in.len, "server_version", 14));
    wire_close(&w);
    /* Sent along with the request in one segment. */
    w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877103u);
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "admin", 0);
    expect_answer(&w, "E(FATAL 08P01 received unencrypted data after SSL request) <EOF>");
    w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877104u);
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "admin", 0);
    assert_int_equal(answer_byte(&w), 'N');
    expect_answer(&w, "E(FATAL 08P01 received unencrypted data after GSSAPI encryption request) <EOF>");
    w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877104u);
    assert_int_equal(answer_byte(&w), 'N');
    wire_add(&w, 0, "4", 80877104u);
    expect_answer(&w, "E(FATAL 0A000 unsupported frontend protocol 1234.5680: server supports 3.0 to 3.0) <EOF>");
}

static void test_no_tls_configured(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877103u);
    assert_int_equal(answer_byte(&w), 'N');
    wire_add(&w, 0, "4", 80877103u);
    expect_answer(&w, "E(FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0) <EOF>");
    w = wire_connect(f->port);
    wire_add(&w, 0, "4", 80877103u);
    assert_int_equal(answer_byte(&w), 'N');
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "admin", 0);
    expect_answer(&w, GREETING);
    w = wire_connect(f->port);
    strbuf_add_char(&w.out, 0x16);
    expect_answer(&w, " <EOF>");
    connect_by(f, "user=admin dbname=main sslmode=prefer", NULL);
    connect_by(f, "user=admin dbname=main sslmode=require", "server does not support SSL");
}

/* True if a direct TLS connection with this ALPN (NULL = none) is greeted after its startup packet. */
static bool direct_tls(struct fixture *f, const char *alpn)
{
    struct wire w = wire_connect(f->port);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    unsigned char protocols[32];
    char buf[512];
    int n = 0;
    if (alpn) {
        protocols[0] = (unsigned char)strlen(alpn);
        memcpy(protocols + 1, alpn, protocols[0]);
        SSL_set_alpn_protos(ssl, protocols, protocols[0] + 1u);
    }
    SSL_set_fd(ssl, w.fd);
    wire_add(&w, 0, "4ssc", 3u << 16, "user", "carol", 0);
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, w.out.data, (int)w.out.len) > 0)
        n = SSL_read(ssl, buf, sizeof buf);
    bool greeted = n > 20 && buf[0] == 'R' && load_be32(buf + 5) == 0;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    wire_close(&w);
    return greeted;
}

static void test_direct_tls(void **state)
{
    struct fixture *f = *state;
    assert_true(direct_tls(f, "postgresql"));
    assert_false(direct_tls(f, NULL));
    assert_false(direct_tls(f, "http/1.1"));
}

static void start_sasl(struct wire *w, uint16_t port)
{
    *w = wire_connect(port);
    wire_add(w, 0, "4ssssc", 3u << 16, "user", "alice", "database", "main", 0);
    wire_send(w);
    char *got = wire_read(w, 1, 'R');
    assert_string_equal(got, "R(10)");
    free(got);
}

static void test_illegal_messages_during_sasl(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    start_sasl(&w, f->port);
    wire_add(&w, 'Q', "s", "select 1");
    expect_answer(&w, "E(FATAL 08P01 expected SASL response, got message type 81) <EOF>");
    /* A second startup packet must not change who is being authenticated. */
    start_sasl(&w, f->port);
    wire_add(&w, 0, "4ssssc", 3u << 16, "user", "admin", "database", "main", 0);
    expect_answer(&w, "E(FATAL 08P01 expected SASL response, got message type 0) <EOF>");
    start_sasl(&w, f->port);
    wire_add(&w, 'p', "s4d", "SCRAM-SHA-256", 12u, "n,,n=,r=abcd", (size_t)12);
    wire_send(&w);
    char *got = wire_read(&w, 1, 'R');
    assert_string_equal(got, "R(11)");
    free(got);
    wire_add(&w, 0, "4ssssc", 3u << 16, "user", "admin", "database", "main", 0);
    expect_answer(&w, "E(FATAL 08P01 expected SASL response, got message type 0) <EOF>");
    /* Refused by its first byte: nothing is gathered for somebody unknown. */
    start_sasl(&w, f->port);
    strbuf_add_char(&w.out, 'Q');
    strbuf_add_be32(&w.out, 100000);
    expect_answer(&w, "E(FATAL 08P01 expected SASL response, got message type 81) <EOF>");
    static const uint32_t lengths[] = {0, 3, 1025, 0x7FFFFFFF, 0x80000001, 0xFFFFFFFF};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        start_sasl(&w, f->port);
        strbuf_add_char(&w.out, 'p');
        strbuf_add_be32(&w.out, lengths[i]);
        expect_answer(&w, "E(FATAL 28P01 password authentication failed for user \"alice\") <EOF>");
    }
    start_sasl(&w, f->port);
    wire_add(&w, 'p', "s4d", "SCRAM-SHA-256", 13u, "n,,n=,r=abcd", (size_t)12);
    expect_answer(&w, "E(FATAL 08P01 insufficient data left in message) <EOF>");
    start_sasl(&w, f->port);
    wire_add(&w, 'p', "d", "SCRAM", (size_t)5);
    expect_answer(&w, "E(FATAL 08P01 invalid string in message) <EOF>");
    assert_int_equal(f->fake.opened, 0);
}

static void test_slow_loris(void **state)
{
    struct fixture *f = *state;
    struct pg_server_stats stats;
    struct wire w[8], sasl;
    for (int i = 0; i < 7; i++) {
        w[i] = wire_connect(f->port);
        if (i % 2)
            send(w[i].fd, "\0\0", 2, 0);
    }
    start_sasl(&sasl, f->port);
    /* All places for clients that are not authenticated are taken. */
    struct wire late = wire_connect(f->port);
    wire_add(&late, 0, "4ssc", 3u << 16, "user", "admin", 0);
    expect_answer(&late, " <EOF>");
    pg_server_stats(f->server, &stats);
    assert_int_equal(stats.half_open, 8);
    char *got = wire_read(&sasl, 1, 0);
    assert_string_equal(got, "E(FATAL 57014 canceling authentication due to timeout) <EOF>");
    free(got);
    for (int i = 0; i < 7; i++)
        expect_answer(&w[i], " <EOF>");
    wire_close(&sasl);
    pg_server_stats(f->server, &stats);
    assert_int_equal(stats.half_open, 0);
    connect_by(f, "user=admin dbname=main", NULL);
}

static void test_connection_limits(void **state)
{
    struct fixture *f = *state;
    struct wire w[4];
    for (int i = 0; i < 2; i++) {
        w[i] = wire_connect(f->port);
        wire_startup(&w[i], "bob", "main");
        free(wire_read(&w[i], 1, 0));
    }
    connect_by(f, "user=bob dbname=main",
               "remaining connection slots are reserved for non-replication superuser connections");
    for (int i = 2; i < 4; i++)
        w[i] = wire_open(f->port);
    connect_by(f, "user=admin dbname=main", "sorry, too many clients already");
    for (int i = 0; i < 4; i++)
        wire_close(&w[i]);
    for (int i = 0; i < 300 && f->fake.closed < 4; i++)
        usleep(10000);
    connect_by(f, "user=bob dbname=main", NULL);
}

static void test_reload(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const char closed[] = "host all all all reject\n", broken[] = "host all\n";
    struct wire before = wire_open(f->port);
    assert_ok(env_write_file(env_real(), f->hba, broken, sizeof broken - 1, &err), &err);
    assert_sqlstate(pg_server_reload(f->server, f->cert, f->key, f->hba, &err), &err, "F0000");
    connect_by(f, "user=admin dbname=main", NULL);
    assert_sqlstate(pg_server_reload(f->server, f->key, f->key, NULL, &err), &err, "F0000");
    assert_ok(env_write_file(env_real(), f->hba, closed, sizeof closed - 1, &err), &err);
    assert_ok(pg_server_reload(f->server, f->cert, f->key, f->hba, &err), &err);
    connect_by(f, "user=admin dbname=main", "pg_hba.conf rejects connection");
    char *got = wire_query(&before, "select 1");
    assert_string_equal(got, "T D(1) C(SELECT 1) Z(I)");
    free(got);
    wire_close(&before);
    /* A key that others can read is refused. */
    assert_int_equal(chmod(f->key, 0644), 0);
    assert_sqlstate(pg_server_reload(f->server, f->cert, f->key, f->hba, &err), &err, "F0000");
}

static void test_cancel_over_tls(void **state)
{
    struct fixture *f = *state;
    char conninfo[256], message[256];
    snprintf(conninfo, sizeof conninfo, "hostaddr=127.0.0.1 port=%u user=carol dbname=main sslmode=require", f->port);
    PGconn *c = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    assert_int_equal(PQsendQuery(c, "sleep"), 1);
    usleep(20000);
    PGcancel *cancel = PQgetCancel(c);
    assert_int_equal(PQcancel(cancel, message, sizeof message), 1);
    PQfreeCancel(cancel);
    PGresult *r = PQgetResult(c);
    assert_string_equal(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014");
    PQclear(r);
    PQfinish(c);
}

static void test_pipeline_and_copy_over_tls(void **state)
{
    struct fixture *f = *state;
    char conninfo[256];
    snprintf(conninfo, sizeof conninfo, "hostaddr=127.0.0.1 port=%u user=carol dbname=main sslmode=require", f->port);
    PGconn *c = PQconnectdb(conninfo);
    PGresult *r = PQexec(c, "rows 50000");
    assert_int_equal(PQntuples(r), 50000);
    PQclear(r);
    r = PQexec(c, "copy in");
    assert_int_equal(PQresultStatus(r), PGRES_COPY_IN);
    PQclear(r);
    char *block = xcalloc(1, 1 << 20);
    for (int i = 0; i < 8; i++)
        assert_int_equal(PQputCopyData(c, block, 1 << 20), 1);
    free(block);
    assert_int_equal(PQputCopyEnd(c, NULL), 1);
    r = PQgetResult(c);
    assert_string_equal(PQcmdStatus(r), "COPY 8388608");
    PQclear(r);
    while ((r = PQgetResult(c)) != NULL)
        PQclear(r);
    assert_int_equal(PQenterPipelineMode(c), 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(PQsendQueryParams(c, i == 50 ? "error" : "rows 2", 0, NULL, NULL, NULL, NULL, 0), 1);
    assert_int_equal(PQpipelineSync(c), 1);
    int rows = 0, errors = 0, aborted = 0;
    for (int i = 0; i < 100; i++) {
        while ((r = PQgetResult(c)) != NULL) {
            rows += PQntuples(r);
            errors += PQresultStatus(r) == PGRES_FATAL_ERROR;
            aborted += PQresultStatus(r) == PGRES_PIPELINE_ABORTED;
            PQclear(r);
        }
    }
    assert_int_equal(rows, 100);
    assert_int_equal(errors, 1);
    assert_int_equal(aborted, 49);
    PQfinish(c);
}

#define TLS(fn)   cmocka_unit_test_setup_teardown(fn, setup_tls, teardown)
#define PLAIN(fn) cmocka_unit_test_setup_teardown(fn, setup_plain, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS(test_trust_maps_unknown_names),
        TLS(test_scram),
        TLS(test_clear_password),
        TLS(test_startup_options),
        PLAIN(test_versions),
        PLAIN(test_bad_startup_packets),
        TLS(test_encryption_requests),
        PLAIN(test_no_tls_configured),
        TLS(test_direct_tls),
        PLAIN(test_illegal_messages_during_sasl),
        PLAIN(test_slow_loris),
        PLAIN(test_connection_limits),
        TLS(test_reload),
        TLS(test_cancel_over_tls),
        TLS(test_pipeline_and_copy_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
