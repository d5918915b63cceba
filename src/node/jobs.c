/* SPDX-License-Identifier: Apache-2.0 */
/* Background threads with a queue: the metadata store's writes, and segment builds, which must not hold up ingestion.
 */
#include "base/thread.h"
#include "node/db_int.h"

static void *job_main(void *arg)
{
    struct job_thread *t = arg;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        struct job *job = t->head;
        if (job) {
            t->head = job->next;
            if (!t->head)
                t->tail = &t->head;
            pthread_mutex_unlock(&t->lock);
            job->run(job);
            pthread_mutex_lock(&t->lock);
        } else if (t->closing) {
            break;
        } else {
            pthread_cond_wait(&t->wake, &t->lock);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

bool job_thread_open(struct job_thread *t, const char *name, struct error *err)
{
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    t->head = NULL;
    t->tail = &t->head;
    t->closing = false;
    t->started = thread_start(&t->thread, name, job_main, t, err);
    return t->started;
}

void job_thread_push(struct job_thread *t, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&t->lock);
    *t->tail = job;
    t->tail = &job->next;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void job_thread_close(struct job_thread *t)
{
    if (!t->started)
        return;
    pthread_mutex_lock(&t->lock);
    t->closing = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    t->started = false;
}
