"""Registers: an organisation's numbers of one direction and year, given in ledger order and without gaps.

Aggregates: `registers:<organisation>:<direction>` (how its numbers are printed and where a book begins, from which year)
and `register:<organisation>:<direction>:<year>` (the last number given). A register keeps the printed form that was
defined when it gave its first number, so that no later event changes how a number looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final, cast

from domain.authority import role, speaks_for_no_unit
from domain.changes import Change, State, View, moment
from domain.directory import Role
from domain.events import RegisterDefined
from domain.exchange import exchange
from domain.ids import OrgId, kept
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, requires, stamp
from domain.verdicts import Number, RegisterKind

DIRECTIONS: Final = {"outgoing": RegisterKind.OUTGOING, "incoming": RegisterKind.INCOMING}
FORMAT_WITH_CASE: Final = "{serial}/{case}"
FORMAT_WITHOUT_CASE: Final = "{serial}"

_PLACEHOLDER: Final = re.compile(r"\{(serial|case|year)\}")
_CASE_AND_SEPARATOR: Final = re.compile(r"^\{case\}[-/. ]?|[-/. ]?\{case\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """From a year on, numbers are printed in this format; that year's book begins at `first_serial`, later ones at 1."""

    year_from: int
    format: str
    first_serial: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Definitions(State):
    """All definitions of an organisation's registers of one direction, by year."""

    definitions: tuple[Definition, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Register(State):
    """The register of one year that has given a number: the last serial, and how it prints (None: as nobody defined it)."""

    last_serial: int
    format: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionEntered(Change):
    """A definition was added, or took the place of the one from the same year."""

    TOPIC: ClassVar[str] = "registers.defined.v1"
    definition: Definition

    def mutate(self, aggregate: Definitions | None) -> Definitions:
        """Return the definitions with this one."""
        others = aggregate.definitions if aggregate else ()
        kept = (other for other in others if other.year_from != self.definition.year_from)
        definitions = tuple(sorted((*kept, self.definition), key=lambda one: one.year_from))
        return Definitions(id=self.originator_id, version=self.originator_version, definitions=definitions)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberGiven(Change):
    """The register gave its next number; the first one fixes the printed form for the year."""

    TOPIC: ClassVar[str] = "register.number_given.v1"
    number: Number
    format: str | None

    def mutate(self, aggregate: Register | None) -> Register:  # noqa: ARG002 - it says all there is to say
        """Return the register after this number."""
        return Register(
            id=self.originator_id,
            version=self.originator_version,
            last_serial=self.number.serial,
            format=self.format,
        )


def registers_id(organisation: OrgId, kind: RegisterKind) -> str:
    """Return the id of the aggregate of an organisation's definitions of one direction."""
    return f"registers:{organisation}:{kind.name.lower()}"


@kept
def register_id(organisation: OrgId, kind: RegisterKind, year: int) -> str:
    """Return the id of the aggregate of one year's register."""
    return f"register:{organisation}:{kind.name.lower()}:{year}"


def definitions(view: View, organisation: OrgId, kind: RegisterKind) -> tuple[Definition, ...]:
    """Return an organisation's definitions of one direction, by year; none if it never defined one."""
    found = cast("Definitions | None", view.get(registers_id(organisation, kind)))
    return found.definitions if found else ()


def register(view: View, organisation: OrgId, kind: RegisterKind, year: int) -> Register | None:
    """Return the register of a year, None if it has given no number yet."""
    return cast("Register | None", view.get(register_id(organisation, kind, year)))


def year_of(at_ms: int, utc_offset_minutes: int) -> int:
    """Return the year in which ledger time falls by the ledger's own offset; no time zone is consulted."""
    return (moment(at_ms) + timedelta(minutes=utc_offset_minutes)).year


def year_of_case(case: Case) -> int:
    """Return the year in which a record's numbers are given."""
    return year_of(case.at, exchange(case.view).utc_offset_minutes)


def next_number(view: View, organisation: OrgId, kind: RegisterKind, year: int) -> Number:
    """Return the number that this register gives next: one more than its last, or where its book begins."""
    return _after(view, register(view, organisation, kind, year), organisation, kind, year)


def give_number(case: Case, organisation: OrgId, kind: RegisterKind) -> tuple[Number, NumberGiven]:
    """Return the number that an accepted event gets in an organisation's register, and the change that takes it."""
    year = year_of_case(case)
    now = register(case.view, organisation, kind, year)
    number = _after(case.view, now, organisation, kind, year)
    taken = NumberGiven(
        **stamp(case, register_id(organisation, kind, year), now),
        number=number,
        format=now.format if now else _format_defined(case.view, organisation, kind, year),
    )
    return number, taken


def _after(view: View, now: Register | None, organisation: OrgId, kind: RegisterKind, year: int) -> Number:
    serial = now.last_serial + 1 if now else first_serial(view, organisation, kind, year)
    return Number(organisation=organisation, register=kind, year=year, serial=serial)


def format_in(view: View, organisation: OrgId, kind: RegisterKind, year: int) -> str | None:
    """Return in which format a year's numbers are printed: as fixed by its first, else as defined; None: undefined."""
    now = register(view, organisation, kind, year)
    return now.format if now else _format_defined(view, organisation, kind, year)


def _format_defined(view: View, organisation: OrgId, kind: RegisterKind, year: int) -> str | None:
    past = [one for one in definitions(view, organisation, kind) if one.year_from <= year]
    return past[-1].format if past else None


def printed(view: View, number: Number, case_index: str | None) -> str:
    """Return a number as its organisation prints it."""
    return print_number(format_in(view, number.organisation, number.register, number.year), number, case_index)


def print_number(format_: str | None, number: Number, case_index: str | None) -> str:
    """Return a number in a format (None: the one of an undefined register).

    Without a case index `{case}` goes, together with the hyphen, slash, full stop or space that joins it.
    """
    text = format_ or (FORMAT_WITHOUT_CASE if case_index is None else FORMAT_WITH_CASE)
    if case_index is None:
        text = _CASE_AND_SEPARATOR.sub("", text)
    values = {"serial": str(number.serial), "year": str(number.year), "case": case_index or ""}
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def first_serial(view: View, organisation: OrgId, kind: RegisterKind, year: int) -> int:
    """Return where an organisation's book of one direction and year begins."""
    begun = (one.first_serial for one in definitions(view, organisation, kind) if one.year_from == year)
    return next(begun, 1)


def _direction_is_known(case: Case) -> bool:
    """The direction is `outgoing` or `incoming`."""
    return case.body.direction in DIRECTIONS


def _format_is_right(case: Case) -> bool:
    """The format holds {serial} once, {case} and {year} at will, and no other brace."""
    text = case.body.format
    return text.count("{serial}") == 1 and not set("{}") & set(_PLACEHOLDER.sub("", text))


def _year_is_not_past(case: Case) -> bool:
    """The year is the current one of this record's ledger time and the ledger's offset, or a later one."""
    return bool(case.body.year_from >= year_of_case(case))


def _register_is_unused(case: Case) -> bool:
    """The register of that year has given no number."""
    body = case.body
    return register(case.view, body.header.organisation, DIRECTIONS[body.direction], body.year_from) is None


def _define(case: Case) -> tuple[Change, ...]:
    body = case.body
    aggregate_id = registers_id(body.header.organisation, DIRECTIONS[body.direction])
    definition = Definition(year_from=body.year_from, format=body.format, first_serial=body.first_serial)
    return (DefinitionEntered(**stamp(case, aggregate_id, case.view.get(aggregate_id)), definition=definition),)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=RegisterDefined,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.UNIT_HAS_NONE, speaks_for_no_unit),
            requires(Reason.CODE_UNKNOWN, _direction_is_known),
            requires(Reason.REGISTER_FORMAT_WRONG, _format_is_right),
            requires(Reason.REGISTER_YEAR_PAST, _year_is_not_past),
            requires(Reason.REGISTER_IN_USE, _register_is_unused),
        ),
        changes=_define,
    ),
)
