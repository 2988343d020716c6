"""`ortoo mandate`: an officer lets a deputy act for him for a time; the mandates there are; the end of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from adapters.keyring import OfficerSigner
from adapters.mandates import MandateTerms, mandate_granted, mandate_revoked
from adapters.station import Station
from cli.acting import acting_officer, acting_station, for_option, home_of_officer, speaker_of
from cli.as_of import parse_bound
from cli.confirm import Preview
from cli.directory_reading import reading_directory
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.letter_receipts import cover_of_text
from cli.local_names import officer_words, organisation_words
from cli.options import acting_options, command_options, page_options, reading_options
from cli.reading import now_of, page_wanted, remark_of, short_date, show_list
from cli.render import Column, pair_lines, show_time, table_lines
from cli.session import Session
from cli.standing_in import MANDATE_SHOWN
from cli.views import Views, open_views
from cli.voices import say_one
from domain.directory import Role
from domain.ids import OfficerId, OrgId, officer_id, organisation_id
from domain.mandate_rules import REVOCATION_REASONS
from domain.mandates import MANDATE_TYPES
from projections.filters import position_cursor
from projections.mandate_queries import MandateRow, mandates_beginning, mandates_of

STATES: Final = ("ahead", "in_force", "over", "revoked")
"""How a mandate stands."""


@click.group("mandate")
def mandate() -> None:
    """Mandates: who acts for whom."""


@mandate.command("grant")
@click.argument("deputy")
@click.option(
    "--may",
    "types",
    type=click.Choice(sorted(MANDATE_TYPES)),
    metavar="TYPE",
    multiple=True,
    required=True,
    help="What he may say.",
)
@click.option("--from", "from_", required=True, metavar="DATE|TIME", help="First day, in the ledger's offset.")
@click.option("--until", required=True, metavar="DATE|TIME", help="Last day, to its end; or the time at which it ends.")
@click.option("--basis", required=True, metavar="NUMBER", help="Number of the order on which it rests.")
@click.option("--basis-date", required=True, metavar="DATE", help="Date of that order.")
@click.option("--officer", metavar="OFFICER", help="For whom (default: who acts); another's is granted by his registrar.")
@click.option("--in", "in_", metavar="ORG", help="In which organisation (default: the officer's home).")
@click.option("--deputy-in", metavar="ORG", help="Where the deputy is appointed (default: his home).")
@click.option("--text", help="A remark in words; on the ledger stands only its digest.")
@for_option
@acting_options
@command_options
def grant(session: Session, /, for_: str | None, *, yes: bool, dry_run: bool, **given: Any) -> None:
    """Let DEPUTY say some things for an officer, with that officer's roles, between two days.

    Example:
      ortoo mandate grant aliev --may letter.dispatched --from 2026-08-01 --until 2026-08-31 --basis 12-k --basis-date 2026-07-28
    """
    station = acting_station(session)
    terms = _terms(session, station, **given)
    signer, speaker = _speaker(session, station, terms.officer, terms.organisation, for_)
    cover, documents = cover_of_text(given["text"])
    said = mandate_granted(station, signer, speaker, terms, cover=cover)
    data = {"signer": signer.officer, **{name: getattr(terms, name) for name in MandateTerms.__slots__}}
    text = [(label("heading.text", session.language), given["text"])] if given["text"] else []
    says = (*_signed(session, station, signer, speaker), *_says(session, station, terms), *text)
    preview = Preview(act=said.body.TYPE, says=says, data=data)
    about = f"{terms.deputy} → {terms.officer}"
    say_one(session, station, (about, said), preview, yes=yes, dry_run=dry_run, documents=documents)


@mandate.command("revoke")
@click.argument("id_", metavar="ID")
@click.option("--reason", type=click.Choice(sorted(REVOCATION_REASONS)), required=True)
@for_option
@acting_options
@command_options
def revoke(session: Session, id_: str, reason: str, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """End a mandate before its last day: its officer does, or his registrar. ID is how it begins in `ortoo mandate list`.

    Example:
      ortoo mandate revoke 4b1f09c2a7d3 --reason RETURNED
    """
    station, language = acting_station(session), session.language
    row = _named(session, id_)
    signer, speaker = _speaker(session, station, row.officer, row.organisation, for_)
    said = mandate_revoked(station, signer, speaker, mandate=row.mandate, reason=reason)
    says = (
        *_signed(session, station, signer, speaker),
        (label("heading.mandate", language), row.mandate.hex()[:MANDATE_SHOWN]),
        (label("heading.grantor", language), officer_words(station.view, row.officer, row.organisation, language)),
        (label("heading.deputy", language), officer_words(station.view, row.deputy, row.deputy_organisation, language)),
        (label("heading.reason", language), code_label("revocation", reason, language)),
    )
    data = {"signer": signer.officer, "mandate": row.mandate, "officer": row.officer, "deputy": row.deputy, "reason": reason}
    preview = Preview(act=said.body.TYPE, says=says, data=data)
    say_one(session, station, (f"{row.deputy} → {row.officer}", said), preview, yes=yes, dry_run=dry_run)


@mandate.command("list")
@click.option("--officer", metavar="OFFICER", help="Only those that he granted or was given.")
@click.option("--all", "everything", is_flag=True, help="Those too that are revoked or over.")
@reading_options
@page_options
@command_options
def list_command(
    session: Session, officer: str | None, as_of: str | None, limit: int | None, after: str | None, *, everything: bool
) -> None:
    """List mandates: who acts for whom, where, to say what, from when until when, on what basis.

    Example:
      ortoo mandate list --officer karimova
    """
    views, page = open_views(session, as_of), page_wanted(session, limit, after)
    now = now_of(session, views)
    with views.reading() as connection:
        found = mandates_of(
            connection,
            who=None if officer is None else officer_id(officer),
            open_at=None if everything else now,
            after=-1 if page.after is None else position_cursor(page.after),
            limit=page.limit + 1,
        )
        texts = {row.mandate: text for row in found if (text := remark_of(connection, row.cover)) is not None}
    rows = found[: page.limit]
    goes_on = str(rows[-1].position) if len(found) > page.limit else None
    lines = [
        {name: getattr(row, name) for name in MandateRow.__slots__} | {"state": _state(row, now), "text": texts.get(row.mandate)}
        for row in rows
    ]
    remarks = [(row.mandate.hex()[:MANDATE_SHOWN], f"“{texts[row.mandate]}”") for row in rows if row.mandate in texts]
    show_list(session, views, lines, lambda: [*_table(session.language, views, rows, now), *pair_lines(remarks)], after=goes_on)


def _terms(session: Session, station: Station, **given: Any) -> MandateTerms:
    """Return what the options say; raise `UsageError` for a time that is none, or for somebody who was never appointed."""
    officer = acting_officer(session) if given["officer"] is None else officer_id(given["officer"])
    deputy = officer_id(given["deputy"])
    offset = station.exchange.utc_offset_minutes

    def home(named: str | None, who: OfficerId) -> OrgId:
        return home_of_officer(station, who) if named is None else organisation_id(named)

    return MandateTerms(
        organisation=home(given["in_"], officer),
        officer=officer,
        deputy=deputy,
        deputy_organisation=home(given["deputy_in"], deputy),
        event_types=tuple(sorted(set(given["types"]))),
        from_at=parse_bound(given["from_"], offset, end_of_day=False),
        until_at=_end(given["until"], offset),
        basis_number=given["basis"],
        basis_at=parse_bound(given["basis_date"], offset, end_of_day=False),
    )


def _end(text: str, offset: int) -> int:
    """Return the first instant that is no longer in a term: after the whole of its last day, or at the time that was named."""
    end = parse_bound(text, offset, end_of_day=True)
    return end + (end != parse_bound(text, offset, end_of_day=False))


def _speaker(
    session: Session, station: Station, officer: OfficerId, organisation: OrgId, for_: str | None
) -> tuple[OfficerSigner, OrgId]:
    """Return who signs and for whom: the officer of the mandate himself, who needs no role for it, or a registrar."""
    if acting_officer(session) == officer:
        return station.signer(officer), organisation
    registrar = speaker_of(session, station, Role.REGISTRAR, for_)
    return registrar.signer, registrar.organisation


def _named(session: Session, text: str) -> MandateRow:
    begin = text.strip().rstrip("…").lower()
    with reading_directory(session) as reading:
        found = mandates_beginning(reading, begin)
    if len(found) != 1:
        several = f"{len(found)} mandates begin with {text}." if found else f"No mandate begins with {text}."
        raise UsageError(f"{several} `ortoo mandate list --all` shows those there are; copy more digits.")
    return found[0]


def _signed(session: Session, station: Station, signer: OfficerSigner, speaker: OrgId) -> tuple[tuple[str, str], ...]:
    view, language = station.view, session.language
    return (
        (label("heading.signed_by", language), officer_words(view, signer.officer, speaker, language)),
        (label("heading.speaks_for", language), organisation_words(view, speaker, language)),
    )


def _says(session: Session, station: Station, terms: MandateTerms) -> tuple[tuple[str, Any], ...]:
    view, language, offset = station.view, session.language, station.exchange.utc_offset_minutes
    return (
        (label("heading.grantor", language), officer_words(view, terms.officer, terms.organisation, language)),
        (label("heading.deputy", language), officer_words(view, terms.deputy, terms.deputy_organisation, language)),
        (label("heading.organisation", language), organisation_words(view, terms.organisation, language)),
        (label("heading.may", language), "\n".join(code_label("event", one, language) for one in terms.event_types)),
        (label("heading.mandate_from", language), show_time(terms.from_at, offset)),
        (label("heading.mandate_until", language), show_time(terms.until_at - 1, offset)),
        (label("heading.basis", language), f"№ {terms.basis_number}, {show_time(terms.basis_at, offset)[:10]}"),
    )


def _state(row: MandateRow, now: int) -> str:
    ahead, in_force, over, revoked = STATES
    if row.revoked_position is not None:
        return revoked
    if now >= row.until_at:
        return over
    return in_force if now >= row.from_at else ahead


def _table(language: Language, views: Views, rows: Sequence[MandateRow], now: int) -> list[str]:
    columns = (
        Column(heading=label("heading.mandate", language), cut=False),
        Column(heading=label("heading.deputy", language)),
        Column(heading=label("heading.grantor", language)),
        Column(heading=label("heading.mandate_from", language), cut=False),
        Column(heading=label("heading.mandate_until", language), cut=False),
        Column(heading=label("heading.state", language), cut=False),
        Column(heading=label("heading.basis", language)),
        Column(heading=label("heading.may", language)),
    )
    cells = [
        (
            row.mandate.hex()[:MANDATE_SHOWN],
            f"{row.deputy} ({row.deputy_organisation})",
            f"{row.officer} ({row.organisation})",
            short_date(row.from_at, views.offset_minutes),
            short_date(row.until_at - 1, views.offset_minutes),
            code_label("mandate_state", _state(row, now), language),
            f"№ {row.basis_number}",
            ", ".join(code_label("event", one, language) for one in row.event_types),
        )
        for row in rows
    ]
    return table_lines(columns, cells)
