/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table scan. Work is handed out chunk by chunk. Within a chunk:
 *
 *   1. zone maps: a predicate that no row can satisfy skips the chunk, one that all rows satisfy is dropped;
 *   2. predicates on encoded data clear bits of the chunk's row bitmap, then conditions on one dictionary-coded column,
 *      evaluated once per distinct value;
 *   3. per 2,048 rows: the columns of the remaining conditions are decoded for the surviving rows, then the
 *      conditions evaluated, then the output columns decoded for what is left.
 *
 * Columns that nobody above reads are never decoded.
 */
#include "exec/exec_int.h"

#include <stdlib.h>

struct scan_filter {
    struct expr_prog *prog;
    bool *used;      /* [ncol] output columns it reads */
    bool single;     /* a function of one column only */
    uint32_t column; /* that output column */
};

struct op_scan {
    struct op op;
    struct table_source *table;
    uint32_t npred;
    struct pred *pred; /* the plan's and those made from parameters */
    uint32_t nfilter;
    struct scan_filter *filter;
    bool *wanted;          /* [ncol] output columns somebody above reads */
    bool nothing;          /* a parameter was NULL: no row can pass */
    uint64_t limit;        /* rows after which the scan may stop */
    uint32_t next_unit;    /* atomic */
    uint64_t emitted;      /* atomic */
    uint8_t *segment_seen; /* [nsegment] atomic: 1 = some chunk of it was scanned */
};

struct scan_local {
    struct chunk_reader *reader;
    const struct scan_unit *unit;
    uint32_t rows;     /* of the unit's chunk that the snapshot sees */
    uint32_t row;      /* next block begins here */
    bool all;          /* every row of the unit passes so far: bits unused */
    bool *filter_done; /* [nfilter] settled for the whole chunk */
    struct expr_state **state;
    struct vec *col; /* [ncol] */
    bool *decoded;   /* [ncol] in this block */
    struct sel sel;
    struct row_errors errors;
    struct arena arena; /* constants for columns nobody reads */
    struct vec *unread; /* [ncol] */
    uint64_t code_bits[CHUNK_ROWS / 64];
    uint64_t *big_code_bits; /* dictionaries with more entries than a chunk has rows */
    size_t big_code_words;
    uint64_t bits[CHUNK_ROWS / 64];
    uint16_t idx[VEC_ROWS], idx2[VEC_ROWS];
};

static bool scan_local_open(struct op *op, struct worker *w, void **local, struct error *err)
{
    struct op_scan *s = (struct op_scan *)op;
    struct scan_local *l = aligned_alloc(64, size_align(sizeof *l, 64));
    if (!l)
        abort();
    memset(l, 0, offsetof(struct scan_local, code_bits));
    l->big_code_bits = NULL;
    l->big_code_words = 0;
    *local = l;
    uint32_t ncol = op->node->ncol;
    l->filter_done = xcalloc(s->nfilter + 1, 1);
    l->state = xcalloc(s->nfilter + 1, sizeof *l->state);
    l->col = xcalloc(ncol + 1, sizeof *l->col);
    l->decoded = xcalloc(ncol + 1, 1);
    l->unread = xcalloc(ncol + 1, sizeof *l->unread);
    arena_init(&l->arena, NULL);
    for (uint32_t c = 0; c < ncol; c++)
        if (!vec_const(&l->unread[c], &l->arena, type_phys(op->node->type[c].oid), NULL, err))
            return false;
    for (uint32_t i = 0; i < s->nfilter; i++)
        l->state[i] = expr_state_new(s->filter[i].prog, w->account);
    return true;
}

static void scan_local_close(struct op *op, void *local)
{
    struct op_scan *s = (struct op_scan *)op;
    struct scan_local *l = local;
    if (!l)
        return;
    chunk_reader_close(l->reader);
    for (uint32_t i = 0; i < s->nfilter; i++)
        if (l->state[i])
            expr_state_free(l->state[i]);
    arena_release(&l->arena);
    free(l->big_code_bits);
    free(l->filter_done);
    free(l->state);
    free(l->col);
    free(l->decoded);
    free(l->unread);
    free(l);
}

