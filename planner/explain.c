/* SPDX-License-Identifier: Apache-2.0 */
/* EXPLAIN as text and as JSON. The first line has PostgreSQL's shape, since clients parse it. */
#include "planner/plan_int.h"
#include "types/zone.h"

#include <stdlib.h>

struct explain {
    struct strbuf *out;
    const struct plan *plan;
    const struct node_stats *stats;
    bool verbose;
};

static const char *join_name(enum join_kind kind)
{
    static const char *const names[] = {
        [JOIN_INNER] = "Inner", [JOIN_LEFT] = "Left",   [JOIN_SEMI] = "Semi", [JOIN_ANTI] = "Anti",
        [JOIN_MARK] = "Mark",   [JOIN_RIGHT] = "Right", [JOIN_FULL] = "Full"};
    return names[kind];
}

static void node_name(struct strbuf *out, const struct plan_node *n)
{
    static const char *const names[] = {
        [PLAN_SCAN] = "Seq Scan",   [PLAN_VALUES] = "Values Scan", [PLAN_FILTER] = "Filter",
        [PLAN_PROJECT] = "Project", [PLAN_AGG] = "Aggregate",      [PLAN_SORT] = "Sort",
        [PLAN_LIMIT] = "Limit",     [PLAN_JOIN] = "Join",          [PLAN_UNION_ALL] = "Append",
        [PLAN_SHARED] = "CTE Scan", [PLAN_EXCHANGE] = "Gather"};
    if (n->kind == PLAN_VALUES && n->ncol == 0) {
        strbuf_add_cstr(out, "Result");
    } else if (n->kind == PLAN_AGG) {
        static const char *const modes[] = {[AGG_SINGLE] = "", [AGG_PARTIAL] = "Partial ", [AGG_FINAL] = "Finalize "};
        strbuf_add_fmt(out, "%s%s", modes[n->agg.mode], n->agg.nkey ? "HashAggregate" : "Aggregate");
    } else if (n->kind == PLAN_SORT) {
        strbuf_add_cstr(out, n->sort.limit ? "Top-N Sort" : "Sort");
    } else if (n->kind == PLAN_JOIN) {
        if (n->join.nkey == 0)
            strbuf_add_fmt(out, "Nested Loop%s%s", n->join.kind == JOIN_INNER ? "" : " ",
                           n->join.kind == JOIN_INNER ? "" : join_name(n->join.kind));
        else if (n->join.kind == JOIN_INNER)
            strbuf_add_cstr(out, "Hash Join");
        else
            strbuf_add_fmt(out, "Hash %s Join", join_name(n->join.kind));
    } else if (n->kind == PLAN_EXCHANGE && n->exchange.kind == EXCHANGE_MERGE) {
        strbuf_add_cstr(out, "Gather Merge");
    } else {
        strbuf_add_cstr(out, names[n->kind]);
    }
}

static int width(const struct plan_node *n)
{
    int w = 0;
    for (uint32_t i = 0; i < n->ncol; i++) {
        const struct type_info *info = type_by_oid(n->type[i].oid);
        w += info && info->typlen > 0 ? info->typlen : 32;
    }
    return w;
}

/* Costs are estimated microseconds: rows read, and rows handed on. */
static double cost(const struct plan_node *n)
{
    double c = n->kind == PLAN_SCAN ? MAX_OF(n->scan.relation.rows_estimate, n->rows) * 0.01 : n->rows * 0.01;
    for (uint32_t i = 0; i < n->nchild; i++)
        c += cost(n->child[i]);
    return c;
}

static bool blocks(const struct plan_node *n) { return n->kind == PLAN_SORT || n->kind == PLAN_AGG; }

static double startup_cost(const struct plan_node *n)
{
    if (blocks(n))
        return cost(n);
    return n->nchild ? startup_cost(n->child[0]) : 0;
}

static void indent(struct explain *x, uint32_t depth, const char *label)
{
    for (uint32_t i = 0; i < depth; i++)
        strbuf_add_cstr(x->out, "      ");
    strbuf_add_fmt(x->out, "  %s: ", label);
}

static void column_name(struct strbuf *out, const struct plan_node *n, uint32_t c)
{
    if (c < n->ncol && n->name[c])
        strbuf_add_cstr(out, n->name[c]);
    else
        strbuf_add_fmt(out, "$col%u", c + 1);
}

