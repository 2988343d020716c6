"""The scenes of the demo's main ledger, after everybody is enrolled: sending, answering, mistakes, attacks, silence.

Each does what the commands do, and returns or prints what the ledger said; nothing here knows a result beforehand.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Final

from adapters.correspondence import (
    acknowledged,
    document_bytes,
    letter_body,
    missed,
    opened,
    recalled,
    refused,
    superseded,
)
from adapters.registration import stopped
from adapters.station import Utterance
from adapters.submitting import Deposited, Outcome
from cli.demo_letters import load_letter
from cli.demo_screen import DemoScreen
from cli.demo_station import DemoFailedError, DemoStation, accepted, drafted, outline_of, signed
from domain.enrolment import COMPROMISED
from domain.errors import RejectedError
from domain.events import KeyRevoked
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason, step_of
from domain.registers import printed

MINISTRY: Final = OrgId("min-mahalla")
REGISTRAR: Final = OfficerId("min.registrar")
CLERK: Final = OfficerId("min.clerk")
DEPUTY: Final = OfficerId("min.deputy")
FORMER: Final = OfficerId("min.former")
MINISTRY_STATION: Final = "st.ministry"
COMMITTEES_STATION: Final = "st.committees"
PILOT: Final = OrgId("pilot-100")
BODIES: Final = OrgId("state-bodies")
UNDP: Final = OrgId("uz-bmttd")
"""A body outside the exchange."""
COMMITTEES: Final = tuple(OrgId(f"mfy-{number:03}") for number in range(1, 101))
REFUSES: Final = OrgId("mfy-058")
SILENT: Final = (OrgId("mfy-041"), OrgId("mfy-077"))
FIRST: Final = COMMITTEES[0]
TWO_OFFICERS: Final = COMMITTEES[1]


def secretary(committee: OrgId) -> OfficerId:
    """Return who receives letters in a committee."""
    return OfficerId(f"{committee}.secretary")


def chair(committee: OrgId) -> OfficerId:
    """Return who signs letters of a committee."""
    return OfficerId(f"{committee}.chair")


@dataclass(kw_only=True, slots=True)
class DemoStory:
    """The demo's main ledger as the scenes go on: both stations, the term in seconds, letters and their numbers by name."""

    screen: DemoScreen
    ministry: DemoStation
    committees: DemoStation
    term_s: int
    letters: dict[str, LetterId] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    fetched_again: list[Digest] = field(default_factory=list)


def send_circular(story: DemoStory) -> None:
    """Send the pilot's letter to 100 committees: drafted by a clerk, signed once by the deputy minister."""
    letter = load_letter("L01")
    outline = outline_of(letter, groups=(PILOT,), acknowledge_by=f"+{story.term_s}s", case_index="01-07")
    folder = drafted(story.ministry, "L01", letter, outline)
    deposited = _send(story, "L01", signed(story.ministry, folder, DEPUTY, MINISTRY))
    story.screen.part(2, "Send", f"№ {story.numbers['L01']}  {letter.subject}", story.screen.seconds())
    story.screen.more(
        f"drafted by a clerk, signed once by the deputy minister, {len(COMMITTEES)} addressees",
        f"position {deposited.verdict.position}",
    )


def answer_circular(story: DemoStory) -> None:
    """Let the committees read and decide: most acknowledge, one refuses, two stay silent."""
    there, letter = story.committees, story.letters["L01"]
    there.station.catch_up()
    said: list[Utterance] = []
    for committee in (one for one in COMMITTEES if one not in SILENT):
        said.append(_opened(there, letter, committee))
        said.append(_refused(there, letter) if committee == REFUSES else _acknowledged(there, letter, committee))
    there.tell(said)
    receipts = len(said) // 2 - 1
    story.screen.part(
        3, "Answer", f"{receipts} acknowledge; each signs, and gets its own incoming number", story.screen.seconds()
    )
    story.screen.more(
        f"1 refuses ({_name(REFUSES)}: WRONG_ADDRESSEE)      {len(SILENT)} stay silent (term: {story.term_s} seconds)"
    )


