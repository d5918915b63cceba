/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/codec.h"

#include "base/hash.h"

#define TEXT_NULL UINT32_MAX

void rec_begin(struct rec_writer *w, struct strbuf *buf, enum rec_kind kind)
{
    char header[REC_HEADER_BYTES] = {0};
    w->buf = buf;
    w->base = buf->len;
    store_u16(header, REC_FORMAT);
    store_u16(header + 2, REC_FORMAT);
    header[8] = (char)kind;
    strbuf_add(buf, header, sizeof header);
}

struct strview rec_finish(struct rec_writer *w, struct strview extra)
{
    strbuf_add_view(w->buf, extra);
    char *node = w->buf->data + w->base;
    size_t len = w->buf->len - w->base;
    store_u32(node + 4, crc32c(0, node + 8, len - 8));
    return strview_make(node, len);
}

void rec_u8(struct rec_writer *w, uint8_t v) { strbuf_add(w->buf, &v, 1); }
void rec_u16(struct rec_writer *w, uint16_t v) { strbuf_add(w->buf, &v, sizeof v); }
void rec_u32(struct rec_writer *w, uint32_t v) { strbuf_add(w->buf, &v, sizeof v); }
void rec_u64(struct rec_writer *w, uint64_t v) { strbuf_add(w->buf, &v, sizeof v); }
void rec_bytes(struct rec_writer *w, const void *data, size_t len) { strbuf_add(w->buf, data, len); }

void rec_view(struct rec_writer *w, struct strview v)
{
    assert(v.len < TEXT_NULL);
    rec_u32(w, (uint32_t)v.len);
    strbuf_add_view(w->buf, v);
}

void rec_cstr(struct rec_writer *w, const char *s)
{
    if (s)
        rec_view(w, strview_of(s));
    else
        rec_u32(w, TEXT_NULL);
}

size_t rec_group_begin(struct rec_writer *w)
{
    size_t group = w->buf->len;
    rec_u16(w, 0);
    return group;
}

void rec_group_end(struct rec_writer *w, size_t group, struct strview extra)
{
    strbuf_add_view(w->buf, extra);
    size_t len = w->buf->len - group - 2;
    assert(len <= UINT16_MAX);
    store_u16(w->buf->data + group, (uint16_t)len);
}

bool rec_open(struct rec_reader *r, struct strview node, enum rec_kind kind, const char *what, struct error *err)
{
    r->cur = r->end = node.ptr;
    r->bad = true;
    if (node.len < REC_HEADER_BYTES)
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "%s is damaged: %zu bytes", what, node.len);
    uint16_t min_reader = load_u16(node.ptr + 2);
    if (min_reader > REC_FORMAT) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s has format %u, which this version cannot read", what,
                  min_reader);
        return error_hint(err, "Start a version of mencia that knows the format.");
    }
    if (load_u32(node.ptr + 4) != crc32c(0, node.ptr + 8, node.len - 8))
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "%s is damaged: wrong checksum", what);
    if (node.ptr[8] != (char)kind)
        return error_set(err, SQLSTATE_DATA_CORRUPTED, "%s is damaged: it is of another kind", what);
    r->cur = node.ptr + REC_HEADER_BYTES;
    r->end = node.ptr + node.len;
    r->bad = false;
    return true;
}

void rec_fail(struct rec_reader *r)
{
    r->bad = true;
    r->cur = r->end;
}

/* len bytes of input, or NULL after failing. */
static const char *take(struct rec_reader *r, size_t len)
{
    if (r->bad || (size_t)(r->end - r->cur) < len) {
        rec_fail(r);
        return NULL;
    }
    const char *at = r->cur;
    r->cur += len;
    return at;
}

uint8_t rec_read_u8(struct rec_reader *r)
{
    const char *at = take(r, 1);
    return at ? (uint8_t)*at : 0;
}

uint16_t rec_read_u16(struct rec_reader *r)
{
    const char *at = take(r, 2);
    return at ? load_u16(at) : 0;
}

uint32_t rec_read_u32(struct rec_reader *r)
{
    const char *at = take(r, 4);
    return at ? load_u32(at) : 0;
}

uint64_t rec_read_u64(struct rec_reader *r)
{
    const char *at = take(r, 8);
    return at ? load_u64(at) : 0;
}

void rec_read_bytes(struct rec_reader *r, void *out, size_t len)
{
    const char *at = take(r, len);
    if (at)
        memcpy(out, at, len);
    else
        memset(out, 0, len);
}

struct strview rec_read_view(struct rec_reader *r)
{
    uint32_t len = rec_read_u32(r);
    const char *at = take(r, len);
    return at ? strview_make(at, len) : strview_make("", 0);
}

bool rec_read_text(struct rec_reader *r, struct strview *out)
{
    *out = strview_make("", 0);
    const char *at = take(r, 4);
    if (!at || load_u32(at) == TEXT_NULL)
        return false;
    r->cur = at;
    *out = rec_read_view(r);
    if (out->len && memchr(out->ptr, 0, out->len))
        rec_fail(r);
    return !r->bad;
}

uint32_t rec_read_count(struct rec_reader *r, uint32_t min_bytes, uint32_t max)
{
    uint32_t count = rec_read_u32(r);
    if (count > max || (uint64_t)count * min_bytes > (uint64_t)(r->end - r->cur)) {
        rec_fail(r);
        return 0;
    }
    return count;
}

uint8_t rec_read_enum(struct rec_reader *r, uint8_t max)
{
    uint8_t v = rec_read_u8(r);
    if (v <= max)
        return v;
    rec_fail(r);
    return 0;
}

bool rec_read_bool(struct rec_reader *r) { return rec_read_enum(r, 1) != 0; }

struct rec_reader rec_read_group(struct rec_reader *r)
{
    struct rec_reader group = {.cur = "", .end = "", .bad = true};
    uint16_t len = rec_read_u16(r);
    const char *at = take(r, len);
    if (!at)
        return group;
    group.cur = at;
    group.end = at + len;
    group.bad = false;
    return group;
}

struct strview rec_rest(struct rec_reader *r)
{
    struct strview rest = r->bad ? strview_make("", 0) : strview_make(r->cur, (size_t)(r->end - r->cur));
    r->cur = r->end;
    return rest;
}

bool rec_reader_done(const struct rec_reader *r, const char *what, struct error *err)
{
    return !r->bad ||
           error_set(err, SQLSTATE_DATA_CORRUPTED, "%s is damaged: a field is cut off or out of range", what);
}
