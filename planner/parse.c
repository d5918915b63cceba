/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's public face; the work is done in pgq_*.c, which cannot include the planner's other headers. */
#include "planner/ast_int.h"
#include "planner/pgq_int.h"
#include "planner/planner.h"

bool ast_too_deep(struct error *err)
{
    (void)error_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    return error_hint(err, "Expressions and subqueries may be nested at most %d levels deep.", AST_DEPTH_MAX);
}

bool sql_parse(struct arena *arena, struct strview sql, struct ast_list *out, struct error *err)
{
    *out = (struct ast_list){0};
    error_clear(err);
    if (sql.len > SQL_TEXT_MAX) {
        (void)error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "SQL text of %zu bytes is too long", sql.len);
        return error_hint(err, "A text may have at most %d bytes.", SQL_TEXT_MAX);
    }
    return pgq_parse(arena, sql, out, err);
}
