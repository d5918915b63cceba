/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One memory budget for the process, shared out to accounts by class. An account belongs to one query, one ingesting
 * partition, one cache. It takes 2 MiB extents from the pool and hands out bytes from them, so the pool's counter is
 * touched rarely. Refusal is the caller's signal to spill or to fail with 53200 (mem_error).
 *
 * Classes by priority: INGEST may use everything; QUERY leaves the ingest reserve untouched; NEW (a statement that has
 * not started) is refused first, when less than an eighth of the pool is left. Thread-safe throughout.
 */
#ifndef MENCIA_BASE_MEMORY_H
#define MENCIA_BASE_MEMORY_H

#include "base/base.h"
#include "base/error.h"

enum mem_class { MEM_INGEST, MEM_QUERY, MEM_NEW };

struct mem_pool;
struct mem_account;

/* limit_bytes: whole budget; ingest_reserve_bytes: part of it that only MEM_INGEST can take. */
struct mem_pool *mem_pool_open(uint64_t limit_bytes, uint64_t ingest_reserve_bytes);
void mem_pool_close(struct mem_pool *pool);
uint64_t mem_pool_used(const struct mem_pool *pool);
uint64_t mem_pool_limit(const struct mem_pool *pool);

/* limit_bytes 0 = only the pool's limit. name is copied (shown in errors and views). */
struct mem_account *mem_account_open(struct mem_pool *pool, enum mem_class class, uint64_t limit_bytes,
                                     const char *name);
/* Everything must have been released. */
void mem_account_close(struct mem_account *account);
void mem_account_set_class(struct mem_account *account, enum mem_class class);

bool mem_reserve(struct mem_account *account, uint64_t bytes) MUST_CHECK;
/* Charges even beyond the limits; for the small objects that cannot fail. */
void mem_force(struct mem_account *account, uint64_t bytes);
void mem_release(struct mem_account *account, uint64_t bytes);
uint64_t mem_account_used(const struct mem_account *account);
uint64_t mem_account_peak(const struct mem_account *account);
/* Fills err with 53200: who, how much was asked, used and allowed, and the setting to raise. Returns false. */
bool mem_error(const struct mem_account *account, uint64_t bytes, struct error *err);

/* Big buffers (tables, sort runs): 64-byte aligned, huge-page friendly, recycled process-wide after mem_free so that
 * they come back pre-faulted. Content undefined. NULL when the account refuses. account may be NULL (not accounted).
 * mem_free needs the size that was asked for. */
void *mem_alloc(struct mem_account *account, size_t bytes) MUST_CHECK;
void mem_free(struct mem_account *account, void *ptr, size_t bytes);

#endif
