/* SPDX-License-Identifier: Apache-2.0 */
/* From a bound query to a plan: the order of a query's clauses, subqueries that run first, unions. */
#include "planner/plan_int.h"

struct plan_node *plan_node_new(struct planner *p, enum plan_kind kind, uint32_t ncol, uint32_t nchild)
{
    struct plan_node *node = ARENA_NEW(p->arena, struct plan_node);
    node->kind = kind;
    node->id = p->plan->nnode++;
    node->ncol = ncol;
    node->type = ARENA_ARRAY(p->arena, struct coltype, ncol);
    node->name = ARENA_ARRAY(p->arena, const char *, ncol);
    node->nchild = nchild;
    node->child = ARENA_ARRAY(p->arena, struct plan_node *, nchild);
    return node;
}

uint32_t plan_column(struct planner *p) { return p->ncolumn++; }

uint32_t plan_param(struct planner *p, oid_t type)
{
    struct plan *plan = p->plan;
    if (plan->nparam == p->capparam) {
        p->capparam = 2 * p->capparam + 4;
        oid_t *grown = ARENA_ARRAY(p->arena, oid_t, p->capparam);
        if (plan->nparam)
            memcpy(grown, plan->param_type, plan->nparam * sizeof *grown);
        plan->param_type = grown;
    }
    plan->param_type[plan->nparam] = type;
    return plan->nparam++;
}

/* ---- subqueries in expressions ---- */

struct lower {
    struct planner *p;
    struct rel *rel; /* where IN becomes a mark join; NULL = not possible here */
    bool failed;
};

static struct rel limit_node(struct planner *p, const struct rel *in, struct expr *limit, struct expr *offset)
{
    struct rel out = {.node = plan_node_new(p, PLAN_LIMIT, in->node->ncol, 1), .id = in->id};
    out.node->child[0] = in->node;
    memcpy(out.node->type, in->node->type, in->node->ncol * sizeof *in->node->type);
    memcpy(out.node->name, in->node->name, in->node->ncol * sizeof *in->node->name);
    out.node->limit.limit = limit;
    out.node->limit.offset = offset;
    out.node->rows = in->node->rows;
    return out;
}

static struct expr *int8_const(struct planner *p, int64_t v)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    *e = (struct expr){.kind = EXPR_CONST, .type = coltype(TYPE_INT8), .location = -1};
    e->value = (struct value){.type = TYPE_INT8, .d.i64 = v};
    return e;
}

static void set_scan_limit(struct planner *p, struct plan_node *node, const struct expr *limit,
                           const struct expr *offset);

static struct expr *add_init(struct planner *p, const struct expr *sub)
{
    bool exists = sub->sublink.sublink_kind == SUBLINK_EXISTS;
    struct plan *plan = p->plan;
    struct rel rel;
    if (!plan_subquery(p, sub->sublink.query, NULL, NULL, &rel))
        return NULL;
    if (exists) {
        struct expr *one = int8_const(p, 1);
        set_scan_limit(p, rel.node, one, NULL);
        rel = limit_node(p, &rel, one, NULL);
    }
    if (plan->ninit == p->capinit) {
        p->capinit = 2 * p->capinit + 4;
        struct init_plan *grown = ARENA_ARRAY(p->arena, struct init_plan, p->capinit);
        if (plan->ninit)
            memcpy(grown, plan->init, plan->ninit * sizeof *grown);
        plan->init = grown;
    }
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    *e = (struct expr){.kind = EXPR_PARAM, .type = exists ? coltype(TYPE_BOOL) : sub->type, .location = -1};
    e->param = plan_param(p, e->type.oid);
    plan->init[plan->ninit++] =
        (struct init_plan){.kind = exists ? INIT_EXISTS : INIT_SCALAR, .root = rel.node, .param = e->param};
    return e;
}

static struct expr *lower_one(struct expr *e, void *arg)
{
    struct lower *l = arg;
    if (l->failed || e->kind != EXPR_SUBLINK)
        return e->nargs || e->kind == EXPR_AGG ? NULL : e;
    struct expr *out = NULL;
    if (e->sublink.sublink_kind != SUBLINK_IN) {
        out = add_init(l->p, e);
    } else if (!l->rel) {
        (void)bind_unsupported(l->p->bind, e->location, "Put the subquery into FROM.", "IN (subquery) here is");
    } else {
        struct expr tested = *e;
        uint32_t mark;
        tested.args = ARENA_ARRAY(l->p->arena, struct expr *, 1);
        tested.args[0] = expr_map(l->p->arena, e->args[0], lower_one, arg);
        if (!l->failed && rel_covers(l->rel, tested.args[0]) && plan_in(l->p, l->rel, &tested, false, &mark)) {
            *use_of(l->p, mark) += 1;
            out = column_ref(l->p, mark, coltype(TYPE_BOOL));
        } else if (!l->failed && !error_is_set(l->p->err)) {
            (void)bind_unsupported(l->p->bind, e->location, "Put the subquery into FROM.", "IN (subquery) here is");
        }
    }
    l->failed |= out == NULL;
    return out ? out : e;
}

