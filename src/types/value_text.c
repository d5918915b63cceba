/* SPDX-License-Identifier: Apache-2.0 */
/* Text input and output of single values. */
#include "types/value_int.h"

#include "types/jsonb.h"

/* oid's input takes what C's strtoul takes: a sign, and negative numbers of 32 bits wrap around. */
static bool parse_oid(struct strview text, int32_t *out, struct error *err)
{
    int64_t v;
    if (!int_parse(text, INT32_MIN, UINT32_MAX, "oid", &v, err))
        return false;
    *out = (int32_t)(uint32_t)v;
    return true;
}

/* xid's input ignores junk, as PostgreSQL 15 does. */
static void parse_xid(struct strview text, int32_t *out)
{
    struct strview s = strview_trim(text);
    uint64_t v = 0;
    size_t i = 0;
    bool negative = s.len && s.ptr[0] == '-';
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        i++;
    for (; i < s.len && char_is_digit(s.ptr[i]); i++)
        v = v * 10 + (uint64_t)(s.ptr[i] - '0');
    *out = (int32_t)(uint32_t)(negative ? -v : v);
}

static bool parse_regtype(struct strview text, int32_t *out, struct error *err)
{
    struct strview s = strview_trim(text);
    if (s.len && char_is_digit(s.ptr[0]))
        return parse_oid(text, out, err);
    const struct type_info *info = NULL;
    if (strview_equal_cstr(s, "-")) {
        *out = 0;
        return true;
    }
    /* The SQL meaning of an unquoted char. */
    info = strview_equal_nocase(s, STRVIEW("char")) ? type_by_oid(TYPE_BPCHAR) : type_by_name(s);
    if (!info)
        return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "type \"%.*s\" does not exist", (int)text.len, text.ptr);
    *out = (int32_t)info->oid;
    return true;
}

/* Names are resolved by those who have a catalogue; here only numbers. */
static bool parse_reg_number(struct strview text, oid_t type, int32_t *out, struct error *err)
{
    struct strview s = strview_trim(text);
    if (s.len && char_is_digit(s.ptr[0]))
        return parse_oid(text, out, err);
    if (!strview_equal_cstr(s, "-"))
        return value_unsupported(type, "input of names", err);
    *out = 0;
    return true;
}

/* "char": the first byte, or an octal escape. */
static struct str parse_char(struct strview text)
{
    const char *p = text.ptr;
    if (text.len == 4 && p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
        p[3] <= '7') {
        char c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
        return str_make(&c, c != '\0');
    }
    return str_make(p, MIN_OF(text.len, 1));
}

static bool parse_jsonb(struct strview text, struct arena *arena, struct str *out, struct error *err)
{
    struct strbuf sb;
    strbuf_init(&sb);
    bool ok = jsonb_parse(text, &sb, err) && value_own_bytes(sb.data, sb.len, arena, out, err);
    strbuf_release(&sb);
    return ok;
}

static bool parse_int(struct strview text, oid_t type, union datum *out, struct error *err)
{
    int64_t v;
    switch (type) {
    case TYPE_INT2:
        if (!int_parse(text, INT16_MIN, INT16_MAX, "smallint", &v, err))
            return false;
        out->i16 = (int16_t)v;
        return true;
    case TYPE_INT4:
        if (!int_parse(text, INT32_MIN, INT32_MAX, "integer", &v, err))
            return false;
        out->i32 = (int32_t)v;
        return true;
    default: assert(type == TYPE_INT8); return int_parse(text, INT64_MIN, INT64_MAX, "bigint", &out->i64, err);
    }
}

static bool parse_bool(struct strview text, union datum *out, struct error *err)
{
    bool v;
    if (!bool_parse(text, &v, err))
        return false;
    out->b = v;
    return true;
}

static bool parse_string(struct strview text, struct coltype type, bool by_cast, struct arena *arena, union datum *out,
                         struct error *err)
{
    return value_view_bytes(text, &out->str, err) && value_apply_typmod(type, by_cast, arena, out, err);
}

bool value_parse(struct strview text, struct coltype type, bool by_cast, const struct value_ctx *ctx,
                 struct arena *arena, union datum *out, struct error *err)
{
    struct datetime_ctx datetime;
    switch (type.oid) {
    case TYPE_TEXT:
    case TYPE_UNKNOWN: return value_view_bytes(text, &out->str, err);
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
    case TYPE_NAME: return parse_string(text, type, by_cast, arena, out, err);
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8: return parse_int(text, type.oid, out, err);
    case TYPE_FLOAT4: return f32_parse(text, &out->f32, err);
    case TYPE_FLOAT8: return f64_parse(text, &out->f64, err);
    case TYPE_BOOL: return parse_bool(text, out, err);
    case TYPE_NUMERIC: return num_parse(text, type.typmod, arena, &out->num, err);
    case TYPE_UUID: return uuid_parse(text, out->uuid, err);
    case TYPE_BYTEA: return bytea_parse(text, arena, &out->str, err);
    case TYPE_JSON: return json_check_text(text, err) && value_view_bytes(text, &out->str, err);
    case TYPE_JSONB: return parse_jsonb(text, arena, &out->str, err);
    case TYPE_DATE: datetime = value_datetime(ctx); return date_parse(text, &datetime, &out->i32, err);
    case TYPE_TIME: datetime = value_datetime(ctx); return time_parse(text, type.typmod, &datetime, &out->i64, err);
    case TYPE_TIMESTAMP:
        datetime = value_datetime(ctx);
        return timestamp_parse(text, type.typmod, &datetime, &out->i64, err);
    case TYPE_TIMESTAMPTZ:
        datetime = value_datetime(ctx);
        return timestamptz_parse(text, type.typmod, &datetime, &out->i64, err);
    case TYPE_INTERVAL: return interval_parse(text, type.typmod, &out->interval, err);
    case TYPE_OID: return parse_oid(text, &out->i32, err);
    case TYPE_XID: parse_xid(text, &out->i32); return true;
    case TYPE_CHAR: out->str = parse_char(text); return true;
    case TYPE_REGTYPE: return parse_regtype(text, &out->i32, err);
    case TYPE_REGPROC:
    case TYPE_REGCLASS: return parse_reg_number(text, type.oid, &out->i32, err);
    case TYPE_VOID: return true;
    default: return value_unsupported(type.oid, "input", err);
    }
}

