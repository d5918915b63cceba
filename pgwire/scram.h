/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM-SHA-256 (RFC 5802, 7677) as a server: verifiers in pg_authid's text form and the exchange itself, with channel
 * binding tls-server-end-point. No sockets; stateless but for struct scram_server. All comparisons of secrets take
 * constant time.
 *
 * Passwords: ASCII ones are used as they are. Others should be normalised by SASLprep; of that only "mapped to space"
 * is done (a client that prepares its password and one that does not agree on passwords in NFKC form).
 */
#ifndef MENCIA_PGWIRE_SCRAM_H
#define MENCIA_PGWIRE_SCRAM_H

#include "base/error.h"
#include "base/str.h"

enum {
    SCRAM_ITERATIONS = 4096,
    SCRAM_KEY_BYTES = 32,
    SCRAM_SALT_BYTES_MAX = 64,
    SCRAM_VERIFIER_BYTES = 512, /* room for any verifier made here, with its NUL */
    SCRAM_MESSAGE_BYTES_MAX = 1024
};

/* What a verifier text holds. */
struct scram_secret {
    uint32_t iterations;
    uint32_t salt_len;
    uint8_t salt[SCRAM_SALT_BYTES_MAX];
    uint8_t stored_key[SCRAM_KEY_BYTES], server_key[SCRAM_KEY_BYTES];
};

/* `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` with a fresh salt, for CREATE ROLE … PASSWORD. */
void scram_verifier_make(const char *password, uint32_t iterations, char out[SCRAM_VERIFIER_BYTES]);
/* False if the text is no such verifier. out may be NULL (just a check). */
bool scram_verifier_parse(const char *text, struct scram_secret *out) MUST_CHECK;
/* Takes about the time of `iterations` hashes. */
bool scram_verifier_check(const char *text, const char *password) MUST_CHECK;

/* One exchange. */
struct scram_server {
    struct scram_secret secret;
    bool doomed;            /* unknown user or no password: runs to its end, then fails */
    bool plus;              /* client chose SCRAM-SHA-256-PLUS */
    bool plus_offered;      /* and the server offered it */
    uint8_t end_point[64];  /* certificate hash */
    uint32_t end_point_len; /* bytes used */
    char gs2_header[64];    /* as the client sent it, to be bound by its final message */
    struct strbuf auth;     /* client-first-bare , server-first (, client-final-without-proof) */
    char nonce[256];        /* client's and ours together */
};

/* verifier NULL, empty or invalid: a mock exchange for `user` that cannot succeed but looks the same; mock_key is a
 * secret of the server. end_point_len 0 = channel binding is not offered. */
void scram_server_init(struct scram_server *scram, const char *verifier, const char *user, const uint8_t mock_key[32],
                       const uint8_t *end_point, uint32_t end_point_len);
void scram_server_release(struct scram_server *scram);
/* mechanism and client-first-message of SASLInitialResponse; appends server-first-message to out. Errors: 08P01 and
 * 28000 as PostgreSQL words them. */
bool scram_server_first(struct scram_server *scram, const char *mechanism, struct strview message, struct strbuf *out,
                        struct error *err) MUST_CHECK;
/* client-final-message; appends server-final-message to out. False with err->sqlstate "" = wrong password. */
bool scram_server_final(struct scram_server *scram, struct strview message, struct strbuf *out,
                        struct error *err) MUST_CHECK;

#endif
