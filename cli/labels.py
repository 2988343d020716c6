"""Labels by code in every language: what people read where programs read codes.

A label's key is its topic and its code, `reason.KEY_REVOKED` or `state.open`. The table stands in `cli/words/*.toml`, one
file per topic or two; the English of a reason is its sentence in `domain.reasons`, so that it stands once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from cli.languages import Language
from domain.reasons import Reason

WORDS: Final = "words"


def label(key: str, language: Language, **values: object) -> str:
    """Return the label of a key in a language, its `{places}` filled with values.

    Raises `KeyError` for a key that no table has: a test walks all codes, so that is a mistake of the program.
    """
    text = all_labels()[key][language]
    return text.format(**values) if values else text


def code_label(topic: str, code: str, language: Language) -> str:
    """Return the label of a code that stands on the ledger; one that these tables do not know is shown as it is."""
    found = all_labels().get(f"{topic}.{code}")
    return found[language] if found else code


@cache
def all_labels() -> Mapping[str, Mapping[Language, str]]:
    """Return every label by key and language."""
    table: dict[str, Mapping[Language, str]] = {}
    for file in sorted(files("cli").joinpath(WORDS).iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".toml"):
            continue
        for topic, codes in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for code, texts in codes.items():
                table[f"{topic}.{code}"] = _by_language(topic, code, texts)
    return MappingProxyType(table)


def _by_language(topic: str, code: str, texts: Mapping[str, str]) -> Mapping[Language, str]:
    found = {Language(language): text for language, text in texts.items()}
    if topic == "reason":
        found[Language.ENGLISH] = Reason[code].sentence
    return MappingProxyType(found)
