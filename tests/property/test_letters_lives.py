"""Random orders of all that is said of letters after they are written, by right and wrong speakers: what holds whatever comes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.changes import View
from domain.consignments import COUNTED_STATES, ConsignmentState, consignment, effective, handling
from domain.events import (
    Body,
    LetterDispatched,
    LetterRecalled,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.events_office import (
    ConsignmentClosed,
    ConsignmentFetched,
    ConsignmentTransferred,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
)
from domain.ids import Digest, LetterId, OrgId
from domain.letters import ACTION, all_recipients, letter, tally
from domain.reasons import Reason
from domain.verdicts import Verdict
from tests.court import Court
from tests.fixed_exchange import Clock, Said
from tests.ledger_readers import Ground, Written, body_of, ground_of, in_memory, require_registers_without_gaps

LONGER: Final = int(os.environ.get("HUNT", "1"))
LEDGERS: Final = 24 * LONGER
ACTS: Final = 60
STEP_MS: Final = 1_000
CLERKS: Final = {"mfy-001": "secretary", "mfy-002": "secretary-2", "mfy-003": "secretary-3"}
STATIONS: Final = {"mfy-001": "post", "mfy-002": "post-2", "mfy-003": "post-3"}
EVERYBODY: Final = (*CLERKS.values(), *STATIONS.values(), "deputy", "clerk", "machine", "chair", "office-clerk")
NEEDED: Final[dict[type[Any], dict[str, Any]]] = {
    ReceiptAcknowledged: {},
    ReceiptRefused: {"reason": "WRONG_ADDRESSEE", "duplicate_of": None, "cover": None},
    RecallAccepted: {},
    RecallDeclined: {"reason": None, "cover": None},
    ReceiptWithdrawn: {"reason": "ENTERED_IN_ERROR", "cover": None},
    ConsignmentTransferred: {"reason": "NOT_IN_COMPETENCE", "cover": None},
    ConsignmentClosed: {"how": "noted", "by": None, "case_index": "01-02", "cover": None},
    ConsignmentFetched: {},
}
"""What recipients say, and what their events need besides the letter and the recipient."""
FOLLOWING: Final[dict[type[Any] | None, tuple[type[Any], ...]]] = {
    None: (*(ReceiptAcknowledged,) * 6, ReceiptRefused, ConsignmentTransferred),
    ReceiptAcknowledged: (ReceiptWithdrawn, ConsignmentTransferred, ConsignmentClosed, LetterRecalled, LetterRecalled),
    ReceiptWithdrawn: (ReceiptAcknowledged,),
    LetterRecalled: (RecallAccepted, RecallDeclined),
    RecallDeclined: (ConsignmentClosed, ReceiptWithdrawn, ConsignmentTransferred),
}
"""What fits after what was tried last at a recipient."""
KINDS: Final = (LetterDispatched, LetterRecalled, RegistrationCorrected, RegistrationVoided, *NEEDED)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    for committee, post in STATIONS.items():
        if post != "post":
            court.employ(post, committee, "station")
    return ground_of(court)


class Lives:
    """Letters, and what anybody says of them, written one after the other without asking whether it is accepted."""

    def __init__(self, ground: Ground, rng: Random) -> None:
        self.rng = rng
        self.clock = Clock(ground.court.clock() + STEP_MS)
        self.exchange = ground.court.exchange.copied(self.clock)
        self.slots: list[Written] = []
        self.letters: list[LetterId] = []
        self.consigned: list[tuple[LetterId, str]] = []
        self.tried: dict[tuple[LetterId, str], type[Any]] = {}
        self.entries: list[tuple[Digest, OrgId]] = []
        self._write(self._dispatch())
        for _ in range(ACTS):
            if rng.random() < 0.05:
                self._put(rng.choice(self.slots).record)
            else:
                self._write(self._something())

    def _put(self, record: bytes | None) -> None:
        self.slots.append(Written(record=record, stored_at_ms=self.clock()))
        self.clock.at_ms += STEP_MS

    def _write(self, said: Said) -> None:
        self._put(self.exchange.record(said))
        identity = self.exchange.identity_of(said)
        match said.body:
            case LetterDispatched() as body:
                self.letters.append(LetterId(identity))
                self.consigned += [(LetterId(identity), str(one.organisation)) for one in body.addressees]
            case ConsignmentTransferred() as body:
                self.consigned.append((body.letter, body.to))
            case _:
                pass
        if isinstance(said.body, LetterDispatched | ReceiptAcknowledged):
            self.entries.append((identity, said.body.header.organisation))

    def _dispatch(self) -> Said:
        who = "deputy" if self.rng.random() < 0.9 else self.rng.choice(EVERYBODY)
        return self.exchange.letter(who, to=tuple(sorted(self.rng.sample(sorted(CLERKS), self.rng.randint(1, 2)))))

    def _something(self) -> Said:
        """Return something that is said, mostly of a letter's recipient, by somebody who may, at a time that fits."""
        rng = self.rng
        here = rng.choice(self.consigned[-6:])
        fitting = FOLLOWING.get(self.tried.get(here), KINDS)
        kind = rng.choice(fitting if rng.random() < 0.7 else KINDS)
        if kind is LetterDispatched:
            return self._dispatch()
        if kind in (RegistrationCorrected, RegistrationVoided):
            return self._of_register(kind)
        if kind is not ConsignmentFetched:
            self.tried[here] = kind
        about, at = here if rng.random() < 0.9 else (here[0], rng.choice(sorted(CLERKS)))
        right = {LetterRecalled: "deputy", ConsignmentFetched: STATIONS[at]}.get(kind, CLERKS[at])
        who = right if rng.random() < 0.9 else rng.choice(EVERYBODY)
        if kind is LetterRecalled:
            return self.exchange.say(kind, who, letter=about, reason="WRONG_TEXT", cover=None)
        more: dict[str, Any] = {"to": OrgId(rng.choice(sorted(CLERKS)))} if kind is ConsignmentTransferred else {}
        return self.exchange.say(kind, who, letter=about, recipient=OrgId(at), **NEEDED[kind], **more)

    def _of_register(self, kind: type[Any]) -> Said:
        entry, organisation = self.rng.choice(self.entries[-10:])
        right = {"ministry": "clerk", **CLERKS}.get(organisation, "deputy")
        fields: dict[str, Any] = {"entry": entry, "cover": None}
        who = right if self.rng.random() < 0.9 else self.rng.choice(EVERYBODY)
        if kind is RegistrationVoided:
            return self.exchange.say(kind, who, reason="ENTERED_IN_ERROR", **fields)
        return self.exchange.say(kind, who, reason="WRONG_CASE", case_index=self.rng.choice(("01-05", "01-06")), **fields)


