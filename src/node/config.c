/* SPDX-License-Identifier: Apache-2.0 */
#include "node/config.h"

#include "base/env.h"
#include "types/value.h"

#include <errno.h>
#include <stdlib.h>

enum config_kind { CONFIG_TEXT, CONFIG_PORT, CONFIG_BYTES, CONFIG_COUNT, CONFIG_SECONDS, CONFIG_BOOL };

struct config_key {
    const char *name;
    enum config_kind kind;
    size_t offset;
};

#define KEY(name, kind)                                                                                                \
    {                                                                                                                  \
#name, kind, offsetof(struct server_config, name)                                                              \
    }
static const struct config_key keys[] = {
    KEY(listen_addresses, CONFIG_TEXT),
    KEY(pg_port, CONFIG_PORT),
    KEY(http_port, CONFIG_PORT),
    KEY(data_dir, CONFIG_TEXT),
    KEY(copy_dir, CONFIG_TEXT),
    KEY(hba_file, CONFIG_TEXT),
    KEY(ssl_cert_file, CONFIG_TEXT),
    KEY(ssl_key_file, CONFIG_TEXT),
    KEY(ssl, CONFIG_BOOL),
    KEY(memory_limit, CONFIG_BYTES),
    KEY(cache_size, CONFIG_BYTES),
    KEY(workers, CONFIG_COUNT),
    KEY(max_connections, CONFIG_COUNT),
    KEY(log_level, CONFIG_TEXT),
    {"shutdown_grace", CONFIG_SECONDS, offsetof(struct server_config, shutdown_grace_s)},
};

void server_config_init(struct server_config *c)
{
    *c = (struct server_config){.pg_port = 7001, .http_port = 9001, .max_connections = 10000, .shutdown_grace_s = 30};
    c->listen_addresses = xstrdup("localhost");
    c->log_level = xstrdup("info");
}

void server_config_release(struct server_config *c)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].kind == CONFIG_TEXT)
            free(*(char **)((char *)c + keys[i].offset));
    for (uint32_t i = 0; i < c->nsession; i++) {
        free(c->session_name[i]);
        free(c->session_value[i]);
    }
}

static bool unknown_key(struct strview key, struct error *err)
{
    const char *best = NULL;
    uint32_t best_distance = 4;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        uint32_t distance = str_distance(key, strview_of(keys[i].name), 3);
        if (distance < best_distance) {
            best_distance = distance;
            best = keys[i].name;
        }
    }
    error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "unrecognized configuration parameter \"%.*s\"", (int)key.len, key.ptr);
    return best ? error_hint(err, "Perhaps you meant \"%s\".", best) : false;
}

static bool bad_value(struct strview key, struct strview value, const char *want, struct error *err)
{
    error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "invalid value for parameter \"%.*s\": \"%.*s\"", (int)key.len, key.ptr,
              (int)value.len, value.ptr);
    return error_hint(err, "Expected %s.", want);
}

/* Number with a unit of the table; the result is in base units. */
static bool parse_units(struct strview value, const char *const *unit, const uint64_t *factor, size_t n, uint64_t *out)
{
    char text[40];
    char *end;
    if (value.len == 0 || value.len >= sizeof text || !char_is_digit(value.ptr[0]))
        return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    while (char_is_space(*end))
        end++;
    for (size_t i = 0; i < n && errno == 0; i++)
        if (strcmp(end, unit[i]) == 0)
            return !__builtin_mul_overflow(number, factor[i], out);
    return false;
}

static bool set_number(const struct config_key *k, struct server_config *c, struct strview key, struct strview value,
                       struct error *err)
{
    static const char *const bytes[] = {"", "B", "kB", "MB", "GB", "TB"}, *const seconds[] = {"", "s", "min", "h"},
                             *const none[] = {""};
    static const uint64_t byte_factor[] = {1, 1, 1024, 1 << 20, 1 << 30, 1ULL << 40},
                          second_factor[] = {1, 1, 60, 3600}, one[] = {1};
    void *field = (char *)c + k->offset;
    uint64_t n;
    switch (k->kind) {
    case CONFIG_PORT:
        if (!parse_units(value, none, one, 1, &n) || n > 65535)
            return bad_value(key, value, "a port from 0 (any free one) to 65535", err);
        *(uint16_t *)field = (uint16_t)n;
        return true;
    case CONFIG_BYTES:
        if (!parse_units(value, bytes, byte_factor, 6, &n) || (n && n < (64 << 20)))
            return bad_value(key, value, "at least 64MB, as in 512MB or 4GB", err);
        *(uint64_t *)field = n;
        return true;
    case CONFIG_SECONDS:
        if (!parse_units(value, seconds, second_factor, 4, &n) || n > 86400)
            return bad_value(key, value, "a time, as in 30s", err);
        *(uint32_t *)field = (uint32_t)n;
        return true;
    default:
        if (!parse_units(value, none, one, 1, &n) || n > 1000000)
            return bad_value(key, value, "a whole number", err);
        *(uint32_t *)field = (uint32_t)n;
        return true;
    }
}

