/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolution of functions and operators by the rules of PostgreSQL's manual, chapter 10: exact match, then candidates
 * by castability, exact matches, preferred types, categories of untyped literals.
 */
#include "planner/bind_int.h"

#include <stdarg.h>

enum { PG_TYPEOF = 1619 }; /* the one function of "any" that wants to see unknown */

struct candidate {
    const void *what; /* struct func or struct operator */
    oid_t arg[FUNC_ARGS_MAX];
    bool removed;
};

static char type_category(oid_t oid)
{
    const struct type_info *info = type_by_oid(oid);
    return info ? info->category : 'X';
}

static bool preferred(char category, oid_t oid)
{
    const struct type_info *info = type_by_oid(oid);
    return info && info->category == category && info->preferred;
}

/* Keeps the candidates with the highest score (of those in play). */
static uint32_t keep_best(struct candidate *c, uint32_t n, const uint32_t *score, bool zero_keeps_all)
{
    uint32_t best = 0, left = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!c[i].removed)
            best = MAX_OF(best, score[i]);
    for (uint32_t i = 0; i < n; i++) {
        if (!c[i].removed && score[i] < best && (best || !zero_keeps_all))
            c[i].removed = true;
        left += !c[i].removed;
    }
    return left;
}

static struct candidate *only(struct candidate *c, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!c[i].removed)
            return &c[i];
    return NULL;
}

static uint32_t score_matches(struct candidate *c, uint32_t n, const oid_t *in, uint32_t nargs, bool with_preferred,
                              struct arena *arena)
{
    uint32_t *score = ARENA_ARRAY(arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t a = 0; a < nargs; a++)
            if (in[a] != TYPE_UNKNOWN)
                score[i] += c[i].arg[a] == in[a] || (with_preferred && preferred(type_category(in[a]), c[i].arg[a]));
    return keep_best(c, n, score, true);
}

/* Category each untyped argument must have; false = candidates disagree. */
static bool slot_category(const struct candidate *c, uint32_t n, uint32_t a, char *category, bool *has_preferred)
{
    bool conflict = false;
    *category = '\0';
    *has_preferred = false;
    for (uint32_t i = 0; i < n; i++) {
        if (c[i].removed)
            continue;
        const struct type_info *info = type_by_oid(c[i].arg[a]);
        char now = info ? info->category : 'X';
        bool is_preferred = info && info->preferred;
        if (*category == '\0') {
            *category = now;
            *has_preferred = is_preferred;
        } else if (*category == now) {
            *has_preferred |= is_preferred;
        } else if (now == 'S') {
            *category = now;
            *has_preferred = is_preferred;
        } else {
            conflict = true;
        }
    }
    return !conflict || *category == 'S';
}

/* Drops candidates by the categories of the untyped arguments; returns how many are left (never 0). */
static uint32_t by_category(struct candidate *c, uint32_t n, const oid_t *in, uint32_t nargs)
{
    char category[FUNC_ARGS_MAX];
    bool has_preferred[FUNC_ARGS_MAX], drop;
    uint32_t left = 0, all = 0;
    for (uint32_t i = 0; i < n; i++)
        all += !c[i].removed;
    for (uint32_t a = 0; a < nargs; a++)
        if (in[a] == TYPE_UNKNOWN && !slot_category(c, n, a, &category[a], &has_preferred[a]))
            return all;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < n; i++) {
            drop = false;
            for (uint32_t a = 0; a < nargs; a++) {
                if (in[a] != TYPE_UNKNOWN)
                    continue;
                const struct type_info *info = type_by_oid(c[i].arg[a]);
                drop |= !info || info->category != category[a] || (has_preferred[a] && !info->preferred);
            }
            if (pass == 0)
                left += !c[i].removed && !drop;
            else
                c[i].removed |= drop;
        }
        if (left == 0)
            return all;
    }
    return left;
}

