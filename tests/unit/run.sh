#!/bin/sh
# Runs the given cmocka binaries; prints each suite's last line, the full output of a failing one, and a closing line.
passed=0
failed=0
for t in "$@"; do
    out=$(mktemp)
    if "$t" >"$out" 2>&1; then
        n=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$out" | awk '{s += $1} END {print s + 0}')
        passed=$((passed + n))
        printf 'ok    %s (%s)\n' "${t#build/*/tests/unit/}" "$n"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n' "$t"
        tail -n 60 "$out"
    fi
    rm -f "$out"
done
printf 'unit: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
