"""An exchange in which everything happens once: every act on a letter, hostile records between them, a key that was stolen.

Tests of what people read are made on it: the ledger and its ministry's station are real, the clock is the test's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.correspondence import (
    acknowledged,
    explanation,
    missed,
    opened,
    recall_accepted,
    recall_declined,
    recalled,
    refused,
    superseded,
)
from adapters.ledger_locations import open_ledger
from adapters.ledger_sqlite import SqliteLedger
from adapters.registration import group_defined, registered, resumed, stopped
from adapters.station import Station, Utterance
from adapters.submitting import Deposited
from domain.events import KeyRevoked, KeySuspended, OrganisationClosed
from domain.header import Document
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, entry_of, tell

START_MS: Final = 1_764_000_000_000
"""24 November 2025, 16:00 UTC: 21:00 in the exchange's offset."""
TERM_S: Final = 600
GROUP: Final = OrgId("all")
OUTSIDE: Final = OrgId("paper-office")
COMMITTEES: Final = tuple(OrgId(f"mfy-{number:03}") for number in range(1, 7))


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, seconds: float) -> None:
        self.now_ms += int(1000 * seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Eventful:
    """The exchange, its ministry's station, its clock, and the letters by what befell them."""

    exchange: TestExchange
    station: Station
    clock: Clock
    letters: dict[str, LetterId]
    outcomes: dict[str, Deposited]

    def position(self, name: str) -> int:
        """Return where a letter or another named event stands."""
        if name in self.letters:
            found = self.station.parts.store.position_of(Digest(self.letters[name]))
            assert found is not None
            return found
        return self.outcomes[name].verdict.position

    @property
    def end(self) -> int:
        """The position after the last one."""
        return self.station.parts.store.next_position()


Telling = Callable[[Path], contextlib.AbstractContextManager[Eventful]]
"""What gives an exchange in a folder in whose ledger something has happened."""


def eventful_exchange(folder: Path) -> contextlib.AbstractContextManager[Eventful]:
    """Give an exchange in whose ledger everything that letters meet on their way has happened once."""
    return told_in(folder, _Letters)


@contextlib.contextmanager
def told_in(folder: Path, story: Callable[[TestExchange, Clock], Story]) -> Iterator[Eventful]:
    """Give an exchange in whose ledger a story has happened."""
    clock = Clock()
    exchange = TestExchange(folder, f"sqlite:{folder / 'ledger.sqlite'}", now_ms=clock)
    try:
        told = story(exchange, clock)
        told.tell_all()
        yield Eventful(exchange=exchange, station=told.station, clock=clock, letters=told.letters, outcomes=told.outcomes)
    finally:
        exchange.close()


class Story:
    """What happens in an exchange, told by its officers at the ministry's station; what is told has a name."""

    def __init__(self, exchange: TestExchange, clock: Clock) -> None:
        self.exchange = exchange
        self.clock = clock
        self.station = exchange.station("ministry")
        self.letters: dict[str, LetterId] = {}
        self.outcomes: dict[str, Deposited] = {}

    def tell_all(self) -> None:
        """Let everything happen."""
        raise NotImplementedError

    def send(self, name: str, *to: str, by: str = "deputy", **said: object) -> LetterId:
        """Have a letter sent, and return it."""
        self.letters[name] = self.exchange.send(self.station, by, *to, **said)
        self.clock.advance(1)
        return self.letters[name]

    def acknowledge(self, name: str, letter: LetterId, recipient: OrgId, by: str = "") -> None:
        """Have a letter acknowledged by a recipient's clerk."""
        self.outcomes[name] = self.exchange.acknowledge(self.station, by or f"clerk-{recipient}", letter, recipient)
        self.clock.advance(1)

    def say(self, name: str, said: Utterance) -> None:
        """Have something accepted."""
        (self.outcomes[name],) = tell(self.station, [said])
        self.clock.advance(1)

    def reject(self, name: str, said: Utterance, reason: Reason) -> None:
        """Have something rejected."""
        (outcome,) = self.station.submit([said])
        assert isinstance(outcome, Deposited)
        assert outcome.verdict.reason is reason, outcome
        self.outcomes[name] = outcome

    def litter(self) -> None:
        """Let somebody append what is no event, nothing at all, and the last record twice, once damaged."""
        store = self.station.parts.store
        with contextlib.closing(open_ledger(self.exchange.location, clock_ms=self.clock)) as ledger:
            assert isinstance(ledger, SqliteLedger)
            record = store.record(store.next_position() - 1)
            assert record is not None
            ledger.append(b"garbage")
            ledger.append(b"")
            ledger.append_empty()
            ledger.append(record)
            ledger.append(record[:-1] + bytes((record[-1] ^ 1,)))
        self.station.catch_up()

    def note(self, text: str, salt: bytes = b"fedcba9876543210") -> Document:
        """Put an explanation into the store, and return its entry."""
        entry, raw = explanation(text, salt=salt)
        self.station.parts.documents.own.put(raw)
        return entry


class _Letters(Story):
    def tell_all(self) -> None:
        self.directory()
        self.one_letter_and_its_answer()
        self.a_circular()
        self.a_recall_that_is_declined_then_accepted()
        self.a_letter_that_is_replaced()
        self.an_organisation_that_is_closed()
        self.what_is_not_accepted()
        self.a_key_that_was_stolen()

    def directory(self) -> None:
        exchange, station = self.exchange, self.station
        registrar = exchange.signer(REGISTRAR)
        entries = [entry_of(one, region="north" if one < "mfy-004" else "south") for one in COMMITTEES]
        entries.append(dataclasses.replace(entry_of(OUTSIDE), connection="outside"))
        tell(station, [registered(station, registrar, MINISTRY, entry) for entry in entries])
        exchange.add_officer(station, "deputy", MINISTRY, "signatory")
        exchange.add_officer(station, "second-deputy", MINISTRY, "signatory")
        exchange.add_officer(station, "ministry-clerk", MINISTRY, "clerk")
        exchange.add_officer(station, "ministry-station", MINISTRY, "station")
        for one in COMMITTEES:
            exchange.add_officer(station, f"clerk-{one}", one, "clerk", "signatory")
        exchange.add_officer(station, "station-mfy-001", COMMITTEES[0], "station")
        self.outcomes["group"] = tell(
            station,
            group_defined(
                station,
                exchange.signer("ministry-clerk"),
                MINISTRY,
                group=GROUP,
                version=1,
                members=(*COMMITTEES, OUTSIDE),
            ),
        )[-1]

    def one_letter_and_its_answer(self) -> None:
        one = COMMITTEES[0]
        letter = self.send("answered", one, subject="One letter", acknowledge_by=f"+{TERM_S}s", case_index="01-07")
        self.clock.advance(10)
        said = opened(
            self.station,
            self.exchange.signer("station-mfy-001"),
            one,
            letter,
            one,
            officer=OfficerId("clerk-mfy-001"),
        )
        self.say("opened", said)
        self.clock.advance(10)
        self.acknowledge("acknowledged", letter, one)
        self.clock.advance(10)
        reply = self.send(
            "reply", "ministry", by="clerk-mfy-001", sender=one, subject="The answer", kind="reply", answers=(letter.hex(),)
        )
        self.acknowledge("reply acknowledged", reply, MINISTRY, by="ministry-clerk")
        self.send("second reply", "ministry", by="clerk-mfy-001", sender=one, subject="And more", answers=(letter.hex(),))

    def a_circular(self) -> None:
        letter = self.send(
            "circular", "mfy-003", subject="To everybody", groups=(GROUP,), copy=("mfy-002",), acknowledge_by=f"+{TERM_S}s"
        )
        self.clock.advance(5)
        self.acknowledge("circular acknowledged", letter, COMMITTEES[0])
        clerk = self.exchange.signer("clerk-mfy-004")
        why = self.note("Not ours.", salt=b"0123456789abcdef")
        said = refused(self.station, clerk, COMMITTEES[3], letter, COMMITTEES[3], reason="OTHER", cover=why)
        self.say("circular refused", said)
        self.clock.advance(TERM_S)
        said = missed(self.station, self.exchange.signer("ministry-station"), MINISTRY, letter)
        self.say("circular missed", said)
        self.clock.advance(5)
        self.acknowledge("circular late", letter, COMMITTEES[4])

    def a_recall_that_is_declined_then_accepted(self) -> None:
        one, deputy = COMMITTEES[0], self.exchange.signer("deputy")
        letter = self.send("recalled", one, "mfy-002", subject="Sent in error")
        clerk = self.exchange.signer("clerk-mfy-001")
        self.acknowledge("recalled acknowledged", letter, one)
        self.say("recall", recalled(self.station, deputy, MINISTRY, letter, reason="SENT_IN_ERROR"))
        self.say("declined", recall_declined(self.station, clerk, one, letter, one, reason="ALREADY_EXECUTED"))
        self.say("recall again", recalled(self.station, deputy, MINISTRY, letter, reason="OTHER", cover=self.note("Please.")))
        self.say("recall accepted", recall_accepted(self.station, clerk, one, letter, one))
        # An answer to a letter that is gone, by one who never decided on it.
        self.send("answer to recalled", "ministry", by="clerk-mfy-002", sender="mfy-002", answers=(letter.hex(),))

    def a_letter_that_is_replaced(self) -> None:
        old = self.send("replaced", "mfy-003", subject="With a mistake", case_index="02-11")
        new = self.send(
            "replacement", "mfy-003", subject="Without", replaces=(old.hex(),), follows=(old.hex(),), case_index="02-11"
        )
        said = superseded(self.station, self.exchange.signer("deputy"), MINISTRY, old, by=new)
        self.say("superseded", said)

    def an_organisation_that_is_closed(self) -> None:
        exchange, closed, successor = self.exchange, COMMITTEES[3], COMMITTEES[4]
        letter = self.send("inherited", closed, subject="To one that closes")
        registrar = exchange.signer(REGISTRAR)
        body = OrganisationClosed(header=self.station.header(MINISTRY, (registrar,)), organisation=closed, successor=successor)
        self.say("closed", Utterance(body=body, signers=(registrar,), intention="close"))
        clerk = exchange.signer("clerk-mfy-005")
        self.say("inherited acknowledged", acknowledged(self.station, clerk, successor, letter, closed))
        self.send("after closing", subject="After the closing", groups=(GROUP,))
        self.send("inherited answer", "ministry", by="clerk-mfy-005", sender=successor, answers=(letter.hex(),))

    def what_is_not_accepted(self) -> None:
        station, exchange = self.station, self.exchange
        deputy, one = exchange.signer("deputy"), COMMITTEES[0]
        clerk = exchange.signer("clerk-mfy-001")
        letter = self.letters["answered"]
        refusal = refused(station, clerk, one, letter, one, reason="WRONG_ADDRESSEE")
        self.reject("second decision", refusal, Reason.ALREADY_DECIDED)
        self.reject("clerk sends", exchange.letter(station, "ministry-clerk", "mfy-001"), Reason.ROLE_MISSING)
        self.reject("recall of nothing", recalled(station, deputy, MINISTRY, letter, reason="NO_SUCH"), Reason.CODE_UNKNOWN)
        self.litter()

    def a_key_that_was_stolen(self) -> None:
        station, exchange = self.station, self.exchange
        registrar, thief = exchange.signer(REGISTRAR), exchange.signer("second-deputy")
        self.send("before the theft", "mfy-005", by="second-deputy")
        letter = self.send("contested", "mfy-005", by="second-deputy", subject="Signed by a thief")
        key = sha256(thief.signer.spki)
        who = OfficerId("second-deputy")
        suspension = stopped(station, (registrar,), MINISTRY, KeySuspended, reason="LOST", since=None, officer=who, key=key)
        self.say("suspended", suspension)
        self.say("resumed", resumed(station, (registrar,), MINISTRY, officer=who, key=key, reason="FOUND"))
        since = station.parts.store.position_of(Digest(letter))
        revocation = stopped(
            station,
            (registrar,),
            MINISTRY,
            KeyRevoked,
            reason="COMPROMISED",
            since=since,
            officer=who,
            key=key,
        )
        self.say("revoked", revocation)
        self.reject("after the theft", exchange.letter(station, "second-deputy", "mfy-005"), Reason.KEY_REVOKED)
        self.acknowledge("contested acknowledged", letter, COMMITTEES[4])
