/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitmaps over rows as arrays of 64-bit words, least significant bit first. Bits at and beyond n in the last word
 * are zero wherever a function here wrote them; functions that count or scan rely on it.
 */
#ifndef MENCIA_BASE_BITSET_H
#define MENCIA_BASE_BITSET_H

#include "base/base.h"

static inline size_t bitset_words(size_t n) { return (n + 63) / 64; }
static inline bool bit_get(const uint64_t *bits, size_t i) { return (bits[i / 64] >> (i % 64)) & 1; }
static inline void bit_set(uint64_t *bits, size_t i) { bits[i / 64] |= 1ULL << (i % 64); }
static inline void bit_clear(uint64_t *bits, size_t i) { bits[i / 64] &= ~(1ULL << (i % 64)); }
static inline void bit_put(uint64_t *bits, size_t i, bool value)
{
    uint64_t mask = 1ULL << (i % 64);
    bits[i / 64] = (bits[i / 64] & ~mask) | (value ? mask : 0);
}

static inline void bitset_fill(uint64_t *bits, size_t n, bool value)
{
    size_t words = bitset_words(n);
    memset(bits, value ? 0xFF : 0, words * 8);
    if (value && n % 64)
        bits[words - 1] = (1ULL << (n % 64)) - 1;
}

static inline size_t bitset_count(const uint64_t *bits, size_t n)
{
    size_t count = 0;
    for (size_t w = 0; w < bitset_words(n); w++)
        count += (size_t)__builtin_popcountll(bits[w]);
    return count;
}

static inline bool bitset_any(const uint64_t *bits, size_t n)
{
    for (size_t w = 0; w < bitset_words(n); w++)
        if (bits[w])
            return true;
    return false;
}

/* Loop over set bits: for (size_t i = bitset_next(b, n, 0); i < n; i = bitset_next(b, n, i + 1)) */
static inline size_t bitset_next(const uint64_t *bits, size_t n, size_t from)
{
    if (from >= n)
        return n;
    size_t w = from / 64;
    uint64_t word = bits[w] & (~0ULL << (from % 64));
    while (word == 0) {
        if (++w >= bitset_words(n))
            return n;
        word = bits[w];
    }
    size_t i = w * 64 + (size_t)__builtin_ctzll(word);
    return i < n ? i : n;
}

#endif
