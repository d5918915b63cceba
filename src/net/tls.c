/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls_context {
    uint32_t refs; /* by atomic operations only */
    SSL_CTX *ctx;
    unsigned char alpn[64]; /* length byte and name, as ALPN lists them; alpn[0] = 0: none */
    uint8_t end_point[64];  /* certificate hash for channel binding */
    uint32_t end_point_len;
};

/* Adds the TLS library's own words as detail. */
static bool tls_error(struct error *err, const char *what, const char *path)
{
    char reason[256];
    unsigned long code = ERR_peek_last_error();
    ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "could not %s \"%s\"", what, path);
    return code ? error_detail(err, "%s", reason) : false;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *arg)
{
    const struct tls_context *tls = arg;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, tls->alpn, tls->alpn[0] + 1u, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 5929: the hash of the certificate's signature algorithm, SHA-256 in place of MD5 and SHA-1. */
static bool hash_certificate(struct tls_context *tls, const X509 *cert)
{
    int nid, pkey;
    unsigned len = 0;
    const EVP_MD *md = EVP_sha256();
    if (OBJ_find_sigid_algs(X509_get_signature_nid(cert), &nid, &pkey) && nid != NID_md5 && nid != NID_sha1 &&
        nid != NID_undef)
        md = EVP_get_digestbynid(nid);
    if (!md || !X509_digest(cert, md, tls->end_point, &len))
        return false;
    tls->end_point_len = len;
    return true;
}

static bool check_key_file(const char *path, struct error *err)
{
    struct stat st;
    struct env *env = env_real();
    if (env->stat(env, path, &st) != 0)
        return error_errno(err, errno, "could not access private key file \"%s\"", path);
    if (st.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) {
        error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "private key file \"%s\" has group or world access", path);
        return error_detail(err, "Its permissions must be u=rw (0600) or less, or u=rw,g=r (0640) or less.");
    }
    return true;
}

bool tls_context_open(const char *cert_path, const char *key_path, const char *alpn, struct tls_context **out,
                      struct error *err)
{
    bool ok = false;
    struct tls_context *tls = xcalloc(1, sizeof *tls);
    tls->refs = 1;
    tls->ctx = SSL_CTX_new(TLS_server_method());
    if (!tls->ctx) {
        tls_error(err, "create a TLS context for", cert_path);
        goto out;
    }
    SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_num_tickets(tls->ctx, 0);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls->ctx,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (!check_key_file(key_path, err))
        goto out;
    if (SSL_CTX_use_certificate_chain_file(tls->ctx, cert_path) != 1) {
        tls_error(err, "load server certificate file", cert_path);
        goto out;
    }
    if (SSL_CTX_use_PrivateKey_file(tls->ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls->ctx) != 1) {
        tls_error(err, "load private key file", key_path);
        goto out;
    }
    if (!hash_certificate(tls, SSL_CTX_get0_certificate(tls->ctx))) {
        tls_error(err, "hash certificate", cert_path);
        goto out;
    }
    if (alpn) {
        assert(strlen(alpn) < sizeof tls->alpn);
        tls->alpn[0] = (unsigned char)strlen(alpn);
        memcpy(tls->alpn + 1, alpn, tls->alpn[0]);
        SSL_CTX_set_alpn_select_cb(tls->ctx, select_alpn, tls);
    }
    *out = tls;
    ok = true;
out:
    if (!ok)
        tls_context_put(tls);
    return ok;
}

struct tls_context *tls_context_get(struct tls_context *tls)
{
    __atomic_add_fetch(&tls->refs, 1, __ATOMIC_RELAXED);
    return tls;
}

void tls_context_put(struct tls_context *tls)
{
    if (!tls || __atomic_sub_fetch(&tls->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

size_t tls_context_end_point(const struct tls_context *tls, uint8_t out[64])
{
    memcpy(out, tls->end_point, tls->end_point_len);
    return tls->end_point_len;
}

struct ssl_st *tls_context_new_connection(struct tls_context *tls, int fd)
{
    SSL *ssl = SSL_new(tls->ctx);
    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static X509 *self_signed(EVP_PKEY *key, const char *common_name)
{
    X509 *cert = X509_new();
    BIGNUM *serial = BN_new();
    bool ok = false;
    if (!cert || !serial)
        goto out;
    X509_NAME *name = X509_get_subject_name(cert);
    X509V3_CTX v3;
    char alt[300];
    BIO_snprintf(alt, sizeof alt, "DNS:%s", common_name);
    X509V3_set_ctx(&v3, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, alt);
    ok = ext && X509_set_version(cert, 2) && BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) && X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
         X509_time_adj_ex(X509_getm_notAfter(cert), 3650, 0, NULL) && X509_set_pubkey(cert, key) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) &&
         X509_set_issuer_name(cert, name) && X509_add_ext(cert, ext, -1) && X509_sign(cert, key, EVP_sha256()) > 0;
    X509_EXTENSION_free(ext);
out:
    BN_free(serial);
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static bool write_pem(const char *path, BIO *bio, mode_t mode, struct error *err)
{
    struct env *env = env_real();
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    env->unlink(env, path);
    int fd = env->open(env, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_errno(err, errno, "could not create file \"%s\"", path);
    bool ok = env_write_full(env, fd, data, (size_t)len, 0, path, err);
    if (ok && env->fsync(env, fd) != 0)
        ok = error_errno(err, errno, "could not fsync file \"%s\"", path);
    env->close(env, fd);
    return ok;
}

bool tls_make_self_signed(const char *cert_path, const char *key_path, const char *common_name, struct error *err)
{
    bool ok = false;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? self_signed(key, common_name) : NULL;
    BIO *key_pem = BIO_new(BIO_s_mem()), *cert_pem = BIO_new(BIO_s_mem());
    if (!cert || !key_pem || !cert_pem || !PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) ||
        !PEM_write_bio_X509(cert_pem, cert)) {
        tls_error(err, "make a certificate for", common_name);
        goto out;
    }
    ok = write_pem(key_path, key_pem, 0600, err) && write_pem(cert_path, cert_pem, 0644, err);
out:
    BIO_free(key_pem);
    BIO_free(cert_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}