/* Zone maps: false = no row of the chunk can pass. */
static bool zones_allow(const struct op_scan *s, const struct chunk *chunk)
{
    for (uint32_t i = 0; i < s->npred; i++) {
        struct zone zone;
        if (chunk_zone(chunk, s->pred[i].column, &zone) && pred_zone(&s->pred[i], &zone) == PRED_NONE)
            return false;
    }
    return true;
}

static void start_bits(struct scan_local *l)
{
    const struct scan_unit *u = l->unit;
    bitset_fill(l->bits, l->rows, true);
    for (uint32_t r = 0; r < u->row_begin; r = (r % 64 == 0 && r + 64 <= u->row_begin) ? r + 64 : r + 1) {
        if (r % 64 == 0 && r + 64 <= u->row_begin)
            l->bits[r / 64] = 0;
        else
            bit_clear(l->bits, r);
    }
    if (u->deleted)
        for (size_t w = 0; w < bitset_words(l->rows); w++)
            l->bits[w] &= ~u->deleted[w];
    l->all = u->row_begin == 0 && !u->deleted;
}

static bool run_preds(struct op_scan *s, struct scan_local *l, struct error *err)
{
    for (uint32_t i = 0; i < s->npred; i++) {
        struct zone zone;
        if (chunk_zone(l->unit->chunk, s->pred[i].column, &zone) && pred_zone(&s->pred[i], &zone) == PRED_ALL)
            continue;
        if (!chunk_filter(l->reader, &s->pred[i], l->bits, err))
            return false;
        l->all = false;
    }
    return true;
}

/* Conditions over one dictionary-coded column, once per distinct value. */
static bool run_dict_filters(struct op_scan *s, struct scan_local *l, struct error *err)
{
    for (uint32_t i = 0; i < s->nfilter; i++) {
        const struct dict *dict = NULL;
        bool null_passes = false;
        l->filter_done[i] = false;
        if (!s->filter[i].single)
            continue;
        uint32_t column = s->op.node->scan.column[s->filter[i].column];
        if (!chunk_dict(l->reader, column, &dict, err))
            return false;
        if (!dict)
            continue;
        uint64_t *code_bits = l->code_bits;
        if (dict->n > CHUNK_ROWS) {
            if (l->big_code_words < bitset_words(dict->n)) {
                l->big_code_words = bitset_words(dict->n);
                l->big_code_bits = xrealloc(l->big_code_bits, l->big_code_words * 8);
            }
            code_bits = l->big_code_bits;
        }
        if (!expr_filter_dict(s->filter[i].prog, l->state[i], dict, code_bits, &null_passes, &l->filter_done[i], err))
            return false;
        if (!l->filter_done[i])
            continue;
        if (!chunk_filter_codes(l->reader, column, code_bits, null_passes, l->bits, err))
            return false;
        l->all = false;
    }
    return true;
}

/* Takes the next chunk that may hold matching rows; *found = false at the end. */
static bool open_unit(struct op_scan *s, struct scan_local *l, struct worker *w, bool *found, struct error *err)
{
    struct exec_query *q = s->op.query;
    struct node_stats *stats = &q->stats[s->op.node->id];
    *found = false;
    for (;;) {
        uint32_t i = __atomic_fetch_add(&s->next_unit, 1, __ATOMIC_RELAXED);
        if (i >= s->table->nunit || s->nothing)
            return true;
        const struct scan_unit *u = &s->table->unit[i];
        __atomic_fetch_add(&q->units_done, 1, __ATOMIC_RELAXED);
        if (!zones_allow(s, u->chunk)) {
            __atomic_fetch_add(&stats->chunks_pruned, 1, __ATOMIC_RELAXED);
            continue;
        }
        if (u->segment != UINT32_MAX && !__atomic_exchange_n(&s->segment_seen[u->segment], 1, __ATOMIC_RELAXED)) {
            __atomic_fetch_add(&stats->segments_scanned, 1, __ATOMIC_RELAXED);
            __atomic_fetch_sub(&stats->segments_pruned, 1, __ATOMIC_RELAXED);
        }
        l->unit = u;
        l->rows = u->row_end;
        l->row = u->row_begin / VEC_ROWS * VEC_ROWS;
        if (!chunk_reader_open(u->chunk, l->rows, w->account, &l->reader, err))
            return false;
        uint32_t live = u->row_end - u->row_begin;
        __atomic_fetch_add(&q->rows_scanned, live, __ATOMIC_RELAXED);
        __atomic_fetch_add(&stats->rows_scanned, live, __ATOMIC_RELAXED);
        if (u->consuming)
            __atomic_fetch_add(&stats->consuming_rows, live, __ATOMIC_RELAXED);
        start_bits(l);
        *found = true;
        return run_preds(s, l, err) && run_dict_filters(s, l, err);
    }
}

