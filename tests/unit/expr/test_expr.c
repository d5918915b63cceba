/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation: short circuits, three-valued logic, filters, dictionaries, IN, folding, failing rows. */
#include "tests/lib/unit.h"

#include "expr/expr.h"

enum { ROWS = 300 };

static struct arena a;
static struct expr_env env;
static struct error err;

static int setup(void **state)
{
    arena_init(&a, NULL);
    env.ctx = value_ctx_default;
    return 0;
}
static int teardown(void **state)
{
    arena_release(&a);
    return 0;
}

/* ---- trees ---- */

static struct expr *node(enum expr_kind kind, oid_t type, uint32_t nargs, struct expr *x, struct expr *y,
                         struct expr *z)
{
    struct expr *e = ARENA_NEW(&a, struct expr);
    *e = (struct expr){.kind = kind, .type = coltype(type), .location = -1, .nargs = nargs};
    e->args = ARENA_ARRAY(&a, struct expr *, 3);
    e->args[0] = x;
    e->args[1] = y;
    e->args[2] = z;
    return e;
}
static struct expr *column(uint32_t c, oid_t type)
{
    struct expr *e = node(EXPR_COLUMN, type, 0, NULL, NULL, NULL);
    e->column = c;
    return e;
}
static struct expr *constant(const char *text, oid_t type)
{
    struct expr *e = node(EXPR_CONST, type, 0, NULL, NULL, NULL);
    e->value = (struct value){.type = type, .is_null = !text};
    if (text)
        assert_ok(value_parse(strview_of(text), coltype(type), true, &env.ctx, &a, &e->value.d, &err), &err);
    return e;
}
static struct expr *call(const char *name, oid_t x_type, struct expr *x, struct expr *y)
{
    uint32_t n;
    const struct func *const *all = func_candidates(strview_of(name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->nargs == (y ? 2 : 1) && all[i]->arg[0] == x_type) {
            struct expr *e = node(EXPR_CALL, all[i]->result, all[i]->nargs, x, y, NULL);
            e->func = all[i];
            return e;
        }
    fail_msg("no function %s", name);
    return NULL;
}
static struct expr *with_equality(struct expr *e, const char *name)
{
    uint32_t n;
    e->func = func_candidates(strview_of(name), &n)[0];
    return e;
}

/* ---- data: column 0 int4 i - 5 (every 7th NULL), column 1 text of a few values (every 11th NULL), dictionary or flat
 */

static const char *const words[] = {"alpha", "beta", "a string that is not inline", "", "ñandú"};
static int32_t number[ROWS];
static uint64_t number_null[(ROWS + 63) / 64 + 8], word_null[(ROWS + 63) / 64 + 8];
static struct str flat_words[ROWS], dict_words[ARRAY_LEN(words)];
static uint32_t codes[ROWS + 16];
static struct dict dict = {.n = ARRAY_LEN(words), .id = 77, .value = dict_words};
static struct vec cols[2];
static const struct coltype types[2] = {{TYPE_INT4, -1}, {TYPE_TEXT, -1}};
static struct batch batch = {.n = ROWS, .ncol = 2, .col = cols};

static void fill(bool as_dict)
{
    memset(number_null, 0, sizeof number_null);
    memset(word_null, 0, sizeof word_null);
    for (uint32_t w = 0; w < ARRAY_LEN(words); w++)
        dict_words[w] = str_make(words[w], strlen(words[w]));
    for (uint32_t i = 0; i < ROWS; i++) {
        number[i] = (int32_t)i - 5;
        codes[i] = i % ARRAY_LEN(words);
        flat_words[i] = dict_words[codes[i]];
        if (i % 7 == 3)
            bit_set(number_null, i);
        if (i % 11 == 4)
            bit_set(word_null, i);
    }
    cols[0] = (struct vec){.phys = PHYS_I32, .data = number, .null = number_null};
    cols[1] = (struct vec){.phys = PHYS_STR, .data = flat_words, .null = word_null};
    if (as_dict)
        cols[1] = (struct vec){.phys = PHYS_STR, .form = VEC_DICT, .data = codes, .null = word_null, .dict = &dict};
}
static bool no_number(uint32_t i) { return i % 7 == 3; }
static bool no_word(uint32_t i) { return i % 11 == 4; }

static struct expr_prog *prog;
static struct expr_state *st;
static uint64_t failed[(ROWS + 63) / 64];
static struct row_errors errors;

static void run(const struct expr *e, const struct sel *sel, struct vec *out)
{
    assert_ok(expr_compile(&a, e, types, 2, &env, &prog, &err), &err);
    st = expr_state_new(prog, NULL);
    memset(failed, 0, sizeof failed);
    row_errors_init(&errors, failed);
    assert_ok(expr_eval(prog, st, &batch, sel, out, &errors, &err), &err);
}
static void done(void) { expr_state_free(st); }
static int32_t int_at(const struct vec *v, uint32_t i) { return *(const int32_t *)vec_value(v, i); }

/* CASE WHEN x <> 0 THEN 10 / x ELSE 0 END */
static void test_case_guards_division(void **state)
{
    struct vec v;
    fill(false);
    struct expr *x = column(0, TYPE_INT4), *zero = constant("0", TYPE_INT4);
    struct expr *e = node(EXPR_CASE, TYPE_INT4, 3, call("int4ne", TYPE_INT4, x, zero),
                          call("int4div", TYPE_INT4, constant("10", TYPE_INT4), x), zero);
    run(e, NULL, &v);
    assert_int_equal(errors.count, 0);
    for (uint32_t i = 0; i < ROWS; i++) {
        assert_false(vec_is_null(&v, i));
        assert_int_equal(int_at(&v, i), no_number(i) || i == 5 ? 0 : 10 / ((int)i - 5));
    }
    done();
    /* without the guard exactly one row fails */
    run(call("int4div", TYPE_INT4, constant("10", TYPE_INT4), x), NULL, &v);
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.first_row, 5);
    assert_true(bit_get(failed, 5));
    assert_string_equal(errors.first.sqlstate, SQLSTATE_DIVISION_BY_ZERO);
    done();
}

