/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/encode_int.h"

#include <stdlib.h>

static void outbuf_resize(struct outbuf *b, size_t cap)
{
    void *grown;
    if (posix_memalign(&grown, 64, cap) != 0)
        abort();
    if (b->len)
        memcpy(grown, b->data, b->len);
    free(b->data);
    b->data = grown;
    b->cap = cap;
}

void outbuf_reserve(struct outbuf *b, size_t more)
{
    size_t need = size_add(size_add(b->len, more), VEC_PAD_BYTES);
    if (need > b->cap)
        outbuf_resize(b, size_align(MAX_OF(need, b->cap * 2), 64));
}

void outbuf_add(struct outbuf *b, const void *data, size_t len)
{
    outbuf_reserve(b, len);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void outbuf_align(struct outbuf *b, size_t align)
{
    size_t end = size_align(b->len, align);
    outbuf_reserve(b, end - b->len);
    memset(b->data + b->len, 0, end - b->len);
    b->len = end;
}

void outbuf_seal(struct outbuf *b, bool shrink)
{
    if (b->len == 0)
        return;
    outbuf_reserve(b, VEC_PAD_BYTES);
    size_t tight = size_align(b->len, 64) + VEC_PAD_BYTES;
    if (shrink && b->cap > tight + tight / 8)
        outbuf_resize(b, tight);
    memset(b->data + b->len, 0, MIN_OF(b->cap, tight) - b->len);
}

void outbuf_free(struct outbuf *b)
{
    free(b->data);
    *b = (struct outbuf){0};
}

void encoded_free(struct encoded *e)
{
    for (int k = 0; k < STREAM_COUNT; k++)
        outbuf_free(&e->stream[k]);
}

uint64_t encoded_bytes(const struct encoded *e)
{
    uint64_t bytes = sizeof *e;
    for (int k = 0; k < STREAM_COUNT; k++)
        bytes += e->stream[k].cap;
    return bytes;
}
