/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema-directed JSON: one pass over the message, values go from the bytes into their columns.
 *
 * The keys seen so far form a tree of nodes, one per key of each object that some column's path goes through. Each node
 * remembers which key followed it last time (succ; first for an object's first key), so the next message is mostly a
 * chain of comparisons of `"key":` as whole words. A miss looks the key up by hash and corrects the prediction. Keys no
 * column takes get nodes as well, up to a limit, so they are predicted and skipped.
 *
 * The buffer ends with NULs, which no rule of the grammar accepts, so nothing here checks for the end. Words of up to
 * 8 bytes beyond a pattern are read: SCAN_PAD allows it.
 */
#include "ingest/decode_int.h"

#include <stdlib.h>

#include "base/hash.h"
#include "types/jsonb.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { PATTERN_MAX = 56, UNKNOWN_NAME_MAX = 256 };

struct json_node {
    struct strview name;     /* decoded key */
    struct strview path;     /* full name, for reports */
    uint64_t hash;           /* of name */
    const uint64_t *pattern; /* `"key":` in words, NULL = never predicted */
    uint32_t pattern_len;
    uint32_t pattern_words;
    uint64_t pattern_mask;          /* of the last word */
    struct json_node *first, *succ; /* predictions: first key of the object; the key after this one */
    uint64_t stamp;                 /* row that had this key last */
    uint32_t ncol;
    uint32_t *col;               /* columns it feeds */
    bool inner;                  /* paths go through it */
    bool inside;                 /* an object above feeds a column as a whole: keys in it are not unknown */
    bool weak;                   /* matches its column but for case */
    struct json_node *exact;     /* weak: the node of the same column with the exact name */
    struct json_node *weak_last; /* exact: weak node that came last */
    uint64_t count;              /* unknown keys: how often */
    struct json_node *child, *sibling;
    struct json_node **slot; /* hash table of children, a power of two, at most half full */
    uint32_t nslot, nchild;
};

static const char *skip_value(struct decoder *d, const char *p);
static const char *parse_object(struct decoder *d, struct json_node *object, const char *p);

/* ---- nodes ---- */

static struct json_node *node_find(const struct json_node *parent, struct strview name, uint64_t hash)
{
    if (!parent->nslot)
        return NULL;
    for (uint32_t i = (uint32_t)hash & (parent->nslot - 1);; i = (i + 1) & (parent->nslot - 1)) {
        struct json_node *node = parent->slot[i];
        if (!node || (node->hash == hash && strview_equal(node->name, name)))
            return node;
    }
}

static void node_index(struct json_node *parent, struct json_node *node)
{
    uint32_t i = (uint32_t)node->hash & (parent->nslot - 1);

    while (parent->slot[i])
        i = (i + 1) & (parent->nslot - 1);
    parent->slot[i] = node;
}

static void node_pattern(struct decoder *d, struct json_node *node)
{
    struct strview name = node->name;

    if (name.len + 3 > PATTERN_MAX)
        return;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '"' || name.ptr[i] == '\\' || (unsigned char)name.ptr[i] < 0x20)
            return;
    char *bytes = ARENA_ARRAY(&d->arena, char, PATTERN_MAX);
    bytes[0] = '"';
    memcpy(bytes + 1, name.ptr, name.len);
    bytes[name.len + 1] = '"';
    bytes[name.len + 2] = ':';
    node->pattern_len = (uint32_t)name.len + 3;
    node->pattern_words = (node->pattern_len + 7) / 8;
    uint32_t rest = node->pattern_len % 8;
    node->pattern_mask = rest ? (UINT64_C(1) << (rest * 8)) - 1 : ~UINT64_C(0);
    node->pattern = (const uint64_t *)(const void *)bytes;
}

static struct json_node *node_add(struct decoder *d, struct json_node *parent, struct strview name)
{
    struct json_node *node = ARENA_NEW(&d->arena, struct json_node);

