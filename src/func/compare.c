/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points of the comparison kernels; comparisons of strings, numerics, intervals, uuid, jsonb, mixed dates. */
#include "base/kernel.h"
#include "func/compare_int.h"
#include "func/kernels_int.h"
#include "types/jsonb.h"

KERNEL_DECLARE(struct compare_kernels, compare_kernels);

#define ENTRY(name)                                                                                                    \
    bool fk_##name(FUNC_ARGS) { return KERNEL_PICK(compare_kernels)->name(call, arg, n, sel, out, errors, err); }
#define PAIR_ENTRIES(p, ta, tb, tc, k)                                                                                 \
    ENTRY(p##_eq) ENTRY(p##_ne) ENTRY(p##_lt) ENTRY(p##_le) ENTRY(p##_gt) ENTRY(p##_ge)
COMPARE_PAIRS(PAIR_ENTRIES)
ENTRY(str_eq)
ENTRY(str_ne)

/* ORDER(a, b, i): <0, 0, >0. */
#define DEFINE_ORDERED(p, ORDER)                                                                                       \
    DEFINE_ORDERED_OP(p##_lt, ORDER, <)                                                                                \
    DEFINE_ORDERED_OP(p##_le, ORDER, <=) DEFINE_ORDERED_OP(p##_gt, ORDER, >) DEFINE_ORDERED_OP(p##_ge, ORDER, >=)
#define DEFINE_EQUAL(p, ORDER) DEFINE_ORDERED_OP(p##_eq, ORDER, ==) DEFINE_ORDERED_OP(p##_ne, ORDER, !=)
#define DEFINE_ORDERED_OP(name, ORDER, OP)                                                                             \
    bool fk_##name(FUNC_ARGS)                                                                                          \
    {                                                                                                                  \
        FOR_ROWS(i) { OUT(uint8_t)[i] = ORDER(i) OP 0; }                                                               \
        return true;                                                                                                   \
    }

#define STR_ORDER(i) str_compare(&ARG(struct str, 0, i), &ARG(struct str, 1, i))
DEFINE_ORDERED(str, STR_ORDER)

/* bpchar: trailing blanks do not count. */
static struct strview without_blanks(const struct str *s)
{
    struct strview v = str_view(s);
    while (v.len && v.ptr[v.len - 1] == ' ')
        v.len--;
    return v;
}
static int bpchar_order(const struct str *a, const struct str *b)
{
    struct strview x = without_blanks(a), y = without_blanks(b);
    int order = memcmp(x.ptr, y.ptr, MIN_OF(x.len, y.len));
    return order ? order : (x.len > y.len) - (x.len < y.len);
}
#define BPCHAR_ORDER(i) bpchar_order(&ARG(struct str, 0, i), &ARG(struct str, 1, i))
DEFINE_EQUAL(bpchar, BPCHAR_ORDER)
DEFINE_ORDERED(bpchar, BPCHAR_ORDER)

static ALWAYS_INLINE int num_order(const struct num *a, const struct num *b)
{
    if (a->kind == NUM_INLINE && b->kind == NUM_INLINE && a->dscale == b->dscale)
        return (a->mantissa > b->mantissa) - (a->mantissa < b->mantissa);
    return num_compare(a, b);
}
#define NUM_ORDER(i) num_order(&ARG(struct num, 0, i), &ARG(struct num, 1, i))
DEFINE_EQUAL(num, NUM_ORDER)
DEFINE_ORDERED(num, NUM_ORDER)

#define INTERVAL_ORDER(i) interval_compare(&ARG(struct interval, 0, i), &ARG(struct interval, 1, i))
DEFINE_EQUAL(interval, INTERVAL_ORDER)
DEFINE_ORDERED(interval, INTERVAL_ORDER)

struct uuid {
    uint8_t bytes[16];
};
#define UUID_ORDER(i) memcmp(&ARG(struct uuid, 0, i), &ARG(struct uuid, 1, i), 16)
DEFINE_EQUAL(uuid, UUID_ORDER)
DEFINE_ORDERED(uuid, UUID_ORDER)

#define JSONB_ORDER(i) jsonb_compare(str_view(&ARG(struct str, 0, i)), str_view(&ARG(struct str, 1, i)))
DEFINE_EQUAL(jsonb, JSONB_ORDER)
DEFINE_ORDERED(jsonb, JSONB_ORDER)

/* A date as a timestamp for comparing: beyond timestamp's range it is above or below every finite one, so the caller
 * gets its order against infinity through a saturated value one away from it. */
static ALWAYS_INLINE timestamp_t saturated(date_t d)
{
    if (d == DATE_NEG_INFINITY)
        return TIMESTAMP_NEG_INFINITY;
    if (d == DATE_POS_INFINITY)
        return TIMESTAMP_POS_INFINITY;
    if (d >= (date_t)(TIMESTAMP_END_US / USECS_PER_DAY))
        return TIMESTAMP_END_US; /* above any finite timestamp, below infinity */
    return (timestamp_t)d * USECS_PER_DAY;
}
static ALWAYS_INLINE timestamp_t to_utc(const struct func_call *call, timestamp_t local)
{
    if (!timestamp_is_finite(local) || local >= TIMESTAMP_END_US)
        return local;
    return tz_local_to_utc(call_zone(call), local);
}
static ALWAYS_INLINE int i64_order(int64_t a, int64_t b) { return (a > b) - (a < b); }

#define DATE_TS(i) i64_order(saturated(ARG(date_t, 0, i)), ARG(timestamp_t, 1, i))
#define TS_DATE(i) i64_order(ARG(timestamp_t, 0, i), saturated(ARG(date_t, 1, i)))
#define DATE_TZ(i) i64_order(to_utc(call, saturated(ARG(date_t, 0, i))), ARG(timestamp_t, 1, i))
#define TZ_DATE(i) i64_order(ARG(timestamp_t, 0, i), to_utc(call, saturated(ARG(date_t, 1, i))))
#define TS_TZ(i)   i64_order(to_utc(call, ARG(timestamp_t, 0, i)), ARG(timestamp_t, 1, i))
#define TZ_TS(i)   i64_order(ARG(timestamp_t, 0, i), to_utc(call, ARG(timestamp_t, 1, i)))
DEFINE_EQUAL(date_timestamp, DATE_TS)
DEFINE_ORDERED(date_timestamp, DATE_TS)
DEFINE_EQUAL(timestamp_date, TS_DATE)
DEFINE_ORDERED(timestamp_date, TS_DATE)
DEFINE_EQUAL(date_timestamptz, DATE_TZ)
DEFINE_ORDERED(date_timestamptz, DATE_TZ)
DEFINE_EQUAL(timestamptz_date, TZ_DATE)
DEFINE_ORDERED(timestamptz_date, TZ_DATE)
DEFINE_EQUAL(timestamp_timestamptz, TS_TZ)
DEFINE_ORDERED(timestamp_timestamptz, TS_TZ)
DEFINE_EQUAL(timestamptz_timestamp, TZ_TS)
DEFINE_ORDERED(timestamptz_timestamp, TZ_TS)
