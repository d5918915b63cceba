/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash join. The build side's rows are copied into batches; a hash row per build row holds its key, where the row lies,
 * and the next row of the same key. The probe side looks each of its rows up, makes pairs of (probe row, build row) up
 * to a vector's worth, filters them by the further condition, and hands them on. Without keys every build row is in one
 * chain: nested loops.
 *
 * For outer, semi, anti and mark joins the probe side is child 0, and a flag per probe row says whether it has met a
 * match.
 */
#include "exec/keys.h"

#include "base/hash.h"

#include <stdlib.h>

struct build_batch {
    struct build_batch *next;
    struct arena arena;
    struct batch batch;
};

/* After the key part of a build row. */
struct build_ref {
    char *next; /* row of the same key; NULL = last */
    struct build_batch *in;
    uint32_t row;
};

struct op_join {
    struct op op;
    struct op sink; /* the build side's role; query and class set, node NULL */
    struct key_layout layout;
    const uint32_t *build_key, *probe_key;
    const struct plan_node *build_node, *probe_node;
    struct expr_prog *cond;
    bool has_null_key; /* some build row has a NULL key (for IN) */
    pthread_mutex_t lock;
    struct build_local *locals;
    struct row_table table; /* one row per distinct key in the directory, others in chains */
    uint64_t build_rows;
};

struct build_local {
    struct build_local *next;
    struct build_batch *batches;
};

struct probe_local {
    struct expr_state *cond;
    struct row_errors errors;
    uint64_t *hash;   /* [CHUNK_ROWS] */
    uint8_t *matched; /* [CHUNK_ROWS] */
    uint16_t *idx;    /* [CHUNK_ROWS] */
    uint32_t npair;
    uint32_t probe[VEC_ROWS];
    const struct build_ref *build[VEC_ROWS]; /* NULL = no match: NULLs */
    uint16_t pass[VEC_ROWS];
    char *packed; /* keys of the batch at hand */
    size_t packed_bytes;
    struct vec *col; /* [left columns + right columns + 1] */
    struct arena arena;
};

static struct op_join *join_of_sink(struct op *sink)
{
    return (struct op_join *)(void *)((char *)sink - offsetof(struct op_join, sink));
}

static const struct build_ref *ref_of(const struct op_join *j, const char *row)
{
    return (const struct build_ref *)(const void *)(row + j->layout.bytes);
}

/* ---- build ---- */

static bool build_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_join *j = join_of_sink(op);
    struct build_local *l = xcalloc(1, sizeof *l);
    pthread_mutex_lock(&j->lock);
    l->next = j->locals;
    j->locals = l;
    pthread_mutex_unlock(&j->lock);
    *local = l;
    return true;
}

static bool build_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct build_local *l = local;
    struct build_batch *b = xcalloc(1, sizeof *b);
    arena_init(&b->arena, op->query->account);
    b->next = l->batches;
    l->batches = b;
    b->batch =
        (struct batch){.n = batch_rows(in), .ncol = in->ncol, .col = ARENA_ARRAY(&b->arena, struct vec, in->ncol + 1)};
    for (uint32_t c = 0; c < in->ncol; c++)
        if (!vec_gather(&b->batch.col[c], &in->col[c], &b->arena, in->n, in->sel, err))
            return false;
    return true;
}

static bool enter_row(struct op_join *j, struct build_batch *b, const char *packed, uint32_t i, struct error *err)
{
    struct row_table *t = &j->table;
    char *row = row_table_new_row(t);
    /* Long key values need no copy: the batch lives as long as the table. */
    if (!row || !row_table_reserve(t, 1))
        return mem_error(j->op.query->account, 1 << 20, err);
    memcpy(row, packed, j->layout.bytes);
    struct build_ref *ref = (struct build_ref *)(void *)(row + j->layout.bytes);
    *ref = (struct build_ref){NULL, b, i};
    char *have = row_table_find(t, &j->layout, packed);
    if (have) {
        struct build_ref *first = (struct build_ref *)(void *)(have + j->layout.bytes);
        ref->next = first->next;
        first->next = row;
    } else {
        row_table_insert(t, row, key_row_hash(packed));
    }
    return true;
}

