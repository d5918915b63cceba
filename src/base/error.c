/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Formats into a fixed field; a text that is cut never ends inside a UTF-8 character. */
static void format_field(char *field, size_t size, const char *fmt, va_list args)
{
    int written = vsnprintf(field, size, fmt, args);
    if (written < 0) {
        field[0] = '\0';
        return;
    }
    if ((size_t)written >= size) {
        size_t end = size - 1;
        while (end > 0 && ((unsigned char)field[end - 1] & 0xC0) == 0x80)
            end--;
        if (end > 0 && (unsigned char)field[end - 1] >= 0xC0)
            end--;
        field[end] = '\0';
    }
}

static void fill_origin(struct error *err, const char *file, int line, const char *routine, const char *sqlstate)
{
    assert(strlen(sqlstate) == 5);
    error_clear(err);
    memcpy(err->sqlstate, sqlstate, 6);
    err->file = file;
    err->line = line;
    err->routine = routine;
}

bool error_set_at(struct error *err, const char *file, int line, const char *routine, const char *sqlstate,
                  const char *fmt, ...)
{
    va_list args;
    fill_origin(err, file, line, routine, sqlstate);
    va_start(args, fmt);
    format_field(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return false;
}

static const char *sqlstate_of_errno(int saved_errno)
{
    switch (saved_errno) {
    case ENOSPC:
    case EDQUOT: return SQLSTATE_DISK_FULL;
    case ENOENT: return SQLSTATE_UNDEFINED_FILE;
    case ENOMEM: return SQLSTATE_OUT_OF_MEMORY;
    case EMFILE:
    case ENFILE: return SQLSTATE_INSUFFICIENT_RESOURCES;
    default: return SQLSTATE_IO_ERROR;
    }
}

bool error_errno_at(struct error *err, const char *file, int line, const char *routine, int saved_errno,
                    const char *fmt, ...)
{
    va_list args;
    char reason[128];
    fill_origin(err, file, line, routine, sqlstate_of_errno(saved_errno));
    err->sys_errno = saved_errno;
    va_start(args, fmt);
    format_field(err->message, sizeof err->message, fmt, args);
    va_end(args);
    const char *text = strerror_r(saved_errno, reason, sizeof reason);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", text);
    return false;
}

#define FORMAT_INTO(field)                                                                                             \
    do {                                                                                                               \
        va_list args;                                                                                                  \
        va_start(args, fmt);                                                                                           \
        format_field((field), sizeof(field), fmt, args);                                                               \
        va_end(args);                                                                                                  \
    } while (0)

bool error_detail(struct error *err, const char *fmt, ...)
{
    FORMAT_INTO(err->detail);
    return false;
}

bool error_hint(struct error *err, const char *fmt, ...)
{
    FORMAT_INTO(err->hint);
    return false;
}

bool error_context(struct error *err, const char *fmt, ...)
{
    va_list args;
    size_t used = strlen(err->context);
    if (used > 0 && used + 2 < sizeof err->context) {
        err->context[used++] = '\n';
        err->context[used] = '\0';
    }
    va_start(args, fmt);
    format_field(err->context + used, sizeof err->context - used, fmt, args);
    va_end(args);
    return false;
}

bool error_position(struct error *err, int32_t pos)
{
    if (err->position == 0)
        err->position = pos;
    return false;
}
