/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoders of what comes from the coordination store. Input: one byte that selects the decoder, then a node. The
 * checksum is filled in, so that mutation reaches the fields. What decodes must encode to the same fields again.
 */
#include "base/hash.h"
#include "cluster/codec.h"
#include "cluster/records.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    struct arena arena;
    struct strbuf buf;
    struct error err;
};

static struct strview again(struct target *t, struct strview node, int which)
{
    struct partition_head head;
    struct segment_page page;
    struct load_record load;
    struct visible_list list;
    strbuf_clear(&t->buf);
    switch (which) {
    case 0: return head_decode(node, &head, &t->err) ? head_encode(&head, &t->buf) : strview_make(NULL, 0);
    case 1: return page_decode(node, &t->arena, &page, &t->err) ? page_encode(&page, &t->buf) : strview_make(NULL, 0);
    case 2: return load_decode(node, &load, &t->err) ? load_encode(&load, &t->buf) : strview_make(NULL, 0);
    default:
        return visible_decode(node, &t->arena, &list, &t->err) ? visible_encode(&list, &t->buf) : strview_make(NULL, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct target t;
    if (size < 1 + REC_HEADER_BYTES || size > COORD_NODE_BYTES_MAX)
        return 0;
    int which = data[0] & 3;
    size_t len = size - 1;
    char *node = malloc(len);
    memcpy(node, data + 1, len);
    store_u32(node + 4, crc32c(0, node + 8, len - 8));
    arena_init(&t.arena, NULL);
    strbuf_init(&t.buf);
    error_clear(&t.err);
    struct strview first = again(&t, strview_make(node, len), which);
    if (first.ptr) {
        /* The format numbers in front are the writer's own; all the rest must be as it was. */
        if (first.len != len || memcmp(first.ptr + 8, node + 8, len - 8) != 0)
            abort();
    } else if (!error_is_set(&t.err)) {
        abort();
    }
    strbuf_release(&t.buf);
    arena_release(&t.arena);
    free(node);
    return 0;
}
