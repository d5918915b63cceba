/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregation. Phase 1 (sink): each worker aggregates into a table of its own, which is cut into PARTITIONS by hash
 * once it has outgrown the cache. Phase 2 (source): workers take partitions; all workers' tables of a partition are
 * merged into the largest of them, then finished and handed on in batches. Without keys there is one state per worker.
 *
 * DISTINCT aggregates keep, per partition, a set of (group row, value); the sets are merged after the groups, with the
 * group addresses of merged rows forwarded, and their entries are then fed to the function. A forwarded row holds the
 * address of the row that took it over in place of its hash, with FORWARDED set in its null bits.
 *
 * When memory is refused, a worker writes all its groups as keys and partial states to a spill file, by partition, and
 * begins anew. Then everything that is left is written at the end, and phase 2 reads one partition after another.
 */
#include "exec/keys.h"
#include "exec/spill.h"

#include "base/hash.h"
#include "func/agg.h"

#include <stdlib.h>

enum { PARTITIONS = 32, PARTITION_SHIFT = 42, PARTITION_ROWS = 1 << 15, DICT_CACHE_MAX = 1 << 20, PREFETCH_ROWS = 256 };
#define FORWARDED (1ULL << 63)

/* One aggregate of the node. */
struct agg_item {
    const struct plan_agg *plan;
    const struct agg_func *func;
    struct coltype arg_type[FUNC_ARGS_MAX];
    uint32_t state_offset;   /* in the row */
    int32_t set;             /* number among the DISTINCT ones, -1 = plain */
    uint32_t partial_column; /* FINAL: first input column of its partial form */
};

struct op_agg {
    struct op op;
    struct key_layout layout;      /* group keys */
    struct agg_item *item;         /* [nagg] */
    uint32_t nset;                 /* DISTINCT aggregates */
    struct key_layout *set_layout; /* [nset] (group address, value), without keys (value) */
    uint32_t *set_item;            /* [nset] its item */
    uint32_t row_bytes;
    bool has_keys;
    pthread_mutex_t lock;      /* guards locals while phase 1 runs */
    struct agg_local *locals;  /* of the sink's workers */
    struct agg_local *readers; /* of the source's */
    uint32_t npart;            /* phase 2: 1 or PARTITIONS */
    uint32_t next_part;        /* atomic */
    uint32_t parts_done;       /* atomic; without keys the last one to end emits the row */
    bool any_heap;             /* some state holds handles */
    uint32_t nspill_col;       /* keys and partial columns */
    oid_t *spill_type;         /* [nspill_col] */
    bool spilled;              /* some worker has; set before phase 2 */
};

struct agg_local {
    struct agg_local *next;
    struct mem_account *account;
    bool partitioned;
    struct row_table part[PARTITIONS]; /* [0] only until partitioned */
    struct row_table *set;             /* [nset * PARTITIONS] */
    struct agg_heap *heap;             /* of this worker's states */
    uint64_t heap_charged;             /* bytes of it */
    struct arena keys;                 /* long key values */
    char *single;                      /* the state without keys */
    struct arena scratch;              /* per batch */
    struct agg_call *call;             /* [nagg] */
    uint64_t *hash;                    /* [CHUNK_ROWS] */
    char **row;                        /* [CHUNK_ROWS] group row of each input row */
    void **state;                      /* [CHUNK_ROWS] */
    uint16_t *idx;                     /* [CHUNK_ROWS] filtered selections */
    uint64_t dict_id;                  /* rows by code of the last single-column dictionary key */
    uint32_t dict_n;
    char **dict_row;
    char *packed; /* keys of the batch at hand */
    size_t packed_bytes;
    struct spill spill;
    bool straight; /* this batch's groups are not accounted and go to the file at its end */
    /* phase 2 */
    uint32_t at_part; /* partition being emitted; UINT32_MAX = none */
    struct row_table *at_table;
    uint32_t at_slot;
    struct vec *out;
};

/* ---- making one ---- */

static bool make_items(struct op_agg *a, struct error *err)
{
    struct exec_query *q = a->op.query;
    const struct plan_node *node = a->op.node, *child = node->child[0];
    uint32_t at = (uint32_t)size_align(a->layout.bytes, 16), partial = node->agg.nkey;
    a->item = ARENA_ARRAY(&q->arena, struct agg_item, node->agg.nagg + 1);
    a->set_layout = ARENA_ARRAY(&q->arena, struct key_layout, node->agg.nagg + 1);
    a->set_item = ARENA_ARRAY(&q->arena, uint32_t, node->agg.nagg + 1);
    for (uint32_t i = 0; i < node->agg.nagg; i++) {
        struct agg_item *it = &a->item[i];
        it->plan = &node->agg.agg[i];
        it->func = it->plan->func->agg;
        it->state_offset = at;
        it->set = -1;
        a->any_heap = a->any_heap || it->func->uses_heap;
        it->partial_column = partial;
        partial += it->func->npartial;
        at += (uint32_t)size_align(it->func->state_size, 16);
        for (uint32_t k = 0; k < it->plan->narg && node->agg.mode != AGG_FINAL; k++)
            it->arg_type[k] = child->type[it->plan->arg[k]];
        if (!it->plan->distinct || it->plan->narg == 0)
            continue;
        struct coltype types[2] = {coltype(TYPE_INT8), it->arg_type[0]};
        if (!key_layout_make(&a->set_layout[a->nset], &q->arena, a->has_keys ? types : types + 1, a->has_keys ? 2 : 1,
                             err))
            return false;
        a->set_item[a->nset] = i;
        it->set = (int32_t)a->nset++;
    }
    a->row_bytes = at;
    a->nspill_col = partial;
    a->spill_type = ARENA_ARRAY(&q->arena, oid_t, partial + 1);
    for (uint32_t c = 0; c < node->agg.nkey; c++)
        a->spill_type[c] = a->layout.field[c].type;
    for (uint32_t i = 0; i < node->agg.nagg; i++)
        for (uint32_t k = 0; k < a->item[i].func->npartial; k++)
            a->spill_type[a->item[i].partial_column + k] = a->item[i].func->partial[k];
    return true;
}

