/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's entry. libpg_query raises errors by longjmp to PG_exception_stack; the few lines around raw_parser below
 * catch them and keep what pg_query_raw_parse throws away: SQLSTATE, hint and detail. libpg_query makes the server's
 * process-wide variables thread-local, unlike the server's headers say, so these are declared here anew.
 */
#define PG_exception_stack   server_PG_exception_stack
#define CurrentMemoryContext server_CurrentMemoryContext
#define error_context_stack  server_error_context_stack
#include <postgres.h>
#include <nodes/parsenodes.h>
#include <parser/parser.h>
#undef PG_exception_stack
#undef CurrentMemoryContext
#undef error_context_stack

#include "planner/pgq_int.h"

extern __thread sigjmp_buf *PG_exception_stack;
extern __thread MemoryContext CurrentMemoryContext;
extern __thread ErrorContextCallback *error_context_stack;
extern MemoryContext pg_query_enter_memory_context(void);
extern void pg_query_exit_memory_context(MemoryContext context);

/* The parser counts characters; we count bytes. */
static int32_t byte_position(struct strview sql, int cursorpos)
{
    size_t at = 0;
    if (cursorpos <= 0)
        return 0;
    for (int i = 1; i < cursorpos && at < sql.len; i++)
        at += utf8_step((unsigned char)sql.ptr[at]);
    return (int32_t)at + 1;
}

static void take_error(struct pgq *pc, MemoryContext context)
{
    CurrentMemoryContext = context;
    ErrorData *data = CopyErrorData();
    char state[6] = {0};
    for (int i = 0; i < 5; i++)
        state[i] = (char)PGUNSIXBIT(data->sqlerrcode >> (6 * i));
    (void)error_set(pc->err, state, "%s", data->message ? data->message : "parser failed");
    if (data->detail)
        (void)error_detail(pc->err, "%s", data->detail);
    if (data->hint)
        (void)error_hint(pc->err, "%s", data->hint);
    (void)error_position(pc->err, byte_position(pc->sql, data->cursorpos));
    FlushErrorState();
}

/* NULL with pc->err set, or *out (an empty text gives an empty list). */
static bool NEVER_INLINE raw_parse(struct pgq *pc, const char *sql, MemoryContext context, List **out)
{
    sigjmp_buf *saved_stack = PG_exception_stack;
    ErrorContextCallback *saved_callback = error_context_stack;
    sigjmp_buf here;
    bool ok;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        *out = raw_parser(sql, RAW_PARSE_DEFAULT);
        ok = true;
    } else {
        take_error(pc, context);
        ok = false;
    }
    PG_exception_stack = saved_stack;
    error_context_stack = saved_callback;
    return ok;
}

/* The statement's own text: without white space around it. */
static void set_text(struct pgq *pc, struct ast_node *node, const RawStmt *raw)
{
    size_t begin = (size_t)MAX_OF(raw->stmt_location, 0);
    size_t end = raw->stmt_len > 0 ? begin + (size_t)raw->stmt_len : pc->sql.len;
    while (begin < end && char_is_space(pc->sql.ptr[begin]))
        begin++;
    while (end > begin && (char_is_space(pc->sql.ptr[end - 1]) || pc->sql.ptr[end - 1] == ';'))
        end--;
    node->begin = (int32_t)begin;
    node->end = (int32_t)end;
    node->text = strview_make(pc->sql.ptr + begin, end - begin);
}

static bool translate(struct pgq *pc, const List *list, struct ast_list *out)
{
    out->n = (uint32_t)list_length(list);
    out->node = ARENA_ARRAY(pc->arena, struct ast_node *, out->n);
    for (uint32_t i = 0; i < out->n; i++) {
        const RawStmt *raw = list_nth(list, (int)i);
        pc->depth = 0;
        if (!(out->node[i] = pgq_stmt(pc, raw->stmt)))
            return false;
        set_text(pc, out->node[i], raw);
    }
    return true;
}

bool pgq_parse(struct arena *arena, struct strview sql, struct ast_list *out, struct error *err)
{
    struct pgq pc = {.arena = arena, .err = err};
    List *list = NIL;
    *out = (struct ast_list){0};
    error_clear(err);
    char *copy = arena_strndup(arena, sql.ptr, sql.len);
    pc.sql = strview_make(copy, strlen(copy));
    MemoryContext context = pg_query_enter_memory_context();
    bool ok = raw_parse(&pc, copy, context, &list) && translate(&pc, list, out);
    pg_query_exit_memory_context(context);
    if (!ok)
        *out = (struct ast_list){0};
    return ok;
}
