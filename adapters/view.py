"""The view that the judge reads: the store, and on top of it what the records of this batch have changed already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Protocol, cast

from adapters.errors import StoreDamagedError
from domain.approvals import request_key
from domain.changes import Inbox, Original, Recorded, State
from domain.consignments import consignment_key
from domain.directory import OrganisationEntered
from domain.events import Body, KeyEnrolled, LetterDispatched
from domain.events_approvals import ApprovalRequested
from domain.ids import ZERO_DIGEST, Digest, EventId, LetterId, OfficerId, OrgId
from domain.inboxes import INBOXES_ID, Commitment, InboxesCommitted, extended
from domain.letters import LetterEntered, TransferEntered, letter_key, tally_key
from domain.reading import Opened
from domain.reasons import Reason
from domain.tree import Frontier, leaf_hash
from domain.verdicts import Judged, Verdict

CACHED_STATES: Final = 50_000
"""Some 50 MB of states at most; a larger exchange works on, a little slower."""
FETCHED_STATES: Final = 5_000
"""Asked for at once: more than an honest batch needs, fewer than the values that a statement may have."""
_DUPLICATES: Final = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT})


Saying = tuple[OfficerId, EventId]
"""Who said it, and the id that he gave it."""


class Stored(Protocol):
    """What the view needs of the store."""

    def next_position(self) -> int:
        """Return the position after the last one stored."""

    def state(self, aggregate_id: str) -> State | None:
        """Return the stored state of an aggregate."""

    def states(self, aggregate_ids: Sequence[str]) -> Mapping[str, State]:
        """Return the stored states of many aggregates, without those to which nothing has happened."""

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the authentic event that consumed this (officer, event id)."""

    def originals(self, events: Sequence[Saying]) -> Mapping[Saying, Original]:
        """Return the same for many (officer, event id), without those that are new."""

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size that is stored."""

    def trees(self) -> tuple[Frontier, Frontier]:
        """Return both trees as stored."""

    def letters_addressed_to(self, organisation: OrgId) -> Iterable[LetterId]:
        """Return the stored letters that name an organisation, itself or in a group."""

    def latest_time(self, after: int) -> int:
        """Return the latest ledger time of the stored records behind a position, -1 if there are none."""

    def verdict(self, position: int) -> Verdict | None:
        """Return the verdict on a position, None if it is not stored yet."""

    def event(self, identity: Digest) -> Recorded | None:
        """Return a stored authentic event by its identity."""

    def dispatches(self, start: int, stop: int) -> Iterable[LetterId]:
        """Yield the stored letters accepted at positions from `start` to before `stop`."""

    def inboxes(self) -> Sequence[Inbox]:
        """Return every stored organisation's inbox as it was committed to last."""


