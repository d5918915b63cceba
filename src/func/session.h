/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What functions about the session and the catalogue need to know (current_setting, pg_backend_pid, pg_get_userbyid …).
 * Reached through value_ctx.session; implemented by session/, which outlives every evaluation it is handed to. The
 * calls come from the engine's threads while the session's own waits for them.
 */
#ifndef MENCIA_FUNC_SESSION_H
#define MENCIA_FUNC_SESSION_H

#include "types/value.h"

enum { FUNC_NAME_SIZE = 64 };

/* One row of pg_settings. */
struct func_setting {
    const char *name, *value; /* value in base units */
    const char *unit;         /* NULL = none */
    const char *category, *description, *context, *vartype, *source;
    const char *min, *max; /* NULL = not a number */
    const char *choices;   /* "a,b"; NULL = not an enum */
    const char *boot, *reset;
};

struct func_session {
    void *arg;
    int32_t pid;
    int64_t server_start; /* timestamptz */
    /* Value as SHOW prints it, into *out; false = unknown name, err is set. */
    bool (*setting)(void *arg, struct strview name, struct strbuf *out, struct error *err);
    void (*each_setting)(void *arg, void (*fn)(void *fn_arg, const struct func_setting *setting), void *fn_arg);
    /* *found false = no such session. False: not allowed. */
    bool (*cancel)(void *arg, int32_t pid, bool terminate, bool *found, struct error *err);
    /* Name and schema of a relation, stored or virtual; false = none. */
    bool (*relation)(void *arg, oid_t oid, char schema[FUNC_NAME_SIZE], char name[FUNC_NAME_SIZE]);
    bool (*role)(void *arg, oid_t oid, char name[FUNC_NAME_SIZE]);
};

#endif
