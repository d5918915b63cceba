/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text to jsonb in one pass over the text. The parser lays the values down as a flat list of nodes in text order;
 * when a container closes, its members are sorted and its size is known from theirs. Then the list is written out
 * front to back, each byte once, straight into the caller's buffer.
 *
 * Nodes hold views of the text; strings with escapes and long numbers live in the lexer's scratch buffer, which moves
 * when it grows, so they are kept as offsets.
 */
#include "types/jsonb_int.h"

#include <stdlib.h>

#define NODES_INLINE      64
#define SORT_BY_INSERTION 24 /* keys */

struct node {
    uint8_t kind;    /* enum jsonb_kind */
    uint8_t width;   /* containers: bytes of an offset */
    bool scratch;    /* the string or the digits are at `offset` in the scratch buffer */
    bool big;        /* numbers: struct jsonb_number.big … */
    bool negative;   /* … and negative */
    uint16_t dscale; /* numbers */
    uint32_t size;   /* encoded bytes */
    uint32_t count;  /* containers: elements or pairs; strings and big numbers: bytes */
    uint32_t next;   /* node after this one and all inside it */
    union {
        const char *ptr;   /* strings */
        size_t offset;     /* into scratch */
        int64_t mantissa;  /* inline numbers */
        uint32_t order_at; /* objects: first of `count` key nodes in parser.order */
    };
    int32_t exponent; /* big numbers */
};

struct parser {
    struct json_lexer lexer;
    bool build; /* false: only check the text */
    uint32_t depth;
    struct node *nodes;
    uint32_t nnodes, nodes_cap;
    uint32_t *order; /* key nodes of all objects, each object's in key order */
    uint32_t norder, order_cap;
    struct node room[NODES_INLINE];
    uint32_t order_room[NODES_INLINE];
    struct error *err;
};

static bool no_memory(struct parser *p) { return error_set(p->err, SQLSTATE_OUT_OF_MEMORY, "out of memory"); }

static bool too_large(struct parser *p, const char *what)
{
    return error_set(p->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                     "total size of jsonb %s elements exceeds the maximum of %u bytes", what, JSONB_BYTES_MAX);
}

/* Doubles an array that starts in `room`; NULL = out of memory. */
static void *grow(void *old, const void *room, uint32_t *cap, uint32_t need, size_t item)
{
    uint32_t wanted = *cap;
    while (wanted < need) {
        if (wanted > UINT32_MAX / 2)
            return NULL;
        wanted *= 2;
    }
    void *bigger = realloc(old == room ? NULL : old, wanted * item);
    if (bigger && old == room)
        memcpy(bigger, old, *cap * item);
    if (bigger)
        *cap = wanted;
    return bigger;
}

static bool add_node(struct parser *p, enum jsonb_kind kind, uint32_t size, struct node **out)
{
    if (p->nnodes == p->nodes_cap) {
        struct node *bigger = grow(p->nodes, p->room, &p->nodes_cap, p->nnodes + 1, sizeof *p->nodes);
        if (!bigger)
            return no_memory(p);
        p->nodes = bigger;
    }
    *out = &p->nodes[p->nnodes++];
    **out = (struct node){.kind = (uint8_t)kind, .size = size, .next = p->nnodes};
    return true;
}

static const char *node_bytes(const struct parser *p, const struct node *n)
{
    return n->scratch ? p->lexer.scratch.data + n->offset : n->ptr;
}

static bool add_string(struct parser *p, bool key)
{
    const struct json_lexer *lx = &p->lexer;
    struct node *n;
    if (!p->build)
        return true;
    size_t len = lx->escaped ? lx->scratch.len - lx->scratch_start : lx->string.len;
    if (len > JSONB_BYTES_MAX) {
        error_set(p->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "string too long to represent as jsonb %s",
                  key ? "object key" : "string");
        return error_detail(p->err, "Due to an implementation restriction, jsonb strings cannot exceed %u bytes.",
                            JSONB_BYTES_MAX);
    }
    if (!add_node(p, JSONB_STRING, (uint32_t)len + 1, &n))
        return false;
    n->count = (uint32_t)len;
    n->scratch = lx->escaped;
    if (lx->escaped)
        n->offset = lx->scratch_start;
    else
        n->ptr = lx->string.ptr;
    return true;
}

