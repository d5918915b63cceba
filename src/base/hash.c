/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

uint64_t hash_bytes(const void *data, size_t len) { return XXH3_64bits(data, len); }

/* One bit at a time over the reflected polynomial; the fallback and the reference for the tests of the fast way. */
static uint32_t crc32c_plain(uint32_t state, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        state ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            state = (state >> 1) ^ (0x82F63B78U & (0U - (state & 1)));
    }
    return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t state, const uint8_t *p, size_t len)
{
    uint64_t wide = state;
    for (; len >= 8; p += 8, len -= 8)
        wide = _mm_crc32_u64(wide, load_u64(p));
    state = (uint32_t)wide;
    for (; len > 0; p++, len--)
        state = _mm_crc32_u8(state, *p);
    return state;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    uint32_t state = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_sse42(state, data, len);
#endif
    return ~crc32c_plain(state, data, len);
}
