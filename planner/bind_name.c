/* SPDX-License-Identifier: Apache-2.0 */
/* Names: columns, tables, `*`, PostgreSQL's errors and suggestions for wrong ones, names of result columns. */
#include "planner/bind_int.h"

#include <stdlib.h>

enum { FUZZY_MAX = 3 };

struct rte *rte_of_column(const struct bind *b, uint32_t column)
{
    uint32_t lo = 0, hi = b->nrte;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (b->rte[mid]->base + b->rte[mid]->ncol <= column)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->nrte && b->rte[lo]->base <= column ? b->rte[lo] : NULL;
}

static struct expr *copy_at(struct bind *b, const struct expr *e, int32_t location)
{
    struct expr *c = arena_alloc(b->arena, sizeof *c);
    *c = *e;
    c->location = location;
    return c;
}

static bool has_capital(const char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            return true;
    return false;
}

/* Index of the column of this name in the item, -1 = none, -2 = more than one. nocase: equal but for case. */
static int64_t item_column(const struct ns_item *item, struct strview name, bool nocase)
{
    int64_t found = -1;
    for (uint32_t i = 0; i < item->ncol; i++) {
        const char *c = item->column[i];
        if (!c)
            continue;
        if (nocase ? !(has_capital(c) && strview_equal_nocase(name, strview_of(c))) : !strview_equal_cstr(name, c))
            continue;
        if (found >= 0)
            return -2;
        found = i;
    }
    return found;
}

static struct expr *ambiguous(struct bind *b, struct strview name, int32_t location)
{
    (void)error_set(b->err, SQLSTATE_AMBIGUOUS_COLUMN, "column reference \"%.*s\" is ambiguous", (int)name.len,
                    name.ptr);
    return bind_fail_at(b, location);
}

/* One pass over a scope's visible columns; *failed = ambiguous. */
static struct expr *scan_scope(struct bind *b, struct scope *s, struct strview name, bool nocase, int32_t location,
                               bool *failed)
{
    struct expr *found = NULL;
    for (uint32_t i = 0; i < s->nitem; i++) {
        struct ns_item *item = s->item[i];
        if (!item->cols_visible)
            continue;
        int64_t c = item_column(item, name, nocase);
        if (c == -2 || (c >= 0 && found)) {
            *failed = true;
            return ambiguous(b, name, location);
        }
        if (c >= 0)
            found = item->expr[c];
    }
    return found;
}

static struct expr *scope_column(struct bind *b, struct scope *s, struct strview name, bool quoted, int32_t location,
                                 bool *failed)
{
    struct expr *found = scan_scope(b, s, name, false, location, failed);
    if (!found && !*failed && !quoted)
        found = scan_scope(b, s, name, true, location, failed);
    return found;
}

struct expr *probe_column(struct bind *b, struct scope *s, struct strview name, bool quoted, int32_t location)
{
    struct error saved = *b->err;
    bool failed = false;
    struct expr *e = scope_column(b, s, name, quoted, location, &failed);
    if (failed)
        *b->err = saved;
    return e || failed ? copy_at(b, e ? e : &(struct expr){.kind = EXPR_CONST}, location) : NULL;
}

/* Plain Levenshtein distance, case-sensitive, capped. */
static uint32_t levenshtein(struct strview a, struct strview b, uint32_t cap)
{
    uint32_t row[65];
    if (a.len > 64 || b.len > 64)
        return cap;
    for (uint32_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t above = row[j], change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            row[j] = MIN_OF(MIN_OF(above, row[j - 1]) + 1, change);
            diagonal = above;
        }
    }
    return MIN_OF(row[b.len], cap);
}

struct fuzzy {
    uint32_t distance;
    const struct rte *first_rte, *second_rte;
    const char *first, *second; /* NULL first with first_rte: the column exists but cannot be seen */
};

static void fuzzy_column(struct fuzzy *f, uint32_t penalty, const struct rte *rte, const char *actual,
                         struct strview name)
{
    if (penalty > f->distance)
        return;
    uint32_t d = levenshtein(strview_of(actual), name, 64);
    if (d > name.len / 2)
        return;
    d += penalty;
    if (d < f->distance) {
        *f = (struct fuzzy){d, rte, NULL, actual, NULL};
    } else if (d == f->distance) {
        if (f->second) {
            *f = (struct fuzzy){d - 1, NULL, NULL, NULL, NULL};
        } else if (f->first) {
            f->second_rte = rte;
            f->second = actual;
        } else if (f->distance <= FUZZY_MAX) {
            f->first_rte = rte;
            f->first = actual;
        }
    }
}

/* Nearest columns of all FROM items so far, as PostgreSQL looks for them. */
static void search_near(struct scope *s, struct strview table, struct strview name, struct fuzzy *f)
{
    *f = (struct fuzzy){.distance = FUZZY_MAX + 1};
    for (; s; s = s->parent)
        for (uint32_t i = 0; i < s->nrte; i++) {
            const struct rte *rte = s->rte[i];
            uint32_t penalty = table.len ? levenshtein(table, strview_of(rte->alias), FUZZY_MAX + 1) : 0;
            for (uint32_t c = 0; c < rte->ncol; c++) {
                if (!rte->name[c])
                    continue;
                if (penalty == 0 && strview_equal_cstr(name, rte->name[c])) {
                    *f = (struct fuzzy){0, rte, NULL, NULL, NULL};
                    return;
                }
                fuzzy_column(f, penalty, rte, rte->name[c], name);
            }
        }
}

