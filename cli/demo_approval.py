"""`ortoo demo --story approval`: three stages, a quorum, a delegation, a return, a second round, the letter that names it.

Each scene does what the commands do, and prints what the ledger said; nothing here knows a result beforehand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from adapters.approvals import decided, delegated, requested, stage_missed
from adapters.correspondence import acknowledged, explanation
from adapters.drafts import load_draft
from adapters.frozen_letters import freeze, store_frozen
from adapters.media_types import PLAIN_TEXT
from adapters.submitting import Deposited, Outcome
from cli.approval_shown import approval_lines, route_lines
from cli.demo_directory import STATE_BODIES, entry, ministry_officers
from cli.demo_letters import DemoDocument, DemoLetter, load_letter
from cli.demo_report import require_agreement
from cli.demo_scenes import CLERK, COMMITTEES, DEPUTY, MINISTRY, MINISTRY_STATION, secretary
from cli.demo_screen import DemoScreen
from cli.demo_station import DemoFailedError, DemoOfficer, DemoStation, accepted, drafted, outline_of, signed
from cli.dispatching import SALT_SIZE_BYTES
from cli.views import Views
from cli.wiring import projector_of
from domain.approval_routes import ALL, ANY, QUORUM, Answer
from domain.approvals import request as known_request
from domain.directory import Role
from domain.events import OrganisationEntry
from domain.events_approvals import Approver, Stage
from domain.header import Document, LocalName
from domain.ids import Digest, LetterId, OfficerId, OrgId
from projections.approval_pages import request_told
from projections.approval_places import Asking

STATISTICS, LABOUR, DIGITAL = STATE_BODIES
LAWYER: Final = OfficerId("min.lawyer")
STAND_IN: Final = OfficerId("raqamli.vice")
BODIES_STATION: Final = "st.bodies"
FEW: Final = COMMITTEES[:3]
TERM_S: Final = 6
"""How long the deputy minister has in the demo: he is late, which is recorded and changes nothing."""
_DAY_MS: Final = 24 * 3600 * 1000


def head(body: OrgId) -> OfficerId:
    """Return who signs for a body of the state."""
    return OfficerId(f"{body}.head")


@dataclass(kw_only=True, slots=True)
class ApprovalStory:
    """The ledger as the scenes go on: the ministry's station, that of those who approve, both rounds, and the letter."""

    screen: DemoScreen
    ministry: DemoStation
    bodies: DemoStation
    requests: list[Digest] = field(default_factory=list)
    folder: Path | None = None
    letter: LetterId | None = None

    @property
    def request(self) -> Digest:
        """The round that goes on."""
        return self.requests[-1]


def story_organisations() -> Iterator[OrganisationEntry]:
    """Yield who takes part besides the ministry: three bodies of the state that approve, three committees that receive."""
    for body, name in STATE_BODIES.items():
        yield entry(body, "ministry" if "vazirlik" in name else "agency", name, language="uz-Latn")
    for number, committee in enumerate(FEW, 1):
        yield entry(committee, "committee", f"{number:03}-son mahalla fuqarolar yig‘ini", language="uz-Latn")


def story_ministry_officers() -> Iterator[DemoOfficer]:
    """Yield the ministry's officers and its station."""
    yield from ministry_officers()
    yield _officer(LAWYER, MINISTRY, Role.CLERK, "Yuridik bo‘lim boshlig‘i")


def story_other_officers() -> Iterator[DemoOfficer]:
    """Yield who approves for the bodies of the state, who receives for the committees, and their station."""
    for body in STATE_BODIES:
        yield _officer(head(body), body, Role.SIGNATORY, "Rahbar")
    yield _officer(STAND_IN, DIGITAL, Role.CLERK, "O‘rinbosar")
    for committee in FEW:
        yield _officer(secretary(committee), committee, Role.CLERK, "Mas’ul kotib")
    yield _officer(OfficerId(BODIES_STATION), STATISTICS, Role.STATION, "Idoralar stansiyasi")


def run_approval(story: ApprovalStory) -> None:
    """Play every scene."""
    for scene in (_ask, _return, _ask_again, _delegate, _send_too_early, _be_late, _send):
        scene(story)
    story.screen.say()
    _show_route(story)


def _ask(story: ApprovalStory) -> None:
    letter = load_letter("L02")
    asked = _request(story, letter, None)
    story.screen.part(2, "Ask", letter.subject, story.screen.seconds())
    story.screen.more("1 statistics, 2 two of labour, digital, lawyer, 3 the deputy minister", _at(asked))


