/* SPDX-License-Identifier: Apache-2.0 */
/* FROM: tables, subqueries, common table expressions, joins. */
#include "planner/bind_int.h"

static struct from_node *bind_item(struct bind *b, struct scope *s, const struct ast_from *f);

static void *grow(struct arena *arena, void *old, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return old;
    *cap = MAX_OF(8u, 2 * *cap);
    void *fresh = arena_zalloc(arena, size_mul(size, *cap));
    copy_some(fresh, old, size * n);
    return fresh;
}

static void add_rte(struct bind *b, struct scope *s, struct rte *rte)
{
    rte->base = b->ncolumn;
    b->ncolumn += rte->ncol;
    b->rte = grow(b->arena, b->rte, b->nrte, &b->caprte, sizeof *b->rte);
    b->rte[b->nrte++] = rte;
    s->rte = grow(b->arena, s->rte, s->nrte, &s->caprte, sizeof *s->rte);
    s->rte[s->nrte++] = rte;
}

struct ns_item *add_item(struct bind *b, struct scope *s, struct rte *rte, const char *name, uint32_t ncol)
{
    struct ns_item *item = ARENA_NEW(b->arena, struct ns_item);
    item->name = name;
    item->rte = rte;
    item->ncol = ncol;
    item->column = ARENA_ARRAY(b->arena, const char *, ncol);
    item->expr = ARENA_ARRAY(b->arena, struct expr *, ncol);
    item->rel_visible = item->cols_visible = true;
    s->item = grow(b->arena, s->item, s->nitem, &s->capitem, sizeof *s->item);
    s->item[s->nitem++] = item;
    return item;
}

/* Renames the first columns by an alias list. */
static bool alias_columns(struct bind *b, struct rte *rte, const struct ast_alias *alias, int32_t location)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rte->ncol; i++)
        if (rte->name[i] && n < alias->ncolumn)
            rte->name[i] = bind_cstr(b, alias->column[n++]);
    if (n == alias->ncolumn)
        return true;
    uint32_t visible = 0;
    for (uint32_t i = 0; i < rte->ncol; i++)
        visible += rte->name[i] != NULL;
    (void)error_set(b->err, SQLSTATE_INVALID_COLUMN_REFERENCE,
                    "table \"%s\" has %u columns available but %u columns specified", rte->alias, visible,
                    alias->ncolumn);
    return bind_fail_at(b, location);
}

static struct from_node *rte_node(struct bind *b, struct scope *s, struct rte *rte)
{
    struct ns_item *item = add_item(b, s, rte, rte->alias, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++) {
        item->column[i] = rte->name[i];
        item->expr[i] = bind_new(b, EXPR_COLUMN, rte->type[i], -1, 0);
        item->expr[i]->column = rte->base + i;
    }
    struct from_node *node = ARENA_NEW(b->arena, struct from_node);
    node->rte = rte;
    return node;
}

struct rte *rte_for_query(struct bind *b, struct scope *s, struct plan_query *q, const char *alias,
                          const struct ast_alias *columns)
{
    struct rte *rte = ARENA_NEW(b->arena, struct rte);
    rte->kind = RTE_QUERY;
    rte->alias = alias;
    rte->aliased = true;
    rte->query = q;
    rte->ncol = q->nvisible;
    rte->name = ARENA_ARRAY(b->arena, const char *, rte->ncol);
    rte->type = ARENA_ARRAY(b->arena, struct coltype, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++) {
        rte->name[i] = q->target[i].name;
        rte->type[i] = q->target[i].expr->type;
    }
    if (columns && !alias_columns(b, rte, columns, -1))
        return NULL;
    add_rte(b, s, rte);
    return rte;
}

static struct bound_cte *find_cte(struct scope *s, const struct ast_name *name)
{
    if (name->schema.len)
        return NULL;
    for (; s; s = s->parent)
        for (uint32_t i = s->ncte; i-- > 0;)
            if (s->cte[i]->query && strview_equal_cstr(name->name, s->cte[i]->name))
                return s->cte[i];
    return NULL;
}

static struct rte *cte_rte(struct bind *b, struct bound_cte *cte)
{
    struct rte *rte = ARENA_NEW(b->arena, struct rte);
    rte->kind = RTE_CTE;
    rte->cte = cte;
    rte->query = cte->query;
    rte->ncol = cte->ncol;
    rte->name = ARENA_ARRAY(b->arena, const char *, rte->ncol);
    rte->type = ARENA_ARRAY(b->arena, struct coltype, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++) {
        rte->name[i] = cte->column[i];
        rte->type[i] = cte->query->target[i].expr->type;
    }
    cte->refs++;
    return rte;
}