/* Rows of the block that are still alive, as indexes relative to it. */
static uint32_t block_selection(const struct scan_local *l, uint32_t row, uint32_t n, uint16_t *idx)
{
    uint32_t k = 0;
    for (uint32_t word = row / 64; word * 64 < row + n; word++) {
        uint64_t bits = l->bits[word];
        uint32_t base = word * 64 - row;
        if (bits == ~0ULL) {
            for (uint32_t i = 0; i < 64; i++)
                idx[k + i] = (uint16_t)(base + i);
            k += 64;
            continue;
        }
        while (bits) {
            idx[k++] = (uint16_t)(base + (uint32_t)__builtin_ctzll(bits));
            bits &= bits - 1;
        }
    }
    return k;
}

static bool decode(struct op_scan *s, struct scan_local *l, uint32_t c, uint32_t n, const struct sel *sel,
                   struct error *err)
{
    if (l->decoded[c])
        return true;
    l->decoded[c] = true;
    if (!chunk_read(l->reader, s->op.node->scan.column[c], l->row, n, sel, &l->col[c], err))
        return false;
    if (l->col[c].phys == PHYS_NONE) /* younger than the chunk: NULLs of the column's form */
        l->col[c].phys = (uint8_t)type_phys(s->op.node->type[c].oid);
    return true;
}

/* The conditions that need decoded rows. *sel: NULL-selection (all) or narrower; l->sel.n = 0 means none is left. */
static bool block_filters(struct op_scan *s, struct scan_local *l, uint32_t n, const struct sel **sel,
                          struct error *err)
{
    uint32_t ncol = s->op.node->ncol;
    for (uint32_t i = 0; i < s->nfilter; i++) {
        if (l->filter_done[i])
            continue;
        for (uint32_t c = 0; c < ncol; c++)
            if (s->filter[i].used[c] && !decode(s, l, c, n, *sel, err))
                return false;
        struct batch in = {.n = n, .ncol = ncol, .col = l->col};
        uint32_t left;
        row_errors_init(&l->errors, NULL);
        if (!expr_filter(s->filter[i].prog, l->state[i], &in, *sel, l->idx2, &left, &l->errors, err))
            return false;
        if (l->errors.count) {
            *err = l->errors.first;
            return false;
        }
        if (left == n)
            continue;
        memcpy(l->idx, l->idx2, left * sizeof l->idx[0]);
        l->sel = (struct sel){left, l->idx};
        *sel = &l->sel;
        if (left == 0)
            return true;
    }
    return true;
}

static bool emit_block(struct op_scan *s, struct scan_local *l, uint32_t n, struct batch *out, struct error *err)
{
    uint32_t ncol = s->op.node->ncol;
    const struct sel *sel = NULL;
    memcpy(l->col, l->unread, ncol * sizeof *l->col);
    memset(l->decoded, 0, ncol);
    out->n = 0;
    if (!l->all) {
        uint32_t k = block_selection(l, l->row, n, l->idx);
        l->sel = (struct sel){k, l->idx};
        if (k == 0)
            return true;
        if (k < n)
            sel = &l->sel;
    }
    if (!block_filters(s, l, n, &sel, err))
        return false;
    if (sel && sel->n == 0)
        return true;
    for (uint32_t c = 0; c < ncol; c++)
        if (s->wanted[c] && !decode(s, l, c, n, sel, err))
            return false;
    *out = (struct batch){.n = n, .ncol = ncol, .col = l->col, .sel = sel};
    return true;
}

