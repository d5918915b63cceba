/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a thread when there are few, and many clients that come, go, cancel and are ended at once. */
#include "tests/lib/unit.h"

#include "tests/lib/fake_backend.h"
#include "tests/lib/wire_client.h"

struct fixture {
    struct fake_server fake;
    struct pg_server *server;
    uint16_t port;
};

static void open_server(struct fixture *f, uint32_t max_active, uint32_t reserved, uint32_t max_blocked)
{
    struct pg_server_config config;
    struct error err;
    pg_server_config_init(&config);
    config.listen_addresses = "127.0.0.1";
    config.max_active = max_active;
    config.reserved_active = reserved;
    config.max_blocked = max_blocked;
    memset(f, 0, sizeof *f);
    assert_ok(pg_server_open(&config, &fake_ops, &f->fake, &f->server, &err), &err);
    f->port = pg_server_port(f->server);
}

static void close_server(struct fixture *f)
{
    pg_server_close(f->server);
    assert_int_equal(f->fake.opened, f->fake.closed);
}

static struct wire connect_as(struct fixture *f, const char *user)
{
    struct wire w = wire_connect(f->port);
    wire_startup(&w, user, "main");
    char *got = wire_read(&w, 1, 0);
    assert_non_null(strstr(got, "Z(I)"));
    free(got);
    return w;
}

static void expect_row(struct wire *w)
{
    char *got = wire_query(w, "select 1");
    assert_string_equal(got, "T D(1) C(SELECT 1) Z(I)");
    free(got);
}

static void start_query(struct wire *w, const char *sql)
{
    wire_add(w, 'Q', "s", sql);
    wire_send(w);
}

static void cancel(struct fixture *f, const struct wire *w)
{
    struct wire c = wire_connect(f->port);
    wire_add(&c, 0, "444", 80877102u, (uint32_t)w->pid, w->key);
    char *got = wire_ask(&c, 1);
    assert_string_equal(got, " <EOF>");
    free(got);
    wire_close(&c);
}

/* Waits until this many statements run. */
static void wait_active(struct fixture *f, uint32_t active)
{
    struct pg_server_stats stats = {0};
    for (int i = 0; i < 300 && stats.active != active; i++) {
        usleep(5000);
        pg_server_stats(f->server, &stats);
    }
    assert_int_equal(stats.active, active);
}

static void test_reserved_threads(void **state)
{
    struct fixture f;
    open_server(&f, 3, 1, 0);
    struct wire busy1 = connect_as(&f, "bob"), busy2 = connect_as(&f, "bob"), waits = connect_as(&f, "bob"),
                admin = connect_as(&f, "admin");
    start_query(&busy1, "sleep");
    start_query(&busy2, "sleep");
    wait_active(&f, 2);
    start_query(&waits, "select 1");
    /* The last thread is for superusers; a cancel needs none at all. */
    expect_row(&admin);
    struct pg_server_stats stats;
    pg_server_stats(f.server, &stats);
    assert_int_equal(stats.queued, 1);
    cancel(&f, &busy1);
    char *got = wire_read(&waits, 1, 0);
    assert_string_equal(got, "T D(1) C(SELECT 1) Z(I)");
    free(got);
    cancel(&f, &busy2);
    wire_close(&busy1);
    wire_close(&busy2);
    wire_close(&waits);
    wire_close(&admin);
    close_server(&f);
}

static void test_slow_readers_do_not_hold_threads(void **state)
{
    struct fixture f;
    open_server(&f, 2, 0, 2);
    struct wire slow1 = connect_as(&f, "admin"), slow2 = connect_as(&f, "admin"), other = connect_as(&f, "admin");
    start_query(&slow1, "rows 5000000");
    start_query(&slow2, "rows 5000000");
    wait_active(&f, 2);
    int64_t start = net_now_ns();
    expect_row(&other);
    assert_true(net_now_ns() - start > 500 * NET_MS);
    struct pg_server_stats stats = {0};
    for (int i = 0; i < 300 && stats.blocked != 2; i++) {
        usleep(5000);
        pg_server_stats(f.server, &stats);
    }
    assert_int_equal(stats.blocked, 2);
    assert_int_equal(stats.active, 0);
    expect_row(&other);
    wire_close(&slow1);
    wire_close(&slow2);
    wire_close(&other);
    close_server(&f);
}

