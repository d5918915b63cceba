/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table scans: which conditions become simple predicates (zone maps, dictionaries), which wait for parameters, which
 * stay filters; which columns are read.
 */
#include "planner/plan_int.h"

#include "types/zone.h"

#include <stdlib.h>

struct build {
    struct planner *p;
    const struct rte *rte;
    uint32_t npred, nparam, cap;
    struct pred *pred;
    struct expr **param;
    struct quals filter;
    double selectivity;
};

static bool pred_type(oid_t type)
{
    switch (type) {
    case TYPE_BOOL:
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_UUID: return true;
    default: return false;
    }
}

/* The table column e is, seen through relabelling and integer widening; -1 = none. */
static int64_t table_column(const struct build *s, const struct expr *e)
{
    while (e->kind == EXPR_RELABEL)
        e = e->args[0];
    if (e->kind == EXPR_CALL && e->nargs == 1 && e->type.typmod < 0) {
        oid_t from = e->args[0]->type.oid, to = e->type.oid;
        const struct cast *cast = cast_find(from, to);
        bool widening =
            (from == TYPE_INT2 && (to == TYPE_INT4 || to == TYPE_INT8)) || (from == TYPE_INT4 && to == TYPE_INT8);
        if (widening && cast && cast->func == e->func->oid)
            e = e->args[0];
    }
    if (e->kind != EXPR_COLUMN || e->column < s->rte->base || e->column >= s->rte->base + s->rte->ncol)
        return -1;
    uint32_t c = e->column - s->rte->base;
    return pred_type(s->rte->type[c].oid) ? (int64_t)c : -1;
}

static bool int_value(const struct value *v, int64_t *out)
{
    switch (v->type) {
    case TYPE_INT2: *out = v->d.i16; return true;
    case TYPE_INT4: *out = v->d.i32; return true;
    case TYPE_INT8: *out = v->d.i64; return true;
    default: return false;
    }
}

static bool store_int(oid_t type, int64_t v, union datum *out)
{
    memset(out, 0, sizeof *out);
    switch (type) {
    case TYPE_INT2: out->i16 = (int16_t)v; return v == out->i16;
    case TYPE_INT4: out->i32 = (int32_t)v; return v == out->i32;
    case TYPE_INT8: out->i64 = v; return true;
    default: return false;
    }
}

/* The constant in the column's own form; false = not exactly possible. */
static bool column_datum(oid_t column, const struct value *v, union datum *out)
{
    int64_t i;
    if (v->is_null)
        return false;
    if (int_value(v, &i))
        return store_int(column, i, out);
    *out = v->d;
    if (v->type == column || (type_phys(v->type) == PHYS_STR && (column == TYPE_TEXT || column == TYPE_VARCHAR) &&
                              (v->type == TYPE_TEXT || v->type == TYPE_VARCHAR)))
        return true;
    if (column == TYPE_TIMESTAMP && v->type == TYPE_DATE) {
        out->i64 = (int64_t)v->d.i32 * USECS_PER_DAY;
        return v->d.i32 != DATE_NEG_INFINITY && v->d.i32 != DATE_POS_INFINITY && timestamp_in_range(out->i64);
    }
    return false;
}

static void add_pred(struct build *s, struct pred pred)
{
    double selectivity[] = {
        [PRED_EQ] = 0.01, [PRED_NE] = 0.9,      [PRED_LT] = 0.33, [PRED_LE] = 0.33,      [PRED_GT] = 0.33,
        [PRED_GE] = 0.33, [PRED_BETWEEN] = 0.1, [PRED_IN] = 0.03, [PRED_IS_NULL] = 0.01, [PRED_IS_NOT_NULL] = 0.99};
    struct column_stats stats = {0};
    const struct catalog_view *catalog = s->p->bind->catalog;
    if (catalog && catalog->stats && !s->rte->relation.is_virtual)
        catalog->stats(catalog->arg, s->rte->relation.def, pred.column, &stats);
    double part = selectivity[pred.op];
    if (stats.distinct > 1 && (pred.op == PRED_EQ || pred.op == PRED_IN))
        part = MIN_OF(1.0, (pred.op == PRED_IN ? pred.nin : 1) / stats.distinct);
    s->selectivity *= part;
    /* lower and upper bound of one column make one range */
    for (uint32_t i = 0; i < s->npred; i++) {
        struct pred *other = &s->pred[i];
        if (other->column != pred.column)
            continue;
        if (other->op == PRED_GE && pred.op == PRED_LE) {
            other->op = PRED_BETWEEN;
            other->hi = pred.lo;
            return;
        }
        if (other->op == PRED_LE && pred.op == PRED_GE) {
            other->op = PRED_BETWEEN;
            other->hi = other->lo;
            other->lo = pred.lo;
            return;
        }
    }
    s->pred[s->npred++] = pred;
}

