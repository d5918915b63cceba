/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison loops of filters, built per instruction level. Private to storage/. */
#ifndef MENCIA_STORAGE_FILTER_KERN_H
#define MENCIA_STORAGE_FILTER_KERN_H

#include "base/kernel.h"

/*
 * Range kernels: bit i of bits stays set only if (lo <= value[i] <= hi) != negate; lo <= hi. Floats compare by ordered
 * key (−0 = 0, NaN above all). Reads exactly n values.
 */
struct filter_kernels {
    void (*range_u8)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
    void (*range_i16)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
    void (*range_i32)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
    void (*range_i64)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
    void (*range_f32)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
    void (*range_f64)(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits);
};
KERNEL_DECLARE(struct filter_kernels, filter_kernels);

/* Monotone signed keys of floats. */
static ALWAYS_INLINE int64_t filter_key_f64(double v)
{
    int64_t bits;
    v = v == 0 ? 0 : v;
    memcpy(&bits, &v, sizeof bits);
    bits ^= (bits >> 63) & INT64_MAX;
    return v == v ? bits : INT64_MAX;
}
static ALWAYS_INLINE int32_t filter_key_f32(float v)
{
    int32_t bits;
    v = v == 0 ? 0 : v;
    memcpy(&bits, &v, sizeof bits);
    bits ^= (bits >> 31) & INT32_MAX;
    return v == v ? bits : INT32_MAX;
}

#endif
