/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the planner's tests: a statement from text to plan against the fake catalogue. */
#ifndef MENCIA_TESTS_PLANNER_TEST_H
#define MENCIA_TESTS_PLANNER_TEST_H

#include "tests/lib/fake_catalog.h"
#include "tests/lib/unit.h"

struct bind_case {
    const char *sql, *expect;
};

struct run {
    struct fake_catalog fake;
    struct arena arena;
    struct ast_list list;
    struct bound_query query;
    struct plan *plan;
    struct error err;
};

static inline void run_init(struct run *run)
{
    fake_catalog_init(&run->fake);
    arena_init(&run->arena, NULL);
    error_clear(&run->err);
}

static inline void run_release(struct run *run)
{
    arena_release(&run->arena);
    fake_catalog_release(&run->fake);
}

static inline bool run_bind(struct run *run, const char *sql)
{
    static const struct bind_params infer = {0};
    arena_reset(&run->arena);
    return sql_parse(&run->arena, strview_of(sql), &run->list, &run->err) && run->list.n == 1 &&
           sql_bind(&run->arena, run->list.node[0], &run->fake.view, &infer, NULL, &run->query, &run->err);
}

static inline bool run_plan(struct run *run, const char *sql, const struct plan_options *options)
{
    return run_bind(run, sql) && sql_plan(&run->arena, &run->query, options, &run->plan, &run->err);
}

/* "name type, name type" or "ERROR sqlstate message | position | detail | hint". */
static inline void run_describe(struct run *run, bool ok, struct strbuf *out)
{
    const struct error *e = &run->err;
    if (!ok) {
        strbuf_add_fmt(out, "ERROR %s %s | %d | %s | %s", e->sqlstate, e->message, e->position, e->detail, e->hint);
        return;
    }
    for (uint32_t i = 0; i < run->query.ncol; i++) {
        strbuf_add_fmt(out, "%s%s ", i ? ", " : "", run->query.column[i].name);
        type_format(out, run->query.column[i].type);
    }
}

#endif