struct nearest {
    struct strview name, schema, best_schema, best;
    uint32_t distance;
};

static void near_relation(void *arg, struct strview schema, struct strview name)
{
    struct nearest *n = arg;
    if (strview_equal_cstr(schema, "pg_catalog") || strview_equal_cstr(schema, "information_schema"))
        return;
    uint32_t limit = (uint32_t)MIN_OF(n->name.len / 2, 3);
    uint32_t d = str_distance(n->name, name, limit);
    if (d <= limit && d < n->distance) {
        n->distance = d;
        n->best = name;
        n->best_schema = schema;
    }
}

static void *missing_relation(struct bind *b, const struct ast_name *t)
{
    struct nearest near = {.name = t->name, .schema = t->schema, .distance = UINT32_MAX};
    if (t->schema.len)
        (void)error_set(b->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%.*s.%.*s\" does not exist", (int)t->schema.len,
                        t->schema.ptr, (int)t->name.len, t->name.ptr);
    else
        (void)error_set(b->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", (int)t->name.len,
                        t->name.ptr);
    if (b->catalog->each_relation)
        b->catalog->each_relation(b->catalog->arg, near_relation, &near);
    if (near.distance != UINT32_MAX)
        (void)error_hint(b->err, "Perhaps you meant the table \"%.*s.%.*s\".", (int)near.best_schema.len,
                         near.best_schema.ptr, (int)near.best.len, near.best.ptr);
    return bind_fail_at(b, t->location);
}

static struct rte *relation_rte(struct bind *b, const struct ast_name *t)
{
    struct rte *rte = ARENA_NEW(b->arena, struct rte);
    bool ambiguous = false;
    rte->kind = RTE_RELATION;
    if (!b->catalog->find_relation(b->catalog->arg, t->schema, t->name, t->quoted, &rte->relation, &ambiguous)) {
        if (!ambiguous)
            return missing_relation(b, t);
        (void)error_set(b->err, SQLSTATE_AMBIGUOUS_COLUMN, "table reference \"%.*s\" is ambiguous", (int)t->name.len,
                        t->name.ptr);
        (void)error_hint(b->err, "There are tables whose names differ only in case; put the name in double quotes.");
        (void)bind_fail_at(b, t->location);
        return NULL;
    }
    const struct table_def *def = rte->relation.def;
    rte->ncol = def->ncolumn;
    rte->name = ARENA_ARRAY(b->arena, const char *, rte->ncol);
    rte->type = ARENA_ARRAY(b->arena, struct coltype, rte->ncol);
    rte->attnum = ARENA_ARRAY(b->arena, int16_t, rte->ncol);
    for (uint32_t i = 0; i < rte->ncol; i++) {
        rte->name[i] = def->column[i].dropped ? NULL : def->column[i].name;
        rte->type[i] = def->column[i].type;
        rte->attnum[i] = def->column[i].attnum;
    }
    return rte;
}

static bool is_trap(struct strview alias)
{
    static const char *const words[] = {"asof", "final", "sample", "any", "semi", "anti"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strview_equal_cstr(alias, words[i]))
            return true;
    return false;
}

static bool check_duplicate(struct bind *b, struct scope *s, const char *name, int32_t location)
{
    for (uint32_t i = 0; i < s->nitem; i++) {
        const struct ns_item *item = s->item[i];
        if (!item->rel_visible || !item->name || strcmp(item->name, name) != 0)
            continue;
        (void)error_set(b->err, SQLSTATE_DUPLICATE_ALIAS, "table name \"%s\" specified more than once", name);
        if (is_trap(strview_of(name)))
            (void)error_hint(b->err, "\"%s\" is taken as an alias here.", name);
        return bind_fail_at(b, -1);
    }
    return true;
}

static struct from_node *table_item(struct bind *b, struct scope *s, const struct ast_from *f)
{
    struct bound_cte *cte = find_cte(s, &f->table);
    struct rte *rte = cte ? cte_rte(b, cte) : relation_rte(b, &f->table);
    if (!rte)
        return NULL;
    rte->aliased = f->alias.name.len > 0;
    rte->alias = rte->aliased ? bind_cstr(b, f->alias.name) : cte ? cte->name : rte->relation.def->name;
    if (!alias_columns(b, rte, &f->alias, -1))
        return NULL;
    add_rte(b, s, rte);
    return rte_node(b, s, rte);
}