static bool add_number(struct parser *p, struct strview text)
{
    struct strbuf *scratch = &p->lexer.scratch;
    struct jsonb_number number;
    struct node *n;
    if (!p->build)
        return true;
    if (!jsonb_number_parse_short(text, &number)) {
        strbuf_reserve(scratch, text.len);
        if (!jsonb_number_parse(text, scratch->data + scratch->len, &number, p->err))
            return false;
    }
    if (!add_node(p, JSONB_NUMBER, (uint32_t)jsonb_number_size(&number), &n))
        return false;
    n->big = number.big;
    n->negative = number.negative;
    n->dscale = (uint16_t)number.dscale;
    n->exponent = number.exponent;
    if (number.big) {
        n->scratch = true;
        n->offset = scratch->len;
        n->count = (uint32_t)number.digits.len;
        scratch->len += number.digits.len;
    } else {
        n->mantissa = number.mantissa;
    }
    return true;
}

/* ---- closing containers ---- */

static bool close_sized(struct parser *p, struct node *n, uint64_t offsets, uint64_t body, uint64_t area,
                        const char *what)
{
    n->width = (uint8_t)jsonb_width(area);
    uint64_t size = 1 + (1 + offsets) * n->width + body;
    if (size > JSONB_BYTES_MAX)
        return too_large(p, what);
    n->size = (uint32_t)size;
    n->next = p->nnodes;
    return true;
}

static bool close_array(struct parser *p, uint32_t at, uint32_t count)
{
    struct node *n = &p->nodes[at];
    uint64_t body = 0;
    for (uint32_t i = at + 1; i < p->nnodes; i = p->nodes[i].next)
        body += p->nodes[i].size;
    n->count = count;
    return close_sized(p, n, count, body, body, "array");
}

static struct strview key_of(const struct parser *p, uint32_t key)
{
    const struct node *n = &p->nodes[key];
    return strview_make(node_bytes(p, n), n->count);
}

/* By key; equal keys in text order, as node numbers grow with it. */
static int order_keys(const void *a, const void *b, void *arg)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int c = jsonb_key_compare(key_of(arg, x), key_of(arg, y));
    return c ? c : x < y ? -1 : 1;
}

/* Objects are mostly small, and nearly sorted or short keys are cheap to compare. */
static void sort_keys(struct parser *p, uint32_t *order, uint32_t n)
{
    if (n > SORT_BY_INSERTION) {
        qsort_r(order, n, sizeof *order, order_keys, p);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        uint32_t item = order[i], j = i;
        struct strview key = key_of(p, item);
        for (; j > 0 && jsonb_key_compare(key_of(p, order[j - 1]), key) > 0; j--)
            order[j] = order[j - 1];
        order[j] = item;
    }
}

static bool close_object(struct parser *p, uint32_t at, uint32_t count)
{
    uint64_t keys = 0, values = 0;
    bool sorted = true;
    if (p->norder + (uint64_t)count > p->order_cap) {
        if (p->norder + (uint64_t)count > UINT32_MAX / 2)
            return too_large(p, "object");
        uint32_t *bigger = grow(p->order, p->order_room, &p->order_cap, p->norder + count, sizeof *p->order);
        if (!bigger)
            return no_memory(p);
        p->order = bigger;
    }
    uint32_t *order = p->order + p->norder, n = 0;
    for (uint32_t i = at + 1; i < p->nnodes; i = p->nodes[i + 1].next) {
        sorted = sorted && (n == 0 || jsonb_key_compare(key_of(p, order[n - 1]), key_of(p, i)) < 0);
        order[n++] = i;
    }
    assert(n == count);
    if (!sorted) {
        sort_keys(p, order, n);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n; i++) {
            /* The last of equal keys wins. */
            if (i + 1 == n || jsonb_key_compare(key_of(p, order[i]), key_of(p, order[i + 1])) != 0)
                order[kept++] = order[i];
        }
        n = kept;
    }
    for (uint32_t i = 0; i < n; i++) {
        keys += p->nodes[order[i]].count;
        values += p->nodes[order[i] + 1].size;
    }
    struct node *object = &p->nodes[at];
    object->count = n;
    object->order_at = p->norder;
    p->norder += n;
    return close_sized(p, object, 2ull * n, keys + values, MAX_OF(MAX_OF(keys, values), n), "object");
}

