/* SPDX-License-Identifier: Apache-2.0 */
/* Functions behind pg_cast, the casts through text, and typmods. */
#include "func/arith_int.h"
#include "func/kernels_int.h"
#include "types/jsonb.h"

#include <math.h>

/* Widening, bit patterns: all rows, cannot fail. */
#define DEFINE_PLAIN(name, TA, TR, expression)                                                                         \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        const TA *restrict a = arg[0].data;                                                                            \
        TR *restrict r = out->data;                                                                                    \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            TA x = a[i];                                                                                               \
            r[i] = expression;                                                                                         \
        }                                                                                                              \
        return true;                                                                                                   \
    }
DEFINE_PLAIN(i16_to_i32, int16_t, int32_t, x)
DEFINE_PLAIN(i16_to_i64, int16_t, int64_t, x)
DEFINE_PLAIN(i32_to_i64, int32_t, int64_t, x)
DEFINE_PLAIN(i16_to_f32, int16_t, float, x)
DEFINE_PLAIN(i16_to_f64, int16_t, double, x)
DEFINE_PLAIN(i32_to_f32, int32_t, float, (float)x)
DEFINE_PLAIN(i32_to_f64, int32_t, double, x)
DEFINE_PLAIN(i64_to_f32, int64_t, float, (float)x)
DEFINE_PLAIN(i64_to_f64, int64_t, double, (double)x)
DEFINE_PLAIN(f32_to_f64, float, double, (double)x)
DEFINE_PLAIN(oid_to_i64, uint32_t, int64_t, x)
DEFINE_PLAIN(i32_to_bool, int32_t, uint8_t, x != 0)
DEFINE_PLAIN(bool_to_i32, uint8_t, int32_t, x)
DEFINE_PLAIN(i16_to_num, int16_t, struct num, num_from_i64(x))
DEFINE_PLAIN(i32_to_num, int32_t, struct num, num_from_i64(x))
DEFINE_PLAIN(i64_to_num, int64_t, struct num, num_from_i64(x))

