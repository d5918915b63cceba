/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "base/env.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

int64_t net_now_ns(void)
{
    struct env *env = env_real();
    return env->mono_ns(env);
}

static void addr_from_v4(struct net_addr *out, const void *bytes)
{
    out->family = 4;
    memset(out->bytes, 0, sizeof out->bytes);
    memcpy(out->bytes, bytes, 4);
    inet_ntop(AF_INET, bytes, out->text, sizeof out->text);
}

static void addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa)
{
    memset(out, 0, sizeof *out);
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        addr_from_v4(out, &in->sin_addr);
        out->port = ntohs(in->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
        out->port = ntohs(in6->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            addr_from_v4(out, in6->sin6_addr.s6_addr + 12);
            return;
        }
        out->family = 6;
        memcpy(out->bytes, &in6->sin6_addr, 16);
        inet_ntop(AF_INET6, &in6->sin6_addr, out->text, sizeof out->text);
    } else
        memcpy(out->text, "[local]", 8);
}

bool net_addr_parse(const char *text, struct net_addr *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        addr_from_sockaddr(out, (struct sockaddr *)&in);
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        addr_from_sockaddr(out, (struct sockaddr *)&in6);
    else
        return false;
    return true;
}

bool net_addr_is_loopback(const struct net_addr *addr)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    if (addr->family == 4)
        return addr->bytes[0] == 127;
    return addr->family == 6 && memcmp(addr->bytes, loopback6, 16) == 0;
}

bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

bool net_addr_in_prefix(const struct net_addr *addr, const struct net_addr *net, uint32_t prefix_bits)
{
    if (addr->family != net->family || addr->family == 0)
        return false;
    assert(prefix_bits <= (addr->family == 4 ? 32u : 128u));
    uint32_t whole = prefix_bits / 8, rest = prefix_bits % 8;
    if (memcmp(addr->bytes, net->bytes, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xFF00u >> rest);
    return rest == 0 || ((addr->bytes[whole] ^ net->bytes[whole]) & mask) == 0;
}

bool net_addr_is_own(const struct net_addr *addr)
{
    struct ifaddrs *list;
    bool found = false;
    if (addr->family == 0 || getifaddrs(&list) != 0)
        return false;
    for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
            continue;
        struct net_addr own;
        addr_from_sockaddr(&own, i->ifa_addr);
        found = net_addr_same_host(addr, &own);
    }
    freeifaddrs(list);
    return found;
}

static int listen_one(const struct addrinfo *ai, uint16_t port)
{
    struct sockaddr_storage sa;
    int one = 1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
    if (ai->ai_family == AF_INET6) {
        ((struct sockaddr_in6 *)&sa)->sin6_port = htons(port);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    } else
        ((struct sockaddr_in *)&sa)->sin_port = htons(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return 0;
    return ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
                                          : ((struct sockaddr_in *)&sa)->sin_port);
}

bool net_listen_tcp(const char *host, uint16_t port, int *fds, uint32_t *n, uint16_t *bound_port, struct error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    uint32_t made = 0;
    int saved = EADDRNOTAVAIL;
    int rc = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, "0", &hints, &list);
    if (rc != 0)
        return error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "could not resolve listen address \"%s\": %s", host,
                         gai_strerror(rc));
    for (struct addrinfo *ai = list; ai && made < *n; ai = ai->ai_next) {
        if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
            continue;
        int fd = listen_one(ai, port);
        if (fd < 0) {
            saved = errno;
            continue;
        }
        fds[made++] = fd;
        if (port == 0)
            port = port_of(fd);
    }
    freeaddrinfo(list);
    *n = made;
    *bound_port = port;
    if (made == 0)
        return error_errno(err, saved, "could not listen on address \"%s\", port %u", host, port);
    return true;
}

bool net_listen_unix(const char *path, unsigned mode, int *fd, struct error *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path)
        return error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "unix socket path \"%s\" is too long (at most %zu bytes)",
                         path, sizeof sa.sun_path - 1);
    memcpy(sa.sun_path, path, strlen(path) + 1);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return error_errno(err, errno, "could not create unix socket");
    int rc = bind(s, (struct sockaddr *)&sa, sizeof sa);
    if (rc != 0 && errno == EADDRINUSE) {
        /* Left behind by a process that is gone, if nobody answers. */
        if (connect(s, (struct sockaddr *)&sa, sizeof sa) == 0) {
            close(s);
            return error_errno(err, EADDRINUSE, "could not listen on unix socket \"%s\"", path);
        }
        unlink(path);
        rc = bind(s, (struct sockaddr *)&sa, sizeof sa);
    }
    if (rc != 0 || chmod(path, (mode_t)mode) != 0 || listen(s, BACKLOG) != 0) {
        int saved = errno;
        close(s);
        return error_errno(err, saved, "could not listen on unix socket \"%s\"", path);
    }
    *fd = s;
    return true;
}

int net_accept(int listen_fd, struct net_addr *peer)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    int one = 1;
    int fd = accept4(listen_fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -1;
    addr_from_sockaddr(peer, (struct sockaddr *)&sa);
    if (peer->family != 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    return fd;
}

int net_poll(int fd, int events, int64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = (short)events};
    for (;;) {
        struct timespec wait = {0, 0};
        if (deadline_ns != NET_NO_DEADLINE) {
            int64_t left = deadline_ns - net_now_ns();
            if (left > 0)
                wait = (struct timespec){left / 1000000000, left % 1000000000};
        }
        int rc = ppoll(&p, 1, deadline_ns == NET_NO_DEADLINE ? NULL : &wait, NULL);
        if (rc > 0)
            return p.revents;
        if (rc == 0)
            return 0;
        if (errno != EINTR)
            return POLLERR;
    }
}
