#!/bin/sh
# corpus.sh BINARY...: runs each target fuzz_NAME over tests/fuzz/corpus/NAME (seeds and inputs of fixed bugs).
# Any crash or sanitizer report fails the input that caused it.
set -u
dir=$(dirname "$0")/corpus
passed=0
failed=0
for target in "$@"; do
    name=$(basename "$target")
    name=${name#fuzz_}
    if [ -z "$(ls "$dir/$name" 2>/dev/null)" ]; then
        echo "FAIL  $name: no inputs in $dir/$name"
        failed=$((failed + 1))
        continue
    fi
    count=$(find "$dir/$name" -type f ! -name '.*' | wc -l)
    if "$target" "$dir/$name" >/dev/null 2>&1; then
        echo "ok    $name ($count inputs)"
        passed=$((passed + count))
        continue
    fi
    # Find the guilty ones.
    for input in "$dir/$name"/*; do
        out=$(mktemp)
        if "$target" "$input" >"$out" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL  $input"
            tail -n 30 "$out"
        fi
        rm -f "$out"
    done
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