/* Narrowing: all rows, then a look at those that did not fit. FITS(x) may be computed for any x. */
#define DEFINE_NARROWING(name, TA, TR, FITS, CONVERT, FAIL)                                                            \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        const TA *restrict a = arg[0].data;                                                                            \
        TR *restrict r = out->data;                                                                                    \
        uint32_t bad = 0;                                                                                              \
        for (uint32_t i = 0; i < n; i++) {                                                                             \
            TA x = a[i];                                                                                               \
            bool fits = FITS(x);                                                                                       \
            r[i] = fits ? (TR)CONVERT(x) : 0;                                                                          \
            bad |= !fits;                                                                                              \
        }                                                                                                              \
        if (!bad)                                                                                                      \
            return true;                                                                                               \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!FITS(a[i])) {                                                                                         \
                FAIL(a[i], TR);                                                                                        \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define SAME(x)         (x)
#define FITS_I16(x)     ((x) >= INT16_MIN && (x) <= INT16_MAX)
#define FITS_I32(x)     ((x) >= INT32_MIN && (x) <= INT32_MAX)
#define FITS_OID(x)     ((x) >= 0 && (x) <= UINT32_MAX)
#define INT_FAIL(x, TR) arith_int_error(sizeof(TR), &errors->scratch)
#define OID_FAIL(x, TR) error_set(&errors->scratch, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range")
/* Rounded to even before the check; NaN fits nowhere. */
#define F32_FITS_I16(x)   (rintf(x) >= (float)INT16_MIN && rintf(x) < -(float)INT16_MIN)
#define F32_FITS_I32(x)   (rintf(x) >= (float)INT32_MIN && rintf(x) < -(float)INT32_MIN)
#define F32_FITS_I64(x)   (rintf(x) >= (float)INT64_MIN && rintf(x) < -(float)INT64_MIN)
#define F64_FITS_I16(x)   (rint(x) >= (double)INT16_MIN && rint(x) < -(double)INT16_MIN)
#define F64_FITS_I32(x)   (rint(x) >= (double)INT32_MIN && rint(x) < -(double)INT32_MIN)
#define F64_FITS_I64(x)   (rint(x) >= (double)INT64_MIN && rint(x) < -(double)INT64_MIN)
#define F64_FITS_F32(x)   (!(isinf((float)(x)) && !isinf(x)) && !((float)(x) == 0 && (x) != 0))
#define FLOAT_FAIL(x, TR) arith_float_error('c', (double)(x), 0, (double)(TR)(x), &errors->scratch)
DEFINE_NARROWING(i32_to_i16, int32_t, int16_t, FITS_I16, SAME, INT_FAIL)
DEFINE_NARROWING(i64_to_i16, int64_t, int16_t, FITS_I16, SAME, INT_FAIL)
DEFINE_NARROWING(i64_to_i32, int64_t, int32_t, FITS_I32, SAME, INT_FAIL)
DEFINE_NARROWING(i64_to_oid, int64_t, uint32_t, FITS_OID, SAME, OID_FAIL)
DEFINE_NARROWING(f32_to_i16, float, int16_t, F32_FITS_I16, rintf, INT_FAIL)
DEFINE_NARROWING(f32_to_i32, float, int32_t, F32_FITS_I32, rintf, INT_FAIL)
DEFINE_NARROWING(f32_to_i64, float, int64_t, F32_FITS_I64, rintf, INT_FAIL)
DEFINE_NARROWING(f64_to_i16, double, int16_t, F64_FITS_I16, rint, INT_FAIL)
DEFINE_NARROWING(f64_to_i32, double, int32_t, F64_FITS_I32, rint, INT_FAIL)
DEFINE_NARROWING(f64_to_i64, double, int64_t, F64_FITS_I64, rint, INT_FAIL)
DEFINE_NARROWING(f64_to_f32, double, float, F64_FITS_F32, SAME, FLOAT_FAIL)

/* A row at a time: CONVERT(x, out, err) says whether it worked. */
#define DEFINE_ROWS(name, TA, TR, CONVERT)                                                                             \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i)                                                                                                    \
        {                                                                                                              \
            if (!CONVERT(call, &ARG(TA, 0, i), &OUT(TR)[i], &errors->scratch)) {                                       \
                memset(&OUT(TR)[i], 0, sizeof(TR));                                                                    \
                row_failed(errors, i);                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }
typedef struct func_call call_t;

static bool num_from_float4(call_t *call, const float *x, struct num *out, struct error *err)
{
    return num_from_f32(*x, call->arena, out, err);
}
static bool num_from_float8(call_t *call, const double *x, struct num *out, struct error *err)
{
    return num_from_f64(*x, call->arena, out, err);
}
static bool num_to_int2(call_t *call, const struct num *x, int16_t *out, struct error *err)
{
    int64_t v;
    bool ok = num_to_i64(x, INT16_MIN, INT16_MAX, "smallint", &v, err);
    *out = ok ? (int16_t)v : 0;
    return ok;
}
static bool num_to_int4(call_t *call, const struct num *x, int32_t *out, struct error *err)
{
    int64_t v;
    bool ok = num_to_i64(x, INT32_MIN, INT32_MAX, "integer", &v, err);
    *out = ok ? (int32_t)v : 0;
    return ok;
}
static bool num_to_int8(call_t *call, const struct num *x, int64_t *out, struct error *err)
{
    return num_to_i64(x, INT64_MIN, INT64_MAX, "bigint", out, err);
}
/* PostgreSQL goes through text, so that the range is float4's own. */
static bool num_to_float4(call_t *call, const struct num *x, float *out, struct error *err)
{
    struct strbuf text;
    strbuf_init(&text);
    num_format(&text, x);
    bool ok = f32_parse(strview_make(text.data, text.len), out, err);
    strbuf_release(&text);
    return ok;
}
static bool num_to_float8(call_t *call, const struct num *x, double *out, struct error *err)
{
    return num_to_f64(x, out, err);
}
DEFINE_ROWS(f32_to_num, float, struct num, num_from_float4)
DEFINE_ROWS(f64_to_num, double, struct num, num_from_float8)
DEFINE_ROWS(num_to_i16, struct num, int16_t, num_to_int2)
DEFINE_ROWS(num_to_i32, struct num, int32_t, num_to_int4)
DEFINE_ROWS(num_to_i64, struct num, int64_t, num_to_int8)
DEFINE_ROWS(num_to_f32, struct num, float, num_to_float4)
DEFINE_ROWS(num_to_f64, struct num, double, num_to_float8)

/* ---- jsonb scalars ---- */

static const char *jsonb_kind_name(enum jsonb_kind kind)
{
    static const char *const names[] = {
        [JSONB_NULL] = "null",     [JSONB_FALSE] = "boolean", [JSONB_TRUE] = "boolean",  [JSONB_NUMBER] = "numeric",
        [JSONB_STRING] = "string", [JSONB_ARRAY] = "array",   [JSONB_OBJECT] = "object",
    };
    return names[kind];
}
static bool cannot_cast_jsonb(enum jsonb_kind kind, oid_t target, struct error *err)
{
    const char *prefix = kind == JSONB_ARRAY || kind == JSONB_OBJECT ? "" : "";
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s%s to type %s", prefix,
                     jsonb_kind_name(kind), type_by_oid(target)->sql_name);
}
static bool jsonb_number(call_t *call, const struct str *x, struct num *out, struct error *err)
{
    struct strview value = str_view(x);
    enum jsonb_kind kind = jsonb_kind(value);
    if (kind != JSONB_NUMBER)
        return cannot_cast_jsonb(kind, call->result.oid, err);
    struct strbuf text;
    strbuf_init(&text);
    jsonb_format(&text, value);
    bool ok = num_parse(strview_make(text.data, text.len), -1, call->arena, out, err);
    strbuf_release(&text);
    return ok;
}
static bool jsonb_to_bool(call_t *call, const struct str *x, uint8_t *out, struct error *err)
{
    enum jsonb_kind kind = jsonb_kind(str_view(x));
    *out = kind == JSONB_TRUE;
    return kind == JSONB_TRUE || kind == JSONB_FALSE || cannot_cast_jsonb(kind, TYPE_BOOL, err);
}
#define DEFINE_FROM_JSONB(name, TR, FROM_NUM)                                                                          \
    static bool jsonb_##name(call_t *call, const struct str *x, TR *out, struct error *err)                            \
    {                                                                                                                  \
        struct num v;                                                                                                  \
        return jsonb_number(call, x, &v, err) && FROM_NUM(call, &v, out, err);                                         \
    }                                                                                                                  \
    DEFINE_ROWS(jsonb_##name, struct str, TR, jsonb_##name)
DEFINE_ROWS(jsonb_to_bool, struct str, uint8_t, jsonb_to_bool)
DEFINE_ROWS(jsonb_to_num, struct str, struct num, jsonb_number)
DEFINE_FROM_JSONB(to_i16, int16_t, num_to_int2)
DEFINE_FROM_JSONB(to_i32, int32_t, num_to_int4)
DEFINE_FROM_JSONB(to_i64, int64_t, num_to_int8)
DEFINE_FROM_JSONB(to_f32, float, num_to_float4)
DEFINE_FROM_JSONB(to_f64, double, num_to_float8)

/* ---- strings ---- */

bool fk_bool_to_text(FUNC_ARGS)
{
    FOR_ROWS(i) { OUT(struct str)[i] = ARG(uint8_t, 0, i) ? str_make("true", 4) : str_make("false", 5); }
    return true;
}

static struct str cut(const struct str *s, uint32_t len) { return str_make(str_data(s), len); }

static uint32_t len_without_blanks(const struct str *s)
{
    uint32_t len = s->len;
    const char *p = str_data(s);
    while (len && p[len - 1] == ' ')
        len--;
    return len;
}

bool fk_bpchar_to_text(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        OUT(struct str)[i] = cut(s, len_without_blanks(s));
    }
    return true;
}

/* name holds 63 bytes; a character is not cut in two. */
static struct str cut_name(const struct str *s, uint32_t len)
{
    enum { NAME_BYTES_MAX = 63 };
    if (len > NAME_BYTES_MAX) {
        const char *p = str_data(s);
        len = NAME_BYTES_MAX;
        while (len && ((unsigned char)p[len] & 0xC0) == 0x80)
            len--;
    }
    return cut(s, len);
}

bool fk_text_to_name(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        OUT(struct str)[i] = cut_name(s, s->len);
    }
    return true;
}

