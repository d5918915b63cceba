/* SPDX-License-Identifier: Apache-2.0 */
/* The least a client can be: start up without TLS or password, one simple query, errors and notices read. */
#include "node/demo_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, TIMEOUT_S = 30 };

static bool send_all(int fd, const struct strbuf *out, struct error *err)
{
    for (size_t at = 0; at < out->len;) {
        ssize_t n = send(fd, out->data + at, out->len - at, MSG_NOSIGNAL);
        if (n < 0)
            return error_errno(err, errno, "could not send");
        at += (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void *data, size_t len, struct error *err)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(fd, (char *)data + at, len - at, 0);
        if (n < 0)
            return error_errno(err, errno, "could not receive");
        if (n == 0)
            return error_set(err, SQLSTATE_CONNECTION_FAILURE, "server closed the connection");
        at += (size_t)n;
    }
    return true;
}

/* A field of an ErrorResponse or NoticeResponse; "" = not there. */
static const char *message_field(const struct strbuf *body, char code)
{
    for (size_t at = 0; at < body->len && body->data[at]; at += strlen(body->data + at) + 1)
        if (body->data[at] == code)
            return body->data + at + 1;
    return "";
}

/* Reads up to ReadyForQuery. False = the server sent an error, or is gone. */
static bool read_answer(int fd, struct strbuf *notices, struct error *err)
{
    struct strbuf body;
    bool sent_error = false, ok = true;
    char head[5] = "";
    strbuf_init(&body);
    while (ok && head[0] != 'Z') {
        strbuf_clear(&body);
        ok = read_all(fd, head, sizeof head, err);
        uint32_t len = ok ? load_be32(head + 1) : 4;
        if (len < 4 || len > ANSWER_MAX)
            ok = error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "message of %u bytes", len);
        if (!ok)
            break;
        strbuf_reserve(&body, len - 4);
        ok = read_all(fd, body.data, len - 4, err);
        body.len = ok ? len - 4 : 0;
        body.data[body.len] = '\0';
        if (head[0] == 'N' && notices)
            strbuf_add_fmt(notices, "%s:  %s\n", message_field(&body, 'S'), message_field(&body, 'M'));
        if (head[0] == 'E') {
            sent_error = true;
            error_set(err, message_field(&body, 'C'), "%s", message_field(&body, 'M'));
            error_detail(err, "%s", message_field(&body, 'D'));
            error_hint(err, "%s", message_field(&body, 'H'));
            ok = strcmp(message_field(&body, 'S'), "FATAL") != 0; /* else no ReadyForQuery follows */
        }
    }
    strbuf_release(&body);
    return ok && !sent_error;
}

static void add_startup(struct strbuf *out)
{
    static const char parameters[] = "user\0mencia\0database\0mencia\0application_name\0mencia demo\0";
    strbuf_add_be32(out, 4 + 4 + sizeof parameters);
    strbuf_add_be32(out, 3 << 16);
    strbuf_add(out, parameters, sizeof parameters);
}

bool demo_run_sql(uint16_t port, const char *sql, struct strbuf *notices, struct error *err)
{
    struct strbuf out;
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strbuf_init(&out);
    add_startup(&out);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
              connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (!ok)
        error_errno(err, errno, "could not connect to port %u", port);
    ok = ok && send_all(fd, &out, err) && read_answer(fd, NULL, err);
    if (ok) {
        strbuf_clear(&out);
        strbuf_add_char(&out, 'Q');
        strbuf_add_be32(&out, (uint32_t)strlen(sql) + 5);
        strbuf_add(&out, sql, strlen(sql) + 1);
        ok = send_all(fd, &out, err) && read_answer(fd, notices, err);
    }
    if (fd >= 0)
        close(fd);
    strbuf_release(&out);
    return ok;
}