static void agg_local_free(struct op_agg *a, struct agg_local *l)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        row_table_release(&l->part[p]);
    agg_heap_close(l->heap);
    mem_release(l->account, l->heap_charged);
    for (uint32_t s = 0; s < a->nset * PARTITIONS; s++)
        row_table_release(&l->set[s]);
    arena_release(&l->keys);
    arena_release(&l->scratch);
    free(l->set);
    free(l->single);
    free(l->call);
    free(l->hash);
    free(l->row);
    free(l->state);
    free(l->idx);
    free(l->dict_row);
    free(l->packed);
    spill_close(&l->spill);
    free(l->out);
    free(l);
}

static void agg_close(struct op *op)
{
    struct op_agg *a = (struct op_agg *)op;
    struct agg_local **lists[] = {&a->locals, &a->readers};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        while (*lists[i]) {
            struct agg_local *l = *lists[i];
            *lists[i] = l->next;
            agg_local_free(a, l);
        }
    pthread_mutex_destroy(&a->lock);
}

static struct agg_local *agg_local_new(struct op_agg *a)
{
    const struct plan_node *node = a->op.node;
    struct agg_local *l = xcalloc(1, sizeof *l);
    l->account = a->op.query->account;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        row_table_init(&l->part[p], l->account, a->row_bytes);
    l->set = xcalloc(a->nset * PARTITIONS + 1, sizeof *l->set);
    for (uint32_t s = 0; s < a->nset * PARTITIONS; s++)
        row_table_init(&l->set[s], l->account, a->set_layout[s / PARTITIONS].bytes);
    arena_init(&l->keys, l->account);
    arena_init(&l->scratch, l->account);
    l->single = xcalloc(1, a->row_bytes + 16);
    l->call = xcalloc(node->agg.nagg + 1, sizeof *l->call);
    l->hash = xmalloc(CHUNK_ROWS * sizeof *l->hash);
    l->row = xmalloc(CHUNK_ROWS * sizeof *l->row);
    l->state = xmalloc(CHUNK_ROWS * sizeof *l->state);
    l->idx = xmalloc(CHUNK_ROWS * sizeof *l->idx);
    l->out = xcalloc(node->ncol + 1, sizeof *l->out);
    l->at_part = UINT32_MAX;
    spill_init(&l->spill, a->op.query);
    for (uint32_t i = 0; i < node->agg.nagg; i++)
        l->call[i] = (struct agg_call){.func = a->item[i].plan->func,
                                       .arg_type = a->item[i].arg_type,
                                       .result = a->item[i].plan->type,
                                       .ctx = &a->op.query->env.ctx,
                                       .arena = &l->scratch};
    return l;
}

/* The same class is sink and source: the source's locals hold merged groups and results. */
static bool agg_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_agg *a = (struct op_agg *)op;
    struct agg_local *l = agg_local_new(a);
    struct agg_local **list = w->pipe->source == op ? &a->readers : &a->locals;
    pthread_mutex_lock(&a->lock);
    l->next = *list;
    *list = l;
    pthread_mutex_unlock(&a->lock);
    *local = l;
    return true;
}

static bool no_memory(struct agg_local *l, struct error *err) { return mem_error(l->account, 1 << 20, err); }

static struct agg_heap *heap_of(struct agg_local *l)
{
    if (!l->heap)
        l->heap = agg_heap_open(NULL);
    return l->heap;
}

/* Heaps are never refused, since a batch half applied cannot be taken back: what they grew by is charged afterwards,
 * and makes the next new group be refused. */
static void charge_heap(struct agg_local *l)
{
    uint64_t bytes = l->heap ? agg_heap_bytes(l->heap) : 0;
    if (bytes > l->heap_charged)
        mem_force(l->account, bytes - l->heap_charged);
    else
        mem_release(l->account, l->heap_charged - bytes);
    l->heap_charged = bytes;
}

static inline uint32_t partition_of(uint64_t hash) { return (uint32_t)(hash >> PARTITION_SHIFT) & (PARTITIONS - 1); }

/* ---- phase 1: groups ---- */