/* A whole chunk of rows without any column, for count(*). */
static void emit_counts(struct scan_local *l, struct batch *out)
{
    uint32_t rows = l->all ? l->rows : (uint32_t)bitset_count(l->bits, l->rows);
    l->row = l->rows;
    *out = (struct batch){.n = rows};
}

static bool counts_only(const struct op_scan *s, const struct scan_local *l)
{
    for (uint32_t c = 0; c < s->op.node->ncol; c++)
        if (s->wanted[c])
            return false;
    for (uint32_t i = 0; i < s->nfilter; i++)
        if (!l->filter_done[i])
            return false;
    return s->op.node->ncol == 0 || l->all;
}

static bool scan_next(struct op *op, void *local, struct worker *w, struct batch *out, enum source_state *state,
                      struct error *err)
{
    struct op_scan *s = (struct op_scan *)op;
    struct scan_local *l = local;
    *state = SOURCE_END;
    if (__atomic_load_n(&s->emitted, __ATOMIC_RELAXED) >= s->limit)
        return true;
    for (;;) {
        if (l->reader && l->row >= l->rows) {
            chunk_reader_close(l->reader);
            l->reader = NULL;
        }
        bool found = true;
        if (!l->reader && !open_unit(s, l, w, &found, err))
            return false;
        if (!found || query_stopping(op->query))
            return true;
        *out = (struct batch){0};
        if (op->node->ncol == 0 && l->row < l->rows && counts_only(s, l)) {
            emit_counts(l, out);
        } else if (l->row < l->rows) {
            uint32_t n = MIN_OF(l->rows - l->row, (uint32_t)VEC_ROWS);
            if (!emit_block(s, l, n, out, err))
                return false;
            l->row += n;
        }
        /* A chunk without a match ends the call as well, so that a long search is cut into steps. */
        if ((out->n == 0 || batch_rows(out) == 0) && l->row < l->rows)
            continue;
        *state = SOURCE_BATCH;
        if (s->limit != UINT64_MAX)
            __atomic_fetch_add(&s->emitted, batch_rows(out), __ATOMIC_RELAXED);
        return true;
    }
}

static uint32_t scan_workers(struct op *op) { return MAX_OF(1U, ((struct op_scan *)op)->table->nunit); }

static const struct op_class scan_class = {.name = "scan",
                                           .local_open = scan_local_open,
                                           .local_close = scan_local_close,
                                           .next = scan_next,
                                           .max_workers = scan_workers};

/* ---- making one ---- */

static int pred_op_of_func(const struct func *func)
{
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
    static const enum pred_op ops[] = {PRED_EQ, PRED_NE, PRED_LT, PRED_LE, PRED_GT, PRED_GE};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint32_t n;
        const struct operator* const * candidates = operator_candidates(strview_of(names[i]), &n);
        for (uint32_t k = 0; k < n; k++)
            if (candidates[k]->func == func->oid && candidates[k]->left == candidates[k]->right)
                return (int)ops[i];
    }
    return -1;
}

/* column OP parameter → a predicate now that the value is known; *made = false: evaluate it as a condition. */
static bool param_pred(struct op_scan *s, const struct expr *e, bool *made, struct error *err)
{
    struct exec_query *q = s->op.query;
    struct value value;
    int op;
    *made = false;
    if (e->kind != EXPR_CALL || e->nargs != 2 || e->args[0]->kind != EXPR_COLUMN || (op = pred_op_of_func(e->func)) < 0)
        return true;
    if (!expr_eval_const(&q->arena, e->args[1], &q->env, &value, err))
        return false;
    oid_t type = e->args[0]->type.oid;
    if (type_phys(type) != type_phys(value.type))
        return true;
    *made = true;
    s->nothing = s->nothing || value.is_null;
    s->pred[s->npred++] = (struct pred){
        .op = (enum pred_op)op, .column = s->op.node->scan.column[e->args[0]->column], .type = type, .lo = value.d};
    return true;
}

