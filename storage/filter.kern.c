/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/filter_kern.h"

#include "storage/movemask.h"

/* One unsigned comparison decides lo <= v <= hi. */
#define RANGE_KERNEL(name, type, unsigned_type, key)                                                                   \
    static ALWAYS_INLINE uint64_t name##_group(const type *v, unsigned_type lo, unsigned_type span)                    \
    {                                                                                                                  \
        uint8_t mask[64];                                                                                              \
        for (int i = 0; i < 64; i++)                                                                                   \
            mask[i] = (unsigned_type)((unsigned_type)key(v[i]) - lo) <= span ? 0xFF : 0;                               \
        return movemask64(mask);                                                                                       \
    }                                                                                                                  \
    static void name(const void *data, uint32_t n, int64_t lo, int64_t hi, bool negate, uint64_t *bits)                \
    {                                                                                                                  \
        const type *v = data;                                                                                          \
        uint64_t flip = negate ? ~0ULL : 0;                                                                            \
        unsigned_type span = (unsigned_type)((uint64_t)hi - (uint64_t)lo);                                             \
        uint32_t i = 0;                                                                                                \
        for (; i + 64 <= n; i += 64)                                                                                   \
            if (bits[i / 64])                                                                                          \
                bits[i / 64] &= name##_group(v + i, (unsigned_type)lo, span) ^ flip;                                   \
        if (i < n && bits[i / 64]) {                                                                                   \
            type rest[64] = {0};                                                                                       \
            memcpy(rest, v + i, (n - i) * sizeof(type));                                                               \
            bits[i / 64] &= name##_group(rest, (unsigned_type)lo, span) ^ flip;                                        \
        }                                                                                                              \
    }

#define IDENTITY(v) (v)

RANGE_KERNEL(range_u8, uint8_t, uint8_t, IDENTITY)
RANGE_KERNEL(range_i16, int16_t, uint16_t, IDENTITY)
RANGE_KERNEL(range_i32, int32_t, uint32_t, IDENTITY)
RANGE_KERNEL(range_i64, int64_t, uint64_t, IDENTITY)
RANGE_KERNEL(range_f32, float, uint32_t, filter_key_f32)
RANGE_KERNEL(range_f64, double, uint64_t, filter_key_f64)

const struct filter_kernels KERNEL_NAME(filter_kernels) = {
    .range_u8 = range_u8,
    .range_i16 = range_i16,
    .range_i32 = range_i32,
    .range_i64 = range_i64,
    .range_f32 = range_f32,
    .range_f64 = range_f64,
};