static bool lower(struct planner *p, struct expr **e, struct rel *rel)
{
    struct lower l = {.p = p, .rel = rel};
    if (!expr_has(*e, EXPR_SUBLINK))
        return true;
    *e = expr_map(p->arena, *e, lower_one, &l);
    return !l.failed;
}

static bool has_in(const struct expr *e)
{
    if (e->kind == EXPR_SUBLINK)
        return e->sublink.sublink_kind == SUBLINK_IN;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (has_in(e->args[i]))
            return true;
    return e->kind == EXPR_AGG && e->agg.filter && has_in(e->agg.filter);
}

/* Conditions with IN (subquery) after the joins: semi joins where they can be, else mark joins and a filter. */
static bool apply_later(struct planner *p, struct work *w, struct rel *rel)
{
    struct quals filter = {0};
    for (uint32_t i = 0; i < w->later.n; i++) {
        struct expr *e = w->later.e[i];
        bool semi = e->kind == EXPR_SUBLINK && !has_in(e->args[0]) && !p->options->disable_rules;
        if (semi) {
            struct expr in = *e;
            in.args = ARENA_ARRAY(p->arena, struct expr *, 1);
            in.args[0] = e->args[0];
            if (!lower(p, &in.args[0], NULL) || !plan_in(p, rel, &in, true, NULL))
                return false;
        } else {
            if (!lower(p, &e, rel))
                return false;
            quals_add(p, &filter, e);
        }
    }
    *rel = rel_filter(p, rel, &filter);
    return true;
}

/* ---- clauses ---- */

/* HAVING conditions without aggregates hold for a group as for its rows. */
static void having_to_where(struct planner *p, struct work *w)
{
    struct quals keep = {0};
    for (uint32_t i = 0; i < w->having.n; i++) {
        struct expr *e = w->having.e[i];
        bool move = w->q.ngroup && !expr_has(e, EXPR_AGG) && !has_in(e) && !p->options->disable_rules &&
                    expr_volatility(e) == FUNC_IMMUTABLE;
        quals_add(p, move ? &w->where : &keep, e);
    }
    w->having = keep;
}

static void copy_parts(struct planner *p, const struct plan_query *q, struct work *w)
{
    w->q = *q;
    w->q.target = ARENA_ARRAY(p->arena, struct query_target, q->ntarget);
    copy_some(w->q.target, q->target, q->ntarget * sizeof *q->target);
    w->q.group = ARENA_ARRAY(p->arena, struct expr *, q->ngroup);
    for (uint32_t i = 0; i < q->ntarget; i++)
        w->q.target[i].expr = fold(p, q->target[i].expr);
    for (uint32_t i = 0; i < q->ngroup; i++)
        w->q.group[i] = fold(p, q->group[i]);
    if (q->where)
        quals_split(p, &w->where, fold(p, q->where));
    if (q->having)
        quals_split(p, &w->having, fold(p, q->having));
}

/* Conditions of the query around this one, over its visible columns, become part of WHERE or HAVING where that means
 * the same; the others are left in *above. */
static void push_down(struct planner *p, struct work *w, const struct quals *extra, struct quals *above)
{
    struct plan_query *q = &w->q;
    struct expr **by = ARENA_ARRAY(p->arena, struct expr *, q->nvisible);
    for (uint32_t i = 0; i < q->nvisible; i++)
        by[i] = q->target[i].expr;
    for (uint32_t i = 0; extra && i < extra->n; i++) {
        struct expr *e = substitute(p, extra->e[i], 0, q->nvisible, by);
        bool safe = !p->options->disable_rules && !q->limit && !q->offset && q->from &&
                    expr_volatility(e) != FUNC_VOLATILE && !expr_has(e, EXPR_SUBLINK);
        if (!safe)
            quals_add(p, above, extra->e[i]);
        else
            quals_split(p, q->grouped ? &w->having : &w->where, fold(p, e));
    }
}

