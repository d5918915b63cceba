/* SPDX-License-Identifier: Apache-2.0 */
/* The file as a sequence of streams being written. Failure is sticky: check once with segment_out_ok. Private. */
#ifndef MENCIA_STORAGE_SEGMENT_FILE_H
#define MENCIA_STORAGE_SEGMENT_FILE_H

#include "base/env.h"
#include "storage/encode_int.h"

#include <openssl/evp.h>

struct segment_out {
    struct env *env;
    const char *path;
    int fd;
    uint64_t offset; /* of what comes next, buffered bytes included */
    struct outbuf buffer;
    struct outbuf crc;    /* u32 each */
    EVP_MD_CTX *sha_body; /* everything before the trailer */
    EVP_MD_CTX *sha_file; /* everything */
    bool failed;
    struct error *err;
};

bool segment_out_open(struct segment_out *out, struct env *env, const char *path, struct error *err) MUST_CHECK;
void segment_out_add(struct segment_out *out, const void *data, size_t len);
/* Writes a stream with its padding and remembers its CRCs. An empty one writes nothing. */
void segment_out_stream(struct segment_out *out, const void *data, uint64_t bytes, struct format_stream *stream);
/* Flushes and syncs. body: digest of what was written before the trailer, which the caller adds last. */
void segment_out_body_digest(struct segment_out *out, uint8_t sha256[32]);
bool segment_out_finish(struct segment_out *out, uint8_t sha256[32]) MUST_CHECK;
/* Closes; remove: unlinks the file. */
void segment_out_close(struct segment_out *out, bool remove);

/* SHA-256 of a whole file. */
bool segment_file_digest(struct env *env, const char *path, uint64_t *bytes, uint8_t sha256[32],
                         struct error *err) MUST_CHECK;

#endif
