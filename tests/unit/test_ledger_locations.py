"""Where ledgers lie, written as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.errors import LedgerExistsError, LocationError
from adapters.ledger_locations import (
    KafkaLocation,
    Location,
    MemoryLocation,
    SqliteLocation,
    create_ledger,
    open_ledger,
    parse_location,
)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("memory:", MemoryLocation()),
        ("sqlite:ledger.sqlite", SqliteLocation(path=Path("ledger.sqlite"))),
        ("sqlite:/var/lib/ortoo/хат.sqlite", SqliteLocation(path=Path("/var/lib/ortoo/хат.sqlite"))),
        ("kafka://localhost:9092/letters", KafkaLocation(bootstrap="localhost:9092", topic="letters")),
        (
            "kafka://a:1,b.uz:65535,[::1]:3/uz.letters_2026-1",
            KafkaLocation(bootstrap="a:1,b.uz:65535,[::1]:3", topic="uz.letters_2026-1"),
        ),
    ],
)
def test_a_location_is_read_and_written_alike(text: str, location: Location) -> None:
    assert parse_location(text) == location
    assert str(location) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ledger.sqlite",
        "memory",
        "memory:name",
        "sqlite:",
        "sqlite:a\0b",
        "postgresql://localhost/ledger",
        "kafka:localhost:9092/letters",
        "kafka://localhost/letters",
        "kafka://localhost:0/letters",
        "kafka://localhost:70000/letters",
        "kafka://localhost:9092",
        "kafka://localhost:9092/",
        "kafka://localhost:9092/..",
        "kafka://localhost:9092/two/levels",
        "kafka://localhost:9092/письма",
        "kafka://a:1,/letters",
        "kafka://user:password@a:1/letters",
        f"kafka://a:1/{'x' * 191}",
    ],
)
def test_what_names_no_place_is_refused_with_the_forms_that_do(text: str) -> None:
    with pytest.raises(LocationError, match=r"names no ledger: .*write sqlite:FILE or kafka://HOST:PORT"):
        parse_location(text)


def test_a_ledger_is_made_once_and_opened_by_its_location(tmp_path: Path) -> None:
    location = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    create_ledger(location)
    with pytest.raises(LedgerExistsError):
        create_ledger(location)
    ledger = open_ledger(location, clock_ms=lambda: 1_700_000_000_000)
    assert ledger.identity().location == location
    ledger.append(b"x")
    assert ledger.read(0, 1)[0].stored_at_ms == 1_700_000_000_000
    ledger.close()


def test_a_ledger_in_memory_is_made_by_opening_it() -> None:
    with pytest.raises(LocationError, match="would be gone at once"):
        create_ledger("memory:")
    assert open_ledger("memory:").append(b"x") == 0
