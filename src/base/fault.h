/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named fault points: fault_point("commit.after_multi") does nothing unless the environment variable MENCIA_FAULT
 * names it, and is compiled out of release builds (no -DMENCIA_FAULTS). MENCIA_FAULT is a list
 * `name=action[@n][,…]`: at the n-th pass (default 1) the action happens: `kill` (SIGKILL to oneself), `hang`,
 * `delay:MS`, `error` (the call returns false; the site then fails as if the operation had failed).
 */
#ifndef MENCIA_BASE_FAULT_H
#define MENCIA_BASE_FAULT_H

#include "base/base.h"

#ifdef MENCIA_FAULTS
/* True = go on. False = the site must behave as if its operation had failed. */
bool fault_point(const char *name) MUST_CHECK;
#else
static inline bool fault_point(const char *name)
{
    (void)name;
    return true;
}
#endif

#endif
