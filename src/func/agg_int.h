/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers shared by the aggregate functions of this folder. */
#ifndef MENCIA_FUNC_AGG_INT_H
#define MENCIA_FUNC_AGG_INT_H

#include "base/memory.h"
#include "func/agg.h"

/* Runs the statement for each selected, non-NULL row of v; `row` is its number. */
#define AGG_EACH(row, v, n, sel)                                                                                       \
    for (uint32_t k_ = 0, row; k_ < ((sel) ? (sel)->n : (n)) && ((row = (sel) ? (sel)->idx[k_] : k_), true); k_++)     \
        if (!vec_is_null((v), row))

/* Value of a row of a FLAT or CONST vector. */
#define AGG_VALUE(type, v, row) (((const type *)(v)->data)[(v)->form == VEC_CONST ? 0 : (row)])

static inline bool agg_no_memory(struct agg_call *call, struct error *err)
{
    return error_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory in aggregate %s", call->func->name);
}

/* Flat result of n rows; NULL bitmap always there. */
static inline MUST_CHECK bool agg_out(struct agg_call *call, struct vec *out, enum phys phys, uint32_t n,
                                      struct error *err)
{
    return vec_alloc(out, call->arena, phys, n, err) && vec_alloc_null(out, call->arena, n, err);
}

extern const struct agg_func agg_count_any, agg_count_star;
extern const struct agg_func agg_sum_i16, agg_sum_i32, agg_sum_i64, agg_sum_num, agg_sum_f32, agg_sum_f64,
    agg_sum_interval;
extern const struct agg_func agg_avg_i16, agg_avg_i32, agg_avg_i64, agg_avg_num, agg_avg_f32, agg_avg_f64,
    agg_avg_interval;
extern const struct agg_func agg_min_i16, agg_min_i32, agg_min_i64, agg_min_f32, agg_min_f64, agg_min_num, agg_min_str,
    agg_min_interval, agg_max_i16, agg_max_i32, agg_max_i64, agg_max_f32, agg_max_f64, agg_max_num, agg_max_str,
    agg_max_interval, agg_min_oid, agg_max_oid;
extern const struct agg_func agg_bool_and, agg_bool_or;
/* Variance family: sample or population, variance or standard deviation, by input. */
#define AGG_VARIANCE(input)                                                                                            \
    extern const struct agg_func agg_var_samp_##input, agg_var_pop_##input, agg_stddev_samp_##input,                   \
        agg_stddev_pop_##input
AGG_VARIANCE(i16);
AGG_VARIANCE(i32);
AGG_VARIANCE(i64);
AGG_VARIANCE(num);
AGG_VARIANCE(f32);
AGG_VARIANCE(f64);

#endif
