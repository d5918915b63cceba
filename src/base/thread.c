/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum { STACK_BYTES = 8 << 20 };

struct start_record {
    void *(*fn)(void *arg);
    void *arg;
    char name[16];
};

static void *thread_main(void *arg)
{
    struct start_record start = *(struct start_record *)arg;
    free(arg);
    prctl(PR_SET_NAME, start.name);
    return start.fn(start.arg);
}

bool thread_start(pthread_t *thread, const char *name, void *(*fn)(void *arg), void *arg, struct error *err)
{
    struct start_record *start = xcalloc(1, sizeof *start);
    start->fn = fn;
    start->arg = arg;
    snprintf(start->name, sizeof start->name, "%s", name);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(thread, &attr, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        free(start);
        error_errno(err, rc, "could not start thread \"%s\"", name);
        memcpy(err->sqlstate, SQLSTATE_INSUFFICIENT_RESOURCES, 6);
        return false;
    }
    return true;
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ns)
{
    struct timespec ts = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}
