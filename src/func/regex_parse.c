/* SPDX-License-Identifier: Apache-2.0 */
#include "func/regex_int.h"

#include <stdlib.h>

struct parser {
    struct arena *arena;
    const char *p, *end;
    struct re_flags flags;
    uint32_t ncapture;
    uint32_t depth;
    struct error *err;
};

static bool wrong(struct parser *ps, const char *what)
{
    return error_set(ps->err, SQLSTATE_INVALID_REGULAR_EXPRESSION, "invalid regular expression: %s", what);
}
static bool unsupported(struct parser *ps, const char *what)
{
    error_set(ps->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "regular expressions with %s are not supported", what);
    return error_hint(ps->err, "Write the pattern without it, or use LIKE, split_part() or replace().");
}

/* The highest character that has a class or another case. */
static uint32_t locale_max(const struct parser *ps)
{
    enum { ASCII_MAX = 0x7F };
    return ps->flags.c_locale ? ASCII_MAX : CODE_POINT_MAX;
}

static struct re_node *new_node(struct parser *ps, enum re_kind kind)
{
    struct re_node *node = ARENA_NEW(ps->arena, struct re_node);
    node->kind = kind;
    node->class_max = locale_max(ps);
    return node;
}

static uint32_t take_char(struct parser *ps)
{
    uint32_t step, c = utf8_decode(ps->p, &step);
    ps->p += step;
    return c;
}

static struct re_node *set_node(struct parser *ps, uint32_t lo, uint32_t hi)
{
    struct re_node *node = new_node(ps, RE_SET);
    cset_add(ps->arena, &node->set, lo, hi);
    if (ps->flags.ignore_case && lo == hi)
        cset_fold(ps->arena, &node->set, locale_max(ps));
    return node;
}

/* Hexadecimal digits of an escape: exactly n, or as many as there are (n = 0). */
static bool hex_escape(struct parser *ps, uint32_t n, uint32_t *out)
{
    uint32_t value = 0, count = 0;
    while (ps->p < ps->end && (n == 0 || count < n)) {
        char c = char_lower(*ps->p);
        if (!char_is_digit(c) && !(c >= 'a' && c <= 'f'))
            break;
        value = value * 16 + (uint32_t)(char_is_digit(c) ? c - '0' : c - 'a' + 10);
        if (value > CODE_POINT_MAX)
            return wrong(ps, "invalid escape \\ sequence");
        count++;
        ps->p++;
    }
    *out = value;
    return (count && (n == 0 || count == n)) || wrong(ps, "invalid escape \\ sequence");
}

/* Escapes that stand for one character. *found false: not one of them (ps->p unchanged). */
static bool char_escape(struct parser *ps, bool *found, uint32_t *out)
{
    static const char letters[] = "abefnrtv", values[] = "\a\b\033\f\n\r\t\v";
    char c = *ps->p;
    const char *at = strchr(letters, c);
    *found = true;
    if (c && at) {
        ps->p++;
        *out = (uint32_t)values[at - letters];
        return true;
    }
    switch (c) {
    case 'B':
        ps->p++;
        *out = '\\';
        return true;
    case 'x': ps->p++; return hex_escape(ps, 0, out);
    case 'u': ps->p++; return hex_escape(ps, 4, out);
    case 'U': ps->p++; return hex_escape(ps, 8, out);
    default: break;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || char_is_digit(c) || c == '_') {
        *found = false;
        return true;
    }
    *out = take_char(ps);
    return true;
}

/* \d \s \w and their opposites. */
static bool class_escape(struct parser *ps, char c, struct cset *set)
{
    static const struct {
        char letter;
        const char *name;
    } classes[] = {{'d', "digit"}, {'s', "space"}, {'w', "word"}};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (char_lower(c) == classes[i].letter) {
            struct cset class = {0};
            bool known = cset_add_class(ps->arena, &class, strview_of(classes[i].name));
            assert(known);
            (void)known;
            cset_limit(&class, locale_max(ps));
            if (c != classes[i].letter)
                cset_complement(ps->arena, &class);
            cset_add_set(ps->arena, set, &class);
            return true;
        }
    return false;
}