def reply(story: DemoStory) -> None:
    """Let the first committee's chair answer, and the ministry register the answer."""
    letter = load_letter("L03")
    outline = outline_of(letter, to=(MINISTRY,), answers=(story.letters["L01"].hex(),))
    folder = drafted(story.committees, "L03", letter, outline)
    (answer,) = story.committees.tell([signed(story.committees, folder, chair(FIRST), FIRST)])
    story.letters["L03"] = LetterId(answer.identity)
    story.ministry.station.catch_up()
    registered = acknowledged(story.ministry.station, story.ministry.signer(CLERK), MINISTRY, LetterId(answer.identity), MINISTRY)
    (receipt,) = story.ministry.tell([registered])
    story.screen.part(
        4,
        "Reply",
        f"{_name(FIRST)}'s chair answers by its № {number_of(story, answer)}; "
        f"the ministry registers it as incoming № {number_of(story, receipt)}",
        story.screen.seconds(),
    )


def make_mistakes(story: DemoStory) -> None:
    """Recall a letter before anybody acknowledged it, and replace another one by its corrected version, with a copy outside."""
    there = story.ministry
    deputy = there.signer(DEPUTY)
    wrong = load_letter("L04")
    to_bodies = outline_of(wrong, groups=(BODIES,), case_index="01-07")
    _send(story, "L04", signed(there, drafted(there, "L04", wrong, to_bodies), DEPUTY, MINISTRY))
    there.tell([recalled(there.station, deputy, MINISTRY, story.letters["L04"], reason="SENT_IN_ERROR")])
    laptops = load_letter("L02")
    first_version = outline_of(laptops, to=COMMITTEES[:3], case_index="02-11")
    _send(story, "L02-first", signed(there, drafted(there, "L02-first", laptops, first_version), DEPUTY, MINISTRY))
    replaces = (story.letters["L02-first"].hex(),)
    corrected = outline_of(laptops, groups=(PILOT,), copy=(UNDP,), case_index="02-11", replaces=replaces)
    _send(story, "L02", signed(there, drafted(there, "L02", laptops, corrected), DEPUTY, MINISTRY))
    there.tell([superseded(there.station, deputy, MINISTRY, story.letters["L02-first"], by=story.letters["L02"])])
    story.screen.part(
        5,
        "Mistakes",
        f"№ {story.numbers['L04']} recalled before anybody acknowledged    "
        f"№ {story.numbers['L02-first']} replaced by № {story.numbers['L02']}",
        story.screen.seconds(),
    )


def attack(story: DemoStory) -> None:
    """Try what must not succeed, and print what the ledger and the stations said to it."""
    story.screen.part(7, "Attacks", *_verdict_line("a revoked officer sends a letter", _revoked_officer_sends(story)))
    story.screen.more(*_verdict_line("two officers decide one letter", _two_officers_decide(story), "first counts, second"))
    story.screen.more(*_columns("one byte of a stored letter changed", _changed_byte(story)))
    story.screen.more(*_verdict_line("garbage put straight into the ledger", _garbage(story)))
    story.screen.more(*_columns("L05, marked restricted", _restricted(story)))


def stay_silent(story: DemoStory) -> None:
    """Wait until the term has passed, record who is silent, and let one of them acknowledge late."""
    there, letter = story.ministry, story.letters["L01"]
    due = letter_body(there.station, letter).acknowledge_by or 0
    # The ledger's clock decides, and it may be a little behind or ahead of this machine's.
    time.sleep(max(0.0, (due - there.station.parts.now_ms()) / 1000 + 0.2))
    there.tell([missed(there.station, there.signer(MINISTRY_STATION), MINISTRY, letter)])
    story.committees.station.catch_up()
    late = SILENT[0]
    story.committees.tell([_acknowledged(story.committees, letter, late)])
    there.station.catch_up()
    names = ", ".join(_name(one) for one in SILENT)
    story.screen.part(
        8, "Silence", f"the term has passed: {names} recorded as missed; {late[4:]} acknowledges late", story.screen.seconds()
    )


def number_of(story: DemoStory, outcome: Deposited) -> str:
    """Return the registration number that an accepted event got, as its organisation prints it."""
    number = outcome.verdict.number
    if number is None:
        raise DemoFailedError("The demo stopped: an accepted letter or receipt got no number. Run it again.")
    station = story.ministry.station
    station.catch_up()
    entry = station.parts.store.entry(outcome.verdict.position)
    event = station.parts.codec.envelope(entry.record or b"") if entry else None
    body = station.parts.codec.body(event.payload_type, event.payload) if event else None
    return printed(station.view, number, getattr(body, "case_index", None))


