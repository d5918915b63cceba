/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "http/http.h"
#include "tests/lib/wire_client.h"

#include <pthread.h>

struct fixture {
    struct http_server *server;
    uint16_t port;
    _Atomic bool release; /* lets slow handlers end */
    _Atomic int running, ran;
};

static void quick(void *arg, struct http_request *request, struct http_response *response)
{
    strbuf_add_cstr(&response->body, "alive\n");
}

static void echo(void *arg, struct http_request *request, struct http_response *response)
{
    const char *q = http_param(request, "q"), *token = http_header(request, "x-token");
    struct strview body = http_body(request);
    response->content_type = "application/json";
    http_response_header(response, "X-Rest", http_path_rest(request));
    http_response_header(response, "X-Bad", "a\r\nSet-Cookie: b");
    strbuf_add_fmt(&response->body, "%s %s q=%s token=%s client=%s body=%.*s", http_method(request), http_path(request),
                   q ? q : "(none)", token ? token : "(none)", http_client(request), (int)MIN_OF(body.len, 20),
                   body.ptr);
}

static void slow(void *arg, struct http_request *request, struct http_response *response)
{
    struct fixture *f = arg;
    f->running++;
    while (!f->release)
        usleep(1000);
    f->ran++;
    strbuf_add_cstr(&response->body, "slow\n");
}

static void broken(void *arg, struct http_request *request, struct http_response *response)
{
    struct error err;
    error_set(&err, SQLSTATE_SYNTAX_ERROR, "syntax error at or near \"selec\"");
    error_position(&err, 3);
    http_response_error(response, 400, &err);
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct http_config config;
    struct error err;
    http_config_init(&config);
    config.listen_address = "127.0.0.1";
    config.max_body_bytes = 1000;
    config.workers = 2;
    assert_ok(http_server_open(&config, &f->server, &err), &err);
    http_route(f->server, "GET", "/livez", true, quick, f);
    http_route(f->server, "GET", "/a", false, echo, f);
    http_route(f->server, "POST", "/a/b", false, echo, f);
    http_route(f->server, "GET", "/slow", false, slow, f);
    http_route(f->server, "GET", "/broken", true, broken, f);
    assert_ok(http_server_start(f->server, &err), &err);
    f->port = http_server_port(f->server);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->release = true;
    http_server_close(f->server);
    free(f);
    return 0;
}

static void send_request(struct wire *w, const char *text)
{
    strbuf_add_cstr(&w->out, text);
    wire_send(w);
}

/* Sends the request on a connection of its own and reads to the end. */
static void ask(struct fixture *f, const char *head, const char *body, const char *status, const char *part)
{
    struct wire w = wire_connect(f->port);
    char text[4096];
    snprintf(text, sizeof text,
             "%s HTTP/1.1\r\nHost: x\r\nX-Token: tok\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", head,
             strlen(body), body);
    send_request(&w, text);
    while (wire_fill(&w, 3000))
        ;
    if (strncmp(w.in.data, "HTTP/1.1 ", 9) != 0 || strncmp(w.in.data + 9, status, 3) != 0 || !strstr(w.in.data, part))
        fail_msg("%s: got \"%s\", wanted %s %s", head, w.in.data, status, part);
    assert_null(strstr(w.in.data, "Set-Cookie"));
    wire_close(&w);
}

static void test_routes(void **state)
{
    struct fixture *f = *state;
    ask(f, "GET /livez", "", "200", "alive\n");
    ask(f, "GET /livez/", "", "200", "alive\n");
    ask(f, "HEAD /livez", "", "200", "Content-Length: 6");
    ask(f, "GET /", "", "404", "not found");
    ask(f, "GET /livezz", "", "404", "not found");
    ask(f, "DELETE /livez", "", "405", "method not allowed");
    ask(f, "GET /a", "", "200", "GET /a q=(none) token=tok client=127.0.0.1 body=");
    ask(f, "GET /a/x/y?q=1+2%20%263&z", "", "200", "GET /a/x/y q=1 2 &3 token=tok");
    ask(f, "GET /a/x/y", "", "200", "X-Rest: /x/y");
    ask(f, "GET /a/b", "", "200", "GET /a/b q");
    ask(f, "POST /a/b", "hello", "200", "POST /a/b q=(none) token=tok client=127.0.0.1 body=hello");
    ask(f, "GET /a/t%C3%A4st", "", "200", "GET /a/t\xC3\xA4st q");
    ask(f, "GET /a?q=%zz", "", "200", "q=(none)");
    ask(f, "GET /broken", "", "400",
        "{\"status\":400,\"title\":\"syntax error at or near \\\"selec\\\"\",\"sqlstate\":\"42601\",\"position\":3}");
}

