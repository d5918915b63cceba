/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block: u32 rows, then per column u8 "has NULLs", the null bits, and the values: fixed forms as they are, strings
 * and numerics as u32 length and bytes (numerics in their wire form). Read only by the process that wrote it.
 */
#include "exec/spill.h"

#include "exec/engine_int.h"

#include <stdlib.h>

void spill_init(struct spill *s, struct exec_query *q) { *s = (struct spill){.query = q, .fd = -1}; }

void spill_close(struct spill *s)
{
    if (s->fd >= 0) {
        struct env *env = engine_configuration(s->query->engine)->env;
        env->close(env, s->fd);
    }
    free(s->block);
    *s = (struct spill){.fd = -1};
}

static void put_u32(struct strbuf *out, uint32_t v) { strbuf_add(out, &v, sizeof v); }

static void put_varying(struct strbuf *out, const struct vec *v, oid_t type, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t at = out->len;
        put_u32(out, 0);
        if (vec_is_null(v, i))
            continue;
        if (v->phys == PHYS_STR)
            strbuf_add_view(out, str_view(vec_value(v, i)));
        else
            value_send(out, type, vec_value(v, i), &value_ctx_default);
        uint32_t len = (uint32_t)(out->len - at - 4);
        memcpy(out->data + at, &len, sizeof len);
    }
}

bool spill_write(struct spill *s, uint32_t part, const struct batch *batch, const oid_t *type, struct error *err)
{
    struct env *env = engine_configuration(s->query->engine)->env;
    struct strbuf out;
    assert(!batch->sel);
    if (s->fd < 0 && (s->fd = spill_open(s->query, err)) < 0)
        return false;
    strbuf_init(&out);
    put_u32(&out, batch->n);
    for (uint32_t c = 0; c < batch->ncol; c++) {
        const struct vec *v = &batch->col[c];
        assert(v->form == VEC_FLAT);
        strbuf_add_char(&out, v->null ? 1 : 0);
        if (v->null)
            strbuf_add(&out, v->null, bitset_words(batch->n) * 8);
        if (v->phys == PHYS_STR || v->phys == PHYS_NUM)
            put_varying(&out, v, type[c], batch->n);
        else
            strbuf_add(&out, v->data, (size_t)batch->n * phys_size[v->phys]);
    }
    bool ok = env_write_full(env, s->fd, out.data, out.len, s->end, "temporary file", err);
    if (ok) {
        if (s->n == s->cap) {
            s->cap = MAX_OF(64U, s->cap * 2);
            s->block = xrealloc(s->block, s->cap * sizeof *s->block);
        }
        s->block[s->n++] = (struct spill_block){s->end, out.len, part};
        s->end += out.len;
    }
    strbuf_release(&out);
    return ok;
}

static bool get_varying(const char **at, struct vec *v, oid_t type, uint32_t n, struct arena *arena, struct error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = load_u32(*at);
        const char *bytes = *at + 4;
        *at = bytes + len;
        union datum *to = (union datum *)v->data + i;
        memset(to, 0, sizeof *to);
        if (vec_is_null(v, i))
            continue;
        if (v->phys == PHYS_STR)
            to->str = str_make(bytes, len);
        else if (!value_recv(strview_make(bytes, len), coltype(type), &value_ctx_default, arena, to, err))
            return false;
    }
    return true;
}

bool spill_read(const struct spill *s, const struct spill_block *block, const oid_t *type, uint32_t ncol,
                struct arena *arena, struct batch *out, struct error *err)
{
    struct env *env = engine_configuration(s->query->engine)->env;
    char *data = arena_alloc(arena, block->bytes);
    if (!env_read_full(env, s->fd, data, block->bytes, block->offset, "temporary file", err))
        return false;
    const char *at = data + 4;
    *out = (struct batch){.n = load_u32(data), .ncol = ncol, .col = ARENA_ARRAY(arena, struct vec, ncol + 1)};
    for (uint32_t c = 0; c < ncol; c++) {
        struct vec *v = &out->col[c];
        enum phys phys = type_phys(type[c]);
        bool has_null = *at++;
        if (!vec_alloc(v, arena, phys, out->n, err) || (has_null && !vec_alloc_null(v, arena, out->n, err)))
            return false;
        if (has_null) {
            memcpy(v->null, at, bitset_words(out->n) * 8);
            at += bitset_words(out->n) * 8;
        }
        if (phys == PHYS_STR || phys == PHYS_NUM) {
            if (!get_varying(&at, v, type[c], out->n, arena, err))
                return false;
        } else {
            memcpy(v->data, at, (size_t)out->n * phys_size[phys]);
            at += (size_t)out->n * phys_size[phys];
        }
    }
    assert(at == data + block->bytes);
    return true;
}