def require_nobody_twice(view: View, about: LetterId) -> None:
    """Nobody is recipient of a letter twice, nor its sender."""
    found = letter(view, about)
    if found is None:
        return
    everybody = [one.organisation for one in all_recipients(view, found)]
    assert len(everybody) == len(set(everybody))
    assert found.sender not in everybody


def require_tally(view: View, about: LetterId) -> None:
    """The tally says what the consignments' states say, counted one by one."""
    found = letter(view, about)
    if found is None:
        return
    everybody = list(all_recipients(view, found))
    states = [effective(view, about, one.organisation) for one in everybody]
    counts = tally(view, about)
    assert {one: getattr(counts, one.value) for one in COUNTED_STATES} == {one: states.count(one) for one in COUNTED_STATES}
    open_action = [one for one, state in zip(everybody, states, strict=True) if (one.capacity, state) == (ACTION, "open")]
    assert counts.open_action == len(open_action)


def require_consignments(view: View, about: LetterId) -> None:
    """Whoever is no recipient has no consignment of a letter, whatever was said for him."""
    found = letter(view, about)
    everybody = set() if found is None else {one.organisation for one in all_recipients(view, found)}
    for organisation in map(OrgId, (*CLERKS, "ministry", "office", "agency")):
        if organisation not in everybody:
            assert consignment(view, about, organisation) is None
            assert handling(view, about, organisation) is None


def require_receipts(slots: Sequence[Written], verdicts: Sequence[Verdict]) -> None:
    """Every acknowledgement comes after a dispatch or transfer to that recipient; only what is acknowledged is withdrawn."""
    consigned: set[tuple[LetterId, str]] = set()
    acknowledged: set[tuple[LetterId, str]] = set()
    for slot, verdict in zip(slots, verdicts, strict=True):
        if not verdict.is_accepted:
            continue
        match body_of(slot.record):
            case LetterDispatched() as body:
                assert verdict.identity is not None
                consigned |= {(LetterId(verdict.identity), str(one.organisation)) for one in body.addressees}
            case ConsignmentTransferred() as body:
                assert (body.letter, body.recipient) in consigned
                assert (body.letter, body.to) not in consigned
                consigned.add((body.letter, body.to))
            case ReceiptAcknowledged() as body:
                here = (body.letter, str(body.recipient))
                assert here in consigned - acknowledged
                assert verdict.number is not None
                acknowledged.add(here)
            case ReceiptWithdrawn() as body:
                acknowledged.remove((body.letter, str(body.recipient)))
            case _:
                pass


def conclude(ground: Ground, lives: Lives, batches: Sequence[int]) -> Counter[str]:
    """Let two readers read all of it, require what must hold, and return what was counted."""
    whole = (*ground.prefix, *lives.slots)
    counted = Counter[str]()
    with in_memory(whole) as reader:
        reading = reader.read([500])
        view = reader.follower.view
        for about in lives.letters:
            require_nobody_twice(view, about)
            require_tally(view, about)
            require_consignments(view, about)
            found = letter(view, about)
            counted.update(
                effective(view, about, one.organisation).value for one in (all_recipients(view, found) if found else ())
            )
    with in_memory(whole) as other:
        assert other.read(batches) == reading
    verdicts = reading.verdicts[len(ground.prefix) :]
    require_registers_without_gaps(reading.verdicts)
    require_receipts(lives.slots, verdicts)
    counted.update(verdict.reason.name for verdict in verdicts)
    accepted = (slot for slot, verdict in zip(lives.slots, verdicts, strict=True) if verdict.is_accepted)
    counted.update(type(body_of(slot.record)).TYPE for slot in accepted)
    return counted


def test_a_letters_life_keeps_its_registers_and_counts_in_any_order(
    ground: Ground, record_property: Callable[[str, object], None]
) -> None:
    counted = Counter[str]()

    @settings(max_examples=LEDGERS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rng=st.randoms(use_true_random=True), batches=st.lists(st.integers(1, 25), min_size=1, max_size=4))
    def read_by_all(rng: Random, batches: list[int]) -> None:
        counted.update(conclude(ground, Lives(ground, rng), batches))

    read_by_all()
    acts: tuple[type[Body], ...] = (LetterDispatched, LetterRecalled, RegistrationCorrected, RegistrationVoided, *NEEDED)
    assert {act.TYPE for act in acts} <= set(counted), "everything that can be said was said by somebody who might"
    assert {state.value for state in ConsignmentState} <= set(counted)
    reasons = {reason.name: counted[reason.name] for reason in Reason if counted[reason.name]}
    assert {"NOT_A_RECIPIENT", "DUPLICATE", "ROLE_MISSING"} <= set(reasons)
    record_property("acts in letters' lives", ", ".join(f"{count:,} {name}" for name, count in reasons.items()))
