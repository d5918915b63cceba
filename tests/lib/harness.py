# SPDX-License-Identifier: Apache-2.0
"""What the tests with real processes share: servers, a real Kafka, checks that are counted.

A script defines functions decorated with @test and calls main(NAME). Each has its own folder and is one passed or failed; what
is left running ends with the script."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

import psycopg2

root = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
tests = []
processes = []
binary = tools = work = None
# Sanitizers slow everything down.
patience = float(os.environ.get('TEST_PATIENCE', '1'))


def test(function):
    tests.append(function)
    return function


class Failed(Exception):
    pass


def equal(got, want, what=''):
    if got != want:
        raise Failed('%s\n  got  %r\n  want %r' % (what, got, want))


def true(value, what):
    if not value:
        raise Failed(what)


def wait_until(what, condition, seconds=30):
    """Waits for condition() to be true; its last value is in the message."""
    end = time.monotonic() + seconds * patience
    last = None
    while time.monotonic() < end:
        last = condition()
        if last is True:
            return
        time.sleep(0.05)
    raise Failed('%s: not within %d s, last: %r' % (what, seconds, last))


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def start(*args, **kwargs):
    p = subprocess.Popen(*args, **kwargs)
    processes.append(p)
    return p


class Server:
    """The server over folder/data. start(fault=..., env=...) may be called again after it ended."""

    def __init__(self, folder, *options):
        self.folder, self.options = folder, list(options)
        self.process = None
        self.connection = None
        os.makedirs(folder, exist_ok=True)

    def launch(self, fault=None, env=None):
        out = os.path.join(self.folder, 'out')
        environment = dict(os.environ, **(env or {}))
        if fault:
            environment['MENCIA_FAULT'] = fault
        with open(out, 'w') as o, open(os.path.join(self.folder, 'log'), 'a') as log:
            self.process = start([binary, 'standalone', '--data-dir', os.path.join(self.folder, 'data'), '--pg-port', '0',
                                  '--http-port', '0'] + self.options, stdout=o, stderr=log, env=environment)
        end = time.monotonic() + 30 * patience
        while time.monotonic() < end:
            with open(out) as f:
                for line in f:
                    if line.startswith('ready ') and line.endswith('\n'):
                        pg, http = line.split()[1:3]
                        self.host, self.port = pg[3:].rsplit(':', 1)
                        self.http = http[5:]
                        return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def start(self, fault=None, env=None):
        if not self.launch(fault, env):
            raise Failed('the server did not become ready:\n' + self.log())
        return self

    def log(self, lines=20):
        with open(os.path.join(self.folder, 'log'), errors='replace') as f:
            return ''.join(f.readlines()[-lines:])

    def connect(self):
        c = psycopg2.connect(host=self.host, port=self.port, user='postgres', dbname='postgres', connect_timeout=10)
        c.autocommit = True
        return c

    def sql(self, text):
        """Runs a statement on a session that is kept; returns its rows, if any."""
        if self.connection is None or self.connection.closed:
            self.connection = self.connect()
        with self.connection.cursor() as c:
            c.execute(text)
            return c.fetchall() if c.description else None

    def value(self, text):
        return self.sql(text)[0][0]

    def error(self, text):
        """The SQLSTATE a statement ends with."""
        try:
            self.sql(text)
        except psycopg2.Error as e:
            return e.pgcode
        return None

    def get(self, path):
        try:
            with urllib.request.urlopen('http://%s%s' % (self.http, path), timeout=10) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def forget(self):
        with contextlib.suppress(psycopg2.Error):
            if self.connection:
                self.connection.close()
        self.connection = None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.forget()

    def stop(self):
        """A clean shutdown."""
        self.forget()
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(60 * patience), 0, 'exit code\n' + self.log())

    def died(self, seconds=30):
        """Waits until a fault point has ended it; false if it goes on."""
        try:
            code = self.process.wait(seconds * patience)
        except subprocess.TimeoutExpired:
            return False
        self.forget()
        equal(code, -signal.SIGKILL, 'ended otherwise than by the fault point\n' + self.log())
        return True

    def running(self):
        return self.process is not None and self.process.poll() is None


class Kafka:
    """One KRaft process with data of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.jars = os.path.join(root, 'build', 'kafka')
        os.makedirs(folder)
        port, controller = free_ports(2)
        self.brokers = '127.0.0.1:%d' % port
        self.fetch()
        settings = dict(line.strip().split('=', 1) for line in '''
            process.roles=broker,controller
            node.id=1
            controller.listener.names=CONTROLLER
            offsets.topic.replication.factor=1
            offsets.topic.num.partitions=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            transaction.state.log.num.partitions=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            auto.create.topics.enable=false
            log.cleaner.backoff.ms=200
            log.retention.check.interval.ms=500
            log.initial.task.delay.ms=200'''.split('\n') if '=' in line)
        settings['controller.quorum.voters'] = '1@127.0.0.1:%d' % controller
        settings['listeners'] = 'PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d' % (self.brokers, controller)
        settings['advertised.listeners'] = 'PLAINTEXT://' + self.brokers
        settings['log.dirs'] = os.path.join(folder, 'logs')
        self.config = os.path.join(folder, 'server.properties')
        with open(self.config, 'w') as f:
            f.writelines('%s=%s\n' % item for item in settings.items())
        self.java('kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', self.config)
        self.process = None

    def fetch(self):
        """The jars, by Maven, once."""
        done = os.path.join(self.jars, 'ok')
        if not os.path.exists(done):
            subprocess.run(['mvn', '-q', '-B', '-f', os.path.join(root, 'tests', 'e2e', 'kafka-pom.xml'),
                            'dependency:copy-dependencies', '-DoutputDirectory=' + self.jars], check=True)
            open(done, 'w').close()

    def java(self, *args):
        p = subprocess.run(['java', '-cp', self.jars + '/*', *args], capture_output=True, text=True)
        if p.returncode:
            raise Failed(p.stdout[-500:] + p.stderr[-500:])

    def start(self):
        with open(os.path.join(self.folder, 'log'), 'a') as log:
            self.process = start(['java', '-Xmx384m', '-cp', self.jars + '/*', 'kafka.Kafka', self.config], stdout=log,
                                 stderr=log)
        wait_until('Kafka', lambda: subprocess.run(['kcat', '-b', self.brokers, '-L', '-m', '2'],
                                                   capture_output=True).returncode == 0, 90)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def tool(self, *args, text=None):
        p = subprocess.run([os.path.join(tools, 'kafka_tool'), self.brokers, *map(str, args)], input=text,
                           capture_output=True, text=True)
        if p.returncode:
            raise Failed('kafka_tool %s: %s' % (args, p.stderr[-500:]))
        return p.stdout

    def create(self, topic, partitions=1, *config):
        self.tool('create', topic, partitions, *config)

    def lines(self, topic, text, partition=0):
        self.tool('lines', topic, partition, text=text)

    def oracle(self, topic, partitions):
        """What a consumer with read_committed sees: (partition, count, distinct keys, min, max offset, sum of hashes)."""
        return [tuple(map(int, line.split('|'))) for line in self.tool('oracle', topic, partitions).splitlines()]


