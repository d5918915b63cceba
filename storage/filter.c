/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/filter_int.h"

#include "base/bitset.h"
#include "storage/filter_kern.h"

/* IN lists up to this width are tested with a bitmap. */
enum { SET_BITMAP_SPAN = 1 << 16 };

static bool is_unsigned_type(oid_t type)
{
    return type == TYPE_OID || type == TYPE_XID || type == TYPE_REGPROC || type == TYPE_REGCLASS ||
           type == TYPE_REGTYPE;
}

static bool has_int_key(uint8_t phys, oid_t type)
{
    switch (phys) {
    case PHYS_BOOL:
    case PHYS_I16:
    case PHYS_I64:
    case PHYS_F32:
    case PHYS_F64: return true;
    case PHYS_I32: return !is_unsigned_type(type);
    default: return false;
    }
}

static int64_t int_key(uint8_t phys, const void *v)
{
    switch (phys) {
    case PHYS_BOOL: return *(const uint8_t *)v;
    case PHYS_I16: return *(const int16_t *)v;
    case PHYS_I32: return *(const int32_t *)v;
    case PHYS_I64: return *(const int64_t *)v;
    case PHYS_F32: return filter_key_f32(*(const float *)v);
    case PHYS_F64: return filter_key_f64(*(const double *)v);
    default: __builtin_unreachable();
    }
}

static void key_limits(uint8_t phys, int64_t *min, int64_t *max)
{
    *min = phys == PHYS_BOOL ? 0 : phys == PHYS_I16 ? INT16_MIN : INT64_MIN;
    *max = phys == PHYS_BOOL ? UINT8_MAX : phys == PHYS_I16 ? INT16_MAX : INT64_MAX;
    if (phys == PHYS_I32 || phys == PHYS_F32) {
        *min = INT32_MIN;
        *max = INT32_MAX;
    }
}

/* A range of keys; empty and full ones become kinds of their own. */
static void set_range(struct filter *f, int64_t lo, int64_t hi, int64_t min, int64_t max, bool negate)
{
    bool empty = lo > hi, full = lo <= min && hi >= max;
    f->lo = MAX_OF(lo, min);
    f->hi = MIN_OF(hi, max);
    f->negate = negate;
    f->kind = empty  ? (negate ? FILTER_ALL : FILTER_NOTHING)
              : full ? (negate ? FILTER_NOTHING : FILTER_ALL)
                     : FILTER_RANGE;
}

static void init_set(struct filter *f, struct arena *arena)
{
    const struct pred *pred = f->pred;
    if (pred->nin == 0) {
        f->kind = FILTER_NOTHING;
        return;
    }
    int64_t *set = arena_alloc(arena, size_mul(pred->nin, sizeof *set));
    for (uint32_t i = 0; i < pred->nin; i++)
        set[i] = int_key(f->phys, &pred->in[i]);
    f->kind = FILTER_SET;
    f->nset = pred->nin;
    f->set = set;
    f->lo = set[0];
    f->hi = set[pred->nin - 1];
    uint64_t span = (uint64_t)f->hi - (uint64_t)f->lo;
    if (span == pred->nin - 1) {
        f->kind = FILTER_RANGE;
    } else if (span < SET_BITMAP_SPAN) {
        uint64_t *bits = arena_zalloc(arena, bitset_words(span + 1) * 8);
        for (uint32_t i = 0; i < pred->nin; i++)
            bit_set(bits, (uint64_t)set[i] - (uint64_t)f->lo);
        f->bits = bits;
    }
}

void filter_init(struct filter *f, const struct pred *pred, struct arena *arena)
{
    int64_t min, max, lo, hi;
    *f = (struct filter){.kind = FILTER_MATCH, .pred = pred, .phys = (uint8_t)type_phys(pred->type)};
    assert(pred->op != PRED_IS_NULL && pred->op != PRED_IS_NOT_NULL);
    if (!has_int_key(f->phys, pred->type))
        return;
    if (pred->op == PRED_IN) {
        init_set(f, arena);
        return;
    }
    key_limits(f->phys, &min, &max);
    lo = int_key(f->phys, &pred->lo);
    hi = pred->op == PRED_BETWEEN ? int_key(f->phys, &pred->hi) : lo;
    switch (pred->op) {
    case PRED_LT:
        hi = lo == min ? lo : lo - 1;
        lo = lo == min ? max : min; /* nothing is below the least */
        break;
    case PRED_LE: lo = min; break;
    case PRED_GT:
        lo = hi == max ? hi : hi + 1;
        hi = hi == max ? min : max;
        break;
    case PRED_GE: hi = max; break;
    default: break;
    }
    set_range(f, lo, hi, min, max, pred->op == PRED_NE);
}