/* All typed arguments have one type: suppose the untyped ones have it as well. */
static struct candidate *last_gasp(struct candidate *c, uint32_t n, const oid_t *in, uint32_t nargs)
{
    oid_t known = TYPE_UNKNOWN, guess[FUNC_ARGS_MAX];
    for (uint32_t a = 0; a < nargs; a++) {
        if (in[a] == TYPE_UNKNOWN)
            continue;
        if (known != TYPE_UNKNOWN && known != in[a])
            return NULL;
        known = in[a];
    }
    if (known == TYPE_UNKNOWN)
        return NULL;
    for (uint32_t a = 0; a < nargs; a++)
        guess[a] = known;
    struct candidate *found = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (c[i].removed || !can_coerce(nargs, guess, c[i].arg, CAST_IMPLICIT))
            continue;
        if (found)
            return NULL;
        found = &c[i];
    }
    return found;
}

/* func_match_argtypes and func_select_candidate. *none: nothing matches; NULL without none: ambiguous. */
static struct candidate *select_candidate(struct bind *b, struct candidate *c, uint32_t n, const oid_t *in,
                                          uint32_t nargs, bool *none)
{
    uint32_t left = 0, unknown = 0;
    for (uint32_t i = 0; i < n; i++) {
        c[i].removed |= !can_coerce(nargs, in, c[i].arg, CAST_IMPLICIT);
        left += !c[i].removed;
    }
    *none = left == 0;
    if (left <= 1)
        return only(c, n);
    for (uint32_t a = 0; a < nargs; a++)
        unknown += in[a] == TYPE_UNKNOWN;
    if (score_matches(c, n, in, nargs, false, b->arena) == 1)
        return only(c, n);
    if (score_matches(c, n, in, nargs, true, b->arena) == 1)
        return only(c, n);
    if (unknown == 0)
        return NULL;
    if (by_category(c, n, in, nargs) == 1)
        return only(c, n);
    return unknown < nargs ? last_gasp(c, n, in, nargs) : NULL;
}

/* ---- operators ---- */

static void op_signature(struct bind *b, struct strbuf *sb, struct strview name, oid_t left, oid_t right)
{
    if (left)
        strbuf_add_fmt(sb, "%s ", type_text(b, left));
    strbuf_add_view(sb, name);
    strbuf_add_fmt(sb, " %s", type_text(b, right));
}

static void op_error(struct bind *b, struct strview name, oid_t left, oid_t right, bool ambiguous, int32_t location)
{
    struct strbuf sb;
    strbuf_init(&sb);
    op_signature(b, &sb, name, left, right);
    if (ambiguous) {
        (void)error_set(b->err, SQLSTATE_AMBIGUOUS_FUNCTION, "operator is not unique: %s", sb.data);
        (void)error_hint(b->err, "Could not choose a best candidate operator. "
                                 "You might need to add explicit type casts.");
    } else {
        (void)error_set(b->err, SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: %s", sb.data);
        (void)error_hint(b->err, left && right ? "No operator matches the given name and argument types. "
                                                 "You might need to add explicit type casts."
                                               : "No operator matches the given name and argument type. "
                                                 "You might need to add an explicit type cast.");
    }
    strbuf_release(&sb);
    (void)bind_fail_at(b, location);
}

static const struct operator* exact_op(const struct operator* const * all, uint32_t n, oid_t left, oid_t right)
{
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->left == left && all[i]->right == right)
            return all[i];
    return NULL;
}

const struct operator* bind_find_op(struct bind *b, struct strview name, oid_t left, oid_t right, int32_t location)
{
    uint32_t n, m = 0;
    const struct operator* const * all = operator_candidates(name, &n);
    oid_t l = left == TYPE_UNKNOWN ? right : left, r = right == TYPE_UNKNOWN && left ? left : right;
    const struct operator* op = exact_op(all, n, l, r);
    if (op)
        return op;
    struct candidate *c = ARENA_ARRAY(b->arena, struct candidate, n);
    oid_t in[2] = {left ? left : right, right};
    uint32_t nargs = left ? 2 : 1;
    for (uint32_t i = 0; i < n; i++) {
        if ((all[i]->left == 0) != (left == 0))
            continue;
        c[m].what = all[i];
        c[m].arg[0] = left ? all[i]->left : all[i]->right;
        c[m].arg[1] = all[i]->right;
        m++;
    }
    bool none;
    struct candidate *found = select_candidate(b, c, m, in, nargs, &none);
    if (!found && location != -2)
        op_error(b, name, left, right, !none, location);
    return found ? found->what : NULL;
}

