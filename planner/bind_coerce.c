/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type coercion by PostgreSQL's rules: which casts apply in which context, literals of unknown type, parameters whose
 * type is inferred, common types.
 */
#include "planner/bind_int.h"

enum path { PATH_NONE, PATH_FUNC, PATH_RELABEL, PATH_IO };

static int context_rank(uint8_t context) { return context == CAST_EXPLICIT ? 2 : context == CAST_ASSIGNMENT ? 1 : 0; }

static char category(oid_t oid)
{
    const struct type_info *info = type_by_oid(oid);
    return info ? info->category : 'X';
}

/* Domains and enums do not exist here, so this is find_coercion_pathway without them. */
static enum path find_path(oid_t from, oid_t to, enum cast_context context, oid_t *func)
{
    *func = 0;
    if (from == to)
        return PATH_RELABEL;
    const struct cast *cast = cast_find(from, to);
    if (cast) {
        if (context_rank(cast->context) > context_rank((uint8_t)context))
            return PATH_NONE;
        *func = cast->func;
        return cast->method == CAST_BY_FUNC ? PATH_FUNC : cast->method == CAST_BINARY ? PATH_RELABEL : PATH_IO;
    }
    /* Any type to a string type by assignment, a string type to any explicitly. */
    if (context_rank((uint8_t)context) >= 1 && category(to) == 'S')
        return PATH_IO;
    if (context_rank((uint8_t)context) >= 2 && category(from) == 'S')
        return PATH_IO;
    return PATH_NONE;
}

bool binary_coercible(oid_t from, oid_t to)
{
    if (from == to || to == TYPE_ANY || to == TYPE_ANYELEMENT)
        return true;
    if (to == TYPE_ANYARRAY) {
        const struct type_info *info = type_by_oid(from);
        return info && info->elem_oid;
    }
    const struct cast *cast = cast_find(from, to);
    return cast && cast->method == CAST_BINARY && cast->context == CAST_IMPLICIT;
}

bool can_coerce(uint32_t n, const oid_t *from, const oid_t *to, enum cast_context context)
{
    bool generics = false;
    for (uint32_t i = 0; i < n; i++) {
        oid_t func;
        if (from[i] == to[i] || to[i] == TYPE_ANY)
            continue;
        if (to[i] == TYPE_ANYELEMENT || to[i] == TYPE_ANYARRAY) {
            generics = true;
            continue;
        }
        if (from[i] == TYPE_UNKNOWN)
            continue;
        if (find_path(from[i], to[i], context, &func) == PATH_NONE)
            return false;
    }
    oid_t element = 0;
    for (uint32_t i = 0; generics && i < n; i++) {
        const struct type_info *info = type_by_oid(from[i]);
        oid_t e = to[i] == TYPE_ANYELEMENT ? from[i] : to[i] == TYPE_ANYARRAY && info ? info->elem_oid : 0;
        if ((to[i] != TYPE_ANYELEMENT && to[i] != TYPE_ANYARRAY) || from[i] == TYPE_UNKNOWN)
            continue;
        if (e == 0 || (element && element != e))
            return false;
        element = e;
    }
    return true;
}

bool coerce_possible(const struct expr *e, oid_t to, enum cast_context context)
{
    oid_t from = e->type.oid;
    return can_coerce(1, &from, &to, context);
}

const struct func *bind_cast_func(oid_t oid) { return func_by_oid(oid); }

/* One part of a possibly quoted, possibly qualified name, folded; *at moves behind it and its dot. NULL: malformed. */
static char *name_part(struct bind *b, struct strview text, size_t *at, size_t *len, bool *quoted)
{
    char *out = arena_alloc(b->arena, text.len + 1);
    size_t i = *at, n = 0;
    *quoted = i < text.len && text.ptr[i] == '"';
    if (*quoted) {
        for (i++; i < text.len && (text.ptr[i] != '"' || (i + 1 < text.len && text.ptr[i + 1] == '"')); i++) {
            i += text.ptr[i] == '"';
            out[n++] = text.ptr[i];
        }
        if (i++ >= text.len)
            return NULL;
    } else {
        for (; i < text.len && text.ptr[i] != '.' && text.ptr[i] != '"' && !char_is_space(text.ptr[i]); i++)
            out[n++] = char_lower(text.ptr[i]);
    }
    if (n == 0 || (i < text.len && text.ptr[i] != '.'))
        return NULL;
    *at = i + 1;
    *len = n;
    return out;
}

