/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-up of functions, operators and casts. The tables are const; the indexes over them are built once, at the first
 * look-up, and never change afterwards.
 */
#include "func/func_int.h"

#include <pthread.h>
#include <stdlib.h>

enum { TABLES_MAX = 16 };
static struct func_table {
    const struct func *row;
    uint32_t count;
} added[TABLES_MAX];
static uint32_t nadded;

static struct {
    const struct func **by_oid, **by_name;
    uint32_t nfunc;
    const struct operator** op_by_oid, **op_by_name;
    bool built;
} index_of;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static int func_oid_order(const void *a, const void *b)
{
    const struct func *x = *(const struct func *const *)a, *y = *(const struct func *const *)b;
    return (x->oid > y->oid) - (x->oid < y->oid);
}

static int func_name_order(const void *a, const void *b)
{
    const struct func *x = *(const struct func *const *)a, *y = *(const struct func *const *)b;
    int order = strcmp(x->name, y->name);
    if (order == 0)
        order = (int)x->nargs - (int)y->nargs;
    return order ? order : func_oid_order(a, b);
}

static int operator_oid_order(const void *a, const void *b)
{
    const struct operator* x = *(const struct operator* const *) a, *y = *(const struct operator* const *)b;
    return (x->oid > y->oid) - (x->oid < y->oid);
}

static int operator_name_order(const void *a, const void *b)
{
    const struct operator* x = *(const struct operator* const *) a, *y = *(const struct operator* const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : operator_oid_order(a, b);
}

static void build_index(void)
{
    const struct func_table own[] = {
        {func_scalars, func_scalars_count},
        {func_own, func_own_count},
        {func_session_rows, func_session_rows_count},
        {func_aggregates, func_aggregates_count},
    };
    uint32_t total = 0, at = 0;
    for (uint32_t t = 0; t < ARRAY_LEN(own); t++)
        total += own[t].count;
    for (uint32_t t = 0; t < nadded; t++)
        total += added[t].count;
    index_of.by_oid = xcalloc(total, sizeof *index_of.by_oid);
    index_of.by_name = xcalloc(total, sizeof *index_of.by_name);
    for (uint32_t t = 0; t < ARRAY_LEN(own) + nadded; t++) {
        const struct func_table *table = t < ARRAY_LEN(own) ? &own[t] : &added[t - ARRAY_LEN(own)];
        for (uint32_t i = 0; i < table->count; i++)
            index_of.by_oid[at++] = &table->row[i];
    }
    memcpy(index_of.by_name, index_of.by_oid, total * sizeof *index_of.by_name);
    qsort(index_of.by_oid, total, sizeof *index_of.by_oid, func_oid_order);
    qsort(index_of.by_name, total, sizeof *index_of.by_name, func_name_order);
    index_of.nfunc = total;

    index_of.op_by_oid = xcalloc(operator_rows_count, sizeof *index_of.op_by_oid);
    index_of.op_by_name = xcalloc(operator_rows_count, sizeof *index_of.op_by_name);
    for (uint32_t i = 0; i < operator_rows_count; i++)
        index_of.op_by_oid[i] = index_of.op_by_name[i] = &operator_rows[i];
    qsort(index_of.op_by_oid, operator_rows_count, sizeof *index_of.op_by_oid, operator_oid_order);
    qsort(index_of.op_by_name, operator_rows_count, sizeof *index_of.op_by_name, operator_name_order);
    index_of.built = true;
}

static void need_index(void) { pthread_once(&index_once, build_index); }

void func_register(const struct func *table, uint32_t count)
{
    assert(!index_of.built && nadded < TABLES_MAX);
    added[nadded++] = (struct func_table){table, count};
}

/* <0, 0, >0 of a view against a C string, in strcmp's order. */
static int view_order(struct strview a, const char *b)
{
    size_t len = strlen(b);
    int order = a.len && len ? memcmp(a.ptr, b, MIN_OF(a.len, len)) : 0;
    return order ? order : (a.len > len) - (a.len < len);
}

const struct func *const *func_candidates(struct strview name, uint32_t *count)
{
    need_index();
    uint32_t lo = 0, hi = index_of.nfunc;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (view_order(name, index_of.by_name[mid]->name) > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (hi = lo; hi < index_of.nfunc && view_order(name, index_of.by_name[hi]->name) == 0;)
        hi++;
    *count = hi - lo;
    return index_of.by_name + lo;
}

const struct func *func_by_oid(oid_t oid)
{
    need_index();
    uint32_t lo = 0, hi = index_of.nfunc;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (index_of.by_oid[mid]->oid < oid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < index_of.nfunc && index_of.by_oid[lo]->oid == oid ? index_of.by_oid[lo] : NULL;
}

const struct func *const *func_all(uint32_t *count)
{
    need_index();
    *count = index_of.nfunc;
    return index_of.by_oid;
}

uint32_t func_similar(struct strview name, const char **out, uint32_t max)
{
    enum { NEAR = 3 };
    need_index();
    uint32_t found = 0;
    uint32_t limit = name.len < 4 ? 1 : name.len < 7 ? 2 : NEAR;
    for (uint32_t distance = 0; distance <= limit; distance++)
        for (uint32_t i = 0; i < index_of.nfunc && found < max; i++) {
            const char *known = index_of.by_name[i]->name;
            if (i && strcmp(known, index_of.by_name[i - 1]->name) == 0)
                continue;
            if (str_distance(name, strview_of(known), limit) == distance)
                out[found++] = known;
        }
    return found;
}

const struct operator* const * operator_candidates(struct strview name, uint32_t *count)
{
    need_index();
    uint32_t lo = 0, hi = operator_rows_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (view_order(name, index_of.op_by_name[mid]->name) > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (hi = lo; hi < operator_rows_count && view_order(name, index_of.op_by_name[hi]->name) == 0;)
        hi++;
    *count = hi - lo;
    return index_of.op_by_name + lo;
}

const struct operator* operator_by_oid(oid_t oid)
{
    need_index();
    uint32_t lo = 0, hi = operator_rows_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (index_of.op_by_oid[mid]->oid < oid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < operator_rows_count && index_of.op_by_oid[lo]->oid == oid ? index_of.op_by_oid[lo] : NULL;
}

const struct operator* const * operator_all(uint32_t *count)
{
    need_index();
    *count = operator_rows_count;
    return index_of.op_by_oid;
}

const struct cast *cast_find(oid_t source, oid_t target)
{
    uint32_t lo = 0, hi = cast_rows_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct cast *c = &cast_rows[mid];
        if (c->source < source || (c->source == source && c->target < target))
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct cast *c = &cast_rows[lo];
    return lo < cast_rows_count && c->source == source && c->target == target ? c : NULL;
}

const struct cast *cast_all(uint32_t *count)
{
    *count = cast_rows_count;
    return cast_rows;
}

struct error *row_errors_at(struct row_errors *e, uint32_t row)
{
    if (e->bits) {
        e->count += !bit_get(e->bits, row);
        bit_set(e->bits, row);
    } else {
        e->count++;
    }
    if (row >= e->first_row)
        return &e->scratch;
    e->first_row = row;
    return &e->first;
}

bool func_too_long(struct error *err)
{
    return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large");
}
