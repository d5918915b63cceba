/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/frozen_int.h"

#include "base/hash.h"
#include "base/memory.h"
#include "storage/column_source.h"
#include "storage/enc_int.h"

#include <stdlib.h>

/* A string column gives up its dictionary when after SAMPLE_ROWS rows more than SAMPLE_MAX values differ, or in the end
 * more than half of them. */
enum { SAMPLE_ROWS = 8192, SAMPLE_MAX = 6144, SMALL_DICT = 256, FROZEN_LZ4_ACCELERATION = 4 };

struct frozen {
    struct enc_chunk ec;
    uint32_t refs;
    struct encoded *column; /* [nslot] */
    struct dict **dict;     /* [nslot] */
    struct mem_account *account;
    uint64_t bytes;
};

static void frozen_free(struct frozen *f)
{
    for (uint32_t s = 0; s < f->ec.base.nslot; s++) {
        encoded_free(&f->column[s]);
        dict_free(f->dict[s]);
    }
    account_give(f->account, f->bytes);
    free(f->column);
    free(f->dict);
    free((void *)f->ec.base.type);
    free(f);
}

static void frozen_get(struct chunk *chunk)
{
    __atomic_fetch_add(&((struct frozen *)chunk)->refs, 1, __ATOMIC_RELAXED);
}

static void frozen_put(struct chunk *chunk)
{
    struct frozen *f = (struct frozen *)chunk;
    if (__atomic_fetch_sub(&f->refs, 1, __ATOMIC_ACQ_REL) == 1)
        frozen_free(f);
}

uint64_t frozen_bytes(const struct chunk *chunk) { return ((const struct frozen *)chunk)->bytes; }

/* ---- as a source of bytes ---- */

static const struct frozen *frozen_of(const struct enc_reader *r) { return (const struct frozen *)r->base.chunk; }

static bool frozen_stream(struct enc_reader *r, uint32_t slot, enum stream_kind kind, const uint8_t **data,
                          uint32_t **checked, struct error *err)
{
    *data = frozen_of(r)->column[slot].stream[kind].data;
    *checked = NULL;
    return true;
}

static bool frozen_corrupt(const struct chunk *chunk, uint32_t slot, const char *what, struct error *err)
{
    return error_set(err, SQLSTATE_DATA_CORRUPTED, "chunk in memory is damaged: column %u: %s", slot + 1, what);
}

static bool frozen_raw_block(struct enc_reader *r, uint32_t slot, const struct format_strings_block *block,
                             uint32_t index, const char **raw, struct error *err)
{
    const uint8_t *disk = frozen_of(r)->column[slot].stream[STREAM_BYTES].data + block->offset;
    void *memory;
    (void)index;
    if (!reader_alloc(&r->base.arena, (size_t)block->raw_bytes + VEC_PAD_BYTES, &memory, err))
        return false;
    if (!strings_block_unpack(block, disk, memory))
        return frozen_corrupt(r->base.chunk, slot, "strings do not decompress", err);
    *raw = memory;
    return true;
}

static bool frozen_dict(struct enc_reader *r, uint32_t slot, const struct dict **dict, struct error *err)
{
    *dict = frozen_of(r)->dict[slot];
    return true;
}

static uint32_t frozen_dict_n(const struct chunk *chunk, uint32_t slot)
{
    const struct dict *dict = ((const struct frozen *)chunk)->dict[slot];
    return dict ? dict->n : 0;
}

static const struct enc_source frozen_source = {
    .stream = frozen_stream,
    .raw_block = frozen_raw_block,
    .dict = frozen_dict,
    .dict_n = frozen_dict_n,
    .corrupt = frozen_corrupt,
};

static const struct chunk_ops frozen_ops = {
    .get = frozen_get,
    .put = frozen_put,
    .rows = enc_rows,
    .zone = enc_zone,
    .reader_open = enc_reader_open,
    .filter = enc_filter,
    .dict = enc_dict,
    .filter_codes = enc_filter_codes,
    .read = enc_read,
    .fetch = enc_fetch,
    .runs = enc_runs,
};

/* ---- making one ---- */

struct freezing {
    struct encoder encoder;
    struct dict_builder builder;
    void *value;    /* CHUNK_ROWS × 16 */
    uint32_t *code; /* CHUNK_ROWS */
    uint64_t null[CHUNK_ROWS / 64];
};

static struct freezing *freezing_open(void)
{
    struct freezing *z = xcalloc(1, sizeof *z);
    encoder_init(&z->encoder);
    z->encoder.lz4_acceleration = FROZEN_LZ4_ACCELERATION;
    dict_builder_init(&z->builder, CHUNK_ROWS);
    z->value = mem_alloc(NULL, (size_t)CHUNK_ROWS * 16);
    z->code = mem_alloc(NULL, CHUNK_ROWS * sizeof *z->code);
    if (!z->value || !z->code)
        abort();
    return z;
}

