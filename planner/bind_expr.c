/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: from syntax to typed trees. */
#include "planner/bind_int.h"

#include <stdarg.h>
#include <stdio.h>

const char *bind_cstr(struct bind *b, struct strview s) { return arena_strndup(b->arena, s.ptr, s.len); }

const char *type_text(struct bind *b, oid_t oid)
{
    const struct type_info *info = type_by_oid(oid);
    return info ? info->sql_name : "???";
}

struct expr *bind_new(struct bind *b, enum expr_kind kind, struct coltype type, int32_t location, uint32_t nargs)
{
    struct expr *e = ARENA_NEW(b->arena, struct expr);
    e->kind = kind;
    e->type = type;
    e->location = location;
    e->nargs = nargs;
    e->args = ARENA_ARRAY(b->arena, struct expr *, nargs);
    return e;
}

static int32_t leftmost(int32_t a, int32_t b) { return a < 0 ? b : b < 0 ? a : MIN_OF(a, b); }

int32_t expr_location(const struct expr *e)
{
    int32_t at = e->location;
    switch (e->kind) {
    case EXPR_CASE:
    case EXPR_COALESCE:
    case EXPR_GREATEST:
    case EXPR_LEAST:
    case EXPR_AGG: return at;
    default: break;
    }
    for (uint32_t i = 0; i < e->nargs; i++)
        at = leftmost(at, expr_location(e->args[i]));
    return at;
}

int32_t ast_location(const struct ast_expr *e)
{
    int32_t at = e->location;
    switch (e->kind) {
    case AX_CASE:
    case AX_COALESCE:
    case AX_GREATEST:
    case AX_LEAST: return at;
    default: break;
    }
    if (e->left)
        at = leftmost(at, ast_location(e->left));
    if (e->type)
        at = leftmost(at, e->type->location);
    for (uint32_t i = 0; i < e->nargs && e->kind != AX_IN; i++)
        at = leftmost(at, ast_location(e->args[i]));
    return at;
}

struct expr *bind_fail_at(struct bind *b, int32_t location)
{
    if (location >= 0)
        (void)error_position(b->err, location + 1);
    return NULL;
}