def _return(story: ApprovalStory) -> None:
    given = _decide(story, head(STATISTICS), STATISTICS, (1, 1), Answer.GIVEN, "Roziman.")
    returned = _decide(
        story, head(DIGITAL), DIGITAL, (2, 2), Answer.RETURNED, "Qabul qiluvchilar ro‘yxati yo‘q.", reason="DOCUMENT_MISSING"
    )
    story.screen.part(3, "Return", "statistics approves; digital returns it: the list is missing", story.screen.seconds())
    story.screen.more("that ends the round, whatever the others would say", f"{_at(given)}, {returned.verdict.position}")
    late = _said(story, LAWYER, MINISTRY, (2, 3), Answer.GIVEN)
    story.screen.more(_verdict("an approval after the end", late))


def _ask_again(story: ApprovalStory) -> None:
    letter = load_letter("L02")
    names = "\n".join(f"{one}\t{number:03}-son mahalla fuqarolar yig‘ini" for number, one in enumerate(FEW, 1))
    listed = DemoDocument(name="ro‘yxat.txt", media_type=PLAIN_TEXT, content=f"{names}\n".encode())
    asked = _request(story, replace(letter, attachments=(listed,)), story.request)
    _decide(story, head(STATISTICS), STATISTICS, (1, 1), Answer.GIVEN)
    story.screen.part(
        4, "Again", "with the list: another document, so another request, that names the first", story.screen.seconds()
    )
    story.screen.more("the three bodies decide anew; nothing is carried over", _at(asked))


def _delegate(story: ApprovalStory) -> None:
    there = story.bodies
    there.station.catch_up()
    now = there.station.rehearsal_time
    signer, until_at = there.signer(head(DIGITAL)), now + _DAY_MS
    lent = delegated(there.station, signer, DIGITAL, story.request, (2, 2), to=STAND_IN, from_at=now, until_at=until_at)
    there.tell([lent])
    given = _decide(story, STAND_IN, DIGITAL, (2, 2), Answer.GIVEN, "Ro‘yxat tekshirildi.")
    story.screen.part(5, "Delegate", "digital's head lets his deputy decide too; whoever is first counts", story.screen.seconds())
    story.screen.more("the deputy approves in his place", _at(given))
    second = _said(story, head(DIGITAL), DIGITAL, (2, 2), Answer.REFUSED, reason="NO_MEANS")
    story.screen.more(_verdict("the head refuses, a moment later", second))


def _send_too_early(story: ApprovalStory) -> None:
    there = story.ministry
    there.station.catch_up()
    # No rehearsal, which would refuse it here already: the ledger itself must.
    early = load_letter("L02")
    outline = outline_of(early, to=FEW, approvals=(story.request.hex(),))
    (outcome,) = there.station.submit([signed(there, drafted(there, "early", early, outline), DEPUTY, MINISTRY)])
    story.screen.part(6, "Too early", _verdict("a letter names it before its end", outcome), story.screen.seconds())


def _be_late(story: ApprovalStory) -> None:
    there = story.ministry
    _decide(story, LAWYER, MINISTRY, (2, 3), Answer.GIVEN)
    story.screen.part(7, "Decide", "the lawyer makes the quorum of two; labour need not say anything", story.screen.seconds())
    due = _due(story)
    # The ledger's clock decides, and it may be a little behind or ahead of this machine's.
    time.sleep(max(0.0, (due - there.station.parts.now_ms()) / 1000 + 0.2))
    there.tell([stage_missed(there.station, there.signer(MINISTRY_STATION), MINISTRY, story.request, 3)])
    given = _decide(story, DEPUTY, MINISTRY, (3, 1), Answer.GIVEN)
    story.screen.more("the deputy minister lets his time pass (recorded), and approves late", _at(given))


def _send(story: ApprovalStory) -> None:
    there = story.ministry
    assert story.folder is not None  # noqa: S101 - it was drafted before it was approved
    (sent,) = there.tell([signed(there, story.folder, DEPUTY, MINISTRY)])
    story.letter = LetterId(sent.identity)
    bodies = story.bodies
    bodies.station.catch_up()
    first = FEW[0]
    bodies.tell([acknowledged(bodies.station, bodies.signer(secretary(first)), first, story.letter, first)])
    there.station.catch_up()
    story.screen.part(8, "Send", "№ 1, which names the approval of exactly these documents", story.screen.seconds())
    story.screen.more("MFY 001 acknowledges it", _at(sent))


