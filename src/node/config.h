/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server configuration: postgresql.conf grammar (`key = value  # comment`), environment variables MENCIA_<KEY>, and
 * --set key=value, in rising order of precedence. Unknown keys are errors with did-you-mean; session settings
 * (statement_timeout, …) may be given too and become defaults of new sessions.
 */
#ifndef MENCIA_NODE_CONFIG_H
#define MENCIA_NODE_CONFIG_H

#include "base/error.h"
#include "base/str.h"

enum { CONFIG_SESSION_MAX = 64 };

struct server_config {
    char *listen_addresses; /* localhost */
    uint16_t pg_port;       /* 7001 */
    uint16_t http_port;     /* 9001 */
    char *data_dir;
    char *copy_dir; /* NULL = COPY FROM 'file' is off */
    char *hba_file; /* NULL = built-in rules */
    char *ssl_cert_file, *ssl_key_file;
    bool ssl;
    uint64_t memory_limit; /* bytes; 0 = half of the machine's */
    uint64_t cache_size;   /* bytes; 0 = half of memory_limit */
    uint32_t workers;      /* 0 = one per core */
    uint32_t max_connections;
    uint32_t shutdown_grace_s;
    char *log_level;
    /* Session settings among the keys. */
    uint32_t nsession;
    char *session_name[CONFIG_SESSION_MAX], *session_value[CONFIG_SESSION_MAX];
};

void server_config_init(struct server_config *config);
void server_config_release(struct server_config *config);
/* is_setting tells whether an otherwise unknown key is a session setting. Errors name file and line. */
bool server_config_file(struct server_config *config, const char *path, bool required,
                        bool (*is_setting)(struct strview name), struct error *err) MUST_CHECK;
bool server_config_environment(struct server_config *config, char **environment,
                               bool (*is_setting)(struct strview name), struct error *err) MUST_CHECK;
bool server_config_set(struct server_config *config, struct strview key, struct strview value,
                       bool (*is_setting)(struct strview name), struct error *err) MUST_CHECK;

#endif