static void constant(struct strbuf *out, oid_t type, const union datum *d)
{
    const struct type_info *info = type_by_oid(type);
    bool quote = info && info->category != 'N' && info->category != 'B';
    if (quote)
        strbuf_add_char(out, '\'');
    value_format(out, type, d, &value_ctx_default);
    if (quote)
        strbuf_add_fmt(out, "'::%s", info->sql_name);
}

static void format_pred(struct strbuf *out, const struct plan_node *n, const struct pred *p)
{
    static const char *const ops[] = {
        [PRED_EQ] = "=", [PRED_NE] = "<>", [PRED_LT] = "<", [PRED_LE] = "<=", [PRED_GT] = ">", [PRED_GE] = ">="};
    const char *name = n->scan.relation.def->column[p->column].name;
    if (p->op == PRED_IS_NULL || p->op == PRED_IS_NOT_NULL) {
        strbuf_add_fmt(out, "(%s IS %sNULL)", name, p->op == PRED_IS_NULL ? "" : "NOT ");
        return;
    }
    strbuf_add_fmt(out, "(%s ", name);
    if (p->op == PRED_IN) {
        strbuf_add_cstr(out, "IN (");
        for (uint32_t i = 0; i < p->nin; i++) {
            if (i == 8) {
                strbuf_add_fmt(out, ", … %u more", p->nin - i);
                break;
            }
            strbuf_add_cstr(out, i ? ", " : "");
            constant(out, p->type, &p->in[i]);
        }
        strbuf_add_cstr(out, "))");
        return;
    }
    strbuf_add_fmt(out, "%s ", p->op == PRED_BETWEEN ? "BETWEEN" : ops[p->op]);
    constant(out, p->type, &p->lo);
    if (p->op == PRED_BETWEEN) {
        strbuf_add_cstr(out, " AND ");
        constant(out, p->type, &p->hi);
    }
    strbuf_add_char(out, ')');
}

/* Details are `Label: text`; the same for both formats. */
struct detail {
    const char *label;
    struct strbuf text;
};
enum { DETAILS_MAX = 8 };

static struct strbuf *detail(struct detail *d, uint32_t *n, const char *label)
{
    assert(*n < DETAILS_MAX);
    d[*n].label = label;
    strbuf_init(&d[*n].text);
    return &d[(*n)++].text;
}

static void names_of_join(const struct plan_node *n, const char **names)
{
    uint32_t at = 0;
    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < n->child[s]->ncol; i++)
            names[at++] = n->child[s]->name[i];
}

static void scan_details(const struct plan_node *n, struct detail *d, uint32_t *k)
{
    struct strbuf *sb;
    if (n->scan.npred) {
        sb = detail(d, k, "Zone Cond");
        for (uint32_t i = 0; i < n->scan.npred; i++) {
            strbuf_add_cstr(sb, i ? " AND " : "");
            format_pred(sb, n, &n->scan.pred[i]);
        }
    }
    if (n->scan.nparam_pred) {
        sb = detail(d, k, "Run-time Cond");
        for (uint32_t i = 0; i < n->scan.nparam_pred; i++) {
            strbuf_add_cstr(sb, i ? " AND " : "");
            expr_format(sb, n->scan.param_pred[i], n->name);
        }
    }
    if (n->scan.nfilter) {
        sb = detail(d, k, "Filter");
        for (uint32_t i = 0; i < n->scan.nfilter; i++) {
            strbuf_add_cstr(sb, i ? " AND " : "");
            expr_format(sb, n->scan.filter[i], n->name);
        }
    }
    if (n->scan.limit != UINT64_MAX)
        strbuf_add_fmt(detail(d, k, "Stops After"), "%llu", (unsigned long long)n->scan.limit);
}

