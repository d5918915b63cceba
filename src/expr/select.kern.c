/* SPDX-License-Identifier: Apache-2.0 */
/* From truth values to row numbers. */
#include "base/kernel.h"
#include "expr/expr_int.h"

#ifdef __BMI2__
#include <immintrin.h>
#endif

typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint16_t words8 __attribute__((vector_size(16)));

/* Eight rows at once: the numbers of the true ones are squeezed together. Writes eight entries, returns how many
 * count. */
static ALWAYS_INLINE uint32_t take8(uint64_t truth, uint32_t base, uint16_t *idx)
{
#ifdef __BMI2__
    uint64_t packed = _pext_u64(0x0706050403020100ULL, truth * 0xFF);
    bytes8 small;
    memcpy(&small, &packed, 8);
    words8 row = __builtin_convertvector(small, words8) + (uint16_t)base;
    memcpy(idx, &row, sizeof row);
    return (uint32_t)__builtin_popcountll(truth);
#else
    uint32_t k = 0;
    for (uint32_t j = 0; j < 8; j++) {
        idx[k] = (uint16_t)(base + j);
        k += (uint32_t)(truth >> (8 * j)) & 1;
    }
    return k;
#endif
}

static uint32_t dense(const uint8_t *value, const uint64_t *null, uint32_t n, uint16_t *idx)
{
    uint32_t k = 0, i = 0;
    if (!null)
        for (; i + 8 <= n; i += 8) {
            uint64_t truth = load_u64(value + i);
            if (truth)
                k += take8(truth, i, idx + k);
        }
    for (; i < n; i++) {
        idx[k] = (uint16_t)i;
        k += value[i] & 1 & !(null && bit_get(null, i));
    }
    return k;
}

static uint32_t sparse(const uint8_t *value, const uint64_t *null, const struct sel *sel, uint16_t *idx)
{
    uint32_t k = 0;
    for (uint32_t at = 0; at < sel->n; at++) {
        uint16_t row = sel->idx[at];
        idx[k] = row;
        k += value[row] & 1 & !(null && bit_get(null, row));
    }
    return k;
}

extern const struct select_kernels KERNEL_NAME(select_kernels);
const struct select_kernels KERNEL_NAME(select_kernels) = {.dense = dense, .sparse = sparse};
