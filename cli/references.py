"""LETTER arguments: what a person types to name a letter, and the letter that is meant.

A letter is named by the first six or more digits of its identity, by a registration number (`out:165`, `in:17`, `in:17@2025`),
by its line in the last list (`#3`), or by its temporary mark (`t-7F3KQ2`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cli.errors import LetterAmbiguousError, LetterNotFoundError, ReferenceFormError
from cli.settings import write_atomically
from domain.errors import IdError
from domain.ids import LetterId, OrgId, digest_from_hex, organisation_id
from domain.verdicts import RegisterKind

LAST_LIST_FILE: Final = "last-list.json"
LAST_LIST_LIMIT: Final = 20_000
"""As many as a letter has recipients: the longest list that one command prints."""
CANDIDATES_LIMIT: Final = 10
"""More candidates than that do not help anybody; one more digit of the identity does."""
SHORTEST_PREFIX: Final = 6
_PREFIX: Final = re.compile(r"[0-9a-f]{6,64}")
_NUMBER: Final = re.compile(r"(out|in):([1-9][0-9]{0,14})(?:@([0-9]{4}))?")
_LINE: Final = re.compile(r"#([1-9][0-9]{0,5})")
# The digits of domain.letters.mark_of: no I, L, O, U.
_MARK: Final = re.compile(r"t-[0-9A-HJKMNP-TV-Z]{6}")
_DIRECTIONS: Final = {"out": RegisterKind.OUTGOING, "in": RegisterKind.INCOMING}


@dataclass(frozen=True, kw_only=True, slots=True)
class ByIdentity:
    """The letter whose identity begins with these hexadecimal digits."""

    prefix: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ByNumber:
    """The letter with this number in the acting organisation's register; `year` None is the current one."""

    register: RegisterKind
    serial: int
    year: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ByLine:
    """The letter in this line of the last list, from 1."""

    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ByMark:
    """The letter with this temporary mark."""

    mark: str


LetterReference = ByIdentity | ByNumber | ByLine | ByMark


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The letter that is meant, and the recipient whose line of a list it was (None: the reference named none)."""

    letter: LetterId
    recipient: OrgId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberWanted:
    """A registration number to look up: whose register, which direction, which year, which serial."""

    organisation: OrgId
    register: RegisterKind
    year: int
    serial: int


class LetterIndex(Protocol):
    """Where letters are looked up; the projections and the queue have it."""

    def letters_with_prefix(self, prefix: str, limit: int) -> Sequence[LetterId]:
        """Return at most `limit` letters whose identity begins with these hexadecimal digits, queued ones included."""

    def letters_with_mark(self, mark: str) -> Sequence[LetterId]:
        """Return the letters that bear a temporary mark, queued ones included: one, or none, or by rare chance more."""

    def letters_with_number(self, wanted: NumberWanted) -> Sequence[LetterId]:
        """Return the letters that bear a number: one, or none."""

    def describe(self, letter: LetterId) -> str:
        """Return a letter in one line (number, date, parties, subject), to choose among candidates."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """For whom a reference is resolved: whose registers numbers are of, and the current year in the ledger's offset."""

    organisation: OrgId | None
    year: int


def parse_reference(text: str) -> LetterReference:
    """Return what a LETTER argument refers to; raise `ReferenceFormError` if it has none of the forms."""
    written = text.strip()
    if found := _NUMBER.fullmatch(written):
        year = int(found[3]) if found[3] else None
        return ByNumber(register=_DIRECTIONS[found[1]], serial=int(found[2]), year=year)
    if found := _LINE.fullmatch(written):
        return ByLine(line=int(found[1]))
    if _MARK.fullmatch(f"t-{written[2:].upper()}") and written[:2] == "t-":
        return ByMark(mark=f"t-{written[2:].upper()}")
    if _PREFIX.fullmatch(written.lower()):
        return ByIdentity(prefix=written.lower())
    raise ReferenceFormError(
        f"{text!r} refers to no letter. Write six or more digits of its identity, a number (out:165, in:17, in:17@2025), "
        "a line of the last list (#3), or a temporary mark (t-7F3KQ2)."
    )


def resolve(reference: LetterReference, index: LetterIndex, speaker: Speaker, home: Path) -> Named:
    """Return the one letter that a reference means.

    Raises `LetterNotFoundError` if there is none, `LetterAmbiguousError` with the candidates if there are several, and
    `ReferenceFormError` for a number when nobody's register is known.
    """
    if isinstance(reference, ByLine):
        return _line_of(read_last_list(home), reference.line)
    if isinstance(reference, ByIdentity):
        found = tuple(index.letters_with_prefix(reference.prefix, CANDIDATES_LIMIT + 1))
        return _only(found, f"begin with {reference.prefix}", index)
    if isinstance(reference, ByMark):
        return _only(tuple(index.letters_with_mark(reference.mark)), f"bear the mark {reference.mark}", index)
    if speaker.organisation is None:
        raise ReferenceFormError("A number belongs to a register, but it is not known whose: say who acts with --as OFFICER.")
    year = reference.year or speaker.year
    wanted = NumberWanted(organisation=speaker.organisation, register=reference.register, year=year, serial=reference.serial)
    direction = "outgoing" if reference.register is RegisterKind.OUTGOING else "incoming"
    about = f"bear the {direction} number {reference.serial} of {year} in the register of {speaker.organisation}"
    return _only(tuple(index.letters_with_number(wanted)), about, index)


def remember_list(home: Path, lines: Sequence[Named]) -> None:
    """Remember the letters of a list that was just printed, so that `#3` names its third line; raises `HomeError`."""
    kept = [{"letter": one.letter.hex(), "recipient": one.recipient} for one in lines[:LAST_LIST_LIMIT]]
    write_atomically(home / LAST_LIST_FILE, json.dumps({"lines": kept}) + "\n")


def read_last_list(home: Path) -> tuple[Named, ...]:
    """Return the lines of the last list, empty if there was none or it cannot be read."""
    try:
        lines = json.loads((home / LAST_LIST_FILE).read_text(encoding="utf-8"))["lines"]
        return tuple(
            Named(
                letter=LetterId(digest_from_hex(one["letter"])),
                recipient=None if one["recipient"] is None else organisation_id(one["recipient"]),
            )
            for one in lines
        )
    except (OSError, ValueError, KeyError, TypeError, IdError):
        # It only saves typing: a file that is not there or not whole means that there is no last list.
        return ()


def _line_of(lines: tuple[Named, ...], line: int) -> Named:
    if not lines:
        raise LetterNotFoundError(f"#{line} names no letter: no list was printed here yet. Run `ortoo inbox` or `ortoo outbox`.")
    if line > len(lines):
        raise LetterNotFoundError(f"#{line} names no letter: the last list has {len(lines)} lines. Run it again to see them.")
    return lines[line - 1]


def _only(found: tuple[LetterId, ...], about: str, index: LetterIndex) -> Named:
    if len(found) == 1:
        return Named(letter=found[0])
    if not found:
        raise LetterNotFoundError(
            f"No letters known here {about}. `ortoo letter list` shows those that are; `ortoo station status` says how "
            "far this station has read."
        )
    candidates = tuple(f"{one.hex()[:12]}  {index.describe(one)}".rstrip() for one in found[:CANDIDATES_LIMIT])
    more = "at least " if len(found) > CANDIDATES_LIMIT else ""
    raise LetterAmbiguousError(f"{more}{len(found)} letters {about}; write more of the one that is meant:", candidates)