static enum pred_op op_code(const char *op, bool swapped)
{
    switch (op[0]) {
    case '=': return PRED_EQ;
    case '<':
        if (op[1] == '>')
            return PRED_NE;
        if (op[1] == '=')
            return swapped ? PRED_GE : PRED_LE;
        return swapped ? PRED_GT : PRED_LT;
    default:
        if (op[1] == '=')
            return swapped ? PRED_LE : PRED_GE;
        return swapped ? PRED_LT : PRED_GT;
    }
}

static const char *const op_names[] = {
    [PRED_EQ] = "=", [PRED_NE] = "<>", [PRED_LT] = "<", [PRED_LE] = "<=", [PRED_GT] = ">", [PRED_GE] = ">="};

/* column OP expression without columns, in one type: the predicate is made when the execution starts. */
static bool late_pred(struct build *s, uint32_t c, enum pred_op op, struct expr *value)
{
    oid_t type = s->rte->type[c].oid == TYPE_VARCHAR ? TYPE_TEXT : s->rte->type[c].oid, from = value->type.oid;
    bool exact = from == type || (type == TYPE_INT8 && (from == TYPE_INT4 || from == TYPE_INT2)) ||
                 (type == TYPE_INT4 && from == TYPE_INT2) || (type == TYPE_TIMESTAMP && from == TYPE_DATE) ||
                 (type == TYPE_TIMESTAMPTZ && (from == TYPE_TIMESTAMP || from == TYPE_DATE));
    if (!exact || expr_volatility(value) == FUNC_VOLATILE || expr_has(value, EXPR_SUBLINK))
        return false;
    const struct operator* found = bind_find_op(s->p->bind, strview_of(op_names[op]), type, type, -2);
    struct expr *args[2] = {column_ref(s->p, c, s->rte->type[c]),
                            coerce(s->p->bind, value, coltype(type), CAST_IMPLICIT, -1)};
    if (!found || !args[1])
        return false;
    args[0]->column = c;
    s->param[s->nparam++] = make_call(s->p, func_by_oid(found->func), coltype(TYPE_BOOL), 2, args);
    s->selectivity *= op == PRED_EQ ? 0.01 : 0.33;
    return true;
}

static bool compare_pred(struct build *s, struct expr *e, const char *op)
{
    for (uint32_t side = 0; side < 2; side++) {
        int64_t c = table_column(s, e->args[side]);
        struct expr *value = e->args[1 - side];
        if (c < 0 || expr_has_column(value))
            continue;
        enum pred_op code = op_code(op, side == 1);
        struct pred pred = {.op = code, .column = (uint32_t)c, .type = s->rte->type[c].oid};
        if (value->kind == EXPR_CONST && column_datum(pred.type, &value->value, &pred.lo)) {
            add_pred(s, pred);
            return true;
        }
        return value->kind != EXPR_CONST ? late_pred(s, (uint32_t)c, code, value)
                                         : value->type.oid != pred.type && late_pred(s, (uint32_t)c, code, value);
    }
    return false;
}

static int by_value(const void *a, const void *b, void *type) { return value_compare(*(oid_t *)type, a, b); }

