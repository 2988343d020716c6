"""The ten real letters of the demo, and the plan that one of them carries (`demo_data/README.md` says where they come from).

The texts are the data's, byte for byte; the English ones are translations for people who watch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from adapters.media_types import PLAIN_TEXT

LETTER_IDS: Final = ("L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10")
OPEN: Final = "open"
RESTRICTED: Final = "restricted"
_OUTSIDE: Final = "external-correspondent"
_LIST: Final = "recipient-list"
_PLAN: Final = "plan2019.json"
_KINDS: Final = (("javob", "reply"), ("topshiriq", "instruction"), ("тайлан", "report"))
"""How the data's kinds of documents begin, and the exchange's codes; the others are letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoParty:
    """A sender or addressee: an organisation, a body outside the exchange, or a list of organisations with so many members."""

    id: str
    name: str
    name_en: str
    kind: str
    members: int | None

    @property
    def is_outside(self) -> bool:
        """Whether it is a body outside the exchange."""
        return self.kind == _OUTSIDE

    @property
    def is_list(self) -> bool:
        """Whether it is a list, which becomes a group."""
        return self.kind == _LIST


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoDocument:
    """A document of a letter: its name for people, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoLetter:
    """One letter. `due` are the days that the letter itself names (ISO dates), `answers` the letter that it replies to."""

    id: str
    language: str
    kind: str
    subject: str
    body: bytes
    body_en: str
    sender: DemoParty
    addressees: tuple[DemoParty, ...]
    copies: tuple[DemoParty, ...]
    signatory: str
    due: tuple[str, ...]
    expects: tuple[str, ...]
    access: str
    answers: str | None
    attachments: tuple[DemoDocument, ...]

    @property
    def main(self) -> DemoDocument:
        """The letter's text as its main document."""
        return DemoDocument(name=f"{self.id}.txt", media_type=PLAIN_TEXT, content=self.body)

    @property
    def is_uzbek(self) -> bool:
        """Whether it belongs to the exchange in Uzbekistan."""
        return self.language.startswith("uz")

    @property
    def is_mongolian(self) -> bool:
        """Whether it belongs to the exchange in Mongolia."""
        return self.language.startswith("mn")

    @property
    def is_from_outside(self) -> bool:
        """Whether its sender is a body outside the exchange, so that nobody here can send it."""
        return self.sender.is_outside

    @property
    def is_restricted(self) -> bool:
        """Whether not everybody on a ledger may read it, so that it is not sent."""
        return self.access != OPEN


def load_letter(letter_id: str) -> DemoLetter:
    """Return one of the letters by its id, `L01` to `L10`."""
    raw = json.loads(_file(f"{letter_id}.json"))
    return DemoLetter(
        id=raw["letter_id"],
        language=raw["language"],
        kind=_kind(raw["doc_type"]),
        subject=raw["subject"],
        body=raw["body"].encode(),
        body_en=raw["body_en"],
        sender=_party(raw["sender"]),
        addressees=tuple(_party(party) for party in raw["recipients"]),
        copies=tuple(_party(party) for party in raw["cc"]),
        signatory=raw["signatory_role"],
        due=tuple((raw["deadline"] or {}).get("dates", ())),
        expects=tuple(raw["expects"]),
        access=OPEN if raw["access"] == OPEN else RESTRICTED,
        answers=raw["in_reply_to"],
        attachments=tuple(_attachment(attachment) for attachment in raw["attachments"]),
    )


def load_letters() -> tuple[DemoLetter, ...]:
    """Return all ten letters."""
    return tuple(load_letter(letter_id) for letter_id in LETTER_IDS)


def _file(name: str) -> bytes:
    return resources.files("cli").joinpath("demo_data", name).read_bytes()


def _kind(doc_type: str) -> str:
    return next((code for beginning, code in _KINDS if doc_type.startswith(beginning)), "letter")


def _party(raw: dict[str, Any]) -> DemoParty:
    return DemoParty(
        id=raw["id"], name=raw["name"], name_en=raw["name_en"], kind=raw["kind"], members=raw.get("expected_members")
    )


def _attachment(raw: dict[str, Any]) -> DemoDocument:
    """Return an attachment as a text: the plan as a table, or the list of the plan's rows for a report to be filled in."""
    plan = json.loads(_file(_PLAN))
    is_plan = raw["file"] is not None
    title = plan["source"]["title"] if is_plan else raw["title"]
    row_text = _plan_row if is_plan else _report_row
    text = "\n".join((title, "", *(row_text(row) for row in plan["rows"]))) + "\n"
    return DemoDocument(name=f"{raw['title'].partition(':')[0]}.txt", media_type=PLAIN_TEXT, content=text.encode())


def _plan_row(row: dict[str, Any]) -> str:
    units = ", ".join(row["responsible_units"])
    return "\t".join((str(row["measure_no"]), row["text"], row["term_raw"], row["baseline"] or "", row["target"] or "", units))


def _report_row(row: dict[str, Any]) -> str:
    return f"{row['measure_no']}\t{row['term_raw']}\t"
