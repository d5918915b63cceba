/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about bound trees, and their text. */
#include "expr/expr.h"

#include <stdlib.h>

static bool kind_has_func(enum expr_kind kind)
{
    return kind == EXPR_CALL || kind == EXPR_IS_DISTINCT || kind == EXPR_IS_NOT_DISTINCT || kind == EXPR_NULLIF ||
           kind == EXPR_IN;
}

static bool value_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->is_null != b->is_null)
        return false;
    if (a->is_null)
        return true;
    enum phys phys = type_phys(a->type);
    if (phys == PHYS_STR)
        return str_equal(&a->d.str, &b->d.str);
    if (phys == PHYS_NUM && a->d.num.kind == NUM_BIG)
        return b->d.num.kind == NUM_BIG && a->d.num.dscale == b->d.num.dscale && num_compare(&a->d.num, &b->d.num) == 0;
    return memcmp(&a->d, &b->d, phys_size[phys]) == 0;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->type.oid != b->type.oid || a->type.typmod != b->type.typmod ||
        a->nargs != b->nargs)
        return false;
    for (uint32_t i = 0; i < a->nargs; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    switch (a->kind) {
    case EXPR_CONST: return value_same(&a->value, &b->value);
    case EXPR_COLUMN: return a->column == b->column;
    case EXPR_PARAM: return a->param == b->param;
    case EXPR_AGG:
        return a->agg.func == b->agg.func && a->agg.distinct == b->agg.distinct && a->agg.star == b->agg.star &&
               a->agg.level == b->agg.level && expr_equal(a->agg.filter, b->agg.filter);
    case EXPR_SUBLINK: return a->sublink.query == b->sublink.query;
    default: return !kind_has_func(a->kind) || a->func == b->func;
    }
}

static enum func_volatility worse(enum func_volatility a, enum func_volatility b)
{
    if (a == FUNC_VOLATILE || b == FUNC_VOLATILE)
        return FUNC_VOLATILE;
    return a == FUNC_STABLE ? a : b;
}

enum func_volatility expr_volatility(const struct expr *expr)
{
    enum func_volatility v = FUNC_IMMUTABLE;
    if (kind_has_func(expr->kind) && expr->func)
        v = (enum func_volatility)expr->func->volatility;
    if (expr->kind == EXPR_AGG && expr->agg.filter)
        v = expr_volatility(expr->agg.filter);
    for (uint32_t i = 0; i < expr->nargs && v != FUNC_VOLATILE; i++)
        v = worse(v, expr_volatility(expr->args[i]));
    return v;
}

bool expr_is_fallible(const struct expr *expr)
{
    if (expr->kind == EXPR_SUBLINK || (kind_has_func(expr->kind) && expr->func && expr->func->fallible))
        return true;
    for (uint32_t i = 0; i < expr->nargs; i++)
        if (expr_is_fallible(expr->args[i]))
            return true;
    return false;
}

/* ---- text ---- */

static void format_const(struct strbuf *out, const struct expr *e)
{
    if (e->value.is_null) {
        strbuf_add_cstr(out, "NULL::");
        type_format(out, e->type);
        return;
    }
    bool bare = e->type.oid == TYPE_INT4 || e->type.oid == TYPE_BOOL || e->type.oid == TYPE_NUMERIC;
    struct strbuf text;
    strbuf_init(&text);
    value_format(&text, e->type.oid, &e->value.d, &value_ctx_default);
    if (e->type.oid == TYPE_BOOL) {
        strbuf_add_cstr(out, e->value.d.b ? "true" : "false");
    } else if (bare && text.len && (char_is_digit(text.data[0]))) {
        strbuf_add(out, text.data, text.len);
    } else {
        strbuf_add_char(out, '\'');
        for (size_t i = 0; i < text.len; i++) {
            if (text.data[i] == '\'')
                strbuf_add_char(out, '\'');
            strbuf_add_char(out, text.data[i]);
        }
        strbuf_add_cstr(out, "'::");
        type_format(out, e->type);
    }
    strbuf_release(&text);
}

static const struct operator* operator_of(const struct func *func)
{
    uint32_t n;
    const struct operator* const * all = operator_all(&n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->func == func->oid)
            return all[i];
    return NULL;
}

static void format_list(struct strbuf *out, const struct expr *e, uint32_t from, const char *separator,
                        const char *const *names)
{
    for (uint32_t i = from; i < e->nargs; i++) {
        if (i > from)
            strbuf_add_cstr(out, separator);
        expr_format(out, e->args[i], names);
    }
}

static void format_named(struct strbuf *out, const char *name, const struct expr *e, const char *const *names)
{
    strbuf_add_fmt(out, "%s(", name);
    format_list(out, e, 0, ", ", names);
    strbuf_add_char(out, ')');
}

static bool is_cast(const struct func *func, const struct expr *e)
{
    if (func == func_cast_by_io() || func == func_apply_typmod(true) || func == func_apply_typmod(false))
        return true;
    if (e->nargs != 1)
        return false;
    const struct cast *cast = cast_find(e->args[0]->type.oid, e->type.oid);
    return cast && cast->method == CAST_BY_FUNC && cast->func == func->oid;
}