def _send(story: DemoStory, name: str, said: Utterance) -> Deposited:
    (outcome,) = story.ministry.tell([said])
    story.letters[name] = LetterId(outcome.identity)
    story.numbers[name] = number_of(story, outcome)
    return outcome


def _acknowledged(there: DemoStation, letter: LetterId, committee: OrgId, officer: OfficerId | None = None) -> Utterance:
    return acknowledged(there.station, there.signer(officer or secretary(committee)), committee, letter, committee)


def _refused(there: DemoStation, letter: LetterId, committee: OrgId = REFUSES, officer: OfficerId | None = None) -> Utterance:
    signer = there.signer(officer or secretary(committee))
    return refused(there.station, signer, committee, letter, committee, reason="WRONG_ADDRESSEE")


def _opened(there: DemoStation, letter: LetterId, committee: OrgId) -> Utterance:
    signer = there.signer(COMMITTEES_STATION)
    return opened(there.station, signer, committee, letter, committee, officer=secretary(committee))


def _revoked_officer_sends(story: DemoStory) -> Outcome:
    there = story.ministry
    letter = load_letter("L04")
    folder = drafted(there, "former", letter, outline_of(letter, to=(FIRST,)))
    said = signed(there, folder, FORMER, MINISTRY)
    key = sha256(there.signer(FORMER).signer.spki)
    revoked = stopped(
        there.station,
        [there.signer(REGISTRAR)],
        MINISTRY,
        KeyRevoked,
        officer=FORMER,
        key=key,
        reason=COMPROMISED,
        since=there.station.parts.store.next_position(),
    )
    there.tell([revoked])
    # No rehearsal, which would refuse it here already: the ledger itself must.
    (outcome,) = there.station.submit([said])
    return outcome


def _two_officers_decide(story: DemoStory) -> Outcome:
    there, letter = story.committees, story.letters["L02"]
    there.station.catch_up()
    first = _acknowledged(there, letter, TWO_OFFICERS)
    second = _refused(there, letter, TWO_OFFICERS, chair(TWO_OFFICERS))
    won, lost = there.station.submit([first, second])
    accepted(won)
    return lost


def _changed_byte(story: DemoStory) -> str:
    station, letter = story.committees.station, story.letters["L01"]
    document = letter_body(station, letter).documents[0]
    path = station.parts.documents.own.path_of(document.sha256)
    raw = bytearray(path.read_bytes())
    raw[0] ^= 1
    path.chmod(0o600)
    path.write_bytes(raw)
    whole = document_bytes(station, document) == load_letter("L01").body
    moved_aside = station.parts.documents.own.set_aside(document.sha256)
    if not (whole and moved_aside):
        raise DemoFailedError("The demo stopped: a damaged copy was not noticed. Report this as a defect.")
    return "REFUSED   digest differs; fetched again"


def _garbage(story: DemoStory) -> Outcome:
    ledger, station = story.ministry.station.parts.ledger, story.ministry.station
    position = ledger.append(os.urandom(200))
    station.catch_up()
    entry = station.parts.store.entries(position, 1)[0]
    return Deposited(identity=entry.verdict.identity, verdict=entry.verdict, detail=entry.detail)


def _restricted(story: DemoStory) -> str:
    there = story.ministry
    letter = load_letter("L05")
    folder = drafted(there, "L05", letter, outline_of(letter, groups=(PILOT,), access="restricted"))
    said = signed(there, folder, DEPUTY, MINISTRY)
    try:
        there.station.rehearse(said.body)
    except RejectedError as error:
        if error.reason is not Reason.NOT_IN_THESE_RULES:
            raise
        return "NOT SENT  everybody on this ledger could read it"
    raise DemoFailedError("The demo stopped: a restricted letter would have been sent. Report this as a defect.")


def _verdict_line(what: str, outcome: Outcome, before: str = "") -> tuple[str, str]:
    if not isinstance(outcome, Deposited) or outcome.verdict.is_accepted:
        raise DemoFailedError(f"The demo stopped: {what}, and the ledger did not reject it. Report this as a defect.")
    reason: Reason = outcome.verdict.reason
    nothing_shown = "" if outcome.verdict.is_authentic else ", nothing shown"
    return _columns(what, f"{before or f'REJECTED  step {step_of(reason)}'}  {reason.name}{nothing_shown}")


def _columns(what: str, said: str) -> tuple[str, str]:
    return f"{what:<40}{said}", ""


def _name(committee: OrgId) -> str:
    return f"MFY {committee.removeprefix('mfy-')}"
