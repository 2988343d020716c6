"""The way of a letter with one recipient, told step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from cli.labels import code_label, label
from cli.local_names import acting_words
from cli.reading import remark_of
from cli.render import Column, pair_lines, show_time, show_zone, table_lines
from cli.session import Session
from cli.views import Views
from domain.enrolment import TEMPORARY
from domain.events import Body
from domain.header import Document
from projections.letter_pages import ANSWERED, FateStep
from projections.mandate_queries import SpokenFor

DELIVERY_CORRECTED: Final = "delivery_corrected"
"""What people read of a delivery outside that was told before."""
_WITHOUT_REASON: Final = frozenset({ANSWERED, "letter.dispatched"})
"""Steps that are letters, whose covers are their own and explain nothing."""
_REASON_TOPICS: Final = {
    "receipt.refused": "refusal",
    "letter.recalled": "recall_reason",
    "recall.declined": "decline_reason",
    "receipt.withdrawn": "receipt_withdrawal",
    "consignment.transferred": "transfer_reason",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldStep:
    """A step, with the code of the reason that its event gives and the text that explains it, if there are such."""

    step: FateStep
    reason: str | None
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Told steps with one recipient, who is named in them, and whether the recipient is outside the exchange."""

    steps: tuple[ToldStep, ...]
    officers: Mapping[tuple[str, str], str]
    spoken: Mapping[int, SpokenFor]
    outside: bool


def told_step(views: Views, connection: Connection, step: FateStep) -> ToldStep:
    """Return a step with what its event itself says: only the record, verbatim, holds all of it for ever."""
    body = _body_at(views, step.position) if step.act not in _WITHOUT_REASON else None
    cover: Document | None = getattr(body, "cover", None)
    return ToldStep(
        step=step,
        reason=getattr(body, "reason", None),
        text=remark_of(connection, cover.sha256 if cover is not None else None),
    )


def _body_at(views: Views, position: int) -> Body | None:
    record = views.station.parts.store.record(position)
    if record is None:
        return None
    event = views.station.parts.codec.envelope(record)
    return views.station.parts.codec.body(event.payload_type, event.payload)


def way_lines(session: Session, views: Views, way: Way, heading: str) -> list[str]:
    """Return the way of a letter with one recipient, as the ledger has it: what, when, where, signed by whom."""
    language = session.language
    columns = (
        Column(heading=heading),
        Column(heading=f"{label('heading.ledger_time', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.position", language), right=True, cut=False),
        Column(heading=label("heading.signed_by", language), cut=not way.spoken),
    )
    rows = [
        (
            _step_words(session, told),
            show_time(told.step.at, views.offset_minutes).partition(" (")[0],
            told.step.position,
            _signed_words(session, way, told.step),
        )
        for told in way.steps
    ]
    texts = [(str(told.step.position), text) for told in way.steps for text in _texts(session, views, told)]
    lines = [*table_lines(columns, rows), *(f"  {line}" for line in pair_lines(texts))]
    return [*lines, f"  {label('mark.recipient_outside', language)}"] if way.outside else lines


def delivery_words(session: Session, views: Views, channel: str, delivered_at: int | None) -> str:
    """Return how and when a recipient outside got a letter: `by hand, 2026-11-24 14:02 (+05)`."""
    return f"{code_label('channel', channel, session.language)}, {show_time(delivered_at, views.offset_minutes)}"


def _texts(session: Session, views: Views, told: ToldStep) -> Iterator[str]:
    """Yield what is told of a step in a line of its own."""
    if told.step.channel is not None:
        yield delivery_words(session, views, told.step.channel, told.step.delivered_at)
    if told.text is not None:
        yield f"“{told.text}”"


def _step_words(session: Session, told: ToldStep) -> str:
    step, language = told.step, session.language
    act = DELIVERY_CORRECTED if step.corrects else step.act
    words = [code_label("step", act, language), *([f"№ {step.number}"] if step.number is not None else [])]
    if told.reason is not None:
        words.append(code_label(_REASON_TOPICS[step.act], told.reason, language))
    marks = {"voided": step.voided, "late": step.late, "contested": step.contested, "repudiated": step.repudiated}
    words += [label(f"mark.{mark}", language) for mark, holds in marks.items() if holds]
    return ", ".join(words)


def _signed_words(session: Session, way: Way, step: FateStep) -> str:
    spoken = way.spoken.get(step.position)
    signer = way.officers[step.officer, step.organisation if spoken is None else spoken.deputy_organisation]
    if step.assurance == TEMPORARY:
        signer += f" ({code_label('assurance', TEMPORARY, session.language)})"
    if spoken is not None:
        signer = acting_words(session.language, signer, way.officers[spoken.officer, step.organisation])
    if step.about_officer is None:
        return signer
    officer = way.officers[step.about_officer, step.organisation]
    return label("note.on_behalf_for", session.language, station=signer, officer=officer)
