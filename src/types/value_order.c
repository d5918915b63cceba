/* SPDX-License-Identifier: Apache-2.0 */
/* Order, equality and hash of single values. */
#include "types/value.h"

#include "base/hash.h"
#include "types/jsonb.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static bool is_unsigned(oid_t type)
{
    return type == TYPE_OID || type == TYPE_XID || type == TYPE_REGPROC || type == TYPE_REGCLASS ||
           type == TYPE_REGTYPE;
}

/* NaN equals itself and is above all. */
static int compare_f64(double a, double b)
{
    if (UNLIKELY(a != a || b != b))
        return (a != a) - (b != b);
    return ORDER(a, b);
}

/* bpchar's trailing blanks do not count. */
static struct strview without_blanks(const struct str *s)
{
    struct strview v = str_view(s);
    while (v.len && v.ptr[v.len - 1] == ' ')
        v.len--;
    return v;
}

static int compare_bpchar(const struct str *a, const struct str *b)
{
    struct strview x = without_blanks(a), y = without_blanks(b);
    size_t n = MIN_OF(x.len, y.len);
    int order = n ? memcmp(x.ptr, y.ptr, n) : 0;
    return order ? order : ORDER(x.len, y.len);
}

static int compare_str(oid_t type, const void *a, const void *b)
{
    if (type == TYPE_BPCHAR)
        return compare_bpchar(a, b);
    if (type == TYPE_JSONB)
        return jsonb_compare(str_view(a), str_view(b));
    return str_compare(a, b);
}

int value_compare(oid_t type, const void *a, const void *b)
{
    switch (type_phys(type)) {
    case PHYS_BOOL: return *(const uint8_t *)a - *(const uint8_t *)b;
    case PHYS_I16: return ORDER(*(const int16_t *)a, *(const int16_t *)b);
    case PHYS_I32:
        if (is_unsigned(type))
            return ORDER(*(const uint32_t *)a, *(const uint32_t *)b);
        return ORDER(*(const int32_t *)a, *(const int32_t *)b);
    case PHYS_I64: return ORDER(*(const int64_t *)a, *(const int64_t *)b);
    case PHYS_F32: return compare_f64(*(const float *)a, *(const float *)b);
    case PHYS_F64: return compare_f64(*(const double *)a, *(const double *)b);
    case PHYS_NUM: return num_compare(a, b);
    case PHYS_INTERVAL: return interval_compare(a, b);
    case PHYS_UUID: return memcmp(a, b, 16);
    case PHYS_STR: return compare_str(type, a, b);
    case PHYS_NONE:
    case PHYS_COUNT: return 0;
    }
    __builtin_unreachable();
}

bool value_equal(oid_t type, const void *a, const void *b)
{
    if (type_phys(type) == PHYS_STR && type != TYPE_BPCHAR && type != TYPE_JSONB)
        return str_equal(a, b);
    return value_compare(type, a, b) == 0;
}

static uint64_t hash_f64(double v)
{
    uint64_t bits;
    if (v != v)
        return hash_u64(0x7FF8000000000000ULL);
    if (v == 0)
        v = 0; /* drops the sign of -0 */
    memcpy(&bits, &v, sizeof bits);
    return hash_u64(bits);
}

static uint64_t hash_str(oid_t type, const struct str *s)
{
    struct strview v = type == TYPE_BPCHAR ? without_blanks(s) : str_view(s);
    return type == TYPE_JSONB ? jsonb_hash(v) : hash_bytes(v.ptr, v.len);
}

uint64_t value_hash(oid_t type, const void *datum)
{
    switch (type_phys(type)) {
    case PHYS_BOOL: return hash_u64(*(const uint8_t *)datum);
    case PHYS_I16: return hash_u64((uint64_t)(int64_t) * (const int16_t *)datum);
    case PHYS_I32:
        if (is_unsigned(type))
            return hash_u64(*(const uint32_t *)datum);
        return hash_u64((uint64_t)(int64_t) * (const int32_t *)datum);
    case PHYS_I64: return hash_u64(*(const uint64_t *)datum);
    case PHYS_F32: return hash_f64(*(const float *)datum);
    case PHYS_F64: return hash_f64(*(const double *)datum);
    case PHYS_NUM: return num_hash(datum);
    case PHYS_INTERVAL: return interval_hash(datum);
    case PHYS_UUID: return hash_bytes(datum, 16);
    case PHYS_STR: return hash_str(type, datum);
    case PHYS_NONE:
    case PHYS_COUNT: return 0;
    }
    __builtin_unreachable();
}