/* ---- grammar ---- */

static bool parse_value(struct parser *p);

static bool next(struct parser *p) { return json_next(&p->lexer, p->err); }

static bool parse_array(struct parser *p)
{
    struct node *n;
    uint32_t at = p->nnodes, count = 0;
    if ((p->build && !add_node(p, JSONB_ARRAY, 0, &n)) || !next(p))
        return false;
    if (p->lexer.token != JSON_RBRACKET) {
        for (;;) {
            if (!parse_value(p))
                return false;
            count++;
            if (p->lexer.token != JSON_COMMA)
                break;
            if (!next(p))
                return false;
        }
        if (p->lexer.token != JSON_RBRACKET)
            return json_unexpected(&p->lexer, "\",\" or \"]\"", p->err);
    }
    return (!p->build || close_array(p, at, count)) && next(p);
}

static bool parse_object(struct parser *p)
{
    struct node *n;
    uint32_t at = p->nnodes, count = 0;
    if ((p->build && !add_node(p, JSONB_OBJECT, 0, &n)) || !next(p))
        return false;
    if (p->lexer.token != JSON_RBRACE) {
        if (p->lexer.token != JSON_STRING)
            return json_unexpected(&p->lexer, "string or \"}\"", p->err);
        for (;;) {
            if (p->lexer.token != JSON_STRING)
                return json_unexpected(&p->lexer, "string", p->err);
            if (!add_string(p, true) || !next(p))
                return false;
            if (p->lexer.token != JSON_COLON)
                return json_unexpected(&p->lexer, "\":\"", p->err);
            if (!next(p) || !parse_value(p))
                return false;
            count++;
            if (p->lexer.token != JSON_COMMA)
                break;
            if (!next(p))
                return false;
        }
        if (p->lexer.token != JSON_RBRACE)
            return json_unexpected(&p->lexer, "\",\" or \"}\"", p->err);
    }
    return (!p->build || close_object(p, at, count)) && next(p);
}

static bool parse_word(struct parser *p, enum jsonb_kind kind)
{
    struct node *n;
    return (!p->build || add_node(p, kind, 1, &n)) && next(p);
}

