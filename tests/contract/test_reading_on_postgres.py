"""What people read is the same from a PostgreSQL store as from SQLite, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from cli.settings import write_settings
from tests.eventful_exchange import Eventful, eventful_exchange
from tests.eventful_office import eventful_office
from tests.homes import Home, home_of

COMMANDS = (
    "inbox --for mfy-001",
    "inbox --for mfy-005 --limit 2",
    "inbox --for mfy-005 --limit 2 --after 56/mfy-005",
    "inbox --for mfy-002 --overdue --case 01-07 --number 1 --region north --since 2025-11-24 --until 2025-11-25",
    "outbox --overdue --to mfy-002 --region north --state open",
    "outbox --limit 3",
    "outbox --letter out:2 --region south --state open --limit 1",
    "letter list --for mfy-001",
    "letter list --all --case 02-11",
    "letter list --for mfy-001 --words ministry",
    "inbox --for mfy-001 --words ministry --limit 1",
    "outbox --words mfy-002 --limit 2",
    "outbox --letter out:2 --words mfy-002",
    "register show outgoing --words mfy-002 --limit 1",
    "letter show out:1",
    "letter show out:2 --limit 2 --after mfy-002",
    "letter show out:3 --recipient mfy-001",
    "letter read out:1",
    "history --limit 1000",
    "history --rejected",
    "history out:2 --officer deputy --org ministry --positions 30..60",
    "outbox --as-of 40",
)

OFFICE_COMMANDS = (
    "inbox --for ministry --open",
    "inbox --for ministry --limit 1",
    "inbox --for ministry --number 1 --words about",
    "inbox --for mfy-001",
    "outbox --letter out:1",
    "letter list --all",
    "letter show in:1",
    "letter show out:1",
    "letter read in:1",
    "approval list",
    "mandate list",
    "outage list",
    "calendar list",
    "register show incoming",
    "figures pilot",
    "today",
    "history --limit 1000",
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_office(tmp_path_factory.mktemp("office")) as made:
        yield made


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


def test_every_reading_command_answers_alike(told: Eventful, postgres_url: str) -> None:
    require_alike(told, postgres_url, COMMANDS)


def test_every_reading_command_of_the_office_answers_alike(office: Eventful, postgres_url: str) -> None:
    require_alike(office, postgres_url, OFFICE_COMMANDS)


def require_alike(told: Eventful, postgres_url: str, commands: Sequence[str]) -> None:
    """Fail unless commands answer from PostgreSQL as they do from SQLite, in words and as JSON, and the archives are equal."""
    here: Home = home_of(told.exchange, "on-sqlite", "ministry-clerk")
    there: Home = home_of(told.exchange, "on-postgres", "ministry-clerk")
    # Both are read from nothing, and a busy machine may not do that in the two seconds that a reading command takes.
    write_settings(here.folder, {"catch_up_s": 60.0})
    write_settings(there.folder, {"catch_up_s": 60.0, "store_url": postgres_url})
    for command in commands:
        for form in ([], ["--json"]):
            words = [*command.split(), *form]
            assert there.done(*words) == here.done(*words), command
    there.done("station", "run", "--once")
    assert there.done("station", "status", "--json").data["behind"] == 0
    dumps = [home.done("projection", "rebuild", "archive", "--json").data["canonical_dump"] for home in (here, there)]
    assert dumps[0] == dumps[1]
