/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: peer addresses, listeners, accept and waiting with a deadline. All sockets made here are non-blocking and
 * close-on-exec. Deadlines are CLOCK_MONOTONIC nanoseconds; NET_NO_DEADLINE waits for ever. Stateless, thread-safe.
 */
#ifndef MENCIA_NET_NET_H
#define MENCIA_NET_NET_H

#include "base/base.h"
#include "base/error.h"

#define NET_NO_DEADLINE INT64_MAX
#define NET_MS          INT64_C(1000000) /* nanoseconds in a millisecond */

/* What a non-blocking operation came to. */
enum net_status {
    NET_OK,     /* done, or some progress was made */
    NET_AGAIN,  /* would block */
    NET_CLOSED, /* orderly end of the peer's stream */
    NET_FAILED, /* errno or the TLS library says why; the socket is of no more use */
};

/* One end's address in the form rules and logs need. IPv4-mapped IPv6 addresses are held as IPv4. */
struct net_addr {
    uint8_t family;    /* 4, 6, or 0 for a unix socket */
    uint8_t bytes[16]; /* network order; the first 4 for family 4 */
    uint16_t port;
    char text[64]; /* numeric form; "[local]" for a unix socket */
};

/* Monotonic clock, from base/env.h. */
int64_t net_now_ns(void);

/* Listens on every address that host resolves to ("*" = all interfaces). port 0 takes a free one, the same for all.
 * *n is in: the capacity of fds, out: the sockets made (at least 1). */
bool net_listen_tcp(const char *host, uint16_t port, int *fds, uint32_t *n, uint16_t *bound_port,
                    struct error *err) MUST_CHECK;
/* A stale socket file is replaced; one that something listens on is an error. mode: file mode. */
bool net_listen_unix(const char *path, unsigned mode, int *fd, struct error *err) MUST_CHECK;
/* One waiting connection: its socket (TCP_NODELAY and keep-alive set), or -1 with errno. */
int net_accept(int listen_fd, struct net_addr *peer);

/* Parses a numeric address ("10.0.0.1", "::1"); false if it is none. */
bool net_addr_parse(const char *text, struct net_addr *out) MUST_CHECK;
bool net_addr_is_loopback(const struct net_addr *addr);
bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b);
/* True if the first prefix_bits bits agree (and the family). */
bool net_addr_in_prefix(const struct net_addr *addr, const struct net_addr *net, uint32_t prefix_bits);
/* True if addr is one of this machine's own addresses. */
bool net_addr_is_own(const struct net_addr *addr);

/* poll() on one socket; events and the result as poll's. 0 = deadline passed. */
int net_poll(int fd, int events, int64_t deadline_ns);

#endif
