/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of every node in the coordination store. Little-endian:
 *
 *     u16 format, u16 min_reader, u32 crc32c of what follows, u8 kind, fields...
 *
 * A reader refuses a node whose min_reader is above its own REC_FORMAT and otherwise reads the fields it knows; what
 * follows them is kept as `extra` and written back, so that an older process does not lose a newer one's fields. Groups
 * (records in a list) carry their length, so each may grow the same way.
 *
 * Writers cannot fail. Readers treat the bytes as untrusted: failure is sticky, values after it are zero, and
 * rec_reader_done tells. Strings and extras point into the node's bytes.
 */
#ifndef MENCIA_CLUSTER_CODEC_H
#define MENCIA_CLUSTER_CODEC_H

#include "base/error.h"
#include "base/str.h"

#define REC_FORMAT       1u
#define REC_HEADER_BYTES 9u

enum rec_kind {
    REC_HEAD = 'H',
    REC_PAGE = 'S',
    REC_LOAD = 'L',
    REC_VISIBLE = 'V',
    REC_META = 'M',
    REC_ROLE = 'R',
    REC_SETTINGS = 'E',
    REC_CATVER = 'C',
    REC_OID = 'O',
    REC_GC = 'G',
    REC_LABEL = 'B',
    REC_FORMAT_NODE = 'F',
};

/* Appends to buf; buf is the caller's and may be reused. */
struct rec_writer {
    struct strbuf *buf;
    size_t base; /* where the node begins in buf */
};

void rec_begin(struct rec_writer *w, struct strbuf *buf, enum rec_kind kind);
/* Appends the node's extra, fills in the checksum and returns the node's bytes (valid until buf changes). */
struct strview rec_finish(struct rec_writer *w, struct strview extra);
void rec_u8(struct rec_writer *w, uint8_t v);
void rec_u16(struct rec_writer *w, uint16_t v);
void rec_u32(struct rec_writer *w, uint32_t v);
void rec_u64(struct rec_writer *w, uint64_t v);
void rec_bytes(struct rec_writer *w, const void *data, size_t len);
/* u32 length + bytes. rec_cstr keeps NULL and "" apart. */
void rec_view(struct rec_writer *w, struct strview v);
void rec_cstr(struct rec_writer *w, const char *s);
/* A group: u16 length (at most 65,535, asserted) + fields + extra. */
size_t rec_group_begin(struct rec_writer *w);
void rec_group_end(struct rec_writer *w, size_t group, struct strview extra);

struct rec_reader {
    const char *cur, *end;
    bool bad; /* ran over the end, or a value was refused by rec_fail */
};

/* Checks header, checksum and kind. What: names the node in the error (XX001 damaged; 0A000 newer format). */
bool rec_open(struct rec_reader *r, struct strview node, enum rec_kind kind, const char *what,
              struct error *err) MUST_CHECK;
uint8_t rec_read_u8(struct rec_reader *r);
uint16_t rec_read_u16(struct rec_reader *r);
uint32_t rec_read_u32(struct rec_reader *r);
uint64_t rec_read_u64(struct rec_reader *r);
void rec_read_bytes(struct rec_reader *r, void *out, size_t len);
struct strview rec_read_view(struct rec_reader *r);
/* False (and *out empty) for the NULL of rec_cstr. Text with a NUL byte inside is bad. */
bool rec_read_text(struct rec_reader *r, struct strview *out);
/* Number of list elements that each take at least min_bytes: bad if they cannot fit or exceed max. */
uint32_t rec_read_count(struct rec_reader *r, uint32_t min_bytes, uint32_t max);
/* A value from 0 to max. */
uint8_t rec_read_enum(struct rec_reader *r, uint8_t max);
/* 0 or 1. */
bool rec_read_bool(struct rec_reader *r);
struct rec_reader rec_read_group(struct rec_reader *r);
/* Everything that is left. */
struct strview rec_rest(struct rec_reader *r);
/* Marks the node bad: a value makes no sense. */
void rec_fail(struct rec_reader *r);
/* Takes over a group's failure. */
static inline void rec_join(struct rec_reader *r, const struct rec_reader *group)
{
    if (group->bad)
        rec_fail(r);
}
/* True if nothing was bad, else XX001. */
bool rec_reader_done(const struct rec_reader *r, const char *what, struct error *err) MUST_CHECK;

#endif