void *bind_unsupported(struct bind *b, int32_t location, const char *hint, const char *fmt, ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    (void)error_set(b->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s not supported", what);
    (void)error_hint(b->err, "%s", hint ? hint : "Mencía does not have this part of PostgreSQL.");
    return bind_fail_at(b, location);
}

static struct expr *constant(struct bind *b, oid_t type, int32_t location)
{
    struct expr *e = bind_new(b, EXPR_CONST, coltype(type), location, 0);
    e->value.type = type;
    return e;
}

static struct expr *string_constant(struct bind *b, oid_t type, struct strview text, int32_t location)
{
    struct expr *e = constant(b, type, location);
    e->value.d.str = str_make(text.ptr, text.len);
    return e;
}

static struct expr *number(struct bind *b, const struct ast_expr *a)
{
    struct error ignored;
    int64_t v;
    if (a->kind == AX_INT) {
        struct expr *e = constant(b, TYPE_INT4, a->location);
        e->value.d.i32 = a->integer;
        return e;
    }
    if (!memchr(a->text.ptr, '.', a->text.len) && !memchr(a->text.ptr, 'e', a->text.len) &&
        !memchr(a->text.ptr, 'E', a->text.len) && int_parse(a->text, INT64_MIN, INT64_MAX, "bigint", &v, &ignored)) {
        bool small = v >= INT32_MIN && v <= INT32_MAX; /* -2147483648 comes as one literal */
        struct expr *e = constant(b, small ? TYPE_INT4 : TYPE_INT8, a->location);
        if (small)
            e->value.d.i32 = (int32_t)v;
        else
            e->value.d.i64 = v;
        return e;
    }
    struct expr *e = constant(b, TYPE_NUMERIC, a->location);
    if (!value_parse(a->text, coltype(TYPE_NUMERIC), true, b->ctx, b->arena, &e->value.d, b->err))
        return bind_fail_at(b, a->location);
    return e;
}

static struct expr *param(struct bind *b, const struct ast_expr *a)
{
    uint32_t n = (uint32_t)a->integer;
    if (a->integer <= 0 || n > 65535 || !b->params_allowed || (b->params_fixed && n > b->nparam)) {
        (void)error_set(b->err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%d", a->integer);
        return bind_fail_at(b, a->location);
    }
    if (n > b->capparam) {
        uint32_t cap = MAX_OF(n, 2 * b->capparam);
        oid_t *types = ARENA_ARRAY(b->arena, oid_t, cap);
        bool *open = ARENA_ARRAY(b->arena, bool, cap);
        if (b->nparam) {
            memcpy(types, b->param_type, sizeof(oid_t) * b->nparam);
            memcpy(open, b->param_open, b->nparam);
        }
        b->param_type = types;
        b->param_open = open;
        b->capparam = cap;
    }
    b->nparam = MAX_OF(b->nparam, n);
    if (b->param_type[n - 1] == 0)
        b->param_type[n - 1] = TYPE_UNKNOWN;
    struct expr *e = bind_new(b, EXPR_PARAM, coltype(b->param_type[n - 1]), a->location, 0);
    e->param = n - 1;
    return e;
}

static bool bind_list(struct bind *b, struct scope *s, struct ast_expr **in, uint32_t n, struct expr **out)
{
    for (uint32_t i = 0; i < n; i++)
        if (!(out[i] = bind_expr(b, s, in[i])))
            return false;
    return true;
}

static struct expr *logic(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    enum expr_kind kind = a->kind == AX_AND ? EXPR_AND : a->kind == AX_OR ? EXPR_OR : EXPR_NOT;
    struct expr *e = bind_new(b, kind, coltype(TYPE_BOOL), a->location, a->nargs);
    for (uint32_t i = 0; i < a->nargs; i++) {
        struct expr *arg = bind_expr(b, s, a->args[i]);
        e->args[i] = arg ? coerce_bool(b, arg, kind == EXPR_AND ? "AND" : kind == EXPR_OR ? "OR" : "NOT") : NULL;
        if (!e->args[i])
            return NULL;
    }
    return e;
}

/* One binary operation on bound arguments whose trees may be used twice (BETWEEN). */
static struct expr *compare(struct bind *b, const char *op, struct expr *left, struct expr *right, int32_t location)
{
    return bind_op(b, strview_of(op), left, right, location);
}

static struct expr *pair(struct bind *b, enum expr_kind kind, struct expr *left, struct expr *right, int32_t location)
{
    struct expr *e;
    if (!left || !right)
        return NULL;
    e = bind_new(b, kind, coltype(TYPE_BOOL), location, 2);
    e->args[0] = left;
    e->args[1] = right;
    return e;
}

static struct expr *copy_of(struct bind *b, const struct expr *e)
{
    struct expr *c = arena_alloc(b->arena, sizeof *c);
    *c = *e;
    return c;
}

static struct expr *range(struct bind *b, struct expr *x, struct expr *lo, struct expr *hi, bool negated, int32_t at)
{
    struct expr *low = compare(b, negated ? "<" : ">=", x, lo, at);
    return low ? pair(b, negated ? EXPR_OR : EXPR_AND, low, compare(b, negated ? ">" : "<=", copy_of(b, x), hi, at), at)
               : NULL;
}

static struct expr *between(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *x = bind_expr(b, s, a->left), *bound[2];
    if (!x || !bind_list(b, s, a->args, 2, bound))
        return NULL;
    if (!a->flag)
        return range(b, x, bound[0], bound[1], a->boolean, a->location);
    struct expr *first = range(b, x, bound[0], bound[1], a->boolean, a->location);
    return first ? pair(b, a->boolean ? EXPR_AND : EXPR_OR, first,
                        range(b, copy_of(b, x), copy_of(b, bound[1]), copy_of(b, bound[0]), a->boolean, a->location),
                        a->location)
                 : NULL;
}

static struct expr *negate(struct bind *b, struct expr *e, int32_t location)
{
    struct expr *n = bind_new(b, EXPR_NOT, coltype(TYPE_BOOL), location, 1);
    n->args[0] = e;
    return n;
}

/* x op y for each y joined by OR or AND, where the types do not agree on one. */
static struct expr *each_op(struct bind *b, enum expr_kind kind, struct strview op, struct expr *x, struct expr **list,
                            uint32_t n, int32_t location)
{
    struct expr *e = bind_new(b, kind, coltype(TYPE_BOOL), location, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *one = bind_op(b, op, i ? copy_of(b, x) : x, list[i], location);
        if (!one || !(e->args[i] = coerce_bool(b, one, "IN")))
            return NULL;
    }
    return n == 1 ? e->args[0] : e;
}

static struct expr *in_as_ops(struct bind *b, struct strview op, struct expr *x, struct expr **list, uint32_t n,
                              int32_t location)
{
    return each_op(b, strview_equal_cstr(op, "<>") ? EXPR_AND : EXPR_OR, op, x, list, n, location);
}

/* The type in which to compare, when the operator's sides differ: the one the other side casts to. */
static oid_t side_type(const struct operator* op)
{
    oid_t l = op->left, r = op->right;
    return can_coerce(1, &r, &l, CAST_IMPLICIT) ? l : r;
}

static struct expr *in_values(struct bind *b, struct strview op, struct expr *x, struct expr **list, uint32_t n,
                              int32_t location)
{
    struct expr **all = ARENA_ARRAY(b->arena, struct expr *, n + 1);
    oid_t as;
    all[0] = x;
    memcpy(all + 1, list, n * sizeof *list);
    oid_t type = n > 1 ? common_type(b, all, n + 1, NULL) : 0;
    if (type == 0)
        return in_as_ops(b, op, x, list, n, location);
    for (uint32_t i = 0; i < n; i++)
        if (!(list[i] = coerce_common(b, list[i], type, "IN")))
            return NULL;
    const struct operator* found = bind_find_op(b, op, x->type.oid, type, location);
    const struct func *f = found ? bind_equality(b, side_type(found), &as) : NULL;
    if (!found)
        return NULL;
    if (!f)
        return in_as_ops(b, op, x, list, n, location);
    struct expr *e = bind_new(b, EXPR_IN, coltype(TYPE_BOOL), location, n + 1);
    e->func = f;
    if (!(e->args[0] = coerce(b, x, coltype(as), CAST_IMPLICIT, location)))
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        if (!(e->args[i + 1] = coerce(b, list[i], coltype(as), CAST_IMPLICIT, location)))
            return NULL;
    return strview_equal_cstr(op, "<>") ? negate(b, e, location) : e;
}

static struct expr *in_list(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *x = bind_expr(b, s, a->left);
    struct expr **list = ARENA_ARRAY(b->arena, struct expr *, a->nargs);
    if (!x || !bind_list(b, s, a->args, a->nargs, list))
        return NULL;
    return in_values(b, a->op, x, list, a->nargs, a->location);
}

/* The elements of a one-dimensional array literal '{1,"b c",NULL}' as untyped literals. False: not that simple. */
static bool array_literal(struct bind *b, struct strview text, int32_t location, uint32_t *n, struct expr ***out)
{
    struct strbuf item;
    size_t i = 0;
    text = strview_trim(text);
    if (text.len < 2 || text.ptr[0] != '{' || text.ptr[text.len - 1] != '}')
        return false;
    text = strview_trim(strview_make(text.ptr + 1, text.len - 2));
    *out = ARENA_ARRAY(b->arena, struct expr *, text.len + 1);
    *n = 0;
    if (text.len == 0)
        return true;
    strbuf_init(&item);
    for (bool more = true; more; i++) {
        bool quoted = false;
        strbuf_clear(&item);
        while (i < text.len && char_is_space(text.ptr[i]))
            i++;
        if (i < text.len && text.ptr[i] == '"') {
            quoted = true;
            for (i++; i < text.len && text.ptr[i] != '"'; i++) {
                if (text.ptr[i] == '\\' && i + 1 < text.len)
                    i++;
                strbuf_add_char(&item, text.ptr[i]);
            }
            i++;
            while (i < text.len && char_is_space(text.ptr[i]))
                i++;
        } else {
            while (i < text.len && text.ptr[i] != ',' && !strchr("{}\"\\", text.ptr[i]))
                strbuf_add_char(&item, text.ptr[i++]);
        }
        struct strview trimmed =
            quoted ? strview_make(item.data, item.len) : strview_trim(strview_make(item.data, item.len));
        if ((!quoted && trimmed.len == 0) || (i < text.len && text.ptr[i] != ',')) {
            strbuf_release(&item);
            return false;
        }
        struct expr *e = string_constant(b, TYPE_UNKNOWN, arena_strview(b->arena, trimmed), location);
        e->value.is_null = !quoted && strview_equal_nocase(trimmed, STRVIEW("null"));
        (*out)[(*n)++] = e;
        more = i < text.len;
    }
    strbuf_release(&item);
    return true;
}

/* x = ANY (array), x <> ALL (array) over arrays that are written out. */
static struct expr *any_array(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    static const char hint[] = "Use x IN (…), or = ANY with an array that is written out.";
    const struct ast_expr *array = a->right;
    bool any = a->kind == AX_OP_ANY;
    oid_t element = 0;
    uint32_t n;
    struct expr **list;
    if (array->kind == AX_CAST && !array->type->err && type_by_oid(array->type->type.oid)->elem_oid) {
        element = type_by_oid(array->type->type.oid)->elem_oid;
        array = array->left;
    }
    struct expr *x = bind_expr(b, s, a->left);
    if (!x)
        return NULL;
    if (array->kind == AX_ARRAY) {
        n = array->nargs;
        list = ARENA_ARRAY(b->arena, struct expr *, n);
        if (!bind_list(b, s, array->args, n, list))
            return NULL;
    } else if (array->kind != AX_STRING || !array_literal(b, array->text, array->location, &n, &list)) {
        return bind_unsupported(b, a->location, hint, "%s over this kind of array is", any ? "ANY" : "ALL");
    }
    oid_t to = element ? element : array->kind == AX_STRING ? x->type.oid : 0;
    for (uint32_t i = 0; to && to != TYPE_UNKNOWN && i < n; i++)
        if (!(list[i] = bind_cast(b, list[i], coltype(to), a->location, a->location)))
            return NULL;
    if (n == 0) { /* nothing equals: false, and <> ALL is true, even for NULL */
        struct expr *c = constant(b, TYPE_BOOL, a->location);
        c->value.d.b = !any;
        return c;
    }
    if (!strview_equal_cstr(a->op, any ? "=" : "<>"))
        return each_op(b, any ? EXPR_OR : EXPR_AND, a->op, x, list, n, a->location);
    return in_values(b, a->op, x, list, n, a->location);
}

static struct expr *distinct(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *l = bind_expr(b, s, a->left), *r = l ? bind_expr(b, s, a->right) : NULL;
    oid_t as;
    bool null_literal = a->right->kind == AX_NULL || a->left->kind == AX_NULL;
    if (!r)
        return NULL;
    if (null_literal) { /* as PostgreSQL: IS [NOT] NULL */
        struct expr *e =
            bind_new(b, a->kind == AX_DISTINCT ? EXPR_IS_NOT_NULL : EXPR_IS_NULL, coltype(TYPE_BOOL), a->location, 1);
        e->args[0] = a->right->kind == AX_NULL ? l : r;
        return e;
    }
    const struct operator* op = bind_find_op(b, STRVIEW("="), l->type.oid, r->type.oid, a->location);
    if (!op)
        return NULL;
    const struct func *f = bind_equality(b, side_type(op), &as);
    if (!f)
        return bind_unsupported(b, a->location, NULL, "IS DISTINCT FROM for these types is");
    struct expr *e = bind_new(b, a->kind == AX_DISTINCT ? EXPR_IS_DISTINCT : EXPR_IS_NOT_DISTINCT, coltype(TYPE_BOOL),
                              a->location, 2);
    e->func = f;
    e->args[0] = coerce(b, l, coltype(as), CAST_IMPLICIT, a->location);
    e->args[1] = e->args[0] ? coerce(b, r, coltype(as), CAST_IMPLICIT, a->location) : NULL;
    return e->args[1] ? e : NULL;
}

static struct expr *nullif(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *l = bind_expr(b, s, a->left), *r = l ? bind_expr(b, s, a->right) : NULL;
    oid_t as;
    if (!r)
        return NULL;
    const struct operator* op = bind_find_op(b, STRVIEW("="), l->type.oid, r->type.oid, a->location);
    const struct func *f = op ? bind_equality(b, side_type(op), &as) : NULL;
    if (!op)
        return NULL;
    /* The result is the first argument as the operator takes it. */
    if (!f || op->left != as)
        return bind_unsupported(b, a->location, "Cast both sides to one type.", "NULLIF of these types is");
    struct expr *e = bind_new(b, EXPR_NULLIF, coltype(as), a->location, 2);
    e->func = f;
    e->args[0] = coerce(b, l, coltype(as), CAST_IMPLICIT, a->location);
    e->args[1] = e->args[0] ? coerce(b, r, coltype(as), CAST_IMPLICIT, a->location) : NULL;
    if (!e->args[1])
        return NULL;
    e->type = coltype(l->type.oid == TYPE_UNKNOWN ? as : op->left);
    return e;
}

static struct expr *cases(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    uint32_t n = a->nargs / 2;
    struct expr *tested = NULL, **results = ARENA_ARRAY(b->arena, struct expr *, n + 1);
    struct expr *e = bind_new(b, EXPR_CASE, coltype(TYPE_TEXT), a->location, a->nargs + 1);
    if (a->left) {
        if (!(tested = bind_expr(b, s, a->left)))
            return NULL;
        if (tested->type.oid == TYPE_UNKNOWN && !(tested = coerce(b, tested, coltype(TYPE_TEXT), CAST_IMPLICIT, -1)))
            return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct expr *when = bind_expr(b, s, a->args[2 * i]);
        if (when && tested)
            when = bind_op(b, STRVIEW("="), i ? copy_of(b, tested) : tested, when, a->when_location[i]);
        if (!when || !(e->args[2 * i] = coerce_bool(b, when, "CASE/WHEN")))
            return NULL;
        if (!(results[i + 1] = bind_expr(b, s, a->args[2 * i + 1])))
            return NULL;
    }
    if (!(results[0] = a->right ? bind_expr(b, s, a->right) : constant(b, TYPE_UNKNOWN, -1)))
        return NULL;
    results[0]->value.is_null |= !a->right;
    oid_t type = common_type(b, results, n + 1, "CASE");
    if (!type)
        return NULL;
    if (!(e->args[a->nargs] = coerce_common(b, results[0], type, "CASE/ELSE")))
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        if (!(e->args[2 * i + 1] = coerce_common(b, results[i + 1], type, "CASE/WHEN")))
            return NULL;
    results[0] = e->args[a->nargs];
    for (uint32_t i = 0; i < n; i++)
        results[i + 1] = e->args[2 * i + 1];
    e->type = (struct coltype){type, common_typmod(results, n + 1, type)};
    return e;
}

static struct expr *of_common_type(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    static const struct {
        enum ast_expr_kind ast;
        enum expr_kind kind;
        const char *name;
    } kinds[] = {{AX_COALESCE, EXPR_COALESCE, "COALESCE"},
                 {AX_GREATEST, EXPR_GREATEST, "GREATEST"},
                 {AX_LEAST, EXPR_LEAST, "LEAST"}};
    uint32_t k = a->kind == AX_COALESCE ? 0 : a->kind == AX_GREATEST ? 1 : 2;
    struct expr *e = bind_new(b, kinds[k].kind, coltype(TYPE_TEXT), a->location, a->nargs);
    if (!bind_list(b, s, a->args, a->nargs, e->args))
        return NULL;
    oid_t type = common_type(b, e->args, a->nargs, kinds[k].name);
    if (!type)
        return NULL;
    for (uint32_t i = 0; i < a->nargs; i++)
        if (!(e->args[i] = coerce_common(b, e->args[i], type, kinds[k].name)))
            return NULL;
    if (k && !bind_has_order(b, type)) {
        (void)error_set(b->err, SQLSTATE_UNDEFINED_FUNCTION, "could not identify a comparison function for type %s",
                        type_text(b, type));
        return NULL;
    }
    e->type = (struct coltype){type, common_typmod(e->args, a->nargs, type)};
    return e;
}

static struct expr *null_test(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *arg = bind_expr(b, s, a->left);
    if (!arg)
        return NULL;
    struct expr *e =
        bind_new(b, a->kind == AX_IS_NULL ? EXPR_IS_NULL : EXPR_IS_NOT_NULL, coltype(TYPE_BOOL), a->location, 1);
    e->args[0] = arg;
    if (arg->type.oid == TYPE_UNKNOWN && arg->kind == EXPR_CONST)
        e->args[0] = coerce(b, arg, coltype(TYPE_TEXT), CAST_IMPLICIT, -1);
    return e->args[0] ? e : NULL;
}

static struct expr *truth_test(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    static const char *const names[] = {"IS TRUE",      "IS NOT TRUE", "IS FALSE",
                                        "IS NOT FALSE", "IS UNKNOWN",  "IS NOT UNKNOWN"};
    uint32_t k = a->kind - AX_IS_TRUE;
    struct expr *arg = bind_expr(b, s, a->left);
    if (!arg || !(arg = coerce_bool(b, arg, names[k])))
        return NULL;
    struct expr *e = bind_new(b, EXPR_IS_TRUE + k, coltype(TYPE_BOOL), a->location, 1);
    e->args[0] = arg;
    return e;
}

static struct expr *cast_expr(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    if (a->type->err) {
        *b->err = *a->type->err;
        return NULL;
    }
    struct expr *e = bind_expr(b, s, a->left);
    int32_t at = a->location >= 0 ? a->location : a->type->location;
    return e ? bind_cast(b, e, a->type->type, at, a->location) : NULL;
}

static struct expr *session_name(struct bind *b, const struct ast_expr *a)
{
    struct strview value;
    const char *name = bind_cstr(b, a->text);
    if (strcmp(name, "current_role") == 0 || strcmp(name, "user") == 0)
        name = "current_user";
    if (strcmp(name, "current_catalog") == 0)
        name = "current_database";
    if (!b->catalog || !b->catalog->session_value || !b->catalog->session_value(b->catalog->arg, name, &value)) {
        struct expr *c = constant(b, TYPE_NAME, a->location);
        c->value.is_null = true;
        return c;
    }
    return string_constant(b, TYPE_NAME, arena_strview(b->arena, value), a->location);
}

/* CURRENT_DATE and its kin are casts of now(), as PostgreSQL defines them. */
static struct expr *sql_value(struct bind *b, const struct ast_expr *a)
{
    static const struct {
        const char *name;
        oid_t type;
    } times[] = {{"current_date", TYPE_DATE},
                 {"current_timestamp", TYPE_TIMESTAMPTZ},
                 {"localtimestamp", TYPE_TIMESTAMP},
                 {"localtime", TYPE_TIME},
                 {"current_time", TYPE_TIMETZ}};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        if (!strview_equal_cstr(a->text, times[i].name))
            continue;
        if (times[i].type == TYPE_TIMETZ)
            return bind_unsupported(b, a->location, "Use localtime.", "CURRENT_TIME is");
        if (b->immutable_only) {
            (void)error_set(b->err, SQLSTATE_INVALID_OBJECT_DEFINITION, "generation expression is not immutable");
            return NULL;
        }
        struct expr *now = bind_call(b, "now", NULL, 0, a->location);
        return now ? coerce(b, now, (struct coltype){times[i].type, a->integer}, CAST_EXPLICIT, a->location) : NULL;
    }
    return session_name(b, a);
}

static bool same_text(struct strview a, const char *b) { return strview_equal(a, strview_of(b)); }

static struct expr *sub_query(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct plan_query *q = bind_query(b, s, a->select);
    enum sublink_kind kind = a->kind == AX_EXISTS ? SUBLINK_EXISTS : SUBLINK_SCALAR;
    bool all = a->kind == AX_SUB_ALL;
    if (!q)
        return NULL;
    struct expr *e = bind_new(b, EXPR_SUBLINK, coltype(TYPE_BOOL), a->location, 0);
    e->sublink.sublink_kind = kind;
    e->sublink.query = q;
    s->has_sublink = true;
    if (kind == SUBLINK_EXISTS)
        return e;
    if (q->nvisible != 1 && !(a->left && a->left->kind == AX_ROW)) {
        if (a->kind == AX_SUB_SCALAR)
            (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "subquery must return only one column");
        else
            (void)error_set(b->err, SQLSTATE_SYNTAX_ERROR, "subquery has too many columns");
        return bind_fail_at(b, a->location);
    }
    e->type = q->target[0].expr->type;
    if (a->kind == AX_SUB_SCALAR)
        return e;
    if (!same_text(a->op, all ? "<>" : "="))
        return bind_unsupported(b, a->location, "Use IN, NOT IN, or a comparison with min() or max().",
                                "%s (subquery) with this operator is", all ? "ALL" : "ANY");
    if (a->left->kind == AX_ROW)
        return bind_unsupported(b, a->location, NULL, "row comparison is");
    struct expr *x = bind_expr(b, s, a->left);
    if (!x)
        return NULL;
    const struct operator* op = bind_find_op(b, a->op, x->type.oid, e->type.oid, a->location);
    oid_t as;
    if (!op)
        return NULL;
    if (!bind_equality(b, side_type(op), &as))
        return bind_unsupported(b, a->location, NULL, "IN for these types is");
    struct expr *in = bind_new(b, EXPR_SUBLINK, coltype(TYPE_BOOL), a->location, 1);
    in->sublink.sublink_kind = SUBLINK_IN;
    in->sublink.query = q;
    if (!(in->args[0] = coerce(b, x, coltype(as), CAST_IMPLICIT, a->location)))
        return NULL;
    struct expr *column = coerce(b, q->target[0].expr, coltype(as), CAST_IMPLICIT, a->location);
    if (!column)
        return NULL;
    if (column != q->target[0].expr) { /* compare in one type: the cast goes on top of the subquery */
        struct plan_query *wrap = ARENA_NEW(b->arena, struct plan_query);
        wrap->bind = b;
        struct scope inner = {.query = wrap};
        struct rte *rte = rte_for_query(b, &inner, q, "in", NULL);
        struct expr *ref = bind_new(b, EXPR_COLUMN, e->type, a->location, 0);
        ref->column = rte->base;
        wrap->from = ARENA_NEW(b->arena, struct from_node);
        wrap->from->rte = rte;
        if (!(column = coerce(b, ref, coltype(as), CAST_IMPLICIT, a->location)) ||
            !add_target(b, wrap, column, "in", false))
            return NULL;
        in->sublink.query = wrap;
    }
    return all ? negate(b, in, a->location) : in;
}

/* A schema before an operator or function must at least exist. */
bool check_schema(struct bind *b, struct strview schema, int32_t location)
{
    if (schema.len == 0 || strview_equal_cstr(schema, "pg_catalog") ||
        (b->catalog && b->catalog->schema_exists(b->catalog->arg, schema)))
        return true;
    (void)error_set(b->err, SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%.*s\" does not exist", (int)schema.len,
                    schema.ptr);
    (void)bind_fail_at(b, location);
    return false;
}

static struct expr *operation(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *l = NULL, *r;
    if ((a->left && a->left->kind == AX_ROW) || a->right->kind == AX_ROW)
        return bind_unsupported(b, a->location, "Compare the columns one by one.", "row comparison is");
    if (a->left && !(l = bind_expr(b, s, a->left)))
        return NULL;
    if (!(r = bind_expr(b, s, a->right)))
        return NULL;
    if (!check_schema(b, a->op_schema, a->location))
        return NULL;
    return bind_op(b, a->op, l, r, a->location);
}

static struct expr *unsupported(struct bind *b, const struct ast_expr *a)
{
    return bind_unsupported(b, a->location, NULL, "%.*s", (int)a->text.len, a->text.ptr);
}

static struct expr *dispatch(struct bind *b, struct scope *s, const struct ast_expr *a)
{
    struct expr *e;
    switch (a->kind) {
    case AX_NULL:
        e = constant(b, TYPE_UNKNOWN, a->location);
        e->value.is_null = true;
        return e;
    case AX_BOOL:
        e = constant(b, TYPE_BOOL, a->location);
        e->value.d.b = a->boolean;
        return e;
    case AX_INT:
    case AX_FLOAT: return number(b, a);
    case AX_STRING: return string_constant(b, TYPE_UNKNOWN, a->text, a->location);
    case AX_COLUMN: return bind_column(b, s, a);
    case AX_PARAM: return param(b, a);
    case AX_OP:
    case AX_LIKE: return operation(b, s, a);
    case AX_OP_ANY:
    case AX_OP_ALL: return any_array(b, s, a);
    case AX_DISTINCT:
    case AX_NOT_DISTINCT: return distinct(b, s, a);
    case AX_NULLIF: return nullif(b, s, a);
    case AX_IN: return in_list(b, s, a);
    case AX_BETWEEN: return between(b, s, a);
    case AX_AND:
    case AX_OR:
    case AX_NOT: return logic(b, s, a);
    case AX_FUNC: return bind_func(b, s, a);
    case AX_CAST: return cast_expr(b, s, a);
    case AX_CASE: return cases(b, s, a);
    case AX_COALESCE:
    case AX_GREATEST:
    case AX_LEAST: return of_common_type(b, s, a);
    case AX_IS_NULL:
    case AX_IS_NOT_NULL: return null_test(b, s, a);
    case AX_SQL_VALUE: return sql_value(b, a);
    case AX_EXISTS:
    case AX_SUB_SCALAR:
    case AX_SUB_ANY:
    case AX_SUB_ALL: return sub_query(b, s, a);
    case AX_ROW: return bind_unsupported(b, a->location, NULL, "ROW(…) is");
    case AX_ARRAY: return bind_unsupported(b, a->location, NULL, "ARRAY[…] is");
    case AX_COLLATE:
        if (!(e = bind_expr(b, s, a->left)))
            return NULL;
        if (type_by_oid(e->type.oid)->category != 'S' && e->type.oid != TYPE_UNKNOWN) {
            (void)error_set(b->err, SQLSTATE_DATATYPE_MISMATCH, "collations are not supported by type %s",
                            type_text(b, e->type.oid));
            return bind_fail_at(b, a->location);
        }
        if (same_text(a->text, "C") || same_text(a->text, "POSIX") || same_text(a->text, "default"))
            return e;
        return bind_unsupported(b, a->location, "Text is always compared as COLLATE \"C\".", "this collation is");
    case AX_UNSUPPORTED: return unsupported(b, a);
    default: return truth_test(b, s, a);
    }
}

struct expr *bind_expr(struct bind *b, struct scope *s, const struct ast_expr *e)
{
    if (b->depth >= AST_DEPTH_MAX) {
        (void)ast_too_deep(b->err);
        return NULL;
    }
    b->depth++;
    struct expr *out = dispatch(b, s, e);
    b->depth--;
    return out;
}

struct expr *bind_condition(struct bind *b, struct scope *s, const struct ast_expr *e, enum bind_place place,
                            const char *what)
{
    enum bind_place was = s->place;
    s->place = place;
    struct expr *out = bind_expr(b, s, e);
    s->place = was;
    return out ? coerce_bool(b, out, what) : NULL;
}
