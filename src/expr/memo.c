/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once per distinct value. A node over one dictionary-coded column keeps its results per dictionary entry; entries are
 * computed when a row first needs them. An entry that fails is not remembered as an error: rows with it are evaluated
 * directly, so that the right rows get the error.
 */
#include "expr/expr_int.h"

#include <stdlib.h>

enum { MEMO_BYTES_MAX = 64 << 20 };

/* length(), char_length(), character_length() of text. */
static bool is_char_length(const struct func *func)
{
    enum { OID_LENGTH = 1317, OID_CHARACTER_LENGTH = 1369, OID_CHAR_LENGTH = 1381 };
    return func->oid == OID_LENGTH || func->oid == OID_CHARACTER_LENGTH || func->oid == OID_CHAR_LENGTH;
}

void memo_free(struct expr_state *st, struct memo *memo)
{
    mem_free(st->account, memo->value, memo->bytes);
    arena_release(&memo->heap);
    free(memo);
}

/* The memo of this dictionary; NULL = it would be too large or memory is refused. */
static struct memo *memo_of(struct expr_state *st, const struct node *node, const struct dict *dict)
{
    struct memo **at = &st->memo[node - st->prog->node];
    if (*at && (*at)->dict_id == dict->id)
        return *at;
    size_t n = (size_t)dict->n + 1, values = size_align(n * phys_size[node->phys], 64);
    size_t bits = bitset_words(n) * 8, bytes = values + bits + n + VEC_PAD_BYTES;
    if (bytes > MEMO_BYTES_MAX)
        return NULL;
    struct memo *memo = *at;
    if (memo && memo->bytes == bytes) {
        arena_reset(&memo->heap);
    } else {
        if (memo)
            memo_free(st, memo);
        *at = NULL;
        char *memory = mem_alloc(st->account, bytes);
        if (!memory)
            return NULL;
        memo = xcalloc(1, sizeof *memo);
        memo->value = memory;
        memo->bytes = bytes;
        arena_init(&memo->heap, st->account);
        *at = memo;
    }
    memo->dict_id = dict->id;
    memo->n = (uint32_t)n;
    memo->null = (uint64_t *)(void *)(memo->value + values);
    memo->state = (uint8_t *)(memo->null + bitset_words(n));
    memset(memo->value, 0, values);
    memset(memo->null, 0, bits);
    memset(memo->state, MEMO_NONE, n);
    return memo;
}

/* Keeps a computed value for the life of the memo. */
static void remember(struct expr_state *st, const struct node *node, struct memo *memo, uint32_t code,
                     const struct vec *v, uint32_t row)
{
    size_t size = phys_size[node->phys];
    char *to = memo->value + code * size;
    memo->state[code] = MEMO_DONE;
    if (vec_is_null(v, row)) {
        bit_set(memo->null, code);
        return;
    }
    memcpy(to, vec_value(v, row), size);
    if (node->phys == PHYS_STR)
        *(struct str *)(void *)to = str_copy(&memo->heap, (struct str *)(void *)to);
    else if (node->phys == PHYS_NUM)
        *(struct num *)(void *)to = num_copy(&memo->heap, (struct num *)(void *)to);
}

