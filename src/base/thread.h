/* SPDX-License-Identifier: Apache-2.0 */
/* Threads with names, and condition waits on the monotonic clock. Mutexes are plain pthread ones. */
#ifndef MENCIA_BASE_THREAD_H
#define MENCIA_BASE_THREAD_H

#include "base/base.h"
#include "base/error.h"

#include <pthread.h>

/* Starts a joinable thread with an 8 MiB stack and all signals blocked. name: at most 15 characters. */
bool thread_start(pthread_t *thread, const char *name, void *(*fn)(void *arg), void *arg, struct error *err) MUST_CHECK;

/* A condition variable whose timed waits use CLOCK_MONOTONIC. */
void cond_init(pthread_cond_t *cond);
/* Waits until signalled or until deadline_ns (CLOCK_MONOTONIC); false = timed out. */
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ns);

#endif
