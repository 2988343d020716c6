"""What monitors are told of a running station, over HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters import station_metrics
from adapters.errors import LedgerUnreachableError
from adapters.station_metrics import MetricsAddressError, StationMetrics, listening_address, serving
from adapters.station_reports import Doing, Duty, DutyReport, Standing
from cli.errors import outcome_of
from domain.reasons import Reason

NOW_MS = 1_800_000_000_000
STANDING = Standing(doing=Doing.WORKING, position=6, end=10, reached_at=NOW_MS - 2500, queue=2, warnings=1)


@pytest.fixture
def metrics() -> StationMetrics:
    return StationMetrics(lambda error: outcome_of(error).code, lambda: NOW_MS)


@pytest.fixture
def address(metrics: StationMetrics) -> Iterator[str]:
    with serving(metrics, "0") as found:
        yield found


def asked(address: str, path: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(text: str) -> dict[str, float]:
    """Return every sample by its name and its only label."""
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_everything_that_a_monitor_wants_to_know_is_there(metrics: StationMetrics, address: str) -> None:
    metrics.stands(STANDING)
    metrics.stored(0.3)
    metrics.judged({Reason.ACCEPTED: 5, Reason.SIGNATURE_INVALID: 1})
    metrics.judged({Reason.ACCEPTED: 1})
    metrics.report(DutyReport(duty=Duty.TIME_JUMP, position=3))
    metrics.report(DutyReport(duty=Duty.PROJECTED, position=3))
    status, text = asked(address, "/metrics")
    found = samples(text)
    assert status == 200
    assert {name: found[f"ortoo_{name}"] for name in ("position", "lag_records", "lag_seconds", "queue_length", "warnings")} == {
        "position": 6,
        "lag_records": 3,
        "lag_seconds": 2.5,
        "queue_length": 2,
        "warnings": 1,
    }
    assert (found["ortoo_verdicts_total/ACCEPTED"], found["ortoo_verdicts_total/SIGNATURE_INVALID"]) == (6, 1)
    assert (found["ortoo_alarms_total/time_jump"], found["ortoo_alarms_total/paused"]) == (1, 0)
    assert (found["ortoo_batch_seconds_bucket/0.25"], found["ortoo_batch_seconds_bucket/0.5"]) == (0, 1)
    assert (found["ortoo_healthy"], found["ortoo_doing/working"], found["ortoo_doing/stopped"]) == (1, 1, 0)


@pytest.mark.parametrize("doing", Doing)
def test_health_says_whether_it_works_on_and_why_not(metrics: StationMetrics, address: str, doing: Doing) -> None:
    is_healthy = doing in {Doing.WORKING, Doing.STANDING_BY}
    error = None if is_healthy else LedgerUnreachableError("nobody answers")
    metrics.stands(Standing(doing=doing, error=error, position=6, end=10))
    status, text = asked(address, "/health")
    assert status == (200 if is_healthy else 503)
    expected = {
        "doing": doing.value,
        "code": None if is_healthy else "LEDGER_UNREACHABLE",
        "position": 6,
        "behind": 3,
        "queue": 0,
    }
    assert json.loads(text) == expected


def test_a_station_that_hangs_is_not_healthy(metrics: StationMetrics, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.stands(STANDING)
    monkeypatch.setattr(station_metrics, "STALLED_S", 0.2)
    time.sleep(0.3)
    status, text = asked(address, "/health")
    assert (status, json.loads(text)["code"]) == (503, "STALLED")
    metrics.alive()
    assert asked(address, "/health")[0] == 200


def test_what_is_not_known_is_no_number(address: str) -> None:
    lag = samples(asked(address, "/metrics")[1])["ortoo_lag_records"]
    assert lag != lag  # noqa: PLR0124 - that is how NaN is told
    assert asked(address, "/elsewhere")[0] == 404


def test_those_who_ask_and_say_nothing_keep_nobody_from_asking(metrics: StationMetrics, address: str) -> None:
    metrics.stands(STANDING)
    host, _, port = address.rpartition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(station_metrics.ASKERS_LIMIT - 1):
            stack.enter_context(contextlib.closing(socket.create_connection((host, int(port)))))
        assert asked(address, "/health")[0] == 200
        stack.enter_context(contextlib.closing(socket.create_connection((host, int(port)))))
        with pytest.raises(OSError, match=r".*"):
            asked(address, "/health")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            assert asked(address, "/health")[0] == 200
            return
        time.sleep(0.05)
    pytest.fail("nobody is answered any more")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),
        ("[::1]:9464", ("::1", 9464)),
        ("station.example:80", ("station.example", 80)),
    ],
)
def test_without_a_host_only_this_machine_can_ask(text: str, expected: tuple[str, int]) -> None:
    assert listening_address(text) == expected


@pytest.mark.parametrize("text", ["", "here", "here:", "127.0.0.1:http", "127.0.0.1:70000", "127.0.0.1:123456", "1:-1"])
def test_what_names_no_port_is_refused(text: str) -> None:
    with pytest.raises(MetricsAddressError, match="names no port"):
        listening_address(text)


def test_a_port_that_is_taken_is_told(metrics: StationMetrics, address: str) -> None:
    with pytest.raises(MetricsAddressError, match=r"in use"), serving(metrics, address):
        pass


def test_it_listens_on_the_newer_protocol_too(metrics: StationMetrics) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    metrics.stands(STANDING)
    with serving(metrics, "[::1]:0") as found:
        assert found.startswith("[::1]:")
        assert asked(found, "/health")[0] == 200
