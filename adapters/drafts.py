"""Letters begin as local drafts: a folder with `letter.toml` and the files beside it, never on the ledger.

What the file may say is the table `_KEYS` and, as a form to fill in, `draft_writing`. Every problem is listed with its line
before anything is done; words such as due times, groups and references are resolved where the ledger is known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.covers import CoverText
from adapters.draft_reading import DraftProblem, Reading
from adapters.errors import AdapterError
from adapters.media_types import SNIFF_BYTES, is_media_type, media_type_of
from domain.dispatch import KINDS, OPEN_ACCESS, URGENCIES
from domain.ids import OfficerId, OrgId

LETTER_FILE: Final = "letter.toml"
LETTER_FILE_LIMIT_BYTES: Final = 1024 * 1024
"""A file over it was not written by a person."""
DOCUMENTS_LIMIT: Final = 100
NAMED_LIMIT: Final = 520
REFERENCES_LIMIT: Final = 16
SUBJECT_LIMIT_BYTES: Final = 2000
NAME_LIMIT_BYTES: Final = 255
TEXT_LIMIT_BYTES: Final = 8000
TEXTS_LIMIT: Final = 64
"""Limits of the event and of the cover (formats.md): said here in words, enforced there in bytes."""


class DraftError(AdapterError):
    """What keeps a draft from being frozen, every problem of it, each with its place in the file."""

    def __init__(self, problems: tuple[DraftProblem, ...]) -> None:
        """List the problems."""
        lines = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"The draft cannot become a letter yet; correct this and try again:{lines}")
        self.problems = problems


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftFile:
    """A document of the draft: the file in the folder, the name that recipients see, and its media type."""

    file: str
    name: str
    media_type: str
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What `letter.toml` says, in its own words where only the ledger can tell what they mean."""

    kind: str
    language: str
    urgency: str
    access: str
    access_basis: str | None
    subject: str
    to: tuple[OrgId, ...]
    copy: tuple[OrgId, ...]
    groups: tuple[OrgId, ...]
    copy_groups: tuple[OrgId, ...]
    attention: tuple[tuple[OrgId, OfficerId], ...]
    acknowledge_by: str | None
    reply_by: str | None
    answers: tuple[str, ...]
    follows: tuple[str, ...]
    replaces: tuple[str, ...]
    relates: tuple[str, ...]
    approvals: tuple[str, ...]
    case_index: str | None
    main: DraftFile
    attachments: tuple[DraftFile, ...]
    texts: tuple[CoverText, ...]


_KEYS: Final = frozenset(
    {"kind", "language", "urgency", "access", "access_basis", "subject", "to", "copy", "groups", "copy_groups", "attention"}
    | {"acknowledge_by", "reply_by", "answers", "follows", "replaces", "relates", "approvals", "case", "document"}
    | {"attachments", "texts"},
)
_FILE_KEYS: Final = frozenset({"file", "name", "media_type"})


def load_draft(folder: Path) -> Draft:
    """Return the draft in a folder; raise `DraftError` with every problem of `letter.toml` and of the files it names."""
    reading = letter_reading(folder)
    draft = draft_in(reading, folder)
    if not reading.problems and not (draft.to or draft.groups or draft.copy or draft.copy_groups):
        reading.problem("to", "nobody is addressed: name organisations in `to`, or groups in `groups`")
    if reading.problems:
        raise DraftError(tuple(reading.problems))
    return draft


def letter_reading(folder: Path) -> Reading:
    """Return what `letter.toml` in a folder says, not looked at yet; raise `DraftError` if it cannot be read or is no TOML."""
    return Reading(*_parse(folder / LETTER_FILE))


