/* SPDX-License-Identifier: Apache-2.0 */
/* Matching, replacing and cutting by regular expressions. See regex_int.h for the two engines. */
#include "func/regex_int.h"
#include "func/kernels_int.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct regex {
    pcre2_code *code; /* NULL: `wrong` says why */
    uint32_t ncapture;
    bool global;
    struct error *wrong;
};

static void free_code(void *code) { pcre2_code_free(code); }

/* Never fails: a pattern that cannot be used is remembered with its error. */
static struct regex *compile(struct arena *arena, struct strview pattern, struct re_flags flags, bool need_extent)
{
    struct regex *re = ARENA_NEW(arena, struct regex);
    struct re_node *root;
    struct strbuf text;
    int code;
    PCRE2_SIZE at;
    re->wrong = ARENA_NEW(arena, struct error);
    if (!regex_parse(arena, pattern, flags, &root, &re->ncapture, re->wrong))
        return re;
    if (need_extent && !regex_same_extent(arena, root)) {
        error_set(re->wrong, SQLSTATE_FEATURE_NOT_SUPPORTED,
                  "this regular expression could match in more than one way, which is not supported here");
        error_hint(re->wrong, "Make it unambiguous: alternatives that begin differently, no *?, and nothing that can "
                              "match both a repetition and what follows it.");
        return re;
    }
    strbuf_init(&text);
    regex_emit(&text, root);
    re->code = pcre2_compile((PCRE2_SPTR)text.data, text.len,
                             PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
    strbuf_release(&text);
    if (!re->code) {
        error_set(re->wrong, SQLSTATE_FEATURE_NOT_SUPPORTED, "regular expression is too complex");
        return re;
    }
    (void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE); /* without JIT it is only slower */
    arena_on_release(arena, free_code, re->code);
    return re;
}

/* Options of regexp_replace. */
static bool parse_options(struct strview options, struct re_flags *flags, bool *global, struct error *err)
{
    for (size_t i = 0; i < options.len; i++) {
        char c = options.ptr[i];
        if (c == 'g') {
            *global = true;
        } else if (c == 'i') {
            flags->ignore_case = true;
        } else if (c == 'c') {
            flags->ignore_case = false;
        } else if (c == 's' || c == 't') {
            continue; /* as it is anyway */
        } else if (c && strchr("bemnpqwx", c)) {
            error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "regular expression option \"%c\" is not supported", c);
            return error_hint(err, "The options g, i, c, s and t are.");
        } else {
            return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid regular expression option: \"%.*s\"",
                             (int)utf8_step((unsigned char)c), options.ptr + i);
        }
    }
    return true;
}

static bool prepare(struct arena *arena, const struct func *func, const struct value *pattern,
                    const struct value *options, bool ignore_case, bool need_extent, void **state)
{
    struct re_flags flags = {.ignore_case = ignore_case, .c_locale = func->arg[0] == TYPE_NAME};
    struct error wrong;
    bool global = false;
    if (!pattern || pattern->is_null || (options && options->is_null))
        return true;
    if (options && !parse_options(str_view(&options->d.str), &flags, &global, &wrong))
        return true;
    struct regex *re = compile(arena, str_view(&pattern->d.str), flags, need_extent);
    re->global = global;
    *state = re;
    return true;
}
bool prepare_regex(PREPARE_ARGS) { return prepare(arena, func, arg[1], NULL, false, false, state); }
bool prepare_iregex(PREPARE_ARGS) { return prepare(arena, func, arg[1], NULL, true, false, state); }
bool prepare_regexp_substring(PREPARE_ARGS) { return prepare(arena, func, arg[1], NULL, false, true, state); }
bool prepare_regexp_replace(PREPARE_ARGS)
{
    if (nargs > 3 && !arg[3])
        return true;
    return prepare(arena, func, arg[1], nargs > 3 ? arg[3] : NULL, false, true, state);
}

/* ---- one batch ---- */

struct matcher {
    struct arena arena; /* of patterns that are not constant */
    const struct regex *fixed, *last;
    struct strview last_pattern;
    struct re_flags last_flags;
    pcre2_match_data *match;
    uint32_t match_groups;
};

static void matcher_init(struct matcher *m, const struct func_call *call)
{
    *m = (struct matcher){.fixed = call->state};
    arena_init(&m->arena, NULL);
}
static void matcher_release(struct matcher *m)
{
    pcre2_match_data_free(m->match);
    arena_release(&m->arena);
}

/* The row's compiled pattern; the last one is kept. NULL: err. */
static const struct regex *pattern_of(struct matcher *m, struct strview pattern, struct re_flags flags,
                                      bool need_extent, struct error *err)
{
    const struct regex *re = m->fixed;
    if (!re && m->last && strview_equal(pattern, m->last_pattern) && flags.ignore_case == m->last_flags.ignore_case)
        re = m->last;
    if (!re) {
        arena_reset(&m->arena);
        m->last_pattern = arena_strview(&m->arena, pattern);
        m->last_flags = flags;
        re = m->last = compile(&m->arena, m->last_pattern, flags, need_extent);
    }
    if (!re->code) {
        *err = *re->wrong;
        return NULL;
    }
    if (!m->match || m->match_groups < re->ncapture) {
        pcre2_match_data_free(m->match);
        m->match_groups = re->ncapture;
        m->match = pcre2_match_data_create(re->ncapture + 1, NULL);
    }
    return re;
}

