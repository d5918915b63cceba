/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database of one process: catalogue, tables with their segments and tails, ingestion, engine, and the sessions'
 * host. Standalone wires it to the network; tests open it directly.
 */
#ifndef MENCIA_NODE_DB_H
#define MENCIA_NODE_DB_H

#include "session/session.h"

struct db;

struct db_config {
    struct env *env;
    const char *data_dir;  /* created if missing; one process at a time */
    uint64_t memory_bytes; /* whole budget; 0 = half of the machine's */
    uint64_t cache_bytes;  /* page cache; 0 = half of the budget */
    uint32_t workers;      /* 0 = one per core */
    const char *copy_dir;  /* COPY FROM 'file' may read below it; NULL = none */
};

/* Opens or creates. Tables whose files are damaged are opened as broken: their queries fail with the reason. */
bool db_open(const struct db_config *config, struct db **out, struct error *err) MUST_CHECK;
/* Clean shutdown: tails are spilled, everything is closed. No session may be open. */
void db_close(struct db *db);
const struct session_host *db_host(struct db *db);
/* The sessions' list, for views; set before sessions open. */
void db_set_sessions(struct db *db, struct session_server *sessions);
/* True once all partitions have read their heads (readiness). */
bool db_ready(struct db *db);
/* Copies counters of tables and ingestion into the metrics registry, before they are written out. */
void db_update_metrics(struct db *db);

#endif
