/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error as PostgreSQL's protocol reports it. A fallible function returns a must-check bool and takes a
 * `struct error *` as its last argument; the place where something goes wrong fills it once:
 *
 *     return error_set(err, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
 *     error_detail(err, "..."); error_hint(err, "...");
 *
 * Plain data without owned memory: may be copied by assignment, lives on the stack, needs no release.
 * Message rules are PostgreSQL's: primary message short, no capital, no full stop; detail and hint are sentences.
 */
#ifndef MENCIA_BASE_ERROR_H
#define MENCIA_BASE_ERROR_H

#include "base/base.h"
#include "base/sqlstate.h"

struct error {
    char sqlstate[6]; /* five characters; "" = no error set */
    int32_t position; /* 1-based character in the statement's text; 0 = none. Binders store byte offset + 1
                         and the session turns it into characters before it is sent */
    int sys_errno;    /* errno of the failing system call, 0 = none */
    int line;         /* where it was raised */
    const char *file;
    const char *routine;
    char message[1024];
    char detail[1024];
    char hint[768];
    char context[512];
    char schema[64], table[64], column[64], datatype[64], constraint[64]; /* protocol fields s t c d n */
};

#define error_set(err, sqlstate, ...) error_set_at((err), __FILE__, __LINE__, __func__, (sqlstate), __VA_ARGS__)

/* Fills err (which may hold an older error) and returns false, so that it can end a function. err may not be NULL. */
bool error_set_at(struct error *err, const char *file, int line, const char *routine, const char *sqlstate,
                  const char *fmt, ...) PRINTF_LIKE(6, 7);

/* Sets SQLSTATE by errno (ENOSPC 53100, ENOENT 58P01, ENOMEM 53200, otherwise 58030); the message is
 * `<fmt>: <strerror>`. Returns false. */
#define error_errno(err, saved_errno, ...)                                                                             \
    error_errno_at((err), __FILE__, __LINE__, __func__, (saved_errno), __VA_ARGS__)
bool error_errno_at(struct error *err, const char *file, int line, const char *routine, int saved_errno,
                    const char *fmt, ...) PRINTF_LIKE(6, 7);

/* Each returns false as well. */
bool error_detail(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool error_hint(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Appends a line to the context. */
bool error_context(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sets the position unless one is set; pos is 1-based. */
bool error_position(struct error *err, int32_t pos);

static inline void error_clear(struct error *err)
{
    err->sqlstate[0] = '\0';
    err->position = 0;
    err->sys_errno = 0;
    err->message[0] = err->detail[0] = err->hint[0] = err->context[0] = '\0';
    err->schema[0] = err->table[0] = err->column[0] = err->datatype[0] = err->constraint[0] = '\0';
    err->file = err->routine = "";
    err->line = 0;
}

static inline bool error_is_set(const struct error *err) { return err->sqlstate[0] != '\0'; }
static inline bool error_is(const struct error *err, const char *sqlstate)
{
    return memcmp(err->sqlstate, sqlstate, 5) == 0;
}

#endif