    node->name = arena_strview(&d->arena, name);
    node->hash = hash_bytes(name.ptr, name.len);
    node->path = node->name;
    if (parent->path.len) {
        const char *path =
            arena_fmt(&d->arena, "%.*s.%.*s", (int)parent->path.len, parent->path.ptr, (int)name.len, name.ptr);
        node->path = strview_of(path);
    }
    node->inside = parent->inside || (parent != d->root && parent->ncol);
    node_pattern(d, node);
    if (++parent->nchild * 2 > parent->nslot) {
        parent->nslot = MAX_OF(parent->nslot * 2, 16u);
        parent->slot = ARENA_ARRAY(&d->arena, struct json_node *, parent->nslot);
        for (struct json_node *c = parent->child; c; c = c->sibling)
            node_index(parent, c);
    }
    node->sibling = parent->child;
    parent->child = node;
    node_index(parent, node);
    return node;
}

static struct json_node *node_get(struct decoder *d, struct json_node *parent, struct strview name)
{
    struct json_node *node = node_find(parent, name, hash_bytes(name.ptr, name.len));
    return node ? node : node_add(d, parent, name);
}

static void node_feed(struct decoder *d, struct json_node *node, uint32_t column)
{
    uint32_t *more = ARENA_ARRAY(&d->arena, uint32_t, node->ncol + 1);

    if (node->ncol)
        memcpy(more, node->col, node->ncol * sizeof *more);
    more[node->ncol++] = column;
    node->col = more;
}

/* The one column that is fed by a key equal to name but for case; its exact node in *exact. */
static bool find_weak(const struct decoder *d, struct strview name, uint32_t *column, struct json_node **exact)
{
    const struct table_def *def = d->spec->def;
    uint32_t found = 0;

    for (uint32_t i = 0; i < d->filler.nfed; i++) {
        const struct column_def *c = &def->column[d->filler.fed[i]];
        if (!c->source_path || c->source_path_exact || !strview_equal_nocase(strview_of(c->source_path), name))
            continue;
        found++;
        *column = d->filler.fed[i];
    }
    if (found != 1)
        return false;
    struct strview source = strview_of(def->column[*column].source_path);
    *exact = node_find(d->root, source, hash_bytes(source.ptr, source.len));
    return true;
}

/* A key that is not in the tree yet. */
static struct json_node *node_learn(struct decoder *d, struct json_node *parent, struct strview name)
{
    uint32_t column;
    struct json_node *exact;

    if (parent == d->root && find_weak(d, name, &column, &exact)) {
        struct json_node *node = node_add(d, parent, name);
        node->weak = true;
        node->exact = exact;
        node_feed(d, node, column);
        return node;
    }
    if (d->nlearnt >= DECODE_UNKNOWN_KEYS_MAX || name.len > UNKNOWN_NAME_MAX || parent->path.len > 1024)
        return d->overflow;
    d->nlearnt++;
    struct json_node *node = node_add(d, parent, name);
    if (!node->inside)
        d->unknown[d->nunknown++] = node;
    return node;
}

bool json_open(struct decoder *d, struct error *err)
{
    d->root = ARENA_NEW(&d->arena, struct json_node);
    d->overflow = ARENA_NEW(&d->arena, struct json_node);
    d->root->inner = true;
    for (uint32_t i = 0; i < d->filler.nfed; i++) {
        const struct column_def *c = &d->spec->def->column[d->filler.fed[i]];
        struct json_node *node = d->root;
        if (!c->source_path)
            continue;
        struct strview rest = strview_of(c->source_path);
        while (c->source_path_exact) {
            const char *dot = memchr(rest.ptr, '.', rest.len);
            if (!dot)
                break;
            node = node_get(d, node, strview_make(rest.ptr, (size_t)(dot - rest.ptr)));
            node->inner = true;
            rest = strview_make(dot + 1, rest.len - (size_t)(dot - rest.ptr) - 1);
        }
        node_feed(d, node_get(d, node, rest), d->filler.fed[i]);
    }
    return true;
}