static bool parse_escape(struct parser *ps, struct re_node **out)
{
    bool found;
    uint32_t c;
    if (ps->p == ps->end)
        return wrong(ps, "invalid escape \\ sequence");
    char letter = *ps->p;
    struct re_node *node = new_node(ps, RE_SET);
    if (class_escape(ps, letter, &node->set)) {
        ps->p++;
        *out = node;
        return true;
    }
    if (letter == 'A' || letter == 'Z') {
        ps->p++;
        *out = new_node(ps, letter == 'A' ? RE_BEGIN : RE_END);
        return true;
    }
    if (letter == 'm' || letter == 'M' || letter == 'y' || letter == 'Y') {
        ps->p++;
        *out = new_node(ps, RE_WORD);
        (*out)->word = letter;
        return true;
    }
    if (letter == '0' && !(ps->p + 1 < ps->end && char_is_digit(ps->p[1])))
        return unsupported(ps, "NUL");
    if (char_is_digit(letter))
        return unsupported(ps, "back references or octal escapes");
    if (letter == 'c')
        return unsupported(ps, "control escapes");
    if (!char_escape(ps, &found, &c))
        return false;
    if (!found)
        return wrong(ps, "invalid escape \\ sequence");
    *out = set_node(ps, c, c);
    return true;
}

/* One end of a range in brackets. */
static bool bracket_char(struct parser *ps, uint32_t *out, bool *is_class, struct cset *set)
{
    *is_class = false;
    if (*ps->p != '\\') {
        *out = take_char(ps);
        return true;
    }
    ps->p++;
    if (ps->p == ps->end)
        return wrong(ps, "invalid escape \\ sequence");
    if (class_escape(ps, *ps->p, set)) {
        /* \D, \S and \W are not allowed here */
        if (*ps->p < 'a')
            return wrong(ps, "invalid escape \\ sequence");
        ps->p++;
        *is_class = true;
        return true;
    }
    bool found;
    if (!char_escape(ps, &found, out))
        return false;
    return found || wrong(ps, "invalid escape \\ sequence");
}

static bool bracket_class(struct parser *ps, struct cset *set)
{
    const char *name = ps->p + 2, *close = name;
    while (close + 1 < ps->end && !(close[0] == ':' && close[1] == ']'))
        close++;
    if (close + 1 >= ps->end)
        return wrong(ps, "brackets [] not balanced");
    struct strview view = strview_make(name, (size_t)(close - name));
    bool cased = strview_equal(view, STRVIEW("lower")) || strview_equal(view, STRVIEW("upper"));
    if (ps->flags.ignore_case && cased)
        view = STRVIEW("alpha");
    struct cset class = {0};
    if (!cset_add_class(ps->arena, &class, view))
        return wrong(ps, "invalid character class");
    cset_limit(&class, locale_max(ps));
    cset_add_set(ps->arena, set, &class);
    ps->p = close + 2;
    return true;
}

static bool parse_bracket(struct parser *ps, struct re_node **out)
{
    struct re_node *node = new_node(ps, RE_SET);
    struct cset chars = {0};
    bool negated = ps->p < ps->end && *ps->p == '^', first = true;
    ps->p += negated;
    for (;; first = false) {
        uint32_t lo, hi;
        bool is_class;
        if (ps->p >= ps->end)
            return wrong(ps, "brackets [] not balanced");
        if (*ps->p == ']' && !first)
            break;
        if (*ps->p == '[' && ps->p + 1 < ps->end && (ps->p[1] == '.' || ps->p[1] == '='))
            return unsupported(ps, "collating elements");
        if (*ps->p == '[' && ps->p + 1 < ps->end && ps->p[1] == ':') {
            if (!bracket_class(ps, &node->set))
                return false;
            continue;
        }
        if (!bracket_char(ps, &lo, &is_class, &node->set))
            return false;
        if (is_class)
            continue;
        hi = lo;
        if (ps->p + 1 < ps->end && ps->p[0] == '-' && ps->p[1] != ']') {
            ps->p++;
            if (*ps->p == '[' || !bracket_char(ps, &hi, &is_class, &node->set) || is_class || hi < lo)
                return error_is_set(ps->err) ? false : wrong(ps, "invalid character range");
        }
        cset_add(ps->arena, &chars, lo, hi);
    }
    ps->p++;
    if (ps->flags.ignore_case)
        cset_fold(ps->arena, &chars, locale_max(ps));
    cset_add_set(ps->arena, &node->set, &chars);
    if (negated)
        cset_complement(ps->arena, &node->set);
    *out = node;
    return true;
}

