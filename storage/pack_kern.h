/* SPDX-License-Identifier: Apache-2.0 */
/* Bit-packed blocks of PACK_BLOCK values (format.h: struct format_pack), built per instruction level. */
#ifndef MENCIA_STORAGE_PACK_KERN_H
#define MENCIA_STORAGE_PACK_KERN_H

#include "base/kernel.h"

struct int_stats {
    int64_t min, max;
    int128_t sum;
    uint32_t runs; /* 1 + number of places where a value differs from the one before */
};

struct pack_kernels {
    /* words: pack_bytes(width) bytes. In: values below 2^width. */
    void (*pack)(const uint64_t *value, uint32_t width, void *words);
    /* base + packed value, truncated to the form: 1,024 values each. */
    void (*decode_i16)(const void *words, uint32_t width, int64_t base, int16_t *out);
    void (*decode_i32)(const void *words, uint32_t width, int64_t base, int32_t *out);
    void (*decode_i64)(const void *words, uint32_t width, int64_t base, int64_t *out);
    /* bits[16] &= (lo <= packed <= hi) != negate, on the packed values themselves. width > 0. */
    void (*range)(const void *words, uint32_t width, uint64_t lo, uint64_t hi, bool negate, uint64_t *bits);
    /* bits[16] &= code_bits[base + packed]. width 1..32; all codes must be within code_bits. */
    void (*codes)(const void *words, uint32_t width, uint32_t base, const uint64_t *code_bits, uint64_t *bits);
    /* Greatest packed value. */
    uint64_t (*max)(const void *words, uint32_t width);
    void (*stats_i16)(const int16_t *value, uint32_t n, struct int_stats *out);
    void (*stats_i32)(const int32_t *value, uint32_t n, struct int_stats *out);
    void (*stats_i64)(const int64_t *value, uint32_t n, struct int_stats *out);
};
KERNEL_DECLARE(struct pack_kernels, pack_kernels);

#endif
