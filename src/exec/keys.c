/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/keys.h"

#include "base/hash.h"
#include "types/jsonb.h"

#include <math.h>

enum { NULL_HASH = 0x7261, ROW_BLOCK_MIN = 1 << 14, ROW_BLOCK_MAX = 2 << 20 };

static bool is_varying(enum phys phys) { return phys == PHYS_STR || phys == PHYS_NUM || phys == PHYS_INTERVAL; }

bool key_layout_make(struct key_layout *out, struct arena *arena, const struct coltype *type, uint32_t n,
                     struct error *err)
{
    uint32_t at = 16;
    if (n > KEYS_MAX)
        return error_set(err, SQLSTATE_TOO_MANY_COLUMNS, "more than %d columns to group, join or deduplicate by",
                         KEYS_MAX);
    *out = (struct key_layout){.n = n, .field = ARENA_ARRAY(arena, struct key_field, n + 1), .simple = true};
    for (uint32_t i = 0; i < n; i++) {
        out->field[i].type = type[i].oid;
        out->field[i].phys = type_phys(type[i].oid);
        out->simple = out->simple && !is_varying(out->field[i].phys);
    }
    /* Widest first, so that all are aligned. */
    for (uint32_t size = 16; size > 0; size /= 2)
        for (uint32_t i = 0; i < n; i++)
            if (!is_varying(out->field[i].phys) && phys_size[out->field[i].phys] == size) {
                out->field[i].offset = at;
                at += size;
            }
    at = (uint32_t)size_align(at, 8);
    out->fixed_words = at;
    for (uint32_t i = 0; i < n; i++)
        if (is_varying(out->field[i].phys)) {
            out->field[i].offset = at;
            at += 16;
        }
    out->bytes = at;
    return true;
}

static inline double canonical_f64(double v) { return isnan(v) ? (double)NAN : v == 0 ? 0.0 : v; }
static inline float canonical_f32(float v) { return isnan(v) ? NAN : v == 0 ? 0.0f : v; }

static uint64_t hash_one(enum phys phys, oid_t type, const void *p)
{
    double d;
    uint64_t bits;
    switch (phys) {
    case PHYS_BOOL: return hash_u64(*(const uint8_t *)p);
    case PHYS_I16: return hash_u64((uint64_t)(int64_t) * (const int16_t *)p);
    case PHYS_I32: return hash_u64((uint64_t)(int64_t) * (const int32_t *)p);
    case PHYS_I64: return hash_u64((uint64_t) * (const int64_t *)p);
    case PHYS_F32:
        d = (double)canonical_f32(*(const float *)p);
        memcpy(&bits, &d, 8);
        return hash_u64(bits);
    case PHYS_F64:
        d = canonical_f64(*(const double *)p);
        memcpy(&bits, &d, 8);
        return hash_u64(bits);
    case PHYS_UUID: return hash_combine(load_u64(p), load_u64((const char *)p + 8));
    case PHYS_NUM: return num_hash(p);
    case PHYS_INTERVAL: return interval_hash(p);
    case PHYS_STR:
        if (type == TYPE_JSONB || type == TYPE_BPCHAR)
            return value_hash(type, p);
        return hash_bytes(str_data(p), ((const struct str *)p)->len);
    default: return NULL_HASH;
    }
}

#define FOR_SELECTED(row, n_, sel_)                                                                                    \
    for (uint32_t k_ = 0, row; k_ < ((sel_) ? (sel_)->n : (n_)) && ((row = (sel_) ? (sel_)->idx[k_] : k_), true); k_++)

/* First key: sets; later ones: combines. */
static inline void put_hash(uint64_t *hash, uint32_t row, uint64_t h, bool first)
{
    hash[row] = first ? h : hash_combine(hash[row], h);
}