/* The least mantissa whose value is >= c (or > c if above); *none = there is none. */
static int64_t first_mantissa(const struct num *c, uint32_t dscale, bool above, bool *none)
{
    int64_t begin = INT64_MIN, end = INT64_MAX; /* the answer is in [begin, end] or does not exist */
    while (begin < end) {
        int64_t mid = begin + (int64_t)(((uint64_t)end - (uint64_t)begin) / 2);
        struct num v = {.mantissa = mid, .kind = NUM_INLINE, .dscale = dscale};
        int order = num_compare(&v, c);
        if (order > 0 || (order == 0 && !above))
            end = mid;
        else
            begin = mid + 1;
    }
    struct num v = {.mantissa = begin, .kind = NUM_INLINE, .dscale = dscale};
    int order = num_compare(&v, c);
    *none = !(order > 0 || (order == 0 && !above));
    return begin;
}

void filter_init_scaled(struct filter *f, const struct pred *pred, uint32_t dscale, struct arena *arena)
{
    int64_t lo = INT64_MIN, hi = INT64_MAX;
    bool none = false, none_above = false;
    (void)arena;
    *f = (struct filter){.kind = FILTER_MATCH, .pred = pred, .phys = PHYS_I64};
    if (pred->op == PRED_IN)
        return;
    bool from = pred->op == PRED_EQ || pred->op == PRED_NE || pred->op == PRED_GE || pred->op == PRED_BETWEEN;
    if (from || pred->op == PRED_GT)
        lo = first_mantissa(&pred->lo.num, dscale, pred->op == PRED_GT, &none);
    if (pred->op != PRED_GT && pred->op != PRED_GE) {
        const struct num *bound = pred->op == PRED_BETWEEN ? &pred->hi.num : &pred->lo.num;
        int64_t beyond = first_mantissa(bound, dscale, pred->op != PRED_LT, &none_above);
        if (!none_above && beyond == INT64_MIN)
            none = true; /* even the least is beyond */
        else if (!none_above)
            hi = beyond - 1;
    }
    bool negate = pred->op == PRED_NE;
    if (none)
        f->kind = negate ? FILTER_ALL : FILTER_NOTHING;
    else
        set_range(f, lo, hi, INT64_MIN, INT64_MAX, negate);
}

bool filter_int_passes(const struct filter *f, int64_t v)
{
    switch (f->kind) {
    case FILTER_NOTHING: return false;
    case FILTER_ALL: return true;
    case FILTER_RANGE: return (v >= f->lo && v <= f->hi) != f->negate;
    default: break;
    }
    assert(f->kind == FILTER_SET);
    if (v < f->lo || v > f->hi)
        return false;
    if (f->bits)
        return bit_get(f->bits, (uint64_t)v - (uint64_t)f->lo);
    uint32_t begin = 0, end = f->nset;
    while (begin < end) {
        uint32_t mid = begin + (end - begin) / 2;
        if (f->set[mid] < v)
            begin = mid + 1;
        else
            end = mid;
    }
    return begin < f->nset && f->set[begin] == v;
}

static void filter_range(const struct filter *f, const void *data, uint32_t n, uint64_t *bits)
{
    const struct filter_kernels *k = KERNEL_PICK(filter_kernels);
    switch (f->phys) {
    case PHYS_BOOL: k->range_u8(data, n, f->lo, f->hi, f->negate, bits); break;
    case PHYS_I16: k->range_i16(data, n, f->lo, f->hi, f->negate, bits); break;
    case PHYS_I32: k->range_i32(data, n, f->lo, f->hi, f->negate, bits); break;
    case PHYS_I64: k->range_i64(data, n, f->lo, f->hi, f->negate, bits); break;
    case PHYS_F32: k->range_f32(data, n, f->lo, f->hi, f->negate, bits); break;
    case PHYS_F64: k->range_f64(data, n, f->lo, f->hi, f->negate, bits); break;
    default: __builtin_unreachable();
    }
}

void filter_flat(const struct filter *f, const void *data, uint32_t n, uint64_t *bits)
{
    size_t size = phys_size[f->phys];
    switch (f->kind) {
    case FILTER_NOTHING: memset(bits, 0, bitset_words(n) * 8); return;
    case FILTER_ALL: return;
    case FILTER_RANGE: filter_range(f, data, n, bits); return;
    case FILTER_SET:
        for (size_t i = bitset_next(bits, n, 0); i < n; i = bitset_next(bits, n, i + 1))
            if (!filter_int_passes(f, int_key(f->phys, (const char *)data + i * size)))
                bit_clear(bits, i);
        return;
    case FILTER_MATCH:
        for (size_t i = bitset_next(bits, n, 0); i < n; i = bitset_next(bits, n, i + 1))
            if (!pred_match(f->pred, (const char *)data + i * size))
                bit_clear(bits, i);
        return;
    }
}

void filter_null(uint64_t *bits, const uint64_t *null, uint32_t n, bool keep_null)
{
    size_t words = bitset_words(n);
    if (!null) {
        if (keep_null)
            memset(bits, 0, words * 8);
        return;
    }
    for (size_t w = 0; w < words; w++)
        bits[w] &= keep_null ? null[w] : ~null[w];
}
