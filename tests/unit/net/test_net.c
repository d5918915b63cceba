/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "net/net.h"
#include "net/stream.h"
#include "net/timers.h"
#include "net/tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_addresses(void **state)
{
    struct net_addr a, b;
    assert_true(net_addr_parse("192.168.7.9", &a));
    assert_true(net_addr_parse("192.168.7.128", &b));
    assert_int_equal(a.family, 4);
    assert_true(net_addr_in_prefix(&a, &b, 24));
    assert_true(net_addr_in_prefix(&a, &b, 0));
    assert_false(net_addr_in_prefix(&a, &b, 25));
    assert_true(net_addr_in_prefix(&a, &a, 32));
    assert_false(net_addr_same_host(&a, &b));
    assert_true(net_addr_parse("::ffff:192.168.7.9", &b));
    assert_true(net_addr_same_host(&a, &b));
    assert_true(net_addr_parse("2001:db8::1", &b));
    assert_int_equal(b.family, 6);
    assert_true(net_addr_in_prefix(&b, &b, 128));
    assert_false(net_addr_in_prefix(&a, &b, 0));
    assert_false(net_addr_is_loopback(&b));
    assert_true(net_addr_parse("127.3.2.1", &a) && net_addr_is_loopback(&a));
    assert_true(net_addr_parse("::1", &a) && net_addr_is_loopback(&a));
    assert_true(net_addr_parse("127.0.0.1", &a) && net_addr_is_own(&a));
    assert_false(net_addr_parse("1.2.3", &a));
    assert_false(net_addr_parse("localhost", &a));
}

static void test_timers_come_in_order(void **state)
{
    enum { N = 500 };
    struct timers timers;
    struct timer *t = xcalloc(N, sizeof *t);
    uint32_t seed = 7;
    timers_init(&timers);
    assert_true(timers_next(&timers) == INT64_MAX);
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        timers_arm(&timers, &t[i], seed % 1000);
    }
    for (int i = 0; i < N; i += 3)
        timers_cancel(&timers, &t[i]);
    for (int i = 1; i < N; i += 3)
        timers_arm(&timers, &t[i], t[i].at_ns + 500);
    int64_t last = 0;
    int n = 0;
    struct timer *popped;
    assert_null(timers_pop(&timers, -1));
    while ((popped = timers_pop(&timers, 700)) != NULL) {
        assert_true(popped->at_ns >= last && popped->at_ns <= 700);
        last = popped->at_ns;
        n++;
    }
    assert_true(timers_next(&timers) > 700);
    while (timers_pop(&timers, INT64_MAX - 1))
        n++;
    assert_int_equal(n, N - (N + 2) / 3);
    timers_cancel(&timers, &t[0]);
    timers_release(&timers);
    free(t);
}

static void test_listen(void **state)
{
    struct error err;
    struct net_addr peer;
    int fds[4];
    uint32_t n = 4;
    uint16_t port, again;
    assert_ok(net_listen_tcp("127.0.0.1", 0, fds, &n, &port, &err), &err);
    assert_int_equal(n, 1);
    assert_true(port > 0);
    uint32_t m = 4;
    int taken[4];
    assert_sqlstate(net_listen_tcp("127.0.0.1", port, taken, &m, &again, &err), &err, "58030");
    assert_non_null(strstr(err.message, "could not listen on address \"127.0.0.1\""));
    assert_sqlstate(net_listen_tcp("no.such.host.invalid", 0, taken, &m, &again, &err), &err, "F0000");
    assert_int_equal(net_accept(fds[0], &peer), -1);
    assert_int_equal(errno, EAGAIN);
    close(fds[0]);

    char dir[] = "/tmp/mencia-net-XXXXXX", path[64], longer[200];
    int fd, second;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    assert_ok(net_listen_unix(path, 0777, &fd, &err), &err);
    assert_sqlstate(net_listen_unix(path, 0777, &second, &err), &err, "58030");
    close(fd);
    /* What a killed process leaves behind is no obstacle. */
    assert_ok(net_listen_unix(path, 0777, &fd, &err), &err);
    close(fd);
    unlink(path);
    rmdir(dir);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_sqlstate(net_listen_unix(longer, 0777, &fd, &err), &err, "F0000");
}

