#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs tests/sql/*.slt against PostgreSQL 15 (are the expected answers true?) and against the server: as it is, with plans
# cut as for a cluster, with little memory, and over the extended protocol.
# usage: run.sh BINARY SLT [--rewrite] [FILE...]; --rewrite takes the expected answers anew from PostgreSQL.
set -u
binary=${1:?usage: run.sh BINARY SLT [--rewrite] [FILE...]}
slt=${2:?}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/server.sh"
rewrite=
if [ "${1:-}" = --rewrite ]; then
    rewrite=1
    shift
fi
[ $# -gt 0 ] || set -- "$here"/*.slt
work=$(mktemp -d)
chmod 755 "$work"
server_pid=
trap 'server_kill; postgres_stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0
failed=0

# part NAME ARGUMENT...: one run of the runner over all files, added to the sums.
part() {
    local name=$1
    shift
    "$slt" "$@" >"$work/part" 2>&1
    local line
    line=$(sed -n 's/^sql: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/part")
    if [ -z "$line" ]; then
        line="0 1"
    fi
    grep -v '^sql: [0-9]* passed' "$work/part" | head -n 150
    echo "sql: $name: ${line% *} passed, ${line#* } failed"
    passed=$((passed + ${line% *}))
    failed=$((failed + ${line#* }))
}

if postgres_start "$work/pg"; then
    if [ -n "$rewrite" ]; then
        "$slt" --conn "host=$work/pg user=postgres dbname=postgres" --engine postgres --rewrite "$@" || exit 1
        exit 0
    fi
    part "PostgreSQL 15" --conn "host=$work/pg user=postgres dbname=postgres" --engine postgres "$@"
else
    echo "PostgreSQL does not start"
    failed=$((failed + 1))
fi
if server_start "$work/server"; then
    known=()
    # A part of the files cannot use up the list.
    [ "$*" = "$(echo "$here"/*.slt)" ] && known=(--known "$here/known.txt")
    conn="host=$pg_host port=$pg_port user=postgres dbname=postgres"
    part "as it is" --conn "$conn" "${known[@]}" "$@"
    part "plans in fragments" --conn "$conn" "${known[@]}" --set "SET debug_fragments=on" "$@"
    part "little memory" --conn "$conn" "${known[@]}" --set "SET query_memory='${QUERY_MEMORY:-4MB}'" "$@"
    part "no optional rules" --conn "$conn" "${known[@]}" --set "SET debug_disable_rules=on" "$@"
    part "extended protocol" --conn "$conn" "${known[@]}" --extended "$@"
    if ! kill -0 "$server_pid" 2>/dev/null; then
        echo "the server died:"
        tail -n 30 "$work/server/log"
        failed=$((failed + 1))
    elif ! server_stop; then
        echo "the server did not end well:"
        tail -n 30 "$work/server/log"
        failed=$((failed + 1))
    fi
else
    echo "the server did not become ready:"
    tail -n 20 "$work/server/log"
    failed=$((failed + 1))
fi
echo "sql: $passed passed, $failed failed"
[ "$failed" = 0 ]
