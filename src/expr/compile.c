/* SPDX-License-Identifier: Apache-2.0 */
/* From the bound tree to a program: equal subtrees become one node, constant ones are computed. */
#include "base/hash.h"
#include "expr/expr_int.h"

static uint32_t node_add(struct expr_prog *prog, const struct node *node)
{
    if (prog->nnode == prog->node_cap) {
        uint32_t cap = prog->node_cap ? 2 * prog->node_cap : 16;
        struct node *grown = ARENA_ARRAY(prog->arena, struct node, cap);
        if (prog->nnode)
            memcpy(grown, prog->node, prog->nnode * sizeof *grown);
        prog->node = grown;
        prog->node_cap = cap;
    }
    prog->node[prog->nnode] = *node;
    return prog->nnode++;
}

static bool const_equal(const struct vec *a, const struct vec *b)
{
    if (a->phys != b->phys || vec_is_null(a, 0) != vec_is_null(b, 0))
        return false;
    if (vec_is_null(a, 0))
        return true;
    if (a->phys == PHYS_STR)
        return str_equal(a->data, b->data);
    return memcmp(a->data, b->data, phys_size[a->phys]) == 0;
}

static bool node_equal(const struct node *a, const struct node *b)
{
    if (a->hash != b->hash || a->kind != b->kind || a->type.oid != b->type.oid || a->type.typmod != b->type.typmod ||
        a->func != b->func || a->nargs != b->nargs || (a->nargs && memcmp(a->arg, b->arg, a->nargs * sizeof *a->arg)))
        return false;
    switch ((enum expr_kind)a->kind) {
    case EXPR_CONST: return const_equal(&a->value, &b->value);
    case EXPR_COLUMN: return a->column == b->column;
    case EXPR_PARAM: return a->param == b->param;
    default: return !a->is_volatile;
    }
}

static uint64_t node_hash(const struct node *node)
{
    uint64_t h = hash_u64((uint64_t)node->kind << 32 | node->type.oid);
    h = hash_combine(h, (uint64_t)(uintptr_t)node->func);
    switch ((enum expr_kind)node->kind) {
    case EXPR_CONST:
        if (!vec_is_null(&node->value, 0)) {
            const struct str *s = node->value.data;
            h = hash_combine(h, node->phys == PHYS_STR ? hash_bytes(str_data(s), s->len)
                                                       : hash_bytes(node->value.data, phys_size[node->phys]));
        }
        break;
    case EXPR_COLUMN: h = hash_combine(h, (uint64_t)(uint32_t)node->column); break;
    case EXPR_PARAM: h = hash_combine(h, node->param); break;
    default: break;
    }
    for (uint32_t a = 0; a < node->nargs; a++)
        h = hash_combine(h, node->arg[a]);
    return h;
}

static bool make_const(struct expr_prog *prog, const struct expr *expr, struct node *node, struct error *err)
{
    const void *datum = expr->value.is_null ? NULL : &expr->value.d;
    node->constant = node->immutable = true;
    return vec_const(&node->value, prog->arena, (enum phys)node->phys, datum, err);
}

static bool has_func(enum expr_kind kind)
{
    return kind == EXPR_CALL || kind == EXPR_IS_DISTINCT || kind == EXPR_IS_NOT_DISTINCT || kind == EXPR_NULLIF ||
           kind == EXPR_IN;
}

/* What follows from the arguments. */
static void derive(const struct expr_prog *prog, struct node *node)
{
    node->constant = node->immutable = true;
    for (uint32_t a = 0; a < node->nargs; a++) {
        const struct node *arg = &prog->node[node->arg[a]];
        node->constant &= arg->constant;
        node->immutable &= arg->immutable;
        node->is_volatile |= arg->is_volatile;
        node->fallible |= arg->fallible;
        if (node->column == COLUMN_NONE)
            node->column = arg->column;
        else if (arg->column != COLUMN_NONE && arg->column != node->column)
            node->column = COLUMN_MANY;
    }
    if (node->func) {
        node->fallible |= node->func->fallible;
        node->immutable &= node->func->volatility == FUNC_IMMUTABLE;
        node->is_volatile |= node->func->volatility == FUNC_VOLATILE;
    }
    node->constant &= !node->is_volatile;
    bool over_string =
        node->column >= 0 && prog->column_type && type_phys(prog->column_type[node->column].oid) == PHYS_STR;
    bool is_work = node->kind != EXPR_RELABEL && node->kind != EXPR_IS_NULL && node->kind != EXPR_IS_NOT_NULL;
    node->memoised = over_string && is_work && !node->is_volatile && phys_size[node->phys];
}

/* Lets the function look at its constant arguments. If it finds them wrong, rows will find out for themselves. */
static bool prepare(struct expr_prog *prog, struct node *node)
{
    const struct value **arg = ARENA_ARRAY(prog->arena, const struct value *, node->nargs + 1);
    struct error ignored;
    if (!node->func || !node->func->prepare)
        return true;
    for (uint32_t a = 0; a < node->nargs; a++) {
        const struct node *n = &prog->node[node->arg[a]];
        if (n->kind != EXPR_CONST)
            continue;
        struct value *v = ARENA_NEW(prog->arena, struct value);
        v->type = n->type.oid;
        v->is_null = vec_is_null(&n->value, 0);
        if (!v->is_null)
            memcpy(&v->d, n->value.data, phys_size[n->phys]);
        arg[a] = v;
    }
    if (!node->func->prepare(prog->arena, node->func, arg, node->nargs, &prog->env->ctx, &node->prepared, &ignored))
        node->prepared = NULL;
    return true;
}

