"""A letter as a printed page: a pure function from what it says to HTML, in the letter's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cli.labels import label
from cli.languages import Language
from cli.print_page import block, page, pair, plain, shown, table

_TAB: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """A registration number with its day; either may not be known."""

    number: str
    day: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedSigner:
    """Who signed: name (or "X, acting for Y"), post, the certificate's fingerprint (its first digits)."""

    name: str
    post: str
    certificate: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterSheet:
    """What stands on the page of a letter, in words; "" and None stand for what there is not.

    `text` None: the letter is no plain text. `fates` are what happened to it that its reader must see first.
    """

    language: Language
    tag: str
    purpose: str
    fates: tuple[str, ...]
    sender: tuple[str, ...]
    outgoing: Numbered
    incoming: Numbered | None
    answers: tuple[Numbered, ...]
    urgency: str
    access: str
    addressees: tuple[str, ...]
    copies: tuple[str, ...]
    subject: str
    text: str | None
    documents: tuple[tuple[str, str, str, str], ...]
    signers: tuple[PrintedSigner, ...]
    position: int
    time: str
    ledger: str
    identity: str
    qr_text: str
    qr_svg: str


def letter_page(sheet: LetterSheet) -> str:
    """Return the page of a letter as HTML."""
    number = f"№ {sheet.outgoing.number}"
    return page(
        language=sheet.tag,
        title=f"{number} {sheet.subject}",
        foot=f"{number} · {sheet.outgoing.day} · {sheet.identity[:16]}…",
        body=_body(sheet),
    )


def _body(sheet: LetterSheet) -> Iterator[str]:
    if sheet.purpose:
        yield block(sheet.purpose, "purpose")
    if sheet.fates:
        yield block(", ".join(sheet.fates).upper(), "fate")
    yield f'<div class="top"><div>{"".join(_sender(sheet))}</div><div>{"".join(_addressees(sheet))}</div></div>'
    yield f"<h1>{shown(sheet.subject)}</h1>"
    yield from _text(sheet)
    yield from _signatures(sheet)
    yield from _documents(sheet)
    yield from _origin(sheet)


def _sender(sheet: LetterSheet) -> Iterator[str]:
    name, *more = sheet.sender
    yield block(name, "strong")
    yield from (block(line) for line in more)
    yield pair(label("print.outgoing", sheet.language), _dated(sheet, sheet.outgoing))
    yield from (pair(label("print.in_reply_to", sheet.language), _dated(sheet, one)) for one in sheet.answers)
    if sheet.incoming is not None:
        yield pair(label("print.incoming", sheet.language), _dated(sheet, sheet.incoming))


def _dated(sheet: LetterSheet, one: Numbered) -> str:
    return label("print.dated", sheet.language, number=one.number, day=one.day) if one.day else f"№ {one.number}"


def _addressees(sheet: LetterSheet) -> Iterator[str]:
    yield pair(label("heading.access", sheet.language), sheet.access)
    yield pair(label("heading.urgency", sheet.language), sheet.urgency)
    for heading, named in (("heading.to", sheet.addressees), ("print.copy_to", sheet.copies)):
        if named:
            yield block(label(heading, sheet.language), "small")
            yield from (block(one, *(("strong",) if heading == "heading.to" else ())) for one in named)


def _text(sheet: LetterSheet) -> Iterator[str]:
    if sheet.text is None:
        yield block(label("print.see_document", sheet.language))
        return
    lines = (plain(line.expandtabs(_TAB)) for line in sheet.text.splitlines())
    yield '<div class="text shown">' + "\n".join(f"<p>{line}</p>" for line in lines) + "</div>"


def _signatures(sheet: LetterSheet) -> Iterator[str]:
    language = sheet.language
    yield '<div class="signature">'
    yield f"<h2>{shown(label('print.signatures', language))}</h2>"
    headings = ("heading.officer", "heading.post", "print.certificate", "heading.position", "heading.ledger_time")
    rows = [(one.name, one.post, one.certificate, sheet.position, sheet.time) for one in sheet.signers]
    yield table([label(heading, language) for heading in headings], rows)
    yield "</div>"


def _documents(sheet: LetterSheet) -> Iterator[str]:
    headings = ("heading.line", "heading.documents", "heading.role", "heading.size", "heading.digest")
    yield f"<h2>{shown(label('print.documents', sheet.language))}</h2>"
    rows = [(number, *one) for number, one in enumerate(sheet.documents, 1)]
    yield table([label(heading, sheet.language) for heading in headings], rows)


def _origin(sheet: LetterSheet) -> Iterator[str]:
    language = sheet.language
    yield f'<div class="origin"><div class="qr">{sheet.qr_svg}</div><div>'
    yield block(label("print.copy_of_original", language), "strong")
    yield block(label("print.how_to_check", language), "small")
    yield f'<div class="small">{pair(label("heading.identity", language), sheet.identity)}'
    yield f"{pair(label('heading.ledger', language), sheet.ledger)}{block(sheet.qr_text)}</div></div></div>"
