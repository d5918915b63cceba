/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS contexts of a server: certificate, key and rules (TLS 1.2 or later, no renegotiation, no compression, no session
 * tickets, ALPN). Counted references, so that a reload can replace one under open connections. Thread-safe.
 */
#ifndef MENCIA_NET_TLS_H
#define MENCIA_NET_TLS_H

#include "base/base.h"
#include "base/error.h"

struct tls_context;

/* cert_path: PEM chain, server's certificate first; key_path: PEM, unencrypted, not readable by everybody. alpn: the
 * one protocol offered to clients that ask by ALPN (NULL = none; a client that asks for others only is refused). */
bool tls_context_open(const char *cert_path, const char *key_path, const char *alpn, struct tls_context **out,
                      struct error *err) MUST_CHECK;
struct tls_context *tls_context_get(struct tls_context *tls);
void tls_context_put(struct tls_context *tls); /* NULL is fine */

/* Hash of the server's certificate as RFC 5929 tls-server-end-point defines it; returns its length (at most 64). */
size_t tls_context_end_point(const struct tls_context *tls, uint8_t out[64]);

/* Writes a fresh P-256 key (mode 0600) and a certificate signed by itself for common_name, valid for 10 years. */
bool tls_make_self_signed(const char *cert_path, const char *key_path, const char *common_name,
                          struct error *err) MUST_CHECK;

/* For stream.c. */
struct ssl_st *tls_context_new_connection(struct tls_context *tls, int fd);

#endif