static bool parse_alternatives(struct parser *ps, struct re_node **out);

static bool parse_group(struct parser *ps, struct re_node **out)
{
    enum { DEPTH_MAX = 100 };
    struct re_node *node = new_node(ps, RE_GROUP);
    node->capturing = true;
    if (ps->p < ps->end && *ps->p == '?') {
        if (ps->p + 1 >= ps->end || ps->p[1] != ':')
            return unsupported(ps, "look-around or embedded options");
        node->capturing = false;
        ps->p += 2;
    }
    ps->ncapture += node->capturing;
    if (++ps->depth > DEPTH_MAX)
        return unsupported(ps, "so deep a nesting");
    if (!parse_alternatives(ps, &node->child))
        return false;
    if (ps->p >= ps->end)
        return wrong(ps, "parentheses () not balanced");
    ps->p++;
    ps->depth--;
    *out = node;
    return true;
}

static bool parse_atom(struct parser *ps, struct re_node **out)
{
    char c = *ps->p;
    switch (c) {
    case '(': ps->p++; return parse_group(ps, out);
    case '[':
        if (ps->end - ps->p >= 7 && (memcmp(ps->p, "[[:<:]]", 7) == 0 || memcmp(ps->p, "[[:>:]]", 7) == 0)) {
            *out = new_node(ps, RE_WORD);
            (*out)->word = ps->p[3] == '<' ? 'm' : 'M';
            ps->p += 7;
            return true;
        }
        ps->p++;
        return parse_bracket(ps, out);
    case '.':
        ps->p++;
        *out = set_node(ps, 0, CODE_POINT_MAX);
        return true;
    case '^':
        ps->p++;
        *out = new_node(ps, RE_BEGIN);
        return true;
    case '$':
        ps->p++;
        *out = new_node(ps, RE_END);
        return true;
    case '\\': ps->p++; return parse_escape(ps, out);
    case '*':
    case '+':
    case '?': return wrong(ps, "quantifier operand invalid");
    default: break;
    }
    if (c == '{' && ps->p + 1 < ps->end && char_is_digit(ps->p[1]))
        return wrong(ps, "quantifier operand invalid");
    uint32_t code = take_char(ps);
    *out = set_node(ps, code, code);
    return true;
}

static bool parse_number(struct parser *ps, uint32_t *out)
{
    enum { REPEAT_MAX = 255 };
    uint32_t v = 0;
    while (ps->p < ps->end && char_is_digit(*ps->p) && v <= REPEAT_MAX)
        v = v * 10 + (uint32_t)(*ps->p++ - '0');
    *out = v;
    return v <= REPEAT_MAX || wrong(ps, "invalid repetition count(s)");
}

/* *found false: no quantifier follows. */
static bool parse_quantifier(struct parser *ps, bool *found, uint32_t *min, uint32_t *max)
{
    *found = true;
    *min = 0;
    *max = UINT32_MAX;
    char c = ps->p < ps->end ? *ps->p : '\0';
    if (c == '*' || c == '+' || c == '?') {
        ps->p++;
        *min = c == '+';
        *max = c == '?' ? 1 : UINT32_MAX;
        return true;
    }
    *found = c == '{' && ps->p + 1 < ps->end && char_is_digit(ps->p[1]);
    if (!*found)
        return true;
    ps->p++;
    if (!parse_number(ps, min))
        return false;
    *max = *min;
    if (ps->p < ps->end && *ps->p == ',') {
        ps->p++;
        *max = UINT32_MAX;
        if (ps->p < ps->end && char_is_digit(*ps->p) && !parse_number(ps, max))
            return false;
    }
    if (ps->p >= ps->end || *ps->p != '}')
        return wrong(ps, "invalid repetition count(s)");
    ps->p++;
    return *min <= *max || wrong(ps, "invalid repetition count(s)");
}

