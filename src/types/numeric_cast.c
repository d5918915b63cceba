/* SPDX-License-Identifier: Apache-2.0 */
/* numeric to and from integers and floats. */
#include "types/numeric_int.h"
#include "types/pow10_int.h"
#include "types/value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

bool num_to_i64(const struct num *v, int64_t min, int64_t max, const char *name, int64_t *out, struct error *err)
{
    struct num whole;
    struct big x;
    bool fits = true;
    if (num_is_special(v))
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot convert %s to %s",
                         v->kind == NUM_NAN ? "NaN" : "infinity", name);
    if (v->kind == NUM_INLINE) {
        if (!num_round_inline(v, 0, false, &whole))
            __builtin_unreachable(); /* rounding to an integer never grows the mantissa */
        *out = whole.mantissa;
    } else {
        big_init(&x);
        big_from_num(&x, v);
        big_round(&x, 0);
        fits = big_mantissa(&x, out);
        big_release(&x);
    }
    if (!fits || *out < min || *out > max)
        return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", name);
    return true;
}

/* NaN and the infinities as float. */
static double special_to_f64(const struct num *v)
{
    return v->kind == NUM_NAN ? NAN : v->kind == NUM_PINF ? INFINITY : -INFINITY;
}

bool num_to_f64(const struct num *v, double *out, struct error *err)
{
    struct strbuf text;
    if (num_is_special(v)) {
        *out = special_to_f64(v);
        return true;
    }
    uint64_t m = v->kind != NUM_INLINE ? 0 : v->mantissa < 0 ? -(uint64_t)v->mantissa : (uint64_t)v->mantissa;
    if (v->kind == NUM_INLINE && decimal_to_f64(m, -(int)v->dscale, v->mantissa < 0, out))
        return true;
    strbuf_init(&text);
    num_format(&text, v);
    bool ok = f64_parse(strview_make(text.data, text.len), out, err);
    strbuf_release(&text);
    return ok;
}

bool num_to_f32(const struct num *v, float *out, struct error *err)
{
    struct strbuf text;
    if (num_is_special(v)) {
        *out = (float)special_to_f64(v);
        return true;
    }
    uint64_t m = v->kind != NUM_INLINE ? 0 : v->mantissa < 0 ? -(uint64_t)v->mantissa : (uint64_t)v->mantissa;
    if (v->kind == NUM_INLINE && decimal_to_f32(m, -(int)v->dscale, v->mantissa < 0, out))
        return true;
    strbuf_init(&text);
    num_format(&text, v);
    bool ok = f32_parse(strview_make(text.data, text.len), out, err);
    strbuf_release(&text);
    return ok;
}

/* v rounded to so many significant digits: 15 for float8, 6 for float4. */
static bool from_digits(double v, bool single, struct arena *arena, struct num *out, struct error *err)
{
    char text[48];
    uint64_t digit;
    int exponent, digits = single ? FLT_DIG : DBL_DIG;
    double limit = single ? 1e30 : 1e290;
    if (isnan(v) || isinf(v)) {
        *out = isnan(v) ? num_nan() : num_infinity(v < 0);
        return true;
    }
    if (v == rint(v) && fabs(v) < (double)num_pow10[digits]) {
        *out = num_from_i64((int64_t)v);
        return true;
    }
    /* A shortest text with no more digits is what rounding gives: within these limits so many digits always survive. */
    if (fabs(v) < limit && fabs(v) > 1 / limit) {
        f64_to_decimal(v, single, &digit, &exponent);
        if (digit < num_pow10[digits] && exponent < 0) {
            *out = num_from_i128(arena, v < 0 ? -(int128_t)digit : (int128_t)digit, (uint32_t)-exponent);
            return true;
        }
    }
    int len = snprintf(text, sizeof text, "%.*g", digits, v);
    return num_parse(strview_make(text, (size_t)len), -1, arena, out, err);
}

bool num_from_f64(double v, struct arena *arena, struct num *out, struct error *err)
{
    return from_digits(v, false, arena, out, err);
}

bool num_from_f32(float v, struct arena *arena, struct num *out, struct error *err)
{
    return from_digits(v, true, arena, out, err);
}
