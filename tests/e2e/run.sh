#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real Kafka, a real psql. usage: run.sh BINARY TOOLS [TEST...]
# The distribution's Python has psycopg2.
exec /usr/bin/python3 "$(dirname "$0")/e2e.py" "$@"