static bool add_filter(struct op_scan *s, const struct expr *e, struct error *err)
{
    const struct plan_node *node = s->op.node;
    struct exec_query *q = s->op.query;
    struct scan_filter *f = &s->filter[s->nfilter++];
    f->used = ARENA_ARRAY(&q->arena, bool, node->ncol + 1);
    op_mark_columns(e, f->used, node->ncol);
    if (!expr_compile(&q->arena, e, node->type, node->ncol, &q->env, &f->prog, err))
        return false;
    f->single = expr_single_column(f->prog, &f->column);
    return true;
}

/* Which output columns the parent reads; all when in doubt. */
static void mark_wanted(struct op_scan *s, const struct plan_node *parent)
{
    uint32_t ncol = s->op.node->ncol;
    if (parent && parent->kind == PLAN_PROJECT) {
        for (uint32_t i = 0; i < parent->ncol; i++)
            op_mark_columns(parent->project.expr[i], s->wanted, ncol);
    } else if (parent && parent->kind == PLAN_AGG) {
        for (uint32_t i = 0; i < parent->agg.nkey; i++)
            s->wanted[parent->agg.key[i]] = true;
        for (uint32_t i = 0; i < parent->agg.nagg; i++) {
            const struct plan_agg *a = &parent->agg.agg[i];
            for (uint32_t k = 0; k < a->narg; k++)
                s->wanted[a->arg[k]] = true;
            if (a->filter >= 0)
                s->wanted[a->filter] = true;
        }
    } else {
        memset(s->wanted, true, ncol);
    }
}

static bool open_source(struct op_scan *s, struct error *err)
{
    struct exec_query *q = s->op.query;
    struct node_stats *stats = &q->stats[s->op.node->id];
    if (!q->params.source->open_table(q->params.source_arg, &s->op.node->scan.relation, &s->table, err))
        return false;
    if (q->ntable == q->table_cap) {
        q->table_cap = MAX_OF(4U, q->table_cap * 2);
        q->table = xrealloc(q->table, q->table_cap * sizeof *q->table);
    }
    q->table[q->ntable++] = s->table;
    s->segment_seen = ARENA_ARRAY(&q->arena, uint8_t, s->table->nsegment + 1);
    stats->segments_total = stats->segments_pruned = s->table->nsegment;
    stats->chunks_total = s->table->nunit;
    q->units_total += s->table->nunit;
    return true;
}

struct op *op_scan_new(struct exec_query *q, const struct plan_node *node, const struct plan_node *parent,
                       struct error *err)
{
    struct op_scan *s = op_alloc(q, sizeof *s, &scan_class, node);
    s->wanted = ARENA_ARRAY(&q->arena, bool, node->ncol + 1);
    s->limit = node->scan.limit;
    s->pred = ARENA_ARRAY(&q->arena, struct pred, node->scan.npred + node->scan.nparam_pred + 1);
    s->filter = ARENA_ARRAY(&q->arena, struct scan_filter, node->scan.nfilter + node->scan.nparam_pred + 1);
    mark_wanted(s, parent);
    for (; s->npred < node->scan.npred; s->npred++)
        s->pred[s->npred] = node->scan.pred[s->npred];
    for (uint32_t i = 0; i < node->scan.nparam_pred; i++) {
        bool made;
        if (!param_pred(s, node->scan.param_pred[i], &made, err) ||
            (!made && !add_filter(s, node->scan.param_pred[i], err)))
            return NULL;
    }
    for (uint32_t i = 0; i < node->scan.nfilter; i++)
        if (!add_filter(s, node->scan.filter[i], err))
            return NULL;
    return open_source(s, err) ? &s->op : NULL;
}
