"""Printed pages: every language, one sheet for a short letter, its very text, and nothing that a hostile text could do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cli.demo_letters import DemoLetter, load_letters
from cli.errors import PrintSupportMissingError, UsageError
from cli.labels import label
from cli.languages import Language
from cli.letter_outline import LETTER_LANGUAGES
from cli.print_letter import LetterSheet, Numbered, PrintedSigner, letter_page
from cli.print_register import BookSheets, register_pages
from cli.printing import Printed, Sheets, checked_file, qr_svg, write_sheets
from cli.register_printing import SENT_SHARES
from tests.printed_pages import A4_PT, PAGES_PRINTED, read_pdf, streams_of, words

AT_MS = 1_790_000_000_000
QR = f"ortoo:{'5a' * 8}:{'c3' * 32}"
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><style>*{display:none}",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt; <b>bold</b> &#0;",
    "\u202egnp.exe\u2066 \x1b[2J \x07",
    "url(https://example.org/x) @import 'file:///etc/passwd';",
)
DEMO = load_letters()


def sheet_of(text: str | None, language: Language = Language.ENGLISH, **other: object) -> LetterSheet:
    """Return a sheet that says everything a sheet can say."""
    values: dict[str, object] = {
        "language": language,
        "tag": LETTER_LANGUAGES[language],
        "purpose": label("purpose_banner.training", language),
        "fates": (),
        "sender": ("Ministry", "Street 1"),
        "outgoing": Numbered(number="166/01-07", day="2026-11-24"),
        "incoming": Numbered(number="17", day="2026-11-25"),
        "answers": (Numbered(number="5", day="2026-11-20"), Numbered(number="abc…", day="")),
        "urgency": "urgent",
        "access": "open",
        "addressees": ("Mahalla 1",),
        "copies": ("Mahalla 2",),
        "subject": "A subject",
        "text": text,
        "documents": (("letter.txt", "letter", "12 B", "00ff…"),),
        "signers": (
            PrintedSigner(name="A. Deputy", post="Deputy minister", certificate="11aa…"),
            PrintedSigner(name="B. Second", post="Adviser", certificate="22bb…"),
        ),
        "position": 812,
        "time": "2026-11-24 14:02 (+05)",
        "ledger": "Test (5a5a…)",
        "identity": "c3" * 32,
        "qr_text": QR,
        "qr_svg": qr_svg(QR),
    }
    return LetterSheet(**(values | other))  # type: ignore[arg-type] # what a test changes


def print_pdf(folder: Path, html: str, name: str = "page.pdf") -> Printed:
    return write_sheets(folder / name, Sheets(html=html, at=AT_MS))


@pytest.mark.parametrize("letter", DEMO, ids=lambda letter: letter.id)
def test_a_real_letter_is_one_a4_sheet_with_its_very_text(
    letter: DemoLetter, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    text = letter.body.decode()
    language = Language.MONGOLIAN if letter.is_mongolian else Language.UZBEK_LATIN
    page = letter_page(sheet_of(text, language, subject=letter.subject, addressees=tuple(one.name for one in letter.addressees)))
    printed = print_pdf(tmp_path, page)
    read = read_pdf(printed.file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert (printed.pages, read.sizes) == (1, (A4_PT,))
    assert words(text) in words(read.text)
    assert words(letter.subject) in words(read.text)
    assert read.codes == (QR,)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.UZBEK_CYRILLIC, "Ўқувчилар ғамхўрлик кўрсатди, ҳурмат билан. Ў Қ Ғ Ҳ"),
        (Language.RUSSIAN, "Съешь же ещё этих мягких французских булок, да выпей чаю. Ё Ъ Щ"),
        (Language.ENGLISH, "O‘zbekiston, oʻquv; o'quv; ma’lumot. Өнөөдөр үүрэг ӨҮ — № 5 “…”"),
    ],
)
def test_all_scripts_are_printed_and_every_label_is_in_the_letters_language(
    language: Language, text: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    read = read_pdf(print_pdf(tmp_path, letter_page(sheet_of(text, language))).file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert words(text) in words(read.text)
    for key in ("print.copy_of_original", "print.signatures", "print.in_reply_to", "print.copy_to", "heading.urgency"):
        assert words(label(key, language)) in words(read.text)


def test_a_long_letter_takes_more_sheets_and_each_has_its_number(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    text = "\n".join(f"Paragraph {number} of a long letter." for number in range(150))
    read = read_pdf(print_pdf(tmp_path, letter_page(sheet_of(text))).file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert len(read.texts) == 4
    assert all(f"{number} / 4" in page and "№ 166/01-07" in page for number, page in enumerate(read.texts, 1))


def test_the_same_sheet_gives_the_same_bytes_whenever_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = print_pdf(tmp_path, letter_page(sheet_of("text")), "1.pdf")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("TZ", "Asia/Ulaanbaatar")
    assert print_pdf(tmp_path, letter_page(sheet_of("text")), "2.pdf").sha256 == first.sha256


def test_a_pdf_says_that_it_is_an_archival_one(tmp_path: Path) -> None:
    content = print_pdf(tmp_path, letter_page(sheet_of("text"))).file.read_bytes()
    described = [text for text in streams_of(content) if b"pdfaid" in text]
    assert len(described) == 1
    assert b'pdfaid:part="3"' in described[0]
    assert b'pdfaid:conformance="B"' in described[0]
    assert b"/GTS_PDFA1" in b"".join((content, *streams_of(content)))


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(f"{name}={value}" for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_text_on_the_page_and_nothing_else(text: str) -> None:
    harmless, hostile = _Elements(), _Elements()
    harmless.feed(letter_page(_everywhere("x")))
    hostile.feed(letter_page(_everywhere(text)))
    assert (hostile.tags, hostile.attributes) == (harmless.tags, harmless.attributes)
    assert not hostile.tags & {"script", "img", "link", "iframe", "object", "a"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", hostile.text)
    assert not any("http" in one and "w3.org" not in one for one in hostile.attributes)
    assert text.split(maxsplit=1)[0].removesuffix("\u2066").replace("\u202e", "\\u202e") in hostile.text


def _everywhere(text: str) -> LetterSheet:
    return sheet_of(
        text,
        subject=text,
        sender=(text, text),
        addressees=(text,),
        copies=(text,),
        fates=(text,),
        outgoing=Numbered(number=text, day="2026-11-24"),
        documents=((text, text, text, text),),
        signers=(PrintedSigner(name=text, post=text, certificate="11aa"),),
        ledger=text,
    )


def test_a_hostile_letter_becomes_a_pdf_that_asked_for_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    read = read_pdf(print_pdf(tmp_path, letter_page(_everywhere(" ".join(HOSTILE)))).file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert words("<script>alert(1)</script>") in words(read.text)


def test_a_letter_that_is_no_text_points_to_its_first_document() -> None:
    assert label("print.see_document", Language.ENGLISH) in letter_page(sheet_of(None))


def test_what_happened_to_a_letter_stands_at_its_head() -> None:
    page = letter_page(sheet_of("text", fates=("recalled",)))
    assert page.index("RECALLED") < page.index("<h1>")


def test_three_hundred_entries_have_headings_and_page_numbers_on_every_page(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = [(f"{n}/01-07", "2026-11-24 14:02", "Mahalla 1", f"Subject {n} <b> ўқ", "deputy", n) for n in range(1, 301)]
    sheets = BookSheets(
        language=Language.ENGLISH,
        tag="en",
        purpose="",
        organisation="Ministry",
        title="Register",
        as_of="position 9",
        headings=("Number", "Date", "To", "Subject", "Officer", "Position"),
        shares=SENT_SHARES,
        rows=rows,
    )
    printed = print_pdf(tmp_path, register_pages(sheets))
    read = read_pdf(printed.file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert printed.pages == len(read.texts) == 10
    assert set(read.sizes) == {A4_PT[::-1]}
    assert all(f"{n} / 10" in page and "Subject" in page and "Officer" in page for n, page in enumerate(read.texts, 1))
    assert all(words(f"{n}/01-07") in words(read.text) for n in range(1, 301))


def test_a_file_is_never_overwritten_and_its_name_says_what_it_is(tmp_path: Path) -> None:
    there = tmp_path / "there.pdf"
    there.write_bytes(b"mine")
    with pytest.raises(UsageError, match="left as it is"):
        checked_file(there)
    with pytest.raises(UsageError, match=r"\.html or \.pdf"):
        checked_file(tmp_path / "letter.doc")
    with pytest.raises(UsageError, match="not written"):
        write_sheets(tmp_path / "no folder" / "page.html", Sheets(html="x", at=0))
    assert [one.name for one in tmp_path.iterdir()] == ["there.pdf"]


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("weasyprint", "segno"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(PrintSupportMissingError, match="extra `print`"):
        print_pdf(tmp_path, "<p>x</p>")
    with pytest.raises(PrintSupportMissingError, match="segno"):
        qr_svg(QR)
    assert write_sheets(tmp_path / "book.html", Sheets(html="<p>x</p>", at=0)).pages is None
    assert not (tmp_path / "page.pdf").exists()


def test_a_machine_without_the_font_is_told_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.printing.FONT", "A Font That Nobody Has")
    with pytest.raises(PrintSupportMissingError, match="fonts-dejavu-core"):
        print_pdf(tmp_path, "<p>x</p>")
