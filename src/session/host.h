/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session needs of the process around it (storage, ingestion, catalogue changes, virtual tables); implemented by
 * the composition root (node/) and by fakes in tests. All functions may be called from many session threads.
 */
#ifndef MENCIA_SESSION_HOST_H
#define MENCIA_SESSION_HOST_H

#include "exec/exec.h"
#include "func/session.h"
#include "planner/planner.h"

struct host_snapshot; /* one statement's (or REPEATABLE READ block's) view: catalogue and rows */
struct host_load;     /* rows being loaded into one table, invisible until published */
struct host_table;    /* a table that has been checked but not created */

/* Receives notices (WARNING, NOTICE, INFO) while a long call runs. */
struct host_notices {
    void (*notice)(void *arg, const char *severity, const struct error *err);
    void *arg;
};

/* What COPY FROM was told. Names as the user wrote them, checked by the host. */
struct host_copy_options {
    uint32_t noption;
    const struct ast_option *option;
    uint32_t ncolumn; /* explicit column list; 0 = all but generated */
    const struct strview *column;
};

struct session_host {
    void *arg;
    struct env *env;
    struct engine *engine;

    /* The current state; sees the rows of the given unpublished loads too. */
    bool (*snapshot_open)(void *arg, struct host_load *const *pending, uint32_t npending, struct host_snapshot **out,
                          struct error *err);
    void (*snapshot_close)(struct host_snapshot *snapshot);
    /* Tells a new snapshot whose it is (pg_settings); may be NULL. */
    void (*snapshot_session)(struct host_snapshot *snapshot, const struct func_session *session);
    /* Relations of that snapshot; session_value is filled by the session. */
    void (*catalog_view)(struct host_snapshot *snapshot, struct catalog_view *out);
    uint64_t (*catalog_version)(struct host_snapshot *snapshot);
    const struct source_ops *source; /* source_arg = the snapshot */

    /* CREATE TABLE in two steps: check (Kafka reachable, topic there, start resolved, sample read; warnings and a
     * report as notices), then create (durable when it returns). def is completed; the host_table owns it. */
    bool (*table_check)(void *arg, struct table_def *def, const struct host_notices *notices, struct host_table **out,
                        struct error *err);
    bool (*table_create)(void *arg, struct host_table *table, struct error *err);
    void (*table_discard)(void *arg, struct host_table *table);
    /* Changes a table's definition: `change` edits a copy (and may be called again after a lost race); running
     * consumers take the new options over. */
    bool (*table_alter)(void *arg, const struct table_def *def,
                        bool (*change)(void *change_arg, struct table_def *def, struct error *err), void *change_arg,
                        struct error *err);
    bool (*tables_drop)(void *arg, const struct table_def *const *def, uint32_t n, struct error *err);

    /* Loads. feed takes any pieces of a COPY stream; append takes batches whose column i goes to table column map[i]
     * (attnum - 1). finish makes segments of everything; publish makes them visible, all loads at once or none. A load
     * that failed must be aborted. */
    bool (*load_open)(void *arg, const struct table_def *def, const struct host_copy_options *copy,
                      struct host_load **out, struct error *err);
    bool (*load_feed)(struct host_load *load, const void *data, size_t len, struct error *err);
    bool (*load_feed_file)(struct host_load *load, const char *path, bool (*stopping)(void *arg), void *stop_arg,
                           struct error *err);
    bool (*load_append)(struct host_load *load, const struct batch *batch, const uint32_t *map, struct error *err);
    bool (*load_finish)(struct host_load *load, uint64_t *rows, struct error *err);
    bool (*loads_publish)(void *arg, struct host_load *const *load, uint32_t n, struct error *err);
    void (*load_close)(struct host_load *load); /* after publish, or instead of it (then its files are removed) */

    /* COPY TO: one encoder per statement. Columns are given as text (NULL ptr = NULL). */
    bool (*copy_out_open)(void *arg, const struct host_copy_options *copy, const struct bound_query *query,
                          void **encoder, struct error *err);
    void (*copy_out_header)(void *encoder, struct strbuf *out);
    void (*copy_out_row)(void *encoder, const struct strview *value, uint32_t n, struct strbuf *out);
    void (*copy_out_close)(void *encoder);

    /* Roles. */
    bool (*role_change)(void *arg, const struct ast_node *stmt, struct error *err);
    bool (*role_lookup)(void *arg, const char *name, char *verifier, size_t verifier_size, bool *superuser,
                        bool *can_login, int64_t *valid_until_us);
    /* Names by number in the current catalogue, cut to 63 bytes; false = none. May be NULL. */
    bool (*relation_name)(void *arg, oid_t oid, char schema[FUNC_NAME_SIZE], char name[FUNC_NAME_SIZE]);
    bool (*role_name)(void *arg, oid_t oid, char name[FUNC_NAME_SIZE]);
    /* SHOW of names that are views in disguise (lag, tables, …): the SQL to run instead; NULL = no such. */
    const char *(*show_query)(struct strview name);
};

#endif
