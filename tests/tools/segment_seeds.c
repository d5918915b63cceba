/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seeds of fuzz_segment (small segments in every shape) into a directory; to be run when the format changes. */
#include "tests/unit/storage/store.h"

int main(int argc, char **argv)
{
    for (int shape = 0; shape < SHAPES && argc > 1; shape++) {
        struct table_def *def = store_table();
        struct store_rows *rows = rows_make(30 + (uint32_t)shape, (enum shape)shape, shape % 2 ? NULLS_SOME : NULLS_NONE, 1);
        struct segment_meta meta;
        char *path = xasprintf("%s/shape%d", argv[1], shape);
        segment_make(path, def, rows, &meta);
        free(path);
        rows_free(rows);
        table_def_put(def);
    }
    return argc > 1 ? 0 : 1;
}
