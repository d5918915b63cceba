/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the kernels: how to loop over rows, read arguments, report a failing row and allocate results.
 */
#ifndef MENCIA_FUNC_FUNC_INT_H
#define MENCIA_FUNC_FUNC_INT_H

#include "base/memory.h"
#include "func/func.h"

/* Tables the registry is made of. func_scalars is generated (gen/generate.sh) from gen/functions.list. */
extern const struct func func_scalars[];
extern const uint32_t func_scalars_count;
extern const struct func func_own[]; /* ours: OIDs 9000–9999 */
extern const uint32_t func_own_count;
extern const struct func func_session_rows[]; /* about the session and the catalogue */
extern const uint32_t func_session_rows_count;
extern const struct func func_aggregates[];
extern const uint32_t func_aggregates_count;
extern const struct operator operator_rows[];
extern const uint32_t operator_rows_count;
extern const struct cast cast_rows[]; /* by source, target */
extern const uint32_t cast_rows_count;

#define FUNC_ARGS                                                                                                      \
    struct func_call *call, const struct vec *arg, uint32_t n, const struct sel *sel, struct vec *out,                 \
        struct row_errors *errors, struct error *err
#define PREPARE_ARGS                                                                                                   \
    struct arena *arena, const struct func *func, const struct value *const *arg, uint32_t nargs,                      \
        const struct value_ctx *ctx, void **state, struct error *err

/* Loop over the selected rows. */
#define FOR_ROWS(i)                                                                                                    \
    for (uint32_t i##_at = 0, i##_end = sel ? sel->n : n, i;                                                           \
         i##_at < i##_end && (i = sel ? sel->idx[i##_at] : i##_at, true); i##_at++)

/* Value of argument j in row i. */
#define ARG(T, j, i) (((const T *)arg[j].data)[arg[j].form == VEC_CONST ? 0 : (i)])
#define OUT(T)       ((T *)out->data)

/* The session's TimeZone. */
static inline const struct tz *call_zone(const struct func_call *call)
{
    return call->ctx->datetime.zone ? call->ctx->datetime.zone : tz_utc();
}

/* Marks the row whose error was written to errors->scratch. */
static inline void row_failed(struct row_errors *errors, uint32_t row)
{
    struct error *at = row_errors_at(errors, row);
    if (at != &errors->scratch)
        *at = errors->scratch;
}

/* Marks a row as NULL in the result. False: out of memory. */
static inline bool out_set_null(struct func_call *call, struct vec *out, uint32_t n, uint32_t row, struct error *err)
{
    if (!out->null && !vec_alloc_null(out, call->arena, n, err))
        return false;
    bit_set(out->null, row);
    return true;
}

/* Bytes of a result; NULL with err set when memory is refused. */
static inline char *call_bytes(struct func_call *call, size_t bytes, struct error *err)
{
    char *p = arena_try_alloc(call->arena, bytes ? bytes : 1, 1);
    if (UNLIKELY(!p))
        mem_error(call->arena->account, bytes, err);
    return p;
}

/* A copy of the bytes as a result string. */
static inline bool call_str(struct func_call *call, const char *ptr, size_t len, struct str *out, struct error *err)
{
    if (len > STR_INLINE) {
        char *p = call_bytes(call, len, err);
        if (!p)
            return false;
        ptr = memcpy(p, ptr, len);
    }
    *out = str_make(ptr, len);
    return true;
}

/* Too long for a string: 54000, into errors->scratch. */
bool func_too_long(struct error *err);

#endif
