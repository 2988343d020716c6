"""Writing a new draft: the folder, its files, and a `letter.toml` that a person can go on with."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from adapters.draft_reading import DraftProblem
from adapters.drafts import LETTER_FILE, DraftError
from adapters.saving import safe_name
from adapters.toml_texts import toml_value

_TEMPLATE: Final = """\
# A letter that nobody has signed yet. Only this folder knows of it; check it with `ortoo letter check`.
{origin}
kind = {kind}                # letter, reply, instruction, report, notice, invitation, request
language = {language}        # of the letter: uz-Latn, uz-Cyrl, mn-Cyrl, ru, en
urgency = {urgency}          # ordinary, urgent, immediate
access = {access}            # only open letters can be sent: everybody on the ledger can read them
subject = {subject}

# Organisations by id, and groups of the sender's own: for action, or a copy for information.
to = {to}
copy = {copy}
groups = {groups}
copy_groups = {copy_groups}

# Until when: a date (its end), a time, or how long from sending: "2026-12-01", "2026-12-01T14:00", "+3d", "+20s",
# "+3wd" (working days). Empty: no term.
acknowledge_by = {acknowledge_by}
reply_by = {reply_by}

# Other letters: the first six or more digits of theirs, "out:165", "in:17", "in:17@2025".
answers = {answers}
follows = {follows}
replaces = {replaces}
relates = {relates}

# Complete approvals of exactly these documents: the first six or more digits of each request.
approvals = {approvals}

case = {case_index}                  # the index of the case in the file plan, such as "01-07"

# Files in this folder. Also: {{ file = "scan.pdf", name = "what recipients see.pdf", media_type = "application/pdf" }}
document = {document}
attachments = {attachments}

# To whose attention, by organisation, and further texts for the cover, each of one line:
[attention]
{attention}
[texts]
{texts}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftOutline:
    """What is known of a letter when its draft is begun; all of it can be changed in the file."""

    subject: str
    language: str
    kind: str = "letter"
    urgency: str = "ordinary"
    access: str = "open"
    to: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    copy_groups: tuple[str, ...] = ()
    acknowledge_by: str = ""
    reply_by: str = ""
    answers: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    relates: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    case_index: str = ""
    attention: tuple[tuple[str, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file for a new draft: the name that recipients see, its media type if known, and its content.

    The content is bytes, a file to copy, or a reader that is read to its end; whoever opened the reader closes it.
    """

    name: str
    content: bytes | Path | BinaryIO = field(repr=False)
    media_type: str | None = None


def write_draft(folder: Path, outline: DraftOutline, files: Sequence[NewFile], origin: str = "") -> Path:
    """Make a draft's folder from an outline and its files, the main document first, and return the path of `letter.toml`.

    `origin` says in one line what the draft was begun from. Nothing is overwritten; a folder that is not there yet appears
    whole or not at all. Raises `DraftError` if there is no file, one cannot be copied, or the folder holds a draft.
    """
    if not files:
        raise DraftError((DraftProblem(where="document", why="a letter has a main document; name its file"),))
    try:
        if folder.exists():
            _write_into(folder, outline, files, origin)
        else:
            _write_whole(folder, outline, files, origin)
    except FileExistsError as error:
        why = "is there already; choose another folder for a new draft"
        raise DraftError((DraftProblem(where=str(error.filename), why=why),)) from error
    except OSError as error:
        problem = DraftProblem(where=str(error.filename or folder), why=f"cannot be written or copied: {error.strerror}")
        raise DraftError((problem,)) from error
    return folder / LETTER_FILE


def _write_whole(folder: Path, outline: DraftOutline, files: Sequence[NewFile], origin: str) -> None:
    """Make a folder so that a crash leaves a whole one or none."""
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        part.mkdir(parents=True)
        _write_into(part, outline, files, origin)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_into(folder: Path, outline: DraftOutline, files: Sequence[NewFile], origin: str) -> None:
    """Write a draft into a folder beside what is there; whatever was written goes again if it cannot be finished."""
    with (folder / LETTER_FILE).open("x", encoding="utf-8") as target:
        names: list[str] = []
        try:
            for file in files:
                names.append(_free_name(folder, file.name))
                _copy(folder / names[-1], file)
            target.write(_text(outline, [_file_value(*pair) for pair in zip(names, files, strict=True)], origin))
        except OSError:
            for name in (*names, LETTER_FILE):
                (folder / name).unlink(missing_ok=True)
            raise


def _free_name(folder: Path, name: str) -> str:
    """Return a safe name that is free in the draft."""
    wanted = Path(safe_name(name))
    free, number = wanted.name, 2
    while (folder / free).exists():
        free, number = f"{wanted.stem} ({number}){wanted.suffix}", number + 1
    return free


def _copy(path: Path, file: NewFile) -> None:
    with path.open("xb") as target:
        if isinstance(file.content, bytes):
            target.write(file.content)
        elif isinstance(file.content, Path):
            with file.content.open("rb") as source:
                shutil.copyfileobj(source, target)
        else:
            shutil.copyfileobj(file.content, target)


def _file_value(name: str, file: NewFile) -> str:
    entries = {"file": name}
    if file.name != name:
        entries["name"] = file.name
    if file.media_type is not None:
        entries["media_type"] = file.media_type
    if len(entries) == 1:
        return toml_value(name)
    return "{ " + ", ".join(f"{key} = {toml_value(value)}" for key, value in entries.items()) + " }"


def _text(outline: DraftOutline, files: Sequence[str], origin: str) -> str:
    texts = {name: toml_value(getattr(outline, name)) for name in ("kind", "language", "urgency", "access", "subject")}
    texts |= {name: toml_value(getattr(outline, name)) for name in ("acknowledge_by", "reply_by", "case_index")}
    lists = {name: _list([toml_value(word) for word in getattr(outline, name)]) for name in _LISTS}
    tables = {
        name: "".join(f"{toml_value(k)} = {toml_value(v)}\n" for k, v in getattr(outline, name))
        for name in ("attention", "texts")
    }
    said = f"# Begun from {origin}.\n" if origin else ""
    return _TEMPLATE.format(**texts, **lists, **tables, document=files[0], attachments=_list(files[1:]), origin=said)


_LISTS: Final = ("to", "copy", "groups", "copy_groups", "answers", "follows", "replaces", "relates", "approvals")


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(words) + "]"