static bool enter_batch(struct op_join *j, struct build_batch *b, uint64_t *hash, struct error *err)
{
    char *packed = xmalloc((size_t)b->batch.n * j->layout.bytes);
    bool ok = true;
    const struct vec *key[KEYS_MAX];
    for (uint32_t c = 0; c < j->layout.n; c++)
        key[c] = &b->batch.col[j->build_key[c]];
    keys_hash(&j->layout, key, b->batch.n, NULL, hash);
    keys_pack(&j->layout, key, b->batch.n, NULL, hash, packed);
    for (uint32_t i = 0; ok && i < b->batch.n; i++) {
        const char *p = packed + (size_t)i * j->layout.bytes;
        bool is_null = key_row_any_null(p);
        j->build_rows++;
        j->has_null_key = j->has_null_key || is_null;
        ok = is_null || enter_row(j, b, p, i, err);
    }
    free(packed);
    return ok;
}

static bool build_finish(struct op *op, struct exec_query *q, struct error *err)
{
    struct op_join *j = join_of_sink(op);
    uint64_t *hash = xmalloc(CHUNK_ROWS * sizeof *hash);
    bool ok = true;
    for (struct build_local *l = j->locals; ok && l; l = l->next)
        for (struct build_batch *b = l->batches; ok && b && !query_stopping(q); b = b->next)
            ok = enter_batch(j, b, hash, err);
    free(hash);
    q->stats[j->op.node->id].memory_peak = mem_account_used(q->account);
    return ok;
}

/* ---- probe ---- */

static bool join_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_join *j = (struct op_join *)op;
    struct probe_local *l = xcalloc(1, sizeof *l);
    *local = l;
    if (j->cond)
        l->cond = expr_state_new(j->cond, w->account);
    l->hash = xmalloc(CHUNK_ROWS * sizeof *l->hash);
    l->matched = xmalloc(CHUNK_ROWS);
    l->idx = xmalloc(CHUNK_ROWS * sizeof *l->idx);
    l->col = xcalloc(op->node->child[0]->ncol + op->node->child[1]->ncol + 2, sizeof *l->col);
    arena_init(&l->arena, w->account);
    return true;
}

static void join_local_close(struct op *op, void *local)
{
    struct probe_local *l = local;
    if (!l)
        return;
    if (l->cond)
        expr_state_free(l->cond);
    arena_release(&l->arena);
    free(l->hash);
    free(l->packed);
    free(l->matched);
    free(l->idx);
    free(l->col);
    free(l);
}

static bool pair_column(struct probe_local *l, const struct vec *from, bool from_build, uint32_t build_col,
                        enum phys phys, struct vec *out, struct error *err)
{
    size_t size = phys_size[phys];
    uint32_t n = l->npair;
    if (!vec_alloc(out, &l->arena, phys, n, err) || !vec_alloc_null(out, &l->arena, n, err))
        return false;
    for (uint32_t k = 0; k < n; k++) {
        const struct build_ref *ref = l->build[k];
        const struct vec *v = !from_build ? from : ref ? &ref->in->batch.col[build_col] : NULL;
        uint32_t row = from_build ? (ref ? ref->row : 0) : l->probe[k];
        if (!v || v->phys == PHYS_NONE || vec_is_null(v, row)) {
            bit_set(out->null, k);
            memset((char *)out->data + k * size, 0, size);
        } else {
            memcpy((char *)out->data + k * size, vec_value(v, row), size);
        }
    }
    return true;
}

/* Columns of both sides for the pairs at hand. */
static bool pair_batch(struct op_join *j, struct probe_local *l, const struct batch *in, struct batch *out,
                       struct error *err)
{
    const struct plan_node *left = j->op.node->child[0], *right = j->op.node->child[1];
    bool build_is_left = j->build_node == left;
    uint32_t at = 0;
    arena_reset(&l->arena);
    for (uint32_t c = 0; c < left->ncol; c++, at++)
        if (!pair_column(l, build_is_left ? NULL : &in->col[c], build_is_left, c, type_phys(left->type[c].oid),
                         &l->col[at], err))
            return false;
    for (uint32_t c = 0; c < right->ncol; c++, at++)
        if (!pair_column(l, build_is_left ? &in->col[c] : NULL, !build_is_left, c, type_phys(right->type[c].oid),
                         &l->col[at], err))
            return false;
    *out = (struct batch){.n = l->npair, .ncol = at, .col = l->col};
    return true;
}

static bool emits_pairs(const struct op_join *j)
{
    enum join_kind kind = j->op.node->join.kind;
    return kind == JOIN_INNER || kind == JOIN_LEFT;
}