static void test_threads_grow_with_demand(void **state)
{
    enum { N = 40 };
    struct fixture f;
    struct wire w[N];
    open_server(&f, 64, 0, 0);
    for (int i = 0; i < N; i++)
        w[i] = connect_as(&f, "admin");
    for (int i = 0; i < N; i++)
        start_query(&w[i], "sleep");
    wait_active(&f, N);
    for (int i = 0; i < N; i++)
        cancel(&f, &w[i]);
    for (int i = 0; i < N; i++) {
        char *got = wire_read(&w[i], 1, 0);
        assert_string_equal(got, "E(ERROR 57014 canceling statement due to user request) Z(I)");
        free(got);
        wire_close(&w[i]);
    }
    close_server(&f);
}

/* One that sends without pause does not keep the only thread. */
static void test_pipelines_take_turns(void **state)
{
    struct fixture f;
    open_server(&f, 1, 0, 0);
    struct wire hog = connect_as(&f, "admin"), other = connect_as(&f, "admin");
    for (int i = 0; i < 20000; i++)
        wire_add(&hog, 'Q', "s", "select 1");
    size_t half = hog.out.len;
    assert_int_equal(send(hog.fd, hog.out.data, half, MSG_NOSIGNAL), (ssize_t)half);
    strbuf_clear(&hog.out);
    expect_row(&other);
    char *got = wire_read(&hog, 20000, 0);
    assert_null(strstr(got, "E("));
    free(got);
    wire_close(&hog);
    wire_close(&other);
    close_server(&f);
}

enum { STRESS_THREADS = 6, STRESS_ROUNDS = 60 };

struct stress {
    struct fixture *f;
    unsigned seed;
    int finished; /* statements answered */
};

static void stress_round(struct stress *s)
{
    static const char *const sql[] = {"select 1", "rows 300", "error", "copy out", "begin", "big 100000", "notice"};
    struct wire w = wire_connect(s->f->port);
    wire_startup(&w, "admin", "main");
    char *got = wire_read(&w, 1, 0);
    bool ok = strstr(got, "Z(I)") != NULL;
    free(got);
    unsigned what = (unsigned)rand_r(&s->seed) % 8;
    for (unsigned i = 0; ok && i < what; i++) {
        got = wire_query(&w, sql[(unsigned)rand_r(&s->seed) % ARRAY_LEN(sql)]);
        ok = strstr(got, "Z(") != NULL;
        s->finished += ok;
        free(got);
    }
    if (ok && what % 4 == 1) {
        start_query(&w, "sleep");
        cancel(s->f, &w);
        /* It may have come before the statement. */
        if (!pg_server_cancel(s->f->server, w.pid))
            fail();
        pg_server_terminate(s->f->server, w.pid);
        got = wire_read(&w, 2, 0);
        ok = strstr(got, "57P01") != NULL;
        free(got);
        assert(ok);
    } else if (ok && what % 4 == 2)
        pg_server_terminate(s->f->server, w.pid);
    else if (ok && what % 4 == 3)
        start_query(&w, "rows 100000");
    wire_close(&w);
}

static void *stress_main(void *arg)
{
    struct stress *s = arg;
    for (int i = 0; i < STRESS_ROUNDS; i++)
        stress_round(s);
    return NULL;
}

static void test_stress(void **state)
{
    struct fixture f;
    struct stress s[STRESS_THREADS];
    pthread_t thread[STRESS_THREADS];
    open_server(&f, 8, 0, 4);
    for (unsigned i = 0; i < STRESS_THREADS; i++) {
        s[i] = (struct stress){&f, i + 1, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, stress_main, &s[i]), 0);
    }
    int finished = 0;
    for (int i = 0; i < STRESS_THREADS; i++) {
        pthread_join(thread[i], NULL);
        finished += s[i].finished;
    }
    assert_true(finished > STRESS_THREADS * STRESS_ROUNDS);
    assert_int_equal(f.fake.opened, STRESS_THREADS * STRESS_ROUNDS);
    close_server(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserved_threads),
        cmocka_unit_test(test_slow_readers_do_not_hold_threads),
        cmocka_unit_test(test_threads_grow_with_demand),
        cmocka_unit_test(test_pipelines_take_turns),
        cmocka_unit_test(test_stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
