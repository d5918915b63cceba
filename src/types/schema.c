/* SPDX-License-Identifier: Apache-2.0 */
#include "types/schema.h"

#include <stdlib.h>

struct table_def *table_def_new(void)
{
    struct table_def *def = xcalloc(1, sizeof *def);
    def->refs = 1;
    arena_init(&def->arena, NULL);
    return def;
}

struct table_def *table_def_get(const struct table_def *def)
{
    struct table_def *shared = (struct table_def *)def;
    uint32_t before = __atomic_fetch_add(&shared->refs, 1, __ATOMIC_RELAXED);
    assert(before > 0);
    return shared;
}

void table_def_put(const struct table_def *def)
{
    struct table_def *shared = (struct table_def *)def;
    if (!def)
        return;
    uint32_t before = __atomic_fetch_sub(&shared->refs, 1, __ATOMIC_ACQ_REL);
    assert(before > 0);
    if (before > 1)
        return;
    arena_release(&shared->arena);
    free(shared);
}

static char *copy_text(struct arena *arena, const char *s) { return s ? arena_strdup(arena, s) : NULL; }

struct table_def *table_def_copy(const struct table_def *def)
{
    struct table_def *copy = xmalloc(sizeof *copy);
    *copy = *def;
    copy->refs = 1;
    arena_init(&copy->arena, NULL);
    struct arena *arena = &copy->arena;
    copy->schema_name = copy_text(arena, def->schema_name);
    copy->name = copy_text(arena, def->name);
    copy->options.kafka_brokers = copy_text(arena, def->options.kafka_brokers);
    copy->options.kafka_topic = copy_text(arena, def->options.kafka_topic);
    copy->options.start = copy_text(arena, def->options.start);
    copy->column = def->ncolumn ? ARENA_ARRAY(arena, struct column_def, def->ncolumn) : NULL;
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *from = &def->column[i];
        struct column_def *to = &copy->column[i];
        *to = *from;
        to->name = copy_text(arena, from->name);
        to->generated_sql = copy_text(arena, from->generated_sql);
        to->default_sql = copy_text(arena, from->default_sql);
        to->source_path = copy_text(arena, from->source_path);
    }
    return copy;
}

const struct column_def *table_def_column(const struct table_def *def, struct strview name)
{
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct column_def *column = &def->column[i];
        if (!column->dropped && strview_equal_cstr(name, column->name))
            return column;
    }
    return NULL;
}