static bool set_session(struct server_config *c, struct strview key, struct strview value, struct error *err)
{
    if (c->nsession == CONFIG_SESSION_MAX)
        return error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "more than %d session settings", CONFIG_SESSION_MAX);
    c->session_name[c->nsession] = xstrndup(key.ptr, key.len);
    c->session_value[c->nsession++] = xstrndup(value.ptr, value.len);
    return true;
}

bool server_config_set(struct server_config *c, struct strview key, struct strview value,
                       bool (*is_setting)(struct strview name), struct error *err)
{
    const struct config_key *k = NULL;
    for (size_t i = 0; !k && i < ARRAY_LEN(keys); i++)
        if (strview_equal_nocase(key, strview_of(keys[i].name)))
            k = &keys[i];
    if (!k)
        return is_setting(key) ? set_session(c, key, value, err) : unknown_key(key, err);
    void *field = (char *)c + k->offset;
    if (k->kind == CONFIG_TEXT) {
        free(*(char **)field);
        *(char **)field = value.len ? xstrndup(value.ptr, value.len) : NULL;
        return true;
    }
    if (k->kind == CONFIG_BOOL) {
        struct error unused;
        return bool_parse(value, field, &unused) || bad_value(key, value, "on or off", err);
    }
    return set_number(k, c, key, value, err);
}

/* `key = value`, `key value`, quotes around the value, # comments. Empty key = nothing on the line. */
static bool parse_line(struct strview line, struct strview *key, struct strbuf *value)
{
    line = strview_trim(line);
    *key = (struct strview){line.ptr, 0};
    strbuf_clear(value);
    if (line.len == 0 || line.ptr[0] == '#')
        return true;
    size_t i = 0;
    while (i < line.len && line.ptr[i] != '=' && !char_is_space(line.ptr[i]))
        i++;
    key->len = i;
    while (i < line.len && char_is_space(line.ptr[i]))
        i++;
    if (i < line.len && line.ptr[i] == '=')
        i++;
    while (i < line.len && char_is_space(line.ptr[i]))
        i++;
    if (i < line.len && line.ptr[i] == '\'') {
        for (i++; i < line.len; i++) {
            if (line.ptr[i] == '\'' && i + 1 < line.len && line.ptr[i + 1] == '\'')
                i++;
            else if (line.ptr[i] == '\'')
                return true;
            strbuf_add_char(value, line.ptr[i]);
        }
        return false; /* no closing quote */
    }
    size_t end = i;
    while (end < line.len && line.ptr[end] != '#')
        end++;
    strbuf_add_view(value, strview_trim(strview_make(line.ptr + i, end - i)));
    return key->len > 0;
}

bool server_config_file(struct server_config *c, const char *path, bool required,
                        bool (*is_setting)(struct strview name), struct error *err)
{
    struct strbuf value;
    char *text;
    size_t len;
    uint32_t number = 0;
    bool ok = true;
    if (!env_read_file(env_real(), path, 1 << 20, &text, &len, err))
        return !required && err->sys_errno == ENOENT;
    strbuf_init(&value);
    for (const char *p = text; ok && p < text + len;) {
        const char *nl = memchr(p, '\n', (size_t)(text + len - p));
        const char *end = nl ? nl : text + len;
        struct strview key;
        number++;
        if (!parse_line(strview_make(p, (size_t)(end - p)), &key, &value))
            ok = error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "syntax error");
        else if (key.len)
            ok = server_config_set(c, key, strview_make(value.data, value.len), is_setting, err);
        if (!ok)
            error_context(err, "%s, line %u", path, number);
        p = end + 1;
    }
    strbuf_release(&value);
    free(text);
    return ok;
}

bool server_config_environment(struct server_config *c, char **environment, bool (*is_setting)(struct strview name),
                               struct error *err)
{
    /* Variables of ours that are no settings. */
    static const char *const others[] = {"MENCIA_FAULT", "MENCIA_CPU_LEVEL", "MENCIA_CONFIG"};
    for (char **e = environment; *e; e++) {
        const char *equal = strchr(*e, '=');
        char key[64];
        bool skip = strncmp(*e, "MENCIA_", 7) != 0 || !equal || (size_t)(equal - *e) - 7 >= sizeof key;
        for (size_t i = 0; i < ARRAY_LEN(others) && !skip; i++)
            skip = strlen(others[i]) == (size_t)(equal - *e) && strncmp(*e, others[i], strlen(others[i])) == 0;
        if (skip)
            continue;
        size_t n = (size_t)(equal - *e) - 7;
        for (size_t i = 0; i < n; i++)
            key[i] = char_lower((*e)[7 + i]);
        if (!server_config_set(c, strview_make(key, n), strview_of(equal + 1), is_setting, err))
            return error_context(err, "environment variable %.*s", (int)(equal - *e), *e);
    }
    return true;
}
