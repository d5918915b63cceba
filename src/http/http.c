/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd calls on_access once with the headers, then for each piece of the body, then once more. A request for
 * a worker is suspended there; when its answer is ready it is resumed, and on_access is called again to send it.
 */
#include "http/http.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/path_int.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MAX = 4, WORKERS_MAX = 64, SWALLOW_BYTES = 1 << 20 };

struct route {
    char *method, *path;
    bool quick;
    http_handler handler;
    void *arg;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_request *next; /* in the queue */
    struct arena arena;
    const char *method;
    char *path;                /* NULL = not acceptable */
    const struct route *route; /* NULL = none */
    struct strbuf body;
    uint64_t received; /* bytes of the body, kept or not */
    bool too_large;
    bool answered; /* the response is filled in */
    struct http_response response;
};

struct http_server {
    struct http_config config;
    uint16_t port;
    int listener[LISTENERS_MAX];
    uint32_t nlistener;
    struct MHD_Daemon *daemon[LISTENERS_MAX];
    struct route *route;
    uint32_t nroute;

    pthread_mutex_t lock;
    pthread_cond_t work;
    struct http_request *head, *tail; /* for the workers */
    bool stop;
    pthread_t worker[WORKERS_MAX];
    uint32_t nworker;
};

void http_config_init(struct http_config *config)
{
    *config = (struct http_config){.listen_address = "localhost",
                                   .workers = 4,
                                   .max_body_bytes = 16 << 20,
                                   .max_connections = 512,
                                   .timeout_s = 30};
}

bool http_server_open(const struct http_config *config, struct http_server **out, struct error *err)
{
    struct http_server *server = xcalloc(1, sizeof *server);
    server->config = *config;
    server->config.listen_address = NULL;
    server->config.workers = MIN_OF(MAX_OF(config->workers, 1u), (uint32_t)WORKERS_MAX);
    server->nlistener = LISTENERS_MAX;
    if (!net_listen_tcp(config->listen_address, config->port, server->listener, &server->nlistener, &server->port,
                        err)) {
        free(server);
        return false;
    }
    pthread_mutex_init(&server->lock, NULL);
    cond_init(&server->work);
    *out = server;
    return true;
}

uint16_t http_server_port(const struct http_server *server) { return server->port; }

void http_route(struct http_server *server, const char *method, const char *path, bool quick, http_handler handler,
                void *arg)
{
    assert(path[0] == '/' && server->nworker == 0);
    server->route = xrealloc(server->route, size_mul(server->nroute + 1, sizeof *server->route));
    server->route[server->nroute++] = (struct route){xstrdup(method), xstrdup(path), quick, handler, arg};
}

