/* SPDX-License-Identifier: Apache-2.0 */
#include "types/numeric.h"

struct num num_copy(struct arena *arena, const struct num *v)
{
    struct num copy = *v;
    if (v->kind == NUM_BIG) {
        size_t bytes = sizeof(struct num_big) + v->big->ndigits * sizeof(uint16_t);
        copy.big = memcpy(arena_alloc(arena, bytes), v->big, bytes);
    }
    return copy;
}
