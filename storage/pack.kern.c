/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/pack_kern.h"

#include "storage/movemask.h"

#pragma GCC diagnostic ignored "-Wpsabi"

#define LANE         uint16_t
#define LANE_BITS    16
#define LANE_NAME(x) x##_16
#include "storage/pack_lane.h"

#define LANE         uint32_t
#define LANE_BITS    32
#define LANE_NAME(x) x##_32
#include "storage/pack_lane.h"

#define LANE         uint64_t
#define LANE_BITS    64
#define LANE_NAME(x) x##_64
#include "storage/pack_lane.h"

static void pack(const uint64_t *value, uint32_t width, void *words)
{
    if (width <= 16)
        pack_16(value, width, words);
    else if (width <= 32)
        pack_32(value, width, words);
    else
        pack_64(value, width, words);
}

/* Widens (or copies) lanes and adds the base. */
#define DECODE(type, unsigned_type, name)                                                                              \
    static void name(const void *words, uint32_t width, int64_t base, type *out)                                       \
    {                                                                                                                  \
        unsigned_type add = (unsigned_type)base;                                                                       \
        if (width == 0) {                                                                                              \
            for (int i = 0; i < 1024; i++)                                                                             \
                out[i] = (type)add;                                                                                    \
        } else if (width <= 16) {                                                                                      \
            _Alignas(64) uint16_t v[1024];                                                                             \
            unpack_16(words, width, v);                                                                                \
            for (int i = 0; i < 1024; i++)                                                                             \
                out[i] = (type)(unsigned_type)(add + v[i]);                                                            \
        } else if (width <= 32) {                                                                                      \
            _Alignas(64) uint32_t v[1024];                                                                             \
            unpack_32(words, width, v);                                                                                \
            for (int i = 0; i < 1024; i++)                                                                             \
                out[i] = (type)(unsigned_type)(add + v[i]);                                                            \
        } else {                                                                                                       \
            _Alignas(64) uint64_t v[1024];                                                                             \
            unpack_64(words, width, v);                                                                                \
            for (int i = 0; i < 1024; i++)                                                                             \
                out[i] = (type)(unsigned_type)(add + v[i]);                                                            \
        }                                                                                                              \
    }

DECODE(int16_t, uint16_t, decode_i16)
DECODE(int32_t, uint32_t, decode_i32)
DECODE(int64_t, uint64_t, decode_i64)

static void range(const void *words, uint32_t width, uint64_t lo, uint64_t hi, bool negate, uint64_t *bits)
{
    uint64_t flip = negate ? ~0ULL : 0;
    if (width <= 16)
        range_16(words, width, lo, hi, flip, bits);
    else if (width <= 32)
        range_32(words, width, lo, hi, flip, bits);
    else
        range_64(words, width, lo, hi, flip, bits);
}

static uint64_t max(const void *words, uint32_t width)
{
    return width == 0    ? 0
           : width <= 16 ? max_16(words, width)
           : width <= 32 ? max_32(words, width)
                         : max_64(words, width);
}

static void codes(const void *words, uint32_t width, uint32_t base, const uint64_t *code_bits, uint64_t *bits)
{
    _Alignas(64) int32_t code[1024];
    decode_i32(words, width, (int64_t)base, code);
    for (int w = 0; w < 16; w++) {
        uint64_t pass = 0;
        if (!bits[w])
            continue;
        for (int i = 0; i < 64; i++) {
            uint32_t c = (uint32_t)code[w * 64 + i];
            pass |= ((code_bits[c / 64] >> (c % 64)) & 1) << i;
        }
        bits[w] &= pass;
    }
}

#define STATS(type, name)                                                                                              \
    static void name(const type *value, uint32_t n, struct int_stats *out)                                             \
    {                                                                                                                  \
        type least = value[0], most = value[0];                                                                        \
        uint32_t changes = 0;                                                                                          \
        int64_t high = 0;                                                                                              \
        uint64_t low = 0;                                                                                              \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            least = value[i] < least ? value[i] : least;                                                               \
            most = value[i] > most ? value[i] : most;                                                                  \
        }                                                                                                              \
        for (uint32_t i = 1; i < n; i++)                                                                               \
            changes += value[i] != value[i - 1];                                                                       \
        for (uint32_t i = 0; i < n; i++) { /* in halves, since n * 2^32 fits 64 bits */                                \
            high += (int64_t)value[i] >> 32;                                                                           \
            low += (uint32_t)value[i];                                                                                 \
        }                                                                                                              \
        *out = (struct int_stats){least, most, (int128_t)high * ((int128_t)1 << 32) + low, changes + 1};               \
    }

STATS(int16_t, stats_i16)
STATS(int32_t, stats_i32)
STATS(int64_t, stats_i64)

const struct pack_kernels KERNEL_NAME(pack_kernels) = {
    .pack = pack,
    .decode_i16 = decode_i16,
    .decode_i32 = decode_i32,
    .decode_i64 = decode_i64,
    .range = range,
    .codes = codes,
    .max = max,
    .stats_i16 = stats_i16,
    .stats_i32 = stats_i32,
    .stats_i64 = stats_i64,
};