static struct expr *make_op(struct bind *b, const struct operator* op, struct expr *left, struct expr *right,
                            int32_t location)
{
    const struct func *f = func_by_oid(op->func);
    if (!f)
        return bind_unsupported(b, location, NULL, "the operator %s for these types is", op->name);
    struct expr *call = bind_new(b, EXPR_CALL, coltype(op->result), location, left ? 2 : 1);
    uint32_t at = 0;
    call->func = f;
    if (left && !(call->args[at++] = coerce(b, left, coltype(op->left), CAST_IMPLICIT, location)))
        return NULL;
    if (!(call->args[at] = coerce(b, right, coltype(op->right), CAST_IMPLICIT, location)))
        return NULL;
    return call;
}

/* text || anything and anything || text: PostgreSQL defines them as a cast of the other side to text. */
static bool concat_with_text(struct bind *b, struct strview name, struct expr **left, struct expr **right)
{
    if (!strview_equal_cstr(name, "||") || !*left)
        return true;
    oid_t l = (*left)->type.oid, r = (*right)->type.oid;
    char lc = type_category(l), rc = type_category(r);
    bool l_text = lc == 'S' || l == TYPE_UNKNOWN, r_text = rc == 'S' || r == TYPE_UNKNOWN;
    if (l_text == r_text || bind_find_op(b, name, l, r, -2))
        return true;
    struct expr **other = l_text ? right : left;
    char category = l_text ? rc : lc;
    if (category == 'A' || (*other)->type.oid == TYPE_JSONB || (*other)->type.oid == TYPE_BYTEA)
        return true;
    return (*other = coerce(b, *other, coltype(TYPE_TEXT), CAST_EXPLICIT, -1)) != NULL;
}

struct expr *bind_op(struct bind *b, struct strview name, struct expr *left, struct expr *right, int32_t location)
{
    if (!concat_with_text(b, name, &left, &right))
        return NULL;
    const struct operator* op =
        bind_find_op(b, name, left ? left->type.oid : 0, right->type.oid, location < 0 ? -1 : location);
    return op ? make_op(b, op, left, right, location) : NULL;
}

const struct func *bind_equality(struct bind *b, oid_t type, oid_t *as)
{
    const struct operator* op = bind_find_op(b, STRVIEW("="), type, type, -2);
    if (!op || op->left != op->right || !binary_coercible(type, op->left))
        return NULL;
    *as = op->left;
    return func_by_oid(op->func);
}

bool bind_has_order(struct bind *b, oid_t type)
{
    const struct operator* op = bind_find_op(b, STRVIEW("<"), type, type, -2);
    return op && binary_coercible(type, op->left);
}

/* ---- functions ---- */

static void func_signature(struct bind *b, struct strbuf *sb, const struct ast_expr *e, struct expr **args,
                           uint32_t nargs)
{
    if (e->func->schema.len && !strview_equal_cstr(e->func->schema, "pg_catalog"))
        strbuf_add_fmt(sb, "%.*s.", (int)e->func->schema.len, e->func->schema.ptr);
    else if (e->func->schema.len)
        strbuf_add_cstr(sb, "pg_catalog.");
    strbuf_add_view(sb, e->func->name);
    strbuf_add_char(sb, '(');
    for (uint32_t i = 0; i < nargs; i++)
        strbuf_add_fmt(sb, "%s%s", i ? ", " : "", type_text(b, args[i]->type.oid));
    strbuf_add_char(sb, ')');
}

