#!/usr/bin/env python3
"""Measures the figures of docs/benchmarks.md and prints them as a table. usage: figures.py ROWS OUT_DIR"""
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINARY = os.path.join(ROOT, "build/mencia")
EVENTS = """CREATE TABLE events (id bigint, ts timestamptz NOT NULL, "user" int, session text, country text, path text,
  product text, price numeric(10,2), qty int, paid boolean, device jsonb)
  WITH (kafka.brokers='{brokers}', kafka.topic='{topic}', start=earliest, time_column=ts, seal_rows={seal_rows})"""
figures = []


def figure(name, value, target):
    figures.append((name, value, target))
    print(f"{name}: {value} (at least: {target})", flush=True)


class Server:
    """mencia standalone on free ports in a folder of its own."""

    def __init__(self, data_dir, *extra):
        self.data_dir = data_dir
        begin = time.monotonic()
        self.process = subprocess.Popen([BINARY, "standalone", "--data-dir", data_dir, "--pg-port", "0", "--http-port", "0",
                                         *extra], stdout=subprocess.PIPE, stderr=open(data_dir + ".log", "ab"), text=True)
        line = self.process.stdout.readline()
        self.ready_s = time.monotonic() - begin
        self.port = int(re.search(r"pg=[^ ]*:(\d+)", line).group(1))
        self.pid = self.process.pid

    def psql(self, sql):
        return subprocess.run(["psql", "-h", "localhost", "-p", str(self.port), "-X", "-At", "-q", "-v", "ON_ERROR_STOP=1",
                               "-c", sql], check=True, capture_output=True, text=True).stdout.strip()

    def cpu_s(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.pid}/status").read()).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def demo(out):
    port = free_port()
    begin = time.monotonic()
    process = subprocess.Popen([BINARY, "demo", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = "0"
    while rows in ("", "0") and time.monotonic() - begin < 30:
        rows = subprocess.run(["psql", "-h", "localhost", "-p", str(port), "-X", "-At", "-c", "SELECT count(*) FROM clicks"],
                              capture_output=True, text=True).stdout.strip()
    figure("demo: from the built binary to the first row in psql", f"{time.monotonic() - begin:.2f} s", "< 2 s")
    process.terminate()
    process.wait(30)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ingest(out, kafka, server, hits, count, target):
    name = "hits" if hits else "events"
    kafka.create_topic(name, 4)
    subprocess.run([f"{out}/genevents", f"--count={count}", f"--brokers={kafka.brokers}", f"--topic={name}"]
                   + (["--hits"] if hits else []), check=True, capture_output=True)
    if hits:
        ddl = open(os.path.join(HERE, "clickbench-create.sql")).read().rstrip().rstrip(";").rstrip()
        ddl += f" WITH (kafka.brokers='{kafka.brokers}', kafka.topic='{name}', start=earliest, seal_rows=16000000)"
    else:
        ddl = EVENTS.format(brokers=kafka.brokers, topic=name, seal_rows=16000000)
    cpu, begin = server.cpu_s(), time.monotonic()
    server.psql(ddl)
    while int(server.psql(f"SELECT count(*) FROM {name}")) < count and time.monotonic() - begin < 600:
        time.sleep(0.2)
    cpu = server.cpu_s() - cpu
    wall = time.monotonic() - begin
    rows = int(server.psql(f"SELECT count(*) FROM {name}"))
    figure(f"JSON {name} from Kafka, without sealing ({rows} rows)",
           f"{rows / cpu:,.0f} per CPU-second, {rows / wall:,.0f} per second", target)
    server.psql(f"DROP TABLE {name}")


def freshness(out, kafka, server, seconds):
    import psycopg2
    kafka.create_topic("fresh", 2)
    server.psql(EVENTS.format(brokers=kafka.brokers, topic="fresh", seal_rows=60000))
    producer = subprocess.Popen([f"{out}/genevents", "--count=0", "--rate=20000", "--ts-now", f"--brokers={kafka.brokers}",
                                 "--topic=fresh"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    connection = psycopg2.connect(host="localhost", port=server.port)
    connection.autocommit = True
    cursor = connection.cursor()
    time.sleep(2)
    samples, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        cursor.execute("SELECT extract(epoch FROM max(ts)) FROM events")
        samples.append(time.time() - float(cursor.fetchone()[0]))
        time.sleep(0.01)
    producer.terminate()
    producer.wait()
    cursor.execute("SELECT count(*) FROM mencia.segments WHERE \"table\" = 'events'")
    samples.sort()
    figure(f"age of the newest visible row at 20,000 events/s, p99 of {len(samples)} looks, {cursor.fetchone()[0]} segments "
           "sealed meanwhile", f"{samples[int(len(samples) * 0.99)] * 1000:.0f} ms (median "
           f"{statistics.median(samples) * 1000:.0f} ms)", "<= 100 ms")
    server.psql("DROP TABLE events")


def compare(out, rows):
    data = f"{out}/mencia-hits"
    shutil.rmtree(data, ignore_errors=True)
    server = Server(data)
    run = subprocess.run([sys.executable, os.path.join(HERE, "compare.py"), "--rows", str(rows), "--peers", "duckdb,mencia",
                          "--mencia-dsn", f"host=localhost port={server.port}", "--mencia-data-dir", data,
                          "--data-dir", f"{out}/cache", "--reload"], text=True, capture_output=True)
    open(f"{out}/compare.txt", "w").write(run.stdout + run.stderr)
    print(run.stdout[-3000:])
    server.stop()
    restarted = Server(data)
    segments = restarted.psql("SELECT count(*) FROM mencia.segments")
    time.sleep(1)
    figure(f"ready after start with {segments} segments", f"{restarted.ready_s:.2f} s", "< 1 s")
    figure("idle RSS after start", f"{restarted.rss_mb():.0f} MB", "< 100 MB")
    restarted.stop()


def main():
    rows, out = int(sys.argv[1]), sys.argv[2]
    demo(out)
    try:
        sys.path.insert(0, HERE)
        from kafka_service import Kafka
        kafka = Kafka(os.path.join(out, "kafka"))
    except Exception as e:
        print(f"no Kafka, ingestion is left out: {e}")
        kafka = None
    if kafka:
        shutil.rmtree(f"{out}/mencia-ingest", ignore_errors=True)
        server = Server(f"{out}/mencia-ingest")
        ingest(out, kafka, server, False, max(rows, 500000) if rows < 3000000 else 3000000, "400,000 per CPU-second")
        ingest(out, kafka, server, True, max(rows // 10, 50000), "50,000 per CPU-second")
        freshness(out, kafka, server, 10 if rows < 3000000 else 60)
        server.stop()
        kafka.stop()
    try:
        import duckdb  # noqa: F401
        compare(out, rows)
    except ImportError:
        print("no duckdb, the comparison is left out")
    print("\n| figure | measured | at least |\n|---|---|---|")
    for name, value, target in figures:
        print(f"| {name} | {value} | {target} |")


if __name__ == "__main__":
    main()
