/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange:   client-first   gs2-header "n=" user ",r=" nonce
 *                 server-first   "r=" nonce nonce' ",s=" salt ",i=" iterations
 *                 client-final   "c=" base64(gs2-header + binding) ",r=" … ",p=" proof
 *                 server-final   "v=" signature
 * proof = ClientKey XOR HMAC(StoredKey, AuthMessage); StoredKey = H(ClientKey).
 */
#include "pgwire/scram.h"

#include "base/env.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SALT_BYTES = 16, NONCE_BYTES = 18, BASE64_MAX = 128 };

static void random_bytes(void *out, size_t len)
{
    struct env *env = env_real();
    env->random(env, out, len);
}

static void hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SCRAM_KEY_BYTES])
{
    unsigned out_len = SCRAM_KEY_BYTES;
    HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &out_len);
    assert(out_len == SCRAM_KEY_BYTES);
}

/* Strict base64 of at most out_size bytes; -1 = invalid. */
static int base64_decode(struct strview text, uint8_t *out, size_t out_size)
{
    uint8_t raw[SCRAM_MESSAGE_BYTES_MAX];
    size_t pad = 0;
    if (text.len == 0 || text.len % 4 != 0 || text.len / 4 * 3 > sizeof raw)
        return -1;
    while (pad < 2 && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len - pad; i++) {
        char c = text.ptr[i];
        if (!char_is_digit(c) && !(char_lower(c) >= 'a' && char_lower(c) <= 'z') && c != '+' && c != '/')
            return -1;
    }
    int n = EVP_DecodeBlock(raw, (const unsigned char *)text.ptr, (int)text.len);
    if (n < 0 || (size_t)n < pad || (size_t)n - pad > out_size)
        return -1;
    memcpy(out, raw, (size_t)n - pad);
    return n - (int)pad;
}

static void base64_encode(const uint8_t *data, size_t len, char out[BASE64_MAX])
{
    assert(len <= 72);
    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

/* RFC 4013 2.1: other spaces become U+0020; characters that map to nothing vanish. */
static char *prepare_password(const char *password)
{
    static const uint32_t nothing[] = {0xAD,   0x34F,  0x1806, 0x180B, 0x180C, 0x180D,
                                       0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF};
    size_t len = strlen(password);
    if (!utf8_valid(password, len, NULL))
        return xstrdup(password);
    struct strbuf out;
    strbuf_init(&out);
    strbuf_reserve(&out, len);
    for (size_t i = 0; i < len;) {
        uint32_t step, c = utf8_decode(password + i, &step);
        bool drop = c >= 0xFE00 && c <= 0xFE0F;
        for (size_t k = 0; k < ARRAY_LEN(nothing); k++)
            drop |= c == nothing[k];
        if (c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000)
            strbuf_add_char(&out, ' ');
        else if (!drop)
            strbuf_add(&out, password + i, step);
        i += step;
    }
    return strbuf_detach(&out);
}

static void derive(const char *password, const uint8_t *salt, uint32_t salt_len, uint32_t iterations,
                   uint8_t stored_key[SCRAM_KEY_BYTES], uint8_t server_key[SCRAM_KEY_BYTES])
{
    uint8_t salted[SCRAM_KEY_BYTES], client_key[SCRAM_KEY_BYTES];
    char *prepared = prepare_password(password);
    PKCS5_PBKDF2_HMAC(prepared, (int)strlen(prepared), salt, (int)salt_len, (int)iterations, EVP_sha256(),
                      SCRAM_KEY_BYTES, salted);
    hmac(salted, sizeof salted, "Client Key", 10, client_key);
    SHA256(client_key, sizeof client_key, stored_key);
    hmac(salted, sizeof salted, "Server Key", 10, server_key);
    OPENSSL_cleanse(prepared, strlen(prepared));
    free(prepared);
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
}

void scram_verifier_make(const char *password, uint32_t iterations, char out[SCRAM_VERIFIER_BYTES])
{
    uint8_t salt[SALT_BYTES], stored_key[SCRAM_KEY_BYTES], server_key[SCRAM_KEY_BYTES];
    char salt64[BASE64_MAX], stored64[BASE64_MAX], server64[BASE64_MAX];
    assert(iterations > 0);
    random_bytes(salt, sizeof salt);
    derive(password, salt, sizeof salt, iterations, stored_key, server_key);
    base64_encode(salt, sizeof salt, salt64);
    base64_encode(stored_key, sizeof stored_key, stored64);
    base64_encode(server_key, sizeof server_key, server64);
    snprintf(out, SCRAM_VERIFIER_BYTES, "SCRAM-SHA-256$%u:%s$%s:%s", iterations, salt64, stored64, server64);
}

/* Splits *rest at the separator; false if it is not there. */
static bool take_until(struct strview *rest, char separator, struct strview *out)
{
    const char *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!at)
        return false;
    *out = strview_make(rest->ptr, (size_t)(at - rest->ptr));
    *rest = strview_make(at + 1, rest->len - out->len - 1);
    return true;
}

