/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of jsonb: the parts of the binary form (described at the top of jsonb.c) as its readers and its writer see
 * them.
 */
#ifndef MENCIA_TYPES_JSONB_INT_H
#define MENCIA_TYPES_JSONB_INT_H

#include "types/jsonb.h"

#define JSONB_DEPTH_MAX  1000
#define JSONB_BYTES_MAX  0x0FFFFFFFu /* of a string and of a container, as in PostgreSQL */
#define JSONB_TAG_KIND   7           /* mask of the kind in the tag byte */
#define JSONB_TAG_SHIFT  3
#define JSONB_NUM_BIG    9    /* in bits 3..6 of a number's tag: decimal digits follow */
#define JSONB_NUM_SCALED 0x80 /* a scale byte follows the tag */
#define JSONB_BIG_HEADER 8    /* tag, sign, u16 display scale, i32 exponent */
#define JSONB_SCALE_MAX  18   /* of an inline number */
#define JSONB_DSCALE_MAX 16383
#define JSONB_DIGITS_MAX 131072 /* before the decimal point */

/* A number: mantissa × 10^-dscale, or 0.DIGITS × 10^exponent. */
struct jsonb_number {
    bool big;
    bool negative;   /* big only */
    uint32_t dscale; /* digits printed after the point */
    int64_t mantissa;
    int32_t exponent;
    struct strview digits; /* ASCII, without leading or trailing zeros; empty = zero */
};

/* The parts of a container. */
struct jsonb_container {
    uint32_t count;
    uint32_t width;       /* bytes of an offset: 1, 2, 4 */
    const char *ends;     /* end offsets of the elements, or of the keys */
    const char *val_ends; /* objects: end offsets of the values */
    const char *body;     /* elements, or keys */
    const char *values;   /* objects: values */
};

static inline uint32_t jsonb_load(const char *p, uint32_t width)
{
    return width == 1 ? (uint8_t)*p : width == 2 ? load_u16(p) : load_u32(p);
}
static inline void jsonb_store(char *p, uint32_t width, uint32_t v)
{
    if (width == 1)
        *p = (char)v;
    else if (width == 2)
        store_u16(p, (uint16_t)v);
    else
        store_u32(p, v);
}
static inline uint32_t jsonb_width(uint64_t bytes) { return bytes <= UINT8_MAX ? 1 : bytes <= UINT16_MAX ? 2 : 4; }

static inline enum jsonb_kind jsonb_tag_kind(struct strview v)
{
    assert(v.len > 0);
    return (enum jsonb_kind)(v.ptr[0] & JSONB_TAG_KIND);
}

/* On checked bytes. */
void jsonb_open(struct strview container, struct jsonb_container *out);
struct strview jsonb_slice(const char *base, const char *ends, uint32_t width, uint32_t i);
static inline struct strview jsonb_element(const struct jsonb_container *c, uint32_t i)
{
    return jsonb_slice(c->body, c->ends, c->width, i);
}
static inline struct strview jsonb_value(const struct jsonb_container *c, uint32_t i)
{
    return jsonb_slice(c->values, c->val_ends, c->width, i);
}
/* Index of a key, -1 = none. */
int64_t jsonb_find_key(const struct jsonb_container *object, struct strview key);
/* Keys in their stored order: shorter ones first, then by bytes. */
static inline int jsonb_key_compare(struct strview a, struct strview b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

/* ---- numbers (jsonb_number.c) ---- */

/* Plain digits that surely fit inline: the usual case. False = use jsonb_number_parse. */
bool jsonb_number_parse_short(struct strview text, struct jsonb_number *out);
/* Reads the text of a JSON number (already known to be one). digits: room for text.len bytes, which *out may view.
 * 22003 as numeric's input. */
bool jsonb_number_parse(struct strview text, char *digits, struct jsonb_number *out, struct error *err) MUST_CHECK;
size_t jsonb_number_size(const struct jsonb_number *n);
void jsonb_number_write(const struct jsonb_number *n, char *dst);
/* From the binary form. */
void jsonb_number_read(struct strview v, struct jsonb_number *out);
bool jsonb_number_check(struct strview v);
void jsonb_number_format(struct strbuf *out, const struct jsonb_number *n);
int jsonb_number_compare(const struct jsonb_number *a, const struct jsonb_number *b);
uint64_t jsonb_number_hash(const struct jsonb_number *n);

/* ---- lexer (jsonb_lex.c) ---- */

enum json_token {
    JSON_END,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_LBRACE,
    JSON_RBRACE,
    JSON_LBRACKET,
    JSON_RBRACKET,
    JSON_COMMA,
    JSON_COLON,
};
struct json_lexer {
    struct strview text;
    const char *at, *end;
    const char *start, *stop; /* of the current token, for errors; start NULL at the end of input */
    const char *line_start;
    uint32_t line;
    enum json_token token;
    bool unescape;         /* resolve escapes (and refuse those that cannot be); off for json */
    struct strview string; /* content of a string token without escapes */
    bool escaped;          /* … with escapes: resolved into scratch at [scratch_start, scratch.len) */
    size_t scratch_start;
    struct strbuf scratch;
};
/* First of a quote, a backslash or a control character at or after p, or end. */
const char *json_plain_end(const char *p, const char *end);
void json_lexer_init(struct json_lexer *lx, struct strview text, bool unescape);
void json_lexer_release(struct json_lexer *lx);
/* Moves to the next token; 22P02, 22P05. */
bool json_next(struct json_lexer *lx, struct error *err) MUST_CHECK;
/* Adds "JSON data, line …" to the error; returns false. */
bool json_error_context(const struct json_lexer *lx, struct error *err);
/* The current token is not what the grammar wants: fmt has one %s for the token. */
bool json_unexpected(const struct json_lexer *lx, const char *wanted, struct error *err);

#endif