columns = ('k bigint, part int, h bigint, name text, price numeric(10,2), ts timestamptz, '
           'o bigint GENERATED ALWAYS AS (kafka_offset()) STORED')


def create_load_table(server, brokers, topic, name='ev', options=''):
    """A table over what `kafka_tool load` produces."""
    server.sql("CREATE TABLE %s (%s) WITH (kafka.brokers='%s', kafka.topic='%s', format=json, start=earliest%s)"
               % (name, columns, brokers, topic, options))


def seen(server, name='ev'):
    """The oracle's figures, as the table has them."""
    return [tuple(map(int, row)) for row in server.sql(
        'SELECT part, count(*), count(DISTINCT k), min(o), max(o), sum(h) FROM %s GROUP BY part ORDER BY part' % name)]


def lag(server, name):
    rows = server.sql("SELECT lag, end_offset FROM mencia.ingestion WHERE \"table\" = '%s'" % name)
    return True if rows and all(r[0] == 0 and r[1] is not None for r in rows) else rows


def wait_equal(server, want, name='ev', seconds=40):
    """Waits until the table has what Kafka has. More than that at any time fails at once."""
    def same():
        got = seen(server, name)
        for g in got:
            w = [x for x in want if x[0] == g[0]]
            true(g[1] == g[2], 'rows twice: %r' % (g,))
            true(w and g[1] <= w[0][1], 'more rows than Kafka has: %r, Kafka %r' % (g, w))
        return True if got == want else got
    wait_until('rows as in Kafka %r' % (want,), same, seconds)


def main(name):
    global binary, tools, work
    if len(sys.argv) < 3:
        sys.exit('usage: %s BINARY TOOLS [TEST...]' % sys.argv[0])
    binary, tools = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    chosen = [t for t in tests if len(sys.argv) == 3 or t.__name__ in sys.argv[3:]]
    work = tempfile.mkdtemp(prefix='mencia-%s-' % name)
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(1))
    passed = failed = 0
    try:
        for t in chosen:
            began = time.monotonic()
            folder = os.path.join(work, t.__name__)
            os.makedirs(folder)
            try:
                t(folder)
                passed += 1
                print('ok    %s (%.1f s)' % (t.__name__, time.monotonic() - began), flush=True)
            except Exception as e:
                failed += 1
                print('FAIL  %s (%.1f s)' % (t.__name__, time.monotonic() - began))
                print(e if isinstance(e, Failed) else traceback.format_exc(), flush=True)
                for log in (os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f == 'log'):
                    with open(log, errors='replace') as f:
                        sys.stdout.writelines('  | ' + line[:300] for line in f.readlines()[-8:])
    finally:
        for p in processes:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(work, ignore_errors=True)
    print('%s: %d passed, %d failed' % (name, passed, failed))
    sys.exit(1 if failed else 0)
