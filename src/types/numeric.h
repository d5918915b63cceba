/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numeric: exact decimals with PostgreSQL 15's meaning (display scale, rounding half away from zero, NaN, ±infinity,
 * error texts). A value is 16 bytes: either inline (int64 mantissa × 10^-dscale) or a pointer to base-10000 digits.
 *
 * The canonical form of a value: inline whenever the mantissa at its dscale fits int64 and dscale ≤ 18. Hash and
 * equality ignore the display scale (1.0 = 1.00), output keeps it.
 */
#ifndef MENCIA_TYPES_NUMERIC_H
#define MENCIA_TYPES_NUMERIC_H

#include "base/arena.h"
#include "base/error.h"
#include "types/type.h"

enum num_kind { NUM_INLINE, NUM_BIG, NUM_NAN, NUM_PINF, NUM_NINF };

/* value = sign × Σ digit[i] × 10000^(weight - i). No leading or trailing zero digits; ndigits 0 = zero. Self-contained
 * bytes: sizeof(struct num_big) + 2 × ndigits; may be memcpy'd and stored. */
struct num_big {
    uint16_t ndigits;
    int16_t weight;
    uint16_t sign; /* 0 or 1 = negative */
    uint16_t dscale;
    uint16_t digit[]; /* 0..9999 */
};

struct num {
    union {
        int64_t mantissa;          /* NUM_INLINE */
        const struct num_big *big; /* NUM_BIG; lives in the owner's arena or page */
    };
    uint8_t kind;    /* enum num_kind */
    uint8_t zero[3]; /* always zero, so that bytes compare */
    uint32_t dscale; /* display scale 0..16383; 0 for NaN and infinities */
};
_Static_assert(sizeof(struct num) == 16, "vectors of numerics rely on it");

static inline struct num num_from_i64(int64_t v) { return (struct num){.mantissa = v, .kind = NUM_INLINE}; }
/* v × 10^-dscale. */
struct num num_from_i128(struct arena *arena, int128_t v, uint32_t dscale);
static inline struct num num_nan(void) { return (struct num){.mantissa = 0, .kind = NUM_NAN}; }

/* All results are allocated in the arena when big. typmod -1 = none. 22P02 / 22003 as PostgreSQL words them. */
bool num_parse(struct strview text, int32_t typmod, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
void num_format(struct strbuf *out, const struct num *v);
/* PostgreSQL's wire binary form. */
bool num_recv(struct strview bytes, int32_t typmod, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
void num_send(struct strbuf *out, const struct num *v);
bool num_apply_typmod(const struct num *v, int32_t typmod, struct arena *arena, struct num *out,
                      struct error *err) MUST_CHECK;

bool num_add(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;
bool num_sub(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;
bool num_mul(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;
/* Result scale by PostgreSQL's select_div_scale rule; 22012. */
bool num_div(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;
bool num_mod(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;
bool num_neg(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_abs(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
/* round(v, scale), trunc(v, scale) with negative scales; ceil, floor. */
bool num_round(const struct num *a, int32_t scale, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_trunc(const struct num *a, int32_t scale, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_ceil(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_floor(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_sqrt(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_power(const struct num *a, const struct num *b, struct arena *arena, struct num *out,
               struct error *err) MUST_CHECK;
bool num_exp(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_ln(const struct num *a, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
/* Logarithm of a to a base. */
bool num_log(const struct num *base, const struct num *a, struct arena *arena, struct num *out,
             struct error *err) MUST_CHECK;

/* NaN is equal to itself and above everything, infinities as expected. */
int num_compare(const struct num *a, const struct num *b);
/* Equal values hash equally whatever their dscale and kind; integers hash as hash of their int64 value where they fit.
 */
uint64_t num_hash(const struct num *v);
bool num_is_zero(const struct num *v);
int num_sign(const struct num *v); /* NaN: 1 */

/* Casts. Rounds half away from zero; 22003 "integer out of range" etc. (name = "smallint", "integer", "bigint"). */
bool num_to_i64(const struct num *v, int64_t min, int64_t max, const char *name, int64_t *out,
                struct error *err) MUST_CHECK;
bool num_to_f64(const struct num *v, double *out, struct error *err) MUST_CHECK;
bool num_to_f32(const struct num *v, float *out, struct error *err) MUST_CHECK;
/* float8::numeric rounds to 15 significant digits, float4 to 6, as PostgreSQL does. */
bool num_from_f64(double v, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
bool num_from_f32(float v, struct arena *arena, struct num *out, struct error *err) MUST_CHECK;
/* Copies a big value's digits into the arena. */
struct num num_copy(struct arena *arena, const struct num *v);

/* Exact sum and sum of squares for aggregates: fixed-size accumulators without pointers. */
struct num_sum;            /* opaque bytes of num_sum_size; zero-initialised is an empty sum */
size_t num_sum_size(void); /* multiple of 8; handles any sum of inline values; see num_sum_add */
/* False when the accumulator cannot hold it exactly (beyond ~10^90 or scale above 40): the caller falls back to
 * num_add. */
bool num_sum_add(struct num_sum *s, const struct num *v);
/* v × 10^-dscale, dscale at most 40: for kernels that have summed equal scales themselves. */
void num_sum_add_scaled(struct num_sum *s, int128_t v, uint32_t dscale);
void num_sum_add_i64(struct num_sum *s, int64_t v);
void num_sum_add_i128(struct num_sum *s, int128_t v);
bool num_sum_merge(struct num_sum *s, const struct num_sum *other);
struct num num_sum_result(const struct num_sum *s, struct arena *arena);

#endif
