/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protocol client made of raw bytes, for tests: builds messages and turns the server's answers into a line of text
 * such as "T D1 D2 C(SELECT 2) Z(I)".
 */
#ifndef MENCIA_TESTS_WIRE_CLIENT_H
#define MENCIA_TESTS_WIRE_CLIENT_H

#include "base/str.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct wire {
    int fd;
    struct strbuf in;  /* received */
    size_t at;         /* parsed so far */
    struct strbuf out; /* to be sent by wire_send */
    int32_t pid;
    uint32_t key;
};

static UNUSED struct wire wire_connect(uint16_t port)
{
    struct wire w = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    strbuf_init(&w.in);
    strbuf_init(&w.out);
    if (connect(w.fd, (struct sockaddr *)&sa, sizeof sa) != 0)
        abort();
    return w;
}

static UNUSED void wire_close(struct wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    strbuf_release(&w->in);
    strbuf_release(&w->out);
}

/* Appends one message; format: s = C string, 2 = int, 4 = int, c = char, d = (const void *, size_t). type 0 = none. */
static UNUSED void wire_add(struct wire *w, char type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (type)
        strbuf_add_char(&w->out, type);
    size_t at = w->out.len;
    strbuf_add_be32(&w->out, 0);
    for (; *format; format++) {
        if (*format == 's') {
            const char *s = va_arg(args, const char *);
            strbuf_add(&w->out, s, strlen(s) + 1);
        } else if (*format == '2')
            strbuf_add_be16(&w->out, (uint16_t)va_arg(args, int));
        else if (*format == '4')
            strbuf_add_be32(&w->out, va_arg(args, uint32_t));
        else if (*format == 'c')
            strbuf_add_char(&w->out, (char)va_arg(args, int));
        else {
            const void *data = va_arg(args, const void *);
            strbuf_add(&w->out, data, va_arg(args, size_t));
        }
    }
    va_end(args);
    store_be32(w->out.data + at, (uint32_t)(w->out.len - at));
}

static UNUSED void wire_send(struct wire *w)
{
    for (size_t sent = 0; sent < w->out.len;) {
        ssize_t n = send(w->fd, w->out.data + sent, w->out.len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    strbuf_clear(&w->out);
}

/* More bytes; false = end of stream or timeout. */
static UNUSED bool wire_fill(struct wire *w, int timeout_ms)
{
    char buf[16384];
    struct pollfd p = {w->fd, POLLIN, 0};
    if (poll(&p, 1, timeout_ms) <= 0)
        return false;
    ssize_t n = recv(w->fd, buf, sizeof buf, 0);
    if (n <= 0)
        return false;
    strbuf_add(&w->in, buf, (size_t)n);
    return true;
}

static UNUSED const char *wire_field(const char *body, size_t len, char code)
{
    for (const char *p = body; p < body + len && *p; p += strlen(p) + 1)
        if (*p == code)
            return p + 1;
    return "";
}

static UNUSED void wire_print(struct wire *w, char type, const char *body, size_t len, struct strbuf *text)
{
    if (text->len)
        strbuf_add_char(text, ' ');
    strbuf_add_char(text, type);
    if (type == 'Z')
        strbuf_add_fmt(text, "(%c)", body[0]);
    else if (type == 'C')
        strbuf_add_fmt(text, "(%s)", body);
    else if (type == 'S')
        strbuf_add_fmt(text, "(%s=%s)", body, body + strlen(body) + 1);
    else if (type == 'E' || type == 'N')
        strbuf_add_fmt(text, "(%s %s %s)", wire_field(body, len, 'S'), wire_field(body, len, 'C'),
                       wire_field(body, len, 'M'));
    else if (type == 'R')
        strbuf_add_fmt(text, "(%u)", load_be32(body));
    else if (type == 'D' && load_be32(body + 2) == UINT32_MAX)
        strbuf_add_cstr(text, "(NULL)");
    else if (type == 'D')
        strbuf_add_fmt(text, "(%.*s)", (int)MIN_OF(load_be32(body + 2), 40u), body + 6);
    else if (type == 'v')
        strbuf_add_fmt(text, "(%u.%u %u)", load_be32(body) >> 16, load_be32(body) & 0xFFFF, load_be32(body + 4));
    else if (type == 'd')
        strbuf_add_fmt(text, "(%zu)", len);
    if (type == 'K') {
        w->pid = (int32_t)load_be32(body);
        w->key = load_be32(body + 4);
    }
}

/* Reads until `nready` ReadyForQuery have come, `stop` comes (0 = none), the stream ends ("<EOF>") or 3 s pass
 * ("<TIMEOUT>"). The caller frees. */
static UNUSED char *wire_read(struct wire *w, int nready, char stop)
{
    struct strbuf text;
    strbuf_init(&text);
    for (;;) {
        while (w->in.len - w->at < 5 || w->in.len - w->at < (size_t)load_be32(w->in.data + w->at + 1) + 1) {
            errno = 0;
            if (!wire_fill(w, 3000)) {
                struct pollfd p = {w->fd, POLLIN, 0};
                strbuf_add_cstr(&text, poll(&p, 1, 0) > 0 ? " <EOF>" : " <TIMEOUT>");
                return strbuf_detach(&text);
            }
        }
        char type = w->in.data[w->at];
        uint32_t len = load_be32(w->in.data + w->at + 1);
        wire_print(w, type, w->in.data + w->at + 5, len - 4, &text);
        w->at += (size_t)len + 1;
        if ((type == 'Z' && --nready == 0) || (stop && type == stop))
            return strbuf_detach(&text);
    }
}

static UNUSED void wire_startup(struct wire *w, const char *user, const char *database)
{
    wire_add(w, 0, "4ssssc", 3u << 16, "user", user, "database", database, 0);
    wire_send(w);
}

/* Connected, greeted and ready. */
static UNUSED struct wire wire_open(uint16_t port)
{
    struct wire w = wire_connect(port);
    wire_startup(&w, "admin", "main");
    char *text = wire_read(&w, 1, 0);
    if (!strstr(text, "Z(I)"))
        fprintf(stderr, "startup: %s\n", text);
    free(text);
    return w;
}

/* Sends what was added and returns the answer. */
static UNUSED char *wire_ask(struct wire *w, int nready)
{
    wire_send(w);
    return wire_read(w, nready, 0);
}

static UNUSED char *wire_query(struct wire *w, const char *sql)
{
    wire_add(w, 'Q', "s", sql);
    return wire_ask(w, 1);
}

#endif