static struct expr *func_error(struct bind *b, const struct ast_expr *e, struct expr **args, uint32_t nargs,
                               bool ambiguous)
{
    struct strbuf sb;
    strbuf_init(&sb);
    func_signature(b, &sb, e, args, nargs);
    if (ambiguous) {
        (void)error_set(b->err, SQLSTATE_AMBIGUOUS_FUNCTION, "function %s is not unique", sb.data);
        (void)error_hint(b->err, "Could not choose a best candidate function. "
                                 "You might need to add explicit type casts.");
    } else {
        (void)error_set(b->err, SQLSTATE_UNDEFINED_FUNCTION, "function %s does not exist", sb.data);
        (void)error_hint(b->err, "No function matches the given name and argument types. "
                                 "You might need to add explicit type casts.");
        const char *near[3];
        uint32_t known, n = 0;
        (void)func_candidates(e->func->name, &known);
        if (known == 0)
            n = func_similar(e->func->name, near, 1);
        if (n && str_distance(e->func->name, strview_of(near[0]), 2) <= (e->func->name.len > 5 ? 2 : 1))
            (void)error_detail(b->err, "There is a function named \"%s\".", near[0]);
    }
    strbuf_release(&sb);
    return bind_fail_at(b, e->location);
}

/* Argument types of a candidate for a call with nargs arguments; false = not callable so. */
static bool call_types(const struct func *f, uint32_t nargs, oid_t *arg)
{
    if (nargs > FUNC_ARGS_MAX && !f->variadic_any)
        return false;
    if (f->variadic_any) {
        if (nargs < f->nargs)
            return false;
        for (uint32_t i = 0; i < MIN_OF(nargs, FUNC_ARGS_MAX); i++)
            arg[i] = f->arg[MIN_OF(i, f->nargs - 1u)];
        return true;
    }
    if (nargs > f->nargs || nargs + f->ndefault < f->nargs)
        return false;
    memcpy(arg, f->arg, sizeof(oid_t) * nargs);
    return true;
}