/* Spreads the one table over the partitions; rows stay where they are. */
static bool split(struct op_agg *a, struct agg_local *l, struct error *err)
{
    struct row_table *from = &l->part[0];
    uint64_t *slot = from->slot;
    uint32_t capacity = from->capacity, count = from->count;
    l->partitioned = true;
    from->slot = NULL;
    from->capacity = from->count = 0;
    uint32_t n[PARTITIONS] = {0};
    bool ok = true;
    for (uint32_t i = 0; i < capacity; i++)
        if (slot[i])
            n[partition_of(key_row_hash(ROW_TABLE_ADDRESS(slot[i])))]++;
    for (uint32_t p = 0; ok && p < PARTITIONS; p++)
        ok = row_table_reserve(&l->part[p], n[p]);
    if (!ok) { /* as it was; the directories made so far are empty */
        for (uint32_t p = 0; p < PARTITIONS; p++)
            if (l->part[p].capacity) {
                mem_free(l->account, l->part[p].slot, (size_t)l->part[p].capacity * 8);
                l->part[p].slot = NULL;
                l->part[p].capacity = 0;
            }
        l->partitioned = false;
        from->slot = slot;
        from->capacity = capacity;
        from->count = count;
        return no_memory(l, err);
    }
    for (uint32_t i = 0; i < capacity; i++) {
        char *row = ROW_TABLE_ADDRESS(slot[i]);
        if (slot[i])
            row_table_insert(&l->part[partition_of(key_row_hash(row))], row, key_row_hash(row));
    }
    if (slot)
        mem_free(l->account, slot, (size_t)capacity * 8);
    return true;
}

/* The group's row, made if it is new; NULL = memory refused. */
static inline char *find_group(struct op_agg *a, struct agg_local *l, const char *packed)
{
    uint64_t hash = key_row_hash(packed);
    struct row_table *t = &l->part[l->partitioned ? partition_of(hash) : 0];
    char *row = row_table_find(t, &a->layout, packed);
    if (row)
        return row;
    if (!row_table_reserve(t, 1) || !(row = row_table_new_row(t)) || !key_row_keep(&a->layout, row, packed, &l->keys))
        return NULL;
    row_table_insert(t, row, hash);
    return row;
}

/* Room for n packed keys of the layout. */
static char *packed_room(struct agg_local *l, const struct key_layout *layout, uint32_t n)
{
    size_t need = (size_t)n * layout->bytes;
    if (l->packed_bytes < need) {
        free(l->packed);
        l->packed_bytes = size_align(need, 4096);
        l->packed = xmalloc(l->packed_bytes);
    }
    return l->packed;
}

#define FOR_SELECTED(row, n_, sel_)                                                                                    \
    for (uint32_t k_ = 0, row; k_ < ((sel_) ? (sel_)->n : (n_)) && ((row = (sel_) ? (sel_)->idx[k_] : k_), true); k_++)

/* One dictionary-coded key: rows are remembered by code. */
static bool find_by_code(struct op_agg *a, struct agg_local *l, const struct vec *const *key, const struct batch *in,
                         struct error *err)
{
    const struct vec *v = key[0];
    const uint32_t *code = v->data;
    if (l->dict_id != v->dict->id) {
        l->dict_row = xrealloc(l->dict_row, MAX_OF(v->dict->n, 1U) * sizeof *l->dict_row);
        memset(l->dict_row, 0, v->dict->n * sizeof *l->dict_row);
        l->dict_id = v->dict->id;
        l->dict_n = v->dict->n;
    }
    FOR_SELECTED(i, in->n, in->sel)
    {
        bool is_null = v->null && bit_get(v->null, i);
        char *row = is_null ? NULL : l->dict_row[code[i]];
        if (UNLIKELY(!row)) {
            uint16_t one = (uint16_t)i;
            struct sel sel = {1, &one};
            keys_hash(&a->layout, key, in->n, &sel, l->hash);
            keys_pack(&a->layout, key, in->n, &sel, l->hash, packed_room(l, &a->layout, 1));
            row = find_group(a, l, l->packed);
            if (!row)
                return no_memory(l, err);
            if (!is_null)
                l->dict_row[code[i]] = row;
        }
        l->row[i] = row;
    }
    return true;
}

/* Touches what looking up rows [begin, end) will read first: directory entries, then the rows they point to. */
static void prefetch_groups(const struct agg_local *l, const char *packed, uint32_t step, uint32_t begin, uint32_t end)
{
    for (uint32_t k = begin; k < end; k++) {
        uint64_t hash = key_row_hash(packed + (size_t)k * step);
        const struct row_table *t = &l->part[l->partitioned ? partition_of(hash) : 0];
        if (t->capacity)
            __builtin_prefetch(&t->slot[row_table_start(t, hash)]);
    }
    for (uint32_t k = begin; k < end; k++) {
        uint64_t hash = key_row_hash(packed + (size_t)k * step);
        const struct row_table *t = &l->part[l->partitioned ? partition_of(hash) : 0];
        if (t->capacity)
            __builtin_prefetch(ROW_TABLE_ADDRESS(t->slot[row_table_start(t, hash)]));
    }
}

