/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points of the arithmetic kernels, and their errors. */
#include "func/arith_int.h"
#include "base/kernel.h"
#include "func/kernels_int.h"

#include <math.h>

KERNEL_DECLARE(struct arith_kernels, arith_kernels);

#define ENTRY(name)                                                                                                    \
    bool fk_##name(FUNC_ARGS) { return KERNEL_PICK(arith_kernels)->name(call, arg, n, sel, out, errors, err); }
#define PAIR_ENTRIES(p, ta, tb, tr) ENTRY(p##pl) ENTRY(p##mi) ENTRY(p##mul) ENTRY(p##div)
#define INT_ENTRIES(p, ta, tb, tr)                                                                                     \
    ENTRY(p##mod)                                                                                                      \
    ENTRY(p##um) ENTRY(p##abs) ENTRY(p##and) ENTRY(p## or) ENTRY(p## xor) ENTRY(p##not ) ENTRY(p##shl) ENTRY(p##shr)
#define FLOAT_ENTRIES(p, ta, tb, tr) ENTRY(p##um) ENTRY(p##abs)
INT_PAIRS(PAIR_ENTRIES)
FLOAT_PAIRS(PAIR_ENTRIES)
INT_TYPES(INT_ENTRIES)
FLOAT_TYPES(FLOAT_ENTRIES)

/* Unary plus and casts that change nothing. */
bool fk_same(FUNC_ARGS)
{
    memcpy(out->data, arg[0].data, (size_t)n * phys_size[out->phys]);
    return true;
}

bool arith_int_error(size_t result_size, struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                     result_size == 2   ? "smallint"
                     : result_size == 4 ? "integer"
                                        : "bigint");
}

bool arith_zero_error(struct error *err) { return error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero"); }

bool arith_float_error(char op, double a, double b, double result, struct error *err)
{
    if (op == '/' && b == 0 && !isnan(a))
        return arith_zero_error(err);
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: %s",
                     isinf(result) ? "overflow" : "underflow");
}