bool scram_verifier_parse(const char *text, struct scram_secret *out)
{
    struct scram_secret secret = {0};
    struct strview rest = strview_of(text), scheme, iterations, salt, stored;
    if (!take_until(&rest, '$', &scheme) || !strview_equal(scheme, STRVIEW("SCRAM-SHA-256")) ||
        !take_until(&rest, ':', &iterations) || !take_until(&rest, '$', &salt) || !take_until(&rest, ':', &stored))
        return false;
    if (iterations.len == 0 || iterations.len > 8)
        return false;
    for (size_t i = 0; i < iterations.len; i++) {
        if (!char_is_digit(iterations.ptr[i]))
            return false;
        secret.iterations = secret.iterations * 10 + (uint32_t)(iterations.ptr[i] - '0');
    }
    int salt_len = base64_decode(salt, secret.salt, sizeof secret.salt);
    if (secret.iterations == 0 || salt_len <= 0 ||
        base64_decode(stored, secret.stored_key, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES ||
        base64_decode(rest, secret.server_key, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES)
        return false;
    secret.salt_len = (uint32_t)salt_len;
    if (out)
        *out = secret;
    return true;
}

bool scram_verifier_check(const char *text, const char *password)
{
    struct scram_secret secret;
    uint8_t stored_key[SCRAM_KEY_BYTES], server_key[SCRAM_KEY_BYTES];
    if (!scram_verifier_parse(text, &secret))
        return false;
    derive(password, secret.salt, secret.salt_len, secret.iterations, stored_key, server_key);
    return CRYPTO_memcmp(server_key, secret.server_key, SCRAM_KEY_BYTES) == 0;
}

void scram_server_init(struct scram_server *scram, const char *verifier, const char *user, const uint8_t mock_key[32],
                       const uint8_t *end_point, uint32_t end_point_len)
{
    memset(scram, 0, sizeof *scram);
    strbuf_init(&scram->auth);
    if (!verifier || !scram_verifier_parse(verifier, &scram->secret)) {
        /* The salt must be the same each time somebody asks, or it would show that the user does not exist. */
        uint8_t salt[SCRAM_KEY_BYTES];
        hmac(mock_key, 32, user, strlen(user), salt);
        scram->secret = (struct scram_secret){.iterations = SCRAM_ITERATIONS, .salt_len = SALT_BYTES};
        memcpy(scram->secret.salt, salt, SALT_BYTES);
        random_bytes(scram->secret.stored_key, SCRAM_KEY_BYTES);
        random_bytes(scram->secret.server_key, SCRAM_KEY_BYTES);
        scram->doomed = true;
    }
    assert(end_point_len <= sizeof scram->end_point);
    scram->plus_offered = end_point_len > 0;
    scram->end_point_len = end_point_len;
    if (end_point_len > 0)
        memcpy(scram->end_point, end_point, end_point_len);
}

void scram_server_release(struct scram_server *scram)
{
    strbuf_release(&scram->auth);
    OPENSSL_cleanse(&scram->secret, sizeof scram->secret);
}

static bool PRINTF_LIKE(2, 3) malformed(struct error *err, const char *fmt, ...)
{
    va_list args;
    char detail[256];
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "malformed SCRAM message");
    return error_detail(err, "%s", detail);
}

/* A message being read. */
struct cursor {
    const char *at, *end;
};

/* The next character as messages show it. */
struct shown_char {
    char text[8];
};

static char peek(const struct cursor *c) { return c->at < c->end ? *c->at : '\0'; }

static struct shown_char shown(const struct cursor *c)
{
    struct shown_char s;
    char ch = peek(c);
    if (ch >= 0x21 && ch <= 0x7E)
        snprintf(s.text, sizeof s.text, "'%c'", ch);
    else
        snprintf(s.text, sizeof s.text, "0x%02x", (unsigned char)ch);
    return s;
}

/* What follows "x=", up to the next comma, which is passed over. */
static bool take_after_name(struct cursor *c, char name, struct strview *value, struct error *err)
{
    if (peek(c) != '=')
        return malformed(err, "Expected character \"=\" for attribute \"%c\".", name);
    c->at++;
    const char *comma = memchr(c->at, ',', (size_t)(c->end - c->at));
    *value = strview_make(c->at, (size_t)((comma ? comma : c->end) - c->at));
    c->at = comma ? comma + 1 : c->end;
    return true;
}

static bool take_attribute(struct cursor *c, char name, struct strview *value, struct error *err)
{
    if (peek(c) != name)
        return malformed(err, "Expected attribute \"%c\" but found \"%s\".", name, shown(c).text);
    c->at++;
    return take_after_name(c, name, value, err);
}

static bool take_any_attribute(struct cursor *c, char *name, struct strview *value, struct error *err)
{
    if (c->at == c->end)
        return malformed(err, "Attribute expected, but found end of string.");
    *name = *c->at;
    if (char_lower(*name) < 'a' || char_lower(*name) > 'z')
        return malformed(err, "Attribute expected, but found invalid character \"%s\".", shown(c).text);
    c->at++;
    return take_after_name(c, *name, value, err);
}

static bool begin_reading(struct strview message, struct cursor *c, struct error *err)
{
    *c = (struct cursor){message.ptr, message.ptr + message.len};
    if (message.len == 0)
        return malformed(err, "The message is empty.");
    if (memchr(message.ptr, '\0', message.len))
        return malformed(err, "Message length does not match input length.");
    return true;
}

static bool take_comma(struct cursor *c, struct error *err)
{
    if (peek(c) != ',')
        return malformed(err, "Comma expected, but found character \"%s\".", shown(c).text);
    c->at++;
    return true;
}

static bool no_binding_data(struct error *err)
{
    return malformed(err, "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel "
                          "binding data.");
}

/* The channel binding flag, with the comma after it. */
static bool read_binding_flag(struct scram_server *scram, struct cursor *c, struct error *err)
{
    struct strview type;
    switch (peek(c)) {
    case 'n':
        if (scram->plus)
            return no_binding_data(err);
        c->at++;
        return take_comma(c, err);
    case 'y':
        if (scram->plus)
            return no_binding_data(err);
        if (scram->plus_offered) {
            /* The client can bind and believes that we cannot: somebody has taken -PLUS from our list. */
            error_set(err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding negotiation error");
            return error_detail(err, "The client supports SCRAM channel binding but thinks the server does not.  "
                                     "However, this server does support channel binding.");
        }
        c->at++;
        return take_comma(c, err);
    case 'p':
        if (!scram->plus)
            return malformed(err, "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message "
                                  "includes channel binding data.");
        if (!take_attribute(c, 'p', &type, err))
            return false;
        if (!strview_equal(type, STRVIEW("tls-server-end-point")))
            return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "unsupported SCRAM channel-binding type \"%.*s\"",
                             (int)MIN_OF(type.len, (size_t)64), type.ptr);
        return true;
    default: return malformed(err, "Unexpected channel-binding flag \"%s\".", shown(c).text);
    }
}

static bool printable(struct strview nonce)
{
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.ptr[i] < 0x21 || nonce.ptr[i] > 0x7E || nonce.ptr[i] == ',')
            return false;
    return true;
}

