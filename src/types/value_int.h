/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers shared by the files of values. */
#ifndef MENCIA_TYPES_VALUE_INT_H
#define MENCIA_TYPES_VALUE_INT_H

#include "base/memory.h"
#include "types/value.h"

/* NULL = refused, err is set. */
static inline char *value_alloc(struct arena *arena, size_t size, struct error *err)
{
    char *p = arena_try_alloc(arena, size, 1);
    if (!p && !mem_error(arena->account, size, err))
        return NULL;
    return p;
}
/* Copies bytes that do not live as long as the arena. */
static inline bool value_own_bytes(const char *ptr, size_t len, struct arena *arena, struct str *out, struct error *err)
{
    char *copy = NULL;
    if (len > STR_LEN_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a value of %zu bytes is too long", len);
    if (len > STR_INLINE) {
        copy = value_alloc(arena, len, err);
        if (!copy)
            return false;
        memcpy(copy, ptr, len);
    }
    *out = str_make(copy ? copy : ptr, len);
    return true;
}
/* A view of bytes that outlive the value. */
static inline bool value_view_bytes(struct strview bytes, struct str *out, struct error *err)
{
    if (bytes.len > STR_LEN_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a value of %zu bytes is too long", bytes.len);
    *out = str_make(bytes.ptr, bytes.len);
    return true;
}
/* The context with its zone filled in. */
static inline struct datetime_ctx value_datetime(const struct value_ctx *ctx)
{
    struct datetime_ctx datetime = ctx->datetime;
    if (!datetime.zone)
        datetime.zone = tz_utc();
    return datetime;
}
static inline bool value_unsupported(oid_t type, const char *what, struct error *err)
{
    const struct type_info *info = type_by_oid(type);
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s of type %s is not supported", what,
              info ? info->sql_name : "???");
    return error_hint(err, "Cast to text or to a scalar type instead.");
}

#endif
