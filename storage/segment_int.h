/* SPDX-License-Identifier: Apache-2.0 */
/* An open segment file. Private to storage/. */
#ifndef MENCIA_STORAGE_SEGMENT_INT_H
#define MENCIA_STORAGE_SEGMENT_INT_H

#include "storage/enc_int.h"
#include "storage/page_cache.h"
#include "storage/segment.h"

#include <pthread.h>

struct segment_counts {
    struct dict *dict;
    uint64_t *count;
};

struct segment_chunk {
    struct enc_chunk ec;
    struct segment *segment;
    uint32_t number;
};

struct segment {
    uint32_t refs;
    struct env *env;
    struct page_cache *cache; /* NULL: nothing is cached (verification) */
    int fd;
    char *path;
    uint64_t id; /* process-wide unique: key in the cache */
    struct segment_meta meta;
    char *foot; /* the footer's bytes; the pointers below go into it */
    const struct format_footer *footer;
    struct format_trailer trailer;
    const struct format_column *column;             /* [ncolumn] */
    const struct format_chunk_column *chunk_column; /* [ncolumn × nchunk] */
    const char *names;
    const uint32_t *crc;
    oid_t *type;
    uint64_t *dict_id;             /* [ncolumn], given at the first load; atomic */
    struct segment_chunk *chunk;   /* [nchunk] */
    pthread_mutex_t lock;          /* guards counts being loaded */
    struct segment_counts *counts; /* [ncolumn] */
};

/* Reads bytes [begin, end) of a padded stream, begin a multiple of FORMAT_CRC_BYTES and end too or the end, verifying
 * CRCs; *damaged: one did not fit. */
bool segment_read_range(struct segment *s, const struct format_stream *stream, uint64_t begin, uint64_t end,
                        uint8_t *data, bool *damaged, struct error *err) MUST_CHECK;
/* A whole stream into malloc'd memory with padding and VEC_PAD_BYTES zero bytes. */
bool segment_load_stream(struct segment *s, const struct format_stream *stream, const char *what, uint8_t **data,
                         struct error *err) MUST_CHECK;
/* XX001 about a column (and chunk; UINT32_MAX = none) of a segment. Returns false. */
bool segment_corrupt(const struct segment *s, uint32_t slot, uint32_t chunk, const char *what, struct error *err);
/* The opaque bytes a spill added; malloc'd, *len may be 0. */
bool segment_load_extra(struct segment *s, uint8_t **data, size_t *len, struct error *err) MUST_CHECK;
struct strview segment_column_name(const struct segment *s, uint32_t slot);

extern const struct chunk_ops segment_chunk_ops;
extern const struct enc_source segment_source;

#endif
