"""A real Apache Kafka for tests, the demo and people: one broker or three, on free ports, gone with the run.

    with running_broker() as kafka:
        ...  # kafka.bootstrap is "127.0.0.1:PORT"

`python -m tests.kafka_broker` runs one until it is interrupted and prints its address;
`python -m tests.kafka_broker -- COMMAND {bootstrap}` runs a command beside one and ends with its exit code.
Data lie in a temporary folder that goes with the broker; after a failure the logs stay and their path is printed.
"""

from __future__ import annotations

import argparse
import atexit
import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from tests.beside import run_beside
from tests.kafka_files import archive_path, java, kafka_jars

HOST: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: a client that knocks at a stopped broker's port must never
be given that very port as its own, or it would be connected to itself."""
START_TIMEOUT_S: Final = 240
"""A broker answers after 5 s on an idle machine; a busy one may take long."""
STOP_TIMEOUT_S: Final = 90
POLL_S: Final = 0.1
JVM: Final = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=INFO")
SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    # A misspelt name must be an error, never a new topic; and no replica that lacks history may lead.
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


class BrokerError(Exception):
    """A broker did not do what it was told; the message names its log."""


def _new_id() -> str:
    """Return an id as Kafka writes and makes them: none begins with a hyphen, which its tools would take for an option."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return _new_id() if made.startswith("-") else made


@dataclass(kw_only=True, slots=True)
class _Node:
    """One broker process: where it lies, and its ports."""

    folder: Path
    port: int
    controller_port: int
    doors: Mapping[str, int] = field(default_factory=dict)
    directory_id: str = field(default_factory=_new_id)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the process writes what it says."""
        return self.folder / "broker.log"

    @property
    def configuration(self) -> Path:
        """Where its settings lie."""
        return self.folder / "server.properties"


class KafkaBroker:
    """One Kafka of one or more brokers, which tests may stop, kill and start again with the same data and ports."""

    def __init__(
        self,
        *,
        bootstrap: str,
        folder: Path | None = None,
        nodes: Sequence[_Node] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Know a Kafka at `bootstrap`; without nodes it is somebody else's and can be neither stopped nor started."""
        self.bootstrap = bootstrap
        self.folder = folder
        self.keep_logs = False
        self._nodes = tuple(nodes)
        self._variables = {**os.environ, **(variables or {})}
        self._watchdog = _start_watchdog(folder / "data") if folder else None

    def door(self, name: str, host: str = HOST) -> str:
        """Return the address of a further listener of the first broker, for clients that call its host so."""
        return f"{host}:{self._node(0).doors[name]}"

    def start(self, index: int = 0) -> None:
        """Start a broker and wait until it serves; raise `BrokerError` if it does not."""
        self._spawn(index)
        self._await_serving()

    def set(self, name: str, value: str) -> None:
        """Change a setting of every broker (Kafka's own name), which each reads when it starts."""
        for node in self._nodes:
            with node.configuration.open("a", encoding="utf-8") as settings:
                settings.write(f"{name}={value}\n")

    def stop(self, index: int = 0) -> None:
        """Stop a broker as an operator does (SIGTERM) and wait until it is gone."""
        self._end(index, signal.SIGTERM)

    def kill(self, index: int = 0) -> None:
        """Kill a broker as a power cut does (SIGKILL)."""
        self._end(index, signal.SIGKILL)

    def has_ended(self, index: int = 0) -> bool:
        """Tell whether a broker that was started has ended by itself."""
        process = self._node(index).process
        return process is not None and process.poll() is not None

    def start_all(self) -> None:
        """Format every broker's storage, side by side, start them all and wait until they serve."""
        _format(self._nodes)
        for index in range(len(self._nodes)):
            self._spawn(index)
        self._await_serving()

    def close(self) -> None:
        """End every broker at once and remove its data; the logs stay if `keep_logs` says so."""
        for index, node in enumerate(self._nodes):
            if node.process:
                self._end(index, signal.SIGKILL)
        if self._watchdog and self._watchdog.stdin:
            self._watchdog.stdin.close()
            self._watchdog.wait(STOP_TIMEOUT_S)
            self._watchdog = None
        if self.folder and self.folder.exists():
            if self.keep_logs:
                print(f"Kafka's logs are kept in {self.folder}", file=sys.stderr)  # noqa: T201
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _node(self, index: int) -> _Node:
        if not self._nodes:
            msg = f"the broker at {self.bootstrap} is not this run's own (ORTOO_TEST_KAFKA), so it is neither stopped nor started"
            raise BrokerError(msg)
        return self._nodes[index]

    def _spawn(self, index: int) -> None:
        node = self._node(index)
        if node.process:
            msg = f"broker {index} runs already"
            raise BrokerError(msg)
        with node.log.open("ab") as log:
            command = [*java_command(), "kafka.Kafka", str(node.configuration)]
            # A session of its own: an interrupt at the keyboard reaches the tests, and they stop their brokers.
            node.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=node.folder,
                env=self._variables,
                start_new_session=True,
            )
        self._tell_watchdog(f"+{node.process.pid}\n")

    def _end(self, index: int, sign: signal.Signals) -> None:
        node = self._node(index)
        if not node.process:
            msg = f"broker {index} does not run"
            raise BrokerError(msg)
        node.process.send_signal(sign)
        try:
            node.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            node.process.kill()
            node.process.wait(STOP_TIMEOUT_S)
        self._tell_watchdog(f"-{node.process.pid}\n")
        node.process = None

    def _tell_watchdog(self, line: str) -> None:
        stdin: IO[bytes] | None = self._watchdog.stdin if self._watchdog else None
        if stdin:
            stdin.write(line.encode())
            stdin.flush()

    def _await_serving(self) -> None:
        """Wait until every running broker knows every other one: only then topics can be created, whichever is asked."""
        deadline = time.monotonic() + START_TIMEOUT_S
        wanted = {node.port for node in self._nodes if node.process}
        while time.monotonic() < deadline:
            for node in self._nodes:
                if node.process and node.process.poll() is not None:
                    raise _failed(node, f"ended with exit code {node.process.returncode}")
            if all(wanted <= _known_ports(port) for port in wanted):
                return
            time.sleep(POLL_S)
        raise _failed(self._nodes[0], f"did not serve within {START_TIMEOUT_S} s")