/* ---- output ---- */

void i64_format(struct strbuf *out, int64_t v)
{
    char text[24], *p = text + sizeof text;
    uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        *--p = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude);
    if (v < 0)
        *--p = '-';
    strbuf_add(out, p, (size_t)(text + sizeof text - p));
}

static const char hex_digits[] = "0123456789abcdef";

static void format_uuid(struct strbuf *out, const uint8_t *uuid)
{
    char text[36];
    size_t len = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[len++] = '-';
        text[len++] = hex_digits[uuid[i] >> 4];
        text[len++] = hex_digits[uuid[i] & 15];
    }
    assert(len == sizeof text);
    strbuf_add(out, text, len);
}

static void format_bytea(struct strbuf *out, struct strview bytes, bool escape)
{
    strbuf_reserve(out, bytes.len * 2 + 2);
    if (!escape)
        strbuf_add(out, "\\x", 2);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (!escape) {
            char pair[2] = {hex_digits[c >> 4], hex_digits[c & 15]};
            strbuf_add(out, pair, 2);
        } else if (c == '\\') {
            strbuf_add(out, "\\\\", 2);
        } else if (c < 0x20 || c > 0x7E) {
            strbuf_add_fmt(out, "\\%03o", c);
        } else {
            strbuf_add_char(out, (char)c);
        }
    }
}

static void format_oid(struct strbuf *out, oid_t type, uint32_t oid, const struct value_ctx *ctx)
{
    if (type == TYPE_REGCLASS && ctx->relation_name && ctx->relation_name(ctx->session, oid, out))
        return;
    if (type == TYPE_REGTYPE && type_by_oid(oid))
        type_format(out, coltype(oid));
    else if (oid == 0 && type != TYPE_OID && type != TYPE_XID)
        strbuf_add_char(out, '-');
    else
        i64_format(out, oid);
}

static void format_char(struct strbuf *out, struct strview c)
{
    if (c.len && (unsigned char)c.ptr[0] >= 0x80)
        strbuf_add_fmt(out, "\\%03o", (unsigned char)c.ptr[0]);
    else
        strbuf_add_view(out, c);
}

static void format_str(struct strbuf *out, oid_t type, const struct str *s, const struct value_ctx *ctx)
{
    switch (type) {
    case TYPE_JSONB: jsonb_format(out, str_view(s)); break;
    case TYPE_BYTEA: format_bytea(out, str_view(s), ctx->bytea_escape); break;
    case TYPE_CHAR: format_char(out, str_view(s)); break;
    default: strbuf_add_view(out, str_view(s));
    }
}

static void format_i64(struct strbuf *out, oid_t type, int64_t v, const struct value_ctx *ctx)
{
    switch (type) {
    case TYPE_TIMESTAMP: timestamp_format(out, v); break;
    case TYPE_TIMESTAMPTZ: timestamptz_format(out, v, value_datetime(ctx).zone); break;
    case TYPE_TIME: time_format(out, v); break;
    default: i64_format(out, v);
    }
}

void value_format(struct strbuf *out, oid_t type, const void *datum, const struct value_ctx *ctx)
{
    switch (type_phys(type)) {
    case PHYS_BOOL: strbuf_add_char(out, *(const uint8_t *)datum ? 't' : 'f'); break;
    case PHYS_I16: i64_format(out, *(const int16_t *)datum); break;
    case PHYS_I32:
        if (type == TYPE_INT4)
            i64_format(out, *(const int32_t *)datum);
        else if (type == TYPE_DATE)
            date_format(out, *(const date_t *)datum);
        else
            format_oid(out, type, *(const uint32_t *)datum, ctx);
        break;
    case PHYS_I64: format_i64(out, type, *(const int64_t *)datum, ctx); break;
    case PHYS_F32: f32_format(out, *(const float *)datum, ctx->extra_float_digits); break;
    case PHYS_F64: f64_format(out, *(const double *)datum, ctx->extra_float_digits); break;
    case PHYS_NUM: num_format(out, datum); break;
    case PHYS_INTERVAL: interval_format(out, datum); break;
    case PHYS_UUID: format_uuid(out, datum); break;
    case PHYS_STR: format_str(out, type, datum, ctx); break;
    case PHYS_NONE:
    case PHYS_COUNT: break;
    }
}
