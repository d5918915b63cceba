/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on integers and floats: one kernel per pg_proc entry, in arith.kern.c. The lists say which there are:
 * X(pg_proc's name prefix, type of a, type of b, type of the result).
 */
#ifndef MENCIA_FUNC_ARITH_INT_H
#define MENCIA_FUNC_ARITH_INT_H

#include "func/func_int.h"

#define INT_TYPES(X)                                                                                                   \
    X(int2, int16_t, int16_t, int16_t)                                                                                 \
    X(int4, int32_t, int32_t, int32_t)                                                                                 \
    X(int8, int64_t, int64_t, int64_t)
#define INT_PAIRS(X)                                                                                                   \
    INT_TYPES(X)                                                                                                       \
    X(int24, int16_t, int32_t, int32_t)                                                                                \
    X(int42, int32_t, int16_t, int32_t)                                                                                \
    X(int28, int16_t, int64_t, int64_t)                                                                                \
    X(int82, int64_t, int16_t, int64_t)                                                                                \
    X(int48, int32_t, int64_t, int64_t)                                                                                \
    X(int84, int64_t, int32_t, int64_t)
#define FLOAT_TYPES(X)                                                                                                 \
    X(float4, float, float, float)                                                                                     \
    X(float8, double, double, double)
#define FLOAT_PAIRS(X)                                                                                                 \
    FLOAT_TYPES(X)                                                                                                     \
    X(float48, float, double, double)                                                                                  \
    X(float84, double, float, double)

#define PAIR_MEMBERS(p, ta, tb, tr)  func_kernel p##pl, p##mi, p##mul, p##div;
#define INT_MEMBERS(p, ta, tb, tr)   func_kernel p##mod, p##um, p##abs, p##and, p## or, p## xor, p##not, p##shl, p##shr;
#define FLOAT_MEMBERS(p, ta, tb, tr) func_kernel p##um, p##abs;
struct arith_kernels {
    INT_PAIRS(PAIR_MEMBERS)
    FLOAT_PAIRS(PAIR_MEMBERS)
    INT_TYPES(INT_MEMBERS)
    FLOAT_TYPES(FLOAT_MEMBERS)
};

/* The error of a row of floats: operator, arguments, result. */
bool arith_float_error(char op, double a, double b, double result, struct error *err);
bool arith_int_error(size_t result_size, struct error *err);
bool arith_zero_error(struct error *err);

#endif