static bool find_groups(struct op_agg *a, struct agg_local *l, const struct vec *const *key, const struct batch *in,
                        struct error *err)
{
    if (a->layout.n == 1 && key[0]->form == VEC_DICT && key[0]->dict->n <= DICT_CACHE_MAX)
        return find_by_code(a, l, key, in, err);
    keys_hash(&a->layout, key, in->n, in->sel, l->hash);
    uint32_t rows = batch_rows(in), step = a->layout.bytes;
    char *packed = packed_room(l, &a->layout, rows);
    keys_pack(&a->layout, key, in->n, in->sel, l->hash, packed);
    for (uint32_t begin = 0; begin < rows; begin += PREFETCH_ROWS) {
        uint32_t end = MIN_OF(begin + PREFETCH_ROWS, rows);
        prefetch_groups(l, packed, step, begin, end);
        for (uint32_t k = begin; k < end; k++) {
            char *row = find_group(a, l, packed + (size_t)k * step);
            if (UNLIKELY(!row))
                return no_memory(l, err);
            l->row[in->sel ? in->sel->idx[k] : k] = row;
        }
    }
    return true;
}

/* ---- phase 1: aggregates ---- */

/* Rows that the aggregate's FILTER lets pass. */
static const struct sel *filter_rows(struct agg_local *l, const struct agg_item *it, const struct batch *in,
                                     struct sel *sel)
{
    if (it->plan->filter < 0)
        return in->sel;
    const struct vec *v = &in->col[it->plan->filter];
    *sel = (struct sel){0, l->idx};
    FOR_SELECTED(i, in->n, in->sel)
    if (!vec_is_null(v, i) && *(const uint8_t *)vec_value(v, i))
        l->idx[sel->n++] = (uint16_t)i;
    return sel;
}

/* Enters (group, value) of the selected rows into the set. */
static bool set_add(struct op_agg *a, struct agg_local *l, const struct agg_item *it, const struct batch *in,
                    const struct sel *sel, struct error *err)
{
    const struct key_layout *layout = &a->set_layout[it->set];
    const struct vec *value = &in->col[it->plan->arg[0]];
    struct vec group = {.phys = PHYS_I64, .form = VEC_FLAT, .data = l->row};
    const struct vec *both[2] = {&group, value}, *const *key = a->has_keys ? both : both + 1;
    uint32_t rows = sel ? sel->n : in->n;
    keys_hash(layout, key, in->n, sel, l->hash);
    char *packed = packed_room(l, layout, rows);
    keys_pack(layout, key, in->n, sel, l->hash, packed);
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t i = sel ? sel->idx[k] : k;
        const char *p = packed + (size_t)k * layout->bytes;
        if (value->phys == PHYS_NONE || vec_is_null(value, i))
            continue;
        uint32_t part = partition_of(a->has_keys ? key_row_hash(l->row[i]) : l->hash[i]);
        struct row_table *t = &l->set[(uint32_t)it->set * PARTITIONS + part];
        if (row_table_find(t, layout, p))
            continue;
        char *row;
        if (!row_table_reserve(t, 1) || !(row = row_table_new_row(t)) || !key_row_keep(layout, row, p, &l->keys))
            return no_memory(l, err);
        row_table_insert(t, row, l->hash[i]);
    }
    return true;
}

/* Argument columns in the forms the functions take. */
static bool make_args(struct agg_local *l, const struct agg_item *it, const struct batch *in, const struct sel *sel,
                      struct vec *arg, struct error *err)
{
    for (uint32_t k = 0; k < it->plan->narg; k++) {
        const struct vec *v = &in->col[it->plan->arg[k]];
        bool dict_ok = v->form == VEC_DICT && it->plan->narg == 1;
        if (v->form == VEC_DICT && !dict_ok) {
            if (!vec_flatten(&arg[k], v, &l->scratch, in->n, sel, err))
                return false;
        } else {
            arg[k] = *v;
        }
    }
    return true;
}

static bool update_item(struct op_agg *a, struct agg_local *l, uint32_t i, const struct batch *in, struct error *err)
{
    const struct agg_item *it = &a->item[i];
    struct vec arg[FUNC_ARGS_MAX];
    struct sel narrowed;
    const struct sel *sel = filter_rows(l, it, in, &narrowed);
    if (it->set >= 0)
        return set_add(a, l, it, in, sel, err);
    if (!make_args(l, it, in, sel, arg, err))
        return false;
    if (!a->has_keys) {
        l->call[i].heap = it->func->uses_heap ? heap_of(l) : NULL;
        return it->func->update_one(&l->call[i], l->single + it->state_offset, arg, in->n, sel, err);
    }
    FOR_SELECTED(r, in->n, sel) l->state[r] = l->row[r] + it->state_offset;
    l->call[i].heap = it->func->uses_heap ? heap_of(l) : NULL;
    return it->func->update(&l->call[i], l->state, arg, in->n, sel, err);
}

/* FINAL: the input's columns are keys and partial states. */
static bool update_final(struct op_agg *a, struct agg_local *l, const struct batch *in, struct error *err)
{
    for (uint32_t i = 0; i < a->op.node->agg.nagg; i++) {
        const struct agg_item *it = &a->item[i];
        struct vec partial[AGG_PARTIAL_MAX];
        uint32_t rows = batch_rows(in), k = 0;
        for (uint32_t c = 0; c < it->func->npartial; c++)
            if (!vec_gather(&partial[c], &in->col[it->partial_column + c], &l->scratch, in->n, in->sel, err))
                return false;
        FOR_SELECTED(r, in->n, in->sel) l->state[k++] = (a->has_keys ? l->row[r] : l->single) + it->state_offset;
        l->call[i].heap = it->func->uses_heap ? heap_of(l) : NULL;
        if (!it->func->from_partial(&l->call[i], l->state, partial, rows, err))
            return false;
    }
    return true;
}