#define HASH_INTS(ctype)                                                                                               \
    do {                                                                                                               \
        const ctype *value_ = v->data;                                                                                 \
        if (first)                                                                                                     \
            FOR_SELECTED(i, n, sel) hash[i] = hash_u64((uint64_t)(int64_t)value_[i]);                                  \
        else                                                                                                           \
            FOR_SELECTED(i, n, sel) hash[i] = hash_combine(hash[i], hash_u64((uint64_t)(int64_t)value_[i]));           \
    } while (0)

static void hash_column(const struct key_field *f, const struct vec *v, uint32_t n, const struct sel *sel,
                        uint64_t *hash, bool first)
{
    if (v->form == VEC_CONST) {
        uint64_t h =
            v->phys == PHYS_NONE || (v->null && bit_get(v->null, 0)) ? NULL_HASH : hash_one(f->phys, f->type, v->data);
        FOR_SELECTED(i, n, sel) put_hash(hash, i, h, first);
        return;
    }
    bool stored = v->form == VEC_DICT && v->dict->hash && f->type != TYPE_BPCHAR && f->type != TYPE_JSONB;
    if (v->form == VEC_DICT && stored) {
        const uint32_t *code = v->data;
        const uint64_t *dict_hash = v->dict->hash;
        FOR_SELECTED(i, n, sel)
        put_hash(hash, i, v->null && bit_get(v->null, i) ? NULL_HASH : dict_hash[code[i]], first);
        return;
    }
    if (v->form == VEC_FLAT && !v->null) {
        switch (f->phys) {
        case PHYS_I64: HASH_INTS(int64_t); return;
        case PHYS_I32: HASH_INTS(int32_t); return;
        case PHYS_I16: HASH_INTS(int16_t); return;
        default: break;
        }
    }
    FOR_SELECTED(i, n, sel)
    put_hash(hash, i, vec_is_null(v, i) ? NULL_HASH : hash_one(f->phys, f->type, vec_value(v, i)), first);
}

void keys_hash(const struct key_layout *layout, const struct vec *const *key, uint32_t n, const struct sel *sel,
               uint64_t *hash)
{
    if (layout->n == 0)
        FOR_SELECTED(i, n, sel) hash[i] = NULL_HASH;
    for (uint32_t c = 0; c < layout->n; c++)
        hash_column(&layout->field[c], key[c], n, sel, hash, c == 0);
}

/* Copies one column's values into its field of the packed rows. */
#define PACK_FLAT(ctype, CANON)                                                                                        \
    do {                                                                                                               \
        const ctype *value_ = v->data;                                                                                 \
        char *to_ = packed + f->offset;                                                                                \
        for (uint32_t k = 0; k < rows; k++, to_ += step) {                                                             \
            ctype x_ = CANON(value_[sel ? sel->idx[k] : k]);                                                           \
            memcpy(to_, &x_, sizeof x_);                                                                               \
        }                                                                                                              \
    } while (0)
#define AS_IS(v) (v)

struct pair16 {
    uint64_t a, b;
};

static void pack_flat(const struct key_field *f, const struct vec *v, uint32_t rows, const struct sel *sel,
                      uint32_t step, char *packed)
{
    switch (f->phys) {
    case PHYS_BOOL: PACK_FLAT(uint8_t, AS_IS); break;
    case PHYS_I16: PACK_FLAT(int16_t, AS_IS); break;
    case PHYS_I32: PACK_FLAT(int32_t, AS_IS); break;
    case PHYS_I64: PACK_FLAT(int64_t, AS_IS); break;
    case PHYS_F32: PACK_FLAT(float, canonical_f32); break;
    case PHYS_F64: PACK_FLAT(double, canonical_f64); break;
    default: PACK_FLAT(struct pair16, AS_IS); break;
    }
}

