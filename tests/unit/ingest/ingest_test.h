/* SPDX-License-Identifier: Apache-2.0 */
/* Table definitions and cells for the tests of ingest. */
#ifndef MENCIA_TESTS_INGEST_TEST_H
#define MENCIA_TESTS_INGEST_TEST_H

#include <stdlib.h>

#include "base/memory.h"
#include "ingest/decode.h"
#include "tests/lib/unit.h"

struct test_column {
    const char *name, *type, *path; /* type: SQL spelling, may end in " not null"; path NULL = the name */
    int32_t typmod;                 /* 0 = none */
};

static inline struct table_def *test_def(const struct test_column *column, uint32_t n)
{
    struct table_def *def = table_def_new();
    def->oid = 20000;
    def->version = 1;
    def->schema_name = arena_strdup(&def->arena, "public");
    def->name = arena_strdup(&def->arena, "t");
    def->ncolumn = n;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, n);
    def->options.kafka_topic = arena_strdup(&def->arena, "events");
    def->options.kafka_brokers = arena_strdup(&def->arena, "sim");
    def->options.epoch_unit = EPOCH_MS;
    def->options.seal_rows = 1000000;
    def->options.seal_age_us = INT64_C(3600000000);
    for (uint32_t i = 0; i < n; i++) {
        struct column_def *c = &def->column[i];
        struct strview type = strview_of(column[i].type);
        c->not_null = type.len > 9 && memcmp(type.ptr + type.len - 9, " not null", 9) == 0;
        if (c->not_null)
            type.len -= 9;
        const struct type_info *info = type_by_name(type);
        assert_non_null(info);
        c->name = arena_strdup(&def->arena, column[i].name);
        c->attnum = (int16_t)(i + 1);
        c->type = (struct coltype){info->oid, column[i].typmod ? column[i].typmod : -1};
        c->source_path = arena_strdup(&def->arena, column[i].path ? column[i].path : column[i].name);
        c->source_path_exact = column[i].path != NULL;
    }
    return def;
}

/* Appends a cell's text, "NULL" for NULL. */
static inline void test_format(struct strbuf *out, const struct mutable_chunk *mc, const struct table_def *def,
                               uint32_t row, uint32_t column)
{
    const struct mutable_block *b = &mc->col[column].block[row / VEC_ROWS];
    const char *value = (const char *)b->data + (size_t)(row % VEC_ROWS) * phys_size[mc->col[column].phys];
    if (b->null[row % VEC_ROWS])
        strbuf_add_cstr(out, "NULL");
    else
        value_format(out, def->column[column].type.oid, value, &value_ctx_default);
}

#endif
