"""Every page that tells a reader what to type is followed, in a folder of its own."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.kafka_broker import KafkaBroker
from tests.source_tree import ROOT
from tests.walkthrough import Walk, steps_of

DOCS = ROOT / "docs"
KAFKA = DOCS / "guides" / "run-on-kafka.md"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("start/*.md")), *sorted(DOCS.glob("guides/*.md"))]
FOLLOWED = [page for page in PAGES if page != KAFKA and list(steps_of(page.read_text("utf-8")))]


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.chdir(tmp_path)
    return Walk(folder=tmp_path)


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_a_page_can_be_followed(walk: Walk, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A page that shows an outage need not be waited for as long as a person would.
    monkeypatch.setattr("cli.wiring.TIMEOUT_S", 0.5)
    assert walk.follow(page) > 0


def test_the_guide_to_kafka_can_be_followed(walk: Walk, kafka: KafkaBroker) -> None:
    walk.replacing = {"localhost:9092": kafka.bootstrap, "/letters-2026": f"/letters-{secrets.token_hex(6)}"}
    assert walk.follow(KAFKA) > 0


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
