/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef MENCIA_FAULTS

#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FAULTS_MAX = 16 };

struct fault {
    char name[64];
    char action[32];
    uint32_t at;     /* pass on which it happens, from 1 */
    uint32_t passes; /* so far */
};

static struct fault faults[FAULTS_MAX];
static uint32_t fault_count;
static pthread_once_t parsed = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void parse_environment(void)
{
    const char *spec = getenv("MENCIA_FAULT");
    while (spec && *spec && fault_count < FAULTS_MAX) {
        struct fault *f = &faults[fault_count];
        f->at = 1;
        if (sscanf(spec, "%63[^=,]=%31[^@,]@%u", f->name, f->action, &f->at) >= 2)
            fault_count++;
        spec = strchr(spec, ',');
        if (spec)
            spec++;
    }
}

static bool fault_act(const struct fault *f)
{
    unsigned ms = 0;
    log_warning("fault", "point=%s action=%s pass=%u", f->name, f->action, f->at);
    if (strcmp(f->action, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(f->action, "hang") == 0)
        for (;;)
            pause();
    if (sscanf(f->action, "delay:%u", &ms) == 1)
        usleep(ms * 1000);
    return strcmp(f->action, "error") != 0;
}

bool fault_point(const char *name)
{
    struct fault *hit = NULL;
    pthread_once(&parsed, parse_environment);
    if (fault_count == 0)
        return true;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < fault_count; i++)
        if (strcmp(faults[i].name, name) == 0 && ++faults[i].passes == faults[i].at)
            hit = &faults[i];
    pthread_mutex_unlock(&lock);
    return hit ? fault_act(hit) : true;
}

#else
/* ISO C wants a declaration in every translation unit. */
extern int fault_points_are_compiled_out;
#endif
