/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sort and top-N. Workers copy their rows into batches of their own and keep one entry per row: an order-preserving
 * 64-bit prefix of the first key and where the row lies. With a limit, a worker that has gathered enough keeps only its
 * best rows, and rows behind the worst of them are dropped before they are copied. At the end all entries are sorted
 * together and handed on in order.
 */
#include "exec/exec_int.h"
#include "types/zone.h"

#include <stdlib.h>

enum { TOPN_SLACK = 8192 };

struct sort_batch {
    struct sort_batch *next;
    struct arena arena;
    struct batch batch;
};

struct sort_entry {
    uint64_t prefix;
    struct sort_batch *in;
    uint32_t row;
};

struct op_sort {
    struct op op;
    uint64_t offset, limit; /* limit UINT64_MAX = none */
    uint64_t keep;          /* offset + limit: rows a worker has to keep; UINT64_MAX = all */
    pthread_mutex_t lock;
    struct sort_local *locals;
    struct sort_entry *entry; /* all, sorted */
    uint64_t nentry, at;
    struct arena out_arena;
    struct vec *out;
};

struct sort_local {
    struct sort_local *next;
    struct sort_batch *batches;
    struct sort_entry *entry;
    uint64_t n, cap;
    bool full; /* holds `keep` rows: later ones must beat the worst */
    uint64_t worst_prefix;
    uint64_t *prefix; /* [CHUNK_ROWS] of the batch at hand */
    uint16_t *idx;
};

/* ---- order ---- */

static uint64_t value_prefix(oid_t type, const void *datum)
{
    uint64_t key;
    double d;
    struct error unused;
    if (zone_key(type, datum, &key))
        return key;
    if (type != TYPE_NUMERIC)
        return 1ULL << 63;
    if (!num_to_f64(datum, &d, &unused))
        d = num_sign(datum) < 0 ? -__builtin_inf() : __builtin_inf();
    return zone_key(TYPE_FLOAT8, &d, &key) ? key : 1ULL << 63;
}

/* Prefix of the first key with direction and NULLs worked in; ties are settled by compare_rows. */
static uint64_t row_prefix(const struct op_sort *s, const struct vec *v, uint32_t row)
{
    const struct plan_sort_key *k = &s->op.node->sort.key[0];
    if (v->phys == PHYS_NONE || vec_is_null(v, row))
        return k->nulls_first ? 0 : UINT64_MAX;
    uint64_t prefix = value_prefix(s->op.node->type[k->column].oid, vec_value(v, row));
    return k->desc ? ~prefix : prefix;
}

static int compare_rows(const struct op_sort *s, const struct sort_entry *a, const struct sort_entry *b)
{
    const struct plan_node *node = s->op.node;
    for (uint32_t i = 0; i < node->sort.nkey; i++) {
        const struct plan_sort_key *k = &node->sort.key[i];
        const struct vec *va = &a->in->batch.col[k->column], *vb = &b->in->batch.col[k->column];
        bool na = va->phys == PHYS_NONE || vec_is_null(va, a->row),
             nb = vb->phys == PHYS_NONE || vec_is_null(vb, b->row);
        if (na || nb) {
            if (na == nb)
                continue;
            return na == k->nulls_first ? -1 : 1;
        }
        int order = value_compare(node->type[k->column].oid, vec_value(va, a->row), vec_value(vb, b->row));
        if (order)
            return k->desc ? -order : order;
    }
    return 0;
}

static int compare_entries(const void *a, const void *b, void *arg)
{
    const struct sort_entry *x = a, *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return compare_rows(arg, x, y);
}

/* ---- sink ---- */

static bool sort_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_sort *s = (struct op_sort *)op;
    *local = NULL;
    if (w->pipe->source == op)
        return true;
    struct sort_local *l = xcalloc(1, sizeof *l);
    l->prefix = xmalloc(CHUNK_ROWS * sizeof *l->prefix);
    l->idx = xmalloc(CHUNK_ROWS * sizeof *l->idx);
    pthread_mutex_lock(&s->lock);
    l->next = s->locals;
    s->locals = l;
    pthread_mutex_unlock(&s->lock);
    *local = l;
    return true;
}

static void batch_free(struct sort_batch *sb)
{
    arena_release(&sb->arena);
    free(sb);
}

