/* SPDX-License-Identifier: Apache-2.0 */
/* mencia standalone: configuration, signals, the ready line. */
#include "base/log.h"
#include "cli/commands.h"
#include "node/standalone.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const help_text =
    "usage: mencia standalone --data-dir DIR [OPTION]...\n"
    "\n"
    "  --data-dir DIR     where everything is kept (created if missing)\n"
    "  --pg-port PORT     PostgreSQL port, 0 = any free one (7001)\n"
    "  --http-port PORT   health and metrics, 0 = any free one (9001)\n"
    "  --listen ADDR      addresses to listen on (localhost)\n"
    "  --config FILE      configuration file (DIR/mencia.conf if it exists)\n"
    "  --set KEY=VALUE    any setting of mencia.conf; repeatable\n"
    "\n"
    "Prints `ready pg=HOST:PORT http=HOST:PORT` when it takes connections. TERM or INT: finish running statements and\n"
    "stop; HUP: read the configuration again.\n"
    "\n"
    "  mencia standalone --data-dir ./data\n"
    "  psql -h localhost -p 7001\n";

enum { SET_MAX = 64 };

struct arguments {
    const char *data_dir, *config;
    int nset;
    char *set[SET_MAX]; /* key=value */
};

static void report(const struct error *err)
{
    fprintf(stderr, "mencia: %s\n", err->message);
    if (err->detail[0])
        fprintf(stderr, "DETAIL:  %s\n", err->detail);
    if (err->hint[0])
        fprintf(stderr, "HINT:  %s\n", err->hint);
    if (err->context[0])
        fprintf(stderr, "CONTEXT:  %s\n", err->context);
}

static int parse_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"data-dir", required_argument, NULL, 'd'},
        {"pg-port", required_argument, NULL, 'p'},
        {"http-port", required_argument, NULL, 'w'},
        {"listen", required_argument, NULL, 'l'},
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        char *set = NULL;
        switch (c) {
        case 'd': out->data_dir = optarg; break;
        case 'c': out->config = optarg; break;
        case 'p': set = xasprintf("pg_port=%s", optarg); break;
        case 'w': set = xasprintf("http_port=%s", optarg); break;
        case 'l': set = xasprintf("listen_addresses=%s", optarg); break;
        case 's': set = xstrdup(optarg); break;
        case 'h': fputs(help_text, stdout); exit(EXIT_DONE);
        default: fputs("Try mencia standalone --help.\n", stderr); return EXIT_USAGE;
        }
        if (set && out->nset == SET_MAX) {
            free(set);
            fputs("mencia: too many --set options\n", stderr);
            return EXIT_USAGE;
        }
        if (set)
            out->set[out->nset++] = set;
    }
    if (optind < argc) {
        fprintf(stderr, "mencia: unexpected argument \"%s\"\n", argv[optind]);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static bool read_config(const struct arguments *args, struct server_config *config, struct error *err)
{
    server_config_init(config);
    const char *named = args->config ? args->config : getenv("MENCIA_CONFIG");
    char *path = named            ? xstrdup(named)
                 : args->data_dir ? xasprintf("%s/mencia.conf", args->data_dir)
                                  : xstrdup("/etc/mencia/mencia.conf");
    bool ok = server_config_file(config, path, named != NULL, is_session_setting, err) &&
              server_config_environment(config, environ, is_session_setting, err);
    free(path);
    for (int i = 0; ok && i < args->nset; i++) {
        const char *equal = strchr(args->set[i], '=');
        if (!equal)
            ok = error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "--set wants KEY=VALUE, not \"%s\"", args->set[i]);
        else
            ok = server_config_set(config, strview_make(args->set[i], (size_t)(equal - args->set[i])),
                                   strview_of(equal + 1), is_session_setting, err);
    }
    if (ok && args->data_dir)
        ok = server_config_set(config, STRVIEW("data_dir"), strview_of(args->data_dir), is_session_setting, err);
    if (ok && !config->data_dir) {
        ok = error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "no data directory is given");
        error_hint(err, "Add --data-dir DIR.");
    }
    return ok;
}

static void set_log_level(const struct server_config *config)
{
    const char *level = config->log_level ? config->log_level : "info";
    log_set_level(strcmp(level, "debug") == 0     ? LOG_DEBUG
                  : strcmp(level, "warning") == 0 ? LOG_WARNING
                  : strcmp(level, "error") == 0   ? LOG_ERROR
                                                  : LOG_INFO);
}

static void reload(struct standalone *s, const struct arguments *args)
{
    struct server_config fresh;
    struct error err;
    bool ok = read_config(args, &fresh, &err) && standalone_reload(s, &fresh, &err);
    if (ok) {
        set_log_level(&fresh);
        log_info("node", "msg=\"configuration reloaded\"");
    } else {
        log_error("node", "msg=\"configuration not reloaded: %s\" %s", err.message, err.context);
    }
    server_config_release(&fresh);
}

/* The address clients on this machine can use. */
static const char *shown_host(const struct server_config *config)
{
    const char *listen = config->listen_addresses;
    return !listen || strcmp(listen, "*") == 0 || strchr(listen, ',') ? "localhost" : listen;
}

/* Connections, segments and consumers all need descriptors; soft limits are set for programs that use select(). */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            log_warning("node", "msg=\"the limit of open files stays as it is\" error=%d", errno);
    }
}

static int run(const struct arguments *args, const struct server_config *config)
{
    struct standalone *s;
    struct error err;
    sigset_t signals;
    int sig = 0;
    struct env *env = env_real();
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (!standalone_open(config, &s, &err)) {
        report(&err);
        return error_is(&err, SQLSTATE_CONFIG_FILE_ERROR) ? EXIT_CONFIG : EXIT_OS;
    }
    const char *host = shown_host(config);
    printf("ready pg=%s:%u http=%s:%u\n", host, standalone_pg_port(s), host, standalone_http_port(s));
    fflush(stdout);
    while (sigwait(&signals, &sig) == 0 && sig == SIGHUP)
        reload(s, args);
    log_info("node", "msg=\"stopping\" signal=%d", sig);
    standalone_close(s, env->mono_ns(env) + (int64_t)config->shutdown_grace_s * 1000000000);
    return EXIT_DONE;
}

int command_standalone(int argc, char **argv)
{
    struct arguments args = {0};
    struct server_config config;
    struct error err;
    int code = parse_arguments(argc, argv, &args);
    if (code != EXIT_DONE)
        return code;
    if (read_config(&args, &config, &err)) {
        set_log_level(&config);
        code = run(&args, &config);
    } else {
        report(&err);
        code = EXIT_CONFIG;
    }
    server_config_release(&config);
    for (int i = 0; i < args.nset; i++)
        free(args.set[i]);
    return code;
}
