/* SPDX-License-Identifier: Apache-2.0 */
/* Byte scanning for decoders, vectorised per instruction level. */
#ifndef MENCIA_INGEST_JSON_SCAN_INT_H
#define MENCIA_INGEST_JSON_SCAN_INT_H

#include "base/kernel.h"

struct scan_kernels {
    /* Copies n bytes; true if all are ASCII. */
    bool (*copy_ascii)(char *restrict to, const char *restrict from, size_t n);
    /* First byte at or after p that is a quote, a backslash or below 0x20. There must be one: buffers end with NULs,
     * and SCAN_PAD bytes after that one are readable. */
    const char *(*string_end)(const char *p);
    /* Writes base + i for each i in [0, n) where p[i] is one of the five bytes; returns how many. SCAN_PAD bytes after
     * the end are readable; out has room for n. */
    size_t (*index5)(const char *p, size_t n, uint32_t base, const char byte[5], uint32_t *out);
    /* First byte that is not ASCII in [p, end), else end. */
    const char *(*find_high)(const char *p, const char *end);
};
enum { SCAN_PAD = 64 };
KERNEL_DECLARE(struct scan_kernels, scan_kernels);

#endif
