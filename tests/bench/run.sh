#!/bin/sh
# The figures of docs/benchmarks.md. usage: run.sh ROWS   (200000 is a quick look, 10000000 the real thing)
# Needs build/mencia; for the comparison: pip install duckdb==2.0.0 chdb==4.4.0 "psycopg[binary]" numpy pyarrow (left out
# if duckdb is missing); for ingestion a real Kafka, which tests/e2e brings (left out without Java and Maven).
set -u
cd "$(dirname "$0")/../.." || exit 2
rows=${1:-200000}
out=build/bench
mkdir -p "$out"
cc -O2 -ffp-contract=off -pthread -o "$out/genhits" tests/bench/genhits.c -lm
cc -O2 -ffp-contract=off -pthread -DWITH_KAFKA -o "$out/genevents" tests/bench/genevents.c -lm -lrdkafka
exec python3 tests/bench/figures.py "$rows" "$out"