static void format_cast(struct strbuf *out, const struct expr *e, const char *const *names)
{
    strbuf_add_char(out, '(');
    expr_format(out, e->args[0], names);
    strbuf_add_cstr(out, ")::");
    type_format(out, e->type);
}

static void format_call(struct strbuf *out, const struct expr *e, const char *const *names)
{
    if (e->nargs && is_cast(e->func, e)) {
        format_cast(out, e, names);
        return;
    }
    const struct operator* op = operator_of(e->func);
    if (!op || e->nargs > 2) {
        format_named(out, e->func->name, e, names);
        return;
    }
    strbuf_add_char(out, '(');
    if (e->nargs == 2) {
        expr_format(out, e->args[0], names);
        strbuf_add_char(out, ' ');
    }
    strbuf_add_fmt(out, "%s ", op->name);
    expr_format(out, e->args[e->nargs - 1], names);
    strbuf_add_char(out, ')');
}

static void format_test(struct strbuf *out, const struct expr *e, const char *test, const char *const *names)
{
    strbuf_add_char(out, '(');
    expr_format(out, e->args[0], names);
    strbuf_add_fmt(out, " IS %s", test);
    if (e->nargs > 1) {
        strbuf_add_char(out, ' ');
        expr_format(out, e->args[1], names);
    }
    strbuf_add_char(out, ')');
}

static void format_case(struct strbuf *out, const struct expr *e, const char *const *names)
{
    strbuf_add_cstr(out, "CASE");
    for (uint32_t i = 0; i + 1 < e->nargs; i += 2) {
        strbuf_add_cstr(out, " WHEN ");
        expr_format(out, e->args[i], names);
        strbuf_add_cstr(out, " THEN ");
        expr_format(out, e->args[i + 1], names);
    }
    strbuf_add_cstr(out, " ELSE ");
    expr_format(out, e->args[e->nargs - 1], names);
    strbuf_add_cstr(out, " END");
}

static void format_agg(struct strbuf *out, const struct expr *e, const char *const *names)
{
    strbuf_add_fmt(out, "%s(%s", e->agg.func->name, e->agg.distinct ? "DISTINCT " : "");
    if (e->agg.star)
        strbuf_add_char(out, '*');
    format_list(out, e, 0, ", ", names);
    strbuf_add_char(out, ')');
    if (e->agg.filter) {
        strbuf_add_cstr(out, " FILTER (WHERE ");
        expr_format(out, e->agg.filter, names);
        strbuf_add_char(out, ')');
    }
}

static void format_logic(struct strbuf *out, const struct expr *e, const char *const *names)
{
    strbuf_add_char(out, '(');
    if (e->kind == EXPR_NOT)
        strbuf_add_cstr(out, "NOT ");
    format_list(out, e, 0, e->kind == EXPR_AND ? " AND " : " OR ", names);
    strbuf_add_char(out, ')');
}

static const char *test_name(enum expr_kind kind)
{
    switch (kind) {
    case EXPR_IS_NULL: return "NULL";
    case EXPR_IS_NOT_NULL: return "NOT NULL";
    case EXPR_IS_TRUE: return "TRUE";
    case EXPR_IS_NOT_TRUE: return "NOT TRUE";
    case EXPR_IS_FALSE: return "FALSE";
    case EXPR_IS_NOT_FALSE: return "NOT FALSE";
    case EXPR_IS_UNKNOWN: return "UNKNOWN";
    case EXPR_IS_NOT_UNKNOWN: return "NOT UNKNOWN";
    case EXPR_IS_DISTINCT: return "DISTINCT FROM";
    case EXPR_IS_NOT_DISTINCT: return "NOT DISTINCT FROM";
    default: return NULL;
    }
}

void expr_format(struct strbuf *out, const struct expr *e, const char *const *names)
{
    const char *test = test_name(e->kind);
    if (test) {
        format_test(out, e, test, names);
        return;
    }
    switch (e->kind) {
    case EXPR_CONST: format_const(out, e); break;
    case EXPR_COLUMN:
        if (names && names[e->column])
            strbuf_add_cstr(out, names[e->column]);
        else
            strbuf_add_fmt(out, "$col%u", e->column);
        break;
    case EXPR_PARAM: strbuf_add_fmt(out, "$%u", e->param + 1); break;
    case EXPR_CALL: format_call(out, e, names); break;
    case EXPR_RELABEL: format_cast(out, e, names); break;
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT: format_logic(out, e, names); break;
    case EXPR_CASE: format_case(out, e, names); break;
    case EXPR_COALESCE: format_named(out, "COALESCE", e, names); break;
    case EXPR_GREATEST: format_named(out, "GREATEST", e, names); break;
    case EXPR_LEAST: format_named(out, "LEAST", e, names); break;
    case EXPR_NULLIF: format_named(out, "NULLIF", e, names); break;
    case EXPR_IN:
        strbuf_add_char(out, '(');
        expr_format(out, e->args[0], names);
        strbuf_add_cstr(out, " IN (");
        format_list(out, e, 1, ", ", names);
        strbuf_add_cstr(out, "))");
        break;
    case EXPR_AGG: format_agg(out, e, names); break;
    case EXPR_SUBLINK: strbuf_add_cstr(out, "(SubPlan)"); break;
    default: break;
    }
}