static void pair(struct stream *a, struct stream *b)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    stream_init(a, fd[0]);
    stream_init(b, fd[1]);
}

static void test_stream_carries_everything(void **state)
{
    enum { TOTAL = 3 << 20 };
    struct stream a, b;
    size_t got = 0;
    pair(&a, &b);
    assert_int_equal(stream_fill(&b), NET_AGAIN);
    for (uint32_t i = 0; i < TOTAL / 4; i++)
        strbuf_add_be32(&a.out, i);
    while (got < TOTAL) {
        enum net_status sent = stream_flush(&a);
        assert_true(sent == NET_OK || sent == NET_AGAIN);
        while (stream_fill(&b) == NET_OK)
            ;
        /* Consumed in odd sizes, so that values straddle. */
        while (stream_buffered(&b) >= 4 && (stream_buffered(&b) > 4099 || got + stream_buffered(&b) == TOTAL)) {
            assert_int_equal(load_be32(stream_data(&b)), got / 4);
            stream_consume(&b, 4);
            got += 4;
        }
    }
    assert_int_equal(stream_unsent(&a), 0);
    stream_trim(&b);
    assert_null(b.in);
    stream_release(&a);
    assert_int_equal(stream_fill(&b), NET_CLOSED);
    strbuf_add_char(&b.out, 'x');
    assert_int_equal(stream_flush(&b), NET_FAILED);
    stream_release(&b);
}

static void test_detached_input_keeps_views(void **state)
{
    struct stream a, b;
    pair(&a, &b);
    strbuf_add_cstr(&a.out, "firstsecond");
    assert_int_equal(stream_flush(&a), NET_OK);
    assert_int_equal(stream_fill(&b), NET_OK);
    const char *view = stream_data(&b);
    stream_consume(&b, 5);
    char *old = stream_detach_input(&b);
    assert_memory_equal(stream_data(&b), "second", 6);
    for (int i = 0; i < 100; i++)
        strbuf_add_cstr(&a.out, "0123456789012345678901234567890123456789012345678901234567890123456789");
    assert_int_equal(stream_flush(&a), NET_OK);
    while (stream_fill(&b) == NET_OK)
        ;
    assert_memory_equal(view, "first", 5);
    assert_memory_equal(stream_data(&b), "second0123", 10);
    free(old);
    stream_release(&a);
    stream_release(&b);
}

struct files {
    char dir[64], cert[96], key[96];
};

