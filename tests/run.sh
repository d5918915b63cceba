#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds a profile and runs suites over it: run.sh PROFILE SUITE... with suites lint unit sql wire e2e fault fuzz.
# Each suite ends with its closing line; the last line is the sum. Exit code 1 if anything failed.
set -u
cd "$(dirname "$0")/.." || exit 2
profile=${1:?usage: run.sh PROFILE SUITE...}
shift
build=build/$profile
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0
failed=0

make_target() {
    make --no-print-directory -j"$jobs" PROFILE="$profile" "$@"
}

# What each suite runs.
suite() {
    case $1 in
    lint) sh tests/lint/run.sh ;;
    unit) make_target unit-build && make --no-print-directory PROFILE="$profile" unit ;;
    sql) bash tests/sql/run.sh "$build/mencia" "$build/tests/tools/slt" ;;
    wire) sh tests/wire/run.sh "$build/mencia" ;;
    e2e) bash tests/e2e/run.sh "$build/mencia" "$build/tests/tools" ;;
    fault) bash tests/fault/run.sh "$build/mencia" "$build/tests/tools" ;;
    fuzz) make_target fuzz-build && make --no-print-directory PROFILE="$profile" fuzz-corpus ;;
    *) echo "unknown suite $1" ;;
    esac
}

run_suite() {
    local name=$1 start=$SECONDS code line
    echo "== $name ($profile)"
    suite "$name" 2>&1 | tee "$out"
    code=${PIPESTATUS[0]}
    line=$(sed -n "s/^$name: \([0-9]*\) passed, \([0-9]*\) failed\$/\1 \2/p" "$out" | tail -n 1)
    if [ -z "$line" ]; then
        line="0 1"
        echo "$name: 0 passed, 1 failed (no result)"
    elif [ "$code" != 0 ] && [ "${line#* }" = 0 ]; then
        line="${line% *} 1"
        echo "$name: ended with code $code"
    fi
    passed=$((passed + ${line% *}))
    failed=$((failed + ${line#* }))
    echo "== $name took $((SECONDS - start)) s"
}

[ "$*" = lint ] || make_target build tools || { echo "the build failed"; echo "0 passed, 1 failed"; exit 1; }
for s in "$@"; do
    run_suite "$s"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
