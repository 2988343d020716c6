"""`ortoo ledger check` and `ortoo ledger show`."""

from __future__ import annotations

import contextlib

import click

from adapters.checkpoint_board import check_board
from adapters.errors import LedgerUnsafeError
from adapters.kafka_security import KafkaSecurity
from adapters.ledger import Finding, Severity
from adapters.ledger_locations import open_ledger
from cli.errors import ExitCode, UsageError
from cli.exchange_as_of import exchange_shown
from cli.joining import check_station_topic
from cli.labels import label
from cli.ledger_findings import finding_data, finding_lines
from cli.options import command_options, reading_options
from cli.render import pair_lines, show_time, show_zone
from cli.session import Session
from cli.views import Views, banner, open_views
from cli.wiring import kafka_security, open_station
from domain.certificates import parse_anchor
from domain.exchange import Exchange
from domain.ids import Digest


@click.command("check")
@click.option("--at", "location", metavar="LOCATION", help="Another place than this home's ledger.")
@command_options
def check(session: Session, location: str | None) -> None:
    """Name every setting of the ledger's place that could lose, reorder or forge history, and the command that mends it.

    Also compares the ledger with what this home has read of it. Ends with 3 if something forbids to run on it.

    Example:
      ortoo ledger check
    """
    place = location or session.settings.location
    if place is None:
        raise UsageError("It is not known which ledger to check: this home has joined none. Give --at LOCATION.")
    security = kafka_security(session)
    with contextlib.closing(open_ledger(place, security=security)) as ledger:
        findings = (*ledger.check(), *check_board(place, security=security))
    if location is None:
        findings += _topic_findings(place, session.settings.station, security)
    forbidden = any(one.severity is Severity.FORBIDS for one in findings)
    if location is None and not forbidden:
        session.keep(open_station).parts.ledger.verify()
    good = [label("note.place_is_good", session.language)]
    data = {"location": place, "forbidden": forbidden, "findings": finding_data(findings)}
    session.show(data, finding_lines(findings, session.language) or good)
    if forbidden:
        session.end_with(ExitCode.VERIFICATION_FAILED)


@click.command("show")
@reading_options
@command_options
def show(session: Session, as_of: str | None) -> None:
    """Show what the ledger is now: its name, purpose and identity, its root keys, whom it trusts, its end and both roots.

    Example:
      ortoo ledger show
    """
    views = open_views(session, as_of)
    roots = views.station.parts.store.roots_at(views.position)
    exchange = exchange_shown(views)
    data = {
        "ledger": exchange.identity,
        "name": exchange.name,
        "purpose": exchange.purpose,
        "location": session.settings.location,
        "utc_offset_minutes": exchange.utc_offset_minutes,
        "first_organisation": exchange.first_organisation,
        "roots": [root.digest for root in exchange.roots],
        "threshold": exchange.threshold,
        "anchors": [
            {"anchor": one.digest, "valid_until": parse_anchor(one.certificate).not_after_ms} for one in exchange.anchors
        ],
        "rules": [
            {"version": one.version, "schema_digest": one.schema_digest, "effective_at": one.effective_at}
            for one in exchange.rules
        ],
        "next_position": views.position,
        "at": views.at,
        "record_root": roots[0],
        "verdict_root": roots[1],
    }
    session.show(data, lambda: [*banner(session, views), *pair_lines(_pairs(session, views, exchange, roots))])


def _topic_findings(location: str, station: str | None, security: KafkaSecurity) -> tuple[Finding, ...]:
    try:
        return check_station_topic(location, station, security)
    except LedgerUnsafeError as error:
        return error.findings


def _pairs(session: Session, views: Views, exchange: Exchange, roots: tuple[Digest, Digest]) -> list[tuple[str, object]]:
    language, offset = session.language, views.offset_minutes
    until = label("heading.valid_until", language)
    anchors = [
        f"{one.digest.hex()}  {until} {show_time(parse_anchor(one.certificate).not_after_ms, offset)}" for one in exchange.anchors
    ]
    pairs = (
        ("heading.ledger", exchange.name),
        ("heading.purpose", label(f"purpose.{exchange.purpose}", language)),
        ("heading.identity", exchange.identity.hex()),
        ("heading.location", session.settings.location),
        ("heading.offset", show_zone(offset)),
        ("heading.organisation", exchange.first_organisation),
        ("heading.roots", "\n".join(root.digest.hex() for root in exchange.roots)),
        ("heading.threshold", exchange.threshold),
        ("heading.anchors", "\n".join(anchors)),
        ("heading.rules", exchange.rules_in_force(views.at).version),
        ("heading.end", views.position),
        ("heading.ledger_time", show_time(views.at, offset)),
        ("heading.record_root", roots[0].hex()),
        ("heading.verdict_root", roots[1].hex()),
    )
    return [(label(key, language), value) for key, value in pairs]
