/* SPDX-License-Identifier: Apache-2.0 */
/* Substring search with the widest vectors there are. */
#ifndef MENCIA_FUNC_LIKE_INT_H
#define MENCIA_FUNC_LIKE_INT_H

#include "func/func_int.h"

struct like_kernels {
    /* Position of the needle (nlen >= 1) in the text, or -1. */
    int64_t (*find)(const char *text, size_t len, const char *needle, size_t nlen);
    /* out[i] = (string i contains the needle) == wanted, for the selected rows. */
    void (*contains)(const struct str *s, uint32_t n, const struct sel *sel, const char *needle, size_t nlen,
                     uint8_t wanted, uint8_t *out);
};

#endif
