/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys are weakly monotone: a < b implies key(a) <= key(b). So different keys decide an order, and equal keys mean
 * equal values only when both sides are exact. All rules below follow from these two facts.
 */
#include "types/zone.h"

enum { KEY_BYTES = 8 };
#define SIGN_BIT (1ULL << 63)

static uint64_t key_of_i64(int64_t v) { return (uint64_t)v ^ SIGN_BIT; }

static uint64_t key_of_f64(double v)
{
    uint64_t bits;
    if (v != v)
        return UINT64_MAX;
    if (v == 0)
        v = 0; /* drops the sign of -0 */
    memcpy(&bits, &v, sizeof bits);
    return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static uint64_t key_of_bytes(const char *bytes, size_t len)
{
    char padded[KEY_BYTES] = {0};
    if (len)
        memcpy(padded, bytes, MIN_OF(len, KEY_BYTES));
    return load_be64(padded);
}

/* What of a string takes part in its order. */
static struct strview ordered_part(oid_t type, const struct str *s)
{
    struct strview v = str_view(s);
    while (type == TYPE_BPCHAR && v.len && v.ptr[v.len - 1] == ' ')
        v.len--;
    return v;
}

static bool is_unsigned(oid_t type)
{
    return type == TYPE_OID || type == TYPE_XID || type == TYPE_REGPROC || type == TYPE_REGCLASS ||
           type == TYPE_REGTYPE;
}

static bool string_has_order(oid_t type) { return type_is_string(type) || type == TYPE_BYTEA || type == TYPE_CHAR; }

bool zone_key(oid_t type, const void *datum, uint64_t *key)
{
    switch (type_phys(type)) {
    case PHYS_BOOL: *key = *(const uint8_t *)datum; return true;
    case PHYS_I16: *key = key_of_i64(*(const int16_t *)datum); return true;
    case PHYS_I32:
        *key = key_of_i64(is_unsigned(type) ? (int64_t) * (const uint32_t *)datum : *(const int32_t *)datum);
        return true;
    case PHYS_I64: *key = key_of_i64(*(const int64_t *)datum); return true;
    case PHYS_F32: *key = key_of_f64(*(const float *)datum); return true;
    case PHYS_F64: *key = key_of_f64(*(const double *)datum); return true;
    case PHYS_UUID: *key = load_be64(datum); return true;
    case PHYS_STR: {
        if (!string_has_order(type))
            return false;
        struct strview v = ordered_part(type, datum);
        *key = key_of_bytes(v.ptr, v.len);
        return true;
    }
    case PHYS_NONE:
    case PHYS_NUM:
    case PHYS_INTERVAL:
    case PHYS_COUNT: return false;
    }
    __builtin_unreachable();
}

bool zone_key_exact(oid_t type, const void *datum)
{
    switch (type_phys(type)) {
    case PHYS_BOOL:
    case PHYS_I16:
    case PHYS_I32:
    case PHYS_I64:
    case PHYS_F32:
    case PHYS_F64: return true;
    case PHYS_STR: {
        if (!string_has_order(type))
            return false;
        /* A NUL at the end would look like padding. */
        struct strview v = ordered_part(type, datum);
        return v.len == 0 || (v.len <= KEY_BYTES && v.ptr[v.len - 1] != '\0');
    }
    default: return false;
    }
}

/* The zone's values against one constant. */
struct verdict {
    bool none, all; /* of the non-NULL rows */
};

static struct verdict zone_against(enum pred_op op, oid_t type, const union datum *constant, const struct zone *zone)
{
    uint64_t key, min = zone->min_key, max = zone->max_key;
    struct verdict v = {false, false};
    if (!zone_key(type, constant, &key))
        return v;
    bool exact = zone->exact && zone_key_exact(type, constant);
    switch (op) {
    case PRED_EQ:
        v.none = key < min || key > max;
        v.all = exact && min == key && max == key;
        break;
    case PRED_NE:
        v.none = exact && min == key && max == key;
        v.all = key < min || key > max;
        break;
    case PRED_LT:
        v.none = min > key || (exact && min == key);
        v.all = max < key;
        break;
    case PRED_LE:
        v.none = min > key;
        v.all = max < key || (exact && max == key);
        break;
    case PRED_GT:
        v.none = max < key || (exact && max == key);
        v.all = min > key;
        break;
    case PRED_GE:
        v.none = max < key;
        v.all = min > key || (exact && min == key);
        break;
    default: assert(!"not a comparison with one constant");
    }
    return v;
}

/* The constants ascend, so the first one at or above the zone's minimum decides whether any lies inside. */
static struct verdict zone_against_list(const struct pred *pred, const struct zone *zone)
{
    uint32_t begin = 0, end = pred->nin;
    struct verdict v = {true, false};
    while (begin < end) {
        uint32_t mid = begin + (end - begin) / 2;
        uint64_t key;
        if (!zone_key(pred->type, &pred->in[mid], &key))
            return (struct verdict){false, false};
        if (key < zone->min_key)
            begin = mid + 1;
        else
            end = mid;
    }
    if (begin < pred->nin)
        v = zone_against(PRED_EQ, pred->type, &pred->in[begin], zone);
    return v;
}

enum pred_result pred_zone(const struct pred *pred, const struct zone *zone)
{
    struct verdict v = {false, false};
    assert(zone->nulls <= zone->rows);
    if (zone->rows == 0)
        return PRED_NONE;
    if (pred->op == PRED_IS_NULL)
        return zone->nulls == 0 ? PRED_NONE : zone->nulls == zone->rows ? PRED_ALL : PRED_SOME;
    if (pred->op == PRED_IS_NOT_NULL)
        return zone->nulls == 0 ? PRED_ALL : zone->nulls == zone->rows ? PRED_NONE : PRED_SOME;
    if (zone->nulls == zone->rows || (pred->op == PRED_IN && pred->nin == 0))
        return PRED_NONE;
    if (!zone->has_bounds)
        return PRED_SOME;
    assert(zone->min_key <= zone->max_key);
    if (pred->op == PRED_BETWEEN) {
        struct verdict lo = zone_against(PRED_GE, pred->type, &pred->lo, zone);
        struct verdict hi = zone_against(PRED_LE, pred->type, &pred->hi, zone);
        v = (struct verdict){lo.none || hi.none, lo.all && hi.all};
    } else if (pred->op == PRED_IN) {
        v = zone_against_list(pred, zone);
    } else {
        v = zone_against(pred->op, pred->type, &pred->lo, zone);
    }
    if (v.none)
        return PRED_NONE;
    return v.all && zone->nulls == 0 ? PRED_ALL : PRED_SOME;
}

static bool match_list(const struct pred *pred, const void *datum)
{
    uint32_t begin = 0, end = pred->nin;
    while (begin < end) {
        uint32_t mid = begin + (end - begin) / 2;
        int order = value_compare(pred->type, &pred->in[mid], datum);
        if (order == 0)
            return true;
        if (order < 0)
            begin = mid + 1;
        else
            end = mid;
    }
    return false;
}

bool pred_match(const struct pred *pred, const void *datum)
{
    switch (pred->op) {
    case PRED_EQ: return value_equal(pred->type, datum, &pred->lo);
    case PRED_NE: return !value_equal(pred->type, datum, &pred->lo);
    case PRED_LT: return value_compare(pred->type, datum, &pred->lo) < 0;
    case PRED_LE: return value_compare(pred->type, datum, &pred->lo) <= 0;
    case PRED_GT: return value_compare(pred->type, datum, &pred->lo) > 0;
    case PRED_GE: return value_compare(pred->type, datum, &pred->lo) >= 0;
    case PRED_BETWEEN:
        return value_compare(pred->type, datum, &pred->lo) >= 0 && value_compare(pred->type, datum, &pred->hi) <= 0;
    case PRED_IN: return match_list(pred, datum);
    case PRED_IS_NULL: return false;
    case PRED_IS_NOT_NULL: return true;
    }
    __builtin_unreachable();
}
