/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops compute all rows without a branch and collect whether any went wrong; only then the selected rows are gone
 * through again to find out which. Division by a variable looks at selected rows only, since it may trap.
 */
#include "base/kernel.h"
#include "func/arith_int.h"

#include <math.h>

/* With few selected rows it is cheaper to visit just them. */
static ALWAYS_INLINE bool is_sparse(const struct sel *sel, uint32_t n) { return sel && sel->n < n / 8; }

/* OP(x, y, z) sets z; BAD(x, y, z) has its sign bit set if the row is wrong; both of type TR. */
#define DEFINE_BINARY(NAME, TA, TB, TR, TX, OP, BAD, FAIL)                                                             \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        const TA *restrict a = arg[0].data;                                                                            \
        const TB *restrict b = arg[1].data;                                                                            \
        TR *restrict r = out->data;                                                                                    \
        const bool ca = arg[0].form == VEC_CONST, cb = arg[1].form == VEC_CONST;                                       \
        TX bad = 0;                                                                                                    \
        if (is_sparse(sel, n) || (ca && cb)) {                                                                         \
            FOR_ROWS(i)                                                                                                \
            {                                                                                                          \
                TR x = (TR)a[ca ? 0 : i], y = (TR)b[cb ? 0 : i], z;                                                    \
                OP(x, y, z, TR), (void)z;                                                                              \
                r[i] = z;                                                                                              \
                bad |= BAD(x, y, z, TX);                                                                               \
            }                                                                                                          \
        } else if (cb) {                                                                                               \
            TR y = (TR)b[0];                                                                                           \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TR x = (TR)a[i], z;                                                                                    \
                OP(x, y, z, TR), (void)z;                                                                              \
                r[i] = z;                                                                                              \
                bad |= BAD(x, y, z, TX);                                                                               \
            }                                                                                                          \
        } else if (ca) {                                                                                               \
            TR x = (TR)a[0];                                                                                           \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TR y = (TR)b[i], z;                                                                                    \
                OP(x, y, z, TR), (void)z;                                                                              \
                r[i] = z;                                                                                              \
                bad |= BAD(x, y, z, TX);                                                                               \
            }                                                                                                          \
        } else {                                                                                                       \
            for (uint32_t i = 0; i < n; i++) {                                                                         \
                TR x = (TR)a[i], y = (TR)b[i], z;                                                                      \
                OP(x, y, z, TR), (void)z;                                                                              \
                r[i] = z;                                                                                              \
                bad |= BAD(x, y, z, TX);                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        if (LIKELY(bad >= 0))                                                                                          \
            return true;                                                                                               \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            TR x = (TR)a[ca ? 0 : i], y = (TR)b[cb ? 0 : i], z;                                                        \
            OP(x, y, z, TR), (void)z;                                                                                  \
            if ((BAD(x, y, z, TX)) < 0) {                                                                              \
                FAIL(x, y, z, TR);                                                                                     \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

#define DEFINE_UNARY(NAME, TR, OP, BAD)                                                                                \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        const TR *restrict a = arg[0].data;                                                                            \
        TR *restrict r = out->data;                                                                                    \
        TR bad = 0;                                                                                                    \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            TR x = a[i], z;                                                                                            \
            OP(x, z), (void)z;                                                                                         \
            r[i] = z;                                                                                                  \
            bad |= BAD(x, z);                                                                                          \
        }                                                                                                              \
        if (LIKELY(bad >= 0))                                                                                          \
            return true;                                                                                               \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            TR x = a[i], z;                                                                                            \
            OP(x, z), (void)z;                                                                                         \
            if ((BAD(x, z)) < 0) {                                                                                     \
                arith_int_error(sizeof(TR), &errors->scratch);                                                         \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

/* Integers (-fwrapv). A multiplication in twice the width says by itself whether it fitted; of int8 the builtin does.
 */
#define INT_ADD(x, y, z, TR)     z = (TR)((x) + (y))
#define INT_ADD_BAD(x, y, z, TX) (TX)(((x) ^ (z)) & ((y) ^ (z)))
#define INT_SUB(x, y, z, TR)     z = (TR)((x) - (y))
#define INT_SUB_BAD(x, y, z, TX) (TX)(((x) ^ (y)) & ((x) ^ (z)))
#define INT_MUL(x, y, z, TR)     z = (TR)((x) * (y))
#define INT_MUL_BAD(x, y, z, TX)                                                                                       \
    (sizeof(TX) == 8 ? (TX) - (TX)__builtin_mul_overflow_p((int64_t)(x), (int64_t)(y), (int64_t)0)                     \
                     : (TX) - (TX)((int64_t)(x) * (int64_t)(y) != (int64_t)(z)))
#define INT_FAIL(x, y, z, TR)  arith_int_error(sizeof(TR), &errors->scratch)
#define NEVER_BAD(x, y, z, TX) (TX)0
#define NO_FAIL(x, y, z, TR)   (void)0

#define DEFINE_INT_PAIR(p, ta, tb, tr)                                                                                 \
    DEFINE_BINARY(p##pl, ta, tb, tr, tr, INT_ADD, INT_ADD_BAD, INT_FAIL)                                               \
    DEFINE_BINARY(p##mi, ta, tb, tr, tr, INT_SUB, INT_SUB_BAD, INT_FAIL)                                               \
    DEFINE_BINARY(p##mul, ta, tb, tr, tr, INT_MUL, INT_MUL_BAD, INT_FAIL)                                              \
    DEFINE_INT_DIV(p##div, ta, tb, tr)

/* One row; false = wrong. */
#define DEFINE_INT_DIV(NAME, TA, TB, TR)                                                                               \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        const TA *restrict a = arg[0].data;                                                                            \
        const TB *restrict b = arg[1].data;                                                                            \
        TR *restrict r = out->data;                                                                                    \
        if (arg[1].form == VEC_CONST && arg[0].form == VEC_FLAT && b[0] != 0 && b[0] != -1 && !is_sparse(sel, n)) {    \
            TR y = (TR)b[0];                                                                                           \
            if (sizeof(TR) < 8) /* exact: quotients of 32-bit integers are further apart than a double's precision */  \
                for (uint32_t i = 0; i < n; i++)                                                                       \
                    r[i] = (TR)(int32_t)((double)a[i] / (double)y);                                                    \
            else                                                                                                       \
                for (uint32_t i = 0; i < n; i++)                                                                       \
                    r[i] = (TR)(a[i] / y);                                                                             \
            return true;                                                                                               \
        }                                                                                                              \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            TR x = (TR)ARG(TA, 0, i), y = (TR)ARG(TB, 1, i);                                                           \
            if (UNLIKELY(y == 0)) {                                                                                    \
                r[i] = 0;                                                                                              \
                arith_zero_error(&errors->scratch);                                                                    \
                row_failed(errors, i);                                                                                 \
            } else if (UNLIKELY(y == -1)) {                                                                            \
                r[i] = (TR)(0 - x);                                                                                    \
                if (x < 0 && r[i] < 0) {                                                                               \
                    arith_int_error(sizeof(TR), &errors->scratch);                                                     \
                    row_failed(errors, i);                                                                             \
                }                                                                                                      \
            } else {                                                                                                   \
                r[i] = (TR)(x / y);                                                                                    \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
INT_PAIRS(DEFINE_INT_PAIR)

#define DEFINE_INT_MOD(NAME, T)                                                                                        \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        T *restrict r = out->data;                                                                                     \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            T x = ARG(T, 0, i), y = ARG(T, 1, i);                                                                      \
            if (UNLIKELY(y == 0)) {                                                                                    \
                r[i] = 0;                                                                                              \
                arith_zero_error(&errors->scratch);                                                                    \
                row_failed(errors, i);                                                                                 \
            } else {                                                                                                   \
                r[i] = y == -1 ? 0 : (T)(x % y);                                                                       \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

#define INT_NEG(x, z)     z = (__typeof__(x))(0 - (x))
#define INT_NEG_BAD(x, z) ((x) & (z))
#define INT_ABS(x, z)     z = (x) < 0 ? (__typeof__(x))(0 - (x)) : (x)
#define INT_ABS_BAD(x, z) (z)
#define INT_NOT(x, z)     z = (__typeof__(x))~(x)
#define INT_NOT_BAD(x, z) 0

/* Shift counts wrap at the width of the promoted type, as the machine's shifts do in PostgreSQL. */
#define SHIFT_MASK(TR)       (sizeof(TR) == 8 ? 63 : 31)
#define INT_AND(x, y, z, TR) z = (TR)((x) & (y))
#define INT_OR(x, y, z, TR)  z = (TR)((x) | (y))
#define INT_XOR(x, y, z, TR) z = (TR)((x) ^ (y))

#define DEFINE_SHIFT(NAME, T, OP)                                                                                      \
    static bool NAME(FUNC_ARGS)                                                                                        \
    {                                                                                                                  \
        T *restrict r = out->data;                                                                                     \
        FOR_ROWS(i) { r[i] = (T)(ARG(T, 0, i) OP(ARG(int32_t, 1, i) & SHIFT_MASK(T))); }                               \
        return true;                                                                                                   \
    }

#define DEFINE_INT_TYPE(p, ta, tb, tr)                                                                                 \
    DEFINE_INT_MOD(p##mod, tr)                                                                                         \
    DEFINE_UNARY(p##um, tr, INT_NEG, INT_NEG_BAD)                                                                      \
    DEFINE_UNARY(p##abs, tr, INT_ABS, INT_ABS_BAD)                                                                     \
    DEFINE_UNARY(p##not, tr, INT_NOT, INT_NOT_BAD)                                                                     \
    DEFINE_BINARY(p##and, tr, tr, tr, tr, INT_AND, NEVER_BAD, NO_FAIL)                                                 \
    DEFINE_BINARY(p## or, tr, tr, tr, tr, INT_OR, NEVER_BAD, NO_FAIL)                                                  \
    DEFINE_BINARY(p## xor, tr, tr, tr, tr, INT_XOR, NEVER_BAD, NO_FAIL)                                                \
    DEFINE_SHIFT(p##shl, tr, <<)                                                                                       \
    DEFINE_SHIFT(p##shr, tr, >>)
INT_TYPES(DEFINE_INT_TYPE)

/* Floats: an infinite result of finite arguments, or zero where it cannot be, is an error in PostgreSQL. */
#define IS_INF(x)                  (__builtin_fabs((double)(x)) == (double)INFINITY)
#define IS_NAN(x)                  ((x) != (x))
#define AS_SIGN(TX, cond)          ((TX) - (TX)(cond))
#define FLOAT_ADD(x, y, z, TR)     z = (x) + (y)
#define FLOAT_SUB(x, y, z, TR)     z = (x) - (y)
#define FLOAT_ADD_BAD(x, y, z, TX) AS_SIGN(TX, IS_INF(z) & !IS_INF(x) & !IS_INF(y))
#define FLOAT_MUL(x, y, z, TR)     z = (x) * (y)
#define FLOAT_MUL_BAD(x, y, z, TX)                                                                                     \
    AS_SIGN(TX, (IS_INF(z) & !IS_INF(x) & !IS_INF(y)) | (((z) == 0) & ((x) != 0) & ((y) != 0)))
#define FLOAT_DIV(x, y, z, TR) z = (x) / (y)
#define FLOAT_DIV_BAD(x, y, z, TX)                                                                                     \
    AS_SIGN(TX, (((y) == 0) & !IS_NAN(x)) | (IS_INF(z) & !IS_INF(x)) | (((z) == 0) & ((x) != 0) & !IS_INF(y)))
#define FLOAT_ADD_FAIL(x, y, z, TR) arith_float_error('+', (double)(x), (double)(y), (double)(z), &errors->scratch)
#define FLOAT_MUL_FAIL(x, y, z, TR) arith_float_error('*', (double)(x), (double)(y), (double)(z), &errors->scratch)
#define FLOAT_DIV_FAIL(x, y, z, TR) arith_float_error('/', (double)(x), (double)(y), (double)(z), &errors->scratch)

#define DEFINE_FLOAT_PAIR(p, ta, tb, tr)                                                                               \
    DEFINE_BINARY(p##pl, ta, tb, tr, int64_t, FLOAT_ADD, FLOAT_ADD_BAD, FLOAT_ADD_FAIL)                                \
    DEFINE_BINARY(p##mi, ta, tb, tr, int64_t, FLOAT_SUB, FLOAT_ADD_BAD, FLOAT_ADD_FAIL)                                \
    DEFINE_BINARY(p##mul, ta, tb, tr, int64_t, FLOAT_MUL, FLOAT_MUL_BAD, FLOAT_MUL_FAIL)                               \
    DEFINE_BINARY(p##div, ta, tb, tr, int64_t, FLOAT_DIV, FLOAT_DIV_BAD, FLOAT_DIV_FAIL)
FLOAT_PAIRS(DEFINE_FLOAT_PAIR)

#define DEFINE_FLOAT_TYPE(p, ta, tb, tr)                                                                               \
    static bool p##um(FUNC_ARGS)                                                                                       \
    {                                                                                                                  \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            OUT(tr)[i] = -((const tr *)arg[0].data)[i];                                                                \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool p##abs(FUNC_ARGS)                                                                                      \
    {                                                                                                                  \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            OUT(tr)[i] = (tr)__builtin_fabs((double)((const tr *)arg[0].data)[i]);                                     \
        return true;                                                                                                   \
    }
FLOAT_TYPES(DEFINE_FLOAT_TYPE)

#define PAIR_INIT(p, ta, tb, tr) .p##pl = p##pl, .p##mi = p##mi, .p##mul = p##mul, .p##div = p##div,
#define INT_INIT(p, ta, tb, tr)                                                                                        \
    .p##mod = p##mod, .p##um = p##um, .p##abs = p##abs, .p##and = p##and, .p## or = p## or, .p## xor = p## xor,        \
    .p##not = p##not, .p##shl = p##shl, .p##shr = p##shr,
#define FLOAT_INIT(p, ta, tb, tr) .p##um = p##um, .p##abs = p##abs,
extern const struct arith_kernels KERNEL_NAME(arith_kernels);
const struct arith_kernels KERNEL_NAME(arith_kernels) = {INT_PAIRS(PAIR_INIT) FLOAT_PAIRS(PAIR_INIT) INT_TYPES(INT_INIT)
                                                             FLOAT_TYPES(FLOAT_INIT)};
