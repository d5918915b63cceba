/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table's definition as it comes from the coordination store. The checksum is filled in, so that mutation reaches
 * the fields. What decodes must be sound enough to copy, and encode to something that decodes to the same bytes.
 */
#include "base/hash.h"
#include "catalog/catalog.h"
#include "cluster/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_def *def, *again;
    struct strbuf first, second;
    struct error err;
    if (size < REC_HEADER_BYTES || size > COORD_NODE_BYTES_MAX)
        return 0;
    char *node = malloc(size);
    memcpy(node, data, size);
    store_u32(node + 4, crc32c(0, node + 8, size - 8));
    error_clear(&err);
    if (!table_def_decode(strview_make(node, size), &def, &err)) {
        if (!error_is_set(&err))
            abort();
        free(node);
        return 0;
    }
    struct table_def *copy = table_def_copy(def);
    strbuf_init(&first);
    strbuf_init(&second);
    struct strview bytes = table_def_encode(copy, &first);
    if (!table_def_decode(bytes, &again, &err) || !strview_equal(bytes, table_def_encode(again, &second)))
        abort();
    table_def_put(again);
    table_def_put(copy);
    table_def_put(def);
    strbuf_release(&first);
    strbuf_release(&second);
    free(node);
    return 0;
}