class StoreView:
    """A `domain.changes.View` over a store, extended record by record while a batch is judged."""

    def __init__(self, store: Stored) -> None:
        """Begin with what is stored."""
        self._store = store
        # Two generations: what was not asked for while a whole one filled up is forgotten.
        self._young: dict[str, State | None] = {}
        self._old: dict[str, State | None] = {}
        self._states: dict[str, State | None] = {}
        self._originals: dict[Saying, Original | None] = {}
        self._pending: list[Judged] = []
        self._grown: list[tuple[Frontier, Frontier]] = []
        self._stands_at = 0
        self._inboxes: tuple[int, tuple[Inbox, ...]] | None = None
        self._latest: dict[int, int] = {}

    @property
    def pending(self) -> tuple[Judged, ...]:
        """What was judged since the last `settle`."""
        return tuple(self._pending)

    def stand_at(self, position: int) -> None:
        """Answer as of a store that ends at this position: forget what was cached when it ended at another one.

        Another process of this station may have written the store since. To be called before a batch is judged or shown.
        """
        if position != self._stands_at:
            self.forget()
            self._stands_at = position

    def get(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""
        try:
            return self._young[aggregate_id]
        except KeyError:
            state = self._find(aggregate_id)
            self._remember(aggregate_id, state)
            return state

    def _find(self, aggregate_id: str) -> State | None:
        for known in (self._states, self._old):
            if aggregate_id in known:
                return known[aggregate_id]
        return self._store.state(aggregate_id)

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the authentic event that consumed this (officer, event id), None if it is new."""
        saying = (officer, event_id)
        if saying in self._originals:
            return self._originals[saying]
        return self._store.original(officer, event_id)

    def fetch(self, opened: Sequence[Opened]) -> None:
        """Ask the store in one go for what judging these events will probably ask for; anything else is asked one by one."""
        sayings = list(dict.fromkeys((one.body.header.officer, one.body.header.event_id) for one in opened))
        wanted = dict.fromkeys(name for one in opened for name in _aggregates_of(one.body))
        missing = [name for name in wanted if name not in self._young and name not in self._states and name not in self._old]
        if len(sayings) > 1:
            found = self._store.originals(sayings)
            self._originals.update((saying, found.get(saying)) for saying in sayings)
        if len(missing) > 1:
            states = self._store.states(missing[:FETCHED_STATES])
            for name in missing[:FETCHED_STATES]:
                self._remember(name, states.get(name))

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots when the logs had `size` leaves; asked for each record, each of which has seen a little more."""
        stored = self._store.next_position()
        if size <= stored:
            return self._store.roots_at(size)
        wanted = min(size - stored, len(self._pending))
        for judged in self._pending[len(self._grown) : wanted]:
            records, verdicts = self._grown[-1] if self._grown else self._store.trees()
            grown, _ = records.append(leaf_hash(judged.record or b""))
            self._grown.append((grown, verdicts.append(leaf_hash(judged.verdict.leaf()))[0]))
        records, verdicts = self._grown[wanted - 1] if wanted else self._store.trees()
        return records.root(), verdicts.root()

    def letters_addressed_to(self, organisation: OrgId) -> Iterator[LetterId]:
        """Yield the letters that may go to an organisation: the stored ones that do, and all of this batch."""
        yield from self._store.letters_addressed_to(organisation)
        for judged in self._pending:
            yield from (one.letter for one in judged.changes if isinstance(one, LetterEntered | TransferEntered))

    def latest_time(self, after: int) -> int:
        """Return the latest ledger time of the records behind a position; asked for each record while rules are announced."""
        if after not in self._latest:
            here = (one.verdict.at for one in self._pending if one.verdict.position > after)
            self._latest[after] = max((self._store.latest_time(after), *here))
        return self._latest[after]

    def time_at(self, position: int) -> int:
        """Return the ledger time of a record that was judged before; raise `StoreDamagedError` if its verdict is gone."""
        here = next((one.verdict for one in self._pending if one.verdict.position == position), None)
        verdict = here or self._store.verdict(position)
        if verdict is None:
            raise StoreDamagedError("log", f"position {position} was judged, and its verdict is gone")
        return verdict.at

    def event(self, identity: Digest) -> Recorded | None:
        """Return an authentic event by its identity, None if there is none."""
        found = self._store.event(identity)
        if found is not None:
            return found
        for judged in self._pending:
            verdict = judged.verdict
            if verdict.is_authentic and verdict.identity == identity and judged.record is not None:
                return Recorded(position=verdict.position, record=judged.record, is_accepted=verdict.is_accepted)
        return None

    def inboxes_at(self, size: int) -> tuple[Inbox, ...]:
        """Return the inboxes of everybody registered before a size, over the letters accepted before it.

        What was stored at the last commitment is extended by the letters since; it is remembered, because whoever judges a
        commitment asks for the same once more when it is stored.
        """
        if self._inboxes is None or self._inboxes[0] != size:
            stored = cast("Commitment | None", self._store.state(INBOXES_ID))
            begun = [*self._store.inboxes(), *self._registered()]
            letters = chain(self._store.dispatches(stored.size if stored else 0, size), self._dispatched(size))
            self._inboxes = (size, extended(self, (one for one in begun if one.position < size), letters))
        return self._inboxes[1]

    def committed_inboxes(self) -> tuple[Inbox, ...]:
        """Return the inboxes of the last commitment in this batch, nothing if there is none."""
        committed = [change for judged in self._pending for change in judged.changes if isinstance(change, InboxesCommitted)]
        return self.inboxes_at(committed[-1].size) if committed else ()

    def _registered(self) -> Iterator[Inbox]:
        for judged in self._pending:
            for change in judged.changes:
                if isinstance(change, OrganisationEntered) and change.originator_version == 1:
                    yield Inbox(organisation=change.entry.organisation, position=change.position, letters=0, head=ZERO_DIGEST)

    def _dispatched(self, size: int) -> Iterator[LetterId]:
        for judged in self._pending:
            for change in judged.changes:
                if isinstance(change, LetterEntered) and change.position < size:
                    yield change.letter

    def add(self, judged: Judged) -> None:
        """Extend the view by a verdict and what it changes."""
        self._pending.append(judged)
        verdict, body = judged.verdict, judged.body
        for after, latest in self._latest.items():
            self._latest[after] = max(latest, verdict.at)
        if verdict.is_authentic and body is not None and verdict.reason not in _DUPLICATES:
            key = (body.header.officer, body.header.event_id)
            self._originals[key] = Original(position=verdict.position, identity=verdict.identity)
        for change in judged.changes:
            # Nothing is before a first change, and most are: no letter or consignment was there before.
            before = None if change.originator_version == 1 else self.get(change.originator_id)
            state = self._states[change.originator_id] = change.mutate(before)
            self._remember(change.originator_id, state)

    def changed_states(self) -> tuple[State, ...]:
        """Return the states after the batch of everything that it changed."""
        return tuple(state for state in self._states.values() if state is not None)

    def settle(self) -> None:
        """Forget the batch, which the store holds now; keep its states at hand."""
        if self._pending:
            # Not what the store says now: another process may have written behind this batch already.
            self._stands_at = self._pending[-1].verdict.position + 1
        for aggregate_id, state in self._states.items():
            self._remember(aggregate_id, state)
        self._states.clear()
        self._originals.clear()
        self._pending.clear()
        self._grown.clear()

    def forget(self) -> None:
        """Forget everything that is not in the store, and all that was cached."""
        self._states.clear()
        self._originals.clear()
        self._pending.clear()
        self._grown.clear()
        self._young.clear()
        self._old.clear()
        self._latest.clear()
        self._inboxes = None

    def _remember(self, aggregate_id: str, state: State | None) -> None:
        self._young[aggregate_id] = state
        if len(self._young) > CACHED_STATES // 2:
            self._old, self._young = self._young, {}


def _aggregates_of(body: Body) -> Iterator[str]:
    """Yield the aggregates of letters and approvals that the rules will probably ask for; the directory's are at hand mostly."""
    match body:
        case LetterDispatched(references=refs, approvals=approvals):
            for ref in (*refs.answers, *refs.follows, *refs.replaces, *refs.relates):
                yield letter_key(LetterId(ref.identity))
            yield from (request_key(ref.identity) for ref in approvals)
        case ApprovalRequested(letter=subject, follows=earlier):
            # Its letter is a reference, which may lead to another ledger; of others the letter is on this one.
            if subject is not None:
                yield letter_key(LetterId(subject.identity))
            if earlier is not None:
                yield request_key(earlier)
        case _:
            yield from _aggregates_named(body)


def _aggregates_named(body: Body) -> Iterator[str]:
    request: Digest | None = getattr(body, "request", None)
    if request is not None and not isinstance(body, KeyEnrolled):
        yield request_key(request)
    letter_id: LetterId | None = getattr(body, "letter", None)
    if letter_id is not None:
        yield letter_key(letter_id)
        yield tally_key(letter_id)
        recipient: OrgId | None = getattr(body, "recipient", None)
        if recipient is not None:
            yield consignment_key(letter_id, recipient)