/* *found; offsets are in the match data. */
static bool match_at(struct matcher *m, const struct regex *re, struct strview text, size_t from, bool *found,
                     struct error *err)
{
    int n = pcre2_match(re->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, from, PCRE2_NO_UTF_CHECK, m->match,
                        NULL);
    *found = n > 0;
    if (n > 0 || n == PCRE2_ERROR_NOMATCH)
        return true;
    error_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "regular expression failed: too much backtracking (%d)", n);
    return error_hint(err, "Avoid nested repetitions in the pattern.");
}

static bool test_rows(FUNC_ARGS, bool wanted, bool ignore_case)
{
    struct matcher m;
    const struct re_flags flags = {.ignore_case = ignore_case, .c_locale = call->func->arg[0] == TYPE_NAME};
    matcher_init(&m, call);
    FOR_ROWS(i)
    {
        bool found;
        struct error *e = &errors->scratch;
        const struct regex *re = pattern_of(&m, str_view(&ARG(struct str, 1, i)), flags, false, e);
        OUT(uint8_t)[i] = 0;
        if (re && match_at(&m, re, str_view(&ARG(struct str, 0, i)), 0, &found, e))
            OUT(uint8_t)[i] = found == wanted;
        else
            row_failed(errors, i);
    }
    matcher_release(&m);
    return true;
}
bool fk_regex(FUNC_ARGS) { return test_rows(call, arg, n, sel, out, errors, err, true, false); }
bool fk_regex_not(FUNC_ARGS) { return test_rows(call, arg, n, sel, out, errors, err, false, false); }
bool fk_iregex(FUNC_ARGS) { return test_rows(call, arg, n, sel, out, errors, err, true, true); }
bool fk_iregex_not(FUNC_ARGS) { return test_rows(call, arg, n, sel, out, errors, err, false, true); }

bool fk_regexp_substring(FUNC_ARGS)
{
    struct matcher m;
    bool ok = true;
    matcher_init(&m, call);
    FOR_ROWS(i)
    {
        bool found;
        struct strview s = str_view(&ARG(struct str, 0, i));
        const struct regex *re =
            pattern_of(&m, str_view(&ARG(struct str, 1, i)), (struct re_flags){0}, true, &errors->scratch);
        if (!re || !match_at(&m, re, s, 0, &found, &errors->scratch)) {
            row_failed(errors, i);
            continue;
        }
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m.match);
        at += re->ncapture ? 2 : 0;
        bool set = found && pcre2_get_ovector_count(m.match) > (re->ncapture ? 1U : 0U) && at[0] != PCRE2_UNSET;
        if (set)
            OUT(struct str)[i] = str_make(s.ptr + at[0], at[1] - at[0]);
        else if (!(ok = out_set_null(call, out, n, i, err)))
            break;
    }
    matcher_release(&m);
    return ok;
}

/* \1 … \9 are groups, \& the match, \\ a backslash; other escapes stand for themselves. */
static void add_replacement(struct strbuf *out, struct strview by, struct strview text, const PCRE2_SIZE *at,
                            uint32_t ncapture)
{
    for (size_t k = 0; k < by.len; k++) {
        char c = by.ptr[k], next = k + 1 < by.len ? by.ptr[k + 1] : '\0';
        bool group = c == '\\' && ((next >= '1' && next <= '9') || next == '&');
        if (c == '\\' && next == '\\') {
            strbuf_add_char(out, '\\');
            k++;
        } else if (group) {
            uint32_t g = next == '&' ? 0 : (uint32_t)(next - '0');
            if (g <= ncapture && at[2 * g] != PCRE2_UNSET)
                strbuf_add(out, text.ptr + at[2 * g], at[2 * g + 1] - at[2 * g]);
            k++;
        } else {
            strbuf_add_char(out, c);
        }
    }
}

/* After an empty match the search goes on one character later. */
static bool replace_one(struct matcher *m, const struct regex *re, struct strview text, struct strview by, bool global,
                        struct strbuf *out, struct error *err)
{
    size_t done = 0, from = 0;
    bool found = true;
    while (found && from <= text.len) {
        if (!match_at(m, re, text, from, &found, err))
            return false;
        if (!found)
            break;
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->match);
        strbuf_add(out, text.ptr + done, at[0] - done);
        add_replacement(out, by, text, at, re->ncapture);
        done = from = at[1];
        if (at[0] == at[1])
            from += from < text.len ? utf8_step((unsigned char)text.ptr[from]) : 1;
        if (!global)
            break;
        if (out->len > STR_LEN_MAX)
            return func_too_long(err);
    }
    strbuf_add(out, text.ptr + done, text.len - done);
    return true;
}

bool fk_regexp_replace(FUNC_ARGS)
{
    struct matcher m;
    struct strbuf text;
    bool ok = true;
    matcher_init(&m, call);
    strbuf_init(&text);
    FOR_ROWS(i)
    {
        struct error *e = &errors->scratch;
        struct re_flags flags = {0};
        struct strview s = str_view(&ARG(struct str, 0, i));
        bool global = m.fixed && m.fixed->global;
        bool row = m.fixed || call->nargs < 4 || parse_options(str_view(&ARG(struct str, 3, i)), &flags, &global, e);
        const struct regex *re = row ? pattern_of(&m, str_view(&ARG(struct str, 1, i)), flags, true, e) : NULL;
        strbuf_clear(&text);
        if (!re || !replace_one(&m, re, s, str_view(&ARG(struct str, 2, i)), global, &text, e))
            row_failed(errors, i);
        else if (!(ok = call_str(call, text.data, text.len, &OUT(struct str)[i], err)))
            break;
    }
    strbuf_release(&text);
    matcher_release(&m);
    return ok;
}
