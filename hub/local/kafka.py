"""A real Apache Kafka on this machine: one JVM, KRaft, its data in one folder (measurements.md §1)."""

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
from pathlib import Path

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.protocol.transaction import InitProducerIdRequest

from hub.errors import OperatorError
from hub.kafka import KafkaUnavailable, wait_for_kafka
from hub.local.ports import is_free

ARCHIVE = "kafka.jsa"
_HERE = Path(__file__).parent
_HEAP = ("-Xms64m", "-Xmx256m")
# Serial GC and C1 alone start in half the time of the defaults and cost no throughput at this size.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


class LocalKafkaError(OperatorError):
    """The local Kafka cannot start."""


class LocalKafka:
    """One broker. `start` returns at once; `wait_ready` says when it can be used.

    Data written and acknowledged before a `kill` is there after the next `start`: the pages are with the
    operating system. A crash of the machine itself may lose the last seconds, for a single node does not
    fsync.
    """

    def __init__(self, data: Path, port: int, jars: Path, logs: Path | None = None) -> None:
        self.data = data.absolute()
        self.port = port
        self.controller_port = port + 1
        self.jars = jars.absolute()
        self.logs = (logs or data / "logs").absolute()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

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
        """Starts the JVM, formatting an empty data folder first (about 1 s).

        With `archive_to` this run writes the class-data archive to that file when it is stopped.
        Raises LocalKafkaError when Java, the jars or a free port are missing.
        """
        self._check()
        self._configure()
        if not (self.data / "log" / "meta.properties").exists():
            self._format()
        sharing = f"-XX:ArchiveClassesAtExit={archive_to}" if archive_to else None
        with self._console().open("ab") as console:
            self.process = subprocess.Popen(
                [*self._java(sharing), "kafka.Kafka", str(self._properties)],
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
                    raise LocalKafkaError(f"the local Kafka ended at once: {self._last_words()}")
                await asyncio.wait([serving], timeout=0.1)
            serving.result()
        except KafkaUnavailable:
            raise LocalKafkaError(
                f"the local Kafka is not ready after {timeout:g} s; see {self.logs}"
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
    def _properties(self) -> Path:
        return self.data / "server.properties"

    def _console(self) -> Path:
        return self.logs / "kafka-console.log"

    def _check(self) -> None:
        if shutil.which("java") is None:
            raise LocalKafkaError(
                "Java is missing: install a Java 17 runtime, or set HUB_KAFKA to a running cluster"
            )
        if not any(self.jars.glob("kafka_2.13-*.jar")):
            raise LocalKafkaError(
                f"no Kafka jars in {self.jars}: run `make setup`, or set HUB_KAFKA to a running cluster"
            )
        for port in (self.port, self.controller_port):
            if not is_free("127.0.0.1", port):
                raise LocalKafkaError(
                    f"port {port} is taken: stop what listens there, or set HUB_KAFKA_PORT "
                    "(the local Kafka uses it and the next one)"
                )

    def _configure(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        template = (_HERE / "server.properties").read_text()
        # No str.format on paths: a properties file reads a backslash as an escape.
        filled = template.replace("{port}", str(self.port)).replace(
            "{controller_port}", str(self.controller_port)
        )
        self._properties.write_text(filled.replace("{log_dirs}", (self.data / "log").as_posix()))

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [
            *self._java(),
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={cluster}",
            "-c",
            str(self._properties),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise LocalKafkaError(
                f"{self.data} cannot be formatted: {(done.stderr or done.stdout).strip()[-300:]}"
            )

    def _java(self, sharing: str | None = None) -> list[str]:
        archive = self.jars / ARCHIVE
        if sharing is None and archive.exists():
            sharing = f"-XX:SharedArchiveFile={archive}"
        return [
            "java",
            *_JVM,
            *_HEAP,
            *([sharing] if sharing else []),
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
            f"-Dkafka.logs.dir={self.logs}",
            "-cp",
            classpath(self.jars),
        ]

    def _last_words(self) -> str:
        for path in (self.logs / "kafka.log", self._console()):
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            wrong = [line for line in lines[-200:] if "ERROR" in line or "FATAL" in line or "Error" in line]
            if wrong:
                return f"{wrong[-1][:300]} (see {path})"
        return f"see {self.logs}"


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
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await client.bootstrap()
        node = await client.coordinator_lookup(CoordinationType.GROUP, "hub")
        answer = await client.send(node, InitProducerIdRequest(None, 1000))
        return bool(answer.error_code == 0)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