bool fk_bpchar_to_name(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        struct str name = cut_name(s, s->len);
        OUT(struct str)[i] = cut(&name, len_without_blanks(&name));
    }
    return true;
}

/* "char" is one byte. */
bool fk_text_to_char(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        union datum d = {.str = *s};
        struct coltype type = coltype(TYPE_CHAR);
        if (!value_parse(str_view(s), type, true, call->ctx, call->arena, &d, err))
            return false;
        OUT(struct str)[i] = d.str;
    }
    return true;
}

bool fk_i32_to_char(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        int32_t v = ARG(int32_t, 0, i);
        char c = (char)v;
        OUT(struct str)[i] = str_make(&c, v != 0);
        if (v < INT8_MIN || v > INT8_MAX) {
            error_set(&errors->scratch, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range");
            row_failed(errors, i);
        }
    }
    return true;
}

bool fk_char_to_i32(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        const struct str *s = &ARG(struct str, 0, i);
        OUT(int32_t)[i] = s->len ? (int8_t)s->prefix[0] : 0;
    }
    return true;
}

/* ---- through text, and typmods: any type ---- */

static bool is_binary_string(oid_t oid) { return type_is_string(oid) || oid == TYPE_JSON; }

/* Output of the source type; bytes of strings are their own text. */
static bool as_text(struct func_call *call, oid_t source, const void *datum, struct strbuf *buf, struct strview *text)
{
    if (is_binary_string(source)) {
        *text = str_view(datum);
        return true;
    }
    strbuf_clear(buf);
    value_format(buf, source, datum, call->ctx);
    *text = strview_make(buf->data, buf->len);
    return buf->len <= STR_LEN_MAX;
}

