/* SPDX-License-Identifier: Apache-2.0 */
/* What a StartupMessage says. Pure parsing of untrusted bytes. */
#include "pgwire/wire_int.h"

static void add_param(struct arena *arena, struct startup_params *p, const char *name, const char *value)
{
    if (p->nparam == p->cap) {
        uint32_t cap = p->cap ? p->cap * 2 : 16;
        const char **names = ARENA_ARRAY(arena, const char *, cap), **values = ARENA_ARRAY(arena, const char *, cap);
        if (p->nparam > 0) {
            memcpy(names, p->name, p->nparam * sizeof *names);
            memcpy(values, p->value, p->nparam * sizeof *values);
        }
        p->name = names;
        p->value = values;
        p->cap = cap;
    }
    p->name[p->nparam] = name;
    p->value[p->nparam++] = value;
}

/* Next word of options=: split at white space, a backslash keeps the next character. NULL = none. */
static char *next_word(struct arena *arena, const char **s)
{
    const char *at = *s;
    while (char_is_space(*at))
        at++;
    if (!*at)
        return NULL;
    char *word = arena_alloc(arena, strlen(at) + 1);
    size_t n = 0;
    while (*at && !char_is_space(*at)) {
        if (*at == '\\' && at[1])
            at++;
        word[n++] = *at++;
    }
    word[n] = '\0';
    *s = at;
    return word;
}

/* "name=value", dashes in the name meaning underscores. */
static bool add_setting(struct arena *arena, struct startup_params *p, char *setting, const char *dashes,
                        struct error *err)
{
    char *equals = strchr(setting, '=');
    if (!equals || equals == setting)
        return error_set(err, SQLSTATE_SYNTAX_ERROR, "%s%s requires a value", dashes, setting);
    *equals = '\0';
    for (char *c = setting; *c; c++)
        if (*c == '-')
            *c = '_';
    add_param(arena, p, setting, equals + 1);
    return true;
}

static bool bad_argument(const char *word, struct error *err)
{
    return error_set(err, SQLSTATE_SYNTAX_ERROR, "invalid command-line argument for server process: %s", word);
}

static bool parse_options(struct arena *arena, struct startup_params *p, const char *options, struct error *err)
{
    char *word;
    while ((word = next_word(arena, &options)) != NULL) {
        bool ok;
        if (word[0] == '-' && word[1] == '-' && word[2])
            ok = add_setting(arena, p, word + 2, "--", err);
        else if (word[0] == '-' && word[1] == 'c') {
            char *setting = word[2] ? word + 2 : next_word(arena, &options);
            ok = setting ? add_setting(arena, p, setting, "-c ", err) : bad_argument(word, err);
        } else
            ok = bad_argument(word, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool parse_bool(const char *value, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strview_equal_nocase(strview_of(value), strview_of(yes[i])) ||
            strview_equal_nocase(strview_of(value), strview_of(no[i]))) {
            *out = strview_equal_nocase(strview_of(value), strview_of(yes[i]));
            return true;
        }
    }
    return false;
}

static bool check_replication(const char *value, struct error *err)
{
    bool on = true;
    if (strcmp(value, "database") != 0 && !parse_bool(value, &on)) {
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%s\"", "replication",
                  value);
        return error_hint(err, "Valid values are: \"false\", 0, \"true\", 1, \"database\".");
    }
    if (!on)
        return true;
    error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "replication connections are not supported");
    return error_hint(err, "Connect without the \"replication\" parameter.");
}

/* True if *at is inside body and starts a NUL-terminated string there. */
static bool next_string(struct strview body, size_t *at, const char **out)
{
    const char *nul = *at < body.len ? memchr(body.ptr + *at, '\0', body.len - *at) : NULL;
    if (!nul)
        return false;
    *out = body.ptr + *at;
    *at = (size_t)(nul - body.ptr) + 1;
    return true;
}

static bool take_pair(struct arena *arena, struct startup_params *p, const char *name, const char *value,
                      const char **options, struct error *err)
{
    if (strcmp(name, "user") == 0)
        p->user = arena_strdup(arena, value);
    else if (strcmp(name, "database") == 0)
        p->database = arena_strdup(arena, value);
    else if (strcmp(name, "options") == 0)
        *options = value;
    else if (strcmp(name, "replication") == 0)
        return check_replication(value, err);
    else if (strncmp(name, "_pq_.", 5) == 0)
        p->unknown[p->nunknown++] = arena_strdup(arena, name);
    else
        add_param(arena, p, arena_strdup(arena, name), arena_strdup(arena, value));
    return true;
}

bool startup_parse(struct arena *arena, struct strview body, struct startup_params *out, struct error *err)
{
    struct startup_params plain = {.user = "", .database = ""};
    const char *name, *value, *options = NULL;
    size_t at = 0;
    assert(body.len <= STARTUP_BYTES_MAX);
    plain.unknown = ARENA_ARRAY(arena, const char *, body.len / 2 + 1);
    bool terminated = false;
    while (!terminated && next_string(body, &at, &name)) {
        terminated = !*name;
        if (terminated || !next_string(body, &at, &value))
            break;
        if (!take_pair(arena, &plain, name, value, &options, err))
            return false;
    }
    if (!terminated || at != body.len)
        return error_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                         "invalid startup packet layout: expected terminator as last byte");
    /* Settings of options= come first, so that parameters of their own win. */
    *out = plain;
    out->nparam = out->cap = 0;
    if (options && !parse_options(arena, out, options, err)) {
        out->options_error = ARENA_NEW(arena, struct error);
        *out->options_error = *err;
    }
    for (uint32_t i = 0; i < plain.nparam; i++)
        add_param(arena, out, plain.name[i], plain.value[i]);
    return true;
}