static bool types_equal(const oid_t *a, const oid_t *b, uint32_t n)
{
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

static const struct func *find_func(struct bind *b, struct strview name, const oid_t *in, uint32_t nargs, bool *none)
{
    uint32_t n, m = 0;
    const struct func *const *all = func_candidates(name, &n);
    struct candidate *c = ARENA_ARRAY(b->arena, struct candidate, n);
    uint32_t compared = MIN_OF(nargs, FUNC_ARGS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        if (!call_types(all[i], nargs, c[m].arg))
            continue;
        c[m++].what = all[i];
        if (types_equal(c[m - 1].arg, in, compared) && nargs <= FUNC_ARGS_MAX)
            return all[i];
    }
    struct candidate *found = select_candidate(b, c, m, in, compared, none);
    return found ? found->what : NULL;
}

/* Result type of a polymorphic function. */
static oid_t result_type(const struct func *f, struct expr **args, uint32_t nargs)
{
    if (f->result != TYPE_ANYELEMENT && f->result != TYPE_ANYARRAY && f->result != TYPE_ANY)
        return f->result;
    for (uint32_t i = 0; i < nargs; i++) {
        oid_t declared = f->arg[MIN_OF(i, f->nargs - 1u)], actual = args[i]->type.oid;
        const struct type_info *info = type_by_oid(actual);
        if (!info || (declared != TYPE_ANYELEMENT && declared != TYPE_ANYARRAY && declared != TYPE_ANY))
            continue;
        oid_t element = declared == TYPE_ANYARRAY ? info->elem_oid : actual;
        if (f->result == TYPE_ANYARRAY)
            return declared == TYPE_ANYARRAY ? actual : info->array_oid;
        return element;
    }
    return f->result;
}

/* Arguments coerced to the function's types; left-out defaults stay left out. */
static bool coerce_args(struct bind *b, const struct func *f, struct expr **args, uint32_t nargs)
{
    oid_t generic = 0;
    for (uint32_t i = 0; i < nargs; i++) {
        oid_t to = f->arg[MIN_OF(i, f->nargs - 1u)];
        if (to == TYPE_ANYELEMENT && args[i]->type.oid != TYPE_UNKNOWN)
            generic = args[i]->type.oid;
    }
    for (uint32_t i = 0; i < nargs; i++) {
        oid_t to = f->arg[MIN_OF(i, f->nargs - 1u)];
        if (to == TYPE_ANYELEMENT && generic)
            to = generic;
        if ((to == TYPE_ANY || to == TYPE_ANYELEMENT) && args[i]->type.oid == TYPE_UNKNOWN)
            to = f->variadic_any || to == TYPE_ANYELEMENT ? TYPE_TEXT : to;
        if (to == TYPE_ANY && args[i]->type.oid == TYPE_UNKNOWN && args[i]->kind == EXPR_CONST && f->oid != PG_TYPEOF)
            to = TYPE_TEXT; /* count('x'): the value itself does not matter */
        if (!(args[i] = coerce(b, args[i], coltype(to), CAST_IMPLICIT, args[i]->location)))
            return false;
    }
    return true;
}

/* typename(x) as a cast. NULL without an error: not one. */
static struct expr *func_as_cast(struct bind *b, const struct ast_expr *e, struct expr *arg, bool *is_cast)
{
    uint32_t n;
    const struct type_info *all = type_all(&n), *info = NULL;
    *is_cast = false;
    for (uint32_t i = 0; i < n; i++)
        if (strview_equal_cstr(e->func->name, all[i].name) && all[i].category != 'P' && all[i].category != 'X')
            info = &all[i];
    if (!info)
        return NULL;
    oid_t from = arg->type.oid;
    const struct cast *cast = cast_find(from, info->oid);
    if (from == TYPE_UNKNOWN || from == info->oid || (cast && cast->method != CAST_BY_FUNC))
        *is_cast = true;
    else if (!cast)
        *is_cast = info->category == 'S' || type_category(from) == 'S';
    return *is_cast ? coerce(b, arg, coltype(info->oid), CAST_EXPLICIT, e->location) : NULL;
}

static struct expr *finish_call(struct bind *b, const struct func *f, struct expr **args, uint32_t nargs,
                                int32_t location)
{
    if (b->immutable_only && f->volatility != FUNC_IMMUTABLE) {
        (void)error_set(b->err, SQLSTATE_INVALID_OBJECT_DEFINITION, "generation expression is not immutable");
        return NULL;
    }
    if (!coerce_args(b, f, args, nargs))
        return NULL;
    struct expr *call = bind_new(b, EXPR_CALL, coltype(result_type(f, args, nargs)), location, nargs);
    call->func = f;
    for (uint32_t i = 0; i < nargs; i++)
        call->args[i] = args[i];
    return call;
}

struct expr *bind_call(struct bind *b, const char *name, struct expr **args, uint32_t nargs, int32_t location)
{
    oid_t in[FUNC_ARGS_MAX];
    bool none;
    for (uint32_t i = 0; i < nargs; i++)
        in[i] = args[i]->type.oid;
    const struct func *f = find_func(b, strview_of(name), in, nargs, &none);
    if (!f)
        return bind_unsupported(b, location, NULL, "%s is", name);
    return finish_call(b, f, args, nargs, location);
}

/* What PostgreSQL's grammar allows around a call and this function does not take. */
static bool check_call(struct bind *b, const struct ast_expr *e, const struct func *f)
{
    const struct ast_func *a = e->func;
    int n = (int)a->name.len;
    const char *name = a->name.ptr;
    if (a->over) {
        (void)bind_unsupported(b, e->location, NULL, "window functions are");
        return false;
    }
    if (f->kind == FUNC_WINDOW) {
        (void)error_set(b->err, SQLSTATE_WINDOWING_ERROR, "window function %.*s requires an OVER clause", n, name);
        (void)bind_fail_at(b, e->location);
        return false;
    }
    if (f->kind == FUNC_SET) {
        (void)bind_unsupported(b, e->location, NULL, "set-returning functions are");
        return false;
    }
    if (f->kind == FUNC_AGGREGATE)
        return true;
    const char *what = a->star           ? "(*)"
                       : a->distinct     ? "DISTINCT"
                       : a->within_group ? "WITHIN GROUP"
                       : a->norder       ? "ORDER BY"
                       : a->filter       ? "FILTER"
                                         : NULL;
    if (!what)
        return true;
    (void)error_set(b->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s%s specified, but %.*s is not an aggregate function",
                    a->star ? "" : "", a->star ? "(*)" : what, n, name);
    (void)bind_fail_at(b, e->location);
    return false;
}

static bool bind_args(struct bind *b, struct scope *s, const struct ast_expr *e, struct expr ***args)
{
    *args = ARENA_ARRAY(b->arena, struct expr *, e->nargs);
    bool was = s->in_agg;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (!((*args)[i] = bind_expr(b, s, e->args[i]))) {
            s->in_agg = was;
            return false;
        }
    return true;
}

/* Functions whose value is fixed for the session: folded when bound. NULL: not one of them or not known. */
static struct expr *session_function(struct bind *b, const struct ast_expr *e)
{
    static const char *const names[] = {"current_database", "current_schema", "current_user", "session_user",
                                        "version"};
    struct strview value;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (e->nargs || !strview_equal_cstr(e->func->name, names[i]) || !b->catalog || !b->catalog->session_value)
            continue;
        if (!b->catalog->session_value(b->catalog->arg, names[i], &value))
            return NULL;
        oid_t type = strcmp(names[i], "version") == 0 ? TYPE_TEXT : TYPE_NAME;
        struct expr *c = bind_new(b, EXPR_CONST, coltype(type), e->location, 0);
        value = arena_strview(b->arena, value);
        c->value = (struct value){.type = type, .d.str = str_make(value.ptr, value.len)};
        return c;
    }
    return NULL;
}