def _show_route(story: ApprovalStory) -> None:
    """Print the route as `ortoo approval show` does; raise `DemoFailedError` if the stations do not agree."""
    require_agreement(story.ministry, story.bodies)
    there = story.ministry
    projector = there.session.keep(lambda session: projector_of(session, there.station))
    position = projector.catch_up()
    views = Views(station=there.station, projector=projector, position=position, at=there.station.last_time, as_of=False)
    asking = Asking(view=there.station.view, officer=CLERK, own=(MINISTRY,), now=there.station.rehearsal_time)
    with views.reading() as connection:
        told = request_told(connection, asking, story.request)
    if told is None or told.line.outcome != "approved":
        raise DemoFailedError("The demo stopped: the view of approvals does not know that this one is complete. Run it again.")
    for line in (
        *route_lines(there.session, views, told),
        "",
        *approval_lines(there.session, views, [*told.rounds_before, told.line]),
    ):
        story.screen.say(line)


def _request(story: ApprovalStory, letter: DemoLetter, follows: Digest | None) -> Deposited:
    """Ask for the approval of a letter's documents, as `ortoo approval request --draft` does."""
    there, number = story.ministry, len(story.requests) + 1
    folder = drafted(there, f"L02-{number}", letter, outline_of(letter, to=FEW, case_index="02-11"))
    frozen = freeze(load_draft(folder), salt=os.urandom(SALT_SIZE_BYTES))
    store_frozen(there.station.parts.documents.own, frozen)
    route = _route(there.station.rehearsal_time + 1000 * TERM_S)
    said = requested(there.station, there.signer(CLERK), MINISTRY, frozen, route, letter=None, follows=follows)
    (asked,) = there.tell([said])
    story.requests.append(asked.identity)
    _name_approval(folder, asked.identity)
    story.folder = folder
    return asked


def _name_approval(folder: Path, request: Digest) -> None:
    """Write into a draft which approval its letter names, as its clerk does in an editor."""
    file = folder / "letter.toml"
    text = file.read_text("utf-8").replace("approvals = []", f'approvals = ["{request.hex()}"]')
    file.write_text(text, "utf-8")


def _route(due_at: int) -> tuple[Stage, ...]:
    def by(organisation: OrgId) -> Approver:
        return Approver(organisation=organisation, officer=None)

    def named(officer: OfficerId) -> Approver:
        return Approver(organisation=None, officer=officer)

    two = (by(LABOUR), by(DIGITAL), named(LAWYER))
    return (
        Stage(rule=ALL, quorum=None, due_at=None, approvers=(by(STATISTICS),)),
        Stage(rule=QUORUM, quorum=2, due_at=None, approvers=two),
        Stage(rule=ANY, quorum=None, due_at=due_at, approvers=(named(DEPUTY),)),
    )


def _due(story: ApprovalStory) -> int:
    asked = known_request(story.ministry.station.view, story.request)
    assert asked is not None  # noqa: S101 - the ledger has accepted it
    return max(stage.due_at or 0 for stage in asked.route)


def _decide(  # noqa: PLR0913 - what a decision says
    story: ApprovalStory,
    who: OfficerId,
    organisation: OrgId,
    place: tuple[int, int],
    answer: Answer,
    text: str | None = None,
    *,
    reason: str = "",
) -> Deposited:
    return accepted(_said(story, who, organisation, place, answer, text, reason=reason))


def _said(  # noqa: PLR0913 - what a decision says
    story: ApprovalStory,
    who: OfficerId,
    organisation: OrgId,
    place: tuple[int, int],
    answer: Answer,
    text: str | None = None,
    *,
    reason: str = "",
) -> Outcome:
    """Decide in a place, whatever the ledger will say to it: there is no rehearsal, which would refuse what comes late."""
    there = story.ministry if organisation == MINISTRY else story.bodies
    there.station.catch_up()
    cover: Document | None = None
    if text is not None:
        cover, raw = explanation(text, salt=os.urandom(SALT_SIZE_BYTES))
        there.station.parts.documents.own.put(raw)
    said = decided(there.station, there.signer(who), organisation, story.request, place, answer, reason=reason, cover=cover)
    (outcome,) = there.station.submit([said])
    return outcome


def _verdict(what: str, outcome: Outcome) -> str:
    if not isinstance(outcome, Deposited) or outcome.verdict.is_accepted:
        raise DemoFailedError(f"The demo stopped: {what}, and the ledger did not reject it. Report this as a defect.")
    return f"{what:<40}REJECTED  {outcome.verdict.reason.name}"


def _at(outcome: Deposited) -> str:
    return f"position {outcome.verdict.position}"


def _officer(officer: OfficerId, organisation: OrgId, role: Role, post: str) -> DemoOfficer:
    said = (LocalName(language="uz-Latn", text=post),)
    return DemoOfficer(officer=officer, organisation=organisation, roles=(role.value,), names=said, posts=said)