/* x <> 0 AND 10 / x > 1, as a value and as a filter; and the same with OR. */
static void test_and_or_short_circuit(void **state)
{
    struct vec v;
    fill(false);
    struct expr *x = column(0, TYPE_INT4);
    struct expr *big =
        call("int4gt", TYPE_INT4, call("int4div", TYPE_INT4, constant("10", TYPE_INT4), x), constant("1", TYPE_INT4));
    struct expr *both = node(EXPR_AND, TYPE_BOOL, 2, call("int4ne", TYPE_INT4, x, constant("0", TYPE_INT4)), big, NULL);
    run(both, NULL, &v);
    assert_int_equal(errors.count, 0);
    for (uint32_t i = 0; i < ROWS; i++) {
        assert_int_equal(vec_is_null(&v, i), no_number(i));
        if (!no_number(i))
            assert_int_equal(*(const uint8_t *)vec_value(&v, i), i != 5 && 10 / ((int)i - 5) > 1);
    }
    uint16_t idx[ROWS];
    uint32_t n, want = 0;
    assert_ok(expr_filter(prog, st, &batch, NULL, idx, &n, &errors, &err), &err);
    assert_int_equal(errors.count, 0);
    for (uint32_t i = 0; i < ROWS; i++)
        if (!no_number(i) && i != 5 && 10 / ((int)i - 5) > 1)
            assert_int_equal(idx[want++], i);
    assert_int_equal(n, want);
    done();
    struct expr *either =
        node(EXPR_OR, TYPE_BOOL, 2, call("int4eq", TYPE_INT4, x, constant("0", TYPE_INT4)), big, NULL);
    run(either, NULL, &v);
    assert_int_equal(errors.count, 0);
    assert_int_equal(*(const uint8_t *)vec_value(&v, 5), 1);
    assert_ok(expr_filter(prog, st, &batch, NULL, idx, &n, &errors, &err), &err);
    assert_int_equal(n, want + 1);
    assert_int_equal(errors.count, 0);
    done();
    /* the other way round the row fails */
    run(node(EXPR_AND, TYPE_BOOL, 2, big, both, NULL), NULL, &v);
    assert_int_equal(errors.first_row, 5);
    done();
}

/* All nine combinations, in every pairing of forms. */
static void test_three_values(void **state)
{
    static const char *const values[] = {"f", "t", NULL};
    for (int x = 0; x < 3; x++)
        for (int y = 0; y < 3; y++)
            for (int kind = 0; kind < 2; kind++) {
                struct value v;
                struct expr *e = node(kind ? EXPR_OR : EXPR_AND, TYPE_BOOL, 2, constant(values[x], TYPE_BOOL),
                                      constant(values[y], TYPE_BOOL), NULL);
                assert_ok(expr_eval_const(&a, e, &env, &v, &err), &err);
                int decisive = kind, other = !kind;
                bool is_null = x != decisive && y != decisive && !(x == other && y == other);
                assert_int_equal(v.is_null, is_null);
                if (!is_null)
                    assert_int_equal(v.d.b, x == decisive || y == decisive ? decisive : other);
            }
}