static bool parse_piece(struct parser *ps, struct re_node **out)
{
    bool found;
    uint32_t min, max;
    if (!parse_atom(ps, out) || !parse_quantifier(ps, &found, &min, &max))
        return false;
    if (!found)
        return true;
    enum re_kind kind = (*out)->kind;
    if (kind == RE_BEGIN || kind == RE_END || kind == RE_WORD)
        return wrong(ps, "quantifier operand invalid");
    struct re_node *repeat = new_node(ps, RE_REPEAT);
    repeat->child = *out;
    repeat->min = min;
    repeat->max = max;
    if (ps->p < ps->end && *ps->p == '?') {
        repeat->lazy = true;
        ps->p++;
    }
    *out = repeat;
    if (ps->p < ps->end && (*ps->p == '*' || *ps->p == '+' || *ps->p == '?'))
        return wrong(ps, "quantifier operand invalid");
    return true;
}

static bool parse_branch(struct parser *ps, struct re_node **out)
{
    struct re_node *cat = new_node(ps, RE_CAT), **tail = &cat->child;
    while (ps->p < ps->end && *ps->p != '|' && !(*ps->p == ')' && ps->depth)) {
        if (!parse_piece(ps, tail))
            return false;
        tail = &(*tail)->next;
    }
    if (!cat->child)
        cat->kind = RE_EMPTY;
    *out = cat;
    return true;
}

static bool parse_alternatives(struct parser *ps, struct re_node **out)
{
    struct re_node *alt = new_node(ps, RE_ALT), **tail = &alt->child;
    for (;;) {
        if (!parse_branch(ps, tail))
            return false;
        tail = &(*tail)->next;
        if (ps->p >= ps->end || *ps->p != '|')
            break;
        ps->p++;
    }
    *out = alt->child->next ? alt : alt->child;
    return true;
}

bool regex_parse(struct arena *arena, struct strview pattern, struct re_flags flags, struct re_node **out,
                 uint32_t *ncapture, struct error *err)
{
    struct parser ps = {.arena = arena, .p = pattern.ptr, .end = pattern.ptr + pattern.len, .flags = flags, .err = err};
    error_clear(err);
    if (pattern.len >= 3 && memcmp(pattern.ptr, "***", 3) == 0)
        return unsupported(&ps, "directors (***)");
    if (!parse_alternatives(&ps, out))
        return false;
    if (ps.p < ps.end)
        return wrong(&ps, "parentheses () not balanced");
    *ncapture = ps.ncapture;
    return true;
}

/* ---- for PCRE2 ---- */

static void emit_set(struct strbuf *out, const struct cset *set)
{
    if (cset_is_full(set)) {
        strbuf_add_char(out, '.');
        return;
    }
    if (set->n == 0) {
        strbuf_add_cstr(out, "(?!)");
        return;
    }
    strbuf_add_char(out, '[');
    for (uint32_t i = 0; i < set->n; i++) {
        strbuf_add_fmt(out, "\\x{%x}", set->range[i].lo);
        if (set->range[i].hi > set->range[i].lo)
            strbuf_add_fmt(out, "-\\x{%x}", set->range[i].hi);
    }
    strbuf_add_char(out, ']');
}

static void emit_word(struct strbuf *out, char which, uint32_t class_max)
{
    struct arena arena;
    struct cset word = {0};
    struct strbuf set;
    arena_init(&arena, NULL);
    strbuf_init(&set);
    (void)cset_add_class(&arena, &word, STRVIEW("word"));
    cset_limit(&word, class_max);
    emit_set(&set, &word);
    const char *w = set.data;
    switch (which) {
    case 'm': strbuf_add_fmt(out, "(?<!%s)(?=%s)", w, w); break;
    case 'M': strbuf_add_fmt(out, "(?<=%s)(?!%s)", w, w); break;
    case 'y': strbuf_add_fmt(out, "(?:(?<!%s)(?=%s)|(?<=%s)(?!%s))", w, w, w, w); break;
    default: strbuf_add_fmt(out, "(?:(?<!%s)(?!%s)|(?<=%s)(?=%s))", w, w, w, w);
    }
    strbuf_release(&set);
    arena_release(&arena);
}

