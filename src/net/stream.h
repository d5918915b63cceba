/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffered connection, plain or TLS, over a non-blocking socket. One owner at a time; no locks. Its thread must have
 * SIGPIPE blocked or ignored, as threads of base/thread.h have.
 *
 * Input lies in [in_start, in_end) of one contiguous buffer, so messages can be parsed in place; views into it hold
 * until the next stream_fill. It grows only as bytes really come: a peer that announces much and sends little costs
 * little. Output is appended to `out` by the owner; stream_flush sends from out_sent on. Neither buffer has a limit of
 * its own: the protocol above bounds messages and flushes when enough has gathered.
 */
#ifndef MENCIA_NET_STREAM_H
#define MENCIA_NET_STREAM_H

#include "base/str.h"
#include "net/net.h"
#include "net/tls.h"

struct ssl_st;

struct stream {
    int fd;                          /* -1 = closed */
    struct ssl_st *ssl;              /* NULL = plain */
    char *in;                        /* input buffer, NULL until used */
    size_t in_start, in_end, in_cap; /* unread bytes are [in_start, in_end) */
    struct strbuf out;               /* bytes to send; [0, out_sent) of it are gone already */
    size_t out_sent;
    bool want_write;   /* the last NET_AGAIN of a TLS operation waits for writing, not reading */
    uint64_t bytes_in; /* plain-text bytes received since the start */
};

/* Takes the socket over. */
void stream_init(struct stream *stream, int fd);
/* Closes and frees; unsent output is lost. */
void stream_release(struct stream *stream);
/* Gives buffers back while nothing is in them: an idle connection costs little. */
void stream_trim(struct stream *stream);

static inline size_t stream_buffered(const struct stream *stream) { return stream->in_end - stream->in_start; }
static inline const char *stream_data(const struct stream *stream) { return stream->in + stream->in_start; }
static inline void stream_consume(struct stream *stream, size_t n)
{
    assert(n <= stream_buffered(stream));
    stream->in_start += n;
}
static inline size_t stream_unsent(const struct stream *stream) { return stream->out.len - stream->out_sent; }

/* Moves unread input to a new buffer and hands the old one to the caller, so that views into it outlive further fills.
 * To be freed by free(); may be NULL. */
char *stream_detach_input(struct stream *stream);

/* Starts or goes on with the server's side of a TLS handshake. The input buffer must be empty. NET_OK = done. */
enum net_status stream_tls_accept(struct stream *stream, struct tls_context *tls);
/* True if the client asked for, and got, this ALPN protocol. */
bool stream_tls_alpn_is(const struct stream *stream, const char *protocol);
/* One read into the buffer. */
enum net_status stream_fill(struct stream *stream);
/* Sends what can be sent now. NET_OK = everything is out. */
enum net_status stream_flush(struct stream *stream);
/* poll() events that the last NET_AGAIN of stream_fill / stream_flush waits for. */
int stream_fill_events(const struct stream *stream);
int stream_flush_events(const struct stream *stream);

#endif
