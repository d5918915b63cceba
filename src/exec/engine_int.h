/* SPDX-License-Identifier: Apache-2.0 */
/* Between engine.c (threads, run queues) and query.c (what a task's end means). */
#ifndef MENCIA_EXEC_ENGINE_INT_H
#define MENCIA_EXEC_ENGINE_INT_H

#include "exec/exec_int.h"

struct task {
    struct task *next; /* in a run queue, or among the parked of its query */
    enum exec_class class;
    bool (*fn)(void *arg); /* background function; NULL = a worker of a pipeline */
    void *arg;
    struct worker worker;
};

/* Puts a task (of worker kind, owned by its query) into the run queue of its class. */
void engine_submit(struct engine *engine, struct task *task);
const struct engine_config *engine_configuration(const struct engine *engine);

/* The task waits for room in its query's result queue. */
void query_park(struct task *task);
/* The task has ended; the last one of a pipeline finishes its sink and starts the next pipeline. Frees the task. */
void query_task_done(struct task *task);

#endif
