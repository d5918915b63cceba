"""A real Kafka (one KRaft process) for measurements: jars through Maven, kept in build/kafka."""
import os
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>kafka-runtime</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>2.0.17</version></dependency>
  </dependencies>
</project>
"""
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={logs}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
auto.create.topics.enable=false
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Kafka:
    def __init__(self, folder):
        jars = os.path.join(ROOT, "build/kafka")
        os.makedirs(jars, exist_ok=True)
        os.makedirs(folder, exist_ok=True)
        if not os.path.isdir(os.path.join(jars, "lib")):
            open(os.path.join(jars, "pom.xml"), "w").write(POM)
            subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], cwd=jars, check=True)
        self.classpath = os.path.join(jars, "lib/*")
        port, controller = free_port(), free_port()
        self.brokers = f"127.0.0.1:{port}"
        config = os.path.join(folder, "server.properties")
        logs = os.path.join(folder, f"logs-{port}")
        open(config, "w").write(PROPERTIES.format(port=port, controller=controller, logs=os.path.abspath(logs)))
        cluster = self.tool("kafka.tools.StorageTool", "random-uuid").strip().splitlines()[-1]
        self.tool("kafka.tools.StorageTool", "format", "-t", cluster, "-c", config)
        self.process = subprocess.Popen(["java", "-Xmx768m", "-cp", self.classpath, "kafka.Kafka", config],
                                        stdout=open(os.path.join(folder, "kafka.log"), "w"), stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise RuntimeError("Kafka did not start")

    def tool(self, name, *args):
        return subprocess.run(["java", "-cp", self.classpath, name, *args], check=True, capture_output=True, text=True).stdout

    def create_topic(self, name, partitions):
        for _ in range(20):
            try:
                self.tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.brokers, "--create", "--topic", name,
                          "--partitions", str(partitions))
                return
            except subprocess.CalledProcessError as e:
                if "exists" in e.stdout + e.stderr:
                    return
                time.sleep(1)
        raise RuntimeError(f"topic {name} could not be created")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
