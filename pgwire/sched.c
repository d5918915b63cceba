/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session threads. A connection that has something to say waits in a queue until one of at most max_active threads
 * takes it, superusers first; reserved_active of the threads are for superusers only. A thread that has waited for its
 * client for over a second is not counted (up to max_blocked), so that slow readers cannot stop the others.
 */
#include "pgwire/wire_int.h"

#include "base/log.h"
#include "base/thread.h"

static bool may_run(const struct pg_server *server, bool superuser)
{
    const struct pg_server_config *c = &server->config;
    uint32_t active = server->busy - MIN_OF(server->blocked, c->max_blocked);
    return active < c->max_active - (superuser ? 0 : c->reserved_active);
}

static struct pg_conn *take(struct pg_server *server)
{
    for (int i = 1; i >= 0; i--) {
        struct conn_queue *queue = &server->queue[i];
        struct pg_conn *conn = queue->head;
        if (!conn || !may_run(server, i == 1))
            continue;
        queue->head = conn->queue_next;
        if (!queue->head)
            queue->tail = NULL;
        conn->queue_next = NULL;
        server->queued--;
        conn->owner = OWNER_THREAD;
        return conn;
    }
    return NULL;
}

static void *session_thread(void *arg)
{
    struct pg_server *server = arg;
    pthread_mutex_lock(&server->lock);
    for (;;) {
        struct pg_conn *conn = take(server);
        if (conn) {
            server->busy++;
            pthread_mutex_unlock(&server->lock);
            session_serve(conn);
            pthread_mutex_lock(&server->lock);
            server->busy--;
        } else if (server->stop) {
            break;
        } else {
            server->idle++;
            pthread_cond_wait(&server->work, &server->lock);
            server->idle--;
        }
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* Somebody is to look at the queues. Idle threads that were woken already and have not taken their connection yet are
 * spoken for, which is why idle is compared with queued. */
static void wake_locked(struct pg_server *server)
{
    struct error err;
    pthread_cond_signal(&server->work);
    if (server->idle >= server->queued ||
        server->threads >= MIN_OF(server->config.max_active + server->config.max_blocked, (uint32_t)THREADS_MAX))
        return;
    if (thread_start(&server->thread[server->threads], "session", session_thread, server, &err))
        server->threads++;
    else
        log_warning("pgwire", "event=thread_failed message=\"%s\"", err.message);
}

void sched_push_locked(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    struct conn_queue *queue = &server->queue[conn->superuser ? 1 : 0];
    timers_cancel(&server->idle_timers, &conn->idle_timer);
    conn->owner = OWNER_QUEUE;
    conn->queue_next = NULL;
    if (queue->tail)
        queue->tail->queue_next = conn;
    else
        queue->head = conn;
    queue->tail = conn;
    server->queued++;
    if (may_run(server, conn->superuser))
        wake_locked(server);
}

void sched_push(struct pg_conn *conn)
{
    struct pg_server *server = conn->server;
    pthread_mutex_lock(&server->lock);
    sched_push_locked(conn);
    pthread_mutex_unlock(&server->lock);
}

void sched_blocked(struct pg_server *server, bool begin)
{
    pthread_mutex_lock(&server->lock);
    if (begin) {
        server->blocked++;
        if (server->queued > 0)
            wake_locked(server);
    } else
        server->blocked--;
    pthread_mutex_unlock(&server->lock);
}

void sched_stop(struct pg_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stop = true;
    pthread_cond_broadcast(&server->work);
    pthread_mutex_unlock(&server->lock);
    for (uint32_t i = 0; i < server->threads; i++)
        pthread_join(server->thread[i], NULL);
}