static bool parse_value(struct parser *p)
{
    struct json_lexer *lx = &p->lexer;
    bool ok;
    switch (lx->token) {
    case JSON_LBRACE:
    case JSON_LBRACKET:
        if (++p->depth > JSONB_DEPTH_MAX) {
            error_set(p->err, SQLSTATE_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
            return error_hint(p->err, "JSON values may be nested %d levels deep.", JSONB_DEPTH_MAX);
        }
        ok = lx->token == JSON_LBRACE ? parse_object(p) : parse_array(p);
        p->depth--;
        return ok;
    case JSON_STRING: return add_string(p, false) && next(p);
    case JSON_NUMBER: {
        struct strview text = strview_make(lx->start, (size_t)(lx->stop - lx->start));
        return next(p) && add_number(p, text);
    }
    case JSON_TRUE: return parse_word(p, JSONB_TRUE);
    case JSON_FALSE: return parse_word(p, JSONB_FALSE);
    case JSON_NULL: return parse_word(p, JSONB_NULL);
    default: return json_unexpected(lx, "JSON value", p->err);
    }
}

static bool parse_document(struct parser *p)
{
    if (!next(p) || !parse_value(p))
        return false;
    return p->lexer.token == JSON_END ? true : json_unexpected(&p->lexer, "end of input", p->err);
}

/* ---- writing ---- */

static char *write_node(const struct parser *p, const struct node *n, char *dst);

static char *write_array(const struct parser *p, const struct node *n, char *dst)
{
    uint32_t w = n->width, end = 0;
    char *ends = dst + 1 + w, *body = ends + (size_t)n->count * w;
    jsonb_store(dst + 1, w, n->count);
    for (uint32_t i = (uint32_t)(n - p->nodes) + 1; i < n->next; i = p->nodes[i].next, ends += w) {
        end += p->nodes[i].size;
        jsonb_store(ends, w, end);
        body = write_node(p, &p->nodes[i], body);
    }
    return body;
}

static char *write_object(const struct parser *p, const struct node *n, char *dst)
{
    uint32_t w = n->width, key_end = 0, val_end = 0;
    const uint32_t *order = p->order + n->order_at;
    char *key_ends = dst + 1 + w, *val_ends = key_ends + (size_t)n->count * w;
    char *body = val_ends + (size_t)n->count * w;
    jsonb_store(dst + 1, w, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        const struct node *key = &p->nodes[order[i]];
        key_end += key->count;
        val_end += key[1].size;
        jsonb_store(key_ends + (size_t)i * w, w, key_end);
        jsonb_store(val_ends + (size_t)i * w, w, val_end);
        if (key->count)
            memcpy(body, node_bytes(p, key), key->count);
        body += key->count;
    }
    for (uint32_t i = 0; i < n->count; i++)
        body = write_node(p, &p->nodes[order[i] + 1], body);
    return body;
}

static void write_number(const struct parser *p, const struct node *n, char *dst)
{
    struct jsonb_number number = {.big = n->big, .negative = n->negative, .dscale = n->dscale};
    if (n->big) {
        number.exponent = n->exponent;
        number.digits = strview_make(node_bytes(p, n), n->count);
    } else {
        number.mantissa = n->mantissa;
    }
    jsonb_number_write(&number, dst);
}

static char *write_node(const struct parser *p, const struct node *n, char *dst)
{
    *dst = (char)n->kind;
    switch ((enum jsonb_kind)n->kind) {
    case JSONB_NULL:
    case JSONB_FALSE:
    case JSONB_TRUE: break;
    case JSONB_NUMBER: write_number(p, n, dst); break;
    case JSONB_STRING:
        if (n->count)
            memcpy(dst + 1, node_bytes(p, n), n->count);
        break;
    case JSONB_ARRAY:
    case JSONB_OBJECT: {
        *dst = (char)(n->kind | (n->width >> 1) << JSONB_TAG_SHIFT);
        char *end = n->kind == JSONB_ARRAY ? write_array(p, n, dst) : write_object(p, n, dst);
        assert(end == dst + n->size);
        (void)end;
        break;
    }
    }
    return dst + n->size;
}

static void parser_init(struct parser *p, struct strview text, bool build, struct error *err)
{
    json_lexer_init(&p->lexer, text, build);
    p->build = build;
    p->depth = p->nnodes = p->norder = 0;
    p->nodes = p->room;
    p->order = p->order_room;
    p->nodes_cap = p->order_cap = NODES_INLINE;
    p->err = err;
}

static void parser_release(struct parser *p)
{
    json_lexer_release(&p->lexer);
    if (p->nodes != p->room)
        free(p->nodes);
    if (p->order != p->order_room)
        free(p->order);
}

bool jsonb_parse(struct strview text, struct strbuf *out, struct error *err)
{
    struct parser p;
    parser_init(&p, text, true, err);
    bool ok = parse_document(&p);
    if (ok) {
        strbuf_reserve(out, p.nodes[0].size);
        char *end = write_node(&p, &p.nodes[0], out->data + out->len);
        out->len = (size_t)(end - out->data);
        out->data[out->len] = '\0';
    }
    parser_release(&p);
    return ok;
}

bool json_check_text(struct strview text, struct error *err)
{
    struct parser p;
    parser_init(&p, text, false, err);
    bool ok = parse_document(&p);
    parser_release(&p);
    return ok;
}
