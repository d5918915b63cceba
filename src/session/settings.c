/* SPDX-License-Identifier: Apache-2.0 */
#include "session/settings.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VERSION_TEXT "15.0 (Mencia 0.1)"
#define INT_MAX_REAL 2147483647.0

#define CLIENT  "Client Connection Defaults"
#define COMPAT  "Version and Platform Compatibility"
#define PRESET  "Preset Options"
#define LOGGING "Reporting and Logging"
#define MEMORY  "Resource Usage / Memory"
#define PLANNER "Query Tuning"
#define CONN    "Connections and Authentication"

static const struct setting_def defs[] = {
    {"application_name", "", SETTING_STRING, SETTING_REPORT, 0, 0, NULL, LOGGING, "Name of the client application."},
    {"backslash_quote", "safe_encoding", SETTING_ENUM, 0, 0, 0, "safe_encoding,on,off", COMPAT,
     "Accepted for clients."},
    {"bytea_output", "hex", SETTING_ENUM, 0, 0, 0, "escape,hex", CLIENT, "Text form of bytea."},
    {"check_function_bodies", "on", SETTING_BOOL, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"client_encoding", "UTF8", SETTING_STRING, SETTING_REPORT, 0, 0, NULL, CLIENT, "Only UTF8."},
    {"client_min_messages", "notice", SETTING_ENUM, 0, 0, 0,
     "debug5,debug4,debug3,debug2,debug1,log,notice,warning,error,info,debug", CLIENT,
     "Lowest level of messages sent."},
    {"DateStyle", "ISO, MDY", SETTING_STRING, SETTING_REPORT, 0, 0, NULL, CLIENT, "Only ISO, MDY."},
    {"debug_disable_rules", "off", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Plans without optional rewrites."},
    {"debug_fragments", "off", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Cuts plans as for a cluster."},
    {"default_transaction_deferrable", "off", SETTING_BOOL, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"default_transaction_isolation", "read committed", SETTING_ENUM, 0, 0, 0,
     "serializable,repeatable read,read committed,read uncommitted", CLIENT, "Isolation of new transactions."},
    {"default_transaction_read_only", "off", SETTING_BOOL, SETTING_REPORT, 0, 0, NULL, CLIENT,
     "New transactions are read-only."},
    {"extra_float_digits", "1", SETTING_INT, 0, -15, 3, NULL, CLIENT, "Digits of floating-point output."},
    {"idle_in_transaction_session_timeout", "0", SETTING_INT, SETTING_MS, 0, INT_MAX_REAL, NULL, CLIENT,
     "Ends sessions idle in a transaction."},
    {"idle_session_timeout", "0", SETTING_INT, SETTING_MS, 0, INT_MAX_REAL, NULL, CLIENT,
     "Ends sessions idle outside a transaction."},
    {"in_hot_standby", "off", SETTING_BOOL, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET, "Always off."},
    {"integer_datetimes", "on", SETTING_BOOL, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET, "Always on."},
    {"IntervalStyle", "postgres", SETTING_ENUM, SETTING_REPORT, 0, 0, "postgres", CLIENT, "Only postgres."},
    {"is_superuser", "off", SETTING_BOOL, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET,
     "Whether the role is a superuser."},
    {"lc_collate", "C", SETTING_STRING, SETTING_READ_ONLY, 0, 0, NULL, PRESET, "Order of text."},
    {"lc_ctype", "C.UTF-8", SETTING_STRING, SETTING_READ_ONLY, 0, 0, NULL, PRESET, "Classes of characters."},
    {"lc_messages", "C", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Language of messages."},
    {"lc_monetary", "C", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"lc_numeric", "C", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"lc_time", "C", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"lock_timeout", "0", SETTING_INT, SETTING_MS, 0, INT_MAX_REAL, NULL, CLIENT, "Accepted for clients."},
    {"max_identifier_length", "63", SETTING_INT, SETTING_READ_ONLY, 0, 1e9, NULL, PRESET, "Length of names."},
    {"max_index_keys", "32", SETTING_INT, SETTING_READ_ONLY, 0, 1e9, NULL, PRESET, "Columns of an index."},
    {"query_memory", "0", SETTING_INT, SETTING_KB, 0, INT_MAX_REAL, NULL, MEMORY,
     "Memory of one statement; 0 = a share of the server's."},
    {"role", "none", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Current role."},
    {"row_security", "on", SETTING_BOOL, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"search_path", "\"$user\", public", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Schemas looked into."},
    {"server_encoding", "UTF8", SETTING_STRING, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET, "Always UTF8."},
    {"server_version", VERSION_TEXT, SETTING_STRING, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET,
     "Version of PostgreSQL's language and protocol."},
    {"server_version_num", "150000", SETTING_INT, SETTING_READ_ONLY, 0, 1e9, NULL, PRESET, "The same as a number."},
    {"session_authorization", "", SETTING_STRING, SETTING_REPORT | SETTING_READ_ONLY, 0, 0, NULL, PRESET,
     "Role of the session."},
    {"session_replication_role", "origin", SETTING_ENUM, 0, 0, 0, "origin,replica,local", CLIENT,
     "Accepted for clients."},
    {"ssl", "off", SETTING_BOOL, SETTING_READ_ONLY, 0, 0, NULL, CONN, "TLS is offered."},
    {"standard_conforming_strings", "on", SETTING_BOOL, SETTING_REPORT, 0, 0, NULL, COMPAT, "Only on."},
    {"statement_timeout", "0", SETTING_INT, SETTING_MS, 0, INT_MAX_REAL, NULL, CLIENT,
     "Ends statements that take longer."},
    {"synchronize_seqscans", "on", SETTING_BOOL, 0, 0, 0, NULL, COMPAT, "Accepted for clients."},
    {"synchronous_commit", "on", SETTING_ENUM, 0, 0, 0, "local,remote_write,remote_apply,on,off", CLIENT,
     "Accepted for clients; commits are always durable."},
    {"TimeZone", "UTC", SETTING_STRING, SETTING_REPORT, 0, 0, NULL, CLIENT, "Time zone of input and output."},
    {"timezone_abbreviations", "Default", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"transaction_deferrable", "off", SETTING_BOOL, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"transaction_isolation", "read committed", SETTING_ENUM, 0, 0, 0,
     "serializable,repeatable read,read committed,read uncommitted", CLIENT, "Isolation of this transaction."},
    {"transaction_read_only", "off", SETTING_BOOL, 0, 0, 0, NULL, CLIENT, "This transaction is read-only."},
    {"work_mem", "4MB", SETTING_INT, SETTING_KB, 64, INT_MAX_REAL, NULL, MEMORY,
     "Accepted for clients; see query_memory."},
    {"xmlbinary", "base64", SETTING_ENUM, 0, 0, 0, "base64,hex", CLIENT, "Accepted for clients."},
    {"xmloption", "content", SETTING_ENUM, 0, 0, 0, "content,document", CLIENT, "Accepted for clients."},
    {"enable_seqscan", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"enable_indexscan", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"enable_nestloop", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"enable_hashjoin", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"enable_mergejoin", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"jit", "off", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"geqo", "on", SETTING_BOOL, 0, 0, 0, NULL, PLANNER, "Accepted for clients."},
    {"plan_cache_mode", "auto", SETTING_ENUM, 0, 0, 0, "auto,force_generic_plan,force_custom_plan", PLANNER,
     "Accepted for clients."},
    {"quote_all_identifiers", "off", SETTING_BOOL, 0, 0, 0, NULL, COMPAT, "Accepted for clients."},
    {"default_tablespace", "", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"default_table_access_method", "heap", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"default_text_search_config", "pg_catalog.simple", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
    {"temp_tablespaces", "", SETTING_STRING, 0, 0, 0, NULL, CLIENT, "Accepted for clients."},
};

enum { NDEF = ARRAY_LEN(defs) };

struct setting_custom {
    struct setting_custom *next;
    char *name, *value;
};

struct setting_undo {
    struct setting_undo *next;
    uint32_t index;
    char *old;
    bool local; /* goes back at commit, too */
};

const struct setting_def *settings_all(uint32_t *count)
{
    *count = NDEF;
    return defs;
}

const struct setting_def *setting_find(struct strview name)
{
    for (size_t i = 0; i < NDEF; i++)
        if (strview_equal_nocase(name, strview_of(defs[i].name)))
            return &defs[i];
    return NULL;
}

/* ---- values by kind ---- */

static bool invalid(const struct setting_def *d, struct strview value, struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%.*s\"", d->name,
                     (int)value.len, value.ptr);
}

struct unit {
    const char *name;
    double factor;
};

static bool parse_number(const struct setting_def *d, struct strview value, double *out, struct error *err)
{
    static const struct unit times[] = {{"us", 0.001}, {"ms", 1},     {"s", 1000},
                                        {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    static const struct unit sizes[] = {
        {"B", 1.0 / 1024}, {"kB", 1}, {"MB", 1024}, {"GB", 1048576}, {"TB", 1073741824}};
    char text[64];
    char *end;
    struct strview v = strview_trim(value);
    if (v.len == 0 || v.len >= sizeof text)
        return invalid(d, value, err);
    memcpy(text, v.ptr, v.len);
    text[v.len] = '\0';
    double number = strtod(text, &end);
    if (end == text)
        return invalid(d, value, err);
    while (char_is_space(*end))
        end++;
    if (*end) {
        const struct unit *units = d->flags & SETTING_MS ? times : d->flags & SETTING_KB ? sizes : NULL;
        size_t n = d->flags & SETTING_MS ? ARRAY_LEN(times) : units ? ARRAY_LEN(sizes) : 0, i = 0;
        while (i < n && strcmp(units[i].name, end) != 0)
            i++;
        if (i == n) {
            invalid(d, value, err);
            return d->flags & SETTING_MS
                       ? error_hint(
                             err,
                             "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".")
                   : d->flags & SETTING_KB
                       ? error_hint(err,
                                    "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".")
                       : false;
        }
        number *= units[i].factor;
    }
    *out = d->kind == SETTING_INT ? rint(number) : number;
    return true;
}

double setting_number(const struct setting_def *d, const char *text)
{
    double number = 0;
    struct error unused;
    (void)!parse_number(d, strview_of(text), &number, &unused);
    return number;
}

/* Value of an int setting in its largest exact unit, as SHOW prints it. */
static char *show_int(const struct setting_def *d, double number)
{
    static const struct unit times[] = {{"d", 86400e3}, {"h", 3600e3}, {"min", 60e3}, {"s", 1000}, {"ms", 1}};
    static const struct unit sizes[] = {{"TB", 1073741824}, {"GB", 1048576}, {"MB", 1024}, {"kB", 1}};
    const struct unit *units = d->flags & SETTING_MS ? times : d->flags & SETTING_KB ? sizes : NULL;
    size_t n = d->flags & SETTING_MS ? ARRAY_LEN(times) : units ? ARRAY_LEN(sizes) : 0;
    for (size_t i = 0; number > 0 && i < n; i++)
        if (fmod(number, units[i].factor) == 0)
            return xasprintf("%.0f%s", number / units[i].factor, units[i].name);
    return xasprintf("%.0f", number);
}

static char *check_number(const struct setting_def *d, struct strview value, struct error *err)
{
    double number;
    if (!parse_number(d, value, &number, err))
        return NULL;
    if (number < d->min || number > d->max) {
        const char *unit = d->flags & SETTING_MS ? " ms" : d->flags & SETTING_KB ? " kB" : "";
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                  "%.0f%s is outside the valid range for parameter \"%s\" (%.0f .. %.0f)", number, unit, d->name,
                  d->min, d->max);
        return NULL;
    }
    return show_int(d, number);
}

static char *check_bool(const struct setting_def *d, struct strview value, struct error *err)
{
    bool b;
    struct error unused;
    if (bool_parse(value, &b, &unused))
        return xstrdup(b ? "on" : "off");
    error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "parameter \"%s\" requires a Boolean value", d->name);
    return NULL;
}

static char *check_enum(const struct setting_def *d, struct strview value, struct error *err)
{
    for (const char *p = d->choices; *p;) {
        size_t n = strcspn(p, ",");
        if (strview_equal_nocase(value, strview_make(p, n)))
            return xstrndup(p, n);
        p += n + (p[n] == ',');
    }
    invalid(d, value, err);
    error_hint(err, "Available values: %s.", d->choices);
    return NULL;
}

/* Output is ISO and input month first, in any spelling of that; other styles exist but are not honoured. */
static char *check_date_style(const struct setting_def *d, struct strview value, struct error *err)
{
    static const char *const honoured[] = {"iso", "mdy", "us", "noneuro", "noneuropean", "default"};
    static const char *const others[] = {"sql", "postgres", "german", "dmy", "ymd", "euro", "european"};
    struct strview rest = value;
    bool other = false;
    while (rest.len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.ptr) : rest.len;
        struct strview word = strview_trim(strview_make(rest.ptr, n));
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(honoured); i++)
            known = known || strview_equal_nocase(word, strview_of(honoured[i]));
        for (size_t i = 0; !known && i < ARRAY_LEN(others); i++)
            known = other = strview_equal_nocase(word, strview_of(others[i]));
        if (!known) {
            invalid(d, value, err);
            return NULL;
        }
        rest = strview_make(rest.ptr + n + (comma != NULL), rest.len - n - (comma != NULL));
    }
    if (!other)
        return xstrdup("ISO, MDY");
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "DateStyle \"%.*s\" is not supported", (int)value.len, value.ptr);
    error_hint(err, "Use \"ISO, MDY\".");
    return NULL;
}

/* Strings whose values we cannot all honour. */
static char *check_string(const struct setting_def *d, struct strview value, struct error *err)
{
    if (strcmp(d->name, "client_encoding") == 0) {
        char plain[16];
        size_t n = 0;
        for (size_t i = 0; i < value.len && n < sizeof plain - 1; i++)
            if (isalnum((unsigned char)value.ptr[i]))
                plain[n++] = char_lower(value.ptr[i]);
        plain[n] = '\0';
        if (strcmp(plain, "utf8") == 0 || strcmp(plain, "unicode") == 0)
            return xstrdup("UTF8");
        invalid(d, value, err);
        error_hint(err, "Only UTF8 is supported.");
        return NULL;
    }
    if (strcmp(d->name, "DateStyle") == 0)
        return check_date_style(d, value, err);
    if (strcmp(d->name, "TimeZone") == 0) {
        const struct tz *zone = tz_find(value);
        if (zone)
            return xstrdup(tz_name(zone));
        invalid(d, value, err);
        return NULL;
    }
    return xstrndup(value.ptr, value.len);
}

static char *check_value(const struct setting_def *d, struct strview value, struct error *err)
{
    switch (d->kind) {
    case SETTING_BOOL: return check_bool(d, value, err);
    case SETTING_INT:
    case SETTING_REAL: return check_number(d, value, err);
    case SETTING_ENUM: return check_enum(d, value, err);
    case SETTING_STRING: return check_string(d, value, err);
    }
    __builtin_unreachable();
}

/* ---- the parsed copies ---- */

static const char *raw(const struct settings *s, const char *name)
{
    return s->value[setting_find(strview_of(name)) - defs];
}

static int64_t raw_int(const struct settings *s, const char *name)
{
    double number = 0;
    struct error unused;
    (void)!parse_number(setting_find(strview_of(name)), strview_of(raw(s, name)), &number, &unused);
    return (int64_t)number;
}

static void refresh(struct settings *s)
{
    const struct tz *zone = tz_find(strview_of(raw(s, "TimeZone")));
    s->zone = zone ? zone : tz_utc();
    s->extra_float_digits = (int32_t)raw_int(s, "extra_float_digits");
    s->bytea_escape = strcmp(raw(s, "bytea_output"), "escape") == 0;
    s->statement_timeout_ms = raw_int(s, "statement_timeout");
    s->idle_in_transaction_ms = raw_int(s, "idle_in_transaction_session_timeout");
    s->idle_session_ms = raw_int(s, "idle_session_timeout");
    s->query_memory_bytes = (uint64_t)raw_int(s, "query_memory") * 1024;
    s->debug_fragments = strcmp(raw(s, "debug_fragments"), "on") == 0;
    s->disable_rules = strcmp(raw(s, "debug_disable_rules"), "on") == 0;
}

void settings_init(struct settings *s)
{
    *s = (struct settings){0};
    s->value = xcalloc(NDEF, sizeof *s->value);
    s->session = xcalloc(NDEF, sizeof *s->session);
    s->reported = xcalloc(NDEF, sizeof *s->reported);
    for (size_t i = 0; i < NDEF; i++) {
        s->value[i] = xstrdup(defs[i].value);
        s->session[i] = xstrdup(defs[i].value);
    }
    refresh(s);
}

void settings_release(struct settings *s)
{
    settings_commit(s);
    for (size_t i = 0; i < NDEF; i++) {
        free(s->value[i]);
        free(s->session[i]);
        free(s->reported[i]);
    }
    while (s->custom) {
        struct setting_custom *c = s->custom;
        s->custom = c->next;
        free(c->name);
        free(c->value);
        free(c);
    }
    free(s->value);
    free(s->session);
    free(s->reported);
}

static void put(struct settings *s, uint32_t i, char *value, bool local)
{
    struct setting_undo *u = xcalloc(1, sizeof *u);
    *u = (struct setting_undo){s->undo, i, s->value[i], local};
    s->undo = u;
    s->value[i] = value;
    refresh(s);
}

static bool unknown(struct strview name, struct error *err)
{
    const char *best = NULL;
    uint32_t best_distance = 4;
    for (size_t i = 0; i < NDEF; i++) {
        uint32_t distance = str_distance(name, strview_of(defs[i].name), 3);
        if (distance < best_distance) {
            best_distance = distance;
            best = defs[i].name;
        }
    }
    error_set(err, SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", (int)name.len, name.ptr);
    return best ? error_hint(err, "Perhaps you meant \"%s\".", best) : false;
}

static bool set_custom(struct settings *s, struct strview name, struct strview value)
{
    struct setting_custom *c = s->custom;
    while (c && !strview_equal_nocase(strview_of(c->name), name))
        c = c->next;
    if (!c) {
        c = xcalloc(1, sizeof *c);
        c->name = xstrndup(name.ptr, name.len);
        c->next = s->custom;
        s->custom = c;
    }
    free(c->value);
    c->value = xstrndup(value.ptr, value.len);
    return true;
}

bool settings_set(struct settings *s, struct strview name, struct strview value, bool local, bool at_startup,
                  struct error *err)
{
    const struct setting_def *d = setting_find(name);
    if (!d && name.len && memchr(name.ptr, '.', name.len))
        return set_custom(s, name, value);
    if (!d)
        return unknown(name, err);
    if (d->flags & SETTING_READ_ONLY && !at_startup)
        return error_set(err, SQLSTATE_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed", d->name);
    char *checked = check_value(d, value, err);
    if (!checked)
        return false;
    uint32_t i = (uint32_t)(d - defs);
    if (at_startup) {
        free(s->session[i]);
        s->session[i] = xstrdup(checked);
        free(s->value[i]);
        s->value[i] = checked;
        refresh(s);
    } else {
        put(s, i, checked, local);
    }
    return true;
}

bool settings_reset(struct settings *s, struct strview name, struct error *err)
{
    const struct setting_def *d = setting_find(name);
    if (!d)
        return unknown(name, err);
    put(s, (uint32_t)(d - defs), xstrdup(s->session[d - defs]), false);
    return true;
}

void settings_reset_all(struct settings *s)
{
    for (uint32_t i = 0; i < NDEF; i++)
        if (!(defs[i].flags & SETTING_READ_ONLY) && strncmp(defs[i].name, "transaction_", 12) != 0 &&
            strcmp(s->value[i], s->session[i]) != 0)
            put(s, i, xstrdup(s->session[i]), false);
}

const char *settings_get(const struct settings *s, struct strview name, struct error *err)
{
    const struct setting_def *d = setting_find(name);
    if (d)
        return s->value[d - defs];
    for (const struct setting_custom *c = s->custom; c; c = c->next)
        if (strview_equal_nocase(strview_of(c->name), name))
            return c->value;
    unknown(name, err);
    return NULL;
}

/* Undoes from the newest on until mark: all of them, or only SET LOCALs. */
static void unwind(struct settings *s, bool all, const struct setting_undo *mark)
{
    bool kept[NDEF] = {0}; /* a later SET overrides an earlier SET LOCAL */
    while (s->undo != mark) {
        struct setting_undo *u = s->undo;
        s->undo = u->next;
        kept[u->index] = kept[u->index] || !u->local;
        if (all || !kept[u->index]) {
            free(s->value[u->index]);
            s->value[u->index] = u->old;
        } else {
            free(u->old);
        }
        free(u);
    }
    refresh(s);
}

void settings_commit(struct settings *s)
{
    if (s->undo)
        unwind(s, false, NULL);
}

void settings_rollback(struct settings *s)
{
    if (s->undo)
        unwind(s, true, NULL);
}

const struct setting_undo *settings_mark(const struct settings *s) { return s->undo; }

void settings_rollback_to(struct settings *s, const struct setting_undo *mark) { unwind(s, true, mark); }

void settings_report(struct settings *s, void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    for (size_t i = 0; i < NDEF; i++) {
        if (!(defs[i].flags & SETTING_REPORT) || (s->reported[i] && strcmp(s->reported[i], s->value[i]) == 0))
            continue;
        free(s->reported[i]);
        s->reported[i] = xstrdup(s->value[i]);
        fn(arg, defs[i].name, s->value[i]);
    }
}
