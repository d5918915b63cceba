/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of double precision, with PostgreSQL's domain checks and its treatment of NaN and infinities. */
#include "func/arith_int.h"
#include "func/kernels_int.h"

#include <errno.h>
#include <math.h>
#include <sys/random.h>

static bool overflow(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
}
static bool underflow(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow");
}
static bool out_of_domain(struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range");
}

/* z = EXPRESSION of x, for all rows: cannot fail. */
#define DEFINE_PLAIN(name, expression)                                                                                 \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        const double *restrict a = arg[0].data;                                                                        \
        double *restrict r = out->data;                                                                                \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            double x = a[i];                                                                                           \
            r[i] = expression;                                                                                         \
        }                                                                                                              \
        return true;                                                                                                   \
    }
DEFINE_PLAIN(f64_ceil, ceil(x))
DEFINE_PLAIN(f64_floor, floor(x))
DEFINE_PLAIN(f64_round, rint(x))
DEFINE_PLAIN(f64_trunc, trunc(x))
DEFINE_PLAIN(f64_sign, x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0)

/* One row at a time through a function that may fail. */
#define DEFINE_UNARY(name, function)                                                                                   \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!function(ARG(double, 0, i), &OUT(double)[i], &errors->scratch)) {                                     \
                OUT(double)[i] = 0;                                                                                    \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define DEFINE_BINARY(name, function)                                                                                  \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!function(ARG(double, 0, i), ARG(double, 1, i), &OUT(double)[i], &errors->scratch)) {                  \
                OUT(double)[i] = 0;                                                                                    \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

static bool do_sqrt(double x, double *out, struct error *err)
{
    if (x < 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "cannot take square root of a negative number");
    *out = sqrt(x);
    return true;
}

static bool do_cbrt(double x, double *out, struct error *err)
{
    *out = cbrt(x);
    return true;
}

static bool do_exp(double x, double *out, struct error *err)
{
    *out = exp(x);
    if (isnan(x) || isinf(x))
        return true;
    if (isinf(*out))
        return overflow(err);
    return *out != 0 || underflow(err);
}

static bool logarithm_domain(double x, struct error *err)
{
    if (x == 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_LOGARITHM, "cannot take logarithm of zero");
    if (x < 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_LOGARITHM, "cannot take logarithm of a negative number");
    return true;
}

static bool do_ln(double x, double *out, struct error *err)
{
    if (!logarithm_domain(x, err))
        return false;
    *out = log(x);
    return *out != 0 || x == 1 || underflow(err);
}

static bool do_log10(double x, double *out, struct error *err)
{
    if (!logarithm_domain(x, err))
        return false;
    *out = log10(x);
    return *out != 0 || x == 1 || underflow(err);
}

/* pow() with an infinite argument, by POSIX whatever the C library does. */
static double pow_infinite(double x, double y)
{
    if (isinf(y)) {
        double size = fabs(x);
        if (size == 1)
            return 1;
        return (size > 1) == (y > 0) ? INFINITY : 0;
    }
    if (y == 0)
        return 1;
    if (x > 0)
        return y > 0 ? x : 0;
    bool odd = floor(y / 2) != y / 2;
    return y > 0 ? (odd ? x : -x) : (odd ? -0.0 : 0.0);
}

static bool do_pow(double x, double y, double *out, struct error *err)
{
    if (isnan(x) || isnan(y)) {
        *out = (isnan(x) && y == 0) || (isnan(y) && x == 1) ? 1 : NAN;
        return true;
    }
    if (x == 0 && y < 0)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "zero raised to a negative power is undefined");
    if (x < 0 && floor(y) != y)
        return error_set(err, SQLSTATE_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                         "a negative number raised to a non-integer power yields a complex result");
    if (isinf(x) || isinf(y)) {
        *out = pow_infinite(x, y);
        return true;
    }
    *out = pow(x, y);
    if (isinf(*out))
        return overflow(err);
    return *out != 0 || x == 0 || underflow(err);
}

/* Trigonometric functions are undefined at infinity. */
#define DEFINE_TRIGONOMETRIC(name, expression)                                                                         \
    static bool do_##name(double x, double *out, struct error *err)                                                    \
    {                                                                                                                  \
        if (isinf(x))                                                                                                  \
            return out_of_domain(err);                                                                                 \
        *out = expression;                                                                                             \
        return !isinf(*out) || overflow(err);                                                                          \
    }