static void count_from(struct planner *p, const struct from_node *from)
{
    if (!from || from->kind == FROM_RTE)
        return;
    if (from->on)
        use_columns(p, from->on, 1);
    count_from(p, from->left);
    count_from(p, from->right);
}

static bool wanted(const struct plan_query *q, const bool *used, uint32_t target)
{
    if (!used || q->distinct || target >= q->nvisible || used[target])
        return true;
    for (uint32_t i = 0; i < q->nsort; i++)
        if (q->sort[i].target == target)
            return true;
    return false;
}

/* Targets that nobody reads are not computed: their columns are not read either. */
static void drop_unwanted(struct planner *p, struct work *w, const bool *used)
{
    for (uint32_t i = 0; i < w->q.ntarget; i++) {
        if (wanted(&w->q, used, i))
            continue;
        struct expr *null = ARENA_NEW(p->arena, struct expr);
        null->kind = EXPR_CONST;
        null->type = w->q.target[i].expr->type;
        null->location = -1;
        null->value = (struct value){.type = null->type.oid, .is_null = true};
        w->q.target[i].expr = null;
    }
}

static void count_uses(struct planner *p, const struct work *w, const bool *used)
{
    const struct plan_query *q = &w->q;
    for (uint32_t i = 0; i < q->ntarget; i++)
        if (wanted(q, used, i))
            use_columns(p, q->target[i].expr, 1);
    for (uint32_t i = 0; i < q->ngroup; i++)
        use_columns(p, q->group[i], 1);
    for (uint32_t i = 0; i < w->where.n; i++)
        use_columns(p, w->where.e[i], 1);
    for (uint32_t i = 0; i < w->having.n; i++)
        use_columns(p, w->having.e[i], 1);
    for (uint32_t i = 0; i < w->later.n; i++)
        use_columns(p, w->later.e[i], 1);
    count_from(p, q->from);
}

/* One row without columns. */
static struct rel one_row(struct planner *p)
{
    struct rel out = {.node = plan_node_new(p, PLAN_VALUES, 0, 0), .id = NULL};
    out.node->values.nrow = 1;
    out.node->values.row = ARENA_ARRAY(p->arena, struct expr **, 1);
    out.node->rows = 1;
    return out;
}

static bool plan_rows(struct planner *p, struct work *w, struct rel *rel)
{
    struct quals plain = {0};
    for (uint32_t i = 0; i < w->where.n; i++) {
        if (has_in(w->where.e[i]))
            quals_add(p, &w->later, w->where.e[i]);
        else if (!lower(p, &w->where.e[i], NULL))
            return false;
        else
            quals_add(p, &plain, w->where.e[i]);
    }
    if (w->q.from) {
        if (!plan_from(p, w->q.from, &plain, rel))
            return false;
    } else {
        *rel = one_row(p);
        *rel = rel_filter(p, rel, &plain);
    }
    return apply_later(p, w, rel);
}

/* The select list over rel; *out's columns are numbered by target. */
static void project_targets(struct planner *p, const struct plan_query *q, const bool *used, const struct rel *rel,
                            struct rel *out)
{
    uint32_t n = 0;
    struct expr **e = ARENA_ARRAY(p->arena, struct expr *, q->ntarget);
    uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, q->ntarget);
    for (uint32_t i = 0; i < q->ntarget; i++) {
        if (!wanted(q, used, i))
            continue;
        e[n] = q->target[i].expr;
        id[n++] = i;
    }
    *out = rel_project(p, rel, n, e, id);
    for (uint32_t i = 0; i < n; i++)
        if (out->node != rel->node || !out->node->name[i])
            out->node->name[i] = q->target[id[i]].name;
}

static bool const_count(const struct expr *e, uint64_t *out)
{
    *out = 0;
    if (!e)
        return true;
    if (e->kind != EXPR_CONST || e->value.is_null || e->value.d.i64 < 0)
        return false;
    *out = (uint64_t)e->value.d.i64;
    return true;
}

/* A scan that only projections separate from the limit stops early. */
static void set_scan_limit(struct planner *p, struct plan_node *node, const struct expr *limit,
                           const struct expr *offset)
{
    uint64_t n, skip;
    if (!limit || !const_count(limit, &n) || !const_count(offset, &skip) || p->options->disable_rules)
        return;
    while (node->kind == PLAN_PROJECT)
        node = node->child[0];
    if (node->kind == PLAN_SCAN)
        node->scan.limit = MIN_OF(node->scan.limit, n + skip < n ? UINT64_MAX : n + skip);
}

