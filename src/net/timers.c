/* SPDX-License-Identifier: Apache-2.0 */
#include "net/timers.h"

#include <stdlib.h>

void timers_init(struct timers *timers) { *timers = (struct timers){NULL, 0, 0}; }

void timers_release(struct timers *timers)
{
    free(timers->heap);
    timers_init(timers);
}

static void place(struct timers *timers, uint32_t i, struct timer *timer)
{
    timers->heap[i] = timer;
    timer->slot = i + 1;
}

static void sift_up(struct timers *timers, uint32_t i, struct timer *timer)
{
    while (i > 0 && timers->heap[(i - 1) / 2]->at_ns > timer->at_ns) {
        place(timers, i, timers->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(timers, i, timer);
}

static void sift_down(struct timers *timers, uint32_t i, struct timer *timer)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= timers->n)
            break;
        if (child + 1 < timers->n && timers->heap[child + 1]->at_ns < timers->heap[child]->at_ns)
            child++;
        if (timers->heap[child]->at_ns >= timer->at_ns)
            break;
        place(timers, i, timers->heap[child]);
        i = child;
    }
    place(timers, i, timer);
}

void timers_arm(struct timers *timers, struct timer *timer, int64_t at_ns)
{
    timers_cancel(timers, timer);
    if (timers->n == timers->cap) {
        timers->cap = timers->cap ? timers->cap * 2 : 64;
        timers->heap = xrealloc(timers->heap, size_mul(timers->cap, sizeof *timers->heap));
    }
    timer->at_ns = at_ns;
    sift_up(timers, timers->n++, timer);
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    if (timer->slot == 0)
        return;
    uint32_t i = timer->slot - 1;
    assert(i < timers->n && timers->heap[i] == timer);
    timer->slot = 0;
    struct timer *last = timers->heap[--timers->n];
    if (last == timer)
        return;
    if (i > 0 && timers->heap[(i - 1) / 2]->at_ns > last->at_ns)
        sift_up(timers, i, last);
    else
        sift_down(timers, i, last);
}

int64_t timers_next(const struct timers *timers) { return timers->n ? timers->heap[0]->at_ns : INT64_MAX; }

struct timer *timers_pop(struct timers *timers, int64_t now_ns)
{
    if (timers->n == 0 || timers->heap[0]->at_ns > now_ns)
        return NULL;
    struct timer *timer = timers->heap[0];
    timers_cancel(timers, timer);
    return timer;
}
