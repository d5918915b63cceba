/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded chunks in memory: full chunks of a tail, and rows waiting in a segment writer. Private to storage/. */
#ifndef MENCIA_STORAGE_FROZEN_INT_H
#define MENCIA_STORAGE_FROZEN_INT_H

#include "storage/chunk_int.h"

/* Encodes rows [begin, end) (at least one) of any chunk. force: the account may not refuse, because memory is given
 * back by it. The caller owns one reference. */
bool frozen_make(struct chunk *from, uint32_t begin, uint32_t end, struct mem_account *account, bool force,
                 struct chunk **out, struct error *err) MUST_CHECK;
/* Memory held. */
uint64_t frozen_bytes(const struct chunk *chunk);

#endif
