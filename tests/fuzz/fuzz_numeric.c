/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numeric. Input: one byte, then two operands separated by a NUL; bit 0 of the byte tells whether the first comes in
 * binary form. What reads must survive printing and sending, and arithmetic must keep its laws.
 */
#include "types/numeric.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 400, LAWS_DIGITS_MAX = 2000 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool same(const struct num *a, const struct num *b)
{
    return a->kind == b->kind && a->dscale == b->dscale && num_compare(a, b) == 0 && num_hash(a) == num_hash(b);
}

static void round_trips(const struct num *v, struct arena *arena)
{
    struct strbuf buf;
    struct num again;
    struct error err;
    strbuf_init(&buf);
    num_format(&buf, v);
    require(num_parse(strview_make(buf.data, buf.len), -1, arena, &again, &err) && same(v, &again));
    strbuf_clear(&buf);
    num_send(&buf, v);
    require(num_recv(strview_make(buf.data, buf.len), -1, arena, &again, &err) && same(v, &again));
    strbuf_release(&buf);
}

/* Digits that exact arithmetic with it would need. */
static bool is_small(const struct num *v)
{
    return v->kind == NUM_INLINE ||
           (v->kind == NUM_BIG && v->dscale < LAWS_DIGITS_MAX && abs(v->big->weight) < LAWS_DIGITS_MAX / 4);
}

static void check_quotient(const struct num *a, const struct num *b, struct arena *arena)
{
    struct num q, back, rest, unit, limit, m;
    struct error err;
    /* |a - q b| <= |b| / 2 units of q's last place */
    require(num_div(a, b, arena, &q, &err));
    require(num_mul(&q, b, arena, &back, &err) && num_sub(a, &back, arena, &rest, &err));
    unit = num_from_i128(arena, 5, q.dscale + 1);
    require(num_abs(&rest, arena, &rest, &err) && num_mul(b, &unit, arena, &limit, &err) &&
            num_abs(&limit, arena, &limit, &err));
    require(num_compare(&rest, &limit) <= 0);
    /* |a % b| < |b|, with a's sign */
    require(num_mod(a, b, arena, &m, &err));
    require(num_is_zero(&m) || num_sign(&m) == num_sign(a));
    require(num_abs(&m, arena, &m, &err) && num_abs(b, arena, &limit, &err) && num_compare(&m, &limit) < 0);
}

static void laws(const struct num *a, const struct num *b, struct arena *arena)
{
    struct num sum, back, x, y;
    struct error err;
    require(num_compare(a, b) == -num_compare(b, a));
    require(num_add(a, b, arena, &sum, &err) && num_sub(&sum, b, arena, &back, &err));
    require(num_compare(&back, a) == 0);
    round_trips(&sum, arena);
    require(num_mul(a, b, arena, &x, &err) && num_mul(b, a, arena, &y, &err) && same(&x, &y));
    round_trips(&x, arena);
    if (!num_is_zero(b))
        check_quotient(a, b, arena);
    /* rounding moves by half a unit at most */
    require(num_round(a, 2, arena, &x, &err) && num_sub(a, &x, arena, &y, &err) && num_abs(&y, arena, &y, &err));
    x = (struct num){.mantissa = 5, .kind = NUM_INLINE, .dscale = 3};
    require(num_compare(&y, &x) <= 0);
    struct num_sum *s = arena_zalloc(arena, num_sum_size());
    if (num_sum_add(s, a) && num_sum_add(s, b)) {
        x = num_sum_result(s, arena);
        require(same(&x, &sum));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct num a, b;
    struct error err;
    if (size < 2 || size > INPUT_MAX)
        return 0;
    struct strview rest = strview_make((const char *)data + 1, size - 1);
    /* the second operand is the text after the last NUL */
    size_t split = rest.len;
    while (split > 0 && rest.ptr[split - 1] != '\0')
        split--;
    struct strview second = strview_make(rest.ptr + split, rest.len - split);
    struct strview first = split ? strview_make(rest.ptr, split - 1) : second;
    arena_init(&arena, NULL);
    bool have_a = data[0] & 1 ? num_recv(first, -1, &arena, &a, &err) : num_parse(first, -1, &arena, &a, &err);
    if (have_a)
        round_trips(&a, &arena);
    int32_t typmod = (int32_t)(((uint32_t)data[0] >> 3 << 16) | (data[0] & 15)) + 4;
    if (have_a && num_apply_typmod(&a, typmod, &arena, &b, &err))
        round_trips(&b, &arena);
    if (have_a && num_parse(second, -1, &arena, &b, &err) && is_small(&a) && is_small(&b))
        laws(&a, &b, &arena);
    arena_release(&arena);
    return 0;
}