static struct from_node *select_item(struct bind *b, struct scope *s, const struct ast_from *f)
{
    if (f->lateral)
        return bind_unsupported(b, f->location, NULL, "LATERAL is");
    if (f->alias.name.len == 0) {
        bool values = f->select->nrow > 0;
        (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "%s in FROM must have an alias", values ? "VALUES" : "subquery");
        (void)error_hint(b->err, values ? "For example, FROM (VALUES ...) [AS] foo."
                                        : "For example, FROM (SELECT ...) [AS] foo.");
        (void)bind_fail_at(b, f->location);
        return NULL;
    }
    /* Items to the left cannot be seen from inside, but CTEs and outer queries can. */
    struct scope outer = {.parent = s->parent, .ncte = s->ncte, .cte = s->cte};
    struct plan_query *q = bind_query(b, &outer, f->select);
    if (!q)
        return NULL;
    if (q->kind == QUERY_VALUES && !resolve_values(b, q))
        return NULL;
    struct rte *rte = rte_for_query(b, s, q, bind_cstr(b, f->alias.name), &f->alias);
    return rte ? rte_node(b, s, rte) : NULL;
}

/* ---- joins ---- */

struct side { /* the columns a join sees of one side */
    uint32_t n;
    const char **name;
    struct expr **expr;
};

static void side_columns(struct bind *b, struct scope *s, uint32_t from, uint32_t to, struct side *out)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        n += s->item[i]->cols_visible ? s->item[i]->ncol : 0;
    out->n = 0;
    out->name = ARENA_ARRAY(b->arena, const char *, n);
    out->expr = ARENA_ARRAY(b->arena, struct expr *, n);
    for (uint32_t i = from; i < to; i++)
        for (uint32_t c = 0; s->item[i]->cols_visible && c < s->item[i]->ncol; c++) {
            if (!s->item[i]->column[c])
                continue;
            out->name[out->n] = s->item[i]->column[c];
            out->expr[out->n++] = s->item[i]->expr[c];
        }
}

static int64_t side_find(struct bind *b, const struct side *side, struct strview name, const char *which, bool report)
{
    int64_t found = -1;
    for (uint32_t i = 0; i < side->n; i++) {
        if (!strview_equal_cstr(name, side->name[i]))
            continue;
        if (found >= 0) {
            (void)error_set(b->err, SQLSTATE_AMBIGUOUS_COLUMN,
                            "common column name \"%.*s\" appears more than once in %s table", (int)name.len, name.ptr,
                            which);
            return -2;
        }
        found = i;
    }
    if (found < 0 && report)
        (void)error_set(b->err, SQLSTATE_UNDEFINED_COLUMN,
                        "column \"%.*s\" specified in USING clause does not exist in %s table", (int)name.len, name.ptr,
                        which);
    return found < 0 && report ? -2 : found;
}

/* The merged column of USING: one value from both sides. */
static struct expr *merged(struct bind *b, enum ast_join_kind kind, struct expr *l, struct expr *r)
{
    struct expr *pair[2] = {l, r};
    oid_t type = common_type(b, pair, 2, "JOIN/USING");
    if (!type || !(l = coerce_common(b, l, type, "JOIN/USING")) || !(r = coerce_common(b, r, type, "JOIN/USING")))
        return NULL;
    if (kind != AJ_FULL)
        return kind == AJ_RIGHT ? r : l;
    struct expr *e = bind_new(b, EXPR_COALESCE, coltype(type), -1, 2);
    e->args[0] = l;
    e->args[1] = r;
    return e;
}

static bool natural_names(struct bind *b, const struct side *l, const struct side *r, uint32_t *n, struct strview **out)
{
    *out = ARENA_ARRAY(b->arena, struct strview, l->n);
    *n = 0;
    for (uint32_t i = 0; i < l->n; i++)
        if (side_find(b, r, strview_of(l->name[i]), "right", false) != -1)
            (*out)[(*n)++] = strview_of(l->name[i]);
    return true;
}

