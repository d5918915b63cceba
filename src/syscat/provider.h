/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pg_catalog and information_schema are made from, implemented by the composition root. The context that
 * syscat_rows is given begins with a struct syscat_context. Calls come from one thread at a time; everything handed to
 * the callbacks is borrowed for the call.
 */
#ifndef MENCIA_SYSCAT_PROVIDER_H
#define MENCIA_SYSCAT_PROVIDER_H

#include "func/session.h"
#include "syscat/syscat.h"

struct syscat_role {
    oid_t oid;
    const char *name;
    bool superuser, login, create_role, create_db;
    int64_t valid_until; /* timestamptz; INT64_MIN = no end */
};

struct syscat_session {
    int32_t pid;
    oid_t role;
    const char *user, *database, *application, *client_addr, *state, *query;
    int32_t client_port;
    bool active;                                                                     /* runs a statement now */
    int64_t backend_start_us, transaction_start_us, query_start_us, state_change_us; /* Unix µs; 0 = none */
};

struct syscat_provider {
    const struct syscat *(*registry)(void *context);
    const char *(*database)(void *context, oid_t *oid);
    /* Stored tables; rows: estimate. */
    void (*each_table)(void *context, void (*fn)(void *arg, const struct table_def *def, double rows), void *arg);
    void (*each_role)(void *context, void (*fn)(void *arg, const struct syscat_role *role), void *arg);
    void (*each_session)(void *context, void (*fn)(void *arg, const struct syscat_session *session), void *arg);
    /* The session that asks; NULL = none. */
    const struct func_session *(*session)(void *context);
};

struct syscat_context {
    const struct syscat_provider *provider;
};

#endif
