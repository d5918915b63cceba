/* SPDX-License-Identifier: Apache-2.0 */
/* The halves of load_publish, for publishing several loads of a table in one multi. */
#ifndef MENCIA_CLUSTER_RECORDS_INT_H
#define MENCIA_CLUSTER_RECORDS_INT_H

#include "cluster/records.h"

/* PENDING -> PUBLISHED in the multi, and the list changed in memory only. */
bool load_publish_listed(struct load *load, struct visible_list *list, const uint64_t *replaced, uint32_t nreplaced,
                         struct coord_multi *multi, struct error *err) MUST_CHECK;
/* The list goes into the multi. */
void visible_put(oid_t table, struct visible *visible, struct coord_multi *multi);

#endif