static void make_files(struct files *f)
{
    struct error err;
    snprintf(f->dir, sizeof f->dir, "/tmp/mencia-tls-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->dir);
    snprintf(f->key, sizeof f->key, "%s/key.pem", f->dir);
    assert_ok(tls_make_self_signed(f->cert, f->key, "db.example", &err), &err);
}

static void remove_files(struct files *f)
{
    unlink(f->cert);
    unlink(f->key);
    assert_int_equal(rmdir(f->dir), 0);
}

static void test_tls_files(void **state)
{
    struct files f, g;
    struct tls_context *tls;
    struct error err;
    struct stat st;
    make_files(&f);
    make_files(&g);
    assert_int_equal(stat(f.key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(tls_context_open(f.cert, f.key, NULL, &tls, &err), &err);
    uint8_t hash[64];
    assert_int_equal(tls_context_end_point(tls, hash), 32);
    tls_context_put(tls_context_get(tls));
    tls_context_put(tls);
    assert_sqlstate(tls_context_open(f.cert, g.key, NULL, &tls, &err), &err, "F0000");
    assert_sqlstate(tls_context_open(f.key, f.key, NULL, &tls, &err), &err, "F0000");
    assert_sqlstate(tls_context_open("/nonexistent", f.key, NULL, &tls, &err), &err, "F0000");
    assert_sqlstate(tls_context_open(f.cert, "/nonexistent", NULL, &tls, &err), &err, "58P01");
    assert_int_equal(chmod(f.key, 0644), 0);
    assert_sqlstate(tls_context_open(f.cert, f.key, NULL, &tls, &err), &err, "F0000");
    assert_string_equal(err.detail, "Its permissions must be u=rw (0600) or less, or u=rw,g=r (0640) or less.");
    remove_files(&f);
    remove_files(&g);
}

static void test_tls_stream(void **state)
{
    struct files f;
    struct tls_context *tls;
    struct error err;
    struct stream server, client;
    char text[64] = "";
    make_files(&f);
    assert_ok(tls_context_open(f.cert, f.key, "postgresql", &tls, &err), &err);
    pair(&server, &client);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    client.ssl = SSL_new(ctx);
    SSL_set_alpn_protos(client.ssl, (const unsigned char *)"\x0apostgresql", 11);
    SSL_set_fd(client.ssl, client.fd);
    enum net_status status = NET_AGAIN;
    for (int i = 0, done = 0; i < 20 && (status == NET_AGAIN || done != 1); i++) {
        done = SSL_connect(client.ssl);
        if (status == NET_AGAIN)
            status = stream_tls_accept(&server, tls);
    }
    assert_int_equal(status, NET_OK);
    assert_true(stream_tls_alpn_is(&server, "postgresql"));
    assert_false(stream_tls_alpn_is(&server, "postgres"));
    assert_int_equal(stream_fill(&server), NET_AGAIN);
    assert_int_equal(stream_fill_events(&server), POLLIN);
    strbuf_add_cstr(&client.out, "over TLS");
    assert_int_equal(stream_flush(&client), NET_OK);
    assert_int_equal(stream_fill(&server), NET_OK);
    memcpy(text, stream_data(&server), stream_buffered(&server));
    assert_string_equal(text, "over TLS");
    /* More than the socket holds: stops, goes on, loses nothing. */
    strbuf_reserve(&server.out, 2 << 20);
    memset(server.out.data, 'y', 2 << 20);
    server.out.len = 2 << 20;
    assert_int_equal(stream_flush(&server), NET_AGAIN);
    assert_int_equal(stream_flush_events(&server), POLLOUT);
    size_t got = 0;
    while (got < 2 << 20) {
        while (stream_fill(&client) == NET_OK)
            ;
        got += stream_buffered(&client);
        stream_consume(&client, stream_buffered(&client));
        assert_true(stream_flush(&server) != NET_FAILED);
    }
    stream_release(&client);
    assert_int_equal(stream_fill(&server), NET_CLOSED);
    stream_release(&server);
    SSL_CTX_free(ctx);
    tls_context_put(tls);
    remove_files(&f);
}

static void test_poll_deadline(void **state)
{
    struct stream a, b;
    pair(&a, &b);
    int64_t start = net_now_ns();
    assert_int_equal(net_poll(a.fd, POLLIN, start + 20 * NET_MS), 0);
    assert_true(net_now_ns() - start >= 20 * NET_MS);
    assert_int_equal(net_poll(a.fd, POLLOUT, NET_NO_DEADLINE), POLLOUT);
    stream_release(&b);
    assert_true(net_poll(a.fd, POLLIN | POLLRDHUP, 0) & POLLRDHUP);
    stream_release(&a);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_timers_come_in_order),
        cmocka_unit_test(test_listen),     cmocka_unit_test(test_stream_carries_everything),
        cmocka_unit_test(test_tls_files),  cmocka_unit_test(test_detached_input_keeps_views),
        cmocka_unit_test(test_tls_stream), cmocka_unit_test(test_poll_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