/* Builds the USING condition and the join's merged column list: merged columns, rest of left, rest of right. */
static bool using_columns(struct bind *b, const struct ast_from *f, uint32_t n, const struct strview *names,
                          struct side *l, struct side *r, struct from_node *node, struct ns_item *item)
{
    bool *used_l = ARENA_ARRAY(b->arena, bool, l->n), *used_r = ARENA_ARRAY(b->arena, bool, r->n);
    struct expr **conds = ARENA_ARRAY(b->arena, struct expr *, n);
    uint32_t out = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t li = side_find(b, l, names[i], "left", true),
                ri = li < 0 ? -2 : side_find(b, r, names[i], "right", true);
        if (li < 0 || ri < 0)
            return false;
        if (used_l[li]) {
            (void)error_set(b->err, SQLSTATE_DUPLICATE_COLUMN,
                            "column name \"%.*s\" appears more than once in USING "
                            "clause",
                            (int)names[i].len, names[i].ptr);
            return false;
        }
        used_l[li] = used_r[ri] = true;
        item->column[out] = bind_cstr(b, names[i]);
        if (!(item->expr[out++] = merged(b, f->join, l->expr[li], r->expr[ri])))
            return false;
        if (!(conds[i] = bind_op(b, STRVIEW("="), l->expr[li], r->expr[ri], -1)))
            return false;
    }
    for (uint32_t k = 0; k < 2; k++) {
        struct side *side = k ? r : l;
        for (uint32_t i = 0; i < side->n; i++) {
            if ((k ? used_r : used_l)[i])
                continue;
            item->column[out] = side->name[i];
            item->expr[out++] = side->expr[i];
        }
    }
    item->ncol = out;
    if (n == 1)
        node->on = conds[0];
    if (n > 1) {
        node->on = bind_new(b, EXPR_AND, coltype(TYPE_BOOL), -1, n);
        memcpy(node->on->args, conds, n * sizeof *conds);
    }
    return true;
}

/* Errors of conditions see only this join's two sides. */
static bool bind_on(struct bind *b, struct scope *s, const struct ast_from *f, uint32_t first, struct from_node *node)
{
    bool *was = ARENA_ARRAY(b->arena, bool, 2 * (first + 1));
    for (uint32_t i = 0; i < first; i++) {
        was[2 * i] = s->item[i]->rel_visible;
        was[2 * i + 1] = s->item[i]->cols_visible;
        s->item[i]->rel_visible = s->item[i]->cols_visible = false;
    }
    node->on = bind_condition(b, s, f->on, PLACE_JOIN, "JOIN/ON");
    for (uint32_t i = 0; i < first; i++) {
        s->item[i]->rel_visible = was[2 * i];
        s->item[i]->cols_visible = was[2 * i + 1];
    }
    return node->on != NULL;
}

static bool check_sides(struct bind *b, struct scope *s, uint32_t first, uint32_t middle)
{
    for (uint32_t i = middle; i < s->nitem; i++)
        for (uint32_t k = first; k < middle; k++) {
            const struct ns_item *x = s->item[i], *y = s->item[k];
            if (!x->rel_visible || !y->rel_visible || !x->name || !y->name || strcmp(x->name, y->name) != 0)
                continue;
            (void)error_set(b->err, SQLSTATE_DUPLICATE_ALIAS, "table name \"%s\" specified more than once", x->name);
            return false;
        }
    return true;
}

static struct from_node *join_item(struct bind *b, struct scope *s, const struct ast_from *f)
{
    static const enum join_kind kinds[] = {
        [AJ_INNER] = JOIN_INNER, [AJ_LEFT] = JOIN_LEFT, [AJ_RIGHT] = JOIN_RIGHT, [AJ_FULL] = JOIN_FULL};
    struct from_node *node = ARENA_NEW(b->arena, struct from_node);
    uint32_t first = s->nitem, nusing = f->nusing;
    struct strview *names = f->using_column;
    node->kind = FROM_JOIN;
    node->join = kinds[f->join];
    if (!(node->left = bind_item(b, s, f->left)))
        return NULL;
    uint32_t middle = s->nitem;
    if (!(node->right = bind_item(b, s, f->right)) || !check_sides(b, s, first, middle))
        return NULL;
    uint32_t end = s->nitem;
    struct side l, r;
    side_columns(b, s, first, middle, &l);
    side_columns(b, s, middle, end, &r);
    if (f->natural && !natural_names(b, &l, &r, &nusing, &names))
        return NULL;
    const char *alias = f->alias.name.len ? bind_cstr(b, f->alias.name) : NULL;
    if (nusing == 0 && !alias)
        return !f->on || bind_on(b, s, f, first, node) ? node : NULL;
    if (f->on && !bind_on(b, s, f, first, node))
        return NULL;
    struct ns_item *item = add_item(b, s, NULL, alias, l.n + r.n);
    item->rel_visible = alias != NULL;
    if (!using_columns(b, f, nusing, names, &l, &r, node, item))
        return NULL;
    for (uint32_t i = first; i < end; i++) {
        s->item[i]->cols_visible = false;
        if (alias)
            s->item[i]->rel_visible = false;
    }
    if (f->using_alias.len) {
        struct ns_item *only = add_item(b, s, NULL, bind_cstr(b, f->using_alias), nusing);
        memcpy(only->column, item->column, nusing * sizeof *only->column);
        memcpy(only->expr, item->expr, nusing * sizeof *only->expr);
        only->cols_visible = false;
    }
    for (uint32_t i = 0; i < f->alias.ncolumn && i < item->ncol; i++)
        item->column[i] = bind_cstr(b, f->alias.column[i]);
    return node;
}