static bool sort_and_limit(struct planner *p, const struct plan_query *q, struct rel *rel)
{
    struct expr *limit = q->limit ? fold(p, q->limit) : NULL, *offset = q->offset ? fold(p, q->offset) : NULL;
    if ((limit && !lower(p, &limit, NULL)) || (offset && !lower(p, &offset, NULL)))
        return false;
    uint64_t n, skip;
    bool constant = limit && const_count(limit, &n) && const_count(offset, &skip);
    if (q->nsort) {
        struct rel out = limit_node(p, rel, NULL, NULL);
        out.node->kind = PLAN_SORT;
        out.node->sort.nkey = q->nsort;
        out.node->sort.key = ARENA_ARRAY(p->arena, struct plan_sort_key, q->nsort);
        for (uint32_t i = 0; i < q->nsort; i++)
            out.node->sort.key[i] = (struct plan_sort_key){.column = (uint32_t)rel_index(rel, q->sort[i].target),
                                                           .desc = q->sort[i].desc,
                                                           .nulls_first = q->sort[i].nulls_first};
        out.node->sort.limit = limit;
        out.node->sort.offset = offset;
        *rel = out;
    } else if (limit || offset) {
        set_scan_limit(p, rel->node, limit, offset);
        *rel = limit_node(p, rel, limit, offset);
    }
    if (constant)
        rel->node->rows = MIN_OF(rel->node->rows, (double)n);
    return true;
}

/* Conditions over visible columns above a finished query. */
static struct rel filter_above(struct planner *p, const struct rel *in, const struct quals *above)
{
    return rel_filter(p, in, above);
}

/* Targets sorted or compared must survive even if the parent does not read them. */
static const bool *with_conditions(struct planner *p, const struct plan_query *q, const bool *used,
                                   const struct quals *extra)
{
    if (!used || !extra || extra->n == 0)
        return used;
    bool *all = ARENA_ARRAY(p->arena, bool, q->nvisible);
    struct planner scratch = {.arena = p->arena};
    for (uint32_t i = 0; i < extra->n; i++)
        use_columns(&scratch, extra->e[i], 1);
    for (uint32_t i = 0; i < q->nvisible; i++)
        all[i] = used[i] || *use_of(&scratch, i);
    return all;
}

static bool plan_select(struct planner *p, const struct plan_query *q, const bool *used, const struct quals *extra,
                        struct rel *out)
{
    struct work w = {0};
    struct quals above = {0};
    struct rel rel;
    copy_parts(p, q, &w);
    push_down(p, &w, extra, &above);
    used = with_conditions(p, q, used, &above);
    flatten(p, &w);
    having_to_where(p, &w);
    drop_unwanted(p, &w, used);
    count_uses(p, &w, used);
    if (!plan_rows(p, &w, &rel))
        return false;
    for (uint32_t i = 0; i < w.q.ntarget; i++)
        if (!lower(p, &w.q.target[i].expr, w.q.grouped ? NULL : &rel))
            return false;
    for (uint32_t i = 0; i < w.q.ngroup; i++)
        if (!lower(p, &w.q.group[i], NULL))
            return false;
    for (uint32_t i = 0; i < w.having.n; i++)
        if (!lower(p, &w.having.e[i], NULL))
            return false;
    if (w.q.grouped && !plan_grouping(p, &w, &rel))
        return false;
    project_targets(p, &w.q, used, &rel, out);
    if (w.q.distinct)
        *out = plan_distinct(p, out, w.q.nvisible);
    if (!sort_and_limit(p, &w.q, out))
        return false;
    *out = filter_above(p, out, &above);
    return true;
}

/* ---- VALUES and UNION ---- */

static void number_targets(struct planner *p, const struct plan_query *q, struct rel *rel)
{
    rel->id = ARENA_ARRAY(p->arena, uint32_t, rel->node->ncol);
    for (uint32_t i = 0; i < rel->node->ncol; i++) {
        rel->id[i] = i;
        rel->node->type[i] = q->target[i].expr->type;
        rel->node->name[i] = q->target[i].name;
    }
}

/* ORDER BY of VALUES and UNION may hold expressions over the columns (only VALUES): junk targets. */
static bool finish_list(struct planner *p, const struct plan_query *q, struct rel *rel)
{
    if (q->ntarget > q->nvisible) {
        struct expr **e = ARENA_ARRAY(p->arena, struct expr *, q->ntarget);
        uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, q->ntarget);
        for (uint32_t i = 0; i < rel->node->ncol; i++)
            rel->id[i] = q->base + i;
        for (uint32_t i = 0; i < q->ntarget; i++) {
            e[i] = q->target[i].expr;
            id[i] = i;
        }
        *rel = rel_project(p, rel, q->ntarget, e, id);
    }
    return sort_and_limit(p, q, rel);
}

