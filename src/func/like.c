/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LIKE and ILIKE. A constant pattern without _ is cut into literal pieces between %: a first one that must begin the
 * text, a last one that must end it, those between found one after the other. Other patterns go through the general
 * matcher, character by character.
 */
#include "func/like_int.h"
#include "base/kernel.h"
#include "func/kernels_int.h"
#include "func/text_int.h"

#include <stdlib.h>

KERNEL_DECLARE(struct like_kernels, like_kernels);

struct like_plan {
    bool general;              /* has _ or ends in the escape character */
    struct strview text;       /* the pattern, in lower case for ILIKE */
    bool open_begin, open_end; /* % at the ends */
    uint32_t npiece;
    struct strview *piece;
};

int64_t text_find(struct strview text, size_t from, struct strview needle)
{
    if (from > text.len)
        return -1;
    if (needle.len == 0)
        return (int64_t)from;
    int64_t at = KERNEL_PICK(like_kernels)->find(text.ptr + from, text.len - from, needle.ptr, needle.len);
    return at < 0 ? -1 : at + (int64_t)from;
}

/* Cuts a pattern into its pieces. */
static void plan_pieces(struct arena *arena, struct like_plan *plan)
{
    struct strview p = plan->text;
    char *bytes = arena_alloc(arena, p.len + 1);
    size_t used = 0, begin = 0;
    plan->piece = ARENA_ARRAY(arena, struct strview, p.len + 1);
    plan->open_begin = p.len && p.ptr[0] == '%';
    for (size_t i = 0; i < p.len; i++) {
        char c = p.ptr[i];
        if (c == '_' || (c == '\\' && i + 1 == p.len)) {
            plan->general = true;
            return;
        }
        plan->open_end = c == '%';
        if (c == '%') {
            if (used > begin)
                plan->piece[plan->npiece++] = strview_make(bytes + begin, used - begin);
            begin = used;
            continue;
        }
        if (c == '\\')
            c = p.ptr[++i];
        bytes[used++] = c;
    }
    if (used > begin || !(plan->open_begin || plan->open_end || plan->npiece))
        plan->piece[plan->npiece++] = strview_make(bytes + begin, used - begin);
}

/* Names have the collation C. */
static enum case_mapping folding(const struct func *func)
{
    return func->arg[0] == TYPE_NAME ? CASE_LOWER_ASCII : CASE_LOWER;
}

static bool prepare_plan(struct arena *arena, const struct func *func, const struct value *pattern, bool fold_case,
                         void **state)
{
    if (!pattern || pattern->is_null)
        return true;
    struct like_plan *plan = ARENA_NEW(arena, struct like_plan);
    struct strbuf lower;
    strbuf_init(&lower);
    plan->text = str_view(&pattern->d.str);
    if (fold_case) {
        text_map_case(&lower, plan->text, folding(func));
        plan->text = strview_make(lower.data, lower.len);
    }
    plan->text = arena_strview(arena, plan->text);
    strbuf_release(&lower);
    plan_pieces(arena, plan);
    *state = plan;
    return true;
}
bool prepare_like(PREPARE_ARGS) { return prepare_plan(arena, func, arg[1], false, state); }
bool prepare_ilike(PREPARE_ARGS) { return prepare_plan(arena, func, arg[1], true, state); }

static bool match_pieces(const struct like_plan *plan, struct strview text)
{
    size_t at = 0, end = text.len;
    uint32_t first = 0, last = plan->npiece;
    if (!plan->open_begin && first < last) {
        struct strview p = plan->piece[first++];
        if (p.len > end || memcmp(text.ptr, p.ptr, p.len) != 0)
            return false;
        at = p.len;
        if (first == last && !plan->open_end)
            return at == end;
    }
    if (!plan->open_end && first < last) {
        struct strview p = plan->piece[--last];
        if (p.len > end - at || memcmp(text.ptr + end - p.len, p.ptr, p.len) != 0)
            return false;
        end -= p.len;
    }
    for (; first < last; first++) {
        int64_t found = text_find(strview_make(text.ptr, end), at, plan->piece[first]);
        if (found < 0)
            return false;
        at = (size_t)found + plan->piece[first].len;
    }
    return true;
}

static bool escape_at_end(struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
}