/* ---- spilling ---- */

/* Writes n groups of a partition. */
static bool spill_rows(struct op_agg *a, struct agg_local *l, uint32_t part, char *const *row, uint32_t n,
                       struct error *err)
{
    struct arena arena; /* not accounted: memory has just been refused, and this is what frees some */
    uint32_t nkey = a->op.node->agg.nkey;
    struct vec *col = xcalloc(a->nspill_col + 1, sizeof *col);
    void **state = xmalloc(n * sizeof *state);
    bool ok = true;
    arena_init(&arena, NULL);
    for (uint32_t c = 0; ok && c < nkey; c++)
        ok = key_rows_column(&a->layout, c, row, n, &arena, &col[c], err);
    for (uint32_t i = 0; ok && i < a->op.node->agg.nagg; i++) {
        struct agg_call call = l->call[i];
        call.arena = &arena;
        call.heap = a->item[i].func->uses_heap ? heap_of(l) : NULL;
        for (uint32_t k = 0; k < n; k++)
            state[k] = row[k] + a->item[i].state_offset;
        ok = a->item[i].func->to_partial(&call, state, n, &col[a->item[i].partial_column], err);
    }
    struct batch batch = {.n = n, .ncol = a->nspill_col, .col = col};
    ok = ok && spill_write(&l->spill, part, &batch, a->spill_type, err);
    arena_release(&arena);
    free(state);
    free(col);
    return ok;
}

static void forget_groups(struct agg_local *l)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        row_table_release(&l->part[p]);
    arena_release(&l->keys);
    agg_heap_close(l->heap);
    l->heap = NULL;
    charge_heap(l);
    l->dict_id = 0;
}

/* Writes all groups of the worker and forgets them. */
static bool spill_groups(struct op_agg *a, struct agg_local *l, struct error *err)
{
    char **row = xmalloc((size_t)PARTITIONS * VEC_ROWS * sizeof *row);
    uint32_t n[PARTITIONS] = {0};
    bool ok = true;
    for (uint32_t t = 0; ok && t < PARTITIONS; t++)
        for (uint32_t i = 0; ok && i < l->part[t].capacity; i++) {
            if (!l->part[t].slot[i])
                continue;
            char *r = ROW_TABLE_ADDRESS(l->part[t].slot[i]);
            uint32_t p = partition_of(key_row_hash(r));
            row[p * VEC_ROWS + n[p]++] = r;
            if (n[p] < VEC_ROWS)
                continue;
            ok = !query_stopping(a->op.query) && spill_rows(a, l, p, row + p * VEC_ROWS, n[p], err);
            if (!ok && query_stopping(a->op.query))
                *err = a->op.query->error;
            n[p] = 0;
        }
    for (uint32_t p = 0; ok && p < PARTITIONS; p++)
        ok = n[p] == 0 || spill_rows(a, l, p, row + p * VEC_ROWS, n[p], err);
    free(row);
    forget_groups(l);
    l->partitioned = true;
    __atomic_store_n(&a->spilled, true, __ATOMIC_RELAXED);
    return ok;
}

/* DISTINCT sets stay in memory. */
static bool can_spill(const struct op_agg *a) { return a->has_keys && a->nset == 0; }

/* A quarter of the statement's memory is left to what feeds the aggregation: scans, expressions. Also, values in the
 * heap can outgrow the budget without a new group. */
static bool spill_full(struct op_agg *a, struct agg_local *l, struct error *err)
{
    uint64_t limit = a->op.query->params.memory_limit, own = l->heap_charged;
    if (!limit || mem_account_used(l->account) <= limit - limit / 4)
        return true;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        own += (uint64_t)l->part[p].count * l->part[p].row_bytes;
    if (can_spill(a))
        return own < limit / 16 || spill_groups(a, l, err);
    return l->heap_charged < limit || no_memory(l, err);
}

/* Only while there are no groups. */
static void set_straight(struct agg_local *l, bool on)
{
    l->straight = on;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        l->part[p].account = on ? NULL : l->account;
    l->keys.account = on ? NULL : l->account;
}

/* Groups of the batch; on refusal once more after spilling. No state has been touched yet. */
static bool find_or_spill(struct op_agg *a, struct agg_local *l, const struct vec *const *key, const struct batch *in,
                          struct error *err)
{
    if (find_groups(a, l, key, in, err))
        return true;
    if (!error_is(err, SQLSTATE_OUT_OF_MEMORY) || !can_spill(a))
        return false;
    if (!spill_groups(a, l, err))
        return false;
    if (find_groups(a, l, key, in, err))
        return true;
    if (!error_is(err, SQLSTATE_OUT_OF_MEMORY))
        return false;
    /* Others hold all of it. One batch's groups are little: they are made beyond the budget and written at once. */
    forget_groups(l);
    set_straight(l, true);
    return find_groups(a, l, key, in, err);
}

