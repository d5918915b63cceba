/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes and arithmetic every file uses. Leaf header: includes nothing of ours.
 */
#ifndef MENCIA_BASE_BASE_H
#define MENCIA_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK                      __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))
#define NORETURN                        __attribute__((noreturn))
#define UNUSED                          __attribute__((unused))
#define ALWAYS_INLINE                   inline __attribute__((always_inline))
#define NEVER_INLINE                    __attribute__((noinline))
#define LIKELY(condition)               __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition)             __builtin_expect(!!(condition), 0)
#define ARRAY_LEN(array)                (sizeof(array) / sizeof((array)[0]))

typedef __int128 int128_t;
typedef unsigned __int128 uint128_t;

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* Checked size arithmetic: aborts on overflow, since a wrapped size is a memory error waiting to happen. */
static inline size_t size_add(size_t a, size_t b)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        __builtin_trap();
    return sum;
}

static inline size_t size_mul(size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        __builtin_trap();
    return product;
}

/* Rounds n up to a multiple of align (a power of two). */
static inline size_t size_align(size_t n, size_t align) { return size_add(n, align - 1) & ~(align - 1); }

/* Unaligned little-endian loads and stores: storage formats are little-endian. */
static inline uint16_t load_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t load_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void store_u16(void *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void store_u32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void store_u64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "storage and kernels assume little-endian");

/* Big-endian loads and stores: PostgreSQL's wire format. */
static inline uint16_t load_be16(const void *p) { return __builtin_bswap16(load_u16(p)); }
static inline uint32_t load_be32(const void *p) { return __builtin_bswap32(load_u32(p)); }
static inline uint64_t load_be64(const void *p) { return __builtin_bswap64(load_u64(p)); }
static inline void store_be16(void *p, uint16_t v) { store_u16(p, __builtin_bswap16(v)); }
static inline void store_be32(void *p, uint32_t v) { store_u32(p, __builtin_bswap32(v)); }
static inline void store_be64(void *p, uint64_t v) { store_u64(p, __builtin_bswap64(v)); }

/* malloc family that aborts when memory is exhausted: for small control-plane objects only. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));

#endif