/* Computes a node of constants now. Leaves it as it is if it fails. */
static void fold(struct expr_prog *prog, struct node *node)
{
    struct expr_state st;
    struct error ignored;
    struct row_errors errors;
    struct vec v, value;
    struct rows one = {1, NULL, 1, NULL};
    if (!node->immutable || !node->constant || node->kind == EXPR_CONST || node->phys == PHYS_NONE)
        return;
    for (uint32_t a = 0; a < node->nargs; a++)
        if (prog->node[node->arg[a]].kind != EXPR_CONST)
            return;
    state_init(&st, prog, prog->arena->account);
    row_errors_init(&errors, NULL);
    st.next_rows_id = 1;
    if (eval_compute(&st, node, &one, &v, &errors, &ignored) && errors.count == 0) {
        union datum d;
        bool is_null = vec_is_null(&v, 0);
        if (!is_null) {
            memcpy(&d, vec_value(&v, 0), phys_size[node->phys]);
            if (node->phys == PHYS_STR)
                d.str = str_copy(prog->arena, &d.str);
            else if (node->phys == PHYS_NUM)
                d.num = num_copy(prog->arena, &d.num);
        }
        if (vec_const(&value, prog->arena, (enum phys)node->phys, is_null ? NULL : &d, &ignored)) {
            node->kind = EXPR_CONST;
            node->value = value;
            node->nargs = 0;
            node->func = NULL;
            node->fallible = node->memoised = false;
            node->constant = node->immutable = true;
        }
    }
    state_release(&st);
}

static bool compile(struct expr_prog *prog, const struct expr *expr, uint32_t depth, uint32_t *out, struct error *err);

static bool compile_args(struct expr_prog *prog, const struct expr *expr, struct node *node, uint32_t depth,
                         struct error *err)
{
    uint32_t *arg = ARENA_ARRAY(prog->arena, uint32_t, expr->nargs);
    struct coltype *type = ARENA_ARRAY(prog->arena, struct coltype, expr->nargs);
    for (uint32_t a = 0; a < expr->nargs; a++) {
        if (!compile(prog, expr->args[a], depth + 1, &arg[a], err))
            return false;
        type[a] = expr->args[a]->type;
    }
    node->nargs = expr->nargs;
    node->arg = arg;
    node->arg_type = type;
    return true;
}

static bool fill_node(struct expr_prog *prog, const struct expr *expr, struct node *node, uint32_t depth,
                      struct error *err)
{
    switch (expr->kind) {
    case EXPR_CONST: return make_const(prog, expr, node, err);
    case EXPR_COLUMN:
        assert(expr->column < prog->ncolumn);
        node->column = (int32_t)expr->column;
        node->immutable = true;
        return true;
    case EXPR_PARAM:
        node->param = expr->param;
        node->constant = node->immutable = true;
        return true;
    case EXPR_AGG:
    case EXPR_SUBLINK: return error_set(err, SQLSTATE_INTERNAL_ERROR, "aggregate or sub-select left in an expression");
    default: break;
    }
    if (has_func(expr->kind))
        node->func = expr->func;
    if (!compile_args(prog, expr, node, depth, err))
        return false;
    derive(prog, node);
    return true;
}

/* Nodes are compared by hash; programs are small enough to look through. */
static bool find_equal(struct expr_prog *prog, const struct node *node, uint32_t *out)
{
    for (uint32_t i = 0; i < prog->nnode; i++)
        if (node_equal(&prog->node[i], node)) {
            prog->node[i].shared = true;
            *out = i;
            return true;
        }
    return false;
}

static bool compile(struct expr_prog *prog, const struct expr *expr, uint32_t depth, uint32_t *out, struct error *err)
{
    enum { DEPTH_MAX = 4000 };
    struct node node = {
        .kind = (uint8_t)expr->kind,
        .phys = (uint8_t)type_phys(expr->type.oid),
        .column = COLUMN_NONE,
        .type = expr->type,
        .source = expr,
    };
    if (depth > DEPTH_MAX)
        return error_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    if (!fill_node(prog, expr, &node, depth, err))
        return false;
    node.hash = node_hash(&node);
    if (find_equal(prog, &node, out))
        return true;
    if (!prepare(prog, &node))
        return false;
    if (node.kind == EXPR_IN)
        node.set = in_set_new(prog->arena, prog, &node);
    fold(prog, &node);
    if (node.kind == EXPR_CONST) {
        node.hash = node_hash(&node);
        if (find_equal(prog, &node, out))
            return true;
    }
    *out = node_add(prog, &node);
    return true;
}

bool expr_compile(struct arena *arena, const struct expr *expr, const struct coltype *column_type, uint32_t ncolumn,
                  const struct expr_env *env, struct expr_prog **out, struct error *err)
{
    struct expr_prog *prog = ARENA_NEW(arena, struct expr_prog);
    prog->arena = arena;
    prog->env = env;
    prog->column_type = column_type;
    prog->ncolumn = ncolumn;
    if (!compile(prog, expr, 0, &prog->root, err))
        return false;
    *out = prog;
    return true;
}
