/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubber: verifies checksums of segment files bit by bit over time, past the cache, so that decay on disk is
 * found before a query meets it. The owner calls scrub_step from a background task and decides how often. One thread at
 * a time.
 */
#ifndef MENCIA_STORAGE_SCRUB_H
#define MENCIA_STORAGE_SCRUB_H

#include "storage/segment.h"

struct scrubber;

/* What was found: path and an XX001 (or 58030) error. Called from scrub_step. */
typedef void (*scrub_finding)(void *arg, const char *path, const struct error *what);

struct scrubber *scrub_open(struct env *env, scrub_finding fn, void *arg);
void scrub_close(struct scrubber *scrubber);
/* Takes up a file; known ones are ignored. Files that have gone when their turn comes are dropped silently. */
void scrub_add(struct scrubber *scrubber, const char *path);
void scrub_remove(struct scrubber *scrubber, const char *path);
/* Verifies about the next bytes (at least one block); *passes = full rounds over the list finished so far. Returns the
 * bytes verified; 0 = there is nothing to do. */
uint64_t scrub_step(struct scrubber *scrubber, uint64_t bytes, uint64_t *passes);

#endif
