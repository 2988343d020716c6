"""Templates of letters: folders with a `letter.toml` as drafts have it, and documents, with placeholders in what people read.

Placeholders stand in the subject, in texts, in names of documents, and in text documents (.txt, .md); everything else of a
template is as it will be in the draft, so it is checked before any value is known. A template may come from anybody who can
write into the folder: no link is followed, nothing outside its folder is read, and everything has a limit.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from adapters.draft_placeholders import Pattern, PlaceholderError, pattern_of, placeholder_name, why_not_a_value
from adapters.draft_reading import DraftProblem, Reading, unseen_in
from adapters.draft_writing import DraftOutline, NewFile
from adapters.drafts import (
    LETTER_FILE,
    NAME_LIMIT_BYTES,
    SUBJECT_LIMIT_BYTES,
    TEXT_LIMIT_BYTES,
    Draft,
    DraftError,
    DraftFile,
    draft_in,
    letter_reading,
)
from adapters.errors import AdapterError

TEMPLATES_LIMIT: Final = 1000
"""A folder that holds more is not one of templates."""
DOCUMENT_TEXT_LIMIT_BYTES: Final = 1024 * 1024
"""As much of a text as `ortoo letter read` shows; it bounds what few placeholders can grow to."""
TEXT_ENDINGS: Final = (".txt", ".md")
_LITERAL_TEXTS: Final = ("acknowledge_by", "reply_by", "answers", "follows", "replaces", "relates", "approvals")
"""Keys whose values could hold braces, and in which no placeholder can stand."""
_SAME: Final = ("kind", "language", "urgency", "access", "to", "copy", "groups", "copy_groups", "attention")
_REFERENCES: Final = ("answers", "follows", "replaces", "relates", "approvals")


class TemplateError(AdapterError):
    """What keeps a template from being used, every problem of it, each with its file or key."""

    def __init__(self, name: str, problems: Sequence[DraftProblem]) -> None:
        """Name the template and list what is wrong with it."""
        listed = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"The template {name!r} cannot be used, and no draft was made; correct it and try again:{listed}")
        self.problems = tuple(problems)


class TemplateValuesError(AdapterError):
    """Values that do not fit a template: one is missing, nothing asks for one, or one cannot stand in a letter."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        """Name the template and list what is wrong with the values."""
        listed = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"No draft was made of the template {name!r}; say it otherwise and try again:{listed}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A template that was checked: what its `letter.toml` says, and its texts taken apart.

    `placeholders` stand in the order in which a reader meets them; `texts` are those of the cover, `names` and `contents` of
    the documents, main one first; content None: the file is copied as it is.
    """

    name: str
    placeholders: tuple[str, ...]
    draft: Draft
    subject: Pattern
    texts: tuple[Pattern, ...]
    names: tuple[Pattern, ...]
    contents: tuple[Pattern | None, ...]

    @property
    def files(self) -> tuple[DraftFile, ...]:
        """Its documents, the main one first."""
        return (self.draft.main, *self.draft.attachments)


