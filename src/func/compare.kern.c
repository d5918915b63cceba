/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons that cannot fail: all rows, no branches. */
#include "base/kernel.h"
#include "func/compare_int.h"

#define INT_EQ(x, y) ((x) == (y))
#define INT_NE(x, y) ((x) != (y))
#define INT_LT(x, y) ((x) < (y))
#define INT_LE(x, y) ((x) <= (y))
/* NaN equals NaN and is above everything. */
#define FLOAT_EQ(x, y) (((x) == (y)) | (((x) != (x)) & ((y) != (y))))
#define FLOAT_NE(x, y) (!FLOAT_EQ(x, y))
#define FLOAT_LT(x, y) (((x) < (y)) | (((y) != (y)) & ((x) == (x))))
#define FLOAT_LE(x, y) (((x) <= (y)) | ((y) != (y)))

#define DEFINE_COMPARE(NAME, TA, TB, TC, LEFT, RIGHT, TEST)                                                            \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        const TA *restrict a = arg[0].data;                                                                            \
        const TB *restrict b = arg[1].data;                                                                            \
        uint8_t *restrict r = out->data;                                                                               \
        if (arg[1].form == VEC_CONST && arg[0].form == VEC_CONST) {                                                    \
            TC x = (TC)a[0], y = (TC)b[0];                                                                             \
            memset(r, TEST(LEFT, RIGHT), n);                                                                           \
        } else if (arg[1].form == VEC_CONST) {                                                                         \
            TC y = (TC)b[0];                                                                                           \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TC x = (TC)a[i];                                                                                       \
                r[i] = TEST(LEFT, RIGHT);                                                                              \
            }                                                                                                          \
        } else if (arg[0].form == VEC_CONST) {                                                                         \
            TC x = (TC)a[0];                                                                                           \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TC y = (TC)b[i];                                                                                       \
                r[i] = TEST(LEFT, RIGHT);                                                                              \
            }                                                                                                          \
        } else {                                                                                                       \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TC x = (TC)a[i], y = (TC)b[i];                                                                         \
                r[i] = TEST(LEFT, RIGHT);                                                                              \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define DEFINE_COMPARE_PAIR(p, ta, tb, tc, k)                                                                          \
    DEFINE_COMPARE(p##_eq, ta, tb, tc, x, y, k##_EQ)                                                                   \
    DEFINE_COMPARE(p##_ne, ta, tb, tc, x, y, k##_NE)                                                                   \
    DEFINE_COMPARE(p##_lt, ta, tb, tc, x, y, k##_LT)                                                                   \
    DEFINE_COMPARE(p##_le, ta, tb, tc, x, y, k##_LE)                                                                   \
    DEFINE_COMPARE(p##_gt, ta, tb, tc, y, x, k##_LT)                                                                   \
    DEFINE_COMPARE(p##_ge, ta, tb, tc, y, x, k##_LE)
COMPARE_PAIRS(DEFINE_COMPARE_PAIR)

/* Strings against one short string: its 16 bytes decide. */
static bool str_same(const struct vec *arg, uint32_t n, const struct sel *sel, uint8_t *restrict r, uint8_t same)
{
    const uint64_t *restrict a = arg[0].data;
    const struct str *b = arg[1].data;
    if (arg[0].form == VEC_FLAT && arg[1].form == VEC_CONST && b->len <= STR_INLINE) {
        uint64_t lo = load_u64(b), hi = load_u64(b->tail);
        for (uint32_t i = 0; i < n; i++)
            r[i] = (uint8_t)((((a[2 * i] ^ lo) | (a[2 * i + 1] ^ hi)) == 0) ^ !same);
        return true;
    }
    FOR_ROWS(i) { r[i] = str_equal(&ARG(struct str, 0, i), &ARG(struct str, 1, i)) ? same : !same; }
    return true;
}
static bool str_eq(FUNC_ARGS) { return str_same(arg, n, sel, out->data, 1); }
static bool str_ne(FUNC_ARGS) { return str_same(arg, n, sel, out->data, 0); }

#define COMPARE_INIT(p, ta, tb, tc, k)                                                                                 \
    .p##_eq = p##_eq, .p##_ne = p##_ne, .p##_lt = p##_lt, .p##_le = p##_le, .p##_gt = p##_gt, .p##_ge = p##_ge,
extern const struct compare_kernels KERNEL_NAME(compare_kernels);
const struct compare_kernels KERNEL_NAME(compare_kernels) = {
    COMPARE_PAIRS(COMPARE_INIT).str_eq = str_eq,
    .str_ne = str_ne,
};