static bool in_pred(struct build *s, const struct expr *e)
{
    int64_t c = table_column(s, e->args[0]);
    if (c < 0)
        return false;
    oid_t type = s->rte->type[c].oid;
    union datum *in = ARENA_ARRAY(s->p->arena, union datum, e->nargs);
    uint32_t n = 0, unique = 0;
    for (uint32_t i = 1; i < e->nargs; i++) {
        int64_t v;
        if (e->args[i]->kind != EXPR_CONST)
            return false;
        if (e->args[i]->value.is_null)
            continue; /* never makes it true, and a filter takes NULL as false */
        if (column_datum(type, &e->args[i]->value, &in[n]))
            n++;
        else if (!int_value(&e->args[i]->value, &v))
            return false; /* an integer the column cannot hold never matches */
    }
    if (n == 0)
        return false;
    qsort_r(in, n, sizeof *in, by_value, &type);
    for (uint32_t i = 0; i < n; i++)
        if (unique == 0 || value_compare(type, &in[unique - 1], &in[i]) != 0)
            in[unique++] = in[i];
    add_pred(s, unique == 1
                    ? (struct pred){.op = PRED_EQ, .column = (uint32_t)c, .type = type, .lo = in[0]}
                    : (struct pred){.op = PRED_IN, .column = (uint32_t)c, .type = type, .nin = unique, .in = in});
    return true;
}

/* LIKE 'abc%': besides the filter, a range that zone maps understand. */
static void like_range(struct build *s, const struct expr *e)
{
    if (e->kind != EXPR_CALL || e->nargs != 2 || strcmp(e->func->name, "textlike") != 0 ||
        e->args[1]->kind != EXPR_CONST || e->args[1]->value.is_null)
        return;
    int64_t c = table_column(s, e->args[0]);
    struct strview pattern = str_view(&e->args[1]->value.d.str);
    size_t n = 0;
    while (n < pattern.len && !strchr("%_\\", pattern.ptr[n]))
        n++;
    if (c < 0 || n == 0)
        return;
    char *lo = arena_strndup(s->p->arena, pattern.ptr, n), *hi = arena_strndup(s->p->arena, pattern.ptr, n);
    struct pred pred = {.op = PRED_GE, .column = (uint32_t)c, .type = s->rte->type[c].oid, .lo.str = str_make(lo, n)};
    double before = s->selectivity;
    add_pred(s, pred);
    /* The next ASCII string after all that start so; bytes above need no upper bound to be right. */
    if ((unsigned char)hi[n - 1] < 0x7F) {
        hi[n - 1]++;
        pred.op = PRED_LT;
        pred.lo.str = str_make(hi, n);
        add_pred(s, pred);
    }
    s->selectivity = before;
}

static bool null_pred(struct build *s, const struct expr *e)
{
    if (e->args[0]->kind != EXPR_COLUMN)
        return false;
    uint32_t c = e->args[0]->column - s->rte->base;
    enum pred_op op = e->kind == EXPR_IS_NULL ? PRED_IS_NULL : PRED_IS_NOT_NULL;
    add_pred(s, (struct pred){.op = op, .column = c, .type = s->rte->type[c].oid});
    return true;
}

static bool bool_pred(struct build *s, const struct expr *e)
{
    bool value = e->kind == EXPR_COLUMN;
    const struct expr *column = value ? e : e->args[0];
    if (column->kind != EXPR_COLUMN)
        return false;
    add_pred(s,
             (struct pred){.op = PRED_EQ, .column = column->column - s->rte->base, .type = TYPE_BOOL, .lo.b = value});
    return true;
}

static bool to_pred(struct build *s, struct expr *e)
{
    const char *op;
    switch (e->kind) {
    case EXPR_COLUMN:
    case EXPR_NOT: return bool_pred(s, e);
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL: return null_pred(s, e);
    case EXPR_IN: return in_pred(s, e);
    case EXPR_CALL: return is_comparison(e, &op) && compare_pred(s, e, op);
    default: return false;
    }
}

