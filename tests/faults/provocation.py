"""A provocation: what makes the judge give one reason, as a function from a court to the record that is put before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.reasons import Reason, step_of
from tests.court import Court
from tests.fixed_exchange import Said

Record = Said | bytes | None
"""Something signed, bytes of a foreign program, or an empty slot."""
Provoke = Callable[[Court], Record]
"""Brings about what the case needs, all of it accepted, and returns the record that is then to be rejected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provocation:
    """A case of the table: the reason, the case in words, and what provokes it."""

    reason: Reason
    name: str
    provoke: Provoke

    @property
    def id(self) -> str:
        """The case as a test's name shows it: step, reason, case."""
        return f"{step_of(self.reason)}-{self.reason.name}-{self.name}"


def provokes(reason: Reason) -> Callable[[Provoke], Provocation]:
    """Make a case of a function whose name says what it does wrong."""
    return lambda provoke: Provocation(reason=reason, name=getattr(provoke, "__name__", ""), provoke=provoke)