def template_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the templates in a folder, sorted: of all folders in it that are not hidden. It need not be there.

    Raises `TemplateError` if the folder cannot be read, or holds far too many.
    """
    try:
        with os.scandir(folder) as entries:
            found = list(islice((one.name for one in entries if one.is_dir() and one.name[0] != "."), TEMPLATES_LIMIT + 1))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TemplateError(folder.name, (DraftProblem(where=str(folder), why=f"cannot be read: {error.strerror}"),)) from error
    if len(found) > TEMPLATES_LIMIT:
        why = f"holds more than {TEMPLATES_LIMIT} folders: name one that holds templates only"
        raise TemplateError(folder.name, (DraftProblem(where=str(folder), why=why),))
    return tuple(sorted(found))


def load_template(folder: Path, name: str, *, limit_bytes: int) -> Template:
    """Return a template, whole and checked as a draft is; `limit_bytes` bounds each document.

    Raises `TemplateError` with every problem, also if the folder has no template of that name.
    """
    if name not in template_names(folder):
        why = "there is no template of this name; `ortoo letter templates` lists those that are"
        raise TemplateError(name, (DraftProblem(where=str(folder), why=why),))
    path = folder / name
    _require_plain(name, path)
    try:
        reading = letter_reading(path)
    except DraftError as error:
        raise TemplateError(name, error.problems) from error
    draft = draft_in(reading, path)
    _note_literal_braces(reading, draft)
    if reading.problems:
        raise TemplateError(name, reading.problems)
    template = _taken_apart(name, reading, draft, limit_bytes)
    if reading.problems:
        raise TemplateError(name, reading.problems)
    return template


def filled(template: Template, values: Mapping[str, str], *, opened: contextlib.ExitStack) -> tuple[DraftOutline, list[NewFile]]:
    """Return the outline and the files of a draft; files that are copied as they are stay open in `opened`.

    Raises `TemplateValuesError` unless exactly the placeholders have values that can stand in a letter, `TemplateError` if a
    file has changed since it was checked.
    """
    values = _fitting(template, values)
    draft, reading = template.draft, Reading({}, "")
    subject = reading.checked_text("subject", template.subject.filled(values), SUBJECT_LIMIT_BYTES)
    texts = [
        (said.about, reading.checked_text(f"texts.{said.about}", pattern.filled(values), TEXT_LIMIT_BYTES))
        for said, pattern in zip(draft.texts, template.texts, strict=True)
    ]
    names = [
        reading.checked_text(f"the name of {file.file}", pattern.filled(values), NAME_LIMIT_BYTES)
        for file, pattern in zip(template.files, template.names, strict=True)
    ]
    for file, content in zip(template.files, template.contents, strict=True):
        if content is not None and content.size_bytes(values) > DOCUMENT_TEXT_LIMIT_BYTES:
            reading.problem(file.file, f"would have more than {DOCUMENT_TEXT_LIMIT_BYTES:,} bytes with these values")
    if reading.problems:
        raise TemplateValuesError(template.name, [str(problem) for problem in reading.problems])
    outline = DraftOutline(
        **{name: getattr(draft, name) for name in (*_SAME, *_REFERENCES)},
        subject=subject,
        acknowledge_by=draft.acknowledge_by or "",
        reply_by=draft.reply_by or "",
        case_index=draft.case_index or "",
        texts=tuple(texts),
    )
    return outline, [
        NewFile(name=name, content=_content(template, file, content, values, opened), media_type=file.media_type)
        for file, name, content in zip(template.files, names, template.contents, strict=True)
    ]


def _require_plain(name: str, path: Path) -> None:
    unseen, letter = unseen_in(name), path / LETTER_FILE
    problems = [
        *([DraftProblem(where="its name", why=f"holds the character {unseen}: rename the folder")] if unseen else []),
        *(
            DraftProblem(where=where, why="is a link; put the folder or file itself there")
            for where, place in ((str(path), path), (LETTER_FILE, letter))
            if place.is_symlink()
        ),
        *([DraftProblem(where=LETTER_FILE, why="is no file")] if letter.exists() and not letter.is_file() else []),
    ]
    if problems:
        raise TemplateError(name, problems)


def _note_literal_braces(reading: Reading, draft: Draft) -> None:
    """Note braces where no placeholder can stand: somebody believes that one does."""
    why = "can hold no placeholder; they stand in the subject, in texts, in names of documents and in text documents"
    for key in _LITERAL_TEXTS:
        value = getattr(draft, key) or ""
        if any(brace in text for text in ((value,) if isinstance(value, str) else value) for brace in "{}"):
            reading.problem(key, why)
    for key, file in _keyed(draft):
        if "{" in file.file or "}" in file.file:
            reading.problem(key, f"{file.file!r} {why}; give it a `name` with one")
    if draft.access_basis is not None:
        reading.problem("access_basis", "is for letters that are not open, and only open ones can be sent: leave it out")


def _keyed(draft: Draft) -> Iterator[tuple[str, DraftFile]]:
    yield "document", draft.main
    for number, file in enumerate(draft.attachments):
        yield f"attachments[{number}]", file


def _taken_apart(name: str, reading: Reading, draft: Draft, limit_bytes: int) -> Template:
    subject = _pattern(reading, "subject", draft.subject)
    texts = tuple(_pattern(reading, "texts", said.text) for said in draft.texts)
    names = tuple(_pattern(reading, key, file.name) for key, file in _keyed(draft))
    contents = tuple(_document(reading, file, limit_bytes) for _, file in _keyed(draft))
    everything = (subject, *texts, *names, *(one for one in contents if one is not None))
    return Template(
        name=name,
        placeholders=tuple(dict.fromkeys(asked for pattern in everything for asked in pattern.names)),
        draft=draft,
        subject=subject,
        texts=texts,
        names=names,
        contents=contents,
    )


def _pattern(reading: Reading, where: str, text: str) -> Pattern:
    try:
        return pattern_of(text)
    except PlaceholderError as error:
        reading.problem(where, str(error))
        return Pattern(literals=("",), names=())


def _document(reading: Reading, file: DraftFile, limit_bytes: int) -> Pattern | None:
    """Return the text of a document that may hold placeholders, None for one that is copied as it is."""
    is_text = file.file.lower().endswith(TEXT_ENDINGS)
    limit_bytes = min(limit_bytes, DOCUMENT_TEXT_LIMIT_BYTES) if is_text else limit_bytes
    try:
        with _opened(file.path) as source:
            if os.fstat(source.fileno()).st_size > limit_bytes:
                reading.problem(file.file, f"has more than {limit_bytes:,} bytes")
            elif is_text:
                return _pattern(reading, file.file, source.read(limit_bytes).decode("utf-8-sig"))
    except OSError as error:
        reading.problem(file.file, f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        reading.problem(file.file, f"is not text in UTF-8: {error}")
    return None


def _opened(path: Path) -> BinaryIO:
    """Open a file that is no link and no device, whoever exchanges it meanwhile; raise `OSError` otherwise."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is no file")
    return os.fdopen(descriptor, "rb")


def _fitting(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values by the names of the placeholders, if each has one that fits."""
    named = {placeholder_name(name): value for name, value in values.items()}
    asked = ", ".join(template.placeholders) or "none"
    problems = [f"{name}: is not set; say --set {name}=VALUE" for name in template.placeholders if name not in named]
    problems += [
        f"{name!r}: is no placeholder of this template; there are: {asked}" for name in named.keys() - {*template.placeholders}
    ]
    problems += [f"{name}: its value {why}" for name, value in named.items() if (why := why_not_a_value(value))]
    if problems:
        raise TemplateValuesError(template.name, problems)
    return named


def _content(
    template: Template, file: DraftFile, content: Pattern | None, values: Mapping[str, str], opened: contextlib.ExitStack
) -> bytes | BinaryIO:
    if content is not None:
        return content.filled(values).encode()
    try:
        return opened.enter_context(_opened(file.path))
    except OSError as error:
        raise TemplateError(
            template.name, (DraftProblem(where=file.file, why=f"cannot be read: {error.strerror or error}"),)
        ) from error