/* Computes the node for n entries of the dictionary (code dict->n = NULL). */
static bool compute_entries(struct expr_state *st, const struct node *node, const struct dict *dict, struct memo *memo,
                            const uint32_t *code, uint32_t n, struct error *err)
{
    struct rows rows = {n, NULL, ++st->next_rows_id, NULL};
    uint64_t failed[VEC_ROWS / 64];
    struct row_errors errors;
    struct vec v;
    if (node->kind == EXPR_CALL && dict->chars && is_char_length(node->func)) {
        for (uint32_t i = 0; i < n; i++) {
            if (code[i] < dict->n)
                ((int32_t *)(void *)memo->value)[code[i]] = (int32_t)dict->chars[code[i]];
            else
                bit_set(memo->null, code[i]);
            memo->state[code[i]] = MEMO_DONE;
        }
        return true;
    }
    if (!vec_alloc(&st->subst, st->alloc, PHYS_STR, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (code[i] < dict->n) {
            ((struct str *)st->subst.data)[i] = dict->value[code[i]];
            continue;
        }
        memset(&((struct str *)st->subst.data)[i], 0, sizeof(struct str));
        if (!st->subst.null && !vec_alloc_null(&st->subst, st->alloc, n, err))
            return false;
        bit_set(st->subst.null, i);
    }
    memset(failed, 0, bitset_words(n) * 8);
    row_errors_init(&errors, failed);
    st->subst_column = node->column;
    bool ok = eval_compute(st, node, &rows, &v, &errors, err);
    st->subst_column = COLUMN_NONE;
    for (uint32_t i = 0; ok && i < n; i++)
        if (bit_get(failed, i))
            memo->state[code[i]] = MEMO_FAILED;
        else
            remember(st, node, memo, code[i], &v, i);
    return ok;
}

static ALWAYS_INLINE uint32_t code_at(const struct vec *col, const struct dict *dict, uint32_t row)
{
    return col->null && bit_get(col->null, row) ? dict->n : ((const uint32_t *)col->data)[row];
}

/* Computes what the rows need and the memo does not have yet. *failed: some rows have failing entries. */
static bool fill(struct expr_state *st, const struct node *node, const struct vec *col, const struct rows *rows,
                 struct memo *memo, bool *failed, struct error *err)
{
    uint32_t code[VEC_ROWS], n = 0;
    *failed = false;
    FOR_EACH_ROW(i, rows)
    {
        uint32_t c = code_at(col, col->dict, i);
        if (LIKELY(memo->state[c] == MEMO_DONE))
            continue;
        *failed |= memo->state[c] == MEMO_FAILED;
        if (memo->state[c] != MEMO_NONE)
            continue;
        memo->state[c] = MEMO_PENDING;
        code[n++] = c;
        if (n == VEC_ROWS) {
            if (!compute_entries(st, node, col->dict, memo, code, n, err))
                return false;
            n = 0;
        }
    }
    if (n && !compute_entries(st, node, col->dict, memo, code, n, err))
        return false;
    if (!*failed)
        FOR_EACH_ROW(i, rows) { *failed |= memo->state[code_at(col, col->dict, i)] == MEMO_FAILED; }
    return true;
}

/* out[row] = value[code[row]]. */
#define GATHER(T)                                                                                                      \
    do {                                                                                                               \
        const T *value = (const void *)memo->value;                                                                    \
        T *to = out->data;                                                                                             \
        FOR_EACH_ROW(i, rows) { to[i] = value[code_at(col, col->dict, i)]; }                                           \
    } while (0)

struct wide {
    uint64_t lo, hi;
};

static bool gather(struct expr_state *st, const struct vec *col, const struct rows *rows, const struct memo *memo,
                   struct vec *out, struct error *err)
{
    switch (phys_size[out->phys]) {
    case 1: GATHER(uint8_t); break;
    case 2: GATHER(uint16_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    default: GATHER(struct wide); break;
    }
    if (!bitset_any(memo->null, memo->n))
        return true;
    if (!vec_alloc_null(out, st->alloc, rows->n, err))
        return false;
    FOR_EACH_ROW(i, rows) { bit_put(out->null, i, bit_get(memo->null, code_at(col, col->dict, i))); }
    return true;
}

/* Rows whose entry fails, evaluated for their errors. */
static bool raise_errors(struct expr_state *st, const struct node *node, const struct vec *col, const struct rows *rows,
                         const struct memo *memo, struct row_errors *errors, struct error *err)
{
    struct subset bad;
    struct vec ignored;
    uint32_t k = 0;
    if (!subset_new(st, &bad, rows, rows_count(rows), err))
        return false;
    FOR_EACH_ROW(i, rows)
    {
        bad.idx[k] = (uint16_t)i;
        k += memo->state[code_at(col, col->dict, i)] == MEMO_FAILED;
    }
    subset_done(&bad, k);
    /* A different column vector: results of shared nodes must not leak in or out. */
    bad.rows.superset = NULL;
    if (!vec_flatten(&st->subst, col, st->alloc, rows->n, &bad.sel, err))
        return false;
    st->subst_column = node->column;
    bool ok = eval_compute(st, node, &bad.rows, &ignored, errors, err);
    st->subst_column = COLUMN_NONE;
    return ok;
}

bool memo_eval(EVAL_ARGS, bool *done)
{
    const struct vec *col = &st->col[node->column];
    bool failed;
    struct memo *memo = memo_of(st, node, col->dict);
    *done = memo != NULL;
    if (!memo)
        return true;
    if (!fill(st, node, col, rows, memo, &failed, err)) {
        /* Entries may be marked as pending: begin anew next time. */
        memo->dict_id = 0;
        return false;
    }
    if (!eval_alloc(st, node->phys, rows, out, err) || !gather(st, col, rows, memo, out, err))
        return false;
    return !failed || raise_errors(st, node, col, rows, memo, errors, err);
}

/* ---- filters over a dictionary ---- */

bool expr_single_column(const struct expr_prog *prog, uint32_t *column)
{
    const struct node *root = &prog->node[prog->root];
    if (root->column < 0 || root->is_volatile || root->phys != PHYS_BOOL)
        return false;
    *column = (uint32_t)root->column;
    return true;
}

/* Truth of entries [base, base + n) into bits; *done false if one fails. */
static bool filter_entries(struct expr_state *st, const struct node *root, const struct dict *dict, uint32_t base,
                           uint32_t n, uint64_t *bits, bool *done, struct error *err)
{
    struct rows rows = {n, NULL, ++st->next_rows_id, NULL};
    struct row_errors errors;
    uint16_t idx[VEC_ROWS];
    uint32_t count = 0;
    row_errors_init(&errors, NULL);
    st->subst = (struct vec){.phys = PHYS_STR, .form = VEC_FLAT, .data = (void *)(uintptr_t)&dict->value[base]};
    if (!filter_node(st, root, &rows, idx, &count, &errors, err))
        return false;
    for (uint32_t k = 0; k < count; k++)
        bit_set(bits, base + idx[k]);
    *done = errors.count == 0;
    return true;
}

static bool filter_null(struct expr_state *st, const struct node *root, bool *passes, bool *done, struct error *err)
{
    struct rows rows = {1, NULL, ++st->next_rows_id, NULL};
    struct row_errors errors;
    static const struct str empty;
    uint64_t null = 1;
    uint16_t idx[8];
    uint32_t count = 0;
    row_errors_init(&errors, NULL);
    st->subst = (struct vec){.phys = PHYS_STR, .form = VEC_FLAT, .data = (void *)(uintptr_t)&empty, .null = &null};
    if (!filter_node(st, root, &rows, idx, &count, &errors, err))
        return false;
    *passes = count != 0;
    *done = errors.count == 0;
    return true;
}

/* Fills filter_bits for this dictionary. */
static bool filter_compute(struct expr_state *st, const struct node *root, const struct dict *dict, bool *done,
                           struct error *err)
{
    size_t bytes = bitset_words(dict->n) * 8;
    st->filter_dict_id = 0;
    if (!st->filter_bits || st->filter_n < dict->n) {
        st->filter_bits = arena_try_alloc(&st->keep, bytes + 8, 64);
        if (!st->filter_bits)
            return mem_error(st->account, bytes, err);
        st->filter_n = dict->n;
    }
    memset(st->filter_bits, 0, bytes);
    st->subst_column = root->column;
    bool ok = filter_null(st, root, &st->filter_null_passes, done, err);
    for (uint32_t base = 0; ok && *done && base < dict->n; base += VEC_ROWS) {
        arena_reset(&st->batch_arena);
        ok = filter_entries(st, root, dict, base, MIN_OF(dict->n - base, (uint32_t)VEC_ROWS), st->filter_bits, done,
                            err);
    }
    st->subst_column = COLUMN_NONE;
    if (ok && *done)
        st->filter_dict_id = dict->id;
    return ok;
}

bool expr_filter_dict(const struct expr_prog *prog, struct expr_state *st, const struct dict *dict, uint64_t *code_bits,
                      bool *null_passes, bool *done, struct error *err)
{
    uint32_t column;
    *done =
        expr_single_column(prog, &column) && prog->column_type && type_phys(prog->column_type[column].oid) == PHYS_STR;
    if (!*done)
        return true;
    if (st->filter_dict_id != dict->id) {
        arena_reset(&st->batch_arena);
        if (!filter_compute(st, &prog->node[prog->root], dict, done, err))
            return false;
        if (!*done)
            return true;
    }
    memcpy(code_bits, st->filter_bits, bitset_words(dict->n) * 8);
    *null_passes = st->filter_null_passes;
    return true;
}
