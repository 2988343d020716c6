"""Every page that tells a reader what to type is followed, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka_broker import KafkaBroker
from tests.postgres_server import PostgresServer
from tests.softhsm import SoftHsm
from tests.source_tree import ROOT
from tests.walkthrough import Walk, page_before, steps_of

DOCS = ROOT / "docs"
README = ROOT / "README.md"
KAFKA = DOCS / "guides" / "run-on-kafka.md"
POSTGRESQL = DOCS / "guides" / "run-on-kafka-and-postgresql.md"
TOKEN = DOCS / "guides" / "keys-on-a-token.md"
PAGES = [page for room in ("start", "guides") for page in sorted((DOCS / room).glob("*.md")) if list(steps_of(page))]
LAST = [page for page in PAGES if page not in {KAFKA, POSTGRESQL, TOKEN} and page not in {page_before(other) for other in PAGES}]
"""Pages at whose end no other begins: who follows these has followed all before them."""


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.chdir(tmp_path)
    # A reader stands in a clone, where the files that pages name lie.
    (tmp_path / "docs").symlink_to(DOCS)
    return Walk(folder=tmp_path)


@pytest.fixture
def in_the_background(tmp_path: Path) -> Iterator[None]:
    """End what a page has begun in the background, if it did not end it itself."""
    yield
    for file in tmp_path.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text("utf-8")), signal.SIGKILL)


def test_every_page_is_followed() -> None:
    followed = {POSTGRESQL, TOKEN}
    for page in [*LAST, POSTGRESQL, TOKEN]:
        before: Path | None = page
        while before is not None:
            followed.add(before)
            before = page_before(before)
    assert set(PAGES) == followed


@pytest.mark.slow
@pytest.mark.usefixtures("in_the_background")
@pytest.mark.parametrize("page", LAST, ids=lambda page: page.stem)
def test_a_page_can_be_followed(walk: Walk, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A page that shows an outage need not be waited for as long as a person would.
    monkeypatch.setattr("cli.wiring.TIMEOUT_S", 0.5)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        walk.replacing = {"9474": str(probe.getsockname()[1])}
    assert walk.follow(page) > 0


@pytest.mark.slow
def test_the_readme_can_be_followed(walk: Walk) -> None:
    walk.replacing = {"make demo": "ortoo demo", ".venv/bin/ortoo": "ortoo"}
    assert walk.follow(README) > 0


@pytest.mark.slow
@pytest.mark.usefixtures("in_the_background")
def test_the_guides_to_kafka_and_postgresql_can_be_followed(
    walk: Walk, kafka: KafkaBroker, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.run_sql("CREATE ROLE operator LOGIN SUPERUSER PASSWORD 'Tr0ub4dor'")
    url = postgres.url_with_password(postgres.new_database(), "operator", "Tr0ub4dor")
    passwords = walk.folder / "passwords"
    passwords.write_text("*:*:*:operator:Tr0ub4dor\n", "utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        ports = {"9464": str(one.getsockname()[1]), "9465": str(other.getsockname()[1])}
    walk.replacing = {
        "postgresql://ortoo@localhost/ministry": url.replace(":Tr0ub4dor@", "@"),
        "localhost:9092": kafka.bootstrap,
        "letters-2026": f"letters-{secrets.token_hex(6)}",
        **ports,
    }
    assert walk.follow(POSTGRESQL) > 0


@pytest.mark.slow
def test_the_guide_to_tokens_can_be_followed(walk: Walk, softhsm: SoftHsm) -> None:
    walk.replacing = {"/usr/lib/softhsm/libsofthsm2.so": str(softhsm.driver)}
    assert walk.follow(TOKEN) > 0


@pytest.mark.slow
def test_the_first_letter_is_the_same_on_kafka(walk: Walk, kafka: KafkaBroker) -> None:
    walk.replacing = {"sqlite:ledger.sqlite": f"kafka://{kafka.bootstrap}/letters-{secrets.token_hex(6)}"}
    assert walk.follow(DOCS / "start" / "five-minutes.md") > 0


def test_what_is_read_off_the_screen_is_typed_again(walk: Walk, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo Key: abc def, done\nKey: <six words>, …\n$ test '<six words>' = 'abc def'\n```\n", "utf-8"
    )
    assert walk.follow(page) == 2


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("$ echo yes\nno", "not said"),
        ("$ printf 'a\\nb\\n'\nb\na", "not said"),
        ("$ ortoo inbox --no-such-option", "exit code 2"),
        ("$ false\n$ echo $?\n2", "not said"),
    ],
)
def test_a_page_that_is_wrong_is_found(walk: Walk, tmp_path: Path, typed: str, complaint: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```console\n{typed}\n```\n", "utf-8")
    with pytest.raises(AssertionError, match=complaint):
        walk.follow(page)