void regex_emit(struct strbuf *out, const struct re_node *node)
{
    switch (node->kind) {
    case RE_SET: emit_set(out, &node->set); break;
    case RE_EMPTY: break;
    case RE_CAT:
    case RE_ALT:
        for (const struct re_node *c = node->child; c; c = c->next) {
            regex_emit(out, c);
            if (c->next && node->kind == RE_ALT)
                strbuf_add_char(out, '|');
        }
        break;
    case RE_GROUP:
        strbuf_add_cstr(out, node->capturing ? "(" : "(?:");
        regex_emit(out, node->child);
        strbuf_add_char(out, ')');
        break;
    case RE_REPEAT:
        regex_emit(out, node->child);
        if (node->max == UINT32_MAX)
            strbuf_add_fmt(out, "{%u,}", node->min);
        else
            strbuf_add_fmt(out, "{%u,%u}", node->min, node->max);
        break;
    case RE_BEGIN: strbuf_add_cstr(out, "\\A"); break;
    case RE_END: strbuf_add_cstr(out, "\\z"); break;
    case RE_WORD: emit_word(out, node->word, node->class_max); break;
    }
}

/* ---- do both engines find the same? ----
 *
 * A. If at every point the next character alone decides how to go on (what may follow a repetition is disjoint from
 * what it may begin with, alternatives begin differently), a matching text can be read in one way only, and going on
 *    where possible is both the first choice and the longest. Then extent and groups are the same.
 * B. Otherwise, if the match must reach the end of the text (it ends in $ or .*), its extent is the same, and
 *    PostgreSQL makes the parts between group boundaries as long as possible from left to right. So does PCRE2's first
 *    choice if in each part at most one item is free, and nothing after it in the part varies in length.
 */

static bool nullable(const struct re_node *node)
{
    switch (node->kind) {
    case RE_SET: return false;
    case RE_CAT:
        for (const struct re_node *c = node->child; c; c = c->next)
            if (!nullable(c))
                return false;
        return true;
    case RE_ALT:
        for (const struct re_node *c = node->child; c; c = c->next)
            if (nullable(c))
                return true;
        return false;
    case RE_GROUP: return nullable(node->child);
    case RE_REPEAT: return node->min == 0 || nullable(node->child);
    default: return true;
    }
}

static void add_first(struct arena *arena, const struct re_node *node, struct cset *set)
{
    switch (node->kind) {
    case RE_SET: cset_add_set(arena, set, &node->set); break;
    case RE_CAT:
        for (const struct re_node *c = node->child; c; c = c->next) {
            add_first(arena, c, set);
            if (!nullable(c))
                break;
        }
        break;
    case RE_ALT:
        for (const struct re_node *c = node->child; c; c = c->next)
            add_first(arena, c, set);
        break;
    case RE_GROUP:
    case RE_REPEAT: add_first(arena, node->child, set); break;
    default: break;
    }
}

/* What may come after an item: the beginnings of its later siblings, and what follows them all. */
static struct cset follow_of(struct arena *arena, const struct re_node *next, const struct cset *outer)
{
    struct cset set = {0};
    for (; next; next = next->next) {
        add_first(arena, next, &set);
        if (!nullable(next))
            return set;
    }
    cset_add_set(arena, &set, outer);
    return set;
}

static bool has_capture(const struct re_node *node)
{
    if (node->kind == RE_GROUP && node->capturing)
        return true;
    for (const struct re_node *c = node->child; c; c = c->next)
        if (has_capture(c))
            return true;
    return false;
}

static bool decided(struct arena *arena, const struct re_node *node, const struct cset *follow);

static bool alternatives_decided(struct arena *arena, const struct re_node *node, const struct cset *follow)
{
    struct cset seen = {0};
    for (const struct re_node *c = node->child; c; c = c->next) {
        struct cset first = {0};
        add_first(arena, c, &first);
        if (nullable(c) || cset_intersects(&first, &seen) || !decided(arena, c, follow))
            return false;
        cset_add_set(arena, &seen, &first);
    }
    return true;
}