double quals_selectivity(const struct quals *q)
{
    double s = 1;
    const char *op;
    for (uint32_t i = 0; i < q->n; i++)
        s *= q->e[i]->kind == EXPR_IN ? 0.05 : is_comparison(q->e[i], &op) && strcmp(op, "=") == 0 ? 0.05 : 0.4;
    return s;
}

/* A relation without rows: a condition is false for good. */
static bool plan_nothing(struct planner *p, const struct rte *rte, struct rel *out)
{
    uint32_t n = 0;
    out->node = plan_node_new(p, PLAN_VALUES, rte->ncol, 0);
    out->id = ARENA_ARRAY(p->arena, uint32_t, rte->ncol);
    for (uint32_t c = 0; c < rte->ncol; c++)
        if (rte->name[c] && *use_of(p, rte->base + c)) {
            out->node->type[n] = rte->type[c];
            out->node->name[n] = rte->name[c];
            out->id[n++] = rte->base + c;
        }
    out->node->ncol = n;
    return true;
}

static void choose_columns(struct planner *p, const struct rte *rte, struct rel *out)
{
    uint32_t n = 0;
    struct plan_node *node = out->node;
    node->scan.column = ARENA_ARRAY(p->arena, uint32_t, rte->ncol);
    out->id = ARENA_ARRAY(p->arena, uint32_t, rte->ncol);
    for (uint32_t c = 0; c < rte->ncol; c++)
        if (rte->name[c] && *use_of(p, rte->base + c)) {
            node->scan.column[n] = c;
            node->type[n] = rte->type[c];
            node->name[n] = rte->name[c];
            out->id[n++] = rte->base + c;
        }
    node->ncol = n;
}

/* Parameter predicates are over the scan's output, so that they can be filters. */
static void map_late_preds(struct build *s, struct rel *out)
{
    struct plan_node *node = out->node;
    node->scan.nparam_pred = s->nparam;
    node->scan.param_pred = s->param;
    for (uint32_t i = 0; i < s->nparam; i++)
        s->param[i]->args[0]->column = (uint32_t)rel_index(out, s->rte->base + s->param[i]->args[0]->column);
}

bool plan_scan(struct planner *p, const struct rte *rte, const struct quals *quals, struct rel *out)
{
    struct build s = {.p = p, .rte = rte, .selectivity = 1};
    bool plain = p->options->disable_rules || rte->relation.is_virtual;
    s.pred = ARENA_ARRAY(p->arena, struct pred, 2 * (size_t)quals->n);
    s.param = ARENA_ARRAY(p->arena, struct expr *, quals->n);
    for (uint32_t i = 0; i < quals->n; i++) {
        struct expr *e = quals->e[i];
        uint32_t late = s.nparam;
        if (is_const_false(e))
            return plan_nothing(p, rte, out);
        if (!plain && to_pred(&s, e)) {
            if (s.nparam == late)
                use_columns(p, e, -1); /* nothing of it is read unless something else needs it */
            continue;
        }
        if (!plain)
            like_range(&s, e);
        quals_add(p, &s.filter, e);
    }
    out->node = plan_node_new(p, PLAN_SCAN, rte->ncol, 0);
    choose_columns(p, rte, out);
    out->node->scan.relation = rte->relation;
    out->node->scan.alias = rte->aliased ? rte->alias : NULL;
    out->node->scan.npred = s.npred;
    out->node->scan.pred = s.pred;
    out->node->scan.limit = UINT64_MAX;
    out->node->scan.nfilter = s.filter.n;
    out->node->scan.filter = ARENA_ARRAY(p->arena, struct expr *, s.filter.n);
    for (uint32_t i = 0; i < s.filter.n; i++)
        out->node->scan.filter[i] = rel_map(p, out, s.filter.e[i]);
    map_late_preds(&s, out);
    double rows = rte->relation.rows_estimate > 0 ? rte->relation.rows_estimate : 1000;
    p->scanned_rows += rows;
    out->node->rows = MAX_OF(1.0, rows * s.selectivity * quals_selectivity(&s.filter));
    return true;
}
