/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session settings (PostgreSQL's GUCs): one const table gives name, type, default and range; a session holds its values
 * as texts plus the few that the engine reads often, parsed. SET LOCAL and the values a failed or rolled-back
 * transaction must restore are kept in an undo list.
 */
#ifndef MENCIA_SESSION_SETTINGS_H
#define MENCIA_SESSION_SETTINGS_H

#include "base/error.h"
#include "base/str.h"
#include "types/value.h"

enum setting_kind { SETTING_BOOL, SETTING_INT, SETTING_REAL, SETTING_STRING, SETTING_ENUM };
enum setting_flags {
    SETTING_REPORT = 1,    /* ParameterStatus when it changes */
    SETTING_READ_ONLY = 2, /* SHOW only: 55P02 */
    SETTING_MS = 4,        /* integers with time units; shown in the largest unit that divides */
    SETTING_KB = 8,        /* integers with memory units */
    SETTING_STARTUP = 16,  /* only at connection start */
};

struct setting_def {
    const char *name;  /* canonical spelling (DateStyle) */
    const char *value; /* default */
    enum setting_kind kind;
    uint32_t flags;
    double min, max;
    const char *choices; /* enum: "a,b,c" */
    const char *category;
    const char *description;
};

const struct setting_def *settings_all(uint32_t *count);
/* Case-insensitive; NULL = unknown. */
const struct setting_def *setting_find(struct strview name);

/* A number's value in base units (ms, kB); text is one that the setting has. */
double setting_number(const struct setting_def *def, const char *text);

struct setting_undo;
struct setting_custom;

struct settings {
    char **value;                  /* [count] current, malloc'd */
    char **session;                /* [count] what RESET goes back to: start-up values */
    char **reported;               /* [count] last value sent by ParameterStatus; NULL = never */
    struct setting_undo *undo;     /* newest first, of the open transaction */
    struct setting_custom *custom; /* a.b names */
    /* parsed */
    const struct tz *zone;
    int32_t extra_float_digits;
    bool bytea_escape;
    int64_t statement_timeout_ms; /* 0 = none */
    int64_t idle_in_transaction_ms, idle_session_ms;
    uint64_t query_memory_bytes; /* 0 = the server's */
    bool debug_fragments, disable_rules;
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);
/* Sets by name. at_startup: also becomes what RESET restores. local: until the transaction ends. 42704 (with
 * did-you-mean), 22023 with PostgreSQL's texts. */
bool settings_set(struct settings *s, struct strview name, struct strview value, bool local, bool at_startup,
                  struct error *err) MUST_CHECK;
bool settings_reset(struct settings *s, struct strview name, struct error *err) MUST_CHECK;
void settings_reset_all(struct settings *s);
/* NULL = no such setting (42704 in err). */
const char *settings_get(const struct settings *s, struct strview name, struct error *err);
/* End of a transaction: forgets the undo list or goes back. */
void settings_commit(struct settings *s);
void settings_rollback(struct settings *s);
/* Where an open transaction stands, and going back there. */
const struct setting_undo *settings_mark(const struct settings *s);
void settings_rollback_to(struct settings *s, const struct setting_undo *mark);
/* Calls fn for each SETTING_REPORT value that differs from what was reported, and remembers it. */
void settings_report(struct settings *s, void (*fn)(void *arg, const char *name, const char *value), void *arg);

#endif