void json_close(struct decoder *d) { d->root = NULL; }

struct strview json_unknown_name(const struct decoder *d, uint32_t i, uint64_t *count)
{
    *count = d->unknown[i]->count;
    return d->unknown[i]->path;
}

/* ---- scanning ---- */

static inline const char *skip_space(const char *p)
{
    while (UNLIKELY((unsigned char)*p <= ' ') && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline const char *string_special(const struct decoder *d, const char *p)
{
#if defined(__SSE2__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v));
    int mask = _mm_movemask_epi8(hit);
    if (LIKELY(mask))
        return p + __builtin_ctz((unsigned)mask);
    p += 16;
#endif
    return d->scan->string_end(p);
}

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* p behind `\u`; appends the character, surrogate pairs joined. NULL = broken. *nul: it is U+0000. */
static const char *unescape_unicode(struct strbuf *out, const char *p, bool *nul)
{
    int code = hex4(p);
    char utf8[4];

    if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return NULL;
    p += 4;
    if (code >= 0xD800 && code <= 0xDBFF) {
        int low = p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *nul |= code == 0;
    strbuf_add(out, utf8, utf8_encode((uint32_t)code, utf8));
    return p;
}

/* From the first backslash on: begin is the string's first byte, p the backslash. Result in d->text. */
static NEVER_INLINE const char *unescape(struct decoder *d, const char *begin, const char *p, bool *nul)
{
    static const char plain[256] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

    strbuf_clear(&d->text);
    for (;;) {
        strbuf_add(&d->text, begin, (size_t)(p - begin));
        if (*p == '"')
            return p + 1;
        if (*p != '\\')
            return NULL;
        if (p[1] == 'u') {
            p = unescape_unicode(&d->text, p + 2, nul);
            if (!p)
                return NULL;
        } else {
            char c = plain[(unsigned char)p[1]];
            if (!c)
                return NULL;
            strbuf_add_char(&d->text, c);
            p += 2;
        }
        begin = p;
        p = string_special(d, p);
    }
}

/* p behind the opening quote. *s: the contents, in the buffer or d->text. Returns behind the closing quote. */
static inline const char *scan_string(struct decoder *d, const char *p, struct strview *s, bool *nul)
{
    const char *end = string_special(d, p);

    if (LIKELY(*end == '"')) {
        *s = strview_make(p, (size_t)(end - p));
        return end + 1;
    }
    if (*end != '\\')
        return NULL;
    end = unescape(d, p, end, nul);
    *s = strview_make(d->text.data, d->text.len);
    return end;
}

/* p at the part behind the integer digits: fraction and exponent. NULL = broken. */
static const char *scan_fraction(const char *p)
{
    if (*p == '.') {
        if (!char_is_digit(*++p))
            return NULL;
        while (char_is_digit(*p))
            p++;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!char_is_digit(*p))
            return NULL;
        while (char_is_digit(*p))
            p++;
    }
    return p;
}

static const char *scan_number(const char *p)
{
    p += *p == '-';
    const char *digits = p;
    while (char_is_digit(*p))
        p++;
    if (p == digits || (*digits == '0' && p - digits > 1))
        return NULL;
    return scan_fraction(p);
}

static const char *scan_literal(const char *p)
{
    if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)
        return p + 4;
    return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}

static inline const char *skip_string(struct decoder *d, const char *p)
{
    struct strview s;
    bool nul = false;
    return scan_string(d, p, &s, &nul);
}

/* Array elements and object members until the bracket that closes what is open: checked, not kept. depth containers are
 * open, kind bit set = object. p is behind the newest opening bracket. */
static const char *skip_nested(struct decoder *d, const char *p, bool object)
{
    uint64_t kind[DECODE_DEPTH_MAX / 64 + 1] = {object};
    uint32_t depth = 1;
    bool first = true;

    for (;;) {
        bool in_object = bit_get(kind, depth - 1);
        p = skip_space(p);
        if (*p == (in_object ? '}' : ']')) {
            /* Closed: an empty container, or behind a value. */
            p++;
            if (--depth == 0)
                return p;
            first = false;
            continue;
        }
        if (!first) {
            if (*p != ',')
                return NULL;
            p = skip_space(p + 1);
        }
        if (in_object) {
            if (*p != '"' || !(p = skip_string(d, p + 1)))
                return NULL;
            p = skip_space(p);
            if (*p != ':')
                return NULL;
            p = skip_space(p + 1);
        }
        first = *p == '{' || *p == '[';
        if (first) {
            if (depth == DECODE_DEPTH_MAX) {
                d->too_deep = true;
                return NULL;
            }
            bit_put(kind, depth++, *p++ == '{');
        } else if (!(p = skip_value(d, p))) {
            return NULL;
        }
    }
}

static const char *skip_value(struct decoder *d, const char *p)
{
    switch (*p) {
    case '"': return skip_string(d, p + 1);
    case '{': return skip_nested(d, p + 1, true);
    case '[': return skip_nested(d, p + 1, false);
    case 't':
    case 'f':
    case 'n': return scan_literal(p);
    default: return scan_number(p);
    }
}

/* ---- values into columns ---- */

static inline void put_done(struct decoder *d, uint32_t column)
{
    filler_mark(&d->filler, column);
    if (UNLIKELY(d->track))
        d->column_stats[column].found++;
}

static NEVER_INLINE void put_failed(struct decoder *d, uint32_t column, const struct error *err)
{
    filler_mark(&d->filler, column);
    if (d->track)
        d->column_stats[column].found++;
    decoder_fault(d, column, err);
}

static NEVER_INLINE void put_null(struct decoder *d, const struct json_node *node)
{
    for (uint32_t i = 0; i < node->ncol; i++) {
        filler_unmark(&d->filler, node->col[i]);
        if (d->track)
            d->column_stats[node->col[i]].null++;
    }
}

static void put_text(struct decoder *d, uint32_t column, const char *s, size_t len)
{
    struct error err;

    if (LIKELY(field_put(&d->ctx, d->mc, &d->filler.field[column], s, len, &err)))
        put_done(d, column);
    else
        put_failed(d, column, &err);
}

static void put_string(struct decoder *d, uint32_t column, struct strview s, struct strview raw, bool nul)
{
    const struct field *f = &d->filler.field[column];
    struct error err;

    if (f->kind == FIELD_TEXT && LIKELY(!nul)) {
        if (LIKELY(mutable_put_str(d->mc, column, s.ptr, s.len)))
            put_done(d, column);
        else
            put_failed(d, column, (field_memory_error(d->mc, &err), &err));
    } else if (f->kind == FIELD_JSON || f->kind == FIELD_JSONB) {
        put_text(d, column, raw.ptr, raw.len);
    } else if (nul) {
        error_set(&err, SQLSTATE_UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence");
        error_detail(&err, "\\u0000 cannot be converted to text.");
        put_failed(d, column, &err);
    } else {
        put_text(d, column, s.ptr, s.len);
    }
}

/* Nested values reach types other than json and jsonb as jsonb's text. */
static void put_nested(struct decoder *d, uint32_t column, struct strview raw)
{
    const struct field *f = &d->filler.field[column];
    struct error err;

    if (f->kind == FIELD_JSON || f->kind == FIELD_JSONB) {
        put_text(d, column, raw.ptr, raw.len);
        return;
    }
    strbuf_clear(&d->ctx.json);
    if (!jsonb_parse(raw, &d->ctx.json, &err)) {
        put_failed(d, column, &err);
        return;
    }
    strbuf_clear(&d->text);
    jsonb_format(&d->text, strview_make(d->ctx.json.data, d->ctx.json.len));
    put_text(d, column, d->text.data, d->text.len);
}

static void put_number(struct decoder *d, uint32_t column, const char *s, size_t len)
{
    const struct field *f = &d->filler.field[column];
    struct error err;

    if (!f->is_epoch)
        put_text(d, column, s, len);
    else if (field_put_epoch(&d->ctx, d->mc, f, d->spec->def->options.epoch_unit, s, len, &err))
        put_done(d, column);
    else
        put_failed(d, column, &err);
}

/* v is the number's value, at most 18 digits; [s, s + len) its text. */
static inline void put_int(struct decoder *d, uint32_t column, int64_t v, const char *s, size_t len)
{
    const struct field *f = &d->filler.field[column];

    if (LIKELY(f->kind <= FIELD_I64) && field_put_int(d->mc, f, v))
        put_done(d, column);
    else
        put_number(d, column, s, len);
}
_Static_assert(FIELD_I16 == 0 && FIELD_I64 == 2, "put_int compares kinds");

static inline const char *parse_number(struct decoder *d, struct json_node *node, const char *p)
{
    const char *begin = p;
    bool negative = *p == '-';
    uint64_t v = 0;

    p += negative;
    const char *digits = p;
    for (uint32_t digit; (digit = (uint32_t)(unsigned char)*p - '0') <= 9; p++)
        v = v * 10 + digit;
    size_t n = (size_t)(p - digits);
    if (n == 0 || (*digits == '0' && n > 1))
        return NULL;
    if (LIKELY(*p != '.' && (*p | 0x20) != 'e' && n <= 18)) {
        for (uint32_t i = 0; i < node->ncol; i++)
            put_int(d, node->col[i], negative ? -(int64_t)v : (int64_t)v, begin, (size_t)(p - begin));
        return p;
    }
    p = scan_fraction(p);
    for (uint32_t i = 0; p && i < node->ncol; i++)
        put_number(d, node->col[i], begin, (size_t)(p - begin));
    return p;
}

static inline const char *parse_string(struct decoder *d, struct json_node *node, const char *p)
{
    const char *begin = p;
    struct strview s;
    bool nul = false;

    p = scan_string(d, p + 1, &s, &nul);
    for (uint32_t i = 0; p && i < node->ncol; i++)
        put_string(d, node->col[i], s, strview_make(begin, (size_t)(p - begin)), nul);
    return p;
}

static const char *parse_literal(struct decoder *d, struct json_node *node, const char *p)
{
    const char *begin = p;

    p = scan_literal(p);
    if (!p)
        return NULL;
    if (*begin == 'n') {
        put_null(d, node);
        return p;
    }
    for (uint32_t i = 0; i < node->ncol; i++) {
        const struct field *f = &d->filler.field[node->col[i]];
        if (f->kind == FIELD_BOOL) {
            mutable_put_bool(d->mc, f->column, *begin == 't');
            put_done(d, f->column);
        } else {
            put_text(d, f->column, begin, (size_t)(p - begin));
        }
    }
    return p;
}

/* A key came again (or an exact one after one equal but for case): what it and the keys below it set is forgotten. */
static void forget(struct decoder *d, struct json_node *node)
{
    for (uint32_t i = 0; i < node->ncol; i++) {
        filler_unmark(&d->filler, node->col[i]);
        if (d->nfault)
            decoder_unfault(d, node->col[i]);
    }
    for (struct json_node *child = node->child; child; child = child->sibling)
        if (child->stamp == d->filler.stamp) {
            child->stamp = 0;
            forget(d, child);
        }
}

/* Whether the value of a key that equals its column's name but for case counts. */
static bool take_weak(struct decoder *d, struct json_node *node)
{
    struct json_node *exact = node->exact, *other = exact->weak_last;
    struct error err;

    if (exact->stamp == d->filler.stamp)
        return false;
    exact->weak_last = node;
    if (other && other != node && other->stamp == d->filler.stamp) {
        error_set(&err, SQLSTATE_AMBIGUOUS_COLUMN, "keys \"%.*s\" and \"%.*s\" both match the column but for case",
                  (int)other->name.len, other->name.ptr, (int)node->name.len, node->name.ptr);
        put_failed(d, node->col[0], &err);
        return false;
    }
    return true;
}

/* p at the value of the key. */
static inline const char *parse_member(struct decoder *d, struct json_node *node, const char *p)
{
    uint64_t stamp = d->filler.stamp;

    if (UNLIKELY(node->stamp == stamp) || UNLIKELY(node->weak_last && node->weak_last->stamp == stamp && !node->weak))
        forget(d, node);
    node->stamp = stamp;
    if (node->ncol == 0 && !node->inner) {
        if (!node->inside) {
            d->unknown_keys++;
            node->count++;
        }
        return skip_value(d, p);
    }
    if (UNLIKELY(node->weak) && !take_weak(d, node))
        return skip_value(d, p);
    switch (*p) {
    case '"': return parse_string(d, node, p);
    case '{':
    case '[': {
        const char *begin = p;
        p = *p == '{' && node->inner ? parse_object(d, node, p + 1) : skip_value(d, p);
        for (uint32_t i = 0; p && i < node->ncol; i++)
            put_nested(d, node->col[i], strview_make(begin, (size_t)(p - begin)));
        return p;
    }
    case 't':
    case 'f':
    case 'n': return parse_literal(d, node, p);
    default: return parse_number(d, node, p);
    }
}

/* ---- objects ---- */

static inline bool key_is(const struct json_node *node, const char *p)
{
    uint32_t last = node->pattern_words - 1;

    for (uint32_t i = 0; i < last; i++)
        if (load_u64(p + i * 8) != node->pattern[i])
            return false;
    return ((load_u64(p + last * 8) ^ node->pattern[last]) & node->pattern_mask) == 0;
}

/* Reads a key and the colon behind it, the long way. NULL = broken. */
static NEVER_INLINE const char *read_key(struct decoder *d, struct json_node *object, const char *p,
                                         struct json_node **out)
{
    struct strview name;
    bool nul = false;

    if (*p != '"' || !(p = scan_string(d, p + 1, &name, &nul)) || nul)
        return NULL;
    *out = node_find(object, name, hash_bytes(name.ptr, name.len));
    if (!*out)
        *out = node_learn(d, object, name);
    p = skip_space(p);
    return *p == ':' ? p + 1 : NULL;
}

/* p behind the opening brace; returns behind the closing one. */
static const char *parse_object(struct decoder *d, struct json_node *object, const char *p)
{
    struct json_node *guess = object->first, **correct = &object->first;

    p = skip_space(p);
    if (*p == '}')
        return p + 1;
    for (;;) {
        struct json_node *node = guess;
        if (LIKELY(node && node->pattern && key_is(node, p))) {
            p += node->pattern_len;
        } else {
            p = read_key(d, object, p, &node);
            if (!p)
                return NULL;
            *correct = node;
        }
        p = parse_member(d, node, skip_space(p));
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
        correct = &node->succ;
        guess = node->succ;
    }
}

static bool syntax_error(struct decoder *d, size_t len, struct error *err)
{
    struct strview text = strview_make(d->buf, len);

    if (d->too_deep)
        return error_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "message is nested too deep, the limit is %d levels",
                         DECODE_DEPTH_MAX);
    /* json's input takes more escapes than text can hold; jsonb's says which. */
    strbuf_clear(&d->ctx.json);
    if (!json_check_text(text, err) || (*skip_space(d->buf) == '{' && !jsonb_parse(text, &d->ctx.json, err)))
        return false;
    return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "message is not a JSON object");
}

bool json_message(struct decoder *d, size_t len, struct error *err)
{
    const char *p = skip_space(d->buf);

    d->too_deep = false;
    d->overflow->stamp = 0;
    p = *p == '{' ? parse_object(d, d->root, p + 1) : NULL;
    if (p)
        p = skip_space(p);
    if (LIKELY(p == d->buf + len))
        return true;
    syntax_error(d, len, err);
    err->column[0] = '\0';
    return false;
}