static void pack_any(const struct key_field *f, const struct vec *v, uint32_t rows, const struct sel *sel,
                     uint32_t step, char *packed)
{
    char *to = packed + f->offset;
    for (uint32_t k = 0; k < rows; k++, to += step) {
        const void *from = vec_value(v, sel ? sel->idx[k] : k);
        memcpy(to, from, phys_size[f->phys]);
        if (f->phys == PHYS_F64) {
            double d = canonical_f64(*(const double *)from);
            memcpy(to, &d, sizeof d);
        } else if (f->phys == PHYS_F32) {
            float d = canonical_f32(*(const float *)from);
            memcpy(to, &d, sizeof d);
        }
    }
}

/* NULLs: their bit, and zeros for the value. */
static void pack_nulls(const struct key_field *f, uint32_t c, const struct vec *v, uint32_t rows, const struct sel *sel,
                       uint32_t step, char *packed)
{
    for (uint32_t k = 0; k < rows; k++, packed += step) {
        if (v->phys != PHYS_NONE && !vec_is_null(v, sel ? sel->idx[k] : k))
            continue;
        store_u64(packed + 8, load_u64(packed + 8) | 1ULL << c);
        memset(packed + f->offset, 0, phys_size[f->phys]);
    }
}

void keys_pack(const struct key_layout *layout, const struct vec *const *key, uint32_t n, const struct sel *sel,
               const uint64_t *hash, char *packed)
{
    uint32_t rows = sel ? sel->n : n, step = layout->bytes;
    for (uint32_t k = 0; k < rows; k++) {
        char *to = packed + (size_t)k * step;
        store_u64(to, hash[sel ? sel->idx[k] : k]);
        store_u64(to + 8, 0);
        if (layout->fixed_words > 16) /* the rest behind the last field */
            store_u64(to + layout->fixed_words - 8, 0);
    }
    for (uint32_t c = 0; c < layout->n; c++) {
        const struct vec *v = key[c];
        if (v->phys == PHYS_NONE) {
            pack_nulls(&layout->field[c], c, v, rows, sel, step, packed);
            continue;
        }
        if (v->form == VEC_FLAT)
            pack_flat(&layout->field[c], v, rows, sel, step, packed);
        else
            pack_any(&layout->field[c], v, rows, sel, step, packed);
        if (v->null)
            pack_nulls(&layout->field[c], c, v, rows, sel, step, packed);
    }
}

bool key_row_keep(const struct key_layout *layout, char *row, const char *packed, struct arena *arena)
{
    memcpy(row, packed, layout->bytes);
    for (uint32_t c = 0; !layout->simple && c < layout->n; c++) {
        const struct key_field *f = &layout->field[c];
        char *to = row + f->offset;
        if (f->phys == PHYS_STR && !str_is_inline((struct str *)(void *)to)) {
            struct str *s = (struct str *)(void *)to;
            char *copy = arena_try_alloc(arena, s->len, 1);
            if (!copy)
                return false;
            s->ptr = memcpy(copy, s->ptr, s->len);
        } else if (f->phys == PHYS_NUM && !key_row_null(row, c)) {
            struct num copy = num_copy(arena, (const struct num *)(const void *)to);
            memcpy(to, &copy, sizeof copy);
        }
    }
    return true;
}

static inline bool varying_equal(const struct key_field *f, const void *a, const void *b)
{
    if (f->phys == PHYS_STR && f->type != TYPE_JSONB && f->type != TYPE_BPCHAR)
        return str_equal(a, b);
    return value_equal(f->type, a, b);
}

bool key_rows_equal_varying(const struct key_layout *layout, const char *a, const char *b)
{
    for (uint32_t c = 0; c < layout->n; c++) {
        const struct key_field *f = &layout->field[c];
        if (is_varying(f->phys) && !key_row_null(a, c) && !varying_equal(f, a + f->offset, b + f->offset))
            return false;
    }
    return true;
}

