/* SPDX-License-Identifier: Apache-2.0 */
#include "node/demo.h"

#include "base/env.h"
#include "base/log.h"
#include "node/demo_int.h"
#include "node/standalone.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct demo {
    char *dir;
    struct server_config config;
    struct standalone *node;
    struct demo_stream *stream;
    struct strbuf create_sql, notices;
};

static bool make_dir(struct demo *d, struct error *err)
{
    const char *tmp = getenv("TMPDIR");
    d->dir = xasprintf("%s/mencia-demo-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    if (mkdtemp(d->dir))
        return true;
    error_errno(err, errno, "could not create a directory like \"%s\"", d->dir);
    free(d->dir);
    d->dir = NULL;
    return false;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    if (remove(path) != 0)
        log_warning("demo", "path=%s msg=\"not removed: %s\"", path, strerror(errno));
    return 0;
}

static bool set(struct demo *d, const char *key, const char *value, struct error *err)
{
    return server_config_set(&d->config, strview_of(key), strview_of(value), is_session_setting, err);
}

static bool open_node(struct demo *d, uint16_t port, bool or_any, struct error *err)
{
    char text[16];
    snprintf(text, sizeof text, "%u", port);
    if (!set(d, "data_dir", d->dir, err) || !set(d, "pg_port", text, err) || !set(d, "http_port", "0", err))
        return false;
    if (standalone_open(&d->config, &d->node, err))
        return true;
    d->node = NULL;
    return or_any && err->sys_errno == EADDRINUSE && open_node(d, 0, false, err);
}

static void write_create_sql(struct demo *d)
{
    strbuf_add_fmt(&d->create_sql,
                   "CREATE TABLE clicks (\n"
                   "    user_id     text,\n"
                   "    country     text,\n"
                   "    device      text,\n"
                   "    url         text,\n"
                   "    duration_ms integer,\n"
                   "    amount      numeric(12,2),\n"
                   "    ts          timestamptz NOT NULL\n"
                   ") PARTITION BY RANGE (ts)\n"
                   "  WITH (kafka.brokers = '%s', kafka.topic = 'clicks', format = json, start = earliest,\n"
                   "        on_gap = record)",
                   demo_stream_brokers(d->stream));
}

bool demo_open(const struct demo_config *config, struct demo **out, struct error *err)
{
    struct demo *d = xcalloc(1, sizeof *d);
    strbuf_init(&d->create_sql);
    strbuf_init(&d->notices);
    server_config_init(&d->config);
    bool ok = make_dir(d, err) && demo_stream_open(&d->stream, err) &&
              demo_stream_history(d->stream, config->history_events, config->history_s, err) &&
              open_node(d, config->pg_port, config->pg_port_or_any, err);
    if (ok) {
        write_create_sql(d);
        ok = demo_run_sql(demo_pg_port(d), d->create_sql.data, &d->notices, err) &&
             (config->events_per_s == 0 || demo_stream_run(d->stream, config->events_per_s, err));
    }
    if (!ok) {
        demo_close(d);
        return false;
    }
    *out = d;
    return true;
}

void demo_close(struct demo *d)
{
    if (!d)
        return;
    if (d->node)
        standalone_close(d->node, env_real()->mono_ns(env_real()));
    demo_stream_close(d->stream);
    if (d->dir)
        nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    server_config_release(&d->config);
    strbuf_release(&d->create_sql);
    strbuf_release(&d->notices);
    free(d->dir);
    free(d);
}

uint16_t demo_pg_port(const struct demo *d) { return standalone_pg_port(d->node); }
uint16_t demo_http_port(const struct demo *d) { return standalone_http_port(d->node); }
const char *demo_create_sql(const struct demo *d) { return d->create_sql.data; }
const char *demo_create_notices(const struct demo *d) { return d->notices.data; }
