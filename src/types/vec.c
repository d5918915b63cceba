/* SPDX-License-Identifier: Apache-2.0 */
#include "types/vec.h"

#include "base/error.h"
#include "base/memory.h"
#include "types/numeric.h"

const uint8_t phys_size[PHYS_COUNT] = {
    [PHYS_NONE] = 0, [PHYS_BOOL] = 1, [PHYS_I16] = 2,       [PHYS_I32] = 4,   [PHYS_I64] = 8,  [PHYS_F32] = 4,
    [PHYS_F64] = 8,  [PHYS_NUM] = 16, [PHYS_INTERVAL] = 16, [PHYS_UUID] = 16, [PHYS_STR] = 16,
};

struct str str_copy(struct arena *arena, const struct str *s)
{
    struct str copy = *s;
    if (!str_is_inline(s))
        copy.ptr = memcpy(arena_alloc(arena, s->len), s->ptr, s->len);
    return copy;
}

static bool refused(const struct arena *arena, size_t bytes, struct error *err)
{
    assert(arena->account);
    return mem_error(arena->account, bytes, err);
}

bool vec_alloc(struct vec *out, struct arena *arena, enum phys phys, uint32_t n, struct error *err)
{
    *out = (struct vec){.phys = (uint8_t)phys, .form = VEC_FLAT};
    if (phys == PHYS_NONE)
        return true;
    size_t bytes = (size_t)n * phys_size[phys] + VEC_PAD_BYTES;
    out->data = arena_try_alloc(arena, bytes, 64);
    if (!out->data)
        return refused(arena, bytes, err);
    memset((char *)out->data + bytes - VEC_PAD_BYTES, 0, VEC_PAD_BYTES);
    return true;
}

bool vec_alloc_null(struct vec *vec, struct arena *arena, uint32_t n, struct error *err)
{
    size_t bytes = bitset_words(n) * 8 + VEC_PAD_BYTES;
    vec->null = arena_try_alloc(arena, bytes, 64);
    if (!vec->null)
        return refused(arena, bytes, err);
    memset(vec->null, 0, bytes);
    return true;
}

bool vec_const(struct vec *out, struct arena *arena, enum phys phys, const void *value, struct error *err)
{
    if (!vec_alloc(out, arena, phys, 1, err))
        return false;
    out->form = VEC_CONST;
    if (value && phys != PHYS_NONE)
        memcpy(out->data, value, phys_size[phys]);
    if (value)
        return true;
    if (phys != PHYS_NONE)
        memset(out->data, 0, phys_size[phys]);
    if (!vec_alloc_null(out, arena, 1, err))
        return false;
    bit_set(out->null, 0);
    return true;
}

/* Spreads one 1-, 2-, 4-, 8- or 16-byte value over n rows. */
static void fill_rows(void *data, const void *value, uint32_t n, size_t size)
{
    char *out = data;
    for (uint32_t i = 0; i < n; i++)
        memcpy(out + (size_t)i * size, value, size);
}

static bool flatten_const(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, struct error *err)
{
    struct vec flat;
    if (!vec_alloc(&flat, arena, in->phys, n, err))
        return false;
    fill_rows(flat.data, in->data, n, phys_size[in->phys]);
    if (in->null && bit_get(in->null, 0)) {
        if (!vec_alloc_null(&flat, arena, n, err))
            return false;
        bitset_fill(flat.null, n, true);
    }
    *out = flat;
    return true;
}

static bool flatten_dict(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, const struct sel *sel,
                         struct error *err)
{
    struct vec flat;
    const uint32_t *code = in->data;
    const struct str *value = in->dict->value;
    if (!vec_alloc(&flat, arena, PHYS_STR, n, err))
        return false;
    struct str *to = flat.data;
    if (!sel)
        for (uint32_t i = 0; i < n; i++)
            to[i] = value[code[i]];
    else
        for (uint32_t k = 0; k < sel->n; k++)
            to[sel->idx[k]] = value[code[sel->idx[k]]];
    flat.null = in->null;
    *out = flat;
    return true;
}

bool vec_flatten(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, const struct sel *sel,
                 struct error *err)
{
    switch ((enum vec_form)in->form) {
    case VEC_FLAT: *out = *in; return true;
    case VEC_CONST: return flatten_const(out, in, arena, n, err);
    case VEC_DICT: return flatten_dict(out, in, arena, n, sel, err);
    }
    __builtin_unreachable();
}

/* Copies the bytes behind long strings and big numerics, so that the vector stands alone. */
static bool own_strings(struct vec *v, struct arena *arena, uint32_t n, struct error *err)
{
    struct str *s = v->data;
    for (uint32_t i = 0; i < n; i++) {
        if (vec_is_null(v, i)) {
            s[i] = str_make(NULL, 0);
        } else if (!str_is_inline(&s[i])) {
            char *copy = arena_try_alloc(arena, s[i].len, 1);
            if (!copy)
                return refused(arena, s[i].len, err);
            s[i].ptr = memcpy(copy, s[i].ptr, s[i].len);
        }
    }
    return true;
}

static void own_numerics(struct vec *v, struct arena *arena, uint32_t n)
{
    struct num *num = v->data;
    for (uint32_t i = 0; i < n; i++)
        num[i] = vec_is_null(v, i) ? num_from_i64(0) : num_copy(arena, &num[i]);
}

bool vec_gather(struct vec *out, const struct vec *in, struct arena *arena, uint32_t n, const struct sel *sel,
                struct error *err)
{
    uint32_t rows = sel ? sel->n : n;
    size_t size = phys_size[in->phys];
    struct vec dense;
    if (!vec_alloc(&dense, arena, in->phys, rows, err))
        return false;
    if (in->null && !vec_alloc_null(&dense, arena, rows, err))
        return false;
    char *to = dense.data;
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t row = sel ? sel->idx[k] : k;
        if (size)
            memcpy(to + k * size, vec_value(in, row), size);
        if (in->null && vec_is_null(in, row))
            bit_set(dense.null, k);
    }
    if (in->phys == PHYS_STR && !own_strings(&dense, arena, rows, err))
        return false;
    if (in->phys == PHYS_NUM)
        own_numerics(&dense, arena, rows);
    *out = dense;
    return true;
}