static bool agg_push(struct op *op, void *local, struct worker *w, const struct batch *in, struct error *err)
{
    struct op_agg *a = (struct op_agg *)op;
    struct agg_local *l = local;
    const struct plan_node *node = op->node;
    const struct vec *key[KEYS_MAX];
    arena_reset(&l->scratch);
    for (uint32_t c = 0; c < node->agg.nkey; c++)
        key[c] = &in->col[node->agg.key[c]];
    if (a->has_keys && !find_or_spill(a, l, key, in, err))
        return false;
    if (node->agg.mode == AGG_FINAL) {
        if (!update_final(a, l, in, err))
            return false;
    } else {
        for (uint32_t i = 0; i < node->agg.nagg; i++)
            if (!update_item(a, l, i, in, err))
                return false;
    }
    charge_heap(l);
    if (l->straight) {
        bool ok = spill_groups(a, l, err);
        set_straight(l, false);
        return ok;
    }
    if (!spill_full(a, l, err))
        return false;
    if (!a->has_keys || l->partitioned || l->part[0].count <= PARTITION_ROWS)
        return true;
    if (split(a, l, err))
        return true;
    return error_is(err, SQLSTATE_OUT_OF_MEMORY) && can_spill(a) && spill_groups(a, l, err);
}

/* ---- phase 2: merging groups ---- */

/* Takes the plain states of `from`, whose handles belong to from_heap, into the row. */
static bool combine_row(struct op_agg *a, struct agg_local *me, char *row, const char *from, struct agg_heap *from_heap,
                        struct error *err)
{
    for (uint32_t i = 0; i < a->op.node->agg.nagg; i++) {
        const struct agg_item *it = &a->item[i];
        if (it->set >= 0)
            continue;
        me->call[i].heap = it->func->uses_heap ? heap_of(me) : NULL;
        if (!it->func->combine(&me->call[i], row + it->state_offset, from + it->state_offset, from_heap, err))
            return false;
    }
    return true;
}

static void forward(char *row, const char *to)
{
    store_u64(row, (uint64_t)(uintptr_t)to);
    store_u64(row + 8, load_u64(row + 8) | FORWARDED);
}

/* One row of another worker into the target table. */
static bool merge_row(struct op_agg *a, struct agg_local *me, struct row_table *to, char *row,
                      struct agg_heap *from_heap, struct error *err)
{
    uint64_t hash = key_row_hash(row);
    if (!row_table_reserve(to, 1))
        return no_memory(me, err);
    char *have = row_table_find(to, &a->layout, row);
    if (!have && !a->any_heap) { /* states are plain bytes: the row itself changes hands */
        row_table_insert(to, row, hash);
        return true;
    }
    if (!have) {
        have = row_table_new_row(to);
        if (!have)
            return no_memory(me, err);
        memcpy(have, row, a->layout.bytes);
        row_table_insert(to, have, hash);
    }
    if (!combine_row(a, me, have, row, from_heap, err))
        return false;
    if (a->nset)
        forward(row, have);
    return true;
}

/* All workers' groups of the partition into one table: the largest worker's, or, when states hold handles, a fresh one
 * of `me` over my own heap. *owner = the worker whose rows did not move (NULL = all did). */
static bool merge_groups(struct op_agg *a, struct agg_local *me, uint32_t part, struct agg_local **owner,
                         struct row_table **out, struct error *err)
{
    struct agg_local *target = a->any_heap ? me : a->locals;
    for (struct agg_local *l = a->locals; !a->any_heap && l; l = l->next)
        if (l->part[part].count > target->part[part].count)
            target = l;
    *owner = a->any_heap ? NULL : target;
    *out = &target->part[part];
    for (struct agg_local *l = a->locals; l; l = l->next) {
        struct row_table *from = &l->part[part];
        if (l == target)
            continue;
        for (uint32_t i = 0; i < from->capacity && ((i & 8191) || !query_stopping(a->op.query)); i++)
            if (from->slot[i] && !merge_row(a, me, *out, ROW_TABLE_ADDRESS(from->slot[i]), l->heap, err))
                return false;
    }
    return true;
}

/* ---- phase 2: DISTINCT sets ---- */

/* The entry's group row as it is now; its hash follows. */
static void set_entry_forward(const struct key_layout *layout, char *entry)
{
    char *group = (char *)(uintptr_t)load_u64(entry + layout->field[0].offset);
    if (!(load_u64(group + 8) & FORWARDED))
        return;
    store_u64(entry + layout->field[0].offset, load_u64(group));
    const struct vec *key[2];
    struct vec v[2];
    uint64_t hash;
    for (int c = 0; c < 2; c++) {
        v[c] = (struct vec){
            .phys = (uint8_t)layout->field[c].phys, .form = VEC_FLAT, .data = entry + layout->field[c].offset};
        key[c] = &v[c];
    }
    keys_hash(layout, key, 1, NULL, &hash);
    store_u64(entry, hash);
}

static bool set_merge_entry(struct agg_local *me, const struct key_layout *layout, struct row_table *to, char *entry,
                            struct error *err)
{
    uint64_t hash = key_row_hash(entry);
    if (!row_table_reserve(to, 1))
        return no_memory(me, err);
    if (row_table_find(to, layout, entry))
        return true;
    row_table_insert(to, entry, hash);
    return true;
}

