#!/bin/sh
# Protocol cases of edge.py against a server of its own, compared with PostgreSQL 15's answers. usage: run.sh BINARY
set -u
binary=${1:?usage: run.sh BINARY}
here=$(dirname "$0")
work=$(mktemp -d)
pid=
stop() {
    [ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; }
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM
"$binary" standalone --data-dir "$work/data" --pg-port 0 --http-port 0 >"$work/out" 2>"$work/log" &
pid=$!
ready=
for _ in $(seq 300); do
    ready=$(sed -n 's/^ready pg=\([^ ]*\) http=.*/\1/p' "$work/out")
    [ -z "$ready" ] || break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$ready" ]; then
    echo "the server did not become ready:"
    tail -n 20 "$work/log"
    echo "wire: 0 passed, 1 failed"
    exit 1
fi
host=${ready%:*}
python3 "$here/edge.py" "$host" "${ready##*:}" postgres postgres >"$work/got" 2>"$work/edge.err" || {
    echo "edge.py ended early:"
    tail -n 5 "$work/edge.err"
}
kill -0 "$pid" 2>/dev/null || { echo "the server died:"; tail -n 20 "$work/log"; }
python3 "$here/compare.py" "$here/pg15_edge_golden.txt" "$work/got" "$here/known.txt"
