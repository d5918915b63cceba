/* SPDX-License-Identifier: Apache-2.0 */
/* mencia demo: live data to query, from nothing. */
#include "cli/commands.h"

#include "base/log.h"
#include "node/demo.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const help_text =
    "usage: mencia demo [--rate N] [--port N]\n"
    "\n"
    "  --rate N   click events per second (1000)\n"
    "  --port N   PostgreSQL port, 0 = any free one (7001, or any other if that is taken)\n"
    "\n"
    "Starts a database in a temporary directory and a Kafka topic inside this process, and reads the one into the "
    "other\n"
    "until Ctrl-C. Nothing is left afterwards.\n";

static const char *const queries[] = {
    "SELECT country, count(*), sum(amount) FROM clicks GROUP BY country ORDER BY count(*) DESC LIMIT 5;",
    "SELECT date_trunc('minute', ts) AS minute, count(*), count(DISTINCT user_id) AS users\n"
    "  FROM clicks WHERE ts > now() - interval '10 minutes' GROUP BY 1 ORDER BY 1;",
    "SELECT now() - max(ts) AS age_of_newest, count(*) AS rows FROM clicks;",
};

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out <= max;
}

static int parse_arguments(int argc, char **argv, struct demo_config *config)
{
    static const struct option options[] = {{"rate", required_argument, NULL, 'r'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned long n;
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(help_text, stdout);
            exit(EXIT_DONE);
        }
        if (c == 'r' && parse_number(optarg, 1000000, &n)) {
            config->events_per_s = (uint32_t)n;
        } else if (c == 'p' && parse_number(optarg, 65535, &n)) {
            config->pg_port = (uint16_t)n;
            config->pg_port_or_any = false;
        } else {
            if (c != '?')
                fprintf(stderr, "mencia: invalid number \"%s\"\n", optarg);
            fputs("Try mencia demo --help.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "mencia: unexpected argument \"%s\"\n", argv[optind]);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static void introduce(const struct demo *demo, const struct demo_config *config)
{
    printf("%s;\n\n", demo_create_sql(demo));
    fflush(stdout);
    fputs(demo_create_notices(demo), stderr);
    printf("Table clicks reads %u events per second from a Kafka topic inside this process. In another terminal:\n\n"
           "  psql -h localhost -p %u mencia\n\n",
           config->events_per_s, demo_pg_port(demo));
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        printf("%s\n", queries[i]);
    printf("\nSHOW lag tells how far ingestion is; \\watch 1 repeats a query every second.\n"
           "Health and metrics: http://localhost:%u/health http://localhost:%u/metrics\n"
           "Ctrl-C ends it and removes everything.\n",
           demo_http_port(demo), demo_http_port(demo));
    fflush(stdout);
}

int command_demo(int argc, char **argv)
{
    struct demo_config config = {
        .pg_port = 7001, .pg_port_or_any = true, .events_per_s = 1000, .history_events = 20000, .history_s = 600};
    struct demo *demo;
    struct error err;
    sigset_t signals;
    int sig, code = parse_arguments(argc, argv, &config);
    if (code != EXIT_DONE)
        return code;
    log_set_level(LOG_WARNING);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!demo_open(&config, &demo, &err)) {
        fprintf(stderr, "mencia: %s\n", err.message);
        if (err.detail[0])
            fprintf(stderr, "DETAIL:  %s\n", err.detail);
        if (err.hint[0])
            fprintf(stderr, "HINT:  %s\n", err.hint);
        return EXIT_FAILED;
    }
    introduce(demo, &config);
    sigwait(&signals, &sig);
    demo_close(demo);
    return EXIT_DONE;
}
