/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/segment_file.h"

#include "base/fault.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { OUT_BUFFER_BYTES = 1 << 20 };

static EVP_MD_CTX *sha_new(void)
{
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    if (!sha || !EVP_DigestInit_ex(sha, EVP_sha256(), NULL))
        abort();
    return sha;
}

static void sha_add(EVP_MD_CTX *sha, const void *data, size_t len)
{
    if (!EVP_DigestUpdate(sha, data, len))
        abort();
}

static void sha_final(EVP_MD_CTX *sha, uint8_t out[32])
{
    unsigned int len = 32;
    if (!EVP_DigestFinal_ex(sha, out, &len))
        abort();
}

bool segment_out_open(struct segment_out *out, struct env *env, const char *path, struct error *err)
{
    *out = (struct segment_out){.env = env, .path = path, .err = err, .fd = -1};
    if (!fault_point("segment.create")) {
        errno = EIO;
    } else {
        out->fd = env->open(env, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    }
    if (out->fd < 0)
        return error_errno(err, errno, "could not create file \"%s\"", path);
    out->sha_body = sha_new();
    out->sha_file = sha_new();
    outbuf_reserve(&out->buffer, OUT_BUFFER_BYTES + FORMAT_ALIGN);
    return true;
}

static void flush(struct segment_out *out)
{
    struct outbuf *b = &out->buffer;
    if (!out->failed && b->len) {
        sha_add(out->sha_file, b->data, b->len);
        out->failed = !env_write_full(out->env, out->fd, b->data, b->len, out->offset - b->len, out->path, out->err);
    }
    b->len = 0;
}

void segment_out_add(struct segment_out *out, const void *data, size_t len)
{
    const char *p = data;
    while (len) {
        size_t part = MIN_OF(len, (size_t)OUT_BUFFER_BYTES - out->buffer.len);
        outbuf_add(&out->buffer, p, part);
        out->offset += part;
        p += part;
        len -= part;
        if (out->buffer.len == OUT_BUFFER_BYTES)
            flush(out);
    }
}

void segment_out_stream(struct segment_out *out, const void *data, uint64_t bytes, struct format_stream *stream)
{
    static const uint8_t zeros[FORMAT_ALIGN];
    *stream = (struct format_stream){.offset = out->offset, .bytes = bytes};
    if (bytes == 0) {
        stream->offset = 0;
        return;
    }
    stream->crc_first = (uint32_t)(out->crc.len / sizeof(uint32_t));
    uint64_t padding = format_padded(bytes) - bytes;
    for (uint64_t at = 0; at < bytes; at += FORMAT_CRC_BYTES) {
        uint64_t part = MIN_OF(bytes - at, (uint64_t)FORMAT_CRC_BYTES);
        uint32_t crc = crc32c(0, (const char *)data + at, part);
        if (at + part == bytes)
            crc = crc32c(crc, zeros, padding);
        outbuf_add(&out->crc, &crc, sizeof crc);
    }
    segment_out_add(out, data, bytes);
    segment_out_add(out, zeros, padding);
}

void segment_out_body_digest(struct segment_out *out, uint8_t sha256[32])
{
    flush(out);
    /* Both have seen the same bytes so far. */
    if (!EVP_MD_CTX_copy_ex(out->sha_body, out->sha_file))
        abort();
    sha_final(out->sha_body, sha256);
}

bool segment_out_finish(struct segment_out *out, uint8_t sha256[32])
{
    flush(out);
    if (out->failed)
        return false;
    sha_final(out->sha_file, sha256);
    if (!fault_point("segment.fsync") || out->env->fsync(out->env, out->fd) != 0) {
        out->failed = true;
        return error_errno(out->err, errno ? errno : EIO, "could not fsync file \"%s\"", out->path);
    }
    return true;
}

void segment_out_close(struct segment_out *out, bool remove)
{
    if (out->fd >= 0) {
        out->env->close(out->env, out->fd);
        if (remove)
            out->env->unlink(out->env, out->path);
    }
    EVP_MD_CTX_free(out->sha_body);
    EVP_MD_CTX_free(out->sha_file);
    outbuf_free(&out->buffer);
    outbuf_free(&out->crc);
    out->fd = -1;
}

bool segment_file_digest(struct env *env, const char *path, uint64_t *bytes, uint8_t sha256[32], struct error *err)
{
    char *buffer = xmalloc(OUT_BUFFER_BYTES);
    EVP_MD_CTX *sha = sha_new();
    int fd = env->open(env, path, O_RDONLY | O_CLOEXEC, 0);
    bool ok = fd >= 0;
    *bytes = 0;
    if (!ok)
        error_errno(err, errno, "could not open file \"%s\"", path);
    while (ok) {
        ssize_t n = env->pread(env, fd, buffer, OUT_BUFFER_BYTES, *bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = error_errno(err, errno, "could not read file \"%s\"", path);
        if (n <= 0)
            break;
        sha_add(sha, buffer, (size_t)n);
        *bytes += (uint64_t)n;
    }
    if (fd >= 0)
        env->close(env, fd);
    sha_final(sha, sha256);
    EVP_MD_CTX_free(sha);
    free(buffer);
    return ok;
}