/* All workers' entries of one set and partition into one table. owner: whose group rows did not move (with keys). */
static bool merge_set(struct op_agg *a, struct agg_local *me, uint32_t set, uint32_t part, struct agg_local *owner,
                      struct row_table **out, struct error *err)
{
    const struct key_layout *layout = &a->set_layout[set];
    struct agg_local *target = a->has_keys ? (owner ? owner : me) : a->locals;
    uint32_t at = set * PARTITIONS + part;
    for (struct agg_local *l = a->locals; !a->has_keys && l; l = l->next)
        if (l->set[at].count > target->set[at].count)
            target = l;
    *out = target ? &target->set[at] : &me->set[at];
    for (struct agg_local *l = a->locals; l; l = l->next) {
        struct row_table *from = &l->set[at];
        if (l == target)
            continue;
        for (uint32_t i = 0; i < from->capacity && ((i & 8191) || !query_stopping(a->op.query)); i++) {
            char *entry = ROW_TABLE_ADDRESS(from->slot[i]);
            if (!from->slot[i])
                continue;
            if (a->has_keys)
                set_entry_forward(layout, entry);
            if (!set_merge_entry(me, layout, *out, entry, err))
                return false;
        }
    }
    return true;
}

/* Feeds n entries to the function. */
static bool feed_entries(struct op_agg *a, struct agg_local *me, uint32_t set, char *const *entry, uint32_t n,
                         struct error *err)
{
    const struct key_layout *layout = &a->set_layout[set];
    uint32_t i = a->set_item[set];
    const struct agg_item *it = &a->item[i];
    struct vec arg;
    arena_reset(&me->scratch);
    if (!key_rows_column(layout, a->has_keys ? 1 : 0, entry, n, &me->scratch, &arg, err))
        return false;
    me->call[i].heap = it->func->uses_heap ? heap_of(me) : NULL;
    if (!a->has_keys)
        return it->func->update_one(&me->call[i], me->single + it->state_offset, &arg, n, NULL, err);
    for (uint32_t k = 0; k < n; k++)
        me->state[k] = (char *)(uintptr_t)load_u64(entry[k] + layout->field[0].offset) + it->state_offset;
    return it->func->update(&me->call[i], me->state, &arg, n, NULL, err);
}

static bool feed_set(struct op_agg *a, struct agg_local *me, uint32_t set, const struct row_table *t, struct error *err)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (t->slot[i])
            me->row[n++] = ROW_TABLE_ADDRESS(t->slot[i]);
        if (n == VEC_ROWS) {
            if (!feed_entries(a, me, set, me->row, n, err))
                return false;
            n = 0;
        }
    }
    return n == 0 || feed_entries(a, me, set, me->row, n, err);
}

/* All groups of the partition from the workers' spill files, into my own table of it. */
static bool read_spilled(struct op_agg *a, struct agg_local *me, uint32_t part, struct error *err)
{
    const struct vec *key[KEYS_MAX];
    struct arena arena;
    bool ok = true;
    forget_groups(me);
    me->partitioned = true;
    me->at_table = &me->part[part];
    arena_init(&arena, NULL);
    for (struct agg_local *l = a->locals; ok && l; l = l->next)
        for (uint32_t i = 0; ok && i < l->spill.n && !query_stopping(a->op.query); i++) {
            struct batch batch;
            if (l->spill.block[i].part != part)
                continue;
            arena_reset(&arena);
            arena_reset(&me->scratch);
            ok = spill_read(&l->spill, &l->spill.block[i], a->spill_type, a->nspill_col, &arena, &batch, err);
            for (uint32_t c = 0; ok && c < a->op.node->agg.nkey; c++)
                key[c] = &batch.col[c];
            ok = ok && find_groups(a, me, key, &batch, err) && update_final(a, me, &batch, err);
            charge_heap(me);
        }
    arena_release(&arena);
    return ok;
}

static bool merge_part(struct op_agg *a, struct agg_local *me, uint32_t part, struct error *err)
{
    struct agg_local *owner = NULL;
    struct row_table *set;
    if (a->spilled)
        return read_spilled(a, me, part, err);
    if (a->has_keys && !merge_groups(a, me, part, &owner, &me->at_table, err))
        return false;
    for (uint32_t s = 0; s < a->nset; s++)
        if (!merge_set(a, me, s, part, owner, &set, err) || !feed_set(a, me, s, set, err))
            return false;
    charge_heap(me);
    return true;
}

static bool agg_finish(struct op *op, struct exec_query *q, struct error *err)
{
    struct op_agg *a = (struct op_agg *)op;
    bool split_all = a->nset > 0;
    uint64_t bytes = 0;
    for (struct agg_local *l = a->locals; l; l = l->next)
        split_all = split_all || l->partitioned;
    for (struct agg_local *l = a->locals; l && a->spilled; l = l->next)
        if (!spill_groups(a, l, err))
            return false;
    for (struct agg_local *l = a->locals; l && a->has_keys && split_all; l = l->next)
        if (!l->partitioned && !split(a, l, err))
            return false;
    a->npart = split_all ? PARTITIONS : 1;
    for (struct agg_local *l = a->locals; l; l = l->next) {
        for (uint32_t p = 0; p < PARTITIONS; p++)
            bytes += row_table_bytes(&l->part[p]);
        for (uint32_t s = 0; s < a->nset * PARTITIONS; s++)
            bytes += row_table_bytes(&l->set[s]);
    }
    q->stats[op->node->id].memory_peak = bytes;
    return true;
}

