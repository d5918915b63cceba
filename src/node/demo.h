/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `mencia demo` shows: a standalone database in a temporary directory, a topic of click events in librdkafka's
 * mock cluster inside this process, a thread that writes events to it, and the table that reads them, made by SQL
 * through the PostgreSQL port as a user would make it. Used by one thread (its own threads aside).
 */
#ifndef MENCIA_NODE_DEMO_H
#define MENCIA_NODE_DEMO_H

#include "base/error.h"
#include "base/str.h"

struct demo;

struct demo_config {
    uint16_t pg_port;        /* wanted; 0 = any free one */
    bool pg_port_or_any;     /* if that one is taken, any other will do */
    uint32_t events_per_s;   /* of the generator; 0 = only the history */
    uint32_t history_events; /* written before the table is made, spread over history_s */
    uint32_t history_s;      /* seconds */
};

/* Returns when the table is there. On failure nothing is left behind. */
bool demo_open(const struct demo_config *config, struct demo **out, struct error *err) MUST_CHECK;
/* Stops everything and removes the directory. NULL is fine. */
void demo_close(struct demo *demo);
uint16_t demo_pg_port(const struct demo *demo);
uint16_t demo_http_port(const struct demo *demo);
/* The statement that made the table, and the server's notices about it (a line each); valid until demo_close. */
const char *demo_create_sql(const struct demo *demo);
const char *demo_create_notices(const struct demo *demo);

#endif