bool key_rows_column(const struct key_layout *layout, uint32_t field, char *const *row, uint32_t n, struct arena *arena,
                     struct vec *out, struct error *err)
{
    const struct key_field *f = &layout->field[field];
    size_t size = phys_size[f->phys];
    bool any_null = false;
    if (!vec_alloc(out, arena, f->phys, n, err))
        return false;
    char *to = out->data;
    for (uint32_t i = 0; i < n; i++) {
        if (size)
            memcpy(to + i * size, row[i] + f->offset, size);
        any_null = any_null || key_row_null(row[i], field);
    }
    if (!any_null)
        return true;
    if (!vec_alloc_null(out, arena, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (key_row_null(row[i], field))
            bit_set(out->null, i);
    return true;
}

/* ---- directory ---- */

void row_table_init(struct row_table *t, struct mem_account *account, uint32_t row_bytes)
{
    *t = (struct row_table){.account = account, .row_bytes = (uint32_t)size_align(row_bytes, 16)};
}

void row_table_release(struct row_table *t)
{
    while (t->block) {
        struct row_block *b = t->block;
        t->block = b->older;
        mem_free(t->account, b, b->bytes);
    }
    if (t->slot)
        mem_free(t->account, t->slot, (size_t)t->capacity * 8);
    row_table_init(t, t->account, t->row_bytes);
}

uint64_t row_table_bytes(const struct row_table *t)
{
    uint64_t bytes = (uint64_t)t->capacity * 8;
    for (const struct row_block *b = t->block; b; b = b->older)
        bytes += b->bytes;
    return bytes;
}

uint32_t row_block_used(const struct row_table *t, const struct row_block *b)
{
    return b == t->block ? (uint32_t)(t->cur - b->data) : b->used;
}

void row_table_insert(struct row_table *t, char *row, uint64_t hash)
{
    uint32_t mask = t->capacity - 1, i = row_table_start(t, hash);
    while (t->slot[i])
        i = (i + 1) & mask;
    t->slot[i] = row_table_entry(row, hash);
    t->count++;
}

static bool grow(struct row_table *t, uint32_t capacity)
{
    uint64_t *slot = mem_alloc(t->account, (size_t)capacity * 8);
    if (!slot)
        return false;
    memset(slot, 0, (size_t)capacity * 8);
    uint32_t mask = capacity - 1;
    for (uint32_t i = 0; i < t->capacity; i++) {
        uint64_t entry = t->slot[i];
        if (!entry)
            continue;
        uint32_t k = (uint32_t)key_row_hash(ROW_TABLE_ADDRESS(entry)) & mask;
        while (slot[k])
            k = (k + 1) & mask;
        slot[k] = entry;
    }
    if (t->slot)
        mem_free(t->account, t->slot, (size_t)t->capacity * 8);
    t->slot = slot;
    t->capacity = capacity;
    return true;
}

bool row_table_grow(struct row_table *t, uint32_t more)
{
    uint64_t need = ((uint64_t)t->count + more) * 2;
    uint32_t capacity = t->capacity ? t->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    return capacity == t->capacity || grow(t, capacity);
}

char *row_table_new_row(struct row_table *t)
{
    if (UNLIKELY((size_t)(t->end - t->cur) < t->row_bytes || !t->block)) {
        size_t bytes = t->block ? MIN_OF(t->block->bytes * 2, (size_t)ROW_BLOCK_MAX) : (size_t)ROW_BLOCK_MIN;
        bytes = MAX_OF(bytes, sizeof(struct row_block) + 4 * (size_t)t->row_bytes);
        struct row_block *b = mem_alloc(t->account, bytes);
        if (!b)
            return NULL;
        if (t->block)
            t->block->used = (uint32_t)(t->cur - t->block->data);
        b->older = t->block;
        b->bytes = bytes;
        b->used = 0;
        t->block = b;
        t->cur = b->data;
        t->end = (char *)b + bytes;
    }
    char *row = t->cur;
    t->cur += t->row_bytes;
    memset(row, 0, t->row_bytes);
    return row;
}