static struct expr *missing_column(struct bind *b, struct scope *s, struct strview table, struct strview name,
                                   int32_t location)
{
    struct fuzzy f;
    int n = (int)name.len;
    if (table.len)
        (void)error_set(b->err, SQLSTATE_UNDEFINED_COLUMN, "column %.*s.%.*s does not exist", (int)table.len, table.ptr,
                        n, name.ptr);
    else
        (void)error_set(b->err, SQLSTATE_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", n, name.ptr);
    search_near(s, table, name, &f);
    if (f.second_rte)
        (void)error_hint(b->err, "Perhaps you meant to reference the column \"%s.%s\" or the column \"%s.%s\".",
                         f.first_rte->alias, f.first, f.second_rte->alias, f.second);
    else if (f.first_rte && f.first)
        (void)error_hint(b->err, "Perhaps you meant to reference the column \"%s.%s\".", f.first_rte->alias, f.first);
    else if (f.first_rte)
        (void)error_hint(b->err,
                         "There is a column named \"%.*s\" in table \"%s\", but it cannot be referenced from this part "
                         "of the query.",
                         n, name.ptr, f.first_rte->alias);
    return bind_fail_at(b, location);
}

static struct expr *missing_table(struct bind *b, struct scope *s, struct strview table, int32_t location)
{
    const char *alias = NULL;
    bool there = false;
    int n = (int)table.len;
    for (struct scope *at = s; at; at = at->parent)
        for (uint32_t i = 0; i < at->nrte; i++) {
            const struct rte *rte = at->rte[i];
            bool real = rte->kind == RTE_RELATION && strview_equal_cstr(table, rte->relation.def->name);
            if (real && rte->aliased && !strview_equal_cstr(table, rte->alias))
                for (uint32_t k = 0; k < s->nitem; k++)
                    if (s->item[k]->rte == rte && s->item[k]->rel_visible)
                        alias = rte->alias;
            there |= real || strview_equal_cstr(table, rte->alias);
        }
    if (there)
        (void)error_set(b->err, SQLSTATE_UNDEFINED_TABLE, "invalid reference to FROM-clause entry for table \"%.*s\"",
                        n, table.ptr);
    else
        (void)error_set(b->err, SQLSTATE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%.*s\"", n, table.ptr);
    if (alias)
        (void)error_hint(b->err, "Perhaps you meant to reference the table alias \"%s\".", alias);
    else if (there)
        (void)error_hint(b->err,
                         "There is an entry for table \"%.*s\", but it cannot be referenced from this part of the "
                         "query.",
                         n, table.ptr);
    return bind_fail_at(b, location);
}

static bool item_named(const struct ns_item *item, struct strview schema, struct strview name, bool nocase)
{
    if (!item->rel_visible || !item->name)
        return false;
    if (schema.len && (!item->rte || item->rte->kind != RTE_RELATION || item->rte->aliased ||
                       !strview_equal_cstr(schema, item->rte->relation.def->schema_name)))
        return false;
    return nocase ? strview_equal_nocase(name, strview_of(item->name)) : strview_equal_cstr(name, item->name);
}

static struct ns_item *scope_item(struct scope *s, struct strview schema, struct strview name, bool quoted)
{
    for (int nocase = 0; nocase <= !quoted; nocase++)
        for (uint32_t i = 0; i < s->nitem; i++)
            if (item_named(s->item[i], schema, name, nocase))
                return s->item[i];
    return NULL;
}

/* The item that names [0, nname) of e stand for, looking outwards; NULL with an error. */
struct ns_item *find_ns_item(struct bind *b, struct scope *s, const struct ast_expr *e, uint32_t nname)
{
    struct strview schema = nname > 1 ? e->name[nname - 2] : strview_make(NULL, 0);
    struct strview table = e->name[nname - 1];
    struct ns_item *item = scope_item(s, schema, table, e->quoted[nname - 1]);
    if (item)
        return item;
    for (struct scope *outer = s->parent; outer; outer = outer->parent)
        if (scope_item(outer, schema, table, e->quoted[nname - 1]))
            return bind_unsupported(b, e->location, "Rewrite it as a join.", "correlated subqueries are");
    (void)missing_table(b, s, table, e->location);
    return NULL;
}

static struct expr *qualified(struct bind *b, struct scope *s, const struct ast_expr *e)
{
    uint32_t last = e->nname - 1;
    struct ns_item *item = find_ns_item(b, s, e, last);
    if (!item)
        return NULL;
    int64_t c = item_column(item, e->name[last], false);
    if (c == -1 && !e->quoted[last])
        c = item_column(item, e->name[last], true);
    if (c == -2)
        return ambiguous(b, e->name[last], e->location);
    if (c == -1)
        return missing_column(b, s, e->name[last - 1], e->name[last], e->location);
    return copy_at(b, item->expr[c], e->location);
}

static struct expr *too_many_parts(struct bind *b, const struct ast_expr *e)
{
    struct strbuf sb;
    strbuf_init(&sb);
    for (uint32_t i = 0; i < e->nname; i++)
        strbuf_add_fmt(&sb, "%s%.*s", i ? "." : "", (int)e->name[i].len, e->name[i].ptr);
    if (e->nname == 4)
        (void)error_set(b->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: %s",
                        sb.data);
    else
        (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "improper qualified name (too many dotted names): %s", sb.data);
    strbuf_release(&sb);
    return bind_fail_at(b, e->location);
}

struct expr *bind_column(struct bind *b, struct scope *s, const struct ast_expr *e)
{
    bool failed = false;
    if (e->flag) {
        if (e->nname)
            return bind_unsupported(b, e->location, NULL, "a whole row as a value is");
        (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "row expansion via \"*\" is not supported here");
        return bind_fail_at(b, e->location);
    }
    if (e->nname > 3)
        return too_many_parts(b, e);
    if (s->place == PLACE_DEFAULT && s->nitem == 0) {
        (void)error_set(b->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use column reference in DEFAULT expression");
        return bind_fail_at(b, e->location);
    }
    if (e->nname > 1)
        return qualified(b, s, e);
    struct expr *found = scope_column(b, s, e->name[0], e->quoted[0], e->location, &failed);
    if (found || failed)
        return found ? copy_at(b, found, e->location) : NULL;
    for (struct scope *outer = s->parent; outer && !failed; outer = outer->parent)
        if (scope_column(b, outer, e->name[0], e->quoted[0], e->location, &failed))
            return bind_unsupported(b, e->location, "Rewrite it as a join.", "correlated subqueries are");
    if (scope_item(s, strview_make(NULL, 0), e->name[0], e->quoted[0]))
        return bind_unsupported(b, e->location, NULL, "a whole row as a value is");
    return failed ? NULL : missing_column(b, s, strview_make(NULL, 0), e->name[0], e->location);
}

static bool add_item_targets(struct bind *b, struct plan_query *q, struct ns_item *item, int32_t location)
{
    for (uint32_t i = 0; i < item->ncol; i++)
        if (item->column[i] && !add_target(b, q, copy_at(b, item->expr[i], location), item->column[i], false))
            return false;
    return true;
}

/* `*` or t.* in a select list. */
bool expand_star(struct bind *b, struct scope *s, const struct ast_expr *e, struct plan_query *q)
{
    if (e->nname) {
        struct ns_item *item = find_ns_item(b, s, e, e->nname);
        return item && add_item_targets(b, q, item, e->location);
    }
    bool any = false;
    for (uint32_t i = 0; i < s->nitem; i++) {
        if (!s->item[i]->cols_visible)
            continue;
        any = true;
        if (!add_item_targets(b, q, s->item[i], e->location))
            return false;
    }
    if (any)
        return true;
    (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "SELECT * with no tables specified is not valid");
    (void)bind_fail_at(b, e->location);
    return false;
}

/* ---- names of result columns ---- */

static const char *sub_name(struct bind *b, const struct ast_select *sel)
{
    while (sel->set_op)
        sel = sel->left;
    if (sel->nrow)
        return "column1";
    if (sel->ntarget == 0)
        return "?column?";
    return sel->target[0].alias.len ? bind_cstr(b, sel->target[0].alias) : figure_name(b, sel->target[0].expr);
}

/* Strength 2: a name of its own; 1: only if nothing better; 0: none. */
static int figure(struct bind *b, const struct ast_expr *e, const char **name)
{
    int strength;
    switch (e->kind) {
    case AX_COLUMN:
        if (e->nname == 0)
            return 0;
        *name = bind_cstr(b, e->name[e->nname - 1]);
        return 2;
    case AX_FUNC: *name = bind_cstr(b, e->func->name); return 2;
    case AX_NULLIF: *name = "nullif"; return 2;
    case AX_CAST:
        strength = figure(b, e->left, name);
        if (strength <= 1 && e->type->label) {
            *name = e->type->label;
            return 1;
        }
        return strength;
    case AX_COLLATE: return figure(b, e->left, name);
    case AX_EXISTS: *name = "exists"; return 2;
    case AX_SUB_SCALAR: *name = sub_name(b, e->select); return 2;
    case AX_CASE:
        strength = e->right ? figure(b, e->right, name) : 0;
        if (strength <= 1) {
            *name = "case";
            return 1;
        }
        return strength;
    case AX_ARRAY: *name = "array"; return 2;
    case AX_ROW: *name = "row"; return 2;
    case AX_COALESCE: *name = "coalesce"; return 2;
    case AX_GREATEST: *name = "greatest"; return 2;
    case AX_LEAST: *name = "least"; return 2;
    case AX_SQL_VALUE: *name = bind_cstr(b, e->text); return 2;
    default: return 0;
    }
}

const char *figure_name(struct bind *b, const struct ast_expr *e)
{
    const char *name = "?column?";
    (void)figure(b, e, &name);
    return name;
}
