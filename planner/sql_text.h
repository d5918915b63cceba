/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps over SQL text token by token, for the few places where the source text itself is wanted (DEFAULTs,
 * EXECUTE arguments, whether a name was quoted). The text is known to parse, so nothing here fails. Private to
 * planner/.
 */
#ifndef MENCIA_PLANNER_SQL_TEXT_H
#define MENCIA_PLANNER_SQL_TEXT_H

#include "base/str.h"

struct sql_token {
    enum { SQL_END, SQL_WORD, SQL_QUOTED_NAME, SQL_STRING, SQL_NUMBER, SQL_OTHER } kind;
    struct strview text;
    size_t begin, end; /* offsets in the source */
};

/* The token at or after `at`, white space and comments skipped. */
struct sql_token sql_token_at(struct strview sql, size_t at);
/* Is this token the given word (any case)? */
bool sql_token_is(const struct sql_token *token, const char *word);
/* End of the token-balanced text from `at` up to a top-level `,` `)` or `;` (or, with stop_words, a word that begins a
 * column constraint). Trailing white space is not part of it. */
size_t sql_expr_end(struct strview sql, size_t at, bool stop_words);

#endif