static struct from_node *bind_item(struct bind *b, struct scope *s, const struct ast_from *f)
{
    struct from_node *out = NULL;
    if (b->depth >= AST_DEPTH_MAX) {
        (void)ast_too_deep(b->err);
        return NULL;
    }
    b->depth++;
    switch (f->kind) {
    case AF_TABLE: out = table_item(b, s, f); break;
    case AF_SELECT: out = select_item(b, s, f); break;
    case AF_JOIN: out = join_item(b, s, f); break;
    case AF_FUNCTION:
        out =
            bind_unsupported(b, f->location, "Only tables and subqueries can stand in FROM.", "functions in FROM are");
        break;
    case AF_UNSUPPORTED:
        out = bind_unsupported(b, f->location, NULL, "%.*s", (int)f->unsupported.len, f->unsupported.ptr);
        break;
    }
    b->depth--;
    return out;
}

bool bind_from(struct bind *b, struct scope *s, const struct ast_select *sel)
{
    for (uint32_t i = 0; i < sel->nfrom; i++) {
        uint32_t before = s->nitem;
        struct from_node *node = bind_item(b, s, sel->from[i]);
        if (!node)
            return false;
        for (uint32_t k = before; k < s->nitem; k++) {
            uint32_t all = s->nitem;
            s->nitem = before;
            bool ok = !s->item[k]->rel_visible || !s->item[k]->name ||
                      check_duplicate(b, s, s->item[k]->name, sel->from[i]->location);
            s->nitem = all;
            if (!ok)
                return false;
        }
        if (s->query->from) {
            struct from_node *join = ARENA_NEW(b->arena, struct from_node);
            join->kind = FROM_JOIN;
            join->join = JOIN_INNER;
            join->left = s->query->from;
            join->right = node;
            node = join;
        }
        s->query->from = node;
    }
    return true;
}

static bool bind_cte(struct bind *b, struct scope *s, const struct ast_cte *c, struct bound_cte *cte)
{
    cte->name = bind_cstr(b, c->name);
    cte->always = c->materialize == CTE_ALWAYS;
    cte->never = c->materialize == CTE_NEVER;
    if (c->query->kind != AST_SELECT) {
        (void)bind_unsupported(b, c->location, NULL, "data-modifying statements in WITH are");
        return false;
    }
    struct scope outer = {.parent = s->parent, .ncte = s->ncte, .cte = s->cte};
    struct plan_query *q = bind_query(b, &outer, c->query->select);
    if (!q)
        return false;
    if (c->ncolumn > q->nvisible) {
        (void)error_set(b->err, SQLSTATE_INVALID_COLUMN_REFERENCE,
                        "WITH query \"%s\" has %u columns available but %u columns specified", cte->name, q->nvisible,
                        c->ncolumn);
        (void)bind_fail_at(b, c->location);
        return false;
    }
    cte->ncol = q->nvisible;
    cte->column = ARENA_ARRAY(b->arena, const char *, cte->ncol);
    for (uint32_t i = 0; i < cte->ncol; i++)
        cte->column[i] = i < c->ncolumn ? bind_cstr(b, c->column[i]) : q->target[i].name;
    cte->query = q;
    return true;
}

bool bind_ctes(struct bind *b, struct scope *s, const struct ast_select *sel)
{
    if (sel->recursive && sel->ncte) {
        (void)bind_unsupported(b, sel->cte[0].location, NULL, "WITH RECURSIVE is");
        return false;
    }
    s->cte = ARENA_ARRAY(b->arena, struct bound_cte *, sel->ncte);
    for (uint32_t i = 0; i < sel->ncte; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (strview_equal(sel->cte[k].name, sel->cte[i].name)) {
                (void)error_set(b->err, SQLSTATE_DUPLICATE_ALIAS, "WITH query name \"%.*s\" specified more than once",
                                (int)sel->cte[i].name.len, sel->cte[i].name.ptr);
                (void)bind_fail_at(b, sel->cte[i].location);
                return false;
            }
        struct bound_cte *cte = ARENA_NEW(b->arena, struct bound_cte);
        if (!bind_cte(b, s, &sel->cte[i], cte))
            return false;
        s->cte[i] = cte;
        s->ncte = i + 1;
    }
    return true;
}
