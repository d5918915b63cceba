/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons of fixed-width values: six kernels (eq ne lt le gt ge) for each pair of physical types:
 * X(name, type of a, type of b, type both are converted to, prefix of the comparison macros).
 */
#ifndef MENCIA_FUNC_COMPARE_INT_H
#define MENCIA_FUNC_COMPARE_INT_H

#include "func/func_int.h"

#define COMPARE_PAIRS(X)                                                                                               \
    X(b, uint8_t, uint8_t, uint8_t, INT)                                                                               \
    X(i16, int16_t, int16_t, int16_t, INT)                                                                             \
    X(i32, int32_t, int32_t, int32_t, INT)                                                                             \
    X(i64, int64_t, int64_t, int64_t, INT)                                                                             \
    X(u32, uint32_t, uint32_t, uint32_t, INT)                                                                          \
    X(i16_i32, int16_t, int32_t, int32_t, INT)                                                                         \
    X(i32_i16, int32_t, int16_t, int32_t, INT)                                                                         \
    X(i16_i64, int16_t, int64_t, int64_t, INT)                                                                         \
    X(i64_i16, int64_t, int16_t, int64_t, INT)                                                                         \
    X(i32_i64, int32_t, int64_t, int64_t, INT)                                                                         \
    X(i64_i32, int64_t, int32_t, int64_t, INT)                                                                         \
    X(f32, float, float, float, FLOAT)                                                                                 \
    X(f64, double, double, double, FLOAT)                                                                              \
    X(f32_f64, float, double, double, FLOAT)                                                                           \
    X(f64_f32, double, float, double, FLOAT)

#define COMPARE_MEMBERS(p, ta, tb, tc, k) func_kernel p##_eq, p##_ne, p##_lt, p##_le, p##_gt, p##_ge;
struct compare_kernels {
    COMPARE_PAIRS(COMPARE_MEMBERS)
    func_kernel str_eq, str_ne;
};

#endif
