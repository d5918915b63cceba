/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash functions used in memory and on disk. hash_bytes is XXH3-64 with seed 0 and is part of the segment format;
 * hash_u64 is only for memory.
 */
#ifndef MENCIA_BASE_HASH_H
#define MENCIA_BASE_HASH_H

#include "base/base.h"

uint64_t hash_bytes(const void *data, size_t len);

/* A strong mix of one word (multiply-fold); good enough that any bits of the result may be used. */
static inline uint64_t hash_u64(uint64_t x)
{
    uint128_t m = (uint128_t)(x ^ 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
    uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);
    return h ^ (h >> 29);
}

/* Adds the hash of one more key column; order matters. */
static inline uint64_t hash_combine(uint64_t seed, uint64_t h) { return hash_u64(seed * 0x9DDFEA08EB382D69ULL + h); }

/* CRC32C (Castagnoli), as of RFC 3720; crc = 0 to start, or the result so far to go on. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
