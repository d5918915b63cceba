/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/encode_int.h"

#include "base/hash.h"

#include <stdlib.h>

enum { SLOTS_MIN = 1024 };

void dict_builder_init(struct dict_builder *b, uint32_t limit)
{
    *b = (struct dict_builder){.limit = limit, .nslot = SLOTS_MIN, .cap = SLOTS_MIN / 2};
    b->slot = xcalloc(b->nslot, sizeof *b->slot);
    b->value = xmalloc(b->cap * sizeof *b->value);
    b->hash = xmalloc(b->cap * sizeof *b->hash);
}

void dict_builder_clear(struct dict_builder *b)
{
    if (b->n)
        memset(b->slot, 0, b->nslot * sizeof *b->slot);
    b->n = 0;
}

void dict_builder_release(struct dict_builder *b)
{
    free(b->slot);
    free(b->value);
    free(b->hash);
    *b = (struct dict_builder){0};
}

static uint64_t slot_of(uint64_t hash, uint32_t code) { return (hash & 0xFFFFFFFF00000000ULL) | (code + 1); }

static void dict_builder_grow(struct dict_builder *b)
{
    b->nslot *= 2;
    b->cap *= 2;
    b->value = xrealloc(b->value, b->cap * sizeof *b->value);
    b->hash = xrealloc(b->hash, b->cap * sizeof *b->hash);
    free(b->slot);
    b->slot = xcalloc(b->nslot, sizeof *b->slot);
    for (uint32_t code = 0; code < b->n; code++) {
        uint32_t i = (uint32_t)b->hash[code] & (b->nslot - 1);
        while (b->slot[i])
            i = (i + 1) & (b->nslot - 1);
        b->slot[i] = slot_of(b->hash[code], code);
    }
}

uint32_t dict_builder_put(struct dict_builder *b, const struct str *value, uint64_t hash, bool *added)
{
    uint32_t i = (uint32_t)hash & (b->nslot - 1);
    uint64_t slot;
    *added = false;
    for (; (slot = b->slot[i]) != 0; i = (i + 1) & (b->nslot - 1)) {
        uint32_t code = (uint32_t)slot - 1;
        if ((slot ^ hash) >> 32 == 0 && str_equal(&b->value[code], value))
            return code;
    }
    if (b->n >= b->limit)
        return DICT_FULL;
    if (b->n == b->cap) {
        dict_builder_grow(b);
        for (i = (uint32_t)hash & (b->nslot - 1); b->slot[i];)
            i = (i + 1) & (b->nslot - 1);
    }
    b->slot[i] = slot_of(hash, b->n);
    b->value[b->n] = *value;
    b->hash[b->n] = hash;
    *added = true;
    return b->n++;
}

uint64_t dict_next_id(void)
{
    static uint64_t last;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

struct dict *dict_make(const struct str *value, const uint64_t *hash, const uint32_t *order, uint32_t n, bool is_text,
                       bool sorted, size_t *bytes)
{
    size_t text = 0, fixed = sizeof(struct dict) + (size_t)n * (sizeof(struct str) + 8 + 4) + VEC_PAD_BYTES;
    for (uint32_t i = 0; i < n; i++)
        text += str_is_inline(&value[i]) ? 0 : value[i].len;
    *bytes = size_align(fixed + text + VEC_PAD_BYTES, 64);
    struct dict *d;
    if (posix_memalign((void **)&d, 64, *bytes) != 0)
        abort();
    struct str *v = (struct str *)(d + 1);
    uint64_t *h = (uint64_t *)(v + n);
    uint32_t *chars = (uint32_t *)(h + n);
    char *to = (char *)(chars + n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = order ? order[i] : i;
        v[i] = value[from];
        h[i] = hash[from];
        if (!str_is_inline(&v[i])) {
            v[i].ptr = memcpy(to, v[i].ptr, v[i].len);
            to += v[i].len;
        }
        if (is_text)
            chars[i] = (uint32_t)utf8_length(str_data(&v[i]), v[i].len);
    }
    memset(to, 0, (size_t)((char *)d + *bytes - to));
    *d = (struct dict){n, sorted, dict_next_id(), v, h, is_text ? chars : NULL};
    return d;
}

void dict_free(struct dict *dict) { free(dict); }
