"""The reference says what the program says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli.reference import FOLDER, HEAD, differing, pages
from cli.settings import declared_settings
from domain.catalogue import EVENT_TYPES
from domain.reasons import Reason
from domain.rulebook import RULES_1


def test_the_pages_in_the_repository_are_those_of_the_program() -> None:
    assert differing(FOLDER) == [], "run `make docs` and commit docs/reference"


def test_a_page_that_differs_or_that_nobody_writes_is_found(tmp_path: Path) -> None:
    for name, text in pages().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert differing(tmp_path) == []
    (tmp_path / "cli.md").write_text("else", encoding="utf-8")
    (tmp_path / "rules.md").unlink()
    (tmp_path / "stray.md").write_text("", encoding="utf-8")
    assert differing(tmp_path) == ["cli.md", "rules.md", "stray.md"]


def test_nothing_is_left_out() -> None:
    written = pages()
    assert all(f"## {event.TYPE}\n" in written["events.md"] for event in EVENT_TYPES)
    assert all(f"## {event.TYPE}\n" in written["rules.md"] for event in EVENT_TYPES)
    assert all(f"`{reason.name}`" in written["rules.md"] for reason in Reason)
    assert all(f"`{one.name}`" in written["settings.md"] for one in declared_settings())
    assert "## records\n" in written["tables.md"]
    assert all(text.startswith(HEAD) for text in written.values())


def test_preconditions_stand_in_the_order_in_which_they_are_checked() -> None:
    page = pages()["rules.md"]
    for event, rule in RULES_1.items():
        section = page.partition(f"## {event.TYPE}\n")[2].partition("\n## ")[0]
        sentences = [one.sentence.replace("|", "\\|") for one in (*rule.authority, *rule.preconditions)]
        places = [section.find(f"| {sentence} |") for sentence in sentences]
        assert -1 not in places, event.TYPE
        assert places == sorted(places), event.TYPE


def test_the_check_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.reference", "--check"], cwd=FOLDER.parents[1], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (differing(FOLDER) == []), done.stderr