static void freezing_close(struct freezing *z)
{
    encoder_release(&z->encoder);
    dict_builder_release(&z->builder);
    mem_free(NULL, z->value, (size_t)CHUNK_ROWS * 16);
    mem_free(NULL, z->code, CHUNK_ROWS * sizeof *z->code);
    free(z);
}

/* False: too many different values. */
static bool build_codes(struct freezing *z, uint32_t n, bool any_null)
{
    const struct str *v = z->value;
    uint32_t last = DICT_FULL; /* code of the row before */
    bool added;
    dict_builder_clear(&z->builder);
    z->builder.limit = MAX_OF(n / 2, (uint32_t)SMALL_DICT);
    for (uint32_t i = 0; i < n; i++) {
        if (any_null && bit_get(z->null, i))
            continue;
        if (last == DICT_FULL || !str_equal(&v[i], &z->builder.value[last])) {
            last = dict_builder_put(&z->builder, &v[i], str_quick_hash(&v[i], hash_bytes), &added);
            if (last == DICT_FULL || (z->builder.n > SAMPLE_MAX && i < SAMPLE_ROWS))
                return false;
        }
        z->code[i] = last;
    }
    return true;
}

static struct dict *freeze_dict(struct freezing *z, oid_t type, uint64_t *bytes)
{
    struct dict_builder *b = &z->builder;
    size_t dict_bytes;
    for (uint32_t i = 0; i < b->n; i++)
        b->hash[i] = hash_bytes(str_data(&b->value[i]), b->value[i].len);
    struct dict *d = dict_make(b->value, b->hash, NULL, b->n, type_is_string(type), false, &dict_bytes);
    *bytes += dict_bytes;
    return d;
}

static bool freeze_column(struct freezing *z, struct frozen *f, uint32_t slot, const struct row_range *range,
                          struct error *err)
{
    uint32_t n = range->end - range->begin, declared = f->ec.base.nslot - HIDDEN_COUNT;
    uint32_t column = slot < declared ? slot : CHUNK_HIDDEN + slot - declared;
    oid_t type = f->ec.base.type[slot];
    uint8_t phys = (uint8_t)type_phys(type);
    struct encode_input in = {.type = type, .n = n, .data = z->value, .delta = column == CHUNK_HIDDEN + HIDDEN_POS};
    struct column_source source;
    bool any_null;
    column_source_init(&source, range, 1, column, phys);
    if (!column_source_fill(&source, n, z->value, z->null, &any_null, err))
        return false;
    in.null = any_null ? z->null : NULL;
    bool all_null = any_null && bitset_count(z->null, n) == n;
    if (phys == PHYS_STR && !all_null && build_codes(z, n, any_null)) {
        f->dict[slot] = freeze_dict(z, type, &f->bytes);
        in.dict = f->dict[slot];
        in.code = z->code;
    }
    encode_column(&z->encoder, &in, &f->column[slot]);
    for (int k = 0; k < STREAM_COUNT; k++)
        outbuf_seal(&f->column[slot].stream[k], true);
    f->bytes += encoded_bytes(&f->column[slot]);
    chunk_reader_recycle(range->reader);
    return true;
}

bool frozen_make(struct chunk *from, uint32_t begin, uint32_t end, struct mem_account *account, bool force,
                 struct chunk **out, struct error *err)
{
    struct row_range range = {.chunk = from, .begin = begin, .end = end};
    struct frozen *f = xcalloc(1, sizeof *f);
    uint32_t nslot = from->nslot;
    assert(begin < end && end - begin <= CHUNK_ROWS);
    f->refs = 1;
    f->ec.base.ops = &frozen_ops;
    f->ec.base.nslot = nslot;
    oid_t *type = xmalloc(nslot * sizeof *type);
    f->ec.base.type = memcpy(type, from->type, nslot * sizeof *type);
    memcpy(f->ec.base.name, "frozen chunk", sizeof "frozen chunk");
    f->ec.rows = end - begin;
    f->ec.source = &frozen_source;
    f->column = xcalloc(nslot, sizeof *f->column);
    f->dict = xcalloc(nslot, sizeof *f->dict);
    f->ec.column = f->column;
    f->ec.column_stride = sizeof *f->column;
    f->bytes = sizeof *f + nslot * (sizeof *f->dict + sizeof *type);
    bool ok = chunk_reader_open(from, end, account, &range.reader, err);
    if (ok) {
        struct freezing *z = freezing_open();
        for (uint32_t s = 0; ok && s < nslot; s++)
            ok = freeze_column(z, f, s, &range, err);
        freezing_close(z);
        chunk_reader_close(range.reader);
    }
    if (ok && account && force) {
        mem_force(account, f->bytes);
        f->account = account;
    } else if (ok) {
        ok = account_take(account, f->bytes) || account_error(account, f->bytes, err);
        f->account = ok ? account : NULL;
    }
    if (!ok) {
        frozen_free(f);
        return false;
    }
    *out = &f->ec.base;
    return true;
}