/* Filters and hands on the pairs gathered so far. */
static bool flush_pairs(struct op_join *j, struct probe_local *l, struct worker *w, const struct batch *in,
                        struct error *err)
{
    struct batch out;
    struct sel sel = {0, l->pass};
    if (l->npair == 0)
        return true;
    if (j->cond || emits_pairs(j)) {
        if (!pair_batch(j, l, in, &out, err))
            return false;
    }
    if (j->cond) {
        row_errors_init(&l->errors, NULL);
        if (!expr_filter(j->cond, l->cond, &out, NULL, l->pass, &sel.n, &l->errors, err))
            return false;
        if (l->errors.count) {
            *err = l->errors.first;
            return false;
        }
        for (uint32_t k = 0; k < sel.n; k++)
            l->matched[l->probe[l->pass[k]]] = 1;
        out.sel = &sel;
    } else {
        for (uint32_t k = 0; k < l->npair; k++)
            l->matched[l->probe[k]] = 1;
    }
    bool ok = !emits_pairs(j) || (j->cond && sel.n == 0) || worker_push(w, &j->op, &out, err);
    l->npair = 0;
    return ok;
}

static bool null_key(const struct op_join *j, const struct vec *const *key, uint32_t i)
{
    for (uint32_t c = 0; c < j->layout.n; c++)
        if (key[c]->phys == PHYS_NONE || vec_is_null(key[c], i))
            return true;
    return false;
}

static bool probe_row(struct op_join *j, struct probe_local *l, struct worker *w, const struct batch *in, uint32_t i,
                      const char *row, struct error *err)
{
    bool first_is_enough = !emits_pairs(j) && !j->cond;
    for (; row; row = ref_of(j, row)->next) {
        l->probe[l->npair] = i;
        l->build[l->npair++] = ref_of(j, row);
        if (l->npair == VEC_ROWS && !flush_pairs(j, l, w, in, err))
            return false;
        if (l->npair == 0 && worker_stopping(w))
            return true;
        if (first_is_enough)
            break;
    }
    return true;
}

/* Probe rows without a match, with NULLs for the other side. */
static bool emit_unmatched(struct op_join *j, struct probe_local *l, struct worker *w, const struct batch *in,
                           struct error *err)
{
    uint32_t rows = batch_rows(in), k = 0;
    while (k < rows) {
        struct batch out;
        l->npair = 0;
        for (; k < rows && l->npair < VEC_ROWS; k++) {
            uint32_t i = in->sel ? in->sel->idx[k] : k;
            if (l->matched[i])
                continue;
            l->probe[l->npair] = i;
            l->build[l->npair++] = NULL;
        }
        if (l->npair && (!pair_batch(j, l, in, &out, err) || !worker_push(w, &j->op, &out, err)))
            return false;
    }
    l->npair = 0;
    return true;
}

static bool emit_flagged(struct op_join *j, struct probe_local *l, struct worker *w, const struct batch *in, bool want,
                         struct error *err)
{
    struct sel sel = {0, l->idx};
    uint32_t rows = batch_rows(in);
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t i = in->sel ? in->sel->idx[k] : k;
        if ((bool)l->matched[i] == want)
            l->idx[sel.n++] = (uint16_t)i;
    }
    struct batch out = *in;
    out.sel = &sel;
    return sel.n == 0 || worker_push(w, &j->op, &out, err);
}

/* x IN (…): true, false, or NULL where a NULL could have been the match. */
static bool emit_marked(struct op_join *j, struct probe_local *l, struct worker *w, const struct batch *in,
                        const struct vec *const *key, struct error *err)
{
    uint32_t ncol = j->op.node->child[0]->ncol, rows = batch_rows(in);
    struct vec *mark = &l->col[ncol];
    arena_reset(&l->arena);
    memcpy(l->col, in->col, ncol * sizeof *l->col);
    if (!vec_alloc(mark, &l->arena, PHYS_BOOL, in->n, err) || !vec_alloc_null(mark, &l->arena, in->n, err))
        return false;
    memset(mark->data, 0, in->n);
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t i = in->sel ? in->sel->idx[k] : k;
        ((uint8_t *)mark->data)[i] = l->matched[i];
        if (!l->matched[i] && j->op.node->join.null_aware && j->build_rows > 0 &&
            (j->has_null_key || null_key(j, key, i)))
            bit_set(mark->null, i);
    }
    struct batch out = {.n = in->n, .ncol = ncol + 1, .col = l->col, .sel = in->sel};
    return worker_push(w, &j->op, &out, err);
}