/* 'name'::regclass. Numbers are left to the type's own input. False: not found or malformed, err is set. */
static bool regclass_literal(struct bind *b, struct strview text, int32_t *oid)
{
    struct strview part[2] = {{0}};
    struct relation relation;
    size_t at = 0, n = 0, len;
    bool quoted = false;
    text = strview_trim(text);
    while (at < text.len && n < 2) {
        const char *p = name_part(b, text, &at, &len, &quoted);
        if (!p)
            return error_set(b->err, SQLSTATE_INVALID_NAME, "invalid name syntax");
        part[n++] = strview_make(p, len);
    }
    if (n == 0 || at == text.len)
        return error_set(b->err, SQLSTATE_INVALID_NAME, "invalid name syntax");
    if (at < text.len)
        return error_set(b->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "names of more than two parts are not supported here");
    struct strview schema = n == 2 ? part[0] : STRVIEW("");
    if (b->catalog->find_relation(b->catalog->arg, schema, part[n - 1], true, &relation, NULL)) {
        *oid = (int32_t)relation.def->oid;
        return true;
    }
    return error_set(b->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%.*s%s%.*s\" does not exist", (int)schema.len,
                     schema.ptr, n == 2 ? "." : "", (int)part[n - 1].len, part[n - 1].ptr);
}

static bool names_relation(const struct bind *b, oid_t type, struct strview text)
{
    text = strview_trim(text);
    return type == TYPE_REGCLASS && b->catalog && text.len && !char_is_digit(text.ptr[0]) &&
           !strview_equal_cstr(text, "-");
}

/* The untyped literal becomes a constant of the type at once, as PostgreSQL does. */
static struct expr *literal(struct bind *b, const struct expr *e, struct coltype to)
{
    struct expr *out = bind_new(b, EXPR_CONST, coltype(to.oid), e->location, 0);
    out->value.type = to.oid;
    out->value.is_null = e->value.is_null;
    if (out->value.is_null)
        return out;
    struct coltype base = to.oid == TYPE_INTERVAL ? to : coltype(to.oid);
    bool ok = names_relation(b, to.oid, str_view(&e->value.d.str))
                  ? regclass_literal(b, str_view(&e->value.d.str), &out->value.d.i32)
                  : value_parse(str_view(&e->value.d.str), base, true, b->ctx, b->arena, &out->value.d, b->err);
    if (!ok) {
        (void)error_position(b->err, e->location + 1);
        return NULL;
    }
    if (type_phys(to.oid) == PHYS_STR)
        out->value.d.str = str_copy(b->arena, &out->value.d.str);
    return out;
}

static struct expr *infer_param(struct bind *b, struct expr *e, oid_t to)
{
    oid_t *known = &b->param_type[e->param];
    if (*known != TYPE_UNKNOWN && *known != to) {
        (void)error_set(b->err, SQLSTATE_AMBIGUOUS_PARAMETER, "inconsistent types deduced for parameter $%u",
                        e->param + 1);
        (void)error_detail(b->err, "%s versus %s", type_text(b, *known), type_text(b, to));
        return bind_fail_at(b, expr_location(e));
    }
    *known = to;
    e->type = coltype(to);
    return e;
}

static struct expr *relabel(struct bind *b, struct expr *e, oid_t to)
{
    if (e->kind == EXPR_CONST) {
        struct expr *c = arena_alloc(b->arena, sizeof *c);
        *c = *e;
        c->type = coltype(to);
        c->value.type = to;
        return c;
    }
    struct expr *r = bind_new(b, EXPR_RELABEL, coltype(to), e->location, 1);
    r->args[0] = e;
    return r;
}

static struct expr *call_cast(struct bind *b, struct expr *e, oid_t to, enum path path, oid_t oid)
{
    const struct func *f = path == PATH_IO ? func_cast_by_io() : func_by_oid(oid);
    if (!f)
        return bind_unsupported(b, e->location, NULL, "the cast from %s to %s is", type_text(b, e->type.oid),
                                type_text(b, to));
    struct expr *call = bind_new(b, EXPR_CALL, coltype(to), e->location, 1);
    call->func = f;
    call->args[0] = e;
    return call;
}

static struct expr *apply_typmod(struct bind *b, struct expr *e, struct coltype to, bool explicit_cast)
{
    if (to.typmod < 0 || to.typmod == e->type.typmod)
        return e;
    if (e->kind == EXPR_CONST && e->value.is_null) {
        e->type.typmod = to.typmod;
        return e;
    }
    struct expr *call = bind_new(b, EXPR_CALL, to, e->location, 1);
    call->func = func_apply_typmod(explicit_cast);
    call->args[0] = e;
    return call;
}