struct expr *bind_func(struct bind *b, struct scope *s, const struct ast_expr *e)
{
    struct expr **args, *done;
    bool none = true, is_cast;
    const struct ast_func *a = e->func;
    if (a->variadic)
        return bind_unsupported(b, e->location, NULL, "VARIADIC is");
    if (!bind_args(b, s, e, &args))
        return NULL;
    if (!check_schema(b, a->schema, e->location))
        return NULL;
    if ((done = session_function(b, e)))
        return done;
    if (e->nargs > 100) {
        (void)error_set(b->err, SQLSTATE_TOO_MANY_ARGUMENTS, "cannot pass more than 100 arguments to a function");
        return bind_fail_at(b, e->location);
    }
    oid_t *in = ARENA_ARRAY(b->arena, oid_t, e->nargs);
    for (uint32_t i = 0; i < e->nargs; i++)
        in[i] = args[i]->type.oid;
    const struct func *f = NULL;
    if (a->schema.len == 0 || strview_equal_cstr(a->schema, "pg_catalog")) {
        uint32_t n;
        const struct func *const *all = func_candidates(a->name, &n);
        oid_t types[FUNC_ARGS_MAX];
        for (uint32_t i = 0; i < n && !f; i++)
            if (e->nargs <= FUNC_ARGS_MAX && call_types(all[i], e->nargs, types) && types_equal(types, in, e->nargs))
                f = all[i];
        if (!f && e->nargs == 1 && !a->star && !a->distinct && !a->norder && !a->filter && !a->over) {
            done = func_as_cast(b, e, args[0], &is_cast);
            if (is_cast)
                return done;
        }
        if (!f)
            f = find_func(b, a->name, in, e->nargs, &none);
    }
    if (!f && a->over)
        return bind_unsupported(b, e->location, NULL, "window functions are");
    if (!f)
        return func_error(b, e, args, e->nargs, !none);
    if (!check_call(b, e, f))
        return NULL;
    if (f->kind == FUNC_AGGREGATE) {
        if (!coerce_args(b, f, args, e->nargs))
            return NULL;
        struct expr *agg = bind_aggregate(b, s, e, f, args, e->nargs);
        if (agg)
            agg->type = coltype(result_type(f, args, e->nargs));
        return agg;
    }
    return finish_call(b, f, args, e->nargs, e->location);
}