/* client-first-message: leaves the header in gs2_header, client-first-bare in auth, the client's nonce in *nonce. */
static bool read_first(struct scram_server *scram, struct strview message, struct strview *nonce, struct error *err)
{
    struct cursor c;
    struct strview value;
    char name;
    if (!begin_reading(message, &c, err) || !read_binding_flag(scram, &c, err))
        return false;
    if (peek(&c) == 'a')
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                         "client uses authorization identity, but it is not supported");
    if (peek(&c) != ',')
        return malformed(err, "Unexpected attribute \"%s\" in client-first-message.", shown(&c).text);
    c.at++;
    size_t header = (size_t)(c.at - message.ptr);
    assert(header < sizeof scram->gs2_header);
    memcpy(scram->gs2_header, message.ptr, header);
    strbuf_add(&scram->auth, c.at, (size_t)(c.end - c.at));
    if (peek(&c) == 'm')
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "client requires an unsupported SCRAM extension");
    /* The name is not used: the startup packet's counts, as in PostgreSQL. */
    if (!take_attribute(&c, 'n', &value, err) || !take_attribute(&c, 'r', nonce, err))
        return false;
    if (!printable(*nonce))
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "non-printable characters in SCRAM nonce");
    if (nonce->len > sizeof scram->nonce - BASE64_MAX)
        return malformed(err, "The nonce is too long.");
    while (c.at < c.end)
        if (!take_any_attribute(&c, &name, &value, err))
            return false;
    return true;
}

