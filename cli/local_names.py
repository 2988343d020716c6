"""Names of organisations and officers in the language of the person who reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cli.labels import label
from cli.languages import Language
from domain.changes import View
from domain.directory import appointment, organisation
from domain.header import LocalName
from domain.ids import OfficerId, OrgId

TAGS: Final = {
    Language.ENGLISH: ("en",),
    Language.UZBEK_LATIN: ("uz-latn", "uz"),
    Language.UZBEK_CYRILLIC: ("uz-cyrl",),
    Language.MONGOLIAN: ("mn-cyrl", "mn"),
    Language.RUSSIAN: ("ru",),
}
"""The language tags (BCP 47) of names that a person with these labels reads, the best first."""


def local_text(names: Sequence[LocalName], language: Language) -> str:
    """Return a name in a language, else the first that there is, "" if there is none."""
    by_tag = {name.language.lower(): name.text for name in names}
    found = (by_tag[tag] for tag in TAGS[language] if tag in by_tag)
    return next(found, names[0].text if names else "")


def organisation_words(view: View, organisation_id: OrgId, language: Language) -> str:
    """Return an organisation as id and name."""
    known = organisation(view, organisation_id)
    name = local_text(known.entry.names, language) if known else ""
    return f"{organisation_id} ({name})" if name and name != organisation_id else str(organisation_id)


def officer_words(view: View, officer: OfficerId, organisation_id: OrgId, language: Language) -> str:
    """Return an officer as id, name and post in an organisation."""
    known = appointment(view, officer, organisation_id)
    texts = (local_text(known.names, language), local_text(known.posts, language)) if known else ()
    more = ", ".join(text for text in dict.fromkeys(texts) if text and text != officer)
    return f"{officer} ({more})" if more else str(officer)


def acting_words(language: Language, deputy: str, grantor: str | None) -> str:
    """Return who signed in words: "X", or "X, acting for Y" under a mandate of Y."""
    return deputy if grantor is None else label("note.acting_for", language, deputy=deputy, officer=grantor)
