/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in pieces → lines of raw fields, by COPY's rules for text and csv. The special bytes are indexed once with
 * vector instructions; a walk over the index finds fields and line ends.
 */
#ifndef MENCIA_INGEST_COPY_SPLIT_INT_H
#define MENCIA_INGEST_COPY_SPLIT_INT_H

#include "base/arena.h"
#include "base/error.h"
#include "ingest/copy.h"
#include "ingest/json_scan_int.h"

struct copy_field {
    const char *ptr; /* unescaped value; in the buffer or the arena */
    uint32_t len;
    bool is_null; /* equals the NULL string as written */
};

struct splitter {
    const struct scan_kernels *scan;
    bool csv;
    char delimiter, quote, escape;
    const char *null;
    size_t null_len;
    char special[5];
    enum { EOL_UNKNOWN, EOL_NL, EOL_CR, EOL_CRNL } eol;
    char *buf;
    size_t cap, from, fill, indexed; /* line starts at from; bytes [0, indexed) are in the index */
    size_t retry;                    /* an incomplete line is looked at again when so much is there */
    uint32_t *index;                 /* positions of special bytes in buf; [at, nindex) are at or beyond from */
    size_t nindex, index_cap, at;
    bool suspicious;    /* bytes that are not ASCII, or NUL, may be in the buffer: check each line */
    bool ended;         /* the end-of-data marker was seen */
    struct arena arena; /* unescaped fields of the line */
    struct copy_field *field;
    uint32_t nfield, field_cap;
    uint32_t bad_field; /* number of the field, from 1, whose escapes make no valid text; 0 = none */
    uint32_t bad_at;    /* its first bad byte */
    uint64_t line_no;   /* of the current line, from 1 */
    bool line_known;    /* line is the current line's text */
    struct strview line;
};

enum split_result {
    SPLIT_LINE, /* field[0..nfield) and line are filled, valid until the next call */
    SPLIT_MORE, /* needs more bytes */
    SPLIT_END,  /* end of data */
    SPLIT_ERROR,
};

/* options are complete (copy_options_check); the NULL string is copied. */
void splitter_init(struct splitter *s, const struct copy_options *options);
void splitter_release(struct splitter *s);
void splitter_put(struct splitter *s, const char *data, size_t len);
/* final: nothing comes after what was put. */
enum split_result splitter_line(struct splitter *s, bool final, struct error *err);
/* Forgets everything in the buffer; line numbers go on. */
void splitter_reset(struct splitter *s);

#endif