static void sort_details(const struct plan_node *n, uint32_t nkey, const struct plan_sort_key *key, struct detail *d,
                         uint32_t *k)
{
    struct strbuf *sb = detail(d, k, "Sort Key");
    for (uint32_t i = 0; i < nkey; i++) {
        strbuf_add_cstr(sb, i ? ", " : "");
        column_name(sb, n, key[i].column);
        strbuf_add_cstr(sb, key[i].desc ? " DESC" : "");
        if (key[i].desc != key[i].nulls_first)
            strbuf_add_cstr(sb, key[i].nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
}

static void limit_details(const struct expr *limit, const struct expr *offset, struct detail *d, uint32_t *k)
{
    if (limit)
        expr_format(detail(d, k, "Limit"), limit, NULL);
    if (offset)
        expr_format(detail(d, k, "Offset"), offset, NULL);
}

static void agg_details(const struct plan_node *n, struct detail *d, uint32_t *k)
{
    const struct plan_node *in = n->child[0];
    if (n->agg.nkey) {
        struct strbuf *sb = detail(d, k, "Group Key");
        for (uint32_t i = 0; i < n->agg.nkey; i++) {
            strbuf_add_cstr(sb, i ? ", " : "");
            column_name(sb, in, n->agg.key[i]);
        }
    }
    if (!n->agg.nagg)
        return;
    struct strbuf *sb = detail(d, k, "Aggregates");
    for (uint32_t i = 0; i < n->agg.nagg; i++) {
        const struct plan_agg *a = &n->agg.agg[i];
        strbuf_add_fmt(sb, "%s%s(%s", i ? ", " : "", a->func->name, a->distinct ? "DISTINCT " : "");
        for (uint32_t c = 0; c < a->narg; c++) {
            strbuf_add_cstr(sb, c ? ", " : "");
            column_name(sb, in, a->arg[c]);
        }
        strbuf_add_cstr(sb, a->narg ? ")" : "*)");
    }
}

static void join_details(const struct plan_node *n, struct detail *d, uint32_t *k)
{
    if (n->join.nkey) {
        struct strbuf *sb = detail(d, k, "Hash Cond");
        for (uint32_t i = 0; i < n->join.nkey; i++) {
            strbuf_add_cstr(sb, i ? " AND (" : "(");
            column_name(sb, n->child[0], n->join.left_key[i]);
            strbuf_add_cstr(sb, " = ");
            column_name(sb, n->child[1], n->join.right_key[i]);
            strbuf_add_char(sb, ')');
        }
        strbuf_add_cstr(detail(d, k, "Build Side"), n->join.build_left ? "outer" : "inner");
    }
    if (n->join.cond) {
        uint32_t ncol = n->child[0]->ncol + n->child[1]->ncol;
        const char **names = xcalloc(ncol + 1, sizeof *names);
        names_of_join(n, names);
        expr_format(detail(d, k, "Join Filter"), n->join.cond, names);
        free((void *)names);
    }
}

static uint32_t details(const struct explain *x, const struct plan_node *n, struct detail *d)
{
    uint32_t k = 0;
    switch (n->kind) {
    case PLAN_SCAN: scan_details(n, d, &k); break;
    case PLAN_FILTER: expr_format(detail(d, &k, "Filter"), n->filter.cond, n->name); break;
    case PLAN_AGG: agg_details(n, d, &k); break;
    case PLAN_SORT:
        sort_details(n, n->sort.nkey, n->sort.key, d, &k);
        limit_details(n->sort.limit, n->sort.offset, d, &k);
        break;
    case PLAN_LIMIT: limit_details(n->limit.limit, n->limit.offset, d, &k); break;
    case PLAN_JOIN: join_details(n, d, &k); break;
    case PLAN_SHARED: strbuf_add_fmt(detail(d, &k, "Shared Plan"), "%u", n->shared.index + 1); break;
    case PLAN_EXCHANGE:
        strbuf_add_fmt(detail(d, &k, "Fragment"), "%u", n->exchange.fragment);
        if (n->exchange.nkey)
            sort_details(n, n->exchange.nkey, n->exchange.key, d, &k);
        break;
    default: break;
    }
    if (x->verbose) {
        struct strbuf *sb = detail(d, &k, "Output");
        for (uint32_t i = 0; i < n->ncol; i++) {
            strbuf_add_cstr(sb, i ? ", " : "");
            if (n->kind == PLAN_PROJECT)
                expr_format(sb, n->project.expr[i], n->child[0]->name);
            else
                column_name(sb, n, i);
        }
    }
    return k;
}

static void scan_name(struct strbuf *out, const struct plan_node *n, bool verbose)
{
    const struct table_def *def = n->scan.relation.def;
    strbuf_add_cstr(out, " on ");
    if (verbose)
        strbuf_add_fmt(out, "%s.", def->schema_name);
    strbuf_add_cstr(out, def->name);
    if (n->scan.alias && strcmp(n->scan.alias, def->name) != 0)
        strbuf_add_fmt(out, " %s", n->scan.alias);
}

static void text_stats(struct explain *x, const struct plan_node *n, uint32_t depth)
{
    const struct node_stats *s = &x->stats[n->id];
    if (n->kind == PLAN_SCAN) {
        indent(x, depth, "Segments");
        strbuf_add_fmt(x->out, "%llu total, %llu pruned, %llu scanned\n", (unsigned long long)s->segments_total,
                       (unsigned long long)s->segments_pruned, (unsigned long long)s->segments_scanned);
        indent(x, depth, "Chunks");
        strbuf_add_fmt(x->out, "%llu total, %llu pruned; rows read: %llu, consuming: %llu\n",
                       (unsigned long long)s->chunks_total, (unsigned long long)s->chunks_pruned,
                       (unsigned long long)s->rows_scanned, (unsigned long long)s->consuming_rows);
    }
    if (s->memory_peak || s->spilled_bytes) {
        indent(x, depth, "Memory");
        strbuf_add_fmt(x->out, "%llukB", (unsigned long long)(s->memory_peak + 1023) / 1024);
        if (s->spilled_bytes)
            strbuf_add_fmt(x->out, "  Disk: %llukB", (unsigned long long)(s->spilled_bytes + 1023) / 1024);
        strbuf_add_char(x->out, '\n');
    }
}

static void text_node(struct explain *x, const struct plan_node *n, uint32_t depth)
{
    struct detail d[DETAILS_MAX];
    for (uint32_t i = 1; i < depth; i++)
        strbuf_add_cstr(x->out, "      ");
    strbuf_add_cstr(x->out, depth ? "  ->  " : "");
    node_name(x->out, n);
    if (n->kind == PLAN_SCAN)
        scan_name(x->out, n, x->verbose);
    strbuf_add_fmt(x->out, "  (cost=%.2f..%.2f rows=%.0f width=%d)", startup_cost(n), cost(n), MAX_OF(n->rows, 0.0),
                   width(n));
    if (x->stats) {
        const struct node_stats *s = &x->stats[n->id];
        strbuf_add_fmt(x->out, " (actual time=%.3f..%.3f rows=%llu loops=1)", 0.0, (double)s->time_ns / 1e6,
                       (unsigned long long)s->rows);
    }
    strbuf_add_char(x->out, '\n');
    uint32_t k = details(x, n, d);
    for (uint32_t i = 0; i < k; i++) {
        indent(x, depth, d[i].label);
        strbuf_add_fmt(x->out, "%s\n", d[i].text.data);
        strbuf_release(&d[i].text);
    }
    if (x->stats)
        text_stats(x, n, depth);
    for (uint32_t i = 0; i < n->nchild; i++)
        text_node(x, n->child[i], depth + 1);
}

void plan_explain(struct strbuf *out, const struct plan *plan, const struct node_stats *stats, bool verbose)
{
    struct explain x = {out, plan, stats, verbose};
    text_node(&x, plan->fragment[0].root, 0);
    for (uint32_t i = 0; i < plan->ninit; i++) {
        strbuf_add_fmt(out, "  InitPlan %u (returns $%u)\n", i + 1, plan->init[i].param + 1);
        text_node(&x, plan->init[i].root, 1);
    }
    for (uint32_t i = 0; i < plan->nshared; i++) {
        strbuf_add_fmt(out, "  Shared Plan %u\n", i + 1);
        text_node(&x, plan->shared[i], 1);
    }
    for (uint32_t i = 1; i < plan->nfragment; i++) {
        strbuf_add_fmt(out, "  Fragment %u%s\n", i, plan->fragment[i].on_servers ? " (on servers)" : "");
        text_node(&x, plan->fragment[i].root, 1);
    }
}

/* ---- JSON ---- */

static void json_string(struct strbuf *out, const char *s)
{
    strbuf_add_char(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            strbuf_add_fmt(out, "\\%c", c);
        else if (c < 0x20)
            strbuf_add_fmt(out, "\\u%04x", c);
        else
            strbuf_add_char(out, (char)c);
    }
    strbuf_add_char(out, '"');
}

static void json_key(struct explain *x, uint32_t depth, const char *key)
{
    strbuf_add_fmt(x->out, ",\n%*s", (int)depth * 2, "");
    json_string(x->out, key);
    strbuf_add_cstr(x->out, ": ");
}

static void json_number(struct explain *x, uint32_t depth, const char *key, uint64_t v)
{
    json_key(x, depth, key);
    strbuf_add_fmt(x->out, "%llu", (unsigned long long)v);
}

static void json_stats(struct explain *x, const struct plan_node *n, uint32_t depth)
{
    const struct node_stats *s = &x->stats[n->id];
    json_key(x, depth, "Actual Total Time");
    strbuf_add_fmt(x->out, "%.3f", (double)s->time_ns / 1e6);
    json_number(x, depth, "Actual Rows", s->rows);
    json_number(x, depth, "Actual Loops", 1);
    json_number(x, depth, "Peak Memory Bytes", s->memory_peak);
    json_number(x, depth, "Spilled Bytes", s->spilled_bytes);
    if (n->kind != PLAN_SCAN)
        return;
    json_number(x, depth, "Segments Total", s->segments_total);
    json_number(x, depth, "Segments Pruned", s->segments_pruned);
    json_number(x, depth, "Segments Scanned", s->segments_scanned);
    json_number(x, depth, "Chunks Total", s->chunks_total);
    json_number(x, depth, "Chunks Pruned", s->chunks_pruned);
    json_number(x, depth, "Rows Scanned", s->rows_scanned);
    json_number(x, depth, "Consuming Rows", s->consuming_rows);
}

static void json_node(struct explain *x, const struct plan_node *n, uint32_t depth)
{
    struct detail d[DETAILS_MAX];
    struct strbuf name;
    strbuf_init(&name);
    node_name(&name, n);
    strbuf_add_fmt(x->out, "{\n%*s\"Node Type\": ", (int)depth * 2, "");
    json_string(x->out, name.data);
    strbuf_release(&name);
    if (n->kind == PLAN_SCAN) {
        json_key(x, depth, "Relation Name");
        json_string(x->out, n->scan.relation.def->name);
        json_key(x, depth, "Schema");
        json_string(x->out, n->scan.relation.def->schema_name);
        json_key(x, depth, "Alias");
        json_string(x->out, n->scan.alias ? n->scan.alias : n->scan.relation.def->name);
    }
    if (n->kind == PLAN_JOIN) {
        json_key(x, depth, "Join Type");
        json_string(x->out, join_name(n->join.kind));
    }
    json_key(x, depth, "Startup Cost");
    strbuf_add_fmt(x->out, "%.2f", startup_cost(n));
    json_key(x, depth, "Total Cost");
    strbuf_add_fmt(x->out, "%.2f", cost(n));
    json_key(x, depth, "Plan Rows");
    strbuf_add_fmt(x->out, "%.0f", MAX_OF(n->rows, 0.0));
    json_key(x, depth, "Plan Width");
    strbuf_add_fmt(x->out, "%d", width(n));
    uint32_t k = details(x, n, d);
    for (uint32_t i = 0; i < k; i++) {
        json_key(x, depth, d[i].label);
        json_string(x->out, d[i].text.data);
        strbuf_release(&d[i].text);
    }
    if (x->stats)
        json_stats(x, n, depth);
    if (n->nchild) {
        json_key(x, depth, "Plans");
        strbuf_add_char(x->out, '[');
        for (uint32_t i = 0; i < n->nchild; i++) {
            strbuf_add_cstr(x->out, i ? ", " : "");
            json_node(x, n->child[i], depth + 1);
        }
        strbuf_add_char(x->out, ']');
    }
    strbuf_add_fmt(x->out, "\n%*s}", (int)(depth - 1) * 2, "");
}

static void json_list(struct explain *x, const char *key, uint32_t n,
                      struct plan_node *(*at)(const struct plan *plan, uint32_t i))
{
    if (n == 0)
        return;
    json_key(x, 2, key);
    strbuf_add_char(x->out, '[');
    for (uint32_t i = 0; i < n; i++) {
        strbuf_add_cstr(x->out, i ? ", " : "");
        json_node(x, at(x->plan, i), 3);
    }
    strbuf_add_char(x->out, ']');
}

static struct plan_node *init_at(const struct plan *plan, uint32_t i) { return plan->init[i].root; }
static struct plan_node *shared_at(const struct plan *plan, uint32_t i) { return plan->shared[i]; }
static struct plan_node *fragment_at(const struct plan *plan, uint32_t i) { return plan->fragment[i + 1].root; }

void plan_explain_json(struct strbuf *out, const struct plan *plan, const struct node_stats *stats, bool verbose)
{
    struct explain x = {out, plan, stats, verbose};
    strbuf_add_cstr(out, "[\n  {\n    \"Plan\": ");
    json_node(&x, plan->fragment[0].root, 3);
    json_list(&x, "Init Plans", plan->ninit, init_at);
    json_list(&x, "Shared Plans", plan->nshared, shared_at);
    json_list(&x, "Fragments", plan->nfragment - 1, fragment_at);
    strbuf_add_cstr(out, "\n  }\n]");
}