struct expr *coerce(struct bind *b, struct expr *e, struct coltype to, enum cast_context context, int32_t location)
{
    oid_t from = e->type.oid, func = 0;
    if (to.oid == TYPE_ANY || to.oid == TYPE_ANYELEMENT || to.oid == TYPE_ANYARRAY)
        return e;
    if (from == to.oid)
        return apply_typmod(b, e, to, context == CAST_EXPLICIT);
    if (from == TYPE_UNKNOWN && e->kind == EXPR_PARAM)
        return (e = infer_param(b, e, to.oid)) ? apply_typmod(b, e, to, context == CAST_EXPLICIT) : NULL;
    if (e->kind == EXPR_CONST && (from == TYPE_UNKNOWN || e->value.is_null)) {
        if (!(e = literal(b, e, to)))
            return NULL;
        if (to.oid == TYPE_INTERVAL)
            e->type.typmod = to.typmod;
        return apply_typmod(b, e, to, context == CAST_EXPLICIT);
    }
    enum path path = from == TYPE_UNKNOWN ? PATH_IO : find_path(from, to.oid, context, &func);
    if (path == PATH_NONE) {
        (void)error_set(b->err, SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s", type_text(b, from),
                        type_text(b, to.oid));
        return bind_fail_at(b, location);
    }
    e = path == PATH_RELABEL ? relabel(b, e, to.oid) : call_cast(b, e, to.oid, path, func);
    return e ? apply_typmod(b, e, to, context == CAST_EXPLICIT) : NULL;
}

struct expr *bind_cast(struct bind *b, struct expr *e, struct coltype to, int32_t location, int32_t cast_location)
{
    if (coerce_possible(e, to.oid, CAST_EXPLICIT))
        return coerce(b, e, to, CAST_EXPLICIT, location);
    (void)error_set(b->err, SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s", type_text(b, e->type.oid),
                    type_text(b, to.oid));
    return bind_fail_at(b, cast_location >= 0 ? cast_location : location);
}

/* select_common_type: the first type, unless a later one of its category is preferred or only that way round casts. */
oid_t common_type(struct bind *b, struct expr **e, uint32_t n, const char *context)
{
    uint32_t i, pick = 0;
    oid_t first = e[0]->type.oid;
    if (first != TYPE_UNKNOWN) {
        for (i = 1; i < n && e[i]->type.oid == first; i++)
            ;
        if (i == n)
            return first;
    }
    oid_t type = first;
    for (i = 1; i < n; i++) {
        oid_t next = e[i]->type.oid, func;
        if (next == TYPE_UNKNOWN || next == type)
            continue;
        if (type == TYPE_UNKNOWN) {
            type = next;
            pick = i;
        } else if (category(next) != category(type)) {
            if (context) {
                (void)error_set(b->err, SQLSTATE_DATATYPE_MISMATCH, "%s types %s and %s cannot be matched", context,
                                type_text(b, type), type_text(b, next));
                (void)bind_fail_at(b, expr_location(e[i]));
            }
            return 0;
        } else if (!type_by_oid(type)->preferred && find_path(type, next, CAST_IMPLICIT, &func) != PATH_NONE &&
                   find_path(next, type, CAST_IMPLICIT, &func) == PATH_NONE) {
            type = next;
            pick = i;
        }
    }
    (void)pick;
    return type == TYPE_UNKNOWN ? TYPE_TEXT : type;
}

int32_t common_typmod(struct expr **e, uint32_t n, oid_t type)
{
    int32_t typmod = n ? e[0]->type.typmod : -1;
    for (uint32_t i = 0; i < n; i++)
        if (e[i]->type.oid != type || e[i]->type.typmod != typmod)
            return -1;
    return typmod;
}

struct expr *coerce_common(struct bind *b, struct expr *e, oid_t type, const char *context)
{
    if (e->type.oid == type)
        return e;
    if (coerce_possible(e, type, CAST_IMPLICIT))
        return coerce(b, e, coltype(type), CAST_IMPLICIT, -1);
    (void)error_set(b->err, SQLSTATE_CANNOT_COERCE, "%s could not convert type %s to %s", context,
                    type_text(b, e->type.oid), type_text(b, type));
    return bind_fail_at(b, expr_location(e));
}

struct expr *coerce_bool(struct bind *b, struct expr *e, const char *what)
{
    if (e->type.oid == TYPE_BOOL)
        return e;
    if (coerce_possible(e, TYPE_BOOL, CAST_ASSIGNMENT))
        return coerce(b, e, coltype(TYPE_BOOL), CAST_ASSIGNMENT, e->location);
    (void)error_set(b->err, SQLSTATE_DATATYPE_MISMATCH, "argument of %s must be type boolean, not type %s", what,
                    type_text(b, e->type.oid));
    return bind_fail_at(b, expr_location(e));
}
