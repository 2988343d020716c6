"""LETTER arguments: every form, the one letter meant, and what is said if there is none or more than one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import LetterAmbiguousError, LetterNotFoundError, ReferenceFormError
from cli.references import (
    CANDIDATES_LIMIT,
    ByIdentity,
    ByLine,
    ByMark,
    ByNumber,
    Named,
    NumberWanted,
    Speaker,
    parse_reference,
    read_last_list,
    remember_list,
    resolve,
)
from domain.ids import LetterId, OrgId, sha256
from domain.letters import mark_of
from domain.verdicts import RegisterKind

LETTERS = tuple(LetterId(sha256(bytes([n]))) for n in range(40))
MINISTRY = OrgId("ministry")
SPEAKER = Speaker(organisation=MINISTRY, year=2026)


@dataclass
class Index:
    """An index over letters in memory that honours the protocol."""

    letters: tuple[LetterId, ...] = LETTERS
    numbers: tuple[tuple[NumberWanted, LetterId], ...] = ()

    def letters_with_prefix(self, prefix: str, limit: int) -> Sequence[LetterId]:
        return [one for one in self.letters if one.hex().startswith(prefix)][:limit]

    def letters_with_mark(self, mark: str) -> Sequence[LetterId]:
        return [one for one in self.letters if mark_of(one) == mark]

    def letters_with_number(self, wanted: NumberWanted) -> Sequence[LetterId]:
        return [letter for number, letter in self.numbers if number == wanted]

    def describe(self, letter: LetterId) -> str:
        return f"letter {self.letters.index(letter)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abcdef", ByIdentity(prefix="abcdef")),
        (" ABCDEF12 ", ByIdentity(prefix="abcdef12")),
        ("123456", ByIdentity(prefix="123456")),
        ("out:165", ByNumber(register=RegisterKind.OUTGOING, serial=165, year=None)),
        ("in:17@2025", ByNumber(register=RegisterKind.INCOMING, serial=17, year=2025)),
        ("#3", ByLine(line=3)),
        ("t-7F3KQ2", ByMark(mark="t-7F3KQ2")),
        ("t-7f3kq2", ByMark(mark="t-7F3KQ2")),
    ],
)
def test_every_form_is_understood(text: str, expected: object) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "abcde", "abcdeg", "a" * 65, "out:0", "out:", "out:1@25", "in:-1", "#0", "#", "t-7F3KQ", "t-7F3KQI", "x-7F3KQ2", "№ 1"],
)
def test_what_has_no_form_is_refused_with_all_forms(text: str) -> None:
    with pytest.raises(ReferenceFormError, match=r"in:17@2025"):
        parse_reference(text)


@given(st.binary(min_size=32, max_size=32))
def test_every_mark_is_a_reference(identity: bytes) -> None:
    mark = mark_of(LetterId(identity))
    assert parse_reference(mark) == ByMark(mark=mark)


def test_a_letter_is_found_by_prefix_mark_and_number(tmp_path: Path) -> None:
    letter = LETTERS[7]
    wanted = NumberWanted(organisation=MINISTRY, register=RegisterKind.OUTGOING, year=2026, serial=165)
    older = NumberWanted(organisation=MINISTRY, register=RegisterKind.OUTGOING, year=2025, serial=165)
    index = Index(numbers=((wanted, letter), (older, LETTERS[8])))
    for text in (letter.hex(), letter.hex()[:8], mark_of(letter), "out:165"):
        assert resolve(parse_reference(text), index, SPEAKER, tmp_path) == Named(letter=letter)
    assert resolve(parse_reference("out:165@2025"), index, SPEAKER, tmp_path).letter == LETTERS[8]


@pytest.mark.parametrize("text", ["000000", "t-ZZZZZZ", "in:9"])
def test_a_letter_that_nobody_knows_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(LetterNotFoundError, match="letter list"):
        resolve(parse_reference(text), Index(), SPEAKER, tmp_path)


def test_several_letters_are_listed_as_candidates(tmp_path: Path) -> None:
    twins = tuple(LetterId(b"\xaa" * 31 + bytes([n])) for n in range(3))
    with pytest.raises(LetterAmbiguousError, match=r"(?s)3 letters begin with aaaaaa.*letter 2") as caught:
        resolve(parse_reference("aaaaaa"), Index(twins), SPEAKER, tmp_path)
    assert len(caught.value.candidates) == 3


def test_not_more_candidates_are_listed_than_help(tmp_path: Path) -> None:
    twins = tuple(LetterId(b"\xaa" * 31 + bytes([n])) for n in range(100))
    with pytest.raises(LetterAmbiguousError, match="at least 11 letters") as caught:
        resolve(parse_reference("aaaaaa"), Index(twins), SPEAKER, tmp_path)
    assert len(caught.value.candidates) == CANDIDATES_LIMIT


def test_a_number_needs_somebodys_register(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFormError, match="--as"):
        resolve(parse_reference("in:1"), Index(), Speaker(organisation=None, year=2026), tmp_path)


def test_a_line_of_the_last_list_names_letter_and_recipient(tmp_path: Path) -> None:
    lines = (Named(letter=LETTERS[0]), Named(letter=LETTERS[1], recipient=OrgId("mfy-001")))
    remember_list(tmp_path, lines)
    assert read_last_list(tmp_path) == lines
    assert resolve(ByLine(line=2), Index(), SPEAKER, tmp_path) == lines[1]


def test_a_line_beyond_the_last_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(LetterNotFoundError, match="no list was printed"):
        resolve(ByLine(line=1), Index(), SPEAKER, tmp_path)
    remember_list(tmp_path, [Named(letter=LETTERS[0])])
    with pytest.raises(LetterNotFoundError, match="has 1 lines"):
        resolve(ByLine(line=2), Index(), SPEAKER, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"lines": [{"letter": "ab", "recipient": null}]}', '{"lines": 1}', "\xff"])
def test_a_damaged_last_list_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "last-list.json").write_bytes(text.encode("latin-1"))
    assert read_last_list(tmp_path) == ()
