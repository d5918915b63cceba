/* SPDX-License-Identifier: Apache-2.0 */
/* 64 bytes of 0 or 0xFF to 64 bits. For kernel files. Private to storage/. */
#ifndef MENCIA_STORAGE_MOVEMASK_H
#define MENCIA_STORAGE_MOVEMASK_H

#include "base/base.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static ALWAYS_INLINE uint64_t movemask64(const uint8_t *mask)
{
#if defined(__AVX512BW__)
    return _mm512_movepi8_mask(_mm512_loadu_si512(mask));
#elif defined(__AVX2__)
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)mask));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(mask + 32)));
    return low | (uint64_t)high << 32;
#elif defined(__SSE2__)
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(mask + 16 * i))) << (16 * i);
    return bits;
#else
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= (((load_u64(mask + 8 * i) & 0x0101010101010101ULL) * 0x0102040810204080ULL) >> 56) << (8 * i);
    return bits;
#endif
}

#endif
