/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IN_FIRST_BYTES = 4096,  /* first allocation: enough for a startup packet and most queries */
    OUT_KEEP_BYTES = 8192,  /* an idle connection keeps an output buffer of up to this size */
    OUT_MAX_BYTES = 1 << 20 /* a busy one gives a larger buffer back once it is sent */
};

void stream_init(struct stream *stream, int fd)
{
    *stream = (struct stream){.fd = fd};
    strbuf_init(&stream->out);
}

/* Unread input would make close() reset the connection, and what was sent last might never arrive. */
static void drain_input(int fd)
{
    char sink[4096];
    for (int i = 0; i < 16; i++)
        if (recv(fd, sink, sizeof sink, MSG_DONTWAIT) <= 0)
            return;
}

void stream_release(struct stream *stream)
{
    if (stream->ssl) {
        ERR_clear_error();
        if (SSL_is_init_finished(stream->ssl))
            SSL_shutdown(stream->ssl);
        SSL_free(stream->ssl);
    }
    if (stream->fd >= 0)
        drain_input(stream->fd);
    stream->ssl = NULL;
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
    free(stream->in);
    stream->in = NULL;
    stream->in_start = stream->in_end = stream->in_cap = 0;
    strbuf_release(&stream->out);
    stream->out_sent = 0;
}

void stream_trim(struct stream *stream)
{
    if (stream->in && stream_buffered(stream) == 0) {
        free(stream->in);
        stream->in = NULL;
        stream->in_start = stream->in_end = stream->in_cap = 0;
    }
    if (stream->out.len == 0 && stream->out.cap > OUT_KEEP_BYTES)
        strbuf_release(&stream->out);
}

/* After a failed SSL_* call that returned rc. */
static enum net_status tls_status(struct stream *stream, int rc)
{
    switch (SSL_get_error(stream->ssl, rc)) {
    case SSL_ERROR_WANT_READ: stream->want_write = false; return NET_AGAIN;
    case SSL_ERROR_WANT_WRITE: stream->want_write = true; return NET_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return NET_CLOSED;
    default: return NET_FAILED;
    }
}

enum net_status stream_tls_accept(struct stream *stream, struct tls_context *tls)
{
    if (!stream->ssl) {
        assert(stream_buffered(stream) == 0);
        stream->ssl = tls_context_new_connection(tls, stream->fd);
        if (!stream->ssl)
            return NET_FAILED;
    }
    ERR_clear_error();
    int rc = SSL_accept(stream->ssl);
    return rc == 1 ? NET_OK : tls_status(stream, rc);
}

bool stream_tls_alpn_is(const struct stream *stream, const char *protocol)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    if (stream->ssl)
        SSL_get0_alpn_selected(stream->ssl, &name, &len);
    return name && len == strlen(protocol) && memcmp(name, protocol, len) == 0;
}

/* Room for at least one more byte after in_end. */
static void make_room(struct stream *stream)
{
    size_t used = stream_buffered(stream);
    if (used == 0)
        stream->in_start = stream->in_end = 0;
    if (!stream->in) {
        stream->in = xmalloc(IN_FIRST_BYTES);
        stream->in_cap = IN_FIRST_BYTES;
    }
    if (stream->in_cap - stream->in_end >= stream->in_cap / 4)
        return;
    if (stream->in_start >= stream->in_cap / 2) {
        memmove(stream->in, stream->in + stream->in_start, used);
    } else {
        size_t cap = size_mul(stream->in_cap, 2);
        char *grown = xmalloc(cap);
        memcpy(grown, stream->in + stream->in_start, used);
        free(stream->in);
        stream->in = grown;
        stream->in_cap = cap;
    }
    stream->in_start = 0;
    stream->in_end = used;
}

char *stream_detach_input(struct stream *stream)
{
    char *old = stream->in;
    size_t used = stream_buffered(stream);
    if (used > 0) {
        stream->in_cap = MAX_OF(used, (size_t)IN_FIRST_BYTES);
        stream->in = xmalloc(stream->in_cap);
        memcpy(stream->in, old + stream->in_start, used);
    } else {
        stream->in = NULL;
        stream->in_cap = 0;
    }
    stream->in_start = 0;
    stream->in_end = used;
    return old;
}

enum net_status stream_fill(struct stream *stream)
{
    make_room(stream);
    size_t room = stream->in_cap - stream->in_end;
    char *to = stream->in + stream->in_end;
    ssize_t n;
    if (stream->ssl) {
        ERR_clear_error();
        int rc = SSL_read(stream->ssl, to, (int)MIN_OF(room, (size_t)INT_MAX));
        if (rc <= 0)
            return tls_status(stream, rc);
        n = rc;
    } else {
        do
            n = recv(stream->fd, to, room, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? NET_AGAIN : NET_FAILED;
        if (n == 0)
            return NET_CLOSED;
    }
    stream->in_end += (size_t)n;
    stream->bytes_in += (uint64_t)n;
    return NET_OK;
}

static enum net_status send_some(struct stream *stream, const char *from, size_t len, size_t *sent)
{
    if (stream->ssl) {
        ERR_clear_error();
        int rc = SSL_write(stream->ssl, from, (int)MIN_OF(len, (size_t)INT_MAX));
        if (rc <= 0)
            return tls_status(stream, rc);
        *sent = (size_t)rc;
        return NET_OK;
    }
    ssize_t n;
    do
        n = send(stream->fd, from, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? NET_AGAIN : NET_FAILED;
    *sent = (size_t)n;
    return NET_OK;
}

enum net_status stream_flush(struct stream *stream)
{
    while (stream_unsent(stream) > 0) {
        size_t sent = 0;
        enum net_status status = send_some(stream, stream->out.data + stream->out_sent, stream_unsent(stream), &sent);
        if (status != NET_OK)
            return status;
        stream->out_sent += sent;
    }
    stream->out_sent = 0;
    if (stream->out.cap > OUT_MAX_BYTES)
        strbuf_release(&stream->out);
    else
        strbuf_clear(&stream->out);
    return NET_OK;
}

int stream_fill_events(const struct stream *stream) { return stream->ssl && stream->want_write ? POLLOUT : POLLIN; }

int stream_flush_events(const struct stream *stream) { return stream->ssl && !stream->want_write ? POLLIN : POLLOUT; }