/* ---- phase 2: results ---- */

static bool finish_columns(struct op_agg *a, struct agg_local *me, char *const *row, uint32_t n, struct batch *out,
                           struct error *err)
{
    const struct plan_node *node = a->op.node;
    uint32_t c = 0;
    arena_reset(&me->scratch);
    for (; c < node->agg.nkey; c++)
        if (!key_rows_column(&a->layout, c, row, n, &me->scratch, &me->out[c], err))
            return false;
    for (uint32_t i = 0; i < node->agg.nagg; i++) {
        const struct agg_item *it = &a->item[i];
        for (uint32_t k = 0; k < n; k++)
            me->state[k] = row[k] + it->state_offset;
        me->call[i].heap = it->func->uses_heap ? heap_of(me) : NULL;
        if (node->agg.mode == AGG_PARTIAL) {
            if (!it->func->to_partial(&me->call[i], me->state, n, &me->out[c], err))
                return false;
            c += it->func->npartial;
        } else if (!it->func->finish(&me->call[i], me->state, n, &me->out[c++], err)) {
            return false;
        }
    }
    assert(c == node->ncol);
    *out = (struct batch){.n = n, .ncol = c, .col = me->out};
    return true;
}

/* Without keys: the last worker to be done combines all states into the one row. */
static bool next_single(struct op_agg *a, struct agg_local *me, struct batch *out, enum source_state *state,
                        struct error *err)
{
    uint32_t part;
    bool last = false;
    *state = SOURCE_END;
    while ((part = __atomic_fetch_add(&a->next_part, 1, __ATOMIC_RELAXED)) < a->npart) {
        if (!merge_part(a, me, part, err))
            return false;
        last = __atomic_add_fetch(&a->parts_done, 1, __ATOMIC_ACQ_REL) == a->npart;
    }
    if (!last)
        return true;
    pthread_mutex_lock(&a->lock); /* late readers still enter themselves */
    struct agg_local *readers = a->readers;
    pthread_mutex_unlock(&a->lock);
    for (struct agg_local *l = readers; l; l = l->next)
        for (uint32_t i = 0; l != me && i < a->op.node->agg.nagg; i++) {
            const struct agg_item *it = &a->item[i];
            if (it->set < 0)
                continue;
            me->call[i].heap = it->func->uses_heap ? heap_of(me) : NULL;
            if (!it->func->combine(&me->call[i], me->single + it->state_offset, l->single + it->state_offset, l->heap,
                                   err))
                return false;
        }
    for (struct agg_local *l = a->locals; l; l = l->next)
        if (!combine_row(a, me, me->single, l->single, l->heap, err))
            return false;
    *state = SOURCE_BATCH;
    return finish_columns(a, me, &me->single, 1, out, err);
}

static bool agg_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                     struct error *err)
{
    struct op_agg *a = (struct op_agg *)op;
    struct agg_local *me = local;
    if (!a->has_keys)
        return next_single(a, me, out, state, err);
    for (;;) {
        uint32_t n = 0;
        if (me->at_part == UINT32_MAX) {
            uint32_t part = __atomic_fetch_add(&a->next_part, 1, __ATOMIC_RELAXED);
            *state = SOURCE_END;
            if (part >= a->npart || !a->locals)
                return true;
            me->at_part = part;
            me->at_slot = 0;
            if (!merge_part(a, me, part, err))
                return false;
        }
        for (; me->at_slot < me->at_table->capacity && n < VEC_ROWS; me->at_slot++)
            if (me->at_table->slot[me->at_slot])
                me->row[n++] = ROW_TABLE_ADDRESS(me->at_table->slot[me->at_slot]);
        if (n) {
            *state = SOURCE_BATCH;
            return finish_columns(a, me, me->row, n, out, err);
        }
        me->at_part = UINT32_MAX;
    }
}

static uint32_t agg_workers(struct op *op) { return ((struct op_agg *)op)->npart; }

static const struct op_class agg_class = {.name = "aggregate",
                                          .local_open = agg_local_open,
                                          .next = agg_next,
                                          .max_workers = agg_workers,
                                          .push = agg_push,
                                          .finish = agg_finish,
                                          .close = agg_close};

struct op *op_agg_new(struct exec_query *q, const struct plan_node *node, struct error *err)
{
    struct op_agg *a = op_alloc(q, sizeof *a, &agg_class, node);
    const struct plan_node *child = node->child[0];
    pthread_mutex_init(&a->lock, NULL);
    a->npart = 1;
    a->has_keys = node->agg.nkey > 0;
    struct coltype *type = ARENA_ARRAY(&q->arena, struct coltype, node->agg.nkey + 1);
    for (uint32_t i = 0; i < node->agg.nkey; i++)
        type[i] = child->type[node->agg.key[i]];
    if (!key_layout_make(&a->layout, &q->arena, type, node->agg.nkey, err) || !make_items(a, err))
        return NULL;
    return &a->op;
}
