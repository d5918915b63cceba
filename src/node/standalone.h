/* SPDX-License-Identifier: Apache-2.0 */
/* One process that is everything: database, PostgreSQL port, HTTP port. Used by `mencia standalone` and `mencia demo`.
 */
#ifndef MENCIA_NODE_STANDALONE_H
#define MENCIA_NODE_STANDALONE_H

#include "node/config.h"
#include "node/db.h"

struct standalone;

/* Opens the database and starts listening. The config is borrowed for the object's life. */
bool standalone_open(const struct server_config *config, struct standalone **out, struct error *err) MUST_CHECK;
uint16_t standalone_pg_port(const struct standalone *s);
uint16_t standalone_http_port(const struct standalone *s);
/* New TLS files and hba rules. */
bool standalone_reload(struct standalone *s, const struct server_config *config, struct error *err) MUST_CHECK;
/* No new statements; running ones may finish until deadline_ns (CLOCK_MONOTONIC); then everything is closed, tails
 * spilled. */
void standalone_close(struct standalone *s, int64_t deadline_ns);
bool is_session_setting(struct strview name);

#endif
