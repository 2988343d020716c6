"""Letters: what a dispatch says for ever, and the tally of what became of it.

Aggregates: `letter:<identity>` never changes again; `tally:<identity>` counts its recipients by state and keeps what the
sender did to it later; `transfers:<identity>` names those to whom recipients passed it on (rules 3). Who receives a letter is
derived: a circular to 10,000 is one small state.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain import directory, groups
from domain.changes import Change, State, View
from domain.header import Ref
from domain.ids import LetterId, OfficerId, OrgId, kept

ACTION: Final = "action"
INFORMATION: Final = "information"
CAPACITIES: Final = frozenset({ACTION, INFORMATION})
MARK_BITS: Final = 30
"""Six characters of five bits: two letters that wait at one station agree in them once in a billion."""
_MARK_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base32 of Crockford: no I, L, O, U, so that a mark can be read out on the telephone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """An organisation to which a letter goes: for action or information, and to whose attention."""

    organisation: OrgId
    capacity: str
    attention: OfficerId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAddressed:
    """A version of one of the sender's groups to which a letter goes."""

    group: OrgId
    version: int
    capacity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter(State):
    """What an accepted dispatch says that rules ask for later; `named` is sorted by organisation."""

    letter: LetterId
    position: int
    sender: OrgId
    named: tuple[Recipient, ...]
    groups: tuple[GroupAddressed, ...]
    acknowledge_by: int | None
    replaces: tuple[Ref, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally(State):
    """How many recipients stand where, and what the sender did: positions of the last recall, of missed, and who supersedes."""

    open: int
    open_action: int
    acknowledged: int
    refused: int
    recall_asked: int
    recalled: int
    last_recall: int | None
    missed: int | None
    superseded_by: LetterId | None
    superseded_position: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterEntered(Change):
    """A letter was dispatched."""

    TOPIC: ClassVar[str] = "letter.entered.v1"
    letter: LetterId
    position: int
    sender: OrgId
    named: tuple[Recipient, ...]
    groups: tuple[GroupAddressed, ...]
    acknowledge_by: int | None
    replaces: tuple[Ref, ...]

    def mutate(self, aggregate: None) -> Letter:  # noqa: ARG002 - the first and only change
        """Return the letter."""
        return Letter(
            id=self.originator_id,
            version=self.originator_version,
            letter=self.letter,
            position=self.position,
            sender=self.sender,
            named=self.named,
            groups=self.groups,
            acknowledge_by=self.acknowledge_by,
            replaces=self.replaces,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TallyBegun(Change):
    """A letter goes to so many recipients, so many of them for action."""

    TOPIC: ClassVar[str] = "tally.begun.v1"
    recipients: int
    for_action: int

    def mutate(self, aggregate: None) -> Tally:  # noqa: ARG002 - the first change has nothing before it
        """Return the tally of a letter about which nobody has decided."""
        return Tally(
            id=self.originator_id,
            version=self.originator_version,
            open=self.recipients,
            open_action=self.for_action,
            acknowledged=0,
            refused=0,
            recall_asked=0,
            recalled=0,
            last_recall=None,
            missed=None,
            superseded_by=None,
            superseded_position=None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tallied(Change):
    """One recipient, addressed for action or not, went from one state to another (names of states, as in the tally)."""

    TOPIC: ClassVar[str] = "tally.moved.v1"
    before: str
    after: str
    for_action: bool

    def mutate(self, aggregate: Tally) -> Tally:
        """Return the tally with this recipient moved."""
        counts = {self.before: getattr(aggregate, self.before) - 1, self.after: getattr(aggregate, self.after) + 1}
        leaves_open = self.for_action and self.before == "open"
        enters_open = self.for_action and self.after == "open"
        return replace(
            aggregate,
            version=self.originator_version,
            open_action=aggregate.open_action - leaves_open + enters_open,
            **counts,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TallyTransferred(Change):
    """One recipient passed the letter on, from the state `before`: he is counted no more, and another one is, as open."""

    TOPIC: ClassVar[str] = "tally.transferred.v1"
    before: str
    for_action: bool

    def mutate(self, aggregate: Tally) -> Tally:
        """Return the tally with the new recipient in the place of the old one."""
        was_open = self.before == "open"
        counts = {} if was_open else {self.before: getattr(aggregate, self.before) - 1, "open": aggregate.open + 1}
        opens_action = self.for_action and not was_open
        return replace(aggregate, version=self.originator_version, open_action=aggregate.open_action + opens_action, **counts)


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOn:
    """A recipient by a transfer: in which capacity, and where he became one."""

    organisation: OrgId
    capacity: str
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfers(State):
    """Everybody to whom recipients passed a letter on, in ledger order."""

    passed_on: tuple[PassedOn, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferEntered(Change):
    """A recipient passed a letter on to another organisation."""

    TOPIC: ClassVar[str] = "transfers.entered.v1"
    letter: LetterId
    to: PassedOn

    def mutate(self, aggregate: Transfers | None) -> Transfers:
        """Return the transfers with this one."""
        before = aggregate.passed_on if aggregate else ()
        return Transfers(id=self.originator_id, version=self.originator_version, passed_on=(*before, self.to))


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled(Change):
    """The sender recalled the letter: it is gone where it is open, and asked back where it was acknowledged."""

    TOPIC: ClassVar[str] = "tally.recalled.v1"
    position: int

    def mutate(self, aggregate: Tally) -> Tally:
        """Return the tally after the recall."""
        return replace(
            aggregate,
            version=self.originator_version,
            open=0,
            open_action=0,
            acknowledged=0,
            recalled=aggregate.recalled + aggregate.open,
            recall_asked=aggregate.recall_asked + aggregate.acknowledged,
            last_recall=self.position,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Superseded(Change):
    """The sender declared that a later letter takes this one's place."""

    TOPIC: ClassVar[str] = "tally.superseded.v1"
    by: LetterId
    position: int

    def mutate(self, aggregate: Tally) -> Tally:
        """Return the tally, superseded."""
        return replace(
            aggregate,
            version=self.originator_version,
            superseded_by=self.by,
            superseded_position=self.position,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed(Change):
    """The time to acknowledge passed while somebody was silent."""

    TOPIC: ClassVar[str] = "tally.missed.v1"
    position: int

    def mutate(self, aggregate: Tally) -> Tally:
        """Return the tally with the missed term."""
        return replace(aggregate, version=self.originator_version, missed=self.position)


def mark_of(letter_id: LetterId) -> str:
    """Return the mark that a letter bears until the ledger gives it a number, such as `t-7F3KQ2`; it finds it ever after."""
    number = int.from_bytes(letter_id, "big") >> (8 * len(letter_id) - MARK_BITS)
    return "t-" + "".join(_MARK_DIGITS[number >> shift & 31] for shift in range(MARK_BITS - 5, -1, -5))


@kept
def letter_key(letter_id: LetterId) -> str:
    """Return the id of a letter's aggregate."""
    return f"letter:{letter_id.hex()}"


@kept
def tally_key(letter_id: LetterId) -> str:
    """Return the id of the aggregate of a letter's tally."""
    return f"tally:{letter_id.hex()}"


@kept
def transfers_key(letter_id: LetterId) -> str:
    """Return the id of the aggregate of a letter's transfers."""
    return f"transfers:{letter_id.hex()}"


def letter(view: View, letter_id: LetterId) -> Letter | None:
    """Return an accepted letter, None if there is no such."""
    return cast("Letter | None", view.get(letter_key(letter_id)))


def tally(view: View, letter_id: LetterId) -> Tally:
    """Return the tally of an accepted letter."""
    return cast("Tally", view.get(tally_key(letter_id)))


def passed_on_to(view: View, letter_id: LetterId) -> tuple[PassedOn, ...]:
    """Return everybody to whom recipients passed a letter on, in ledger order."""
    found = cast("Transfers | None", view.get(transfers_key(letter_id)))
    return found.passed_on if found else ()


def capacity_of(view: View, sent: Letter, organisation: OrgId) -> str | None:
    """Return in which capacity an organisation received a letter, by its dispatch or a transfer; None if it did not."""
    addressed = addressed_capacity(view, sent, organisation)
    if addressed is not None or organisation == sent.sender:
        return addressed
    return next((one.capacity for one in passed_on_to(view, sent.letter) if one.organisation == organisation), None)


def addressed_capacity(view: View, sent: Letter, organisation: OrgId) -> str | None:
    """Return in which capacity a letter was addressed to an organisation, None if it was not: action beats information.

    It never changes after the dispatch, whatever happens later.
    """
    if organisation == sent.sender:
        return None
    capacities = {named.capacity for named in _named(sent, organisation)}
    member = any(groups.is_member(view, sent.sender, g.group, g.version, organisation) for g in sent.groups)
    if member and not was_closed(view, organisation, sent.position):
        capacities |= {g.capacity for g in sent.groups if groups.is_member(view, sent.sender, g.group, g.version, organisation)}
    if not capacities:
        return None
    return ACTION if ACTION in capacities else INFORMATION


def recipients(view: View, sent: Letter) -> Iterator[Recipient]:
    """Yield everybody to whom a letter is addressed, once each: the named ones, then the members of its groups.

    Closed members drop out as of the dispatch, so that any view from there on gives the same answer.
    """
    everybody: dict[OrgId, Recipient] = {named.organisation: named for named in sent.named}
    everybody.pop(sent.sender, None)
    for addressed in sent.groups:
        for member in groups.members(view, sent.sender, addressed.group, addressed.version):
            known = everybody.get(member)
            if known is None:
                if member != sent.sender and not was_closed(view, member, sent.position):
                    everybody[member] = Recipient(organisation=member, capacity=addressed.capacity, attention=None)
            elif known.capacity != ACTION and addressed.capacity == ACTION:
                everybody[member] = replace(known, capacity=ACTION)
    yield from everybody.values()


def all_recipients(view: View, sent: Letter) -> Iterator[Recipient]:
    """Yield everybody who received a letter so far: those to whom it is addressed, then those to whom it was passed on."""
    yield from recipients(view, sent)
    for one in passed_on_to(view, sent.letter):
        yield Recipient(organisation=one.organisation, capacity=one.capacity, attention=None)


def was_closed(view: View, organisation: OrgId, position: int) -> bool:
    """Tell whether an organisation was closed when the record at `position` was judged."""
    if organisation not in directory.marks(view).closed:
        return False
    found = directory.organisation(view, organisation)
    return found is not None and found.closed_position is not None and found.closed_position < position


def _named(sent: Letter, organisation: OrgId) -> tuple[Recipient, ...]:
    i = bisect_left(sent.named, organisation, key=lambda named: named.organisation)
    if i < len(sent.named) and sent.named[i].organisation == organisation:
        return (sent.named[i],)
    return ()
