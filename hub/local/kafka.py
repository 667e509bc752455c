"""A real Apache Kafka on this machine: one JVM per broker, KRaft, its data in one folder (measurements.md §1)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.protocol.transaction import InitProducerIdRequest

from hub.errors import OperatorError
from hub.kafka import KafkaUnavailable, client, wait_for_kafka
from hub.local.certificate import Certificate, alone
from hub.local.ports import is_free
from hub.locked import Locked
from hub.settings import PORTS_PER_BROKER

ARCHIVE = "kafka.jsa"
BROKER = "broker"
"""The name by which the brokers of a locked cluster come in to one another, and who sets it up."""
_HERE = Path(__file__).parent
_HEAP = ("-Xms64m", "-Xmx256m")
_HEAP_OF_SEVERAL = ("-Xms48m", "-Xmx192m")
# Serial GC and C1 alone start in half the time of the defaults and cost no throughput at this size.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


class LocalKafkaError(OperatorError):
    """The local Kafka cannot start."""


class LocalKafka:
    """One broker: alone, or number `node` of `nodes` that share the folder `data` and count their ports from `port`.
    `start` returns soon; `wait_ready` says when it can be used.

    Data written and acknowledged before a `kill` is there after the next `start`: the pages are with the
    operating system. A crash of the machine itself may lose the last seconds, for no node does fsync.

    `locked`: nobody comes in unnamed (locked.properties); may change from one start to the next.
    """

    def __init__(
        self,
        data: Path,
        port: int,
        jars: Path,
        logs: Path | None = None,
        node: int = 1,
        nodes: int = 1,
        locked: bool = False,
    ) -> None:
        self.cluster = data.absolute()
        self.data = self.cluster if nodes == 1 else self.cluster / str(node)
        self.name = "kafka" if nodes == 1 else f"kafka-{node}"
        self.node = node
        self.nodes = nodes
        self.locked = locked
        self.first_port = port
        self.port, self.controller_port, self.partner_port = self._ports(node)
        self.jars = jars.absolute()
        self.logs = (logs or data / "logs").absolute()
        self.certificate = Certificate(self.cluster / "tls")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """This broker alone, where it is locked with the name that may do everything; `Settings.bootstrap` names all of
        them, and a name of less."""
        server = f"127.0.0.1:{self.port}"
        tls = self.certificate
        return Locked(server, BROKER, tls.broker, tls.ca, "PLAIN") if self.locked else server

    @property
    def partner_bootstrap(self) -> str:
        """Where partners come in: SASL_SSL with SCRAM-SHA-512, trusting `certificate.ca`."""
        return f"127.0.0.1:{self.partner_port}"

    @property
    def pid(self) -> int:
        """Process id of the JVM. Raises LocalKafkaError when it was never started."""
        if self.process is None:
            raise LocalKafkaError("the local Kafka has not been started")
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, archive_to: Path | None = None) -> None:
        """Starts the JVM, after making a certificate and formatting the data folder where it is new (1-3 s).

        With `archive_to` this run writes the class-data archive to that file when it is stopped.
        Raises OperatorError when Java, the jars or a free port are missing, or another number of brokers used the
        folder.
        """
        self._check()
        self._prepare()
        sharing = f"-XX:ArchiveClassesAtExit={archive_to}" if archive_to else None
        with self._console().open("ab") as console:
            self.process = subprocess.Popen(
                [*self._java(sharing), "kafka.Kafka", str(self.properties)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                # Ctrl-C in the terminal must reach the supervisor only: the broker goes last.
                start_new_session=True,
            )

    async def wait_ready(self, timeout: float = 60.0) -> None:
        """Returns when the broker serves metadata, consumer groups and idempotent producers.

        Raises LocalKafkaError when the JVM ends, or is not ready after `timeout` seconds.
        """
        serving = asyncio.create_task(_wait_until_serving(self.bootstrap, timeout))
        try:
            while not serving.done():
                if not self.running:
                    raise LocalKafkaError(f"the local Kafka ended at once: {self.last_words()}")
                await asyncio.wait([serving], timeout=0.1)
            serving.result()
        except KafkaUnavailable:
            raise LocalKafkaError(
                f"the local Kafka is not ready after {timeout:g} s; see {self.log}"
            ) from None
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, KafkaUnavailable):
                await serving

    def stop(self, timeout: float = 20.0) -> None:
        """Stops the broker as it likes to be stopped (1-3 s); kills it after `timeout` seconds."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """`kill -9`, and waits until the process is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def properties(self) -> Path:
        return self.data / "server.properties"

    def last_words(self) -> str:
        """The last error in its log, and where to read on."""
        for path in (self.log, self._console()):
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            wrong = [line for line in lines[-200:] if "ERROR" in line or "FATAL" in line or "Error" in line]
            if wrong:
                return f"{wrong[-1][:300]} (see {path})"
        return f"see {self.log}"

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.log"

    def _console(self) -> Path:
        return self.logs / f"{self.name}-console.log"

    def _ports(self, node: int) -> tuple[int, int, int]:
        port = self.first_port + PORTS_PER_BROKER * (node - 1)
        return port, port + 1, port + 2

    def _check(self) -> None:
        if shutil.which("java") is None:
            raise LocalKafkaError(
                "Java is missing: install a Java 17 runtime, or set HUB_KAFKA to a running cluster"
            )
        if not any(self.jars.glob("kafka_2.13-*.jar")):
            raise LocalKafkaError(
                f"no Kafka jars in {self.jars}: run `make setup`, or set HUB_KAFKA to a running cluster"
            )
        self._check_nodes()
        for port in self._ports(self.node):
            if not is_free("127.0.0.1", port):
                raise LocalKafkaError(
                    f"port {port} is taken: stop what listens there, or set HUB_KAFKA_PORT "
                    f"(each broker of the local Kafka uses {PORTS_PER_BROKER} ports, from that one on)"
                )

    def _check_nodes(self) -> None:
        """A cluster cannot be grown by starting more brokers on the data of one: its records are on that one alone."""
        other = self.cluster / ("1" if self.nodes == 1 else "log")
        if other.exists():
            was = "three brokers" if self.nodes == 1 else "one broker"
            raise LocalKafkaError(
                f"{self.cluster} holds the data of {was}: set HUB_KAFKA_BROKERS to that, or HUB_DATA to a new folder"
            )

    def _prepare(self) -> None:
        for folder in (self.data, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        fresh = not (self.data / "log" / "meta.properties").exists()
        # Two programs of a second each, on two cores.
        with ThreadPoolExecutor(1) as beside:
            formatting = beside.submit(self._format) if fresh else None
            self.certificate.make()
            if formatting:
                formatting.result()
        self._configure(self.properties, self.certificate.password, self.certificate.broker)

    def _configure(self, path: Path, password: str, broker_password: str) -> None:
        voters = (f"{n}@127.0.0.1:{self._ports(n)[1]}" for n in range(1, self.nodes + 1))
        doors = "locked.properties" if self.locked else "open.properties"
        filled = (_HERE / "server.properties").read_text() + (_HERE / doors).read_text()
        for name, value in {
            "node": self.node,
            "voters": ",".join(voters),
            "port": self.port,
            "controller_port": self.controller_port,
            "partner_port": self.partner_port,
            "replicas": self.nodes,
            "min_isr": self.nodes // 2 + 1,
            # A properties file reads a backslash as an escape.
            "log_dirs": (self.data / "log").as_posix(),
            "keystore": self.certificate.keystore.as_posix(),
            "keystore_password": password,
            "ca": self.certificate.ca.as_posix(),
            "broker": BROKER,
            "broker_password": broker_password,
        }.items():
            filled = filled.replace(f"{{{name}}}", str(value))
        path.touch()
        path.chmod(0o600)
        path.write_text(filled)

    def _format(self) -> None:
        """Formats the data folder. Its configuration has no password yet: the certificate is made meanwhile."""
        draft = self.data / "format.properties"
        self._configure(draft, "none", "none")
        command = [
            *self._java(),
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={self._cluster_id()}",
            "-c",
        ]
        done = subprocess.run([*command, str(draft)], capture_output=True, text=True)
        draft.unlink()
        if done.returncode:
            raise LocalKafkaError(
                f"{self.data} cannot be formatted: {(done.stderr or done.stdout).strip()[-300:]}"
            )

    def _cluster_id(self) -> str:
        """The same for all brokers that share the folder, also for one that lost its data and starts anew."""
        path = self.cluster / "cluster.id"
        with alone(self.cluster / "cluster.lock"):
            if not path.exists():
                path.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
            return path.read_text()

    def _java(self, sharing: str | None = None) -> list[str]:
        archive = self.jars / ARCHIVE
        if sharing is None and archive.exists():
            sharing = f"-XX:SharedArchiveFile={archive}"
        return [
            "java",
            *_JVM,
            *(_HEAP if self.nodes == 1 else _HEAP_OF_SEVERAL),
            *([sharing] if sharing else []),
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
            f"-Dkafka.logs.dir={self.logs}",
            f"-Dkafka.log.name={self.name}",
            "-cp",
            classpath(self.jars),
        ]


def cluster(
    data: Path, port: int, jars: Path, logs: Path | None = None, nodes: int = 1, locked: bool = False
) -> list[LocalKafka]:
    """The brokers of one cluster on this machine. With three, what was acknowledged is on two of them at least."""
    return [LocalKafka(data, port, jars, logs, node, nodes, locked) for node in range(1, nodes + 1)]


def classpath(jars: Path) -> str:
    """The jars, sorted: the class-data archive only counts for the very same string."""
    return os.pathsep.join(str(jar) for jar in sorted(jars.absolute().glob("*.jar")))


async def _wait_until_serving(bootstrap: str, timeout: float) -> None:
    started = time.monotonic()
    await wait_for_kafka(bootstrap, timeout)
    while not await _warm(bootstrap):
        if time.monotonic() - started > timeout:
            raise KafkaUnavailable("group coordinator and producer ids are not there")
        await asyncio.sleep(0.05)


async def _warm(bootstrap: str) -> bool:
    """Makes a fresh broker create its internal topics; until then it answers clients with errors that they
    log.
    """
    asking = client(bootstrap)
    try:
        await asking.bootstrap()
        node = await asking.coordinator_lookup(CoordinationType.GROUP, "hub")
        answer = await asking.send(node, InitProducerIdRequest(None, 1000))
        return bool(answer.error_code == 0)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await asking.close()
