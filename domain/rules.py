"""How a rule is written down: preconditions in order, each with its reason, and the changes that follow.

The judge runs exactly these, a station rehearses an event with exactly these, and `docs/reference/rules.md` prints
exactly these: a rule exists once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.changes import Change, State, View, moment
from domain.codec import Codec
from domain.errors import RejectedError
from domain.events import Body
from domain.ids import Digest, OfficerId
from domain.reasons import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One event before the rules: what it says, where and when it stands, and all that is known before it.

    `at` is ledger time in milliseconds. `identity` names what the event creates; no precondition reads it (a
    rehearsal passes zeros). `officers` are those whose keys sign, in the order of the signers (step 4).
    """

    view: View
    codec: Codec
    body: Any
    position: int
    at: int
    identity: Digest
    officers: tuple[OfficerId, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Precondition:
    """Something that must hold: `check` raises `RejectedError` with one of `reasons`; `sentence` is for the docs."""

    reasons: tuple[Reason, ...]
    sentence: str
    check: Callable[[Case], None]


class Signers(StrEnum):
    """How many certificates or root keys sign a type of event."""

    ONE = "one officer or station"
    ONE_TO_EIGHT = "one to eight officers"
    ROOTS = "exactly the threshold of root keys"
    ONE_OR_ROOTS = "one officer, or exactly the threshold of root keys"
    GENESIS = "the first registrar and every root key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """The rule for one type of event: who signs (step 3), who may (step 8), what must hold (step 9), what follows."""

    event: type[Body]
    signers: Signers
    authority: tuple[Precondition, ...]
    preconditions: tuple[Precondition, ...]
    changes: Callable[[Case], tuple[Change, ...]]


def requires(reason: Reason, holds: Callable[[Case], bool]) -> Precondition:
    """Make a precondition of a function that tells whether it holds; its docstring is the sentence for the docs."""

    def check(case: Case) -> None:
        if not holds(case):
            raise RejectedError(reason)

    return Precondition(reasons=(reason,), sentence=_first_line(holds), check=check)


def forbids(reasons: tuple[Reason, ...], check: Callable[[Case], None]) -> Precondition:
    """Make a precondition of a function that raises `RejectedError` with one of several reasons."""
    return Precondition(reasons=reasons, sentence=_first_line(check), check=check)


def stamp(case: Case, aggregate_id: str, state: State | None) -> dict[str, Any]:
    """Return the fields that every change has: the aggregate, its next version, and ledger time."""
    return {
        "originator_id": aggregate_id,
        "originator_version": state.version + 1 if state else 1,
        "timestamp": moment(case.at),
    }


def _first_line(function: Callable[..., Any]) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]