def draft_in(reading: Reading, folder: Path) -> Draft:
    """Return the draft that was read, its problems noted in the reading; nobody need be addressed yet."""
    reading.require_known(_KEYS)
    files = _files(reading, folder)
    return Draft(
        kind=reading.one_of("kind", KINDS, "letter"),
        language=reading.form("language", "language", 11),
        urgency=reading.one_of("urgency", URGENCIES, "ordinary"),
        access=reading.optional_form("access", "code", 40) or OPEN_ACCESS,
        access_basis=reading.optional_form("access_basis", "code", 40),
        subject=reading.text("subject", SUBJECT_LIMIT_BYTES),
        to=reading.ids("to", NAMED_LIMIT),
        copy=reading.ids("copy", NAMED_LIMIT),
        groups=reading.ids("groups", NAMED_LIMIT),
        copy_groups=reading.ids("copy_groups", NAMED_LIMIT),
        attention=reading.attention("attention"),
        acknowledge_by=reading.time("acknowledge_by"),
        reply_by=reading.time("reply_by"),
        answers=reading.words("answers", REFERENCES_LIMIT),
        follows=reading.words("follows", REFERENCES_LIMIT),
        replaces=reading.words("replaces", REFERENCES_LIMIT),
        relates=reading.words("relates", REFERENCES_LIMIT),
        approvals=reading.words("approvals", REFERENCES_LIMIT),
        case_index=reading.optional_form("case", "case_index", 40),
        main=files[0],
        attachments=files[1:],
        texts=tuple(CoverText(about=about, text=text) for about, text in reading.texts("texts", TEXTS_LIMIT, TEXT_LIMIT_BYTES)),
    )


def _parse(path: Path) -> tuple[dict[str, Any], str]:
    try:
        with path.open("rb") as source:
            raw = source.read(LETTER_FILE_LIMIT_BYTES + 1)
        if len(raw) > LETTER_FILE_LIMIT_BYTES:
            raise DraftError((DraftProblem(where=LETTER_FILE, why=f"has more than {LETTER_FILE_LIMIT_BYTES:,} bytes"),))
        # Editors on Windows put a byte order mark before the text; TOML knows none.
        text = raw.decode("utf-8-sig")
        return tomllib.loads(text), text
    except FileNotFoundError as error:
        why = f"is not in {path.parent}; make a draft with `ortoo letter draft`"
        raise DraftError((DraftProblem(where=LETTER_FILE, why=why),)) from error
    except OSError as error:
        raise DraftError((DraftProblem(where=LETTER_FILE, why=f"cannot be read: {error.strerror}"),)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DraftError((DraftProblem(where=LETTER_FILE, why=f"is not TOML in UTF-8: {error}"),)) from error


def _files(reading: Reading, folder: Path) -> tuple[DraftFile, ...]:
    """Return the main document and the attachments; an empty stand-in for each that has a problem."""
    wanted = [("document", reading.required("document"))]
    attachments = reading.values.get("attachments", [])
    if not isinstance(attachments, list) or len(attachments) >= DOCUMENTS_LIMIT:
        reading.problem("attachments", f"must be a list of fewer than {DOCUMENTS_LIMIT} files")
        attachments = []
    wanted += [(f"attachments[{i}]", value) for i, value in enumerate(attachments)]
    return tuple(_file(reading, folder, key, value) for key, value in wanted)


def _file(reading: Reading, folder: Path, key: str, value: Any) -> DraftFile:
    table = {"file": value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not isinstance(table.get("file"), str) or not table.keys() <= _FILE_KEYS:
        reading.problem(key, "must be a file name, or a table with `file` and, if wanted, `name` and `media_type`")
        return DraftFile(file="", name="", media_type="", path=folder)
    file = table["file"]
    path = folder / file
    beginning = _beginning(reading, key, path, file)
    name = reading.checked_text(key, table.get("name", file), NAME_LIMIT_BYTES)
    media_type = table.get("media_type") or media_type_of(file, beginning)
    if not isinstance(media_type, str) or not is_media_type(media_type):
        reading.problem(key, f"{media_type!r} is not a media type such as application/pdf")
    return DraftFile(file=file, name=name, media_type=str(media_type), path=path)


def _beginning(reading: Reading, key: str, path: Path, file: str) -> bytes:
    refusals: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: file in {"", ".", "..", LETTER_FILE} or "/" in file or "\\" in file or "\0" in file, "is no file of the draft"),
        (path.is_symlink, "is a link; copy the file itself into the draft"),
        (lambda: not path.is_file(), "is not in the draft's folder"),
    )
    why = next((why for is_so, why in refusals if is_so()), None)
    if why is not None:
        reading.problem(key, f"{file!r} {why}")
        return b""
    try:
        with path.open("rb") as source:
            return source.read(SNIFF_BYTES)
    except OSError as error:
        reading.problem(key, f"{file!r} cannot be read: {error.strerror}")
        return b""