/* Copies the selected rows and enters them. */
static bool keep_rows(struct op_sort *s, struct sort_local *l, const struct batch *in, const struct sel *sel,
                      struct error *err)
{
    struct exec_query *q = s->op.query;
    struct sort_batch *sb = xcalloc(1, sizeof *sb);
    uint32_t n = sel ? sel->n : in->n;
    arena_init(&sb->arena, q->account);
    sb->next = l->batches;
    l->batches = sb;
    sb->batch = (struct batch){.n = n, .ncol = in->ncol, .col = ARENA_ARRAY(&sb->arena, struct vec, in->ncol + 1)};
    for (uint32_t c = 0; c < in->ncol; c++)
        if (!vec_gather(&sb->batch.col[c], &in->col[c], &sb->arena, in->n, sel, err))
            return false;
    if (l->n + n > l->cap) {
        uint64_t cap = MAX_OF(l->cap * 2, MAX_OF(l->n + n, 4096ULL));
        if (!mem_reserve(q->account, (cap - l->cap) * sizeof *l->entry))
            return mem_error(q->account, (cap - l->cap) * sizeof *l->entry, err);
        l->entry = xrealloc(l->entry, cap * sizeof *l->entry);
        l->cap = cap;
    }
    for (uint32_t k = 0; k < n; k++)
        l->entry[l->n++] = (struct sort_entry){l->prefix[sel ? sel->idx[k] : k], sb, k};
    return true;
}

/* Keeps the best `keep` rows, in one fresh batch per output vector's worth. */
static bool prune(struct op_sort *s, struct sort_local *l, struct error *err)
{
    qsort_r(l->entry, l->n, sizeof *l->entry, compare_entries, s);
    struct sort_batch *old = l->batches;
    struct sort_entry *entry = l->entry;
    uint64_t n = MIN_OF(l->n, s->keep);
    bool ok = true;
    l->batches = NULL;
    for (uint64_t at = 0; ok && at < n;) {
        uint32_t rows = (uint32_t)MIN_OF(n - at, (uint64_t)VEC_ROWS);
        struct sort_batch *sb = xcalloc(1, sizeof *sb);
        arena_init(&sb->arena, s->op.query->account);
        sb->next = l->batches;
        l->batches = sb;
        sb->batch = (struct batch){
            .n = rows, .ncol = s->op.node->ncol, .col = ARENA_ARRAY(&sb->arena, struct vec, s->op.node->ncol + 1)};
        for (uint32_t c = 0; ok && c < sb->batch.ncol; c++) {
            struct arena scratch;
            struct vec view;
            arena_init(&scratch, NULL);
            ok = vec_alloc(&view, &scratch, type_phys(s->op.node->type[c].oid), rows, err) &&
                 vec_alloc_null(&view, &scratch, rows, err);
            for (uint32_t k = 0; ok && k < rows; k++) {
                const struct vec *v = &entry[at + k].in->batch.col[c];
                size_t size = phys_size[view.phys];
                if (v->phys == PHYS_NONE || vec_is_null(v, entry[at + k].row)) {
                    bit_set(view.null, k);
                    memset((char *)view.data + k * size, 0, size);
                } else {
                    memcpy((char *)view.data + k * size, vec_value(v, entry[at + k].row), size);
                }
            }
            ok = ok && vec_gather(&sb->batch.col[c], &view, &sb->arena, rows, NULL, err);
            arena_release(&scratch);
        }
        for (uint32_t k = 0; k < rows; k++) {
            entry[at + k].in = sb;
            entry[at + k].row = k;
        }
        at += rows;
    }
    while (old) {
        struct sort_batch *sb = old;
        old = sb->next;
        batch_free(sb);
    }
    l->n = n;
    l->full = n == s->keep;
    l->worst_prefix = n ? entry[n - 1].prefix : UINT64_MAX;
    return ok;
}

static bool sort_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_sort *s = (struct op_sort *)op;
    struct sort_local *l = local;
    const struct vec *v = op->node->sort.nkey ? &in->col[op->node->sort.key[0].column] : NULL;
    struct sel better = {0, l->idx};
    uint32_t rows = batch_rows(in);
    if (s->keep == 0)
        return true;
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t i = in->sel ? in->sel->idx[k] : k;
        l->prefix[i] = v ? row_prefix(s, v, i) : 0;
        if (!l->full || l->prefix[i] <= l->worst_prefix)
            l->idx[better.n++] = (uint16_t)i;
    }
    if (better.n == 0)
        return true;
    if (!keep_rows(s, l, in, better.n == in->n ? NULL : &better, err))
        return false;
    if (s->keep != UINT64_MAX && l->n >= s->keep + MAX_OF(s->keep, (uint64_t)TOPN_SLACK))
        return prune(s, l, err);
    return true;
}

