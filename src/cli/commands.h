/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands; argv[0] is the command's name. Each returns the process's exit code. */
#ifndef MENCIA_CLI_COMMANDS_H
#define MENCIA_CLI_COMMANDS_H

#include "cli/cli.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNAVAILABLE = 69,
    EXIT_OS = 71,
    EXIT_CONFIG = 78
};

int command_standalone(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_segment(int argc, char **argv);

#endif
