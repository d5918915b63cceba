# SPDX-License-Identifier: Apache-2.0
"""The server as a user meets it: events from a real Kafka, statements over the wire, restarts, HTTP."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import harness
from harness import Kafka, Server, create_load_table, equal, lag, main, seen, test, true, wait_equal, wait_until

kafka = None


def broker():
    global kafka
    if kafka is None:
        kafka = Kafka(os.path.join(harness.work, 'kafka')).start()
    return kafka


def psql(server, *args, text=None):
    return subprocess.run(['psql', '-X', '-At', '-h', server.host, '-p', server.port, '-U', 'postgres', 'postgres', *args], input=text,
                          capture_output=True, text=True, timeout=60)


@test
def events_become_rows(folder):
    """Committed transactions become rows, aborted ones do not; nothing is lost or doubled by a kill or a clean restart."""
    broker().create('ev', 3)
    kafka.tool('load', 'ev', 3, 6000)
    server = Server(folder).start()
    create_load_table(server, kafka.brokers, 'ev', options=', seal_rows=1000')
    want = kafka.oracle('ev', 3)
    wait_equal(server, want)
    kafka.tool('load', 'ev', 3, 3000, 6000)
    want = kafka.oracle('ev', 3)
    wait_equal(server, want)
    rows = sum(w[1] for w in want)
    equal(server.value('SELECT count(*) FROM ev'), rows)
    # Two ways to the same figures.
    groups = server.sql('SELECT name, count(*), sum(price) FROM ev GROUP BY name ORDER BY name')
    equal(len(groups), 17)
    equal(sum(g[1] for g in groups), rows)
    equal(sum(g[2] for g in groups), server.value('SELECT sum(price) FROM ev'))
    equal(server.sql('SELECT count(*), min(k), max(k) FROM ev WHERE k >= 6000'),
          server.sql("SELECT count(*), min(k), max(k) FROM ev WHERE ts >= to_timestamp(1700000000 + 6000)"))
    equal(server.value("SELECT count(*) FROM ev WHERE name <> 'n' || (k % 17)"), 0)
    wait_until('lag 0', lambda: lag(server, 'ev'))
    wait_until('segments', lambda: server.value("SELECT count(*) FROM mencia.segments WHERE \"table\" = 'ev'") >= 3)
    server.kill()
    server.start()
    wait_equal(server, want)
    server.stop()
    true(os.listdir(os.path.join(folder, 'data', 'tails')), 'a clean shutdown spills what is not in segments')
    server.start()
    wait_equal(server, want)
    # The chain of segments has no holes.
    chain = server.sql("SELECT partition, offset_begin, offset_end FROM mencia.segments WHERE \"table\" = 'ev' ORDER BY 1, 2")
    for a, b in zip(chain, chain[1:]):
        true(a[0] != b[0] or a[2] == b[1], 'a hole between segments: %r %r' % (a, b))
    server.stop()


@test
def tombstones_and_compaction(folder):
    """Tombstones are no rows; holes left by compaction are no gaps."""
    broker().create('comp', 1, 'cleanup.policy=compact', 'segment.ms=100', 'min.cleanable.dirty.ratio=0.01', 'delete.retention.ms=1',
                    'max.compaction.lag.ms=200')
    kafka.lines('comp', ''.join('key%d\t{"k": %d, "part": 0, "h": 1}\n' % (i % 5, i) for i in range(200)))
    kafka.lines('comp', 'key0\t\\N\nkey1\t\\N\n')

    def compacted():
        # A new message closes the open segment of the log.
        time.sleep(0.3)
        kafka.lines('comp', 'last\t{"k": 1000, "part": 0, "h": 1}\n')
        return True if kafka.oracle('comp', 1)[0][1] < 100 else kafka.oracle('comp', 1)
    wait_until('compaction', compacted, 60)
    server = Server(folder).start()
    create_load_table(server, kafka.brokers, 'comp')
    wait_until('lag 0', lambda: lag(server, 'ev'))
    # Compaction may go on meanwhile: the newest of each key is there in any case.
    keys = {r[0] for r in server.sql('SELECT k FROM ev')}
    true({197, 198, 199, 1000} <= keys, 'newest values: %r' % keys)
    equal(server.sql('SELECT sum(gaps) FROM mencia.ingestion')[0][0], 0)
    server.stop()


@test
def dead_letters(folder):
    """What is no row is kept with its reason and stops nothing."""
    broker().create('bad')
    kafka.lines('bad', '{"k": 1, "name": "good"}\nnot json\n{"k": "xyz", "name": "bad k"}\n{"k": 2, "name": "good"}\n')
    server = Server(folder).start()
    server.sql("CREATE TABLE bad (k bigint NOT NULL, name text) WITH (kafka.brokers='%s', kafka.topic='bad', format=json, start=earliest)"
               % kafka.brokers)
    wait_until('rows', lambda: server.value('SELECT count(*) FROM bad') == 2)
    dead = server.sql('SELECT "offset", reason, raw FROM mencia.dead_letters WHERE "table" = \'bad\' ORDER BY 1')
    equal([d[0] for d in dead], [1, 2])
    equal(bytes(dead[0][2]), b'not json')
    true(all(d[1] for d in dead), 'reasons: %r' % dead)
    server.kill()
    server.start()
    wait_until('dead letters after a restart', lambda: server.value("SELECT count(*) FROM mencia.dead_letters") == 2)
    equal(server.sql('SELECT k FROM bad ORDER BY k'), [(1,), (2,)])
    server.stop()


@test
def pause_and_resume(folder):
    broker().create('pause')
    kafka.lines('pause', '{"k": 1}\n')
    server = Server(folder).start()
    server.sql("CREATE TABLE p (k bigint) WITH (kafka.brokers='%s', kafka.topic='pause', start=earliest)" % kafka.brokers)
    wait_until('the first row', lambda: server.value('SELECT count(*) FROM p') == 1)
    server.sql('ALTER TABLE p SET (ingest=paused)')
    wait_until('paused', lambda: server.value('SELECT state FROM mencia.ingestion') == 'paused')
    kafka.lines('pause', '{"k": 2}\n')
    time.sleep(1)
    equal(server.value('SELECT count(*) FROM p'), 1)
    server.kill()
    server.start()
    equal(server.value('SELECT state FROM mencia.ingestion'), 'paused')
    server.sql('ALTER TABLE p SET (ingest=running)')
    wait_until('the second row', lambda: server.value('SELECT count(*) FROM p') == 2)
    server.sql('DROP TABLE p')
    equal(server.error('SELECT * FROM p'), '42P01')
    equal(server.sql('SELECT * FROM mencia.ingestion'), [])
    server.stop()
    server.start()
    equal(server.error('SELECT * FROM p'), '42P01')
    server.stop()


@test
def dry_run(folder):
    """CREATE TABLE in a transaction that is rolled back tells what would be, and leaves nothing."""
    broker().create('dry')
    kafka.lines('dry', '{"k": 1}\n{"k": "x"}\n')
    server = Server(folder).start()
    out = psql(server, text="BEGIN; CREATE TABLE d (k bigint, absent text) WITH (kafka.brokers='%s', kafka.topic='dry', start=earliest); ROLLBACK;\n"
                            "SELECT count(*) FROM d;\n" % kafka.brokers)
    true('sampled 2 messages' in out.stderr, out.stderr)
    true('relation "d" does not exist' in out.stderr, out.stderr)
    equal(server.sql('SELECT * FROM mencia.ingestion'), [])
    equal(server.error("CREATE TABLE d (k bigint) WITH (kafka.brokers='%s', kafka.topic='nosuchtopic')" % kafka.brokers) is not None, True)
    equal(server.error("CREATE TABLE d (k bigint) WITH (kafka.topic='dry', nosuch=1)"), '22023')
    server.stop()


@test
def show_lag(folder):
    broker().create('lag', 2)
    kafka.lines('lag', '{"k": 1}\n', 1)
    server = Server(folder).start()
    server.sql("CREATE TABLE l (k bigint) WITH (kafka.brokers='%s', kafka.topic='lag', start=earliest)" % kafka.brokers)
    wait_until('lag 0', lambda: lag(server, 'l'))
    rows = server.sql('SHOW lag')
    equal([r[:3] for r in rows], [('l', 'lag', 0), ('l', 'lag', 1)])
    equal([r[6] for r in rows], [0, 0])
    server.stop()


@test
def copy_and_insert(folder):
    """INSERT, COPY both ways and the same after a kill."""
    server = Server(folder).start()
    server.sql('CREATE TABLE t (i int, f float8, n numeric(10,3), s text, b boolean, d date, ts timestamptz, j jsonb)')
    server.sql("INSERT INTO t VALUES (1, 1.5, 2.125, 'tab\there', true, '2024-02-29', '2024-02-29 12:00+00', '{\"a\": [1, null]}'), (2, 'NaN', NULL, '', false, NULL, NULL, 'null')")
    text = psql(server, '-c', 'COPY t TO STDOUT').stdout
    csv = psql(server, '-c', 'COPY t TO STDOUT (FORMAT csv, HEADER)').stdout
    server.sql('CREATE TABLE u (i int, f float8, n numeric(10,3), s text, b boolean, d date, ts timestamptz, j jsonb)')
    for data, options in ((text, ''), (csv, '(FORMAT csv, HEADER)')):
        r = psql(server, '-c', 'COPY u FROM STDIN ' + options, text=data)
        equal((r.stdout.strip(), r.returncode), ('COPY 2', 0), r.stderr)
    equal(sorted(psql(server, '-c', 'COPY u TO STDOUT').stdout.splitlines()), sorted(text.splitlines() * 2))
    big = ''.join('%d\t%s\n' % (i, 'x' * (i % 50)) for i in range(50000))
    server.sql('CREATE TABLE big (i int, s text)')
    equal(psql(server, '-c', 'COPY big FROM STDIN', text=big).stdout.strip(), 'COPY 50000')
    # A wrong line refuses the whole load.
    r = psql(server, '-c', 'COPY big FROM STDIN', text='1\ta\nx\tb\n')
    true('invalid input syntax for type integer: "x"' in r.stderr, r.stderr)
    server.kill()
    server.start()
    equal(server.sql('SELECT count(*), sum(i), sum(length(s)) FROM big'),
          [(50000, sum(range(50000)), sum(i % 50 for i in range(50000)))])
    equal(sorted(psql(server, '-c', 'COPY u TO STDOUT').stdout.splitlines()), sorted(text.splitlines() * 2))
    server.stop()


@test
def http_pages(folder):
    broker().create('http')
    kafka.lines('http', '{"k": 1}\n')
    server = Server(folder).start()
    server.sql("CREATE TABLE h (k bigint) WITH (kafka.brokers='%s', kafka.topic='http', start=earliest)" % kafka.brokers)
    wait_until('the row', lambda: server.value('SELECT count(*) FROM h') == 1)
    code, body = server.get('/health')
    equal((code, json.loads(body)['status']), (200, 'ok'))
    equal(server.get('/livez')[0], 200)
    wait_until('ready', lambda: server.get('/readyz')[0] == 200)
    equal(server.get('/nosuch')[0], 404)
    code, body = server.get('/metrics')
    equal(code, 200)
    metrics = dict(line.rsplit(' ', 1) for line in body.splitlines() if not line.startswith('#'))
    equal(metrics['mencia_ingest_rows_total{table="h",result="ok"}'], '1')
    equal(metrics['mencia_ingest_lag_messages{table="h",partition="0"}'], '0')
    server.stop()


@test
def recreated_topic(folder):
    """A topic deleted and made again with other messages is noticed, never silently mixed up."""
    broker().create('again')
    kafka.lines('again', ''.join('{"k": %d}\n' % i for i in range(10)))
    server = Server(folder).start()
    server.sql("CREATE TABLE a (k bigint) WITH (kafka.brokers='%s', kafka.topic='again', start=earliest, seal_age='1 second')" % kafka.brokers)
    wait_until('rows', lambda: server.value('SELECT count(*) FROM a') == 10)
    wait_until('a segment', lambda: server.value("SELECT count(*) FROM mencia.segments") >= 1)
    kafka.tool('delete', 'again')
    time.sleep(1)
    kafka.create('again')
    kafka.lines('again', ''.join('{"k": %d}\n' % (100 + i) for i in range(3)))
    wait_until('stopped', lambda: server.sql('SELECT state FROM mencia.ingestion')[0][0].startswith('stopped') or
               server.sql('SELECT state, "position", end_offset, last_error FROM mencia.ingestion'), 60)
    equal(server.sql('SELECT count(*), max(k) FROM a'), [(10, 9)])
    server.stop()


@test
def kafka_away(folder):
    """Without Kafka the server starts and answers; with Kafka back it goes on."""
    broker().create('away')
    kafka.lines('away', ''.join('{"k": %d}\n' % i for i in range(100)))
    server = Server(folder).start()
    server.sql("CREATE TABLE w (k bigint) WITH (kafka.brokers='%s', kafka.topic='away', start=earliest, seal_rows=50)" % kafka.brokers)
    wait_until('rows', lambda: server.value('SELECT count(*) FROM w') == 100)
    kafka.kill()
    time.sleep(float(os.environ.get('MENCIA_AWAY', '5')))
    equal(server.sql('SELECT count(*), sum(k) FROM w'), [(100, 4950)])
    server.kill()
    server.start()
    # What is in segments is there at once; the rest comes from Kafka.
    true(server.value('SELECT count(*) FROM w') <= 100, 'too many rows')
    equal(server.get('/livez')[0], 200)
    equal(server.error("CREATE TABLE w2 (k bigint) WITH (kafka.brokers='%s', kafka.topic='away')" % kafka.brokers) is not None, True)
    kafka.start()
    kafka.lines('away', ''.join('{"k": %d}\n' % i for i in range(100, 200)))
    wait_until('all rows', lambda: server.sql('SELECT count(*), sum(k), count(DISTINCT k) FROM w') == [(200, 19900, 200)] or
               server.sql('SELECT state, "position", last_error FROM mencia.ingestion'), 60)
    server.stop()


if __name__ == '__main__':
    main('e2e')