static bool route_covers(const struct route *route, const char *path)
{
    size_t len = strlen(route->path);
    if (route->path[len - 1] == '/')
        len--;
    return strncmp(path, route->path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* The longest path that covers; *other_method = there is one for other methods only. */
static const struct route *find_route(const struct http_server *server, const char *method, const char *path,
                                      bool *other_method)
{
    const struct route *best = NULL;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *other_method = false;
    for (uint32_t i = 0; i < server->nroute; i++) {
        const struct route *route = &server->route[i];
        if (!route_covers(route, path))
            continue;
        if (strcmp(route->method, wanted) != 0)
            *other_method = true;
        else if (!best || strlen(route->path) > strlen(best->path))
            best = route;
    }
    return best;
}

static void plain_answer(struct http_request *request, uint16_t status, const char *text)
{
    request->response.status = status;
    strbuf_add_cstr(&request->response.body, text);
    request->answered = true;
}

static struct http_request *request_new(struct http_server *server, struct MHD_Connection *connection, const char *url,
                                        const char *method)
{
    bool other_method = false;
    struct http_request *request = xcalloc(1, sizeof *request);
    request->server = server;
    request->connection = connection;
    arena_init(&request->arena, NULL);
    strbuf_init(&request->body);
    strbuf_init(&request->response.body);
    request->response.status = 200;
    request->response.content_type = "text/plain; charset=utf-8";
    request->method = arena_strdup(&request->arena, method);
    request->path = arena_strdup(&request->arena, url);
    if (!path_normalise(request->path)) {
        plain_answer(request, 400, "bad path\n");
        return request;
    }
    request->route = find_route(server, request->method, request->path, &other_method);
    if (!request->route)
        plain_answer(request, other_method ? 405 : 404, other_method ? "method not allowed\n" : "not found\n");
    return request;
}

static void request_free(struct http_request *request)
{
    strbuf_release(&request->body);
    strbuf_release(&request->response.body);
    arena_release(&request->arena);
    free(request);
}

static void run_handler(struct http_request *request)
{
    request->route->handler(request->route->arg, request, &request->response);
    request->answered = true;
}

static void *worker_main(void *arg)
{
    struct http_server *server = arg;
    pthread_mutex_lock(&server->lock);
    for (;;) {
        struct http_request *request = server->head;
        if (request) {
            server->head = request->next;
            if (!server->head)
                server->tail = NULL;
            pthread_mutex_unlock(&server->lock);
            run_handler(request);
            MHD_resume_connection(request->connection);
            pthread_mutex_lock(&server->lock);
        } else if (server->stop)
            break;
        else
            pthread_cond_wait(&server->work, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* To a worker; the connection sleeps meanwhile and the request is the worker's. False: it was answered at once. */
static bool hand_over(struct http_request *request)
{
    struct http_server *server = request->server;
    pthread_mutex_lock(&server->lock);
    bool handed = !server->stop;
    if (!handed)
        plain_answer(request, 503, "shutting down\n");
    else {
        MHD_suspend_connection(request->connection);
        if (server->tail)
            server->tail->next = request;
        else
            server->head = request;
        server->tail = request;
        pthread_cond_signal(&server->work);
    }
    pthread_mutex_unlock(&server->lock);
    return handed;
}

static enum MHD_Result send_answer(struct http_request *request)
{
    struct http_response *r = &request->response;
    size_t len = r->body.len;
    struct MHD_Response *response;
    if (len > 0)
        response = MHD_create_response_from_buffer(len, strbuf_detach(&r->body), MHD_RESPMEM_MUST_FREE);
    else
        response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", r->content_type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (uint32_t i = 0; i < r->nheader; i++)
        MHD_add_response_header(response, r->header[i].name, r->header[i].value);
    enum MHD_Result result = MHD_queue_response(request->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

static void add_body(struct http_request *request, const char *data, size_t len)
{
    if (request->too_large || request->body.len + len > request->server->config.max_body_bytes) {
        request->too_large = true;
        strbuf_release(&request->body);
    } else
        strbuf_add(&request->body, data, len);
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *upload_len, void **state)
{
    struct http_server *server = arg;
    struct http_request *request = *state;
    if (!request) {
        *state = request_new(server, connection, url, method);
        return MHD_YES;
    }
    if (*upload_len > 0) {
        request->received += *upload_len;
        if (!request->answered)
            add_body(request, upload, *upload_len);
        /* A little too much is swallowed to be able to say so; whoever goes on is cut off. */
        if (request->received > (uint64_t)server->config.max_body_bytes + SWALLOW_BYTES)
            return MHD_NO;
        *upload_len = 0;
        return MHD_YES;
    }
    if (!request->answered && request->too_large)
        plain_answer(request, 413, "request body too large\n");
    if (!request->answered && request->route->quick)
        run_handler(request);
    if (!request->answered && hand_over(request))
        return MHD_YES;
    return send_answer(request);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    if (*state)
        request_free(*state);
    *state = NULL;
}

/* Nothing is decoded by the library: paths and parameters are, once, by ours. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *s) { return strlen(s); }

static void PRINTF_LIKE(2, 0) log_library(void *arg, const char *fmt, va_list args)
{
    char text[256];
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("http", "library=\"%s\"", text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC,
                            0, NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_CONNECTION_LIMIT, server->config.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
                            server->config.timeout_s, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
}

bool http_server_start(struct http_server *server, struct error *err)
{
    for (; server->nworker < server->config.workers; server->nworker++)
        if (!thread_start(&server->worker[server->nworker], "http", worker_main, server, err))
            return false;
    for (uint32_t i = 0; i < server->nlistener; i++) {
        server->daemon[i] = start_daemon(server, server->listener[i]);
        if (!server->daemon[i])
            return error_set(err, SQLSTATE_INSUFFICIENT_RESOURCES, "could not start the HTTP server");
    }
    return true;
}

void http_server_close(struct http_server *server)
{
    for (uint32_t i = 0; i < server->nlistener; i++)
        if (server->daemon[i])
            MHD_quiesce_daemon(server->daemon[i]);
    pthread_mutex_lock(&server->lock);
    server->stop = true;
    pthread_cond_broadcast(&server->work);
    pthread_mutex_unlock(&server->lock);
    for (uint32_t i = 0; i < server->nworker; i++)
        pthread_join(server->worker[i], NULL);
    /* Nothing is suspended any more, which stopping demands. */
    for (uint32_t i = 0; i < server->nlistener; i++) {
        if (server->daemon[i])
            MHD_stop_daemon(server->daemon[i]);
        close(server->listener[i]);
    }
    for (uint32_t i = 0; i < server->nroute; i++) {
        free(server->route[i].method);
        free(server->route[i].path);
    }
    free(server->route);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->work);
    free(server);
}

const char *http_method(const struct http_request *request) { return request->method; }

const char *http_path(const struct http_request *request) { return request->path; }

const char *http_path_rest(const struct http_request *request)
{
    size_t len = strlen(request->route->path);
    return request->path + (request->route->path[len - 1] == '/' ? len - 1 : len);
}

struct strview http_body(const struct http_request *request)
{
    return strview_make(request->body.data, request->body.len);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_param(struct http_request *request, const char *name)
{
    const char *raw = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    char *value = raw ? arena_strdup(&request->arena, raw) : NULL;
    return value && percent_decode(value) ? value : NULL;
}

const char *http_client(const struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;
    char *text = arena_alloc((struct arena *)&request->arena, INET6_ADDRSTRLEN);
    const void *address = sa && sa->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr
                                                          : (const void *)&((const struct sockaddr_in *)sa)->sin_addr;
    return sa && inet_ntop(sa->sa_family, address, text, INET6_ADDRSTRLEN) ? text : "";
}

void http_response_header(struct http_response *response, const char *name, const char *value)
{
    size_t n = strlen(name), v = strlen(value);
    if (response->nheader == HTTP_HEADERS_MAX || n >= sizeof response->header[0].name ||
        v >= sizeof response->header[0].value || strpbrk(value, "\r\n") || strpbrk(name, "\r\n: "))
        return;
    memcpy(response->header[response->nheader].name, name, n + 1);
    memcpy(response->header[response->nheader++].value, value, v + 1);
}

static void add_json_string(struct strbuf *out, const char *s)
{
    strbuf_add_char(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            strbuf_add_char(out, '\\');
        if ((unsigned char)*s < 0x20)
            strbuf_add_fmt(out, "\\u%04x", *s);
        else
            strbuf_add_char(out, *s);
    }
    strbuf_add_char(out, '"');
}

static void add_member(struct strbuf *out, const char *name, const char *value)
{
    if (!value[0])
        return;
    strbuf_add_fmt(out, ",\"%s\":", name);
    add_json_string(out, value);
}

void http_response_error(struct http_response *response, uint16_t status, const struct error *err)
{
    struct strbuf *out = &response->body;
    strbuf_clear(out);
    response->status = status;
    response->content_type = "application/problem+json";
    strbuf_add_fmt(out, "{\"status\":%u", status);
    add_member(out, "title", err->message);
    add_member(out, "sqlstate", err->sqlstate);
    add_member(out, "detail", err->detail);
    add_member(out, "hint", err->hint);
    if (err->position > 0)
        strbuf_add_fmt(out, ",\"position\":%d", err->position);
    strbuf_add_cstr(out, "}\n");
}