static bool plan_values(struct planner *p, const struct plan_query *q, struct rel *out)
{
    struct plan_query copy = *q;
    copy.bind->err = p->err;
    if (!resolve_values(p->bind, &copy))
        return false;
    out->node = plan_node_new(p, PLAN_VALUES, q->nvisible, 0);
    number_targets(p, q, out);
    out->node->values.nrow = q->nrow;
    out->node->values.row = ARENA_ARRAY(p->arena, struct expr **, q->nrow);
    out->node->rows = q->nrow;
    for (uint32_t i = 0; i < q->nrow; i++) {
        out->node->values.row[i] = ARENA_ARRAY(p->arena, struct expr *, q->nvisible);
        for (uint32_t c = 0; c < q->nvisible; c++) {
            struct expr *e = fold(p, copy.row[i][c]);
            if (!lower(p, &e, NULL))
                return false;
            out->node->values.row[i][c] = e;
        }
    }
    return finish_list(p, q, out);
}

static bool plan_arm(struct planner *p, const struct plan_query *q, const struct query_arm *arm, struct rel *out)
{
    uint32_t *id = ARENA_ARRAY(p->arena, uint32_t, q->nvisible);
    struct rel rel;
    if (!plan_subquery(p, arm->query, NULL, NULL, &rel))
        return false;
    for (uint32_t i = 0; i < q->nvisible; i++)
        id[i] = i;
    *out = rel_project(p, &rel, q->nvisible, arm->cast, id);
    return true;
}

static bool plan_union(struct planner *p, const struct plan_query *q, struct rel *out)
{
    out->node = plan_node_new(p, PLAN_UNION_ALL, q->nvisible, q->narm);
    number_targets(p, q, out);
    for (uint32_t i = 0; i < q->narm; i++) {
        struct rel arm;
        if (!plan_arm(p, q, &q->arm[i], &arm))
            return false;
        out->node->child[i] = arm.node;
        out->node->rows += arm.node->rows;
    }
    if (q->union_distinct)
        *out = plan_distinct(p, out, q->nvisible);
    return finish_list(p, q, out);
}

bool plan_subquery(struct planner *p, const struct plan_query *q, const bool *used, const struct quals *extra,
                   struct rel *out)
{
    if (q->kind == QUERY_SELECT)
        return plan_select(p, q, used, extra, out);
    if (!(q->kind == QUERY_VALUES ? plan_values(p, q, out) : plan_union(p, q, out)))
        return false;
    if (extra && extra->n)
        *out = rel_filter(p, out, extra);
    return true;
}

/* Rows that joins are expected to make: their work is not in the scans. */
static double join_rows(const struct plan_node *node)
{
    double rows = node->kind == PLAN_JOIN ? node->rows : 0;
    for (uint32_t i = 0; i < node->nchild; i++)
        rows += join_rows(node->child[i]);
    return rows;
}

bool sql_plan(struct arena *arena, const struct bound_query *query, const struct plan_options *options,
              struct plan **out, struct error *err)
{
    static const struct plan_options none = {0};
    struct plan_query *q = query->query;
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct planner p = {
        .arena = arena, .bind = q->bind, .options = options ? options : &none, .err = err, .plan = plan};
    struct rel root;
    struct arena *bind_arena = q->bind->arena;
    error_clear(err);
    p.ncolumn = q->bind->ncolumn;
    p.bind->err = err;
    p.bind->arena = arena; /* what the binder's helpers make now belongs to the plan */
    plan->arena = arena;
    plan->nparam_client = query->nparam;
    for (uint32_t i = 0; i < query->nparam; i++)
        (void)plan_param(&p, query->param_type[i]);
    bool ok = plan_subquery(&p, q, NULL, NULL, &root);
    p.bind->arena = bind_arena;
    p.bind->catalog = NULL; /* it is the caller's only until here */
    if (!ok)
        return false;
    plan->nfragment = 1;
    plan->fragment = ARENA_ARRAY(arena, struct plan_fragment, 1);
    plan->fragment[0].root = root.node;
    plan->ncol = q->nvisible;
    plan->cost_us = (p.scanned_rows + join_rows(root.node)) / 100 + plan->nnode;
    if (p.options->debug_fragments)
        cut_fragments(&p, plan);
    *out = plan;
    return true;
}
