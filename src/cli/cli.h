/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands of the one binary. */
#ifndef MENCIA_CLI_CLI_H
#define MENCIA_CLI_CLI_H

/* Runs the subcommand of argv[1]; returns the exit code (0 ok, 1 failed, 2 usage; daemons: sysexits). */
int cli_main(int argc, char **argv);

#endif
