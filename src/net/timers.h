/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of one thread in a binary heap: arm, cancel and pop in O(log n). A timer is embedded in the object that it
 * belongs to. Not thread-safe.
 */
#ifndef MENCIA_NET_TIMERS_H
#define MENCIA_NET_TIMERS_H

#include "base/base.h"

struct timer {
    int64_t at_ns; /* CLOCK_MONOTONIC */
    uint32_t slot; /* 1-based place in the heap; 0 = not armed, so that a zeroed timer is valid */
};

struct timers {
    struct timer **heap; /* [0, n), the earliest first */
    uint32_t n, cap;
};

void timers_init(struct timers *timers);
void timers_release(struct timers *timers);
/* Arms it, or moves an armed one. */
void timers_arm(struct timers *timers, struct timer *timer, int64_t at_ns);
/* Does nothing to one that is not armed. */
void timers_cancel(struct timers *timers, struct timer *timer);
/* The earliest deadline, INT64_MAX without any. */
int64_t timers_next(const struct timers *timers);
/* Takes out the earliest timer whose time has come; NULL = none. */
struct timer *timers_pop(struct timers *timers, int64_t now_ns);

#endif