@contextmanager
def running_broker(
    brokers: int = 1,
    settings: Mapping[str, str] | None = None,
    doors: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[KafkaBroker]:
    """Run a Kafka of `brokers` brokers with further `settings` (Kafka's own names), and end it with the block.

    `doors` are the names of further listeners, each on a port of its own; the settings say how they are secured. `variables`
    stand in the brokers' environment.

    Raises `KafkaUnavailableError` if its files cannot be had, `BrokerError` if it does not start.
    """
    kafka_jars()  # first, so that a machine that cannot have them leaves no folder behind
    folder = Path(tempfile.mkdtemp(prefix="ortoo-kafka-"))
    ports = iter(_free_ports((2 + len(doors)) * brokers))
    nodes = [
        _Node(
            folder=folder / f"broker-{i}",
            port=next(ports),
            controller_port=next(ports),
            doors={name: next(ports) for name in doors},
        )
        for i in range(brokers)
    ]
    for index, node in enumerate(nodes):
        node.folder.mkdir()
        node.configuration.write_text(_configuration(nodes, index, settings or {}), "utf-8")
    bootstrap = ",".join(f"{HOST}:{node.port}" for node in nodes)
    kafka = KafkaBroker(bootstrap=bootstrap, folder=folder, nodes=nodes, variables=variables)
    atexit.register(kafka.close)
    try:
        kafka.start_all()
        yield kafka
    except BaseException:
        kafka.keep_logs = True
        raise
    finally:
        atexit.unregister(kafka.close)
        kafka.close()


def _configuration(nodes: Sequence[_Node], index: int, settings: Mapping[str, str]) -> str:
    node = nodes[index]
    replicas = str(len(nodes))
    listeners = {"PLAINTEXT": node.port, "CONTROLLER": node.controller_port, **node.doors}
    addresses = ",".join(f"{name}://{HOST}:{port}" for name, port in listeners.items())
    own = {
        "node.id": str(index + 1),
        "listeners": addresses,
        "advertised.listeners": addresses,
        "controller.quorum.bootstrap.servers": ",".join(f"{HOST}:{other.controller_port}" for other in nodes),
        "log.dirs": str(node.folder.parent / "data" / node.folder.name),
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": str(min(2, len(nodes))),
    }
    return "".join(f"{name}={value}\n" for name, value in {**SETTINGS, **own, **settings}.items())


def java_command() -> list[str]:
    """Return the command that runs a class of Kafka's own: broker or tool; the class and its arguments follow."""
    archive = archive_path()
    shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    return [str(java()), *JVM, *shared, "-cp", os.pathsep.join(str(jar) for jar in kafka_jars())]


def _format(nodes: Sequence[_Node]) -> None:
    """Write every broker's storage, side by side: each call costs two seconds of starting Java."""
    cluster = _new_id()
    controllers = ",".join(f"{i + 1}@{HOST}:{n.controller_port}:{n.directory_id}" for i, n in enumerate(nodes))
    quorum = ["--standalone"] if len(nodes) == 1 else ["--initial-controllers", controllers]
    running = []
    for node in nodes:
        command = [*java_command(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(node.configuration), *quorum]
        with node.log.open("ab") as log:
            running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=node.folder))
    codes = [process.wait(START_TIMEOUT_S) for process in running]
    for node, code in zip(nodes, codes, strict=True):
        if code:
            raise _failed(node, f"could not format its storage (exit code {code})")


