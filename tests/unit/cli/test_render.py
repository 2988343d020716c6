"""What people see: aligned, within the terminal, with nothing that can move its cursor."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.languages import Language
from cli.progress import ProgressLine
from cli.render import (
    Column,
    as_of_line,
    cut_text,
    json_text,
    page_note,
    pair_lines,
    purpose_lines,
    show_size,
    show_time,
    show_zone,
    table_lines,
    text_width,
    visible,
)
from domain.consignments import ConsignmentState
from domain.ids import sha256
from domain.reasons import Reason

NAMES = (Column(heading="Name"), Column(heading="n", right=True, cut=False))


def test_a_table_is_aligned() -> None:
    assert table_lines(NAMES, [("a", 1), ("bcdef", 200)], width=80) == ["Name     n", "a        1", "bcdef  200"]


def test_wide_and_combining_characters_keep_the_columns() -> None:
    lines = table_lines(NAMES, [("й" * 3, 1), ("漢字", 2), ("e\u0301e", 3)], width=80)
    assert len({text_width(line) for line in lines}) == 1


@given(st.lists(st.tuples(st.text(max_size=300), st.integers(0, 10**6)), max_size=5), st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, int]], width: int) -> None:
    for line in table_lines(NAMES, rows, width=width):
        assert text_width(line) <= width
        assert "\n" not in line


@given(st.text(max_size=50), st.integers(2, 30))
def test_a_text_cut_short_fits_and_says_so(text: str, width: int) -> None:
    cut = cut_text(text, width)
    assert text_width(cut) <= width
    assert cut == text or cut.endswith("…")


def test_a_column_that_may_not_be_cut_stays_whole() -> None:
    columns = (Column(heading="id", cut=False), Column(heading="text"))
    assert "x" * 60 in table_lines(columns, [("x" * 60, "y" * 60)], width=80)[1]


@pytest.mark.parametrize("evil", ["a\x1b[2Jb", "a\rb", "a\nb", "a\u202eb", "a\u200fb", "a\x9bb"])
def test_nothing_on_the_ledger_moves_the_cursor(evil: str) -> None:
    line = table_lines((Column(heading="x"),), [(evil,)], width=80)[1]
    assert line.isprintable()
    assert visible(evil).isprintable()


def test_pairs_stand_below_each_other() -> None:
    assert pair_lines([("a", 1), ("bcd", "two\nlines")]) == ["a    1", "bcd  two", "     lines"]


def test_times_bear_the_ledgers_offset() -> None:
    at_ms = 1_795_510_920_000
    assert show_time(at_ms, 300) == "2026-11-24 14:02 (+05)"
    assert show_time(at_ms, 300, with_date=False) == "14:02 (+05)"
    assert show_time(None, 300) == ""
    assert show_zone(330) == "UTC+05:30"


def test_an_answer_says_how_far_it_reaches() -> None:
    line = as_of_line(812, 1_795_510_920_000, 300, "ledger unreachable", Language.ENGLISH)
    assert line == "as of position 812, 14:02 (+05); ledger unreachable"
    assert as_of_line(812, 1_795_510_920_000, 300, "", Language.ENGLISH) == "as of position 812, 14:02 (+05)"


def test_only_a_production_ledger_needs_no_banner() -> None:
    assert purpose_lines("production", Language.ENGLISH) == []
    assert purpose_lines("training", Language.ENGLISH)[0].startswith("TRAINING")
    assert purpose_lines("pilot", Language.RUSSIAN)[0].startswith("ПИЛОТ")


def test_a_page_names_the_next_one() -> None:
    assert page_note(3, None, Language.ENGLISH) is None
    assert page_note(3, "812", Language.ENGLISH) == "3 lines shown; go on with --after 812"


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_200_000, "4.2 MB"), (10**12, "1000.0 GB")]
)
def test_sizes_are_short(size_bytes: int, text: str) -> None:
    assert show_size(size_bytes) == text


def test_json_holds_codes_in_the_order_of_the_fields() -> None:
    @dataclass(frozen=True, kw_only=True, slots=True)
    class Line:
        letter: bytes
        state: ConsignmentState
        reason: Reason
        names: tuple[str, ...]
        file: Path

    line = Line(letter=sha256(b""), state=ConsignmentState.OPEN, reason=Reason.KEY_REVOKED, names=("ў",), file=Path("a"))
    text = json_text({"lines": [line], "set": {"b", "a"}})
    assert list(json.loads(text)["lines"][0]) == ["letter", "state", "reason", "names", "file"]
    assert json.loads(text) == {
        "lines": [{"letter": sha256(b"").hex(), "state": "open", "reason": "KEY_REVOKED", "names": ["ў"], "file": "a"}],
        "set": ["a", "b"],
    }
    assert "ў" in text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("stream", "expected"), [(Terminal(), 92), (io.StringIO(), 3)])
def test_progress_moves_at_a_terminal_and_is_sparse_elsewhere(stream: io.StringIO, expected: int) -> None:
    clock = Clock()
    with ProgressLine("reading", stream=stream, monotonic=clock) as progress:
        for done in range(100):
            clock.now = done / 4
            progress(done, 100)
    assert stream.getvalue().count("reading: ") == expected


def test_work_that_is_done_at_once_shows_no_progress() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressLine("reading", stream=stream, monotonic=clock) as progress:
        progress(1)
    assert stream.getvalue() == ""