static void check_words(const struct expr *e, bool (*want)(uint32_t i, bool *is_null))
{
    for (int form = 0; form < 2; form++)
        for (uint32_t step = 1; step <= 3; step += 2) {
            struct vec v;
            uint16_t idx[ROWS], out[ROWS];
            uint32_t n;
            struct sel sel = {.idx = idx};
            for (uint32_t i = 0; i < ROWS; i += step)
                idx[sel.n++] = (uint16_t)i;
            fill(form == 1);
            run(e, &sel, &v);
            uint32_t k = 0;
            for (uint32_t s = 0; s < sel.n; s++) {
                bool is_null = false, is_true = want(idx[s], &is_null);
                assert_int_equal(vec_is_null(&v, idx[s]), is_null);
                if (!is_null)
                    assert_int_equal(*(const uint8_t *)vec_value(&v, idx[s]), is_true);
            }
            assert_ok(expr_filter(prog, st, &batch, &sel, out, &n, &errors, &err), &err);
            for (uint32_t s = 0; s < sel.n; s++) {
                bool is_null = false;
                if (want(idx[s], &is_null) && !is_null)
                    assert_int_equal(out[k++], idx[s]);
            }
            assert_int_equal(n, k);
            assert_int_equal(errors.count, 0);
            done();
        }
}

static bool want_like(uint32_t i, bool *is_null)
{
    *is_null = no_word(i);
    return strchr(words[i % ARRAY_LEN(words)], 'a') != NULL;
}
static bool want_in(uint32_t i, bool *is_null)
{
    uint32_t w = i % ARRAY_LEN(words);
    *is_null = no_word(i);
    return w == 1 || w == 2;
}
static bool want_in_or_null(uint32_t i, bool *is_null)
{
    bool in = want_in(i, is_null);
    *is_null |= !in;
    return in;
}
static bool want_is_null(uint32_t i, bool *is_null) { return no_word(i); }
static bool want_distinct(uint32_t i, bool *is_null) { return no_word(i) || i % ARRAY_LEN(words) != 0; }

static void test_strings_by_entry_and_by_row(void **state)
{
    struct expr *w = column(1, TYPE_TEXT);
    check_words(call("textlike", TYPE_TEXT, w, constant("%a%", TYPE_TEXT)), want_like);
    struct expr *in =
        node(EXPR_IN, TYPE_BOOL, 3, w, constant("beta", TYPE_TEXT), constant("a string that is not inline", TYPE_TEXT));
    check_words(with_equality(in, "texteq"), want_in);
    struct expr *null = node(EXPR_IN, TYPE_BOOL, 0, NULL, NULL, NULL);
    null->args = ARENA_ARRAY(&a, struct expr *, 4);
    null->args[0] = w;
    null->args[1] = in->args[1];
    null->args[2] = constant(NULL, TYPE_TEXT);
    null->args[3] = in->args[2];
    null->nargs = 4;
    check_words(with_equality(null, "texteq"), want_in_or_null);
    check_words(node(EXPR_IS_NULL, TYPE_BOOL, 1, w, NULL, NULL), want_is_null);
    struct expr *distinct = node(EXPR_IS_DISTINCT, TYPE_BOOL, 2, w, constant("alpha", TYPE_TEXT), NULL);
    check_words(with_equality(distinct, "texteq"), want_distinct);
}

/* Integers in sets of all sizes, found by comparing and by hashing. */
static void test_in_integers(void **state)
{
    fill(false);
    for (uint32_t size = 1; size < 60; size += 7) {
        struct vec v;
        struct expr *in = node(EXPR_IN, TYPE_BOOL, 0, NULL, NULL, NULL);
        in->nargs = size + 1;
        in->args = ARENA_ARRAY(&a, struct expr *, size + 1);
        in->args[0] = column(0, TYPE_INT4);
        for (uint32_t k = 0; k < size; k++) {
            char text[16];
            snprintf(text, sizeof text, "%u", k * 3);
            in->args[k + 1] = constant(text, TYPE_INT4);
        }
        run(with_equality(in, "int4eq"), NULL, &v);
        for (uint32_t i = 0; i < ROWS; i++) {
            assert_int_equal(vec_is_null(&v, i), no_number(i));
            int32_t x = (int32_t)i - 5;
            if (!no_number(i))
                assert_int_equal(*(const uint8_t *)vec_value(&v, i), x >= 0 && x % 3 == 0 && x / 3 < (int)size);
        }
        done();
    }
}