static bool join_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_join *j = (struct op_join *)op;
    struct probe_local *l = local;
    const struct vec *key[KEYS_MAX];
    uint32_t rows = batch_rows(in), step = j->layout.bytes;
    for (uint32_t c = 0; c < j->layout.n; c++)
        key[c] = &in->col[j->probe_key[c]];
    keys_hash(&j->layout, key, in->n, in->sel, l->hash);
    if (l->packed_bytes < (size_t)rows * step) {
        l->packed_bytes = (size_t)rows * step;
        free(l->packed);
        l->packed = xmalloc(l->packed_bytes);
    }
    keys_pack(&j->layout, key, in->n, in->sel, l->hash, l->packed);
    l->npair = 0;
    memset(l->matched, 0, in->n);
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t i = in->sel ? in->sel->idx[k] : k;
        const char *p = l->packed + (size_t)k * step;
        const char *row = key_row_any_null(p) ? NULL : row_table_find(&j->table, &j->layout, p);
        if (row && !probe_row(j, l, w, in, i, row, err))
            return false;
        if (worker_stopping(w))
            return true;
    }
    if (!flush_pairs(j, l, w, in, err))
        return false;
    switch (op->node->join.kind) {
    case JOIN_LEFT: return emit_unmatched(j, l, w, in, err);
    case JOIN_SEMI: return emit_flagged(j, l, w, in, true, err);
    case JOIN_ANTI: return emit_flagged(j, l, w, in, false, err);
    case JOIN_MARK: return emit_marked(j, l, w, in, key, err);
    default: return true;
    }
}

static void join_close(struct op *op)
{
    struct op_join *j = (struct op_join *)op;
    row_table_release(&j->table);
    while (j->locals) {
        struct build_local *l = j->locals;
        j->locals = l->next;
        while (l->batches) {
            struct build_batch *b = l->batches;
            l->batches = b->next;
            arena_release(&b->arena);
            free(b);
        }
        free(l);
    }
    pthread_mutex_destroy(&j->lock);
}

static const struct op_class join_class = {.name = "join",
                                           .local_open = join_local_open,
                                           .local_close = join_local_close,
                                           .push = join_push,
                                           .close = join_close};
static const struct op_class build_class = {
    .name = "join build", .local_open = build_local_open, .push = build_push, .finish = build_finish};

struct op *op_join_build(struct op *join) { return &((struct op_join *)join)->sink; }

struct op *op_join_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    const struct plan_node *left = node->child[0], *right = node->child[1];
    bool build_left = node->join.build_left;
    if (node->join.kind == JOIN_RIGHT || node->join.kind == JOIN_FULL ||
        (build_left && node->join.kind != JOIN_INNER)) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "RIGHT and FULL joins are not supported");
        error_hint(err, "Write a RIGHT JOIN as a LEFT JOIN with the sides exchanged.");
        return NULL;
    }
    struct op_join *j = op_alloc(q, sizeof *j, &join_class, node);
    j->sink = (struct op){.class = &build_class, .query = q};
    pthread_mutex_init(&j->lock, NULL);
    j->build_node = build_left ? left : right;
    j->probe_node = build_left ? right : left;
    j->build_key = build_left ? node->join.left_key : node->join.right_key;
    j->probe_key = build_left ? node->join.right_key : node->join.left_key;
    struct coltype *type = ARENA_ARRAY(&q->arena, struct coltype, node->join.nkey + 1);
    for (uint32_t i = 0; i < node->join.nkey; i++)
        type[i] = j->build_node->type[j->build_key[i]];
    if (!key_layout_make(&j->layout, &q->arena, type, node->join.nkey, err))
        return NULL;
    row_table_init(&j->table, q->account, j->layout.bytes + (uint32_t)sizeof(struct build_ref));
    if (!node->join.cond)
        return &j->op;
    struct coltype *both = ARENA_ARRAY(&q->arena, struct coltype, left->ncol + right->ncol + 1);
    memcpy(both, left->type, left->ncol * sizeof *both);
    memcpy(both + left->ncol, right->type, right->ncol * sizeof *both);
    if (!expr_compile(&q->arena, node->join.cond, both, left->ncol + right->ncol, &q->env, &j->cond, err))
        return NULL;
    return &j->op;
}
