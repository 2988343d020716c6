"""`ortoo letter print`: a letter as one A4 page, a copy of the electronic original."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Connection

from adapters.correspondence import letter_body
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.letter_outline import LETTER_LANGUAGES
from cli.letter_reading import ReadLetter, read_letter, say_opened
from cli.local_names import TAGS, acting_words, local_text
from cli.naming import home_if_known, named_letter
from cli.options import command_options, reading_options
from cli.print_letter import LetterSheet, Numbered, PrintedSigner, letter_page
from cli.printing import Sheets, checked_file, output_option, qr_svg, show_printed, write_sheets
from cli.reading import for_option, now_of, short_date, subject_words
from cli.render import show_size, show_time
from cli.session import Session
from cli.views import Views, open_views
from domain.events import LetterDispatched
from domain.header import LocalName
from domain.ids import LetterId, OfficerId, OrgId, organisation_id
from domain.letters import ACTION, INFORMATION
from projections.directory_queries import (
    AppointmentFilter,
    OrganisationFilter,
    appointments,
    group,
    organisations,
)
from projections.filters import acted_for
from projections.letter_pages import LetterFacts, fate_of, recipient_of, signers_of, thread_of
from projections.mandate_queries import spoken_at
from projections.names import organisation_names
from projections.outbox_pages import sent_line
from projections.outside_pages import OutsideFacts

NAMED_ON_PAGE: Final = 12
"""As many addressees as are named on the page; of more it says how many."""
DIGITS: Final = 16
"""As many digits of a digest as stand on the page: enough to compare."""
_FATES: Final = ("recalled", "superseded", "contested", "repudiated")


@click.command("print")
@click.argument("letter")
@output_option
@for_option
@reading_options
@command_options
def print_command(session: Session, /, letter: str, output: Path, for_: str | None, as_of: str | None) -> None:
    """Print a letter in its own language: one A4 page, more only if its text is longer. Every document is checked first.

    The page is a copy of an electronic original: its QR code leads back to that. Printing opens the letter, as
    `ortoo letter read` does. Needs the extra `print`.

    Example:
      ortoo letter print out:165 -o L165.pdf
      ortoo letter print '#3' -o letter.html
    """
    file = checked_file(output)
    views = open_views(session, as_of)
    organisation = organisation_id(for_) if for_ is not None else home_if_known(session, views)
    named = named_letter(session, views, letter, organisation)
    read = read_letter(views, named.letter, None)
    facts = read.facts
    if isinstance(facts, OutsideFacts):
        raise UsageError(
            f"Letter {named.letter.hex()[:12]} came from outside: print its scans, which `ortoo letter read --save DIR` writes. "
            "The page of `ortoo letter print` is a copy of an electronic original."
        )
    sheet = _Collected(session, views, facts, read).sheet(organisation)
    show_printed(session, write_sheets(file, Sheets(html=letter_page(sheet), at=facts.at)))
    if not views.as_of and organisation is not None:
        say_opened(session, views, named.letter, organisation)


def qr_text(ledger: bytes, letter: LetterId) -> str:
    """Return what the QR code of a letter holds: `ortoo:LEDGER:LETTER`, 16 digits of the ledger's identity, all of the letter's.

    Described in `docs/reference/printed.md`.
    """
    return f"ortoo:{ledger.hex()[:DIGITS]}:{letter.hex()}"


class _Collected:
    """What stands on the page of a letter, collected from the views."""

    def __init__(self, session: Session, views: Views, facts: LetterFacts, read: ReadLetter) -> None:
        self._session, self._views, self._facts, self._read = session, views, facts, read
        self._language = _language_of(facts.language, session.language)
        self._tags = TAGS[self._language]

    def sheet(self, organisation: OrgId | None) -> LetterSheet:
        """Return it all, with the incoming number of an organisation if that acknowledged the letter."""
        facts, language, views = self._facts, self._language, self._views
        body = letter_body(views.station, facts.letter)
        text = qr_text(views.exchange.identity, facts.letter)
        with views.reading() as connection:
            line = sent_line(connection, facts.letter, now=now_of(self._session, views))
            marks = line.marks if line else ()
            return LetterSheet(
                language=language,
                tag=facts.language,
                purpose=self._purpose(),
                fates=tuple(code_label("mark", mark, language) for mark in _FATES if mark in marks),
                sender=tuple(self._sender(connection, facts)),
                outgoing=Numbered(number=facts.number, day=self._day(facts.at)),
                incoming=self._incoming(connection, organisation),
                answers=tuple(self._answers(connection)),
                urgency=code_label("urgency", facts.urgency, language),
                access=code_label("access", facts.access, language),
                addressees=tuple(self._addressees(connection, body, ACTION)),
                copies=tuple(self._addressees(connection, body, INFORMATION)),
                subject=subject_words(facts.subject),
                text=self._read.text,
                documents=tuple(self._documents()),
                signers=tuple(self._signers(connection)),
                position=facts.position,
                time=show_time(facts.at, views.offset_minutes),
                ledger=f"{views.exchange.name} ({views.exchange.identity.hex()[:DIGITS]}…)",
                identity=facts.letter.hex(),
                qr_text=text,
                qr_svg=qr_svg(text),
            )

    def _purpose(self) -> str:
        purpose = self._views.exchange.purpose
        return "" if purpose == "production" else label(f"purpose_banner.{purpose}", self._language)

    def _day(self, at: int | None) -> str:
        return "" if at is None else short_date(at, self._views.offset_minutes)

    def _sender(self, connection: Connection, facts: LetterFacts) -> Iterator[str]:
        wanted = OrganisationFilter(organisations=frozenset({facts.sender}), closed_too=True)
        for row in organisations(connection, wanted):
            yield local_text(row.names, self._language) or row.organisation
            yield from (line for line in (row.postal_address, row.electronic_address) if line)

    def _incoming(self, connection: Connection, organisation: OrgId | None) -> Numbered | None:
        if organisation is None:
            return None
        letter = self._facts.letter
        recipient = recipient_of(connection, letter, acted_for(connection, organisation))
        steps = fate_of(connection, letter, recipient) if recipient is not None else ()
        receipts = (one for one in steps if one.act == "receipt.acknowledged" and one.number is not None and not one.voided)
        return next((Numbered(number=one.number or "", day=self._day(one.at)) for one in receipts), None)

    def _answers(self, connection: Connection) -> Iterator[Numbered]:
        for one in thread_of(connection, self._facts.letter):
            if one.by_this and one.relation == "answers":
                yield Numbered(number=one.number or f"{one.letter.hex()[:DIGITS]}…", day=self._day(one.at))

    def _addressees(self, connection: Connection, body: LetterDispatched, capacity: str) -> Iterator[str]:
        """Name the groups and the first organisations; organisations are asked for once, however many there are."""
        chosen = [one for one in body.addressees if one.capacity == capacity]
        named = [one.organisation for one in chosen if one.organisation is not None]
        wanted = {one.organisation: one.attention for one in chosen if one.organisation is not None}
        sender = self._facts.sender
        names = organisation_names(connection, [sender, *named[:NAMED_ON_PAGE]], self._tags)
        yield from (self._to_attention(connection, names[one], one, wanted[one]) for one in named[:NAMED_ON_PAGE])
        if len(named) > NAMED_ON_PAGE:
            yield label("print.and_more", self._language, count=len(named) - NAMED_ON_PAGE)
        for addressed in (one.group for one in chosen if one.group is not None):
            known = group(connection, sender, addressed.group, addressed.version)
            count = known.members if known else "…"
            values = {"name": addressed.group, "owner": names[sender], "version": addressed.version, "count": count}
            yield label("print.group", self._language, **values)

    def _to_attention(self, connection: Connection, name: str, organisation: OrgId, officer: OfficerId | None) -> str:
        if officer is None:
            return name
        known, post = self._officer(connection, officer, organisation)
        return f"{name} ({label('heading.attention', self._language)}: {', '.join(filter(None, (post, known)))})"

    def _documents(self) -> Iterator[tuple[str, str, str, str]]:
        for one in self._read.documents:
            role = code_label("document_role", one.role, self._language)
            yield one.name or role, role, show_size(one.size_bytes), one.sha256.hex()[:DIGITS]

    def _signers(self, connection: Connection) -> Iterator[PrintedSigner]:
        facts = self._facts
        spoken = spoken_at(connection, [facts.position]).get(facts.position)
        signers = signers_of(connection, facts.letter, now=facts.at)
        for place, one in enumerate(signers):
            name, post = self._officer(connection, one.officer, facts.sender)
            if spoken is not None and place == 0:
                other = ", ".join(filter(None, self._officer(connection, spoken.officer, facts.sender)))
                name = acting_words(self._language, name, other)
            yield PrintedSigner(name=name, post=post, certificate=one.certificate.hex()[:DIGITS])

    def _officer(self, connection: Connection, officer: OfficerId, organisation: OrgId) -> tuple[str, str]:
        """Return an officer's name and post: as an organisation's officer, else (a deputy from elsewhere) as his home has him."""
        rows = appointments(connection, AppointmentFilter(officer=officer, relieved_too=True))
        ours = [one for one in rows if one.organisation == organisation]
        best = next(iter((*ours, *(one for one in rows if one.is_home), *rows)), None)
        if best is None:
            return officer, ""
        return self._text(best.names) or officer, self._text(best.posts)

    def _text(self, names: tuple[LocalName, ...]) -> str:
        return local_text(names, self._language)


def _language_of(tag: str, otherwise: Language) -> Language:
    """Return in which of the languages here a letter is written, from its tag (BCP 47); `otherwise` if in none of them."""
    found = (language for language, known in LETTER_LANGUAGES.items() if f"{tag}-".lower().startswith(f"{known}-".lower()))
    short = (language for language, known in LETTER_LANGUAGES.items() if known.lower().startswith(f"{tag}-".lower()))
    return next(found, None) or next(short, otherwise)