DEFINE_TRIGONOMETRIC(sin, sin(x))
DEFINE_TRIGONOMETRIC(cos, cos(x))

/* tan and cot may be infinite: PostgreSQL lets that pass. */
static bool do_tan(double x, double *out, struct error *err)
{
    *out = tan(x);
    return !isinf(x) || out_of_domain(err);
}
static bool do_cot(double x, double *out, struct error *err)
{
    *out = 1.0 / tan(x);
    return !isinf(x) || out_of_domain(err);
}
static bool do_asin(double x, double *out, struct error *err)
{
    *out = asin(x);
    return !(x < -1 || x > 1) || out_of_domain(err);
}
static bool do_acos(double x, double *out, struct error *err)
{
    *out = acos(x);
    return !(x < -1 || x > 1) || out_of_domain(err);
}
static bool do_atan(double x, double *out, struct error *err)
{
    *out = atan(x);
    return true;
}
static bool do_atan2(double y, double x, double *out, struct error *err)
{
    *out = atan2(y, x);
    return true;
}
static bool do_sinh(double x, double *out, struct error *err)
{
    *out = sinh(x);
    return true;
}
static bool do_cosh(double x, double *out, struct error *err)
{
    *out = cosh(x);
    return true;
}
static bool do_tanh(double x, double *out, struct error *err)
{
    *out = tanh(x);
    return true;
}

#define RADIANS_PER_DEGREE 0.0174532925199432957692
static bool do_degrees(double x, double *out, struct error *err)
{
    *out = x / RADIANS_PER_DEGREE;
    return !(isinf(*out) && !isinf(x)) || overflow(err);
}
static bool do_radians(double x, double *out, struct error *err)
{
    *out = x * RADIANS_PER_DEGREE;
    return *out != 0 || x == 0 || underflow(err);
}

DEFINE_UNARY(f64_sqrt, do_sqrt)
DEFINE_UNARY(f64_cbrt, do_cbrt)
DEFINE_UNARY(f64_exp, do_exp)
DEFINE_UNARY(f64_ln, do_ln)
DEFINE_UNARY(f64_log10, do_log10)
DEFINE_UNARY(f64_sin, do_sin)
DEFINE_UNARY(f64_cos, do_cos)
DEFINE_UNARY(f64_tan, do_tan)
DEFINE_UNARY(f64_cot, do_cot)
DEFINE_UNARY(f64_asin, do_asin)
DEFINE_UNARY(f64_acos, do_acos)
DEFINE_UNARY(f64_atan, do_atan)
DEFINE_UNARY(f64_sinh, do_sinh)
DEFINE_UNARY(f64_cosh, do_cosh)
DEFINE_UNARY(f64_tanh, do_tanh)
DEFINE_UNARY(f64_degrees, do_degrees)
DEFINE_UNARY(f64_radians, do_radians)
DEFINE_BINARY(f64_pow, do_pow)
DEFINE_BINARY(f64_atan2, do_atan2)

bool fk_pi(FUNC_ARGS)
{
    for (uint32_t i = 0; i < n; i++)
        OUT(double)[i] = 3.14159265358979323846;
    return true;
}

/* xorshift64* from a fresh seed per batch: no state to share between threads. */
bool fk_random(FUNC_ARGS)
{
    uint64_t x = 0;
    while (x == 0)
        if (getrandom(&x, sizeof x, 0) != (ssize_t)sizeof x)
            return error_errno(err, errno, "could not get random bytes");
    for (uint32_t i = 0; i < n; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        OUT(double)[i] = (double)((x * 0x2545F4914F6CDD1DULL) >> 11) * 0x1p-53;
    }
    return true;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#define DEFINE_GCD(name, T, MAX)                                                                                       \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            int64_t a = ARG(T, 0, i), b = ARG(T, 1, i);                                                                \
            uint64_t g = gcd(a < 0 ? 0 - (uint64_t)a : (uint64_t)a, b < 0 ? 0 - (uint64_t)b : (uint64_t)b);            \
            OUT(T)[i] = (T)g;                                                                                          \
            if (g > (uint64_t)(MAX)) {                                                                                 \
                arith_int_error(sizeof(T), &errors->scratch);                                                          \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
DEFINE_GCD(int4gcd, int32_t, INT32_MAX)
DEFINE_GCD(int8gcd, int64_t, INT64_MAX)
