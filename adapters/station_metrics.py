"""How a running station stands, for monitors: `/health` for those who only ask whether, `/metrics` in Prometheus' format.

Answers come from values that the station hands over; a monitor's thread never touches a database, a ledger or a queue.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from adapters.errors import StationError
from adapters.small_server import SmallServer, answering_with
from adapters.station_reports import ALARMS, Doing, DutyReport, Standing
from domain.reasons import Reason

LOOPBACK: Final = "127.0.0.1"
"""Where it listens unless told otherwise: what a station reads is nobody's business but its operator's."""
ASKERS_LIMIT: Final = 16
"""So many are answered at once; a monitor or two ask every few seconds."""
ASKER_TIMEOUT_S: Final = 5.0
STALLED_S: Final = 3600.0
"""A station that has moved on by nothing for so long hangs, whatever it says of itself; the documents of one letter may take
long over a weak link, everything else takes seconds."""
HEALTHY: Final = frozenset({Doing.WORKING, Doing.STANDING_BY})
BUCKETS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STALLED: Final = "STALLED"
PORT: Final = re.compile("[0-9]{1,5}")
LAST_PORT: Final = 65535


class MetricsAddressError(StationError):
    """What was given as the address for monitors is none, or cannot be listened on."""

    def __init__(self, address: str, why: str) -> None:
        """Name the address and say what is wrong with it."""
        super().__init__(
            f"Monitors cannot be served at {address} ({why}), so the station did not start. Give --metrics (metrics_address) "
            "as HOST:PORT or PORT, with a port that nobody uses; without a host only this machine can ask."
        )


class StationMetrics:
    """Keeps what monitors ask for. The station calls it from its thread, monitors ask from theirs."""

    def __init__(self, code_of: Callable[[Exception], str], now_ms: Callable[[], int]) -> None:
        """`code_of` gives the stable code of an error."""
        self._code_of = code_of
        self._now_ms = now_ms
        self._standing = Standing(reached_at=now_ms())
        self._alive_s = time.monotonic()
        registry = self._registry = CollectorRegistry()
        _gauge(registry, "ortoo_position", "Last position that was read.", lambda: self._standing.position)
        _gauge(registry, "ortoo_lag_records", "Records that the ledger has more; NaN: not known.", self._lag_records)
        _gauge(registry, "ortoo_lag_seconds", "Time since everything on the ledger was read.", self._lag_seconds)
        _gauge(registry, "ortoo_queue_length", "Signed and not on the ledger yet.", lambda: self._standing.queue)
        _gauge(registry, "ortoo_warnings", "Settings of the ledger's place that warn.", lambda: self._standing.warnings)
        _gauge(registry, "ortoo_healthy", "1 while the station works on or stands by.", lambda: self.health()[0])
        doing = Gauge("ortoo_doing", "1 for what the station is at.", ["doing"], registry=registry)
        for one in Doing:
            doing.labels(one.value).set_function(partial(self._is_doing, one))
        self._verdicts = Counter("ortoo_verdicts", "Verdicts since the station started.", ["reason"], registry=registry)
        self._verdicts.labels(Reason.ACCEPTED.name)
        self._alarms = Counter("ortoo_alarms", "Alarms since the station started.", ["alarm"], registry=registry)
        for alarm in sorted(ALARMS):
            self._alarms.labels(alarm.value)
        self._batches = Histogram(
            "ortoo_batch_seconds", "Time for a batch, from reading to commit.", buckets=BUCKETS_S, registry=registry
        )

    def alive(self) -> None:
        """Note that the station moves."""
        self._alive_s = time.monotonic()

    def stored(self, seconds: float) -> None:
        """Note how long a batch took."""
        self._batches.observe(seconds)

    def judged(self, reasons: Mapping[Reason, int]) -> None:
        """Count verdicts."""
        for reason, count in reasons.items():
            self._verdicts.labels(reason.name).inc(count)

    def stands(self, standing: Standing) -> None:
        """Take over how the station stands."""
        self._standing = standing
        self.alive()

    def report(self, report: DutyReport) -> None:
        """Count an alarm."""
        if report.duty in ALARMS:
            self._alarms.labels(report.duty.value).inc()

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the station works on (or stands by for another that does), and what there is to say of it."""
        standing = self._standing
        code = None if standing.error is None else self._code_of(standing.error)
        is_stalled = standing.doing in HEALTHY and time.monotonic() - self._alive_s > STALLED_S
        answer = {
            "doing": standing.doing.value,
            "code": STALLED if is_stalled else code,
            "position": standing.position,
            "behind": standing.behind,
            "queue": standing.queue,
        }
        return standing.doing in HEALTHY and not is_stalled, answer

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _lag_records(self) -> float:
        behind = self._standing.behind
        return float("nan") if behind is None else behind

    def _lag_seconds(self) -> float:
        return max(0, self._now_ms() - self._standing.reached_at) / 1000

    def _is_doing(self, doing: Doing) -> bool:
        return self._standing.doing is doing


def listening_address(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `[HOST]:PORT` or `PORT`; raise `MetricsAddressError` for anything else."""
    host, _, port = text.rpartition(":")
    if not PORT.fullmatch(port) or int(port) > LAST_PORT:
        raise MetricsAddressError(text, "it names no port")
    return host.strip("[]") or LOOPBACK, int(port)


@contextmanager
def serving(metrics: StationMetrics, address: str) -> Iterator[str]:
    """Answer monitors for the time of the block, and give the address where; raise `MetricsAddressError` if that cannot be."""
    host, port = listening_address(address)
    try:
        server = _Server(host, port, metrics)
    except OSError as error:
        raise MetricsAddressError(address, error.strerror or str(error)) from error
    with answering_with(server, "metrics") as found:
        yield found


class _Server(SmallServer):
    def __init__(self, host: str, port: int, metrics: StationMetrics) -> None:
        self.metrics = metrics
        super().__init__(host, port, _Handler, askers=ASKERS_LIMIT)


class _Handler(BaseHTTPRequestHandler):
    timeout = ASKER_TIMEOUT_S
    server_version = "ortoo"
    sys_version = ""

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)  # noqa: S101 - who made the handler
        metrics = self.server.metrics
        path = self.path.partition("?")[0]
        if path == "/health":
            is_healthy, answer = metrics.health()
            status = HTTPStatus.OK if is_healthy else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "application/json", json.dumps(answer).encode() + b"\n")
        elif path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, metrics.exposition())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There are /health and /metrics.\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing of each request."""

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _gauge(registry: CollectorRegistry, name: str, meaning: str, ask: Callable[[], float]) -> None:
    Gauge(name, meaning, registry=registry).set_function(ask)