static void test_paths_have_one_spelling(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "/a/../livez", "/a/%2e%2e/livez", "/a//b", "/a/./b",   "/a%2Fb", "/a%00",     "/a%",
        "/a%4",        "/a/..",           "/a\\b", "/livez;.", "/a/%ff", "/a/%0d%0a", "/a/%2E"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char head[64];
        snprintf(head, sizeof head, "GET %s", bad[i]);
        ask(f, head, "", "400", "bad path");
    }
}

static void test_large_body(void **state)
{
    struct fixture *f = *state;
    char body[1500] = "";
    memset(body, 'x', 1000);
    ask(f, "POST /a/b", body, "200", "body=xxxx");
    memset(body, 'x', 1001);
    ask(f, "POST /a/b", body, "413", "too large");
    ask(f, "POST /nowhere", body, "404", "not found");
    /* Far too much: the connection is closed before all of it is sent. */
    struct wire w = wire_connect(f->port);
    char *much = xcalloc(1, 8 << 20);
    send_request(&w, "POST /a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    size_t sent = 0;
    for (ssize_t n = 1; n > 0 && sent<512 << 20; sent += n> 0 ? (size_t)n : 0)
        n = send(w.fd, much, 8 << 20, MSG_NOSIGNAL);
    assert_true(sent < 64 << 20);
    free(much);
    wire_close(&w);
}

static void test_health_answers_under_load(void **state)
{
    enum { N = 10 };
    struct fixture *f = *state;
    struct wire w[N];
    for (int i = 0; i < N; i++) {
        w[i] = wire_connect(f->port);
        send_request(&w[i], "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    for (int i = 0; i < 300 && f->running < 2; i++)
        usleep(10000);
    assert_int_equal(f->running, 2);
    ask(f, "GET /livez", "", "200", "alive\n");
    f->release = true;
    for (int i = 0; i < N; i++) {
        while (wire_fill(&w[i], 3000))
            ;
        assert_non_null(strstr(w[i].in.data, "slow\n"));
        wire_close(&w[i]);
    }
    assert_int_equal(f->ran, N);
}

static void *release_later(void *arg)
{
    struct fixture *f = arg;
    usleep(50000);
    f->release = true;
    return NULL;
}

static void test_close_waits_for_handlers(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port), gone = wire_connect(f->port);
    pthread_t thread;
    struct error err;
    send_request(&gone, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    send_request(&w, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 300 && f->running < 2; i++)
        usleep(10000);
    wire_close(&gone);
    pthread_create(&thread, NULL, release_later, f);
    http_server_close(f->server);
    pthread_join(thread, NULL);
    assert_int_equal(f->ran, 2);
    wire_close(&w);
    struct http_config config;
    http_config_init(&config);
    assert_ok(http_server_open(&config, &f->server, &err), &err);
}

static void test_keep_alive(void **state)
{
    struct fixture *f = *state;
    struct wire w = wire_connect(f->port);
    for (int i = 0; i < 3; i++) {
        w.in.len = 0;
        send_request(&w, i % 2 ? "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!strstr(w.in.len ? w.in.data : "", i % 2 ? "body=" : "alive\n"))
            assert_true(wire_fill(&w, 3000));
    }
    wire_close(&w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_routes),
        CASE(test_paths_have_one_spelling),
        CASE(test_large_body),
        CASE(test_health_answers_under_load),
        CASE(test_close_waits_for_handlers),
        CASE(test_keep_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