def _known_ports(port: int) -> set[int]:
    """Return the ports of the brokers that the broker at a port knows; none while it does not answer."""
    from kafka.errors import KafkaError  # noqa: PLC0415 - only needed once a broker runs, and slow to import

    from adapters.errors import LedgerUnreachableError  # noqa: PLC0415
    from adapters.kafka_clients import KafkaPlace  # noqa: PLC0415

    if not _listens(port):
        return set()
    try:
        client = KafkaPlace(bootstrap=f"{HOST}:{port}", topic="any", timeout_s=5.0).open_admin()
    except LedgerUnreachableError:
        return set()
    try:
        return {int(broker["port"]) for broker in client.describe_cluster()["brokers"]}
    except KafkaError:
        return set()
    finally:
        client.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody holds now; each stays bound until all are chosen, so that none comes twice."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            probe = held.enter_context(socket.socket())
            port = random.choice(PORTS)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                ports.append(port)
        return ports


def _start_watchdog(data: Path) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("server_watchdog.py")
    return subprocess.Popen([sys.executable, str(script), str(data)], stdin=subprocess.PIPE, start_new_session=True)


def _failed(node: _Node, what: str) -> BrokerError:
    tail = node.log.read_text("utf-8", "replace").splitlines()[-15:]
    return BrokerError("\n".join([f"Kafka's {node.folder.name} {what}; its log, {node.log}, ends:", *tail]))


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a broker until interrupted, or beside a command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka_broker", description="Run an Apache Kafka.")
    parser.add_argument("--brokers", type=int, default=1, help="how many brokers (default: 1)")
    parser.add_argument("--stay", action="store_true", help="run on after a command that ended well, if a person sits there")
    parser.add_argument("command", nargs="*", help="run this beside it; {bootstrap} becomes its address")
    options = parser.parse_args(arguments)
    for one in (signal.SIGTERM, signal.SIGINT):
        # Also where a shell has put it into the background, and so lets it ignore interrupts.
        signal.signal(one, _interrupted)
    try:
        print("Starting Apache Kafka ...", file=sys.stderr, flush=True)  # noqa: T201
        with running_broker(options.brokers) as kafka:
            if options.command:
                values = {"bootstrap": kafka.bootstrap}
                return run_beside(options.command, values, "The broker", stay=options.stay)
            print(kafka.bootstrap, flush=True)  # noqa: T201
            print("Runs until interrupted (Ctrl-C).", file=sys.stderr, flush=True)  # noqa: T201
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
            return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