static bool repeat_decided(struct arena *arena, const struct re_node *node, const struct cset *follow)
{
    const struct re_node *body = node->child;
    struct cset first = {0}, after = {0};
    add_first(arena, body, &first);
    /* A group in a repetition holds its last round in both engines; groups inside it may not. */
    bool nested = body->kind == RE_GROUP ? has_capture(body->child) : has_capture(body);
    if (node->lazy || nullable(body) || (node->max > 1 && nested))
        return false;
    if (node->min != node->max && cset_intersects(&first, follow))
        return false;
    cset_add_set(arena, &after, follow);
    if (node->max > 1)
        cset_add_set(arena, &after, &first);
    return decided(arena, body, &after);
}

static bool decided(struct arena *arena, const struct re_node *node, const struct cset *follow)
{
    switch (node->kind) {
    case RE_CAT:
        for (const struct re_node *c = node->child; c; c = c->next) {
            struct cset after = follow_of(arena, c->next, follow);
            if (!decided(arena, c, &after))
                return false;
        }
        return true;
    case RE_ALT: return alternatives_decided(arena, node, follow);
    case RE_GROUP: return decided(arena, node->child, follow);
    case RE_REPEAT: return repeat_decided(arena, node, follow);
    default: return true;
    }
}

/* Characters of a node of fixed length; UINT32_MAX = it varies. */
static uint32_t fixed_length(const struct re_node *node)
{
    uint32_t sum = 0, one;
    switch (node->kind) {
    case RE_SET: return 1;
    case RE_CAT:
        for (const struct re_node *c = node->child; c; c = c->next) {
            if ((one = fixed_length(c)) == UINT32_MAX)
                return UINT32_MAX;
            sum += one;
        }
        return sum;
    case RE_ALT: return UINT32_MAX;
    case RE_GROUP: return fixed_length(node->child);
    case RE_REPEAT:
        one = fixed_length(node->child);
        return node->min == node->max && one != UINT32_MAX ? one * node->min : UINT32_MAX;
    default: return 0;
    }
}

/* An item that may be longer or shorter, and both engines try the longest first. */
static bool is_free_item(const struct re_node *node)
{
    if (node->kind != RE_REPEAT || node->lazy || has_capture(node))
        return false;
    if (node->child->kind == RE_SET)
        return true;
    uint32_t length = fixed_length(node->child);
    return node->min == 0 && node->max == 1 && length != UINT32_MAX && length > 0;
}

static bool parts_agree(struct arena *arena, const struct re_node *list, const struct cset *follow)
{
    bool free_seen = false;
    const struct re_node *c = list->kind == RE_CAT ? list->child : list;
    for (; c; c = list->kind == RE_CAT ? c->next : NULL) {
        struct cset after = follow_of(arena, list->kind == RE_CAT ? c->next : NULL, follow);
        if (has_capture(c)) {
            if (!decided(arena, c, &after) && (c->kind != RE_GROUP || !parts_agree(arena, c->child, &after)))
                return false;
            free_seen = false;
        } else if (decided(arena, c, &after)) {
            if (free_seen && fixed_length(c) == UINT32_MAX)
                return false;
        } else if (free_seen || !is_free_item(c)) {
            return false;
        } else {
            free_seen = true;
        }
    }
    return true;
}

/* The last item is $ or takes everything. */
static bool reaches_end(const struct re_node *root)
{
    const struct re_node *last = root->kind == RE_CAT ? root->child : NULL;
    while (last && last->next)
        last = last->next;
    if (!last)
        return false;
    return last->kind == RE_END || (last->kind == RE_REPEAT && !last->lazy && last->max == UINT32_MAX &&
                                    last->child->kind == RE_SET && cset_is_full(&last->child->set));
}

bool regex_same_extent(struct arena *arena, const struct re_node *root)
{
    const struct cset nothing = {0};
    return decided(arena, root, &nothing) || (reaches_end(root) && parts_agree(arena, root, &nothing));
}