static void test_filter_dict(void **state)
{
    uint64_t bits[1];
    bool null_passes, ok;
    struct vec v;
    uint32_t c;
    fill(true);
    run(call("textlike", TYPE_TEXT, column(1, TYPE_TEXT), constant("%a%", TYPE_TEXT)), NULL, &v);
    assert_true(expr_single_column(prog, &c));
    assert_int_equal(c, 1);
    for (int again = 0; again < 2; again++) {
        assert_ok(expr_filter_dict(prog, st, &dict, bits, &null_passes, &ok, &err), &err);
        assert_true(ok);
        assert_false(null_passes);
        assert_int_equal(bits[0], 0x17); /* all but '' */
    }
    done();
    run(node(EXPR_IS_NULL, TYPE_BOOL, 1, column(1, TYPE_TEXT), NULL, NULL), NULL, &v);
    assert_ok(expr_filter_dict(prog, st, &dict, bits, &null_passes, &ok, &err), &err);
    assert_true(ok && null_passes);
    assert_int_equal(bits[0], 0);
    done();
    /* an entry that fails: rows decide */
    struct expr *cast = node(EXPR_CALL, TYPE_INT4, 1, column(1, TYPE_TEXT), NULL, NULL);
    cast->func = func_cast_by_io();
    run(call("int4eq", TYPE_INT4, cast, constant("1", TYPE_INT4)), NULL, &v);
    assert_ok(expr_filter_dict(prog, st, &dict, bits, &null_passes, &ok, &err), &err);
    assert_false(ok);
    assert_int_equal(errors.first_row, 0);
    assert_string_equal(errors.first.sqlstate, SQLSTATE_INVALID_TEXT_REPRESENTATION);
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(bit_get(failed, i), !no_word(i));
    done();
}

static void test_coalesce_nullif_extremes(void **state)
{
    struct vec v;
    fill(false);
    struct expr *x = column(0, TYPE_INT4), *nine = constant("9", TYPE_INT4);
    run(node(EXPR_COALESCE, TYPE_INT4, 2, x, call("int4div", TYPE_INT4, nine, nine), NULL), NULL, &v);
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(int_at(&v, i), no_number(i) ? 1 : (int)i - 5);
    done();
    run(node(EXPR_GREATEST, TYPE_INT4, 2, x, nine, NULL), NULL, &v);
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(int_at(&v, i), no_number(i) || i < 14 ? 9 : (int)i - 5);
    done();
    run(with_equality(node(EXPR_NULLIF, TYPE_INT4, 2, x, nine, NULL), "int4eq"), NULL, &v);
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(vec_is_null(&v, i), no_number(i) || i == 14);
    done();
}

/* A constant subtree that fails fails the rows that reach it, and only them. */
static void test_folding(void **state)
{
    struct vec v;
    fill(false);
    struct expr *one = constant("1", TYPE_INT4), *x = column(0, TYPE_INT4);
    struct expr *bad = call("int4div", TYPE_INT4, one, constant("0", TYPE_INT4));
    run(node(EXPR_CASE, TYPE_INT4, 3, call("int4gt", TYPE_INT4, x, constant("290", TYPE_INT4)), bad, one), NULL, &v);
    assert_int_equal(errors.first_row, 296);
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(bit_get(failed, i), i >= 296 && !no_number(i));
    done();
    run(call("int4pl", TYPE_INT4, one, one), NULL, &v);
    assert_int_equal(v.form, VEC_CONST);
    assert_int_equal(int_at(&v, 7), 2);
    done();
}

static void test_tree_helpers(void **state)
{
    struct strbuf text;
    struct expr *x = column(0, TYPE_INT4), *one = constant("1", TYPE_INT4);
    struct expr *sum = call("int4pl", TYPE_INT4, x, one);
    assert_true(expr_equal(sum, call("int4pl", TYPE_INT4, column(0, TYPE_INT4), constant("1", TYPE_INT4))));
    assert_false(expr_equal(sum, call("int4pl", TYPE_INT4, column(1, TYPE_INT4), one)));
    assert_true(expr_is_fallible(sum));
    assert_int_equal(expr_volatility(sum), FUNC_IMMUTABLE);
    strbuf_init(&text);
    const char *const names[] = {"n", "w"};
    expr_format(&text,
                node(EXPR_AND, TYPE_BOOL, 2, call("int4gt", TYPE_INT4, sum, one),
                     node(EXPR_IS_NOT_NULL, TYPE_BOOL, 1, column(1, TYPE_TEXT), NULL, NULL), NULL),
                names);
    assert_string_equal(text.data, "(((n + 1) > 1) AND (w IS NOT NULL))");
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_case_guards_division),
        cmocka_unit_test(test_and_or_short_circuit),
        cmocka_unit_test(test_three_values),
        cmocka_unit_test(test_strings_by_entry_and_by_row),
        cmocka_unit_test(test_in_integers),
        cmocka_unit_test(test_filter_dict),
        cmocka_unit_test(test_coalesce_nullif_extremes),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_tree_helpers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
