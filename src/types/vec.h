/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column vectors and batches: the one form in which rows move through the engine.
 *
 * A vec is a view: whoever made it owns what it points to and says how long that lives. The rule through the whole
 * engine: a batch handed to a consumer is valid until that call returns; who wants to keep it copies it.
 */
#ifndef MENCIA_TYPES_VEC_H
#define MENCIA_TYPES_VEC_H

#include "base/arena.h"
#include "base/error.h"
#include "base/bitset.h"
#include "types/type.h"

enum {
    VEC_ROWS = 2048,    /* rows of a usual batch */
    CHUNK_ROWS = 65536, /* rows of a chunk; the most a batch may hold */
    VEC_PAD_BYTES = 64, /* readable bytes after every vector's data, so that kernels need no tail loops */
};

/*
 * 16-byte string view. Up to 12 bytes are inline; longer ones keep a 4-byte prefix and a pointer. Unused inline
 * bytes are zero, so two inline strings are equal exactly if their 16 bytes are.
 */
struct str {
    uint32_t len;   /* bytes; at most 256 MiB */
    char prefix[4]; /* first bytes, zero-padded */
    union {
        char tail[8];    /* bytes 4..12 of an inline string, zero-padded */
        const char *ptr; /* whole string when len > STR_INLINE */
    };
};
_Static_assert(sizeof(struct str) == 16, "vectors of strings rely on it");
enum { STR_INLINE = 12, STR_LEN_MAX = 256 << 20 };

static inline bool str_is_inline(const struct str *s) { return s->len <= STR_INLINE; }
static inline const char *str_data(const struct str *s) { return s->len <= STR_INLINE ? s->prefix : s->ptr; }
static inline struct strview str_view(const struct str *s) { return (struct strview){str_data(s), s->len}; }
/* A view of bytes that outlive it. */
static inline struct str str_make(const char *ptr, size_t len)
{
    struct str s = {.len = (uint32_t)len};
    assert(len <= STR_LEN_MAX);
    if (len <= STR_INLINE) {
        memset(s.prefix, 0, 4);
        memset(s.tail, 0, 8);
        if (len)
            memcpy(s.prefix, ptr, len); /* runs on into tail: the two are adjacent */
    } else {
        memcpy(s.prefix, ptr, 4);
        s.ptr = ptr;
    }
    return s;
}
static inline bool str_equal(const struct str *a, const struct str *b)
{
    if (load_u64(a) != load_u64(b))
        return false;
    if (a->len <= STR_INLINE)
        return load_u64(a->tail) == load_u64(b->tail);
    return a->ptr == b->ptr || memcmp(a->ptr, b->ptr, a->len) == 0;
}
/* Byte order (LC_COLLATE=C): <0, 0, >0. */
static inline int str_compare(const struct str *a, const struct str *b)
{
    uint32_t pa = __builtin_bswap32(load_u32(a->prefix)), pb = __builtin_bswap32(load_u32(b->prefix));
    if (pa != pb)
        return pa < pb ? -1 : 1;
    uint32_t n = MIN_OF(a->len, b->len);
    int order = n ? memcmp(str_data(a), str_data(b), n) : 0;
    return order ? order : (a->len > b->len) - (a->len < b->len);
}
/* A copy whose long bytes lie in the arena. */
struct str str_copy(struct arena *arena, const struct str *s);

/* How a vec's data is laid out. */
enum vec_form {
    VEC_FLAT,  /* n values, one per row */
    VEC_CONST, /* one value for all rows; NULL for all if bit 0 of null is set */
    VEC_DICT,  /* n uint32_t codes into dict->value; null bits per row as in VEC_FLAT (the code of a NULL is any valid
                  one) */
};

/* Distinct values of a string column of one chunk or segment. Immutable; lives as long as the storage object that it
 * came from is pinned. */
struct dict {
    uint32_t n;              /* entries */
    bool sorted;             /* values ascend by bytes: codes order like values */
    uint64_t id;             /* process-wide unique, never reused: the key of memos */
    const struct str *value; /* [n] */
    const uint64_t *hash;    /* [n] hash_bytes of each value; NULL = not stored */
    const uint32_t *chars;   /* [n] length in characters; NULL = not stored (or not text) */
};

struct vec {
    uint8_t phys;            /* enum phys */
    uint8_t form;            /* enum vec_form */
    void *data;              /* flat: n values; const: 1 value; dict: n uint32_t codes. 64-byte aligned if FLAT or DICT
                                and made by vec_alloc; otherwise aligned for its type. NULL for PHYS_NONE */
    uint64_t *null;          /* bit set = NULL; NULL pointer = no row is NULL. Values under NULL bits are defined
                                (readable) but arbitrary */
    const struct dict *dict; /* VEC_DICT only */
};

/* Rows of a batch that count, in ascending order; NULL pointer where one is expected = all rows [0, n). */
struct sel {
    uint32_t n;
    const uint16_t *idx;
};

struct batch {
    uint32_t n; /* rows in the vectors, at most CHUNK_ROWS; with sel only sel->n of them are alive */
    uint32_t ncol;
    struct vec *col;       /* [ncol] */
    const struct sel *sel; /* NULL = all rows alive */
};

static inline uint32_t batch_rows(const struct batch *b) { return b->sel ? b->sel->n : b->n; }
static inline bool vec_is_null(const struct vec *v, uint32_t row)
{
    return v->null && bit_get(v->null, v->form == VEC_CONST ? 0 : row);
}
/* Address of the value of a row, whatever the form. */
static inline const void *vec_value(const struct vec *v, uint32_t row)
{
    switch ((enum vec_form)v->form) {
    case VEC_FLAT: return (const char *)v->data + (size_t)row * phys_size[v->phys];
    case VEC_CONST: return v->data;
    case VEC_DICT: return &v->dict->value[((const uint32_t *)v->data)[row]];
    }
    __builtin_unreachable();
}

/* Flat vector of n rows in the arena, data uninitialised, padded, null = NULL. False (53200) when the arena's account
 * refuses. */
bool vec_alloc(struct vec *out, struct arena *arena, enum phys phys, uint32_t n, struct error *err) MUST_CHECK;
/* Null bitmap of n bits, all clear, in the arena; vec->null points to it. */
bool vec_alloc_null(struct vec *vec, struct arena *arena, uint32_t n, struct error *err) MUST_CHECK;
/* A constant of this form: value points to phys_size bytes (copied, strings by view); NULL = SQL NULL. */
bool vec_const(struct vec *out, struct arena *arena, enum phys phys, const void *value, struct error *err) MUST_CHECK;
/* Turns any form into FLAT over rows [0, n) (only selected rows need be valid afterwards). No copy if flat already. */
bool vec_flatten(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, const struct sel *sel,
                 struct error *err) MUST_CHECK;
/* Deep copy of the selected rows, densely packed, flat (dictionary and constants resolved), strings and big numerics
 * copied. */
bool vec_gather(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, const struct sel *sel,
                struct error *err) MUST_CHECK;

#endif
