/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server for health, metrics and administration. It has no routes of its own: callers register
 * handlers by method and path, a path that none is registered for does not exist (404).
 *
 * Threads: quick handlers run on the server's own thread and must not block (health answers under any load); all others
 * run on a few workers, each request on one of them. A request and its parts are valid during the handler's call only.
 *
 * Paths are decoded once, before routes are matched; one with "..", an empty part, a backslash, ';', control characters
 * or an encoded slash is refused (400), so that no handler sees two spellings of one path.
 */
#ifndef MENCIA_HTTP_HTTP_H
#define MENCIA_HTTP_HTTP_H

#include "base/error.h"
#include "base/str.h"

struct http_server;
struct http_request;

struct http_config {
    const char *listen_address; /* "localhost" (default), "*", numeric */
    uint16_t port;              /* 0 = a free one; default 0 */
    uint32_t workers;           /* 4 */
    uint32_t max_body_bytes;    /* larger ones get 413; 16 MiB */
    uint32_t max_connections;   /* 512 */
    uint32_t timeout_s;         /* a connection on which nothing happens; 30 */
};

enum { HTTP_HEADERS_MAX = 8 };

struct http_response {
    uint16_t status;          /* 200 to begin with */
    const char *content_type; /* static text; "text/plain; charset=utf-8" to begin with */
    struct strbuf body;       /* empty; released by the server */
    uint32_t nheader;
    struct {
        char name[48], value[256];
    } header[HTTP_HEADERS_MAX];
};

typedef void (*http_handler)(void *arg, struct http_request *request, struct http_response *response);

void http_config_init(struct http_config *config);
/* Nothing is served before http_server_start. */
bool http_server_open(const struct http_config *config, struct http_server **out, struct error *err) MUST_CHECK;
uint16_t http_server_port(const struct http_server *server);
/* Before http_server_start. Serves path itself and everything below it ("/a" serves "/a/b", not "/ab"); the longest
 * path wins. method: "GET" (serves HEAD as well), "POST", …; the texts are copied. */
void http_route(struct http_server *server, const char *method, const char *path, bool quick, http_handler handler,
                void *arg);
bool http_server_start(struct http_server *server, struct error *err) MUST_CHECK;
/* Finishes requests that are being handled, then frees. Also for one that was not started. */
void http_server_close(struct http_server *server);

const char *http_method(const struct http_request *request);
/* Decoded, starts with '/'. */
const char *http_path(const struct http_request *request);
/* What follows the route's path: "" or "/…". */
const char *http_path_rest(const struct http_request *request);
struct strview http_body(const struct http_request *request);
/* NULL = absent. Names of headers are case-insensitive. */
const char *http_header(const struct http_request *request, const char *name);
/* Value of a parameter in the query string, decoded; NULL = absent or not decodable. */
const char *http_param(struct http_request *request, const char *name);
/* Numeric address of the client. */
const char *http_client(const struct http_request *request);

/* Names and values that are too long or hold line breaks are left out. */
void http_response_header(struct http_response *response, const char *name, const char *value);
/* Sets status and a problem+json body (RFC 9457) with the error's SQLSTATE, message, detail, hint and position. */
void http_response_error(struct http_response *response, uint16_t status, const struct error *err);

#endif
