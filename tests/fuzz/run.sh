#!/bin/sh
# run.sh SECONDS [NAME...]: builds every tests/fuzz/fuzz_*.c (or those named) with clang's libFuzzer, ASan and UBSan
# into build/fuzz and runs each for that long. What it finds new grows in build/fuzz/corpus/NAME; inputs that crash are
# saved under build/fuzz/crashes, to be fixed and then added to tests/fuzz/corpus/NAME.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:?usage: run.sh SECONDS [NAME...]}
shift
clang=${FUZZ_CC:-clang-14}
command -v "$clang" >/dev/null || { echo "fuzz: $clang is not installed (set FUZZ_CC)"; exit 2; }
[ $# -gt 0 ] || set -- $(for f in tests/fuzz/fuzz_*.c; do n=${f##*/fuzz_}; echo "${n%.c}"; done)

sanitize="address,undefined"
mkdir -p build/fuzz
make -s -j"$(nproc)" PROFILE=fuzz CC="$clang" WARN=-Wno-everything build/fuzz/libmencia.a \
    CFLAGS_fuzz="-O1 -DMENCIA_FAULTS -fno-omit-frame-pointer -fno-sanitize-recover=undefined -fsanitize=fuzzer-no-link,$sanitize" >build/fuzz/build.log || exit 1
libs=$(sed -n 's/^LIBS := //p' Makefile)
mkdir -p build/fuzz/crashes
passed=0
failed=0
for name in "$@"; do
    target=build/fuzz/fuzz_$name
    "$clang" -std=gnu11 -g -O1 -D_GNU_SOURCE -fwrapv -fno-strict-aliasing -Isrc -I. -pthread -fno-sanitize-recover=undefined \
        -fsanitize=fuzzer,$sanitize -o "$target" "tests/fuzz/fuzz_$name.c" build/fuzz/libmencia.a $libs || { failed=$((failed + 1)); continue; }
    mkdir -p "build/fuzz/corpus/$name"
    log=build/fuzz/$name.log
    if "$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs)"
    else
        failed=$((failed + 1))
        echo "FAIL  $name: $log"
        tail -n 40 "$log"
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
