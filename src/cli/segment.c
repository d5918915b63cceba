/* SPDX-License-Identifier: Apache-2.0 */
/* mencia segment inspect|verify: what a segment file holds, and whether it is sound. */
#include "cli/commands.h"
#include "storage/segment.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const help_text = "usage: mencia segment inspect FILE\n"
                                     "       mencia segment verify FILE|DIR...\n"
                                     "\n"
                                     "inspect describes a segment file; verify checks every byte of files, or of all\n"
                                     "segment files below folders, says what is wrong where, and exits with 1 then.\n";

struct totals {
    unsigned files, damaged;
};

static void verify_file(const char *path, struct totals *totals)
{
    struct strbuf report;
    struct error err;
    bool sound = false;
    strbuf_init(&report);
    bool ok = segment_verify(env_real(), path, &sound, &report, &err);
    totals->files++;
    if (ok && sound) {
        printf("%s: ok\n", path);
    } else {
        totals->damaged++;
        printf("%s: damaged\n", path);
        if (!ok)
            printf("  %s\n", err.message);
        fputs(report.data, stdout);
    }
    strbuf_release(&report);
}

static void verify_path(const char *path, struct totals *totals)
{
    struct stat st;
    struct env *env = env_real();
    if (env->stat(env, path, &st) == 0 && S_ISDIR(st.st_mode)) {
        struct dirent **entry;
        int n = scandir(path, &entry, NULL, alphasort);
        for (int i = 0; i < n; i++) {
            if (entry[i]->d_name[0] != '.') {
                char *child = xasprintf("%s/%s", path, entry[i]->d_name);
                verify_path(child, totals);
                free(child);
            }
            free(entry[i]);
        }
        if (n >= 0)
            free(entry);
    } else {
        verify_file(path, totals);
    }
}

static int inspect(const char *path)
{
    struct strbuf report;
    struct error err;
    strbuf_init(&report);
    bool ok = segment_inspect(env_real(), path, &report, &err);
    if (ok)
        fputs(report.data, stdout);
    else
        fprintf(stderr, "mencia: %s\n", err.message);
    strbuf_release(&report);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

int command_segment(int argc, char **argv)
{
    struct totals totals = {0, 0};
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help_text, stdout);
        return EXIT_DONE;
    }
    if (argc == 3 && strcmp(argv[1], "inspect") == 0)
        return inspect(argv[2]);
    if (argc < 3 || strcmp(argv[1], "verify") != 0) {
        fputs(help_text, stderr);
        return EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++)
        verify_path(argv[i], &totals);
    printf("%u files, %u damaged\n", totals.files, totals.damaged);
    return totals.damaged ? EXIT_FAILED : EXIT_DONE;
}
