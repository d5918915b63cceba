/* SPDX-License-Identifier: Apache-2.0 */
/* Text input of integers, boolean, uuid and bytea. */
#include "types/pow10_int.h"
#include "types/value_int.h"

static bool bad_syntax(struct strview text, const char *type_name, struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s: \"%.*s\"", type_name,
                     (int)text.len, text.ptr);
}

static bool int_out_of_range(struct strview text, const char *type_name, struct error *err)
{
    return error_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value \"%.*s\" is out of range for type %s",
                     (int)text.len, text.ptr, type_name);
}

bool int_parse(struct strview text, int64_t min, int64_t max, const char *type_name, int64_t *out, struct error *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    while (p < end && char_is_space(*p))
        p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !char_is_digit(*p))
        return bad_syntax(text, type_name, err);
    uint64_t limit = min < 0 ? -(uint64_t)min : 0, magnitude = 0;
    if (max > 0 && (uint64_t)max > limit)
        limit = (uint64_t)max;
    bool overflow = false;
    const char *safe = end - p > 19 ? p + 19 : end; /* 19 digits cannot overflow */
    for (uint64_t eight; safe - p >= 8 && eight_digits(p, &eight); p += 8)
        magnitude = magnitude * 100000000 + eight;
    for (; p < safe && char_is_digit(*p); p++)
        magnitude = magnitude * 10 + (uint64_t)(*p - '0');
    for (; p < end && char_is_digit(*p); p++) {
        overflow |= __builtin_mul_overflow(magnitude, 10, &magnitude);
        overflow |= __builtin_add_overflow(magnitude, (uint64_t)(*p - '0'), &magnitude);
    }
    /* Digits beyond the range are reported before junk after them. */
    if (UNLIKELY(overflow || magnitude > limit))
        return int_out_of_range(text, type_name, err);
    while (p < end && char_is_space(*p))
        p++;
    if (p != end)
        return bad_syntax(text, type_name, err);
    int64_t v = negative ? (int64_t)-magnitude : (int64_t)magnitude;
    if (UNLIKELY((!negative && magnitude > INT64_MAX) || v < min || v > max))
        return int_out_of_range(text, type_name, err);
    *out = v;
    return true;
}

bool bool_parse(struct strview text, bool *out, struct error *err)
{
    static const struct {
        const char *word;
        uint8_t shortest; /* characters that tell it from the others */
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    struct strview s = strview_trim(text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (s.len < words[i].shortest || s.len > strlen(words[i].word))
            continue;
        if (strview_equal_nocase(s, strview_make(words[i].word, s.len))) {
            *out = words[i].value;
            return true;
        }
    }
    return bad_syntax(text, "boolean", err);
}

static int hex_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(struct strview text, uint8_t out[16], struct error *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    bool braces = p < end && *p == '{';
    p += braces;
    for (int i = 0; i < 16; i++) {
        if (end - p < 2 || hex_value(p[0]) < 0 || hex_value(p[1]) < 0)
            return bad_syntax(text, "uuid", err);
        out[i] = (uint8_t)(hex_value(p[0]) << 4 | hex_value(p[1]));
        p += 2;
        if (p < end && *p == '-' && i % 2 == 1 && i < 15)
            p++;
    }
    if (braces && (p == end || *p++ != '}'))
        return bad_syntax(text, "uuid", err);
    if (p != end)
        return bad_syntax(text, "uuid", err);
    return true;
}

static bool parse_hex_bytes(struct strview hex, char *bytes, size_t *len, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < hex.len;) {
        char c = hex.ptr[i];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            i++;
            continue;
        }
        for (size_t k = i; k < i + 2; k++) {
            if (k == hex.len)
                return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                                 "invalid hexadecimal data: odd number of digits");
            if (hex_value(hex.ptr[k]) < 0)
                return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid hexadecimal digit: \"%.*s\"",
                                 (int)MIN_OF(utf8_step((unsigned char)hex.ptr[k]), hex.len - k), hex.ptr + k);
        }
        bytes[n++] = (char)(hex_value(c) << 4 | hex_value(hex.ptr[i + 1]));
        i += 2;
    }
    *len = n;
    return true;
}

static bool is_octal(char c) { return c >= '0' && c <= '7'; }

static bool parse_escaped_bytes(struct strview s, char *bytes, size_t *len, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len;) {
        if (s.ptr[i] != '\\') {
            bytes[n++] = s.ptr[i++];
        } else if (i + 3 < s.len && s.ptr[i + 1] <= '3' && is_octal(s.ptr[i + 1]) && is_octal(s.ptr[i + 2]) &&
                   is_octal(s.ptr[i + 3])) {
            bytes[n++] = (char)((s.ptr[i + 1] - '0') << 6 | (s.ptr[i + 2] - '0') << 3 | (s.ptr[i + 3] - '0'));
            i += 4;
        } else if (i + 1 < s.len && s.ptr[i + 1] == '\\') {
            bytes[n++] = '\\';
            i += 2;
        } else {
            return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea");
        }
    }
    *len = n;
    return true;
}

bool bytea_parse(struct strview text, struct arena *arena, struct str *out, struct error *err)
{
    size_t len = 0;
    char small[STR_INLINE + 1];
    bool hex = text.len >= 2 && text.ptr[0] == '\\' && text.ptr[1] == 'x';
    size_t room = hex ? (text.len - 2) / 2 : text.len;
    if (room > STR_LEN_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "value of %zu bytes is too long", room);
    char *bytes = room < sizeof small ? small : value_alloc(arena, room, err);
    if (!bytes)
        return false;
    if (hex ? !parse_hex_bytes(strview_make(text.ptr + 2, text.len - 2), bytes, &len, err)
            : !parse_escaped_bytes(text, bytes, &len, err))
        return false;
    *out = str_make(bytes, len);
    return true;
}
