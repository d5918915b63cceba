#!/bin/sh
# Installs what a build (or the tests) need on Debian 12, and unpacks PostgreSQL's server headers without their package's
# dependencies (which would pull a compiler suite). usage: install-deps.sh build|test DIR
set -eu
kind=$1
dir=$2
build_packages="gcc make libc6-dev libpg-query-dev librdkafka-dev libmicrohttpd-dev libssl-dev libsqlite3-dev liblz4-dev
libxxhash-dev libpcre2-dev tzdata postgresql-client"
test_packages="libcmocka-dev libpq-dev postgresql-15 openjdk-17-jre-headless maven kcat python3 python3-psycopg2 strace gawk"

if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
missing() {
    for p in "$@"; do
        dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || printf '%s ' "$p"
    done
}
mkdir -p "$dir"
case $kind in
build) packages=$build_packages ;;
test) packages=$test_packages ;;
*) echo "usage: install-deps.sh build|test DIR" >&2; exit 2 ;;
esac
want=$(missing $packages)
if [ -n "$want" ]; then
    command -v apt-get >/dev/null || { echo "please install: $want" >&2; exit 1; }
    echo "installing: $want"
    $as_root apt-get update -qq
    # PostgreSQL's package would start a cluster of its own; the tests make theirs.
    if [ "$kind" = test ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        $as_root mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $want >/dev/null
fi
if [ "$kind" = build ]; then
    if [ ! -e "$dir/pg/usr/include/postgresql/15/server/nodes/parsenodes.h" ]; then
        # apt-get download drops privileges to _apt, so the folder must be open to it.
        tmp=$(mktemp -d)
        chmod 755 "$tmp"
        (cd "$tmp" && { apt-get download -qq postgresql-server-dev-15 2>/dev/null ||
            { $as_root apt-get update -qq && apt-get download -qq postgresql-server-dev-15; }; })
        dpkg-deb -x "$tmp"/postgresql-server-dev-15_*.deb "$dir/pg"
        rm -rf "$tmp"
    fi
    touch "$dir/ok"
else
    touch "$dir/test-ok"
fi
