#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kills, failing disks, damaged files. usage: run.sh BINARY TOOLS [TEST...]; MENCIA_KILLS = number of random kills
# The distribution's Python has psycopg2.
exec /usr/bin/python3 "$(dirname "$0")/fault.py" "$@"
