/* SPDX-License-Identifier: Apache-2.0 */
/* Batches in a temporary file, by partition: one file per worker, unlinked from the start. */
#ifndef MENCIA_EXEC_SPILL_H
#define MENCIA_EXEC_SPILL_H

#include "exec/exec_int.h"

struct spill_block {
    uint64_t offset, bytes;
    uint32_t part;
};

struct spill {
    struct exec_query *query;
    int fd; /* -1 = nothing written yet */
    uint64_t end;
    struct spill_block *block; /* [n] in the order written */
    uint32_t n, cap;
};

void spill_init(struct spill *s, struct exec_query *q);
void spill_close(struct spill *s);
/* Appends a batch of flat columns without selection. type[ncol]. */
bool spill_write(struct spill *s, uint32_t part, const struct batch *batch, const oid_t *type,
                 struct error *err) MUST_CHECK;
/* Any thread, once writing has ended. Everything lies in the arena. */
bool spill_read(const struct spill *s, const struct spill_block *block, const oid_t *type, uint32_t ncol,
                struct arena *arena, struct batch *out, struct error *err) MUST_CHECK;

#endif
