/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text through the parser, the binder and the planner over a fixed catalogue. */
#include "tests/lib/fake_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_one(struct arena *arena, const struct fake_catalog *fake, const struct ast_node *node, bool fragments)
{
    static const struct bind_params infer = {0};
    struct plan_options options = {.debug_fragments = fragments, .disable_rules = false};
    struct bound_query query;
    struct plan *plan;
    struct error err;
    struct strbuf text;
    if (!sql_bind(arena, node, &fake->view, &infer, NULL, &query, &err) ||
        !sql_plan(arena, &query, &options, &plan, &err)) {
        if (!error_is_set(&err) || err.position < 0)
            abort();
        return;
    }
    strbuf_init(&text);
    plan_explain(&text, plan, NULL, true);
    plan_explain_json(&text, plan, NULL, false);
    strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_catalog fake;
    struct arena arena;
    struct ast_list list;
    struct error err;
    if (size > 1 << 16)
        return 0;
    fake_catalog_init(&fake);
    arena_init(&arena, NULL);
    if (sql_parse(&arena, strview_make((const char *)data, size), &list, &err)) {
        for (uint32_t i = 0; i < list.n; i++) {
            if (!ast_tag(list.node[i]))
                abort();
            plan_one(&arena, &fake, list.node[i], size & 1);
        }
    } else if (!error_is_set(&err)) {
        abort();
    }
    arena_release(&arena);
    fake_catalog_release(&fake);
    return 0;
}
