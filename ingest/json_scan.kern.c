/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/json_scan_int.h"

/*
 * Vectors of SCAN bytes by GCC's vector extension. A comparison gives 0 or −1 per byte, a mask
 * one bit per byte.
 */
#if defined(__AVX2__)
enum { SCAN = 32 };
#else
enum { SCAN = 16 };
#endif
typedef uint8_t bytes_t __attribute__((vector_size(SCAN), aligned(1)));

static inline bytes_t load(const char *p)
{
    bytes_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

#if defined(__AVX2__)
#include <immintrin.h>
static inline uint32_t mask(bytes_t v) { return (uint32_t)_mm256_movemask_epi8((__m256i)v); }
#elif defined(__SSE2__)
#include <emmintrin.h>
static inline uint32_t mask(bytes_t v) { return (uint32_t)_mm_movemask_epi8((__m128i)v); }
#else
static inline uint32_t mask(bytes_t v)
{
    uint32_t m = 0;
    for (uint32_t i = 0; i < SCAN; i++)
        m |= (uint32_t)(v[i] >> 7) << i;
    return m;
}
#endif

static bool copy_ascii(char *restrict to, const char *restrict from, size_t n)
{
    bytes_t any = {0};
    size_t i = 0;

    for (; i + SCAN <= n; i += SCAN) {
        bytes_t v = load(from + i);
        memcpy(to + i, &v, SCAN);
        any |= v;
    }
    uint8_t rest = 0;
    for (; i < n; i++) {
        to[i] = from[i];
        rest |= (uint8_t)from[i];
    }
    return !(mask(any) || rest >> 7);
}

static const char *string_end(const char *p)
{
    for (;; p += SCAN) {
        bytes_t v = load(p);
        uint32_t m = mask((bytes_t)(v == '"') | (bytes_t)(v == '\\') | (bytes_t)(v < 0x20));
        if (m)
            return p + __builtin_ctz(m);
    }
}

static size_t index5(const char *p, size_t n, uint32_t base, const char byte[5], uint32_t *out)
{
    uint32_t *begin = out;
    const uint8_t a = (uint8_t)byte[0], b = (uint8_t)byte[1], c = (uint8_t)byte[2], d = (uint8_t)byte[3],
                  e = (uint8_t)byte[4];

    for (size_t i = 0; i < n; i += SCAN) {
        bytes_t v = load(p + i);
        uint32_t m =
            mask((bytes_t)(v == a) | (bytes_t)(v == b) | (bytes_t)(v == c) | (bytes_t)(v == d) | (bytes_t)(v == e));
        if (n - i < SCAN)
            m &= (uint32_t)((UINT64_C(1) << (n - i)) - 1);
        for (; m; m &= m - 1)
            *out++ = base + (uint32_t)i + (uint32_t)__builtin_ctz(m);
    }
    return (size_t)(out - begin);
}

static const char *find_high(const char *p, const char *end)
{
    for (; end - p >= SCAN; p += SCAN) {
        uint32_t m = mask(load(p));
        if (m)
            return p + __builtin_ctz(m);
    }
    while (p < end && !((unsigned char)*p & 0x80))
        p++;
    return p;
}

const struct scan_kernels KERNEL_NAME(scan_kernels) = {copy_ascii, string_end, index5, find_high};