bool scram_server_first(struct scram_server *scram, const char *mechanism, struct strview message, struct strbuf *out,
                        struct error *err)
{
    struct strview nonce;
    uint8_t own[NONCE_BYTES];
    char own64[BASE64_MAX], salt64[BASE64_MAX];
    scram->plus = scram->plus_offered && strcmp(mechanism, "SCRAM-SHA-256-PLUS") == 0;
    if (!scram->plus && strcmp(mechanism, "SCRAM-SHA-256") != 0)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "client selected an invalid SASL authentication mechanism");
    if (!read_first(scram, message, &nonce, err))
        return false;
    random_bytes(own, sizeof own);
    base64_encode(own, sizeof own, own64);
    base64_encode(scram->secret.salt, scram->secret.salt_len, salt64);
    memcpy(scram->nonce, nonce.ptr, nonce.len);
    memcpy(scram->nonce + nonce.len, own64, strlen(own64) + 1);
    size_t start = out->len;
    strbuf_add_fmt(out, "r=%s,s=%s,i=%u", scram->nonce, salt64, scram->secret.iterations);
    strbuf_add_char(&scram->auth, ',');
    strbuf_add(&scram->auth, out->data + start, out->len - start);
    return true;
}

/* True if the client's c= attribute is base64(gs2-header + certificate hash). */
static bool binding_matches(const struct scram_server *scram, struct strview c)
{
    uint8_t expected[sizeof scram->gs2_header + sizeof scram->end_point], got[sizeof expected];
    size_t len = strlen(scram->gs2_header);
    memcpy(expected, scram->gs2_header, len);
    if (scram->plus) {
        memcpy(expected + len, scram->end_point, scram->end_point_len);
        len += scram->end_point_len;
    }
    int n = base64_decode(c, got, sizeof got);
    return n >= 0 && (size_t)n == len && CRYPTO_memcmp(got, expected, len) == 0;
}

static bool proof_matches(const struct scram_server *scram, const uint8_t proof[SCRAM_KEY_BYTES])
{
    uint8_t signature[SCRAM_KEY_BYTES], client_key[SCRAM_KEY_BYTES], stored[SCRAM_KEY_BYTES];
    hmac(scram->secret.stored_key, SCRAM_KEY_BYTES, scram->auth.data, scram->auth.len, signature);
    for (int i = 0; i < SCRAM_KEY_BYTES; i++)
        client_key[i] = proof[i] ^ signature[i];
    SHA256(client_key, sizeof client_key, stored);
    bool equal = CRYPTO_memcmp(stored, scram->secret.stored_key, SCRAM_KEY_BYTES) == 0;
    OPENSSL_cleanse(client_key, sizeof client_key);
    return equal && !scram->doomed;
}

/* client-final-message: checks it and adds its part without the proof to auth. */
static bool read_final(struct scram_server *scram, struct strview message, uint8_t proof[SCRAM_KEY_BYTES],
                       struct error *err)
{
    struct cursor c;
    struct strview binding, nonce, value;
    const char *before_proof;
    char name;
    if (!begin_reading(message, &c, err) || !take_attribute(&c, 'c', &binding, err))
        return false;
    if (!binding_matches(scram, binding)) {
        if (scram->plus)
            return error_set(err, SQLSTATE_INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding check failed");
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                         "unexpected SCRAM channel-binding attribute in client-final-message");
    }
    if (!take_attribute(&c, 'r', &nonce, err))
        return false;
    /* Extensions may stand between nonce and proof; we know none and skip them. */
    do {
        before_proof = c.at - 1;
        if (!take_any_attribute(&c, &name, &value, err))
            return false;
    } while (name != 'p');
    if (base64_decode(value, proof, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES)
        return malformed(err, "Malformed proof in client-final-message.");
    if (c.at < c.end)
        return malformed(err, "Garbage found at the end of client-final-message.");
    if (!strview_equal_cstr(nonce, scram->nonce)) {
        error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid SCRAM response");
        return error_detail(err, "Nonce does not match.");
    }
    strbuf_add_char(&scram->auth, ',');
    strbuf_add(&scram->auth, message.ptr, (size_t)(before_proof - message.ptr));
    return true;
}

bool scram_server_final(struct scram_server *scram, struct strview message, struct strbuf *out, struct error *err)
{
    uint8_t proof[SCRAM_KEY_BYTES], signature[SCRAM_KEY_BYTES];
    char signature64[BASE64_MAX];
    error_clear(err);
    if (!read_final(scram, message, proof, err) || !proof_matches(scram, proof))
        return false;
    hmac(scram->secret.server_key, SCRAM_KEY_BYTES, scram->auth.data, scram->auth.len, signature);
    base64_encode(signature, sizeof signature, signature64);
    strbuf_add_fmt(out, "v=%s", signature64);
    return true;
}
