/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed strings and a growable buffer. strview owns nothing; strbuf owns its memory (init/release) and keeps a
 * NUL after its contents. Neither is thread-safe.
 */
#ifndef MENCIA_BASE_STR_H
#define MENCIA_BASE_STR_H

#include "base/base.h"

struct strview {
    const char *ptr; /* not NUL-terminated; may be NULL when len is 0 */
    size_t len;      /* bytes */
};

#define STRVIEW(literal) ((struct strview){(literal), sizeof(literal) - 1})
static inline struct strview strview_of(const char *cstr) { return (struct strview){cstr, strlen(cstr)}; }
static inline struct strview strview_make(const char *ptr, size_t len) { return (struct strview){ptr, len}; }
static inline bool strview_equal(struct strview a, struct strview b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
/* ASCII case-insensitive. */
bool strview_equal_nocase(struct strview a, struct strview b);
static inline bool strview_equal_cstr(struct strview a, const char *b) { return strview_equal(a, strview_of(b)); }
/* Strips ASCII white space on both ends. */
struct strview strview_trim(struct strview s);
static inline bool char_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline bool char_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline char char_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

struct strbuf {
    char *data; /* NUL-terminated at len; never NULL after init */
    size_t len; /* bytes used, without the NUL */
    size_t cap; /* bytes allocated; 0 = data is the shared empty string */
};

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
static inline void strbuf_clear(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->cap)
        sb->data[0] = '\0';
}
/* Makes room for `more` bytes beyond len (plus the NUL). */
void strbuf_reserve(struct strbuf *sb, size_t more);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
static inline void strbuf_add_cstr(struct strbuf *sb, const char *s) { strbuf_add(sb, s, strlen(s)); }
static inline void strbuf_add_view(struct strbuf *sb, struct strview s) { strbuf_add(sb, s.ptr, s.len); }
static inline void strbuf_add_char(struct strbuf *sb, char c) { strbuf_add(sb, &c, 1); }
void strbuf_add_fmt(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline void strbuf_add_be16(struct strbuf *sb, uint16_t v)
{
    uint8_t b[2];
    store_be16(b, v);
    strbuf_add(sb, b, 2);
}
static inline void strbuf_add_be32(struct strbuf *sb, uint32_t v)
{
    uint8_t b[4];
    store_be32(b, v);
    strbuf_add(sb, b, 4);
}
static inline void strbuf_add_be64(struct strbuf *sb, uint64_t v)
{
    uint8_t b[8];
    store_be64(b, v);
    strbuf_add(sb, b, 8);
}
/* Hands the memory (NUL-terminated, to be freed by free()) to the caller and leaves sb initialised and empty. */
char *strbuf_detach(struct strbuf *sb);

/* Damerau-Levenshtein distance of two names, capped at limit + 1; ASCII case-insensitive. For did-you-mean. */
uint32_t str_distance(struct strview a, struct strview b, uint32_t limit);

/* True if the bytes are valid UTF-8 without NUL (PostgreSQL's rule for text). *bad_at (may be NULL) = first bad byte.
 */
bool utf8_valid(const char *s, size_t len, size_t *bad_at);
/* Number of characters of valid UTF-8. */
size_t utf8_length(const char *s, size_t len);
/* Bytes of the character starting with this byte (1..4); 1 for an invalid one. */
static inline uint32_t utf8_step(unsigned char lead)
{
    return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 1;
}
/* Encodes one code point into out (4 bytes at most); returns the length. */
uint32_t utf8_encode(uint32_t code_point, char *out);
/* Decodes the character at s (valid UTF-8); *step = its length. */
uint32_t utf8_decode(const char *s, uint32_t *step);

#endif
