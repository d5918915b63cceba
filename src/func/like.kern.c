/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of positions is compared with the needle's first and last byte at once; where both fit, the middle decides.
 * The last block overlaps the one before, so nothing beyond the text is read.
 */
#include "base/kernel.h"
#include "func/like_int.h"

#if defined(__AVX512BW__)
#include <immintrin.h>
enum { WIDTH = 64 };
static ALWAYS_INLINE uint64_t both(const char *a, const char *b, char first, char last)
{
    __mmask64 m = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(a), _mm512_set1_epi8(first));
    return _mm512_mask_cmpeq_epi8_mask(m, _mm512_loadu_si512(b), _mm512_set1_epi8(last));
}
#elif defined(__AVX2__)
#include <immintrin.h>
enum { WIDTH = 32 };
static ALWAYS_INLINE uint64_t both(const char *a, const char *b, char first, char last)
{
    __m256i x = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i_u *)a), _mm256_set1_epi8(first));
    __m256i y = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i_u *)b), _mm256_set1_epi8(last));
    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(x, y));
}
#elif defined(__SSE2__)
#include <emmintrin.h>
enum { WIDTH = 16 };
static ALWAYS_INLINE uint64_t both(const char *a, const char *b, char first, char last)
{
    __m128i x = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i_u *)a), _mm_set1_epi8(first));
    __m128i y = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i_u *)b), _mm_set1_epi8(last));
    return (uint32_t)_mm_movemask_epi8(_mm_and_si128(x, y));
}
#else
enum { WIDTH = 8 };
static ALWAYS_INLINE uint64_t both(const char *a, const char *b, char first, char last)
{
    uint64_t m = 0;
    for (uint32_t i = 0; i < WIDTH; i++)
        m |= (uint64_t)(a[i] == first && b[i] == last) << i;
    return m;
}
#endif

static ALWAYS_INLINE int64_t check(const char *text, size_t base, uint64_t candidates, const char *needle, size_t nlen)
{
    for (; candidates; candidates &= candidates - 1) {
        size_t at = base + (size_t)__builtin_ctzll(candidates);
        if (nlen <= 2 || memcmp(text + at + 1, needle + 1, nlen - 2) == 0)
            return (int64_t)at;
    }
    return -1;
}

static ALWAYS_INLINE int64_t find_in(const char *text, size_t len, const char *needle, size_t nlen)
{
    if (nlen > len)
        return -1;
    const char first = needle[0], last = needle[nlen - 1];
    size_t positions = len - nlen + 1;
    if (positions < WIDTH) {
        for (size_t at = 0; at < positions; at++)
            if (text[at] == first && text[at + nlen - 1] == last &&
                (nlen <= 2 || memcmp(text + at + 1, needle + 1, nlen - 2) == 0))
                return (int64_t)at;
        return -1;
    }
    for (size_t at = 0; at < positions; at += WIDTH) {
        at = MIN_OF(at, positions - WIDTH);
        uint64_t candidates = both(text + at, text + at + nlen - 1, first, last);
        if (UNLIKELY(candidates)) {
            int64_t found = check(text, at, candidates, needle, nlen);
            if (found >= 0)
                return found;
        }
        if (at == positions - WIDTH)
            break;
    }
    return -1;
}

static int64_t find(const char *text, size_t len, const char *needle, size_t nlen)
{
    return find_in(text, len, needle, nlen);
}

static void contains(const struct str *s, uint32_t n, const struct sel *sel, const char *needle, size_t nlen,
                     uint8_t wanted, uint8_t *out)
{
    FOR_ROWS(i) { out[i] = (find_in(str_data(&s[i]), s[i].len, needle, nlen) >= 0) == wanted; }
}

extern const struct like_kernels KERNEL_NAME(like_kernels);
const struct like_kernels KERNEL_NAME(like_kernels) = {.find = find, .contains = contains};
