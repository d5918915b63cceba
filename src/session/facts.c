/* SPDX-License-Identifier: Apache-2.0 */
/* What functions and system relations may know of a session (func/session.h). Called while the session's thread waits
 * for its statement, so its settings hold still. */
#include "func/func.h"
#include "session/session_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool fact_setting(void *arg, struct strview name, struct strbuf *out, struct error *err)
{
    const struct backend *b = arg;
    const char *value = settings_get(&b->settings, name, err);
    if (value)
        strbuf_add_cstr(out, value);
    return value != NULL;
}

/* "{a,b}" of "a,b". */
static void choices_array(const char *choices, char *out, size_t size) { snprintf(out, size, "{%s}", choices); }

static void fact_each_setting(void *arg, void (*fn)(void *fn_arg, const struct func_setting *setting), void *fn_arg)
{
    static const char *const types[] = {[SETTING_BOOL] = "bool",
                                        [SETTING_INT] = "integer",
                                        [SETTING_REAL] = "real",
                                        [SETTING_STRING] = "string",
                                        [SETTING_ENUM] = "enum"};
    const struct backend *b = arg;
    uint32_t n;
    const struct setting_def *defs = settings_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        const struct setting_def *d = &defs[i];
        bool number = d->kind == SETTING_INT || d->kind == SETTING_REAL;
        char value[64], boot[64], reset[64], min[32], max[32], choices[256] = "";
        const char *current = b->settings.value[i], *start = b->settings.session[i];
        if (number) {
            snprintf(value, sizeof value, "%.17g", setting_number(d, current));
            snprintf(boot, sizeof boot, "%.17g", setting_number(d, d->value));
            snprintf(reset, sizeof reset, "%.17g", setting_number(d, start));
            snprintf(min, sizeof min, "%.17g", d->min);
            snprintf(max, sizeof max, "%.17g", d->max);
        }
        if (d->choices)
            choices_array(d->choices, choices, sizeof choices);
        struct func_setting s = {
            .name = d->name,
            .value = number ? value : current,
            .unit = d->flags & SETTING_MS   ? "ms"
                    : d->flags & SETTING_KB ? "kB"
                                            : NULL,
            .category = d->category,
            .description = d->description,
            .context = d->flags & SETTING_READ_ONLY ? "internal"
                       : d->flags & SETTING_STARTUP ? "backend"
                                                    : "user",
            .vartype = types[d->kind],
            .source = strcmp(current, start) != 0    ? "session"
                      : strcmp(start, d->value) != 0 ? "client"
                                                     : "default",
            .min = number ? min : NULL,
            .max = number ? max : NULL,
            .choices = d->choices ? choices : NULL,
            .boot = number ? boot : d->value,
            .reset = number ? reset : start,
        };
        fn(fn_arg, &s);
    }
}

static bool fact_cancel(void *arg, int32_t pid, bool terminate, bool *found, struct error *err)
{
    const struct backend *b = arg;
    return session_stop_other(b, pid, terminate, found, err);
}

static bool fact_relation(void *arg, oid_t oid, char schema[FUNC_NAME_SIZE], char name[FUNC_NAME_SIZE])
{
    const struct backend *b = arg;
    return b->host->relation_name && b->host->relation_name(b->host->arg, oid, schema, name);
}

static bool fact_role(void *arg, oid_t oid, char name[FUNC_NAME_SIZE])
{
    const struct backend *b = arg;
    return b->host->role_name && b->host->role_name(b->host->arg, oid, name);
}

bool session_relation_name(const struct func_session *session, oid_t oid, struct strbuf *out)
{
    char schema[FUNC_NAME_SIZE], name[FUNC_NAME_SIZE];
    if (!session->relation(session->arg, oid, schema, name))
        return false;
    if (strcmp(schema, "pg_catalog") != 0 && strcmp(schema, "public") != 0) {
        func_quote_ident(strview_of(schema), out);
        strbuf_add_char(out, '.');
    }
    func_quote_ident(strview_of(name), out);
    return true;
}

void session_facts_init(struct backend *b)
{
    b->facts = (struct func_session){
        .arg = b,
        .pid = b->pid,
        .server_start = b->server->start_us - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC,
        .setting = fact_setting,
        .each_setting = fact_each_setting,
        .cancel = fact_cancel,
        .relation = fact_relation,
        .role = fact_role,
    };
}
