/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers and run queues. A task is one worker of one pipeline (or a background function). A worker thread takes the
 * task of the best class, runs one step and puts it back at the end of its class, so that short statements overtake
 * long ones and statements of a class take turns.
 */
#include "exec/engine_int.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct engine {
    struct engine_config config;
    uint32_t workers;
    pthread_t thread[EXEC_WORKERS_MAX];
    char *spill_dir;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task *head[EXEC_CLASSES], *tail[EXEC_CLASSES];
    bool closing;
    uint64_t spill_seq; /* atomic */
};

static void enqueue(struct engine *e, struct task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&e->lock);
    if (e->tail[task->class])
        e->tail[task->class]->next = task;
    else
        e->head[task->class] = task;
    e->tail[task->class] = task;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

void engine_submit(struct engine *engine, struct task *task) { enqueue(engine, task); }

static struct task *dequeue(struct engine *e)
{
    for (int c = 0; c < EXEC_CLASSES; c++) {
        struct task *task = e->head[c];
        if (task) {
            e->head[c] = task->next;
            if (!e->head[c])
                e->tail[c] = NULL;
            return task;
        }
    }
    return NULL;
}

static void run_one(struct engine *e, struct task *task)
{
    if (task->fn) {
        if (task->fn(task->arg))
            enqueue(e, task);
        else
            free(task);
        return;
    }
    int64_t until = e->config.env->mono_ns(e->config.env) + STEP_NS;
    switch (worker_step(&task->worker, until)) {
    case STEP_MORE: enqueue(e, task); break;
    case STEP_BLOCKED: query_park(task); break;
    case STEP_DONE: query_task_done(task); break;
    }
}

static void *worker_main(void *arg)
{
    struct engine *e = arg;
    pthread_mutex_lock(&e->lock);
    for (;;) {
        struct task *task = dequeue(e);
        if (task) {
            pthread_mutex_unlock(&e->lock);
            run_one(e, task);
            pthread_mutex_lock(&e->lock);
        } else if (e->closing) {
            break;
        } else {
            pthread_cond_wait(&e->wake, &e->lock);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

bool engine_open(const struct engine_config *config, struct engine **out, struct error *err)
{
    struct engine *e = xcalloc(1, sizeof *e);
    e->config = *config;
    e->spill_dir = xstrdup(config->spill_dir);
    e->config.spill_dir = e->spill_dir;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t want = config->workers ? config->workers : (uint32_t)MAX_OF(cores, 1);
    want = MIN_OF(want, (uint32_t)EXEC_WORKERS_MAX);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->wake, NULL);
    for (; e->workers < want; e->workers++) {
        char name[16];
        snprintf(name, sizeof name, "exec-%u", e->workers);
        if (!thread_start(&e->thread[e->workers], name, worker_main, e, err)) {
            engine_close(e);
            return false;
        }
    }
    *out = e;
    return true;
}

void engine_close(struct engine *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->closing = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
    for (uint32_t i = 0; i < e->workers; i++)
        pthread_join(e->thread[i], NULL);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e->spill_dir);
    free(e);
}

uint32_t engine_workers(const struct engine *engine) { return engine->workers; }

const struct engine_config *engine_configuration(const struct engine *engine) { return &engine->config; }

void engine_run(struct engine *engine, enum exec_class class, bool (*fn)(void *arg), void *arg)
{
    struct task *task = xcalloc(1, sizeof *task);
    task->class = class;
    task->fn = fn;
    task->arg = arg;
    enqueue(engine, task);
}

int spill_open(struct exec_query *q, struct error *err)
{
    struct engine *e = q->engine;
    struct env *env = e->config.env;
    uint64_t seq = __atomic_add_fetch(&e->spill_seq, 1, __ATOMIC_RELAXED);
    char *path = xasprintf("%s/spill-%llu", e->spill_dir, (unsigned long long)seq);
    int fd = env->open(env, path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        error_errno(err, errno, "could not create temporary file \"%s\"", path);
    else
        env->unlink(env, path); /* gone with its last descriptor, also after a crash */
    free(path);
    return fd;
}
