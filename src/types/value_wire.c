/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's binary form of single values. */
#include "types/value_int.h"

#include "types/jsonb.h"

#include <stdio.h>

static bool bad_encoding(struct strview text, size_t at, struct error *err)
{
    char bytes[64];
    size_t n = MIN_OF(utf8_step((unsigned char)text.ptr[at]), text.len - at), len = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(bytes + len, sizeof bytes - len, "%s0x%02x", i ? " " : "",
                                (unsigned char)text.ptr[at + i]);
    return error_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": %s",
                     bytes);
}

static bool recv_text(struct strview bytes, struct coltype type, struct arena *arena, union datum *out,
                      struct error *err)
{
    size_t bad_at;
    if (!utf8_valid(bytes.ptr, bytes.len, &bad_at))
        return bad_encoding(bytes, bad_at, err);
    if (type.oid == TYPE_NAME && bytes.len > 63) {
        error_set(err, SQLSTATE_NAME_TOO_LONG, "identifier too long");
        return error_detail(err, "Identifier must be less than 64 characters.");
    }
    if (type.oid == TYPE_JSON && !json_check_text(bytes, err))
        return false;
    return value_own_bytes(bytes.ptr, bytes.len, arena, &out->str, err) &&
           value_apply_typmod(type, false, arena, out, err);
}

static bool recv_jsonb(struct strview bytes, struct arena *arena, union datum *out, struct error *err)
{
    size_t bad_at;
    struct strbuf sb;
    if (bytes.len == 0)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION, "no data left in message");
    if (bytes.ptr[0] != 1)
        return error_set(err, SQLSTATE_INTERNAL_ERROR, "unsupported jsonb version number %d",
                         (unsigned char)bytes.ptr[0]);
    struct strview text = strview_make(bytes.ptr + 1, bytes.len - 1);
    if (!utf8_valid(text.ptr, text.len, &bad_at))
        return bad_encoding(text, bad_at, err);
    strbuf_init(&sb);
    bool ok = jsonb_parse(text, &sb, err) && value_own_bytes(sb.data, sb.len, arena, &out->str, err);
    strbuf_release(&sb);
    return ok;
}

static bool recv_i64(int64_t v, struct coltype type, union datum *out, struct error *err)
{
    out->i64 = v;
    switch (type.oid) {
    case TYPE_TIME:
        if (v < 0 || v > USECS_PER_DAY)
            return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "time out of range");
        return value_apply_typmod(type, false, NULL, out, err);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        if (timestamp_is_finite(v) && !timestamp_in_range(v))
            return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
        return value_apply_typmod(type, false, NULL, out, err);
    default: return true;
    }
}

static bool recv_i32(int32_t v, oid_t type, union datum *out, struct error *err)
{
    out->i32 = v;
    if (type == TYPE_DATE && v != DATE_NEG_INFINITY && v != DATE_POS_INFINITY &&
        (v < DATE_MIN_DAYS || v >= DATE_END_DAYS))
        return error_set(err, SQLSTATE_DATETIME_FIELD_OVERFLOW, "date out of range");
    return true;
}

static bool recv_interval(const char *p, struct coltype type, union datum *out, struct error *err)
{
    out->interval.us = (int64_t)load_be64(p);
    out->interval.days = (int32_t)load_be32(p + 8);
    out->interval.months = (int32_t)load_be32(p + 12);
    return value_apply_typmod(type, false, NULL, out, err);
}

/* Values of fixed size; the length has been checked. */
static bool recv_fixed(const char *p, struct coltype type, union datum *out, struct error *err)
{
    switch (type_phys(type.oid)) {
    case PHYS_BOOL: out->b = *p != 0; return true;
    case PHYS_I16: out->i16 = (int16_t)load_be16(p); return true;
    case PHYS_I32: return recv_i32((int32_t)load_be32(p), type.oid, out, err);
    case PHYS_I64: return recv_i64((int64_t)load_be64(p), type, out, err);
    case PHYS_F32: {
        uint32_t bits = load_be32(p);
        memcpy(&out->f32, &bits, sizeof bits);
        return true;
    }
    case PHYS_F64: {
        uint64_t bits = load_be64(p);
        memcpy(&out->f64, &bits, sizeof bits);
        return true;
    }
    case PHYS_UUID: memcpy(out->uuid, p, 16); return true;
    case PHYS_INTERVAL: return recv_interval(p, type, out, err);
    default: __builtin_unreachable();
    }
}

bool value_recv(struct strview bytes, struct coltype type, const struct value_ctx *ctx, struct arena *arena,
                union datum *out, struct error *err)
{
    enum phys phys = type_phys(type.oid);
    switch (type.oid) {
    case TYPE_TEXT:
    case TYPE_UNKNOWN:
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
    case TYPE_NAME:
    case TYPE_JSON: return recv_text(bytes, type, arena, out, err);
    case TYPE_BYTEA: return value_own_bytes(bytes.ptr, bytes.len, arena, &out->str, err);
    case TYPE_JSONB: return recv_jsonb(bytes, arena, out, err);
    case TYPE_NUMERIC: return num_recv(bytes, type.typmod, arena, &out->num, err);
    case TYPE_VOID: return true;
    case TYPE_CHAR: break;
    default:
        if (phys == PHYS_NONE || phys == PHYS_STR)
            return value_unsupported(type.oid, "binary input", err);
    }
    size_t want = type.oid == TYPE_CHAR ? 1 : phys_size[phys];
    if (bytes.len < want)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                         want == 1 ? "no data left in message" : "insufficient data left in message");
    if (bytes.len > want)
        return error_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    if (type.oid == TYPE_CHAR) {
        out->str = str_make(bytes.ptr, bytes.ptr[0] != '\0');
        return true;
    }
    return recv_fixed(bytes.ptr, type, out, err);
}

static void send_str(struct strbuf *out, oid_t type, const struct str *s)
{
    if (type == TYPE_JSONB) {
        strbuf_add_char(out, 1);
        jsonb_format(out, str_view(s));
    } else if (type == TYPE_CHAR && s->len == 0) {
        strbuf_add_char(out, '\0');
    } else {
        strbuf_add_view(out, str_view(s));
    }
}

void value_send(struct strbuf *out, oid_t type, const void *datum, const struct value_ctx *ctx)
{
    switch (type_phys(type)) {
    case PHYS_BOOL: strbuf_add_char(out, *(const char *)datum); break;
    case PHYS_I16: strbuf_add_be16(out, *(const uint16_t *)datum); break;
    case PHYS_I32:
    case PHYS_F32: strbuf_add_be32(out, load_u32(datum)); break;
    case PHYS_I64:
    case PHYS_F64: strbuf_add_be64(out, load_u64(datum)); break;
    case PHYS_NUM: num_send(out, datum); break;
    case PHYS_INTERVAL: {
        const struct interval *v = datum;
        strbuf_add_be64(out, (uint64_t)v->us);
        strbuf_add_be32(out, (uint32_t)v->days);
        strbuf_add_be32(out, (uint32_t)v->months);
        break;
    }
    case PHYS_UUID: strbuf_add(out, datum, 16); break;
    case PHYS_STR: send_str(out, type, datum); break;
    case PHYS_NONE:
    case PHYS_COUNT: break;
    }
}