/* The general matcher: on failure it goes back to the last %, which takes one character more. */
static bool match_general(struct strview t, struct strview p, bool bytes, bool *matches, struct error *err)
{
    size_t ti = 0, pi = 0, back_t = 0, back_p = SIZE_MAX;
    *matches = false;
    while (ti < t.len) {
        char c = pi < p.len ? p.ptr[pi] : '\0';
        if (pi < p.len && c == '%') {
            back_p = ++pi;
            back_t = ti;
            if (pi == p.len) {
                *matches = true;
                return true;
            }
            continue;
        }
        if (pi < p.len && c == '\\') {
            if (pi + 1 == p.len)
                return escape_at_end(err);
            if (p.ptr[pi + 1] == t.ptr[ti]) {
                pi += 2;
                ti++;
                continue;
            }
        } else if (pi < p.len && (c == '_' || c == t.ptr[ti])) {
            ti += c == '_' && !bytes ? utf8_step((unsigned char)t.ptr[ti]) : 1;
            pi++;
            continue;
        }
        if (back_p == SIZE_MAX)
            return true;
        back_t += bytes ? 1 : utf8_step((unsigned char)t.ptr[back_t]);
        ti = back_t;
        pi = back_p;
    }
    while (pi < p.len && p.ptr[pi] == '%')
        pi++;
    *matches = pi == p.len;
    return true;
}

struct like_row {
    bool wanted, fold_case, bytes;
};

static bool like_one(const struct like_plan *plan, struct strview text, struct strview pattern, struct like_row how,
                     bool *matches, struct error *err)
{
    if (plan && !plan->general) {
        *matches = match_pieces(plan, text);
        return true;
    }
    return match_general(text, plan ? plan->text : pattern, how.bytes, matches, err);
}

static bool like_rows(FUNC_ARGS, struct like_row how)
{
    const struct like_plan *plan = call->state;
    if (plan && !plan->general && !how.fold_case && plan->open_begin && plan->open_end && plan->npiece == 1 &&
        arg[0].form == VEC_FLAT) {
        KERNEL_PICK(like_kernels)
            ->contains(arg[0].data, n, sel, plan->piece[0].ptr, plan->piece[0].len, how.wanted, out->data);
        return true;
    }
    struct strbuf text, pattern;
    strbuf_init(&text);
    strbuf_init(&pattern);
    FOR_ROWS(i)
    {
        struct strview t = str_view(&ARG(struct str, 0, i)), p = str_view(&ARG(struct str, 1, i));
        bool matches;
        if (how.fold_case) {
            strbuf_clear(&text);
            text_map_case(&text, t, folding(call->func));
            t = strview_make(text.data, text.len);
        }
        if (how.fold_case && !plan) {
            strbuf_clear(&pattern);
            text_map_case(&pattern, p, folding(call->func));
            p = strview_make(pattern.data, pattern.len);
        }
        if (like_one(plan, t, p, how, &matches, &errors->scratch))
            OUT(uint8_t)[i] = matches == how.wanted;
        else
            row_failed(errors, i);
    }
    strbuf_release(&text);
    strbuf_release(&pattern);
    return true;
}

#define DEFINE_LIKE(name, ...)                                                                                         \
    bool fk_##name(FUNC_ARGS) { return like_rows(call, arg, n, sel, out, errors, err, (struct like_row){__VA_ARGS__}); }
DEFINE_LIKE(like, .wanted = true)
DEFINE_LIKE(notlike, .wanted = false)
DEFINE_LIKE(ilike, .wanted = true, .fold_case = true)
DEFINE_LIKE(notilike, .wanted = false, .fold_case = true)
DEFINE_LIKE(like_bytes, .wanted = true, .bytes = true)
DEFINE_LIKE(notlike_bytes, .wanted = false, .bytes = true)

/* Rewrites a pattern with another escape character to one with \. */
static bool escape_pattern(struct strbuf *out, struct strview p, struct strview esc, struct error *err)
{
    size_t step = esc.len ? utf8_step((unsigned char)esc.ptr[0]) : 0;
    bool after = false;
    if (step != esc.len) {
        error_set(err, SQLSTATE_INVALID_ESCAPE_SEQUENCE, "invalid escape string");
        return error_hint(err, "Escape string must be empty or one character.");
    }
    if (esc.len == 1 && esc.ptr[0] == '\\') {
        strbuf_add_view(out, p);
        return true;
    }
    for (size_t i = 0; i < p.len;) {
        if (esc.len && !after && p.len - i >= esc.len && memcmp(p.ptr + i, esc.ptr, esc.len) == 0) {
            strbuf_add_char(out, '\\');
            i += esc.len;
            after = true;
            continue;
        }
        if (p.ptr[i] == '\\' && !after)
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, p.ptr[i++]);
        after = false;
    }
    return true;
}

bool fk_like_escape(FUNC_ARGS)
{
    struct strbuf text;
    bool ok = true;
    strbuf_init(&text);
    FOR_ROWS(i)
    {
        strbuf_clear(&text);
        if (!escape_pattern(&text, str_view(&ARG(struct str, 0, i)), str_view(&ARG(struct str, 1, i)),
                            &errors->scratch))
            row_failed(errors, i);
        else if (!call_str(call, text.data, text.len, &OUT(struct str)[i], err))
            ok = false;
        if (!ok)
            break;
    }
    strbuf_release(&text);
    return ok;
}