static bool k_cast_by_io(FUNC_ARGS)
{
    oid_t source = call->arg_type[0].oid;
    size_t size = phys_size[out->phys], arg_size = phys_size[arg[0].phys];
    bool is_string = is_binary_string(source), ok = true;
    struct strbuf buf;
    strbuf_init(&buf);
    FOR_ROWS(i)
    {
        const char *datum = (const char *)arg[0].data + (arg[0].form == VEC_CONST ? 0 : i * arg_size);
        struct strview text;
        union datum d;
        memset(&d, 0, sizeof d);
        bool row_ok = as_text(call, source, datum, &buf, &text) || func_too_long(&errors->scratch);
        /* What is parsed may view its text: that must outlive this loop. */
        if (row_ok && !is_string && out->phys == PHYS_STR) {
            char *copy = call_bytes(call, text.len, err);
            ok = copy != NULL;
            if (!ok)
                break;
            text.ptr = memcpy(copy, text.ptr, text.len);
        }
        row_ok = row_ok && value_parse(text, call->result, true, call->ctx, call->arena, &d, &errors->scratch);
        if (!row_ok) {
            memset(&d, 0, sizeof d);
            row_failed(errors, i);
        }
        memcpy((char *)out->data + i * size, &d, size);
    }
    strbuf_release(&buf);
    return ok;
}

static bool apply_typmod(FUNC_ARGS, bool explicit_cast)
{
    size_t size = phys_size[out->phys];
    FOR_ROWS(i)
    {
        union datum d;
        memcpy(&d, (const char *)arg[0].data + (arg[0].form == VEC_CONST ? 0 : i * size), size);
        if (!value_apply_typmod(call->result, explicit_cast, call->arena, &d, &errors->scratch)) {
            memset(&d, 0, sizeof d);
            row_failed(errors, i);
        }
        memcpy((char *)out->data + i * size, &d, size);
    }
    return true;
}
static bool k_typmod_explicit(FUNC_ARGS) { return apply_typmod(call, arg, n, sel, out, errors, err, true); }
static bool k_typmod_assignment(FUNC_ARGS) { return apply_typmod(call, arg, n, sel, out, errors, err, false); }

static const struct func cast_by_io = {
    .name = "cast_by_io",
    .kind = FUNC_SCALAR,
    .volatility = FUNC_STABLE,
    .strict = true,
    .fallible = true,
    .nargs = 1,
    .arg = {TYPE_ANY},
    .result = TYPE_ANY,
    .kernel = k_cast_by_io,
};
static const struct func typmod_explicit = {
    .name = "apply_typmod",
    .kind = FUNC_SCALAR,
    .volatility = FUNC_IMMUTABLE,
    .strict = true,
    .fallible = true,
    .nargs = 1,
    .arg = {TYPE_ANY},
    .result = TYPE_ANY,
    .kernel = k_typmod_explicit,
};
static const struct func typmod_assignment = {
    .name = "apply_typmod",
    .kind = FUNC_SCALAR,
    .volatility = FUNC_IMMUTABLE,
    .strict = true,
    .fallible = true,
    .nargs = 1,
    .arg = {TYPE_ANY},
    .result = TYPE_ANY,
    .kernel = k_typmod_assignment,
};
const struct func *func_cast_by_io(void) { return &cast_by_io; }
const struct func *func_apply_typmod(bool explicit_cast)
{
    return explicit_cast ? &typmod_explicit : &typmod_assignment;
}
