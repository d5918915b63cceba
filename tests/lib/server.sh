# SPDX-License-Identifier: Apache-2.0
# Functions for test scripts (bash): a server in a folder of its own, a PostgreSQL to compare with. Source it; $binary is the server.
# The caller sets `work` (a temporary folder) and traps EXIT with its clean-up.

# server_start DIR [option...]: starts the server over data folder DIR/data; sets server_pid, pg_host, pg_port, http_port.
server_start() {
    local dir=$1 ready=
    shift
    mkdir -p "$dir"
    : >"$dir/out"
    "$binary" standalone --data-dir "$dir/data" --pg-port 0 --http-port 0 "$@" >"$dir/out" 2>>"$dir/log" &
    server_pid=$!
    for _ in $(seq 600); do
        ready=$(grep -m1 '^ready ' "$dir/out") && break
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    if [ -z "$ready" ]; then
        wait_gone "$server_pid"
        server_pid=
        return 1
    fi
    pg_host=${ready#ready pg=}
    pg_host=${pg_host%% *}
    pg_port=${pg_host##*:}
    pg_host=${pg_host%:*}
    http_port=${ready##*:}
    export PGHOST=$pg_host PGPORT=$pg_port PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=10
}

# wait_gone PID: ends a process that has not ended; returns its exit code.
wait_gone() {
    [ -n "$1" ] || return 0
    wait "$1" 2>/dev/null
}

# server_stop: a clean shutdown; returns the exit code.
server_stop() {
    local pid=$server_pid
    server_pid=
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null
    wait_gone "$pid"
}

server_kill() {
    local pid=$server_pid
    server_pid=
    [ -n "$pid" ] || return 0
    kill -KILL "$pid" 2>/dev/null
    wait_gone "$pid"
    return 0
}

pg_bin=/usr/lib/postgresql/15/bin

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp "$@"
    else
        "$@"
    fi
}

# postgres_start DIR: a PostgreSQL 15 in DIR, on a socket there; sets postgres_dir.
postgres_start() {
    local dir=$1
    mkdir -p "$dir"
    chmod 755 "$dir"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
    as_postgres "$pg_bin/initdb" -N -U postgres -A trust --encoding=UTF8 --lc-collate=C --lc-ctype=C.UTF-8 -D "$dir/data" >"$dir/initdb.log" 2>&1 || {
        tail -n 5 "$dir/initdb.log"
        return 1
    }
    as_postgres "$pg_bin/pg_ctl" -s -w -D "$dir/data" -l "$dir/log" \
        -o "-k $dir -c listen_addresses= -c fsync=off -c timezone=UTC -c lc_messages=C" start || {
        tail -n 5 "$dir/log"
        return 1
    }
    postgres_dir=$dir
}

postgres_stop() {
    [ -n "${postgres_dir:-}" ] || return 0
    as_postgres "$pg_bin/pg_ctl" -s -D "$postgres_dir/data" -m immediate stop
    postgres_dir=
}