static bool sort_finish(struct op *op, struct exec_query *q, struct error *err)
{
    struct op_sort *s = (struct op_sort *)op;
    uint64_t n = 0;
    for (struct sort_local *l = s->locals; l; l = l->next)
        n += l->n;
    if (!mem_reserve(q->account, n * sizeof *s->entry))
        return mem_error(q->account, n * sizeof *s->entry, err);
    s->entry = xmalloc((n + 1) * sizeof *s->entry);
    for (struct sort_local *l = s->locals; l; l = l->next) {
        if (l->n)
            memcpy(s->entry + s->nentry, l->entry, l->n * sizeof *s->entry);
        s->nentry += l->n;
    }
    qsort_r(s->entry, s->nentry, sizeof *s->entry, compare_entries, s);
    q->stats[op->node->id].memory_peak = mem_account_used(q->account);
    s->at = MIN_OF(s->offset, s->nentry);
    if (s->limit < s->nentry - s->at)
        s->nentry = s->at + s->limit;
    return true;
}

/* ---- source ---- */

static bool output_column(struct op_sort *s, uint32_t c, uint32_t n, struct error *err)
{
    struct vec *out = &s->out[c];
    size_t size = phys_size[type_phys(s->op.node->type[c].oid)];
    if (!vec_alloc(out, &s->out_arena, type_phys(s->op.node->type[c].oid), n, err) ||
        !vec_alloc_null(out, &s->out_arena, n, err))
        return false;
    for (uint32_t k = 0; k < n; k++) {
        const struct sort_entry *e = &s->entry[s->at + k];
        const struct vec *v = &e->in->batch.col[c];
        if (v->phys == PHYS_NONE || vec_is_null(v, e->row)) {
            bit_set(out->null, k);
            memset((char *)out->data + k * size, 0, size);
        } else {
            memcpy((char *)out->data + k * size, vec_value(v, e->row), size);
        }
    }
    return true;
}

static bool sort_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                      struct error *err)
{
    struct op_sort *s = (struct op_sort *)op;
    uint32_t n = (uint32_t)MIN_OF(s->nentry - s->at, (uint64_t)VEC_ROWS);
    *state = n ? SOURCE_BATCH : SOURCE_END;
    arena_reset(&s->out_arena);
    for (uint32_t c = 0; n && c < op->node->ncol; c++)
        if (!output_column(s, c, n, err))
            return false;
    s->at += n;
    *out = (struct batch){.n = n, .ncol = op->node->ncol, .col = s->out};
    return true;
}

static void sort_close(struct op *op)
{
    struct op_sort *s = (struct op_sort *)op;
    uint64_t reserved = 0;
    if (s->entry)
        for (struct sort_local *l = s->locals; l; l = l->next)
            reserved += l->n;
    mem_release(op->query->account, reserved * sizeof *s->entry);
    while (s->locals) {
        struct sort_local *l = s->locals;
        s->locals = l->next;
        mem_release(op->query->account, l->cap * sizeof *l->entry);
        while (l->batches) {
            struct sort_batch *sb = l->batches;
            l->batches = sb->next;
            batch_free(sb);
        }
        free(l->entry);
        free(l->prefix);
        free(l->idx);
        free(l);
    }
    arena_release(&s->out_arena);
    free(s->entry);
    pthread_mutex_destroy(&s->lock);
}

static const struct op_class sort_class = {.name = "sort",
                                           .local_open = sort_local_open,
                                           .next = sort_next,
                                           .push = sort_push,
                                           .finish = sort_finish,
                                           .close = sort_close};

struct op *op_sort_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_sort *s = op_alloc(q, sizeof *s, &sort_class, node);
    s->op.ordered = true;
    pthread_mutex_init(&s->lock, NULL);
    arena_init(&s->out_arena, q->account);
    s->out = ARENA_ARRAY(&q->arena, struct vec, node->ncol + 1);
    if (!op_limit_value(q, node->sort.limit, false, &s->limit, err) ||
        !op_limit_value(q, node->sort.offset, true, &s->offset, err))
        return NULL;
    s->keep = s->limit > UINT64_MAX - s->offset ? UINT64_MAX : s->limit + s->offset;
    return &s->op;
}
