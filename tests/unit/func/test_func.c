/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function against what PostgreSQL 15 answered (cases.txt, made by tests/tools/func_cases.sh), with arguments in
 * every form: flat, constant, dictionary, all rows and selections. The catalogue against pg_proc.txt.
 */
#include "tests/lib/unit.h"

#include "expr/expr.h"

#include <stdlib.h>

enum { ARGS_MAX = 8, ROWS_MAX = 512 };

struct func_case {
    oid_t oid;
    char sqlstate[6];
    char *result; /* or message; NULL = SQL NULL */
    uint32_t nargs;
    char *arg[ARGS_MAX]; /* NULL = SQL NULL */
};

static struct func_case *cases;
static uint32_t ncases;
static struct arena memory;
static struct expr_env env;

/* COPY's text format: one field, in place. */
static char *unescape(char *field)
{
    if (strcmp(field, "\\N") == 0)
        return NULL;
    char *to = field;
    for (const char *p = field; *p; p++) {
        if (*p == '\\') {
            p++;
            *to++ = *p == 'n'   ? '\n'
                    : *p == 't' ? '\t'
                    : *p == 'r' ? '\r'
                    : *p == 'b' ? '\b'
                    : *p == 'f' ? '\f'
                    : *p == 'v' ? '\v'
                                : *p;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
    return field;
}

static int load(void **state)
{
    char *line = NULL;
    size_t cap = 0;
    FILE *f = fopen("tests/unit/func/cases.txt", "r");
    assert_non_null(f);
    arena_init(&memory, NULL);
    env.ctx = value_ctx_default;
    env.ctx.datetime.zone = tz_find(STRVIEW("Europe/Madrid"));
    assert_non_null(env.ctx.datetime.zone);
    while (getline(&line, &cap, f) > 0) {
        char *field[4 + ARGS_MAX], *at = arena_strdup(&memory, line);
        at[strcspn(at, "\n")] = '\0';
        for (uint32_t i = 0; i < 4 + ARGS_MAX; i++) {
            field[i] = strsep(&at, "\t");
            assert_non_null(field[i]);
        }
        cases = realloc(cases, (ncases + 1) * sizeof *cases);
        struct func_case *c = &cases[ncases++];
        *c = (struct func_case){.oid = (oid_t)atoi(field[0]), .result = unescape(field[2])};
        memcpy(c->sqlstate, field[1], 5);
        c->nargs = (uint32_t)atoi(field[3]);
        for (uint32_t i = 0; i < c->nargs; i++)
            c->arg[i] = unescape(field[4 + i]);
    }
    free(line);
    fclose(f);
    assert_true(ncases > 1000);
    return 0;
}

static int unload(void **state)
{
    free(cases);
    arena_release(&memory);
    return 0;
}

/* ---- vectors of arguments ---- */

static bool parse_arg(struct arena *arena, oid_t type, const char *text, union datum *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    return value_parse(strview_of(text), coltype(type), true, &env.ctx, arena, out, err);
}

static void flat_arg(struct arena *arena, const struct func_case *c, uint32_t n, uint32_t a, oid_t type,
                     struct vec *out)
{
    struct error err;
    enum phys phys = type_phys(type);
    assert_ok(vec_alloc(out, arena, phys, n, &err), &err);
    memset(out->data, 0, n * phys_size[phys]);
    for (uint32_t i = 0; i < n; i++) {
        union datum d;
        if (!c[i].arg[a]) {
            if (!out->null)
                assert_ok(vec_alloc_null(out, arena, n, &err), &err);
            bit_set(out->null, i);
            continue;
        }
        assert_ok(parse_arg(arena, type, c[i].arg[a], &d, &err), &err);
        memcpy((char *)out->data + i * phys_size[phys], &d, phys_size[phys]);
    }
}

/* The same values as codes; distinct values only. */
static void as_dict(struct arena *arena, struct vec *v, uint32_t n)
{
    static uint64_t next_id = 1;
    struct dict *dict = ARENA_NEW(arena, struct dict);
    struct str *value = ARENA_ARRAY(arena, struct str, n + 1);
    uint32_t *code = ARENA_ARRAY(arena, uint32_t, n + 16);
    const struct str *s = v->data;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = 0;
        while (c < dict->n && !str_equal(&value[c], &s[i]))
            c++;
        if (c == dict->n)
            value[dict->n++] = s[i];
        code[i] = c;
    }
    uint32_t *chars = ARENA_ARRAY(arena, uint32_t, dict->n + 1);
    for (uint32_t c = 0; c < dict->n; c++)
        chars[c] = (uint32_t)utf8_length(str_data(&value[c]), value[c].len);
    dict->value = value;
    dict->chars = chars;
    dict->id = next_id++;
    v->form = VEC_DICT;
    v->data = code;
    v->dict = dict;
}

static struct expr *call_of(struct arena *arena, const struct func *func)
{
    struct expr *e = ARENA_NEW(arena, struct expr);
    *e = (struct expr){.kind = EXPR_CALL, .type = coltype(func->result), .func = func, .nargs = func->nargs};
    e->args = ARENA_ARRAY(arena, struct expr *, func->nargs);
    for (uint32_t a = 0; a < func->nargs; a++) {
        e->args[a] = ARENA_NEW(arena, struct expr);
        *e->args[a] = (struct expr){.kind = EXPR_COLUMN, .type = coltype(func->arg[a]), .column = a};
    }
    return e;
}

/* ---- comparing ---- */

static uint32_t wrong;

static void report(const struct func_case *c, const char *how, const char *got)
{
    if (wrong++ > 400)
        return;
    print_error("%s(", func_by_oid(c->oid)->name);
    for (uint32_t a = 0; a < c->nargs; a++)
        print_error("%s%s", a ? ", " : "", c->arg[a] ? c->arg[a] : "NULL");
    print_error(") %s: got %s, expected %s %s\n", how, got, c->sqlstate, c->result ? c->result : "NULL");
}

/* Float functions of libm may differ in the last digit between builds. */
static bool nearly(oid_t type, const char *a, const char *b)
{
    if (type != TYPE_FLOAT8)
        return false;
    double x = strtod(a, NULL), y = strtod(b, NULL);
    double gap = x > y ? x - y : y - x, size = x < 0 ? -x : x;
    return gap <= size * 1e-15;
}

static void check_row(const struct func_case *c, const struct vec *out, uint32_t row, bool failed, const char *how)
{
    const struct func *func = func_by_oid(c->oid);
    bool want_error = strcmp(c->sqlstate, "00000") != 0;
    if (failed || want_error) {
        if (failed != want_error)
            report(c, how, failed ? "an error" : "no error");
        return;
    }
    if (vec_is_null(out, row)) {
        if (c->result)
            report(c, how, "NULL");
        return;
    }
    struct strbuf text;
    strbuf_init(&text);
    value_format(&text, func->result, vec_value(out, row), &env.ctx);
    if (func->result == TYPE_BOOL) { /* bool::text has whole words */
        const char *word = text.data[0] == 't' ? "true" : "false";
        strbuf_clear(&text);
        strbuf_add_cstr(&text, word);
    }
    if (func->result == TYPE_BPCHAR) /* and the cast to text cuts blanks */
        while (text.len && text.data[text.len - 1] == ' ')
            text.data[--text.len] = '\0';
    if (!c->result || (strcmp(text.data, c->result) != 0 && !nearly(func->result, text.data, c->result)))
        report(c, how, text.data);
    strbuf_release(&text);
}

/* ---- all rows of a function at once ---- */

static uint32_t same_func(const struct func_case *c, uint32_t left)
{
    uint32_t n = 1;
    while (n < left && n < ROWS_MAX && c[n].oid == c->oid)
        n++;
    return n;
}

static void run_batch(const struct func_case *c, uint32_t n, bool dict, uint32_t step, const char *how)
{
    struct arena arena;
    struct error err;
    struct vec col[ARGS_MAX], out;
    struct coltype types[ARGS_MAX];
    struct expr_prog *prog;
    uint64_t bits[ROWS_MAX / 64] = {0};
    uint16_t idx[ROWS_MAX];
    struct sel sel = {.idx = idx};
    const struct func *func = func_by_oid(c->oid);
    arena_init(&arena, NULL);
    for (uint32_t a = 0; a < func->nargs; a++) {
        types[a] = coltype(func->arg[a]);
        flat_arg(&arena, c, n, a, func->arg[a], &col[a]);
        if (dict && col[a].phys == PHYS_STR)
            as_dict(&arena, &col[a], n);
    }
    for (uint32_t i = 0; i < n; i += step)
        idx[sel.n++] = (uint16_t)i;
    struct batch batch = {.n = n, .ncol = func->nargs, .col = col};
    assert_ok(expr_compile(&arena, call_of(&arena, func), types, func->nargs, &env, &prog, &err), &err);
    struct expr_state *st = expr_state_new(prog, NULL);
    for (int round = 0; round < 2; round++) { /* the second meets what the first remembered */
        struct row_errors errors;
        memset(bits, 0, sizeof bits);
        row_errors_init(&errors, bits);
        assert_ok(expr_eval(prog, st, &batch, step > 1 ? &sel : NULL, &out, &errors, &err), &err);
        for (uint32_t i = 0; i < n; i += step)
            check_row(&c[i], &out, i, bit_get(bits, i), how);
    }
    expr_state_free(st);
    arena_release(&arena);
}

static void test_batches(void **state)
{
    wrong = 0;
    for (uint32_t i = 0; i < ncases;) {
        uint32_t n = same_func(&cases[i], ncases - i);
        run_batch(&cases[i], n, false, 1, "flat");
        run_batch(&cases[i], n, false, 3, "flat selected");
        run_batch(&cases[i], n, true, 1, "dictionary");
        run_batch(&cases[i], n, true, 2, "dictionary selected");
        i += n;
    }
    assert_int_equal(wrong, 0);
}

/* ---- one row at a time, with constants ---- */

static struct expr *const_of(struct arena *arena, const struct func_case *c, uint32_t a, oid_t type)
{
    struct error err;
    struct expr *e = ARENA_NEW(arena, struct expr);
    *e = (struct expr){.kind = EXPR_CONST, .type = coltype(type)};
    e->value.type = type;
    e->value.is_null = !c->arg[a];
    if (c->arg[a])
        assert_ok(parse_arg(arena, type, c->arg[a], &e->value.d, &err), &err);
    return e;
}

/* Argument `varying` (or none) is a column, the others constants. Errors must be PostgreSQL's to the letter. */
static void run_one(const struct func_case *c, uint32_t varying)
{
    struct arena arena;
    struct error err;
    struct row_errors errors;
    struct vec col[ARGS_MAX], out;
    struct coltype types[ARGS_MAX];
    struct expr_prog *prog;
    const struct func *func = func_by_oid(c->oid);
    arena_init(&arena, NULL);
    struct expr *e = call_of(&arena, func);
    for (uint32_t a = 0; a < func->nargs; a++) {
        types[a] = coltype(func->arg[a]);
        flat_arg(&arena, c, 1, a, func->arg[a], &col[a]);
        if (a != varying)
            e->args[a] = const_of(&arena, c, a, func->arg[a]);
    }
    struct batch batch = {.n = 1, .ncol = func->nargs, .col = col};
    assert_ok(expr_compile(&arena, e, types, func->nargs, &env, &prog, &err), &err);
    struct expr_state *st = expr_state_new(prog, NULL);
    row_errors_init(&errors, NULL);
    assert_ok(expr_eval(prog, st, &batch, NULL, &out, &errors, &err), &err);
    check_row(c, &out, 0, errors.count != 0, "constants");
    if (errors.count && strcmp(c->sqlstate, "00000") != 0 &&
        (strcmp(errors.first.sqlstate, c->sqlstate) != 0 || strcmp(errors.first.message, c->result) != 0)) {
        struct strbuf text;
        strbuf_init(&text);
        strbuf_add_fmt(&text, "%s %s", errors.first.sqlstate, errors.first.message);
        report(c, "constants", text.data);
        strbuf_release(&text);
    }
    expr_state_free(st);
    arena_release(&arena);
}

static void test_constants(void **state)
{
    wrong = 0;
    for (uint32_t i = 0; i < ncases; i++) {
        run_one(&cases[i], ARGS_MAX);
        run_one(&cases[i], i % cases[i].nargs);
    }
    assert_int_equal(wrong, 0);
}

/* ---- the catalogue ---- */

static void test_catalogue_is_pg_proc(void **state)
{
    char *line = NULL;
    size_t cap = 0;
    uint32_t seen = 0, total;
    FILE *f = fopen("tests/unit/func/pg_proc.txt", "r");
    assert_non_null(f);
    while (getline(&line, &cap, f) > 0) {
        struct strbuf text;
        const struct func *func = func_by_oid((oid_t)atoi(line));
        line[strcspn(line, "\n")] = '\0';
        assert_non_null(func);
        strbuf_init(&text);
        strbuf_add_fmt(&text, "%u %s %c %c %u (", func->oid, func->name, func->volatility, func->strict ? 't' : 'f',
                       func->ndefault);
        for (uint32_t a = 0; a < func->nargs; a++)
            strbuf_add_fmt(&text, "%s%u", a ? "," : "", func->arg[a]);
        strbuf_add_fmt(&text, ") %u", func->result);
        assert_string_equal(text.data, line);
        strbuf_release(&text);
        seen++;
    }
    free(line);
    fclose(f);
    func_all(&total);
    assert_true(seen > 400 && seen <= total);
}

static void test_tables_are_consistent(void **state)
{
    uint32_t n, m;
    const struct func *const *all = func_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(i == 0 || all[i - 1]->oid < all[i]->oid);
        assert_true(all[i]->kernel || all[i]->agg);
        const struct func *const *same = func_candidates(strview_of(all[i]->name), &m);
        bool found = false;
        for (uint32_t k = 0; k < m; k++)
            found |= same[k] == all[i];
        assert_true(found);
    }
    const struct operator* const * ops = operator_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        const struct func *func = func_by_oid(ops[i]->func);
        assert_non_null(func);
        assert_int_equal(func->result, ops[i]->result);
        assert_int_equal(func->nargs, ops[i]->left ? 2 : 1);
        assert_ptr_equal(operator_by_oid(ops[i]->oid), ops[i]);
        if (ops[i]->commutator)
            assert_non_null(operator_by_oid(ops[i]->commutator));
        if (ops[i]->negator)
            assert_int_equal(operator_by_oid(ops[i]->negator)->negator, ops[i]->oid);
    }
    const struct cast *casts = cast_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        assert_ptr_equal(cast_find(casts[i].source, casts[i].target), &casts[i]);
        if (casts[i].method == CAST_BY_FUNC)
            assert_int_equal(type_phys(func_by_oid(casts[i].func)->result), type_phys(casts[i].target));
    }
    assert_null(cast_find(TYPE_BOOL, TYPE_DATE));
    func_candidates(STRVIEW("nosuch"), &n);
    assert_int_equal(n, 0);
    const char *near[4];
    assert_true(func_similar(STRVIEW("celing"), near, 4) > 0);
    assert_string_equal(near[0], "ceiling");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_is_pg_proc),
        cmocka_unit_test(test_tables_are_consistent),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_constants),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
